/* Imports by provider over the API: previews, runs, batches, views. */
#include "tests/unit/api_fixture.h"

#include "shared/packs.h"
#include "shared/table.h"
#include "tests/unit/pack_fixture.h"

#define KEY "sk-good-0123456789abcdef"
#define PLAN_KEY "sk-cp-0123456789abcdefgh"
#define OTHER_KEY "sk-good-abcdef0123456789"

static void put_pack(struct bundle *files)
{
	CLEANUP(pack_done) struct pack pack = { 0 };
	const struct packs_spec spec = {
		.files = files, .pack = &pack, .bundle_sha256 = "0",
		.installed_by = "tok_1", .choice = PACKS_ACTIVATE,
	};
	struct db_tx tx = { 0 };
	struct err err;
	bool is_new;

	assert_int_equal(bundle_sort(files, &err), 0);
	pack_seal(files, &pack);
	must(db_tx_begin(&tx, api.db, &err), &err);
	must(packs_install(api.db, &spec, NOW, &is_new, &err), &err);
	must(db_tx_commit(&tx, &err), &err);
}

/* payg, its coding plan, one whose terms are unclear, and a relay. */
static void install(const char *pack_id)
{
	CLEANUP(bundle_done) struct bundle files = { 0 };

	pack_json_file(&files, pack_id, "1.0.0");
	pack_provider_file(&files, "payg", "sample",
		",\"key_prefixes\":[\"sk-\"],"
		"\"alternate_base_urls\":[\"https://two.example.com/v1\"]");
	pack_provider_file(&files, "coding", "sample",
		",\"key_prefixes\":[\"sk-cp-\"],\"plan_terms\":{"
		"\"shared_use\":\"forbidden\",\"text\":{\"zh\":\"仅供一人使用\","
		"\"en\":\"For one person only\"}}");
	pack_provider_file(&files, "murky", "other",
		",\"plan_terms\":{\"shared_use\":\"unclear\",\"text\":{"
		"\"zh\":\"未说明\",\"en\":\"It does not say\"}}");
	pack_file(&files, "providers/relay.json",
		"{\"provider_id\":\"relay\",\"vendor\":\"relay\","
		"\"kind\":\"relay\",\"plan\":\"relay\",\"region\":\"cn\","
		"\"status\":\"current\",\"display_name\":{\"zh\":\"中转\","
		"\"en\":\"Relay\"},\"base_url\":null,"
		"\"base_url_required\":true,\"families\":{\"chat\":\"yes\","
		"\"responses\":\"no\",\"messages\":\"no\",\"models\":\"yes\"},"
		"\"models\":[]}");
	put_pack(&files);
}

static int64_t stored(void)
{
	return count("SELECT (SELECT count(*) FROM import_runs) +"
		     " (SELECT count(*) FROM import_run_items) +"
		     " (SELECT count(*) FROM tasks WHERE flow = 'import') +"
		     " (SELECT count(*) FROM managed_resources) +"
		     " (SELECT count(*) FROM secrets WHERE kind = 'api_key')");
}

/* POST to /api/providers/PROVIDER/WHAT; `members` follow host and keys. */
static int post(const char *provider, const char *what, const char *host,
		const char *members)
{
	AUTO_FREE char *path = xasprintf("/api/providers/%s/%s", provider,
					 what);
	AUTO_FREE char *body = xasprintf("{\"host_id\":\"%s\"%s}", host,
					 members);

	return ask("POST", path, body);
}

static void an_import_is_a_run_of_the_pack(void **state)
{
	AUTO_FREE char *host = add_host();
	AUTO_FREE char *batch = NULL;
	AUTO_FREE char *path = NULL;

	(void)state;
	install("one");
	assert_int_equal(post("payg", "import", host, ",\"keys\":[\"" KEY
		"\",{\"api_key\":\"" OTHER_KEY "\",\"label\":\"second\"}],"
		"\"requested_models\":[\"kimi\"]"), 202);
	batch = xstrdup(text_of("batch_id"));
	path = xasprintf("/api/import-batches/%s", batch);
	assert_string_equal(api.reply.location, path);
	assert_string_equal(text_of("run_id"), batch);
	assert_string_equal(text_of("batch_status"), "running");
	assert_string_equal(text_of("provider_status"), "unknown");
	assert_string_equal(text_of("access_status"), "unknown");
	assert_string_equal(text_of("provider_id"), "payg");
	assert_string_equal(text_of("pack_id"), "one");
	assert_string_equal(text_of("pack_version"), "1.0.0");
	assert_string_equal(text_of("origin"), "provider_import");
	assert_int_equal(json_array_size(member("items")), 2);
	assert_string_equal(text_of("items.0.pack_provider_id"), "payg");
	assert_string_equal(text_of("items.0.provider_id"),
			    text_of("items.0.endpoint_key"));
	assert_string_equal(text_of("items.0.base_url"),
			    "https://payg.example.com/v1");
	assert_string_equal(text_of("items.0.requested_models.0"), "kimi");
	assert_string_equal(text_of("items.1.label"), "second");
	assert_null(strstr(api.reply.out.text.text, KEY));
	assert_int_equal(ask("GET", path, NULL), 200);
	assert_string_equal(text_of("batch_id"), batch);
	assert_int_equal(ask("GET", "/api/import-batches?provider_id=payg"
			     "&batch_status=running", NULL), 200);
	assert_string_equal(text_of("import_batches.0.batch_id"), batch);
	assert_int_equal(ask("GET", "/api/import-batches?batch_status=failed",
			     NULL), 200);
	assert_int_equal(json_array_size(member("import_batches")), 0);
}

static void a_preview_writes_nothing(void **state)
{
	AUTO_FREE char *host = add_host();

	(void)state;
	install("one");
	api.wire.authorization = "Bearer " READ_TOKEN;
	assert_int_equal(post("payg", "preview", host, ",\"keys\":[\"" KEY
			      "\",\"" OTHER_KEY "\"]"), 200);
	assert_int_equal(stored(), 0);
	assert_null(strstr(api.reply.out.text.text, KEY));
	assert_string_equal(text_of("plans.0.host_id"), host);
	assert_string_equal(text_of("plans.0.resources.0.resource_type"),
			    "group");
	assert_string_equal(text_of("plans.0.resources.0.action"), "create");
	assert_int_equal(number_of("plans.0.counts.create_and_remove"), 1);
	assert_int_equal(number_of("plans.0.counts.reuse"), 0);
	assert_string_equal(text_of("plans.0.items.0.api_key_last4"), "cdef");
}

static void terms_that_forbid_sharing_have_to_be_accepted(void **state)
{
	AUTO_FREE char *host = add_host();

	(void)state;
	install("one");
	assert_int_equal(post("coding", "import", host,
			      ",\"keys\":[\"" PLAN_KEY "\"]"), 409);
	assert_string_equal(text_of("code"), "plan_terms_not_accepted");
	assert_string_equal(text_of("plan_terms.text.zh"), "仅供一人使用");
	assert_string_equal(text_of("plan_terms.text.en"),
			    "For one person only");
	assert_int_equal(stored(), 0);
	assert_int_equal(post("coding", "preview", host,
			      ",\"keys\":[\"" PLAN_KEY "\"]"), 200);
	assert_true(json_is_true(member("needs_accept_plan_terms")));
	assert_int_equal(post("coding", "import", host, ",\"keys\":[\""
			PLAN_KEY "\"],\"accept_plan_terms\":true"), 202);
	assert_int_equal(post("murky", "import", host,
			      ",\"keys\":[\"" KEY "\"]"), 202);
	assert_string_equal(text_of("warnings.0.code"), "plan_terms_unclear");
	assert_string_equal(text_of("warnings.0.detail_zh"), "未说明");
}

static void a_key_of_another_plan_is_told_and_taken(void **state)
{
	AUTO_FREE char *host = add_host();

	(void)state;
	install("one");
	assert_int_equal(post("payg", "import", host, ",\"keys\":[\"" PLAN_KEY
			      "\",\"" KEY "\"]"), 202);
	assert_string_equal(text_of("items.0.warnings.0.code"),
			    "key_of_other_provider");
	assert_non_null(strstr(text_of("items.0.warnings.0.detail"),
			       "coding"));
	assert_int_equal(json_array_size(member("items.1.warnings")), 0);
}

static void a_relay_has_to_be_told_where_it_is(void **state)
{
	AUTO_FREE char *host = add_host();

	(void)state;
	install("one");
	assert_int_equal(post("relay", "import", host,
			      ",\"keys\":[\"" KEY "\"]"), 422);
	assert_string_equal(text_of("problems.0.field"), "base_url");
	assert_int_equal(number_of("problems_total"), 1);
	assert_int_equal(post("relay", "import", host, ",\"keys\":[\"" KEY
		"\"],\"base_url\":\"https://r.example.com/v1\""), 202);
	assert_int_equal(post("payg", "import", host, ",\"keys\":[\"" KEY
		"\"],\"base_url\":\"https://r.example.com/v1\""), 422);
	assert_int_equal(post("payg", "import", host, ",\"keys\":[\"" KEY
		"\"],\"base_url\":\"https://TWO.example.com/v1/\""), 202);
	assert_string_equal(text_of("items.0.base_url"),
			    "https://two.example.com/v1");
}

static void all_that_is_wrong_is_told_at_once(void **state)
{
	AUTO_FREE char *host = add_host();

	(void)state;
	install("one");
	assert_int_equal(post("payg", "import", host,
		",\"keys\":[7,\"short\",{\"api_key\":\"" KEY "\","
		"\"base_url\":\"x\"}],\"access_mode\":\"neither\",\"x\":1"),
		422);
	assert_non_null(strstr(api.reply.out.text.text, "keys[0]"));
	assert_non_null(strstr(api.reply.out.text.text, "keys[1].api_key"));
	assert_non_null(strstr(api.reply.out.text.text, "keys[2].base_url"));
	assert_non_null(strstr(api.reply.out.text.text, "access_mode"));
	assert_non_null(strstr(api.reply.out.text.text, "\"x\""));
	assert_int_equal(ask("POST", "/api/providers/payg/import",
			     "{\"keys\":\"" KEY "\"}"), 422);
	assert_non_null(strstr(api.reply.out.text.text, "host_id"));
	assert_int_equal(ask("POST", "/api/providers/payg/import", "[]"), 422);
	assert_int_equal(stored(), 0);
}

#define IS_SENTENCE(text) do { \
	assert_int_equal(api.reply.status, 400); \
	assert_string_equal(text_of("error"), text); \
	assert_string_equal(text_of("detail"), text); \
} while (0)

#define PACK_SENTENCE "provider exists in multiple packs; pack_id is required"
#define HOST_SENTENCE "provider exists on multiple hosts; host_id is required"

static void what_is_ambiguous_is_asked_for_in_the_old_words(void **state)
{
	static const char *const views[] = { "status", "resources", "access" };
	AUTO_FREE char *host = add_host();
	AUTO_FREE char *other = NULL;

	(void)state;
	install("one");
	install("two");
	post("payg", "import", host, ",\"keys\":[\"" KEY "\"]");
	IS_SENTENCE(PACK_SENTENCE);
	post("payg", "preview", host, ",\"keys\":[\"" KEY "\"]");
	IS_SENTENCE(PACK_SENTENCE);
	assert_int_equal(ask("POST", "/api/hosts", "{\"base_url\":"
		"\"http://two.example\",\"auth_type\":\"api_key\","
		"\"auth_token\":\"admin-0123456789\"}"), 202);
	other = xstrdup(text_of("host_id"));
	assert_int_equal(post("payg", "import", host, ",\"keys\":[\"" KEY
			      "\"],\"pack_id\":\"one\""), 202);
	for (size_t i = 0; i < COUNT(views); i++) {
		AUTO_FREE char *path = xasprintf("/api/providers/payg/%s",
						 views[i]);
		AUTO_FREE char *one = xasprintf("%s?pack_id=one", path);

		ask("GET", path, NULL);
		IS_SENTENCE(PACK_SENTENCE);
		assert_int_equal(ask("GET", one, NULL), 200);
		assert_string_equal(text_of("host_id"), host);
	}
	assert_int_equal(post("payg", "import", other, ",\"keys\":[\"" KEY
			      "\"],\"pack_id\":\"one\""), 202);
	for (size_t i = 0; i < COUNT(views); i++) {
		AUTO_FREE char *one = xasprintf(
			"/api/providers/payg/%s?pack_id=one", views[i]);
		AUTO_FREE char *both = xasprintf("%s&host_id=%s", one, other);

		ask("GET", one, NULL);
		IS_SENTENCE(HOST_SENTENCE);
		assert_int_equal(ask("GET", both, NULL), 200);
		assert_string_equal(text_of("host_id"), other);
	}
	assert_int_equal(ask("GET", "/api/providers/nobody/status", NULL),
			 404);
	assert_int_equal(post("nobody", "import", host,
			      ",\"keys\":[\"" KEY "\"]"), 404);
}

static void a_provider_that_was_never_imported_is_unknown(void **state)
{
	(void)state;
	install("one");
	assert_int_equal(ask("GET", "/api/providers/payg/status", NULL), 200);
	assert_string_equal(text_of("provider_status"), "unknown");
	assert_string_equal(text_of("access_status"), "unknown");
	assert_true(json_is_null(member("host_id")));
	assert_true(json_is_null(member("latest_batch")));
	assert_int_equal(ask("GET", "/api/providers/payg/status?host_id=none",
			     NULL), 404);
}

static void several_hosts_are_a_wave_and_all_but_the_first_wait(void **state)
{
	AUTO_FREE char *host = add_host();
	AUTO_FREE char *other = NULL;
	AUTO_FREE char *body = NULL;

	(void)state;
	install("one");
	assert_int_equal(ask("POST", "/api/hosts", "{\"base_url\":"
		"\"http://two.example\",\"auth_type\":\"api_key\","
		"\"auth_token\":\"admin-0123456789\"}"), 202);
	other = xstrdup(text_of("host_id"));
	body = xasprintf("{\"host_ids\":[\"%s\",\"%s\"],\"keys\":[\"" KEY
			 "\"]}", other, host);
	assert_int_equal(ask("POST", "/api/providers/payg/import", body), 202);
	assert_string_equal(text_of("host_id"), other);
	assert_int_equal(number_of("wave_place"), 0);
	assert_int_equal(count("SELECT count(*) FROM tasks WHERE"
			       " state = 'held' AND held_for = 'canary'"), 1);
	assert_int_equal(count("SELECT count(*) FROM import_runs WHERE"
			       " canary_state = 'held' AND wave_place = 1"),
			 1);
	assert_int_equal(count("SELECT count(*) FROM secrets WHERE"
			       " kind = 'api_key'"), 1);
	free(TAKE(body));
	body = xasprintf("{\"host_ids\":[\"%s\",\"%s\"],\"host_id\":\"%s\","
			 "\"keys\":[\"" KEY "\"]}", host, host, host);
	assert_int_equal(ask("POST", "/api/providers/payg/import", body), 422);
	assert_int_equal(number_of("problems_total"), 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_import_is_a_run_of_the_pack),
		TEST(a_preview_writes_nothing),
		TEST(terms_that_forbid_sharing_have_to_be_accepted),
		TEST(a_key_of_another_plan_is_told_and_taken),
		TEST(a_relay_has_to_be_told_where_it_is),
		TEST(all_that_is_wrong_is_told_at_once),
		TEST(what_is_ambiguous_is_asked_for_in_the_old_words),
		TEST(a_provider_that_was_never_imported_is_unknown),
		TEST(several_hosts_are_a_wave_and_all_but_the_first_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
