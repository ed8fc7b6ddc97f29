/*
 * audit: who did what, when, and what it was before and after.
 *
 * Rows are added in the transaction of the change that they tell of, and never
 * changed; triggers refuse whatever else is tried.  Each row holds the hash of
 * the row before it and its own: BLAKE2b, under the key of the fingerprints,
 * over the hash before, `seq`, `at` and every cell, each with its length, so
 * that no two rows have the same text.
 *
 * What that is worth.  Whoever has the database alone (a copy that was changed
 * and put back, an edit by hand) cannot make a hash that holds: audit_verify()
 * finds the first row that was changed, taken out or put in.  Rows cut off at
 * the end leave a chain that holds, and whoever has fingerprint.key beside the
 * database, as the services have, can write a chain anew.  Against both helps
 * only a head, SEQ:HASH, that was kept elsewhere: audit_hash_at() compares it.
 *
 * No cell ever holds a secret: what, before and after go through
 * audit_clean().
 */
#ifndef SHARED_AUDIT_H
#define SHARED_AUDIT_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/db.h"
#include "shared/id.h"
#include "shared/jout.h"
#include "shared/seal.h"
#include "shared/table.h"
#include "shared/walk.h"

/* Bytes of a value that are kept, at most. */
#define AUDIT_VALUE_MAX 4096
#define AUDIT_ACTION_MAX 64	/* with its NUL */

/* Who did it, as its cell says. */
#define AUDIT_BY_TOKEN "token"
#define AUDIT_BY_SCHEDD "schedd"
#define AUDIT_BY_MACHINE "machine"

/* The cells of a row that are text, as the table of the migration has them. */
enum audit_cell {
	AUDIT_ACTOR,
	AUDIT_TOKEN_ID,
	AUDIT_TOKEN_NAME,
	AUDIT_ACTION,
	AUDIT_OBJECT,
	AUDIT_OBJECT_ID,
	AUDIT_HOST_ID,
	AUDIT_WHAT,		/* these three are JSON */
	AUDIT_BEFORE,
	AUDIT_AFTER,
	AUDIT_REQUEST_ID,
	AUDIT_RESULT,
	AUDIT_CELL__MAX
};

TABLE_ENUM_DECLARE(audit_cell);

/*
 * What is to be told.  Borrowed; NULL is unknown.  The name of a token that
 * is given by its id alone is looked up.
 */
struct audit_entry {
	int64_t at;
	const char *cell[AUDIT_CELL__MAX];
};

/* A row.  Release with audit_row_done(). */
struct audit_row {
	int64_t seq;
	int64_t at;
	char *cell[AUDIT_CELL__MAX];
	char *prev_hash;
	char *hash;
};

void audit_row_done(struct audit_row *row);

/*
 * Add a row, inside the write transaction of what it tells of.  Two who add
 * outside of one cannot break the chain: the second fails.
 */
int audit_add(struct db *db, const struct seal_public *key,
	      const struct audit_entry *entry, struct err *err) MUST_CHECK;

/*
 * JSON fit to be kept: every string redacted, members whose names announce a
 * secret masked, what is too long left out, which "truncated" then says.
 * What is no JSON becomes a string.  NULL of NULL, and of an empty object;
 * the caller frees it.
 */
char *audit_clean(const char *json);

/*
 * The members of two objects that differ, as two objects; NULL where there is
 * none.  The caller frees them.
 */
void audit_differ(const char *before, const char *after, char **ret_before,
		  char **ret_after);

/*
 * Forget rows from before `before`, at most `max` of them: from then on the
 * chain begins behind them, and a row says so.  This is the only way that rows
 * leave.  In a transaction.  *ret is how many.
 */
int audit_prune(struct db *db, const struct seal_public *key, int64_t before,
		int64_t max, int64_t now, int64_t *ret, struct err *err)
	MUST_CHECK;

/* Refused for want of a right: counted by token ("": none) and minute. */
struct audit_refusal {
	int64_t minute;
	char token_id[ID_MAX];
	int64_t count;
	char action[AUDIT_ACTION_MAX];
	char request_id[65];
	int64_t status;
};

int audit_refused(struct db *db, const struct audit_refusal *refusal,
		  struct err *err) MUST_CHECK;
int audit_refused_list(struct db_rows *rows, struct db *db, int64_t limit,
		       struct err *err) MUST_CHECK;
int audit_refused_next(struct db_rows *rows, struct audit_refusal *ret,
		       struct err *err) MUST_CHECK;
int audit_refused_forget(struct db *db, int64_t before, struct err *err)
	MUST_CHECK;

/* What a list is to hold, newest first.  NULL and 0: whatever. */
struct audit_filter {
	const char *cell[AUDIT_CELL__MAX];	/* but those of JSON */
	int64_t since, until;
	int64_t before;		/* seq; 0: from the newest on */
};

int audit_list(struct walk *walk, struct db *db,
	       const struct audit_filter *filter, struct err *err) MUST_CHECK;
int audit_list_next(struct walk *walk, struct audit_row *row, struct err *err)
	MUST_CHECK;
/* ERR_NOT_FOUND if there is none. */
int audit_get(struct db *db, int64_t seq, struct audit_row *ret,
	      struct err *err) MUST_CHECK;

/* A place in the chain: as text, SEQ:HASH. */
#define AUDIT_PLACE_TEXT (SEAL_HASH_TEXT + 21)

struct audit_place {
	int64_t seq;
	char hash[SEAL_HASH_TEXT];
};

void audit_place_text(const struct audit_place *place,
		      char ret[AUDIT_PLACE_TEXT]);
bool audit_place_parse(const char *text, struct audit_place *ret) MUST_CHECK;

enum audit_problem {
	AUDIT_HOLDS,
	AUDIT_BAD_HASH,		/* a cell is not what was written */
	AUDIT_BAD_LINK,		/* the row before it is another */
	AUDIT_MISSING,		/* rows in between, or at the end */
	AUDIT_BAD_BEGINNING,	/* no row says that it was moved there */
	AUDIT_UNEXPECTED,	/* not the hash that was kept elsewhere */
	AUDIT_PROBLEM__MAX
};

TABLE_ENUM_DECLARE(audit_problem);

struct audit_report {
	enum audit_problem problem;
	int64_t bad_seq;		/* where, unless it holds */
	int64_t checked;		/* rows */
	struct audit_place end;		/* of what was checked */
	struct audit_place head;	/* of the chain */
	int64_t base_seq;		/* rows up to here were dropped */
};

/*
 * Check up to `max` rows behind `after`, or from the beginning of the chain
 * if its seq is 0.  Not to hold is no failure.
 */
int audit_verify(struct db *db, const struct seal_public *key,
		 const struct audit_place *after, int64_t max,
		 struct audit_report *ret, struct err *err) MUST_CHECK;

/*
 * Is a place that was kept elsewhere still in the chain?  AUDIT_HOLDS also if
 * it is older than the beginning of the chain.
 */
int audit_expect(struct db *db, const struct audit_place *place,
		 enum audit_problem *ret, struct err *err) MUST_CHECK;

extern const struct db_query *const audit_queries[];
extern const struct db_query *const audit_list_queries[];
extern const struct db_query *const audit_verify_queries[];

/* For the files of this module alone. */
#define AUDIT_COLUMNS(t) \
	t "seq, " t "at, " t "actor, " t "token_id, " t "token_name, " \
	t "action, " t "object, " t "object_id, " t "host_id, " t "what, " \
	t "before, " t "after, " t "request_id, " t "result, " \
	t "prev_hash, " t "hash"

void audit_row_read(const struct db_rows *rows, struct audit_row *ret);
void audit_row_hash(const struct seal_public *key, const char *prev_hash,
		    int64_t seq, const struct audit_entry *entry,
		    char ret[SEAL_HASH_TEXT]);

#endif
