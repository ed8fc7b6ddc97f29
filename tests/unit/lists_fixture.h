/*
 * lists_fixture: runs and items in all states, and what plain SQL says of them.
 */
#ifndef TESTS_UNIT_LISTS_FIXTURE_H
#define TESTS_UNIT_LISTS_FIXTURE_H

#include "tests/unit/fixture.h"

#include "shared/buf.h"
#include "shared/item_list.h"
#include "shared/run_events.h"
#include "shared/run_list.h"
#include "shared/table.h"

#define TEXT_MAX 8000

/*
 * 90 items in three runs.  Those of run_b and run_c were made in the same
 * moment, so that their ids are mixed; states, classes, warnings, labels and
 * providers go round at different lengths.
 */
static const char rows[] =
	"INSERT INTO import_runs (run_id, host_id, origin, access_mode,"
	" subscription_users, subscription_days, state, items_total,"
	" created_by, created_at, updated_at) VALUES"
	" ('run_a', 'hst_1', 'batch_import', 'subscription', '[]', 30,"
	"  'completed', 30, 'tok_1', 1, 1),"
	" ('run_b', 'hst_2', 'batch_import', 'subscription', '[]', 30,"
	"  'running', 30, 'tok_1', 1, 1),"
	" ('run_c', 'hst_1', 'batch_import', 'self_service', '[]', 30,"
	"  'running', 30, 'tok_1', 1, 1);"
	"INSERT INTO secrets (secret_id, kind, sealed,"
		" fingerprint, last4, created_at) VALUES"
	" ('sec_2', 'api_key', x'00', 'fp', 'last', 1);"
	"WITH RECURSIVE n (i) AS"
	" (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 89)"
	"INSERT INTO import_run_items (item_id, run_id, seq, provider_id,"
	" endpoint_key, base_url, api_key_secret_id, requested_models,"
	" current_stage, confirmation_status, access_status, failure_class,"
	" warnings, label, created_at, updated_at)"
	" SELECT printf('itm_%02d', i),"
	"  CASE WHEN i < 30 THEN 'run_a' WHEN i % 2 THEN 'run_b'"
	"   ELSE 'run_c' END, i, printf('p%d', i % 4),"
	"  printf('p%d', i % 4), printf('https://p%d.example/v1', i % 4), 'sec_2', '[]',"
	"  CASE i % 3 WHEN 0 THEN 'probe' ELSE 'done' END,"
	"  CASE i % 5 WHEN 0 THEN 'failed' ELSE 'confirmed' END,"
	"  CASE i % 7 WHEN 0 THEN 'broken' WHEN 1 THEN 'unknown'"
	"   ELSE 'active' END,"
	"  CASE i % 6 WHEN 0 THEN 'key_invalid' WHEN 1 THEN 'timeout' END,"
	"  CASE i % 4 WHEN 1 THEN '[{\"code\":\"c\",\"detail\":\"\"}]'"
	"   ELSE '[]' END,"
	"  CASE i % 8 WHEN 3 THEN 'team a' WHEN 5 THEN 'team b ' || (i % 3)"
	"   ELSE '' END, 1, 1 FROM n;";

__attribute__((unused))
static struct db *world(void)
{
	struct db *db = fixture_hosts();

	fixture_sql(db, rows);
	return db;
}

/* The texts of the only column of `sql`, with blanks between; for free(). */
static char *all_of(struct db *db, const char *sql)
{
	/* Prepared by address: each text needs a query that stays. */
	static struct {
		char *sql;
		struct db_query query;
	} kept[200];
	static size_t count;
	CLEANUP(db_rows_done) struct db_rows found = { 0 };
	struct buf text = { .max = TEXT_MAX };
	struct err err;
	int more;

	assert_true(count < COUNT(kept));
	kept[count].sql = xstrdup(sql);
	kept[count].query = (struct db_query){ "test.all", kept[count].sql };
	OK(db_query(&found, db, &kept[count++].query, DB_NO_ARGS, &err));
	while ((more = db_next(&found, &err)) > 0)
		buf_addf(&text, "%s ", db_must(&found, 0));
	assert_int_equal(more, 0);
	return buf_take(&text);
}

__attribute__((unused))
static void says(struct db *db, const char *sql, const char *want)
{
	AUTO_FREE char *got = all_of(db, sql);

	assert_string_equal(got, want);
}

#endif
