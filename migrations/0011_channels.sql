-- Channels: the prices that a manifest knows, laid over the group of an
-- endpoint.  They are resources as groups and accounts are.
--
-- The CHECK of resource_type grows, so the table is made anew: created,
-- filled, dropped, renamed, in this order, with foreign keys off (see
-- shared/migrate.c).
CREATE TABLE managed_resources_new (
	resource_id      TEXT    PRIMARY KEY,
	host_id          TEXT    NOT NULL REFERENCES hosts,
	resource_type    TEXT    NOT NULL CHECK (resource_type IN
	                 ('group', 'account', 'user', 'user_token',
	                  'subscription', 'user_key', 'channel')),
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
	off_by_us        INTEGER NOT NULL DEFAULT 0,
	mends            INTEGER NOT NULL DEFAULT 0,
	mended_at        INTEGER,
	live_json        TEXT,                      -- as last seen
	paused_at        INTEGER,
	UNIQUE (host_id, resource_type, mark),
	CHECK ((state = 'making') = (made_by IS NOT NULL))
) STRICT;
INSERT INTO managed_resources_new (resource_id, host_id, resource_type, lookup,
	mark, state, host_resource_id, wanted_json, written_json, prior_json,
	origin, made_by, generation, secret_id, expires_at, refusals,
	failure_class, next_retry_at, created_at, updated_at, off_by_us, mends,
	mended_at, live_json, paused_at)
SELECT resource_id, host_id, resource_type, lookup,
	mark, state, host_resource_id, wanted_json, written_json, prior_json,
	origin, made_by, generation, secret_id, expires_at, refusals,
	failure_class, next_retry_at, created_at, updated_at, off_by_us, mends,
	mended_at, live_json, paused_at
FROM managed_resources;
DROP TABLE managed_resources;
ALTER TABLE managed_resources_new RENAME TO managed_resources;
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
CREATE INDEX managed_resources_paused ON managed_resources (host_resource_id)
	WHERE paused_at IS NOT NULL;
