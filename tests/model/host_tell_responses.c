#include <string.h>

#include "shared/own.h"
#include "tests/model/host_said.h"
#include "tests/model/host_sse.h"
#include "tests/model/host_way.h"

/* A stream of events under way. */
struct events {
	struct buf out;
	const struct host_exchange *exchange;
	const struct host_said *said;
	int next;		/* sequence number */
	int items;		/* opened so far */
	bool opened;		/* the item of the text */
};

static json_t *usage_view(const struct host_said *said)
{
	return json_pack("{sI sI sI s{sI}}", "input_tokens",
		(json_int_t)host_said_tokens(said, "prompt_tokens"),
		"output_tokens",
		(json_int_t)host_said_tokens(said, "completion_tokens"),
		"total_tokens",
		(json_int_t)host_said_tokens(said, "total_tokens"),
		"input_tokens_details", "cached_tokens",
		(json_int_t)host_said_cached(said));
}

/* Different for each item of a response. */
static char *item_id(const struct host_said *said, const char *kind,
		     size_t index)
{
	uint64_t hash = 0xcbf29ce484222325u + index;

	for (const char *at = said->id; *at; at++)
		hash = (hash ^ (unsigned char)*at) * 0x100000001b3u;
	for (; *kind; kind++)
		hash = (hash ^ (unsigned char)*kind) * 0x100000001b3u;
	return xasprintf("item_%016llx", (unsigned long long)hash);
}

/* Empty texts are left out, as the old versions leave them. */
static json_t *part_view(const char *text)
{
	json_t *part = json_pack("{ss}", "type", "output_text");

	if (*text)
		json_object_set_new(part, "text", json_string(text));
	return part;
}

static json_t *message_view(const struct host_said *said, const char *text)
{
	AUTO_FREE char *id = item_id(said, "text", 0);

	return json_pack("{ss ss ss s[o] ss}", "type", "message", "id", id,
			 "role", "assistant", "content", part_view(text),
			 "status", "completed");
}

/* In a whole answer the id of a call is not the one of the stream. */
static json_t *call_view(const struct host_said *said, const json_t *call,
			 size_t index)
{
	AUTO_FREE char *id = item_id(said, "whole", index);
	AUTO_FREE char *arguments = host_said_join(
		json_object_get(call, "pieces"));

	return json_pack("{ss ss ss ss ss ss}", "type", "function_call",
		"id", id, "status", "completed",
		"call_id", host_text(call, "id"),
		"name", host_text(call, "name"), "arguments", arguments);
}

static json_t *thought_view(const struct host_said *said, const char *text)
{
	AUTO_FREE char *id = item_id(said, "thought", 0);

	return json_pack("{ss ss s[{ss ss}]}", "type", "reasoning", "id", id,
			 "summary", "type", "summary_text", "text", text);
}

static json_t *response_view(const struct host_exchange *exchange,
			     const struct host_said *said, bool opened)
{
	AUTO_FREE char *text = host_said_join(said->texts);
	AUTO_FREE char *thought = host_said_join(said->thoughts);
	json_t *output = json_array();
	size_t i;
	json_t *call;

	if (*thought)
		json_array_append_new(output, thought_view(said, thought));
	if (*text || opened || json_array_size(said->calls) == 0)
		json_array_append_new(output, message_view(said, text));
	json_array_foreach(said->calls, i, call)
		json_array_append_new(output, call_view(said, call, i));
	return json_pack("{ss ss ss ss so so}", "id", said->id, "object",
		"response", "model", exchange->model_name, "status",
		strcmp(said->finish, "length") == 0 ? "incomplete" :
		"completed", "output", output, "usage", usage_view(said));
}

/* Takes `event`; all but the first are numbered. */
static void add(struct events *events, const char *type, json_t *event)
{
	json_object_set_new(event, "type", json_string(type));
	if (events->next)
		json_object_set_new(event, "sequence_number",
				    json_integer(events->next));
	events->next++;
	host_sse_add(&events->out, type, event);
}

static void add_created(struct events *events)
{
	add(events, "response.created", json_pack(
		"{s{ss ss ss ss s[]}}", "response", "id", events->said->id,
		"object", "response", "model", events->exchange->model_name,
		"status", "in_progress", "output"));
}

static void add_completed(struct events *events)
{
	const char *type = strcmp(events->said->finish, "length") == 0 ?
		"response.incomplete" : "response.completed";

	add(events, type, json_pack("{so}", "response", response_view(
		events->exchange, events->said, events->opened)));
	buf_adds(&events->out, "data: [DONE]\n\n");
}

/* What 0.1.129 sends leaves out whatever is empty or zero. */

static json_t *poor_message(const char *id, const char *status)
{
	return json_pack("{s{ss ss ss ss}}", "item", "type", "message", "id",
			 id, "role", "assistant", "status", status);
}

static void add_poor_text(struct events *events, const char *id)
{
	size_t i;
	json_t *piece;

	json_array_foreach(events->said->texts, i, piece) {
		json_t *delta = json_pack("{ss}", "item_id", id);

		if (!events->opened)
			add(events, "response.output_item.added",
			    poor_message(id, "in_progress"));
		events->opened = true;
		if (*json_string_value(piece))
			json_object_set(delta, "delta", piece);
		add(events, "response.output_text.delta", delta);
	}
}

static void add_poor_call(struct events *events, const json_t *call,
			  size_t index)
{
	int at = (int)index + events->opened;
	AUTO_FREE char *id = item_id(events->said, "call", index);
	json_t *item = json_pack("{s{ss ss ss ss ss}}", "item", "type",
		"function_call", "id", id, "status", "in_progress",
		"call_id", host_text(call, "id"),
		"name", host_text(call, "name"));
	size_t i;
	json_t *piece;

	if (at)
		json_object_set_new(item, "output_index", json_integer(at));
	add(events, "response.output_item.added", item);
	json_array_foreach(json_object_get(call, "pieces"), i, piece) {
		json_t *delta = json_pack("{sO ss ss}", "delta", piece,
			"call_id", host_text(call, "id"),
			"name", host_text(call, "name"));

		if (at)
			json_object_set_new(delta, "output_index",
					    json_integer(at));
		add(events, "response.function_call_arguments.delta", delta);
	}
}

/* Calls get neither an end of their arguments nor one of their own. */
static void tell_poor_stream(struct events *events)
{
	AUTO_FREE char *id = item_id(events->said, "text", 0);
	AUTO_FREE char *text = host_said_join(events->said->texts);
	json_t *done = json_pack("{ss}", "item_id", id);
	size_t i;
	json_t *call;

	add_poor_text(events, id);
	json_array_foreach(events->said->calls, i, call)
		add_poor_call(events, call, i);
	if (*text)
		json_object_set_new(done, "text", json_string(text));
	if (!events->opened) {
		json_decref(done);
		return;
	}
	add(events, "response.output_text.done", done);
	add(events, "response.output_item.done",
	    poor_message(id, "completed"));
}

/* What later versions send is complete. */

static json_t *at_text(const struct events *events, const char *id)
{
	return json_pack("{si si ss}", "content_index", 0, "output_index",
			 events->items, "item_id", id);
}

static json_t *rich_message(const struct events *events, const char *id,
			    const char *status, const char *text)
{
	return json_pack("{si s{ss ss ss ss s[{ss ss}]}}", "output_index",
		events->items, "item", "type", "message", "id", id, "role",
		"assistant", "status", status, "content", "type",
		"output_text", "text", text);
}

static json_t *rich_part(const struct events *events, const char *id,
			 const char *text)
{
	json_t *event = at_text(events, id);

	json_object_set_new(event, "part", json_pack("{s[] s[] ss ss}",
		"annotations", "logprobs", "text", text, "type",
		"output_text"));
	return event;
}

static void add_rich_text(struct events *events, const char *text)
{
	AUTO_FREE char *id = item_id(events->said, "text", 0);
	json_t *event;
	size_t i;
	json_t *piece;

	add(events, "response.output_item.added",
	    rich_message(events, id, "in_progress", ""));
	add(events, "response.content_part.added", rich_part(events, id, ""));
	json_array_foreach(events->said->texts, i, piece) {
		if (!*json_string_value(piece))
			continue;
		event = at_text(events, id);
		json_object_set(event, "delta", piece);
		add(events, "response.output_text.delta", event);
	}
	event = at_text(events, id);
	json_object_set_new(event, "text", json_string(text));
	add(events, "response.output_text.done", event);
	add(events, "response.content_part.done",
	    rich_part(events, id, text));
	add(events, "response.output_item.done",
	    rich_message(events, id, "completed", text));
	events->items++;
}

static json_t *rich_call(const struct events *events, const json_t *call,
			 const char *id, const char *status,
			 const char *arguments)
{
	return json_pack("{si s{ss ss ss ss ss ss}}", "output_index",
		events->items, "item", "type", "function_call", "id", id,
		"status", status, "call_id", host_text(call, "id"), "name",
		host_text(call, "name"), "arguments", arguments);
}

static json_t *at_call(const struct events *events, const json_t *call,
		       const char *id)
{
	return json_pack("{si ss ss ss}", "output_index", events->items,
		"item_id", id, "call_id", host_text(call, "id"),
		"name", host_text(call, "name"));
}

static void add_rich_call(struct events *events, const json_t *call,
			  size_t index)
{
	AUTO_FREE char *id = item_id(events->said, "call", index);
	AUTO_FREE char *arguments = host_said_join(
		json_object_get(call, "pieces"));
	json_t *event;
	size_t i;
	json_t *piece;

	add(events, "response.output_item.added",
	    rich_call(events, call, id, "in_progress", ""));
	json_array_foreach(json_object_get(call, "pieces"), i, piece) {
		event = at_call(events, call, id);
		json_object_set(event, "delta", piece);
		add(events, "response.function_call_arguments.delta", event);
	}
	event = at_call(events, call, id);
	json_object_set_new(event, "arguments", json_string(arguments));
	add(events, "response.function_call_arguments.done", event);
	add(events, "response.output_item.done",
	    rich_call(events, call, id, "completed", arguments));
	events->items++;
}

static void tell_rich_stream(struct events *events)
{
	AUTO_FREE char *text = host_said_join(events->said->texts);
	size_t i;
	json_t *call;

	if (*text || json_array_size(events->said->calls) == 0)
		add_rich_text(events, text);
	json_array_foreach(events->said->calls, i, call)
		add_rich_call(events, call, i);
}

static void tell_stream(const struct host_model *model,
			struct events *events, struct model_answer *ret)
{
	add_created(events);
	if (host_has(model, HOST_CONVERTS_PLAINLY))
		tell_rich_stream(events);
	else
		tell_poor_stream(events);
	add_completed(events);
	model_answer_set(ret, 200, "text/event-stream",
			 buf_str(&events->out));
	buf_done(&events->out);
}

void host_tell_responses(const struct host_model *model,
			 const struct host_exchange *exchange,
			 const struct host_said *said,
			 struct model_answer *ret)
{
	struct events events = {
		.out.max = HOST_SSE_MAX, .exchange = exchange, .said = said,
	};
	json_auto_t *view = NULL;
	AUTO_FREE char *text = NULL;

	if (exchange->stream) {
		tell_stream(model, &events, ret);
		return;
	}
	view = response_view(exchange, said, false);
	text = json_dumps(view, JSON_COMPACT);
	model_answer_set(ret, 200, "application/json", text);
}
