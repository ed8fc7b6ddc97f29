/*
 * The ways of calling a host: what the table says, what answers show, and
 * that the two agree on what real hosts answered.
 */
#include "tests/unit/recorded.h"
#include "tests/unit/host_request.h"

#include "schedd/host/surface_try.h"

static const struct host_chat chat = {
	.model = "m", .nonce = "n1", .request_id = "r1",
};

/* ---- asking ---- */

static void every_surface_is_asked_in_its_own_way(void **state)
{
	static const char *const paths[] = {
		[HOST_SURFACE_CHAT] = "/v1/chat/completions",
		[HOST_SURFACE_STREAM] = "/v1/chat/completions",
		[HOST_SURFACE_TOOLS] = "/v1/chat/completions",
		[HOST_SURFACE_RESPONSES] = "/v1/responses",
		[HOST_SURFACE_RESPONSES_STREAM] = "/v1/responses",
		[HOST_SURFACE_MESSAGES] = "/v1/messages",
		[HOST_SURFACE_COUNT_TOKENS] = "/v1/messages/count_tokens",
		[HOST_SURFACE_EMBEDDINGS] = "/v1/embeddings",
	};

	(void)state;
	for (unsigned i = 0; i < HOST_SURFACE__MAX; i++) {
		CLEANUP(request_done) struct request request = { 0 };
		AUTO_FREE char *url = xasprintf("%s%s", by_key.base_url,
						paths[i]);
		AUTO_FREE char *body = NULL;
		json_auto_t *json = NULL;

		host_ask_surface(&request, &by_key, i, &chat);
		assert_string_equal(request.url, url);
		assert_string_equal(credentials_of(&request), "user_key");
		assert_string_equal(header(&request, "X-Request-ID")->value,
				    "r1");
		assert_true(request.chat);
		body = body_of(&request);
		json = json_loads(body, 0, NULL);
		assert_non_null(json);
		assert_string_equal(json_string_value(json_object_get(json,
								"model")),
				    "m");
		/* Equal first messages would all go to one account. */
		assert_non_null(strstr(body, "n1"));
		assert_int_equal(json_is_true(json_object_get(json, "stream")),
				 i == HOST_SURFACE_STREAM ||
				 i == HOST_SURFACE_RESPONSES_STREAM);
		assert_true(strlen(host_surface_name(i)) > 3);
	}
}

/* ---- what real hosts answered ---- */

static const struct {
	enum host_surface surface;
	const char *file;
} recordings[] = {
	{ HOST_SURFACE_TOOLS,		 "140-chat-tools" },
	{ HOST_SURFACE_CHAT,		 "142-chat-json" },
	{ HOST_SURFACE_STREAM,		 "141-chat-tools-stream" },
	{ HOST_SURFACE_RESPONSES,	 "143-responses" },
	{ HOST_SURFACE_RESPONSES_STREAM, "144-responses-stream" },
	{ HOST_SURFACE_RESPONSES_STREAM, "145-responses-tools-stream" },
	{ HOST_SURFACE_MESSAGES,	 "150-messages" },
	{ HOST_SURFACE_MESSAGES,	 "152-messages-tools" },
	{ HOST_SURFACE_COUNT_TOKENS,	 "154-count-tokens" },
	{ HOST_SURFACE_EMBEDDINGS,	 "155-embeddings" },
};

static void compare(const char *version, size_t i, bool dual)
{
	AUTO_FREE char *name = xasprintf("%s-%s", recordings[i].file,
					 dual ? "dual" : "chatonly");
	CLEANUP(answer_done) struct answer answer = recorded(version, name);
	CLEANUP(host_tried_done) struct host_tried tried = { 0 };
	struct host_features features = host_features_of(version);
	const struct host_surface_case the = {
		.features = &features,
		.provider = dual ? HOST_PROVIDER_DUAL : HOST_PROVIDER_CHAT_ONLY,
		.responses_status = dual ? 200 : 403,
		.converts = dual, .dispatch = true,
	};
	enum host_outcome expected = host_surface_expect(
		recordings[i].surface, &the).outcome;

	/* What is unsafe was refused there, and somebody else paid. */
	if (expected == HOST_OUTCOME_UNSAFE)
		expected = HOST_OUTCOME_REFUSED;
	/* The mock behind the recordings embeds whatever it is asked. */
	if (recordings[i].surface == HOST_SURFACE_EMBEDDINGS &&
	    features.embeddings)
		expected = HOST_OUTCOME_WORKS;
	host_judge_surface(&answer, recordings[i].surface, &tried);
	if (tried.outcome != expected)
		fail_msg("%s %s: %s, not %s (%s)", version, name,
			 host_outcome_name(tried.outcome),
			 host_outcome_name(expected),
			 tried.words ? tried.words : "");
	if (tried.outcome != HOST_OUTCOME_WORKS)
		assert_non_null(tried.words);
	assert_int_equal(tried.class == FAILURE_NONE,
			 tried.outcome == HOST_OUTCOME_WORKS ||
			 tried.outcome == HOST_OUTCOME_DAMAGED);
}

static void the_table_agrees_with_real_hosts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(recordings); i++)
		for (size_t v = 0; v < COUNT(versions); v++) {
			compare(versions[v], i, false);
			compare(versions[v], i, true);
		}
}

static void a_group_that_does_not_serve_messages_says_so(void **state)
{
	(void)state;
	for (size_t v = 0; v < COUNT(versions); v++) {
		CLEANUP(answer_done) struct answer answer =
			recorded(versions[v], "158-messages-not-allowed");
		CLEANUP(host_tried_done) struct host_tried tried = { 0 };

		host_judge_surface(&answer, HOST_SURFACE_MESSAGES, &tried);
		assert_int_equal(tried.outcome, HOST_OUTCOME_REFUSED);
		assert_int_equal(tried.status, 403);
	}
}

/* ---- what an answer shows ---- */

#define CHUNK "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":" \
	"\"hi\"},\"finish_reason\":null}]}\n\n"
#define LAST "data: {\"choices\":[{\"index\":0,\"delta\":{}," \
	"\"finish_reason\":\"stop\"}]}\n\n"
#define CALL(arguments) "{\"choices\":[{\"message\":{\"tool_calls\":[{" \
	"\"id\":\"c\",\"type\":\"function\",\"function\":{\"name\":" \
	"\"get_weather\",\"arguments\":" arguments "}}]},\"finish_reason\":" \
	"\"tool_calls\"}]}"
#define SAID "{\"choices\":[{\"message\":{\"content\":\"ok\"}," \
	"\"finish_reason\":\"stop\"}]}"

static const struct {
	enum host_surface surface;
	int status;
	const char *type, *body;
	enum host_outcome outcome;
} shown[] = {
	{ HOST_SURFACE_CHAT, 200, "application/json", SAID,
	  HOST_OUTCOME_WORKS },
	{ HOST_SURFACE_CHAT, 200, "text/event-stream", SAID,
	  HOST_OUTCOME_DAMAGED },
	{ HOST_SURFACE_CHAT, 200, "text/html", "<html></html>",
	  HOST_OUTCOME_REFUSED },
	{ HOST_SURFACE_CHAT, 200, "application/json",
	  "{\"base_resp\":{\"status_code\":1004}}",
	  HOST_OUTCOME_REFUSED },
	{ HOST_SURFACE_CHAT, 503, "application/json",
	  "{\"error\":{\"message\":\"x\",\"type\":\"api_error\"}}",
	  HOST_OUTCOME_UNKNOWN },
	{ HOST_SURFACE_CHAT, 429, "application/json", "{}",
	  HOST_OUTCOME_UNKNOWN },
	{ HOST_SURFACE_STREAM, 200, "text/event-stream",
	  CHUNK LAST "data: [DONE]\n\n", HOST_OUTCOME_WORKS },
	{ HOST_SURFACE_STREAM, 200, "text/event-stream", CHUNK,
	  HOST_OUTCOME_DAMAGED },
	{ HOST_SURFACE_STREAM, 200, "text/event-stream", CHUNK LAST,
	  HOST_OUTCOME_DAMAGED },
	{ HOST_SURFACE_STREAM, 200, "application/json",
	  CHUNK LAST "data: [DONE]\n\n", HOST_OUTCOME_DAMAGED },
	{ HOST_SURFACE_STREAM, 200, "text/html", "<html></html>",
	  HOST_OUTCOME_REFUSED },
	{ HOST_SURFACE_TOOLS, 200, "application/json",
	  CALL("\"{\\\"city\\\":\\\"Paris\\\"}\""),
	  HOST_OUTCOME_WORKS },
	{ HOST_SURFACE_TOOLS, 200, "application/json",
	  CALL("\"{\\\"city\\\":\""), HOST_OUTCOME_DAMAGED },
	{ HOST_SURFACE_TOOLS, 200, "application/json", SAID,
	  HOST_OUTCOME_UNKNOWN },
	{ HOST_SURFACE_RESPONSES, 200, "application/json",
	  "{\"output\":[]}", HOST_OUTCOME_DAMAGED },
	{ HOST_SURFACE_RESPONSES, 502, "application/json",
	  "{\"error\":{\"message\":\"Upstream access forbidden\","
	  "\"type\":\"upstream_error\"}}", HOST_OUTCOME_REFUSED },
	{ HOST_SURFACE_RESPONSES_STREAM, 200, "text/event-stream",
	  "data: {\"type\":\"response.created\"}\n\n",
	  HOST_OUTCOME_DAMAGED },
	{ HOST_SURFACE_COUNT_TOKENS, 200, "application/json",
	  "{\"input_tokens\":20}", HOST_OUTCOME_WORKS },
	{ HOST_SURFACE_COUNT_TOKENS, 404, "text/plain",
	  "404 page not found", HOST_OUTCOME_REFUSED },
	{ HOST_SURFACE_EMBEDDINGS, 400, "application/json",
	  "{\"error\":{\"message\":\"not an embedding model\"}}",
	  HOST_OUTCOME_UNKNOWN },
};

static void answers_show_what_is_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(shown); i++) {
		CLEANUP(answer_done) struct answer answer = made(
			shown[i].status, shown[i].type, shown[i].body);
		CLEANUP(host_tried_done) struct host_tried tried = { 0 };

		host_judge_surface(&answer, shown[i].surface, &tried);
		if (tried.outcome != shown[i].outcome)
			fail_msg("%zu %s: %s", i,
				 host_surface_name(shown[i].surface),
				 host_outcome_name(tried.outcome));
	}
}

static void no_answer_shows_nothing(void **state)
{
	struct answer lost = { .transport = TRANSPORT_RESET };

	(void)state;
	for (unsigned i = 0; i < HOST_SURFACE__MAX; i++) {
		CLEANUP(host_tried_done) struct host_tried tried = { 0 };

		host_judge_surface(&lost, i, &tried);
		assert_int_equal(tried.outcome, HOST_OUTCOME_UNKNOWN);
		assert_int_equal(tried.class, FAILURE_RESET);
	}
}

/* ---- the table ---- */

static void danger_depends_on_version_and_armour(void **state)
{
	static const struct {
		const char *version;
		enum host_surface surface;
		bool dispatch, pool;
		int status;
		bool safe;
	} cases[] = {
		{ "0.1.126", HOST_SURFACE_CHAT, false, false, 403, true },
		{ "0.1.126", HOST_SURFACE_RESPONSES, false, false, 403,
		  false },
		{ "0.1.126", HOST_SURFACE_RESPONSES, false, false, 404,
		  true },
		{ "0.1.126", HOST_SURFACE_RESPONSES, false, true, 403, true },
		{ "0.1.126", HOST_SURFACE_RESPONSES, false, false, 0, false },
		{ "0.1.129", HOST_SURFACE_RESPONSES, false, false, 403, true },
		{ "0.1.129", HOST_SURFACE_MESSAGES, false, false, 403, true },
		{ "0.1.129", HOST_SURFACE_MESSAGES, true, false, 403, false },
		{ "0.1.179", HOST_SURFACE_MESSAGES, true, false, 403, true },
		{ "0.1.179", HOST_SURFACE_COUNT_TOKENS, true, false, 403,
		  false },
		{ "0.1.179", HOST_SURFACE_COUNT_TOKENS, false, false, 403,
		  true },
		{ "0.1.179", HOST_SURFACE_COUNT_TOKENS, true, true, 403,
		  true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct host_features features =
			host_features_of(cases[i].version);
		const struct host_surface_case the = {
			.features = &features,
			.provider = HOST_PROVIDER_CHAT_ONLY,
			.responses_status = cases[i].status,
			.dispatch = cases[i].dispatch,
			.pool_mode = cases[i].pool,
		};

		if (host_surface_is_safe(cases[i].surface, &the) !=
		    cases[i].safe)
			fail_msg("row %zu", i);
	}
}

/* Every combination has a row, and words. */
static void the_table_knows_every_case(void **state)
{
	static const char *const all[] = { "0.1.126", "0.1.128", "0.1.150",
					   "0.1.179", "" };
	static const int statuses[] = { 0, 200, 403, 404 };

	(void)state;
	for (unsigned n = 0; n < COUNT(all) * COUNT(statuses) * 24; n++) {
		struct host_features features =
			host_features_of(all[n % COUNT(all)]);
		unsigned rest = n / COUNT(all);
		const struct host_surface_case the = {
			.features = &features,
			.responses_status = statuses[rest % 4],
			.provider = rest / 4 % 3,
			.converts = rest / 12 & 1,
			.dispatch = rest / 24 & 1,
			.pool_mode = rest / 48 & 1,
		};

		for (unsigned s = 0; s < HOST_SURFACE__MAX; s++) {
			struct host_expectation e = host_surface_expect(s,
									&the);

			assert_int_not_equal(e.outcome, HOST_OUTCOME_UNKNOWN);
			assert_true(strlen(e.zh) > 10 && strlen(e.en) > 10);
		}
	}
}

/* ---- clients ---- */

static void outcomes_of(const char *version, bool dual, bool converts,
			enum host_outcome outcomes[HOST_SURFACE__MAX])
{
	struct host_features features = host_features_of(version);
	const struct host_surface_case the = {
		.features = &features,
		.provider = dual ? HOST_PROVIDER_DUAL : HOST_PROVIDER_CHAT_ONLY,
		.responses_status = dual ? 200 : 403,
		.converts = converts,
		.dispatch = features.messages_by_chat,
	};

	for (unsigned s = 0; s < HOST_SURFACE__MAX; s++)
		outcomes[s] = host_surface_expect(s, &the).outcome;
}

static void clients_follow_from_surfaces(void **state)
{
	static const struct {
		const char *version;
		bool dual, converts;
		const char *usable;	/* in the order of the table */
	} cases[] = {
		{ "0.1.126", false, false,
		  "partly partly usable no no usable no" },
		{ "0.1.129", false, false,
		  "partly partly usable no no usable no" },
		{ "0.1.129", true, true,
		  "no partly usable usable no usable no" },
		{ "0.1.179", false, false,
		  "partly partly usable usable partly usable partly" },
		{ "0.1.179", true, false,
		  "usable usable usable usable usable usable usable" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		enum host_outcome outcomes[HOST_SURFACE__MAX];
		CLEANUP(buf_done) struct buf text = { .max = 200 };

		outcomes_of(cases[i].version, cases[i].dual,
			    cases[i].converts, outcomes);
		for (size_t c = 0; c < host_clients_count(); c++) {
			struct host_client one = host_client_at(c, outcomes);

			buf_addf(&text, "%s%s", c ? " " : "",
				 host_usability_name(one.usability));
		}
		if (strcmp(buf_str(&text), cases[i].usable) != 0)
			fail_msg("row %zu: %s", i, buf_str(&text));
	}
}

static void what_is_written_names_its_evidence(void **state)
{
	const struct host_expectation expected = {
		HOST_OUTCOME_WORKS, "好的。", "Fine." };
	const enum host_outcome tried = HOST_OUTCOME_DAMAGED;
	enum host_outcome outcomes[HOST_SURFACE__MAX] = { 0 };
	CLEANUP(jout_done) struct jout out = { .text.max = 4096 };
	json_auto_t *json = NULL;

	(void)state;
	outcomes[HOST_SURFACE_MESSAGES] = HOST_OUTCOME_REFUSED;
	jout_object(&out, NULL);
	host_surface_write(&out, HOST_SURFACE_CHAT, &expected, &tried);
	host_clients_write(&out, outcomes);
	jout_object_end(&out);
	json = json_loads(buf_str(&out.text), 0, NULL);
	assert_string_equal(json_string_value(json_object_get(json,
							      "verdict")),
			    "damaged");
	assert_string_equal(json_string_value(json_object_get(json,
							      "expected")),
			    "works");
	assert_string_equal(json_string_value(json_object_get(json,
							      "evidence")),
			    "tried");
	assert_int_equal(json_array_size(json_object_get(json, "clients")),
			 host_clients_count());
	assert_non_null(strstr(buf_str(&out.text), "It lacks messages."));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_surface_is_asked_in_its_own_way),
		cmocka_unit_test(the_table_agrees_with_real_hosts),
		cmocka_unit_test(
			a_group_that_does_not_serve_messages_says_so),
		cmocka_unit_test(answers_show_what_is_wrong),
		cmocka_unit_test(no_answer_shows_nothing),
		cmocka_unit_test(danger_depends_on_version_and_armour),
		cmocka_unit_test(the_table_knows_every_case),
		cmocka_unit_test(clients_follow_from_surfaces),
		cmocka_unit_test(what_is_written_names_its_evidence),
	};

	return cmocka_run_group_tests_name("host_surface", tests, NULL, NULL);
}
