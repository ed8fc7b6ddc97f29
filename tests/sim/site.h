/*
 * site: a whole CRM in the simulated world: database, keys, a run of items,
 * and what must be true of all of it at the end.
 */
#ifndef TESTS_SIM_SITE_H
#define TESTS_SIM_SITE_H

#include "shared/db.h"
#include "shared/failure.h"
#include "tests/sim/net.h"

#define SITE_ITEMS_MAX 24

/* What is brought, and how it must end. */
struct site_item {
	size_t provider;
	char key[48];
	enum failure ends;	/* FAILURE_NONE: active */
	const char *models;	/* requested, as JSON */
	char item_id[ID_MAX];
};

struct site {
	struct net net;
	struct db *db;
	struct seal_private key;
	struct settings settings;
	char host_id[ID_MAX];
	char run_id[ID_MAX];
	struct site_item items[SITE_ITEMS_MAX];
	size_t nitems;
	bool cancelled;		/* the run was cancelled on its way */
	const char *fault;	/* what is wrong, NULL: nothing so far */
	char fault_text[400];
};

/* How a site is laid out. */
struct site_plan {
	uint64_t seed;
	enum host_version version;
	const char *personality;	/* of all providers */
	size_t nproviders;
	size_t nitems;
	bool bad_keys;			/* some keys do not work */
	bool faulty;			/* the network loses things */
	bool cancel;			/* in the middle */
	int64_t crash_every;		/* on average, in commits; 0: never */
	int64_t crash_at;		/* exactly once; 0: never */
	bool verbose;
};

/*
 * Lay it out, let it run to its end, look at everything.  True if all is as
 * it must be; else `fault_text` says what is not.  Release: site_done().
 */
bool site_run(struct site *site, const struct site_plan *plan);
void site_done(struct site *site);

#endif
