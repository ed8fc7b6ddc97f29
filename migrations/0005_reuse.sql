-- Accounts that are on the host already.

-- Accounts of others with the same base URL, as they were found the last time
-- somebody looked.  Looking means to read every account of a host, so one
-- task does it for all items of an endpoint, and not again for some minutes.
-- `accounts` is a JSON array of {id, name, status, base_url, key}, where `key`
-- is a fingerprint, or null of hosts that show none.
CREATE TABLE foreign_accounts (
	host_id      TEXT    NOT NULL REFERENCES hosts ON DELETE CASCADE,
	endpoint_key TEXT    NOT NULL,
	looker       TEXT,                  -- task_id of who looks now
	looker_until INTEGER,               -- then another may
	seen         TEXT    NOT NULL,      -- found so far by that look
	accounts     TEXT,                  -- of the last look; NULL: unknown
	looked_at    INTEGER,               -- when that ended, well or not
	PRIMARY KEY (host_id, endpoint_key),
	CHECK ((looker IS NULL) = (looker_until IS NULL))
) STRICT, WITHOUT ROWID;
