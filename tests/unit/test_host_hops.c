/*
 * The host's own test of an account, and its log of what providers said.
 */
#include "tests/unit/recorded.h"
#include "tests/unit/host_request.h"

#include "schedd/host/account_test.h"
#include "schedd/host/upstream_log.h"

static void a_test_names_its_model(void **state)
{
	CLEANUP(request_done) struct request request = { 0 };

	(void)state;
	host_ask_account_test(&request, &by_key, 5, "m");
	CHECK(&request, METHOD_POST, "/api/v1/admin/accounts/5/test",
	      "host_token", "{\"model_id\":\"m\"}");
	assert_true(request.chat);
}

/* "-": nothing is expected of this version. */
static void recorded_tests_mean_what_they_can(void **state)
{
	static const struct {
		const char *file;
		bool relays;
		const char *results[3];
	} cases[] = {
		{ "52-test-chat-only-forced", true,
		  { "asked advisory 403", "nothing", "chat means ok" } },
		{ "52-test-chat-only-unforced", false,
		  { "asked means advisory 403", "asked means advisory 403",
		    "asked means advisory 403" } },
		{ "52-test-dual", false,
		  { "asked means ok", "asked means ok", "asked means ok" } },
		{ "52-test-forced-401", true,
		  { "nothing", "nothing", "chat means 401" } },
		{ "52-test-forced-403", true,
		  { "nothing", "nothing", "chat means advisory 403" } },
		{ "52-test-forced-429", true,
		  { "nothing", "nothing", "chat means 429" } },
		{ "52-test-forced-html", true,
		  { "nothing", "nothing", "chat means" } },
		{ "52-test-forced-half", true,
		  { "nothing", "nothing", "chat means" } },
		{ "52-test-unforced-404", true,
		  { "nothing", "nothing", "chat means ok" } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases) * 3; i++) {
		size_t v = i % 3;
		CLEANUP(answer_done) struct answer answer =
			recorded(versions[v], cases[i / 3].file);
		CLEANUP(host_account_test_done) struct host_account_test test =
			{ 0 };
		AUTO_FREE char *status = NULL;
		AUTO_FREE char *text = NULL;

		assert_int_equal(host_judge_account_test(&answer,
					cases[i / 3].relays, &test),
				 FAILURE_NONE);
		status = test.status ? xasprintf(" %d", test.status)
				     : xstrdup("");
		text = xasprintf("%s%s%s%s%s",
			test.by_chat ? "chat" : test.asked ? "asked"
			: "nothing",
			test.means ? " means" : "", test.ok ? " ok" : "",
			test.advisory ? " advisory" : "", status);
		if (strcmp(text, cases[i / 3].results[v]) != 0)
			fail_msg("%s %s: %s", versions[v], cases[i / 3].file,
				 text);
	}
}

static void what_a_test_says_has_a_class(void **state)
{
	static const struct {
		const char *text;
		enum failure class;
	} cases[] = {
		{ "Chat Completions API (/v1/chat/completions) returned 401: "
		  "{\\\"error\\\":{\\\"message\\\":\\\"Incorrect API key\\\","
		  "\\\"code\\\":\\\"invalid_api_key\\\"}}",
		  FAILURE_KEY_INVALID },
		{ "Chat Completions API (/v1/chat/completions) returned 402: "
		  "{\\\"error\\\":{\\\"message\\\":\\\"Insufficient Balance"
		  "\\\"}}", FAILURE_QUOTA_EXHAUSTED },
		{ "Chat Completions API (/v1/chat/completions) request failed:"
		  " dial tcp", FAILURE_UPSTREAM_FAILED },
		{ "Invalid Chat Completions response from x: expected SSE",
		  FAILURE_INSPECT_BODY },
		{ "Chat Completions stream read error: unexpected EOF",
		  FAILURE_RESET },
		{ "something new in Chat Completions",
		  FAILURE_UPSTREAM_FAILED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO_FREE char *body = xasprintf(
			"data: {\"type\":\"test_start\",\"model\":\"m\"}\n\n"
			"data: {\"type\":\"error\",\"error\":\"%s\"}\n\n",
			cases[i].text);
		CLEANUP(answer_done) struct answer answer =
			made(200, "text/event-stream", body);
		CLEANUP(host_account_test_done) struct host_account_test test =
			{ 0 };

		assert_int_equal(host_judge_account_test(&answer, true, &test),
				 FAILURE_NONE);
		assert_false(test.ok);
		assert_true(test.means);
		if (test.class != cases[i].class)
			fail_msg("%s: %s", cases[i].text,
				 failure_name(test.class));
	}
}

static void a_bare_404_is_advice(void **state)
{
	CLEANUP(answer_done) struct answer answer = made(200,
		"text/event-stream", "data: {\"type\":\"test_start\"}\n\n"
		"data: {\"type\":\"error\",\"error\":\"API returned 404: 404 "
		"page not found\"}\n\n");
	CLEANUP(host_account_test_done) struct host_account_test test = { 0 };

	(void)state;
	assert_int_equal(host_judge_account_test(&answer, false, &test),
			 FAILURE_NONE);
	assert_true(test.advisory && test.means && !test.ok);
	assert_int_equal(test.status, 404);
}

static void broken_tests_are_no_result(void **state)
{
	static const struct {
		int status;
		const char *type, *body;
		enum failure why;
	} cases[] = {
		{ 200, "text/event-stream", "data: {\"type\":\"test_start\"}\n"
		  "\ndata: {\"type\":\"content\",\"text\":\"x\"}\n\n",
		  FAILURE_RESET },
		{ 200, "text/event-stream", "data: {\"type\":\"test_start\"}\n"
		  "\ndata: {\"type\":\"err", FAILURE_RESET },
		{ 200, "text/event-stream", "", FAILURE_HOST_UNSUPPORTED },
		{ 200, "text/html", "<html></html>",
		  FAILURE_HOST_UNSUPPORTED },
		{ 200, "text/plain", "data: {\"type\":\"error\",\"error\":"
		  "\"Account not found\"}\n\n", FAILURE_GONE },
		{ 400, "application/json", "{\"code\":400,\"message\":"
		  "\"Invalid account ID\"}", FAILURE_HOST_REFUSED },
		{ 401, "application/json", "{\"code\":\"TOKEN_EXPIRED\"}",
		  FAILURE_HOST_AUTH },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(answer_done) struct answer answer = made(
			cases[i].status, cases[i].type, cases[i].body);
		CLEANUP(host_account_test_done) struct host_account_test test =
			{ 0 };

		assert_int_equal(host_judge_account_test(&answer, true, &test),
				 cases[i].why);
	}
}

/* ---- the log ---- */

static void recorded_logs_tell_the_real_status(void **state)
{
	(void)state;
	for (size_t v = 0; v < COUNT(versions); v++) {
		CLEANUP(answer_done) struct answer list =
			recorded(versions[v], "90-ops-upstream-errors");
		CLEANUP(answer_done) struct answer detail =
			recorded(versions[v], "90-ops-upstream-error-detail");
		CLEANUP(host_upstream_error_done) struct host_upstream_error
			error = { 0 };
		const char *id = answer_text(&list,
					     "/data/items/0/request_id");
		int64_t row;

		assert_int_equal(host_judge_upstream_errors(&list, id, 0,
							    &error),
				 FAILURE_NONE);
		assert_true(error.id > 0 && error.account_id > 0);
		assert_int_equal(error.status, 403);
		row = error.id;
		assert_int_equal(host_judge_upstream_error(&detail, &error),
				 FAILURE_NONE);
		assert_int_equal(error.id, row);
		assert_int_equal(error.status, 403);
		assert_int_equal(error.class, FAILURE_FORBIDDEN);
		assert_string_equal(error.words,
				    "Access denied for this endpoint");
	}
}

static void only_the_row_of_the_request_counts(void **state)
{
	CLEANUP(answer_done) struct answer list = made(200, NULL,
		"{\"code\":0,\"data\":{\"items\":["
		"{\"id\":9,\"request_id\":\"r-10\",\"status_code\":500},"
		"{\"id\":8,\"request_id\":\"r-1\",\"status_code\":429,"
		"\"account_id\":4},"
		"{\"id\":7,\"request_id\":\"r-1\",\"status_code\":401,"
		"\"account_id\":3}],\"total\":3,\"page\":1,\"pages\":1}}");
	CLEANUP(answer_done) struct answer none = made(200, NULL,
		"{\"code\":0,\"data\":{\"items\":null,\"total\":0,\"page\":1,"
		"\"pages\":1}}");
	CLEANUP(host_upstream_error_done) struct host_upstream_error
		first = { 0 }, ours = { 0 }, nothing = { 0 };

	(void)state;
	assert_int_equal(host_judge_upstream_errors(&list, "r-1", 0, &first),
			 FAILURE_NONE);
	assert_int_equal(first.status, 429);
	assert_int_equal(first.class, FAILURE_RATE_LIMITED);
	assert_int_equal(host_judge_upstream_errors(&list, "r-1", 3, &ours),
			 FAILURE_NONE);
	assert_int_equal(ours.status, 401);
	assert_int_equal(host_judge_upstream_errors(&none, "r-1", 3, &nothing),
			 FAILURE_NONE);
	assert_int_equal(nothing.id, 0);
	assert_int_equal(nothing.class, FAILURE_NONE);
}

static void the_log_is_asked_by_our_own_id(void **state)
{
	CLEANUP(request_done) struct request request = { 0 };

	(void)state;
	host_ask_upstream_errors(&request, &by_token, "crm-a/b");
	CHECK(&request, METHOD_GET, "/api/v1/admin/ops/upstream-errors"
	      "?q=crm-a%2Fb&page=1&page_size=20", "host_token", "");
	host_ask_upstream_error(&request, &by_token, 77);
	CHECK(&request, METHOD_GET, "/api/v1/admin/ops/upstream-errors/77",
	      "host_token", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_test_names_its_model),
		cmocka_unit_test(recorded_tests_mean_what_they_can),
		cmocka_unit_test(what_a_test_says_has_a_class),
		cmocka_unit_test(a_bare_404_is_advice),
		cmocka_unit_test(broken_tests_are_no_result),
		cmocka_unit_test(recorded_logs_tell_the_real_status),
		cmocka_unit_test(only_the_row_of_the_request_counts),
		cmocka_unit_test(the_log_is_asked_by_our_own_id),
	};

	return cmocka_run_group_tests_name("host_hops", tests, NULL, NULL);
}
