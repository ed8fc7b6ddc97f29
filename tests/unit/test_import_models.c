/*
 * Which models an import maps: names that were asked for, against a list.
 */
#include "schedd/host/account.h"
#include "tests/unit/import_fixture.h"

#define LIST "{\"data\":[{\"id\":\"Pro/moonshotai/Kimi-K2.6\"}," \
	"{\"id\":\"zai-org/GLM-5.2\"},{\"id\":\"deepseek-flash\"}," \
	"{\"id\":\"text-embed\"}]}"

/* Ask for `names` (JSON) where `url` is; what the step says then. */
static struct verdict ask_for(struct import *im, const char *url,
			      const char *names, const char *list)
{
	const struct said said = SAYS(200, list ? list : "");
	CLEANUP(answer_done) struct answer answer = answer_made(&said);

	own_set(&im->item.base_url, url);
	json_decref(im->requested);
	im->requested = json_loads(names, 0, NULL);
	return got_upstream_models(im, list ? &answer : NULL);
}

static void is_json(const char *text, const char *want)
{
	assert_string_equal(text_or(text, "-"), want);
}

static bool warns(const struct import *im, const char *code,
		  const char *detail)
{
	const char *at = strstr(im->item.warnings, code);

	return at && strstr(at, detail);
}

static void names_become_ids_and_stay_aliases(void **state)
{
	IMPORT im = import_on("0.1.179");

	(void)state;
	check_verdict("names", ask_for(im, "https://p.example",
		      "[\"kimi 2.6\",\"zai-org/GLM-5.2\",\"KIMI-K2.6\"]",
		      LIST), (struct verdict)ON);
	is_json(im->item.models, "[\"Pro/moonshotai/Kimi-K2.6\","
		"\"zai-org/GLM-5.2\"]");
	is_json(im->item.model_aliases,
		"{\"kimi 2.6\":\"Pro/moonshotai/Kimi-K2.6\","
		"\"kimi-k2.6\":\"Pro/moonshotai/Kimi-K2.6\","
		"\"glm-5.2\":\"zai-org/GLM-5.2\","
		"\"KIMI-K2.6\":\"Pro/moonshotai/Kimi-K2.6\"}");
	is_json(im->item.canonical_model_families, "[\"kimi\",\"glm\"]");
	is_json(im->item.recommended_models, "[]");
	assert_true(warns(im, "model_corrected",
			  "kimi 2.6 -> Pro/moonshotai/Kimi-K2.6"));
	assert_false(warns(im, "model_not_listed", ""));
}

static void each_name_has_its_result(void **state)
{
	IMPORT im = import_on("0.1.179");
	json_auto_t *results = NULL;
	static const char *const states[] = { "corrected", "ambiguous",
					      "unknown", "retired" };

	(void)state;
	ask_for(im, "https://api.deepseek.com/v1", "[\"GLM 5.2\",\"kimi\","
		"\"glm-9\",\"deepseek-chat\"]", LIST);
	results = json_loads(im->item.model_resolution, 0, NULL);
	assert_int_equal(json_array_size(results), COUNT(states));
	for (size_t i = 0; i < COUNT(states); i++)
		assert_string_equal(json_string_value(json_object_get(
			json_array_get(results, i), "state")), states[i]);
	/* The ambiguous one is not sent; the others are tried as they are. */
	is_json(im->item.models, "[\"zai-org/GLM-5.2\",\"glm-9\","
		"\"deepseek-chat\"]");
	is_json(im->item.recommended_models, "[\"Pro/moonshotai/Kimi-K2.6\","
		"\"zai-org/GLM-5.2\",\"deepseek-flash\"]");
	assert_true(warns(im, "model_ambiguous", "kimi"));
	assert_true(warns(im, "model_not_listed", "glm-9"));
	assert_true(warns(im, "model_retired",
			  "deepseek-chat (deepseek-flash)"));
}

static void what_is_only_ambiguous_ends_the_import(void **state)
{
	static const char *const lists[] = { LIST, NULL };

	(void)state;
	for (size_t i = 0; i < COUNT(lists); i++) {
		IMPORT im = import_on("0.1.179");

		im->memo.form_failure = FAILURE_ENDPOINT_UNSUPPORTED;
		check_verdict("ambiguous", ask_for(im, "https://p.example",
			      "[\"kimi\",\"max\"]", lists[i]),
			      (struct verdict)FAIL(FAILURE_MODEL_AMBIGUOUS));
		is_json(im->item.models, "[]");
		assert_non_null(strstr(im->item.recommended_models,
				       lists[i] ? "Pro/moonshotai/Kimi-K2.6"
						: "\"kimi-k3\""));
		assert_non_null(strstr(im->item.failure_detail, "kimi; max"));
	}
}

static void without_a_list_the_endpoint_is_known(void **state)
{
	IMPORT im = import_on("0.1.179");

	(void)state;
	check_verdict("names", ask_for(im, "https://api.kimi.com/coding/v1",
		      "[\"Kimi K3\",\"kimi-k2.6(high)\",\"my-model\"]", NULL),
		      (struct verdict)ON);
	is_json(im->item.models, "[\"k3\",\"k2.6(high)\",\"my-model\"]");
	is_json(im->item.model_aliases, "{\"Kimi K3\":\"k3\","
		"\"kimi-k3\":\"k3\",\"kimi-k2.6(high)\":\"k2.6(high)\","
		"\"kimi-k2.6\":\"k2.6(high)\"}");
	assert_false(warns(im, "model_not_listed", ""));
}

static void who_names_nothing_gets_what_is_listed(void **state)
{
	IMPORT im = import_on("0.1.179");

	(void)state;
	check_verdict("all", ask_for(im, "https://p.example", "[]", LIST),
		      (struct verdict)ON);
	is_json(im->item.models, "[\"Pro/moonshotai/Kimi-K2.6\","
		"\"zai-org/GLM-5.2\",\"deepseek-flash\"]");
	is_json(im->item.warnings, "[]");
	assert_null(im->item.model_resolution);
}

static void the_account_maps_ids_and_aliases(void **state)
{
	IMPORT im = import_on("0.1.179");
	json_auto_t *mapping = NULL;
	AUTO_FREE char *text = NULL;

	(void)state;
	own_set(&im->item.model_aliases,
		"{\"m one\":\"m-1\",\"m-2\":\"m-1\"}");
	mapping = import_mapping(im);
	text = json_dumps(mapping, JSON_COMPACT | JSON_SORT_KEYS);
	/* A name that is an id of the provider's stays that. */
	is_json(text, "{\"m one\":\"m-1\",\"m-1\":\"m-1\",\"m-2\":\"m-2\"}");
}

static void an_account_that_lacks_an_alias_is_widened(void **state)
{
	IMPORT im = import_on("0.1.179");
	json_auto_t *live = json_loads("{\"credentials\":{\"model_mapping\":{"
		"\"m-1\":\"m-1\",\"m-2\":\"m-2\"}}}", 0, NULL);

	(void)state;
	assert_false(import_lacks_models(im, live));
	own_set(&im->item.model_aliases, "{\"m one\":\"m-1\"}");
	assert_true(import_lacks_models(im, live));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_become_ids_and_stay_aliases),
		cmocka_unit_test(each_name_has_its_result),
		cmocka_unit_test(what_is_only_ambiguous_ends_the_import),
		cmocka_unit_test(without_a_list_the_endpoint_is_known),
		cmocka_unit_test(who_names_nothing_gets_what_is_listed),
		cmocka_unit_test(the_account_maps_ids_and_aliases),
		cmocka_unit_test(an_account_that_lacks_an_alias_is_widened),
	};

	return cmocka_run_group_tests(tests, read_settings, drop_settings);
}
