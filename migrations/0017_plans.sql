-- Plans in files: those that were done, so that none is done twice.  A plan
-- is signed and kept by who asked for it; nothing else of it is stored.
CREATE TABLE plans_done (
	plan_id    TEXT    PRIMARY KEY,
	kind       TEXT    NOT NULL,
	done_by    TEXT    NOT NULL,               -- token_id
	done_at    INTEGER NOT NULL,
	expires_at INTEGER NOT NULL                -- then it is forgotten
) STRICT;
CREATE INDEX plans_done_by_expiry ON plans_done (expires_at);
