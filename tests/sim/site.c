#include "tests/sim/site.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "shared/canary.h"
#include "shared/endpoint.h"
#include "shared/hosts.h"
#include "shared/items.h"
#include "shared/profiles.h"
#include "shared/runs.h"
#include "shared/secrets.h"
#include "shared/tasks.h"
#include "tests/sim/check.h"
#include "tests/sim/people.h"
#include "tests/sim/store.h"

#define START INT64_C(1790000000000)
#define HOURS_6 (INT64_C(6) * 3600 * 1000)
#define STEPS_MAX 2000000
#define PACK_PROVIDER "sim-provider"

void site_fault(struct site *site, const char *fmt, ...)
{
	va_list args;

	if (site->fault)
		return;
	va_start(args, fmt);
	vsnprintf(site->fault_text, sizeof(site->fault_text), fmt, args);
	va_end(args);
	site->fault = site->fault_text;
}

#define MUST(site, call, err) \
	do { \
		if (call) { \
			site_fault(site, "%s: %s", #call, (err)->msg); \
			return; \
		} \
	} while (0)

static void make_peers(struct site *site, const struct site_plan *plan)
{
	struct host_options host = host_options_default(plan->version);
	struct provider_options provider = {
		.personality = plan->personality,
		.delay_ms = 5,
	};

	host.seed = net_random(&site->net);
	host.admin_api_key = SITE_ADMIN_KEY;
	host.compliance_accepted = true;
	host.rate_limits = true;
	site->net.host = host_model_new(&host, site->net.now);
	for (size_t i = 0; i < plan->nproviders; i++) {
		provider.seed = net_random(&site->net);
		site->net.providers[i] = provider_model_new(&provider);
	}
	site->net.nproviders = plan->nproviders;
	site->net.faults = faults_new();
	site->net.provider_faults = faults_new();
}

void site_add_faults(struct site *site)
{
	static const enum fault_kind kinds[] = { FAULT_DELAY, FAULT_STATUS,
		FAULT_GARBAGE, FAULT_CUT, FAULT_LOST, FAULT_RESET,
		FAULT_TWICE, FAULT_HANG };
	static char json[] = "{\"code\":500,\"message\":\"internal error\"}";
	size_t n = 1 + net_random(&site->net) % 4;

	for (size_t i = 0; i < n; i++) {
		struct fault_rule rule = {
			.kind = kinds[net_random(&site->net) % COUNT(kinds)],
			.skip = (int64_t)(net_random(&site->net) % 60),
			/* Four in all: a step is tried more often than that. */
			.count = 1 + (int64_t)(net_random(&site->net) %
					       (n > 2 ? 1 : 2)),
			.delay_ms = (int64_t)(net_random(&site->net) % 9000),
			.status = net_random(&site->net) % 2 ? 500 : 503,
			.body = json,
		};

		faults_add(site->net.faults, &rule);
	}
}

static const struct {
	const char *prefix;
	enum failure ends;
} key_kinds[] = {
	{ "good-",  FAILURE_NONE },
	{ "good-",  FAILURE_NONE },
	{ "good-",  FAILURE_NONE },
	{ "wrong-", FAILURE_KEY_INVALID },
	{ "quota-", FAILURE_QUOTA_EXHAUSTED },
};

static const char *const requests[] = {
	"[]", "[]", "[\"mock-a\"]", "[\"mock-b\"]",
};

/* Now and then the same key comes again, perhaps for other models. */
static bool bring_again(struct site *site, size_t i)
{
	if (i == 0 || net_random(&site->net) % 4 != 0)
		return false;
	site->items[i] = site->items[net_random(&site->net) % i];
	return true;
}

static void plan_items(struct site *site, const struct site_plan *plan)
{
	for (size_t i = 0; i < plan->nitems; i++) {
		struct site_item *item = &site->items[i];
		size_t kind = plan->bad_keys ? net_random(&site->net) %
					       COUNT(key_kinds) : 0;

		if (bring_again(site, i)) {
			item->models = requests[net_random(&site->net) %
						COUNT(requests)];
			continue;
		}
		item->models = "[]";
		item->provider = net_random(&site->net) % plan->nproviders;
		item->ends = key_kinds[kind].ends;
		snprintf(item->key, sizeof(item->key), "%s%016" PRIx64
			 "%04zu", key_kinds[kind].prefix,
			 net_random(&site->net), i);
	}
	site->nitems = plan->nitems;
}

static void add_host(struct site *site, struct err *err)
{
	struct secret_face face;
	struct host_spec spec = { .name = "sim", .base_url = NET_HOST_URL,
				  .auth_type = HOST_AUTH_API_KEY };
	struct task_spec task = { .flow = "host_probe", .step = "probe.public",
				  .subject_id = site->host_id,
				  .host_id = site->host_id,
				  .not_before = site->net.now };
	char task_id[ID_MAX];

	MUST(site, secrets_add(site->db, &site->key.pub, SECRET_HOST_TOKEN,
			       SITE_ADMIN_KEY, site->net.now,
			       net_random(&site->net), &face, err), err);
	spec.auth_secret_id = face.secret_id;
	MUST(site, hosts_add(site->db, &spec, site->net.now,
			     net_random(&site->net), site->host_id, err), err);
	MUST(site, tasks_add(site->db, &task, site->net.now,
			     net_random(&site->net), task_id, err), err);
}

static void add_item(struct site *site, const struct site_plan *plan,
		     const char *run_id, size_t i, struct err *err)
{
	struct site_item *item = &site->items[i];
	char *item_id = run_id == site->run_id ? item->item_id
					       : item->again_id;
	struct secret_face face;
	char url[64], key[ENDPOINT_KEY_MAX], task_id[ID_MAX];
	struct item_spec spec = { .run_id = run_id,
				  .seq = (int64_t)i + 1, .base_url = url,
				  .endpoint_key = key,
				  .requested_models = item->models,
				  .pack_provider_id = plan->by_provider
					? PACK_PROVIDER : NULL,
				  .warnings = "[]" };
	struct task_spec task = { .flow = "import", .step = "probe.models",
				  .subject_id = item_id, .run_id = run_id,
				  .host_id = site->host_id,
				  .not_before = site->net.now };

	canary_hold(plan->canary_items, i, run_id, &task);
	net_provider_url(url, sizeof(url), item->provider);
	endpoint_key(url, key);
	MUST(site, secrets_add(site->db, &site->key.pub, SECRET_API_KEY,
			       item->key, site->net.now,
			       net_random(&site->net), &face, err), err);
	spec.api_key_secret_id = face.secret_id;
	MUST(site, items_add(site->db, &spec, site->net.now,
			     net_random(&site->net), item_id, err), err);
	MUST(site, tasks_add(site->db, &task, site->net.now,
			     net_random(&site->net), task_id, err), err);
}

/* A pack with one manifest for all providers: what it says is the same. */
static const struct db_query q_packs[] = {
	{ "sim.pack", "INSERT INTO packs (pack_id, version, name_zh, name_en,"
	  " providers, content_sha256, bundle_sha256, document, installed_by,"
	  " installed_at) VALUES ('sim-pack', '1.0.0', 's', 's', 1, '', '',"
	  " '{}', 'tok_sim', 1)" },
	{ "sim.manifest", "INSERT INTO pack_manifests (pack_id, version,"
	  " provider_id, manifest) VALUES ('sim-pack', '1.0.0', '"
	  PACK_PROVIDER "', '{\"models\":[{\"id\":\"mock-a\","
	  "\"canonical\":\"mock-a\",\"status\":\"current\"},"
	  "{\"id\":\"mock-b\",\"canonical\":\"mock-2\","
	  "\"status\":\"current\"}],\"smoke_test_model\":\"mock-a\","
	  "\"templates\":{\"channel\":{\"restrict_models\":false}},"
	  "\"pricing\":[{\"model\":\"mock-a\",\"currency\":\"USD\","
	  "\"unit\":\"per_million_tokens\",\"input\":\"1.5\","
	  "\"output\":\"3\"}]}')" },
};

static const struct db_query q_of_pack = { "sim.of_pack",
	"UPDATE import_runs SET origin = 'provider_import',"
	" pack_id = 'sim-pack', pack_version = '1.0.0' WHERE run_id = $1" };

static void add_pack(struct site *site, struct err *err)
{
	for (size_t i = 0; i < COUNT(q_packs); i++)
		MUST(site, db_run(site->db, &q_packs[i], DB_NO_ARGS, err),
		     err);
}

static void add_run(struct site *site, const struct site_plan *plan,
		    char *run_id, struct err *err)
{
	const struct run_spec spec = {
		.host_id = site->host_id,
		.access_mode = ACCESS_SUBSCRIPTION,
		.subscription_users = plan->users ? plan->users
						  : "[\"default\"]",
		.subscription_days = 30,
		.items_total = (int64_t)site->nitems,
		.canary_items = plan->canary_items,
		.canary_stop_after = plan->canary_stop_after,
		.created_by = "tok_sim",
	};
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };

	MUST(site, db_tx_begin(&tx, site->db, err), err);
	MUST(site, runs_add(site->db, &spec, site->net.now,
			    net_random(&site->net), run_id, err), err);
	if (plan->by_provider)
		MUST(site, db_run(site->db, &q_of_pack,
				  DB_ARGS(DB_TEXT(run_id)), err), err);
	for (size_t i = 0; i < site->nitems && !site->fault; i++)
		add_item(site, plan, run_id, i, err);
	MUST(site, db_tx_commit(&tx, err), err);
}

void site_start_engine(struct site *site)
{
	struct world world = net_world(&site->net);
	struct err err;

	site->net.engine = engine_new(site->db, &site->key, &site->settings,
				      &world);
	MUST(site, engine_take_over(site->net.engine,
				    site->net.now + site->net.skew, &err),
	     &err);
}

static void open_site(struct site *site, const struct site_plan *plan)
{
	struct err err;

	site->net.seed = plan->seed;
	site->net.now = START;
	site->net.verbose = plan->verbose;
	MUST(site, seal_start(&err), &err);
	seal_generate(&site->key);
	MUST(site, settings_read(&site->settings, NULL, &err), &err);
	site->settings.attempts_max = 14;
	own_set(&site->settings.capabilities, profile_level_name(
		(enum profile_level)(plan->seed % PROFILE_LEVEL__MAX)));
	site->settings.background_tokens_per_day = plan->tokens_per_day;
	if (!plan->watch)	/* it would never be quiet */
		site->settings.watch_every_s = 0;
	MUST(site, store_open(&site->db, &err), &err);
	make_peers(site, plan);
	plan_items(site, plan);
	add_host(site, &err);
	if (plan->by_provider)
		add_pack(site, &err);
	if (!site->fault)
		site_start_engine(site);
}

/* Nobody is being asked what his key can do, nor will be, nor is held. */
static bool is_profiled(struct site *site)
{
	static const struct db_query q_held = { "sim.held",
		"SELECT count(*) FROM tasks WHERE state = 'held'" };
	int64_t running, held;
	bool waiting;
	struct err err;

	if (db_number(site->db, &q_held, DB_NO_ARGS, &held, &err) ||
	    profiles_running(site->db, &running, &err) ||
	    profiles_is_waiting(site->db, &waiting, &err)) {
		site_fault(site, "profiles: %s", err.msg);
		return true;
	}
	return running == 0 && held == 0 && !waiting;
}

static int64_t open_tasks(struct site *site, const char *run_id)
{
	int64_t open = 0;
	struct err err;

	if (*run_id && tasks_open_of_run(site->db, run_id, &open, &err))
		site_fault(site, "open tasks: %s", err.msg);
	return open;
}

static bool is_over(struct site *site, const char *subject)
{
	char task_id[ID_MAX];
	struct err err;

	if (!*subject)
		return open_tasks(site, site->run_id) +
		       open_tasks(site, site->again_run_id) == 0 &&
		       is_profiled(site);
	if (tasks_of_subject(site->db, subject, task_id, &err))
		site_fault(site, "task of %s: %s", subject, err.msg);
	return *task_id == '\0';
}

/* Kill it, wait a moment, start another. */
static void crash(struct site *site, const struct site_plan *plan)
{
	net_forget_engine(&site->net);
	site->net.now += (int64_t)(net_random(&site->net) % 3000);
	if (plan->crash_every)
		site->net.crash_at = site->net.commits + 1 +
			(int64_t)(net_random(&site->net) %
				  (uint64_t)(2 * plan->crash_every));
	net_deliver(&site->net);
	site_start_engine(site);
}

/* CRM's turn: when it wants the next one, by the world's clock. */
static int64_t tick(struct site *site)
{
	struct net *net = &site->net;
	int64_t next = engine_tick(net->engine, net->now + net->skew);

	return next == INT64_MAX ? next : next - net->skew;
}

/* The world's turn, up to `next` or what happens sooner. */
static void go_on_until(struct site *site, int64_t next)
{
	int64_t event = net_next(&site->net);

	if (event < next)
		next = event;
	if (next > site->net.now)
		site->net.now = next;
	net_deliver(&site->net);
}

void site_turn(struct site *site, const struct site_plan *plan, int64_t until)
{
	int64_t next = tick(site);

	if (site->net.crashed)
		crash(site, plan);
	else
		go_on_until(site, next < until ? next : until);
}

/* Run until the tasks of `subject` ("": of the run) are done. */
static void run_until_over(struct site *site, const char *subject,
			   const struct site_plan *plan)
{
	int64_t deadline = site->net.now + HOURS_6;

	for (int i = 0; i < STEPS_MAX && !site->fault; i++) {
		int64_t next = tick(site);

		if (site->net.crashed) {
			crash(site, plan);
			continue;
		}
		if (is_over(site, subject) &&
		    (!*subject ? !life_again(site, plan) : true))
			return;
		go_on_until(site, life_turn(site, plan, next));
		if (site->net.now > deadline)
			site_fault(site, "not over after six hours");
	}
	site_fault(site, "not over after %d turns", STEPS_MAX);
}

static void cancel_midway(struct site *site, struct err *err)
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	int64_t until = site->net.now + (int64_t)(net_random(&site->net) %
						  400);

	while (site->net.now < until) {
		engine_tick(site->net.engine, site->net.now);
		site->net.now += 1;
		net_deliver(&site->net);
	}
	MUST(site, db_tx_begin(&tx, site->db, err), err);
	if (runs_cancel(site->db, site->run_id, site->net.now, err) == 0)
		site->cancelled = true;
	MUST(site, db_tx_commit(&tx, err), err);
}

void site_open(struct site *site, const struct site_plan *plan)
{
	open_site(site, plan);
	if (!site->fault)
		run_until_over(site, site->host_id, plan);
}

/* The host is known and the run is there, and nothing of it is done. */
static void begin(struct site *site, const struct site_plan *plan)
{
	struct err err;

	site_open(site, plan);
	if (!site->fault)
		add_run(site, plan, site->run_id, &err);
	if (plan->twin && !site->fault)
		add_run(site, plan, site->again_run_id, &err);
}

/* The id of the newest account: no other create has been obeyed. */
static int64_t newest_account(struct site *site)
{
	json_auto_t *state = host_model_state(site->net.host);
	const json_t *accounts = json_object_get(state, "accounts");

	return json_integer_value(json_object_get(json_array_get(accounts,
		json_array_size(accounts) - 1), "id"));
}

/* The same once more, when all is there: nothing is made for it. */
static void bring_all_again(struct site *site, const struct site_plan *plan)
{
	int64_t newest = newest_account(site);
	struct err err;

	if (plan->meddle)
		people_meddle(site);
	add_run(site, plan, site->again_run_id, &err);
	if (!site->fault)
		run_until_over(site, "", plan);
	if (!site->fault && !plan->meddle && newest_account(site) != newest)
		site_fault(site, "an account was made for a key that had one");
}

void site_import(struct site *site, const struct site_plan *plan)
{
	begin(site, plan);
	if (!site->fault)
		run_until_over(site, "", plan);
}

bool site_run(struct site *site, const struct site_plan *plan)
{
	struct err err;

	begin(site, plan);
	if (plan->faulty)
		site_add_faults(site);
	site->net.commits = 0;
	site->net.crash_at = plan->crash_every
		? 1 + (int64_t)(net_random(&site->net) %
				(uint64_t)(2 * plan->crash_every))
		: plan->crash_at;
	if (plan->cancel && !site->fault)
		cancel_midway(site, &err);
	if (!site->fault)
		run_until_over(site, "", plan);
	if (plan->again && !site->fault)
		bring_all_again(site, plan);
	if (!site->fault)
		site_check(site, plan);
	return !site->fault;
}

void site_done(struct site *site)
{
	net_done(&site->net);
	db_close(&site->db);
	settings_done(&site->settings);
	seal_private_done(&site->key);
}
