#include "shared/migrate.h"

#include <inttypes.h>
#include <string.h>

#include "shared/id.h"
#include "shared/seal.h"

/* "CRM1": tells our files from other SQLite databases. */
#define APPLICATION_ID 0x43524d31

static const char bootstrap[] =
	"PRAGMA application_id = 1129467185;"	/* APPLICATION_ID */
	"CREATE TABLE IF NOT EXISTS schema_migrations ("
	" version INTEGER PRIMARY KEY,"
	" name TEXT NOT NULL,"
	" hash TEXT NOT NULL,"
	" applied_at INTEGER NOT NULL"
	") STRICT;";

int migrate_target(void)
{
	const struct migration *m = migrations;

	while (m[1].sql)
		m++;
	return m->version;
}

static const struct db_query q_application = { "migrate.application",
	"PRAGMA application_id" };
static const struct db_query q_objects = { "migrate.objects",
	"SELECT count(*) FROM sqlite_schema" };
static const struct db_query q_version = { "migrate.version",
	"SELECT coalesce(max(version), 0) FROM schema_migrations" };

/* Refuse a file that holds somebody else's tables. */
static int check_owner(struct db *db, struct err *err)
{
	int64_t id, objects;

	if (db_number(db, &q_application, DB_NO_ARGS, &id, err) ||
	    db_number(db, &q_objects, DB_NO_ARGS, &objects, err))
		return -1;
	if (id != APPLICATION_ID && objects > 0)
		return err_set(err, ERR_CONFLICT, "this is a database of "
			       "another program; name a file of CRM's own");
	return 0;
}

static int present_version(struct db *db, int64_t *ret, struct err *err)
{
	int64_t objects;

	if (check_owner(db, err) ||
	    db_number(db, &q_objects, DB_NO_ARGS, &objects, err))
		return -1;
	*ret = 0;
	return objects ? db_number(db, &q_version, DB_NO_ARGS, ret, err) : 0;
}

static int refuse_newer(int64_t version, struct err *err)
{
	return err_set(err, ERR_CONFLICT, "the database has schema %" PRId64
		       ", this program knows up to %d; upgrade the program",
		       version, migrate_target());
}

static const struct db_query q_record = { "migrate.record",
	"INSERT INTO schema_migrations (version, name, hash, applied_at)"
	" VALUES ($1, $2, $3, $4)" };

static const struct db_query q_broken = { "migrate.broken",
	"SELECT \"table\", parent FROM pragma_foreign_key_check LIMIT 1" };

static int check_references(struct db *db, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	if (db_query(&rows, db, &q_broken, DB_NO_ARGS, err))
		return -1;
	more = db_next(&rows, err);
	if (more > 0)
		return err_set(err, ERR_INTERNAL, "rows of %s refer to rows of"
			       " %s that are not there", db_must(&rows, 0),
			       db_must(&rows, 1));
	return more;
}

static int apply_in_tx(struct db *db, const struct migration *m, int64_t now,
		       struct err *err)
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	char hash[SEAL_HASH_TEXT];

	seal_hash_text(m->sql, strlen(m->sql), hash);
	if (db_tx_begin(&tx, db, err) || db_script(db, m->sql, err) ||
	    check_references(db, err) ||
	    db_run(db, &q_record, DB_ARGS(DB_I64(m->version),
		   DB_TEXT(m->name), DB_TEXT(hash), DB_I64(now)), err))
		return err_wrap(err, "migration %s", m->name);
	return db_tx_commit(&tx, err);
}

/*
 * A table that is made anew is dropped while others refer to it.  SQLite
 * would take their rows along unless foreign keys are off, which it does not
 * let us say inside a transaction; that none is broken is checked before the
 * commit instead.
 */
static int apply_one(struct db *db, const struct migration *m, int64_t now,
		     struct err *err)
{
	struct err ignored;
	int rc = db_script(db, "PRAGMA foreign_keys = OFF", err);

	if (rc == 0)
		rc = apply_in_tx(db, m, now, err);
	if (db_script(db, "PRAGMA foreign_keys = ON", rc ? &ignored : err))
		rc = -1;
	return rc;
}

static const struct db_query q_applied = { "migrate.applied",
	"SELECT hash FROM schema_migrations WHERE version = $1" };

/* A migration that changed after it was applied would mean two schemas. */
static int check_hash(struct db *db, const struct migration *m,
		      struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	char hash[SEAL_HASH_TEXT];

	seal_hash_text(m->sql, strlen(m->sql), hash);
	if (db_query(&rows, db, &q_applied, DB_ARGS(DB_I64(m->version)),
		     err) || db_next(&rows, err) < 0)
		return -1;
	if (strcmp(db_must(&rows, 0), hash) != 0)
		return err_set(err, ERR_CONFLICT, "migration %s was applied in"
			       " another form; use the release that made this"
			       " database", m->name);
	return 0;
}

static const struct db_query q_install = { "migrate.install",
	"INSERT INTO installation (one, inst, created_at) VALUES (1, $1, $2)"
	" ON CONFLICT DO NOTHING" };

int migrate_apply(struct db *db, int64_t now, int *ret_applied,
		  struct err *err)
{
	char inst[ID_SHORT_MAX];
	int64_t version;

	*ret_applied = 0;
	if (present_version(db, &version, err))
		return -1;
	if (version > migrate_target())
		return refuse_newer(version, err);
	if (db_script(db, bootstrap, err))
		return -1;
	for (const struct migration *m = migrations; m->sql; m++) {
		if (m->version <= version ? check_hash(db, m, err)
					  : apply_one(db, m, now, err))
			return -1;
		*ret_applied += m->version > version;
	}
	seal_random_id(inst, 6);
	return db_run(db, &q_install, DB_ARGS(DB_TEXT(inst), DB_I64(now)),
		      err);
}

int migrate_check(struct db *db, struct err *err)
{
	int64_t version;

	if (present_version(db, &version, err))
		return -1;
	if (version > migrate_target())
		return refuse_newer(version, err);
	if (version < migrate_target())
		return err_set(err, ERR_CONFLICT, "the database has schema %"
			       PRId64 ", this program needs %d; run `crmctl db"
			       " migrate`", version, migrate_target());
	return 0;
}

const struct db_query *const migrate_queries[] = {
	&q_application, &q_objects, &q_version, &q_record, &q_broken,
	&q_applied, &q_install, NULL
};
