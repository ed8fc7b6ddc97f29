#include "tests/model/host_mock_rich.h"

#include <jansson.h>

#define JSON "application/json"
#define SSE "text/event-stream"

#define USAGE \
	"\"usage\":{\"prompt_tokens\":20,\"completion_tokens\":7," \
	"\"total_tokens\":27,\"prompt_tokens_details\":{\"cached_tokens\":4}," \
	"\"completion_tokens_details\":{\"reasoning_tokens\":0}}"
#define CHAT(message, finish) \
	"{\"id\":\"chatcmpl-up2\",\"object\":\"chat.completion\"," \
	"\"created\":1770000000,\"model\":\"mock-a\",\"choices\":[{" \
	"\"index\":0,\"message\":{\"role\":\"assistant\"," message "}," \
	"\"logprobs\":null,\"finish_reason\":\"" finish "\"}]," USAGE \
	",\"system_fingerprint\":\"fp_up2\"}"
#define CALL(arguments) \
	"\"id\":\"call_up2_1\",\"type\":\"function\",\"function\":{" \
	"\"name\":\"get_weather\",\"arguments\":\"" arguments "\"}"
#define PARIS "{\\\"city\\\":\\\"Paris\\\"}"

static const char chat_text[] = CHAT("\"content\":\"pong\"", "stop");
static const char chat_tools[] = CHAT(
	"\"content\":null,\"tool_calls\":[{" CALL(PARIS) "}]", "tool_calls");

#define CHUNK(choices) \
	"data: {\"id\":\"chatcmpl-up2\",\"object\":" \
	"\"chat.completion.chunk\",\"created\":1770000000," \
	"\"model\":\"mock-a\",\"choices\":[" choices "]"
#define DELTA(delta) \
	CHUNK("{\"index\":0,\"delta\":{" delta "}," \
	      "\"finish_reason\":null}") "}\n\n"
#define FINISH(reason) \
	CHUNK("{\"index\":0,\"delta\":{},\"finish_reason\":\"" reason "\"}") \
	"}\n\n" CHUNK("") "," USAGE "}\n\ndata: [DONE]\n\n"
#define OPENING DELTA("\"role\":\"assistant\",\"content\":\"\"")
#define PIECE(text) \
	DELTA("\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"" \
	      text "\"}}]")

static const char chat_text_stream[] =
	OPENING DELTA("\"content\":\"po\"") DELTA("\"content\":\"ng\"")
	FINISH("stop");
static const char chat_tools_stream[] =
	OPENING DELTA("\"tool_calls\":[{\"index\":0," CALL("") "}]")
	PIECE("{\\\"city\\\":") PIECE("\\\"Paris\\\"}") FINISH("tool_calls");

#define RESPONSE(status, output, usage) \
	"{\"id\":\"resp_up2\",\"object\":\"response\"," \
	"\"created_at\":1770000000,\"status\":\"" status "\"," \
	"\"model\":\"mock-a\",\"output\":[" output "],\"usage\":" usage "}"
#define COUNTED \
	"{\"input_tokens\":20,\"output_tokens\":7,\"total_tokens\":27," \
	"\"input_tokens_details\":{\"cached_tokens\":4}," \
	"\"output_tokens_details\":{\"reasoning_tokens\":0}}"
#define PART(text) \
	"{\"type\":\"output_text\",\"text\":\"" text "\",\"annotations\":[]}"
#define MESSAGE(status, content) \
	"{\"type\":\"message\",\"id\":\"msg_up2\",\"role\":\"assistant\"," \
	"\"status\":\"" status "\",\"content\":[" content "]}"
#define FUNCTION(status, arguments) \
	"{\"type\":\"function_call\",\"id\":\"fc_up2\"," \
	"\"call_id\":\"call_up2_1\",\"name\":\"get_weather\"," \
	"\"arguments\":\"" arguments "\",\"status\":\"" status "\"}"
#define DONE_TEXT MESSAGE("completed", PART("pong-resp"))
#define DONE_CALL FUNCTION("completed", PARIS)

static const char responses_text[] = RESPONSE("completed", DONE_TEXT, COUNTED);
static const char responses_tools[] =
	RESPONSE("completed", DONE_CALL, COUNTED);

#define EVENT(type, number, rest) \
	"event: " type "\ndata: {\"type\":\"" type "\"," \
	"\"sequence_number\":" number "," rest "}\n\n"
#define CREATED \
	EVENT("response.created", "0", "\"response\":" \
	      RESPONSE("in_progress", "", "null"))
#define AT "\"item_id\":\"msg_up2\",\"output_index\":0,\"content_index\":0,"
#define AT_CALL "\"item_id\":\"fc_up2\",\"output_index\":0,"

static const char responses_text_stream[] =
	CREATED
	EVENT("response.output_item.added", "1", "\"output_index\":0,"
	      "\"item\":" MESSAGE("in_progress", ""))
	EVENT("response.content_part.added", "2", AT "\"part\":" PART(""))
	EVENT("response.output_text.delta", "3", AT "\"delta\":\"pong-\"")
	EVENT("response.output_text.delta", "4", AT "\"delta\":\"resp\"")
	EVENT("response.output_text.done", "5", AT "\"text\":\"pong-resp\"")
	EVENT("response.output_item.done", "6", "\"output_index\":0,"
	      "\"item\":" DONE_TEXT)
	EVENT("response.completed", "7", "\"response\":"
	      RESPONSE("completed", DONE_TEXT, COUNTED));

static const char responses_tools_stream[] =
	CREATED
	EVENT("response.output_item.added", "1", "\"output_index\":0,"
	      "\"item\":" FUNCTION("in_progress", ""))
	EVENT("response.function_call_arguments.delta", "2",
	      AT_CALL "\"delta\":\"{\\\"city\\\":\"")
	EVENT("response.function_call_arguments.delta", "3",
	      AT_CALL "\"delta\":\"\\\"Paris\\\"}\"")
	EVENT("response.function_call_arguments.done", "4",
	      AT_CALL "\"arguments\":\"" PARIS "\"")
	EVENT("response.output_item.done", "5", "\"output_index\":0,"
	      "\"item\":" DONE_CALL)
	EVENT("response.completed", "6", "\"response\":"
	      RESPONSE("completed", DONE_CALL, COUNTED));

/* The same in four forms: plain or streamed, text or a call. */
struct rich {
	const char *body[2][2];
};

static const struct rich rich_chat = {
	{ { chat_text, chat_tools },
	  { chat_text_stream, chat_tools_stream } },
};

static const struct rich rich_responses = {
	{ { responses_text, responses_tools },
	  { responses_text_stream, responses_tools_stream } },
};

static void answer(const struct rich *rich, const struct model_request *call,
		   struct model_answer *ret)
{
	json_auto_t *body = json_loads(call->body, 0, NULL);
	bool stream = json_is_true(json_object_get(body, "stream"));
	bool tools = json_array_size(json_object_get(body, "tools")) > 0;

	model_answer_set(ret, 200, stream ? SSE : JSON,
			 rich->body[stream][tools]);
	model_answer_add_header(ret, "X-Request-ID", "up2-req-1");
}

void host_mock_rich_chat(const struct model_request *call,
			 struct model_answer *ret)
{
	answer(&rich_chat, call, ret);
}

void host_mock_rich_responses(const struct model_request *call,
			      struct model_answer *ret)
{
	answer(&rich_responses, call, ret);
}

void host_mock_rich_embeddings(struct model_answer *ret)
{
	model_answer_set(ret, 200, JSON, "{\"object\":\"list\",\"data\":[{"
			 "\"object\":\"embedding\",\"index\":0,"
			 "\"embedding\":[0.1,0.2]}],\"model\":\"mock-a\","
			 "\"usage\":{\"prompt_tokens\":3,"
			 "\"total_tokens\":3}}");
}
