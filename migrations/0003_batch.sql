-- Batch import: what is said around a key, names that were resolved, what a
-- provider can do, canaries, pauses.

-- What people say of a key, and where in their file it stood.
ALTER TABLE import_run_items ADD COLUMN label TEXT NOT NULL DEFAULT '';
ALTER TABLE import_run_items ADD COLUMN note TEXT NOT NULL DEFAULT '';
ALTER TABLE import_run_items ADD COLUMN line INTEGER; -- NULL: no file of lines

-- What the account on the host is to have besides: the host's id of a proxy;
-- and the id of somebody else's account that may be adopted for this key.
ALTER TABLE import_run_items ADD COLUMN account_proxy TEXT;
ALTER TABLE import_run_items ADD COLUMN adopt_account_id TEXT;

-- How the requested names were understood (JSON array), and the names beside
-- those of the provider that the account answers to (JSON object, to wire id).
ALTER TABLE import_run_items ADD COLUMN model_resolution TEXT;
ALTER TABLE import_run_items ADD COLUMN model_aliases TEXT;

-- What this key can do, as JSON with evidence and age; accounts of others on
-- the host with the same base URL, as a JSON array.
ALTER TABLE import_run_items ADD COLUMN capability_profile TEXT;
ALTER TABLE import_run_items ADD COLUMN foreign_accounts TEXT;

-- Raised when an operator lets an item that ended be tried again.
ALTER TABLE import_run_items ADD COLUMN generation INTEGER NOT NULL DEFAULT 1;

-- Rows of the request that were wrong and left out: how many, and the first
-- of them with line, field and reason.
ALTER TABLE import_runs ADD COLUMN items_rejected INTEGER NOT NULL DEFAULT 0;
ALTER TABLE import_runs ADD COLUMN rejected TEXT NOT NULL DEFAULT '[]';

-- The first canary_items are proven before the rest begins; after
-- canary_stop_after failures of one class the rest is held.
ALTER TABLE import_runs ADD COLUMN canary_items INTEGER NOT NULL DEFAULT 0;
ALTER TABLE import_runs ADD COLUMN canary_stop_after INTEGER NOT NULL DEFAULT 0;
ALTER TABLE import_runs ADD COLUMN canary_state TEXT NOT NULL DEFAULT 'off'
	CHECK (canary_state IN ('off', 'proving', 'passed', 'held', 'resumed'));
ALTER TABLE import_runs ADD COLUMN canary_class TEXT; -- why it was held

-- Somebody wants CRM to leave it alone for a while.
ALTER TABLE hosts ADD COLUMN paused_at INTEGER;
ALTER TABLE endpoints ADD COLUMN paused_at INTEGER;
-- An account that an operator took out of service through CRM.
ALTER TABLE managed_resources ADD COLUMN paused_at INTEGER;
