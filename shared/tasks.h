/*
 * tasks: what drives a flow, one row for each.
 *
 *	due --claim--> leased --settle--> due | parked | held | done
 *	 ^               |                        |      |
 *	 '---expire------'<-------wake------------'      |
 *	 '------------------------release----------------'
 *
 * A task is held while somebody wants it so: the canary of its run is not
 * through, or what it would ask is paused.  Nobody looks at it until the
 * transaction that releases it.
 *
 * Turns go by lanes: a lane is a run, or TASK_LANE_OTHER for all that belongs
 * to none.
 *
 * The row names the step that comes next.  A claim raises `fence`; settling
 * says which fence it holds, so whoever lost the lease changes nothing.
 */
#ifndef SHARED_TASKS_H
#define SHARED_TASKS_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/db.h"
#include "shared/id.h"
#include "shared/table.h"

#define TASK_MEMO_MAX 4096
#define TASK_LANE_OTHER "-"

enum hold {
	HOLD_NONE,
	HOLD_CANARY,		/* on a run */
	HOLD_HOST,
	HOLD_ENDPOINT,
	HOLD__MAX
};

TABLE_ENUM_DECLARE(hold);

/* A row.  Release with task_done(). */
struct task {
	char *task_id;
	char *flow;
	char *subject_id;
	char *run_id;		/* or NULL */
	char *host_id;
	char *step;
	int64_t step_since;
	int64_t attempt;	/* how often this step failed in passing */
	int64_t not_before;
	int64_t fence;
	bool cancel;
	char *memo;		/* JSON object */
};

struct task_spec {
	const char *flow;
	const char *subject_id;
	const char *run_id;	/* or NULL */
	const char *host_id;
	const char *step;
	int64_t not_before;
	const char *memo;	/* JSON object; NULL: an empty one */
	enum hold hold;		/* else it is due */
	const char *held_on;	/* NULL if it is not held */
};

/* What becomes of a task. */
enum task_next { TASK_STAYS_LEASED, TASK_DUE, TASK_PARKED, TASK_DONE };

struct task_settlement {
	enum task_next next;
	const char *step;
	int64_t step_since;
	int64_t attempt;
	int64_t not_before;	/* of TASK_DUE */
	int64_t lease_until;	/* of TASK_STAYS_LEASED */
	const char *parked_on;	/* of TASK_PARKED */
	const char *memo;
	const char *last_class;	/* or NULL */
};

void task_done(struct task *task);

int tasks_add(struct db *db, const struct task_spec *spec, int64_t now,
	      uint64_t random, char ret_id[ID_MAX], struct err *err)
	MUST_CHECK;

/*
 * The lane behind `after` ("": the first) in which a task is due now or later,
 * and when; "" and INT64_MAX if there is none.
 */
int tasks_next_lane(struct db *db, const char *after, char ret_lane[ID_MAX],
		    int64_t *ret_due, struct err *err) MUST_CHECK;

struct task_lease {
	const char *owner;
	int64_t until;
};

/*
 * Lease up to `limit` tasks of a lane that are due, those that have waited
 * longest first.  Call tasks_claim_next() until it returns 0: the rows are
 * claimed only when the statement has run to its end.
 */
int tasks_claim(struct db_rows *rows, struct db *db, const char *lane,
		const struct task_lease *lease, int64_t now, int64_t limit,
		struct err *err) MUST_CHECK;
int tasks_claim_next(struct db_rows *rows, struct task *task, struct err *err)
	MUST_CHECK;

/* When the next task is due; INT64_MAX if none is. */
int tasks_next_due(struct db *db, int64_t *ret, struct err *err) MUST_CHECK;

/*
 * ERR_CONFLICT if `owner` does not hold this fence any more.  Notes in
 * task->cancel whether the run was cancelled meanwhile; such a task is never
 * parked but becomes due again soon.
 */
int tasks_settle(struct db *db, struct task *task, const char *owner,
		 const struct task_settlement *s, int64_t now,
		 struct err *err) MUST_CHECK;

/* Make leases that ended by `now` due again. */
int tasks_expire_leases(struct db *db, int64_t now, struct err *err)
	MUST_CHECK;

/*
 * Take over all leases of whoever held them: there is one schedd (D21).  A
 * task that was put off while the clock was ahead waits as long from now.
 */
int tasks_take_over(struct db *db, int64_t now, struct err *err) MUST_CHECK;

/*
 * Inside a transaction.  The clock was set by so much, and is now `now`: who
 * waits, waits no longer and no shorter, and leases last as long as before.
 */
int tasks_clock_jumped(struct db *db, int64_t by, int64_t now,
		       struct err *err) MUST_CHECK;

/*
 * Make tasks that are parked on a resource due; `all`, or else only one: the
 * oldest of the lane whose turn it is after that of the task `had`, or NULL.
 */
int tasks_wake(struct db *db, const char *resource_id, bool all,
	       const char *had, int64_t now, struct err *err) MUST_CHECK;

/*
 * Hold a leased task before the step that is in its row, because `on`, a host
 * or an endpoint, is paused.  If that is over, or the task was cancelled
 * meanwhile, it becomes due instead.  ERR_CONFLICT as tasks_settle().
 */
int tasks_hold(struct db *db, const struct task *task, const char *owner,
	       enum hold why, const char *on, int64_t now, struct err *err)
	MUST_CHECK;

/* Hold what is due in a run and has not begun: it stands at `first_step`. */
int tasks_hold_rest(struct db *db, const char *run_id, const char *first_step,
		    int64_t now, struct err *err) MUST_CHECK;

/* All that is held for this reason on that becomes due. */
int tasks_release(struct db *db, enum hold why, const char *on, int64_t now,
		  struct err *err) MUST_CHECK;

/* How many are held on it. */
int tasks_held_on(struct db *db, const char *on, int64_t *ret,
		  struct err *err) MUST_CHECK;

/* Tell every task of a run to end at its next step, and wake it for that. */
int tasks_cancel_run(struct db *db, const char *run_id, int64_t now,
		     struct err *err) MUST_CHECK;

/* Has this task ended?  ERR_NOT_FOUND if there is none of this id. */
int tasks_is_done(struct db *db, const char *task_id, bool *ret,
		  struct err *err) MUST_CHECK;

/* The newest task of a subject that has not ended; "" if there is none. */
int tasks_of_subject(struct db *db, const char *subject_id,
		     char ret_id[ID_MAX], struct err *err) MUST_CHECK;

/* Is anything of this run still to do? */
int tasks_open_of_run(struct db *db, const char *run_id, int64_t *ret_count,
		      struct err *err) MUST_CHECK;

extern const struct db_query *const tasks_queries[];

#endif
