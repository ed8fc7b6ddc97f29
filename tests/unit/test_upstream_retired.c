#include "tests/unit/upstream_answer.h"

#include "schedd/upstream/retired.h"
#include "shared/clock.h"

static int64_t moment(const char *day)
{
	char text[CLOCK_TEXT_MAX];
	int64_t at = 0;

	snprintf(text, sizeof(text), "%sT00:00:00Z", day);
	assert_true(clock_parse(text, &at));
	return at;
}

static void announced_models_are_found_before_and_after(void **state)
{
	struct upstream_retirement is;

	(void)state;
	assert_true(upstream_retirement("https://api.deepseek.com/v1",
					"deepseek-chat",
					moment("2026-07-23"), &is));
	assert_false(is.over);
	assert_string_equal(is.date, "2026-07-24");
	assert_int_equal(is.at, moment("2026-07-24"));
	assert_string_equal(is.replacement, "deepseek-flash");
	assert_true(*is.source != '\0');
	assert_true(upstream_retirement("https://api.deepseek.com",
					"DeepSeek-Chat",
					moment("2026-07-24"), &is));
	assert_true(is.over);
}

static void a_month_begins_with_its_first_day(void **state)
{
	struct upstream_retirement is;

	(void)state;
	assert_true(upstream_retirement("https://api.moonshot.cn/v1",
					"moonshot-v1-32k",
					moment("2026-08-31"), &is));
	assert_string_equal(is.date, "2026-09");
	assert_int_equal(is.at, moment("2026-09-01"));
	assert_false(is.over);
}

static void what_has_no_date_is_gone_or_not(void **state)
{
	struct upstream_retirement is;

	(void)state;
	assert_true(upstream_retirement(
		"https://open.bigmodel.cn/api/paas/v4", "glm-4-air", 1, &is));
	assert_true(is.over);
	assert_int_equal(is.at, 0);
	assert_string_equal(is.date, "");
	assert_true(upstream_retirement(
		"https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
		"qwen-turbo", moment("2030-01-01"), &is));
	assert_false(is.over);
	assert_true(upstream_retirement("https://apis.iflow.cn/v1",
					"anything", 1, &is));
	assert_true(is.over);
}

static void patterns_take_in_what_they_should(void **state)
{
	static const struct {
		const char *base, *model;
		const char *replacement;	/* NULL: not retired */
	} cases[] = {
		{ "https://api.moonshot.ai/v1", "kimi-k2-0905-preview",
		  "kimi-k2.6" },
		{ "https://api.moonshot.ai/v1", "kimi-k2-thinking-turbo",
		  "kimi-k2.6" },
		{ "https://api.moonshot.ai/v1", "kimi-k2.5", "kimi-k2.6" },
		{ "https://api.moonshot.ai/v1", "kimi-k2.6", NULL },
		{ "https://api.moonshot.ai/v1", "kimi-k3", NULL },
		{ "https://api.minimax.io/v1", "abab6.5s-chat",
		  "MiniMax-M2.5" },
		{ "https://api.minimax.io/v1", "MiniMax-M2.5", NULL },
		{ "https://api.minimax.io/v1", "MiniMax-M2.5-lightning",
		  "MiniMax-M2.5-highspeed" },
		{ "https://open.bigmodel.cn/api/paas/v4", "glm-4.7", NULL },
		{ "https://api.z.ai/api/paas/v4", "glm-4", NULL },
		{ "https://api.xiaomimimo.com/v1", "mimo-v2.6-flash", NULL },
		{ "https://api.xiaomimimo.com/v1", "mimo-v2-pro",
		  "mimo-v2.6-pro" },
		/* The same model lives on elsewhere. */
		{ "https://api.siliconflow.cn/v1", "kimi-k2.5", NULL },
		{ "https://tokenhub.tencentmaas.com/v1", "kimi-k2.5",
		  "kimi-k2.6" },
		{ "https://eviltencentmaas.com/v1", "kimi-k2.5", NULL },
		{ "http://127.0.0.1:8080/v1", "deepseek-chat", NULL },
		{ "https://api.deepseek.com", "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct upstream_retirement is;
		bool found = upstream_retirement(cases[i].base,
						 cases[i].model, 1, &is);

		assert_int_equal(found, cases[i].replacement != NULL);
		if (found)
			assert_string_equal(is.replacement,
					    cases[i].replacement);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(announced_models_are_found_before_and_after),
		cmocka_unit_test(a_month_begins_with_its_first_day),
		cmocka_unit_test(what_has_no_date_is_gone_or_not),
		cmocka_unit_test(patterns_take_in_what_they_should),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
