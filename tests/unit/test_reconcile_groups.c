/*
 * A group of ours that somebody deleted, or whose id is another's by now: what
 * was bound to it waits for it.
 */
#include "tests/unit/reconcile_stage.h"

#define UNBOUND 1

static const struct db_query q_text = { "test.text",
	"SELECT coalesce(group_concat(coalesce(text, '-'), ', '), '') FROM"
	" reconcile_findings WHERE reconcile_id = $1"
	" AND field = 'group_ids'" };

/* Ours by its row, and nothing that the host knows. */
static void with_a_deleted_group(struct stage *stage)
{
	AUTO_FREE char *row = xasprintf("INSERT INTO managed_resources"
		" (resource_id, host_id, resource_type, lookup, mark, state,"
		" host_resource_id, wanted_json, origin, created_at,"
		" updated_at) VALUES ('res_g', '%s', 'group',"
		" 'p-test-1|subscription', 'crm-x-g', 'present', '7',"
		" '{\"name\":\"p\"}', 'created', 1, 1)",
		stage->script->host_id);

	fixture_sql(stage->script->db, row);
	json_object_set_new(ours(stage, UNBOUND), "group_ids", json_array());
}

/* Somebody decides about the group's own finding. */
static void accept_it(struct stage *stage, struct reconcile_run *run)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(finding_done) struct finding finding = { 0 };
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	struct db *db = stage->script->db;
	struct err err;

	OK(findings_of_resource(&rows, db, run->reconcile_id, "res_g", &err));
	assert_int_equal(findings_next(&rows, &finding, &err), 1);
	db_rows_done(&rows);
	OK(db_tx_begin(&tx, db, &err));
	OK(findings_decide(db, &finding, OWNED_ACCEPT, "tok_1", &err));
	OK(reconciles_resume(db, run, stage->script->now,
			     ++stage->script->random, &err));
	OK(db_tx_commit(&tx, &err));
	play_on(stage, run);
}

static void a_binding_waits_for_its_group(void **state)
{
	SCRIPT script = script_new(":memory:");
	STAGE stage = { .script = script };
	RUN run = { 0 };

	(void)state;
	set_up(&stage);
	with_a_deleted_group(&stage);
	json_object_clear(json_object_get(json_object_get(
		ours(&stage, UNBOUND), "credentials"), "model_mapping"));
	play(&stage, true, "tok_1", &run);
	ended(&run, RECONCILE_DRIFTED);
	/* What has nothing to do with the group is restored all the same. */
	FOUND(&stage, &run, "110.group_ids them asked, 110.model_mapping them"
	      " repaired, 7.exists them asked");
	assert_non_null(strstr(fixture_value(script->db, &q_text,
				run.reconcile_id), "group 7"));
	assert_int_equal(stage.writes, 1);
	assert_int_equal(run.counts.failed, 0);
	/* The same again, as long as nobody decides. */
	play(&stage, true, "tok_1", &run);
	FOUND(&stage, &run, "110.group_ids them asked, 7.exists them asked");
	assert_int_equal(stage.writes, 1);
}

/* A host that was put back to an old backup gives its ids once more. */
static void nothing_is_bound_to_a_group_that_has_its_id_by_now(void **state)
{
	SCRIPT script = script_new(":memory:");
	STAGE stage = { .script = script };
	RUN run = { 0 };

	(void)state;
	set_up(&stage);
	with_a_deleted_group(&stage);
	fixture_sql(script->db, "UPDATE managed_resources SET wanted_json ="
		    " '{\"name\":\"p crm-x-g\",\"description\":\"crm-x-g\"}'"
		    " WHERE resource_id = 'res_g'");
	stage.group = json_pack("{si ss ss ss}", "id", 7, "name", "VIP",
				"description", "theirs", "status", "active");
	play(&stage, true, "tok_1", &run);
	FOUND(&stage, &run, "110.group_ids them asked, 7.name them asked,"
	      " 7.description them asked");
	assert_int_equal(stage.writes, 0);
}

static void what_was_bound_to_it_is_not_missed_once_it_is_let_go(void **state)
{
	SCRIPT script = script_new(":memory:");
	STAGE stage = { .script = script };
	RUN run = { 0 };

	(void)state;
	set_up(&stage);
	with_a_deleted_group(&stage);
	play(&stage, true, "tok_1", &run);
	accept_it(&stage, &run);
	FOUND(&stage, &run, "110.group_ids them accepted, 7.exists them"
	      " accepted");
	ended(&run, RECONCILE_REPAIRED);
	play(&stage, true, "tok_1", &run);
	ended(&run, RECONCILE_IN_SYNC);
	FOUND(&stage, &run, "");
	assert_int_equal(stage.writes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_binding_waits_for_its_group),
		cmocka_unit_test(
			nothing_is_bound_to_a_group_that_has_its_id_by_now),
		cmocka_unit_test(
		    what_was_bound_to_it_is_not_missed_once_it_is_let_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
