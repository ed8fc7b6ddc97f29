/* GET /api/site/...: the site as it is, and by what keys are known. */
#include "tests/unit/access_fixture.h"

static const char account_rows[] =
	"INSERT INTO secrets (secret_id, kind, sealed, fingerprint, last4,"
	" created_at) VALUES"
	" ('sec_k', 'api_key', x'00', 'f1', 'wxyz', 1);"
	"UPDATE import_run_items SET api_key_secret_id = 'sec_k',"
	" models = '[\"m\"]', label = 'first';"
	"INSERT INTO managed_resources (resource_id, host_id, resource_type,"
	" lookup, mark, state, host_resource_id, created_at, updated_at) VALUES"
	" ('res_1', 'hst_a', 'account', 'one-1|subscription|f1', 'crm-a-1',"
	"  'present', '12', 1, 1),"
	" ('res_2', 'hst_a', 'account', 'one-1|subscription|f2', 'crm-a-2',"
	"  'gone', '13', 1, 1);"
	"INSERT INTO resource_uses VALUES ('res_1', 'itm_1', 1),"
	" ('res_2', 'itm_1', 1);"
	"INSERT INTO endpoints (endpoint_key, concurrency, created_at,"
	" updated_at) VALUES ('one-1', 3, 1, 1);";

static int setup_site(void **state)
{
	if (setup_accesses(state))
		return -1;
	sql(account_rows);
	return 0;
}

static const json_t *first(const char *list)
{
	return json_array_get(json_object_get(api.json, list), 0);
}

static void a_key_is_there_once_with_its_terms(void **state)
{
	json_auto_t *users = json_pack("[s, s]", "default", "team");
	const json_t *key;

	(void)state;
	assert_int_equal(ask("GET", "/api/site/keys?host_id=hst_a", NULL),
			 200);
	assert_int_equal(json_array_size(json_object_get(api.json, "keys")),
			 1);
	key = first("keys");
	assert_string_equal(json_string_value(json_object_get(key,
		"key_fingerprint")), "f1");
	assert_string_equal(json_string_value(json_object_get(key, "label")),
			    "first");
	assert_int_equal(json_integer_value(json_object_get(key,
		"subscription_days")), 30);
	assert_true(json_equal(json_object_get(key, "users_with_access"),
			       users));
	assert_true(json_is_false(json_object_get(key, "models_changed")));
}

static void what_is_being_imported_is_no_key_yet(void **state)
{
	(void)state;
	sql("UPDATE import_run_items SET current_stage = 'confirm'");
	assert_int_equal(ask("GET", "/api/site/keys?host_id=hst_a", NULL),
			 200);
	assert_null(first("keys"));
	assert_int_equal(ask("GET", "/api/site/importing", NULL), 200);
	assert_string_equal(json_string_value(json_object_get(
		first("importing"), "key_fingerprint")), "f1");
}

static void lists_go_by_pages(void **state)
{
	AUTO_FREE char *target = NULL;

	(void)state;
	assert_int_equal(ask("GET", "/api/site/hosts?limit=1", NULL), 200);
	assert_string_equal(json_string_value(json_object_get(first("hosts"),
		"auth_secret_id")), "sec_1");
	target = xasprintf("/api/site/hosts?limit=1&cursor=%s",
		json_string_value(json_object_get(api.json, "next_cursor")));
	assert_int_equal(ask("GET", target, NULL), 200);
	assert_string_equal(json_string_value(json_object_get(first("hosts"),
		"host_id")), "hst_b");
	assert_true(json_is_null(json_object_get(api.json, "next_cursor")));
	assert_int_equal(ask("GET", "/api/site/endpoints", NULL), 200);
	assert_int_equal(json_integer_value(json_object_get(
		first("endpoints"), "concurrency")), 3);
}

static void keys_are_those_of_one_host(void **state)
{
	(void)state;
	assert_int_equal(ask("GET", "/api/site/keys", NULL), 400);
	assert_int_equal(ask("GET", "/api/site/hosts?host_id=hst_a", NULL),
			 400);
	assert_int_equal(ask("GET", "/api/site/keys?host_id=hst_b", NULL),
			 200);
	assert_null(first("keys"));
}

static void short_keys_have_no_fingerprint(void **state)
{
	const json_t *list;
	char print[SEAL_FINGERPRINT_TEXT];

	(void)state;
	assert_int_equal(ask("POST", "/api/site/fingerprints",
		"{\"keys\":[\"sk-0123456789abcdefghij\",\"sk-short\"]}"), 200);
	list = json_object_get(api.json, "fingerprints");
	seal_fingerprint(&api.key.pub, "sk-0123456789abcdefghij", print);
	assert_string_equal(json_string_value(json_array_get(list, 0)), print);
	assert_true(json_is_null(json_array_get(list, 1)));
	api.wire.authorization = "Bearer " READ_TOKEN;
	assert_int_equal(ask("POST", "/api/site/fingerprints",
			     "{\"keys\":[\"x\"]}"), 403);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_site, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_key_is_there_once_with_its_terms),
		TEST(what_is_being_imported_is_no_key_yet),
		TEST(lists_go_by_pages),
		TEST(keys_are_those_of_one_host),
		TEST(short_keys_have_no_fingerprint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
