/*
 * host_slots: how many requests of a user, and at an account, are under way
 * at once, and the wait for a place among them.
 *
 * Who waits asks again and again, less and less often, for 30 s at most.
 */
#ifndef TESTS_MODEL_HOST_SLOTS_H
#define TESTS_MODEL_HOST_SLOTS_H

#include "tests/model/host_gateway.h"

/* The request is good: take its user's place, then an account; takes it. */
void host_slots_admit(struct host_model *model,
		      struct host_exchange *exchange);

/* Whether the account has a free place. */
bool host_slots_has_free(const struct host_account *account);

/*
 * Take a place at the account, or begin to wait for one.  False: somebody
 * else has the exchange now, or it has ended.
 */
bool host_slots_take(struct host_model *model, struct host_account *account,
		     struct host_exchange *exchange);

/* Give back the place at the account; and all that the exchange holds. */
void host_slots_leave(struct host_model *model,
		      struct host_exchange *exchange);
void host_slots_release(struct host_model *model,
			struct host_exchange *exchange);

#endif
