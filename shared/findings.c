#include "shared/findings.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const char *const state_names[] = {
	[FINDING_FOUND]		= "found",
	[FINDING_REPAIRED]	= "repaired",
	[FINDING_ACCEPTED]	= "accepted",
	[FINDING_ASKED]		= "asked",
	[FINDING_FAILED]	= "failed",
};
TABLE_ENUM_DEFINE(finding_state, state_names, FINDING_STATE__MAX);

/* What finding_read() reads, in its order. */
#define FINDING_COLUMNS \
	"reconcile_id, seq, resource_id, resource_type, host_resource_id," \
	" field, moved, action, certainty, wanted, written, live, state," \
	" text, settled_by, at"

static int finding_read(const struct db_rows *rows, struct finding *ret,
			struct err *err)
{
	struct finding it = { 0 };

	if (!resource_type_parse(db_text(rows, 3), &it.type) ||
	    !owned_moved_parse(db_text(rows, 6), &it.moved) ||
	    !owned_policy_parse(db_text(rows, 7), &it.action) ||
	    !owned_certainty_parse(db_text(rows, 8), &it.certainty) ||
	    !finding_state_parse(db_text(rows, 12), &it.state))
		return err_set(err, ERR_INTERNAL, "finding of %s: unknown word",
			       db_must(rows, 0));
	it.reconcile_id = db_strdup(rows, 0);
	it.seq = db_i64(rows, 1);
	it.resource_id = db_strdup(rows, 2);
	it.host_resource_id = db_strdup(rows, 4);
	it.field = db_strdup(rows, 5);
	it.wanted = db_strdup(rows, 9);
	it.written = db_strdup(rows, 10);
	it.live = db_strdup(rows, 11);
	it.text = db_strdup(rows, 13);
	it.settled_by = db_strdup(rows, 14);
	it.at = db_i64(rows, 15);
	finding_done(ret);
	*ret = it;
	return 0;
}

void finding_done(struct finding *finding)
{
	free(finding->reconcile_id);
	free(finding->resource_id);
	free(finding->host_resource_id);
	free(finding->field);
	free(finding->wanted);
	free(finding->written);
	free(finding->live);
	free(finding->text);
	free(finding->settled_by);
	*finding = (struct finding){ 0 };
}

static const struct db_query q_last = { "findings.last",
	"SELECT coalesce(max(seq), 0) FROM reconcile_findings"
	" WHERE reconcile_id = $1" };
static const struct db_query q_add = { "findings.add",
	"INSERT INTO reconcile_findings (" FINDING_COLUMNS ") VALUES"
	" ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14,"
	" NULL, $15)" };

int findings_add(struct db *db, const struct finding *finding, int64_t now,
		 bool *ret_added, struct err *err)
{
	const struct finding *f = finding;
	int64_t last;

	assert(db_in_tx(db));
	if (db_number(db, &q_last, DB_ARGS(DB_TEXT(f->reconcile_id)), &last,
		      err))
		return -1;
	*ret_added = last < FINDINGS_MAX;
	if (!*ret_added)
		return 0;
	return db_run(db, &q_add, DB_ARGS(DB_TEXT(f->reconcile_id),
		      DB_I64(last + 1), DB_TEXT(f->resource_id),
		      DB_TEXT(resource_type_name(f->type)),
		      DB_TEXT(f->host_resource_id), DB_TEXT(f->field),
		      DB_TEXT(owned_moved_name(f->moved)),
		      DB_TEXT(owned_policy_name(f->action)),
		      DB_TEXT(owned_certainty_name(f->certainty)),
		      DB_TEXT(f->wanted), DB_TEXT(f->written),
		      DB_TEXT(f->live), DB_TEXT(finding_state_name(f->state)),
		      DB_TEXT(f->text), DB_I64(now)), err);
}

static const struct db_query q_get = { "findings.get",
	"SELECT " FINDING_COLUMNS " FROM reconcile_findings"
	" WHERE reconcile_id = $1 AND seq = $2" };

int findings_get(struct db *db, const char *reconcile_id, int64_t seq,
		 struct finding *ret, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	if (db_query(&rows, db, &q_get, DB_ARGS(DB_TEXT(reconcile_id),
		     DB_I64(seq)), err))
		return -1;
	more = db_next(&rows, err);
	if (more == 0)
		return err_set(err, ERR_NOT_FOUND, "reconcile %s has no "
			       "finding %lld", reconcile_id, (long long)seq);
	return more < 0 ? -1 : finding_read(&rows, ret, err);
}

static const struct db_query q_list = { "findings.list",
	"SELECT " FINDING_COLUMNS " FROM reconcile_findings"
	" WHERE reconcile_id = $1 AND seq > $2 ORDER BY seq LIMIT $3" };

int findings_list(struct db_rows *rows, struct db *db,
		  const char *reconcile_id, int64_t after, int64_t limit,
		  struct err *err)
{
	return db_query(rows, db, &q_list, DB_ARGS(DB_TEXT(reconcile_id),
			DB_I64(after), DB_I64(limit)), err);
}

static const struct db_query q_of_resource = { "findings.of_resource",
	"SELECT " FINDING_COLUMNS " FROM reconcile_findings"
	" WHERE reconcile_id = $1 AND resource_id = $2 ORDER BY seq" };

int findings_of_resource(struct db_rows *rows, struct db *db,
			 const char *reconcile_id, const char *resource_id,
			 struct err *err)
{
	return db_query(rows, db, &q_of_resource, DB_ARGS(
			DB_TEXT(reconcile_id), DB_TEXT(resource_id)), err);
}

int findings_next(struct db_rows *rows, struct finding *finding,
		  struct err *err)
{
	int more = db_next(rows, err);

	if (more > 0 && finding_read(rows, finding, err))
		return -1;
	return more;
}

/* The first text of a query, or "". */
static int first_text(struct db *db, const struct db_query *query,
		      const char *reconcile_id, char ret[ID_MAX],
		      struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	if (db_query(&rows, db, query, DB_ARGS(DB_TEXT(reconcile_id)), err))
		return -1;
	more = db_next(&rows, err);
	if (more < 0)
		return -1;
	snprintf(ret, ID_MAX, "%s", more ? db_must(&rows, 0) : "");
	return 0;
}

static const struct db_query q_first_open = { "findings.first_open",
	"SELECT resource_id FROM reconcile_findings WHERE reconcile_id = $1"
	" AND state = 'found' ORDER BY seq LIMIT 1" };

int findings_first_open(struct db *db, const char *reconcile_id,
			char ret_resource_id[ID_MAX], struct err *err)
{
	return first_text(db, &q_first_open, reconcile_id, ret_resource_id,
			  err);
}

static const struct db_query q_settle = { "findings.settle",
	"UPDATE reconcile_findings SET state = $3, text = $4"
	" WHERE reconcile_id = $1 AND seq = $2" };

int findings_settle(struct db *db, const struct finding *finding,
		    enum finding_state state, const char *text,
		    struct err *err)
{
	return db_run(db, &q_settle, DB_ARGS(DB_TEXT(finding->reconcile_id),
		      DB_I64(finding->seq),
		      DB_TEXT(finding_state_name(state)), DB_TEXT(text)),
		      err);
}

static const struct db_query q_decide = { "findings.decide",
	"UPDATE reconcile_findings SET state = 'found', action = $3,"
	" settled_by = $4, text = NULL"
	" WHERE reconcile_id = $1 AND seq = $2" };

int findings_decide(struct db *db, const struct finding *finding,
		    enum owned_policy action, const char *by, struct err *err)
{
	return db_run(db, &q_decide, DB_ARGS(DB_TEXT(finding->reconcile_id),
		      DB_I64(finding->seq),
		      DB_TEXT(owned_policy_name(action)), DB_TEXT(by)), err);
}

static const struct db_query q_asks_if_gone = { "findings.asks_if_gone",
	"SELECT count(*) FROM reconcile_findings WHERE reconcile_id = $1"
	" AND resource_id = $2 AND state IN ('found', 'asked')"
	" AND ((field = '" OWNED_EXISTS "'"
	"   AND (settled_by IS NULL OR action = 'ask'))"
	"  OR (field = 'name' AND action = 'ask'))" };

int findings_asks_if_gone(struct db *db, const char *reconcile_id,
			  const char *resource_id, bool *ret, struct err *err)
{
	int64_t count;

	if (db_number(db, &q_asks_if_gone, DB_ARGS(DB_TEXT(reconcile_id),
		      DB_TEXT(resource_id)), &count, err))
		return -1;
	*ret = count > 0;
	return 0;
}

static const struct db_query q_reopen = { "findings.reopen",
	"UPDATE reconcile_findings SET state = 'found', text = NULL"
	" WHERE reconcile_id = $1 AND state = 'asked' AND text = $2" };

int findings_reopen(struct db *db, const char *reconcile_id,
		    const char *text, struct err *err)
{
	return db_run(db, &q_reopen, DB_ARGS(DB_TEXT(reconcile_id),
		      DB_TEXT(text)), err);
}

static const struct db_query q_forget_missing = { "findings.forget_missing",
	"DELETE FROM reconcile_findings WHERE reconcile_id = $1"
	" AND field = '" OWNED_EXISTS "'" };

int findings_forget_missing(struct db *db, const char *reconcile_id,
			    struct err *err)
{
	return db_run(db, &q_forget_missing, DB_ARGS(DB_TEXT(reconcile_id)),
		      err);
}

/* FINDINGS_MAX rows at most. */
static const struct db_query q_count = { "findings.count",
	"SELECT sum(state = 'found'), sum(state = 'repaired'),"
	" sum(state = 'accepted'), sum(state = 'asked'),"
	" sum(state = 'failed') FROM reconcile_findings"
	" WHERE reconcile_id = $1" };

int findings_count(struct db *db, const char *reconcile_id,
		   struct reconcile_counts *ret, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };

	if (db_query(&rows, db, &q_count, DB_ARGS(DB_TEXT(reconcile_id)),
		     err) || db_next(&rows, err) < 0)
		return -1;
	ret->found = db_i64(&rows, 0);
	ret->repaired = db_i64(&rows, 1);
	ret->accepted = db_i64(&rows, 2);
	ret->asked = db_i64(&rows, 3);
	ret->failed = db_i64(&rows, 4);
	return 0;
}

/*
 * What can be done about a field beside asking.  A row for each that can be;
 * type and platform, a role, an e-mail address are what a resource is.
 */
static const struct {
	enum resource_type type;
	const char *field;
	bool restore, accept;
} ways[] = {
	{ RESOURCE_GROUP, OWNED_EXISTS, false, true },
	{ RESOURCE_GROUP, "service", true, false },
	{ RESOURCE_GROUP, "is_exclusive", true, false },
	{ RESOURCE_ACCOUNT, OWNED_EXISTS, false, true },
	{ RESOURCE_ACCOUNT, "base_url", true, true },
	{ RESOURCE_ACCOUNT, "key", true, false },
	{ RESOURCE_ACCOUNT, "service", true, true },
	{ RESOURCE_ACCOUNT, "proxy_id", true, true },
	{ RESOURCE_ACCOUNT, "relay", true, false },
	{ RESOURCE_ACCOUNT, "responses_mode", true, false },
	{ RESOURCE_ACCOUNT, "error_codes", true, false },
	{ RESOURCE_ACCOUNT, "pool_mode", true, false },
	{ RESOURCE_ACCOUNT, "group_ids", true, false },
	{ RESOURCE_ACCOUNT, "model_mapping", true, false },
	{ RESOURCE_USER, OWNED_EXISTS, false, true },
	{ RESOURCE_USER, "service", true, false },
	{ RESOURCE_SUBSCRIPTION, OWNED_EXISTS, false, true },
	{ RESOURCE_USER_KEY, OWNED_EXISTS, false, true },
	{ RESOURCE_USER_KEY, "group_id", true, false },
	{ RESOURCE_CHANNEL, OWNED_EXISTS, false, true },
	{ RESOURCE_CHANNEL, "service", true, false },
	{ RESOURCE_CHANNEL, "model_pricing", true, false },
	{ RESOURCE_CHANNEL, "restrict_models", true, false },
	{ RESOURCE_CHANNEL, "group_ids", true, false },
};

bool finding_can(enum resource_type type, const char *field,
		 enum owned_policy decision)
{
	const struct owned_field *row = owned_field(type, field);

	if (row && row->policy == OWNED_ACCEPT)
		return decision == OWNED_ACCEPT;
	for (size_t i = 0; i < COUNT(ways); i++)
		if (ways[i].type == type && strcmp(ways[i].field, field) == 0)
			return decision == OWNED_RESTORE ? ways[i].restore :
			       decision == OWNED_ACCEPT && ways[i].accept;
	return false;
}

/* ---- suspects ---- */

static const struct db_query q_suspect = { "findings.suspect",
	"INSERT INTO reconcile_suspects (reconcile_id, resource_id,"
	" resource_type) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING" };

int suspects_add(struct db *db, const char *reconcile_id,
		 const char *resource_id, enum resource_type type,
		 struct err *err)
{
	return db_run(db, &q_suspect, DB_ARGS(DB_TEXT(reconcile_id),
		      DB_TEXT(resource_id),
		      DB_TEXT(resource_type_name(type))), err);
}

static const struct db_query q_first_suspect = { "findings.first_suspect",
	"SELECT resource_id FROM reconcile_suspects WHERE reconcile_id = $1"
	" ORDER BY resource_id LIMIT 1" };

int suspects_first(struct db *db, const char *reconcile_id,
		   char ret_resource_id[ID_MAX], struct err *err)
{
	return first_text(db, &q_first_suspect, reconcile_id, ret_resource_id,
			  err);
}

static const struct db_query q_drop = { "findings.drop_suspect",
	"DELETE FROM reconcile_suspects WHERE reconcile_id = $1"
	" AND resource_id = $2" };

int suspects_drop(struct db *db, const char *reconcile_id,
		  const char *resource_id, struct err *err)
{
	return db_run(db, &q_drop, DB_ARGS(DB_TEXT(reconcile_id),
		      DB_TEXT(resource_id)), err);
}

static const struct db_query q_drop_type = { "findings.drop_type",
	"DELETE FROM reconcile_suspects WHERE reconcile_id = $1"
	" AND resource_type = $2" };

int suspects_drop_type(struct db *db, const char *reconcile_id,
		       enum resource_type type, struct err *err)
{
	return db_run(db, &q_drop_type, DB_ARGS(DB_TEXT(reconcile_id),
		      DB_TEXT(resource_type_name(type))), err);
}

const struct db_query *const findings_queries[] = {
	&q_last, &q_add, &q_get, &q_list, &q_of_resource, &q_first_open,
	&q_settle, &q_decide, &q_asks_if_gone, &q_reopen, &q_forget_missing, &q_count, &q_suspect,
	&q_first_suspect, &q_drop, &q_drop_type, NULL
};
