/* What a batch, a provider and its access are called. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "shared/provider_status.h"

static void a_batch_is_called_after_its_run_and_what_became_of_its_keys(
	void **state)
{
	static const struct {
		enum run_state run;
		struct run_counts counts;
		const char *wanted;
	} cases[] = {
		{ RUN_RUNNING, { .total = 2 }, "running" },
		{ RUN_RUNNING, { .total = 2, .done = 1, .broken = 1 },
		  "running" },
		{ RUN_COMPLETED, { .total = 2, .done = 2, .active = 2 },
		  "succeeded" },
		{ RUN_COMPLETED_WITH_WARNINGS,
		  { .total = 2, .done = 2, .active = 2, .warned = 1 },
		  "succeeded" },
		{ RUN_COMPLETED_WITH_WARNINGS,
		  { .total = 2, .done = 2, .active = 1, .broken = 1 },
		  "partially_succeeded" },
		{ RUN_COMPLETED_WITH_WARNINGS,
		  { .total = 2, .done = 2, .active = 1, .cancelled = 1 },
		  "partially_succeeded" },
		{ RUN_COMPLETED,
		  { .total = 1, .done = 1, .active = 1, .rejected = 1 },
		  "partially_succeeded" },
		{ RUN_FAILED, { .total = 1, .done = 1, .broken = 1 },
		  "failed" },
		{ RUN_CANCELLED, { .total = 1, .done = 1, .cancelled = 1 },
		  "cancelled" },
		{ RUN_CANCELLED, { .total = 1, .done = 1, .active = 1 },
		  "cancelled" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(batch_status_name(batch_status_of(
			cases[i].run, &cases[i].counts)), cases[i].wanted);
}

static void a_provider_is_as_well_as_what_is_known_of_it(void **state)
{
	/* unknown, active, degraded, broken */
	static const struct {
		struct status_tally tally;
		const char *wanted;
	} cases[] = {
		{ { { 0, 0, 0, 0 } }, "unknown" },
		{ { { 3, 0, 0, 0 } }, "unknown" },
		{ { { 0, 1, 0, 0 } }, "active" },
		{ { { 2, 1, 0, 0 } }, "active" },
		{ { { 0, 1, 0, 1 } }, "degraded" },
		{ { { 0, 1, 1, 0 } }, "degraded" },
		{ { { 0, 0, 1, 0 } }, "degraded" },
		{ { { 0, 0, 1, 1 } }, "degraded" },
		{ { { 0, 0, 0, 2 } }, "broken" },
		{ { { 1, 0, 0, 1 } }, "broken" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(access_status_name(provider_status_of(
			&cases[i].tally)), cases[i].wanted);
}

static void access_is_ready_in_the_modes_in_which_users_get_in(void **state)
{
	static const struct {
		struct status_tally by_mode[ACCESS_MODE__MAX];
		const char *wanted;
	} cases[] = {
		{ { { { 0 } }, { { 0 } } }, "unknown" },
		{ { { { 1, 0, 0, 0 } }, { { 0 } } }, "unknown" },
		{ { { { 0, 1, 0, 0 } }, { { 0 } } }, "subscription_ready" },
		{ { { { 0, 0, 1, 0 } }, { { 0 } } }, "subscription_ready" },
		{ { { { 0 } }, { { 0, 1, 0, 0 } } }, "self_service_ready" },
		{ { { { 0, 1, 0, 0 } }, { { 0, 1, 0, 0 } } }, "fully_ready" },
		{ { { { 0, 1, 0, 0 } }, { { 0, 0, 0, 1 } } },
		  "subscription_ready" },
		{ { { { 0, 0, 0, 1 } }, { { 0 } } }, "broken" },
		{ { { { 0, 0, 0, 1 } }, { { 1, 0, 0, 0 } } }, "broken" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(provider_access_name(provider_access_of(
			cases[i].by_mode)), cases[i].wanted);
}

static void what_the_other_mode_has_is_no_news_where_this_one_fails(
	void **state)
{
	const struct status_tally bad = { { 0, 0, 0, 1 } };
	const struct status_tally good = { { 0, 1, 0, 0 } };

	(void)state;
	assert_int_equal(provider_access_in(ACCESS_SUBSCRIPTION, &bad, true),
			 PROVIDER_ACCESS_BROKEN);
	assert_int_equal(provider_access_in(ACCESS_SUBSCRIPTION, &good, true),
			 PROVIDER_ACCESS_FULL);
	assert_int_equal(provider_access_in(ACCESS_SELF_SERVICE, &good, false),
			 PROVIDER_ACCESS_SELF_SERVICE);
}

static void every_word_is_parsed_back(void **state)
{
	enum batch_status batch;
	enum provider_access access;

	(void)state;
	for (int i = 0; i < BATCH_STATUS__MAX; i++) {
		assert_true(batch_status_parse(batch_status_name(
			(enum batch_status)i), &batch));
		assert_int_equal(batch, i);
	}
	for (int i = 0; i < PROVIDER_ACCESS__MAX; i++) {
		assert_true(provider_access_parse(provider_access_name(
			(enum provider_access)i), &access));
		assert_int_equal(access, i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_batch_is_called_after_its_run_and_what_became_of_its_keys),
		cmocka_unit_test(a_provider_is_as_well_as_what_is_known_of_it),
		cmocka_unit_test(
			access_is_ready_in_the_modes_in_which_users_get_in),
		cmocka_unit_test(
		    what_the_other_mode_has_is_no_news_where_this_one_fails),
		cmocka_unit_test(every_word_is_parsed_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
