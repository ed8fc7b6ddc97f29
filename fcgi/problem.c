#include "fcgi/problem.h"

#include <stdio.h>
#include <string.h>

/*
 * Codes that have a status of their own; all others have that of their kind.
 */
static const struct {
	const char *code;
	int status;
} by_code[] = {
	{ "malformed_json",		400 },
	{ "malformed_request",		400 },
	{ "truncated_body",		400 },
	{ "invalid_parameter",		400 },
	{ "ambiguous",			400 },
	{ "invalid_cursor",		400 },
	{ "pack_id_required",		400 },
	{ "host_id_required",		400 },
	{ "plan_kind_unknown",		400 },
	{ "invalid_idempotency_key",	400 },
	{ "unauthorized",		401 },
	{ "method_not_allowed",		405 },
	{ "request_too_large",		413 },
	{ "unsupported_media_type",	415 },
};

/* Only the disk has a limit that a client can run into without a code. */
static const struct {
	const char *code;	/* instead of the kind's name; NULL: that */
	int status;
	int retry_after;
} by_kind[] = {
	[ERR_NONE]	= { "internal",	 500, 0 },
	[ERR_INVALID]	= { NULL,	 422, 0 },
	[ERR_NOT_FOUND]	= { NULL,	 404, 0 },
	[ERR_CONFLICT]	= { NULL,	 409, 0 },
	[ERR_DENIED]	= { "forbidden", 403, 0 },
	[ERR_LIMIT]	= { "disk_full", 503, 0 },
	[ERR_BUSY]	= { NULL,	 503, 1 },
	[ERR_UPSTREAM]	= { NULL,	 502, 0 },
	[ERR_INTERNAL]	= { NULL,	 500, 0 },
};
_Static_assert(COUNT(by_kind) == ERR_KIND__MAX, "a status for every kind");

int problem_status(const struct err *err)
{
	for (size_t i = 0; i < COUNT(by_code); i++)
		if (strcmp(by_code[i].code, err->code) == 0)
			return by_code[i].status;
	return by_kind[err->kind].status;
}

static const char *code_of(const struct err *err)
{
	const char *code = by_kind[err->kind].code;

	if (code && strcmp(err->code, err_kind_name(err->kind)) == 0)
		return code;
	return err->code;
}

void problem_begin(struct reply *reply, const struct err *err)
{
	const char *detail = err->kind == ERR_INTERNAL
		? "internal error; see the log by request_id" : err->msg;
	struct jout *out = &reply->out;

	jout_done(out);
	free(TAKE(reply->location));
	reply->is_problem = true;
	reply->status = problem_status(err);
	reply->retry_after = by_kind[err->kind].retry_after;
	jout_object(out, NULL);
	jout_str(out, "type", "about:blank");
	jout_str(out, "title", http_reason(reply->status));
	jout_i64(out, "status", reply->status);
	jout_str(out, "code", code_of(err));
	jout_str(out, "detail", detail);
	jout_str(out, "error", detail);
	jout_str(out, "request_id", reply->request_id);
}

void problem_end(struct reply *reply)
{
	jout_object_end(&reply->out);
}

void problem_reply(struct reply *reply, const struct err *err)
{
	problem_begin(reply, err);
	problem_end(reply);
}

static void write_list(struct jout *out, const struct jdec_problems *problems)
{
	jout_array(out, "problems");
	for (size_t i = 0; i < problems->count && i < JDEC_PROBLEMS_MAX; i++) {
		jout_object(out, NULL);
		jout_str(out, "field", problems->list[i].field);
		jout_str(out, "why", problems->list[i].why);
		jout_object_end(out);
	}
	jout_array_end(out);
}

int problem_refuse(struct reply *reply, const struct jdec_problems *problems)
{
	return problem_refuse_with(reply, problems, NULL);
}

int problem_refuse_with(struct reply *reply,
			const struct jdec_problems *problems,
			const struct problem_more *more)
{
	const struct jdec_problem *first = &problems->list[0];
	struct err err;

	err_set(&err, ERR_INVALID, "%s%s%s", first->field,
		*first->field ? " " : "the body ", first->why);
	if (problems->count > 1)
		err_wrap(&err, "%zu problems, the first", problems->count);
	problem_begin(reply, &err);
	jout_i64(&reply->out, "problems_total", (int64_t)problems->count);
	write_list(&reply->out, problems);
	if (more) {
		jout_i64(&reply->out, more->number_name, more->number);
		jout_raw(&reply->out, more->json_name, more->json);
	}
	problem_end(reply);
	return 0;
}
