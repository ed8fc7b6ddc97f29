/* A write that begins while rows of a query are being read. */
#include "tests/unit/fixture.h"

static const struct db_query q_add = { "test.add", "INSERT INTO t VALUES ($1)" };
static const struct db_query q_all = { "test.all", "SELECT id FROM t" };
static const struct db_query q_count = { "test.count",
	"SELECT count(*) FROM t" };

static int add(struct db *db, const char *id, struct err *err)
{
	return db_run(db, &q_add, DB_ARGS(DB_TEXT(id)), err);
}

static void read_first(struct db_rows *rows, struct db *db)
{
	struct err err;

	OK(db_query(rows, db, &q_all, DB_NO_ARGS, &err));
	assert_int_equal(db_next(rows, &err), 1);
}

/* It would be busy now and then only: when somebody else writes in between. */
static void it_is_refused_always(void **state)
{
	CLEANUP(db_close) struct db *db = NULL;
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	struct db_tx tx = { 0 };
	int64_t n;
	struct err err;

	(void)state;
	OK(db_open(&db, ":memory:", DB_CREATE, &err));
	OK(db_script(db, "CREATE TABLE t (id TEXT) STRICT;"
		     " INSERT INTO t VALUES ('a')", &err));
	read_first(&rows, db);
	REFUSED(db_tx_begin(&tx, db, &err), ERR_INTERNAL);
	REFUSED(add(db, "b", &err), ERR_INTERNAL);
	assert_non_null(strstr(err.msg, "test.add"));
	/* Another query that reads is fine. */
	OK(db_number(db, &q_count, DB_NO_ARGS, &n, &err));
	db_rows_done(&rows);
	OK(db_tx_begin(&tx, db, &err));
	read_first(&rows, db);
	OK(add(db, "b", &err));
	db_rows_done(&rows);
	OK(db_tx_commit(&tx, &err));
	OK(db_number(db, &q_count, DB_NO_ARGS, &n, &err));
	assert_int_equal(n, 2);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_refused_always),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
