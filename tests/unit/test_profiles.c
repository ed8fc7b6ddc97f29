/* The rows of capability_profiles, and the flow that fills them. */
#include "tests/unit/engine_fixture.h"

#include "schedd/profiling.h"
#include "shared/profiles.h"

#define HOUR INT64_C(3600000)
#define KEY "good-0123456789abcdef"
#define WORD "{\"choices\":[{\"message\":{\"content\":\"Hi\"}," \
	"\"finish_reason\":\"stop\"}],\"usage\":{\"total_tokens\":21}}"

/* An item that has ended, with the key KEY. */
struct ended {
	char item_id[ID_MAX];
	char fingerprint[SEAL_FINGERPRINT_TEXT];
	char secret_id[ID_MAX];
};

static const struct db_query q_end = { "test.profiles_end",
	"UPDATE import_run_items SET current_stage = 'done', access_status ="
	" 'active', resolved_smoke_model = 'm-1', models = '[\"m-1\"]',"
	" chat_url = 'http://p.test/v1/chat/completions', finished_at = $2"
	" WHERE item_id = $1" };

static struct ended ended_item(struct script *script, const char *run_id,
			       const char *key)
{
	static int64_t seq;
	struct secret_face face;
	struct ended ret = { 0 };
	struct item_spec spec = {
		.run_id = run_id, .seq = ++seq,
		.base_url = "http://p.test/v1", .endpoint_key = "p-test-1",
		.requested_models = "[]", .warnings = "[]",
	};
	struct err err;

	OK(secrets_add(script->db, &script->key.pub, SECRET_API_KEY, key,
		       script->now, ++script->random, &face, &err));
	spec.api_key_secret_id = face.secret_id;
	OK(items_add(script->db, &spec, script->now, ++script->random,
		     ret.item_id, &err));
	OK(db_run(script->db, &q_end, DB_ARGS(DB_TEXT(ret.item_id),
		  DB_I64(script->now)), &err));
	snprintf(ret.fingerprint, sizeof(ret.fingerprint), "%s",
		 face.fingerprint);
	snprintf(ret.secret_id, sizeof(ret.secret_id), "%s", face.secret_id);
	return ret;
}

/* What the end of an import does with it. */
static void import_ends(struct script *script, const struct ended *item)
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	const struct store store = { script->db, &script->key,
				     &script->settings, script_random,
				     script };
	struct import im = { .settings = &script->settings };
	struct err err;

	OK(items_get(script->db, NULL, item->item_id, &im.item, &err));
	im.host.host_id = script->host_id;
	OK(db_tx_begin(&tx, script->db, &err));
	OK(profiling_after_import(&store, &im, script->now, &err));
	OK(db_tx_commit(&tx, &err));
	item_done(&im.item);
}

static const struct db_query q_row = { "test.profiles_row",
	"SELECT coalesce(level, '-') || ' ' || coalesce(wanted, '-') || ' ' ||"
	" (task_id IS NOT NULL) || ' ' || probes || ' ' || tokens"
	" FROM capability_profiles WHERE key_name = $1" };

static const char *row_of(struct script *script, const struct ended *item)
{
	return fixture_value(script->db, &q_row, item->fingerprint);
}

static const struct db_query q_profile = { "test.profiles_item",
	"SELECT json_extract(capability_profile, '$.transport.chat_completions"
	".state') || ' ' || json_extract(capability_profile,"
	" '$.transport.responses.state') || ' ' || json_extract("
	"capability_profile, '$.models[0].stream.state') || ' ' ||"
	" coalesce(json_extract(capability_profile, '$.stopped_by'), '-')"
	" FROM import_run_items WHERE item_id = $1" };

static const char *profile_of(struct script *script, const struct ended *item)
{
	return fixture_value(script->db, &q_profile, item->item_id);
}

static const struct db_query q_tasks = { "test.profiles_tasks",
	"SELECT count(*) FROM tasks WHERE flow = 'profile' AND $1 = 'x'" };

static const char *tasks_of_profiles(struct script *script)
{
	return fixture_value(script->db, &q_tasks, "x");
}

static struct script *quiet_script(char run_id[ID_MAX])
{
	struct script *script = script_new(":memory:");

	script->settings.watch_every_s = 0;
	script_run(script, run_id);
	return script;
}

/* The stream comes as one completion, /responses is refused. */
static void answer_basic(struct script *script)
{
	tick_until_sent(script, 3000);
	assert_int_equal(script->nsent, 1);
	reply(script, 200, WORD);
	tick(script, 1);
	tick_until_sent(script, 3000);
	assert_non_null(strstr(script->sent[0].wire->url, "/responses"));
	reply(script, 403, "{}");
	tick(script, 1);
}

static void an_import_has_its_key_asked_afterwards(void **state)
{
	char run_id[ID_MAX];
	SCRIPT script = quiet_script(run_id);
	struct ended item = ended_item(script, run_id, KEY);

	(void)state;
	import_ends(script, &item);
	assert_string_equal(row_of(script, &item), "- basic 0 0 0");
	answer_basic(script);
	assert_string_equal(row_of(script, &item), "basic - 0 2 21");
	assert_string_equal(profile_of(script, &item), "yes no no -");
	tick_until_sent(script, 10000);
	assert_int_equal(script->nsent, 0);
}

static void the_same_key_is_not_asked_again_within_the_time(void **state)
{
	char run_id[ID_MAX];
	SCRIPT script = quiet_script(run_id);
	struct ended item = ended_item(script, run_id, KEY), second, third;

	(void)state;
	import_ends(script, &item);
	answer_basic(script);
	script->now += 23 * HOUR;
	second = ended_item(script, run_id, KEY);
	import_ends(script, &second);
	assert_string_equal(profile_of(script, &second), "yes no no -");
	tick_until_sent(script, 5000);
	assert_int_equal(script->nsent, 0);
	assert_string_equal(row_of(script, &item), "basic - 0 2 21");
	/* When it has passed, it is. */
	script->now += 2 * HOUR;
	third = ended_item(script, run_id, KEY);
	import_ends(script, &third);
	answer_basic(script);
	assert_string_equal(profile_of(script, &third), "yes no no -");
	assert_string_equal(tasks_of_profiles(script), "1");
}

static void another_key_is_asked_itself(void **state)
{
	char run_id[ID_MAX];
	SCRIPT script = quiet_script(run_id);
	struct ended item = ended_item(script, run_id, KEY), other;

	(void)state;
	import_ends(script, &item);
	answer_basic(script);
	other = ended_item(script, run_id, KEY "-other");
	import_ends(script, &other);
	answer_basic(script);
	assert_string_equal(profile_of(script, &other), "yes no no -");
}

static void who_brings_the_key_meanwhile_gets_the_profile_too(void **state)
{
	char run_id[ID_MAX];
	SCRIPT script = quiet_script(run_id);
	struct ended item = ended_item(script, run_id, KEY), second;

	(void)state;
	import_ends(script, &item);
	tick_until_sent(script, 3000);
	assert_int_equal(script->nsent, 1);
	second = ended_item(script, run_id, KEY);
	import_ends(script, &second);
	tick_until_sent(script, 3000);
	assert_int_equal(script->nsent, 1);	/* one flow at most */
	answer_basic(script);
	assert_string_equal(profile_of(script, &item), "yes no no -");
	assert_string_equal(profile_of(script, &second), "yes no no -");
	assert_string_equal(row_of(script, &item), "basic - 0 2 21");
}

static void at_the_first_limit_it_stops_and_is_asked_by_the_next(void **state)
{
	char run_id[ID_MAX];
	SCRIPT script = quiet_script(run_id);
	struct ended item = ended_item(script, run_id, KEY);

	(void)state;
	import_ends(script, &item);
	tick_until_sent(script, 3000);
	reply(script, 429, "{\"error\":{\"message\":\"slow down\"}}");
	tick(script, 1);
	tick_until_sent(script, 5000);
	assert_int_equal(script->nsent, 0);
	assert_string_equal(row_of(script, &item), "- - 0 1 0");
	assert_string_equal(profile_of(script, &item),
			    "unknown unknown unknown rate_limited");
	import_ends(script, &item);
	answer_basic(script);
	assert_string_equal(profile_of(script, &item), "yes no no -");
}

static void the_item_itself_is_left_as_it_was(void **state)
{
	static const struct db_query q = { "test.profiles_state",
		"SELECT current_stage || ' ' || access_status || ' ' ||"
		" warnings || ' ' || coalesce(failure_class, '-') FROM"
		" import_run_items WHERE item_id = $1" };
	char run_id[ID_MAX];
	SCRIPT script = quiet_script(run_id);
	struct ended item = ended_item(script, run_id, KEY);

	(void)state;
	import_ends(script, &item);
	tick_until_sent(script, 3000);
	reply(script, 401, "{\"error\":{\"code\":\"invalid_api_key\"}}");
	tick(script, 1);
	assert_string_equal(fixture_value(script->db, &q, item.item_id),
			    "done active [] -");
	assert_string_equal(row_of(script, &item), "- - 0 1 0");
}

static void a_short_key_is_nobody_elses(void **state)
{
	static const struct db_query q = { "test.profiles_count",
		"SELECT count(*) FROM capability_profiles WHERE key_name <>"
		" $1" };
	char run_id[ID_MAX];
	SCRIPT script = quiet_script(run_id);
	struct ended item = ended_item(script, run_id, "short"), second;

	(void)state;
	import_ends(script, &item);
	answer_basic(script);
	assert_string_equal(profile_of(script, &item), "yes no no -");
	second = ended_item(script, run_id, "short");
	import_ends(script, &second);
	answer_basic(script);
	assert_string_equal(fixture_value(script->db, &q, ""), "2");
}

static void off_means_off(void **state)
{
	char run_id[ID_MAX];
	SCRIPT script = quiet_script(run_id);
	struct ended item = ended_item(script, run_id, KEY);

	(void)state;
	own_set(&script->settings.capabilities, "off");
	import_ends(script, &item);
	assert_string_equal(row_of(script, &item), "");
	tick_until_sent(script, 5000);
	assert_int_equal(script->nsent, 0);
}

static void so_many_are_asked_at_once_and_no_more(void **state)
{
	char run_id[ID_MAX];
	SCRIPT script = quiet_script(run_id);

	(void)state;
	script->settings.capability_at_once = 3;
	for (int i = 0; i < 8; i++) {
		AUTO_FREE char *key = xasprintf(KEY "-%d", i);
		struct ended item = ended_item(script, run_id, key);

		import_ends(script, &item);
	}
	for (int i = 0; i < 5; i++)
		tick(script, 1000);
	assert_int_equal(script->nsent, 3);
	assert_string_equal(tasks_of_profiles(script), "3");
}

static void nobody_is_asked_while_other_tasks_wait(void **state)
{
	static const struct db_query done = { "test.profiles_done",
		"UPDATE tasks SET state = 'done' WHERE task_id = $1" };
	char run_id[ID_MAX], task_id[ID_MAX];
	SCRIPT script = quiet_script(run_id);
	struct ended item = ended_item(script, run_id, KEY);
	const struct store store = { script->db, &script->key,
				     &script->settings, script_random,
				     script };
	struct err err;

	(void)state;
	import_ends(script, &item);
	script_task(script, "import", "probe.models", item.item_id, task_id);
	script->now += 1500;
	OK(profiling_turn(&store, script->now, &err));
	assert_string_equal(tasks_of_profiles(script), "0");
	OK(db_run(script->db, &done, DB_ARGS(DB_TEXT(task_id)), &err));
	OK(profiling_turn(&store, script->now, &err));
	assert_string_equal(tasks_of_profiles(script), "1");
}

static void a_crash_in_the_middle_repeats_one_question(void **state)
{
	char run_id[ID_MAX];
	SCRIPT script = quiet_script(run_id);
	struct ended item = ended_item(script, run_id, KEY);
	struct err err;

	(void)state;
	import_ends(script, &item);
	tick_until_sent(script, 3000);
	reply(script, 200, WORD);
	tick(script, 1);
	tick_until_sent(script, 3000);
	assert_int_equal(script->nsent, 1);
	script_restart(script);
	OK(engine_take_over(script->engine, script->now, &err));
	tick(script, 1);
	tick_until_sent(script, 3000);
	assert_int_equal(script->nsent, 1);
	assert_non_null(strstr(script->sent[0].wire->url, "/responses"));
	reply(script, 403, "{}");
	tick(script, 1);
	assert_string_equal(profile_of(script, &item), "yes no no -");
	assert_string_equal(row_of(script, &item), "basic - 0 2 21");
}

static void want(struct script *script, const struct ended *item,
		 enum profile_level level, bool start)
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	const struct profile_wish wish = {
		.endpoint_key = "p-test-1", .key_name = item->fingerprint,
		.item_id = item->item_id, .host_id = script->host_id,
		.level = level,
	};
	char id[ID_MAX];
	struct err err;

	OK(db_tx_begin(&tx, script->db, &err));
	OK(profiles_want(script->db, &wish, script->now, ++script->random, id,
			 &err));
	if (start)
		OK(profiles_start(script->db, id, script->now,
				  ++script->random, &err));
	OK(db_tx_commit(&tx, &err));
}

static void what_is_wanted_grows_and_never_shrinks(void **state)
{
	char run_id[ID_MAX];
	SCRIPT script = quiet_script(run_id);
	struct ended item = ended_item(script, run_id, KEY);

	(void)state;
	want(script, &item, PROFILE_BASIC, false);
	want(script, &item, PROFILE_FULL, false);
	want(script, &item, PROFILE_BASIC, false);
	assert_string_equal(row_of(script, &item), "- full 0 0 0");
	want(script, &item, PROFILE_FULL, true);
	want(script, &item, PROFILE_FULL, true);
	assert_string_equal(row_of(script, &item), "- full 1 0 0");
	assert_string_equal(tasks_of_profiles(script), "1");
}

static void what_was_wanted_too_late_is_asked_again(void **state)
{
	char run_id[ID_MAX];
	SCRIPT script = quiet_script(run_id);
	struct ended item = ended_item(script, run_id, KEY);
	CLEANUP(profile_row_done) struct profile_row row = { 0 };
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	struct err err;

	(void)state;
	want(script, &item, PROFILE_BASIC, true);
	OK(profiles_find(script->db, "p-test-1", item.fingerprint, &row,
			 &err));
	want(script, &item, PROFILE_FULL, true);
	OK(db_tx_begin(&tx, script->db, &err));
	OK(profiles_finish(script->db, &row, PROFILE_BASIC, script->now,
			   &err));
	OK(db_tx_commit(&tx, &err));
	assert_string_equal(row_of(script, &item), "- full 0 0 0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_import_has_its_key_asked_afterwards),
		cmocka_unit_test(
			the_same_key_is_not_asked_again_within_the_time),
		cmocka_unit_test(another_key_is_asked_itself),
		cmocka_unit_test(
			who_brings_the_key_meanwhile_gets_the_profile_too),
		cmocka_unit_test(
			at_the_first_limit_it_stops_and_is_asked_by_the_next),
		cmocka_unit_test(the_item_itself_is_left_as_it_was),
		cmocka_unit_test(a_short_key_is_nobody_elses),
		cmocka_unit_test(off_means_off),
		cmocka_unit_test(so_many_are_asked_at_once_and_no_more),
		cmocka_unit_test(nobody_is_asked_while_other_tasks_wait),
		cmocka_unit_test(a_crash_in_the_middle_repeats_one_question),
		cmocka_unit_test(what_is_wanted_grows_and_never_shrinks),
		cmocka_unit_test(what_was_wanted_too_late_is_asked_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
