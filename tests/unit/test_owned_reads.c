/*
 * What is left out of a list before it is parsed nobody would have looked at:
 * an object reads alike with and without it, whatever stands in its members.
 */
#include <string.h>

#include "schedd/host/answer.h"
#include "schedd/host/owned_reads.h"
#include "schedd/host/owned_view.h"
#include "shared/own.h"
#include "tests/unit/recorded.h"

#define PRINT "00112233445566778899aabbccddeeff"

static bool is_any(const void *subject, int64_t id)
{
	(void)subject;
	(void)id;
	return true;
}

/* What is left of an object in a list. */
static json_t *sliced(enum resource_type type, const json_t *it)
{
	const struct slices slices = {
		.wants = is_any,
		.reads = type == RESOURCE_GROUP ? host_group_reads
						: host_account_reads,
	};
	json_auto_t *list = json_pack("{s{s[O]}}", "data", "items", it);
	AUTO_FREE char *text = json_dumps(list, 0);
	CLEANUP(buf_done) struct buf few = { .max = strlen(text) };
	json_auto_t *less = NULL;

	assert_true(slices_keep(text, strlen(text), &slices, NULL, &few));
	less = json_loads(buf_str(&few), 0, NULL);
	assert_non_null(less);
	return json_incref(json_array_get(json_object_get(
		json_object_get(less, "data"), "items"), 0));
}

/* As it is wanted: nothing known, what CRM asks for, and more than that. */
static const char *const wishes[] = {
	NULL, "{}",
	"{\"proxy_id\":4,\"group_ids\":[5],\"credentials\":{"
	"\"pool_mode\":true,\"model_mapping\":{\"mock-a\":\"mock-a\"}}}",
};

static void expect_alike(const struct host_owned_case *the, const json_t *it,
			 const json_t *less, const char *what)
{
	json_auto_t *is = host_owned_live(the, it);
	json_auto_t *seems = host_owned_live(the, less);

	if (!json_equal(is, seems))
		fail_msg("%s: %s, not %s", what, json_dumps(seems, 0),
			 json_dumps(is, 0));
}

static void expect_read_alike(enum resource_type type, const json_t *it,
			      const char *what)
{
	json_auto_t *less = sliced(type, it);

	assert_true(json_object_size(less) <= json_object_size(it));
	for (size_t v = 0; v < COUNT(versions); v++) {
		struct host_features features = host_features_of(versions[v]);

		for (size_t i = 0; i < COUNT(wishes); i++) {
			json_auto_t *wanted = wishes[i]
				? json_loads(wishes[i], 0, NULL) : NULL;
			const struct host_owned_case the = {
				.features = &features, .type = type,
				.wanted = wanted, .key = PRINT,
			};

			expect_alike(&the, it, less, what);
		}
	}
}

/* All members that it has, and those that hosts show only where they are set. */
static json_t *names_of(enum resource_type type, const json_t *it)
{
	json_t *names = json_deep_copy(it);

	json_object_set_new(names, "proxy_fallback_origin_id", json_null());
	for (size_t i = 0; i < owned_fields_count; i++)
		if (owned_fields[i].type == type)
			json_object_set_new(names, owned_fields[i].name,
					    json_null());
	json_object_del(names, "id");
	return names;
}

static void vary(enum resource_type type, const json_t *it)
{
	static const char *const values[] = {
		"null", "true", "false", "0", "7", "\"\"", "\"inactive\"",
		"[]", "[5]", "{}", "[{\"group_id\":5}]",
	};
	json_auto_t *names = names_of(type, it);
	const char *name;
	json_t *unused;

	json_object_foreach(names, name, unused)
		for (size_t i = 0; i < COUNT(values); i++) {
			json_auto_t *other = json_deep_copy(it);

			json_object_set_new(other, name, json_loads(values[i],
					    JSON_DECODE_ANY, NULL));
			expect_read_alike(type, other, name);
		}
}

/* Where some members are so, others count that do not otherwise. */
static const char *const settings[] = {
	"{}", "{\"schedulable\":false,\"status\":\"active\"}",
	"{\"group_ids\":null}",
	"{\"credentials\":{\"pool_mode\":true,\"api_key\":\"" PRINT "\"}}",
};

static void vary_all(const char *version, const char *list,
		     enum resource_type type)
{
	CLEANUP(answer_done) struct answer answer = recorded(version, list);
	struct host_page page = { 0 };
	size_t i;
	const json_t *it;

	assert_int_equal(host_judge_page(&answer, &page), FAILURE_NONE);
	assert_true(json_array_size(page.items) > 0);
	json_array_foreach(page.items, i, it)
		expect_read_alike(type, it, list);
	for (i = 0; i < COUNT(settings); i++) {
		json_auto_t *one = json_deep_copy(json_array_get(page.items,
								 0));
		json_auto_t *over = json_loads(settings[i], 0, NULL);

		json_object_update(one, over);
		vary(type, one);
	}
}

static void what_is_left_out_nobody_looks_at(void **state)
{
	(void)state;
	for (size_t v = 0; v < COUNT(versions); v++) {
		vary_all(versions[v], "72-groups-list", RESOURCE_GROUP);
		vary_all(versions[v], "72-accounts-list", RESOURCE_ACCOUNT);
		vary_all(versions[v], "72-accounts-search-name",
			 RESOURCE_ACCOUNT);
	}
}

/* It would be no gain else. */
static void what_is_long_of_an_account_is_left_out(void **state)
{
	CLEANUP(answer_done) struct answer answer =
		recorded("0.1.179", "72-accounts-list");
	struct host_page page = { 0 };
	json_auto_t *less = NULL;

	(void)state;
	assert_int_equal(host_judge_page(&answer, &page), FAILURE_NONE);
	less = sliced(RESOURCE_ACCOUNT, json_array_get(page.items, 0));
	assert_null(json_object_get(less, "groups"));
	assert_null(json_object_get(less, "account_groups"));
	assert_non_null(json_object_get(less, "group_ids"));
	assert_null(json_object_get(less, "updated_at"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_left_out_nobody_looks_at),
		cmocka_unit_test(what_is_long_of_an_account_is_left_out),
	};

	return cmocka_run_group_tests_name("owned_reads", tests, NULL, NULL);
}
