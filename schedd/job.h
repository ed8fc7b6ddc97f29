/*
 * job: a claimed task on its way through one step.  The engine's own.
 */
#ifndef SCHEDD_JOB_H
#define SCHEDD_JOB_H

#include "schedd/limits.h"
#include "schedd/step.h"
#include "schedd/wire.h"

enum job_state {
	JOB_NEW,	/* the step is to be begun */
	JOB_WAITING,	/* for its turn, by the limits */
	JOB_SENT,	/* the world has it */
	JOB_READY,	/* the verdict is to be made and settled */
	JOB_OVER,	/* nothing left to do here */
};

struct lane;		/* of the engine's turns */

struct job {
	enum job_state state;
	uint64_t tag;
	struct task task;
	struct lane *lane;		/* whose place it has */
	struct job *behind;		/* while turns are served */
	const struct flow *flow;
	const struct step *step;
	void *subject;
	struct request request;
	struct limit_names limits;	/* borrowed from `subject` */
	bool entered;			/* counted by the limits */
	bool asked;			/* there was an exchange */
	bool detour;			/* `step` is not the one that is due */
	enum hold hold;			/* not to be run: who wants that */
	const char *hold_on;		/* whom it would ask; of `subject` */
	struct answer answer;
	char *captured;			/* plaintext: wiped when settled */
	char *replaces;			/* id of the secret that it replaces */
	bool judged;
	struct verdict verdict;		/* made once, kept until settled */
	char *next_step;		/* of the task's row, when committed */
	char *next_memo;
	int64_t next_since;
	int64_t next_attempt;
	int64_t read_at;		/* when the subject was read */
	int64_t waiting_since;
	int64_t ask_again_at;		/* while waiting; 0: when one ended */
};

struct job *job_new(struct task *take_task);
void job_free(struct job **job);

/* Free those that are over; how many are left, in their order. */
size_t jobs_sweep(struct job *jobs[], size_t njobs);

/* Does one of them fetch for this host what `job` would fetch first? */
bool jobs_fetch_it(struct job *const jobs[], size_t njobs,
		   const struct job *job);

/* How many the world has. */
size_t jobs_under_way(struct job *const jobs[], size_t njobs);

/* When the first of them wants to be looked at, `latest` at the latest. */
int64_t jobs_next(struct job *const jobs[], size_t njobs, int64_t now,
		  int64_t latest);

/* The clock was set by so much: who waits, waits as long as before. */
void jobs_clock_jumped(struct job *const jobs[], size_t njobs, int64_t by);

/* Whoever answered and said when to come again is not asked before. */
void job_heed(const struct job *job, struct limits *limits, int64_t now);

/* Be done with the step: what it read, asked and got. */
void job_reset(struct job *job, struct limits *limits);

/*
 * Find the flow and the step, load the subject, build the request.  The job
 * becomes JOB_WAITING if there is something to ask, else JOB_READY; so it does
 * with `hold`, if whom it would ask is paused.
 */
int job_begin(struct job *job, const struct store *store, int64_t now,
	      struct err *err) MUST_CHECK;

/* The request with its secrets in. */
int job_wire(struct job *job, const struct store *store, struct wire **ret,
	     struct err *err) MUST_CHECK;

/* The verdict was committed: the task goes on with its next step. */
void job_advance(struct job *job);

/*
 * The job that follows when the verdict is committed, at its next step.  For
 * job_free().
 */
struct job *job_successor(const struct job *job);

/*
 * Keep the answer; a secret that the step captures is taken out of it, and
 * keys that it shows become fingerprints.
 */
void job_answered(struct job *job, const struct store *store,
		  struct answer *take_answer);

#endif
