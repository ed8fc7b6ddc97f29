#include "tests/model/host_gateway.h"

#include <string.h>

#include "shared/own.h"
#include "shared/table.h"
#include "tests/model/host_models.h"
#include "tests/model/host_probe.h"
#include "tests/model/host_routes.h"
#include "tests/model/host_said.h"
#include "tests/model/host_sched.h"
#include "tests/model/host_slots.h"

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

bool host_surface_is_anthropic(enum host_surface surface)
{
	return surface == HOST_SURFACE_MESSAGES ||
	       surface == HOST_SURFACE_COUNT_TOKENS;
}

static const struct host_group *group_of(const struct host_call *call)
{
	return host_group_find(call->model, call->key->group_id);
}

static const json_t *dispatch_of(const struct host_group *group)
{
	return group ? json_object_get(group->settings,
				       "messages_dispatch_model_config") :
		       NULL;
}

/* What a family of names goes to that nobody mapped. */
#define FAMILY_DEFAULT "gpt-5.4"

static const char *family_model(const json_t *dispatch, const char *name)
{
	static const char *const families[][2] = {
		{ "opus", "opus_mapped_model" },
		{ "sonnet", "sonnet_mapped_model" },
		{ "haiku", "haiku_mapped_model" },
	};

	if (strncmp(name, "claude-", 7) != 0)
		return name;
	for (size_t i = 0; i < COUNT(families); i++) {
		const char *mapped = host_text(dispatch, families[i][1]);

		if (strstr(name, families[i][0]))
			return *mapped ? mapped : FAMILY_DEFAULT;
	}
	return name;
}

/* The name by which an account is chosen. */
static const char *routed_name(const struct host_call *call,
			       enum host_surface surface, bool *ret_exact)
{
	const char *name = body_text(call, "model");
	const json_t *dispatch = dispatch_of(group_of(call));
	const char *exact = host_text(json_object_get(
		dispatch, "exact_model_mappings"), name);

	*ret_exact = false;
	if (!host_surface_is_anthropic(surface))
		return name;
	*ret_exact = *exact;
	return *exact ? exact : family_model(dispatch, name);
}

static struct host_exchange *exchange_for(const struct host_call *call,
					  enum host_surface surface)
{
	struct host_exchange *exchange = xcalloc(1, sizeof(*exchange));
	bool exact;
	const char *routed = routed_name(call, surface, &exact);

	*exchange = (struct host_exchange){
		.ticket = call->ticket, .key_id = call->key->id,
		.group_id = call->key->group_id,
		.surface = surface, .path = xstrdup(call->path),
		.body = json_incref(call->body),
		.model_name = xstrdup(body_text(call, "model")),
		.routed_name = xstrdup(routed), .exact = exact,
		.request_id = xstrdup_null(model_request_header(
			call->request, "X-Request-ID")),
		.stream = body_bool(call, "stream", false),
		.session = session_of(call),
	};
	return exchange;
}

static void start(struct host_call *call, enum host_surface surface)
{
	const struct host_group *group = group_of(call);

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
	call->waits = true;
	host_slots_admit(call->model, exchange_for(call, surface));
}

static void check_and_start(struct host_call *call, enum host_surface surface)
{
	const char *fault = body_fault(call);

	if (fault)
		refuse(call, fault);
	else
		start(call, surface);
}

static void chat(struct host_call *call)
{
	check_and_start(call, HOST_SURFACE_CHAT);
}

/* Without a connection that stays there is nothing to refer to. */
static bool refers_back(struct host_call *call)
{
	if (!body_has(call, "previous_response_id"))
		return false;
	refuse(call, "previous_response_id is only supported on Responses "
	       "WebSocket v2");
	return true;
}

static void responses(struct host_call *call)
{
	if (!refers_back(call))
		check_and_start(call, HOST_SURFACE_RESPONSES);
}

static void compact(struct host_call *call)
{
	check_and_start(call, HOST_SURFACE_COMPACT);
}

/* About what a tokenizer makes of it; only its growth matters. */
static int64_t estimate(const struct host_call *call)
{
	return 4 + (int64_t)call->request->body_len / 4;
}

static void input_tokens(struct host_call *call)
{
	if (!host_has(call->model, HOST_COUNTS_TOKENS)) {
		check_and_start(call, HOST_SURFACE_INPUT_TOKENS);
		return;
	}
	reply_json(call, 200, json_pack("{ss sI}", "object",
		"response.input_tokens", "input_tokens",
		(json_int_t)estimate(call)));
}

static void embeddings(struct host_call *call)
{
	check_and_start(call, HOST_SURFACE_EMBEDDINGS);
}

static void reply_anthropic(struct host_call *call, int status,
			    const char *type, const char *message)
{
	reply_json(call, status, json_pack("{s{ss ss} ss}", "error",
		"message", message, "type", type, "type", "error"));
}

static bool may_dispatch(struct host_call *call)
{
	const struct host_group *group = group_of(call);

	if (group && (host_platform_is_chat(group->platform) ||
		      json_is_true(json_object_get(
			group->settings, "allow_messages_dispatch"))))
		return true;
	reply_anthropic(call, 403, "permission_error",
			"This group does not allow /v1/messages dispatch");
	return false;
}

static void check_and_dispatch(struct host_call *call,
			       enum host_surface surface)
{
	const char *fault = body_fault(call);

	if (!may_dispatch(call))
		return;
	if (fault)
		reply_anthropic(call, 400, "invalid_request_error", fault);
	else
		start(call, surface);
}

static void messages(struct host_call *call)
{
	check_and_dispatch(call, HOST_SURFACE_MESSAGES);
}

static void count_tokens(struct host_call *call)
{
	const struct host_group *group = group_of(call);

	if (!host_has(call->model, HOST_COUNTS_TOKENS))
		reply_anthropic(call, 404, "not_found_error", "Token counting "
				"is not supported for this platform");
	else if (group && host_platform_is_chat(group->platform))
		reply_json(call, 200, json_pack("{sI}", "input_tokens",
						(json_int_t)estimate(call)));
	else
		check_and_dispatch(call, HOST_SURFACE_COUNT_TOKENS);
}

static void gemini(struct host_call *call)
{
	reply_json(call, 400, json_pack("{s{si ss ss}}", "error", "code", 400,
		"message", "API key group platform is not gemini", "status",
		"INVALID_ARGUMENT"));
}

#define GATE(method_, pattern_, handle_) \
	.method = (method_), .pattern = (pattern_), .handle = (handle_), \
	.access = HOST_GATEWAY
#define CODEX "/backend-api/codex"

const struct host_route host_gateway_routes[] = {
	{ GATE("POST", "/v1/chat/completions", chat) },
	{ GATE("POST", "/chat/completions", chat) },
	{ GATE("POST", "/v1/responses", responses) },
	{ GATE("POST", "/v1/responses/compact", compact) },
	{ GATE("POST", "/v1/responses/input_tokens", input_tokens) },
	{ GATE("POST", "/responses", responses) },
	{ GATE("POST", "/responses/compact", compact) },
	{ GATE("POST", "/responses/input_tokens", input_tokens) },
	{ GATE("POST", CODEX "/responses", responses) },
	{ GATE("POST", CODEX "/responses/compact", compact) },
	{ GATE("POST", "/v1/messages", messages) },
	{ GATE("POST", "/v1/messages/count_tokens", count_tokens) },
	{ GATE("POST", "/v1/embeddings", embeddings),
	  .since = HOST_0_1_179 },
	{ GATE("POST", "/v1beta/models/{name}", gemini) },
	{ GATE("GET", "/v1/models", host_models_list) },
	{ .method = "GET", .pattern = "/v1/usage", .handle = host_usage_show,
	  .access = HOST_GATEWAY_STATUS },
	{ .method = NULL },
};
