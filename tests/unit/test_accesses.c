#include "tests/unit/world.h"

#include "shared/table.h"

static struct access get(struct db *db, const char *id)
{
	struct access access = { 0 };
	struct err err;

	OK(accesses_get(db, id, &access, &err));
	return access;
}

static void a_new_access_is_unknown(void **state)
{
	CLEANUP(db_close) struct db *db = world_db();
	CLEANUP(access_done) struct access access = { 0 };
	char id[ID_MAX], again[ID_MAX];
	struct err err;

	(void)state;
	world_access(db, "hst_1", "alice", NOW, id);
	world_access(db, "hst_1", "alice", NOW + 1, again);
	assert_string_equal(again, id);
	access = get(db, id);
	assert_string_equal(access.host_id, "hst_1");
	assert_string_equal(access.endpoint_key, WORLD_ENDPOINT);
	assert_int_equal(access.mode, ACCESS_SUBSCRIPTION);
	assert_string_equal(access.selector, "alice");
	assert_string_equal(access.item_id, "itm_1");
	assert_string_equal(access.key_source, "managed_subscription");
	assert_int_equal(access.status, ACCESS_UNKNOWN);
	assert_int_equal(access.status_since, NOW);
	assert_int_equal(access.next_check_at, 0);
	assert_int_equal(access.updated_at, NOW + 1);
	assert_false(access_is_stale(&access, INT64_MAX));
	REFUSED(accesses_get(db, "acc_none", &access, &err), ERR_NOT_FOUND);
}

static void a_proof_makes_it_active_and_forgets_failures(void **state)
{
	CLEANUP(db_close) struct db *db = world_db();
	CLEANUP(access_done) struct access access = { 0 };
	char id[ID_MAX], proof_id[ID_MAX];
	struct err err;

	(void)state;
	world_access(db, "hst_1", "alice", NOW, id);
	access = get(db, id);
	access.status = ACCESS_BROKEN;
	access.failures = 3;
	access.first_failure_at = NOW;
	own_set(&access.failure_class, "key_invalid");
	own_set(&access.diagnosis, "{}");
	OK(accesses_save(db, &access, NOW + 1, &err));
	world_prove(db, "itm_2", id, true, NOW + 2, proof_id);
	OK(accesses_proven(db, id, proof_id, NOW + 50, NOW + 2, &err));
	access_done(&access);
	access = get(db, id);
	assert_int_equal(access.status, ACCESS_ACTIVE);
	assert_int_equal(access.status_since, NOW + 2);
	assert_int_equal(access.failures, 0);
	assert_null(access.failure_class);
	assert_null(access.diagnosis);
	assert_string_equal(access.item_id, "itm_2");
	assert_string_equal(access.last_proof_id, proof_id);
	assert_int_equal(access.proven_at, NOW + 2);
	assert_int_equal(access.proof_expires_at, NOW + 86400002);
	assert_int_equal(access.next_check_at, NOW + 50);
	assert_false(access_is_stale(&access, NOW + 86400001));
	assert_true(access_is_stale(&access, NOW + 86400002));
	OK(accesses_proven(db, id, proof_id, 0, NOW + 3, &err));
	access_done(&access);
	access = get(db, id);
	assert_int_equal(access.status_since, NOW + 2);
	assert_int_equal(access.next_check_at, 0);
	REFUSED(accesses_proven(db, "acc_none", proof_id, 0, NOW, &err),
		ERR_NOT_FOUND);
}

static void what_a_check_changes_is_saved(void **state)
{
	CLEANUP(db_close) struct db *db = world_db();
	CLEANUP(access_done) struct access access = { 0 };
	CLEANUP(access_done) struct access back = { 0 };
	char id[ID_MAX];
	struct err err;

	(void)state;
	world_access(db, "hst_1", "alice", NOW, id);
	access = get(db, id);
	access.status = ACCESS_DEGRADED;
	access.failures = 2;
	access.first_failure_at = NOW + 3;
	access.surfaces_at = NOW + 4;
	access.proven_at = NOW + 5;
	access.checked_at = NOW + 6;
	access.next_check_at = NOW + 7;
	own_set(&access.failure_class, "timeout");
	own_set(&access.diagnosis, "{\"hop\":\"gateway\"}");
	own_set(&access.surfaces, "[1]");
	own_set(&access.last_proof_id, "prf_gone");
	OK(accesses_save(db, &access, NOW + 8, &err));
	back = get(db, id);
	assert_int_equal(back.status, ACCESS_DEGRADED);
	assert_int_equal(back.status_since, NOW + 8);
	assert_int_equal(back.failures, 2);
	assert_int_equal(back.first_failure_at, NOW + 3);
	assert_int_equal(back.surfaces_at, NOW + 4);
	assert_int_equal(back.checked_at, NOW + 6);
	assert_int_equal(back.next_check_at, NOW + 7);
	assert_string_equal(back.failure_class, "timeout");
	assert_string_equal(back.diagnosis, "{\"hop\":\"gateway\"}");
	assert_string_equal(back.surfaces, "[1]");
	/* A proof that is not there proves nothing. */
	assert_int_equal(back.proof_expires_at, 0);
	assert_true(access_is_stale(&back, NOW + 6));
	OK(accesses_save(db, &back, NOW + 9, &err));
	access_done(&back);
	back = get(db, id);
	assert_int_equal(back.status_since, NOW + 8);
	own_set(&back.access_id, "acc_none");
	REFUSED(accesses_save(db, &back, NOW, &err), ERR_NOT_FOUND);
}

static void words_of_an_access_follow_from_both_modes(void **state)
{
	static const struct {
		enum access_status status;
		enum access_mode mode;
		bool other;
		const char *word;
	} cases[] = {
		{ ACCESS_UNKNOWN, ACCESS_SUBSCRIPTION, false, "unknown" },
		{ ACCESS_UNKNOWN, ACCESS_SUBSCRIPTION, true, "unknown" },
		{ ACCESS_ACTIVE, ACCESS_SUBSCRIPTION, false,
		  "subscription_ready" },
		{ ACCESS_DEGRADED, ACCESS_SELF_SERVICE, false,
		  "self_service_ready" },
		{ ACCESS_ACTIVE, ACCESS_SELF_SERVICE, true, "fully_ready" },
		{ ACCESS_BROKEN, ACCESS_SUBSCRIPTION, true, "broken" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct access access = { .status = cases[i].status,
					       .mode = cases[i].mode };

		assert_string_equal(access_word(&access, cases[i].other),
				    cases[i].word);
	}
}

static void set_status(struct db *db, const char *id,
		       enum access_status status)
{
	CLEANUP(access_done) struct access access = get(db, id);
	struct err err;

	access.status = status;
	OK(accesses_save(db, &access, NOW, &err));
}

static void the_other_mode_is_looked_for(void **state)
{
	CLEANUP(db_close) struct db *db = world_db();
	char id[ID_MAX];
	struct err err;
	bool active;

	(void)state;
	world_access(db, "hst_1", "alice", NOW, id);
	OK(accesses_active(db, "hst_1", WORLD_ENDPOINT, "",
			   ACCESS_SUBSCRIPTION,
			   &active, &err));
	assert_false(active);
	set_status(db, id, ACCESS_ACTIVE);
	OK(accesses_active(db, "hst_1", WORLD_ENDPOINT, "",
			   ACCESS_SUBSCRIPTION,
			   &active, &err));
	assert_true(active);
	OK(accesses_active(db, "hst_1", WORLD_ENDPOINT, "",
			   ACCESS_SELF_SERVICE,
			   &active, &err));
	assert_false(active);
}

static int64_t count(struct db *db, const struct access_filter *filter,
		     const char *after, int64_t limit, char *ret_last)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(access_done) struct access access = { 0 };
	struct err err;
	int64_t n = 0;
	int more;

	OK(accesses_list(&rows, db, filter, after, limit, &err));
	while ((more = accesses_next(&rows, &access, &err)) > 0) {
		snprintf(ret_last, ID_MAX, "%s", access.access_id);
		n++;
	}
	assert_int_equal(more, 0);
	return n;
}

static void accesses_are_listed_by_page_and_filter(void **state)
{
	static const struct {
		struct access_filter filter;
		int64_t want;
	} cases[] = {
		{ { 0 }, 3 },
		{ { .host_id = "hst_1" }, 2 },
		{ { .host_id = "hst_2", .status = "broken" }, 1 },
		{ { .host_id = "hst_1", .status = "broken" }, 0 },
		{ { .endpoint_key = WORLD_ENDPOINT }, 3 },
		{ { .endpoint_key = "other" }, 0 },
		{ { .status = "unknown" }, 2 },
		{ { .status = "broken", .access_mode = "subscription" }, 1 },
		{ { .access_mode = "subscription" }, 3 },
		{ { .access_mode = "self_service" }, 0 },
		{ { .host_id = "", .status = "" }, 3 },
	};
	CLEANUP(db_close) struct db *db = world_db();
	char id[3][ID_MAX], last[ID_MAX];

	(void)state;
	world_access(db, "hst_1", "alice", NOW, id[0]);
	world_access(db, "hst_1", "bob", NOW + 1, id[1]);
	world_access(db, "hst_2", "alice", NOW + 2, id[2]);
	set_status(db, id[2], ACCESS_BROKEN);
	for (size_t i = 0; i < COUNT(cases); i++)
		if (count(db, &cases[i].filter, NULL, 9, last) !=
		    cases[i].want)
			fail_msg("case %zu", i);
	assert_int_equal(count(db, &cases[0].filter, "", 2, last), 2);
	assert_string_equal(last, id[1]);
	assert_int_equal(count(db, &cases[0].filter, last, 2, last), 1);
	assert_string_equal(last, id[2]);
}

static void plan(struct db *db, const char *id, int64_t at)
{
	CLEANUP(access_done) struct access access = get(db, id);
	struct err err;

	access.next_check_at = at;
	OK(accesses_save(db, &access, NOW, &err));
}

static void what_is_due_comes_oldest_first(void **state)
{
	CLEANUP(db_close) struct db *db = world_db();
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(access_done) struct access access = { 0 };
	char id[3][ID_MAX];
	struct err err;
	int64_t due;

	(void)state;
	OK(accesses_next_due(db, &due, &err));
	assert_int_equal(due, INT64_MAX);
	world_access(db, "hst_1", "a", NOW, id[0]);
	world_access(db, "hst_1", "b", NOW, id[1]);
	world_access(db, "hst_1", "c", NOW, id[2]);
	plan(db, id[0], NOW + 2);
	plan(db, id[1], NOW + 1);
	OK(accesses_next_due(db, &due, &err));
	assert_int_equal(due, NOW + 1);
	OK(accesses_due(&rows, db, NOW, 9, &err));
	assert_int_equal(accesses_next(&rows, &access, &err), 0);
	db_rows_done(&rows);
	OK(accesses_due(&rows, db, NOW + 2, 9, &err));
	assert_int_equal(accesses_next(&rows, &access, &err), 1);
	assert_string_equal(access.access_id, id[1]);
	assert_int_equal(accesses_next(&rows, &access, &err), 1);
	assert_string_equal(access.access_id, id[0]);
	assert_int_equal(accesses_next(&rows, &access, &err), 0);
}

static void check(struct db *db, const char *id, int64_t at,
		  const char *class)
{
	CLEANUP(access_done) struct access access = get(db, id);
	struct err err;

	access.checked_at = at;
	own_set(&access.failure_class, class);
	OK(accesses_save(db, &access, NOW, &err));
}

static void a_tally_counts_the_last_checks(void **state)
{
	CLEANUP(db_close) struct db *db = world_db();
	struct access_tally tally = { 0 };
	char id[4][ID_MAX];
	struct err err;

	(void)state;
	world_access(db, "hst_1", "a", NOW, id[0]);
	world_access(db, "hst_1", "b", NOW, id[1]);
	world_access(db, "hst_1", "c", NOW, id[2]);
	world_access(db, "hst_2", "d", NOW, id[3]);
	check(db, id[0], NOW + 1, NULL);
	check(db, id[1], NOW + 2, "timeout");
	check(db, id[2], NOW + 3, "timeout");
	check(db, id[3], NOW + 4, "timeout");
	OK(accesses_tally_host(db, "hst_1", NOW, 9, &tally, &err));
	assert_int_equal(tally.checked, 3);
	assert_int_equal(tally.failed, 2);
	OK(accesses_tally_host(db, "hst_1", NOW + 2, 9, &tally, &err));
	assert_int_equal(tally.checked, 2);
	OK(accesses_tally_host(db, "hst_1", NOW, 1, &tally, &err));
	assert_int_equal(tally.checked, 1);
	OK(accesses_tally_endpoint(db, WORLD_ENDPOINT, NOW, 9, &tally, &err));
	assert_int_equal(tally.checked, 4);
	assert_int_equal(tally.failed, 3);
	OK(accesses_tally_endpoint(db, "none", NOW, 9, &tally, &err));
	assert_int_equal(tally.checked, 0);
	assert_int_equal(tally.failed, 0);
}

static void the_newest_events_are_kept(void **state)
{
	const struct access_event event = {
		.at = NOW,
		.kind = (char *)(uintptr_t)"repaired",
		.class = (char *)(uintptr_t)"responses_forced",
		.detail = (char *)(uintptr_t)"{}",
	};
	CLEANUP(db_close) struct db *db = world_db();
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(access_event_done) struct access_event back = { 0 };
	char id[ID_MAX];
	struct err err;
	int64_t n = 0;

	(void)state;
	world_access(db, "hst_1", "a", NOW, id);
	for (int i = 0; i < ACCESS_EVENTS_KEPT + 5; i++)
		OK(access_events_add(db, id, &event, &err));
	OK(access_events_list(&rows, db, id, 1000, &err));
	while (access_events_next(&rows, &back, &err) > 0)
		if (n++ == 0)
			assert_int_equal(back.seq, ACCESS_EVENTS_KEPT + 5);
	assert_int_equal(n, ACCESS_EVENTS_KEPT);
	assert_int_equal(back.seq, 6);
	assert_int_equal(back.at, NOW);
	assert_string_equal(back.kind, "repaired");
	assert_string_equal(back.class, "responses_forced");
	assert_string_equal(back.detail, "{}");
	REFUSED(access_events_add(db, "acc_none", &event, &err),
		ERR_CONFLICT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_access_is_unknown),
		cmocka_unit_test(a_proof_makes_it_active_and_forgets_failures),
		cmocka_unit_test(what_a_check_changes_is_saved),
		cmocka_unit_test(words_of_an_access_follow_from_both_modes),
		cmocka_unit_test(the_other_mode_is_looked_for),
		cmocka_unit_test(accesses_are_listed_by_page_and_filter),
		cmocka_unit_test(what_is_due_comes_oldest_first),
		cmocka_unit_test(a_tally_counts_the_last_checks),
		cmocka_unit_test(the_newest_events_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
