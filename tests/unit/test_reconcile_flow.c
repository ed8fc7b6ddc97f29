/* flow_reconcile: what it finds, what it does about it, and what it leaves. */
#include "tests/unit/reconcile_stage.h"

#include "schedd/reconcile.h"

static const struct db_query q_touched = { "test.touched",
	"SELECT max(updated_at) FROM managed_resources WHERE host_id = $1" };
static const struct db_query q_suspects = { "test.suspects",
	"SELECT count(*) FROM reconcile_suspects WHERE reconcile_id <> $1" };

static void what_is_as_it_was_costs_no_write(void **state)
{
	SCRIPT script = script_new(":memory:");
	STAGE stage = { .script = script };
	RUN run = { 0 };
	int64_t before;

	(void)state;
	set_up(&stage);
	play(&stage, false, "tok_1", &run);
	ended(&run, RECONCILE_IN_SYNC);
	assert_int_equal(run.counts.compared, OURS);
	assert_int_equal(stage.calls, 1);
	before = strtoll(fixture_value(script->db, &q_touched,
				       script->host_id), NULL, 10);
	assert_true(before > 1);	/* seen for the first time */
	play(&stage, true, "tok_1", &run);
	ended(&run, RECONCILE_IN_SYNC);
	assert_int_equal(strtoll(fixture_value(script->db, &q_touched,
				 script->host_id), NULL, 10), before);
	assert_int_equal(stage.single, 0);
	assert_int_equal(stage.writes, 0);
}

static void a_list_that_does_not_agree_is_unknown(void **state)
{
	SCRIPT script = script_new(":memory:");
	STAGE stage = { .script = script, .total_lie = 1 };
	RUN run = { 0 };

	(void)state;
	set_up(&stage);
	take_away(&stage, 1);
	play(&stage, true, "tok_1", &run);
	ended(&run, RECONCILE_UNKNOWN);
	assert_string_equal(run.unknown_parts, "[\"account\"]");
	FOUND(&stage, &run, "");
	assert_int_equal(stage.calls, 2);	/* and no third look */
	assert_string_equal(fixture_value(script->db, &q_suspects, "-"), "0");
}

static void a_wrong_order_is_unknown(void **state)
{
	SCRIPT script = script_new(":memory:");
	STAGE stage = { .script = script };
	RUN run = { 0 };

	(void)state;
	set_up(&stage);
	json_array_insert_new(stage.accounts, 0, account_of(999));
	play(&stage, true, "tok_1", &run);
	ended(&run, RECONCILE_UNKNOWN);
	FOUND(&stage, &run, "");
}

/* It is not on the list, but it is there: the list was wrong, not the host. */
static void what_a_list_lacks_is_asked_for_by_its_id(void **state)
{
	SCRIPT script = script_new(":memory:");
	STAGE stage = { .script = script };
	RUN run = { 0 };

	(void)state;
	set_up(&stage);
	take_away(&stage, 2);
	play(&stage, true, "tok_1", &run);
	ended(&run, RECONCILE_DRIFTED);
	FOUND(&stage, &run, "120.exists them asked");
	assert_int_equal(run.counts.missing, 1);
	assert_int_equal(run.counts.compared, OURS);
	/* Once to know it, once to repair nothing. */
	assert_in_range(stage.single, 1, 2);
	assert_int_equal(stage.writes, 0);
}

static void most_of_a_host_is_not_gone(void **state)
{
	SCRIPT script = script_new(":memory:");
	STAGE stage = { .script = script };
	RUN run = { 0 };

	(void)state;
	set_up(&stage);
	for (int64_t i = 0; i < 3; i++)
		take_away(&stage, i);
	play(&stage, true, RECONCILE_BY_WATCH, &run);
	ended(&run, RECONCILE_UNKNOWN);
	FOUND(&stage, &run, "");
	assert_int_equal(run.counts.missing, 3);
	assert_non_null(strstr(run.failure_detail, "another one"));
}

/* The words are those of what it failed of, and of nothing before. */
static void a_failure_keeps_what_the_host_said(void **state)
{
	SCRIPT script = script_new(":memory:");
	STAGE stage = { .script = script, .lists_status = 403,
		.lists_refusal = "{\"code\":403,\"message\":\"admin only\","
				 "\"reason\":\"FORBIDDEN\"}" };
	RUN run = { 0 };

	(void)state;
	set_up(&stage);
	play(&stage, true, "tok_1", &run);
	ended(&run, RECONCILE_FAILED);
	assert_non_null(run.failure_class);
	assert_non_null(run.failure_detail);
	assert_non_null(strstr(run.failure_detail, "admin only"));
	stage.lists_status = 0;
	play(&stage, true, "tok_1", &run);
	ended(&run, RECONCILE_IN_SYNC);
	assert_null(run.failure_detail);
}

/* A host that has no answer is asked again; then its last words count. */
static void so_does_one_after_the_last_attempt(void **state)
{
	SCRIPT script = script_new(":memory:");
	STAGE stage = { .script = script, .lists_status = 503,
		.lists_refusal = "{\"code\":503,\"message\":\"down for"
				 " repairs\"}" };
	RUN run = { 0 };

	(void)state;
	set_up(&stage);
	play(&stage, true, "tok_1", &run);
	ended(&run, RECONCILE_FAILED);
	assert_true(stage.calls > 1);
	assert_non_null(run.failure_detail);
	assert_non_null(strstr(run.failure_detail, "down for repairs"));
}

static void what_others_work_on_is_left_alone(void **state)
{
	SCRIPT script = script_new(":memory:");
	STAGE stage = { .script = script };
	RUN run = { 0 };
	char task_id[ID_MAX];
	AUTO_FREE char *hold = NULL;

	(void)state;
	set_up(&stage);
	json_object_set_new(ours(&stage, 0), "priority", json_integer(7));
	script_task(script, "host_probe", "probe.public", script->host_id,
		    task_id);
	hold = xasprintf("UPDATE tasks SET not_before = 9e15 WHERE task_id ="
		" '%s'; UPDATE managed_resources SET state = 'making',"
		" made_by = '%s' WHERE resource_id = 'res_0'", task_id,
		task_id);
	fixture_sql(script->db, hold);
	play(&stage, true, "tok_1", &run);
	ended(&run, RECONCILE_IN_SYNC);
	FOUND(&stage, &run, "");
	assert_int_equal(run.counts.skipped, 1);
	assert_int_equal(run.counts.compared, OURS - 1);
}

/* Of what was not ours when the page was asked for, the page says too little. */
static void what_became_ours_meanwhile_is_read_by_itself(void **state)
{
	SCRIPT script = script_new(":memory:");
	STAGE stage = { .script = script };
	RUN run = { 0 };
	AUTO_FREE char *row = xasprintf("INSERT INTO managed_resources"
		" (resource_id, host_id, resource_type, lookup, mark, state,"
		" host_resource_id, wanted_json, origin, off_by_us,"
		" created_at, updated_at) VALUES ('res_new', '%s', 'account',"
		" 'p-test-1|subscription|new', 'crm-x-new', 'present', '101',"
		" '{\"platform\":\"openai\"}', 'created', 1, 1, 1)",
		script->host_id);

	(void)state;
	set_up(&stage);
	stage.meanwhile = row;
	play(&stage, false, "tok_1", &run);
	ended(&run, RECONCILE_DRIFTED);
	assert_int_equal(stage.single, 1);
	assert_int_equal(run.counts.compared, OURS + 1);
	assert_non_null(strstr(fixture_value(script->db, &q_findings,
			run.reconcile_id), "101.service them found"));
}

static void each_field_goes_its_way(void **state)
{
	SCRIPT script = script_new(":memory:");
	STAGE stage = { .script = script };
	RUN run = { 0 };

	(void)state;
	set_up(&stage);
	json_object_set_new(ours(&stage, 0), "priority", json_integer(7));
	json_object_set_new(ours(&stage, 0), "schedulable", json_false());
	json_object_clear(json_object_get(json_object_get(ours(&stage, 0),
				"credentials"), "model_mapping"));
	play(&stage, false, "tok_1", &run);
	ended(&run, RECONCILE_DRIFTED);
	FOUND(&stage, &run, "100.service them found, 100.model_mapping them"
	      " found, 100.priority them found");
	assert_int_equal(stage.writes, 0);
	play(&stage, true, "tok_1", &run);
	ended(&run, RECONCILE_DRIFTED);
	FOUND(&stage, &run, "100.service them asked, 100.model_mapping them"
	      " repaired, 100.priority them accepted");
	assert_int_equal(stage.writes, 1);
	assert_string_equal(json_string_value(json_object_get(json_object_get(
		json_object_get(ours(&stage, 0), "credentials"),
		"model_mapping"), "m-1")), "m-1");
	/* What was decided once is no news; the question stays. */
	play(&stage, true, "tok_1", &run);
	ended(&run, RECONCILE_DRIFTED);
	FOUND(&stage, &run, "100.service them asked");
	assert_int_equal(stage.writes, 1);
}

/* Nobody fights a person: after a few times the watch leaves it. */
static void what_is_undone_again_and_again_is_left(void **state)
{
	SCRIPT script = script_new(":memory:");
	STAGE stage = { .script = script };
	RUN run = { 0 };

	(void)state;
	set_up(&stage);
	for (int64_t i = 0; i <= script->settings.watch_repairs; i++) {
		json_object_clear(json_object_get(json_object_get(
			ours(&stage, 0), "credentials"), "model_mapping"));
		play(&stage, true, RECONCILE_BY_WATCH, &run);
		ended(&run, i < script->settings.watch_repairs
		      ? RECONCILE_REPAIRED : RECONCILE_DRIFTED);
	}
	FOUND(&stage, &run, "100.model_mapping them failed");
	assert_int_equal(stage.writes, script->settings.watch_repairs);
	play(&stage, true, "tok_1", &run);	/* an operator may */
	ended(&run, RECONCILE_REPAIRED);
}

static void hosts_have_their_turns_in_the_background(void **state)
{
	SCRIPT script = script_new(":memory:");
	const struct store store = { script->db, &script->key,
				     &script->settings, script_random, script,
				     NULL };
	static const struct db_query q_runs = { "test.background",
		"SELECT count(*) FROM reconcile_runs WHERE requested_by = $1"
	};
	int64_t pause = script->settings.reconcile_every_min * 60000;
	struct err err;

	(void)state;
	fixture_sql(script->db, "UPDATE hosts SET state = 'ready'");
	OK(reconciling_turn(&store, NOW, &err));
	assert_string_equal(fixture_value(script->db, &q_runs, "watch"), "0");
	OK(reconciling_turn(&store, NOW + pause + 1, &err));
	assert_string_equal(fixture_value(script->db, &q_runs, "watch"), "1");
	OK(reconciling_turn(&store, NOW + pause + 2, &err));
	assert_string_equal(fixture_value(script->db, &q_runs, "watch"), "1");
	fixture_sql(script->db, "UPDATE hosts SET paused_at = 1");
	OK(reconciling_turn(&store, NOW + 10 * pause, &err));
	assert_string_equal(fixture_value(script->db, &q_runs, "watch"), "1");
}

/* The engine tries the step again; it does not end by it. */
static void rows_that_cannot_be_read_fail_the_page(void **state)
{
	SCRIPT script = script_new(":memory:");
	const struct store store = { script->db, &script->key,
				     &script->settings, script_random, script,
				     NULL };
	json_auto_t *page = json_array();
	struct reconcile rc = { .page = { .items = page },
				.page_type = RESOURCE_ACCOUNT,
				.range = { .above = 0, .to = 1000 } };
	struct err err;

	(void)state;
	rc.run.host_id = script->host_id;
	fixture_sql(script->db, "ALTER TABLE managed_resources"
		    " RENAME COLUMN wanted_json TO something_else");
	assert_int_equal(reconcile_keep_page(&store, &rc, NOW, &err), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_as_it_was_costs_no_write),
		cmocka_unit_test(a_list_that_does_not_agree_is_unknown),
		cmocka_unit_test(a_wrong_order_is_unknown),
		cmocka_unit_test(what_a_list_lacks_is_asked_for_by_its_id),
		cmocka_unit_test(most_of_a_host_is_not_gone),
		cmocka_unit_test(a_failure_keeps_what_the_host_said),
		cmocka_unit_test(so_does_one_after_the_last_attempt),
		cmocka_unit_test(what_others_work_on_is_left_alone),
		cmocka_unit_test(what_became_ours_meanwhile_is_read_by_itself),
		cmocka_unit_test(each_field_goes_its_way),
		cmocka_unit_test(what_is_undone_again_and_again_is_left),
		cmocka_unit_test(hosts_have_their_turns_in_the_background),
		cmocka_unit_test(rows_that_cannot_be_read_fail_the_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
