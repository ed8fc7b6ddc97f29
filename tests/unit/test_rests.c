/* What becomes of the items that rest on a resource. */
#include "tests/unit/world.h"

#include "shared/items.h"
#include "shared/resources.h"

static const struct db_query q_items = { "test.items",
	"SELECT group_concat(access_status || ' ' || coalesce(failure_class,"
	" '-') || ' ' || coalesce(failure_detail, '-') || ' '"
	" || coalesce(diagnosis, '-'), ', ') FROM"
	" (SELECT * FROM import_run_items WHERE run_id = $1"
	"  ORDER BY item_id)" };

static void items_follow_their_account(void **state)
{
	CLEANUP(db_close) struct db *db = world_db();
	char proof_id[ID_MAX];
	struct err err;

	(void)state;
	world_prove(db, "itm_1", NULL, true, NOW, proof_id);
	world_prove(db, "itm_2", NULL, false, NOW, proof_id);
	fixture_sql(db, "UPDATE import_run_items SET failure_class = 'dns',"
		    " failure_detail = 'd', diagnosis = '{}',"
		    " access_status = 'broken'");
	/* What was never proven does not become active by itself. */
	OK(items_access_of_resource(db, "res_1", ACCESS_ACTIVE, NULL, NOW,
				    &err));
	assert_string_equal(fixture_value(db, &q_items, "run_1"),
			    "active - - -, broken dns d {}");
	OK(items_access_of_resource(db, "res_1", ACCESS_BROKEN, "key_invalid",
				    NOW, &err));
	assert_string_equal(fixture_value(db, &q_items, "run_1"),
			    "broken key_invalid - -, broken dns d {}");
	fixture_sql(db, "UPDATE import_run_items SET current_stage ="
		    " 'validate' WHERE item_id = 'itm_1'");
	OK(items_access_of_resource(db, "res_1", ACCESS_ACTIVE, NULL, NOW,
				    &err));
	assert_string_equal(fixture_value(db, &q_items, "run_1"),
			    "broken key_invalid - -, broken dns d {}");
	OK(items_access_of_resource(db, "res_none", ACCESS_ACTIVE, NULL, NOW,
				    &err));
}

static void the_newest_item_knows_the_key(void **state)
{
	CLEANUP(db_close) struct db *db = world_db();
	AUTO_FREE char *secret_id = NULL;
	AUTO_FREE char *none = NULL;
	struct err err;

	(void)state;
	fixture_sql(db, "UPDATE import_run_items SET api_key_secret_id ="
		    " 'sec_1' WHERE item_id = 'itm_1'");
	OK(items_key_of_resource(db, "res_1", &secret_id, &err));
	assert_string_equal(secret_id, "sec_key");
	OK(items_key_of_resource(db, "res_none", &none, &err));
	assert_null(none);
}

static void lookups_are_found_by_how_they_begin(void **state)
{
	CLEANUP(db_close) struct db *db = world_db();
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(resource_done) struct resource row = { 0 };
	struct err err;

	(void)state;
	fixture_sql(db,
		"INSERT INTO managed_resources (resource_id, host_id,"
		" resource_type, lookup, mark, state, created_at, updated_at)"
		" SELECT 'res_' || column1, column2, 'group', column3,"
		" column1, column4, 1, 1 FROM (VALUES"
		" ('a', 'hst_1', 'kimi', 'present'),"
		" ('b', 'hst_1', 'kimi/\xe6\xb5\x8b', 'wanted'),"
		" ('c', 'hst_1', 'kimi/x', 'gone'),"
		" ('d', 'hst_2', 'kimi/x', 'present'),"
		" ('e', 'hst_1', 'kimj', 'present'),"
		" ('f', 'hst_1', 'kim', 'present'))");
	OK(resources_with_prefix(&rows, db, "hst_1", RESOURCE_GROUP, "kimi",
				 9, &err));
	assert_int_equal(resources_next(&rows, &row, &err), 1);
	assert_string_equal(row.resource_id, "res_a");
	assert_int_equal(resources_next(&rows, &row, &err), 1);
	assert_string_equal(row.resource_id, "res_b");
	assert_int_equal(resources_next(&rows, &row, &err), 0);
}

/* The account of the world, as it is. */
static struct resource account(struct db *db)
{
	struct resource row = { 0 };
	struct err err;

	OK(resources_of_host_id(db, "hst_1", RESOURCE_ACCOUNT, "41", &row,
				&err));
	return row;
}

static void a_thing_is_found_by_its_id_on_the_host(void **state)
{
	CLEANUP(db_close) struct db *db = world_db();
	CLEANUP(resource_done) struct resource row = account(db);
	struct err err;

	(void)state;
	assert_string_equal(row.resource_id, "res_1");
	assert_false(row.off_by_us);
	assert_int_equal(row.mends, 0);
	assert_int_equal(row.mended_at, 0);
	assert_null(row.live_json);
	REFUSED(resources_of_host_id(db, "hst_2", RESOURCE_ACCOUNT, "41",
				     &row, &err), ERR_NOT_FOUND);
	REFUSED(resources_of_host_id(db, "hst_1", RESOURCE_USER, "41", &row,
				     &err), ERR_NOT_FOUND);
	fixture_sql(db, "UPDATE managed_resources SET state = 'gone'");
	REFUSED(resources_of_host_id(db, "hst_1", RESOURCE_ACCOUNT, "41",
				     &row, &err), ERR_NOT_FOUND);
}

static void the_watch_and_a_maker_do_not_undo_each_other(void **state)
{
	CLEANUP(db_close) struct db *db = world_db();
	CLEANUP(resource_done) struct resource made = account(db);
	CLEANUP(resource_done) struct resource watched = account(db);
	CLEANUP(resource_done) struct resource back = { 0 };
	struct err err;

	(void)state;
	watched.off_by_us = true;
	watched.mends = 2;
	watched.mended_at = NOW;
	own_set(&watched.live_json, "{}");
	OK(resources_watched(db, &watched, NOW + 1, &err));
	/* The maker saw it before the watch did, and the other way round. */
	own_set(&made.written_json, "[1]");
	OK(resources_save(db, &made, "tsk_1", NOW + 2, &err));
	watched.mends = 3;
	OK(resources_watched(db, &watched, NOW + 3, &err));
	back = account(db);
	assert_string_equal(back.written_json, "[1]");
	assert_true(back.off_by_us);
	assert_int_equal(back.mends, 3);
	assert_int_equal(back.mended_at, NOW);
	assert_string_equal(back.live_json, "{}");
	/* It serves again, and what it was before we had it stays known. */
	fixture_sql(db, "UPDATE managed_resources SET paused_at = 5");
	own_set(&made.prior_json, "{\"name\":\"theirs\"}");
	OK(resources_save(db, &made, "tsk_1", NOW + 4, &err));
	resource_done(&back);
	back = account(db);
	assert_int_equal(back.paused_at, 5);
	assert_string_equal(back.prior_json, made.prior_json);
	OK(resources_resumed(db, back.resource_id, NOW + 5, &err));
	resource_done(&back);
	back = account(db);
	assert_int_equal(back.paused_at, 0);
	assert_false(back.off_by_us);
	own_set(&watched.resource_id, "res_none");
	REFUSED(resources_watched(db, &watched, NOW, &err), ERR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(items_follow_their_account),
		cmocka_unit_test(the_newest_item_knows_the_key),
		cmocka_unit_test(a_thing_is_found_by_its_id_on_the_host),
		cmocka_unit_test(the_watch_and_a_maker_do_not_undo_each_other),
		cmocka_unit_test(lookups_are_found_by_how_they_begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
