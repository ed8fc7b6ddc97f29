/* The first items of a run are proven before the rest begins. */
#include "tests/unit/run_life_fixture.h"

static void the_rest_waits_until_the_first_are_through(void **state)
{
	BENCH bench = bench_new(2, 2);

	(void)state;
	RUN_IS(&bench, "running proving - 0 0 0 0");
	HELD_IS(&bench, "4");
	assert_false(end_item(&bench, 0, "quota_exhausted"));
	HELD_IS(&bench, "4");
	assert_false(end_item(&bench, 1, NULL));
	RUN_IS(&bench, "running passed - 2 1 1 1");
	HELD_IS(&bench, "0");
	assert_string_equal(fixture_value(bench.db, &q_due, bench.run), "4");
}

static void a_canary_of_which_none_is_active_stops_the_rest(void **state)
{
	BENCH bench = bench_new(2, 0);

	(void)state;
	assert_false(end_item(&bench, 0, "quota_exhausted"));
	assert_true(end_item(&bench, 1, "key_invalid"));
	HELD_IS(&bench, "4");
}

static void too_many_of_one_class_stop_the_rest(void **state)
{
	BENCH bench = bench_new(3, 2);

	(void)state;
	assert_false(end_item(&bench, 0, "key_invalid"));
	assert_false(end_item(&bench, 1, "key_invalid"));
	assert_true(end_item(&bench, 2, NULL));
	RUN_IS(&bench, "running held key_invalid 3 1 2 1");
	HELD_IS(&bench, "3");
}

static void after_it_passed_a_row_of_failures_stops_what_has_not_begun(
	void **state)
{
	BENCH bench = bench_new(1, 2);
	AUTO_FREE char *begun = NULL;

	(void)state;
	assert_false(end_item(&bench, 0, NULL));
	begun = xasprintf("UPDATE tasks SET step = 'probe.chat' WHERE"
			  " task_id = '%s'", bench.tasks[4]);
	fixture_sql(bench.db, begun);
	assert_false(end_item(&bench, 1, "key_invalid"));
	/* Another class begins another row. */
	assert_false(end_item(&bench, 2, "quota_exhausted"));
	assert_true(end_item(&bench, 3, "quota_exhausted"));
	RUN_IS(&bench, "running held quota_exhausted 4 1 3 1");
	HELD_IS(&bench, "1");
	/* What is under way ends, and is no news. */
	assert_false(end_item(&bench, 4, "quota_exhausted"));
}

static void a_success_ends_the_row(void **state)
{
	BENCH bench = bench_new(0, 2);

	(void)state;
	RUN_IS(&bench, "running passed - 0 0 0 0");
	assert_false(end_item(&bench, 0, "key_invalid"));
	assert_false(end_item(&bench, 1, NULL));
	assert_false(end_item(&bench, 2, "key_invalid"));
	assert_true(end_item(&bench, 3, "key_invalid"));
}

static void a_canary_without_a_rest_stops_nothing(void **state)
{
	BENCH bench = bench_new(N, 1);

	(void)state;
	HELD_IS(&bench, "0");
	for (size_t i = 0; i < N; i++)
		assert_false(end_item(&bench, i, "key_invalid"));
	RUN_IS(&bench, "failed held key_invalid 6 0 6 1");
}

static int resume(struct bench *bench, struct err *err)
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };

	assert_int_equal(db_tx_begin(&tx, bench->db, err), 0);
	if (canary_resume(bench->db, bench->run, NOW + 1, err))
		return -1;
	return db_tx_commit(&tx, err);
}

static void a_run_that_is_resumed_is_never_stopped_again(void **state)
{
	BENCH bench = bench_new(1, 1);
	struct err err = { 0 };

	(void)state;
	REFUSED(resume(&bench, &err), ERR_CONFLICT);
	assert_string_equal(err.code, "run_not_held");
	assert_true(end_item(&bench, 0, "key_invalid"));
	OK(resume(&bench, &err));
	RUN_IS(&bench, "running resumed key_invalid 1 0 1 1");
	HELD_IS(&bench, "0");
	assert_false(end_item(&bench, 1, "key_invalid"));
	assert_false(end_item(&bench, 2, "key_invalid"));
	HELD_IS(&bench, "0");
}

static void cancelling_lets_go_of_what_is_held(void **state)
{
	BENCH bench = bench_new(1, 1);
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	struct err err;

	(void)state;
	OK(db_tx_begin(&tx, bench.db, &err));
	OK(runs_cancel(bench.db, bench.run, NOW + 5, &err));
	OK(db_tx_commit(&tx, &err));
	HELD_IS(&bench, "0");
	assert_string_equal(fixture_value(bench.db, &q_due, bench.run), "6");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_rest_waits_until_the_first_are_through),
		cmocka_unit_test(
			a_canary_of_which_none_is_active_stops_the_rest),
		cmocka_unit_test(too_many_of_one_class_stop_the_rest),
		cmocka_unit_test(
		after_it_passed_a_row_of_failures_stops_what_has_not_begun),
		cmocka_unit_test(a_success_ends_the_row),
		cmocka_unit_test(a_canary_without_a_rest_stops_nothing),
		cmocka_unit_test(a_run_that_is_resumed_is_never_stopped_again),
		cmocka_unit_test(cancelling_lets_go_of_what_is_held),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
