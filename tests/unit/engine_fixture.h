/*
 * engine_fixture: an engine in a world that a test writes line by line.
 *
 * What the engine sends stays in `world.sent` until the test answers it; what
 * it says and how often it commits is counted.  The clock is the test's.
 */
#ifndef TESTS_UNIT_ENGINE_FIXTURE_H
#define TESTS_UNIT_ENGINE_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>

#include "schedd/engine.h"
#include "shared/hosts.h"
#include "shared/items.h"
#include "shared/resources.h"
#include "shared/runs.h"
#include "shared/secrets.h"
#include "shared/table.h"
#include "shared/tasks.h"
#include "tests/unit/fixture.h"

#define MAYBE_UNUSED __attribute__((unused))
#define SENT_MAX 64
#define TOKEN "admin-0123456789abcdef"

struct sent {
	uint64_t tag;
	struct wire *wire;
};

struct script {
	struct db *db;
	struct settings settings;
	struct seal_private key;
	struct engine *engine;
	int64_t now;
	int64_t next;		/* what the last tick returned */
	uint64_t random;
	struct sent sent[SENT_MAX];
	size_t nsent;
	size_t sent_in_all;
	int commits;
	int die_at;		/* the commit that is not survived; 0: none */
	int says;
	char said[400];		/* the last line */
	char host_id[ID_MAX];
};

static uint64_t script_random(void *arg)
{
	struct script *script = arg;

	return ++script->random;
}

static void script_send(void *arg, uint64_t tag, struct wire *wire)
{
	struct script *script = arg;

	assert_true(script->nsent < SENT_MAX);
	script->sent[script->nsent++] = (struct sent){ tag, wire };
	script->sent_in_all++;
}

static void script_say(void *arg, const char *event, const char *text)
{
	struct script *script = arg;

	script->says++;
	snprintf(script->said, sizeof(script->said), "%s %s", event, text);
}

static bool script_alive(void *arg)
{
	struct script *script = arg;

	return ++script->commits != script->die_at;
}

static void script_start(struct script *script)
{
	const struct world world = {
		.arg = script,
		.random = script_random,
		.send = script_send,
		.say = script_say,
		.alive = script_alive,
	};

	script->engine = engine_new(script->db, &script->key,
				    &script->settings, &world);
}

/* A host with a token that can be opened. */
static void script_host(struct script *script, const char *url,
			enum host_auth auth, char ret_id[ID_MAX])
{
	struct secret_face face;
	struct host_spec spec = { .name = "h", .base_url = url,
				  .auth_type = auth };
	struct err err;

	OK(secrets_add(script->db, &script->key.pub, SECRET_HOST_TOKEN,
		       TOKEN, NOW, ++script->random, &face, &err));
	spec.auth_secret_id = face.secret_id;
	OK(hosts_add(script->db, &spec, NOW, ++script->random, ret_id, &err));
}

static struct script *script_new(const char *database)
{
	struct script *script = xcalloc(1, sizeof(*script));
	struct err err;

	script->now = NOW;
	OK(seal_start(&err));
	seal_generate(&script->key);
	OK(settings_read(&script->settings, NULL, &err));
	OK(schema_open(&script->db, database, NOW, &err));
	script_host(script, "http://host.test", HOST_AUTH_API_KEY,
		    script->host_id);
	script_start(script);
	return script;
}

static void script_forget(struct script *script)
{
	while (script->nsent > 0)
		wire_free(&script->sent[--script->nsent].wire);
}

MAYBE_UNUSED static void script_free(struct script **scriptp)
{
	struct script *script = *scriptp;

	script_forget(script);
	engine_free(&script->engine);
	db_close(&script->db);
	settings_done(&script->settings);
	seal_private_done(&script->key);
	free(script);
	*scriptp = NULL;
}

#define SCRIPT CLEANUP(script_free) struct script *

/* The administrator's password is the host's secret. */
MAYBE_UNUSED static struct script *script_by_password(void)
{
	struct script *script = script_new(":memory:");
	struct secret_face face;
	struct host_spec spec = { .name = "p",
				  .base_url = "http://pass.test",
				  .auth_type = HOST_AUTH_PASSWORD,
				  .admin_email = "root@pass.test" };
	struct err err;

	OK(secrets_add(script->db, &script->key.pub, SECRET_HOST_TOKEN,
		       "the password", NOW, ++script->random, &face, &err));
	spec.auth_secret_id = face.secret_id;
	OK(hosts_add(script->db, &spec, NOW, ++script->random,
		     script->host_id, &err));
	return script;
}

/* The engine dies, and another one begins. */
MAYBE_UNUSED static void script_restart(struct script *script)
{
	script_forget(script);
	engine_free(&script->engine);
	script->die_at = 0;
	script_start(script);
}

MAYBE_UNUSED static void script_task(struct script *script, const char *flow,
				     const char *step, const char *subject,
				     char ret_id[ID_MAX])
{
	const struct task_spec spec = {
		.flow = flow, .step = step, .subject_id = subject,
		.host_id = script->host_id, .not_before = script->now,
	};
	struct err err;

	OK(tasks_add(script->db, &spec, script->now, ++script->random, ret_id,
		     &err));
}

/* A run of one user, to which items are added. */
MAYBE_UNUSED static void script_run(struct script *script,
				    char ret_id[ID_MAX])
{
	const struct run_spec spec = {
		.host_id = script->host_id,
		.access_mode = ACCESS_SUBSCRIPTION,
		.subscription_users = "[\"alice\"]",
		.subscription_days = 30,
		.items_total = 2,
		.created_by = "tok_1",
	};
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	struct err err;

	OK(db_tx_begin(&tx, script->db, &err));
	OK(runs_add(script->db, &spec, script->now, ++script->random, ret_id,
		    &err));
	OK(db_tx_commit(&tx, &err));
}

struct script_item {
	char item_id[ID_MAX];
	char task_id[ID_MAX];
};

/* An item with a key of its own, whose task stands before `step`. */
MAYBE_UNUSED static struct script_item script_item(struct script *script,
						   const char *run_id,
						   const char *step)
{
	static int64_t seq;
	AUTO_FREE char *key = xasprintf("sk-provider-key-%d", (int)++seq);
	struct script_item ret;
	struct secret_face face;
	struct item_spec item = {
		.run_id = run_id, .seq = seq,
		.base_url = "http://p.test/v1", .endpoint_key = "p-test-1",
		.requested_models = "[\"m-1\"]", .warnings = "[]",
	};
	struct task_spec task = {
		.flow = "import", .step = step, .subject_id = ret.item_id,
		.run_id = run_id, .host_id = script->host_id,
		.not_before = script->now,
	};
	struct err err;

	OK(secrets_add(script->db, &script->key.pub, SECRET_API_KEY, key,
		       script->now, ++script->random, &face, &err));
	item.api_key_secret_id = face.secret_id;
	OK(items_add(script->db, &item, script->now, ++script->random,
		     ret.item_id, &err));
	OK(tasks_add(script->db, &task, script->now, ++script->random,
		     ret.task_id, &err));
	return ret;
}

/* Let `ms` pass, and let the engine do what it can. */
MAYBE_UNUSED static void tick(struct script *script, int64_t ms)
{
	script->now += ms;
	script->next = engine_tick(script->engine, script->now);
}

/* Let time pass until the engine wants to be called, at most `ms`. */
MAYBE_UNUSED static void tick_until_sent(struct script *script, int64_t ms)
{
	int64_t end = script->now + ms;

	while (script->nsent == 0 && script->now < end) {
		int64_t step = script->next - script->now;

		tick(script, step > 0 ? step : 1);
	}
}

/* Answer the exchange sent as number `i` of those under way. */
MAYBE_UNUSED static void answer_with(struct script *script, size_t i,
				     struct answer *take_answer)
{
	uint64_t tag = script->sent[i].tag;

	assert_true(i < script->nsent);
	wire_free(&script->sent[i].wire);
	script->nsent--;
	memmove(&script->sent[i], &script->sent[i + 1],
		(script->nsent - i) * sizeof(script->sent[0]));
	engine_answered(script->engine, tag, take_answer);
}

MAYBE_UNUSED static void reply_as(struct script *script, int status,
				  const char *type, int64_t retry_after_ms,
				  const char *body)
{
	struct answer answer = { .status = status, .latency_ms = 7,
				 .retry_after_ms = retry_after_ms };

	own_set(&answer.content_type, type);
	own_set(&answer.body, body);
	answer.body_len = strlen(body);
	answer_with(script, 0, &answer);
}

MAYBE_UNUSED static void reply(struct script *script, int status,
			       const char *body)
{
	reply_as(script, status, "application/json", -1, body);
}

MAYBE_UNUSED static void lose(struct script *script, enum transport how)
{
	struct answer answer = { .transport = how, .retry_after_ms = -1 };

	answer_with(script, 0, &answer);
}

/* ---- looking at rows ---- */

static const struct db_query q_task = { "test.engine_task",
	"SELECT state || ' ' || step || ' ' || attempt || ' '"
	" || coalesce(last_class, '-') FROM tasks WHERE task_id = $1" };

MAYBE_UNUSED static const char *task_row(struct script *script,
					 const char *id)
{
	return fixture_value(script->db, &q_task, id);
}

static const struct db_query q_not_before = { "test.engine_not_before",
	"SELECT not_before FROM tasks WHERE task_id = $1" };

MAYBE_UNUSED static int64_t due_in(struct script *script, const char *id)
{
	return strtoll(fixture_value(script->db, &q_not_before, id), NULL,
		       10) - script->now;
}

static const struct db_query q_host = { "test.engine_host",
	"SELECT state || ' ' || coalesce(reason, '-') FROM hosts"
	" WHERE host_id = $1" };

MAYBE_UNUSED static const char *host_row(struct script *script,
					 const char *id)
{
	return fixture_value(script->db, &q_host, id);
}

#endif
