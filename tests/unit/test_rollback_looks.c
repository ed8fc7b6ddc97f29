/*
 * What a rollback looks at before it deletes: lists to their end, nothing that
 * was looked at long ago, and whether what it would take is there.
 */
#include "tests/unit/rollback_fixture.h"

/* ---- what is more than one page ---- */

#define PAGE(items, n) \
	OK("{\"items\":[" items "],\"total\":1001,\"page\":" #n ",\"pages\":2}")
#define OUR_KEY "{\"id\":3,\"name\":\"crm-abc123-key11111\"}"
#define THEIR_KEY "{\"id\":4,\"name\":\"theirs\"}"
#define OUR_SUB "{\"id\":3,\"status\":\"active\",\"notes\":" \
	"\"crm-abc123\",\"user\":{\"id\":4}}"
#define THEIR_SUB "{\"id\":3,\"status\":\"active\",\"notes\":\"\"," \
	"\"user\":{\"id\":4}}"

static struct verdict answered(struct rollback_work *w,
			       struct verdict (*got)(void *subject,
						const struct answer *answer),
			       int status, const char *body)
{
	CLEANUP(answer_done) struct answer answer = answer_of(status, body);

	return got(w, &answer);
}

static const struct paged {
	const char *name;
	enum resource_type type;
	enum rollback_action action;
	bool (*ask)(const void *subject, struct request *request);
	struct verdict (*got)(void *subject, const struct answer *answer);
	int status;
	const char *first;
	int status_2;
	const char *second;
	enum verdict_kind ends;
	enum rollback_part_state state;
} paged[] = {
	{ "keys of a group", GROUP, ask_rb_group_keys, got_rb_group_keys,
	  PAGE(OUR_KEY, 1), PAGE(THEIR_KEY, 2), VERDICT_GO_TO, ROLLBACK_LEFT },
	{ "keys of ours", GROUP, ask_rb_group_keys, got_rb_group_keys,
	  PAGE(OUR_KEY, 1), PAGE(OUR_KEY, 2), VERDICT_GO_ON,
	  ROLLBACK_WAITING },
	{ "subscriptions", GROUP, ask_rb_group_subs, got_rb_group_subs,
	  PAGE(OUR_SUB, 1), PAGE(THEIR_SUB, 2), VERDICT_GO_TO, ROLLBACK_LEFT },
	{ "keys of a user", USER, ask_rb_user_keys, got_rb_user_keys,
	  PAGE(OUR_KEY, 1), PAGE(THEIR_KEY, 2), VERDICT_GO_TO, ROLLBACK_LEFT },
	{ "a key", KEY, ask_rb_key_look, got_rb_key_look,
	  PAGE(THEIR_KEY, 1), PAGE("{\"id\":9,\"name\":\"" MARK "\"}", 2),
	  VERDICT_GO_ON, ROLLBACK_WAITING },
	{ "no key", KEY, ask_rb_key_look, got_rb_key_look,
	  PAGE(THEIR_KEY, 1), PAGE(THEIR_KEY, 2), VERDICT_GO_TO,
	  ROLLBACK_GONE },
};

static void asks_for_page(const struct paged *p, struct rollback_work *w,
			  const char *page)
{
	CLEANUP(request_done) struct request request = { 0 };

	assert_true(p->ask(w, &request));
	if (!strstr(request.url, page))
		fail_msg("%s: %s", p->name, request.url);
}

/* What is not ours may be on any of them. */
static void a_list_is_read_to_its_end(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(paged); i++) {
		const struct paged *p = &paged[i];
		struct rollback_work *w = work_of(p->type, p->action);
		void *subject = w;

		asks_for_page(p, w, "?page=1&");
		if (answered(w, p->got, p->status, p->first).kind !=
		    VERDICT_POLL)
			fail_msg("%s: one page is enough", p->name);
		asks_for_page(p, w, "?page=2&");
		if (answered(w, p->got, p->status_2, p->second).kind !=
		    p->ends || w->part.state != p->state)
			fail_msg("%s: part %s", p->name,
				 rollback_part_state_name(w->part.state));
		asks_for_page(p, w, "?page=1&");
		rollback_free(&subject);
	}
}

/* ---- what was looked at long ago ---- */

static const struct late {
	enum resource_type type;
	enum rollback_action action;
	bool (*ask)(const void *subject, struct request *request);
	struct verdict (*got)(void *subject, const struct answer *answer);
	const char *look;
} lates[] = {
	{ GROUP, ask_rb_group_delete, got_rb_group_delete, "group.read" },
	{ CHANNEL, ask_rb_channel_delete, got_rb_channel_delete,
	  "channel.read" },
	{ USER, ask_rb_user_delete, got_rb_user_delete, "user.read" },
	{ ACCOUNT, ask_rb_account_delete, got_rb_account_delete,
	  "account.read" },
	{ RESOURCE_ACCOUNT, ROLLBACK_RESTORE, ask_rb_account_narrow,
	  got_rb_account_narrow, "account.read" },
	{ RESOURCE_ACCOUNT, ROLLBACK_RELEASE, ask_rb_account_release,
	  got_rb_account_release, "account.read" },
	{ SUBSCRIPTION, ask_rb_sub_revoke, got_rb_sub_revoke,
	  "subscription.look" },
};

static bool asks_after(const struct late *late, struct rollback_work *w,
		       int64_t ms, int64_t attempt)
{
	CLEANUP(request_done) struct request request = { 0 };

	w->step_since = w->now - ms;
	w->attempt = attempt;
	return late->ask(w, &request);
}

/*
 * The host was paused, or did not answer: others may have put something into
 * it since, or the host is another one, of which this id is somebody's.
 */
static void a_look_that_is_old_is_had_again(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(lates); i++) {
		const struct late *late = &lates[i];
		struct rollback_work *w = work_of(late->type, late->action);
		void *subject = w;
		struct verdict v;

		assert_true(asks_after(late, w, 10, 0));
		if (asks_after(late, w, 5000, 0) || asks_after(late, w, 0, 1))
			fail_msg("%s: the look is old", late->look);
		v = late->got(w, NULL);
		assert_int_equal(v.kind, VERDICT_GO_TO);
		assert_string_equal(v.step, late->look);
		w->memo.looks = 3;
		assert_true(asks_after(late, w, 5000, 1));
		rollback_free(&subject);
	}
}

/* ---- somebody's subscription that was made longer ---- */

static void a_subscription_is_shortened_by_what_was_added(void **state)
{
	static const struct {
		const char *prior, *at;
		bool shortens;
	} ends[] = {
		{ "\"expires_at\":\"2027-01-01T00:00:00Z\"",
		  "2027-01-31T00:00:00Z", true },
		/* Somebody made it longer still. */
		{ "\"expires_at\":\"2027-01-01T00:00:00Z\"",
		  "2027-06-01T00:00:00Z", true },
		/* It had ended, and began anew: hours are no days. */
		{ "\"expires_at\":\"2026-01-01T00:00:00Z\"",
		  "2027-01-31T00:00:00Z", true },
		{ "\"expires_at\":\"2027-01-01T00:00:00Z\"",
		  "2027-01-30T23:00:00Z", true },
		/* It never was: it failed, or the host's database is older. */
		{ "\"expires_at\":\"2027-01-01T00:00:00Z\"",
		  "2027-01-01T00:00:00Z", false },
		/* Somebody shortened it since. */
		{ "\"expires_at\":\"2027-01-01T00:00:00Z\"",
		  "2027-01-20T00:00:00Z", false },
		/* How long it was is not known. */
		{ "\"expires_at\":null", "2027-01-20T00:00:00Z", true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(ends); i++) {
		struct rollback_work *w = work_of(RESOURCE_SUBSCRIPTION,
						  ROLLBACK_RESTORE);
		void *subject = w;
		AUTO_FREE char *prior = xasprintf("{\"extended_days\":30,%s}",
						  ends[i].prior);
		AUTO_FREE char *body = xasprintf("{\"code\":0,\"data\":["
			"{\"id\":5,\"group_id\":12,\"status\":\"active\","
			"\"notes\":\"by hand\",\"expires_at\":\"%s\"}]}",
			ends[i].at);
		CLEANUP(answer_done) struct answer answer =
			answer_of(200, body);
		struct verdict v;

		own_set(&w->row.prior_json, prior);
		v = got_rb_sub_look(w, &answer);
		assert_int_equal(v.kind, VERDICT_GO_TO);
		assert_string_equal(v.step, ends[i].shortens
				    ? "subscription.shorten" : "rollback.next");
		rollback_free(&subject);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_is_read_to_its_end),
		cmocka_unit_test(a_look_that_is_old_is_had_again),
		cmocka_unit_test(a_subscription_is_shortened_by_what_was_added),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
