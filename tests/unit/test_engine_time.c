/*
 * What time does to the engine: clocks that somebody sets while it runs or
 * while it does not, and peers that say when to come again.
 */
#include "schedd/wire.h"
#include "shared/clock.h"
#include "tests/unit/engine_fixture.h"

#define HOUR INT64_C(3600000)
#define FIRST "probe.public"

/* Somebody sets the clock, and the engine is told before the next tick. */
static void set_clock(struct script *script, int64_t by)
{
	script->now += by;
	engine_clock_jumped(script->engine, by);
}

/* A probe that is to be begun in `ms`. */
static void add_later(struct script *script, int64_t ms, char ret_id[ID_MAX])
{
	const struct task_spec spec = {
		.flow = "host_probe", .step = FIRST,
		.subject_id = script->host_id, .host_id = script->host_id,
		.not_before = script->now + ms,
	};
	struct err err;

	OK(tasks_add(script->db, &spec, script->now, ++script->random, ret_id,
		     &err));
}

static void jumps_are_told_from_time_that_passes(void **state)
{
	static const struct {
		int64_t wall, mono, jump;
	} looks[] = {
		{ NOW, 5, 0 },			/* nothing to compare with */
		{ NOW + 100, 105, 0 },
		{ NOW + 100, 106, 0 },		/* kept right */
		{ NOW + 1099, 106, 0 },
		{ NOW + 2099, 106, 1000 },
		{ NOW + 2199, 206, 0 },
		{ NOW + 2199 - HOUR, 206, -HOUR },
		{ NOW + 3199 - HOUR, 1206, 0 },
		{ NOW + 24 * HOUR, 1206, 25 * HOUR - 3199 },
	};
	struct clock_watch watch = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(looks); i++)
		assert_int_equal(clock_jumped(&watch, looks[i].wall,
					      looks[i].mono), looks[i].jump);
}

/* What drifts by little each time never adds up to a jump. */
static void a_clock_that_drifts_does_not_jump(void **state)
{
	struct clock_watch watch = { 0 };

	(void)state;
	for (int i = 0; i < 10000; i++)
		assert_int_equal(clock_jumped(&watch, NOW + i * 1003,
					      i * 1000), 0);
}

static void who_waits_waits_no_longer_and_no_shorter(void **state)
{
	static const int64_t jumps[] = { -365 * 24 * HOUR, -HOUR, -5000,
					 5000, HOUR, 365 * 24 * HOUR };

	(void)state;
	for (size_t i = 0; i < COUNT(jumps); i++) {
		SCRIPT script = script_new(":memory:");
		char id[ID_MAX];

		tick(script, 0);
		add_later(script, 10000, id);
		tick(script, 1000);
		set_clock(script, jumps[i]);
		tick(script, 0);
		assert_int_equal(due_in(script, id), 9000);
		assert_int_equal(script->nsent, 0);
		tick(script, 8999);
		assert_int_equal(script->nsent, 0);
		tick(script, 1);
		assert_int_equal(script->nsent, 1);
	}
}

/* Others write tasks too, and know nothing of the jump. */
static void what_is_due_is_due_whatever_the_clock_says(void **state)
{
	static const int64_t jumps[] = { -HOUR, HOUR };

	(void)state;
	for (size_t i = 0; i < COUNT(jumps); i++) {
		SCRIPT script = script_new(":memory:");
		char before[ID_MAX], after[ID_MAX];

		tick(script, 0);
		add_later(script, 0, before);
		script->now += jumps[i];
		add_later(script, 0, after);
		engine_clock_jumped(script->engine, jumps[i]);
		tick(script, 300);
		assert_int_equal(script->nsent, 2);
	}
}

/* Our own lease must not seem to have ended while the answer is awaited. */
static void a_lease_outlives_a_clock_that_is_set(void **state)
{
	static const int64_t jumps[] = { -10 * HOUR, 10 * HOUR };

	(void)state;
	for (size_t i = 0; i < COUNT(jumps); i++) {
		SCRIPT script = script_new(":memory:");
		char id[ID_MAX];

		script_task(script, "host_probe", FIRST, script->host_id, id);
		tick(script, 0);
		assert_int_equal(script->nsent, 1);
		set_clock(script, jumps[i]);
		tick(script, 0);
		tick(script, 6000);
		assert_memory_equal(task_row(script, id), "leased", 6);
		assert_int_equal(script->nsent, 1);
		assert_int_equal(script->sent_in_all, 1);
		/* 503 passes, so the step is tried again: by us. */
		reply(script, 503, "{}");
		tick(script, 0);
		assert_string_equal(task_row(script, id),
				    "due " FIRST " 1 transient");
		assert_in_range(due_in(script, id), 1, 60000);
	}
}

static void jumps_before_the_next_tick_add_up(void **state)
{
	SCRIPT script = script_new(":memory:");
	char id[ID_MAX];

	(void)state;
	tick(script, 0);
	add_later(script, 10000, id);
	set_clock(script, HOUR);
	set_clock(script, -3 * HOUR);
	tick(script, 0);
	assert_int_equal(due_in(script, id), 10000);
}

static const struct db_query q_since = { "test.engine_since",
	"SELECT step_since FROM tasks WHERE task_id = $1" };

static int64_t since(struct script *script, const char *id)
{
	return strtoll(fixture_value(script->db, &q_since, id), NULL, 10);
}

/* How long a step may still take is measured from there. */
static void the_age_of_a_step_stays(void **state)
{
	SCRIPT script = script_new(":memory:");
	char waits[ID_MAX], works[ID_MAX];

	(void)state;
	tick(script, 0);
	add_later(script, 10000, waits);
	add_later(script, 0, works);
	tick(script, 500);
	set_clock(script, HOUR);
	tick(script, 0);
	assert_int_equal(script->now - since(script, waits), 500);
	assert_int_equal(script->now - since(script, works), 500);
	/* Also for a job that was under way. */
	reply(script, 503, "{}");
	tick(script, 0);
	assert_int_equal(script->now - since(script, works), 500);
}

/* The clock was ahead, and was set back while nobody ran. */
static void what_was_put_off_in_the_future_is_not_forgotten(void **state)
{
	SCRIPT script = script_new(":memory:");
	char soon[ID_MAX], later[ID_MAX], long_ago[ID_MAX];
	struct err err;

	(void)state;
	add_later(script, 50000, long_ago);
	script->now += 1000 * HOUR;
	add_later(script, 0, soon);
	add_later(script, 10000, later);
	script->now = NOW + 1000;
	script_restart(script);
	OK(engine_take_over(script->engine, script->now, &err));
	assert_int_equal(due_in(script, soon), 0);
	assert_int_equal(due_in(script, later), 10000);
	assert_int_equal(due_in(script, long_ago), 49000);
}

/* ---- Retry-After ---- */

static void say_later(struct script *script, int status, int64_t ms)
{
	struct answer answer = { .status = status, .retry_after_ms = ms };

	own_set(&answer.body, "{}");
	answer.body_len = 2;
	answer_with(script, 0, &answer);
}

static void whoever_says_when_to_come_again_is_left_alone(void **state)
{
	static const int statuses[] = { 429, 503 };

	(void)state;
	for (size_t i = 0; i < COUNT(statuses); i++) {
		SCRIPT script = script_new(":memory:");
		char one[ID_MAX], two[ID_MAX];

		script_task(script, "host_probe", FIRST, script->host_id, one);
		tick(script, 0);
		say_later(script, statuses[i], 20000);
		tick(script, 0);
		/* Another task of the same host, which is due at once. */
		script_task(script, "host_probe", FIRST, script->host_id, two);
		tick(script, 100);
		tick(script, 1000);
		tick(script, 18800);
		assert_int_equal(script->nsent, 0);
		tick_until_sent(script, 4000);
		assert_true(script->nsent > 0);
	}
}

static void a_refusal_without_a_time_stops_nobody_else(void **state)
{
	SCRIPT script = script_new(":memory:");
	char one[ID_MAX], two[ID_MAX];

	(void)state;
	script_task(script, "host_probe", FIRST, script->host_id, one);
	tick(script, 0);
	say_later(script, 429, -1);
	tick(script, 0);
	script_task(script, "host_probe", FIRST, script->host_id, two);
	tick(script, 0);
	assert_int_equal(script->nsent, 1);
}

static void a_pause_moves_with_the_clock(void **state)
{
	SCRIPT script = script_new(":memory:");
	char one[ID_MAX], two[ID_MAX];

	(void)state;
	script_task(script, "host_probe", FIRST, script->host_id, one);
	tick(script, 0);
	say_later(script, 429, 20000);
	tick(script, 0);
	set_clock(script, -HOUR);
	script_task(script, "host_probe", FIRST, script->host_id, two);
	tick(script, 100);
	assert_int_equal(script->nsent, 0);
	tick_until_sent(script, 25000);
	assert_true(script->nsent > 0);
	assert_in_range(script->now, NOW - HOUR + 20000, NOW - HOUR + 25000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(jumps_are_told_from_time_that_passes),
		cmocka_unit_test(a_clock_that_drifts_does_not_jump),
		cmocka_unit_test(who_waits_waits_no_longer_and_no_shorter),
		cmocka_unit_test(what_is_due_is_due_whatever_the_clock_says),
		cmocka_unit_test(a_lease_outlives_a_clock_that_is_set),
		cmocka_unit_test(jumps_before_the_next_tick_add_up),
		cmocka_unit_test(the_age_of_a_step_stays),
		cmocka_unit_test(
			what_was_put_off_in_the_future_is_not_forgotten),
		cmocka_unit_test(
			whoever_says_when_to_come_again_is_left_alone),
		cmocka_unit_test(a_refusal_without_a_time_stops_nobody_else),
		cmocka_unit_test(a_pause_moves_with_the_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
