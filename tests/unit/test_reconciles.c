/* The rows of reconciles: one of a scope at a time, decisions, what is kept. */
#include "tests/unit/fixture.h"

#include "shared/findings.h"
#include "shared/table.h"

static const struct reconcile_spec look = {
	.host_id = "hst_1", .scope = RECONCILE_HOST, .requested_by = "tok_1",
};

static int add(struct db *db, const struct reconcile_spec *spec, int64_t n,
	       char ret_id[ID_MAX], struct err *err)
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };

	*err = (struct err){ 0 };
	if (db_tx_begin(&tx, db, err))
		return -1;
	if (reconciles_add(db, spec, NOW + n, (uint64_t)n, ret_id, err))
		return -1;
	return db_tx_commit(&tx, err);
}

static void finish(struct db *db, const char *id, int64_t asked, int64_t n)
{
	CLEANUP(reconcile_run_done) struct reconcile_run run = { 0 };
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	struct err err;

	OK(db_tx_begin(&tx, db, &err));
	OK(reconciles_get(db, id, &run, &err));
	run.counts.asked = asked;
	run.result = asked ? RECONCILE_DRIFTED : RECONCILE_IN_SYNC;
	OK(reconciles_finish(db, &run, NOW + n, &err));
	OK(db_tx_commit(&tx, &err));
}

static void one_of_a_scope_runs(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_hosts();
	struct reconcile_spec spec = look;
	char first[ID_MAX], other[ID_MAX];
	struct err err;

	(void)state;
	OK(add(db, &look, 1, first, &err));
	OK(add(db, &look, 2, other, &err));
	assert_string_equal(first, other);	/* joined */
	spec.repair = true;
	assert_int_equal(add(db, &spec, 3, other, &err), -1);
	assert_int_equal(err.kind, ERR_CONFLICT);
	assert_string_equal(err.code, "reconcile_in_progress");
	assert_string_equal(first, other);
	spec.host_id = "hst_2";
	OK(add(db, &spec, 4, other, &err));
	assert_string_not_equal(first, other);
	finish(db, first, 0, 5);
	spec.host_id = "hst_1";
	OK(add(db, &spec, 6, other, &err));
	assert_string_not_equal(first, other);
	/* Who repairs looks as well. */
	OK(add(db, &look, 7, first, &err));
	assert_string_equal(first, other);
}

static void a_decision_lets_it_go_on(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_hosts();
	CLEANUP(reconcile_run_done) struct reconcile_run run = { 0 };
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	char id[ID_MAX], other[ID_MAX];
	struct err err;

	(void)state;
	OK(add(db, &look, 1, id, &err));
	finish(db, id, 1, 2);
	OK(reconciles_get(db, id, &run, &err));
	assert_true(run.done && run.result == RECONCILE_DRIFTED);
	OK(db_tx_begin(&tx, db, &err));
	OK(reconciles_resume(db, &run, NOW + 3, 3, &err));
	OK(reconciles_resume(db, &run, NOW + 4, 4, &err));
	OK(db_tx_commit(&tx, &err));
	OK(reconciles_get(db, id, &run, &err));
	assert_false(run.done);
	finish(db, id, 1, 5);
	OK(add(db, &look, 6, other, &err));
	OK(db_tx_begin(&tx, db, &err));
	REFUSED(reconciles_resume(db, &run, NOW + 7, 7, &err), ERR_CONFLICT);
}

static const struct db_query q_kept = { "test.kept",
	"SELECT count(*) || ' ' || coalesce(sum(findings_asked), 0)"
	" FROM reconcile_runs WHERE host_id = $1" };

static void old_ones_are_forgotten(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_hosts();
	AUTO_FREE char *most = xasprintf("%d 3", RECONCILES_KEPT + 3);
	char id[ID_MAX];
	struct err err;

	(void)state;
	/* The first few wait for somebody to decide. */
	for (int64_t i = 1; i <= RECONCILES_KEPT + 20; i++) {
		OK(add(db, &look, 10 * i, id, &err));
		finish(db, id, i <= 3, 10 * i + 5);
	}
	assert_string_equal(fixture_value(db, &q_kept, "hst_1"), most);
	/* Even of those there is an end. */
	for (int64_t i = 1; i <= RECONCILES_KEPT_OPEN + 5; i++) {
		OK(add(db, &look, 10000 + 10 * i, id, &err));
		finish(db, id, 1, 10000 + 10 * i + 5);
	}
	free(most);
	most = xasprintf("%d %d", RECONCILES_KEPT_OPEN, RECONCILES_KEPT_OPEN);
	assert_string_equal(fixture_value(db, &q_kept, "hst_1"), most);
}

static void what_may_be_decided_is_of_the_table(void **state)
{
	(void)state;
	assert_true(finding_can(RESOURCE_ACCOUNT, "base_url", OWNED_ACCEPT));
	assert_true(finding_can(RESOURCE_ACCOUNT, "base_url", OWNED_RESTORE));
	assert_false(finding_can(RESOURCE_ACCOUNT, "key", OWNED_ACCEPT));
	assert_false(finding_can(RESOURCE_GROUP, OWNED_EXISTS, OWNED_RESTORE));
	assert_false(finding_can(RESOURCE_GROUP, "platform", OWNED_RESTORE));
	for (size_t i = 0; i < owned_fields_count; i++) {
		const struct owned_field *f = &owned_fields[i];

		/* What policy says can be done. */
		if (f->policy != OWNED_ASK)
			assert_true(finding_can(f->type, f->name, f->policy));
		assert_false(finding_can(f->type, f->name, OWNED_ASK));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_of_a_scope_runs),
		cmocka_unit_test(a_decision_lets_it_go_on),
		cmocka_unit_test(old_ones_are_forgotten),
		cmocka_unit_test(what_may_be_decided_is_of_the_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
