#include "shared/pauses.h"

#include <assert.h>

static const struct db_query q_find = { "pauses.find",
	"SELECT CASE WHEN EXISTS (SELECT 1 FROM hosts WHERE host_id = $1"
	"  AND paused_at IS NOT NULL) THEN 'host'"
	" WHEN EXISTS (SELECT 1 FROM endpoints WHERE endpoint_key = $2"
	"  AND paused_at IS NOT NULL) THEN 'endpoint' ELSE 'none' END" };

int pauses_find(struct db *db, const char *host_id, const char *endpoint_key,
		enum hold *ret, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };

	if (db_query(&rows, db, &q_find, DB_ARGS(DB_TEXT(host_id),
		     DB_TEXT(endpoint_key)), err) || db_next(&rows, err) < 0)
		return -1;
	if (!hold_parse(db_text(&rows, 0), ret))
		return err_set(err, ERR_INTERNAL, "an unknown kind of pause");
	return 0;
}

int pauses_refuse(struct db *db, const char *host_id,
		  const char *endpoint_key, struct err *err)
{
	enum hold paused;

	if (pauses_find(db, host_id, endpoint_key, &paused, err))
		return -1;
	if (paused == HOLD_NONE)
		return 0;
	if (paused == HOLD_HOST)
		err_set(err, ERR_CONFLICT, "host %s is paused: resume it "
			"first, by POST /api/hosts/%s/resume or crmctl host "
			"resume", host_id, host_id);
	else
		err_set(err, ERR_CONFLICT, "endpoint %s is paused: resume it "
			"first, by POST /api/endpoints/%s/resume or crmctl "
			"endpoint resume", endpoint_key, endpoint_key);
	return err_code(err, "paused");
}

static const struct db_query q_host = { "pauses.host",
	"UPDATE hosts SET paused_at = coalesce(paused_at, $2),"
	" updated_at = $2 WHERE host_id = $1" };

int pauses_host(struct db *db, const char *host_id, int64_t now,
		struct err *err)
{
	if (db_run(db, &q_host, DB_ARGS(DB_TEXT(host_id), DB_I64(now)), err))
		return -1;
	return db_changes(db) ? 0 : err_set(err, ERR_NOT_FOUND, "no host %s",
					    host_id);
}

static const struct db_query q_endpoint = { "pauses.endpoint",
	"INSERT INTO endpoints (endpoint_key, paused_at, created_at,"
	" updated_at) VALUES ($1, $2, $2, $2)"
	" ON CONFLICT (endpoint_key) DO UPDATE SET"
	" paused_at = coalesce(endpoints.paused_at, $2), updated_at = $2" };

int pauses_endpoint(struct db *db, const char *endpoint_key, int64_t now,
		    struct err *err)
{
	return db_run(db, &q_endpoint, DB_ARGS(DB_TEXT(endpoint_key),
		      DB_I64(now)), err);
}

/* Accesses that missed their check, and have none under way. */
#define PLAN_OF(column) \
	"UPDATE accesses SET next_check_at = $2, updated_at = $2" \
	" WHERE " column " = $1 AND next_check_at IS NULL" \
	" AND status IN ('active', 'degraded', 'broken')" \
	" AND item_id IS NOT NULL AND NOT EXISTS" \
	" (SELECT 1 FROM access_checks c WHERE c.access_id =" \
	"  accesses.access_id AND c.state = 'running')"

static const struct db_query q_plan_host = { "pauses.plan_host",
	PLAN_OF("host_id") };
static const struct db_query q_plan_endpoint = { "pauses.plan_endpoint",
	PLAN_OF("endpoint_key") };

static int plan(struct db *db, const struct db_query *query, const char *id,
		int64_t now, struct err *err)
{
	return db_run(db, query, DB_ARGS(DB_TEXT(id), DB_I64(now)), err);
}

static const struct db_query q_resume_host = { "pauses.resume_host",
	"UPDATE hosts SET paused_at = NULL, updated_at = $2"
	" WHERE host_id = $1" };

int pauses_resume_host(struct db *db, const char *host_id, bool watched,
		       int64_t now, struct err *err)
{
	assert(db_in_tx(db));
	if (db_run(db, &q_resume_host, DB_ARGS(DB_TEXT(host_id),
		   DB_I64(now)), err))
		return -1;
	if (db_changes(db) == 0)
		return err_set(err, ERR_NOT_FOUND, "no host %s", host_id);
	if (watched && plan(db, &q_plan_host, host_id, now, err))
		return -1;
	return tasks_release(db, HOLD_HOST, host_id, now, err);
}

static const struct db_query q_resume_endpoint = {
	"pauses.resume_endpoint",
	"UPDATE endpoints SET paused_at = NULL, updated_at = $2"
	" WHERE endpoint_key = $1" };

int pauses_resume_endpoint(struct db *db, const char *endpoint_key,
			   bool watched, int64_t now, struct err *err)
{
	assert(db_in_tx(db));
	if (db_run(db, &q_resume_endpoint, DB_ARGS(DB_TEXT(endpoint_key),
		   DB_I64(now)), err) ||
	    (watched && plan(db, &q_plan_endpoint, endpoint_key, now, err)))
		return -1;
	return tasks_release(db, HOLD_ENDPOINT, endpoint_key, now, err);
}

const struct db_query *const pauses_queries[] = {
	&q_find, &q_host, &q_endpoint, &q_plan_host, &q_plan_endpoint,
	&q_resume_host, &q_resume_endpoint, NULL
};
