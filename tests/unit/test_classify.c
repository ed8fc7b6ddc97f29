#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "schedd/redact.h"
#include "schedd/upstream/chat.h"
#include "schedd/upstream/models.h"
#include "shared/table.h"

#define ROWS "tests/data/providers/error-classification.tsv"

static struct answer answered(int status, const char *type, const char *body)
{
	struct answer answer = { .status = status, .retry_after_ms = -1 };

	own_set(&answer.content_type, type);
	answer.body = xstrdup(body);
	answer.body_len = strlen(body);
	answer_parse(&answer);
	return answer;
}

static enum failure class_of(int status, const char *body)
{
	CLEANUP(answer_done) struct answer answer =
		answered(status, "application/json", body);

	return upstream_classify(&answer, NULL);
}

/* ---- the table of what providers say ---- */

struct said {
	const char *provider;
	const char *http, *codes, *types, *texts;
	const char *class;
};

/* How each provider wraps what it says. */
static char *wrapped(const char *provider, const char *code,
		     const char *type, const char *text)
{
	if (strcmp(provider, "siliconflow") == 0)
		return xasprintf("{\"code\":%s,\"message\":\"%s\","
				 "\"data\":null}", *code ? code : "50000",
				 text);
	if (strcmp(provider, "modelscope") == 0)
		return xasprintf("{\"errors\":{\"message\":\"%s\"},"
				 "\"request_id\":\"r\"}", text);
	if (strncmp(provider, "minimax", 7) == 0)
		return xasprintf("{\"type\":\"error\",\"error\":{\"type\":"
				 "\"%s\",\"message\":\"%s (%s)\","
				 "\"http_code\":\"400\"}}", type, text,
				 *code ? code : "9999");
	return xasprintf("{\"error\":{\"code\":\"%s\",\"type\":\"%s\","
			 "\"message\":\"%s\"},\"id\":\"as-1\"}", code, type,
			 text);
}

/* The n-th of alternatives between '|'; the empty cell has one, "". */
static bool alternative(const char *cell, size_t n, char *to, size_t size)
{
	size_t len;

	while (n > 0) {
		cell += strcspn(cell, "|");
		if (*cell == '\0')
			return false;
		cell++;
		n--;
	}
	len = strcspn(cell, "|");
	assert_true(len < size);
	memcpy(to, cell, len);
	to[len] = '\0';
	return true;
}

/* Rows that give nothing but a status; what they mean needs a message. */
static const struct {
	const char *provider, *http, *text, *class;
} silent[] = {
	{ "modelscope", "403", "no", "forbidden" },
	{ "modelscope", "404", "Model id: m has no provider supported",
	  "model_not_found" },
	{ "tencent", "404", "The model m does not exist", "model_not_found" },
};

static void explain_silence(struct said *said)
{
	for (size_t i = 0; i < COUNT(silent); i++)
		if (strcmp(said->provider, silent[i].provider) == 0 &&
		    strcmp(said->http, silent[i].http) == 0 &&
		    *said->texts == '\0') {
			said->texts = silent[i].text;
			said->class = silent[i].class;
		}
}

static void check_one(const struct said *said, int status, const char *code,
		      const char *text)
{
	AUTO_FREE char *body = wrapped(said->provider, code, said->types,
				       text);
	enum failure wanted;
	enum failure got = class_of(status, body);

	assert_true(failure_parse(said->class, &wanted));
	if (got != wanted)
		print_error("%s %d %s: %s, not %s\n", said->provider, status,
			    body, failure_name(got), said->class);
	assert_int_equal(got, wanted);
}

static size_t check_row(const struct said *said)
{
	char http[8], code[128], text[128];
	size_t count = 0;

	for (size_t h = 0; alternative(said->http, h, http, 8); h++) {
		int status = strcmp(http, "any") == 0
			? 400 : (int)strtol(http, NULL, 10);

		for (size_t c = 0; alternative(said->codes, c, code, 128); c++)
			for (size_t t = 0;
			     alternative(said->texts, t, text, 128); t++) {
				check_one(said, status, code, text);
				count++;
			}
	}
	return count;
}

static void every_known_error_has_its_class(void **state)
{
	FILE *file = fopen(ROWS, "re");
	char line[1024];
	size_t rows = 0;

	(void)state;
	assert_non_null(file);
	assert_non_null(fgets(line, sizeof(line), file));
	while (fgets(line, sizeof(line), file)) {
		char *rest = line;
		struct said said;

		said.provider = strsep(&rest, "\t\n");
		said.http = strsep(&rest, "\t\n");
		said.codes = strsep(&rest, "\t\n");
		said.types = strsep(&rest, "\t\n");
		said.texts = strsep(&rest, "\t\n");
		said.class = strsep(&rest, "\t\n");
		explain_silence(&said);
		assert_true(check_row(&said) > 0);
		rows++;
	}
	fclose(file);
	assert_int_equal(rows, 127);
}

/* ---- single answers ---- */

static void bodies_of_many_shapes_are_read(void **state)
{
	static const struct {
		int status;
		const char *body;
		enum failure class;
	} cases[] = {
		{ 401, "Authentication Fails (governor)", FAILURE_KEY_INVALID },
		{ 401, "\"Token is invalid\"", FAILURE_KEY_INVALID },
		{ 200, "{\"base_resp\":{\"status_code\":1008,\"status_msg\":"
		  "\"insufficient balance\"},\"choices\":null}",
		  FAILURE_QUOTA_EXHAUSTED },
		{ 200, "{\"base_resp\":{\"status_code\":2049}}",
		  FAILURE_KEY_INVALID },
		{ 200, "{\"base_resp\":{\"status_code\":7777}}",
		  FAILURE_INSPECT_BODY },
		{ 200, "{\"success\":false,\"msg\":\"x\"}",
		  FAILURE_INSPECT_BODY },
		{ 200, "{\"code\":20012,\"message\":\"x\"}",
		  FAILURE_MODEL_NOT_FOUND },
		{ 403, "{\"error\":{\"message\":\"Country, region, or "
		  "territory not supported\",\"code\":"
		  "\"unsupported_country_region_territory\"}}",
		  FAILURE_REGION_FORBIDDEN },
		{ 403, "{\"error\":{\"message\":\"您的 IP 不在令牌允许访问的"
		  "列表中\"}}", FAILURE_REGION_FORBIDDEN },
		{ 403, "error code: 1009", FAILURE_REGION_FORBIDDEN },
		{ 403, "{\"error\":{\"message\":\"Forbidden\"}}",
		  FAILURE_FORBIDDEN },
		{ 402, "{\"error\":{\"message\":\"needs membership "
		  "benefits\"}}", FAILURE_ENTITLEMENT },
		{ 503, "upstream connect error", FAILURE_OVERLOADED },
		{ 500, "{\"error\":\"boom\"}", FAILURE_TRANSIENT },
		{ 400, "{\"error\":{\"message\":\"stream_options is not "
		  "supported\"}}", FAILURE_BAD_REQUEST },
		{ 400, "{\"error\":{\"message\":\"The model `x` is not "
		  "supported\"}}", FAILURE_MODEL_NOT_FOUND },
		{ 429, "{\"error\":{\"message\":\"quota: 60 requests per "
		  "minute\"}}", FAILURE_RATE_LIMITED },
		{ 404, "{\"detail\":\"Not Found\"}",
		  FAILURE_ENDPOINT_UNSUPPORTED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(class_of(cases[i].status, cases[i].body),
				 cases[i].class);
}

static void pages_are_judged_by_their_status(void **state)
{
	static const struct {
		int status;
		enum failure class;
	} cases[] = {
		{ 200, FAILURE_INSPECT_BODY },
		{ 403, FAILURE_FORBIDDEN },
		{ 404, FAILURE_ENDPOINT_UNSUPPORTED },
		{ 502, FAILURE_TRANSIENT },
		{ 503, FAILURE_TRANSIENT },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(answer_done) struct answer answer = answered(
			cases[i].status, "text/html",
			"<html><head><title>Busy</title></head></html>");
		struct upstream_error detail;

		assert_int_equal(upstream_classify(&answer, &detail),
				 cases[i].class);
		assert_string_equal(detail.text, "Busy");
	}
}

static void no_answer_has_the_class_of_its_end(void **state)
{
	static const enum failure classes[] = {
		[TRANSPORT_DNS] = FAILURE_DNS,
		[TRANSPORT_REFUSED] = FAILURE_REFUSED,
		[TRANSPORT_TLS] = FAILURE_TLS,
		[TRANSPORT_TIMEOUT] = FAILURE_TIMEOUT,
		[TRANSPORT_SILENT] = FAILURE_DEAD_END,
		[TRANSPORT_RESET] = FAILURE_RESET,
		[TRANSPORT_TOO_LARGE] = FAILURE_TOO_LARGE,
	};

	(void)state;
	for (size_t i = TRANSPORT_DNS; i < COUNT(classes); i++) {
		struct answer answer = { .transport = (enum transport)i };
		CLEANUP(completion_done) struct completion said = { 0 };
		json_t *models;

		assert_int_equal(upstream_classify(&answer, NULL),
				 classes[i]);
		assert_int_equal(upstream_judge_chat(&answer, &said),
				 classes[i]);
		assert_int_equal(upstream_judge_models(&answer, &models),
				 classes[i]);
	}
}

/* "余额不足" in GBK, alone and in JSON; and in UTF-8 that is cut short. */
static void old_gateways_speak_gbk(void **state)
{
	static const char *const bodies[] = {
		"\xd3\xe0\xb6\xee\xb2\xbb\xd7\xe3",
		"{\"message\":\"\xd3\xe0\xb6\xee\xb2\xbb\xd7\xe3\"}",
		"余额不足，请充\xe5\x80",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++) {
		CLEANUP(answer_done) struct answer answer =
			answered(403, "text/plain", bodies[i]);
		struct upstream_error detail;

		assert_int_equal(upstream_classify(&answer, &detail),
				 FAILURE_QUOTA_EXHAUSTED);
		assert_non_null(strstr(detail.text, "余额不足"));
	}
}

/* Where there are no words, what there is instead. */
static void a_success_without_words_is_described(void **state)
{
	static const struct {
		const char *type, *body, *detail;
	} cases[] = {
		{ "application/json", "", "HTTP 200: an empty body" },
		{ "application/json", "{\"id\":\"1\",\"result\":{}}",
		  "HTTP 200: JSON of id, result" },
		{ "application/json", "{}", "HTTP 200: JSON of nothing" },
		{ "application/json", "{\"choices\":[{\"index\":0,"
		  "\"delta\":{\"content\":\"Hi\"}}]}",
		  "HTTP 200: a choice of index, delta" },
		{ "text/event-stream", "data: {\"choices\":[{\"delta\":"
		  "{\"content\":\"Hi\"}}]}\n\ndata: [DONE]\n\n",
		  "HTTP 200: a stream of events, which was not asked for" },
		{ "text/html", "<html></html>",
		  "HTTP 200: no completion but text/html" },
		{ "text/plain", "no money", "HTTP 200: no money" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(answer_done) struct answer answer =
			answered(200, cases[i].type, cases[i].body);
		AUTO_FREE char *detail = upstream_detail(&answer);

		assert_string_equal(detail, cases[i].detail);
	}
}

static void details_are_the_providers_words_without_the_key(void **state)
{
	CLEANUP(answer_done) struct answer answer = answered(
		401, "application/json",
		"{\"error\":{\"code\":\"invalid_api_key\",\"message\":"
		"\"Incorrect API key provided: sk-verysecretkey0001.\"}}");
	struct upstream_error detail;
	AUTO_FREE char *text = upstream_detail(&answer);

	(void)state;
	upstream_classify(&answer, &detail);
	assert_int_equal(detail.status, 401);
	assert_string_equal(detail.code, "invalid_api_key");
	assert_string_equal(detail.text, "Incorrect API key provided: "
					 REDACT_MASK ".");
	assert_string_equal(text, "HTTP 401 invalid_api_key: Incorrect API "
				  "key provided: " REDACT_MASK ".");
}

static void long_words_are_cut_between_characters(void **state)
{
	struct buf body = { .max = 10000 };
	struct upstream_error detail;
	struct answer answer;

	(void)state;
	buf_adds(&body, "{\"message\":\"x");
	for (size_t i = 0; i < 1000; i++)
		buf_adds(&body, "中");
	buf_adds(&body, "\"}");
	answer = answered(400, "application/json", buf_str(&body));
	buf_done(&body);
	upstream_classify(&answer, &detail);
	assert_int_equal(strlen(detail.text), 1 + 3 * 99);
	answer_done(&answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_known_error_has_its_class),
		cmocka_unit_test(bodies_of_many_shapes_are_read),
		cmocka_unit_test(pages_are_judged_by_their_status),
		cmocka_unit_test(no_answer_has_the_class_of_its_end),
		cmocka_unit_test(
			details_are_the_providers_words_without_the_key),
		cmocka_unit_test(a_success_without_words_is_described),
		cmocka_unit_test(old_gateways_speak_gbk),
		cmocka_unit_test(long_words_are_cut_between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
