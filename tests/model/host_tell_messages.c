#include <string.h>

#include "shared/own.h"
#include "tests/model/host_said.h"
#include "tests/model/host_sse.h"
#include "tests/model/host_way.h"

static const char *stop_reason(const struct host_said *said)
{
	if (strcmp(said->finish, "tool_calls") == 0)
		return "tool_use";
	return strcmp(said->finish, "length") == 0 ? "max_tokens" : "end_turn";
}

static json_t *usage_of(int64_t input, int64_t output, int64_t cached)
{
	return json_pack("{sI sI si sI}", "input_tokens", (json_int_t)input,
		"output_tokens", (json_int_t)output,
		"cache_creation_input_tokens", 0,
		"cache_read_input_tokens", (json_int_t)cached);
}

/* What was cached does not count as input. */
static json_t *usage_view(const struct host_said *said)
{
	int64_t cached = host_said_cached(said);

	return usage_of(host_said_tokens(said, "prompt_tokens") - cached,
			host_said_tokens(said, "completion_tokens"), cached);
}

static json_t *call_view(const json_t *call)
{
	AUTO_FREE char *arguments = host_said_join(
		json_object_get(call, "pieces"));
	json_t *input = json_loads(arguments, 0, NULL);

	return json_pack("{ss ss ss so}", "type", "tool_use",
		"id", host_text(call, "id"), "name", host_text(call, "name"),
		"input", input ? input : json_object());
}

static json_t *content_view(const struct host_said *said)
{
	AUTO_FREE char *text = host_said_join(said->texts);
	json_t *content = json_array();
	size_t i;
	json_t *call;

	if (*text || json_array_size(said->calls) == 0)
		json_array_append_new(content, json_pack(
			"{ss ss}", "text", text, "type", "text"));
	json_array_foreach(said->calls, i, call)
		json_array_append_new(content, call_view(call));
	return content;
}

static void tell_whole(const struct host_model *model,
		       const struct host_exchange *exchange,
		       const struct host_said *said, struct model_answer *ret)
{
	json_auto_t *view = json_pack("{ss ss ss so ss ss so}",
		"id", said->id, "type", "message", "role", "assistant",
		"content", content_view(said),
		"model", exchange->model_name,
		"stop_reason", stop_reason(said), "usage", usage_view(said));
	AUTO_FREE char *text = json_dumps(view, JSON_COMPACT);

	/* Old versions copy the type of the event stream they read. */
	model_answer_set(ret, 200, host_has(model, HOST_CONVERTS_PLAINLY) ?
			 "application/json" : "text/event-stream", text);
}

/* Takes `event`. */
static void add(struct buf *out, const char *type, json_t *event)
{
	json_object_set_new(event, "type", json_string(type));
	host_sse_add(out, type, event);
}

static void add_start(struct buf *out, const struct host_model *model,
		      const struct host_exchange *exchange,
		      const struct host_said *said)
{
	json_t *reason = host_has(model, HOST_CONVERTS_PLAINLY) ?
		json_null() : json_string("");

	add(out, "message_start", json_pack(
		"{s{ss ss ss s[] ss so so}}", "message", "id", said->id,
		"type", "message", "role", "assistant", "content",
		"model", exchange->model_name, "stop_reason", reason,
		"usage", usage_of(0, 0, 0)));
}

/* Takes `block`. */
static void add_block_start(struct buf *out, int index, json_t *block)
{
	add(out, "content_block_start", json_pack(
		"{si so}", "index", index, "content_block", block));
}

/* Takes `delta`. */
static void add_delta(struct buf *out, int index, json_t *delta)
{
	add(out, "content_block_delta", json_pack(
		"{si so}", "index", index, "delta", delta));
}

static void add_block_stop(struct buf *out, int index)
{
	add(out, "content_block_stop", json_pack("{si}", "index", index));
}

static void add_text(struct buf *out, const struct host_model *model,
		     const struct host_said *said, int index)
{
	json_t *block = json_pack("{ss}", "type", "text");
	size_t i;
	json_t *piece;

	if (host_has(model, HOST_OPENS_BLOCKS_WHOLE))
		json_object_set_new(block, "text", json_string(""));
	add_block_start(out, index, block);
	json_array_foreach(said->texts, i, piece) {
		if (*json_string_value(piece))
			add_delta(out, index, json_pack(
				"{ss sO}", "type", "text_delta", "text",
				piece));
	}
	add_block_stop(out, index);
}

static void add_call(struct buf *out, const json_t *call, int index)
{
	size_t i;
	json_t *piece;

	add_block_start(out, index, json_pack("{ss ss ss s{}}", "type",
		"tool_use", "id", host_text(call, "id"),
		"name", host_text(call, "name"), "input"));
	json_array_foreach(json_object_get(call, "pieces"), i, piece)
		add_delta(out, index, json_pack(
			"{ss sO}", "type", "input_json_delta", "partial_json",
			piece));
	add_block_stop(out, index);
}

static void tell_stream(const struct host_model *model,
			const struct host_exchange *exchange,
			const struct host_said *said,
			struct model_answer *ret)
{
	CLEANUP(buf_done) struct buf out = { .max = HOST_SSE_MAX };
	AUTO_FREE char *text = host_said_join(said->texts);
	int index = 0;
	size_t i;
	json_t *call;

	add_start(&out, model, exchange, said);
	if (*text || json_array_size(said->calls) == 0)
		add_text(&out, model, said, index++);
	json_array_foreach(said->calls, i, call)
		add_call(&out, call, index++);
	add(&out, "message_delta", json_pack("{s{ss} so}", "delta",
		"stop_reason", stop_reason(said), "usage",
		usage_view(said)));
	add(&out, "message_stop", json_object());
	model_answer_set(ret, 200, "text/event-stream", buf_str(&out));
}

void host_tell_messages(const struct host_model *model,
			const struct host_exchange *exchange,
			const struct host_said *said,
			struct model_answer *ret)
{
	if (exchange->stream)
		tell_stream(model, exchange, said, ret);
	else
		tell_whole(model, exchange, said, ret);
}
