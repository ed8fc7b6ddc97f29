/* reconcile_lost: which groups a row is not to be missed in, and which wait. */
#include <stdio.h>

#include "schedd/reconcile.h"
#include "shared/table.h"
#include "tests/unit/fixture.h"

/* Of group 7 there is a row; that of 8 was closed, and 9 was never ours. */
static struct db *with_groups(void)
{
	struct db *db = fixture_hosts();

	fixture_sql(db, "INSERT INTO managed_resources (resource_id, host_id,"
		" resource_type, lookup, mark, state, host_resource_id,"
		" created_at, updated_at) VALUES"
		" ('res_7', 'hst_1', 'group', 'a', 'crm-x-7', 'present', '7',"
		"  1, 1),"
		" ('res_8', 'hst_1', 'group', 'b', 'crm-x-8', 'gone', '8', 1,"
		"  1),"
		/* The same number on another host is another group. */
		" ('res_9', 'hst_2', 'group', 'c', 'crm-x-9', 'present', '9',"
		"  1, 1)");
	fixture_sql(db, "INSERT INTO reconcile_runs (reconcile_id, host_id,"
		" scope, mode, state, requested_by, created_at) VALUES"
		" ('rec_1', 'hst_1', 'host', 'repair', 'running', 'tok_1',"
		" 1)");
	return db;
}

/* Group 7 is not on the host, as this reconcile found. */
static void it_is_gone(struct db *db, const char *state, const char *by)
{
	AUTO_FREE char *sql = xasprintf("INSERT INTO reconcile_findings"
		" (reconcile_id, seq, resource_id, resource_type,"
		" host_resource_id, field, moved, action, certainty, state,"
		" settled_by, at) VALUES ('rec_1', 1, 'res_7', 'group', '7',"
		" 'exists', 'them', 'restore', 'certain', '%s', %s, 1)",
		state, by);

	fixture_sql(db, sql);
}

static struct reconcile row_of(enum resource_type type, const char *wanted)
{
	struct reconcile rc = { .row = { .type = type,
					 .wanted_json = xstrdup_null(wanted) } };

	rc.run.host_id = xstrdup("hst_1");
	rc.run.reconcile_id = xstrdup("rec_1");
	return rc;
}

static void row_done(struct reconcile *rc)
{
	reconcile_run_done(&rc->run);
	resource_done(&rc->row);
}

#define ROW CLEANUP(row_done) struct reconcile

static void load(struct db *db, struct reconcile *rc, bool repairs)
{
	const struct store store = { .db = db };
	struct err err;

	OK(reconcile_load_lost(&store, rc, repairs, &err));
}

static void a_group_without_a_row_is_nobodys_wish(void **state)
{
	CLEANUP(db_close) struct db *db = with_groups();
	ROW rc = row_of(RESOURCE_ACCOUNT, "{\"group_ids\":[7,8,9]}");
	json_auto_t *wanted = json_pack("{s[iii]}", "group_ids", 7, 8, 9);

	(void)state;
	load(db, &rc, true);
	assert_int_equal(rc.nlost, 2);
	assert_int_equal(rc.lost[0].id, 8);
	assert_int_equal(rc.lost[1].id, 9);
	assert_null(reconcile_waits(&rc));
	reconcile_leave_out_lost(&rc, wanted);
	assert_int_equal(json_array_size(json_object_get(wanted,
							 "group_ids")), 1);
}

static void a_binding_waits_while_somebody_is_asked(void **state)
{
	static const struct {
		const char *state, *by;
		bool repairs, waits;
	} cases[] = {
		{ "found", "NULL", true, true },
		{ "asked", "NULL", true, true },
		/* A look repairs nothing, so that nothing has to wait. */
		{ "asked", "NULL", false, false },
		/* Somebody did: the group is made anew, or was made. */
		{ "found", "'tok_1'", true, false },
		{ "repaired", "'tok_1'", true, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(db_close) struct db *db = with_groups();
		ROW rc = row_of(RESOURCE_USER_KEY, "{\"group_id\":7}");
		json_auto_t *wanted = json_pack("{si}", "group_id", 7);
		AUTO_FREE char *text = NULL;

		it_is_gone(db, cases[i].state, cases[i].by);
		load(db, &rc, cases[i].repairs);
		text = reconcile_waits(&rc);
		if (!text == cases[i].waits || rc.nlost != cases[i].waits)
			fail_msg("%zu: %s", i, text ? text : "it does not");
		if (text)
			assert_non_null(strstr(text, "group 7 "));
		reconcile_leave_out_lost(&rc, wanted);
		assert_int_equal(json_object_size(wanted), !cases[i].waits);
	}
}

/* Accounts and channels are in groups, keys in one, others in none. */
static void each_kind_names_its_groups_in_its_way(void **state)
{
	static const struct {
		enum resource_type type;
		const char *wanted;
		size_t lost;
	} cases[] = {
		{ RESOURCE_ACCOUNT, "{\"group_ids\":[8]}", 1 },
		{ RESOURCE_ACCOUNT, "{\"group_ids\":[]}", 0 },
		{ RESOURCE_ACCOUNT, "{\"group_id\":8}", 0 },
		{ RESOURCE_ACCOUNT, NULL, 0 },
		{ RESOURCE_CHANNEL, "{\"group_ids\":[8,7]}", 1 },
		{ RESOURCE_USER_KEY, "{\"group_id\":8}", 1 },
		{ RESOURCE_USER_KEY, "{\"group_id\":null}", 0 },
		{ RESOURCE_USER_KEY, "{\"group_ids\":[8]}", 0 },
		{ RESOURCE_GROUP, "{\"group_ids\":[8]}", 0 },
		{ RESOURCE_SUBSCRIPTION, "{\"group_id\":8}", 0 },
	};
	CLEANUP(db_close) struct db *db = with_groups();

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		ROW rc = row_of(cases[i].type, cases[i].wanted);

		load(db, &rc, true);
		if (rc.nlost != cases[i].lost)
			fail_msg("%zu: %zu", i, rc.nlost);
	}
	assert_true(reconcile_binds("group_ids"));
	assert_true(reconcile_binds("group_id"));
	assert_false(reconcile_binds("name"));
}

static void there_is_a_ceiling(void **state)
{
	CLEANUP(db_close) struct db *db = with_groups();
	ROW rc = row_of(RESOURCE_ACCOUNT, NULL);
	json_auto_t *wanted = json_object();
	json_t *ids = json_array();

	(void)state;
	for (int id = 100; id < 100 + RECONCILE_LOST_MAX + 3; id++)
		json_array_append_new(ids, json_integer(id));
	json_object_set_new(wanted, "group_ids", ids);
	rc.row.wanted_json = json_dumps(wanted, 0);
	load(db, &rc, true);
	assert_int_equal(rc.nlost, RECONCILE_LOST_MAX);
	reconcile_leave_out_lost(&rc, wanted);
	assert_int_equal(json_array_size(ids), 3);
}

static void rows_that_cannot_be_read_are_an_error(void **state)
{
	static const char *const broken[] = {
		"ALTER TABLE managed_resources RENAME COLUMN lookup TO other",
		"DROP TABLE reconcile_findings",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(broken); i++) {
		CLEANUP(db_close) struct db *db = with_groups();
		ROW rc = row_of(RESOURCE_ACCOUNT, "{\"group_ids\":[7]}");
		const struct store store = { .db = db };
		struct err err;

		fixture_sql(db, broken[i]);
		assert_int_equal(reconcile_load_lost(&store, &rc, true, &err),
				 -1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_group_without_a_row_is_nobodys_wish),
		cmocka_unit_test(a_binding_waits_while_somebody_is_asked),
		cmocka_unit_test(each_kind_names_its_groups_in_its_way),
		cmocka_unit_test(there_is_a_ceiling),
		cmocka_unit_test(rows_that_cannot_be_read_are_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
