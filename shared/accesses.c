#include "shared/accesses.h"

#include <string.h>

#include "shared/provider_status.h"

/* What access_read() reads, in its order. */
#define ACCESS_COLUMNS \
	"a.access_id, a.host_id, a.endpoint_key, a.access_mode, a.selector," \
	" a.item_id, a.key_source, a.key_fingerprint, a.key_resource_id," \
	" a.status, a.status_since, a.failure_class, a.failures," \
	" a.first_failure_at, a.diagnosis, a.surfaces, a.surfaces_at," \
	" a.last_proof_id, a.proven_at, p.expires_at, a.checked_at," \
	" a.next_check_at, a.created_at, a.updated_at, a.plan"
#define FROM_ACCESSES \
	" FROM accesses a LEFT JOIN proofs p ON p.proof_id = a.last_proof_id"

static int access_read(const struct db_rows *rows, struct access *ret,
		       struct err *err)
{
	enum access_mode mode;
	enum access_status status;

	if (!access_mode_parse(db_text(rows, 3), &mode) ||
	    !access_status_parse(db_text(rows, 9), &status))
		return err_set(err, ERR_INTERNAL, "access %s: unknown mode or "
			       "status", db_must(rows, 0));
	access_done(ret);
	*ret = (struct access){
		.access_id = db_strdup(rows, 0),
		.host_id = db_strdup(rows, 1),
		.endpoint_key = db_strdup(rows, 2),
		.mode = mode,
		.selector = db_strdup(rows, 4),
		.item_id = db_strdup(rows, 5),
		.key_source = db_strdup(rows, 6),
		.key_fingerprint = db_strdup(rows, 7),
		.key_resource_id = db_strdup(rows, 8),
		.status = status,
		.status_since = db_i64(rows, 10),
		.failure_class = db_strdup(rows, 11),
		.failures = db_i64(rows, 12),
		.first_failure_at = db_i64(rows, 13),
		.diagnosis = db_strdup(rows, 14),
		.surfaces = db_strdup(rows, 15),
		.surfaces_at = db_i64(rows, 16),
		.last_proof_id = db_strdup(rows, 17),
		.proven_at = db_i64(rows, 18),
		.proof_expires_at = db_i64(rows, 19),
		.checked_at = db_i64(rows, 20),
		.next_check_at = db_i64(rows, 21),
		.created_at = db_i64(rows, 22),
		.updated_at = db_i64(rows, 23),
		.plan = db_strdup(rows, 24),
	};
	return 0;
}

void access_done(struct access *access)
{
	free(access->access_id);
	free(access->host_id);
	free(access->endpoint_key);
	free(access->plan);
	free(access->selector);
	free(access->item_id);
	free(access->key_source);
	free(access->key_fingerprint);
	free(access->key_resource_id);
	free(access->failure_class);
	free(access->diagnosis);
	free(access->surfaces);
	free(access->last_proof_id);
	*access = (struct access){ 0 };
}

/* A proof whose row is gone proves nothing any more. */
bool access_is_stale(const struct access *access, int64_t now)
{
	return access->proven_at != 0 && access->proof_expires_at <= now;
}

const char *access_word(const struct access *access, bool other_active)
{
	struct status_tally tally = { 0 };

	status_count(&tally, access->status);
	return provider_access_name(provider_access_in(access->mode, &tally,
						       other_active));
}

static const struct db_query q_ensure = { "accesses.ensure",
	"INSERT INTO accesses (access_id, host_id, endpoint_key, access_mode,"
	" selector, key_fingerprint, key_resource_id, item_id, key_source,"
	" status, status_since, created_at, updated_at, plan)"
	" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'unknown', $10, $10,"
	" $10, $11)"
	" ON CONFLICT (host_id, endpoint_key, plan, access_mode, selector)"
	" DO UPDATE SET"
	" key_fingerprint = coalesce($6, accesses.key_fingerprint),"
	" key_resource_id = coalesce($7, accesses.key_resource_id),"
	" item_id = coalesce(accesses.item_id, $8),"
	" key_source = coalesce($9, accesses.key_source),"
	" updated_at = $10"
	" RETURNING access_id" };

int accesses_ensure(struct db *db, const struct access_spec *spec,
		    int64_t now, uint64_t random, char ret_id[ID_MAX],
		    struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	char id[ID_MAX];
	int more;

	id_make(id, "acc", now, random);
	if (db_query(&rows, db, &q_ensure, DB_ARGS(DB_TEXT(id),
		     DB_TEXT(spec->host_id), DB_TEXT(spec->endpoint_key),
		     DB_TEXT(access_mode_name(spec->mode)),
		     DB_TEXT(spec->selector), DB_TEXT(spec->key_fingerprint),
		     DB_TEXT(spec->key_resource_id), DB_TEXT(spec->item_id),
		     DB_TEXT(spec->key_source), DB_I64(now),
		     DB_TEXT(spec->plan ? spec->plan : "")), err))
		return -1;
	more = db_next(&rows, err);
	if (more <= 0)
		return more < 0 ? -1 : err_set(err, ERR_INTERNAL, "access of "
			"'%s' was not stored", spec->selector);
	snprintf(id, sizeof(id), "%s", db_must(&rows, 0));
	if (db_next(&rows, err))
		return -1;
	memcpy(ret_id, id, ID_MAX);
	return 0;
}

/* After an update by id: was there such an access? */
static int check_changed(struct db *db, const char *access_id,
			 struct err *err)
{
	if (db_changes(db) == 0)
		return err_set(err, ERR_NOT_FOUND, "no access %s", access_id);
	return 0;
}

static const struct db_query q_proven = { "accesses.proven",
	"UPDATE accesses SET"
	" status_since = CASE WHEN status = 'active' THEN status_since"
	"  ELSE $4 END,"
	" status = 'active', last_proof_id = $2, proven_at = $4,"
	" item_id = coalesce((SELECT p.item_id FROM proofs p"
	"  WHERE p.proof_id = $2), item_id),"
	" failure_class = NULL, failures = 0, first_failure_at = NULL,"
	" diagnosis = NULL, checked_at = $4, next_check_at = $3,"
	" updated_at = $4 WHERE access_id = $1" };

int accesses_proven(struct db *db, const char *access_id,
		    const char *proof_id, int64_t next_check_at, int64_t now,
		    struct err *err)
{
	if (db_run(db, &q_proven, DB_ARGS(DB_TEXT(access_id),
		   DB_TEXT(proof_id), DB_TIME(next_check_at), DB_I64(now)),
		   err))
		return -1;
	return check_changed(db, access_id, err);
}

static const struct db_query q_get = { "accesses.get",
	"SELECT " ACCESS_COLUMNS FROM_ACCESSES " WHERE a.access_id = $1" };

int accesses_get(struct db *db, const char *access_id, struct access *ret,
		 struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	if (db_query(&rows, db, &q_get, DB_ARGS(DB_TEXT(access_id)), err))
		return -1;
	more = db_next(&rows, err);
	if (more == 0)
		return err_set(err, ERR_NOT_FOUND, "no access %s", access_id);
	return more < 0 ? -1 : access_read(&rows, ret, err);
}

/* Since when it is in its status is seen here, so that no caller errs. */
static const struct db_query q_save = { "accesses.save",
	"UPDATE accesses SET"
	" status_since = CASE WHEN status = $2 THEN status_since ELSE $13 END,"
	" status = $2, failure_class = $3, failures = $4,"
	" first_failure_at = $5, diagnosis = $6, surfaces = $7,"
	" surfaces_at = $8, last_proof_id = $9, proven_at = $10,"
	" checked_at = $11, next_check_at = $12, updated_at = $13"
	" WHERE access_id = $1" };

int accesses_save(struct db *db, const struct access *access, int64_t now,
		  struct err *err)
{
	const struct access *a = access;

	if (db_run(db, &q_save, DB_ARGS(DB_TEXT(a->access_id),
		   DB_TEXT(access_status_name(a->status)),
		   DB_TEXT(a->failure_class), DB_I64(a->failures),
		   DB_TIME(a->first_failure_at), DB_TEXT(a->diagnosis),
		   DB_TEXT(a->surfaces), DB_TIME(a->surfaces_at),
		   DB_TEXT(a->last_proof_id), DB_TIME(a->proven_at),
		   DB_TIME(a->checked_at), DB_TIME(a->next_check_at),
		   DB_I64(now)), err))
		return err_wrap(err, "save access %s", a->access_id);
	return check_changed(db, a->access_id, err);
}

static const struct db_query q_planned = { "accesses.planned",
	"UPDATE accesses SET next_check_at = $2, updated_at = $3"
	" WHERE access_id = $1" };

int accesses_planned(struct db *db, const char *access_id,
		     int64_t next_check_at, int64_t now, struct err *err)
{
	if (db_run(db, &q_planned, DB_ARGS(DB_TEXT(access_id),
		   DB_TIME(next_check_at), DB_I64(now)), err))
		return -1;
	return check_changed(db, access_id, err);
}

static const struct db_query q_active = { "accesses.active",
	"SELECT count(*) FROM accesses WHERE host_id = $1"
	" AND endpoint_key = $2 AND plan = $4 AND access_mode = $3"
	" AND status = 'active'" };

int accesses_active(struct db *db, const char *host_id,
		    const char *endpoint_key, const char *plan,
		    enum access_mode mode, bool *ret, struct err *err)
{
	int64_t count;

	if (db_number(db, &q_active, DB_ARGS(DB_TEXT(host_id),
		      DB_TEXT(endpoint_key), DB_TEXT(access_mode_name(mode)),
		      DB_TEXT(plan)), &count, err))
		return -1;
	*ret = count > 0;
	return 0;
}

#define PAGE_OF_ACCESSES \
	" AND a.access_id > $5 ORDER BY a.access_id LIMIT $6"

static const struct db_query q_list_host = { "accesses.list_host",
	"SELECT " ACCESS_COLUMNS FROM_ACCESSES " WHERE a.host_id = $1"
	" AND ($2 IS NULL OR a.endpoint_key = $2)"
	" AND ($3 IS NULL OR a.status = $3)"
	" AND ($4 IS NULL OR a.access_mode = $4)" PAGE_OF_ACCESSES };
static const struct db_query q_list_endpoint = { "accesses.list_endpoint",
	"SELECT " ACCESS_COLUMNS FROM_ACCESSES " WHERE a.endpoint_key = $2"
	" AND ($1 IS NULL OR a.host_id = $1)"
	" AND ($3 IS NULL OR a.status = $3)"
	" AND ($4 IS NULL OR a.access_mode = $4)" PAGE_OF_ACCESSES };
static const struct db_query q_list_status = { "accesses.list_status",
	"SELECT " ACCESS_COLUMNS FROM_ACCESSES " WHERE a.status = $3"
	" AND ($1 IS NULL OR a.host_id = $1)"
	" AND ($2 IS NULL OR a.endpoint_key = $2)"
	" AND ($4 IS NULL OR a.access_mode = $4)" PAGE_OF_ACCESSES };
static const struct db_query q_list_mode = { "accesses.list_mode",
	"SELECT " ACCESS_COLUMNS FROM_ACCESSES " WHERE a.access_mode = $4"
	" AND ($1 IS NULL OR a.host_id = $1)"
	" AND ($2 IS NULL OR a.endpoint_key = $2)"
	" AND ($3 IS NULL OR a.status = $3)" PAGE_OF_ACCESSES };
static const struct db_query q_list = { "accesses.list",
	"SELECT " ACCESS_COLUMNS FROM_ACCESSES
	" WHERE ($1 IS NULL OR a.host_id = $1)"
	" AND ($2 IS NULL OR a.endpoint_key = $2)"
	" AND ($3 IS NULL OR a.status = $3)"
	" AND ($4 IS NULL OR a.access_mode = $4)" PAGE_OF_ACCESSES };

static const char *given(const char *text)
{
	return text && *text ? text : NULL;
}

/* The query that the first filter given leads. */
static const struct db_query *lead(const struct access_filter *filter)
{
	const struct {
		const char *value;
		const struct db_query *query;
	} leads[] = {
		{ given(filter->host_id), &q_list_host },
		{ given(filter->endpoint_key), &q_list_endpoint },
		{ given(filter->status), &q_list_status },
		{ given(filter->access_mode), &q_list_mode },
	};

	for (size_t i = 0; i < COUNT(leads); i++)
		if (leads[i].value)
			return leads[i].query;
	return &q_list;
}

int accesses_list(struct db_rows *rows, struct db *db,
		  const struct access_filter *filter, const char *after,
		  int64_t limit, struct err *err)
{
	return db_query(rows, db, lead(filter), DB_ARGS(
			DB_TEXT(given(filter->host_id)),
			DB_TEXT(given(filter->endpoint_key)),
			DB_TEXT(given(filter->status)),
			DB_TEXT(given(filter->access_mode)),
			DB_TEXT(after ? after : ""), DB_I64(limit)), err);
}

int accesses_next(struct db_rows *rows, struct access *access,
		  struct err *err)
{
	int more = db_next(rows, err);

	if (more > 0 && access_read(rows, access, err))
		return -1;
	return more;
}

static const struct db_query q_due = { "accesses.due",
	"SELECT " ACCESS_COLUMNS FROM_ACCESSES " WHERE a.next_check_at <= $1"
	" ORDER BY a.next_check_at, a.access_id LIMIT $2" };

int accesses_due(struct db_rows *rows, struct db *db, int64_t now,
		 int64_t limit, struct err *err)
{
	return db_query(rows, db, &q_due, DB_ARGS(DB_I64(now), DB_I64(limit)),
			err);
}

static const struct db_query q_next_due = { "accesses.next_due",
	"SELECT coalesce(min(next_check_at), 9223372036854775807)"
	" FROM accesses WHERE next_check_at > 0" };

int accesses_next_due(struct db *db, int64_t *ret, struct err *err)
{
	return db_number(db, &q_next_due, DB_NO_ARGS, ret, err);
}

static const struct db_query q_plan_forgotten = { "accesses.plan_forgotten",
	"UPDATE accesses SET next_check_at = $1, updated_at = $2"
	" WHERE status IN ('active', 'degraded', 'broken')"
	" AND next_check_at IS NULL AND item_id IS NOT NULL AND NOT EXISTS"
	" (SELECT 1 FROM access_checks c WHERE c.access_id ="
	"  accesses.access_id AND c.state = 'running')" };

int accesses_plan_forgotten(struct db *db, int64_t next_check_at, int64_t now,
			    struct err *err)
{
	return db_run(db, &q_plan_forgotten, DB_ARGS(DB_I64(next_check_at),
		      DB_I64(now)), err);
}

#define HASTEN_OF(column) \
	"UPDATE accesses SET next_check_at = $3, updated_at = $3" \
	" WHERE access_id IN (SELECT access_id FROM accesses" \
	"  WHERE " column " = $1 AND access_id <> $2" \
	"  AND next_check_at > $3 AND status <> 'broken'" \
	"  ORDER BY checked_at LIMIT $4)"

static const struct db_query q_hasten_endpoint = {
	"accesses.hasten_endpoint", HASTEN_OF("endpoint_key") };
static const struct db_query q_hasten_host = { "accesses.hasten_host",
	HASTEN_OF("host_id") };

int accesses_hasten_endpoint(struct db *db, const char *endpoint_key,
			     const char *access_id, int64_t now,
			     int64_t count, struct err *err)
{
	return db_run(db, &q_hasten_endpoint, DB_ARGS(DB_TEXT(endpoint_key),
		      DB_TEXT(access_id), DB_I64(now), DB_I64(count)), err);
}

int accesses_hasten_host(struct db *db, const char *host_id,
			 const char *access_id, int64_t now, int64_t count,
			 struct err *err)
{
	return db_run(db, &q_hasten_host, DB_ARGS(DB_TEXT(host_id),
		      DB_TEXT(access_id), DB_I64(now), DB_I64(count)), err);
}

#define TALLY_OF(column) \
	"SELECT count(*), coalesce(sum(failed), 0) FROM" \
	" (SELECT failure_class IS NOT NULL AS failed" \
	"  FROM accesses WHERE " column " = $1 AND status <> 'broken'" \
	"  AND checked_at >= $2 ORDER BY checked_at DESC LIMIT $3) AS sample"

static const struct db_query q_tally_host = { "accesses.tally_host",
	TALLY_OF("host_id") };
static const struct db_query q_tally_endpoint = { "accesses.tally_endpoint",
	TALLY_OF("endpoint_key") };

static int tally(struct db *db, const struct db_query *query,
		 const struct db_val *args, size_t nargs,
		 struct access_tally *ret, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };

	if (db_query(&rows, db, query, args, nargs, err) ||
	    db_next(&rows, err) < 0)
		return -1;
	*ret = (struct access_tally){
		.checked = db_i64(&rows, 0),
		.failed = db_i64(&rows, 1),
	};
	return 0;
}

int accesses_tally_host(struct db *db, const char *host_id, int64_t since,
			int64_t sample, struct access_tally *ret,
			struct err *err)
{
	return tally(db, &q_tally_host, DB_ARGS(DB_TEXT(host_id),
		     DB_I64(since), DB_I64(sample)), ret, err);
}

int accesses_tally_endpoint(struct db *db, const char *endpoint_key,
			    int64_t since, int64_t sample,
			    struct access_tally *ret, struct err *err)
{
	return tally(db, &q_tally_endpoint, DB_ARGS(DB_TEXT(endpoint_key),
		     DB_I64(since), DB_I64(sample)), ret, err);
}

void access_event_done(struct access_event *event)
{
	free(event->kind);
	free(event->class);
	free(event->detail);
	*event = (struct access_event){ 0 };
}

static const struct db_query q_event_add = { "access_events.add",
	"INSERT INTO access_events (access_id, seq, at, kind, class, detail)"
	" VALUES ($1, (SELECT coalesce(max(seq), 0) + 1 FROM access_events"
	"  WHERE access_id = $1), $2, $3, $4, $5)" };
static const struct db_query q_event_forget = { "access_events.forget",
	"DELETE FROM access_events WHERE access_id = $1 AND seq <="
	" (SELECT max(seq) - $2 FROM access_events WHERE access_id = $1)" };

int access_events_add(struct db *db, const char *access_id,
		      const struct access_event *event, struct err *err)
{
	if (db_run(db, &q_event_add, DB_ARGS(DB_TEXT(access_id),
		   DB_I64(event->at), DB_TEXT(event->kind),
		   DB_TEXT(event->class), DB_TEXT(event->detail)), err))
		return err_wrap(err, "add event of access %s", access_id);
	return db_run(db, &q_event_forget, DB_ARGS(DB_TEXT(access_id),
		      DB_I64(ACCESS_EVENTS_KEPT)), err);
}

static const struct db_query q_event_list = { "access_events.list",
	"SELECT seq, at, kind, class, detail FROM access_events"
	" WHERE access_id = $1 ORDER BY seq DESC LIMIT $2" };

int access_events_list(struct db_rows *rows, struct db *db,
		       const char *access_id, int64_t limit, struct err *err)
{
	return db_query(rows, db, &q_event_list, DB_ARGS(DB_TEXT(access_id),
			DB_I64(limit)), err);
}

int access_events_next(struct db_rows *rows, struct access_event *event,
		       struct err *err)
{
	int more = db_next(rows, err);

	if (more <= 0)
		return more;
	access_event_done(event);
	*event = (struct access_event){
		.seq = db_i64(rows, 0),
		.at = db_i64(rows, 1),
		.kind = db_strdup(rows, 2),
		.class = db_strdup(rows, 3),
		.detail = db_strdup(rows, 4),
	};
	return 1;
}

const struct db_query *const accesses_queries[] = {
	&q_ensure, &q_proven, &q_get, &q_save, &q_planned, &q_active,
	&q_list_host,
	&q_list_endpoint, &q_list_status, &q_list_mode, &q_list, &q_due,
	&q_next_due, &q_plan_forgotten, &q_hasten_endpoint,
	&q_hasten_host, &q_tally_host, &q_tally_endpoint, &q_event_add,
	&q_event_forget, &q_event_list, NULL
};
