/* What an answer shows of the thing that was tried. */
#include "tests/unit/upstream_answer.h"

#include "schedd/upstream/try.h"
#include "tests/model/provider_model.h"

#define SSE "text/event-stream"
#define ERROR(code, text) \
	"{\"error\":{\"code\":\"" code "\",\"message\":\"" text "\"}}"
#define SAYS(message) "{\"model\":\"m\",\"choices\":[{\"message\":" message \
	",\"finish_reason\":\"stop\"}]}"
#define WORD SAYS("{\"content\":\"Hello\"}")
#define DELTA(delta, why) "data: {\"choices\":[{\"delta\":" delta \
	",\"finish_reason\":" why "}]}\n\n"
#define STREAMED DELTA("{\"content\":\"Hel\"}", "null") \
	DELTA("{\"content\":\"lo\"}", "\"stop\"")
#define CALLED(name, arguments) SAYS("{\"content\":null,\"tool_calls\":[{" \
	"\"function\":{\"name\":\"" name "\",\"arguments\":\"" arguments \
	"\"}}]}")
#define MESSAGE(content, why) "{\"type\":\"message\",\"content\":[" content \
	"],\"stop_reason\":\"" why "\",\"usage\":{\"input_tokens\":9," \
	"\"output_tokens\":2}}"
#define RESPONSE(output, spent) "{\"object\":\"response\",\"status\":" \
	"\"completed\",\"output\":" output ",\"usage\":{\"output_tokens\":" \
	spent "}}"
#define TEXT_OUTPUT "[{\"type\":\"message\",\"content\":[{\"type\":" \
	"\"output_text\",\"text\":\"Hi\"}]}]"

enum { SERVED = 1, REFUSED = 2, CUT = 4, THOUGHT = 8, STOPS = 16 };

static const struct {
	enum try try;
	int status;
	const char *type, *body;
	enum capable is;
	unsigned int how;
	unsigned int quirks;
} answers[] = {
	/* a stream */
	{ TRY_STREAM, 200, SSE, STREAMED "data: [DONE]\n\n", CAPABLE_YES,
	  SERVED, 0 },
	{ TRY_STREAM, 200, SSE, STREAMED, CAPABLE_YES, SERVED,
	  1 << QUIRK_NO_DONE },
	{ TRY_STREAM, 200, "text/plain", STREAMED "data: [DONE]\n\n",
	  CAPABLE_YES, SERVED, 1 << QUIRK_STREAM_TYPE },
	{ TRY_STREAM, 200, SSE, DELTA("{\"content\":\"<think>a</think>b\"}",
	  "\"stop\"") "data: [DONE]\n\n", CAPABLE_YES, SERVED | THOUGHT,
	  1 << QUIRK_THINK_TAGS },
	{ TRY_STREAM, 200, SSE, DELTA("{\"reasoning_content\":\"a\"}",
	  "\"length\"") "data: [DONE]\n\n", CAPABLE_UNKNOWN, CUT | THOUGHT,
	  1 << QUIRK_THINKS_LONG },
	{ TRY_STREAM, 200, SSE, DELTA("{\"content\":\"Hel\"}", "null"),
	  CAPABLE_UNKNOWN, 0, 0 },	/* it ends in the middle */
	{ TRY_STREAM, 200, SSE, "data: " ERROR("1113", "no money") "\n\n",
	  CAPABLE_UNKNOWN, STOPS, 0 },
	{ TRY_STREAM, 200, JSON_TYPE, WORD, CAPABLE_NO, SERVED, 0 },
	{ TRY_STREAM, 200, JSON_TYPE, "{\"choices\":null}", CAPABLE_UNKNOWN,
	  0, 0 },
	{ TRY_STREAM, 400, JSON_TYPE, ERROR("bad", "stream is not supported"),
	  CAPABLE_NO, 0, 0 },
	{ TRY_STREAM, 429, JSON_TYPE, ERROR("rate", "slow down"),
	  CAPABLE_UNKNOWN, STOPS, 0 },
	{ TRY_STREAM, 404, "text/plain", "404 page not found",
	  CAPABLE_UNKNOWN, REFUSED, 0 },

	/* chat */
	{ TRY_CHAT, 200, JSON_TYPE, WORD, CAPABLE_YES, SERVED, 0 },
	{ TRY_CHAT, 200, JSON_TYPE, SAYS("{\"content\":\"\","
	  "\"reasoning_content\":\"hm\"}"), CAPABLE_UNKNOWN, CUT | THOUGHT,
	  1 << QUIRK_THINKS_LONG },
	{ TRY_CHAT, 200, "text/html", "<html>portal</html>", CAPABLE_UNKNOWN,
	  REFUSED, 0 },
	{ TRY_CHAT, 200, JSON_TYPE, "{\"base_resp\":{\"status_code\":1008,"
	  "\"status_msg\":\"insufficient balance\"}}", CAPABLE_UNKNOWN, STOPS,
	  0 },
	{ TRY_CHAT, 401, JSON_TYPE, ERROR("invalid_api_key", "no"),
	  CAPABLE_UNKNOWN, REFUSED | STOPS, 0 },
	{ TRY_CHAT, 404, JSON_TYPE, ERROR("model_not_found", "no such model"),
	  CAPABLE_UNKNOWN, 0, 0 },
	{ TRY_CHAT, 500, JSON_TYPE, "null", CAPABLE_UNKNOWN, 0, 0 },

	/* /responses */
	{ TRY_RESPONSES, 200, JSON_TYPE, RESPONSE(TEXT_OUTPUT, "0"),
	  CAPABLE_YES, SERVED, 0 },
	{ TRY_RESPONSES, 200, JSON_TYPE, RESPONSE("[]", "16"), CAPABLE_YES,
	  SERVED, 0 },
	{ TRY_RESPONSES, 200, JSON_TYPE, RESPONSE("[]", "0"),
	  CAPABLE_UNKNOWN, 0, 0 },	/* a form without anything in it */
	{ TRY_RESPONSES, 200, JSON_TYPE, WORD, CAPABLE_UNKNOWN, 0, 0 },
	{ TRY_RESPONSES, 200, "text/html", "<html>x</html>", CAPABLE_UNKNOWN,
	  REFUSED, 0 },
	{ TRY_RESPONSES, 400, JSON_TYPE, ERROR("unsupported_parameter",
	  "Unsupported parameter: input"), CAPABLE_UNKNOWN, REFUSED, 0 },
	{ TRY_RESPONSES, 400, JSON_TYPE, ERROR("model_not_found",
	  "The model does not exist"), CAPABLE_UNKNOWN, 0, 0 },
	{ TRY_RESPONSES, 400, JSON_TYPE, ERROR("Arrearage",
	  "Access denied, please make sure your account is in good "
	  "standing."), CAPABLE_UNKNOWN, STOPS, 0 },
	{ TRY_RESPONSES, 401, JSON_TYPE, ERROR("invalid_api_key", "no"),
	  CAPABLE_UNKNOWN, REFUSED, 0 },
	{ TRY_RESPONSES, 402, JSON_TYPE, ERROR("insufficient_balance", "no"),
	  CAPABLE_UNKNOWN, REFUSED, 0 },
	{ TRY_RESPONSES, 403, JSON_TYPE, ERROR("access_denied", "no"),
	  CAPABLE_UNKNOWN, REFUSED, 0 },
	{ TRY_RESPONSES, 403, "text/html", "<html>no</html>",
	  CAPABLE_UNKNOWN, REFUSED, 0 },
	{ TRY_RESPONSES, 404, JSON_TYPE, "{}", CAPABLE_UNKNOWN, REFUSED, 0 },
	{ TRY_RESPONSES, 404, JSON_TYPE, ERROR("model_not_found", "no"),
	  CAPABLE_UNKNOWN, 0, 0 },
	{ TRY_RESPONSES, 405, JSON_TYPE, "{}", CAPABLE_UNKNOWN, REFUSED, 0 },
	{ TRY_RESPONSES, 501, JSON_TYPE, "{}", CAPABLE_UNKNOWN, REFUSED, 0 },
	{ TRY_RESPONSES, 429, JSON_TYPE, "{}", CAPABLE_UNKNOWN, STOPS, 0 },
	{ TRY_RESPONSES, 500, JSON_TYPE, "{}", CAPABLE_UNKNOWN, 0, 0 },
	{ TRY_RESPONSES, 302, "text/html", "", CAPABLE_UNKNOWN, 0, 0 },

	/* /messages */
	{ TRY_MESSAGES, 200, JSON_TYPE, MESSAGE("{\"type\":\"text\","
	  "\"text\":\"Hi\"}", "end_turn"), CAPABLE_YES, SERVED, 0 },
	{ TRY_MESSAGES, 200, JSON_TYPE, MESSAGE("{\"type\":\"thinking\","
	  "\"thinking\":\"a\"}", "max_tokens"), CAPABLE_UNKNOWN,
	  CUT | THOUGHT, 1 << QUIRK_THINKS_LONG },
	{ TRY_MESSAGES, 200, JSON_TYPE, MESSAGE("", "end_turn"),
	  CAPABLE_UNKNOWN, 0, 0 },
	{ TRY_MESSAGES, 200, JSON_TYPE, WORD, CAPABLE_UNKNOWN, 0, 0 },
	{ TRY_MESSAGES, 200, JSON_TYPE, "{\"type\":\"error\",\"error\":{"
	  "\"type\":\"overloaded_error\",\"message\":\"busy\"}}",
	  CAPABLE_UNKNOWN, 0, 0 },
	{ TRY_MESSAGES, 404, JSON_TYPE, "{}", CAPABLE_UNKNOWN, REFUSED, 0 },

	/* tools */
	{ TRY_TOOLS, 200, JSON_TYPE, CALLED("get_weather",
	  "{\\\"city\\\":\\\"Paris\\\"}"), CAPABLE_YES, SERVED, 0 },
	{ TRY_TOOLS, 200, JSON_TYPE, CALLED("get_weather", "Paris"),
	  CAPABLE_UNKNOWN, SERVED, 0 },
	{ TRY_TOOLS, 200, JSON_TYPE, CALLED("other", "{}"), CAPABLE_UNKNOWN,
	  SERVED, 0 },
	{ TRY_TOOLS, 200, JSON_TYPE, WORD, CAPABLE_UNKNOWN, SERVED, 0 },
	{ TRY_TOOLS, 400, JSON_TYPE, ERROR("bad", "Tools are not supported"),
	  CAPABLE_NO, 0, 0 },
	{ TRY_TOOLS, 400, JSON_TYPE, ERROR("bad", "something else"),
	  CAPABLE_UNKNOWN, 0, 0 },
	{ TRY_TOOLS, 403, JSON_TYPE, ERROR("no", "no tools for you"),
	  CAPABLE_UNKNOWN, 0, 0 },
	{ TRY_TOOLS, 402, JSON_TYPE, ERROR("insufficient_balance", "no"),
	  CAPABLE_UNKNOWN, STOPS, 0 },

	/* JSON mode */
	{ TRY_JSON_MODE, 200, JSON_TYPE,
	  SAYS("{\"content\":\"{\\\"word\\\":\\\"json\\\"}\"}"), CAPABLE_YES,
	  SERVED, 0 },
	{ TRY_JSON_MODE, 200, JSON_TYPE, SAYS("{\"content\":\"json\"}"),
	  CAPABLE_UNKNOWN, SERVED, 0 },
	{ TRY_JSON_MODE, 200, JSON_TYPE, SAYS("{\"content\":\"[1]\"}"),
	  CAPABLE_UNKNOWN, SERVED, 0 },
	{ TRY_JSON_MODE, 400, JSON_TYPE, ERROR("bad", "unknown parameter"),
	  CAPABLE_NO, 0, 0 },
	{ TRY_JSON_MODE, 503, JSON_TYPE, "{}", CAPABLE_UNKNOWN, 0, 0 },
};

/* Chat and the key itself are tried before anything was served. */
static bool was_served_before(enum try try)
{
	return try != TRY_STREAM && try != TRY_CHAT;
}

static unsigned int how(const struct tried *tried,
			enum try try)
{
	return (tried->served ? SERVED : 0) | (tried->refused ? REFUSED : 0) |
	       (tried->cut ? CUT : 0) | (tried->thought ? THOUGHT : 0) |
	       (try_stops(tried, was_served_before(try)) ? STOPS : 0);
}

static void an_answer_shows_so_much_and_no_more(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(answers); i++) {
		CLEANUP(answer_done) struct answer answer = answered(
			answers[i].status, answers[i].type, answers[i].body);
		struct tried tried;

		upstream_judge_try(&answer, answers[i].try, false, &tried);
		if (tried.is != answers[i].is ||
		    how(&tried, answers[i].try) != answers[i].how ||
		    tried.quirks != answers[i].quirks)
			fail_msg("%zu, %s, HTTP %d %s: %s, %u and not %u,"
				 " quirks %u, class %s", i,
				 try_name(answers[i].try),
				 answers[i].status, answers[i].body,
				 capable_name(tried.is),
				 how(&tried, answers[i].try), answers[i].how,
				 tried.quirks, failure_name(tried.class));
		assert_int_equal(tried.status, answers[i].status);
	}
}

static void no_answer_shows_nothing_and_may_have_cost_all(void **state)
{
	CLEANUP(answer_done) struct answer answer = {
		.transport = TRANSPORT_SILENT, .retry_after_ms = -1 };
	struct tried tried;

	(void)state;
	for (int i = 0; i < TRY__MAX; i++) {
		enum try try = (enum try)i;

		upstream_judge_try(&answer, try, true, &tried);
		assert_int_equal(tried.is, CAPABLE_UNKNOWN);
		assert_false(tried.served || tried.refused);
		assert_int_equal(tried.status, 0);
		assert_int_equal(tried.tokens, try_tokens(try, true));
	}
}

static void what_it_cost_is_read_where_it_is_said(void **state)
{
	CLEANUP(answer_done) struct answer said = answered(200, JSON_TYPE,
		"{\"choices\":[{\"message\":{\"content\":\"Hi\"}}],\"usage\":"
		"{\"total_tokens\":31,\"completion_tokens_details\":"
		"{\"reasoning_tokens\":12}}}");
	CLEANUP(answer_done) struct answer unsaid = answered(200, JSON_TYPE,
							     WORD);
	CLEANUP(answer_done) struct answer refused = answered(403, JSON_TYPE,
							      "{}");
	struct tried tried;

	(void)state;
	upstream_judge_try(&said, TRY_CHAT, false, &tried);
	assert_int_equal(tried.tokens, 31);
	assert_true(tried.thought);
	upstream_judge_try(&unsaid, TRY_CHAT, false, &tried);
	assert_int_equal(tried.tokens, try_tokens(TRY_CHAT, false));
	upstream_judge_try(&refused, TRY_CHAT, false, &tried);
	assert_int_equal(tried.tokens, 0);
}

/* ---- against every personality that there is ---- */

#define NONCE "nonce12345"

/* The answer of a provider to one try. */
static struct answer ask_model(struct provider_model *model,
			       enum try try)
{
	CLEANUP(request_done) struct request request = { 0 };
	CLEANUP(model_answer_done) struct model_answer got = { 0 };
	struct model_request sent = { .method = xstrdup("POST") };
	struct answer answer = { .retry_after_ms = -1 };

	upstream_ask_try(&request, try, try == TRY_MESSAGES
			 ? "http://p.test/v1/messages"
			 : "http://p.test/v1/chat/completions", "mock-a",
			 NONCE, true);
	sent.target = xstrdup(request.url);
	sent.body = xstrdup(buf_str(&request.body.text));
	sent.body_len = strlen(sent.body);
	model_request_add_header(&sent, "Authorization", "Bearer good-1");
	provider_model_request(model, 1000, &sent, &got);
	model_request_done(&sent);
	if (got.end != MODEL_END_COMPLETE) {
		answer.transport = got.end == MODEL_END_HANG
			? TRANSPORT_SILENT : TRANSPORT_RESET;
		return answer;
	}
	return answered(got.status, model_answer_header(&got, "Content-Type"),
			got.body);
}

static bool shows_it(const struct answer *answer, enum try try)
{
	/* The question of /responses has no nonce, its answer is a word. */
	if (try == TRY_RESPONSES)
		return strstr(answer->body, "\"pong") != NULL;
	if (try == TRY_TOOLS)
		return strstr(answer->body, "\"tool_calls\"") != NULL;
	/* A stream comes in halves. */
	return strstr(answer->body, try == TRY_STREAM ? "12345" : NONCE);
}

static void nothing_is_called_able_without_a_real_answer(void **state)
{
	const char *const *names = provider_personalities();
	size_t yes = 0;

	(void)state;
	for (size_t i = 0; names[i]; i++) {
		struct provider_model *model = provider_model_new(
			&(struct provider_options){ .personality = names[i] });

		for (int j = 0; j < TRY__MAX; j++) {
			enum try try = (enum try)j;
			CLEANUP(answer_done) struct answer answer =
				ask_model(model, try);
			struct tried tried;

			upstream_judge_try(&answer, try, true, &tried);
			if (tried.is != CAPABLE_YES && !tried.served)
				continue;
			yes++;
			assert_true(tried.served);
			assert_int_equal(answer.status, 200);
			if (!shows_it(&answer, try) && tried.is == CAPABLE_YES)
				fail_msg("%s, %s: %s", names[i],
					 try_name(try), answer.body);
		}
		provider_model_free(&model);
	}
	assert_true(yes > 100);
}

static void the_key_is_a_secret_in_every_question(void **state)
{
	(void)state;
	for (int i = 0; i < TRY__MAX; i++) {
		CLEANUP(request_done) struct request request = { 0 };
		json_auto_t *body = NULL;

		upstream_ask_try(&request, (enum try)i,
				 "http://p.test/v1/chat/completions", "m\"1",
				 NONCE, false);
		assert_int_equal(request.headers[0].slot, SLOT_PROVIDER_KEY);
		assert_int_equal(request.peer, PEER_PROVIDER);
		assert_true(request.chat);
		body = json_loads(buf_str(&request.body.text), 0, NULL);
		assert_string_equal(json_string_value(json_object_get(body,
							"model")), "m\"1");
		assert_int_equal(json_is_true(json_object_get(body,
							      "stream")),
				 i == TRY_STREAM);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_shows_so_much_and_no_more),
		cmocka_unit_test(no_answer_shows_nothing_and_may_have_cost_all),
		cmocka_unit_test(what_it_cost_is_read_where_it_is_said),
		cmocka_unit_test(nothing_is_called_able_without_a_real_answer),
		cmocka_unit_test(the_key_is_a_secret_in_every_question),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
