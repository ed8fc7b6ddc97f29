/* Hosts with a password, a proxy or certificates; changes; compliance. */
#include "tests/unit/api_fixture.h"

#include "shared/secrets.h"
#include "shared/table.h"
#include "tests/unit/certificate.h"

#define PASSWORD "correct horse battery"
#define PROXY "socks5h://crm:pw-of-proxy@Proxy.example:1080"

/* Send this body, whose reference is taken. */
static int ask_json(const char *method, const char *target, json_t *body)
{
	AUTO_FREE char *text = json_dumps(body, JSON_COMPACT);

	json_decref(body);
	return ask(method, target, text);
}

static json_t *password_host(const char *email, const char *password)
{
	return json_pack("{s:s,s:s,s:s*,s:s}", "base_url",
			 "https://host.example", "auth_type", "password",
			 "admin_email", email, "auth_token", password);
}

/* What the secret that this SQL yields the id of says, to the one who may. */
static char *opened(const char *column)
{
	struct db_query *query = xcalloc(1, sizeof(*query));
	AUTO_FREE char *sql = xasprintf("SELECT %s FROM hosts", column);
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	struct db *db = NULL;
	char *ret = NULL;
	struct err err;

	*query = (struct db_query){ "test.opened", sql };
	must(db_open(&db, api.path, DB_EXISTING, &err), &err);
	must(db_query(&rows, db, query, DB_NO_ARGS, &err), &err);
	assert_int_equal(db_next(&rows, &err), 1);
	must(secrets_open(api.db, &api.key, db_must(&rows, 0), &ret, &err),
	     &err);
	db_rows_done(&rows);
	db_close(&db);
	free(query);
	return ret;
}

static void shows_none_of_it(const char *secret)
{
	const char *text = buf_str(&api.reply.out.text);

	if (strstr(text, secret))
		fail_msg("%s is in %s", secret, text);
}

static void a_password_is_taken_with_its_blanks(void **state)
{
	AUTO_WIPE char *stored = NULL;

	(void)state;
	assert_int_equal(ask_json("POST", "/api/hosts",
			 password_host("root@host.example", PASSWORD)), 202);
	assert_string_equal(text_of("auth_type"), "password");
	assert_string_equal(text_of("admin_email"), "root@host.example");
	assert_true(json_is_null(member("session_expires_at")));
	shows_none_of_it(PASSWORD);
	stored = opened("auth_secret_id");
	assert_string_equal(stored, PASSWORD);
}

static void bad_passwords_and_addresses_are_refused(void **state)
{
	static const struct {
		const char *email, *password, *field;
	} bad[] = {
		{ "a@b.example", "short", "auth_token" },
		{ "a@b.example", "line\nbreak", "auth_token" },
		{ "a@b.example",
		  "123456789012345678901234567890123456789012345678"
		  "9012345678901234567890123", "auth_token" },
		{ NULL, PASSWORD, "admin_email" },
		{ "nobody", PASSWORD, "admin_email" },
		{ "@b.example", PASSWORD, "admin_email" },
		{ "a@b@c.example", PASSWORD, "admin_email" },
		{ "a b@c.example", PASSWORD, "admin_email" },
		{ "x", PASSWORD, "admin_email" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		if (ask_json("POST", "/api/hosts",
			     password_host(bad[i].email,
					   bad[i].password)) != 422)
			fail_msg("case %zu was taken", i);
		assert_int_equal(number_of("problems_total"), 1);
		assert_string_equal(text_of("problems.0.field"),
				    bad[i].field);
	}
	assert_int_equal(count("SELECT count(*) FROM secrets"), 0);
}

static void a_token_with_a_line_break_is_told_so(void **state)
{
	static const struct {
		const char *token, *words;
	} bad[] = {
		{ "admin-0123456789\\n", "line break" },
		{ " admin-0123456789", "leave it out" },
		{ "admin 0123456789", "without blanks" },
		{ "admin", "8 to 8192" },
		{ "", "1 to 8192" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		AUTO_FREE char *body = xasprintf(
			"{\"base_url\":\"http://h.example\",\"auth_type\":"
			"\"api_key\",\"auth_token\":\"%s\"}", bad[i].token);

		assert_int_equal(ask("POST", "/api/hosts", body), 422);
		assert_non_null(strstr(text_of("detail"), bad[i].words));
	}
}

static char *add_with_way_out(void)
{
	assert_int_equal(ask_json("POST", "/api/hosts", json_pack(
			 "{s:s,s:s,s:s,s:s,s:s}", "base_url",
			 "https://host.example", "auth_type", "api_key",
			 "auth_token", "admin-0123456789", "proxy", PROXY,
			 "ca_pem", CERTIFICATE)), 202);
	return xstrdup(text_of("host_id"));
}

static void a_proxy_is_sealed_whole_and_shown_without_credentials(void **state)
{
	AUTO_FREE char *id = add_with_way_out();
	AUTO_WIPE char *stored = opened("proxy_secret_id");

	(void)state;
	assert_string_equal(text_of("host_id"), id);
	assert_string_equal(text_of("proxy"), "socks5h://Proxy.example:1080");
	assert_true(json_is_true(member("has_ca")));
	shows_none_of_it("pw-of-proxy");
	shows_none_of_it("CERTIFICATE");
	assert_string_equal(stored, PROXY);
	assert_int_equal(count("SELECT count(*) FROM hosts WHERE"
			       " instr(proxy, 'pw-of-proxy')"), 0);
	assert_int_equal(count("SELECT count(*) FROM secrets"
			       " WHERE kind = 'proxy'"), 1);
}

static void bad_ways_out_are_refused(void **state)
{
	static const struct {
		const char *name, *value;
	} bad[] = {
		{ "proxy", "proxy.example:3128" },
		{ "proxy", "ftp://proxy.example:3128" },
		{ "proxy", "http://pw-of-proxy blank@proxy.example:1" },
		{ "proxy", "http://proxy.example:70000" },
		{ "proxy", "http://proxy.example:3128/path" },
		{ "proxy", "socks5://" },
		{ "ca_pem", "-----BEGIN PRIVATE KEY-----" },
		{ "ca_pem", "-----BEGIN CERTIFICATE-----\nMIIB\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		if (ask_json("POST", "/api/hosts", json_pack(
			     "{s:s,s:s,s:s,s:s}", "base_url",
			     "https://host.example", "auth_type", "api_key",
			     "auth_token", "admin-0123456789", bad[i].name,
			     bad[i].value)) != 422)
			fail_msg("%s was taken", bad[i].value);
		assert_string_equal(text_of("problems.0.field"),
				    bad[i].name);
		shows_none_of_it("pw-of-proxy");
	}
}

static int patch(const char *id, const char *body)
{
	AUTO_FREE char *target = xasprintf("/api/hosts/%s", id);

	return ask("PATCH", target, body);
}

static void a_host_is_changed_and_probed_again(void **state)
{
	AUTO_FREE char *id = add_host();
	AUTO_WIPE char *stored = NULL;

	(void)state;
	sql("UPDATE tasks SET state = 'done'");
	assert_int_equal(patch(id, "{\"name\":\"two\",\"auth_token\":"
			       "\"another-0123456789\","
			       "\"public_base_url\":\"https://pub.example/\","
			       "\"proxy\":\"http://u:pw-2@p.example:1\"}"),
			 202);
	assert_string_equal(text_of("host_id"), id);
	assert_string_equal(text_of("name"), "two");
	assert_string_equal(text_of("public_base_url"),
			    "https://pub.example");
	assert_string_equal(text_of("proxy"), "http://p.example:1");
	shows_none_of_it("pw-2");
	stored = opened("auth_secret_id");
	assert_string_equal(stored, "another-0123456789");
	/* The token before is gone. */
	assert_int_equal(count("SELECT count(*) FROM secrets"), 2);
	assert_int_equal(count("SELECT count(*) FROM tasks WHERE"
			       " flow = 'host_probe' AND state = 'due'"), 1);
}

static void what_is_not_named_stays_and_null_takes_away(void **state)
{
	AUTO_FREE char *id = add_with_way_out();

	(void)state;
	assert_int_equal(patch(id, "{\"name\":\"x\"}"), 202);
	assert_string_equal(text_of("proxy"), "socks5h://Proxy.example:1080");
	assert_true(json_is_true(member("has_ca")));
	assert_int_equal(patch(id, "{\"proxy\":null,\"ca_pem\":\"\"}"), 202);
	assert_true(json_is_null(member("proxy")));
	assert_true(json_is_false(member("has_ca")));
	assert_string_equal(text_of("name"), "x");
	assert_int_equal(count("SELECT count(*) FROM secrets"
			       " WHERE kind = 'proxy'"), 0);
	assert_int_equal(count("SELECT count(*) FROM secrets"), 1);
}

static void all_problems_of_a_change_are_told_at_once(void **state)
{
	AUTO_FREE char *id = add_host();

	(void)state;
	assert_int_equal(patch(id, "{\"name\":null,\"auth_token\":\"a b c d e "
			       "f\",\"public_base_url\":\"ftp://x\","
			       "\"proxy\":\"x\",\"ca_pem\":\"x\","
			       "\"base_url\":\"http://new.example\"}"), 422);
	assert_int_equal(number_of("problems_total"), 6);
	assert_int_equal(patch(id, "{}"), 422);
	assert_int_equal(patch(id, "[]"), 422);
	assert_int_equal(patch("hst_none", "{\"name\":\"x\"}"), 404);
	api.wire.authorization = "Bearer " OPERATE_TOKEN;
	assert_int_equal(patch(id, "{\"name\":\"x\"}"), 403);
	assert_int_equal(count("SELECT count(*) FROM tasks"), 1);
}

static void a_token_is_held_to_the_kind_of_its_host(void **state)
{
	AUTO_FREE char *id = NULL;

	(void)state;
	assert_int_equal(ask_json("POST", "/api/hosts",
			 password_host("root@host.example", PASSWORD)), 202);
	id = xstrdup(text_of("host_id"));
	assert_int_equal(patch(id, "{\"auth_token\":\"new password\"}"), 202);
	assert_int_equal(patch(id, "{\"auth_token\":\"short\"}"), 422);
}

static void a_repeated_change_happens_once(void **state)
{
	AUTO_FREE char *id = add_host();

	(void)state;
	sql("UPDATE tasks SET state = 'done'");
	for (int i = 0; i < 2; i++) {
		api.wire.idempotency_key = "change-1";
		assert_int_equal(patch(id, "{\"name\":\"x\"}"), 202);
		assert_int_equal(api.reply.replayed, i == 1);
	}
	assert_int_equal(count("SELECT count(*) FROM tasks"
			       " WHERE state = 'due'"), 1);
	api.wire.idempotency_key = "change-1";
	assert_int_equal(patch(id, "{\"name\":\"y\"}"), 409);
}

static int accept_phrase(const char *id, const char *body)
{
	AUTO_FREE char *target = xasprintf("/api/hosts/%s/accept-compliance",
					   id);

	return ask("POST", target, body);
}

static void a_phrase_goes_to_the_host_as_it_was_typed(void **state)
{
	AUTO_FREE char *id = add_host();

	(void)state;
	assert_int_equal(accept_phrase(id, "{\"phrase\":\" I \\\"accept\\\" "
				       "\"}"), 202);
	assert_string_equal(text_of("host_id"), id);
	assert_non_null(api.reply.location);
	assert_int_equal(count("SELECT count(*) FROM tasks WHERE"
		" flow = 'host_compliance' AND step = 'compliance.accept' AND"
		" json_extract(memo, '$.phrase') = ' I \"accept\" '"), 1);
	assert_int_equal(accept_phrase(id, "{}"), 422);
	assert_int_equal(accept_phrase(id, "{\"phrase\":\"\",\"x\":1}"), 422);
	assert_int_equal(number_of("problems_total"), 2);
	assert_int_equal(accept_phrase("hst_none", "{\"phrase\":\"x\"}"),
			 404);
	api.wire.authorization = "Bearer " OPERATE_TOKEN;
	assert_int_equal(accept_phrase(id, "{\"phrase\":\"x\"}"), 403);
}

static void a_state_is_said_in_a_sentence(void **state)
{
	AUTO_FREE char *id = add_host();
	AUTO_FREE char *target = xasprintf("/api/hosts/%s", id);

	(void)state;
	assert_non_null(strstr(text_of("sentence_en"), "not been probed"));
	sql("UPDATE hosts SET state = 'unreachable', reason = 'dns'");
	assert_int_equal(ask("GET", target, NULL), 200);
	assert_string_equal(text_of("sentence_en"), text_of("reason_en"));
	sql("UPDATE hosts SET state = 'compliance_required',"
	    " reason = 'compliance_required'");
	assert_int_equal(ask("GET", target, NULL), 200);
	assert_non_null(strstr(text_of("sentence_en"), "accept-compliance"));
	sql("INSERT INTO host_snapshots VALUES ((SELECT host_id FROM hosts),"
	    " 1, '0.1.179', '{\"compliance_en\":\"type: I do\","
	    "\"compliance_zh\":\"z\",\"evidence\":[{\"name\":\"a\"}]}')");
	assert_int_equal(ask("GET", target, NULL), 200);
	assert_string_equal(text_of("sentence_en"), "type: I do");
	assert_string_equal(text_of("sentence_zh"), "z");
	assert_string_equal(text_of("capabilities.evidence.0.name"), "a");
	sql("UPDATE hosts SET state = 'ready', reason = NULL,"
	    " run_mode = 'simple', suspect_class = 'timeout',"
	    " suspect_since = 1000");
	assert_int_equal(ask("GET", target, NULL), 200);
	assert_non_null(strstr(text_of("sentence_en"), "suspected"));
	assert_string_equal(text_of("run_mode"), "simple");
	assert_string_equal(text_of("suspect_class"), "timeout");
	assert_string_equal(text_of("suspect_since"),
			    "1970-01-01T00:00:01.000Z");
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_password_is_taken_with_its_blanks),
		T(bad_passwords_and_addresses_are_refused),
		T(a_token_with_a_line_break_is_told_so),
		T(a_proxy_is_sealed_whole_and_shown_without_credentials),
		T(bad_ways_out_are_refused),
		T(a_host_is_changed_and_probed_again),
		T(what_is_not_named_stays_and_null_takes_away),
		T(all_problems_of_a_change_are_told_at_once),
		T(a_token_is_held_to_the_kind_of_its_host),
		T(a_repeated_change_happens_once),
		T(a_phrase_goes_to_the_host_as_it_was_typed),
		T(a_state_is_said_in_a_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
