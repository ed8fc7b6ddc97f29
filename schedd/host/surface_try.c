#include "schedd/host/surface_try.h"

#include <stdlib.h>

#include "schedd/judge.h"
#include "shared/table.h"
#include "shared/verdict_chat.h"
#include "shared/verdict_signal.h"

#define TOOL "get_weather"

/* ---- asking ---- */

static void write_messages(struct jout *out, const char *text)
{
	jout_array(out, "messages");
	jout_object(out, NULL);
	jout_str(out, "role", "user");
	jout_str(out, "content", text);
	jout_object_end(out);
	jout_array_end(out);
}

static char *short_question(const struct host_chat *chat)
{
	return xasprintf("Reply with one short word. %s", chat->nonce);
}

static void body_chat(struct jout *out, const struct host_chat *chat,
		      bool stream)
{
	AUTO_FREE char *text = short_question(chat);

	write_messages(out, text);
	jout_i64(out, "max_tokens", COMPLETION_MAX_TOKENS);
	jout_bool(out, "stream", stream);
}

static void write_tool(struct jout *out)
{
	jout_array(out, "tools");
	jout_raw(out, NULL, "{\"type\":\"function\",\"function\":{\"name\":\""
		 TOOL "\",\"description\":\"Current weather of a city\","
		 "\"parameters\":{\"type\":\"object\",\"properties\":{"
		 "\"city\":{\"type\":\"string\"}},\"required\":[\"city\"]}}}");
	jout_array_end(out);
}

static void body_tools(struct jout *out, const struct host_chat *chat,
		       bool stream)
{
	AUTO_FREE char *text = xasprintf("Call the tool " TOOL " for the city"
					 " of Paris. Do not answer yourself."
					 " %s", chat->nonce);

	write_messages(out, text);
	write_tool(out);
	jout_i64(out, "max_tokens", COMPLETION_MAX_TOKENS);
	jout_bool(out, "stream", stream);
}

static void body_responses(struct jout *out, const struct host_chat *chat,
			   bool stream)
{
	AUTO_FREE char *text = short_question(chat);

	/* Without them a host adds some of its own, up to 21 KB. */
	jout_str(out, "instructions", "Answer briefly.");
	jout_str(out, "input", text);
	jout_i64(out, "max_output_tokens", COMPLETION_MAX_TOKENS);
	jout_bool(out, "stream", stream);
}

static void body_messages(struct jout *out, const struct host_chat *chat,
			  bool stream)
{
	(void)stream;
	body_chat(out, chat, false);
}

static void body_count(struct jout *out, const struct host_chat *chat,
		       bool stream)
{
	AUTO_FREE char *text = short_question(chat);

	(void)stream;
	write_messages(out, text);
}

static void body_embeddings(struct jout *out, const struct host_chat *chat,
			    bool stream)
{
	(void)stream;
	jout_str(out, "input", chat->nonce);
}

/* ---- what an answer shows ---- */

/* What is damaged; NULL: nothing.  *ret_none: it is no answer at all. */
typedef const char *look_fn(const struct answer *answer, bool *ret_none);

static bool is_stream(const struct answer *answer)
{
	return answer->content_type &&
	       strcmp(answer->content_type, "text/event-stream") == 0;
}

/* The body is JSON whatever its type says; clients go by the type. */
static const char *wrong_type(const struct answer *answer)
{
	return is_stream(answer)
		? "JSON that calls itself text/event-stream" : NULL;
}

static const char *look_chat(const struct answer *answer, bool *ret_none)
{
	CLEANUP(chat_done) struct chat chat = { 0 };
	enum failure why = chat_read(answer->json, &chat);

	*ret_none = why != FAILURE_NONE && why != FAILURE_EMPTY_COMPLETION;
	return wrong_type(answer);
}

static const char *look_stream(const struct answer *answer, bool *ret_none)
{
	CLEANUP(chat_done) struct chat chat = { 0 };
	bool done = false;
	json_auto_t *events = signal_events(answer->body, answer->body_len,
					    &done);
	enum failure why = chat_read_events(events, done, &chat);

	if (why == FAILURE_TRANSIENT)
		return "the stream ends in the middle";
	*ret_none = why != FAILURE_NONE && why != FAILURE_EMPTY_COMPLETION;
	if (!is_stream(answer))
		return "events that do not call themselves text/event-stream";
	return done ? NULL : "[DONE] is missing";
}

static bool is_json_object(const char *text)
{
	json_auto_t *json = json_loads(text, 0, NULL);

	return json_is_object(json);
}

/* It may be the model's choice: nothing is proven. */
static const char no_call[] = "the model answered without calling the tool";

static const char *look_tools(const struct answer *answer, bool *ret_none)
{
	const char *damaged = look_chat(answer, ret_none);
	const json_t *call = answer_at(answer,
				"/choices/0/message/tool_calls/0/function");
	const char *arguments = json_string_value(json_object_get(call,
							"arguments"));

	if (damaged || *ret_none)
		return damaged;
	if (!call)
		return no_call;
	return arguments && is_json_object(arguments)
		? NULL : "arguments of the tool call that cannot be read";
}

static bool has_type(const json_t *object, const char *type)
{
	const char *has = json_string_value(json_object_get(object, "type"));

	return has && strcmp(has, type) == 0;
}

static const json_t *first_of_type(const json_t *array, const char *type)
{
	size_t i;
	const json_t *item;

	json_array_foreach(array, i, item)
		if (has_type(item, type))
			return item;
	return NULL;
}

static const char *look_responses(const struct answer *answer, bool *ret_none)
{
	const json_t *message = first_of_type(answer_at(answer, "/output"),
					      "message");

	*ret_none = !answer_at(answer, "/output");
	if (!message && !*ret_none)
		return "no message among the output";
	return wrong_type(answer);
}

/* What Codex and the SDKs stumble over, event by event. */
static const char *damage_of(const json_t *event)
{
	const json_t *item = json_object_get(event, "item");

	if (has_type(event, "response.output_text.delta") &&
	    !json_is_string(json_object_get(event, "delta")))
		return "a delta without its text";
	if (has_type(event, "response.output_item.done") &&
	    has_type(item, "message") &&
	    !json_is_array(json_object_get(item, "content")))
		return "a finished message without its content";
	return NULL;
}

static size_t count_of(const json_t *events, const char *type)
{
	size_t count = 0, i;
	const json_t *event;

	json_array_foreach(events, i, event)
		count += has_type(event, type);
	return count;
}

static const char *look_responses_stream(const struct answer *answer,
					 bool *ret_none)
{
	bool done = false;
	json_auto_t *events = signal_events(answer->body, answer->body_len,
					    &done);
	size_t i;
	const json_t *event;

	*ret_none = count_of(events, "response.created") == 0;
	json_array_foreach(events, i, event) {
		const char *damaged = damage_of(event);

		if (damaged)
			return damaged;
	}
	if (count_of(events, "response.completed") == 0 &&
	    count_of(events, "response.incomplete") == 0)
		return "the stream ends in the middle";
	if (count_of(events, "response.output_item.added") !=
	    count_of(events, "response.output_item.done"))
		return "output_item.done is missing";
	return is_stream(answer)
		? NULL : "events that do not call themselves events";
}

static const char *look_messages(const struct answer *answer, bool *ret_none)
{
	*ret_none = !has_type(answer->json, "message") ||
		    !json_is_array(answer_at(answer, "/content"));
	return wrong_type(answer);
}

static const char *look_count(const struct answer *answer, bool *ret_none)
{
	*ret_none = !json_is_integer(answer_at(answer, "/input_tokens"));
	return NULL;
}

static const char *look_embeddings(const struct answer *answer,
				   bool *ret_none)
{
	*ret_none = !answer_at(answer, "/data/0/embedding");
	return NULL;
}

/* ---- one row a surface ---- */

static const struct way {
	const char *path;
	void (*body)(struct jout *out, const struct host_chat *chat,
		     bool stream);
	bool stream;
	look_fn *look;
} ways[] = {
	[HOST_SURFACE_CHAT] = { "/v1/chat/completions", body_chat, false,
				look_chat },
	[HOST_SURFACE_STREAM] = { "/v1/chat/completions", body_chat, true,
				  look_stream },
	[HOST_SURFACE_TOOLS] = { "/v1/chat/completions", body_tools, false,
				 look_tools },
	[HOST_SURFACE_RESPONSES] = { "/v1/responses", body_responses, false,
				     look_responses },
	[HOST_SURFACE_RESPONSES_STREAM] = { "/v1/responses", body_responses,
					    true, look_responses_stream },
	[HOST_SURFACE_MESSAGES] = { "/v1/messages", body_messages, false,
				    look_messages },
	[HOST_SURFACE_COUNT_TOKENS] = { "/v1/messages/count_tokens",
					body_count, false, look_count },
	[HOST_SURFACE_EMBEDDINGS] = { "/v1/embeddings", body_embeddings, false,
				      look_embeddings },
};
_Static_assert(COUNT(ways) == HOST_SURFACE__MAX, "a row for every surface");

void host_ask_surface(struct request *request, const struct host_peer *peer,
		      enum host_surface surface, const struct host_chat *chat)
{
	const struct way *way = &ways[surface];

	host_start(request, peer, METHOD_POST, HOST_ROLE_KEY, "%s", way->path);
	request_header(request, "X-Request-ID", chat->request_id, SLOT_NONE);
	if (surface == HOST_SURFACE_MESSAGES ||
	    surface == HOST_SURFACE_COUNT_TOKENS)
		request_header(request, "anthropic-version", "2023-06-01",
			       SLOT_NONE);
	request->chat = true;
	host_body(request);
	jout_str(&request->body, "model", chat->model);
	way->body(&request->body, chat, way->stream);
	host_body_end(request);
}

void host_tried_done(struct host_tried *tried)
{
	free(tried->words);
	*tried = (struct host_tried){ 0 };
}

/*
 * A refusal is one of the path, by host or provider.  502 is how a host says
 * the latter; 401, 429 and 503 are about key, limits and accounts.
 */
static enum host_outcome outcome_of(int status)
{
	switch (status) {
	case 401:
	case 402:
	case 408:
	case 429:
	case 500:
	case 503:
	case 504:
		return HOST_OUTCOME_UNKNOWN;
	default:
		return HOST_OUTCOME_REFUSED;
	}
}

/* The model that chats is seldom one that embeds, as a provider will say. */
static bool blames_model(const struct answer *answer,
			 enum host_surface surface)
{
	return surface == HOST_SURFACE_EMBEDDINGS && answer->json &&
	       answer->status >= 400 && answer->status < 500;
}

static void judge_refusal(const struct answer *answer,
			  enum host_surface surface, struct host_tried *ret)
{
	ret->outcome = blames_model(answer, surface)
		? HOST_OUTCOME_UNKNOWN : outcome_of(answer->status);
	ret->class = host_gateway_finding(answer, 0).class;
	/* A path that is not there is no matter of models. */
	if (ret->outcome == HOST_OUTCOME_REFUSED &&
	    (!answer->json || ret->class == FAILURE_NONE))
		ret->class = FAILURE_SURFACE_REFUSED;
	ret->words = host_gateway_detail(answer);
}

void host_judge_surface(const struct answer *answer,
			enum host_surface surface, struct host_tried *ret)
{
	const char *damaged;
	bool none = false;

	ret->status = answer->status;
	ret->outcome = HOST_OUTCOME_UNKNOWN;
	ret->class = judge_delivery(answer);
	if (ret->class != FAILURE_NONE)
		return;
	if (!judge_is_success(answer)) {
		judge_refusal(answer, surface, ret);
		return;
	}
	damaged = ways[surface].look(answer, &none);
	if (none || judge_is_html(answer)) {
		ret->outcome = HOST_OUTCOME_REFUSED;
		ret->class = host_gateway_finding(answer, 0).class;
		if (ret->class == FAILURE_NONE)
			ret->class = FAILURE_INSPECT_BODY;
		return;
	}
	ret->outcome = damaged == no_call ? HOST_OUTCOME_UNKNOWN
		: damaged ? HOST_OUTCOME_DAMAGED : HOST_OUTCOME_WORKS;
	ret->words = xstrdup_null(damaged);
}
