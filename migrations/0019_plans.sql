-- Several plans on one base URL, and imports by URL that a pack knows.
--
-- Two plans of a vendor may be reached by the same URL.  They share no group,
-- no accounts and no keys of users: `plan` tells their places apart.  It is ''
-- for the plan that is paid as it is used, for an endpoint that has one plan
-- alone, and for all that was there before.

-- An import by URL and key, too, may be of a provider that a pack knows: the
-- version of the pack stands with the item then.
ALTER TABLE import_run_items ADD COLUMN plan TEXT NOT NULL DEFAULT '';
ALTER TABLE import_run_items ADD COLUMN pack_id TEXT;
ALTER TABLE import_run_items ADD COLUMN pack_version TEXT;
CREATE INDEX import_run_items_by_pack
	ON import_run_items (pack_id, pack_version) WHERE pack_id IS NOT NULL;

-- What an access is known by grows, so the table is made anew: created,
-- filled, dropped, renamed, in this order, with foreign keys off (see
-- shared/migrate.c).
CREATE TABLE accesses_new (
	access_id        TEXT    PRIMARY KEY,
	host_id          TEXT    NOT NULL REFERENCES hosts,
	endpoint_key     TEXT    NOT NULL,
	plan             TEXT    NOT NULL DEFAULT '',
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
	UNIQUE (host_id, endpoint_key, plan, access_mode, selector)
) STRICT;
INSERT INTO accesses_new (access_id, host_id, endpoint_key, access_mode,
	selector, item_id, key_source, key_fingerprint, key_resource_id,
	status, status_since, failure_class, failures, first_failure_at,
	diagnosis, surfaces, surfaces_at, last_proof_id, proven_at, checked_at,
	next_check_at, created_at, updated_at)
SELECT access_id, host_id, endpoint_key, access_mode,
	selector, item_id, key_source, key_fingerprint, key_resource_id,
	status, status_since, failure_class, failures, first_failure_at,
	diagnosis, surfaces, surfaces_at, last_proof_id, proven_at, checked_at,
	next_check_at, created_at, updated_at
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
-- Which endpoints of a host have more than one place?
CREATE INDEX accesses_by_plan ON accesses (host_id, endpoint_key, plan)
	WHERE plan <> '';
