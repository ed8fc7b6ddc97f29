#include "shared/foreign_found.h"

#include <assert.h>
#include <stdio.h>

#include "shared/tasks.h"

static const struct db_query q_begin = { "foreign_found.begin",
	"INSERT INTO foreign_looks (host_id, state, began_at)"
	" VALUES ($1, 'running', $2)"
	" ON CONFLICT (host_id) DO UPDATE SET state = 'running',"
	"  began_at = $2, ended_at = NULL, failure_class = NULL, cut = 0"
	" WHERE state <> 'running'" };

int foreign_look_begin(struct db *db, const char *host_id, int64_t now,
		       uint64_t random, struct err *err)
{
	const struct task_spec task = {
		.flow = FOREIGN_FLOW, .subject_id = host_id,
		.host_id = host_id, .step = FOREIGN_FIRST_STEP,
		.not_before = now,
	};
	char task_id[ID_MAX];

	assert(db_in_tx(db));
	if (db_run(db, &q_begin, DB_ARGS(DB_TEXT(host_id), DB_I64(now)), err))
		return -1;
	if (db_changes(db) == 0)
		return 0;
	return tasks_add(db, &task, now, random, task_id, err);
}

static const struct db_query q_look = { "foreign_found.look",
	"SELECT state, began_at, ended_at, failure_class, cut"
	" FROM foreign_looks WHERE host_id = $1" };

int foreign_look_get(struct db *db, const char *host_id,
		     struct foreign_look *ret, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	const char *class;
	int more;

	*ret = (struct foreign_look){ 0 };
	if (db_query(&rows, db, &q_look, DB_ARGS(DB_TEXT(host_id)), err))
		return -1;
	more = db_next(&rows, err);
	if (more <= 0)
		return more;
	class = db_text(&rows, 3);
	snprintf(ret->state, sizeof(ret->state), "%s", db_must(&rows, 0));
	snprintf(ret->failure_class, sizeof(ret->failure_class), "%s",
		 class ? class : "");
	ret->began_at = db_i64(&rows, 1);
	ret->ended_at = db_i64(&rows, 2);
	ret->cut = db_i64(&rows, 4) != 0;
	return 0;
}

/* By indexes alone: every account of a host is asked about. */
static const struct db_query q_recorded = { "foreign_found.recorded",
	"SELECT EXISTS (SELECT 1 FROM managed_resources WHERE host_id = $1"
	"  AND resource_type = 'account' AND host_resource_id = $2"
	"  AND state <> 'gone')"
	" OR EXISTS (SELECT 1 FROM managed_resources WHERE host_id = $1"
	"  AND resource_type = 'account' AND mark = $3 AND state <> 'gone')" };

int foreign_is_recorded(struct db *db, const char *host_id,
			int64_t account_id, const char *mark, bool *ret,
			struct err *err)
{
	int64_t is;
	char id[24];

	snprintf(id, sizeof(id), "%lld", (long long)account_id);
	if (db_number(db, &q_recorded, DB_ARGS(DB_TEXT(host_id), DB_TEXT(id),
		      DB_TEXT(mark)), &is, err))
		return -1;
	*ret = is != 0;
	return 0;
}

static const struct db_query q_again = { "foreign_found.again",
	"UPDATE foreign_found SET kind = $3, name = $4, status = $5,"
	" base_url = $6, endpoint_key = $7, pack_id = $8, provider_id = $9,"
	" key_fingerprint = $10, models = $11, group_ids = $12, seen_at = $13"
	" WHERE host_id = $1 AND account_id = $2" };
static const struct db_query q_add = { "foreign_found.add",
	"INSERT INTO foreign_found (host_id, account_id, kind, name, status,"
	" base_url, endpoint_key, pack_id, provider_id, key_fingerprint,"
	" models, group_ids, first_seen_at, seen_at)"
	" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,"
	"  $13)" };

static int write(struct db *db, const struct db_query *query,
		 const struct foreign_found *row, struct err *err)
{
	return db_run(db, query, DB_ARGS(DB_TEXT(row->host_id),
		      DB_I64(row->account_id), DB_TEXT(row->kind),
		      DB_TEXT(row->name), DB_TEXT(row->status),
		      DB_TEXT(row->base_url), DB_TEXT(row->endpoint_key),
		      DB_TEXT(row->pack_id), DB_TEXT(row->provider_id),
		      DB_TEXT(row->key_fingerprint), DB_TEXT(row->models),
		      DB_TEXT(row->group_ids), DB_I64(row->seen_at)), err);
}

/* Counted for new ones alone, and not once it is known that they are many. */
static const struct db_query q_room = { "foreign_found.room",
	"SELECT CASE WHEN EXISTS (SELECT 1 FROM foreign_looks"
	" WHERE host_id = $1 AND cut = 1) THEN 0 ELSE (SELECT count(*) < $2"
	"  FROM foreign_found WHERE host_id = $1) END" };
static const struct db_query q_cut = { "foreign_found.cut",
	"UPDATE foreign_looks SET cut = 1 WHERE host_id = $1 AND cut = 0" };

int foreign_found_keep(struct db *db, const struct foreign_found *row,
		       struct err *err)
{
	int64_t room;

	if (write(db, &q_again, row, err))
		return -1;
	if (db_changes(db) > 0)
		return 0;
	if (db_number(db, &q_room, DB_ARGS(DB_TEXT(row->host_id),
		      DB_I64(FOREIGN_FOUND_MAX)), &room, err))
		return -1;
	return room ? write(db, &q_add, row, err)
		    : db_run(db, &q_cut, DB_ARGS(DB_TEXT(row->host_id)), err);
}

static const struct db_query q_forget = { "foreign_found.forget",
	"DELETE FROM foreign_found WHERE host_id = $1 AND seen_at <"
	" (SELECT began_at FROM foreign_looks WHERE host_id = $1)" };
static const struct db_query q_end = { "foreign_found.end",
	"UPDATE foreign_looks SET state = iif($2 IS NULL, 'done', 'failed'),"
	" failure_class = $2, ended_at = $3 WHERE host_id = $1" };

int foreign_look_end(struct db *db, const char *host_id, const char *class,
		     int64_t now, struct err *err)
{
	if (!class &&
	    db_run(db, &q_forget, DB_ARGS(DB_TEXT(host_id)), err))
		return -1;
	return db_run(db, &q_end, DB_ARGS(DB_TEXT(host_id), DB_TEXT(class),
		      DB_I64(now)), err);
}

static const struct db_query q_list = { "foreign_found.list",
	"SELECT host_id, account_id, kind, name, status, base_url,"
	" endpoint_key, pack_id, provider_id, key_fingerprint, models,"
	" group_ids, first_seen_at, seen_at FROM foreign_found f"
	" WHERE host_id = $1 AND account_id > $2"
	/* Adopted since: ours. */
	" AND NOT EXISTS (SELECT 1 FROM managed_resources r"
	"  WHERE r.host_id = f.host_id AND r.resource_type = 'account'"
	"  AND r.host_resource_id = CAST(f.account_id AS TEXT)"
	"  AND r.state <> 'gone')"
	" ORDER BY account_id LIMIT $3" };

int foreign_found_list(struct db_rows *rows, struct db *db,
		       const char *host_id, int64_t after, int64_t limit,
		       struct err *err)
{
	return db_query(rows, db, &q_list, DB_ARGS(DB_TEXT(host_id),
			DB_I64(after), DB_I64(limit)), err);
}

int foreign_found_next(struct db_rows *rows, struct foreign_found *ret,
		       struct err *err)
{
	int more = db_next(rows, err);

	if (more <= 0)
		return more;
	*ret = (struct foreign_found){
		.host_id = db_text(rows, 0),	.account_id = db_i64(rows, 1),
		.kind = db_text(rows, 2),	.name = db_text(rows, 3),
		.status = db_text(rows, 4),	.base_url = db_text(rows, 5),
		.endpoint_key = db_text(rows, 6), .pack_id = db_text(rows, 7),
		.provider_id = db_text(rows, 8),
		.key_fingerprint = db_text(rows, 9),
		.models = db_text(rows, 10),	.group_ids = db_text(rows, 11),
		.first_seen_at = db_i64(rows, 12),
		.seen_at = db_i64(rows, 13),
	};
	return 1;
}

const struct db_query *const foreign_found_queries[] = {
	&q_begin, &q_look, &q_recorded, &q_again, &q_add, &q_room, &q_cut,
	&q_forget, &q_end, &q_list, NULL
};
