/*
 * host_gateway: requests of users on their way to an upstream and back.
 *
 * An exchange lives from the accepted request to its answer.  It goes to one
 * account after the other until one answers, or until none is left.
 */
#ifndef TESTS_MODEL_HOST_GATEWAY_H
#define TESTS_MODEL_HOST_GATEWAY_H

#include "tests/model/host_store.h"

/* Where a client's request came in. */
enum host_surface {
	HOST_SURFACE_CHAT,
	HOST_SURFACE_RESPONSES,
	HOST_SURFACE_COMPACT,
	HOST_SURFACE_INPUT_TOKENS,
	HOST_SURFACE_MESSAGES,
	HOST_SURFACE_COUNT_TOKENS,
	HOST_SURFACE_EMBEDDINGS,
	HOST_SURFACE__MAX
};

/* How a request is put to the upstream. */
enum host_way {
	HOST_RAW,		/* chat as chat */
	HOST_CONVERTED,		/* chat as /responses */
	HOST_PASSED,		/* /responses as /responses */
	HOST_BRIDGED,		/* /responses, or what is below it, as chat */
	HOST_COMPACTED,		/* /responses/compact as itself */
	HOST_TOKENS_PASSED,	/* /responses/input_tokens as itself */
	HOST_MESSAGES_CONVERTED,	/* /messages as /responses */
	HOST_MESSAGES_BRIDGED,		/* /messages as chat */
	HOST_TOKENS_COUNTED,	/* count_tokens as /responses/input_tokens */
	HOST_EMBEDDED,		/* /embeddings as itself */
	HOST_WAY__MAX
};

struct host_exchange {
	uint64_t ticket;
	int64_t key_id;
	int64_t group_id;
	enum host_surface surface;
	char *path;		/* it was sent to */
	json_t *body;
	char *model_name;	/* as the user says it */
	char *routed_name;	/* by which an account is chosen */
	bool exact;		/* routed by a mapping of exact names */
	char *request_id;	/* NULL: none given */
	bool stream;
	uint64_t session;
	struct host_ids tried;
	int64_t account_id;
	enum host_way way;
	bool flag_unset;	/* nobody knows whether /responses is there */
	int64_t repeats;	/* of pool mode */
	int64_t user_id;	/* whose place it holds, 0: none */
	int64_t held_id;	/* the account whose place it holds */
	int64_t wait_until;	/* while it waits for a place */
	int64_t look_ms;	/* between looks */
	json_t *attempts;	/* that failed, for the log; NULL: none */
	struct model_answer failure;	/* of the account before; status 0 */
};

/* Try the next account; takes the exchange. */
void host_forward(struct host_model *model, struct host_exchange *exchange);

/* Put it to the account that it holds a place at; takes it. */
void host_exchange_send(struct host_model *model,
			struct host_account *account,
			struct host_exchange *exchange);

/* It ends with this answer; takes both. */
void host_exchange_finish(struct host_model *model,
			  struct host_exchange *exchange,
			  struct model_answer *answer);

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

/* The upstream's own words in a refusal; NULL if it has none. */
char *host_upstream_message(const struct model_answer *answer);

/* The account is out of order until somebody clears it. */
void host_account_fail(struct host_model *model, struct host_account *account,
		       const char *message);

/* Whether failures there have Anthropic's form. */
bool host_surface_is_anthropic(enum host_surface surface);

/* Whether chat goes to chat; *unset: nobody knows what the upstream has. */
bool host_is_chat_only(const struct host_model *model, const json_t *extra,
		       bool *unset);

#endif
