-- Reconcile: what we own on a host is held against what the host shows.

-- One reconcile of one scope: a whole host, what an import run made or uses
-- there, or what is of a provider.  `places` (a JSON array) are
-- where the provider was known to have accounts when it was asked for, as
-- lookups of resources begin.  `mode`: `look`
-- changes nothing.  `unknown_parts` (a JSON array) are the types whose list
-- could not be trusted; `checks` (a JSON array) the proofs that it asked for.
CREATE TABLE reconcile_runs (
	reconcile_id   TEXT    PRIMARY KEY,
	host_id        TEXT    NOT NULL REFERENCES hosts ON DELETE CASCADE,
	scope          TEXT    NOT NULL CHECK (scope IN
	               ('host', 'run', 'provider')),
	batch_id       TEXT,                        -- of scope 'run': its run_id
	provider_id    TEXT,                        -- of scope 'provider'
	places         TEXT    NOT NULL DEFAULT '[]',
	mode           TEXT    NOT NULL CHECK (mode IN ('look', 'repair')),
	state          TEXT    NOT NULL CHECK (state IN ('running', 'done')),
	result         TEXT    CHECK (result IN
	               ('in_sync', 'drifted', 'repaired', 'unknown', 'failed')),
	compared       INTEGER NOT NULL DEFAULT 0,  -- resources
	missing        INTEGER NOT NULL DEFAULT 0,  -- of them, on the host
	skipped        INTEGER NOT NULL DEFAULT 0,  -- others worked on them
	findings_found    INTEGER NOT NULL DEFAULT 0,
	findings_repaired INTEGER NOT NULL DEFAULT 0,
	findings_accepted INTEGER NOT NULL DEFAULT 0,
	findings_asked    INTEGER NOT NULL DEFAULT 0,
	findings_failed   INTEGER NOT NULL DEFAULT 0,
	findings_dropped  INTEGER NOT NULL DEFAULT 0, -- beyond the ceiling
	unknown_parts  TEXT    NOT NULL DEFAULT '[]',
	checks         TEXT    NOT NULL DEFAULT '[]',
	requested_by   TEXT    NOT NULL,            -- token_id, or 'watch'
	failure_class  TEXT,
	failure_detail TEXT,
	created_at     INTEGER NOT NULL,
	finished_at    INTEGER,
	CHECK ((state = 'running') = (finished_at IS NULL)),
	CHECK ((scope = 'run') = (batch_id IS NOT NULL)),
	CHECK ((scope = 'provider') = (provider_id IS NOT NULL))
) STRICT;

-- One at a time of each scope.
CREATE UNIQUE INDEX reconcile_runs_running ON reconcile_runs
	(host_id, scope, coalesce(batch_id, ''), coalesce(provider_id, ''))
	WHERE state = 'running';
CREATE INDEX reconcile_runs_by_host ON reconcile_runs (host_id, reconcile_id);
CREATE INDEX reconcile_runs_by_batch ON reconcile_runs
	(batch_id, reconcile_id) WHERE batch_id IS NOT NULL;
CREATE INDEX reconcile_runs_by_provider ON reconcile_runs
	(provider_id, reconcile_id) WHERE provider_id IS NOT NULL;

-- A field that is not as it should be, or a resource that is gone (the field
-- `exists`).  `action` is what is done about it, `wanted`, `written` and
-- `live` are JSON without any secret: a key stands as its fingerprint.
CREATE TABLE reconcile_findings (
	reconcile_id     TEXT    NOT NULL
	                 REFERENCES reconcile_runs ON DELETE CASCADE,
	seq              INTEGER NOT NULL,
	resource_id      TEXT    NOT NULL,
	resource_type    TEXT    NOT NULL,
	host_resource_id TEXT    NOT NULL,
	field            TEXT    NOT NULL,
	moved            TEXT    NOT NULL CHECK (moved IN
	                 ('nobody', 'them', 'us', 'both')),
	action           TEXT    NOT NULL CHECK (action IN
	                 ('restore', 'accept', 'ask')),
	certainty        TEXT    NOT NULL CHECK (certainty IN
	                 ('certain', 'likely', 'unknown')),
	wanted           TEXT,
	written          TEXT,
	live             TEXT,
	state            TEXT    NOT NULL CHECK (state IN
	                 ('found', 'repaired', 'accepted', 'asked', 'failed')),
	text             TEXT,                      -- why it failed
	settled_by       TEXT,                      -- token_id of who decided
	at               INTEGER NOT NULL,
	PRIMARY KEY (reconcile_id, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX reconcile_findings_by_resource
	ON reconcile_findings (reconcile_id, resource_id, seq);
CREATE INDEX reconcile_findings_open
	ON reconcile_findings (reconcile_id, seq) WHERE state = 'found';

-- What a list made doubtful, until it has been read by itself.
CREATE TABLE reconcile_suspects (
	reconcile_id  TEXT NOT NULL
	              REFERENCES reconcile_runs ON DELETE CASCADE,
	resource_id   TEXT NOT NULL,
	resource_type TEXT NOT NULL,
	PRIMARY KEY (reconcile_id, resource_id)
) STRICT, WITHOUT ROWID;

-- When the background reconciles a host next; 0: not planned yet.
ALTER TABLE hosts ADD COLUMN reconcile_due_at INTEGER NOT NULL DEFAULT 0;
CREATE INDEX hosts_reconcile_due ON hosts (reconcile_due_at, host_id)
	WHERE paused_at IS NULL;
