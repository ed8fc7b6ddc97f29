-- What is on a host, not ours, and looks like a provider import: accounts with
-- a key and a base URL that is not OpenAI's own, as the last looks saw them.
-- Those that are not there any more go when a look has seen the whole list.
CREATE TABLE foreign_found (
	host_id         TEXT    NOT NULL REFERENCES hosts ON DELETE CASCADE,
	account_id      INTEGER NOT NULL,
	kind            TEXT    NOT NULL CHECK (kind IN
	                ('foreign', 'another_crm')),
	name            TEXT    NOT NULL,
	status          TEXT    NOT NULL,
	base_url        TEXT    NOT NULL,
	endpoint_key    TEXT,                       -- NULL: no address of ours
	pack_id         TEXT,                       -- that knows the endpoint
	provider_id     TEXT,                       -- its name for it
	key_fingerprint TEXT,                       -- NULL: the host hides keys
	models          TEXT    NOT NULL,           -- JSON array of names
	group_ids       TEXT    NOT NULL,           -- JSON array
	first_seen_at   INTEGER NOT NULL,
	seen_at         INTEGER NOT NULL,           -- when that look began
	PRIMARY KEY (host_id, account_id)
) STRICT, WITHOUT ROWID;

-- The last look at a host.
CREATE TABLE foreign_looks (
	host_id       TEXT    PRIMARY KEY REFERENCES hosts ON DELETE CASCADE,
	state         TEXT    NOT NULL CHECK (state IN
	              ('running', 'done', 'failed')),
	began_at      INTEGER NOT NULL,
	ended_at      INTEGER,
	failure_class TEXT,
	cut           INTEGER NOT NULL DEFAULT 0    -- more than are kept
) STRICT;
