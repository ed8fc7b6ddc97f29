#include <string.h>

#include "schedd/host/answer.h"
#include "schedd/host/owned_view.h"
#include "shared/own.h"
#include "tests/unit/recorded.h"

/*
 * What real hosts were asked to make, and what they said they had made: the
 * one is what is wanted, the other is live, and there is nothing to tell.
 */
static const struct {
	const char *file;
	enum resource_type type;
	const char *at;		/* of the object, in the answer */
} creates[] = {
	{ "10-group-create-standard", RESOURCE_GROUP, "data" },
	{ "30-group-create-subscription", RESOURCE_GROUP, "data" },
	{ "11-account-create-standard", RESOURCE_ACCOUNT, "data" },
	{ "31-account-create-subscription", RESOURCE_ACCOUNT, "data" },
	{ "12-user-create-standard", RESOURCE_USER, "data" },
	{ "16-key-create-standard", RESOURCE_USER_KEY, "data" },
	{ "36-key-create-subscription", RESOURCE_USER_KEY, "data" },
	{ "35-subscription-assign", RESOURCE_SUBSCRIPTION, "data" },
	{ "123-channel-create-priced", RESOURCE_CHANNEL, "data" },
};

static json_t *body_of(const json_t *pair, const char *side)
{
	return json_object_get(json_object_get(pair, side), "body");
}

/* The short answer of a create does not show groups; lists do. */
static void show_groups(json_t *live, const json_t *wanted)
{
	if (!json_object_get(live, "group_ids") &&
	    json_object_get(wanted, "group_ids"))
		json_object_set(live, "group_ids",
				json_object_get(wanted, "group_ids"));
}

/* Prices by the token are what a host makes of a body that does not say. */
static void say_billing(json_t *wanted)
{
	size_t i;
	json_t *entry;

	json_array_foreach(json_object_get(wanted, "model_pricing"), i, entry)
		json_object_set_new(entry, "billing_mode",
				    json_string("token"));
}

static void expect_nothing(const struct host_owned_case *the,
			   const json_t *live, const char *name)
{
	json_auto_t *want = host_owned_wanted(the);
	json_auto_t *is = host_owned_live(the, live);
	const struct owned_three three = {
		.type = the->type, .wanted = want, .live = is,
	};
	struct owned_finding found[OWNED_FINDINGS_MAX];

	assert_true(json_object_size(want) > 0);
	if (owned_compare(&three, found) == 0)
		return;
	fail_msg("%s: %s is %s, not %s", name, found->field->name,
		 json_dumps(found->live, JSON_ENCODE_ANY),
		 json_dumps(found->wanted, JSON_ENCODE_ANY));
}

static void what_a_host_was_asked_for_is_what_it_shows(void **state)
{
	(void)state;
	for (size_t v = 0; v < COUNT(versions); v++) {
		struct host_features features = host_features_of(versions[v]);

		for (size_t i = 0; i < COUNT(creates); i++) {
			AUTO_FREE char *file = xasprintf("%s.json",
							 creates[i].file);
			json_auto_t *pair = pair_of(versions[v], file);
			json_t *wanted = body_of(pair, "request");
			json_t *live = json_object_get(body_of(pair,
						"response"), creates[i].at);
			const struct host_owned_case the = {
				.features = &features,
				.type = creates[i].type,
				.wanted = wanted, .inst = "ab12cd",
			};

			show_groups(live, wanted);
			say_billing(wanted);
			expect_nothing(&the, live, file);
		}
	}
}

/* ---- what all rows say of real lists ---- */

static const struct {
	const char *file;
	enum resource_type type;
	bool single;		/* no list, but one object */
} lists[] = {
	{ "72-groups-list", RESOURCE_GROUP, false },
	{ "72-accounts-list", RESOURCE_ACCOUNT, false },
	{ "19-account-get-after-probe", RESOURCE_ACCOUNT, true },
	{ "72-users-list", RESOURCE_USER, false },
	{ "72-user-api-keys", RESOURCE_USER_KEY, false },
	{ "180-user-subscriptions", RESOURCE_SUBSCRIPTION, false },
	{ "123-channel-create-priced", RESOURCE_CHANNEL, true },
};

static bool may_lack(const struct owned_field *row)
{
	return strcmp(row->name, OWNED_EXISTS) == 0 ||
	       (row->type == RESOURCE_ACCOUNT &&
		(strcmp(row->name, "key") == 0 ||
		 strcmp(row->name, "pool_mode") == 0 ||
		 strcmp(row->name, "proxy_id") == 0));
}

static void every_row_is_read_of_what_hosts_list(void **state)
{
	(void)state;
	for (size_t v = 0; v < COUNT(versions); v++) {
		struct host_features features = host_features_of(versions[v]);

		for (size_t i = 0; i < COUNT(lists); i++) {
			CLEANUP(answer_done) struct answer answer =
				recorded(versions[v], lists[i].file);
			const json_t *data = host_data(&answer);
			struct host_page page = { 0 };
			const struct host_owned_case the = {
				.features = &features,
				.type = lists[i].type,
			};

			if (!lists[i].single)
				assert_int_equal(host_judge_page(&answer,
						 &page), FAILURE_NONE);
			json_auto_t *flat = host_owned_live(&the,
				lists[i].single ? data
				: json_array_get(page.items, 0));

			for (size_t j = 0; j < owned_fields_count; j++) {
				const struct owned_field *row =
					&owned_fields[j];

				if (row->type != the.type || may_lack(row))
					continue;
				if (!json_object_get(flat, row->name))
					fail_msg("%s %s: no %s", versions[v],
						 lists[i].file, row->name);
			}
		}
	}
}

/* ---- accounts ---- */

#define MODE_ON "\"openai_responses_mode\":\"force_chat_completions\""

static const char body[] =
	"{\"name\":\"a crm-ab12cd-qwertyui\",\"notes\":\"crm-ab12cd-qwertyui\","
	"\"platform\":\"openai\",\"type\":\"apikey\",\"credentials\":{"
	"\"base_url\":\"https://a.example/v1\",\"model_mapping\":{\"a\":\"a\"}},"
	"\"extra\":{" MODE_ON "},\"concurrency\":0,\"priority\":50,"
	"\"group_ids\":[5]}";

#define PRINT "00112233445566778899aabbccddeeff"

struct look {
	const char *says;
	const char *version;
	const char *live;	/* members over those of the body */
	const char *field;
	const char *want;	/* JSON; NULL: not shown */
};

static const struct look looks[] = {
	{ "the flag is the host's where the mode is obeyed", "0.1.129",
	  "{\"extra\":{" MODE_ON ",\"openai_responses_supported\":true}}",
	  "relay", "\"raw\"" },
	{ "the flag is all where it is not", "0.1.126",
	  "{\"extra\":{" MODE_ON ",\"openai_responses_supported\":true}}",
	  "relay", "\"responses\"" },
	{ "off by a person", "0.1.179",
	  "{\"status\":\"active\",\"schedulable\":false}", "service",
	  "\"off\"" },
	{ "off by an older host's person", "0.1.126",
	  "{\"status\":\"active\",\"schedulable\":false,"
	  "\"error_message\":\"old\"}", "service", "\"off\"" },
	{ "off by an error", "0.1.179",
	  "{\"status\":\"error\",\"schedulable\":false,"
	  "\"error_message\":\"x\"}", "service", "\"on\"" },
	{ "off since an error", "0.1.179",
	  "{\"status\":\"active\",\"schedulable\":false,"
	  "\"error_message\":\"x\"}", "service", "\"on\"" },
	{ "inactive", "0.1.179",
	  "{\"status\":\"inactive\",\"schedulable\":true}", "service",
	  "\"off\"" },
	{ "benched for a while", "0.1.129",
	  "{\"status\":\"active\",\"schedulable\":true,"
	  "\"temp_unschedulable_until\":\"2099-01-01T00:00:00Z\"}", "service",
	  "\"on\"" },
	{ "a key in clear is nobody's business", "0.1.126",
	  "{\"credentials\":{\"api_key\":\"sk-in-clear\"}}", "key", NULL },
	{ "a fingerprint", "0.1.126",
	  "{\"credentials\":{\"api_key\":\"" PRINT "\"}}", "key",
	  "\"" PRINT "\"" },
	{ "the names of others are theirs", "0.1.129",
	  "{\"credentials\":{\"model_mapping\":{\"a\":\"a\",\"x\":\"y\"}}}",
	  "model_mapping", "{\"a\":\"a\"}" },
	{ "a name that leads elsewhere is ours", "0.1.129",
	  "{\"credentials\":{\"model_mapping\":{\"a\":\"z\"}}}",
	  "model_mapping", "{\"a\":\"z\"}" },
	{ "the groups of others are theirs", "0.1.129",
	  "{\"group_ids\":[9,5]}", "group_ids", "[5]" },
	{ "groups in the long form", "0.1.129",
	  "{\"group_ids\":null,\"account_groups\":[{\"group_id\":5}]}",
	  "group_ids", "[5]" },
	{ "a proxy that nobody asked for", "0.1.179", "{\"proxy_id\":4}",
	  "proxy_id", NULL },
	{ "a pool mode that nobody asked for", "0.1.179",
	  "{\"credentials\":{\"pool_mode\":true}}", "pool_mode", NULL },
	{ "no load factor", "0.1.179", "{}", "load_factor", "null" },
	{ "codes", "0.1.126",
	  "{\"credentials\":{\"custom_error_codes_enabled\":true}}",
	  "error_codes", "true" },
};

static void what_counts_of_an_account_is_told(void **state)
{
	json_auto_t *wanted = json_loads(body, 0, NULL);

	(void)state;
	for (size_t i = 0; i < COUNT(looks); i++) {
		struct host_features features =
			host_features_of(looks[i].version);
		const struct host_owned_case the = {
			.features = &features, .type = RESOURCE_ACCOUNT,
			.wanted = wanted, .key = PRINT, .inst = "ab12cd",
		};
		json_auto_t *live = json_deep_copy(wanted);
		json_auto_t *over = json_loads(looks[i].live, 0, NULL);
		json_auto_t *want = looks[i].want
			? json_loads(looks[i].want, JSON_DECODE_ANY, NULL)
			: NULL;
		json_auto_t *flat = NULL;
		const json_t *is;

		assert_non_null(over);
		json_object_update(live, over);
		flat = host_owned_live(&the, live);
		is = json_object_get(flat, looks[i].field);
		if (want ? !json_equal(is, want) : is != NULL)
			fail_msg("%s", looks[i].says);
	}
}

/* Not seen in ours it would be bound again and again. */
static void it_is_in_our_group_behind_many_others(void **state)
{
	struct host_features features = host_features_of("0.1.129");
	json_auto_t *wanted = json_loads(body, 0, NULL);
	const struct host_owned_case the = { .features = &features,
		.type = RESOURCE_ACCOUNT, .wanted = wanted, .inst = "ab12cd" };
	json_auto_t *live = json_deep_copy(wanted);
	json_t *groups = json_array();
	json_auto_t *flat = NULL;

	(void)state;
	for (int id = 100; id < 300; id++)
		json_array_append_new(groups, json_integer(id));
	json_array_append_new(groups, json_integer(5));
	json_object_set_new(live, "group_ids", groups);
	flat = host_owned_live(&the, live);
	assert_int_equal(json_array_size(json_object_get(flat, "group_ids")),
			 1);
}

/* Of somebody else's account some things are not ours to know. */
static void what_an_adopted_account_was_is_not_guessed(void **state)
{
	struct host_features features = host_features_of("0.1.179");
	json_auto_t *wanted = json_loads(body, 0, NULL);
	const struct host_owned_case the = {
		.features = &features, .type = RESOURCE_ACCOUNT,
		.wanted = wanted, .adopted = true,
	};
	json_auto_t *flat = host_owned_wanted(&the);

	(void)state;
	assert_non_null(json_object_get(flat, "name"));
	assert_non_null(json_object_get(flat, "relay"));
	assert_null(json_object_get(flat, "notes"));
	assert_null(json_object_get(flat, "rate_multiplier"));
}

static void who_is_out_by_us_is_wanted_out(void **state)
{
	struct host_features features = host_features_of("0.1.179");
	json_auto_t *wanted = json_loads(body, 0, NULL);
	const struct host_owned_case the = {
		.features = &features, .type = RESOURCE_ACCOUNT,
		.wanted = wanted, .off = true,
	};
	json_auto_t *flat = host_owned_wanted(&the);

	(void)state;
	assert_string_equal(json_string_value(json_object_get(flat,
			    "service")), "off");
}

/* ---- the others ---- */

static json_t *flat_of(enum resource_type type, const char *live,
		       const char *wanted)
{
	struct host_features features = host_features_of("0.1.129");
	json_auto_t *it = json_loads(live, 0, NULL);
	json_auto_t *want = wanted ? json_loads(wanted, 0, NULL) : NULL;
	const struct host_owned_case the = {
		.features = &features, .type = type, .wanted = want,
	};

	assert_non_null(it);
	return host_owned_live(&the, it);
}

static void prices_are_equal_in_any_order_and_notation(void **state)
{
	json_auto_t *one = flat_of(RESOURCE_CHANNEL, "{\"model_pricing\":["
		"{\"id\":1,\"platform\":\"openai\",\"models\":[\"a\"],"
		"\"billing_mode\":\"token\",\"input_price\":0.0000021,"
		"\"output_price\":null},"
		"{\"id\":2,\"platform\":\"openai\",\"models\":[\"b\"],"
		"\"billing_mode\":\"token\",\"input_price\":1}]}", NULL);
	json_auto_t *other = flat_of(RESOURCE_CHANNEL, "{\"model_pricing\":["
		"{\"platform\":\"openai\",\"models\":[\"b\"],"
		"\"billing_mode\":\"token\",\"input_price\":1.0},"
		"{\"platform\":\"openai\",\"models\":[\"a\"],"
		"\"billing_mode\":\"token\","
		"\"input_price\":2.1000000000000002e-06}]}", NULL);
	json_auto_t *third = flat_of(RESOURCE_CHANNEL, "{\"model_pricing\":["
		"{\"platform\":\"openai\",\"models\":[\"b\"],"
		"\"billing_mode\":\"token\",\"input_price\":1.0}]}", NULL);

	(void)state;
	assert_true(json_equal(json_object_get(one, "model_pricing"),
			       json_object_get(other, "model_pricing")));
	assert_false(json_equal(json_object_get(one, "model_pricing"),
				json_object_get(third, "model_pricing")));
}

static void a_limit_of_nothing_is_none(void **state)
{
	json_auto_t *none = flat_of(RESOURCE_GROUP,
				    "{\"daily_limit_usd\":null}", NULL);
	json_auto_t *zero = flat_of(RESOURCE_GROUP,
				    "{\"daily_limit_usd\":0}", NULL);
	json_auto_t *some = flat_of(RESOURCE_GROUP,
				    "{\"daily_limit_usd\":5}", NULL);

	(void)state;
	assert_true(json_equal(none, zero));
	assert_false(json_equal(none, some));
}

static void time_that_runs_out_is_nobodys_doing(void **state)
{
	static const struct { const char *status, *want; } rows[] = {
		{ "active", "on" }, { "expired", "on" },
		{ "quota_exhausted", "on" }, { "disabled", "off" },
		{ "inactive", "off" }, { "suspended", "off" },
		{ "revoked", "off" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_FREE char *live = xasprintf("{\"status\":\"%s\"}",
						 rows[i].status);
		json_auto_t *flat = flat_of(RESOURCE_SUBSCRIPTION, live,
					    NULL);

		assert_string_equal(json_string_value(json_object_get(flat,
				    "service")), rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_host_was_asked_for_is_what_it_shows),
		cmocka_unit_test(every_row_is_read_of_what_hosts_list),
		cmocka_unit_test(what_counts_of_an_account_is_told),
		cmocka_unit_test(it_is_in_our_group_behind_many_others),
		cmocka_unit_test(what_an_adopted_account_was_is_not_guessed),
		cmocka_unit_test(who_is_out_by_us_is_wanted_out),
		cmocka_unit_test(prices_are_equal_in_any_order_and_notation),
		cmocka_unit_test(a_limit_of_nothing_is_none),
		cmocka_unit_test(time_that_runs_out_is_nobodys_doing),
	};

	return cmocka_run_group_tests_name("owned_view", tests, NULL, NULL);
}
