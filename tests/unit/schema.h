/*
 * schema: databases with the schema, for tests.
 *
 * Two dozen migrations are most of the work of a short test: a program runs
 * them once, and every database after that is a copy of what came of it.
 */
#ifndef TESTS_UNIT_SCHEMA_H
#define TESTS_UNIT_SCHEMA_H

#include <stdlib.h>

#include "shared/db.h"
#include "shared/migrate.h"

static struct db *schema_model;

static inline void schema_forget(void)
{
	db_close(&schema_model);
}

MUST_CHECK static inline int schema_make(int64_t now, struct err *err)
{
	int applied;

	if (db_open(&schema_model, ":memory:", DB_CREATE, err))
		return -1;
	atexit(schema_forget);
	return migrate_apply(schema_model, now, &applied, err);
}

/* Open `location`, new, with the schema; seal_start() was called. */
MUST_CHECK static inline int schema_open(struct db **ret, const char *location,
					 int64_t now, struct err *err)
{
	CLEANUP(db_close) struct db *db = NULL;

	if ((!schema_model && schema_make(now, err)) ||
	    db_open(&db, location, DB_CREATE, err) ||
	    db_copy(db, schema_model, err))
		return -1;
	*ret = TAKE(db);
	return 0;
}

#endif
