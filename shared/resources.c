#include "shared/resources.h"

#include <assert.h>
#include <string.h>

#include "shared/installation.h"
#include "shared/resource_row.h"
#include "shared/secrets.h"
#include "shared/tasks.h"

/* How soon to look again at a row that is being taken away. */
#define LEAVING_WAIT_MS 1000

#define MARK_MAX 40	/* "crm-", two short texts, a '-' and NUL */

static const char *const type_names[] = {
	[RESOURCE_GROUP]	= "group",
	[RESOURCE_ACCOUNT]	= "account",
	[RESOURCE_USER]		= "user",
	[RESOURCE_USER_TOKEN]	= "user_token",
	[RESOURCE_SUBSCRIPTION]	= "subscription",
	[RESOURCE_CHANNEL]	= "channel",
	[RESOURCE_USER_KEY]	= "user_key",
};
TABLE_ENUM_DEFINE(resource_type, type_names, RESOURCE_TYPE__MAX);

static const char *const state_names[] = {
	[RESOURCE_WANTED]	= "wanted",
	[RESOURCE_MAKING]	= "making",
	[RESOURCE_PRESENT]	= "present",
	[RESOURCE_LEAVING]	= "leaving",
	[RESOURCE_GONE]		= "gone",
};
TABLE_ENUM_DEFINE(resource_state, state_names, RESOURCE_STATE__MAX);

int resource_read(const struct db_rows *rows, struct resource *ret,
		  struct err *err)
{
	struct resource row = { 0 };

	if (!resource_type_parse(db_text(rows, 2), &row.type) ||
	    !resource_state_parse(db_text(rows, 5), &row.state))
		return err_set(err, ERR_INTERNAL, "resource %s: unknown type "
			       "or state", db_must(rows, 0));
	row.resource_id = db_strdup(rows, 0);
	row.host_id = db_strdup(rows, 1);
	row.lookup = db_strdup(rows, 3);
	row.mark = db_strdup(rows, 4);
	row.host_resource_id = db_strdup(rows, 6);
	row.wanted_json = db_strdup(rows, 7);
	row.written_json = db_strdup(rows, 8);
	row.origin = db_strdup(rows, 9);
	row.made_by = db_strdup(rows, 10);
	row.generation = db_i64(rows, 11);
	row.secret_id = db_strdup(rows, 12);
	row.expires_at = db_i64(rows, 13);
	row.refusals = db_i64(rows, 14);
	row.failure_class = db_strdup(rows, 15);
	row.next_retry_at = db_i64(rows, 16);
	row.off_by_us = db_i64(rows, 17) != 0;
	row.mends = db_i64(rows, 18);
	row.mended_at = db_i64(rows, 19);
	row.live_json = db_strdup(rows, 20);
	row.prior_json = db_strdup(rows, 21);
	row.paused_at = db_i64(rows, 22);
	row.live_version = db_strdup(rows, 23);
	resource_done(ret);
	*ret = row;
	return 0;
}

void resource_done(struct resource *resource)
{
	free(resource->resource_id);
	free(resource->host_id);
	free(resource->lookup);
	free(resource->mark);
	free(resource->host_resource_id);
	free(resource->wanted_json);
	free(resource->written_json);
	free(resource->origin);
	free(resource->made_by);
	free(resource->secret_id);
	free(resource->failure_class);
	free(resource->live_json);
	free(resource->live_version);
	free(resource->prior_json);
	*resource = (struct resource){ 0 };
}

static const struct db_query q_find = { "resources.find",
	"SELECT " RESOURCE_COLUMNS " FROM managed_resources"
	" WHERE host_id = $1 AND resource_type = $2 AND lookup = $3"
	" AND state <> 'gone'" };

int resources_find(struct db *db, const char *host_id,
		   enum resource_type type, const char *lookup,
		   struct resource *ret, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	if (db_query(&rows, db, &q_find, DB_ARGS(DB_TEXT(host_id),
		     DB_TEXT(resource_type_name(type)), DB_TEXT(lookup)),
		     err))
		return -1;
	more = db_next(&rows, err);
	if (more == 0)
		return err_set(err, ERR_NOT_FOUND, "no %s '%s' on host %s",
			       resource_type_name(type), lookup, host_id);
	return more < 0 ? -1 : resource_read(&rows, ret, err);
}

/* Make the name by which the thing is known on the host. */
static int draw_mark(struct db *db, uint64_t random, char ret[MARK_MAX],
		     struct err *err)
{
	char inst[ID_SHORT_MAX], part[ID_SHORT_MAX];

	if (installation_get(db, inst, err))
		return -1;
	snprintf(ret, MARK_MAX, "crm-%s-%s", inst, id_short(part, 8, random));
	return 0;
}

static const struct db_query q_add = { "resources.add",
	"INSERT INTO managed_resources (resource_id, host_id, resource_type,"
	" lookup, mark, state, made_by, created_at, updated_at)"
	" VALUES ($1, $2, $3, $4, $5, 'making', $6, $7, $7)" };

static int add(struct db *db, const struct resource_want *want, int64_t now,
	       uint64_t random, struct resource *ret, struct err *err)
{
	char id[ID_MAX], mark[MARK_MAX];

	id_make(id, "res", now, random);
	if (draw_mark(db, random, mark, err) ||
	    db_run(db, &q_add, DB_ARGS(DB_TEXT(id), DB_TEXT(want->host_id),
		   DB_TEXT(resource_type_name(want->type)),
		   DB_TEXT(want->lookup), DB_TEXT(mark),
		   DB_TEXT(want->task_id), DB_I64(now)), err))
		return -1;
	return resources_find(db, want->host_id, want->type, want->lookup,
			      ret, err);
}

static const struct db_query q_make = { "resources.make",
	"UPDATE managed_resources SET state = 'making', made_by = $2,"
	" updated_at = $3 WHERE resource_id = $1" };

static int make_mine(struct db *db, const struct resource_want *want,
		     int64_t now, struct resource *row, struct err *err)
{
	if (db_run(db, &q_make, DB_ARGS(DB_TEXT(row->resource_id),
		   DB_TEXT(want->task_id), DB_I64(now)), err))
		return -1;
	row->state = RESOURCE_MAKING;
	own_set(&row->made_by, want->task_id);
	return 0;
}

/* Does the maker of `row` still go about it?  A task may die or be removed. */
static int has_maker(struct db *db, const struct resource *row, bool *ret,
		     struct err *err)
{
	bool done;

	if (tasks_is_done(db, row->made_by, &done, err)) {
		*ret = false;
		return err->kind == ERR_NOT_FOUND ? 0 : -1;
	}
	*ret = !done;
	return 0;
}

/* How taking `row` ends, by the state that it is in. */
static int judge(struct db *db, const struct resource_want *want, int64_t now,
		 struct resource *row, enum take *ret, struct err *err)
{
	bool made;

	*ret = TAKE_MINE;
	switch (row->state) {
	case RESOURCE_WANTED:
		if (row->next_retry_at > now)
			*ret = row->refusals >= RESOURCE_REFUSALS_MAX
				? TAKE_REFUSED : TAKE_LATER;
		return 0;
	case RESOURCE_MAKING:
		if (strcmp(row->made_by, want->task_id) == 0)
			return 0;
		if (has_maker(db, row, &made, err))
			return -1;
		if (made)
			*ret = TAKE_WAIT;
		return 0;
	case RESOURCE_PRESENT:
		if (!want->hold &&
		    (row->expires_at == 0 || row->expires_at > now))
			*ret = TAKE_PRESENT;
		return 0;
	case RESOURCE_LEAVING:
		/* Parked, a task would not be woken when it has left. */
		row->next_retry_at = now + LEAVING_WAIT_MS;
		*ret = TAKE_LATER;
		return 0;
	case RESOURCE_GONE:
	case RESOURCE_STATE__MAX:
		break;
	}
	return err_set(err, ERR_INTERNAL, "resource %s is gone",
		       row->resource_id);
}

int resources_take(struct db *db, const struct resource_want *want,
		   int64_t now, uint64_t random, enum take *ret_take,
		   struct resource *ret, struct err *err)
{
	CLEANUP(resource_done) struct resource row = { 0 };
	enum take take = TAKE_MINE;

	assert(db_in_tx(db));
	if (resources_find(db, want->host_id, want->type, want->lookup, &row,
			   err)) {
		if (err->kind != ERR_NOT_FOUND ||
		    add(db, want, now, random, &row, err))
			return -1;
	} else if (judge(db, want, now, &row, &take, err) ||
		   (take == TAKE_MINE &&
		    make_mine(db, want, now, &row, err))) {
		return -1;
	}
	resource_done(ret);
	*ret = row;
	row = (struct resource){ 0 };
	*ret_take = take;
	return 0;
}

static const struct db_query q_save = { "resources.save",
	"UPDATE managed_resources SET state = $3, made_by = $4,"
	" host_resource_id = $5, wanted_json = $6, written_json = $7,"
	" origin = $8, generation = $9, secret_id = $10, expires_at = $11,"
	" refusals = $12, failure_class = $13, next_retry_at = $14,"
	" updated_at = $15, prior_json = $16"
	" WHERE resource_id = $1 AND (made_by = $2 OR made_by IS NULL)" };

int resources_save(struct db *db, const struct resource *resource,
		   const char *task_id, int64_t now, struct err *err)
{
	const struct resource *r = resource;
	bool making = r->state == RESOURCE_MAKING;

	if (db_run(db, &q_save, DB_ARGS(DB_TEXT(r->resource_id),
		   DB_TEXT(task_id), DB_TEXT(resource_state_name(r->state)),
		   DB_TEXT(making ? task_id : NULL),
		   DB_TEXT(r->host_resource_id), DB_TEXT(r->wanted_json),
		   DB_TEXT(r->written_json), DB_TEXT(r->origin),
		   DB_I64(r->generation), DB_TEXT(r->secret_id),
		   DB_TIME(r->expires_at), DB_I64(r->refusals),
		   DB_TEXT(r->failure_class), DB_TIME(r->next_retry_at),
		   DB_I64(now), DB_TEXT(r->prior_json)), err))
		return err_wrap(err, "save resource %s", r->resource_id);
	if (db_changes(db) != 1)
		return err_set(err, ERR_CONFLICT, "resource %s is made by "
			       "another task", r->resource_id);
	if (r->state == RESOURCE_GONE && r->secret_id &&
	    secrets_purge(db, r->secret_id, now, err))
		return -1;
	if (making)
		return 0;
	return tasks_wake(db, r->resource_id, !r->exclusive ||
			  r->state != RESOURCE_PRESENT, task_id, now, err);
}

/* A token is no thing on the host: what was not written down is lost. */
static const struct db_query q_release = { "resources.release",
	"UPDATE managed_resources SET made_by = NULL,"
	" state = CASE WHEN host_resource_id IS NOT NULL"
	"  AND resource_type <> 'user_token' THEN 'present'"
	"  ELSE 'wanted' END,"
	" failure_class = CASE WHEN $2 = '' THEN failure_class ELSE $2 END,"
	" next_retry_at = CASE WHEN $2 IN ('', 'cancelled')"
	"  OR host_resource_id IS NOT NULL THEN next_retry_at"
	"  WHEN refusals + 1 >= $5 THEN $4 + $6 ELSE $3 END,"
	" refusals = CASE WHEN $2 IN ('', 'cancelled')"
	"  OR host_resource_id IS NOT NULL THEN refusals"
	"  ELSE refusals + 1 END,"
	" updated_at = $4"
	" WHERE made_by = $1"
	" RETURNING resource_id, state, refusals" };

int resources_release(struct db *db, const char *task_id, const char *class,
		      int64_t next_retry_at, int64_t now, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	if (db_query(&rows, db, &q_release, DB_ARGS(DB_TEXT(task_id),
		     DB_TEXT(class), DB_TIME(next_retry_at), DB_I64(now),
		     DB_I64(RESOURCE_REFUSALS_MAX),
		     DB_I64(RESOURCE_REFUSED_MS)), err))
		return -1;
	while ((more = db_next(&rows, err)) > 0) {
		/* Who finds it present settles nothing, so wakes nobody. */
		bool all = strcmp(db_must(&rows, 1), "present") == 0 ||
			   db_i64(&rows, 2) >= RESOURCE_REFUSALS_MAX;

		if (tasks_wake(db, db_must(&rows, 0), all, task_id, now,
			       err))
			return -1;
	}
	return more;
}

static const struct db_query q_forgive = { "resources.forgive",
	"UPDATE managed_resources SET refusals = 0, next_retry_at = NULL,"
	" updated_at = $2"
	" WHERE host_id = $1 AND state = 'wanted' AND state <> 'gone'"
	" AND next_retry_at IS NOT NULL" };

int resources_forgive(struct db *db, const char *host_id, int64_t now,
		      struct err *err)
{
	return db_run(db, &q_forgive, DB_ARGS(DB_TEXT(host_id), DB_I64(now)),
		      err);
}

static const struct db_query q_wake_forgotten = { "resources.wake_forgotten",
	"UPDATE tasks SET state = 'due', parked_on = NULL, not_before = $1,"
	" updated_at = $1"
	" WHERE task_id IN (SELECT min(task_id) FROM tasks"
	"  WHERE state = 'parked' GROUP BY parked_on)"
	" AND parked_on IS NOT NULL"
	" AND NOT EXISTS (SELECT 1 FROM managed_resources r"
	"  JOIN tasks maker ON maker.task_id = r.made_by"
	"  WHERE r.resource_id = tasks.parked_on"
	"  AND maker.state <> 'done')" };

int resources_wake_forgotten(struct db *db, int64_t now, struct err *err)
{
	return db_run(db, &q_wake_forgotten, DB_ARGS(DB_I64(now)), err);
}

static const struct db_query q_of_host_id = { "resources.of_host_id",
	"SELECT " RESOURCE_COLUMNS " FROM managed_resources"
	" WHERE host_id = $1 AND resource_type = $2"
	" AND host_resource_id = $3 AND state <> 'gone'" };

int resources_of_host_id(struct db *db, const char *host_id,
			 enum resource_type type,
			 const char *host_resource_id, struct resource *ret,
			 struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	if (db_query(&rows, db, &q_of_host_id, DB_ARGS(DB_TEXT(host_id),
		     DB_TEXT(resource_type_name(type)),
		     DB_TEXT(host_resource_id)), err))
		return -1;
	more = db_next(&rows, err);
	if (more == 0)
		return err_set(err, ERR_NOT_FOUND, "no %s %s on host %s",
			       resource_type_name(type), host_resource_id,
			       host_id);
	return more < 0 ? -1 : resource_read(&rows, ret, err);
}

/* The last character there is stands behind every continuation. */
static const struct db_query q_with_prefix = { "resources.with_prefix",
	"SELECT " RESOURCE_COLUMNS " FROM managed_resources"
	" WHERE host_id = $1 AND resource_type = $2 AND lookup >= $3"
	" AND lookup < $3 || char(1114111) AND state <> 'gone'"
	" ORDER BY lookup LIMIT $4" };

int resources_with_prefix(struct db_rows *rows, struct db *db,
			  const char *host_id, enum resource_type type,
			  const char *lookup_prefix, int64_t limit,
			  struct err *err)
{
	return db_query(rows, db, &q_with_prefix, DB_ARGS(DB_TEXT(host_id),
			DB_TEXT(resource_type_name(type)),
			DB_TEXT(lookup_prefix), DB_I64(limit)), err);
}

int resources_next(struct db_rows *rows, struct resource *resource,
		   struct err *err)
{
	int more = db_next(rows, err);

	if (more > 0 && resource_read(rows, resource, err))
		return -1;
	return more;
}

static const struct db_query q_watched = { "resources.watched",
	"UPDATE managed_resources SET off_by_us = $2, mends = $3,"
	" mended_at = $4, live_json = $5, updated_at = $6"
	" WHERE resource_id = $1" };

int resources_watched(struct db *db, const struct resource *resource,
		      int64_t now, struct err *err)
{
	const struct resource *r = resource;

	if (db_run(db, &q_watched, DB_ARGS(DB_TEXT(r->resource_id),
		   DB_I64(r->off_by_us), DB_I64(r->mends),
		   DB_TIME(r->mended_at), DB_TEXT(r->live_json),
		   DB_I64(now)), err))
		return -1;
	if (db_changes(db) == 0)
		return err_set(err, ERR_NOT_FOUND, "no resource %s",
			       r->resource_id);
	return 0;
}

static const struct db_query q_saw = { "resources.saw",
	"UPDATE managed_resources SET live_version = $2, updated_at = $3"
	" WHERE resource_id = $1 AND live_version IS DISTINCT FROM $2" };

int resources_saw(struct db *db, const char *resource_id,
		  const char *live_version, int64_t now, struct err *err)
{
	return db_run(db, &q_saw, DB_ARGS(DB_TEXT(resource_id),
		      DB_TEXT(live_version), DB_I64(now)), err);
}

static const struct db_query q_resumed = { "resources.resumed",
	"UPDATE managed_resources SET off_by_us = 0, paused_at = NULL,"
	" updated_at = $2 WHERE resource_id = $1" };

int resources_resumed(struct db *db, const char *resource_id, int64_t now,
		      struct err *err)
{
	return db_run(db, &q_resumed, DB_ARGS(DB_TEXT(resource_id),
		      DB_I64(now)), err);
}

static const struct db_query q_pause = { "resources.pause",
	"UPDATE managed_resources SET paused_at = $2, updated_at = $3"
	" WHERE resource_id = $1" };

int resources_pause(struct db *db, const char *resource_id, int64_t paused_at,
		    int64_t now, struct err *err)
{
	return db_run(db, &q_pause, DB_ARGS(DB_TEXT(resource_id),
		      DB_TIME(paused_at), DB_I64(now)), err);
}

static const struct db_query q_get = { "resources.get",
	"SELECT " RESOURCE_COLUMNS " FROM managed_resources"
	" WHERE resource_id = $1" };

int resources_get(struct db *db, const char *resource_id,
		  struct resource *ret, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	if (db_query(&rows, db, &q_get, DB_ARGS(DB_TEXT(resource_id)), err))
		return -1;
	more = db_next(&rows, err);
	if (more == 0)
		return err_set(err, ERR_NOT_FOUND, "no resource %s",
			       resource_id);
	return more < 0 ? -1 : resource_read(&rows, ret, err);
}

static const struct db_query q_use = { "resources.use",
	"INSERT INTO resource_uses (resource_id, item_id, created_at)"
	" VALUES ($1, $2, $3) ON CONFLICT DO NOTHING" };

int resources_use(struct db *db, const char *resource_id, const char *item_id,
		  int64_t now, struct err *err)
{
	return db_run(db, &q_use, DB_ARGS(DB_TEXT(resource_id),
		      DB_TEXT(item_id), DB_I64(now)), err);
}

static const struct db_query q_users = { "resources.users",
	"SELECT count(*) FROM resource_uses"
	" WHERE resource_id = $1 AND item_id <> $2" };

int resources_users(struct db *db, const char *resource_id,
		    const char *item_id, int64_t *ret, struct err *err)
{
	return db_number(db, &q_users, DB_ARGS(DB_TEXT(resource_id),
			 DB_TEXT(item_id)), ret, err);
}

const struct db_query *const resources_queries[] = {
	&q_find, &q_add, &q_make, &q_save, &q_release, &q_forgive,
	&q_wake_forgotten, &q_of_host_id, &q_with_prefix, &q_watched,
	&q_saw, &q_resumed, &q_pause, &q_get, &q_use, &q_users, NULL
};
