/* Notices, and what is said of the endpoints of providers. */
#include "tests/unit/access_fixture.h"

#include "shared/secrets.h"
#include "shared/table.h"
#include "tests/unit/certificate.h"

static const char notice_rows[] =
	"INSERT INTO notices (notice_id, kind, subject, host_id, endpoint_key,"
	" class, detail, at, ended_at) VALUES"
	" ('ntc_1', 'host_version', 'hst_a', 'hst_a', NULL, NULL,"
	"  '{\"from\":\"0.1.126\",\"to\":\"0.1.179\"}', 1, NULL),"
	" ('ntc_2', 'host_suspect', 'hst_a', 'hst_a', NULL, 'timeout',"
	"  '{\"checked\":9,\"failed\":9}', 2, 3),"
	" ('ntc_3', 'balance_low', 'one-1/fp', NULL, 'one-1', NULL,"
	"  '{\"amount\":\"1.20\",\"currency\":\"CNY\"}', 3, NULL),"
	" ('ntc_4', 'host_version', 'hst_b', 'hst_b', NULL, NULL, '{}', 4,"
	"  5);";

static void those_that_hold_come_first(void **state)
{
	static const char *const order[] = { "ntc_3", "ntc_1", "ntc_4",
					     "ntc_2" };

	(void)state;
	sql(notice_rows);
	assert_int_equal(ask("GET", "/api/notices", NULL), 200);
	assert_int_equal(json_array_size(member("notices")), COUNT(order));
	for (size_t i = 0; i < COUNT(order); i++) {
		AUTO_FREE char *at = xasprintf("notices.%zu.notice_id", i);

		assert_string_equal(text_of(at), order[i]);
	}
	assert_true(json_is_null(member("next_cursor")));
	assert_true(json_is_true(member("notices.0.open")));
	assert_true(json_is_false(member("notices.3.open")));
	assert_non_null(strstr(text_of("notices.0.text_en"), "1.20 CNY"));
	assert_non_null(strstr(text_of("notices.1.text_zh"), "0.1.179"));
	assert_string_equal(text_of("notices.1.detail.from"), "0.1.126");
}

/* The ids of all notices in pages of `limit`, one after the other. */
static void pages_of(int limit, const char *more, char ret[64])
{
	AUTO_FREE char *target = xasprintf("/api/notices?limit=%d%s", limit,
					   more);
	size_t len = 0;

	ret[0] = '\0';
	for (int pages = 0; pages < 9; pages++) {
		size_t n;

		assert_int_equal(ask("GET", target, NULL), 200);
		n = json_array_size(member("notices"));
		assert_true(n <= (size_t)limit);
		for (size_t i = 0; i < n; i++) {
			AUTO_FREE char *at = xasprintf("notices.%zu.notice_id",
						       i);

			assert_true(len < 60);
			ret[len++] = text_of(at)[4];
			ret[len] = '\0';
		}
		if (json_is_null(member("next_cursor")))
			return;
		free(target);
		target = xasprintf("/api/notices?limit=%d&cursor=%s%s", limit,
				   text_of("next_cursor"), more);
	}
	fail_msg("pages without end");
}

static void no_page_size_loses_or_doubles_one(void **state)
{
	char ids[64];

	(void)state;
	sql(notice_rows);
	for (int limit = 1; limit <= 6; limit++) {
		pages_of(limit, "", ids);
		assert_string_equal(ids, "3142");
		pages_of(limit, "&host_id=hst_a", ids);
		assert_string_equal(ids, "12");
	}
	assert_int_equal(ask("GET", "/api/notices?cursor=abc", NULL), 400);
	assert_int_equal(ask("GET", "/api/notices?open=true", NULL), 400);
}

static void a_host_counts_its_notices(void **state)
{
	(void)state;
	sql(notice_rows);
	assert_int_equal(ask("GET", "/api/hosts/hst_a", NULL), 200);
	assert_int_equal(number_of("notices_open"), 1);
	assert_int_equal(ask("GET", "/api/hosts", NULL), 200);
	assert_int_equal(number_of("hosts.1.notices_open"), 0);
}

#define ENDPOINT "/api/endpoints/one-1"

static void an_endpoint_of_which_nothing_is_said_has_nulls(void **state)
{
	(void)state;
	api.wire.authorization = "Bearer " READ_TOKEN;
	assert_int_equal(ask("GET", ENDPOINT, NULL), 200);
	assert_string_equal(text_of("endpoint_key"), "one-1");
	assert_true(json_is_null(member("proxy")));
	assert_true(json_is_null(member("concurrency")));
	assert_true(json_is_null(member("created_at")));
	assert_true(json_is_false(member("has_ca")));
	assert_int_equal(count("SELECT count(*) FROM endpoints"), 0);
}

static int put(const char *body)
{
	return ask("PUT", ENDPOINT, body);
}

static void what_is_put_replaces_what_was(void **state)
{
	(void)state;
	assert_int_equal(put("{\"proxy\":\"http://u:pw-1@p.example:3128\","
			     "\"concurrency\":4,\"requests_per_minute\":60}"),
			 200);
	assert_string_equal(text_of("proxy"), "http://p.example:3128");
	assert_int_equal(number_of("concurrency"), 4);
	assert_null(strstr(api.reply.out.text.text, "pw-1"));
	assert_int_equal(count("SELECT count(*) FROM secrets"
			       " WHERE kind = 'proxy'"), 1);
	assert_int_equal(put("{\"requests_per_minute\":9}"), 200);
	assert_true(json_is_null(member("proxy")));
	assert_true(json_is_null(member("concurrency")));
	assert_int_equal(number_of("requests_per_minute"), 9);
	assert_int_equal(count("SELECT count(*) FROM secrets"
			       " WHERE kind = 'proxy'"), 0);
}

static void a_proxy_put_back_as_it_was_shown_keeps_its_credentials(void **state)
{
	static const struct db_query q_id = { "test.id",
		"SELECT proxy_secret_id FROM endpoints" };
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	AUTO_WIPE char *stored = NULL;
	struct err err;

	(void)state;
	assert_int_equal(put("{\"proxy\":\"http://u:pw-1@p.example:3128\"}"),
			 200);
	assert_int_equal(put("{\"proxy\":\"http://p.example:3128\","
			     "\"concurrency\":1}"), 200);
	must(db_query(&rows, api.db, &q_id, DB_NO_ARGS, &err), &err);
	assert_int_equal(db_next(&rows, &err), 1);
	must(secrets_open(api.db, &api.key, db_must(&rows, 0), &stored, &err),
	     &err);
	assert_string_equal(stored, "http://u:pw-1@p.example:3128");
	assert_int_equal(count("SELECT count(*) FROM secrets"
			       " WHERE kind = 'proxy'"), 1);
}

static void certificates_of_an_endpoint_are_kept(void **state)
{
	AUTO_FREE char *body = NULL;
	json_t *json = json_pack("{s:s}", "ca_pem", CERTIFICATE);

	(void)state;
	body = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	assert_int_equal(put(body), 200);
	assert_true(json_is_true(member("has_ca")));
	assert_int_equal(count("SELECT count(*) FROM endpoints WHERE"
			       " ca_pem LIKE '-----BEGIN%'"), 1);
}

static void all_problems_of_an_endpoint_are_told_at_once(void **state)
{
	(void)state;
	assert_int_equal(put("{\"proxy\":\"x\",\"ca_pem\":\"x\","
			     "\"concurrency\":0,\"requests_per_minute\":\"x\","
			     "\"x\":1}"), 422);
	assert_int_equal(number_of("problems_total"), 5);
	assert_int_equal(put("[]"), 422);
	api.wire.authorization = "Bearer " OPERATE_TOKEN;
	assert_int_equal(put("{}"), 403);
	assert_int_equal(count("SELECT count(*) FROM endpoints"), 0);
}

static void a_repeated_put_happens_once(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		api.wire.idempotency_key = "put-1";
		assert_int_equal(put("{\"concurrency\":2}"), 200);
		assert_int_equal(api.reply.replayed, i == 1);
		assert_int_equal(number_of("concurrency"), 2);
	}
	api.wire.idempotency_key = "put-1";
	assert_int_equal(put("{\"concurrency\":3}"), 409);
	assert_string_equal(text_of("code"), "idempotency_key_reused");
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup_accesses, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(those_that_hold_come_first),
		T(no_page_size_loses_or_doubles_one),
		T(a_host_counts_its_notices),
		T(an_endpoint_of_which_nothing_is_said_has_nulls),
		T(what_is_put_replaces_what_was),
		T(a_proxy_put_back_as_it_was_shown_keeps_its_credentials),
		T(certificates_of_an_endpoint_are_kept),
		T(all_problems_of_an_endpoint_are_told_at_once),
		T(a_repeated_put_happens_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
