-- Packs: what is known of providers, as data.  Every version that was ever
-- installed stays beside the others; which one counts is one row.

-- A version of a pack.  What is in it never changes: the same version with
-- another content is refused.
CREATE TABLE packs (
	pack_id          TEXT    NOT NULL,
	version          TEXT    NOT NULL, -- as semver.org has them
	name_zh          TEXT    NOT NULL,
	name_en          TEXT    NOT NULL,
	min_host_version TEXT,
	max_host_version TEXT,
	providers        INTEGER NOT NULL, -- how many
	content_sha256   TEXT    NOT NULL, -- of the files, however they were packed
	bundle_sha256    TEXT    NOT NULL, -- of the bytes that were sent
	signed_by        TEXT,             -- public key; NULL: not signed
	document         TEXT    NOT NULL, -- pack.json
	installed_by     TEXT    NOT NULL, -- token
	installed_at     INTEGER NOT NULL,
	PRIMARY KEY (pack_id, version)
) STRICT;
CREATE INDEX packs_by_age ON packs (pack_id, installed_at, version);

-- The version that counts, and the one before it, to go back to.
CREATE TABLE pack_active (
	pack_id          TEXT    PRIMARY KEY,
	version          TEXT    NOT NULL,
	previous_version TEXT,
	changed_at       INTEGER NOT NULL,
	FOREIGN KEY (pack_id, version) REFERENCES packs,
	FOREIGN KEY (pack_id, previous_version) REFERENCES packs
) STRICT;

-- What lists and searches want to know of a provider.  `active` follows
-- pack_active in the same transaction; it is here so that a list of what
-- counts reads nothing else.
CREATE TABLE pack_providers (
	pack_id          TEXT    NOT NULL,
	version          TEXT    NOT NULL,
	provider_id      TEXT    NOT NULL,
	active           INTEGER NOT NULL DEFAULT 0 CHECK (active IN (0, 1)),
	vendor           TEXT    NOT NULL,
	plan             TEXT    NOT NULL,
	region           TEXT    NOT NULL,
	status           TEXT    NOT NULL,
	name_zh          TEXT    NOT NULL,
	name_en          TEXT    NOT NULL,
	base_url         TEXT,             -- normalised; NULL: an import says it
	endpoint_key     TEXT,             -- of base_url
	summary          TEXT    NOT NULL, -- JSON: the row of a list
	PRIMARY KEY (pack_id, version, provider_id),
	FOREIGN KEY (pack_id, version) REFERENCES packs
) STRICT;
-- The list of all is read from this index alone.
CREATE INDEX pack_providers_by_id
	ON pack_providers (provider_id, pack_id, summary) WHERE active = 1;
CREATE INDEX pack_providers_by_vendor
	ON pack_providers (vendor, provider_id, pack_id) WHERE active = 1;
CREATE INDEX pack_providers_by_plan
	ON pack_providers (plan, provider_id, pack_id) WHERE active = 1;
CREATE INDEX pack_providers_by_region
	ON pack_providers (region, provider_id, pack_id) WHERE active = 1;
CREATE INDEX pack_providers_by_status
	ON pack_providers (status, provider_id, pack_id) WHERE active = 1;
CREATE INDEX pack_providers_by_endpoint
	ON pack_providers (endpoint_key, provider_id) WHERE active = 1;

-- The documents themselves, apart, because they are large.
CREATE TABLE pack_manifests (
	pack_id     TEXT NOT NULL,
	version     TEXT NOT NULL,
	provider_id TEXT NOT NULL,
	manifest    TEXT NOT NULL, -- JSON, as it came
	PRIMARY KEY (pack_id, version, provider_id),
	FOREIGN KEY (pack_id, version) REFERENCES packs
) STRICT;

-- All other files: patches and tables.
CREATE TABLE pack_files (
	pack_id TEXT NOT NULL,
	version TEXT NOT NULL,
	path    TEXT NOT NULL,
	sha256  TEXT NOT NULL,
	content BLOB NOT NULL,
	PRIMARY KEY (pack_id, version, path),
	FOREIGN KEY (pack_id, version) REFERENCES packs
) STRICT;

-- An import by provider says which one; NULL in imports by URL and key.
ALTER TABLE import_run_items ADD COLUMN pack_provider_id TEXT;
CREATE INDEX import_runs_by_pack
	ON import_runs (pack_id, pack_version) WHERE pack_id IS NOT NULL;
