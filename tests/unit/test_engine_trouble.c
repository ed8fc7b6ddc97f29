/*
 * The engine when the database, a row or a secret is not as it should be.
 */
#include "tests/unit/engine_fixture.h"

#include "tests/unit/scratch.h"

#define SETTINGS "{\"code\":0,\"message\":\"success\",\"data\":{" \
	"\"version\":\"0.1.179\",\"registration_enabled\":false}}"
#define NO_HOST "{\"hello\":1}"

static void probe(struct script *script, char ret_id[ID_MAX])
{
	script_task(script, "host_probe", "probe.public", script->host_id,
		    ret_id);
}

/* ---- the database as a whole ---- */

static void a_database_that_cannot_be_written_is_waited_out(void **state)
{
	SCRIPT script = script_new(":memory:");
	char id[ID_MAX];
	int says;

	(void)state;
	probe(script, id);
	fixture_sql(script->db, "PRAGMA query_only = 1");
	tick(script, 0);
	says = script->says;
	assert_int_equal(script->nsent, 0);
	assert_memory_equal(script->said, "database.trouble", 16);
	assert_int_equal(script->next - script->now, 1000);
	/* It does not insist. */
	tick(script, 999);
	assert_int_equal(script->says, says);
	assert_int_equal(script->next - script->now, 1);
	fixture_sql(script->db, "PRAGMA query_only = 0");
	tick(script, 1);
	assert_int_equal(script->nsent, 1);
	assert_int_equal(script->says, says);
}

/* Another program writes for longer than anybody has patience. */
static struct db *lock_out(const char *path)
{
	struct db *db;
	struct err err;

	OK(db_open(&db, path, DB_EXISTING, &err));
	fixture_sql(db, "BEGIN IMMEDIATE");
	return db;
}

static struct script *script_in(const char *dir, char **ret_path)
{
	AUTO_FREE char *dsn = NULL;

	*ret_path = xasprintf("%s/crm.db", dir);
	dsn = xasprintf("file:%s?_busy_timeout=1", *ret_path);
	return script_new(dsn);
}

static void an_answer_is_kept_until_it_can_be_written_down(void **state)
{
	SCRATCH dir = scratch_new();
	AUTO_FREE char *path = NULL;
	SCRIPT script = script_in(dir, &path);
	CLEANUP(db_close) struct db *other = NULL;
	char first[ID_MAX], second[ID_MAX];

	(void)state;
	probe(script, first);
	probe(script, second);
	tick(script, 0);
	other = lock_out(path);
	reply(script, 200, SETTINGS);
	reply(script, 503, "{}");
	tick(script, 1);
	assert_int_equal(script->says, 1);
	assert_memory_equal(script->said, "database.trouble", 16);
	assert_int_equal(script->next - script->now, 1000);
	tick(script, 1000);
	assert_int_equal(script->says, 2);
	fixture_sql(other, "ROLLBACK");
	tick(script, 1000);
	/* Neither was asked again, and neither was counted twice. */
	assert_string_equal(task_row(script, first),
			    "leased probe.compliance 0 -");
	assert_string_equal(task_row(script, second),
			    "due probe.public 1 transient");
	assert_int_equal(script->sent_in_all, 3);
	assert_int_equal(script->says, 2);
}

/* ---- one verdict that cannot be written ---- */

static void one_bad_verdict_does_not_sink_the_others(void **state)
{
	SCRIPT script = script_new(":memory:");
	char bad[ID_MAX], good[ID_MAX];

	(void)state;
	fixture_sql(script->db, "CREATE TRIGGER no BEFORE UPDATE ON hosts"
		    " BEGIN SELECT RAISE(ABORT, 'it does not fit'); END");
	probe(script, bad);
	probe(script, good);
	tick(script, 0);
	reply(script, 200, NO_HOST);	/* ends the probe: the host is told */
	reply(script, 200, SETTINGS);
	tick(script, 0);
	assert_string_equal(task_row(script, good),
			    "leased probe.compliance 0 -");
	assert_string_equal(task_row(script, bad),
			    "due probe.public 0 internal");
	assert_int_equal(due_in(script, bad),
			 script->settings.retry_max_ms);
	assert_non_null(strstr(script->said, "it does not fit"));
	assert_non_null(strstr(script->said, bad));
	/* When it fits again, the task goes its way. */
	fixture_sql(script->db, "DROP TRIGGER no");
	reply(script, 200, "{\"code\":0,\"data\":{\"items\":[]}}");
	tick(script, script->settings.retry_max_ms);
	reply(script, 200, NO_HOST);
	reply(script, 200, NO_HOST);
	tick(script, 0);
	assert_string_equal(task_row(script, bad),
			    "done probe.public 0 host_unsupported");
}

/* ---- what cannot be begun ---- */

static void what_cannot_be_begun_is_put_back_for_long(void **state)
{
	static const struct {
		const char *flow, *step, *subject, *why;
	} cases[] = {
		{ "unheard_of", "first.step", NULL, "no step" },
		{ "host_probe", "unheard.of", NULL, "no step" },
		{ "host_probe", "probe.public", "hst_none", "hst_none" },
		{ "import", "probe.models", "itm_none", "itm_none" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		SCRIPT script = script_new(":memory:");
		AUTO_FREE char *row = xasprintf("due %s 0 internal",
						cases[i].step);
		char id[ID_MAX], other[ID_MAX];

		script_task(script, cases[i].flow, cases[i].step,
			    cases[i].subject ? cases[i].subject
					     : script->host_id, id);
		tick(script, 0);
		assert_string_equal(task_row(script, id), row);
		assert_int_equal(due_in(script, id),
				 script->settings.retry_max_ms);
		assert_int_equal(script->says, 1);
		assert_memory_equal(script->said, "task.trouble", 12);
		assert_non_null(strstr(script->said, cases[i].why));
		/* That is no trouble of the engine's. */
		probe(script, other);
		tick(script, 0);
		assert_int_equal(script->nsent, 1);
	}
}

static void a_request_whose_secret_does_not_open_is_not_sent(void **state)
{
	SCRIPT script = script_new(":memory:");
	char id[ID_MAX];

	(void)state;
	probe(script, id);
	tick(script, 0);
	fixture_sql(script->db, "UPDATE secrets SET sealed = x'0102'");
	reply(script, 200, SETTINGS);
	tick(script, 0);
	assert_int_equal(script->nsent, 0);
	assert_string_equal(task_row(script, id),
			    "due probe.compliance 0 internal");
	assert_int_equal(due_in(script, id), script->settings.retry_max_ms);
	/* It holds no place among the exchanges under way. */
	assert_int_equal(engine_under_way(script->engine), 0);
	assert_null(strstr(script->said, TOKEN));
}

/* Should it die in the middle of all this, nothing is half written. */
static void a_crash_while_verdicts_are_settled_apart_is_a_crash(void **state)
{
	SCRIPT script = script_new(":memory:");
	char ids[3][ID_MAX];

	(void)state;
	fixture_sql(script->db, "CREATE TRIGGER no BEFORE UPDATE ON hosts"
		    " BEGIN SELECT RAISE(ABORT, 'it does not fit'); END");
	for (size_t i = 0; i < COUNT(ids); i++)
		probe(script, ids[i]);
	tick(script, 0);
	reply(script, 200, SETTINGS);
	reply(script, 200, NO_HOST);
	reply(script, 200, SETTINGS);
	script->die_at = script->commits + 1;
	tick(script, 0);
	assert_string_equal(task_row(script, ids[0]),
			    "leased probe.login 0 -");
	assert_string_equal(task_row(script, ids[1]),
			    "leased probe.public 0 -");
	assert_string_equal(task_row(script, ids[2]),
			    "leased probe.public 0 -");
	assert_true(script->next == INT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_database_that_cannot_be_written_is_waited_out),
		cmocka_unit_test(
			an_answer_is_kept_until_it_can_be_written_down),
		cmocka_unit_test(one_bad_verdict_does_not_sink_the_others),
		cmocka_unit_test(what_cannot_be_begun_is_put_back_for_long),
		cmocka_unit_test(
			a_request_whose_secret_does_not_open_is_not_sent),
		cmocka_unit_test(
			a_crash_while_verdicts_are_settled_apart_is_a_crash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
