/* Whose turn it is: claims and sends, among runs. */
#include "tests/unit/fixture.h"

#include <stdio.h>

#include "schedd/turns.h"
#include "shared/table.h"

#define PLACES 96

struct world {
	struct db *db;
	struct turns *turns;
	struct job *jobs[PLACES];
	size_t njobs;
	char sent[64];		/* the first letters of who was sent */
	size_t nsent;
	size_t room;		/* how many more may be sent */
	char blocked;		/* a lane that no limit lets go */
};

static struct world world_new(void)
{
	return (struct world){ .db = fixture_db(),
			       .turns = turns_new(PLACES) };
}

static void world_done(struct world *world)
{
	for (size_t i = 0; i < world->njobs; i++)
		job_free(&world->jobs[i]);
	turns_free(&world->turns);
	db_close(&world->db);
}

#define WORLD CLEANUP(world_done) struct world

/* `n` tasks of a run, or of none, due at `at`. */
static void add(struct world *world, const char *run, size_t n, int64_t at)
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	static uint64_t random;
	char id[ID_MAX];
	struct err err;

	OK(db_tx_begin(&tx, world->db, &err));
	for (size_t i = 0; i < n; i++)
		OK(tasks_add(world->db, &(struct task_spec){
			     .flow = "import", .subject_id = "x",
			     .run_id = run, .host_id = "hst_1",
			     .step = "first", .not_before = at }, NOW,
			     ++random, id, &err));
	OK(db_tx_commit(&tx, &err));
}

/* How many were claimed. */
static size_t claim_at(struct world *world, int64_t now)
{
	const struct task_lease lease = { "me", NOW + 60000 };
	size_t before = world->njobs;
	struct err err;

	OK(turns_claim(world->turns, world->db, &lease, now, world->jobs,
		       &world->njobs, &err));
	return world->njobs - before;
}

static size_t claim(struct world *world)
{
	return claim_at(world, NOW);
}

static size_t count(const struct world *world, const char *run)
{
	size_t n = 0;

	for (size_t i = 0; i < world->njobs; i++) {
		const char *of = world->jobs[i]->task.run_id;

		n += strcmp(of ? of : TASK_LANE_OTHER, run) == 0;
	}
	return n;
}

/* One job of this run, or any, is over. */
static void end_one(struct world *world, const char *run)
{
	for (size_t i = 0; i < world->njobs; i++) {
		struct job *job = world->jobs[i];

		if (strcmp(job->task.run_id, run) != 0)
			continue;
		turns_leave(world->turns, job);
		job->state = JOB_OVER;
		world->njobs = jobs_sweep(world->jobs, world->njobs);
		return;
	}
	fail_msg("no job of %s", run);
}

static void a_big_run_leaves_places_for_who_comes_later(void **state)
{
	WORLD world = world_new();

	(void)state;
	add(&world, "run_big", 1000, NOW);
	assert_int_equal(claim(&world), 64);
	assert_int_equal(claim(&world), 0);
	assert_int_equal(turns_next(world.turns, NOW), INT64_MAX);
	add(&world, "run_one", 1, NOW);
	assert_int_equal(claim(&world), 1);
	assert_int_equal(count(&world, "run_one"), 1);
	/* What comes next, and is not capped, is not forgotten. */
	add(&world, "run_two", 1, NOW + 77);
	assert_int_equal(claim(&world), 0);
	assert_int_equal(turns_next(world.turns, NOW), NOW + 77);
	assert_int_equal(claim_at(&world, NOW + 77), 1);
}

static void a_claim_takes_the_same_of_each(void **state)
{
	WORLD world = world_new();

	(void)state;
	add(&world, "run_a", 500, NOW - 9);	/* has waited longest */
	add(&world, "run_b", 500, NOW);
	add(&world, NULL, 3, NOW);
	assert_int_equal(claim(&world), 64);
	assert_in_range(count(&world, "run_a"), 28, 33);
	assert_in_range(count(&world, "run_b"), 28, 33);
	assert_int_equal(count(&world, TASK_LANE_OTHER), 3);
}

static void a_free_place_goes_round(void **state)
{
	WORLD world = world_new();
	size_t big;

	(void)state;
	add(&world, "run_big", 500, NOW);
	while (claim(&world) > 0)
		;
	big = count(&world, "run_big");
	add(&world, "run_b", 90, NOW);
	while (claim(&world) > 0)
		;
	/* It takes what was kept; the big one gets nothing more ... */
	assert_int_equal(world.njobs, PLACES);
	for (int i = 0; i < 10; i++) {
		end_one(&world, "run_big");
		assert_int_equal(claim(&world), 0);
	}
	assert_int_equal(count(&world, "run_big"), big - 10);
	/* ... until both have the same. */
	for (int i = 0; i < 100; i++) {
		end_one(&world, i % 2 ? "run_b" : "run_big");
		claim(&world);
	}
	assert_in_range(count(&world, "run_b"), big / 2 - 1, big / 2 + 1);
	assert_in_range(count(&world, "run_big"), big / 2 - 1, big / 2 + 1);
}

static void many_runs_of_one_all_come_round(void **state)
{
	WORLD world = world_new();
	size_t in_all = 0, n;
	char run[16];

	(void)state;
	for (int i = 0; i < 300; i++) {
		snprintf(run, sizeof(run), "run_%03d", i);
		add(&world, run, 2, NOW);
	}
	for (int i = 0; i < 12 && in_all < 600; i++) {
		n = claim(&world);
		assert_in_range(n, 1, TURNS_CLAIM_MAX);
		/* Nobody has its second before all had their first. */
		for (size_t k = 0; k < world.njobs && in_all + n <= 300; k++)
			assert_int_equal(count(&world, world.jobs[k]
					       ->task.run_id), 1);
		in_all += n;
		while (world.njobs > 0)
			end_one(&world, world.jobs[0]->task.run_id);
	}
	assert_int_equal(in_all, 600);
}

/* 1,000 runs wait for later: they are passed, some at a time. */
static void what_is_not_due_yet_hides_nobody(void **state)
{
	WORLD world = world_new();
	char run[16];
	int claims = 0;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		snprintf(run, sizeof(run), "run_%03d", i);
		add(&world, run, 1, NOW + 5000);
	}
	add(&world, "run_zzz", 1, NOW);
	while (claim(&world) == 0 && claims++ < 10)
		assert_int_equal(turns_next(world.turns, NOW), NOW);
	assert_int_equal(count(&world, "run_zzz"), 1);
	assert_in_range(claims, 1, 4);
}

/* ---- sending ---- */

static bool send_one(void *arg, struct job *job)
{
	struct world *world = arg;
	char letter = job->task.run_id[4];

	if (world->room == 0 || letter == world->blocked)
		return false;
	world->room--;
	world->sent[world->nsent++] = letter;
	world->sent[world->nsent] = '\0';
	job->state = JOB_SENT;
	return true;
}

static const char *serve(struct world *world, size_t room)
{
	world->room = room;
	world->nsent = 0;
	world->sent[0] = '\0';
	turns_serve(world->turns, world->jobs, world->njobs, send_one, world);
	return world->sent;
}

static void wait_all(struct world *world)
{
	for (size_t i = 0; i < world->njobs; i++)
		world->jobs[i]->state = JOB_WAITING;
}

static void who_was_served_longest_ago_is_sent_first(void **state)
{
	WORLD world = world_new();

	(void)state;
	add(&world, "run_a", 20, NOW);
	while (claim(&world) > 0)
		;
	wait_all(&world);
	assert_string_equal(serve(&world, 3), "aaa");
	/* It comes last, and is sent first. */
	add(&world, "run_b", 1, NOW);
	assert_int_equal(claim(&world), 1);
	wait_all(&world);
	assert_string_equal(serve(&world, 1), "b");
	assert_string_equal(serve(&world, 2), "aa");
	wait_all(&world);
	assert_string_equal(serve(&world, 4), "baaa");
}

static void lanes_alternate_while_both_wait(void **state)
{
	WORLD world = world_new();

	(void)state;
	add(&world, "run_a", 20, NOW);
	add(&world, "run_b", 3, NOW);
	while (claim(&world) > 0)
		;
	wait_all(&world);
	assert_string_equal(serve(&world, 1), "a");
	assert_string_equal(serve(&world, 1), "b");
	assert_string_equal(serve(&world, 6), "ababaa");
}

static void who_is_held_back_by_a_limit_hides_nobody(void **state)
{
	WORLD world = world_new();

	(void)state;
	add(&world, "run_a", 5, NOW);
	add(&world, "run_b", 2, NOW);
	while (claim(&world) > 0)
		;
	wait_all(&world);
	world.blocked = 'a';
	assert_string_equal(serve(&world, 9), "bb");
	world.blocked = 0;
	assert_string_equal(serve(&world, 9), "aaaaa");
}

/* ---- giving up a place ---- */

static void only_who_has_more_than_its_share_yields(void **state)
{
	WORLD world = world_new();
	struct job *one;

	(void)state;
	add(&world, "run_a", 500, NOW);
	while (claim(&world) > 0)
		;
	add(&world, "run_b", 1, NOW);
	assert_int_equal(claim(&world), 1);
	wait_all(&world);
	one = world.jobs[world.njobs - 1];
	assert_string_equal(one->task.run_id, "run_b");
	for (size_t i = 0; i < world.njobs; i++)
		world.jobs[i]->waiting_since = NOW;
	assert_false(turns_must_yield(world.turns, world.jobs[0], 60000,
				      NOW + 999));
	assert_true(turns_must_yield(world.turns, world.jobs[0], 60000,
				     NOW + 1000));
	assert_false(turns_must_yield(world.turns, one, 60000, NOW + 29999));
	/* Its lease would end. */
	assert_true(turns_must_yield(world.turns, one, 60000, NOW + 30000));
	/* It was told to wait for long. */
	one->ask_again_at = NOW + 20000;
	assert_true(turns_must_yield(world.turns, one, 60000, NOW + 1000));
}

/* ---- what it costs ---- */

/* Every line of the plan, as long as it says by which index it goes. */
static void a_claim_goes_along_its_index(void **state)
{
	WORLD world = world_new();
	static const struct {
		const char *name;
		const char *plan;
	} wanted[] = {
		{ "tasks.next_lane", "INDEX tasks_due_lane (<expr>>?)" },
		{ "tasks.claim",
		  "INDEX tasks_due_lane (<expr>=? AND not_before<?)" },
		{ "tasks.hold_rest", "INDEX tasks_due_lane (<expr>=?)" },
		{ "tasks.release", "INDEX tasks_held (held_on=?)" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(wanted); i++) {
		const struct db_query *const *q = tasks_queries;
		AUTO_FREE char *plan = NULL;
		struct err err;

		while (strcmp((*q)->name, wanted[i].name) != 0)
			q++;
		OK(db_explain(world.db, *q, &plan, &err));
		if (!strstr(plan, wanted[i].plan) ||
		    strstr(plan, "TEMP B-TREE") || strstr(plan, "SCAN"))
			fail_msg("%s: %s", wanted[i].name, plan);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_big_run_leaves_places_for_who_comes_later),
		cmocka_unit_test(a_claim_takes_the_same_of_each),
		cmocka_unit_test(a_free_place_goes_round),
		cmocka_unit_test(many_runs_of_one_all_come_round),
		cmocka_unit_test(what_is_not_due_yet_hides_nobody),
		cmocka_unit_test(who_was_served_longest_ago_is_sent_first),
		cmocka_unit_test(lanes_alternate_while_both_wait),
		cmocka_unit_test(who_is_held_back_by_a_limit_hides_nobody),
		cmocka_unit_test(only_who_has_more_than_its_share_yields),
		cmocka_unit_test(a_claim_goes_along_its_index),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
