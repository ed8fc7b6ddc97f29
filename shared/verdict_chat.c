#include "shared/verdict_chat.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "shared/buf.h"
#include "shared/redact.h"
#include "shared/table.h"

/* Models think aloud for long before they speak. */
#define LISTEN_MAX ((size_t)1 << 20)

/* How some say that all is well in a member that is for errors. */
static const char *const good_codes[] = { "", "0", "200", "ok", "success",
					  "20000", "00000", "succeeded",
					  "successful", "normal", "成功",
					  "请求成功", "操作成功", "调用成功" };

/* Where envelopes say it in words, whatever number they have for it. */
static const char *const good_places[] = { "message", "msg", "status",
					   "status_msg", "desc" };

static const char *const blocked_reasons[] = {
	"content_filter", "sensitive", "safety", "content_blocked",
	"refusal", "blocklist", "prohibited_content",
};

static const char *const reasoning_names[] = {
	"reasoning_content", "reasoning", "thinking", "reasoning_details",
};

void chat_done(struct chat *chat)
{
	free(chat->content);
	free(chat->finish_reason);
	free(chat->model);
	*chat = (struct chat){ 0 };
}

/* ---- what stands beside a completion and takes it back ---- */

static bool is_good_code(const json_t *code)
{
	const char *text = json_string_value(code);
	json_int_t number = json_integer_value(code);

	if (json_is_integer(code))
		return number == 0 || number == 200 || number == 20000;
	for (size_t i = 0; text && i < COUNT(good_codes); i++)
		if (strcasecmp(text, good_codes[i]) == 0)
			return true;
	return !text;
}

static bool is_empty(const json_t *value)
{
	if (json_is_string(value))
		return json_string_length(value) == 0;
	if (json_is_object(value) || json_is_array(value))
		return json_object_size(value) + json_array_size(value) == 0;
	return !json_is_number(value) || json_number_value(value) == 0;
}

/* A word of success, and not just nothing. */
static bool says_good(const json_t *json)
{
	for (size_t i = 0; i < COUNT(good_places); i++) {
		const json_t *word = json_object_get(json, good_places[i]);

		if (json_string_length(word) > 0 && is_good_code(word))
			return true;
	}
	return false;
}

static bool has_bad_code(const json_t *json, const char *name)
{
	return !is_good_code(json_object_get(json, name)) && !says_good(json);
}

/* Some send an error in every answer, with nothing in it. */
static bool says_nothing(const json_t *value)
{
	const char *name;
	const json_t *member;

	if (!json_is_object(value))
		return is_empty(value) && !json_is_true(value);
	if (says_good(value) && is_good_code(json_object_get(value, "code")))
		return true;
	json_object_foreach((json_t *)(uintptr_t)value, name, member)
		if (!is_empty(member))
			return false;
	return true;
}

static bool is_error_word(const json_t *value)
{
	const char *text = json_string_value(value);

	return text && strcmp(text, "error") == 0;
}

static bool reports_error(const json_t *json)
{
	const json_t *base = json_object_get(json, "base_resp");
	const json_t *header = json_object_get(json, "header");

	return !says_nothing(json_object_get(json, "error")) ||
	       !says_nothing(json_object_get(json, "errors")) ||
	       has_bad_code(base, "status_code") ||
	       has_bad_code(header, "code") || has_bad_code(json, "code") ||
	       json_is_false(json_object_get(json, "success")) ||
	       is_error_word(json_object_get(json, "type")) ||
	       is_error_word(json_object_get(json, "object"));
}

/* ---- what is said ---- */

/* Blanks of all kinds say nothing. */
static bool is_silent(const char *text)
{
	static const char *const blanks[] = { "\u00a0", "\u3000", "\u200b",
					      "\u200c", "\u200d", "\ufeff",
					      "\u2028", "\u2029" };

	while (*text) {
		size_t len = redact_character(text);
		bool blank = len == 1 && (isspace((unsigned char)*text) ||
					  iscntrl((unsigned char)*text));

		for (size_t i = 0; i < COUNT(blanks) && len > 1; i++)
			blank = blank || strncmp(text, blanks[i], len) == 0;
		if (!blank)
			return false;
		text += len;
	}
	return true;
}

/* MiniMax and others think aloud before they speak. */
static bool begins_with_thought(const char *text)
{
	return strncmp(text + strspn(text, " \t\r\n"), "<think>", 7) == 0;
}

static const char *after_thought(const char *text)
{
	const char *end;

	if (!begins_with_thought(text))
		return text;
	end = strstr(text, "</think>");
	return end ? end + 8 : "";
}

static void add_text(struct buf *out, const char *text)
{
	if (text)
		buf_add(out, text, redact_cut(text, out->max - out->len));
}

/* Content is a text, or an array of parts of which some are text. */
static void add_content(struct buf *out, const json_t *content)
{
	const json_t *part;
	size_t i;

	add_text(out, json_string_value(content));
	json_array_foreach(content, i, part)
		add_text(out, json_string_value(json_object_get(part,
								"text")));
}

static bool has_text(const json_t *value)
{
	CLEANUP(buf_done) struct buf text = { .max = LISTEN_MAX };

	add_content(&text, value);
	return !is_silent(buf_str(&text));
}

static bool has_reasoning(const json_t *message)
{
	for (size_t i = 0; i < COUNT(reasoning_names); i++)
		if (has_text(json_object_get(message, reasoning_names[i])))
			return true;
	return false;
}

static bool has_name(const json_t *function)
{
	const char *name = json_string_value(json_object_get(function,
							     "name"));

	return name && !is_silent(name);
}

static bool calls_tool(const json_t *message)
{
	const json_t *calls = json_object_get(message, "tool_calls");
	const json_t *call;
	size_t i;

	json_array_foreach(calls, i, call)
		if (has_name(json_object_get(call, "function")))
			return true;
	return has_name(json_object_get(message, "function_call"));
}

/* All that the messages or deltas of an answer say together. */
struct speech {
	struct buf content;
	bool tool, reasoning, refusal;
};

static void speech_done(struct speech *speech)
{
	buf_done(&speech->content);
}

static void listen(struct speech *speech, const json_t *message)
{
	add_content(&speech->content, json_object_get(message, "content"));
	speech->tool = speech->tool || calls_tool(message);
	speech->reasoning = speech->reasoning || has_reasoning(message);
	speech->refusal = speech->refusal ||
			  has_text(json_object_get(message, "refusal"));
}

static bool is_blocked(const char *reason)
{
	for (size_t i = 0; reason && i < COUNT(blocked_reasons); i++)
		if (strcasecmp(reason, blocked_reasons[i]) == 0)
			return true;
	return false;
}

static enum failure judge(const struct speech *speech, struct chat *ret)
{
	const char *content = buf_str(&speech->content);
	const char *spoken = after_thought(content);
	const char *reason = ret->finish_reason;

	ret->think_tags = begins_with_thought(content);
	ret->thought = speech->reasoning || ret->think_tags;
	if (!is_silent(spoken)) {
		free(ret->content);
		ret->content = xstrndup(spoken, redact_cut(spoken,
							CHAT_CONTENT_MAX));
		return FAILURE_NONE;
	}
	if (speech->tool)
		return FAILURE_NONE;
	if (speech->refusal || is_blocked(reason))
		return FAILURE_CONTENT_BLOCKED;
	if (speech->reasoning || !is_silent(content) ||
	    (reason && strcmp(reason, "length") == 0))
		return FAILURE_EMPTY_COMPLETION;
	return FAILURE_INSPECT_BODY;
}

static const json_t *first_choice(const json_t *json)
{
	return json_array_get(json_object_get(json, "choices"), 0);
}

static void note(struct chat *chat, const json_t *json)
{
	const char *reason = json_string_value(json_object_get(
		first_choice(json), "finish_reason"));
	const char *model = json_string_value(json_object_get(json, "model"));

	if (reason)
		own_set(&chat->finish_reason, reason);
	if (model)
		own_set(&chat->model, model);
}

enum failure chat_read(const json_t *json, struct chat *ret)
{
	CLEANUP(speech_done) struct speech speech = {
		.content.max = LISTEN_MAX };
	const json_t *choice = first_choice(json);
	const json_t *message = json_object_get(choice, "message");

	if (!json_is_object(message))
		return FAILURE_INSPECT_BODY;
	note(ret, json);
	if (reports_error(json) ||
	    !says_nothing(json_object_get(choice, "error")))
		return FAILURE_INSPECT_BODY;
	listen(&speech, message);
	return judge(&speech, ret);
}

enum failure chat_read_events(const json_t *events, bool done,
			      struct chat *ret)
{
	CLEANUP(speech_done) struct speech speech = {
		.content.max = LISTEN_MAX };
	const json_t *event;
	enum failure why;
	size_t i;

	json_array_foreach(events, i, event) {
		const json_t *choice = first_choice(event);

		if (reports_error(event) ||
		    !says_nothing(json_object_get(choice, "error")))
			return FAILURE_INSPECT_BODY;
		note(ret, event);
		listen(&speech, json_object_get(choice, "delta"));
	}
	why = judge(&speech, ret);
	if (json_array_size(events) > 0 && !done && !ret->finish_reason &&
	    (why == FAILURE_NONE || why == FAILURE_EMPTY_COMPLETION))
		return FAILURE_TRANSIENT;
	return why;
}
