#include "tests/unit/engine_fixture.h"

#include "schedd/step.h"

#define SETTINGS "{\"code\":0,\"message\":\"success\",\"data\":{" \
	"\"version\":\"0.1.179\",\"registration_enabled\":false}}"
#define NOTHING "{\"code\":0,\"message\":\"success\",\"data\":{" \
	"\"items\":[],\"total\":0,\"page\":1,\"pages\":0}}"

static void probe(struct script *script, char ret_id[ID_MAX])
{
	script_task(script, "host_probe", "probe.public", script->host_id,
		    ret_id);
}

/* ---- the way of a task ---- */

static void a_task_goes_from_step_to_step_to_its_end(void **state)
{
	SCRIPT script = script_new(":memory:");
	char id[ID_MAX];

	(void)state;
	tick(script, 0);
	assert_int_equal(script->nsent, 0);
	probe(script, id);
	tick(script, 0);
	assert_string_equal(task_row(script, id),
			    "leased probe.public 0 -");
	assert_int_equal(script->nsent, 1);
	assert_int_equal(engine_under_way(script->engine), 1);
	assert_string_equal(script->sent[0].wire->url,
			    "http://host.test/api/v1/settings/public");
	reply(script, 200, SETTINGS);
	assert_int_equal(engine_under_way(script->engine), 0);
	tick(script, 5);
	/* The next step began in the same turn, with the token in it. */
	assert_string_equal(task_row(script, id),
			    "leased probe.compliance 0 -");
	assert_string_equal(script->sent[0].wire->headers[0],
			    "x-api-key: " TOKEN);
	for (int i = 0; i < 4; i++) {
		reply(script, 200, NOTHING);
		tick(script, 5);
	}
	/* A step with nothing to ask costs no turn. */
	assert_string_equal(task_row(script, id), "done probe.me 0 -");
	assert_string_equal(host_row(script, script->host_id), "ready -");
	assert_int_equal(script->says, 0);
	tick(script, 100000);
	assert_int_equal(script->sent_in_all, 5);
}

static void a_tick_says_when_it_wants_the_next(void **state)
{
	SCRIPT script = script_new(":memory:");
	char id[ID_MAX];
	struct task_spec spec = { .flow = "host_probe",
				  .step = "probe.public",
				  .subject_id = script->host_id,
				  .host_id = script->host_id,
				  .not_before = NOW + 77 };
	struct err err;

	(void)state;
	tick(script, 0);
	assert_int_equal(script->next - script->now,
			 script->settings.poll_ms);
	OK(tasks_add(script->db, &spec, NOW, 1, id, &err));
	tick(script, 0);
	assert_int_equal(script->next, NOW + 77);
	tick(script, 76);
	assert_int_equal(script->nsent, 0);
	tick(script, 1);
	assert_int_equal(script->nsent, 1);
	/* What is under way is told by its answer. */
	assert_int_equal(script->next - script->now,
			 script->settings.poll_ms);
	reply(script, 200, SETTINGS);
	tick(script, 0);
	assert_int_equal(script->nsent, 1);
}

static void verdicts_of_a_turn_share_a_transaction(void **state)
{
	SCRIPT script = script_new(":memory:");
	char ids[5][ID_MAX];
	int commits;

	(void)state;
	for (size_t i = 0; i < COUNT(ids); i++)
		probe(script, ids[i]);
	tick(script, 0);
	/* One claim for all of them. */
	assert_int_equal(script->commits, 1);
	assert_int_equal(script->nsent, COUNT(ids));
	for (size_t i = 0; i < COUNT(ids); i++)
		reply(script, 200, SETTINGS);
	commits = script->commits;
	tick(script, 1);
	assert_int_equal(script->commits, commits + 1);
	assert_int_equal(script->nsent, COUNT(ids));
	for (size_t i = 0; i < COUNT(ids); i++)
		assert_string_equal(task_row(script, ids[i]),
				    "leased probe.compliance 0 -");
}

/* ---- failures in passing ---- */

static void what_passes_is_tried_again_later(void **state)
{
	SCRIPT script = script_new(":memory:");
	char id[ID_MAX];

	(void)state;
	probe(script, id);
	tick(script, 0);
	reply(script, 503, "{\"code\":503,\"message\":\"starting\"}");
	tick(script, 0);
	assert_string_equal(task_row(script, id),
			    "due probe.public 1 transient");
	assert_in_range(due_in(script, id), 250, 500);
	assert_int_equal(script->next - script->now, script->settings.poll_ms
			 < due_in(script, id) ? script->settings.poll_ms
					      : due_in(script, id));
	tick(script, due_in(script, id) - 1);
	assert_int_equal(script->nsent, 0);
	tick(script, 1);
	assert_int_equal(script->nsent, 1);
	/* A step that passes begins to count anew. */
	reply(script, 200, SETTINGS);
	tick(script, 0);
	assert_string_equal(task_row(script, id),
			    "leased probe.compliance 0 -");
}

static void a_peer_that_asks_for_time_gets_it(void **state)
{
	SCRIPT script = script_new(":memory:");
	struct answer answer = { .status = 429, .retry_after_ms = 20000 };
	char id[ID_MAX];

	(void)state;
	probe(script, id);
	tick(script, 0);
	answer_with(script, 0, &answer);
	tick(script, 0);
	assert_int_equal(due_in(script, id), 20000);
}

/* ---- whose task it is ---- */

static void a_dead_engines_tasks_are_taken_over(void **state)
{
	SCRIPT script = script_new(":memory:");
	char id[ID_MAX];
	struct err err;

	(void)state;
	probe(script, id);
	tick(script, 0);
	script_restart(script);
	tick(script, 1);
	assert_int_equal(script->nsent, 0);
	OK(engine_take_over(script->engine, script->now, &err));
	tick(script, 1);
	assert_int_equal(script->nsent, 1);
	reply(script, 200, SETTINGS);
	tick(script, 1);
	assert_string_equal(task_row(script, id),
			    "leased probe.compliance 0 -");
}

/* Should nobody take over: a lease has an end. */
static void a_lease_that_ended_is_due_again(void **state)
{
	SCRIPT script = script_new(":memory:");
	char id[ID_MAX];

	(void)state;
	probe(script, id);
	tick(script, 0);
	script_restart(script);
	tick(script, script->settings.lease_ms - 1);
	assert_int_equal(script->nsent, 0);
	tick(script, 5001);
	assert_int_equal(script->nsent, 1);
}

/* The exchange of a task that somebody else has by now changes nothing. */
static void who_lost_its_lease_does_not_sink_the_others(void **state)
{
	SCRIPT script = script_new(":memory:");
	char lost[ID_MAX], kept[ID_MAX], third[ID_MAX];
	AUTO_FREE char *theft = NULL;

	(void)state;
	probe(script, lost);
	probe(script, kept);
	tick(script, 0);
	theft = xasprintf("UPDATE tasks SET fence = fence + 1 WHERE task_id ="
			  " '%s'", lost);
	fixture_sql(script->db, theft);
	reply(script, 200, SETTINGS);
	reply(script, 200, SETTINGS);
	tick(script, 0);
	assert_string_equal(task_row(script, kept),
			    "leased probe.compliance 0 -");
	assert_string_equal(task_row(script, lost),
			    "leased probe.public 0 -");
	assert_non_null(strstr(script->said, "no longer leased"));
	/* And the engine does not rest because of it. */
	assert_int_equal(engine_under_way(script->engine), 1);
	probe(script, third);
	tick(script, 1);
	assert_int_equal(engine_under_way(script->engine), 2);
}

static void a_late_answer_is_dropped(void **state)
{
	SCRIPT script = script_new(":memory:");
	struct answer answer = { .body = xstrdup("{}"), .body_len = 2 };

	(void)state;
	engine_answered(script->engine, 12345, &answer);
	assert_null(answer.body);
}

/* ---- the end of an engine ---- */

static void an_engine_that_stops_begins_nothing(void **state)
{
	SCRIPT script = script_new(":memory:");
	char first[ID_MAX], second[ID_MAX];

	(void)state;
	probe(script, first);
	tick(script, 0);
	engine_stop(script->engine);
	probe(script, second);
	reply(script, 200, SETTINGS);
	tick(script, 0);
	/* What was under way ends; its next step is somebody else's. */
	assert_string_equal(task_row(script, first), "due probe.login 0 -");
	assert_string_equal(task_row(script, second), "due probe.public 0 -");
	assert_int_equal(script->nsent, 0);
	tick(script, 100000);
	assert_int_equal(script->nsent, 0);
}

/* Nor does it send what only waited for its turn. */
static void an_engine_that_stops_sends_nothing_new(void **state)
{
	SCRIPT script = script_new(":memory:");
	char sent[ID_MAX], waiting[ID_MAX];

	(void)state;
	script->settings.host_concurrency = 1;
	probe(script, sent);
	probe(script, waiting);
	tick(script, 0);
	engine_stop(script->engine);
	reply(script, 200, SETTINGS);
	tick(script, 0);
	assert_int_equal(script->nsent, 0);
	assert_int_equal(engine_under_way(script->engine), 0);
	engine_release(script->engine, script->now);
	assert_string_equal(task_row(script, waiting),
			    "due probe.public 0 -");
}

static void an_engine_gives_back_what_it_holds(void **state)
{
	SCRIPT script = script_new(":memory:");
	char id[ID_MAX];

	(void)state;
	probe(script, id);
	tick(script, 0);
	engine_stop(script->engine);
	engine_release(script->engine, script->now);
	assert_string_equal(task_row(script, id), "due probe.public 0 -");
	assert_int_equal(engine_under_way(script->engine), 0);
	/* Its answer comes too late. */
	reply(script, 200, SETTINGS);
	assert_int_equal(script->says, 0);
	script_restart(script);
	tick(script, 0);
	assert_int_equal(script->nsent, 1);
}

static void a_crash_after_any_commit_stops_it_at_once(void **state)
{
	(void)state;
	for (int die_at = 1; die_at <= 2; die_at++) {
		SCRIPT script = script_new(":memory:");
		char id[ID_MAX];

		script->die_at = die_at;
		probe(script, id);
		tick(script, 0);
		if (die_at == 2) {
			reply(script, 200, SETTINGS);
			tick(script, 0);
		}
		assert_int_equal(script->nsent, 0);
		assert_true(script->next == INT64_MAX);
		tick(script, 1000000);
		assert_true(script->next == INT64_MAX);
	}
}

/* ---- limits ---- */

static void a_host_is_not_asked_more_at_once_than_allowed(void **state)
{
	SCRIPT script = script_new(":memory:");
	char ids[4][ID_MAX];

	(void)state;
	script->settings.host_concurrency = 2;
	for (size_t i = 0; i < COUNT(ids); i++)
		probe(script, ids[i]);
	tick(script, 0);
	assert_int_equal(script->nsent, 2);
	reply(script, 200, SETTINGS);
	tick(script, 1);
	assert_int_equal(script->nsent, 2);
	/* Who waits keeps its place while there are others for the others. */
	tick(script, 1000);
	assert_int_equal(script->nsent, 2);
	assert_int_equal(engine_under_way(script->engine), 2);
	assert_string_equal(task_row(script, ids[3]),
			    "leased probe.public 0 -");
	/* Its lease must not end meanwhile. */
	tick(script, script->settings.lease_ms / 2);
	assert_string_equal(task_row(script, ids[3]), "due probe.public 0 -");
	assert_in_range(due_in(script, ids[3]), 500, 1500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_task_goes_from_step_to_step_to_its_end),
		cmocka_unit_test(a_tick_says_when_it_wants_the_next),
		cmocka_unit_test(verdicts_of_a_turn_share_a_transaction),
		cmocka_unit_test(what_passes_is_tried_again_later),
		cmocka_unit_test(a_peer_that_asks_for_time_gets_it),
		cmocka_unit_test(a_dead_engines_tasks_are_taken_over),
		cmocka_unit_test(a_lease_that_ended_is_due_again),
		cmocka_unit_test(who_lost_its_lease_does_not_sink_the_others),
		cmocka_unit_test(a_late_answer_is_dropped),
		cmocka_unit_test(an_engine_that_stops_begins_nothing),
		cmocka_unit_test(an_engine_that_stops_sends_nothing_new),
		cmocka_unit_test(an_engine_gives_back_what_it_holds),
		cmocka_unit_test(a_crash_after_any_commit_stops_it_at_once),
		cmocka_unit_test(
			a_host_is_not_asked_more_at_once_than_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
