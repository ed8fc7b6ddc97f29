/*
 * reconciles: what we own on a host, held against what the host shows.
 *
 *	running --> done: in_sync, drifted, repaired, unknown, failed
 *	   ^          |
 *	   '--decide--'
 *
 * One is added with the task (flow "reconcile") that makes it.  Of a host and
 * scope one runs at most.  Its findings: shared/findings.h.
 */
#ifndef SHARED_RECONCILES_H
#define SHARED_RECONCILES_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/db.h"
#include "shared/id.h"
#include "shared/table.h"
#include "shared/walk.h"

#define RECONCILE_BY_WATCH "watch"

/* The flow of its task, and where that begins. */
#define RECONCILE_FLOW "reconcile"
#define RECONCILE_FIRST_STEP "reconcile.begin"
#define RECONCILE_DECIDED_STEP "repair.next"	/* somebody decided */

enum reconcile_scope {
	RECONCILE_HOST,
	RECONCILE_RUN,		/* what an import run rests on */
	RECONCILE_PROVIDER,
	RECONCILE_SCOPE__MAX
};

enum reconcile_result {
	RECONCILE_IN_SYNC,
	RECONCILE_DRIFTED,	/* something is left to be done or decided */
	RECONCILE_REPAIRED,	/* all that was found is settled */
	RECONCILE_UNKNOWN,	/* the host could not be read reliably */
	RECONCILE_FAILED,
	RECONCILE_RESULT__MAX
};

TABLE_ENUM_DECLARE(reconcile_scope);
TABLE_ENUM_DECLARE(reconcile_result);

struct reconcile_counts {
	int64_t compared;	/* resources */
	int64_t missing;	/* of them, on the host */
	int64_t skipped;	/* others worked on them */
	int64_t found;		/* findings, by their state */
	int64_t repaired;
	int64_t accepted;
	int64_t asked;
	int64_t failed;
	int64_t dropped;	/* findings beyond the ceiling */
};

/* A row.  Release with reconcile_done(). */
struct reconcile_run {
	char *reconcile_id;
	char *host_id;
	enum reconcile_scope scope;
	char *batch_id;		/* or NULL */
	char *provider_id;	/* or NULL */
	char *places;	/* JSON array */
	bool repair;		/* else nothing is changed */
	bool done;
	enum reconcile_result result;	/* if it is done */
	struct reconcile_counts counts;
	char *unknown_parts;	/* JSON array */
	char *checks;		/* JSON array */
	char *requested_by;	/* token_id, or RECONCILE_BY_WATCH */
	char *failure_class;	/* or NULL */
	char *failure_detail;	/* or NULL */
	int64_t created_at;
	int64_t finished_at;	/* 0: not yet */
};

void reconcile_run_done(struct reconcile_run *run);

struct reconcile_spec {
	const char *host_id;
	enum reconcile_scope scope;
	const char *batch_id;
	const char *provider_id;
	const char *places;	/* NULL: none */
	bool repair;
	const char *requested_by;
};

/*
 * Inside a transaction: add one and its task.  One of the same scope that runs
 * already, and does no less, is joined instead; ERR_CONFLICT with the code
 * reconcile_in_progress if it only looks while a repair is asked for: *ret_id
 * is that one's in both cases.
 */
int reconciles_add(struct db *db, const struct reconcile_spec *spec,
		   int64_t now, uint64_t random, char ret_id[ID_MAX],
		   struct err *err) MUST_CHECK;

int reconciles_get(struct db *db, const char *reconcile_id,
		   struct reconcile_run *ret, struct err *err) MUST_CHECK;

/* Inside a transaction: write what came of it, and end it. */
int reconciles_finish(struct db *db, const struct reconcile_run *run,
		      int64_t now, struct err *err) MUST_CHECK;

/*
 * Inside a transaction: let one that has ended go on with what somebody
 * decided.  One that runs will see to it by itself.  ERR_CONFLICT as above if
 * another one of its scope runs.
 */
int reconciles_resume(struct db *db, const struct reconcile_run *run,
		      int64_t now, uint64_t random, struct err *err)
	MUST_CHECK;

struct reconcile_filter {
	const char *host_id;		/* "" or NULL: any */
	const char *batch_id;
	const char *provider_id;
	const char *result;
	const char *before;		/* "": the first page */
};

/* Newest first; see walk.h. */
int reconciles_list(struct walk *walk, struct db *db,
		    const struct reconcile_filter *filter, struct err *err)
	MUST_CHECK;
int reconciles_list_next(struct walk *walk, struct reconcile_run *run,
			 struct err *err) MUST_CHECK;

/*
 * A host that is ready and not paused, and whose reconcile was due by `now`;
 * "" if there is none.  *ret_planned: it was planned, which a new one was not.
 */
int reconciles_due(struct db *db, int64_t now, char ret_host_id[ID_MAX],
		   bool *ret_planned, struct err *err) MUST_CHECK;

/* When the next one is due; INT64_MAX if none will be. */
int reconciles_next_due(struct db *db, int64_t *ret, struct err *err)
	MUST_CHECK;

/* Plan the next one of a host. */
int reconciles_plan(struct db *db, const char *host_id, int64_t at,
		    struct err *err) MUST_CHECK;

#define RECONCILES_KEPT 50	/* finished ones of a host */
#define RECONCILES_KEPT_OPEN 200	/* with those that have open findings */

extern const struct db_query *const reconciles_queries[];

#endif
