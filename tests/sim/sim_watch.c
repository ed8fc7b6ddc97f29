/*
 * sim_watch: days of background confirmation in a simulated world, by seed.
 *
 * Usage: sim_watch [--seed-from N] [--seeds M] [--days D]
 *		    [--weather KIND] [--verbose]
 *
 * First, for each host version, some troubles alone, with a crash after each
 * single commit in turn.  Then, after an import, the world goes on for days:
 * providers and the host fail for hours, people change what CRM made, its
 * clock jumps, it crashes.  witness.h says what must hold all the time; when
 * the weather has cleared everything must be well again.  A failing case
 * prints how to repeat it.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "shared/table.h"
#include "tests/sim/check.h"
#include "tests/sim/witness.h"

#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)
#define DAY_HOURS 24

/* A day has some 20,000 turns; this is a loop that never waits. */
#define TURNS_MAX 4000000

/* A day for so many of the seeds that sim_engine gets: a day is longer. */
#define SEEDS_A_DAY 40

/* With fewer days than this a crash follows every seventh commit only. */
#define DAYS_THOROUGH 50
#define STRIDE 7

struct day {
	struct site_plan site;
	int64_t hours;
	bool overlap;
	bool once;			/* only this one weather */
	enum weather_kind kind;		/* WEATHER__MAX: any */
};

static int passed, failed;
static int64_t checks, broken;

static const char *const users[] = {
	"[\"a\"]", "[\"a\",\"b\",\"c\"]", "[\"a\",\"b\",\"c\",\"d\"]",
};

static const char *const personalities[] = {
	"chat-only-403", "chat-only-404", "dual", "models-open",
};

/* All is well again this long after the last bad weather. */
static int64_t recovery_ms(const struct site *site, const struct sky *sky)
{
	int64_t ms = 2 * site->settings.watch_every_s * 1000 + 30 * MINUTE;

	/* With the tokens of a day used up checks wait for the next. */
	if (site->settings.background_tokens_per_day)
		ms += 26 * HOUR;
	/* What was planned by a clock that was set back comes late. */
	for (size_t i = 0; i < sky->count; i++)
		if (sky->list[i].jump_ms < 0)
			ms -= sky->list[i].jump_ms;
	return ms;
}

static void watch_until(struct witness *witness, struct sky *sky,
			const struct site_plan *plan, int64_t until,
			bool stop_when_well)
{
	struct site *site = witness->site;

	for (int i = 0; i < TURNS_MAX && !site->fault; i++) {
		int64_t next = sky_next(sky);

		if (site->net.now >= until ||
		    (stop_when_well && witness_all_well(witness)))
			return;
		site_turn(site, plan, next < until ? next : until);
		sky_turn(sky, site);
		witness_look(witness);
	}
	site_fault(site, "not over after %d turns", TURNS_MAX);
}

static const struct db_query q_running = { "sim.running",
	"SELECT count(*) FROM tasks WHERE state <> 'done'" };

/* Until no check is under way. */
static void come_to_rest(struct witness *witness,
			 const struct site_plan *plan)
{
	struct site *site = witness->site;
	int64_t until = site->net.now + HOUR, open = 1;
	struct err err;

	while (!site->fault && site->net.now < until) {
		if (db_number(site->db, &q_running, DB_NO_ARGS, &open, &err))
			site_fault(site, "tasks: %s", err.msg);
		if (open == 0)
			return;
		site_turn(site, plan, site->net.now + MINUTE);
		witness_look(witness);
	}
}

static void live(struct site *site, const struct day *day,
		 struct sky *sky, struct witness *witness)
{
	struct site_plan calm = day->site;

	calm.crash_every = 0;
	site_import(site, &calm);
	if (site->fault)
		return;
	sky->version = day->site.version;
	if (day->once)
		sky_forecast_one(sky, site, day->kind);
	else
		sky_forecast(sky, site, day->hours, day->overlap, day->kind);
	witness_begin(witness, site, sky, day->overlap);
	witness->dual = strcmp(day->site.personality, "dual") == 0;
	site->net.commits = 0;
	site->net.crash_at = day->site.crash_every ? day->site.crash_every
						   : day->site.crash_at;
	watch_until(witness, sky, &day->site,
		    site->net.now + day->hours * HOUR, false);
	watch_until(witness, sky, &day->site, sky_clears_at(sky), false);
	if (!day->once)
		site->net.crash_at = 0;
	sky_settle(sky, site);
	watch_until(witness, sky, &calm,
		    site->net.now + recovery_ms(site, sky), true);
	if (!site->fault)
		come_to_rest(witness, &calm);
	if (!site->fault)
		witness_end(witness);
}

/* Live through one; returns how many commits it took. */
static int64_t run_one(const struct day *day, const char *name)
{
	struct site *site = xcalloc(1, sizeof(*site));
	struct sky *sky = xcalloc(1, sizeof(*sky));
	struct witness *witness = xcalloc(1, sizeof(*witness));
	int64_t commits;

	live(site, day, sky, witness);
	if (!site->fault) {
		passed++;
	} else {
		failed++;
		printf("not ok - %s: %s\n", name, site->fault);
	}
	checks += witness->checks;
	broken += witness->broken;
	commits = site->net.commits;
	sky_done(sky);
	site_done(site);
	free(site);
	free(sky);
	free(witness);
	return commits;
}

#define COMMITS_MAX 2000

/* One weather, with a crash after one transaction after the other. */
static void crash_everywhere(enum host_version version,
			     enum weather_kind kind, int64_t stride,
			     bool verbose)
{
	struct day day = {
		.site = { .seed = 7, .version = version, .nproviders = 1,
			  .nitems = 1, .personality = "chat-only-403",
			  .watch = true, .verbose = verbose },
		.hours = 2, .once = true, .kind = kind,
	};
	char name[120];
	int64_t commits, before = failed;

	snprintf(name, sizeof(name), "%s %s without a crash",
		 host_version_name(version), weather_name(kind));
	commits = run_one(&day, name);
	if (failed > before || commits > COMMITS_MAX)
		return;
	for (int64_t at = 1; at <= commits; at += stride) {
		day.site.crash_at = at;
		snprintf(name, sizeof(name), "%s %s with a crash after commit "
			 "%" PRId64, host_version_name(version),
			 weather_name(kind), at);
		run_one(&day, name);
	}
}

static void crash_in_repairs(int64_t stride, bool verbose)
{
	static const enum weather_kind repaired[] = {
		WEATHER_MODE_REMOVED, WEATHER_NO_SUBSCRIPTION,
		WEATHER_KEY_REVOKED,
	};

	for (int v = 0; v < HOST_VERSION__MAX; v++)
		for (size_t i = 0; i < COUNT(repaired); i++)
			crash_everywhere((enum host_version)v, repaired[i],
					 stride, verbose);
}

static void run_seed(uint64_t seed, const struct day *wanted)
{
	struct net dice = { .seed = seed };
	struct day day = *wanted;
	char name[160];

	day.site.seed = seed;
	day.site.watch = true;
	day.site.version = (enum host_version)(net_random(&dice) %
					       HOST_VERSION__MAX);
	day.site.personality = personalities[net_random(&dice) %
					     COUNT(personalities)];
	day.site.users = users[net_random(&dice) % COUNT(users)];
	day.site.nproviders = 1 + net_random(&dice) % 3;
	day.site.nitems = day.site.nproviders + net_random(&dice) % 3;
	day.site.crash_every = net_random(&dice) % 2
		? 1 + (int64_t)(net_random(&dice) % 200) : 0;
	day.overlap = net_random(&dice) % 3 == 0;
	day.site.tokens_per_day = net_random(&dice) % 4 ? 0 : 100000;
	snprintf(name, sizeof(name), "seed %" PRIu64 " (repeat: sim_watch "
		 "--seed-from %" PRIu64 " --seeds 1 --days %" PRId64
		 "%s%s --verbose)", seed, seed, day.hours / DAY_HOURS,
		 day.kind == WEATHER__MAX ? "" : " --weather ",
		 day.kind == WEATHER__MAX ? "" : weather_name(day.kind));
	run_one(&day, name);
}

static bool find_weather(const char *name, enum weather_kind *ret)
{
	for (int i = 0; i < WEATHER__MAX; i++) {
		if (strcmp(weather_name((enum weather_kind)i), name) == 0) {
			*ret = (enum weather_kind)i;
			return true;
		}
	}
	return false;
}

static const struct option known[] = {
	{ "seed-from", required_argument, NULL, 'f' },
	{ "seeds",     required_argument, NULL, 'n' },
	{ "days",      required_argument, NULL, 'd' },
	{ "weather",   required_argument, NULL, 'w' },
	{ "verbose",   no_argument,	  NULL, 'v' },
	{ 0 }
};

int main(int argc, char *argv[])
{
	struct day day = { .hours = 0, .kind = WEATHER__MAX };
	uint64_t from = 1, seeds = 1000;
	int c;

	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (c == 'f')
			from = strtoull(optarg, NULL, 10);
		else if (c == 'n')
			seeds = strtoull(optarg, NULL, 10);
		else if (c == 'd')
			day.hours = strtoll(optarg, NULL, 10) * DAY_HOURS;
		else if (c == 'v')
			day.site.verbose = true;
		else if (c != 'w' || !find_weather(optarg, &day.kind))
			return 2;
	}
	/* As many days as fit into the time of so many imports. */
	if (day.hours == 0) {
		day.hours = DAY_HOURS;
		seeds = (seeds + SEEDS_A_DAY - 1) / SEEDS_A_DAY;
	}
	if (from == 1 && day.kind == WEATHER__MAX)
		crash_in_repairs(seeds < DAYS_THOROUGH ? STRIDE : 1,
				 day.site.verbose);
	for (uint64_t seed = from; seed < from + seeds; seed++)
		run_seed(seed, &day);
	printf("# sim_watch: %d days passed, %d failed; %" PRId64 " checks, %"
	       PRId64 " times broken\n", passed, failed, checks, broken);
	printf("%s - sim_watch, seeds %" PRIu64 " to %" PRIu64 "\n",
	       failed ? "not ok" : "ok", from, from + seeds - 1);
	return failed > 0;
}
