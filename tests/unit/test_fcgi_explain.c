/* The endpoint that says what is the matter. */
#include "tests/unit/access_fixture.h"

#include "shared/table.h"

static const char *reply_text(void)
{
	return buf_str(&api.reply.out.text);
}

/* Does it contain a Chinese character? */
static bool is_chinese(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text >= 0xe4 && (unsigned char)*text < 0xea)
			return true;
	return false;
}

static void each_kind_of_thing_is_explained(void **state)
{
	static const char *const targets[] = {
		"/api/explain?item_id=itm_1", "/api/explain?access_id=acc_1",
		"/api/explain?access_id=acc_2", "/api/explain?access_id=acc_3",
		"/api/explain?access_id=acc_4", "/api/explain?host_id=hst_a",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(targets); i++) {
		AUTO_FREE char *english = xasprintf("%s&lang=en", targets[i]);

		api.wire.authorization = "Bearer " READ_TOKEN;
		assert_int_equal(ask("GET", targets[i], NULL), 200);
		assert_false(api.reply.is_plain);
		assert_true(is_chinese(text_of("text")));
		assert_true(json_is_string(member("state")));
		assert_int_equal(ask("GET", english, NULL), 200);
		assert_false(is_chinese(text_of("text")));
	}
}

static void the_header_chooses_where_no_parameter_does(void **state)
{
	(void)state;
	api.wire.accept_language = "en-GB,en;q=0.9,zh;q=0.1";
	assert_int_equal(ask("GET", "/api/explain?access_id=acc_2", NULL),
			 200);
	assert_false(is_chinese(text_of("text")));
	api.wire.accept_language = "en";
	assert_int_equal(ask("GET", "/api/explain?access_id=acc_2&lang=zh",
			     NULL), 200);
	assert_true(is_chinese(text_of("text")));
}

static void who_asks_for_text_gets_text(void **state)
{
	AUTO_FREE char *text = NULL;

	(void)state;
	api.wire.accept_language = "en";
	assert_int_equal(ask("GET", "/api/explain?access_id=acc_2", NULL),
			 200);
	text = xstrdup(text_of("text"));
	api.wire.accept = "text/plain";
	api.wire.accept_language = "en";
	assert_int_equal(ask("GET", "/api/explain?access_id=acc_2", NULL),
			 200);
	assert_true(api.reply.is_plain);
	assert_string_equal(reply_text(), text);
	/* A problem is a problem whatever was asked for. */
	api.wire.accept = "text/plain";
	assert_int_equal(ask("GET", "/api/explain?access_id=acc_9", NULL),
			 404);
	assert_true(api.reply.is_problem);
	assert_string_equal(text_of("code"), "not_found");
}

static void exactly_one_thing_is_named(void **state)
{
	static const char *const bad[] = {
		"/api/explain", "/api/explain?lang=en",
		"/api/explain?item_id=itm_1&host_id=hst_a",
		"/api/explain?item_id=", "/api/explain?run_id=run_1",
		"/api/explain?item_id=itm_1&lang=de",
		"/api/explain?item_id=itm_1&lang=english",
		"/api/explain?item_id=%20",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		if (ask("GET", bad[i], NULL) != 400)
			fail_msg("%s was taken", bad[i]);
		assert_string_equal(text_of("code"), "invalid_parameter");
	}
	assert_int_equal(ask("GET", "/api/explain?item_id=itm_9", NULL), 404);
	assert_int_equal(ask("GET", "/api/explain?host_id=hst_9", NULL), 404);
	api.wire.authorization = "";
	assert_int_equal(ask("GET", "/api/explain?item_id=itm_1", NULL), 401);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup_accesses, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(each_kind_of_thing_is_explained),
		T(the_header_chooses_where_no_parameter_does),
		T(who_asks_for_text_gets_text),
		T(exactly_one_thing_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
