#include "shared/foreign.h"

void foreign_done(struct foreign *foreign)
{
	free(foreign->looker);
	free(foreign->seen);
	free(foreign->accounts);
	*foreign = (struct foreign){ 0 };
}

static const struct db_query q_get = { "foreign.get",
	"SELECT looker, looker_until, seen, accounts, looked_at"
	" FROM foreign_accounts WHERE host_id = $1 AND endpoint_key = $2" };

int foreign_get(struct db *db, const char *host_id, const char *endpoint_key,
		struct foreign *ret, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	if (db_query(&rows, db, &q_get, DB_ARGS(DB_TEXT(host_id),
		     DB_TEXT(endpoint_key)), err))
		return -1;
	more = db_next(&rows, err);
	if (more < 0)
		return -1;
	foreign_done(ret);
	if (more == 0)
		return 0;
	ret->looker = db_strdup(&rows, 0);
	ret->looker_until = db_i64(&rows, 1);
	ret->seen = db_strdup(&rows, 2);
	ret->accounts = db_strdup(&rows, 3);
	ret->looked_at = db_i64(&rows, 4);
	return 0;
}

bool foreign_wants_look(const struct foreign *foreign, int64_t now)
{
	int64_t age = now - foreign->looked_at;

	if (foreign->looker && foreign->looker_until > now)
		return false;
	/* A clock that was put back must not keep us from looking. */
	return foreign->looked_at == 0 || age < 0 || age >= FOREIGN_HOLDS_MS;
}

static const struct db_query q_claim = { "foreign.claim",
	"INSERT INTO foreign_accounts (host_id, endpoint_key, looker,"
	" looker_until, seen) VALUES ($1, $2, $3, $4 + $5, '[]')"
	" ON CONFLICT (host_id, endpoint_key) DO UPDATE SET looker = $3,"
	" looker_until = $4 + $5, seen = '[]'"
	" WHERE looker IS NULL OR looker_until <= $4" };

int foreign_claim(struct db *db, const char *host_id,
		  const char *endpoint_key, const char *task_id, int64_t now,
		  struct err *err)
{
	return db_run(db, &q_claim, DB_ARGS(DB_TEXT(host_id),
		      DB_TEXT(endpoint_key), DB_TEXT(task_id), DB_I64(now),
		      DB_I64(FOREIGN_LOOK_MS)), err);
}

static const struct db_query q_save = { "foreign.save",
	"UPDATE foreign_accounts SET looker = $4, looker_until ="
	" CASE WHEN $4 IS NULL THEN NULL ELSE $8 + $9 END,"
	" seen = $5, accounts = $6, looked_at = $7"
	" WHERE host_id = $1 AND endpoint_key = $2 AND looker = $3" };

int foreign_save(struct db *db, const char *host_id, const char *endpoint_key,
		 const char *task_id, const struct foreign *foreign,
		 int64_t now, struct err *err)
{
	const char *seen = foreign->seen ? foreign->seen : "[]";

	return db_run(db, &q_save, DB_ARGS(DB_TEXT(host_id),
		      DB_TEXT(endpoint_key), DB_TEXT(task_id),
		      DB_TEXT(foreign->looker), DB_TEXT(seen),
		      DB_TEXT(foreign->accounts),
		      DB_TIME(foreign->looked_at), DB_I64(now),
		      DB_I64(FOREIGN_LOOK_MS)), err);
}

const struct db_query *const foreign_queries[] = {
	&q_get, &q_claim, &q_save, NULL
};
