/*
 * Nobody may be told "ready" without a model in the list and something in
 * the completion.  Random answers of a gateway are judged by the code that
 * decides and by a simple reader that shares nothing with it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "schedd/host/gateway.h"
#include "shared/table.h"
#include "shared/verdict.h"

#define ROUNDS 20000
#define MODEL "mock-a"

/* ---- chance, by a seed ---- */

struct dice {
	uint64_t state;
};

static size_t roll(struct dice *dice, size_t sides)
{
	dice->state ^= dice->state << 13;
	dice->state ^= dice->state >> 7;
	dice->state ^= dice->state << 17;
	return (size_t)(dice->state % sides);
}

static bool once_in(struct dice *dice, size_t n)
{
	return roll(dice, n) == 0;
}

/* ---- answers that are nearly right ---- */

static json_t *odd_value(struct dice *dice)
{
	switch (roll(dice, 9)) {
	case 0:
		return json_null();
	case 1:
		return json_true();
	case 2:
		return json_integer((json_int_t)roll(dice, 600));
	case 3:
		return json_string("");
	case 4:
		return json_string(" \n\t");
	case 5:
		return json_object();
	case 6:
		return json_array();
	case 7:
		return json_pack("[n]");
	default:
		return json_pack("{s:s}", "error", "x");
	}
}

static json_t *some_content(struct dice *dice)
{
	static const char *const texts[] = {
		"pong", "你好", "", " ", "\n\n", "\u3000", "<think>hm", "<think>a</think>b",
		"<think>a</think> \n", "0",
	};

	switch (roll(dice, 6)) {
	case 0:
		return json_pack("[{s:s,s:s}]", "type", "text", "text",
				 texts[roll(dice, COUNT(texts))]);
	case 1:
		return odd_value(dice);
	default:
		return json_string(texts[roll(dice, COUNT(texts))]);
	}
}

static json_t *some_message(struct dice *dice)
{
	json_t *message = json_pack("{s:s,s:o}", "role", "assistant",
				    "content", some_content(dice));

	if (once_in(dice, 6))
		json_object_set_new(message, "reasoning_content",
				    json_string("hm"));
	if (once_in(dice, 8))
		json_object_set_new(message, "tool_calls", once_in(dice, 2)
			? json_pack("[{s:{s:s}}]", "function", "name", "f")
			: odd_value(dice));
	if (once_in(dice, 10))
		json_object_del(message, "content");
	return message;
}

static json_t *some_choice(struct dice *dice)
{
	static const char *const reasons[] = { "stop", "length", "tool_calls",
					       "content_filter", "error" };
	json_t *choice = json_pack("{s:i,s:o,s:s}", "index", 0, "message",
		once_in(dice, 8) ? odd_value(dice) : some_message(dice),
		"finish_reason", reasons[roll(dice, COUNT(reasons))]);

	if (once_in(dice, 10))
		json_object_set_new(choice, "delta",
				    json_pack("{s:s}", "content", "pong"));
	return choice;
}

static json_t *some_completion(struct dice *dice)
{
	json_t *body = json_pack("{s:s,s:s,s:[o]}", "id", "c", "model", MODEL,
				 "choices", some_choice(dice));

	if (once_in(dice, 10))
		json_object_set_new(body, "choices", odd_value(dice));
	if (once_in(dice, 8))
		json_object_set_new(body, "error", once_in(dice, 3)
			? json_pack("{s:s}", "message", "quota exceeded")
			: odd_value(dice));
	if (once_in(dice, 12))
		json_object_set_new(body, "base_resp", json_pack("{s:i}",
			"status_code", once_in(dice, 2) ? 0 : 1008));
	if (once_in(dice, 20))
		json_object_set_new(body, "success", json_false());
	return body;
}

static char *some_body(struct dice *dice)
{
	static const char *const others[] = {
		"", "<html><body>pong</body></html>", "pong", "null", "[]",
		"{\"choices\":", "data: {\"choices\":[{\"delta\":{\"content\":\"pong\"}}]}\n\n",
		"{\"error\":{\"message\":\"No account\",\"type\":\"api_error\"}}",
		"{\"code\":\"INSUFFICIENT_BALANCE\",\"message\":\"pong\"}",
	};
	json_auto_t *body = some_completion(dice);
	char *text = json_dumps(body, JSON_COMPACT);

	if (once_in(dice, 6)) {
		free(text);
		return xstrdup(others[roll(dice, COUNT(others))]);
	}
	if (once_in(dice, 6))
		text[roll(dice, strlen(text) + 1)] = '\0';
	if (once_in(dice, 12)) {
		char *longer = xasprintf("%s%s", text, once_in(dice, 2)
					 ? "<html>" : "\n");

		free(text);
		text = longer;
	}
	return text;
}

static char *some_list(struct dice *dice)
{
	static const char *const names[] = { MODEL, "mock-b", "Mock-A",
					     "mock-a2", "" };
	json_auto_t *list = json_array();
	json_auto_t *body = NULL;
	char *text;

	if (once_in(dice, 2))
		json_array_append_new(list, json_pack("{s:s}", "id", MODEL));
	for (size_t i = roll(dice, 4); i > 0; i--)
		json_array_append_new(list, once_in(dice, 8) ? odd_value(dice)
			: json_pack("{s:s}", "id",
				    names[roll(dice, COUNT(names))]));
	body = once_in(dice, 8) ? odd_value(dice)
				: json_pack("{s:O}", "data", list);
	text = json_dumps(body, JSON_COMPACT | JSON_ENCODE_ANY);
	if (once_in(dice, 10))
		text[roll(dice, strlen(text) + 1)] = '\0';
	return text;
}

static struct answer some_answer(struct dice *dice, char *body)
{
	static const int statuses[] = { 200, 200, 200, 200, 200, 200, 201,
					204, 302, 400, 401, 403, 429, 500,
					502, 503 };
	static const char *const types[] = {
		"application/json", "application/json", "text/html",
		"text/plain", "text/event-stream", NULL };
	struct answer answer = {
		.status = statuses[roll(dice, COUNT(statuses))],
		.body = body,
		.body_len = strlen(body),
		.retry_after_ms = -1,
	};

	own_set(&answer.content_type, types[roll(dice, COUNT(types))]);
	if (once_in(dice, 20))
		answer.transport = (enum transport)(1 + roll(dice,
							TRANSPORT__MAX - 1));
	answer_parse(&answer);
	return answer;
}

/* ---- the simple reader ---- */

/* Is there a letter, a digit or a Chinese character? */
static bool has_letters(const char *text)
{
	const char *thought = strstr(text, "<think>");

	if (thought && thought[strspn(thought, " ")] == '<' &&
	    thought == text) {
		text = strstr(text, "</think>");
		if (!text)
			return false;
		text += 8;
	}
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
		    (c >= 'A' && c <= 'Z') || (c >= 0xe4 && c <= 0xe9))
			return true;
	}
	return false;
}

static bool said(const json_t *message)
{
	const json_t *content = json_object_get(message, "content");
	const char *name = NULL;

	if (json_is_string(content) &&
	    has_letters(json_string_value(content)))
		return true;
	if (json_is_string(json_object_get(json_array_get(content, 0),
					   "text")) &&
	    has_letters(json_string_value(json_object_get(
			json_array_get(content, 0), "text"))))
		return true;
	return json_unpack((json_t *)(uintptr_t)message, "{s:[{s:{s:s}}]}",
			   "tool_calls", "function", "name", &name) == 0 &&
	       *name != '\0';
}

static bool is_real(const struct answer *answer)
{
	json_auto_t *json = json_loads(answer->body, 0, NULL);
	const json_t *error = json_object_get(json, "error");
	const json_t *message = NULL;
	int code = 0;

	if (answer->transport != TRANSPORT_OK || answer->status < 200 ||
	    answer->status > 299 || !json)
		return false;
	if (json_is_string(error) ? json_string_length(error) > 0
				  : json_object_size(error) > 0)
		return false;
	json_unpack(json, "{s:{s:i}}", "base_resp", "status_code", &code);
	if (code != 0 || json_is_false(json_object_get(json, "success")))
		return false;
	return json_unpack(json, "{s:[{s:o}]}", "choices", "message",
			   &message) == 0 && said(message);
}

static bool is_listed(const struct answer *answer)
{
	json_auto_t *json = json_loads(answer->body, JSON_DECODE_ANY, NULL);
	const json_t *element;
	size_t i;

	if (answer->transport != TRANSPORT_OK || answer->status < 200 ||
	    answer->status > 299)
		return false;
	json_array_foreach(json_object_get(json, "data"), i, element) {
		const char *id = json_string_value(json_object_get(element,
								   "id"));

		if (id && strcmp(id, MODEL) == 0)
			return true;
	}
	return false;
}

/* ---- the properties ---- */

struct tally {
	size_t ready, real;
};

static void check_pair(struct dice *dice, struct tally *tally)
{
	CLEANUP(answer_done) struct answer models =
		some_answer(dice, some_list(dice));
	CLEANUP(answer_done) struct answer chat =
		some_answer(dice, some_body(dice));
	CLEANUP(completion_done) struct completion completion = { 0 };
	bool listed = false;
	bool lists = host_judge_models(&models, MODEL, &listed) ==
		     FAILURE_NONE && listed;
	bool speaks = host_judge_chat(&chat, &completion) == FAILURE_NONE;
	bool real = is_listed(&models) && is_real(&chat);

	if (lists && speaks && !real)
		fail_msg("ready, but: %s\n%s", models.body, chat.body);
	if (speaks && !is_real(&chat))
		fail_msg("a completion, but: %d %s", chat.status, chat.body);
	if (lists && !is_listed(&models))
		fail_msg("listed, but: %d %s", models.status, models.body);
	tally->ready += lists && speaks;
	tally->real += real;
}

static void nobody_is_ready_without_model_and_content(void **state)
{
	struct tally tally = { 0 };

	(void)state;
	for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
		struct dice dice = { seed * UINT64_C(0x9e3779b97f4a7c15) };

		check_pair(&dice, &tally);
	}
	/* The generator makes good ones too, and few of them are missed. */
	print_message("# %zu of %zu good pairs were ready\n", tally.ready,
		      tally.real);
	assert_true(tally.real > ROUNDS / 100);
	assert_true(tally.ready * 10 > tally.real * 9);
}

/* The verdict offline says the same of a success as the proof does. */
static void the_verdict_agrees_with_the_proof(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= ROUNDS / 4; seed++) {
		struct dice dice = { seed * UINT64_C(0xd1342543de82ef95) };
		CLEANUP(answer_done) struct answer chat =
			some_answer(&dice, some_body(&dice));
		CLEANUP(completion_done) struct completion said_it = { 0 };
		enum failure why = host_judge_chat(&chat, &said_it);
		struct finding found = host_gateway_finding(&chat, 0);

		assert_in_range(found.class, 0, FAILURE__MAX - 1);
		assert_int_equal(found.waiting_helps,
				 found.retry_after_ms >= 0);
		/* A stream is a completion to the one, unasked to the other. */
		if (found.class != why)
			assert_true(found.class == FAILURE_NONE ||
				    why == FAILURE_INSPECT_BODY);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_is_ready_without_model_and_content),
		cmocka_unit_test(the_verdict_agrees_with_the_proof),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
