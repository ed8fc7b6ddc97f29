#include "tests/unit/fixture.h"

#include "shared/notices.h"
#include "shared/table.h"

static const struct db_query q_count = { "test.count_notices",
	"SELECT count(*) || ' ' || count(ended_at) FROM notices"
	" WHERE notice_id > $1" };

static void raise(struct db *db, enum notice_kind kind, const char *subject,
		  const char *detail, int64_t now)
{
	static uint64_t random;
	struct err err;

	OK(notices_raise(db, &(struct notice_spec){ .kind = kind,
			 .subject = subject, .host_id = "hst_1",
			 .detail = detail }, now, ++random, &err));
}

static void one_is_open_for_each_subject(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_db();
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(notice_done) struct notice notice = { 0 };
	struct err err;

	(void)state;
	raise(db, NOTICE_HOST_SUSPECT, "hst_1", "{\"failed\":3}", NOW);
	raise(db, NOTICE_HOST_SUSPECT, "hst_1", "{\"failed\":4}", NOW + 1);
	raise(db, NOTICE_HOST_VERSION, "hst_1", NULL, NOW + 2);
	assert_string_equal(fixture_value(db, &q_count, ""), "2 0");
	OK(notices_end(db, NOTICE_HOST_SUSPECT, "hst_1", NOW + 3, &err));
	OK(notices_end(db, NOTICE_HOST_SUSPECT, "hst_1", NOW + 4, &err));
	raise(db, NOTICE_HOST_SUSPECT, "hst_1", "{\"failed\":5}", NOW + 5);
	assert_string_equal(fixture_value(db, &q_count, ""), "3 1");
	OK(notices_list(&rows, db, &(struct notice_filter){ .open = true }, "",
			2, &err));
	assert_int_equal(notices_next(&rows, &notice, &err), 1);
	assert_string_equal(notice.detail, "{\"failed\":5}");
	assert_int_equal(notice.ended_at, 0);
	assert_int_equal(notices_next(&rows, &notice, &err), 1);
	assert_int_equal(notice.kind, NOTICE_HOST_VERSION);
	assert_string_equal(notice.detail, "{}");
	assert_int_equal(notices_next(&rows, &notice, &err), 0);
	db_rows_done(&rows);
	OK(notices_list(&rows, db, &(struct notice_filter){ .open = false },
			notice.notice_id, 9, &err));
	assert_int_equal(notices_next(&rows, &notice, &err), 1);
	assert_int_equal(notice.kind, NOTICE_HOST_SUSPECT);
	assert_string_equal(notice.subject, "hst_1");
	assert_string_equal(notice.host_id, "hst_1");
	assert_null(notice.endpoint_key);
	assert_null(notice.class);
	assert_string_equal(notice.detail, "{\"failed\":4}");
	assert_int_equal(notice.at, NOW);
	assert_int_equal(notice.ended_at, NOW + 3);
}

static void the_oldest_that_ended_go(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_db();
	struct err err;

	(void)state;
	fixture_sql(db,
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1"
		" FROM n WHERE i < 5000)"
		" INSERT INTO notices SELECT printf('ntc_%04d', i),"
		" 'gave_up', 's', NULL, NULL, NULL, '{}', 1, 2 FROM n;");
	raise(db, NOTICE_HOST_SUSPECT, "hst_1", NULL, NOW);
	raise(db, NOTICE_HOST_SUSPECT, "hst_2", NULL, NOW);
	OK(notices_end(db, NOTICE_HOST_SUSPECT, "hst_1", NOW + 3, &err));
	assert_string_equal(fixture_value(db, &q_count, ""), "5001 5000");
	assert_string_equal(fixture_value(db, &q_count, "ntc_0001"),
			    "5001 5000");
}

static void every_kind_has_a_line_in_both_languages(void **state)
{
	struct notice notice = { .class = (char *)(uintptr_t)"timeout",
		.detail = (char *)(uintptr_t)"{\"from\":\"0.1.126\","
			"\"to\":\"0.1.179\",\"failed\":4,\"checked\":5,"
			"\"amount\":\"1.20\",\"currency\":\"CNY\","
			"\"expires_at\":\"2026-12-01\",\"model\":\"m\","
			"\"date\":\"2026-12-31\",\"times\":3,"
			"\"run_id\":\"run_1\",\"held\":7,"
			"\"reconcile_id\":\"rec_1\",\"findings\":2,"
			"\"selector\":\"alice\",\"day\":2,\"month\":9,"
			"\"left\":11,\"days\":5,\"balance\":\"0.10\","
			"\"account_id\":\"12\",\"old_last4\":\"abcd\"}" };

	(void)state;
	for (int kind = 0; kind < NOTICE_KIND__MAX; kind++) {
		AUTO_FREE char *zh = NULL, *en = NULL;

		notice.kind = (enum notice_kind)kind;
		zh = notice_text(&notice, "zh");
		en = notice_text(&notice, "en");
		assert_string_not_equal(zh, en);
		assert_null(strpbrk(zh, "{}?\n"));
		assert_null(strpbrk(en, "{}\n"));
		/* The class says what it is: its own sentence may ask. */
		assert_non_null(strstr(en, "No connection, or no answer"));
	}
	notice.kind = NOTICE_BALANCE_LOW;
	notice.class = NULL;
	notice.detail = NULL;
	{
		AUTO_FREE char *text = notice_text(&notice, "en");

		assert_string_equal(text, "The balance of a key is low: ? ?"
				    " left. Top it up soon.");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_is_open_for_each_subject),
		cmocka_unit_test(the_oldest_that_ended_go),
		cmocka_unit_test(every_kind_has_a_line_in_both_languages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
