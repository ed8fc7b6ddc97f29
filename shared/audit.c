#include "shared/audit.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "shared/redact.h"

#define GENESIS \
	"0000000000000000000000000000000000000000000000000000000000000000"
#define CANONICAL_MAX (64 << 10)
#define NAME_MAX_LEN 100

static const char *const cell_names[] = {
	[AUDIT_ACTOR]		= "actor",
	[AUDIT_TOKEN_ID]	= "token_id",
	[AUDIT_TOKEN_NAME]	= "token_name",
	[AUDIT_ACTION]		= "action",
	[AUDIT_OBJECT]		= "object",
	[AUDIT_OBJECT_ID]	= "object_id",
	[AUDIT_HOST_ID]		= "host_id",
	[AUDIT_WHAT]		= "what",
	[AUDIT_BEFORE]		= "before",
	[AUDIT_AFTER]		= "after",
	[AUDIT_REQUEST_ID]	= "request_id",
	[AUDIT_RESULT]		= "result",
};
TABLE_ENUM_DEFINE(audit_cell, cell_names, AUDIT_CELL__MAX);

void audit_row_done(struct audit_row *row)
{
	for (int i = 0; i < AUDIT_CELL__MAX; i++)
		free(row->cell[i]);
	free(row->prev_hash);
	free(row->hash);
	*row = (struct audit_row){ 0 };
}

void audit_row_read(const struct db_rows *rows, struct audit_row *ret)
{
	audit_row_done(ret);
	ret->seq = db_i64(rows, 0);
	ret->at = db_i64(rows, 1);
	for (int i = 0; i < AUDIT_CELL__MAX; i++)
		ret->cell[i] = db_strdup(rows, 2 + i);
	ret->prev_hash = db_strdup(rows, 2 + AUDIT_CELL__MAX);
	ret->hash = db_strdup(rows, 3 + AUDIT_CELL__MAX);
}

/* The word in front keeps these apart from fingerprints of the same key. */
void audit_row_hash(const struct seal_public *key, const char *prev_hash,
		    int64_t seq, const struct audit_entry *entry,
		    char ret[SEAL_HASH_TEXT])
{
	CLEANUP(buf_done) struct buf text = { .max = CANONICAL_MAX };

	buf_addf(&text, "crm audit 1\n%s\n%" PRId64 "\n%" PRId64 "\n",
		 prev_hash, seq, entry->at);
	for (int i = 0; i < AUDIT_CELL__MAX; i++) {
		const char *cell = entry->cell[i];

		if (cell)
			buf_addf(&text, "%zu:%s\n", strlen(cell), cell);
		else
			buf_adds(&text, "-\n");
	}
	seal_keyed_hash(key, buf_str(&text), text.len, ret);
}

static const struct db_query q_head = { "audit.head",
	"SELECT seq, hash FROM audit_log"
	" WHERE seq = (SELECT max(seq) FROM audit_log)" };

static int read_head(struct db *db, struct audit_place *ret, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	*ret = (struct audit_place){ .hash = GENESIS };
	if (db_query(&rows, db, &q_head, DB_NO_ARGS, err))
		return -1;
	more = db_next(&rows, err);
	if (more > 0) {
		ret->seq = db_i64(&rows, 0);
		snprintf(ret->hash, sizeof(ret->hash), "%s",
			 db_must(&rows, 1));
	}
	return more < 0 ? -1 : 0;
}

static const struct db_query q_token = { "audit.token",
	"SELECT name FROM tokens WHERE token_id = $1" };

/* What the token is called now; *ret stays NULL if it is none. */
static int look_up_name(struct db *db, const char *token_id, char **ret,
			struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	if (db_query(&rows, db, &q_token, DB_ARGS(DB_TEXT(token_id)), err))
		return -1;
	more = db_next(&rows, err);
	if (more > 0)
		*ret = db_strdup(&rows, 0);
	return more < 0 ? -1 : 0;
}

/* Texts that stand in for those of an entry. */
struct held {
	char *name, *what, *before, *after;
};

static void held_done(struct held *held)
{
	free(held->name);
	free(held->what);
	free(held->before);
	free(held->after);
}

static int make_fit(struct db *db, struct audit_entry *entry,
		    struct held *held, struct err *err)
{
	const char *token_id = entry->cell[AUDIT_TOKEN_ID];
	char *name = NULL;

	if (entry->cell[AUDIT_TOKEN_NAME])
		name = xstrdup(entry->cell[AUDIT_TOKEN_NAME]);
	else if (token_id && look_up_name(db, token_id, &name, err))
		return -1;
	held->name = name ? redact_text(name, NAME_MAX_LEN) : NULL;
	free(name);
	held->what = audit_clean(entry->cell[AUDIT_WHAT]);
	held->before = audit_clean(entry->cell[AUDIT_BEFORE]);
	held->after = audit_clean(entry->cell[AUDIT_AFTER]);
	entry->cell[AUDIT_TOKEN_NAME] = held->name;
	entry->cell[AUDIT_WHAT] = held->what;
	entry->cell[AUDIT_BEFORE] = held->before;
	entry->cell[AUDIT_AFTER] = held->after;
	return 0;
}

static const struct db_query q_add = { "audit.add",
	"INSERT INTO audit_log (seq, at, actor, token_id, token_name, action,"
	" object, object_id, host_id, what, before, after, request_id, result,"
	" prev_hash, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10,"
	" $11, $12, $13, $14, $15, $16)" };

static int insert(struct db *db, const struct audit_entry *e, int64_t seq,
		  const char *prev_hash, const char *hash, struct err *err)
{
	struct db_val args[2 + AUDIT_CELL__MAX + 2] = {
		DB_I64(seq), DB_I64(e->at),
	};

	for (int i = 0; i < AUDIT_CELL__MAX; i++)
		args[2 + i] = (struct db_val)DB_TEXT(e->cell[i]);
	args[2 + AUDIT_CELL__MAX] = (struct db_val)DB_TEXT(prev_hash);
	args[3 + AUDIT_CELL__MAX] = (struct db_val)DB_TEXT(hash);
	return db_run(db, &q_add, args, COUNT(args), err);
}

int audit_add(struct db *db, const struct seal_public *key,
	      const struct audit_entry *given, struct err *err)
{
	CLEANUP(held_done) struct held held = { 0 };
	struct audit_entry entry = *given;
	struct audit_place head;
	char hash[SEAL_HASH_TEXT];

	assert(entry.cell[AUDIT_ACTOR] && entry.cell[AUDIT_ACTION] &&
	       entry.cell[AUDIT_RESULT]);
	if (make_fit(db, &entry, &held, err) || read_head(db, &head, err))
		return -1;
	audit_row_hash(key, head.hash, head.seq + 1, &entry, hash);
	if (insert(db, &entry, head.seq + 1, head.hash, hash, err))
		return err_wrap(err, "write the audit log");
	return 0;
}

/* Up to the first row that is young enough, among the first few. */
static const struct db_query q_cut = { "audit.cut",
	"SELECT coalesce(min(CASE WHEN page.at >= $1 THEN page.seq END) - 1,"
	" max(page.seq), 0) FROM (SELECT seq, at FROM audit_log"
	" WHERE seq > 0 ORDER BY seq LIMIT $2) AS page" };
static const struct db_query q_base = { "audit.base",
	"SELECT base_seq FROM audit_chain" };
static const struct db_query q_move = { "audit.move",
	"UPDATE audit_chain SET base_hash = (SELECT hash FROM audit_log"
	"  WHERE seq = $1), base_seq = $1, dropping = $1" };
static const struct db_query q_drop = { "audit.drop",
	"DELETE FROM audit_log WHERE seq <= $1" };
static const struct db_query q_dropped = { "audit.dropped",
	"UPDATE audit_chain SET dropping = NULL" };

static int tell_of_prune(struct db *db, const struct seal_public *key,
			 int64_t cut, int64_t n, int64_t now, struct err *err)
{
	CLEANUP(audit_row_done) struct audit_row last = { 0 };
	AUTO_FREE char *what = xasprintf("{\"rows\":%" PRId64 "}", n);
	char place[AUDIT_PLACE_TEXT];
	struct audit_place at = { .seq = cut };

	if (audit_get(db, cut, &last, err))
		return -1;
	snprintf(at.hash, sizeof(at.hash), "%s", last.hash);
	audit_place_text(&at, place);
	return audit_add(db, key, &(struct audit_entry){ .at = now, .cell = {
			[AUDIT_ACTOR] = AUDIT_BY_SCHEDD,
			[AUDIT_ACTION] = "audit.prune",
			[AUDIT_OBJECT] = "audit",
			[AUDIT_OBJECT_ID] = place,
			[AUDIT_WHAT] = what,
			[AUDIT_RESULT] = "ok",
		} }, err);
}

int audit_prune(struct db *db, const struct seal_public *key, int64_t before,
		int64_t max, int64_t now, int64_t *ret, struct err *err)
{
	int64_t base, cut;

	*ret = 0;
	if (db_number(db, &q_base, DB_NO_ARGS, &base, err) ||
	    db_number(db, &q_cut, DB_ARGS(DB_I64(before), DB_I64(max)), &cut,
		      err))
		return -1;
	if (cut <= base)
		return 0;
	if (tell_of_prune(db, key, cut, cut - base, now, err) ||
	    db_run(db, &q_move, DB_ARGS(DB_I64(cut)), err) ||
	    db_run(db, &q_drop, DB_ARGS(DB_I64(cut)), err) ||
	    db_run(db, &q_dropped, DB_NO_ARGS, err))
		return err_wrap(err, "shorten the audit log");
	*ret = cut - base;
	return 0;
}

static const struct db_query q_refused = { "audit.refused",
	"INSERT INTO audit_refused (minute, token_id, count, action,"
	" request_id, status) VALUES ($1, $2, $3, $4, $5, $6)"
	" ON CONFLICT (minute, token_id) DO UPDATE SET"
	" count = count + excluded.count, action = excluded.action,"
	" request_id = excluded.request_id, status = excluded.status" };

int audit_refused(struct db *db, const struct audit_refusal *r,
		  struct err *err)
{
	return db_run(db, &q_refused, DB_ARGS(DB_I64(r->minute),
		      DB_TEXT(r->token_id), DB_I64(r->count),
		      DB_TEXT(r->action), DB_TEXT(r->request_id),
		      DB_I64(r->status)), err);
}

static const struct db_query q_refused_list = { "audit.refused_list",
	"SELECT minute, token_id, count, action, request_id, status"
	" FROM audit_refused WHERE minute > 0"
	" ORDER BY minute DESC, token_id DESC LIMIT $1" };

int audit_refused_list(struct db_rows *rows, struct db *db, int64_t limit,
		       struct err *err)
{
	return db_query(rows, db, &q_refused_list, DB_ARGS(DB_I64(limit)),
			err);
}

int audit_refused_next(struct db_rows *rows, struct audit_refusal *ret,
		       struct err *err)
{
	int more = db_next(rows, err);

	if (more <= 0)
		return more;
	ret->minute = db_i64(rows, 0);
	snprintf(ret->token_id, sizeof(ret->token_id), "%s",
		 db_must(rows, 1));
	ret->count = db_i64(rows, 2);
	snprintf(ret->action, sizeof(ret->action), "%s", db_must(rows, 3));
	snprintf(ret->request_id, sizeof(ret->request_id), "%s",
		 db_must(rows, 4));
	ret->status = db_i64(rows, 5);
	return 1;
}

static const struct db_query q_refused_forget = { "audit.refused_forget",
	"DELETE FROM audit_refused WHERE minute < $1" };

int audit_refused_forget(struct db *db, int64_t before, struct err *err)
{
	return db_run(db, &q_refused_forget, DB_ARGS(DB_I64(before)), err);
}

const struct db_query *const audit_queries[] = {
	&q_head, &q_token, &q_add, &q_cut, &q_base, &q_move, &q_drop,
	&q_dropped, &q_refused, &q_refused_list, &q_refused_forget, NULL
};
