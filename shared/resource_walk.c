#include "shared/resource_walk.h"

#include "shared/resource_row.h"

/* As the index managed_resources_live has it. */
#define PLACE "CAST(host_resource_id AS INTEGER)"
#define LIVE \
	" FROM managed_resources WHERE host_id = $1 AND resource_type = $2" \
	" AND host_resource_id IS NOT NULL AND state <> 'gone'"

static const struct db_query q_walk = { "resource_walk.walk",
	"SELECT " RESOURCE_COLUMNS LIVE " AND " PLACE " > $3"
	" AND " PLACE " <= $4 ORDER BY " PLACE };

int resource_walk(struct db_rows *rows, struct db *db, const char *host_id,
		  enum resource_type type, int64_t above, int64_t to,
		  struct err *err)
{
	return db_query(rows, db, &q_walk, DB_ARGS(DB_TEXT(host_id),
			DB_TEXT(resource_type_name(type)), DB_I64(above),
			DB_I64(to)), err);
}

static const struct db_query q_ids = { "resource_walk.ids",
	"SELECT " PLACE LIVE " AND " PLACE " > $3 ORDER BY " PLACE
	" LIMIT $4" };

int resource_walk_ids(struct db *db, const char *host_id,
		      enum resource_type type, int64_t above, int64_t *ret,
		      size_t size, size_t *ret_count, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	size_t n = 0;
	int more = 0;

	if (db_query(&rows, db, &q_ids, DB_ARGS(DB_TEXT(host_id),
		     DB_TEXT(resource_type_name(type)), DB_I64(above),
		     DB_I64((int64_t)size)), err))
		return -1;
	while (n < size && (more = db_next(&rows, err)) > 0)
		ret[n++] = db_i64(&rows, 0);
	*ret_count = n;
	return more < 0 ? -1 : 0;
}

static const struct db_query q_count = { "resource_walk.count",
	"SELECT count(*)" LIVE };

int resource_walk_count(struct db *db, const char *host_id,
			enum resource_type type, int64_t *ret,
			struct err *err)
{
	return db_number(db, &q_count, DB_ARGS(DB_TEXT(host_id),
			 DB_TEXT(resource_type_name(type))), ret, err);
}

/* The items of a resource are few, those of a run may be many. */
static const struct db_query q_of_run = { "resource_walk.of_run",
	"SELECT EXISTS (SELECT 1 FROM resource_uses u"
	" CROSS JOIN import_run_items i ON i.item_id = u.item_id"
	" WHERE u.resource_id = $1 AND i.run_id = $2)" };

int resource_walk_of_run(struct db *db, const char *resource_id,
			 const char *run_id, bool *ret, struct err *err)
{
	int64_t found;

	if (db_number(db, &q_of_run, DB_ARGS(DB_TEXT(resource_id),
		      DB_TEXT(run_id)), &found, err))
		return -1;
	*ret = found != 0;
	return 0;
}

static const struct db_query q_rested = { "resource_walk.rested",
	"SELECT EXISTS (SELECT 1 FROM resource_uses u"
	" CROSS JOIN import_run_items i ON i.item_id = u.item_id"
	" WHERE u.resource_id = $1 AND u.item_id <> $2"
	" AND i.rollback_id IS NULL"
	" AND ((i.finished_at IS NULL AND i.failure_class IS NULL)"
	"  OR i.confirmation_status = 'confirmed'))" };

int resource_walk_rested(struct db *db, const char *resource_id,
			 const char *item_id, bool *ret, struct err *err)
{
	int64_t found;

	if (db_number(db, &q_rested, DB_ARGS(DB_TEXT(resource_id),
		      DB_TEXT(item_id)), &found, err))
		return -1;
	*ret = found != 0;
	return 0;
}

static const struct db_query q_of_item = { "resource_walk.of_item",
	"SELECT u.resource_id FROM resource_uses u"
	" CROSS JOIN managed_resources r ON r.resource_id = u.resource_id"
	" WHERE u.item_id = $1 AND r.resource_type = $2"
	" AND r.state = 'present' AND r.host_resource_id IS NOT NULL"
	" LIMIT 1" };

int resource_walk_of_item(struct db *db, const char *item_id,
			  enum resource_type type, struct resource *ret,
			  struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	if (db_query(&rows, db, &q_of_item, DB_ARGS(DB_TEXT(item_id),
		     DB_TEXT(resource_type_name(type))), err))
		return -1;
	more = db_next(&rows, err);
	if (more <= 0)
		return more;
	return resources_get(db, db_must(&rows, 0), ret, err);
}

const struct db_query *const resource_walk_queries[] = {
	&q_walk, &q_ids, &q_count, &q_of_run, &q_rested, &q_of_item, NULL
};
