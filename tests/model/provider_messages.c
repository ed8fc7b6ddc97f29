#include "tests/model/provider_answers.h"

#include <string.h>

#include "shared/buf.h"

#define STREAM_MAX 262144

static const char *stop_of(const struct provider_telling *telling)
{
	if (telling->cut_short)
		return "max_tokens";
	return telling->ask->tool ? "tool_use" : "end_turn";
}

static json_t *usage_of(const struct provider_telling *telling)
{
	return json_pack("{s:I, s:I}", "input_tokens",
			 (json_int_t)telling->ask->prompt_tokens,
			 "output_tokens",
			 (json_int_t)telling->answer_tokens);
}

static json_t *block_of(const struct provider_telling *telling)
{
	AUTO_FREE char *id = xasprintf("toolu_%016llx",
				       (unsigned long long)telling->id);

	if (!telling->ask->tool)
		return json_pack("{s:s, s:s}", "type", "text", "text",
				 telling->text);
	return json_pack("{s:s, s:s, s:s, s:o}", "type", "tool_use",
		"id", id, "name", telling->ask->tool, "input",
		json_loads(telling->ask->tool_arguments, 0, NULL));
}

/* Takes `content`; without a stop reason it is still being written. */
static json_t *message_of(const struct provider_telling *telling,
			  json_t *content, const char *stop)
{
	AUTO_FREE char *id = xasprintf("msg_%016llx",
				       (unsigned long long)telling->id);

	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:s?, s:n, s:o}",
		"id", id, "type", "message", "role", "assistant",
		"model", telling->ask->model, "content", content,
		"stop_reason", stop, "stop_sequence",
		"usage", usage_of(telling));
}

char *provider_messages_body(const struct provider_telling *telling)
{
	json_auto_t *body = message_of(telling, json_pack(
		"[o]", block_of(telling)), stop_of(telling));

	return json_dumps(body, JSON_COMPACT);
}

/* Takes `event`. */
static void add(struct buf *out, const char *type, json_t *event)
{
	AUTO_FREE char *text = NULL;

	json_object_set_new(event, "type", json_string(type));
	text = json_dumps(event, JSON_COMPACT);
	json_decref(event);
	buf_addf(out, "event: %s\ndata: %s\n\n", type, text);
}

static json_t *delta_of(const struct provider_telling *telling)
{
	if (telling->ask->tool)
		return json_pack("{s:s, s:s}", "type", "input_json_delta",
				 "partial_json",
				 telling->ask->tool_arguments);
	return json_pack("{s:s, s:s}", "type", "text_delta", "text",
			 telling->text);
}

/* The block as it is before anything of it was said. */
static json_t *opened(const struct provider_telling *telling)
{
	json_t *block = block_of(telling);

	if (telling->ask->tool)
		json_object_set_new(block, "input", json_object());
	else
		json_object_set_new(block, "text", json_string(""));
	return block;
}

char *provider_messages_stream(const struct provider_telling *telling)
{
	struct buf out = { .max = STREAM_MAX };

	add(&out, "message_start", json_pack("{s:o}", "message",
		message_of(telling, json_array(), NULL)));
	add(&out, "content_block_start", json_pack("{s:i, s:o}", "index", 0,
		"content_block", opened(telling)));
	add(&out, "content_block_delta", json_pack("{s:i, s:o}", "index", 0,
		"delta", delta_of(telling)));
	add(&out, "content_block_stop", json_pack("{s:i}", "index", 0));
	add(&out, "message_delta", json_pack("{s:{s:s, s:n}, s:o}", "delta",
		"stop_reason", stop_of(telling), "stop_sequence",
		"usage", usage_of(telling)));
	add(&out, "message_stop", json_object());
	return buf_take(&out);
}
