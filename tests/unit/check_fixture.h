/*
 * check_fixture: accesses that were proven once, and checks of them that end
 * as a test says, on a database, without an exchange.
 */
#ifndef TESTS_UNIT_CHECK_FIXTURE_H
#define TESTS_UNIT_CHECK_FIXTURE_H

#include "tests/unit/engine_fixture.h"

#include "schedd/check.h"
#include "schedd/import_steps.h"
#include "shared/notices.h"
#include "shared/proofs.h"

#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

/* Where an access rests: an item of a run of its own, with an account. */
struct place {
	const char *host_id;
	const char *endpoint;
	char run_id[ID_MAX];
	char item_id[ID_MAX];
	char resource_id[ID_MAX];	/* of the account */
	char account_id[24];		/* on the host */
	char access_id[ID_MAX];
};

MAYBE_UNUSED static struct store store_of(struct script *script)
{
	return (struct store){ script->db, &script->key, &script->settings,
			       script_random, script, NULL };
}

static void place_item(struct script *script, struct place *place,
		       char ret_print[SEAL_FINGERPRINT_TEXT])
{
	AUTO_FREE char *key = xasprintf("sk-provider-key-of-%s",
					place->run_id);
	AUTO_FREE char *more = NULL;
	struct secret_face face;
	struct item_spec item = {
		.run_id = place->run_id, .seq = 1,
		.base_url = "https://p.test/v1",
		.endpoint_key = place->endpoint,
		.requested_models = "[\"m-1\"]", .warnings = "[]",
	};
	struct err err;

	OK(secrets_add(script->db, &script->key.pub, SECRET_API_KEY, key,
		       script->now, ++script->random, &face, &err));
	item.api_key_secret_id = face.secret_id;
	OK(items_add(script->db, &item, script->now, ++script->random,
		     place->item_id, &err));
	more = xasprintf("UPDATE import_run_items SET current_stage = 'done',"
		" confirmation_status = 'confirmed', access_status = 'active',"
		" group_id = '7', account_id = '%s', models = '[\"m-1\"]',"
		" chat_url = 'https://p.test/v1/chat/completions',"
		" resolved_smoke_model = 'm-1', finished_at = 1"
		" WHERE item_id = '%s'", place->account_id, place->item_id);
	fixture_sql(script->db, more);
	snprintf(ret_print, SEAL_FINGERPRINT_TEXT, "%s", face.fingerprint);
}

/* Group and account; the group of an endpoint is made once for a host. */
static void place_resources(struct script *script, struct place *place,
			    const char *print)
{
	AUTO_FREE char *group = xasprintf("INSERT INTO managed_resources"
		" (resource_id, host_id, resource_type, lookup, mark, state,"
		" host_resource_id, created_at, updated_at) VALUES"
		" ('res_g_%s', '%s', 'group', '%s|subscription', 'crm-g-%s',"
		" 'present', 'g%s', 1, 1) ON CONFLICT DO NOTHING",
		place->item_id, place->host_id, place->endpoint,
		place->item_id, place->item_id);
	AUTO_FREE char *account = xasprintf("INSERT INTO managed_resources"
		" (resource_id, host_id, resource_type, lookup, mark, state,"
		" host_resource_id, wanted_json, created_at, updated_at)"
		" VALUES ('%s', '%s', 'account', '%s|subscription|%s',"
		" 'crm-a-%s', 'present', '%s', '{}', 1, 1);"
		" INSERT INTO resource_uses VALUES ('%s', '%s', 1)",
		place->resource_id, place->host_id, place->endpoint, print,
		place->item_id, place->account_id, place->resource_id,
		place->item_id);

	fixture_sql(script->db, group);
	fixture_sql(script->db, account);
}

static void place_proof(struct script *script, const struct place *place,
			char ret_id[ID_MAX])
{
	const struct proof proof = {
		.item_id = (char *)(uintptr_t)place->item_id,
		.access_id = (char *)(uintptr_t)place->access_id,
		.host_id = (char *)(uintptr_t)place->host_id,
		.kind = PROOF_ACCESS, .ok = true, .completion_ok = true,
		.model = (char *)(uintptr_t)"m-1",
		.models_listed = true, .models_status = 200,
		.completion_status = 200,
		.key_source = (char *)(uintptr_t)"managed_subscription",
		.request_json = (char *)(uintptr_t)"{}",
		.answer_json = (char *)(uintptr_t)"{}",
		.at = script->now, .expires_at = script->now + DAY,
	};
	struct err err;

	OK(proofs_add(script->db, &proof, ++script->random, ret_id, &err));
}

/* An access of this endpoint on this host, proven now; due in an hour. */
MAYBE_UNUSED static struct place place_on(struct script *script,
					  const char *host_id,
					  const char *endpoint)
{
	static int number;
	struct place place = { .host_id = host_id, .endpoint = endpoint };
	char print[SEAL_FINGERPRINT_TEXT], proof_id[ID_MAX];
	AUTO_FREE char *selector = xasprintf("user%d", ++number);
	AUTO_FREE char *users = xasprintf("[\"%s\"]", selector);
	const struct run_spec run = {
		.host_id = host_id, .access_mode = ACCESS_SUBSCRIPTION,
		.subscription_users = users, .subscription_days = 30,
		.items_total = 1, .created_by = "tok_1",
	};
	struct access_spec spec = {
		.host_id = host_id, .endpoint_key = endpoint,
		.mode = ACCESS_SUBSCRIPTION, .selector = selector,
		.key_source = "managed_subscription",
	};
	struct err err;

	snprintf(place.resource_id, ID_MAX, "res_a_%d", number);
	snprintf(place.account_id, sizeof(place.account_id), "%d",
		 1000 + number);
	OK(runs_add(script->db, &run, script->now, ++script->random,
		    place.run_id, &err));
	place_item(script, &place, print);
	place_resources(script, &place, print);
	spec.item_id = place.item_id;
	OK(accesses_ensure(script->db, &spec, script->now, ++script->random,
			   place.access_id, &err));
	place_proof(script, &place, proof_id);
	OK(accesses_proven(script->db, place.access_id, proof_id,
			   script->now + HOUR, script->now, &err));
	return place;
}

/* ---- a check that ends ---- */

/* What a check came to: all zero is a proof that is good. */
struct outcome {
	enum failure why;
	enum hop hop;			/* HOP_NONE: nothing was concluded */
	enum next_action next;
	enum failure finding;		/* while others answered */
	const char *finding_id;
	bool unseen;			/* the list of accounts was cut off */
	const char *by;			/* NULL: the watch */
};

static const struct db_query q_check_task = { "test.check_task",
	"SELECT task_id FROM tasks WHERE subject_id = $1" };

MAYBE_UNUSED static void check_begun(struct script *script,
				     const struct place *place,
				     const char *by, char ret_id[ID_MAX])
{
	const struct check_spec spec = {
		.access_id = place->access_id, .host_id = place->host_id,
		.requested_by = by ? by : CHECK_BY_WATCH,
		.not_before = script->now,
	};
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	struct err err;

	OK(db_tx_begin(&tx, script->db, &err));
	OK(checks_add(script->db, &spec, script->now, ++script->random,
		      ret_id, &err));
	OK(db_tx_commit(&tx, &err));
}

/* The task of a check, as the engine would claim it at this step. */
MAYBE_UNUSED static struct task check_task(struct script *script,
					   const struct place *place,
					   const char *check_id,
					   const char *step)
{
	return (struct task){
		.task_id = xstrdup(fixture_value(script->db, &q_check_task,
						 check_id)),
		.flow = xstrdup(CHECK_FLOW),
		.subject_id = xstrdup(check_id),
		.host_id = xstrdup(place->host_id),
		.step = xstrdup(step),
		.step_since = script->now,
		.memo = xstrdup("{}"),
	};
}

static void conclude_as(struct script *script, struct import *im,
			const struct place *place,
			const struct outcome *outcome)
{
	struct diagnosis *d = &im->diagnosis;

	if (outcome->why == FAILURE_NONE)
		place_proof(script, place, im->memo.proof_id);
	im->memo.finding = (int)outcome->finding;
	if (outcome->finding)
		snprintf(im->memo.found, sizeof(im->memo.found), ",%s:%d,",
			 outcome->finding_id, (int)outcome->finding);
	im->memo.all_seen = !outcome->unseen;
	if (outcome->hop == HOP_NONE)
		return;
	d->hop = outcome->hop;
	d->class = outcome->why ? outcome->why : outcome->finding;
	d->next = outcome->next;
	d->at = script->now;
}

/* A check of this access begins and ends, now. */
MAYBE_UNUSED static void check_ends(struct script *script,
				    const struct place *place,
				    const struct outcome *outcome,
				    char ret_id[ID_MAX])
{
	const struct store store = store_of(script);
	const struct verdict verdict = outcome->why ? failed(outcome->why)
						    : done();
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	CLEANUP(task_done) struct task task = { 0 };
	AUTO_FREE char *forget = NULL;
	void *subject = NULL;
	struct err err;

	check_begun(script, place, outcome->by, ret_id);
	task = check_task(script, place, ret_id, "check.proven");
	OK(check_load(&store, &task, script->now, &subject, &err));
	conclude_as(script, subject, place, outcome);
	OK(db_tx_begin(&tx, script->db, &err));
	OK(check_end(&store, &task, subject, &verdict, script->now, &err));
	forget = xasprintf("DELETE FROM tasks WHERE task_id = '%s'",
			   task.task_id);
	fixture_sql(script->db, forget);
	OK(db_tx_commit(&tx, &err));
	import_free(&subject);
}

/* All zero: a proof that is good. */
MAYBE_UNUSED static const struct outcome good;

/* What the gateway says, with the provider fine. */
MAYBE_UNUSED static struct outcome at_gateway(enum failure why)
{
	return (struct outcome){ .why = why, .hop = HOP_GATEWAY,
				 .next = NEXT_RETRY };
}

MAYBE_UNUSED static struct outcome at(enum hop hop, enum failure why)
{
	return (struct outcome){ .why = why, .hop = hop,
				 .next = NEXT_OPERATOR };
}

MAYBE_UNUSED static void ends(struct script *script, const struct place *place,
		 struct outcome outcome)
{
	char check_id[ID_MAX];

	check_ends(script, place, &outcome, check_id);
}

/* ---- looking at rows ---- */

#define ACCESS CLEANUP(access_done) struct access

MAYBE_UNUSED static struct access access_of(struct script *script,
					    const struct place *place)
{
	struct access access = { 0 };
	struct err err;

	OK(accesses_get(script->db, place->access_id, &access, &err));
	return access;
}

static const struct db_query q_access_row = { "test.access_row",
	"SELECT status || ' ' || coalesce(failure_class, '-') || ' '"
	" || failures FROM accesses WHERE access_id = $1" };
static const struct db_query q_check_row = { "test.check_row",
	"SELECT state || ' ' || coalesce(result, '-') || ' '"
	" || coalesce(failure_class, '-') || ' ' || repaired"
	" FROM access_checks WHERE check_id = $1" };
static const struct db_query q_item_row = { "test.item_row",
	"SELECT access_status || ' ' || coalesce(failure_class, '-')"
	" FROM import_run_items WHERE item_id = $1" };
static const struct db_query q_trail = { "test.trail",
	"SELECT coalesce(group_concat(kind || ':' || coalesce(class, '-'),"
	" ' '), '') FROM (SELECT kind, class FROM access_events"
	" WHERE access_id = $1 ORDER BY seq)" };
static const struct db_query q_notices = { "test.notices",
	"SELECT coalesce(group_concat(kind || ' ' || subject || ' '"
	" || detail, '; '), '') FROM (SELECT * FROM notices"
	" WHERE ended_at IS NULL AND kind = $1 ORDER BY subject)" };

/* "degraded rate_limited 1" */
#define ACCESS_IS(script, place, text) \
	assert_string_equal(fixture_value((script)->db, &q_access_row, \
					  (place)->access_id), text)
/* "done degraded rate_limited 0": with the number of repairs */
#define CHECK_IS(script, id, text) \
	assert_string_equal(fixture_value((script)->db, &q_check_row, id), \
			    text)
#define ITEM_IS(script, place, text) \
	assert_string_equal(fixture_value((script)->db, &q_item_row, \
					  (place)->item_id), text)
#define TRAIL_IS(script, place, text) \
	assert_string_equal(fixture_value((script)->db, &q_trail, \
					  (place)->access_id), text)
/* Those of a kind that hold. */
#define NOTICES_ARE(script, kind, text) \
	assert_string_equal(fixture_value((script)->db, &q_notices, \
			    notice_kind_name(kind)), text)

#endif
