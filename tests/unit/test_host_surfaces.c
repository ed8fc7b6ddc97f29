/*
 * What each client surface of a modelled host does, by version and by what
 * the upstream has, and which of them take an account out of service.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <string.h>

#include "shared/own.h"
#include "shared/table.h"
#include "tests/model/host_stage_use.h"

#define CHAT_BODY "{\"model\":\"mock-a\",\"messages\":[{\"role\":\"user\"," \
		  "\"content\":\"hi\"}]}"
#define RESPONSES_BODY "{\"model\":\"mock-a\",\"input\":\"hi\"}"
#define STREAM_BODY "{\"model\":\"mock-a\",\"input\":\"hi\",\"stream\":true}"
#define MESSAGES_BODY "{\"model\":\"mock-a\",\"max_tokens\":64," \
		      "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}"

/* Upstreams: the kind of account, what it has, and who must not use it. */
enum upstream { CHATONLY, DUAL, DUAL_FORCED, UPSTREAM__MAX };

static const struct {
	const char *kind;
	const char *responses;
} upstreams[] = {
	[CHATONLY]    = { "forced", "403" },
	[DUAL]	      = { "plain", "ok" },
	[DUAL_FORCED] = { "forced", "ok" },
};

/* Where a request went, as a letter: none, chat, responses, embeddings. */
struct outcome {
	int status;
	char went;
	bool benched;
};

#define OUT(status, went) { (status), (went), false }
#define BENCH(status, went) { (status), (went), true }

struct surface {
	const char *path;
	const char *body;
	bool dispatch;
	/* Of 0.1.126, 0.1.129, 0.1.179 */
	struct outcome of[UPSTREAM__MAX][HOST_VERSION__MAX];
};

static const struct surface surfaces[] = {
	{ "/v1/chat/completions", CHAT_BODY, false, {
	  { OUT(200, 'c'), OUT(200, 'c'), OUT(200, 'c') },
	  { OUT(200, 'r'), OUT(200, 'r'), OUT(200, 'r') },
	  { OUT(200, 'c'), OUT(200, 'c'), OUT(200, 'c') } } },
	{ "/v1/responses", RESPONSES_BODY, false, {
	  { BENCH(502, 'r'), OUT(200, 'c'), OUT(200, 'c') },
	  { OUT(200, 'r'), OUT(200, 'r'), OUT(200, 'r') },
	  { OUT(200, 'r'), OUT(200, 'c'), OUT(200, 'c') } } },
	{ "/v1/responses", STREAM_BODY, false, {
	  { BENCH(502, 'r'), OUT(200, 'c'), OUT(200, 'c') },
	  { OUT(200, 'r'), OUT(200, 'r'), OUT(200, 'r') },
	  { OUT(200, 'r'), OUT(200, 'c'), OUT(200, 'c') } } },
	{ "/responses", RESPONSES_BODY, false, {
	  { BENCH(502, 'r'), OUT(200, 'c'), OUT(200, 'c') },
	  { OUT(200, 'r'), OUT(200, 'r'), OUT(200, 'r') },
	  { OUT(200, 'r'), OUT(200, 'c'), OUT(200, 'c') } } },
	{ "/backend-api/codex/responses", RESPONSES_BODY, false, {
	  { BENCH(502, 'r'), OUT(200, 'c'), OUT(200, 'c') },
	  { OUT(200, 'r'), OUT(200, 'r'), OUT(200, 'r') },
	  { OUT(200, 'r'), OUT(200, 'c'), OUT(200, 'c') } } },
	{ "/v1/responses/compact", RESPONSES_BODY, false, {
	  { BENCH(502, 'r'), OUT(200, 'c'), OUT(503, '-') },
	  { BENCH(502, 'r'), BENCH(502, 'r'), BENCH(502, 'r') },
	  { BENCH(502, 'r'), OUT(200, 'c'), OUT(503, '-') } } },
	{ "/v1/responses/input_tokens", RESPONSES_BODY, false, {
	  { BENCH(502, 'r'), OUT(200, 'c'), OUT(200, '-') },
	  { OUT(200, 'r'), OUT(502, 'r'), OUT(200, '-') },
	  { OUT(200, 'r'), OUT(200, 'c'), OUT(200, '-') } } },
	{ "/v1/messages", MESSAGES_BODY, false, {
	  { OUT(403, '-'), OUT(403, '-'), OUT(403, '-') },
	  { OUT(403, '-'), OUT(403, '-'), OUT(403, '-') },
	  { OUT(403, '-'), OUT(403, '-'), OUT(403, '-') } } },
	{ "/v1/messages", MESSAGES_BODY, true, {
	  { BENCH(502, 'r'), BENCH(502, 'r'), OUT(200, 'c') },
	  { OUT(200, 'r'), OUT(200, 'r'), OUT(200, 'r') },
	  { OUT(200, 'r'), OUT(200, 'r'), OUT(200, 'c') } } },
	{ "/v1/messages/count_tokens", MESSAGES_BODY, false, {
	  { OUT(404, '-'), OUT(404, '-'), OUT(403, '-') },
	  { OUT(404, '-'), OUT(404, '-'), OUT(403, '-') },
	  { OUT(404, '-'), OUT(404, '-'), OUT(403, '-') } } },
	{ "/v1/messages/count_tokens", MESSAGES_BODY, true, {
	  { OUT(404, '-'), OUT(404, '-'), BENCH(403, 'r') },
	  { OUT(404, '-'), OUT(404, '-'), OUT(200, 'r') },
	  { OUT(404, '-'), OUT(404, '-'), OUT(200, 'r') } } },
	{ "/v1/embeddings", RESPONSES_BODY, false, {
	  { OUT(404, '-'), OUT(404, '-'), OUT(200, 'e') },
	  { OUT(404, '-'), OUT(404, '-'), OUT(200, 'e') },
	  { OUT(404, '-'), OUT(404, '-'), OUT(200, 'e') } } },
	{ "/v1/completions", RESPONSES_BODY, false, {
	  { OUT(404, '-'), OUT(404, '-'), OUT(404, '-') },
	  { OUT(404, '-'), OUT(404, '-'), OUT(404, '-') },
	  { OUT(404, '-'), OUT(404, '-'), OUT(404, '-') } } },
};

static struct host_stage *surface_stage(enum host_version version,
					enum upstream upstream, bool dispatch)
{
	AUTO_FREE char *words = xasprintf(
		"up=rich responses=%s group user login key account=%s wait=2000%s",
		upstreams[upstream].responses, upstreams[upstream].kind,
		dispatch ? " dispatch" : "");

	return stage_of(version, words);
}

static bool is_benched(struct host_stage *stage)
{
	json_auto_t *account = stage_account(stage);

	return json_is_string(json_object_get(account,
					      "temp_unschedulable_until"));
}

static struct outcome ask(struct host_stage *stage, const char *path,
			  const char *body)
{
	struct host_mock before = stage->mock;
	struct outcome outcome = { .went = '-' };

	json_decref(host_stage_ask_status(stage, "POST", path, stage->key,
					  body, &outcome.status));
	if (stage->mock.chat_calls > before.chat_calls)
		outcome.went = 'c';
	if (stage->mock.responses_calls > before.responses_calls)
		outcome.went = 'r';
	if (stage->mock.embeddings_calls > before.embeddings_calls)
		outcome.went = 'e';
	outcome.benched = is_benched(stage);
	return outcome;
}

static void try_surface(const struct surface *surface,
			enum upstream upstream, enum host_version version)
{
	struct host_stage *stage = surface_stage(version, upstream,
						 surface->dispatch);
	const struct outcome *wanted = &surface->of[upstream][version];
	struct outcome got = ask(stage, surface->path, surface->body);

	if (got.status != wanted->status || got.went != wanted->went ||
	    got.benched != wanted->benched)
		fail_msg("%s %s%s, upstream %d: %d %c%s",
			 host_version_name(version), surface->path,
			 surface->dispatch ? " (dispatch)" : "",
			 (int)upstream, got.status, got.went,
			 got.benched ? " benched" : "");
	/* Chat suffers from nothing but a bench. */
	assert_int_equal(stage_chat(stage), got.benched ? 503 : 200);
	stage_finish(stage);
}

static void every_surface_does_what_was_seen(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(surfaces); i++) {
		for (int v = 0; v < HOST_VERSION__MAX; v++) {
			for (int u = 0; u < UPSTREAM__MAX; u++)
				try_surface(&surfaces[i], (enum upstream)u,
					    (enum host_version)v);
		}
	}
}

/* Whatever the surface, an account in pool mode serves on. */
static void in_pool_mode_no_surface_benches(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(surfaces); i++) {
		for (int v = 0; v < HOST_VERSION__MAX; v++) {
			struct host_stage *stage = surface_stage(
				(enum host_version)v, CHATONLY,
				surfaces[i].dispatch);

			assert_true(host_stage_bulk(stage,
				"\"credentials\":{\"pool_mode\":true,"
				"\"pool_mode_retry_count\":0}"));
			host_driver_wait(stage->driver, 1100);
			ask(stage, surfaces[i].path, surfaces[i].body);
			assert_false(is_benched(stage));
			assert_int_equal(stage_chat(stage), 200);
			stage_finish(stage);
		}
	}
}

/* An upstream that says 404 where it has nothing is never benched. */
static void a_404_benches_nobody(void **state)
{
	static const struct {
		const char *path;
		const char *body;
		int status[HOST_VERSION__MAX];
	} rows[] = {
		{ "/v1/responses", RESPONSES_BODY, { 502, 200, 200 } },
		{ "/v1/messages", MESSAGES_BODY, { 404, 404, 200 } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (int v = 0; v < HOST_VERSION__MAX; v++) {
			struct host_stage *stage = stage_of(
				(enum host_version)v, "up=rich responses=404 "
				"group user login key account=plain wait=2000 "
				"dispatch");
			struct outcome got = ask(stage, rows[i].path,
						 rows[i].body);

			assert_int_equal(got.status, rows[i].status[v]);
			assert_false(got.benched);
			assert_int_equal(stage_chat(stage), 200);
			stage_finish(stage);
		}
	}
}

struct named {
	const char *model;
	const char *config;		/* of the dispatch */
	int status[HOST_VERSION__MAX];
};

static const struct named nameds[] = {
	{ "mock-a", "{}", { 200, 200, 200 } },
	{ "claude-sonnet-4-5", "{\"sonnet_mapped_model\":\"mock-a\"}",
	  { 200, 200, 200 } },
	{ "claude-3-5-haiku-latest", "{\"sonnet_mapped_model\":\"mock-a\"}",
	  { 503, 503, 404 } },
	{ "claude-x", "{\"sonnet_mapped_model\":\"mock-a\"}",
	  { 503, 503, 404 } },
	{ "claude-x-1", "{\"exact_model_mappings\":"
	  "{\"claude-x-1\":\"mock-a\"}}", { 200, 200, 200 } },
};

static char *message_for(const char *model)
{
	return xasprintf("{\"model\":\"%s\",\"max_tokens\":64,\"messages\":"
			 "[{\"role\":\"user\",\"content\":\"hi\"}]}", model);
}

static void claude_names_go_where_the_group_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(nameds) * HOST_VERSION__MAX; i++) {
		const struct named *row = &nameds[i / HOST_VERSION__MAX];
		enum host_version version = i % HOST_VERSION__MAX;
		struct host_stage *stage = surface_stage(version, DUAL,
							 false);
		AUTO_FREE char *path = xasprintf(
			"/api/v1/admin/groups/%" PRId64,
			host_stage_group(stage));
		AUTO_FREE char *update = xasprintf(
			"{\"allow_messages_dispatch\":true,"
			"\"messages_dispatch_model_config\":%s}", row->config);
		AUTO_FREE char *body = message_for(row->model);
		int status;
		json_auto_t *answer = NULL;

		assert_true(host_stage_admin(stage, "PUT", path, update));
		answer = host_stage_ask_status(stage, "POST", "/v1/messages",
					       stage->key, body, &status);
		assert_int_equal(status, row->status[version]);
		if (status == 200)
			assert_string_equal(json_string_value(
				json_object_get(answer, "model")), row->model);
		else
			assert_string_equal(json_string_value(
				json_object_get(answer, "type")), "error");
		stage_finish(stage);
	}
}

static void dispatch_can_be_set_when_a_group_is_made(void **state)
{
	struct host_stage *stage = stage_of(HOST_0_1_179, "");
	json_auto_t *answer = host_stage_ask(stage, "POST",
		"/api/v1/admin/groups", stage->admin_token,
		"{\"name\":\"g\",\"platform\":\"openai\",\"rate_multiplier\":1,"
		"\"allow_messages_dispatch\":true,"
		"\"messages_dispatch_model_config\":{\"opus_mapped_model\":"
		"\"mock-a\"}}");
	const json_t *data = json_object_get(answer, "data");

	(void)state;
	assert_true(json_is_true(json_object_get(
		data, "allow_messages_dispatch")));
	assert_string_equal(json_string_value(json_object_get(json_object_get(
		data, "messages_dispatch_model_config"),
		"opus_mapped_model")), "mock-a");
	stage_finish(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_surface_does_what_was_seen),
		cmocka_unit_test(in_pool_mode_no_surface_benches),
		cmocka_unit_test(a_404_benches_nobody),
		cmocka_unit_test(claude_names_go_where_the_group_says),
		cmocka_unit_test(dispatch_can_be_set_when_a_group_is_made),
	};

	return cmocka_run_group_tests_name("host surfaces", tests, NULL,
					   NULL);
}
