/*
 * gateway: what users of a host get: the calls of a proof.
 */
#ifndef SCHEDD_HOST_GATEWAY_H
#define SCHEDD_HOST_GATEWAY_H

#include "schedd/completion.h"
#include "schedd/host/peer.h"
#include "shared/verdict.h"

/*
 * Both name SLOT_USER_KEY.  `request_id` goes along as X-Request-ID: under it
 * the host keeps what the provider really said.
 */
void host_ask_models(struct request *request, const struct host_peer *peer,
		     const char *request_id);

/* What the user of that key has left; costs nothing, and needs no money. */
void host_ask_purse(struct request *request, const struct host_peer *peer,
		    const char *request_id);

/* False if the answer does not say, as for those who have a subscription. */
bool host_judge_purse(const struct answer *answer, double *ret);

struct host_chat {
	const char *model;
	const char *nonce;
	const char *request_id;
	int64_t max_tokens;	/* 0: COMPLETION_MAX_TOKENS */
};

void host_ask_chat(struct request *request, const struct host_peer *peer,
		   const struct host_chat *chat);

/* FAILURE_NONE if a list came; *ret_listed: and the model is in it. */
enum failure host_judge_models(const struct answer *answer,
			       const char *model, bool *ret_listed);

/*
 * The list is the one that the host shows when no account of the group has a
 * mapping and serves.
 */
bool host_lists_defaults(const struct answer *answer);

/*
 * FAILURE_NONE if a user got a completion; else a class of shared/verdict.h.
 * A success that is none has the class that its body says, at the least
 * FAILURE_INSPECT_BODY.  FAILURE_WARMING_UP is 503 without
 * an account: within the window after a change it passes, later the caller
 * calls it FAILURE_NO_ACCOUNT.
 */
enum failure host_judge_chat(const struct answer *answer,
			     struct completion *ret);

/*
 * All that is to be said of a gateway's answer to a chat; `now` for "reset
 * at ...", 0 if it is not known.
 */
struct finding host_gateway_finding(const struct answer *answer, int64_t now);

/* Type or code and message of an error, redacted.  The caller frees it. */
char *host_gateway_detail(const struct answer *answer);

#endif
