/*
 * fixture: what unit tests of the stores start from: a database in memory
 * with the schema, a secret, a host, and short forms for looking at rows.
 */
#ifndef TESTS_UNIT_FIXTURE_H
#define TESTS_UNIT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "shared/db.h"
#include "shared/id.h"
#include "shared/seal.h"
#include "tests/unit/schema.h"

#define NOW INT64_C(1790000000000)

/* Fails with the sentence of the error. */
#define OK(call) \
	do { \
		if (call) \
			fail_msg("%s: %s", #call, err.msg); \
	} while (0)

#define REFUSED(call, why) \
	do { \
		err = (struct err){ 0 }; \
		assert_int_equal((call), -1); \
		assert_string_equal(err_kind_name(err.kind), \
				    err_kind_name(why)); \
		assert_non_null(err.code); \
	} while (0)

static inline struct db *fixture_db(void)
{
	struct db *db = NULL;
	struct err err;

	OK(seal_start(&err));
	OK(schema_open(&db, ":memory:", NOW, &err));
	return db;
}

static inline void fixture_sql(struct db *db, const char *sql)
{
	struct err err;

	OK(db_script(db, sql, &err));
}

/* A secret sec_1 and the hosts hst_1 and hst_2. */
static inline struct db *fixture_hosts(void)
{
	struct db *db = fixture_db();

	fixture_sql(db,
		"INSERT INTO secrets (secret_id, kind, sealed,"
		" fingerprint, last4, created_at) VALUES"
		" ('sec_1', 'host_token', x'00', NULL, NULL, 1);"
		"INSERT INTO hosts (host_id, name, base_url, auth_type,"
		" auth_secret_id, state, created_at, updated_at) VALUES"
		" ('hst_1', 'one', 'http://one', 'api_key', 'sec_1',"
		"  'ready', 1, 1),"
		" ('hst_2', 'two', 'http://two', 'api_key', 'sec_1',"
		"  'ready', 1, 1);");
	return db;
}

/* The one value that `query` yields, as text; "-" for NULL, "" for no row. */
static inline const char *fixture_value(struct db *db,
					const struct db_query *query,
					const char *id)
{
	static char text[400];
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	struct err err;
	int more;

	OK(db_query(&rows, db, query, DB_ARGS(DB_TEXT(id)), &err));
	more = db_next(&rows, &err);
	assert_true(more >= 0);
	text[0] = '\0';
	if (more)
		snprintf(text, sizeof(text), "%s", db_text(&rows, 0)
			 ? db_text(&rows, 0) : "-");
	return text;
}

#endif
