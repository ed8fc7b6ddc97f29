/*
 * model_names: asked-for names against what a provider really lists.
 *
 * The list is indexed once, then each name costs a folding and a few looks
 * into maps, however long the list is.  Without a list the tables of the
 * endpoint say what it calls a model, and without an endpoint the canonical
 * name is the answer.
 *
 * A name is never taken for another version or variant: what has no equal is
 * unknown, and what could be several is ambiguous.  A retired name has a
 * replacement that is offered, and put in by nobody.
 */
#ifndef SHARED_MODEL_NAMES_H
#define SHARED_MODEL_NAMES_H

#include <jansson.h>

#include "shared/jout.h"
#include "shared/model_endpoint.h"
#include "shared/table.h"

#define MODEL_LISTED_MAX 2000
#define MODEL_CANDIDATES_MAX 8

enum model_state {
	MODEL_RESOLVED,		/* it is the very id */
	MODEL_CORRECTED,	/* another spelling of it */
	MODEL_AMBIGUOUS,
	MODEL_UNKNOWN,
	MODEL_RETIRED,
	MODEL_STATE__MAX
};

TABLE_ENUM_DECLARE(model_state);

/* Borrows from the list and the tables, and from itself: not to be copied. */
struct model_result {
	enum model_state state;
	const char *canonical;	/* NULL: none that is known or listed */
	const char *family;	/* NULL: none that is known */
	/*
	 * What the provider calls it.  Of a retired name it is the
	 * replacement; NULL for what is ambiguous or unknown, unless the
	 * endpoint is known to call it so although its list lacks it.
	 */
	const char *wire;
	const struct model_retired *retired;
	const char *level;	/* "high", a reasoning level; "" if none */
	bool level_kept;	/* it is a part of `wire` */
	bool unlisted;		/* a known model that the list lacks */
	char text[MODEL_WIRE_MAX];
	char level_text[MODEL_LEVEL_MAX];
};

struct model_names;		/* an index */

/*
 * `listed` is an array of ids, or NULL (also an empty one) for no list; it is
 * borrowed, and of its ids the first MODEL_LISTED_MAX count.  `at` NULL: no
 * endpoint is known.
 */
struct model_names *model_names_new(const struct model_endpoint *at,
				    const json_t *listed);
void model_names_free(struct model_names **names);

/* Blanks around the name do not count. */
void model_names_resolve(const struct model_names *names, const char *asked,
			 size_t len, struct model_result *ret);

/* The family of a model as the list spells it; NULL: none that is known. */
const char *model_family_of(const char *id);

/* Those of an array of ids, each once, in the order of the ids. */
json_t *model_families(const json_t *ids);

#endif
