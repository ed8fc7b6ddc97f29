/*
 * resource_row: a row of managed_resources as queries name its columns and as
 * it is read: for resources.c and resource_walk.c.
 */
#ifndef SHARED_RESOURCE_ROW_H
#define SHARED_RESOURCE_ROW_H

#include "shared/resources.h"

/* What resource_read() reads, in its order. */
#define RESOURCE_COLUMNS \
	"resource_id, host_id, resource_type, lookup, mark, state," \
	" host_resource_id, wanted_json, written_json, origin, made_by," \
	" generation, secret_id, expires_at, refusals, failure_class," \
	" next_retry_at, off_by_us, mends, mended_at, live_json, prior_json," \
	" paused_at, live_version"

int resource_read(const struct db_rows *rows, struct resource *ret,
		  struct err *err) MUST_CHECK;

#endif
