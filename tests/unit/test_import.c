/*
 * The subject of an import: names, rows, memo, blame.
 */
#include "tests/unit/flow_source.h"
#include "tests/unit/import_fixture.h"

#include "shared/tasks.h"

#define NEW "0.1.179"

static void lookups_tell_things_apart(void **state)
{
	static const struct {
		enum import_resource which;
		enum resource_type type;
		const char *lookup;
		bool hold;
	} cases[] = {
		{ IMPORT_GROUP, RESOURCE_GROUP,
		  "p-example-1|subscription", false },
		{ IMPORT_CHANNEL, RESOURCE_CHANNEL,
		  "p-example-1|subscription", false },
		{ IMPORT_PARKING, RESOURCE_GROUP, "parking", false },
		{ IMPORT_ACCOUNT, RESOURCE_ACCOUNT,
		  "p-example-1|subscription|0123abcd", false },
		{ IMPORT_NEW_KEY, RESOURCE_ACCOUNT,
		  "p-example-1|subscription|0123abcd", false },
		{ IMPORT_CLONE, RESOURCE_ACCOUNT,
		  "clone|p-example-1|subscription|0123abcd", true },
		{ IMPORT_PROOF_GROUP, RESOURCE_GROUP,
		  "proof|p-example-1|subscription|0123abcd", false },
		{ IMPORT_PROOF_USER, RESOURCE_USER, "proof", false },
		{ IMPORT_PROOF_TOKEN, RESOURCE_USER_TOKEN, "proof", false },
		{ IMPORT_PROOF_KEY, RESOURCE_USER_KEY, "proof|1", true },
		{ IMPORT_USER, RESOURCE_USER, "sub|alice", false },
		{ IMPORT_TOKEN, RESOURCE_USER_TOKEN, "sub|alice", false },
		{ IMPORT_SUBSCRIPTION, RESOURCE_SUBSCRIPTION,
		  "p-example-1|subscription|alice", false },
		{ IMPORT_KEY, RESOURCE_USER_KEY,
		  "p-example-1|subscription|alice", false },
	};
	IMPORT im = import_on(NEW);

	(void)state;
	assert_int_equal(COUNT(cases), IMPORT_RESOURCE__MAX);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct resource_want want = { 0 };

		import_want(im, (int)cases[i].which, &want);
		assert_int_equal(want.type, cases[i].type);
		assert_string_equal(want.lookup, cases[i].lookup);
		assert_int_equal(want.hold, cases[i].hold);
	}
}

/* A short key has no fingerprint; then its secret stands for it. */
static void a_key_without_a_fingerprint_is_told_by_its_secret(void **state)
{
	IMPORT im = import_on(NEW);
	struct resource_want want = { 0 };

	(void)state;
	own_set(&im->item.api_key_fingerprint, NULL);
	import_want(im, IMPORT_ACCOUNT, &want);
	assert_string_equal(want.lookup, "p-example-1|subscription|sec_1");
}

/* No two rows that an import may hold at once are the same row. */
static void no_two_things_share_a_row(void **state)
{
	IMPORT im = import_on(NEW);

	(void)state;
	for (int i = 0; i < IMPORT_RESOURCE__MAX; i++)
		for (int k = 0; k < i; k++) {
			struct resource_want a = { 0 }, b = { 0 };

			/* Only who changes the key has both, by two keys. */
			if (i == IMPORT_NEW_KEY || k == IMPORT_NEW_KEY)
				continue;
			import_want(im, i, &a);
			import_want(im, k, &b);
			assert_true(a.type != b.type ||
				    strcmp(a.lookup, b.lookup) != 0);
		}
}

static void whose_turn_it_is_decides_whose_things_are_used(void **state)
{
	IMPORT im = import_on(NEW);
	AUTO_FREE char *own = import_email(im);
	AUTO_FREE char *proofs = NULL;

	(void)state;
	assert_string_equal(own, "relay-sub-alice.abc123@crm.invalid");
	assert_int_equal(import_user(im), IMPORT_USER);
	assert_int_equal(import_token(im), IMPORT_TOKEN);
	assert_int_equal(import_key(im), IMPORT_KEY);
	im->memo.proving = true;
	proofs = import_email(im);
	assert_string_equal(proofs, "relay-proof.abc123@crm.invalid");
	assert_int_equal(import_user(im), IMPORT_PROOF_USER);
	assert_int_equal(import_token(im), IMPORT_PROOF_TOKEN);
	assert_int_equal(import_key(im), IMPORT_PROOF_KEY);
}

static void a_run_without_users_has_one(void **state)
{
	IMPORT im = import_on(NEW);

	(void)state;
	json_array_clear(im->selectors);
	assert_string_equal(import_selector(im), "default");
}

static void settling_keeps_the_origin_and_forgets_old_failures(void **state)
{
	IMPORT im = import_on(NEW);
	struct resource *r = &im->resources[IMPORT_USER];

	(void)state;
	has(im, IMPORT_USER, RESOURCE_MAKING, NULL);
	own_set(&r->failure_class, "transient");
	r->refusals = 2;
	r->next_retry_at = NOW + 5;
	import_settle(im, IMPORT_USER, "created", "4");
	assert_int_equal(r->state, RESOURCE_PRESENT);
	assert_string_equal(r->host_resource_id, "4");
	assert_string_equal(r->origin, "created");
	assert_null(r->failure_class);
	assert_int_equal(r->refusals, 0);
	assert_int_equal(r->next_retry_at, 0);
	assert_true(im->changed[IMPORT_USER]);
	assert_string_equal(noted(im), "created");
	assert_string_equal(im->events[0].detail, "{\"resource\":\"user\","
			    "\"mark\":\"crm-abc123-user1111\",\"id\":\"4\"}");
	import_settle(im, IMPORT_USER, "adopted", NULL);
	assert_string_equal(r->origin, "created");
	assert_string_equal(r->host_resource_id, "4");
}

static void only_the_maker_holds_a_row(void **state)
{
	IMPORT im = import_on(NEW);

	(void)state;
	assert_false(import_holds(im, IMPORT_GROUP));
	has(im, IMPORT_GROUP, RESOURCE_MAKING, "7");
	assert_true(import_holds(im, IMPORT_GROUP));
	own_set(&im->resources[IMPORT_GROUP].made_by, "tsk_11");
	assert_false(import_holds(im, IMPORT_GROUP));
	has(im, IMPORT_GROUP, RESOURCE_PRESENT, "7");
	assert_false(import_holds(im, IMPORT_GROUP));
}

static void the_first_blame_stays_and_keys_are_masked(void **state)
{
	IMPORT im = import_on(NEW);

	(void)state;
	import_blame(im, NULL);
	import_blame(im, "");
	assert_null(im->item.failure_detail);
	import_blame(im, "no: sk-0123456789abcdef0123");
	assert_string_equal(im->item.failure_detail, "no: [redacted]");
	import_blame(im, "something else");
	assert_string_equal(im->item.failure_detail, "no: [redacted]");
}

static void a_blame_has_an_end(void **state)
{
	IMPORT im = import_on(NEW);
	char words[2000];

	(void)state;
	memset(words, ' ', sizeof(words) - 1);
	for (size_t i = 0; i < sizeof(words) - 1; i += 2)
		words[i] = 'w';
	words[sizeof(words) - 1] = '\0';
	import_blame(im, words);
	assert_int_equal(strlen(im->item.failure_detail), 300);
}

/* ---- the memo ---- */

#define FILL(text) snprintf(text, sizeof(text), "%0*d", \
			    (int)sizeof(text) - 1, 7)

/* All that holds something after a memo of every member was read. */
static void a_memo_comes_back_whole(void **state)
{
	IMPORT from = import_on(NEW);
	IMPORT to = import_on(NEW);
	AUTO_FREE char *text = NULL;
	AUTO_FREE char *again = NULL;

	(void)state;
	/* Numbers and truths at once, and text as long as it may be. */
	memset(&from->memo, 1, sizeof(from->memo));
	FILL(from->memo.retire_row);
	FILL(from->memo.finding_id);
	FILL(from->memo.found);
	FILL(from->memo.looked_at);
	FILL(from->memo.groups);
	FILL(from->memo.proof_id);
	FILL(from->memo.tried);
	FILL(from->memo.nonce);
	text = import_memo_write(from);
	assert_true(strlen(text) <= TASK_MEMO_MAX);
	import_memo_read(to, text);
	assert_int_equal(to->memo.selector, from->memo.selector);
	assert_int_equal(to->memo.failure, from->memo.failure);
	assert_true(to->memo.live);
	assert_string_equal(to->memo.nonce, from->memo.nonce);
	assert_string_equal(to->memo.looked_at, from->memo.looked_at);
	again = import_memo_write(to);
	assert_string_equal(again, text);
}

/* The name of the member that a line declares; false if it declares none. */
static bool member_of(const char *line, char ret[WORD_MAX])
{
	size_t semicolon = strcspn(line, ";\n"), end, from;

	if (line[semicolon] != ';')
		return false;
	for (end = semicolon; end > 0 && line[end - 1] == ']'; end--)
		while (line[end - 1] != '[')
			end--;
	for (from = end; from > 0 && strcspn(line + from - 1, " *\t["); from--)
		;
	snprintf(ret, WORD_MAX, "%.*s", (int)(end - from), line + from);
	return true;
}

/* A member that is not in the table would be lost between two steps. */
static void every_member_of_the_memo_is_in_its_table(void **state)
{
	AUTO_FREE char *header = source_text("schedd/import.h");
	AUTO_FREE char *table = source_text("schedd/import_memo.c");
	const char *line = strstr(header, "struct import_memo {");
	char name[WORD_MAX];
	size_t members = 0;

	(void)state;
	while ((line = strchr(line, '\n') + 1)[0] != '}') {
		AUTO_FREE char *row = NULL;

		if (!member_of(line, name))
			continue;
		row = xasprintf(" %s)", name);
		if (!strstr(table, row))
			fail_msg("no row for %s", name);
		members++;
	}
	assert_true(members > 15);
}

static void an_empty_memo_is_short(void **state)
{
	IMPORT im = import_on(NEW);
	AUTO_FREE char *text = import_memo_write(im);

	(void)state;
	assert_string_equal(text, "{}");
}

static void what_is_no_memo_is_none(void **state)
{
	static const char *const texts[] = {
		"", "[]", "x", "{\"unknown\":1}", "{\"page\":\"x\"}",
		"{\"nonce\":\"0123456789012345678901234567890\"}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		IMPORT im = import_on(NEW);

		import_memo_read(im, texts[i]);
		assert_int_equal(im->memo.page, 0);
		assert_true(strlen(im->memo.nonce) < sizeof(im->memo.nonce));
	}
}

/* ---- what the flow tells the engine ---- */

static void each_slot_has_its_secret(void **state)
{
	IMPORT im = import_on(NEW);
	const struct secret_face face = { .secret_id = "sec_new" };

	(void)state;
	im->host.auth_secret_id = xstrdup("sec_host");
	im->resources[IMPORT_USER].secret_id = xstrdup("sec_pass");
	own_set(&im->resources[IMPORT_PROOF_KEY].secret_id, NULL);
	assert_string_equal(flow_import.secret_id(im, SLOT_HOST_TOKEN),
			    "sec_host");
	assert_string_equal(flow_import.secret_id(im, SLOT_PROVIDER_KEY),
			    "sec_1");
	assert_string_equal(flow_import.secret_id(im, SLOT_USER_PASSWORD),
			    "sec_pass");
	assert_string_equal(flow_import.secret_id(im, SLOT_USER_KEY),
			    "sec_key");
	assert_null(flow_import.secret_id(im, SLOT_USER_TOKEN));
	assert_null(flow_import.secret_id(im, SLOT_NONE));
	flow_import.captured(im, SLOT_USER_TOKEN, &face);
	assert_string_equal(flow_import.secret_id(im, SLOT_USER_TOKEN),
			    "sec_new");
	/* The proof has a login of its own. */
	im->memo.proving = true;
	assert_null(flow_import.secret_id(im, SLOT_USER_TOKEN));
	assert_null(flow_import.secret_id(im, SLOT_USER_KEY));
}

/* In a live group a new account is proven alone; one that was there is not. */
static void the_group_that_is_looked_at_is_where_the_account_is(void **state)
{
	IMPORT im = import_on(NEW);

	(void)state;
	im->memo.live = true;
	has(im, IMPORT_GROUP, RESOURCE_PRESENT, "7");
	has(im, IMPORT_ACCOUNT, RESOURCE_PRESENT, "5");
	assert_int_equal(import_stage_group(im), IMPORT_GROUP);
	has(im, IMPORT_ACCOUNT, RESOURCE_MAKING, NULL);
	assert_int_equal(import_stage_group(im), IMPORT_PROOF_GROUP);
	im->memo.proven = true;
	assert_int_equal(import_stage_group(im), IMPORT_GROUP);
}

static void limits_are_those_of_who_is_asked(void **state)
{
	IMPORT im = import_on(NEW);
	const struct request to_host = { .peer = PEER_HOST };
	const struct request to_provider = { .peer = PEER_PROVIDER };
	struct limit_names names = { 0 };

	(void)state;
	flow_import.limits(im, &to_host, &names);
	assert_string_equal(names.host, "hst_1");
	assert_null(names.provider);
	assert_null(names.key);
	names = (struct limit_names){ 0 };
	flow_import.limits(im, &to_provider, &names);
	assert_null(names.host);
	assert_string_equal(names.provider, "p-example-1");
	assert_string_equal(names.key, "sec_1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lookups_tell_things_apart),
		cmocka_unit_test(
			a_key_without_a_fingerprint_is_told_by_its_secret),
		cmocka_unit_test(no_two_things_share_a_row),
		cmocka_unit_test(
			whose_turn_it_is_decides_whose_things_are_used),
		cmocka_unit_test(a_run_without_users_has_one),
		cmocka_unit_test(
			settling_keeps_the_origin_and_forgets_old_failures),
		cmocka_unit_test(only_the_maker_holds_a_row),
		cmocka_unit_test(the_first_blame_stays_and_keys_are_masked),
		cmocka_unit_test(a_blame_has_an_end),
		cmocka_unit_test(a_memo_comes_back_whole),
		cmocka_unit_test(every_member_of_the_memo_is_in_its_table),
		cmocka_unit_test(an_empty_memo_is_short),
		cmocka_unit_test(what_is_no_memo_is_none),
		cmocka_unit_test(each_slot_has_its_secret),
		cmocka_unit_test(
			the_group_that_is_looked_at_is_where_the_account_is),
		cmocka_unit_test(limits_are_those_of_who_is_asked),
	};

	return cmocka_run_group_tests(tests, read_settings, drop_settings);
}
