#include "shared/changes.h"

#include <assert.h>
#include <string.h>

#include "shared/tasks.h"

static const char *const kind_names[] = {
	[CHANGE_MODELS]	= "models",
	[CHANGE_PROXY]	= "proxy",
	[CHANGE_PAUSE]	= "pause",
	[CHANGE_RESUME]	= "resume",
	[CHANGE_ROTATE_KEY] = "rotate_key",
};
TABLE_ENUM_DEFINE(change_kind, kind_names, CHANGE_KIND__MAX);

static const char *const state_names[] = {
	[CHANGE_RUNNING]	= "running",
	[CHANGE_OVERLAP]	= "overlap",
	[CHANGE_DONE]		= "done",
	[CHANGE_FAILED]		= "failed",
};
TABLE_ENUM_DEFINE(change_state, state_names, CHANGE_STATE__MAX);

/* What change_read() reads, in its order. */
#define CHANGE_COLUMNS \
	"change_id, item_id, resource_id, host_id, kind, wanted, before," \
	" after, state, failure_class, failure_detail, requested_by," \
	" created_at, finished_at, new_secret_id, old_secret_id,"	\
	" old_key_free_at"

static int change_read(const struct db_rows *rows, struct change *ret,
		       struct err *err)
{
	struct change change = { 0 };

	if (!change_kind_parse(db_text(rows, 4), &change.kind) ||
	    !change_state_parse(db_text(rows, 8), &change.state))
		return err_set(err, ERR_INTERNAL, "change %s: unknown kind or "
			       "state", db_must(rows, 0));
	change.change_id = db_strdup(rows, 0);
	change.item_id = db_strdup(rows, 1);
	change.resource_id = db_strdup(rows, 2);
	change.host_id = db_strdup(rows, 3);
	change.wanted = db_strdup(rows, 5);
	change.before = db_strdup(rows, 6);
	change.after = db_strdup(rows, 7);
	change.failure_class = db_strdup(rows, 9);
	change.failure_detail = db_strdup(rows, 10);
	change.requested_by = db_strdup(rows, 11);
	change.created_at = db_i64(rows, 12);
	change.finished_at = db_i64(rows, 13);
	change.new_secret_id = db_strdup(rows, 14);
	change.old_secret_id = db_strdup(rows, 15);
	change.old_key_free_at = db_i64(rows, 16);
	change_done(ret);
	*ret = change;
	return 0;
}

void change_done(struct change *change)
{
	free(change->change_id);
	free(change->item_id);
	free(change->resource_id);
	free(change->host_id);
	free(change->wanted);
	free(change->before);
	free(change->after);
	free(change->failure_class);
	free(change->failure_detail);
	free(change->requested_by);
	free(change->new_secret_id);
	free(change->old_secret_id);
	*change = (struct change){ 0 };
}

static const struct db_query q_running = { "changes.running",
	"SELECT change_id FROM account_changes WHERE resource_id = $1"
	" AND state = 'running'" };

int changes_running(struct db *db, const char *resource_id,
		    char ret_id[ID_MAX], struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	if (db_query(&rows, db, &q_running, DB_ARGS(DB_TEXT(resource_id)),
		     err))
		return -1;
	more = db_next(&rows, err);
	if (more < 0)
		return -1;
	snprintf(ret_id, ID_MAX, "%s", more ? db_must(&rows, 0) : "");
	return 0;
}

static const struct db_query q_unproxied = { "changes.unproxied",
	"SELECT coalesce((SELECT instr(wanted, '\"proxy_id\":null') > 0"
	"  FROM account_changes WHERE resource_id = $1 AND kind = 'proxy'"
	"  AND state = 'done' ORDER BY change_id DESC LIMIT 1), 0)" };

int changes_unproxied(struct db *db, const char *resource_id, bool *ret,
		      struct err *err)
{
	int64_t n;

	if (db_number(db, &q_unproxied, DB_ARGS(DB_TEXT(resource_id)), &n,
		      err))
		return -1;
	*ret = n > 0;
	return 0;
}

static const struct db_query q_add = { "changes.add",
	"INSERT INTO account_changes (change_id, item_id, resource_id,"
	" host_id, kind, wanted, state, requested_by, created_at,"
	" new_secret_id)"
	" VALUES ($1, $2, $3, $4, $5, $6, 'running', $7, $8, $9)" };

static int add(struct db *db, const struct change_spec *spec, int64_t now,
	       uint64_t random, char ret_id[ID_MAX], struct err *err)
{
	char id[ID_MAX], task_id[ID_MAX];

	id_make(id, "chg", now, random);
	if (db_run(db, &q_add, DB_ARGS(DB_TEXT(id), DB_TEXT(spec->item_id),
		   DB_TEXT(spec->resource_id), DB_TEXT(spec->host_id),
		   DB_TEXT(change_kind_name(spec->kind)),
		   DB_TEXT(spec->wanted), DB_TEXT(spec->requested_by),
		   DB_I64(now), DB_TEXT(spec->new_secret_id)), err) ||
	    tasks_add(db, &(struct task_spec){ .flow = CHANGE_FLOW,
		      .subject_id = id, .host_id = spec->host_id,
		      .step = CHANGE_FIRST_STEP, .not_before = now }, now,
		      random, task_id, err))
		return err_wrap(err, "add change");
	memcpy(ret_id, id, ID_MAX);
	return 0;
}

int changes_add(struct db *db, const struct change_spec *spec, int64_t now,
		uint64_t random, char ret_id[ID_MAX], struct err *err)
{
	char running[ID_MAX];

	assert(db_in_tx(db));
	if (changes_running(db, spec->resource_id, running, err))
		return -1;
	if (*running == '\0')
		return add(db, spec, now, random, ret_id, err);
	memcpy(ret_id, running, ID_MAX);
	err_set(err, ERR_CONFLICT, "change %s of this account has not ended",
		running);
	return err_code(err, "change_in_progress");
}

static const struct db_query q_get = { "changes.get",
	"SELECT " CHANGE_COLUMNS " FROM account_changes"
	" WHERE change_id = $1" };

int changes_get(struct db *db, const char *change_id, struct change *ret,
		struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	if (db_query(&rows, db, &q_get, DB_ARGS(DB_TEXT(change_id)), err))
		return -1;
	more = db_next(&rows, err);
	if (more == 0)
		return err_set(err, ERR_NOT_FOUND, "no change %s", change_id);
	return more < 0 ? -1 : change_read(&rows, ret, err);
}

static const struct db_query q_note = { "changes.note",
	"UPDATE account_changes SET before = $2, after = $3,"
	" failure_detail = $4 WHERE change_id = $1 AND state = 'running'" };

int changes_note(struct db *db, const struct change *change, struct err *err)
{
	return db_run(db, &q_note, DB_ARGS(DB_TEXT(change->change_id),
		      DB_TEXT(change->before), DB_TEXT(change->after),
		      DB_TEXT(change->failure_detail)), err);
}

static const struct db_query q_overlap = { "changes.overlap",
	"UPDATE account_changes SET state = 'overlap', old_secret_id = $2,"
	" old_key_free_at = $3 WHERE change_id = $1 AND state = 'running'" };

int changes_overlap(struct db *db, const struct change *change,
		    struct err *err)
{
	assert(db_in_tx(db));
	return db_run(db, &q_overlap, DB_ARGS(DB_TEXT(change->change_id),
		      DB_TEXT(change->old_secret_id),
		      DB_TIME(change->old_key_free_at)), err);
}

static const struct db_query q_finish = { "changes.finish",
	"UPDATE account_changes SET state = $2, failure_class = $3,"
	" failure_detail = $4, finished_at = $5, new_secret_id = NULL,"
	" old_secret_id = NULL"
	" WHERE change_id = $1 AND state IN ('running', 'overlap')" };

/* Those that are older than the newest ones that are kept. */
#define OLD_CHANGES \
	"(SELECT change_id FROM account_changes WHERE resource_id = $1" \
	" AND state IN ('done', 'failed') AND change_id <=" \
	"  (SELECT change_id FROM account_changes WHERE resource_id = $1" \
	"   ORDER BY change_id DESC LIMIT 1 OFFSET $2))"
static const struct db_query q_forget_tasks = { "changes.forget_tasks",
	"DELETE FROM tasks WHERE state = 'done' AND subject_id IN "
	OLD_CHANGES };
static const struct db_query q_forget = { "changes.forget",
	"DELETE FROM account_changes WHERE change_id IN " OLD_CHANGES };

static int forget_old(struct db *db, const char *resource_id, struct err *err)
{
	if (db_run(db, &q_forget_tasks, DB_ARGS(DB_TEXT(resource_id),
		   DB_I64(CHANGES_KEPT)), err))
		return -1;
	return db_run(db, &q_forget, DB_ARGS(DB_TEXT(resource_id),
		      DB_I64(CHANGES_KEPT)), err);
}

int changes_finish(struct db *db, const struct change *change, int64_t now,
		   struct err *err)
{
	assert(db_in_tx(db));
	if (db_run(db, &q_finish, DB_ARGS(DB_TEXT(change->change_id),
		   DB_TEXT(change_state_name(change->state)),
		   DB_TEXT(change->failure_class),
		   DB_TEXT(change->failure_detail), DB_I64(now)), err))
		return err_wrap(err, "finish change %s", change->change_id);
	if (db_changes(db) == 0)
		return err_set(err, ERR_CONFLICT, "change %s has ended",
			       change->change_id);
	return forget_old(db, change->resource_id, err);
}

static const struct db_query q_list = { "changes.list",
	"SELECT " CHANGE_COLUMNS " FROM account_changes"
	" WHERE resource_id = $1 ORDER BY change_id DESC LIMIT $2" };

int changes_list(struct db_rows *rows, struct db *db, const char *resource_id,
		 int64_t limit, struct err *err)
{
	return db_query(rows, db, &q_list, DB_ARGS(DB_TEXT(resource_id),
			DB_I64(limit)), err);
}

int changes_next(struct db_rows *rows, struct change *change, struct err *err)
{
	int more = db_next(rows, err);

	if (more > 0 && change_read(rows, change, err))
		return -1;
	return more;
}

const struct db_query *const changes_queries[] = {
	&q_running, &q_unproxied, &q_add, &q_get, &q_note, &q_overlap, &q_finish, &q_forget_tasks,
	&q_forget, &q_list, NULL
};
