/*
 * How accounts of a modelled host fall out of service and come back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/model/host_stage_use.h"

#define LINE "user login key"

/* The other account maps other models, so 200 means this one. */
#define SHARED "group account=mapped " LINE " account=forced "

static void a_recovery_right_behind_a_bench_is_lost_before_0_1_137(
	void **state)
{
	(void)state;
	for (int v = 0; v < HOST_VERSION__MAX; v++) {
		struct host_stage *stage = stage_of((enum host_version)v,
						    SHARED "up=403");
		bool lossy = v != HOST_0_1_179;

		assert_int_equal(stage_chat(stage), 502);
		stage_set(stage, "up=ok");
		stage_act(stage, "recover-state", NULL);
		host_driver_wait(stage->driver, 12000);
		assert_int_equal(stage_chat(stage), lossy ? 503 : 200);
		if (lossy) {
			assert_true(host_stage_bulk(stage,
						    "\"priority\":50"));
			stage_warm_up(stage, 1100, 503);
		}
		stage_finish(stage);
	}
}

static void a_recovery_a_while_behind_a_bench_is_not_lost(void **state)
{
	struct host_stage *stage = stage_of(HOST_0_1_129, SHARED "up=403");

	(void)state;
	assert_int_equal(stage_chat(stage), 502);
	stage_set(stage, "up=ok wait=1600");
	stage_act(stage, "recover-state", NULL);
	stage_warm_up(stage, 1100, 503);
	stage_finish(stage);
}

static void after_a_429_a_shared_group_needs_a_nudge(void **state)
{
	(void)state;
	for (int v = 0; v < HOST_VERSION__MAX; v++) {
		struct host_stage *stage = stage_of((enum host_version)v,
						    SHARED "up=429");

		assert_int_equal(stage_chat(stage), 429);
		stage_set(stage, "up=ok wait=60000");
		assert_int_equal(stage_chat(stage), 503);
		assert_true(host_stage_bulk(stage, "\"priority\":50"));
		stage_warm_up(stage, 1100, 503);
		stage_finish(stage);
	}
}

static void alone_in_its_group_an_account_is_back_after_5_s(void **state)
{
	struct host_stage *stage = stage_of(HOST_0_1_179,
		"group account=forced " LINE " up=429 chat up=ok wait=4000");

	(void)state;
	assert_int_equal(stage_chat(stage), 503);
	host_driver_wait(stage->driver, 1100);
	assert_int_equal(stage_chat(stage), 200);
	stage_finish(stage);
}

static void the_third_403_is_final_and_only_recovery_forgets(void **state)
{
	struct host_stage *stage = stage_of(HOST_0_1_129,
		"group account=forced " LINE " up=403 chat wait=2000");

	(void)state;
	stage_act(stage, "recover-state", NULL);
	stage_set(stage, "wait=2000 chat wait=2000");
	stage_act(stage, "clear-error", NULL);
	stage_set(stage, "wait=2000 chat wait=2000");
	assert_true(stage_account_is(stage, "status", "active"));
	stage_act(stage, "clear-error", NULL);
	stage_set(stage, "wait=2000 chat");
	assert_true(stage_account_is(stage, "status", "error"));
	assert_true(stage_account_is(stage, "error_message",
		"Access forbidden (403): Access denied for this endpoint | "
		"consecutive_403=3/3"));
	stage_finish(stage);
}

static void since_0_1_130_recovery_leaves_the_switch_off(void **state)
{
	(void)state;
	for (int v = 0; v < HOST_VERSION__MAX; v++) {
		struct host_stage *stage = stage_of((enum host_version)v,
			"group account=forced " LINE
			" up=401 chat up=ok wait=2000");

		stage_act(stage, "recover-state", NULL);
		assert_int_equal(stage_chat(stage),
				 v == HOST_0_1_179 ? 503 : 200);
		stage_act(stage, "schedulable", "{\"schedulable\":true}");
		stage_warm_up(stage, 1100, 503);
		stage_finish(stage);
	}
}

static void a_block_in_memory_outlives_a_healthy_looking_account(
	void **state)
{
	struct host_stage *stage = stage_of(HOST_0_1_179,
		"group account=forced " LINE " up=401 chat up=ok");

	(void)state;
	assert_true(host_stage_bulk(stage, "\"status\":\"active\","
				    "\"schedulable\":true"));
	stage_set(stage, "wait=100000");
	assert_true(stage_account_is(stage, "status", "active"));
	assert_int_equal(stage_chat(stage), 503);
	stage_set(stage, "wait=25000");
	assert_int_equal(stage_chat(stage), 200);
	stage_finish(stage);
}

static void two_5xx_cool_an_account_that_no_call_can_hurry(void **state)
{
	struct host_stage *stage = stage_of(HOST_0_1_179,
		"group account=forced " LINE " up=500 chat chat up=ok");

	(void)state;
	stage_act(stage, "recover-state", NULL);
	assert_int_equal(stage_chat(stage), 503);
	stage_set(stage, "wait=10000");
	assert_int_equal(stage_chat(stage), 200);
	stage_finish(stage);
}

static void a_pool_account_is_never_benched(void **state)
{
	(void)state;
	for (int v = 0; v < HOST_VERSION__MAX; v++) {
		struct host_stage *stage = stage_of((enum host_version)v,
			"group account=pool " LINE " up=403");

		for (int i = 0; i < 4; i++)
			assert_int_equal(stage_chat(stage), 502);
		stage_set(stage, "up=ok");
		assert_int_equal(stage_chat(stage), 200);
		stage_finish(stage);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		 a_recovery_right_behind_a_bench_is_lost_before_0_1_137),
		cmocka_unit_test(a_recovery_a_while_behind_a_bench_is_not_lost),
		cmocka_unit_test(after_a_429_a_shared_group_needs_a_nudge),
		cmocka_unit_test(
		 alone_in_its_group_an_account_is_back_after_5_s),
		cmocka_unit_test(
		 the_third_403_is_final_and_only_recovery_forgets),
		cmocka_unit_test(since_0_1_130_recovery_leaves_the_switch_off),
		cmocka_unit_test(
		 a_block_in_memory_outlives_a_healthy_looking_account),
		cmocka_unit_test(
		 two_5xx_cool_an_account_that_no_call_can_hurry),
		cmocka_unit_test(a_pool_account_is_never_benched),
	};

	return cmocka_run_group_tests_name("host_recovery", tests, NULL, NULL);
}
