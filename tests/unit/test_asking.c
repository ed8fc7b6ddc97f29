/* What is asked of a key, in which order, and when that ends. */
#include "tests/unit/upstream_answer.h"

#include "schedd/asking.h"
#include "tests/model/provider_model.h"

#define NOW INT64_C(1790000000000)
#define DAY INT64_C(86400000)
#define ASKS_MAX 30

struct talk {
	struct asking *asking;
	struct settings settings;
	struct provider_model *model;
	const char *key;
	char asked[1000];	/* the paths, between blanks */
	size_t nasked;
	struct verdict end;
};

static struct talk *talk_new(const char *personality,
			     enum profile_level level)
{
	struct talk *talk = xcalloc(1, sizeof(*talk));
	struct asking *asking = xcalloc(1, sizeof(*asking));
	struct err err;

	if (settings_read(&talk->settings, NULL, &err))
		fail_msg("%s", err.msg);
	talk->key = "good-1";
	talk->model = provider_model_new(&(struct provider_options){
		.personality = personality });
	assert_non_null(talk->model);
	talk->asking = asking;
	asking->now = NOW;
	asking->settings = &talk->settings;
	asking->row.wanted = level;
	asking->item = (struct item){
		.base_url = xstrdup("http://p.test/v1"),
		.chat_url = xstrdup("http://p.test/v1/chat/completions"),
		.resolved_smoke_model = xstrdup("mock-a"),
		.models = xstrdup("[\"mock-b\",\"mock-a\"]"),
		.requested_models = xstrdup("[]"),
	};
	return talk;
}

static void talk_free(struct talk **talkp)
{
	struct talk *talk = *talkp;

	asking_free(&talk->asking);
	provider_model_free(&talk->model);
	settings_done(&talk->settings);
	free(talk);
	*talkp = NULL;
}

#define TALK CLEANUP(talk_free) struct talk *

static struct answer answer_of(struct talk *talk,
			       const struct request *request)
{
	CLEANUP(model_answer_done) struct model_answer got = { 0 };
	AUTO_FREE char *bearer = xasprintf("Bearer %s", talk->key);
	struct model_request sent = {
		.method = xstrdup("POST"),
		.target = xstrdup(request->url),
		.body = xstrdup(buf_str(&request->body.text)),
		.body_len = request->body.text.len,
	};
	struct answer answer = { .retry_after_ms = -1 };

	model_request_add_header(&sent, "Authorization", bearer);
	provider_model_request(talk->model, NOW, &sent, &got);
	model_request_done(&sent);
	if (got.end == MODEL_END_COMPLETE)
		return answered(got.status,
				model_answer_header(&got, "Content-Type"),
				got.body);
	answer.transport = got.end == MODEL_END_HANG ? TRANSPORT_SILENT
						     : TRANSPORT_RESET;
	return answer;
}

/* One step, as the engine does it; true: the flow goes on. */
static bool step(struct talk *talk)
{
	CLEANUP(request_done) struct request request = { 0 };
	CLEANUP(answer_done) struct answer answer = { 0 };
	bool asks = ask_capability(talk->asking, &request);
	size_t len = strlen(talk->asked);

	if (asks) {
		talk->nasked++;
		snprintf(talk->asked + len, sizeof(talk->asked) - len, "%s%s",
			 len ? " " : "", strchr(request.url + 7, '/'));
		answer = answer_of(talk, &request);
	}
	talk->end = got_capability(talk->asking, asks ? &answer : NULL);
	return talk->end.kind == VERDICT_POLL;
}

static void talk_to_the_end(struct talk *talk)
{
	if (!talk->asking->models)
		asking_prepare(talk->asking);
	for (int i = 0; step(talk); i++)
		if (i > ASKS_MAX)
			fail_msg("it does not end: %s", talk->asked);
	assert_int_equal(talk->end.kind, VERDICT_DONE);
	profile_settle(&talk->asking->draft);
}

/* "yes no yes; yes yes no unknown unknown": the paths, the first model. */
static char *in_short(const struct profile *p)
{
	struct buf out = { .max = 400 };

	for (size_t i = 0; i < PROFILE_PATH__MAX; i++)
		buf_addf(&out, "%s ", capable_name(p->paths[i].is));
	for (size_t i = 0; i < SKILL__MAX; i++)
		buf_addf(&out, " %s", capable_name(p->models[0].skills[i].is));
	return buf_take(&out);
}

#define UNKNOWN3 "unknown unknown unknown "

static const struct {
	const char *personality;
	const char *is;	/* chat responses messages; chat stream tools json thinks */
	size_t asked;
} cases[] = {
	{ "dual", "yes yes no  yes yes yes yes unknown", 6 },
	{ "all-surfaces", "yes yes yes  yes yes yes yes unknown", 5 },
	{ "with-messages", "yes no yes  yes yes yes yes unknown", 5 },
	{ "messages-apart", "yes yes yes  yes yes yes yes unknown", 6 },
	{ "messages-only", "no no yes  unknown unknown unknown unknown unknown",
	  4 },
	{ "chat-only-400", "yes no no  yes yes yes yes unknown", 6 },
	{ "chat-only-401", "yes no no  yes yes yes yes unknown", 6 },
	{ "chat-only-402", "yes no no  yes yes yes yes unknown", 6 },
	{ "chat-only-403", "yes no no  yes yes yes yes unknown", 6 },
	{ "chat-only-404", "yes no no  yes yes yes yes unknown", 6 },
	{ "chat-only-405", "yes no no  yes yes yes yes unknown", 6 },
	{ "chat-only-422", "yes no no  yes yes yes yes unknown", 6 },
	{ "chat-only-501", "yes no no  yes yes yes yes unknown", 6 },
	{ "chat-only-html", "yes no no  yes yes yes yes unknown", 6 },
	{ "chat-only-500", "yes unknown no  yes yes yes yes unknown", 6 },
	{ "chat-only-503", "yes unknown no  yes yes yes yes unknown", 6 },
	{ "chat-only-hang", "yes unknown no  yes yes yes yes unknown", 6 },
	/* At the first limit it is enough. */
	{ "chat-only-429", "yes unknown unknown  yes yes unknown unknown "
	  "unknown", 2 },
	{ "chat-alone-403", "yes no no  yes yes yes yes unknown", 6 },
	{ "plain-chat", "yes no no  yes no no no unknown", 6 },
	{ "think-tags", "yes yes no  yes yes yes yes yes", 6 },
	/* So much room is enough for it to speak behind its thoughts. */
	{ "length-empty", "yes no no  yes yes yes yes yes", 6 },
	{ "quota", UNKNOWN3 " unknown unknown unknown unknown unknown", 1 },
	{ "rate-limited", UNKNOWN3 " unknown unknown unknown unknown unknown",
	  1 },
	{ "hang", UNKNOWN3 " unknown unknown unknown unknown unknown", 1 },
	{ "plain-401", UNKNOWN3 " unknown unknown unknown unknown unknown",
	  1 },
	{ "html", UNKNOWN3 " unknown unknown unknown unknown unknown", 5 },
	{ "garbage-json", UNKNOWN3 " unknown unknown unknown unknown unknown",
	  4 },
};

static void each_kind_of_provider_is_found_out(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		TALK talk = talk_new(cases[i].personality, PROFILE_FULL);
		AUTO_FREE char *is = NULL;

		talk_to_the_end(talk);
		is = in_short(&talk->asking->draft);
		if (strcmp(is, cases[i].is) != 0 ||
		    talk->nasked != cases[i].asked)
			fail_msg("%s: %s, not %s; %zu asks: %s",
				 cases[i].personality, is, cases[i].is,
				 talk->nasked, talk->asked);
	}
}

static void basic_asks_for_a_stream_and_for_responses(void **state)
{
	TALK talk = talk_new("all-surfaces", PROFILE_BASIC);

	(void)state;
	talk_to_the_end(talk);
	assert_string_equal(talk->asked, "/v1/chat/completions /v1/responses");
	assert_int_equal(talk->asking->draft.paths[PATH_MESSAGES].is,
			 CAPABLE_UNKNOWN);
	assert_true(profile_is_complete(&talk->asking->draft));
}

static void more_that_is_wanted_meanwhile_is_asked_too(void **state)
{
	TALK talk = talk_new("all-surfaces", PROFILE_BASIC);

	(void)state;
	asking_prepare(talk->asking);
	assert_true(step(talk));
	assert_true(step(talk));
	talk->asking->row.wanted = PROFILE_FULL;
	talk_to_the_end(talk);
	assert_int_equal(talk->nasked, 5);
}

static void what_the_import_was_refused_is_not_asked_again(void **state)
{
	static const struct {
		int64_t status, age;
		size_t asked;
	} imports[] = {
		{ 403, 1000, 1 }, { 404, 1000, 1 },
		{ 0, 1000, 2 }, { 429, 1000, 2 }, { 500, 1000, 2 },
		{ 200, 1000, 2 },	/* for a "yes" it takes a real one */
		{ 403, 2 * DAY, 2 },	/* long ago */
		{ 403, -1000, 2 },	/* the clock was set back */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(imports); i++) {
		TALK talk = talk_new("chat-only-403", PROFILE_BASIC);

		talk->asking->item.responses_status = imports[i].status;
		talk->asking->item.finished_at = NOW - imports[i].age;
		talk_to_the_end(talk);
		assert_int_equal(talk->nasked, imports[i].asked);
		assert_int_equal(talk->asking->draft.paths[PATH_RESPONSES].is,
				 CAPABLE_NO);
	}
}

static void the_budget_of_a_day_is_kept(void **state)
{
	TALK talk = talk_new("all-surfaces", PROFILE_FULL);
	struct asking *asking = talk->asking;

	(void)state;
	talk->settings.capability_probes = 5;
	asking->row.day = NOW / DAY;
	asking->row.probes = 3;
	talk_to_the_end(talk);
	assert_int_equal(talk->nasked, 2);
	assert_int_equal(asking->row.probes, 5);
	assert_true(asking->draft.over_budget);
	assert_false(profile_is_complete(&asking->draft));
}

static void so_is_that_of_tokens(void **state)
{
	TALK talk = talk_new("all-surfaces", PROFILE_FULL);
	struct asking *asking = talk->asking;

	(void)state;
	asking->row.day = NOW / DAY;
	asking->row.tokens = talk->settings.capability_tokens -
			     try_tokens(TRY_STREAM, false) + 1;
	talk_to_the_end(talk);
	assert_int_equal(talk->nasked, 0);
	assert_true(asking->draft.over_budget);
}

static void what_was_spent_yesterday_does_not_count(void **state)
{
	TALK talk = talk_new("all-surfaces", PROFILE_FULL);
	struct asking *asking = talk->asking;

	(void)state;
	asking->row.day = NOW / DAY - 1;
	asking->row.probes = asking->row.tokens = 1000000;
	talk_to_the_end(talk);
	assert_int_equal(talk->nasked, 5);
	assert_int_equal(asking->row.probes, 5);
	assert_int_equal(asking->row.day, NOW / DAY);
}

static void several_models_are_asked_by_setting(void **state)
{
	TALK talk = talk_new("all-surfaces", PROFILE_FULL);
	const struct profile *p = &talk->asking->draft;

	(void)state;
	talk->settings.capability_models = 5;
	talk_to_the_end(talk);
	/* The paths but once. */
	assert_int_equal(talk->nasked, 5 + 3);
	assert_int_equal(p->nmodels, 2);
	assert_string_equal(p->models[0].model, "mock-a");
	assert_string_equal(p->models[1].model, "mock-b");
	assert_int_equal(p->models[1].skills[SKILL_TOOLS].is, CAPABLE_YES);
}

static void a_model_that_is_not_there_cannot_chat(void **state)
{
	TALK talk = talk_new("chat-only-404", PROFILE_FULL);
	const struct profile *p = &talk->asking->draft;

	(void)state;
	own_set(&talk->asking->item.resolved_smoke_model, "mock-z");
	talk_to_the_end(talk);
	assert_int_equal(p->models[0].skills[SKILL_CHAT].is, CAPABLE_NO);
	assert_int_equal(p->paths[PATH_CHAT].is, CAPABLE_UNKNOWN);
	assert_int_equal(p->models[0].skills[SKILL_TOOLS].is,
			 CAPABLE_UNKNOWN);
}

static void a_wrong_key_is_asked_with_once(void **state)
{
	TALK talk = talk_new("dual", PROFILE_FULL);

	(void)state;
	talk->key = "wrong";
	talk_to_the_end(talk);
	assert_int_equal(talk->nasked, 1);
	assert_int_equal(talk->asking->draft.stopped, FAILURE_KEY_INVALID);
}

#define THOUGHT_ONLY "{\"choices\":[{\"message\":{\"content\":\"\"," \
	"\"reasoning_content\":\"hm\"},\"finish_reason\":\"length\"}]}"

static int64_t room_asked(const struct asking *asking)
{
	CLEANUP(request_done) struct request request = { 0 };
	json_auto_t *body = NULL;

	assert_true(ask_capability(asking, &request));
	body = json_loads(buf_str(&request.body.text), 0, NULL);
	return json_integer_value(json_object_get(body, "max_tokens"));
}

static void who_thinks_for_long_is_asked_once_more_with_more_room(void **state)
{
	TALK talk = talk_new("dual", PROFILE_BASIC);
	struct asking *asking = talk->asking;
	static const int64_t rooms[] = { 256, 1024, 256, 1024 };

	(void)state;
	asking_prepare(asking);
	/* By a stream, then without one. */
	for (size_t i = 0; i < COUNT(rooms); i++) {
		CLEANUP(answer_done) struct answer answer = answered(200,
						JSON_TYPE, THOUGHT_ONLY);

		assert_int_equal(room_asked(asking), rooms[i]);
		assert_int_equal(got_capability(asking, &answer).kind,
				 VERDICT_POLL);
	}
	assert_int_equal(asking->memo.tried, 1 << TRY_STREAM | 1 << TRY_CHAT);
	assert_int_equal(asking->draft.models[0].skills[SKILL_CHAT].is,
			 CAPABLE_UNKNOWN);
	assert_int_equal(asking->draft.models[0].skills[SKILL_REASONING].is,
			 CAPABLE_UNKNOWN);
}

static void without_a_model_nothing_is_asked(void **state)
{
	TALK talk = talk_new("dual", PROFILE_FULL);

	(void)state;
	own_set(&talk->asking->item.resolved_smoke_model, NULL);
	own_set(&talk->asking->item.models, NULL);
	talk_to_the_end(talk);
	assert_int_equal(talk->nasked, 0);
}

static void what_is_documented_is_said_and_is_no_yes(void **state)
{
	TALK talk = talk_new("dual", PROFILE_BASIC);
	const struct profile *p = &talk->asking->draft;

	(void)state;
	own_set(&talk->asking->item.base_url, "https://api.deepseek.com");
	talk_to_the_end(talk);
	assert_int_equal(p->paths[PATH_MESSAGES].is, CAPABLE_UNKNOWN);
	assert_int_equal(p->paths[PATH_MESSAGES].learnt, LEARNT_PACK);
	assert_string_equal(p->urls[PATH_MESSAGES],
			    "https://api.deepseek.com/anthropic/v1/messages");
}

/* A pack that says so is believed, and its headers go along. */
static void a_path_that_the_pack_shuns_is_not_asked_for(void **state)
{
	TALK talk = talk_new("chat-only-403", PROFILE_BASIC);
	CLEANUP(request_done) struct request request = { 0 };
	const struct capability *responses;

	(void)state;
	talk->asking->manifest = json_pack("{sb s{ss}}",
		"force_disable_openai_responses_api", 1,
		"required_headers", "X-Plan", "a");
	asking_prepare(talk->asking);
	assert_true(ask_capability(talk->asking, &request));
	assert_string_equal(request.headers[request.nheaders - 1].name,
			    "X-Plan");
	talk_to_the_end(talk);
	assert_null(strstr(talk->asked, "/responses"));
	responses = &talk->asking->draft.paths[PATH_RESPONSES];
	assert_int_equal(responses->is, CAPABLE_NO);
	assert_int_equal(responses->learnt, LEARNT_PACK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_of_provider_is_found_out),
		cmocka_unit_test(a_path_that_the_pack_shuns_is_not_asked_for),
		cmocka_unit_test(basic_asks_for_a_stream_and_for_responses),
		cmocka_unit_test(more_that_is_wanted_meanwhile_is_asked_too),
		cmocka_unit_test(
			what_the_import_was_refused_is_not_asked_again),
		cmocka_unit_test(the_budget_of_a_day_is_kept),
		cmocka_unit_test(so_is_that_of_tokens),
		cmocka_unit_test(what_was_spent_yesterday_does_not_count),
		cmocka_unit_test(several_models_are_asked_by_setting),
		cmocka_unit_test(a_model_that_is_not_there_cannot_chat),
		cmocka_unit_test(a_wrong_key_is_asked_with_once),
		cmocka_unit_test(
			who_thinks_for_long_is_asked_once_more_with_more_room),
		cmocka_unit_test(without_a_model_nothing_is_asked),
		cmocka_unit_test(what_is_documented_is_said_and_is_no_yes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
