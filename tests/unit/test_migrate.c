#include "tests/unit/fixture.h"

#include "shared/table.h"
#include "tests/unit/scratch.h"

static const struct db_query q_inst = { "test.inst",
	"SELECT inst FROM installation WHERE one = coalesce($1, one)" };
static const struct db_query q_applied = { "test.applied",
	"SELECT count(*) || ' ' || min(applied_at) FROM schema_migrations"
	" WHERE version >= $1" };

static int number_of_migrations(void)
{
	int n = 0;

	while (migrations[n].sql)
		n++;
	return n;
}

static void an_empty_database_gets_every_migration_once(void **state)
{
	CLEANUP(db_close) struct db *db = NULL;
	char want[40];
	int applied;
	struct err err;

	(void)state;
	OK(db_open(&db, ":memory:", DB_CREATE, &err));
	REFUSED(migrate_check(db, &err), ERR_CONFLICT);
	assert_non_null(strstr(err.msg, "crmctl db migrate"));
	OK(migrate_apply(db, NOW, &applied, &err));
	assert_int_equal(applied, number_of_migrations());
	OK(migrate_check(db, &err));
	OK(migrate_apply(db, NOW + 1, &applied, &err));
	assert_int_equal(applied, 0);
	snprintf(want, sizeof(want), "%d %lld", number_of_migrations(),
		 (long long)NOW);
	assert_string_equal(fixture_value(db, &q_applied, "0"), want);
}

static void migrations_are_numbered_upwards(void **state)
{
	int version = 0;

	(void)state;
	for (const struct migration *m = migrations; m->sql; m++) {
		assert_true(m->version > version);
		version = m->version;
	}
	assert_int_equal(version, migrate_target());
}

static void an_installation_keeps_its_id(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_db();
	CLEANUP(db_close) struct db *other = NULL;
	AUTO_FREE char *inst = NULL;
	int applied;
	struct err err;

	(void)state;
	inst = xstrdup(fixture_value(db, &q_inst, NULL));
	assert_int_equal(strlen(inst), 6);
	assert_int_equal(strspn(inst, "abcdefghijklmnopqrstuvwxyz0123456789"),
			 6);
	OK(migrate_apply(db, NOW, &applied, &err));
	assert_string_equal(fixture_value(db, &q_inst, NULL), inst);
	OK(db_open(&other, ":memory:", DB_CREATE, &err));
	OK(migrate_apply(other, NOW, &applied, &err));
	assert_string_not_equal(fixture_value(other, &q_inst, NULL), inst);
}

static void a_file_is_opened_again_after_it_was_made(void **state)
{
	SCRATCH dir = scratch_new();
	AUTO_FREE char *path = xasprintf("%s/crm.db", dir);
	int applied;
	struct err err;

	(void)state;
	for (int i = 0; i < 2; i++) {
		CLEANUP(db_close) struct db *db = NULL;

		OK(db_open(&db, path, i ? DB_EXISTING : DB_CREATE, &err));
		if (i == 0)
			OK(migrate_apply(db, NOW, &applied, &err));
		OK(migrate_check(db, &err));
	}
}

static void a_newer_database_is_refused(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_db();
	int applied;
	struct err err;

	(void)state;
	fixture_sql(db, "INSERT INTO schema_migrations"
		    " VALUES (9999, '9999_future', 'x', 1)");
	REFUSED(migrate_check(db, &err), ERR_CONFLICT);
	assert_non_null(strstr(err.msg, "upgrade the program"));
	REFUSED(migrate_apply(db, NOW, &applied, &err), ERR_CONFLICT);
	assert_int_equal(applied, 0);
}

static void a_migration_that_changed_is_refused(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_db();
	int applied;
	struct err err;

	(void)state;
	fixture_sql(db, "UPDATE schema_migrations SET hash = 'other'");
	REFUSED(migrate_apply(db, NOW, &applied, &err), ERR_CONFLICT);
	assert_non_null(strstr(err.msg, "another form"));
}

static void a_foreign_database_is_left_alone(void **state)
{
	CLEANUP(db_close) struct db *db = NULL;
	int applied;
	struct err err;

	(void)state;
	OK(db_open(&db, ":memory:", DB_CREATE, &err));
	fixture_sql(db, "CREATE TABLE notes (text TEXT)");
	REFUSED(migrate_check(db, &err), ERR_CONFLICT);
	REFUSED(migrate_apply(db, NOW, &applied, &err), ERR_CONFLICT);
	assert_non_null(strstr(err.msg, "another program"));
	fixture_sql(db, "INSERT INTO notes VALUES ('still here')");
}

/* Rows of every table that a later migration makes anew. */
static const char first_rows[] =
	"INSERT INTO secrets VALUES"
	" ('sec_1', 'host_token', x'00', NULL, NULL, 1),"
	" ('sec_2', 'api_key', x'00', 'fp', 'last', 1);"
	"INSERT INTO hosts VALUES ('hst_1', 'one', 'http://one', NULL,"
	" 'api_key', 'sec_1', 'ready', NULL, NULL, '0.1.126', 5, 1, 2);"
	"INSERT INTO host_snapshots VALUES ('hst_1', 5, '0.1.126', '{}');"
	"INSERT INTO import_runs VALUES ('run_1', 'hst_1', 'batch_import',"
	" NULL, NULL, 'subscription', '[]', 30, 'running', 1, 0, 0, 0, 0, 0,"
	" 'tok_1', 1, 2, NULL);"
	"INSERT INTO import_run_items (item_id, run_id, seq, provider_id,"
	" endpoint_key, base_url, api_key_secret_id, requested_models,"
	" current_stage, confirmation_status, access_status, created_at,"
	" updated_at) VALUES ('itm_1', 'run_1', 1, 'p', 'p', 'u', 'sec_2',"
	" '[]', 'done', 'confirmed', 'active', 1, 2);"
	"INSERT INTO import_run_item_events VALUES"
	" ('itm_1', 1, 1, 's', 'step', NULL, NULL);"
	"INSERT INTO managed_resources (resource_id, host_id, resource_type,"
	" lookup, mark, state, created_at, updated_at) VALUES"
	" ('res_1', 'hst_1', 'user_key', 'k', 'm', 'present', 1, 2);"
	"INSERT INTO resource_uses VALUES ('res_1', 'itm_1', 1);"
	"INSERT INTO accesses VALUES ('acc_1', 'hst_1', 'p', 'subscription',"
	" 'alice', 'fp', 'res_1', 'active', 'prf_1', 7, 1, 8);"
	"INSERT INTO proofs VALUES ('prf_1', 'itm_1', 'acc_1', 'hst_1',"
	" 'access', 1, '7', '8', 'm', 200, 1, 1, 200, 'application/json',"
	" 'hi', 12, NULL, 'managed_subscription', 'fp', '{}', '{}', NULL, 7,"
	" 9);";

/* A database as the first release left it. */
static struct db *first_release(void)
{
	struct db *db = NULL;
	char hash[SEAL_HASH_TEXT];
	AUTO_FREE char *sql = NULL;
	struct err err;

	OK(seal_start(&err));
	OK(db_open(&db, ":memory:", DB_CREATE, &err));
	seal_hash_text(migrations[0].sql, strlen(migrations[0].sql), hash);
	sql = xasprintf("PRAGMA application_id = 1129467185;"
			"CREATE TABLE schema_migrations (version INTEGER"
			" PRIMARY KEY, name TEXT NOT NULL, hash TEXT NOT NULL,"
			" applied_at INTEGER NOT NULL) STRICT;"
			"INSERT INTO schema_migrations VALUES"
			" (1, '%s', '%s', 1);", migrations[0].name, hash);
	fixture_sql(db, sql);
	fixture_sql(db, migrations[0].sql);
	fixture_sql(db, first_rows);
	return db;
}

static const struct db_query q_kept = { "test.kept",
	"SELECT (SELECT group_concat(base_url || version || probed_at)"
	"  FROM hosts) || ' '"
	" || (SELECT count(*) FROM host_snapshots) || ' '"
	" || (SELECT group_concat(state || items_total) FROM import_runs)"
	" || ' ' || (SELECT group_concat(validation_status)"
	"  FROM import_run_items) || ' '"
	" || (SELECT count(*) FROM import_run_item_events) || ' '"
	" || (SELECT count(*) FROM resource_uses) || ' '"
	" || (SELECT group_concat(status || item_id || status_since"
	"  || key_source || next_check_at || plan) FROM accesses) || ' '"
	" || (SELECT group_concat(kind || access_id || expires_at)"
	"  FROM proofs) WHERE $1 IS NULL" };

static void rows_of_the_first_release_survive(void **state)
{
	CLEANUP(db_close) struct db *db = first_release();
	int applied;
	struct err err;

	(void)state;
	OK(migrate_apply(db, NOW, &applied, &err));
	assert_int_equal(applied, number_of_migrations() - 1);
	OK(db_check(db, &err));
	assert_string_equal(fixture_value(db, &q_kept, NULL),
		"http://one0.1.1265 1 running1 unknown 1 1"
		" activeitm_18managed_subscription7 accessacc_19");
	/* What refers to tables that were made anew still does. */
	assert_int_equal(db_script(db, "DELETE FROM hosts", &err), -1);
	assert_int_equal(db_script(db, "DELETE FROM import_runs", &err), -1);
	assert_int_equal(db_script(db, "DELETE FROM accesses", &err), -1);
	assert_int_equal(db_script(db, "DELETE FROM secrets", &err), -1);
	assert_int_equal(db_script(db, "UPDATE proofs SET access_id = 'x'",
				   &err), -1);
	fixture_sql(db, "DELETE FROM proofs; DELETE FROM accesses;"
		    "DELETE FROM resource_uses; DELETE FROM import_run_items;"
		    "DELETE FROM import_runs; DELETE FROM managed_resources;"
		    "DELETE FROM hosts; DELETE FROM secrets");
	assert_string_equal(fixture_value(db, &q_kept, NULL), "-");
}

static const struct db_query q_filled = { "test.filled",
	"SELECT (SELECT group_concat(host_id || access_mode || state || n)"
	"  FROM run_counts) || ' ' || (SELECT group_concat(run_id ||"
	"  current_stage || access_status || n) FROM item_counts) || ' ' ||"
	" (SELECT group_concat(provider_id || run_id) FROM run_endpoints)"
	" || ' ' || (SELECT group_concat(provider_id || base_url)"
	"  FROM imported_endpoints) || ' ' || (SELECT group_concat(run_id ||"
	"  seq || item_id || item_seq) FROM run_events) WHERE $1 IS NULL" };

static void lists_know_the_rows_of_the_first_release(void **state)
{
	CLEANUP(db_close) struct db *db = first_release();
	int applied;
	struct err err;

	(void)state;
	fixture_sql(db, "INSERT INTO import_run_item_events VALUES"
		    " ('itm_1', 2, 1, 's', 'step', NULL, NULL)");
	OK(migrate_apply(db, NOW, &applied, &err));
	assert_string_equal(fixture_value(db, &q_filled, NULL),
		"hst_1subscriptionrunning1 run_1doneactive1 prun_1 pu"
		" run_11itm_11,run_12itm_12");
}

static const struct db_query q_bound = { "test.bound",
	"SELECT group_concat(coalesce(wanted_json, 'null'), ' ') FROM"
	" (SELECT wanted_json FROM managed_resources WHERE resource_type ="
	" 'user_key' AND $1 IS NULL ORDER BY resource_id)" };

/* Of the user keys; not of those that proofs move about. */
static void keys_know_the_groups_that_they_were_made_for(void **state)
{
	CLEANUP(db_close) struct db *db = first_release();
	int applied;
	struct err err;

	(void)state;
	fixture_sql(db, "INSERT INTO managed_resources (resource_id, host_id,"
		" resource_type, lookup, mark, state, host_resource_id,"
		" created_at, updated_at) VALUES"
		" ('res_2', 'hst_1', 'group', 'p|subscription', 'g',"
		"  'present', '12', 1, 2),"
		" ('res_3', 'hst_1', 'user_key', 'p|subscription|a', 'crm-a',"
		"  'present', '7', 1, 2),"
		" ('res_4', 'hst_1', 'user_key', 'p|self_service|a', 'crm-b',"
		"  'present', '8', 1, 2),"
		" ('res_5', 'hst_1', 'user_key', 'proof|3', 'crm-c',"
		"  'present', '9', 1, 2)");
	OK(migrate_apply(db, NOW, &applied, &err));
	assert_string_equal(fixture_value(db, &q_bound, NULL),
		"null {\"name\":\"crm-a\",\"group_id\":12} null null");
}

static void the_schema_holds_what_its_comments_promise(void **state)
{
	static const char *const refused[] = {
		"INSERT INTO installation VALUES (2, 'abcdef', 1)",
		"UPDATE installation SET inst = 'abc'",
		"UPDATE installation SET created_at = 'text'",
		"INSERT INTO host_snapshots VALUES ('hst_none', 1, '1', '{}')",
		("INSERT INTO hosts (host_id, name, base_url, auth_type,"
		 " auth_secret_id, state, created_at, updated_at) VALUES"
		 " ('h', 'h', 'h', 'password', 'sec', 'ready', 1, 1)"),
		("INSERT INTO endpoints (endpoint_key, suspect_class,"
		 " created_at, updated_at) VALUES ('e', 'timeout', 1, 1)"),
	};
	CLEANUP(db_close) struct db *db = fixture_db();

	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++) {
		struct err err = { 0 };

		if (db_script(db, refused[i], &err) != -1)
			fail_msg("taken: %s", refused[i]);
		assert_int_equal(err.kind, ERR_CONFLICT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_database_gets_every_migration_once),
		cmocka_unit_test(migrations_are_numbered_upwards),
		cmocka_unit_test(an_installation_keeps_its_id),
		cmocka_unit_test(a_file_is_opened_again_after_it_was_made),
		cmocka_unit_test(a_newer_database_is_refused),
		cmocka_unit_test(a_migration_that_changed_is_refused),
		cmocka_unit_test(a_foreign_database_is_left_alone),
		cmocka_unit_test(rows_of_the_first_release_survive),
		cmocka_unit_test(lists_know_the_rows_of_the_first_release),
		cmocka_unit_test(keys_know_the_groups_that_they_were_made_for),
		cmocka_unit_test(the_schema_holds_what_its_comments_promise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
