/* A rollback on a host that is known by a password: its session. */
#include "tests/unit/rollback_fixture.h"

#include "schedd/step.h"

#define NOW INT64_C(1790000000000)

static void work_drop(struct rollback_work **w)
{
	void *subject = *w;

	rollback_free(&subject);
}

#define WORK CLEANUP(work_drop) struct rollback_work *

/* Attempts are left: what passes is tried again. */
static struct rollback_work *at_login(void)
{
	struct rollback_work *w = work_of(GROUP);

	w->attempt = 0;
	w->now = NOW;
	w->peer.auth = HOST_AUTH_PASSWORD;
	w->peer.admin_email = "root@host.example";
	return w;
}

static const struct step *login(void)
{
	return flow_step(&flow_rollback, "host.login");
}

static void it_asks_for_a_session(void **state)
{
	WORK w = at_login();
	CLEANUP(request_done) struct request request = { 0 };

	(void)state;
	assert_true(login()->request(w, &request));
	assert_string_equal(request.url,
			    "https://host.example/api/v1/auth/login");
	assert_int_equal(request.nholes, 1);
	assert_int_equal(request.holes[0].slot, SLOT_HOST_TOKEN);
}

static void every_answer_leads_somewhere(void **state)
{
	static const struct {
		int status;
		const char *body;
		enum verdict_kind kind;
		enum failure why;
	} cases[] = {
		{ OK("{\"access_token\":\"j\",\"expires_in\":3600,\"user\":{"
		     "\"role\":\"admin\"}}"), VERDICT_GO_ON, FAILURE_NONE },
		{ OK("{\"access_token\":\"j\",\"user\":{\"role\":\"user\"}}"),
		  VERDICT_FAILED, FAILURE_HOST_AUTH },
		{ OK("{\"requires_2fa\":true}"), VERDICT_FAILED,
		  FAILURE_LOGIN_BLOCKED },
		{ 401, "{\"code\":401,\"reason\":\"INVALID_CREDENTIALS\"}",
		  VERDICT_FAILED, FAILURE_HOST_AUTH },
		{ 404, "<html>", VERDICT_FAILED, FAILURE_HOST_UNSUPPORTED },
		{ 429, "{\"code\":429,\"reason\":\"RATE_LIMITED\"}",
		  VERDICT_RETRY, FAILURE_RATE_LIMITED },
		{ 503, "{\"code\":503,\"reason\":\"STARTING\"}",
		  VERDICT_RETRY, FAILURE_TRANSIENT },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		WORK w = at_login();
		CLEANUP(answer_done) struct answer answer =
			answer_of(cases[i].status, cases[i].body);
		struct verdict v = login()->answer(w, &answer);

		if (v.kind != cases[i].kind || v.failure != cases[i].why)
			fail_msg("%zu: %s %s", i, verdict_kind_name(v.kind),
				 failure_name(v.failure));
		assert_int_equal(w->host.session_expires_at > NOW,
				 v.kind == VERDICT_GO_ON);
	}
}

static void a_session_is_had_before_what_needs_it(void **state)
{
	WORK w = at_login();
	CLEANUP(request_done) struct request request = { 0 };
	const struct secret_face face = { .secret_id = "sec_jwt" };

	(void)state;
	request_start(&request, METHOD_GET, PEER_HOST,
		      "https://host.example", "%s", "/");
	request_header(&request, "Authorization", "Bearer ",
		       SLOT_HOST_SESSION);
	assert_string_equal(flow_rollback.detour(w, &request), "host.login");
	/* There is none to be refused. */
	assert_false(flow_rollback.refused(w, SLOT_HOST_SESSION));
	flow_rollback.captured(w, SLOT_HOST_SESSION, &face);
	w->host.session_expires_at = NOW + 1;
	assert_true(w->new_session);
	assert_null(flow_rollback.detour(w, &request));
	assert_string_equal(flow_rollback.secret_id(w, SLOT_HOST_SESSION),
			    "sec_jwt");
	assert_false(flow_rollback.refused(w, SLOT_USER_KEY));
	assert_true(flow_rollback.refused(w, SLOT_HOST_SESSION));
	assert_string_equal(flow_rollback.detour(w, &request), "host.login");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_asks_for_a_session),
		cmocka_unit_test(every_answer_leads_somewhere),
		cmocka_unit_test(a_session_is_had_before_what_needs_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
