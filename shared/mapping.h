/*
 * mapping: the names that an account answers to, and what a change makes of
 * them.
 *
 * On a host an account maps each name that users may ask for to the wire id
 * that its provider is asked for.  Some of these entries are ours: the models
 * and aliases of the imports that rest on it.  The others are somebody
 * else's, and a change keeps them.  Everything here is pure; objects are
 * {name: wire id}, arrays hold names.
 */
#ifndef SHARED_MAPPING_H
#define SHARED_MAPPING_H

#include <stdbool.h>

#include <jansson.h>

#include "shared/jdec.h"
#include "shared/mapping_name.h"
#include "shared/table.h"

#define MAPPING_NAME_MAX 200	/* bytes of a name */
#define MAPPING_NAMES_MAX 200	/* of ours, models and aliases each */
#define MAPPING_TRIES_MAX 4	/* names that prove a change, at most */

enum mapping_mode {
	MAPPING_ADD,
	MAPPING_REPLACE,
	MAPPING_REMOVE,
	MAPPING_MODE__MAX
};

TABLE_ENUM_DECLARE(mapping_mode);

/* As jdec wants them, NULL at the end. */
extern const char *const mapping_mode_names[];

/* What is asked for.  Members are borrowed. */
struct mapping_wish {
	enum mapping_mode mode;
	const json_t *models;	/* array, or NULL */
	const json_t *aliases;	/* object: name -> name of a model; or NULL */
};

/* What it rests on.  Members are borrowed. */
struct mapping_ground {
	const json_t *mapping;	/* as it was written last */
	const json_t *models;	/* ours: wire ids */
	const json_t *aliases;	/* ours */
	const json_t *listed;	/* more wire ids of the provider; or NULL */
	const char *smoke;	/* the model that proofs ask for; or NULL */
	const char *mark;	/* a name that leads to it, if mapped; or NULL */
	const char *base_url;	/* of the provider; or NULL */
};

/* What comes of it.  Release with mapping_plan_done(). */
struct mapping_plan {
	json_t *models;		/* ours, afterwards */
	json_t *aliases;
	json_t *set;		/* object: entries that must be there */
	json_t *drop;		/* array: entries that must not */
	json_t *tries;		/* array: names that are to prove it */
	json_t *after;		/* object: the mapping afterwards */
	json_t *added;		/* arrays of names */
	json_t *removed;
	json_t *changed;	/* they lead elsewhere now */
	json_t *unchanged;
	json_t *resolution;	/* array of {input, state, model or null} */
	json_t *warnings;	/* array of {code, detail} */
	const char *smoke;	/* borrowed from `models`, or the ground's */
	struct mapping_names *names;	/* by which it was understood */
};

/*
 * False if the wish cannot be obeyed: then `problems` says why, by the names
 * of its members, and *ret is zeroed.
 */
bool mapping_plan(const struct mapping_wish *wish,
		  const struct mapping_ground *ground,
		  struct mapping_plan *ret, struct jdec_problems *problems)
	MUST_CHECK;
void mapping_plan_done(struct mapping_plan *plan);

/* A copy of `mapping` (NULL: empty) with what is set, without the dropped. */
json_t *mapping_apply(const json_t *mapping, const json_t *set,
		      const json_t *drop);

/*
 * What undoes a change of `before` on whatever the mapping has become by
 * now: names that were not there go, the others lead where they led.
 */
void mapping_inverse(const json_t *before, const json_t *set,
		     const json_t *drop, json_t **ret_set,
		     json_t **ret_drop);

#endif
