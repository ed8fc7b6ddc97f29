#include "shared/db.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#include "shared/buf.h"
#include "shared/clock.h"

#define PATIENCE_MS	5000
#define STMT_SLOTS	512	/* power of two, above the number of queries */
#define PLAN_MAX	(64 << 10)

struct db_stmt {
	const struct db_query *query;
	sqlite3_stmt *handle;
	int *at;			/* where $1, $2 ... are, in order */
	bool in_use;
};

struct db {
	sqlite3 *conn;
	struct db_stmt stmts[STMT_SLOTS];	/* open addressing by query */
	int64_t patience_ms;
	int64_t waiting_since;		/* clock_mono_ms() */
	uint32_t jitter;
};

/*
 * WAL lets readers and the one writer work side by side.  FULL syncs each
 * commit: we promise that nothing acknowledged is lost.  Nobody checkpoints
 * but schedd's own thread, because SQLite before 3.51.3 can lose commits when
 * a passive checkpoint meets another connection that restarts the log; mmap
 * stays off for the same reason.  The cache is small, because the kernel keeps
 * the pages too, and each worker and schedd has one.
 */
static const char settings[] =
	"PRAGMA journal_mode = WAL;"
	"PRAGMA synchronous = FULL;"
	"PRAGMA foreign_keys = ON;"
	"PRAGMA wal_autocheckpoint = 0;"
	"PRAGMA journal_size_limit = 67108864;"
	"PRAGMA cache_size = -2000;"
	"PRAGMA temp_store = MEMORY;"
	"PRAGMA secure_delete = ON;"
	"PRAGMA mmap_size = 0;"
	"PRAGMA trusted_schema = OFF;"
	"PRAGMA cell_size_check = ON;";

static const struct db_query q_begin = { "db.begin", "BEGIN IMMEDIATE" };
static const struct db_query q_commit = { "db.commit", "COMMIT" };
static const struct db_query q_rollback = { "db.rollback", "ROLLBACK" };
static const struct db_query q_data_version = {
	"db.data_version", "PRAGMA data_version" };
static const struct db_query q_check = {
	"db.check", "PRAGMA integrity_check(1)" };

/* What a failure of SQLite means to us, and what the operator can do. */
static const struct {
	int code;
	enum err_kind kind;
	const char *remedy;
} failures[] = {
	{ SQLITE_BUSY, ERR_BUSY,
	  "another process holds the database; try again, or look for one"
	  " that hangs" },
	{ SQLITE_LOCKED, ERR_BUSY, "another statement holds the database" },
	{ SQLITE_CONSTRAINT, ERR_CONFLICT, NULL },
	{ SQLITE_FULL, ERR_LIMIT,
	  "the disk of the database is full; make room and try again" },
	{ SQLITE_READONLY, ERR_INTERNAL,
	  "the database is read-only for this user; give it and its folder"
	  " to the user of the services" },
	{ SQLITE_CANTOPEN, ERR_INTERNAL,
	  "the file cannot be opened; look at its rights and its folder's" },
	{ SQLITE_CORRUPT, ERR_INTERNAL,
	  "the database is damaged; restore a backup" },
	{ SQLITE_NOTADB, ERR_INTERNAL, "the file is no SQLite database" },
};

static int fail(struct db *db, const char *what, struct err *err)
{
	int code = db->conn ? sqlite3_errcode(db->conn) : SQLITE_NOMEM;
	const char *why = db->conn ? sqlite3_errmsg(db->conn) : "no memory";

	for (size_t i = 0; i < sizeof(failures) / sizeof(*failures); i++) {
		if (failures[i].code != (code & 0xff))
			continue;
		if (!failures[i].remedy)
			return err_set(err, failures[i].kind, "%s: %s", what,
				       why);
		return err_set(err, failures[i].kind, "%s: %s (%s)", what,
			       failures[i].remedy, why);
	}
	return err_set(err, ERR_INTERNAL, "%s: %s", what, why);
}

/*
 * Wait for another writer in short uneven steps, so that everybody gets a
 * turn; sqlite3_busy_timeout() sleeps up to 100 ms at a time and lets the
 * unlucky one starve.
 */
static int wait_for_turn(void *arg, int tries)
{
	struct db *db = arg;
	struct timespec step = { 0 };

	if (tries == 0)
		db->waiting_since = clock_mono_ms();
	if (clock_mono_ms() - db->waiting_since >= db->patience_ms)
		return 0;
	db->jitter ^= db->jitter << 13;
	db->jitter ^= db->jitter >> 17;
	db->jitter ^= db->jitter << 5;
	step.tv_nsec = 200000 + db->jitter % 800000;
	nanosleep(&step, NULL);
	return 1;
}

char *db_path(const char *location)
{
	const char *path = location;

	if (strncmp(path, "file:", 5) == 0) {
		path += 5;
		if (strncmp(path, "///", 3) == 0)
			path += 2;
	}
	return xstrndup(path, strncmp(location, "file:", 5) == 0
			? strcspn(path, "?") : strlen(path));
}

/* The number behind `name` in the options of a DSN, else `otherwise`. */
static int64_t dsn_number(const char *location, const char *name,
			  int64_t otherwise)
{
	const char *at = strncmp(location, "file:", 5) == 0
		? strstr(location, name) : NULL;

	return at ? strtoll(at + strlen(name), NULL, 10) : otherwise;
}

static int open_file(struct db *db, const char *path, enum db_mode mode,
		     struct err *err)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;

	if (mode == DB_CREATE)
		flags |= SQLITE_OPEN_CREATE;
	else if (strcmp(path, ":memory:") != 0 && access(path, F_OK) != 0)
		return err_set(err, ERR_NOT_FOUND, "database '%s' does not "
			       "exist; make it with `crmctl db migrate`", path);
	if (sqlite3_open_v2(path, &db->conn, flags, NULL) != SQLITE_OK)
		return fail(db, path, err);
	return 0;
}

int db_open(struct db **ret, const char *location, enum db_mode mode,
	    struct err *err)
{
	CLEANUP(db_close) struct db *db = xcalloc(1, sizeof(*db));
	AUTO_FREE char *path = db_path(location);

	if (open_file(db, path, mode, err))
		return -1;
	db->patience_ms = dsn_number(location, "_busy_timeout=", PATIENCE_MS);
	db->jitter = (uint32_t)getpid() * 2654435761u | 1;
	sqlite3_extended_result_codes(db->conn, 1);
	sqlite3_busy_handler(db->conn, wait_for_turn, db);
	sqlite3_db_config(db->conn, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	if (db_script(db, settings, err))
		return err_wrap(err, "database '%s'", path);
	*ret = TAKE(db);
	return 0;
}

void db_close(struct db **dbp)
{
	struct db *db = *dbp;

	if (!db)
		return;
	for (size_t i = 0; i < STMT_SLOTS; i++) {
		sqlite3_finalize(db->stmts[i].handle);
		free(db->stmts[i].at);
	}
	sqlite3_close(db->conn);
	free(db);
	*dbp = NULL;
}

/* Where `query` is, or the free place where it belongs. */
static struct db_stmt *slot_of(struct db *db, const struct db_query *query)
{
	size_t i = ((uintptr_t)query >> 4) * 2654435761u;

	for (size_t tries = 0; tries < STMT_SLOTS; tries++, i++) {
		struct db_stmt *slot = &db->stmts[i % STMT_SLOTS];

		if (slot->query == query || !slot->query)
			return slot;
	}
	abort();	/* more queries than slots: a programming mistake */
}

/*
 * SQLite numbers names in the order in which it meets them, and finds them one
 * by one: that is done once, and not each time that something is bound.
 */
static void note_places(struct db_stmt *stmt)
{
	int n = sqlite3_bind_parameter_count(stmt->handle);
	char name[24];

	stmt->at = xcalloc((size_t)n + 1, sizeof(*stmt->at));
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "$%d", i + 1);
		stmt->at[i] = sqlite3_bind_parameter_index(stmt->handle, name);
	}
}

static struct db_stmt *prepared(struct db *db, const struct db_query *query,
				struct err *err)
{
	struct db_stmt *slot = slot_of(db, query);

	if (slot->query)
		return slot;
	if (sqlite3_prepare_v3(db->conn, query->sql, -1,
			       SQLITE_PREPARE_PERSISTENT, &slot->handle,
			       NULL) != SQLITE_OK) {
		fail(db, query->name, err);
		return NULL;
	}
	slot->query = query;
	note_places(slot);
	return slot;
}

static int bind_one(sqlite3_stmt *stmt, int at, const struct db_val *v)
{
	switch (v->type) {
	case DB_TYPE_NULL:
		return sqlite3_bind_null(stmt, at);
	case DB_TYPE_I64:
		return sqlite3_bind_int64(stmt, at, v->i64);
	case DB_TYPE_TEXT:
		return sqlite3_bind_text(stmt, at, v->data, -1, SQLITE_STATIC);
	case DB_TYPE_BLOB:
		return sqlite3_bind_blob64(stmt, at, v->data, v->len,
					   SQLITE_STATIC);
	}
	return SQLITE_MISUSE;
}

static void stmt_reset(struct db_stmt *stmt)
{
	sqlite3_reset(stmt->handle);
	sqlite3_clear_bindings(stmt->handle);
	stmt->in_use = false;
}

/*
 * A write that begins while rows are being read fails as busy, at once and
 * however long it would wait, when somebody else has written in between
 * (SQLITE_BUSY_SNAPSHOT): now and then, and never in a quiet test.  So it is
 * refused always.
 */
static int refuse_late_write(struct db *db, const struct db_stmt *stmt,
			     struct err *err)
{
	if (sqlite3_stmt_readonly(stmt->handle) || db_in_tx(db) ||
	    sqlite3_txn_state(db->conn, "main") == SQLITE_TXN_NONE)
		return 0;
	return err_set(err, ERR_INTERNAL, "%s: writes while rows of another "
		       "query are being read", stmt->query->name);
}

int db_query(struct db_rows *rows, struct db *db, const struct db_query *query,
	     const struct db_val *args, size_t nargs, struct err *err)
{
	struct db_stmt *stmt = prepared(db, query, err);

	if (!stmt || refuse_late_write(db, stmt, err))
		return -1;
	assert(!stmt->in_use);
	assert((size_t)sqlite3_bind_parameter_count(stmt->handle) == nargs);
	for (size_t i = 0; i < nargs; i++) {
		if (bind_one(stmt->handle, stmt->at[i], &args[i]) !=
		    SQLITE_OK) {
			fail(db, query->name, err);
			stmt_reset(stmt);
			return -1;
		}
	}
	stmt->in_use = true;
	*rows = (struct db_rows){ .db = db, .stmt = stmt };
	return 0;
}

int db_next(struct db_rows *rows, struct err *err)
{
	switch (sqlite3_step(rows->stmt->handle) & 0xff) {
	case SQLITE_ROW:
		return 1;
	case SQLITE_DONE:
		return 0;
	default:
		return fail(rows->db, rows->stmt->query->name, err);
	}
}

void db_rows_done(struct db_rows *rows)
{
	if (rows->stmt)
		stmt_reset(rows->stmt);
	*rows = (struct db_rows){ 0 };
}

int64_t db_i64(const struct db_rows *rows, int column)
{
	return sqlite3_column_int64(rows->stmt->handle, column);
}

const char *db_text(const struct db_rows *rows, int column)
{
	return (const char *)sqlite3_column_text(rows->stmt->handle, column);
}

const char *db_must(const struct db_rows *rows, int column)
{
	const char *text = db_text(rows, column);

	return text ? text : "";
}

const void *db_blob(const struct db_rows *rows, int column, size_t *ret_len)
{
	const void *data = sqlite3_column_blob(rows->stmt->handle, column);

	*ret_len = (size_t)sqlite3_column_bytes(rows->stmt->handle, column);
	return data;
}

char *db_strdup(const struct db_rows *rows, int column)
{
	return xstrdup_null(db_text(rows, column));
}

int db_run(struct db *db, const struct db_query *query,
	   const struct db_val *args, size_t nargs, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	if (db_query(&rows, db, query, args, nargs, err))
		return -1;
	more = db_next(&rows, err);
	assert(more != 1);
	return more;
}

int64_t db_changes(const struct db *db)
{
	return sqlite3_changes64(db->conn);
}

int db_number(struct db *db, const struct db_query *query,
	      const struct db_val *args, size_t nargs, int64_t *ret,
	      struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	if (db_query(&rows, db, query, args, nargs, err))
		return -1;
	more = db_next(&rows, err);
	if (more == 0)
		return err_set(err, ERR_NOT_FOUND, "%s: no row", query->name);
	if (more < 0)
		return -1;
	*ret = db_i64(&rows, 0);
	return 0;
}

int db_tx_begin(struct db_tx *tx, struct db *db, struct err *err)
{
	if (db_run(db, &q_begin, DB_NO_ARGS, err))
		return -1;
	tx->db = db;
	return 0;
}

int db_tx_commit(struct db_tx *tx, struct err *err)
{
	if (db_run(tx->db, &q_commit, DB_NO_ARGS, err))
		return -1;
	tx->db = NULL;
	return 0;
}

void db_tx_done(struct db_tx *tx)
{
	struct err ignored;

	/* A full disk may have rolled back already. */
	if (tx->db && db_in_tx(tx->db) &&
	    db_run(tx->db, &q_rollback, DB_NO_ARGS, &ignored))
		abort();	/* nothing on this connection can be trusted */
	tx->db = NULL;
}

bool db_in_tx(const struct db *db)
{
	return !sqlite3_get_autocommit(db->conn);
}

int db_script(struct db *db, const char *sql, struct err *err)
{
	if (sqlite3_exec(db->conn, sql, NULL, NULL, NULL) != SQLITE_OK)
		return fail(db, "script", err);
	return 0;
}

int db_checkpoint(struct db *db, bool truncate, int64_t *ret_wal_pages,
		  struct err *err)
{
	int pages = 0, done = 0;
	int mode = truncate ? SQLITE_CHECKPOINT_TRUNCATE
			    : SQLITE_CHECKPOINT_RESTART;
	int rc = sqlite3_wal_checkpoint_v2(db->conn, NULL, mode, &pages, &done);

	*ret_wal_pages = pages > 0 ? pages : 0;
	return rc == SQLITE_OK ? 0 : fail(db, "checkpoint", err);
}

int db_data_version(struct db *db, int64_t *ret, struct err *err)
{
	return db_number(db, &q_data_version, DB_NO_ARGS, ret, err);
}

int db_copy(struct db *to, struct db *from, struct err *err)
{
	sqlite3_backup *copy = sqlite3_backup_init(to->conn, "main",
						   from->conn, "main");

	if (!copy)
		return fail(to, "copy", err);
	sqlite3_backup_step(copy, -1);
	if (sqlite3_backup_finish(copy) != SQLITE_OK)
		return fail(to, "copy", err);
	return 0;
}

int db_check(struct db *db, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };

	if (db_query(&rows, db, &q_check, DB_NO_ARGS, err) ||
	    db_next(&rows, err) < 0)
		return -1;
	if (strcmp(db_must(&rows, 0), "ok") != 0)
		return err_set(err, ERR_INTERNAL, "the database is damaged; "
			       "restore a backup (%s)", db_must(&rows, 0));
	return 0;
}

const char *db_library_version(void)
{
	return sqlite3_libversion();
}

int db_explain(struct db *db, const struct db_query *query, char **ret,
	       struct err *err)
{
	AUTO_FREE char *sql = xasprintf("EXPLAIN QUERY PLAN %s", query->sql);
	struct buf plan = { .max = PLAN_MAX };
	sqlite3_stmt *stmt;

	if (sqlite3_prepare_v2(db->conn, sql, -1, &stmt, NULL) != SQLITE_OK)
		return fail(db, query->name, err);
	while (sqlite3_step(stmt) == SQLITE_ROW)
		buf_addf(&plan, "%s\n", sqlite3_column_text(stmt, 3));
	sqlite3_finalize(stmt);
	*ret = buf_take(&plan);
	return 0;
}
