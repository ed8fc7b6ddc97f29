-- Around a key, after its import: what operators change of an account on the
-- host through CRM.

-- One change of one account: other models or aliases, another proxy, out of
-- service and back.  `wanted` is what was asked for, made up from what was
-- stored when it was asked; `before` and `after` are what the host showed and
-- what was written to it last: after a change that was taken back, `after` is
-- how it was left.  All three are JSON without any secret.
CREATE TABLE account_changes (
	change_id      TEXT    PRIMARY KEY,
	item_id        TEXT    NOT NULL REFERENCES import_run_items,
	resource_id    TEXT    NOT NULL REFERENCES managed_resources,
	host_id        TEXT    NOT NULL REFERENCES hosts,
	kind           TEXT    NOT NULL CHECK (kind IN
	               ('models', 'proxy', 'pause', 'resume')),
	wanted         TEXT    NOT NULL,
	before         TEXT,
	after          TEXT,
	state          TEXT    NOT NULL CHECK (state IN
	               ('running', 'done', 'failed')),
	failure_class  TEXT,
	failure_detail TEXT,
	requested_by   TEXT    NOT NULL,            -- token_id
	created_at     INTEGER NOT NULL,
	finished_at    INTEGER,
	CHECK ((state = 'running') = (finished_at IS NULL))
) STRICT;

-- One change at a time.
CREATE UNIQUE INDEX account_changes_running ON account_changes (resource_id)
	WHERE state = 'running';
-- The trail of an account, newest last; what is oldest is forgotten.
CREATE INDEX account_changes_by_account
	ON account_changes (resource_id, change_id);
CREATE INDEX account_changes_by_item ON account_changes (item_id);
CREATE INDEX account_changes_by_host ON account_changes (host_id);

-- Who is paused, by the host's id of the account: lists of items look here,
-- and mostly find nothing.
CREATE INDEX managed_resources_paused ON managed_resources (host_resource_id)
	WHERE paused_at IS NOT NULL;
