-- Diagnosis and repair: more ways of access, what is watched, what was found.
--
-- Tables whose CHECKs grow are made anew: created, filled, dropped, renamed,
-- in this order, with foreign keys off (see shared/migrate.c).

-- auth_type password: an administrator's e-mail; auth_secret_id is then the
-- password, and the session a JWT that schedd obtained with it.
CREATE TABLE hosts_new (
	host_id            TEXT    PRIMARY KEY,
	name               TEXT    NOT NULL,
	base_url           TEXT    NOT NULL UNIQUE, -- as CRM reaches it
	public_base_url    TEXT,                    -- as users reach it
	auth_type          TEXT    NOT NULL CHECK (auth_type IN
	                   ('api_key', 'bearer', 'password')),
	auth_secret_id     TEXT    NOT NULL REFERENCES secrets,
	admin_email        TEXT,                    -- of auth_type password
	session_secret_id  TEXT    REFERENCES secrets,
	session_expires_at INTEGER,
	proxy_secret_id    TEXT    REFERENCES secrets, -- URL with credentials
	proxy              TEXT,                    -- the same without them
	ca_pem             TEXT,                    -- trusted beside the system's
	state              TEXT    NOT NULL CHECK (state IN
	                   ('unknown', 'ready', 'unreachable', 'unauthorized',
	                    'compliance_required', 'unsupported')),
	reason             TEXT,                    -- failure class, NULL if ready
	reason_detail      TEXT,
	version            TEXT,
	run_mode           TEXT,                    -- standard, simple
	suspect_class      TEXT,                    -- all fails at once: why
	suspect_since      INTEGER,
	probed_at          INTEGER,
	created_at         INTEGER NOT NULL,
	updated_at         INTEGER NOT NULL,
	CHECK ((auth_type = 'password') = (admin_email IS NOT NULL)),
	CHECK ((suspect_class IS NULL) = (suspect_since IS NULL))
) STRICT;
INSERT INTO hosts_new (host_id, name, base_url, public_base_url, auth_type,
	auth_secret_id, state, reason, reason_detail, version, probed_at,
	created_at, updated_at)
SELECT host_id, name, base_url, public_base_url, auth_type, auth_secret_id,
	state, reason, reason_detail, version, probed_at, created_at, updated_at
FROM hosts;
DROP TABLE hosts;
ALTER TABLE hosts_new RENAME TO hosts;
CREATE INDEX hosts_by_secret ON hosts (auth_secret_id);
CREATE INDEX hosts_by_session ON hosts (session_secret_id)
	WHERE session_secret_id IS NOT NULL;
CREATE INDEX hosts_by_proxy ON hosts (proxy_secret_id)
	WHERE proxy_secret_id IS NOT NULL;
CREATE INDEX hosts_by_probe ON hosts (probed_at, host_id);

-- What is said of one provider's endpoint; no row: nothing special.
CREATE TABLE endpoints (
	endpoint_key        TEXT    PRIMARY KEY,
	proxy_secret_id     TEXT    REFERENCES secrets,
	proxy               TEXT,
	ca_pem              TEXT,
	concurrency         INTEGER,                -- NULL: the setting's
	requests_per_minute INTEGER,
	suspect_class       TEXT,
	suspect_since       INTEGER,
	created_at          INTEGER NOT NULL,
	updated_at          INTEGER NOT NULL,
	CHECK ((suspect_class IS NULL) = (suspect_since IS NULL))
) STRICT;
CREATE INDEX endpoints_by_proxy ON endpoints (proxy_secret_id)
	WHERE proxy_secret_id IS NOT NULL;

-- What a provider said of the money behind a key.  A string, as it was said.
CREATE TABLE key_balances (
	endpoint_key    TEXT    NOT NULL,
	key_fingerprint TEXT    NOT NULL,
	amount          TEXT,                       -- NULL: not said
	currency        TEXT,
	expires_at      INTEGER,                    -- of a plan
	low             INTEGER NOT NULL,           -- somebody should know
	checked_at      INTEGER NOT NULL,
	PRIMARY KEY (endpoint_key, key_fingerprint)
) STRICT, WITHOUT ROWID;

-- The key of somebody real that proves access, and whether it may be moved.
CREATE TABLE import_runs_new (
	run_id              TEXT    PRIMARY KEY,
	host_id             TEXT    NOT NULL REFERENCES hosts,
	origin              TEXT    NOT NULL CHECK (origin IN
	                    ('batch_import', 'provider_import')),
	pack_id             TEXT,
	pack_version        TEXT,
	access_mode         TEXT    NOT NULL CHECK (access_mode IN
	                    ('subscription', 'self_service')),
	subscription_users  TEXT    NOT NULL,     -- JSON array of selectors
	subscription_days   INTEGER NOT NULL,
	given_key_source    TEXT    CHECK (given_key_source IN
	                    ('probe_api_key', 'access_api_key')),
	given_key_secret_id TEXT    REFERENCES secrets,
	rebind              INTEGER NOT NULL DEFAULT 0,
	state               TEXT    NOT NULL CHECK (state IN
	                    ('running', 'completed', 'completed_with_warnings',
	                     'failed', 'cancelled')),
	items_total         INTEGER NOT NULL,
	items_done          INTEGER NOT NULL DEFAULT 0,
	items_active        INTEGER NOT NULL DEFAULT 0,
	items_broken        INTEGER NOT NULL DEFAULT 0,
	items_cancelled     INTEGER NOT NULL DEFAULT 0,
	items_warned        INTEGER NOT NULL DEFAULT 0,
	created_by          TEXT    NOT NULL,     -- token_id
	created_at          INTEGER NOT NULL,
	updated_at          INTEGER NOT NULL,
	finished_at         INTEGER,
	CHECK ((given_key_source IS NULL) = (given_key_secret_id IS NULL))
) STRICT;
INSERT INTO import_runs_new (run_id, host_id, origin, pack_id, pack_version,
	access_mode, subscription_users, subscription_days, state, items_total,
	items_done, items_active, items_broken, items_cancelled, items_warned,
	created_by, created_at, updated_at, finished_at)
SELECT run_id, host_id, origin, pack_id, pack_version, access_mode,
	subscription_users, subscription_days, state, items_total, items_done,
	items_active, items_broken, items_cancelled, items_warned, created_by,
	created_at, updated_at, finished_at
FROM import_runs;
DROP TABLE import_runs;
ALTER TABLE import_runs_new RENAME TO import_runs;
CREATE INDEX import_runs_by_host ON import_runs (host_id, run_id);
CREATE INDEX import_runs_by_state ON import_runs (state, run_id);
CREATE INDEX import_runs_by_mode ON import_runs (access_mode, run_id);
CREATE INDEX import_runs_by_given_key ON import_runs (given_key_secret_id)
	WHERE given_key_secret_id IS NOT NULL;

-- Which hop failed and why, as JSON; what the account's test said, which may
-- be no more than advice; how the provider answers on /responses.
ALTER TABLE import_run_items ADD COLUMN diagnosis TEXT;
ALTER TABLE import_run_items ADD COLUMN validation_status TEXT NOT NULL
	DEFAULT 'unknown' CHECK (validation_status IN
	('unknown', 'passed', 'warning', 'failed'));
ALTER TABLE import_run_items ADD COLUMN probe_advisory INTEGER NOT NULL
	DEFAULT 0;
ALTER TABLE import_run_items ADD COLUMN responses_status INTEGER;

-- An account that CRM itself took out (D27), and what keeps CRM from mending
-- the same thing for ever against somebody's will.
ALTER TABLE managed_resources ADD COLUMN off_by_us INTEGER NOT NULL DEFAULT 0;
ALTER TABLE managed_resources ADD COLUMN mends INTEGER NOT NULL DEFAULT 0;
ALTER TABLE managed_resources ADD COLUMN mended_at INTEGER;
ALTER TABLE managed_resources ADD COLUMN live_json TEXT; -- as last seen

-- That a user of this kind gets this endpoint's models on this host: what
-- proofs are about, what is watched, and what a key is handed out for.
-- `failures` counts those of one class in a row since first_failure_at.
CREATE TABLE accesses_new (
	access_id        TEXT    PRIMARY KEY,
	host_id          TEXT    NOT NULL REFERENCES hosts,
	endpoint_key     TEXT    NOT NULL,
	access_mode      TEXT    NOT NULL CHECK (access_mode IN
	                 ('subscription', 'self_service')),
	selector         TEXT    NOT NULL,       -- or key:<fingerprint>
	item_id          TEXT    REFERENCES import_run_items, -- proven last
	key_source       TEXT,                   -- managed_subscription ...
	key_fingerprint  TEXT,
	key_resource_id  TEXT    REFERENCES managed_resources,
	status           TEXT    NOT NULL CHECK (status IN
	                 ('unknown', 'active', 'degraded', 'broken')),
	status_since     INTEGER NOT NULL,
	failure_class    TEXT,
	failures         INTEGER NOT NULL DEFAULT 0,
	first_failure_at INTEGER,
	diagnosis        TEXT,                   -- JSON
	surfaces         TEXT,                   -- JSON
	surfaces_at      INTEGER,
	last_proof_id    TEXT,
	proven_at        INTEGER,                -- the last good proof
	checked_at       INTEGER,
	next_check_at    INTEGER,                -- NULL: under way, or never
	created_at       INTEGER NOT NULL,
	updated_at       INTEGER NOT NULL,
	UNIQUE (host_id, endpoint_key, access_mode, selector)
) STRICT;
INSERT INTO accesses_new (access_id, host_id, endpoint_key, access_mode,
	selector, item_id, key_source, key_fingerprint, key_resource_id,
	status, status_since, last_proof_id, proven_at, checked_at,
	next_check_at, created_at, updated_at)
SELECT access_id, host_id, endpoint_key, access_mode, selector,
	(SELECT p.item_id FROM proofs AS p
	 WHERE p.proof_id = accesses.last_proof_id),
	'managed_subscription', key_fingerprint, key_resource_id, status,
	updated_at, last_proof_id, proven_at, proven_at, proven_at, created_at,
	updated_at
FROM accesses;
DROP TABLE accesses;
ALTER TABLE accesses_new RENAME TO accesses;
CREATE INDEX accesses_by_host ON accesses (host_id, access_id);
CREATE INDEX accesses_by_mode ON accesses (access_mode, access_id);
CREATE INDEX accesses_by_key ON accesses (key_resource_id);
CREATE INDEX accesses_by_item ON accesses (item_id);
CREATE INDEX accesses_by_endpoint ON accesses (endpoint_key, access_id);
CREATE INDEX accesses_by_status ON accesses (status, access_id);
CREATE INDEX accesses_due ON accesses (next_check_at, access_id)
	WHERE next_check_at IS NOT NULL;
CREATE INDEX accesses_checked_host ON accesses (host_id, checked_at);
CREATE INDEX accesses_checked_endpoint ON accesses (endpoint_key, checked_at);

-- A proof on demand, or one of the watch's.
CREATE TABLE access_checks (
	check_id      TEXT    PRIMARY KEY,
	access_id     TEXT    NOT NULL REFERENCES accesses ON DELETE CASCADE,
	requested_by  TEXT    NOT NULL,            -- token_id, or watch
	surfaces      INTEGER NOT NULL DEFAULT 0,
	state         TEXT    NOT NULL CHECK (state IN ('running', 'done')),
	result        TEXT    CHECK (result IN
	              ('unknown', 'active', 'degraded', 'broken')),
	failure_class TEXT,
	diagnosis     TEXT,
	proof_id      TEXT,
	repaired      INTEGER NOT NULL DEFAULT 0,  -- repairs made by it
	created_at    INTEGER NOT NULL,
	finished_at   INTEGER
) STRICT;
CREATE INDEX access_checks_by_access ON access_checks (access_id, check_id);
CREATE INDEX access_checks_running ON access_checks (access_id, check_id)
	WHERE state = 'running';
CREATE INDEX access_checks_by_asker ON access_checks (requested_by)
	WHERE state = 'running';

-- What happened to an access after its import: repairs with before and after,
-- changes of status, what CRM gave up.  The newest few hundred are kept.
CREATE TABLE access_events (
	access_id TEXT    NOT NULL REFERENCES accesses ON DELETE CASCADE,
	seq       INTEGER NOT NULL,
	at        INTEGER NOT NULL,
	kind      TEXT    NOT NULL,
	class     TEXT,
	detail    TEXT,
	PRIMARY KEY (access_id, seq)
) STRICT, WITHOUT ROWID;

-- What an operator should hear of without asking.  One row is open for each
-- (kind, subject); it is closed when it no longer holds.
CREATE TABLE notices (
	notice_id    TEXT    PRIMARY KEY,
	kind         TEXT    NOT NULL,
	subject      TEXT    NOT NULL,            -- host, endpoint or key
	host_id      TEXT,
	endpoint_key TEXT,
	class        TEXT,
	detail       TEXT    NOT NULL,            -- JSON
	at           INTEGER NOT NULL,
	ended_at     INTEGER
) STRICT;
CREATE UNIQUE INDEX notices_open ON notices (kind, subject)
	WHERE ended_at IS NULL;
CREATE INDEX notices_ended ON notices (notice_id) WHERE ended_at IS NOT NULL;
CREATE INDEX notices_by_host ON notices (host_id, notice_id)
	WHERE host_id IS NOT NULL;

CREATE TABLE proofs_new (
	proof_id           TEXT    PRIMARY KEY,
	item_id            TEXT    NOT NULL REFERENCES import_run_items,
	access_id          TEXT    REFERENCES accesses,
	check_id           TEXT,
	host_id            TEXT    NOT NULL,
	kind               TEXT    NOT NULL CHECK (kind IN
	                   ('account', 'access', 'surface')),
	surface            TEXT,
	ok                 INTEGER NOT NULL,
	group_id           TEXT,
	account_id         TEXT,
	model              TEXT    NOT NULL,
	models_status      INTEGER,
	models_listed      INTEGER NOT NULL,
	completion_ok      INTEGER NOT NULL,
	completion_status  INTEGER,
	completion_type    TEXT,
	completion_preview TEXT,
	latency_ms         INTEGER,
	first_token_ms     INTEGER,
	key_source         TEXT    NOT NULL,
	key_fingerprint    TEXT,
	requested_key      TEXT,            -- fingerprint of a key somebody gave
	request_json       TEXT    NOT NULL,
	answer_json        TEXT    NOT NULL,
	failure_class      TEXT,
	at                 INTEGER NOT NULL,
	expires_at         INTEGER NOT NULL,
	CHECK ((kind = 'surface') = (surface IS NOT NULL))
) STRICT;
INSERT INTO proofs_new (proof_id, item_id, access_id, host_id, kind, ok,
	group_id, account_id, model, models_status, models_listed,
	completion_ok, completion_status, completion_type, completion_preview,
	latency_ms, first_token_ms, key_source, key_fingerprint, request_json,
	answer_json, failure_class, at, expires_at)
SELECT proof_id, item_id, access_id, host_id, kind, ok, group_id, account_id,
	model, models_status, models_listed, completion_ok, completion_status,
	completion_type, completion_preview, latency_ms, first_token_ms,
	key_source, key_fingerprint, request_json, answer_json, failure_class,
	at, expires_at
FROM proofs;
DROP TABLE proofs;
ALTER TABLE proofs_new RENAME TO proofs;
CREATE INDEX proofs_by_item ON proofs (item_id, proof_id);
CREATE INDEX proofs_by_access ON proofs (access_id, proof_id);
CREATE INDEX proofs_by_check ON proofs (check_id) WHERE check_id IS NOT NULL;
