/* Canaries, retries and pauses, as the tables keep them. */
#include "tests/unit/fixture.h"

#include "shared/canary.h"
#include "shared/events.h"
#include "shared/items.h"
#include "shared/pauses.h"
#include "shared/retry.h"
#include "shared/runs.h"

#define N 6

struct bench {
	struct db *db;
	char run[ID_MAX];
	char items[N][ID_MAX];
	char tasks[N][ID_MAX];
	uint64_t random;
};

static void bench_done(struct bench *bench)
{
	db_close(&bench->db);
}

#define BENCH CLEANUP(bench_done) struct bench

/* A run of N items of which the first `canary` are proven first. */
static struct bench bench_new(int64_t canary, int64_t stop_after)
{
	struct bench bench = { .db = fixture_hosts() };
	const struct run_spec spec = {
		.host_id = "hst_1", .access_mode = ACCESS_SUBSCRIPTION,
		.subscription_users = "[\"a\"]", .subscription_days = 30,
		.items_total = N, .canary_items = canary,
		.canary_stop_after = stop_after, .created_by = "tok_1",
	};
	struct err err;

	OK(runs_add(bench.db, &spec, NOW, ++bench.random, bench.run, &err));
	for (size_t i = 0; i < N; i++) {
		const struct item_spec item = {
			.run_id = bench.run, .seq = (int64_t)i + 1,
			.base_url = "http://p/v1", .endpoint_key = "p-1",
			.api_key_secret_id = "sec_1",
			.requested_models = "[]",
			.warnings = i == 0 ? "[{\"code\":\"duplicate_of\"},"
					     "{\"code\":\"other\"}]" : "[]",
		};
		struct task_spec task = {
			.flow = IMPORT_FLOW, .step = IMPORT_FIRST_STEP,
			.subject_id = bench.items[i], .run_id = bench.run,
			.host_id = "hst_1", .not_before = NOW,
		};

		OK(items_add(bench.db, &item, NOW, ++bench.random,
			     bench.items[i], &err));
		canary_hold(canary, i, bench.run, &task);
		OK(tasks_add(bench.db, &task, NOW, ++bench.random,
			     bench.tasks[i], &err));
	}
	return bench;
}

/* Item i ends, `class` NULL: active.  True if that stopped the rest. */
static bool end_item(struct bench *bench, size_t i, const char *class)
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	CLEANUP(item_done) struct item item = { 0 };
	struct run_settled settled = { .active = !class, .broken = class };
	AUTO_FREE char *done = xasprintf("UPDATE tasks SET state = 'done',"
		" held_for = NULL, held_on = NULL WHERE task_id = '%s'",
		bench->tasks[i]);
	struct err err;
	bool held;

	OK(db_tx_begin(&tx, bench->db, &err));
	OK(items_get(bench->db, NULL, bench->items[i], &item, &err));
	item.stage = STAGE_DONE;
	item.access = class ? ACCESS_BROKEN : ACCESS_ACTIVE;
	item.confirmation = class ? CONFIRMATION_FAILED
				  : CONFIRMATION_CONFIRMED;
	item.finished_at = NOW;
	own_set(&item.failure_class, class);
	own_set(&item.account_id, "7");
	settled.warned = strcmp(item.warnings, "[]") != 0;
	OK(items_save(bench->db, &item, NOW, &err));
	OK(runs_settle_item(bench->db, bench->run, &settled, NOW, &err));
	OK(canary_item_ended(bench->db, bench->run, class, NOW, &held, &err));
	OK(db_tx_commit(&tx, &err));
	fixture_sql(bench->db, done);
	return held;
}

static const struct db_query q_run = { "test.run",
	"SELECT state || ' ' || canary_state || ' '"
	" || coalesce(canary_class, '-') || ' ' || items_done || ' '"
	" || items_active || ' ' || items_broken || ' ' || items_warned"
	" FROM import_runs WHERE run_id = $1" };
static const struct db_query q_held = { "test.held",
	"SELECT count(*) FROM tasks WHERE run_id = $1 AND state = 'held'" };
static const struct db_query q_due = { "test.due",
	"SELECT count(*) FROM tasks WHERE run_id = $1 AND state = 'due'" };

#define RUN_IS(bench, text) \
	assert_string_equal(fixture_value((bench)->db, &q_run, \
					  (bench)->run), text)
#define HELD_IS(bench, text) \
	assert_string_equal(fixture_value((bench)->db, &q_held, \
					  (bench)->run), text)

/* ---- canaries ---- */

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

/* ---- retries ---- */

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
	assert_string_equal(err.code, "item_not_finished");
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

/* ---- pauses ---- */

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
		cmocka_unit_test(an_item_that_failed_begins_anew),
		cmocka_unit_test(
			an_item_in_use_keeps_what_its_access_rests_on),
		cmocka_unit_test(all_that_failed_begin_anew_and_nothing_else),
		cmocka_unit_test(a_cancelled_run_stays_cancelled),
		cmocka_unit_test(
			rows_that_were_left_out_are_a_warning_of_the_run),
		cmocka_unit_test(who_is_paused_is_named_and_refused),
		cmocka_unit_test(a_task_is_held_only_while_the_pause_lasts),
		cmocka_unit_test(
			a_held_task_goes_on_as_long_on_its_step_as_it_was),
		cmocka_unit_test(
			one_that_was_cancelled_meanwhile_is_not_held),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
