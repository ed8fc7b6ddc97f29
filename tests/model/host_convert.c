#include <string.h>

#include "shared/own.h"
#include "tests/model/host_said.h"
#include "tests/model/host_way.h"

#define OUTPUT_TOKENS_MIN 128

static void copy_member(json_t *to, const char *as, const json_t *from,
			const char *name)
{
	json_t *value = json_object_get(from, name);

	if (value && !json_is_null(value))
		json_object_set(to, as, value);
}

/* {"type":"function","function":{...}} becomes {"type":"function",...}. */
static json_t *flat_tools(const json_t *tools)
{
	json_t *flat = json_array();
	size_t i;
	json_t *tool;

	json_array_foreach(tools, i, tool) {
		json_t *one = json_copy(json_object_get(tool, "function"));

		if (!one)
			continue;
		json_object_set_new(one, "type", json_string("function"));
		json_array_append_new(flat, one);
	}
	return flat;
}

/* The same the other way round; tools of other types are left out. */
static json_t *deep_tools(const json_t *tools)
{
	json_t *deep = json_array();
	size_t i;
	json_t *tool;

	json_array_foreach(tools, i, tool) {
		json_t *function;

		if (strcmp(host_text(tool, "type"), "function") != 0)
			continue;
		function = json_copy(tool);
		json_object_del(function, "type");
		json_array_append_new(deep, json_pack("{ss so}", "type",
			"function", "function", function));
	}
	return deep;
}

static void add_calls_as_items(json_t *input, const json_t *message)
{
	size_t i;
	json_t *call;

	json_array_foreach(json_object_get(message, "tool_calls"), i, call) {
		const json_t *function = json_object_get(call, "function");

		json_array_append_new(input, json_pack("{ss ss ss ss}",
			"type", "function_call",
			"call_id", host_text(call, "id"),
			"name", host_text(function, "name"),
			"arguments", host_text(function, "arguments")));
	}
}

static json_t *input_of(const json_t *messages)
{
	json_t *input = json_array();
	size_t i;
	json_t *message;

	json_array_foreach(messages, i, message) {
		json_t *plain;

		if (strcmp(host_text(message, "role"), "tool") == 0) {
			json_array_append_new(input, json_pack("{ss ss ss}",
				"type", "function_call_output", "call_id",
				host_text(message, "tool_call_id"),
				"output", host_text(message, "content")));
			continue;
		}
		plain = json_copy(message);
		json_object_del(plain, "tool_calls");
		if (!json_is_null(json_object_get(plain, "content")))
			json_array_append(input, plain);
		json_decref(plain);
		add_calls_as_items(input, message);
	}
	return input;
}

json_t *host_ask_chat_as_responses(const struct host_model *model,
				   const json_t *body)
{
	const json_t *limit = json_object_get(body, "max_tokens");
	json_t *format = json_object_get(body, "response_format");
	json_t *out = json_pack("{so sb s[s] sb}", "input", input_of(
		json_object_get(body, "messages")), "stream", 1,
		"include", "reasoning.encrypted_content", "store", 0);

	copy_member(out, "model", body, "model");
	if (json_is_integer(limit))
		json_object_set_new(out, "max_output_tokens", json_integer(
			json_integer_value(limit) > OUTPUT_TOKENS_MIN ?
			json_integer_value(limit) : OUTPUT_TOKENS_MIN));
	if (json_object_get(body, "tools"))
		json_object_set_new(out, "tools", flat_tools(
			json_object_get(body, "tools")));
	if (format && host_has(model, HOST_CONVERTS_PLAINLY))
		json_object_set_new(out, "text", json_pack("{sO}", "format",
							   format));
	return out;
}

/* A message whose content is one text. */
static json_t *plain_message(const char *role, const char *text)
{
	return json_pack("{ss ss}", "role", role, "content", text);
}

/* A part of the content, as a chat has it. */
static json_t *part_of(const json_t *part)
{
	if (strcmp(host_text(part, "type"), "input_image") == 0)
		return json_pack("{ss s{ss}}", "type", "image_url",
			"image_url", "url", host_text(part, "image_url"));
	return json_pack("{ss ss}", "type", "text", "text",
			 host_text(part, "text"));
}

/* One text stays a text. */
static json_t *content_of(const json_t *content)
{
	json_t *parts;
	size_t i;
	json_t *part;

	if (!json_is_array(content))
		return json_incref((json_t *)(uintptr_t)content);
	if (json_array_size(content) == 1 &&
	    *host_text(json_array_get(content, 0), "text"))
		return json_string(host_text(json_array_get(content, 0),
					     "text"));
	parts = json_array();
	json_array_foreach(content, i, part)
		json_array_append_new(parts, part_of(part));
	return parts;
}

static json_t *message_of(const json_t *item)
{
	const char *type = host_text(item, "type");
	const char *role = host_text(item, "role");

	if (strcmp(type, "function_call_output") == 0)
		return json_pack("{ss ss ss}", "role", "tool",
			"tool_call_id", host_text(item, "call_id"),
			"content", host_text(item, "output"));
	if (strcmp(type, "function_call") == 0)
		return json_pack("{ss sn s[{ss ss s{ss ss}}]}",
			"role", "assistant", "content", "tool_calls",
			"id", host_text(item, "call_id"),
			"type", "function", "function",
			"name", host_text(item, "name"),
			"arguments", host_text(item, "arguments"));
	if (!json_object_get(item, "content"))
		return NULL;
	return json_pack("{ss so}", "role", *role ? role : "user",
			 "content", content_of(json_object_get(
				item, "content")));
}

static json_t *messages_of(const json_t *body)
{
	const json_t *input = json_object_get(body, "input");
	const char *instructions = host_text(body, "instructions");
	json_t *messages = json_array();
	size_t i;
	json_t *item;

	if (*instructions)
		json_array_append_new(messages, plain_message(
			"system", instructions));
	if (json_is_string(input))
		json_array_append_new(messages, plain_message(
			"user", json_string_value(input)));
	json_array_foreach(input, i, item) {
		json_t *message = message_of(item);

		if (message)
			json_array_append_new(messages, message);
	}
	return messages;
}

json_t *host_ask_responses_as_chat(const struct host_model *model,
				   const json_t *body)
{
	const json_t *tools = json_object_get(body, "tools");
	json_t *out = json_pack("{so}", "messages", messages_of(body));

	copy_member(out, "model", body, "model");
	copy_member(out, "stream", body, "stream");
	copy_member(out, "max_tokens", body, "max_output_tokens");
	copy_member(out, "reasoning_effort",
		    json_object_get(body, "reasoning"), "effort");
	if (tools)
		json_object_set_new(out, "tools", deep_tools(tools));
	if (!host_has(model, HOST_CONVERTS_PLAINLY))
		return out;
	copy_member(out, "parallel_tool_calls", body, "parallel_tool_calls");
	copy_member(out, "response_format",
		    json_object_get(body, "text"), "format");
	return out;
}
