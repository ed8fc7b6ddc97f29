#include "tests/unit/fixture.h"

#include "shared/table.h"

static const struct db_query q_add = { "test.add",
	"INSERT INTO t (id) VALUES ($1)" };
static const struct db_query q_count = { "test.count",
	"SELECT count(*) FROM t" };

static struct db *open_memory(void)
{
	struct db *db = NULL;
	struct err err;

	OK(db_open(&db, ":memory:", DB_CREATE, &err));
	return db;
}

static void add(struct db *db, const char *id)
{
	struct err err;

	OK(db_run(db, &q_add, DB_ARGS(DB_TEXT(id)), &err));
}

static int64_t count(struct db *db)
{
	int64_t n = -1;
	struct err err;

	OK(db_number(db, &q_count, DB_NO_ARGS, &n, &err));
	return n;
}

static void a_copy_takes_the_place_of_all(void **state)
{
	CLEANUP(db_close) struct db *db = open_memory();
	CLEANUP(db_close) struct db *backup = open_memory();
	struct err err;

	(void)state;
	fixture_sql(db, "CREATE TABLE t (id TEXT PRIMARY KEY) STRICT");
	add(db, "a");
	OK(db_copy(backup, db, &err));
	add(db, "b");
	assert_int_equal(count(backup), 1);
	/* Put back under queries that are prepared: they see what is there. */
	OK(db_copy(db, backup, &err));
	assert_int_equal(count(db), 1);
	add(db, "b");
	assert_int_equal(count(db), 2);
	assert_int_equal(count(backup), 1);
}

static void a_copy_is_refused_while_the_other_side_is_written(void **state)
{
	CLEANUP(db_close) struct db *db = open_memory();
	CLEANUP(db_close) struct db *backup = open_memory();
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	struct err err;

	(void)state;
	fixture_sql(db, "CREATE TABLE t (id TEXT PRIMARY KEY) STRICT");
	OK(db_copy(backup, db, &err));
	OK(db_tx_begin(&tx, backup, &err));
	add(backup, "a");
	assert_int_equal(db_copy(backup, db, &err), -1);
	assert_int_equal(count(backup), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_copy_takes_the_place_of_all),
		cmocka_unit_test(
			a_copy_is_refused_while_the_other_side_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
