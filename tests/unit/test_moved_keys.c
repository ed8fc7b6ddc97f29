/* Where a key of somebody goes when imports that moved it end. */
#include "tests/unit/fixture.h"

#include "shared/moved_keys.h"
#include "shared/table.h"

#define HOME 1		/* a group of the owner */
#define KEY 9

static struct db *db;
static struct err err;
static uint64_t salt;

/* Items a to d, of four runs, all confirmed. */
static int begin(void **state)
{
	(void)state;
	db = fixture_hosts();
	fixture_sql(db,
		"INSERT INTO secrets (secret_id, kind, sealed, created_at)"
		" VALUES ('sec_a', 'api_key', x'01', 1);"
		"INSERT INTO import_runs (run_id, host_id, origin, access_mode,"
		" subscription_users, subscription_days, state, items_total,"
		" created_by, created_at, updated_at) VALUES ('run_a',"
		" 'hst_1', 'batch_import', 'self_service', '[\"x\"]', 30,"
		" 'completed', 4, 'tok_1', 1, 1);"
		"INSERT INTO import_run_items (item_id, run_id, seq,"
		" provider_id, endpoint_key, base_url, api_key_secret_id,"
		" requested_models, current_stage, confirmation_status,"
		" access_status, models, finished_at, created_at, updated_at)"
		" SELECT 'itm_' || value, 'run_a', key, 'p-1', 'p-1',"
		" 'https://p', 'sec_a', '[]', 'done', 'confirmed', 'active',"
		" '[\"m\"]', 5, 1, 1 FROM json_each('[\"a\",\"b\",\"c\","
		"\"d\"]');");
	return 0;
}

static int end(void **state)
{
	(void)state;
	db_close(&db);
	return 0;
}

static struct moved_key move_of(const char *item, int64_t to)
{
	struct moved_key move = { .user_id = 7, .key_id = KEY,
				  .to_group = to };

	snprintf(move.host_id, ID_MAX, "hst_1");
	snprintf(move.item_id, ID_MAX, "itm_%s", item);
	return move;
}

static void note(const char *item, int64_t from, int64_t to, bool granted)
{
	struct moved_key move = move_of(item, to);

	move.from_group = from;
	move.granted = granted;
	OK(moved_keys_note(db, &move, NOW + (int64_t)salt, salt + 1, &err));
	salt++;
}

/* What is open of the item's; to_group 0: nothing. */
static struct moved_key of(const char *item, int64_t to)
{
	struct moved_key move = move_of(item, to), ret = { 0 };
	bool found;

	OK(moved_keys_find(db, move.item_id, to, &ret, &found, &err));
	assert_int_equal(found, ret.to_group != 0);
	return ret;
}

static struct move_end way_back(const char *item, int64_t to)
{
	struct moved_key move = of(item, to);
	struct move_end ret;

	assert_int_equal(move.to_group, to);
	OK(moved_keys_way_back(db, &move, &ret, &err));
	return ret;
}

/* "stays", or where it goes; the item's move is over. */
static int64_t ended(const char *item, int64_t to)
{
	struct move_end way = way_back(item, to);
	struct moved_key move = of(item, to);

	OK(moved_keys_end(db, &move, NOW, &err));
	assert_int_equal(of(item, to).to_group, 0);
	return way.stays ? -1 : way.group;
}

#define STAYS (-1)

static void a_key_goes_back_to_who_had_it(void **state)
{
	(void)state;
	note("a", HOME, 2, false);
	note("a", HOME, 2, false);	/* once */
	note("b", 2, 3, false);
	assert_int_equal(ended("b", 3), 2);
	assert_int_equal(ended("a", 2), HOME);
}

/* In whatever order they end: the last one leads home. */
static void a_key_moved_on_goes_back_all_the_way(void **state)
{
	(void)state;
	note("a", HOME, 2, false);
	note("b", 2, 3, false);
	ended("a", 2);
	assert_int_equal(ended("b", 3), HOME);
}

/* 1 -> 2 -> 3 -> 2, which may end in every order. */
static void a_key_moved_to_and_fro_goes_home(void **state)
{
	static const char *const orders[] = { "abc", "acb", "bac", "bca",
					      "cab", "cba" };

	(void)state;
	for (size_t i = 0; i < COUNT(orders); i++) {
		int64_t at = 2;		/* where the key is */

		note("a", HOME, 2, false);
		note("b", 2, 3, false);
		note("c", 3, 2, false);
		for (const char *o = orders[i]; *o; o++) {
			const char item[] = { *o, '\0' };
			int64_t to = *o == 'b' ? 3 : 2;
			int64_t goes = ended(item, to);

			/* Who does not have it just now leaves it there. */
			if (at == to && goes != STAYS)
				at = goes;
		}
		assert_int_equal(at, HOME);
	}
}

static void who_rests_on_it_keeps_it_there(void **state)
{
	(void)state;
	note("a", HOME, 2, false);
	note("b", 2, 2, false);		/* found where a moved it */
	assert_int_equal(ended("a", 2), STAYS);
	assert_int_equal(ended("b", 2), HOME);
}

/* Nobody of ours moved it there: it is its owner's choice. */
static void what_its_owner_put_there_is_not_noted(void **state)
{
	(void)state;
	note("a", 2, 2, false);
	assert_int_equal(of("a", 2).to_group, 0);
}

static void what_its_owner_moved_began_anew(void **state)
{
	(void)state;
	note("a", HOME, 2, false);
	note("b", 8, 3, false);		/* somebody moved it from 2 to 8 */
	assert_int_equal(ended("b", 3), 8);
	assert_int_equal(ended("a", 2), HOME);
}

/* Our group was deleted under it: that is no place to go back to. */
static void one_that_lost_our_group_goes_home(void **state)
{
	(void)state;
	note("a", HOME, 2, false);
	note("b", 0, 3, false);
	ended("a", 2);
	assert_int_equal(ended("b", 3), HOME);
}

static void who_is_rolled_back_or_failed_rests_on_nothing(void **state)
{
	(void)state;
	note("a", HOME, 2, false);
	note("b", 2, 2, false);
	fixture_sql(db, "UPDATE import_run_items SET rollback_id = 'rbk_1'"
		    " WHERE item_id = 'itm_b'");
	assert_false(way_back("a", 2).stays);
	fixture_sql(db, "UPDATE import_run_items SET rollback_id = NULL,"
		    " confirmation_status = 'failed'"
		    " WHERE item_id = 'itm_b'");
	assert_false(way_back("a", 2).stays);
	assert_int_equal(way_back("a", 2).group, HOME);
	fixture_sql(db, "UPDATE import_run_items SET finished_at = NULL"
		    " WHERE item_id = 'itm_b'");
	assert_true(way_back("a", 2).stays);
}

/* Each would leave it to the other, and the key would stay for ever. */
static void two_that_fail_at_once_do_not_rest_on_each_other(void **state)
{
	(void)state;
	note("a", HOME, 2, false);
	note("b", 2, 2, false);
	OK(moved_keys_leave(db, "itm_a", &err));
	OK(moved_keys_leave(db, "itm_b", &err));
	assert_int_equal(way_back("a", 2).group, HOME);
	assert_false(way_back("a", 2).stays);
	assert_false(way_back("b", 2).stays);
	/* It is tried again. */
	note("b", 2, 2, false);
	assert_true(way_back("a", 2).stays);
}

static void a_right_ends_with_the_last_who_needs_it(void **state)
{
	(void)state;
	note("a", HOME, 2, true);
	note("b", 2, 2, false);		/* finds the right that a got */
	assert_true(of("b", 2).granted);
	assert_false(way_back("a", 2).revokes);
	ended("a", 2);
	assert_true(way_back("b", 2).revokes);
	/* One that its owner had before is never taken. */
	note("c", 2, 3, false);
	assert_false(way_back("c", 3).revokes);
}

/* Whoever writes a user's rights writes all of them. */
static void rights_that_others_need_are_told(void **state)
{
	json_auto_t *rights = NULL;
	AUTO_FREE char *text = NULL;

	(void)state;
	note("a", HOME, 2, true);
	note("b", 2, 3, true);
	note("c", 3, 4, false);		/* its owner had that one */
	note("d", 4, 5, true);
	OK(moved_keys_leave(db, "itm_d", &err));
	OK(moved_keys_rights(db, "hst_1", 7, "itm_a", &rights, &err));
	text = json_dumps(rights, JSON_COMPACT);
	assert_string_equal(text, "[3]");
}

/* Also if the move itself is over by then. */
static void rights_are_kept_from_one_call_to_the_next(void **state)
{
	AUTO_FREE char *none = NULL;
	AUTO_FREE char *some = NULL;
	AUTO_FREE char *others = NULL;

	(void)state;
	note("a", HOME, 2, true);
	note("b", HOME, 2, true);
	OK(moved_keys_forget(db, "itm_a", NOW, &err));
	OK(moved_keys_kept_rights(db, "itm_a", 2, &none, &err));
	assert_null(none);
	OK(moved_keys_keep_rights(db, "itm_a", 2, "[3,4]", &err));
	OK(moved_keys_kept_rights(db, "itm_a", 2, &some, &err));
	assert_string_equal(some, "[3,4]");
	OK(moved_keys_kept_rights(db, "itm_b", 2, &others, &err));
	assert_null(others);
	OK(moved_keys_keep_rights(db, "itm_a", 2, NULL, &err));
	OK(moved_keys_kept_rights(db, "itm_a", 2, &none, &err));
	assert_null(none);
}

static void all_of_an_item_is_forgotten_at_once(void **state)
{
	(void)state;
	note("a", HOME, 2, false);
	note("a", 2, 3, false);
	OK(moved_keys_forget(db, "itm_a", NOW, &err));
	assert_int_equal(of("a", 2).to_group, 0);
	assert_int_equal(of("a", 3).to_group, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_key_goes_back_to_who_had_it),
		TEST(a_key_moved_on_goes_back_all_the_way),
		TEST(a_key_moved_to_and_fro_goes_home),
		TEST(who_rests_on_it_keeps_it_there),
		TEST(what_its_owner_put_there_is_not_noted),
		TEST(what_its_owner_moved_began_anew),
		TEST(one_that_lost_our_group_goes_home),
		TEST(who_is_rolled_back_or_failed_rests_on_nothing),
		TEST(two_that_fail_at_once_do_not_rest_on_each_other),
		TEST(a_right_ends_with_the_last_who_needs_it),
		TEST(rights_that_others_need_are_told),
		TEST(rights_are_kept_from_one_call_to_the_next),
		TEST(all_of_an_item_is_forgotten_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
