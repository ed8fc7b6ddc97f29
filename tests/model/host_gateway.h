/*
 * host_gateway: requests of users on their way to an upstream and back.
 *
 * An exchange lives from the accepted request to its answer.  It goes to one
 * account after the other until one answers, or until none is left.
 */
#ifndef TESTS_MODEL_HOST_GATEWAY_H
#define TESTS_MODEL_HOST_GATEWAY_H

#include "tests/model/host_store.h"

/* How a request is put to the upstream. */
enum host_way {
	HOST_RAW,		/* chat as chat */
	HOST_CONVERTED,		/* chat as /responses */
	HOST_PASSED,		/* /responses as /responses */
	HOST_BRIDGED,		/* /responses as chat */
};

struct host_exchange {
	uint64_t ticket;
	int64_t key_id;
	int64_t group_id;
	bool is_responses;	/* came in at /v1/responses */
	json_t *body;
	char *model_name;	/* as the user says it */
	char *request_id;	/* NULL: none given */
	bool stream;
	uint64_t session;
	struct host_ids tried;
	int64_t account_id;
	enum host_way way;
	bool flag_unset;	/* nobody knows whether /responses is there */
	int64_t repeats;	/* of pool mode */
	struct model_answer failure;	/* of the account before; status 0 */
};

/* Try the next account; takes the exchange. */
void host_forward(struct host_model *model, struct host_exchange *exchange);

void host_exchange_free(void *exchange);

/* What an upstream's failure means, and what it does to the account. */
struct host_sentence {
	bool is_final;		/* no other account is tried */
	bool repeat;		/* the same account once more, a bit later */
	struct model_answer answer;
};

struct host_sentence host_blame_account(struct host_model *model,
				struct host_account *account,
				const struct host_exchange *exchange,
				const struct model_answer *answer);

/* The account is out of order until somebody clears it. */
void host_account_fail(struct host_model *model, struct host_account *account,
		       const char *message);

/* Bodies in the other protocol.  New objects. */
json_t *host_chat_to_responses(const json_t *body);
json_t *host_responses_to_chat(const json_t *body);

/*
 * The answer of the other protocol as one of the exchange's own.  False if
 * it is none.
 */
bool host_chat_from_responses(const struct host_model *model,
			      const struct host_exchange *exchange,
			      const struct model_answer *answer,
			      struct model_answer *ret);
bool host_responses_from_chat(const struct host_model *model,
			      const struct host_exchange *exchange,
			      const struct model_answer *answer,
			      struct model_answer *ret);

#endif
