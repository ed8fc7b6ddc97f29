/* The documents of a pack: ours are right, and what is wrong is told. */
#include "tests/unit/fixture.h"

#include <dirent.h>
#include <stdio.h>

#include "shared/manifest.h"
#include "shared/table.h"

#define FOLDER "packs/openai-cn-pack/"

static void no_problems(const char *file, const struct jdec_problems *problems)
{
	if (problems->count)
		fail_msg("%s: %s %s", file, problems->list[0].field,
			 problems->list[0].why);
}

static json_t *load(const char *file)
{
	json_error_t at;
	json_t *json = json_load_file(file, JSON_REJECT_DUPLICATES, &at);

	if (!json)
		fail_msg("%s:%d: %s", file, at.line, at.text);
	return json;
}

static void our_pack_is_right(void **state)
{
	json_auto_t *json = load(FOLDER "pack.json");
	struct jdec_problems problems = { 0 };
	struct manifest_pack pack;

	(void)state;
	assert_true(manifest_pack_read(json, &pack, &problems) ||
		    problems.count);
	no_problems("pack.json", &problems);
	assert_string_equal(pack.pack_id, "openai-cn-pack");
}

static void all_our_providers_are_right(void **state)
{
	DIR *folder = opendir(FOLDER "providers");
	const struct dirent *entry;
	int n = 0;

	(void)state;
	assert_non_null(folder);
	while ((entry = readdir(folder))) {
		AUTO_FREE char *file = xasprintf(FOLDER "providers/%s",
						 entry->d_name);
		AUTO_FREE char *wanted = NULL;
		json_auto_t *json = NULL;
		struct jdec_problems problems = { 0 };
		struct manifest_provider provider;

		if (entry->d_name[0] == '.')
			continue;
		json = load(file);
		assert_true(manifest_provider_read(json, &provider,
						   &problems) ||
			    problems.count);
		no_problems(file, &problems);
		wanted = xasprintf("%s.json", provider.provider_id);
		assert_string_equal(entry->d_name, wanted);
		n++;
	}
	closedir(folder);
	assert_in_range(n, 94, 1000);
}

/* A right one, and one change of it that makes it wrong. */
static const char right[] =
	"{\"provider_id\":\"p\",\"vendor\":\"v\",\"kind\":\"relay\","
	"\"plan\":\"payg\",\"region\":\"cn\",\"status\":\"current\","
	"\"display_name\":{\"zh\":\"甲\",\"en\":\"A\"},"
	"\"base_url\":\"https://p.example.com/v1\","
	"\"families\":{\"chat\":\"yes\",\"responses\":\"no\","
	"\"messages\":\"no\",\"models\":\"yes\"},"
	"\"models\":[{\"id\":\"m\",\"canonical\":\"m\",\"family\":\"f\","
	"\"status\":\"current\",\"aliases\":[\"em\"]},"
	"{\"id\":\"n\",\"canonical\":\"n\",\"family\":\"f\","
	"\"status\":\"current\"}]}";

static const struct {
	const char *change;	/* members that replace those above */
	const char *field, *why;
} wrong[] = {
	{ "{\"colour\":1}", "colour", "is not known" },
	{ "{\"provider_id\":\"P X\"}", "provider_id", "must be of a-z" },
	{ "{\"base_url\":\"ftp://p.example\"}", "base_url", "http or https" },
	{ "{\"base_url\":null}", "base_url", "is missing" },
	{ "{\"families\":{\"chat\":\"maybe\",\"responses\":\"no\","
	  "\"messages\":\"no\",\"models\":\"yes\"}}", "families.chat",
	  "must be one of" },
	{ "{\"models\":[{\"id\":\"m\",\"canonical\":\"m\",\"family\":\"f\"}]}",
	  "models[0].status", "is missing" },
	{ "{\"models\":[{\"id\":\"m\",\"canonical\":\"m\",\"family\":\"f\","
	  "\"status\":\"x\",\"extra\":1}]}", "models[0].extra",
	  "is not known" },
	{ "{\"models\":[{\"id\":\"m\",\"canonical\":\"m\",\"family\":\"f\","
	  "\"status\":\"x\"},{\"id\":\"m\",\"canonical\":\"k\","
	  "\"family\":\"f\",\"status\":\"x\"}]}", "models[1].id", "twice" },
	{ "{\"models\":[{\"id\":\"m\",\"canonical\":\"m\",\"family\":\"f\","
	  "\"status\":\"x\",\"aliases\":[\"a\"]},{\"id\":\"n\","
	  "\"canonical\":\"n\",\"family\":\"f\",\"status\":\"x\","
	  "\"aliases\":[\"a\"]}]}", "models[1].aliases[0]", "alias of m" },
	{ "{\"pricing\":[{\"model\":\"m\",\"input\":\"1\","
	  "\"output\":\"2\",\"unit\":\"per_million_tokens\","
	  "\"source\":\"page\",\"date\":\"2026-11-01\"}]}",
	  "pricing[0].currency", "is missing" },
	{ "{\"pricing\":[{\"model\":\"z\",\"input\":\"1\",\"currency\":\"CNY\","
	  "\"output\":\"2\",\"unit\":\"per_million_tokens\","
	  "\"source\":\"page\",\"date\":\"2026-11-01\"}]}",
	  "pricing[0].model", "none of the models" },
	{ "{\"required_headers\":{\"Authorization\":\"Bearer x\"}}",
	  "required_headers", "must not hold a key" },
	{ "{\"required_headers\":{\"X\":\"a\\r\\nY: b\"}}",
	  "required_headers", "no header lines" },
	{ "{\"conformance\":{\"error_key_status\":[\"401\"]}}",
	  "conformance.error_key_status", "whole number" },
	{ "{\"display_name\":{\"zh\":\"甲\"}}", "display_name.en",
	  "is missing" },
};

static void what_is_wrong_is_told_with_its_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		json_auto_t *json = json_loads(right, 0, NULL);
		json_auto_t *change = json_loads(wrong[i].change, 0, NULL);
		struct jdec_problems problems = { 0 };
		struct manifest_provider provider;

		assert_non_null(change);
		assert_true(manifest_provider_read(json, &provider,
						   &problems));
		json_object_update(json, change);
		assert_false(manifest_provider_read(json, &provider,
						    &problems));
		if (strcmp(problems.list[0].field, wrong[i].field) != 0 ||
		    !strstr(problems.list[0].why, wrong[i].why))
			fail_msg("%s: %s %s", wrong[i].change,
				 problems.list[0].field, problems.list[0].why);
	}
}

static void versions_must_be_in_order(void **state)
{
	json_auto_t *json = json_loads("{\"pack_id\":\"p\","
		"\"version\":\"1.0.0\",\"name\":{\"zh\":\"a\",\"en\":\"b\"},"
		"\"min_host_version\":\"0.1.129\","
		"\"max_host_version\":\"0.1.126\"}", 0, NULL);
	struct jdec_problems problems = { 0 };
	struct manifest_pack pack;

	(void)state;
	assert_false(manifest_pack_read(json, &pack, &problems));
	assert_string_equal(problems.list[0].field, "max_host_version");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(our_pack_is_right),
		cmocka_unit_test(all_our_providers_are_right),
		cmocka_unit_test(what_is_wrong_is_told_with_its_place),
		cmocka_unit_test(versions_must_be_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
