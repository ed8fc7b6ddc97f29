/*
 * Taking over somebody's account, and giving it back.
 */
#include "tests/unit/import_fixture.h"

#define NEW "0.1.179"
#define PRINT "0123456789abcdef0123456789abcdef"

#define THEIRS(name, base, key, groups) "{\"id\":12,\"name\":\"" name "\"," \
	"\"notes\":\"mine\",\"platform\":\"openai\",\"type\":\"apikey\"," \
	"\"credentials\":{\"base_url\":\"" base "\"" key "," \
	"\"model_mapping\":{\"x\":\"y\"}},\"extra\":{\"theirs\":1}," \
	"\"concurrency\":3,\"priority\":40,\"status\":\"active\"," \
	"\"schedulable\":true,\"group_ids\":[" groups "]}"
#define HAS(name, base, key) SAYS(200, ENVELOPE(THEIRS(name, base, key, "3")))
#define P "https://p.example"
#define HAS_IN_OURS SAYS(200, ENVELOPE(THEIRS("theirs", P, \
	",\"custom_error_codes_enabled\":true," \
	"\"custom_error_codes\":[401]", "3,7")))
#define FREE HAS("theirs", P, "")

static void named(struct import *im)
{
	has(im, IMPORT_GROUP, RESOURCE_MAKING, "7");
	has(im, IMPORT_ACCOUNT, RESOURCE_MAKING, NULL);
	own_set(&im->item.adopt_account_id, "12");
	own_set(&im->item.api_key_fingerprint, PRINT);
	own_set(&im->resources[IMPORT_ACCOUNT].wanted_json,
		"{\"name\":\"p crm-abc123-account1\",\"credentials\":{"
		"\"base_url\":\"https://p.example/v1\",\"model_mapping\":{"
		"\"m-1\":\"m-1\",\"m-2\":\"m-2\"}},\"extra\":{"
		"\"openai_responses_mode\":\"force_chat_completions\"},"
		"\"group_ids\":[7]}");
}

static void taken(const struct import *im)
{
	const struct resource *row = &im->resources[IMPORT_ACCOUNT];

	assert_string_equal(row->host_resource_id, "12");
	assert_string_equal(row->origin, "adopted");
	assert_non_null(strstr(row->prior_json, "\"group_ids\":[3]"));
	assert_non_null(strstr(row->prior_json, "\"name\":\"theirs\""));
	assert_null(strstr(row->prior_json, "api_key"));
	assert_null(strstr(row->prior_json, PRINT));
	assert_non_null(strstr(row->wanted_json,
			       "theirs crm-abc123-account1"));
	assert_non_null(strstr(row->wanted_json, "\"x\":\"y\""));
	assert_true(im->memo.adopting);
	assert_false(im->memo.created_account);
	assert_int_equal(im->item.resolution, RESOLUTION_REUSED);
	assert_int_equal(im->item.match, MATCH_ACTIVE);
	assert_string_equal(im->item.reused_from_account_id, "12");
}

static void taken_unseen(const struct import *im)
{
	taken(im);
	assert_non_null(strstr(im->item.warnings, "adopted_key_unknown"));
}

static void taken_by_sight(const struct import *im)
{
	taken(im);
	assert_string_equal(im->item.warnings, "[]");
}

/* The row never was the account's, and nothing was written. */
static void refused(const struct import *im)
{
	assert_int_equal(im->resources[IMPORT_ACCOUNT].state, RESOURCE_GONE);
	assert_null(im->resources[IMPORT_ACCOUNT].host_resource_id);
	assert_false(im->memo.adopting);
	assert_non_null(strstr(im->item.failure_detail, "account 12 is not"
			       " adopted: "));
	assert_non_null(strstr(im->item.warnings, "adopt_refused"));
}

static void refused_for_force(const struct import *im)
{
	refused(im);
	assert_non_null(strstr(im->item.failure_detail, "adopt_force"));
}

static void named_by_force(struct import *im)
{
	named(im);
	im->item.adopt_force = true;
}

static void has_one_mark(const struct import *im)
{
	const struct resource *row = &im->resources[IMPORT_ACCOUNT];

	assert_non_null(strstr(row->wanted_json,
			       "\"p crm-abc123-account1\""));
	assert_non_null(strstr(row->prior_json, "\"p crm-abc123-zzzzzzzz\""));
}

static void is_its_mark(const struct import *im)
{
	assert_non_null(strstr(im->resources[IMPORT_ACCOUNT].wanted_json,
			       "\"name\":\"crm-abc123-account1\""));
}

/* What another CRM made is taken if somebody said so, and no other thing. */
static void force_takes_what_another_crm_made(void **state)
{
	static const struct step_case cases[] = {
		{ "of another CRM", NULL,
		  HAS("p crm-zzzzzz-zzzzzzzz", P, ""), ON, NULL },
		{ "another address", NULL,
		  HAS("p crm-zzzzzz-zzzzzzzz", "https://q.example/v1", ""),
		  FAIL(FAILURE_ADOPT_REFUSED), refused },
		/* The records say whose it is: got_adopt_taken(). */
		{ "ours", NULL, HAS("p crm-abc123-zzzzzzzz", P, ""), ON,
		  has_one_mark },
		{ "ours, by nothing but its mark", NULL,
		  HAS("crm-abc123-zzzzzzzz", P, ""), ON, is_its_mark },
	};

	(void)state;
	walk(got_adopt, NEW, named_by_force, cases, COUNT(cases));
}

static void it_is_looked_at_before_it_is_taken(void **state)
{
	static const struct step_case cases[] = {
		{ "key not shown", NULL, FREE, ON, taken_unseen },
		{ "ours by its key", NULL,
		  HAS("theirs", P "/v1/", ",\"api_key\":\"" PRINT "\""), ON,
		  taken_by_sight },
		{ "its whole URL", NULL,
		  HAS("theirs", P "/v1/chat/completions", ""), ON,
		  taken_unseen },
		{ "another key", NULL, HAS("theirs", P,
			",\"api_key\":\"ffffffffffffffffffffffffffffffff\""),
		  FAIL(FAILURE_ADOPT_REFUSED), refused },
		{ "another address", NULL,
		  HAS("theirs", "https://q.example/v1", ""),
		  FAIL(FAILURE_ADOPT_REFUSED), refused },
		{ "ours", NULL, HAS("p crm-abc123-zzzzzzzz", P, ""),
		  FAIL(FAILURE_ADOPT_REFUSED), refused_for_force },
		{ "of another CRM", NULL,
		  HAS("p crm-zzzzzz-zzzzzzzz", P, ""),
		  FAIL(FAILURE_ADOPT_REFUSED), refused_for_force },
		{ "not quite a mark", NULL,
		  HAS("p crm-zzzzzz-zzz", P, ""), ON, NULL },
		{ "another type", NULL, SAYS(200, ENVELOPE("{\"id\":12,"
			"\"platform\":\"openai\",\"type\":\"oauth\"}")),
		  FAIL(FAILURE_ADOPT_REFUSED), refused },
		{ "another platform", NULL, SAYS(200, ENVELOPE("{\"id\":12,"
			"\"platform\":\"kimi\",\"type\":\"apikey\"}")),
		  FAIL(FAILURE_ADOPT_REFUSED), refused },
		{ "nobody", NULL, SAYS(404, REASON(404, "ACCOUNT_NOT_FOUND")),
		  FAIL(FAILURE_ADOPT_REFUSED), refused },
	};
	IMPORT im = import_on(NEW);

	(void)state;
	walk(got_adopt, NEW, named, cases, COUNT(cases));
	walk_reader(got_adopt, NEW, named);
	named(im);
	check_asks(ask_find_account, im, "");
	check_unasked("to it", got_find_account, im,
		      (struct verdict)TO("adopt.read"));
	check_asks(ask_adopt, im, "GET " ADMIN "/accounts/12");
}

/* Of two items that name it, one has it in its row. */
static void another_item_was_quicker(void **state)
{
	IMPORT im = import_on(NEW);

	(void)state;
	named(im);
	im->memo.adopting = im->memo.adopted = true;
	check_unasked("taken", got_adopt_taken, im,
		      (struct verdict)FAIL(FAILURE_ADOPT_REFUSED));
	refused(im);
}

/* It is ours by now, and in its own group. */
static struct import *adopted(void)
{
	static const struct said theirs = FREE;
	CLEANUP(answer_done) struct answer answer = answer_made(&theirs);
	struct import *im = import_on(NEW);

	named(im);
	got_adopt(im, &answer);
	got_flag(im, &answer);
	return im;
}

static json_t *body_of(ask_step *ask, const struct import *im)
{
	CLEANUP(request_done) struct request request = { 0 };

	assert_true(ask(im, &request));
	return json_loads(buf_str(&request.body.text), 0, NULL);
}

static void check_body(ask_step *ask, const struct import *im,
		       const char *want)
{
	json_auto_t *is = body_of(ask, im);
	json_auto_t *must = json_loads(want, 0, NULL);
	AUTO_FREE char *text = json_dumps(is, JSON_COMPACT);

	if (!json_equal(is, must))
		assert_string_equal(text, want);
}

static void it_is_marked_and_keeps_its_name(void **state)
{
	IMPORT im = adopted();

	(void)state;
	check_asks(ask_adopt_mark, im, "PUT " ADMIN "/accounts/12");
	check_body(ask_adopt_mark, im, "{\"name\":\"theirs crm-abc123-"
		   "account1\",\"notes\":\"mine\\ncrm-abc123-account1\"}");
}

static void it_is_bound_beside_its_own_groups(void **state)
{
	IMPORT im = adopted();

	(void)state;
	check_body(ask_bind, im, "{\"account_ids\":[12],\"extra\":{"
		"\"openai_responses_mode\":\"force_chat_completions\","
		"\"openai_responses_supported\":false},\"group_ids\":[3,7],"
		"\"credentials\":{\"model_mapping\":{\"x\":\"y\","
		"\"m-1\":\"m-1\",\"m-2\":\"m-2\"}},\"status\":\"active\","
		"\"schedulable\":true}");
	/* Where others live it is proven alone first. */
	has(im, IMPORT_GROUP, RESOURCE_PRESENT, "7");
	has(im, IMPORT_PROOF_GROUP, RESOURCE_MAKING, "9");
	im->memo.live = true;
	{
		json_auto_t *body = body_of(ask_bind, im);
		json_auto_t *ids = json_loads("[3,9]", 0, NULL);

		assert_true(json_equal(json_object_get(body, "group_ids"),
				       ids));
	}
}

static void gone_for_us(const struct import *im)
{
	assert_int_equal(im->resources[IMPORT_ACCOUNT].state, RESOURCE_GONE);
}

static void half_way(struct import *im)
{
	CLEANUP(answer_done) struct answer answer = { 0 };
	static const struct said theirs = FREE;

	named(im);
	answer = answer_made(&theirs);
	got_adopt(im, &answer);
	im->nevents = 0;
}

static void restored(const struct import *im)
{
	gone_for_us(im);
	assert_string_equal(noted(im), "restored");
}

/* Its groups are those that it has but ours, whoever changed them since. */
static void a_failure_gives_it_back_as_it_was(void **state)
{
	static const struct step_case reads[] = {
		{ "there", NULL, SAYS(200, ENVELOPE(THEIRS("theirs crm-abc123"
			"-account1", P, "", "3,7,11"))), ON, NULL },
		{ "gone", NULL, SAYS(404, REASON(404, "ACCOUNT_NOT_FOUND")),
		  TO("undo.find_proof"), gone_for_us },
	};
	static const struct step_case rest[] = {
		{ "done", NULL, SAYS(200, ENVELOPE("{\"id\":12}")), ON,
		  restored },
	};
	IMPORT im = adopted();

	(void)state;
	walk(got_restore_read, NEW, half_way, reads, COUNT(reads));
	walk(got_restore_rest, NEW, half_way, rest, COUNT(rest));
	snprintf(im->memo.groups, sizeof(im->memo.groups), "3,7,11");
	check_body(ask_restore, im, "{\"account_ids\":[12],\"group_ids\":"
		"[3,11],\"credentials\":{\"model_mapping\":{\"x\":\"y\"}},"
		"\"name\":\"theirs\",\"status\":\"active\",\"schedulable\":"
		"true}");
	check_body(ask_restore_rest, im,
		   "{\"notes\":\"mine\",\"extra\":{\"theirs\":1}}");
	/* It is never deleted by us. */
	check_asks(ask_undo_account, im, "");
}

/* The groups of an account, from 100 on. */
static char *groups_to(int last)
{
	struct buf ids = { .max = 8192 };

	for (int id = 100; id <= last; id++)
		buf_addf(&ids, "%s%d", id > 100 ? "," : "", id);
	return buf_take(&ids);
}

static char *theirs_in(const char *groups)
{
	return xasprintf(ENVELOPE(THEIRS("theirs", P, "", "%s")), groups);
}

/* A list that is cut would take it out of groups of others. */
static void it_is_given_back_to_all_its_groups(void **state)
{
	AUTO_FREE char *groups = groups_to(219);
	AUTO_FREE char *body = theirs_in(groups);
	AUTO_FREE char *want = xasprintf("\"group_ids\":[%s]", groups);
	const struct said all = SAYS(200, body);
	CLEANUP(answer_done) struct answer answer = answer_made(&all);
	CLEANUP(request_done) struct request request = { 0 };
	IMPORT im = adopted();

	(void)state;
	got_restore_read(im, &answer);
	assert_true(ask_restore(im, &request));
	assert_non_null(strstr(buf_str(&request.body.text), want));
}

static void more_than_can_be_kept_are_left_as_they_are(void **state)
{
	AUTO_FREE char *groups = groups_to(399);
	AUTO_FREE char *body = theirs_in(groups);
	const struct said all = SAYS(200, body);
	CLEANUP(answer_done) struct answer answer = answer_made(&all);
	CLEANUP(request_done) struct request request = { 0 };
	IMPORT im = adopted();

	(void)state;
	got_restore_read(im, &answer);
	assert_non_null(strstr(im->item.warnings, "left_on_host"));
	assert_true(ask_restore(im, &request));
	assert_null(strstr(buf_str(&request.body.text), "group_ids"));
	assert_non_null(strstr(buf_str(&request.body.text), "\"theirs\""));
}

static void an_account_in_too_many_groups_is_not_taken(void **state)
{
	AUTO_FREE char *groups = groups_to(399);
	AUTO_FREE char *body = theirs_in(groups);
	const struct said all = SAYS(200, body);
	CLEANUP(answer_done) struct answer answer = answer_made(&all);
	IMPORT im = import_on(NEW);

	(void)state;
	named(im);
	assert_int_equal(got_adopt(im, &answer).kind, VERDICT_FAILED);
	refused(im);
}

/* A repair shows errors that it hid; and it was in a group of ours before. */
static void what_it_hid_and_where_it_was_is_put_back(void **state)
{
	static const struct said theirs = HAS_IN_OURS;
	CLEANUP(answer_done) struct answer answer = answer_made(&theirs);
	IMPORT im = import_on(NEW);
	const char *prior;

	(void)state;
	named(im);
	got_adopt(im, &answer);
	prior = im->resources[IMPORT_ACCOUNT].prior_json;
	assert_non_null(strstr(prior, "\"custom_error_codes\":[401]"));
	snprintf(im->memo.groups, sizeof(im->memo.groups), "3,7");
	check_body(ask_restore, im, "{\"account_ids\":[12],\"group_ids\":"
		"[3,7],\"credentials\":{\"model_mapping\":{\"x\":\"y\"},"
		"\"custom_error_codes_enabled\":true},"
		"\"name\":\"theirs\",\"status\":\"active\",\"schedulable\":"
		"true}");
}

/* What was never taken is not given back. */
static void an_account_of_our_own_is_not_restored(void **state)
{
	IMPORT im = import_on(NEW);

	(void)state;
	has(im, IMPORT_ACCOUNT, RESOURCE_MAKING, "5");
	check_asks(ask_restore_read, im, "");
	check_asks(ask_restore, im, "");
	check_asks(ask_restore_rest, im, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_looked_at_before_it_is_taken),
		cmocka_unit_test(force_takes_what_another_crm_made),
		cmocka_unit_test(another_item_was_quicker),
		cmocka_unit_test(it_is_marked_and_keeps_its_name),
		cmocka_unit_test(it_is_bound_beside_its_own_groups),
		cmocka_unit_test(a_failure_gives_it_back_as_it_was),
		cmocka_unit_test(it_is_given_back_to_all_its_groups),
		cmocka_unit_test(more_than_can_be_kept_are_left_as_they_are),
		cmocka_unit_test(an_account_in_too_many_groups_is_not_taken),
		cmocka_unit_test(what_it_hid_and_where_it_was_is_put_back),
		cmocka_unit_test(an_account_of_our_own_is_not_restored),
	};

	return cmocka_run_group_tests(tests, read_settings, drop_settings);
}
