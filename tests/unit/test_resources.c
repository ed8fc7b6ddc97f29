#include "tests/unit/fixture.h"

#include "shared/resources.h"
#include "shared/table.h"
#include "shared/tasks.h"

static const struct db_query q_row = { "test.resource",
	"SELECT state || ' ' || coalesce(host_resource_id, '-') || ' '"
	" || coalesce(made_by, '-') || ' ' || coalesce(failure_class, '-')"
	" || ' ' || coalesce(next_retry_at - 1790000000000, '-')"
	" FROM managed_resources WHERE resource_id = $1" };
static const struct db_query q_task = { "test.task_state",
	"SELECT state FROM tasks WHERE task_id = $1" };

/* A host, an item and the tasks tsk_a ... tsk_d, all due. */
static struct db *world(void)
{
	struct db *db = fixture_hosts();

	fixture_sql(db,
		"INSERT INTO tasks (task_id, flow, subject_id, host_id, step,"
		" step_since, state, not_before, created_at, updated_at)"
		" SELECT 'tsk_' || column1, 'import', column1, 'hst_1', 's',"
		" 1, 'due', 1, 1, 1"
		" FROM (VALUES ('a'), ('b'), ('c'), ('d'));"
		"INSERT INTO import_runs (run_id, host_id, origin,"
		" access_mode, subscription_users, subscription_days, state,"
		" items_total, created_by, created_at, updated_at) VALUES"
		" ('run_1', 'hst_1', 'batch_import', 'subscription', '[]', 30,"
		"  'running', 2, 'tok_1', 1, 1);"
		"INSERT INTO import_run_items (item_id, run_id, seq,"
		" provider_id, endpoint_key, base_url, api_key_secret_id,"
		" requested_models, current_stage, confirmation_status,"
		" access_status, created_at, updated_at)"
		" SELECT 'itm_' || column1, 'run_1', column1, 'p', 'p', 'u',"
		" 'sec_1', '[]', 'probe', 'pending', 'unknown', 1, 1"
		" FROM (VALUES (1), (2));");
	return db;
}

static void park(struct db *db, const char *task_id, const char *resource_id)
{
	AUTO_FREE char *sql = xasprintf("UPDATE tasks SET state = 'parked',"
					" parked_on = '%s' WHERE task_id ="
					" '%s'", resource_id, task_id);

	fixture_sql(db, sql);
}

static enum take take_as(struct db *db, const struct resource_want *want,
			 int64_t now, struct resource *ret)
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	static uint64_t random = 1;
	enum take take;
	struct err err;

	random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
	OK(db_tx_begin(&tx, db, &err));
	OK(resources_take(db, want, now, random >> 8, &take, ret, &err));
	OK(db_tx_commit(&tx, &err));
	return take;
}

static enum take take(struct db *db, const char *task_id,
		      struct resource *ret)
{
	return take_as(db, &(struct resource_want){ .host_id = "hst_1",
		       .type = RESOURCE_GROUP, .lookup = "kimi",
		       .task_id = task_id }, NOW, ret);
}

static void release(struct db *db, const char *task_id, const char *class,
		    int64_t next_retry_at)
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	struct err err;

	OK(db_tx_begin(&tx, db, &err));
	OK(resources_release(db, task_id, class, next_retry_at, NOW, &err));
	OK(db_tx_commit(&tx, &err));
}

static void save(struct db *db, struct resource *row, const char *task_id,
		 enum resource_state state, const char *host_id)
{
	struct err err;

	row->state = state;
	own_set(&row->host_resource_id, host_id);
	OK(resources_save(db, row, task_id, NOW, &err));
}

static void the_first_to_take_makes_and_others_wait(void **state)
{
	CLEANUP(db_close) struct db *db = world();
	CLEANUP(resource_done) struct resource row = { 0 };
	CLEANUP(resource_done) struct resource seen = { 0 };

	(void)state;
	assert_int_equal(take(db, "tsk_a", &row), TAKE_MINE);
	assert_memory_equal(row.resource_id, "res_", 4);
	assert_int_equal(strlen(row.mark), strlen("crm-abcdef-12345678"));
	assert_memory_equal(row.mark, "crm-", 4);
	assert_int_equal(row.state, RESOURCE_MAKING);
	assert_int_equal(row.generation, 1);
	assert_string_equal(row.made_by, "tsk_a");
	assert_int_equal(take(db, "tsk_b", &seen), TAKE_WAIT);
	assert_string_equal(seen.resource_id, row.resource_id);
	assert_string_equal(seen.mark, row.mark);
	/* A step that runs again after a crash still holds it. */
	assert_int_equal(take(db, "tsk_a", &seen), TAKE_MINE);
}

static void each_host_type_and_lookup_has_a_row_of_its_own(void **state)
{
	static const struct resource_want wants[] = {
		{ "hst_1", RESOURCE_GROUP, "kimi", "tsk_a", false },
		{ "hst_2", RESOURCE_GROUP, "kimi", "tsk_a", false },
		{ "hst_1", RESOURCE_USER, "kimi", "tsk_a", false },
		{ "hst_1", RESOURCE_GROUP, "deepseek", "tsk_a", false },
	};
	CLEANUP(db_close) struct db *db = world();
	char marks[COUNT(wants)][32];

	(void)state;
	for (size_t i = 0; i < COUNT(wants); i++) {
		CLEANUP(resource_done) struct resource row = { 0 };

		assert_int_equal(take_as(db, &wants[i], NOW, &row), TAKE_MINE);
		snprintf(marks[i], sizeof(marks[i]), "%s", row.mark);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(marks[i], marks[j]);
	}
}

static void settling_wakes_all_who_wait(void **state)
{
	CLEANUP(db_close) struct db *db = world();
	CLEANUP(resource_done) struct resource row = { 0 };
	CLEANUP(resource_done) struct resource seen = { 0 };

	(void)state;
	take(db, "tsk_a", &row);
	park(db, "tsk_b", row.resource_id);
	park(db, "tsk_c", row.resource_id);
	own_set(&row.wanted_json, "{\"name\":\"x\"}");
	row.generation = 3;
	save(db, &row, "tsk_a", RESOURCE_MAKING, NULL);
	assert_string_equal(fixture_value(db, &q_task, "tsk_b"), "parked");
	own_set(&row.written_json, "{\"id\":7}");
	own_set(&row.origin, "created");
	own_set(&row.secret_id, "sec_1");
	row.expires_at = NOW + 100;
	row.refusals = 2;
	save(db, &row, "tsk_a", RESOURCE_PRESENT, "7");
	assert_string_equal(fixture_value(db, &q_task, "tsk_b"), "due");
	assert_string_equal(fixture_value(db, &q_task, "tsk_c"), "due");
	assert_int_equal(take(db, "tsk_b", &seen), TAKE_PRESENT);
	assert_string_equal(seen.host_resource_id, "7");
	assert_string_equal(seen.wanted_json, "{\"name\":\"x\"}");
	assert_string_equal(seen.written_json, "{\"id\":7}");
	assert_string_equal(seen.origin, "created");
	assert_string_equal(seen.secret_id, "sec_1");
	assert_int_equal(seen.generation, 3);
	assert_int_equal(seen.expires_at, NOW + 100);
	assert_int_equal(seen.refusals, 2);
	assert_null(seen.made_by);
}

static void a_present_one_is_made_anew_when_held_or_expired(void **state)
{
	struct resource_want want = { "hst_1", RESOURCE_GROUP, "kimi",
				      "tsk_b", false };
	CLEANUP(db_close) struct db *db = world();
	CLEANUP(resource_done) struct resource row = { 0 };

	(void)state;
	take(db, "tsk_a", &row);
	row.expires_at = NOW + 10;
	save(db, &row, "tsk_a", RESOURCE_PRESENT, "7");
	assert_int_equal(take_as(db, &want, NOW + 9, &row), TAKE_PRESENT);
	want.hold = true;
	assert_int_equal(take_as(db, &want, NOW + 9, &row), TAKE_MINE);
	assert_string_equal(row.host_resource_id, "7");
	save(db, &row, "tsk_b", RESOURCE_PRESENT, "7");
	want.hold = false;
	assert_int_equal(take_as(db, &want, NOW + 10, &row), TAKE_MINE);
	assert_string_equal(row.made_by, "tsk_b");
}

static void a_maker_that_is_gone_is_replaced(void **state)
{
	CLEANUP(db_close) struct db *db = world();
	CLEANUP(resource_done) struct resource row = { 0 };

	(void)state;
	take(db, "tsk_a", &row);
	fixture_sql(db, "UPDATE tasks SET state = 'done'"
		    " WHERE task_id = 'tsk_a'");
	assert_int_equal(take(db, "tsk_b", &row), TAKE_MINE);
	assert_string_equal(row.made_by, "tsk_b");
	fixture_sql(db, "DELETE FROM tasks WHERE task_id = 'tsk_b'");
	assert_int_equal(take(db, "tsk_c", &row), TAKE_MINE);
}

static void only_the_maker_saves(void **state)
{
	CLEANUP(db_close) struct db *db = world();
	CLEANUP(resource_done) struct resource row = { 0 };
	struct err err;

	(void)state;
	take(db, "tsk_a", &row);
	row.state = RESOURCE_PRESENT;
	REFUSED(resources_save(db, &row, "tsk_b", NOW, &err), ERR_CONFLICT);
	save(db, &row, "tsk_a", RESOURCE_PRESENT, "7");
	/* Nobody makes it now: whoever finds it gone may say so. */
	save(db, &row, "tsk_b", RESOURCE_GONE, "7");
	REFUSED(resources_find(db, "hst_1", RESOURCE_GROUP, "kimi", &row,
			       &err), ERR_NOT_FOUND);
}

static void what_is_gone_is_made_under_another_mark(void **state)
{
	CLEANUP(db_close) struct db *db = world();
	CLEANUP(resource_done) struct resource old = { 0 };
	CLEANUP(resource_done) struct resource new = { 0 };

	(void)state;
	take(db, "tsk_a", &old);
	save(db, &old, "tsk_a", RESOURCE_GONE, "7");
	assert_int_equal(take(db, "tsk_a", &new), TAKE_MINE);
	assert_string_not_equal(old.resource_id, new.resource_id);
	assert_string_not_equal(old.mark, new.mark);
	assert_null(new.host_resource_id);
}

/* It is drawn anew with the thing, and nobody comes back to the old one. */
static void the_secret_of_what_is_gone_is_wiped(void **state)
{
	static const struct db_query q_sealed = { "test.sealed",
		"SELECT length(sealed) || ' ' || coalesce(purged_at, '-')"
		" FROM secrets WHERE secret_id = $1" };
	CLEANUP(db_close) struct db *db = world();
	CLEANUP(resource_done) struct resource row = { 0 };

	(void)state;
	fixture_sql(db, "INSERT INTO secrets (secret_id, kind, sealed,"
		    " created_at) VALUES ('sec_k', 'api_key', x'0000', 1)");
	take(db, "tsk_a", &row);
	own_set(&row.secret_id, "sec_k");
	save(db, &row, "tsk_a", RESOURCE_PRESENT, "7");
	assert_string_equal(fixture_value(db, &q_sealed, "sec_k"), "2 -");
	save(db, &row, "tsk_a", RESOURCE_GONE, "7");
	assert_string_equal(fixture_value(db, &q_sealed, "sec_k"),
			    "0 1790000000000");
}

static void a_host_id_belongs_to_one_row(void **state)
{
	const struct resource_want want = { "hst_1", RESOURCE_GROUP, "other",
					    "tsk_a", false };
	CLEANUP(db_close) struct db *db = world();
	CLEANUP(resource_done) struct resource row = { 0 };
	struct err err;

	(void)state;
	take(db, "tsk_a", &row);
	save(db, &row, "tsk_a", RESOURCE_PRESENT, "7");
	take_as(db, &want, NOW, &row);
	row.state = RESOURCE_PRESENT;
	own_set(&row.host_resource_id, "7");
	REFUSED(resources_save(db, &row, "tsk_a", NOW, &err), ERR_CONFLICT);
}

static void a_failed_maker_releases_and_one_waiter_tries_later(void **state)
{
	CLEANUP(db_close) struct db *db = world();
	CLEANUP(resource_done) struct resource row = { 0 };
	struct resource_want want = { "hst_1", RESOURCE_GROUP, "kimi",
				      "tsk_b", false };

	(void)state;
	take(db, "tsk_a", &row);
	park(db, "tsk_b", row.resource_id);
	park(db, "tsk_c", row.resource_id);
	release(db, "tsk_a", "host_refused", NOW + 50);
	assert_string_equal(fixture_value(db, &q_row, row.resource_id),
			    "wanted - - host_refused 50");
	assert_string_equal(fixture_value(db, &q_task, "tsk_b"), "due");
	assert_string_equal(fixture_value(db, &q_task, "tsk_c"), "parked");
	assert_int_equal(take(db, "tsk_b", &row), TAKE_LATER);
	assert_int_equal(row.next_retry_at, NOW + 50);
	assert_string_equal(row.failure_class, "host_refused");
	assert_int_equal(take_as(db, &want, NOW + 50, &row), TAKE_MINE);
}

static void what_three_makers_cannot_make_is_refused_for_a_while(void **state)
{
	CLEANUP(db_close) struct db *db = world();
	CLEANUP(resource_done) struct resource row = { 0 };
	struct resource_want want = { "hst_1", RESOURCE_GROUP, "kimi",
				      "tsk_c", false };

	(void)state;
	for (int i = 0; i < RESOURCE_REFUSALS_MAX; i++) {
		assert_int_equal(take(db, "tsk_a", &row), TAKE_MINE);
		park(db, "tsk_b", row.resource_id);
		release(db, "tsk_a", "host_auth", 0);
	}
	assert_int_equal(take(db, "tsk_b", &row), TAKE_REFUSED);
	assert_string_equal(row.failure_class, "host_auth");
	assert_int_equal(take_as(db, &want, NOW + RESOURCE_REFUSED_MS, &row),
			 TAKE_MINE);
}

/* Only the making itself counts: a key that does not work is not refusal. */
static void what_was_made_or_cancelled_is_not_refused(void **state)
{
	CLEANUP(db_close) struct db *db = world();
	CLEANUP(resource_done) struct resource row = { 0 };

	(void)state;
	for (int i = 0; i <= RESOURCE_REFUSALS_MAX; i++) {
		assert_int_equal(take(db, "tsk_a", &row), TAKE_MINE);
		release(db, "tsk_a", "cancelled", 0);
	}
	assert_int_equal(take(db, "tsk_b", &row), TAKE_MINE);
}

static void release_without_a_class_keeps_what_was_known(void **state)
{
	CLEANUP(db_close) struct db *db = world();
	CLEANUP(resource_done) struct resource row = { 0 };

	(void)state;
	take(db, "tsk_a", &row);
	own_set(&row.failure_class, "dns");
	own_set(&row.wanted_json, "{}");
	own_set(&row.secret_id, "sec_1");
	save(db, &row, "tsk_a", RESOURCE_MAKING, NULL);
	release(db, "tsk_a", "", 0);
	assert_string_equal(fixture_value(db, &q_row, row.resource_id),
			    "wanted - - dns -");
	assert_int_equal(take(db, "tsk_b", &row), TAKE_MINE);
	assert_string_equal(row.wanted_json, "{}");
	assert_string_equal(row.secret_id, "sec_1");
}

static void what_the_host_has_is_released_as_present(void **state)
{
	struct resource_want token = { "hst_1", RESOURCE_USER_TOKEN, "alice",
				       "tsk_a", false };
	CLEANUP(db_close) struct db *db = world();
	CLEANUP(resource_done) struct resource row = { 0 };
	CLEANUP(resource_done) struct resource jwt = { 0 };

	(void)state;
	take(db, "tsk_a", &row);
	save(db, &row, "tsk_a", RESOURCE_MAKING, "7");
	take_as(db, &token, NOW, &jwt);
	save(db, &jwt, "tsk_a", RESOURCE_MAKING, "9");
	park(db, "tsk_b", row.resource_id);
	park(db, "tsk_c", row.resource_id);
	release(db, "tsk_a", "", 0);
	assert_string_equal(fixture_value(db, &q_row, row.resource_id),
			    "present 7 - - -");
	assert_string_equal(fixture_value(db, &q_row, jwt.resource_id),
			    "wanted 9 - - -");
	/* Nobody settles it again, so all must be woken now. */
	assert_string_equal(fixture_value(db, &q_task, "tsk_b"), "due");
	assert_string_equal(fixture_value(db, &q_task, "tsk_c"), "due");
}

static void who_waits_for_nobody_is_woken(void **state)
{
	CLEANUP(db_close) struct db *db = world();
	CLEANUP(resource_done) struct resource row = { 0 };
	struct err err;

	(void)state;
	take(db, "tsk_a", &row);
	park(db, "tsk_b", row.resource_id);
	park(db, "tsk_c", row.resource_id);
	park(db, "tsk_d", row.resource_id);
	OK(resources_wake_forgotten(db, NOW, &err));
	assert_string_equal(fixture_value(db, &q_task, "tsk_b"), "parked");
	/* b is woken, and then cancelled before it takes the row. */
	release(db, "tsk_a", "dns", 0);
	fixture_sql(db, "UPDATE tasks SET state = 'done'"
		    " WHERE task_id IN ('tsk_a', 'tsk_b')");
	OK(resources_wake_forgotten(db, NOW, &err));
	assert_string_equal(fixture_value(db, &q_task, "tsk_c"), "due");
	assert_string_equal(fixture_value(db, &q_task, "tsk_d"), "parked");
	/* c makes it and dies without a trace. */
	take(db, "tsk_c", &row);
	OK(resources_wake_forgotten(db, NOW, &err));
	assert_string_equal(fixture_value(db, &q_task, "tsk_d"), "parked");
	fixture_sql(db, "DELETE FROM tasks WHERE task_id = 'tsk_c'");
	OK(resources_wake_forgotten(db, NOW, &err));
	assert_string_equal(fixture_value(db, &q_task, "tsk_d"), "due");
}

static void a_leaving_one_is_looked_at_again_soon(void **state)
{
	CLEANUP(db_close) struct db *db = world();
	CLEANUP(resource_done) struct resource row = { 0 };

	(void)state;
	take(db, "tsk_a", &row);
	save(db, &row, "tsk_a", RESOURCE_LEAVING, "7");
	assert_int_equal(take(db, "tsk_b", &row), TAKE_LATER);
	assert_int_equal(row.next_retry_at, NOW + 1000);
}

static void uses_are_counted_once_for_each_item(void **state)
{
	CLEANUP(db_close) struct db *db = world();
	CLEANUP(resource_done) struct resource row = { 0 };
	int64_t users = -1;
	struct err err;

	(void)state;
	take(db, "tsk_a", &row);
	OK(resources_users(db, row.resource_id, "itm_1", &users, &err));
	assert_int_equal(users, 0);
	OK(resources_use(db, row.resource_id, "itm_1", NOW, &err));
	OK(resources_use(db, row.resource_id, "itm_1", NOW, &err));
	OK(resources_use(db, row.resource_id, "itm_2", NOW, &err));
	OK(resources_users(db, row.resource_id, "itm_1", &users, &err));
	assert_int_equal(users, 1);
	OK(resources_users(db, row.resource_id, "", &users, &err));
	assert_int_equal(users, 2);
	REFUSED(resources_use(db, "res_none", "itm_1", NOW, &err),
		ERR_CONFLICT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_to_take_makes_and_others_wait),
		cmocka_unit_test(
			each_host_type_and_lookup_has_a_row_of_its_own),
		cmocka_unit_test(settling_wakes_all_who_wait),
		cmocka_unit_test(
			a_present_one_is_made_anew_when_held_or_expired),
		cmocka_unit_test(a_maker_that_is_gone_is_replaced),
		cmocka_unit_test(only_the_maker_saves),
		cmocka_unit_test(what_is_gone_is_made_under_another_mark),
		cmocka_unit_test(the_secret_of_what_is_gone_is_wiped),
		cmocka_unit_test(a_host_id_belongs_to_one_row),
		cmocka_unit_test(
			a_failed_maker_releases_and_one_waiter_tries_later),
		cmocka_unit_test(
			what_three_makers_cannot_make_is_refused_for_a_while),
		cmocka_unit_test(what_was_made_or_cancelled_is_not_refused),
		cmocka_unit_test(release_without_a_class_keeps_what_was_known),
		cmocka_unit_test(what_the_host_has_is_released_as_present),
		cmocka_unit_test(who_waits_for_nobody_is_woken),
		cmocka_unit_test(a_leaving_one_is_looked_at_again_soon),
		cmocka_unit_test(uses_are_counted_once_for_each_item),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
