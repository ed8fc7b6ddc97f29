#include "tests/model/host_mock.h"

#include <jansson.h>
#include <string.h>

#include "shared/table.h"
#include "tests/model/host_mock_rich.h"

#define JSON "application/json"
#define SSE "text/event-stream"
#define CHUNK "data: {\"id\":\"chatcmpl-mock1\"," \
	"\"object\":\"chat.completion.chunk\",\"created\":1770000000," \
	"\"model\":\"mock-a\",\"choices\":["

struct persona {
	const char *name;
	enum model_end end;
	int status;
	const char *type;
	const char *body;
	const char *stream;		/* NULL: the same */
};

static const char chat_ok[] =
	"{\"id\":\"chatcmpl-mock1\",\"object\":\"chat.completion\","
	"\"created\":1770000000,\"model\":\"mock-a\",\"choices\":[{\"index\":"
	"0,\"message\":{\"role\":\"assistant\",\"content\":\"pong\"},"
	"\"logprobs\":null,\"finish_reason\":\"stop\"}],\"usage\":{"
	"\"prompt_tokens\":9,\"completion_tokens\":3,\"total_tokens\":12},"
	"\"system_fingerprint\":\"fp_mock\"}";

#define CHAT_OPENING \
	CHUNK "{\"index\":0,\"delta\":{\"role\":\"assistant\"," \
	"\"content\":\"\"},\"finish_reason\":null}]}\n\n" \
	CHUNK "{\"index\":0,\"delta\":{\"content\":\"po\"}," \
	"\"finish_reason\":null}]}\n\n"

static const char chat_stream[] =
	CHAT_OPENING
	CHUNK "{\"index\":0,\"delta\":{\"content\":\"ng\"},"
	"\"finish_reason\":null}]}\n\n"
	CHUNK "{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
	"data: [DONE]\n\n";

/* The same for who asks for usage. */
static const char chat_stream_usage[] =
	CHAT_OPENING
	CHUNK "{\"index\":0,\"delta\":{\"content\":\"ng\"},"
	"\"finish_reason\":null}]}\n\n"
	CHUNK "{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
	CHUNK "],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":3,"
	"\"total_tokens\":12}}\n\n"
	"data: [DONE]\n\n";

static const char reason_whole[] =
	"{\"id\":\"chatcmpl-mock1\",\"object\":\"chat.completion\","
	"\"created\":1770000000,\"model\":\"mock-a\",\"choices\":[{\"index\":"
	"0,\"message\":{\"role\":\"assistant\",\"content\":\"pong\","
	"\"reasoning_content\":\"thinking about it\"},\"finish_reason\":"
	"\"stop\"}],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":40,"
	"\"total_tokens\":49,\"completion_tokens_details\":{"
	"\"reasoning_tokens\":37}}}";

static const char reason_body[] =
	"{\"id\":\"chatcmpl-mock1\",\"object\":\"chat.completion\","
	"\"created\":1770000000,\"model\":\"mock-a\",\"choices\":[{\"index\":"
	"0,\"message\":{\"role\":\"assistant\",\"content\":\"\","
	"\"reasoning_content\":\"thinking about it\"},\"finish_reason\":"
	"\"length\"}],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":8,"
	"\"total_tokens\":49,\"completion_tokens_details\":{"
	"\"reasoning_tokens\":8}}}";

static const char reason_stream[] =
	CHUNK "{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":"
	"\"pong\",\"reasoning_content\":\"thinking\"},"
	"\"finish_reason\":null}]}\n\n"
	CHUNK "{\"index\":0,\"delta\":{},\"finish_reason\":\"length\"}],"
	"\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":3,"
	"\"total_tokens\":12}}\n\n"
	"data: [DONE]\n\n";

static const char responses_ok[] =
	"event: response.output_text.delta\n"
	"data: {\"type\":\"response.output_text.delta\",\"delta\":"
	"\"pong-\"}\n\n"
	"event: response.output_text.delta\n"
	"data: {\"type\":\"response.output_text.delta\",\"delta\":"
	"\"resp\"}\n\n"
	"event: response.completed\n"
	"data: {\"type\":\"response.completed\",\"response\":{\"id\":"
	"\"resp_mock1\",\"object\":\"response\",\"status\":\"completed\","
	"\"output\":[{\"type\":\"message\",\"role\":\"assistant\","
	"\"content\":[{\"type\":\"output_text\",\"text\":\"pong-resp\"}]}],"
	"\"usage\":{\"input_tokens\":9,\"output_tokens\":3,"
	"\"total_tokens\":12}}}\n\n";

static const char responses_probe[] =
	"{\"id\":\"resp_mock1\",\"object\":\"response\",\"status\":"
	"\"completed\",\"output\":[{\"type\":\"function_call\",\"name\":"
	"\"probe_ping\",\"arguments\":\"{}\"}]}";

#define ERROR(message_, type_, code_) \
	"{\"error\":{\"message\":\"" message_ "\",\"type\":\"" type_ \
	"\",\"code\":\"" code_ "\"}}"

/* Answers to both endpoints; "ok" differs and stands first. */
static const struct persona personas[] = {
	{ "ok", MODEL_END_COMPLETE, 200, JSON, chat_ok, chat_stream },
	{ "400", MODEL_END_COMPLETE, 400, JSON, ERROR(
	  "Unsupported parameter: input", "invalid_request_error",
	  "unsupported_parameter"), NULL },
	{ "401", MODEL_END_COMPLETE, 401, JSON, ERROR(
	  "Incorrect API key provided", "authentication_error",
	  "invalid_api_key"), NULL },
	{ "402", MODEL_END_COMPLETE, 402, JSON, ERROR(
	  "Insufficient Balance", "unknown_error", "invalid_request"), NULL },
	{ "403", MODEL_END_COMPLETE, 403, JSON, ERROR(
	  "Access denied for this endpoint", "permission_error",
	  "access_denied"), NULL },
	{ "404", MODEL_END_COMPLETE, 404, JSON, ERROR(
	  "Not Found", "not_found", "not_found"), NULL },
	{ "405", MODEL_END_COMPLETE, 405, JSON, ERROR(
	  "Method Not Allowed", "invalid", "405"), NULL },
	{ "422", MODEL_END_COMPLETE, 422, JSON, ERROR(
	  "Unprocessable", "invalid", "422"), NULL },
	{ "429", MODEL_END_COMPLETE, 429, JSON, ERROR(
	  "Rate limit reached", "rate_limit_error",
	  "rate_limit_exceeded"), NULL },
	{ "500", MODEL_END_COMPLETE, 500, JSON, ERROR(
	  "Internal upstream error", "server_error", "internal"), NULL },
	{ "501", MODEL_END_COMPLETE, 501, JSON, ERROR(
	  "Not implemented", "server_error", "501"), NULL },
	{ "503", MODEL_END_COMPLETE, 503, JSON, ERROR(
	  "Overloaded", "server_error", "503"), NULL },
	{ "529", MODEL_END_COMPLETE, 529, JSON, ERROR(
	  "Overloaded", "overloaded_error", "529"), NULL },
	{ "html200", MODEL_END_COMPLETE, 200, "text/html",
	  "<html><body>portal</body></html>", NULL },
	{ "html403", MODEL_END_COMPLETE, 403, "text/html",
	  "<html><body>forbidden by WAF</body></html>", NULL },
	{ "err200", MODEL_END_COMPLETE, 200, JSON,
	  "{\"base_resp\":{\"status_code\":1008,\"status_msg\":"
	  "\"insufficient balance\"}}", NULL },
	{ "errobj200", MODEL_END_COMPLETE, 200, JSON,
	  "{\"error\":{\"message\":\"quota exceeded\",\"type\":"
	  "\"insufficient_quota\"}}", NULL },
	{ "model404", MODEL_END_COMPLETE, 404, JSON, ERROR(
	  "The model `mock-a` does not exist or you do not have access to "
	  "it.", "invalid_request_error", "model_not_found"), NULL },
	{ "reason", MODEL_END_COMPLETE, 200, JSON, reason_body,
	  reason_stream },
	{ "reason-whole", MODEL_END_COMPLETE, 200, JSON, reason_whole, NULL },
	{ "ok-usage", MODEL_END_COMPLETE, 200, JSON, chat_ok,
	  chat_stream_usage },
	{ "half", MODEL_END_CUT, 200, JSON, chat_ok, CHAT_OPENING },
	{ "reset", MODEL_END_RESET, 0, NULL, "", NULL },
	{ "refused", MODEL_END_REFUSED, 0, NULL, "", NULL },
	{ "hang", MODEL_END_HANG, 0, NULL, "", NULL },
};

void host_mock_set(struct host_mock *mock, const char *chat,
		   const char *responses)
{
	snprintf(mock->chat, sizeof(mock->chat), "%s", chat);
	snprintf(mock->responses, sizeof(mock->responses), "%s", responses);
}

static void answer_by(const struct persona *persona, bool stream,
		      struct model_answer *ret)
{
	const char *body = stream && persona->stream ? persona->stream
						     : persona->body;

	model_answer_set(ret, persona->status, stream && persona->stream ?
			 SSE : persona->type, body);
	ret->end = persona->end;
	/* Only streams break off. */
	if (persona->end == MODEL_END_CUT && !stream)
		ret->end = MODEL_END_COMPLETE;
	if (persona->status == 429)
		model_answer_add_header(ret, "Retry-After", "30");
	if (persona->status == 200)
		model_answer_add_header(ret, "X-Request-ID", "up-req-1");
}

static void answer_status(int status, struct model_answer *ret)
{
	char body[128];

	snprintf(body, sizeof(body), "{\"error\":{\"message\":\"status %d\"}}",
		 status);
	model_answer_set(ret, status, JSON, body);
}

static void answer_named(const char *name, bool stream,
			 struct model_answer *ret)
{
	for (size_t i = 0; i < COUNT(personas); i++) {
		if (strcmp(personas[i].name, name) == 0) {
			answer_by(&personas[i], stream, ret);
			return;
		}
	}
	answer_status((int)strtol(name, NULL, 10), ret);
}

/* The reasoning model runs out of tokens only where there are few. */
static bool has_room(const struct model_request *call)
{
	json_auto_t *body = json_loads(call->body, 0, NULL);

	return json_integer_value(json_object_get(body, "max_tokens")) > 100;
}

static bool wants_usage(const struct model_request *call)
{
	json_auto_t *body = json_loads(call->body, 0, NULL);

	return json_is_true(json_object_get(json_object_get(
		body, "stream_options"), "include_usage"));
}

static bool wants_stream(const struct model_request *call)
{
	json_auto_t *body = json_loads(call->body, 0, NULL);
	const json_t *stream = json_object_get(body, "stream");

	return json_is_true(stream) || json_is_string(stream);
}

static bool is_rich(const struct host_mock *mock)
{
	return strcmp(mock->chat, "rich") == 0;
}

/* Below /responses it has one path, if it has /responses at all. */
static bool answer_below(const struct host_mock *mock,
			 const struct model_request *call,
			 struct model_answer *ret)
{
	if (strstr(call->target, "/compact"))
		answer_named("403", false, ret);
	else if (!strstr(call->target, "/input_tokens"))
		return false;
	else if (strcmp(mock->responses, "ok") == 0)
		model_answer_set(ret, 200, JSON, "{\"object\":"
				 "\"response.input_tokens\","
				 "\"input_tokens\":20}");
	else
		answer_named(mock->responses, false, ret);
	return true;
}

static void answer_responses(struct host_mock *mock,
			     const struct model_request *call,
			     struct model_answer *ret)
{
	bool stream = wants_stream(call);

	mock->responses_calls++;
	mock->probes += !stream;
	if (answer_below(mock, call, ret))
		return;
	if (strcmp(mock->responses, "ok") != 0)
		answer_named(mock->responses, stream, ret);
	else if (is_rich(mock))
		host_mock_rich_responses(call, ret);
	else if (stream)
		model_answer_set(ret, 200, SSE, responses_ok);
	else
		model_answer_set(ret, 200, JSON, responses_probe);
	ret->delay_ms = mock->responses_ms;
}

static const char *chat_name(const struct host_mock *mock,
			     const struct model_request *call)
{
	if (strcmp(mock->chat, "ok") == 0 && wants_usage(call))
		return "ok-usage";
	if (strcmp(mock->chat, "reason") == 0 && has_room(call))
		return "reason-whole";
	return mock->chat;
}

void host_mock_answer(void *context, const struct model_request *call,
		      struct model_answer *ret)
{
	struct host_mock *mock = context;

	snprintf(mock->last_target, sizeof(mock->last_target), "%s",
		 call->target);
	if (strstr(call->target, "/models")) {
		model_answer_set(ret, 200, JSON, "{\"data\":[{\"id\":"
				 "\"mock-a\"},{\"id\":\"mock-b\"}]}");
		return;
	}
	if (strstr(call->target, "/responses")) {
		answer_responses(mock, call, ret);
		return;
	}
	if (strstr(call->target, "/embeddings")) {
		mock->embeddings_calls++;
		host_mock_rich_embeddings(ret);
		return;
	}
	mock->chat_calls++;
	if (is_rich(mock))
		host_mock_rich_chat(call, ret);
	else
		answer_named(chat_name(mock, call), wants_stream(call), ret);
	ret->delay_ms = mock->chat_ms;
}
