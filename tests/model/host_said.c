#include "tests/model/host_said.h"

#include <string.h>

#include "shared/buf.h"
#include "shared/table.h"
#include "tests/model/host_sse.h"

/* Whatever index an upstream gives its calls. */
#define CALLS_MAX 128

const char *host_text(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

static struct host_said nothing(void)
{
	return (struct host_said){
		.id = xstrdup(""), .texts = json_array(),
		.thoughts = json_array(), .calls = json_array(),
		.finish = "stop",
	};
}

void host_said_done(struct host_said *said)
{
	free(said->id);
	json_decref(said->texts);
	json_decref(said->thoughts);
	json_decref(said->calls);
	json_decref(said->usage);
	*said = (struct host_said){ 0 };
}

char *host_said_join(const json_t *pieces)
{
	struct buf out = { .max = HOST_SSE_MAX };
	size_t i;
	json_t *piece;

	json_array_foreach(pieces, i, piece)
		buf_adds(&out, json_string_value(piece));
	buf_adds(&out, "");
	return buf_take(&out);
}

int64_t host_said_tokens(const struct host_said *said, const char *name)
{
	return json_integer_value(json_object_get(said->usage, name));
}

int64_t host_said_cached(const struct host_said *said)
{
	return json_integer_value(json_object_get(json_object_get(
		said->usage, "prompt_tokens_details"), "cached_tokens"));
}

static void add_piece(json_t *pieces, const json_t *object, const char *name)
{
	json_t *value = json_object_get(object, name);

	if (json_is_string(value))
		json_array_append(pieces, value);
}

/* The call with this index, made if it is new. */
static json_t *call_at(struct host_said *said, size_t index)
{
	if (index >= CALLS_MAX)
		index = CALLS_MAX - 1;
	while (json_array_size(said->calls) <= index)
		json_array_append_new(said->calls, json_pack(
			"{ss ss s[]}", "id", "", "name", "", "pieces"));
	return json_array_get(said->calls, index);
}

static void set_if_there(json_t *to, const char *name, const json_t *from,
			 const char *as)
{
	if (*host_text(from, as))
		json_object_set(to, name, json_object_get(from, as));
}

static void hear_call(struct host_said *said, const json_t *part,
		      size_t otherwise)
{
	const json_t *index = json_object_get(part, "index");
	const json_t *function = json_object_get(part, "function");
	json_t *call = call_at(said, json_is_integer(index) ?
		(size_t)json_integer_value(index) : otherwise);

	set_if_there(call, "id", part, "id");
	set_if_there(call, "name", function, "name");
	if (*host_text(function, "arguments"))
		add_piece(json_object_get(call, "pieces"), function,
			  "arguments");
}

static const char *finish_named(const char *name)
{
	static const char *const names[] = { "stop", "length", "tool_calls" };
	int found;

	return table_find(names, COUNT(names), name, &found) ? names[found]
							     : NULL;
}

/* A chat answer or a chunk of one; `member` is "message" or "delta". */
static void hear_chat(struct host_said *said, const json_t *answer,
		      const char *member)
{
	const json_t *choice = json_array_get(
		json_object_get(answer, "choices"), 0);
	const json_t *words = json_object_get(choice, member);
	const char *finish = finish_named(host_text(choice, "finish_reason"));
	json_t *usage = json_object_get(answer, "usage");
	size_t i;
	json_t *part;

	if (!json_is_array(json_object_get(answer, "choices")))
		return;
	said->is_answer = true;
	own_set(&said->id, host_text(answer, "id"));
	add_piece(said->texts, words, "content");
	if (*host_text(words, "reasoning_content"))
		add_piece(said->thoughts, words, "reasoning_content");
	json_array_foreach(json_object_get(words, "tool_calls"), i, part)
		hear_call(said, part, i);
	if (finish)
		said->finish = finish;
	if (json_is_object(usage)) {
		json_decref(said->usage);
		said->usage = json_incref(usage);
	}
}

struct host_said host_said_of_chat(const char *body, bool stream)
{
	struct host_said said = nothing();
	bool done = false;
	json_t *event;

	if (!stream) {
		event = json_loads(body, 0, NULL);
		hear_chat(&said, event, "message");
		json_decref(event);
		return said;
	}
	while ((event = host_sse_next(&body, &done))) {
		hear_chat(&said, event, "delta");
		json_decref(event);
	}
	return said;
}

static void copy_member(json_t *to, const char *as, const json_t *from,
			const char *name)
{
	json_t *value = json_object_get(from, name);

	if (value && !json_is_null(value))
		json_object_set(to, as, value);
}

/* As a chat would count. */
static json_t *chat_usage(const json_t *response)
{
	const json_t *usage = json_object_get(response, "usage");
	json_t *out = json_object();

	copy_member(out, "prompt_tokens", usage, "input_tokens");
	copy_member(out, "completion_tokens", usage, "output_tokens");
	copy_member(out, "total_tokens", usage, "total_tokens");
	copy_member(out, "prompt_tokens_details", usage,
		    "input_tokens_details");
	return out;
}

static void hear_parts(json_t *pieces, const json_t *item, const char *name)
{
	size_t i;
	json_t *part;

	json_array_foreach(json_object_get(item, name), i, part)
		add_piece(pieces, part, "text");
}

/* An item of the output that no piece came of before. */
static void hear_item(struct host_said *said, const json_t *item,
		      bool had_texts, bool had_calls)
{
	const char *type = host_text(item, "type");
	json_t *call;

	if (strcmp(type, "reasoning") == 0) {
		hear_parts(said->thoughts, item, "summary");
	} else if (strcmp(type, "function_call") != 0) {
		if (!had_texts)
			hear_parts(said->texts, item, "content");
	} else if (!had_calls) {
		call = call_at(said, json_array_size(said->calls));
		set_if_there(call, "id", item, "call_id");
		set_if_there(call, "name", item, "name");
		add_piece(json_object_get(call, "pieces"), item, "arguments");
	}
}

static void hear_response(struct host_said *said, const json_t *response)
{
	bool had_texts = json_array_size(said->texts) > 0;
	bool had_calls = json_array_size(said->calls) > 0;
	size_t i;
	json_t *item;

	said->is_answer = true;
	own_set(&said->id, host_text(response, "id"));
	said->usage = chat_usage(response);
	json_array_foreach(json_object_get(response, "output"), i, item)
		hear_item(said, item, had_texts, had_calls);
	if (json_array_size(said->calls))
		said->finish = "tool_calls";
	else if (strcmp(host_text(response, "status"), "incomplete") == 0)
		said->finish = "length";
}

static void hear_event(struct host_said *said, const json_t *event)
{
	static const char *const terminal[] = {
		"response.completed", "response.done", "response.incomplete",
	};
	const char *type = host_text(event, "type");
	const json_t *item = json_object_get(event, "item");
	size_t count = json_array_size(said->calls);
	int found;

	if (strcmp(type, "response.output_text.delta") == 0) {
		add_piece(said->texts, event, "delta");
	} else if (strcmp(type, "response.output_item.added") == 0 &&
		   strcmp(host_text(item, "type"), "function_call") == 0) {
		json_t *call = call_at(said, count);

		set_if_there(call, "id", item, "call_id");
		set_if_there(call, "name", item, "name");
	} else if (count && strcmp(type,
			"response.function_call_arguments.delta") == 0) {
		add_piece(json_object_get(call_at(said, count - 1), "pieces"),
			  event, "delta");
	} else if (!said->is_answer &&
		   table_find(terminal, COUNT(terminal), type, &found)) {
		hear_response(said, json_object_get(event, "response"));
	}
}

struct host_said host_said_of_responses(const char *body)
{
	struct host_said said = nothing();
	bool done = false;
	json_t *event;

	while ((event = host_sse_next(&body, &done))) {
		hear_event(&said, event);
		json_decref(event);
	}
	return said;
}
