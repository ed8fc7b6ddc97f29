/*
 * plans: which plans were done, and what of ours a plan rests on.
 *
 * A plan itself is not stored: who asked for it keeps it, signed.
 */
#ifndef SHARED_PLANS_H
#define SHARED_PLANS_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/db.h"
#include "shared/resources.h"

/* The row of one that was done.  Members are borrowed. */
struct plan_done {
	const char *plan_id;
	const char *kind;
	const char *done_by;	/* token_id */
	int64_t expires_at;
};

int plans_is_done(struct db *db, const char *plan_id, bool *ret,
		  struct err *err) MUST_CHECK;

/*
 * Inside the transaction that does it.  ERR_CONFLICT, code plan_applied, if it
 * was done before.  Forgets those that nobody could do any more.
 */
int plans_done_add(struct db *db, const struct plan_done *plan, int64_t now,
		   struct err *err) MUST_CHECK;

#define PLAN_RESOURCES_MAX 5000

/* What an item rests on; with item_id NULL, what the items of a run do. */
int plan_resources(struct db_rows *rows, struct db *db, const char *run_id,
		   const char *item_id, struct err *err) MUST_CHECK;
/* The id of the next one, borrowed from the rows: 1, 0 or -1. */
int plan_resources_next(struct db_rows *rows, const char **ret_resource_id,
			struct err *err) MUST_CHECK;

extern const struct db_query *const plans_queries[];

#endif
