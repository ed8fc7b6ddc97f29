#include "shared/host_forget.h"

#include <assert.h>
#include <stdio.h>

#include "shared/hosts.h"
#include "shared/id.h"
#include "shared/secrets.h"
#include "shared/table.h"
#include "shared/tasks.h"

#define ROWS_MAX 500		/* of one call */

/* ---- rows without secrets ---- */

static const struct db_query q_reconciles = { "host_forget.reconciles",
	"DELETE FROM reconcile_runs WHERE rowid IN (SELECT rowid"
	" FROM reconcile_runs WHERE host_id = $1 LIMIT $2)" };
static const struct db_query q_parts = { "host_forget.parts",
	"DELETE FROM rollback_parts WHERE (rollback_id, seq) IN (SELECT"
	" p.rollback_id, p.seq FROM rollbacks r CROSS JOIN rollback_parts p"
	" ON p.rollback_id = r.rollback_id WHERE r.host_id = $1 LIMIT $2)" };
static const struct db_query q_rollbacks = { "host_forget.rollbacks",
	"DELETE FROM rollbacks WHERE rollback_id IN (SELECT rollback_id"
	" FROM rollbacks WHERE host_id = $1 LIMIT $2)" };
static const struct db_query q_moves = { "host_forget.moves",
	"DELETE FROM moved_keys WHERE move_id IN (SELECT move_id"
	" FROM moved_keys WHERE host_id = $1 LIMIT $2)" };
static const struct db_query q_top_ups = { "host_forget.top_ups",
	"DELETE FROM top_ups WHERE rowid IN (SELECT rowid"
	" FROM top_ups WHERE host_id = $1 LIMIT $2)" };
static const struct db_query q_proofs = { "host_forget.proofs",
	"DELETE FROM proofs WHERE proof_id IN (SELECT p.proof_id"
	" FROM import_runs r CROSS JOIN import_run_items i"
	" ON i.run_id = r.run_id CROSS JOIN proofs p"
	" ON p.item_id = i.item_id WHERE r.host_id = $1 LIMIT $2)" };
static const struct db_query q_accesses = { "host_forget.accesses",
	"DELETE FROM accesses WHERE access_id IN (SELECT access_id"
	" FROM accesses WHERE host_id = $1 LIMIT $2)" };
static const struct db_query q_uses = { "host_forget.uses",
	"DELETE FROM resource_uses WHERE (resource_id, item_id) IN (SELECT"
	" u.resource_id, u.item_id FROM managed_resources m"
	" CROSS JOIN resource_uses u ON u.resource_id = m.resource_id"
	" WHERE m.host_id = $1 LIMIT $2)" };
static const struct db_query q_tasks = { "host_forget.tasks",
	"DELETE FROM tasks WHERE task_id IN (SELECT t.task_id"
	" FROM import_runs r CROSS JOIN tasks t ON t.run_id = r.run_id"
	" WHERE r.host_id = $1 LIMIT $2)" };
/* What is asked or changed right now ends with its task. */
#define TASKS_OF(name, rows) { name, \
	"DELETE FROM tasks WHERE task_id IN (SELECT t.task_id FROM " rows \
	" CROSS JOIN tasks t ON t.subject_id = s.id LIMIT $2)" }
static const struct db_query q_check_tasks = TASKS_OF(
	"host_forget.check_tasks", "(SELECT c.check_id AS id FROM accesses a"
	" CROSS JOIN access_checks c ON c.access_id = a.access_id"
	" WHERE a.host_id = $1) AS s");
static const struct db_query q_change_tasks = TASKS_OF(
	"host_forget.change_tasks", "(SELECT change_id AS id"
	" FROM account_changes WHERE host_id = $1) AS s");
static const struct db_query q_profile_tasks = TASKS_OF(
	"host_forget.profile_tasks", "(SELECT profile_id AS id"
	" FROM capability_profiles WHERE host_id = $1) AS s");
static const struct db_query q_profiles = { "host_forget.profiles",
	"DELETE FROM capability_profiles WHERE profile_id IN (SELECT"
	" profile_id FROM capability_profiles WHERE host_id = $1 LIMIT $2)" };
static const struct db_query q_rollback_tasks = TASKS_OF(
	"host_forget.rollback_tasks", "(SELECT rollback_id AS id"
	" FROM rollbacks WHERE host_id = $1) AS s");
static const struct db_query q_notices = { "host_forget.notices",
	"DELETE FROM notices WHERE notice_id IN (SELECT notice_id"
	" FROM notices WHERE host_id = $1 LIMIT $2)" };

/* Who refers to others goes before them. */
static const struct db_query *const plain[] = {
	&q_check_tasks, &q_change_tasks, &q_profile_tasks, &q_profiles,
	&q_rollback_tasks, &q_reconciles,
	&q_parts, &q_rollbacks, &q_moves,
	&q_top_ups, &q_proofs, &q_accesses, &q_uses, &q_tasks, &q_notices,
};

/* ---- rows with secrets ---- */

/* The key that an account had before one of them, and the one after it. */
static const struct db_query q_changes = { "host_forget.changes",
	"SELECT change_id, new_secret_id, old_secret_id FROM account_changes"
	" WHERE host_id = $1 LIMIT $2" };
static const struct db_query q_change = { "host_forget.change",
	"DELETE FROM account_changes WHERE change_id = $1" };
static const struct db_query q_resources = { "host_forget.resources",
	"SELECT resource_id, secret_id, NULL FROM managed_resources"
	" WHERE host_id = $1 LIMIT $2" };
static const struct db_query q_resource = { "host_forget.resource",
	"DELETE FROM managed_resources WHERE resource_id = $1" };
static const struct db_query q_items = { "host_forget.items",
	"SELECT i.item_id, i.api_key_secret_id, NULL FROM import_runs r"
	" CROSS JOIN import_run_items i ON i.run_id = r.run_id"
	" WHERE r.host_id = $1 LIMIT $2" };
static const struct db_query q_item = { "host_forget.item",
	"DELETE FROM import_run_items WHERE item_id = $1" };
static const struct db_query q_runs = { "host_forget.runs",
	"SELECT run_id, given_key_secret_id, NULL FROM import_runs"
	" WHERE host_id = $1 LIMIT $2" };
static const struct db_query q_run = { "host_forget.run",
	"DELETE FROM import_runs WHERE run_id = $1" };

static const struct {
	const struct db_query *list, *forget;
} sealed[] = {
	{ &q_changes,	&q_change },
	{ &q_resources, &q_resource },
	{ &q_items,	&q_item },
	{ &q_runs,	&q_run },
};

struct row {
	char id[ID_MAX], secret_id[ID_MAX], other_id[ID_MAX];
};

static int read_rows(struct db *db, const struct db_query *query,
		     const char *host_id, int64_t limit, struct row *ret,
		     int64_t *ret_count, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int64_t n = 0;
	int more;

	if (db_query(&rows, db, query, DB_ARGS(DB_TEXT(host_id),
		     DB_I64(limit)), err))
		return -1;
	while ((more = db_next(&rows, err)) > 0) {
		snprintf(ret[n].id, ID_MAX, "%s", db_must(&rows, 0));
		snprintf(ret[n].secret_id, ID_MAX, "%s", db_must(&rows, 1));
		snprintf(ret[n].other_id, ID_MAX, "%s", db_must(&rows, 2));
		n++;
	}
	*ret_count = n;
	return more;
}

static int forget_rows(struct db *db, size_t kind, const char *host_id,
		       int64_t limit, int64_t *ret_count, struct err *err)
{
	AUTO_FREE struct row *rows = xcalloc(ROWS_MAX, sizeof(*rows));

	if (read_rows(db, sealed[kind].list, host_id, limit, rows, ret_count,
		      err))
		return -1;
	for (int64_t i = 0; i < *ret_count; i++)
		if (db_run(db, sealed[kind].forget,
			   DB_ARGS(DB_TEXT(rows[i].id)), err) ||
		    secrets_forget(db, rows[i].secret_id, err) ||
		    secrets_forget(db, rows[i].other_id, err))
			return -1;
	return 0;
}

int host_forget_some(struct db *db, const char *host_id, int64_t limit,
		     bool *ret_more, struct err *err)
{
	struct host_use use;
	int64_t count;

	assert(db_in_tx(db));
	if (limit > ROWS_MAX)
		limit = ROWS_MAX;
	*ret_more = true;
	for (size_t i = 0; i < COUNT(plain); i++) {
		if (db_run(db, plain[i], DB_ARGS(DB_TEXT(host_id),
			   DB_I64(limit)), err))
			return err_wrap(err, "%s", plain[i]->name);
		if (db_changes(db) > 0)
			return 0;
	}
	for (size_t i = 0; i < COUNT(sealed); i++) {
		if (forget_rows(db, i, host_id, limit, &count, err))
			return err_wrap(err, "%s", sealed[i].list->name);
		if (count > 0)
			return 0;
	}
	*ret_more = false;
	return hosts_delete(db, host_id, &use, err);
}

int host_forget_begin(struct db *db, const char *host_id, int64_t now,
		      uint64_t random, struct err *err)
{
	char subject[ID_MAX], task_id[ID_MAX];

	/* A task of the host itself would go with the host. */
	id_make(subject, "fgt", now, random);
	return tasks_add(db, &(struct task_spec){ .flow = FORGET_FLOW,
			 .subject_id = subject, .host_id = host_id,
			 .step = FORGET_FIRST_STEP, .not_before = now }, now,
			 random, task_id, err);
}

/* ---- what goes on there, and what is left ---- */

static const struct db_query q_open_work = { "host_forget.open_work",
	"SELECT (SELECT count(*) FROM import_runs WHERE host_id = $1"
	"  AND state = 'running') + (SELECT count(*) FROM rollbacks"
	"  WHERE host_id = $1 AND state = 'running')" };

int host_forget_open_work(struct db *db, const char *host_id, int64_t *ret,
			  struct err *err)
{
	return db_number(db, &q_open_work, DB_ARGS(DB_TEXT(host_id)), ret,
			 err);
}

#define LEFT \
	" FROM managed_resources WHERE host_id = $1 AND state <> 'gone'" \
	" AND host_resource_id IS NOT NULL AND resource_type <> 'user_token'"
static const struct db_query q_left_count = { "host_forget.left_count",
	"SELECT count(*)" LEFT };
static const struct db_query q_left = { "host_forget.left",
	"SELECT resource_type, host_resource_id, mark, origin" LEFT
	" LIMIT $2" };

int host_left_count(struct db *db, const char *host_id, int64_t *ret,
		    struct err *err)
{
	return db_number(db, &q_left_count, DB_ARGS(DB_TEXT(host_id)), ret,
			 err);
}

int host_left_list(struct db_rows *rows, struct db *db, const char *host_id,
		   int64_t limit, struct err *err)
{
	return db_query(rows, db, &q_left, DB_ARGS(DB_TEXT(host_id),
			DB_I64(limit)), err);
}

int host_left_next(struct db_rows *rows, struct host_left *left,
		   struct err *err)
{
	int more = db_next(rows, err);

	if (more > 0)
		*left = (struct host_left){
			.kind = db_text(rows, 0),
			.host_resource_id = db_text(rows, 1),
			.mark = db_text(rows, 2),
			.origin = db_text(rows, 3),
		};
	return more;
}

const struct db_query *const host_forget_queries[] = {
	&q_check_tasks, &q_change_tasks, &q_profile_tasks, &q_profiles,
	&q_rollback_tasks, &q_changes,
	&q_change, &q_reconciles, &q_parts, &q_rollbacks, &q_moves,
	&q_top_ups, &q_proofs, &q_accesses, &q_uses, &q_tasks, &q_notices,
	&q_resources, &q_resource, &q_items, &q_item, &q_runs, &q_run,
	&q_open_work, &q_left_count, &q_left, NULL
};
