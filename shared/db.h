/*
 * db: the door to the state database.
 *
 * A connection belongs to one thread and never crosses fork().  A query is a
 * constant beside the function that runs it; it is prepared once for each
 * connection and cached by the address of its `struct db_query`.  Its
 * parameters are $1, $2 ... in any order.  All connections get the same
 * settings, here and nowhere else.
 *
 * Kinds of failure: ERR_BUSY when another writer did not let us in within the
 * patience of the connection, ERR_CONFLICT when a constraint refused, ERR_LIMIT
 * when the disk is full, ERR_INTERNAL otherwise.  The sentence names the
 * remedy where there is one.
 */
#ifndef SHARED_DB_H
#define SHARED_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/err.h"
#include "shared/own.h"

struct db;

/* `name` is what messages and timings call the query. */
struct db_query {
	const char *name;
	const char *sql;
};

enum db_type { DB_TYPE_NULL, DB_TYPE_I64, DB_TYPE_TEXT, DB_TYPE_BLOB };

/* A value to bind.  Text and blob are borrowed until the query is done. */
struct db_val {
	enum db_type type;
	int64_t i64;
	const void *data;
	size_t len;
};

#define DB_NULL		{ .type = DB_TYPE_NULL }
#define DB_I64(v)	{ .type = DB_TYPE_I64, .i64 = (v) }
/* NULL binds as NULL. */
#define DB_TEXT(s)	{ .type = DB_TYPE_TEXT, .data = (s) }
#define DB_BLOB(p, n)	{ .type = DB_TYPE_BLOB, .data = (p), .len = (n) }
/* 0 binds as NULL: for moments that have not come. */
#define DB_TIME(v)	{ .type = (v) ? DB_TYPE_I64 : DB_TYPE_NULL, .i64 = (v) }

/* The last two arguments of a query: DB_ARGS(DB_I64(n), DB_TEXT(name)). */
#define DB_ARGS(...) \
	(const struct db_val[]){ __VA_ARGS__ }, \
	sizeof((const struct db_val[]){ __VA_ARGS__ }) / sizeof(struct db_val)
#define DB_NO_ARGS NULL, 0

/* A query under way; a zeroed one is done already. */
struct db_rows {
	struct db *db;
	struct db_stmt *stmt;
};

/* A write transaction: rolled back unless it was committed. */
struct db_tx {
	struct db *db;
};

enum db_mode {
	DB_EXISTING,	/* ERR_NOT_FOUND if there is no such file */
	DB_CREATE,
};

/*
 * Open `location`: a path, ":memory:", or a DSN as the original took them,
 * "file:PATH?_busy_timeout=MS&_foreign_keys=1".
 */
int db_open(struct db **ret, const char *location, enum db_mode mode,
	    struct err *err) MUST_CHECK;
void db_close(struct db **db);

/* The path that `location` means.  The caller frees it. */
char *db_path(const char *location);

/* Run a query without rows; db_changes() tells how many rows it touched. */
int db_run(struct db *db, const struct db_query *query,
	   const struct db_val *args, size_t nargs, struct err *err)
	MUST_CHECK;
int64_t db_changes(const struct db *db);

/*
 * Run a query with rows.  db_next() is 1 for each row, 0 at the end, -1 on
 * failure.  Release with db_rows_done(); what db_text() and db_blob() gave is
 * gone with the next db_next().
 */
int db_query(struct db_rows *rows, struct db *db, const struct db_query *query,
	     const struct db_val *args, size_t nargs, struct err *err)
	MUST_CHECK;
int db_next(struct db_rows *rows, struct err *err) MUST_CHECK;
void db_rows_done(struct db_rows *rows);

int64_t db_i64(const struct db_rows *rows, int column);	/* 0 for NULL */
const char *db_text(const struct db_rows *rows, int column);	/* or NULL */
const void *db_blob(const struct db_rows *rows, int column, size_t *ret_len);
char *db_strdup(const struct db_rows *rows, int column);	/* or NULL */
/* What must be there: "" if the column is NULL, so that no caller crashes. */
const char *db_must(const struct db_rows *rows, int column);

/* Run a query that yields one number, such as a count. */
int db_number(struct db *db, const struct db_query *query,
	      const struct db_val *args, size_t nargs, int64_t *ret,
	      struct err *err) MUST_CHECK;

/* BEGIN IMMEDIATE: a transaction that reads first must hold the lock too. */
int db_tx_begin(struct db_tx *tx, struct db *db, struct err *err) MUST_CHECK;
int db_tx_commit(struct db_tx *tx, struct err *err) MUST_CHECK;
void db_tx_done(struct db_tx *tx);
bool db_in_tx(const struct db *db);

/* Many statements at once: migrations and tests. */
int db_script(struct db *db, const char *sql, struct err *err) MUST_CHECK;

/*
 * Copy the log back into the file.  Only schedd's checkpoint thread calls
 * this, on a connection of its own.  *ret_wal_pages is what is left in the
 * log; ERR_BUSY if readers or writers did not let it finish.
 */
int db_checkpoint(struct db *db, bool truncate, int64_t *ret_wal_pages,
		  struct err *err) MUST_CHECK;

/* Changes when another connection has committed; a matter of microseconds. */
int db_data_version(struct db *db, int64_t *ret, struct err *err) MUST_CHECK;

/*
 * Make `to` hold all that `from` does, and nothing else: how a backup is made,
 * and put back.  Neither has a query under way.
 */
int db_copy(struct db *to, struct db *from, struct err *err) MUST_CHECK;

/* Run the whole integrity check; the first finding is the error. */
int db_check(struct db *db, struct err *err) MUST_CHECK;

const char *db_library_version(void);

/*
 * For the test that reads every plan: *ret is what EXPLAIN QUERY PLAN says,
 * a line for each row, for the caller to free.
 */
int db_explain(struct db *db, const struct db_query *query, char **ret,
	       struct err *err) MUST_CHECK;

#endif
