/*
 * flow_reconcile, where the keys of accounts are compared by the host's
 * export.
 */
#include "tests/unit/reconcile_stage.h"

#include "schedd/host/export.h"

#define OUR_KEY "good-ours-0123456789abcdef"
#define THEIR_KEY "good-theirs-0123456789abcdef"
#define EXPORT(mark, key) "{\"code\":0,\"data\":{\"accounts\":[{\"name\":" \
	"\"x\",\"notes\":\"" mark "\",\"credentials\":{\"api_key\":\"" \
	key "\"}}]}}"

/* A fingerprint is 32 characters, and their quotes. */
static const struct db_query q_certain = { "test.certain",
	"SELECT count(*)"
	" FROM reconcile_findings WHERE reconcile_id = $1 AND field = 'key'"
	" AND certainty = 'certain' AND length(live) = 34" };

static const struct db_query q_told = { "test.told",
	"SELECT count(*)"
	" FROM managed_resources WHERE resource_id = $1 AND"
	" live_json LIKE '%theirs%'" };

/* The first of ours has a key that is known. */
static void give_a_key(struct stage *stage)
{
	struct script *script = stage->script;
	char print[SEAL_FINGERPRINT_TEXT];

	seal_fingerprint(&script->key.pub, OUR_KEY, print);
	AUTO_FREE char *sql = xasprintf("UPDATE managed_resources SET lookup ="
		" 'p-test-1|subscription|%s' WHERE resource_id = 'res_0'",
		print);

	fixture_sql(script->db, sql);
	script->settings.reconcile_export_keys = true;
}

static void an_export_is_asked_for_only_where_it_is_wanted(void **state)
{
	SCRIPT script = script_new(":memory:");
	STAGE stage = { .script = script, .export = EXPORT("crm-x-0",
							   OUR_KEY) };
	RUN run = { 0 };

	(void)state;
	set_up(&stage);
	play(&stage, false, "tok_1", &run);
	ended(&run, RECONCILE_IN_SYNC);
	assert_int_equal(stage.exports, 0);
	give_a_key(&stage);
	play(&stage, false, "tok_1", &run);
	ended(&run, RECONCILE_IN_SYNC);
	assert_int_equal(stage.exports, 1);
	assert_int_equal(run.counts.compared, OURS);
	fixture_sql(script->db, "UPDATE hosts SET version = '0.1.126'");
	play(&stage, false, "tok_1", &run);
	assert_int_equal(stage.exports, 1);
}

static void what_an_export_shows_is_certain(void **state)
{
	SCRIPT script = script_new(":memory:");
	STAGE stage = { .script = script, .export = EXPORT("crm-x-0",
							   THEIR_KEY) };
	RUN run = { 0 };

	(void)state;
	set_up(&stage);
	give_a_key(&stage);
	play(&stage, true, "tok_1", &run);
	ended(&run, RECONCILE_DRIFTED);
	FOUND(&stage, &run, "100.key them asked");
	assert_string_equal(fixture_value(script->db, &q_certain,
					  run.reconcile_id), "1");
	assert_int_equal(run.counts.compared, OURS);
	assert_int_equal(stage.writes, 0);
	assert_string_equal(fixture_value(script->db, &q_told, "res_0"), "0");
	/* Refused later, what it showed is known still; and then undone. */
	stage.export = NULL;
	play(&stage, false, "tok_1", &run);
	FOUND(&stage, &run, "100.key them found");
	stage.export = EXPORT("crm-x-0", OUR_KEY);
	play(&stage, false, "tok_1", &run);
	ended(&run, RECONCILE_IN_SYNC);
}

static void a_host_may_refuse_its_export(void **state)
{
	SCRIPT script = script_new(":memory:");
	STAGE stage = { .script = script };
	RUN run = { 0 };

	(void)state;
	set_up(&stage);
	give_a_key(&stage);
	play(&stage, false, "tok_1", &run);
	ended(&run, RECONCILE_IN_SYNC);
	assert_int_equal(stage.exports, 1);
	assert_non_null(strstr(run.failure_detail, "no export"));
	assert_int_equal(run.counts.compared, OURS);
}

static void many_are_exported_a_few_at_a_time(void **state)
{
	SCRIPT script = script_new(":memory:");
	STAGE stage = { .script = script, .export = EXPORT("crm-x-0",
							   OUR_KEY) };
	RUN run = { 0 };

	(void)state;
	set_up(&stage);
	add_ours(&stage, OURS, 2 * HOST_EXPORT_MAX + 1);
	give_a_key(&stage);
	play(&stage, false, "tok_1", &run);
	ended(&run, RECONCILE_IN_SYNC);
	assert_int_equal(stage.exports, 3);
	assert_int_equal(run.counts.compared, 2 * HOST_EXPORT_MAX + 1);
}

/* Two with one mark: nobody knows which of them is ours. */
static void what_has_been_copied_is_not_judged(void **state)
{
	SCRIPT script = script_new(":memory:");
	STAGE stage = { .script = script, .export =
		"{\"code\":0,\"data\":{\"accounts\":["
		"{\"notes\":\"crm-x-0\",\"credentials\":{\"api_key\":\""
		THEIR_KEY "\"}},"
		"{\"notes\":\"crm-x-0\",\"credentials\":{\"api_key\":\""
		OUR_KEY "\"}}]}}" };
	RUN run = { 0 };

	(void)state;
	set_up(&stage);
	give_a_key(&stage);
	play(&stage, false, "tok_1", &run);
	ended(&run, RECONCILE_IN_SYNC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			an_export_is_asked_for_only_where_it_is_wanted),
		cmocka_unit_test(what_an_export_shows_is_certain),
		cmocka_unit_test(a_host_may_refuse_its_export),
		cmocka_unit_test(many_are_exported_a_few_at_a_time),
		cmocka_unit_test(what_has_been_copied_is_not_judged),
	};

	return cmocka_run_group_tests_name("reconcile_keys", tests, NULL,
					   NULL);
}
