#include "tests/model/provider_answers.h"

#include <string.h>

#include "shared/buf.h"

#define STREAM_MAX 262144

static json_t *usage_of(const struct provider_telling *telling)
{
	json_int_t prompt = telling->ask->prompt_tokens;
	json_int_t answer = telling->answer_tokens;

	return json_pack("{s:I, s:I, s:I, s:{s:i}, s:{s:I}}",
			 "prompt_tokens", prompt,
			 "completion_tokens", answer,
			 "total_tokens", prompt + answer,
			 "prompt_tokens_details", "cached_tokens", 0,
			 "completion_tokens_details", "reasoning_tokens",
			 telling->thought ? answer / 2 : (json_int_t)0);
}

static const char *finish_of(const struct provider_telling *telling)
{
	if (telling->cut_short)
		return "length";
	return telling->ask->tool ? "tool_calls" : "stop";
}

static json_t *call_of(const struct provider_telling *telling,
		       const char *arguments)
{
	AUTO_FREE char *id = xasprintf("call_%016llx",
				       (unsigned long long)telling->id);

	return json_pack("{s:s, s:s, s:{s:s, s:s}}", "id", id,
			 "type", "function", "function",
			 "name", telling->ask->tool, "arguments", arguments);
}

static json_t *message_of(const struct provider_telling *telling)
{
	json_t *message = json_pack("{s:s}", "role", "assistant");

	if (telling->ask->tool) {
		json_object_set_new(message, "content", json_null());
		json_object_set_new(message, "tool_calls", json_pack("[o]",
			call_of(telling, telling->ask->tool_arguments)));
	} else {
		json_object_set_new(message, "content",
				    json_string(telling->text));
	}
	if (telling->thought)
		json_object_set_new(message, "reasoning_content",
				    json_string(telling->thought));
	return message;
}

char *provider_chat_body(const struct provider_telling *telling)
{
	AUTO_FREE char *id = xasprintf("chatcmpl-%016llx",
				       (unsigned long long)telling->id);
	json_auto_t *body = json_pack(
		"{s:s, s:s, s:I, s:s, s:[{s:i, s:o, s:n, s:s}], s:o}",
		"id", id, "object", "chat.completion",
		"created", (json_int_t)telling->created,
		"model", telling->ask->model, "choices", "index", 0,
		"message", message_of(telling), "logprobs",
		"finish_reason", finish_of(telling),
		"usage", usage_of(telling));

	return json_dumps(body, JSON_COMPACT);
}

/* A chunk with these choices; takes both. */
static void add_chunk(struct buf *out, const struct provider_telling *telling,
		      json_t *choices, json_t *usage)
{
	AUTO_FREE char *id = xasprintf("chatcmpl-%016llx",
				       (unsigned long long)telling->id);
	json_auto_t *chunk = json_pack("{s:s, s:s, s:I, s:s, s:o, s:o*}",
		"id", id, "object", "chat.completion.chunk",
		"created", (json_int_t)telling->created,
		"model", telling->ask->model, "choices", choices,
		"usage", usage);
	AUTO_FREE char *text = json_dumps(chunk, JSON_COMPACT);

	buf_addf(out, "data: %s\n\n", text);
}

/* Takes `delta`. */
static void add_delta(struct buf *out, const struct provider_telling *telling,
		      json_t *delta, const char *finish)
{
	add_chunk(out, telling, json_pack("[{s:i, s:o, s:s?}]", "index", 0,
					  "delta", delta,
					  "finish_reason", finish), NULL);
}

/* Two halves, so that who reads the stream must join them. */
static void add_halves(struct buf *out,
		       const struct provider_telling *telling)
{
	size_t half = strlen(telling->text) / 2;

	add_delta(out, telling, json_pack("{s:s%}", "content", telling->text,
					  half), NULL);
	add_delta(out, telling, json_pack("{s:s}", "content",
					  telling->text + half), NULL);
}

static void add_call(struct buf *out, const struct provider_telling *telling)
{
	const char *arguments = telling->ask->tool_arguments;
	size_t half = strlen(arguments) / 2;
	json_t *call = call_of(telling, "");

	json_object_set_new(call, "index", json_integer(0));
	add_delta(out, telling, json_pack("{s:[o]}", "tool_calls", call), NULL);
	add_delta(out, telling, json_pack("{s:[{s:i, s:{s:s%}}]}",
		"tool_calls", "index", 0, "function", "arguments", arguments,
		half), NULL);
	add_delta(out, telling, json_pack("{s:[{s:i, s:{s:s}}]}",
		"tool_calls", "index", 0, "function", "arguments",
		arguments + half), NULL);
}

char *provider_chat_stream(const struct provider_telling *telling)
{
	struct buf out = { .max = STREAM_MAX };

	add_delta(&out, telling, json_pack("{s:s, s:s}", "role", "assistant",
					   "content", ""), NULL);
	if (telling->thought)
		add_delta(&out, telling, json_pack("{s:s}",
			"reasoning_content", telling->thought), NULL);
	if (telling->ask->tool)
		add_call(&out, telling);
	else if (telling->text[0])
		add_halves(&out, telling);
	add_delta(&out, telling, json_object(), finish_of(telling));
	if (telling->ask->stream_usage)
		add_chunk(&out, telling, json_array(), usage_of(telling));
	if (!telling->no_done)
		buf_adds(&out, "data: [DONE]\n\n");
	return buf_take(&out);
}
