/*
 * User, login, subscription and key: what each step makes of the answers.
 */
#include "tests/unit/import_fixture.h"

#define NEW "0.1.179"
#define EMAIL "relay-sub-alice.abc123@crm.invalid"
#define USERS(list) SAYS(200, ENVELOPE("{\"items\":[" list "],\"total\":1," \
	"\"page\":1,\"page_size\":100,\"pages\":1}"))
#define USER "{\"id\":4,\"email\":\"" EMAIL "\"}"
#define OTHER "{\"id\":3,\"email\":\"x" EMAIL "\"}"
#define MADE(id) SAYS(200, ENVELOPE("{\"id\":" #id "}"))
#define MINUTE INT64_C(60000)

static void making(struct import *im)
{
	has(im, IMPORT_GROUP, RESOURCE_MAKING, "7");
	has(im, IMPORT_USER, RESOURCE_MAKING, NULL);
	has(im, IMPORT_TOKEN, RESOURCE_MAKING, NULL);
	has(im, IMPORT_SUBSCRIPTION, RESOURCE_MAKING, NULL);
	has(im, IMPORT_KEY, RESOURCE_MAKING, NULL);
	im->resources[IMPORT_USER].wanted_json =
		xstrdup("{\"email\":\"" EMAIL "\"}");
	im->resources[IMPORT_SUBSCRIPTION].wanted_json = xstrdup("{}");
}

static void one_doubt(const struct import *im)
{
	assert_int_equal(im->memo.doubts, 1);
}

/* ---- user ---- */

static void user_is_4(const struct import *im)
{
	check_settled(im, IMPORT_USER, "4");
}

static void a_user_is_found_by_its_address(void **state)
{
	static const struct step_case cases[] = {
		{ "ours", NULL, USERS(OTHER "," USER), TO("access.login"),
		  user_is_4 },
		{ "like ours", NULL, USERS(OTHER), ON, NULL },
		{ "nobody", NULL, USERS(""), ON, NULL },
	};
	IMPORT im = import_on(NEW);

	(void)state;
	walk(got_find_user, NEW, making, cases, COUNT(cases));
	walk_reader(got_find_user, NEW, making);
	check_asks(ask_find_user, im, "GET " ADMIN "/users?search="
		   "relay-sub-alice.abc123%40crm.invalid&page=1"
		   "&page_size=100&include_subscriptions=false");
}

static void a_user_is_made(void **state)
{
	static const struct step_case cases[] = {
		{ "made", NULL, MADE(4), ON, user_is_4 },
		{ "there already", NULL, SAYS(409, REASON(409,
							  "EMAIL_EXISTS")),
		  LOOK("access.find_user", FAILURE_HOST_REFUSED),
		  one_doubt },
	};
	IMPORT im = import_on(NEW);

	(void)state;
	walk(got_create_user, NEW, making, cases, COUNT(cases));
	walk(got_create_user, NEW, making, refusals, COUNT(refusals));
	walk_maker(got_create_user, NEW, making, "access.find_user");
	making(im);
	check_asks(ask_create_user, im, "POST " ADMIN "/users");
	own_set(&im->resources[IMPORT_USER].wanted_json, "?");
	check_asks(ask_create_user, im, "");
	check_unasked("no body", got_create_user, im,
		      (struct verdict)FAIL(FAILURE_INTERNAL));
}

/* ---- subscription ---- */

#define SUBSCRIPTION(group, status, until) \
	"{\"id\":6,\"group_id\":" #group ",\"status\":\"" status "\"," \
	"\"expires_at\":\"" until "\"}"
#define NOTED(notes) \
	"{\"id\":6,\"group_id\":7,\"status\":\"active\",\"expires_at\":" \
	"\"" LONG "\",\"notes\":\"" notes "\"}"
#define LONG "2099-01-01T00:00:00Z"
#define PAST "2001-01-01T00:00:00Z"
#define LISTS(list) SAYS(200, ENVELOPE("[" list "]"))

static void subscription_is_6(const struct import *im)
{
	check_settled(im, IMPORT_SUBSCRIPTION, "6");
}

static void is_made_by_us(const struct import *im)
{
	subscription_is_6(im);
	assert_string_equal(im->resources[IMPORT_SUBSCRIPTION].origin,
			    "created");
}

/* And so is never taken away by us. */
static void is_of_others(const struct import *im)
{
	const struct resource *r = &im->resources[IMPORT_SUBSCRIPTION];

	assert_int_equal(r->state, RESOURCE_PRESENT);
	assert_string_equal(r->host_resource_id, "6");
	assert_string_equal(r->origin, "reused");
}

static void to_be_extended(const struct import *im)
{
	const struct resource *r = &im->resources[IMPORT_SUBSCRIPTION];

	assert_string_equal(r->host_resource_id, "6");
	assert_int_equal(r->state, RESOURCE_MAKING);
	/* A rollback goes by this. */
	assert_non_null(r->prior_json);
	assert_non_null(strstr(r->prior_json, "\"extended_days\":30"));
	assert_non_null(strstr(r->prior_json, "\"expires_at\":\"2"));
}

static void to_be_assigned(const struct import *im)
{
	assert_null(im->resources[IMPORT_SUBSCRIPTION].host_resource_id);
}

static void a_subscription_that_serves_is_taken(void **state)
{
	static const struct step_case cases[] = {
		{ "serves", NULL, LISTS(SUBSCRIPTION(7, "active", LONG)),
		  TO("access.key"), is_of_others },
		{ "serves, and carries our notes", NULL,
		  LISTS(NOTED("crm-abc123")), TO("access.key"),
		  is_made_by_us },
		{ "serves, and another CRM assigned it", NULL,
		  LISTS(NOTED("crm-abc124")), TO("access.key"),
		  is_of_others },
		{ "has ended", NULL, LISTS(SUBSCRIPTION(7, "active", PAST)),
		  ON, to_be_extended },
		{ "says that it has ended", NULL,
		  LISTS(SUBSCRIPTION(7, "expired", LONG)), ON,
		  to_be_extended },
		{ "was revoked", NULL,
		  LISTS(SUBSCRIPTION(7, "revoked", LONG)), ON,
		  to_be_assigned },
		{ "is to another group", NULL,
		  LISTS(SUBSCRIPTION(8, "active", LONG)), ON,
		  to_be_assigned },
		{ "none", NULL, LISTS(""), ON, to_be_assigned },
	};
	IMPORT im = import_on(NEW);

	(void)state;
	walk(got_subscribed, NEW, making, cases, COUNT(cases));
	walk_reader(got_subscribed, NEW, making);
	has(im, IMPORT_USER, RESOURCE_PRESENT, "4");
	check_asks(ask_subscribed, im,
		   "GET " ADMIN "/users/4/subscriptions");
}

static void a_subscription_is_assigned_or_extended(void **state)
{
	static const struct step_case cases[] = {
		{ "assigned", NULL, SAYS(200, ENVELOPE(
			SUBSCRIPTION(7, "active", LONG))), TO("access.key"),
		  is_made_by_us },
		{ "there on other terms", NULL,
		  SAYS(409, REASON(409, "SUBSCRIPTION_ASSIGN_CONFLICT")),
		  LOOK("access.subscribed", FAILURE_HOST_REFUSED),
		  one_doubt },
		{ "no such group", NULL,
		  SAYS(404, REASON(404, "GROUP_NOT_FOUND")),
		  FAIL(FAILURE_GONE), NULL },
	};
	IMPORT im = import_on(NEW);

	(void)state;
	walk(got_assign, NEW, making, cases, COUNT(cases));
	walk(got_assign, NEW, making, refusals, COUNT(refusals));
	walk_maker(got_assign, NEW, making, "access.subscribed");
	making(im);
	check_asks(ask_assign, im, "POST " ADMIN "/subscriptions/assign");
	has(im, IMPORT_SUBSCRIPTION, RESOURCE_MAKING, "6");
	check_asks(ask_assign, im, "POST " ADMIN "/subscriptions/6/extend");
}

/* ---- key ---- */

static void key_is_2(const struct import *im)
{
	check_settled(im, IMPORT_KEY, "2");
	assert_true(im->memo.created_key);
}

static void token_is_wanted_again(const struct import *im)
{
	assert_int_equal(im->resources[IMPORT_TOKEN].state, RESOURCE_WANTED);
	assert_true(im->changed[IMPORT_TOKEN]);
}

static void subscription_is_gone(const struct import *im)
{
	assert_int_equal(im->resources[IMPORT_SUBSCRIPTION].state,
			 RESOURCE_GONE);
}

static void a_key_is_made(void **state)
{
	static const struct step_case cases[] = {
		{ "made", NULL, MADE(2), TO("access.whoami"), key_is_2 },
		{ "there already", NULL,
		  SAYS(409, REASON(409, "API_KEY_EXISTS")), ON, NULL },
		{ "asked for before, for another group", NULL,
		  SAYS(409, REASON(409, "IDEMPOTENCY_KEY_CONFLICT")), ON,
		  NULL },
		{ "asked for by one of us who died", NULL,
		  SAYS(409, REASON(409, "IDEMPOTENCY_IN_PROGRESS")),
		  LOOK("access.find_key", FAILURE_TRANSIENT), NULL },
		{ "the login has ended", NULL,
		  SAYS(401, REASON(401, "TOKEN_EXPIRED")),
		  LOOK("access.login", FAILURE_HOST_AUTH),
		  token_is_wanted_again },
		{ "the subscription was taken away", NULL,
		  SAYS(403, REASON(403, "GROUP_NOT_ALLOWED")),
		  LOOK("access.subscription", FAILURE_HOST_REFUSED),
		  subscription_is_gone },
	};
	IMPORT im = import_on(NEW);

	(void)state;
	walk(got_create_key, NEW, making, cases, COUNT(cases));
	walk_maker(got_create_key, NEW, making, "access.create_key");
	check_asks(ask_create_key, im,
		   "POST https://host.example/api/v1/keys");
}

#define KEYS(list) SAYS(200, ENVELOPE("{\"items\":[" list "],\"total\":1," \
	"\"page\":1,\"page_size\":100,\"pages\":1}"))
#define KEY(name, group, status) "{\"id\":2,\"name\":\"" name "\"," \
	"\"group_id\":" #group ",\"status\":\"" status "\"}"

static void key_is_gone(const struct import *im)
{
	assert_int_equal(im->resources[IMPORT_KEY].state, RESOURCE_GONE);
	assert_false(im->memo.created_key);
}

static void a_key_that_is_there_is_found(void **state)
{
	static const struct step_case cases[] = {
		{ "ours", NULL, KEYS(KEY("crm-abc123-key11111", 7, "active")),
		  TO("access.whoami"), key_is_2 },
		{ "disabled", NULL,
		  KEYS(KEY("crm-abc123-key11111", 7, "disabled")),
		  LOOK("access.key", FAILURE_KEY_REFUSED), key_is_gone },
		{ "for another group", NULL,
		  KEYS(KEY("crm-abc123-key11111", 8, "active")),
		  LOOK("access.key", FAILURE_KEY_REFUSED), key_is_gone },
		{ "another's", NULL, KEYS(KEY("x", 7, "active")),
		  LOOK("access.key", FAILURE_KEY_REFUSED), key_is_gone },
		{ "the login has ended", NULL,
		  SAYS(401, REASON(401, "TOKEN_EXPIRED")),
		  LOOK("access.login", FAILURE_HOST_AUTH),
		  token_is_wanted_again },
	};
	IMPORT im = import_on(NEW);

	(void)state;
	walk(got_find_key, NEW, making, cases, COUNT(cases));
	walk(got_find_key, NEW, making, troubles, COUNT(troubles));
	walk(got_find_key, NEW, making, doubts, COUNT(doubts));
	check_asks(ask_find_key, im, "GET https://host.example/api/v1/keys"
		   "?search=crm-abc123-key11111&page=1&page_size=100");
}

/* ---- taking turns ---- */

static void each_thing_is_taken_or_passed(void **state)
{
	static const struct {
		const char *name;
		got_step *got;
		int resource;
		const char *present;
	} cases[] = {
		{ "group", got_want_group, IMPORT_GROUP,
		  "provision.known_group" },
		{ "account", got_want_account, IMPORT_ACCOUNT,
		  "confirm.account" },
		{ "user", got_want_user, IMPORT_USER, "access.login" },
		{ "token", got_want_token, IMPORT_TOKEN,
		  "access.subscription" },
		{ "subscription", got_want_subscribed, IMPORT_SUBSCRIPTION,
		  "access.key" },
		{ "key", got_want_key, IMPORT_KEY, "access.whoami" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		IMPORT im = import_on(NEW);

		check_unasked(cases[i].name, cases[i].got, im,
			      take_resource(cases[i].resource,
					    cases[i].present));
	}
}

/* The account is used again: there is no proof group that a key could be for. */
static void a_key_beside_an_account_that_is_there_is_for_the_live_group(
	void **state)
{
	IMPORT im = import_on(NEW);
	CLEANUP(request_done) struct request request = { 0 };

	(void)state;
	im->memo.live = true;
	has(im, IMPORT_GROUP, RESOURCE_PRESENT, "7");
	has(im, IMPORT_ACCOUNT, RESOURCE_PRESENT, "5");
	assert_true(ask_create_key(im, &request));
	assert_non_null(strstr(buf_str(&request.body.text),
			       "\"group_id\":7"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_user_is_found_by_its_address),
		cmocka_unit_test(a_user_is_made),
		cmocka_unit_test(a_subscription_that_serves_is_taken),
		cmocka_unit_test(a_subscription_is_assigned_or_extended),
		cmocka_unit_test(a_key_is_made),
		cmocka_unit_test(
		    a_key_beside_an_account_that_is_there_is_for_the_live_group),
		cmocka_unit_test(a_key_that_is_there_is_found),
		cmocka_unit_test(each_thing_is_taken_or_passed),
	};

	return cmocka_run_group_tests(tests, read_settings, drop_settings);
}
