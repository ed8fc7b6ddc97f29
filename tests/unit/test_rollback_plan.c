/* What becomes of a thing that is rolled back: the table, and names of models. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "shared/rollback_plan.h"

static void each_case_has_its_action(void **state)
{
	static const struct {
		const char *origin;
		bool prior, shared, surplus;
		enum rollback_action action;
		enum rollback_why why;
	} cases[] = {
		{ "created", false, false, false, ROLLBACK_DELETE,
		  ROLLBACK_MADE_BY_US },
		{ NULL, false, false, false, ROLLBACK_DELETE,
		  ROLLBACK_MADE_BY_US },
		{ "created", false, true, false, ROLLBACK_KEEP,
		  ROLLBACK_SHARED },
		{ "created", false, true, true, ROLLBACK_RESTORE,
		  ROLLBACK_SHARED_MODELS },
		{ "created", false, false, true, ROLLBACK_DELETE,
		  ROLLBACK_MADE_BY_US },
		{ "adopted", true, false, false, ROLLBACK_RELEASE,
		  ROLLBACK_ADOPTED },
		{ "adopted", true, true, false, ROLLBACK_KEEP,
		  ROLLBACK_SHARED },
		{ "adopted", true, true, true, ROLLBACK_RESTORE,
		  ROLLBACK_SHARED_MODELS },
		{ "adopted", false, false, false, ROLLBACK_KEEP,
		  ROLLBACK_NO_PRIOR },
		{ "reused", false, false, false, ROLLBACK_KEEP,
		  ROLLBACK_REUSED },
		{ "reused", true, false, false, ROLLBACK_RESTORE,
		  ROLLBACK_EXTENDED },
		{ "reused", true, true, false, ROLLBACK_KEEP,
		  ROLLBACK_SHARED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char origin[16], prior[] = "{}";
		struct resource row = { 0 };
		struct rollback_facts facts;
		struct rollback_decision got;

		if (cases[i].origin) {
			snprintf(origin, sizeof(origin), "%s",
				 cases[i].origin);
			row.origin = origin;
		}
		row.prior_json = cases[i].prior ? prior : NULL;
		facts = rollback_facts_of(&row, cases[i].shared,
					  cases[i].surplus);
		got = rollback_decide(&facts);
		assert_int_equal(got.action, cases[i].action);
		assert_int_equal(got.why, cases[i].why);
	}
}

/* Nothing that others rest on, and nothing that was there, is ever deleted. */
static void only_what_is_ours_alone_is_deleted(void **state)
{
	(void)state;
	for (int bits = 0; bits < 32; bits++) {
		const struct rollback_facts facts = {
			.adopted = bits & 1, .reused = bits & 2,
			.has_prior = bits & 4, .shared = bits & 8,
			.surplus = bits & 16,
		};
		bool ours_alone = !facts.adopted && !facts.reused &&
				  !facts.shared;

		assert_int_equal(rollback_decide(&facts).action ==
				 ROLLBACK_DELETE, ours_alone);
	}
}

static void names_go_that_only_the_scope_wanted(void **state)
{
	json_auto_t *wanted = json_pack("{s:s, s:s, s:s, s:s, s:s}",
		"a", "a", "b", "b", "c", "c", "d", "d", "theirs", "x");
	json_auto_t *scope = json_pack("{s:b, s:b, s:b, s:b}",
		"a", 1, "b", 1, "c", 1, "unmapped", 1);
	json_auto_t *others = json_pack("{s:b, s:b}", "a", 1, "d", 1);
	json_auto_t *prior = json_pack("{s:s}", "b", "b");
	json_auto_t *names = rollback_surplus(wanted, scope, others, prior);
	json_auto_t *none = rollback_surplus(NULL, NULL, NULL, NULL);

	(void)state;
	assert_int_equal(json_array_size(names), 1);
	assert_string_equal(json_string_value(json_array_get(names, 0)), "c");
	assert_int_equal(json_array_size(none), 0);
}

static void keys_and_users_go_before_what_they_lead_to(void **state)
{
	static const char *const order[] = {
		"moved_key", "access", "user", "user_key", "user_token",
		"subscription", "channel", "account", "group",
	};

	(void)state;
	for (size_t i = 1; i < COUNT(order); i++)
		assert_true(rollback_rank(order[i - 1]) <
			    rollback_rank(order[i]));
	for (int i = 0; i < RESOURCE_TYPE__MAX; i++)
		assert_true(rollback_rank(resource_type_name(
			(enum resource_type)i)) <= (int64_t)COUNT(order));
}

static void every_reason_has_words(void **state)
{
	(void)state;
	for (int i = 0; i < ROLLBACK_WHY__MAX; i++) {
		assert_true(strlen(rollback_why_zh((enum rollback_why)i)) > 0);
		assert_true(strlen(rollback_why_en((enum rollback_why)i)) > 0);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_case_has_its_action),
		cmocka_unit_test(only_what_is_ours_alone_is_deleted),
		cmocka_unit_test(names_go_that_only_the_scope_wanted),
		cmocka_unit_test(keys_and_users_go_before_what_they_lead_to),
		cmocka_unit_test(every_reason_has_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
