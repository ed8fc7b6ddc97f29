/*
 * Putting an account right: planned, done, read back, proven; and where CRM
 * has to stop.
 */
#include "tests/unit/play.h"

#include "schedd/import_mend.h"
#include "shared/owned_key.h"

#define OLD "0.1.126"
#define MIDDLE "0.1.129"
#define NEW "0.1.179"
#define HOUR INT64_C(3600000)

#define READ "GET /api/v1/admin/accounts/5"
#define PATCH "POST /api/v1/admin/accounts/bulk-update"
#define PATCHED SAYS(200, ENVELOPE("{\"success\":1,\"failed\":0," \
	"\"success_ids\":[5]}"))
#define IS(live) SAYS(200, ENVELOPE(live))
#define WELL SHOWN(5, "")
#define LISTS(accounts) { LIST_ACCOUNTS, SAYS(200, PAGE(accounts)) }
#define PROVEN { MODELS, LISTED }, { CHAT, WORD }

#define OURS static const int ours[] = { 5 }; \
	ROWS rows = account_rows(ours, COUNT(ours))

static struct play check(struct import *im, const struct exchange *list,
			 size_t n)
{
	return play_flow(im, &flow_check, "check.begin", list, n);
}

/* ---- before the proof ---- */

static void what_drifted_is_mended_and_then_proven(void **state)
{
	static const struct exchange list[] = {
		LISTS(SHOWN(5, CONVERTS)),
		{ DIRECTLY, WORD },
		LISTS(SHOWN(5, CONVERTS)),
		{ PATCH, PATCHED },
		{ READ, IS(WELL) },
		LISTS(WELL),
		PROVEN,
	};
	OURS;
	IMPORT im = check_on(NEW, CHECK_BY_WATCH, rows.list, rows.n);
	PLAY play = check(im, list, COUNT(list));

	(void)state;
	assert_int_equal(play.end.kind, VERDICT_DONE);
	assert_non_null(strstr(play.asks[3], "force_chat_completions"));
	assert_non_null(strstr(play.events, "repaired {\"account_id\":\"5\""));
	assert_non_null(strstr(play.events, "raw_chat"));
	assert_int_equal(im->memo.mends, 1);
	/* A person could have set it: it is counted. */
	assert_int_equal(rows.list[0].mends, 1);
	assert_true(rows.list[0].mended_at != 0);
	/* The scheduler's copy is older for a moment. */
	assert_true(play.waited_ms >= HOST_MEND_GAP_MS);
	assert_int_equal(im->memo.finding, 0);
	assert_true(im->memo.all_seen);
}

/* What lacks nothing but its armour works: it is mended all the same. */
static void an_account_without_its_armour_gets_it(void **state)
{
	static const struct exchange list[] = {
		LISTS(WELL),
		{ DIRECTLY, WORD },
		LISTS(WELL),
		{ PATCH, PATCHED },
		{ READ, IS("{\"id\":5,\"platform\":\"openai\",\"type\":"
			"\"apikey\",\"status\":\"active\",\"name\":"
			"\"p crm-abc123-account5\",\"schedulable\":true,"
			"\"credentials\":{\"base_url\":\"https://p.example/v1\","
			MAPPING ",\"pool_mode\":true,\"pool_mode_retry_count\":"
			"0},\"extra\":{" MODE "},\"group_ids\":[7]}") },
		LISTS(WELL),
		PROVEN,
	};
	OURS;
	IMPORT im = check_on(NEW, CHECK_BY_WATCH, rows.list, rows.n);
	PLAY play = { 0 };

	(void)state;
	own_set(&rows.list[0].wanted_json, "{\"platform\":\"openai\","
		"\"type\":\"apikey\",\"credentials\":{\"base_url\":"
		"\"https://p.example/v1\"," MAPPING ",\"pool_mode\":true,"
		"\"pool_mode_retry_count\":0},\"extra\":{" MODE "},"
		"\"group_ids\":[7]}");
	play = check(im, list, COUNT(list));
	assert_int_equal(play.end.kind, VERDICT_DONE);
	assert_non_null(strstr(play.asks[3], "pool_mode"));
	assert_int_equal(im->memo.finding, 0);
}

/* What the host did to it nobody undoes: that is not counted. */
static void an_illness_that_has_passed_is_recovered(void **state)
{
#define ERRED ",\"status\":\"error\",\"error_message\":\"401: no\""
	static const struct exchange list[] = {
		LISTS(SHOWN(5, ERRED)),
		{ DIRECTLY, WORD },
		LISTS(SHOWN(5, ERRED)),
		{ "POST /api/v1/admin/accounts/5/recover-state", IS(WELL) },
		{ READ, IS(WELL) },
		LISTS(WELL),
		PROVEN,
	};
	OURS;
	IMPORT im = check_on(MIDDLE, CHECK_BY_WATCH, rows.list, rows.n);
	PLAY play = { 0 };

	(void)state;
	rows.list[0].mends = 99;
	rows.list[0].mended_at = NOW - HOUR;
	play = check(im, list, COUNT(list));
	assert_int_equal(play.end.kind, VERDICT_DONE);
	assert_non_null(strstr(play.events, "recover"));
	assert_int_equal(rows.list[0].mends, 99);
}

/* Recovered while its key is refused it would only fall ill again. */
static void an_illness_whose_cause_lasts_is_left(void **state)
{
	static const struct exchange list[] = {
		LISTS(SHOWN(5, ERRED)),
		{ DIRECTLY, SAYS(401, "{\"error\":{\"message\":"
				 "\"Invalid key\"}}") },
		LISTS(SHOWN(5, ERRED)),
		LISTS(SHOWN(5, ERRED)),
		{ MODELS, LISTED },
		{ "*" CHAT, NOBODY },
		{ DIRECTLY, SAYS(401, "{\"error\":{\"message\":"
				 "\"Invalid key\"}}") },
		LISTS(SHOWN(5, ERRED)),
	};
	OURS;
	IMPORT im = check_on(MIDDLE, CHECK_BY_WATCH, rows.list, rows.n);
	PLAY play = { 0 };

	(void)state;
	im->settings = &settings;
	play = check(im, list, COUNT(list));
	assert_int_equal(play.end.failure, FAILURE_KEY_INVALID);
	CONCLUDED(im, HOP_PROVIDER, FAILURE_KEY_INVALID, NEXT_OPERATOR);
	assert_string_equal(play.events, "");
}

/* A model that thinks first used up the few tokens: the key is good. */
static void an_empty_word_of_the_provider_is_no_illness(void **state)
{
	static const struct exchange list[] = {
		LISTS(SHOWN(5, ERRED)),
		{ DIRECTLY, SAYS(200, "{\"choices\":[{\"message\":{"
			"\"content\":\"\"},\"finish_reason\":\"length\"}]}") },
		LISTS(SHOWN(5, ERRED)),
		{ "POST /api/v1/admin/accounts/5/recover-state", IS(WELL) },
		{ READ, IS(WELL) },
		LISTS(WELL),
		PROVEN,
	};
	OURS;
	IMPORT im = check_on(MIDDLE, CHECK_BY_WATCH, rows.list, rows.n);
	PLAY play = check(im, list, COUNT(list));

	(void)state;
	assert_int_equal(play.end.kind, VERDICT_DONE);
}

/* ---- where CRM stops ---- */

static void what_is_undone_again_and_again_is_left(void **state)
{
	static const struct exchange list[] = {
		LISTS(SHOWN(5, CONVERTS)),
		{ DIRECTLY, WORD },
		LISTS(SHOWN(5, CONVERTS)),
		LISTS(SHOWN(5, CONVERTS)),
		PROVEN,
	};
	OURS;
	IMPORT im = check_on(NEW, CHECK_BY_WATCH, rows.list, rows.n);
	PLAY play = { 0 };

	(void)state;
	rows.list[0].mends = settings.watch_repairs;
	rows.list[0].mended_at = NOW - HOUR;
	play = check(im, list, COUNT(list));
	assert_int_equal(play.end.kind, VERDICT_DONE);
	assert_int_equal(im->memo.mends, 0);
	assert_int_equal(im->memo.finding, FAILURE_RESPONSES_FORCED);
	assert_int_equal(im->diagnosis.next, NEXT_GAVE_UP);
}

/* Where the proof fails for it, that is said. */
static void giving_up_is_the_conclusion_of_a_proof_that_fails(void **state)
{
	static const struct exchange list[] = {
		{ CHAT, GATEWAY(502, "api_error",
				"Upstream stream ended without a word") },
		{ DIRECTLY, WORD },
		{ LOG, SAYS(200, PAGE("")) },
		LISTS(SHOWN(5, CONVERTS)),
	};
	OURS;
	IMPORT im = check_on(NEW, CHECK_BY_WATCH, rows.list, rows.n);
	PLAY play = { 0 };

	(void)state;
	rows.list[0].mends = settings.watch_repairs;
	rows.list[0].mended_at = NOW - HOUR;
	play = play_flow(im, &flow_check, "validate.chat", list, COUNT(list));
	assert_int_equal(play.end.failure, FAILURE_RESPONSES_FORCED);
	CONCLUDED(im, HOP_ACCOUNT, FAILURE_RESPONSES_FORCED, NEXT_GAVE_UP);
}

static void may_mend_again(const char *by, int64_t mends, int64_t ago)
{
	static const struct exchange list[] = {
		LISTS(SHOWN(5, CONVERTS)),
		{ DIRECTLY, WORD },
		LISTS(SHOWN(5, CONVERTS)),
		{ PATCH, PATCHED },
		{ READ, IS(WELL) },
		LISTS(WELL),
		PROVEN,
	};
	OURS;
	IMPORT im = check_on(NEW, by, rows.list, rows.n);
	PLAY play = { 0 };

	rows.list[0].mends = mends;
	rows.list[0].mended_at = NOW - ago;
	play = check(im, list, COUNT(list));
	assert_int_equal(play.end.kind, VERDICT_DONE);
	assert_int_equal(im->memo.mends, 1);
}

static void an_operator_may_have_it_mended_all_the_same(void **state)
{
	(void)state;
	may_mend_again("tok_1", settings.watch_repairs, HOUR);
}

static void what_was_long_ago_does_not_count(void **state)
{
	(void)state;
	may_mend_again(CHECK_BY_WATCH, settings.watch_repairs,
		       settings.watch_repairs_hours * HOUR);
	may_mend_again(CHECK_BY_WATCH, settings.watch_repairs - 1, HOUR);
}

static void a_short_limit_is_waited_out(void **state)
{
	/* NOW is 2026-09-21T14:13:20Z. */
#define LIMITED ",\"rate_limit_reset_at\":\"2026-09-21T14:13:25Z\""
	static const struct exchange list[] = {
		LISTS(SHOWN(5, LIMITED)),
		{ DIRECTLY, WORD },
		LISTS(SHOWN(5, LIMITED)),
		{ READ, IS(WELL) },
		LISTS(WELL),
		PROVEN,
	};
	OURS;
	IMPORT im = check_on(NEW, CHECK_BY_WATCH, rows.list, rows.n);
	PLAY play = check(im, list, COUNT(list));

	(void)state;
	assert_int_equal(play.end.kind, VERDICT_DONE);
	assert_in_range(play.waited_ms, 5000, 8000);
	/* Nothing was done: nothing is told, nothing is counted. */
	assert_string_equal(play.events, "");
	assert_int_equal(rows.list[0].mends, 0);
}

static void an_account_that_is_gone_is_a_persons_word(void **state)
{
	static const struct exchange list[] = {
		LISTS(""),
		{ DIRECTLY, WORD },
		LISTS(""),
		{ READ, SAYS(404, REASON(404, "ACCOUNT_NOT_FOUND")) },
		LISTS(""),
		{ MODELS, LISTED },
		{ "*" CHAT, NOBODY },
		LISTS(""),
		{ READ, SAYS(404, REASON(404, "ACCOUNT_NOT_FOUND")) },
	};
	OURS;
	IMPORT im = check_on(NEW, CHECK_BY_WATCH, rows.list, rows.n);
	PLAY play = check(im, list, COUNT(list));

	(void)state;
	assert_int_equal(play.end.failure, FAILURE_GONE);
	CONCLUDED(im, HOP_ACCOUNT, FAILURE_GONE, NEXT_OPERATOR);
	assert_string_equal(play.events, "");
}

/* It was taken out of the group: read by itself it is found, and put back. */
static void an_account_out_of_its_group_is_put_back(void **state)
{
	static const struct exchange list[] = {
		LISTS(""),
		{ DIRECTLY, WORD },
		LISTS(""),
		{ READ, IS(SHOWN(5, ",\"group_ids\":[3]")) },
		{ "GET /api/v1/admin/groups/7", IS("{\"id\":7,\"name\":"
		  "\"g crm-abc123-group111\"}") },
		{ PATCH, PATCHED },
		{ READ, IS(SHOWN(5, ",\"group_ids\":[3,7]")) },
		LISTS(WELL),
		PROVEN,
	};
	OURS;
	IMPORT im = check_on(NEW, CHECK_BY_WATCH, rows.list, rows.n);
	PLAY play = check(im, list, COUNT(list));

	(void)state;
	assert_int_equal(play.end.kind, VERDICT_DONE);
	assert_non_null(strstr(play.asks[5], "\"group_ids\":[3,7]"));
	assert_non_null(strstr(play.events, "regroup"));
}

static void nothing_is_bound_to_a_group_that_is_anothers_by_now(void **state)
{
	static const struct exchange list[] = {
		LISTS(""),
		{ DIRECTLY, WORD },
		LISTS(""),
		{ READ, IS(SHOWN(5, ",\"group_ids\":[3]")) },
		{ "GET /api/v1/admin/groups/7", IS("{\"id\":7,\"name\":"
		  "\"VIP\",\"description\":\"\"}") },
		{ READ, IS(SHOWN(5, ",\"group_ids\":[3]")) },
		LISTS(""),
		{ MODELS, LISTED },
		{ "*" CHAT, NOBODY },
		LISTS(""),
		{ READ, IS(SHOWN(5, ",\"group_ids\":[3]")) },
		{ "GET /api/v1/admin/groups/7", IS("{\"id\":7,\"name\":"
		  "\"VIP\",\"description\":\"\"}") },
		{ READ, IS(SHOWN(5, ",\"group_ids\":[3]")) },
	};
	OURS;
	IMPORT im = check_on(NEW, CHECK_BY_WATCH, rows.list, rows.n);
	PLAY play = check(im, list, COUNT(list));

	(void)state;
	assert_int_equal(play.end.kind, VERDICT_FAILED);
	assert_null(strstr(play.events, "regroup"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_drifted_is_mended_and_then_proven),
		cmocka_unit_test(an_account_without_its_armour_gets_it),
		cmocka_unit_test(an_illness_that_has_passed_is_recovered),
		cmocka_unit_test(an_illness_whose_cause_lasts_is_left),
		cmocka_unit_test(an_empty_word_of_the_provider_is_no_illness),
		cmocka_unit_test(what_is_undone_again_and_again_is_left),
		cmocka_unit_test(
			giving_up_is_the_conclusion_of_a_proof_that_fails),
		cmocka_unit_test(an_operator_may_have_it_mended_all_the_same),
		cmocka_unit_test(what_was_long_ago_does_not_count),
		cmocka_unit_test(a_short_limit_is_waited_out),
		cmocka_unit_test(an_account_that_is_gone_is_a_persons_word),
		cmocka_unit_test(an_account_out_of_its_group_is_put_back),
		cmocka_unit_test(
			nothing_is_bound_to_a_group_that_is_anothers_by_now),
	};

	return cmocka_run_group_tests(tests, read_settings, drop_settings);
}
