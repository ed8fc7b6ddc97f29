/* What ended is tried again. */
#include "tests/unit/run_life_fixture.h"

#include "shared/events.h"
#include "shared/retry.h"

static uint64_t random_of(void *arg)
{
	return ++((struct bench *)arg)->random;
}

static int again(struct bench *bench, const char *item, const char *models,
		 struct err *err)
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	const struct retry retry = {
		.by = "tok_9", .requested_models = models, .now = NOW + 9,
		.random = random_of, .random_arg = bench,
	};

	assert_int_equal(db_tx_begin(&tx, bench->db, err), 0);
	if (retry_item(bench->db, bench->run, item, &retry, err))
		return -1;
	return db_tx_commit(&tx, err);
}

static int all_again(struct bench *bench, enum retry_only only, int64_t *ret,
		     struct err *err)
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	const struct retry retry = {
		.by = "tok_9", .now = NOW + 9, .random = random_of,
		.random_arg = bench,
	};

	assert_int_equal(db_tx_begin(&tx, bench->db, err), 0);
	if (retry_run(bench->db, bench->run, only, &retry, ret, err))
		return -1;
	return db_tx_commit(&tx, err);
}

static const struct db_query q_item = { "test.item",
	"SELECT current_stage || ' ' || confirmation_status || ' '"
	" || access_status || ' ' || generation || ' '"
	" || coalesce(failure_class, '-') || ' '"
	" || coalesce(account_id, '-') || ' ' || requested_models || ' '"
	" || warnings || ' ' || coalesce(finished_at, '-')"
	" FROM import_run_items WHERE item_id = $1" };
static const struct db_query q_event = { "test.event",
	"SELECT seq || ' ' || step || ' ' || kind || ' ' || detail"
	" FROM import_run_item_events WHERE item_id = $1"
	" ORDER BY seq DESC LIMIT 1" };
static const struct db_query q_task = { "test.task",
	"SELECT state || ' ' || step || ' ' || attempt FROM tasks"
	" WHERE subject_id = $1 AND state <> 'done'" };

static void an_item_that_failed_begins_anew(void **state)
{
	BENCH bench = bench_new(0, 0);
	CLEANUP(event_done) struct event old = {
		.at = NOW, .step = xstrdup("undo.end"),
		.kind = xstrdup("failed"),
	};
	struct err err = { 0 };

	(void)state;
	REFUSED(again(&bench, bench.items[0], NULL, &err), ERR_CONFLICT);
	assert_string_equal(err.code, "item_running");
	end_item(&bench, 0, "key_invalid");
	OK(events_add(bench.db, bench.items[0], &old, &err));
	for (size_t i = 1; i < N; i++)
		end_item(&bench, i, NULL);
	RUN_IS(&bench, "completed_with_warnings off - 6 5 1 1");
	OK(again(&bench, bench.items[0], "[\"m\"]", &err));
	RUN_IS(&bench, "running off - 5 5 0 0");
	/* What says that its row came twice stays. */
	assert_string_equal(fixture_value(bench.db, &q_item, bench.items[0]),
			    "probe pending unknown 2 - - [\"m\"]"
			    " [{\"code\":\"duplicate_of\"}] -");
	assert_string_equal(fixture_value(bench.db, &q_event,
					  bench.items[0]),
			    "2 retry retried"
			    " {\"by\":\"tok_9\",\"generation\":2}");
	assert_string_equal(fixture_value(bench.db, &q_task, bench.items[0]),
			    "due probe.models 0");
	REFUSED(again(&bench, bench.items[0], NULL, &err), ERR_CONFLICT);
	REFUSED(again(&bench, "itm_none", NULL, &err), ERR_NOT_FOUND);
}

static void an_item_in_use_keeps_what_its_access_rests_on(void **state)
{
	BENCH bench = bench_new(0, 0);
	struct err err;

	(void)state;
	end_item(&bench, 1, NULL);
	OK(again(&bench, bench.items[1], NULL, &err));
	RUN_IS(&bench, "running off - 0 0 0 0");
	assert_string_equal(fixture_value(bench.db, &q_item, bench.items[1]),
			    "probe pending unknown 2 - 7 [] [] -");
}

static void all_that_failed_begin_anew_and_nothing_else(void **state)
{
	BENCH bench = bench_new(0, 0);
	int64_t count;
	struct err err;

	(void)state;
	end_item(&bench, 1, "key_invalid");
	end_item(&bench, 2, NULL);
	end_item(&bench, 3, "quota_exhausted");
	OK(all_again(&bench, RETRY_CANCELLED, &count, &err));
	assert_int_equal(count, 0);
	OK(all_again(&bench, RETRY_FAILED, &count, &err));
	assert_int_equal(count, 2);
	RUN_IS(&bench, "running off - 1 1 0 0");
	OK(all_again(&bench, RETRY_FAILED, &count, &err));
	assert_int_equal(count, 0);
}

static void a_cancelled_run_stays_cancelled(void **state)
{
	BENCH bench = bench_new(0, 0);
	struct err err = { 0 };
	int64_t count;

	(void)state;
	end_item(&bench, 0, "cancelled");
	fixture_sql(bench.db, "UPDATE import_runs SET state = 'cancelled'");
	REFUSED(again(&bench, bench.items[0], NULL, &err), ERR_CONFLICT);
	assert_string_equal(err.code, "run_cancelled");
	REFUSED(all_again(&bench, RETRY_FAILED, &count, &err), ERR_CONFLICT);
	assert_string_equal(err.code, "run_cancelled");
}

static void rows_that_were_left_out_are_a_warning_of_the_run(void **state)
{
	struct run_counts counts = { .total = 2, .done = 2, .active = 2 };

	(void)state;
	assert_int_equal(run_outcome(&counts), RUN_COMPLETED);
	counts.rejected = 1;
	assert_int_equal(run_outcome(&counts), RUN_COMPLETED_WITH_WARNINGS);
	counts = (struct run_counts){ .total = 1, .done = 1, .broken = 1,
				      .rejected = 1 };
	assert_int_equal(run_outcome(&counts), RUN_FAILED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_item_that_failed_begins_anew),
		cmocka_unit_test(an_item_in_use_keeps_what_its_access_rests_on),
		cmocka_unit_test(all_that_failed_begin_anew_and_nothing_else),
		cmocka_unit_test(a_cancelled_run_stays_cancelled),
		cmocka_unit_test(
			rows_that_were_left_out_are_a_warning_of_the_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
