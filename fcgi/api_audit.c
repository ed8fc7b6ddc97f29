/*
 * api_audit: who did what; see shared/audit.h.
 *
 * A token of scope read sees every row, but not what tokens are called: their
 * ids, which other views show as well, tell them apart, and names are those of
 * people.  A token of scope admin sees them.
 */
#include <inttypes.h>

#include "fcgi/api.h"
#include "fcgi/cursor.h"
#include "fcgi/query.h"
#include "shared/audit.h"
#include "shared/clock.h"

#define PAGE 50
#define PAGE_MAX 200
#define VERIFY_ROWS 100000	/* a request: less than a second */
#define REFUSED_ROWS 1000
#define TEXT_MAX 128

struct audit_query {
	const char *actor;
	const char *token_id;
	const char *action;
	const char *object;
	const char *object_id;
	const char *host_id;
	const char *request_id;
	const char *since;
	const char *until;
	const char *cursor;
	int64_t limit;
};

static bool is_moment(const char *text)
{
	int64_t at;

	return clock_parse(text, &at);
}

static bool is_actor(const char *text)
{
	static const char *const actors[] = {
		AUDIT_BY_TOKEN, AUDIT_BY_SCHEDD, AUDIT_BY_MACHINE,
	};
	int which;

	return table_find(actors, COUNT(actors), text, &which);
}

#define FIELD(member, is_valid) \
	{ #member, QUERY_TEXT, offsetof(struct audit_query, member), 0, \
	  TEXT_MAX, is_valid }

static const struct query_field audit_fields[] = {
	FIELD(actor, is_actor),
	FIELD(token_id, http_is_id),
	FIELD(action, NULL),
	FIELD(object, NULL),
	FIELD(object_id, NULL),
	FIELD(host_id, http_is_id),
	FIELD(request_id, NULL),
	FIELD(since, is_moment),
	FIELD(until, is_moment),
	{ "cursor", QUERY_TEXT, offsetof(struct audit_query, cursor), 0,
	  CURSOR_MAX, NULL },
	{ "limit", QUERY_INT, offsetof(struct audit_query, limit), 1, PAGE_MAX,
	  NULL },
};

static void write_row(const struct request *req, struct jout *out,
		      const struct audit_row *row)
{
	jout_i64(out, "seq", row->seq);
	jout_time(out, "at", row->at);
	for (int i = 0; i < AUDIT_CELL__MAX; i++) {
		const char *name = audit_cell_name((enum audit_cell)i);

		if (i == AUDIT_WHAT || i == AUDIT_BEFORE || i == AUDIT_AFTER)
			jout_raw(out, name, row->cell[i]);
		else if (i != AUDIT_TOKEN_NAME ||
			 req->token->scope >= SCOPE_ADMIN)
			jout_str(out, name, row->cell[i]);
	}
	jout_str(out, "prev_hash", row->prev_hash);
	jout_str(out, "hash", row->hash);
}

static int write_page(const struct request *req,
		      const struct audit_filter *filter, int64_t limit,
		      struct jout *out, struct err *err)
{
	CLEANUP(walk_done) struct walk walk = { 0 };
	CLEANUP(audit_row_done) struct audit_row row = { 0 };
	char last[WALK_ID_MAX] = "";
	int64_t n = 0;
	int more;

	if (audit_list(&walk, req->db, filter, err))
		return -1;
	jout_array(out, "rows");
	while ((more = audit_list_next(&walk, &row, err)) > 0 &&
	       n++ < limit) {
		jout_object(out, NULL);
		write_row(req, out, &row);
		jout_object_end(out);
		snprintf(last, sizeof(last), "%" PRId64, row.seq);
	}
	jout_array_end(out);
	if (more < 0)
		return -1;
	cursor_write(out, "audit", &walk, more > 0, last);
	return 0;
}

static void fill_filter(const struct audit_query *query, const char *before,
			struct audit_filter *ret)
{
	*ret = (struct audit_filter){
		.cell = {
			[AUDIT_ACTOR] = query->actor,
			[AUDIT_TOKEN_ID] = query->token_id,
			[AUDIT_ACTION] = query->action,
			[AUDIT_OBJECT] = query->object,
			[AUDIT_OBJECT_ID] = query->object_id,
			[AUDIT_HOST_ID] = query->host_id,
			[AUDIT_REQUEST_ID] = query->request_id,
		},
		.before = *before ? strtoll(before, NULL, 10) : 0,
	};
	if (query->since && !clock_parse(query->since, &ret->since))
		ret->since = 0;
	if (query->until && !clock_parse(query->until, &ret->until))
		ret->until = 0;
}

static int audit_show(const struct request *req, struct reply *reply,
		      struct err *err)
{
	AUTO_FREE char *storage = NULL;
	struct audit_query query = { .limit = PAGE };
	struct audit_filter filter;
	char before[CURSOR_ID_MAX];

	if (query_read(req->query, audit_fields, COUNT(audit_fields), &query,
		       &storage, err) ||
	    cursor_read("audit", query.cursor, before, err))
		return -1;
	fill_filter(&query, before, &filter);
	reply->status = 200;
	jout_object(&reply->out, NULL);
	if (write_page(req, &filter, query.limit, &reply->out, err))
		return -1;
	jout_object_end(&reply->out);
	return 0;
}

static int row_show(const struct request *req, struct reply *reply,
		    struct err *err)
{
	CLEANUP(audit_row_done) struct audit_row row = { 0 };

	if (audit_get(req->db, strtoll(req->ids[0], NULL, 10), &row, err))
		return -1;
	reply->status = 200;
	jout_object(&reply->out, NULL);
	write_row(req, &reply->out, &row);
	jout_object_end(&reply->out);
	return 0;
}

static bool is_place(const char *text)
{
	struct audit_place place;

	return audit_place_parse(text, &place);
}

struct verify_query {
	const char *after;
	const char *expect;
	int64_t limit;
};

static const struct query_field verify_fields[] = {
	{ "after", QUERY_TEXT, offsetof(struct verify_query, after), 0,
	  TEXT_MAX, is_place },
	{ "expect", QUERY_TEXT, offsetof(struct verify_query, expect), 0,
	  TEXT_MAX, is_place },
	{ "limit", QUERY_INT, offsetof(struct verify_query, limit), 1,
	  VERIFY_ROWS, NULL },
};

static void write_place(struct jout *out, const char *name,
			const struct audit_place *place)
{
	char text[AUDIT_PLACE_TEXT];

	audit_place_text(place, text);
	jout_str(out, name, place->seq ? text : NULL);
}

static void write_report(struct jout *out, const struct audit_report *report)
{
	bool holds = report->problem == AUDIT_HOLDS;

	jout_object(out, NULL);
	jout_bool(out, "ok", holds);
	jout_i64(out, "checked", report->checked);
	jout_i64(out, "dropped_to", report->base_seq);
	write_place(out, "head", &report->head);
	if (holds)
		jout_null(out, "problem");
	else
		jout_str(out, "problem", audit_problem_name(report->problem));
	if (holds)
		jout_null(out, "seq");
	else
		jout_i64(out, "seq", report->bad_seq);
	if (holds && report->end.seq < report->head.seq)
		write_place(out, "next", &report->end);
	else
		jout_null(out, "next");
	jout_object_end(out);
}

static int verify_show(const struct request *req, struct reply *reply,
		       struct err *err)
{
	AUTO_FREE char *storage = NULL;
	struct verify_query query = { .limit = VERIFY_ROWS };
	struct audit_place after = { 0 }, expected;
	struct audit_report report;

	if (query_read(req->query, verify_fields, COUNT(verify_fields),
		       &query, &storage, err))
		return -1;
	if (query.after && !audit_place_parse(query.after, &after))
		return err_set(err, ERR_INTERNAL, "a place that was checked");
	if (audit_verify(req->db, req->worker->key, &after, query.limit,
			 &report, err))
		return -1;
	if (report.problem == AUDIT_HOLDS && query.expect &&
	    audit_place_parse(query.expect, &expected)) {
		if (audit_expect(req->db, &expected, &report.problem, err))
			return -1;
		report.bad_seq = expected.seq;
	}
	reply->status = 200;
	write_report(&reply->out, &report);
	return 0;
}

static int refused_show(const struct request *req, struct reply *reply,
			struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	struct audit_refusal r;
	struct jout *out = &reply->out;
	int more;

	if (audit_refused_list(&rows, req->db, REFUSED_ROWS, err))
		return -1;
	reply->status = 200;
	jout_object(out, NULL);
	jout_array(out, "rows");
	while ((more = audit_refused_next(&rows, &r, err)) > 0) {
		jout_object(out, NULL);
		jout_time(out, "minute", r.minute);
		jout_str(out, "token_id", *r.token_id ? r.token_id : NULL);
		jout_i64(out, "count", r.count);
		jout_str(out, "action", r.action);
		jout_str(out, "request_id", r.request_id);
		jout_i64(out, "status", r.status);
		jout_object_end(out);
	}
	jout_array_end(out);
	jout_object_end(out);
	return more < 0 ? -1 : 0;
}

const struct route api_audit_routes[] = {
	{ HTTP_GET, "/api/audit", SCOPE_READ,
	  .handle = audit_show, .takes_query = true },
	{ HTTP_GET, "/api/audit/verify", SCOPE_READ,
	  .handle = verify_show, .takes_query = true },
	{ HTTP_GET, "/api/audit/refused", SCOPE_READ,
	  .handle = refused_show },
	{ HTTP_GET, "/api/audit/rows/{seq}", SCOPE_READ, .handle = row_show },
	{ 0 }
};
