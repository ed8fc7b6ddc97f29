#include "tests/unit/fixture.h"

#include "shared/diagnosis.h"
#include "shared/say.h"

static struct diagnosis sample(void)
{
	return (struct diagnosis){
		.hop = HOP_ACCOUNT,
		.class = FAILURE_RESPONSES_FORCED,
		.at = NOW,
		.provider = { .at = NOW - 2, .status = 200 },
		.account = { .at = NOW - 1, .status = 200,
			     .class = FAILURE_RESPONSES_FORCED,
			     .text = "converts" },
		.gateway = { .at = NOW - 3, .class = FAILURE_TIMEOUT },
		.account_id = "41",
		.next = NEXT_REPAIR,
		.next_at = NOW + 180000,
		.repair = "raw_chat",
	};
}

static void a_diagnosis_is_read_back_as_it_was_written(void **state)
{
	const struct diagnosis want = sample();
	AUTO_FREE char *text = diagnosis_text(&want);
	AUTO_FREE char *again = NULL;
	struct diagnosis back;

	(void)state;
	diagnosis_parse(text, &back);
	assert_int_equal(back.hop, want.hop);
	assert_int_equal(back.class, want.class);
	assert_int_equal(back.at, want.at);
	assert_int_equal(back.provider.at, NOW - 2);
	assert_int_equal(back.provider.status, 200);
	assert_int_equal(back.provider.class, FAILURE_NONE);
	assert_int_equal(back.gateway.status, 0);
	assert_int_equal(back.gateway.class, FAILURE_TIMEOUT);
	assert_string_equal(back.account.text, "converts");
	assert_int_equal(back.upstream.at, 0);
	assert_string_equal(back.account_id, "41");
	assert_string_equal(back.repair, "raw_chat");
	assert_int_equal(back.next, NEXT_REPAIR);
	assert_int_equal(back.next_at, NOW + 180000);
	again = diagnosis_text(&back);
	assert_string_equal(again, text);
}

static void what_is_no_diagnosis_is_none(void **state)
{
	static const char *const texts[] = {
		NULL, "", "no json", "[]", "3", "{}",
		"{\"hop\":7,\"class\":[],\"at\":1,\"evidence\":[1],"
		"\"next\":\"x\"}",
		"{\"hop\":\"moon\",\"evidence\":{\"provider\":3},"
		"\"next\":{\"action\":\"dance\",\"at\":\"soon\"}}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct diagnosis back = sample();

		diagnosis_parse(texts[i], &back);
		assert_int_equal(back.hop, HOP_NONE);
		assert_int_equal(back.at, 0);
		assert_int_equal(back.provider.at, 0);
		assert_int_equal(back.next, NEXT_NONE);
		assert_int_equal(back.next_at, 0);
	}
}

static void the_coarse_word_is_said_where_it_is_true(void **state)
{
#define FINE { .at = NOW, .status = 200 }
#define BAD { .at = NOW, .status = 500, .class = FAILURE_TRANSIENT }
	static const struct {
		struct diagnosis diagnosis;
		const char *word;
	} cases[] = {
		{ { 0 }, NULL },
		{ { .hop = HOP_PROVIDER, .class = FAILURE_KEY_INVALID },
		  "upstream_key_quota_issue" },
		{ { .hop = HOP_PROVIDER, .class = FAILURE_QUOTA_EXHAUSTED },
		  "upstream_key_quota_issue" },
		{ { .hop = HOP_PROVIDER, .class = FAILURE_OVERLOADED }, NULL },
		{ { .hop = HOP_ACCOUNT, .class = FAILURE_RESPONSES_FORCED,
		    .provider = FINE }, "host_compatibility_gap" },
		{ { .hop = HOP_GATEWAY, .class = FAILURE_UPSTREAM_FAILED,
		    .provider = FINE }, "host_compatibility_gap" },
		/* Nobody asked the provider, or it fails as well. */
		{ { .hop = HOP_ACCOUNT, .class = FAILURE_RESPONSES_FORCED },
		  NULL },
		{ { .hop = HOP_GATEWAY, .class = FAILURE_UPSTREAM_FAILED,
		    .provider = BAD }, NULL },
		{ { .hop = HOP_KEY, .class = FAILURE_KEY_REFUSED,
		    .provider = FINE }, NULL },
		{ { .hop = HOP_ACCOUNT, .class = FAILURE_ACCOUNT_OFF,
		    .provider = FINE }, NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *word = diagnosis_coarse(&cases[i].diagnosis);

		if (!cases[i].word)
			assert_null(word);
		else
			assert_string_equal(word, cases[i].word);
	}
}

static void a_sentence_names_hop_cause_and_what_comes(void **state)
{
	struct diagnosis d = sample();
	AUTO_FREE char *zh = diagnosis_sentence(&d, "zh", NOW);
	AUTO_FREE char *en = diagnosis_sentence(&d, "en", NOW);
	AUTO_FREE char *none = diagnosis_sentence(&(struct diagnosis){ 0 },
						  "en", NOW);

	(void)state;
	assert_string_equal(en, "The account on the host is at fault: The host"
		" sends chats to /responses, which this provider lacks. Force"
		" the account to chat completions. CRM will repair it and"
		" prove it again at 2026-09-21 14:16:20 UTC (in 3 min).");
	assert_string_equal(zh, "问题在主机上的账号：主机把对话转到供应商不支"
		"持的 /responses。请将账号改为强制使用对话接口。系统将于"
		" 2026-09-21 14:16:20 UTC（3 分钟后）自动修复，然后重新验证"
		"。");
	assert_string_equal(none, "Nothing is wrong.");
	for (int hop = 0; hop < HOP__MAX; hop++) {
		for (int next = 0; next < NEXT_ACTION__MAX; next++) {
			AUTO_FREE char *text = NULL;

			d.hop = (enum hop)hop;
			d.next = (enum next_action)next;
			d.next_at = (hop + next) % 2 ? NOW : 0;
			text = diagnosis_sentence(&d, "en", NOW);
			assert_null(strpbrk(text, "{}"));
			assert_true(strlen(text) > 40);
		}
	}
}

static void spans_are_said_in_the_unit_that_fits(void **state)
{
	static const struct {
		int64_t ms;
		const char *zh;
		const char *en;
	} cases[] = {
		{ 0, "此刻", "now" },
		{ 400, "此刻", "now" },
		{ 1000, "1 秒后", "in 1 s" },
		{ -45000, "45 秒前", "45 s ago" },
		{ 90000, "2 分钟后", "in 2 min" },
		{ 180000, "3 分钟后", "in 3 min" },
		{ -5400000, "2 小时前", "2 h ago" },
		{ 86400000, "24 小时后", "in 24 h" },
		{ -172800000, "2 天前", "2 days ago" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char zh[SAY_TIME_MAX], en[SAY_TIME_MAX];

		assert_string_equal(say_distance("zh", NOW + cases[i].ms, NOW,
						 zh), cases[i].zh);
		assert_string_equal(say_distance("en", NOW + cases[i].ms, NOW,
						 en), cases[i].en);
	}
}

static void templates_take_what_they_are_given(void **state)
{
	const struct say_word words[] = { { "a", "1" }, { "bb", "2" }, { 0 } };
	CLEANUP(buf_done) struct buf out = { .max = 100 };

	(void)state;
	say(&out, "{a}-{bb} {c} {", words);
	assert_string_equal(buf_str(&out), "1-2 ? {");
	buf_reset(&out);
	say(&out, "{a}", NULL);
	say_members(&out, "{a}", NULL);
	assert_string_equal(buf_str(&out), "??");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_diagnosis_is_read_back_as_it_was_written),
		cmocka_unit_test(what_is_no_diagnosis_is_none),
		cmocka_unit_test(the_coarse_word_is_said_where_it_is_true),
		cmocka_unit_test(a_sentence_names_hop_cause_and_what_comes),
		cmocka_unit_test(spans_are_said_in_the_unit_that_fits),
		cmocka_unit_test(templates_take_what_they_are_given),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
