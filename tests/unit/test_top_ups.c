/* Top-ups of our own users: what the budget allows, and how long it lasts. */
#include "tests/unit/fixture.h"

#include "shared/top_ups.h"

#define HOUR INT64_C(3600000)
#define DAY (24 * HOUR)

static const struct top_up_budget budget = {
	.amount = 2, .per_day = 6, .per_month = 20,
};

static bool allow_at(struct db *db, const char *host_id, const char *task_id,
		     int64_t at, const struct top_up_budget *of)
{
	static uint64_t random;
	bool ret;
	struct err err;

	OK(top_ups_allow(db, &(struct top_up_spec){ .host_id = host_id,
			 .selector = "default", .task_id = task_id }, of, at,
			 ++random, &ret, &err));
	return ret;
}

static struct top_up_state state_at(struct db *db, int64_t at)
{
	struct top_up_state ret;
	struct err err;

	OK(top_ups_state(db, "hst_1", &budget, at, &ret, &err));
	return ret;
}

static void a_day_has_its_budget_and_a_month_its_own(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_hosts();
	int64_t at = NOW;
	int given = 0;

	(void)state;
	for (int i = 0; i < 5; i++)
		given += allow_at(db, "hst_1", "tsk_1", NOW + i, &budget);
	assert_int_equal(given, 3);
	/* Another host has a budget of its own. */
	assert_true(allow_at(db, "hst_2", "tsk_1", NOW, &budget));
	/* A day later there is money again, until the month's is gone. */
	for (int day = 1; day < 10; day++) {
		at = NOW + day * (DAY + HOUR);
		for (int i = 0; i < 3; i++)
			given += allow_at(db, "hst_1", "tsk_1", at + i,
					  &budget);
	}
	assert_int_equal(given, 10);
	assert_int_equal(state_at(db, at).left, 0);
	assert_true(allow_at(db, "hst_1", "tsk_1", NOW + 31 * DAY, &budget));
}

static void without_an_amount_nobody_gets_anything(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_hosts();
	const struct top_up_budget none = { 0 }, open = { .amount = 5 };

	(void)state;
	assert_false(allow_at(db, "hst_1", "tsk_1", NOW, &none));
	/* Zero limits nothing. */
	for (int i = 0; i < 50; i++)
		assert_true(allow_at(db, "hst_1", "tsk_1", NOW, &open));
	assert_int_equal(state_at(db, NOW + 1).day, 250);
}

static void what_the_host_refused_costs_nothing(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_hosts();
	struct err err;

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_true(allow_at(db, "hst_1", "tsk_1", NOW, &budget));
	assert_false(allow_at(db, "hst_1", "tsk_2", NOW, &budget));
	OK(top_ups_settle(db, "tsk_1", false, &err));
	assert_int_equal(state_at(db, NOW + 1).day, 0);
	assert_true(allow_at(db, "hst_1", "tsk_2", NOW, &budget));
	OK(top_ups_settle(db, "tsk_2", true, &err));
	/* What has ended stays as it ended. */
	OK(top_ups_settle(db, "tsk_2", false, &err));
	assert_int_equal(state_at(db, NOW + 1).day, 2);
	OK(top_ups_forget(db, NOW + 1, &err));
	assert_int_equal(state_at(db, NOW + 1).day, 0);
}

static void the_pace_says_how_long_it_lasts(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_hosts();

	(void)state;
	assert_int_equal(state_at(db, NOW).days_left, -1);
	assert_true(allow_at(db, "hst_1", "tsk_1", NOW, &budget));
	/* One alone tells no pace. */
	assert_int_equal(state_at(db, NOW + DAY).days_left, -1);
	assert_true(allow_at(db, "hst_1", "tsk_1", NOW + DAY, &budget));
	/* 2 a day of 16. */
	assert_int_equal(state_at(db, NOW + DAY).left, 16);
	assert_int_equal(state_at(db, NOW + DAY).days_left, 8);
	assert_true(allow_at(db, "hst_1", "tsk_1", NOW + DAY + HOUR,
			     &budget));
	assert_int_equal(state_at(db, NOW + DAY + HOUR).days_left, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_day_has_its_budget_and_a_month_its_own),
		cmocka_unit_test(without_an_amount_nobody_gets_anything),
		cmocka_unit_test(what_the_host_refused_costs_nothing),
		cmocka_unit_test(the_pace_says_how_long_it_lasts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
