/*
 * Every field that we own, edited, reset, and its resource deleted or
 * replaced: what is found, whose doing it is said to be, and what is done.
 * The table is what CRM promises.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "schedd/host/owned_view.h"
#include "shared/own.h"

#define PRINT "00112233445566778899aabbccddeeff"
#define OTHER "ffeeddccbbaa99887766554433221100"
#define MARK "crm-ab12cd-qwertyui"

/* What was asked for, and what a host shows beyond it. */
static const struct {
	const char *wanted, *shown;
} bases[RESOURCE_TYPE__MAX] = {
	[RESOURCE_GROUP] = {
	"{\"name\":\"a " MARK "\",\"description\":\"" MARK "\",\"platform\":"
	"\"openai\",\"rate_multiplier\":1,\"subscription_type\":"
	"\"subscription\",\"is_exclusive\":false}",
	"{\"id\":5,\"status\":\"active\",\"daily_limit_usd\":null,"
	"\"weekly_limit_usd\":null,\"monthly_limit_usd\":null,\"rpm_limit\":0,"
	"\"allow_messages_dispatch\":false}" },
	[RESOURCE_ACCOUNT] = {
	"{\"name\":\"a " MARK "\",\"notes\":\"" MARK "\",\"platform\":"
	"\"openai\",\"type\":\"apikey\",\"credentials\":{\"base_url\":"
	"\"https://a.example/v1\",\"model_mapping\":{\"m\":\"m\",\"n\":\"w\"},"
	"\"pool_mode\":true,\"pool_mode_retry_count\":0},\"extra\":{"
	"\"openai_responses_mode\":\"force_chat_completions\"},"
	"\"concurrency\":3,\"priority\":50,\"proxy_id\":4,\"group_ids\":[5]}",
	"{\"id\":9,\"status\":\"active\",\"schedulable\":true,"
	"\"rate_multiplier\":1,\"expires_at\":null,\"error_message\":\"\","
	"\"credentials\":{\"api_key\":\"" PRINT "\"},"
	"\"extra\":{\"openai_responses_supported\":false}}" },
	[RESOURCE_USER] = {
	"{\"email\":\"relay-sub-a.ab12cd@crm.invalid\",\"notes\":\"" MARK "\"}",
	"{\"id\":3,\"status\":\"active\",\"role\":\"user\",\"concurrency\":0,"
	"\"rpm_limit\":0,\"balance\":0}" },
	[RESOURCE_SUBSCRIPTION] = {
	"{\"user_id\":3,\"group_id\":5,\"validity_days\":30,"
	"\"notes\":\"crm-ab12cd\"}",
	"{\"id\":8,\"status\":\"active\",\"expires_at\":"
	"\"2026-12-22T23:34:37.938445Z\"}" },
	[RESOURCE_USER_KEY] = {
	"{\"name\":\"" MARK "\",\"group_id\":5}",
	"{\"id\":7,\"status\":\"active\",\"quota\":0,\"expires_at\":null,"
	"\"rate_limit_5h\":0,\"rate_limit_1d\":0,\"rate_limit_7d\":0}" },
	[RESOURCE_CHANNEL] = {
	"{\"name\":\"a " MARK "\",\"group_ids\":[5],\"restrict_models\":true,"
	"\"model_pricing\":[{\"platform\":\"openai\",\"models\":[\"m\"],"
	"\"billing_mode\":\"token\",\"input_price\":0.000001}]}",
	"{\"id\":6,\"status\":\"active\",\"description\":\"\"}" },
};

/* As CRM wrote it last, where that is not what was wanted first. */
static const char *const writtens[RESOURCE_TYPE__MAX] = {
	[RESOURCE_GROUP] = "{\"rate_multiplier\":2.0,\"daily_limit_usd\":5.0,"
	"\"weekly_limit_usd\":6.0,\"monthly_limit_usd\":7.0,\"rpm_limit\":8,"
	"\"messages_dispatch\":true}",
	[RESOURCE_ACCOUNT] = "{\"load_factor\":3,\"rate_multiplier\":2.0,"
	"\"expires_at\":1900000000}",
	[RESOURCE_USER] = "{\"concurrency\":2,\"rpm_limit\":4}",
	[RESOURCE_SUBSCRIPTION] =
		"{\"expires_at\":\"2026-12-22T23:34:37.000Z\"}",
	[RESOURCE_USER_KEY] = "{\"quota\":1.0,\"expires_at\":"
	"\"2027-01-01T00:00:00.000Z\",\"rate_limit_5h\":1.0,"
	"\"rate_limit_1d\":2.0,\"rate_limit_7d\":3.0}",
	[RESOURCE_CHANNEL] = "{\"description\":\"what it is for\"}",
};

/* The same, as the host shows it. */
static const char *const accepted[RESOURCE_TYPE__MAX] = {
	[RESOURCE_GROUP] = "{\"rate_multiplier\":2,\"daily_limit_usd\":5,"
	"\"weekly_limit_usd\":6,\"monthly_limit_usd\":7,\"rpm_limit\":8,"
	"\"allow_messages_dispatch\":true}",
	[RESOURCE_ACCOUNT] = "{\"load_factor\":3,\"rate_multiplier\":2,"
	"\"expires_at\":1900000000}",
	[RESOURCE_USER] = "{\"concurrency\":2,\"rpm_limit\":4}",
	[RESOURCE_USER_KEY] = "{\"quota\":1,\"expires_at\":"
	"\"2027-01-01T00:00:00Z\",\"rate_limit_5h\":1,\"rate_limit_1d\":2,"
	"\"rate_limit_7d\":3}",
	[RESOURCE_CHANNEL] = "{\"description\":\"what it is for\"}",
};

enum change { EDITED, RESET, DELETED, REPLACED, CHANGE__MAX };

static const char *const change_names[] = {
	"edited", "reset", "deleted", "replaced",
};

/* What people do to a field: members laid over what the host shows. */
struct row {
	enum resource_type type;
	const char *field;
	const char *edited;
	const char *reset;	/* to what a host makes of nothing */
	enum owned_policy action;
};

#define G RESOURCE_GROUP
#define A RESOURCE_ACCOUNT
#define U RESOURCE_USER
#define S RESOURCE_SUBSCRIPTION
#define K RESOURCE_USER_KEY
#define C RESOURCE_CHANNEL
#define RESTORE OWNED_RESTORE
#define ACCEPT OWNED_ACCEPT
#define ASK OWNED_ASK

static const struct row rows[] = {
	{ G, "platform", "{\"platform\":\"grok\"}", "{\"platform\":\"anthropic\"}", ASK },
	{ G, "subscription_type", "{\"subscription_type\":\"standard\"}",
	  "{\"subscription_type\":\"standard\"}", ASK },
	{ G, "is_exclusive", "{\"is_exclusive\":true}", "{\"is_exclusive\":true}", ASK },
	{ G, "service", "{\"status\":\"inactive\"}", "{\"status\":\"inactive\"}", ASK },
	{ G, "name", "{\"name\":\"theirs\"}", "{\"name\":\"\"}", ACCEPT },
	{ G, "description", "{\"description\":\"theirs\"}", "{\"description\":\"\"}", ACCEPT },
	{ G, "rate_multiplier", "{\"rate_multiplier\":1.5}", "{\"rate_multiplier\":1}", ACCEPT },
	{ G, "daily_limit_usd", "{\"daily_limit_usd\":9}", "{\"daily_limit_usd\":null}", ACCEPT },
	{ G, "weekly_limit_usd", "{\"weekly_limit_usd\":9}", "{\"weekly_limit_usd\":0}", ACCEPT },
	{ G, "monthly_limit_usd", "{\"monthly_limit_usd\":9}",
	  "{\"monthly_limit_usd\":null}", ACCEPT },
	{ G, "rpm_limit", "{\"rpm_limit\":60}", "{\"rpm_limit\":0}", ACCEPT },
	{ G, "messages_dispatch", "{\"allow_messages_dispatch\":false}",
	  "{\"allow_messages_dispatch\":false}", ACCEPT },

	{ A, "platform", "{\"platform\":\"kimi\"}", "{\"platform\":\"anthropic\"}", ASK },
	{ A, "type", "{\"type\":\"upstream\"}", "{\"type\":\"oauth\"}", ASK },
	{ A, "base_url", "{\"credentials\":{\"base_url\":\"https://b.example\"}}",
	  "{\"credentials\":{\"base_url\":\"\"}}", ASK },
	{ A, "key", "{\"credentials\":{\"api_key\":\"" OTHER "\"}}",
	  "{\"credentials\":{\"api_key\":\"" OTHER "\"}}", ASK },
	{ A, "service", "{\"schedulable\":false}", "{\"status\":\"inactive\"}", ASK },
	{ A, "proxy_id", "{\"proxy_id\":5}", "{\"proxy_id\":null}", ASK },
	{ A, "relay", "{\"extra\":{\"openai_responses_mode\":\"force_responses\","
	  "\"openai_responses_supported\":true}}",
	  "{\"extra\":{\"openai_responses_mode\":null,\"openai_responses_supported\":true}}",
	  RESTORE },
	{ A, "responses_mode", "{\"extra\":{\"openai_responses_mode\":\"auto\"}}",
	  "{\"extra\":{\"openai_responses_mode\":null}}", RESTORE },
	{ A, "error_codes", "{\"credentials\":{\"custom_error_codes_enabled\":true,"
	  "\"custom_error_codes\":[401]}}",
	  "{\"credentials\":{\"custom_error_codes_enabled\":true}}", RESTORE },
	{ A, "pool_mode", "{\"credentials\":{\"pool_mode_retry_count\":3}}",
	  "{\"credentials\":{\"pool_mode\":false}}", RESTORE },
	{ A, "group_ids", "{\"group_ids\":[6]}", "{\"group_ids\":[]}", RESTORE },
	{ A, "model_mapping", "{\"credentials\":{\"model_mapping\":{\"n\":\"m\"}}}",
	  "{\"credentials\":{\"model_mapping\":null}}", RESTORE },
	{ A, "name", "{\"name\":\"theirs\"}", "{\"name\":\"\"}", ACCEPT },
	{ A, "notes", "{\"notes\":\"theirs\"}", "{\"notes\":null}", ACCEPT },
	{ A, "priority", "{\"priority\":1}", "{\"priority\":0}", ACCEPT },
	{ A, "concurrency", "{\"concurrency\":9}", "{\"concurrency\":0}", ACCEPT },
	{ A, "load_factor", "{\"load_factor\":5}", "{\"load_factor\":null}", ACCEPT },
	{ A, "rate_multiplier", "{\"rate_multiplier\":0.5}", "{\"rate_multiplier\":1}", ACCEPT },
	{ A, "expires_at", "{\"expires_at\":1800000000}", "{\"expires_at\":null}", ACCEPT },

	{ U, "email", "{\"email\":\"x@y.example\"}", "{\"email\":\"\"}", ASK },
	{ U, "role", "{\"role\":\"admin\"}", "{\"role\":\"admin\"}", ASK },
	{ U, "service", "{\"status\":\"disabled\"}", "{\"status\":\"disabled\"}", ASK },
	{ U, "notes", "{\"notes\":\"theirs\"}", "{\"notes\":\"\"}", ACCEPT },
	{ U, "concurrency", "{\"concurrency\":5}", "{\"concurrency\":0}", ACCEPT },
	{ U, "rpm_limit", "{\"rpm_limit\":60}", "{\"rpm_limit\":0}", ACCEPT },

	{ S, "service", "{\"status\":\"suspended\"}", "{\"status\":\"revoked\"}", ASK },
	{ S, "expires_at", "{\"expires_at\":\"2027-12-22T23:34:37Z\"}",
	  "{\"expires_at\":\"2026-12-01T00:00:00Z\"}", ACCEPT },
	{ S, "notes", "{\"notes\":\"theirs\"}", "{\"notes\":\"\"}", ACCEPT },

	{ K, "group_id", "{\"group_id\":6}", "{\"group_id\":null}", ASK },
	{ K, "service", "{\"status\":\"disabled\"}", "{\"status\":\"inactive\"}", ASK },
	{ K, "name", "{\"name\":\"theirs\"}", "{\"name\":\"\"}", ACCEPT },
	{ K, "quota", "{\"quota\":5}", "{\"quota\":0}", ACCEPT },
	{ K, "expires_at", "{\"expires_at\":\"2028-01-01T00:00:00Z\"}",
	  "{\"expires_at\":null}", ACCEPT },
	{ K, "rate_limit_5h", "{\"rate_limit_5h\":5}", "{\"rate_limit_5h\":0}", ACCEPT },
	{ K, "rate_limit_1d", "{\"rate_limit_1d\":5}", "{\"rate_limit_1d\":0}", ACCEPT },
	{ K, "rate_limit_7d", "{\"rate_limit_7d\":5}", "{\"rate_limit_7d\":0}", ACCEPT },

	{ C, "service", "{\"status\":\"inactive\"}", "{\"status\":\"disabled\"}", ASK },
	{ C, "model_pricing", "{\"model_pricing\":[{\"platform\":\"openai\",\"models\":[\"m\"],"
	  "\"billing_mode\":\"token\",\"input_price\":0.5}]}", "{\"model_pricing\":[]}", RESTORE },
	{ C, "restrict_models", "{\"restrict_models\":false}", "{\"restrict_models\":false}",
	  RESTORE },
	{ C, "group_ids", "{\"group_ids\":[6]}", "{\"group_ids\":[]}", RESTORE },
	{ C, "name", "{\"name\":\"theirs\"}", "{\"name\":\"\"}", ACCEPT },
	{ C, "description", "{\"description\":\"theirs\"}", "{\"description\":\"\"}", ACCEPT },
};

static const char *const versions[] = { "0.1.126", "0.1.129", "0.1.179" };

static const struct row *row_of(enum resource_type type, const char *field)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		if (rows[i].type == type && strcmp(rows[i].field, field) == 0)
			return &rows[i];
	return NULL;
}

static void lay_over(json_t *live, const char *text)
{
	json_auto_t *over = text ? json_loads(text, 0, NULL) : NULL;
	const char *name;
	json_t *value;

	if (text)
		assert_non_null(over);
	json_object_foreach(over, name, value) {
		json_t *inner = json_object_get(live, name);

		if (json_is_object(inner) && json_is_object(value))
			json_object_update(inner, value);
		else
			json_object_set(live, name, value);
	}
}

/* What is found of a resource of this type after `edit`. */
struct look {
	json_t *wanted, *written, *live;
	struct owned_finding found[OWNED_FINDINGS_MAX];
	size_t count;
};

static void look_at(struct look *look, enum resource_type type,
		    const char *version, bool there, const char *edit)
{
	struct host_features features = host_features_of(version);
	json_auto_t *body = json_loads(bases[type].wanted, 0, NULL);
	json_auto_t *shown = json_deep_copy(body);
	struct host_owned_case the = {
		.features = &features, .type = type, .wanted = body,
		.key = PRINT, .inst = "ab12cd",
	};
	struct owned_three three = { .type = type };

	lay_over(shown, bases[type].shown);
	lay_over(shown, accepted[type]);
	lay_over(shown, edit);
	if (type == RESOURCE_ACCOUNT && features.redacts)
		json_object_del(json_object_get(shown, "credentials"),
				"api_key");
	three.wanted = look->wanted = host_owned_wanted(&the);
	three.written = look->written = json_loads(writtens[type], 0, NULL);
	three.live = look->live = there ? host_owned_live(&the, shown) : NULL;
	assert_non_null(look->written);
	look->count = owned_compare(&three, look->found);
}

static void look_done(struct look *look)
{
	json_decref(look->wanted);
	json_decref(look->written);
	json_decref(look->live);
}

/* One finding is about the field, and each does what the table says. */
static void expect_row(const struct look *look, const struct row *row,
		       const char *version, enum change change)
{
	size_t hits = 0;

	for (size_t i = 0; i < look->count; i++) {
		const struct owned_finding *it = &look->found[i];
		const struct row *its = row_of(row->type, it->field->name);

		assert_non_null(its);
		hits += its == row;
		if (it->moved != OWNED_THEM || it->action != its->action)
			fail_msg("%s %s %s: %s, %s", version, row->field,
				 change_names[change],
				 owned_moved_name(it->moved),
				 owned_policy_name(it->action));
	}
	if (hits != 1)
		fail_msg("%s %s.%s %s: not found", version,
			 resource_type_name(row->type), row->field,
			 change_names[change]);
}

static bool is_hidden(const struct row *row, const char *version)
{
	return strcmp(row->field, "key") == 0 &&
	       host_features_of(version).redacts;
}

static void try_row(const struct row *row, const char *version)
{
	const char *const edits[] = { row->edited, row->reset };

	for (size_t i = 0; i < COUNT(edits); i++) {
		struct look look;

		look_at(&look, row->type, version, true, edits[i]);
		if (is_hidden(row, version))
			assert_int_equal(look.count, 0);
		else
			expect_row(&look, row, version, (enum change)i);
		look_done(&look);
	}
}

static void who_edits_or_resets_a_field_is_found_out(void **state)
{
	(void)state;
	for (size_t v = 0; v < COUNT(versions); v++)
		for (size_t i = 0; i < COUNT(rows); i++)
			try_row(&rows[i], versions[v]);
}

/* Whether nothing has its place or something else: its id is gone. */
static void what_is_deleted_or_replaced_is_asked_about(void **state)
{
	(void)state;
	for (size_t i = 0; i < owned_fields_count; i++) {
		struct look look;

		look_at(&look, owned_fields[i].type, "0.1.129", false, NULL);
		assert_int_equal(look.count, 1);
		assert_string_equal(look.found->field->name, OWNED_EXISTS);
		assert_int_equal(look.found->moved, OWNED_THEM);
		assert_int_equal(look.found->action, OWNED_ASK);
		look_done(&look);
	}
}

static void what_nobody_touched_is_as_it_should_be(void **state)
{
	(void)state;
	for (size_t v = 0; v < COUNT(versions); v++)
		for (int i = 0; i < RESOURCE_TYPE__MAX; i++) {
			struct look look;

			if (!bases[i].wanted)
				continue;
			look_at(&look, (enum resource_type)i, versions[v],
				true, NULL);
			if (look.count)
				fail_msg("%s %s: %s", versions[v],
					 resource_type_name(
						(enum resource_type)i),
					 look.found->field->name);
			look_done(&look);
		}
}

static void the_table_has_every_field_and_no_other(void **state)
{
	size_t fields = 0;

	(void)state;
	for (size_t i = 0; i < owned_fields_count; i++) {
		const struct owned_field *field = &owned_fields[i];

		if (strcmp(field->name, OWNED_EXISTS) == 0)
			continue;
		fields++;
		if (!row_of(field->type, field->name))
			fail_msg("%s.%s", resource_type_name(field->type),
				 field->name);
	}
	assert_int_equal(fields, COUNT(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_edits_or_resets_a_field_is_found_out),
		cmocka_unit_test(what_is_deleted_or_replaced_is_asked_about),
		cmocka_unit_test(what_nobody_touched_is_as_it_should_be),
		cmocka_unit_test(the_table_has_every_field_and_no_other),
	};

	return cmocka_run_group_tests_name("owned_matrix", tests, NULL, NULL);
}
