#include "fcgi/dispatch.h"

#include <assert.h>
#include <string.h>

#include "fcgi/auth.h"
#include "fcgi/problem.h"
#include "fcgi/refusals.h"
#include "fcgi/replay.h"
#include "fcgi/route.h"
#include "fcgi/trail.h"
#include "fcgi/wait.h"
#include "shared/log.h"
#include "shared/wake.h"

/* A request on its way through the steps below. */
struct call {
	const struct wire *wire;
	const struct route *route;
	struct request req;
	struct token token;
	struct replay replay;
	struct trail trail;
	json_t *body;
};

static void call_done(struct call *call)
{
	token_done(&call->token);
	trail_done(&call->trail);
	json_decref(call->body);
	*call = (struct call){ 0 };
}

static int body_must_be_whole(const struct call *call, struct err *err)
{
	switch (call->wire->body_state) {
	case BODY_TOO_LARGE:
		err_set(err, ERR_INVALID, "the body is larger than %zu bytes",
			http_body_max(call->req.worker->settings,
				      call->wire->content_type));
		return err_code(err, "request_too_large");
	case BODY_TRUNCATED:
		err_set(err, ERR_INVALID, "the body ends before the length "
			"that was announced");
		return err_code(err, "truncated_body");
	case BODY_OVERLONG:
		err_set(err, ERR_INVALID, "the body goes on past the length "
			"that was announced");
		return err_code(err, "malformed_request");
	case BODY_WHOLE:
		break;
	}
	return 0;
}

/*
 * jansson's sentence ends in `near '...'` with a piece of the body, which may
 * be a key: it is cut off.
 */
static int malformed_json(const json_error_t *at, struct err *err)
{
	const char *near = strstr(at->text, " near ");
	int len = near ? (int)(near - at->text) : (int)strlen(at->text);

	err_set(err, ERR_INVALID, "the body is not JSON: line %d column %d: "
		"%.*s", at->line, at->column, len, at->text);
	return err_code(err, "malformed_json");
}

static bool takes_form(const struct route *route, enum http_form form)
{
	if (form == HTTP_FORM_BUNDLE || route->takes_bundle)
		return form == HTTP_FORM_BUNDLE && route->takes_bundle;
	return form == HTTP_FORM_JSON || route->takes_files;
}

static int refuse_form(const struct route *route, struct err *err)
{
	char list[128] = "";

	for (int i = 0; i < HTTP_FORM__MAX; i++) {
		size_t len = strlen(list);

		if (takes_form(route, (enum http_form)i))
			snprintf(list + len, sizeof(list) - len, "%s%s",
				 len ? " or " : "",
				 http_form_name((enum http_form)i));
	}
	err_set(err, ERR_INVALID, "the body must be sent as %s", list);
	return err_code(err, "unsupported_media_type");
}

static int read_json(struct call *call, struct err *err)
{
	static const char mark[] = "\xef\xbb\xbf";
	const char *text = call->wire->body_len ? call->wire->body : "";
	size_t len = call->wire->body_len, skip = sizeof(mark) - 1;
	json_error_t at;

	/* Editors of Windows put it there. */
	if (len < skip || memcmp(text, mark, skip) != 0)
		skip = 0;
	call->body = json_loadb(text + skip, len - skip,
				JSON_REJECT_DUPLICATES, &at);
	if (!call->body)
		return malformed_json(&at, err);
	call->req.body = call->body;
	return 0;
}

static int read_body(struct call *call, struct err *err)
{
	const struct wire *wire = call->wire;
	struct request *req = &call->req;

	if (call->route->body == BODY_IGNORED)
		return 0;
	if (body_must_be_whole(call, err))
		return -1;
	if (wire->body_len == 0 && call->route->body == BODY_OPTIONAL)
		return 0;
	if (wire->body_len > 0 &&
	    (!http_form_of(wire->content_type, &req->form) ||
	     !takes_form(call->route, req->form)))
		return refuse_form(call->route, err);
	if (req->form == HTTP_FORM_JSON && !call->route->takes_bundle)
		return read_json(call, err);
	req->text = wire->body;
	req->text_len = wire->body_len;
	return 0;
}

static int check_token(struct call *call, const struct reply *reply,
		       struct err *err)
{
	const struct route *route = call->route;
	struct request *req = &call->req;

	if (route->needs == SCOPE_NONE)
		return 0;
	if (auth_check(req->db, call->wire->authorization, route->needs,
		       req->now, &call->token, err)) {
		if (route->method != HTTP_GET && err->kind == ERR_DENIED)
			refusals_note(req->worker, route, &call->token,
				      reply->request_id, req->now);
		return -1;
	}
	req->token = &call->token;
	return 0;
}

/* All that must hold before the handler is called. */
static int prepare(struct call *call, struct reply *reply, struct err *err)
{
	const struct wire *wire = call->wire;
	struct request *req = &call->req;

	if (route_find(wire->method, wire->path, req->ids, reply->allow,
		       &call->route, err))
		return -1;
	if (check_token(call, reply, err))
		return -1;
	if (wire->query && *wire->query && !call->route->takes_query) {
		err_set(err, ERR_INVALID, "this endpoint takes no parameters");
		return err_code(err, "invalid_parameter");
	}
	if (call->route->body != BODY_IGNORED && req->token &&
	    replay_init(&call->replay, wire, err))
		return -1;
	if (read_body(call, err))
		return -1;
	call->trail = (struct trail){ .route = call->route, .wire = wire,
				      .body = call->body };
	if (call->route->method != HTTP_GET)
		trail_start(&call->trail, req);
	return 0;
}

/* Commit what the handler wrote, with what its key must remember. */
static int settle(struct call *call, struct reply *reply, struct err *err)
{
	const struct request *req = &call->req;

	/* A reply that nothing was written for has nothing to remember. */
	if (!req->tx->db)
		return 0;
	if (req->trail && trail_write(req, reply, err))
		return -1;
	if (call->replay.key &&
	    replay_store(&call->replay, req, reply, err))
		return -1;
	if (db_tx_commit(req->tx, err))
		return -1;
	if (req->worker->wake_path)
		wake_send(req->worker->wake_path);
	return 0;
}

static int work(struct call *call, struct reply *reply, struct err *err)
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };

	call->req.tx = &tx;
	if (call->route->handle(&call->req, reply, err))
		return -1;
	if (reply->out.text.failed)
		return err_set(err, ERR_INTERNAL, "the reply is too long");
	return reply->is_problem ? 0 : settle(call, reply, err);
}

/*
 * Look for the key before the work, and again when the work failed: another
 * worker may have been doing the very same, and the failure be its success.
 */
static int work_once(struct call *call, struct reply *reply, struct err *err)
{
	struct err again;
	int rc;

	if (!call->replay.key)
		return work(call, reply, err);
	if (replay_find(&call->replay, &call->req, reply, err) == 0)
		return 0;
	if (err->kind != ERR_NOT_FOUND)
		return -1;
	rc = work(call, reply, err);
	if ((rc == 0 && !reply->is_problem) ||
	    replay_find(&call->replay, &call->req, reply, &again) == 0)
		return 0;
	if (again.kind == ERR_CONFLICT) {
		*err = again;
		return -1;
	}
	return rc;
}

/* What is said in place of `reply` after a wait. */
static void show_again(struct call *call, struct reply *reply)
{
	const struct waiting *waiting = call->route->waiting;
	struct jout before = reply->out;
	int status = reply->status;
	struct err err;

	reply->out = (struct jout){ .text.max = HTTP_REPLY_MAX };
	if (waiting->show(&call->req, reply->subject, reply, &err)) {
		jout_done(&reply->out);
		reply->out = before;	/* it is committed all the same */
		reply->status = status;
		return;
	}
	jout_done(&before);
}

/* Instead of 202, or of too little: what it came to, if it comes in time. */
static void wait_for_it(struct call *call, struct reply *reply)
{
	const struct waiting *waiting = call->route->waiting;
	bool is_early = reply->is_early;
	enum wait_end end;
	int64_t seconds;
	bool asked;

	if (!waiting || (reply->status != 202 && !is_early))
		return;
	seconds = wait_seconds(call->wire->prefer, waiting->default_s,
			       call->req.worker->settings->wait_max_s, &asked);
	if (seconds <= 0)
		return;
	end = wait_until_over(&call->req, waiting, reply->subject, seconds);
	if (end == WAIT_IS_OVER)
		show_again(call, reply);
	else if (end == WAIT_CANNOT && is_early)
		reply->retry_after = 1;	/* instead of asking without pause */
	if ((end == WAIT_IS_OVER && reply->status != 202) ||
	    (end == WAIT_TIMED_OUT && is_early))
		reply->waited_s = asked ? seconds : 0;
}

static int answer(struct call *call, struct reply *reply, struct err *err)
{
	if (prepare(call, reply, err) || work_once(call, reply, err))
		return -1;
	assert(reply->status != 0);
	wait_for_it(call, reply);
	return 0;
}

static void report(const struct call *call, const struct reply *reply,
		   const struct err *err)
{
	if (err->kind != ERR_INTERNAL && err->kind != ERR_LIMIT &&
	    err->kind != ERR_BUSY)
		return;
	log_error("request.failed", "request_id=%s method=%s route=%s msg=%s",
		  reply->request_id, call->wire->method,
		  call->route ? call->route->path : "-", err->msg);
}

void dispatch(const struct worker *worker, const struct wire *wire,
	      struct reply *reply)
{
	CLEANUP(call_done) struct call call = {
		.wire = wire,
		.req = {
			.worker = worker,
			.db = worker->db,
			.query = wire->query ? wire->query : "",
			.accept = wire->accept,
			.accept_language = wire->accept_language,
			.pack_signature = wire->pack_signature,
			.now = wire->now,
		},
	};
	struct err err = { 0 };

	http_request_id(wire->request_id, wire->now, reply->request_id);
	refusals_flush(worker, wire->now, false);
	if (answer(&call, reply, &err)) {
		report(&call, reply, &err);
		problem_reply(reply, &err);
	}
}
