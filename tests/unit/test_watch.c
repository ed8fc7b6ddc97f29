/*
 * The watch: when an access is proven next, and who gets a task.
 */
#include "tests/unit/check_fixture.h"

#include "schedd/upkeep.h"
#include "schedd/watch.h"

#define P "p-test-1"

static int64_t next_in(const struct settings *settings, uint64_t random)
{
	return watch_next(settings, NOW, random) - NOW;
}

static int64_t recheck_in(const struct settings *settings, int64_t failures,
			  uint64_t random)
{
	return watch_recheck(settings, failures, NOW, random) - NOW;
}

/* ---- when ---- */

static void what_is_fine_is_proven_at_its_pace(void **state)
{
	SCRIPT script = script_new(":memory:");
	int64_t least = INT64_MAX, most = 0;

	(void)state;
	/* What began together drifts apart: a tenth, to both sides. */
	for (uint64_t random = 0; random < 1000; random++) {
		int64_t in = next_in(&script->settings, random * 7919);

		assert_in_range(in, HOUR * 9 / 10, HOUR * 11 / 10);
		least = in < least ? in : least;
		most = in > most ? in : most;
	}
	assert_in_range(least, HOUR * 9 / 10, HOUR * 91 / 100);
	assert_in_range(most, HOUR * 109 / 100, HOUR * 11 / 10);
	assert_in_range(next_in(&script->settings, UINT64_MAX),
			HOUR * 9 / 10, HOUR * 11 / 10);
	/* Without room to drift there is none. */
	script->settings.watch_every_s = 1;
	assert_in_range(next_in(&script->settings, 3), 900, 1100);
}

static void what_failed_is_asked_again_soon_then_less_and_less(void **state)
{
	/* A multiple of a fifth keeps the spread at its lower end. */
	static const struct {
		int64_t failures, minutes;
	} cases[] = {
		{ 0, 1 }, { 1, 1 }, { 2, 1 }, { 3, 1 },	/* the quorum */
		{ 4, 2 }, { 5, 4 }, { 6, 8 }, { 7, 16 }, { 8, 32 },
		{ 9, 60 }, { 10, 60 }, { 1000000, 60 },
	};
	SCRIPT script = script_new(":memory:");

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		for (uint64_t random = 0; random < 50; random++)
			assert_in_range(recheck_in(&script->settings,
						   cases[i].failures,
						   random * 104729),
				cases[i].minutes * MINUTE * 9 / 10,
				cases[i].minutes * MINUTE * 11 / 10);
	/* Never later than one that is fine. */
	script->settings.watch_recheck_s = 86400;
	assert_in_range(recheck_in(&script->settings, 1, 5), HOUR * 9 / 10,
			HOUR * 11 / 10);
}

static void a_watch_that_is_off_plans_nothing(void **state)
{
	SCRIPT script = script_new(":memory:");

	(void)state;
	script->settings.watch_every_s = 0;
	assert_int_equal(watch_next(&script->settings, NOW, 5), 0);
	assert_int_equal(watch_recheck(&script->settings, 1, NOW, 5), 0);
}

/* ---- who ---- */

static const struct db_query q_under_way = { "test.under_way",
	"SELECT count(*) FROM tasks t JOIN access_checks c"
	" ON c.check_id = t.subject_id AND t.flow = 'check'"
	" AND t.step = 'check.begin' AND t.state = 'due'"
	" WHERE c.requested_by = $1 AND c.state = 'running'" };
static const struct db_query q_probes = { "test.probes",
	"SELECT count(*) FROM tasks WHERE flow = 'host_probe'"
	" AND subject_id = $1" };
static const struct db_query q_checks = { "test.checks",
	"SELECT count(*) FROM access_checks WHERE access_id = $1" };

static int count(struct script *script, const struct db_query *query,
		 const char *id)
{
	return (int)strtol(fixture_value(script->db, query, id), NULL, 10);
}

static void turn(struct script *script, int64_t ms)
{
	const struct store store = store_of(script);
	struct err err;

	script->now += ms;
	OK(watch_turn(&store, script->now, &err));
}

static int64_t due(struct script *script)
{
	const struct store store = store_of(script);
	struct err err;
	int64_t ret;

	OK(watch_next_due(&store, script->now, &ret, &err));
	return ret;
}

/* All checks under way end well. */
static void all_end(struct script *script)
{
	fixture_sql(script->db, "UPDATE access_checks SET state = 'done';"
		    "DELETE FROM tasks");
}

static void what_is_due_gets_a_task_and_once(void **state)
{
	SCRIPT script = script_new(":memory:");
	struct place place;

	(void)state;
	assert_true(due(script) == INT64_MAX);
	turn(script, 0);
	place = place_on(script, script->host_id, P);
	assert_int_equal(due(script), NOW + HOUR);
	turn(script, HOUR - 1);
	assert_int_equal(count(script, &q_under_way, CHECK_BY_WATCH), 0);
	turn(script, 1);
	assert_int_equal(count(script, &q_under_way, CHECK_BY_WATCH), 1);
	assert_int_equal(count(script, &q_checks, place.access_id), 1);
	/* Its end says when it is next. */
	assert_true(due(script) == INT64_MAX);
	turn(script, HOUR);
	turn(script, DAY);
	assert_int_equal(count(script, &q_checks, place.access_id), 1);
}

/* An operator has the key out of service: there is nothing to prove. */
static void what_is_paused_is_let_be(void **state)
{
	SCRIPT script = script_new(":memory:");
	struct place place = place_on(script, script->host_id, P);

	(void)state;
	fixture_sql(script->db, "UPDATE managed_resources SET paused_at = 5"
		    " WHERE resource_type = 'account'");
	turn(script, HOUR);
	assert_int_equal(count(script, &q_checks, place.access_id), 0);
	/* Nor is it looked at again and again. */
	assert_true(due(script) == INT64_MAX);
}

static void as_many_run_at_once_as_may(void **state)
{
	SCRIPT script = script_new(":memory:");
	enum { PLACES = 7, AT_ONCE = 3 };

	(void)state;
	script->settings.watch_at_once = AT_ONCE;
	for (int i = 0; i < PLACES; i++)
		place_on(script, script->host_id, P);
	turn(script, HOUR);
	assert_int_equal(count(script, &q_under_way, CHECK_BY_WATCH),
			 AT_ONCE);
	/* The others wait, but it does not ask all the time. */
	turn(script, MINUTE);
	assert_int_equal(count(script, &q_under_way, CHECK_BY_WATCH),
			 AT_ONCE);
	assert_int_equal(due(script), script->now + 1000);
	all_end(script);
	assert_true(due(script) <= script->now);
	turn(script, 0);
	assert_int_equal(count(script, &q_under_way, CHECK_BY_WATCH),
			 AT_ONCE);
	all_end(script);
	turn(script, 0);
	assert_int_equal(count(script, &q_under_way, CHECK_BY_WATCH), 1);
	assert_true(due(script) == INT64_MAX);
}

/* What an operator asked for does not hold a place of the watch's. */
static void checks_on_demand_are_apart(void **state)
{
	SCRIPT script = script_new(":memory:");
	struct place first = place_on(script, script->host_id, P);
	struct place second = place_on(script, script->host_id, P);
	char check_id[ID_MAX];

	(void)state;
	script->settings.watch_at_once = 1;
	check_begun(script, &first, "tok_1", check_id);
	check_begun(script, &second, "tok_1", check_id);
	fixture_sql(script->db, "UPDATE accesses SET next_check_at = NULL");
	place_on(script, script->host_id, P);
	turn(script, HOUR);
	assert_int_equal(count(script, &q_under_way, CHECK_BY_WATCH), 1);
	assert_int_equal(count(script, &q_under_way, "tok_1"), 2);
}

/* One that somebody asked for just now is enough. */
static void what_is_checked_already_is_joined(void **state)
{
	SCRIPT script = script_new(":memory:");
	struct place place = place_on(script, script->host_id, P);
	char check_id[ID_MAX];

	(void)state;
	script->now += HOUR;
	check_begun(script, &place, "tok_1", check_id);
	turn(script, 0);
	assert_int_equal(count(script, &q_checks, place.access_id), 1);
	assert_true(due(script) == INT64_MAX);
}

static void a_check_that_ends_plans_the_next(void **state)
{
	SCRIPT script = script_new(":memory:");
	struct place place = place_on(script, script->host_id, P);
	char check_id[ID_MAX];

	(void)state;
	turn(script, HOUR);
	assert_int_equal(count(script, &q_under_way, CHECK_BY_WATCH), 1);
	all_end(script);
	check_ends(script, &place, &good, check_id);
	assert_in_range(due(script) - script->now, HOUR * 9 / 10,
			HOUR * 11 / 10);
}

static void a_watch_that_is_off_does_nothing(void **state)
{
	SCRIPT script = script_new(":memory:");

	(void)state;
	place_on(script, script->host_id, P);
	script->settings.watch_every_s = 0;
	turn(script, 10 * DAY);
	assert_int_equal(count(script, &q_under_way, CHECK_BY_WATCH), 0);
	assert_int_equal(count(script, &q_probes, script->host_id), 0);
	assert_true(due(script) == INT64_MAX);
	/* Switched on, it takes up what has become due meanwhile. */
	script->settings.watch_every_s = 3600;
	turn(script, 0);
	assert_int_equal(count(script, &q_under_way, CHECK_BY_WATCH), 1);
}

/* What was proven while it was off is watched when it is on. */
static void what_was_never_planned_is_planned(void **state)
{
	SCRIPT script = script_new(":memory:");
	struct place place = place_on(script, script->host_id, P);
	struct err err;

	(void)state;
	OK(accesses_planned(script->db, place.access_id, 0, NOW, &err));
	script_restart(script);
	OK(engine_take_over(script->engine, script->now, &err));
	tick(script, 0);
	tick(script, 2 * HOUR);
	tick(script, 5000);
	assert_int_equal(count(script, &q_checks, place.access_id), 1);
}

/* ---- hosts ---- */

static void host_probed(struct script *script, int64_t at)
{
	AUTO_FREE char *sql = xasprintf("UPDATE hosts SET probed_at = %lld",
					(long long)at);

	fixture_sql(script->db, sql);
}

static void hosts_are_probed_now_and_then(void **state)
{
	SCRIPT script = script_new(":memory:");
	int64_t pause = script->settings.watch_host_hours * HOUR;

	(void)state;
	/* The first probe is the API's. */
	turn(script, DAY * 3);
	assert_int_equal(count(script, &q_probes, script->host_id), 0);
	host_probed(script, script->now);
	assert_int_equal(due(script), script->now + pause);
	turn(script, pause);
	assert_int_equal(count(script, &q_probes, script->host_id), 0);
	turn(script, 1);
	assert_int_equal(count(script, &q_probes, script->host_id), 1);
	/* Once, as long as it is under way. */
	turn(script, HOUR);
	assert_int_equal(count(script, &q_probes, script->host_id), 1);
	fixture_sql(script->db, "DELETE FROM tasks");
	host_probed(script, script->now);
	turn(script, HOUR);
	assert_int_equal(count(script, &q_probes, script->host_id), 0);
	script->settings.watch_host_hours = 0;
	turn(script, 9 * DAY);
	assert_int_equal(count(script, &q_probes, script->host_id), 0);
}

static void probe_again(struct script *script, int64_t probed_at)
{
	const struct store store = store_of(script);
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	struct err err;

	OK(db_tx_begin(&tx, script->db, &err));
	OK(watch_probe(&store, script->host_id, probed_at, script->now,
		       &err));
	OK(db_tx_commit(&tx, &err));
}

/* Whatever looks like another version than we know. */
static void a_host_in_doubt_is_probed_soon(void **state)
{
	SCRIPT script = script_new(":memory:");

	(void)state;
	probe_again(script, script->now - 60000);
	assert_int_equal(count(script, &q_probes, script->host_id), 0);
	script->settings.watch_host_hours = 0;
	probe_again(script, script->now - HOUR);
	assert_int_equal(count(script, &q_probes, script->host_id), 0);
	script->settings.watch_host_hours = 24;
	probe_again(script, script->now - HOUR);
	probe_again(script, script->now - HOUR);
	assert_int_equal(count(script, &q_probes, script->host_id), 1);
}

/* ---- in the engine ---- */

static void the_engine_lets_it_look(void **state)
{
	SCRIPT script = script_new(":memory:");

	(void)state;
	script->settings.reconcile_every_min = 0;
	place_on(script, script->host_id, P);
	tick(script, 0);
	assert_true(script->next <= script->now + 5000);
	assert_int_equal(script->nsent, 0);
	tick(script, HOUR);
	tick(script, 0);
	/* There is no key to prove it with: it begins with whose that is. */
	assert_int_equal(script->nsent, 1);
	assert_non_null(strstr(script->sent[0].wire->url,
			       "/api/v1/admin/users?search="));
}

static void a_clock_that_is_put_back_does_not_stop_it(void **state)
{
	SCRIPT script = script_new(":memory:");
	const struct store store = store_of(script);
	struct upkeep upkeep = { 0 };
	struct err err;

	(void)state;
	place_on(script, script->host_id, P);
	script->now += 10 * DAY;
	fixture_sql(script->db, "UPDATE accesses SET next_check_at = NULL");
	OK(upkeep_turn(&upkeep, &store, script->now, &err));
	/* Nobody told it. */
	script->now -= 9 * DAY;
	fixture_sql(script->db, "UPDATE accesses SET next_check_at = 1");
	OK(upkeep_turn(&upkeep, &store, script->now, &err));
	assert_int_equal(count(script, &q_under_way, CHECK_BY_WATCH), 1);
	assert_true(upkeep_next(&upkeep, &store) <= script->now + 5000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_fine_is_proven_at_its_pace),
		cmocka_unit_test(
			what_failed_is_asked_again_soon_then_less_and_less),
		cmocka_unit_test(a_watch_that_is_off_plans_nothing),
		cmocka_unit_test(what_is_due_gets_a_task_and_once),
		cmocka_unit_test(what_is_paused_is_let_be),
		cmocka_unit_test(as_many_run_at_once_as_may),
		cmocka_unit_test(checks_on_demand_are_apart),
		cmocka_unit_test(what_is_checked_already_is_joined),
		cmocka_unit_test(a_check_that_ends_plans_the_next),
		cmocka_unit_test(a_watch_that_is_off_does_nothing),
		cmocka_unit_test(what_was_never_planned_is_planned),
		cmocka_unit_test(hosts_are_probed_now_and_then),
		cmocka_unit_test(a_host_in_doubt_is_probed_soon),
		cmocka_unit_test(the_engine_lets_it_look),
		cmocka_unit_test(a_clock_that_is_put_back_does_not_stop_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
