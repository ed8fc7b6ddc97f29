/* api_endpoints: what is said of one provider's endpoint. */
#include <string.h>

#include "fcgi/api.h"
#include "fcgi/problem.h"
#include "fcgi/view.h"
#include "fcgi/way_out.h"

#define CONCURRENCY_MAX 1000
#define RATE_MAX 1000000

struct endpoint_body {
	const char *proxy;
	const char *ca_pem;
	int64_t concurrency;
	int64_t requests_per_minute;
};

static const struct jdec_field endpoint_fields[] = {
	JDEC_STR(struct endpoint_body, proxy, false, 0, ENDPOINT_URL_MAX),
	JDEC_STR(struct endpoint_body, ca_pem, false, 0, WAY_OUT_CA_MAX),
	JDEC_I64(struct endpoint_body, concurrency, false, 1,
		 CONCURRENCY_MAX),
	JDEC_I64(struct endpoint_body, requests_per_minute, false, 1,
		 RATE_MAX),
};

static int endpoint_show(const struct request *req, struct reply *reply,
			 struct err *err)
{
	CLEANUP(endpoint_row_done) struct endpoint_row row = { 0 };

	if (endpoints_get(req->db, req->ids[0], &row, err))
		return -1;
	reply->status = 200;
	endpoint_write(&reply->out, NULL, &row);
	return 0;
}

/*
 * A proxy that is given as it is shown, without its credentials, keeps them:
 * who reads, changes a limit and puts it back takes nothing away.
 */
static bool keeps_proxy(const struct endpoint_row *row,
			const struct way_out *way)
{
	return way->url && row->proxy && strcmp(way->url, row->proxy) == 0;
}

/* All that was said before is replaced. */
static void fill(struct endpoint_row *row, const struct endpoint_body *body,
		 const struct way_out *way)
{
	if (!keeps_proxy(row, way)) {
		own_set(&row->proxy_secret_id, way_out_secret(way));
		own_set(&row->proxy, way->proxy);
	}
	own_set(&row->ca_pem, way->ca_pem);
	row->concurrency = body->concurrency;
	row->requests_per_minute = body->requests_per_minute;
}

static int endpoint_put(const struct request *req, struct reply *reply,
			struct err *err)
{
	CLEANUP(endpoint_row_done) struct endpoint_row row = { 0 };
	CLEANUP(way_out_done) struct way_out way = { 0 };
	struct jdec_problems problems = { 0 };
	struct endpoint_body body = { 0 };

	if (!jdec(req->body, "", endpoint_fields, COUNT(endpoint_fields),
		  &body, &problems) && !json_is_object(req->body))
		return problem_refuse(reply, &problems);
	way_out_check(&way, body.proxy, body.ca_pem, &problems);
	if (problems.count)
		return problem_refuse(reply, &problems);
	way_out_seal(&way, req);
	if (request_begin(req, err) ||
	    endpoints_get(req->db, req->ids[0], &row, err))
		return -1;
	if (!keeps_proxy(&row, &way) && way_out_store(&way, req, err))
		return -1;
	fill(&row, &body, &way);
	if (endpoints_put(req->db, &row, req->now, err))
		return -1;
	return endpoint_show(req, reply, err);
}

const struct route api_endpoints_routes[] = {
	{ HTTP_GET, "/api/endpoints/{endpoint_key}", SCOPE_READ,
	  .handle = endpoint_show },
	{ HTTP_PUT, "/api/endpoints/{endpoint_key}", SCOPE_ADMIN,
	  .handle = endpoint_put, .body = BODY_REQUIRED },
	{ 0 }
};
