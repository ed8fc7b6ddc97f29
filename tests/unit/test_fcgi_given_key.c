/* Runs that are proven with the key of somebody real, and large ones. */
#include "tests/unit/api_fixture.h"

#include "shared/buf.h"
#include "shared/clock.h"
#include "shared/table.h"

#define RUNS "/api/batch-import/runs"
#define ROW "{\"base_url\":\"https://api.one.example/v1\"," \
	"\"api_key\":\"sk-one-0123456789abcdef\"}"
#define GIVEN "sk-given-0123456789abcdef"

static int post_with(const char *host, const char *members)
{
	AUTO_FREE char *body = xasprintf("{\"host_id\":\"%s\",\"items\":["
					 ROW "],%s}", host, members);

	return ask("POST", RUNS, body);
}

static void a_probe_key_is_sealed_and_shown_by_its_fingerprint(void **state)
{
	AUTO_FREE char *host = add_host(), *target = NULL, *face = NULL;

	(void)state;
	assert_int_equal(post_with(host, "\"access_mode\":\"self_service\","
		"\"probe_api_key\":\"" GIVEN "\",\"rebind\":true"), 202);
	assert_string_equal(text_of("access_mode"), "self_service");
	assert_string_equal(text_of("given_key_source"), "probe_api_key");
	assert_true(json_is_true(member("rebind")));
	assert_int_equal(json_array_size(member("subscription_users")), 0);
	face = xstrdup(text_of("requested_probe_api_key"));
	assert_int_equal(strlen(face), SEAL_FINGERPRINT_TEXT - 1);
	assert_null(strstr(api.reply.out.text.text, "sk-given"));
	assert_int_equal(count("SELECT count(*) FROM import_runs r JOIN"
		" secrets s ON s.secret_id = r.given_key_secret_id WHERE"
		" s.kind = 'api_key' AND NOT instr(s.sealed, 'sk-given')"), 1);
	target = xasprintf(RUNS "/%s/items", text_of("run_id"));
	assert_int_equal(ask("GET", target, NULL), 200);
	assert_string_equal(text_of("items.0.requested_probe_api_key"), face);
	assert_true(json_is_null(
		member("items.0.effective_probe_key_source")));
	assert_null(strstr(api.reply.out.text.text, "sk-given"));
}

static void the_owner_of_an_access_key_is_given_access(void **state)
{
	AUTO_FREE char *host = add_host();

	(void)state;
	assert_int_equal(post_with(host, "\"access_api_key\":\"" GIVEN "\","
				   "\"subscription_days\":7"), 202);
	assert_string_equal(text_of("given_key_source"), "access_api_key");
	assert_string_equal(text_of("access_mode"), "subscription");
	assert_int_equal(number_of("subscription_days"), 7);
	assert_int_equal(json_array_size(member("subscription_users")), 0);
	assert_true(json_is_false(member("rebind")));
	assert_int_equal(post_with(host, "\"access_api_key\":\"" GIVEN "\","
				   "\"access_mode\":\"self_service\""), 202);
}

static void without_a_given_key_there_is_none(void **state)
{
	AUTO_FREE char *host = add_host();

	(void)state;
	assert_int_equal(post_with(host, "\"access_mode\":\"self_service\","
		"\"probe_api_key\":null,\"rebind\":false"), 202);
	assert_true(json_is_null(member("given_key_source")));
	assert_true(json_is_null(member("requested_probe_api_key")));
	assert_int_equal(ask("GET", RUNS "?access_mode=self_service", NULL),
			 200);
	assert_int_equal(json_array_size(member("runs")), 1);
}

static void what_does_not_go_together_is_refused(void **state)
{
	static const struct {
		const char *members, *field;
		int64_t problems;
	} bad[] = {
		{ "\"probe_api_key\":\"" GIVEN "\"", "probe_api_key", 1 },
		{ "\"access_mode\":\"self_service\",\"probe_api_key\":\""
		  GIVEN "\",\"access_api_key\":\"" GIVEN "\"",
		  "access_api_key", 1 },
		{ "\"rebind\":true", "rebind", 1 },
		{ "\"access_mode\":\"self_service\",\"subscription_users\":"
		  "[\"a\"]", "subscription_users", 1 },
		{ "\"access_api_key\":\"" GIVEN "\",\"subscription_users\":"
		  "[\"a\"]", "subscription_users", 1 },
		{ "\"access_api_key\":\"short\"", "access_api_key", 1 },
		{ "\"access_api_key\":\"with a blank in it\"",
		  "access_api_key", 1 },
		{ "\"access_mode\":\"both\",\"probe_api_key\":7,"
		  "\"access_api_key\":\"with a blank\",\"rebind\":1", NULL,
		  5 },
	};
	AUTO_FREE char *host = add_host();

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		if (post_with(host, bad[i].members) != 422)
			fail_msg("%s was taken", bad[i].members);
		if (number_of("problems_total") != bad[i].problems)
			fail_msg("%s: %s", bad[i].members,
				 api.reply.out.text.text);
		if (bad[i].field)
			assert_string_equal(text_of("problems.0.field"),
					    bad[i].field);
		assert_null(strstr(api.reply.out.text.text, "sk-given"));
	}
	assert_int_equal(count("SELECT count(*) FROM secrets"
			       " WHERE kind = 'api_key'"), 0);
}

/* A memory of what was answered holds no key either. */
static void a_repeated_run_shows_no_key(void **state)
{
	AUTO_FREE char *host = add_host();

	(void)state;
	for (int i = 0; i < 2; i++) {
		api.wire.idempotency_key = "given-1";
		assert_int_equal(post_with(host,
			"\"access_api_key\":\"" GIVEN "\""), 202);
		assert_int_equal(api.reply.replayed, i == 1);
		assert_null(strstr(api.reply.out.text.text, "sk-given"));
	}
	assert_int_equal(count("SELECT count(*) FROM idempotency_keys"
		" WHERE instr(body, 'sk-given')"), 0);
	assert_int_equal(count("SELECT count(*) FROM import_runs"), 1);
}

/*
 * Keys are sealed before the transaction, so that nobody waits for it.  The
 * bound is generous: the machine may be busy.
 */
static void a_thousand_items_are_one_transaction(void **state)
{
	AUTO_FREE char *host = add_host(), *text = NULL;
	struct buf items = { .max = 1 << 20 };
	int64_t began;

	(void)state;
	for (int i = 0; i < 1000; i++)
		buf_addf(&items, "%c{\"base_url\":\"https://p%d.example/v1\","
			 "\"api_key\":\"sk-%d-0123456789abcdef\"}",
			 i ? ',' : '[', i, i);
	buf_adds(&items, "]");
	text = buf_take(&items);
	began = clock_mono_ms();
	assert_int_equal(post_run(host, text), 202);
	assert_int_equal(number_of("items_total"), 1000);
	assert_true(clock_mono_ms() - began < 10000);
	assert_int_equal(count("SELECT count(*) FROM tasks"
			       " WHERE flow = 'import'"), 1000);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_probe_key_is_sealed_and_shown_by_its_fingerprint),
		T(the_owner_of_an_access_key_is_given_access),
		T(without_a_given_key_there_is_none),
		T(what_does_not_go_together_is_refused),
		T(a_repeated_run_shows_no_key),
		T(a_thousand_items_are_one_transaction),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
