#include "shared/canary.h"

#include <assert.h>
#include <stdlib.h>

#include "shared/items.h"
#include "shared/runs.h"

void canary_hold(int64_t canary_items, size_t n, const char *run_id,
		 struct task_spec *task)
{
	if (canary_items == 0 || (int64_t)n < canary_items)
		return;
	task->hold = HOLD_CANARY;
	task->held_on = run_id;
}

static const struct db_query q_state = { "canary.state",
	"UPDATE import_runs SET canary_state = $2, canary_class = $3,"
	" updated_at = $4 WHERE run_id = $1" };

static int change(struct db *db, const char *run_id, enum canary_state to,
		  const char *class, int64_t now, struct err *err)
{
	return db_run(db, &q_state, DB_ARGS(DB_TEXT(run_id),
		      DB_TEXT(canary_state_name(to)), DB_TEXT(class),
		      DB_I64(now)), err);
}

/* How the first items stand. */
struct tally {
	int64_t open, active;
	int64_t most;		/* failures of one class */
	char *class;		/* that one; or NULL */
};

static void tally_done(struct tally *tally)
{
	free(tally->class);
}

static const struct db_query q_tally = { "canary.tally",
	"SELECT open, class, count(*) FROM"
	" (SELECT finished_at IS NULL AS open, failure_class AS class"
	"  FROM import_run_items WHERE run_id = $1 ORDER BY seq LIMIT $2)"
	" AS first GROUP BY open, class" };

static int count(struct db *db, const struct run *run, struct tally *ret,
		 struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	if (db_query(&rows, db, &q_tally, DB_ARGS(DB_TEXT(run->run_id),
		     DB_I64(run->canary_items)), err))
		return -1;
	while ((more = db_next(&rows, err)) > 0) {
		int64_t n = db_i64(&rows, 2);

		if (db_i64(&rows, 0)) {
			ret->open += n;
		} else if (!db_text(&rows, 1)) {
			ret->active += n;
		} else if (n > ret->most) {
			ret->most = n;
			own_set(&ret->class, db_text(&rows, 1));
		}
	}
	return more;
}

/* One of the first ended: are they through? */
static int prove(struct db *db, const struct run *run, int64_t now,
		 bool *ret_held, struct err *err)
{
	CLEANUP(tally_done) struct tally tally = { 0 };

	if (count(db, run, &tally, err))
		return -1;
	if (tally.open > 0)
		return 0;
	if (tally.active > 0 && (run->canary_stop_after == 0 ||
				 tally.most < run->canary_stop_after)) {
		if (change(db, run->run_id, CANARY_PASSED, NULL, now, err))
			return -1;
		return tasks_release(db, HOLD_CANARY, run->run_id, now, err);
	}
	/* Is there a rest to be stopped? */
	*ret_held = run->counts.done < run->counts.total;
	return change(db, run->run_id, CANARY_HELD, tally.class, now, err);
}

/* An item that is tried again by hand, out of turn, counts like any other. */
static const struct db_query q_streak = { "canary.streak",
	"UPDATE import_runs SET canary_streak = CASE WHEN $2 IS NULL THEN 0"
	"  WHEN canary_streak_class = $2 THEN canary_streak + 1 ELSE 1 END,"
	" canary_streak_class = $2"
	" WHERE run_id = $1 RETURNING canary_streak" };

static int count_row(struct db *db, const struct run *run, const char *class,
		     int64_t now, bool *ret_held, struct err *err)
{
	int64_t streak;

	if (run->canary_stop_after == 0)
		return 0;
	if (db_number(db, &q_streak, DB_ARGS(DB_TEXT(run->run_id),
		      DB_TEXT(class)), &streak, err))
		return -1;
	if (streak < run->canary_stop_after ||
	    run->counts.done == run->counts.total)
		return 0;
	*ret_held = true;
	if (change(db, run->run_id, CANARY_HELD, class, now, err))
		return -1;
	return tasks_hold_rest(db, run->run_id, IMPORT_FIRST_STEP, now, err);
}

int canary_item_ended(struct db *db, const char *run_id, const char *class,
		      int64_t now, bool *ret_held, struct err *err)
{
	CLEANUP(run_done) struct run run = { 0 };

	assert(db_in_tx(db));
	*ret_held = false;
	if (runs_get(db, run_id, &run, err))
		return -1;
	if (run.state == RUN_CANCELLED)
		return 0;
	if (run.canary == CANARY_PROVING)
		return prove(db, &run, now, ret_held, err);
	if (run.canary == CANARY_PASSED)
		return count_row(db, &run, class, now, ret_held, err);
	return 0;
}

int canary_resume(struct db *db, const char *run_id, int64_t now,
		  struct err *err)
{
	CLEANUP(run_done) struct run run = { 0 };

	assert(db_in_tx(db));
	if (runs_get(db, run_id, &run, err))
		return -1;
	if (run.state != RUN_RUNNING || run.canary != CANARY_HELD) {
		err_set(err, ERR_CONFLICT, "run %s is %s and its canary is "
			"%s: nothing is held that could be resumed", run_id,
			run_state_name(run.state),
			canary_state_name(run.canary));
		return err_code(err, "run_not_held");
	}
	if (change(db, run_id, CANARY_RESUMED, run.canary_class, now, err))
		return -1;
	return tasks_release(db, HOLD_CANARY, run_id, now, err);
}

const struct db_query *const canary_queries[] = {
	&q_state, &q_tally, &q_streak, NULL
};
