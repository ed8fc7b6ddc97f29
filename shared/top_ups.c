#include "shared/top_ups.h"

#define DAY_MS INT64_C(86400000)
#define WEEK_DAYS 7
#define MONTH_DAYS 30

/* $5: amount; $8, $10: budgets; $7, $9: since when they count. */
#define SPENT(since) \
	"(SELECT coalesce(sum(t.amount), 0) FROM top_ups t" \
	" WHERE t.host_id = $2 AND t.at > " since " AND t.state <> 'failed')"

static const struct db_query q_allow = { "top_ups.allow",
	"INSERT INTO top_ups (top_up_id, host_id, resource_id, selector,"
	" task_id, amount, state, at)"
	" SELECT $1, $2, $3, $4, $11, $5, 'allowed', $6"
	" WHERE ($8 = 0 OR " SPENT("$7") " + $5 <= $8)"
	" AND ($10 = 0 OR " SPENT("$9") " + $5 <= $10)" };

int top_ups_allow(struct db *db, const struct top_up_spec *spec,
		  const struct top_up_budget *budget, int64_t now,
		  uint64_t random, bool *ret, struct err *err)
{
	char id[ID_MAX];

	*ret = false;
	if (budget->amount <= 0)
		return 0;
	id_make(id, "tup", now, random);
	if (db_run(db, &q_allow, DB_ARGS(DB_TEXT(id), DB_TEXT(spec->host_id),
		   DB_TEXT(spec->resource_id), DB_TEXT(spec->selector),
		   DB_I64(budget->amount), DB_I64(now), DB_I64(now - DAY_MS),
		   DB_I64(budget->per_day),
		   DB_I64(now - MONTH_DAYS * DAY_MS),
		   DB_I64(budget->per_month), DB_TEXT(spec->task_id)), err))
		return err_wrap(err, "allow a top-up");
	*ret = db_changes(db) == 1;
	return 0;
}

static const struct db_query q_settle = { "top_ups.settle",
	"UPDATE top_ups SET state = $2"
	" WHERE task_id = $1 AND state = 'allowed'" };

int top_ups_settle(struct db *db, const char *task_id, bool done,
		   struct err *err)
{
	return db_run(db, &q_settle, DB_ARGS(DB_TEXT(task_id),
		      DB_TEXT(done ? "done" : "failed")), err);
}

static const struct db_query q_spent = { "top_ups.spent",
	"SELECT coalesce(sum(amount), 0) FROM top_ups"
	" WHERE host_id = $1 AND at > $2 AND state <> 'failed'" };
static const struct db_query q_first = { "top_ups.first",
	"SELECT coalesce(min(at), 0) FROM top_ups"
	" WHERE host_id = $1 AND at > $2 AND state <> 'failed'" };

/* Whole days until `left` is gone; one top-up alone tells no pace. */
static int64_t pace(int64_t left, int64_t spent, int64_t amount, int64_t span)
{
	if (left < 0 || spent <= amount || span <= 0)
		return -1;
	/* The first one of the span paid for what came after it. */
	return left * (span / 1000) / ((spent - amount) * (DAY_MS / 1000));
}

int top_ups_state(struct db *db, const char *host_id,
		  const struct top_up_budget *budget, int64_t now,
		  struct top_up_state *ret, struct err *err)
{
	int64_t since = now - WEEK_DAYS * DAY_MS, week, first;

	*ret = (struct top_up_state){ .left = -1, .days_left = -1 };
	if (db_number(db, &q_spent, DB_ARGS(DB_TEXT(host_id),
		      DB_I64(now - DAY_MS)), &ret->day, err) ||
	    db_number(db, &q_spent, DB_ARGS(DB_TEXT(host_id),
		      DB_I64(now - MONTH_DAYS * DAY_MS)), &ret->month, err) ||
	    db_number(db, &q_spent, DB_ARGS(DB_TEXT(host_id),
		      DB_I64(since)), &week, err) ||
	    db_number(db, &q_first, DB_ARGS(DB_TEXT(host_id),
		      DB_I64(since)), &first, err))
		return -1;
	if (budget->per_month > 0)
		ret->left = ret->month < budget->per_month
			? budget->per_month - ret->month : 0;
	ret->days_left = pace(ret->left, week, budget->amount, now - first);
	return 0;
}

static const struct db_query q_forget = { "top_ups.forget",
	"DELETE FROM top_ups WHERE at < $1" };

int top_ups_forget(struct db *db, int64_t before, struct err *err)
{
	return db_run(db, &q_forget, DB_ARGS(DB_I64(before)), err);
}

const struct db_query *const top_ups_queries[] = {
	&q_allow, &q_settle, &q_spent, &q_first, &q_forget, NULL
};
