/*
 * A key of a user that stays is deleted by that user's own login, and what was
 * never written down is looked for by its mark.
 */
#include "tests/unit/rollback_fixture.h"

#define SAYS_NO(status, reason) \
	status, "{\"code\":" #status ",\"message\":\"no\",\"reason\":\"" \
	reason "\"}"

typedef struct verdict got_step(void *subject, const struct answer *answer);

static struct verdict answered(struct rollback_work *w, got_step *got,
			       int status, const char *body)
{
	CLEANUP(answer_done) struct answer answer = answer_of(status, body);

	return got(w, &answer);
}

static void goes_to(struct verdict v, const char *step)
{
	assert_int_equal(v.kind, VERDICT_GO_TO);
	assert_string_equal(v.step, step);
}

static void is_left(const struct rollback_work *w, const char *class)
{
	assert_int_equal(w->part.state, ROLLBACK_LEFT);
	assert_string_equal(w->part.failure_class, class);
	/* It is there, and the next rollback may try. */
	assert_int_equal(w->row.state, RESOURCE_PRESENT);
}

static struct rollback_work *key_found(void)
{
	struct rollback_work *w = work_of(KEY);

	w->memo.key = 3;
	w->token.secret_id = xstrdup("sec_token");
	w->token.state = RESOURCE_PRESENT;
	own_set(&w->owner.wanted_json, "{\"email\":\"a@crm.invalid\"}");
	own_set(&w->owner.secret_id, "sec_password");
	return w;
}

static void a_login_that_ended_is_renewed_but_not_for_ever(void **state)
{
	struct rollback_work *w = key_found();
	CLEANUP(request_done) struct request request = { 0 };
	void *subject = w;

	(void)state;
	assert_true(ask_rb_key_delete(w, &request));
	assert_non_null(strstr(request.url, "/api/v1/keys/3"));
	for (int i = 0; i < 2; i++) {
		goes_to(answered(w, got_rb_key_delete,
				 SAYS_NO(401, "INVALID_TOKEN")), "key.token");
		/* Or it would be used again. */
		assert_int_equal(w->token.state, RESOURCE_WANTED);
		assert_true(w->token_changed);
		request_done(&request);
		assert_false(ask_rb_key_delete(w, &request));
		w->token.state = RESOURCE_PRESENT;
	}
	goes_to(answered(w, got_rb_key_delete, SAYS_NO(401, "INVALID_TOKEN")),
		"rollback.next");
	is_left(w, "host_auth");
	rollback_free(&subject);
}

static void a_key_is_gone_when_its_host_says_so(void **state)
{
	static const struct {
		int status;
		const char *body;
		enum rollback_part_state state;
	} cases[] = {
		{ OK("{}"), ROLLBACK_PART_DONE },
		{ SAYS_NO(404, "API_KEY_NOT_FOUND"), ROLLBACK_PART_DONE },
		{ SAYS_NO(400, "BAD"), ROLLBACK_LEFT },
		/* A page of somebody before the host. */
		{ 404, "404 page not found", ROLLBACK_LEFT },
		{ 403, "<html>forbidden</html>", ROLLBACK_LEFT },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct rollback_work *w = key_found();
		void *subject = w;

		answered(w, got_rb_key_delete, cases[i].status,
			 cases[i].body);
		assert_int_equal(w->part.state, cases[i].state);
		assert_int_equal(w->row.state == RESOURCE_GONE,
				 cases[i].state == ROLLBACK_PART_DONE);
		rollback_free(&subject);
	}
}

static void nobody_logs_in_without_a_password(void **state)
{
	struct rollback_work *w = key_found();
	CLEANUP(request_done) struct request request = { 0 };
	void *subject = w;

	(void)state;
	assert_true(ask_rb_key_login(w, &request));
	own_set(&w->owner.secret_id, NULL);
	request_done(&request);
	assert_false(ask_rb_key_login(w, &request));
	goes_to(got_rb_key_login(w, NULL), "rollback.next");
	is_left(w, "login_blocked");
	rollback_free(&subject);
}

/* A stock host counts logins by the minute, and says no when. */
static void a_login_waits_its_turn(void **state)
{
	struct rollback_work *w = key_found();
	void *subject = w;
	struct verdict v;

	(void)state;
	w->attempt = 0;
	v = answered(w, got_rb_key_login, 429,
		     "{\"error\":\"rate limit exceeded\",\"message\":\"slow\"}");
	assert_int_equal(v.kind, VERDICT_RETRY);
	assert_in_range(v.delay_ms, 5000, 60000);
	w->attempt = settings.attempts_max - 1;
	answered(w, got_rb_key_login, SAYS_NO(403, "USER_NOT_ACTIVE"));
	is_left(w, "host_refused");
	rollback_free(&subject);
}

/* Older hosts show the keys of users whom somebody deleted. */
static void a_key_whose_owner_is_gone_is_gone(void **state)
{
	static const struct {
		int status;
		const char *body;
		const char *left;	/* NULL: it is gone */
	} cases[] = {
		{ SAYS_NO(404, "USER_NOT_FOUND"), NULL },
		{ OK("{\"id\":12}"), "host_refused" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(request_done) struct request request = { 0 };
		struct rollback_work *w = key_found();
		void *subject = w;

		w->attempt = settings.attempts_max - 1;
		goes_to(answered(w, got_rb_key_login,
				 SAYS_NO(401, "INVALID_CREDENTIALS")),
			"key.owner");
		assert_true(ask_rb_key_owner(w, &request));
		assert_non_null(strstr(request.url, "/api/v1/admin/users/"));
		answered(w, got_rb_key_owner, cases[i].status, cases[i].body);
		if (cases[i].left)
			is_left(w, cases[i].left);
		else
			assert_int_equal(w->row.state, RESOURCE_GONE);
		rollback_free(&subject);
	}
}

static void a_login_is_kept(void **state)
{
	struct rollback_work *w = key_found();
	void *subject = w;
	struct verdict v;

	(void)state;
	w->token.state = RESOURCE_WANTED;
	v = answered(w, got_rb_key_login, OK("{\"access_token\":\"x\","
		     "\"expires_in\":86400,\"user\":{\"id\":12}}"));
	assert_int_equal(v.kind, VERDICT_GO_ON);
	assert_int_equal(w->token.state, RESOURCE_PRESENT);
	assert_true(w->token.expires_at > w->now);
	assert_true(w->token_changed);
	rollback_free(&subject);
}

/* ---- what nobody wrote down ---- */

static void what_carries_our_mark_is_found(void **state)
{
	static const struct {
		enum resource_type type;
		enum rollback_action action;
		const char *asks, *lists, *to;
		const char *id;		/* NULL: none of ours is there */
	} cases[] = {
		{ GROUP, "/admin/groups?search=" MARK, "[{\"id\":4,\"name\":"
		  "\"x\"},{\"id\":5,\"name\":\"p " MARK "\"}]", "group.read",
		  "5" },
		{ GROUP, "/admin/groups?search=" MARK, "[{\"id\":5,\"name\":"
		  "\"p " MARK " copy\"}]", "rollback.next", NULL },
		{ ACCOUNT, "/admin/accounts?search=" MARK, "[{\"id\":9,"
		  "\"name\":\"p " MARK "\"},{\"id\":7,\"name\":\"p " MARK
		  "\"}]", "account.read", "7" },
		{ CHANNEL, "/admin/channels?search=" MARK, "[]",
		  "rollback.next", NULL },
		{ USER, "/admin/users?search=relay-sub-a.abc123%40crm.invalid",
		  "[{\"id\":6,\"email\":\"relay-sub-a.abc123@crm.invalid\"},"
		  "{\"id\":8,\"email\":\"x.relay-sub-a.abc123@crm.invalid\"}]",
		  "user.read", "6" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct rollback_work *w = work_of(cases[i].type,
						  cases[i].action);
		CLEANUP(request_done) struct request request = { 0 };
		AUTO_FREE char *body = xasprintf("{\"code\":0,\"data\":"
			"{\"items\":%s}}", cases[i].lists);
		void *subject = w;

		own_set(&w->row.host_resource_id, NULL);
		assert_true(ask_rb_find(w, &request));
		if (!strstr(request.url, cases[i].asks))
			fail_msg("%s", request.url);
		goes_to(answered(w, got_rb_find, 200, body), cases[i].to);
		if (cases[i].id) {
			assert_string_equal(w->row.host_resource_id,
					    cases[i].id);
			assert_string_equal(w->part.host_resource_id,
					    cases[i].id);
		} else {
			assert_int_equal(w->row.state, RESOURCE_GONE);
			assert_int_equal(w->part.state, ROLLBACK_GONE);
		}
		rollback_free(&subject);
	}
}

static void what_was_never_asked_for_is_not_there(void **state)
{
	struct rollback_work *w = work_of(GROUP);
	CLEANUP(request_done) struct request request = { 0 };
	void *subject = w;

	(void)state;
	own_set(&w->row.wanted_json, NULL);
	own_set(&w->row.host_resource_id, NULL);
	assert_false(ask_rb_find(w, &request));
	goes_to(got_rb_find(w, NULL), "rollback.next");
	assert_int_equal(w->row.state, RESOURCE_GONE);
	rollback_free(&subject);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_login_that_ended_is_renewed_but_not_for_ever),
		cmocka_unit_test(a_key_is_gone_when_its_host_says_so),
		cmocka_unit_test(nobody_logs_in_without_a_password),
		cmocka_unit_test(a_login_waits_its_turn),
		cmocka_unit_test(a_key_whose_owner_is_gone_is_gone),
		cmocka_unit_test(a_login_is_kept),
		cmocka_unit_test(what_carries_our_mark_is_found),
		cmocka_unit_test(what_was_never_asked_for_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
