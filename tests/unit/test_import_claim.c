/*
 * One row of ours for one thing on the host, whoever found it.
 */
#include "tests/unit/world.h"

#include "schedd/import.h"
#include "shared/table.h"

/* An import with the key of somebody real, as far as its rows are saved. */
static struct import *import_of(const char *item_id, const char *resource_id)
{
	struct import *im = xcalloc(1, sizeof(*im));
	struct resource *row = &im->resources[IMPORT_SUBSCRIPTION];

	im->item.item_id = xstrdup(item_id);
	im->host.host_id = xstrdup("hst_1");
	im->run.given_key = GIVEN_KEY_PROBE;
	im->task_id = "tsk_1";
	row->resource_id = xstrdup(resource_id);
	row->host_id = xstrdup("hst_1");
	row->type = RESOURCE_SUBSCRIPTION;
	row->state = RESOURCE_PRESENT;
	row->host_resource_id = xstrdup("6");
	row->origin = xstrdup("created");
	im->changed[IMPORT_SUBSCRIPTION] = true;
	return im;
}

static void import_drop(struct import *im)
{
	resource_done(&im->resources[IMPORT_SUBSCRIPTION]);
	item_done(&im->item);
	host_done(&im->host);
	free(im);
}

/* Two rows of a subscription; the first one is on the host as 6. */
static struct db *with_subscriptions(const char *first_state)
{
	struct db *db = world_db();
	AUTO_FREE char *sql = xasprintf(
		"INSERT INTO managed_resources (resource_id, host_id,"
		" resource_type, lookup, mark, state, host_resource_id,"
		" origin, created_at, updated_at) VALUES ('res_a', 'hst_1',"
		" 'subscription', 'k|key:1', 'crm-abcdef-0000000a', '%s',"
		" '6', 'created', 1, 1), ('res_b', 'hst_1', 'subscription',"
		" 'k|key:2', 'crm-abcdef-0000000b', 'present', NULL, NULL, 1,"
		" 1)", first_state);

	fixture_sql(db, sql);
	return db;
}

static int64_t uses(struct db *db, const char *resource_id)
{
	int64_t n = -1;
	struct err err;

	OK(resources_users(db, resource_id, "", &n, &err));
	return n;
}

static void save(struct db *db, struct import *im)
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	const struct store store = { .db = db };
	struct err err;

	OK(db_tx_begin(&tx, db, &err));
	OK(import_save_resources(&store, im, NOW, &err));
	OK(db_tx_commit(&tx, &err));
}

static void two_keys_of_one_person_share_a_subscription(void **state)
{
	CLEANUP(db_close) struct db *db = with_subscriptions("present");
	CLEANUP(resource_done) struct resource row = { 0 };
	struct import *im = import_of("itm_2", "res_b");
	struct err err;

	(void)state;
	save(db, im);
	OK(resources_get(db, "res_b", &row, &err));
	/* Nothing says that it is there when the other is taken back. */
	assert_int_equal(row.state, RESOURCE_GONE);
	assert_null(row.host_resource_id);
	assert_string_equal(row.origin, "reused");
	/* Who rests on it keeps it there. */
	assert_int_equal(uses(db, "res_a"), 1);
	import_drop(im);
}

static void what_is_gone_stands_for_nothing(void **state)
{
	CLEANUP(db_close) struct db *db = with_subscriptions("gone");
	CLEANUP(resource_done) struct resource row = { 0 };
	struct import *im = import_of("itm_2", "res_b");
	struct err err;

	(void)state;
	save(db, im);
	OK(resources_get(db, "res_b", &row, &err));
	assert_string_equal(row.host_resource_id, "6");
	assert_string_equal(row.origin, "created");
	assert_int_equal(uses(db, "res_a"), 0);
	import_drop(im);
}

static void the_first_row_keeps_it(void **state)
{
	CLEANUP(db_close) struct db *db = with_subscriptions("present");
	CLEANUP(resource_done) struct resource row = { 0 };
	struct import *im = import_of("itm_1", "res_a");
	struct err err;

	(void)state;
	save(db, im);
	OK(resources_get(db, "res_a", &row, &err));
	assert_string_equal(row.host_resource_id, "6");
	assert_string_equal(row.origin, "created");
	import_drop(im);
}

/* Does a failed import of item 1 leave the subscription, if another uses it? */
static bool stays_for(const char *stage, const char *confirmation,
		      const char *finished, const char *rollback,
		      const char *failure)
{
	CLEANUP(db_close) struct db *db = with_subscriptions("present");
	AUTO_FREE char *sql = xasprintf("UPDATE import_run_items SET"
		" current_stage = '%s', confirmation_status = '%s',"
		" finished_at = %s, rollback_id = %s, failure_class = %s"
		" WHERE item_id = 'itm_2';"
		" INSERT INTO resource_uses VALUES ('res_a', 'itm_1', 1),"
		" ('res_a', 'itm_2', 1)", stage, confirmation, finished,
		rollback, failure);
	struct import *im = import_of("itm_1", "res_a");
	const struct store store = { .db = db };
	bool stays;
	struct err err;

	fixture_sql(db, sql);
	im->memo.failure = FAILURE_TIMEOUT;
	OK(import_load_shared(&store, im, &err));
	stays = im->subscription_stays;
	import_drop(im);
	return stays;
}

static void what_another_import_rests_on_stays(void **state)
{
	(void)state;
	assert_true(stays_for("done", "confirmed", "5", "NULL", "NULL"));
	assert_true(stays_for("validate", "pending", "NULL", "NULL", "NULL"));
	assert_false(stays_for("done", "failed", "5", "NULL", "'timeout'"));
	assert_false(stays_for("done", "confirmed", "5", "'rbk_1'", "NULL"));
	/* Proven once, and broken by now: it is checked on, and may mend. */
	assert_true(stays_for("done", "confirmed", "5", "NULL", "'dns'"));
}

/* Two that fail at the same time do not leave it to each other. */
static void who_has_failed_rests_on_nothing(void **state)
{
	(void)state;
	assert_false(stays_for("provision", "pending", "NULL", "NULL",
			       "'timeout'"));
}

/* The second's own row was closed, as the first one's stood for both. */
static void the_last_that_fails_takes_back_what_was_shared(void **state)
{
	CLEANUP(db_close) struct db *db = with_subscriptions("present");
	const struct store store = { .db = db };
	struct import *im = import_of("itm_2", "res_b");
	struct err err;

	(void)state;
	save(db, im);
	assert_null(im->resources[IMPORT_SUBSCRIPTION].host_resource_id);
	im->memo.failure = FAILURE_TIMEOUT;
	fixture_sql(db, "INSERT INTO resource_uses VALUES ('res_a', 'itm_1',"
		    " 1); UPDATE import_run_items SET confirmation_status ="
		    " 'failed', finished_at = 5 WHERE item_id = 'itm_1'");
	OK(import_load_shared(&store, im, &err));
	assert_string_equal(im->resources[IMPORT_SUBSCRIPTION].resource_id,
			    "res_a");
	assert_false(im->subscription_stays);
	import_drop(im);
}

/* ---- an account whose place another was to take ---- */

/* The old one was closed; of another, `id` on the host, its task holds a row. */
static struct db *with_replaced(const char *id)
{
	struct db *db = world_db();
	AUTO_FREE char *sql = xasprintf(
		"INSERT INTO managed_resources (resource_id, host_id,"
		" resource_type, lookup, mark, state, made_by,"
		" host_resource_id, origin, written_json, created_at,"
		" updated_at) VALUES ('res_old', 'hst_1', 'account',"
		" 'k|subscription|x', 'crm-abcdef-0000000a', 'gone', NULL,"
		" '5', 'created', '{\"priority\":7}', 1, 1),"
		" ('res_new', 'hst_1', 'account', 'k|subscription|x',"
		" 'crm-abcdef-0000000b', 'making', 'tsk_1', %s, 'created',"
		" NULL, 1, 1)", id);

	fixture_sql(db, sql);
	return db;
}

static enum resource_state kept(struct db *db, const char *state_of)
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	CLEANUP(resource_done) struct resource row = { 0 };
	const struct store store = { .db = db };
	struct import *im = xcalloc(1, sizeof(*im));
	struct err err;

	im->task_id = "tsk_1";
	im->memo.retire = 5;
	snprintf(im->memo.retire_row, ID_MAX, "res_old");
	OK(resources_find(db, "hst_1", RESOURCE_ACCOUNT, "k|subscription|x",
			  &im->resources[IMPORT_ACCOUNT], &err));
	OK(db_tx_begin(&tx, db, &err));
	OK(import_keep_retired(&store, im, NOW, &err));
	OK(db_tx_commit(&tx, &err));
	resource_done(&im->resources[IMPORT_ACCOUNT]);
	free(im);
	OK(resources_get(db, state_of, &row, &err));
	return row.state;
}

static void one_whose_place_nobody_took_is_ours_again(void **state)
{
	CLEANUP(db_close) struct db *db = with_replaced("NULL");
	CLEANUP(resource_done) struct resource row = { 0 };
	struct err err;

	(void)state;
	assert_int_equal(kept(db, "res_old"), RESOURCE_PRESENT);
	OK(resources_find(db, "hst_1", RESOURCE_ACCOUNT, "k|subscription|x",
			  &row, &err));
	assert_string_equal(row.resource_id, "res_old");
	assert_string_equal(row.written_json, "{\"priority\":7}");
}

/* The other one could not be taken back: two rows never stand for a key. */
static void one_whose_place_is_taken_is_not(void **state)
{
	CLEANUP(db_close) struct db *db = with_replaced("'6'");

	(void)state;
	assert_int_equal(kept(db, "res_old"), RESOURCE_GONE);
	assert_int_equal(kept(db, "res_new"), RESOURCE_MAKING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			two_keys_of_one_person_share_a_subscription),
		cmocka_unit_test(what_is_gone_stands_for_nothing),
		cmocka_unit_test(the_first_row_keeps_it),
		cmocka_unit_test(what_another_import_rests_on_stays),
		cmocka_unit_test(who_has_failed_rests_on_nothing),
		cmocka_unit_test(the_last_that_fails_takes_back_what_was_shared),
		cmocka_unit_test(one_whose_place_nobody_took_is_ours_again),
		cmocka_unit_test(one_whose_place_is_taken_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
