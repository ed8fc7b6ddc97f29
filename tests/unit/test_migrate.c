#include "tests/unit/fixture.h"

#include "shared/table.h"
#include "tests/unit/scratch.h"

static const struct db_query q_inst = { "test.inst",
	"SELECT inst FROM installation WHERE one = coalesce($1, one)" };
static const struct db_query q_applied = { "test.applied",
	"SELECT count(*) || ' ' || min(applied_at) FROM schema_migrations"
	" WHERE version >= $1" };

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
	assert_int_equal(applied, migrate_target());
	OK(migrate_check(db, &err));
	OK(migrate_apply(db, NOW + 1, &applied, &err));
	assert_int_equal(applied, 0);
	snprintf(want, sizeof(want), "%d %lld", migrate_target(),
		 (long long)NOW);
	assert_string_equal(fixture_value(db, &q_applied, "0"), want);
}

static void migrations_are_numbered_without_holes(void **state)
{
	int version = 0;

	(void)state;
	for (const struct migration *m = migrations; m->sql; m++)
		assert_int_equal(m->version, ++version);
	assert_int_equal(version, migrate_target());
}

static void an_installation_keeps_its_id(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_db();
	CLEANUP(db_close) struct db *other = fixture_db();
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

static void the_schema_holds_what_its_comments_promise(void **state)
{
	static const char *const refused[] = {
		"INSERT INTO installation VALUES (2, 'abcdef', 1)",
		"UPDATE installation SET inst = 'abc'",
		"UPDATE installation SET created_at = 'text'",
		"INSERT INTO host_snapshots VALUES ('hst_none', 1, '1', '{}')",
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
		cmocka_unit_test(migrations_are_numbered_without_holes),
		cmocka_unit_test(an_installation_keeps_its_id),
		cmocka_unit_test(a_file_is_opened_again_after_it_was_made),
		cmocka_unit_test(a_newer_database_is_refused),
		cmocka_unit_test(a_migration_that_changed_is_refused),
		cmocka_unit_test(a_foreign_database_is_left_alone),
		cmocka_unit_test(the_schema_holds_what_its_comments_promise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
