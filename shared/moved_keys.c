#include "shared/moved_keys.h"

#include <stdio.h>

#define OPEN "ended_at IS NULL"
/* Whoever is being rolled back, or has failed, rests on nothing. */
#define RESTS \
	"(i.rollback_id IS NULL AND (i.finished_at IS NULL" \
	" OR i.confirmation_status = 'confirmed'))"

/* ---- notes ---- */

/* A key that is bound to nothing lost a group of ours, which was deleted. */
static const struct db_query q_home = { "moved_keys.home",
	"SELECT from_group, max(moved_at) FROM moved_keys WHERE host_id = $1"
	" AND key_id = $2 AND (to_group = $3 OR $3 = 0) AND " OPEN };

static int find_home(struct db *db, const struct moved_key *move,
		     int64_t *ret, bool *ret_found, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	*ret_found = false;
	*ret = move->from_group;
	if (db_query(&rows, db, &q_home, DB_ARGS(DB_TEXT(move->host_id),
		     DB_I64(move->key_id), DB_I64(move->from_group)), err))
		return -1;
	more = db_next(&rows, err);
	if (more > 0 && db_i64(&rows, 1) > 0) {
		*ret_found = true;
		*ret = db_i64(&rows, 0);
	}
	return more < 0 ? -1 : 0;
}

/* Who finds a right that another of ours got shares it. */
static const struct db_query q_note = { "moved_keys.note",
	"INSERT INTO moved_keys (move_id, host_id, item_id, user_id, key_id,"
	" from_group, to_group, granted, moved_at) VALUES ($1, $2, $3, $4, $5,"
	" $6, $7, $8 OR EXISTS (SELECT 1 FROM moved_keys WHERE host_id = $2"
	" AND user_id = $4 AND to_group = $7 AND granted AND " OPEN "), $9)"
	" ON CONFLICT (item_id, to_group) WHERE ended_at IS NULL"
	" DO UPDATE SET leaving = 0" };

int moved_keys_note(struct db *db, const struct moved_key *move, int64_t now,
		    uint64_t random, struct err *err)
{
	char id[ID_MAX];
	int64_t home;
	bool found;

	if (find_home(db, move, &home, &found, err))
		return -1;
	if (!found && move->from_group == move->to_group)
		return 0;
	id_make(id, "mvk", now, random);
	return db_run(db, &q_note, DB_ARGS(DB_TEXT(id),
		      DB_TEXT(move->host_id), DB_TEXT(move->item_id),
		      DB_I64(move->user_id), DB_I64(move->key_id),
		      DB_I64(home), DB_I64(move->to_group),
		      DB_I64(move->granted), DB_I64(now)), err);
}

/* ---- rows ---- */

#define MOVE \
	"SELECT move_id, host_id, item_id, user_id, key_id, from_group," \
	" to_group, granted FROM moved_keys WHERE "
static const struct db_query q_get = { "moved_keys.get", MOVE "move_id = $1" };
static const struct db_query q_find = { "moved_keys.find",
	MOVE "item_id = $1 AND to_group = $2 AND " OPEN };

static int read_move(struct db_rows *rows, struct moved_key *ret,
		     bool *ret_found, struct err *err)
{
	int more = db_next(rows, err);

	*ret_found = more > 0;
	if (more <= 0)
		return more;
	snprintf(ret->move_id, ID_MAX, "%s", db_must(rows, 0));
	snprintf(ret->host_id, ID_MAX, "%s", db_must(rows, 1));
	snprintf(ret->item_id, ID_MAX, "%s", db_must(rows, 2));
	ret->user_id = db_i64(rows, 3);
	ret->key_id = db_i64(rows, 4);
	ret->from_group = db_i64(rows, 5);
	ret->to_group = db_i64(rows, 6);
	ret->granted = db_i64(rows, 7) != 0;
	return 0;
}

int moved_keys_get(struct db *db, const char *move_id, struct moved_key *ret,
		   struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	bool found;

	if (db_query(&rows, db, &q_get, DB_ARGS(DB_TEXT(move_id)), err) ||
	    read_move(&rows, ret, &found, err))
		return -1;
	return found ? 0 : err_set(err, ERR_NOT_FOUND, "no moved key %s",
				   move_id);
}

int moved_keys_find(struct db *db, const char *item_id, int64_t to_group,
		    struct moved_key *ret, bool *ret_found, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };

	return db_query(&rows, db, &q_find, DB_ARGS(DB_TEXT(item_id),
			DB_I64(to_group)), err) ||
	       read_move(&rows, ret, ret_found, err) ? -1 : 0;
}

/* ---- the way back ---- */

#define OTHERS \
	" FROM moved_keys m CROSS JOIN import_run_items i" \
	" ON i.item_id = m.item_id WHERE m.host_id = $1 AND m.move_id <> $3" \
	" AND m.ended_at IS NULL AND m.leaving = 0 AND " RESTS

/*
 * Whoever rests on the key: best, where it is; else from the same beginning,
 * the last of them.  What its owner moved in between began anew.
 */
static const struct db_query q_heir = { "moved_keys.heir",
	"SELECT m.to_group, max(m.moved_at + (m.to_group = $4) * (1 << 50))"
	OTHERS " AND m.key_id = $2"
	" AND (m.to_group = $4 OR m.from_group = $5)" };
static const struct db_query q_needs_right = { "moved_keys.needs_right",
	"SELECT count(*)" OTHERS " AND m.user_id = $2 AND m.to_group = $4" };

static int find_heir(struct db *db, const struct moved_key *move,
		     struct move_end *ret, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	if (db_query(&rows, db, &q_heir, DB_ARGS(DB_TEXT(move->host_id),
		     DB_I64(move->key_id), DB_TEXT(move->move_id),
		     DB_I64(move->to_group), DB_I64(move->from_group)), err))
		return -1;
	more = db_next(&rows, err);
	*ret = (struct move_end){ .group = move->from_group };
	if (more > 0 && db_i64(&rows, 1) > 0) {
		ret->group = db_i64(&rows, 0);
		ret->stays = ret->group == move->to_group;
	}
	return more < 0 ? -1 : 0;
}

int moved_keys_way_back(struct db *db, const struct moved_key *move,
			struct move_end *ret, struct err *err)
{
	int64_t others = 0;

	if (find_heir(db, move, ret, err) ||
	    (move->granted &&
	     db_number(db, &q_needs_right, DB_ARGS(DB_TEXT(move->host_id),
		       DB_I64(move->user_id), DB_TEXT(move->move_id),
		       DB_I64(move->to_group)), &others, err)))
		return -1;
	ret->revokes = move->granted && others == 0;
	return 0;
}

static const struct db_query q_rights = { "moved_keys.rights",
	"SELECT DISTINCT to_group FROM moved_keys WHERE host_id = $1"
	" AND user_id = $2 AND item_id <> $3 AND granted AND leaving = 0"
	" AND " OPEN };

int moved_keys_rights(struct db *db, const char *host_id, int64_t user_id,
		      const char *item_id, json_t **ret, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	json_auto_t *all = json_array();
	int more;

	if (db_query(&rows, db, &q_rights, DB_ARGS(DB_TEXT(host_id),
		     DB_I64(user_id), DB_TEXT(item_id)), err))
		return -1;
	while ((more = db_next(&rows, err)) > 0)
		json_array_append_new(all, json_integer(db_i64(&rows, 0)));
	if (more < 0)
		return -1;
	*ret = json_incref(all);
	return 0;
}

/* ---- what is kept between two calls ---- */

static const struct db_query q_keep = { "moved_keys.keep",
	"UPDATE moved_keys SET kept_rights = $3"
	" WHERE item_id = $1 AND to_group = $2" };
static const struct db_query q_kept = { "moved_keys.kept",
	"SELECT max(kept_rights) FROM moved_keys"
	" WHERE item_id = $1 AND to_group = $2" };

int moved_keys_keep_rights(struct db *db, const char *item_id,
			   int64_t to_group, const char *rights,
			   struct err *err)
{
	return db_run(db, &q_keep, DB_ARGS(DB_TEXT(item_id), DB_I64(to_group),
		      DB_TEXT(rights)), err);
}

int moved_keys_kept_rights(struct db *db, const char *item_id,
			   int64_t to_group, char **ret, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	*ret = NULL;
	if (db_query(&rows, db, &q_kept, DB_ARGS(DB_TEXT(item_id),
		     DB_I64(to_group)), err))
		return -1;
	more = db_next(&rows, err);
	if (more > 0)
		*ret = xstrdup_null(db_text(&rows, 0));
	return more < 0 ? -1 : 0;
}

/* ---- ends ---- */

static const struct db_query q_leave = { "moved_keys.leave",
	"UPDATE moved_keys SET leaving = 1 WHERE item_id = $1 AND leaving = 0"
	" AND " OPEN };
static const struct db_query q_end = { "moved_keys.end",
	"UPDATE moved_keys SET ended_at = $2 WHERE move_id = $1" };
static const struct db_query q_forget = { "moved_keys.forget",
	"UPDATE moved_keys SET ended_at = $2 WHERE item_id = $1 AND " OPEN };

int moved_keys_leave(struct db *db, const char *item_id, struct err *err)
{
	return db_run(db, &q_leave, DB_ARGS(DB_TEXT(item_id)), err);
}

int moved_keys_end(struct db *db, const struct moved_key *move, int64_t now,
		   struct err *err)
{
	return db_run(db, &q_end, DB_ARGS(DB_TEXT(move->move_id),
		      DB_I64(now)), err);
}

int moved_keys_forget(struct db *db, const char *item_id, int64_t now,
		      struct err *err)
{
	return db_run(db, &q_forget, DB_ARGS(DB_TEXT(item_id), DB_I64(now)),
		      err);
}

const struct db_query *const moved_keys_queries[] = {
	&q_home, &q_note, &q_get, &q_find, &q_heir, &q_needs_right, &q_rights,
	&q_keep, &q_kept, &q_leave, &q_end, &q_forget, NULL
};
