/* overlay.json, what a patch touches, and when an overlay is needed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "shared/jschema.h"
#include "shared/overlay.h"
#include "shared/table.h"

#define GOOD "{'overlay':'a','host_version':'0.1.129','description':{'zh':" \
	"'z','en':'e'},'patches':['0001-x.patch'],'base':{'files':{'a/b.go':" \
	"'" HASH "'}}"
#define HASH "0123456789abcdef0123456789abcdef" \
	"0123456789abcdef0123456789abcdef"
#define WITHOUT_PATCHES "{'overlay':'a','host_version':'0.1.129'," \
	"'description':{'zh':'z','en':'e'},'base':{'files':{'a':'" HASH "'}}"

static json_t *from_text(const char *text)
{
	AUTO_FREE char *json = xstrdup(text);

	for (char *c = json; *c; c++)
		*c = *c == '\'' ? '"' : *c;
	return json_loads(json, 0, NULL);
}

static const struct {
	const char *text;
	const char *field;	/* of the first problem; NULL: none */
} documents[] = {
	{ GOOD "}", NULL },
	{ GOOD ",'license':'MIT','source':'https://x.example'}", NULL },
	{ GOOD ",'colour':'red'}", "colour" },
	{ WITHOUT_PATCHES "}", "patches" },
	{ WITHOUT_PATCHES ",'patches':[]}", "patches" },
	{ WITHOUT_PATCHES ",'patches':['../x.patch']}", "patches" },
	{ WITHOUT_PATCHES ",'patches':['x.sh']}", "patches" },
	{ WITHOUT_PATCHES ",'patches':['.patch']}", "patches" },
	{ WITHOUT_PATCHES ",'patches':['a.patch','a.patch']}",
	  "patches[1]" },
	{ "{'overlay':'../a'}", "overlay" },
	{ "{'overlay':'a','host_version':'1'}", "host_version" },
	{ "{'overlay':'a','host_version':'0.1.129','description':{'zh':'z',"
	  "'en':'e'},'patches':['a.patch'],'base':{'files':{'../a':'" HASH
	  "'}}}", "base.files" },
	{ "{'overlay':'a','host_version':'0.1.129','description':{'zh':'z',"
	  "'en':'e'},'patches':['a.patch'],'base':{'files':{'a':'12'}}}",
	  "base.files" },
	{ "{'overlay':'a','host_version':'0.1.129','description':{'zh':'z',"
	  "'en':'e'},'patches':['a.patch'],'base':{'commit':'0123456'}}",
	  "base.files" },
};

static void a_document_is_read_or_its_problem_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(documents); i++) {
		json_auto_t *document = from_text(documents[i].text);
		struct jdec_problems problems = { 0 };
		struct overlay overlay;
		bool good = overlay_read(document, &overlay, &problems);

		assert_non_null(document);
		if (good != !documents[i].field ||
		    (!good && !strstr(problems.list[0].field,
				      documents[i].field)))
			fail_msg("%s: '%s' %s", documents[i].text,
				 problems.list[0].field,
				 problems.list[0].why);
		if (good)
			assert_string_equal(overlay.host_version, "0.1.129");
	}
}

/* Written anew by: UPDATE=1 build/test_overlay */
static void the_published_schema_is_that_of_the_table(void **state)
{
	static const char path[] = "docs/schema/overlay.schema.json";
	CLEANUP(jout_done) struct jout out = { .text.max = 1 << 20 };
	json_auto_t *wanted = NULL;
	json_auto_t *published = NULL;

	(void)state;
	jschema_write(&out, "https://crm.invalid/schema/overlay.schema.json",
		      "overlays/NAME/overlay.json: patches for a host's source",
		      &overlay_document_shape);
	wanted = json_loads(buf_str(&out.text), 0, NULL);
	assert_non_null(wanted);
	if (getenv("UPDATE"))
		assert_int_equal(json_dump_file(wanted, path,
						JSON_INDENT(1)), 0);
	published = json_load_file(path, 0, NULL);
	assert_true(json_equal(wanted, published));
}

static void paths_stay_inside(void **state)
{
	static const char *const safe[] = { "a", "a/b", "a.b/..c", "...",
					    "a/.github/x" };
	static const char *const unsafe[] = { "", "/", "/a", "..", "a/..",
		"a//b", "a/", "./a", "a/./b", ".git/config", "a/.GIT/x",
		"a\\b" };

	(void)state;
	for (size_t i = 0; i < COUNT(safe); i++)
		assert_true(overlay_path_is_safe(safe[i]));
	for (size_t i = 0; i < COUNT(unsafe); i++)
		assert_false(overlay_path_is_safe(unsafe[i]));
}

#define HEAD(path) "diff --git a/" path " b/" path "\n"
#define SIDES(path) "--- a/" path "\n+++ b/" path "\n"
#define HUNK "@@ -3,2 +3,3 @@ func x() {\n a\n+b\n c\n"
#define HUNK_AT(line) "@@ -" line " +" line " @@\n-a\n+b\n"

static const struct {
	const char *text;
	const char *paths;	/* of JSON; NULL: refused */
	const char *why;
} patches[] = {
	{ HEAD("a") "index 1..2 100644\n" SIDES("a") HUNK, "{'a':true}", "" },
	{ SIDES("a/b") HUNK SIDES("c") HUNK, "{'a/b':true,'c':true}", "" },
	{ "rename of nothing: words\n\n" HEAD("a") SIDES("a") HUNK,
	  "{'a':true}", "" },
	/* What looks like a head is a line of a hunk. */
	{ SIDES("a") "@@ -1,2 +1 @@\n--- a/../x\n a\n", "{'a':true}", "" },
	{ SIDES("a") "@@ -1 +1,2 @@\n a\n+++ b/../x\n", "{'a':true}", "" },
	{ SIDES("a") "@@ -1 +1 @@\n-a\n+b\n\\ No newline at end of file\n",
	  "{'a':true}", "" },
	{ HEAD("n") "new file mode 100644\n--- /dev/null\n+++ b/n\n"
	  "@@ -0,0 +1 @@\n+x\n", "{'n':true}", "" },
	{ HEAD("n") "deleted file mode 100644\n--- a/n\n+++ /dev/null\n"
	  "@@ -1 +0,0 @@\n-x\n", "{'n':true}", "" },
	{ "", NULL, "no patch" },
	{ "words\n", NULL, "no patch" },
	{ SIDES("../a") HUNK, NULL, "line 1: a path that leaves" },
	{ "--- a/a\n+++ b/../a\n" HUNK, NULL, "line 2: a path that leaves" },
	{ "--- a/a\n+++ /a\n" HUNK, NULL, "line 2: a path that leaves" },
	{ "--- x/a\n+++ x/a\n" HUNK, NULL, "line 1: a path that leaves" },
	{ HEAD("a") "new file mode 100644\n" HEAD("b") SIDES("b") HUNK, NULL,
	  "line 3: the file before" },
	{ HEAD("a") "new file mode 100644\n", NULL, "in the middle" },
	{ HEAD("a") "new file mode 120000\n", NULL, "line 2: only plain" },
	{ HEAD("a") "new file mode 160000\n", NULL, "line 2: only plain" },
	{ HEAD("a") "old mode 100644\n", NULL, "line 2: renames" },
	{ HEAD("a") "GIT binary patch\n", NULL, "line 2: renames" },
	{ HEAD("a") "copy from b\n", NULL, "line 2: renames" },
	{ SIDES("a") "@@ -1,9 +1,9 @@\n a\n", NULL, "in the middle" },
	{ SIDES("a") "@@ nonsense @@\n", NULL, "line 3: the head of a hunk" },
	{ SIDES("a") "@@ -1,-9 +1 @@\n", NULL, "line 3: the head of a hunk" },
};

static void a_patch_says_what_it_touches_or_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(patches); i++) {
		json_auto_t *paths = json_object();
		json_auto_t *wanted = patches[i].paths
			? from_text(patches[i].paths) : NULL;
		struct err err = { 0 };
		int rc = overlay_patch_paths(patches[i].text, paths, &err);

		if ((rc == 0) != (wanted != NULL) ||
		    (wanted && !json_equal(wanted, paths)) ||
		    !strstr(err.msg, patches[i].why))
			fail_msg("%zu: %s", i, err.msg);
	}
}

static void a_hunk_is_found_by_its_first_line(void **state)
{
	static const char text[] = SIDES("a") HUNK HUNK_AT("9") HUNK_AT("20")
				   SIDES("b") HUNK_AT("9");
	char head[80];

	(void)state;
	assert_int_equal(overlay_patch_hunk(text, "a", 9, head), 2);
	assert_string_equal(head, "@@ -9 +9 @@");
	assert_int_equal(overlay_patch_hunk(text, "a", 20, head), 3);
	assert_int_equal(overlay_patch_hunk(text, "b", 9, head), 1);
	assert_int_equal(overlay_patch_hunk(text, "b", 20, head), 0);
	assert_int_equal(overlay_patch_hunk(text, "c", 9, head), 0);
}

/* ---- when one is needed ---- */

static const struct {
	const char *responses;	/* families.responses of the provider */
	const char *version;	/* of the host */
	bool has;		/* the pack has one for this version */
	bool needed;
	const char *evidence;	/* a part of it, in English */
} needs[] = {
	/* Repair from outside works: never mentioned, and why. */
	{ "no", "0.1.179", true, false, "force_chat_completions" },
	{ "no", "0.1.129", true, false, "force_chat_completions" },
	{ "no", "0.1.127", true, false, "force_chat_completions" },
	{ "no", "0.1.126", true, false, "set after the host's probe" },
	/* Of older ones nothing is known to work. */
	{ "no", "0.1.125", true, true, "because" },
	/* A provider that has more than chat: repairs are not for that. */
	{ "yes", "0.1.129", true, true, "because" },
	{ "yes", "0.1.128", false, false, NULL },
	{ "no", "nonsense", false, false, NULL },
	{ "no", NULL, false, false, NULL },
};

static json_t *overlays_for(const char *const *versions, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_pack(
			"{s:s,s:s,s:{s:s,s:s}}", "host_version", versions[i],
			"overlay", "chat", "needed_when", "zh", "z", "en",
			"because"));
	return list;
}

static void one_is_needed_only_where_nothing_else_works(void **state)
{
	static const char *const versions[] = { "0.1.125", "0.1.126",
		"0.1.127", "0.1.129", "0.1.179" };
	json_auto_t *overlays = overlays_for(versions, COUNT(versions));

	(void)state;
	for (size_t i = 0; i < COUNT(needs); i++) {
		json_auto_t *families = json_pack("{s:s}", "responses",
						  needs[i].responses);
		struct manifest_provider provider = {
			.host_overlays = overlays, .families = families };
		struct overlay_advice advice;

		assert_int_equal(overlay_needed(&provider, needs[i].version,
			overlay_repairs_of(needs[i].version), &advice),
			needs[i].needed);
		assert_int_equal(advice.needed, needs[i].needed);
		assert_int_equal(advice.overlay != NULL, needs[i].has);
		if (needs[i].evidence)
			assert_non_null(strstr(advice.evidence_en,
					       needs[i].evidence));
	}
}

/* What the host was seen to do stands above its version. */
static void features_that_were_seen_decide(void **state)
{
	static const char *const versions[] = { "0.1.129" };
	json_auto_t *overlays = overlays_for(versions, 1);
	struct manifest_provider provider = {
		.host_overlays = overlays,
		.force_disable_openai_responses_api = true };
	struct overlay_advice advice;

	(void)state;
	assert_true(overlay_needed(&provider, "0.1.129", 0, &advice));
	assert_string_equal(advice.evidence_zh, "z");
	assert_false(overlay_needed(&provider, "0.1.129",
		1u << REPAIR_FLAG_AFTER_PROBE, &advice));
	provider.host_overlays = NULL;
	assert_false(overlay_needed(&provider, "0.1.129", 0, &advice));
	assert_null(advice.overlay);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_document_is_read_or_its_problem_named),
		cmocka_unit_test(the_published_schema_is_that_of_the_table),
		cmocka_unit_test(paths_stay_inside),
		cmocka_unit_test(a_patch_says_what_it_touches_or_is_refused),
		cmocka_unit_test(a_hunk_is_found_by_its_first_line),
		cmocka_unit_test(one_is_needed_only_where_nothing_else_works),
		cmocka_unit_test(features_that_were_seen_decide),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
