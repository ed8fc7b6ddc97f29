/*
 * What a check learns besides: the money behind a key, a plan that ends,
 * models that their vendor withdraws.  Advice, which no proof depends on.
 */
#include "tests/unit/check_fixture.h"

#define DEEPSEEK "https://api.deepseek.com"
#define P "deepseek-1"
#define MONEY(amount) "{\"is_available\":true,\"balance_infos\":[{" \
	"\"currency\":\"CNY\",\"total_balance\":\"" amount "\"," \
	"\"granted_balance\":\"0.00\",\"topped_up_balance\":\"" amount \
	"\"}]}"

/* A check before its last step, at a provider that tells of money. */
struct news {
	struct script *script;
	struct place place;
	char check_id[ID_MAX];
	struct task task;
};

static struct news news_at(const char *base_url, const char *models)
{
	struct news news = { .script = script_new(":memory:") };
	struct script *script = news.script;
	AUTO_FREE char *sql = NULL;

	news.place = place_on(script, script->host_id, P);
	sql = xasprintf("UPDATE import_run_items SET base_url = '%s',"
			" models = '%s'", base_url, models);
	fixture_sql(script->db, sql);
	check_begun(script, &news.place, NULL, news.check_id);
	news.task = check_task(script, &news.place, news.check_id,
			       "check.money");
	return news;
}

static void news_done(struct news *news)
{
	task_done(&news->task);
	script_free(&news->script);
}

#define NEWS CLEANUP(news_done) struct news

/* The step asks, is told this, and is written down.  False: it asks nothing. */
static bool told(struct news *news, int status, const char *body)
{
	struct script *script = news->script;
	const struct store store = store_of(script);
	const struct step *step = flow_step(&flow_check, "check.money");
	CLEANUP(request_done) struct request request = { 0 };
	CLEANUP(answer_done) struct answer answer = {
		.status = status, .retry_after_ms = -1,
	};
	struct verdict verdict;
	void *subject = NULL;
	struct err err;
	bool asks;

	OK(check_load(&store, &news->task, script->now, &subject, &err));
	asks = step->request(subject, &request);
	own_set(&answer.content_type, "application/json");
	own_set(&answer.body, body);
	answer.body_len = strlen(body);
	answer_parse(&answer);
	verdict = step->answer(subject, asks ? &answer : NULL);
	assert_int_equal(verdict.kind, VERDICT_DONE);
	OK(check_save(&store, &news->task, subject, step, &verdict,
		      script->now, &err));
	import_free(&subject);
	if (asks)
		assert_true(request.background);
	return asks;
}

static void ends_well(struct news *news)
{
	AUTO_FREE char *forget = xasprintf("DELETE FROM tasks; UPDATE"
		" access_checks SET state = 'done'");
	char check_id[ID_MAX];

	fixture_sql(news->script->db, forget);
	check_ends(news->script, &news->place, &good, check_id);
}

static const struct db_query q_balance = { "test.balance",
	"SELECT coalesce(amount, '-') || ' ' || coalesce(currency, '-')"
	" || ' ' || low FROM key_balances WHERE endpoint_key = $1" };

static const char *balance(struct news *news)
{
	return fixture_value(news->script->db, &q_balance, P);
}

static const char *notices(struct news *news, enum notice_kind kind)
{
	return fixture_value(news->script->db, &q_notices,
			     notice_kind_name(kind));
}

/* ---- money ---- */

static void what_a_provider_tells_is_kept(void **state)
{
	NEWS news = news_at(DEEPSEEK, "[\"m-1\"]");

	(void)state;
	assert_true(told(&news, 200, MONEY("110.00")));
	assert_string_equal(balance(&news), "110.00 CNY 0");
	assert_string_equal(notices(&news, NOTICE_BALANCE_LOW), "");
	/* It is not asked with every check. */
	news.script->now += 11 * HOUR;
	assert_false(told(&news, 200, MONEY("1.00")));
	assert_string_equal(balance(&news), "110.00 CNY 0");
	news.script->now += HOUR;
	assert_true(told(&news, 200, MONEY("90.00")));
	assert_string_equal(balance(&news), "90.00 CNY 0");
}

static void a_low_balance_is_news_until_it_is_not(void **state)
{
	NEWS news = news_at(DEEPSEEK, "[\"m-1\"]");

	(void)state;
	assert_true(told(&news, 200, MONEY("3.50")));
	assert_non_null(strstr(notices(&news, NOTICE_BALANCE_LOW),
		"{\"amount\":\"3.50\",\"currency\":\"CNY\"}"));
	assert_memory_equal(notices(&news, NOTICE_BALANCE_LOW),
			    "balance_low " P "/", 23);
	news.script->now += DAY;
	assert_true(told(&news, 200, MONEY("300.00")));
	assert_string_equal(notices(&news, NOTICE_BALANCE_LOW), "");
}

/* That it does not tell is known for a while, and worries nobody. */
static void a_provider_that_does_not_tell_is_let_be(void **state)
{
	static const struct {
		int status;
		const char *body;
	} cases[] = {
		{ 401, "{}" }, { 404, "{}" }, { 500, "{}" },
		{ 200, "{\"hello\":1}" }, { 200, "<html>" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		NEWS news = news_at(DEEPSEEK, "[\"m-1\"]");

		assert_true(told(&news, cases[i].status, cases[i].body));
		assert_string_equal(balance(&news), "- - 0");
		assert_string_equal(notices(&news, NOTICE_BALANCE_LOW), "");
		news.script->now += HOUR;
		assert_false(told(&news, 200, MONEY("1.00")));
	}
}

/* A failure to tell is no news of the money: what was told last stays. */
static void what_was_told_before_stays_where_nothing_is_told(void **state)
{
	NEWS news = news_at(DEEPSEEK, "[\"m-1\"]");

	(void)state;
	assert_true(told(&news, 200, MONEY("3.50")));
	news.script->now += DAY;
	assert_true(told(&news, 503, "{}"));
	assert_string_equal(balance(&news), "3.50 CNY 1");
	assert_non_null(strstr(notices(&news, NOTICE_BALANCE_LOW), "3.50"));
}

static void a_provider_without_the_offer_is_not_asked(void **state)
{
	NEWS news = news_at("https://relay.example/v1", "[\"m-1\"]");

	(void)state;
	assert_false(told(&news, 200, MONEY("1.00")));
	assert_string_equal(balance(&news), "");
}

/* ---- models ---- */

static void a_model_that_is_retired_is_news_once(void **state)
{
	NEWS news = news_at(DEEPSEEK, "[\"deepseek-chat\",\"m-1\"]");

	(void)state;
	ends_well(&news);
	assert_non_null(strstr(notices(&news, NOTICE_MODEL_RETIRED),
			       P "/deepseek-chat {\"model\":\"deepseek-chat\""
			       ",\"date\":\"2026-07-24\","));
	assert_null(strstr(notices(&news, NOTICE_MODEL_RETIRED), "; "));
	ends_well(&news);
	assert_null(strstr(notices(&news, NOTICE_MODEL_RETIRED), "; "));
	/* It is advice: the access works. */
	ACCESS_IS(news.script, &news.place, "active - 0");
}

static void a_retirement_far_ahead_is_no_news_yet(void **state)
{
	NEWS news = news_at(DEEPSEEK, "[\"deepseek-chat\"]");

	(void)state;
	/* 2026-07-24 less 61 days. */
	news.script->now = INT64_C(1784851200000) - 61 * DAY;
	ends_well(&news);
	assert_string_equal(notices(&news, NOTICE_MODEL_RETIRED), "");
	news.script->now += 2 * DAY;
	ends_well(&news);
	assert_non_null(strstr(notices(&news, NOTICE_MODEL_RETIRED),
			       "deepseek-chat"));
}

/* The same name lives on elsewhere. */
static void another_vendors_model_of_the_name_is_fine(void **state)
{
	NEWS news = news_at("https://relay.example/v1",
			    "[\"deepseek-chat\"]");

	(void)state;
	ends_well(&news);
	assert_string_equal(notices(&news, NOTICE_MODEL_RETIRED), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_provider_tells_is_kept),
		cmocka_unit_test(a_low_balance_is_news_until_it_is_not),
		cmocka_unit_test(a_provider_that_does_not_tell_is_let_be),
		cmocka_unit_test(
			what_was_told_before_stays_where_nothing_is_told),
		cmocka_unit_test(a_provider_without_the_offer_is_not_asked),
		cmocka_unit_test(a_model_that_is_retired_is_news_once),
		cmocka_unit_test(a_retirement_far_ahead_is_no_news_yet),
		cmocka_unit_test(another_vendors_model_of_the_name_is_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
