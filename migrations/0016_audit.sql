-- Who did what, and when: rows that are only ever added.

-- Each row's hash covers its cells and the hash of the row before it; how,
-- and what that proves, is in shared/audit.h.  `seq` has no holes.
CREATE TABLE audit_log (
	seq        INTEGER PRIMARY KEY,
	at         INTEGER NOT NULL,
	actor      TEXT NOT NULL CHECK (actor IN ('token', 'schedd', 'machine')),
	token_id   TEXT,             -- whose wish it was; of schedd: asked by
	token_name TEXT,             -- at that time; of machine: the user's
	action     TEXT NOT NULL,    -- a stable name, host.update
	object     TEXT,             -- what it is about: its kind
	object_id  TEXT,
	host_id    TEXT,
	what       TEXT,             -- JSON; which fields were given
	before     TEXT,             -- JSON, redacted and cut; what changed
	after      TEXT,
	request_id TEXT,
	result     TEXT NOT NULL,    -- HTTP status; of others: ok, or the class
	prev_hash  TEXT NOT NULL,
	hash       TEXT NOT NULL
) STRICT;

CREATE INDEX audit_log_by_object ON audit_log (object_id, seq)
	WHERE object_id IS NOT NULL;
CREATE INDEX audit_log_by_host ON audit_log (host_id, seq)
	WHERE host_id IS NOT NULL;
CREATE INDEX audit_log_by_token ON audit_log (token_id, seq)
	WHERE token_id IS NOT NULL;
CREATE INDEX audit_log_prunes ON audit_log (seq)
	WHERE action = 'audit.prune';

-- Where the chain begins: at nothing, or behind the last row that was dropped
-- because it was too old.  While such rows are dropped, `dropping` is the last
-- of them; it is NULL again before the commit.
CREATE TABLE audit_chain (
	one       INTEGER PRIMARY KEY CHECK (one = 1),
	base_seq  INTEGER NOT NULL,
	base_hash TEXT NOT NULL,
	dropping  INTEGER
) STRICT;

INSERT INTO audit_chain (one, base_seq, base_hash) VALUES
	(1, 0, '0000000000000000000000000000000000000000000000000000000000000000');

CREATE TRIGGER audit_log_is_not_changed BEFORE UPDATE ON audit_log
BEGIN
	SELECT RAISE(ABORT, 'rows of the audit log are never changed');
END;

CREATE TRIGGER audit_log_is_not_shortened BEFORE DELETE ON audit_log
WHEN old.seq > coalesce((SELECT dropping FROM audit_chain), 0)
BEGIN
	SELECT RAISE(ABORT, 'rows of the audit log are never deleted');
END;

-- Also keeps INSERT OR REPLACE from doing what the other two forbid.
CREATE TRIGGER audit_log_has_no_holes BEFORE INSERT ON audit_log
WHEN new.seq <> 1 + coalesce((SELECT max(seq) FROM audit_log), 0)
BEGIN
	SELECT RAISE(ABORT, 'the audit log is added to at its end');
END;

CREATE TRIGGER audit_chain_stays BEFORE DELETE ON audit_chain
BEGIN
	SELECT RAISE(ABORT, 'the audit log has one beginning');
END;

CREATE TRIGGER audit_chain_goes_on BEFORE UPDATE ON audit_chain
WHEN new.base_seq < old.base_seq
BEGIN
	SELECT RAISE(ABORT, 'the beginning of the audit log does not go back');
END;

-- Requests that would have changed something and were refused for want of a
-- token or of its scope: one row for each token ('': none, or none of ours)
-- and minute, however many there were.
CREATE TABLE audit_refused (
	minute     INTEGER NOT NULL, -- its first millisecond
	token_id   TEXT NOT NULL,
	count      INTEGER NOT NULL,
	action     TEXT NOT NULL,    -- of the last one
	request_id TEXT NOT NULL,
	status     INTEGER NOT NULL,
	PRIMARY KEY (minute, token_id)
) STRICT, WITHOUT ROWID;
