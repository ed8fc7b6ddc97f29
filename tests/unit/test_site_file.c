/* site.yaml: how YAML is read, and what the file may hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/site_file.h"
#include "cli/site_shape.h"
#include "cli/text_file.h"
#include "shared/own.h"

static const struct yaml_member members[] = {
	{ "n", YAML_NUMBER }, { "yes", YAML_FLAG }, { 0 }
};

static void reads(const char *text, const char *wanted)
{
	CLEANUP(yaml_doc_done) struct yaml_doc doc = { 0 };
	AUTO_FREE char *got = NULL;

	yaml_read(text, strlen(text), members, &doc);
	assert_int_equal(json_array_size(doc.problems), 0);
	got = json_dumps(doc.root, JSON_COMPACT | JSON_ENCODE_ANY);
	assert_string_equal(got, wanted);
}

static void plain_words_stay_what_they_are(void **state)
{
	(void)state;
	reads("a: no\nb: yes\nc: 0755\nd: 1e3\ne: 12:30\nf: off\ng: 1.0\n",
	      "{\"a\":\"no\",\"b\":\"yes\",\"c\":\"0755\",\"d\":\"1e3\","
	      "\"e\":\"12:30\",\"f\":\"off\",\"g\":\"1.0\"}");
	reads("a: [1, no, ~, null, '']\n",
	      "{\"a\":[\"1\",\"no\",null,null,\"\"]}");
}

static void named_members_are_numbers_and_flags(void **state)
{
	(void)state;
	reads("n: 12\nyes: true\n", "{\"n\":12,\"yes\":true}");
	reads("n: 012\nyes: yes\n", "{\"n\":\"012\",\"yes\":\"yes\"}");
	reads("n: '12'\nyes: \"true\"\n",
	      "{\"n\":\"12\",\"yes\":\"true\"}");
	reads("n: 99999999999999999999\n",
	      "{\"n\":\"99999999999999999999\"}");
}

static void json_is_read_as_yaml(void **state)
{
	(void)state;
	reads("{\"n\": 1, \"a\": {\"b\": [\"x\\ny\", null]}, \"yes\": false}",
	      "{\"n\":1,\"a\":{\"b\":[\"x\\ny\",null]},\"yes\":false}");
}

static void refuses(const char *text, int line, const char *path,
		    const char *why)
{
	CLEANUP(yaml_doc_done) struct yaml_doc doc = { 0 };
	const json_t *problem;

	yaml_read(text, strlen(text), members, &doc);
	problem = json_array_get(doc.problems, 0);
	assert_non_null(problem);
	assert_int_equal(json_integer_value(json_object_get(problem, "line")),
			 line);
	assert_string_equal(json_string_value(json_object_get(problem,
							      "path")), path);
	assert_non_null(strstr(json_string_value(json_object_get(problem,
							"why")), why));
}

static void traps_are_refused_with_line_and_path(void **state)
{
	(void)state;
	refuses("a: 1\nb:\n  c: 1\n  c: 2\n", 4, "b.c", "twice");
	refuses("a: &x 1\nb: *x\n", 1, "a", "anchor");
	refuses("a: [b, !!str 3]\n", 1, "a[1]", "tag");
	refuses("a: !t {b: c}\n", 1, "a", "tag");
	refuses("? [a, b]\n: c\n", 1, "", "name");
	refuses("a: b\n---\nc: d\n", 2, "", "second document");
	refuses("a: \"x\\0y\"\n", 1, "a", "NUL");
	refuses("a: [b\n", 2, "", "");
	refuses("\n# nothing\n", 1, "", "nothing");
	refuses("a: b\n\tc: d\n", 2, "", "");
}

static void depth_and_size_have_ceilings(void **state)
{
	CLEANUP(yaml_doc_done) struct yaml_doc doc = { 0 };
	char deep[64];
	char *large = xcalloc(1, YAML_TEXT_MAX + 2);

	(void)state;
	memset(deep, '[', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = '\0';
	refuses(deep, 1, "[0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0]",
		"deeply");
	memset(large, 'a', YAML_TEXT_MAX + 1);
	yaml_read(large, YAML_TEXT_MAX + 1, members, &doc);
	assert_int_equal(json_array_size(doc.problems), 1);
	assert_null(doc.root);
	free(large);
}

/* ---- the file ---- */

static void is_wrong(const char *text, const char *const *wanted)
{
	CLEANUP(site_file_done) struct site_file file = { .name = "f" };
	json_t *report;
	size_t n = 0;

	site_file_check(&file, text, strlen(text));
	report = site_file_report(&file);
	for (; wanted[n]; n++) {
		const json_t *problem = json_array_get(json_object_get(report,
							"problems"), n);
		AUTO_FREE char *got = problem ? xasprintf("%s: %s",
			json_string_value(json_object_get(problem, "field")),
			json_string_value(json_object_get(problem, "why")))
			: xstrdup("(none)");

		if (strncmp(got, wanted[n], strlen(wanted[n])) != 0)
			fail_msg("got    %s\nwanted %s", got, wanted[n]);
	}
	assert_int_equal(json_array_size(json_object_get(report, "problems")),
			 n);
	json_decref(report);
}

#define WRONG(text, ...) \
	is_wrong(text, (const char *const[]){ __VA_ARGS__, NULL })
#define RIGHT(text) is_wrong(text, (const char *const[]){ NULL })
#define HOST "version: 1\nhosts:\n- base_url: http://a\n" \
	"  auth_type: api_key\n  auth: {env: A}\n"

static void a_good_file_has_no_problems(void **state)
{
	(void)state;
	RIGHT("version: 1\n");
	RIGHT(HOST);
	RIGHT(HOST "  name: no\n  paused: false\n  proxy: null\n"
	      "  providers:\n  - base_url: https://p/v1\n"
	      "    subscription_days: 30\n    subscription_users: [a, 1]\n"
	      "    keys:\n    - key: {fingerprint: 0123}\n      label: 12\n"
	      "      models: [m]\n      aliases: {x: m}\n"
	      "      account_proxy: 3\n"
	      "endpoints:\n- base_url: https://p/v1\n  concurrency: 3\n"
	      "  proxy: {url: 'socks5h://p:1'}\n");
}

static void all_that_is_wrong_is_told_at_once(void **state)
{
	(void)state;
	WRONG("version: 2\n", "f:1: version: must be");
	WRONG("hosts: []\n", "f:1: version: is missing");
	WRONG(HOST "  nam: x\n  paused: maybe\n  ca_pem: 1\n  ca_file: y\n",
	      "f:7: hosts[0].paused: must be",
	      "f:6: hosts[0].nam: is not known",
	      "f:9: hosts[0].ca_file: does not go with");
	WRONG(HOST "- base_url: http://a/\n  auth_type: password\n"
	      "  auth: {env: A, file: b}\n",
	      "f:6: hosts[1].base_url: says the same as hosts[0].base_url",
	      "f:6: hosts[1].admin_email: goes with",
	      "f:8: hosts[1].auth: must have one of");
}

static void providers_and_keys_are_checked(void **state)
{
	(void)state;
	WRONG(HOST "  providers:\n  - keys: []\n",
	      "f:7: hosts[0].providers[0].keys: must have 1",
	      "f:7: hosts[0].providers[0].provider_id: is missing");
	WRONG(HOST "  providers:\n  - provider_id: p\n    probe_key: {env: X}\n"
	      "    keys:\n    - key: {env: K}\n    - key: {env: K}\n"
	      "    - key: {url: 'http://x'}\n    - {}\n",
	      "f:13: hosts[0].providers[0].keys[3].key: is missing",
	      "f:8: hosts[0].providers[0].probe_key: goes with access_mode",
	      "f:11: hosts[0].providers[0].keys[1].key: says the same",
	      "f:12: hosts[0].providers[0].keys[2].key: cannot be said");
	WRONG(HOST "  providers:\n  - provider_id: p\n    keys:\n"
	      "    - key: {env: K}\n  - provider_id: p\n    keys:\n"
	      "    - key: {env: L}\n",
	      "f:10: hosts[0].providers[1].provider_id: says the same");
}

static void a_secret_is_never_in_the_file(void **state)
{
	(void)state;
	WRONG(HOST "  providers:\n  - provider_id: p\n    keys:\n"
	      "    - key: sk-123\n", "f:9: hosts[0].providers[0].keys[0].key: "
	      "must be an object");
	WRONG(HOST "  proxy: {url: 'http://u:p@x:1'}\n",
	      "f:6: hosts[0].proxy: has credentials");
}

static void secrets_come_from_the_environment(void **state)
{
	static const char text[] = HOST "  providers:\n"
		"  - base_url: https://p\n    keys: [{key: {env: NOT_SET_X}}]\n";
	CLEANUP(site_file_done) struct site_file file = { .name = "f" };
	struct err err;

	(void)state;
	setenv("A", "secret-of-a", 1);
	unsetenv("NOT_SET_X");
	site_file_check(&file, text, strlen(text));
	assert_int_equal(site_file_secrets(&file, &err), -1);
	assert_int_equal(file.nsecrets, 1);
	assert_string_equal(file.secrets[0], "secret-of-a");
	assert_int_equal(json_array_size(file.doc.problems), 1);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(
		file.doc.problems, 0), "line")), 8);
}

/* The example of the page for operators. */
static void the_example_is_a_good_file(void **state)
{
	CLEANUP(buf_done) struct buf page = { .max = 1 << 20 };
	CLEANUP(site_file_done) struct site_file file = { .name = "e" };
	const char *from, *to;
	struct err err;

	(void)state;
	if (text_file_bytes("docs/site.md", "the page", &page, &err))
		fail_msg("%s", err.msg);
	from = strstr(buf_str(&page), "```yaml\n");
	assert_non_null(from);
	from += strlen("```yaml\n");
	to = strstr(from, "```");
	assert_non_null(to);
	site_file_check(&file, from, (size_t)(to - from));
	if (json_array_size(file.doc.problems) > 0) {
		AUTO_FREE char *why = json_dumps(file.doc.problems, 0);

		fail_msg("%s", why);
	}
	assert_int_equal(json_array_size(json_object_get(file.doc.root,
							 "hosts")), 2);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_words_stay_what_they_are),
		cmocka_unit_test(named_members_are_numbers_and_flags),
		cmocka_unit_test(json_is_read_as_yaml),
		cmocka_unit_test(traps_are_refused_with_line_and_path),
		cmocka_unit_test(depth_and_size_have_ceilings),
		cmocka_unit_test(a_good_file_has_no_problems),
		cmocka_unit_test(all_that_is_wrong_is_told_at_once),
		cmocka_unit_test(providers_and_keys_are_checked),
		cmocka_unit_test(a_secret_is_never_in_the_file),
		cmocka_unit_test(secrets_come_from_the_environment),
		cmocka_unit_test(the_example_is_a_good_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
