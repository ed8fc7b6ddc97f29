#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <jansson.h>

#include "shared/table.h"
#include "tests/model/provider_model.h"

#define NOW 1770000000000

#define CHAT "/v1/chat/completions"
#define PING "{\"model\":\"mock-a\",\"messages\":" \
	"[{\"role\":\"user\",\"content\":\"ping ab12cd34\"}]"
#define RESET (-MODEL_END_RESET)
#define HANG (-MODEL_END_HANG)
#define CUT (-MODEL_END_CUT)
#define TOOL "\"function\",\"parameters\":{\"properties\":" \
	"{\"ok\":{\"type\":\"boolean\"}}}"

/* One provider and the last thing that it said. */
struct talk {
	struct provider_model *model;
	struct model_answer answer;
	json_t *body;		/* NULL: no JSON */
};

static void talk_done(struct talk *talk)
{
	provider_model_free(&talk->model);
	model_answer_done(&talk->answer);
	json_decref(talk->body);
}

static struct talk talk_to(const char *personality)
{
	struct provider_options options = {
		.personality = personality,
		.seed = 1,
	};
	struct talk talk = { .model = provider_model_new(&options) };

	assert_non_null(talk.model);
	return talk;
}

/* Ask as `key`; returns the status, or minus the end. */
static int say(struct talk *talk, const char *key, const char *method,
	       const char *target, const char *body)
{
	CLEANUP(model_request_done) struct model_request request = {
		.method = xstrdup(method),
		.target = xstrdup(target),
		.body = xstrdup(body),
		.body_len = strlen(body),
	};
	AUTO_FREE char *bearer = xasprintf("Bearer %s", key);

	if (key[0])
		model_request_add_header(&request, "authorization", bearer);
	model_answer_done(&talk->answer);
	json_decref(talk->body);
	provider_model_request(talk->model, NOW, &request, &talk->answer);
	assert_non_null(talk->answer.body);
	talk->body = json_loadb(talk->answer.body, talk->answer.body_len, 0,
				NULL);
	return talk->answer.end == MODEL_END_COMPLETE ? talk->answer.status :
						-(int)talk->answer.end;
}

static int ask(struct talk *talk, const char *target, const char *body)
{
	return say(talk, "good-key", "POST", target, body);
}

/* A string, by members and numbers: "choices.0.message.content". */
static const char *find(const json_t *from, const char *path)
{
	while (*path && from) {
		size_t len = strcspn(path, ".");
		AUTO_FREE char *name = xstrndup(path, len);

		from = json_is_array(from) ?
			json_array_get(from, (size_t)(path[0] - '0')) :
			json_object_get(from, name);
		path += len + (path[len] == '.');
	}
	return json_string_value(from);
}

static void chat_repeats_the_nonce(void **state)
{
	CLEANUP(talk_done) struct talk talk = talk_to("dual");

	(void)state;
	assert_int_equal(ask(&talk, CHAT, PING "}"), 200);
	assert_string_equal(find(talk.body, "choices.0.message.content"),
			    "pong ab12cd34");
	assert_string_equal(find(talk.body, "choices.0.finish_reason"),
			    "stop");
	assert_non_null(strstr(talk.answer.body, "\"created\":1770000000,"));
	assert_true(json_is_object(json_object_get(talk.body, "usage")));
}

static void parts_of_a_message_have_a_nonce_too(void **state)
{
	CLEANUP(talk_done) struct talk talk = talk_to("dual");

	(void)state;
	assert_int_equal(ask(&talk, CHAT, "{\"model\":\"mock-a\",\"messages\":"
			     "[{\"role\":\"system\",\"content\":\"word9\"},"
			     "{\"role\":\"user\",\"content\":[{\"type\":"
			     "\"text\",\"text\":\"Say x-77-y.\"}]}]}"), 200);
	assert_string_equal(find(talk.body, "choices.0.message.content"),
			    "pong x-77-y");
}

static void request_ids_are_unique(void **state)
{
	CLEANUP(talk_done) struct talk talk = talk_to("dual");
	json_auto_t *seen = json_object();

	(void)state;
	for (int i = 0; i < 1000; i++) {
		ask(&talk, CHAT, PING "}");
		json_object_set_new(seen, model_answer_header(&talk.answer,
				    "x-request-id"), json_true());
	}
	assert_int_equal(json_object_size(seen), 1000);
}

static void a_chat_stream_is_chunks_and_an_end(void **state)
{
	CLEANUP(talk_done) struct talk talk = talk_to("dual");

	(void)state;
	assert_int_equal(ask(&talk, CHAT, PING ",\"stream\":true,"
			     "\"stream_options\":{\"include_usage\":true}}"),
			 200);
	assert_string_equal(model_answer_header(&talk.answer, "content-type"),
			    "text/event-stream");
	assert_non_null(strstr(talk.answer.body, "chat.completion.chunk"));
	assert_non_null(strstr(talk.answer.body, "\"choices\":[],\"usage\""));
	assert_non_null(strstr(talk.answer.body, "data: [DONE]\n\n"));
}

static void tools_are_called(void **state)
{
	CLEANUP(talk_done) struct talk talk = talk_to("dual");

	(void)state;
	assert_int_equal(ask(&talk, CHAT, PING ",\"tools\":[{\"type\":"
			     "\"function\",\"function\":{\"name\":" TOOL
			     "}}]}"), 200);
	assert_string_equal(find(talk.body, "choices.0.finish_reason"),
			    "tool_calls");
	assert_string_equal(find(talk.body, "choices.0.message.tool_calls.0."
				 "function.arguments"), "{\"ok\":true}");
	assert_int_equal(ask(&talk, CHAT, "{\"model\":\"mock-a\",\"messages\":"
			     "[{\"role\":\"tool\",\"content\":\"1\"}],"
			     "\"tools\":[{\"type\":\"function\",\"function\":"
			     "{\"name\":\"f\"}}]}"), 200);
	assert_string_equal(find(talk.body, "choices.0.finish_reason"),
			    "stop");
	assert_int_equal(ask(&talk, CHAT, PING ",\"stream\":true,\"tools\":"
			     "[{\"type\":\"function\",\"function\":{\"name\":"
			     TOOL "}}]}"), 200);
	assert_non_null(strstr(talk.answer.body, "\"tool_calls\":[{"));
}

static void a_capability_probe_finds_a_function_call(void **state)
{
	CLEANUP(talk_done) struct talk talk = talk_to("dual");

	(void)state;
	assert_int_equal(ask(&talk, "/v1/responses", "{\"model\":\"mock-a\","
			     "\"input\":\"Call it\",\"tool_choice\":"
			     "\"required\",\"tools\":[{\"type\":\"function\","
			     "\"name\":" TOOL "}]}"), 200);
	assert_string_equal(find(talk.body, "output.0.type"), "function_call");
	assert_string_equal(find(talk.body, "output.0.arguments"),
			    "{\"ok\":true}");
	assert_string_equal(find(talk.body, "status"), "completed");
}

static void responses_answer_whole_and_as_events(void **state)
{
	CLEANUP(talk_done) struct talk talk = talk_to("dual");

	(void)state;
	assert_int_equal(ask(&talk, "/v1/responses", "{\"model\":\"mock-a\","
			     "\"input\":\"ping qwert\"}"), 200);
	assert_string_equal(find(talk.body, "output.0.content.0.text"),
			    "pong qwert");
	assert_int_equal(ask(&talk, "/v1/responses", "{\"model\":\"mock-a\","
			     "\"input\":\"hi\",\"stream\":true}"), 200);
	assert_non_null(strstr(talk.answer.body,
			       "event: response.output_text.delta\n"));
	assert_non_null(strstr(talk.answer.body,
			       "event: response.completed\n"));
}

static void an_unknown_model_is_no_missing_path_on_responses(void **state)
{
	CLEANUP(talk_done) struct talk talk = talk_to("dual");
	static const char gpt[] = "{\"model\":\"gpt-5.4\",\"input\":\"hi\"}";

	(void)state;
	assert_int_equal(ask(&talk, "/v1/responses", gpt), 400);
	assert_int_equal(ask(&talk, CHAT, gpt), 404);
	assert_string_equal(find(talk.body, "error.code"), "model_not_found");
}

static void a_star_among_the_models_stands_for_any(void **state)
{
	CLEANUP(talk_done) struct talk talk = {
		.model = provider_model_new(&(struct provider_options){
			.models = "one,*" }),
	};

	(void)state;
	assert_int_equal(ask(&talk, CHAT, "{\"model\":\"any\"}"), 200);
	assert_int_equal(say(&talk, "good-1", "GET", "/v1/models", ""), 200);
	assert_string_equal(find(talk.body, "data.0.id"), "one");
	assert_null(find(talk.body, "data.1.id"));
}

static void paths_and_bodies_are_looked_at(void **state)
{
	static const struct {
		const char *method, *target, *body;
		int status;
	} rows[] = {
		{ "POST", "/chat/completions", PING "}", 200 },
		{ "POST", CHAT "?x=1", PING "}", 200 },
		{ "POST", "http://127.0.0.1:9" CHAT, PING "}", 200 },
		{ "POST", "/api/paas/v4/chat/completions", PING "}", 200 },
		{ "POST", "/compatible-mode" CHAT, PING "}", 200 },
		{ "POST", "/coding" CHAT, PING "}", 200 },
		{ "POST", "/api/paas/v4" CHAT, PING "}", 404 },
		{ "POST", CHAT "/chat/completions", PING "}", 404 },
		{ "POST", "/v1/messages", PING "}", 404 },
		{ "GET", "/v1/models/mock-b", "", 200 },
		{ "GET", "/v1/models/mock-z", "", 404 },
		{ "POST", "/v1/models", "{}", 405 },
		{ "POST", CHAT, "{", 400 }, { "POST", CHAT, "[]", 400 },
		{ "POST", CHAT, "{}", 400 }, { "GET", CHAT, "", 405 },
	};
	CLEANUP(talk_done) struct talk talk = talk_to("dual");

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(say(&talk, "good-1", rows[i].method,
				     rows[i].target, rows[i].body),
				 rows[i].status);
}

static void keys_decide_who_may_ask(void **state)
{
	static const struct {
		const char *key;
		int chat, models;
	} rows[] = {
		{ "good-1", 200, 200 }, { "quota-1", 402, 200 },
		{ "limited-1", 429, 200 }, { "bad-1", 401, 401 },
		{ "", 401, 401 },
	};
	CLEANUP(talk_done) struct talk talk = talk_to(NULL);

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(say(&talk, rows[i].key, "POST", CHAT,
				     PING "}"), rows[i].chat);
		assert_int_equal(say(&talk, rows[i].key, "GET", "/models", ""),
				 rows[i].models);
	}
}

static void listed_keys_are_the_only_ones(void **state)
{
	CLEANUP(talk_done) struct talk talk = {
		.model = provider_model_new(&(struct provider_options){
			.keys = "sk-one,quota-two" }),
	};

	(void)state;
	assert_int_equal(say(&talk, "sk-one", "POST", CHAT, PING "}"), 200);
	assert_int_equal(say(&talk, "quota-two", "POST", CHAT, PING "}"), 402);
	assert_int_equal(say(&talk, "good-1", "POST", CHAT, PING "}"), 401);
}

static void only_echo_key_shows_a_wrong_key(void **state)
{
	static const char key[] = "sk-secret-0123456789";
	const char *const *names = provider_personalities();

	(void)state;
	for (size_t i = 0; names[i]; i++) {
		CLEANUP(talk_done) struct talk talk = talk_to(names[i]);
		bool echo = strcmp(names[i], "echo-key") == 0;

		say(&talk, key, "POST", CHAT, PING "}");
		assert_int_equal(strstr(talk.answer.body, key) != NULL, echo);
	}
}

static void models_may_be_open_or_missing(void **state)
{
	CLEANUP(talk_done) struct talk open = talk_to("models-open");
	CLEANUP(talk_done) struct talk none = talk_to("no-models");

	(void)state;
	assert_int_equal(say(&open, "", "GET", "/v1/models", ""), 200);
	assert_int_equal(say(&open, "", "POST", CHAT, PING "}"), 401);
	assert_int_equal(say(&none, "good-1", "GET", "/v1/models", ""), 404);
	assert_int_equal(ask(&none, CHAT, PING "}"), 200);
}

static void chat_only_ones_refuse_responses_by_their_name(void **state)
{
	const char *const *names = provider_personalities();
	int seen = 0;

	(void)state;
	for (size_t i = 0; names[i]; i++) {
		CLEANUP(talk_done) struct talk talk = talk_to(names[i]);
		int status;

		if (sscanf(names[i], "chat-only-%d", &status) != 1)
			continue;
		assert_int_equal(ask(&talk, CHAT, PING "}"), 200);
		assert_int_equal(ask(&talk, "/v1/responses", PING "}"),
				 status);
		seen++;
	}
	assert_int_equal(seen, 11);
}

static void personalities_answer_as_their_rows_say(void **state)
{
	static const struct {
		const char *name;
		int chat, responses, models;
	} rows[] = {
		{ "chat-only-hang", 200, HANG, 200 }, { "dual", 200, 200, 200 },
		{ "reset", RESET, RESET, RESET }, { "hang", HANG, HANG, HANG },
		{ "cut", CUT, CUT, CUT }, { "endless", CUT, CUT, CUT },
		{ "rate-limited", 429, 429, 200 }, { "quota", 402, 402, 200 },
		{ "overloaded", 529, 529, 200 },
		{ "server-error", 500, 500, 500 },
		{ "model-missing", 404, 404, 200 },
		{ "redirect", 302, 302, 302 }, { "region", 403, 403, 403 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		CLEANUP(talk_done) struct talk talk = talk_to(rows[i].name);

		assert_int_equal(ask(&talk, CHAT, PING "}"), rows[i].chat);
		assert_int_equal(ask(&talk, "/v1/responses", PING "}"),
				 rows[i].responses);
		assert_int_equal(say(&talk, "good-1", "GET", "/v1/models", ""),
				 rows[i].models);
	}
}

static void answers_that_look_fine_are_not(void **state)
{
	CLEANUP(talk_done) struct talk html = talk_to("html");
	CLEANUP(talk_done) struct talk base = talk_to("base-resp");
	CLEANUP(talk_done) struct talk null = talk_to("null-choices");
	CLEANUP(talk_done) struct talk garbage = talk_to("garbage-json");

	(void)state;
	assert_int_equal(ask(&html, CHAT, PING "}"), 200);
	assert_non_null(strstr(model_answer_header(&html.answer,
						   "content-type"), "html"));
	assert_int_equal(ask(&base, CHAT, PING "}"), 200);
	assert_non_null(json_object_get(base.body, "base_resp"));
	assert_int_equal(ask(&null, CHAT, PING "}"), 200);
	assert_true(json_is_null(json_object_get(null.body, "choices")));
	assert_int_equal(ask(&garbage, CHAT, PING "}"), 200);
	assert_null(garbage.body);
}

static void a_thinker_needs_tokens(void **state)
{
	CLEANUP(talk_done) struct talk talk = talk_to("length-empty");

	(void)state;
	assert_int_equal(ask(&talk, CHAT, PING ",\"max_tokens\":16}"), 200);
	assert_string_equal(find(talk.body, "choices.0.message.content"), "");
	assert_string_equal(find(talk.body, "choices.0.finish_reason"),
			    "length");
	assert_non_null(find(talk.body,
			     "choices.0.message.reasoning_content"));
	assert_int_equal(ask(&talk, CHAT, PING ",\"max_tokens\":256}"), 200);
	assert_string_equal(find(talk.body, "choices.0.finish_reason"),
			    "stop");
}

static void a_flapping_one_answers_by_turns(void **state)
{
	CLEANUP(talk_done) struct talk talk = talk_to("flapping");

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(ask(&talk, CHAT, PING "}"), 200);
		assert_int_equal(ask(&talk, CHAT, PING "}"), 429);
		assert_non_null(model_answer_header(&talk.answer,
						    "retry-after"));
	}
}

static void delays_add_up(void **state)
{
	struct provider_options o = { .personality = "slow", .delay_ms = 20 };
	CLEANUP(talk_done) struct talk talk = {
		.model = provider_model_new(&o),
	};

	(void)state;
	assert_int_equal(ask(&talk, CHAT, PING "}"), 200);
	assert_int_equal(talk.answer.delay_ms, 3020);
}

static void what_was_asked_is_counted(void **state)
{
	CLEANUP(talk_done) struct talk talk = talk_to("chat-only-403");
	json_auto_t *counts = NULL;
	int chats, refused, good;

	(void)state;
	ask(&talk, CHAT "?a", PING "}");
	ask(&talk, CHAT, PING "}");
	say(&talk, "bad", "POST", CHAT, PING "}");
	counts = provider_model_state(talk.model);
	assert_int_equal(json_unpack(counts, "{s:{s:{s:i, s:i}}, s:{s:i}}",
				     "paths", "POST " CHAT, "200", &chats,
				     "401", &refused, "keys", "good", &good),
			 0);
	assert_int_equal(chats, 2);
	assert_int_equal(refused, 1);
	assert_int_equal(good, 2);
}

static void the_same_seed_gives_the_same_answers(void **state)
{
	CLEANUP(talk_done) struct talk one = talk_to("dual");
	CLEANUP(talk_done) struct talk two = talk_to("dual");

	(void)state;
	for (int i = 0; i < 5; i++) {
		ask(&one, CHAT, PING "}");
		ask(&two, CHAT, PING "}");
		assert_string_equal(one.answer.body, two.answer.body);
	}
}

static void an_unknown_personality_is_none(void **state)
{
	(void)state;
	assert_null(provider_model_new(&(struct provider_options){
		.personality = "friendly" }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chat_repeats_the_nonce),
		cmocka_unit_test(parts_of_a_message_have_a_nonce_too),
		cmocka_unit_test(request_ids_are_unique),
		cmocka_unit_test(a_chat_stream_is_chunks_and_an_end),
		cmocka_unit_test(tools_are_called),
		cmocka_unit_test(a_capability_probe_finds_a_function_call),
		cmocka_unit_test(responses_answer_whole_and_as_events),
		cmocka_unit_test(
			an_unknown_model_is_no_missing_path_on_responses),
		cmocka_unit_test(a_star_among_the_models_stands_for_any),
		cmocka_unit_test(paths_and_bodies_are_looked_at),
		cmocka_unit_test(keys_decide_who_may_ask),
		cmocka_unit_test(listed_keys_are_the_only_ones),
		cmocka_unit_test(only_echo_key_shows_a_wrong_key),
		cmocka_unit_test(models_may_be_open_or_missing),
		cmocka_unit_test(chat_only_ones_refuse_responses_by_their_name),
		cmocka_unit_test(personalities_answer_as_their_rows_say),
		cmocka_unit_test(answers_that_look_fine_are_not),
		cmocka_unit_test(a_thinker_needs_tokens),
		cmocka_unit_test(a_flapping_one_answers_by_turns),
		cmocka_unit_test(delays_add_up),
		cmocka_unit_test(what_was_asked_is_counted),
		cmocka_unit_test(the_same_seed_gives_the_same_answers),
		cmocka_unit_test(an_unknown_personality_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
