#include <string.h>

#include "shared/own.h"
#include "tests/model/host_said.h"
#include "tests/model/host_sse.h"
#include "tests/model/host_way.h"

/* Everything of an answer but its form. */
struct telling {
	const struct host_model *model;
	const struct host_exchange *exchange;
	const struct host_said *said;
};

static json_t *calls_view(const struct host_said *said)
{
	json_t *calls = json_array();
	size_t i;
	json_t *call;

	json_array_foreach(said->calls, i, call) {
		AUTO_FREE char *arguments = host_said_join(
			json_object_get(call, "pieces"));

		json_array_append_new(calls, json_pack(
			"{ss ss s{ss ss}}", "id", host_text(call, "id"),
			"type", "function", "function",
			"name", host_text(call, "name"),
			"arguments", arguments));
	}
	return calls;
}

static json_t *message_view(const struct host_said *said)
{
	AUTO_FREE char *text = host_said_join(said->texts);
	AUTO_FREE char *thought = host_said_join(said->thoughts);
	json_t *message = json_pack("{ss}", "role", "assistant");

	if (*text || json_array_size(said->calls) == 0)
		json_object_set_new(message, "content", json_string(text));
	if (*thought)
		json_object_set_new(message, "reasoning_content",
				    json_string(thought));
	if (json_array_size(said->calls))
		json_object_set_new(message, "tool_calls", calls_view(said));
	return message;
}

static json_t *chunk(const struct telling *telling, json_t *choices)
{
	return json_pack("{ss ss sI ss so}", "id", telling->said->id,
		"object", "chat.completion.chunk", "created",
		(json_int_t)(telling->model->now / 1000),
		"model", telling->exchange->model_name, "choices", choices);
}

/* Takes `delta`. */
static void add_delta(struct buf *out, const struct telling *telling,
		      json_t *delta, const char *finish)
{
	host_sse_add(out, NULL, chunk(telling, json_pack(
		"[{si so ss?}]", "index", 0, "delta", delta,
		"finish_reason", finish)));
}

static void add_call(struct buf *out, const struct telling *telling,
		     size_t index, const json_t *call)
{
	size_t i;
	json_t *piece;

	add_delta(out, telling, json_pack("{s[{si ss ss s{ss ss}}]}",
		"tool_calls", "index", (int)index,
		"id", host_text(call, "id"), "type", "function", "function",
		"name", host_text(call, "name"), "arguments", ""), NULL);
	json_array_foreach(json_object_get(call, "pieces"), i, piece)
		add_delta(out, telling, json_pack("{s[{si s{ss sO}}]}",
			"tool_calls", "index", (int)index, "function",
			"name", "", "arguments", piece), NULL);
}

static bool wants_usage(const struct telling *telling)
{
	return host_has(telling->model, HOST_CONVERTS_PLAINLY) ||
	       json_is_true(json_object_get(json_object_get(
			telling->exchange->body, "stream_options"),
			"include_usage"));
}

static void tell_stream(const struct telling *telling,
			struct model_answer *ret)
{
	CLEANUP(buf_done) struct buf out = { .max = HOST_SSE_MAX };
	const struct host_said *said = telling->said;
	json_t *part;
	size_t i;

	add_delta(&out, telling, json_pack("{ss}", "role", "assistant"), NULL);
	json_array_foreach(said->thoughts, i, part)
		add_delta(&out, telling, json_pack(
			"{sO}", "reasoning_content", part), NULL);
	json_array_foreach(said->texts, i, part)
		add_delta(&out, telling, json_pack("{sO}", "content", part),
			  NULL);
	json_array_foreach(said->calls, i, part)
		add_call(&out, telling, i, part);
	add_delta(&out, telling, json_pack("{ss}", "content", ""),
		  said->finish);
	if (said->usage && wants_usage(telling)) {
		json_t *last = chunk(telling, json_array());

		json_object_set(last, "usage", said->usage);
		host_sse_add(&out, NULL, last);
	}
	buf_adds(&out, "data: [DONE]\n\n");
	model_answer_set(ret, 200, "text/event-stream", buf_str(&out));
}

static void tell_whole(const struct telling *telling,
		       struct model_answer *ret)
{
	const struct host_said *said = telling->said;
	json_auto_t *body = json_pack(
		"{ss ss sI ss s[{si so ss}]}", "id", said->id,
		"object", "chat.completion", "created",
		(json_int_t)(telling->model->now / 1000),
		"model", telling->exchange->model_name, "choices",
		"index", 0, "message", message_view(said),
		"finish_reason", said->finish);
	AUTO_FREE char *text = NULL;

	if (said->usage)
		json_object_set(body, "usage", said->usage);
	text = json_dumps(body, JSON_COMPACT);
	/* Old versions copy the type of the event stream they read. */
	model_answer_set(ret, 200,
			 host_has(telling->model, HOST_CONVERTS_PLAINLY) ?
			 "application/json; charset=utf-8" :
			 "text/event-stream", text);
}

void host_tell_chat(const struct host_model *model,
		    const struct host_exchange *exchange,
		    const struct host_said *said, struct model_answer *ret)
{
	const struct telling telling = { model, exchange, said };

	if (exchange->stream)
		tell_stream(&telling, ret);
	else
		tell_whole(&telling, ret);
}
