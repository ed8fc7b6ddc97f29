/* Our accounts on hosts, and other keys for them. */
#include "tests/unit/access_fixture.h"

#include "shared/table.h"

#define ACCOUNT "/api/accounts/res_5"
#define NEW_KEY "{\"api_key\":\"good-0123456789abcdef\""

#define RESOURCE(id, lookup, state, host_id) \
	"INSERT INTO managed_resources (resource_id, host_id, resource_type," \
	" lookup, mark, state, host_resource_id, created_at, updated_at)" \
	" VALUES ('" id "', 'hst_a', 'account', '" lookup "', 'm-" id "', '" \
	state "', " host_id ", 1, 1);"

static int setup_account(void **state)
{
	if (setup_accesses(state))
		return -1;
	sql("UPDATE import_run_items SET account_id = '5', group_id = '7',"
	    " models = '[\"m-a\"]', resolved_smoke_model = 'm-a';"
	    RESOURCE("res_5", "one-1|subscription|fp", "present", "'5'")
	    RESOURCE("res_6", "clone|one-1|subscription|fp", "present", "'6'")
	    RESOURCE("res_7", "two-2~coding|subscription|gp", "present", "'7'")
	    RESOURCE("res_8", "two-2|subscription|hp", "gone", "'8'")
	    "INSERT INTO resource_uses VALUES ('res_5', 'itm_1', 1);");
	return 0;
}

static void accounts_are_listed_without_copies(void **state)
{
	(void)state;
	assert_int_equal(ask("GET", "/api/accounts", NULL), 200);
	assert_int_equal(json_array_size(member("accounts")), 2);
	assert_string_equal(text_of("accounts.0.resource_id"), "res_5");
	assert_string_equal(text_of("accounts.0.account_id"), "5");
	assert_string_equal(text_of("accounts.0.endpoint_key"), "one-1");
	assert_string_equal(text_of("accounts.0.access_mode"),
			    "subscription");
	assert_int_equal(number_of("accounts.0.uses"), 1);
	assert_string_equal(text_of("accounts.0.newest_item_id"), "itm_1");
	assert_string_equal(text_of("accounts.1.resource_id"), "res_7");
	assert_string_equal(text_of("accounts.1.endpoint_key"), "two-2");
	assert_true(json_is_null(member("next_cursor")));
}

static void filters_and_pages(void **state)
{
	AUTO_FREE char *next = NULL;

	(void)state;
	assert_int_equal(ask("GET", "/api/accounts?provider_id=two-2", NULL),
			 200);
	assert_int_equal(json_array_size(member("accounts")), 1);
	assert_string_equal(text_of("accounts.0.resource_id"), "res_7");
	assert_int_equal(ask("GET", "/api/accounts?host_id=hst_b", NULL),
			 200);
	assert_int_equal(json_array_size(member("accounts")), 0);
	assert_int_equal(ask("GET", "/api/accounts?api_key_fingerprint=gp",
			     NULL), 200);
	assert_int_equal(json_array_size(member("accounts")), 1);
	assert_int_equal(ask("GET", "/api/accounts?state=making", NULL), 200);
	assert_int_equal(json_array_size(member("accounts")), 0);
	assert_int_equal(ask("GET", "/api/accounts?state=odd", NULL), 400);
	assert_int_equal(ask("GET", "/api/accounts?host_id=hst_a&limit=1",
			     NULL), 200);
	assert_string_equal(text_of("accounts.0.resource_id"), "res_5");
	next = xasprintf("/api/accounts?host_id=hst_a&limit=1&cursor=%s",
			 text_of("next_cursor"));
	assert_int_equal(ask("GET", next, NULL), 200);
	assert_string_equal(text_of("accounts.0.resource_id"), "res_7");
}

static void one_is_shown(void **state)
{
	(void)state;
	assert_int_equal(ask("GET", ACCOUNT, NULL), 200);
	assert_string_equal(text_of("mark"), "m-res_5");
	assert_int_equal(ask("GET", "/api/accounts/res_6", NULL), 404);
	assert_int_equal(ask("GET", "/api/accounts/res_9", NULL), 404);
}

static void a_preview_of_a_key_keeps_nothing(void **state)
{
	(void)state;
	assert_int_equal(ask("POST", ACCOUNT "/rotate-key", NEW_KEY "}"),
			 200);
	assert_true(json_is_false(member("applied")));
	assert_string_equal(text_of("kind"), "rotate_key");
	assert_string_equal(text_of("after.last4"), "cdef");
	assert_int_equal(number_of("overlap_s"), 60);
	assert_int_equal(count("SELECT count(*) FROM account_changes"), 0);
	assert_int_equal(count("SELECT count(*) FROM secrets"
			       " WHERE last4 = 'cdef'"), 0);
}

static void a_key_is_sealed_and_its_change_begun(void **state)
{
	AUTO_FREE char *id = NULL;

	(void)state;
	assert_int_equal(ask("POST", ACCOUNT "/rotate-key", NEW_KEY
			     ",\"overlap_s\":5,\"apply\":true}"), 202);
	id = xstrdup(text_of("change_id"));
	assert_string_equal(text_of("state"), "running");
	assert_int_equal(number_of("wanted.overlap_s"), 5);
	assert_true(json_is_null(member("old_key_free_to_revoke_at")));
	assert_int_equal(count("SELECT count(*) FROM account_changes c"
			       " JOIN secrets s ON s.secret_id ="
			       "  c.new_secret_id WHERE s.last4 = 'cdef'"), 1);
	/* Another one meanwhile is refused, and its key is not kept. */
	assert_int_equal(ask("POST", ACCOUNT "/rotate-key",
			     "{\"api_key\":\"good-0123456789abcxyz\","
			     "\"apply\":true}"), 409);
	assert_string_equal(text_of("code"), "change_in_progress");
	assert_string_equal(text_of("change_id"), id);
	assert_int_equal(count("SELECT count(*) FROM secrets"
			       " WHERE last4 = 'cxyz'"), 0);
}

static void a_key_that_serves_already_is_refused(void **state)
{
	(void)state;
	assert_int_equal(ask("POST", ACCOUNT "/rotate-key", NEW_KEY "}"),
			 200);
	{
		AUTO_FREE char *taken = xasprintf("UPDATE managed_resources"
			" SET lookup = 'one-1|subscription|%s' WHERE"
			" resource_id = 'res_7'",
			text_of("after.fingerprint"));
		AUTO_FREE char *same = xasprintf("UPDATE secrets SET"
			" fingerprint = '%s' WHERE secret_id = (SELECT"
			" api_key_secret_id FROM import_run_items LIMIT 1)",
			text_of("after.fingerprint"));

		sql(taken);
		assert_int_equal(ask("POST", ACCOUNT "/rotate-key",
				     NEW_KEY "}"), 409);
		assert_string_equal(text_of("code"), "key_in_use");
		assert_non_null(strstr(text_of("detail"), "res_7"));
		sql(same);
		assert_int_equal(ask("POST", ACCOUNT "/rotate-key",
				     NEW_KEY "}"), 409);
		assert_string_equal(text_of("code"), "same_key");
	}
}

static void what_cannot_be_is_told(void **state)
{
	(void)state;
	assert_int_equal(ask("POST", ACCOUNT "/rotate-key",
			     "{\"api_key\":\"short\",\"overlap_s\":1}"), 422);
	assert_int_equal(json_array_size(member("problems")), 2);
	assert_int_equal(ask("POST", ACCOUNT "/rotate-key",
			     "{\"api_key\":\"good-0123456789 abcdef\"}"),
			 422);
	assert_int_equal(ask("POST", "/api/accounts/res_7/rotate-key",
			     NEW_KEY "}"), 409);
	assert_string_equal(text_of("code"), "account_not_in_use");
	assert_int_equal(ask("POST", "/api/accounts/res_9/rotate-key",
			     NEW_KEY "}"), 404);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup_account, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(accounts_are_listed_without_copies),
		TEST(filters_and_pages),
		TEST(one_is_shown),
		TEST(a_preview_of_a_key_keeps_nothing),
		TEST(a_key_is_sealed_and_its_change_begun),
		TEST(a_key_that_serves_already_is_refused),
		TEST(what_cannot_be_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
