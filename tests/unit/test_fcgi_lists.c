/* Lists of items over all runs, reports, events with a wait, badges. */
#include "tests/unit/api_fixture.h"

#include "shared/clock.h"
#include "shared/table.h"

#define RUNS "/api/batch-import/runs"
#define ITEMS "/api/batch-import/items"
#define ROW(url, key) "{\"base_url\":\"" url "\",\"api_key\":\"" key "\"}"
#define ROW1 ROW("https://api.one.example/v1", "sk-one-0123456789abcdef")
#define ROW2 ROW("https://api.two.example/v1/", "sk-two-0123456789abcdef")
#define REPORT_MAX (1 << 20)

static char *add_run(const char *host_id, const char *items)
{
	assert_int_equal(post_run(host_id, items), 202);
	return xstrdup(text_of("run_id"));
}

static void items_of_all_runs_are_found(void **state)
{
	AUTO_FREE char *host = add_host();
	AUTO_FREE char *first = add_run(host, "[" ROW1 "," ROW2 "]");
	AUTO_FREE char *target = NULL;
	AUTO_FREE char *second = NULL;

	(void)state;
	api.wire.now = NOW + 5;
	second = add_run(host, "[" ROW2 "]");
	assert_int_equal(ask("GET", ITEMS, NULL), 200);
	assert_int_equal(json_array_size(member("items")), 3);
	assert_string_equal(text_of("items.0.run_id"), second);
	assert_string_equal(text_of("items.1.run_id"), first);
	assert_string_equal(text_of("items.1.host_id"), host);
	target = xasprintf(ITEMS "?provider_id=%s&limit=1&host_id=%s",
			   text_of("items.0.provider_id"), host);
	assert_int_equal(ask("GET", target, NULL), 200);
	assert_int_equal(json_array_size(member("items")), 1);
	assert_true(json_is_string(member("next_cursor")));
	assert_int_equal(ask("GET", ITEMS "?host_id=hst_none", NULL), 200);
	assert_int_equal(json_array_size(member("items")), 0);
	assert_true(json_is_null(member("next_cursor")));
}

static void a_brief_view_has_what_a_table_shows(void **state)
{
	AUTO_FREE char *host = add_host();
	AUTO_FREE char *run = add_run(host, "[" ROW1 "," ROW2 "]");
	AUTO_FREE char *full = xasprintf(RUNS "/%s/items", run);
	AUTO_FREE char *brief = xasprintf("%s?view=brief&limit=1", full);
	AUTO_FREE char *next = NULL;
	json_auto_t *item = NULL;
	const char *name;
	json_t *value;

	(void)state;
	assert_int_equal(ask("GET", full, NULL), 200);
	item = json_deep_copy(member("items.0"));
	assert_int_equal(ask("GET", brief, NULL), 200);
	assert_int_equal(json_array_size(member("items")), 1);
	assert_int_equal(json_object_size(member("items.0")), 19);
	json_object_foreach(json_array_get(json_object_get(api.json, "items"),
					   0), name, value) {
		if (!json_equal(value, json_object_get(item, name)))
			fail_msg("%s differs", name);
	}
	next = xasprintf("%s&cursor=%s", brief, text_of("next_cursor"));
	assert_int_equal(ask("GET", next, NULL), 200);
	assert_int_equal(number_of("items.0.seq"), 2);
	assert_true(json_is_null(member("next_cursor")));
}

static void wrong_filters_are_refused_by_name(void **state)
{
	static const char *const bad[] = {
		"class=odd", "class=none", "provider_id=a%20b", "format=xml",
		"lang=fr", "view=odd",
		"access_status=good", "after=1", "limit=0",
	};
	AUTO_FREE char *host = add_host();
	AUTO_FREE char *run = add_run(host, "[" ROW1 "]");

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		AUTO_FREE char *target = xasprintf(ITEMS "?%s", bad[i]);

		if (ask("GET", target, NULL) != 400)
			fail_msg("%s was taken", bad[i]);
	}
	free(TAKE(host));
	host = xasprintf(RUNS "/%s/items?host_id=hst_1", run);
	assert_int_equal(ask("GET", host, NULL), 400);
	assert_int_equal(ask("GET", RUNS "/none/items", NULL), 404);
}

static void lists_bring_their_counts(void **state)
{
	AUTO_FREE char *host = add_host();
	AUTO_FREE char *run = add_run(host, "[" ROW1 "," ROW2 "]");
	AUTO_FREE char *target = xasprintf(RUNS "/%s/items", run);

	(void)state;
	sql("UPDATE import_run_items SET current_stage = 'done',"
	    " access_status = 'broken' WHERE seq = 1");
	assert_int_equal(ask("GET", target, NULL), 200);
	assert_int_equal(number_of("counts.current_stage.probe"), 1);
	assert_int_equal(number_of("counts.current_stage.done"), 1);
	assert_int_equal(number_of("counts.current_stage.confirm"), 0);
	assert_int_equal(number_of("counts.access_status.broken"), 1);
	assert_int_equal(number_of("counts.access_status.unknown"), 1);
	assert_int_equal(ask("GET", RUNS "?state=failed", NULL), 200);
	assert_int_equal(number_of("counts.running"), 1);
	assert_int_equal(number_of("counts.failed"), 0);
	assert_int_equal(ask("GET", RUNS "?host_id=hst_none", NULL), 200);
	assert_int_equal(number_of("counts.running"), 0);
}

static void runs_are_found_by_provider_and_url(void **state)
{
	static const struct {
		const char *q;
		size_t found;
	} cases[] = {
		{ "api-one-example", 1 }, { "api.one.example", 1 },
		{ "https://api.", 2 }, { "http://api.", 0 }, { "one", 0 },
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

/* All of a report, as a client gets it; for free(). */
static char *report_of(const char *target)
{
	struct buf all = { .max = REPORT_MAX };
	struct buf part = { .max = REPORT_MAX };
	struct reply_source *source;
	struct err err;
	int more = 1;

	assert_int_equal(ask("GET", target, NULL), 200);
	assert_string_equal(api.reply.media_type, "text/csv; charset=utf-8");
	buf_adds(&all, buf_str(&api.reply.out.text));
	source = api.reply.source;
	assert_non_null(source);
	while (more) {
		buf_reset(&part);
		more = source->next(source, &part, &err);
		must(more < 0 ? -1 : 0, &err);
		buf_adds(&all, buf_str(&part));
	}
	buf_done(&part);
	return buf_take(&all);
}

static void has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("%s is not in %s", part, text);
}

static void a_report_is_for_spreadsheets(void **state)
{
	AUTO_FREE char *host = add_host();
	AUTO_FREE char *run = add_run(host, "[" ROW1 "," ROW2 "]");
	AUTO_FREE char *zh = xasprintf(RUNS "/%s/items?format=csv", run);
	AUTO_FREE char *en = xasprintf("%s&lang=en&access_status=broken", zh);
	AUTO_FREE char *text = NULL, *broken = NULL;
	AUTO_FREE char *name = xasprintf("%s.csv", run);

	(void)state;
	sql("UPDATE import_run_items SET label = '=1+1', note = 'say \"hi\","
	    " twice', access_status = 'broken', failure_class ="
	    " 'key_invalid', models = '[\"m-1\",\"m-2\"]',"
	    " resolved_smoke_model = '-x', account_resolution = 'reused'"
	    " WHERE seq = 1;"
	    "UPDATE import_run_items SET label = '密钥 2' WHERE seq = 2");
	text = report_of(zh);
	assert_string_equal(api.reply.attachment, name);
	has(text, "\xef\xbb\xbf行号,");
	has(text, "\r\n1,,'=1+1,\"say \"\"hi\"\", twice\",cdef,");
	has(text, ",m-1 m-2,,'-x,");
	has(text, "\r\n2,,密钥 2,,cdef,");
	has(text, ",不可用,");
	has(text, ",重用,key_invalid,");
	assert_null(strstr(text, "sk-one"));
	broken = report_of(en);
	has(broken, "\xef\xbb\xbfrow,line,label,note,key_last4,");
	has(broken, ",re-used,key_invalid,");
	assert_null(strstr(broken, "密钥 2"));
}

static void a_report_is_sent_in_parts(void **state)
{
	AUTO_FREE char *host = add_host(), *run = NULL, *target = NULL;
	AUTO_FREE char *text = NULL;
	struct buf items = { .max = 1 << 20 };
	size_t lines = 0;

	(void)state;
	for (int i = 0; i < 501; i++)
		buf_addf(&items, "%c" ROW("http://b.example", "sk-%08d"),
			 i ? ',' : '[', i);
	buf_adds(&items, "]");
	run = add_run(host, buf_str(&items));
	buf_done(&items);
	target = xasprintf(RUNS "/%s/items", run);
	api.wire.accept = "text/csv";
	api.wire.accept_language = "en";
	text = report_of(target);
	for (const char *at = text; (at = strstr(at, "\r\n")); at += 2)
		lines++;
	assert_int_equal(lines, 502);
	has(text, "\r\n501,");
	assert_true(api.reply.out.text.len < 1000);
}

static const char two_events[] =
	"INSERT INTO import_run_item_events (item_id, seq, at, step, kind,"
	" class, detail) SELECT item_id, column1, 5, column2, 'go_on', NULL,"
	" NULL FROM import_run_items, (VALUES (1, 'probe.models'),"
	" (2, 'probe.chat')) ORDER BY column1";

static void events_of_a_run_are_followed(void **state)
{
	AUTO_FREE char *host = add_host();
	AUTO_FREE char *run = add_run(host, "[" ROW1 "," ROW2 "]");
	AUTO_FREE char *target = xasprintf(RUNS "/%s/events", run);
	AUTO_FREE char *rest = xasprintf("%s?after=3&limit=5", target);

	(void)state;
	assert_int_equal(ask("GET", target, NULL), 200);
	assert_int_equal(json_array_size(member("events")), 0);
	assert_int_equal(number_of("next_after"), 0);
	assert_true(api.reply.is_early);
	sql(two_events);
	assert_int_equal(ask("GET", target, NULL), 200);
	assert_int_equal(json_array_size(member("events")), 4);
	assert_int_equal(number_of("next_after"), 4);
	assert_int_equal(number_of("events.0.seq"), 1);
	assert_int_equal(number_of("events.0.row"), 1);
	assert_string_equal(text_of("events.2.step"), "probe.chat");
	assert_string_equal(text_of("events.0.current_stage"), "probe");
	assert_string_equal(text_of("state"), "running");
	assert_string_equal(text_of("run.run_id"), run);
	assert_int_equal(number_of("counts.current_stage.probe"), 2);
	assert_int_equal(ask("GET", rest, NULL), 200);
	assert_int_equal(json_array_size(member("events")), 1);
	assert_int_equal(number_of("events.0.item_seq"), 2);
	assert_int_equal(ask("GET", RUNS "/none/events", NULL), 404);
}

static void events_of_an_item_go_on_from_a_number(void **state)
{
	AUTO_FREE char *host = add_host();
	AUTO_FREE char *run = add_run(host, "[" ROW1 "]");
	AUTO_FREE char *list = xasprintf(RUNS "/%s/items", run);
	AUTO_FREE char *target = NULL;

	(void)state;
	sql(two_events);
	assert_int_equal(ask("GET", list, NULL), 200);
	target = xasprintf("%s/%s/events?after=1", list,
			   text_of("items.0.item_id"));
	assert_int_equal(ask("GET", target, NULL), 200);
	assert_int_equal(json_array_size(member("events")), 1);
	assert_string_equal(text_of("events.0.step"), "probe.chat");
	assert_int_equal(number_of("next_after"), 2);
}

static void a_wait_for_events_ends_with_them_or_in_time(void **state)
{
	AUTO_FREE char *host = add_host();
	AUTO_FREE char *run = add_run(host, "[" ROW1 "]");
	AUTO_FREE char *target = xasprintf(RUNS "/%s/events", run);
	int64_t began;

	(void)state;
	began = clock_mono_ms();
	api.wire.prefer = "wait=1";
	assert_int_equal(ask("GET", target, NULL), 200);
	assert_true(clock_mono_ms() - began >= 990);
	assert_int_equal(api.reply.waited_s, 1);
	assert_int_equal(json_array_size(member("events")), 0);
	sql(two_events);
	began = clock_mono_ms();
	api.wire.prefer = "wait=20";
	assert_int_equal(ask("GET", target, NULL), 200);
	assert_true(clock_mono_ms() - began < 10000);
	assert_int_equal(api.reply.waited_s, 20);
	assert_int_equal(json_array_size(member("events")), 2);
}

static void nobody_waits_for_a_run_that_is_over(void **state)
{
	AUTO_FREE char *host = add_host();
	AUTO_FREE char *run = add_run(host, "[" ROW1 "]");
	AUTO_FREE char *target = xasprintf(RUNS "/%s/events", run);
	int64_t began = clock_mono_ms();

	(void)state;
	sql("UPDATE import_runs SET state = 'cancelled'");
	api.wire.prefer = "wait=20";
	assert_int_equal(ask("GET", target, NULL), 200);
	assert_true(clock_mono_ms() - began < 10000);
	assert_int_equal(api.reply.waited_s, 0);
	assert_string_equal(text_of("state"), "cancelled");
}

static void without_a_place_to_wait_it_is_said_when_to_ask(void **state)
{
	AUTO_FREE char *host = add_host();
	AUTO_FREE char *run = add_run(host, "[" ROW1 "]");
	AUTO_FREE char *target = xasprintf(RUNS "/%s/events", run);

	(void)state;
	api.settings.wait_slots = 0;
	api.wire.prefer = "wait=20";
	assert_int_equal(ask("GET", target, NULL), 200);
	assert_int_equal(api.reply.retry_after, 1);
	assert_int_equal(api.reply.waited_s, 0);
}

static void badges_are_told_by_kind_and_state(void **state)
{
	(void)state;
	assert_int_equal(ask("GET", "/api/badges", NULL), 200);
	assert_string_equal(text_of("badges.run_state.failed.tone"), "bad");
	assert_string_equal(text_of("badges.access_status.active.zh"), "可用");
	assert_string_equal(text_of("badges.current_stage.validate.en"),
			    "validating");
	assert_int_equal(json_object_size(member("badges.host_state")), 6);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(items_of_all_runs_are_found),
		T(a_brief_view_has_what_a_table_shows),
		T(wrong_filters_are_refused_by_name),
		T(lists_bring_their_counts),
		T(runs_are_found_by_provider_and_url),
		T(a_report_is_for_spreadsheets),
		T(a_report_is_sent_in_parts),
		T(events_of_a_run_are_followed),
		T(events_of_an_item_go_on_from_a_number),
		T(a_wait_for_events_ends_with_them_or_in_time),
		T(nobody_waits_for_a_run_that_is_over),
		T(without_a_place_to_wait_it_is_said_when_to_ask),
		T(badges_are_told_by_kind_and_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
