/* api_hosts: the endpoints under /api/hosts. */
#include <string.h>

#include "fcgi/api.h"
#include "fcgi/cursor.h"
#include "fcgi/problem.h"
#include "fcgi/query.h"
#include "fcgi/view.h"
#include "shared/endpoint.h"
#include "shared/hosts.h"
#include "shared/jdec.h"
#include "shared/secrets.h"
#include "shared/tasks.h"

#define FOLDER "/api/hosts/"
#define NAME_MAX_BYTES 100
#define TOKEN_MIN 8
#define TOKEN_MAX 8192
#define PAGE 50
#define PAGE_MAX 200

struct host_body {
	const char *name;
	const char *base_url;
	const char *public_base_url;
	const char *auth_type;
	const char *auth_token;
};

static const struct jdec_field host_fields[] = {
	JDEC_STR(struct host_body, name, false, 1, NAME_MAX_BYTES),
	JDEC_STR(struct host_body, base_url, true, 1, ENDPOINT_URL_MAX),
	JDEC_STR(struct host_body, public_base_url, false, 1,
		 ENDPOINT_URL_MAX),
	JDEC_STR(struct host_body, auth_type, true, 1, 32),
	JDEC_STR(struct host_body, auth_token, true, TOKEN_MIN, TOKEN_MAX),
};

/* A host that may be stored.  Release with new_host_done(). */
struct new_host {
	char *name;
	char *base_url;
	char *public_base_url;		/* or NULL */
	enum host_auth auth_type;
	struct secret_sealed token;
};

static void new_host_done(struct new_host *host)
{
	free(host->name);
	free(host->base_url);
	free(host->public_base_url);
	secret_sealed_done(&host->token);
	*host = (struct new_host){ 0 };
}

static void check_url(const char *field, const char *url, char **ret,
		      struct jdec_problems *problems)
{
	struct err err;

	if (url && endpoint_normalise(url, ret, &err))
		jdec_problem(problems, "", field, "%s", err.msg);
}

static void check_auth(const struct host_body *body, struct new_host *host,
		       struct jdec_problems *problems)
{
	if (body->auth_type && strcmp(body->auth_type, "password") == 0)
		jdec_problem(problems, "", "auth_type",
			     "password is not supported yet; "
			     "give an api_key or a bearer token");
	else if (body->auth_type &&
		 !host_auth_parse(body->auth_type, &host->auth_type))
		jdec_problem(problems, "", "auth_type",
			     "must be one of: api_key, bearer");
	for (const char *c = body->auth_token; c && *c != '\0'; c++) {
		if (*c > 32 && *c < 127)
			continue;
		jdec_problem(problems, "", "auth_token",
			     "must be visible ASCII without blanks");
		return;
	}
}

/* The host and port of a URL: what it is called unless somebody says. */
static char *host_of(const char *url)
{
	const char *from = strstr(url, "://");

	from = from ? from + 3 : url;
	return xstrndup(from, strcspn(from, "/"));
}

static bool check_host(const struct request *req, struct new_host *host,
		       struct jdec_problems *problems)
{
	struct host_body body = { 0 };

	if (!jdec(req->body, "", host_fields, COUNT(host_fields), &body,
		  problems) && problems->count == 0)
		return false;
	check_url("base_url", body.base_url, &host->base_url, problems);
	check_url("public_base_url", body.public_base_url,
		  &host->public_base_url, problems);
	check_auth(&body, host, problems);
	if (problems->count || !host->base_url)
		return false;
	host->name = body.name ? xstrdup(body.name) : host_of(host->base_url);
	secrets_seal(req->worker->key, SECRET_HOST_TOKEN, body.auth_token,
		     req->now, seal_random(), &host->token);
	return true;
}

static int add_probe(const struct request *req, const char *host_id,
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

static int show_host(const struct request *req, const char *host_id,
		     struct reply *reply, struct err *err)
{
	CLEANUP(host_done) struct host host = { 0 };

	if (hosts_get(req->db, host_id, &host, err))
		return -1;
	host_write(&reply->out, NULL, &host);
	return 0;
}

static int hosts_post(const struct request *req, struct reply *reply,
		      struct err *err)
{
	CLEANUP(new_host_done) struct new_host host = { 0 };
	struct jdec_problems problems = { 0 };
	char host_id[ID_MAX];

	if (!check_host(req, &host, &problems))
		return problem_refuse(reply, &problems);
	const struct host_spec spec = {
		.name = host.name,
		.base_url = host.base_url,
		.public_base_url = host.public_base_url,
		.auth_type = host.auth_type,
		.auth_secret_id = host.token.face.secret_id,
	};
	if (request_begin(req, err) ||
	    secrets_store(req->db, &host.token, req->now, err) ||
	    hosts_add(req->db, &spec, req->now, seal_random(), host_id, err) ||
	    add_probe(req, host_id, err))
		return -1;
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
	    tasks_of_subject(req->db, host_id, open_task, err))
		return -1;
	/* Who asks while a probe is under way joins it. */
	if (open_task[0] == '\0' && add_probe(req, host_id, err))
		return -1;
	reply_locate(reply, 202, FOLDER, host_id);
	return 0;
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
		host_write(out, NULL, &host);
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

static int host_delete(const struct request *req, struct reply *reply,
		       struct err *err)
{
	struct host_use use = { 0 };

	if (request_begin(req, err))
		return -1;
	if (hosts_delete(req->db, req->ids[0], &use, err) == 0) {
		reply->status = 204;
		return 0;
	}
	if (strcmp(err->code, "host_in_use") != 0)
		return -1;
	problem_begin(reply, err);
	jout_i64(&reply->out, "import_batches", use.import_batches);
	jout_i64(&reply->out, "managed_resources", use.managed_resources);
	jout_i64(&reply->out, "reconcile_runs", use.reconcile_runs);
	problem_end(reply);
	return 0;
}

static const struct waiting added = { probe_is_over, show_added, 25 };
static const struct waiting probed = { probe_is_over, show_probed, 25 };

const struct route api_hosts_routes[] = {
	{ HTTP_POST,   "/api/hosts", SCOPE_ADMIN,
	  .handle = hosts_post, .body = BODY_REQUIRED, .waiting = &added },
	{ HTTP_GET,    "/api/hosts", SCOPE_READ,
	  .handle = hosts_show, .takes_query = true },
	{ HTTP_GET,    "/api/hosts/{host_id}", SCOPE_READ,
	  .handle = host_show },
	{ HTTP_DELETE, "/api/hosts/{host_id}", SCOPE_ADMIN,
	  .handle = host_delete },
	{ HTTP_POST,   "/api/hosts/{host_id}/probe", SCOPE_OPERATE,
	  .handle = host_probe, .body = BODY_OPTIONAL, .waiting = &probed },
	{ 0 }
};
