/*
 * model_listing: the names in an answer of GET /models, in any of its forms:
 * {"data":[{"id"}]}, {"models":[...]}, an array of objects or of strings, also
 * inside of an envelope: {"code":0,"data":{"list":[{"model_name"}]}}.
 */
#ifndef SHARED_MODEL_LISTING_H
#define SHARED_MODEL_LISTING_H

#include <stdbool.h>

#include <jansson.h>

/*
 * An array of names, each once, in the provider's order, without those that
 * it calls withdrawn; at most MODEL_LISTED_MAX.  NULL if it is no list.  The
 * caller releases it.
 */
json_t *model_listing(const json_t *answer);

/* Is `name` one of those names? */
bool model_listing_has(const json_t *names, const char *name);

#endif
