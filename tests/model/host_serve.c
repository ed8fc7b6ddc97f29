#include <ctype.h>
#include <string.h>

#include "shared/own.h"
#include "shared/table.h"
#include "tests/model/host_queue.h"
#include "tests/model/host_routes.h"
#include "tests/model/host_sched.h"

static const struct host_route *const tables[] = {
	host_gateway_routes,
	host_account_routes,
	host_account_state_routes,
	host_group_routes,
	host_user_routes,
	host_key_routes,
	host_subscription_routes,
	host_auth_routes,
	host_settings_routes,
	host_channel_routes,
	host_proxy_routes,
	host_ops_routes,
};

/* The number of a path part, -1 if it is none. */
static int64_t part_number(const char *part, size_t len)
{
	int64_t number = 0;

	if (len == 0 || len > 15)
		return -1;
	for (size_t i = 0; i < len; i++) {
		if (!isdigit((unsigned char)part[i]))
			return -1;
		number = number * 10 + (part[i] - '0');
	}
	return number;
}

/* Match the whole path; the part in braces goes to *id and *name. */
static bool pattern_matches(const char *pattern, const char *path,
			    int64_t *id, const char **name)
{
	while (*pattern && *path) {
		size_t want = strcspn(pattern + 1, "/") + 1;
		size_t have = strcspn(path + 1, "/") + 1;

		if (pattern[0] != '/' || path[0] != '/')
			return false;
		if (pattern[1] == '{') {
			if (have == 1)
				return false;
			*id = part_number(path + 1, have - 1);
			*name = path + 1;
		} else if (want != have ||
			   strncmp(pattern, path, want) != 0) {
			return false;
		}
		pattern += want;
		path += have;
	}
	return !*pattern && !*path;
}

static bool row_matches(struct host_call *call, const struct host_route *row)
{
	return strcmp(row->method, call->request->method) == 0 &&
	       call->model->options.version >= row->since &&
	       pattern_matches(row->pattern, call->path, &call->id,
			       &call->name);
}

static const struct host_route *find_route(struct host_call *call)
{
	for (size_t i = 0; i < COUNT(tables); i++) {
		for (const struct host_route *row = tables[i]; row->method;
		     row++) {
			if (row_matches(call, row))
				return row;
		}
	}
	return NULL;
}

static bool refuse_id(struct host_call *call)
{
	AUTO_FREE char *text = xasprintf("Invalid %s ID", call->route->noun);

	reply_refuse(call, 400, text, NULL);
	return false;
}

static void handle(struct host_call *call)
{
	bool made;

	call->route = find_route(call);
	if (!call->route) {
		reply_not_found(call);
		return;
	}
	call->delay_ms = call->route->hashes ? call->model->options.hash_ms
					     : call->model->options.call_ms;
	if (!host_may_ask(call))
		return;
	if (call->route->noun && call->id < 0 && !refuse_id(call))
		return;
	if (!host_rules_hold(call) || !host_idempotency_begins(call))
		return;
	/* Nobody reads the answer to a client that died. */
	if (host_idempotency_is_abandoned(call, &made) && !made)
		reply_internal(call);
	else
		call->route->handle(call);
	host_idempotency_keep(call);
}

static void add_request_id(struct host_call *call)
{
	const char *given = model_request_header(call->request,
						 "X-Request-ID");
	AUTO_FREE char *made = NULL;

	if (!given) {
		AUTO_FREE char *hex = host_random_hex(call->model, "", 32);

		made = xasprintf("%.8s-%.4s-4%.3s-8%.3s-%.12s", hex, hex + 8,
				 hex + 12, hex + 16, hex + 20);
		given = made;
	}
	model_answer_add_header(&call->answer, "X-Request-ID", given);
}

/* The query goes its own way; both live in call->text. */
static void split_target(struct host_call *call)
{
	char *mark;

	call->text = xstrdup(call->request->target);
	call->path = call->text;
	mark = strchr(call->text, '?');
	if (mark)
		*mark = '\0';
	call->query = mark ? mark + 1 : "";
}

uint64_t host_model_request(struct host_model *model, int64_t now,
			    const struct model_request *request)
{
	struct host_call call = {
		.model = model, .request = request, .id = -1, .name = "",
		.delay_ms = model->options.call_ms,
	};

	host_advance(model, now);
	call.ticket = host_ticket(model);
	split_target(&call);
	if (request->body_len)
		call.body = json_loadb(request->body, request->body_len, 0,
				       NULL);
	handle(&call);
	if (!call.waits) {
		if (!model_answer_header(&call.answer, "X-Request-ID"))
			add_request_id(&call);
		host_answer(model, model->now + call.delay_ms, call.ticket,
			    &call.answer);
	}
	model_answer_done(&call.answer);
	json_decref(call.body);
	free(call.text);
	return call.ticket;
}

void host_model_abandon(struct host_model *model, int64_t now,
			const struct model_request *request)
{
	struct host_call call = {
		.model = model, .request = request, .id = -1, .name = "",
	};

	host_advance(model, now);
	split_target(&call);
	call.route = find_route(&call);
	if (call.route)
		host_idempotency_abandon(&call);
	free(call.text);
}
