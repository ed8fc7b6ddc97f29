/*
 * Before a rollback touches anything the host has to show one thing of ours:
 * one that shows none of several is not the host where they were made.
 */
#include "tests/unit/rollback_fixture.h"

#define GONE 404, "{\"code\":404,\"message\":\"not found\",\"reason\":\"X\"}"
#define OURS OK("{\"id\":12,\"name\":\"p " MARK "\",\"email\":" \
	"\"relay-sub-a.abc123@crm.invalid\"}")
#define THEIRS OK("{\"id\":12,\"name\":\"p crm-abc123-mark2222\"," \
	"\"email\":\"a@b.example\"}")
#define REFUSED 500, "{\"code\":500,\"message\":\"internal error\"}"

static struct verdict look(struct rollback_work *w, int status,
			   const char *body)
{
	CLEANUP(answer_done) struct answer answer = answer_of(status, body);

	return got_rb_sight(w, &answer);
}

/* As it is loaded for the step: no part is next. */
static struct rollback_work *work_at_sight(enum resource_type type)
{
	struct rollback_work *w = work_of(type, ROLLBACK_DELETE);

	rollback_part_done(&w->part);
	return w;
}

static void each_kind_is_looked_at_by_its_id(void **state)
{
	static const struct {
		enum resource_type type;
		const char *path;
	} kinds[] = {
		{ RESOURCE_GROUP, "/groups/12" },
		{ RESOURCE_ACCOUNT, "/accounts/12" },
		{ RESOURCE_USER, "/users/12" },
		{ RESOURCE_CHANNEL, "/channels/12" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		CLEANUP(request_done) struct request request = { 0 };
		struct rollback_work *w = work_at_sight(kinds[i].type);
		void *subject = w;

		assert_true(ask_rb_sight(w, &request));
		assert_non_null(strstr(request.url, kinds[i].path));
		assert_int_equal(look(w, OURS).kind, VERDICT_GO_ON);
		rollback_free(&subject);
	}
}

static void one_of_ours_is_enough(void **state)
{
	struct rollback_work *w = work_at_sight(RESOURCE_GROUP);
	void *subject = w;

	(void)state;
	for (int i = 0; i < 7; i++)
		assert_string_equal(look(w, GONE).step, "rollback.sight");
	assert_int_equal(look(w, OURS).kind, VERDICT_GO_ON);
	rollback_free(&subject);
}

/* `unseen` of them are answered like this, and then there are no more. */
static struct verdict after(int unseen, int status, const char *body)
{
	struct rollback_work *w = work_at_sight(RESOURCE_ACCOUNT);
	void *subject = w;
	struct verdict v;

	for (int i = 0; i < unseen; i++) {
		assert_string_equal(look(w, status, body).step,
				    "rollback.sight");
		assert_int_equal(w->memo.sights, i + 1);
	}
	v = got_rb_sight(w, NULL);
	assert_int_equal(*w->memo.detail != '\0', v.kind == VERDICT_FAILED);
	rollback_free(&subject);
	return v;
}

static void a_host_that_shows_none_of_several_is_doubted(void **state)
{
	(void)state;
	assert_int_equal(after(5, GONE).kind, VERDICT_FAILED);
	assert_int_equal(after(5, GONE).failure, FAILURE_HOST_UNRECOGNISED);
	/* What stands at their ids is not ours. */
	assert_int_equal(after(5, THEIRS).failure, FAILURE_HOST_UNRECOGNISED);
}

static void few_things_prove_nothing(void **state)
{
	(void)state;
	assert_int_equal(after(0, GONE).kind, VERDICT_GO_ON);
	assert_int_equal(after(4, GONE).kind, VERDICT_GO_ON);
	/* It did not say whether they are there. */
	assert_int_equal(after(5, REFUSED).kind, VERDICT_GO_ON);
}

static void a_host_that_lets_nobody_in_ends_it(void **state)
{
	struct rollback_work *w = work_at_sight(RESOURCE_GROUP);
	void *subject = w;

	(void)state;
	assert_int_equal(look(w, 401, "{\"code\":\"UNAUTHORIZED\"}").kind,
			 VERDICT_FAILED);
	rollback_free(&subject);
}

static void what_was_seen_is_remembered(void **state)
{
	struct rollback_work *w = work_at_sight(RESOURCE_GROUP);
	void *subject = w;
	AUTO_FREE char *memo = NULL;

	(void)state;
	look(w, GONE);
	w->memo.force = true;
	memo = rollback_memo_write(w);
	w->memo = (struct rollback_memo){ 0 };
	rollback_memo_read(w, memo);
	assert_int_equal(w->memo.sights, 1);
	assert_int_equal(w->memo.unseen, 1);
	assert_true(w->memo.force);
	rollback_free(&subject);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_is_looked_at_by_its_id),
		cmocka_unit_test(one_of_ours_is_enough),
		cmocka_unit_test(a_host_that_shows_none_of_several_is_doubted),
		cmocka_unit_test(few_things_prove_nothing),
		cmocka_unit_test(a_host_that_lets_nobody_in_ends_it),
		cmocka_unit_test(what_was_seen_is_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
