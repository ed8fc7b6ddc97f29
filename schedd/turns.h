/*
 * turns: whose turn it is, so that a run of many keys does not starve a run
 * of one.
 *
 * A lane is a run, or all that belongs to none (shared/tasks.h).  Turns are
 * taken twice:
 *
 * - To be claimed.  A claim goes round the lanes that have something due, from
 *   where the last one stopped.  First each gets up to its equal share of the
 *   places there are; what is left goes to whoever has more to do, but for a
 *   few places that wait for lanes that are not there yet.
 *   A lane of which many wait to be sent gets no more: that would only wait.
 * - To be sent.  The lane that was served longest ago goes first, whenever a
 *   limit has room again.
 *
 * A claim looks at a bounded number of lanes, however many there are, and at
 * no task that it does not take.  All of it lives in memory only: after a
 * restart the round begins anew.
 */
#ifndef SCHEDD_TURNS_H
#define SCHEDD_TURNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schedd/job.h"
#include "shared/db.h"
#include "shared/tasks.h"

#define TURNS_CLAIM_MAX 64	/* tasks in one claim */
#define TURNS_WAIT_MS 1000	/* to be sent; then it is looked at again */

struct turns;

/* There are `places` for jobs, of which CRM may have as many under way. */
struct turns *turns_new(size_t places);
void turns_free(struct turns **turns);

/*
 * Claim what fits: jobs are added to the `*njobs` of `jobs`, which has all the
 * places.  One transaction, if there is anything to claim.
 */
int turns_claim(struct turns *turns, struct db *db,
		const struct task_lease *lease, int64_t now,
		struct job *jobs[], size_t *njobs, struct err *err) MUST_CHECK;

/* A job that was claimed is over: its place is free. */
void turns_leave(struct turns *turns, struct job *job);

/* The same for all that are over, which are freed; how many are left. */
size_t turns_sweep(struct turns *turns, struct job *jobs[], size_t njobs);

/*
 * When there is something to claim, where the first task is due at `due`:
 * later than that if those that are due have to wait until a place is free.
 */
int64_t turns_next(const struct turns *turns, int64_t due);

/*
 * Must a job that waits to be sent let others have its place?  One whose lane
 * has more than its share, one that would wait for long, one whose lease would
 * end before its turn.
 */
bool turns_must_yield(const struct turns *turns, const struct job *job,
		      int64_t lease_ms, int64_t now);

/* Try to send; true if it was sent. */
typedef bool turns_send(void *arg, struct job *job);

/* Let those that wait try, in their turn. */
void turns_serve(struct turns *turns, struct job *const jobs[], size_t njobs,
		 turns_send *send, void *arg);

#endif
