#include "shared/tasks.h"

#include <assert.h>
#include <string.h>

/* How soon a cancelled task that would have been parked looks again. */
#define CANCELLED_WAIT_MS 1000

static const char *const next_states[] = {
	[TASK_STAYS_LEASED]	= "leased",
	[TASK_DUE]		= "due",
	[TASK_PARKED]		= "parked",
	[TASK_DONE]		= "done",
};
_Static_assert(COUNT(next_states) == TASK_DONE + 1, "name every state");

static const char *const hold_names[] = {
	[HOLD_NONE]	= "none",
	[HOLD_CANARY]	= "canary",
	[HOLD_HOST]	= "host",
	[HOLD_ENDPOINT]	= "endpoint",
};
TABLE_ENUM_DEFINE(hold, hold_names, HOLD__MAX);

/* What task_read() reads, in its order. */
#define TASK_COLUMNS \
	"task_id, flow, subject_id, run_id, host_id, step, step_since," \
	" attempt, not_before, fence, cancel, memo"

static void task_read(const struct db_rows *rows, struct task *ret)
{
	task_done(ret);
	*ret = (struct task){
		.task_id = db_strdup(rows, 0),
		.flow = db_strdup(rows, 1),
		.subject_id = db_strdup(rows, 2),
		.run_id = db_strdup(rows, 3),
		.host_id = db_strdup(rows, 4),
		.step = db_strdup(rows, 5),
		.step_since = db_i64(rows, 6),
		.attempt = db_i64(rows, 7),
		.not_before = db_i64(rows, 8),
		.fence = db_i64(rows, 9),
		.cancel = db_i64(rows, 10) != 0,
		.memo = db_strdup(rows, 11),
	};
}

void task_done(struct task *task)
{
	free(task->task_id);
	free(task->flow);
	free(task->subject_id);
	free(task->run_id);
	free(task->host_id);
	free(task->step);
	free(task->memo);
	*task = (struct task){ 0 };
}

static const struct db_query q_add = { "tasks.add",
	"INSERT INTO tasks (task_id, flow, subject_id, run_id, host_id, step,"
	" step_since, state, not_before, created_at, updated_at, memo,"
	" held_for, held_on)"
	" VALUES ($1, $2, $3, $4, $5, $6, $8,"
	" CASE WHEN $10 IS NULL THEN 'due' ELSE 'held' END, $7, $8, $8, $9,"
	" $10, $11)" };

int tasks_add(struct db *db, const struct task_spec *spec, int64_t now,
	      uint64_t random, char ret_id[ID_MAX], struct err *err)
{
	bool held = spec->hold != HOLD_NONE;
	char id[ID_MAX];

	assert(held == (spec->held_on != NULL));
	id_make(id, "tsk", now, random);
	if (db_run(db, &q_add, DB_ARGS(DB_TEXT(id), DB_TEXT(spec->flow),
		   DB_TEXT(spec->subject_id), DB_TEXT(spec->run_id),
		   DB_TEXT(spec->host_id), DB_TEXT(spec->step),
		   DB_I64(spec->not_before), DB_I64(now),
		   DB_TEXT(spec->memo ? spec->memo : "{}"),
		   DB_TEXT(held ? hold_name(spec->hold) : NULL),
		   DB_TEXT(spec->held_on)), err))
		return err_wrap(err, "add task");
	memcpy(ret_id, id, ID_MAX);
	return 0;
}

/* The text is that of the index tasks_due_lane. */
#define LANE "coalesce(run_id, '-')"

static const struct db_query q_next_lane = { "tasks.next_lane",
	"SELECT " LANE ", not_before FROM tasks"
	" WHERE state = 'due' AND " LANE " > $1"
	" ORDER BY " LANE ", not_before, task_id LIMIT 1" };

int tasks_next_lane(struct db *db, const char *after, char ret_lane[ID_MAX],
		    int64_t *ret_due, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	if (db_query(&rows, db, &q_next_lane, DB_ARGS(DB_TEXT(after)), err))
		return -1;
	more = db_next(&rows, err);
	if (more < 0)
		return -1;
	*ret_due = more ? db_i64(&rows, 1) : INT64_MAX;
	snprintf(ret_lane, ID_MAX, "%s", more ? db_must(&rows, 0) : "");
	return 0;
}

/*
 * The outer condition repeats the inner one: where two statements run at
 * once, the second finds the row changed and leaves it alone.
 */
static const struct db_query q_claim = { "tasks.claim",
	"UPDATE tasks SET state = 'leased', lease_owner = $1,"
	" lease_until = $3, fence = fence + 1, updated_at = $2"
	" WHERE task_id IN (SELECT task_id FROM tasks"
	"  WHERE state = 'due' AND " LANE " = $5 AND not_before <= $2"
	"  ORDER BY not_before, task_id LIMIT $4)"
	" AND state = 'due'"
	" RETURNING " TASK_COLUMNS };

int tasks_claim(struct db_rows *rows, struct db *db, const char *lane,
		const struct task_lease *lease, int64_t now, int64_t limit,
		struct err *err)
{
	return db_query(rows, db, &q_claim, DB_ARGS(DB_TEXT(lease->owner),
			DB_I64(now), DB_I64(lease->until), DB_I64(limit),
			DB_TEXT(lane)), err);
}

int tasks_claim_next(struct db_rows *rows, struct task *task, struct err *err)
{
	int more = db_next(rows, err);

	if (more > 0)
		task_read(rows, task);
	return more;
}

static const struct db_query q_next_due = { "tasks.next_due",
	"SELECT not_before FROM tasks WHERE state = 'due'"
	" ORDER BY not_before, task_id LIMIT 1" };

int tasks_next_due(struct db *db, int64_t *ret, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	if (db_query(&rows, db, &q_next_due, DB_NO_ARGS, err))
		return -1;
	more = db_next(&rows, err);
	if (more < 0)
		return -1;
	*ret = more ? db_i64(&rows, 0) : INT64_MAX;
	return 0;
}

/*
 * A cancelled task must not be parked: nobody would wake it before somebody
 * else has settled the resource.
 */
static const struct db_query q_settle = { "tasks.settle",
	"UPDATE tasks SET"
	" state = CASE WHEN $4 = 'parked' AND cancel = 1 THEN 'due'"
	"  ELSE $4 END,"
	" parked_on = CASE WHEN cancel = 1 THEN NULL ELSE $5 END,"
	" not_before = CASE WHEN $4 = 'parked' AND cancel = 1 THEN $6"
	"  ELSE coalesce($7, not_before) END,"
	" lease_owner = $8, lease_until = $9, step = $10, step_since = $11,"
	" attempt = $12, memo = $13, last_class = $14, updated_at = $15"
	" WHERE task_id = $1 AND lease_owner = $2 AND fence = $3"
	" AND state = 'leased'"
	" RETURNING cancel" };

int tasks_settle(struct db *db, struct task *task, const char *owner,
		 const struct task_settlement *s, int64_t now, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	bool stays = s->next == TASK_STAYS_LEASED;
	struct db_val not_before = DB_NULL;
	int more;

	assert((s->next == TASK_PARKED) == (s->parked_on != NULL));
	if (strlen(s->memo) > TASK_MEMO_MAX)
		return err_set(err, ERR_INTERNAL, "the memo of task %s has "
			       "%zu bytes", task->task_id, strlen(s->memo));
	if (s->next == TASK_DUE)
		not_before = (struct db_val)DB_I64(s->not_before);
	if (db_query(&rows, db, &q_settle, DB_ARGS(DB_TEXT(task->task_id),
		     DB_TEXT(owner), DB_I64(task->fence),
		     DB_TEXT(next_states[s->next]), DB_TEXT(s->parked_on),
		     DB_I64(now + CANCELLED_WAIT_MS), not_before,
		     DB_TEXT(stays ? owner : NULL),
		     DB_TIME(stays ? s->lease_until : 0), DB_TEXT(s->step),
		     DB_I64(s->step_since), DB_I64(s->attempt),
		     DB_TEXT(s->memo), DB_TEXT(s->last_class), DB_I64(now)),
		     err))
		return -1;
	more = db_next(&rows, err);
	if (more == 0)
		return err_set(err, ERR_CONFLICT, "task %s is no longer leased"
			       " to us", task->task_id);
	if (more < 0)
		return err_wrap(err, "settle task %s", task->task_id);
	task->cancel = db_i64(&rows, 0) != 0;
	return db_next(&rows, err);
}

static const struct db_query q_expire = { "tasks.expire_leases",
	"UPDATE tasks SET state = 'due', lease_owner = NULL,"
	" lease_until = NULL, not_before = $1, updated_at = $1"
	" WHERE state = 'leased' AND lease_until <= $1" };

int tasks_expire_leases(struct db *db, int64_t now, struct err *err)
{
	return db_run(db, &q_expire, DB_ARGS(DB_I64(now)), err);
}

static const struct db_query q_take_over = { "tasks.take_over",
	"UPDATE tasks SET state = 'due', lease_owner = NULL,"
	" lease_until = NULL, not_before = $1, updated_at = $1"
	" WHERE state = 'leased'" };

/* A row that was written later than now: the clock was set back since. */
static const struct db_query q_from_ahead = { "tasks.from_ahead",
	"UPDATE tasks SET updated_at = $1, step_since = $1,"
	" not_before = CASE WHEN not_before > updated_at"
	"  THEN $1 + not_before - updated_at ELSE $1 END"
	" WHERE state = 'due' AND not_before > $1 AND updated_at > $1" };

int tasks_take_over(struct db *db, int64_t now, struct err *err)
{
	if (db_run(db, &q_from_ahead, DB_ARGS(DB_I64(now)), err))
		return -1;
	return db_run(db, &q_take_over, DB_ARGS(DB_I64(now)), err);
}

/*
 * What is due already stays so.  What was written after the jump, by whoever
 * did not notice it, is right as it is: of a jump forward it is told by its
 * date, after one back it is due anyway.
 */
static const struct db_query q_shift_due = { "tasks.shift_due",
	"UPDATE tasks SET step_since = step_since + $1,"
	" not_before = CASE WHEN not_before > $2 THEN not_before + $1"
	"  ELSE not_before END"
	" WHERE state = 'due' AND not_before > 0 AND updated_at <= $3" };
static const struct db_query q_shift_leased = { "tasks.shift_leased",
	"UPDATE tasks SET step_since = step_since + $1,"
	" lease_until = lease_until + $1"
	" WHERE state = 'leased' AND lease_until > 0" };

int tasks_clock_jumped(struct db *db, int64_t by, int64_t now, struct err *err)
{
	int64_t before = now - by;	/* what the time would have been */

	assert(db_in_tx(db));
	if (db_run(db, &q_shift_due, DB_ARGS(DB_I64(by),
		   DB_I64(by > 0 ? before : now),
		   DB_I64(by > 0 ? before : INT64_MAX)), err))
		return -1;
	return db_run(db, &q_shift_leased, DB_ARGS(DB_I64(by)), err);
}

static const struct db_query q_wake_all = { "tasks.wake_all",
	"UPDATE tasks SET state = 'due', parked_on = NULL, not_before = $2,"
	" updated_at = $2"
	" WHERE parked_on = $1 AND state = 'parked'" };
/* The lane behind that of $3, who had it; else the first one. */
static const struct db_query q_wake_one = { "tasks.wake_one",
	"UPDATE tasks SET state = 'due', parked_on = NULL, not_before = $2,"
	" updated_at = $2"
	" WHERE task_id = coalesce((SELECT task_id FROM tasks"
	"  WHERE parked_on = $1 AND state = 'parked' AND " LANE " >"
	"   (SELECT coalesce(had.run_id, '-') FROM tasks AS had"
	"    WHERE had.task_id = $3)"
	"  ORDER BY " LANE ", task_id LIMIT 1),"
	" (SELECT task_id FROM tasks"
	"  WHERE parked_on = $1 AND state = 'parked'"
	"  ORDER BY " LANE ", task_id LIMIT 1))"
	" AND state = 'parked'" };

int tasks_wake(struct db *db, const char *resource_id, bool all,
	       const char *had, int64_t now, struct err *err)
{
	if (all)
		return db_run(db, &q_wake_all, DB_ARGS(DB_TEXT(resource_id),
			      DB_I64(now)), err);
	return db_run(db, &q_wake_one, DB_ARGS(DB_TEXT(resource_id),
		      DB_I64(now), DB_TEXT(had)), err);
}

/*
 * Is what holds it still paused?  Asked by the statement that holds: whoever
 * resumes at the same time has either released it or is seen here.  One that
 * was cancelled since it was read is not held: it has to hear of that.
 */
#define STILL_PAUSED \
	"(cancel = $7 AND CASE $4 WHEN 'host' THEN EXISTS" \
	" (SELECT 1 FROM hosts WHERE host_id = $5" \
	"  AND paused_at IS NOT NULL)" \
	" WHEN 'endpoint' THEN EXISTS" \
	" (SELECT 1 FROM endpoints WHERE endpoint_key = $5" \
	"  AND paused_at IS NOT NULL) END)"
static const struct db_query q_hold = { "tasks.hold",
	"UPDATE tasks SET"
	" state = CASE WHEN " STILL_PAUSED " THEN 'held' ELSE 'due' END,"
	" held_for = CASE WHEN " STILL_PAUSED " THEN $4 END,"
	" held_on = CASE WHEN " STILL_PAUSED " THEN $5 END,"
	" lease_owner = NULL, lease_until = NULL, not_before = $6,"
	" updated_at = $6"
	" WHERE task_id = $1 AND lease_owner = $2 AND fence = $3"
	" AND state = 'leased'" };

int tasks_hold(struct db *db, const struct task *task, const char *owner,
	       enum hold why, const char *on, int64_t now, struct err *err)
{
	assert(why == HOLD_HOST || why == HOLD_ENDPOINT);
	if (db_run(db, &q_hold, DB_ARGS(DB_TEXT(task->task_id),
		   DB_TEXT(owner), DB_I64(task->fence),
		   DB_TEXT(hold_name(why)), DB_TEXT(on), DB_I64(now),
		   DB_I64(task->cancel)), err))
		return err_wrap(err, "hold task %s", task->task_id);
	if (db_changes(db) == 0)
		return err_set(err, ERR_CONFLICT, "task %s is no longer leased"
			       " to us", task->task_id);
	return 0;
}

static const struct db_query q_hold_rest = { "tasks.hold_rest",
	"UPDATE tasks SET state = 'held', held_for = 'canary',"
	" held_on = $1, updated_at = $3"
	" WHERE state = 'due' AND " LANE " = $1 AND step = $2"
	" AND attempt = 0 AND cancel = 0" };

int tasks_hold_rest(struct db *db, const char *run_id, const char *first_step,
		    int64_t now, struct err *err)
{
	return db_run(db, &q_hold_rest, DB_ARGS(DB_TEXT(run_id),
		      DB_TEXT(first_step), DB_I64(now)), err);
}

/* It was on its step for as long as it was when it was held. */
static const struct db_query q_release = { "tasks.release",
	"UPDATE tasks SET state = 'due', held_for = NULL, held_on = NULL,"
	" not_before = $3, step_since = step_since + $3 - updated_at,"
	" updated_at = $3"
	" WHERE held_on = $2 AND held_for = $1 AND state = 'held'" };

int tasks_release(struct db *db, enum hold why, const char *on, int64_t now,
		  struct err *err)
{
	return db_run(db, &q_release, DB_ARGS(DB_TEXT(hold_name(why)),
		      DB_TEXT(on), DB_I64(now)), err);
}

static const struct db_query q_held_on = { "tasks.held_on",
	"SELECT count(*) FROM tasks WHERE held_on = $1 AND state = 'held'" };

int tasks_held_on(struct db *db, const char *on, int64_t *ret,
		  struct err *err)
{
	return db_number(db, &q_held_on, DB_ARGS(DB_TEXT(on)), ret, err);
}

static const struct db_query q_cancel_run = { "tasks.cancel_run",
	"UPDATE tasks SET cancel = 1,"
	" state = CASE WHEN state IN ('parked', 'held') THEN 'due'"
	"  ELSE state END,"
	" parked_on = NULL, held_for = NULL, held_on = NULL,"
	" not_before = CASE state WHEN 'leased' THEN not_before ELSE $2 END,"
	" updated_at = $2"
	" WHERE run_id = $1 AND state <> 'done'" };

int tasks_cancel_run(struct db *db, const char *run_id, int64_t now,
		     struct err *err)
{
	return db_run(db, &q_cancel_run, DB_ARGS(DB_TEXT(run_id), DB_I64(now)),
		      err);
}

static const struct db_query q_is_done = { "tasks.is_done",
	"SELECT state = 'done' FROM tasks WHERE task_id = $1" };

int tasks_is_done(struct db *db, const char *task_id, bool *ret,
		  struct err *err)
{
	int64_t done;

	if (db_number(db, &q_is_done, DB_ARGS(DB_TEXT(task_id)), &done, err))
		return -1;
	*ret = done != 0;
	return 0;
}

static const struct db_query q_of_subject = { "tasks.of_subject",
	"SELECT task_id FROM tasks WHERE subject_id = $1 AND state <> 'done'"
	" ORDER BY task_id DESC LIMIT 1" };

int tasks_of_subject(struct db *db, const char *subject_id,
		     char ret_id[ID_MAX], struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	if (db_query(&rows, db, &q_of_subject, DB_ARGS(DB_TEXT(subject_id)),
		     err))
		return -1;
	more = db_next(&rows, err);
	if (more < 0)
		return -1;
	snprintf(ret_id, ID_MAX, "%s", more ? db_must(&rows, 0) : "");
	return 0;
}

static const struct db_query q_open_of_run = { "tasks.open_of_run",
	"SELECT count(*) FROM tasks WHERE run_id = $1 AND state <> 'done'" };

int tasks_open_of_run(struct db *db, const char *run_id, int64_t *ret_count,
		      struct err *err)
{
	return db_number(db, &q_open_of_run, DB_ARGS(DB_TEXT(run_id)),
			 ret_count, err);
}

const struct db_query *const tasks_queries[] = {
	&q_add, &q_next_lane, &q_claim, &q_next_due, &q_settle, &q_expire, &q_take_over,
	&q_from_ahead, &q_shift_due, &q_shift_leased,
	&q_wake_all, &q_wake_one, &q_hold, &q_hold_rest, &q_release,
	&q_held_on, &q_cancel_run, &q_is_done, &q_of_subject,
	&q_open_of_run, NULL
};
