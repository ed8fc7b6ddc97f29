#include <string.h>

#include "shared/own.h"
#include "shared/table.h"
#include "tests/model/host_accounts.h"
#include "tests/model/host_gateway.h"
#include "tests/model/host_probe.h"
#include "tests/model/host_queue.h"
#include "tests/model/host_sched.h"
#include "tests/model/host_sse.h"

#define TEST_MODEL "gpt-5.4"
#define TEST_TIMEOUT_MS (600 * 1000)
#define CHAT_PATH "/v1/chat/completions"

static const char cannot_test[] =
	"账号已被探测为不支持 OpenAI Responses API（如 DeepSeek/Kimi "
	"等三方兼容上游），账号本身可正常使用，但当前测试接口仅支持 "
	"Responses API 路径。请直接通过实际 API 调用验证。";

static void say(struct buf *out, const char *type, const char *name,
		const char *text)
{
	host_sse_add(out, NULL, json_pack("{ss ss}", "type", type, name,
					  text));
}

static void say_complete(struct buf *out)
{
	host_sse_add(out, NULL, json_pack("{ss sb}", "type", "test_complete",
					  "success", 1));
}

/* What fails before the upstream is asked comes as plain text. */
static void refuse(struct host_call *call, const char *why)
{
	CLEANUP(buf_done) struct buf out = { .max = HOST_SSE_MAX };

	say(&out, "error", "error", why);
	model_answer_set(&call->answer, 200, "text/plain; charset=utf-8",
			 buf_str(&out));
}

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

static const char *why_text(enum model_end end)
{
	switch (end) {
	case MODEL_END_REFUSED:
		return "connect: connection refused";
	case MODEL_END_DNS:
		return "no such host";
	case MODEL_END_TLS:
		return "tls: failed to verify certificate";
	default:
		return "EOF";
	}
}

static void end_failed(struct host_model *model, struct host_account *account,
		       struct buf *out, bool is_raw,
		       const struct model_answer *answer)
{
	AUTO_FREE char *body = text_clean(answer->body);
	AUTO_FREE char *text = NULL, *message = NULL;

	if (answer->end != MODEL_END_COMPLETE && answer->end != MODEL_END_CUT)
		text = xasprintf("%sequest failed: %s", is_raw ?
				 "Chat Completions API (" CHAT_PATH ") r" :
				 "R", why_text(answer->end));
	else
		text = xasprintf("%s returned %d: %s", is_raw ?
				 "Chat Completions API (" CHAT_PATH ")" :
				 "API", answer->status, body);
	say(out, "error", "error", text);
	if (!account || answer->status != 401)
		return;
	message = xasprintf("%suthentication failed (401): %s", is_raw ?
			    "Chat Completions a" : "A", body);
	host_account_fail(model, account, message);
}

static bool read_chat(struct buf *out, const struct model_answer *answer)
{
	const char *at = answer->body;
	bool done = false, any = false;
	json_t *event;

	while ((event = host_sse_next(&at, &done))) {
		const json_t *choice = json_array_get(
			json_object_get(event, "choices"), 0);
		const char *text = text_of(json_object_get(choice, "delta"),
					   "content");

		any = true;
		if (*text)
			say(out, "content", "text", text);
		done |= *text_of(choice, "finish_reason") != '\0';
		json_decref(event);
	}
	if (!any)
		say(out, "error", "error", "Invalid Chat Completions response "
		    "from " CHAT_PATH ": expected SSE JSON data");
	else if (answer->end == MODEL_END_CUT)
		say(out, "error", "error", "Chat Completions stream read "
		    "error from " CHAT_PATH ": unexpected EOF");
	else if (!done)
		say(out, "error", "error", "Chat Completions stream from "
		    CHAT_PATH " ended before [DONE]");
	return any && done && answer->end == MODEL_END_COMPLETE;
}

static bool read_responses(struct buf *out, const struct model_answer *answer)
{
	const char *at = answer->body;
	bool completed = false, done = false;
	json_t *event;

	while ((event = host_sse_next(&at, &done))) {
		const char *type = text_of(event, "type");

		if (strcmp(type, "response.output_text.delta") == 0 &&
		    *text_of(event, "delta"))
			say(out, "content", "text", text_of(event, "delta"));
		completed |= strcmp(type, "response.completed") == 0 ||
			     strcmp(type, "response.done") == 0;
		json_decref(event);
	}
	if (!completed)
		say(out, "error", "error",
		    "Stream ended before response.completed");
	return completed;
}

static bool read_good(struct buf *out, bool is_raw,
		      const struct model_answer *answer)
{
	if (!is_raw) {
		if (!read_responses(out, answer))
			return false;
	} else {
		if (!read_chat(out, answer))
			return false;
		say(out, "status", "text", "已通过 " CHAT_PATH " 验证");
	}
	say_complete(out);
	return true;
}

static void test_done(struct host_model *model,
		      struct host_upstream *upstream,
		      const struct model_answer *answer)
{
	CLEANUP(buf_done) struct buf out = { .max = HOST_SSE_MAX };
	struct host_account *account = host_account_find(
		model, upstream->account_id);
	bool arrived = answer->end == MODEL_END_COMPLETE ||
		       answer->end == MODEL_END_CUT;
	struct model_answer own = { 0 };

	say(&out, "test_start", "model", upstream->model_name);
	if (upstream->is_raw)
		say(&out, "status", "text",
		    "正在通过 " CHAT_PATH " 测试连接");
	if (!arrived || answer->status / 100 != 2)
		end_failed(model, account, &out, upstream->is_raw, answer);
	else if (read_good(&out, upstream->is_raw, answer) && account)
		account_recover(model, account);
	model_answer_set(&own, 200, "text/event-stream", buf_str(&out));
	host_answer(model, model->now + model->options.call_ms,
		    upstream->ticket, &own);
}

static json_t *test_body(bool is_raw, const char *model_name,
			 const char *prompt)
{
	if (is_raw)
		return json_pack("{s[{ss ss}] ss sb}", "messages", "content",
				 prompt, "role", "user", "model", model_name,
				 "stream", 1);
	return json_pack("{ss s[{ss s[{ss ss}]}] sb ss}", "model", model_name,
			 "input", "role", "user", "content", "type",
			 "input_text", "text", prompt, "stream", 1,
			 "instructions",
			 "You are a helpful coding assistant.");
}

void host_account_test(struct host_call *call)
{
	struct host_model *model = call->model;
	const struct host_account *account = host_account_find(model,
							       call->id);
	const char *asked = body_text(call, "model_id");
	const char *prompt = body_text(call, "prompt");
	struct host_upstream upstream = { .done = test_done };
	struct model_request request;
	bool unset;

	if (!account) {
		refuse(call, "Account not found");
		return;
	}
	upstream.is_raw = host_is_chat_only(model, account->now.extra, &unset);
	if (upstream.is_raw && !host_has(model, HOST_TESTS_CHAT)) {
		refuse(call, cannot_test);
		return;
	}
	asked = host_serving_model(&account->now,
				   asked && *asked ? asked : TEST_MODEL);
	if (!host_endpoint_request(model, account->now.credentials,
				   upstream.is_raw ? HOST_CHAT
						   : HOST_RESPONSES,
				   test_body(upstream.is_raw, asked,
					     prompt && *prompt ? prompt
							       : "hi"),
				   &request)) {
		refuse(call, json_object_get(account->now.credentials,
					     "api_key") ?
		       "Invalid base URL" : "No API key available");
		return;
	}
	upstream.ticket = call->ticket;
	upstream.account_id = account->id;
	upstream.timeout_ms = TEST_TIMEOUT_MS;
	upstream.model_name = xstrdup(asked);
	call->waits = true;
	host_upstream_start(model, model->now, &upstream, &request);
}
