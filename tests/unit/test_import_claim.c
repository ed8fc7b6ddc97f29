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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			two_keys_of_one_person_share_a_subscription),
		cmocka_unit_test(what_is_gone_stands_for_nothing),
		cmocka_unit_test(the_first_row_keeps_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
