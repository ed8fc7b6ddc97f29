/*
 * accesses: that a user of some kind gets an endpoint's models on a host.
 */
#ifndef SHARED_ACCESSES_H
#define SHARED_ACCESSES_H

#include <stdint.h>

#include "shared/db.h"
#include "shared/id.h"
#include "shared/items.h"
#include "shared/runs.h"

struct access_spec {
	const char *host_id;
	const char *endpoint_key;
	enum access_mode mode;
	const char *selector;
	const char *key_fingerprint;	/* or NULL */
	const char *key_resource_id;	/* or NULL */
};

/* Find or make the row; *ret_id is its id. */
int accesses_ensure(struct db *db, const struct access_spec *spec,
		    int64_t now, uint64_t random, char ret_id[ID_MAX],
		    struct err *err) MUST_CHECK;

/* What the newest proof says of it. */
int accesses_proven(struct db *db, const char *access_id,
		    enum access_status status, const char *proof_id,
		    int64_t now, struct err *err) MUST_CHECK;

extern const struct db_query *const accesses_queries[];

#endif
