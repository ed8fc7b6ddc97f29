#include "tests/sim/store.h"

#include "shared/migrate.h"

#define START INT64_C(1790000000000)

/* Migrating is half of the work of a short world: it is done once. */
static struct db *empty;

static int make_empty(struct err *err)
{
	int applied;

	if (db_open(&empty, ":memory:", DB_CREATE, err))
		return -1;
	return migrate_apply(empty, START, &applied, err);
}

static void forget_empty(void)
{
	db_close(&empty);
}

int store_open(struct db **ret, struct err *err)
{
	CLEANUP(db_close) struct db *db = NULL;

	if (!empty) {
		if (make_empty(err))
			return -1;
		atexit(forget_empty);
	}
	if (db_open(&db, ":memory:", DB_CREATE, err) ||
	    db_copy(db, empty, err))
		return -1;
	*ret = TAKE(db);
	return 0;
}
