-- What imports do to keys of somebody real, and take back.

-- The right to our group came with the move (the host says "auto granted").
ALTER TABLE moved_keys ADD COLUMN granted INTEGER NOT NULL DEFAULT 0;

-- The item has failed, and is taking back what it did: it rests on the key no
-- more, though its move is not over.
ALTER TABLE moved_keys ADD COLUMN leaving INTEGER NOT NULL DEFAULT 0;

CREATE INDEX moved_keys_by_user ON moved_keys (host_id, user_id, to_group);

-- From now on `from_group` is where a key was before any of us moved it.
-- Until now it was where the next move found it, which may be a group of ours
-- that an earlier move led to: go back to the beginning of such a chain.
UPDATE moved_keys SET from_group = (
	WITH RECURSIVE back (from_group, moved_at, n) AS (
		VALUES (moved_keys.from_group, moved_keys.moved_at, 0)
		UNION ALL
		SELECT m.from_group, m.moved_at, back.n + 1
		FROM back CROSS JOIN moved_keys m
		WHERE m.host_id = moved_keys.host_id
		AND m.key_id = moved_keys.key_id
		AND m.to_group = back.from_group
		AND m.moved_at < back.moved_at
		AND m.ended_at IS NULL AND back.n < 100
	)
	SELECT from_group FROM back ORDER BY n DESC LIMIT 1
) WHERE ended_at IS NULL;
