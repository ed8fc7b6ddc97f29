#include "shared/waves.h"

#include <assert.h>
#include <stdio.h>

#include "shared/canary.h"
#include "shared/jout.h"
#include "shared/items.h"
#include "shared/notices.h"
#include "shared/runs.h"

void waves_hold(int64_t place, const char *run_id, struct task_spec *task)
{
	if (place == 0)
		return;
	task->hold = HOLD_CANARY;
	task->held_on = run_id;
}

/* Another run of the wave that has not ended. */
struct other {
	char run_id[ID_MAX];
	char host_id[ID_MAX];
	bool held;
};

static const struct db_query q_others = { "waves.others",
	"SELECT run_id, host_id, canary_state = 'held' FROM import_runs"
	" WHERE wave_id = $1 AND run_id <> $2 AND state = 'running'"
	" ORDER BY wave_place LIMIT $3" };

static int read_others(struct db *db, const struct run *run,
		       struct other ret[WAVE_RUNS_MAX], size_t *ret_count,
		       struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	*ret_count = 0;
	if (db_query(&rows, db, &q_others, DB_ARGS(DB_TEXT(run->wave_id),
		     DB_TEXT(run->run_id), DB_I64(WAVE_RUNS_MAX)), err))
		return -1;
	while ((more = db_next(&rows, err)) > 0) {
		struct other *one = &ret[(*ret_count)++];

		snprintf(one->run_id, ID_MAX, "%s", db_must(&rows, 0));
		snprintf(one->host_id, ID_MAX, "%s", db_must(&rows, 1));
		one->held = db_i64(&rows, 2) != 0;
	}
	return more;
}

static const struct db_query q_hold = { "waves.hold",
	"UPDATE import_runs SET canary_state = 'held', canary_class = $2,"
	" updated_at = $3 WHERE run_id = $1" };

static int tell(struct db *db, const struct other *other, const char *class,
		int64_t now, uint64_t random, struct err *err)
{
	CLEANUP(jout_done) struct jout out = { .text.max = 512 };
	struct notice_spec spec = {
		.kind = NOTICE_RUN_HELD,
		.subject = other->run_id,
		.host_id = other->host_id,
		.class = class,
	};
	int64_t held;

	if (tasks_held_on(db, other->run_id, &held, err))
		return -1;
	jout_object(&out, NULL);
	jout_str(&out, "run_id", other->run_id);
	jout_i64(&out, "held", held);
	jout_object_end(&out);
	spec.detail = buf_str(&out.text);
	return held ? notices_raise(db, &spec, now, random, err) : 0;
}

/* Why it failed, as far as one class says it. */
static const struct db_query q_class = { "waves.class",
	"SELECT failure_class FROM import_run_items WHERE run_id = $1"
	" AND failure_class IS NOT NULL ORDER BY item_id LIMIT 1" };

static int class_of(struct db *db, const char *run_id, char ret[64],
		    struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	if (db_query(&rows, db, &q_class, DB_ARGS(DB_TEXT(run_id)), err))
		return -1;
	more = db_next(&rows, err);
	snprintf(ret, 64, "%s", more > 0 ? db_must(&rows, 0) : "");
	return more < 0 ? -1 : 0;
}

static int stop(struct db *db, const struct other *other, const char *class,
		int64_t now, uint64_t random, struct err *err)
{
	const char *why = *class ? class : NULL;

	if (db_run(db, &q_hold, DB_ARGS(DB_TEXT(other->run_id), DB_TEXT(why),
		   DB_I64(now)), err) ||
	    (!other->held && tasks_hold_rest(db, other->run_id,
					     IMPORT_FIRST_STEP, now, err)))
		return -1;
	return tell(db, other, why, now, random, err);
}

static int stop_all(struct db *db, const struct run *run,
		    const struct other *others, size_t n, int64_t now,
		    uint64_t random, struct err *err)
{
	char class[64];

	if (class_of(db, run->run_id, class, err))
		return -1;
	for (size_t i = 0; i < n; i++)
		if (stop(db, &others[i], class, now, random + i, err))
			return -1;
	return 0;
}

int waves_item_ended(struct db *db, const char *run_id, int64_t now,
		     uint64_t random, struct err *err)
{
	CLEANUP(run_done) struct run run = { 0 };
	struct other others[WAVE_RUNS_MAX];
	size_t n;

	assert(db_in_tx(db));
	if (runs_get(db, run_id, &run, err))
		return -1;
	if (!run.wave_id || run.counts.done < run.counts.total ||
	    run.state == RUN_CANCELLED)
		return 0;
	if (read_others(db, &run, others, &n, err))
		return -1;
	if (run.state == RUN_FAILED)
		return stop_all(db, &run, others, n, now, random, err);
	for (size_t i = 0; run.wave_place == 0 && i < n; i++)
		if (others[i].held &&
		    (canary_resume(db, others[i].run_id, now, err) ||
		     notices_end(db, NOTICE_RUN_HELD, others[i].run_id, now,
				 err)))
			return -1;
	return 0;
}

const struct db_query *const waves_queries[] = {
	&q_others, &q_hold, &q_class, NULL
};
