/* Hosts and endpoints that are left alone, and tasks that are held. */
#include "tests/unit/run_life_fixture.h"

#include "shared/pauses.h"

static enum hold paused(struct bench *bench, const char *endpoint)
{
	enum hold hold = HOLD__MAX;
	struct err err;

	OK(pauses_find(bench->db, "hst_1", endpoint, &hold, &err));
	return hold;
}

static const struct db_query q_paused = { "test.paused",
	"SELECT paused_at FROM hosts WHERE host_id = $1" };

static void who_is_paused_is_named_and_refused(void **state)
{
	BENCH bench = bench_new(0, 0);
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	struct err err = { 0 };

	(void)state;
	OK(db_tx_begin(&tx, bench.db, &err));
	assert_int_equal(paused(&bench, "p-1"), HOLD_NONE);
	OK(pauses_refuse(bench.db, "hst_1", "p-1", &err));
	OK(pauses_endpoint(bench.db, "p-1", NOW, &err));
	assert_int_equal(paused(&bench, "p-1"), HOLD_ENDPOINT);
	assert_int_equal(paused(&bench, NULL), HOLD_NONE);
	REFUSED(pauses_refuse(bench.db, "hst_1", "p-1", &err), ERR_CONFLICT);
	assert_string_equal(err.code, "paused");
	OK(pauses_host(bench.db, "hst_1", NOW, &err));
	OK(pauses_host(bench.db, "hst_1", NOW + 7, &err));
	assert_string_equal(fixture_value(bench.db, &q_paused, "hst_1"),
			    "1790000000000");
	assert_int_equal(paused(&bench, "p-1"), HOLD_HOST);
	OK(pauses_resume_host(bench.db, "hst_1", true, NOW, &err));
	OK(pauses_resume_endpoint(bench.db, "p-1", true, NOW, &err));
	assert_int_equal(paused(&bench, "p-1"), HOLD_NONE);
	REFUSED(pauses_host(bench.db, "hst_9", NOW, &err), ERR_NOT_FOUND);
	REFUSED(pauses_resume_host(bench.db, "hst_9", true, NOW, &err),
		ERR_NOT_FOUND);
}

static const struct db_query q_row = { "test.row",
	"SELECT state || ' ' || coalesce(held_for, '-') || ' '"
	" || coalesce(held_on, '-') || ' ' || (not_before - 1790000000000)"
	" || ' ' || (step_since - 1790000000000)"
	" FROM tasks WHERE task_id = $1" };

static void lease_first(struct bench *bench, struct task *ret)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	const struct task_lease lease = { "me", NOW + 1000 };
	struct err err;

	OK(tasks_claim(&rows, bench->db, bench->run, &lease, NOW, 1, &err));
	assert_int_equal(tasks_claim_next(&rows, ret, &err), 1);
	assert_int_equal(db_next(&rows, &err), 0);
}

/* Whoever resumes meanwhile must not leave a task that nobody wakes. */
static void a_task_is_held_only_while_the_pause_lasts(void **state)
{
	BENCH bench = bench_new(0, 0);
	CLEANUP(task_done) struct task task = { 0 };
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	struct err err;

	(void)state;
	lease_first(&bench, &task);
	OK(db_tx_begin(&tx, bench.db, &err));
	OK(tasks_hold(bench.db, &task, "me", HOLD_HOST, "hst_1", NOW + 2,
		      &err));
	assert_string_equal(fixture_value(bench.db, &q_row, task.task_id),
			    "due - - 2 0");
	REFUSED(tasks_hold(bench.db, &task, "me", HOLD_HOST, "hst_1", NOW + 2,
			   &err), ERR_CONFLICT);
}

static void a_held_task_goes_on_as_long_on_its_step_as_it_was(void **state)
{
	BENCH bench = bench_new(0, 0);
	CLEANUP(task_done) struct task task = { 0 };
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	struct err err;

	(void)state;
	lease_first(&bench, &task);
	OK(db_tx_begin(&tx, bench.db, &err));
	OK(pauses_host(bench.db, "hst_1", NOW, &err));
	OK(tasks_hold(bench.db, &task, "me", HOLD_HOST, "hst_1", NOW + 300,
		      &err));
	assert_string_equal(fixture_value(bench.db, &q_row, task.task_id),
			    "held host hst_1 300 0");
	/* Not by somebody else's resumption, nor by the canary's. */
	OK(tasks_release(bench.db, HOLD_HOST, "hst_2", NOW, &err));
	OK(tasks_release(bench.db, HOLD_CANARY, "hst_1", NOW, &err));
	OK(pauses_resume_host(bench.db, "hst_1", false, NOW + 5000, &err));
	/* It was 300 ms on its step, and is again. */
	assert_string_equal(fixture_value(bench.db, &q_row, task.task_id),
			    "due - - 5000 4700");
}

static void one_that_was_cancelled_meanwhile_is_not_held(void **state)
{
	BENCH bench = bench_new(0, 0);
	CLEANUP(task_done) struct task task = { 0 };
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	struct err err;

	(void)state;
	lease_first(&bench, &task);
	OK(db_tx_begin(&tx, bench.db, &err));
	OK(pauses_host(bench.db, "hst_1", NOW, &err));
	OK(runs_cancel(bench.db, bench.run, NOW, &err));
	OK(tasks_hold(bench.db, &task, "me", HOLD_HOST, "hst_1", NOW, &err));
	assert_string_equal(fixture_value(bench.db, &q_row, task.task_id),
			    "due - - 0 0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_paused_is_named_and_refused),
		cmocka_unit_test(a_task_is_held_only_while_the_pause_lasts),
		cmocka_unit_test(
			a_held_task_goes_on_as_long_on_its_step_as_it_was),
		cmocka_unit_test(one_that_was_cancelled_meanwhile_is_not_held),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
