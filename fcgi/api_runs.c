/* api_runs: the endpoints under /api/batch-import/runs, but for items. */
#include "fcgi/api.h"
#include "fcgi/cursor.h"
#include "fcgi/problem.h"
#include "fcgi/query.h"
#include "fcgi/rollback_view.h"
#include "fcgi/view.h"
#include "shared/jdec.h"
#include "shared/tasks.h"

#define PAGE 50
#define PAGE_MAX 200
#define TEXT_MAX 128

static bool is_state(const char *text)
{
	enum run_state state;

	return run_state_parse(text, &state);
}

static bool is_mode(const char *text)
{
	enum access_mode mode;

	return access_mode_parse(text, &mode);
}

struct runs_query {
	const char *state;
	const char *access_mode;
	const char *host_id;
	const char *q;
	int64_t limit;
	const char *cursor;
};

#define TEXT_FIELD(member, max, is_valid) \
	{ #member, QUERY_TEXT, offsetof(struct runs_query, member), 0, max, \
	  is_valid }

static const struct query_field runs_query_fields[] = {
	TEXT_FIELD(state, TEXT_MAX, is_state),
	TEXT_FIELD(access_mode, TEXT_MAX, is_mode),
	TEXT_FIELD(host_id, TEXT_MAX, http_is_id),
	TEXT_FIELD(q, TEXT_MAX, NULL),
	TEXT_FIELD(cursor, CURSOR_MAX, NULL),
	{ "limit", QUERY_INT, offsetof(struct runs_query, limit), 1,
	  PAGE_MAX, NULL },
};

/*
 * One row more than the page has tells whether there is another.  A page may
 * be short and have a cursor all the same, see walk.h.
 */
static int write_runs(const struct request *req,
		      const struct run_filter *filter, int64_t limit,
		      struct jout *out, struct err *err)
{
	CLEANUP(walk_done) struct walk walk = { 0 };
	CLEANUP(run_done) struct run run = { 0 };
	char last[WALK_ID_MAX] = "";
	int64_t n = 0;
	int more;

	if (run_list(&walk, req->db, filter, err))
		return -1;
	jout_array(out, "runs");
	while ((more = run_list_next(&walk, &run, err)) > 0 && n++ < limit) {
		run_write(out, NULL, &run);
		snprintf(last, sizeof(last), "%s", run.run_id);
	}
	jout_array_end(out);
	if (more < 0)
		return -1;
	cursor_write(out, "runs", &walk, more > 0, last);
	return 0;
}

static int runs_show(const struct request *req, struct reply *reply,
		     struct err *err)
{
	AUTO_FREE char *storage = NULL;
	struct runs_query query = { .limit = PAGE };
	int64_t counts[RUN_STATE__MAX];
	char before[CURSOR_ID_MAX];

	if (query_read(req->query, runs_query_fields,
		       COUNT(runs_query_fields), &query, &storage, err) ||
	    cursor_read("runs", query.cursor, before, err))
		return -1;
	const struct run_filter filter = {
		.state = query.state,
		.access_mode = query.access_mode,
		.host_id = query.host_id,
		.q = query.q,
		.before = before,
	};
	reply->status = 200;
	jout_object(&reply->out, NULL);
	if (write_runs(req, &filter, query.limit, &reply->out, err) ||
	    run_list_counts(req->db, &filter, counts, err))
		return -1;
	view_run_counts(&reply->out, "counts", counts);
	jout_object_end(&reply->out);
	return 0;
}

static int show_run(const struct request *req, const char *run_id,
		    struct reply *reply, struct err *err)
{
	CLEANUP(run_done) struct run run = { 0 };

	if (runs_get(req->db, run_id, &run, err))
		return -1;
	run_begin(&reply->out, NULL, &run);
	if (rollback_write_newest(req, &reply->out, "rollback", run_id, err))
		return -1;
	jout_object_end(&reply->out);
	return 0;
}

static int run_show(const struct request *req, struct reply *reply,
		    struct err *err)
{
	reply->status = 200;
	return show_run(req, req->ids[0], reply, err);
}

static int run_cancel(const struct request *req, struct reply *reply,
		      struct err *err)
{
	struct jdec_problems problems = { 0 };

	if (req->body && !jdec(req->body, "", NULL, 0, NULL, &problems))
		return problem_refuse(reply, &problems);
	if (request_begin(req, err) ||
	    runs_cancel(req->db, req->ids[0], req->now, err) ||
	    notices_end(req->db, NOTICE_RUN_HELD, req->ids[0], req->now, err))
		return -1;
	reply->status = 200;
	return show_run(req, req->ids[0], reply, err);
}

int api_run_is_over(const struct request *req, const char *run_id, bool *ret,
		    struct err *err)
{
	int64_t open_tasks;

	if (tasks_open_of_run(req->db, run_id, &open_tasks, err))
		return -1;
	*ret = open_tasks == 0;
	return 0;
}

static int show_finished(const struct request *req, const char *run_id,
			 struct reply *reply, struct err *err)
{
	reply->status = 201;
	return show_run(req, run_id, reply, err);
}

static const struct waiting added = { api_run_is_over, show_finished, 0 };

const struct route api_runs_routes[] = {
	{ HTTP_POST, "/api/batch-import/runs", SCOPE_OPERATE,
	  .handle = api_run_post, .body = BODY_REQUIRED, .takes_query = true,
	  .takes_files = true, .waiting = &added },
	{ HTTP_POST, "/api/batch-import/runs/preview", SCOPE_READ,
	  .handle = api_run_preview, .body = BODY_REQUIRED,
	  .takes_query = true, .takes_files = true },
	{ HTTP_GET,  "/api/batch-import/runs", SCOPE_READ,
	  .handle = runs_show, .takes_query = true },
	{ HTTP_GET,  "/api/batch-import/runs/{run_id}", SCOPE_READ,
	  .handle = run_show },
	{ HTTP_POST, "/api/batch-import/runs/{run_id}/cancel", SCOPE_OPERATE,
	  .handle = run_cancel, .body = BODY_OPTIONAL },
	{ 0 }
};
