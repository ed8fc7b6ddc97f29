/* The endpoints of accesses: lists, one of them, its events and proofs. */
#include "tests/unit/access_fixture.h"

#include "shared/table.h"

static void accesses_are_listed_in_pages(void **state)
{
	AUTO_FREE char *target = xstrdup("/api/accesses?limit=3");

	(void)state;
	assert_int_equal(ask("GET", target, NULL), 200);
	assert_int_equal(json_array_size(member("accesses")), 3);
	assert_string_equal(text_of("accesses.0.access_id"), "acc_1");
	free(target);
	target = xasprintf("/api/accesses?limit=3&cursor=%s",
			   text_of("next_cursor"));
	assert_int_equal(ask("GET", target, NULL), 200);
	assert_int_equal(json_array_size(member("accesses")), 1);
	assert_string_equal(text_of("accesses.0.access_id"), "acc_4");
	assert_true(json_is_null(member("next_cursor")));
}

static void filters_narrow_the_list_down(void **state)
{
	static const struct {
		const char *query;
		size_t count;
	} cases[] = {
		{ "host_id=hst_a", 3 }, { "provider_id=one-1", 3 },
		{ "host_id=hst_a&provider_id=one-1", 2 },
		{ "status=broken", 1 }, { "access_mode=self_service", 1 },
		{ "host_id=hst_a&status=active", 1 }, { "host_id=hst_x", 0 },
		{ "host_id=&status=", 4 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO_FREE char *target = xasprintf("/api/accesses?%s",
						   cases[i].query);

		assert_int_equal(ask("GET", target, NULL), 200);
		if (json_array_size(member("accesses")) != cases[i].count)
			fail_msg("%s gives another number", cases[i].query);
	}
}

static void parameters_that_mean_nothing_are_refused(void **state)
{
	static const char *const bad[] = {
		"/api/accesses?status=good", "/api/accesses?access_mode=x",
		"/api/accesses?host_id=a%20b", "/api/accesses?provider_id=%2f",
		"/api/accesses?limit=0", "/api/accesses?limit=201",
		"/api/accesses?cursor=x", "/api/accesses?selector=default",
		"/api/accesses/acc_1?limit=1",
		"/api/accesses/acc_1/events?limit=x",
		"/api/accesses/acc_1/proofs?cursor=x",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		if (ask("GET", bad[i], NULL) != 400)
			fail_msg("%s was taken", bad[i]);
}

static void an_access_is_shown_with_all_that_is_known(void **state)
{
	(void)state;
	assert_int_equal(ask("GET", "/api/accesses/acc_1", NULL), 200);
	assert_string_equal(text_of("provider_id"), "one-1");
	assert_string_equal(text_of("endpoint_key"), "one-1");
	assert_string_equal(text_of("status"), "active");
	assert_string_equal(text_of("access_status"), "subscription_ready");
	assert_true(json_is_true(member("stale")));
	assert_string_equal(text_of("surfaces.chat"), "works");
	assert_true(json_is_null(member("diagnosis")));
	assert_true(json_is_null(member("diagnosis_zh")));
	assert_int_equal(json_array_size(member("events")), 3);
	assert_string_equal(text_of("events.0.kind"), "recovered");
	assert_string_equal(text_of("events.1.detail.repair"), "raw_chat");
	assert_int_equal(json_array_size(member("proofs")), 2);
	assert_string_equal(text_of("proofs.0.surface"), "stream");
	assert_string_equal(text_of("proofs.0.check_id"), "chk_0");
	assert_string_equal(text_of("proofs.0.requested_probe_api_key"),
			    "fp-1");
	assert_true(json_is_null(member("proofs.1.surface")));
	assert_int_equal(ask("GET", "/api/accesses/acc_9", NULL), 404);
}

static void what_fails_says_why(void **state)
{
	(void)state;
	assert_int_equal(ask("GET", "/api/accesses/acc_2", NULL), 200);
	assert_string_equal(text_of("diagnosis.hop"), "gateway");
	assert_string_equal(text_of("diagnosis.coarse"),
			    "host_compatibility_gap");
	assert_int_equal(number_of("diagnosis.evidence.gateway.status"), 502);
	assert_non_null(strstr(text_of("diagnosis_en"), "gateway"));
	assert_non_null(strstr(text_of("diagnosis_zh"), "网关"));
	assert_true(json_is_string(member("failure_zh")));
	assert_false(json_is_true(member("stale")));
	assert_int_equal(number_of("failures"), 1);
}

static void both_modes_of_a_host_make_it_fully_ready(void **state)
{
	(void)state;
	sql("UPDATE accesses SET host_id = 'hst_a', status = 'active'"
	    " WHERE access_id = 'acc_4'");
	assert_int_equal(ask("GET", "/api/accesses?host_id=hst_a", NULL), 200);
	assert_string_equal(text_of("accesses.0.access_status"),
			    "fully_ready");
	assert_string_equal(text_of("accesses.2.access_status"), "broken");
	assert_string_equal(text_of("accesses.3.access_status"),
			    "fully_ready");
}

/* All pages of a list of acc_1; how many elements there are in all. */
static size_t pages_of(const char *list, size_t *ret_pages)
{
	AUTO_FREE char *target = xasprintf("/api/accesses/acc_1/%s?limit=1",
					   list);
	size_t elements = 0;

	*ret_pages = 0;
	for (;;) {
		assert_int_equal(ask("GET", target, NULL), 200);
		elements += json_array_size(member(list));
		++*ret_pages;
		if (json_is_null(member("next_cursor")) || *ret_pages > 9)
			return elements;
		free(target);
		target = xasprintf("/api/accesses/acc_1/%s?limit=1&cursor=%s",
				   list, text_of("next_cursor"));
	}
}

static void events_and_proofs_have_pages_of_their_own(void **state)
{
	size_t pages;

	(void)state;
	assert_int_equal(pages_of("events", &pages), 3);
	assert_int_equal(pages, 3);
	assert_int_equal(number_of("events.0.seq"), 1);
	assert_int_equal(pages_of("proofs", &pages), 2);
	assert_int_equal(pages, 2);
	assert_string_equal(text_of("proofs.0.proof_id"), "prf_1");
	assert_int_equal(ask("GET", "/api/accesses/acc_9/events", NULL), 404);
	assert_int_equal(ask("GET", "/api/accesses/acc_9/proofs", NULL), 404);
}

static void reading_needs_a_token(void **state)
{
	static const char *const paths[] = {
		"/api/accesses", "/api/accesses/acc_1",
		"/api/accesses/acc_1/events", "/api/accesses/acc_1/proofs",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(paths); i++) {
		api.wire.authorization = "";
		assert_int_equal(ask("GET", paths[i], NULL), 401);
		api.wire.authorization = "Bearer " READ_TOKEN;
		assert_int_equal(ask("GET", paths[i], NULL), 200);
	}
}

/* The item rests on the newest proof, whatever it was of. */
static void an_item_says_which_key_proved_it(void **state)
{
	(void)state;
	sql("UPDATE secrets SET fingerprint = 'fp';"
	    "INSERT INTO key_balances VALUES ('one-1', 'fp', '1.20', 'CNY',"
	    " NULL, 1, 5);"
	    "UPDATE import_run_items SET validation_status = 'warning',"
	    " probe_advisory = 1, responses_status = 404,"
	    " diagnosis = '" DIAGNOSIS "'");
	assert_int_equal(ask("GET", "/api/batch-import/runs/run_1/items",
			     NULL), 200);
	assert_string_equal(text_of("items.0.effective_probe_key_source"),
			    "probe_api_key");
	assert_string_equal(
		text_of("items.0.effective_probe_key_fingerprint"), "fp-2");
	assert_true(json_is_null(member("items.0.requested_probe_api_key")));
	assert_int_equal(ask("GET", "/api/batch-import/runs/run_1/items/itm_1",
			     NULL), 200);
	assert_string_equal(text_of("validation_status"), "warning");
	assert_true(json_is_true(member("probe_advisory")));
	assert_int_equal(number_of("responses_status"), 404);
	assert_string_equal(text_of("balance.amount"), "1.20");
	assert_true(json_is_true(member("balance.low")));
	assert_true(json_is_null(member("balance.expires_at")));
	assert_string_equal(text_of("diagnosis.next.action"), "repair");
	assert_true(json_is_string(member("diagnosis_en")));
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup_accesses, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(accesses_are_listed_in_pages),
		T(filters_narrow_the_list_down),
		T(parameters_that_mean_nothing_are_refused),
		T(an_access_is_shown_with_all_that_is_known),
		T(what_fails_says_why),
		T(both_modes_of_a_host_make_it_fully_ready),
		T(events_and_proofs_have_pages_of_their_own),
		T(reading_needs_a_token),
		T(an_item_says_which_key_proved_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
