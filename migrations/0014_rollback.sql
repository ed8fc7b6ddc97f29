-- Rollback: what imports made on a host goes again, part by part.

-- One rollback of a host at a time.  `scope_id` is a run, an item, the
-- account's resource, or a provider: an endpoint's key, or the id in
-- `pack_id`.
CREATE TABLE rollbacks (
	rollback_id    TEXT    PRIMARY KEY,
	host_id        TEXT    NOT NULL REFERENCES hosts,
	scope          TEXT    NOT NULL CHECK (scope IN
	               ('run', 'item', 'provider', 'account')),
	scope_id       TEXT    NOT NULL,
	pack_id        TEXT,
	state          TEXT    NOT NULL CHECK (state IN ('running', 'done')),
	result         TEXT    CHECK (result IN ('clean', 'remains', 'failed')),
	failure_class  TEXT,
	failure_detail TEXT,
	items          INTEGER NOT NULL DEFAULT 0,
	requested_by   TEXT    NOT NULL,            -- token_id
	created_at     INTEGER NOT NULL,
	finished_at    INTEGER,
	CHECK ((state = 'done') = (result IS NOT NULL)),
	CHECK ((state = 'done') = (finished_at IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX rollbacks_running ON rollbacks (host_id)
	WHERE state = 'running';
CREATE INDEX rollbacks_by_host ON rollbacks (host_id, rollback_id);
CREATE INDEX rollbacks_by_scope ON rollbacks (scope_id, rollback_id);

-- What it is about, in the order in which it is gone through.  `kind` is a
-- resource's type, access, or moved_key; `subject_id` its row.  Parts that are
-- kept are done from the start.
CREATE TABLE rollback_parts (
	rollback_id      TEXT    NOT NULL REFERENCES rollbacks
	                 ON DELETE CASCADE,
	seq              INTEGER NOT NULL,
	kind             TEXT    NOT NULL,
	subject_id       TEXT    NOT NULL,
	mark             TEXT,
	host_resource_id TEXT,
	action           TEXT    NOT NULL CHECK (action IN
	                 ('delete', 'restore', 'release', 'keep')),
	why              TEXT    NOT NULL,
	state            TEXT    NOT NULL CHECK (state IN
	                 ('waiting', 'done', 'left', 'gone')),
	failure_class    TEXT,
	failure_detail   TEXT,
	plan             TEXT,                   -- JSON: what is to be written
	PRIMARY KEY (rollback_id, seq),
	UNIQUE (rollback_id, subject_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX rollback_parts_waiting ON rollback_parts (rollback_id, seq)
	WHERE state = 'waiting';

-- Which rollback an item belongs to, from its beginning on, and when that has
-- ended: from then on nothing rests on the item.
ALTER TABLE import_run_items ADD COLUMN rollback_id TEXT;
ALTER TABLE import_run_items ADD COLUMN rolled_back_at INTEGER;
CREATE INDEX import_run_items_by_rollback
	ON import_run_items (rollback_id, item_id)
	WHERE rollback_id IS NOT NULL;

-- A key of somebody real that an import bound to our group, and where it was
-- before (0: nowhere).  Written before it is moved.
CREATE TABLE moved_keys (
	move_id    TEXT    PRIMARY KEY,
	host_id    TEXT    NOT NULL REFERENCES hosts,
	item_id    TEXT    NOT NULL REFERENCES import_run_items,
	user_id    INTEGER NOT NULL,
	key_id     INTEGER NOT NULL,
	from_group INTEGER NOT NULL,
	to_group   INTEGER NOT NULL,
	moved_at   INTEGER NOT NULL,
	ended_at   INTEGER                      -- it went back, or is not ours
) STRICT;
CREATE UNIQUE INDEX moved_keys_by_item ON moved_keys (item_id, to_group)
	WHERE ended_at IS NULL;
CREATE INDEX moved_keys_of_item ON moved_keys (item_id);
CREATE INDEX moved_keys_by_key ON moved_keys (host_id, key_id);

-- A secret that nobody needs any more: `sealed` is empty then, fingerprint and
-- last four stay.
ALTER TABLE secrets ADD COLUMN purged_at INTEGER;

-- A host that is forgotten takes along what was asked through it.
CREATE INDEX capability_profiles_by_host ON capability_profiles (host_id);
