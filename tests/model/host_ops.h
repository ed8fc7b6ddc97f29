/*
 * host_ops: the host's own log of what upstreams did wrong.
 *
 * Failed attempts are noted in the exchange; when it ends, they become one
 * row, which can be found a little later.
 */
#ifndef TESTS_MODEL_HOST_OPS_H
#define TESTS_MODEL_HOST_OPS_H

#include "tests/model/host_gateway.h"

/* Why an attempt is in the log. */
enum host_attempt {
	HOST_ATTEMPT_FAILOVER,	/* another account could be tried */
	HOST_ATTEMPT_RETRY,	/* the same one was, once more */
	HOST_ATTEMPT_HTTP,	/* the client got the upstream's refusal */
	HOST_ATTEMPT_REQUEST,	/* it never answered, or was never asked */
	HOST_ATTEMPT__MAX
};

/* `answer` NULL: the upstream was never asked. */
void host_ops_attempt(const struct host_model *model,
		      struct host_exchange *exchange,
		      const struct host_account *account,
		      enum host_attempt attempt,
		      const struct model_answer *answer);

/* The exchange ends with this answer for the client. */
void host_ops_note(struct host_model *model,
		   const struct host_exchange *exchange,
		   const struct model_answer *answer);

#endif
