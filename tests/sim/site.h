/*
 * site: a whole CRM in the simulated world: database, keys, a run of items,
 * and what must be true of all of it at the end.
 */
#ifndef TESTS_SIM_SITE_H
#define TESTS_SIM_SITE_H

#include "shared/db.h"
#include "shared/failure.h"
#include "tests/sim/life.h"
#include "tests/sim/net.h"

#define SITE_ITEMS_MAX 24

/* The key of the host's administrator. */
#define SITE_ADMIN_KEY "admin-00112233445566778899aabbccddeeff001122334455" \
		       "66778899aabbccddee"

/* What is brought, and how it must end. */
struct site_item {
	size_t provider;
	char key[48];
	enum failure ends;	/* FAILURE_NONE: active */
	const char *models;	/* requested, as JSON */
	char item_id[ID_MAX];
	char again_id[ID_MAX];	/* of the second run */
};

struct site {
	struct net net;
	struct db *db;
	struct seal_private key;
	struct settings settings;
	char host_id[ID_MAX];
	char run_id[ID_MAX];
	char again_run_id[ID_MAX];	/* the same once more; "": not */
	struct site_item items[SITE_ITEMS_MAX];
	size_t nitems;
	bool cancelled;		/* the run was cancelled on its way */
	struct life life;
	const char *fault;	/* what is wrong, NULL: nothing so far */
	char fault_text[400];
	uint64_t switched_off;	/* by somebody, as could be seen: bits by id */
};

/* How a site is laid out. */
struct site_plan {
	uint64_t seed;
	enum host_version version;
	const char *personality;	/* of all providers */
	const char *users;		/* of the subscription, as JSON; NULL:
					   one */
	size_t nproviders;
	size_t nitems;
	bool bad_keys;			/* some keys do not work */
	bool faulty;			/* the network loses things */
	bool cancel;			/* in the middle */
	bool twin;			/* a second run brings the same at once */
	bool again;			/* ... when the first is over */
	bool meddle;			/* ... and people did this and that */
	bool watch;			/* what was proven is proven again */
	int64_t canary_items;		/* 0: no canary */
	int64_t canary_stop_after;
	bool lively;			/* pauses, resumes and retries */
	int64_t tokens_per_day;		/* for that, a provider; 0: no limit */
	int64_t crash_every;		/* on average, in commits; 0: never */
	int64_t crash_at;		/* exactly once; 0: never */
	bool by_provider;	/* of a pack that has prices */
	bool verbose;
};

/*
 * Lay it out, let it run to its end, look at everything.  True if all is as
 * it must be; else `fault_text` says what is not.  Release: site_done().
 */
bool site_run(struct site *site, const struct site_plan *plan);

/*
 * The same in parts, for who wants to do more with it.  site_open() lays it
 * out, and the host is known; site_import() lets the import run to its end,
 * too.  site_start_engine() is for who stopped it.
 */
void site_open(struct site *site, const struct site_plan *plan);
void site_start_engine(struct site *site);
void site_import(struct site *site, const struct site_plan *plan);

/* Faults that pass: few enough for the retries to get through. */
void site_add_faults(struct site *site);

/*
 * Let CRM do what it can, and the world go on to the next moment at which
 * something happens, `until` at most.  Crashes as the plan says.
 */
void site_turn(struct site *site, const struct site_plan *plan,
	       int64_t until);
void site_done(struct site *site);

#endif
