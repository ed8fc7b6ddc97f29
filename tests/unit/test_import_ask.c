/*
 * The provider itself: what it is asked next, and how.
 */
#include "schedd/completion.h"
#include "tests/unit/import_fixture.h"

/* Clients that do not send max_tokens are served where it is unknown. */
static void what_is_refused_is_not_sent_again(void **state)
{
	static const struct said said = SAYS(400, "{\"error\":{\"message\":"
		"\"Unsupported parameter: 'max_tokens'\"}}");
	CLEANUP(answer_done) struct answer answer = answer_made(&said);
	CLEANUP(request_done) struct request request = { 0 };
	IMPORT im = import_on("0.1.179");

	(void)state;
	assert_true(ask_upstream_chat(im, &request));
	assert_non_null(strstr(buf_str(&request.body.text), "max_tokens"));
	check_verdict("once more", got_upstream_chat(im, &answer),
		      (struct verdict)WAIT(0, FAILURE_NONE));
	assert_int_equal(im->memo.chat_model, 0);
	assert_true(ask_upstream_chat(im, &request));
	assert_null(strstr(buf_str(&request.body.text), "max_tokens"));
	assert_null(strstr(buf_str(&request.body.text), "stream"));
	check_verdict("it was not that", got_upstream_chat(im, &answer),
		      (struct verdict)WAIT(0, FAILURE_NONE));
	assert_int_equal(im->memo.chat_model, 1);
}

static void only_words_about_parameters_are_heeded(void **state)
{
	static const struct {
		enum failure why;
		const char *words;
		bool blames;
	} cases[] = {
		{ FAILURE_BAD_REQUEST, "HTTP 400: max_tokens is too large",
		  true },
		{ FAILURE_BAD_REQUEST, "HTTP 422: Extra inputs are not "
		  "permitted: stream", true },
		{ FAILURE_BAD_REQUEST, "HTTP 400: 参数错误", true },
		{ FAILURE_BAD_REQUEST, "HTTP 400: no", false },
		{ FAILURE_BAD_REQUEST, NULL, false },
		{ FAILURE_MODEL_NOT_FOUND, "param: model", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(completion_blames_parameter(cases[i].why,
							cases[i].words),
				 cases[i].blames);
}

static void few_models_are_tried(void **state)
{
	IMPORT im = import_on("0.1.179");
	static const struct said said =
		SAYS(404, "{\"error\":{\"code\":\"model_not_found\"}}");
	CLEANUP(answer_done) struct answer answer = answer_made(&said);

	(void)state;
	for (int i = 3; i < 20; i++)
		json_array_append_new(im->models, json_sprintf("m-%d", i));
	for (int i = 0; i < 4; i++)
		check_verdict("next", got_upstream_chat(im, &answer),
			      (struct verdict)WAIT(0, FAILURE_NONE));
	/* Far apart: many at the beginning may be of one kind. */
	assert_int_equal(im->memo.chat_model, json_array_size(im->models) - 1);
	im->memo.chat_form = 1;
	check_verdict("fifth", got_upstream_chat(im, &answer),
		      (struct verdict)FAIL(FAILURE_MODEL_NOT_FOUND));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_refused_is_not_sent_again),
		cmocka_unit_test(only_words_about_parameters_are_heeded),
		cmocka_unit_test(few_models_are_tried),
	};

	return cmocka_run_group_tests(tests, read_settings, drop_settings);
}
