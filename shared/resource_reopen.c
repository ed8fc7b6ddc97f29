#include "shared/resource_reopen.h"

#include <stddef.h>

#define OTHERS \
	"SELECT 1 FROM managed_resources o" \
	" WHERE o.host_id = managed_resources.host_id" \
	" AND o.resource_type = managed_resources.resource_type" \
	" AND o.state <> 'gone'"

static const struct db_query q_reopen = { "resource_reopen.reopen",
	"UPDATE managed_resources SET state = 'present', made_by = NULL,"
	" updated_at = $2 WHERE resource_id = $1 AND state = 'gone'"
	" AND NOT EXISTS (" OTHERS
	"  AND o.lookup = managed_resources.lookup)"
	" AND NOT EXISTS (" OTHERS
	"  AND o.host_resource_id = managed_resources.host_resource_id)" };

int resource_reopen(struct db *db, const char *resource_id, int64_t now,
		    struct err *err)
{
	return db_run(db, &q_reopen, DB_ARGS(DB_TEXT(resource_id),
		      DB_I64(now)), err);
}

const struct db_query *const resource_reopen_queries[] = { &q_reopen, NULL };
