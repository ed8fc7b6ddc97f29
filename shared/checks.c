#include "shared/checks.h"

#include <assert.h>
#include <string.h>

#include "shared/table.h"
#include "shared/tasks.h"

/* What check_read() reads, in its order. */
#define CHECK_COLUMNS \
	"check_id, access_id, requested_by, surfaces, state, result," \
	" failure_class, diagnosis, proof_id, repaired, created_at," \
	" finished_at"

static void check_read(const struct db_rows *rows, struct check *ret)
{
	check_done(ret);
	*ret = (struct check){
		.check_id = db_strdup(rows, 0),
		.access_id = db_strdup(rows, 1),
		.requested_by = db_strdup(rows, 2),
		.surfaces = db_i64(rows, 3) != 0,
		.done = strcmp(db_must(rows, 4), "done") == 0,
		.result = db_strdup(rows, 5),
		.failure_class = db_strdup(rows, 6),
		.diagnosis = db_strdup(rows, 7),
		.proof_id = db_strdup(rows, 8),
		.repaired = db_i64(rows, 9),
		.created_at = db_i64(rows, 10),
		.finished_at = db_i64(rows, 11),
	};
}

void check_done(struct check *check)
{
	free(check->check_id);
	free(check->access_id);
	free(check->requested_by);
	free(check->result);
	free(check->failure_class);
	free(check->diagnosis);
	free(check->proof_id);
	*check = (struct check){ 0 };
}

static const struct db_query q_join = { "checks.join",
	"SELECT check_id FROM access_checks WHERE access_id = $1"
	" AND state = 'running' AND surfaces >= $2"
	" ORDER BY check_id LIMIT 1" };

/* Who joins a check that has not begun wants it no later than his own. */
static const struct db_query q_hasten = { "checks.hasten",
	"UPDATE tasks SET not_before = $2, updated_at = $3"
	" WHERE subject_id = $1 AND state = 'due' AND attempt = 0"
	" AND not_before > $2" };

/* "" if there is none to join. */
static int join(struct db *db, const struct check_spec *spec, int64_t now,
		char ret_id[ID_MAX], struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	if (db_query(&rows, db, &q_join, DB_ARGS(DB_TEXT(spec->access_id),
		     DB_I64(spec->surfaces)), err))
		return -1;
	more = db_next(&rows, err);
	if (more < 0)
		return -1;
	snprintf(ret_id, ID_MAX, "%s", more ? db_must(&rows, 0) : "");
	if (!more)
		return 0;
	return db_run(db, &q_hasten, DB_ARGS(DB_TEXT(ret_id),
		      DB_I64(spec->not_before), DB_I64(now)), err);
}

static const struct db_query q_add = { "checks.add",
	"INSERT INTO access_checks (check_id, access_id, requested_by,"
	" surfaces, state, created_at)"
	" VALUES ($1, $2, $3, $4, 'running', $5)" };

int checks_add(struct db *db, const struct check_spec *spec, int64_t now,
	       uint64_t random, char ret_id[ID_MAX], struct err *err)
{
	char id[ID_MAX], task_id[ID_MAX];

	assert(db_in_tx(db));
	if (join(db, spec, now, id, err))
		return -1;
	if (*id == '\0') {
		id_make(id, "chk", now, random);
		if (db_run(db, &q_add, DB_ARGS(DB_TEXT(id),
			   DB_TEXT(spec->access_id),
			   DB_TEXT(spec->requested_by),
			   DB_I64(spec->surfaces), DB_I64(now)), err) ||
		    tasks_add(db, &(struct task_spec){ .flow = CHECK_FLOW,
			      .subject_id = id, .host_id = spec->host_id,
			      .step = CHECK_FIRST_STEP,
			      .not_before = spec->not_before }, now, random,
			      task_id, err))
			return err_wrap(err, "add check");
	}
	memcpy(ret_id, id, ID_MAX);
	return 0;
}

static const struct db_query q_get = { "checks.get",
	"SELECT " CHECK_COLUMNS " FROM access_checks WHERE check_id = $1" };

int checks_get(struct db *db, const char *check_id, struct check *ret,
	       struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	if (db_query(&rows, db, &q_get, DB_ARGS(DB_TEXT(check_id)), err))
		return -1;
	more = db_next(&rows, err);
	if (more == 0)
		return err_set(err, ERR_NOT_FOUND, "no check %s", check_id);
	if (more < 0)
		return -1;
	check_read(&rows, ret);
	return 0;
}

static const struct db_query q_note = { "checks.note",
	"UPDATE access_checks SET diagnosis = $2, repaired = $3"
	" WHERE check_id = $1 AND state = 'running'" };

int checks_note(struct db *db, const char *check_id, const char *diagnosis,
		int64_t repaired, struct err *err)
{
	return db_run(db, &q_note, DB_ARGS(DB_TEXT(check_id),
		      DB_TEXT(diagnosis), DB_I64(repaired)), err);
}

static const struct db_query q_finish = { "checks.finish",
	"UPDATE access_checks SET state = 'done', result = $2,"
	" failure_class = $3, diagnosis = $4, proof_id = $5, repaired = $6,"
	" finished_at = $7 WHERE check_id = $1" };

/*
 * With old checks go their tasks and what they proved, but not the proof that
 * the access rests on, nor the newest of each surface.
 */
#define OLD_CHECKS \
	"(SELECT check_id FROM access_checks WHERE access_id = $1" \
	"  AND state = 'done' AND check_id <" \
	"  (SELECT check_id FROM access_checks WHERE access_id = $1" \
	"   ORDER BY check_id DESC LIMIT 1 OFFSET $2))"
static const struct db_query q_forget_tasks = { "checks.forget_tasks",
	"DELETE FROM tasks WHERE state = 'done' AND subject_id IN "
	OLD_CHECKS };
static const struct db_query q_forget_proofs = { "checks.forget_proofs",
	"DELETE FROM proofs WHERE (kind <> 'surface' OR EXISTS"
	"  (SELECT 1 FROM proofs newer WHERE newer.access_id = $1"
	"   AND newer.proof_id > proofs.proof_id"
	"   AND newer.surface = proofs.surface))"
	" AND proof_id <>"
	" (SELECT coalesce(last_proof_id, '') FROM accesses"
	"  WHERE access_id = $1) AND check_id IN " OLD_CHECKS };
static const struct db_query q_forget = { "checks.forget",
	"DELETE FROM access_checks WHERE check_id IN " OLD_CHECKS };

static int forget_old(struct db *db, const char *access_id, struct err *err)
{
	static const struct db_query *const queries[] = {
		&q_forget_tasks, &q_forget_proofs, &q_forget,
	};

	for (size_t i = 0; i < COUNT(queries); i++)
		if (db_run(db, queries[i], DB_ARGS(DB_TEXT(access_id),
			   DB_I64(CHECKS_KEPT - 1)), err))
			return -1;
	return 0;
}

int checks_finish(struct db *db, const struct check *check, int64_t now,
		  struct err *err)
{
	assert(db_in_tx(db));
	if (db_run(db, &q_finish, DB_ARGS(DB_TEXT(check->check_id),
		   DB_TEXT(check->result), DB_TEXT(check->failure_class),
		   DB_TEXT(check->diagnosis), DB_TEXT(check->proof_id),
		   DB_I64(check->repaired), DB_I64(now)), err))
		return err_wrap(err, "finish check %s", check->check_id);
	if (db_changes(db) == 0)
		return err_set(err, ERR_NOT_FOUND, "no check %s",
			       check->check_id);
	return forget_old(db, check->access_id, err);
}

/* '~' stands behind every character of an id. */
static const struct db_query q_list = { "checks.list",
	"SELECT " CHECK_COLUMNS " FROM access_checks WHERE access_id = $1"
	" AND check_id < $2 ORDER BY check_id DESC LIMIT $3" };

int checks_list(struct db_rows *rows, struct db *db, const char *access_id,
		const char *before, int64_t limit, struct err *err)
{
	return db_query(rows, db, &q_list, DB_ARGS(DB_TEXT(access_id),
			DB_TEXT(before && *before ? before : "~"),
			DB_I64(limit)), err);
}

int checks_next(struct db_rows *rows, struct check *check, struct err *err)
{
	int more = db_next(rows, err);

	if (more > 0)
		check_read(rows, check);
	return more;
}

static const struct db_query q_running = { "checks.running",
	"SELECT count(*) FROM access_checks AS c"
	" JOIN tasks AS t ON t.subject_id = c.check_id AND t.state <> 'done'"
	"  AND t.state <> 'held'"
	" WHERE c.requested_by = $1 AND c.state = 'running'"
	" AND t.not_before <= $2" };

int checks_running(struct db *db, int64_t until, int64_t *ret,
		   struct err *err)
{
	return db_number(db, &q_running, DB_ARGS(DB_TEXT(CHECK_BY_WATCH),
			 DB_I64(until)), ret, err);
}

const struct db_query *const checks_queries[] = {
	&q_join, &q_hasten, &q_add, &q_get, &q_note, &q_finish, &q_forget_tasks,
	&q_forget_proofs, &q_forget, &q_list, &q_running, NULL
};
