/*
 * A proof that failed, hop by hop: who is asked, in which order, how often,
 * and what is concluded.
 */
#include "tests/unit/play.h"

#include "schedd/import_mend.h"

#define NEW "0.1.179"
#define MIDDLE "0.1.129"

#define AUTH_FAILED { CHAT, GATEWAY(502, "upstream_error", \
				    "Upstream authentication failed") }
#define UNAVAILABLE { CHAT, GATEWAY(502, "upstream_error", \
			"Upstream service temporarily unavailable") }
#define WELL SHOWN(5, "")
#define READ "GET /api/v1/admin/accounts/5"
/* NOW is 2026-09-21T14:13:20Z. */
#define LIMITED ",\"rate_limit_reset_at\":\"2026-09-21T14:13:25Z\""

static struct play validate(struct import *im, const struct exchange *list,
			    size_t n)
{
	im->memo.models_listed = true;
	im->memo.models_status = 200;
	return play_flow(im, &flow_check, "validate.chat", list, n);
}

#define OURS static const int ours[] = { 5 }; \
	ROWS rows = account_rows(ours, COUNT(ours))

static void each_hop_is_asked_once_and_in_order(void **state)
{
	static const struct exchange list[] = {
		UNAVAILABLE,
		{ DIRECTLY, SAYS(402, "{\"error\":{\"message\":"
				 "\"Insufficient Balance\"}}") },
		{ LIST_ACCOUNTS, SAYS(200, PAGE(WELL)) },
	};
	OURS;
	IMPORT im = check_on(NEW, CHECK_BY_WATCH, rows.list, rows.n);
	PLAY play = validate(im, list, COUNT(list));

	(void)state;
	assert_string_equal(play.path, "validate.chat diagnose.direct"
			    " diagnose.accounts diagnose.end");
	assert_int_equal(play.end.failure, FAILURE_QUOTA_EXHAUSTED);
	CONCLUDED(im, HOP_PROVIDER, FAILURE_QUOTA_EXHAUSTED, NEXT_OPERATOR);
	assert_string_equal(im->diagnosis.account_id, "5");
	assert_int_equal(im->diagnosis.gateway.status, 502);
	assert_int_equal(im->diagnosis.provider.status, 402);
	assert_non_null(strstr(im->diagnosis.provider.text, "Balance"));
	assert_int_equal(im->diagnosis.account.class, FAILURE_NONE);
	assert_true(im->diagnosis.account.at != 0);
	/* The proof is kept, good or not. */
	assert_false(play.proof.ok);
	assert_string_equal(play.proof.check_id, "chk_1");
}

/* It is asked only where it can tell something, and when it can. */
static void the_hosts_log_is_asked_when_it_has_the_row(void **state)
{
	static const struct exchange list[] = {
		AUTH_FAILED,
		{ DIRECTLY, WORD },
		{ LOG, SAYS(200, PAGE("{\"id\":9,\"request_id\":"
			"\"itm_1-nonce12345\",\"account_id\":5,"
			"\"status_code\":401}")) },
		{ LIST_ACCOUNTS, SAYS(200, PAGE(WELL)) },
	};
	OURS;
	IMPORT im = check_on(MIDDLE, CHECK_BY_WATCH, rows.list, rows.n);
	PLAY play = validate(im, list, COUNT(list));

	(void)state;
	assert_string_equal(play.path, "validate.chat diagnose.direct"
			    " diagnose.log diagnose.accounts diagnose.end");
	assert_in_range(play.waited_ms, 1000, 1500);
	assert_non_null(strstr(play.asks[2], "q=itm_1-nonce12345&"));
	assert_int_equal(im->diagnosis.upstream.status, 401);
	CONCLUDED(im, HOP_ACCOUNT, FAILURE_KEY_REPLACED, NEXT_OPERATOR);
}

/* A host without that log is no worse for it. */
static void a_host_without_a_log_is_judged_without(void **state)
{
	static const struct exchange list[] = {
		UNAVAILABLE,
		{ DIRECTLY, WORD },
		{ LOG, SAYS_PAGE(404) },
		{ LIST_ACCOUNTS, SAYS(200, PAGE(WELL)) },
	};
	OURS;
	IMPORT im = check_on(MIDDLE, CHECK_BY_WATCH, rows.list, rows.n);
	PLAY play = validate(im, list, COUNT(list));

	(void)state;
	assert_int_equal(im->diagnosis.upstream.at, 0);
	CONCLUDED(im, HOP_GATEWAY, FAILURE_UPSTREAM_FAILED, NEXT_RETRY);
	assert_int_equal(play.end.kind, VERDICT_FAILED);
}

/* The user's key: what the host says of it is enough to know the hop. */
static void what_is_wrong_with_the_key_is_at_the_key(void **state)
{
	static const struct exchange list[] = {
		{ CHAT, SAYS(403, "{\"code\":\"USER_INACTIVE\","
			     "\"message\":\"inactive\"}") },
		{ DIRECTLY, WORD },
		{ LIST_ACCOUNTS, SAYS(200, PAGE(WELL)) },
	};
	OURS;
	IMPORT im = check_on(NEW, CHECK_BY_WATCH, rows.list, rows.n);
	PLAY play = { 0 };

	(void)state;
	im->memo.renewed_key = true;
	play = validate(im, list, COUNT(list));
	assert_string_equal(hop_name(im->diagnosis.hop), "key");
	assert_string_equal(play.path, "validate.chat diagnose.direct"
			    " diagnose.accounts diagnose.end");
}

static void nobody_else_is_asked_where_the_host_is_out_of_reach(void **state)
{
	static const struct exchange silent[] = {
		{ MODELS, LOST(TRANSPORT_REFUSED) },
	};
	static const struct exchange shut[] = {
		{ MODELS, LOST(TRANSPORT_TLS) },
	};
	static const struct {
		const struct exchange *list;
		enum failure why;
	} cases[] = {
		{ silent, FAILURE_REFUSED }, { shut, FAILURE_TLS },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		OURS;
		IMPORT im = check_on(NEW, CHECK_BY_WATCH, rows.list, rows.n);
		PLAY play = play_flow(im, &flow_check, "validate.models",
				      cases[i].list, 1);

		assert_string_equal(play.path, "validate.models"
				    " diagnose.end");
		CONCLUDED(im, HOP_HOST, cases[i].why, NEXT_RETRY);
		assert_int_equal(im->diagnosis.provider.at, 0);
	}
}

/* The models were listed a moment ago: it is the chat that hangs. */
static void a_provider_that_hangs_is_not_taken_for_the_host(void **state)
{
	static const struct exchange list[] = {
		{ CHAT, LOST(TRANSPORT_SILENT) },
		{ DIRECTLY, LOST(TRANSPORT_SILENT) },
		{ LIST_ACCOUNTS, SAYS(200, PAGE(WELL)) },
	};
	OURS;
	IMPORT im = check_on(MIDDLE, CHECK_BY_WATCH, rows.list, rows.n);
	PLAY play = validate(im, list, COUNT(list));

	(void)state;
	assert_int_equal(play.end.kind, VERDICT_FAILED);
	CONCLUDED(im, HOP_PROVIDER, FAILURE_DEAD_END, NEXT_RETRY);
}

/* ---- accounts ---- */

/* One of the others may have answered: it is looked at, with its own key. */
static void another_account_than_the_items_may_be_the_cause(void **state)
{
#define ERRED ",\"status\":\"error\",\"error_message\":\"401: no\""
	static const int ids[] = { 5, 6 };
	static const struct exchange list[] = {
		AUTH_FAILED,
		{ DIRECTLY, WORD },
		{ LOG, SAYS(200, PAGE("")) },
		{ LIST_ACCOUNTS, SAYS(200, PAGE(WELL "," SHOWN(6, ERRED))) },
		{ DIRECTLY, SAYS(401, "{\"error\":{\"message\":"
				 "\"Invalid key\"}}") },
		{ LIST_ACCOUNTS, SAYS(200, PAGE(WELL "," SHOWN(6, ERRED))) },
	};
	ROWS rows = account_rows(ids, COUNT(ids));
	IMPORT im = check_on(MIDDLE, CHECK_BY_WATCH, rows.list, rows.n);
	PLAY play = validate(im, list, COUNT(list));

	(void)state;
	assert_int_equal(play.end.failure, FAILURE_KEY_INVALID);
	assert_string_equal(im->diagnosis.account_id, "6");
	CONCLUDED(im, HOP_PROVIDER, FAILURE_KEY_INVALID, NEXT_OPERATOR);
	assert_int_equal(im->diagnosis.provider.status, 401);
}

/* What a person switched off did not answer, and is not to be blamed. */
static void an_account_that_is_off_did_not_answer(void **state)
{
	static const int ids[] = { 5, 6 };
	static const struct exchange list[] = {
		UNAVAILABLE,
		{ DIRECTLY, WORD },
		{ LOG, SAYS(200, PAGE("")) },
		{ LIST_ACCOUNTS, SAYS(200, PAGE(WELL "," SHOWN(6, OFF))) },
	};
	/* Nobody answered: then it may be why. */
	static const struct exchange nobody[] = {
		{ CHAT, NOBODY },
		{ DIRECTLY, WORD },
		{ LIST_ACCOUNTS, SAYS(200, PAGE(SHOWN(5, OFF))) },
	};
	ROWS rows = account_rows(ids, COUNT(ids));
	IMPORT im = check_on(MIDDLE, CHECK_BY_WATCH, rows.list, 2);
	IMPORT alone = check_on(MIDDLE, CHECK_BY_WATCH, rows.list, 1);
	PLAY play = validate(im, list, COUNT(list));
	PLAY other = { 0 };

	(void)state;
	assert_int_equal(play.end.failure, FAILURE_UPSTREAM_FAILED);
	CONCLUDED(im, HOP_GATEWAY, FAILURE_UPSTREAM_FAILED, NEXT_RETRY);
	alone->step_since = NOW - 60000;
	other = validate(alone, nobody, COUNT(nobody));
	assert_int_equal(other.end.failure, FAILURE_ACCOUNT_OFF);
	CONCLUDED(alone, HOP_ACCOUNT, FAILURE_ACCOUNT_OFF, NEXT_OPERATOR);
}

/* It may be on the next page. */
static void a_list_that_is_cut_off_says_nothing(void **state)
{
	static const struct exchange list[] = {
		UNAVAILABLE,
		{ DIRECTLY, WORD },
		{ LOG, SAYS(200, PAGE("")) },
		{ LIST_ACCOUNTS, SAYS(200, CUT_PAGE(SHOWN(4, ""))) },
	};
	static const struct exchange before[] = {
		{ LIST_ACCOUNTS, SAYS(200, CUT_PAGE(SHOWN(5, CONVERTS))) },
		{ MODELS, LISTED },
		{ CHAT, WORD },
	};
	OURS;
	IMPORT im = check_on(MIDDLE, CHECK_BY_WATCH, rows.list, rows.n);
	IMPORT fine = check_on(MIDDLE, CHECK_BY_WATCH, rows.list, rows.n);
	PLAY play = validate(im, list, COUNT(list));
	PLAY proven = play_flow(fine, &flow_check, "check.begin", before,
				COUNT(before));

	(void)state;
	CONCLUDED(im, HOP_GATEWAY, FAILURE_UPSTREAM_FAILED, NEXT_RETRY);
	assert_false(im->memo.all_seen);
	assert_int_equal(proven.end.kind, VERDICT_DONE);
	assert_false(fine->memo.all_seen);
}

/* ---- before the proof ---- */

static void all_well_costs_a_look_and_a_proof(void **state)
{
	static const struct exchange list[] = {
		{ LIST_ACCOUNTS, SAYS(200, PAGE(WELL)) },
		{ MODELS, LISTED },
		{ CHAT, WORD },
	};
	OURS;
	IMPORT im = check_on(NEW, CHECK_BY_WATCH, rows.list, rows.n);
	PLAY play = play_flow(im, &flow_check, "check.begin", list,
			      COUNT(list));

	(void)state;
	assert_int_equal(play.end.kind, VERDICT_DONE);
	assert_true(play.proof.ok);
	assert_true(im->memo.all_seen);
	assert_string_equal(play.events, "");
	assert_int_equal(im->memo.finding, 0);
	assert_int_equal(play.waited_ms, 0);
}

static void what_is_out_of_order_is_found_while_others_answer(void **state)
{
	static const int ids[] = { 5, 6, 7 };
#define BOTH_OFF PAGE(WELL "," SHOWN(6, OFF) "," SHOWN(7, OFF))
	static const struct exchange list[] = {
		{ LIST_ACCOUNTS, SAYS(200, BOTH_OFF) },
		{ LIST_ACCOUNTS, SAYS(200, BOTH_OFF) },
		{ LIST_ACCOUNTS, SAYS(200, BOTH_OFF) },
		{ LIST_ACCOUNTS, SAYS(200, BOTH_OFF) },
		{ LIST_ACCOUNTS, SAYS(200, BOTH_OFF) },
		{ MODELS, LISTED },
		{ CHAT, WORD },
	};
	ROWS rows = account_rows(ids, COUNT(ids));
	IMPORT im = check_on(NEW, CHECK_BY_WATCH, rows.list, rows.n);
	PLAY play = play_flow(im, &flow_check, "check.begin", list,
			      COUNT(list));
	AUTO_FREE char *found = xasprintf(",6:%d,,7:%d,", FAILURE_ACCOUNT_OFF,
					  FAILURE_ACCOUNT_OFF);

	(void)state;
	assert_int_equal(play.end.kind, VERDICT_DONE);
	assert_true(im->memo.all_seen);
	assert_string_equal(im->memo.found, found);
	assert_int_equal(im->memo.finding, FAILURE_ACCOUNT_OFF);
	/* What a person decided costs no tokens of the provider. */
	assert_null(strstr(play.path, "diagnose.direct"));
}

/* A group of hundreds that are out must not keep a check for ever. */
static void not_all_of_many_are_looked_at(void **state)
{
	IMPORT im = import_on(NEW);
	struct resource row = account_row(123456);
	size_t n = 0;

	(void)state;
	while (import_can_look(im)) {
		im->memo.suspect = 100000 + (int64_t)n++;
		import_looked_at(im);
		assert_true(n < 100);
	}
	assert_in_range(n, 5, 40);
	assert_false(import_was_looked_at(im, &row));
	/* The last one that fitted is known. */
	own_set(&row.host_resource_id, "");
	free(row.host_resource_id);
	row.host_resource_id = xasprintf("%zu", 100000 + n - 1);
	assert_true(import_was_looked_at(im, &row));
	/* An id is not found in another that contains it. */
	own_set(&row.host_resource_id, "1000");
	assert_false(import_was_looked_at(im, &row));
	resource_done(&row);
}

/* ---- a channel ---- */

static void a_channel_may_be_in_the_way(void **state)
{
#define CHANNEL(id, groups, restricts) "{\"id\":" #id ",\"name\":" \
	"\"channel " #id "\",\"status\":\"active\"," \
	"\"restrict_models\":" restricts ",\"group_ids\":[" groups "]}"
#define CHANNELS "GET /api/v1/admin/channels?page="
	static const struct exchange list[] = {
		{ CHAT, NOBODY },
		{ DIRECTLY, WORD },
		{ LIST_ACCOUNTS, SAYS(200, PAGE(WELL)) },
		{ CHANNELS "1&", SAYS(200, CUT_PAGE(
			CHANNEL(1, "8", "true") ","
			CHANNEL(2, "7", "false"))) },
		{ CHANNELS "2&", SAYS(200, PAGE(
			CHANNEL(3, "8,7", "true"))) },
	};
	OURS;
	IMPORT im = check_on(NEW, CHECK_BY_WATCH, rows.list, rows.n);
	PLAY play = { 0 };

	(void)state;
	im->step_since = NOW - 60000;
	play = validate(im, list, COUNT(list));
	assert_int_equal(play.end.failure, FAILURE_CHANNEL_RESTRICTS);
	CONCLUDED(im, HOP_GATEWAY, FAILURE_CHANNEL_RESTRICTS, NEXT_OPERATOR);
	assert_string_equal(im->item.failure_detail, "channel 3");
}

/* ---- the host's own test ---- */

static void a_host_that_tests_by_chat_is_asked_last(void **state)
{
	static const struct exchange list[] = {
		UNAVAILABLE,
		{ DIRECTLY, WORD },
		{ LOG, SAYS(200, PAGE("")) },
		{ LIST_ACCOUNTS, SAYS(200, PAGE(WELL)) },
		{ "POST /api/v1/admin/accounts/5/test", SAYS_TEXT(200,
			"data: {\"type\":\"test_start\"}\n\ndata: {\"type\":"
			"\"error\",\"error\":\"Chat Completions API "
			"returned 401: bad key\"}\n\n") },
	};
	OURS;
	IMPORT im = check_on(NEW, CHECK_BY_WATCH, rows.list, rows.n);
	PLAY play = { 0 };

	(void)state;
	im->features.test_by_chat = true;
	play = validate(im, list, COUNT(list));
	assert_int_equal(play.end.kind, VERDICT_FAILED);
	assert_string_equal(play.path, "validate.chat diagnose.direct"
			    " diagnose.log diagnose.accounts diagnose.end"
			    " diagnose.test diagnose.end");
	assert_int_equal(im->diagnosis.upstream.status, 401);
	CONCLUDED(im, HOP_ACCOUNT, FAILURE_KEY_REPLACED, NEXT_OPERATOR);
}

/* ---- an import ---- */

/* It knows of no other account, and looks only where a proof failed. */
static void an_import_looks_at_its_own_account(void **state)
{
	static const struct exchange list[] = {
		{ CHAT, GATEWAY(403, "permission_error",
				"API key is disabled") },
		{ DIRECTLY, WORD },
		{ LIST_ACCOUNTS, SAYS(200, PAGE(WELL "," SHOWN(9, OFF))) },
	};
	IMPORT im = import_on(NEW);
	PLAY play = { 0 };

	(void)state;
	has(im, IMPORT_GROUP, RESOURCE_MAKING, "7");
	has(im, IMPORT_ACCOUNT, RESOURCE_MAKING, "5");
	own_set(&im->resources[IMPORT_ACCOUNT].wanted_json, FULL_WANTED);
	own_set(&im->resources[IMPORT_ACCOUNT].lookup,
		"p-example-1|subscription|fp5");
	im->accounts = &im->resources[IMPORT_ACCOUNT];
	im->naccounts = 1;
	own_set(&im->resources[IMPORT_KEY].secret_id, "sec_key");
	im->memo.renewed_key = im->memo.models_listed = true;
	play = play_flow(im, &flow_import, "validate.chat", list,
			 COUNT(list));
	assert_int_equal(play.end.kind, VERDICT_FAILED);
	assert_string_equal(play.path, "validate.chat diagnose.direct"
			    " diagnose.accounts diagnose.end");
	assert_string_equal(im->diagnosis.account_id, "5");
}

/* What a check that was answered directly so long ago asks after this. */
static void asks_directly(const struct said *said, int64_t ago_ms,
			  const struct exchange *list, size_t n)
{
	OURS;
	IMPORT im = check_on(NEW, CHECK_BY_WATCH, rows.list, rows.n);
	struct exchange all[8] = { { CHAT, *said } };
	PLAY play = { 0 };

	memcpy(all + 1, list, n * sizeof(*list));
	snprintf(im->diagnosis.account_id, sizeof(im->diagnosis.account_id),
		 "5");
	im->diagnosis.provider = (struct evidence){ .at = NOW - ago_ms,
						    .status = 200 };
	play = play_flow(im, &flow_check, "validate.chat", all, n + 1);
	assert_int_equal(play.end.kind, VERDICT_DONE);
}

/*
 * A provider that takes every second question would, asked directly after each
 * proof that it refuses, refuse each proof.
 */
static void what_the_provider_said_holds_for_a_minute(void **state)
{
	static const struct said busy = GATEWAY(429, "rate_limit_error",
		"Upstream rate limit exceeded, please retry later");
	static const struct said refused = GATEWAY(502, "upstream_error",
		"Upstream authentication failed");
	static const struct exchange asked[] = {
		{ DIRECTLY, WORD },
		{ LOG, SAYS(200, PAGE("")) },
		{ LIST_ACCOUNTS, SAYS(200, PAGE(SHOWN(5, LIMITED))) },
		{ READ, SAYS(200, ENVELOPE(WELL)) },
		{ MODELS, LISTED },
		{ CHAT, WORD },
	};
	const struct exchange direct[] = {
		asked[0], asked[2], asked[3], asked[4], asked[5],
	};

	(void)state;
	asks_directly(&busy, 59999, asked + 2, COUNT(asked) - 2);
	asks_directly(&busy, 60000, direct, COUNT(direct));
	/* No time cures that: has the key been revoked since? */
	asks_directly(&refused, 1, asked, COUNT(asked));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_hop_is_asked_once_and_in_order),
		cmocka_unit_test(
			the_hosts_log_is_asked_when_it_has_the_row),
		cmocka_unit_test(a_host_without_a_log_is_judged_without),
		cmocka_unit_test(what_is_wrong_with_the_key_is_at_the_key),
		cmocka_unit_test(
			nobody_else_is_asked_where_the_host_is_out_of_reach),
		cmocka_unit_test(
			a_provider_that_hangs_is_not_taken_for_the_host),
		cmocka_unit_test(
			another_account_than_the_items_may_be_the_cause),
		cmocka_unit_test(an_account_that_is_off_did_not_answer),
		cmocka_unit_test(a_list_that_is_cut_off_says_nothing),
		cmocka_unit_test(all_well_costs_a_look_and_a_proof),
		cmocka_unit_test(
			what_is_out_of_order_is_found_while_others_answer),
		cmocka_unit_test(not_all_of_many_are_looked_at),
		cmocka_unit_test(a_channel_may_be_in_the_way),
		cmocka_unit_test(a_host_that_tests_by_chat_is_asked_last),
		cmocka_unit_test(an_import_looks_at_its_own_account),
		cmocka_unit_test(what_the_provider_said_holds_for_a_minute),
	};

	return cmocka_run_group_tests(tests, read_settings, drop_settings);
}
