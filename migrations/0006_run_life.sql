-- The life of a run: fair turns, tasks that are held, canaries that count.
--
-- A table whose CHECKs grow is made anew: created, filled, dropped, renamed,
-- in this order, with foreign keys off (see shared/migrate.c).

-- What drives a flow.  `step` is what comes next.  A task is due, leased to a
-- schedd, parked until a resource is settled, held until somebody lets it go
-- on, or done.  `fence` is raised by every claim: who lost the lease cannot
-- settle.
--
-- held_for says who holds it and held_on whom that is about: a run whose
-- canary is not through, or a host or an endpoint that is paused.  Nobody
-- looks at a held task until the statement that releases it.
CREATE TABLE tasks_new (
	task_id     TEXT    PRIMARY KEY,
	flow        TEXT    NOT NULL,
	subject_id  TEXT    NOT NULL,               -- an item or a host
	run_id      TEXT,                           -- of an item
	host_id     TEXT    NOT NULL,
	step        TEXT    NOT NULL,
	step_since  INTEGER NOT NULL,
	attempt     INTEGER NOT NULL DEFAULT 0,     -- of this step
	state       TEXT    NOT NULL CHECK (state IN
	            ('due', 'leased', 'parked', 'held', 'done')),
	not_before  INTEGER NOT NULL,
	lease_owner TEXT,
	lease_until INTEGER,
	fence       INTEGER NOT NULL DEFAULT 0,
	parked_on   TEXT,                           -- resource_id
	held_for    TEXT    CHECK (held_for IN
	            ('canary', 'host', 'endpoint')),
	held_on     TEXT,                           -- run_id, host_id ...
	cancel      INTEGER NOT NULL DEFAULT 0,     -- end at the next step
	memo        TEXT    NOT NULL DEFAULT '{}' CHECK (length(memo) <= 4096),
	last_class  TEXT,
	created_at  INTEGER NOT NULL,
	updated_at  INTEGER NOT NULL,
	CHECK ((state = 'leased') = (lease_owner IS NOT NULL)),
	CHECK ((state = 'parked') = (parked_on IS NOT NULL)),
	CHECK ((state = 'held') = (held_for IS NOT NULL)),
	CHECK ((held_for IS NULL) = (held_on IS NULL))
) STRICT;
INSERT INTO tasks_new (task_id, flow, subject_id, run_id, host_id, step,
	step_since, attempt, state, not_before, lease_owner, lease_until,
	fence, parked_on, cancel, memo, last_class, created_at, updated_at)
SELECT task_id, flow, subject_id, run_id, host_id, step, step_since, attempt,
	state, not_before, lease_owner, lease_until, fence, parked_on, cancel,
	memo, last_class, created_at, updated_at
FROM tasks;
DROP TABLE tasks;
ALTER TABLE tasks_new RENAME TO tasks;
CREATE INDEX tasks_due ON tasks (not_before, task_id) WHERE state = 'due';
-- Turns go round the runs: each run that has something due is one step along
-- this index.  What belongs to no run (checks, probes) is a lane of its own,
-- '-', which stands before every id.  Who waits for a resource that one has
-- after the other takes turns in the same way.
CREATE INDEX tasks_due_lane ON tasks
	(coalesce(run_id, '-'), not_before, task_id) WHERE state = 'due';
CREATE INDEX tasks_leased ON tasks (lease_until) WHERE state = 'leased';
CREATE INDEX tasks_parked ON tasks
	(parked_on, coalesce(run_id, '-'), task_id) WHERE state = 'parked';
CREATE INDEX tasks_held ON tasks (held_on, task_id) WHERE state = 'held';
CREATE INDEX tasks_held_subject ON tasks (subject_id) WHERE state = 'held';
CREATE INDEX tasks_by_subject ON tasks (subject_id, task_id);
CREATE INDEX tasks_by_run ON tasks (run_id, task_id) WHERE run_id IS NOT NULL;

-- After the canary passed: how many items in a row ended with the same class.
ALTER TABLE import_runs ADD COLUMN canary_streak INTEGER NOT NULL DEFAULT 0;
ALTER TABLE import_runs ADD COLUMN canary_streak_class TEXT;
