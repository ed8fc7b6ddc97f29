/* A set of files becomes a pack, or everything wrong with it is told. */
#include "tests/unit/fixture.h"

#include "tests/unit/pack_fixture.h"

#define MODEL(id, canonical, alias) \
	",\"models\":[{\"id\":\"" id "\",\"canonical\":\"" canonical "\"," \
	"\"family\":\"f\",\"status\":\"current\",\"aliases\":[\"" alias "\"]}]"

static void has_sentence(const struct pack_problems *problems,
			 const char *wanted)
{
	for (size_t i = 0; i < problems->count; i++) {
		AUTO_FREE char *said = pack_sentence(&problems->list[i]);

		if (strcmp(said, wanted) == 0)
			return;
	}
	fail_msg("nobody says: %s", wanted);
}

static void a_pack_knows_its_providers(void **state)
{
	CLEANUP(bundle_done) struct bundle files = pack_files("sample",
		"1.0.0", 3, ",\"smoke_test_model\":\"m\"");
	CLEANUP(pack_done) struct pack pack = { 0 };
	struct pack_problems problems = { 0 };

	(void)state;
	assert_true(pack_read(&files, false, &pack, &problems));
	assert_int_equal(pack.count, 3);
	assert_string_equal(pack.manifest.pack_id, "sample");
	assert_string_equal(pack.providers[1].provider_id, "p001");
	assert_string_equal(pack.providers[1].vendor, "odd");
	assert_string_equal(pack.providers[1].base_url,
			    "https://p001.example.com/v1");
	assert_memory_equal(pack.providers[1].endpoint_key,
			    "p001-example-com-", 17);
	assert_string_equal(pack.providers[1].smoke_test_model, "m");
}

/* Members may have any name; who reads sentences line by line is not misled. */
static void a_sentence_is_one_line(void **state)
{
	struct pack_problems problems = { 0 };

	(void)state;
	pack_problem(&problems, "a\r.json", 3, "/c\nonical", "%s",
		     "is\tunknown");
	has_sentence(&problems, "a?.json:3: /c?onical is?unknown");
}

static void a_folder_and_its_bundle_are_the_same(void **state)
{
	CLEANUP(bundle_done) struct bundle files = pack_files("sample",
							      "1.0.0", 2, "");
	CLEANUP(pack_done) struct pack folder = { 0 };
	CLEANUP(pack_done) struct pack bundle = { 0 };
	struct pack_problems problems = { 0 };

	(void)state;
	pack_seal(&files, &folder);
	assert_true(pack_read(&files, true, &bundle, &problems));
	assert_string_equal(folder.sha256, bundle.sha256);
	bundle_find(&files, "providers/p000.json")->bytes[20] = 'x';
	pack_done(&bundle);
	assert_false(pack_read(&files, true, &bundle, &problems));
	has_sentence(&problems, "pack.json:9: checksums say another SHA-256 of"
		     " providers/p000.json than it has");
	assert_string_not_equal(folder.sha256, bundle.sha256);
}

static void all_that_is_wrong_is_told_at_once(void **state)
{
	CLEANUP(bundle_done) struct bundle files = { 0 };
	CLEANUP(pack_done) struct pack pack = { 0 };
	struct pack_problems problems = { 0 };
	struct err err;

	(void)state;
	pack_json_file(&files, "sample", "one");
	pack_provider_file(&files, "a", "v", ",\"colour\":1");
	pack_file(&files, "providers/d.json", "{");
	pack_file(&files, "run.sh", "");
	OK(bundle_sort(&files, &err));
	assert_false(pack_read(&files, false, &pack, &problems));
	has_sentence(&problems, "pack.json:1: version must be a version as "
		     "semver.org has them: 1.2.3");
	has_sentence(&problems, "providers/a.json:1: colour is not known");
	has_sentence(&problems, "run.sh: is no file of a pack");
	assert_true(problems.count >= 4);
}

static void one_name_leads_to_one_model(void **state)
{
	CLEANUP(bundle_done) struct bundle files = { 0 };
	CLEANUP(pack_done) struct pack pack = { 0 };
	struct pack_problems problems = { 0 };
	struct err err;

	(void)state;
	pack_json_file(&files, "sample", "1.0.0");
	pack_provider_file(&files, "a", "v", MODEL("m", "m-1", "x"));
	pack_provider_file(&files, "b", "v", MODEL("m", "m-1", "x"));
	OK(bundle_sort(&files, &err));
	assert_true(pack_read(&files, false, &pack, &problems));
	pack_done(&pack);
	pack_provider_file(&files, "c", "v", MODEL("n", "n-1", "x"));
	OK(bundle_sort(&files, &err));
	assert_false(pack_read(&files, false, &pack, &problems));
	assert_int_equal(problems.count, 1);
	has_sentence(&problems, "providers/c.json:1: models[0].aliases[0] is "
		     "'x', which providers/a.json makes an alias of m-1");
}

/* What models are called, what a provider says of them; what is wrong, or "". */
static void says_of_models(const char *more, const char *wanted)
{
	CLEANUP(bundle_done) struct bundle files = { 0 };
	CLEANUP(pack_done) struct pack pack = { 0 };
	struct pack_problems problems = { 0 };
	struct err err;

	pack_json_file(&files, "sample", "1.0.0");
	pack_provider_file(&files, "a", "v", more);
	OK(bundle_sort(&files, &err));
	assert_int_equal(pack_read(&files, false, &pack, &problems), !*wanted);
	assert_int_equal(problems.count, *wanted ? 1 : 0);
	if (*wanted)
		has_sentence(&problems, wanted);
}

static void the_model_of_the_proof_is_one_of_the_models(void **state)
{
	(void)state;
	says_of_models(MODEL("m", "m-1", "x") ",\"smoke_test_model\":\"m\"", "");
	says_of_models(MODEL("m", "m-1", "x") ",\"smoke_test_model\":\"M-1\"",
		       "");
	says_of_models(MODEL("m", "m-1", "x") ",\"smoke_test_model\":\"x\"", "");
	says_of_models(MODEL("m", "m-1", "x") ",\"smoke_test_model\":\"y\"",
		       "providers/a.json:1: smoke_test_model is 'y', which is "
		       "none of the models, and there is no "
		       "smoke_test_fallback");
	says_of_models(MODEL("m", "m-1", "x") ",\"smoke_test_model\":\"auto\","
		       "\"smoke_test_fallback\":[\"m\"]", "");
	says_of_models(MODEL("m", "m-1", "x") ",\"smoke_test_model\":\"m\","
		       "\"smoke_test_fallback\":[\"y\"]",
		       "providers/a.json:1: smoke_test_fallback[0] is 'y', "
		       "which is none of the models");
}

static void what_must_be_listed_is_an_id(void **state)
{
	(void)state;
	says_of_models(MODEL("m", "m-1", "x")
		       ",\"conformance\":{\"must_list\":[\"m\"]}", "");
	says_of_models(",\"conformance\":{\"must_list\":[\"m\"]}", "");
	says_of_models(MODEL("m", "m-1", "x")
		       ",\"conformance\":{\"must_list\":[\"m-1\"]}",
		       "providers/a.json:1: conformance.must_list[0] is 'm-1',"
		       " which is the id of none of the models");
}

#define TWO_MODELS(alias, status) \
	",\"models\":[{\"id\":\"m\",\"canonical\":\"m-1\"," \
	"\"family\":\"f\",\"status\":\"current\",\"aliases\":[\"" alias \
	"\"]},{\"id\":\"n\",\"canonical\":\"n-1\",\"family\":\"f\"," \
	"\"status\":\"" status "\"}]"

static void an_alias_is_not_what_another_model_is_called(void **state)
{
	(void)state;
	says_of_models(TWO_MODELS("m", "current"), "");
	says_of_models(TWO_MODELS("n", "current"), "providers/a.json:1: "
		       "models[0].aliases[0] is 'n', which is what the model "
		       "n is called");
	says_of_models(TWO_MODELS("N-1", "current"), "providers/a.json:1: "
		       "models[0].aliases[0] is 'N-1', which is what the model "
		       "n is called");
	/* It leads to what came after. */
	says_of_models(TWO_MODELS("n", "retired"), "");
}

static void more_problems_than_are_kept_are_counted(void **state)
{
	CLEANUP(bundle_done) struct bundle files = pack_files("sample",
		"1.0.0", 200, ",\"colour\":1");
	CLEANUP(pack_done) struct pack pack = { 0 };
	struct pack_problems problems = { 0 };

	(void)state;
	assert_false(pack_read(&files, false, &pack, &problems));
	assert_int_equal(problems.count, 200);
}

static void only_files_of_a_pack_are_taken(void **state)
{
	(void)state;
	assert_true(pack_takes("pack.json"));
	assert_true(pack_takes("providers/a.json"));
	assert_true(pack_takes("overlays/a/b/c.patch"));
	assert_true(pack_takes("model-names/words.tsv"));
	assert_true(pack_takes("quirks.tsv"));
	assert_false(pack_takes("providers/a.txt"));
	assert_false(pack_takes("providers/old/a.json"));
	assert_false(pack_takes("overlays/a.patch"));
	assert_false(pack_takes("a/b/c.tsv"));
	assert_false(pack_takes("other.json"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pack_knows_its_providers),
		cmocka_unit_test(a_sentence_is_one_line),
		cmocka_unit_test(a_folder_and_its_bundle_are_the_same),
		cmocka_unit_test(all_that_is_wrong_is_told_at_once),
		cmocka_unit_test(one_name_leads_to_one_model),
		cmocka_unit_test(the_model_of_the_proof_is_one_of_the_models),
		cmocka_unit_test(what_must_be_listed_is_an_id),
		cmocka_unit_test(an_alias_is_not_what_another_model_is_called),
		cmocka_unit_test(more_problems_than_are_kept_are_counted),
		cmocka_unit_test(only_files_of_a_pack_are_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
