/*
 * What a host can do: by its version, by what it was seen to do, and what
 * people are told of it.
 */
#include "tests/unit/recorded.h"

#include <string.h>

#include "schedd/host/capabilities.h"

static struct host_capability capability(const struct host_features *features,
					 const char *name)
{
	for (size_t i = 0; i < host_features_count(); i++) {
		struct host_capability one = host_features_at(features, i);

		if (strcmp(one.name, name) == 0)
			return one;
	}
	fail_msg("no capability %s", name);
	return (struct host_capability){ 0 };
}

static void every_feature_has_words(void **state)
{
	static const char *const ours[] = { "0.1.126", "0.1.179" };

	(void)state;
	for (size_t v = 0; v < COUNT(ours); v++) {
		struct host_features features = host_features_of(ours[v]);

		for (size_t i = 0; i < host_features_count(); i++) {
			struct host_capability one =
				host_features_at(&features, i);

			assert_true(strlen(one.name) > 2);
			assert_true(strlen(one.zh) > 10);
			assert_true(strlen(one.en) > 10);
			assert_int_equal(one.evidence, HOST_BY_VERSION);
			assert_null(one.detail);
		}
	}
}

static void versions_decide_where_nothing_was_seen(void **state)
{
	static const struct {
		const char *version, *name;
		bool value;
		enum host_evidence evidence;
	} cases[] = {
		{ "0.1.126", "responses_mode", false, HOST_BY_VERSION },
		{ "0.1.127", "responses_mode", true, HOST_BY_VERSION },
		{ "0.1.127", "responses_by_chat", false, HOST_BY_VERSION },
		{ "0.1.128", "responses_by_chat", true, HOST_BY_VERSION },
		{ "0.1.136", "loses_events", true, HOST_BY_VERSION },
		{ "0.1.137", "loses_events", false, HOST_BY_VERSION },
		{ "0.1.146", "messages_by_chat", false, HOST_BY_VERSION },
		{ "0.1.147", "messages_by_chat", true, HOST_BY_VERSION },
		/* Nobody looked at the versions between. */
		{ "0.1.129", "embeddings", false, HOST_BY_VERSION },
		{ "0.1.150", "embeddings", false, HOST_ASSUMED },
		{ "0.1.179", "embeddings", true, HOST_BY_VERSION },
		{ "0.0.0-dev", "responses_mode", false, HOST_ASSUMED },
		{ "0.0.0-dev", "loses_events", true, HOST_ASSUMED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct host_features features =
			host_features_of(cases[i].version);
		struct host_capability one = capability(&features,
							cases[i].name);

		if (one.value != cases[i].value ||
		    one.evidence != cases[i].evidence)
			fail_msg("%s of %s", cases[i].name, cases[i].version);
	}
}

/* A build of the tag's own tree reports the version before. */
static void what_is_seen_goes_above_what_is_said(void **state)
{
	struct host_features features = host_features_of("0.0.0-dev");
	struct host_capability one;

	(void)state;
	host_features_saw(&features, HOST_SIGN_COMPLIANCE, true);
	assert_true(features.responses_mode && features.test_by_chat);
	assert_true(features.errors_unschedule && features.loses_events);
	assert_false(features.messages_by_chat);
	one = capability(&features, "test_by_chat");
	assert_int_equal(one.evidence, HOST_OBSERVED);
	assert_string_equal(one.detail, "the compliance route");
	assert_int_equal(capability(&features, "messages_by_chat").evidence,
			 HOST_ASSUMED);
	host_features_saw(&features, HOST_SIGN_MODEL_NOT_FOUND, true);
	one = capability(&features, "loses_events");
	assert_false(one.value);
	assert_int_equal(one.evidence, HOST_OBSERVED);
	assert_string_equal(one.detail, "404 of an unknown model");
}

static void what_is_missing_proves_an_older_host(void **state)
{
	struct host_features features = host_features_of("0.1.179");
	struct host_capability one;

	(void)state;
	host_features_saw(&features, HOST_SIGN_SYNC_ROUTE, false);
	assert_false(features.responses_mode || features.cn_platforms);
	assert_true(features.loses_events);
	one = capability(&features, "redacts");
	assert_false(one.value);
	assert_int_equal(one.evidence, HOST_OBSERVED);
	assert_string_equal(one.detail, "credentials_status of an account");
	/* It was updated meanwhile. */
	host_features_saw(&features, HOST_SIGN_COMPLIANCE, true);
	assert_true(features.responses_mode && features.cn_platforms);
	/* A group may lack its list for other reasons. */
	host_features_saw(&features, HOST_SIGN_MODELS_LIST, false);
	assert_true(features.cn_platforms);
}

static void recorded_groups_tell_0_1_132(void **state)
{
	(void)state;
	for (size_t v = 0; v < COUNT(versions); v++) {
		CLEANUP(answer_done) struct answer answer =
			recorded(versions[v], "10-group-create-standard");
		struct host_features features = host_features_of(NULL);

		host_features_seen_group(&features, host_data(&answer));
		assert_int_equal(features.test_by_chat, v == 2);
	}
}

static void the_sync_route_tells_0_1_127(void **state)
{
	static const struct {
		int status;
		const char *type, *body;
		bool settled, mode;
	} cases[] = {
		{ 404, "application/json", "{\"code\":404,\"message\":\"x\","
		  "\"reason\":\"ACCOUNT_NOT_FOUND\"}", true, true },
		{ 400, "application/json", "{\"code\":400,\"message\":\"x\"}",
		  true, true },
		{ 200, "text/html", "<html></html>", true, false },
		{ 404, "text/plain", "404 page not found", true, false },
		{ 401, "application/json", "{\"code\":\"INVALID_TOKEN\"}",
		  false, false },
		{ 423, "application/json",
		  "{\"code\":\"ADMIN_COMPLIANCE_ACK_REQUIRED\"}",
		  false, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(answer_done) struct answer answer = made(
			cases[i].status, cases[i].type, cases[i].body);
		struct host_seen seen = { 0 };

		assert_int_equal(host_judge_probe_sync(&answer, &seen),
				 FAILURE_NONE);
		assert_int_equal(host_features_settled(&seen.features,
						       HOST_SIGN_SYNC_ROUTE),
				 cases[i].settled);
		assert_int_equal(seen.features.responses_mode, cases[i].mode);
	}
}

static void recorded_sync_routes_agree(void **state)
{
	(void)state;
	for (size_t v = 0; v < COUNT(versions); v++) {
		CLEANUP(answer_done) struct answer answer =
			recorded(versions[v], "53-sync-upstream");
		struct host_seen seen = { 0 };

		assert_int_equal(host_judge_probe_sync(&answer, &seen),
				 FAILURE_NONE);
		assert_int_equal(seen.features.models_sync, v > 0);
	}
}

static void a_passing_failure_of_the_sync_route_is_told(void **state)
{
	struct answer lost = { .transport = TRANSPORT_TIMEOUT };
	struct host_seen seen = { 0 };

	(void)state;
	assert_int_equal(host_judge_probe_sync(&lost, &seen),
			 FAILURE_TIMEOUT);
	assert_false(host_features_settled(&seen.features,
					   HOST_SIGN_SYNC_ROUTE));
}

/* ---- what is written ---- */

static json_t *written(const struct host_seen *seen)
{
	CLEANUP(jout_done) struct jout out = { .text.max = 64 << 10 };
	json_t *json;

	host_capabilities_write(&out, seen);
	assert_false(out.text.failed);
	json = json_loads(buf_str(&out.text), 0, NULL);
	assert_non_null(json);
	return json;
}

static const json_t *row(const json_t *snapshot, const char *name)
{
	size_t i;
	const json_t *item;

	json_array_foreach(json_object_get(snapshot, "evidence"), i, item)
		if (strcmp(host_member_text(item, "name"), name) == 0)
			return item;
	fail_msg("no evidence of %s", name);
	return NULL;
}

static void the_snapshot_says_how_we_know(void **state)
{
	struct host_seen seen = { .settings_read = true, .admin_ok = true };
	json_auto_t *json = NULL;
	const json_t *item;

	(void)state;
	seen.features = host_features_of("0.1.129");
	host_features_saw(&seen.features, HOST_SIGN_CREDENTIALS_STATUS, true);
	json = written(&seen);
	item = row(json, "redacts");
	assert_true(json_is_true(json_object_get(item, "value")));
	assert_string_equal(host_member_text(item, "evidence"), "observed");
	assert_string_equal(json_string_value(json_array_get(
		json_object_get(item, "blocks"), 0)), "see_replaced_key");
	item = row(json, "messages_by_chat");
	assert_string_equal(host_member_text(item, "evidence"), "version");
	assert_string_equal(json_string_value(json_array_get(
		json_object_get(item, "blocks"), 0)), "messages");
	item = row(json, "group_isolation");
	assert_true(json_is_null(json_object_get(item, "value")));
	assert_string_equal(host_member_text(item, "evidence"), "assumed");
	assert_int_equal(json_array_size(json_object_get(item, "blocks")), 0);
	item = row(json, "user_login");
	assert_true(json_is_true(json_object_get(item, "value")));
	assert_true(json_is_true(json_object_get(json_object_get(
		json, "features"), "redacts")));
}

static void simple_mode_is_said_and_blocks_no_import(void **state)
{
	struct host_seen seen = { .settings_read = true, .admin_ok = true,
				  .simple_suspected = true };
	json_auto_t *suspected = NULL, *sure = NULL;
	const json_t *item;

	(void)state;
	suspected = written(&seen);
	item = row(suspected, "group_isolation");
	assert_true(json_is_false(json_object_get(item, "value")));
	assert_string_equal(host_member_text(item, "evidence"), "assumed");
	snprintf(seen.run_mode, sizeof(seen.run_mode), "simple");
	sure = written(&seen);
	item = row(sure, "group_isolation");
	assert_string_equal(host_member_text(item, "evidence"), "observed");
	assert_non_null(strstr(host_member_text(item, "sentence_en"),
			       "alias"));
	assert_null(host_why_not(&seen, "import_subscription"));
}

static void the_snapshot_is_read_back_as_it_was(void **state)
{
	static const char *const said[] = { "0.1.126", "0.1.150", "latest" };

	(void)state;
	for (size_t i = 0; i < COUNT(said); i++) {
		struct host_seen seen = { 0 };
		struct host_features back;
		json_auto_t *json = NULL;

		seen.features = host_features_of(said[i]);
		host_features_saw(&seen.features, HOST_SIGN_MODELS_LIST, true);
		json = written(&seen);
		back = host_features_read(json);
		assert_int_equal(back.at_least, seen.features.at_least);
		assert_true(back.test_by_chat);
		assert_int_equal(back.messages_by_chat,
				 seen.features.messages_by_chat);
	}
}

/* Written before there were signs. */
static void earlier_snapshots_can_be_read(void **state)
{
	json_auto_t *old = json_loads("{\"version\":\"0.1.126\",\"features\":"
		"{\"responses_mode\":true,\"redacts\":true}}", 0, NULL);
	struct host_features features = host_features_read(old);

	(void)state;
	assert_true(features.responses_mode && features.redacts);
	assert_false(features.test_by_chat);
	assert_true(features.loses_events);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_feature_has_words),
		cmocka_unit_test(versions_decide_where_nothing_was_seen),
		cmocka_unit_test(what_is_seen_goes_above_what_is_said),
		cmocka_unit_test(what_is_missing_proves_an_older_host),
		cmocka_unit_test(recorded_groups_tell_0_1_132),
		cmocka_unit_test(the_sync_route_tells_0_1_127),
		cmocka_unit_test(recorded_sync_routes_agree),
		cmocka_unit_test(a_passing_failure_of_the_sync_route_is_told),
		cmocka_unit_test(the_snapshot_says_how_we_know),
		cmocka_unit_test(simple_mode_is_said_and_blocks_no_import),
		cmocka_unit_test(the_snapshot_is_read_back_as_it_was),
		cmocka_unit_test(earlier_snapshots_can_be_read),
	};

	return cmocka_run_group_tests_name("host_features", tests, NULL, NULL);
}
