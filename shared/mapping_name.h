/*
 * mapping_name: what people type, as the provider of an account calls it.
 *
 * The one place where a name of a change becomes a model.  The whole list of
 * the provider is not at hand: what is known to be there goes first, then what
 * its endpoint, or anybody, calls a model of that name.  A name that nobody
 * has heard of is taken as it is typed, and the proof tells; one that may mean
 * several is no model.
 */
#ifndef SHARED_MAPPING_NAME_H
#define SHARED_MAPPING_NAME_H

#include <stdbool.h>

#include <jansson.h>

#include "shared/model_names.h"

/* Names are borrowed from what was typed, or from what is known. */
struct mapping_name {
	enum model_state state;
	const char *model;	/* wire id; NULL: it may mean several */
	const char *canonical;	/* of what is corrected; or NULL */
	struct model_result by;
};

struct mapping_names;

/* `models` and `listed` are arrays of wire ids, or NULL. */
struct mapping_names *mapping_names_new(const char *base_url,
					const json_t *models,
					const json_t *listed);
void mapping_names_free(struct mapping_names **names);

/* Is the provider known to have it, under this very name? */
bool mapping_names_has(const struct mapping_names *names, const char *name);

/* `aliases` (name -> wire id, or NULL) are names of the account's own. */
void mapping_names_resolve(const struct mapping_names *names,
			   const json_t *aliases, const char *typed,
			   struct mapping_name *ret);

/* The same among what is known to be there, and nowhere else. */
void mapping_names_known(const struct mapping_names *names, const char *typed,
			 struct mapping_name *ret);

#endif
