#include <string.h>

#include "shared/own.h"
#include "tests/model/host_said.h"
#include "tests/model/host_way.h"

#define OUTPUT_TOKENS_MIN 128

/* The texts of a content, which is one text or a list of blocks. */
static char *text_of(const json_t *content)
{
	json_auto_t *texts = json_array();
	size_t i;
	json_t *block;

	if (json_is_string(content))
		return xstrdup(json_string_value(content));
	json_array_foreach(content, i, block) {
		if (*host_text(block, "text"))
			json_array_append(texts, json_object_get(block,
								 "text"));
	}
	return host_said_join(texts);
}

static void add_calls(json_t *messages, const json_t *content)
{
	json_t *calls = json_array();
	size_t i;
	json_t *block;

	json_array_foreach(content, i, block) {
		AUTO_FREE char *input = NULL;

		if (strcmp(host_text(block, "type"), "tool_use") != 0)
			continue;
		input = json_dumps(json_object_get(block, "input"),
				   JSON_COMPACT | JSON_ENCODE_ANY);
		json_array_append_new(calls, json_pack("{ss ss s{ss ss}}",
			"id", host_text(block, "id"), "type", "function",
			"function", "name", host_text(block, "name"),
			"arguments", input ? input : "{}"));
	}
	if (json_array_size(calls))
		json_array_append_new(messages, json_pack("{ss sn sO}",
			"role", "assistant", "content", "tool_calls",
			calls));
	json_decref(calls);
}

static void add_results(json_t *messages, const json_t *content)
{
	size_t i;
	json_t *block;

	json_array_foreach(content, i, block) {
		AUTO_FREE char *text = NULL;

		if (strcmp(host_text(block, "type"), "tool_result") != 0)
			continue;
		text = text_of(json_object_get(block, "content"));
		json_array_append_new(messages, json_pack("{ss ss ss}",
			"role", "tool", "tool_call_id",
			host_text(block, "tool_use_id"), "content", text));
	}
}

static json_t *chat_messages(const json_t *body)
{
	AUTO_FREE char *system = text_of(json_object_get(body, "system"));
	json_t *messages = json_array();
	size_t i;
	json_t *message;

	if (*system)
		json_array_append_new(messages, json_pack("{ss ss}", "role",
			"system", "content", system));
	json_array_foreach(json_object_get(body, "messages"), i, message) {
		const json_t *content = json_object_get(message, "content");
		AUTO_FREE char *text = text_of(content);

		if (*text)
			json_array_append_new(messages, json_pack(
				"{ss ss}", "role", host_text(message, "role"),
				"content", text));
		add_calls(messages, content);
		add_results(messages, content);
	}
	return messages;
}

static json_t *chat_tools(const json_t *tools)
{
	json_t *out = json_array();
	size_t i;
	json_t *tool;

	json_array_foreach(tools, i, tool) {
		json_t *schema = json_object_get(tool, "input_schema");

		json_array_append_new(out, json_pack("{ss s{ss ss so}}",
			"type", "function", "function",
			"name", host_text(tool, "name"),
			"description", host_text(tool, "description"),
			"parameters", schema ? json_incref(schema)
					     : json_object()));
	}
	return out;
}

/* The host adds members that nobody asked for. */
json_t *host_ask_messages_as_chat(const struct host_model *model,
				  const json_t *body)
{
	int64_t limit = json_integer_value(json_object_get(body,
							   "max_tokens"));
	const json_t *tools = json_object_get(body, "tools");
	json_t *stream = json_object_get(body, "stream");
	json_t *out = json_pack("{so ss sb}", "messages",
		chat_messages(body), "reasoning_effort", "medium",
		"parallel_tool_calls", 1);

	(void)model;
	json_object_set_new(out, "model", json_string(
		host_text(body, "model")));
	if (limit > 0)
		json_object_set_new(out, "max_completion_tokens",
			json_integer(limit > OUTPUT_TOKENS_MIN ?
				     limit : OUTPUT_TOKENS_MIN));
	if (stream)
		json_object_set(out, "stream", stream);
	if (tools)
		json_object_set_new(out, "tools", chat_tools(tools));
	return out;
}

json_t *host_ask_messages_as_responses(const struct host_model *model,
				       const json_t *body)
{
	json_auto_t *chat = host_ask_messages_as_chat(model, body);
	json_t *limit = json_object_get(chat, "max_completion_tokens");
	json_t *out = host_ask_chat_as_responses(model, chat);

	if (limit)
		json_object_set(out, "max_output_tokens", limit);
	json_object_set_new(out, "reasoning", json_pack("{ss}", "effort",
							"medium"));
	json_object_set_new(out, "parallel_tool_calls", json_true());
	return out;
}
