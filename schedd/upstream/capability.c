#include "schedd/upstream/capability.h"

#include "schedd/judge.h"
#include "schedd/upstream/chat.h"
#include "schedd/upstream/classify.h"
#include "shared/redact.h"
#include "shared/verdict_chat.h"
#include "shared/verdict_signal.h"

static const char *const names[] = {
	[CAPABLE_UNKNOWN] = "unknown",
	[CAPABLE_YES] = "yes",
	[CAPABLE_NO] = "no",
};
TABLE_ENUM_DEFINE(capable, names, CAPABLE__MAX);

const char *upstream_profile(const struct upstream_capability *capability)
{
	static const char *const profiles[] = {
		[RESPONSES_UNKNOWN] = "unknown",
		[RESPONSES_WORK] = "dual",
		[RESPONSES_REFUSED] = "chat_only",
		[RESPONSES_ABSENT] = "chat_only",
	};

	if (capability->chat != CAPABLE_YES)
		return "unknown";
	return profiles[capability->responses];
}

enum capable upstream_capable(enum failure failure)
{
	switch (failure) {
	case FAILURE_NONE:
		return CAPABLE_YES;
	case FAILURE_BAD_REQUEST:
	case FAILURE_ENDPOINT_UNSUPPORTED:
	case FAILURE_INSPECT_BODY:
		return CAPABLE_NO;
	default:
		return CAPABLE_UNKNOWN;
	}
}

static void start(struct request *request, const char *chat_url,
		  const char *accept)
{
	request_start(request, METHOD_POST, PEER_PROVIDER, chat_url, "%s",
		      "");
	request_header(request, "Authorization", "Bearer ",
		       SLOT_PROVIDER_KEY);
	request_header(request, "Accept", accept, SLOT_NONE);
	request->chat = true;
}

static void write_question(struct jout *body, const char *model,
			   const char *question, const char *nonce)
{
	AUTO_FREE char *text = xasprintf("%s %s", question, nonce);

	jout_str(body, "model", model);
	jout_array(body, "messages");
	jout_object(body, NULL);
	jout_str(body, "role", "user");
	jout_str(body, "content", text);
	jout_object_end(body);
	jout_array_end(body);
	jout_i64(body, "max_tokens", COMPLETION_MAX_TOKENS);
}

void upstream_ask_stream(struct request *request, const char *chat_url,
			 const char *model, const char *nonce)
{
	struct jout *body = &request->body;

	start(request, chat_url, "text/event-stream");
	jout_object(body, NULL);
	write_question(body, model, "Reply with one short word.", nonce);
	jout_bool(body, "stream", true);
	jout_object_end(body);
}

/* One function with one argument. */
static void write_tools(struct jout *body)
{
	jout_array(body, "tools");
	jout_object(body, NULL);
	jout_str(body, "type", "function");
	jout_object(body, "function");
	jout_str(body, "name", "get_time");
	jout_str(body, "description", "The present time in a city");
	jout_raw(body, "parameters",
		 "{\"type\":\"object\",\"properties\":{\"city\":{\"type\":"
		 "\"string\"}},\"required\":[\"city\"]}");
	jout_object_end(body);
	jout_object_end(body);
	jout_array_end(body);
	/* "required" is refused by models that think. */
	jout_str(body, "tool_choice", "auto");
}

void upstream_ask_tools(struct request *request, const char *chat_url,
			const char *model, const char *nonce)
{
	struct jout *body = &request->body;

	start(request, chat_url, "application/json");
	jout_object(body, NULL);
	write_question(body, model, "Call get_time for Paris.", nonce);
	write_tools(body);
	jout_bool(body, "stream", false);
	jout_object_end(body);
}

enum failure upstream_judge_tools(const struct answer *answer,
				  struct completion *ret, bool *ret_called)
{
	enum failure why = upstream_judge_chat(answer, ret);
	const json_t *calls = answer_at(answer,
					"/choices/0/message/tool_calls");

	*ret_called = why == FAILURE_NONE && json_array_size(calls) > 0;
	return why;
}

static enum failure read_stream(const struct answer *answer,
				struct completion *ret)
{
	CLEANUP(chat_done) struct chat chat = { 0 };
	bool done;
	json_auto_t *events = signal_events(answer->body, answer->body_len,
					    &done);
	enum failure why;

	own_set(&ret->type, answer->content_type);
	/* In one piece, or a page: it does not stream. */
	if (!events)
		return FAILURE_INSPECT_BODY;
	why = chat_read_events(events, done, &chat);
	own_set(&ret->finish_reason, chat.finish_reason);
	own_set(&ret->model, chat.model);
	if (chat.content) {
		free(ret->preview);
		ret->preview = redact_text(chat.content,
					   COMPLETION_PREVIEW_MAX);
	}
	return why;
}

enum failure upstream_judge_stream(const struct answer *answer,
				   struct completion *ret)
{
	enum failure why = judge_is_success(answer)
		? read_stream(answer, ret) : FAILURE_INSPECT_BODY;

	return why == FAILURE_INSPECT_BODY ? upstream_classify(answer, NULL)
					   : why;
}
