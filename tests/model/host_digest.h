/*
 * host_digest: all that exists on a modelled host, a number for each row: for
 * simulations that must know which request changed what.
 *
 * The number changes with what an administrator sees of the row, but for
 * ids, times, use, counters, and what the host itself notes of failures.
 */
#ifndef TESTS_MODEL_HOST_DIGEST_H
#define TESTS_MODEL_HOST_DIGEST_H

#include "tests/model/host_model.h"

enum host_kind {
	HOST_KIND_GROUP,
	HOST_KIND_ACCOUNT,
	HOST_KIND_USER,
	HOST_KIND_KEY,
	HOST_KIND_SUBSCRIPTION,
	HOST_KIND_CHANNEL,
	HOST_KIND__MAX
};

struct host_digest {
	enum host_kind kind;
	int64_t id;
	uint64_t hash;
	uint64_t mark;		/* of CRM in its name; 0: it has none */
};

/* "groups": its list in host_model_state(). */
const char *host_kind_list(enum host_kind kind);

/* At most `max` of them.  Returns how many rows there are. */
size_t host_model_digest(const struct host_model *model,
			 struct host_digest *ret, size_t max);

#endif
