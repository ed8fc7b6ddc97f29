/*
 * An operator accepts a host's compliance statement: what is sent, what is
 * written of a refusal, and that a probe tells what became of it.
 */
#include "tests/unit/engine_fixture.h"

#define PHRASE "I have read it \"all\" \xe4\xbd\xa0"
#define ACCEPT "/api/v1/admin/compliance/accept"
#define OK_IS(data) "{\"code\":0,\"message\":\"success\",\"data\":" data "}"
#define REASON(status, reason) \
	"{\"code\":" #status ",\"reason\":\"" reason "\"," \
	"\"message\":\"the phrase does not match\"}"

static const struct db_query q_probes = { "test.compliance_probes",
	"SELECT count(*) FROM tasks WHERE flow = 'host_probe'"
	" AND step = 'probe.public' AND subject_id = $1" };
static const struct db_query q_detail = { "test.compliance_detail",
	"SELECT reason_detail FROM hosts WHERE host_id = $1" };

/* Begun as the API does it. */
static void accept(struct script *script, char ret_id[ID_MAX])
{
	AUTO_FREE char *sql = xasprintf("UPDATE hosts SET state ="
		" 'compliance_required', reason = 'compliance_required'"
		" WHERE host_id = '%s'", script->host_id);
	const struct task_spec spec = {
		.flow = "host_compliance", .step = "compliance.accept",
		.subject_id = script->host_id, .host_id = script->host_id,
		.not_before = script->now,
		.memo = "{\"phrase\":\"I have read it \\\"all\\\" "
			"\xe4\xbd\xa0\"}",
	};
	struct err err;

	fixture_sql(script->db, sql);
	OK(tasks_add(script->db, &spec, script->now, ++script->random, ret_id,
		     &err));
	tick(script, 0);
}

static void check_asked(struct script *script)
{
	const struct wire *wire = script->sent[0].wire;
	json_auto_t *body = NULL;

	assert_string_equal(wire->method, "POST");
	assert_non_null(strstr(wire->url, ACCEPT));
	body = json_loads(wire->body, 0, NULL);
	assert_string_equal(json_string_value(json_object_get(body,
							      "phrase")),
			    PHRASE);
}

static void the_phrase_is_what_somebody_typed(void **state)
{
	SCRIPT script = script_new(":memory:");
	char id[ID_MAX];

	(void)state;
	accept(script, id);
	assert_int_equal(script->nsent, 1);
	check_asked(script);
	reply(script, 200, OK_IS("{\"required\":false}"));
	tick(script, 1);
	assert_memory_equal(task_row(script, id), "done", 4);
	/* The probe tells what became of it. */
	assert_string_equal(fixture_value(script->db, &q_probes,
					  script->host_id), "1");
	assert_string_equal(host_row(script, script->host_id),
			    "compliance_required compliance_required");
	assert_int_equal(script->nsent, 1);
	assert_non_null(strstr(script->sent[0].wire->url,
			       "/settings/public"));
}

static void a_refusal_is_told_in_the_hosts_words(void **state)
{
	SCRIPT script = script_new(":memory:");
	char id[ID_MAX];

	(void)state;
	accept(script, id);
	reply(script, 400, REASON(400, "ADMIN_COMPLIANCE_INVALID_PHRASE"));
	tick(script, 1);
	assert_memory_equal(task_row(script, id), "done", 4);
	/* It is as it was, and CRM does not try another phrase. */
	assert_memory_equal(host_row(script, script->host_id),
			    "compliance_required ", 20);
	assert_non_null(strstr(fixture_value(script->db, &q_detail,
					     script->host_id),
			       "does not match"));
	assert_string_equal(fixture_value(script->db, &q_probes,
					  script->host_id), "0");
	tick(script, 100000);
	assert_int_equal(script->sent_in_all, 1);
}

/* The phrase has to outlast a repeat, and another engine. */
static void what_fails_in_passing_is_repeated_with_the_same_phrase(
	void **state)
{
	SCRIPT script = script_new(":memory:");
	char id[ID_MAX];
	struct err err;

	(void)state;
	accept(script, id);
	reply(script, 503, "{}");
	tick(script, 1);
	tick_until_sent(script, 60000);
	assert_int_equal(script->nsent, 1);
	check_asked(script);
	script_restart(script);
	OK(engine_take_over(script->engine, script->now, &err));
	tick(script, 1);
	assert_int_equal(script->nsent, 1);
	check_asked(script);
	reply(script, 200, OK_IS("{\"required\":false}"));
	tick(script, 1);
	assert_memory_equal(task_row(script, id), "done", 4);
}

static void a_host_that_never_answers_ends_it(void **state)
{
	SCRIPT script = script_new(":memory:");
	char id[ID_MAX];
	int i;

	(void)state;
	accept(script, id);
	for (i = 0; i < 30 && script->nsent > 0; i++) {
		lose(script, TRANSPORT_REFUSED);
		tick(script, 1);
		tick_until_sent(script, 300000);
	}
	assert_int_equal(i, script->settings.attempts_max);
	assert_memory_equal(task_row(script, id), "done", 4);
}

/* Behind a password the login comes first. */
static void an_administrator_with_a_password_logs_in_first(void **state)
{
	SCRIPT script = script_new(":memory:");
	AUTO_FREE char *sql = xasprintf("UPDATE hosts SET auth_type ="
		" 'password', admin_email = 'root@host.test'"
		" WHERE host_id = '%s'", script->host_id);
	char id[ID_MAX];

	(void)state;
	fixture_sql(script->db, sql);
	accept(script, id);
	assert_non_null(strstr(script->sent[0].wire->url, "/auth/login"));
	reply(script, 200, OK_IS("{\"access_token\":\"jwt-1\",\"expires_in\":"
				 "3600,\"user\":{\"role\":\"admin\"}}"));
	tick(script, 1);
	assert_int_equal(script->nsent, 1);
	check_asked(script);
	assert_string_equal(script->sent[0].wire->headers[0],
			    "Authorization: Bearer jwt-1");
	reply(script, 401, REASON(401, "TOKEN_EXPIRED"));
	tick(script, 1);
	tick_until_sent(script, 60000);
	assert_non_null(strstr(script->sent[0].wire->url, "/auth/login"));
	reply(script, 401, REASON(401, "INVALID_CREDENTIALS"));
	tick(script, 1);
	assert_memory_equal(task_row(script, id), "done", 4);
	assert_non_null(strstr(host_row(script, script->host_id),
			       "host_auth"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_phrase_is_what_somebody_typed),
		cmocka_unit_test(a_refusal_is_told_in_the_hosts_words),
		cmocka_unit_test(
		what_fails_in_passing_is_repeated_with_the_same_phrase),
		cmocka_unit_test(a_host_that_never_answers_ends_it),
		cmocka_unit_test(
			an_administrator_with_a_password_logs_in_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
