/*
 * Which provider and which plan the keys of an import are of: by URL and by
 * name, over the API.
 */
#include "tests/unit/match_fixture.h"

#include "shared/endpoint.h"
#include "shared/pack_match.h"
#include "shared/table.h"

/* The items of a new run of these keys at one URL; true if it was taken. */
static void by_url(const char *host, const char *url, const char *key,
		   const char *members)
{
	AUTO_FREE char *body = xasprintf(
		"{\"host_id\":\"%s\",\"items\":[{\"base_url\":\"%s\","
		"\"api_key\":\"%s\"}]%s}", host, url, key, members);
	AUTO_FREE char *path = NULL;

	assert_int_equal(ask("POST", RUNS, body), 202);
	path = xasprintf(RUNS "/%s/items", text_of("run_id"));
	assert_int_equal(ask("GET", path, NULL), 200);
}

static void post(const char *id, const char *what, const char *host,
		 const char *key, int status)
{
	AUTO_FREE char *path = xasprintf("/api/providers/%s/%s", id, what);
	AUTO_FREE char *body = xasprintf(
		"{\"host_id\":\"%s\",\"keys\":[\"%s\"]}", host, key);

	assert_int_equal(ask("POST", path, body), status);
}

static void item_is(const char *id, const char *plan)
{
	const json_t *of = member("items.0.pack_provider_id");
	const json_t *pack = member("items.0.pack_id");

	if (id)
		assert_string_equal(json_string_value(of), id);
	else
		assert_true(json_is_null(of));
	assert_int_equal(json_is_string(pack), id != NULL);
	assert_string_equal(text_of("items.0.plan"), plan);
}

static void a_key_by_url_is_of_the_provider_it_begins_like(void **state)
{
	AUTO_FREE char *host = add_host();

	(void)state;
	by_url(host, URL, PLAN_KEY, "");	/* no pack is there yet */
	item_is(NULL, "");
	install();
	by_url(host, URL, PAYG_KEY, "");
	item_is("payg", "");
	by_url(host, URL, PLAN_KEY, "");
	item_is("tokens", "token-plan-m-plan");
	by_url(host, URL, ODD_KEY, "");
	item_is("payg", "");
	by_url(host, "https://alone.example/v1/chat/completions", ODD_KEY, "");
	item_is("alone", "");
	by_url(host, "https://unheard-of.example/v1", PLAN_KEY, "");
	item_is(NULL, "");
}

static void packs_can_be_left_out_of_it(void **state)
{
	AUTO_FREE char *host = add_host();

	(void)state;
	install();
	by_url(host, URL, PLAN_KEY, ",\"ignore_packs\":true");
	item_is(NULL, "");
	by_url(host, URL, PLAN_KEY, ",\"ignore_packs\":false");
	item_is("tokens", "token-plan-m-plan");
}

/* The lookups of a preview's groups and accounts. */
static const char *planned(const char *type)
{
	const json_t *one;
	size_t i;

	json_array_foreach(member("plans.0.resources"), i, one)
		if (strcmp(json_string_value(json_object_get(one,
				"resource_type")), type) == 0)
			return json_string_value(json_object_get(one,
								 "lookup"));
	return "";
}

static void two_plans_on_one_url_share_no_group(void **state)
{
	AUTO_FREE char *host = add_host();
	AUTO_FREE char *group = NULL;

	(void)state;
	install();
	post("payg", "preview", host, PAYG_KEY, 200);
	assert_string_equal(text_of("plan"), "");
	group = xstrdup(planned("group"));
	assert_null(strchr(group, '~'));
	post("tokens", "preview", host, PLAN_KEY, 200);
	assert_string_equal(text_of("plan"), "token-plan-m-plan");
	assert_string_not_equal(planned("group"), group);
	assert_non_null(strstr(planned("group"), "~token-plan-m-plan|"));
	assert_non_null(strstr(planned("account"), "~token-plan-m-plan|"));
	assert_non_null(strstr(planned("user_key"), "~token-plan-m-plan|"));
	post("alone", "preview", host, PLAN_KEY, 200);
	assert_string_equal(text_of("plan"), "");
	post("tokens", "import", host, PLAN_KEY, 202);
	item_is("tokens", "token-plan-m-plan");
}

/* An account of the key as an import that ended well left it. */
static void has_account(const char *host, const char *place)
{
	char print[SEAL_FINGERPRINT_TEXT];
	AUTO_FREE char *text = NULL;

	seal_fingerprint(api.worker.key, PLAN_KEY, print);
	text = xasprintf("INSERT INTO managed_resources (resource_id, host_id,"
		" resource_type, lookup, mark, state, host_resource_id,"
		" created_at, updated_at) VALUES ('res_1', '%s', 'account',"
		" '%s|subscription|%s', 'm', 'present', '7', 1, 1)", host,
		place, print);
	sql(text);
}

static void a_key_stays_where_it_was(void **state)
{
	AUTO_FREE char *host = add_host();
	AUTO_FREE char *place = NULL;
	AUTO_FREE char *access = NULL;
	char key[ENDPOINT_KEY_MAX];

	(void)state;
	endpoint_key(URL, key);
	has_account(host, key);
	install();
	post("tokens", "preview", host, PLAN_KEY, 200);
	assert_string_equal(text_of("plans.0.items.0.plan"), "");
	assert_null(strchr(planned("account"), '~'));
	by_url(host, URL, PLAN_KEY, "");
	item_is("tokens", "");
	/* The other way about: it was brought by name first. */
	sql("DELETE FROM managed_resources");
	place = lookup_place(key, "token-plan-m-plan");
	has_account(host, place);
	by_url(host, URL, PLAN_KEY, ",\"ignore_packs\":true");
	item_is(NULL, "");	/* nobody has access there yet */
	access = xasprintf("INSERT INTO accesses (access_id, host_id,"
		" endpoint_key, plan, access_mode, selector, status,"
		" status_since, created_at, updated_at) VALUES ('acc_1', '%s',"
		" '%s', 'token-plan-m-plan', 'subscription', 'default',"
		" 'active', 1, 1, 1)", host, key);
	sql(access);
	by_url(host, URL, PLAN_KEY, ",\"ignore_packs\":true");
	item_is(NULL, "token-plan-m-plan");
}

static void mirror(const char *host, const char *members, int status)
{
	AUTO_FREE char *body = xasprintf("{\"host_id\":\"%s\",\"keys\":[\""
		PLAN_KEY "\"]%s}", host, members);

	assert_int_equal(ask("POST", "/api/providers/tokens/preview", body),
			 status);
}

static void keys_may_go_to_a_mirror_that_is_named_as_one(void **state)
{
	AUTO_FREE char *host = add_host();

	(void)state;
	install();
	mirror(host, ",\"base_url\":\"https://mirror.example/v1\"", 422);
	assert_non_null(strstr(api.reply.out.text.text, "mirror_url"));
	mirror(host, ",\"base_url\":\"" URL "\",\"mirror_url\":"
	       "\"https://mirror.example/v1\"", 422);
	mirror(host, ",\"mirror_url\":\"https://mirror.example/v1\"", 200);
	assert_string_equal(text_of("base_url"), "https://mirror.example/v1");
	assert_string_equal(text_of("plan"), "token-plan-m-plan");
	assert_non_null(strstr(api.reply.out.text.text,
			       "\"code\":\"mirror_url\""));
	mirror(host, "", 200);
	assert_null(strstr(api.reply.out.text.text, "mirror_url"));
}

static void a_pack_that_an_item_is_of_stays(void **state)
{
	AUTO_FREE char *host = add_host();

	(void)state;
	install();
	by_url(host, URL, PLAN_KEY, "");
	sql("DELETE FROM pack_active");
	assert_int_equal(ask("DELETE", "/api/packs/one/versions/1.0.0", NULL),
			 409);
	sql("UPDATE import_run_items SET pack_id = NULL");
	assert_int_equal(ask("DELETE", "/api/packs/one/versions/1.0.0", NULL),
			 204);
}

static void plans_become_parts_of_places(void **state)
{
	static const struct {
		const char *plan, *want;
	} cases[] = {
		{ "payg", "" }, { "coding_plan", "coding-plan" },
		{ "token_plan (M Plan)", "token-plan-m-plan" },
		{ "((", "" }, { "套餐", "" },
		{ "aaaaaaaaaabbbbbbbbbbccccccccccdddddd",
		  "aaaaaaaaaabbbbbbbbbbccccccccccdd" },
	};
	char plan[LOOKUP_PLAN_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		pack_match_plan(cases[i].plan, plan);
		assert_string_equal(plan, cases[i].want);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_key_by_url_is_of_the_provider_it_begins_like),
		TEST(packs_can_be_left_out_of_it),
		TEST(two_plans_on_one_url_share_no_group),
		TEST(a_key_stays_where_it_was),
		TEST(keys_may_go_to_a_mirror_that_is_named_as_one),
		TEST(a_pack_that_an_item_is_of_stays),
		cmocka_unit_test(plans_become_parts_of_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
