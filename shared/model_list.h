/*
 * model_list: the index of what a provider lists, as model_names.c uses it.
 */
#ifndef SHARED_MODEL_LIST_H
#define SHARED_MODEL_LIST_H

#include <jansson.h>

#include "shared/model_endpoint.h"

struct model_listed {
	const char *id;		/* borrowed from the list */
	size_t len;
	const char *canonical;	/* of the table, or `shape` */
	const char *family;	/* or NULL */
	char *shape;		/* its own name, without who serves it; or NULL */
	char *folded;
	char *key;
	size_t key_len;
	int dropped;
	long stamp;
};

struct model_names {
	const struct model_endpoint *at;
	struct model_listed *listed;
	size_t count;
	const struct model_listed **sorted;	/* by key */
	struct strmap by_id, by_folded, by_key;	/* by_key: the best */
};

/* How many listed keys go on from this one with a letter? */
size_t model_list_going_on(const struct model_names *names, const char *key,
			   size_t len);

/*
 * How many listed ids have this key below what a relay put around them, and
 * in *ret the first; see model_dress.h.
 */
size_t model_list_dressed(const struct model_names *names, const char *key,
			  size_t len, const struct model_listed **ret);

#endif
