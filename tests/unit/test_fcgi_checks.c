/* The endpoints of checks. */
#include "tests/unit/access_fixture.h"

#include <pthread.h>

#include "shared/table.h"

#define CHECKS "/api/access-checks"

static void a_check_is_begun_with_its_task(void **state)
{
	AUTO_FREE char *id = NULL, *location = NULL;

	(void)state;
	api.wire.authorization = "Bearer " OPERATE_TOKEN;
	assert_int_equal(ask("POST", CHECKS, "{\"access_id\":\"acc_1\","
			     "\"surfaces\":true}"), 202);
	id = xstrdup(text_of("check_id"));
	location = xasprintf(CHECKS "/%s", id);
	assert_string_equal(api.reply.location, location);
	assert_string_equal(text_of("state"), "running");
	assert_true(json_is_true(member("surfaces")));
	assert_true(json_is_null(member("result")));
	assert_true(json_is_null(member("proof")));
	assert_string_equal(text_of("access.access_id"), "acc_1");
	assert_int_equal(count("SELECT count(*) FROM tasks WHERE"
			       " flow = 'check' AND host_id = 'hst_a'"), 1);
	assert_int_equal(ask("GET", location, NULL), 200);
	assert_string_equal(text_of("check_id"), id);
	assert_int_equal(ask("GET", CHECKS "/chk_none", NULL), 404);
}

static void one_that_is_under_way_is_joined(void **state)
{
	AUTO_FREE char *id = NULL;

	(void)state;
	assert_int_equal(ask("POST", CHECKS, "{\"access_id\":\"acc_1\"}"),
			 202);
	id = xstrdup(text_of("check_id"));
	assert_int_equal(ask("POST", CHECKS, "{\"access_id\":\"acc_1\"}"),
			 202);
	assert_string_equal(text_of("check_id"), id);
	assert_int_equal(count("SELECT count(*) FROM access_checks"), 1);
}

static void an_access_is_found_by_what_singles_it_out(void **state)
{
	static const struct {
		const char *body, *access;
	} cases[] = {
		{ "{\"host_id\":\"hst_a\",\"provider_id\":\"two-2\"}",
		  "acc_3" },
		{ "{\"provider_id\":\"two-2\"}", "acc_3" },
		{ "{\"host_id\":\"hst_b\"}", "acc_4" },
		{ "{\"host_id\":\"hst_a\",\"provider_id\":\"one-1\","
		  "\"selector\":\"team\",\"access_id\":null}", "acc_2" },
		{ "{\"provider_id\":\"one-1\",\"access_mode\":"
		  "\"self_service\"}", "acc_4" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(ask("POST", CHECKS, cases[i].body), 202);
		assert_string_equal(text_of("access_id"), cases[i].access);
	}
}

static void an_ambiguous_request_is_told_what_is_missing(void **state)
{
	static const struct {
		const char *body, *detail;
	} cases[] = {
		{ "{\"provider_id\":\"one-1\"}",
		  "provider exists on multiple hosts; host_id is required" },
		{ "{\"host_id\":\"hst_a\"}",
		  "host has multiple providers; provider_id is required" },
		{ "{\"host_id\":\"hst_a\",\"provider_id\":\"one-1\"}",
		  "access exists for multiple users; selector is required" },
		{ "{\"host_id\":\"hst_a\",\"provider_id\":\"one-1\","
		  "\"selector\":\"default\"}",
		  "access exists in multiple modes; access_mode is required" },
	};

	(void)state;
	sql("INSERT INTO accesses (access_id, host_id, endpoint_key,"
	    " access_mode, selector, status, status_since, created_at,"
	    " updated_at) VALUES ('acc_5', 'hst_a', 'one-1', 'self_service',"
	    " 'default', 'active', 1, 1, 1)");
	for (size_t i = 0; i < COUNT(cases); i++) {
		bool modes = strstr(cases[i].detail, "users");

		if (modes)
			sql("UPDATE accesses SET endpoint_key = 'x'"
			    " WHERE access_id = 'acc_5'");
		assert_int_equal(ask("POST", CHECKS, cases[i].body), 400);
		assert_string_equal(text_of("code"), strstr(cases[i].detail,
				    "; host_id") ? "host_id_required"
						 : "ambiguous");
		assert_string_equal(text_of("detail"), cases[i].detail);
		assert_string_equal(text_of("error"), cases[i].detail);
		if (modes)
			sql("UPDATE accesses SET endpoint_key = 'one-1'"
			    " WHERE access_id = 'acc_5'");
	}
	sql("INSERT INTO accesses (access_id, host_id, endpoint_key, plan,"
	    " access_mode, selector, status, status_since, created_at,"
	    " updated_at) VALUES ('acc_6', 'hst_a', 'one-1', 'token-plan',"
	    " 'self_service', 'default', 'active', 1, 1, 1)");
	assert_int_equal(ask("POST", CHECKS, "{\"host_id\":\"hst_a\","
			     "\"provider_id\":\"one-1\",\"access_mode\":"
			     "\"self_service\",\"selector\":\"default\"}"), 400);
	assert_string_equal(text_of("detail"), "access exists for multiple "
			    "plans; access_id is required");
	assert_int_equal(count("SELECT count(*) FROM access_checks"), 0);
}

static void bad_requests_are_refused_whole(void **state)
{
	static const struct {
		const char *body;
		int status;
		int64_t problems;
	} cases[] = {
		{ "{}", 422, 1 }, { "[]", 422, 1 },
		{ "{\"surfaces\":true}", 422, 1 },
		{ "{\"access_id\":\"acc_1\",\"host_id\":\"hst_a\","
		  "\"selector\":\"x\"}", 422, 2 },
		{ "{\"access_id\":1,\"surfaces\":1,\"x\":1}", 422, 3 },
		{ "{\"provider_id\":\"\",\"access_mode\":\"x\","
		  "\"selector\":\"\",\"host_id\":7,\"y\":2}", 422, 5 },
		{ "{\"access_id\":\"acc_9\"}", 404, -1 },
		{ "{\"provider_id\":\"nine-9\"}", 404, -1 },
		{ "{\"host_id\":\"hst_9\",\"provider_id\":\"one-1\"}", 404,
		  -1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		if (ask("POST", CHECKS, cases[i].body) != cases[i].status)
			fail_msg("%s: %d", cases[i].body, api.reply.status);
		if (number_of("problems_total") != cases[i].problems)
			fail_msg("%s: %s", cases[i].body,
				 api.reply.out.text.text);
	}
	api.wire.authorization = "Bearer " READ_TOKEN;
	assert_int_equal(ask("POST", CHECKS, "{\"access_id\":\"acc_1\"}"),
			 403);
	assert_int_equal(count("SELECT count(*) FROM tasks"), 0);
}

static void a_repeated_check_is_the_same_check(void **state)
{
	AUTO_FREE char *id = NULL;

	(void)state;
	api.wire.idempotency_key = "check-1";
	assert_int_equal(ask("POST", CHECKS, "{\"access_id\":\"acc_1\"}"),
			 202);
	id = xstrdup(text_of("check_id"));
	sql("UPDATE access_checks SET state = 'done'");
	api.wire.idempotency_key = "check-1";
	assert_int_equal(ask("POST", CHECKS, "{\"access_id\":\"acc_1\"}"),
			 202);
	assert_true(api.reply.replayed);
	assert_string_equal(text_of("check_id"), id);
	assert_int_equal(count("SELECT count(*) FROM access_checks"), 1);
}

/* Plays schedd on a connection of its own: ends the check when it is there. */
static void *end_check(void *arg)
{
	static const struct db_query q_end = { "test.end",
		"UPDATE access_checks SET state = 'done', result = 'degraded',"
		" failure_class = 'responses_forced', proof_id = 'prf_2',"
		" diagnosis = '" DIAGNOSIS "', repaired = 1,"
		" finished_at = 9 WHERE state = 'running'" };
	struct db *db = NULL;
	struct err err;

	(void)arg;
	if (db_open(&db, api.path, DB_EXISTING, &err))
		return NULL;
	for (int tries = 0; tries < 2000; tries++) {
		if (db_run(db, &q_end, DB_NO_ARGS, &err) ||
		    db_changes(db) > 0)
			break;
		usleep(5000);
	}
	db_close(&db);
	return NULL;
}

static void who_waits_gets_the_result(void **state)
{
	pthread_t schedd;

	(void)state;
	assert_int_equal(pthread_create(&schedd, NULL, end_check, NULL), 0);
	api.wire.prefer = "wait=10";
	assert_int_equal(ask("POST", CHECKS, "{\"access_id\":\"acc_1\"}"),
			 200);
	pthread_join(schedd, NULL);
	assert_non_null(api.reply.location);
	assert_string_equal(text_of("state"), "done");
	assert_string_equal(text_of("result"), "degraded");
	assert_string_equal(text_of("failure_class"), "responses_forced");
	assert_true(json_is_string(member("cause_zh")));
	assert_true(json_is_string(member("cause_en")));
	assert_string_equal(text_of("diagnosis.hop"), "gateway");
	assert_true(json_is_string(member("diagnosis_zh")));
	assert_string_equal(text_of("proof.proof_id"), "prf_2");
	assert_int_equal(number_of("repaired"), 1);
	assert_string_equal(text_of("access.surfaces.chat"), "works");
}

static void who_does_not_wait_is_not_kept(void **state)
{
	(void)state;
	api.wire.prefer = "handling=lenient";
	assert_int_equal(ask("POST", CHECKS, "{\"access_id\":\"acc_1\"}"),
			 202);
	assert_int_equal(api.reply.waited_s, 0);
}

static void checks_of_an_access_are_listed_newest_first(void **state)
{
	AUTO_FREE char *target = NULL;

	(void)state;
	sql("INSERT INTO access_checks (check_id, access_id, requested_by,"
	    " state, result, proof_id, created_at) VALUES"
	    " ('chk_1', 'acc_1', 'watch', 'done', 'active', 'prf_9', 1),"
	    " ('chk_2', 'acc_1', 'tok_1', 'done', 'broken', NULL, 2),"
	    " ('chk_3', 'acc_2', 'watch', 'running', NULL, NULL, 3)");
	assert_int_equal(ask("GET", CHECKS "?access_id=acc_1&limit=1", NULL),
			 200);
	assert_int_equal(json_array_size(member("checks")), 1);
	assert_string_equal(text_of("checks.0.check_id"), "chk_2");
	target = xasprintf(CHECKS "?access_id=acc_1&cursor=%s",
			   text_of("next_cursor"));
	assert_int_equal(ask("GET", target, NULL), 200);
	assert_string_equal(text_of("checks.0.check_id"), "chk_1");
	assert_true(json_is_null(member("next_cursor")));
	/* Its proof was forgotten, and that is no failure. */
	assert_int_equal(ask("GET", CHECKS "/chk_1", NULL), 200);
	assert_string_equal(text_of("proof_id"), "prf_9");
	assert_true(json_is_null(member("proof")));
	assert_int_equal(ask("GET", CHECKS, NULL), 400);
	assert_int_equal(ask("GET", CHECKS "?access_id=acc_9", NULL), 404);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup_accesses, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_check_is_begun_with_its_task),
		T(one_that_is_under_way_is_joined),
		T(an_access_is_found_by_what_singles_it_out),
		T(an_ambiguous_request_is_told_what_is_missing),
		T(bad_requests_are_refused_whole),
		T(a_repeated_check_is_the_same_check),
		T(who_waits_gets_the_result),
		T(who_does_not_wait_is_not_kept),
		T(checks_of_an_access_are_listed_newest_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
