-- An account that carries a mark of this CRM without a record of it: what was
-- made after the backup that the database is from, or what a host brought back
-- from its own.
CREATE TABLE foreign_found_new (
	host_id         TEXT    NOT NULL REFERENCES hosts ON DELETE CASCADE,
	account_id      INTEGER NOT NULL,
	kind            TEXT    NOT NULL CHECK (kind IN
	                ('foreign', 'another_crm', 'unrecorded')),
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
INSERT INTO foreign_found_new (host_id, account_id, kind, name, status,
	base_url, endpoint_key, pack_id, provider_id, key_fingerprint, models,
	group_ids, first_seen_at, seen_at)
SELECT host_id, account_id, kind, name, status,
	base_url, endpoint_key, pack_id, provider_id, key_fingerprint, models,
	group_ids, first_seen_at, seen_at
FROM foreign_found;
DROP TABLE foreign_found;
ALTER TABLE foreign_found_new RENAME TO foreign_found;
