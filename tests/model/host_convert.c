#include <string.h>

#include "shared/own.h"
#include "shared/table.h"
#include "tests/model/host_call.h"
#include "tests/model/host_gateway.h"
#include "tests/model/host_sse.h"

#define OUTPUT_TOKENS_MIN 128

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

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

json_t *host_chat_to_responses(const json_t *body)
{
	json_t *out = json_object();
	const json_t *limit = json_object_get(body, "max_tokens");

	copy_member(out, "model", body, "model");
	copy_member(out, "input", body, "messages");
	json_object_set_new(out, "stream", json_true());
	json_object_set_new(out, "include", json_pack("[s]",
			    "reasoning.encrypted_content"));
	json_object_set_new(out, "store", json_false());
	if (json_is_integer(limit))
		json_object_set_new(out, "max_output_tokens", json_integer(
			json_integer_value(limit) > OUTPUT_TOKENS_MIN ?
			json_integer_value(limit) : OUTPUT_TOKENS_MIN));
	if (json_object_get(body, "tools"))
		json_object_set_new(out, "tools", flat_tools(
			json_object_get(body, "tools")));
	return out;
}

/* A message whose content is one text. */
static json_t *plain_message(const char *role, const char *text)
{
	return json_pack("{ss ss}", "role", role, "content", text);
}

static const char *content_text(const json_t *content)
{
	if (json_is_string(content))
		return json_string_value(content);
	return text_of(json_array_get(content, 0), "text");
}

json_t *host_responses_to_chat(const json_t *body)
{
	json_t *out = json_object();
	json_t *messages = json_array();
	const json_t *input = json_object_get(body, "input");
	const char *instructions = text_of(body, "instructions");
	size_t i;
	json_t *item;

	if (*instructions)
		json_array_append_new(messages, plain_message(
			"system", instructions));
	if (json_is_string(input))
		json_array_append_new(messages, plain_message(
			"user", json_string_value(input)));
	json_array_foreach(input, i, item)
		json_array_append_new(messages, plain_message(
			*text_of(item, "role") ? text_of(item, "role")
					       : "user",
			content_text(json_object_get(item, "content"))));
	copy_member(out, "model", body, "model");
	json_object_set_new(out, "messages", messages);
	copy_member(out, "stream", body, "stream");
	copy_member(out, "max_tokens", body, "max_output_tokens");
	return out;
}

static const char *const terminal_events[] = {
	"response.completed", "response.done", "response.incomplete",
};

/* The response of the terminal event, a new reference, or NULL. */
static json_t *terminal_response(const char *body)
{
	json_t *event;
	bool done = false;
	int found;

	while ((event = host_sse_next(&body, &done))) {
		if (table_find(terminal_events, COUNT(terminal_events),
			       text_of(event, "type"), &found)) {
			json_t *response = json_incref(
				json_object_get(event, "response"));

			json_decref(event);
			return response;
		}
		json_decref(event);
	}
	return NULL;
}

static json_t *tool_call_of(const json_t *item)
{
	return json_pack("{ss ss s{ss ss}}", "id", text_of(item, "call_id"),
			 "type", "function", "function",
			 "name", text_of(item, "name"),
			 "arguments", text_of(item, "arguments"));
}

static void add_texts(struct buf *text, const json_t *item)
{
	size_t i;
	json_t *part;

	json_array_foreach(json_object_get(item, "content"), i, part)
		buf_adds(text, text_of(part, "text"));
}

/* The message of a chat answer: text and calls of all output items. */
static json_t *message_of(const json_t *response)
{
	CLEANUP(buf_done) struct buf text = { .max = HOST_SSE_MAX };
	json_t *message = json_object(), *calls = json_array();
	size_t i;
	json_t *item;

	json_array_foreach(json_object_get(response, "output"), i, item) {
		if (strcmp(text_of(item, "type"), "function_call") == 0)
			json_array_append_new(calls, tool_call_of(item));
		else
			add_texts(&text, item);
	}
	json_object_set_new(message, "role", json_string("assistant"));
	if (text.len || json_array_size(calls) == 0)
		json_object_set_new(message, "content",
				    json_string(buf_str(&text)));
	if (json_array_size(calls))
		json_object_set(message, "tool_calls", calls);
	json_decref(calls);
	return message;
}

static const char *finish_of(const json_t *response, const json_t *message)
{
	if (json_object_get(message, "tool_calls"))
		return "tool_calls";
	return strcmp(text_of(response, "status"), "incomplete") == 0 ?
		"length" : "stop";
}

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

static json_t *chunk(const struct host_model *model,
		     const struct host_exchange *exchange,
		     const json_t *response, json_t *delta,
		     const char *finish)
{
	return json_pack("{ss ss sI ss s[{si so so}]}",
		"id", text_of(response, "id"),
		"object", "chat.completion.chunk",
		"created", (json_int_t)(model->now / 1000),
		"model", exchange->model_name, "choices", "index", 0,
		"delta", delta,
		"finish_reason", finish ? json_string(finish) : json_null());
}

static void chat_stream(const struct host_model *model,
			const struct host_exchange *exchange,
			const json_t *response, struct model_answer *ret)
{
	CLEANUP(buf_done) struct buf out = { .max = HOST_SSE_MAX };
	json_t *message = message_of(response);
	const char *finish = finish_of(response, message);

	host_sse_add(&out, NULL, chunk(model, exchange, response,
		json_pack("{ss}", "role", "assistant"), NULL));
	json_object_del(message, "role");
	host_sse_add(&out, NULL, chunk(model, exchange, response,
				       json_incref(message), NULL));
	host_sse_add(&out, NULL, chunk(model, exchange, response,
				       json_object(), finish));
	buf_adds(&out, "data: [DONE]\n\n");
	json_decref(message);
	model_answer_set(ret, 200, "text/event-stream", buf_str(&out));
}

bool host_chat_from_responses(const struct host_model *model,
			      const struct host_exchange *exchange,
			      const struct model_answer *answer,
			      struct model_answer *ret)
{
	json_auto_t *response = terminal_response(answer->body);
	json_auto_t *body = NULL;
	AUTO_FREE char *text = NULL;
	json_t *message;

	if (!response) {
		answer_gateway(ret, 502, exchange->stream ? "upstream_error" :
			       "api_error", exchange->stream ?
			       "Upstream request failed" : "Upstream stream "
			       "ended without a terminal response event");
		return false;
	}
	if (exchange->stream) {
		chat_stream(model, exchange, response, ret);
		return true;
	}
	message = message_of(response);
	body = json_pack("{ss ss sI ss s[{si so ss}] so}",
		"id", text_of(response, "id"), "object", "chat.completion",
		"created", (json_int_t)(model->now / 1000),
		"model", exchange->model_name, "choices", "index", 0,
		"message", message,
		"finish_reason", finish_of(response, message),
		"usage", chat_usage(response));
	text = json_dumps(body, JSON_COMPACT);
	/* Old versions copy the type of the event stream they read. */
	model_answer_set(ret, 200, host_has(model, HOST_CONVERTS_PLAINLY) ?
			 "application/json; charset=utf-8" :
			 "text/event-stream", text);
	return true;
}
