#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "schedd/exchange.h"

static struct answer answer_of(const char *body)
{
	struct answer answer = { .status = 200, .retry_after_ms = -1 };

	answer.body = xstrdup(body);
	answer.body_len = strlen(body);
	answer_parse(&answer);
	return answer;
}

static void a_request_starts_empty_with_its_url(void **state)
{
	CLEANUP(request_done) struct request request = { 0 };

	(void)state;
	request_start(&request, METHOD_POST, PEER_PROVIDER,
		      "https://a.example/v1", "/x/%d?q=%s", 7, "%25");
	assert_string_equal(request.url, "https://a.example/v1/x/7?q=%25");
	assert_int_equal(request.method, METHOD_POST);
	assert_int_equal(request.peer, PEER_PROVIDER);
	assert_int_equal(request.nheaders, 0);
	assert_int_equal(request.body.text.len, 0);
	assert_false(request.chat);
}

static void starting_again_forgets_what_was_there(void **state)
{
	CLEANUP(request_done) struct request request = { 0 };

	(void)state;
	request_start(&request, METHOD_POST, PEER_HOST, "http://a", "/1");
	request_header(&request, "Accept", "x", SLOT_NONE);
	jout_object(&request.body, NULL);
	request_secret(&request, "key", SLOT_USER_KEY);
	request_start(&request, METHOD_GET, PEER_HOST, "http://a", "/2");
	assert_string_equal(request.url, "http://a/2");
	assert_int_equal(request.nheaders, 0);
	assert_int_equal(request.nholes, 0);
	assert_int_equal(request.body.text.len, 0);
}

static void headers_keep_their_order_and_slots(void **state)
{
	CLEANUP(request_done) struct request request = { 0 };

	(void)state;
	request_start(&request, METHOD_GET, PEER_HOST, "http://a", "/");
	request_header(&request, "Authorization", "Bearer ",
		       SLOT_HOST_TOKEN);
	request_header(&request, "Accept", "application/json", SLOT_NONE);
	assert_int_equal(request.nheaders, 2);
	assert_string_equal(request.headers[0].value, "Bearer ");
	assert_int_equal(request.headers[0].slot, SLOT_HOST_TOKEN);
	assert_int_equal(request.headers[1].slot, SLOT_NONE);
}

/* Put `"X"` into every hole, as the wire does. */
static char *filled(const struct request *request)
{
	struct buf out = { .max = REQUEST_BODY_MAX };
	const char *body = buf_str(&request->body.text);
	size_t from = 0;

	for (size_t i = 0; i < request->nholes; i++) {
		buf_add(&out, body + from, request->holes[i].offset - from);
		buf_adds(&out, "\"X\"");
		from = request->holes[i].offset;
	}
	buf_adds(&out, body + from);
	return buf_take(&out);
}

static void holes_lie_where_their_values_go(void **state)
{
	CLEANUP(request_done) struct request request = { 0 };
	AUTO_FREE char *body = NULL;

	(void)state;
	request_start(&request, METHOD_POST, PEER_HOST, "http://a", "/");
	jout_object(&request.body, NULL);
	request_secret(&request, "first", SLOT_USER_PASSWORD);
	jout_object(&request.body, "in");
	jout_str(&request.body, "a", "b");
	request_secret(&request, "second", SLOT_PROVIDER_KEY);
	jout_i64(&request.body, "n", 1);
	jout_object_end(&request.body);
	jout_object_end(&request.body);
	body = filled(&request);
	assert_string_equal(body, "{\"first\":\"X\",\"in\":{\"a\":\"b\","
				  "\"second\":\"X\",\"n\":1}}");
	assert_int_equal(request.holes[0].slot, SLOT_USER_PASSWORD);
	assert_int_equal(request.holes[1].slot, SLOT_PROVIDER_KEY);
}

static void escaping_leaves_only_what_is_safe(void **state)
{
	static const struct {
		const char *from, *to;
	} pairs[] = {
		{ "", "" },
		{ "crm-ab12cd-x_y.z~", "crm-ab12cd-x_y.z~" },
		{ "a+b@c d/&?#%", "a%2Bb%40c%20d%2F%26%3F%23%25" },
		{ "\xe4\xb8\xad", "%E4%B8%AD" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		AUTO_FREE char *text = request_escape(pairs[i].from);

		assert_string_equal(text, pairs[i].to);
	}
}

static void pointers_find_members_and_elements(void **state)
{
	CLEANUP(answer_done) struct answer answer = answer_of(
		"{\"a\":{\"b\":[1,{\"c\":\"d\"}]},\"e/f\":\"g\",\"~\":\"t\","
		"\"\":\"none\"}");

	(void)state;
	assert_string_equal(answer_text(&answer, "/a/b/1/c"), "d");
	assert_int_equal(json_integer_value(answer_at(&answer, "/a/b/0")), 1);
	assert_string_equal(answer_text(&answer, "/e~1f"), "g");
	assert_string_equal(answer_text(&answer, "/~0"), "t");
	assert_string_equal(answer_text(&answer, "/"), "none");
	assert_ptr_equal(answer_at(&answer, ""), answer.json);
}

static void pointers_to_nothing_find_nothing(void **state)
{
	static const char *const pointers[] = {
		"/b", "/a/b/2", "/a/b/x", "/a/b/-1", "/a/b/", "/a/b/0/c",
		"/a/b/99999999999999999999", "/s/0",
	};
	CLEANUP(answer_done) struct answer answer =
		answer_of("{\"a\":{\"b\":[1]},\"s\":\"t\"}");
	char longest[400];

	(void)state;
	for (size_t i = 0; i < sizeof(pointers) / sizeof(pointers[0]); i++)
		assert_null(answer_at(&answer, pointers[i]));
	assert_null(answer_text(&answer, "/a"));
	memset(longest, 'x', sizeof(longest));
	longest[0] = '/';
	longest[sizeof(longest) - 1] = '\0';
	assert_null(answer_at(&answer, longest));
}

static void only_json_is_parsed(void **state)
{
	static const struct {
		const char *body;
		bool is_json;
	} cases[] = {
		{ "{}", true },
		{ " [1,2] \n", true },
		{ "\xef\xbb\xbf{\"bom\":1}", true },
		{ "{\"nul\":\"a\\u0000b\"}", true },
		{ "", false },
		{ "<html></html>", false },
		{ "404 page not found", false },
		{ "{\"a\":1", false },
		{ "{} trailing", false },
		{ "data: {}\n\n", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CLEANUP(answer_done) struct answer answer =
			answer_of(cases[i].body);

		assert_int_equal(answer.json != NULL, cases[i].is_json);
	}
}

static void an_answer_without_a_body_has_no_json(void **state)
{
	CLEANUP(answer_done) struct answer answer = { 0 };

	(void)state;
	answer_parse(&answer);
	assert_null(answer.json);
	assert_null(answer_at(&answer, "/a"));
	assert_null(answer_text(&answer, "/a"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_starts_empty_with_its_url),
		cmocka_unit_test(starting_again_forgets_what_was_there),
		cmocka_unit_test(headers_keep_their_order_and_slots),
		cmocka_unit_test(holes_lie_where_their_values_go),
		cmocka_unit_test(escaping_leaves_only_what_is_safe),
		cmocka_unit_test(pointers_find_members_and_elements),
		cmocka_unit_test(pointers_to_nothing_find_nothing),
		cmocka_unit_test(only_json_is_parsed),
		cmocka_unit_test(an_answer_without_a_body_has_no_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
