#include <string.h>

#include "shared/own.h"
#include "tests/model/host_call.h"
#include "tests/model/host_gateway.h"
#include "tests/model/host_sse.h"

/* What a chat upstream said, put together from its answer or its chunks. */
struct spoken {
	char *id;
	struct buf text;
	json_t *usage;
	bool is_chat;
};

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

static void listen(struct spoken *spoken, const json_t *answer,
		   const char *member)
{
	const json_t *choice = json_array_get(
		json_object_get(answer, "choices"), 0);
	json_t *usage = json_object_get(answer, "usage");

	if (!json_object_get(answer, "choices"))
		return;
	spoken->is_chat = true;
	own_set(&spoken->id, text_of(answer, "id"));
	buf_adds(&spoken->text, text_of(json_object_get(choice, member),
					"content"));
	if (json_is_object(usage)) {
		json_decref(spoken->usage);
		spoken->usage = json_incref(usage);
	}
}

static void listen_to_all(struct spoken *spoken,
			  const struct host_exchange *exchange,
			  const char *body)
{
	bool done = false;
	json_t *event;

	if (!exchange->stream) {
		event = json_loads(body, 0, NULL);
		listen(spoken, event, "message");
		json_decref(event);
		return;
	}
	while ((event = host_sse_next(&body, &done))) {
		listen(spoken, event, "delta");
		json_decref(event);
	}
}

static json_t *usage_view(const json_t *usage)
{
	json_t *cached = json_object_get(json_object_get(
		usage, "prompt_tokens_details"), "cached_tokens");

	return json_pack("{sI sI sI s{sI}}",
		"input_tokens", json_integer_value(
			json_object_get(usage, "prompt_tokens")),
		"output_tokens", json_integer_value(
			json_object_get(usage, "completion_tokens")),
		"total_tokens", json_integer_value(
			json_object_get(usage, "total_tokens")),
		"input_tokens_details", "cached_tokens",
		json_integer_value(cached));
}

static json_t *item_view(const struct spoken *spoken)
{
	return json_pack("{ss ss ss s[{ss ss}] ss}", "type", "message", "id",
			 "item_0000000000000000", "role", "assistant",
			 "content", "type", "output_text", "text",
			 buf_str(&spoken->text), "status", "completed");
}

static json_t *response_view(const struct host_exchange *exchange,
			     const struct spoken *spoken)
{
	return json_pack("{ss ss ss ss s[o] so}", "id", spoken->id, "object",
			 "response", "model", exchange->model_name, "status",
			 "completed", "output", item_view(spoken), "usage",
			 usage_view(spoken->usage));
}

static void write_events(struct buf *out,
			 const struct host_exchange *exchange,
			 const struct spoken *spoken)
{
	host_sse_add(out, "response.created", json_pack(
		"{ss s{ss ss ss ss s[]}}", "type", "response.created",
		"response", "id", spoken->id, "object", "response", "model",
		exchange->model_name, "status", "in_progress", "output"));
	host_sse_add(out, "response.output_text.delta", json_pack(
		"{ss ss}", "type", "response.output_text.delta", "delta",
		buf_str(&spoken->text)));
	host_sse_add(out, "response.completed", json_pack(
		"{ss so}", "type", "response.completed", "response",
		response_view(exchange, spoken)));
	buf_adds(out, "data: [DONE]\n\n");
}

bool host_responses_from_chat(const struct host_model *model,
			      const struct host_exchange *exchange,
			      const struct model_answer *answer,
			      struct model_answer *ret)
{
	struct spoken spoken = { .text = { .max = HOST_SSE_MAX } };
	CLEANUP(buf_done) struct buf out = { .max = HOST_SSE_MAX };

	(void)model;
	listen_to_all(&spoken, exchange, answer->body);
	if (!spoken.is_chat) {
		answer_gateway(ret, 502, "upstream_error",
			       "Upstream request failed");
	} else if (exchange->stream) {
		write_events(&out, exchange, &spoken);
		model_answer_set(ret, 200, "text/event-stream",
				 buf_str(&out));
	} else {
		json_auto_t *view = response_view(exchange, &spoken);
		AUTO_FREE char *text = json_dumps(view, JSON_COMPACT);

		model_answer_set(ret, 200, "application/json", text);
	}
	free(spoken.id);
	json_decref(spoken.usage);
	buf_done(&spoken.text);
	return spoken.is_chat;
}
