/*
 * sim_ownership: CRM on a host that others share, by seed.
 *
 * Usage: sim_ownership [--seed-from N] [--seeds M] [--verbose]
 *
 * Random sequences of what operators, strangers and chance do: imports in
 * every way, adoptions, edits and deletions by others, crashes, lost answers,
 * backups that are put back.  Whatever happens, nothing of others is changed
 * or deleted, and what CRM made it knows.  A failing seed prints what was
 * done, and how to repeat it.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>

#include "shared/table.h"
#include "tests/sim/check.h"
#include "tests/sim/story.h"
#include "tests/sim/story_clean.h"
#include "tests/sim/story_reconcile.h"
#include "tests/sim/story_rollback.h"

static int passed, failed;

static const char *const personalities[] = {
	"chat-only-403", "chat-only-403", "chat-only-404", "dual",
};

static void plan_story(struct story *story, uint64_t seed, bool verbose)
{
	struct net dice = { .seed = seed };

	story->plan = (struct site_plan){
		.seed = seed, .verbose = verbose, .by_provider = true,
		.version = (enum host_version)(net_random(&dice) %
					       HOST_VERSION__MAX),
		.personality = personalities[net_random(&dice) %
					     COUNT(personalities)],
		.nproviders = 1 + net_random(&dice) % 2,
		.faulty = net_random(&dice) % 2,
		.crash_every = net_random(&dice) % 2
			? 1 + (int64_t)(net_random(&dice) % 20) : 0,
	};
}

static void tell(struct story *story)
{
	size_t deeds = 3 + story_dice(story, 6);

	for (size_t i = 0; i < deeds && !story->site.fault; i++) {
		story_deed(story);
		if (story_dice(story, 2))
			story_rest(story);
		else
			story_pass(story, (int64_t)story_dice(story, 3000));
	}
	if (!story->site.fault)
		story_rest(story);
	if (!story->site.fault)
		story_reconcile_twice(story);
	story_rollback_all(story);
	if (!story->site.fault)
		story_check_clean(story);
}

static void report(struct story *story, uint64_t seed)
{
	if (!story->site.fault) {
		passed++;
		return;
	}
	failed++;
	printf("not ok - seed %" PRIu64 ", %s: %s\n", seed,
	       host_version_name(story->plan.version), story->site.fault);
	for (size_t i = 0; i < story->ntrail; i++)
		printf("#   %s\n", story->trail[i]);
	printf("# repeat: sim_ownership --seed-from %" PRIu64 " --seeds 1"
	       " --verbose\n", seed);
}

static void run_seed(uint64_t seed, bool verbose)
{
	struct story *story = xcalloc(1, sizeof(*story));

	plan_story(story, seed, verbose);
	story_begin(story);
	tell(story);
	report(story, seed);
	story_done(story);
	free(story);
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
	for (uint64_t seed = from; seed < from + seeds; seed++)
		run_seed(seed, verbose);
	printf("# sim_ownership: %d passed, %d failed\n", passed, failed);
	printf("%s - sim_ownership, seeds %" PRIu64 " to %" PRIu64 "\n",
	       failed ? "not ok" : "ok", from, from + seeds - 1);
	return failed > 0;
}
