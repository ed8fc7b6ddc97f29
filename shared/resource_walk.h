/*
 * resource_walk: what we have on a host, in the order of its own ids.
 */
#ifndef SHARED_RESOURCE_WALK_H
#define SHARED_RESOURCE_WALK_H

#include "shared/resources.h"

/* Those with an id of the host above `above`, up to `to`; read them with
 * resources_next(). */
int resource_walk(struct db_rows *rows, struct db *db, const char *host_id,
		  enum resource_type type, int64_t above, int64_t to,
		  struct err *err) MUST_CHECK;

/* The first ids above `above`, ascending; *ret holds `size`. */
int resource_walk_ids(struct db *db, const char *host_id,
		      enum resource_type type, int64_t above, int64_t *ret,
		      size_t size, size_t *ret_count, struct err *err)
	MUST_CHECK;

/* How many there are of a type. */
int resource_walk_count(struct db *db, const char *host_id,
			enum resource_type type, int64_t *ret,
			struct err *err) MUST_CHECK;

/* Does any item of this run rest on it? */
int resource_walk_of_run(struct db *db, const char *resource_id,
			 const char *run_id, bool *ret, struct err *err)
	MUST_CHECK;

/* One of the type that the item rests on and the host has; zeroed: none. */
int resource_walk_of_item(struct db *db, const char *item_id,
			  enum resource_type type, struct resource *ret,
			  struct err *err) MUST_CHECK;

/* Does another item rest on it, or may it yet?  Not one that has failed. */
int resource_walk_rested(struct db *db, const char *resource_id,
			 const char *item_id, bool *ret, struct err *err)
	MUST_CHECK;

extern const struct db_query *const resource_walk_queries[];

#endif
