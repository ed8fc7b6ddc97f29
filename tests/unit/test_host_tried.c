/*
 * Every surface tried on a modelled host of each version: what is seen is
 * what the table says, and what the table calls safe takes nobody out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <inttypes.h>
#include <string.h>

#include <cmocka.h>

#include "schedd/host/answer.h"
#include "schedd/host/armour.h"
#include "schedd/host/group.h"
#include "schedd/host/mend.h"
#include "schedd/host/surface_try.h"
#include "shared/table.h"
#include "tests/model/host_stage_use.h"

static const struct host_peer peer = {
	.base_url = "", .auth = HOST_AUTH_BEARER, .inst = "ab12cd",
};

static const char *const method_names[METHOD__MAX] = {
	[METHOD_GET] = "GET", [METHOD_POST] = "POST", [METHOD_PUT] = "PUT",
	[METHOD_DELETE] = "DELETE",
};

/* The kinds of accounts, and the providers behind them. */
static const struct scene {
	const char *kind;
	const char *responses;
	int status;
	bool dual, converts;
} scenes[] = {
	{ "forced", "403", 403, false, false },
	{ "forced", "404", 404, false, false },
	{ "plain",  "ok",  200, true,  true },
	{ "forced", "ok",  200, true,  false },
};

static void send(struct host_stage *stage, const struct request *request,
		 const char *token, struct answer *ret)
{
	CLEANUP(model_answer_done) struct model_answer answer = { 0 };
	const char *body = buf_str(&request->body.text);
	const char *type;

	host_stage_send(stage, &(struct host_ask){
		.method = method_names[request->method],
		.path = request->url, .token = token,
		.body = *body ? body : NULL,
	}, &answer);
	type = model_answer_header(&answer, "Content-Type");
	*ret = (struct answer){
		.status = answer.status,
		.retry_after_ms = -1,
		.content_type = type ? xstrndup(type, strcspn(type, ";"))
				     : NULL,
		.body = xstrdup(answer.body),
		.body_len = answer.body_len,
	};
	answer_parse(ret);
}

static void serve_messages(struct host_stage *stage)
{
	CLEANUP(request_done) struct request request = { 0 };
	CLEANUP(answer_done) struct answer group = { 0 }, set = { 0 };

	host_ask_group(&request, &peer, host_stage_group(stage));
	send(stage, &request, stage->admin_token, &group);
	host_ask_group_dispatch(&request, &peer, host_data(&group), "mock-a");
	send(stage, &request, stage->admin_token, &set);
	assert_int_equal(host_judge_group_dispatch(&set, true), FAILURE_NONE);
}

/* By the plan for an account that lacks it. */
static void put_armour_on(struct host_stage *stage,
			  const struct host_features *features)
{
	json_auto_t *live = stage_account(stage);
	json_auto_t *wanted = json_object();
	const struct host_mend_case the = {
		.features = features, .wanted = wanted, .live = live,
		.inst = "ab12cd", .pool_mode = true,
	};
	struct host_mend_plan plan = host_mend_plan(&the);
	/* Some scenes convert on purpose: nothing else is repaired here. */
	const struct host_mend pool = { .repairs = 1u << HOST_REPAIR_POOL };
	CLEANUP(request_done) struct request request = { 0 };
	CLEANUP(answer_done) struct answer answer = { 0 };

	assert_true(plan.symptoms & 1u << HOST_SYMPTOM_POOL);
	assert_true(host_ask_mend(&request, &peer, &the, &pool));
	send(stage, &request, stage->admin_token, &answer);
	assert_int_equal(answer.status, 200);
	host_driver_wait(stage->driver, 1100);
}

static struct host_stage *stage_for(enum host_version version,
				    const struct scene *scene,
				    const struct host_surface_case *the)
{
	AUTO_FREE char *words = xasprintf("up=rich responses=%s group user"
		" login key account=%s wait=2000", scene->responses,
		scene->kind);
	struct host_stage *stage = stage_of(version, words);

	if (the->dispatch)
		serve_messages(stage);
	if (the->pool_mode)
		put_armour_on(stage, the->features);
	return stage;
}

static void try(enum host_version version, const struct scene *scene,
		enum host_surface surface, bool dispatch, bool pool)
{
	struct host_features features = host_features_of(
		host_version_name(version));
	const struct host_surface_case the = {
		.features = &features,
		.provider = scene->dual ? HOST_PROVIDER_DUAL
					: HOST_PROVIDER_CHAT_ONLY,
		.responses_status = scene->status,
		.converts = scene->converts,
		.dispatch = dispatch, .pool_mode = pool,
	};
	struct host_stage *stage = stage_for(version, scene, &the);
	enum host_outcome expected = host_surface_expect(surface,
							 &the).outcome;
	const struct host_chat chat = { .model = "mock-a", .nonce = "n",
					.request_id = "r" };
	CLEANUP(request_done) struct request request = { 0 };
	CLEANUP(answer_done) struct answer answer = { 0 };
	CLEANUP(host_tried_done) struct host_tried tried = { 0 };

	/* The provider of the model embeds for everybody. */
	if (surface == HOST_SURFACE_EMBEDDINGS && features.embeddings)
		expected = HOST_OUTCOME_WORKS;
	host_ask_surface(&request, &peer, surface, &chat);
	send(stage, &request, stage->key, &answer);
	host_judge_surface(&answer, surface, &tried);
	if (tried.outcome != (expected == HOST_OUTCOME_UNSAFE
			      ? HOST_OUTCOME_REFUSED : expected))
		fail_msg("%s %s %s%s%s: %s, not %s", host_version_name(version),
			 host_surface_name(surface), scene->responses,
			 dispatch ? " dispatch" : "", pool ? " pool" : "",
			 host_outcome_name(tried.outcome),
			 host_outcome_name(expected));
	if (stage_chat(stage) != (expected == HOST_OUTCOME_UNSAFE ? 503 : 200))
		fail_msg("%s %s: chat after it", host_version_name(version),
			 host_surface_name(surface));
	stage_finish(stage);
}

static void the_table_is_what_happens(void **state)
{
	(void)state;
	for (unsigned v = 0; v < HOST_VERSION__MAX; v++)
		for (size_t i = 0; i < COUNT(scenes); i++)
			for (unsigned n = 0; n < HOST_SURFACE__MAX * 4; n++)
				try(v, &scenes[i], n / 4, n & 1, n & 2);
}

/* What D13b says of whom it is put on is enough for every odd user. */
static void armour_where_it_is_wanted_lets_nobody_fall(void **state)
{
	(void)state;
	for (unsigned v = 0; v < HOST_VERSION__MAX * 2; v++) {
		struct host_features features = host_features_of(
			host_version_name(v / 2));
		bool dispatch = v & 1;
		struct host_surface_case the = {
			.features = &features,
			.provider = HOST_PROVIDER_CHAT_ONLY,
			.responses_status = 403, .dispatch = dispatch,
		};

		the.pool_mode = host_armour_wants_pool(&features, 403,
						       dispatch);
		for (unsigned s = 0; s < HOST_SURFACE_EMBEDDINGS; s++)
			assert_true(host_surface_is_safe(s, &the));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_is_what_happens),
		cmocka_unit_test(armour_where_it_is_wanted_lets_nobody_fall),
	};

	return cmocka_run_group_tests_name("host_tried", tests, NULL, NULL);
}
