/*
 * The probe of a host, from its first call to what is written of it.
 */
#include "tests/unit/engine_fixture.h"

#define OK_IS(data) "{\"code\":0,\"message\":\"success\",\"data\":" data "}"
#define PUBLIC(more) OK_IS("{\"version\":\"0.1.179\"," \
	"\"registration_enabled\":true" more "}")
#define NOTHING OK_IS("{\"items\":[],\"total\":0,\"page\":1,\"pages\":0}")
#define REASON(status, reason) \
	"{\"code\":" #status ",\"reason\":\"" reason "\"," \
	"\"message\":\"no\"}"

enum { TURNS_MAX = 12 };

/* What the host says, call by call; the last is said again and again. */
struct scene {
	const char *name;
	enum transport how;
	struct {
		int status;
		const char *body;
	} says[8];
	const char *host;	/* its state and reason afterwards */
	size_t calls;
};

static void act(struct script *script, const struct scene *scene)
{
	size_t turn = 0;

	for (int i = 0; i < TURNS_MAX; i++) {
		tick_until_sent(script, 70000);
		if (script->nsent == 0)
			return;
		if (scene->how != TRANSPORT_OK) {
			lose(script, scene->how);
			continue;
		}
		reply(script, scene->says[turn].status,
		      scene->says[turn].body);
		if (turn < COUNT(scene->says) - 1 &&
		    scene->says[turn + 1].body)
			turn++;
	}
	fail_msg("%s: the probe does not end", scene->name);
}

static void play(const struct scene *scene)
{
	SCRIPT script = script_new(":memory:");
	char task_id[ID_MAX];

	script_task(script, "host_probe", "probe.public", script->host_id,
		    task_id);
	tick(script, 0);
	act(script, scene);
	if (strcmp(host_row(script, script->host_id), scene->host) != 0)
		fail_msg("%s: the host is '%s', not '%s'", scene->name,
			 host_row(script, script->host_id), scene->host);
	if (script->sent_in_all != scene->calls)
		fail_msg("%s: %zu calls, not %zu", scene->name,
			 script->sent_in_all, scene->calls);
	assert_memory_equal(task_row(script, task_id), "done", 4);
}

static void a_host_without_an_answer_is_unreachable(void **state)
{
	/* What passes is tried once more: an operator waits for it. */
	static const struct scene scenes[] = {
		{ "dns", TRANSPORT_DNS, { { 0, NULL } },
		  "unreachable dns", 2 },
		{ "refused", TRANSPORT_REFUSED, { { 0, NULL } },
		  "unreachable refused", 2 },
		{ "tls", TRANSPORT_TLS, { { 0, NULL } }, "unreachable tls",
		  1 },
		{ "timeout", TRANSPORT_TIMEOUT, { { 0, NULL } },
		  "unreachable timeout", 2 },
		{ "silent", TRANSPORT_SILENT, { { 0, NULL } },
		  "unreachable dead_end", 2 },
		{ "reset", TRANSPORT_RESET, { { 0, NULL } },
		  "unreachable reset", 2 },
		{ "starting", TRANSPORT_OK, { { 503, "{}" } },
		  "unreachable transient", 2 },
		{ "too often", TRANSPORT_OK,
		  { { 429, REASON(429, "SLOW") } },
		  "unreachable rate_limited", 2 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(scenes); i++)
		play(&scenes[i]);
}

static void what_answers_otherwise_is_no_host(void **state)
{
	static const struct scene scenes[] = {
		{ "another server", TRANSPORT_OK, { { 404, "not found" } },
		  "unsupported host_unsupported", 1 },
		{ "a page", TRANSPORT_OK, { { 200, "<html>hi</html>" } },
		  "unsupported host_unsupported", 1 },
		{ "other JSON", TRANSPORT_OK, { { 200, "{\"a\":1}" } },
		  "unsupported host_unsupported", 1 },
		{ "an envelope of something else", TRANSPORT_OK,
		  { { 200, OK_IS("{\"hello\":1}") } },
		  "unsupported host_unsupported", 1 },
		{ "behind a login", TRANSPORT_OK, { { 401, "{}" } },
		  "unsupported host_unsupported", 1 },
		{ "a redirect", TRANSPORT_OK, { { 302, "" } },
		  "unsupported redirected", 1 },
		{ "no end", TRANSPORT_TOO_LARGE, { { 0, NULL } },
		  "unsupported too_large", 1 },
		{ "no admin routes", TRANSPORT_OK,
		  { { 200, PUBLIC("") }, { 404, "404 page not found" } },
		  "unsupported host_unsupported", 3 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(scenes); i++)
		play(&scenes[i]);
}

static void our_token_may_not_be_enough(void **state)
{
	static const struct scene scenes[] = {
		{ "a wrong token", TRANSPORT_OK, { { 200, PUBLIC("") },
		  { 401, REASON(401, "INVALID_ADMIN_KEY") } },
		  "unauthorized host_auth", 2 },
		{ "no administrator", TRANSPORT_OK, { { 200, PUBLIC("") },
		  { 403, REASON(403, "FORBIDDEN") } },
		  "unauthorized host_auth", 2 },
		{ "a person must agree", TRANSPORT_OK, { { 200, PUBLIC("") },
		  { 423, REASON(423, "ADMIN_COMPLIANCE_ACK_REQUIRED") } },
		  "compliance_required compliance_required", 2 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(scenes); i++)
		play(&scenes[i]);
}

static void a_host_that_answers_all_is_ready(void **state)
{
	static const struct scene scenes[] = {
		{ "empty", TRANSPORT_OK, { { 200, PUBLIC("") },
		  { 200, NOTHING } }, "ready -", 5 },
		/* It works, but not for users: the snapshot says so. */
		{ "backend mode", TRANSPORT_OK,
		  { { 200, PUBLIC(",\"backend_mode_enabled\":true") },
		  { 200, NOTHING } }, "ready -", 5 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(scenes); i++)
		play(&scenes[i]);
}

/* ---- what is written of it ---- */

static const struct db_query q_snapshot = { "test.probe_snapshot",
	"SELECT capabilities FROM host_snapshots WHERE host_id = $1"
	" ORDER BY taken_at DESC" };
static const struct db_query q_version = { "test.probe_version",
	"SELECT version FROM hosts WHERE host_id = $1" };
static const struct db_query q_detail = { "test.probe_detail",
	"SELECT reason_detail FROM hosts WHERE host_id = $1" };

/* The newest snapshot; the caller releases it. */
static json_t *snapshot(struct script *script, const char *host_id)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	struct err err;

	OK(db_query(&rows, script->db, &q_snapshot, DB_ARGS(DB_TEXT(host_id)),
		    &err));
	return db_next(&rows, &err) > 0
		? json_loads(db_text(&rows, 0), 0, NULL) : NULL;
}

static bool works(const json_t *capabilities, const char *operation)
{
	return json_is_true(json_object_get(json_object_get(json_object_get(
		capabilities, "operations"), operation), "works"));
}

static void what_was_seen_is_kept_from_step_to_step(void **state)
{
	SCRIPT script = script_new(":memory:");
	static const struct scene scene = { "seen", TRANSPORT_OK,
		{ { 200, PUBLIC(",\"turnstile_enabled\":true") },
		  { 200, NOTHING }, { 200, NOTHING },
		  { 200, OK_IS("{\"items\":[{\"id\":1}],\"total\":41,"
			       "\"page\":1,\"pages\":41}") } }, "", 0 };
	char task_id[ID_MAX];
	json_auto_t *seen = NULL;

	(void)state;
	script_task(script, "host_probe", "probe.public", script->host_id,
		    task_id);
	tick(script, 0);
	act(script, &scene);
	assert_string_equal(fixture_value(script->db, &q_version,
					  script->host_id), "0.1.179");
	seen = snapshot(script, script->host_id);
	assert_int_equal(json_integer_value(json_object_get(seen,
							    "accounts")), 41);
	assert_true(json_is_true(json_object_get(seen, "captcha")));
	assert_true(works(seen, "read_resources"));
	assert_false(works(seen, "import_subscription"));
	assert_true(json_is_true(json_object_get(json_object_get(seen,
			"features"), "responses_mode")));
}

static void a_refusal_is_told_in_the_hosts_words_without_keys(void **state)
{
	SCRIPT script = script_new(":memory:");
	static const struct scene scene = { "words", TRANSPORT_OK,
		{ { 200, PUBLIC("") },
		  { 401, "{\"code\":401,\"reason\":\"INVALID_ADMIN_KEY\","
		    "\"message\":\"admin-0011223344556677 is wrong\"}" } },
		"", 0 };
	char task_id[ID_MAX];
	json_auto_t *seen = NULL;

	(void)state;
	script_task(script, "host_probe", "probe.public", script->host_id,
		    task_id);
	tick(script, 0);
	act(script, &scene);
	assert_string_equal(fixture_value(script->db, &q_detail,
					  script->host_id),
			    "HTTP 401 INVALID_ADMIN_KEY: [redacted] is"
			    " wrong");
	/* What was seen before it said no is worth keeping. */
	seen = snapshot(script, script->host_id);
	assert_non_null(seen);
	assert_false(works(seen, "read_resources"));
}

/* Only a bearer token is somebody on that route. */
static void a_bearer_token_is_asked_who_it_is(void **state)
{
	static const struct {
		const char *me;
		int status;
		const char *host;
	} cases[] = {
		{ OK_IS("{\"run_mode\":\"simple\"}"), 200, "ready -" },
		{ REASON(401, "UNAUTHORIZED"), 401,
		  "unauthorized host_auth" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		SCRIPT script = script_new(":memory:");
		const struct scene scene = { "bearer", TRANSPORT_OK,
			{ { 200, PUBLIC("") }, { 200, NOTHING },
			  { 200, NOTHING }, { 200, NOTHING },
			  { 200, NOTHING },
			  { cases[i].status, cases[i].me } }, "", 0 };
		char host_id[ID_MAX], task_id[ID_MAX];

		script_host(script, "http://other.test", HOST_AUTH_BEARER,
			    host_id);
		script_task(script, "host_probe", "probe.public", host_id,
			    task_id);
		tick(script, 0);
		assert_string_equal(script->sent[0].wire->headers[0],
				    "Accept: application/json");
		act(script, &scene);
		assert_int_equal(script->sent_in_all, 6);
		assert_string_equal(host_row(script, host_id),
				    cases[i].host);
	}
}

/* ---- with a password ---- */

#define SESSION OK_IS("{\"access_token\":\"eyJhbGciOi.session.jwt\"," \
	"\"expires_in\":86400,\"user\":{\"id\":1,\"role\":\"admin\"}}")
#define FORGOTTEN "{\"code\":\"TOKEN_EXPIRED\",\"message\":\"no\"}"
#define ME OK_IS("{\"run_mode\":\"standard\"}")

static const struct db_query q_session = { "test.probe_session",
	"SELECT session_expires_at FROM hosts WHERE host_id = $1"
	" AND session_secret_id IS NOT NULL" };

static void password_host(struct script *script, char ret_id[ID_MAX])
{
	struct secret_face face;
	struct host_spec spec = { .name = "p", .base_url = "http://p.test",
				  .auth_type = HOST_AUTH_PASSWORD,
				  .admin_email = "root@p.test" };
	struct err err;

	OK(secrets_add(script->db, &script->key.pub, SECRET_PASSWORD,
		       "correct horse", NOW, ++script->random, &face, &err));
	spec.auth_secret_id = face.secret_id;
	OK(hosts_add(script->db, &spec, NOW, ++script->random, ret_id, &err));
}

static void probe_again(struct script *script, const char *host_id,
			const struct scene *scene)
{
	char task_id[ID_MAX];

	script->sent_in_all = 0;
	script_task(script, "host_probe", "probe.public", host_id, task_id);
	tick(script, 0);
	act(script, scene);
	assert_int_equal(script->sent_in_all, scene->calls);
	assert_string_equal(host_row(script, host_id), scene->host);
}

static void a_password_is_used_once_a_day(void **state)
{
	static const struct scene first = { "first", TRANSPORT_OK,
		{ { 200, PUBLIC("") }, { 200, SESSION }, { 200, NOTHING },
		  { 200, NOTHING }, { 200, NOTHING }, { 200, NOTHING },
		  { 200, ME } }, "ready -", 7 };
	static const struct scene second = { "second", TRANSPORT_OK,
		{ { 200, PUBLIC("") }, { 200, NOTHING }, { 200, NOTHING },
		  { 200, NOTHING }, { 200, NOTHING }, { 200, ME } },
		"ready -", 6 };
	SCRIPT script = script_new(":memory:");
	char host_id[ID_MAX];

	(void)state;
	password_host(script, host_id);
	probe_again(script, host_id, &first);
	assert_non_null(fixture_value(script->db, &q_session, host_id));
	probe_again(script, host_id, &second);
}

/* Revoked in mid-flow: one more login, and not a second one. */
static void a_session_that_ended_is_renewed_once(void **state)
{
	static const struct scene renewed = { "renewed", TRANSPORT_OK,
		{ { 200, PUBLIC("") }, { 401, FORGOTTEN }, { 200, SESSION },
		  { 200, NOTHING }, { 200, NOTHING }, { 200, NOTHING },
		  { 200, NOTHING }, { 200, ME } }, "ready -", 8 };
	static const struct scene refused = { "refused", TRANSPORT_OK,
		{ { 200, PUBLIC("") }, { 401, FORGOTTEN }, { 200, SESSION },
		  { 401, FORGOTTEN } }, "unauthorized host_auth", 4 };
	static const struct scene wrong = { "wrong", TRANSPORT_OK,
		{ { 200, PUBLIC("") }, { 401, FORGOTTEN },
		  { 401, REASON(401, "INVALID_CREDENTIALS") } },
		"unauthorized host_auth", 3 };
	static const struct scene first = { "first", TRANSPORT_OK,
		{ { 200, PUBLIC("") }, { 200, SESSION }, { 200, NOTHING },
		  { 200, NOTHING }, { 200, NOTHING }, { 200, NOTHING },
		  { 200, ME } }, "ready -", 7 };
	static const struct scene *const scenes[] = { &renewed, &refused,
						      &wrong };

	(void)state;
	for (size_t i = 0; i < COUNT(scenes); i++) {
		SCRIPT script = script_new(":memory:");
		char host_id[ID_MAX];

		password_host(script, host_id);
		probe_again(script, host_id, &first);
		probe_again(script, host_id, scenes[i]);
	}
}

/* A probe that finds nothing leaves what an earlier one found. */
static void an_unreachable_host_keeps_its_last_snapshot(void **state)
{
	SCRIPT script = script_new(":memory:");
	static const struct scene good = { "good", TRANSPORT_OK,
		{ { 200, PUBLIC("") }, { 200, NOTHING } }, "", 0 };
	static const struct scene bad = { "bad", TRANSPORT_REFUSED,
		{ { 0, NULL } }, "", 0 };
	char task_id[ID_MAX];
	json_auto_t *seen = NULL;

	(void)state;
	script_task(script, "host_probe", "probe.public", script->host_id,
		    task_id);
	tick(script, 0);
	act(script, &good);
	script_task(script, "host_probe", "probe.public", script->host_id,
		    task_id);
	tick(script, 0);
	act(script, &bad);
	assert_string_equal(host_row(script, script->host_id),
			    "unreachable refused");
	seen = snapshot(script, script->host_id);
	assert_true(works(seen, "import_subscription"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_host_without_an_answer_is_unreachable),
		cmocka_unit_test(what_answers_otherwise_is_no_host),
		cmocka_unit_test(our_token_may_not_be_enough),
		cmocka_unit_test(a_host_that_answers_all_is_ready),
		cmocka_unit_test(what_was_seen_is_kept_from_step_to_step),
		cmocka_unit_test(
			a_refusal_is_told_in_the_hosts_words_without_keys),
		cmocka_unit_test(a_bearer_token_is_asked_who_it_is),
		cmocka_unit_test(a_password_is_used_once_a_day),
		cmocka_unit_test(a_session_that_ended_is_renewed_once),
		cmocka_unit_test(an_unreachable_host_keeps_its_last_snapshot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
