#include "schedd/completion.h"

#include "schedd/redact.h"

void completion_done(struct completion *completion)
{
	free(completion->preview);
	free(completion->type);
	free(completion->finish_reason);
	free(completion->model);
	*completion = (struct completion){ 0 };
}

void completion_ask(struct request *request, const char *model,
		    const char *nonce)
{
	struct jout *body = &request->body;
	AUTO_FREE char *text = xasprintf("Reply with one short word. %s",
					 nonce);

	request->chat = true;
	jout_object(body, NULL);
	jout_str(body, "model", model);
	jout_array(body, "messages");
	jout_object(body, NULL);
	jout_str(body, "role", "user");
	jout_str(body, "content", text);
	jout_object_end(body);
	jout_array_end(body);
	jout_i64(body, "max_tokens", COMPLETION_MAX_TOKENS);
	jout_bool(body, "stream", false);
	jout_object_end(body);
}

/* Content is a text, or an array of parts of which some are text. */
static const char *content_text(const json_t *content)
{
	const char *text = json_string_value(content);
	size_t i;
	const json_t *part;

	json_array_foreach(content, i, part) {
		text = json_string_value(json_object_get(part, "text"));
		if (text && *text)
			break;
	}
	return text && *text ? text : NULL;
}

/* Blanks alone say nothing. */
static bool says_something(const char *text)
{
	return text && text[strspn(text, " \t\r\n")];
}

static bool has_reasoning(const json_t *message)
{
	static const char *const names[] = {
		"reasoning_content", "reasoning", "thinking",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (content_text(json_object_get(message, names[i])))
			return true;
	return false;
}

static enum failure judge_silence(const json_t *message, const char *reason)
{
	if (reason && strcmp(reason, "content_filter") == 0)
		return FAILURE_CONTENT_BLOCKED;
	if ((reason && strcmp(reason, "length") == 0) ||
	    has_reasoning(message))
		return FAILURE_EMPTY_COMPLETION;
	return FAILURE_INSPECT_BODY;
}

enum failure completion_read(const struct answer *answer,
			     struct completion *ret)
{
	const json_t *choice = answer_at(answer, "/choices/0");
	const json_t *message = json_object_get(choice, "message");
	const char *text = content_text(json_object_get(message, "content"));
	const char *reason = json_string_value(
		json_object_get(choice, "finish_reason"));

	own_set(&ret->type, answer->content_type);
	if (!json_is_object(message))
		return FAILURE_INSPECT_BODY;
	own_set(&ret->finish_reason, reason);
	own_set(&ret->model, answer_text(answer, "/model"));
	if (says_something(text)) {
		free(ret->preview);
		ret->preview = redact_text(text, COMPLETION_PREVIEW_MAX);
		return FAILURE_NONE;
	}
	if (json_array_size(json_object_get(message, "tool_calls")) > 0)
		return FAILURE_NONE;
	return judge_silence(message, reason);
}
