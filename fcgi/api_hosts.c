/* api_hosts: the endpoints under /api/hosts. */
#include <string.h>

#include "fcgi/api.h"
#include "fcgi/cursor.h"
#include "fcgi/problem.h"
#include "fcgi/query.h"
#include "fcgi/view.h"
#include "shared/hosts.h"
#include "shared/jdec.h"
#include "shared/host_forget.h"
#include "shared/notices.h"
#include "shared/pauses.h"
#include "shared/tasks.h"

#define FOLDER "/api/hosts/"
#define PHRASE_MAX 512
#define PAGE 50
#define PAGE_MAX 200
#define LEFT_MAX 1000

int api_host_probe(const struct request *req, const char *host_id,
		   struct err *err)
{
	const struct task_spec spec = {
		.flow = "host_probe",
		.subject_id = host_id,
		.host_id = host_id,
		.step = "probe.public",
		.not_before = req->now,
	};
	char task_id[ID_MAX];

	return tasks_add(req->db, &spec, req->now, seal_random(), task_id,
			 err);
}

static int write_host(const struct request *req, struct jout *out,
		      const struct host *host, struct err *err)
{
	int64_t notices;

	if (notices_open_of_host(req->db, host->host_id, &notices, err))
		return -1;
	host_write(out, NULL, host, notices);
	return 0;
}

static int show_host(const struct request *req, const char *host_id,
		     struct reply *reply, struct err *err)
{
	CLEANUP(host_done) struct host host = { 0 };

	if (hosts_get(req->db, host_id, &host, err))
		return -1;
	return write_host(req, &reply->out, &host, err);
}

int api_host_later(const struct request *req, const char *host_id,
		   struct reply *reply, struct err *err)
{
	reply_locate(reply, 202, FOLDER, host_id);
	return show_host(req, host_id, reply, err);
}

static int host_probe(const struct request *req, struct reply *reply,
		      struct err *err)
{
	const char *host_id = req->ids[0];
	struct jdec_problems problems = { 0 };
	char open_task[ID_MAX];

	if (req->body && !jdec(req->body, "", NULL, 0, NULL, &problems))
		return problem_refuse(reply, &problems);
	if (request_begin(req, err) || show_host(req, host_id, reply, err) ||
	    pauses_refuse(req->db, host_id, NULL, err) ||
	    tasks_of_subject(req->db, host_id, open_task, err))
		return -1;
	/* Who asks while a probe is under way joins it. */
	if (open_task[0] == '\0' && api_host_probe(req, host_id, err))
		return -1;
	reply_locate(reply, 202, FOLDER, host_id);
	return 0;
}

struct accept_body {
	const char *phrase;
};

static const struct jdec_field accept_fields[] = {
	JDEC_STR(struct accept_body, phrase, true, 1, PHRASE_MAX),
};

static int add_acceptance(const struct request *req, const char *host_id,
			  const char *phrase, struct err *err)
{
	CLEANUP(jout_done) struct jout memo = { .text.max = TASK_MEMO_MAX };
	char task_id[ID_MAX];

	jout_object(&memo, NULL);
	jout_str(&memo, "phrase", phrase);
	jout_object_end(&memo);
	const struct task_spec spec = {
		.flow = "host_compliance",
		.subject_id = host_id,
		.host_id = host_id,
		.step = "compliance.accept",
		.not_before = req->now,
		.memo = buf_str(&memo.text),
	};

	return tasks_add(req->db, &spec, req->now, seal_random(), task_id,
			 err);
}

/* The commitment of a person: what was typed goes to the host as it is. */
static int host_accept(const struct request *req, struct reply *reply,
		       struct err *err)
{
	struct jdec_problems problems = { 0 };
	const char *host_id = req->ids[0];
	struct accept_body body = { 0 };

	if (!jdec(req->body, "", accept_fields, COUNT(accept_fields), &body,
		  &problems))
		return problem_refuse(reply, &problems);
	if (request_begin(req, err) ||
	    pauses_refuse(req->db, host_id, NULL, err) ||
	    api_host_later(req, host_id, reply, err))
		return -1;
	return add_acceptance(req, host_id, body.phrase, err);
}

static int probe_is_over(const struct request *req, const char *host_id,
			 bool *ret, struct err *err)
{
	char open_task[ID_MAX];

	if (tasks_of_subject(req->db, host_id, open_task, err))
		return -1;
	*ret = open_task[0] == '\0';
	return 0;
}

static int show_added(const struct request *req, const char *host_id,
		      struct reply *reply, struct err *err)
{
	reply->status = 201;
	return show_host(req, host_id, reply, err);
}

static int show_probed(const struct request *req, const char *host_id,
		       struct reply *reply, struct err *err)
{
	reply->status = 200;
	return show_host(req, host_id, reply, err);
}

static int host_show(const struct request *req, struct reply *reply,
		     struct err *err)
{
	return show_probed(req, req->ids[0], reply, err);
}

struct hosts_query {
	int64_t limit;
	const char *cursor;
};

static const struct query_field hosts_query_fields[] = {
	{ "limit", QUERY_INT, offsetof(struct hosts_query, limit), 1,
	  PAGE_MAX, NULL },
	{ "cursor", QUERY_TEXT, offsetof(struct hosts_query, cursor), 0,
	  CURSOR_MAX, NULL },
};

/* One row more than the page has tells whether there is another page. */
static int write_hosts(const struct request *req, const char *after,
		       int64_t limit, struct jout *out, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(host_done) struct host host = { 0 };
	char last[CURSOR_ID_MAX] = "", cursor[CURSOR_MAX];
	int64_t n = 0;
	int more;

	if (hosts_list(&rows, req->db, after, limit + 1, err))
		return -1;
	jout_array(out, "hosts");
	while ((more = hosts_next(&rows, &host, err)) > 0 && n++ < limit) {
		if (write_host(req, out, &host, err))
			return -1;
		snprintf(last, sizeof(last), "%s", host.host_id);
	}
	jout_array_end(out);
	jout_str(out, "next_cursor",
		 more > 0 ? cursor_make("hosts", last, cursor) : NULL);
	return more < 0 ? -1 : 0;
}

static int hosts_show(const struct request *req, struct reply *reply,
		      struct err *err)
{
	AUTO_FREE char *storage = NULL;
	struct hosts_query query = { .limit = PAGE };
	char after[CURSOR_ID_MAX];

	if (query_read(req->query, hosts_query_fields,
		       COUNT(hosts_query_fields), &query, &storage, err) ||
	    cursor_read("hosts", query.cursor, after, err))
		return -1;
	reply->status = 200;
	jout_object(&reply->out, NULL);
	if (write_hosts(req, after, query.limit, &reply->out, err))
		return -1;
	jout_object_end(&reply->out);
	return 0;
}

/* ---- forgetting one ---- */

static int refuse_use(const struct host_use *use, struct reply *reply,
		      struct err *err)
{
	if (strcmp(err->code, "host_in_use") != 0)
		return -1;
	problem_begin(reply, err);
	jout_i64(&reply->out, "import_batches", use->import_batches);
	jout_i64(&reply->out, "managed_resources", use->managed_resources);
	jout_i64(&reply->out, "reconcile_runs", use->reconcile_runs);
	problem_end(reply);
	return 0;
}

/* All that stays on the host, as far as a reply goes. */
static int write_left(const struct request *req, struct jout *out,
		      struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	struct host_left left;
	int64_t count;
	int more;

	if (host_left_count(req->db, req->ids[0], &count, err) ||
	    host_left_list(&rows, req->db, req->ids[0], LEFT_MAX, err))
		return -1;
	jout_i64(out, "left_total", count);
	jout_array(out, "left");
	while ((more = host_left_next(&rows, &left, err)) > 0) {
		jout_object(out, NULL);
		jout_str(out, "kind", left.kind);
		jout_str(out, "host_resource_id", left.host_resource_id);
		jout_str(out, "mark", left.mark);
		jout_str(out, "origin", left.origin);
		jout_object_end(out);
	}
	jout_array_end(out);
	return more;
}

static int host_forget(const struct request *req, struct reply *reply,
		       struct err *err)
{
	CLEANUP(host_done) struct host host = { 0 };
	int64_t open;

	if (hosts_get(req->db, req->ids[0], &host, err) ||
	    host_forget_open_work(req->db, req->ids[0], &open, err))
		return -1;
	if (open > 0) {
		err_set(err, ERR_CONFLICT, "imports or rollbacks of host %s "
			"have not ended", host.host_id);
		return err_code(err, "host_busy");
	}
	/* Nobody begins anything there from here on. */
	if (pauses_host(req->db, host.host_id, req->now, err) ||
	    host_forget_begin(req->db, host.host_id, req->now, seal_random(),
			      err))
		return -1;
	reply->status = 202;
	jout_object(&reply->out, NULL);
	jout_str(&reply->out, "host_id", host.host_id);
	jout_bool(&reply->out, "forgotten", true);
	if (write_left(req, &reply->out, err))
		return -1;
	jout_object_end(&reply->out);
	return 0;
}

struct delete_query {
	bool forget;
};

static const struct query_field delete_fields[] = {
	{ "forget", QUERY_FLAG, offsetof(struct delete_query, forget), 0, 0,
	  NULL },
};

static int host_delete(const struct request *req, struct reply *reply,
		       struct err *err)
{
	AUTO_FREE char *storage = NULL;
	struct delete_query query = { 0 };
	struct host_use use = { 0 };

	if (query_read(req->query, delete_fields, COUNT(delete_fields),
		       &query, &storage, err) || request_begin(req, err))
		return -1;
	if (query.forget)
		return host_forget(req, reply, err);
	if (hosts_delete(req->db, req->ids[0], &use, err))
		return refuse_use(&use, reply, err);
	reply->status = 204;
	return 0;
}

static const struct waiting added = { probe_is_over, show_added, 25 };
static const struct waiting looked_at = { probe_is_over, show_probed, 25 };

const struct route api_hosts_routes[] = {
	{ HTTP_POST,   "/api/hosts", SCOPE_ADMIN,
	  .handle = api_host_post, .body = BODY_REQUIRED, .waiting = &added },
	{ HTTP_GET,    "/api/hosts", SCOPE_READ,
	  .handle = hosts_show, .takes_query = true },
	{ HTTP_GET,    "/api/hosts/{host_id}", SCOPE_READ,
	  .handle = host_show },
	{ HTTP_PATCH,  "/api/hosts/{host_id}", SCOPE_ADMIN,
	  .handle = api_host_patch, .body = BODY_REQUIRED,
	  .waiting = &looked_at },
	{ HTTP_DELETE, "/api/hosts/{host_id}", SCOPE_ADMIN,
	  .handle = host_delete, .takes_query = true },
	{ HTTP_POST,   "/api/hosts/{host_id}/accept-compliance", SCOPE_ADMIN,
	  .handle = host_accept, .body = BODY_REQUIRED,
	  .waiting = &looked_at },
	{ HTTP_POST,   "/api/hosts/{host_id}/probe", SCOPE_OPERATE,
	  .handle = host_probe, .body = BODY_OPTIONAL, .waiting = &looked_at },
	{ 0 }
};
