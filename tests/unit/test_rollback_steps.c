/*
 * The steps of a rollback, by what hosts answer: nothing is deleted that does
 * not prove to be ours, what is gone is done, and a refusal keeps nothing else.
 */
#include "tests/unit/rollback_fixture.h"

#define NEXT "rollback.next"
#define NOT_FOUND(reason) \
	404, "{\"code\":404,\"message\":\"not found\",\"reason\":\"" reason "\"}"
#define REFUSED 500, "{\"code\":500,\"message\":\"internal error\"}"

struct step_case {
	const char *name;
	enum resource_type type;
	enum rollback_action action;
	struct verdict (*got)(void *subject, const struct answer *answer);
	int status;
	const char *body;
	const char *to;		/* NULL: on to the next row of the table */
	enum rollback_part_state state;
	const char *class;
	bool gone;
};

#define GOES_ON NULL, ROLLBACK_WAITING, NULL, false
#define IS_GONE NEXT, ROLLBACK_GONE, NULL, true
#define IS_DONE NEXT, ROLLBACK_PART_DONE, NULL, true
#define IS_LEFT(class) NEXT, ROLLBACK_LEFT, class, false

static const struct step_case cases[] = {
	{ "an account of ours", ACCOUNT, got_rb_account_read,
	  OK("{\"id\":12,\"name\":\"p " MARK "\"}"), GOES_ON },
	{ "renamed, its notes tell", ACCOUNT, got_rb_account_read,
	  OK("{\"id\":12,\"name\":\"x\",\"notes\":\"mine\\n" MARK "\"}"),
	  GOES_ON },
	{ "without marks, it leads where ours does", ACCOUNT,
	  got_rb_account_read, OK("{\"id\":12,\"name\":\"x\",\"platform\":"
	  "\"openai\",\"type\":\"apikey\",\"credentials\":{\"base_url\":"
	  "\"https://p.example/v1\",\"model_mapping\":{\"a\":\"a\",\"b\":"
	  "\"b\"}}}"), GOES_ON },
	{ "another account of this id and the same provider", ACCOUNT,
	  got_rb_account_read, OK("{\"id\":12,\"name\":\"x\",\"platform\":"
	  "\"openai\",\"type\":\"apikey\",\"credentials\":{\"base_url\":"
	  "\"https://p.example/v1\",\"model_mapping\":{\"a\":\"a\"}}}"),
	  IS_LEFT(ROLLBACK_NOT_OURS) },
	{ "one that was adopted has other models", RESOURCE_ACCOUNT,
	  ROLLBACK_RELEASE, got_rb_account_read, OK("{\"id\":12,\"name\":"
	  "\"x\",\"platform\":\"openai\",\"type\":\"apikey\","
	  "\"credentials\":{\"base_url\":\"https://p.example/v1\","
	  "\"model_mapping\":{\"c\":\"c\"}}}"), "account.release",
	  ROLLBACK_WAITING, NULL, false },
	{ "another account of this id", ACCOUNT, got_rb_account_read,
	  OK("{\"id\":12,\"name\":\"x\",\"platform\":\"openai\",\"type\":"
	  "\"apikey\",\"credentials\":{\"base_url\":\"https://q.example\"}}"),
	  IS_LEFT(ROLLBACK_NOT_OURS) },
	{ "one of another CRM", ACCOUNT, got_rb_account_read,
	  OK("{\"id\":12,\"name\":\"p crm-zzz999-mark1111\"}"),
	  IS_LEFT(ROLLBACK_NOT_OURS) },
	{ "an account that is gone", ACCOUNT, got_rb_account_read,
	  NOT_FOUND("ACCOUNT_NOT_FOUND"), IS_GONE },
	{ "an account deleted", ACCOUNT, got_rb_account_delete, OK("{}"),
	  IS_DONE },
	{ "deleted by somebody meanwhile", ACCOUNT, got_rb_account_delete,
	  NOT_FOUND("ACCOUNT_NOT_FOUND"), IS_DONE },
	{ "the host refuses", ACCOUNT, got_rb_account_delete, REFUSED,
	  IS_LEFT("host_refused") },

	{ "a group of ours", GROUP, got_rb_group_read,
	  OK("{\"id\":12,\"name\":\"x\",\"description\":\"" MARK "\"}"),
	  GOES_ON },
	{ "another group of this id", GROUP, got_rb_group_read,
	  OK("{\"id\":12,\"name\":\"theirs\",\"description\":\"\"}"),
	  IS_LEFT(ROLLBACK_NOT_OURS) },
	{ "accounts are in it", GROUP, got_rb_group_accounts,
	  OK("{\"items\":[{\"id\":3}],\"total\":1,\"page\":1,\"pages\":1}"),
	  IS_LEFT(ROLLBACK_IN_USE) },
	{ "no account is in it", GROUP, got_rb_group_accounts,
	  OK("{\"items\":[],\"total\":0,\"page\":1,\"pages\":0}"), GOES_ON },
	{ "somebody's key is bound to it", GROUP, got_rb_group_keys,
	  OK("{\"items\":[{\"id\":3,\"name\":\"mine\"}],\"total\":1}"),
	  IS_LEFT(ROLLBACK_IN_USE) },
	{ "keys of ours alone are", GROUP, got_rb_group_keys,
	  OK("{\"items\":[{\"id\":3,\"name\":\"crm-abc123-key11111\"}],"
	  "\"total\":1}"), GOES_ON },
	{ "somebody is let into it by others", GROUP, got_rb_group_subs,
	  OK("{\"items\":[{\"id\":3,\"status\":\"active\",\"notes\":\"\","
	  "\"user\":{\"id\":4}}],\"total\":1}"),
	  IS_LEFT(ROLLBACK_IN_USE) },
	{ "by us, not any more, or of nobody", GROUP, got_rb_group_subs,
	  OK("{\"items\":[{\"id\":3,\"status\":\"active\",\"notes\":"
	  "\"crm-abc123\",\"user\":{\"id\":4}},{\"id\":5,\"status\":"
	  "\"revoked\",\"notes\":\"\",\"user\":{\"id\":4}},{\"id\":6,"
	  "\"status\":\"active\",\"notes\":\"\"}],\"total\":3}"), GOES_ON },
	{ "a group deleted twice", GROUP, got_rb_group_delete,
	  NOT_FOUND("GROUP_NOT_FOUND"), IS_DONE },

	{ "a user of ours, by its address", USER, got_rb_user_read,
	  OK("{\"id\":12,\"email\":\"relay-sub-a.abc123@crm.invalid\"}"),
	  GOES_ON },
	{ "somebody real", USER, got_rb_user_read,
	  OK("{\"id\":12,\"email\":\"a@b.example\",\"notes\":\"\"}"),
	  IS_LEFT(ROLLBACK_NOT_OURS) },
	{ "a user with a key that is not ours", USER, got_rb_user_keys,
	  OK("{\"items\":[{\"id\":3,\"name\":\"theirs\"}],\"total\":1}"),
	  IS_LEFT(ROLLBACK_IN_USE) },

	{ "a key, by its name", KEY, got_rb_key_look,
	  OK("{\"items\":[{\"id\":3,\"name\":\"" MARK "\"}],\"total\":1}"),
	  GOES_ON },
	{ "a key that its user deleted", KEY, got_rb_key_look,
	  OK("{\"items\":[],\"total\":0}"), IS_GONE },

	{ "a subscription of ours", SUBSCRIPTION, got_rb_sub_look,
	  OK("[{\"id\":5,\"group_id\":12,\"status\":\"active\",\"notes\":"
	  "\"crm-abc123\"}]"), GOES_ON },
	{ "somebody's in its place", SUBSCRIPTION, got_rb_sub_look,
	  OK("[{\"id\":5,\"group_id\":12,\"status\":\"active\",\"notes\":"
	  "\"by hand\"}]"), IS_LEFT(ROLLBACK_NOT_OURS) },
	{ "a subscription that was revoked", SUBSCRIPTION, got_rb_sub_look,
	  OK("[]"), IS_GONE },

	{ "a channel over our group", CHANNEL, got_rb_channel_read,
	  OK("{\"id\":12,\"name\":\"x " MARK "\",\"group_ids\":[12]}"),
	  GOES_ON },
	{ "a channel over others as well", CHANNEL, got_rb_channel_read,
	  OK("{\"id\":12,\"name\":\"x " MARK "\",\"group_ids\":[12,13]}"),
	  IS_LEFT(ROLLBACK_IN_USE) },
};

static void answers_decide(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct step_case *c = &cases[i];
		CLEANUP(answer_done) struct answer answer =
			answer_of(c->status, c->body);
		struct rollback_work *w = work_of(c->type, c->action);
		void *subject = w;
		struct verdict v = c->got(w, &answer);

		if (v.kind != (c->to ? VERDICT_GO_TO : VERDICT_GO_ON) ||
		    (c->to && strcmp(v.step, c->to) != 0) ||
		    w->part.state != c->state ||
		    (w->row.state == RESOURCE_GONE) != c->gone)
			fail_msg("%s: %s, part %s, row %s", c->name,
				 verdict_kind_name(v.kind),
				 rollback_part_state_name(w->part.state),
				 resource_state_name(w->row.state));
		if (c->class)
			assert_string_equal(w->part.failure_class, c->class);
		rollback_free(&subject);
	}
}

static void a_new_name_that_was_accepted_is_ours(void **state)
{
	CLEANUP(answer_done) struct answer answer = answer_of(200,
		"{\"code\":0,\"data\":{\"id\":12,\"name\":\"renamed\","
		"\"description\":\"ours now\"}}");
	struct rollback_work *w = work_of(GROUP);
	void *subject = w;

	(void)state;
	own_set(&w->row.written_json, "{\"name\":\"renamed\"}");
	assert_int_equal(got_rb_group_read(w, &answer).kind, VERDICT_GO_ON);
	own_set(&w->row.written_json, "{\"name\":\"another\"}");
	assert_int_equal(got_rb_group_read(w, &answer).kind, VERDICT_GO_TO);
	rollback_free(&subject);
}

/* People renamed and changed it, and a reconcile took the name down. */
static void an_account_as_accepted_is_ours(void **state)
{
	CLEANUP(answer_done) struct answer answer = answer_of(200,
		"{\"code\":0,\"data\":{\"id\":12,\"name\":\"renamed\","
		"\"platform\":\"openai\",\"type\":\"apikey\",\"credentials\":"
		"{\"base_url\":\"https://p.example/v1\",\"model_mapping\":{}}}}");
	struct rollback_work *w = work_of(ACCOUNT);
	void *subject = w;

	(void)state;
	own_set(&w->row.written_json, "{\"name\":\"renamed\"}");
	assert_int_equal(got_rb_account_read(w, &answer).kind,
			 VERDICT_GO_ON);
	own_set(&w->row.written_json, "{\"name\":\"another\"}");
	assert_int_equal(got_rb_account_read(w, &answer).kind,
			 VERDICT_GO_TO);
	rollback_free(&subject);
}

/* ---- the host as a whole ---- */

static void a_host_that_is_not_there_ends_it(void **state)
{
	struct answer answer = { .transport = TRANSPORT_REFUSED,
				 .retry_after_ms = -1 };
	struct rollback_work *w = work_of(ACCOUNT);
	void *subject = w;
	struct verdict v;

	(void)state;
	w->attempt = 0;
	v = got_rb_account_read(w, &answer);
	assert_int_equal(v.kind, VERDICT_RETRY);
	w->attempt = settings.attempts_max - 1;
	v = got_rb_account_read(w, &answer);
	assert_int_equal(v.kind, VERDICT_FAILED);
	assert_int_equal(w->part.state, ROLLBACK_WAITING);
	rollback_free(&subject);
}

/* ---- an adopted account ---- */

static json_t *release(const char *live)
{
	CLEANUP(answer_done) struct answer answer = answer_of(200, live);
	struct rollback_work *w = work_of(RESOURCE_ACCOUNT, ROLLBACK_RELEASE);
	void *subject = w;
	struct verdict v;
	json_t *plan;

	own_set(&w->row.prior_json, "{\"name\":\"p\",\"notes\":\"mine\","
		"\"status\":\"inactive\",\"schedulable\":false,"
		"\"extra\":{\"k\":1},\"model_mapping\":{\"b\":\"b\"},"
		"\"group_ids\":[3]}");
	v = got_rb_account_read(w, &answer);
	assert_int_equal(v.kind, VERDICT_GO_TO);
	assert_string_equal(v.step, "account.release");
	plan = json_loads(w->part.plan, 0, NULL);
	rollback_free(&subject);
	return plan;
}

static void what_we_wrote_is_put_back(void **state)
{
	json_auto_t *plan = release("{\"code\":0,\"data\":{\"id\":12,"
		"\"name\":\"p " MARK "\",\"notes\":\"mine\\n" MARK "\","
		"\"status\":\"active\",\"schedulable\":true,"
		"\"extra\":{\"k\":1,\"openai_responses_mode\":\"x\"},"
		"\"credentials\":{\"model_mapping\":{\"a\":\"a\",\"b\":\"b\"}},"
		"\"group_ids\":[3,12]}}");
	json_auto_t *want = json_loads("{\"name\":\"p\",\"notes\":\"mine\","
		"\"model_mapping\":{\"b\":\"b\"},\"extra\":{\"k\":1},"
		"\"status\":\"inactive\",\"schedulable\":false,"
		"\"group_ids\":[3,12]}", 0, NULL);

	(void)state;
	assert_true(json_equal(plan, want));
}

/* A repair shows errors that it hid; and it was in a group of ours before. */
static void what_it_hid_and_where_it_was_is_put_back(void **state)
{
	CLEANUP(answer_done) struct answer answer = answer_of(200,
		"{\"code\":0,\"data\":{\"id\":12,\"name\":\"p " MARK "\","
		"\"credentials\":{\"custom_error_codes_enabled\":false},"
		"\"group_ids\":[3,12,13]}}");
	CLEANUP(request_done) struct request request = { 0 };
	struct rollback_work *w = work_of(RESOURCE_ACCOUNT, ROLLBACK_RELEASE);
	void *subject = w;
	const char *body;

	(void)state;
	own_set(&w->row.prior_json, "{\"name\":\"p\",\"group_ids\":[3,12],"
		"\"custom_error_codes_enabled\":true,"
		"\"custom_error_codes\":[401]}");
	got_rb_account_read(w, &answer);
	w->ours = json_pack("[i, i]", 12, 13);
	w->attempt = 0;
	ask_rb_account_release(w, &request);
	body = buf_str(&request.body.text);
	assert_non_null(strstr(body, "\"group_ids\":[3,12]"));
	assert_non_null(strstr(body, "\"custom_error_codes_enabled\":true"));
	rollback_free(&subject);
}

/* A list that is cut would take it out of groups of others. */
static void it_stays_in_all_groups_however_many(void **state)
{
	struct buf body = { .max = 4096 };
	CLEANUP(answer_done) struct answer answer = { 0 };
	CLEANUP(request_done) struct request request = { 0 };
	struct rollback_work *w = work_of(RESOURCE_ACCOUNT, ROLLBACK_RELEASE);
	void *subject = w;

	(void)state;
	buf_addf(&body, "{\"code\":0,\"data\":{\"id\":12,\"name\":\"p "
		 MARK "\",\"group_ids\":[1");
	for (int id = 2; id <= 300; id++)
		buf_addf(&body, ",%d", id);
	buf_addf(&body, "]}}");
	answer = answer_of(200, buf_str(&body));
	own_set(&w->row.prior_json, "{\"name\":\"p\"}");
	got_rb_account_read(w, &answer);
	w->attempt = 0;
	assert_true(ask_rb_account_release(w, &request));
	assert_non_null(strstr(buf_str(&request.body.text), ",299,300]"));
	buf_done(&body);
	rollback_free(&subject);
}

static void what_people_changed_since_is_theirs(void **state)
{
	json_auto_t *plan = release("{\"code\":0,\"data\":{\"id\":12,"
		"\"name\":\"renamed\",\"notes\":\"new\\n" MARK "\","
		"\"status\":\"inactive\",\"schedulable\":false,"
		"\"extra\":{\"k\":2},"
		"\"credentials\":{\"model_mapping\":{\"a\":\"a\",\"c\":\"c\"}},"
		"\"group_ids\":[3]}}");
	json_auto_t *want = json_loads("{\"notes\":\"new\","
		"\"model_mapping\":{\"c\":\"c\"},\"extra\":{\"k\":2},"
		"\"group_ids\":[3]}", 0, NULL);

	(void)state;
	assert_true(json_equal(plan, want));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_decide),
		cmocka_unit_test(a_new_name_that_was_accepted_is_ours),
		cmocka_unit_test(an_account_as_accepted_is_ours),
		cmocka_unit_test(a_host_that_is_not_there_ends_it),
		cmocka_unit_test(what_we_wrote_is_put_back),
		cmocka_unit_test(what_it_hid_and_where_it_was_is_put_back),
		cmocka_unit_test(it_stays_in_all_groups_however_many),
		cmocka_unit_test(what_people_changed_since_is_theirs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
