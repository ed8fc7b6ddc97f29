/*
 * run_list: pages of runs, the newest first, and how many there are.
 *
 * A page has a leading filter that an index serves, see walk.h; pages go by
 * id, so runs that are added meanwhile move nothing.
 */
#ifndef SHARED_RUN_LIST_H
#define SHARED_RUN_LIST_H

#include "shared/runs.h"
#include "shared/walk.h"

/* NULL or "" means any; members are borrowed until the walk is done. */
struct run_filter {
	const char *state;
	const char *access_mode;
	const char *host_id;
	const char *pack_provider_id;
	const char *pack_id;
	/*
	 * What the run's id begins with, or the id or the base URL of a
	 * provider that it has keys of; of the URL the scheme may lack.
	 */
	const char *q;
	const char *before;	/* a run_id: those older than this */
};

/* Begin a page.  Release with walk_done(). */
int run_list(struct walk *walk, struct db *db, const struct run_filter *filter,
	     struct err *err) MUST_CHECK;

/* 1 and the next run that matches, 0 at the end, -1 on failure. */
int run_list_next(struct walk *walk, struct run *run, struct err *err)
	MUST_CHECK;

/* How many runs there are in each state, of this host and access mode. */
int run_list_counts(struct db *db, const struct run_filter *filter,
		    int64_t ret[RUN_STATE__MAX], struct err *err) MUST_CHECK;

extern const struct db_query *const run_list_queries[];

#endif
