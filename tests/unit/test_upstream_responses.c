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
	enum upstream_responses is;
	enum failure why;
} of_the_path[] = {
	{ 200, JSON_TYPE, RESPONSE("completed", "[{}]"),
	  RESPONSES_WORK, FAILURE_NONE },
	{ 200, JSON_TYPE, RESPONSE("incomplete", "[]"),
	  RESPONSES_WORK, FAILURE_NONE },
	{ 200, JSON_TYPE, RESPONSE("failed", "[]"),
	  RESPONSES_UNKNOWN, FAILURE_INSPECT_BODY },
	{ 200, JSON_TYPE, "{\"object\":\"response\",\"error\":"
	  "{\"code\":\"1113\"}}", RESPONSES_UNKNOWN,
	  FAILURE_QUOTA_EXHAUSTED },
	{ 200, JSON_TYPE, "{\"base_resp\":{\"status_code\":1008}}",
	  RESPONSES_UNKNOWN, FAILURE_QUOTA_EXHAUSTED },
	{ 200, JSON_TYPE, "{\"choices\":[]}", RESPONSES_UNKNOWN,
	  FAILURE_INSPECT_BODY },
	{ 200, JSON_TYPE, "[]", RESPONSES_UNKNOWN,
	  FAILURE_INSPECT_BODY },
	{ 200, JSON_TYPE, "{\"output\":[", RESPONSES_UNKNOWN,
	  FAILURE_INSPECT_BODY },
	{ 200, JSON_TYPE, "", RESPONSES_UNKNOWN,
	  FAILURE_INSPECT_BODY },
	{ 200, "text/html", "<html>portal</html>", RESPONSES_ABSENT,
	  FAILURE_INSPECT_BODY },
	{ 401, JSON_TYPE, ERROR("invalid_api_key", "no"),
	  RESPONSES_REFUSED, FAILURE_KEY_INVALID },
	{ 402, JSON_TYPE, "{}", RESPONSES_REFUSED,
	  FAILURE_QUOTA_EXHAUSTED },
	{ 403, JSON_TYPE, "", RESPONSES_REFUSED, FAILURE_FORBIDDEN },
	{ 403, "text/html", "<html>no</html>", RESPONSES_REFUSED,
	  FAILURE_FORBIDDEN },
	{ 404, "text/plain", "404 page not found", RESPONSES_ABSENT,
	  FAILURE_ENDPOINT_UNSUPPORTED },
	{ 404, JSON_TYPE, ERROR("model_not_found", "no such model"),
	  RESPONSES_UNKNOWN, FAILURE_MODEL_NOT_FOUND },
	{ 405, "text/html", "<html>no</html>", RESPONSES_ABSENT,
	  FAILURE_ENDPOINT_UNSUPPORTED },
	{ 501, JSON_TYPE, "{}", RESPONSES_ABSENT,
	  FAILURE_ENDPOINT_UNSUPPORTED },
	{ 400, JSON_TYPE, ERROR("bad", "input?"), RESPONSES_UNKNOWN,
	  FAILURE_BAD_REQUEST },
	{ 422, JSON_TYPE, "{}", RESPONSES_UNKNOWN,
	  FAILURE_BAD_REQUEST },
	{ 429, JSON_TYPE, "{}", RESPONSES_UNKNOWN,
	  FAILURE_RATE_LIMITED },
	{ 500, JSON_TYPE, "null", RESPONSES_UNKNOWN,
	  FAILURE_TRANSIENT },
	{ 302, "text/html", "", RESPONSES_UNKNOWN,
	  FAILURE_REDIRECTED },
};

static void answers_tell_of_the_path_or_say_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(of_the_path); i++) {
		CLEANUP(answer_done) struct answer answer = answered(
			of_the_path[i].status, of_the_path[i].type, of_the_path[i].body);
		enum failure why = FAILURE_INTERNAL;

		assert_string_equal(upstream_responses_name(
			upstream_judge_responses(&answer, &why)),
			upstream_responses_name(of_the_path[i].is));
		assert_string_equal(failure_name(why),
				    failure_name(of_the_path[i].why));
	}
}

static void no_answer_says_nothing(void **state)
{
	CLEANUP(answer_done) struct answer answer = {
		.transport = TRANSPORT_SILENT, .retry_after_ms = -1 };
	enum failure why = FAILURE_NONE;

	(void)state;
	assert_int_equal(upstream_judge_responses(&answer, &why),
			 RESPONSES_UNKNOWN);
	assert_int_equal(why, FAILURE_DEAD_END);
	assert_int_equal(upstream_judge_responses(&answer, NULL),
			 RESPONSES_UNKNOWN);
}

static void a_stored_status_tells_the_same(void **state)
{
	(void)state;
	assert_int_equal(upstream_responses_of_status(0), RESPONSES_UNKNOWN);
	assert_int_equal(upstream_responses_of_status(200), RESPONSES_WORK);
	assert_int_equal(upstream_responses_of_status(302),
			 RESPONSES_UNKNOWN);
	assert_int_equal(upstream_responses_of_status(403),
			 RESPONSES_REFUSED);
	assert_int_equal(upstream_responses_of_status(404), RESPONSES_ABSENT);
	assert_int_equal(upstream_responses_of_status(500),
			 RESPONSES_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_url_stands_beside_the_chat_url),
		cmocka_unit_test(the_question_is_small_and_names_the_key),
		cmocka_unit_test(answers_tell_of_the_path_or_say_nothing),
		cmocka_unit_test(no_answer_says_nothing),
		cmocka_unit_test(a_stored_status_tells_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
