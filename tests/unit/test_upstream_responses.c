#include "tests/unit/upstream_answer.h"

#include "schedd/upstream/responses.h"

#define ERROR(code, text) \
	"{\"error\":{\"code\":\"" code "\",\"message\":\"" text "\"}}"
#define RESPONSE(status, output) \
	"{\"object\":\"response\",\"status\":\"" status "\",\"output\":" \
	output ",\"error\":null}"

static void the_url_stands_beside_the_chat_url(void **state)
{
	static const struct {
		const char *chat, *responses;
	} cases[] = {
		{ "https://h/v1/chat/completions", "https://h/v1/responses" },
		{ "https://h/api/paas/v4/chat/completions",
		  "https://h/api/paas/v4/responses" },
		{ "https://h/chat/completions", "https://h/responses" },
		{ "https://h/v1/odd", "https://h/v1/odd/responses" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO_FREE char *url = upstream_responses_url(cases[i].chat);

		assert_string_equal(url, cases[i].responses);
	}
}

static void the_question_is_small_and_names_the_key(void **state)
{
	CLEANUP(request_done) struct request request = { 0 };

	(void)state;
	upstream_ask_responses(&request, "https://h/v1/chat/completions",
			       "m\"1");
	assert_string_equal(request.url, "https://h/v1/responses");
	assert_int_equal(request.method, METHOD_POST);
	assert_int_equal(request.peer, PEER_PROVIDER);
	assert_true(request.chat);
	assert_int_equal(request.headers[0].slot, SLOT_PROVIDER_KEY);
	assert_string_equal(buf_str(&request.body.text),
		"{\"model\":\"m\\\"1\",\"input\":\"Reply with one short "
		"word.\",\"max_output_tokens\":16,\"store\":false,"
		"\"stream\":false}");
}

static const struct {
	int status;
	const char *type, *body;
	int kept;
	enum upstream_responses is;
} answers[] = {
	{ 200, JSON_TYPE, RESPONSE("completed", "[{}]"), 200,
	  RESPONSES_WORK },
	{ 200, JSON_TYPE, RESPONSE("incomplete", "[]"), 200,
	  RESPONSES_WORK },
	{ 200, JSON_TYPE, RESPONSE("failed", "[]"), 0, RESPONSES_UNKNOWN },
	{ 200, JSON_TYPE, "{\"object\":\"response\",\"error\":"
	  "{\"code\":\"1113\"}}", 0, RESPONSES_UNKNOWN },
	{ 200, JSON_TYPE, "{\"base_resp\":{\"status_code\":1008}}", 0,
	  RESPONSES_UNKNOWN },
	{ 200, JSON_TYPE, "{\"choices\":[]}", 0, RESPONSES_UNKNOWN },
	{ 200, JSON_TYPE, "[]", 0, RESPONSES_UNKNOWN },
	{ 200, JSON_TYPE, "{\"output\":[", 0, RESPONSES_UNKNOWN },
	{ 200, JSON_TYPE, "", 0, RESPONSES_UNKNOWN },
	{ 200, "text/html", "<html>portal</html>", 404, RESPONSES_ABSENT },
	{ 401, JSON_TYPE, ERROR("invalid_api_key", "no"), 401,
	  RESPONSES_REFUSED },
	{ 402, JSON_TYPE, "{}", 402, RESPONSES_REFUSED },
	{ 403, JSON_TYPE, "", 403, RESPONSES_REFUSED },
	{ 403, "text/html", "<html>no</html>", 403, RESPONSES_REFUSED },
	{ 404, "text/plain", "404 page not found", 404, RESPONSES_ABSENT },
	{ 404, JSON_TYPE, ERROR("model_not_found", "no such model"), 0,
	  RESPONSES_UNKNOWN },
	{ 405, "text/html", "<html>no</html>", 405, RESPONSES_ABSENT },
	{ 501, JSON_TYPE, "{}", 501, RESPONSES_ABSENT },
	{ 400, JSON_TYPE, ERROR("bad", "input?"), 400, RESPONSES_UNKNOWN },
	{ 422, JSON_TYPE, "{}", 422, RESPONSES_UNKNOWN },
	{ 429, JSON_TYPE, "{}", 429, RESPONSES_UNKNOWN },
	{ 500, JSON_TYPE, "null", 500, RESPONSES_UNKNOWN },
	{ 302, "text/html", "", 302, RESPONSES_UNKNOWN },
};

static void answers_tell_of_the_path_or_say_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(answers); i++) {
		CLEANUP(answer_done) struct answer answer = answered(
			answers[i].status, answers[i].type, answers[i].body);
		int kept = upstream_judge_responses(&answer);

		assert_int_equal(kept, answers[i].kept);
		assert_int_equal(upstream_responses_of_status(kept),
				 answers[i].is);
	}
}

static void no_answer_says_nothing(void **state)
{
	CLEANUP(answer_done) struct answer answer = {
		.transport = TRANSPORT_SILENT, .retry_after_ms = -1 };

	(void)state;
	assert_int_equal(upstream_judge_responses(&answer), 0);
	assert_int_equal(upstream_responses_of_status(0), RESPONSES_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_url_stands_beside_the_chat_url),
		cmocka_unit_test(the_question_is_small_and_names_the_key),
		cmocka_unit_test(answers_tell_of_the_path_or_say_nothing),
		cmocka_unit_test(no_answer_says_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
