/*
 * Hosts that are known by a password: the login that comes before a request,
 * once for all who want it, and what becomes of those whom it fails.
 */
#include "tests/unit/engine_fixture.h"

#define LOGIN "http://pass.test/api/v1/auth/login"
#define TOKEN_IS(token, seconds) "{\"code\":0,\"data\":{\"access_token\":" \
	"\"" token "\",\"expires_in\":" #seconds ",\"user\":{\"id\":1," \
	"\"role\":\"admin\"}}}"
#define NOTHING "{\"code\":0,\"message\":\"success\",\"data\":{" \
	"\"items\":[],\"total\":0,\"page\":1,\"pages\":0}}"
#define REASON(status, reason) \
	"{\"code\":" #status ",\"reason\":\"" reason "\"," \
	"\"message\":\"no\"}"

/* An item before a call of the administrator's. */
static struct script_item item_before(struct script *script,
				      const char *step)
{
	char run_id[ID_MAX];

	script_run(script, run_id);
	return script_item(script, run_id, step);
}

static bool is_login(struct script *script, size_t i)
{
	return strcmp(script->sent[i].wire->url, LOGIN) == 0;
}

static const char *credentials(struct script *script, size_t i)
{
	const struct wire *wire = script->sent[i].wire;

	for (size_t k = 0; k < wire->nheaders; k++)
		if (strncmp(wire->headers[k], "Authorization: ", 15) == 0)
			return wire->headers[k] + 15;
	return "";
}

static const struct db_query q_session = { "test.detour_session",
	"SELECT count(*) FROM secrets WHERE secret_id = (SELECT"
	" session_secret_id FROM hosts WHERE host_id = $1)" };
static const struct db_query q_jwts = { "test.detour_jwts",
	"SELECT count(*) FROM secrets WHERE kind = $1" };
static const struct db_query q_item = { "test.detour_item",
	"SELECT access_status || ' ' || coalesce(failure_class, '-')"
	" FROM import_run_items WHERE item_id = $1" };

static void logged_in(struct script *script, const char *token)
{
	AUTO_FREE char *body = xasprintf("{\"code\":0,\"data\":{"
		"\"access_token\":\"%s\",\"expires_in\":3600,\"user\":{"
		"\"id\":1,\"role\":\"admin\"}}}", token);

	assert_true(is_login(script, 0));
	reply(script, 200, body);
	tick(script, 1);
}

static void a_login_comes_first(void **state)
{
	SCRIPT script = script_by_password();
	struct script_item item = item_before(script, "access.find_user");

	(void)state;
	tick(script, 0);
	assert_int_equal(script->nsent, 1);
	assert_true(is_login(script, 0));
	assert_string_equal(script->sent[0].wire->body, "{\"email\":"
		"\"root@pass.test\",\"password\":\"the password\"}");
	assert_string_equal(credentials(script, 0), "");
	/* The task stands before what is due, not before the login. */
	assert_string_equal(task_row(script, item.task_id),
			    "leased access.find_user 0 -");
	logged_in(script, "jwt-1");
	assert_string_equal(task_row(script, item.task_id),
			    "leased access.find_user 0 -");
	assert_string_equal(credentials(script, 0), "Bearer jwt-1");
	assert_non_null(strstr(script->sent[0].wire->url, "/admin/users?"));
	assert_string_equal(fixture_value(script->db, &q_session,
					  script->host_id), "1");
	assert_int_equal(script->sent_in_all, 2);
}

static void a_session_that_ends_is_replaced_before_it_does(void **state)
{
	SCRIPT script = script_by_password();

	(void)state;
	item_before(script, "access.find_user");
	tick(script, 0);
	logged_in(script, "jwt-1");
	reply(script, 503, "{}");
	tick(script, 1);
	/* An hour, less five minutes. */
	tick(script, 54 * 60000);
	assert_int_equal(script->nsent, 1);
	assert_false(is_login(script, 0));
	reply(script, 503, "{}");
	tick(script, 60000);
	tick(script, 60000);
	assert_int_equal(script->nsent, 1);
	logged_in(script, "jwt-2");
	assert_string_equal(credentials(script, 0), "Bearer jwt-2");
	/* The old one is not kept. */
	assert_string_equal(fixture_value(script->db, &q_jwts, "jwt"), "1");
}

/* Its token ends before five minutes are over: no reason to login for ever. */
static void a_short_session_serves_for_most_of_its_life(void **state)
{
	SCRIPT script = script_by_password();

	(void)state;
	item_before(script, "access.find_user");
	tick(script, 0);
	reply(script, 200, TOKEN_IS("jwt-1", 4));
	tick(script, 1);
	assert_int_equal(script->nsent, 1);
	assert_false(is_login(script, 0));
	assert_int_equal(script->sent_in_all, 2);
}

static void a_session_that_is_refused_is_renewed_once(void **state)
{
	SCRIPT script = script_by_password();
	struct script_item item = item_before(script, "access.find_user");
	size_t logins = 0;

	(void)state;
	tick(script, 0);
	logged_in(script, "jwt-1");
	/* Somebody ended all sessions. */
	reply(script, 401, REASON(401, "TOKEN_REVOKED"));
	tick(script, 1);
	tick_until_sent(script, 60000);
	logged_in(script, "jwt-2");
	assert_string_equal(credentials(script, 0), "Bearer jwt-2");
	/* Refused again with a fresh one: that is the answer. */
	for (int i = 0; i < 20 && script->nsent > 0; i++) {
		logins += is_login(script, 0);
		reply(script, 401, REASON(401, "TOKEN_REVOKED"));
		tick(script, 1);
		tick_until_sent(script, 300000);
	}
	assert_int_equal(logins, 0);
	assert_memory_equal(task_row(script, item.task_id), "done", 4);
	assert_string_equal(fixture_value(script->db, &q_item, item.item_id),
			    "broken host_auth");
}

/* A step of theirs that was refused for another reason keeps the session. */
static void what_is_forbidden_renews_nothing(void **state)
{
	SCRIPT script = script_by_password();

	(void)state;
	item_before(script, "access.find_user");
	tick(script, 0);
	logged_in(script, "jwt-1");
	reply(script, 503, "{}");
	tick(script, 1);
	tick_until_sent(script, 60000);
	assert_false(is_login(script, 0));
	assert_string_equal(credentials(script, 0), "Bearer jwt-1");
}

static void a_login_that_is_refused_ends_the_flow(void **state)
{
	static const struct {
		int status;
		const char *body;
		const char *item;
	} cases[] = {
		{ 401, REASON(401, "INVALID_CREDENTIALS"),
		  "broken host_auth" },
		{ 200, "{\"code\":0,\"data\":{\"requires_2fa\":true}}",
		  "broken login_blocked" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		SCRIPT script = script_by_password();
		struct script_item item = item_before(script,
						      "access.find_user");

		tick(script, 0);
		assert_true(is_login(script, 0));
		reply(script, cases[i].status, cases[i].body);
		tick(script, 1);
		tick_until_sent(script, 300000);
		assert_int_equal(script->nsent, 0);
		assert_int_equal(script->sent_in_all, 1);
		assert_memory_equal(task_row(script, item.task_id), "done",
				    4);
		assert_string_equal(fixture_value(script->db, &q_item,
						  item.item_id),
				    cases[i].item);
	}
}

/* One that fails in passing is repeated, and not for ever. */
static void a_login_that_fails_in_passing_is_repeated(void **state)
{
	SCRIPT script = script_by_password();
	struct script_item item = item_before(script, "access.find_user");
	int i;

	(void)state;
	tick(script, 0);
	for (i = 0; i < 30 && script->nsent > 0; i++) {
		assert_true(is_login(script, 0));
		lose(script, TRANSPORT_REFUSED);
		tick(script, 1);
		tick_until_sent(script, 300000);
	}
	assert_int_equal(i, script->settings.attempts_max);
	assert_memory_equal(task_row(script, item.task_id), "done", 4);
}

static void one_login_is_enough_for_all(void **state)
{
	SCRIPT script = script_by_password();
	size_t logins = 0;

	(void)state;
	for (int i = 0; i < 5; i++)
		item_before(script, "access.find_user");
	tick(script, 0);
	assert_int_equal(script->nsent, 1);
	/* While it is under way, the others wait. */
	for (int i = 0; i < 10; i++)
		tick(script, 100);
	assert_int_equal(script->nsent, 1);
	logged_in(script, "jwt-1");
	for (int i = 0; i < 20 && script->nsent < 5; i++)
		tick(script, 100);
	assert_int_equal(script->nsent, 5);
	for (size_t i = 0; i < script->nsent; i++)
		logins += is_login(script, i);
	assert_int_equal(logins, 0);
}

/* The one who logs in for all dies: another does it. */
static void a_login_that_nobody_ends_is_done_by_another(void **state)
{
	SCRIPT script = script_by_password();
	struct err err;

	(void)state;
	item_before(script, "access.find_user");
	item_before(script, "access.find_user");
	tick(script, 0);
	assert_int_equal(script->nsent, 1);
	script_restart(script);
	OK(engine_take_over(script->engine, script->now, &err));
	tick(script, 1);
	assert_int_equal(script->nsent, 1);
	assert_true(is_login(script, 0));
	lose(script, TRANSPORT_RESET);
	for (int i = 0; i < 50 && script->nsent == 0; i++)
		tick(script, 100);
	assert_int_equal(script->nsent, 1);
	logged_in(script, "jwt-2");
	for (int i = 0; i < 100 && script->nsent < 2; i++)
		tick(script, 100);
	assert_int_equal(script->nsent, 2);
	assert_false(is_login(script, 0) || is_login(script, 1));
}

/* What was made stays, but it does not go round in circles. */
static void undoing_without_a_login_ends(void **state)
{
	SCRIPT script = script_by_password();
	struct script_item item = item_before(script, "undo.find_group");
	AUTO_FREE char *sql = xasprintf("INSERT INTO managed_resources"
		" (resource_id, host_id, resource_type, lookup, mark, state,"
		" made_by, created_at, updated_at) VALUES ('res_1', '%s',"
		" 'group', 'p-test-1|subscription', 'crm-x', 'making', '%s',"
		" 1, 1); UPDATE tasks SET memo = '{\"failure\":3}'",
		script->host_id, item.task_id);
	int i;

	(void)state;
	fixture_sql(script->db, sql);
	tick(script, 0);
	for (i = 0; i < 30 && script->nsent > 0; i++) {
		reply(script, 401, REASON(401, "INVALID_CREDENTIALS"));
		tick(script, 1);
		tick_until_sent(script, 300000);
	}
	assert_in_range(i, 0, 2);
	assert_memory_equal(task_row(script, item.task_id), "done", 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_login_comes_first),
		cmocka_unit_test(
			a_session_that_ends_is_replaced_before_it_does),
		cmocka_unit_test(a_short_session_serves_for_most_of_its_life),
		cmocka_unit_test(a_session_that_is_refused_is_renewed_once),
		cmocka_unit_test(what_is_forbidden_renews_nothing),
		cmocka_unit_test(a_login_that_is_refused_ends_the_flow),
		cmocka_unit_test(a_login_that_fails_in_passing_is_repeated),
		cmocka_unit_test(one_login_is_enough_for_all),
		cmocka_unit_test(a_login_that_nobody_ends_is_done_by_another),
		cmocka_unit_test(undoing_without_a_login_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
