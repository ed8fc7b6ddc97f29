#include "tests/model/host_gateway.h"

#include <string.h>

#include "shared/own.h"
#include "shared/table.h"
#include "tests/model/host_models.h"
#include "tests/model/host_routes.h"
#include "tests/model/host_sched.h"
#include "tests/model/host_view.h"

static void refuse(struct host_call *call, const char *message)
{
	reply_gateway(call, 400, "invalid_request_error", message);
}

/* What is wrong with the body, or NULL. */
static const char *body_fault(const struct host_call *call)
{
	const char *name = body_text(call, "model");
	const json_t *stream = json_object_get(call->body, "stream");

	if (call->request->body_len == 0)
		return "Request body is empty";
	if (!json_is_object(call->body))
		return "Failed to parse request body";
	if (!name || !*name)
		return "model is required";
	if (stream && !json_is_boolean(stream) &&
	    host_has(call->model, HOST_CHECKS_STREAM_TYPE))
		return "invalid stream field type";
	return NULL;
}

static uint64_t hash_text(uint64_t hash, const char *text)
{
	for (; text && *text; text++)
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
	return hash;
}

static uint64_t hash_json(uint64_t hash, const json_t *value)
{
	AUTO_FREE char *text = value ? json_dumps(value, JSON_COMPACT |
						  JSON_ENCODE_ANY) : NULL;

	return hash_text(hash, text);
}

/* The system's words and the first of the user. */
static uint64_t hash_opening(uint64_t hash, const json_t *messages)
{
	size_t i;
	json_t *message;

	json_array_foreach(messages, i, message) {
		const char *role = json_string_value(
			json_object_get(message, "role"));

		hash = hash_json(hash, message);
		if (role && strcmp(role, "user") == 0)
			break;
	}
	return hash;
}

/* What ties requests to one account. */
static uint64_t session_of(const struct host_call *call)
{
	const char *given = model_request_header(call->request, "session_id");
	uint64_t hash = 0xcbf29ce484222325u ^ (uint64_t)call->key->group_id;

	if (!given)
		given = model_request_header(call->request,
					     "conversation_id");
	if (!given)
		given = body_text(call, "prompt_cache_key");
	if (given)
		return hash_text(hash, given) | 1;
	hash = hash_text(hash, body_text(call, "model"));
	hash = hash_json(hash, json_object_get(call->body, "tools"));
	hash = hash_json(hash, json_object_get(call->body, "input"));
	return hash_opening(hash, json_object_get(call->body, "messages")) | 1;
}

static void start(struct host_call *call, bool is_responses)
{
	const struct host_group *group = host_group_find(
		call->model, call->key->group_id);
	struct host_exchange *exchange;

	if (group && strcmp(group->platform, "anthropic") == 0) {
		reply_gateway(call, 503, "api_error",
			      "No available accounts: no available accounts");
		return;
	}
	if (group && host_channel_refuses(call->model, group->id,
					  body_text(call, "model"))) {
		reply_gateway(call, 503, "api_error",
			      "Service temporarily unavailable");
		return;
	}
	exchange = xcalloc(1, sizeof(*exchange));
	*exchange = (struct host_exchange){
		.ticket = call->ticket, .key_id = call->key->id,
		.group_id = call->key->group_id,
		.is_responses = is_responses,
		.body = json_incref(call->body),
		.model_name = xstrdup(body_text(call, "model")),
		.request_id = xstrdup_null(model_request_header(
			call->request, "X-Request-ID")),
		.stream = body_bool(call, "stream", false),
		.session = session_of(call),
	};
	call->waits = true;
	host_forward(call->model, exchange);
}

static void chat(struct host_call *call)
{
	const char *fault = body_fault(call);

	if (fault)
		refuse(call, fault);
	else
		start(call, false);
}

static void responses(struct host_call *call)
{
	const char *fault = body_fault(call);

	if (!fault && body_has(call, "previous_response_id"))
		fault = "previous_response_id is only supported on Responses "
			"WebSocket v2";
	if (fault)
		refuse(call, fault);
	else
		start(call, true);
}

static void messages(struct host_call *call)
{
	reply_json(call, 403, json_pack("{s{ss ss} ss}", "error", "message",
		"This group does not allow /v1/messages dispatch", "type",
		"permission_error", "type", "error"));
}

static void count_tokens(struct host_call *call)
{
	if (host_has(call->model, HOST_COUNTS_TOKENS)) {
		messages(call);
		return;
	}
	reply_json(call, 404, json_pack("{s{ss ss} ss}", "error", "message",
		"Token counting is not supported for this platform", "type",
		"not_found_error", "type", "error"));
}

static void gemini(struct host_call *call)
{
	reply_json(call, 400, json_pack("{s{si ss ss}}", "error", "code", 400,
		"message", "API key group platform is not gemini", "status",
		"INVALID_ARGUMENT"));
}

static json_t *no_usage(void)
{
	return json_pack("{si si si si si si si si}",
		"actual_cost", 0, "cache_creation_tokens", 0,
		"cache_read_tokens", 0, "cost", 0, "input_tokens", 0,
		"output_tokens", 0, "requests", 0, "total_tokens", 0);
}

static void put_balance(struct host_call *call, json_t *body)
{
	double balance = call->user->balance;

	json_object_set_new(body, "balance", json_real(balance));
	json_object_set_new(body, "remaining", json_real(balance));
	json_object_set_new(body, "planName", json_string("钱包余额"));
}

static void put_subscription(struct host_call *call, json_t *body,
			     const struct host_group *group,
			     const struct host_subscription *row)
{
	json_t *view = json_pack("{si si si sO sO sO so}",
		"daily_usage_usd", 0, "weekly_usage_usd", 0,
		"monthly_usage_usd", 0, "daily_limit_usd",
		json_object_get(group->settings, "daily_limit_usd"),
		"weekly_limit_usd",
		json_object_get(group->settings, "weekly_limit_usd"),
		"monthly_limit_usd",
		json_object_get(group->settings, "monthly_limit_usd"),
		"expires_at", view_time(row->expires_at));

	if (row->window_at && host_has(call->model, HOST_SHOWS_WINDOW))
		json_object_set_new(view, "weekly_window_start",
				    view_time(row->window_at));
	json_object_set_new(body, "subscription", view);
	json_object_set_new(body, "remaining", json_integer(-1));
	json_object_set_new(body, "planName", json_string(group->name));
}

static void usage(struct host_call *call)
{
	const struct host_group *group = host_group_find(
		call->model, call->key->group_id);
	const struct host_subscription *row = host_subscription_of(
		call->model, call->user->id, call->key->group_id);
	json_t *body = json_pack("{sb ss ss s{si si si so so}}",
		"isValid", 1, "mode", "unrestricted", "unit", "USD", "usage",
		"average_duration_ms", 0, "rpm", 0, "tpm", 0,
		"today", no_usage(), "total", no_usage());

	if (host_has(call->model, HOST_SHOWS_DAILY_USAGE))
		json_object_set_new(body, "daily_usage", json_array());
	if (group && row)
		put_subscription(call, body, group, row);
	else
		put_balance(call, body);
	reply_json(call, 200, body);
}

#define GATE(method_, pattern_, handle_) \
	.method = (method_), .pattern = (pattern_), .handle = (handle_), \
	.access = HOST_GATEWAY

const struct host_route host_gateway_routes[] = {
	{ GATE("POST", "/v1/chat/completions", chat) },
	{ GATE("POST", "/chat/completions", chat) },
	{ GATE("POST", "/v1/responses", responses) },
	{ GATE("POST", "/responses", responses) },
	{ GATE("POST", "/v1/messages", messages) },
	{ GATE("POST", "/v1/messages/count_tokens", count_tokens) },
	{ GATE("POST", "/v1beta/models/{name}", gemini) },
	{ GATE("GET", "/v1/models", host_models_list) },
	{ .method = "GET", .pattern = "/v1/usage", .handle = usage,
	  .access = HOST_GATEWAY_STATUS },
	{ .method = NULL },
};
