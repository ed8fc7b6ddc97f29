#include "tests/unit/fixture.h"

#include "shared/table.h"
#include "shared/tasks.h"

static const struct db_query q_row = { "test.task",
	"SELECT state || ' ' || step || ' ' || attempt || ' '"
	" || (not_before - 1790000000000) || ' ' || fence || ' ' || cancel"
	" || ' ' || coalesce(lease_owner, '-') || ' '"
	" || coalesce(parked_on, '-') || ' ' || coalesce(last_class, '-')"
	" FROM tasks WHERE task_id = $1" };

static void add(struct db *db, const char *subject, int64_t not_before,
		char ret_id[ID_MAX])
{
	static uint64_t random;
	struct err err;

	OK(tasks_add(db, &(struct task_spec){ .flow = "import",
		     .subject_id = subject, .run_id = "run_1",
		     .host_id = "hst_1", .step = "first",
		     .not_before = not_before }, NOW, ++random, ret_id, &err));
}

/* Claim up to `limit`; the last one is in *ret. */
static int claim(struct db *db, const char *owner, int64_t now, int64_t limit,
		 struct task *ret)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	struct err err;
	int more, n = 0;

	OK(tasks_claim(&rows, db, "run_1",
		       &(struct task_lease){ owner, now + 1000 }, now, limit,
		       &err));
	while ((more = tasks_claim_next(&rows, ret, &err)) > 0)
		n++;
	assert_int_equal(more, 0);
	return n;
}

/* A settlement that a test then changes in one point. */
static struct task_settlement settlement(enum task_next next)
{
	return (struct task_settlement){ .next = next, .step = "second",
					 .step_since = NOW, .memo = "{}" };
}

static void an_added_task_is_due_and_unclaimed(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_db();
	CLEANUP(task_done) struct task task = { 0 };
	char id[ID_MAX];

	(void)state;
	add(db, "itm_1", NOW, id);
	assert_memory_equal(id, "tsk_", 4);
	assert_int_equal(claim(db, "me", NOW, 9, &task), 1);
	assert_string_equal(task.task_id, id);
	assert_string_equal(task.flow, "import");
	assert_string_equal(task.subject_id, "itm_1");
	assert_string_equal(task.run_id, "run_1");
	assert_string_equal(task.host_id, "hst_1");
	assert_string_equal(task.step, "first");
	assert_string_equal(task.memo, "{}");
	assert_int_equal(task.step_since, NOW);
	assert_int_equal(task.fence, 1);
	assert_false(task.cancel);
	assert_string_equal(fixture_value(db, &q_row, id),
			    "leased first 0 0 1 0 me - -");
}

static void a_claim_gives_each_task_once_the_longest_waiting_first(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_db();
	CLEANUP(task_done) struct task task = { 0 };
	char young[ID_MAX], old[ID_MAX], later[ID_MAX];

	(void)state;
	add(db, "a", NOW, young);
	add(db, "b", NOW - 5, old);
	add(db, "c", NOW + 1, later);
	assert_int_equal(claim(db, "me", NOW, 1, &task), 1);
	assert_string_equal(task.task_id, old);
	assert_int_equal(claim(db, "you", NOW, 5, &task), 1);
	assert_string_equal(task.task_id, young);
	assert_int_equal(claim(db, "me", NOW, 5, &task), 0);
	assert_int_equal(claim(db, "me", NOW + 1, 5, &task), 1);
	assert_string_equal(task.task_id, later);
}

static void the_next_due_is_the_earliest(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_db();
	char id[ID_MAX];
	int64_t due = 0;
	struct err err;

	(void)state;
	OK(tasks_next_due(db, &due, &err));
	assert_true(due == INT64_MAX);
	add(db, "a", NOW + 7, id);
	add(db, "b", NOW + 3, id);
	OK(tasks_next_due(db, &due, &err));
	assert_int_equal(due, NOW + 3);
}

static void settling_moves_a_task_to_each_state(void **state)
{
	static const struct {
		enum task_next next;
		const char *want;
	} cases[] = {
		{ TASK_STAYS_LEASED, "leased second 2 0 1 0 me - -" },
		{ TASK_DUE, "due second 2 60 1 0 - - dns" },
		{ TASK_PARKED, "parked second 2 0 1 0 - res_1 -" },
		{ TASK_DONE, "done second 2 0 1 0 - - -" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(db_close) struct db *db = fixture_db();
		CLEANUP(task_done) struct task task = { 0 };
		struct task_settlement s = settlement(cases[i].next);
		char id[ID_MAX];
		struct err err;

		add(db, "a", NOW, id);
		claim(db, "me", NOW, 1, &task);
		s.attempt = 2;
		s.not_before = NOW + 60;
		s.lease_until = NOW + 9;
		if (s.next == TASK_PARKED)
			s.parked_on = "res_1";
		if (s.next == TASK_DUE)
			s.last_class = "dns";
		OK(tasks_settle(db, &task, "me", &s, NOW, &err));
		assert_string_equal(fixture_value(db, &q_row, id),
				    cases[i].want);
	}
}

static void who_lost_the_lease_cannot_settle(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_db();
	CLEANUP(task_done) struct task first = { 0 };
	CLEANUP(task_done) struct task second = { 0 };
	struct task_settlement s = settlement(TASK_DONE);
	char id[ID_MAX];
	struct err err;

	(void)state;
	add(db, "a", NOW, id);
	claim(db, "me", NOW, 1, &first);
	REFUSED(tasks_settle(db, &first, "you", &s, NOW, &err), ERR_CONFLICT);
	OK(tasks_expire_leases(db, NOW + 999, &err));
	assert_int_equal(claim(db, "me", NOW + 999, 1, &second), 0);
	OK(tasks_expire_leases(db, NOW + 1000, &err));
	REFUSED(tasks_settle(db, &first, "me", &s, NOW, &err), ERR_CONFLICT);
	assert_int_equal(claim(db, "me", NOW + 1000, 1, &second), 1);
	assert_int_equal(second.fence, 2);
	REFUSED(tasks_settle(db, &first, "me", &s, NOW, &err), ERR_CONFLICT);
	OK(tasks_settle(db, &second, "me", &s, NOW, &err));
	REFUSED(tasks_settle(db, &second, "me", &s, NOW, &err), ERR_CONFLICT);
}

static void a_start_takes_over_every_lease(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_db();
	CLEANUP(task_done) struct task task = { 0 };
	char id[ID_MAX];
	struct err err;

	(void)state;
	add(db, "a", NOW, id);
	claim(db, "dead", NOW, 1, &task);
	OK(tasks_take_over(db, NOW + 1, &err));
	assert_string_equal(fixture_value(db, &q_row, id),
			    "due first 0 1 1 0 - - -");
}

static void park(struct db *db, const char *subject, const char *resource,
		 char ret_id[ID_MAX])
{
	CLEANUP(task_done) struct task task = { 0 };
	struct task_settlement s = settlement(TASK_PARKED);
	struct err err;

	add(db, subject, NOW, ret_id);
	assert_int_equal(claim(db, "me", NOW, 1, &task), 1);
	s.parked_on = resource;
	OK(tasks_settle(db, &task, "me", &s, NOW, &err));
}

static void waking_takes_one_or_all_of_a_resource(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_db();
	char a[ID_MAX], b[ID_MAX], c[ID_MAX], other[ID_MAX];
	struct err err;

	(void)state;
	park(db, "a", "res_1", a);
	park(db, "b", "res_1", b);
	park(db, "c", "res_1", c);
	park(db, "d", "res_2", other);
	OK(tasks_wake(db, "res_1", false, NULL, NOW + 4, &err));
	assert_string_equal(fixture_value(db, &q_row, a),
			    "due second 0 4 1 0 - - -");
	assert_string_equal(fixture_value(db, &q_row, b),
			    "parked second 0 0 1 0 - res_1 -");
	OK(tasks_wake(db, "res_1", true, NULL, NOW + 5, &err));
	assert_string_equal(fixture_value(db, &q_row, b),
			    "due second 0 5 1 0 - - -");
	assert_string_equal(fixture_value(db, &q_row, c),
			    "due second 0 5 1 0 - - -");
	assert_string_equal(fixture_value(db, &q_row, other),
			    "parked second 0 0 1 0 - res_2 -");
	OK(tasks_wake(db, "res_none", true, NULL, NOW, &err));
}

/* A run of one does not wait until a big one is through. */
static void who_waits_for_the_same_gets_it_run_by_run(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_db();
	static const char *const runs[] = { "run_a", "run_a", "run_a",
					    "run_b", NULL };
	static const char *const woken[] = { "-", "run_a", "run_b", "run_a",
					     "run_a" };
	static const struct db_query q_due = { "test.due",
		"SELECT coalesce(run_id, '-') FROM tasks"
		" WHERE state = $1" };
	static const struct db_query q_id = { "test.id",
		"SELECT task_id FROM tasks WHERE state = $1" };
	char id[ID_MAX], had[ID_MAX] = "";
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(runs); i++)
		OK(tasks_add(db, &(struct task_spec){ .flow = "import",
			     .subject_id = "x", .run_id = runs[i],
			     .host_id = "hst_1", .step = "first" }, NOW,
			     i + 1, id, &err));
	fixture_sql(db, "UPDATE tasks SET state = 'parked',"
		    " parked_on = 'res_1'");
	for (size_t i = 0; i < COUNT(woken); i++) {
		OK(tasks_wake(db, "res_1", false, *had ? had : NULL, NOW,
			      &err));
		assert_string_equal(fixture_value(db, &q_due, "due"),
				    woken[i]);
		snprintf(had, sizeof(had), "%s",
			 fixture_value(db, &q_id, "due"));
		fixture_sql(db, "UPDATE tasks SET state = 'done'"
			    " WHERE state = 'due'");
	}
}

static void cancelling_reaches_every_task_of_a_run(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_db();
	CLEANUP(task_done) struct task task = { 0 };
	struct task_settlement s = settlement(TASK_STAYS_LEASED);
	char parked[ID_MAX], due[ID_MAX], leased[ID_MAX];
	int64_t open;
	struct err err;

	(void)state;
	park(db, "a", "res_1", parked);
	add(db, "b", NOW, leased);
	claim(db, "me", NOW, 1, &task);
	add(db, "c", NOW + 60000, due);
	OK(tasks_cancel_run(db, "run_other", NOW, &err));
	OK(tasks_cancel_run(db, "run_1", NOW + 2, &err));
	assert_string_equal(fixture_value(db, &q_row, parked),
			    "due second 0 2 1 1 - - -");
	assert_string_equal(fixture_value(db, &q_row, due),
			    "due first 0 2 0 1 - - -");
	assert_string_equal(fixture_value(db, &q_row, leased),
			    "leased first 0 0 1 1 me - -");
	/* The one that is under way hears of it with its next verdict. */
	assert_false(task.cancel);
	s.lease_until = NOW + 5000;
	OK(tasks_settle(db, &task, "me", &s, NOW, &err));
	assert_true(task.cancel);
	OK(tasks_open_of_run(db, "run_1", &open, &err));
	assert_int_equal(open, 3);
	s.next = TASK_DONE;
	OK(tasks_settle(db, &task, "me", &s, NOW, &err));
	OK(tasks_open_of_run(db, "run_1", &open, &err));
	assert_int_equal(open, 2);
	OK(tasks_cancel_run(db, "run_1", NOW + 3, &err));
	assert_string_equal(fixture_value(db, &q_row, leased),
			    "done second 0 0 1 1 - - -");
}

static void a_cancelled_task_is_never_parked(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_db();
	CLEANUP(task_done) struct task task = { 0 };
	struct task_settlement s = settlement(TASK_PARKED);
	char id[ID_MAX];
	struct err err;

	(void)state;
	add(db, "a", NOW, id);
	claim(db, "me", NOW, 1, &task);
	OK(tasks_cancel_run(db, "run_1", NOW, &err));
	s.parked_on = "res_1";
	OK(tasks_settle(db, &task, "me", &s, NOW, &err));
	assert_string_equal(fixture_value(db, &q_row, id),
			    "due second 0 1000 1 1 - - -");
}

static void a_task_is_found_by_its_subject_until_it_is_done(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_db();
	CLEANUP(task_done) struct task task = { 0 };
	struct task_settlement s = settlement(TASK_DONE);
	char id[ID_MAX], found[ID_MAX];
	bool done = true;
	struct err err;

	(void)state;
	add(db, "itm_1", NOW, id);
	OK(tasks_of_subject(db, "itm_1", found, &err));
	assert_string_equal(found, id);
	OK(tasks_is_done(db, id, &done, &err));
	assert_false(done);
	claim(db, "me", NOW, 1, &task);
	OK(tasks_settle(db, &task, "me", &s, NOW, &err));
	OK(tasks_of_subject(db, "itm_1", found, &err));
	assert_string_equal(found, "");
	OK(tasks_is_done(db, id, &done, &err));
	assert_true(done);
	REFUSED(tasks_is_done(db, "tsk_none", &done, &err), ERR_NOT_FOUND);
}

static void a_memo_has_a_ceiling(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_db();
	CLEANUP(task_done) struct task task = { 0 };
	struct task_settlement s = settlement(TASK_DONE);
	char id[ID_MAX], memo[TASK_MEMO_MAX + 2];
	struct err err;

	(void)state;
	add(db, "a", NOW, id);
	claim(db, "me", NOW, 1, &task);
	memset(memo, 'x', sizeof(memo));
	memo[TASK_MEMO_MAX + 1] = '\0';
	s.memo = memo;
	REFUSED(tasks_settle(db, &task, "me", &s, NOW, &err), ERR_INTERNAL);
	memo[TASK_MEMO_MAX] = '\0';
	OK(tasks_settle(db, &task, "me", &s, NOW, &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_added_task_is_due_and_unclaimed),
		cmocka_unit_test(
			a_claim_gives_each_task_once_the_longest_waiting_first),
		cmocka_unit_test(the_next_due_is_the_earliest),
		cmocka_unit_test(settling_moves_a_task_to_each_state),
		cmocka_unit_test(who_lost_the_lease_cannot_settle),
		cmocka_unit_test(a_start_takes_over_every_lease),
		cmocka_unit_test(waking_takes_one_or_all_of_a_resource),
		cmocka_unit_test(who_waits_for_the_same_gets_it_run_by_run),
		cmocka_unit_test(cancelling_reaches_every_task_of_a_run),
		cmocka_unit_test(a_cancelled_task_is_never_parked),
		cmocka_unit_test(
			a_task_is_found_by_its_subject_until_it_is_done),
		cmocka_unit_test(a_memo_has_a_ceiling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
