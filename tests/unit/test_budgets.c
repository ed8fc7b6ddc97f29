/*
 * Budgets of the limiter: requests a minute, tokens a day, Retry-After, and
 * what a clock does to them that somebody sets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "schedd/limits.h"
#include "shared/own.h"
#include "shared/table.h"

#define NOW INT64_C(1790000000000)
#define MINUTE 60000

static const struct request plain;
static const struct request of_budget[BUDGET__MAX] = {
	[BUDGET_LOGIN] = { .budget = BUDGET_LOGIN },
	[BUDGET_USER_CALL] = { .budget = BUDGET_USER_CALL },
};

static const struct limit_names nobody = { 0 };
static const struct limit_names one = { .host = "hst_1" };
static const struct limit_names two = { .host = "hst_2" };

/* ---- requests a minute ---- */

static const struct settings settings = {
	.concurrency = 1000,
	.host_concurrency = 1000,
	.provider_concurrency = 1000,
	.key_concurrency = 1000,
	.logins_per_minute = 1000,
	.user_calls_per_minute = 1000,
	.host_per_minute = 5,
	.provider_per_minute = 3,
	.background_tokens_per_day = 1000,
};

/* Begin and end at once. */
static bool passes(struct limits *limits, const struct limit_names *names,
		   const struct request *request, int64_t now,
		   int64_t *ret_at)
{
	if (!limits_enter(limits, names, request, now, ret_at))
		return false;
	limits_leave(limits, names);
	return true;
}

/* How many pass at `now`, at most 100. */
static int how_many(struct limits *limits, const struct limit_names *names,
		    const struct request *request, int64_t now)
{
	int64_t at;
	int n = 0;

	while (n < 100 && passes(limits, names, request, now, &at))
		n++;
	return n;
}

static void requests_a_minute_are_counted_by_name(void **state)
{
	static const struct {
		struct limit_names names;
		int per_minute;
	} cases[] = {
		{ { .host = "h" }, 5 },
		{ { .provider = "p" }, 3 },
		{ { .provider = "p", .key = "k" }, 3 },
		{ { .host = "h", .host_per_minute = 7 }, 7 },
		{ { .provider = "p", .provider_per_minute = 1 }, 1 },
		{ { .key = "k" }, 100 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(limits_free) struct limits *limits =
			limits_new(&settings);
		const struct limit_names *names = &cases[i].names;
		int64_t at;

		assert_int_equal(how_many(limits, names, &plain, NOW),
				 cases[i].per_minute);
		if (cases[i].per_minute == 100)
			continue;
		assert_false(passes(limits, names, &plain, NOW + 9, &at));
		assert_int_equal(at, NOW + MINUTE);
		assert_int_equal(how_many(limits, names, &plain,
					  NOW + MINUTE),
				 cases[i].per_minute);
	}
}

/* In no minute are there more, wherever it begins. */
static void no_minute_has_more_than_the_limit(void **state)
{
	CLEANUP(limits_free) struct limits *limits = limits_new(&settings);
	int64_t sent[400];
	int64_t at = NOW, next;
	size_t n = 0;

	(void)state;
	for (int i = 0; i < 3000 && n < COUNT(sent); i++) {
		if (passes(limits, &one, &plain, at, &next))
			sent[n++] = at;
		at += 977 * (i % 7);
	}
	for (size_t i = 5; i < n; i++)
		assert_true(sent[i] - sent[i - 5] >= MINUTE);
	/* And it is not stricter than that. */
	assert_true(n > 100);
}

static void a_limit_that_is_lowered_holds_at_once(void **state)
{
	CLEANUP(limits_free) struct limits *limits = limits_new(&settings);
	struct limit_names names = { .host = "h", .host_per_minute = 40 };
	int64_t at;

	(void)state;
	for (int i = 0; i < 40; i++)
		assert_true(passes(limits, &names, &plain, NOW + i, &at));
	names.host_per_minute = 2;
	assert_false(passes(limits, &names, &plain, NOW + 50, &at));
	/* When only one of the last forty is within a minute. */
	assert_int_equal(at, NOW + 38 + MINUTE);
	assert_false(passes(limits, &names, &plain, at - 1, &at));
	assert_true(passes(limits, &names, &plain, at, &at));
}

/* ---- tokens a day ---- */

#define HOUR INT64_C(3600000)
#define DAY (24 * HOUR)

static void background_proofs_have_a_budget_of_tokens(void **state)
{
	CLEANUP(limits_free) struct limits *limits = limits_new(&settings);
	const struct limit_names p = { .provider = "p",
				       .provider_per_minute = 1000 };
	const struct limit_names q = { .provider = "q",
				       .provider_per_minute = 1000 };
	const struct request proof = { .background = true,
				       .token_estimate = 300 };
	int64_t at;

	(void)state;
	assert_int_equal(how_many(limits, &p, &proof, NOW), 3);
	assert_false(passes(limits, &p, &proof, NOW, &at));
	assert_in_range(at, NOW + DAY, NOW + DAY + HOUR);
	/* Nobody else's, and not that of what somebody waits for. */
	assert_int_equal(how_many(limits, &q, &proof, NOW), 3);
	assert_int_equal(how_many(limits, &p, &plain, NOW), 100);
	assert_false(passes(limits, &p, &proof, at - 1, &at));
	assert_int_equal(how_many(limits, &p, &proof, at), 3);
}

static void tokens_come_back_hour_by_hour(void **state)
{
	CLEANUP(limits_free) struct limits *limits = limits_new(&settings);
	const struct limit_names p = { .provider = "p" };
	const struct request proof = { .background = true,
				       .token_estimate = 100 };
	int64_t at;

	(void)state;
	for (int hour = 0; hour < 10; hour++)
		assert_true(passes(limits, &p, &proof, NOW + hour * HOUR,
				   &at));
	assert_false(passes(limits, &p, &proof, NOW + 10 * HOUR, &at));
	assert_true(passes(limits, &p, &proof, at, &at));
	assert_false(passes(limits, &p, &proof, NOW + DAY + HOUR, &at));
	assert_true(passes(limits, &p, &proof, at, &at));
	/* After a week nothing is left of it. */
	assert_int_equal(how_many(limits, &(struct limit_names){
			 .provider = "p", .provider_per_minute = 1000 },
			 &proof, NOW + 7 * DAY), 10);
}

/* Else it would wait for ever. */
static void what_alone_exceeds_the_budget_goes_alone(void **state)
{
	CLEANUP(limits_free) struct limits *limits = limits_new(&settings);
	const struct limit_names p = { .provider = "p" };
	const struct request much = { .background = true,
				      .token_estimate = 5000 };
	int64_t at;

	(void)state;
	assert_true(passes(limits, &p, &much, NOW, &at));
	assert_false(passes(limits, &p, &much, NOW + HOUR, &at));
	assert_true(passes(limits, &p, &much, at, &at));
}

/* ---- Retry-After ---- */

static void who_says_when_to_come_again_is_not_asked_before(void **state)
{
	static const struct limit_names key = { .provider = "p", .key = "k" };
	static const struct limit_names other_key = { .provider = "p",
						      .key = "l" };
	const struct request to_provider = { .peer = PEER_PROVIDER };
	CLEANUP(limits_free) struct limits *limits = limits_new(&settings);
	int64_t at;

	(void)state;
	limits_pause(limits, &key, &to_provider, NOW, NOW + 5000);
	assert_false(passes(limits, &key, &to_provider, NOW + 4999, &at));
	assert_int_equal(at, NOW + 5000);
	assert_true(passes(limits, &other_key, &to_provider, NOW, &at));
	assert_true(passes(limits, &one, &plain, NOW, &at));
	assert_true(passes(limits, &key, &to_provider, NOW + 5000, &at));
	/* A shorter one does not end a longer one. */
	limits_pause(limits, &key, &to_provider, NOW, NOW + 9000);
	limits_pause(limits, &key, &to_provider, NOW, NOW + 6000);
	assert_false(passes(limits, &key, &to_provider, NOW + 8999, &at));
}

static void without_a_key_it_is_the_provider(void **state)
{
	static const struct limit_names p = { .provider = "p" };
	const struct request to_provider = { .peer = PEER_PROVIDER };
	CLEANUP(limits_free) struct limits *limits = limits_new(&settings);
	int64_t at;

	(void)state;
	limits_pause(limits, &p, &to_provider, NOW, NOW + 5000);
	assert_false(passes(limits, &(struct limit_names){ .provider = "p",
			    .key = "k" }, &to_provider, NOW, &at));
	assert_int_equal(at, NOW + 5000);
	/* Names that nobody counts under cannot be paused. */
	limits_pause(limits, &nobody, &to_provider, NOW, NOW + 5000);
	assert_true(passes(limits, &nobody, &to_provider, NOW, &at));
}

static void a_host_that_limits_logins_still_takes_the_rest(void **state)
{
	CLEANUP(limits_free) struct limits *limits = limits_new(&settings);
	int64_t at;

	(void)state;
	limits_pause(limits, &one, &of_budget[BUDGET_LOGIN], NOW, NOW + 9000);
	assert_false(passes(limits, &one, &of_budget[BUDGET_LOGIN], NOW,
			    &at));
	assert_int_equal(at, NOW + 9000);
	assert_true(passes(limits, &one, &plain, NOW, &at));
	assert_true(passes(limits, &one, &of_budget[BUDGET_USER_CALL], NOW,
			   &at));
	limits_pause(limits, &one, &plain, NOW, NOW + 7000);
	assert_false(passes(limits, &one, &plain, NOW, &at));
	assert_false(passes(limits, &one, &of_budget[BUDGET_USER_CALL], NOW,
			    &at));
	assert_int_equal(at, NOW + 7000);
	assert_true(passes(limits, &two, &plain, NOW, &at));
}

static void a_gateway_speaks_to_one_key_only(void **state)
{
	CLEANUP(limits_free) struct limits *limits = limits_new(&settings);
	CLEANUP(request_done) struct request chat = { 0 };
	int64_t at;

	(void)state;
	request_start(&chat, METHOD_POST, PEER_HOST, "http://h", "%s", "/v1");
	request_header(&chat, "Authorization", "Bearer ", SLOT_USER_KEY);
	limits_pause(limits, &one, &chat, NOW, NOW + 9000);
	assert_true(passes(limits, &one, &chat, NOW, &at));
	assert_true(passes(limits, &one, &plain, NOW, &at));
}

static void nobody_is_paused_for_ever(void **state)
{
	CLEANUP(limits_free) struct limits *limits = limits_new(&settings);
	int64_t at;

	(void)state;
	limits_pause(limits, &one, &plain, NOW, INT64_MAX);
	assert_false(passes(limits, &one, &plain, NOW, &at));
	assert_int_equal(at, NOW + HOUR);
	assert_true(passes(limits, &one, &plain, NOW + HOUR, &at));
}

/* ---- clocks that are set ---- */

/* Without anybody telling: what is late by that is bounded. */
static void a_clock_set_back_stops_nobody_for_long(void **state)
{
	static const int64_t jumps[] = { -1, -MINUTE, -HOUR, -DAY,
					 -365 * DAY, -NOW };
	const struct request proof = { .background = true,
				       .token_estimate = 1000 };
	const struct limit_names p = { .provider = "p",
				       .provider_per_minute = 1000 };

	(void)state;
	for (size_t i = 0; i < COUNT(jumps); i++) {
		CLEANUP(limits_free) struct limits *limits =
			limits_new(&settings);
		int64_t now = NOW + jumps[i], at;

		assert_int_equal(how_many(limits, &one, &plain, NOW), 5);
		assert_int_equal(how_many(limits, &p, &proof, NOW), 1);
		limits_pause(limits, &two, &plain, NOW, NOW + HOUR);
		/* No gate is opened by it. */
		assert_false(passes(limits, &one, &plain, now, &at));
		assert_true(at <= now + MINUTE);
		assert_int_equal(how_many(limits, &one, &plain, now + MINUTE),
				 5);
		assert_false(passes(limits, &p, &proof, now, &at));
		assert_true(at <= now + DAY + HOUR);
		assert_true(passes(limits, &p, &proof, now + DAY + HOUR,
				   &at));
		assert_false(passes(limits, &two, &plain, now, &at));
		assert_true(at <= now + HOUR - jumps[i]);
		assert_true(passes(limits, &two, &plain,
				   at > now + HOUR ? now + HOUR : at, &at));
	}
}

/* It frees at most what one window holds. */
static void a_clock_set_forward_opens_no_flood_gates(void **state)
{
	static const int64_t jumps[] = { 1, MINUTE - 1, MINUTE, HOUR, DAY,
					 365 * DAY };

	(void)state;
	for (size_t i = 0; i < COUNT(jumps); i++) {
		CLEANUP(limits_free) struct limits *limits =
			limits_new(&settings);

		assert_int_equal(how_many(limits, &one, &plain, NOW), 5);
		assert_in_range(how_many(limits, &one, &plain,
					 NOW + jumps[i]), 0, 5);
		assert_int_equal(how_many(limits, &one, &plain,
					  NOW + jumps[i]), 0);
		/* And back again. */
		assert_int_equal(how_many(limits, &one, &plain, NOW), 0);
	}
}

/* Whom the engine tells of a jump counts on as if there had been none. */
static void who_is_told_of_a_jump_does_not_notice_it(void **state)
{
	static const int64_t jumps[] = { -DAY, -HOUR, HOUR, DAY };

	(void)state;
	for (size_t i = 0; i < COUNT(jumps); i++) {
		CLEANUP(limits_free) struct limits *limits =
			limits_new(&settings);
		int64_t now = NOW + jumps[i] + 10, at;

		assert_int_equal(how_many(limits, &one, &plain, NOW), 5);
		limits_pause(limits, &two, &plain, NOW, NOW + 7000);
		limits_clock_jumped(limits, jumps[i]);
		assert_false(passes(limits, &one, &plain, now, &at));
		assert_int_equal(at, NOW + jumps[i] + MINUTE);
		assert_false(passes(limits, &two, &plain, now, &at));
		assert_int_equal(at, NOW + jumps[i] + 7000);
		assert_true(passes(limits, &two, &plain, at, &at));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_a_minute_are_counted_by_name),
		cmocka_unit_test(no_minute_has_more_than_the_limit),
		cmocka_unit_test(a_limit_that_is_lowered_holds_at_once),
		cmocka_unit_test(background_proofs_have_a_budget_of_tokens),
		cmocka_unit_test(tokens_come_back_hour_by_hour),
		cmocka_unit_test(what_alone_exceeds_the_budget_goes_alone),
		cmocka_unit_test(
			who_says_when_to_come_again_is_not_asked_before),
		cmocka_unit_test(without_a_key_it_is_the_provider),
		cmocka_unit_test(
			a_host_that_limits_logins_still_takes_the_rest),
		cmocka_unit_test(a_gateway_speaks_to_one_key_only),
		cmocka_unit_test(nobody_is_paused_for_ever),
		cmocka_unit_test(a_clock_set_back_stops_nobody_for_long),
		cmocka_unit_test(a_clock_set_forward_opens_no_flood_gates),
		cmocka_unit_test(who_is_told_of_a_jump_does_not_notice_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
