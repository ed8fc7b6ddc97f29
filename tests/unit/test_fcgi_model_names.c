/* What names of models mean, over the API. */
#include "tests/unit/api_fixture.h"

#include "shared/table.h"

#define PATH "/api/model-names/resolve"
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static void names_are_resolved_in_a_list(void **state)
{
	(void)state;
	assert_int_equal(ask("POST", PATH, "{\"names\":[\"kimi 2.6\","
		"\"deepseek\",\"kimi-k4\"],\"listed\":["
		"\"Pro/moonshotai/Kimi-K2.6\",\"deepseek-v4-pro\"]}"), 200);
	assert_true(json_is_null(member("endpoint")));
	assert_int_equal(json_array_size(member("results")), 3);
	assert_string_equal(text_of("results.0.input"), "kimi 2.6");
	assert_string_equal(text_of("results.0.state"), "corrected");
	assert_string_equal(text_of("results.0.canonical"), "kimi-k2.6");
	assert_string_equal(text_of("results.0.family"), "kimi");
	assert_string_equal(text_of("results.0.wire"),
			    "Pro/moonshotai/Kimi-K2.6");
	assert_string_equal(text_of("results.1.state"), "ambiguous");
	assert_string_equal(text_of("results.1.candidates.0"),
			    "deepseek-v4-pro");
	assert_true(json_is_null(member("results.1.wire")));
	assert_string_equal(text_of("results.2.state"), "unknown");
	assert_true(json_is_null(member("results.2.canonical")));
}

static void an_endpoint_is_named_in_three_ways(void **state)
{
	static const char *const bodies[] = {
		"{\"names\":[\"kimi-k3\"],\"base_url\":"
		"\"https://api.kimi.com/coding/v1\"}",
		"{\"names\":[\"kimi-k3\"],\"provider_id\":\"kimi-coding\"}",
	};
	char key[ENDPOINT_KEY_MAX];
	AUTO_FREE char *body = NULL;

	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++) {
		assert_int_equal(ask("POST", PATH, bodies[i]), 200);
		assert_string_equal(text_of("endpoint"), "kimi-coding");
		assert_string_equal(text_of("results.0.wire"), "k3");
	}
	endpoint_key("https://api.kimi.com/coding/v1", key);
	body = xasprintf("{\"names\":[\"kimi-k3\"],\"provider_id\":\"%s\"}",
			 key);
	assert_int_equal(ask("POST", PATH, body), 200);
	assert_string_equal(text_of("endpoint"), "kimi-coding");
	assert_int_equal(ask("POST", PATH, "{\"names\":[\"kimi-k3\"],"
		"\"base_url\":\"https://example.com\"}"), 200);
	assert_true(json_is_null(member("endpoint")));
	assert_string_equal(text_of("results.0.wire"), "kimi-k3");
}

static void what_is_no_question_is_refused(void **state)
{
	static const char *const bodies[] = {
		"{}", "{\"names\":[]}", "{\"names\":[7]}", "{\"names\":\"a\"}",
		"{\"names\":[\"a\"],\"listed\":[null]}",
		"{\"names\":[\"a\"],\"other\":1}",
		"{\"names\":[\"a\"],\"base_url\":\"https://a.example\","
		"\"provider_id\":\"deepseek\"}",
	};
	CLEANUP(buf_done) struct buf many = { .max = 1 << 20 };

	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++)
		assert_int_equal(ask("POST", PATH, bodies[i]), 422);
	buf_adds(&many, "{\"names\":[\"a\"");
	for (size_t i = 0; i < 500; i++)
		buf_adds(&many, ",\"a\"");
	buf_adds(&many, "]}");
	assert_int_equal(ask("POST", PATH, buf_str(&many)), 422);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(names_are_resolved_in_a_list),
		T(an_endpoint_is_named_in_three_ways),
		T(what_is_no_question_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
