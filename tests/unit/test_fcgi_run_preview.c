/* Imports by URL told beforehand: where each row goes, what is made for it. */
#include "tests/unit/match_fixture.h"

#include "shared/endpoint.h"
#include "shared/table.h"

#define PREVIEW RUNS "/preview"
#define OTHER_URL "https://unheard-of.example/v1"
#define ROW(url, key) "{\"base_url\":\"" url "\",\"api_key\":\"" key "\"}"
#define THREE ROW(URL, PAYG_KEY) "," ROW(URL, PLAN_KEY) "," \
	ROW(OTHER_URL, ODD_KEY)

static int post(const char *path, const char *host, const char *rows,
		const char *members)
{
	AUTO_FREE char *body = xasprintf("{\"host_id\":\"%s\",\"items\":[%s]"
					 "%s}", host, rows, members);

	return ask("POST", path, body);
}

static int64_t stored(void)
{
	return count("SELECT (SELECT count(*) FROM import_runs) +"
		     " (SELECT count(*) FROM import_run_items) +"
		     " (SELECT count(*) FROM tasks WHERE flow = 'import') +"
		     " (SELECT count(*) FROM managed_resources) +"
		     " (SELECT count(*) FROM secrets WHERE kind = 'api_key')");
}

/* How many resources of a type the plans name, of an action or any. */
static int named(const char *type, const char *action)
{
	const json_t *plan, *one;
	size_t i, k;
	int n = 0;

	json_array_foreach(member("plans"), i, plan)
		json_array_foreach(json_object_get(plan, "resources"), k, one)
			n += strcmp(json_string_value(json_object_get(one,
					"resource_type")), type) == 0 &&
			     (!action || strcmp(json_string_value(
					json_object_get(one, "action")),
					action) == 0);
	return n;
}

static void a_preview_writes_nothing(void **state)
{
	AUTO_FREE char *host = add_host();

	(void)state;
	install();
	api.wire.authorization = "Bearer " READ_TOKEN;
	assert_int_equal(post(PREVIEW, host, THREE, ""), 200);
	assert_int_equal(stored(), 0);
	assert_null(strstr(api.reply.out.text.text, PAYG_KEY));
	assert_null(strstr(api.reply.out.text.text, PLAN_KEY));
	assert_string_equal(text_of("host_id"), host);
	assert_string_equal(text_of("host.host_id"), host);
	assert_string_equal(text_of("access_mode"), "subscription");
	assert_string_equal(text_of("plans.0.items.0.api_key_last4"), "cdef");
}

static void rows_stand_by_endpoint_and_plan(void **state)
{
	AUTO_FREE char *host = add_host();
	char key[ENDPOINT_KEY_MAX];

	(void)state;
	install();
	assert_int_equal(post(PREVIEW, host, THREE, ""), 200);
	assert_int_equal(json_array_size(member("plans")), 3);
	endpoint_key(URL, key);
	assert_string_equal(text_of("plans.0.endpoint_key"), key);
	assert_string_equal(text_of("plans.0.plan"), "");
	assert_string_equal(text_of("plans.1.endpoint_key"), key);
	assert_string_equal(text_of("plans.1.plan"), "token-plan-m-plan");
	assert_string_equal(text_of("plans.2.base_url"), OTHER_URL);
	assert_string_equal(text_of("plans.0.providers.0.provider_id"),
			    "payg");
	assert_string_equal(text_of("plans.1.providers.0.provider_id"),
			    "tokens");
	assert_int_equal(json_array_size(member("plans.2.providers")), 0);
	assert_int_equal(number_of("plans.2.items.0.seq"), 3);
	/* Groups and keys for each, and one user for all. */
	assert_int_equal(named("account", "create"), 3);
	assert_int_equal(named("user_key", "create"), 3);
	assert_int_equal(named("subscription", "create"), 3);
	assert_int_equal(named("user", NULL), 1);
	/* One parking group, as nobody has looked at the host. */
	assert_int_equal(named("group", "create"), 4);
	assert_int_equal(number_of("counts.create"), 14);
}

static void the_same_endpoint_written_otherwise_is_one(void **state)
{
	AUTO_FREE char *host = add_host();

	(void)state;
	install();
	assert_int_equal(post(PREVIEW, host, ROW(OTHER_URL, ODD_KEY) ","
		ROW(URL, PAYG_KEY) ","
		ROW(OTHER_URL "/chat/completions", PLAN_KEY), ""), 200);
	assert_int_equal(json_array_size(member("plans")), 2);
	assert_int_equal(json_array_size(member("plans.0.items")), 2);
	assert_int_equal(number_of("plans.0.items.1.seq"), 3);
	/* The second account of a group is proven beside it. */
	assert_int_equal(named("group", "create_and_remove"), 1);
}

/* What the import writes of its items is what the preview told. */
static void an_import_goes_where_it_was_told(void **state)
{
	static const char *const members[] = {
		"pack_provider_id", "pack_id", "plan", "base_url",
	};
	AUTO_FREE char *host = add_host();
	AUTO_FREE char *path = NULL;
	json_auto_t *told = NULL;

	(void)state;
	install();
	assert_int_equal(post(PREVIEW, host, THREE, ""), 200);
	told = json_incref(api.json);
	assert_int_equal(post(RUNS, host, THREE, ""), 202);
	path = xasprintf(RUNS "/%s/items", text_of("run_id"));
	assert_int_equal(ask("GET", path, NULL), 200);
	for (size_t i = 0; i < 3; i++) {
		const json_t *is = json_array_get(member("items"), i);
		const json_t *was = json_array_get(json_object_get(
			json_array_get(json_object_get(told, "plans"), i),
			"items"), 0);

		for (size_t k = 0; k < COUNT(members); k++)
			assert_true(json_equal(
				json_object_get(is, members[k]),
				json_object_get(was, members[k])));
	}
}

static void packs_can_be_left_out_of_it(void **state)
{
	AUTO_FREE char *host = add_host();

	(void)state;
	install();
	assert_int_equal(post(PREVIEW, host, THREE, ",\"ignore_packs\":true"),
			 200);
	assert_int_equal(json_array_size(member("plans")), 2);
	assert_int_equal(json_array_size(member("plans.0.providers")), 0);
	assert_true(json_is_null(member("plans.0.items.0.pack_id")));
}

static void what_is_there_is_used_again(void **state)
{
	AUTO_FREE char *host = add_host();
	AUTO_FREE char *text = NULL;
	char key[ENDPOINT_KEY_MAX], print[SEAL_FINGERPRINT_TEXT];

	(void)state;
	endpoint_key(OTHER_URL, key);
	seal_fingerprint(api.worker.key, ODD_KEY, print);
	text = xasprintf("INSERT INTO managed_resources (resource_id, host_id,"
		" resource_type, lookup, mark, state, host_resource_id,"
		" created_at, updated_at) VALUES"
		" ('res_1', '%s', 'account', '%s|subscription|%s', 'm',"
		"  'present', '7', 1, 1),"
		" ('res_2', '%s', 'group', '%s|subscription', 'n',"
		"  'present', '8', 1, 1)", host, key, print, host, key);
	sql(text);
	assert_int_equal(post(PREVIEW, host, ROW(OTHER_URL, ODD_KEY) ","
			      ROW(URL, PAYG_KEY), ""), 200);
	assert_int_equal(named("account", "reuse"), 1);
	assert_int_equal(named("group", "reuse"), 1);
	assert_string_equal(text_of("plans.0.resources.0.host_resource_id"),
			    "8");
	assert_int_equal(named("account", "create"), 1);
}

static const char *account_action(const char *host, const char *more)
{
	AUTO_FREE char *rows = xasprintf("{\"base_url\":\"" OTHER_URL "\","
		"\"api_key\":\"" ODD_KEY "\"%s}", more);
	const json_t *one;
	size_t i;

	assert_int_equal(post(PREVIEW, host, rows, ""), 200);
	json_array_foreach(member("plans.0.resources"), i, one)
		if (strcmp(json_string_value(json_object_get(one,
				"resource_type")), "account") == 0)
			return json_string_value(json_object_get(one,
								 "action"));
	return "none";
}

static void an_account_may_get_another_proxy(void **state)
{
	AUTO_FREE char *host = add_host();
	AUTO_FREE char *text = NULL;
	char key[ENDPOINT_KEY_MAX], print[SEAL_FINGERPRINT_TEXT];

	(void)state;
	endpoint_key(OTHER_URL, key);
	seal_fingerprint(api.worker.key, ODD_KEY, print);
	text = xasprintf("INSERT INTO managed_resources (resource_id, host_id,"
		" resource_type, lookup, mark, state, host_resource_id,"
		" wanted_json, created_at, updated_at) VALUES ('res_1', '%s',"
		" 'account', '%s|subscription|%s', 'm', 'present', '7',"
		" '{\"proxy_id\":5}', 1, 1)", host, key, print);
	sql(text);
	assert_string_equal(account_action(host, ""), "reuse");
	assert_string_equal(account_action(host, ",\"account_proxy\":5"),
			    "reuse");
	assert_string_equal(account_action(host, ",\"account_proxy\":6"),
			    "change");
}

/* What is refused is refused in the very words. */
static void it_is_refused_as_the_import_is(void **state)
{
	static const struct {
		const char *rows, *members;
	} cases[] = {
		{ "", "" },
		{ "5", "" },
		{ ROW("nonsense", ODD_KEY), "" },
		{ ROW(URL, "short"), "" },
		{ ROW(URL, ODD_KEY) "," ROW("nonsense", ODD_KEY),
		  ",\"strict\":true" },
		{ ROW(URL, ODD_KEY), ",\"access_mode\":\"none\"" },
		{ ROW(URL, ODD_KEY), ",\"unheard_of\":1" },
	};
	AUTO_FREE char *host = add_host();

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		json_auto_t *told = NULL;

		assert_int_equal(post(PREVIEW, host, cases[i].rows,
				      cases[i].members), 422);
		told = json_incref(api.json);
		assert_int_equal(post(RUNS, host, cases[i].rows,
				      cases[i].members), 422);
		json_object_del(told, "request_id");
		json_object_del(api.json, "request_id");
		json_object_del(told, "instance");
		json_object_del(api.json, "instance");
		assert_true(json_equal(told, api.json));
	}
	assert_int_equal(post(PREVIEW, "hst_none", ROW(URL, ODD_KEY), ""),
			 422);
	assert_int_equal(stored(), 0);
}

static void rows_that_are_wrong_are_told(void **state)
{
	AUTO_FREE char *host = add_host();
	json_auto_t *told = NULL;

	(void)state;
	assert_int_equal(post(PREVIEW, host, ROW(URL, ODD_KEY) ",7,"
			      ROW("nonsense", PLAN_KEY), ""), 200);
	assert_int_equal(number_of("items_total"), 1);
	assert_int_equal(number_of("items_rejected"), 2);
	told = json_deep_copy(member("rejected"));
	assert_int_equal(post(RUNS, host, ROW(URL, ODD_KEY) ",7,"
			      ROW("nonsense", PLAN_KEY), ""), 202);
	assert_true(json_equal(told, member("rejected")));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_preview_writes_nothing),
		TEST(rows_stand_by_endpoint_and_plan),
		TEST(the_same_endpoint_written_otherwise_is_one),
		TEST(an_import_goes_where_it_was_told),
		TEST(packs_can_be_left_out_of_it),
		TEST(what_is_there_is_used_again),
		TEST(an_account_may_get_another_proxy),
		TEST(it_is_refused_as_the_import_is),
		TEST(rows_that_are_wrong_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
