/* api_pause: hosts and endpoints that CRM is to leave alone for a while. */
#include "fcgi/api.h"
#include "fcgi/problem.h"
#include "fcgi/view.h"
#include "shared/pauses.h"

static bool is_watched(const struct request *req)
{
	return req->worker->settings->watch_every_s > 0;
}

/* 1 if the body was refused: there is nothing to say in one. */
static int begin(const struct request *req, struct reply *reply,
		 struct err *err)
{
	struct jdec_problems problems = { 0 };

	if (req->body && !jdec(req->body, "", NULL, 0, NULL, &problems))
		return problem_refuse(reply, &problems) ? -1 : 1;
	return request_begin(req, err);
}

static int show_host(const struct request *req, struct reply *reply,
		     struct err *err)
{
	CLEANUP(host_done) struct host host = { 0 };
	int64_t notices;

	if (hosts_get(req->db, req->ids[0], &host, err) ||
	    notices_open_of_host(req->db, req->ids[0], &notices, err))
		return -1;
	reply->status = 200;
	host_write(&reply->out, NULL, &host, notices);
	return 0;
}

static int host_pause(const struct request *req, struct reply *reply,
		      struct err *err)
{
	int rc = begin(req, reply, err);

	if (rc)
		return rc < 0 ? -1 : 0;
	if (pauses_host(req->db, req->ids[0], req->now, err))
		return -1;
	return show_host(req, reply, err);
}

static int host_resume(const struct request *req, struct reply *reply,
		       struct err *err)
{
	int rc = begin(req, reply, err);

	if (rc)
		return rc < 0 ? -1 : 0;
	if (pauses_resume_host(req->db, req->ids[0], is_watched(req),
			       req->now, err))
		return -1;
	return show_host(req, reply, err);
}

static int show_endpoint(const struct request *req, struct reply *reply,
			 struct err *err)
{
	CLEANUP(endpoint_row_done) struct endpoint_row row = { 0 };

	if (endpoints_get(req->db, req->ids[0], &row, err))
		return -1;
	reply->status = 200;
	endpoint_write(&reply->out, NULL, &row);
	return 0;
}

static int endpoint_pause(const struct request *req, struct reply *reply,
			  struct err *err)
{
	int rc = begin(req, reply, err);

	if (rc)
		return rc < 0 ? -1 : 0;
	if (pauses_endpoint(req->db, req->ids[0], req->now, err))
		return -1;
	return show_endpoint(req, reply, err);
}

static int endpoint_resume(const struct request *req, struct reply *reply,
			   struct err *err)
{
	int rc = begin(req, reply, err);

	if (rc)
		return rc < 0 ? -1 : 0;
	if (pauses_resume_endpoint(req->db, req->ids[0], is_watched(req),
				   req->now, err))
		return -1;
	return show_endpoint(req, reply, err);
}

const struct route api_pause_routes[] = {
	{ HTTP_POST, "/api/hosts/{host_id}/pause", SCOPE_OPERATE,
	  .handle = host_pause, .body = BODY_OPTIONAL },
	{ HTTP_POST, "/api/hosts/{host_id}/resume", SCOPE_OPERATE,
	  .handle = host_resume, .body = BODY_OPTIONAL },
	{ HTTP_POST, "/api/endpoints/{endpoint_key}/pause", SCOPE_OPERATE,
	  .handle = endpoint_pause, .body = BODY_OPTIONAL },
	{ HTTP_POST, "/api/endpoints/{endpoint_key}/resume", SCOPE_OPERATE,
	  .handle = endpoint_resume, .body = BODY_OPTIONAL },
	{ 0 }
};
