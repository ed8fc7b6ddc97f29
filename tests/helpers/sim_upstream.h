/*
 * sim_upstream: the calls that a host makes to its upstreams.
 *
 * Plain HTTP to 127.0.0.1 and nowhere else: any other address ends as it
 * would if nobody were there, so that a simulator cannot reach the world.
 */
#ifndef TESTS_HELPERS_SIM_UPSTREAM_H
#define TESTS_HELPERS_SIM_UPSTREAM_H

#include <poll.h>

#include "tests/model/model.h"

struct sim_upstream;

/* Told how a call ended; `answer` is borrowed for the call. */
typedef void sim_upstream_done_fn(void *context, uint64_t ticket,
				  const struct model_answer *answer);

struct sim_upstream *sim_upstream_new(sim_upstream_done_fn *done,
				      void *context);
void sim_upstream_free(struct sim_upstream **upstream);

/*
 * Begin a call.  It ends in sim_upstream_run(), or at once for an address
 * that is refused.
 */
void sim_upstream_call(struct sim_upstream *upstream, uint64_t ticket,
		       const struct model_request *call, int64_t timeout_ms);

/* Move on whatever can be moved. */
void sim_upstream_run(struct sim_upstream *upstream);

/* As poll(2), and for the calls too. */
int sim_upstream_wait(struct sim_upstream *upstream, struct pollfd *fds,
		      unsigned int count, int timeout_ms);

#endif
