#include "shared/installation.h"

#include <stdio.h>

static const struct db_query q_get = { "installation.get",
	"SELECT inst FROM installation WHERE one = 1" };

int installation_get(struct db *db, char ret[ID_SHORT_MAX], struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	if (db_query(&rows, db, &q_get, DB_NO_ARGS, err))
		return -1;
	more = db_next(&rows, err);
	if (more == 0)
		return err_set(err, ERR_INTERNAL, "the database has no "
			       "installation; run `crmctl db migrate`");
	if (more < 0)
		return -1;
	snprintf(ret, ID_SHORT_MAX, "%s", db_must(&rows, 0));
	return 0;
}

const struct db_query *const installation_queries[] = { &q_get, NULL };
