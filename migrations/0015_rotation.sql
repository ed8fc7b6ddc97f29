-- Rotation: another key of an account, while users are served.

-- A change of the kind `rotate_key` brings a key, new_secret_id, which the
-- imports on the account refer to when it has been proven.  Then the change is
-- in `overlap`: requests that began with the old key, old_secret_id, may still
-- be under way, until old_key_free_at.  Both are NULL when it has ended.
CREATE TABLE account_changes_new (
	change_id       TEXT    PRIMARY KEY,
	item_id         TEXT    NOT NULL REFERENCES import_run_items,
	resource_id     TEXT    NOT NULL REFERENCES managed_resources,
	host_id         TEXT    NOT NULL REFERENCES hosts,
	kind            TEXT    NOT NULL CHECK (kind IN
	                ('models', 'proxy', 'pause', 'resume', 'rotate_key')),
	wanted          TEXT    NOT NULL,
	before          TEXT,
	after           TEXT,
	state           TEXT    NOT NULL CHECK (state IN
	                ('running', 'overlap', 'done', 'failed')),
	failure_class   TEXT,
	failure_detail  TEXT,
	requested_by    TEXT    NOT NULL,           -- token_id
	created_at      INTEGER NOT NULL,
	finished_at     INTEGER,
	new_secret_id   TEXT    REFERENCES secrets,
	old_secret_id   TEXT    REFERENCES secrets,
	old_key_free_at INTEGER,
	CHECK ((state IN ('running', 'overlap')) = (finished_at IS NULL))
) STRICT;
INSERT INTO account_changes_new (change_id, item_id, resource_id, host_id,
	kind, wanted, before, after, state, failure_class, failure_detail,
	requested_by, created_at, finished_at)
SELECT change_id, item_id, resource_id, host_id, kind, wanted, before, after,
	state, failure_class, failure_detail, requested_by, created_at,
	finished_at
FROM account_changes;
DROP TABLE account_changes;
ALTER TABLE account_changes_new RENAME TO account_changes;
CREATE UNIQUE INDEX account_changes_running ON account_changes (resource_id)
	WHERE state = 'running';
CREATE INDEX account_changes_by_account
	ON account_changes (resource_id, change_id);
CREATE INDEX account_changes_by_item ON account_changes (item_id);
CREATE INDEX account_changes_by_host ON account_changes (host_id);
CREATE INDEX account_changes_by_new_secret ON account_changes (new_secret_id)
	WHERE new_secret_id IS NOT NULL;
CREATE INDEX account_changes_by_old_secret ON account_changes (old_secret_id)
	WHERE old_secret_id IS NOT NULL;

-- Lists of accounts, of all hosts and of one.
CREATE INDEX managed_resources_by_type
	ON managed_resources (resource_type, resource_id);
CREATE INDEX managed_resources_by_host_type
	ON managed_resources (host_id, resource_type, resource_id);
