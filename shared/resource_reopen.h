/*
 * resource_reopen: a row that was closed stands for its thing again.
 */
#ifndef SHARED_RESOURCE_REOPEN_H
#define SHARED_RESOURCE_REOPEN_H

#include "shared/resources.h"

/*
 * It is there after all, and ours.  Nothing happens if another row stands for
 * it by now, or for what it is looked up by.
 */
int resource_reopen(struct db *db, const char *resource_id, int64_t now,
		    struct err *err) MUST_CHECK;

extern const struct db_query *const resource_reopen_queries[];

#endif
