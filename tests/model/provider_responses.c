#include "tests/model/provider_answers.h"

#include <string.h>

#include "shared/buf.h"

#define STREAM_MAX 262144

/* A stream under way: events are numbered. */
struct events {
	struct buf out;
	int next;
	const struct provider_telling *telling;
	const char *item_id;
};

static char *name_id(const char *kind, const struct provider_telling *telling)
{
	return xasprintf("%s_%016llx", kind, (unsigned long long)telling->id);
}

static json_t *usage_of(const struct provider_telling *telling)
{
	json_int_t prompt = telling->ask->prompt_tokens;
	json_int_t answer = telling->answer_tokens;

	return json_pack("{s:I, s:I, s:I, s:{s:i}, s:{s:I}}",
			 "input_tokens", prompt,
			 "output_tokens", answer,
			 "total_tokens", prompt + answer,
			 "input_tokens_details", "cached_tokens", 0,
			 "output_tokens_details", "reasoning_tokens",
			 telling->thought ? answer / 2 : (json_int_t)0);
}

static json_t *part_of(const char *text)
{
	return json_pack("{s:s, s:s, s:[]}", "type", "output_text",
			 "text", text, "annotations");
}

static json_t *call_item(const struct provider_telling *telling,
			 const char *status)
{
	AUTO_FREE char *id = name_id("fc", telling);
	AUTO_FREE char *call_id = name_id("call", telling);
	bool done = strcmp(status, "completed") == 0;

	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}",
			 "type", "function_call", "id", id,
			 "call_id", call_id, "name", telling->ask->tool,
			 "arguments", done ? telling->ask->tool_arguments : "",
			 "status", status);
}

static json_t *text_item(const struct provider_telling *telling,
			 const char *status)
{
	AUTO_FREE char *id = name_id("msg", telling);
	json_t *content = json_array();

	if (strcmp(status, "in_progress") != 0)
		json_array_append_new(content, part_of(telling->text));
	return json_pack("{s:s, s:s, s:s, s:s, s:o}", "type", "message",
			 "id", id, "role", "assistant", "status", status,
			 "content", content);
}

static json_t *item_of(const struct provider_telling *telling,
		       const char *status)
{
	return telling->ask->tool ? call_item(telling, status) :
				    text_item(telling, status);
}

static const char *final_status(const struct provider_telling *telling)
{
	return telling->cut_short ? "incomplete" : "completed";
}

/* What the model thought, or NULL. */
static json_t *thought_item(const struct provider_telling *telling)
{
	AUTO_FREE char *id = name_id("rs", telling);

	if (!telling->thought)
		return NULL;
	return json_pack("{s:s, s:s, s:[{s:s, s:s}]}", "type", "reasoning",
			 "id", id, "summary", "type", "summary_text",
			 "text", telling->thought);
}

static json_t *output_of(const struct provider_telling *telling)
{
	json_t *output = json_array();
	json_t *thought = thought_item(telling);

	if (thought)
		json_array_append_new(output, thought);
	if (!telling->cut_short)
		json_array_append_new(output, item_of(telling, "completed"));
	return output;
}

/* The whole object, as it is when `status` is reached. */
static json_t *object_of(const struct provider_telling *telling,
			 const char *status)
{
	AUTO_FREE char *id = name_id("resp", telling);
	bool done = strcmp(status, "in_progress") != 0;
	json_t *object = json_pack("{s:s, s:s, s:I, s:s, s:s, s:o, s:o?}",
		"id", id, "object", "response",
		"created_at", (json_int_t)telling->created,
		"status", status, "model", telling->ask->model,
		"output", done ? output_of(telling) : json_array(),
		"usage", done ? usage_of(telling) : NULL);

	if (done && telling->cut_short)
		json_object_set_new(object, "incomplete_details",
				    json_pack("{s:s}", "reason",
					      "max_output_tokens"));
	return object;
}

char *provider_responses_body(const struct provider_telling *telling)
{
	json_auto_t *body = object_of(telling, final_status(telling));

	return json_dumps(body, JSON_COMPACT);
}

/* Takes `members`, which the event consists of beside type and number. */
static void add_event(struct events *events, const char *type, json_t *members)
{
	json_auto_t *rest = members;
	json_auto_t *event = json_pack("{s:s, s:i}", "type", type,
				       "sequence_number", events->next++);
	AUTO_FREE char *text = NULL;

	json_object_update(event, rest);
	text = json_dumps(event, JSON_COMPACT);
	buf_addf(&events->out, "event: %s\ndata: %s\n\n", type, text);
}

/* Where an event of the one item stands; `last` is its own member, taken. */
static json_t *at_item(const struct events *events, const char *name,
		       json_t *last)
{
	json_t *members = json_pack("{s:s, s:i}", "item_id", events->item_id,
				    "output_index", 0);

	if (!events->telling->ask->tool)
		json_object_set_new(members, "content_index", json_integer(0));
	json_object_set_new(members, name, last);
	return members;
}

static void add_deltas(struct events *events, const char *type,
		       const char *text)
{
	size_t half = strlen(text) / 2;

	add_event(events, type,
		  at_item(events, "delta", json_stringn(text, half)));
	add_event(events, type,
		  at_item(events, "delta", json_string(text + half)));
}

static void add_call(struct events *events)
{
	const char *arguments = events->telling->ask->tool_arguments;

	add_deltas(events, "response.function_call_arguments.delta", arguments);
	add_event(events, "response.function_call_arguments.done",
		  at_item(events, "arguments", json_string(arguments)));
}

static void add_text(struct events *events)
{
	const char *text = events->telling->text;

	add_event(events, "response.content_part.added",
		  at_item(events, "part", part_of("")));
	add_deltas(events, "response.output_text.delta", text);
	add_event(events, "response.output_text.done",
		  at_item(events, "text", json_string(text)));
	add_event(events, "response.content_part.done",
		  at_item(events, "part", part_of(text)));
}

static void add_item(struct events *events)
{
	const struct provider_telling *telling = events->telling;

	add_event(events, "response.output_item.added",
		  json_pack("{s:i, s:o}", "output_index", 0,
			    "item", item_of(telling, "in_progress")));
	if (telling->ask->tool)
		add_call(events);
	else
		add_text(events);
	add_event(events, "response.output_item.done",
		  json_pack("{s:i, s:o}", "output_index", 0,
			    "item", item_of(telling, "completed")));
}

char *provider_responses_stream(const struct provider_telling *telling)
{
	AUTO_FREE char *item_id = name_id(telling->ask->tool ? "fc" : "msg",
					  telling);
	struct events events = {
		.out.max = STREAM_MAX,
		.telling = telling,
		.item_id = item_id,
	};

	add_event(&events, "response.created",
		  json_pack("{s:o}", "response",
			    object_of(telling, "in_progress")));
	if (!telling->cut_short)
		add_item(&events);
	add_event(&events, telling->cut_short ? "response.incomplete" :
						"response.completed",
		  json_pack("{s:o}", "response",
			    object_of(telling, final_status(telling))));
	return buf_take(&events.out);
}
