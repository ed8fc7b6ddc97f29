#include "shared/idempotency.h"

#include <string.h>

#define EXPIRE_MAX 50	/* rows that one request forgets on the way */

void idempotency_done(struct idempotency *record)
{
	free(record->location);
	free(record->body);
	*record = (struct idempotency){ 0 };
}

static const struct db_query q_find = { "idempotency.find",
	"SELECT request_hash, status, location, body FROM idempotency_keys"
	" WHERE token_id = $1 AND key = $2 AND expires_at > $3" };

int idempotency_find(struct db *db, const char *token_id, const char *key,
		     const char *request_hash, int64_t now,
		     struct idempotency *ret, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	if (db_query(&rows, db, &q_find, DB_ARGS(DB_TEXT(token_id),
		     DB_TEXT(key), DB_I64(now)), err))
		return -1;
	more = db_next(&rows, err);
	if (more == 0)
		return err_set(err, ERR_NOT_FOUND, "the key is new");
	if (more < 0)
		return -1;
	if (strcmp(db_must(&rows, 0), request_hash) != 0) {
		err_set(err, ERR_CONFLICT, "this Idempotency-Key came with "
			"another request before; draw a new one");
		return err_code(err, "idempotency_key_reused");
	}
	idempotency_done(ret);
	ret->status = (int)db_i64(&rows, 1);
	ret->location = db_strdup(&rows, 2);
	ret->body = db_strdup(&rows, 3);
	return 0;
}

static const struct db_query q_store = { "idempotency.store",
	"INSERT INTO idempotency_keys (token_id, key, request_hash, status,"
	" location, body, created_at, expires_at)"
	" VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
	" ON CONFLICT (token_id, key) DO UPDATE SET"
	" request_hash = excluded.request_hash, status = excluded.status,"
	" location = excluded.location, body = excluded.body,"
	" created_at = excluded.created_at, expires_at = excluded.expires_at"
	" WHERE idempotency_keys.expires_at <= $7" };

int idempotency_store(struct db *db, const char *token_id, const char *key,
		      const char *request_hash,
		      const struct idempotency *record, int64_t now,
		      int64_t expires_at, struct err *err)
{
	if (db_run(db, &q_store, DB_ARGS(DB_TEXT(token_id), DB_TEXT(key),
		   DB_TEXT(request_hash), DB_I64(record->status),
		   DB_TEXT(record->location), DB_TEXT(record->body),
		   DB_I64(now), DB_I64(expires_at)), err))
		return err_wrap(err, "store the answer for an "
				"Idempotency-Key");
	if (db_changes(db) == 0)
		return err_set(err, ERR_BUSY, "a request with the same "
			       "Idempotency-Key was quicker; ask again for "
			       "its answer");
	return 0;
}

static const struct db_query q_expire = { "idempotency.expire",
	"DELETE FROM idempotency_keys WHERE (token_id, key) IN"
	" (SELECT token_id, key FROM idempotency_keys"
	"  WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)" };

int idempotency_expire(struct db *db, int64_t now, struct err *err)
{
	return db_run(db, &q_expire, DB_ARGS(DB_I64(now),
		      DB_I64(EXPIRE_MAX)), err);
}

const struct db_query *const idempotency_queries[] = {
	&q_find, &q_store, &q_expire, NULL
};
