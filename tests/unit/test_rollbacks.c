/* What a rollback is about, and what ends with it, in the rows. */
#include "tests/unit/fixture.h"

#include "shared/rollback_ends.h"
#include "shared/rollback_scan.h"
#include "shared/rollbacks.h"
#include "shared/secrets.h"
#include "shared/table.h"

static struct db *db;
static struct err err;

/* Two runs of one endpoint: both rest on group and user, each on an account. */
static int begin(void **state)
{
	(void)state;
	db = fixture_hosts();
	fixture_sql(db,
		"INSERT INTO secrets (secret_id, kind, sealed, created_at)"
		" VALUES ('sec_a', 'api_key', x'0102', 1),"
		" ('sec_b', 'api_key', x'0102', 1),"
		" ('sec_u', 'password', x'0102', 1);"
		"INSERT INTO import_runs (run_id, host_id, origin, access_mode,"
		" subscription_users, subscription_days, state, items_total,"
		" created_by, created_at, updated_at) VALUES"
		" ('run_a', 'hst_1', 'batch_import', 'subscription', '[\"x\"]',"
		"  30, 'completed', 1, 'tok_1', 1, 1),"
		" ('run_b', 'hst_1', 'batch_import', 'subscription', '[\"x\"]',"
		"  30, 'completed', 1, 'tok_1', 1, 1);"
		"INSERT INTO import_run_items (item_id, run_id, seq,"
		" provider_id, endpoint_key, base_url, api_key_secret_id,"
		" requested_models, current_stage, confirmation_status,"
		" access_status, models, finished_at, created_at, updated_at)"
		" VALUES ('itm_a', 'run_a', 1, 'p-1', 'p-1', 'https://p',"
		" 'sec_a', '[]', 'done', 'confirmed', 'active', '[\"m\",\"n\"]',"
		" 5, 1, 1), ('itm_b', 'run_b', 1, 'p-1', 'p-1', 'https://p',"
		" 'sec_b', '[]', 'done', 'confirmed', 'active', '[\"m\"]',"
		" 5, 1, 1);"
		"INSERT INTO managed_resources (resource_id, host_id,"
		" resource_type, lookup, mark, state, host_resource_id, origin,"
		" secret_id, wanted_json, created_at, updated_at) VALUES"
		" ('res_g', 'hst_1', 'group', 'p-1|subscription', 'm1',"
		"  'present', '1', 'created', NULL, '{}', 1, 1),"
		" ('res_u', 'hst_1', 'user', 'sub|x', 'm2', 'present', '2',"
		"  'created', 'sec_u', '{}', 1, 1),"
		" ('res_k', 'hst_1', 'user_key', 'p-1|subscription|x', 'm3',"
		"  'present', '3', 'created', NULL, '{}', 1, 1),"
		" ('res_a', 'hst_1', 'account', 'p-1|subscription|a', 'm4',"
		"  'present', '4', 'created', NULL, '{\"credentials\":"
		"{\"model_mapping\":{\"m\":\"m\",\"n\":\"n\"}}}', 1, 1);"
		"INSERT INTO resource_uses (resource_id, item_id, created_at)"
		" VALUES ('res_g', 'itm_a', 1), ('res_u', 'itm_a', 1),"
		" ('res_k', 'itm_a', 1), ('res_a', 'itm_a', 1),"
		" ('res_g', 'itm_b', 1), ('res_u', 'itm_b', 1),"
		" ('res_k', 'itm_b', 1);"
		"INSERT INTO accesses (access_id, host_id, endpoint_key,"
		" access_mode, selector, item_id, key_resource_id, status,"
		" status_since, next_check_at, created_at, updated_at) VALUES"
		" ('acc_1', 'hst_1', 'p-1', 'subscription', 'x', 'itm_a',"
		"  'res_k', 'active', 1, 9, 1, 1);");
	return 0;
}

static int end(void **state)
{
	(void)state;
	db_close(&db);
	return 0;
}

static const struct rollback_scope run_a = {
	.kind = ROLLBACK_RUN, .id = "run_a", .host_id = "hst_1",
};

/* "group keep, ..." in the order of the list. */
static const char *decisions(const struct rollback_scope *scope)
{
	static char text[400];
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(resource_done) struct resource row = { 0 };
	struct rollback_decision what;
	bool shared;
	int more;

	*text = '\0';
	OK(rollback_scan_resources(&rows, db, scope, &err));
	while ((more = rollback_scan_next(&rows, &row, &shared, &err)) > 0) {
		size_t len = strlen(text);

		OK(rollback_scan_decide(db, scope, &row, shared, &what, &err));
		snprintf(text + len, sizeof(text) - len, "%s%s %s",
			 len ? ", " : "", resource_type_name(row.type),
			 rollback_action_name(what.action));
	}
	assert_int_equal(more, 0);
	return text;
}

static void what_others_rest_on_is_kept(void **state)
{
	(void)state;
	assert_string_equal(decisions(&run_a), "account delete, group keep, "
			    "user_key keep, user keep");
	/* One that failed rests on nothing. */
	fixture_sql(db, "UPDATE import_run_items SET confirmation_status ="
		    " 'failed' WHERE item_id = 'itm_b'");
	assert_string_equal(decisions(&run_a), "account delete, group delete, "
			    "user_key delete, user delete");
	/* One that goes on does, whatever it was. */
	fixture_sql(db, "UPDATE import_run_items SET finished_at = NULL"
		    " WHERE item_id = 'itm_b'");
	assert_string_equal(decisions(&run_a), "account delete, group keep, "
			    "user_key keep, user keep");
}

static void a_provider_is_all_of_its_runs(void **state)
{
	const struct rollback_scope scope = {
		.kind = ROLLBACK_PROVIDER, .id = "p-1", .host_id = "hst_1",
	};
	struct rollback_items items;

	(void)state;
	OK(rollback_scan_items(db, &scope, &items, &err));
	assert_int_equal(items.all, 2);
	assert_int_equal(items.unrecorded, 0);
	assert_string_equal(decisions(&scope), "account delete, group delete, "
			    "user_key delete, user delete");
}

static void a_shared_account_loses_what_only_the_scope_wanted(void **state)
{
	CLEANUP(resource_done) struct resource row = { 0 };
	json_auto_t *names = NULL;

	(void)state;
	fixture_sql(db, "INSERT INTO resource_uses (resource_id, item_id,"
		    " created_at) VALUES ('res_a', 'itm_b', 1)");
	assert_string_equal(decisions(&run_a), "account restore, group keep, "
			    "user_key keep, user keep");
	OK(resources_get(db, "res_a", &row, &err));
	OK(rollback_scan_surplus(db, &run_a, &row, &names, &err));
	assert_int_equal(json_array_size(names), 1);
	assert_string_equal(json_string_value(json_array_get(names, 0)), "n");
}

static void what_was_never_recorded_is_counted(void **state)
{
	struct rollback_items items;

	(void)state;
	fixture_sql(db, "DELETE FROM resource_uses");
	OK(rollback_scan_items(db, &run_a, &items, &err));
	assert_int_equal(items.unrecorded, 1);
}

static void a_host_has_one_at_a_time(void **state)
{
	const struct rollback_spec spec = {
		.host_id = "hst_1", .scope = ROLLBACK_RUN,
		.scope_id = "run_a", .requested_by = "tok_1",
	};
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	CLEANUP(rollback_done) struct rollback row = { 0 };
	char first[ID_MAX], second[ID_MAX];

	(void)state;
	OK(db_tx_begin(&tx, db, &err));
	OK(rollbacks_add(db, &spec, NOW, 1, first, &err));
	REFUSED(rollbacks_add(db, &spec, NOW, 2, second, &err), ERR_CONFLICT);
	assert_string_equal(err.code, "rollback_in_progress");
	assert_string_equal(second, first);
	OK(rollbacks_get(db, first, &row, &err));
	row.result = ROLLBACK_CLEAN;
	OK(rollbacks_finish(db, &row, NOW + 1, &err));
	REFUSED(rollbacks_finish(db, &row, NOW + 1, &err), ERR_CONFLICT);
	OK(rollbacks_add(db, &spec, NOW + 2, 2, second, &err));
	OK(db_tx_commit(&tx, &err));
}

static void parts_go_by_their_kind(void **state)
{
	char kinds[][16] = { "group", "account", "user", "user_key" };
	CLEANUP(rollback_part_done) struct rollback_part next = { 0 };
	struct rollback_counts counts;

	(void)state;
	fixture_sql(db, "INSERT INTO rollbacks (rollback_id, host_id, scope,"
		" scope_id, state, requested_by, created_at) VALUES ('rbk_1',"
		" 'hst_1', 'run', 'run_a', 'running', 'tok_1', 1)");
	for (size_t i = 0; i < COUNT(kinds); i++)
		for (int twice = 0; twice < 2; twice++)
			OK(rollback_parts_add(db, "rbk_1",
				&(struct rollback_part){ .kind = kinds[i],
				.subject_id = kinds[i] }, &err));
	OK(rollback_parts_count(db, "rbk_1", &counts, &err));
	assert_int_equal(counts.all, 4);
	OK(rollback_parts_waiting(db, "rbk_1", 0, &next, &err));
	assert_string_equal(next.kind, "user");
	next.state = ROLLBACK_PART_DONE;
	OK(rollback_parts_save(db, "rbk_1", &next, &err));
	OK(rollback_parts_waiting(db, "rbk_1", 0, &next, &err));
	assert_string_equal(next.kind, "user_key");
	OK(rollback_parts_waiting(db, "rbk_1", next.seq + 1, &next, &err));
	assert_string_equal(next.kind, "account");
	OK(rollback_parts_leave(db, "rbk_1", "timeout", &err));
	OK(rollback_parts_waiting(db, "rbk_1", 0, &next, &err));
	assert_null(next.kind);
}

/* The resource that a host is known by; "" if there are no more. */
static const char *sight(enum resource_type type, bool inside, int64_t n)
{
	static char id[ID_MAX];
	char rollback_id[] = "rbk_1", host_id[] = "hst_1";
	const struct rollback of = { .rollback_id = rollback_id,
				     .host_id = host_id };

	OK(rollback_sights(db, &of, type, inside, n, id, &err));
	return id;
}

static void a_host_is_known_by_parts_and_by_others(void **state)
{
	char kind[] = "account", first[] = "res_a", second[] = "res_z";

	(void)state;
	fixture_sql(db, "INSERT INTO rollbacks (rollback_id, host_id, scope,"
		" scope_id, state, requested_by, created_at) VALUES ('rbk_1',"
		" 'hst_1', 'run', 'run_a', 'running', 'tok_1', 1);"
		"INSERT INTO managed_resources (resource_id, host_id,"
		" resource_type, lookup, mark, state, host_resource_id,"
		" created_at, updated_at) VALUES ('res_z', 'hst_1', 'account',"
		" 'z', 'm9', 'present', '9', 1, 1), ('res_n', 'hst_1',"
		" 'account', 'n', 'm8', 'wanted', NULL, 1, 1), ('res_o',"
		" 'hst_1', 'account', 'o', 'm7', 'gone', '7', 1, 1)");
	OK(rollback_parts_add(db, "rbk_1", &(struct rollback_part){
		.kind = kind, .subject_id = first }, &err));
	assert_string_equal(sight(RESOURCE_ACCOUNT, true, 0), "res_a");
	assert_string_equal(sight(RESOURCE_ACCOUNT, true, 1), "");
	assert_string_equal(sight(RESOURCE_ACCOUNT, false, 0), "res_z");
	assert_string_equal(sight(RESOURCE_ACCOUNT, false, 1), "");
	assert_string_equal(sight(RESOURCE_GROUP, true, 0), "");
	assert_string_equal(sight(RESOURCE_GROUP, false, 0), "res_g");
	OK(rollback_parts_add(db, "rbk_1", &(struct rollback_part){
		.kind = kind, .subject_id = second }, &err));
	assert_string_equal(sight(RESOURCE_ACCOUNT, true, 1), "res_z");
	assert_string_equal(sight(RESOURCE_ACCOUNT, false, 0), "");
}

static void mark(const char *id)
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	int64_t n;

	OK(db_tx_begin(&tx, db, &err));
	OK(rollback_scan_mark(db, &run_a, id, 10, &n, &err));
	assert_int_equal(n, 1);
	OK(db_tx_commit(&tx, &err));
}

static const struct db_query q_access = { "test.access",
	"SELECT item_id FROM accesses WHERE access_id = $1" };
static const struct db_query q_sealed = { "test.sealed",
	"SELECT length(sealed) FROM secrets WHERE secret_id = $1" };

static void an_access_is_inherited_or_ends(void **state)
{
	bool kept, quiet;

	(void)state;
	mark("rbk_1");
	OK(rollback_end_access(db, "acc_1", NOW, &kept, &quiet, &err));
	assert_true(kept);
	assert_string_equal(fixture_value(db, &q_access, "acc_1"), "itm_b");
	fixture_sql(db, "UPDATE import_run_items SET rollback_id = 'rbk_2'"
		    " WHERE item_id = 'itm_b'");
	OK(rollback_end_access(db, "acc_1", NOW, &kept, &quiet, &err));
	assert_true(!kept && quiet);
	assert_string_equal(fixture_value(db, &q_access, "acc_1"), "");
}

static void items_end_and_their_keys_are_forgotten(void **state)
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	bool more;

	(void)state;
	mark("rbk_1");
	OK(db_tx_begin(&tx, db, &err));
	OK(rollback_end_items(db, "rbk_1", 10, NOW, &more, &err));
	assert_false(more);
	OK(secrets_purge(db, "sec_u", NOW, &err));
	OK(db_tx_commit(&tx, &err));
	assert_string_equal(fixture_value(db, &q_sealed, "sec_a"), "0");
	/* Others rest on these. */
	assert_string_equal(fixture_value(db, &q_sealed, "sec_b"), "2");
	assert_string_equal(fixture_value(db, &q_sealed, "sec_u"), "2");
}

static const char *given_after(int64_t limit, bool *ret_more)
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };

	OK(db_tx_begin(&tx, db, &err));
	OK(rollback_end_items(db, "rbk_1", limit, NOW, ret_more, &err));
	OK(db_tx_commit(&tx, &err));
	return fixture_value(db, &q_sealed, "sec_g");
}

static void a_given_key_is_forgotten_with_the_last_of_its_run(void **state)
{
	bool more;

	(void)state;
	fixture_sql(db, "INSERT INTO secrets (secret_id, kind, sealed,"
		" created_at) VALUES ('sec_g', 'api_key', x'0102', 1);"
		"UPDATE import_runs SET given_key_secret_id = 'sec_g',"
		" given_key_source = 'probe_api_key';"
		"UPDATE import_run_items SET run_id = 'run_a', seq = 2,"
		" rollback_id = 'rbk_1' WHERE item_id = 'itm_b';"
		"UPDATE import_run_items SET rollback_id = 'rbk_1'");
	assert_string_equal(given_after(1, &more), "2");
	assert_true(more);
	assert_string_equal(given_after(10, &more), "0");
	assert_false(more);
}

/* Its proof needs them; it wipes them when it ends. */
static void a_change_under_way_keeps_the_keys_of_its_item(void **state)
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	bool more;

	(void)state;
	fixture_sql(db, "INSERT INTO account_changes (change_id, item_id,"
		    " resource_id, host_id, kind, wanted, state, requested_by,"
		    " created_at) VALUES ('chg_1', 'itm_a', 'res_a', 'hst_1',"
		    " 'models', '{}', 'running', 'tok_1', 1)");
	mark("rbk_1");
	OK(db_tx_begin(&tx, db, &err));
	OK(rollback_end_items(db, "rbk_1", 10, NOW, &more, &err));
	OK(db_tx_commit(&tx, &err));
	assert_string_equal(fixture_value(db, &q_sealed, "sec_a"), "2");
	fixture_sql(db, "UPDATE account_changes SET state = 'failed',"
		    " finished_at = 2");
	OK(secrets_purge(db, "sec_a", NOW, &err));
	assert_string_equal(fixture_value(db, &q_sealed, "sec_a"), "0");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(what_others_rest_on_is_kept),
		TEST(a_provider_is_all_of_its_runs),
		TEST(a_shared_account_loses_what_only_the_scope_wanted),
		TEST(what_was_never_recorded_is_counted),
		TEST(a_host_has_one_at_a_time),
		TEST(parts_go_by_their_kind),
		TEST(a_host_is_known_by_parts_and_by_others),
		TEST(an_access_is_inherited_or_ends),
		TEST(items_end_and_their_keys_are_forgotten),
		TEST(a_given_key_is_forgotten_with_the_last_of_its_run),
		TEST(a_change_under_way_keeps_the_keys_of_its_item),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
