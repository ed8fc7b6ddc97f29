/*
 * Changes of an account, and who rests on it.
 */
#include "tests/unit/fixture.h"

#include <jansson.h>

#include "shared/account_use.h"
#include "shared/changes.h"
#include "shared/items.h"
#include "shared/resources.h"
#include "shared/table.h"

#define ITEM(n, stage, models, aliases, smoke) \
	"('itm_" n "', 'run_1', " n ", 'p-1', 'http://p', 'p-1', 'sec_1', '[]', '" \
	stage "', 'confirmed', 'active', 'none', '5', " models ", " aliases \
	", " smoke ", 1, 1)"

/* Items 1 to 3 rest on the account res_1, the third of them not yet. */
static const char rows[] =
	"INSERT INTO import_runs (run_id, host_id, origin, access_mode,"
	" subscription_users, subscription_days, state, items_total,"
	" created_by, created_at, updated_at) VALUES"
	" ('run_1', 'hst_1', 'batch_import', 'subscription', '[\"a\"]', 30,"
	"  'running', 4, 'tok_1', 1, 1);"
	"INSERT INTO import_run_items (item_id, run_id, seq, provider_id,"
	" base_url, endpoint_key, api_key_secret_id, requested_models,"
	" current_stage, confirmation_status, access_status,"
	" matched_account_state, account_id, models, model_aliases,"
	" resolved_smoke_model, created_at, updated_at) VALUES"
	ITEM("1", "done", "'[\"m-1\"]'", "'{\"latest\":\"m-1\"}'",
	     "'m-1'") ","
	ITEM("2", "done", "'[\"m-2\",\"m-1\"]'", "NULL", "'m-2'") ","
	ITEM("3", "confirm", "'[\"m-3\"]'", "NULL", "'m-3'") ","
	ITEM("4", "done", "'[\"m-1\"]'", "NULL", "'m-1'") ";"
	"INSERT INTO managed_resources (resource_id, host_id, resource_type,"
	" lookup, mark, state, host_resource_id, created_at, updated_at)"
	" VALUES ('res_1', 'hst_1', 'account', 'p-1|subscription|a', 'crm-1',"
	" 'present', '5', 1, 1), ('res_2', 'hst_1', 'account',"
	" 'p-1|subscription|b', 'crm-2', 'present', '6', 1, 1);"
	"INSERT INTO resource_uses VALUES ('res_1', 'itm_1', 1),"
	" ('res_1', 'itm_2', 1), ('res_1', 'itm_3', 1),"
	" ('res_2', 'itm_4', 1);"
	"INSERT INTO accesses (access_id, host_id, endpoint_key, access_mode,"
	" selector, item_id, status, status_since, failures, next_check_at,"
	" created_at, updated_at) VALUES"
	" ('acc_1', 'hst_1', 'p-1', 'subscription', 'a', 'itm_1', 'active',"
	"  1, 0, NULL, 1, 1),"
	" ('acc_2', 'hst_1', 'p-1', 'self_service', 'a', 'itm_1', 'active',"
	"  1, 0, NULL, 1, 1);";

static const struct change_spec pause_of_1 = {
	.item_id = "itm_1", .resource_id = "res_1", .host_id = "hst_1",
	.kind = CHANGE_PAUSE, .wanted = "{}", .requested_by = "tok_1",
};

static struct db *site(void)
{
	struct db *db = fixture_hosts();

	fixture_sql(db, rows);
	return db;
}

static int add(struct db *db, const struct change_spec *spec, uint64_t random,
	       char id[ID_MAX], struct err *err)
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };

	if (db_tx_begin(&tx, db, err) ||
	    changes_add(db, spec, NOW + (int64_t)random, random, id, err))
		return -1;
	return db_tx_commit(&tx, err);
}

static void finish(struct db *db, const char *id, enum change_state state)
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	CLEANUP(change_done) struct change change = { 0 };
	struct err err;

	OK(db_tx_begin(&tx, db, &err));
	OK(changes_get(db, id, &change, &err));
	change.state = state;
	OK(changes_finish(db, &change, NOW, &err));
	OK(db_tx_commit(&tx, &err));
}

static void proxied(struct db *db, const char *wanted, uint64_t random,
		    enum change_state state)
{
	struct change_spec spec = pause_of_1;
	char id[ID_MAX];
	struct err err;

	spec.kind = CHANGE_PROXY;
	spec.wanted = wanted;
	OK(add(db, &spec, random, id, &err));
	finish(db, id, state);
}

static void the_last_proxy_that_was_set_counts(void **state)
{
	static const char none[] = "{\"proxy_id\":null,\"tries\":[]}";
	static const char five[] = "{\"proxy_id\":5,\"tries\":[]}";
	CLEANUP(db_close) struct db *db = site();
	bool is;
	struct err err;

	(void)state;
	OK(changes_unproxied(db, "res_1", &is, &err));
	assert_false(is);
	proxied(db, none, 1, CHANGE_DONE);
	OK(changes_unproxied(db, "res_1", &is, &err));
	assert_true(is);
	proxied(db, five, 2, CHANGE_FAILED);
	OK(changes_unproxied(db, "res_1", &is, &err));
	assert_true(is);
	proxied(db, five, 3, CHANGE_DONE);
	OK(changes_unproxied(db, "res_1", &is, &err));
	assert_false(is);
}

static void an_account_has_one_change_at_a_time(void **state)
{
	CLEANUP(db_close) struct db *db = site();
	char id[ID_MAX], second[ID_MAX] = "", running[ID_MAX];
	struct change_spec other = pause_of_1;
	struct err err;

	(void)state;
	OK(add(db, &pause_of_1, 1, id, &err));
	other.item_id = "itm_2";
	REFUSED(add(db, &other, 2, second, &err), ERR_CONFLICT);
	assert_string_equal(err.code, "change_in_progress");
	assert_string_equal(second, id);
	OK(changes_running(db, "res_1", running, &err));
	assert_string_equal(running, id);
	/* Another account has its own. */
	other.resource_id = "res_2";
	OK(add(db, &other, 3, second, &err));
	finish(db, id, CHANGE_FAILED);
	OK(changes_running(db, "res_1", running, &err));
	assert_string_equal(running, "");
	OK(add(db, &pause_of_1, 4, id, &err));
}

static void a_change_ends_once(void **state)
{
	CLEANUP(db_close) struct db *db = site();
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	CLEANUP(change_done) struct change change = { 0 };
	char id[ID_MAX];
	struct err err;

	(void)state;
	OK(add(db, &pause_of_1, 1, id, &err));
	finish(db, id, CHANGE_DONE);
	OK(changes_get(db, id, &change, &err));
	assert_int_equal(change.state, CHANGE_DONE);
	assert_int_equal(change.finished_at, NOW);
	OK(db_tx_begin(&tx, db, &err));
	REFUSED(changes_finish(db, &change, NOW, &err), ERR_CONFLICT);
	REFUSED(changes_get(db, "chg_none", &change, &err), ERR_NOT_FOUND);
}

static void old_ones_are_forgotten_with_their_tasks(void **state)
{
	CLEANUP(db_close) struct db *db = site();
	CLEANUP(db_rows_done) struct db_rows list = { 0 };
	CLEANUP(change_done) struct change change = { 0 };
	char id[ID_MAX];
	int n = 0;
	struct err err;

	(void)state;
	for (uint64_t i = 1; i <= CHANGES_KEPT + 10; i++) {
		OK(add(db, &pause_of_1, i, id, &err));
		fixture_sql(db, "UPDATE tasks SET state = 'done'");
		finish(db, id, CHANGE_DONE);
	}
	OK(changes_list(&list, db, "res_1", 1000, &err));
	while (changes_next(&list, &change, &err) > 0)
		if (n++ == 0)
			assert_string_equal(change.change_id, id);
	assert_int_equal(n, CHANGES_KEPT);
	static const struct db_query q_tasks = { "test.tasks",
		"SELECT count(*) || coalesce($1, '') FROM tasks" };
	assert_int_equal(strtol(fixture_value(db, &q_tasks, NULL), NULL, 10),
			 CHANGES_KEPT);
}

static void what_is_ours_is_what_its_imports_have(void **state)
{
	CLEANUP(db_close) struct db *db = site();
	json_auto_t *mapping = json_loads("{\"m-1\":\"m-1\",\"m-2\":\"m-2\","
		"\"latest\":\"m-1\",\"x\":\"m-1\"}", 0, NULL);
	json_auto_t *models = NULL, *aliases = NULL;
	struct err err;

	(void)state;
	OK(account_use_ours(db, "res_1", mapping, &models, &aliases, &err));
	/* m-3 has not got there yet; x is somebody else's. */
	assert_int_equal(json_array_size(models), 2);
	assert_int_equal(json_object_size(aliases), 1);
	assert_non_null(json_object_get(aliases, "latest"));
}

static const struct db_query q_item = { "test.item",
	"SELECT models || ' ' || coalesce(model_aliases, '-') || ' '"
	" || resolved_smoke_model || ' ' || coalesce(account_proxy, '-')"
	" FROM import_run_items WHERE item_id = $1" };

#define ITEM_IS(db, id, text) \
	assert_string_equal(fixture_value(db, &q_item, id), text)

static void all_that_rest_on_it_change_together(void **state)
{
	CLEANUP(db_close) struct db *db = site();
	json_auto_t *dropped = json_pack("[s, s]", "m-1", "latest");
	const struct account_models set = {
		.models = "[\"m-2\"]", .aliases = "{}",
		.families = "[]", .smoke = "m-2",
		.dropped = dropped,
	};
	struct err err;

	(void)state;
	OK(account_use_set_models(db, "res_1", &set, NOW, &err));
	OK(account_use_set_proxy(db, "res_1", "12", NOW, &err));
	ITEM_IS(db, "itm_1", "[\"m-2\"] {} m-2 12");
	ITEM_IS(db, "itm_2", "[\"m-2\"] {} m-2 12");
	/* One that goes on reads the account itself; the last has another. */
	ITEM_IS(db, "itm_3", "[\"m-3\"] - m-3 -");
	ITEM_IS(db, "itm_4", "[\"m-1\"] - m-1 -");
	OK(account_use_set_proxy(db, "res_1", NULL, NOW, &err));
	ITEM_IS(db, "itm_1", "[\"m-2\"] {} m-2 -");
}

static void the_others_are_named(void **state)
{
	CLEANUP(db_close) struct db *db = site();
	CLEANUP(db_rows_done) struct db_rows list = { 0 };
	CLEANUP(account_user_done) struct account_user user = { 0 };
	const struct account_place place = { "hst_1", "p-1", "",
					     ACCESS_SUBSCRIPTION };
	int64_t accesses;
	struct err err;

	(void)state;
	OK(account_use_items(&list, db, "res_1", "itm_1", 1, &err));
	assert_int_equal(account_use_items_next(&list, &user, &err), 1);
	assert_string_equal(user.item_id, "itm_3");
	assert_int_equal(account_use_items_next(&list, &user, &err), 0);
	OK(account_use_accesses(db, &place, &accesses, &err));
	assert_int_equal(accesses, 1);
}

static void only_all_accounts_together_are_a_pause(void **state)
{
	CLEANUP(db_close) struct db *db = site();
	CLEANUP(item_done) struct item item = { 0 };
	const struct account_place place = { "hst_1", "p-1", "",
					     ACCESS_SUBSCRIPTION };
	const struct account_place nobody = { "hst_1", "p-2", "",
					      ACCESS_SUBSCRIPTION };
	bool paused;
	struct err err;

	(void)state;
	OK(account_use_paused(db, &nobody, &paused, &err));
	assert_false(paused);
	OK(resources_pause(db, "res_1", NOW, NOW, &err));
	OK(account_use_paused(db, &place, &paused, &err));
	assert_false(paused);
	OK(resources_pause(db, "res_2", NOW, NOW, &err));
	OK(account_use_paused(db, &place, &paused, &err));
	assert_true(paused);
	OK(items_get(db, NULL, "itm_1", &item, &err));
	assert_int_equal(item.paused_at, NOW);
	OK(resources_pause(db, "res_1", 0, NOW, &err));
	OK(account_use_paused(db, &place, &paused, &err));
	assert_false(paused);
	OK(items_get(db, NULL, "itm_1", &item, &err));
	assert_int_equal(item.paused_at, 0);
}

static const struct db_query q_next = { "test.next",
	"SELECT next_check_at FROM accesses WHERE access_id = $1" };

static void who_was_not_checked_is_due(void **state)
{
	CLEANUP(db_close) struct db *db = site();
	const struct account_place place = { "hst_1", "p-1", "",
					     ACCESS_SUBSCRIPTION };
	struct err err;

	(void)state;
	OK(account_use_check(db, &place, 5, NOW, &err));
	assert_string_equal(fixture_value(db, &q_next, "acc_1"), "5");
	assert_string_equal(fixture_value(db, &q_next, "acc_2"), "-");
	/* Nobody is put off by it. */
	OK(account_use_check(db, &place, 9, NOW, &err));
	assert_string_equal(fixture_value(db, &q_next, "acc_1"), "5");
}

static void words_are_said_one_by_one(void **state)
{
	CLEANUP(db_close) struct db *db = site();
	CLEANUP(item_done) struct item item = { 0 };
	struct err err;

	(void)state;
	OK(items_say(db, "itm_1", "a label", NULL, NOW, &err));
	OK(items_say(db, "itm_1", NULL, "a note", NOW, &err));
	OK(items_get(db, NULL, "itm_1", &item, &err));
	assert_string_equal(item.label, "a label");
	assert_string_equal(item.note, "a note");
	OK(items_say(db, "itm_1", "", NULL, NOW, &err));
	OK(items_get(db, NULL, "itm_1", &item, &err));
	assert_string_equal(item.label, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_proxy_that_was_set_counts),
		cmocka_unit_test(an_account_has_one_change_at_a_time),
		cmocka_unit_test(a_change_ends_once),
		cmocka_unit_test(old_ones_are_forgotten_with_their_tasks),
		cmocka_unit_test(what_is_ours_is_what_its_imports_have),
		cmocka_unit_test(all_that_rest_on_it_change_together),
		cmocka_unit_test(the_others_are_named),
		cmocka_unit_test(only_all_accounts_together_are_a_pause),
		cmocka_unit_test(who_was_not_checked_is_due),
		cmocka_unit_test(words_are_said_one_by_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
