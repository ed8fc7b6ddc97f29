#include "shared/profiles.h"

#include <assert.h>
#include <string.h>

#include "shared/tasks.h"

/* What profile_row_read() reads, in its order. */
#define PROFILE_COLUMNS \
	"profile_id, endpoint_key, key_name, item_id, host_id, profile," \
	" level, taken_at, wanted, task_id, draft, day, probes, tokens"

static enum profile_level level_of(const char *name)
{
	enum profile_level level;

	return name && profile_level_parse(name, &level) ? level
							 : PROFILE_OFF;
}

/* NULL in the database. */
static const char *name_of(enum profile_level level)
{
	return level == PROFILE_OFF ? NULL : profile_level_name(level);
}

static void profile_row_read(const struct db_rows *rows,
			     struct profile_row *ret)
{
	profile_row_done(ret);
	*ret = (struct profile_row){
		.profile_id = db_strdup(rows, 0),
		.endpoint_key = db_strdup(rows, 1),
		.key_name = db_strdup(rows, 2),
		.item_id = db_strdup(rows, 3),
		.host_id = db_strdup(rows, 4),
		.profile = db_strdup(rows, 5),
		.level = level_of(db_text(rows, 6)),
		.taken_at = db_i64(rows, 7),
		.wanted = level_of(db_text(rows, 8)),
		.task_id = db_strdup(rows, 9),
		.draft = db_strdup(rows, 10),
		.day = db_i64(rows, 11),
		.probes = db_i64(rows, 12),
		.tokens = db_i64(rows, 13),
	};
}

void profile_row_done(struct profile_row *row)
{
	free(row->profile_id);
	free(row->endpoint_key);
	free(row->key_name);
	free(row->item_id);
	free(row->host_id);
	free(row->profile);
	free(row->task_id);
	free(row->draft);
	*row = (struct profile_row){ 0 };
}

static const struct db_query q_get = { "profiles.get",
	"SELECT " PROFILE_COLUMNS " FROM capability_profiles"
	" WHERE profile_id = $1" };

int profiles_get(struct db *db, const char *profile_id,
		 struct profile_row *ret, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	if (db_query(&rows, db, &q_get, DB_ARGS(DB_TEXT(profile_id)), err))
		return -1;
	more = db_next(&rows, err);
	if (more == 0)
		return err_set(err, ERR_NOT_FOUND, "no profile %s",
			       profile_id);
	if (more < 0)
		return -1;
	profile_row_read(&rows, ret);
	return 0;
}

static const struct db_query q_find = { "profiles.find",
	"SELECT " PROFILE_COLUMNS " FROM capability_profiles"
	" WHERE endpoint_key = $1 AND key_name = $2" };

int profiles_find(struct db *db, const char *endpoint_key,
		  const char *key_name, struct profile_row *ret,
		  struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	if (db_query(&rows, db, &q_find, DB_ARGS(DB_TEXT(endpoint_key),
		     DB_TEXT(key_name)), err))
		return -1;
	more = db_next(&rows, err);
	if (more > 0)
		profile_row_read(&rows, ret);
	return more < 0 ? -1 : 0;
}

/* 'full' is more than 'basic', and 'basic' more than nothing. */
static const struct db_query q_want = { "profiles.want",
	"INSERT INTO capability_profiles (profile_id, endpoint_key, key_name,"
	" item_id, host_id, wanted, wanted_at, created_at, updated_at)"
	" VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $7)"
	" ON CONFLICT (endpoint_key, key_name) DO UPDATE SET"
	" item_id = $4, host_id = $5,"
	" wanted = CASE WHEN wanted = 'full' THEN wanted ELSE $6 END,"
	" wanted_at = CASE WHEN task_id IS NULL THEN coalesce(wanted_at, $7)"
	"  END,"
	" updated_at = $7"
	" RETURNING profile_id" };

int profiles_want(struct db *db, const struct profile_wish *wish, int64_t now,
		  uint64_t random, char ret_id[ID_MAX], struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	char id[ID_MAX];
	int more;

	assert(db_in_tx(db) && wish->level != PROFILE_OFF);
	id_make(id, "cap", now, random);
	if (db_query(&rows, db, &q_want, DB_ARGS(DB_TEXT(id),
		     DB_TEXT(wish->endpoint_key), DB_TEXT(wish->key_name),
		     DB_TEXT(wish->item_id), DB_TEXT(wish->host_id),
		     DB_TEXT(name_of(wish->level)), DB_I64(now)), err))
		return err_wrap(err, "want a profile");
	more = db_next(&rows, err);
	if (more <= 0)
		return -1;
	snprintf(ret_id, ID_MAX, "%s", db_must(&rows, 0));
	return db_next(&rows, err);
}

static const struct db_query q_forget_tasks = { "profiles.forget_tasks",
	"DELETE FROM tasks WHERE subject_id = $1 AND state = 'done'" };
static const struct db_query q_start = { "profiles.start",
	"UPDATE capability_profiles SET task_id = $2, wanted_at = NULL,"
	" draft = NULL, updated_at = $3"
	" WHERE profile_id = $1 AND task_id IS NULL AND wanted IS NOT NULL" };

int profiles_start(struct db *db, const char *profile_id, int64_t now,
		   uint64_t random, struct err *err)
{
	CLEANUP(profile_row_done) struct profile_row row = { 0 };
	char task_id[ID_MAX];

	assert(db_in_tx(db));
	if (profiles_get(db, profile_id, &row, err))
		return -1;
	if (row.task_id || row.wanted == PROFILE_OFF)
		return 0;
	if (db_run(db, &q_forget_tasks, DB_ARGS(DB_TEXT(profile_id)), err) ||
	    tasks_add(db, &(struct task_spec){ .flow = PROFILE_FLOW,
		      .subject_id = profile_id, .host_id = row.host_id,
		      .step = PROFILE_FIRST_STEP, .not_before = now }, now,
		      random, task_id, err))
		return err_wrap(err, "start profile %s", profile_id);
	return db_run(db, &q_start, DB_ARGS(DB_TEXT(profile_id),
		      DB_TEXT(task_id), DB_I64(now)), err);
}

static const struct db_query q_wanted = { "profiles.wanted",
	"SELECT " PROFILE_COLUMNS " FROM capability_profiles"
	" WHERE wanted_at IS NOT NULL AND task_id IS NULL"
	" ORDER BY wanted_at, profile_id LIMIT $1" };

int profiles_wanted(struct db_rows *rows, struct db *db, int64_t limit,
		    struct err *err)
{
	return db_query(rows, db, &q_wanted, DB_ARGS(DB_I64(limit)), err);
}

int profiles_next(struct db_rows *rows, struct profile_row *row,
		  struct err *err)
{
	int more = db_next(rows, err);

	if (more > 0)
		profile_row_read(rows, row);
	return more;
}

static const struct db_query q_running = { "profiles.running",
	"SELECT count(*) FROM capability_profiles"
	" WHERE task_id IS NOT NULL AND NOT EXISTS"
	" (SELECT 1 FROM tasks t WHERE t.task_id ="
	"  capability_profiles.task_id AND t.state = 'held')" };

int profiles_running(struct db *db, int64_t *ret, struct err *err)
{
	return db_number(db, &q_running, DB_NO_ARGS, ret, err);
}

static const struct db_query q_is_waiting = { "profiles.is_waiting",
	"SELECT EXISTS (SELECT 1 FROM capability_profiles"
	" WHERE wanted_at IS NOT NULL AND task_id IS NULL)" };

int profiles_is_waiting(struct db *db, bool *ret, struct err *err)
{
	int64_t waiting;

	if (db_number(db, &q_is_waiting, DB_NO_ARGS, &waiting, err))
		return -1;
	*ret = waiting != 0;
	return 0;
}

static const struct db_query q_note = { "profiles.note",
	"UPDATE capability_profiles SET draft = $2, day = $3, probes = $4,"
	" tokens = $5, updated_at = $6 WHERE profile_id = $1" };

int profiles_note(struct db *db, const struct profile_row *row, int64_t now,
		  struct err *err)
{
	return db_run(db, &q_note, DB_ARGS(DB_TEXT(row->profile_id),
		      DB_TEXT(row->draft), DB_I64(row->day),
		      DB_I64(row->probes), DB_I64(row->tokens), DB_I64(now)),
		      err);
}

static const struct db_query q_finish = { "profiles.finish",
	"UPDATE capability_profiles SET profile = $2, level = $3,"
	" taken_at = $4, task_id = NULL, draft = NULL,"
	" wanted_at = CASE WHEN wanted <> $5 AND $5 <> 'full' THEN $6 END,"
	" wanted = CASE WHEN wanted <> $5 AND $5 <> 'full' THEN wanted END,"
	" updated_at = $6 WHERE profile_id = $1" };

/* The same key may have been brought again while it was asked with. */
static const struct db_query q_share = { "profiles.share",
	"UPDATE import_run_items SET capability_profile = $3"
	" WHERE item_id IN (SELECT $4 UNION ALL SELECT k.item_id"
	"  FROM secrets s CROSS JOIN import_run_items k"
	"   ON k.api_key_secret_id = s.secret_id WHERE s.fingerprint = $2)"
	" AND endpoint_key = $1 AND current_stage = 'done'"
	" AND (item_id = $4 OR capability_profile IS NULL)" };

int profiles_finish(struct db *db, const struct profile_row *row,
		    enum profile_level done, int64_t now, struct err *err)
{
	assert(db_in_tx(db) && done != PROFILE_OFF);
	if (db_run(db, &q_finish, DB_ARGS(DB_TEXT(row->profile_id),
		   DB_TEXT(row->profile), DB_TEXT(name_of(row->level)),
		   DB_TIME(row->taken_at), DB_TEXT(name_of(done)),
		   DB_I64(now)), err))
		return err_wrap(err, "finish profile %s", row->profile_id);
	if (!row->profile)
		return 0;
	return db_run(db, &q_share, DB_ARGS(DB_TEXT(row->endpoint_key),
		      DB_TEXT(row->key_name), DB_TEXT(row->profile),
		      DB_TEXT(row->item_id)), err);
}

const struct db_query *const profiles_queries[] = {
	&q_get, &q_find, &q_want, &q_forget_tasks, &q_start, &q_wanted,
	&q_running, &q_is_waiting, &q_note, &q_finish, &q_share, NULL
};
