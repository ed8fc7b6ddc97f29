/*
 * What is made of a manifest on a host of a version, and what is said to be
 * left out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "shared/provider_plan.h"
#include "shared/table.h"

#define PRICE(model, currency, more) \
	"{\"model\":\"" model "\",\"currency\":\"" currency "\",\"unit\":" \
	"\"per_million_tokens\",\"input\":\"1.5\",\"output\":\"3\"" more "}"
#define MODEL(id, canonical, aliases) \
	"{\"id\":\"" id "\",\"canonical\":\"" canonical "\",\"status\":" \
	"\"current\",\"aliases\":[" aliases "]}"
#define MANIFEST(models, pricing, more) \
	"{\"models\":[" models "],\"pricing\":[" pricing "]" more "}"
#define SIMPLE MODEL("m-1", "m-1", "")

static void plan(struct provider_plan *ret, const char *text,
		 const char *version, const char *rate)
{
	json_auto_t *manifest = json_loads(text, 0, NULL);

	assert_non_null(manifest);
	provider_plan_make(ret, manifest, "p-1", version, rate);
}

static void check_pricing(const char *text, const char *rate,
			  const char *want)
{
	CLEANUP(provider_plan_done) struct provider_plan is = { 0 };
	json_auto_t *must = json_loads(want, 0, NULL);
	AUTO_FREE char *got = NULL;

	plan(&is, text, "0.1.179", rate);
	assert_true(is.channel);
	got = json_dumps(is.model_pricing, JSON_COMPACT);
	if (!json_equal(is.model_pricing, must))
		fail_msg("%s\nis not\n%s", got, want);
}

static void prices_become_usd_per_token(void **state)
{
	(void)state;
	check_pricing(MANIFEST(SIMPLE, PRICE("m-1", "USD", ""), ""), "",
		      "[{\"platform\":\"openai\",\"models\":[\"m-1\"],"
		      "\"billing_mode\":\"token\",\"input_price\":1.5e-6,"
		      "\"output_price\":3e-6}]");
	check_pricing(MANIFEST(SIMPLE, PRICE("m-1", "USD",
		      ",\"cache_read\":\"0.15\",\"cache_write\":\"2\""), ""),
		      "", "[{\"platform\":\"openai\",\"models\":[\"m-1\"],"
		      "\"billing_mode\":\"token\",\"input_price\":1.5e-6,"
		      "\"output_price\":3e-6,\"cache_read_price\":1.5e-7,"
		      "\"cache_write_price\":2e-6}]");
}

/* A host keeps 12 decimals: what is sent must read back the same. */
static void other_currencies_need_a_rate(void **state)
{
	static const char *const text = MANIFEST(SIMPLE,
		PRICE("m-1", "CNY", ""), "");
	static const char *const rates[] = { "", "0", "-1", "x", "7,1" };

	(void)state;
	check_pricing(text, "7.12", "[{\"platform\":\"openai\",\"models\":"
		      "[\"m-1\"],\"billing_mode\":\"token\","
		      "\"input_price\":0.000000210674,"
		      "\"output_price\":0.000000421348}]");
	for (size_t i = 0; i < COUNT(rates); i++) {
		CLEANUP(provider_plan_done) struct provider_plan is = { 0 };

		plan(&is, text, "0.1.179", rates[i]);
		assert_false(is.channel);
		assert_null(is.model_pricing);
		assert_non_null(strstr(is.notes[NOTE_CHANNEL_NO_RATE],
				       "m-1 is in CNY"));
	}
}

/* A rate of one currency is not another's. */
static void one_price_that_nobody_can_tell_is_enough(void **state)
{
	CLEANUP(provider_plan_done) struct provider_plan is = { 0 };

	(void)state;
	plan(&is, MANIFEST(SIMPLE "," MODEL("m-2", "m-2", ""),
	     PRICE("m-1", "USD", "") "," PRICE("m-2", "EUR", ""), ""),
	     "0.1.179", "7.12");
	assert_false(is.channel);
	assert_non_null(is.notes[NOTE_CHANNEL_NO_RATE]);
}

/* Hosts refuse two prices for one name, in whatever case. */
static void a_name_has_one_price(void **state)
{
	(void)state;
	check_pricing(MANIFEST(
		MODEL("m-1", "M-2", "\"m one\",\"m-*\",\"M-1\"") ","
		MODEL("m-2", "m-two", "\"M One\",\"m 2\""),
		PRICE("m-1", "USD", "") "," PRICE("m-2", "USD", ""), ""), "",
		"[{\"platform\":\"openai\",\"models\":[\"m-1\",\"m one\"],"
		"\"billing_mode\":\"token\",\"input_price\":1.5e-6,"
		"\"output_price\":3e-6},{\"platform\":\"openai\",\"models\":"
		"[\"m-2\",\"m-two\",\"m 2\"],\"billing_mode\":\"token\","
		"\"input_price\":1.5e-6,\"output_price\":3e-6}]");
}

static void a_channel_is_made_where_something_asks_for_it(void **state)
{
	static const struct {
		const char *text, *version;
		bool channel, restricts, unsupported;
	} rows[] = {
		{ MANIFEST(SIMPLE, "", ""), "0.1.179", false, false, false },
		{ MANIFEST(SIMPLE, "", ",\"templates\":{\"channel\":null}"),
		  "0.1.179", false, false, false },
		{ MANIFEST(SIMPLE, "", ",\"templates\":{\"channel\":{}}"),
		  "0.1.179", true, false, false },
		{ MANIFEST(SIMPLE, PRICE("m-1", "USD", ""),
			   ",\"templates\":{\"channel\":"
			   "{\"restrict_models\":true}}"),
		  "0.1.126", true, true, false },
		{ MANIFEST(SIMPLE, PRICE("m-1", "USD", ""), ""), "0.1.129",
		  true, false, false },
		{ MANIFEST(SIMPLE, PRICE("m-1", "USD", ""), ""), NULL,
		  true, false, false },
		{ MANIFEST(SIMPLE, PRICE("m-1", "USD", ""), ""), "dev",
		  true, false, false },
		{ MANIFEST(SIMPLE, PRICE("m-1", "USD", ""), ""), "0.1.99",
		  false, false, true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		CLEANUP(provider_plan_done) struct provider_plan is = { 0 };

		plan(&is, rows[i].text, rows[i].version, "");
		assert_int_equal(is.channel, rows[i].channel);
		assert_int_equal(is.restrict_models, rows[i].restricts);
		assert_int_equal(is.notes[NOTE_CHANNEL_UNSUPPORTED] != NULL,
				 rows[i].unsupported);
	}
}

#define HEADERS(last) MANIFEST(SIMPLE, "", ",\"required_headers\":{" \
	"\"X-One\":\"1\",\"" last "\":\"2\"}," \
	"\"requires_allowlisted_client\":true")

static void headers_go_where_hosts_send_them(void **state)
{
	CLEANUP(provider_plan_done) struct provider_plan is = { 0 };
	CLEANUP(provider_plan_done) struct provider_plan kept = { 0 };
	CLEANUP(provider_plan_done) struct provider_plan none = { 0 };

	(void)state;
	plan(&is, HEADERS("X-Two"), "0.1.179", "");
	assert_null(is.notes[NOTE_HEADERS_NOT_SENT]);
	assert_string_equal(json_string_value(json_object_get(is.headers,
							      "X-Two")), "2");
	plan(&kept, HEADERS("Cookie"), "0.1.179", "");
	assert_non_null(kept.notes[NOTE_HEADERS_NOT_SENT]);
	assert_null(kept.headers);
	plan(&none, MANIFEST(SIMPLE, "", ",\"required_headers\":{}"),
	     "0.1.179", "");
	assert_null(none.headers);
	assert_null(none.notes[NOTE_HEADERS_NOT_SENT]);
}

static void a_mirror_is_said(void **state)
{
	CLEANUP(provider_plan_done) struct provider_plan is = { 0 };

	(void)state;
	plan(&is, MANIFEST(SIMPLE, "", ",\"base_url\":\"https://a.example\""),
	     "0.1.179", "");
	assert_non_null(strstr(is.notes[NOTE_MIRROR], "https://a.example"));
}

static void what_no_host_does_is_said(void **state)
{
	CLEANUP(provider_plan_done) struct provider_plan is = { 0 };

	(void)state;
	plan(&is, HEADERS("X-Two"), "0.1.129", "");
	assert_non_null(strstr(is.notes[NOTE_HEADERS_NOT_SENT],
			       "X-One, X-Two"));
	assert_non_null(is.notes[NOTE_CLIENT_ALLOWLISTED]);
	for (size_t i = 0; i < PROVIDER_NOTE__MAX; i++) {
		assert_non_null(provider_note_code((enum provider_note)i));
		assert_non_null(provider_note_zh((enum provider_note)i));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prices_become_usd_per_token),
		cmocka_unit_test(other_currencies_need_a_rate),
		cmocka_unit_test(one_price_that_nobody_can_tell_is_enough),
		cmocka_unit_test(a_name_has_one_price),
		cmocka_unit_test(
			a_channel_is_made_where_something_asks_for_it),
		cmocka_unit_test(headers_go_where_hosts_send_them),
		cmocka_unit_test(a_mirror_is_said),
		cmocka_unit_test(what_no_host_does_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
