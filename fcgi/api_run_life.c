/* api_run_life: what can be done to a run: let it go on, try again. */
#include "fcgi/api.h"
#include "fcgi/problem.h"
#include "fcgi/query.h"
#include "fcgi/view.h"
#include "shared/canary.h"
#include "shared/retry.h"

#define FOLDER "/api/batch-import/runs/"
#define MODELS_MAX 200		/* as in a row of the import */
#define TEXT_MAX 32

static int show_run(const struct request *req, struct jout *out,
		    const char *name, struct err *err)
{
	CLEANUP(run_done) struct run run = { 0 };

	if (runs_get(req->db, req->ids[0], &run, err))
		return -1;
	run_write(out, name, &run);
	return 0;
}

static int run_resume(const struct request *req, struct reply *reply,
		      struct err *err)
{
	struct jdec_problems problems = { 0 };

	if (req->body && !jdec(req->body, "", NULL, 0, NULL, &problems))
		return problem_refuse(reply, &problems);
	if (request_begin(req, err) ||
	    canary_resume(req->db, req->ids[0], req->now, err) ||
	    notices_end(req->db, NOTICE_RUN_HELD, req->ids[0], req->now, err))
		return -1;
	reply->status = 200;
	return show_run(req, &reply->out, NULL, err);
}

static bool is_only(const char *text)
{
	enum retry_only only;

	return retry_only_parse(text, &only);
}

struct retry_query {
	const char *only;
};

static const struct query_field retry_query_fields[] = {
	{ "only", QUERY_TEXT, offsetof(struct retry_query, only), 0,
	  TEXT_MAX, is_only },
};

static uint64_t random_of(void *arg)
{
	(void)arg;
	return seal_random();
}

static struct retry retry_of(const struct request *req)
{
	return (struct retry){ .by = req->token->token_id, .now = req->now,
			       .random = random_of };
}

static int run_retry(const struct request *req, struct reply *reply,
		     struct err *err)
{
	AUTO_FREE char *storage = NULL;
	struct jdec_problems problems = { 0 };
	struct retry_query query = { .only = "failed" };
	const struct retry retry = retry_of(req);
	enum retry_only only = RETRY_FAILED;
	int64_t count;

	if (query_read(req->query, retry_query_fields,
		       COUNT(retry_query_fields), &query, &storage, err))
		return -1;
	if (req->body && !jdec(req->body, "", NULL, 0, NULL, &problems))
		return problem_refuse(reply, &problems);
	/* query_read() let no other word pass. */
	if (!retry_only_parse(query.only, &only) || request_begin(req, err) ||
	    retry_run(req->db, req->ids[0], only, &retry, &count, err))
		return -1;
	reply_locate(reply, 202, FOLDER, req->ids[0]);
	jout_object(&reply->out, NULL);
	jout_i64(&reply->out, "retried", count);
	if (show_run(req, &reply->out, "run", err))
		return -1;
	jout_object_end(&reply->out);
	return 0;
}

struct item_body {
	json_t *requested_models;
};

static const struct jdec_field item_fields[] = {
	JDEC_STRS(struct item_body, requested_models, false, 0, MODELS_MAX),
};

static int show_item(const struct request *req, struct reply *reply,
		     struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(proof_done) struct proof newest = { 0 };
	CLEANUP(item_done) struct item item = { 0 };
	CLEANUP(run_done) struct run run = { 0 };

	if (runs_get(req->db, req->ids[0], &run, err) ||
	    items_get(req->db, req->ids[0], req->ids[1], &item, err) ||
	    proofs_list(&rows, req->db, item.item_id, 1, err) ||
	    proofs_next(&rows, &newest, err) < 0)
		return -1;
	item_begin(&reply->out, NULL, &item, &(struct item_view){
		   .run = &run, .proof = &newest, .now = req->now });
	item_end(&reply->out);
	return 0;
}

/* With other names, where those of before were not understood. */
static int item_retry(const struct request *req, struct reply *reply,
		      struct err *err)
{
	AUTO_FREE char *models = NULL;
	AUTO_FREE char *folder = xasprintf(FOLDER "%s/items/", req->ids[0]);
	struct jdec_problems problems = { 0 };
	struct item_body body = { 0 };
	struct retry retry = retry_of(req);

	if (req->body && !jdec(req->body, "", item_fields, COUNT(item_fields),
			       &body, &problems))
		return problem_refuse(reply, &problems);
	if (body.requested_models)
		models = json_dumps(body.requested_models, JSON_COMPACT);
	retry.requested_models = models;
	if (request_begin(req, err) ||
	    retry_item(req->db, req->ids[0], req->ids[1], &retry, err))
		return -1;
	reply_locate(reply, 202, folder, req->ids[1]);
	return show_item(req, reply, err);
}

const struct route api_run_life_routes[] = {
	{ HTTP_POST, "/api/batch-import/runs/{run_id}/resume", SCOPE_OPERATE,
	  .handle = run_resume, .body = BODY_OPTIONAL },
	{ HTTP_POST, "/api/batch-import/runs/{run_id}/retry", SCOPE_OPERATE,
	  .handle = run_retry, .body = BODY_OPTIONAL, .takes_query = true },
	{ HTTP_POST, "/api/batch-import/runs/{run_id}/items/{item_id}/retry",
	  SCOPE_OPERATE, .handle = item_retry, .body = BODY_OPTIONAL },
	{ 0 }
};
