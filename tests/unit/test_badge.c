/* What states are called: all of them, and no others. */
#include "tests/unit/fixture.h"

#include "shared/accesses.h"
#include "shared/badge.h"
#include "shared/buf.h"
#include "shared/hosts.h"
#include "shared/runs.h"

/* Where the database says which states there are. */
static const struct {
	enum badge_kind kind;
	const char *table, *column;
} checks[] = {
	{ BADGE_RUN, "import_runs", "state" },
	{ BADGE_CANARY, "import_runs", "canary_state" },
	{ BADGE_MODE, "import_runs", "access_mode" },
	{ BADGE_STAGE, "import_run_items", "current_stage" },
	{ BADGE_CONFIRMATION, "import_run_items", "confirmation_status" },
	{ BADGE_ACCESS, "import_run_items", "access_status" },
	{ BADGE_MATCH, "import_run_items", "matched_account_state" },
	{ BADGE_RESOLUTION, "import_run_items", "account_resolution" },
	{ BADGE_VALIDATION, "import_run_items", "validation_status" },
	{ BADGE_HOST, "hosts", "state" },
	{ BADGE_RECONCILE, "reconcile_runs", "result" },
	{ BADGE_FINDING, "reconcile_findings", "state" },
};

/* Words that the API says of accesses only, see access_word(). */
static const char *const words[] = {
	"subscription_ready", "self_service_ready", "fully_ready",
};

static const struct db_query q_table = { "test.table",
	"SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = $1" };

/* The list of "CHECK (column IN ('a', 'b'))", with a ' on both ends. */
static char *check_of(struct db *db, const char *table, const char *column)
{
	AUTO_FREE char *check = xasprintf("(%s IN", column);
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	const char *at;
	struct err err;

	OK(db_query(&rows, db, &q_table, DB_ARGS(DB_TEXT(table)), &err));
	assert_int_equal(db_next(&rows, &err), 1);
	at = strstr(db_must(&rows, 0), check);
	assert_non_null(at);
	at = strchr(at + strlen(check), '(');
	return xstrndup(at, strcspn(at, ")"));
}

static bool is_word(const char *state)
{
	for (size_t i = 0; i < COUNT(words); i++)
		if (strcmp(words[i], state) == 0)
			return true;
	return false;
}

static size_t quotes_in(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\'';
	return n;
}

static void every_state_of_the_schema_has_a_badge(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_db();
	size_t count, seen = 0;
	const struct badge *all = badge_all(&count);

	(void)state;
	assert_int_equal(COUNT(checks), BADGE_KIND__MAX);
	for (size_t i = 0; i < COUNT(checks); i++) {
		AUTO_FREE char *list = check_of(db, checks[i].table,
						checks[i].column);
		size_t mine = 0;

		for (size_t k = 0; k < count; k++) {
			AUTO_FREE char *quoted = xasprintf("'%s'",
							   all[k].state);

			if (all[k].kind != checks[i].kind)
				continue;
			seen++;
			if (checks[i].kind == BADGE_ACCESS &&
			    is_word(all[k].state))
				continue;
			if (!strstr(list, quoted))
				fail_msg("%s is not in %s", quoted, list);
			mine++;
		}
		assert_int_equal(mine * 2, quotes_in(list));
	}
	assert_int_equal(seen, count);
}

static void badges_are_whole_and_in_order(void **state)
{
	size_t count;
	const struct badge *all = badge_all(&count);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		assert_true(*all[i].zh && *all[i].en);
		assert_true((unsigned char)*all[i].zh >= 0x80);
		assert_true(all[i].tone < BADGE_TONE__MAX);
		assert_true(i == 0 || all[i].kind >= all[i - 1].kind);
		assert_ptr_equal(badge_find(all[i].kind, all[i].state),
				 &all[i]);
	}
	assert_null(badge_find(BADGE_RUN, "none"));
	assert_null(badge_find(BADGE_RUN, NULL));
}

static void a_label_is_in_the_language_asked_for(void **state)
{
	(void)state;
	assert_string_equal(badge_label(BADGE_ACCESS, "active", "zh"), "可用");
	assert_string_equal(badge_label(BADGE_ACCESS, "active", "en"),
			    "active");
	assert_string_equal(badge_label(BADGE_ACCESS, "odd", "en"), "odd");
	assert_string_equal(badge_label(BADGE_RESOLUTION, NULL, "en"), "");
}

static void every_word_of_an_access_has_a_badge(void **state)
{
	(void)state;
	for (int i = 0; i < ACCESS_STATUS__MAX * ACCESS_MODE__MAX * 2; i++) {
		const struct access access = {
			.status = (enum access_status)(i / 2 %
						       ACCESS_STATUS__MAX),
			.mode = (enum access_mode)(i / 2 / ACCESS_STATUS__MAX),
		};

		assert_non_null(badge_find(BADGE_ACCESS,
					   access_word(&access, i % 2)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_state_of_the_schema_has_a_badge),
		cmocka_unit_test(badges_are_whole_and_in_order),
		cmocka_unit_test(a_label_is_in_the_language_asked_for),
		cmocka_unit_test(every_word_of_an_access_has_a_badge),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
