/*
 * change: a change of an account in a simulated world, asked for as the API
 * does.
 */
#ifndef TESTS_SIM_CHANGE_H
#define TESTS_SIM_CHANGE_H

#include "shared/changes.h"
#include "shared/mapping.h"
#include "tests/sim/rotation.h"

/* What is asked for, and whether the provider can do it. */
struct change_wish {
	const char *name;
	enum change_kind kind;
	enum mapping_mode mode;
	const char *models;	/* JSON; of a key: how it begins */
	const char *aliases;	/* JSON */
	bool good;
	const char *proxy;	/* JSON: its id on the host, or null */
};

/* One change, as it was planned.  Release with change_deed_done(). */
struct change_deed {
	const struct change_wish *wish;	/* NULL: it cannot be asked for */
	char change_id[ID_MAX];
	char resource_id[ID_MAX];
	char account_id[24];
	struct mapping_plan plan;
	json_t *before;		/* the mapping on the host */
	struct rotation rotation;
	bool paused;		/* before */
	bool doubtful;		/* it has a model that was never proven */
};

void change_deed_done(struct change_deed *deed);

/*
 * Add it for the account of an item.  `deed` has its wish, and may have the
 * new key in its rotation; all else is zero.
 */
void change_ask(struct site *site, struct change_deed *deed,
		const char *item_id);

#endif
