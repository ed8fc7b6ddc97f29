/*
 * Keys of somebody real: whose they are, what their owner gets, where they
 * are bound; and keys of managed users of self service.
 */
#include "tests/unit/play.h"

#include "schedd/check.h"

#define NEW "0.1.179"
#define OWNERS "GET /api/v1/admin/users?include_subscriptions=false"
#define KEYS(user) "GET /api/v1/admin/users/" #user "/api-keys?"
#define SUBSCRIPTIONS(user) \
	"GET /api/v1/admin/users/" #user "/subscriptions"
#define ASSIGN "POST /api/v1/admin/subscriptions/assign"
#define BIND(key) "PUT /api/v1/admin/api-keys/" #key
#define LIST(items) SAYS(200, PAGE(items))
#define KEY(id, print, group) "{\"id\":" #id ",\"key\":\"" print "\"," \
	"\"group_id\":" group ",\"status\":\"active\"," \
	"\"group\":{\"name\":\"theirs\"}}"
#define BOUND(group) SAYS(200, ENVELOPE("{\"api_key\":{\"id\":31," \
	"\"group_id\":" group "}}"))
#define SUBSCRIBED SAYS(200, ENVELOPE("{\"id\":6,\"group_id\":7," \
	"\"status\":\"active\",\"expires_at\":\"2099-01-01T00:00:00Z\"}"))
#define PRINT "00112233aabbccdd"

/* A run that is proven with somebody's key; account and group are made. */
static struct import *given(enum access_mode mode, bool rebind)
{
	struct import *im = import_on(NEW);

	im->run.access_mode = mode;
	im->run.given_key = GIVEN_KEY_PROBE;
	im->run.rebind = rebind;
	im->run.given_key_secret_id = xstrdup("sec_given");
	im->run.given_key_fingerprint = xstrdup(PRINT);
	snprintf(im->given_selector, sizeof(im->given_selector), "key:"
		 PRINT);
	json_array_clear(im->selectors);
	has(im, IMPORT_GROUP, RESOURCE_MAKING, "7");
	has(im, IMPORT_ACCOUNT, RESOURCE_MAKING, "5");
	im->accounts = &im->resources[IMPORT_ACCOUNT];
	im->naccounts = 1;
	return im;
}

static struct play prove(struct import *im, const struct exchange *list,
			 size_t n)
{
	return play_flow(im, &flow_import, "access.user", list, n);
}

/* ---- whose it is ---- */

static void its_owner_is_found_subscribed_and_the_key_moved(void **state)
{
	static const struct exchange list[] = {
		{ OWNERS, LIST("{\"id\":41},{\"id\":42}") },
		/* One whose key ends alike, but is another. */
		{ KEYS(41), LIST(KEY(30, "ffffffffffffffff", "7")) },
		{ OWNERS, LIST("{\"id\":41},{\"id\":42}") },
		{ KEYS(42), LIST(KEY(29, "eeeeeeeeeeeeeeee", "3") ","
				 KEY(31, PRINT, "null")) },
		{ SUBSCRIPTIONS(42), SAYS(200, ENVELOPE("[]")) },
		{ ASSIGN, SUBSCRIBED },
		{ BIND(31), BOUND("7") },
		{ MODELS, LISTED },
		{ CHAT, WORD },
	};
	IMPORT im = given(ACCESS_SUBSCRIPTION, false);
	PLAY play = prove(im, list, COUNT(list));

	(void)state;
	assert_int_equal(play.end.kind, VERDICT_DONE);
	assert_non_null(strstr(play.asks[6], "{\"group_id\":7}"));
	assert_int_equal(im->memo.owner, 42);
	assert_int_equal(im->memo.owner_key, 31);
	assert_int_equal(im->memo.owner_group, 0);
	assert_true(im->memo.rebound);
	assert_string_equal(play.proof.key_source, "probe_api_key");
	assert_string_equal(play.proof.requested_key, PRINT);
}

/* A host shows a thousand keys of a user at a time. */
static void it_is_looked_for_on_every_page(void **state)
{
#define PAGE_OF(n, items) SAYS(200, ENVELOPE("{\"items\":[" items "]," \
	"\"total\":1001,\"page\":" #n ",\"pages\":2}"))
	static const struct exchange list[] = {
		{ OWNERS, LIST("{\"id\":42}") },
		{ KEYS(42) "page=1&", PAGE_OF(1, KEY(29, "eeeeeeee", "3")) },
		{ KEYS(42) "page=2&", PAGE_OF(2, KEY(31, PRINT, "7")) },
		{ MODELS, LISTED },
		{ CHAT, WORD },
	};
	IMPORT im = given(ACCESS_SELF_SERVICE, false);
	PLAY play = prove(im, list, COUNT(list));

	(void)state;
	assert_int_equal(play.end.kind, VERDICT_DONE);
	assert_int_equal(im->memo.owner_key, 31);
	assert_int_equal(im->memo.page, 0);
}

static void a_key_that_is_here_already_is_not_moved(void **state)
{
	static const struct exchange list[] = {
		{ OWNERS, LIST("{\"id\":42}") },
		{ KEYS(42), LIST(KEY(31, PRINT, "7")) },
		{ MODELS, LISTED },
		{ CHAT, WORD },
	};
	IMPORT im = given(ACCESS_SELF_SERVICE, false);
	PLAY play = prove(im, list, COUNT(list));

	(void)state;
	assert_int_equal(play.end.kind, VERDICT_DONE);
	assert_false(im->memo.rebound);
}

static void a_key_of_nobody_is_unknown(void **state)
{
	static const struct exchange list[] = {
		{ OWNERS, LIST("{\"id\":41}") },
		{ KEYS(41), LIST(KEY(30, "ffffffffffffffff", "7")) },
		{ OWNERS, LIST("{\"id\":41}") },
	};
	IMPORT im = given(ACCESS_SUBSCRIPTION, false);
	PLAY play = prove(im, list, COUNT(list));

	(void)state;
	assert_int_equal(play.end.failure, FAILURE_PROBE_KEY_UNKNOWN);
	assert_non_null(im->item.failure_detail);
}

/* ---- where it is bound ---- */

static void a_key_that_serves_elsewhere_stays_there(void **state)
{
	static const struct exchange list[] = {
		{ OWNERS, LIST("{\"id\":42}") },
		{ KEYS(42), LIST(KEY(31, PRINT, "3")) },
	};
	IMPORT im = given(ACCESS_SUBSCRIPTION, false);
	PLAY play = prove(im, list, COUNT(list));

	(void)state;
	assert_int_equal(play.end.failure,
			 FAILURE_PROBE_KEY_BOUND_ELSEWHERE);
	assert_non_null(strstr(im->item.failure_detail, "group 3 (theirs)"));
	assert_false(im->memo.rebound);
}

static void a_key_that_may_be_moved_is_and_goes_back(void **state)
{
	static const struct exchange list[] = {
		{ OWNERS, LIST("{\"id\":42}") },
		{ KEYS(42), LIST(KEY(31, PRINT, "3")) },
		{ BIND(31), BOUND("7") },
		{ MODELS, LISTED },
		{ CHAT, WORD },
	};
	static const struct exchange back[] = {
		{ KEYS(42), LIST(KEY(31, PRINT, "7")) },
		{ BIND(31), BOUND("3") },
	};
	IMPORT im = given(ACCESS_SELF_SERVICE, true);
	PLAY play = prove(im, list, COUNT(list));
	PLAY undone = { 0 };

	(void)state;
	assert_int_equal(play.end.kind, VERDICT_DONE);
	assert_int_equal(im->memo.owner_group, 3);
	/* Should anything fail after that: */
	im->memo.live = true;
	has(im, IMPORT_GROUP, RESOURCE_PRESENT, "7");
	has(im, IMPORT_ACCOUNT, RESOURCE_PRESENT, "5");
	import_fail(im, FAILURE_TIMEOUT);
	undone = play_flow(im, &flow_import, "undo.rebind", back,
			   COUNT(back));
	assert_non_null(strstr(undone.asks[1], "{\"group_id\":3}"));
	assert_false(im->memo.rebound);
	assert_true(im->moved_back);
}

/* Nobody knows whether the host moved it: it goes back all the same. */
static void a_move_whose_end_was_not_seen_is_taken_back(void **state)
{
	static const struct said lost = LOST(TRANSPORT_SILENT);
	CLEANUP(answer_done) struct answer answer = answer_made(&lost);
	IMPORT im = given(ACCESS_SELF_SERVICE, true);

	(void)state;
	im->memo.owner_key = 31;
	im->memo.owner_group = 3;
	got_bind_key(im, &answer);
	assert_true(im->memo.rebound);
	check_asks(ask_undo_rebind, im,
		   "PUT https://host.example/api/v1/admin/api-keys/31");
}

/* Another key would not be bound to it either. */
static void no_key_is_drawn_for_a_group_that_is_gone(void **state)
{
	static const struct said gone = SAYS(404,
					     REASON(404, "GROUP_NOT_FOUND"));
	CLEANUP(answer_done) struct answer answer = answer_made(&gone);
	IMPORT im = import_on(NEW);
	IMPORT of_alice = given(ACCESS_SELF_SERVICE, true);

	(void)state;
	im->run.access_mode = ACCESS_SELF_SERVICE;
	has(im, IMPORT_KEY, RESOURCE_MAKING, "31");
	check_verdict("ours", got_bind_key(im, &answer),
		      (struct verdict)FAIL(FAILURE_GONE));
	assert_int_equal(im->resources[IMPORT_KEY].state, RESOURCE_MAKING);
	check_verdict("given", got_bind_key(of_alice, &answer),
		      (struct verdict)FAIL(FAILURE_GONE));
}

/* What a person was given in a group that stays is taken back. */
static void a_subscription_of_somebody_real_is_taken_back(void **state)
{
	IMPORT im = given(ACCESS_SUBSCRIPTION, false);

	(void)state;
	has(im, IMPORT_SUBSCRIPTION, RESOURCE_PRESENT, "6");
	check_asks(ask_undo_subscription, im, "");
	im->memo.assigned = true;
	check_asks(ask_undo_subscription, im, "");
	im->memo.live = true;
	check_asks(ask_undo_subscription, im,
		   "DELETE " ADMIN "/subscriptions/6");
	/* What another import of the key is proven by stays. */
	im->subscription_stays = true;
	check_asks(ask_undo_subscription, im, "");
	im->subscription_stays = false;
	/* One that assigned it left it to us, when it failed before us. */
	im->memo.assigned = false;
	own_set(&im->resources[IMPORT_SUBSCRIPTION].origin, "created");
	check_asks(ask_undo_subscription, im,
		   "DELETE " ADMIN "/subscriptions/6");
	own_set(&im->resources[IMPORT_SUBSCRIPTION].origin, "reused");
	check_asks(ask_undo_subscription, im, "");
	im->memo.assigned = true;
	/* That of a managed user is worth keeping. */
	im->run.given_key = GIVEN_KEY_NONE;
	check_asks(ask_undo_subscription, im, "");
}

/* What a person took away is not given back by a check. */
static void a_check_gives_nobody_real_anything(void **state)
{
	static const struct exchange list[] = {
		{ MODELS, SAYS(403, "{\"code\":\"SUBSCRIPTION_NOT_FOUND\","
			       "\"message\":\"no\"}") },
		{ DIRECTLY, WORD },
		{ LIST_ACCOUNTS, SAYS(200, PAGE(SHOWN(5, ""))) },
	};
	static const int ids[] = { 5 };
	ROWS rows = account_rows(ids, 1);
	IMPORT im = check_on(NEW, CHECK_BY_WATCH, rows.list, rows.n);
	PLAY play = { 0 };

	(void)state;
	im->run.given_key = GIVEN_KEY_ACCESS;
	im->run.given_key_secret_id = xstrdup("sec_given");
	im->run.given_key_fingerprint = xstrdup(PRINT);
	play = play_flow(im, &flow_check, "validate.models", list,
			 COUNT(list));
	assert_int_equal(play.end.kind, VERDICT_FAILED);
	assert_string_equal(hop_name(im->diagnosis.hop), "key");
	assert_int_equal(im->resources[IMPORT_SUBSCRIPTION].state,
			 RESOURCE_PRESENT);
}

/* ---- managed users of self service ---- */

static struct import *self_service(void)
{
	struct import *im = import_on(NEW);

	im->run.access_mode = ACCESS_SELF_SERVICE;
	has(im, IMPORT_GROUP, RESOURCE_MAKING, "7");
	has(im, IMPORT_ACCOUNT, RESOURCE_MAKING, "5");
	has(im, IMPORT_USER, RESOURCE_PRESENT, "4");
	has(im, IMPORT_TOKEN, RESOURCE_PRESENT, NULL);
	own_set(&im->resources[IMPORT_TOKEN].secret_id, "sec_token");
	own_set(&im->resources[IMPORT_KEY].secret_id, "sec_key");
	own_set(&im->host.run_mode, "standard");
	im->accounts = &im->resources[IMPORT_ACCOUNT];
	im->naccounts = 1;
	return im;
}

/* Bound by the administrator, which is what gives the right to the group. */
static void a_key_is_made_free_and_then_bound(void **state)
{
	static const struct exchange list[] = {
		{ "POST /api/v1/keys", SAYS(200, ENVELOPE("{\"id\":31}")) },
		{ BIND(31), BOUND("7") },
		{ MODELS, LISTED },
		{ CHAT, WORD },
	};
	IMPORT im = self_service();
	PLAY play = prove(im, list, COUNT(list));

	(void)state;
	assert_int_equal(play.end.kind, VERDICT_DONE);
	assert_null(strstr(play.asks[0], "group_id"));
	assert_int_equal(im->resources[IMPORT_KEY].state, RESOURCE_PRESENT);
	assert_true(im->memo.created_key);
	assert_null(strstr(play.path, "access.assign"));
	assert_string_equal(play.proof.key_source, "managed_self_service");
}

#define BROKE SAYS(403, "{\"code\":\"INSUFFICIENT_BALANCE\"," \
	"\"message\":\"no money\"}")

static void an_empty_purse_is_filled_once(void **state)
{
	static const struct exchange list[] = {
		{ MODELS, BROKE },
		{ "POST /api/v1/admin/users/4/balance",
		  SAYS(200, ENVELOPE("{\"id\":4}")) },
		{ MODELS, BROKE },
		{ DIRECTLY, WORD },
		{ LIST_ACCOUNTS, SAYS(200, PAGE(SHOWN(5, ""))) },
	};
	static const int ids[] = { 5 };
	ROWS rows = account_rows(ids, 1);
	IMPORT im = check_on(NEW, CHECK_BY_WATCH, rows.list, rows.n);
	PLAY play = { 0 };

	(void)state;
	im->run.access_mode = ACCESS_SELF_SERVICE;
	im->memo.top_up = 3;		/* as the ledger allowed it */
	play = play_flow(im, &flow_check, "validate.models", list,
			 COUNT(list));
	assert_int_equal(play.end.failure, FAILURE_BALANCE_EXHAUSTED);
	assert_non_null(strstr(play.events, "repaired {\"repair\":\"top_up\","
			       "\"resource\":\"user\",\"id\":\"4\""));
	assert_non_null(strstr(play.asks[1], "\"balance\":3"));
	assert_int_equal(im->top_up_ended, TOP_UP_DONE);
	assert_string_equal(hop_name(im->diagnosis.hop), "key");
}

/* No budget: the host is not asked, and the gateway's word stands. */
static void without_a_budget_an_empty_purse_stays_so(void **state)
{
	static const struct exchange list[] = {
		{ MODELS, BROKE },
		{ MODELS, BROKE },
		{ DIRECTLY, WORD },
		{ LIST_ACCOUNTS, SAYS(200, PAGE(SHOWN(5, ""))) },
	};
	static const int ids[] = { 5 };
	ROWS rows = account_rows(ids, 1);
	IMPORT im = check_on(NEW, CHECK_BY_WATCH, rows.list, rows.n);
	PLAY play = { 0 };

	(void)state;
	im->run.access_mode = ACCESS_SELF_SERVICE;
	play = play_flow(im, &flow_check, "validate.models", list,
			 COUNT(list));
	assert_int_equal(play.end.failure, FAILURE_BALANCE_EXHAUSTED);
	assert_true(im->memo.topped_up);
	assert_string_equal(play.events, "");
}

#define USAGE(balance) "{\"isValid\":true,\"balance\":" balance "," \
	"\"remaining\":" balance "}"

/* Before it is empty: the proof was good, and is not made again. */
static void a_purse_that_is_nearly_empty_is_filled(void **state)
{
	static const struct exchange low[] = {
		{ "GET /v1/usage", SAYS(200, USAGE("0.15")) },
		{ "POST /api/v1/admin/users/4/balance",
		  SAYS(200, ENVELOPE("{\"id\":4}")) },
	};
	static const struct exchange refused[] = {
		{ "GET /v1/usage", SAYS(200, USAGE("0.15")) },
		{ "POST /api/v1/admin/users/4/balance",
		  SAYS(404, "{\"code\":404,\"message\":\"none\"}") },
	};
	static const struct exchange enough[] = {
		{ "GET /v1/usage", SAYS(200, USAGE("0.25")) },
	};
	static const struct exchange silent[] = {
		{ "GET /v1/usage", SAYS(200, "{\"remaining\":-1}") },
	};
	static const struct {
		const struct exchange *list;
		size_t n;
		int ended;
	} cases[] = {
		{ low, 2, TOP_UP_DONE }, { refused, 2, TOP_UP_FAILED },
		{ enough, 1, TOP_UP_OPEN }, { silent, 1, TOP_UP_OPEN },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		static const int ids[] = { 5 };
		ROWS rows = account_rows(ids, 1);
		IMPORT im = check_on(NEW, CHECK_BY_WATCH, rows.list, rows.n);
		PLAY play = { 0 };

		im->run.access_mode = ACCESS_SELF_SERVICE;
		im->memo.top_up = 1;
		play = play_flow(im, &flow_check, "check.balance",
				 cases[i].list, cases[i].n);
		assert_int_equal(play.end.kind, VERDICT_DONE);
		assert_int_equal(im->top_up_ended, cases[i].ended);
		assert_null(strstr(play.path, "validate"));
	}
}

/* Somebody real pays for himself; who has a subscription needs no money. */
static void nobody_else_is_asked_what_he_has(void **state)
{
	static const int ids[] = { 5 };
	ROWS rows = account_rows(ids, 1);
	IMPORT im = check_on(NEW, CHECK_BY_WATCH, rows.list, rows.n);
	CLEANUP(request_done) struct request request = { 0 };

	(void)state;
	im->run.access_mode = ACCESS_SUBSCRIPTION;
	assert_false(ask_check_balance(im, &request));
	assert_false(import_want_top_up(im));
	im->run.access_mode = ACCESS_SELF_SERVICE;
	im->memo.topped_up = true;
	assert_false(import_want_top_up(im));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			its_owner_is_found_subscribed_and_the_key_moved),
		cmocka_unit_test(it_is_looked_for_on_every_page),
		cmocka_unit_test(a_key_that_is_here_already_is_not_moved),
		cmocka_unit_test(a_key_of_nobody_is_unknown),
		cmocka_unit_test(a_key_that_serves_elsewhere_stays_there),
		cmocka_unit_test(a_key_that_may_be_moved_is_and_goes_back),
		cmocka_unit_test(no_key_is_drawn_for_a_group_that_is_gone),
		cmocka_unit_test(a_move_whose_end_was_not_seen_is_taken_back),
		cmocka_unit_test(
			a_subscription_of_somebody_real_is_taken_back),
		cmocka_unit_test(a_check_gives_nobody_real_anything),
		cmocka_unit_test(a_key_is_made_free_and_then_bound),
		cmocka_unit_test(an_empty_purse_is_filled_once),
		cmocka_unit_test(without_a_budget_an_empty_purse_stays_so),
		cmocka_unit_test(a_purse_that_is_nearly_empty_is_filled),
		cmocka_unit_test(nobody_else_is_asked_what_he_has),
	};

	return cmocka_run_group_tests(tests, read_settings, drop_settings);
}
