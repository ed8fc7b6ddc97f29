/*
 * Which admin call brings an account of a modelled host back, and what its
 * own test of an account says and does.
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

#define ADMIN "/api/v1/admin"
#define LINE "group user login key "

/* Versions in which a call brings the account back. */
enum back { NEVER, OLD, ALWAYS };

struct clearing {
	const char *method;
	const char *verb;		/* below the account; "bulk" */
	const char *body;
	enum back after_401;
	enum back after_403;
	enum back after_429;
	enum back after_529;
};

static const struct clearing clearings[] = {
	{ "POST", "/recover-state", NULL, OLD, ALWAYS, ALWAYS, ALWAYS },
	{ "POST", "/clear-error", NULL, OLD, ALWAYS, ALWAYS, ALWAYS },
	{ "POST", "/clear-rate-limit", NULL, NEVER, ALWAYS, ALWAYS, ALWAYS },
	{ "DELETE", "/temp-unschedulable", NULL, NEVER, ALWAYS, NEVER,
	  NEVER },
	{ "POST", "/schedulable", "{\"schedulable\":true}", NEVER, NEVER,
	  NEVER, NEVER },
	{ "PUT", "", "{\"status\":\"active\"}", OLD, NEVER, NEVER, NEVER },
	{ "PUT", "", "{\"notes\":\"n\"}", NEVER, NEVER, NEVER, NEVER },
	{ "bulk", "", "\"status\":\"active\"", OLD, NEVER, NEVER, NEVER },
	{ "bulk", "", "\"priority\":50", NEVER, NEVER, NEVER, NEVER },
};

static void act(struct host_stage *stage, const struct clearing *clearing)
{
	AUTO_FREE char *path = xasprintf(ADMIN "/accounts/%" PRId64 "%s",
					 stage->account_id, clearing->verb);

	if (strcmp(clearing->method, "bulk") == 0)
		assert_true(host_stage_bulk(stage, clearing->body));
	else
		assert_true(host_stage_admin(stage, clearing->method, path,
					     clearing->body));
}

static void try_clearing(const struct clearing *clearing, const char *failure,
			 enum back wanted, enum host_version version)
{
	AUTO_FREE char *words = xasprintf(LINE "account=forced up=%s chat "
					  "up=ok wait=1600", failure);
	struct host_stage *stage = stage_of(version, words);
	bool back = wanted == ALWAYS ||
		    (wanted == OLD && version != HOST_0_1_179);

	/* A 429 is over after 5 s: look before. */
	act(stage, clearing);
	host_driver_wait(stage->driver, 1100);
	if (stage_chat(stage) != (back ? 200 : 503))
		fail_msg("%s: after %s, %s %s %s is %s",
			 host_version_name(version), failure,
			 clearing->method, clearing->verb,
			 clearing->body ? clearing->body : "",
			 back ? "no help" : "a help");
	stage_finish(stage);
}

static void calls_bring_back_what_they_were_seen_to(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(clearings); i++) {
		const struct clearing *row = &clearings[i];

		for (int v = 0; v < HOST_VERSION__MAX; v++) {
			enum host_version version = (enum host_version)v;

			try_clearing(row, "401", row->after_401, version);
			try_clearing(row, "402", row->after_401, version);
			try_clearing(row, "403", row->after_403, version);
			try_clearing(row, "429", row->after_429, version);
			try_clearing(row, "529", row->after_529, version);
		}
	}
}

static void recovery_and_the_switch_bring_back_in_either_order(void **state)
{
	(void)state;
	for (int order = 0; order < 2; order++) {
		struct host_stage *stage = stage_of(HOST_0_1_179, LINE
			"account=forced up=401 chat up=ok wait=1600");

		if (order)
			stage_act(stage, "recover-state", NULL);
		stage_act(stage, "schedulable", "{\"schedulable\":true}");
		if (!order)
			stage_act(stage, "recover-state", NULL);
		stage_warm_up(stage, 1100, 503);
		stage_finish(stage);
	}
}

/* What a person switched off stays off through all of them. */
static void no_clearing_call_touches_the_switch(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(clearings); i++) {
		struct host_stage *stage = stage_of(HOST_0_1_129,
						    LINE "account=forced");
		json_auto_t *account = NULL;

		if (strcmp(clearings[i].verb, "/schedulable") != 0) {
			stage_act(stage, "schedulable",
				  "{\"schedulable\":false}");
			act(stage, &clearings[i]);
			account = stage_account(stage);
			assert_true(json_is_false(json_object_get(
				account, "schedulable")));
		}
		stage_finish(stage);
	}
}

struct tested {
	const char *account;		/* kind */
	const char *up;
	const char *responses;
	const char *says[HOST_VERSION__MAX];	/* in the events */
	const char *status[HOST_VERSION__MAX];	/* of the account after */
};

#define CANNOT "当前测试接口仅支持 Responses API"
#define DONE "test_complete"
#define ACTIVE { "active", "active", "active" }

static const struct tested tests_of_accounts[] = {
	{ "mode", "ok", "403", { "API returned 403: ", CANNOT, DONE },
	  ACTIVE },
	{ "forced", "ok", "403", { CANNOT, CANNOT, DONE }, ACTIVE },
	{ "plain", "ok", "404", { CANNOT, CANNOT, DONE }, ACTIVE },
	{ "plain", "ok", "403",
	  { "API returned 403: ", "API returned 403: ",
	    "API returned 403: " }, ACTIVE },
	{ "plain", "ok", "ok", { DONE, DONE, DONE }, ACTIVE },
	{ "plain", "ok", "401",
	  { "API returned 401: ", "API returned 401: ",
	    "API returned 401: " }, { "error", "error", "error" } },
	{ "forced", "401", "403", { CANNOT, CANNOT,
	  "Chat Completions API (/v1/chat/completions) returned 401: " },
	  { "active", "active", "error" } },
	{ "forced", "500", "403", { CANNOT, CANNOT,
	  "(/v1/chat/completions) returned 500: " }, ACTIVE },
	{ "forced", "html200", "403", { CANNOT, CANNOT,
	  "expected SSE JSON data" }, ACTIVE },
	{ "forced", "half", "403", { CANNOT, CANNOT, "unexpected EOF" },
	  ACTIVE },
};

/* The events of a test with a body; the stage's account. */
static char *test_account(struct host_stage *stage)
{
	AUTO_FREE char *path = xasprintf(ADMIN "/accounts/%" PRId64 "/test",
					 stage->account_id);
	const struct host_ask ask = {
		.method = "POST", .path = path, .token = stage->admin_token,
		.body = "{\"model_id\":\"mock-a\"}",
	};
	struct model_answer answer = { 0 };
	char *text;

	host_stage_send(stage, &ask, &answer);
	assert_int_equal(answer.status, 200);
	text = xstrdup(answer.body);
	model_answer_done(&answer);
	return text;
}

static void a_test_of_an_account_is_200_and_means_its_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(tests_of_accounts); i++) {
		const struct tested *row = &tests_of_accounts[i];

		for (int v = 0; v < HOST_VERSION__MAX; v++) {
			AUTO_FREE char *words = xasprintf(
				"responses=%s up=%s group account=%s "
				"wait=2000 ", row->responses, row->up,
				row->account);
			struct host_stage *stage = stage_of(
				(enum host_version)v, words);
			AUTO_FREE char *events = test_account(stage);

			if (!strstr(events, row->says[v]))
				fail_msg("row %zu, %d: %s", i, v, events);
			assert_true(stage_account_is(stage, "status",
						     row->status[v]));
			stage_finish(stage);
		}
	}
}

static void a_good_test_recovers_but_does_not_switch_on(void **state)
{
	struct host_stage *stage = stage_of(HOST_0_1_179, LINE
		"account=forced up=401 chat up=ok wait=1600");
	AUTO_FREE char *events = test_account(stage);
	json_auto_t *account = stage_account(stage);

	(void)state;
	assert_non_null(strstr(events, DONE));
	assert_true(stage_account_is(stage, "status", "active"));
	assert_true(json_is_false(json_object_get(account, "schedulable")));
	stage_finish(stage);
}

static void accounts_can_be_listed_by_group(void **state)
{
	struct host_stage *stage = stage_of(HOST_0_1_129,
		"group account=plain account=plain group account=plain");
	AUTO_FREE char *path = xasprintf(ADMIN "/accounts?group=%" PRId64,
					 stage->groups[0]);
	json_auto_t *answer = host_stage_ask(stage, "GET", path,
					     stage->admin_token, NULL);
	const json_t *data = json_object_get(answer, "data");

	(void)state;
	assert_int_equal(json_integer_value(json_object_get(data, "total")),
			 2);
	stage_finish(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_bring_back_what_they_were_seen_to),
		cmocka_unit_test(
			recovery_and_the_switch_bring_back_in_either_order),
		cmocka_unit_test(no_clearing_call_touches_the_switch),
		cmocka_unit_test(
			a_test_of_an_account_is_200_and_means_its_words),
		cmocka_unit_test(a_good_test_recovers_but_does_not_switch_on),
		cmocka_unit_test(accounts_can_be_listed_by_group),
	};

	return cmocka_run_group_tests_name("host clearing", tests, NULL,
					   NULL);
}
