-- What a provider's key can do: which paths, and of its models which of
-- stream, tools, JSON mode and thinking.
--
-- One row for each key at each endpoint.  It is three things at once: what
-- was learnt last, so that nothing is asked twice within a set time; what is
-- being asked now, so that one flow at most asks with one key; and what was
-- spent on it today.

CREATE TABLE capability_profiles (
	profile_id   TEXT    PRIMARY KEY,
	endpoint_key TEXT    NOT NULL,
	-- The fingerprint; of a key too short for one, the id of its secret:
	-- such a profile is nobody else's.
	key_name     TEXT    NOT NULL,
	-- Whose key, models and way out the next asking uses.
	item_id      TEXT    NOT NULL,
	host_id      TEXT    NOT NULL,

	-- What was learnt last, as JSON; NULL: nothing yet.
	profile      TEXT    CHECK (length(profile) <= 16384),
	level        TEXT    CHECK (level IN ('basic', 'full')),
	taken_at     INTEGER,           -- NULL: never, or not to the end

	-- How much is wanted, since when (NULL: it is under way), and the task
	-- of the flow that asks (NULL: none does) with what it has so far.
	wanted       TEXT    CHECK (wanted IN ('basic', 'full')),
	wanted_at    INTEGER,
	task_id      TEXT,
	draft        TEXT    CHECK (length(draft) <= 16384),

	-- Requests and tokens that it cost, on `day` (days since 1970, UTC).
	day          INTEGER NOT NULL DEFAULT 0,
	probes       INTEGER NOT NULL DEFAULT 0,
	tokens       INTEGER NOT NULL DEFAULT 0,

	created_at   INTEGER NOT NULL,
	updated_at   INTEGER NOT NULL,
	UNIQUE (endpoint_key, key_name)
) STRICT;
CREATE INDEX capability_profiles_wanted
	ON capability_profiles (wanted_at, profile_id)
	WHERE wanted_at IS NOT NULL AND task_id IS NULL;
CREATE INDEX capability_profiles_running ON capability_profiles (task_id)
	WHERE task_id IS NOT NULL;

-- Who brought the same key: their items get the profile, too.
CREATE INDEX secrets_of_capabilities ON secrets (fingerprint)
	WHERE fingerprint IS NOT NULL;
