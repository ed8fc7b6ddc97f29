/*
 * waves: an import on several hosts goes to one of them first.
 *
 *	first run --ends well--> the others begin
 *	    '-----fails--------> they stay held, until somebody resumes them
 *
 * Each host has a run of its own; those that wait are held as by a canary, so
 * that they are resumed and cancelled in the same way.  When one of them fails
 * while others have keys left that nobody looked at, these are held, too.
 */
#ifndef SHARED_WAVES_H
#define SHARED_WAVES_H

#include <stdint.h>

#include "shared/db.h"
#include "shared/tasks.h"

#define WAVE_RUNS_MAX 50

/* Have the task of a new run at this place wait.  `run_id` is borrowed. */
void waves_hold(int64_t place, const char *run_id, struct task_spec *task);

/*
 * Inside a transaction, after runs_settle_item(): if the run has ended, and
 * is one of a wave, see to the others.  `random` makes ids of notices.
 */
int waves_item_ended(struct db *db, const char *run_id, int64_t now,
		     uint64_t random, struct err *err) MUST_CHECK;

extern const struct db_query *const waves_queries[];

#endif
