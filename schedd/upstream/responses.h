/*
 * responses: does a provider serve /responses beside its chat completions?
 *
 * Hosts that convert chat take that path whatever the provider says of it,
 * and some take an account out of service when it answers 401, 402 or 403
 * there although chat is fine.  Nothing but asking tells: no documentation
 * says what stands behind a relay or a firewall.  Ask only where chat works
 * with the same key, else the answer means something else.
 */
#ifndef SCHEDD_UPSTREAM_RESPONSES_H
#define SCHEDD_UPSTREAM_RESPONSES_H

#include "schedd/exchange.h"
#include "shared/failure.h"
#include "shared/table.h"

enum upstream_responses {
	RESPONSES_UNKNOWN,	/* not asked, or it says nothing of the path */
	RESPONSES_WORK,
	RESPONSES_REFUSED,	/* 401, 402, 403: it can bench an account */
	RESPONSES_ABSENT,	/* there is no such path */
	RESPONSES__MAX
};

TABLE_ENUM_DECLARE(upstream_responses);

/* The URL beside a chat URL.  The caller frees it. */
char *upstream_responses_url(const char *chat_url) GIVES_MEMORY;

/* Names SLOT_PROVIDER_KEY; costs a handful of tokens where it works. */
void upstream_ask_responses(struct request *request, const char *chat_url,
			    const char *model);

/* *ret_why, if not NULL, is the class of the answer. */
enum upstream_responses upstream_judge_responses(const struct answer *answer,
						 enum failure *ret_why);

/*
 * The same from a status alone, as it is stored; 0 is RESPONSES_UNKNOWN.  A
 * 404 counts as absent: who has only the status cannot see that a model was
 * meant.
 */
enum upstream_responses upstream_responses_of_status(int64_t status);

#endif
