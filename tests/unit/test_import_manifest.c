/*
 * An import by provider: what it takes from the manifest, and that a plain
 * import takes nothing.
 */
#include "schedd/upstream/manifest.h"
#include "tests/unit/import_fixture.h"

#define NEW "0.1.179"
#define LIST "{\"data\":[{\"id\":\"w-2\"},{\"id\":\"w-1\"}," \
	"{\"id\":\"w-old\"},{\"id\":\"other-chat\"}]}"

static void by_provider(struct import *im)
{
	static const char *const text =
		"{\"alternate_base_urls\":[\"https://two.example/v1\"],"
		"\"required_headers\":{\"X-Plan\":\"a\",\"User-Agent\":\"b\","
		"\"authorization\":\"c\"},"
		"\"smoke_test_model\":\"w-1\",\"smoke_test_fallback\":"
		"[\"w-3\"],\"models\":["
		"{\"id\":\"w-old\",\"canonical\":\"old\",\"status\":"
		"\"retired_2026-08-31\"},"
		"{\"id\":\"w-2\",\"canonical\":\"Two\",\"status\":\"current\","
		"\"family\":\"w\",\"aliases\":[\"second one\"]},"
		"{\"id\":\"w-embed\",\"canonical\":\"e\",\"status\":"
		"\"current\"},"
		"{\"id\":\"w-3\",\"canonical\":\"w-3\",\"status\":\"beta\"},"
		"{\"id\":\"w-1\",\"canonical\":\"One\",\"status\":"
		"\"rolling_alias\"}],"
		"\"templates\":{\"account\":{\"concurrency\":3,\"priority\":"
		"0},\"group\":{\"description\":\"d\",\"rate_multiplier\":"
		"\"0.5\"}}}";

	im->item.pack_provider_id = xstrdup("p-one");
	im->manifest = json_loads(text, 0, NULL);
	assert_non_null(im->manifest);
	provider_plan_make(&im->plan, im->manifest, im->item.endpoint_key,
			   NEW, "");
}

static void plain(struct import *im)
{
	(void)im;
}

static void names_one(struct import *im)
{
	by_provider(im);
	json_decref(im->requested);
	im->requested = json_pack("[s,s]", "Second One", "zz-unheard-of");
}

static void models_are(const struct import *im, const char *models,
		       const char *aliases)
{
	assert_string_equal(text_or(im->item.models, "-"), models);
	assert_string_equal(text_or(im->item.model_aliases, "-"), aliases);
}

/* The smoke models first; no old ones, and none that it does not list. */
static void those_that_it_lists(const struct import *im)
{
	models_are(im, "[\"w-1\",\"w-2\"]",
		   "{\"Two\":\"w-2\",\"One\":\"w-1\"}");
	assert_non_null(strstr(im->item.warnings, "headers_not_sent"));
}

static void all_that_chat(const struct import *im)
{
	models_are(im, "[\"w-2\",\"w-1\",\"w-old\",\"other-chat\"]", "-");
	assert_string_equal(im->item.warnings, "[]");
}

static void those_of_the_manifest(const struct import *im)
{
	models_are(im, "[\"w-1\",\"w-3\",\"w-2\"]",
		   "{\"Two\":\"w-2\",\"One\":\"w-1\"}");
}

static void what_the_list_has(const struct import *im)
{
	models_are(im, "[\"x-1\"]", "-");
}

static void what_the_manifest_calls_it(const struct import *im)
{
	AUTO_FREE char *aliases = xstrdup_null(im->item.model_aliases);

	assert_string_equal(im->item.models, "[\"w-2\",\"zz-unheard-of\"]");
	assert_non_null(strstr(aliases, "\"Second One\":\"w-2\""));
}

static void models_come_from_the_manifest(void **state)
{
	static const struct step_case cases[] = {
		{ "listed", by_provider, SAYS(200, LIST), ON,
		  those_that_it_lists },
		{ "a plain import", plain, SAYS(200, LIST), ON,
		  all_that_chat },
		{ "none of them is listed", by_provider,
		  SAYS(200, "{\"data\":[{\"id\":\"x-1\"}]}"), ON,
		  what_the_list_has },
		{ "by an alias", names_one, SAYS(200, LIST), ON,
		  what_the_manifest_calls_it },
	};
	IMPORT im = import_on(NEW);

	(void)state;
	walk(got_upstream_models, NEW, NULL, cases, COUNT(cases));
	by_provider(im);
	check_unasked("no list", got_upstream_models, im,
		      (struct verdict)ON);
	those_of_the_manifest(im);
}

static void twice(struct import *im)
{
	by_provider(im);
	im->attempt = 2;
}

static void last_base_twice(struct import *im)
{
	twice(im);
	im->memo.base = 1;
}

static void the_other_is_asked(const struct import *im)
{
	AUTO_FREE char *url = import_base_url(im);

	assert_string_equal(url, "https://two.example/v1");
	assert_string_equal(im->item.base_url, "https://p.example");
	assert_non_null(strstr(im->item.warnings, "alternate_base_url"));
	check_asks(ask_upstream_models, im,
		   "GET https://two.example/v1/models");
}

static void the_first_is_to_blame(const struct import *im)
{
	AUTO_FREE char *url = import_base_url(im);

	assert_string_equal(url, "https://p.example");
}

/* Only of one that does not answer at all, and after it was tried again. */
static void another_base_url_is_tried(void **state)
{
	static const struct step_case cases[] = {
		{ "once", by_provider, LOST(TRANSPORT_REFUSED),
		  AGAIN(FAILURE_REFUSED, -1), NULL },
		{ "twice", twice, LOST(TRANSPORT_REFUSED), WAIT(0, 0),
		  the_other_is_asked },
		{ "the last one", last_base_twice, LOST(TRANSPORT_REFUSED),
		  ON, the_first_is_to_blame },
		{ "it answers", twice, SAYS(503, "{}"), ON,
		  the_first_is_to_blame },
	};
	(void)state;
	walk(got_upstream_models, NEW, NULL, cases, COUNT(cases));
}

static const char *header(const struct request *request, const char *name)
{
	for (size_t i = 0; i < request->nheaders; i++)
		if (strcmp(request->headers[i].name, name) == 0)
			return request->headers[i].value;
	return "";
}

static void required_headers_go_along(void **state)
{
	IMPORT im = import_on(NEW);
	CLEANUP(request_done) struct request request = { 0 };

	(void)state;
	by_provider(im);
	assert_true(ask_upstream_models(im, &request));
	assert_string_equal(header(&request, "X-Plan"), "a");
	assert_string_equal(header(&request, "User-Agent"), "b");
	assert_string_equal(header(&request, "authorization"), "");
	assert_true(ask_upstream_chat(im, &request));
	assert_string_equal(header(&request, "X-Plan"), "a");
}

/* Who lets only certain clients by is not told that we are one. */
static void nobody_is_impersonated(void **state)
{
	IMPORT im = import_on(NEW);
	CLEANUP(request_done) struct request request = { 0 };

	(void)state;
	by_provider(im);
	json_object_set_new(im->manifest, "requires_allowlisted_client",
			    json_true());
	assert_true(ask_upstream_models(im, &request));
	assert_string_equal(header(&request, "X-Plan"), "a");
	assert_string_equal(header(&request, "User-Agent"), "");
}

static void a_path_that_is_shunned_counts_as_refused(void **state)
{
	IMPORT im = import_on("0.1.126");

	(void)state;
	by_provider(im);
	check_asks(ask_upstream_responses, im,
		   "POST https://p.example/v1/responses");
	assert_false(import_wants_pool_mode(im));
	json_object_set_new(im->manifest,
			    "force_disable_openai_responses_api",
			    json_true());
	check_asks(ask_upstream_responses, im, "");
	assert_true(import_wants_pool_mode(im));
	assert_int_equal(im->item.responses_status, 0);
}

static void templates_say_what_is_made(void **state)
{
	IMPORT im = import_on(NEW);
	struct host_account_wish account = { 0 };
	struct host_group_wish group = { .readable = "r", .mark = "m" };
	CLEANUP(jout_done) struct jout out = { .text.max = 1000 };

	(void)state;
	import_template_account(im, &account);
	import_template_group(im, &group);
	assert_null(account.priority);
	assert_null(group.description);
	by_provider(im);
	import_template_account(im, &account);
	import_template_group(im, &group);
	assert_int_equal(account.concurrency, 3);
	assert_int_equal(json_integer_value(account.priority), 0);
	assert_non_null(account.priority);
	host_group_wanted(&out, &group);
	assert_non_null(strstr(buf_str(&out.text), "\"description\":\"d m\""));
	assert_non_null(strstr(buf_str(&out.text),
			       "\"rate_multiplier\":0.5"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(models_come_from_the_manifest),
		cmocka_unit_test(another_base_url_is_tried),
		cmocka_unit_test(required_headers_go_along),
		cmocka_unit_test(nobody_is_impersonated),
		cmocka_unit_test(a_path_that_is_shunned_counts_as_refused),
		cmocka_unit_test(templates_say_what_is_made),
	};

	return cmocka_run_group_tests(tests, read_settings, drop_settings);
}
