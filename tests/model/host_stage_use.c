#include "tests/model/host_stage_use.h"

#include <inttypes.h>
#include <string.h>

#include "shared/own.h"

#define ADMIN "/api/v1/admin"

/* A test that cannot go on says where and ends. */
static void need(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "the stage fails at: %s\n", what);
	abort();
}

void stage_set(struct host_stage *stage, const char *words)
{
	const char *failed = host_stage_set(stage, words);

	need(!failed, failed);
}

struct host_stage *stage_of(enum host_version version,
				   const char *words)
{
	struct host_stage *stage = host_stage_new(version, NULL, words);

	stage_set(stage, words);
	return stage;
}

void stage_finish(struct host_stage *stage)
{
	const char *fault = host_model_fault(host_driver_model(stage->driver));

	need(!fault, fault);
	host_stage_free(&stage);
}

int stage_chat_with(struct host_stage *stage, const char *model_name)
{
	AUTO_FREE char *body = xasprintf(
		"{\"model\":\"%s\",\"messages\":[{\"role\":\"user\","
		"\"content\":\"at %" PRId64 "\"}]}", model_name,
		host_driver_now(stage->driver));
	int status;

	json_decref(host_stage_ask_status(stage, "POST",
					  "/v1/chat/completions", stage->key,
					  body, &status));
	return status;
}

int stage_chat(struct host_stage *stage)
{
	return stage_chat_with(stage, "mock-a");
}

json_t *stage_account(struct host_stage *stage)
{
	AUTO_FREE char *path = xasprintf(ADMIN "/accounts/%" PRId64,
					 stage->account_id);
	json_t *answer = host_stage_ask(stage, "GET", path,
					stage->admin_token, NULL);
	json_t *data = json_incref(json_object_get(answer, "data"));

	json_decref(answer);
	return data;
}

bool stage_account_is(struct host_stage *stage, const char *name,
		       const char *text)
{
	json_auto_t *account = stage_account(stage);
	const char *value = json_string_value(json_object_get(account, name));

	return value && strcmp(value, text) == 0;
}

void stage_act(struct host_stage *stage, const char *verb, const char *body)
{
	AUTO_FREE char *path = xasprintf(ADMIN "/accounts/%" PRId64 "/%s",
					 stage->account_id, verb);

	need(host_stage_admin(stage, "POST", path, body), verb);
}

void stage_await_flag(struct host_stage *stage)
{
	for (int i = 0; i < 1000; i++) {
		json_auto_t *account = stage_account(stage);

		if (json_object_get(json_object_get(account, "extra"),
				    "openai_responses_supported"))
			return;
		host_driver_wait(stage->driver, 20);
	}
	need(false, "the probe never wrote its flag");
}

int64_t stage_warm_up(struct host_stage *stage, int64_t most, int between)
{
	int64_t start = host_driver_now(stage->driver);
	int status;

	while ((status = stage_chat(stage)) != 200) {
		need(status == between, "another status while warming up");
		host_driver_wait(stage->driver, 20);
		need(host_driver_now(stage->driver) - start < most,
		     "a warm-up that takes too long");
	}
	return host_driver_now(stage->driver) - start;
}
