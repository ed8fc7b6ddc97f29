#include "schedd/upkeep.h"

#include "schedd/profiling.h"
#include "schedd/reconciling.h"
#include "schedd/watch.h"
#include "shared/audit.h"
#include "shared/resources.h"
#include "shared/tasks.h"
#include "shared/top_ups.h"

#define EXPIRE_EVERY_MS 5000
#define PROFILE_EVERY_MS 1000
#define AUDIT_EVERY_MS	INT64_C(21600000)
#define AUDIT_ROWS	2000	/* dropped in one transaction, at most */
#define DAY_MS		INT64_C(86400000)
#define TOP_UP_DAYS	400
#define REFUSED_DAYS	90	/* where rows of the log are kept for ever */
#define RECONCILE_EVERY_MS 10000
#define WATCH_MS	5000	/* between looks of the watch, at most */
#define WATCH_MIN_MS	200	/* and at least */

/* `at` is past, or so far ahead that the clock must have been put back. */
static bool is_due(int64_t at, int64_t now, int64_t most)
{
	return now >= at || at - now > most;
}

static int watch(struct upkeep *upkeep, const struct store *store,
		 int64_t now, struct err *err)
{
	int64_t due;

	upkeep->watch_at = now + WATCH_MS;
	if (watch_turn(store, now, err) ||
	    watch_next_due(store, now, &due, err))
		return -1;
	if (due < now + WATCH_MIN_MS)
		due = now + WATCH_MIN_MS;
	if (due < upkeep->watch_at)
		upkeep->watch_at = due;
	return 0;
}

void upkeep_clock_jumped(struct upkeep *upkeep, int64_t by)
{
	*upkeep = (struct upkeep){ .jumped_by = upkeep->jumped_by + by };
}

/* Before leases are looked at, which the new clock may take for ended. */
static int tell_tasks(struct upkeep *upkeep, const struct store *store,
		      int64_t now, struct err *err)
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };

	if (upkeep->jumped_by == 0)
		return 0;
	if (db_tx_begin(&tx, store->db, err) ||
	    tasks_clock_jumped(store->db, upkeep->jumped_by, now, err) ||
	    db_tx_commit(&tx, err))
		return -1;
	upkeep->jumped_by = 0;
	return 0;
}

/* Rows of the audit log and of top-ups that are too old; more of them with the next turn. */
static int shorten(struct upkeep *upkeep, const struct store *store,
			 int64_t now, struct err *err)
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	int64_t days = store->settings->audit_keep_days, n = 0;
	int64_t refused = days ? days : REFUSED_DAYS;

	if (db_tx_begin(&tx, store->db, err) ||
	    audit_refused_forget(store->db, now - refused * DAY_MS, err) ||
	    top_ups_forget(store->db, now - TOP_UP_DAYS * DAY_MS, err) ||
	    (days && audit_prune(store->db, &store->key->pub,
				 now - days * DAY_MS, AUDIT_ROWS, now, &n,
				 err)) ||
	    db_tx_commit(&tx, err))
		return -1;
	if (n < AUDIT_ROWS)
		upkeep->audited_at = now;
	return 0;
}

int upkeep_turn(struct upkeep *upkeep, const struct store *store, int64_t now,
		struct err *err)
{
	if (tell_tasks(upkeep, store, now, err))
		return -1;
	if (is_due(upkeep->expired_at + EXPIRE_EVERY_MS, now,
		   EXPIRE_EVERY_MS)) {
		upkeep->expired_at = now;
		if (tasks_expire_leases(store->db, now, err) ||
		    resources_wake_forgotten(store->db, now, err))
			return -1;
	}
	if (is_due(upkeep->profiled_at + PROFILE_EVERY_MS, now,
		   PROFILE_EVERY_MS)) {
		upkeep->profiled_at = now;
		if (profiling_turn(store, now, err))
			return -1;
	}
	if (is_due(upkeep->audited_at + AUDIT_EVERY_MS, now,
		   AUDIT_EVERY_MS) &&
	    shorten(upkeep, store, now, err))
		return -1;
	if (is_due(upkeep->reconciled_at + RECONCILE_EVERY_MS, now,
		   RECONCILE_EVERY_MS)) {
		upkeep->reconciled_at = now;
		if (reconciling_turn(store, now, err))
			return -1;
	}
	if (!is_due(upkeep->watch_at, now, WATCH_MS))
		return 0;
	return watch(upkeep, store, now, err);
}

int64_t upkeep_next(const struct upkeep *upkeep, const struct store *store)
{
	return store->settings->watch_every_s ? upkeep->watch_at : INT64_MAX;
}
