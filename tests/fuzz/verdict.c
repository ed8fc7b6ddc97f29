/*
 * verdict: whatever bytes a peer sends, a verdict comes, and it is whole.
 *
 * The first bytes choose whose answer it is, its status, its type and who the
 * provider is; the rest is the body.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "shared/redact.h"
#include "shared/table.h"
#include "shared/verdict.h"

#define HEAD 4
#define NOW INT64_C(1790000000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const types[] = {
	NULL, "application/json", "text/html", "text/plain",
	"text/event-stream", "application/json; charset=utf-8", "",
};

static const char *const providers[] = {
	NULL, "", "zhipu", "minimax-cn", "dashscope", "volcengine", "qianfan",
	"spark", "siliconflow", "modelscope", "nobody", "kimi-coding",
};

static const int statuses[] = {
	200, 200, 200, 400, 401, 402, 403, 404, 405, 408, 422, 429, 451, 500,
	502, 503, 529, 302, 0, 100, 999,
};

static void check_text(const char *text, size_t max)
{
	size_t len = strlen(text);

	assert(len <= max);
	for (size_t i = 0; i < len;) {
		size_t step = redact_character(text + i);

		assert(step > 0);
		i += step;
	}
}

static void check_finding(const struct finding *found, int status)
{
	assert(found->class >= FAILURE_NONE && found->class < FAILURE__MAX);
	assert(found->cause_zh && found->cause_en);
	assert(found->waiting_helps == (found->retry_after_ms >= 0));
	assert(found->retry_after_ms <= INT64_C(32) * 24 * 3600 * 1000);
	/* Only a success is one, and nothing of it is an error of ours. */
	assert(found->class != FAILURE_NONE ||
	       (status >= 200 && status < 300));
	assert(found->class != FAILURE_INTERNAL);
	check_text(found->code, sizeof(found->code) - 1);
	check_text(found->text, sizeof(found->text) - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct verdict_answer answer = { .retry_after_ms = -1, .now = NOW };
	struct finding found, again;

	if (size < HEAD)
		return 0;
	answer.peer = (enum verdict_peer)(data[0] % VERDICT_PEER__MAX);
	answer.status = statuses[data[1] % COUNT(statuses)];
	answer.content_type = types[data[2] % COUNT(types)];
	answer.provider = providers[data[3] % COUNT(providers)];
	answer.body = (const char *)data + HEAD;
	answer.body_len = size - HEAD;
	found = verdict_of(&answer);
	check_finding(&found, answer.status);
	again = verdict_of(&answer);
	assert(found.class == again.class &&
	       found.retry_after_ms == again.retry_after_ms);
	return 0;
}
