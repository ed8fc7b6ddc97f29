/*
 * A proof that failed, hop by hop: who is asked, in which order, how often,
 * and what is concluded.
 */
#include "tests/unit/play.h"

#define NEW "0.1.179"
#define MIDDLE "0.1.129"

#define BEGIN_FAILED(status, type, message) \
	{ CHAT, GATEWAY(status, type, message) }
#define AUTH_502 502, "upstream_error", "Upstream authentication failed"
#define WELL SHOWN(5, "")

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
		BEGIN_FAILED(502, "upstream_error",
			     "Upstream service temporarily unavailable"),
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
		BEGIN_FAILED(AUTH_502),
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
		BEGIN_FAILED(502, "upstream_error",
			     "Upstream service temporarily unavailable"),
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

static void another_account_than_the_items_may_be_the_cause(void **state)
{
	static const int ids[] = { 5, 6 };
	static const struct exchange list[] = {
		BEGIN_FAILED(AUTH_502),
		{ DIRECTLY, WORD },		/* with the key of 5 */
		{ LOG, SAYS(200, PAGE("")) },
		{ LIST_ACCOUNTS, SAYS(200, PAGE(WELL ","
			SHOWN(6, "\"schedulable\":false,\"x\":"
				 "\"first wins\","))) },
		{ DIRECTLY, SAYS(401, "{\"error\":{\"message\":"
				 "\"Invalid key\"}}") },	/* 6's key */
		{ LIST_ACCOUNTS, SAYS(200, PAGE(WELL ","
			SHOWN(6, "\"schedulable\":false,\"x\":"
				 "\"first wins\","))) },
	};
	ROWS rows = account_rows(ids, COUNT(ids));
	IMPORT im = check_on(MIDDLE, CHECK_BY_WATCH, rows.list, rows.n);
	PLAY play = { 0 };

	(void)state;
	(void)list;
	(void)im;
	(void)play;
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
	};

	return cmocka_run_group_tests(tests, read_settings, drop_settings);
}
