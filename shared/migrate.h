/*
 * migrate: bring a database to the schema that this program was built for.
 *
 * The files of migrations/ are embedded at build time, forward only.  One
 * command applies them; every other program only checks, and refuses to work
 * on a database of another version.
 */
#ifndef SHARED_MIGRATE_H
#define SHARED_MIGRATE_H

#include <stdint.h>

#include "shared/db.h"

/* One file of migrations/; see scripts/embed-sql.sh. */
struct migration {
	int version;
	const char *name;
	const char *sql;
};

/* In ascending order of version; ends with a row whose sql is NULL. */
extern const struct migration migrations[];

/* The version of the last embedded migration. */
int migrate_target(void);

/*
 * Apply what is missing, each in a transaction of its own.  *ret_applied says
 * how many.  ERR_CONFLICT if the database is newer than the program, or if a
 * migration that was applied differs from ours.
 */
int migrate_apply(struct db *db, int64_t now, int *ret_applied,
		  struct err *err) MUST_CHECK;

/* ERR_CONFLICT, with the remedy, unless the database has our version. */
int migrate_check(struct db *db, struct err *err) MUST_CHECK;

extern const struct db_query *const migrate_queries[];

#endif
