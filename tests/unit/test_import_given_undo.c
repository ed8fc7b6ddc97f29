/*
 * What becomes of a key of somebody real, and of the right that came with
 * moving it, when the import that moved it fails after that.
 */
#include "tests/unit/play.h"

#define KEYS "GET /api/v1/admin/users/42/api-keys?"
#define BIND "PUT /api/v1/admin/api-keys/31"
#define LIST(items) SAYS(200, PAGE(items))
#define KEY(id, print, group) "{\"id\":" #id ",\"key\":\"" print "\"," \
	"\"group_id\":" group ",\"status\":\"active\"}"
#define BOUND(group) SAYS(200, ENVELOPE("{\"api_key\":{\"id\":31," \
	"\"group_id\":" group "}}"))
#define PRINT "00112233aabbccdd"

/* An import failed, after it moved key 31 of user 42 from group 3 to 7. */
static struct import *moved(void)
{
	struct import *im = import_on("0.1.179");

	im->run.access_mode = ACCESS_SELF_SERVICE;
	im->run.given_key = GIVEN_KEY_PROBE;
	im->run.rebind = true;
	im->run.given_key_secret_id = xstrdup("sec_given");
	im->run.given_key_fingerprint = xstrdup(PRINT);
	im->memo.rebound = im->memo.live = true;
	im->memo.owner = 42;
	im->memo.owner_key = 31;
	im->memo.owner_group = 3;
	has(im, IMPORT_GROUP, RESOURCE_PRESENT, "7");
	has(im, IMPORT_ACCOUNT, RESOURCE_PRESENT, "5");
	import_fail(im, FAILURE_TIMEOUT);
	return im;
}

/* ---- the key ---- */

/* Another item of the run has it by now. */
static void a_key_that_was_moved_on_is_left_there(void **state)
{
	static const struct exchange back[] = {
		{ KEYS, LIST(KEY(31, PRINT, "8")) },
	};
	IMPORT im = moved();
	PLAY play = play_flow(im, &flow_import, "undo.rebind", back, 1);

	(void)state;
	assert_int_equal(play.end.kind, VERDICT_FAILED);
	assert_false(im->memo.rebound);
	assert_true(im->moved_back);
}

static void a_key_whose_group_is_gone_is_set_free(void **state)
{
	static const struct exchange back[] = {
		{ KEYS, LIST(KEY(31, PRINT, "7")) },
		{ BIND, SAYS(404, REASON(404, "GROUP_NOT_FOUND")) },
		{ BIND, BOUND("null") },
	};
	IMPORT im = moved();
	PLAY play = play_flow(im, &flow_import, "undo.rebind", back,
			      COUNT(back));

	(void)state;
	assert_non_null(strstr(play.asks[2], "{\"group_id\":0}"));
	assert_false(im->memo.rebound);
}

/* It was bound to nothing: nothing it is again. */
static void a_key_that_was_free_is_set_free(void **state)
{
	static const struct exchange back[] = {
		{ KEYS, LIST(KEY(31, PRINT, "7")) },
		{ BIND, BOUND("null") },
	};
	IMPORT im = moved();
	PLAY play = { 0 };

	(void)state;
	im->memo.owner_group = 0;
	play = play_flow(im, &flow_import, "undo.rebind", back, 2);
	assert_non_null(strstr(play.asks[1], "{\"group_id\":0}"));
}

/* Somebody else's import rests on it. */
static void a_key_that_others_rest_on_stays(void **state)
{
	static const struct exchange back[] = {
		{ KEYS, LIST(KEY(31, PRINT, "7")) },
	};
	IMPORT im = moved();
	PLAY play = { 0 };

	(void)state;
	im->key_stays = true;
	play = play_flow(im, &flow_import, "undo.rebind", back, 1);
	assert_int_equal(play.end.kind, VERDICT_FAILED);
	assert_true(im->moved_back);
}

/* ---- the right to our group ---- */

#define USER42 "GET /api/v1/admin/users/42"
#define USER(groups) SAYS(200, ENVELOPE("{\"id\":42,\"allowed_groups\":" \
	groups "}"))

/* Nobody else of ours needs the right that came with the move. */
static struct play undo_with_right(struct import *im,
				   const struct exchange *list, size_t n)
{
	im->right_ends = true;
	return play_flow(im, &flow_import, "undo.rebind", list, n);
}

/* The host gave it with the move. */
static void a_right_that_came_with_the_move_ends_with_it(void **state)
{
	static const struct exchange back[] = {
		{ KEYS, LIST(KEY(31, PRINT, "7")) },
		{ BIND, BOUND("3") },
		{ USER42, USER("[3,7,9]") },
		{ "PUT /api/v1/admin/users/42", USER("[3,9]") },
	};
	IMPORT im = moved();
	PLAY play = undo_with_right(im, back, COUNT(back));

	(void)state;
	assert_int_equal(play.end.kind, VERDICT_FAILED);
	assert_non_null(strstr(play.asks[3], "{\"allowed_groups\":[3,9]}"));
}

/* Whoever is given a right at the same time does not lose it by this. */
static void rights_that_others_of_ours_need_are_written_too(void **state)
{
	static const struct exchange back[] = {
		{ USER42, USER("[3,7]") },
		{ "PUT /api/v1/admin/users/42", USER("[3,12]") },
	};
	IMPORT im = moved();
	PLAY play = { 0 };

	(void)state;
	im->memo.revokes = true;
	im->rights = json_pack("[i]", 12);
	play = play_flow(im, &flow_import, "undo.user", back, COUNT(back));
	assert_non_null(strstr(play.asks[1], "{\"allowed_groups\":[3,12]}"));
}

/* More than fit a task's memo. */
static void a_right_among_many_ends_as_well(void **state)
{
	struct buf groups = { .max = 8192 };
	AUTO_FREE char *has = NULL;
	AUTO_FREE char *want = NULL;
	CLEANUP(answer_done) struct answer answer = { 0 };
	CLEANUP(request_done) struct request request = { 0 };
	IMPORT im = moved();

	(void)state;
	for (int id = 1000; id < 1400; id++)
		buf_addf(&groups, "%s%d", id > 1000 ? "," : "", id);
	has = xasprintf(ENVELOPE("{\"id\":42,\"allowed_groups\":[7,%s]}"),
			buf_str(&groups));
	want = xasprintf("{\"allowed_groups\":[%s]}", buf_str(&groups));
	answer = answer_made(&(struct said)SAYS(200, has));
	im->memo.revokes = true;
	check_verdict("read", got_undo_user(im, &answer),
		      (struct verdict)ON);
	assert_true(im->keeps_rights);
	assert_true(ask_undo_right(im, &request));
	assert_string_equal(buf_str(&request.body.text), want);
	buf_done(&groups);
}

/* It goes with the group. */
static void a_right_to_a_group_that_went_is_left_to_the_host(void **state)
{
	IMPORT im = moved();

	(void)state;
	im->memo.revokes = true;
	check_asks(ask_undo_user, im, "GET " ADMIN "/users/42");
	im->resources[IMPORT_GROUP].state = RESOURCE_GONE;
	check_asks(ask_undo_user, im, "");
}

static void a_right_that_another_key_uses_stays(void **state)
{
	static const struct exchange back[] = {
		{ KEYS, LIST(KEY(31, PRINT, "7") ","
				 KEY(32, "another", "7")) },
		{ BIND, BOUND("3") },
	};
	IMPORT im = moved();
	PLAY play = undo_with_right(im, back, COUNT(back));

	(void)state;
	assert_int_equal(play.end.kind, VERDICT_FAILED);
	assert_false(im->memo.revokes);
}

static void a_right_that_somebody_took_is_not_written(void **state)
{
	static const struct exchange back[] = {
		{ KEYS, LIST(KEY(31, PRINT, "7")) },
		{ BIND, BOUND("3") },
		{ USER42, USER("null") },
	};
	IMPORT im = moved();
	PLAY play = undo_with_right(im, back, COUNT(back));

	(void)state;
	assert_int_equal(play.end.kind, VERDICT_FAILED);
}

/* A host shows a thousand keys of a user at a time. */
#define PAGE_OF(n, items) SAYS(200, ENVELOPE("{\"items\":[" items "]," \
	"\"total\":2000,\"page\":" #n ",\"pages\":2}"))

static void a_key_on_another_page_goes_back(void **state)
{
	static const struct exchange back[] = {
		{ KEYS "page=1&", PAGE_OF(1, KEY(32, "another", "8")) },
		{ KEYS "page=2&", PAGE_OF(2, KEY(31, PRINT, "7")) },
		{ BIND, BOUND("3") },
	};
	IMPORT im = moved();
	PLAY play = play_flow(im, &flow_import, "undo.rebind", back,
			      COUNT(back));

	(void)state;
	assert_int_equal(play.end.kind, VERDICT_FAILED);
	assert_non_null(strstr(play.asks[2], "{\"group_id\":3}"));
	assert_true(im->moved_back);
}

static void a_right_that_a_key_of_another_page_uses_stays(void **state)
{
	static const struct exchange back[] = {
		{ KEYS "page=1&", PAGE_OF(1, KEY(31, PRINT, "7")) },
		{ KEYS "page=2&", PAGE_OF(2, KEY(32, "another", "7")) },
		{ BIND, BOUND("3") },
	};
	IMPORT im = moved();
	PLAY play = undo_with_right(im, back, COUNT(back));

	(void)state;
	assert_int_equal(play.end.kind, VERDICT_FAILED);
	assert_false(im->memo.revokes);
}

/* A rollback may find it: that it was moved is not forgotten. */
static void a_look_through_keys_has_an_end(void **state)
{
	static const struct said many = SAYS(200, ENVELOPE("{\"items\":["
		KEY(32, "another", "8") "],\"page\":20,\"pages\":99}"));
	CLEANUP(answer_done) struct answer answer = answer_made(&many);
	IMPORT im = moved();

	(void)state;
	im->right_ends = true;
	check_verdict("end", got_undo_bound(im, &answer), (struct verdict)ON);
	assert_false(im->moved_back);
	assert_false(im->memo.revokes);
	assert_non_null(strstr(im->item.warnings, "left_on_host"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_that_was_moved_on_is_left_there),
		cmocka_unit_test(a_key_whose_group_is_gone_is_set_free),
		cmocka_unit_test(a_key_that_was_free_is_set_free),
		cmocka_unit_test(a_key_that_others_rest_on_stays),
		cmocka_unit_test(a_right_that_came_with_the_move_ends_with_it),
		cmocka_unit_test(rights_that_others_of_ours_need_are_written_too),
		cmocka_unit_test(a_right_among_many_ends_as_well),
		cmocka_unit_test(a_right_to_a_group_that_went_is_left_to_the_host),
		cmocka_unit_test(a_right_that_another_key_uses_stays),
		cmocka_unit_test(a_right_that_somebody_took_is_not_written),
		cmocka_unit_test(a_key_on_another_page_goes_back),
		cmocka_unit_test(a_right_that_a_key_of_another_page_uses_stays),
		cmocka_unit_test(a_look_through_keys_has_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
