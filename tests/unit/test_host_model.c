/*
 * How a modelled host behaves in time: probes, races, caches.
 *
 * The form of its answers is what test_replay looks at, and how accounts
 * fail and come back test_host_recovery.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>

#include "shared/own.h"
#include "shared/table.h"
#include "tests/model/host_stage_use.h"

#define ADMIN "/api/v1/admin"
#define LINE "user login key"

/* A stage of a chat-only upstream whose probe takes a while. */
static struct host_stage *slow_probe(uint64_t seed, const char *words)
{
	AUTO_FREE char *all = xasprintf("seed=%" PRIu64 " responses=403 %s",
					seed, words);
	struct host_stage *stage = stage_of(HOST_0_1_126, all);

	stage->mock.responses_ms = 300;
	return stage;
}

static void on_126_the_poller_can_catch_an_account_made_in_its_group(
	void **state)
{
	int caught = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 60; seed++) {
		struct host_stage *stage = slow_probe(seed, "group " LINE);
		int status;

		stage_set(stage, "account=plain");
		stage_await_flag(stage);
		assert_true(host_stage_bulk(stage, STAGE_CHAT_ONLY));
		status = stage_chat(stage);
		caught += status == 502;
		assert_true(status == 502 || status == 200);
		stage_finish(stage);
	}
	/* 12 of 50 were seen. */
	assert_in_range(caught, 6, 40);
}

static void on_126_an_account_bound_behind_its_probe_serves_at_once(
	void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct host_stage *stage = slow_probe(seed, "group " LINE);
		AUTO_FREE char *update = xasprintf(
			STAGE_CHAT_ONLY ",\"group_ids\":[%" PRId64 "]",
			host_stage_group(stage));

		stage_set(stage, "loose=plain");
		stage_await_flag(stage);
		assert_true(host_stage_bulk(stage, update));
		assert_int_equal(stage_chat(stage), 200);
		stage_finish(stage);
	}
}

/* Parked in a group of nobody, then moved to a live one. */
static void on_126_a_parked_account_is_never_benched(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct host_stage *stage = slow_probe(
			seed, "group " LINE " account=forced");
		AUTO_FREE char *update = xasprintf(
			STAGE_CHAT_ONLY ",\"credentials\":{\"model_mapping\":"
			"{\"mock-new\":\"mock-a\"}},\"group_ids\":[%" PRId64
			"]", host_stage_group(stage));
		int status;

		stage_set(stage, "group account=plain");
		stage_await_flag(stage);
		assert_true(host_stage_bulk(stage, update));
		while ((status = stage_chat_with(stage, "mock-new")) != 200) {
			assert_int_equal(status, 503);
			host_driver_wait(stage->driver, 20);
		}
		assert_int_equal(stage_chat(stage), 200);
		assert_false(stage_account_is(stage, "status", "error"));
		stage_finish(stage);
	}
}

static void the_mode_wins_over_the_probe_where_it_is_known(void **state)
{
	(void)state;
	for (int v = 0; v < HOST_VERSION__MAX; v++) {
		struct host_stage *stage = stage_of((enum host_version)v,
			"responses=403 group " LINE " account=mode wait=100");
		json_auto_t *account = stage_account(stage);
		const json_t *extra = json_object_get(account, "extra");

		assert_true(json_is_true(json_object_get(
			extra, "openai_responses_supported")));
		assert_int_equal(stage_chat(stage),
				 v == HOST_0_1_126 ? 502 : 200);
		assert_int_equal(stage->mock.probes, 1);
		stage_finish(stage);
	}
}

static void a_silent_upstream_leaves_the_flag_unset(void **state)
{
	struct host_stage *stage = stage_of(HOST_0_1_129,
		"responses=hang group account=plain wait=60000");
	json_auto_t *account = stage_account(stage);

	(void)state;
	assert_true(json_is_null(json_object_get(account, "extra")));
	stage_finish(stage);
}

static void while_unset_later_hosts_fall_back_to_chat_by_themselves(
	void **state)
{
	(void)state;
	for (int v = 0; v < HOST_VERSION__MAX; v++) {
		struct host_stage *stage = stage_of((enum host_version)v,
			"responses=hang group " LINE " account=plain");

		stage_set(stage, "responses=404");
		assert_int_equal(stage_chat(stage),
				 v == HOST_0_1_126 ? 404 : 200);
		stage_finish(stage);
	}
}

static void a_group_of_its_own_needs_no_warm_up(void **state)
{
	(void)state;
	for (int v = 0; v < HOST_VERSION__MAX; v++) {
		struct host_stage *stage = stage_of((enum host_version)v,
			"responses=404 group " LINE " chat loose=forced");
		AUTO_FREE char *update = xasprintf(
			"\"group_ids\":[%" PRId64 "]",
			host_stage_group(stage));

		assert_true(host_stage_bulk(stage, update));
		assert_int_equal(stage_chat(stage), 200);
		stage_finish(stage);
	}
}

static void in_a_live_group_a_new_account_waits_for_the_poller(void **state)
{
	int64_t longest = 0, shortest = 1000;

	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		AUTO_FREE char *words = xasprintf("seed=%" PRIu64
			" group account=mapped " LINE, seed);
		struct host_stage *stage = stage_of(HOST_0_1_129, words);
		int64_t took;

		assert_int_equal(stage_chat_with(stage, "pub-a"), 200);
		stage_set(stage, "account=mode");
		took = stage_warm_up(stage, 1100, 503);
		longest = took > longest ? took : longest;
		shortest = took < shortest ? took : shortest;
		stage_finish(stage);
	}
	assert_true(shortest < 400 && longest > 600);
}

static void the_list_of_models_is_kept_for_15_s(void **state)
{
	struct host_stage *stage = stage_of(HOST_0_1_129,
		"group account=mode " LINE " models");
	json_t *before, *after;

	(void)state;
	assert_true(host_stage_bulk(stage, "\"credentials\":"
				    "{\"model_mapping\":{\"x\":\"x\"}}"));
	host_driver_wait(stage->driver, 14000);
	before = host_stage_ask(stage, "GET", "/v1/models", stage->key, NULL);
	host_driver_wait(stage->driver, 1500);
	after = host_stage_ask(stage, "GET", "/v1/models", stage->key, NULL);
	assert_string_equal(json_string_value(json_object_get(json_array_get(
		json_object_get(before, "data"), 0), "id")), "mock-a");
	assert_string_equal(json_string_value(json_object_get(json_array_get(
		json_object_get(after, "data"), 0), "id")), "x");
	json_decref(before);
	json_decref(after);
	stage_finish(stage);
}

struct join {
	const char *base;
	const char *url[HOST_VERSION__MAX];
};

#define U "http://u"

static const struct join joins[] = {
	{ U, { U "/v1/chat/completions", U "/v1/chat/completions",
	       U "/v1/chat/completions" } },
	{ U "/v1/", { U "/v1/chat/completions", U "/v1/chat/completions",
		      U "/v1/chat/completions" } },
	{ U "/compatible-mode/v1",
	  { U "/compatible-mode/v1/chat/completions",
	    U "/compatible-mode/v1/chat/completions",
	    U "/compatible-mode/v1/chat/completions" } },
	{ U "/coding", { U "/coding/v1/chat/completions",
			 U "/coding/v1/chat/completions",
			 U "/coding/v1/chat/completions" } },
	{ U "/api/paas/v4", { U "/api/paas/v4/v1/chat/completions",
			      U "/api/paas/v4/chat/completions",
			      U "/api/paas/v4/chat/completions" } },
	{ U "/v3/chat/completions", { U "/v3/chat/completions",
				      U "/v3/chat/completions",
				      U "/v3/chat/completions" } },
	{ U "/v1?x=1", { U "/v1?x=1/v1/chat/completions",
			 U "/v1?x=1/v1/chat/completions",
			 U "/v1/chat/completions?x=1" } },
};

static void each_version_joins_urls_its_own_way(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(joins) * HOST_VERSION__MAX; i++) {
		const struct join *join = &joins[i / HOST_VERSION__MAX];
		enum host_version version = i % HOST_VERSION__MAX;
		struct host_stage *stage = stage_of(version,
			"group account=forced " LINE);
		AUTO_FREE char *update = xasprintf(
			"\"credentials\":{\"base_url\":\"%s\"}", join->base);

		assert_true(host_stage_bulk(stage, update));
		stage_set(stage, "wait=1500 chat");
		assert_string_equal(stage->mock.last_target,
				    join->url[version]);
		stage_finish(stage);
	}
}

static int create_with_key(struct host_stage *stage, const char *key,
			   const char *name, int64_t group_id)
{
	struct model_request request = {
		.method = xstrdup("POST"), .target = xstrdup(ADMIN "/accounts"),
		.body = xasprintf("{\"name\":\"%s\",\"platform\":\"openai\","
				  "\"type\":\"apikey\",\"credentials\":{"
				  "\"base_url\":\"http://u\",\"api_key\":"
				  "\"k\"},\"group_ids\":[%" PRId64 "]}", name,
				  group_id),
	};
	struct model_answer answer = { 0 };
	AUTO_FREE char *bearer = xasprintf("Bearer %s", stage->admin_token);
	int status;

	request.body_len = strlen(request.body);
	model_request_add_header(&request, "Authorization", bearer);
	model_request_add_header(&request, "Idempotency-Key", key);
	host_driver_send(stage->driver, &request, &answer);
	status = answer.status;
	model_request_done(&request);
	model_answer_done(&answer);
	return status;
}

static int64_t accounts_in(struct host_stage *stage)
{
	json_auto_t *answer = host_stage_ask(stage, "GET", ADMIN "/accounts",
					     stage->admin_token, NULL);

	return json_integer_value(json_object_get(
		json_object_get(answer, "data"), "total"));
}

static void a_replayed_create_makes_and_probes_nothing(void **state)
{
	struct host_stage *stage = stage_of(HOST_0_1_129, "group");
	int64_t group_id = host_stage_group(stage);

	(void)state;
	assert_int_equal(create_with_key(stage, "k-1", "a", group_id), 200);
	assert_int_equal(create_with_key(stage, "k-1", "a", group_id), 200);
	assert_int_equal(create_with_key(stage, "k-1", "b", group_id), 409);
	stage_set(stage, "wait=1000");
	assert_int_equal(accounts_in(stage), 1);
	assert_int_equal(stage->mock.probes, 1);
	stage_finish(stage);
}

static void a_failed_create_is_made_again_behind_its_backoff(void **state)
{
	struct host_stage *stage = stage_of(HOST_0_1_179, "group");

	(void)state;
	assert_int_equal(create_with_key(stage, "k-1", "a", 4711), 500);
	assert_int_equal(create_with_key(stage, "k-1", "a", 4711), 409);
	stage_set(stage, "wait=6000");
	assert_int_equal(create_with_key(stage, "k-1", "a", 4711), 500);
	assert_int_equal(accounts_in(stage), 2);
	stage_finish(stage);
}

static void an_effect_is_there_before_its_answer(void **state)
{
	struct host_stage *stage = stage_of(HOST_0_1_129, "");
	struct host_model *model = host_driver_model(stage->driver);
	struct model_request request = {
		.method = xstrdup("POST"), .target = xstrdup(ADMIN "/groups"),
		.body = xstrdup("{\"name\":\"g\",\"rate_multiplier\":1}"),
	};
	AUTO_FREE char *bearer = xasprintf("Bearer %s", stage->admin_token);
	json_t *all;

	(void)state;
	request.body_len = strlen(request.body);
	model_request_add_header(&request, "Authorization", bearer);
	host_driver_start(stage->driver, &request);
	all = host_model_state(model);
	assert_int_equal(json_array_size(json_object_get(all, "groups")), 2);
	json_decref(all);
	model_request_done(&request);
	stage_finish(stage);
}

/* What is left of an account's credentials after one call. */
static void expect_left(struct host_stage *stage, bool url, bool key)
{
	json_auto_t *all = host_model_state(host_driver_model(stage->driver));
	const json_t *left = json_object_get(json_array_get(
		json_object_get(all, "accounts"), 0), "credentials");

	assert_int_equal(json_object_get(left, "base_url") != NULL, url);
	assert_int_equal(json_object_get(left, "api_key") != NULL, key);
}

static void put_replaces_what_bulk_update_merges(void **state)
{
	static const char update[] =
		"\"credentials\":{\"model_mapping\":{\"m\":\"m\"}}";

	(void)state;
	for (int v = 0; v < HOST_VERSION__MAX; v++) {
		struct host_stage *stage = stage_of((enum host_version)v,
			"group account=plain wait=1000");
		AUTO_FREE char *path = xasprintf(ADMIN "/accounts/%" PRId64,
						 stage->account_id);
		AUTO_FREE char *body = xasprintf("{%s}", update);

		assert_true(host_stage_bulk(stage, update));
		stage_set(stage, "wait=1000");
		expect_left(stage, true, true);
		assert_int_equal(stage->mock.probes, 1);
		assert_true(host_stage_admin(stage, "PUT", path, body));
		expect_left(stage, false, v != HOST_0_1_126);
		/* Without a key there is nothing to probe with. */
		stage_set(stage, "wait=1000");
		assert_int_equal(stage->mock.probes,
				 v == HOST_0_1_126 ? 1 : 2);
		stage_finish(stage);
	}
}

static void an_unknown_group_leaves_an_account_behind(void **state)
{
	struct host_stage *stage = stage_of(HOST_0_1_129, "group");
	json_t *found;

	(void)state;
	assert_false(host_stage_make_account(stage, "orphan", "plain",
					     "4711"));
	found = host_stage_ask(stage, "GET",
			       ADMIN "/accounts?search=ORPHAN&page_size=5000",
			       stage->admin_token, NULL);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(
		found, "data"), "total")), 1);
	/* Too large a page is not cut down but forgotten. */
	assert_int_equal(json_integer_value(json_object_get(json_object_get(
		found, "data"), "page_size")), 20);
	json_decref(found);
	stage_finish(stage);
}

static void in_simple_mode_groups_do_not_separate(void **state)
{
	struct host_stage *stage = stage_of(HOST_0_1_129,
		"simple group account=mapped group user=0 login key");

	(void)state;
	assert_int_equal(stage_chat_with(stage, "pub-a"), 200);
	stage_finish(stage);
}

#define SHARED "group account=mapped " LINE " account=forced "

static char *history(uint64_t seed)
{
	AUTO_FREE char *words = xasprintf("seed=%" PRIu64 " " SHARED
		"up=403 chat wait=700 models", seed);
	struct host_stage *stage = stage_of(HOST_0_1_126, words);
	json_t *all = host_model_state(host_driver_model(stage->driver));
	char *text = json_dumps(all, JSON_COMPACT);

	json_decref(all);
	stage_finish(stage);
	return text;
}

static void the_same_seed_gives_the_same_host(void **state)
{
	AUTO_FREE char *one = history(5);
	AUTO_FREE char *again = history(5);
	AUTO_FREE char *other = history(6);

	(void)state;
	assert_string_equal(one, again);
	assert_string_not_equal(one, other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		 on_126_the_poller_can_catch_an_account_made_in_its_group),
		cmocka_unit_test(
		 on_126_an_account_bound_behind_its_probe_serves_at_once),
		cmocka_unit_test(on_126_a_parked_account_is_never_benched),
		cmocka_unit_test(
		 the_mode_wins_over_the_probe_where_it_is_known),
		cmocka_unit_test(a_silent_upstream_leaves_the_flag_unset),
		cmocka_unit_test(
		 while_unset_later_hosts_fall_back_to_chat_by_themselves),
		cmocka_unit_test(a_group_of_its_own_needs_no_warm_up),
		cmocka_unit_test(
		 in_a_live_group_a_new_account_waits_for_the_poller),
		cmocka_unit_test(the_list_of_models_is_kept_for_15_s),
		cmocka_unit_test(each_version_joins_urls_its_own_way),
		cmocka_unit_test(a_replayed_create_makes_and_probes_nothing),
		cmocka_unit_test(
		 a_failed_create_is_made_again_behind_its_backoff),
		cmocka_unit_test(an_effect_is_there_before_its_answer),
		cmocka_unit_test(put_replaces_what_bulk_update_merges),
		cmocka_unit_test(an_unknown_group_leaves_an_account_behind),
		cmocka_unit_test(in_simple_mode_groups_do_not_separate),
		cmocka_unit_test(the_same_seed_gives_the_same_host),
	};

	return cmocka_run_group_tests_name("host_model", tests, NULL, NULL);
}
