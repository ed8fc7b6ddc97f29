/*
 * sim_turns: a run of many keys does not starve a run of one, in a simulated
 * world.
 *
 * Usage: sim_turns [--items N] [--seed-from N] [--seeds M]
 *
 * With few exchanges at once, a run of one key is timed alone, and again while
 * a run of N keys of the same provider is in progress.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "shared/endpoint.h"
#include "shared/items.h"
#include "shared/runs.h"
#include "shared/secrets.h"
#include "shared/tasks.h"
#include "tests/sim/check.h"
#include "tests/sim/site.h"

#define AT_ONCE 8
#define HOUR_MS INT64_C(3600000)
#define TIMES 3			/* as long as alone, at most ... */
#define PLUS_MS 1000		/* ... and so much */

static int passed, failed;

static int add_key(struct site *site, const char *run_id, size_t i,
		   struct err *err)
{
	struct secret_face face;
	char url[64], key[ENDPOINT_KEY_MAX], secret[64], item_id[ID_MAX];
	char task_id[ID_MAX];
	struct item_spec item = { .run_id = run_id, .seq = (int64_t)i + 1,
				  .base_url = url, .endpoint_key = key,
				  .requested_models = "[]",
				  .warnings = "[]" };
	const struct task_spec task = {
		.flow = IMPORT_FLOW, .step = IMPORT_FIRST_STEP,
		.subject_id = item_id, .run_id = run_id,
		.host_id = site->host_id, .not_before = site->net.now,
	};

	net_provider_url(url, sizeof(url), 0);
	endpoint_key(url, key);
	snprintf(secret, sizeof(secret), "good-%016" PRIx64 "%016" PRIx64,
		 net_random(&site->net), net_random(&site->net));
	if (secrets_add(site->db, &site->key.pub, SECRET_API_KEY, secret,
			site->net.now, net_random(&site->net), &face, err))
		return -1;
	item.api_key_secret_id = face.secret_id;
	return items_add(site->db, &item, site->net.now,
			 net_random(&site->net), item_id, err) ||
	       tasks_add(site->db, &task, site->net.now,
			 net_random(&site->net), task_id, err) ? -1 : 0;
}

static void add_run(struct site *site, size_t n, char ret_id[ID_MAX])
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	const struct run_spec spec = {
		.host_id = site->host_id,
		.access_mode = ACCESS_SUBSCRIPTION,
		.subscription_users = "[\"default\"]",
		.subscription_days = 30,
		.items_total = (int64_t)n,
		.created_by = "tok_sim",
	};
	struct err err;
	int rc = db_tx_begin(&tx, site->db, &err) ||
		 runs_add(site->db, &spec, site->net.now,
			  net_random(&site->net), ret_id, &err) ? -1 : 0;

	for (size_t i = 0; i < n && rc == 0; i++)
		rc = add_key(site, ret_id, i, &err);
	if (rc || db_tx_commit(&tx, &err))
		site_fault(site, "a run of %zu: %s", n, err.msg);
}

static int64_t done_of(struct site *site, const char *run_id)
{
	CLEANUP(run_done) struct run run = { 0 };
	struct err err;

	if (runs_get(site->db, run_id, &run, &err))
		site_fault(site, "%s", err.msg);
	return run.counts.active;
}

/* Until so many of the run are active; how long that took. */
static int64_t go_on(struct site *site, const struct site_plan *plan,
		     const char *run_id, int64_t n)
{
	int64_t begun = site->net.now;

	while (!site->fault && done_of(site, run_id) < n) {
		site_turn(site, plan, site->net.now + 1000);
		if (site->net.now - begun > HOUR_MS)
			site_fault(site, "%s: not done after an hour",
				   run_id);
	}
	return site->net.now - begun;
}

static void run_seed(uint64_t seed, size_t items)
{
	struct site *site = xcalloc(1, sizeof(*site));
	const struct site_plan plan = {
		.seed = seed, .version = HOST_0_1_129, .nproviders = 1,
		.personality = "chat-only-403", .nitems = 1,
	};
	char big[ID_MAX], one[ID_MAX];
	int64_t alone = 0, beside = 0;

	site_import(site, &plan);
	site->settings.host_concurrency = AT_ONCE;
	site->settings.provider_concurrency = AT_ONCE;
	if (!site->fault)
		add_run(site, 1, one);
	if (!site->fault)
		alone = go_on(site, &plan, one, 1);
	if (!site->fault)
		add_run(site, items, big);
	if (!site->fault)
		go_on(site, &plan, big, (int64_t)items / 20 + 1);
	if (!site->fault)
		add_run(site, 1, one);
	if (!site->fault)
		beside = go_on(site, &plan, one, 1);
	if (!site->fault && beside > TIMES * alone + PLUS_MS)
		site_fault(site, "a run of one took %" PRId64 " ms alone, %"
			   PRId64 " ms beside one of %zu", alone, beside,
			   items);
	if (site->fault)
		printf("not ok - seed %" PRIu64 ": %s\n", seed, site->fault);
	else
		printf("# seed %" PRIu64 ": %" PRId64 " ms alone, %" PRId64
		       " ms beside %zu\n", seed, alone, beside, items);
	site->fault ? failed++ : passed++;
	site_done(site);
	free(site);
}

static const struct option known[] = {
	{ "items",     required_argument, NULL, 'i' },
	{ "seed-from", required_argument, NULL, 'f' },
	{ "seeds",     required_argument, NULL, 'n' },
	{ 0 }
};

int main(int argc, char *argv[])
{
	uint64_t from = 1, seeds = 3;
	size_t items = 2000;
	int c;

	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (c == 'i')
			items = strtoul(optarg, NULL, 10);
		else if (c == 'f')
			from = strtoull(optarg, NULL, 10);
		else if (c == 'n')
			seeds = strtoull(optarg, NULL, 10);
		else
			return 2;
	}
	for (uint64_t seed = from; seed < from + seeds; seed++)
		run_seed(seed, items);
	printf("%s - sim_turns, seeds %" PRIu64 " to %" PRIu64 "\n",
	       failed ? "not ok" : "ok", from, from + seeds - 1);
	return failed > 0;
}
