/*
 * runs: import runs.
 *
 *	running --last item--> completed | completed_with_warnings | failed
 *	   |  ^------retry------------'
 *	   '----cancel----> cancelled
 *
 * fcgi adds and cancels; the transaction that settles the last item ends the
 * run.  What a finished run is called is derived in one place, run_outcome().
 */
#ifndef SHARED_RUNS_H
#define SHARED_RUNS_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/db.h"
#include "shared/id.h"
#include "shared/table.h"

enum run_state {
	RUN_RUNNING,
	RUN_COMPLETED,
	RUN_COMPLETED_WITH_WARNINGS,
	RUN_FAILED,
	RUN_CANCELLED,
	RUN_STATE__MAX
};

enum access_mode {
	ACCESS_SUBSCRIPTION,
	ACCESS_SELF_SERVICE,
	ACCESS_MODE__MAX
};

/* Are the first items proven before the rest begins?  See canary.h. */
enum canary_state {
	CANARY_OFF,
	CANARY_PROVING,
	CANARY_PASSED,
	CANARY_HELD,
	CANARY_RESUMED,
	CANARY_STATE__MAX
};

/* The key of somebody real that a run is proven with. */
enum given_key {
	GIVEN_KEY_NONE,		/* NULL in the database */
	GIVEN_KEY_PROBE,	/* probe_api_key */
	GIVEN_KEY_ACCESS,	/* access_api_key: its owner is given access */
	GIVEN_KEY__MAX
};

TABLE_ENUM_DECLARE(run_state);
TABLE_ENUM_DECLARE(access_mode);
TABLE_ENUM_DECLARE(canary_state);
TABLE_ENUM_DECLARE(given_key);

/* The names of access_mode, NULL-terminated: for decoders. */
extern const char *const access_mode_names[];

struct run_counts {
	int64_t total, done, active, broken, cancelled, warned;
	int64_t rejected;		/* rows that became no item */
};

/* A row.  Release with run_done(). */
struct run {
	char *run_id;
	char *host_id;
	char *origin;
	char *pack_id;			/* or NULL */
	char *pack_version;		/* or NULL */
	char *pack_provider_id;		/* of all its keys; or NULL */
	char *endpoint_key;		/* of all its keys; or NULL */
	char *wave_id;			/* with runs on other hosts; or NULL */
	int64_t wave_place;		/* in it; 0: goes ahead */
	enum access_mode access_mode;
	char *subscription_users;	/* JSON array of selectors */
	int64_t subscription_days;
	enum given_key given_key;
	char *given_key_secret_id;	/* or NULL */
	char *given_key_fingerprint;	/* of the secret; or NULL */
	bool rebind;			/* the given key may be moved here */
	char *rejected;			/* JSON array, see run_spec */
	int64_t canary_items;		/* 0: no canary */
	int64_t canary_stop_after;	/* 0: never */
	enum canary_state canary;
	char *canary_class;		/* or NULL */
	enum run_state state;
	struct run_counts counts;
	char *created_by;
	int64_t created_at;
	int64_t updated_at;
	int64_t finished_at;		/* 0: not yet */
};

/* What the caller decides about a new run.  Members are borrowed. */
struct run_spec {
	const char *host_id;
	const char *pack_id;		/* NULL: no import by provider */
	const char *pack_version;
	const char *pack_provider_id;
	const char *endpoint_key;	/* of all its keys; or NULL */
	const char *wave_id;		/* or NULL */
	int64_t wave_place;
	enum access_mode access_mode;
	const char *subscription_users;	/* JSON array of selectors */
	int64_t subscription_days;
	enum given_key given_key;
	const char *given_key_secret_id;	/* or NULL */
	bool rebind;
	int64_t items_total;
	int64_t items_rejected;
	/* JSON array of {line, field, detail}, the first ones; NULL: none. */
	const char *rejected;
	int64_t canary_items;		/* 0: no canary */
	int64_t canary_stop_after;	/* 0: never */
	const char *created_by;
};

void run_done(struct run *run);

/*
 * What a run whose items are all done is called: decided here and nowhere
 * else.
 *
 *	completed		every item is active, none has a warning,
 *				and no row of the request was left out
 *	failed			no item is active
 *	completed_with_warnings	all else
 */
enum run_state run_outcome(const struct run_counts *counts);

int runs_add(struct db *db, const struct run_spec *spec, int64_t now,
	     uint64_t random, char ret_id[ID_MAX], struct err *err) MUST_CHECK;
int runs_get(struct db *db, const char *run_id, struct run *ret,
	     struct err *err) MUST_CHECK;

/*
 * Inside a transaction: cancel.  The state becomes cancelled and every task of the run is told to
 * end at its next step.  ERR_CONFLICT, code run_finished, if it has ended.
 */
int runs_cancel(struct db *db, const char *run_id, int64_t now,
		struct err *err) MUST_CHECK;

/* How an item of the run ended: adds to the counters, ends the run. */
struct run_settled {
	bool active, broken, cancelled, warned;
};

/*
 * Inside a transaction.  A cancelled run stays cancelled; the moment when its
 * last item ended is noted all the same.
 */
int runs_settle_item(struct db *db, const char *run_id,
		     const struct run_settled *settled, int64_t now,
		     struct err *err) MUST_CHECK;

/*
 * Inside a transaction: an item that was counted so is open again, and the run
 * is running.  ERR_CONFLICT, code run_cancelled, if it was cancelled.
 */
int runs_reopen_item(struct db *db, const char *run_id,
		     const struct run_settled *settled, int64_t now,
		     struct err *err) MUST_CHECK;

extern const struct db_query *const runs_queries[];

#endif
