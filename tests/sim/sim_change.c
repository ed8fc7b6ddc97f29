/*
 * sim_change: changes of an account after its import, in a simulated world.
 *
 * Usage: sim_change [--seed-from N] [--seeds M] [--verbose]
 *
 * First, for each host version, one change of each kind, good and bad, with a
 * crash after each single commit in turn.  Then seeds: several changes one
 * after the other, with faults, crashes and names of somebody else on the
 * account.  After each, host and rows must agree: all of it or nothing.  A
 * failing case prints how to repeat it.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "shared/changes.h"
#include "shared/items.h"
#include "shared/resources.h"
#include "shared/table.h"
#include "tests/sim/change.h"
#include "tests/sim/check.h"

#define MINUTE INT64_C(60000)
#define COMMITS_MAX 200
#define TURNS_MAX 200000

/* A seed is an import and several changes: a third as many will do. */
#define SEEDS_EACH 3

/* With fewer seeds, as under sanitizers, not each commit is one to die at. */
#define SEEDS_FULL 900
#define FEW_STRIDE 5

static const struct change_wish wishes[] = {
	{ "a model more", CHANGE_MODELS, MAPPING_ADD, "[\"mock-b\"]", "{}",
	  true },
	{ "an alias more", CHANGE_MODELS, MAPPING_ADD, "[]",
	  "{\"latest\":\"mock-a\"}", true },
	{ "others", CHANGE_MODELS, MAPPING_REPLACE, "[\"mock-b\"]",
	  "{\"newest\":\"mock-b\"}", true },
	{ "as it began", CHANGE_MODELS, MAPPING_REPLACE, "[\"mock-a\"]", "{}",
	  true },
	{ "a model that is not there", CHANGE_MODELS, MAPPING_ADD,
	  "[\"mock-none\"]", "{}", false },
	{ "nothing but that", CHANGE_MODELS, MAPPING_REPLACE,
	  "[\"mock-none\"]", "{}", false },
	{ "a pause", CHANGE_PAUSE, MAPPING_ADD, NULL, NULL, true },
	{ "a resume", CHANGE_RESUME, MAPPING_ADD, NULL, NULL, true },
	{ "another key", CHANGE_ROTATE_KEY, MAPPING_ADD, "good-", NULL, true },
	{ "a bad key", CHANGE_ROTATE_KEY, MAPPING_ADD, "bad-", NULL, false },
	/* not in seeds: what comes after it has a key that is used up */
	{ "a key that ends", CHANGE_ROTATE_KEY, MAPPING_ADD, "good-for-3-",
	  NULL, false },
};
#define NOT_IN_SEEDS 1

static int passed, failed;

#define MUST(site, call, err) \
	do { \
		if (call) { \
			site_fault(site, "%s: %s", #call, (err)->msg); \
			return; \
		} \
	} while (0)

/* ---- what the host has ---- */

/* Somebody puts a name of his own there. */
static void meddle(struct site *site, const struct change_deed *deed)
{
	json_auto_t *mapping = account_mapping(site, deed->account_id);
	json_auto_t *body = NULL;
	AUTO_FREE char *text = NULL;

	json_object_set_new(mapping, "theirs", json_string("mock-a"));
	body = json_pack("{s:[I], s:{s:O}}", "account_ids",
			 (json_int_t)strtoll(deed->account_id, NULL, 10),
			 "credentials", "model_mapping", mapping);
	text = json_dumps(body, JSON_COMPACT);
	net_somebody(&site->net, "POST", "/api/v1/admin/accounts/bulk-update",
		     SITE_ADMIN_KEY, text);
}

/* ---- a change ---- */

static void end(struct site *site, const struct site_plan *plan,
		const struct change_deed *deed)
{
	for (int i = 0; i < TURNS_MAX && !site->fault; i++) {
		CLEANUP(change_done) struct change change = { 0 };
		struct err err;

		MUST(site, changes_get(site->db, deed->change_id, &change,
				       &err), &err);
		if (change.state != CHANGE_RUNNING &&
		    change.state != CHANGE_OVERLAP)
			return;
		site_turn(site, plan, site->net.now + MINUTE);
	}
	site_fault(site, "change %s has no end", deed->change_id);
}

/* ---- what must be true after it ---- */

static void check_mapping(struct site *site, const struct change_deed *deed,
			  bool done)
{
	json_auto_t *want = mapping_apply(deed->before,
					  done ? deed->plan.set : NULL,
					  done ? deed->plan.drop : NULL);
	json_auto_t *is = account_mapping(site, deed->account_id);
	AUTO_FREE char *is_text = json_dumps(is, JSON_COMPACT);
	AUTO_FREE char *want_text = json_dumps(want, JSON_COMPACT);

	if (!json_equal(is, want))
		site_fault(site, "%s: the host maps %s, not %s",
			   deed->wish->name, is_text, want_text);
}

static void check_key(struct site *site, const struct change_deed *deed,
		      const struct site_plan *plan, bool done)
{
	char key[ACCOUNT_KEY_MAX];

	account_key(site, deed->account_id, key);
	rotation_check(site, &deed->rotation, deed->resource_id, key, done);
	if (!plan->faulty)
		rotation_check_copies(site);
}

static void check_rows(struct site *site, const struct change_deed *deed, bool done)
{
	CLEANUP(item_done) struct item item = { 0 };
	CLEANUP(resource_done) struct resource account = { 0 };
	json_auto_t *models = NULL, *body = NULL, *state = NULL;
	const json_t *live = account_of(site, deed->account_id, &state);
	bool paused;
	struct err err;

	MUST(site, items_get(site->db, NULL, site->items[0].item_id, &item,
			     &err), &err);
	MUST(site, resources_get(site->db, deed->resource_id, &account, &err),
	     &err);
	if (account.state != RESOURCE_PRESENT)
		site_fault(site, "%s: the account is %s", deed->wish->name,
			   resource_state_name(account.state));
	models = json_loads(item.models, 0, NULL);
	if (done && deed->wish->kind == CHANGE_MODELS &&
	    !json_equal(models, deed->plan.models))
		site_fault(site, "%s: the item has %s", deed->wish->name,
			   item.models);
	paused = deed->wish->kind == CHANGE_PAUSE ? done || deed->paused :
		 deed->wish->kind == CHANGE_RESUME ? false : deed->paused;
	if ((account.paused_at != 0) != paused ||
	    (item.paused_at != 0) != paused)
		site_fault(site, "%s: paused is not %d", deed->wish->name,
			   paused);
	if (json_is_true(json_object_get(live, "schedulable")) == paused)
		site_fault(site, "%s: schedulable is %d", deed->wish->name,
			   paused);
}

static const struct db_query q_left = { "sim.left",
	"SELECT count(*) FROM tasks WHERE state <> 'done'" };
static const struct db_query q_made = { "sim.made",
	"SELECT count(*) FROM managed_resources WHERE state = 'making'" };

static void check_nothing_left(struct site *site, const struct change_deed *deed)
{
	static const struct db_query *const zeros[] = { &q_left, &q_made };
	int64_t n = 0;
	struct err err;

	for (size_t i = 0; i < COUNT(zeros); i++) {
		MUST(site, db_number(site->db, zeros[i], DB_NO_ARGS, &n, &err),
		     &err);
		if (n != 0)
			site_fault(site, "%s: %s is %" PRId64,
				   deed->wish->name, zeros[i]->name, n);
	}
	if (host_model_fault(site->net.host))
		site_fault(site, "host model: %s",
			   host_model_fault(site->net.host));
}

static void check_deed(struct site *site, const struct site_plan *plan,
		       const struct change_deed *deed)
{
	CLEANUP(change_done) struct change change = { 0 };
	bool may_be_good = deed->wish->good || (deed->paused &&
		deed->wish->kind != CHANGE_ROTATE_KEY);
	bool done;
	struct err err;

	MUST(site, changes_get(site->db, deed->change_id, &change, &err),
	     &err);
	done = change.state == CHANGE_DONE;
	if (done && !may_be_good)
		site_fault(site, "%s is done", deed->wish->name);
	/*
	 * The network may take any proof away; and what was asked for during
	 * a pause is proven by whatever comes after, but for a key, which its
	 * provider is asked about at once.
	 */
	if (!done && may_be_good && !plan->faulty && !deed->doubtful)
		site_fault(site, "%s failed: %s %s", deed->wish->name,
			   change.failure_class, change.failure_detail);
	if (deed->wish->kind == CHANGE_MODELS)
		check_mapping(site, deed, done);
	if (deed->wish->kind == CHANGE_ROTATE_KEY)
		check_key(site, deed, plan, done);
	check_rows(site, deed, done);
	check_nothing_left(site, deed);
}

static void one_change(struct site *site, const struct site_plan *plan,
		       const struct change_wish *wish)
{
	CLEANUP(change_deed_done) struct change_deed deed = { .wish = wish };

	if (site->fault)
		return;
	change_ask(site, &deed, site->items[0].item_id);
	if (site->fault || !deed.wish)
		return;
	end(site, plan, &deed);
	if (!site->fault)
		check_deed(site, plan, &deed);
	if (!site->fault && plan->faulty && net_random(&site->net) % 4 == 0)
		meddle(site, &deed);
}

/* ---- cases ---- */

static void import_first(struct site *site, const struct site_plan *plan)
{
	struct site_plan calm = *plan;

	calm.crash_every = calm.crash_at = 0;
	calm.faulty = false;
	site_import(site, &calm);
	site->net.commits = 0;
}

static void report(struct site *site, const char *name)
{
	if (site->fault) {
		failed++;
		printf("not ok - %s: %s\n", name, site->fault);
	} else {
		passed++;
	}
}

/* What a wish needs before it: a resume a pause, others the first model. */
static void prepare(struct site *site, const struct change_wish *wish)
{
	struct site_plan calm = { .nproviders = 1 };

	one_change(site, &calm, &wishes[3]);
	if (wish->kind == CHANGE_RESUME)
		one_change(site, &calm, &wishes[6]);
	site->net.commits = 0;
}

static int64_t run_wish(enum host_version version, const struct change_wish *wish,
			int64_t crash_at, bool verbose)
{
	struct site *site = xcalloc(1, sizeof(*site));
	struct site_plan plan = {
		.seed = 7, .version = version,
		.personality = "chat-only-403", .nproviders = 1, .nitems = 1,
		.verbose = verbose,
	};
	char name[120];
	int64_t commits;

	snprintf(name, sizeof(name), "%s, %s, crash after commit %" PRId64,
		 host_version_name(version), wish->name, crash_at);
	import_first(site, &plan);
	prepare(site, wish);
	site->net.crash_at = crash_at;
	one_change(site, &plan, wish);
	commits = site->net.commits;
	report(site, name);
	site_done(site);
	free(site);
	return commits;
}

/* Every `stride`-th commit, another part of them for each kind and version. */
static void crash_everywhere(enum host_version version, int64_t stride,
			     bool verbose)
{
	for (size_t i = 0; i < COUNT(wishes); i++) {
		int64_t commits = run_wish(version, &wishes[i], 0, verbose);
		int64_t at = 1 + ((int64_t)i + version) % stride;

		for (; at <= commits && at < COMMITS_MAX; at += stride)
			run_wish(version, &wishes[i], at, verbose);
	}
}

static void run_seed(uint64_t seed, bool verbose)
{
	struct net dice = { .seed = seed };
	struct site *site = xcalloc(1, sizeof(*site));
	struct site_plan plan = { .seed = seed, .verbose = verbose,
				  .personality = "chat-only-403",
				  .nproviders = 1 };
	char name[120];
	size_t changes;

	plan.version = (enum host_version)(net_random(&dice) %
					   HOST_VERSION__MAX);
	plan.nitems = 1 + net_random(&dice) % 3;
	plan.faulty = net_random(&dice) % 2;
	plan.crash_every = net_random(&dice) % 2
		? 1 + (int64_t)(net_random(&dice) % 12) : 0;
	changes = 2 + net_random(&dice) % 5;
	snprintf(name, sizeof(name), "seed %" PRIu64 " (repeat: sim_change "
		 "--seed-from %" PRIu64 " --seeds 1 --verbose)", seed, seed);
	import_first(site, &plan);
	if (plan.faulty && !site->fault)
		site_add_faults(site);
	site->net.crash_at = plan.crash_every;
	for (size_t i = 0; i < changes; i++)
		one_change(site, &plan,
			   &wishes[net_random(&dice) %
				   (COUNT(wishes) - NOT_IN_SEEDS)]);
	report(site, name);
	site_done(site);
	free(site);
}

static const struct option known[] = {
	{ "seed-from", required_argument, NULL, 'f' },
	{ "seeds",     required_argument, NULL, 'n' },
	{ "verbose",   no_argument,	  NULL, 'v' },
	{ 0 }
};

int main(int argc, char *argv[])
{
	uint64_t from = 1, seeds = 900;
	bool verbose = false;
	int c;

	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (c == 'f')
			from = strtoull(optarg, NULL, 10);
		else if (c == 'n')
			seeds = strtoull(optarg, NULL, 10);
		else if (c == 'v')
			verbose = true;
		else
			return 2;
	}
	for (int v = 0; v < HOST_VERSION__MAX && from == 1; v++)
		crash_everywhere((enum host_version)v,
				 seeds < SEEDS_FULL ? FEW_STRIDE : 1, verbose);
	seeds = (seeds + SEEDS_EACH - 1) / SEEDS_EACH;
	for (uint64_t seed = from; seed < from + seeds; seed++)
		run_seed(seed, verbose);
	printf("# sim_change: %d passed, %d failed\n", passed, failed);
	printf("%s - sim_change, seeds %" PRIu64 " to %" PRIu64 "\n",
	       failed ? "not ok" : "ok", from, from + seeds - 1);
	return failed > 0;
}
