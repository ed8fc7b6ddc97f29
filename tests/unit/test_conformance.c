/* Expectations of a manifest, against answers as providers give them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "shared/buf.h"
#include "shared/conformance.h"

#define JSON_TYPE "application/json"
#define SSE "text/event-stream"
#define ERROR(code, text) \
	"{\"error\":{\"code\":\"" code "\",\"message\":\"" text "\"}}"
#define SAYS(message, why) "{\"choices\":[{\"message\":" message \
	",\"finish_reason\":\"" why "\"}]}"
#define WORD SAYS("{\"content\":\"Hello\"}", "stop")
#define STREAMED "data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"}," \
	"\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"
#define THINKS SAYS("{\"content\":\"\",\"reasoning_content\":\"hm\"}", \
		    "length")
#define LIST "{\"data\":[{\"id\":\"a\"},{\"id\":\"b\"}]}"
#define RESPONSE "{\"object\":\"response\",\"status\":\"completed\"," \
	"\"output\":[],\"usage\":{\"output_tokens\":3}}"
#define CALLED SAYS("{\"content\":null,\"tool_calls\":[{\"function\":{" \
	"\"name\":\"get_weather\",\"arguments\":\"{}\"}}]}", "tool_calls")
#define BAD_KEY 401, JSON_TYPE, ERROR("invalid_api_key", "no such key")
#define ABSENT 404, "text/plain", "404 page not found"

struct canned {
	enum conform_ask ask;
	int status;		/* 0: no answer comes */
	const char *type, *body;
};

#define ANSWERS_MAX 8

struct play {
	const char *expects;	/* ' stands for " */
	const char *verdicts;	/* "chat=ok ..." */
	enum conform_verdict worst;
	int64_t requests;
	struct canned answers[ANSWERS_MAX];
};

/* Who is asked for what is not written here gets a 500. */
static const struct play plays[] = {
	{ "{'models':'listed','must_list':['a','b'],'chat':'yes',"
	  "'stream':'yes','tools':'yes','responses':'yes',"
	  "'error_key_status':[401,403]}",
	  "models=ok must_list=ok chat=ok stream=ok tools=ok responses=ok "
	  "error_key_status=ok", CONFORM_OK, 5,
	  { { CONFORM_LIST, 200, JSON_TYPE, LIST },
	    { CONFORM_STREAM, 200, SSE, STREAMED },
	    { CONFORM_TOOLS, 200, JSON_TYPE, CALLED },
	    { CONFORM_RESPONSES, 200, JSON_TYPE, RESPONSE },
	    { CONFORM_WRONG, BAD_KEY } } },
	/* "any", and what is left out, is not asked. */
	{ "{'models':'any','must_list':[],'chat':'any','responses':'any',"
	  "'error_key_status':[]}", "", CONFORM_OK, 0, { { 0 } } },
	{ "{'must_list':['a','c']}", "must_list=differs", CONFORM_DIFFERS, 1,
	  { { CONFORM_LIST, 200, JSON_TYPE, LIST } } },
	/* Both paths of the list are tried. */
	{ "{'models':'absent'}", "models=ok", CONFORM_OK, 2,
	  { { CONFORM_LIST, ABSENT } } },
	{ "{'models':'listed'}", "models=differs", CONFORM_DIFFERS, 2,
	  { { CONFORM_LIST, ABSENT } } },
	{ "{'models':'listed'}", "models=unknown", CONFORM_UNKNOWN, 1,
	  { { CONFORM_LIST, BAD_KEY } } },
	{ "{'models':'listed','chat':'yes'}", "models=differs chat=ok",
	  CONFORM_DIFFERS, 2, { { CONFORM_LIST, BAD_KEY },
	    { CONFORM_STREAM, 200, SSE, STREAMED } } },
	{ "{'models':'absent'}", "models=differs", CONFORM_DIFFERS, 1,
	  { { CONFORM_LIST, 200, JSON_TYPE, LIST } } },
	{ "{'models':'public'}", "models=ok", CONFORM_OK, 2,
	  { { CONFORM_LIST, 200, JSON_TYPE, LIST },
	    { CONFORM_LIST_WRONG, 200, JSON_TYPE, LIST } } },
	{ "{'models':'public'}", "models=differs", CONFORM_DIFFERS, 2,
	  { { CONFORM_LIST, 200, JSON_TYPE, LIST },
	    { CONFORM_LIST_WRONG, BAD_KEY } } },
	/* A refused path is the key's where nothing else was served. */
	{ "{'chat':'yes','responses':'no'}", "chat=unknown responses=unknown",
	  CONFORM_UNKNOWN, 1, { { CONFORM_STREAM, BAD_KEY } } },
	{ "{'chat':'yes','responses':'no'}", "chat=ok responses=ok",
	  CONFORM_OK, 2, { { CONFORM_STREAM, 200, SSE, STREAMED },
			   { CONFORM_RESPONSES, 403, JSON_TYPE, "{}" } } },
	{ "{'responses':'yes'}", "responses=differs", CONFORM_DIFFERS, 2,
	  { { CONFORM_STREAM, 200, SSE, STREAMED },
	    { CONFORM_RESPONSES, 403, JSON_TYPE, "{}" } } },
	{ "{'chat':'yes','stream':'yes'}", "chat=differs stream=differs",
	  CONFORM_DIFFERS, 3, { { CONFORM_STREAM, ABSENT },
				{ CONFORM_CHAT, ABSENT } } },
	/* It came whole. */
	{ "{'chat':'yes','stream':'yes'}", "chat=ok stream=differs",
	  CONFORM_DIFFERS, 1, { { CONFORM_STREAM, 200, JSON_TYPE, WORD } } },
	{ "{'stream':'no'}", "stream=ok", CONFORM_OK, 1,
	  { { CONFORM_STREAM, 200, JSON_TYPE, WORD } } },
	/* The model's choice is no "no". */
	{ "{'tools':'yes'}", "tools=unknown", CONFORM_UNKNOWN, 1,
	  { { CONFORM_TOOLS, 200, JSON_TYPE, WORD } } },
	{ "{'tools':'yes'}", "tools=differs", CONFORM_DIFFERS, 1,
	  { { CONFORM_TOOLS, 400, JSON_TYPE,
	      ERROR("bad", "Tools are not supported") } } },
	{ "{'json_mode':'yes'}", "json_mode=ok", CONFORM_OK, 1,
	  { { CONFORM_JSON_MODE, 200, JSON_TYPE,
	      SAYS("{\"content\":\"{\\\"a\\\":1}\"}", "stop") } } },
	/* It thought until the tokens were used up, twice. */
	{ "{'chat':'yes','reasoning':'yes'}", "chat=unknown reasoning=ok",
	  CONFORM_UNKNOWN, 3, { { CONFORM_STREAM, 200, JSON_TYPE, THINKS },
				{ CONFORM_CHAT, 200, JSON_TYPE, THINKS } } },
	{ "{'reasoning':'yes'}", "reasoning=unknown", CONFORM_UNKNOWN, 1,
	  { { CONFORM_STREAM, 200, SSE, STREAMED } } },
	{ "{'reasoning':'no'}", "reasoning=ok", CONFORM_OK, 1,
	  { { CONFORM_STREAM, 200, SSE, STREAMED } } },
	/* Limits and money end it. */
	{ "{'chat':'yes','tools':'yes','error_key_status':[401]}",
	  "chat=unknown tools=unknown error_key_status=unknown",
	  CONFORM_UNKNOWN, 1, { { CONFORM_STREAM, 429, JSON_TYPE,
				  ERROR("rate_limit_exceeded", "slow") } } },
	{ "{'chat':'yes','tools':'yes','error_key_status':[401]}",
	  "chat=unknown tools=unknown error_key_status=ok", CONFORM_UNKNOWN,
	  2, { { CONFORM_STREAM, 402, JSON_TYPE,
		 ERROR("insufficient_balance", "no money") },
	       { CONFORM_WRONG, BAD_KEY } } },
	{ "{'error_key_status':[401]}", "error_key_status=differs",
	  CONFORM_DIFFERS, 1, { { CONFORM_WRONG, 200, JSON_TYPE, WORD } } },
	{ "{'error_key_status':[401]}", "error_key_status=unknown",
	  CONFORM_UNKNOWN, 1, { { CONFORM_WRONG, 503, JSON_TYPE, "{}" } } },
	{ "{'error_key_status':[401]}", "error_key_status=unknown",
	  CONFORM_UNKNOWN, 1, { { CONFORM_WRONG, 0, NULL, NULL } } },
};

static const struct canned *find(const struct play *play,
				 enum conform_ask ask)
{
	static const struct canned other = { 0, 500, JSON_TYPE, "{}" };

	for (size_t i = 0; i < ANSWERS_MAX; i++)
		if (play->answers[i].ask == ask &&
		    (play->answers[i].status || play->answers[i].type ||
		     i == 0))
			return &play->answers[i];
	return &other;
}

static json_t *expectations(const char *text)
{
	AUTO_FREE char *json = xstrdup(text);

	for (char *c = json; *c; c++)
		*c = *c == '\'' ? '"' : *c;
	return json_loads(json, 0, NULL);
}

static void give(struct conformance *c, const struct conform_question *asked,
		 const struct canned *canned)
{
	json_auto_t *json = canned->body ? json_loads(canned->body,
					JSON_DECODE_ANY, NULL) : NULL;

	conformance_take(c, asked, &(struct verdict_answer){
		.delivery = canned->status ? FAILURE_NONE : FAILURE_DEAD_END,
		.status = canned->status, .content_type = canned->type,
		.body = canned->body,
		.body_len = canned->body ? strlen(canned->body) : 0,
		.json = json, .retry_after_ms = -1 }, 7);
}

static char *verdicts(const json_t *rows)
{
	struct buf out = { .max = 1000 };
	const json_t *row;
	size_t i;

	json_array_foreach(rows, i, row) {
		assert_true(json_string_length(json_object_get(row, "seen")));
		buf_addf(&out, "%s%s=%s", i ? " " : "", json_string_value(
			 json_object_get(row, "expectation")),
			 json_string_value(json_object_get(row, "verdict")));
	}
	return buf_take(&out);
}

static void expectations_are_judged_by_what_was_seen(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(plays); i++) {
		CLEANUP(conformance_done) struct conformance c = { 0 };
		json_auto_t *expected = expectations(plays[i].expects);
		json_auto_t *rows = NULL;
		AUTO_FREE char *got = NULL;
		enum conform_verdict worst;
		struct conform_question question;

		assert_non_null(expected);
		conformance_init(&c, expected, "https://p.test");
		while (conformance_next(&c, &question))
			give(&c, &question, find(&plays[i], question.ask));
		rows = conformance_rows(&c, &worst);
		got = verdicts(rows);
		if (strcmp(got, plays[i].verdicts) != 0 ||
		    worst != plays[i].worst ||
		    c.requests != plays[i].requests)
			fail_msg("%zu, %s: %s, %s, %d questions", i,
				 plays[i].expects, got,
				 conform_verdict_name(worst),
				 (int)c.requests);
	}
}

/* The first path says 404: all that follows is asked of the second. */
static void a_path_that_is_elsewhere_is_found_once(void **state)
{
	CLEANUP(conformance_done) struct conformance c = { 0 };
	json_auto_t *expected = expectations("{'chat':'yes','tools':'yes'}");
	struct conform_question question;
	size_t roots[3], n = 0;

	(void)state;
	conformance_init(&c, expected, "https://p.test");
	while (n < COUNT(roots) && conformance_next(&c, &question)) {
		roots[n++] = question.root;
		give(&c, &question, question.root == 0
		     ? &(struct canned){ 0, ABSENT }
		     : &(struct canned){ 0, 200, SSE, STREAMED });
	}
	assert_int_equal(n, 3);
	assert_int_equal(roots[0], 0);
	assert_int_equal(roots[1], 1);
	assert_int_equal(roots[2], 1);
}

/* A key that is wrong is asked for in as few places as can be. */
static void only_two_questions_use_a_wrong_key(void **state)
{
	CLEANUP(conformance_done) struct conformance c = { 0 };
	json_auto_t *expected = expectations("{'models':'public','chat':'yes'"
		",'stream':'yes','tools':'yes','json_mode':'yes','responses':"
		"'yes','reasoning':'yes','error_key_status':[401]}");
	struct conform_question question;
	int wrong = 0;

	(void)state;
	conformance_init(&c, expected, "https://p.test/v1");
	while (conformance_next(&c, &question)) {
		wrong += question.wrong_key;
		give(&c, &question, &(struct canned){ 0, 200, JSON_TYPE,
			question.list ? LIST : WORD });
	}
	assert_int_equal(wrong, 2);
	assert_int_equal(c.requests, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(expectations_are_judged_by_what_was_seen),
		cmocka_unit_test(a_path_that_is_elsewhere_is_found_once),
		cmocka_unit_test(only_two_questions_use_a_wrong_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
