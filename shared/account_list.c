#include "shared/account_list.h"

/* What account_list_next() reads, in its order. */
#define COLUMNS \
	"r.resource_id, r.host_id, r.host_resource_id, r.lookup, r.mark," \
	" r.state, r.origin, r.paused_at, r.off_by_us, r.created_at," \
	" r.updated_at, (SELECT count(*) FROM resource_uses u" \
	"  WHERE u.resource_id = r.resource_id), i.item_id, i.run_id," \
	" i.label, i.base_url, s.fingerprint, s.last4"
#define COLUMNS_COUNT 18

/* The newest import on it; and what is asked for, looked at row by row. */
#define JOINED \
	" LEFT JOIN managed_resources r ON r.resource_id = page.id" \
	"  AND r.state <> 'gone' AND substr(r.lookup, 1, 6) <> 'clone|'" \
	"  AND ($3 IS NULL OR substr(r.lookup, 1, length($3) + 1) IN" \
	"   ($3 || '|', $3 || '~'))" \
	"  AND ($4 IS NULL OR r.state = $4)" \
	"  AND ($5 IS NULL OR substr(r.lookup, -length($5)) = $5)" \
	" LEFT JOIN import_run_items i ON i.item_id =" \
	"  (SELECT max(u.item_id) FROM resource_uses u" \
	"   WHERE u.resource_id = r.resource_id)" \
	" LEFT JOIN secrets s ON s.secret_id = i.api_key_secret_id"

static const struct db_query q_all = { "account_list.all",
	"SELECT " COLUMNS ", page.id FROM (SELECT resource_id AS id"
	"  FROM managed_resources WHERE resource_type = 'account'"
	"  AND resource_id > $1 AND $6 IS NULL"
	"  ORDER BY resource_id LIMIT $2) AS page"
	JOINED };
static const struct db_query q_of_host = { "account_list.of_host",
	"SELECT " COLUMNS ", page.id FROM (SELECT resource_id AS id"
	"  FROM managed_resources WHERE resource_type = 'account'"
	"  AND host_id = $6 AND resource_id > $1"
	"  ORDER BY resource_id LIMIT $2) AS page" JOINED };
static const struct db_query q_one = { "account_list.one",
	"SELECT " COLUMNS ", page.id FROM (SELECT resource_id AS id"
	"  FROM managed_resources WHERE resource_type = 'account'"
	"  AND resource_id = $6 AND resource_id > $1 LIMIT $2) AS page"
	JOINED };

int account_list(struct walk *walk, struct db *db,
		 const struct account_filter *filter, struct err *err)
{
	const char *one = walk_given(filter->resource_id);
	const char *host = walk_given(filter->host_id);

	walk_done(walk);
	walk->id_column = COLUMNS_COUNT;
	walk->max = WALK_ROWS;
	return db_query(&walk->rows, db, one ? &q_one : host ? &q_of_host
							     : &q_all,
			DB_ARGS(DB_TEXT(filter->cursor ? filter->cursor : ""),
				DB_I64(walk->max),
				DB_TEXT(walk_given(filter->endpoint_key)),
				DB_TEXT(walk_given(filter->state)),
				DB_TEXT(walk_given(filter->key_fingerprint)),
				DB_TEXT(one ? one : host)), err);
}

int account_list_next(struct walk *walk, struct account_row *row,
		      struct err *err)
{
	const struct db_rows *at = &walk->rows;
	int more = walk_next(walk, err);

	if (more <= 0)
		return more;
	*row = (struct account_row){
		.resource_id = db_text(at, 0),	.host_id = db_text(at, 1),
		.account_id = db_text(at, 2),	.lookup = db_text(at, 3),
		.mark = db_text(at, 4),		.state = db_text(at, 5),
		.origin = db_text(at, 6),	.paused_at = db_i64(at, 7),
		.off_by_us = db_i64(at, 8) != 0, .created_at = db_i64(at, 9),
		.updated_at = db_i64(at, 10),	.uses = db_i64(at, 11),
		.item_id = db_text(at, 12),	.run_id = db_text(at, 13),
		.label = db_text(at, 14),	.base_url = db_text(at, 15),
		.key_fingerprint = db_text(at, 16),
		.key_last4 = db_text(at, 17),
	};
	return 1;
}

const struct db_query *const account_list_queries[] = {
	&q_all, &q_of_host, &q_one, NULL
};
