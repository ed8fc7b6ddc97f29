/* What is documented of endpoints. */
#include "tests/unit/upstream_answer.h"

#include "schedd/upstream/models.h"
#include "schedd/upstream/pack.h"
#include "schedd/upstream/retired.h"

extern const char pack_endpoints_tsv[];

#define NOW INT64_C(1795000000000)

static char *first_of(const char *base_url)
{
	json_auto_t *models = upstream_static_models(base_url);

	return xstrdup(models ? json_string_value(json_array_get(models, 0))
			      : "none");
}

static void models_are_known_where_no_list_can_be_had(void **state)
{
	static const struct {
		const char *base_url, *first;
	} cases[] = {
		{ "https://spark-api-open.xf-yun.com/v1", "lite" },
		{ "https://spark-api-open.xf-yun.com", "lite" },
		{ "https://ark.cn-beijing.volces.com/api/coding/v3",
		  "ark-code-latest" },
		{ "https://api.stepfun.com/step_plan/v1", "step-3.5-flash" },
		{ "https://api.stepfun.com/step_plan", "step-3.5-flash" },
		/* These list their models, or are nobody we know. */
		{ "https://api.deepseek.com", "none" },
		{ "https://ark.cn-beijing.volces.com/api/v3", "none" },
		{ "https://ark.cn-beijing.volces.com/api/coding/v4", "none" },
		{ "https://spark-api-open.xf-yun.com.evil.test/v1", "none" },
		{ "https://relay.test/v1", "none" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO_FREE char *first = first_of(cases[i].base_url);

		assert_string_equal(first, cases[i].first);
	}
}

static void a_list_may_prove_nothing_or_not_be_there(void **state)
{
	(void)state;
	assert_true(upstream_list_is_public(
			"https://api-inference.modelscope.cn/v1"));
	assert_true(upstream_list_is_public("https://openrouter.ai/api/v1"));
	assert_false(upstream_list_is_public("https://api.deepseek.com/v1"));
	assert_true(upstream_list_is_absent(
			"https://maas-api.cn-huabei-1.xf-yun.com/v1"));
	assert_false(upstream_list_is_absent("https://relay.test/v1"));
}

static void messages_are_looked_for_in_two_places_at_most(void **state)
{
	static const struct {
		const char *base, *chat;
		size_t n;
		const char *url;
	} cases[] = {
		{ "https://r.test", "https://r.test/v1/chat/completions", 0,
		  "https://r.test/v1/messages" },
		{ "https://r.test", "https://r.test/v1/chat/completions", 1,
		  "https://r.test/anthropic/v1/messages" },
		{ "https://r.test", "https://r.test/v1/chat/completions", 2,
		  NULL },
		{ "https://r.test/ai/openai/v1",
		  "https://r.test/ai/openai/v1/chat/completions", 1,
		  "https://r.test/ai/anthropic/v1/messages" },
		{ "https://r.test/ai/v3",
		  "https://r.test/ai/v3/chat/completions", 1,
		  "https://r.test/ai/anthropic/v1/messages" },
		{ "https://r.test/ai", "https://r.test/ai/chat/completions",
		  1, "https://r.test/ai/anthropic/v1/messages" },
		{ "https://vr.test", "https://v1.test/chat/completions", 1,
		  "https://v1.test/anthropic/v1/messages" },
		{ "https://api.deepseek.com",
		  "https://api.deepseek.com/chat/completions", 0,
		  "https://api.deepseek.com/anthropic/v1/messages" },
		{ "https://api.deepseek.com/v1",
		  "https://api.deepseek.com/v1/chat/completions", 1, NULL },
		{ "https://open.bigmodel.cn/api/paas/v4",
		  "https://open.bigmodel.cn/api/paas/v4/chat/completions", 0,
		  "https://open.bigmodel.cn/api/anthropic/v1/messages" },
		/* Known, and nothing is documented: as of anybody. */
		{ "https://zenmux.ai/api/v1",
		  "https://zenmux.ai/api/v1/chat/completions", 0,
		  "https://zenmux.ai/api/v1/messages" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO_FREE char *url = upstream_messages_url(
			cases[i].base, cases[i].chat, cases[i].n);

		if (cases[i].url)
			assert_string_equal(url, cases[i].url);
		else
			assert_null(url);
	}
	assert_true(upstream_messages_documented("https://api.deepseek.com"));
	assert_false(upstream_messages_documented("https://zenmux.ai/api/v1"));
}

/* A column of a line of the table. */
static char *column(const char *line, int n)
{
	for (; n > 0; n--)
		line += strcspn(line, "\t\n") + 1;
	return xstrndup(line, strcspn(line, "\t\n"));
}

static void check_line(const char *line)
{
	static const char *const lists[] = { "lists", "public", "absent",
					     "unclear" };
	AUTO_FREE char *url = column(line, 0);
	AUTO_FREE char *list = column(line, 1);
	AUTO_FREE char *messages = column(line, 2);
	json_auto_t *models = upstream_static_models(url);
	const json_t *model;
	size_t i, tabs = 0;
	int at;

	for (i = 0; line[i] != '\n'; i++)
		tabs += line[i] == '\t';
	assert_int_equal(tabs, 3);
	assert_memory_equal(url, "https://", 8);
	assert_int_not_equal(url[strlen(url) - 1], '/');
	assert_true(table_find(lists, COUNT(lists), list, &at));
	assert_true(strcmp(messages, "-") == 0 ||
		    strstr(messages, "/v1/messages"));
	json_array_foreach(models, i, model) {
		struct upstream_retirement retired;

		assert_true(upstream_is_chat_model(json_string_value(model)));
		if (upstream_retirement(url, json_string_value(model), NOW,
					&retired) && retired.over)
			fail_msg("%s: %s is gone", url,
				 json_string_value(model));
	}
}

static void every_line_of_the_table_is_well_formed(void **state)
{
	size_t lines = 0;

	(void)state;
	for (const char *line = pack_endpoints_tsv; *line;
	     line += strcspn(line, "\n") + 1) {
		if (*line == '#')
			continue;
		check_line(line);
		lines++;
	}
	assert_true(lines > 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(models_are_known_where_no_list_can_be_had),
		cmocka_unit_test(a_list_may_prove_nothing_or_not_be_there),
		cmocka_unit_test(messages_are_looked_for_in_two_places_at_most),
		cmocka_unit_test(every_line_of_the_table_is_well_formed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
