/* The endpoints of runs, items and proofs. */
#include "tests/unit/api_fixture.h"

#include "shared/table.h"
#include "shared/walk.h"

#define RUNS "/api/batch-import/runs"
#define ROW(url, key) "{\"base_url\":\"" url "\",\"api_key\":\"" key "\"}"
#define ROW1 ROW("https://api.one.example/v1", "sk-one-0123456789abcdef")
#define ROW2 ROW("https://api.two.example/v1/", "sk-two-0123456789abcdef")

static char *add_run(const char *host_id, const char *items)
{
	assert_int_equal(post_run(host_id, items), 202);
	return xstrdup(text_of("run_id"));
}

static void a_run_is_stored_with_its_items_and_tasks(void **state)
{
	AUTO_FREE char *host = add_host();
	AUTO_FREE char *run = add_run(host, "[" ROW1 "," ROW2 "]");
	AUTO_FREE char *location = xasprintf(RUNS "/%s", run);

	(void)state;
	assert_string_equal(api.reply.location, location);
	assert_string_equal(text_of("state"), "running");
	assert_string_equal(text_of("subscription_users.0"), "default");
	assert_int_equal(number_of("subscription_days"), 30);
	assert_int_equal(number_of("items_total"), 2);
	assert_int_equal(count("SELECT count(*) FROM tasks WHERE flow ="
			       " 'import' AND step = 'probe.models' AND"
			       " run_id IS NOT NULL"), 2);
	assert_int_equal(count("SELECT count(*) FROM secrets WHERE kind ="
			       " 'api_key' AND fingerprint IS NOT NULL"), 2);
	assert_int_equal(ask("GET", location, NULL), 200);
	assert_string_equal(text_of("run_id"), run);
}

static void items_are_listed_in_the_order_of_the_rows(void **state)
{
	AUTO_FREE char *host = add_host();
	AUTO_FREE char *run = add_run(host, "[" ROW1 "," ROW2 "]");
	AUTO_FREE char *target = xasprintf(RUNS "/%s/items", run);

	(void)state;
	assert_int_equal(ask("GET", target, NULL), 200);
	assert_int_equal(json_array_size(member("items")), 2);
	assert_int_equal(number_of("items.0.seq"), 1);
	assert_string_equal(text_of("items.1.base_url"),
			    "https://api.two.example/v1");
	assert_string_equal(text_of("items.0.current_stage"), "probe");
	assert_string_equal(text_of("items.0.confirmation_status"),
			    "pending");
	assert_string_equal(text_of("items.0.access_status"), "unknown");
	assert_string_equal(text_of("items.0.matched_account_state"), "none");
	assert_true(json_is_null(member("items.0.account_resolution")));
	assert_string_equal(text_of("items.0.api_key_last4"), "cdef");
	assert_string_equal(text_of("items.0.provider_id"),
			    text_of("items.0.endpoint_key"));
	assert_null(strstr(api.reply.out.text.text, "sk-one"));
}

#define BAD_ROWS "[" ROW1 ",7,{},{\"base_url\":\"http://u:p@x.example\"," \
	"\"api_key\":\"short\",\"x\":1}," \
	ROW("file:/etc", "sk with blanks") "]"

static int64_t stored(void)
{
	return count("SELECT (SELECT count(*) FROM import_runs) +"
		     " (SELECT count(*) FROM import_run_items) +"
		     " (SELECT count(*) FROM secrets WHERE kind = 'api_key')");
}

static void a_strict_run_is_sunk_by_bad_rows_and_all_are_told(void **state)
{
	AUTO_FREE char *host = add_host();
	AUTO_FREE char *body = xasprintf("{\"host_id\":\"%s\",\"items\":"
					 BAD_ROWS ",\"strict\":true}", host);

	(void)state;
	assert_int_equal(ask("POST", RUNS, body), 422);
	assert_int_equal(number_of("problems_total"), 8);
	assert_non_null(strstr(api.reply.out.text.text, "items[3].base_url"));
	assert_non_null(strstr(api.reply.out.text.text, "items[4].api_key"));
	assert_int_equal(number_of("items_rejected"), 4);
	assert_int_equal(number_of("rejected.0.row"), 2);
	assert_int_equal(stored(), 0);
}

static void bad_rows_do_not_sink_the_others(void **state)
{
	AUTO_FREE char *host = add_host();
	AUTO_FREE char *run = add_run(host, BAD_ROWS);

	(void)state;
	assert_int_equal(number_of("items_total"), 1);
	assert_int_equal(number_of("items_rejected"), 4);
	assert_int_equal(json_array_size(member("rejected")), 8);
	assert_int_equal(number_of("rejected.0.row"), 2);
	assert_true(json_is_null(member("rejected.0.line")));
	assert_string_equal(text_of("rejected.0.field"), "");
	assert_string_equal(text_of("rejected.0.detail"),
			    "must be a JSON object");
	assert_string_equal(text_of("rejected.7.field"), "base_url");
	assert_int_equal(stored(), 3);
}

static void without_a_good_row_there_is_no_run(void **state)
{
	AUTO_FREE char *host = add_host();

	(void)state;
	assert_int_equal(post_run(host, "[7,{}]"), 422);
	assert_int_equal(number_of("problems_total"), 3);
	assert_string_equal(text_of("problems.1.field"), "items[1].base_url");
	assert_int_equal(post_run(host, "{}"), 422);
	assert_string_equal(text_of("problems.0.why"), "must be an array");
	assert_int_equal(stored(), 0);
}

/* What is stored of a wrong row holds no key, wherever it stood. */
static void keys_in_wrong_places_are_masked(void **state)
{
	AUTO_FREE char *host = add_host();
	AUTO_FREE char *run = add_run(host, "[" ROW1 ",{\"sk-0123456789abcdef\":"
		"1},{\"base_url\":\"sk-0123456789abcdef\"}]");

	(void)state;
	assert_int_equal(number_of("items_rejected"), 2);
	assert_non_null(strstr(api.reply.out.text.text, "[redacted]"));
	assert_null(strstr(api.reply.out.text.text, "0123456789abcdef"));
}

static void an_unknown_host_is_a_problem_like_others(void **state)
{
	(void)state;
	assert_int_equal(post_run("hst_none", "[{}]"), 422);
	assert_int_equal(number_of("problems_total"), 3);
	assert_non_null(strstr(api.reply.out.text.text, "no such host"));
}

static int post_with(const char *host, const char *members)
{
	AUTO_FREE char *body = xasprintf("{\"host_id\":\"%s\",\"items\":["
					 ROW1 "],%s}", host, members);

	return ask("POST", RUNS, body);
}

#define LONG_SELECTOR \
	"\"subscription_users\":[\"a23456789012345678901234567890123\"]"

static void the_context_of_a_run_is_checked(void **state)
{
	static const char *const bad[] = {
		"\"access_mode\":\"self\"", "\"access_mode\":1",
		"\"subscription_users\":[]", "\"subscription_users\":[\"A\"]",
		"\"subscription_users\":[\"a\",\"a\"]",
		"\"subscription_users\":[1]", "\"subscription_users\":\"a\"",
		LONG_SELECTOR,
		"\"subscription_days\":0", "\"subscription_days\":36501",
		"\"subscription_days\":1.5", "\"unknown\":null",
	};
	AUTO_FREE char *host = add_host();

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		if (post_with(host, bad[i]) != 422)
			fail_msg("%s was taken", bad[i]);
	assert_int_equal(post_with(host, "\"access_mode\":\"subscription\","
		"\"subscription_users\":[\"team-a\",\"x_1.y\"],"
		"\"subscription_days\":365"), 202);
	assert_string_equal(text_of("subscription_users.1"), "x_1.y");
	assert_int_equal(number_of("subscription_days"), 365);
}

static void a_run_has_a_ceiling(void **state)
{
	AUTO_FREE char *host = add_host();

	(void)state;
	assert_int_equal(post_run(host, "[]"), 422);
	api.settings.items_max = 1;
	assert_int_equal(post_run(host, "[" ROW1 "," ROW2 "]"), 422);
	assert_int_equal(number_of("problems_total"), 1);
	assert_string_equal(text_of("problems.0.field"), "items");
	assert_int_equal(post_run(host, "[" ROW1 "]"), 202);
}

static void a_duplicate_row_becomes_a_warning(void **state)
{
	AUTO_FREE char *host = add_host();
	AUTO_FREE char *run = add_run(host, "[" ROW2 "," ROW1 ","
		ROW("HTTPS://API.one.example:443/v1/chat/completions",
		    "sk-one-0123456789abcdef") ","
		ROW("https://api.one.example/v1", "sk-two-0123456789abcdef") ","
		ROW1 "]");
	AUTO_FREE char *target = xasprintf(RUNS "/%s/items?warning=true", run);

	(void)state;
	assert_int_equal(number_of("items_total"), 3);
	assert_int_equal(count("SELECT count(*) FROM secrets WHERE kind ="
			       " 'api_key'"), 2);
	assert_int_equal(ask("GET", target, NULL), 200);
	assert_int_equal(json_array_size(member("items")), 1);
	assert_int_equal(number_of("items.0.seq"), 2);
	assert_string_equal(text_of("items.0.warnings.0.code"),
			    "duplicate_of");
	assert_string_equal(text_of("items.0.warnings.0.detail"),
			    "rows 3, 5 are row 2 again");
}

static void duplicates_ask_for_the_models_of_both(void **state)
{
	static const char row[] =
		"{\"base_url\":\"http://m.example\",\"api_key\":\"sk-%s\","
		"\"requested_models\":%s}";
	AUTO_FREE char *host = add_host(), *items = NULL, *run = NULL;
	AUTO_FREE char *target = NULL;
	AUTO_FREE char *a = xasprintf(row, "01234567", "[\"m1\",\"m2\"]");
	AUTO_FREE char *b = xasprintf(row, "01234567", "[\"m2\",\"m3\"]");
	AUTO_FREE char *c = xasprintf(row, "76543210", "[\"m1\"]");
	AUTO_FREE char *d = xasprintf(row, "76543210", "null");

	(void)state;
	items = xasprintf("[%s,%s,%s,%s]", a, b, c, d);
	run = add_run(host, items);
	target = xasprintf(RUNS "/%s/items", run);
	assert_int_equal(ask("GET", target, NULL), 200);
	assert_int_equal(json_array_size(member("items")), 2);
	assert_int_equal(json_array_size(member("items.0.requested_models")),
			 3);
	assert_string_equal(text_of("items.0.requested_models.2"), "m3");
	assert_int_equal(json_array_size(member("items.1.requested_models")),
			 0);
	assert_string_equal(text_of("items.0.warnings.0.detail"),
			    "row 2 is row 1 again");
}

/* The models m<from> to m<from + 149> as a JSON array. */
static char *many_models(int from)
{
	struct buf text = { .max = 4096 };

	for (int i = from; i < from + 150; i++)
		buf_addf(&text, "%c\"m%d\"", i == from ? '[' : ',', i);
	buf_adds(&text, "]");
	return buf_take(&text);
}

static void duplicates_may_not_ask_for_too_many_models(void **state)
{
	static const char row[] =
		"{\"base_url\":\"http://m.example\",\"api_key\":"
		"\"sk-01234567\",\"requested_models\":%s}";
	AUTO_FREE char *host = add_host(), *items = NULL;
	AUTO_FREE char *low = many_models(0), *high = many_models(150);
	AUTO_FREE char *a = xasprintf(row, low), *b = xasprintf(row, high);

	(void)state;
	items = xasprintf("[%s,%s]", a, b);
	assert_int_equal(post_run(host, items), 202);
	assert_int_equal(number_of("items_total"), 1);
	assert_int_equal(number_of("rejected.0.row"), 2);
	assert_string_equal(text_of("rejected.0.field"), "requested_models");
	/* The row that it repeats is as it was. */
	assert_int_equal(count("SELECT json_array_length(requested_models)"
			       " FROM import_run_items"), 150);
}

static void runs_are_listed_newest_first_and_filtered(void **state)
{
	AUTO_FREE char *host = add_host();
	AUTO_FREE char *first = add_run(host, "[" ROW1 "]");
	AUTO_FREE char *second = NULL, *target = NULL;

	(void)state;
	api.wire.now = NOW + 5;
	second = add_run(host, "[" ROW2 "]");
	assert_int_equal(ask("GET", RUNS, NULL), 200);
	assert_int_equal(json_array_size(member("runs")), 2);
	assert_string_equal(text_of("runs.0.run_id"), second);
	assert_true(json_is_null(member("next_cursor")));
	assert_int_equal(ask("GET", RUNS "?limit=1", NULL), 200);
	assert_int_equal(json_array_size(member("runs")), 1);
	target = xasprintf(RUNS "?limit=1&cursor=%s", text_of("next_cursor"));
	assert_int_equal(ask("GET", target, NULL), 200);
	assert_string_equal(text_of("runs.0.run_id"), first);
	assert_true(json_is_null(member("next_cursor")));
	assert_int_equal(ask("GET", RUNS "?state=failed", NULL), 200);
	assert_int_equal(json_array_size(member("runs")), 0);
	assert_int_equal(ask("GET", RUNS "?state=running&host_id=none", NULL),
			 200);
	assert_int_equal(json_array_size(member("runs")), 0);
	assert_int_equal(ask("GET", RUNS "?state=broken", NULL), 400);
	assert_int_equal(ask("GET", RUNS "?access_mode=any", NULL), 400);
}

static void runs_are_found_by_prefix(void **state)
{
	static const struct {
		const char *q;
		size_t found;
	} cases[] = {
		{ "run_", 2 }, { "nothing", 0 }, { "", 2 }, { "%25", 0 },
		{ "_", 0 }, { "un_", 0 }, { "ru", 2 }, { "runs", 0 },
	};
	AUTO_FREE char *host = add_host();

	(void)state;
	assert_int_equal(post_run(host, "[" ROW1 "]"), 202);
	assert_int_equal(post_run(host, "[" ROW2 "]"), 202);
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO_FREE char *target = xasprintf(RUNS "?q=%s", cases[i].q);

		assert_int_equal(ask("GET", target, NULL), 200);
		if (json_array_size(member("runs")) != cases[i].found)
			fail_msg("%s: %s", target, api.reply.out.text.text);
	}
}

static void a_page_of_items_reads_a_bounded_number_of_rows(void **state)
{
	AUTO_FREE char *host = add_host(), *run = NULL, *target = NULL;
	struct buf items = { .max = 1 << 20 };
	size_t pages = 0, found = 0;

	(void)state;
	for (int i = 0; i < WALK_ROWS + 500; i++)
		buf_addf(&items, "%c" ROW("http://b.example", "sk-%08d"),
			 i ? ',' : '[', i);
	buf_adds(&items, "]");
	run = add_run(host, buf_str(&items));
	buf_done(&items);
	sql("UPDATE import_run_items SET label = 'a key'"
	    " WHERE seq IN (2200, 2201)");
	target = xasprintf(RUNS "/%s/items?q=a+key", run);
	do {
		assert_int_equal(ask("GET", target, NULL), 200);
		found += json_array_size(member("items"));
		pages++;
		free(target);
		target = xasprintf(RUNS "/%s/items?q=a+key&cursor=%s", run,
				   text_of("next_cursor"));
	} while (!json_is_null(member("next_cursor")) && pages < 10);
	assert_int_equal(pages, 2);
	assert_int_equal(found, 2);
}

static void pages_of_items_go_on_where_they_ended(void **state)
{
	AUTO_FREE char *host = add_host();
	AUTO_FREE char *run = add_run(host, "[" ROW1 "," ROW2 ","
		ROW("http://three.example", "sk-three-012345") "]");
	AUTO_FREE char *target = xasprintf(RUNS "/%s/items?limit=2", run);

	(void)state;
	assert_int_equal(ask("GET", target, NULL), 200);
	assert_int_equal(json_array_size(member("items")), 2);
	free(target);
	target = xasprintf(RUNS "/%s/items?limit=2&cursor=%s", run,
			   text_of("next_cursor"));
	assert_int_equal(ask("GET", target, NULL), 200);
	assert_int_equal(json_array_size(member("items")), 1);
	assert_int_equal(number_of("items.0.seq"), 3);
	assert_true(json_is_null(member("next_cursor")));
	assert_int_equal(ask("GET", RUNS "/none/items", NULL), 404);
}

static const char trail[] =
	"INSERT INTO import_run_item_events (item_id, seq, at, step, kind,"
	" class, detail) SELECT item_id, 1, 5, 'probe.models', 'step',"
	" 'key_invalid', '{\"status\":401}' FROM import_run_items;"
	"INSERT INTO proofs (proof_id, item_id, host_id, kind, ok, model,"
	" models_listed, completion_ok, key_source, request_json,"
	" answer_json, at, expires_at) SELECT 'prf_1', item_id, 'h',"
	" 'access', 1, 'm', 1, 1, 'managed_subscription', '{}',"
	" '{\"text\":\"hi\"}', 5, 6 FROM import_run_items;"
	"UPDATE import_run_items SET failure_class = 'key_invalid';";

static void an_item_is_shown_with_events_and_proofs(void **state)
{
	AUTO_FREE char *host = add_host();
	AUTO_FREE char *run = add_run(host, "[" ROW1 "]");
	AUTO_FREE char *list = xasprintf(RUNS "/%s/items", run);
	AUTO_FREE char *target = NULL, *wrong = NULL;

	(void)state;
	sql(trail);
	assert_int_equal(ask("GET", list, NULL), 200);
	target = xasprintf("%s/%s", list, text_of("items.0.item_id"));
	wrong = xasprintf(RUNS "/other/items/%s", text_of("items.0.item_id"));
	assert_int_equal(ask("GET", target, NULL), 200);
	assert_int_equal(number_of("events.0.detail.status"), 401);
	assert_string_equal(text_of("events.0.class"), "key_invalid");
	assert_string_equal(text_of("proofs.0.proof_id"), "prf_1");
	assert_true(json_is_string(member("failure_zh")));
	assert_true(json_is_string(member("failure_en")));
	assert_int_equal(ask("GET", wrong, NULL), 404);
}

static void a_proof_is_shown_by_its_id(void **state)
{
	AUTO_FREE char *host = add_host();

	(void)state;
	assert_int_equal(post_run(host, "[" ROW1 "]"), 202);
	sql(trail);
	assert_int_equal(ask("GET", "/api/proofs/prf_1", NULL), 200);
	assert_string_equal(text_of("answer.text"), "hi");
	assert_string_equal(text_of("effective_probe_key_source"),
			    "managed_subscription");
	assert_true(json_is_null(member("models_status")));
	assert_int_equal(ask("GET", "/api/proofs/prf_2", NULL), 404);
}

static void a_run_is_cancelled_once(void **state)
{
	AUTO_FREE char *host = add_host();
	AUTO_FREE char *run = add_run(host, "[" ROW1 "]");
	AUTO_FREE char *target = xasprintf(RUNS "/%s/cancel", run);

	(void)state;
	assert_int_equal(ask("POST", target, NULL), 200);
	assert_string_equal(text_of("state"), "cancelled");
	assert_int_equal(count("SELECT count(*) FROM tasks WHERE cancel = 1"),
			 1);
	assert_int_equal(ask("POST", target, NULL), 409);
	assert_string_equal(text_of("code"), "run_finished");
	assert_int_equal(ask("POST", RUNS "/none/cancel", NULL), 404);
}

static void a_repeated_run_is_the_same_run(void **state)
{
	AUTO_FREE char *host = add_host(), *run = NULL;

	(void)state;
	api.wire.idempotency_key = "import-1";
	run = add_run(host, "[" ROW1 "]");
	api.wire.idempotency_key = "import-1";
	assert_int_equal(post_run(host, "[" ROW1 "]"), 202);
	assert_true(api.reply.replayed);
	assert_string_equal(text_of("run_id"), run);
	assert_int_equal(count("SELECT count(*) FROM import_runs"), 1);
}

static void nothing_that_is_stored_shows_a_key(void **state)
{
	AUTO_FREE char *host = add_host();

	(void)state;
	assert_int_equal(post_run(host, "[" ROW1 "]"), 202);
	assert_int_equal(count("SELECT count(*) FROM secrets WHERE"
		" instr(sealed, 'sk-one') OR instr(sealed, 'admin-01')"), 0);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_run_is_stored_with_its_items_and_tasks),
		T(items_are_listed_in_the_order_of_the_rows),
		T(a_strict_run_is_sunk_by_bad_rows_and_all_are_told),
		T(bad_rows_do_not_sink_the_others),
		T(without_a_good_row_there_is_no_run),
		T(keys_in_wrong_places_are_masked),
		T(an_unknown_host_is_a_problem_like_others),
		T(the_context_of_a_run_is_checked),
		T(a_run_has_a_ceiling),
		T(a_duplicate_row_becomes_a_warning),
		T(duplicates_ask_for_the_models_of_both),
		T(duplicates_may_not_ask_for_too_many_models),
		T(runs_are_listed_newest_first_and_filtered),
		T(runs_are_found_by_prefix),
		T(a_page_of_items_reads_a_bounded_number_of_rows),
		T(pages_of_items_go_on_where_they_ended),
		T(an_item_is_shown_with_events_and_proofs),
		T(a_proof_is_shown_by_its_id),
		T(a_run_is_cancelled_once),
		T(a_repeated_run_is_the_same_run),
		T(nothing_that_is_stored_shows_a_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
