/* Reading the audit log: by its filters, newest first. */
#include <inttypes.h>
#include <string.h>

#include "shared/audit.h"

#define ROW "r."

/* What is looked at row by row, whatever leads. */
#define RESIDUE \
	" AND ($1 IS NULL OR r.actor = $1)" \
	" AND ($2 IS NULL OR r.token_id = $2)" \
	" AND ($3 IS NULL OR r.action = $3" \
	"  OR (r.action >= $4 AND r.action < $5))" \
	" AND ($6 IS NULL OR r.object = $6)" \
	" AND ($7 IS NULL OR r.object_id = $7)" \
	" AND ($8 IS NULL OR r.host_id = $8)" \
	" AND ($9 IS NULL OR r.request_id = $9)" \
	" AND r.at >= $10 AND r.at <= $11"

#define LIST(name, lead) { name, \
	"SELECT " AUDIT_COLUMNS(ROW) ", page.seq FROM (SELECT seq" \
	"  FROM audit_log WHERE " lead " seq < $12" \
	"  ORDER BY seq DESC LIMIT $13) AS page" \
	" LEFT JOIN audit_log r ON r.seq = page.seq" RESIDUE }

static const struct db_query q_object =
	LIST("audit.list_object", "object_id = $7 AND");
static const struct db_query q_host =
	LIST("audit.list_host", "host_id = $8 AND");
static const struct db_query q_token =
	LIST("audit.list_token", "token_id = $2 AND");
static const struct db_query q_all = LIST("audit.list", "");

static const struct db_query *lead(const struct audit_filter *filter)
{
	if (walk_given(filter->cell[AUDIT_OBJECT_ID]))
		return &q_object;
	if (walk_given(filter->cell[AUDIT_TOKEN_ID]))
		return &q_token;
	return walk_given(filter->cell[AUDIT_HOST_ID]) ? &q_host : &q_all;
}

int audit_list(struct walk *walk, struct db *db,
	       const struct audit_filter *filter, struct err *err)
{
	const char *action = walk_given(filter->cell[AUDIT_ACTION]);
	int64_t until = filter->until ? filter->until : INT64_MAX;
	int64_t before = filter->before ? filter->before : INT64_MAX;

	walk->max = WALK_ROWS;
	walk->id_column = 4 + AUDIT_CELL__MAX;
	/* "host" stands for all that is called "host.". */
	walk->held[0] = action ? xasprintf("%s.", action) : NULL;
	walk->held[1] = action ? xasprintf("%s." WALK_END, action) : NULL;
	return db_query(&walk->rows, db, lead(filter), DB_ARGS(
		DB_TEXT(walk_given(filter->cell[AUDIT_ACTOR])),
		DB_TEXT(walk_given(filter->cell[AUDIT_TOKEN_ID])),
		DB_TEXT(action), DB_TEXT(walk->held[0]),
		DB_TEXT(walk->held[1]),
		DB_TEXT(walk_given(filter->cell[AUDIT_OBJECT])),
		DB_TEXT(walk_given(filter->cell[AUDIT_OBJECT_ID])),
		DB_TEXT(walk_given(filter->cell[AUDIT_HOST_ID])),
		DB_TEXT(walk_given(filter->cell[AUDIT_REQUEST_ID])),
		DB_I64(filter->since), DB_I64(until), DB_I64(before),
		DB_I64(walk->max)), err);
}

int audit_list_next(struct walk *walk, struct audit_row *row, struct err *err)
{
	int more = walk_next(walk, err);

	if (more > 0)
		audit_row_read(&walk->rows, row);
	return more;
}

static const struct db_query q_get = { "audit.get",
	"SELECT " AUDIT_COLUMNS("") " FROM audit_log WHERE seq = $1" };

int audit_get(struct db *db, int64_t seq, struct audit_row *ret,
	      struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	if (db_query(&rows, db, &q_get, DB_ARGS(DB_I64(seq)), err))
		return -1;
	more = db_next(&rows, err);
	if (more == 0)
		return err_set(err, ERR_NOT_FOUND, "the audit log has no row "
			       "%" PRId64, seq);
	if (more < 0)
		return -1;
	audit_row_read(&rows, ret);
	return 0;
}

const struct db_query *const audit_list_queries[] = {
	&q_object, &q_host, &q_token, &q_all, &q_get, NULL
};
