#include "tests/unit/fixture.h"

#include <ctype.h>

#include <jansson.h>

#include "shared/failure.h"

#define SENTENCE_MIN 10
#define SENTENCE_MAX 240

static bool is_utf8(const char *text)
{
	json_auto_t *value = json_string(text);

	return value != NULL;
}

static void every_class_has_a_name_of_its_own_and_two_sentences(void **state)
{
	(void)state;
	for (int i = 0; i < FAILURE__MAX; i++) {
		const struct failure_facts *f = failure_facts((enum failure)i);
		enum failure back = FAILURE__MAX;

		if (!f->name || !f->zh || !f->en)
			fail_msg("class %d has no row", i);
		for (const char *p = f->name; *p; p++)
			assert_true(islower(*p) || *p == '_');
		assert_true(failure_parse(f->name, &back));
		assert_int_equal(back, i);
		assert_string_equal(failure_name((enum failure)i), f->name);
		assert_in_range(strlen(f->en), SENTENCE_MIN, SENTENCE_MAX);
		assert_in_range(strlen(f->zh), SENTENCE_MIN, SENTENCE_MAX);
		assert_true(is_utf8(f->zh));
		assert_int_equal(f->en[strlen(f->en) - 1], '.');
		assert_string_equal(f->zh + strlen(f->zh) - 3, "。");
	}
}

static void names_are_those_of_the_enum(void **state)
{
	static const struct {
		enum failure failure;
		const char *name;
	} some[] = {
		{ FAILURE_NONE, "none" },
		{ FAILURE_DNS, "dns" },
		{ FAILURE_NOT_JSON, "not_json" },
		{ FAILURE_KEY_INVALID, "key_invalid" },
		{ FAILURE_PLAN_ENDPOINT_MISMATCH, "plan_endpoint_mismatch" },
		{ FAILURE_MODEL_NOT_FOUND, "model_not_found" },
		{ FAILURE_HOST_AUTH, "host_auth" },
		{ FAILURE_RESPONSES_FORCED, "responses_forced" },
		{ FAILURE_INTERNAL, "internal" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(some); i++)
		assert_string_equal(failure_name(some[i].failure),
				    some[i].name);
}

static void unknown_names_are_not_parsed(void **state)
{
	enum failure failure = FAILURE_DNS;

	(void)state;
	assert_false(failure_parse("no_such_class", &failure));
	assert_false(failure_parse("", &failure));
	assert_false(failure_parse(NULL, &failure));
	assert_int_equal(failure, FAILURE_DNS);
}

static void what_does_not_pass_is_not_waited_for(void **state)
{
	static const enum failure passing[] = {
		FAILURE_DNS, FAILURE_REFUSED, FAILURE_TIMEOUT, FAILURE_RESET,
		FAILURE_DEAD_END, FAILURE_RATE_LIMITED, FAILURE_OVERLOADED,
		FAILURE_TRANSIENT, FAILURE_WARMING_UP, FAILURE_NO_ACCOUNT,
		FAILURE_UPSTREAM_FAILED, FAILURE_MODEL_NOT_LISTED,
		FAILURE_CONCURRENCY_LIMITED, FAILURE_ACCOUNT_BENCHED,
		FAILURE_PROXY_FAILED, FAILURE_HOST_SUSPECT,
		FAILURE_PROVIDER_SUSPECT, FAILURE_PROOF_EXPIRED,
	};
	bool passes[FAILURE__MAX] = { false };

	(void)state;
	for (size_t i = 0; i < COUNT(passing); i++)
		passes[passing[i]] = true;
	for (int i = 0; i < FAILURE__MAX; i++)
		if (failure_facts((enum failure)i)->passes != passes[i])
			fail_msg("%s", failure_name((enum failure)i));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			every_class_has_a_name_of_its_own_and_two_sentences),
		cmocka_unit_test(names_are_those_of_the_enum),
		cmocka_unit_test(unknown_names_are_not_parsed),
		cmocka_unit_test(what_does_not_pass_is_not_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
