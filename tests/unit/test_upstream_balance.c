#include "tests/unit/upstream_answer.h"

#include "schedd/upstream/balance.h"

#define DAY_2027 INT64_C(1830297599000)	/* 2027-12-31T23:59:59Z */

static void urls_follow_the_host_and_then_the_family(void **state)
{
	static const struct {
		const char *base, *family, *url;
	} cases[] = {
		{ "https://api.deepseek.com", NULL,
		  "https://api.deepseek.com/user/balance" },
		{ "https://api.deepseek.com/v1", NULL,
		  "https://api.deepseek.com/user/balance" },
		{ "https://api.moonshot.cn/v1", NULL,
		  "https://api.moonshot.cn/v1/users/me/balance" },
		{ "https://api.kimi.com/coding/v1", "kimi",
		  "https://api.kimi.com/coding/v1/usages" },
		{ "https://api.kimi.com/other", NULL, NULL },
		{ "https://api.minimax.io/v1", NULL,
		  "https://api.minimax.io/v1/token_plan/remains" },
		{ "https://api.siliconflow.cn/v1", NULL,
		  "https://api.siliconflow.cn/v1/user/info" },
		{ "https://api.stepfun.com/step_plan/v1", NULL,
		  "https://api.stepfun.com/v1/accounts" },
		{ "https://cloud.infini-ai.com/maas/coding/v1", NULL,
		  "https://cloud.infini-ai.com/maas/coding/usage" },
		{ "https://cloud.infini-ai.com/maas/v1", NULL, NULL },
		{ "https://openrouter.ai/api/v1", NULL,
		  "https://openrouter.ai/api/v1/key" },
		{ "https://notopenrouter.ai/api/v1", NULL, NULL },
		{ "http://127.0.0.1:9000/v1", NULL, NULL },
		{ "http://127.0.0.1:9000/v1", "mock", NULL },
		{ "http://127.0.0.1:9000/v1", "deepseek",
		  "http://127.0.0.1:9000/user/balance" },
		{ "http://127.0.0.1:9000/v1", "kimi",
		  "http://127.0.0.1:9000/v1/users/me/balance" },
		{ "http://127.0.0.1:9000", "openrouter",
		  "http://127.0.0.1:9000/api/v1/key" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO_FREE char *url = upstream_balance_url(cases[i].base,
							   cases[i].family);

		if (cases[i].url)
			assert_string_equal(url, cases[i].url);
		else
			assert_null(url);
	}
}

static void the_question_names_the_key(void **state)
{
	CLEANUP(request_done) struct request request = { 0 };

	(void)state;
	upstream_ask_balance(&request, "https://h/user/balance");
	assert_int_equal(request.method, METHOD_GET);
	assert_int_equal(request.peer, PEER_PROVIDER);
	assert_int_equal(request.headers[0].slot, SLOT_PROVIDER_KEY);
	assert_false(request.chat);
}

#define DEEPSEEK(available, rows) \
	"{\"is_available\":" available ",\"balance_infos\":[" rows "]}"
#define ROW(currency, amount) \
	"{\"currency\":\"" currency "\",\"total_balance\":" amount \
	",\"granted_balance\":\"10.00\"}"
#define MOONSHOT(amount) \
	"{\"code\":0,\"data\":{\"available_balance\": " amount \
	",\"voucher_balance\":46.58893,\"cash_balance\":3.00001}," \
	"\"scode\":\"0x0\",\"status\":true}"
#define SILICONFLOW(amount) \
	"{\"code\":20000,\"message\":\"OK\",\"status\":true,\"data\":{" \
	"\"balance\":\"0.88\",\"status\":\"normal\",\"totalBalance\":" amount \
	"}}"
#define STEPFUN(type, amount) \
	"{\"object\":\"account\",\"type\":\"" type "\",\"balance\": " amount \
	",\"total_cash_balance\":0.00,\"total_voucher_balance\":26.00}"
#define OPENROUTER(limit, left, expires) \
	"{\"data\":{\"label\":\"x\",\"limit\":" limit \
	",\"limit_remaining\":" left ",\"expires_at\":" expires "}}"
#define MINIMAX(weekly, status, interval) \
	"{\"model_remains\":[{\"model_name\":\"general\"," \
	"\"current_weekly_remaining_percent\":" weekly \
	",\"current_weekly_status\":" status \
	",\"current_interval_remaining_percent\":" interval \
	",\"current_interval_status\":1},{\"model_name\":\"video\"," \
	"\"current_weekly_remaining_percent\":1}]," \
	"\"base_resp\":{\"status_code\":0,\"status_msg\":\"success\"}}"
#define INFINI(week, month) \
	"{\"5_hour\":{\"quota\":5000,\"used\":5000,\"remain\":0}," \
	"\"7_day\":{\"quota\":30000,\"used\":5000,\"remain\":" week "}," \
	"\"30_day\":{\"quota\":60000,\"used\":10000,\"remain\":" month "}}"

static const struct {
	const char *base, *body, *amount, *currency;
	bool low;
	int64_t expires_at;
} told[] = {
	{ "https://api.deepseek.com",
	  DEEPSEEK("true", ROW("CNY", "\"110.00\"")),
	  "110.00", "CNY", false, 0 },
	{ "https://api.deepseek.com",
	  DEEPSEEK("true", ROW("CNY", "\"10.00\"")),
	  "10.00", "CNY", true, 0 },
	{ "https://api.deepseek.com",
	  DEEPSEEK("false", ROW("CNY", "\"110.00\"")),
	  "110.00", "CNY", true, 0 },
	{ "https://api.deepseek.com",
	  DEEPSEEK("true", ROW("CNY", "\"0.00\"") ","
		   ROW("USD", "\"5.50\"") "," ROW("EUR", "\"1\"")),
	  "5.50", "USD", false, 0 },
	{ "https://api.moonshot.cn/v1", MOONSHOT("49.58894"),
	  "49.58894", "CNY", false, 0 },
	{ "https://api.moonshot.cn/v1", MOONSHOT("-3.10"),
	  "-3.10", "CNY", true, 0 },
	{ "https://api.moonshot.ai/v1", MOONSHOT("7"),
	  "7", "USD", false, 0 },
	{ "https://api.siliconflow.cn/v1", SILICONFLOW("\"88.88\""),
	  "88.88", "CNY", false, 0 },
	{ "https://api.siliconflow.com/v1", SILICONFLOW("\"0\""),
	  "0", "USD", true, 0 },
	{ "https://api.stepfun.com/v1", STEPFUN("prepaid", "26.00"),
	  "26.00", "CNY", false, 0 },
	{ "https://api.stepfun.com/v1", STEPFUN("prepaid", "0.00"),
	  "0.00", "CNY", true, 0 },
	/* Who pays afterwards never runs out. */
	{ "https://api.stepfun.com/v1", STEPFUN("postpaid", "-9.00"),
	  "", "", false, 0 },
	{ "https://openrouter.ai/api/v1",
	  OPENROUTER("100", "74.5", "\"2027-12-31T23:59:59Z\""),
	  "74.5", "USD", false, DAY_2027 },
	{ "https://openrouter.ai/api/v1",
	  OPENROUTER("100", "9.50", "1830297599"),
	  "9.50", "USD", true, DAY_2027 },
	{ "https://openrouter.ai/api/v1",
	  OPENROUTER("null", "null", "1830297599000"),
	  "", "", false, DAY_2027 },
	{ "https://api.minimax.cn/v1", MINIMAX("80", "1", "2"),
	  "80", "%", false, 0 },
	{ "https://api.minimax.cn/v1", MINIMAX("8.5", "1", "50"),
	  "8.5", "%", true, 0 },
	/* No limit for the week: what is left of the hours. */
	{ "https://api.minimax.cn/v1", MINIMAX("0", "3", "42"),
	  "42", "%", false, 0 },
	{ "https://cloud.infini-ai.com/maas/coding/v1",
	  INFINI("25000", "50000"), "25000", "", false, 0 },
	{ "https://cloud.infini-ai.com/maas/coding/v1",
	  INFINI("25000", "6000"), "6000", "", true, 0 },
	{ "https://api.kimi.com/coding/v1",
	  "{\"usage\":{\"limit\":\"100\",\"remaining\":\"74\"}}",
	  "74", "", false, 0 },
	{ "https://api.kimi.com/coding/v1",
	  "{\"usage\":{\"limit\":\"100\",\"used\":\"95\"}}",
	  "5", "", true, 0 },
};

static void providers_tell_in_their_own_shapes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(told); i++) {
		CLEANUP(answer_done) struct answer answer = answered(
			200, JSON_TYPE, told[i].body);
		struct upstream_balance balance;

		assert_int_equal(upstream_judge_balance(&answer,
			told[i].base, NULL, &balance), FAILURE_NONE);
		assert_string_equal(balance.amount, told[i].amount);
		assert_string_equal(balance.currency, told[i].currency);
		assert_int_equal(balance.low, told[i].low);
		assert_int_equal(balance.expires_at, told[i].expires_at);
	}
}

/* Nothing of this may be taken for a sum of money. */
static void odd_values_are_no_amounts(void **state)
{
	static const char *const values[] = {
		"null", "true", "[]", "{}", "\"\"", "\"12.5 CNY\"", "\"inf\"",
		"\"nan\"", "\"0x10\"", "\"1.2.3\"", "\"1e999\"", "\"-\"",
		"\"1234567890123456789012345678901234567890\"",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(values); i++) {
		AUTO_FREE char *body = xasprintf(
			DEEPSEEK("true", ROW("CNY", "%s")), values[i]);
		CLEANUP(answer_done) struct answer answer = answered(
			200, JSON_TYPE, body);
		struct upstream_balance balance;

		assert_int_equal(upstream_judge_balance(&answer,
			"https://api.deepseek.com", NULL, &balance),
			FAILURE_NONE);
		assert_string_equal(balance.amount, "");
		assert_false(balance.low);
	}
}

static void a_currency_is_a_short_word(void **state)
{
	CLEANUP(answer_done) struct answer answer = answered(200, JSON_TYPE,
		DEEPSEEK("true", ROW("<script>", "\"1\"")));
	struct upstream_balance balance;

	(void)state;
	assert_int_equal(upstream_judge_balance(&answer,
		"https://api.deepseek.com", NULL, &balance), FAILURE_NONE);
	assert_string_equal(balance.currency, "");
	assert_string_equal(balance.amount, "1");
}

static void what_is_not_offered_is_no_fault(void **state)
{
	static const struct {
		int status;
		const char *type, *body;
		enum failure class;
	} cases[] = {
		{ 404, JSON_TYPE, "{\"error\":{\"message\":\"Not Found\"}}",
		  FAILURE_ENDPOINT_UNSUPPORTED },
		{ 405, "text/plain", "no", FAILURE_ENDPOINT_UNSUPPORTED },
		{ 400, JSON_TYPE, "{}", FAILURE_ENDPOINT_UNSUPPORTED },
		{ 200, "text/html", "<html>portal</html>",
		  FAILURE_ENDPOINT_UNSUPPORTED },
		{ 200, JSON_TYPE, "{}", FAILURE_ENDPOINT_UNSUPPORTED },
		{ 200, JSON_TYPE, "[]", FAILURE_ENDPOINT_UNSUPPORTED },
		{ 200, JSON_TYPE, "null", FAILURE_ENDPOINT_UNSUPPORTED },
		{ 200, JSON_TYPE, "{\"model_remains\":",
		  FAILURE_ENDPOINT_UNSUPPORTED },
		{ 200, JSON_TYPE, "{\"model_remains\":null}",
		  FAILURE_ENDPOINT_UNSUPPORTED },
		{ 200, JSON_TYPE, "{\"model_remains\":[],\"base_resp\":"
		  "{\"status_code\":2049}}", FAILURE_KEY_INVALID },
		{ 401, JSON_TYPE, "{}", FAILURE_KEY_INVALID },
		{ 429, JSON_TYPE, "{}", FAILURE_RATE_LIMITED },
		{ 502, "text/html", "<html>502</html>", FAILURE_TRANSIENT },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(answer_done) struct answer answer = answered(
			cases[i].status, cases[i].type, cases[i].body);
		struct upstream_balance balance;

		assert_string_equal(failure_name(upstream_judge_balance(
			&answer, "https://api.minimax.io/v1", NULL,
			&balance)), failure_name(cases[i].class));
		assert_string_equal(balance.amount, "");
		assert_int_equal(upstream_judge_balance(&answer,
			"https://relay.example", NULL, &balance),
			FAILURE_ENDPOINT_UNSUPPORTED);
	}
}

static void numbers_keep_the_form_they_came_in(void **state)
{
	/* The same name elsewhere, with another value, and within a text. */
	CLEANUP(answer_done) struct answer answer = answered(200, JSON_TYPE,
		"{\"note\":\"\\\"balance\\\": 9\",\"x\":{\"balance\":1.5},"
		"\"balance\" : 2.50e1}");
	CLEANUP(answer_done) struct answer lost = answered(200, JSON_TYPE,
		"{\"bal\\u0061nce\":0.100}");
	char text[AMOUNT_MAX];

	(void)state;
	assert_true(amount_take(&answer, answer_at(&answer, "/balance"),
				"balance", text));
	assert_string_equal(text, "2.50e1");
	assert_true(amount_take(&lost, answer_at(&lost, "/balance"),
				"balance", text));
	assert_string_equal(text, "0.1");
	assert_false(amount_take(&answer, NULL, "balance", text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls_follow_the_host_and_then_the_family),
		cmocka_unit_test(the_question_names_the_key),
		cmocka_unit_test(providers_tell_in_their_own_shapes),
		cmocka_unit_test(odd_values_are_no_amounts),
		cmocka_unit_test(a_currency_is_a_short_word),
		cmocka_unit_test(what_is_not_offered_is_no_fault),
		cmocka_unit_test(numbers_keep_the_form_they_came_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
