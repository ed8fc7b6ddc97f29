/* Names against what a provider lists, and what an endpoint is known to have. */
#include "tests/unit/model_rows.h"

#include "shared/model_listing.h"
#include "shared/table.h"

#define NAMES CLEANUP(model_names_free) struct model_names *

struct name_case {
	const char *asked;
	enum model_state state;
	const char *wire;	/* NULL: none */
	const char *canonical;	/* NULL: none */
	const char *candidates;	/* with commas; NULL: not looked at */
};

static const char *text_or(const char *text)
{
	return text ? text : "-";
}

static void check_candidates(const struct model_names *names,
			     const struct name_case *c,
			     const struct model_result *result)
{
	struct model_candidates found;
	char text[4096] = "";
	size_t n = 0;

	model_candidates(names, c->asked, strlen(c->asked), result, &found);
	for (size_t i = 0; i < found.count; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s",
				      i ? "," : "", found.ids[i]);
	if (c->candidates)
		assert_string_equal(text, c->candidates);
}

static void walk(const char *endpoint, const char *list,
		 const struct name_case *cases, size_t count)
{
	json_auto_t *listed = list ? json_loads(list, 0, NULL) : NULL;
	const struct model_endpoint *at = endpoint
		? model_endpoint_find(endpoint) : NULL;
	NAMES names = model_names_new(at, listed);

	assert_true(!endpoint || at);
	for (size_t i = 0; i < count; i++) {
		struct model_result result;

		resolve_in(names, cases[i].asked, &result);
		if (result.state != cases[i].state ||
		    strcmp(text_or(result.wire),
			   text_or(cases[i].wire)) != 0 ||
		    strcmp(text_or(result.canonical),
			   text_or(cases[i].canonical)) != 0)
			fail_msg("%s: %s, %s, %s", cases[i].asked,
				 model_state_name(result.state),
				 text_or(result.wire),
				 text_or(result.canonical));
		check_candidates(names, &cases[i], &result);
	}
}

#define WALK(endpoint, list, cases) walk(endpoint, list, cases, COUNT(cases))

static void a_list_decides(void **state)
{
	static const struct name_case cases[] = {
		{ "kimi-k2.6", MODEL_RESOLVED, "kimi-k2.6", "kimi-k2.6",
		  "kimi-k2.6" },
		{ " kimi-k2.6\t", MODEL_RESOLVED, "kimi-k2.6", "kimi-k2.6",
		  NULL },
		{ "Kimi 2.6", MODEL_CORRECTED, "kimi-k2.6", "kimi-k2.6",
		  NULL },
		{ "glm 5.2", MODEL_CORRECTED, "zai-org/GLM-5.2", "glm-5.2",
		  "zai-org/GLM-5.2" },
		{ "GLM-5.2-FREE", MODEL_CORRECTED, "zai-org/GLM-5.2",
		  "glm-5.2", NULL },
		{ "ZAI-ORG/glm-5.2-free", MODEL_CORRECTED,
		  "zai-org/GLM-5.2-free", "glm-5.2", NULL },
		{ "kimi", MODEL_AMBIGUOUS, NULL, NULL,
		  "kimi-k2.6,kimi-k9-code" },
		{ "latest", MODEL_AMBIGUOUS, NULL, NULL,
		  "kimi-k2.6,zai-org/GLM-5.2-free,zai-org/GLM-5.2,kimi-k9-code,"
		  "Some-LLM-7,m-2" },
		{ "kimi-k3", MODEL_UNKNOWN, NULL, "kimi-k3",
		  "kimi-k2.6,kimi-k9-code" },
		{ "glm-5.4", MODEL_UNKNOWN, NULL, NULL,
		  "zai-org/GLM-5.2-free,zai-org/GLM-5.2" },
		{ "step 3.5", MODEL_UNKNOWN, NULL, NULL, "" },
	};

	(void)state;
	WALK(NULL, "[\"kimi-k2.6\",\"zai-org/GLM-5.2-free\","
	     "\"zai-org/GLM-5.2\",\"kimi-k9-code\",\"Some-LLM-7\",\"m-2\"]",
	     cases);
}

/* No table knows these: the rule carries. */
static void models_of_tomorrow_match_by_their_key(void **state)
{
	static const struct name_case cases[] = {
		{ "Kimi K9 Code", MODEL_CORRECTED, "kimi-k9-code",
		  "kimi-k9-code", NULL },
		{ "kimi 9 code", MODEL_CORRECTED, "kimi-k9-code",
		  "kimi-k9-code", NULL },
		{ "some llm 7", MODEL_CORRECTED, "Some-LLM-7", "some-llm-7",
		  NULL },
		{ "ＧＬＭ－７．１", MODEL_CORRECTED, "zai-org/GLM-7.1",
		  "glm-7.1", NULL },
		{ "glm 7", MODEL_UNKNOWN, NULL, NULL, "zai-org/GLM-7.1" },
		{ "som-llm-7", MODEL_UNKNOWN, NULL, NULL, "Some-LLM-7" },
		{ "m-2", MODEL_RESOLVED, "m-2", "m-2", NULL },
		{ "M2", MODEL_CORRECTED, "m-2", "m-2", NULL },
	};

	(void)state;
	WALK(NULL, "[\"kimi-k9-code\",\"Some-LLM-7\",\"zai-org/GLM-7.1\","
	     "\"m-2\"]", cases);
}

/* Relays say in Chinese how they serve a model; Latin words are not theirs. */
static void relays_dress_names(void **state)
{
	static const struct name_case cases[] = {
		{ "glm 4.7", MODEL_CORRECTED, "[官转]glm-4.7", "glm-4.7",
		  NULL },
		{ "glm-4.6", MODEL_CORRECTED, "假流式/glm-4.6", "glm-4.6",
		  NULL },
		{ "DeepSeek V3.2", MODEL_CORRECTED, "【满血】deepseek-v3.2",
		  "deepseek-v3.2", NULL },
		{ "deepseek-v3.2-exp", MODEL_CORRECTED,
		  "deepseek-v3.2-exp（特价）", "deepseek-v3.2-exp", NULL },
		{ "glm-4.5", MODEL_CORRECTED, "官转-glm-4.5", "glm-4.5",
		  NULL },
		{ "qwen3-max", MODEL_AMBIGUOUS, NULL, NULL,
		  "[官转]qwen3-max,[逆向]qwen3-max" },
		{ "极光-2", MODEL_RESOLVED, "极光-2", "极光-2", NULL },
		{ "kimi k2.6", MODEL_UNKNOWN, NULL, "kimi-k2.6",
		  "az-kimi-k2.6" },
		{ "aurora chat 2.5", MODEL_UNKNOWN, NULL, NULL,
		  "zen/Aurora-Chat-2.5:free" },
		{ "aurora x", MODEL_UNKNOWN, NULL, NULL, "[Pro]aurora-x" },
	};

	(void)state;
	WALK(NULL, "[\"[官转]glm-4.7\",\"假流式/glm-4.6\",\"极光-2\","
	     "\"【满血】deepseek-v3.2\",\"deepseek-v3.2-exp（特价）\","
	     "\"官转-glm-4.5\",\"[官转]qwen3-max\",\"[逆向]qwen3-max\","
	     "\"az-kimi-k2.6\",\"zen/Aurora-Chat-2.5:free\","
	     "\"[Pro]aurora-x\"]", cases);
}

/* Two ids that differ in capitals alone are two. */
static void the_very_id_comes_first(void **state)
{
	static const struct name_case cases[] = {
		{ "glm-5.2", MODEL_RESOLVED, "glm-5.2", "glm-5.2", NULL },
		{ "GLM-5.2", MODEL_RESOLVED, "GLM-5.2", "glm-5.2", NULL },
		{ "Pro/zai-org/GLM-5.2", MODEL_RESOLVED, "Pro/zai-org/GLM-5.2",
		  "glm-5.2", NULL },
		{ "kimi", MODEL_RESOLVED, "kimi", "kimi", NULL },
		{ "auto", MODEL_RESOLVED, "auto", "auto", NULL },
	};

	(void)state;
	WALK(NULL, "[\"Pro/zai-org/GLM-5.2\",\"glm-5.2\",\"GLM-5.2\","
	     "\"kimi\",\"auto\"]", cases);
}

static void an_endpoint_has_its_own_names(void **state)
{
	static const struct name_case listed[] = {
		{ "deepseek v4.1 flash", MODEL_CORRECTED, "deepseek-flash",
		  "deepseek-v4.1-flash", NULL },
		{ "deepseek-chat", MODEL_RETIRED, "deepseek-flash",
		  "deepseek-chat", "deepseek-flash" },
		{ "DeepSeek V4 Flash", MODEL_RETIRED, "deepseek-flash",
		  "deepseek-v4-flash", "deepseek-flash" },
		{ "deepseek-v3.2", MODEL_UNKNOWN, NULL, "deepseek-v3.2",
		  "deepseek-v4-pro,deepseek-flash" },
		{ "deepseek v4", MODEL_AMBIGUOUS, NULL, NULL,
		  "deepseek-v4-pro" },
	};
	static const struct name_case known[] = {
		{ "deepseek-v4-flash", MODEL_RESOLVED, "deepseek-v4-flash",
		  "deepseek-v4-flash", NULL },
		{ "deepseek-reasoner", MODEL_RETIRED, "deepseek-flash",
		  "deepseek-reasoner", "deepseek-flash" },
	};

	(void)state;
	WALK("deepseek", "[\"deepseek-v4-pro\",\"deepseek-flash\"]", listed);
	WALK("deepseek", NULL, known);
	WALK("deepseek", "[]", known);
}

static void plans_have_other_names_still(void **state)
{
	static const struct name_case coding[] = {
		{ "kimi-k2.6(high)", MODEL_CORRECTED, "k2.6(high)",
		  "kimi-k2.6", NULL },
		{ "Kimi K2.7 Code", MODEL_CORRECTED, "kimi-for-coding",
		  "kimi-k2.7-code", NULL },
		{ "kimi-for-coding", MODEL_RESOLVED, "kimi-for-coding",
		  "kimi-for-coding", NULL },
		{ "k3[1m]", MODEL_CORRECTED, "k3", "kimi-k3", NULL },
	};
	static const struct name_case spark[] = {
		{ "lite", MODEL_RESOLVED, "lite", "spark-lite", NULL },
		{ "LITE", MODEL_CORRECTED, "lite", "spark-lite", NULL },
		{ "Spark Pro", MODEL_CORRECTED, "generalv3", "spark-pro",
		  NULL },
	};

	(void)state;
	WALK("kimi-coding", "[\"k2.6\",\"k3\",\"kimi-for-coding\"]", coding);
	WALK("kimi-coding-intl", NULL, coding);
	WALK("spark-v1", NULL, spark);
}

static void deployments_are_passed_on(void **state)
{
	static const struct name_case ark[] = {
		{ "ep-20260101120000-AbCdE", MODEL_RESOLVED,
		  "ep-20260101120000-AbCdE", NULL, NULL },
		{ "doubao seed 2.1 pro", MODEL_CORRECTED,
		  "doubao-seed-2-1-pro-260915", "doubao-seed-2.1-pro", NULL },
		{ "doubao-seed-2-1-pro-260628", MODEL_RESOLVED,
		  "doubao-seed-2-1-pro-260628", "doubao-seed-2.1-pro", NULL },
		{ "doubao-seed-2-1-turbo", MODEL_CORRECTED,
		  "doubao-seed-2-1-turbo-260801", "doubao-seed-2.1-turbo",
		  NULL },
	};

	(void)state;
	/* Of two deployments that of the table, else the newer one. */
	WALK("volcengine-payg", "[\"doubao-seed-2-1-pro-260628\","
	     "\"doubao-seed-2-1-pro-260915\",\"doubao-seed-2-1-pro-260920\","
	     "\"doubao-seed-2-1-turbo-260701\","
	     "\"doubao-seed-2-1-turbo-260801\"]", ark);
}

static void endpoints_are_found_by_their_urls(void **state)
{
	static const struct { const char *url, *id; } cases[] = {
		{ "https://api.deepseek.com", "deepseek" },
		{ "https://API.deepseek.com/v1/", "deepseek" },
		{ "https://api.moonshot.cn", "moonshot-cn" },
		{ "https://ark.cn-beijing.volces.com/api/coding/v3",
		  "volcengine-coding" },
		{ "https://api.kimi.com/coding/v1/chat/completions",
		  "kimi-coding" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct model_endpoint *at =
			model_endpoint_at(cases[i].url);

		assert_non_null(at);
		assert_string_equal(at->id, cases[i].id);
	}
	assert_null(model_endpoint_at("https://example.com/v1"));
	assert_null(model_endpoint_at("no URL"));
	assert_null(model_endpoint_find("nobody"));
}

/* ---- what a table must be ---- */

static void each_replacement_is_a_model(void **state)
{
	static const char *const ids[] = { "-", "deepseek", "moonshot-cn",
		"kimi-coding", "minimax", "dashscope-cn", "zhipu-cn",
		"tokenhub-cn", "volcengine-payg", "qianfan", "mimo" };

	(void)state;
	for (size_t i = 0; i < COUNT(ids); i++) {
		const struct model_endpoint *at = model_endpoint_find(ids[i]);
		size_t count;
		const struct model *models = model_known_all(&count);

		assert_non_null(at);
		for (size_t k = 0; k < count; k++) {
			const struct model_retired *row =
				model_endpoint_retired(at, models[k].key,
						       models[k].key_len);

			if (row && row->replacement)
				assert_non_null(model_known_by_name(
							row->replacement));
		}
	}
}

/* ---- what is said ---- */

static void notes_say_what_was_done(void **state)
{
	NAMES names = model_names_new(model_endpoint_find("deepseek"), NULL);
	static const struct { const char *asked, *zh, *en; } cases[] = {
		{ "DeepSeek V4 Pro", "“deepseek-v4-pro”",
		  "corrected to \"deepseek-v4-pro\"" },
		{ "deepseek", "不明确", "ambiguous" },
		{ "deepseek-v9", "不会换成", "no version near it" },
		{ "deepseek-chat", "2026-07-24", "not put in by itself" },
		{ "deepseek-v4-pro(high)", "(high)", "reasoning level" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(jout_done) struct jout out = { .text.max = 1 << 16 };
		json_auto_t *json = NULL;
		struct model_result result;
		const char *asked = cases[i].asked;

		resolve_in(names, asked, &result);
		model_result_write(&out, NULL, names, asked, strlen(asked),
				   &result);
		json = json_loads(buf_str(&out.text), 0, NULL);
		assert_string_equal(json_string_value(json_object_get(json,
						"input")), asked);
		assert_non_null(strstr(json_string_value(json_object_get(json,
						"note_zh")), cases[i].zh));
		assert_non_null(strstr(json_string_value(json_object_get(json,
						"note_en")), cases[i].en));
	}
}

static void lists_have_many_forms(void **state)
{
	static const char *const forms[] = {
		"{\"data\":[{\"id\":\"a\"},{\"id\":\"b\"},{\"id\":\"a\"}]}",
		"{\"models\":[{\"name\":\"a\"},{\"name\":\"b\"}]}",
		"[\"a\",\"b\",{\"id\":\"c\",\"status\":\"Shutdown\"},7,\"\"]",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(forms); i++) {
		json_auto_t *answer = json_loads(forms[i], 0, NULL);
		json_auto_t *names = model_listing(answer);
		AUTO_FREE char *text = json_dumps(names, JSON_COMPACT);

		assert_string_equal(text, "[\"a\",\"b\"]");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_decides),
		cmocka_unit_test(models_of_tomorrow_match_by_their_key),
		cmocka_unit_test(relays_dress_names),
		cmocka_unit_test(the_very_id_comes_first),
		cmocka_unit_test(an_endpoint_has_its_own_names),
		cmocka_unit_test(plans_have_other_names_still),
		cmocka_unit_test(deployments_are_passed_on),
		cmocka_unit_test(endpoints_are_found_by_their_urls),
		cmocka_unit_test(each_replacement_is_a_model),
		cmocka_unit_test(notes_say_what_was_done),
		cmocka_unit_test(lists_have_many_forms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
