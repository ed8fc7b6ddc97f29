/*
 * A key of somebody that an import moved to our group, and the right that came
 * with the move: what a rollback makes of them.
 */
#include "tests/unit/rollback_fixture.h"

#include "schedd/host/owner.h"

/* Somebody's key that we moved from group 7 to 12. */
static struct rollback_work *work_of_move(void)
{
	struct rollback_work *w = work_of(KEY);

	w->move.user_id = 42;
	w->move.key_id = 3;
	w->move.from_group = w->way_back.group = 7;
	w->move.to_group = 12;
	return w;
}

static const char *keys_in(const char *group, const char *other_group)
{
	static char body[320];

	snprintf(body, sizeof(body), "{\"code\":0,\"data\":{\"items\":"
		 "[{\"id\":3,\"name\":\"mine\",\"group_id\":%s},"
		 "{\"id\":4,\"name\":\"other\",\"group_id\":%s}],"
		 "\"total\":2}}", group, other_group);
	return body;
}

static struct verdict look_at_key(struct rollback_work *w, const char *body)
{
	CLEANUP(answer_done) struct answer answer = answer_of(200, body);

	return got_rb_move_look(w, &answer);
}

static enum verdict_kind found_in_group(const char *group)
{
	struct rollback_work *w = work_of_move();
	void *subject = w;
	struct verdict v = look_at_key(w, keys_in(group, "7"));

	rollback_free(&subject);
	return v.kind;
}

static void a_key_that_nobody_moved_since_goes_back(void **state)
{
	(void)state;
	assert_int_equal(found_in_group("12"), VERDICT_GO_ON);
	/* Somebody deleted our group, and it is bound to nothing. */
	assert_int_equal(found_in_group("null"), VERDICT_GO_ON);
	assert_int_equal(found_in_group("9"), VERDICT_GO_TO);
}

static void a_key_that_others_rest_on_stays(void **state)
{
	struct rollback_work *w = work_of_move();
	void *subject = w;

	(void)state;
	w->way_back.stays = true;
	assert_string_equal(look_at_key(w, keys_in("12", "7")).step,
			    "rollback.next");
	assert_int_equal(w->part.state, ROLLBACK_PART_DONE);
	assert_int_equal(w->part.action, ROLLBACK_KEEP);
	assert_int_equal(w->part.why, ROLLBACK_SHARED);
	rollback_free(&subject);
}

static void move_back(struct rollback_work *w, const char *group)
{
	AUTO_FREE char *body = xasprintf("{\"code\":0,\"data\":{\"api_key\":"
					 "{\"group_id\":%s}}}", group);
	CLEANUP(answer_done) struct answer answer = answer_of(200, body);

	assert_string_equal(got_rb_move_back(w, &answer).step,
			    w->memo.revokes ? "move.user" : "rollback.next");
}

/* The host gave it with the move; nobody else of ours needs it. */
static void a_right_that_came_with_the_move_ends_with_it(void **state)
{
	CLEANUP(answer_done) struct answer user = answer_of(200,
		"{\"code\":0,\"data\":{\"id\":42,"
		"\"allowed_groups\":[12,7]}}");
	CLEANUP(answer_done) struct answer done = answer_of(200,
		"{\"code\":0,\"data\":{}}");
	struct rollback_work *w = work_of_move();
	void *subject = w;

	(void)state;
	w->way_back.revokes = true;
	look_at_key(w, keys_in("12", "7"));
	move_back(w, "7");
	assert_int_equal(got_rb_move_user(w, &user).kind, VERDICT_GO_ON);
	assert_string_equal(w->part.plan, "[7]");
	assert_string_equal(got_rb_move_right(w, &done).step,
			    "rollback.next");
	assert_int_equal(w->part.state, ROLLBACK_PART_DONE);
	rollback_free(&subject);
}

/* The key that went elsewhere leaves the right behind just as well. */
static void a_right_ends_even_if_the_key_was_moved_on(void **state)
{
	struct rollback_work *w = work_of_move();
	void *subject = w;

	(void)state;
	w->way_back.revokes = true;
	assert_string_equal(look_at_key(w, keys_in("9", "7")).step,
			    "move.user");
	rollback_free(&subject);
}

static void a_right_that_another_key_uses_stays(void **state)
{
	struct rollback_work *w = work_of_move();
	void *subject = w;

	(void)state;
	w->way_back.revokes = true;
	look_at_key(w, keys_in("12", "12"));
	assert_false(w->memo.revokes);
	move_back(w, "7");
	assert_int_equal(w->part.state, ROLLBACK_PART_DONE);
	rollback_free(&subject);
}

/* Of a user with thousands of keys the host shows a thousand at a time. */
static const char *page_of_keys(const char *keys, int page, int pages)
{
	static char body[320];

	snprintf(body, sizeof(body), "{\"code\":0,\"data\":{\"items\":[%s],"
		 "\"total\":%d,\"page\":%d,\"pages\":%d}}", keys,
		 1000 * pages, page, pages);
	return body;
}

#define OTHER "{\"id\":4,\"group_id\":7}"
#define MOVED "{\"id\":3,\"group_id\":12}"

static void a_key_is_looked_for_on_every_page(void **state)
{
	CLEANUP(request_done) struct request request = { 0 };
	struct rollback_work *w = work_of_move();
	void *subject = w;

	(void)state;
	assert_int_equal(look_at_key(w, page_of_keys(OTHER, 1, 3)).kind,
			 VERDICT_POLL);
	assert_true(ask_rb_move_look(w, &request));
	assert_non_null(strstr(request.url, "page=2&"));
	/* What is behind it is of no use to anybody. */
	assert_int_equal(look_at_key(w, page_of_keys(MOVED, 2, 3)).kind,
			 VERDICT_GO_ON);
	assert_int_equal(w->memo.page, 0);
	rollback_free(&subject);
}

/* Another page may show that somebody's key still needs the right. */
static void a_right_is_looked_for_on_every_page(void **state)
{
	struct rollback_work *w = work_of_move();
	void *subject = w;

	(void)state;
	w->way_back.revokes = true;
	assert_int_equal(look_at_key(w, page_of_keys(MOVED, 1, 2)).kind,
			 VERDICT_POLL);
	assert_int_equal(look_at_key(w, page_of_keys(
			 "{\"id\":5,\"group_id\":12}", 2, 2)).kind,
			 VERDICT_GO_ON);
	assert_false(w->memo.revokes);
	rollback_free(&subject);
}

static void a_look_through_keys_has_an_end(void **state)
{
	struct rollback_work *w = work_of_move();
	void *subject = w;

	(void)state;
	assert_string_equal(look_at_key(w, page_of_keys(OTHER,
			    HOST_KEY_PAGES_MAX, 999)).step, "rollback.next");
	assert_int_equal(w->part.state, ROLLBACK_LEFT);
	rollback_free(&subject);
	subject = w = work_of_move();
	w->way_back.revokes = true;
	/* Nobody knows what else needs the right. */
	look_at_key(w, page_of_keys(MOVED, HOST_KEY_PAGES_MAX, 999));
	assert_false(w->memo.revokes);
	rollback_free(&subject);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_that_nobody_moved_since_goes_back),
		cmocka_unit_test(a_key_that_others_rest_on_stays),
		cmocka_unit_test(a_right_that_came_with_the_move_ends_with_it),
		cmocka_unit_test(a_right_ends_even_if_the_key_was_moved_on),
		cmocka_unit_test(a_right_that_another_key_uses_stays),
		cmocka_unit_test(a_key_is_looked_for_on_every_page),
		cmocka_unit_test(a_right_is_looked_for_on_every_page),
		cmocka_unit_test(a_look_through_keys_has_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
