/* What a profile says, as text and back, settled and merged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <jansson.h>

#include "shared/profile.h"

#define AT INT64_C(1790000000000)

static struct capability known(enum capable is, enum learnt learnt, int status)
{
	return (struct capability){ .is = is, .learnt = learnt, .at = AT,
				    .status = status, .words = "a \"word\"" };
}

static struct profile sample(void)
{
	struct profile p = { .level = PROFILE_FULL, .at = AT, .probes = 5,
			     .tokens = 77, .nmodels = 1,
			     .quirks = 1u << QUIRK_THINK_TAGS |
				       1u << QUIRK_LIST_PUBLIC };

	p.paths[PATH_CHAT] = known(CAPABLE_YES, LEARNT_PROBED, 200);
	p.paths[PATH_RESPONSES] = known(CAPABLE_UNKNOWN, LEARNT_DIFFERENTIAL,
					403);
	p.paths[PATH_RESPONSES].class = FAILURE_FORBIDDEN;
	snprintf(p.urls[PATH_CHAT], sizeof(p.urls[0]), "https://p/v1/chat");
	snprintf(p.models[0].model, sizeof(p.models[0].model), "m\"1");
	p.models[0].skills[SKILL_STREAM] = known(CAPABLE_YES, LEARNT_PROBED,
						 200);
	return p;
}

static void a_profile_survives_as_text(void **state)
{
	struct profile before = sample(), after;
	AUTO_FREE char *text = profile_text(&before);
	AUTO_FREE char *again = NULL;
	json_auto_t *json = json_loads(text, 0, NULL);

	(void)state;
	assert_non_null(json);
	profile_parse(text, &after);
	again = profile_text(&after);
	assert_string_equal(text, again);
	assert_int_equal(after.nmodels, 1);
	assert_string_equal(after.models[0].model, "m\"1");
	assert_int_equal(after.paths[PATH_RESPONSES].class,
			 FAILURE_FORBIDDEN);
	assert_int_equal(after.quirks, before.quirks);
	assert_true(profile_is_complete(&after));
}

static void what_is_no_profile_is_an_empty_one(void **state)
{
	static const char *const texts[] = {
		NULL, "", "null", "[]", "{}", "{\"transport\":[],\"models\":3}",
		"{\"models\":[1,{},{\"model\":7}],\"quirks\":[\"x\",1]}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct profile p;

		profile_parse(texts[i], &p);
		assert_false(profile_is_complete(&p));
		assert_false(profile_is_served(&p));
		assert_int_equal(p.quirks, 0);
	}
}

static void a_refused_path_is_a_no_only_where_the_key_was_served(void **state)
{
	struct profile served = sample(), not_served = sample();

	(void)state;
	profile_settle(&served);
	assert_int_equal(served.paths[PATH_RESPONSES].is, CAPABLE_NO);
	assert_int_equal(served.paths[PATH_RESPONSES].learnt,
			 LEARNT_DIFFERENTIAL);
	assert_int_equal(served.paths[PATH_MESSAGES].is, CAPABLE_UNKNOWN);
	not_served.paths[PATH_CHAT].is = CAPABLE_UNKNOWN;
	profile_settle(&not_served);
	assert_int_equal(not_served.paths[PATH_RESPONSES].is,
			 CAPABLE_UNKNOWN);
	assert_int_equal(not_served.paths[PATH_RESPONSES].learnt,
			 LEARNT_PROBED);
}

static void what_is_unknown_now_keeps_its_older_evidence(void **state)
{
	struct profile now = sample(), older = sample();

	(void)state;
	older.paths[PATH_MESSAGES] = known(CAPABLE_YES, LEARNT_PROBED, 200);
	older.paths[PATH_MESSAGES].at = AT - 5;
	older.paths[PATH_CHAT].is = CAPABLE_NO;
	snprintf(older.urls[PATH_MESSAGES], sizeof(older.urls[0]), "u");
	older.models[0].skills[SKILL_TOOLS] = known(CAPABLE_NO, LEARNT_PROBED,
						    400);
	profile_merge(&now, &older);
	assert_int_equal(now.paths[PATH_MESSAGES].is, CAPABLE_YES);
	assert_int_equal(now.paths[PATH_MESSAGES].at, AT - 5);
	assert_string_equal(now.urls[PATH_MESSAGES], "u");
	assert_int_equal(now.paths[PATH_CHAT].is, CAPABLE_YES);
	assert_int_equal(now.models[0].skills[SKILL_TOOLS].is, CAPABLE_NO);
	snprintf(now.models[0].model, sizeof(now.models[0].model), "other");
	now.models[0].skills[SKILL_TOOLS].is = CAPABLE_UNKNOWN;
	profile_merge(&now, &older);
	assert_int_equal(now.models[0].skills[SKILL_TOOLS].is,
			 CAPABLE_UNKNOWN);
	/* A model that was not asked this time stays as it was. */
	assert_int_equal(now.nmodels, 2);
	assert_string_equal(now.models[1].model, "m\"1");
	assert_int_equal(now.models[1].skills[SKILL_TOOLS].is, CAPABLE_NO);
}

static void the_largest_one_fits_its_column(void **state)
{
	struct profile p = sample(), back;
	AUTO_FREE char *text = NULL;

	(void)state;
	p.nmodels = PROFILE_MODELS_MAX;
	for (size_t i = 0; i < PROFILE_MODELS_MAX; i++) {
		struct profile_model *model = &p.models[i];

		memset(model->model, '"', PROFILE_MODEL_MAX);
		for (size_t j = 0; j < SKILL__MAX; j++) {
			model->skills[j] = known(CAPABLE_YES, LEARNT_PROBED,
						 200);
			model->skills[j].class = FAILURE_PLAN_ENDPOINT_MISMATCH;
			memset(model->skills[j].words, '"',
			       PROFILE_WORDS_MAX);
		}
	}
	for (size_t i = 0; i < PROFILE_PATH__MAX; i++)
		memset(p.urls[i], '"', PROFILE_URL_MAX);
	text = profile_text(&p);
	assert_in_range(strlen(text), 1, PROFILE_TEXT_MAX);
	profile_parse(text, &back);
	assert_int_equal(back.nmodels, PROFILE_MODELS_MAX);
	assert_int_equal(back.models[4].skills[4].is, CAPABLE_YES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_profile_survives_as_text),
		cmocka_unit_test(what_is_no_profile_is_an_empty_one),
		cmocka_unit_test(
			a_refused_path_is_a_no_only_where_the_key_was_served),
		cmocka_unit_test(what_is_unknown_now_keeps_its_older_evidence),
		cmocka_unit_test(the_largest_one_fits_its_column),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
