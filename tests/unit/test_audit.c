/* The audit log: its chain, what breaks it, how it is read and shortened. */
#include "tests/unit/fixture.h"

#include <stdio.h>

#include "schedd/upkeep.h"
#include "shared/audit.h"
#include "shared/tokens.h"

static struct seal_private key;

static int setup(void **state)
{
	struct err err;

	OK(seal_start(&err));
	seal_generate(&key);
	*state = NULL;
	return 0;
}

static void add(struct db *db, const struct audit_entry *entry)
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	struct err err;

	OK(db_tx_begin(&tx, db, &err));
	OK(audit_add(db, &key.pub, entry, &err));
	OK(db_tx_commit(&tx, &err));
}

/* Rows 1 to n, each at its own moment, with something in every cell. */
static struct db *filled(int n)
{
	struct db *db = fixture_db();

	for (int i = 1; i <= n; i++) {
		char request[24];

		snprintf(request, sizeof(request), "req-%d", i);
		add(db, &(struct audit_entry){ .at = NOW + i, .cell = {
			[AUDIT_ACTOR] = i % 2 ? AUDIT_BY_TOKEN
					      : AUDIT_BY_SCHEDD,
			[AUDIT_TOKEN_ID] = "tok_1",
			[AUDIT_TOKEN_NAME] = "ops",
			[AUDIT_ACTION] = i % 3 ? "host.update" : "run.create",
			[AUDIT_OBJECT] = "host",
			[AUDIT_OBJECT_ID] = i % 2 ? "hst_1" : "hst_2",
			[AUDIT_HOST_ID] = "hst_1",
			[AUDIT_WHAT] = "{\"fields\":[\"name\"]}",
			[AUDIT_BEFORE] = "{\"name\":\"a\"}",
			[AUDIT_AFTER] = "{\"name\":\"b\"}",
			[AUDIT_REQUEST_ID] = request,
			[AUDIT_RESULT] = "200",
		} });
	}
	return db;
}

static struct audit_report verify_from(struct db *db,
				       const struct audit_place *after,
				       int64_t max)
{
	struct audit_report report;
	struct err err;

	OK(audit_verify(db, &key.pub, after, max, &report, &err));
	return report;
}

static struct audit_report verify(struct db *db)
{
	return verify_from(db, &(struct audit_place){ 0 }, 1000);
}

static void a_chain_holds_in_one_go_and_in_pages(void **state)
{
	CLEANUP(db_close) struct db *db = filled(10);
	struct audit_report report = verify(db);
	struct audit_place at = { 0 };
	int pages = 0;

	(void)state;
	assert_int_equal(report.problem, AUDIT_HOLDS);
	assert_int_equal(report.checked, 10);
	assert_int_equal(report.head.seq, 10);
	assert_string_equal(report.head.hash, report.end.hash);
	do {
		struct audit_report page = verify_from(db, &at, 3);

		assert_int_equal(page.problem, AUDIT_HOLDS);
		at = page.end;
		pages++;
	} while (at.seq < 10);
	assert_int_equal(pages, 4);
	assert_string_equal(at.hash, report.head.hash);
}

static void an_empty_log_holds(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_db();
	struct audit_report report = verify(db);

	(void)state;
	assert_int_equal(report.problem, AUDIT_HOLDS);
	assert_int_equal(report.checked, 0);
}

static void rows_are_neither_changed_nor_taken_out(void **state)
{
	static const char *const tries[] = {
		"UPDATE audit_log SET result = '201' WHERE seq = 2",
		"UPDATE audit_log SET seq = 9 WHERE seq = 3",
		"DELETE FROM audit_log WHERE seq = 3",
		"DELETE FROM audit_log",
		"INSERT INTO audit_log SELECT seq + 7, at, actor, token_id,"
		" token_name, action, object, object_id, host_id, what,"
		" before, after, request_id, result, prev_hash, hash"
		" FROM audit_log WHERE seq = 1",
		"INSERT OR REPLACE INTO audit_log SELECT seq, 1, actor,"
		" token_id, token_name, action, object, object_id, host_id,"
		" what, before, after, request_id, result, prev_hash, hash"
		" FROM audit_log WHERE seq = 2",
		"DELETE FROM audit_chain",
	};
	CLEANUP(db_close) struct db *db = filled(3);
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(tries); i++)
		if (db_script(db, tries[i], &err) == 0)
			fail_msg("allowed: %s", tries[i]);
	assert_int_equal(verify(db).checked, 3);
	assert_int_equal(verify(db).problem, AUDIT_HOLDS);
}

/* As somebody does who has the file and sqlite3. */
static void tamper(struct db *db, const char *text)
{
	fixture_sql(db, "DROP TRIGGER IF EXISTS audit_log_is_not_changed;"
		    "DROP TRIGGER IF EXISTS audit_log_is_not_shortened;"
		    "DROP TRIGGER IF EXISTS audit_log_has_no_holes;"
		    "DROP TRIGGER IF EXISTS audit_chain_goes_on;");
	fixture_sql(db, text);
}

static void a_changed_cell_is_found_whichever_it_is(void **state)
{
	static const char *const changes[] = {
		"at = at + 1", "actor = 'machine'", "token_id = 'tok_2'",
		"token_name = 'opt'", "token_name = NULL",
		"action = 'host.delete'", "object = 'hosts'",
		"object_id = 'hst_9'", "host_id = NULL", "what = '{}'",
		"before = '{\"name\":\"A\"}'", "after = NULL",
		"request_id = 'req-44'", "result = '500'",
		/* What one cell loses the next one gains. */
		"token_id = 'tok_1o', token_name = 'ps'",
		"hash = 'f' || substr(hash, 2)",
	};
	static const char links[] =
		"UPDATE audit_log SET prev_hash = replace(prev_hash,"
		" substr(prev_hash, 1, 1), 'g') WHERE seq = 4";

	(void)state;
	for (size_t i = 0; i < COUNT(changes); i++) {
		CLEANUP(db_close) struct db *db = filled(6);
		AUTO_FREE char *text = xasprintf("UPDATE audit_log SET %s"
			" WHERE seq = 4 AND hash NOT LIKE 'f%%'", changes[i]);
		struct audit_report report;

		tamper(db, text);
		report = verify(db);
		if (report.problem == AUDIT_HOLDS) {
			/* One in sixteen hashes begins like this. */
			AUTO_FREE char *other = xasprintf("UPDATE audit_log"
				" SET %s WHERE seq = 3", changes[i]);

			tamper(db, other);
			report = verify(db);
			assert_int_equal(report.bad_seq, 3);
			continue;
		}
		assert_int_equal(report.problem, AUDIT_BAD_HASH);
		assert_int_equal(report.bad_seq, 4);
		assert_int_equal(report.checked, 3);
	}
	CLEANUP(db_close) struct db *db = filled(6);

	tamper(db, links);
	assert_int_equal(verify(db).problem, AUDIT_BAD_LINK);
}

static void what_is_taken_out_or_cut_off_is_found(void **state)
{
	CLEANUP(db_close) struct db *db = filled(6);
	struct audit_place head = verify(db).head;
	enum audit_problem problem;
	struct err err;

	(void)state;
	tamper(db, "DELETE FROM audit_log WHERE seq = 6");
	/* The chain alone cannot know; who kept the head does. */
	assert_int_equal(verify(db).problem, AUDIT_HOLDS);
	OK(audit_expect(db, &head, &problem, &err));
	assert_int_equal(problem, AUDIT_MISSING);
	tamper(db, "DELETE FROM audit_log WHERE seq = 3");
	assert_int_equal(verify(db).problem, AUDIT_MISSING);
	assert_int_equal(verify(db).bad_seq, 4);
	tamper(db, "DELETE FROM audit_log WHERE seq < 3");
	assert_int_equal(verify(db).problem, AUDIT_MISSING);
}

/* Without the key nobody writes a row anew so that it holds. */
static void a_chain_under_another_key_does_not_hold(void **state)
{
	CLEANUP(db_close) struct db *db = filled(2);
	struct seal_private other;
	struct audit_report report;
	struct err err;

	(void)state;
	seal_generate(&other);
	OK(audit_verify(db, &other.pub, &(struct audit_place){ 0 }, 10,
			&report, &err));
	assert_int_equal(report.problem, AUDIT_BAD_HASH);
	assert_int_equal(report.bad_seq, 1);
}

static void a_head_that_was_kept_is_compared(void **state)
{
	CLEANUP(db_close) struct db *db = filled(4);
	struct audit_place head = verify(db).head, again;
	char text[AUDIT_PLACE_TEXT];
	enum audit_problem problem;
	struct err err;

	(void)state;
	audit_place_text(&head, text);
	assert_true(audit_place_parse(text, &again));
	assert_int_equal(again.seq, 4);
	OK(audit_expect(db, &again, &problem, &err));
	assert_int_equal(problem, AUDIT_HOLDS);
	again.hash[0] = again.hash[0] == 'a' ? 'b' : 'a';
	OK(audit_expect(db, &again, &problem, &err));
	assert_int_equal(problem, AUDIT_UNEXPECTED);
	assert_false(audit_place_parse("4", &again));
	assert_false(audit_place_parse("4:abc", &again));
	assert_false(audit_place_parse(":", &again));
}

static int64_t prune(struct db *db, int64_t before, int64_t max)
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	int64_t n;
	struct err err;

	OK(db_tx_begin(&tx, db, &err));
	OK(audit_prune(db, &key.pub, before, max, NOW + 100, &n, &err));
	OK(db_tx_commit(&tx, &err));
	return n;
}

static void old_rows_leave_and_the_chain_still_holds(void **state)
{
	CLEANUP(db_close) struct db *db = filled(10);
	CLEANUP(audit_row_done) struct audit_row row = { 0 };
	struct audit_place old = verify_from(db, &(struct audit_place){ 0 },
					     2).end;
	enum audit_problem problem;
	struct audit_report report;
	struct err err;

	(void)state;
	assert_int_equal(prune(db, NOW + 1, 100), 0);
	assert_int_equal(prune(db, NOW + 5, 3), 3);
	assert_int_equal(prune(db, NOW + 5, 3), 1);
	assert_int_equal(prune(db, NOW + 5, 3), 0);
	report = verify(db);
	assert_int_equal(report.problem, AUDIT_HOLDS);
	assert_int_equal(report.base_seq, 4);
	assert_int_equal(report.head.seq, 12);
	assert_int_equal(report.checked, 8);
	REFUSED(audit_get(db, 4, &row, &err), ERR_NOT_FOUND);
	OK(audit_get(db, 12, &row, &err));
	assert_string_equal(row.cell[AUDIT_ACTION], "audit.prune");
	OK(audit_expect(db, &old, &problem, &err));
	assert_int_equal(problem, AUDIT_HOLDS);
	/* The door is shut again behind them. */
	assert_int_equal(db_script(db, "DELETE FROM audit_log WHERE seq = 5",
				   &err), -1);
	/* All may leave; what says so stays. */
	assert_int_equal(prune(db, NOW + 1000, 100), 8);
	report = verify(db);
	assert_int_equal(report.problem, AUDIT_HOLDS);
	assert_int_equal(report.checked, 1);
}

static uint64_t some_random(void *arg)
{
	(void)arg;
	return 7;
}

/* crm-schedd drops them, a part with each turn, and then rests for a while. */
static void upkeep_drops_what_is_older_than_the_setting(void **state)
{
	CLEANUP(db_close) struct db *db = filled(10);
	struct settings settings = { .audit_keep_days = 2 };
	const struct store store = { .db = db, .key = &key,
		.settings = &settings, .random = some_random };
	const int64_t days[] = { 1, 2, 3, 3 };
	/* Both rows of prunes are younger than what they tell of. */
	const int64_t base[] = { 0, 0, 10, 10 };
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(days); i++) {
		struct upkeep upkeep = { 0 };
		int64_t now = NOW + days[i] * 86400000;

		for (int turn = 0; turn < 3; turn++)
			OK(upkeep_turn(&upkeep, &store, now, &err));
		assert_int_equal(verify(db).problem, AUDIT_HOLDS);
		assert_int_equal(verify(db).base_seq, base[i]);
	}
	assert_int_equal(verify(db).head.seq, 11);
	settings.audit_keep_days = 0;
	{
		struct upkeep upkeep = { 0 };

		OK(upkeep_turn(&upkeep, &store, NOW + 4000 * 86400000LL,
			       &err));
	}
	assert_int_equal(verify(db).head.seq, 11);
}

static void a_beginning_that_nobody_wrote_is_found(void **state)
{
	CLEANUP(db_close) struct db *db = filled(6);

	(void)state;
	tamper(db, "UPDATE audit_chain SET base_hash = (SELECT hash FROM"
	       " audit_log WHERE seq = 3), base_seq = 3;"
	       "DELETE FROM audit_log WHERE seq <= 3");
	assert_int_equal(verify(db).problem, AUDIT_BAD_BEGINNING);
}

static void a_tokens_name_is_the_one_of_then(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_db();
	CLEANUP(audit_row_done) struct audit_row row = { 0 };
	char id[ID_MAX];
	struct err err;

	(void)state;
	OK(tokens_add(db, &(struct token_spec){ .name = "night shift",
		.text = "crm_0123456789abcdef", .scope = SCOPE_ADMIN }, NOW, 7,
		id, &err));
	add(db, &(struct audit_entry){ .at = NOW, .cell = {
		[AUDIT_ACTOR] = AUDIT_BY_SCHEDD, [AUDIT_TOKEN_ID] = id,
		[AUDIT_ACTION] = "account.created", [AUDIT_RESULT] = "ok",
	} });
	fixture_sql(db, "UPDATE tokens SET name = 'other'");
	OK(audit_get(db, 1, &row, &err));
	assert_string_equal(row.cell[AUDIT_TOKEN_NAME], "night shift");
	assert_null(row.cell[AUDIT_BEFORE]);
}

static int64_t found(struct db *db, const struct audit_filter *filter)
{
	CLEANUP(walk_done) struct walk walk = { 0 };
	CLEANUP(audit_row_done) struct audit_row row = { 0 };
	int64_t n = 0, last = INT64_MAX;
	struct err err;

	OK(audit_list(&walk, db, filter, &err));
	while (audit_list_next(&walk, &row, &err) > 0) {
		assert_true(row.seq < last);
		last = row.seq;
		n++;
	}
	return n;
}

static void filters_narrow_the_list(void **state)
{
	CLEANUP(db_close) struct db *db = filled(12);
#define FILTER(...) &(struct audit_filter){ __VA_ARGS__ }

	(void)state;
	assert_int_equal(found(db, FILTER(0)), 12);
	assert_int_equal(found(db, FILTER(.before = 5)), 4);
	assert_int_equal(found(db, FILTER(.cell[AUDIT_ACTOR] = "token")), 6);
	assert_int_equal(found(db, FILTER(.cell[AUDIT_ACTION] =
					  "host.update")), 8);
	assert_int_equal(found(db, FILTER(.cell[AUDIT_ACTION] = "run")), 4);
	assert_int_equal(found(db, FILTER(.cell[AUDIT_ACTION] = "ru")), 0);
	assert_int_equal(found(db, FILTER(.cell[AUDIT_OBJECT_ID] = "hst_2")),
			 6);
	assert_int_equal(found(db, FILTER(.cell[AUDIT_OBJECT_ID] = "hst_2",
					  .cell[AUDIT_ACTION] = "run")), 2);
	assert_int_equal(found(db, FILTER(.cell[AUDIT_HOST_ID] = "hst_2")),
			 0);
	assert_int_equal(found(db, FILTER(.cell[AUDIT_TOKEN_ID] = "tok_1",
					  .cell[AUDIT_OBJECT] = "host")), 12);
	assert_int_equal(found(db, FILTER(.cell[AUDIT_REQUEST_ID] =
					  "req-7")), 1);
	assert_int_equal(found(db, FILTER(.since = NOW + 4,
					  .until = NOW + 6)), 3);
}

static void refusals_are_counted_by_the_minute(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_db();
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	struct audit_refusal seen, r = { .minute = NOW, .count = 3,
		.action = "host.update", .request_id = "req-1",
		.status = 401 };
	struct err err;

	(void)state;
	OK(audit_refused(db, &r, &err));
	r.count = 4;
	OK(audit_refused(db, &r, &err));
	r.minute += 60000;
	OK(audit_refused(db, &r, &err));
	OK(audit_refused_list(&rows, db, 10, &err));
	assert_int_equal(audit_refused_next(&rows, &seen, &err), 1);
	assert_int_equal(seen.count, 4);
	assert_int_equal(audit_refused_next(&rows, &seen, &err), 1);
	assert_int_equal(seen.count, 7);
	assert_string_equal(seen.action, "host.update");
	assert_int_equal(audit_refused_next(&rows, &seen, &err), 0);
	db_rows_done(&rows);
	OK(audit_refused_forget(db, NOW + 1, &err));
	OK(audit_refused_list(&rows, db, 10, &err));
	assert_int_equal(audit_refused_next(&rows, &seen, &err), 1);
	assert_int_equal(audit_refused_next(&rows, &seen, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_chain_holds_in_one_go_and_in_pages),
		cmocka_unit_test(an_empty_log_holds),
		cmocka_unit_test(rows_are_neither_changed_nor_taken_out),
		cmocka_unit_test(a_changed_cell_is_found_whichever_it_is),
		cmocka_unit_test(what_is_taken_out_or_cut_off_is_found),
		cmocka_unit_test(a_chain_under_another_key_does_not_hold),
		cmocka_unit_test(a_head_that_was_kept_is_compared),
		cmocka_unit_test(old_rows_leave_and_the_chain_still_holds),
		cmocka_unit_test(upkeep_drops_what_is_older_than_the_setting),
		cmocka_unit_test(a_beginning_that_nobody_wrote_is_found),
		cmocka_unit_test(a_tokens_name_is_the_one_of_then),
		cmocka_unit_test(filters_narrow_the_list),
		cmocka_unit_test(refusals_are_counted_by_the_minute),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
