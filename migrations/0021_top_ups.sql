-- Money that CRM gave its own users of self service on hosts.

-- A row is written in the transaction that allows the top-up, so that two who
-- want one at the same time cannot both have the last of the budget; how the
-- call went is noted when it has ended.  A crash in between costs nothing: the
-- call sets the balance and does not add to it.
CREATE TABLE top_ups (
	top_up_id   TEXT    PRIMARY KEY,
	host_id     TEXT    NOT NULL REFERENCES hosts,
	resource_id TEXT,                 -- the user's row
	selector    TEXT    NOT NULL,
	task_id     TEXT    NOT NULL,     -- that wants it
	amount      INTEGER NOT NULL CHECK (amount > 0),
	state       TEXT    NOT NULL CHECK (state IN ('allowed', 'done', 'failed')),
	at          INTEGER NOT NULL
) STRICT;

CREATE INDEX top_ups_by_host ON top_ups (host_id, at);
CREATE INDEX top_ups_by_task ON top_ups (task_id);
CREATE INDEX top_ups_by_age ON top_ups (at);
