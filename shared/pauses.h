/*
 * pauses: a host or an endpoint that somebody wants CRM to leave alone.
 *
 * While it lasts CRM asks nothing of it: tasks that would are held at the step
 * that would (shared/tasks.h), the watch plans nothing.  What was held goes on
 * where it was.
 */
#ifndef SHARED_PAUSES_H
#define SHARED_PAUSES_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/db.h"
#include "shared/tasks.h"

/*
 * Which of them is paused: HOLD_HOST, HOLD_ENDPOINT, or HOLD_NONE.  NULL is
 * none.
 */
int pauses_find(struct db *db, const char *host_id, const char *endpoint_key,
		enum hold *ret, struct err *err) MUST_CHECK;

/* ERR_CONFLICT, code paused, if one is, with how to resume it. */
int pauses_refuse(struct db *db, const char *host_id,
		  const char *endpoint_key, struct err *err) MUST_CHECK;

/*
 * Inside a transaction: leave it alone, or not any more.  Said twice it stays
 * as it was.  With `watched`, accesses that missed their check get one.  A
 * host: ERR_NOT_FOUND if there is none.
 */
int pauses_host(struct db *db, const char *host_id, int64_t now,
		struct err *err) MUST_CHECK;
int pauses_endpoint(struct db *db, const char *endpoint_key, int64_t now,
		    struct err *err) MUST_CHECK;
int pauses_resume_host(struct db *db, const char *host_id, bool watched,
		       int64_t now, struct err *err) MUST_CHECK;
int pauses_resume_endpoint(struct db *db, const char *endpoint_key,
			   bool watched, int64_t now, struct err *err)
	MUST_CHECK;

extern const struct db_query *const pauses_queries[];

#endif
