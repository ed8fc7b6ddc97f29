#include "shared/plans.h"

static const struct db_query q_is_done = { "plans.is_done",
	"SELECT count(*) FROM plans_done WHERE plan_id = $1" };

int plans_is_done(struct db *db, const char *plan_id, bool *ret,
		  struct err *err)
{
	int64_t n;

	if (db_number(db, &q_is_done, DB_ARGS(DB_TEXT(plan_id)), &n, err))
		return -1;
	*ret = n > 0;
	return 0;
}

static const struct db_query q_add = { "plans.add",
	"INSERT INTO plans_done (plan_id, kind, done_by, done_at, expires_at)"
	" VALUES ($1, $2, $3, $4, $5) ON CONFLICT (plan_id) DO NOTHING" };

static const struct db_query q_forget = { "plans.forget",
	"DELETE FROM plans_done WHERE expires_at < $1" };

int plans_done_add(struct db *db, const struct plan_done *plan, int64_t now,
		   struct err *err)
{
	if (db_run(db, &q_forget, DB_ARGS(DB_I64(now)), err) ||
	    db_run(db, &q_add, DB_ARGS(DB_TEXT(plan->plan_id),
		   DB_TEXT(plan->kind), DB_TEXT(plan->done_by), DB_I64(now),
		   DB_I64(plan->expires_at)), err))
		return -1;
	if (db_changes(db) == 1)
		return 0;
	err_set(err, ERR_CONFLICT, "plan %s was applied before",
		plan->plan_id);
	return err_code(err, "plan_applied");
}

static const struct db_query q_of_item = { "plans.of_item",
	"SELECT resource_id FROM resource_uses WHERE item_id = $1"
	" ORDER BY resource_id LIMIT $2" };

static const struct db_query q_of_run = { "plans.of_run",
	"SELECT u.resource_id FROM import_run_items i JOIN resource_uses u"
	" ON u.item_id = i.item_id WHERE i.run_id = $1 LIMIT $2" };

/* A run of many items rests on the same group again and again. */
#define USES_MAX INT64_C(100000)

int plan_resources(struct db_rows *rows, struct db *db, const char *run_id,
		   const char *item_id, struct err *err)
{
	if (item_id)
		return db_query(rows, db, &q_of_item,
				DB_ARGS(DB_TEXT(item_id),
					DB_I64(PLAN_RESOURCES_MAX)), err);
	return db_query(rows, db, &q_of_run, DB_ARGS(DB_TEXT(run_id),
			DB_I64(USES_MAX)), err);
}

int plan_resources_next(struct db_rows *rows, const char **ret_resource_id,
			struct err *err)
{
	int more = db_next(rows, err);

	if (more > 0)
		*ret_resource_id = db_must(rows, 0);
	return more;
}

const struct db_query *const plans_queries[] = {
	&q_is_done, &q_add, &q_forget, &q_of_item, &q_of_run, NULL
};
