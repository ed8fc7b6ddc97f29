/*
 * settle: write down what a step's verdict means, in one transaction with
 * those of other jobs.
 */
#ifndef SCHEDD_SETTLE_H
#define SCHEDD_SETTLE_H

#include "schedd/job.h"

/* What becomes of the job after the commit. */
enum settled {
	SETTLED_CONTINUES,	/* the task stays ours: begin its next step */
	SETTLED_LEAVES,		/* it is due later, parked or done */
};

/*
 * Make the verdict of a JOB_READY job.  Pure, and to be called once: it
 * changes the subject.
 */
struct verdict settle_verdict(struct job *job, const struct settings *settings,
			      uint64_t random);

/*
 * Inside a transaction: can be repeated if that is rolled back.  After the
 * commit, a job that continues is moved by job_advance().
 */
int settle_write(struct job *job, const struct store *store,
		 const struct verdict *verdict, const char *owner,
		 bool stopping, int64_t now, enum settled *ret,
		 struct err *err) MUST_CHECK;

#endif
