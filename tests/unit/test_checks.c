#include "tests/unit/world.h"

#include "shared/checks.h"

static const struct db_query q_task = { "test.check_task",
	"SELECT flow || ' ' || step || ' ' || host_id || ' '"
	" || (not_before - 1790000000000) FROM tasks WHERE subject_id = $1" };
static const struct db_query q_left = { "test.left",
	"SELECT (SELECT count(*) FROM access_checks WHERE access_id = $1)"
	" || ' ' || (SELECT count(*) FROM tasks)"
	" || ' ' || (SELECT count(*) FROM proofs)" };

static void add(struct db *db, const struct check_spec *spec, int64_t now,
		char ret_id[ID_MAX])
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	static uint64_t random;
	struct err err;

	OK(db_tx_begin(&tx, db, &err));
	OK(checks_add(db, spec, now, ++random, ret_id, &err));
	OK(db_tx_commit(&tx, &err));
}

static struct check get(struct db *db, const char *id)
{
	struct check check = { 0 };
	struct err err;

	OK(checks_get(db, id, &check, &err));
	return check;
}

static int finish(struct db *db, const struct check *check, int64_t now,
		  struct err *err)
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };

	if (db_tx_begin(&tx, db, err) ||
	    checks_finish(db, check, now, err))
		return -1;
	return db_tx_commit(&tx, err);
}

static void a_check_comes_with_its_task(void **state)
{
	CLEANUP(db_close) struct db *db = world_db();
	CLEANUP(check_done) struct check check = { 0 };
	struct check_spec spec = { .host_id = "hst_1",
		.requested_by = "tok_1", .surfaces = true,
		.not_before = NOW + 7 };
	char access_id[ID_MAX], id[ID_MAX];
	struct err err;

	(void)state;
	world_access(db, "hst_1", "alice", NOW, access_id);
	spec.access_id = access_id;
	add(db, &spec, NOW, id);
	check = get(db, id);
	assert_string_equal(check.check_id, id);
	assert_string_equal(check.access_id, access_id);
	assert_string_equal(check.requested_by, "tok_1");
	assert_true(check.surfaces);
	assert_false(check.done);
	assert_null(check.result);
	assert_int_equal(check.created_at, NOW);
	assert_int_equal(check.finished_at, 0);
	assert_string_equal(fixture_value(db, &q_task, id),
			    "check check.begin hst_1 7");
	REFUSED(checks_get(db, "chk_none", &check, &err), ERR_NOT_FOUND);
}

static void one_that_runs_is_joined(void **state)
{
	CLEANUP(db_close) struct db *db = world_db();
	struct check_spec spec = { .host_id = "hst_1",
		.requested_by = CHECK_BY_WATCH, .not_before = NOW + 60000 };
	char access_id[ID_MAX], id[ID_MAX], again[ID_MAX];
	struct err err;
	int64_t running;

	(void)state;
	world_access(db, "hst_1", "alice", NOW, access_id);
	spec.access_id = access_id;
	add(db, &spec, NOW, id);
	OK(checks_running(db, NOW + 60000, &running, &err));
	assert_int_equal(running, 1);
	/* Somebody waits for it now. */
	spec.requested_by = "tok_1";
	spec.not_before = NOW + 1;
	add(db, &spec, NOW + 1, again);
	assert_string_equal(again, id);
	assert_string_equal(fixture_value(db, &q_task, id),
			    "check check.begin hst_1 1");
	/* What is being retried has its reason to wait. */
	fixture_sql(db, "UPDATE tasks SET attempt = 1,"
		    " not_before = 1790000090000");
	add(db, &spec, NOW + 1, again);
	assert_string_equal(fixture_value(db, &q_task, id),
			    "check check.begin hst_1 90000");
	/* One that asks for more is no less than another check. */
	spec.surfaces = true;
	add(db, &spec, NOW + 2, again);
	assert_string_not_equal(again, id);
	/* One that is put off for long holds nobody's place. */
	OK(checks_running(db, NOW + 60000, &running, &err));
	assert_int_equal(running, 0);
	OK(checks_running(db, NOW + 120000, &running, &err));
	assert_int_equal(running, 1);
	/* And one that ended is not joined. */
	OK(finish(db, &(struct check){ .check_id = again,
		  .access_id = access_id,
		  .result = (char *)(uintptr_t)"active" }, NOW + 3, &err));
	add(db, &spec, NOW + 4, id);
	assert_string_not_equal(again, id);
}

static void a_check_ends_with_its_result(void **state)
{
	CLEANUP(db_close) struct db *db = world_db();
	CLEANUP(check_done) struct check check = { 0 };
	struct check_spec spec = { .host_id = "hst_1",
				   .requested_by = "tok_1" };
	char access_id[ID_MAX], id[ID_MAX];
	struct err err;

	(void)state;
	world_access(db, "hst_1", "alice", NOW, access_id);
	spec.access_id = access_id;
	add(db, &spec, NOW, id);
	check = get(db, id);
	own_set(&check.result, "degraded");
	own_set(&check.failure_class, "timeout");
	own_set(&check.diagnosis, "{}");
	own_set(&check.proof_id, "prf_1");
	check.repaired = 2;
	OK(finish(db, &check, NOW + 9, &err));
	check_done(&check);
	check = get(db, id);
	assert_true(check.done);
	assert_string_equal(check.result, "degraded");
	assert_string_equal(check.failure_class, "timeout");
	assert_string_equal(check.diagnosis, "{}");
	assert_string_equal(check.proof_id, "prf_1");
	assert_int_equal(check.repaired, 2);
	assert_int_equal(check.finished_at, NOW + 9);
	own_set(&check.check_id, "chk_none");
	REFUSED(finish(db, &check, NOW, &err), ERR_NOT_FOUND);
}

/* One check that ended, with a proof of its own. */
static void run_one(struct db *db, const struct check_spec *spec, int64_t now)
{
	AUTO_FREE char *sql = NULL;
	char id[ID_MAX], proof_id[ID_MAX];
	struct err err;

	add(db, spec, now, id);
	world_prove(db, "itm_1", spec->access_id, true, now, proof_id);
	sql = xasprintf("UPDATE proofs SET check_id = '%s'"
			" WHERE proof_id = '%s';"
			"UPDATE tasks SET state = 'done'", id, proof_id);
	fixture_sql(db, sql);
	if (now == NOW)
		OK(accesses_proven(db, spec->access_id, proof_id, 0, now,
				   &err));
	OK(finish(db, &(struct check){ .check_id = id,
		  .access_id = (char *)(uintptr_t)spec->access_id,
		  .result = (char *)(uintptr_t)"active" }, now, &err));
}

static void old_checks_are_forgotten_with_their_traces(void **state)
{
	CLEANUP(db_close) struct db *db = world_db();
	struct check_spec spec = { .host_id = "hst_1",
				   .requested_by = CHECK_BY_WATCH };
	char access_id[ID_MAX];

	(void)state;
	world_access(db, "hst_1", "alice", NOW, access_id);
	spec.access_id = access_id;
	for (int i = 0; i < CHECKS_KEPT + 4; i++)
		run_one(db, &spec, NOW + i);
	/* The first proof stays: the access rests on it. */
	assert_string_equal(fixture_value(db, &q_left, access_id),
			    "50 50 51");
}

static const struct db_query q_surfaces = { "test.surfaces",
	"SELECT group_concat(surface || (at - 1790000000000), ' ') FROM"
	" (SELECT surface, at FROM proofs WHERE access_id = $1"
	"  AND kind = 'surface' ORDER BY proof_id)" };

/* Make the newest proof one of a surface. */
static void turn_to_surface(struct db *db, const char *surface)
{
	AUTO_FREE char *sql = xasprintf("UPDATE proofs SET kind = 'surface',"
		" surface = '%s' WHERE proof_id ="
		" (SELECT max(proof_id) FROM proofs)", surface);

	fixture_sql(db, sql);
}

static void the_newest_word_on_each_surface_stays(void **state)
{
	CLEANUP(db_close) struct db *db = world_db();
	struct check_spec spec = { .host_id = "hst_1",
				   .requested_by = "tok_1" };
	char access_id[ID_MAX];

	(void)state;
	world_access(db, "hst_1", "alice", NOW, access_id);
	spec.access_id = access_id;
	run_one(db, &spec, NOW);
	run_one(db, &spec, NOW + 1);
	turn_to_surface(db, "messages");
	run_one(db, &spec, NOW + 2);
	turn_to_surface(db, "tools");
	run_one(db, &spec, NOW + 3);
	turn_to_surface(db, "messages");
	for (int i = 4; i < CHECKS_KEPT + 8; i++)
		run_one(db, &spec, NOW + i);
	assert_string_equal(fixture_value(db, &q_surfaces, access_id),
			    "tools2 messages3");
}

static void checks_are_listed_newest_first(void **state)
{
	CLEANUP(db_close) struct db *db = world_db();
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(check_done) struct check check = { 0 };
	struct check_spec spec = { .host_id = "hst_1",
				   .requested_by = "tok_1" };
	char access_id[ID_MAX], other[ID_MAX], id[2][ID_MAX];
	struct err err;

	(void)state;
	world_access(db, "hst_1", "alice", NOW, access_id);
	world_access(db, "hst_1", "bob", NOW, other);
	spec.access_id = access_id;
	add(db, &spec, NOW, id[0]);
	spec.surfaces = true;
	add(db, &spec, NOW + 1, id[1]);
	spec.access_id = other;
	add(db, &spec, NOW + 2, other);
	OK(checks_list(&rows, db, access_id, "", 1, &err));
	assert_int_equal(checks_next(&rows, &check, &err), 1);
	assert_string_equal(check.check_id, id[1]);
	assert_int_equal(checks_next(&rows, &check, &err), 0);
	db_rows_done(&rows);
	OK(checks_list(&rows, db, access_id, id[1], 9, &err));
	assert_int_equal(checks_next(&rows, &check, &err), 1);
	assert_string_equal(check.check_id, id[0]);
	assert_int_equal(checks_next(&rows, &check, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_check_comes_with_its_task),
		cmocka_unit_test(one_that_runs_is_joined),
		cmocka_unit_test(a_check_ends_with_its_result),
		cmocka_unit_test(old_checks_are_forgotten_with_their_traces),
		cmocka_unit_test(the_newest_word_on_each_surface_stays),
		cmocka_unit_test(checks_are_listed_newest_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
