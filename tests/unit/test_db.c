#include "tests/unit/fixture.h"

#include "shared/clock.h"
#include "shared/table.h"
#include "tests/unit/scratch.h"

#define PATIENCE_MS 60

static const struct db_query q_add = { "test.add",
	"INSERT INTO t (id, n, text, data) VALUES ($1, $2, $3, $4)" };
static const struct db_query q_add_id = { "test.add_id",
	"INSERT INTO t (id) VALUES ($1)" };
static const struct db_query q_all = { "test.all",
	"SELECT id, n, text, data FROM t ORDER BY id" };
static const struct db_query q_count = { "test.count",
	"SELECT count(*) FROM t" };
static const struct db_query q_none = { "test.none",
	"SELECT n FROM t WHERE id = 'none'" };
static const struct db_query q_swapped = { "test.swapped",
	"SELECT $2 || $1 || $2" };
static const struct db_query q_wrong = { "test.wrong",
	"SELECT nothing FROM nowhere" };
static const struct db_query q_touch = { "test.touch",
	"UPDATE t SET n = 1" };

static const char table[] =
	"CREATE TABLE t (id TEXT PRIMARY KEY, n INTEGER, text TEXT,"
	" data BLOB) STRICT";

static struct db *open_memory(void)
{
	struct db *db = NULL;
	struct err err;

	OK(db_open(&db, ":memory:", DB_CREATE, &err));
	OK(db_script(db, table, &err));
	return db;
}

/* A file with the table; *ret_path is its path, the result another link. */
static struct db *open_file(const char *dir, char **ret_path)
{
	struct db *db = NULL;
	struct err err;

	*ret_path = xasprintf("%s/test.db", dir);
	OK(db_open(&db, *ret_path, DB_CREATE, &err));
	OK(db_script(db, table, &err));
	return db;
}

static int64_t count(struct db *db)
{
	int64_t n = -1;
	struct err err;

	OK(db_number(db, &q_count, DB_NO_ARGS, &n, &err));
	return n;
}

static int add(struct db *db, const char *id, struct err *err)
{
	return db_run(db, &q_add_id, DB_ARGS(DB_TEXT(id)), err);
}

static void every_connection_has_the_same_settings(void **state)
{
	static const struct {
		struct db_query query;
		int64_t want;
	} pragmas[] = {
		{ { "p1", "SELECT journal_mode = 'wal'"
			  " FROM pragma_journal_mode" }, 1 },
		{ { "p2", "PRAGMA synchronous" }, 2 },
		{ { "p3", "PRAGMA foreign_keys" }, 1 },
		{ { "p4", "PRAGMA wal_autocheckpoint" }, 0 },
		{ { "p5", "PRAGMA mmap_size" }, 0 },
		{ { "p6", "PRAGMA trusted_schema" }, 0 },
		{ { "p7", "PRAGMA temp_store" }, 2 },
		{ { "p8", "PRAGMA cell_size_check" }, 1 },
		{ { "p9", "PRAGMA journal_size_limit" }, 64 << 20 },
	};
	SCRATCH dir = scratch_new();
	AUTO_FREE char *path = NULL;
	CLEANUP(db_close) struct db *db = open_file(dir, &path);
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(pragmas); i++) {
		int64_t value = -1;

		OK(db_number(db, &pragmas[i].query, DB_NO_ARGS, &value,
			     &err));
		if (value != pragmas[i].want)
			fail_msg("%s: %lld", pragmas[i].query.sql,
				 (long long)value);
	}
	/* DEFENSIVE: the schema cannot be edited by accident. */
	REFUSED(db_script(db, "PRAGMA writable_schema = ON;"
			  "DELETE FROM sqlite_schema", &err), ERR_INTERNAL);
}

static void values_are_stored_and_read_by_type(void **state)
{
	CLEANUP(db_close) struct db *db = open_memory();
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	AUTO_FREE char *copy = NULL;
	const unsigned char bytes[] = { 0, 1, 255 };
	struct err err;
	size_t len;

	(void)state;
	OK(db_run(db, &q_add, DB_ARGS(DB_TEXT("a"), DB_I64(INT64_MIN),
		  DB_TEXT("模"), DB_BLOB(bytes, sizeof(bytes))), &err));
	assert_int_equal(db_changes(db), 1);
	OK(db_run(db, &q_add, DB_ARGS(DB_TEXT("b"), DB_NULL, DB_TEXT(NULL),
		  DB_NULL), &err));
	OK(db_run(db, &q_add, DB_ARGS(DB_TEXT("c"), DB_TIME(0), DB_TEXT(""),
		  DB_NULL), &err));
	OK(db_query(&rows, db, &q_all, DB_NO_ARGS, &err));
	assert_int_equal(db_next(&rows, &err), 1);
	assert_true(db_i64(&rows, 1) == INT64_MIN);
	copy = db_strdup(&rows, 2);
	assert_string_equal(copy, "模");
	assert_memory_equal(db_blob(&rows, 3, &len), bytes, sizeof(bytes));
	assert_int_equal(len, sizeof(bytes));
	assert_int_equal(db_next(&rows, &err), 1);
	assert_int_equal(db_i64(&rows, 1), 0);
	assert_null(db_text(&rows, 2));
	assert_null(db_strdup(&rows, 2));
	assert_string_equal(db_must(&rows, 2), "");
	assert_null(db_blob(&rows, 3, &len));
	assert_int_equal(len, 0);
	assert_int_equal(db_next(&rows, &err), 1);
	assert_null(db_text(&rows, 1));
	assert_string_equal(db_text(&rows, 2), "");
	assert_int_equal(db_next(&rows, &err), 0);
}

static void parameters_are_bound_by_their_number(void **state)
{
	CLEANUP(db_close) struct db *db = open_memory();
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	struct err err;

	(void)state;
	OK(db_query(&rows, db, &q_swapped, DB_ARGS(DB_TEXT("a"),
		    DB_TEXT("b")), &err));
	assert_int_equal(db_next(&rows, &err), 1);
	assert_string_equal(db_must(&rows, 0), "bab");
}

static void a_query_can_be_left_early_and_run_again(void **state)
{
	CLEANUP(db_close) struct db *db = open_memory();
	struct err err;

	(void)state;
	OK(add(db, "a", &err));
	OK(add(db, "b", &err));
	for (int i = 0; i < 3; i++) {
		CLEANUP(db_rows_done) struct db_rows rows = { 0 };

		OK(db_query(&rows, db, &q_all, DB_NO_ARGS, &err));
		assert_int_equal(db_next(&rows, &err), 1);
		db_rows_done(&rows);
		db_rows_done(&rows);
	}
	OK(add(db, "c", &err));
}

static void failures_have_their_kinds(void **state)
{
	CLEANUP(db_close) struct db *db = open_memory();
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int64_t n = 7;
	struct err err;

	(void)state;
	OK(add(db, "a", &err));
	REFUSED(add(db, "a", &err), ERR_CONFLICT);
	assert_non_null(strstr(err.msg, "test.add_id"));
	REFUSED(db_number(db, &q_none, DB_NO_ARGS, &n, &err), ERR_NOT_FOUND);
	assert_int_equal(n, 7);
	REFUSED(db_query(&rows, db, &q_wrong, DB_NO_ARGS, &err),
		ERR_INTERNAL);
	REFUSED(db_script(db, "no sql", &err), ERR_INTERNAL);
	/* After a refusal the same query works. */
	OK(add(db, "b", &err));
}

static void a_transaction_is_undone_unless_committed(void **state)
{
	CLEANUP(db_close) struct db *db = open_memory();
	struct err err;

	(void)state;
	{
		CLEANUP(db_tx_done) struct db_tx tx = { 0 };

		OK(db_tx_begin(&tx, db, &err));
		assert_true(db_in_tx(db));
		OK(add(db, "a", &err));
		REFUSED(add(db, "a", &err), ERR_CONFLICT);
	}
	assert_false(db_in_tx(db));
	assert_int_equal(count(db), 0);
	{
		CLEANUP(db_tx_done) struct db_tx tx = { 0 };

		OK(db_tx_begin(&tx, db, &err));
		OK(add(db, "a", &err));
		OK(db_tx_commit(&tx, &err));
		assert_false(db_in_tx(db));
	}
	assert_int_equal(count(db), 1);
}

static void a_second_writer_waits_as_long_as_the_dsn_says(void **state)
{
	SCRATCH dir = scratch_new();
	AUTO_FREE char *path = NULL;
	CLEANUP(db_close) struct db *first = open_file(dir, &path);
	AUTO_FREE char *dsn = xasprintf("file:%s?_busy_timeout=%d&"
					"_foreign_keys=1", path, PATIENCE_MS);
	CLEANUP(db_close) struct db *second = NULL;
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	CLEANUP(db_tx_done) struct db_tx late = { 0 };
	int64_t began;
	struct err err;

	(void)state;
	OK(db_open(&second, dsn, DB_EXISTING, &err));
	OK(db_tx_begin(&tx, first, &err));
	OK(add(first, "a", &err));
	began = clock_mono_ms();
	REFUSED(db_tx_begin(&late, second, &err), ERR_BUSY);
	assert_true(clock_mono_ms() - began >= PATIENCE_MS);
	assert_true(clock_mono_ms() - began < 50 * PATIENCE_MS);
	assert_non_null(strstr(err.msg, "another process"));
	REFUSED(add(second, "b", &err), ERR_BUSY);
	/* Reading goes on meanwhile, and sees nothing half done. */
	assert_int_equal(count(second), 0);
	OK(db_tx_commit(&tx, &err));
	assert_int_equal(count(second), 1);
	OK(db_tx_begin(&late, second, &err));
}

static void news_of_others_are_noticed(void **state)
{
	SCRATCH dir = scratch_new();
	AUTO_FREE char *path = NULL;
	CLEANUP(db_close) struct db *first = open_file(dir, &path);
	CLEANUP(db_close) struct db *second = NULL;
	int64_t before, after;
	struct err err;

	(void)state;
	OK(db_open(&second, path, DB_EXISTING, &err));
	OK(db_data_version(second, &before, &err));
	OK(add(second, "own", &err));
	OK(db_data_version(second, &after, &err));
	assert_int_equal(before, after);
	OK(add(first, "other", &err));
	OK(db_data_version(second, &after, &err));
	assert_int_not_equal(before, after);
}

static void a_checkpoint_empties_the_log_unless_somebody_reads(void **state)
{
	SCRATCH dir = scratch_new();
	AUTO_FREE char *path = NULL;
	CLEANUP(db_close) struct db *db = open_file(dir, &path);
	AUTO_FREE char *dsn = xasprintf("file:%s?_busy_timeout=0", path);
	AUTO_FREE char *log = xasprintf("%s-wal", path);
	CLEANUP(db_close) struct db *other = NULL;
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int64_t left;
	struct stat st;
	struct err err;

	(void)state;
	OK(add(db, "a", &err));
	OK(db_open(&other, dsn, DB_EXISTING, &err));
	OK(db_query(&rows, db, &q_all, DB_NO_ARGS, &err));
	assert_int_equal(db_next(&rows, &err), 1);
	REFUSED(db_checkpoint(other, true, &left, &err), ERR_BUSY);
	db_rows_done(&rows);
	OK(db_checkpoint(other, true, &left, &err));
	assert_int_equal(stat(log, &st), 0);
	assert_int_equal(st.st_size, 0);
	OK(add(db, "b", &err));
	OK(db_checkpoint(other, false, &left, &err));
}

static void a_location_is_a_path_or_a_dsn(void **state)
{
	static const char *const cases[][2] = {
		{ "/a/b.db", "/a/b.db" },
		{ ":memory:", ":memory:" },
		{ "/a/b?c.db", "/a/b?c.db" },
		{ "file:/a/b.db", "/a/b.db" },
		{ "file:///a/b.db", "/a/b.db" },
		{ "file:b.db?_busy_timeout=5&_foreign_keys=1", "b.db" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO_FREE char *path = db_path(cases[i][0]);

		assert_string_equal(path, cases[i][1]);
	}
}

static void a_missing_file_is_not_made_by_accident(void **state)
{
	SCRATCH dir = scratch_new();
	AUTO_FREE char *path = xasprintf("%s/none.db", dir);
	AUTO_FREE char *deep = xasprintf("%s/no/folder.db", dir);
	CLEANUP(db_close) struct db *db = NULL;
	struct err err;

	(void)state;
	REFUSED(db_open(&db, path, DB_EXISTING, &err), ERR_NOT_FOUND);
	assert_non_null(strstr(err.msg, "crmctl db migrate"));
	assert_int_equal(access(path, F_OK), -1);
	REFUSED(db_open(&db, deep, DB_CREATE, &err), ERR_INTERNAL);
	assert_null(db);
}

/* Root may write everything: be nobody for a while. */
static void drop_rights(void)
{
	if (geteuid() == 0)
		assert_int_equal(seteuid(65534), 0);
}

static void take_rights_back(void)
{
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
}

static void a_file_that_we_may_not_write_is_refused(void **state)
{
	SCRATCH dir = scratch_new();
	AUTO_FREE char *path = NULL;
	struct db *db = open_file(dir, &path);
	struct err err = { 0 };
	int rc;

	(void)state;
	db_close(&db);
	chmod(path, 0444);
	chmod(dir, 0555);
	drop_rights();
	rc = db_open(&db, path, DB_EXISTING, &err);
	if (rc == 0)
		rc = add(db, "a", &err);
	db_close(&db);
	take_rights_back();
	chmod(dir, 0700);
	assert_int_equal(rc, -1);
	assert_int_equal(err.kind, ERR_INTERNAL);
	assert_true(strstr(err.msg, "rights") || strstr(err.msg, "read-only"));
}

static void what_is_no_database_is_refused(void **state)
{
	SCRATCH dir = scratch_new();
	AUTO_FREE char *path = xasprintf("%s/text.db", dir);
	CLEANUP(db_close) struct db *db = NULL;
	struct err err;

	(void)state;
	scratch_write(path, "This is a letter to a friend of mine, and it is "
		      "long enough to fill the header of a database file, "
		      "which has a hundred bytes.", 0600);
	REFUSED(db_open(&db, path, DB_EXISTING, &err), ERR_INTERNAL);
	assert_non_null(strstr(err.msg, "no SQLite database"));
}

static void damage_is_found_by_the_check(void **state)
{
	SCRATCH dir = scratch_new();
	AUTO_FREE char *path = NULL;
	CLEANUP(db_close) struct db *db = open_file(dir, &path);
	struct err err;
	char noise[4096];
	int fd;

	(void)state;
	for (int i = 0; i < 200; i++) {
		char id[80];

		snprintf(id, sizeof(id), "%060d", i);
		OK(add(db, id, &err));
	}
	OK(db_check(db, &err));
	db_close(&db);		/* the log goes into the file */
	memset(noise, 0x5a, sizeof(noise));
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, noise, sizeof(noise), 2 * 4096), 4096);
	close(fd);
	OK(db_open(&db, path, DB_EXISTING, &err));
	REFUSED(db_check(db, &err), ERR_INTERNAL);
	assert_non_null(strstr(err.msg, "restore a backup"));
}

static void a_full_disk_is_a_limit_and_undoes_the_transaction(void **state)
{
	CLEANUP(db_close) struct db *db = open_memory();
	struct err err = { 0 };
	int n = 0;

	(void)state;
	OK(db_script(db, "PRAGMA max_page_count = 8", &err));
	{
		CLEANUP(db_tx_done) struct db_tx tx = { 0 };
		char id[600];
		int rc = 0;

		OK(db_tx_begin(&tx, db, &err));
		while (rc == 0 && n < 1000) {
			snprintf(id, sizeof(id), "%0500d", n++);
			rc = add(db, id, &err);
		}
		assert_int_equal(rc, -1);
		assert_int_equal(err.kind, ERR_LIMIT);
		assert_non_null(strstr(err.msg, "disk"));
	}
	assert_false(db_in_tx(db));
	assert_int_equal(count(db), 0);
	OK(add(db, "a", &err));
}

static void plans_are_read_line_by_line(void **state)
{
	CLEANUP(db_close) struct db *db = open_memory();
	AUTO_FREE char *search = NULL;
	AUTO_FREE char *scan = NULL;
	struct err err;

	(void)state;
	OK(db_explain(db, &q_none, &search, &err));
	assert_non_null(strstr(search, "SEARCH t USING INDEX"));
	assert_int_equal(search[strlen(search) - 1], '\n');
	OK(db_explain(db, &q_touch, &scan, &err));
	assert_non_null(strstr(scan, "SCAN t"));
	REFUSED(db_explain(db, &q_wrong, &scan, &err), ERR_INTERNAL);
	assert_non_null(strchr(db_library_version(), '.'));
}

static void closing_twice_is_fine(void **state)
{
	struct db *db = open_memory();

	(void)state;
	db_close(&db);
	assert_null(db);
	db_close(&db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_connection_has_the_same_settings),
		cmocka_unit_test(values_are_stored_and_read_by_type),
		cmocka_unit_test(parameters_are_bound_by_their_number),
		cmocka_unit_test(a_query_can_be_left_early_and_run_again),
		cmocka_unit_test(failures_have_their_kinds),
		cmocka_unit_test(a_transaction_is_undone_unless_committed),
		cmocka_unit_test(
			a_second_writer_waits_as_long_as_the_dsn_says),
		cmocka_unit_test(news_of_others_are_noticed),
		cmocka_unit_test(
			a_checkpoint_empties_the_log_unless_somebody_reads),
		cmocka_unit_test(a_location_is_a_path_or_a_dsn),
		cmocka_unit_test(a_missing_file_is_not_made_by_accident),
		cmocka_unit_test(a_file_that_we_may_not_write_is_refused),
		cmocka_unit_test(what_is_no_database_is_refused),
		cmocka_unit_test(damage_is_found_by_the_check),
		cmocka_unit_test(
			a_full_disk_is_a_limit_and_undoes_the_transaction),
		cmocka_unit_test(plans_are_read_line_by_line),
		cmocka_unit_test(closing_twice_is_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
