#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "schedd/backoff.h"
#include "shared/table.h"

#define FIRST 500
#define MAX 60000

static void the_wait_doubles_up_to_its_ceiling(void **state)
{
	static const struct {
		int64_t failures, whole;
	} cases[] = {
		{ 0, 500 }, { 1, 1000 }, { 2, 2000 }, { 6, 32000 },
		{ 7, 60000 }, { 8, 60000 }, { INT64_MAX, 60000 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t whole = cases[i].whole;

		/* The least and the most that chance can make of it. */
		assert_int_equal(backoff_ms(cases[i].failures, FIRST, MAX, -1,
					    0), whole / 2);
		assert_int_equal(backoff_ms(cases[i].failures, FIRST, MAX, -1,
					    (uint64_t)(whole / 2)), whole);
	}
}

static void chance_spreads_it_over_its_upper_half(void **state)
{
	int64_t least = INT64_MAX, most = 0;

	(void)state;
	for (uint64_t random = 0; random < 2000; random++) {
		int64_t wait = backoff_ms(1, FIRST, MAX, 0, random * 7919);

		assert_in_range(wait, 500, 1000);
		least = wait < least ? wait : least;
		most = wait > most ? wait : most;
	}
	assert_int_equal(least, 500);
	assert_int_equal(most, 1000);
	assert_in_range(backoff_ms(1, FIRST, MAX, 0, UINT64_MAX), 500, 1000);
}

static void what_a_peer_asked_for_is_waited_at_least(void **state)
{
	(void)state;
	assert_int_equal(backoff_ms(0, FIRST, MAX, 7000, 3), 7000);
	assert_int_equal(backoff_ms(0, FIRST, MAX, 90000, 3), 90000);
	assert_int_equal(backoff_ms(0, FIRST, MAX, 10, 0), 250);
}

static void odd_settings_do_not_break_it(void **state)
{
	(void)state;
	assert_int_equal(backoff_ms(9, 1, 1, -1, 99), 0);
	assert_in_range(backoff_ms(0, 5000, 100, -1, 99), 50, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_wait_doubles_up_to_its_ceiling),
		cmocka_unit_test(chance_spreads_it_over_its_upper_half),
		cmocka_unit_test(what_a_peer_asked_for_is_waited_at_least),
		cmocka_unit_test(odd_settings_do_not_break_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
