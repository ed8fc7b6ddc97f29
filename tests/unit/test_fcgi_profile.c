/* Asking for a profile through the API. */
#include "tests/unit/access_fixture.h"

#include "shared/items.h"
#include "shared/profiles.h"
#include "shared/table.h"

#define ITEM "/api/batch-import/runs/run_1/items/itm_1"
#define ASK ITEM "/profile"

static void a_profile_is_begun_with_its_task(void **state)
{
	(void)state;
	api.wire.authorization = "Bearer " OPERATE_TOKEN;
	assert_int_equal(ask("POST", ASK, NULL), 202);
	assert_string_equal(api.reply.location, ITEM);
	assert_string_equal(text_of("state"), "running");
	assert_string_equal(text_of("item_id"), "itm_1");
	assert_true(json_is_null(member("capability_profile")));
	assert_int_equal(count("SELECT count(*) FROM tasks WHERE flow ="
			       " 'profile' AND host_id = 'hst_a' AND run_id IS"
			       " NULL"), 1);
	assert_int_equal(count("SELECT count(*) FROM capability_profiles"
			       " WHERE wanted = 'full' AND item_id = 'itm_1'"),
			 1);
}

static void who_asks_again_joins(void **state)
{
	(void)state;
	assert_int_equal(ask("POST", ASK, "{\"level\":\"basic\"}"), 202);
	assert_int_equal(ask("POST", ASK, "{\"level\":null}"), 202);
	assert_int_equal(count("SELECT count(*) FROM tasks WHERE flow ="
			       " 'profile'"), 1);
	assert_int_equal(count("SELECT count(*) FROM capability_profiles"
			       " WHERE wanted = 'full'"), 1);
}

static void what_is_wrong_is_refused(void **state)
{
	(void)state;
	assert_int_equal(ask("POST", ASK, "{\"level\":\"off\"}"), 422);
	assert_int_equal(ask("POST", ASK, "{\"depth\":1}"), 422);
	assert_int_equal(ask("POST", "/api/batch-import/runs/run_1/items/"
			     "itm_none/profile", NULL), 404);
	assert_int_equal(ask("POST", "/api/batch-import/runs/run_none/items/"
			     "itm_1/profile", NULL), 404);
	api.wire.authorization = "Bearer " READ_TOKEN;
	assert_int_equal(ask("POST", ASK, NULL), 403);
}

static void one_that_is_being_imported_has_to_end_first(void **state)
{
	(void)state;
	sql("UPDATE import_run_items SET current_stage = 'provision'");
	assert_int_equal(ask("POST", ASK, NULL), 409);
	assert_string_equal(text_of("code"), "item_running");
	assert_int_equal(count("SELECT count(*) FROM capability_profiles"), 0);
}

static void what_was_learnt_is_shown_with_the_item(void **state)
{
	const struct profile profile = { .level = PROFILE_FULL, .at = NOW };
	AUTO_FREE char *text = profile_text(&profile);
	struct err err;

	(void)state;
	must(items_profile(api.db, "itm_1", text, &err), &err);
	assert_int_equal(ask("POST", ASK, NULL), 202);
	assert_string_equal(text_of("capability_profile.level"), "full");
	assert_int_equal(ask("GET", ITEM, NULL), 200);
	assert_string_equal(text_of("capability_profile.transport.messages."
				    "state"), "unknown");
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup_accesses, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_profile_is_begun_with_its_task),
		T(who_asks_again_joins),
		T(one_that_is_being_imported_has_to_end_first),
		T(what_was_learnt_is_shown_with_the_item),
		T(what_is_wrong_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
