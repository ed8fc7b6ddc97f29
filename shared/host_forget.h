/*
 * host_forget: all that CRM knows of a host goes, and nothing on the host.
 *
 * There may be millions of rows, so they go a few at a time, each batch in a
 * short transaction: what refers to others first.  The secrets that only this
 * host's imports had go with them.
 */
#ifndef SHARED_HOST_FORGET_H
#define SHARED_HOST_FORGET_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/db.h"

/* The flow of its task, and where that begins. */
#define FORGET_FLOW "host_forget"
#define FORGET_FIRST_STEP "forget.some"

/*
 * Inside a transaction: `limit` rows of a host at most; *ret_more if there may
 * be others.  With the last one the host itself is gone.
 */
int host_forget_some(struct db *db, const char *host_id, int64_t limit,
		     bool *ret_more, struct err *err) MUST_CHECK;

/* Inside a transaction: add the task that does so. */
int host_forget_begin(struct db *db, const char *host_id, int64_t now,
		      uint64_t random, struct err *err) MUST_CHECK;

/* What goes on there: imports, rollbacks; a host with any is not forgotten. */
int host_forget_open_work(struct db *db, const char *host_id, int64_t *ret,
			  struct err *err) MUST_CHECK;

/* What CRM made or adopted there, and leaves: up to `limit` of them. */
struct host_left {
	const char *kind, *host_resource_id, *mark, *origin;	/* borrowed */
};

int host_left_count(struct db *db, const char *host_id, int64_t *ret,
		    struct err *err) MUST_CHECK;
int host_left_list(struct db_rows *rows, struct db *db, const char *host_id,
		   int64_t limit, struct err *err) MUST_CHECK;
int host_left_next(struct db_rows *rows, struct host_left *left,
		   struct err *err) MUST_CHECK;

extern const struct db_query *const host_forget_queries[];

#endif
