/*
 * A job on its way through one step, and what its verdict writes.
 */
#include "tests/unit/engine_fixture.h"

#include "schedd/job.h"
#include "schedd/settle.h"

#define SETTINGS "{\"code\":0,\"message\":\"success\",\"data\":{" \
	"\"version\":\"0.1.179\",\"registration_enabled\":false}}"
#define OWNER "own_1"

/* A claimed task of a probe, begun. */
struct work {
	struct script *script;
	struct store store;
	struct job *job;
	char task_id[ID_MAX];
};

static void work_done(struct work *work)
{
	job_free(&work->job);
	script_free(&work->script);
}

static struct job *claim(struct script *script)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(task_done) struct task task = { 0 };
	char lane[ID_MAX];
	struct job *job;
	int64_t due;
	struct err err;

	OK(tasks_next_lane(script->db, "", lane, &due, &err));
	OK(tasks_claim(&rows, script->db, lane,
		       &(struct task_lease){ OWNER, NOW + 1000 }, NOW, 1,
		       &err));
	assert_int_equal(tasks_claim_next(&rows, &task, &err), 1);
	job = job_new(&task);
	assert_int_equal(tasks_claim_next(&rows, &task, &err), 0);
	return job;
}

static struct work work_on(const char *flow, const char *step)
{
	struct work work = { .script = script_new(":memory:") };
	struct script *script = work.script;
	char run_id[ID_MAX];
	struct err err;

	work.store = (struct store){ script->db, &script->key,
				     &script->settings, script_random,
				     script };
	if (strcmp(flow, "import") == 0) {
		script_run(script, run_id);
		snprintf(work.task_id, ID_MAX, "%s",
			 script_item(script, run_id, step).task_id);
	} else {
		script_task(script, flow, step, script->host_id,
			    work.task_id);
	}
	work.job = claim(script);
	OK(job_begin(work.job, &work.store, NOW, &err));
	return work;
}

#define WORK CLEANUP(work_done) struct work

static void answered(struct work *work, int status, const char *body)
{
	struct answer answer = { .status = status, .retry_after_ms = -1 };

	own_set(&answer.body, body);
	answer.body_len = strlen(body);
	job_answered(work->job, &work->store, &answer);
	assert_null(answer.body);
	assert_int_equal(work->job->state, JOB_READY);
}

/* Write the verdict; keep it, or let it be as if it had not been. */
static enum settled write_verdict(struct work *work,
				  const struct verdict *verdict, bool keep)
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	enum settled settled;
	struct err err;

	OK(db_tx_begin(&tx, work->script->db, &err));
	OK(settle_write(work->job, &work->store, verdict, OWNER, false, NOW,
			&settled, &err));
	if (keep)
		OK(db_tx_commit(&tx, &err));
	return settled;
}

static void a_job_asks_what_its_step_asks(void **state)
{
	WORK work = work_on("host_probe", "probe.groups");
	CLEANUP(wire_free) struct wire *wire = NULL;
	struct err err;

	(void)state;
	assert_int_equal(work.job->state, JOB_WAITING);
	assert_true(work.job->asked);
	assert_string_equal(work.job->limits.host, work.script->host_id);
	OK(job_wire(work.job, &work.store, &wire, &err));
	assert_string_equal(wire->headers[0], "x-api-key: " TOKEN);
	assert_int_equal(wire->timeout_ms,
			 work.script->settings.exchange_timeout_ms);
	assert_int_equal(wire->answer_max, work.script->settings.answer_max);
}

static void a_job_with_nothing_to_ask_is_ready(void **state)
{
	WORK work = work_on("host_probe", "probe.me");

	(void)state;
	assert_int_equal(work.job->state, JOB_READY);
	assert_false(work.job->asked);
}

static void a_request_without_its_secret_makes_no_wire(void **state)
{
	WORK work = work_on("import", "access.create_key");
	struct wire *wire = NULL;
	struct err err;

	(void)state;
	assert_int_equal(job_wire(work.job, &work.store, &wire, &err), -1);
	assert_non_null(strstr(err.msg, "access.create_key"));
	assert_null(wire);
}

/* Till it is committed, the task is where its row says that it is. */
static void a_write_that_is_rolled_back_can_be_repeated(void **state)
{
	WORK work = work_on("host_probe", "probe.public");
	struct job *job = work.job;
	struct verdict verdict;

	(void)state;
	answered(&work, 200, SETTINGS);
	verdict = settle_verdict(job, &work.script->settings, 1);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(write_verdict(&work, &verdict, false),
				 SETTLED_CONTINUES);
		assert_string_equal(job->task.step, "probe.public");
		assert_string_equal(job->task.memo, "{}");
		assert_string_equal(task_row(work.script, work.task_id),
				    "leased probe.public 0 -");
	}
	assert_int_equal(write_verdict(&work, &verdict, true),
			 SETTLED_CONTINUES);
	job_advance(job);
	assert_string_equal(job->task.step, "probe.login");
	assert_non_null(strstr(job->task.memo, "0.1.179"));
	assert_int_equal(job->task.step_since, NOW);
}

static const struct db_query q_secrets = { "test.settle_secrets",
	"SELECT count(*) FROM secrets WHERE kind = 'jwt'"
	" OR secret_id = $1" };

/* A login that was written twice leaves one token, and not the old one. */
static void a_secret_is_replaced_once(void **state)
{
	WORK work = work_on("import", "access.ask_token");
	struct job *job = work.job;
	struct verdict verdict;

	(void)state;
	fixture_sql(work.script->db, "INSERT INTO secrets (secret_id, kind, sealed,"
		" fingerprint, last4, created_at) VALUES"
		" ('sec_old', 'jwt', x'00', NULL, NULL, 1);"
		"INSERT INTO managed_resources (resource_id, host_id,"
		" resource_type, lookup, mark, state, secret_id, created_at,"
		" updated_at) SELECT 'res_1', h.host_id, 'user_token',"
		" 'sub|alice', 'm', 'present', 'sec_old', 1, 1"
		" FROM hosts h");
	job_reset(job, NULL);
	assert_int_equal(job_begin(job, &work.store, NOW, &(struct err){ 0 }),
			 0);
	answered(&work, 200, "{\"code\":0,\"data\":{\"access_token\":"
		 "\"jwt-new\",\"expires_in\":3600}}");
	assert_string_equal(job->captured, "jwt-new");
	assert_string_equal(job->replaces, "sec_old");
	/* Nothing of it is left where steps could see it. */
	assert_string_equal(answer_text(&job->answer, "/data/access_token"),
			    "***");
	assert_string_equal(job->answer.body, "");
	verdict = settle_verdict(job, &work.script->settings, 1);
	write_verdict(&work, &verdict, false);
	write_verdict(&work, &verdict, true);
	assert_string_equal(fixture_value(work.script->db, &q_secrets,
					  "sec_old"), "1");
}

static void a_step_that_failed_too_often_has_failed(void **state)
{
	static const struct {
		int64_t attempt;
		enum verdict_kind kind;
	} cases[] = { { 4, VERDICT_RETRY }, { 5, VERDICT_GO_TO } };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		WORK work = work_on("import", "access.find_user");
		struct verdict verdict;

		work.job->task.attempt = cases[i].attempt;
		answered(&work, 503, "{\"code\":503}");
		verdict = settle_verdict(work.job, &work.script->settings,
					 0);
		assert_int_equal(verdict.kind, cases[i].kind);
		assert_int_equal(verdict.failure, FAILURE_TRANSIENT);
		if (verdict.kind == VERDICT_RETRY)
			assert_int_equal(verdict.delay_ms, 4000);
		else
			assert_string_equal(verdict.step, flow_import.undo);
	}
}

/* Who stops takes nothing more: the next one goes on from there. */
static void what_is_taken_while_stopping_is_left_to_the_next(void **state)
{
	WORK work = work_on("import", "access.user");
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	enum settled settled;
	struct verdict verdict;
	struct err err;

	(void)state;
	verdict = settle_verdict(work.job, &work.script->settings, 0);
	assert_int_equal(verdict.kind, VERDICT_TAKE);
	OK(db_tx_begin(&tx, work.script->db, &err));
	OK(settle_write(work.job, &work.store, &verdict, OWNER, true, NOW,
			&settled, &err));
	OK(db_tx_commit(&tx, &err));
	assert_int_equal(settled, SETTLED_LEAVES);
	assert_string_equal(task_row(work.script, work.task_id),
			    "due access.find_user 0 -");
}

/* What failed while undoing is not undone again: the flow ends. */
static void a_failure_while_undoing_ends_it(void **state)
{
	WORK work = work_on("import", "undo.end");
	struct verdict verdict;

	(void)state;
	verdict = settle_verdict(work.job, &work.script->settings, 0);
	assert_int_equal(verdict.kind, VERDICT_FAILED);
	assert_int_equal(write_verdict(&work, &verdict, true),
			 SETTLED_LEAVES);
	assert_memory_equal(task_row(work.script, work.task_id), "done", 4);
}

static void who_is_told_to_end_asks_nothing_but_to_take_back(void **state)
{
	static const struct {
		const char *step;
		enum verdict_kind kind;
	} cases[] = {
		{ "access.find_user", VERDICT_GO_TO },
		{ "undo.key", VERDICT_GO_ON },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		WORK work = work_on("import", cases[i].step);
		struct verdict verdict;
		struct err err;

		job_reset(work.job, NULL);
		work.job->task.cancel = true;
		OK(job_begin(work.job, &work.store, NOW, &err));
		assert_int_equal(work.job->state, JOB_READY);
		verdict = settle_verdict(work.job, &work.script->settings,
					 0);
		assert_int_equal(verdict.kind, cases[i].kind);
		if (verdict.kind == VERDICT_GO_TO) {
			assert_int_equal(verdict.failure, FAILURE_CANCELLED);
			assert_string_equal(verdict.step, flow_import.undo);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_job_asks_what_its_step_asks),
		cmocka_unit_test(a_job_with_nothing_to_ask_is_ready),
		cmocka_unit_test(a_request_without_its_secret_makes_no_wire),
		cmocka_unit_test(a_write_that_is_rolled_back_can_be_repeated),
		cmocka_unit_test(a_secret_is_replaced_once),
		cmocka_unit_test(a_step_that_failed_too_often_has_failed),
		cmocka_unit_test(
			what_is_taken_while_stopping_is_left_to_the_next),
		cmocka_unit_test(a_failure_while_undoing_ends_it),
		cmocka_unit_test(
			who_is_told_to_end_asks_nothing_but_to_take_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
