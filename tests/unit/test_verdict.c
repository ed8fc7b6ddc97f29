#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "shared/redact.h"
#include "shared/verdict.h"
#include "shared/verdict_wait.h"

#define KNOWN "tests/data/providers/error-classification.tsv"
#define ANSWERS "tests/data/verdict/answers.jsonl"
#define NOW INT64_C(1790000000000)	/* 2026-09-21T14:13:20Z */

static struct finding judged(const char *provider, int status,
			     const char *type, const char *body)
{
	const struct verdict_answer answer = {
		.provider = provider, .status = status, .content_type = type,
		.body = body, .body_len = body ? strlen(body) : 0,
		.retry_after_ms = -1, .now = NOW,
	};

	return verdict_of(&answer);
}

static void expect(const char *provider, int status, const char *body,
		   enum failure wanted)
{
	enum failure got = judged(provider, status, "application/json",
				  body).class;

	if (got != wanted)
		print_error("%s %d %s: %s, not %s\n",
			    provider ? provider : "-", status, body,
			    failure_name(got), failure_name(wanted));
	assert_int_equal(got, wanted);
}

/* ---- what is known of each provider ---- */

/* The shapes in which the same thing is said. */
static const char *const shapes[] = {
	"{\"error\":{\"code\":\"%1$s\",\"type\":\"%2$s\",\"message\":\"%3$s\"}}",
	"{\"error\":{\"message\":\"%3$s\",\"type\":\"%2$s\",\"param\":null,\"code\":\"%1$s\"}}",
	"{\"code\":\"%1$s\",\"message\":\"%3$s\",\"request_id\":\"r\",\"kind\":\"%2$s\"}",
	"{\"code\":\"%1$s\",\"type\":\"%2$s\",\"msg\":\"%3$s\"}",
	"{\"errors\":[{\"code\":\"%1$s\",\"type\":\"%2$s\",\"message\":\"%3$s\"}]}",
	"{\"Error\":{\"Code\":\"%1$s\",\"Type\":\"%2$s\",\"Message\":\"%3$s\"}}",
	"{\"ResponseMetadata\":{\"RequestId\":\"1\",\"Error\":{\"Code\":\"%1$s\",\"Type\":\"%2$s\","
	"\"Message\":\"%3$s\"}}}",
	"event: error\ndata: {\"error\":{\"code\":\"%1$s\",\"type\":\"%2$s\","
	"\"message\":\"%3$s\"}}\n\n",
	"{\"error\":\"{\\\"error\\\":{\\\"code\\\":\\\"%1$s\\\",\\\"type\\\":\\\"%2$s\\\","
	"\\\"message\\\":\\\"%3$s\\\"}}\"}",
};

/* The n-th of alternatives between '|'; the empty cell has one, "". */
static bool alternative(const char *cell, size_t n, char *to, size_t size)
{
	size_t len;

	for (; n > 0; n--) {
		cell += strcspn(cell, "|");
		if (*cell == '\0')
			return false;
		cell++;
	}
	len = strcspn(cell, "|");
	assert_true(len < size);
	memcpy(to, cell, len);
	to[len] = '\0';
	return true;
}

struct said {
	const char *provider, *http, *codes, *types, *texts, *class;
};

static void check_shapes(const struct said *said, int status,
			 const char *code, const char *text)
{
	enum failure wanted;

	assert_true(failure_parse(said->class, &wanted));
	for (size_t i = 0; i < COUNT(shapes); i++) {
		char *body = NULL;
		size_t size = 0;
		FILE *out = open_memstream(&body, &size);

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		fprintf(out, shapes[i], code, said->types, text);
#pragma GCC diagnostic pop
		fclose(out);
		expect(said->provider, status, body, wanted);
		free(body);
	}
}

static void check_row(const struct said *said)
{
	char http[8], code[128], text[128];

	for (size_t h = 0; alternative(said->http, h, http, 8); h++) {
		int status = strcmp(http, "any") == 0
			? 400 : (int)strtol(http, NULL, 10);

		for (size_t c = 0; alternative(said->codes, c, code, 128); c++)
			for (size_t t = 0;
			     alternative(said->texts, t, text, 128); t++)
				check_shapes(said, status, code, text);
	}
}

static void every_known_error_has_its_class_in_every_shape(void **state)
{
	FILE *file = fopen(KNOWN, "re");
	char line[1024];
	size_t rows = 0;

	(void)state;
	assert_non_null(file);
	assert_non_null(fgets(line, sizeof(line), file));
	while (fgets(line, sizeof(line), file)) {
		char *rest = line;
		const struct said said = {
			.provider = strsep(&rest, "\t\n"),
			.http = strsep(&rest, "\t\n"),
			.codes = strsep(&rest, "\t\n"),
			.types = strsep(&rest, "\t\n"),
			.texts = strsep(&rest, "\t\n"),
			.class = strsep(&rest, "\t\n"),
		};

		check_row(&said);
		rows++;
	}
	fclose(file);
	assert_int_equal(rows, 127);
}

/* ---- answers of many others ---- */

static const char *text_in(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static void check_answer(const json_t *line, int number)
{
	const json_t *body = json_object_get(line, "body");
	AUTO_FREE char *dumped = body && !json_is_string(body)
		? json_dumps(body, JSON_COMPACT) : NULL;
	const char *text = dumped ? dumped : json_string_value(body);
	const char *class = text_in(line, "class");
	const char *type = text_in(line, "type");
	struct verdict_answer answer = {
		.provider = text_in(line, "provider"),
		.status = (int)json_integer_value(
			json_object_get(line, "status")),
		.content_type = type ? type : "application/json",
		.body = text, .body_len = text ? strlen(text) : 0,
		.retry_after_ms = -1, .now = NOW,
	};
	enum failure wanted = FAILURE_NONE;
	struct finding found;

	if (text_in(line, "transport"))
		assert_true(failure_parse(text_in(line, "transport"),
					  &answer.delivery));
	if (strcmp(class, "ok") != 0)
		assert_true(failure_parse(class, &wanted));
	found = verdict_of(&answer);
	if (found.class != wanted)
		print_error("%s:%d: %s, not %s\n", ANSWERS, number,
			    failure_name(found.class), class);
	assert_int_equal(found.class, wanted);
	assert_ptr_equal(found.cause_zh, failure_facts(wanted)->zh);
	assert_ptr_equal(found.cause_en, failure_facts(wanted)->en);
	assert_int_equal(found.waiting_helps, found.retry_after_ms >= 0);
}

static void answers_of_all_kinds_have_their_class(void **state)
{
	FILE *file = fopen(ANSWERS, "re");
	AUTO_FREE char *line = NULL;
	size_t size = 0;
	int number = 0;

	(void)state;
	assert_non_null(file);
	while (getline(&line, &size, file) > 0) {
		json_auto_t *json = json_loads(line, 0, NULL);

		number++;
		assert_non_null(json);
		check_answer(json, number);
	}
	fclose(file);
	assert_true(number > 1000);
}

/* ---- what looks like something else ---- */

#define SAYS(message) "{\"error\":{\"message\":\"" message "\"}}"

static void words_are_read_with_what_stands_around_them(void **state)
{
	static const struct {
		const char *provider;
		int status;
		const char *body;
		enum failure class;
	} cases[] = {
		/* a model that is named in passing */
		{ NULL, 401, SAYS("Invalid API key for model gpt-4"), FAILURE_KEY_INVALID },
		{ NULL, 401, SAYS("No permission to use model x"), FAILURE_ENTITLEMENT },
		{ NULL, 429, SAYS("Rate limit reached for model x"), FAILURE_RATE_LIMITED },
		{ NULL, 503, SAYS("model x is overloaded"), FAILURE_OVERLOADED },
		{ NULL, 400, SAYS("'max_tokens' is not supported with this model"),
		  FAILURE_BAD_REQUEST },
		{ NULL, 404, SAYS("Invalid URL (POST /v1/models/chat)"),
		  FAILURE_ENDPOINT_UNSUPPORTED },
		/* a key that is named in passing */
		{ NULL, 403, SAYS("Your API key has no access to model x"), FAILURE_ENTITLEMENT },
		{ NULL, 400, SAYS("API key quota exhausted"), FAILURE_QUOTA_EXHAUSTED },
		{ NULL, 404, SAYS("model x does not exist, check your api key"),
		  FAILURE_MODEL_NOT_FOUND },
		{ NULL, 400, SAYS("Invalid max_tokens: too many tokens"), FAILURE_BAD_REQUEST },
		/* a quota that is a rate, and a rate that is a quota */
		{ NULL, 429, SAYS("quota of 60 requests per minute exceeded"),
		  FAILURE_RATE_LIMITED },
		{ NULL, 429, SAYS("You have exceeded today's quota"), FAILURE_QUOTA_EXHAUSTED },
		{ NULL, 403, SAYS("quota exceeded"), FAILURE_QUOTA_EXHAUSTED },
		{ NULL, 429, SAYS("Rate limit reached. Add a card at /account/billing"),
		  FAILURE_RATE_LIMITED },
		/* a status that hides what the body knows */
		{ NULL, 500, SAYS("invalid api key"), FAILURE_KEY_INVALID },
		{ NULL, 400, SAYS("insufficient balance"), FAILURE_QUOTA_EXHAUSTED },
		{ NULL, 503, SAYS("无可用渠道"), FAILURE_MODEL_NOT_FOUND },
		{ NULL, 400, "{\"error\":{\"code\":429,\"message\":\"no\"}}",
		  FAILURE_RATE_LIMITED },
		{ NULL, 200, "{\"code\":\"403\",\"message\":\"no\"}", FAILURE_FORBIDDEN },
		{ NULL, 200, "{\"code\":7,\"message\":\"no\"}", FAILURE_INSPECT_BODY },
		/* a number that means something to one provider only */
		{ "zhipu", 429, "{\"error\":{\"code\":\"1113\"}}", FAILURE_QUOTA_EXHAUSTED },
		{ NULL, 429, "{\"error\":{\"code\":\"1113\"}}", FAILURE_QUOTA_EXHAUSTED },
		{ "deepseek", 429, "{\"error\":{\"code\":\"1113\"}}", FAILURE_RATE_LIMITED },
		{ "zai", 401, "{\"error\":{\"code\":1001}}", FAILURE_KEY_INVALID },
		{ "minimax", 200, "{\"base_resp\":{\"status_code\":1001}}", FAILURE_TRANSIENT },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		expect(cases[i].provider, cases[i].status, cases[i].body,
		       cases[i].class);
}

static void bytes_that_mean_nothing_are_judged_by_their_status(void **state)
{
	static const struct {
		int status;
		enum failure class;
	} cases[] = {
		{ 0, FAILURE_INSPECT_BODY },	{ 100, FAILURE_INSPECT_BODY },
		{ 200, FAILURE_INSPECT_BODY },	{ 204, FAILURE_INSPECT_BODY },
		{ 302, FAILURE_REDIRECTED },	{ 400, FAILURE_BAD_REQUEST },
		{ 401, FAILURE_KEY_INVALID },	{ 402, FAILURE_QUOTA_EXHAUSTED },
		{ 403, FAILURE_FORBIDDEN },	{ 404, FAILURE_ENDPOINT_UNSUPPORTED },
		{ 405, FAILURE_ENDPOINT_UNSUPPORTED }, { 408, FAILURE_TRANSIENT },
		{ 413, FAILURE_BAD_REQUEST },	{ 418, FAILURE_BAD_REQUEST },
		{ 429, FAILURE_RATE_LIMITED },	{ 451, FAILURE_CONTENT_BLOCKED },
		{ 500, FAILURE_TRANSIENT },	{ 501, FAILURE_ENDPOINT_UNSUPPORTED },
		{ 502, FAILURE_TRANSIENT },	{ 503, FAILURE_OVERLOADED },
		{ 504, FAILURE_TRANSIENT },	{ 529, FAILURE_OVERLOADED },
		{ 599, FAILURE_TRANSIENT },	{ 999, FAILURE_INSPECT_BODY },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		expect(NULL, cases[i].status, "\x01\xff\xfe\xc3", cases[i].class);
		expect(NULL, cases[i].status, "", cases[i].class);
		expect(NULL, cases[i].status, NULL, cases[i].class);
	}
}

/* ---- how long to wait ---- */

static struct finding waited(int status, int64_t header_ms, const char *body)
{
	const struct verdict_answer answer = {
		.status = status, .content_type = "application/json",
		.body = body, .body_len = strlen(body),
		.retry_after_ms = header_ms, .now = NOW,
	};

	return verdict_of(&answer);
}

static void waiting_is_advised_where_it_helps(void **state)
{
	static const struct {
		int status;
		int64_t header_ms;
		const char *body;
		int64_t wait_ms;	/* -1: it does not help */
	} cases[] = {
		{ 429, 7000, "", 7000 },
		{ 429, 0, "", 0 },
		{ 429, -1, SAYS("Please try again in 7m12s."), 432000 },
		{ 429, -1, SAYS("try again in 1.5 seconds"), 1500 },
		{ 429, -1, SAYS("Please retry after 6 seconds."), 6000 },
		{ 429, -1, SAYS("请求过于频繁，请在 30 秒后重试"), 30000 },
		{ 429, -1, SAYS("请 2 分钟后再试"), 120000 },
		{ 429, -1, "{\"error\":{\"message\":\"x\",\"retry_after\":12}}", 12000 },
		{ 429, -1, "{\"error\":{\"details\":[{\"retryDelay\":\"34s\"}]}}", 34000 },
		{ 429, -1, "", 20000 },
		{ 503, 90000, SAYS("busy"), 90000 },
		{ 503, -1, "{\"error\":\"Model x is currently loading\",\"estimated_time\":20.5}",
		  20500 },
		{ 500, -1, "", 10000 },
		/* nobody tops up because we wait */
		{ 402, 60000, SAYS("Insufficient Balance"), -1 },
		{ 429, -1, SAYS("余额不足"), -1 },
		/* a window passes */
		{ 429, -1, SAYS("usage limit, will reset at 2026-09-21 23:13:20"), 3600000 },
		{ 429, -1, SAYS("weekly limit, resets at 2026-09-21T15:13:20Z"), 3600000 },
		{ 429, -1, SAYS("已达到每周使用上限，限额将在 2026-09-21 23:13:20 重置"), 3600000 },
		{ 429, -1, SAYS("You have exceeded today's quota"), 3600000 },
		{ 429, 5000, SAYS("quota exceeded"), 5000 },
		{ 429, -1, SAYS("quota exceeded"), -1 },
		/* these stay as they are */
		{ 401, 5000, "", -1 }, { 403, 5000, "", -1 }, { 404, 5000, "", -1 },
		{ 400, 5000, SAYS("no such field"), -1 },
		/* cut before it spoke: again, with a larger budget */
		{ 200, -1, "{\"choices\":[{\"message\":{\"content\":\"\"},\"finish_reason\":"
		  "\"length\"}]}", 0 },
		{ 200, -1, "{\"choices\":[{\"message\":{\"content\":\"hi\"}}]}", -1 },
		/* nobody waits for ever */
		{ 429, INT64_MAX, "", WAIT_MAX_MS },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct finding found = waited(cases[i].status,
					      cases[i].header_ms,
					      cases[i].body);

		if (found.retry_after_ms != cases[i].wait_ms)
			print_error("%d %s\n", cases[i].status, cases[i].body);
		assert_int_equal(found.retry_after_ms, cases[i].wait_ms);
		assert_int_equal(found.waiting_helps, cases[i].wait_ms >= 0);
	}
}

static void headers_are_seconds_or_a_date(void **state)
{
	static const struct {
		const char *value;
		int64_t now, wait_ms;
	} cases[] = {
		{ "30", NOW, 30000 },	{ " 2 ", NOW, 2000 },
		{ "0.5", NOW, 500 },	{ "20s", NOW, 20000 },
		{ "Mon, 21 Sep 2026 14:14:20 GMT", NOW, 60000 },
		{ "Mon, 21 Sep 2026 14:00:00 GMT", NOW, 0 },
		{ "Mon, 21 Sep 2026 14:14:20 GMT", 0, -1 },
		{ "-5", NOW, -1 },	{ "soon", NOW, -1 },	{ "", NOW, -1 },
		{ "12 monkeys", NOW, -1 },
		{ "99999999999999999999999", NOW, WAIT_MAX_MS },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(wait_of_header(cases[i].value, cases[i].now),
				 cases[i].wait_ms);
}

/* Every class that passes has a wait, but for those that only we conclude. */
static void what_passes_has_a_wait(void **state)
{
	static const enum failure ours[] = { FAILURE_HOST_SUSPECT,
		FAILURE_PROVIDER_SUSPECT, FAILURE_PROOF_EXPIRED };

	(void)state;
	for (int i = 0; i < FAILURE__MAX; i++) {
		bool passes = failure_facts((enum failure)i)->passes ||
			      i == FAILURE_EMPTY_COMPLETION;

		for (size_t k = 0; k < COUNT(ours); k++)
			passes = passes && i != (int)ours[k];
		if ((wait_of_class((enum failure)i) >= 0) != passes)
			fail_msg("%s", failure_name((enum failure)i));
	}
}

/* ---- what is kept of it ---- */

static void words_are_kept_without_the_key(void **state)
{
	struct finding found = judged(NULL, 401, "application/json",
		"{\"error\":{\"code\":\"invalid_api_key\",\"message\":"
		"\"Incorrect API key provided: sk-verysecretkey0001.\"}}");

	(void)state;
	assert_int_equal(found.status, 401);
	assert_string_equal(found.code, "invalid_api_key");
	assert_string_equal(found.text, "Incorrect API key provided: "
					REDACT_MASK ".");
}

static void no_answer_has_the_class_of_its_end(void **state)
{
	static const enum failure ends[] = {
		FAILURE_DNS, FAILURE_REFUSED, FAILURE_TLS, FAILURE_TIMEOUT,
		FAILURE_RESET, FAILURE_DEAD_END, FAILURE_TOO_LARGE,
		FAILURE_PROXY_FAILED, FAILURE_ADDRESS_FORBIDDEN,
	};

	(void)state;
	for (size_t i = 0; i < COUNT(ends); i++) {
		const struct verdict_answer answer = {
			.delivery = ends[i], .retry_after_ms = -1 };
		struct finding found = verdict_of(&answer);

		assert_int_equal(found.class, ends[i]);
		assert_int_equal(found.waiting_helps,
				 failure_facts(ends[i])->passes);
		assert_string_equal(found.text, "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			every_known_error_has_its_class_in_every_shape),
		cmocka_unit_test(answers_of_all_kinds_have_their_class),
		cmocka_unit_test(words_are_read_with_what_stands_around_them),
		cmocka_unit_test(
			bytes_that_mean_nothing_are_judged_by_their_status),
		cmocka_unit_test(waiting_is_advised_where_it_helps),
		cmocka_unit_test(headers_are_seconds_or_a_date),
		cmocka_unit_test(what_passes_has_a_wait),
		cmocka_unit_test(words_are_kept_without_the_key),
		cmocka_unit_test(no_answer_has_the_class_of_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
