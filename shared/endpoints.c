#include "shared/endpoints.h"

#include <assert.h>

#include "shared/secrets.h"

void endpoint_row_done(struct endpoint_row *row)
{
	free(row->endpoint_key);
	free(row->proxy_secret_id);
	free(row->proxy);
	free(row->ca_pem);
	free(row->suspect_class);
	*row = (struct endpoint_row){ 0 };
}

static const struct db_query q_get = { "endpoints.get",
	"SELECT proxy_secret_id, proxy, ca_pem, concurrency,"
	" requests_per_minute, suspect_class, suspect_since, created_at,"
	" updated_at, paused_at FROM endpoints WHERE endpoint_key = $1" };

int endpoints_get(struct db *db, const char *endpoint_key,
		  struct endpoint_row *ret, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	struct endpoint_row row = { 0 };
	int more;

	if (db_query(&rows, db, &q_get, DB_ARGS(DB_TEXT(endpoint_key)), err))
		return -1;
	more = db_next(&rows, err);
	if (more < 0)
		return -1;
	if (more > 0)
		row = (struct endpoint_row){
			.proxy_secret_id = db_strdup(&rows, 0),
			.proxy = db_strdup(&rows, 1),
			.ca_pem = db_strdup(&rows, 2),
			.concurrency = db_i64(&rows, 3),
			.requests_per_minute = db_i64(&rows, 4),
			.suspect_class = db_strdup(&rows, 5),
			.suspect_since = db_i64(&rows, 6),
			.created_at = db_i64(&rows, 7),
			.updated_at = db_i64(&rows, 8),
			.paused_at = db_i64(&rows, 9),
		};
	row.endpoint_key = xstrdup(endpoint_key);
	endpoint_row_done(ret);
	*ret = row;
	return 0;
}

static const struct db_query q_put = { "endpoints.put",
	"INSERT INTO endpoints (endpoint_key, proxy_secret_id, proxy, ca_pem,"
	" concurrency, requests_per_minute, created_at, updated_at)"
	" VALUES ($1, $2, $3, $4, $5, $6, $7, $7)"
	" ON CONFLICT (endpoint_key) DO UPDATE SET"
	" proxy_secret_id = $2, proxy = $3, ca_pem = $4, concurrency = $5,"
	" requests_per_minute = $6, updated_at = $7" };

int endpoints_put(struct db *db, const struct endpoint_row *row, int64_t now,
		  struct err *err)
{
	CLEANUP(endpoint_row_done) struct endpoint_row old = { 0 };

	assert(db_in_tx(db));
	if (endpoints_get(db, row->endpoint_key, &old, err) ||
	    db_run(db, &q_put, DB_ARGS(DB_TEXT(row->endpoint_key),
		   DB_TEXT(row->proxy_secret_id), DB_TEXT(row->proxy),
		   DB_TEXT(row->ca_pem), DB_TIME(row->concurrency),
		   DB_TIME(row->requests_per_minute), DB_I64(now)), err))
		return -1;
	return secrets_forget(db, old.proxy_secret_id, err);
}

static const struct db_query q_suspect = { "endpoints.suspect",
	"INSERT INTO endpoints (endpoint_key, suspect_class, suspect_since,"
	" created_at, updated_at)"
	" VALUES ($1, $2, $3, $3, $3)"
	" ON CONFLICT (endpoint_key) DO UPDATE SET suspect_class = $2,"
	" suspect_since = coalesce(endpoints.suspect_since, $3),"
	" updated_at = $3" };
static const struct db_query q_clear = { "endpoints.clear",
	"UPDATE endpoints SET suspect_class = NULL, suspect_since = NULL,"
	" updated_at = $2 WHERE endpoint_key = $1" };

int endpoints_suspect(struct db *db, const char *endpoint_key,
		      const char *class, int64_t now, struct err *err)
{
	if (!class)
		return db_run(db, &q_clear, DB_ARGS(DB_TEXT(endpoint_key),
			      DB_I64(now)), err);
	return db_run(db, &q_suspect, DB_ARGS(DB_TEXT(endpoint_key),
		      DB_TEXT(class), DB_I64(now)), err);
}

void balance_done(struct balance *balance)
{
	free(balance->endpoint_key);
	free(balance->key_fingerprint);
	free(balance->amount);
	free(balance->currency);
	*balance = (struct balance){ 0 };
}

static const struct db_query q_balance = { "balances.get",
	"SELECT amount, currency, expires_at, low, checked_at"
	" FROM key_balances WHERE endpoint_key = $1 AND key_fingerprint = $2"
};

int balances_get(struct db *db, const char *endpoint_key,
		 const char *key_fingerprint, struct balance *ret,
		 struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	struct balance balance = { 0 };
	int more;

	if (db_query(&rows, db, &q_balance, DB_ARGS(DB_TEXT(endpoint_key),
		     DB_TEXT(key_fingerprint)), err))
		return -1;
	more = db_next(&rows, err);
	if (more < 0)
		return -1;
	if (more > 0)
		balance = (struct balance){
			.amount = db_strdup(&rows, 0),
			.currency = db_strdup(&rows, 1),
			.expires_at = db_i64(&rows, 2),
			.low = db_i64(&rows, 3) != 0,
			.checked_at = db_i64(&rows, 4),
		};
	balance.endpoint_key = xstrdup(endpoint_key);
	balance.key_fingerprint = xstrdup(key_fingerprint);
	balance_done(ret);
	*ret = balance;
	return 0;
}

static const struct db_query q_balance_put = { "balances.put",
	"INSERT INTO key_balances (endpoint_key, key_fingerprint, amount,"
	" currency, expires_at, low, checked_at)"
	" VALUES ($1, $2, $3, $4, $5, $6, $7)"
	" ON CONFLICT (endpoint_key, key_fingerprint) DO UPDATE SET"
	" amount = $3, currency = $4, expires_at = $5, low = $6,"
	" checked_at = $7" };

int balances_put(struct db *db, const struct balance *balance, int64_t now,
		 struct err *err)
{
	const struct balance *b = balance;

	return db_run(db, &q_balance_put, DB_ARGS(DB_TEXT(b->endpoint_key),
		      DB_TEXT(b->key_fingerprint), DB_TEXT(b->amount),
		      DB_TEXT(b->currency), DB_TIME(b->expires_at),
		      DB_I64(b->low), DB_I64(now)), err);
}

const struct db_query *const endpoints_queries[] = {
	&q_get, &q_put, &q_suspect, &q_clear, &q_balance, &q_balance_put, NULL
};
