/*
 * upstream_log: what the provider really said to the host.
 *
 * Users get 502 for whatever a provider answers.  The host keeps the real
 * status under the X-Request-ID that we sent, within about a second.  Its
 * `upstream_endpoint` is wrong for relayed chats and not looked at.
 */
#ifndef SCHEDD_HOST_UPSTREAM_LOG_H
#define SCHEDD_HOST_UPSTREAM_LOG_H

#include "schedd/host/answer.h"
#include "schedd/host/peer.h"

void host_ask_upstream_errors(struct request *request,
			      const struct host_peer *peer,
			      const char *request_id);

/* Release with host_upstream_error_done(). */
struct host_upstream_error {
	int64_t id;		/* of the detail; 0: nothing is logged (yet) */
	int64_t account_id;	/* 0: not said */
	int status;		/* the provider's; 0: none came */
	enum failure class;	/* FAILURE_NONE: nothing is logged */
	char *words;		/* the provider's, redacted; or NULL */
};

void host_upstream_error_done(struct host_upstream_error *error);

/*
 * The row of this request, that of `account_id` before others if it is not
 * 0.  FAILURE_NONE with id 0 if there is none: ask again a second later.
 */
enum failure host_judge_upstream_errors(const struct answer *answer,
					const char *request_id,
					int64_t account_id,
					struct host_upstream_error *ret);

/* By the id of a row: the provider's own words. */
void host_ask_upstream_error(struct request *request,
			     const struct host_peer *peer, int64_t id);
enum failure host_judge_upstream_error(const struct answer *answer,
				       struct host_upstream_error *ret);

#endif
