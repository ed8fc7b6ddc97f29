/*
 * Imports in the engine: taking turns, being cancelled, keeping secrets.
 */
#include "tests/unit/engine_fixture.h"

#define USERS(list) "{\"code\":0,\"data\":{\"items\":[" list "]," \
	"\"page\":1,\"pages\":1}}"
#define NOBODY USERS("")
#define MADE "{\"code\":0,\"data\":{\"id\":4}}"
#define LOGIN(token) "{\"code\":0,\"data\":{\"access_token\":\"" token "\"," \
	"\"expires_in\":3600}}"
#define SAYS_NO "{\"code\":400,\"reason\":\"BAD\",\"message\":\"no\"}"

/* Two items of a run that stand before the same step. */
struct pair {
	char run_id[ID_MAX];
	struct script_item one, two;
};

static struct pair two_at(struct script *script, const char *step)
{
	struct pair pair;

	script_run(script, pair.run_id);
	pair.one = script_item(script, pair.run_id, step);
	pair.two = script_item(script, pair.run_id, step);
	tick(script, 0);
	return pair;
}

static int64_t count(struct script *script, const char *what)
{
	/* Prepared by address: each text needs a query that stays. */
	static struct db_query queries[16];
	size_t i = 0;
	int64_t n;
	struct err err;

	while (queries[i].sql && strcmp(queries[i].sql, what) != 0)
		i++;
	queries[i] = (struct db_query){ "test.count", what };
	OK(db_number(script->db, &queries[i], DB_NO_ARGS, &n, &err));
	return n;
}

#define RESOURCES "SELECT count(*) FROM managed_resources WHERE state = "

/* ---- taking turns ---- */

static void one_makes_it_and_the_other_waits(void **state)
{
	SCRIPT script = script_new(":memory:");
	struct pair pair = two_at(script, "access.user");

	(void)state;
	assert_string_equal(task_row(script, pair.one.task_id),
			    "leased access.find_user 0 -");
	assert_string_equal(task_row(script, pair.two.task_id),
			    "parked access.user 0 -");
	assert_int_equal(script->nsent, 1);
	reply(script, 200, NOBODY);
	tick(script, 1);
	assert_memory_equal(script->sent[0].wire->method, "POST", 5);
	reply(script, 200, MADE);
	tick(script, 1);
	/* Settled: both log in, which again only one does. */
	assert_string_equal(task_row(script, pair.one.task_id),
			    "leased access.ask_token 0 -");
	assert_string_equal(task_row(script, pair.two.task_id),
			    "parked access.login 0 -");
	assert_int_equal(script->nsent, 1);
	assert_int_equal(script->sent_in_all, 3);
	assert_int_equal(count(script, RESOURCES "'present'"), 1);
}

/* An item of a run of its own that brings `key`, before `step`. */
static struct script_item brings(struct script *script, const char *key,
				 const char *step)
{
	char run_id[ID_MAX];
	struct script_item item;
	struct secret_face face;
	AUTO_FREE char *sql = NULL;
	struct err err;

	script_run(script, run_id);
	item = script_item(script, run_id, step);
	OK(secrets_add(script->db, &script->key.pub, SECRET_API_KEY, key,
		       script->now, ++script->random, &face, &err));
	sql = xasprintf("UPDATE import_run_items SET api_key_secret_id = '%s',"
		" chat_url = 'http://p.test/v1/chat/completions',"
		" models = '[\"m-1\"]' WHERE item_id = '%s'",
		face.secret_id, item.item_id);
	fixture_sql(script->db, sql);
	return item;
}

/* Sealed anew each time, and however short it is: it is the same key. */
static void two_runs_that_bring_a_key_at_once_make_one_account(void **state)
{
	static const char *const keys[] = { "sk-0123456789abcdefghij",
					    "short-key" };

	(void)state;
	for (size_t i = 0; i < COUNT(keys); i++) {
		SCRIPT script = script_new(":memory:");
		struct script_item one = brings(script, keys[i],
						"provision.account");
		struct script_item two = brings(script, keys[i],
						"provision.account");

		tick(script, 0);
		assert_string_equal(task_row(script, one.task_id),
				    "leased provision.find_account 0 -");
		assert_string_equal(task_row(script, two.task_id),
				    "parked provision.account 0 -");
		assert_int_equal(script->nsent, 1);
		assert_int_equal(count(script, "SELECT count(*) FROM"
			" managed_resources WHERE resource_type ="
			" 'account'"), 1);
		/* The digest of a short key is no fingerprint to show. */
		assert_int_equal(count(script, "SELECT count(*) FROM"
			" managed_resources WHERE lookup LIKE"
			" '%|short:________________________________'"), i);
	}
}

static void different_keys_make_different_accounts(void **state)
{
	SCRIPT script = script_new(":memory:");

	(void)state;
	brings(script, "short-key-1", "provision.account");
	brings(script, "short-key-2", "provision.account");
	tick(script, 0);
	assert_int_equal(script->nsent, 2);
}

/* The next in line makes it; it is not told that it failed. */
static void when_the_maker_fails_another_one_tries(void **state)
{
	SCRIPT script = script_new(":memory:");
	struct pair pair = two_at(script, "access.user");

	(void)state;
	reply(script, 400, SAYS_NO);
	tick(script, 1);
	assert_string_equal(task_row(script, pair.one.task_id),
			    "done undo.end 0 host_refused");
	assert_string_equal(task_row(script, pair.two.task_id),
			    "leased access.find_user 0 -");
	assert_int_equal(script->nsent, 1);
}

/* Three could not make it: the others need not try. */
static void who_waits_ends_as_its_makers_did(void **state)
{
	SCRIPT script = script_new(":memory:");
	struct pair pair = two_at(script, "access.user");
	struct pair more = two_at(script, "access.user");

	(void)state;
	for (int i = 0; i < RESOURCE_REFUSALS_MAX; i++) {
		assert_int_equal(script->nsent, 1);
		reply(script, 400, SAYS_NO);
		tick(script, 1);
	}
	assert_int_equal(script->nsent, 0);
	assert_string_equal(task_row(script, pair.one.task_id),
			    "done undo.end 0 host_refused");
	assert_string_equal(task_row(script, more.two.task_id),
			    "done undo.end 0 host_refused");
	assert_int_equal(count(script, "SELECT count(*) FROM import_run_items"
			       " WHERE failure_class = 'host_refused'"), 4);
}

/* What somebody is taking away is looked at again, a little later. */
static void what_is_leaving_is_waited_for(void **state)
{
	SCRIPT script = script_new(":memory:");
	char run_id[ID_MAX];
	struct script_item item;

	(void)state;
	fixture_sql(script->db, "INSERT INTO managed_resources (resource_id,"
		" host_id, resource_type, lookup, mark, state, created_at,"
		" updated_at) SELECT 'res_1', h.host_id, 'user', 'sub|alice',"
		" 'm', 'leaving', 1, 1 FROM hosts h");
	script_run(script, run_id);
	item = script_item(script, run_id, "access.user");
	tick(script, 0);
	assert_string_equal(task_row(script, item.task_id),
			    "due access.user 0 -");
	assert_int_equal(due_in(script, item.task_id), 1000);
	fixture_sql(script->db, "UPDATE managed_resources SET state ="
		    " 'gone'");
	tick(script, 1000);
	assert_string_equal(task_row(script, item.task_id),
			    "leased access.find_user 0 -");
}

/* A task that waits for somebody who is no more is woken all the same. */
static void a_forgotten_waiter_is_woken(void **state)
{
	SCRIPT script = script_new(":memory:");
	struct pair pair = two_at(script, "access.user");
	AUTO_FREE char *end = xasprintf("UPDATE tasks SET state = 'done',"
		" lease_owner = NULL WHERE task_id = '%s'",
		pair.one.task_id);

	(void)state;
	fixture_sql(script->db, end);
	tick(script, 1000);
	assert_string_equal(task_row(script, pair.two.task_id),
			    "parked access.user 0 -");
	tick(script, 5000);
	assert_string_equal(task_row(script, pair.two.task_id),
			    "leased access.find_user 0 -");
}

/* ---- cancelling ---- */

static void cancel(struct script *script, const char *run_id)
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	struct err err;

	OK(db_tx_begin(&tx, script->db, &err));
	OK(runs_cancel(script->db, run_id, script->now, &err));
	OK(db_tx_commit(&tx, &err));
}

static const struct db_query q_run = { "test.engine_run",
	"SELECT state || ' ' || items_done || ' ' || items_cancelled || ' '"
	" || items_broken FROM import_runs WHERE run_id = $1" };

static void a_cancelled_run_asks_nothing_new(void **state)
{
	SCRIPT script = script_new(":memory:");
	struct pair pair = two_at(script, "access.user");

	(void)state;
	cancel(script, pair.run_id);
	tick(script, 1);
	/* The one that waited has ended; the other's answer is awaited. */
	assert_string_equal(task_row(script, pair.two.task_id),
			    "done undo.end 0 cancelled");
	assert_int_equal(script->nsent, 1);
	reply(script, 200, NOBODY);
	tick(script, 1);
	tick(script, 1);
	assert_string_equal(task_row(script, pair.one.task_id),
			    "done undo.end 0 cancelled");
	assert_int_equal(script->sent_in_all, 1);
	assert_string_equal(fixture_value(script->db, &q_run, pair.run_id),
			    "cancelled 2 2 0");
	assert_int_equal(count(script, RESOURCES "'making'"), 0);
}

/* All of undoing, where there is nothing to undo. */
static void steps_that_ask_nothing_share_one_commit(void **state)
{
	SCRIPT script = script_new(":memory:");
	struct pair pair = two_at(script, "access.user");
	int commits = script->commits;

	(void)state;
	cancel(script, pair.run_id);
	tick(script, 1);
	assert_string_equal(task_row(script, pair.two.task_id),
			    "done undo.end 0 cancelled");
	assert_int_equal(script->commits, commits + 2);
}

static void a_chain_that_does_not_fit_is_gone_link_by_link(void **state)
{
	SCRIPT script = script_new(":memory:");
	struct pair pair = two_at(script, "access.user");

	(void)state;
	cancel(script, pair.run_id);
	fixture_sql(script->db, "CREATE TRIGGER no BEFORE UPDATE ON"
		    " import_runs BEGIN SELECT RAISE(ABORT, 'no'); END");
	tick(script, 1);
	assert_string_equal(task_row(script, pair.two.task_id),
			    "due undo.end 0 internal");
	fixture_sql(script->db, "DROP TRIGGER no");
	tick(script, script->settings.retry_max_ms);
	assert_string_equal(task_row(script, pair.two.task_id),
			    "done undo.end 0 cancelled");
	assert_string_equal(fixture_value(script->db, &q_run, pair.run_id),
			    "cancelled 1 1 0");
	assert_int_equal(count(script, "SELECT count(*) FROM"
			       " import_run_item_events WHERE step ="
			       " 'undo.key'"), 1);
}

/* A run that is cancelled when its group has just been made, and is empty. */
static struct script_item cancelled_with_a_group(struct script *script)
{
	char run_id[ID_MAX];
	struct script_item item;

	script_run(script, run_id);
	item = script_item(script, run_id, "provision.group");
	tick(script, 0);
	reply(script, 200, NOBODY);
	tick(script, 1);
	assert_string_equal(task_row(script, item.task_id),
			    "leased provision.create_group 0 -");
	cancel(script, run_id);
	/* It was made: that is read, and then who is in it. */
	reply(script, 200, MADE);
	tick(script, 1);
	assert_string_equal(task_row(script, item.task_id),
			    "leased undo.members 0 -");
	reply(script, 200, "{\"code\":0,\"data\":{\"id\":4}}");
	tick(script, 1);
	return item;
}

/* A host unbinds them when it deletes the group. */
static void a_group_to_which_somebody_bound_a_key_stays(void **state)
{
	SCRIPT script = script_new(":memory:");
	struct script_item item = cancelled_with_a_group(script);

	(void)state;
	assert_string_equal(script->sent[0].wire->method, "GET");
	assert_string_equal(script->sent[0].wire->url,
			    "http://host.test/api/v1/admin/groups/4/api-keys"
			    "?page=1&page_size=1000");
	reply(script, 200, USERS("{\"id\":3,\"name\":\"mine\"}"));
	tick(script, 1);
	assert_string_equal(task_row(script, item.task_id),
			    "done undo.end 0 cancelled");
	assert_int_equal(count(script, RESOURCES "'gone'"), 0);
}

static void what_was_begun_is_taken_back(void **state)
{
	SCRIPT script = script_new(":memory:");
	struct script_item item = cancelled_with_a_group(script);

	(void)state;
	reply(script, 200, NOBODY);
	tick(script, 1);
	assert_string_equal(task_row(script, item.task_id),
			    "leased undo.group_subscriptions 0 -");
	reply(script, 200, NOBODY);
	tick(script, 1);
	assert_string_equal(task_row(script, item.task_id),
			    "leased undo.group 0 -");
	assert_string_equal(script->sent[0].wire->method, "DELETE");
	assert_string_equal(script->sent[0].wire->url,
			    "http://host.test/api/v1/admin/groups/4");
	reply(script, 200, "{\"code\":0}");
	tick(script, 1);
	assert_string_equal(task_row(script, item.task_id),
			    "done undo.end 0 cancelled");
	assert_int_equal(count(script, RESOURCES "'gone'"), 1);
}

/* ---- secrets ---- */

static const struct db_query q_token = { "test.engine_token",
	"SELECT secret_id FROM managed_resources WHERE host_id = $1"
	" AND resource_type = 'user_token'" };

static void log_in(struct script *script, const char *token)
{
	AUTO_FREE char *body = xasprintf(LOGIN("%s"), token);

	assert_non_null(strstr(script->sent[0].wire->url, "/auth/login"));
	assert_non_null(strstr(script->sent[0].wire->body, "\"password\""));
	reply(script, 200, body);
	tick(script, 1);
}

static char *token_kept(struct script *script)
{
	const char *id = fixture_value(script->db, &q_token, script->host_id);
	char *text = NULL;
	struct err err;

	OK(secrets_open(script->db, &script->key, id, &text, &err));
	return text;
}

static void a_login_keeps_its_token_sealed(void **state)
{
	SCRIPT script = script_new(":memory:");
	char run_id[ID_MAX];
	struct script_item item;
	AUTO_WIPE char *kept = NULL;

	(void)state;
	script_run(script, run_id);
	item = script_item(script, run_id, "access.user");
	tick(script, 0);
	reply(script, 200, USERS("{\"id\":4,\"email\":\"nobody\"}"));
	tick(script, 1);
	reply(script, 200, MADE);
	tick(script, 1);
	log_in(script, "jwt-one");
	assert_string_equal(task_row(script, item.task_id),
			    "leased access.subscribed 0 -");
	kept = token_kept(script);
	assert_string_equal(kept, "jwt-one");
	assert_int_equal(count(script, "SELECT count(*) FROM"
			       " import_run_item_events WHERE detail LIKE"
			       " '%jwt%'"), 0);
	assert_int_equal(count(script, "SELECT count(*) FROM tasks WHERE memo"
			       " LIKE '%jwt%'"), 0);
}

/* The token that is replaced is forgotten, even if it took two attempts. */
static void a_new_token_replaces_the_old_one(void **state)
{
	SCRIPT script = script_new(":memory:");
	struct pair pair;
	AUTO_WIPE char *kept = NULL;
	int64_t secrets;

	(void)state;
	pair = two_at(script, "access.user");
	reply(script, 200, NOBODY);
	tick(script, 1);
	reply(script, 200, MADE);
	tick(script, 1);
	log_in(script, "jwt-one");
	secrets = count(script, "SELECT count(*) FROM secrets");
	script_forget(script);
	fixture_sql(script->db, "UPDATE managed_resources SET expires_at = 1"
		    " WHERE resource_type = 'user_token'");
	fixture_sql(script->db, "UPDATE tasks SET step = 'access.login',"
		    " state = 'due', parked_on = NULL, lease_owner = NULL,"
		    " not_before = 1, fence = fence + 1");
	script_restart(script);
	tick(script, 1);
	/* Beside it stands a verdict that does not fit. */
	fixture_sql(script->db, "CREATE TRIGGER no BEFORE UPDATE ON hosts"
		    " BEGIN SELECT RAISE(ABORT, 'no'); END");
	script_task(script, "host_probe", "probe.public", script->host_id,
		    (char[ID_MAX]){ 0 });
	tick(script, 1);
	assert_int_equal(script->nsent, 2);
	reply(script, 200, LOGIN("jwt-two"));
	reply(script, 200, "{\"hello\":1}");
	tick(script, 1);
	kept = token_kept(script);
	assert_string_equal(kept, "jwt-two");
	assert_int_equal(count(script, "SELECT count(*) FROM secrets"),
			 secrets);
	(void)pair;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_makes_it_and_the_other_waits),
		cmocka_unit_test(
			two_runs_that_bring_a_key_at_once_make_one_account),
		cmocka_unit_test(different_keys_make_different_accounts),
		cmocka_unit_test(when_the_maker_fails_another_one_tries),
		cmocka_unit_test(who_waits_ends_as_its_makers_did),
		cmocka_unit_test(what_is_leaving_is_waited_for),
		cmocka_unit_test(a_forgotten_waiter_is_woken),
		cmocka_unit_test(a_cancelled_run_asks_nothing_new),
		cmocka_unit_test(steps_that_ask_nothing_share_one_commit),
		cmocka_unit_test(
			a_chain_that_does_not_fit_is_gone_link_by_link),
		cmocka_unit_test(a_group_to_which_somebody_bound_a_key_stays),
		cmocka_unit_test(what_was_begun_is_taken_back),
		cmocka_unit_test(a_login_keeps_its_token_sealed),
		cmocka_unit_test(a_new_token_replaces_the_old_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
