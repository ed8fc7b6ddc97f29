-- The state database, from the beginning.
--
-- Moments are Unix milliseconds of the program's clock, never the database's.
-- Ids are text that the programs make, sorted by the time of making, so that
-- a page goes by key.  JSON stands in TEXT columns that SQL never looks into.
-- What grows has an index for each way in which it is listed or claimed.

-- One row: which CRM this is.  `inst` is part of every mark on a host (D1).
CREATE TABLE installation (
	one        INTEGER PRIMARY KEY CHECK (one = 1),
	inst       TEXT    NOT NULL CHECK (length(inst) = 6),
	created_at INTEGER NOT NULL
) STRICT;

-- Sealed to schedd's public key.  A fingerprint, keyed, and the last four
-- characters exist only for API keys that are long enough to show them.
CREATE TABLE secrets (
	secret_id   TEXT    PRIMARY KEY,
	kind        TEXT    NOT NULL,           -- label that it was sealed with
	sealed      BLOB    NOT NULL,
	fingerprint TEXT,
	last4       TEXT,
	created_at  INTEGER NOT NULL
) STRICT;

-- Who may ask the API.  Only a hash of the token is here.
CREATE TABLE tokens (
	token_id   TEXT    PRIMARY KEY,
	name       TEXT    NOT NULL,
	hash       TEXT    NOT NULL UNIQUE,
	scope      TEXT    NOT NULL CHECK (scope IN
	           ('read', 'operate', 'admin')),
	created_at INTEGER NOT NULL,
	expires_at INTEGER,                     -- NULL: never
	revoked_at INTEGER
) STRICT;

-- Sessions of the console: the cookie is hashed like a token.
CREATE TABLE sessions (
	session_hash TEXT    PRIMARY KEY,
	token_id     TEXT    NOT NULL REFERENCES tokens ON DELETE CASCADE,
	csrf_hash    TEXT    NOT NULL,
	created_at   INTEGER NOT NULL,
	expires_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_by_expiry ON sessions (expires_at);
CREATE INDEX sessions_by_token ON sessions (token_id);

-- What a POST with an Idempotency-Key answered, written in the transaction of
-- the POST itself, so that a repeat can never do the work again.
CREATE TABLE idempotency_keys (
	token_id     TEXT    NOT NULL,
	key          TEXT    NOT NULL,
	request_hash TEXT    NOT NULL,          -- of method, path and body
	status       INTEGER NOT NULL,
	location     TEXT,
	body         TEXT    NOT NULL,
	created_at   INTEGER NOT NULL,
	expires_at   INTEGER NOT NULL,
	PRIMARY KEY (token_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_at);

-- A sub2api gateway that we work on.  state and reason are the last probe's.
CREATE TABLE hosts (
	host_id         TEXT    PRIMARY KEY,
	name            TEXT    NOT NULL,
	base_url        TEXT    NOT NULL UNIQUE, -- as CRM reaches it
	public_base_url TEXT,                    -- as users reach it
	auth_type       TEXT    NOT NULL CHECK (auth_type IN
	                ('api_key', 'bearer')),
	auth_secret_id  TEXT    NOT NULL REFERENCES secrets,
	state           TEXT    NOT NULL CHECK (state IN
	                ('unknown', 'ready', 'unreachable', 'unauthorized',
	                 'compliance_required', 'unsupported')),
	reason          TEXT,                    -- failure class, NULL if ready
	reason_detail   TEXT,
	version         TEXT,
	probed_at       INTEGER,
	created_at      INTEGER NOT NULL,
	updated_at      INTEGER NOT NULL
) STRICT;
CREATE INDEX hosts_by_secret ON hosts (auth_secret_id);

-- What a probe saw of a host; the newest counts, a few older ones are kept.
CREATE TABLE host_snapshots (
	host_id      TEXT    NOT NULL REFERENCES hosts ON DELETE CASCADE,
	taken_at     INTEGER NOT NULL,
	version      TEXT,
	capabilities TEXT    NOT NULL,           -- JSON
	PRIMARY KEY (host_id, taken_at)
) STRICT, WITHOUT ROWID;

-- An import: many keys, one host, one way of access.  The counters are kept
-- by the transaction that settles an item.
CREATE TABLE import_runs (
	run_id             TEXT    PRIMARY KEY,
	host_id            TEXT    NOT NULL REFERENCES hosts,
	origin             TEXT    NOT NULL CHECK (origin IN
	                   ('batch_import', 'provider_import')),
	pack_id            TEXT,
	pack_version       TEXT,
	access_mode        TEXT    NOT NULL CHECK (access_mode IN
	                   ('subscription')),
	subscription_users TEXT    NOT NULL,     -- JSON array of selectors
	subscription_days  INTEGER NOT NULL,
	state              TEXT    NOT NULL CHECK (state IN
	                   ('running', 'completed', 'completed_with_warnings',
	                    'failed', 'cancelled')),
	items_total        INTEGER NOT NULL,
	items_done         INTEGER NOT NULL DEFAULT 0,
	items_active       INTEGER NOT NULL DEFAULT 0,
	items_broken       INTEGER NOT NULL DEFAULT 0,
	items_cancelled    INTEGER NOT NULL DEFAULT 0,
	items_warned       INTEGER NOT NULL DEFAULT 0,
	created_by         TEXT    NOT NULL,     -- token_id
	created_at         INTEGER NOT NULL,
	updated_at         INTEGER NOT NULL,
	finished_at        INTEGER
) STRICT;
CREATE INDEX import_runs_by_host ON import_runs (host_id, run_id);
CREATE INDEX import_runs_by_state ON import_runs (state, run_id);
CREATE INDEX import_runs_by_mode ON import_runs (access_mode, run_id);

-- One key of one provider on its way to a proof.
CREATE TABLE import_run_items (
	item_id                  TEXT    PRIMARY KEY,
	run_id                   TEXT    NOT NULL REFERENCES import_runs,
	seq                      INTEGER NOT NULL,  -- row in the request
	provider_id              TEXT    NOT NULL,  -- the endpoint_key in v2
	endpoint_key             TEXT    NOT NULL,
	base_url                 TEXT    NOT NULL,  -- normalised
	api_key_secret_id        TEXT    NOT NULL REFERENCES secrets,
	requested_models         TEXT    NOT NULL,  -- JSON array
	current_stage            TEXT    NOT NULL CHECK (current_stage IN
	                         ('probe', 'provision', 'confirm', 'validate',
	                          'done')),
	confirmation_status      TEXT    NOT NULL CHECK (confirmation_status IN
	                         ('pending', 'confirming', 'confirmed',
	                          'failed')),
	access_status            TEXT    NOT NULL CHECK (access_status IN
	                         ('unknown', 'active', 'degraded', 'broken')),
	matched_account_state    TEXT    NOT NULL DEFAULT 'none' CHECK
	                         (matched_account_state IN ('none', 'active',
	                          'disabled', 'deprecated', 'broken')),
	account_resolution       TEXT    CHECK (account_resolution IN
	                         ('created', 'reused', 'reactivated',
	                          'replaced')),
	provision_reused         INTEGER NOT NULL DEFAULT 0,
	cancelled                INTEGER NOT NULL DEFAULT 0,
	retry_count              INTEGER NOT NULL DEFAULT 0,
	last_retry_at            INTEGER,
	next_retry_at            INTEGER,
	canonical_model_families TEXT,              -- JSON array
	recommended_models       TEXT,              -- JSON array
	models                   TEXT,              -- JSON array: to be mapped
	resolved_smoke_model     TEXT,
	chat_url                 TEXT,              -- where chat was found
	reused_from_provider_id  TEXT,
	reused_from_account_id   TEXT,
	channel_id               TEXT,
	group_id                 TEXT,              -- ids of the host
	account_id               TEXT,
	failure_class            TEXT,
	failure_detail           TEXT,
	warnings                 TEXT    NOT NULL DEFAULT '[]',  -- JSON array
	created_at               INTEGER NOT NULL,
	updated_at               INTEGER NOT NULL,
	finished_at              INTEGER,
	UNIQUE (run_id, seq)
) STRICT;
CREATE INDEX import_run_items_by_run ON import_run_items (run_id, item_id);
CREATE INDEX import_run_items_by_secret
	ON import_run_items (api_key_secret_id);

-- What happened to an item, in order.  `detail` is JSON of named fields.
CREATE TABLE import_run_item_events (
	item_id TEXT    NOT NULL REFERENCES import_run_items ON DELETE CASCADE,
	seq     INTEGER NOT NULL,
	at      INTEGER NOT NULL,
	step    TEXT    NOT NULL,
	kind    TEXT    NOT NULL,
	class   TEXT,
	detail  TEXT,
	PRIMARY KEY (item_id, seq)
) STRICT, WITHOUT ROWID;

-- What drives a flow.  `step` is what comes next.  A task is due, leased to a
-- schedd, parked until a resource is settled, or done.  `fence` is raised by
-- every claim: who lost the lease cannot settle.
CREATE TABLE tasks (
	task_id     TEXT    PRIMARY KEY,
	flow        TEXT    NOT NULL,
	subject_id  TEXT    NOT NULL,               -- an item or a host
	run_id      TEXT,                           -- of an item
	host_id     TEXT    NOT NULL,
	step        TEXT    NOT NULL,
	step_since  INTEGER NOT NULL,
	attempt     INTEGER NOT NULL DEFAULT 0,     -- of this step
	state       TEXT    NOT NULL CHECK (state IN
	            ('due', 'leased', 'parked', 'done')),
	not_before  INTEGER NOT NULL,
	lease_owner TEXT,
	lease_until INTEGER,
	fence       INTEGER NOT NULL DEFAULT 0,
	parked_on   TEXT,                           -- resource_id
	cancel      INTEGER NOT NULL DEFAULT 0,     -- end at the next step
	memo        TEXT    NOT NULL DEFAULT '{}' CHECK (length(memo) <= 4096),
	last_class  TEXT,
	created_at  INTEGER NOT NULL,
	updated_at  INTEGER NOT NULL,
	CHECK ((state = 'leased') = (lease_owner IS NOT NULL)),
	CHECK ((state = 'parked') = (parked_on IS NOT NULL))
) STRICT;
CREATE INDEX tasks_due ON tasks (not_before, task_id) WHERE state = 'due';
CREATE INDEX tasks_leased ON tasks (lease_until) WHERE state = 'leased';
CREATE INDEX tasks_parked ON tasks (parked_on, task_id)
	WHERE state = 'parked';
CREATE INDEX tasks_by_subject ON tasks (subject_id, task_id);
CREATE INDEX tasks_by_run ON tasks (run_id, task_id) WHERE run_id IS NOT NULL;

-- What we made, or use, on a host.  The row is the lock: the task whose
-- transaction moved it to 'making' makes it, others are parked on it (D18).
-- `lookup` is what it is for: an endpoint and mode, a selector ...
CREATE TABLE managed_resources (
	resource_id      TEXT    PRIMARY KEY,
	host_id          TEXT    NOT NULL REFERENCES hosts,
	resource_type    TEXT    NOT NULL CHECK (resource_type IN
	                 ('group', 'account', 'user', 'user_token',
	                  'subscription', 'user_key')),
	lookup           TEXT    NOT NULL,
	mark             TEXT    NOT NULL,
	state            TEXT    NOT NULL CHECK (state IN
	                 ('wanted', 'making', 'present', 'leaving', 'gone')),
	host_resource_id TEXT,
	wanted_json      TEXT,
	written_json     TEXT,
	prior_json       TEXT,
	origin           TEXT    CHECK (origin IN
	                 ('created', 'adopted', 'reused')),
	made_by          TEXT,                      -- task_id
	generation       INTEGER NOT NULL DEFAULT 1,
	secret_id        TEXT    REFERENCES secrets,
	expires_at       INTEGER,
	refusals         INTEGER NOT NULL DEFAULT 0,
	failure_class    TEXT,
	next_retry_at    INTEGER,
	created_at       INTEGER NOT NULL,
	updated_at       INTEGER NOT NULL,
	UNIQUE (host_id, resource_type, mark),
	CHECK ((state = 'making') = (made_by IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX managed_resources_by_lookup
	ON managed_resources (host_id, resource_type, lookup)
	WHERE state <> 'gone';
CREATE UNIQUE INDEX managed_resources_by_host_id
	ON managed_resources (host_id, resource_type, host_resource_id)
	WHERE host_resource_id IS NOT NULL AND state <> 'gone';
CREATE INDEX managed_resources_by_maker ON managed_resources (made_by)
	WHERE made_by IS NOT NULL;
CREATE INDEX managed_resources_by_secret ON managed_resources (secret_id)
	WHERE secret_id IS NOT NULL;

-- Which items rest on which resource.
CREATE TABLE resource_uses (
	resource_id TEXT    NOT NULL REFERENCES managed_resources,
	item_id     TEXT    NOT NULL REFERENCES import_run_items,
	created_at  INTEGER NOT NULL,
	PRIMARY KEY (resource_id, item_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX resource_uses_by_item ON resource_uses (item_id);

-- That a user of this kind gets this endpoint's models on this host: what
-- proofs are about and what the operator hands out a key for.
CREATE TABLE accesses (
	access_id       TEXT    PRIMARY KEY,
	host_id         TEXT    NOT NULL REFERENCES hosts,
	endpoint_key    TEXT    NOT NULL,
	access_mode     TEXT    NOT NULL CHECK (access_mode IN
	                ('subscription')),
	selector        TEXT    NOT NULL,
	key_fingerprint TEXT,
	key_resource_id TEXT    REFERENCES managed_resources,
	status          TEXT    NOT NULL CHECK (status IN
	                ('unknown', 'active', 'degraded', 'broken')),
	last_proof_id   TEXT,
	proven_at       INTEGER,
	created_at      INTEGER NOT NULL,
	updated_at      INTEGER NOT NULL,
	UNIQUE (host_id, endpoint_key, access_mode, selector)
) STRICT;
CREATE INDEX accesses_by_key ON accesses (key_resource_id);

-- Dated evidence: what was asked through which key, and what came back.
-- Requests and answers are named fields without any secret, as JSON.
CREATE TABLE proofs (
	proof_id           TEXT    PRIMARY KEY,
	item_id            TEXT    NOT NULL REFERENCES import_run_items,
	access_id          TEXT    REFERENCES accesses,
	host_id            TEXT    NOT NULL,
	kind               TEXT    NOT NULL CHECK (kind IN
	                   ('account', 'access')),
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
	request_json       TEXT    NOT NULL,
	answer_json        TEXT    NOT NULL,
	failure_class      TEXT,
	at                 INTEGER NOT NULL,
	expires_at         INTEGER NOT NULL
) STRICT;
CREATE INDEX proofs_by_item ON proofs (item_id, proof_id);
CREATE INDEX proofs_by_access ON proofs (access_id, proof_id);
