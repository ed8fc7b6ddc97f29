#include "shared/runs.h"

#include <assert.h>
#include <string.h>

#include "shared/run_row.h"
#include "shared/tasks.h"

static const char *const state_names[] = {
	[RUN_RUNNING]			= "running",
	[RUN_COMPLETED]			= "completed",
	[RUN_COMPLETED_WITH_WARNINGS]	= "completed_with_warnings",
	[RUN_FAILED]			= "failed",
	[RUN_CANCELLED]			= "cancelled",
};
TABLE_ENUM_DEFINE(run_state, state_names, RUN_STATE__MAX);

const char *const access_mode_names[] = {
	[ACCESS_SUBSCRIPTION]	= "subscription",
	[ACCESS_SELF_SERVICE]	= "self_service",
	[ACCESS_MODE__MAX]	= NULL,
};
TABLE_ENUM_DEFINE(access_mode, access_mode_names, ACCESS_MODE__MAX + 1);

static const char *const canary_names[] = {
	[CANARY_OFF]		= "off",
	[CANARY_PROVING]	= "proving",
	[CANARY_PASSED]		= "passed",
	[CANARY_HELD]		= "held",
	[CANARY_RESUMED]	= "resumed",
};
TABLE_ENUM_DEFINE(canary_state, canary_names, CANARY_STATE__MAX);

static const char *const given_key_names[] = {
	[GIVEN_KEY_NONE]	= "none",
	[GIVEN_KEY_PROBE]	= "probe_api_key",
	[GIVEN_KEY_ACCESS]	= "access_api_key",
};
TABLE_ENUM_DEFINE(given_key, given_key_names, GIVEN_KEY__MAX);

int run_read(const struct db_rows *rows, struct run *ret, struct err *err)
{
	struct run run = { 0 };

	if (!access_mode_parse(db_text(rows, 5), &run.access_mode) ||
	    !run_state_parse(db_text(rows, 8), &run.state) ||
	    !canary_state_parse(db_text(rows, 27), &run.canary) ||
	    (db_text(rows, 19) &&
	     !given_key_parse(db_text(rows, 19), &run.given_key)))
		return err_set(err, ERR_INTERNAL, "run %s: unknown state",
			       db_must(rows, 0));
	run.run_id = db_strdup(rows, 0);
	run.host_id = db_strdup(rows, 1);
	run.origin = db_strdup(rows, 2);
	run.pack_id = db_strdup(rows, 3);
	run.pack_version = db_strdup(rows, 4);
	run.subscription_users = db_strdup(rows, 6);
	run.subscription_days = db_i64(rows, 7);
	run.counts = (struct run_counts){
		.total = db_i64(rows, 9),
		.done = db_i64(rows, 10),
		.active = db_i64(rows, 11),
		.broken = db_i64(rows, 12),
		.cancelled = db_i64(rows, 13),
		.warned = db_i64(rows, 14),
		.rejected = db_i64(rows, 23),
	};
	run.created_by = db_strdup(rows, 15);
	run.created_at = db_i64(rows, 16);
	run.updated_at = db_i64(rows, 17);
	run.finished_at = db_i64(rows, 18);
	run.given_key_secret_id = db_strdup(rows, 20);
	run.given_key_fingerprint = db_strdup(rows, 21);
	run.rebind = db_i64(rows, 22) != 0;
	run.rejected = db_strdup(rows, 24);
	run.canary_items = db_i64(rows, 25);
	run.canary_stop_after = db_i64(rows, 26);
	run.canary_class = db_strdup(rows, 28);
	run.pack_provider_id = db_strdup(rows, 29);
	run.endpoint_key = db_strdup(rows, 30);
	run.wave_id = db_strdup(rows, 31);
	run.wave_place = db_i64(rows, 32);
	run_done(ret);
	*ret = run;
	return 0;
}

void run_done(struct run *run)
{
	free(run->run_id);
	free(run->host_id);
	free(run->origin);
	free(run->pack_id);
	free(run->pack_version);
	free(run->pack_provider_id);
	free(run->endpoint_key);
	free(run->wave_id);
	free(run->subscription_users);
	free(run->given_key_secret_id);
	free(run->given_key_fingerprint);
	free(run->rejected);
	free(run->canary_class);
	free(run->created_by);
	*run = (struct run){ 0 };
}

enum run_state run_outcome(const struct run_counts *counts)
{
	if (counts->active == counts->done)
		return counts->warned || counts->rejected
			? RUN_COMPLETED_WITH_WARNINGS : RUN_COMPLETED;
	if (counts->broken + counts->cancelled == counts->done)
		return RUN_FAILED;
	return RUN_COMPLETED_WITH_WARNINGS;
}

static const struct db_query q_add = { "runs.add",
	"INSERT INTO import_runs (run_id, host_id, origin, access_mode,"
	" subscription_users, subscription_days, given_key_source,"
	" given_key_secret_id, rebind, state, items_total, created_by,"
	" created_at, updated_at, items_rejected, rejected, canary_items,"
	" canary_stop_after, canary_state, pack_id, pack_version,"
	" pack_provider_id, endpoint_key, wave_id, wave_place)"
	" VALUES ($1, $2, CASE WHEN $17 IS NULL THEN 'batch_import'"
	" ELSE 'provider_import' END, $3, $4, $5, $6, $7, $8, 'running',"
	" $9, $10, $11, $11, $12, $13, $14, $15, $16, $17, $18,"
	" $19, $20, $21, CASE WHEN $21 IS NOT NULL THEN $22 END)" };

int runs_add(struct db *db, const struct run_spec *spec, int64_t now,
	     uint64_t random, char ret_id[ID_MAX], struct err *err)
{
	bool has_key = spec->given_key != GIVEN_KEY_NONE;
	enum canary_state canary = spec->wave_place > 0 ? CANARY_HELD
		: spec->canary_items ? CANARY_PROVING
		: spec->canary_stop_after ? CANARY_PASSED : CANARY_OFF;
	char id[ID_MAX];

	id_make(id, "run", now, random);
	if (db_run(db, &q_add, DB_ARGS(DB_TEXT(id), DB_TEXT(spec->host_id),
		   DB_TEXT(access_mode_name(spec->access_mode)),
		   DB_TEXT(spec->subscription_users),
		   DB_I64(spec->subscription_days),
		   DB_TEXT(has_key ? given_key_name(spec->given_key) : NULL),
		   DB_TEXT(spec->given_key_secret_id), DB_I64(spec->rebind),
		   DB_I64(spec->items_total), DB_TEXT(spec->created_by),
		   DB_I64(now), DB_I64(spec->items_rejected),
		   DB_TEXT(spec->rejected ? spec->rejected : "[]"),
		   DB_I64(spec->canary_items), DB_I64(spec->canary_stop_after),
		   DB_TEXT(canary_state_name(canary)), DB_TEXT(spec->pack_id),
		   DB_TEXT(spec->pack_version),
		   DB_TEXT(spec->pack_provider_id),
		   DB_TEXT(spec->endpoint_key), DB_TEXT(spec->wave_id),
		   DB_I64(spec->wave_place)), err))
		return err_wrap(err, "add run");
	memcpy(ret_id, id, ID_MAX);
	return 0;
}

static const struct db_query q_get = { "runs.get",
	"SELECT " RUN_COLUMNS " FROM import_runs r WHERE r.run_id = $1" };

int runs_get(struct db *db, const char *run_id, struct run *ret,
	     struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	if (db_query(&rows, db, &q_get, DB_ARGS(DB_TEXT(run_id)), err))
		return -1;
	more = db_next(&rows, err);
	if (more == 0)
		return err_set(err, ERR_NOT_FOUND, "no run %s", run_id);
	return more < 0 ? -1 : run_read(&rows, ret, err);
}

static const struct db_query q_cancel = { "runs.cancel",
	"UPDATE import_runs SET state = 'cancelled', updated_at = $2"
	" WHERE run_id = $1 AND state = 'running'" };

int runs_cancel(struct db *db, const char *run_id, int64_t now,
		struct err *err)
{
	CLEANUP(run_done) struct run run = { 0 };

	assert(db_in_tx(db));
	if (runs_get(db, run_id, &run, err) ||
	    db_run(db, &q_cancel, DB_ARGS(DB_TEXT(run_id), DB_I64(now)), err))
		return -1;
	if (db_changes(db) == 0) {
		err_set(err, ERR_CONFLICT, "run %s is %s already", run_id,
			run_state_name(run.state));
		return err_code(err, "run_finished");
	}
	return tasks_cancel_run(db, run_id, now, err);
}

/* One that is not open any more cannot end a second time. */
static const struct db_query q_settle = { "runs.settle_item",
	"UPDATE import_runs SET items_done = items_done + 1,"
	" items_active = items_active + $2,"
	" items_broken = items_broken + $3,"
	" items_cancelled = items_cancelled + $4,"
	" items_warned = items_warned + $5, updated_at = $6"
	" WHERE run_id = $1 AND items_done < items_total" };
static const struct db_query q_finish = { "runs.finish",
	"UPDATE import_runs SET state = $2, finished_at = $3"
	" WHERE run_id = $1" };

int runs_settle_item(struct db *db, const char *run_id,
		     const struct run_settled *settled, int64_t now,
		     struct err *err)
{
	CLEANUP(run_done) struct run run = { 0 };
	enum run_state state;

	assert(db_in_tx(db));
	if (db_run(db, &q_settle, DB_ARGS(DB_TEXT(run_id),
		   DB_I64(settled->active), DB_I64(settled->broken),
		   DB_I64(settled->cancelled), DB_I64(settled->warned),
		   DB_I64(now)), err))
		return -1;
	if (db_changes(db) == 0)
		return err_set(err, ERR_CONFLICT, "run %s has no open item",
			       run_id);
	if (runs_get(db, run_id, &run, err))
		return -1;
	if (run.counts.done < run.counts.total)
		return 0;
	state = run.state == RUN_RUNNING ? run_outcome(&run.counts)
					 : run.state;
	return db_run(db, &q_finish, DB_ARGS(DB_TEXT(run_id),
		      DB_TEXT(run_state_name(state)), DB_I64(now)), err);
}

static const struct db_query q_reopen = { "runs.reopen_item",
	"UPDATE import_runs SET items_done = items_done - 1,"
	" items_active = items_active - $2,"
	" items_broken = items_broken - $3,"
	" items_cancelled = items_cancelled - $4,"
	" items_warned = items_warned - $5, state = 'running',"
	" finished_at = NULL, updated_at = $6"
	" WHERE run_id = $1 AND state <> 'cancelled' AND items_done > 0" };

int runs_reopen_item(struct db *db, const char *run_id,
		     const struct run_settled *settled, int64_t now,
		     struct err *err)
{
	assert(db_in_tx(db));
	if (db_run(db, &q_reopen, DB_ARGS(DB_TEXT(run_id),
		   DB_I64(settled->active), DB_I64(settled->broken),
		   DB_I64(settled->cancelled), DB_I64(settled->warned),
		   DB_I64(now)), err))
		return -1;
	if (db_changes(db) > 0)
		return 0;
	err_set(err, ERR_CONFLICT, "run %s was cancelled", run_id);
	return err_code(err, "run_cancelled");
}

const struct db_query *const runs_queries[] = {
	&q_add, &q_get, &q_cancel, &q_settle, &q_finish, &q_reopen, NULL
};
