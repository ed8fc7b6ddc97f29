/*
 * sim_engine: imports in a simulated world, by seed.
 *
 * Usage: sim_engine [--seed-from N] [--seeds M] [--verbose]
 *
 * First, for each host version, an import is run with a crash after each
 * single commit in turn; then seeds with everything at once: faults, bad
 * keys, crashes, cancelled runs, canaries, pauses, retries.  A failing case
 * prints how to repeat it.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>

#include "shared/table.h"
#include "tests/sim/site.h"

#define COMMITS_MAX 1000

static int passed, failed;

static const char *const personalities[] = {
	"chat-only-403", "chat-only-404", "chat-only-401", "chat-only-400",
	"chat-only-500", "chat-only-hang", "dual", "models-open",
};

/* Run one; *ret_commits, if not NULL, is how many commits it took. */
static bool run_one(const struct site_plan *plan, const char *name,
		    int64_t *ret_commits)
{
	struct site *site = xcalloc(1, sizeof(*site));
	bool ok = site_run(site, plan);

	if (ok) {
		passed++;
	} else {
		failed++;
		printf("not ok - %s: %s\n", name, site->fault);
	}
	if (ret_commits)
		*ret_commits = site->net.commits;
	site_done(site);
	free(site);
	return ok;
}

/*
 * A crash after every single transaction of an import; of a key alone, or of
 * one that two runs bring at once.
 */
static void crash_everywhere(enum host_version version, bool twin,
			     bool verbose)
{
	struct site_plan plan = {
		.seed = 7, .version = version, .twin = twin,
		.personality = "chat-only-403", .nproviders = 1,
		.nitems = twin ? 1 : 2, .verbose = verbose,
		.by_provider = twin,
	};
	int64_t commits = 0;
	char name[80];

	snprintf(name, sizeof(name), "%s%s without a crash",
		 host_version_name(version), twin ? ", twins," : "");
	if (!run_one(&plan, name, &commits) || commits > COMMITS_MAX)
		return;
	for (int64_t at = 1; at <= commits; at++) {
		plan.crash_at = at;
		snprintf(name, sizeof(name), "%s%s with a crash after commit %"
			 PRId64, host_version_name(version),
			 twin ? ", twins," : "", at);
		run_one(&plan, name, NULL);
	}
}

static void run_seed(uint64_t seed, bool verbose)
{
	struct net dice = { .seed = seed };
	struct site_plan plan = { .seed = seed, .verbose = verbose };
	char name[96];

	plan.version = (enum host_version)(net_random(&dice) %
					   HOST_VERSION__MAX);
	plan.personality = personalities[net_random(&dice) %
					 COUNT(personalities)];
	plan.nproviders = 1 + net_random(&dice) % 3;
	plan.nitems = 1 + net_random(&dice) % 10;
	plan.bad_keys = net_random(&dice) % 2;
	plan.faulty = net_random(&dice) % 2;
	plan.cancel = net_random(&dice) % 8 == 0;
	if (net_random(&dice) % 3 == 0)
		plan.canary_items = 1 + (int64_t)(net_random(&dice) % 4);
	if (net_random(&dice) % 4 == 0)
		plan.canary_stop_after = 1 + (int64_t)(net_random(&dice) % 3);
	plan.lively = plan.canary_items || plan.canary_stop_after ||
		      net_random(&dice) % 4 == 0;
	/* A run that was cancelled left what there was to leave. */
	plan.twin = !plan.cancel && !plan.lively && net_random(&dice) % 3 == 0;
	plan.again = !plan.cancel && !plan.lively && !plan.twin &&
		     net_random(&dice) % 2;
	plan.meddle = plan.again && net_random(&dice) % 3;
	plan.crash_every = net_random(&dice) % 2
		? 1 + (int64_t)(net_random(&dice) % 20) : 0;
	plan.by_provider = net_random(&dice) % 3 == 0;
	snprintf(name, sizeof(name), "seed %" PRIu64 " (repeat: sim_engine "
		 "--seed-from %" PRIu64 " --seeds 1 --verbose)", seed, seed);
	run_one(&plan, name, NULL);
}

static const struct option known[] = {
	{ "seed-from", required_argument, NULL, 'f' },
	{ "seeds",     required_argument, NULL, 'n' },
	{ "verbose",   no_argument,	  NULL, 'v' },
	{ 0 }
};

int main(int argc, char *argv[])
{
	uint64_t from = 1, seeds = 1000;
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
		for (int twin = 0; twin < 2; twin++)
			crash_everywhere((enum host_version)v, twin, verbose);
	for (uint64_t seed = from; seed < from + seeds; seed++)
		run_seed(seed, verbose);
	printf("# sim_engine: %d passed, %d failed\n", passed, failed);
	printf("%s - sim_engine, seeds %" PRIu64 " to %" PRIu64 "\n",
	       failed ? "not ok" : "ok", from, from + seeds - 1);
	return failed > 0;
}
