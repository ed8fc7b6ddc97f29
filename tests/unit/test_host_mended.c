/*
 * Plans of repair carried out on a modelled host of each version: whatever
 * was done to an account, chats work again, or a person is asked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "schedd/host/answer.h"
#include "schedd/host/mend.h"
#include "shared/table.h"
#include "tests/model/host_stage_use.h"

#define LINE "user login key"
#define ALONE "group account=forced " LINE
#define SHARED "group account=mapped account=forced " LINE

/* Turns of the plan before a test gives up. */
#define TURNS 3

/* A shared group may need a poll of the scheduler. */
#define WARM_UP_MS 1100

static const struct host_peer peer = {
	.base_url = "", .auth = HOST_AUTH_BEARER, .inst = "ab12cd",
};

static const char *const method_names[METHOD__MAX] = {
	[METHOD_GET] = "GET", [METHOD_POST] = "POST", [METHOD_PUT] = "PUT",
	[METHOD_DELETE] = "DELETE",
};

static json_t *wanted_of(const struct host_stage *stage)
{
	return json_pack("{s{sss{ss}}s{ss}s[I]}",
		"credentials", "base_url", "http://upstream.example/v1",
		"model_mapping", "mock-a", "mock-a",
		"extra", "openai_responses_mode", "force_chat_completions",
		"group_ids", (json_int_t)host_stage_group(stage));
}

static void send(struct host_stage *stage, const struct request *request,
		 struct answer *ret)
{
	const char *body = buf_str(&request->body.text);
	json_t *json = host_stage_ask_status(stage,
		method_names[request->method], request->url,
		stage->admin_token, *body ? body : NULL, &ret->status);

	ret->json = json;
	ret->retry_after_ms = -1;
}

static void carry_out(struct host_stage *stage,
		      const struct host_mend_case *the,
		      const struct host_mend *mend)
{
	CLEANUP(request_done) struct request request = { 0 };
	CLEANUP(answer_done) struct answer answer = { 0 };
	const json_t *live;

	host_driver_wait(stage->driver, mend->delay_ms);
	if (!host_ask_mend(&request, &peer, the, mend))
		return;
	send(stage, &request, &answer);
	assert_int_equal(host_judge_mend(&answer, the, mend, &live),
			 FAILURE_NONE);
}

/* What a diagnosis knows when a proof has failed. */
struct known {
	enum failure gateway;
	int upstream_status;
	bool shared;
	bool off_by_us;
};

static struct host_mend_plan mend(struct host_stage *stage,
				  const struct known *known)
{
	struct host_features features = host_features_of(
		host_version_name(stage->version));
	json_auto_t *wanted = wanted_of(stage);
	struct host_mend_case the = {
		.features = &features, .wanted = wanted, .inst = "ab12cd",
		.shared = known->shared, .off_by_us = known->off_by_us,
		.gateway = known->gateway,
		.upstream_status = known->upstream_status,
		.direct_known = true, .direct = FAILURE_NONE,
		.changed_at = host_driver_now(stage->driver),
	};
	struct host_mend_plan first = { 0 };

	for (int turn = 0; turn < TURNS; turn++) {
		json_auto_t *live = stage_account(stage);
		struct host_mend_plan plan;

		the.live = live;
		the.now = host_driver_now(stage->driver);
		plan = host_mend_plan(&the);
		if (turn == 0)
			first = plan;
		if (plan.count == 0)
			return first;
		for (size_t i = 0; i < plan.count; i++) {
			carry_out(stage, &the, &plan.mends[i]);
			the.done |= plan.mends[i].repairs;
			the.changed_at = host_driver_now(stage->driver);
		}
	}
	fail_msg("the repair does not end");
	return first;
}

struct harm {
	const char *name;
	const char *words;	/* to the stage */
	const char *update;	/* bulk-update by somebody; or NULL */
	const char *off;	/* body of .../schedulable; or NULL */
	int upstream_status;
	const char *heal;	/* words after which the provider is well */
	enum failure class;
	bool mends;
	int most_ms;		/* until it is proven */
};

static void do_harm(struct host_stage *stage, const struct harm *harm)
{
	if (harm->update)
		assert_true(host_stage_bulk(stage, harm->update));
	if (harm->off)
		stage_act(stage, "schedulable", harm->off);
	host_driver_wait(stage->driver, 1500);
	stage_set(stage, harm->words);
	if (harm->heal)
		stage_set(stage, harm->heal);
}

static int64_t until_served(struct host_stage *stage, int64_t since)
{
	int64_t end = host_driver_now(stage->driver) + WARM_UP_MS;

	while (stage_chat(stage) != 200) {
		if (host_driver_now(stage->driver) > end)
			return -1;
		host_driver_wait(stage->driver, 50);
	}
	return host_driver_now(stage->driver) - since;
}

static void suffer(enum host_version version, const struct harm *harm,
		   const char *scene)
{
	struct host_stage *stage = stage_of(version, scene);
	const struct known known = {
		.gateway = FAILURE_NO_ACCOUNT,
		.upstream_status = harm->upstream_status,
		.shared = strcmp(scene, SHARED) == 0,
	};
	struct host_mend_plan plan;
	int64_t since, took = 0;

	host_driver_wait(stage->driver, 2000);
	assert_int_equal(stage_chat(stage), 200);
	do_harm(stage, harm);
	since = host_driver_now(stage->driver);
	plan = mend(stage, &known);
	if (plan.class != harm->class)
		fail_msg("%s on %s: %s", harm->name,
			 host_version_name(version), failure_name(plan.class));
	if (harm->mends)
		took = until_served(stage, since);
	else
		assert_int_not_equal(stage_chat(stage), 200);
	if (took < 0 || took > harm->most_ms)
		fail_msg("%s on %s: %lld ms", harm->name,
			 host_version_name(version), (long long)took);
	stage_finish(stage);
}

static const struct harm harms[] = {
	{ .name = "raw chat undone, and benched by a 403",
	  .update = "\"extra\":{\"openai_responses_mode\":\"auto\","
		    "\"openai_responses_supported\":true}",
	  .words = "responses=403 chat", .upstream_status = 403,
	  .class = FAILURE_RESPONSES_FORCED, .mends = true, .most_ms = 3000 },
	{ .name = "raw chat undone, and in error by a 401",
	  .update = "\"extra\":{\"openai_responses_mode\":\"auto\","
		    "\"openai_responses_supported\":true}",
	  .words = "responses=401 chat", .upstream_status = 401,
	  .class = FAILURE_RESPONSES_FORCED, .mends = true, .most_ms = 3000 },
	{ .name = "taken out of its group", .update = "\"group_ids\":[]",
	  .words = "chat", .class = FAILURE_GROUP_EMPTY, .mends = true,
	  .most_ms = 1500 },
	{ .name = "a mapping of somebody's", .words = "chat",
	  .update = "\"credentials\":{\"model_mapping\":{\"z\":\"mock-a\"}}",
	  .class = FAILURE_MODEL_NOT_LISTED, .mends = true, .most_ms = 1500 },
	{ .name = "a key that was refused for a while",
	  .words = "up=401 chat", .heal = "up=ok",
	  .class = FAILURE_ACCOUNT_ERROR, .mends = true, .most_ms = 3000 },
	{ .name = "no money for a while", .words = "up=402 chat",
	  .heal = "up=ok", .class = FAILURE_ACCOUNT_ERROR, .mends = true,
	  .most_ms = 3000 },
	{ .name = "a 403 that passed", .words = "up=403 chat",
	  .heal = "up=ok", .class = FAILURE_ACCOUNT_BENCHED, .mends = true,
	  .most_ms = 4000 },
	{ .name = "a limit", .words = "up=429 chat", .heal = "up=ok",
	  .class = FAILURE_ACCOUNT_BENCHED, .mends = true, .most_ms = 7500 },
	{ .name = "switched off by a person",
	  .off = "{\"schedulable\":false}", .words = "chat",
	  .class = FAILURE_ACCOUNT_OFF },
	{ .name = "another key",
	  .update = "\"credentials\":{\"api_key\":\"not-the-key\"}",
	  .words = "up=key chat", .upstream_status = 401,
	  .class = FAILURE_KEY_REPLACED },
};

static void every_harm_is_named_and_mended(const char *scene)
{
	for (size_t i = 0; i < COUNT(harms); i++)
		for (int v = 0; v < HOST_VERSION__MAX; v++)
			suffer((enum host_version)v, &harms[i], scene);
}

static void alone_in_its_group(void **state)
{
	(void)state;
	every_harm_is_named_and_mended(ALONE);
}

static void beside_another_account(void **state)
{
	(void)state;
	every_harm_is_named_and_mended(SHARED);
}

/* A switch that CRM itself put off is put on again. */
static void what_we_switched_off_comes_back(void **state)
{
	static const struct known known = { .off_by_us = true };

	(void)state;
	for (int v = 0; v < HOST_VERSION__MAX; v++) {
		struct host_stage *stage = stage_of((enum host_version)v,
						    ALONE);

		stage_act(stage, "schedulable", "{\"schedulable\":false}");
		host_driver_wait(stage->driver, 1500);
		assert_int_equal(stage_chat(stage), 503);
		mend(stage, &known);
		assert_true(until_served(stage,
				host_driver_now(stage->driver)) >= 0);
		stage_finish(stage);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alone_in_its_group),
		cmocka_unit_test(beside_another_account),
		cmocka_unit_test(what_we_switched_off_comes_back),
	};

	return cmocka_run_group_tests_name("host_mended", tests, NULL, NULL);
}
