-- Imports by provider: what the views by provider are led by, and hosts in
-- waves.

-- The provider of pack_id that a run imports keys of, and its endpoint: one
-- of each, as all keys of such a run have the same base URL.  NULL in imports
-- by URL and key.
ALTER TABLE import_runs ADD COLUMN pack_provider_id TEXT;
ALTER TABLE import_runs ADD COLUMN endpoint_key TEXT;

-- On which hosts is it, by which endpoints, and which run was the last?
CREATE INDEX import_runs_by_provider ON import_runs
	(pack_provider_id, pack_id, host_id, endpoint_key, run_id)
	WHERE pack_provider_id IS NOT NULL;
CREATE INDEX import_runs_by_provider_age ON import_runs
	(pack_provider_id, run_id) WHERE pack_provider_id IS NOT NULL;

-- An import on several hosts.  The run of the first host, wave_place 0, goes
-- ahead; the others are held, as by a canary, until it has ended well.
ALTER TABLE import_runs ADD COLUMN wave_id TEXT;
ALTER TABLE import_runs ADD COLUMN wave_place INTEGER;
CREATE UNIQUE INDEX import_runs_by_wave ON import_runs (wave_id, wave_place)
	WHERE wave_id IS NOT NULL;
