/*
 * lookup: what the things are called, in managed_resources, that an import
 * rests on.
 *
 * One group for an endpoint, a plan and a way of access (decision D8), one
 * account for each key in it, one user for a selector whatever it is used for, one
 * subscription and one key of that user for each endpoint.  Pure.  Who makes
 * them and who tells beforehand what will be made read the same names.
 */
#ifndef SHARED_LOOKUP_H
#define SHARED_LOOKUP_H

#include <stdint.h>

#include "shared/own.h"
#include "shared/runs.h"

#define LOOKUP_PARKING "parking"	/* group */
#define LOOKUP_PLAN_MAX 33	/* bytes of a plan as it is in a place */
#define LOOKUP_PROOF "proof"		/* user, and its login */

/*
 * Where the accounts of an endpoint are kept: a place for each plan, as two
 * plans on one base URL share nothing.  `plan` "" or NULL: the place that
 * every endpoint has.  No endpoint_key has a tilde.
 */
char *lookup_place(const char *endpoint_key, const char *plan) GIVES_MEMORY;

char *lookup_group(const char *place, enum access_mode mode)
	GIVES_MEMORY;

/* `print` is the fingerprint of the provider's key, or what stands for it. */
char *lookup_account(const char *place, enum access_mode mode,
		     const char *print) GIVES_MEMORY;

/* The group in which a later account of a live group is proven alone. */
char *lookup_proof_group(const char *place, enum access_mode mode,
			 const char *print) GIVES_MEMORY;

/*
 * How many keys the proofs of a run of `items` take turns with: few for a
 * small one, and for a large one as many as could be used at once.
 */
int64_t lookup_proof_keys(int64_t items, int64_t host_concurrency);

/* Of so many, the key that proves the item of this place in its run. */
char *lookup_proof_key(int64_t seq, int64_t keys) GIVES_MEMORY;

/* A managed user, and its login. */
char *lookup_user(enum access_mode mode, const char *selector) GIVES_MEMORY;

/* The subscription and the key of that user. */
char *lookup_access(const char *place, enum access_mode mode,
		    const char *selector) GIVES_MEMORY;

#endif
