/* The endpoints of hosts, and waiting for what they begin. */
#include "tests/unit/api_fixture.h"

#include <pthread.h>

#include "shared/clock.h"
#include "shared/table.h"

static void a_host_is_added_with_a_probe(void **state)
{
	AUTO_FREE char *id = add_host();
	AUTO_FREE char *location = xasprintf("/api/hosts/%s", id);

	(void)state;
	assert_string_equal(api.reply.location, location);
	assert_string_equal(text_of("base_url"), "https://host.example");
	assert_string_equal(text_of("name"), "host.example");
	assert_string_equal(text_of("state"), "unknown");
	assert_true(json_is_null(member("reason_zh")));
	assert_null(strstr(api.reply.out.text.text, "admin-0123456789"));
	assert_int_equal(count("SELECT count(*) FROM tasks WHERE flow ="
			       " 'host_probe' AND step = 'probe.public'"), 1);
	assert_int_equal(count("SELECT count(*) FROM secrets WHERE kind ="
			       " 'host_token' AND last4 IS NULL"), 1);
	assert_int_equal(ask("GET", location, NULL), 200);
	assert_string_equal(text_of("host_id"), id);
}

static void the_same_host_is_there_once(void **state)
{
	(void)state;
	assert_int_equal(ask("POST", "/api/hosts", HOST_JSON), 202);
	assert_int_equal(ask("POST", "/api/hosts",
			     "{\"base_url\":\"HTTPS://Host.Example:443\","
			     "\"auth_type\":\"bearer\","
			     "\"auth_token\":\"another-token\"}"), 409);
	assert_string_equal(text_of("code"), "host_exists");
	assert_int_equal(count("SELECT count(*) FROM secrets"), 1);
}

static void all_problems_of_a_host_are_told_at_once(void **state)
{
	(void)state;
	assert_int_equal(ask("POST", "/api/hosts",
			     "{\"base_url\":\"file:///etc/passwd\","
			     "\"public_base_url\":\"https://u:p@x.example\","
			     "\"auth_type\":\"bearer\","
			     "\"admin_email\":\"a@b.example\","
			     "\"proxy\":\"ftp://u:pw-of-proxy@p.example\","
			     "\"ca_pem\":\"nothing\",\"name\":7,"
			     "\"auth_token\":\"two words\",\"extra\":1}"),
			 422);
	assert_string_equal(text_of("code"), "invalid");
	assert_int_equal(number_of("problems_total"), 8);
	assert_int_equal(json_array_size(member("problems")), 8);
	assert_null(strstr(buf_str(&api.reply.out.text), "pw-of-proxy"));
	assert_int_equal(count("SELECT count(*) FROM secrets"), 0);
}

static void bad_urls_of_hosts_are_refused(void **state)
{
	static const char *const bad[] = {
		"ftp://a.example", "http://", "https://", "a.example",
		"http://a.example/?q", "http://a.example/#f", "http:///x",
		"http://a b.example", "javascript:alert(1)", "http://@",
		"http://169.254.169.254/latest",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		AUTO_FREE char *body = xasprintf(
			"{\"base_url\":\"%s\",\"auth_type\":\"api_key\","
			"\"auth_token\":\"0123456789\"}", bad[i]);

		if (ask("POST", "/api/hosts", body) != 422)
			fail_msg("%s was taken", bad[i]);
		assert_string_equal(text_of("problems.0.field"), "base_url");
	}
}

static void hosts_are_listed_in_pages(void **state)
{
	AUTO_FREE char *target = NULL;
	size_t seen = 0;

	(void)state;
	for (int i = 0; i < 5; i++) {
		AUTO_FREE char *body = xasprintf(
			"{\"base_url\":\"http://h%d.example\",\"auth_type\":"
			"\"api_key\",\"auth_token\":\"0123456789\"}", i);

		assert_int_equal(ask("POST", "/api/hosts", body), 202);
	}
	target = xstrdup("/api/hosts?limit=2");
	for (int pages = 1; pages <= 3; pages++) {
		assert_int_equal(ask("GET", target, NULL), 200);
		seen += json_array_size(member("hosts"));
		assert_int_equal(json_is_null(member("next_cursor")),
				 pages == 3);
		free(target);
		target = xasprintf("/api/hosts?limit=2&cursor=%s",
				   text_of("next_cursor"));
	}
	assert_int_equal(seen, 5);
	assert_int_equal(ask("GET", "/api/hosts?limit=201", NULL), 400);
	assert_int_equal(ask("GET", "/api/hosts?cursor=abc", NULL), 400);
	assert_string_equal(text_of("code"), "invalid_cursor");
}

static void a_probe_under_way_is_joined(void **state)
{
	AUTO_FREE char *id = add_host();
	AUTO_FREE char *target = xasprintf("/api/hosts/%s/probe", id);

	(void)state;
	assert_int_equal(ask("POST", target, NULL), 202);
	assert_int_equal(count("SELECT count(*) FROM tasks"), 1);
	sql("UPDATE tasks SET state = 'done'");
	assert_int_equal(ask("POST", target, "{}"), 202);
	assert_int_equal(count("SELECT count(*) FROM tasks"), 2);
	assert_int_equal(ask("POST", target, "{\"deep\":true}"), 422);
	assert_int_equal(ask("POST", "/api/hosts/none/probe", NULL), 404);
}

static void an_unused_host_is_removed_whole(void **state)
{
	AUTO_FREE char *id = add_host();
	AUTO_FREE char *target = xasprintf("/api/hosts/%s", id);

	(void)state;
	assert_int_equal(ask("DELETE", target, NULL), 204);
	assert_int_equal(api.reply.out.text.len, 0);
	assert_int_equal(ask("DELETE", target, NULL), 404);
	assert_int_equal(ask("GET", target, NULL), 404);
	assert_int_equal(count("SELECT (SELECT count(*) FROM secrets) +"
			       " (SELECT count(*) FROM tasks)"), 0);
}

static void a_host_in_use_stays(void **state)
{
	AUTO_FREE char *id = add_host();
	AUTO_FREE char *target = xasprintf("/api/hosts/%s", id);

	(void)state;
	assert_int_equal(post_run(id, "[{\"base_url\":\"http://p.example\","
				  "\"api_key\":\"sk-0123456789\"}]"), 202);
	assert_int_equal(ask("DELETE", target, NULL), 409);
	assert_string_equal(text_of("code"), "host_in_use");
	assert_int_equal(number_of("import_batches"), 1);
	assert_int_equal(number_of("managed_resources"), 0);
	assert_int_equal(number_of("reconcile_runs"), 0);
	assert_int_equal(ask("GET", target, NULL), 200);
}

/* Longer than a machine can be busy with other things. */
#define PATIENCE_MS 60000

static bool probe_is_due(struct db *db)
{
	static const struct db_query q_due = { "test.due",
		"SELECT count(*) FROM tasks WHERE state = 'due'" };
	int64_t n;
	struct err err;

	return db_number(db, &q_due, DB_NO_ARGS, &n, &err) == 0 && n > 0;
}

/* Both at once: who waits must not look in between. */
static bool end_it(struct db *db)
{
	static const struct db_query q_end = { "test.end",
		"UPDATE tasks SET state = 'done' WHERE state = 'due'" };
	static const struct db_query q_ready = { "test.ready",
		"UPDATE hosts SET state = 'ready', version = '0.1.129'" };
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	struct err err;

	return db_tx_begin(&tx, db, &err) == 0 &&
	       db_run(db, &q_end, DB_NO_ARGS, &err) == 0 &&
	       db_run(db, &q_ready, DB_NO_ARGS, &err) == 0 &&
	       db_tx_commit(&tx, &err) == 0;
}

/*
 * Plays schedd on a connection of its own: ends the probe when it is there.
 * It only reads until then, and tries again what a busy database refuses.
 */
static void *end_probe(void *arg)
{
	int64_t until = clock_mono_ms() + PATIENCE_MS;
	struct db *db = NULL;
	struct err err;

	(void)arg;
	if (db_open(&db, api.path, DB_EXISTING, &err))
		return NULL;
	while (clock_mono_ms() < until && !(probe_is_due(db) && end_it(db)))
		usleep(2000);
	db_close(&db);
	return NULL;
}

static void who_waits_gets_the_finished_thing(void **state)
{
	pthread_t schedd;

	(void)state;
	api.settings.wait_max_s = PATIENCE_MS / 1000;
	assert_int_equal(pthread_create(&schedd, NULL, end_probe, NULL), 0);
	api.wire.prefer = "wait=60";
	api.wire.idempotency_key = "key-1";
	assert_int_equal(ask("POST", "/api/hosts", HOST_JSON), 201);
	pthread_join(schedd, NULL);
	assert_string_equal(text_of("version"), "0.1.129");
	assert_non_null(api.reply.location);
	assert_int_equal(api.reply.waited_s, 60);
	/* The repeat may wait as well, and gets the same. */
	api.wire.prefer = "wait=60";
	api.wire.idempotency_key = "key-1";
	assert_int_equal(ask("POST", "/api/hosts", HOST_JSON), 201);
	assert_true(api.reply.replayed);
}

static void who_waits_in_vain_gets_202(void **state)
{
	(void)state;
	api.wire.prefer = "wait=1";
	assert_int_equal(ask("POST", "/api/hosts", HOST_JSON), 202);
	assert_int_equal(api.reply.waited_s, 0);
	assert_string_equal(text_of("state"), "unknown");
	assert_non_null(api.reply.location);
}

static void without_a_slot_nobody_waits(void **state)
{
	(void)state;
	api.settings.wait_slots = 0;
	api.wire.prefer = "wait=25";
	assert_int_equal(ask("POST", "/api/hosts", HOST_JSON), 202);
	assert_string_equal(text_of("state"), "unknown");
}

static void who_is_asked_to_end_waits_no_more(void **state)
{
	static volatile sig_atomic_t stopping = 1;

	(void)state;
	api.worker.stopping = &stopping;
	api.wire.prefer = "wait=25";
	assert_int_equal(ask("POST", "/api/hosts", HOST_JSON), 202);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_host_is_added_with_a_probe),
		T(the_same_host_is_there_once),
		T(all_problems_of_a_host_are_told_at_once),
		T(bad_urls_of_hosts_are_refused),
		T(hosts_are_listed_in_pages),
		T(a_probe_under_way_is_joined),
		T(an_unused_host_is_removed_whole),
		T(a_host_in_use_stays),
		T(who_waits_gets_the_finished_thing),
		T(who_waits_in_vain_gets_202),
		T(without_a_slot_nobody_waits),
		T(who_is_asked_to_end_waits_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
