/* What the engine and the watch do while somebody is paused. */
#include "tests/unit/check_fixture.h"

#include "schedd/watch.h"
#include "shared/pauses.h"

#define ENDPOINT "p-test-1"
#define MODELS "{\"object\":\"list\",\"data\":[{\"id\":\"m-1\"}]}"

static void pause_host(struct script *script)
{
	struct err err;

	OK(pauses_host(script->db, script->host_id, script->now, &err));
}

static void resume_host(struct script *script)
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	struct err err;

	OK(db_tx_begin(&tx, script->db, &err));
	OK(pauses_resume_host(script->db, script->host_id, true, script->now,
			      &err));
	OK(db_tx_commit(&tx, &err));
}

static void pause_endpoint(struct script *script)
{
	struct err err;

	OK(pauses_endpoint(script->db, ENDPOINT, script->now, &err));
}

static void resume_endpoint(struct script *script)
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	struct err err;

	OK(db_tx_begin(&tx, script->db, &err));
	OK(pauses_resume_endpoint(script->db, ENDPOINT, true, script->now,
				  &err));
	OK(db_tx_commit(&tx, &err));
}

/* ---- the engine ---- */

static void what_is_under_way_ends_and_the_next_step_is_held(void **state)
{
	SCRIPT script = script_new(":memory:");
	struct script_item item;
	char run_id[ID_MAX];

	(void)state;
	script_run(script, run_id);
	item = script_item(script, run_id, "probe.models");
	tick(script, 0);
	assert_int_equal(script->nsent, 1);
	pause_host(script);
	reply(script, 200, MODELS);
	tick(script, 0);
	assert_int_equal(script->nsent, 0);
	assert_string_equal(task_row(script, item.task_id),
			    "held probe.chat 0 -");
	/* Nobody looks at it. */
	tick(script, 1000000);
	assert_int_equal(script->sent_in_all, 1);
	resume_host(script);
	tick(script, 0);
	assert_int_equal(script->nsent, 1);
	assert_string_equal(task_row(script, item.task_id),
			    "leased probe.chat 0 -");
}

static void a_new_run_on_a_paused_host_is_held(void **state)
{
	SCRIPT script = script_new(":memory:");
	struct script_item item;
	char run_id[ID_MAX];

	(void)state;
	pause_host(script);
	script_run(script, run_id);
	item = script_item(script, run_id, "probe.models");
	tick(script, 0);
	assert_string_equal(task_row(script, item.task_id),
			    "held probe.models 0 -");
	assert_int_equal(script->sent_in_all, 0);
}

static void a_paused_endpoint_lets_the_host_be_asked(void **state)
{
	SCRIPT script = script_new(":memory:");
	struct script_item asks, makes;
	char run_id[ID_MAX];

	(void)state;
	pause_endpoint(script);
	script_run(script, run_id);
	asks = script_item(script, run_id, "probe.models");
	makes = script_item(script, run_id, "provision.group");
	tick(script, 0);
	assert_string_equal(task_row(script, asks.task_id),
			    "held probe.models 0 -");
	assert_string_equal(task_row(script, makes.task_id),
			    "leased provision.find_group 0 -");
	assert_int_equal(script->nsent, 1);
	resume_endpoint(script);
	tick(script, 0);
	assert_int_equal(script->nsent, 2);
}

/* It waits for its turn while the host is paused: it is looked at again. */
static void who_waits_to_be_sent_hears_of_a_pause(void **state)
{
	SCRIPT script = script_new(":memory:");
	char first[ID_MAX], second[ID_MAX];

	(void)state;
	script->settings.host_concurrency = 1;
	script_task(script, "host_probe", "probe.public", script->host_id,
		    first);
	script_task(script, "host_probe", "probe.public", script->host_id,
		    second);
	tick(script, 0);
	assert_int_equal(script->nsent, 1);
	pause_host(script);
	tick(script, 1000);
	assert_string_equal(task_row(script, second),
			    "held probe.public 0 -");
	assert_int_equal(script->sent_in_all, 1);
}

static void what_is_cancelled_ends_but_for_what_must_be_undone(void **state)
{
	SCRIPT script = script_new(":memory:");
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	struct script_item fresh;
	char run_id[ID_MAX];
	struct err err;

	(void)state;
	pause_host(script);
	script_run(script, run_id);
	fresh = script_item(script, run_id, "probe.models");
	tick(script, 0);
	assert_string_equal(task_row(script, fresh.task_id),
			    "held probe.models 0 -");
	OK(db_tx_begin(&tx, script->db, &err));
	OK(runs_cancel(script->db, run_id, script->now, &err));
	OK(db_tx_commit(&tx, &err));
	tick(script, 0);
	/* It has nothing to take back, so it asks nobody. */
	assert_string_equal(task_row(script, fresh.task_id),
			    "done undo.end 0 cancelled");
	assert_int_equal(script->sent_in_all, 0);
}

/* ---- the watch ---- */

static const struct db_query q_planned = { "test.planned",
	"SELECT coalesce(next_check_at, '-') FROM accesses"
	" WHERE access_id = $1" };
static const struct db_query q_under_way = { "test.under_way",
	"SELECT count(*) FROM access_checks WHERE access_id = $1" };

static void turn(struct script *script, int64_t ms)
{
	const struct store store = store_of(script);
	struct err err;

	script->now += ms;
	OK(watch_turn(&store, script->now, &err));
}

static int64_t next_due(struct script *script)
{
	const struct store store = store_of(script);
	struct err err;
	int64_t due;

	OK(watch_next_due(&store, script->now, &due, &err));
	return due;
}

static void the_watch_plans_nothing_on_a_paused_host(void **state)
{
	SCRIPT script = script_new(":memory:");
	struct place place = place_on(script, script->host_id, ENDPOINT);

	(void)state;
	pause_host(script);
	turn(script, HOUR);
	assert_string_equal(fixture_value(script->db, &q_under_way,
					  place.access_id), "0");
	assert_string_equal(fixture_value(script->db, &q_planned,
					  place.access_id), "-");
	/* It does not look all the time. */
	assert_true(next_due(script) == INT64_MAX);
	resume_host(script);
	assert_int_equal(next_due(script), script->now);
	turn(script, 0);
	assert_string_equal(fixture_value(script->db, &q_under_way,
					  place.access_id), "1");
}

static void nor_on_a_paused_endpoint(void **state)
{
	SCRIPT script = script_new(":memory:");
	struct place place = place_on(script, script->host_id, ENDPOINT);

	(void)state;
	pause_endpoint(script);
	turn(script, HOUR);
	assert_string_equal(fixture_value(script->db, &q_under_way,
					  place.access_id), "0");
	resume_endpoint(script);
	turn(script, 0);
	assert_string_equal(fixture_value(script->db, &q_under_way,
					  place.access_id), "1");
}

static void what_fails_during_a_pause_counts_for_nothing(void **state)
{
	SCRIPT script = script_new(":memory:");
	struct place place = place_on(script, script->host_id, ENDPOINT);
	const struct outcome why = at_gateway(FAILURE_TIMEOUT);

	(void)state;
	pause_host(script);
	ends(script, &place, why);
	CLEANUP(access_done) struct access access =
		access_of(script, &place);
	assert_int_equal(access.status, ACCESS_ACTIVE);
	assert_int_equal(access.failures, 0);
	assert_int_equal(access.next_check_at, 0);
	resume_host(script);
	ends(script, &place, why);
	access_done(&access);
	access = access_of(script, &place);
	assert_int_equal(access.failures, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			what_is_under_way_ends_and_the_next_step_is_held),
		cmocka_unit_test(a_new_run_on_a_paused_host_is_held),
		cmocka_unit_test(a_paused_endpoint_lets_the_host_be_asked),
		cmocka_unit_test(who_waits_to_be_sent_hears_of_a_pause),
		cmocka_unit_test(
			what_is_cancelled_ends_but_for_what_must_be_undone),
		cmocka_unit_test(the_watch_plans_nothing_on_a_paused_host),
		cmocka_unit_test(nor_on_a_paused_endpoint),
		cmocka_unit_test(what_fails_during_a_pause_counts_for_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
