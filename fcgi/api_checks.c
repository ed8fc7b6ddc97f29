/* api_checks: prove an access now. */
#include <string.h>

#include "fcgi/api.h"
#include "fcgi/cursor.h"
#include "fcgi/problem.h"
#include "fcgi/query.h"
#include "fcgi/view.h"
#include "shared/jdec.h"
#include "shared/pauses.h"

#define FOLDER "/api/access-checks/"
#define PAGE 50
#define PAGE_MAX 200
#define SELECTOR_MAX 128
#define LOOKED_AT_MAX 100000	/* rows, to find the one that is meant */

struct check_body {
	const char *access_id;
	const char *host_id;
	const char *provider_id;
	int access_mode;
	const char *selector;
	bool surfaces;
};

#define ANY_MODE -1

static const struct jdec_field check_fields[] = {
	JDEC_STR(struct check_body, access_id, false, 1, HTTP_ID_MAX),
	JDEC_STR(struct check_body, host_id, false, 1, HTTP_ID_MAX),
	JDEC_STR(struct check_body, provider_id, false, 1,
		 ENDPOINT_KEY_MAX - 1),
	JDEC_NAME(struct check_body, access_mode, false, access_mode_names),
	JDEC_STR(struct check_body, selector, false, 1, SELECTOR_MAX),
	JDEC_FLAG(struct check_body, surfaces, false),
};

static bool is_given(const json_t *body, const char *name)
{
	const json_t *value = json_object_get(body, name);

	return value && !json_is_null(value);
}

/* An id says it all; without one, something must narrow it down. */
static void check_target(const json_t *body, struct jdec_problems *problems)
{
	static const char *const others[] = {
		"host_id", "provider_id", "access_mode", "selector",
	};

	for (size_t i = 0; i < COUNT(others); i++)
		if (is_given(body, "access_id") && is_given(body, others[i]))
			jdec_problem(problems, "", others[i],
				     "does not go with access_id, which says "
				     "it all");
	if (!is_given(body, "access_id") && !is_given(body, "host_id") &&
	    !is_given(body, "provider_id"))
		jdec_problem(problems, "", "access_id",
			     "is missing; give it, or provider_id and host_id");
}

/* What the accesses that were found differ in; the first of these is told. */
enum difference {
	DIFFERENT_HOST,
	DIFFERENT_PROVIDER,
	DIFFERENT_MODE,
	DIFFERENT_SELECTOR,
	DIFFERENT_PLAN,
	DIFFERENCE__MAX
};

static const char *const ambiguous[] = {
	[DIFFERENT_HOST] = "provider exists on multiple hosts; host_id is "
			   "required",
	[DIFFERENT_PROVIDER] = "host has multiple providers; provider_id is "
			       "required",
	[DIFFERENT_MODE] = "access exists in multiple modes; access_mode is "
			   "required",
	[DIFFERENT_SELECTOR] = "access exists for multiple users; selector "
			       "is required",
	[DIFFERENT_PLAN] = "access exists for multiple plans; access_id is "
			   "required",
};
_Static_assert(COUNT(ambiguous) == DIFFERENCE__MAX, "say each");

static enum difference differ(const struct access *a, const struct access *b)
{
	if (strcmp(a->host_id, b->host_id) != 0)
		return DIFFERENT_HOST;
	if (strcmp(a->endpoint_key, b->endpoint_key) != 0)
		return DIFFERENT_PROVIDER;
	if (a->mode != b->mode)
		return DIFFERENT_MODE;
	return strcmp(a->selector, b->selector) != 0 ? DIFFERENT_SELECTOR
						     : DIFFERENT_PLAN;
}

/* The first way in which those that match the body can differ. */
static enum difference first_of(const struct check_body *body)
{
	if (!body->host_id)
		return DIFFERENT_HOST;
	if (!body->provider_id)
		return DIFFERENT_PROVIDER;
	if (body->access_mode == ANY_MODE)
		return DIFFERENT_MODE;
	return body->selector ? DIFFERENT_PLAN : DIFFERENT_SELECTOR;
}

/* The one that is meant, or the first way in which there are several. */
static int pick(struct db_rows *rows, const struct check_body *body,
		struct access *ret, enum difference *ret_difference,
		struct err *err)
{
	CLEANUP(access_done) struct access access = { 0 };
	enum difference found;
	int more;

	*ret_difference = DIFFERENCE__MAX;
	while ((more = accesses_next(rows, &access, err)) > 0 &&
	       *ret_difference > first_of(body)) {
		if (body->selector &&
		    strcmp(body->selector, access.selector) != 0)
			continue;
		if (!ret->access_id) {
			*ret = access;
			access = (struct access){ 0 };
			continue;
		}
		found = differ(ret, &access);
		if (found < *ret_difference)
			*ret_difference = found;
	}
	return more < 0 ? -1 : 0;
}

static int find_access(const struct request *req,
		       const struct check_body *body, struct access *ret,
		       struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	enum difference difference;
	const struct access_filter filter = {
		.host_id = body->host_id,
		.endpoint_key = body->provider_id,
		.access_mode = body->access_mode == ANY_MODE ? NULL
			: access_mode_name((enum access_mode)
					   body->access_mode),
	};

	if (body->access_id)
		return accesses_get(req->db, body->access_id, ret, err);
	if (accesses_list(&rows, req->db, &filter, "", LOOKED_AT_MAX, err) ||
	    pick(&rows, body, ret, &difference, err))
		return -1;
	if (!ret->access_id)
		return err_set(err, ERR_NOT_FOUND, "no such access: nothing "
			       "was imported in this way");
	if (difference == DIFFERENCE__MAX)
		return 0;
	err_set(err, ERR_INVALID, "%s", ambiguous[difference]);
	/* One code for a host that is missing, wherever it is. */
	return err_code(err, difference == DIFFERENT_HOST
			? "host_id_required" : "ambiguous");
}

/* Old proofs are forgotten: then there is none to show. */
static int write_proof(const struct request *req, const char *proof_id,
		       struct jout *out, struct err *err)
{
	CLEANUP(proof_done) struct proof proof = { 0 };

	if (!proof_id || proofs_get(req->db, proof_id, &proof, err)) {
		jout_null(out, "proof");
		return !proof_id || err->kind == ERR_NOT_FOUND ? 0 : -1;
	}
	proof_write(out, "proof", &proof);
	return 0;
}

/* With what it proved, and the access as it is now. */
static int show_check(const struct request *req, const char *check_id,
		      struct reply *reply, struct err *err)
{
	CLEANUP(access_done) struct access access = { 0 };
	CLEANUP(check_done) struct check check = { 0 };
	struct jout *out = &reply->out;

	if (checks_get(req->db, check_id, &check, err) ||
	    accesses_get(req->db, check.access_id, &access, err))
		return -1;
	check_write_begin(out, NULL, &check, req->now);
	if (write_proof(req, check.proof_id, out, err) ||
	    api_access_begin(req, "access", &access, out, err))
		return -1;
	access_write_end(out);
	check_write_end(out);
	return 0;
}

static int checks_post(const struct request *req, struct reply *reply,
		       struct err *err)
{
	CLEANUP(access_done) struct access access = { 0 };
	struct check_body body = { .access_mode = ANY_MODE };
	struct jdec_problems problems = { 0 };
	char check_id[ID_MAX];

	if (!jdec(req->body, "", check_fields, COUNT(check_fields), &body,
		  &problems) && !json_is_object(req->body))
		return problem_refuse(reply, &problems);
	check_target(req->body, &problems);
	if (problems.count)
		return problem_refuse(reply, &problems);
	if (find_access(req, &body, &access, err))
		return -1;
	const struct check_spec spec = {
		.access_id = access.access_id,
		.host_id = access.host_id,
		.requested_by = req->token->token_id,
		.surfaces = body.surfaces,
		.not_before = req->now,
	};
	if (request_begin(req, err) ||
	    pauses_refuse(req->db, access.host_id, access.endpoint_key,
			  err) ||
	    checks_add(req->db, &spec, req->now, seal_random(), check_id,
		       err))
		return -1;
	reply_locate(reply, 202, FOLDER, check_id);
	return show_check(req, check_id, reply, err);
}

static int check_is_over(const struct request *req, const char *check_id,
			 bool *ret, struct err *err)
{
	CLEANUP(check_done) struct check check = { 0 };

	if (checks_get(req->db, check_id, &check, err))
		return -1;
	*ret = check.done;
	return 0;
}

static int show_result(const struct request *req, const char *check_id,
		       struct reply *reply, struct err *err)
{
	reply->status = 200;
	return show_check(req, check_id, reply, err);
}

static int check_show(const struct request *req, struct reply *reply,
		      struct err *err)
{
	return show_result(req, req->ids[0], reply, err);
}

struct checks_query {
	const char *access_id;
	int64_t limit;
	const char *cursor;
};

static const struct query_field checks_query_fields[] = {
	{ "access_id", QUERY_TEXT, offsetof(struct checks_query, access_id),
	  0, HTTP_ID_MAX, http_is_id },
	{ "limit", QUERY_INT, offsetof(struct checks_query, limit), 1,
	  PAGE_MAX, NULL },
	{ "cursor", QUERY_TEXT, offsetof(struct checks_query, cursor), 0,
	  CURSOR_MAX, NULL },
};

/* One row more than the page has tells whether there is another page. */
static int write_checks(const struct request *req,
			const struct checks_query *query, const char *before,
			struct jout *out, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(check_done) struct check check = { 0 };
	char last[CURSOR_ID_MAX] = "", cursor[CURSOR_MAX];
	int64_t n = 0;
	int more;

	if (checks_list(&rows, req->db, query->access_id, before,
			query->limit + 1, err))
		return -1;
	jout_array(out, "checks");
	while ((more = checks_next(&rows, &check, err)) > 0 &&
	       n++ < query->limit) {
		check_write_begin(out, NULL, &check, req->now);
		check_write_end(out);
		snprintf(last, sizeof(last), "%s", check.check_id);
	}
	jout_array_end(out);
	jout_str(out, "next_cursor",
		 more > 0 ? cursor_make("checks", last, cursor) : NULL);
	return more < 0 ? -1 : 0;
}

static int checks_show(const struct request *req, struct reply *reply,
		       struct err *err)
{
	CLEANUP(access_done) struct access access = { 0 };
	AUTO_FREE char *storage = NULL;
	struct checks_query query = { .limit = PAGE };
	char before[CURSOR_ID_MAX];

	if (query_read(req->query, checks_query_fields,
		       COUNT(checks_query_fields), &query, &storage, err) ||
	    cursor_read("checks", query.cursor, before, err))
		return -1;
	if (!query.access_id) {
		err_set(err, ERR_INVALID, "parameter access_id is required");
		return err_code(err, "invalid_parameter");
	}
	if (accesses_get(req->db, query.access_id, &access, err))
		return -1;
	reply->status = 200;
	jout_object(&reply->out, NULL);
	if (write_checks(req, &query, before, &reply->out, err))
		return -1;
	jout_object_end(&reply->out);
	return 0;
}

static const struct waiting added = { check_is_over, show_result, 0 };

const struct route api_checks_routes[] = {
	{ HTTP_POST, "/api/access-checks", SCOPE_OPERATE,
	  .handle = checks_post, .body = BODY_REQUIRED, .waiting = &added },
	{ HTTP_GET,  "/api/access-checks", SCOPE_READ,
	  .handle = checks_show, .takes_query = true },
	{ HTTP_GET,  "/api/access-checks/{check_id}", SCOPE_READ,
	  .handle = check_show },
	{ 0 }
};
