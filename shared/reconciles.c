#include "shared/reconciles.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "shared/tasks.h"

static const char *const scope_names[] = {
	[RECONCILE_HOST]	= "host",
	[RECONCILE_RUN]		= "run",
	[RECONCILE_PROVIDER]	= "provider",
};
TABLE_ENUM_DEFINE(reconcile_scope, scope_names, RECONCILE_SCOPE__MAX);

static const char *const result_names[] = {
	[RECONCILE_IN_SYNC]	= "in_sync",
	[RECONCILE_DRIFTED]	= "drifted",
	[RECONCILE_REPAIRED]	= "repaired",
	[RECONCILE_UNKNOWN]	= "unknown",
	[RECONCILE_FAILED]	= "failed",
};
TABLE_ENUM_DEFINE(reconcile_result, result_names, RECONCILE_RESULT__MAX);

/* What run_read() reads, in its order, of the table as `r`. */
#define RUN_COLUMNS \
	"r.reconcile_id, r.host_id, r.scope, r.batch_id, r.provider_id," \
	" r.places, r.mode, r.state, r.result, r.compared, r.missing," \
	" r.skipped, r.findings_found, r.findings_repaired," \
	" r.findings_accepted, r.findings_asked, r.findings_failed," \
	" r.findings_dropped, r.unknown_parts, r.checks, r.requested_by," \
	" r.failure_class, r.failure_detail, r.created_at, r.finished_at"
#define RUN_COLUMNS_COUNT 25

static void read_counts(const struct db_rows *rows,
			struct reconcile_counts *ret)
{
	*ret = (struct reconcile_counts){
		.compared = db_i64(rows, 9),
		.missing = db_i64(rows, 10),
		.skipped = db_i64(rows, 11),
		.found = db_i64(rows, 12),
		.repaired = db_i64(rows, 13),
		.accepted = db_i64(rows, 14),
		.asked = db_i64(rows, 15),
		.failed = db_i64(rows, 16),
		.dropped = db_i64(rows, 17),
	};
}

static int run_read(const struct db_rows *rows, struct reconcile_run *ret,
		    struct err *err)
{
	struct reconcile_run run = { 0 };

	if (!reconcile_scope_parse(db_text(rows, 2), &run.scope) ||
	    (db_text(rows, 8) &&
	     !reconcile_result_parse(db_text(rows, 8), &run.result)))
		return err_set(err, ERR_INTERNAL, "reconcile %s: unknown scope "
			       "or result", db_must(rows, 0));
	run.reconcile_id = db_strdup(rows, 0);
	run.host_id = db_strdup(rows, 1);
	run.batch_id = db_strdup(rows, 3);
	run.provider_id = db_strdup(rows, 4);
	run.places = db_strdup(rows, 5);
	run.repair = strcmp(db_must(rows, 6), "repair") == 0;
	run.done = strcmp(db_must(rows, 7), "done") == 0;
	read_counts(rows, &run.counts);
	run.unknown_parts = db_strdup(rows, 18);
	run.checks = db_strdup(rows, 19);
	run.requested_by = db_strdup(rows, 20);
	run.failure_class = db_strdup(rows, 21);
	run.failure_detail = db_strdup(rows, 22);
	run.created_at = db_i64(rows, 23);
	run.finished_at = db_i64(rows, 24);
	reconcile_run_done(ret);
	*ret = run;
	return 0;
}

void reconcile_run_done(struct reconcile_run *run)
{
	free(run->reconcile_id);
	free(run->host_id);
	free(run->batch_id);
	free(run->provider_id);
	free(run->places);
	free(run->unknown_parts);
	free(run->checks);
	free(run->requested_by);
	free(run->failure_class);
	free(run->failure_detail);
	*run = (struct reconcile_run){ 0 };
}

/* ---- begin ---- */

static const struct db_query q_running = { "reconciles.running",
	"SELECT reconcile_id, mode = 'repair' FROM reconcile_runs"
	" WHERE host_id = $1 AND scope = $2"
	" AND coalesce(batch_id, '') = $3 AND coalesce(provider_id, '') = $4"
	" AND state = 'running'" };

/* "" if none of this scope runs. */
static int find_running(struct db *db, const struct reconcile_spec *spec,
			char ret_id[ID_MAX], bool *ret_repair, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	if (db_query(&rows, db, &q_running, DB_ARGS(DB_TEXT(spec->host_id),
		     DB_TEXT(reconcile_scope_name(spec->scope)),
		     DB_TEXT(spec->batch_id ? spec->batch_id : ""),
		     DB_TEXT(spec->provider_id ? spec->provider_id : "")),
		     err))
		return -1;
	more = db_next(&rows, err);
	if (more < 0)
		return -1;
	snprintf(ret_id, ID_MAX, "%s", more ? db_must(&rows, 0) : "");
	*ret_repair = more && db_i64(&rows, 1) != 0;
	return 0;
}

static const struct db_query q_add = { "reconciles.add",
	"INSERT INTO reconcile_runs (reconcile_id, host_id, scope, batch_id,"
	" provider_id, places, mode, state, requested_by, created_at)"
	" VALUES ($1, $2, $3, $4, $5, $6, $7, 'running', $8, $9)" };

static int add_task(struct db *db, const char *reconcile_id,
		    const char *host_id, const char *step, int64_t now,
		    uint64_t random, struct err *err)
{
	const struct task_spec spec = {
		.flow = RECONCILE_FLOW,
		.subject_id = reconcile_id,
		.host_id = host_id,
		.step = step,
		.not_before = now,
	};
	char task_id[ID_MAX];

	return tasks_add(db, &spec, now, random, task_id, err);
}

static int add(struct db *db, const struct reconcile_spec *spec, int64_t now,
	       uint64_t random, char ret_id[ID_MAX], struct err *err)
{
	char id[ID_MAX];

	id_make(id, "rec", now, random);
	if (db_run(db, &q_add, DB_ARGS(DB_TEXT(id), DB_TEXT(spec->host_id),
		   DB_TEXT(reconcile_scope_name(spec->scope)),
		   DB_TEXT(spec->batch_id), DB_TEXT(spec->provider_id),
		   DB_TEXT(spec->places ? spec->places : "[]"),
		   DB_TEXT(spec->repair ? "repair" : "look"),
		   DB_TEXT(spec->requested_by), DB_I64(now)), err) ||
	    add_task(db, id, spec->host_id, RECONCILE_FIRST_STEP, now, random,
		     err))
		return err_wrap(err, "add reconcile");
	memcpy(ret_id, id, ID_MAX);
	return 0;
}

static int in_progress(const char *running, struct err *err)
{
	err_set(err, ERR_CONFLICT, "reconcile %s of the same scope has not "
		"ended", running);
	return err_code(err, "reconcile_in_progress");
}

int reconciles_add(struct db *db, const struct reconcile_spec *spec,
		   int64_t now, uint64_t random, char ret_id[ID_MAX],
		   struct err *err)
{
	char running[ID_MAX];
	bool repairs;

	assert(db_in_tx(db));
	if (find_running(db, spec, running, &repairs, err))
		return -1;
	if (*running == '\0')
		return add(db, spec, now, random, ret_id, err);
	memcpy(ret_id, running, ID_MAX);
	return spec->repair && !repairs ? in_progress(running, err) : 0;
}

/* ---- read ---- */

static const struct db_query q_get = { "reconciles.get",
	"SELECT " RUN_COLUMNS " FROM reconcile_runs r"
	" WHERE r.reconcile_id = $1" };

int reconciles_get(struct db *db, const char *reconcile_id,
		   struct reconcile_run *ret, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	if (db_query(&rows, db, &q_get, DB_ARGS(DB_TEXT(reconcile_id)), err))
		return -1;
	more = db_next(&rows, err);
	if (more == 0)
		return err_set(err, ERR_NOT_FOUND, "no reconcile %s",
			       reconcile_id);
	return more < 0 ? -1 : run_read(&rows, ret, err);
}

/* ---- end ---- */

static const struct db_query q_finish = { "reconciles.finish",
	"UPDATE reconcile_runs SET state = 'done', result = $2,"
	" compared = $3, missing = $4, skipped = $5, findings_found = $6,"
	" findings_repaired = $7, findings_accepted = $8,"
	" findings_asked = $9, findings_failed = $10,"
	" findings_dropped = $11, unknown_parts = $12, checks = $13,"
	" failure_class = $14, failure_detail = $15, finished_at = $16"
	" WHERE reconcile_id = $1 AND state = 'running'" };
static const struct db_query q_drop_suspects = { "reconciles.drop_suspects",
	"DELETE FROM reconcile_suspects WHERE reconcile_id = $1" };

/*
 * Finished ones beyond those that are kept; some longer, as somebody may still
 * decide about what they found.
 */
#define OLD_RUNS \
	"(SELECT reconcile_id FROM reconcile_runs WHERE host_id = $1" \
	"  AND state = 'done' AND reconcile_id <=" \
	"  (SELECT reconcile_id FROM reconcile_runs WHERE host_id = $1" \
	"   ORDER BY reconcile_id DESC LIMIT 1 OFFSET $2)" \
	"  AND (findings_asked + findings_found + findings_failed = 0" \
	"   OR reconcile_id <=" \
	"   (SELECT reconcile_id FROM reconcile_runs WHERE host_id = $1" \
	"    ORDER BY reconcile_id DESC LIMIT 1 OFFSET $3)))"
static const struct db_query q_forget_tasks = { "reconciles.forget_tasks",
	"DELETE FROM tasks WHERE state = 'done' AND subject_id IN "
	OLD_RUNS };
static const struct db_query q_forget = { "reconciles.forget",
	"DELETE FROM reconcile_runs WHERE reconcile_id IN " OLD_RUNS };

static int forget_old(struct db *db, const char *host_id, struct err *err)
{
	if (db_run(db, &q_forget_tasks, DB_ARGS(DB_TEXT(host_id),
		   DB_I64(RECONCILES_KEPT), DB_I64(RECONCILES_KEPT_OPEN)),
		   err))
		return -1;
	return db_run(db, &q_forget, DB_ARGS(DB_TEXT(host_id),
		      DB_I64(RECONCILES_KEPT), DB_I64(RECONCILES_KEPT_OPEN)),
		      err);
}

int reconciles_finish(struct db *db, const struct reconcile_run *run,
		      int64_t now, struct err *err)
{
	const struct reconcile_counts *n = &run->counts;

	assert(db_in_tx(db));
	if (db_run(db, &q_finish, DB_ARGS(DB_TEXT(run->reconcile_id),
		   DB_TEXT(reconcile_result_name(run->result)),
		   DB_I64(n->compared), DB_I64(n->missing),
		   DB_I64(n->skipped), DB_I64(n->found), DB_I64(n->repaired),
		   DB_I64(n->accepted), DB_I64(n->asked), DB_I64(n->failed),
		   DB_I64(n->dropped), DB_TEXT(run->unknown_parts),
		   DB_TEXT(run->checks), DB_TEXT(run->failure_class),
		   DB_TEXT(run->failure_detail), DB_I64(now)), err))
		return err_wrap(err, "finish reconcile %s",
				run->reconcile_id);
	if (db_changes(db) == 0)
		return err_set(err, ERR_CONFLICT, "reconcile %s has ended",
			       run->reconcile_id);
	if (db_run(db, &q_drop_suspects,
		   DB_ARGS(DB_TEXT(run->reconcile_id)), err))
		return -1;
	return forget_old(db, run->host_id, err);
}

/* ---- on again ---- */

static const struct db_query q_resume = { "reconciles.resume",
	"UPDATE reconcile_runs SET state = 'running', finished_at = NULL"
	" WHERE reconcile_id = $1 AND state = 'done'" };

int reconciles_resume(struct db *db, const struct reconcile_run *run,
		      int64_t now, uint64_t random, struct err *err)
{
	const struct reconcile_spec spec = {
		.host_id = run->host_id,
		.scope = run->scope,
		.batch_id = run->batch_id,
		.provider_id = run->provider_id,
	};
	char running[ID_MAX];
	bool repairs;

	assert(db_in_tx(db));
	if (find_running(db, &spec, running, &repairs, err))
		return -1;
	if (strcmp(running, run->reconcile_id) == 0)
		return 0;
	if (*running)
		return in_progress(running, err);
	if (db_run(db, &q_resume, DB_ARGS(DB_TEXT(run->reconcile_id)), err))
		return -1;
	return add_task(db, run->reconcile_id, run->host_id,
			RECONCILE_DECIDED_STEP, now, random, err);
}

/* ---- lists ---- */

#define RESIDUE \
	" AND ($1 IS NULL OR r.host_id = $1)" \
	" AND ($2 IS NULL OR r.batch_id = $2)" \
	" AND ($3 IS NULL OR r.provider_id = $3)" \
	" AND ($4 IS NULL OR r.result = $4)"
#define LIST(name, lead) { name, \
	"SELECT " RUN_COLUMNS ", page.id FROM (SELECT reconcile_id AS id" \
	"  FROM reconcile_runs WHERE " lead " reconcile_id < $5" \
	"  ORDER BY reconcile_id DESC LIMIT $6) AS page" \
	" LEFT JOIN reconcile_runs r ON r.reconcile_id = page.id" RESIDUE }

static const struct db_query q_list = LIST("reconciles.list", "");
static const struct db_query q_list_host =
	LIST("reconciles.list_host", "host_id = $1 AND");
static const struct db_query q_list_batch =
	LIST("reconciles.list_batch", "batch_id = $2 AND");
static const struct db_query q_list_provider =
	LIST("reconciles.list_provider", "provider_id = $3 AND");

/* The query that the first filter given leads. */
static const struct db_query *lead(const struct reconcile_filter *filter)
{
	if (walk_given(filter->batch_id))
		return &q_list_batch;
	if (walk_given(filter->provider_id))
		return &q_list_provider;
	return walk_given(filter->host_id) ? &q_list_host : &q_list;
}

int reconciles_list(struct walk *walk, struct db *db,
		    const struct reconcile_filter *filter, struct err *err)
{
	const char *before = walk_given(filter->before);

	walk->id_column = RUN_COLUMNS_COUNT;
	walk->max = WALK_ROWS;
	return db_query(&walk->rows, db, lead(filter),
			DB_ARGS(DB_TEXT(walk_given(filter->host_id)),
			DB_TEXT(walk_given(filter->batch_id)),
			DB_TEXT(walk_given(filter->provider_id)),
			DB_TEXT(walk_given(filter->result)),
			DB_TEXT(before ? before : WALK_END),
			DB_I64(walk->max)), err);
}

int reconciles_list_next(struct walk *walk, struct reconcile_run *run,
			 struct err *err)
{
	int more = walk_next(walk, err);

	if (more > 0 && run_read(&walk->rows, run, err))
		return -1;
	return more;
}

/* ---- in the background ---- */

static const struct db_query q_due = { "reconciles.due",
	"SELECT host_id, reconcile_due_at FROM hosts"
	" WHERE reconcile_due_at <= $1 AND paused_at IS NULL"
	" AND state = 'ready' ORDER BY reconcile_due_at, host_id LIMIT 1" };

int reconciles_due(struct db *db, int64_t now, char ret_host_id[ID_MAX],
		   bool *ret_planned, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	if (db_query(&rows, db, &q_due, DB_ARGS(DB_I64(now)), err))
		return -1;
	more = db_next(&rows, err);
	if (more < 0)
		return -1;
	snprintf(ret_host_id, ID_MAX, "%s", more ? db_must(&rows, 0) : "");
	*ret_planned = more && db_i64(&rows, 1) != 0;
	return 0;
}

static const struct db_query q_next_due = { "reconciles.next_due",
	"SELECT coalesce(min(reconcile_due_at), 9223372036854775807)"
	" FROM hosts WHERE paused_at IS NULL AND state = 'ready'" };

int reconciles_next_due(struct db *db, int64_t *ret, struct err *err)
{
	return db_number(db, &q_next_due, DB_NO_ARGS, ret, err);
}

static const struct db_query q_plan = { "reconciles.plan",
	"UPDATE hosts SET reconcile_due_at = $2 WHERE host_id = $1" };

int reconciles_plan(struct db *db, const char *host_id, int64_t at,
		    struct err *err)
{
	return db_run(db, &q_plan, DB_ARGS(DB_TEXT(host_id), DB_I64(at)),
		      err);
}

const struct db_query *const reconciles_queries[] = {
	&q_running, &q_add, &q_get, &q_finish, &q_drop_suspects,
	&q_forget_tasks, &q_forget, &q_resume, &q_list, &q_list_host,
	&q_list_batch, &q_list_provider, &q_due, &q_next_due, &q_plan, NULL
};
