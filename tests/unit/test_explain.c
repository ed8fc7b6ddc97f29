#include "tests/unit/explain_cases.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "shared/jout.h"

#define GOLDEN "tests/data/explain/"

static char *read_file(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = xcalloc(1, 65536);

	if (!file)
		fail_msg("%s: %s", path, strerror(errno));
	text[fread(text, 1, 65535, file)] = '\0';
	fclose(file);
	return text;
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	if (!file || fputs(text, file) < 0 || fclose(file))
		fail_msg("%s: %s", path, strerror(errno));
}

static void compare(const struct explain_case *the, const char *lang,
		    const char *text)
{
	AUTO_FREE char *path = xasprintf(GOLDEN "%s.%s.txt", the->name, lang);
	AUTO_FREE char *want = NULL;

	if (getenv("CRM_UPDATE_GOLDEN"))
		write_file(path, text);
	want = read_file(path);
	if (strcmp(text, want) != 0)
		fail_msg("%s differs; now it is:\n%s", path, text);
}

static void every_situation_is_told_as_it_was_reviewed(void **state)
{
	static const char *const langs[] = { "zh", "en" };

	(void)state;
	for (const struct explain_case *c = explain_cases; c->name; c++) {
		CLEANUP(db_close) struct db *db = case_db();

		c->build(db);
		for (size_t i = 0; i < COUNT(langs); i++) {
			CLEANUP(explanation_done) struct explanation e = { 0 };
			AUTO_FREE char *text = NULL;
			struct err err;

			OK(c->explain(db, c->id, langs[i], NOW, &e, &err));
			text = explanation_text(&e);
			compare(c, langs[i], text);
		}
	}
}

/* Bytes of a program have no place in a text for people. */
static void check_words(const char *text, const char *name)
{
	static const char *const never[] = { "{", "}", "?", "(null)" };

	for (size_t i = 0; i < COUNT(never); i++)
		if (strstr(text, never[i]))
			fail_msg("%s: '%s' in\n%s", name, never[i], text);
}

static void no_text_is_left_half_filled(void **state)
{
	(void)state;
	for (const struct explain_case *c = explain_cases; c->name; c++) {
		CLEANUP(db_close) struct db *db = case_db();
		CLEANUP(explanation_done) struct explanation e = { 0 };
		AUTO_FREE char *text = NULL;
		struct err err;

		c->build(db);
		OK(c->explain(db, c->id, "zh", NOW, &e, &err));
		text = explanation_text(&e);
		check_words(text, c->name);
		assert_null(strchr(e.headline, '\n'));
		assert_true(strlen(e.headline) > 0);
		assert_true(strlen(e.next) > 0);
	}
}

static void the_same_is_written_as_json(void **state)
{
	CLEANUP(db_close) struct db *db = case_db();
	CLEANUP(explanation_done) struct explanation e = { 0 };
	CLEANUP(jout_done) struct jout out = { .text.max = 100000 };
	json_auto_t *object = NULL;
	struct err err;

	(void)state;
	explain_cases[0].build(db);
	OK(explain_any(db, "itm_1", "en", NOW, &e, &err));
	explanation_write(&out, NULL, &e);
	object = json_loads(buf_str(&out.text), 0, NULL);
	assert_non_null(object);
	assert_string_equal(json_string_value(json_object_get(object,
			    "state")), "active");
	assert_string_equal(json_string_value(json_object_get(object,
			    "actor")), "nobody");
	assert_string_equal(json_string_value(json_object_get(object,
			    "proof_id")), "prf_1");
	assert_non_null(strstr(json_string_value(json_object_get(object,
			       "text")), "All is well"));
	OK(explain_any(db, "acc_1", "en", NOW, &e, &err));
	assert_string_equal(e.kind, "access");
	OK(explain_any(db, "hst_1", "zh-CN", NOW, &e, &err));
	assert_string_equal(e.lang, "zh");
	REFUSED(explain_any(db, "run_1", "zh", NOW, &e, &err), ERR_NOT_FOUND);
	REFUSED(explain_any(db, "acc_none", "zh", NOW, &e, &err),
		ERR_NOT_FOUND);
	REFUSED(explain_any(db, "hst_none", "zh", NOW, &e, &err),
		ERR_NOT_FOUND);
	REFUSED(explain_any(db, "itm_none", "zh", NOW, &e, &err),
		ERR_NOT_FOUND);
}

static void tell(struct db *db, const char *lang, enum failure class)
{
	CLEANUP(explanation_done) struct explanation e = { 0 };
	AUTO_FREE char *text = NULL;
	const char *stop = strcmp(lang, "zh") == 0 ? "。" : ".";
	size_t len;
	struct err err;

	OK(explain_access(db, "acc_1", lang, NOW, &e, &err));
	text = explanation_text(&e);
	len = strlen(e.headline);
	if (len < strlen(stop) ||
	    strcmp(e.headline + len - strlen(stop), stop) != 0)
		fail_msg("%s: %s", failure_name(class), e.headline);
	if (strpbrk(text, "{}") || strstr(text, "。。") ||
	    (strcmp(lang, "zh") == 0 && strchr(text, '?')))
		fail_msg("%s:\n%s", failure_name(class), text);
}

/* Whatever fails wherever: the sentences fit together. */
static void every_class_can_be_told_at_every_hop(void **state)
{
	CLEANUP(db_close) struct db *db = case_db();

	(void)state;
	for (int i = 0; i < FAILURE__MAX * HOP__MAX; i++) {
		enum failure class = (enum failure)(i / HOP__MAX);
		struct case_trouble trouble = {
			.status = i % 2 ? ACCESS_BROKEN : ACCESS_DEGRADED,
			.class = class, .failures = i % 4,
			.since = NOW - i, .next_check_at = i % 3 ? NOW + i : 0,
			.diagnosis = {
				.hop = (enum hop)(i % HOP__MAX),
				.next = (enum next_action)
					(i % NEXT_ACTION__MAX),
				.gateway = { NOW, 500, class, "words" },
				.account = { NOW, 0, class, "" } } };

		if (i % 3)
			trouble.diagnosis.provider = (struct evidence){
				NOW, i % 3 == 1 ? 200 : 0,
				i % 3 == 1 ? FAILURE_NONE : class, "" };
		case_trouble(db, &trouble);
		tell(db, "zh", class);
		tell(db, "en", class);
	}
}

/* The headline of the item, and what comes next. */
static char *short_of(struct db *db, const char *id)
{
	CLEANUP(explanation_done) struct explanation e = { 0 };
	struct err err;

	OK(explain_any(db, id, "en", NOW, &e, &err));
	return xasprintf("%s / %s / %s", e.state, e.headline, e.next);
}

static void what_works_on_it_right_now_is_told(void **state)
{
	static const struct {
		const char *sql;
		const char *id;
		const char *want;
	} steps[] = {
		{ "INSERT INTO access_checks (check_id, access_id,"
		  " requested_by, state, created_at) VALUES ('chk_1',"
		  " 'acc_1', 'watch', 'running', 1);"
		  "INSERT INTO tasks (task_id, flow, subject_id, host_id,"
		  " step, step_since, state, not_before, created_at,"
		  " updated_at) VALUES ('tsk_1', 'check', 'chk_1', 'hst_1',"
		  " 's', 1, 'due', 1790000060000, 1, 1)", "acc_1",
		  "active / All is well: users get kimi-k2.6. / A check is"
		  " planned and begins at 2026-09-21 14:14:20 UTC (in 60"
		  " s)." },
		{ "UPDATE tasks SET not_before = 1", "acc_1",
		  "active / All is well: users get kimi-k2.6. / A check is"
		  " under way; ask again when it has ended." },
		{ "UPDATE access_checks SET state = 'done';"
		  "UPDATE tasks SET state = 'done'", "acc_1",
		  "active / All is well: users get kimi-k2.6. / The next"
		  " routine proof: 2026-09-21 18:13:20 UTC (in 4 h)." },
		{ "UPDATE import_run_items SET current_stage = 'provision';"
		  "UPDATE tasks SET subject_id = 'itm_1', state = 'due'",
		  "itm_1", "importing / The import is under way: making"
		  " account and group on the host. / The import goes on by"
		  " itself." },
		{ "UPDATE tasks SET state = 'parked', parked_on = 'res_1'",
		  "itm_1", "importing / The import is under way: making"
		  " account and group on the host. / It needs what another"
		  " import is making just now, and goes on by itself after"
		  " that." },
		{ "DELETE FROM proofs; DELETE FROM accesses;"
		  "UPDATE import_run_items SET current_stage = 'done',"
		  " cancelled = 1", "itm_1", "cancelled / The import was"
		  " cancelled. / CRM does not try it again by itself." },
		{ "INSERT INTO accesses (access_id, host_id, endpoint_key,"
		  " access_mode, selector, status, status_since, created_at,"
		  " updated_at) VALUES ('acc_2', 'hst_1', 'e',"
		  " 'self_service', 'key:f00d', 'unknown', 1, 1, 1)", "acc_2",
		  "unknown / Not proven yet, so nobody knows whether it"
		  " works. / Nothing is planned." },
	};
	CLEANUP(db_close) struct db *db = case_db();

	(void)state;
	for (size_t i = 0; i < COUNT(steps); i++) {
		AUTO_FREE char *text = NULL;

		fixture_sql(db, steps[i].sql);
		text = short_of(db, steps[i].id);
		assert_string_equal(text, steps[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_situation_is_told_as_it_was_reviewed),
		cmocka_unit_test(no_text_is_left_half_filled),
		cmocka_unit_test(the_same_is_written_as_json),
		cmocka_unit_test(every_class_can_be_told_at_every_hop),
		cmocka_unit_test(what_works_on_it_right_now_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
