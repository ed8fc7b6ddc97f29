#include "shared/try.h"

#include <stdio.h>
#include <string.h>

#include "shared/redact.h"
#include "shared/table.h"
#include "shared/verdict_chat.h"
#include "shared/verdict_signal.h"

#define TOOL "get_weather"

/* Most models of today think first; the second time they get more. */
#define TOKENS 256
#define TOKENS_RESPONSES 16	/* OpenAI refuses less */
#define TOKENS_PROMPT 64	/* of the question, about */

static const char *const names[] = {
	[TRY_STREAM]	= "stream",
	[TRY_CHAT]	= "chat",
	[TRY_RESPONSES]	= "responses",
	[TRY_MESSAGES]	= "messages",
	[TRY_TOOLS]	= "tools",
	[TRY_JSON_MODE]	= "json_mode",
};
TABLE_ENUM_DEFINE(try, names, TRY__MAX);

/* ---- asking ---- */

int64_t try_tokens(enum try try, bool generous)
{
	if (try == TRY_RESPONSES)
		return TOKENS_RESPONSES + TOKENS_PROMPT;
	return TOKENS_PROMPT + (generous ? TRY_TOKENS_GENEROUS : TOKENS);
}

static void write_question(struct jout *out, const char *format,
			   const char *nonce)
{
	AUTO_FREE char *text = xasprintf("%s %s", format, nonce);

	jout_array(out, "messages");
	jout_object(out, NULL);
	jout_str(out, "role", "user");
	jout_str(out, "content", text);
	jout_object_end(out);
	jout_array_end(out);
}

static void write_tool(struct jout *out)
{
	jout_array(out, "tools");
	jout_raw(out, NULL, "{\"type\":\"function\",\"function\":{\"name\":\""
		 TOOL "\",\"description\":\"Current weather of a city\","
		 "\"parameters\":{\"type\":\"object\",\"properties\":{"
		 "\"city\":{\"type\":\"string\"}},\"required\":[\"city\"]}}}");
	jout_array_end(out);
	/* "required" is refused by some models that call tools very well. */
	jout_str(out, "tool_choice", "auto");
}

/*
 * JSON mode wants the word in the question.  It must not ask for JSON: who
 * does not know the mode would give some all the same.
 */
static const char *const questions[TRY__MAX] = {
	[TRY_STREAM]	= "Reply with one short word.",
	[TRY_CHAT]	= "Reply with one short word.",
	[TRY_MESSAGES]	= "Reply with one short word.",
	/* NOLINTNEXTLINE(bugprone-suspicious-missing-comma): one sentence */
	[TRY_TOOLS]	= "Call the tool " TOOL " for the city of Paris. Do "
			  "not answer yourself.",
	[TRY_JSON_MODE]	= "Reply with this one word: json.",
};

static void write_responses(struct jout *out, const char *model)
{
	jout_object(out, NULL);
	jout_str(out, "model", model);
	jout_str(out, "input", "Reply with one short word.");
	jout_i64(out, "max_output_tokens", TOKENS_RESPONSES);
	jout_bool(out, "store", false);
	jout_bool(out, "stream", false);
	jout_object_end(out);
}

void try_write(struct jout *out, enum try try, const char *model,
	       const char *nonce, bool generous)
{
	if (try == TRY_RESPONSES) {
		write_responses(out, model);
		return;
	}
	jout_object(out, NULL);
	jout_str(out, "model", model);
	write_question(out, questions[try], nonce);
	jout_i64(out, "max_tokens", generous ? TRY_TOKENS_GENEROUS : TOKENS);
	jout_bool(out, "stream", try == TRY_STREAM);
	if (try == TRY_TOOLS)
		write_tool(out);
	if (try == TRY_JSON_MODE)
		jout_raw(out, "response_format", "{\"type\":\"json_object\"}");
	jout_object_end(out);
}

/* ---- what an answer shows ---- */

static const char *text_at(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static const json_t *first_of(const json_t *object, const char *name)
{
	return json_array_get(json_object_get(object, name), 0);
}

static int64_t number_at(const json_t *usage, const char *name)
{
	return json_integer_value(json_object_get(usage, name));
}

static int64_t spent(const json_t *usage)
{
	int64_t total = number_at(usage, "total_tokens");

	return total > 0 ? total : number_at(usage, "input_tokens") +
				   number_at(usage, "output_tokens");
}

/* What the answer says it cost; that it thought may show nowhere else. */
static void read_usage(const json_t *usage, struct tried *ret)
{
	static const char *const details[] = { "completion_tokens_details",
					       "output_tokens_details" };
	int64_t tokens = spent(usage);

	if (tokens > 0)
		ret->tokens = tokens;
	for (size_t i = 0; i < COUNT(details); i++)
		if (number_at(json_object_get(usage, details[i]),
			      "reasoning_tokens") > 0)
			ret->thought = true;
}

static void note_chat(const struct chat *chat, enum failure why,
		      struct tried *ret)
{
	ret->class = why;
	ret->served = why == FAILURE_NONE;
	ret->cut = why == FAILURE_EMPTY_COMPLETION;
	ret->thought = ret->thought || chat->thought;
	if (chat->think_tags)
		ret->quirks |= 1u << QUIRK_THINK_TAGS;
}

/* One completion, whole.  Its class says whether it is one. */
static void look_chat(const struct verdict_answer *answer, struct chat *chat,
		      struct tried *ret)
{
	enum failure why = chat_read(answer->json, chat);

	read_usage(json_object_get(answer->json, "usage"), ret);
	note_chat(chat, why, ret);
}

static void look_stream(const struct verdict_answer *answer,
			struct tried *ret)
{
	CLEANUP(chat_done) struct chat chat = { 0 };
	bool done = false;
	json_auto_t *events = answer->json ? NULL
		: signal_events(answer->body, answer->body_len, &done);
	const json_t *event;
	size_t i;

	if (!events) {
		look_chat(answer, &chat, ret);
		ret->whole = ret->served;
		ret->is = ret->whole ? CAPABLE_NO : CAPABLE_UNKNOWN;
		return;
	}
	json_array_foreach(events, i, event)
		read_usage(json_object_get(event, "usage"), ret);
	note_chat(&chat, chat_read_events(events, done, &chat), ret);
	if (!ret->served)
		return;
	ret->is = CAPABLE_YES;
	if (!done)
		ret->quirks |= 1u << QUIRK_NO_DONE;
	if (!answer->content_type ||
	    strcmp(answer->content_type, "text/event-stream") != 0)
		ret->quirks |= 1u << QUIRK_STREAM_TYPE;
}

static bool is_json_object(const char *text)
{
	json_auto_t *json = text ? json_loads(text, 0, NULL) : NULL;

	return json_is_object(json);
}

static void say(struct tried *ret, const char *words)
{
	snprintf(ret->words, sizeof(ret->words), "%s", words);
}

/* Answering without a call may be the model's choice: that is no "no". */
static void look_tools(const struct verdict_answer *answer,
		       struct tried *ret)
{
	CLEANUP(chat_done) struct chat chat = { 0 };
	const json_t *message = json_object_get(first_of(answer->json,
						"choices"), "message");
	const json_t *called = json_object_get(first_of(message,
						"tool_calls"), "function");
	const char *name = text_at(called, "name");
	const char *arguments = text_at(called, "arguments");

	look_chat(answer, &chat, ret);
	if (!ret->served)
		return;
	if (!name || strcmp(name, TOOL) != 0)
		say(ret, "the model answered without calling the tool");
	else if (!is_json_object(arguments))
		say(ret, "arguments of the tool call that cannot be read");
	else
		ret->is = CAPABLE_YES;
}

static void look_json_mode(const struct verdict_answer *answer,
			   struct tried *ret)
{
	CLEANUP(chat_done) struct chat chat = { 0 };

	look_chat(answer, &chat, ret);
	if (!ret->served)
		return;
	if (is_json_object(chat.content))
		ret->is = CAPABLE_YES;
	else
		say(ret, "the answer is no JSON object");
}

static void look_one(const struct verdict_answer *answer, struct tried *ret)
{
	CLEANUP(chat_done) struct chat chat = { 0 };

	look_chat(answer, &chat, ret);
	ret->is = ret->served ? CAPABLE_YES : CAPABLE_UNKNOWN;
}

/* Does an item of `list` hold text in `member`, or in its own `content`? */
static bool has_text(const json_t *list)
{
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
		if (json_string_length(json_object_get(item, "text")) > 0 ||
		    has_text(json_object_get(item, "content")))
			return true;
	return false;
}

bool try_is_response(const json_t *json)
{
	const char *object = text_at(json, "object");
	const char *status = text_at(json, "status");

	if (json_is_object(json_object_get(json, "error")) ||
	    (status && strcmp(status, "failed") == 0))
		return false;
	return (object && strcmp(object, "response") == 0) ||
	       json_is_array(json_object_get(json, "output"));
}

/* With so few tokens it may not get as far as text; what it cost shows it. */
static void look_responses(const struct verdict_answer *answer,
			   struct tried *ret)
{
	const json_t *usage = json_object_get(answer->json, "usage");
	const char *object = text_at(answer->json, "object");
	bool real = object && strcmp(object, "response") == 0 &&
		    (has_text(json_object_get(answer->json, "output")) ||
		     number_at(usage, "output_tokens") > 0);

	read_usage(usage, ret);
	ret->served = real && try_is_response(answer->json);
	ret->is = ret->served ? CAPABLE_YES : CAPABLE_UNKNOWN;
}

static bool is_text(const json_t *value, const char *text)
{
	const char *is = json_string_value(value);

	return is && strcmp(is, text) == 0;
}

/* "message" with a block that says something, and no error beside it. */
static void look_messages(const struct verdict_answer *answer,
			  struct tried *ret)
{
	const json_t *content = json_object_get(answer->json, "content");
	const json_t *block;
	bool thought = false;
	size_t i;

	read_usage(json_object_get(answer->json, "usage"), ret);
	json_array_foreach(content, i, block)
		thought = thought || is_text(json_object_get(block, "type"),
					     "thinking");
	ret->thought = ret->thought || thought;
	ret->served = is_text(json_object_get(answer->json, "type"), "message") &&
		      !json_is_object(json_object_get(answer->json, "error")) &&
		      has_text(content);
	ret->is = ret->served ? CAPABLE_YES : CAPABLE_UNKNOWN;
	ret->cut = !ret->served && is_text(json_object_get(answer->json, "stop_reason"),
					   "max_tokens");
}

/* ---- what a refusal shows ---- */

/* The request was understood, and something in it is not to be had. */
static bool is_bad_request(const struct tried *tried)
{
	return (tried->status == 400 || tried->status == 422) &&
	       (tried->class == FAILURE_BAD_REQUEST ||
		tried->class == FAILURE_ENDPOINT_UNSUPPORTED);
}

/*
 * The words of a bad request that blame what was tried; "" is in any: the
 * same question without JSON mode was answered.
 */
static const char *const blames[TRY__MAX][3] = {
	[TRY_STREAM]	= { "stream" },
	[TRY_TOOLS]	= { "tool", "function" },
	[TRY_JSON_MODE]	= { "" },
};

static bool is_blamed(enum try try, const char *text)
{
	for (size_t i = 0; i < COUNT(blames[try]) && blames[try][i]; i++)
		if (strcasestr(text, blames[try][i]))
			return true;
	return false;
}

/* Is it a refusal of the path, if it is not one of the key? */
static bool is_path_refused(const struct verdict_answer *answer,
			    const struct tried *tried)
{
	if (tried->class == FAILURE_MODEL_NOT_FOUND)
		return false;
	switch (tried->status) {
	case 401:
	case 402:
	case 403:
	case 404:
	case 405:
	case 501:
		return true;
	default:
		return is_bad_request(tried) ||
		       (verdict_is_success(answer) && verdict_is_page(answer));
	}
}

static bool is_path(enum try try)
{
	return try == TRY_STREAM || try == TRY_CHAT || try == TRY_RESPONSES ||
	       try == TRY_MESSAGES;
}

static void judge_refusal(const struct verdict_answer *answer, enum try try,
			  struct tried *ret)
{
	const struct finding finding = verdict_of(answer);
	AUTO_FREE char *words = redact_text(*finding.text ? finding.text
							  : finding.code,
					    PROFILE_WORDS_MAX);

	/* It was asked because this is not what was wanted. */
	ret->class = finding.class == FAILURE_NONE ? FAILURE_INSPECT_BODY
						   : finding.class;
	say(ret, words);
	ret->refused = is_path(try) && is_path_refused(answer, ret);
	/* Without the stream chat may work: then it is not the path. */
	if (is_bad_request(ret) && is_blamed(try, finding.text)) {
		ret->is = CAPABLE_NO;
		ret->refused = false;
	}
}

typedef void look_fn(const struct verdict_answer *answer, struct tried *ret);

static look_fn *const looks[] = {
	[TRY_STREAM]	= look_stream,
	[TRY_CHAT]	= look_one,
	[TRY_RESPONSES]	= look_responses,
	[TRY_MESSAGES]	= look_messages,
	[TRY_TOOLS]	= look_tools,
	[TRY_JSON_MODE]	= look_json_mode,
};
_Static_assert(COUNT(looks) == TRY__MAX, "look at each");

void try_judge(const struct verdict_answer *answer, enum try try,
	       bool generous, struct tried *ret)
{
	*ret = (struct tried){ .status = answer->status };
	ret->class = answer->delivery;
	if (ret->class != FAILURE_NONE || !verdict_is_success(answer)) {
		/* Who does not answer may have worked all the same. */
		if (answer->status == 0)
			ret->tokens = try_tokens(try, generous);
		judge_refusal(answer, try, ret);
		return;
	}
	ret->tokens = try_tokens(try, generous);
	looks[try](answer, ret);
	if (ret->cut) {
		ret->class = FAILURE_EMPTY_COMPLETION;
		say(ret, "it thought until the tokens were used up");
		ret->quirks |= generous ? 0 : 1u << QUIRK_THINKS_LONG;
	} else if (!ret->served) {
		judge_refusal(answer, try, ret);
	}
}

bool try_stops(const struct tried *tried, bool served)
{
	switch (tried->class) {
	case FAILURE_RATE_LIMITED:
		return true;
	case FAILURE_KEY_INVALID:
	case FAILURE_QUOTA_EXHAUSTED:
		return !served || !tried->refused;
	default:
		return tried->status == 429;
	}
}
