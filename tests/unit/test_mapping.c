#include "tests/unit/fixture.h"

#include "shared/buf.h"
#include "shared/mapping.h"
#include "shared/table.h"

/* What an account has, and what is asked of it. */
struct ask {
	const char *name;
	enum mapping_mode mode;
	const char *models;	/* JSON, or NULL */
	const char *aliases;	/* JSON, or NULL */
	const char *want;	/* mapping afterwards; NULL: refused */
	const char *smoke;
	const char *tries;	/* or NULL: not looked at */
	const char *warnings;	/* codes */
	const char *field;	/* that is refused */
};

/* Ours: mock-a, mock-b, and latest for mock-b.  x is somebody else's. */
static const char mapping[] = "{\"mock-a\":\"mock-a\",\"mock-b\":\"mock-b\","
			      "\"latest\":\"mock-b\",\"x\":\"mock-a\"}";

#define KEEPS "\"mock-a\":\"mock-a\",\"mock-b\":\"mock-b\"," \
	      "\"latest\":\"mock-b\",\"x\":\"mock-a\""

static const struct ask asks[] = {
	{ "one more", MAPPING_ADD, "[\"mock-c\"]", NULL,
	  "{" KEEPS ",\"mock-c\":\"mock-c\"}", "mock-a", "[\"mock-a\",\"mock-c\"]", "", NULL },
	{ "one that is there", MAPPING_ADD, "[\"mock-a\"]", NULL,
	  "{" KEEPS "}", "mock-a", "[\"mock-a\"]", "nothing_changes", NULL },
	{ "one that nobody heard of", MAPPING_ADD, "[\"mock-z\"]", NULL,
	  "{" KEEPS ",\"mock-z\":\"mock-z\"}", "mock-a", NULL, "model_unlisted", NULL },
	{ "one in another spelling", MAPPING_ADD, "[\"KIMI 2.6\"]", NULL,
	  "{" KEEPS ",\"Pro/kimi-k2.6\":\"Pro/kimi-k2.6\","
	  "\"KIMI 2.6\":\"Pro/kimi-k2.6\",\"kimi-k2.6\":\"Pro/kimi-k2.6\"}",
	  "mock-a", NULL, "", NULL },
	{ "an alias for another spelling", MAPPING_ADD,
	  "[\"Pro/kimi-k2.6\"]", "{\"k\":\"kimi 2.6\"}",
	  "{" KEEPS ",\"Pro/kimi-k2.6\":\"Pro/kimi-k2.6\","
	  "\"k\":\"Pro/kimi-k2.6\"}", "mock-a", NULL, "", NULL },
	{ "one less in another spelling", MAPPING_REMOVE, "[\"Mock-A\"]",
	  NULL, "{\"mock-b\":\"mock-b\",\"latest\":\"mock-b\","
	  "\"x\":\"mock-a\"}", "mock-b", NULL, "smoke_model_changed",
	  NULL },
	{ "one that may mean several", MAPPING_ADD, "[\"kimi\"]", NULL, NULL,
	  NULL, NULL, NULL, "models" },
	{ "one by its alias", MAPPING_REPLACE, "[\"latest\"]", NULL,
	  "{\"mock-b\":\"mock-b\",\"x\":\"mock-a\"}", "mock-b", NULL,
	  "smoke_model_changed", NULL },
	{ "an alias more", MAPPING_ADD, NULL, "{\"new\":\"mock-a\"}",
	  "{" KEEPS ",\"new\":\"mock-a\"}", "mock-a", "[\"mock-a\",\"new\"]", "",
	  NULL },
	{ "an alias that leads elsewhere", MAPPING_ADD, NULL,
	  "{\"latest\":\"mock-a\"}", "{\"mock-a\":\"mock-a\",\"mock-b\":\"mock-b\","
	  "\"latest\":\"mock-a\",\"x\":\"mock-a\"}", "mock-a",
	  "[\"mock-a\",\"latest\"]", "", NULL },
	{ "a model with an alias of its own", MAPPING_ADD, "[\"mock-c\"]",
	  "{\"three\":\"mock-c\"}", "{" KEEPS ",\"mock-c\":\"mock-c\","
	  "\"three\":\"mock-c\"}", "mock-a", NULL, "", NULL },
	{ "the others instead", MAPPING_REPLACE, "[\"mock-c\",\"mock-b\"]", NULL,
	  "{\"mock-c\":\"mock-c\",\"mock-b\":\"mock-b\",\"x\":\"mock-a\"}", "mock-c",
	  "[\"mock-c\"]", "smoke_model_changed", NULL },
	{ "one less", MAPPING_REMOVE, "[\"mock-a\"]", NULL,
	  "{\"mock-b\":\"mock-b\",\"latest\":\"mock-b\",\"x\":\"mock-a\"}", "mock-b", NULL,
	  "smoke_model_changed", NULL },
	{ "one less with its alias", MAPPING_REMOVE, "[\"mock-b\"]", NULL,
	  "{\"mock-a\":\"mock-a\",\"x\":\"mock-a\"}", "mock-a", NULL, "alias_went_too",
	  NULL },
	{ "an alias less", MAPPING_REMOVE, "[\"latest\"]", NULL,
	  "{\"mock-a\":\"mock-a\",\"mock-b\":\"mock-b\",\"x\":\"mock-a\"}", "mock-a", NULL, "",
	  NULL },
	{ "an alias less, as a pair", MAPPING_REMOVE, NULL,
	  "{\"latest\":\"mock-b\"}",
	  "{\"mock-a\":\"mock-a\",\"mock-b\":\"mock-b\",\"x\":\"mock-a\"}", "mock-a", NULL, "",
	  NULL },
	{ "somebody else's", MAPPING_REMOVE, "[\"x\"]", NULL,
	  "{" KEEPS "}", "mock-a", NULL, "not_ours nothing_changes", NULL },

	{ "nothing", MAPPING_ADD, NULL, NULL, NULL, NULL, NULL, NULL,
	  "models" },
	{ "nothing left", MAPPING_REMOVE, "[\"mock-a\",\"mock-b\"]", NULL, NULL,
	  NULL, NULL, NULL, "models" },
	{ "nothing instead", MAPPING_REPLACE, "[]", NULL, NULL, NULL, NULL,
	  NULL, "models" },
	{ "an alias to nowhere", MAPPING_ADD, NULL, "{\"a\":\"mock-y\"}", NULL,
	  NULL, NULL, NULL, "aliases" },
	{ "an alias to what goes", MAPPING_REPLACE, "[\"mock-a\"]",
	  "{\"a\":\"mock-b\"}", NULL, NULL, NULL, NULL, "aliases" },
	{ "an alias like a model", MAPPING_ADD, NULL, "{\"mock-a\":\"mock-b\"}",
	  NULL, NULL, NULL, NULL, "aliases" },
	{ "an alias to no name", MAPPING_ADD, NULL, "{\"a\":7}", NULL, NULL,
	  NULL, NULL, "aliases" },
	{ "a pattern", MAPPING_ADD, "[\"mock-*\"]", NULL, NULL, NULL, NULL, NULL,
	  "models" },
	{ "a pattern for an alias", MAPPING_ADD, NULL, "{\"*\":\"mock-a\"}",
	  NULL, NULL, NULL, NULL, "aliases" },
};

static void check_json(const char *name, const json_t *is, const char *text)
{
	json_auto_t *want = json_loads(text, 0, NULL);
	AUTO_FREE char *is_text = json_dumps(is, JSON_COMPACT);

	if (!json_equal(is, want))
		fail_msg("%s: %s, not %s", name, is_text, text);
}

static void check_warnings(const struct ask *ask, const json_t *warnings)
{
	CLEANUP(buf_done) struct buf codes = { .max = 400 };
	size_t i;
	const json_t *warning;

	json_array_foreach(warnings, i, warning)
		buf_addf(&codes, "%s%s", i ? " " : "", json_string_value(
			 json_object_get(warning, "code")));
	if (strcmp(buf_str(&codes), ask->warnings) != 0)
		fail_msg("%s: warns of '%s', not '%s'", ask->name,
			 buf_str(&codes), ask->warnings);
}

static void check_plan(const struct ask *ask, const struct mapping_plan *plan)
{
	json_auto_t *base = json_loads(mapping, 0, NULL);
	json_auto_t *after = mapping_apply(base, plan->set, plan->drop);

	check_json(ask->name, plan->after, ask->want);
	check_json(ask->name, after, ask->want);
	assert_string_equal(plan->smoke, ask->smoke);
	if (ask->tries)
		check_json(ask->name, plan->tries, ask->tries);
	check_warnings(ask, plan->warnings);
	/* Every name is somewhere, once. */
	assert_int_equal(json_array_size(plan->added) +
			 json_array_size(plan->changed) +
			 json_array_size(plan->unchanged),
			 json_object_size(plan->after));
	assert_int_equal(json_array_size(plan->removed) +
			 json_array_size(plan->changed) +
			 json_array_size(plan->unchanged),
			 json_object_size(base));
}

/* And back: whatever was asked for, the inverse gives what was there. */
static void check_inverse(const struct ask *ask,
			  const struct mapping_plan *plan)
{
	json_auto_t *base = json_loads(mapping, 0, NULL);
	json_auto_t *set = NULL, *drop = NULL, *back = NULL, *other = NULL;

	mapping_inverse(base, plan->set, plan->drop, &set, &drop);
	back = mapping_apply(plan->after, set, drop);
	if (!json_equal(back, base))
		fail_msg("%s: does not come back", ask->name);
	/* Also from a mapping that somebody has changed since. */
	json_object_set_new(plan->after, "since", json_string("mock-a"));
	other = mapping_apply(plan->after, set, drop);
	json_object_set_new(base, "since", json_string("mock-a"));
	assert_true(json_equal(other, base));
}

static bool plan(const struct ask *ask, struct mapping_plan *ret,
		 struct jdec_problems *problems)
{
	json_auto_t *base = json_loads(mapping, 0, NULL);
	json_auto_t *ours = json_pack("[s, s]", "mock-a", "mock-b");
	json_auto_t *aliases = json_pack("{s:s}", "latest", "mock-b");
	json_auto_t *listed = json_pack("[s, s]", "mock-c",
					"Pro/kimi-k2.6");
	json_auto_t *models = ask->models ? json_loads(ask->models, 0, NULL)
					  : NULL;
	json_auto_t *leads = ask->aliases ? json_loads(ask->aliases, 0, NULL)
					  : NULL;
	const struct mapping_wish wish = { ask->mode, models, leads };
	const struct mapping_ground ground = {
		.mapping = base, .models = ours, .aliases = aliases,
		.listed = listed, .smoke = "mock-a", .mark = "crm-a-b",
	};
	bool good = mapping_plan(&wish, &ground, ret, problems);

	/* The smoke model may be borrowed from what is let go here. */
	assert_true(!good || strcmp(ret->smoke, ask->smoke) == 0);
	if (good)
		ret->smoke = ask->smoke;
	return good;
}

static void a_wish_comes_to_a_mapping_or_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(asks); i++) {
		CLEANUP(mapping_plan_done) struct mapping_plan p = { 0 };
		struct jdec_problems problems = { 0 };
		bool good = plan(&asks[i], &p, &problems);

		if (good != (asks[i].want != NULL))
			fail_msg("%s: %s", asks[i].name, good ? "planned" :
				 problems.list[0].why);
		if (!good) {
			assert_string_equal(problems.list[0].field,
					    asks[i].field);
			assert_null(p.after);
			continue;
		}
		check_plan(&asks[i], &p);
		check_inverse(&asks[i], &p);
	}
}

/* In simple mode a name of the account's own leads to the smoke model. */
static void the_mark_follows_the_smoke_model(void **state)
{
	json_auto_t *base = json_loads("{\"mock-a\":\"mock-a\",\"crm-a-b\":\"mock-a\"}",
				       0, NULL);
	json_auto_t *ours = json_pack("[s]", "mock-a");
	json_auto_t *models = json_pack("[s]", "mock-b");
	const struct mapping_wish wish = { MAPPING_REPLACE, models, NULL };
	const struct mapping_ground ground = {
		.mapping = base, .models = ours, .smoke = "mock-a",
		.mark = "crm-a-b",
	};
	CLEANUP(mapping_plan_done) struct mapping_plan p = { 0 };
	struct jdec_problems problems = { 0 };

	(void)state;
	assert_true(mapping_plan(&wish, &ground, &p, &problems));
	check_json("mark", p.after, "{\"mock-b\":\"mock-b\",\"crm-a-b\":\"mock-b\"}");
	check_json("mark", p.tries, "[\"mock-b\"]");
}

static void too_many_names_are_refused(void **state)
{
	json_auto_t *models = json_array();
	const struct mapping_wish wish = { MAPPING_ADD, models, NULL };
	const struct mapping_ground ground = { .smoke = NULL };
	CLEANUP(mapping_plan_done) struct mapping_plan p = { 0 };
	struct jdec_problems problems = { 0 };

	(void)state;
	for (int i = 0; i <= MAPPING_NAMES_MAX; i++) {
		AUTO_FREE char *name = xasprintf("mock-x%d", i);

		json_array_append_new(models, json_string(name));
	}
	assert_false(mapping_plan(&wish, &ground, &p, &problems));
	json_array_remove(models, 0);
	problems.count = 0;
	assert_true(mapping_plan(&wish, &ground, &p, &problems));
	assert_int_equal(json_array_size(p.tries), MAPPING_TRIES_MAX);
}

static void modes_have_names(void **state)
{
	enum mapping_mode mode;

	(void)state;
	for (int i = 0; i < MAPPING_MODE__MAX; i++) {
		assert_true(mapping_mode_parse(mapping_mode_name(
				(enum mapping_mode)i), &mode));
		assert_int_equal(mode, i);
	}
	assert_false(mapping_mode_parse("set", &mode));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wish_comes_to_a_mapping_or_is_refused),
		cmocka_unit_test(the_mark_follows_the_smoke_model),
		cmocka_unit_test(too_many_names_are_refused),
		cmocka_unit_test(modes_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
