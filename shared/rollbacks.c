#include "shared/rollbacks.h"

#include <assert.h>
#include <string.h>

#include "shared/tasks.h"

#define RANK_PLACES 10000000	/* room for the parts of a kind */

/* What rollback_read() reads, in its order. */
#define ROLLBACK_COLUMNS \
	"rollback_id, host_id, scope, scope_id, pack_id, state, result," \
	" failure_class, failure_detail, items, requested_by, created_at," \
	" finished_at"

static int rollback_read(const struct db_rows *rows, struct rollback *ret,
			 struct err *err)
{
	struct rollback row = { 0 };
	const char *result = db_text(rows, 6);

	if (!rollback_scope_kind_parse(db_text(rows, 2), &row.scope) ||
	    (result && !rollback_result_parse(result, &row.result)))
		return err_set(err, ERR_INTERNAL, "rollback %s: unknown scope "
			       "or result", db_must(rows, 0));
	row.rollback_id = db_strdup(rows, 0);
	row.host_id = db_strdup(rows, 1);
	row.scope_id = db_strdup(rows, 3);
	row.pack_id = db_strdup(rows, 4);
	row.running = strcmp(db_must(rows, 5), "running") == 0;
	row.failure_class = db_strdup(rows, 7);
	row.failure_detail = db_strdup(rows, 8);
	row.items = db_i64(rows, 9);
	row.requested_by = db_strdup(rows, 10);
	row.created_at = db_i64(rows, 11);
	row.finished_at = db_i64(rows, 12);
	rollback_done(ret);
	*ret = row;
	return 0;
}

void rollback_done(struct rollback *rollback)
{
	free(rollback->rollback_id);
	free(rollback->host_id);
	free(rollback->scope_id);
	free(rollback->pack_id);
	free(rollback->failure_class);
	free(rollback->failure_detail);
	free(rollback->requested_by);
	*rollback = (struct rollback){ 0 };
}

static const struct db_query q_running = { "rollbacks.running",
	"SELECT rollback_id FROM rollbacks WHERE host_id = $1"
	" AND state = 'running'" };

int rollbacks_running(struct db *db, const char *host_id, char ret_id[ID_MAX],
		      struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	if (db_query(&rows, db, &q_running, DB_ARGS(DB_TEXT(host_id)), err))
		return -1;
	more = db_next(&rows, err);
	if (more < 0)
		return -1;
	snprintf(ret_id, ID_MAX, "%s", more ? db_must(&rows, 0) : "");
	return 0;
}

static const struct db_query q_add = { "rollbacks.add",
	"INSERT INTO rollbacks (rollback_id, host_id, scope, scope_id,"
	" pack_id, state, requested_by, created_at)"
	" VALUES ($1, $2, $3, $4, $5, 'running', $6, $7)" };

static int add(struct db *db, const struct rollback_spec *spec, int64_t now,
	       uint64_t random, char ret_id[ID_MAX], struct err *err)
{
	char id[ID_MAX], task_id[ID_MAX];

	id_make(id, "rbk", now, random);
	if (db_run(db, &q_add, DB_ARGS(DB_TEXT(id), DB_TEXT(spec->host_id),
		   DB_TEXT(rollback_scope_kind_name(spec->scope)),
		   DB_TEXT(spec->scope_id), DB_TEXT(spec->pack_id),
		   DB_TEXT(spec->requested_by), DB_I64(now)), err) ||
	    tasks_add(db, &(struct task_spec){ .flow = ROLLBACK_FLOW,
		      .subject_id = id, .host_id = spec->host_id,
		      .step = ROLLBACK_FIRST_STEP, .not_before = now,
		      .memo = spec->force ? "{\"force\":true}" : NULL }, now,
		      random, task_id, err))
		return err_wrap(err, "add rollback");
	memcpy(ret_id, id, ID_MAX);
	return 0;
}

int rollbacks_add(struct db *db, const struct rollback_spec *spec,
		  int64_t now, uint64_t random, char ret_id[ID_MAX],
		  struct err *err)
{
	char running[ID_MAX];

	assert(db_in_tx(db));
	if (rollbacks_running(db, spec->host_id, running, err))
		return -1;
	if (*running == '\0')
		return add(db, spec, now, random, ret_id, err);
	memcpy(ret_id, running, ID_MAX);
	err_set(err, ERR_CONFLICT, "rollback %s of this host has not ended",
		running);
	return err_code(err, "rollback_in_progress");
}

static const struct db_query q_get = { "rollbacks.get",
	"SELECT " ROLLBACK_COLUMNS " FROM rollbacks WHERE rollback_id = $1" };

int rollbacks_get(struct db *db, const char *rollback_id,
		  struct rollback *ret, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	if (db_query(&rows, db, &q_get, DB_ARGS(DB_TEXT(rollback_id)), err))
		return -1;
	more = db_next(&rows, err);
	if (more == 0)
		return err_set(err, ERR_NOT_FOUND, "no rollback %s",
			       rollback_id);
	return more < 0 ? -1 : rollback_read(&rows, ret, err);
}

#define LIST(name, condition) { name, \
	"SELECT " ROLLBACK_COLUMNS " FROM rollbacks WHERE " condition \
	" ($2 = '' OR rollback_id < $2) AND ($1 IS NULL OR host_id = $1)" \
	" ORDER BY rollback_id DESC LIMIT $3" }
static const struct db_query q_list = LIST("rollbacks.list",
	"rollback_id > '' AND");
static const struct db_query q_list_host = LIST("rollbacks.list_host",
	"host_id = $1 AND");

int rollbacks_list(struct db_rows *rows, struct db *db, const char *host_id,
		   const char *before, int64_t limit, struct err *err)
{
	return db_query(rows, db, host_id ? &q_list_host : &q_list,
			DB_ARGS(DB_TEXT(host_id), DB_TEXT(before),
				DB_I64(limit)), err);
}

int rollbacks_next(struct db_rows *rows, struct rollback *rollback,
		   struct err *err)
{
	int more = db_next(rows, err);

	if (more > 0 && rollback_read(rows, rollback, err))
		return -1;
	return more;
}

static const struct db_query q_newest = { "rollbacks.newest",
	"SELECT " ROLLBACK_COLUMNS " FROM rollbacks WHERE scope_id = $1"
	" ORDER BY rollback_id DESC LIMIT 1" };

int rollbacks_newest(struct db *db, const char *scope_id,
		     struct rollback *ret, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	rollback_done(ret);
	if (db_query(&rows, db, &q_newest, DB_ARGS(DB_TEXT(scope_id)), err))
		return -1;
	more = db_next(&rows, err);
	return more <= 0 ? more : rollback_read(&rows, ret, err);
}

static const struct db_query q_items = { "rollbacks.items",
	"UPDATE rollbacks SET items = $2 WHERE rollback_id = $1" };

int rollbacks_items(struct db *db, const char *rollback_id, int64_t items,
		    struct err *err)
{
	return db_run(db, &q_items, DB_ARGS(DB_TEXT(rollback_id),
		      DB_I64(items)), err);
}

static const struct db_query q_finish = { "rollbacks.finish",
	"UPDATE rollbacks SET state = 'done', result = $2, failure_class = $3,"
	" failure_detail = $4, finished_at = $5"
	" WHERE rollback_id = $1 AND state = 'running'" };

int rollbacks_finish(struct db *db, const struct rollback *rollback,
		     int64_t now, struct err *err)
{
	assert(db_in_tx(db));
	if (db_run(db, &q_finish, DB_ARGS(DB_TEXT(rollback->rollback_id),
		   DB_TEXT(rollback_result_name(rollback->result)),
		   DB_TEXT(rollback->failure_class),
		   DB_TEXT(rollback->failure_detail), DB_I64(now)), err))
		return err_wrap(err, "finish rollback %s",
				rollback->rollback_id);
	if (db_changes(db) == 0)
		return err_set(err, ERR_CONFLICT, "rollback %s has ended",
			       rollback->rollback_id);
	return 0;
}

/* ---- parts ---- */

#define PART_COLUMNS \
	"seq, kind, subject_id, mark, host_resource_id, action, why, state," \
	" failure_class, failure_detail, plan"

static int part_read(const struct db_rows *rows, struct rollback_part *ret,
		     struct err *err)
{
	struct rollback_part part = { .seq = db_i64(rows, 0) };

	if (!rollback_action_parse(db_text(rows, 5), &part.action) ||
	    !rollback_why_parse(db_text(rows, 6), &part.why) ||
	    !rollback_part_state_parse(db_text(rows, 7), &part.state))
		return err_set(err, ERR_INTERNAL, "part of %s: unknown action, "
			       "reason or state", db_must(rows, 2));
	part.kind = db_strdup(rows, 1);
	part.subject_id = db_strdup(rows, 2);
	part.mark = db_strdup(rows, 3);
	part.host_resource_id = db_strdup(rows, 4);
	part.failure_class = db_strdup(rows, 8);
	part.failure_detail = db_strdup(rows, 9);
	part.plan = db_strdup(rows, 10);
	rollback_part_done(ret);
	*ret = part;
	return 0;
}

void rollback_part_done(struct rollback_part *part)
{
	free(part->kind);
	free(part->subject_id);
	free(part->mark);
	free(part->host_resource_id);
	free(part->failure_class);
	free(part->failure_detail);
	free(part->plan);
	*part = (struct rollback_part){ 0 };
}

static const struct db_query q_part_add = { "rollbacks.part_add",
	"INSERT INTO rollback_parts (rollback_id, seq, kind, subject_id, mark,"
	" host_resource_id, action, why, state)"
	" SELECT $1, 1 + coalesce(max(seq), $2), $4, $5, $6, $7, $8, $9, $10"
	" FROM rollback_parts WHERE rollback_id = $1 AND seq > $2 AND seq < $3"
	" ON CONFLICT DO NOTHING" };

int rollback_parts_add(struct db *db, const char *rollback_id,
		       const struct rollback_part *part, struct err *err)
{
	int64_t first = rollback_rank(part->kind) * RANK_PLACES;

	return db_run(db, &q_part_add, DB_ARGS(DB_TEXT(rollback_id),
		      DB_I64(first), DB_I64(first + RANK_PLACES),
		      DB_TEXT(part->kind), DB_TEXT(part->subject_id),
		      DB_TEXT(part->mark), DB_TEXT(part->host_resource_id),
		      DB_TEXT(rollback_action_name(part->action)),
		      DB_TEXT(rollback_why_name(part->why)),
		      DB_TEXT(rollback_part_state_name(part->state))), err);
}

#define SIGHT(name, of) { name, \
	"SELECT r.resource_id FROM " of \
	" AND r.host_resource_id IS NOT NULL AND r.state <> 'gone'" \
	" AND $1 <> $2 LIMIT 1 OFFSET $4" }

/* In the order of the parts; those of a type stand together. */
static const struct db_query q_sight_inside = SIGHT("rollbacks.sight_inside",
	"rollback_parts p CROSS JOIN managed_resources r"
	" ON r.resource_id = p.subject_id WHERE p.rollback_id = $1"
	" AND p.seq > $5 AND p.seq < $6 AND p.kind = $3");
static const struct db_query q_sight_outside = SIGHT("rollbacks.sight_outside",
	"managed_resources r WHERE r.host_id = $2 AND r.resource_type = $3"
	" AND NOT EXISTS (SELECT 1 FROM rollback_parts p"
	"  WHERE p.rollback_id = $1 AND p.subject_id = r.resource_id)"
	" AND $5 < $6");

int rollback_sights(struct db *db, const struct rollback *rollback,
		    enum resource_type type, bool inside, int64_t n,
		    char ret_resource_id[ID_MAX], struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	const char *kind = resource_type_name(type);
	int64_t first = rollback_rank(kind) * RANK_PLACES;
	int more;

	if (db_query(&rows, db, inside ? &q_sight_inside : &q_sight_outside,
		     DB_ARGS(DB_TEXT(rollback->rollback_id),
			     DB_TEXT(rollback->host_id), DB_TEXT(kind),
			     DB_I64(n), DB_I64(first),
			     DB_I64(first + RANK_PLACES)), err))
		return -1;
	more = db_next(&rows, err);
	snprintf(ret_resource_id, ID_MAX, "%s",
		 more > 0 ? db_must(&rows, 0) : "");
	return more < 0 ? -1 : 0;
}

static const struct db_query q_part_waiting = { "rollbacks.part_waiting",
	"SELECT " PART_COLUMNS " FROM rollback_parts WHERE rollback_id = $1"
	" AND seq >= $2 AND state = 'waiting' ORDER BY seq LIMIT 1" };

int rollback_parts_waiting(struct db *db, const char *rollback_id,
			   int64_t from, struct rollback_part *ret,
			   struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	rollback_part_done(ret);
	if (db_query(&rows, db, &q_part_waiting,
		     DB_ARGS(DB_TEXT(rollback_id), DB_I64(from)), err))
		return -1;
	more = db_next(&rows, err);
	return more <= 0 ? more : part_read(&rows, ret, err);
}

static const struct db_query q_part_save = { "rollbacks.part_save",
	"UPDATE rollback_parts SET action = $3, why = $4, state = $5,"
	" failure_class = $6, failure_detail = $7, host_resource_id = $8,"
	" plan = $9"
	" WHERE rollback_id = $1 AND seq = $2" };

int rollback_parts_save(struct db *db, const char *rollback_id,
			const struct rollback_part *part, struct err *err)
{
	return db_run(db, &q_part_save, DB_ARGS(DB_TEXT(rollback_id),
		      DB_I64(part->seq),
		      DB_TEXT(rollback_action_name(part->action)),
		      DB_TEXT(rollback_why_name(part->why)),
		      DB_TEXT(rollback_part_state_name(part->state)),
		      DB_TEXT(part->failure_class),
		      DB_TEXT(part->failure_detail),
		      DB_TEXT(part->host_resource_id), DB_TEXT(part->plan)),
		      err);
}

static const struct db_query q_part_leave = { "rollbacks.part_leave",
	"UPDATE rollback_parts SET state = 'left', failure_class = $2"
	" WHERE rollback_id = $1 AND state = 'waiting'" };

int rollback_parts_leave(struct db *db, const char *rollback_id,
			 const char *class, struct err *err)
{
	return db_run(db, &q_part_leave, DB_ARGS(DB_TEXT(rollback_id),
		      DB_TEXT(class)), err);
}

static const struct db_query q_part_count = { "rollbacks.part_count",
	"SELECT count(*), coalesce(sum(state = 'waiting'), 0),"
	" coalesce(sum(state = 'done' AND action <> 'keep'), 0),"
	" coalesce(sum(state = 'left'), 0), coalesce(sum(state = 'gone'), 0),"
	" coalesce(sum(state = 'done' AND action = 'keep'), 0)"
	" FROM rollback_parts WHERE rollback_id = $1" };

int rollback_parts_count(struct db *db, const char *rollback_id,
			 struct rollback_counts *ret, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };

	if (db_query(&rows, db, &q_part_count, DB_ARGS(DB_TEXT(rollback_id)),
		     err) || db_next(&rows, err) < 0)
		return -1;
	*ret = (struct rollback_counts){
		db_i64(&rows, 0), db_i64(&rows, 1), db_i64(&rows, 2),
		db_i64(&rows, 3), db_i64(&rows, 4), db_i64(&rows, 5),
	};
	return 0;
}

static const struct db_query q_part_list = { "rollbacks.part_list",
	"SELECT " PART_COLUMNS " FROM rollback_parts WHERE rollback_id = $1"
	" AND seq > $2 AND ($3 IS NULL OR state = $3) ORDER BY seq LIMIT $4" };

int rollback_parts_list(struct db_rows *rows, struct db *db,
			const char *rollback_id, const char *state,
			int64_t after, int64_t limit, struct err *err)
{
	return db_query(rows, db, &q_part_list, DB_ARGS(DB_TEXT(rollback_id),
			DB_I64(after), DB_TEXT(state), DB_I64(limit)), err);
}

int rollback_parts_next(struct db_rows *rows, struct rollback_part *part,
			struct err *err)
{
	int more = db_next(rows, err);

	if (more > 0 && part_read(rows, part, err))
		return -1;
	return more;
}

const struct db_query *const rollbacks_queries[] = {
	&q_running, &q_add, &q_get, &q_list, &q_list_host, &q_newest,
	&q_items,
	&q_finish, &q_part_add, &q_sight_inside, &q_sight_outside,
	&q_part_waiting, &q_part_save,
	&q_part_leave, &q_part_count, &q_part_list, NULL
};
