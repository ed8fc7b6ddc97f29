/* The login of a managed user, and what is done when it is refused. */
#include "schedd/import_steps.h"
#include "tests/unit/import_fixture.h"

#define NEW "0.1.179"
#define EMAIL "relay-sub-alice.abc123@crm.invalid"
#define USERS(list) SAYS(200, ENVELOPE("{\"items\":[" list "],\"total\":1," \
	"\"page\":1,\"page_size\":100}"))
#define USER "{\"id\":4,\"email\":\"" EMAIL "\"}"
#define MINUTE INT64_C(60000)
#define OTHER "{\"id\":3,\"email\":\"x" EMAIL "\"}"

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

static void token_ends_in_time(const struct import *im)
{
	check_settled(im, IMPORT_TOKEN, "-");
	assert_int_equal(im->resources[IMPORT_TOKEN].expires_at,
			 NOW + 60 * MINUTE - 5 * MINUTE);
}

static void drew_user_anew(struct import *im)
{
	im->memo.renewed_user = true;
}

static void a_login(void **state)
{
	static const struct step_case cases[] = {
		{ "a token", NULL,
		  SAYS(200, ENVELOPE("{\"access_token\":\"***\","
				     "\"expires_in\":3600}")),
		  ON, token_ends_in_time },
		{ "a token without an end", NULL,
		  SAYS(200, ENVELOPE("{\"access_token\":\"***\"}")), ON,
		  token_ends_in_time },
		{ "another password", NULL,
		  SAYS(401, REASON(401, "INVALID_CREDENTIALS")),
		  TO("access.check_user"), NULL },
		{ "another password for a fresh user", drew_user_anew,
		  SAYS(401, REASON(401, "INVALID_CREDENTIALS")),
		  FAIL(FAILURE_HOST_REFUSED), NULL },
		{ "a captcha", NULL,
		  SAYS(400, REASON(400, "TURNSTILE_VERIFICATION_FAILED")),
		  FAIL(FAILURE_LOGIN_BLOCKED), NULL },
		{ "too many logins, and no word of how long", NULL,
		  SAYS_TEXT(429, "{\"error\":\"rate limit exceeded\"}"),
		  AGAIN(FAILURE_RATE_LIMITED, 15000), NULL },
		{ "a second factor", NULL,
		  SAYS(200, ENVELOPE("{\"requires_2fa\":true}")),
		  FAIL(FAILURE_LOGIN_BLOCKED), NULL },
		{ "backend mode", NULL,
		  SAYS(403, REASON(403, "BACKEND_MODE_ADMIN_ONLY")),
		  FAIL(FAILURE_BACKEND_MODE), NULL },
	};
	IMPORT im = import_on(NEW);

	(void)state;
	walk(got_token, NEW, making, cases, COUNT(cases));
	walk(got_token, NEW, making, troubles, COUNT(troubles));
	walk(got_token, NEW, making, doubts, COUNT(doubts));
	check_asks(ask_token, im,
		   "POST https://host.example/api/v1/auth/login");
}

static void has_been_given_ours(struct import *im)
{
	im->memo.new_password = true;
}

static void the_password_was_changed(const struct import *im)
{
	assert_non_null(strstr(im->item.failure_detail, "password"));
	assert_int_equal(im->resources[IMPORT_USER].state, RESOURCE_PRESENT);
}

static void it_is_given_ours(const struct import *im)
{
	CLEANUP(request_done) struct request request = { 0 };

	assert_true(ask_set_password(im, &request));
	assert_int_equal(request.method, METHOD_PUT);
	assert_non_null(strstr(request.url, "/api/v1/admin/users/4"));
	assert_int_equal(import_id(im, IMPORT_USER), 4);
}

static void all_goes_with_the_user(const struct import *im)
{
	static const enum import_resource gone[] = {
		IMPORT_USER, IMPORT_SUBSCRIPTION, IMPORT_KEY,
	};

	for (size_t i = 0; i < COUNT(gone); i++) {
		assert_int_equal(im->resources[gone[i]].state, RESOURCE_GONE);
		assert_true(im->changed[gone[i]]);
	}
	assert_true(im->memo.renewed_user);
	/* Who makes the user anew may wait for the login, and we for him. */
	assert_int_equal(im->resources[IMPORT_TOKEN].state, RESOURCE_WANTED);
	assert_true(im->changed[IMPORT_TOKEN]);
}

/* There is no row yet to be closed. */
static void nothing_else_goes(const struct import *im)
{
	assert_int_equal(im->resources[IMPORT_USER].state, RESOURCE_GONE);
	assert_false(im->changed[IMPORT_SUBSCRIPTION]);
	assert_false(im->changed[IMPORT_KEY]);
}

static void user_alone(struct import *im)
{
	has(im, IMPORT_USER, RESOURCE_PRESENT, "4");
	resource_done(&im->resources[IMPORT_SUBSCRIPTION]);
	resource_done(&im->resources[IMPORT_KEY]);
	im->resources[IMPORT_SUBSCRIPTION] = (struct resource){ 0 };
	im->resources[IMPORT_KEY] = (struct resource){ 0 };
}

/* It is for that task to find out. */
static void the_key_is_in_other_hands(struct import *im)
{
	user_alone(im);
	has(im, IMPORT_KEY, RESOURCE_MAKING, NULL);
	own_set(&im->resources[IMPORT_KEY].made_by, "tsk_2");
}

static void all_there(struct import *im)
{
	has(im, IMPORT_USER, RESOURCE_PRESENT, "4");
	has(im, IMPORT_SUBSCRIPTION, RESOURCE_PRESENT, "6");
	has(im, IMPORT_KEY, RESOURCE_PRESENT, "2");
	has(im, IMPORT_TOKEN, RESOURCE_MAKING, NULL);
}

static void a_user_that_cannot_log_in_is_looked_at(void **state)
{
	static const struct step_case cases[] = {
		{ "there", NULL, USERS(USER), TO("access.set_password"),
		  it_is_given_ours },
		{ "there, and was given ours", has_been_given_ours,
		  USERS(USER), FAIL(FAILURE_HOST_REFUSED),
		  the_password_was_changed },
		{ "gone", NULL, USERS(OTHER), TO("access.user"),
		  all_goes_with_the_user },
	};
	static const struct step_case early[] = {
		{ "gone before anything was made for it", NULL, USERS(OTHER),
		  TO("access.user"), nothing_else_goes },
	};

	(void)state;
	walk(got_user_still, NEW, all_there, cases, COUNT(cases));
	walk_reader(got_user_still, NEW, all_there);
	walk(got_user_still, NEW, user_alone, early, COUNT(early));
	walk(got_user_still, NEW, the_key_is_in_other_hands, early,
	     COUNT(early));
}

static void knows_its_password(const struct import *im)
{
	assert_true(im->memo.new_password);
	assert_string_equal(im->events[0].kind, "password");
}

static void a_password_is_set_once(void **state)
{
	static const struct step_case cases[] = {
		{ "taken", NULL, SAYS(200, ENVELOPE(USER)),
		  TO("access.ask_token"), knows_its_password },
		{ "the user went meanwhile", NULL,
		  SAYS(404, REASON(404, "USER_NOT_FOUND")),
		  TO("access.check_user"), NULL },
	};

	(void)state;
	walk(got_set_password, NEW, all_there, cases, COUNT(cases));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_login),
		cmocka_unit_test(a_user_that_cannot_log_in_is_looked_at),
		cmocka_unit_test(a_password_is_set_once),
	};

	return cmocka_run_group_tests(tests, read_settings, drop_settings);
}
