#include "shared/site.h"

#include <string.h>

void site_key_done(struct site_key *key)
{
	free(key->resource_id);
	free(key->item_id);
	free(key->run_id);
	free(key->host_id);
	free(key->endpoint_key);
	free(key->base_url);
	free(key->access_mode);
	free(key->subscription_users);
	free(key->given_key_source);
	free(key->given_key_fingerprint);
	free(key->given_key_secret_id);
	free(key->pack_id);
	free(key->pack_provider_id);
	free(key->label);
	free(key->note);
	free(key->fingerprint);
	free(key->last4);
	free(key->secret_id);
	free(key->requested_models);
	free(key->models);
	free(key->model_aliases);
	free(key->account_proxy);
	free(key->access_status);
	free(key->plan);
	*key = (struct site_key){ 0 };
}

/* What site_keys_next() reads, in its order. */
#define KEY_COLUMNS \
	"r.resource_id, CAST(r.host_resource_id AS INTEGER), i.item_id," \
	" i.run_id, r.host_id, i.endpoint_key, i.base_url, n.access_mode," \
	" n.subscription_users, n.subscription_days, n.given_key_source," \
	" g.fingerprint, n.given_key_secret_id, n.rebind," \
	" coalesce(i.pack_id, n.pack_id)," \
	" i.pack_provider_id, i.label, i.note, s.fingerprint, s.last4," \
	" i.api_key_secret_id, i.requested_models, i.models," \
	" i.model_aliases, EXISTS (SELECT 1 FROM account_changes c" \
	"  WHERE c.resource_id = r.resource_id AND c.kind = 'models'" \
	"  AND c.state = 'done'), i.account_proxy, r.paused_at," \
	" i.access_status, i.plan"

/*
 * The newest import that ended on an account tells on what terms it is there;
 * one that is under way may yet fail.
 */
static const struct db_query q_keys = { "site.keys",
	"SELECT " KEY_COLUMNS " FROM managed_resources r"
	" JOIN import_run_items i ON i.item_id = (SELECT u.item_id"
	"  FROM resource_uses u JOIN import_run_items x"
	"  ON x.item_id = u.item_id WHERE u.resource_id = r.resource_id"
	"  AND x.current_stage = 'done' AND x.models IS NOT NULL"
	"  ORDER BY u.item_id DESC LIMIT 1)"
	" JOIN import_runs n ON n.run_id = i.run_id"
	" JOIN secrets s ON s.secret_id = i.api_key_secret_id"
	" LEFT JOIN secrets g ON g.secret_id = n.given_key_secret_id"
	" WHERE r.host_id = $1 AND r.resource_type = 'account'"
	" AND r.host_resource_id IS NOT NULL AND r.state <> 'gone'"
	" AND CAST(r.host_resource_id AS INTEGER) > $2"
	" ORDER BY CAST(r.host_resource_id AS INTEGER) LIMIT $3" };

int site_keys(struct db_rows *rows, struct db *db, const char *host_id,
	      int64_t after, int64_t limit, struct err *err)
{
	return db_query(rows, db, &q_keys, DB_ARGS(DB_TEXT(host_id),
			DB_I64(after), DB_I64(limit)), err);
}

int site_keys_next(struct db_rows *rows, struct site_key *key,
		   struct err *err)
{
	int more = db_next(rows, err);

	if (more <= 0)
		return more;
	site_key_done(key);
	*key = (struct site_key){
		.resource_id = db_strdup(rows, 0),
		.account_id = db_i64(rows, 1),
		.item_id = db_strdup(rows, 2),
		.run_id = db_strdup(rows, 3),
		.host_id = db_strdup(rows, 4),
		.endpoint_key = db_strdup(rows, 5),
		.base_url = db_strdup(rows, 6),
		.access_mode = db_strdup(rows, 7),
		.subscription_users = db_strdup(rows, 8),
		.subscription_days = db_i64(rows, 9),
		.given_key_source = db_strdup(rows, 10),
		.given_key_fingerprint = db_strdup(rows, 11),
		.given_key_secret_id = db_strdup(rows, 12),
		.rebind = db_i64(rows, 13) != 0,
		.pack_id = db_strdup(rows, 14),
		.pack_provider_id = db_strdup(rows, 15),
		.label = db_strdup(rows, 16),
		.note = db_strdup(rows, 17),
		.fingerprint = db_strdup(rows, 18),
		.last4 = db_strdup(rows, 19),
		.secret_id = db_strdup(rows, 20),
		.requested_models = db_strdup(rows, 21),
		.models = db_strdup(rows, 22),
		.model_aliases = db_strdup(rows, 23),
		.models_changed = db_i64(rows, 24) != 0,
		.account_proxy = db_strdup(rows, 25),
		.paused_at = db_i64(rows, 26),
		.access_status = db_strdup(rows, 27),
		.plan = db_strdup(rows, 28),
	};
	return 1;
}

static const struct db_query q_users = { "site.users",
	"SELECT selector FROM accesses WHERE host_id = $1"
	" AND endpoint_key = $2 AND plan = $4 AND access_mode = $3"
	" ORDER BY selector" };

int site_users(struct db_rows *rows, struct db *db,
	       const struct site_key *key, struct err *err)
{
	return db_query(rows, db, &q_users, DB_ARGS(DB_TEXT(key->host_id),
			DB_TEXT(key->endpoint_key),
			DB_TEXT(key->access_mode), DB_TEXT(key->plan)), err);
}

int site_users_next(struct db_rows *rows, const char **ret_selector,
		    struct err *err)
{
	int more;

	while ((more = db_next(rows, err)) > 0) {
		*ret_selector = db_must(rows, 0);
		if (strncmp(*ret_selector, "key:", 4) != 0)
			return 1;
	}
	return more;
}

void site_open_done(struct site_open *open)
{
	free(open->item_id);
	free(open->run_id);
	free(open->host_id);
	free(open->endpoint_key);
	free(open->access_mode);
	free(open->fingerprint);
	*open = (struct site_open){ 0 };
}

/* Each stage is a range of its index: what has ended is never looked at. */
#define OPEN_AT(stage) \
	"SELECT item_id FROM (SELECT item_id FROM import_run_items" \
	" WHERE current_stage = '" stage "' AND item_id > $1" \
	" ORDER BY item_id LIMIT $2) AS page"

static const struct db_query q_opens = { "site.opens",
	"WITH page AS (" OPEN_AT("probe") " UNION ALL " OPEN_AT("provision")
	" UNION ALL " OPEN_AT("confirm") " UNION ALL " OPEN_AT("validate") ")"
	" SELECT i.item_id, i.run_id, n.host_id, i.endpoint_key,"
	" n.access_mode, s.fingerprint FROM page"
	" JOIN import_run_items i ON i.item_id = page.item_id"
	" JOIN import_runs n ON n.run_id = i.run_id"
	" JOIN secrets s ON s.secret_id = i.api_key_secret_id"
	" ORDER BY i.item_id LIMIT $2" };

int site_opens(struct db_rows *rows, struct db *db, const char *after,
	       int64_t limit, struct err *err)
{
	return db_query(rows, db, &q_opens, DB_ARGS(DB_TEXT(after),
			DB_I64(limit)), err);
}

int site_opens_next(struct db_rows *rows, struct site_open *open,
		    struct err *err)
{
	int more = db_next(rows, err);

	if (more <= 0)
		return more;
	site_open_done(open);
	*open = (struct site_open){
		.item_id = db_strdup(rows, 0),
		.run_id = db_strdup(rows, 1),
		.host_id = db_strdup(rows, 2),
		.endpoint_key = db_strdup(rows, 3),
		.access_mode = db_strdup(rows, 4),
		.fingerprint = db_strdup(rows, 5),
	};
	return 1;
}

static const struct db_query q_endpoints = { "site.endpoints",
	"SELECT endpoint_key, proxy_secret_id, proxy, ca_pem, concurrency,"
	" requests_per_minute, paused_at, created_at, updated_at"
	" FROM endpoints WHERE endpoint_key > $1"
	" ORDER BY endpoint_key LIMIT $2" };

int site_endpoints(struct db_rows *rows, struct db *db, const char *after,
		   int64_t limit, struct err *err)
{
	return db_query(rows, db, &q_endpoints, DB_ARGS(DB_TEXT(after),
			DB_I64(limit)), err);
}

int site_endpoints_next(struct db_rows *rows, struct endpoint_row *row,
			struct err *err)
{
	int more = db_next(rows, err);

	if (more <= 0)
		return more;
	endpoint_row_done(row);
	*row = (struct endpoint_row){
		.endpoint_key = db_strdup(rows, 0),
		.proxy_secret_id = db_strdup(rows, 1),
		.proxy = db_strdup(rows, 2),
		.ca_pem = db_strdup(rows, 3),
		.concurrency = db_i64(rows, 4),
		.requests_per_minute = db_i64(rows, 5),
		.paused_at = db_i64(rows, 6),
		.created_at = db_i64(rows, 7),
		.updated_at = db_i64(rows, 8),
	};
	return 1;
}

const struct db_query *const site_queries[] = {
	&q_keys, &q_users, &q_opens, &q_endpoints, NULL
};
