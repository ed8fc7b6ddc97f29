#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "schedd/redact.h"
#include "schedd/upstream/chat.h"
#include "schedd/upstream/models.h"
#include "shared/model_listing.h"
#include "shared/model_names.h"
#include "shared/table.h"

static struct answer answered(int status, const char *type, const char *body)
{
	struct answer answer = { .status = status, .retry_after_ms = -1 };

	own_set(&answer.content_type, type);
	answer.body = xstrdup(body);
	answer.body_len = strlen(body);
	answer_parse(&answer);
	return answer;
}

/* ---- completions ---- */

#define SAYS(message, reason) \
	"{\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":" message \
	",\"finish_reason\":\"" reason "\"}]}"

static void completions_say_something_or_not(void **state)
{
	static const struct {
		const char *body;
		enum failure class;
	} cases[] = {
		{ SAYS("{\"content\":\"pong\"}", "stop"), FAILURE_NONE },
		{ SAYS("{\"content\":[{\"type\":\"text\",\"text\":\"p\"}]}",
		       "stop"), FAILURE_NONE },
		{ SAYS("{\"content\":null,\"tool_calls\":[{\"id\":\"1\","
		       "\"function\":{\"name\":\"f\"}}]}", "tool_calls"),
		  FAILURE_NONE },
		{ SAYS("{\"content\":null,\"tool_calls\":[{\"id\":\"1\"}]}",
		       "tool_calls"), FAILURE_INSPECT_BODY },
		{ SAYS("{\"content\":\"<think>hm\"}", "length"),
		  FAILURE_EMPTY_COMPLETION },
		{ SAYS("{\"content\":\"\",\"reasoning_content\":\"hm\"}",
		       "length"), FAILURE_EMPTY_COMPLETION },
		{ SAYS("{\"content\":\"\"}", "length"),
		  FAILURE_EMPTY_COMPLETION },
		{ SAYS("{\"content\":\" \\n\",\"reasoning_content\":\"hm\"}",
		       "stop"), FAILURE_EMPTY_COMPLETION },
		{ SAYS("{\"content\":\"\"}", "content_filter"),
		  FAILURE_CONTENT_BLOCKED },
		{ SAYS("{\"content\":\"\"}", "stop"), FAILURE_INSPECT_BODY },
		{ SAYS("null", "stop"), FAILURE_INSPECT_BODY },
		{ "{\"choices\":null}", FAILURE_INSPECT_BODY },
		{ "{\"choices\":[]}", FAILURE_INSPECT_BODY },
		{ "{\"error\":{\"message\":\"no\"}}", FAILURE_INSPECT_BODY },
		{ "<html></html>", FAILURE_INSPECT_BODY },
		{ "", FAILURE_INSPECT_BODY },
		{ "{\"error\":{\"code\":\"1113\"},\"choices\":null}",
		  FAILURE_QUOTA_EXHAUSTED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(answer_done) struct answer answer = answered(
			200, "application/json", cases[i].body);
		CLEANUP(completion_done) struct completion said = { 0 };

		assert_int_equal(upstream_judge_chat(&answer, &said),
				 cases[i].class);
	}
}

static void a_completion_is_kept_in_short(void **state)
{
	CLEANUP(answer_done) struct answer answer = answered(
		200, "application/json",
		SAYS("{\"content\":\"Sure, sk-abcdef0123456789abcdef\"}",
		     "stop"));
	CLEANUP(completion_done) struct completion said = { 0 };

	(void)state;
	assert_int_equal(upstream_judge_chat(&answer, &said), FAILURE_NONE);
	assert_string_equal(said.preview, "Sure, " REDACT_MASK);
	assert_string_equal(said.type, "application/json");
	assert_string_equal(said.finish_reason, "stop");
	assert_string_equal(said.model, "m");
}

static void a_chat_names_the_key_and_never_has_it(void **state)
{
	CLEANUP(request_done) struct request request = { 0 };

	(void)state;
	upstream_ask_chat(&request, "https://a/v1/chat/completions", "m\"1",
			  "n0nce", false);
	assert_string_equal(request.url, "https://a/v1/chat/completions");
	assert_int_equal(request.method, METHOD_POST);
	assert_int_equal(request.peer, PEER_PROVIDER);
	assert_true(request.chat);
	assert_string_equal(request.headers[0].name, "Authorization");
	assert_int_equal(request.headers[0].slot, SLOT_PROVIDER_KEY);
	assert_string_equal(buf_str(&request.body.text),
		"{\"model\":\"m\\\"1\",\"messages\":[{\"role\":\"user\","
		"\"content\":\"Reply with one short word. n0nce\"}],"
		"\"max_tokens\":1024,\"stream\":false}");
}

/* ---- models ---- */

static void candidates_follow_the_version_in_the_path(void **state)
{
	static const struct {
		const char *base, *first, *second;
	} cases[] = {
		{ "https://h", "https://h/v1", "https://h" },
		{ "https://h/openai", "https://h/openai/v1",
		  "https://h/openai" },
		{ "https://h/v1", "https://h/v1", "https://h" },
		{ "https://h/api/v4/v1", "https://h/api/v4/v1",
		  "https://h/api/v4" },
		{ "https://h/api/paas/v4", "https://h/api/paas/v4", NULL },
		{ "https://h/v2/coding", "https://h/v2/coding",
		  "https://h/v2/coding/v1" },
		{ "http://v1.example:8080", "http://v1.example:8080/v1",
		  "http://v1.example:8080" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO_FREE char *first = api_root(cases[i].base, 0);
		AUTO_FREE char *second = api_root(cases[i].base, 1);

		assert_string_equal(first, cases[i].first);
		assert_null(api_root(cases[i].base, 2));
		if (cases[i].second)
			assert_string_equal(second, cases[i].second);
		else
			assert_null(second);
	}
}

static void a_wrong_path_leads_to_the_next(void **state)
{
	(void)state;
	assert_true(api_root_tries_next(FAILURE_ENDPOINT_UNSUPPORTED));
	assert_true(api_root_tries_next(FAILURE_INSPECT_BODY));
	assert_false(api_root_tries_next(FAILURE_NONE));
	assert_false(api_root_tries_next(FAILURE_KEY_INVALID));
	assert_false(api_root_tries_next(FAILURE_MODEL_NOT_FOUND));
	assert_false(api_root_tries_next(FAILURE_TIMEOUT));
}

static char *models_in(int status, const char *body, enum failure *ret)
{
	CLEANUP(answer_done) struct answer answer =
		answered(status, "application/json", body);
	json_auto_t *models = NULL;

	*ret = upstream_judge_models(&answer, &models);
	return models ? json_dumps(models, JSON_COMPACT) : NULL;
}

static void lists_come_in_several_shapes(void **state)
{
	static const struct {
		const char *body, *names;
	} cases[] = {
		{ "{\"data\":[{\"id\":\"a\"},{\"id\":\"b\"},{\"id\":\"a\"}]}",
		  "[\"a\",\"b\"]" },
		{ "{\"models\":[{\"id\":\"a\"},{\"name\":\"b\"}]}",
		  "[\"a\",\"b\"]" },
		{ "[\"a\",{\"id\":\"b\"}]", "[\"a\",\"b\"]" },
		{ "{\"data\":[{\"id\":\"a\",\"status\":\"Shutdown\"},"
		  "{\"id\":\"\"},{\"id\":7},null,{\"id\":\"b\"}]}",
		  "[\"b\"]" },
		{ "{\"object\":\"list\",\"data\":[]}", "[]" },
		/* Of consoles and gateways of their own making. */
		{ "{\"data\":[{\"id\":7,\"model\":\"a\",\"name\":\"A one\"},"
		  "{\"model_name\":\"b\"},{\"name\":\"C\",\"model_id\":\"c\"}]}",
		  "[\"a\",\"b\",\"c\"]" },
		{ "{\"result\":[{\"id\":\"a\"}]}", "[\"a\"]" },
		{ "{\"code\":0,\"data\":{\"list\":[{\"id\":\"a\"}],"
		  "\"total\":1}}", "[\"a\"]" },
		{ "{\"result\":{\"data\":{\"models\":[\"a\"]}}}", "[\"a\"]" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		enum failure why;
		AUTO_FREE char *names = models_in(200, cases[i].body, &why);

		assert_int_equal(why, FAILURE_NONE);
		assert_string_equal(names, cases[i].names);
	}
}

static void a_list_that_is_not_there_is_no_fault(void **state)
{
	static const struct {
		int status;
		const char *body;
		enum failure class;
	} cases[] = {
		{ 404, "404 page not found", FAILURE_ENDPOINT_UNSUPPORTED },
		{ 405, "", FAILURE_ENDPOINT_UNSUPPORTED },
		{ 501, "{}", FAILURE_ENDPOINT_UNSUPPORTED },
		{ 200, "<!DOCTYPE html><html>", FAILURE_ENDPOINT_UNSUPPORTED },
		{ 403, "<html>", FAILURE_ENDPOINT_UNSUPPORTED },
		{ 200, "{\"data\":null}", FAILURE_ENDPOINT_UNSUPPORTED },
		{ 200, "{\"code\":5,\"data\":{\"list\":[]}}",
		  FAILURE_ENDPOINT_UNSUPPORTED },
		{ 200, "{\"data\":{\"items\":[{\"x\":1}]}}",
		  FAILURE_ENDPOINT_UNSUPPORTED },
		{ 401, "{}", FAILURE_KEY_INVALID },
		{ 429, "{}", FAILURE_RATE_LIMITED },
		{ 502, "<html>", FAILURE_TRANSIENT },
		{ 200, "{\"base_resp\":{\"status_code\":1004}}",
		  FAILURE_KEY_INVALID },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		enum failure why;
		AUTO_FREE char *names = models_in(cases[i].status,
						  cases[i].body, &why);

		assert_null(names);
		assert_int_equal(why, cases[i].class);
	}
}

static void endless_lists_end(void **state)
{
	struct buf body = { .max = 1 << 20 };
	CLEANUP(answer_done) struct answer answer = { 0 };
	json_auto_t *models = NULL;
	json_auto_t *chat = NULL;

	(void)state;
	buf_adds(&body, "[\"a\"");
	for (int i = 0; i < 5000; i++)
		buf_addf(&body, ",\"m%d\"", i);
	buf_adds(&body, "]");
	answer = answered(200, "application/json", buf_str(&body));
	buf_done(&body);
	assert_int_equal(upstream_judge_models(&answer, &models),
			 FAILURE_NONE);
	assert_int_equal(json_array_size(models), MODEL_LISTED_MAX);
	chat = upstream_chat_models(models);
	assert_int_equal(json_array_size(chat), UPSTREAM_CHAT_MODELS_MAX);
	assert_true(model_listing_has(models, "m7"));
	assert_false(model_listing_has(models, "m"));
}

static void names_tell_what_can_chat(void **state)
{
	static const char *const chat[] = {
		"deepseek-chat", "MiniMax-M2.5", "kimi-k2.6", "glm-4.7-flash",
		"Qwen/Qwen3-30B-A3B-Instruct-2507", "doubao-seed-1-6-flash",
		"qwen3-vl-plus", "step-3.5-flash", "hy3", "lite", "mock-a",
		"ernie-speed-8k", "mimo-v2.6-flash", "qwen3-omni-flash",
	};
	static const char *const other[] = {
		"text-embedding-v4", "BAAI/bge-m3", "Qwen3-Reranker-8B",
		"qwen-image-edit", "gpt-image-1", "wanx2.1-t2i", "cosyvoice-v3",
		"paraformer-v2", "qwen3-asr-flash", "speech-2.5-hd", "whisper-1",
		"doubao-seedream-4-0", "Qwen3Guard-8B", "cogview-4",
		"omni-moderation-latest", "Kwai-Kolors/Kolors", "vidu-q1",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(chat); i++)
		assert_true(upstream_is_chat_model(chat[i]));
	for (size_t i = 0; i < COUNT(other); i++)
		assert_false(upstream_is_chat_model(other[i]));
}

static void names_have_families(void **state)
{
	json_auto_t *models = json_pack("[sssss]", "Pro/moonshotai/Kimi-K2.6",
					"kimi-k3", "deepseek-v4-pro",
					"mock-a", "Qwen/QwQ-32B");
	json_auto_t *families = model_families(models);
	AUTO_FREE char *text = json_dumps(families, JSON_COMPACT);

	(void)state;
	assert_string_equal(text, "[\"kimi\",\"deepseek\",\"qwen\"]");
	assert_null(model_family_of("mock-a"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(completions_say_something_or_not),
		cmocka_unit_test(a_completion_is_kept_in_short),
		cmocka_unit_test(a_chat_names_the_key_and_never_has_it),
		cmocka_unit_test(candidates_follow_the_version_in_the_path),
		cmocka_unit_test(a_wrong_path_leads_to_the_next),
		cmocka_unit_test(lists_come_in_several_shapes),
		cmocka_unit_test(a_list_that_is_not_there_is_no_fault),
		cmocka_unit_test(endless_lists_end),
		cmocka_unit_test(names_tell_what_can_chat),
		cmocka_unit_test(names_have_families),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
