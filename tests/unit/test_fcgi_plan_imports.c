/* Plans of imports by URL: what they rest on, what they hold, when refused. */
#include "tests/unit/match_fixture.h"

#include "shared/endpoint.h"
#include "shared/lookup.h"
#include "shared/table.h"

#define OTHER_URL "https://unheard-of.example/v1"
#define ROW(url, key) "{\"base_url\":\"" url "\",\"api_key\":\"" key "\"}"
#define TWO ROW(URL, PLAN_KEY) "," ROW(OTHER_URL, ODD_KEY)
#define FROM ",\"from\":{\"/items/0/api_key\":{\"file\":\"/a.json\"," \
	"\"pointer\":\"/0/api_key\"},\"/items/1/api_key\":{\"env\":\"K\"}}"
#define SECRETS ",\"secrets\":{\"/items/0/api_key\":\"" PLAN_KEY "\"," \
	"\"/items/1/api_key\":\"" ODD_KEY "\"}"
#define LOOK ",\"look\":\"rec_1\"}"

static char *host;

static int setup_host(void **state)
{
	AUTO_FREE char *look = NULL;

	if (setup(state))
		return -1;
	host = add_host();
	install();
	look = xasprintf("INSERT INTO reconcile_runs (reconcile_id, host_id,"
		" scope, mode, state, result, requested_by, created_at,"
		" finished_at) VALUES ('rec_1', '%s', 'host', 'look', 'done',"
		" 'in_sync', 'tok_1', 1, %lld)", host, (long long)NOW);
	sql(look);
	return 0;
}

static int teardown_host(void **state)
{
	free(host);
	host = NULL;
	return teardown(state);
}

/* An account that the place of a URL and plan has already. */
static void has_account(const char *id, const char *url, const char *plan)
{
	char key[ENDPOINT_KEY_MAX];
	AUTO_FREE char *place = NULL;
	AUTO_FREE char *text = NULL;

	endpoint_key(url, key);
	place = lookup_place(key, plan);
	text = xasprintf("INSERT INTO managed_resources (resource_id, host_id,"
		" resource_type, lookup, mark, state, host_resource_id,"
		" live_version, created_at, updated_at) VALUES ('%s', '%s',"
		" 'account', '%s|subscription|fp', 'm-%s', 'present', '%s',"
		" 'v1', 1, 1)", id, host, place, id, id);
	sql(text);
}

static int wish(const char *rows, const char *more)
{
	AUTO_FREE char *body = xasprintf("{\"kind\":\"import\",\"path\":\""
		RUNS "\",\"body\":{\"host_id\":\"%s\",\"items\":[%s]}%s" LOOK,
		host, rows, more);

	return ask("POST", "/api/plans", body);
}

/* A plan as a file would have it; for free(). */
static char *make(void)
{
	assert_int_equal(wish(TWO, FROM), 200);
	return json_dumps(api.json, JSON_INDENT(2));
}

static int apply(const char *plan)
{
	AUTO_FREE char *body = xasprintf("{\"plan\":%s" SECRETS LOOK, plan);

	return ask("POST", "/api/plans/apply", body);
}

static void it_holds_no_key_but_where_they_are(void **state)
{
	AUTO_FREE char *plan = make();

	(void)state;
	assert_null(strstr(plan, PLAN_KEY));
	assert_null(strstr(plan, ODD_KEY));
	assert_string_equal(text_of("request.path"), RUNS);
	assert_string_equal(text_of("request.body.items.0.api_key.last4"),
			    "efgh");
	assert_string_equal(text_of("request.body.items.0.api_key.from"
				    ".pointer"), "/0/api_key");
	assert_string_equal(text_of("preview.plans.0.plan"),
			    "token-plan-m-plan");
	assert_string_equal(text_of("preview.plans.1.base_url"), OTHER_URL);
	assert_int_equal(count("SELECT count(*) FROM import_runs"), 0);
}

static void it_is_done_once(void **state)
{
	AUTO_FREE char *plan = make();

	(void)state;
	assert_int_equal(apply(plan), 202);
	assert_non_null(text_of("run_id"));
	assert_int_equal(number_of("items_total"), 2);
	assert_int_equal(count("SELECT count(*) FROM plans_done"), 1);
	assert_int_equal(apply(plan), 409);
	assert_string_equal(text_of("code"), "plan_applied");
	assert_int_equal(count("SELECT count(*) FROM import_runs"), 1);
}

static void it_rests_on_what_every_endpoint_has(void **state)
{
	static const char *const moved[] = { "res_1", "res_2" };
	AUTO_FREE char *plan = NULL;

	(void)state;
	has_account("res_1", URL, "token-plan-m-plan");
	has_account("res_2", OTHER_URL, "");
	has_account("res_3", URL, "");	/* another plan's */
	plan = make();
	assert_int_equal(json_array_size(member("rests_on")), 2);
	for (size_t i = 0; i < COUNT(moved); i++) {
		AUTO_FREE char *change = xasprintf("UPDATE managed_resources"
			" SET live_version = 'v%zu' WHERE resource_id = '%s'",
			i + 2, moved[i]);

		sql(change);
		assert_int_equal(apply(plan), 409);
		assert_string_equal(text_of("code"), "plan_stale");
		assert_string_equal(text_of("moved.0.resource_id"), moved[i]);
		assert_string_equal(text_of("moved.0.fields.0"), "version");
		sql("UPDATE managed_resources SET live_version = 'v1'");
	}
	sql("UPDATE managed_resources SET live_version = 'v9' WHERE"
	    " resource_id = 'res_3'");
	assert_int_equal(apply(plan), 202);
}

/* Users are of no endpoint; those of proofs change with every proof. */
static void it_rests_on_the_users_that_it_serves(void **state)
{
	AUTO_FREE char *users = xasprintf("INSERT INTO managed_resources"
		" (resource_id, host_id, resource_type, lookup, mark, state,"
		" host_resource_id, live_version, created_at, updated_at)"
		" VALUES ('res_1', '%s', 'user', 'sub|default', 'm-1',"
		" 'present', '1', 'v1', 1, 1), ('res_2', '%s', 'user',"
		" 'proof', 'm-2', 'present', '2', 'v1', 1, 1), ('res_3', '%s',"
		" 'user', 'sub|other', 'm-3', 'present', '3', 'v1', 1, 1),"
		" ('res_4', '%s', 'user_key', 'proof|1', 'm-4', 'present',"
		" '4', 'v1', 1, 1)", host, host, host, host);
	AUTO_FREE char *plan = NULL;

	(void)state;
	sql(users);
	/* Two of one endpoint, so that the second has a proof beside it. */
	assert_int_equal(wish(TWO "," ROW(OTHER_URL, PAYG_KEY), ""), 200);
	assert_non_null(strstr(api.reply.out.text.text, "\"proof user\""));
	assert_int_equal(json_array_size(member("rests_on")), 1);
	plan = make();
	sql("UPDATE managed_resources SET live_version = 'v2' WHERE"
	    " resource_id = 'res_1'");
	assert_int_equal(apply(plan), 409);
	assert_string_equal(text_of("moved.0.resource_type"), "user");
	sql("UPDATE managed_resources SET live_version = 'v1' WHERE"
	    " resource_id = 'res_1'");
	assert_int_equal(apply(plan), 202);
}

/* Hosts are probed all the time; what matters is what is found. */
static void a_probe_that_finds_the_same_moves_nothing(void **state)
{
	AUTO_FREE char *plan = make();

	(void)state;
	sql("UPDATE hosts SET probed_at = 1800000000001");
	assert_int_equal(apply(plan), 202);
}

static void a_pack_that_says_otherwise_does(void **state)
{
	AUTO_FREE char *plan = make();

	(void)state;
	sql("DELETE FROM pack_active");
	assert_int_equal(apply(plan), 409);
	assert_string_equal(text_of("code"), "plan_stale");
	assert_string_equal(text_of("moved.0.fields.0"), "preview");
	assert_int_equal(count("SELECT count(*) FROM import_runs"), 0);
}

/* What is left out, or masked, may hold a key in the wrong place. */
static void all_its_rows_have_to_be_right(void **state)
{
	static const char *const rows[] = {
		TWO ",{\"base_url\":\"" URL "\",\"kye\":\"" PAYG_KEY "\"}",
		"{\"base_url\":\"" URL "\",\"api_key\":\"" PAYG_KEY "\","
		"\"note\":\"[redacted] sk-0123456789abcdef0123456789abcdef\"}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(wish(rows[i], ""), 422);
		assert_string_equal(text_of("code"), "plan_rows_unfit");
		assert_null(strstr(api.reply.out.text.text, "sk-"));
	}
	assert_int_equal(wish(TWO, ",\"from\":{\"/items/0/api_key\":{\"env\":"
			      "\"K\",\"pointer\":\"/0\"}}"), 422);
}

/* Which row, and what: nobody should have to ask for a preview. */
static void a_row_that_is_wrong_is_named(void **state)
{
	(void)state;
	assert_int_equal(wish(TWO ",{\"base_url\":\"" URL "\"}", ""), 422);
	assert_string_equal(text_of("code"), "plan_rows_unfit");
	assert_non_null(strstr(text_of("detail"), "row 3: api_key"));
}

static void it_says_how_a_file_of_keys_is_read(void **state)
{
	static const struct {
		const char *from;
		int status;
	} files[] = {
		{ "\"pointer\":\"/0/api_key\",\"form\":\"csv\"", 200 },
		{ "\"pointer\":\"/0/api_key\",\"form\":\"jsonl\"", 200 },
		{ "\"pointer\":\"/0/api_key\",\"form\":\"xlsx\"", 422 },
		{ "\"form\":\"csv\"", 422 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(files); i++) {
		AUTO_FREE char *from = xasprintf(",\"from\":{"
			"\"/items/0/api_key\":{\"file\":\"/a\",%s}}",
			files[i].from);

		assert_int_equal(wish(TWO, from), files[i].status);
	}
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, setup_host, teardown_host)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_holds_no_key_but_where_they_are),
		TEST(it_is_done_once),
		TEST(it_rests_on_what_every_endpoint_has),
		TEST(it_rests_on_the_users_that_it_serves),
		TEST(a_probe_that_finds_the_same_moves_nothing),
		TEST(a_pack_that_says_otherwise_does),
		TEST(all_its_rows_have_to_be_right),
		TEST(a_row_that_is_wrong_is_named),
		TEST(it_says_how_a_file_of_keys_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
