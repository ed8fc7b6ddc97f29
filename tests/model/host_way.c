#include "tests/model/host_way.h"

#include <string.h>

#include "shared/own.h"
#include "shared/table.h"
#include "tests/model/host_call.h"
#include "tests/model/host_said.h"

/* The length of what 0.1.179 puts before a request without instructions. */
#define PROMPT_BYTES 21000

typedef json_t *ask_fn(const struct host_model *model, const json_t *body);
typedef bool tell_fn(const struct host_model *model,
		     const struct host_exchange *exchange,
		     const struct model_answer *answer,
		     struct model_answer *ret);

static json_t *same(const struct host_model *model, const json_t *body)
{
	(void)model;
	return json_copy((json_t *)(uintptr_t)body);
}

/* A stand-in of the right size: what it says does not matter here. */
static json_t *coding_prompt(void)
{
	static const char sentence[] = "You are a coding agent. ";
	AUTO_FREE char *text = xcalloc(PROMPT_BYTES + 1, 1);

	for (size_t i = 0; i < PROMPT_BYTES; i++)
		text[i] = sentence[i % (sizeof(sentence) - 1)];
	return json_string(text);
}

/* Who gives no instructions gets the host's. */
static json_t *instructed(const struct host_model *model, const json_t *body)
{
	json_t *out = same(model, body);

	if (!json_object_get(out, "instructions"))
		json_object_set_new(out, "instructions",
			host_has(model, HOST_CONVERTS_PLAINLY) ?
			coding_prompt() : json_string(
				"You are a helpful coding assistant."));
	return out;
}

static json_t *counted(const struct host_model *model, const json_t *body)
{
	json_t *out = host_ask_messages_as_responses(model, body);

	json_object_del(out, "stream");
	return out;
}

static void pass_header(struct model_answer *to,
			const struct model_answer *from, const char *name)
{
	const char *value = model_answer_header(from, name);

	if (value)
		model_answer_add_header(to, name, value);
}

/* The upstream's bytes, whatever they are, with status 200. */
static void relay(const struct host_exchange *exchange,
		  const struct model_answer *answer, struct model_answer *ret)
{
	const char *type = model_answer_header(answer, "Content-Type");
	size_t len = answer->body_len;
	bool open_line = exchange->stream && len &&
			 answer->body[len - 1] != '\n';

	model_answer_set(ret, 200, exchange->stream ? "text/event-stream" :
			 type ? type : "application/json", "");
	ret->body = xrealloc(ret->body, len + 2);
	memcpy(ret->body, answer->body, len);
	ret->body_len = len + open_line;
	ret->body[len] = '\n';
	ret->body[ret->body_len] = '\0';
}

static bool tell_same(const struct host_model *model,
		      const struct host_exchange *exchange,
		      const struct model_answer *answer,
		      struct model_answer *ret)
{
	(void)model;
	if (answer->end == MODEL_END_CUT && !exchange->stream) {
		answer_gateway(ret, 502, "api_error",
			       "Failed to read upstream response");
		return false;
	}
	relay(exchange, answer, ret);
	pass_header(ret, answer, "X-Request-ID");
	return true;
}

static bool tell_passed(const struct host_model *model,
			const struct host_exchange *exchange,
			const struct model_answer *answer,
			struct model_answer *ret)
{
	(void)model;
	relay(exchange, answer, ret);
	if (!exchange->stream)
		pass_header(ret, answer, "X-Request-ID");
	return true;
}

/* 0.1.129 does not understand the answer that it asked for. */
static bool tell_tokens(const struct host_model *model,
			const struct host_exchange *exchange,
			const struct model_answer *answer,
			struct model_answer *ret)
{
	if (!host_has(model, HOST_BRIDGES_RESPONSES))
		return tell_passed(model, exchange, answer, ret);
	answer_gateway(ret, 502, "upstream_error", "Upstream request failed");
	return false;
}

static bool tell_embedded(const struct host_model *model,
			  const struct host_exchange *exchange,
			  const struct model_answer *answer,
			  struct model_answer *ret)
{
	(void)model;
	relay(exchange, answer, ret);
	return true;
}

static void refuse_stream(const struct host_exchange *exchange,
			  struct model_answer *ret)
{
	bool stream = exchange->stream;

	answer_gateway(ret, 502, stream ? "upstream_error" : "api_error",
		       stream ? "Upstream request failed" : "Upstream stream "
		       "ended without a terminal response event");
}

static bool chat_of_responses(const struct host_model *model,
			      const struct host_exchange *exchange,
			      const struct model_answer *answer,
			      struct model_answer *ret)
{
	CLEANUP(host_said_done) struct host_said said =
		host_said_of_responses(answer->body);

	if (said.is_answer)
		host_tell_chat(model, exchange, &said, ret);
	else
		refuse_stream(exchange, ret);
	return said.is_answer;
}

static bool messages_of_responses(const struct host_model *model,
				  const struct host_exchange *exchange,
				  const struct model_answer *answer,
				  struct model_answer *ret)
{
	CLEANUP(host_said_done) struct host_said said =
		host_said_of_responses(answer->body);

	if (said.is_answer)
		host_tell_messages(model, exchange, &said, ret);
	else
		refuse_stream(exchange, ret);
	return said.is_answer;
}

typedef void told_fn(const struct host_model *model,
		     const struct host_exchange *exchange,
		     const struct host_said *said, struct model_answer *ret);

static bool told_of_chat(const struct host_model *model,
			 const struct host_exchange *exchange,
			 const struct model_answer *answer, told_fn *told,
			 struct model_answer *ret)
{
	CLEANUP(host_said_done) struct host_said said =
		host_said_of_chat(answer->body, exchange->stream);

	if (!said.is_answer) {
		answer_gateway(ret, 502, "upstream_error",
			       "Upstream request failed");
		return false;
	}
	told(model, exchange, &said, ret);
	pass_header(ret, answer, "X-Request-ID");
	return true;
}

static bool responses_of_chat(const struct host_model *model,
			      const struct host_exchange *exchange,
			      const struct model_answer *answer,
			      struct model_answer *ret)
{
	return told_of_chat(model, exchange, answer, host_tell_responses,
			    ret);
}

static bool messages_of_chat(const struct host_model *model,
			     const struct host_exchange *exchange,
			     const struct model_answer *answer,
			     struct model_answer *ret)
{
	return told_of_chat(model, exchange, answer, host_tell_messages, ret);
}

static bool tell_count(const struct host_model *model,
		       const struct host_exchange *exchange,
		       const struct model_answer *answer,
		       struct model_answer *ret)
{
	json_auto_t *body = json_loads(answer->body, 0, NULL);
	const json_t *count = json_object_get(body, "input_tokens");
	AUTO_FREE char *text = NULL;

	(void)model;
	(void)exchange;
	if (!json_is_integer(count)) {
		answer_gateway(ret, 502, "upstream_error",
			       "Upstream response missing input_tokens");
		return false;
	}
	text = xasprintf("{\"input_tokens\":%" JSON_INTEGER_FORMAT "}",
			 json_integer_value(count));
	model_answer_set(ret, 200, "application/json; charset=utf-8", text);
	return true;
}

struct way {
	enum host_endpoint endpoint;
	ask_fn *ask;
	tell_fn *tell;
};

static const struct way ways[] = {
	[HOST_RAW] = { HOST_CHAT, same, tell_same },
	[HOST_CONVERTED] = { HOST_RESPONSES, host_ask_chat_as_responses,
			     chat_of_responses },
	[HOST_PASSED] = { HOST_RESPONSES, instructed, tell_passed },
	[HOST_BRIDGED] = { HOST_CHAT, host_ask_responses_as_chat,
			   responses_of_chat },
	[HOST_COMPACTED] = { HOST_COMPACT, same, tell_passed },
	[HOST_TOKENS_PASSED] = { HOST_INPUT_TOKENS, same, tell_tokens },
	[HOST_MESSAGES_CONVERTED] = { HOST_RESPONSES,
		host_ask_messages_as_responses, messages_of_responses },
	[HOST_MESSAGES_BRIDGED] = { HOST_CHAT, host_ask_messages_as_chat,
				    messages_of_chat },
	[HOST_TOKENS_COUNTED] = { HOST_INPUT_TOKENS, counted, tell_count },
	[HOST_EMBEDDED] = { HOST_EMBEDDINGS, same, tell_embedded },
};

_Static_assert(COUNT(ways) == HOST_WAY__MAX, "a row per way");

enum host_endpoint host_way_endpoint(enum host_way way)
{
	return ways[way].endpoint;
}

bool host_way_is_chat(enum host_way way)
{
	return ways[way].endpoint == HOST_CHAT;
}

/* 126 looks at the boolean alone. */
bool host_is_chat_only(const struct host_model *model, const json_t *extra,
		       bool *unset)
{
	const json_t *flag = json_object_get(extra,
					     "openai_responses_supported");
	const char *mode = json_string_value(json_object_get(
		extra, "openai_responses_mode"));

	*unset = !json_is_boolean(flag);
	if (mode && host_has(model, HOST_HAS_RESPONSES_MODE)) {
		if (strcmp(mode, "force_chat_completions") == 0)
			return true;
		if (strcmp(mode, "force_responses") == 0) {
			*unset = false;
			return false;
		}
	}
	return json_is_false(flag);
}

enum host_way host_way_choose(const struct host_model *model,
			      const struct host_account *account,
			      struct host_exchange *exchange)
{
	bool chat_only = host_is_chat_only(model, account->copy.extra,
					   &exchange->flag_unset);
	bool bridges = chat_only && host_has(model, HOST_BRIDGES_RESPONSES);

	switch (exchange->surface) {
	case HOST_SURFACE_CHAT:
		return chat_only ? HOST_RAW : HOST_CONVERTED;
	case HOST_SURFACE_RESPONSES:
		return bridges ? HOST_BRIDGED : HOST_PASSED;
	case HOST_SURFACE_COMPACT:
		return bridges ? HOST_BRIDGED : HOST_COMPACTED;
	case HOST_SURFACE_INPUT_TOKENS:
		return bridges ? HOST_BRIDGED : HOST_TOKENS_PASSED;
	case HOST_SURFACE_MESSAGES:
		return chat_only && host_has(model, HOST_BRIDGES_MESSAGES) ?
			HOST_MESSAGES_BRIDGED : HOST_MESSAGES_CONVERTED;
	case HOST_SURFACE_COUNT_TOKENS:
		return HOST_TOKENS_COUNTED;
	case HOST_SURFACE_EMBEDDINGS:
	case HOST_SURFACE__MAX:
		break;
	}
	return HOST_EMBEDDED;
}

json_t *host_way_ask(const struct host_model *model,
		     const struct host_exchange *exchange, const char *name)
{
	json_t *body = ways[exchange->way].ask(model, exchange->body);

	json_object_set_new(body, "model", json_string(name));
	if (exchange->stream && host_way_is_chat(exchange->way))
		json_object_set_new(body, "stream_options", json_pack(
			"{sb}", "include_usage", 1));
	return body;
}

bool host_way_tell(const struct host_model *model,
		   const struct host_exchange *exchange,
		   const struct model_answer *answer,
		   struct model_answer *ret)
{
	return ways[exchange->way].tell(model, exchange, answer, ret);
}
