/*
 * Putting an account right after a proof that failed, and what was seen of it
 * before.
 */
#include "tests/unit/play.h"

#include "schedd/import_mend.h"
#include "shared/owned_key.h"

#define MIDDLE "0.1.129"
#define NEW "0.1.179"

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

#define ERRED ",\"status\":\"error\",\"error_message\":\"401: no\""
#define FAILS { CHAT, GATEWAY(502, "api_error", \
			      "Upstream stream ended without a word") }

static void a_proof_that_fails_is_tried_again_after_a_repair(void **state)
{
	static const struct exchange list[] = {
		FAILS,
		{ DIRECTLY, WORD },
		{ LOG, SAYS(200, PAGE("")) },
		LISTS(SHOWN(5, CONVERTS)),
		{ PATCH, PATCHED },
		{ READ, IS(WELL) },
		{ MODELS, LISTED },
		/* So soon it may still be the old copy: asked once more. */
		FAILS,
		{ MODELS, LISTED },
		{ CHAT, WORD },
	};
	OURS;
	IMPORT im = check_on(MIDDLE, CHECK_BY_WATCH, rows.list, rows.n);
	PLAY play = play_flow(im, &flow_check, "validate.chat", list,
			      COUNT(list));

	(void)state;
	assert_int_equal(play.end.kind, VERDICT_DONE);
	assert_int_equal(im->memo.rounds, 1);
	assert_true(play.proof.ok);
	assert_true(play.waited_ms >= HOST_MEND_GAP_MS);
}

/* Nothing explains it but an old copy: the scheduler is told, once a round. */
static void a_nudge_is_followed_by_a_proof(void **state)
{
	static const struct exchange list[] = {
		{ "*" CHAT, NOBODY },
		{ DIRECTLY, WORD },
		LISTS(WELL),
		{ "GET /api/v1/admin/channels?", SAYS(200, PAGE("")) },
		{ PATCH, PATCHED },
		{ READ, IS(WELL) },
		{ MODELS, LISTED },
		{ CHAT, WORD },
	};
	OURS;
	IMPORT im = check_on(NEW, CHECK_BY_WATCH, rows.list, rows.n);
	PLAY play = play_flow(im, &flow_check, "validate.chat", list,
			      COUNT(list));

	(void)state;
	assert_int_equal(play.end.kind, VERDICT_DONE);
	assert_non_null(strstr(play.events, "nudge"));
	assert_int_equal(rows.list[0].mends, 0);
}

/* The gateway hides what the provider said; the account shows no such thing. */
static void what_is_hidden_by_nobody_of_ours_is_not_looked_at_for_ever(
	void **state)
{
	static const struct exchange list[] = {
		{ CHAT, GATEWAY(500, "api_error",
				"Upstream gateway error") },
		{ DIRECTLY, WORD },
		{ LOG, SAYS(200, PAGE("")) },
		LISTS(WELL),
		{ READ, IS(WELL) },
	};
	OURS;
	IMPORT im = check_on(MIDDLE, CHECK_BY_WATCH, rows.list, rows.n);
	PLAY play = play_flow(im, &flow_check, "validate.chat", list,
			      COUNT(list));

	(void)state;
	assert_int_equal(play.end.failure, FAILURE_ERROR_CODES_HIDE);
	CONCLUDED(im, HOP_ACCOUNT, FAILURE_ERROR_CODES_HIDE, NEXT_OPERATOR);
}

/* A host that stumbles in the middle. */
static void a_repair_is_asked_again_for_the_same(void **state)
{
	static const struct exchange list[] = {
		LISTS(SHOWN(5, CONVERTS)),
		{ DIRECTLY, WORD },
		LISTS(SHOWN(5, CONVERTS)),
		{ PATCH, SAYS_TEXT(502, "bad gateway") },
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
	assert_string_equal(play.asks[4], play.asks[3]);
	assert_int_equal(im->memo.mends, 1);
}

/* ---- what was seen before ---- */

/* Switched off before it fell ill: that was a person. */
static void how_it_was_before_is_remembered(void **state)
{
	OURS;
	IMPORT im = check_on(NEW, CHECK_BY_WATCH, rows.list, rows.n);
	struct resource *r = &rows.list[0];
	json_auto_t *well = json_loads(SHOWN(5, OFF), 0, NULL);
	json_auto_t *ill = json_loads(SHOWN(5, ERRED OFF), 0, NULL);
	struct import_case the;

	(void)state;
	import_keep_seen(im, r, well, 0);
	own_set(&r->live_json, im->watched.live_json);
	resource_done(&im->watched);
	import_case(im, r, ill, &the);
	assert_false(json_is_true(json_object_get(the.the.last,
						  "schedulable")));
	assert_string_equal(json_string_value(json_object_get(the.the.last,
			    "status")), "active");
	assert_ptr_equal(the.the.live, ill);
	import_case_done(&the);
	/* The same again is not written again. */
	import_keep_seen(im, r, well, 0);
	assert_null(im->watched.resource_id);
	/* What is wrong is kept whole: the next step mends upon it. */
	import_keep_seen(im, r, ill, 1u << HOST_SYMPTOM_KEY);
	own_set(&r->live_json, im->watched.live_json);
	import_case(im, r, NULL, &the);
	assert_true(json_equal(the.the.live, ill));
	assert_true(owned_key_refused(the.seen));
	import_case_done(&the);
	/* That its key was refused holds until it is well. */
	import_keep_seen(im, r, ill, 1u << HOST_SYMPTOM_ERROR);
	assert_non_null(strstr(r->live_json, OWNED_KEY_REFUSED));
	import_keep_seen(im, r, well, 0);
	assert_null(strstr(im->watched.live_json, OWNED_KEY_REFUSED));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_proof_that_fails_is_tried_again_after_a_repair),
		cmocka_unit_test(a_nudge_is_followed_by_a_proof),
		cmocka_unit_test(a_repair_is_asked_again_for_the_same),
		cmocka_unit_test(how_it_was_before_is_remembered),
		cmocka_unit_test(
		what_is_hidden_by_nobody_of_ours_is_not_looked_at_for_ever),
	};

	return cmocka_run_group_tests(tests, read_settings, drop_settings);
}
