#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "schedd/limits.h"
#include "shared/own.h"
#include "shared/table.h"

#define NOW INT64_C(1790000000000)
#define MINUTE 60000

static const struct settings settings = {
	.concurrency = 6,
	.host_concurrency = 3,
	.provider_concurrency = 2,
	.key_concurrency = 1,
	.logins_per_minute = 2,
	.user_calls_per_minute = 3,
};

static const struct request plain;
static const struct request of_budget[BUDGET__MAX] = {
	[BUDGET_LOGIN] = { .budget = BUDGET_LOGIN },
	[BUDGET_USER_CALL] = { .budget = BUDGET_USER_CALL },
};

static const struct limit_names nobody = { 0 };
static const struct limit_names one = { .host = "hst_1" };
static const struct limit_names two = { .host = "hst_2" };

static bool enters(struct limits *limits, const struct limit_names *names)
{
	int64_t at = -1;
	bool in = limits_enter(limits, names, &plain, NOW, &at);

	assert_int_equal(at, 0);
	return in;
}

static void each_name_has_its_ceiling(void **state)
{
	static const struct {
		struct limit_names names;
		int ceiling;
	} cases[] = {
		{ { .host = "x" }, 3 },
		{ { .provider = "x" }, 2 },
		{ { .key = "x" }, 1 },
		{ { .provider = "x", .key = "y" }, 1 },
		{ { 0 }, 6 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(limits_free) struct limits *limits =
			limits_new(&settings);
		const struct limit_names *names = &cases[i].names;

		for (int n = 0; n < cases[i].ceiling; n++)
			assert_true(enters(limits, names));
		assert_false(enters(limits, names));
		limits_leave(limits, names);
		assert_true(enters(limits, names));
		assert_false(enters(limits, names));
	}
}

static void names_of_one_kind_are_not_those_of_another(void **state)
{
	CLEANUP(limits_free) struct limits *limits = limits_new(&settings);
	const struct limit_names key = { .key = "x" };
	const struct limit_names provider = { .provider = "x" };
	const struct limit_names host = { .host = "x" };

	(void)state;
	assert_true(enters(limits, &host));
	assert_true(enters(limits, &host));
	assert_true(enters(limits, &provider));
	assert_true(enters(limits, &key));
	assert_false(enters(limits, &key));
	assert_true(enters(limits, &(struct limit_names){ .key = "y" }));
}

static void all_exchanges_together_have_a_ceiling(void **state)
{
	CLEANUP(limits_free) struct limits *limits = limits_new(&settings);

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_true(enters(limits, &one));
		assert_true(enters(limits, &two));
	}
	assert_false(enters(limits, &nobody));
	limits_leave(limits, &one);
	assert_true(enters(limits, &nobody));
	assert_false(enters(limits, &one));
}

/* Whoever is refused for one name must not be counted under another. */
static void who_is_refused_is_not_counted(void **state)
{
	CLEANUP(limits_free) struct limits *limits = limits_new(&settings);
	const struct limit_names both = { .provider = "p", .key = "k" };
	const struct limit_names other = { .provider = "p", .key = "l" };

	(void)state;
	assert_true(enters(limits, &both));
	for (int i = 0; i < 9; i++)
		assert_false(enters(limits, &both));
	assert_true(enters(limits, &other));
	limits_leave(limits, &other);
	limits_leave(limits, &both);
	assert_true(enters(limits, &both));
}

/* Enter and leave at once: only the calls of the minute are left to count. */
static bool calls(struct limits *limits, enum budget budget, int64_t now,
		  int64_t *ret_at)
{
	if (!limits_enter(limits, &one, &of_budget[budget], now, ret_at))
		return false;
	assert_int_equal(*ret_at, 0);
	limits_leave(limits, &one);
	return true;
}

static void a_host_is_asked_only_so_often_in_a_minute(void **state)
{
	static const struct {
		enum budget budget;
		int per_minute;
	} cases[] = { { BUDGET_LOGIN, 2 }, { BUDGET_USER_CALL, 3 } };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(limits_free) struct limits *limits =
			limits_new(&settings);
		enum budget budget = cases[i].budget;
		int64_t at;

		for (int n = 0; n < cases[i].per_minute; n++)
			assert_true(calls(limits, budget, NOW + n, &at));
		assert_false(calls(limits, budget, NOW + 30, &at));
		assert_int_equal(at, NOW + MINUTE);
		/* Neither the other budget nor what has none is spent. */
		assert_true(calls(limits, cases[1 - i].budget, NOW + 30, &at));
		assert_true(calls(limits, BUDGET_NONE, NOW + 30, &at));
		assert_false(calls(limits, budget, NOW + MINUTE - 1, &at));
		assert_true(calls(limits, budget, NOW + MINUTE, &at));
	}
}

static void each_host_has_a_budget_of_its_own(void **state)
{
	CLEANUP(limits_free) struct limits *limits = limits_new(&settings);
	int64_t at;

	(void)state;
	assert_true(calls(limits, BUDGET_LOGIN, NOW, &at));
	assert_true(calls(limits, BUDGET_LOGIN, NOW, &at));
	assert_false(calls(limits, BUDGET_LOGIN, NOW, &at));
	assert_true(limits_enter(limits, &two, &of_budget[BUDGET_LOGIN],
				 NOW, &at));
	/* A provider has no such limit. */
	for (int i = 0; i < 4; i++)
		assert_true(limits_enter(limits, &nobody,
					 &of_budget[BUDGET_LOGIN], NOW, &at));
}

static void who_waits_for_a_slot_is_not_told_a_moment(void **state)
{
	CLEANUP(limits_free) struct limits *limits = limits_new(&settings);
	int64_t at = 77;

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_true(limits_enter(limits, &one, &plain, NOW, &at));
	assert_false(limits_enter(limits, &one, &of_budget[BUDGET_LOGIN],
				  NOW, &at));
	assert_int_equal(at, 0);
	/* And nothing of its budget is gone. */
	limits_leave(limits, &one);
	limits_leave(limits, &one);
	assert_true(calls(limits, BUDGET_LOGIN, NOW, &at));
	assert_true(calls(limits, BUDGET_LOGIN, NOW, &at));
	assert_false(calls(limits, BUDGET_LOGIN, NOW, &at));
}

static void concurrency_can_be_ones_own(void **state)
{
	CLEANUP(limits_free) struct limits *limits = limits_new(&settings);
	const struct limit_names host = { .host = "h",
					  .host_concurrency = 1 };
	const struct limit_names provider = { .provider = "p",
					      .provider_concurrency = 4 };

	(void)state;
	assert_true(enters(limits, &host));
	assert_false(enters(limits, &host));
	for (int i = 0; i < 4; i++)
		assert_true(enters(limits, &provider));
	assert_false(enters(limits, &provider));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_name_has_its_ceiling),
		cmocka_unit_test(names_of_one_kind_are_not_those_of_another),
		cmocka_unit_test(all_exchanges_together_have_a_ceiling),
		cmocka_unit_test(who_is_refused_is_not_counted),
		cmocka_unit_test(a_host_is_asked_only_so_often_in_a_minute),
		cmocka_unit_test(each_host_has_a_budget_of_its_own),
		cmocka_unit_test(who_waits_for_a_slot_is_not_told_a_moment),
		cmocka_unit_test(concurrency_can_be_ones_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
