/*
 * reconcile_stage: flow_reconcile against a host of a few lines, which shows
 * what a test puts there, and lies as a test wants it.
 */
#ifndef TESTS_UNIT_RECONCILE_STAGE_H
#define TESTS_UNIT_RECONCILE_STAGE_H

#include "tests/unit/engine_fixture.h"

#include <inttypes.h>

#include "schedd/host/account_view.h"
#include "schedd/reconciling.h"
#include "shared/findings.h"
#include "shared/notices.h"
#include "shared/reconciles.h"

#define OURS 5
#define FIRST_ID 100
#define TOO_LONG (-1)		/* a status: the page is, and was not read */

/* What the host shows. */
struct stage {
	struct script *script;
	json_t *accounts;	/* array, in the order of a list */
	int64_t total_lie;	/* added to every total */
	const char *meanwhile;	/* SQL, run while a list is under way */
	bool gone;		/* single reads know nothing */
	int lists_status;	/* 0: lists are shown */
	const char *lists_refusal;
	size_t calls;
	size_t single;		/* reads of one account */
	size_t writes;
	json_t *group;		/* the only one there is; NULL: none */
	const char *export;	/* what it says to that; NULL: it refuses */
	size_t exports;
	size_t lists_refused;	/* how often, then they are shown; 0: always */
	const char *lists_type;	/* of a refusal; NULL: JSON */
	int login_status;	/* 0: a session for an administrator */
	const char *login_body;
	size_t login_refused;	/* how often, then it gives one; 0: always */
	size_t logins;
};

static const char wanted[] =
	"{\"name\":\"p crm-x\",\"notes\":\"crm-x\",\"platform\":\"openai\","
	"\"type\":\"apikey\",\"credentials\":{\"base_url\":\"https://p.test\","
	"\"model_mapping\":{\"m-1\":\"m-1\"}},\"extra\":{"
	"\"openai_responses_mode\":\"force_chat_completions\"},"
	"\"concurrency\":0,\"priority\":50,\"group_ids\":[7]}";

static json_t *account_of(int64_t id)
{
	return json_pack("{sI ss ss ss ss s{ss s{ss}} s{ss sb} si si s[i]"
			 " ss sb si sn sn}", "id", (json_int_t)id,
			 "name", "p crm-x", "notes", "crm-x",
			 "platform", "openai", "type", "apikey",
			 "credentials", "base_url", "https://p.test",
			 "model_mapping", "m-1", "m-1",
			 "extra", "openai_responses_mode",
			 "force_chat_completions",
			 "openai_responses_supported", 0,
			 "concurrency", 0, "priority", 50, "group_ids", 7,
			 "status", "active", "schedulable", 1,
			 "rate_multiplier", 1, "load_factor", "expires_at");
}

/* More of ours, from the i-th on, each beside one of others. */
static void add_ours(struct stage *stage, int64_t i, int64_t to)
{
	for (; i < to; i++) {
		int64_t id = FIRST_ID + 10 * i;
		AUTO_FREE char *row = xasprintf("INSERT INTO managed_resources"
			" (resource_id, host_id, resource_type, lookup, mark,"
			" state, host_resource_id, wanted_json, origin,"
			" created_at, updated_at) VALUES ('res_%" PRId64 "',"
			" '%s', 'account', 'p-test-1|subscription|k%" PRId64
			"', 'crm-x-%" PRId64 "', 'present', '%" PRId64 "',"
			" '%s', 'created', 1, 1)", i, stage->script->host_id,
			i, i, id, wanted);

		fixture_sql(stage->script->db, row);
		json_array_append_new(stage->accounts, account_of(id));
		json_array_append_new(stage->accounts, account_of(id + 1));
	}
}

/* Five of ours, among as many of others. */
static void set_up(struct stage *stage)
{
	struct script *script = stage->script;
	AUTO_FREE char *host = xasprintf("UPDATE hosts SET version = '0.1.179'"
		" WHERE host_id = '%s'", script->host_id);

	fixture_sql(script->db, host);
	stage->accounts = json_array();
	add_ours(stage, 0, OURS);
}

static void tear_down(struct stage *stage)
{
	json_decref(stage->accounts);
	json_decref(stage->group);
}

#define STAGE CLEANUP(tear_down) struct stage

static json_t *find(const struct stage *stage, int64_t id, size_t *ret_at)
{
	size_t i;
	json_t *account;

	json_array_foreach(stage->accounts, i, account)
		if (json_integer_value(json_object_get(account, "id")) == id) {
			if (ret_at)
				*ret_at = i;
			return account;
		}
	return NULL;
}

MAYBE_UNUSED static json_t *ours(const struct stage *stage, int64_t i)
{
	return find(stage, FIRST_ID + 10 * i, NULL);
}

MAYBE_UNUSED static void take_away(struct stage *stage, int64_t i)
{
	size_t at = 0;

	assert_non_null(find(stage, FIRST_ID + 10 * i, &at));
	json_array_remove(stage->accounts, at);
}

static void say(struct stage *stage, json_t *take_data)
{
	json_auto_t *all = json_pack("{si ss so}", "code", 0, "message",
				     "success", "data", take_data);
	AUTO_FREE char *text = json_dumps(all, 0);

	reply(stage->script, 200, text);
}

static void say_page(struct stage *stage)
{
	int64_t total = (int64_t)json_array_size(stage->accounts);

	if (stage->meanwhile)
		fixture_sql(stage->script->db, stage->meanwhile);
	stage->meanwhile = NULL;
	say(stage, json_pack("{sO sI si si si}", "items", stage->accounts,
			     "total", (json_int_t)(total + stage->total_lie),
			     "page", 1, "pages", 1, "page_size", 200));
}

static void say_one(struct stage *stage, const char *url)
{
	const char *at = strstr(url, "/accounts/");
	json_t *account = stage->gone ? NULL
		: find(stage, strtoll(at + 10, NULL, 10), NULL);

	stage->single++;
	if (account)
		say(stage, json_incref(account));
	else
		reply(stage->script, 404, "{\"code\":404,\"reason\":"
		      "\"ACCOUNT_NOT_FOUND\",\"message\":\"no\"}");
}

/* What a bulk-update says is so from then on. */
static void write_it(struct stage *stage, const char *body)
{
	json_auto_t *patch = json_loads(body, 0, NULL);
	json_t *ids = json_object_get(patch, "account_ids");
	json_t *account = find(stage, json_integer_value(json_array_get(ids,
							0)), NULL);
	json_t *credentials = json_object_get(patch, "credentials");

	stage->writes++;
	json_object_update(json_object_get(account, "credentials"),
			   credentials);
	json_object_update(json_object_get(account, "extra"),
			   json_object_get(patch, "extra"));
	if (json_object_get(patch, "group_ids"))
		json_object_set(account, "group_ids",
				json_object_get(patch, "group_ids"));
	if (json_object_get(patch, "schedulable"))
		json_object_set(account, "schedulable",
				json_object_get(patch, "schedulable"));
	say(stage, json_pack("{sO}", "success_ids", ids));
}

static void say_export(struct stage *stage)
{
	stage->exports++;
	if (stage->export)
		reply(stage->script, 200, stage->export);
	else
		reply(stage->script, 403, "{\"code\":"
		      "\"STEP_UP_ADMIN_API_KEY_FORBIDDEN\"}");
}

/* Whatever groups CRM has here were deleted, but for one. */
static void say_groups(struct stage *stage, const char *url)
{
	json_t *items = stage->group ? json_pack("[O]", stage->group)
				     : json_array();

	if (strstr(url, "/groups?")) {
		say(stage, json_pack("{so si si si}", "items", items, "total",
				     (int)json_array_size(items), "page", 1,
				     "pages", 1));
		return;
	}
	json_decref(items);
	if (stage->group)
		say(stage, json_incref(stage->group));
	else
		reply(stage->script, 404, "{\"code\":404,\"reason\":"
		      "\"GROUP_NOT_FOUND\",\"message\":\"no\"}");
}

static void say_login(struct stage *stage)
{
	stage->logins++;
	if (stage->login_status && (stage->login_refused == 0 ||
				    stage->logins <= stage->login_refused))
		reply(stage->script, stage->login_status, stage->login_body);
	else
		reply(stage->script, 200, "{\"code\":0,\"data\":{"
		      "\"access_token\":\"jwt-1\",\"expires_in\":3600,"
		      "\"user\":{\"id\":1,\"role\":\"admin\"}}}");
}

static void refuse_list(struct stage *stage)
{
	if (stage->lists_status == TOO_LONG)
		lose(stage->script, TRANSPORT_TOO_LARGE);
	else
		reply_as(stage->script, stage->lists_status, stage->lists_type
			 ? stage->lists_type : "application/json", -1,
			 stage->lists_refusal);
	if (stage->lists_refused && --stage->lists_refused == 0)
		stage->lists_status = 0;
}

static void answer(struct stage *stage)
{
	const struct wire *wire = stage->script->sent[0].wire;

	stage->calls++;
	if (strstr(wire->url, "/auth/login")) {
		say_login(stage);
		return;
	}
	if (strstr(wire->url, "/groups"))
		say_groups(stage, wire->url);
	else if (strstr(wire->url, "/bulk-update"))
		write_it(stage, wire->body);
	else if (strstr(wire->url, "/accounts/data?"))
		say_export(stage);
	else if (strstr(wire->url, "/accounts?") && stage->lists_status)
		refuse_list(stage);
	else if (strstr(wire->url, "/accounts?"))
		say_page(stage);
	else
		say_one(stage, wire->url);
}

/* To the end; the reconcile as it ended. */
static void play_on(struct stage *stage, struct reconcile_run *run)
{
	struct script *script = stage->script;
	AUTO_FREE char *id = xstrdup(run->reconcile_id);
	struct err err;

	for (int i = 0; i < 200; i++) {
		tick(script, 20);
		tick_until_sent(script, 3000);
		if (script->nsent)
			answer(stage);
		OK(reconciles_get(script->db, id, run, &err));
		if (run->done)
			return;
	}
	fail_msg("the reconcile does not end: %s", script->said);
}

/* From begin to end. */
static void play(struct stage *stage, bool repair, const char *by,
		 struct reconcile_run *ret)
{
	struct script *script = stage->script;
	const struct reconcile_spec spec = {
		.host_id = script->host_id, .scope = RECONCILE_HOST,
		.repair = repair, .requested_by = by,
	};
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	char id[ID_MAX];
	struct err err;

	script->now += 1000;
	OK(db_tx_begin(&tx, script->db, &err));
	OK(reconciles_add(script->db, &spec, script->now, ++script->random,
			  id, &err));
	OK(db_tx_commit(&tx, &err));
	OK(reconciles_get(script->db, id, ret, &err));
	play_on(stage, ret);
}

#define RUN CLEANUP(reconcile_run_done) struct reconcile_run

static void ended(const struct reconcile_run *run, enum reconcile_result how)
{
	if (run->result != how)
		fail_msg("%s, not %s: %s", reconcile_result_name(run->result),
			 reconcile_result_name(how), run->failure_detail
			 ? run->failure_detail : "");
}

static const struct db_query q_findings = { "test.findings",
	"SELECT coalesce(group_concat(host_resource_id || '.' || field || ' '"
	" || moved || ' ' || state, ', '), '') FROM (SELECT * FROM"
	" reconcile_findings WHERE reconcile_id = $1 ORDER BY seq)" };

#define FOUND(stage, run, text) \
	assert_string_equal(fixture_value((stage)->script->db, &q_findings, \
					  (run)->reconcile_id), text)

#endif
