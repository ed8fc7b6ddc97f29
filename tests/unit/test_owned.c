#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "shared/own.h"
#include "shared/owned.h"

static json_t *json(const char *text)
{
	json_t *it = json_loads(text, 0, NULL);

	assert_non_null(it);
	return it;
}

/* ---- the table ---- */

static void every_row_has_a_name_of_its_own_and_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < owned_fields_count; i++) {
		const struct owned_field *row = &owned_fields[i];

		assert_ptr_equal(owned_field(row->type, row->name), row);
		assert_true(row->zh && *row->zh && row->en && *row->en);
		assert_true(row->kind < OWNED_KIND__MAX);
		assert_true(row->policy < OWNED_POLICY__MAX);
	}
	assert_null(owned_field(RESOURCE_GROUP, "balance"));
}

static void types_stand_together_and_fit_into_what_findings_hold(void **state)
{
	size_t count[RESOURCE_TYPE__MAX] = { 0 };
	bool left[RESOURCE_TYPE__MAX] = { 0 };

	(void)state;
	for (size_t i = 0; i < owned_fields_count; i++) {
		enum resource_type type = owned_fields[i].type;

		count[type]++;
		assert_false(left[type]);
		if (i + 1 < owned_fields_count &&
		    owned_fields[i + 1].type != type)
			left[type] = true;
	}
	for (int i = 0; i < RESOURCE_TYPE__MAX; i++) {
		assert_true(count[i] <= OWNED_FINDINGS_MAX);
		assert_true((i == RESOURCE_USER_TOKEN) == (count[i] == 0));
		assert_true(count[i] == 0 ||
			    owned_field((enum resource_type)i,
					OWNED_EXISTS));
	}
}

static void names_go_both_ways(void **state)
{
	enum owned_policy policy;
	enum owned_moved moved;
	enum owned_certainty certainty;

	(void)state;
	for (int i = 0; i < OWNED_POLICY__MAX; i++) {
		assert_true(owned_policy_parse(
			owned_policy_name((enum owned_policy)i), &policy));
		assert_int_equal(policy, i);
	}
	for (int i = 0; i < OWNED_MOVED__MAX; i++) {
		assert_true(owned_moved_parse(
			owned_moved_name((enum owned_moved)i), &moved));
		assert_int_equal(moved, i);
	}
	for (int i = 0; i < OWNED_CERTAINTY__MAX; i++) {
		assert_true(owned_certainty_parse(owned_certainty_name(
			(enum owned_certainty)i), &certainty));
		assert_int_equal(certainty, i);
	}
}

/* ---- three ways ---- */

/* What one field is, three times, and what is to be said of it. */
struct three {
	const char *says;
	const char *field;
	const char *wanted, *written, *live;	/* JSON values; NULL: not known */
	enum owned_moved moved;		/* nobody: no finding */
	enum owned_policy action;
};

#define NONE OWNED_NOBODY, OWNED_POLICY__MAX

static const struct three threes[] = {
	{ "as wanted", "error_codes", "false", "false", "false", NONE },
	{ "theirs is to be undone", "error_codes", "false", "false", "true",
	  OWNED_THEM, OWNED_RESTORE },
	{ "what was wanted was written", "error_codes", "false", NULL, "true",
	  OWNED_THEM, OWNED_RESTORE },
	{ "we did not come to write it", "base_url", "\"b\"", "\"a\"", "\"a\"",
	  OWNED_US, OWNED_RESTORE },
	{ "both to the same", "base_url", "\"b\"", "\"a\"", "\"b\"", NONE },
	{ "both, to be asked", "base_url", "\"b\"", "\"a\"", "\"c\"",
	  OWNED_BOTH, OWNED_ASK },
	{ "both, to be undone", "responses_mode", "\"b\"", "\"a\"", "\"c\"",
	  OWNED_BOTH, OWNED_RESTORE },
	{ "switched, whatever was written", "service", "\"on\"", "\"off\"",
	  "\"off\"", OWNED_THEM, OWNED_ASK },
	{ "another key, whatever was written", "key", "\"f1\"", "\"f2\"",
	  "\"f2\"", OWNED_THEM, OWNED_ASK },
	{ "hidden", "key", "\"f1\"", "\"f1\"", NULL, NONE },
	{ "not ours here", "proxy_id", NULL, NULL, "7", NONE },
	{ "gone is a value", "proxy_id", "7", NULL, "null", OWNED_THEM,
	  OWNED_ASK },
	{ "accepted before", "priority", "50", "9", "9", NONE },
	{ "to be accepted", "priority", "50", "9", "50", OWNED_THEM,
	  OWNED_ACCEPT },
	{ "to be accepted at first", "priority", "50", NULL, "9", OWNED_THEM,
	  OWNED_ACCEPT },
	{ "nobody knows what it was", "load_factor", NULL, NULL, "3", NONE },
	{ "known since it was written", "load_factor", NULL, "2", "3",
	  OWNED_THEM, OWNED_ACCEPT },
	{ "more groups are nobody's harm", "group_ids", "[5]", "[5]",
	  "[9,5,7]", NONE },
	{ "out of ours", "group_ids", "[5]", "[5]", "[9,7]", OWNED_THEM,
	  OWNED_RESTORE },
	{ "out of one of two", "group_ids", "[5,6]", "[5,6]", "[6]",
	  OWNED_THEM, OWNED_RESTORE },
	{ "not in our new one yet", "group_ids", "[5,6]", "[5]", "[5]",
	  OWNED_US, OWNED_RESTORE },
	{ "not in either", "group_ids", "[5,6]", "[5]", "[]", OWNED_BOTH,
	  OWNED_RESTORE },
	{ "more names are nobody's harm", "model_mapping", "{\"a\":\"a\"}",
	  "{\"a\":\"a\"}", "{\"a\":\"a\",\"x\":\"y\"}", NONE },
	{ "a name is gone", "model_mapping", "{\"a\":\"a\",\"b\":\"b\"}", NULL,
	  "{\"b\":\"b\"}", OWNED_THEM, OWNED_RESTORE },
	{ "a name leads elsewhere", "model_mapping", "{\"a\":\"a\"}", NULL,
	  "{\"a\":\"c\"}", OWNED_THEM, OWNED_RESTORE },
	{ "a new name is not there yet", "model_mapping",
	  "{\"a\":\"a\",\"b\":\"b\"}", "{\"a\":\"a\"}", "{\"a\":\"a\"}",
	  OWNED_US, OWNED_RESTORE },
	{ "a name that we gave up", "model_mapping", "{\"a\":\"a\"}",
	  "{\"a\":\"a\",\"b\":\"b\"}", "{\"a\":\"a\"}", NONE },
};

static json_t *with(const char *field, const char *value)
{
	json_t *it = json_object();

	if (value)
		json_object_set_new(it, field, json_loads(value,
				    JSON_DECODE_ANY, NULL));
	return it;
}

static void who_moved_it_is_told_by_three(void **state)
{
	struct owned_finding found[OWNED_FINDINGS_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(threes); i++) {
		const struct three *t = &threes[i];
		json_auto_t *wanted = with(t->field, t->wanted);
		json_auto_t *written = with(t->field, t->written);
		json_auto_t *live = with(t->field, t->live);
		const struct owned_three the = {
			.type = RESOURCE_ACCOUNT, .wanted = wanted,
			.written = t->written ? written : NULL, .live = live,
		};
		size_t count = owned_compare(&the, found);

		if (count != (t->moved != OWNED_NOBODY))
			fail_msg("%s: %zu findings", t->says, count);
		if (count == 0)
			continue;
		assert_string_equal(found->field->name, t->field);
		if (found->moved != t->moved || found->action != t->action)
			fail_msg("%s: %s, %s", t->says,
				 owned_moved_name(found->moved),
				 owned_policy_name(found->action));
		assert_int_equal(found->certainty, OWNED_CERTAIN);
		assert_ptr_equal(found->live, json_object_get(live, t->field));
	}
}

static void what_is_gone_is_one_finding(void **state)
{
	json_auto_t *wanted = json("{\"name\":\"a\",\"platform\":\"openai\"}");
	struct owned_finding found[OWNED_FINDINGS_MAX];

	(void)state;
	for (int i = 0; i < RESOURCE_TYPE__MAX; i++) {
		const struct owned_three the = {
			.type = (enum resource_type)i, .wanted = wanted,
		};

		if (i == RESOURCE_USER_TOKEN)
			continue;
		assert_int_equal(owned_compare(&the, found), 1);
		assert_string_equal(found->field->name, OWNED_EXISTS);
		assert_int_equal(found->moved, OWNED_THEM);
		assert_int_equal(found->action, OWNED_ASK);
		assert_true(json_is_false(found->live));
	}
}

static bool acts(enum resource_type type, const char *live_text)
{
	struct owned_finding found[OWNED_FINDINGS_MAX];
	json_auto_t *ours = json_loads("{\"name\":\"n\",\"notes\":\"o\","
		"\"description\":\"o\",\"model_mapping\":{\"a\":\"a\"},"
		"\"daily_limit_usd\":1,\"email\":\"e\",\"rpm_limit\":1}", 0,
		NULL);
	json_auto_t *live = json_loads(live_text, 0, NULL);
	const struct owned_three the = { .type = type, .wanted = ours,
					 .written = ours, .live = live };
	size_t n = owned_compare(&the, found);
	bool any = false;

	assert_true(n > 0);
	for (size_t i = 0; i < n; i++)
		any = any || found[i].action != OWNED_ASK;
	return any;
}

/* A host whose database began anew gives its ids to others. */
static void what_has_another_name_in_all_may_be_another_thing(void **state)
{
	(void)state;
	assert_false(acts(RESOURCE_ACCOUNT, "{\"name\":\"x\",\"notes\":\"\","
			  "\"model_mapping\":{}}"));
	assert_true(acts(RESOURCE_ACCOUNT, "{\"name\":\"x\",\"notes\":\"o\","
			 "\"model_mapping\":{}}"));
	assert_true(acts(RESOURCE_ACCOUNT, "{\"name\":\"n\",\"notes\":\"x\","
			 "\"model_mapping\":{\"a\":\"a\"}}"));
	assert_false(acts(RESOURCE_GROUP, "{\"name\":\"x\",\"description\":"
			  "\"x\",\"daily_limit_usd\":2}"));
	assert_true(acts(RESOURCE_GROUP, "{\"name\":\"n\",\"description\":"
			 "\"x\",\"daily_limit_usd\":1}"));
	assert_false(acts(RESOURCE_USER, "{\"email\":\"x\",\"notes\":\"x\","
			  "\"rpm_limit\":2}"));
}

static void what_was_accepted_is_no_finding_any_more(void **state)
{
	json_auto_t *wanted = json("{\"priority\":50,\"name\":\"a\"}");
	json_auto_t *live = json("{\"priority\":1,\"name\":\"b\"}");
	json_t *written = NULL;
	struct owned_finding found[OWNED_FINDINGS_MAX];
	struct owned_three the = {
		.type = RESOURCE_ACCOUNT, .wanted = wanted, .live = live,
	};
	size_t count = owned_compare(&the, found);

	(void)state;
	assert_int_equal(count, 2);
	for (size_t i = 0; i < count; i++)
		owned_accept(&written, wanted, &found[i]);
	the.written = written;
	assert_int_equal(owned_compare(&the, found), 0);
	json_decref(written);
}

static void what_was_asked_for_is_written_but_not_over_what_is_theirs(
							void **state)
{
	json_auto_t *before = json("{\"priority\":9,\"group_ids\":[1],"
				   "\"expires_at\":7}");
	json_auto_t *wanted = json("{\"priority\":50,\"name\":\"a\","
		"\"group_ids\":[1,2],\"key\":\"f\",\"service\":\"off\","
		"\"stray\":1}");
	json_auto_t *both = owned_wrote(RESOURCE_ACCOUNT, before, wanted);
	json_auto_t *first = owned_wrote(RESOURCE_ACCOUNT, NULL, wanted);
	json_auto_t *want = json("{\"priority\":9,\"name\":\"a\","
				 "\"group_ids\":[1,2],\"expires_at\":7}");
	json_auto_t *want_first = json("{\"priority\":50,\"name\":\"a\","
				       "\"group_ids\":[1,2]}");

	(void)state;
	assert_true(json_equal(both, want));
	assert_true(json_equal(first, want_first));
}

static void what_is_written_later_goes_over_what_was(void **state)
{
	json_auto_t *first = json("{\"priority\":50,\"name\":\"a\"}");
	json_auto_t *now = json("{\"priority\":1}");
	json_auto_t *both = owned_overlay(first, now);
	json_auto_t *alone = owned_overlay(NULL, now);
	json_auto_t *want = json("{\"priority\":1,\"name\":\"a\"}");

	(void)state;
	assert_true(json_equal(both, want));
	assert_true(json_equal(alone, now));
}

/* ---- versions ---- */

static void version(enum resource_type type, const char *text,
		    char ret[OWNED_VERSION_TEXT])
{
	json_auto_t *flat = text ? json(text) : NULL;

	owned_version(type, flat, ret);
	assert_int_equal(strlen(ret), OWNED_VERSION_TEXT - 1);
}

static void equal_fields_are_one_version(void **state)
{
	static const char *const same[] = {
		"{\"name\":\"a\",\"group_ids\":[1,12,3]}",
		"{\"group_ids\":[3,1,12],\"name\":\"a\"}",
		"{\"group_ids\":[3,1,12],\"name\":\"a\",\"updated_at\":\"x\"}",
		"{\"group_ids\":[3,1,12],\"name\":\"a\",\"key\":\"f\"}",
	};
	char first[OWNED_VERSION_TEXT], other[OWNED_VERSION_TEXT];

	(void)state;
	version(RESOURCE_ACCOUNT, same[0], first);
	for (size_t i = 1; i < COUNT(same); i++) {
		version(RESOURCE_ACCOUNT, same[i], other);
		assert_string_equal(first, other);
	}
}

static void another_field_is_another_version(void **state)
{
	static const char *const others[] = {
		NULL, "{}", "{\"name\":\"b\"}", "{\"name\":\"a\"}",
		"{\"name\":\"a\",\"group_ids\":[1]}",
		"{\"name\":\"a\",\"group_ids\":[1,2]}",
		"{\"name\":\"a\",\"type\":\"apikey\"}",
		"{\"name\":\"a\",\"model_mapping\":{\"a\":\"b\"}}",
		"{\"name\":\"a\",\"model_mapping\":{\"a\":\"c\"}}",
	};
	char all[COUNT(others)][OWNED_VERSION_TEXT];

	(void)state;
	for (size_t i = 0; i < COUNT(others); i++) {
		version(RESOURCE_ACCOUNT, others[i], all[i]);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(all[i], all[j]);
	}
}

/* They stand in databases: those of 0.3.0 hold for ever. */
static void versions_stay_as_they_are(void **state)
{
	static const struct {
		enum resource_type type;
		const char *flat, *version;
	} rows[] = {
		{ RESOURCE_ACCOUNT, "{\"platform\":\"openai\","
		  "\"type\":\"apikey\",\"base_url\":\"https://a.example/v1\","
		  "\"key\":\"00\",\"service\":\"on\",\"proxy_id\":null,"
		  "\"relay\":\"raw\",\"responses_mode\":"
		  "\"force_chat_completions\",\"error_codes\":false,"
		  "\"pool_mode\":true,\"group_ids\":[12,5,7],"
		  "\"model_mapping\":{\"b\":\"b\",\"a\":\"x\"},"
		  "\"name\":\"\\u540d \\\"q\\\" \\\\ \\n\",\"notes\":\"\","
		  "\"priority\":50,\"concurrency\":0,\"load_factor\":null,"
		  "\"rate_multiplier\":1.1,\"expires_at\":null,\"other\":1}",
		  "9e99290e630f835ebb2e5c5ca4b1fbb9" },
		{ RESOURCE_GROUP, "{\"platform\":\"openai\","
		  "\"subscription_type\":\"standard\",\"is_exclusive\":true,"
		  "\"service\":\"on\",\"name\":\"g\",\"description\":\"\","
		  "\"rate_multiplier\":1.0,\"daily_limit_usd\":null,"
		  "\"rpm_limit\":0,\"messages_dispatch\":false}",
		  "09f324f2aaa0387c12365cfa886eb79e" },
		{ RESOURCE_CHANNEL, "{\"service\":\"on\",\"model_pricing\":"
		  "[{\"platform\":\"openai\",\"models\":[\"b\",\"a\"],"
		  "\"input_price\":\"0.0000021\"}],\"restrict_models\":true,"
		  "\"group_ids\":[3],\"name\":\"c\",\"description\":\"d\"}",
		  "ef7620c35087de4483d0b3c81589c11d" },
		{ RESOURCE_USER_KEY, "{\"group_id\":4,\"service\":\"off\","
		  "\"quota\":0.0}", "3896a607f8003b6c3b7d64b3b256d649" },
		{ RESOURCE_ACCOUNT, "{}",
		  "c7995755cf9510f7e6fe4d06960ffbd9" },
		{ RESOURCE_USER, NULL,
		  "e2105c413a16a7da0a8dc9386529c877" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char is[OWNED_VERSION_TEXT];

		version(rows[i].type, rows[i].flat, is);
		assert_string_equal(is, rows[i].version);
	}
}

static void types_have_versions_of_their_own(void **state)
{
	char one[OWNED_VERSION_TEXT], other[OWNED_VERSION_TEXT];

	(void)state;
	version(RESOURCE_GROUP, "{\"name\":\"a\"}", one);
	version(RESOURCE_CHANNEL, "{\"name\":\"a\"}", other);
	assert_string_not_equal(one, other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_has_a_name_of_its_own_and_words),
		cmocka_unit_test(
			types_stand_together_and_fit_into_what_findings_hold),
		cmocka_unit_test(names_go_both_ways),
		cmocka_unit_test(who_moved_it_is_told_by_three),
		cmocka_unit_test(what_is_gone_is_one_finding),
		cmocka_unit_test(
			what_has_another_name_in_all_may_be_another_thing),
		cmocka_unit_test(what_was_accepted_is_no_finding_any_more),
		cmocka_unit_test(
		what_was_asked_for_is_written_but_not_over_what_is_theirs),
		cmocka_unit_test(what_is_written_later_goes_over_what_was),
		cmocka_unit_test(equal_fields_are_one_version),
		cmocka_unit_test(another_field_is_another_version),
		cmocka_unit_test(versions_stay_as_they_are),
		cmocka_unit_test(types_have_versions_of_their_own),
	};

	return cmocka_run_group_tests_name("owned", tests, NULL, NULL);
}
