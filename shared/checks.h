/*
 * checks: proofs of an access on demand, and those of the watch.
 */
#ifndef SHARED_CHECKS_H
#define SHARED_CHECKS_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/db.h"
#include "shared/id.h"

#define CHECK_BY_WATCH "watch"

/* The flow of its task, and where that begins. */
#define CHECK_FLOW "check"
#define CHECK_FIRST_STEP "check.begin"

/* A row.  Release with check_done(). */
struct check {
	char *check_id;
	char *access_id;
	char *requested_by;	/* token_id, or CHECK_BY_WATCH */
	bool surfaces;		/* try each way of calling, too */
	bool done;
	char *result;		/* active, degraded, broken, unknown; or NULL */
	char *failure_class;	/* or NULL */
	char *diagnosis;	/* JSON, or NULL */
	char *proof_id;		/* or NULL */
	int64_t repaired;	/* repairs that it made */
	int64_t created_at;
	int64_t finished_at;	/* 0: not yet */
};

struct check_spec {
	const char *access_id;
	const char *host_id;
	const char *requested_by;
	bool surfaces;
	int64_t not_before;
};

void check_done(struct check *check);

/*
 * Inside a transaction: add a check and the task (flow "check") that runs it.
 * One that runs already, and asks for no less, is joined instead.
 */
int checks_add(struct db *db, const struct check_spec *spec, int64_t now,
	       uint64_t random, char ret_id[ID_MAX], struct err *err)
	MUST_CHECK;

int checks_get(struct db *db, const char *check_id, struct check *ret,
	       struct err *err) MUST_CHECK;

/* What one that runs has found, and mended, so far. */
int checks_note(struct db *db, const char *check_id, const char *diagnosis,
		int64_t repaired, struct err *err) MUST_CHECK;

/* Inside a transaction: write the result and end it. */
int checks_finish(struct db *db, const struct check *check, int64_t now,
		  struct err *err) MUST_CHECK;

/* Newest first: those of one access. */
int checks_list(struct db_rows *rows, struct db *db, const char *access_id,
		const char *before, int64_t limit, struct err *err)
	MUST_CHECK;
int checks_next(struct db_rows *rows, struct check *check, struct err *err)
	MUST_CHECK;

/*
 * How many of the watch's run, without those that are held, and those that are
 * put off beyond `until` because a day's budget is used up.
 */
int checks_running(struct db *db, int64_t until, int64_t *ret,
		   struct err *err) MUST_CHECK;

#define CHECKS_KEPT 50	/* finished ones of an access */

extern const struct db_query *const checks_queries[];

#endif
