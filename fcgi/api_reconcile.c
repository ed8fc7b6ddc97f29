/*
 * api_reconcile: what we own on a host, held against what the host shows: now,
 * and what came of it before.
 */
#include <stdlib.h>
#include <string.h>

#include "fcgi/api.h"
#include "fcgi/cursor.h"
#include "fcgi/problem.h"
#include "fcgi/provider_place.h"
#include "fcgi/query.h"
#include "fcgi/reconcile_view.h"
#include "shared/hosts.h"
#include "shared/jdec.h"
#include "shared/pauses.h"
#include "shared/runs.h"

#define FOLDER "/api/reconcile-runs/"
#define WAIT_S 25
#define PAGE 50
#define PAGE_MAX 200
#define FINDINGS_PAGE 100
#define FINDINGS_PAGE_MAX 500
#define TEXT_MAX 64
#define KEYS_TEXT_MAX (PROVIDER_ENDPOINTS_MAX * PROVIDER_PLANS_MAX * \
		       (ENDPOINT_KEY_MAX + LOOKUP_PLAN_MAX + 4))

/* ---- one, with what it found ---- */

struct findings_query {
	int64_t limit;
	const char *cursor;
};

static const struct query_field findings_fields[] = {
	{ "limit", QUERY_INT, offsetof(struct findings_query, limit), 1,
	  FINDINGS_PAGE_MAX, NULL },
	{ "cursor", QUERY_TEXT, offsetof(struct findings_query, cursor), 0,
	  CURSOR_MAX, NULL },
};

static int write_findings(const struct request *req, const char *reconcile_id,
			  const struct findings_query *query, struct jout *out,
			  struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(finding_done) struct finding finding = { 0 };
	char after[CURSOR_ID_MAX], last[24] = "", cursor[CURSOR_MAX];
	int64_t n = 0;
	int more;

	if (cursor_read("findings", query->cursor, after, err) ||
	    findings_list(&rows, req->db, reconcile_id,
			  strtoll(after, NULL, 10), query->limit + 1, err))
		return -1;
	jout_array(out, "findings");
	while ((more = findings_next(&rows, &finding, err)) > 0 &&
	       n++ < query->limit) {
		finding_write(out, NULL, &finding);
		snprintf(last, sizeof(last), "%lld", (long long)finding.seq);
	}
	jout_array_end(out);
	jout_str(out, "next_cursor",
		 more > 0 ? cursor_make("findings", last, cursor) : NULL);
	return more < 0 ? -1 : 0;
}

static int show(const struct request *req, const char *reconcile_id,
		const struct findings_query *query, struct reply *reply,
		struct err *err)
{
	CLEANUP(reconcile_run_done) struct reconcile_run run = { 0 };

	if (reconciles_get(req->db, reconcile_id, &run, err))
		return -1;
	reconcile_begin(&reply->out, NULL, &run);
	if (write_findings(req, reconcile_id, query, &reply->out, err))
		return -1;
	jout_object_end(&reply->out);
	return 0;
}

static int run_show(const struct request *req, struct reply *reply,
		    struct err *err)
{
	AUTO_FREE char *storage = NULL;
	struct findings_query query = { .limit = FINDINGS_PAGE };

	if (query_read(req->query, findings_fields, COUNT(findings_fields),
		       &query, &storage, err))
		return -1;
	reply->status = 200;
	return show(req, req->ids[0], &query, reply, err);
}

static int is_over(const struct request *req, const char *reconcile_id,
		   bool *ret, struct err *err)
{
	CLEANUP(reconcile_run_done) struct reconcile_run run = { 0 };

	if (reconciles_get(req->db, reconcile_id, &run, err))
		return -1;
	*ret = run.done;
	return 0;
}

static const struct findings_query first_page = { .limit = FINDINGS_PAGE };

static int show_result(const struct request *req, const char *reconcile_id,
		       struct reply *reply, struct err *err)
{
	reply->status = 200;
	return show(req, reconcile_id, &first_page, reply, err);
}

/* ---- begin one ---- */

struct reconcile_body {
	const char *host_id;
	const char *batch_id;
	const char *provider_id;
	const char *pack_id;
	bool apply;
};

static const struct jdec_field body_fields[] = {
	JDEC_STR(struct reconcile_body, host_id, false, 1, HTTP_ID_MAX),
	JDEC_STR(struct reconcile_body, batch_id, false, 1, HTTP_ID_MAX),
	JDEC_STR(struct reconcile_body, provider_id, false, 1, HTTP_ID_MAX),
	JDEC_STR(struct reconcile_body, pack_id, false, 1, HTTP_ID_MAX),
	JDEC_FLAG(struct reconcile_body, apply, false),
};

static const struct jdec_field batch_fields[] = {
	JDEC_FLAG(struct reconcile_body, apply, false),
};

static void check_scope(const struct reconcile_body *body,
			struct jdec_problems *problems)
{
	if (body->batch_id && body->provider_id)
		jdec_problem(problems, "", "provider_id",
			     "does not go with batch_id, which says it all");
	if (body->batch_id && body->host_id)
		jdec_problem(problems, "", "host_id",
			     "does not go with batch_id, which says it all");
	if (body->pack_id && !body->provider_id)
		jdec_problem(problems, "", "pack_id",
			     "goes with provider_id only");
	if (!body->host_id && !body->batch_id && !body->provider_id)
		jdec_problem(problems, "", "host_id",
			     "is missing; give it, or batch_id, or"
			     " provider_id");
}

/* One of the same scope is under way, but only looks. */
static int refuse(struct reply *reply, const char *reconcile_id,
		  const struct err *err)
{
	problem_begin(reply, err);
	jout_str(&reply->out, "reconcile_id", reconcile_id);
	problem_end(reply);
	return 0;
}

static int begin(const struct request *req, const struct reconcile_spec *spec,
		 struct reply *reply, struct err *err)
{
	char id[ID_MAX];

	if (request_begin(req, err) ||
	    pauses_refuse(req->db, spec->host_id, NULL, err))
		return -1;
	if (reconciles_add(req->db, spec, req->now, seal_random(), id, err))
		return strcmp(err->code, "reconcile_in_progress") == 0
			? refuse(reply, id, err) : -1;
	reply_locate(reply, 202, FOLDER, id);
	return show(req, id, &first_page, reply, err);
}

static int begin_host(const struct request *req,
		      const struct reconcile_body *body, struct reply *reply,
		      struct err *err)
{
	CLEANUP(host_done) struct host host = { 0 };
	const struct reconcile_spec spec = {
		.host_id = body->host_id, .scope = RECONCILE_HOST,
		.repair = body->apply, .requested_by = req->token->token_id,
	};

	if (hosts_get(req->db, body->host_id, &host, err))
		return -1;
	return begin(req, &spec, reply, err);
}

static int begin_batch(const struct request *req,
		       const struct reconcile_body *body, struct reply *reply,
		       struct err *err)
{
	CLEANUP(run_done) struct run run = { 0 };

	if (runs_get(req->db, body->batch_id, &run, err))
		return -1;
	const struct reconcile_spec spec = {
		.host_id = run.host_id, .scope = RECONCILE_RUN,
		.batch_id = run.run_id, .repair = body->apply,
		.requested_by = req->token->token_id,
	};

	return begin(req, &spec, reply, err);
}

static int begin_provider(const struct request *req,
			  const struct reconcile_body *body,
			  struct reply *reply, struct err *err)
{
	const struct place_query query = { body->host_id, body->pack_id };
	CLEANUP(provider_place_done) struct provider_place place = { 0 };
	CLEANUP(jout_done) struct jout keys = { .text.max = KEYS_TEXT_MAX };

	if (provider_place_find(req, body->provider_id, &query, &place, err))
		return -1;
	if (!*place.host_id)
		return err_set(err, ERR_NOT_FOUND, "provider %s is on no host",
			       body->provider_id);
	jout_array(&keys, NULL);
	for (size_t i = 0; i < place.nkeys; i++)
		for (size_t k = 0; k < place.nplans; k++) {
			AUTO_FREE char *at = lookup_place(place.keys[i],
							  place.plans[k]);

			jout_str(&keys, NULL, at);
		}
	jout_array_end(&keys);
	const struct reconcile_spec spec = {
		.host_id = place.host_id, .scope = RECONCILE_PROVIDER,
		.provider_id = body->provider_id,
		.places = buf_str(&keys.text), .repair = body->apply,
		.requested_by = req->token->token_id,
	};

	return begin(req, &spec, reply, err);
}

static int reconcile_post(const struct request *req, struct reply *reply,
			  struct err *err)
{
	struct reconcile_body body = { 0 };
	struct jdec_problems problems = { 0 };

	if (jdec(req->body, "", body_fields, COUNT(body_fields), &body,
		 &problems))
		check_scope(&body, &problems);
	if (problems.count)
		return problem_refuse(reply, &problems);
	if (body.batch_id)
		return begin_batch(req, &body, reply, err);
	return body.provider_id ? begin_provider(req, &body, reply, err)
				: begin_host(req, &body, reply, err);
}

static int batch_post(const struct request *req, struct reply *reply,
		      struct err *err)
{
	struct reconcile_body body = { .batch_id = req->ids[0] };
	struct jdec_problems problems = { 0 };

	if (req->body && !jdec(req->body, "", batch_fields,
			       COUNT(batch_fields), &body, &problems))
		return problem_refuse(reply, &problems);
	return begin_batch(req, &body, reply, err);
}

/* ---- decide ---- */

enum { DECIDE_ACCEPT, DECIDE_RESTORE };
static const char *const decision_names[] = {
	[DECIDE_ACCEPT] = "accept", [DECIDE_RESTORE] = "restore", NULL
};

struct decision_body {
	int decision;
};

static const struct jdec_field decision_fields[] = {
	JDEC_NAME(struct decision_body, decision, true, decision_names),
};

static int check_decision(const struct finding *finding,
			  enum owned_policy decision, struct err *err)
{
	if (finding->state == FINDING_REPAIRED ||
	    finding->state == FINDING_ACCEPTED) {
		err_set(err, ERR_CONFLICT, "finding %lld is settled already",
			(long long)finding->seq);
		return err_code(err, "finding_settled");
	}
	if (finding_can(finding->type, finding->field, decision))
		return 0;
	err_set(err, ERR_CONFLICT, "'%s' of a %s: %s is not possible",
		finding->field, resource_type_name(finding->type),
		owned_policy_name(decision));
	return err_code(err, "decision_not_possible");
}

static int decision_post(const struct request *req, struct reply *reply,
			 struct err *err)
{
	CLEANUP(reconcile_run_done) struct reconcile_run run = { 0 };
	CLEANUP(finding_done) struct finding finding = { 0 };
	struct decision_body body = { 0 };
	struct jdec_problems problems = { 0 };
	enum owned_policy decision;

	if (!jdec(req->body, "", decision_fields, COUNT(decision_fields),
		  &body, &problems))
		return problem_refuse(reply, &problems);
	decision = body.decision == DECIDE_ACCEPT ? OWNED_ACCEPT
						  : OWNED_RESTORE;
	if (request_begin(req, err) ||
	    reconciles_get(req->db, req->ids[0], &run, err) ||
	    findings_get(req->db, req->ids[0], strtoll(req->ids[1], NULL, 10),
			 &finding, err) ||
	    check_decision(&finding, decision, err) ||
	    pauses_refuse(req->db, run.host_id, NULL, err) ||
	    findings_decide(req->db, &finding, decision,
			    req->token->token_id, err))
		return -1;
	if (reconciles_resume(req->db, &run, req->now, seal_random(), err))
		return -1;
	reply_locate(reply, 202, FOLDER, run.reconcile_id);
	return show(req, run.reconcile_id, &first_page, reply, err);
}

/* ---- those there were ---- */

static bool is_result(const char *text)
{
	enum reconcile_result result;

	return reconcile_result_parse(text, &result);
}

struct runs_query {
	struct reconcile_filter filter;
	int64_t limit;
	const char *cursor;
};

#define AT(member) offsetof(struct runs_query, member)

static const struct query_field runs_fields[] = {
	{ "host_id", QUERY_TEXT, AT(filter.host_id), 0, HTTP_ID_MAX,
	  http_is_id },
	{ "batch_id", QUERY_TEXT, AT(filter.batch_id), 0, HTTP_ID_MAX,
	  http_is_id },
	{ "provider_id", QUERY_TEXT, AT(filter.provider_id), 0, HTTP_ID_MAX,
	  http_is_id },
	{ "result", QUERY_TEXT, AT(filter.result), 0, TEXT_MAX, is_result },
	{ "limit", QUERY_INT, AT(limit), 1, PAGE_MAX, NULL },
	{ "cursor", QUERY_TEXT, AT(cursor), 0, CURSOR_MAX, NULL },
};

static int write_runs(const struct request *req,
		      const struct runs_query *query, struct jout *out,
		      struct err *err)
{
	CLEANUP(walk_done) struct walk walk = { 0 };
	CLEANUP(reconcile_run_done) struct reconcile_run run = { 0 };
	char last[WALK_ID_MAX] = "";
	int64_t n = 0;
	int more;

	if (reconciles_list(&walk, req->db, &query->filter, err))
		return -1;
	jout_array(out, "reconcile_runs");
	while ((more = reconciles_list_next(&walk, &run, err)) > 0 &&
	       n++ < query->limit) {
		reconcile_write(out, NULL, &run);
		snprintf(last, sizeof(last), "%s", run.reconcile_id);
	}
	jout_array_end(out);
	if (more < 0)
		return -1;
	cursor_write(out, "reconciles", &walk, more > 0, last);
	return 0;
}

static int runs_show(const struct request *req, struct reply *reply,
		     struct err *err)
{
	AUTO_FREE char *storage = NULL;
	struct runs_query query = { .limit = PAGE };
	char before[CURSOR_ID_MAX];

	if (query_read(req->query, runs_fields, COUNT(runs_fields), &query,
		       &storage, err) ||
	    cursor_read("reconciles", query.cursor, before, err))
		return -1;
	query.filter.before = before;
	reply->status = 200;
	jout_object(&reply->out, NULL);
	if (write_runs(req, &query, &reply->out, err))
		return -1;
	jout_object_end(&reply->out);
	return 0;
}

static const struct waiting begun = { is_over, show_result, WAIT_S, 0 };

const struct route api_reconcile_routes[] = {
	{ HTTP_POST, "/api/reconcile", SCOPE_OPERATE,
	  .handle = reconcile_post, .body = BODY_REQUIRED,
	  .waiting = &begun },
	{ HTTP_POST, "/api/import-batches/{batch_id}/reconcile",
	  SCOPE_OPERATE, .handle = batch_post, .body = BODY_OPTIONAL,
	  .waiting = &begun },
	{ HTTP_POST, "/api/reconcile-runs/{reconcile_id}/findings/{seq}",
	  SCOPE_OPERATE, .handle = decision_post, .body = BODY_REQUIRED,
	  .waiting = &begun },
	{ HTTP_GET, "/api/reconcile-runs", SCOPE_READ, .handle = runs_show,
	  .takes_query = true },
	{ HTTP_GET, "/api/reconcile-runs/{reconcile_id}", SCOPE_READ,
	  .handle = run_show, .takes_query = true },
	{ 0 }
};
