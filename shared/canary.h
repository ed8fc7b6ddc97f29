/*
 * canary: the first items of a run are proven before the rest begins.
 *
 *	off      proving --all of the first ended--> passed
 *	            |                                  | K of one class in a row
 *	            '--none active, or K of one class--+--> held --by hand--> resumed
 *
 * While a run is proving, or held, the tasks of the rest are held: nobody
 * looks at them.  What is under way goes on.  A run without a canary that is
 * to be stopped after K failures begins as one that passed.
 */
#ifndef SHARED_CANARY_H
#define SHARED_CANARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/db.h"
#include "shared/tasks.h"

/*
 * Have the task of the `n`th item of a new run, from 0, wait for the canary if
 * it has to.  `run_id` is borrowed.
 */
void canary_hold(int64_t canary_items, size_t n, const char *run_id,
		 struct task_spec *task);

/*
 * Inside a transaction, after runs_settle_item(): an item ended, with this
 * class or NULL: active.  *ret_held is whether the rest of the run was stopped
 * by that.
 */
int canary_item_ended(struct db *db, const char *run_id, const char *class,
		      int64_t now, bool *ret_held, struct err *err)
	MUST_CHECK;

/*
 * Inside a transaction: let a held run go on, and never stop it again.
 * ERR_CONFLICT, code run_not_held, if it is not held.
 */
int canary_resume(struct db *db, const char *run_id, int64_t now,
		  struct err *err) MUST_CHECK;

extern const struct db_query *const canary_queries[];

#endif
