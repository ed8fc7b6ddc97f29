/*
 * Accounts of others: looked for by one, known to all.
 */
#include "tests/unit/import_fixture.h"

#include "tests/unit/fixture.h"

#define NEW "0.1.179"

#define ONE(id, name, base, more) "{\"id\":" #id ",\"name\":\"" name "\"," \
	"\"platform\":\"openai\",\"type\":\"apikey\",\"status\":\"active\"," \
	"\"schedulable\":true,\"credentials\":{\"base_url\":\"" base "\"" \
	more "}}"
#define PAGE(list, total, page, pages) SAYS(200, ENVELOPE("{\"items\":[" \
	list "],\"total\":" #total ",\"page\":" #page ",\"pages\":" #pages \
	",\"page_size\":200}"))
#define OTHER ONE(3, "x", "https://q.example/v1", "")

static void looker(struct import *im)
{
	own_set(&im->foreign.looker, "tsk_1");
	im->foreign.looker_until = NOW + 1000;
	own_set(&im->foreign.seen, "[]");
}

static void none_found(const struct import *im)
{
	assert_string_equal(im->foreign.accounts, "[]");
	assert_null(im->foreign.looker);
	assert_int_equal(im->foreign.looked_at, NOW);
	assert_true(im->foreign_changed);
}

static void two_found(const struct import *im)
{
	json_auto_t *found = json_loads(im->foreign.accounts, 0, NULL);
	const json_t *second = json_array_get(found, 1);

	assert_int_equal(json_array_size(found), 2);
	assert_int_equal(host_object_id(json_array_get(found, 0)), 1);
	assert_string_equal(json_string_value(json_object_get(second, "key")),
			    "0123456789abcdef0123456789abcdef");
}

static void unknown(const struct import *im)
{
	assert_null(im->foreign.accounts);
	assert_null(im->foreign.looker);
	assert_int_equal(im->foreign.looked_at, NOW);
}

static void half_seen(struct import *im)
{
	im->memo.page = 1;
	im->memo.look_seen = 1;
	im->memo.look_total = 2;
}

static void begun_anew(const struct import *im)
{
	assert_int_equal(im->memo.page, 0);
	assert_int_equal(im->memo.look_seen, 0);
	assert_null(im->foreign.seen);
}

static void moves_all_the_time(struct import *im)
{
	half_seen(im);
	im->memo.looks = 2;
}

static void a_look_finds_what_speaks_with_the_same_address(void **state)
{
	static const struct step_case cases[] = {
		{ "nobody", NULL, PAGE(OTHER, 1, 1, 1),
		  TO("provision.parking"), none_found },
		{ "two, and one of ours", NULL,
		  PAGE(ONE(1, "a", "https://P.example/", "") ","
		       ONE(2, "b", "https://p.example/v1/chat/completions",
			   ",\"api_key\":\"0123456789abcdef0123456789abcdef\"")
		       "," ONE(4, "p crm-abc123-account1",
			       "https://p.example/v1", "") "," OTHER,
		       4, 1, 1), TO("provision.parking"), two_found },
		{ "a page of two", NULL, PAGE(OTHER, 2, 1, 2),
		  WAIT(0, FAILURE_NONE), NULL },
		{ "the last page", half_seen, PAGE(OTHER, 2, 2, 2),
		  TO("provision.parking"), none_found },
		{ "new ones came meanwhile", half_seen,
		  PAGE(OTHER "," OTHER, 3, 2, 2), TO("provision.parking"),
		  none_found },
		{ "one went", half_seen, PAGE(OTHER, 1, 2, 2),
		  WAIT(0, FAILURE_NONE), begun_anew },
		{ "short", half_seen, PAGE("", 2, 2, 2),
		  WAIT(0, FAILURE_NONE), begun_anew },
		{ "always moving", moves_all_the_time, PAGE("", 2, 2, 2),
		  TO("provision.parking"), unknown },
		{ "refused", NULL, SAYS(400, REASON(400, "BAD")),
		  TO("provision.parking"), unknown },
		{ "a page of the web", NULL, SAYS_PAGE(200),
		  TO("provision.parking"), unknown },
		{ "down", NULL, LOST(TRANSPORT_REFUSED),
		  AGAIN(FAILURE_REFUSED, -1), NULL },
		{ "down still", tried_often, LOST(TRANSPORT_REFUSED),
		  TO("provision.parking"), unknown },
	};

	(void)state;
	walk(got_look, NEW, looker, cases, COUNT(cases));
}

static void who_is_not_the_looker_does_not_look(void **state)
{
	IMPORT im = import_on(NEW);

	(void)state;
	assert_true(import_wants_look(im));
	check_unasked("claim", got_claim_look, im, (struct verdict)ON);
	assert_true(im->foreign_claim);
	assert_false(import_wants_look(im));
	check_asks(ask_look, im, "");
	check_unasked("another's", got_look, im,
		      (struct verdict)TO("provision.parking"));
	looker(im);
	check_asks(ask_look, im, "GET " ADMIN "/accounts?platform=openai"
		   "&type=apikey&page=1&page_size=200&sort_by=id"
		   "&sort_order=asc");
}

static void what_was_found_holds_for_a_while(void **state)
{
	struct foreign row = { .looked_at = NOW };

	(void)state;
	assert_false(foreign_wants_look(&row, NOW + 1));
	assert_true(foreign_wants_look(&row, NOW + FOREIGN_HOLDS_MS));
	assert_true(foreign_wants_look(&row, NOW - 1));	/* put back */
	row.looker = xstrdup("tsk_2");
	row.looker_until = NOW + FOREIGN_HOLDS_MS + 1;
	assert_false(foreign_wants_look(&row, NOW + FOREIGN_HOLDS_MS));
	assert_true(foreign_wants_look(&row, NOW + FOREIGN_HOLDS_MS + 1));
	foreign_done(&row);
}

/* ---- the rows ---- */

static void one_looks_at_a_time(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_hosts();
	CLEANUP(foreign_done) struct foreign row = { 0 };
	struct err err;

	(void)state;
	OK(foreign_get(db, "hst_1", "e", &row, &err));
	assert_null(row.looker);
	assert_int_equal(row.looked_at, 0);
	OK(foreign_claim(db, "hst_1", "e", "tsk_1", NOW, &err));
	OK(foreign_claim(db, "hst_1", "e", "tsk_2", NOW + 1, &err));
	OK(foreign_get(db, "hst_1", "e", &row, &err));
	assert_string_equal(row.looker, "tsk_1");
	/* It died: another looks, and its own words count no more. */
	OK(foreign_claim(db, "hst_1", "e", "tsk_2", NOW + FOREIGN_LOOK_MS,
			 &err));
	own_set(&row.accounts, "[1]");
	own_set(&row.looker, NULL);
	OK(foreign_save(db, "hst_1", "e", "tsk_1", &row, NOW, &err));
	OK(foreign_get(db, "hst_1", "e", &row, &err));
	assert_string_equal(row.looker, "tsk_2");
	assert_null(row.accounts);
	own_set(&row.accounts, "[2]");
	own_set(&row.looker, NULL);
	row.looked_at = NOW + 5;
	OK(foreign_save(db, "hst_1", "e", "tsk_2", &row, NOW, &err));
	OK(foreign_get(db, "hst_1", "e", &row, &err));
	assert_string_equal(row.accounts, "[2]");
	assert_int_equal(row.looked_at, NOW + 5);
	assert_null(row.looker);
	/* They are another endpoint's, or another host's. */
	OK(foreign_get(db, "hst_2", "e", &row, &err));
	assert_null(row.accounts);
}

static void an_item_shows_them_but_for_ours(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_hosts();
	const struct store store = { .db = db };
	IMPORT im = import_on(NEW);
	struct err err;

	(void)state;
	fixture_sql(db, "INSERT INTO managed_resources (resource_id, host_id,"
		" resource_type, lookup, mark, state, host_resource_id,"
		" created_at, updated_at) VALUES ('res_1', 'hst_1', 'account',"
		" 'k', 'm', 'present', '41', 1, 1)");
	OK(import_show_foreign(&store, im, &err));
	assert_null(im->item.foreign_accounts);		/* unknown */
	own_set(&im->foreign.accounts, "[{\"id\":40,\"name\":\"x\",\"status\":"
		"\"active\",\"base_url\":\"u\",\"key\":\"0123abcd\"},"
		"{\"id\":41,\"name\":\"y\",\"status\":\"error\",\"base_url\":"
		"\"u\"},{\"id\":42,\"name\":\"z\",\"status\":\"error\","
		"\"base_url\":\"u\"}]");
	OK(import_show_foreign(&store, im, &err));
	assert_string_equal(im->item.foreign_accounts, "[{\"id\":\"40\","
		"\"name\":\"x\",\"status\":\"active\",\"base_url\":\"u\","
		"\"same_key\":\"yes\"},{\"id\":\"42\",\"name\":\"z\","
		"\"status\":\"error\",\"base_url\":\"u\",\"same_key\":"
		"\"unknown\"}]");
	assert_non_null(strstr(im->item.warnings, "foreign_account"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_look_finds_what_speaks_with_the_same_address),
		cmocka_unit_test(who_is_not_the_looker_does_not_look),
		cmocka_unit_test(what_was_found_holds_for_a_while),
		cmocka_unit_test(one_looks_at_a_time),
		cmocka_unit_test(an_item_shows_them_but_for_ours),
	};

	return cmocka_run_group_tests(tests, read_settings, drop_settings);
}
