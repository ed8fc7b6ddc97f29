/*
 * retry: an item that ended is tried again, from its first step.
 *
 * What it learnt and why it failed is cleared, what happened to it is kept:
 * its events go on, `generation` says how often it was begun.  The run counts
 * it as open again and goes back to `running`.
 */
#ifndef SHARED_RETRY_H
#define SHARED_RETRY_H

#include <stdint.h>

#include "shared/db.h"
#include "shared/table.h"

/* Which items of a run. */
enum retry_only {
	RETRY_FAILED,		/* those that are broken */
	RETRY_CANCELLED,
	RETRY_ONLY__MAX
};

TABLE_ENUM_DECLARE(retry_only);

struct retry {
	const char *by;			/* token_id, for the event */
	const char *requested_models;	/* JSON array; NULL: as before */
	int64_t now;
	uint64_t (*random)(void *arg);
	void *random_arg;
};

/*
 * Inside a transaction.  ERR_NOT_FOUND if it is not in the run, ERR_CONFLICT
 * with code item_running, or run_cancelled: a cancelled run stays so.
 */
int retry_item(struct db *db, const char *run_id, const char *item_id,
	       const struct retry *retry, struct err *err) MUST_CHECK;

/* Inside a transaction: all that match; *ret_count is how many there were. */
int retry_run(struct db *db, const char *run_id, enum retry_only only,
	      const struct retry *retry, int64_t *ret_count, struct err *err)
	MUST_CHECK;

extern const struct db_query *const retry_queries[];

#endif
