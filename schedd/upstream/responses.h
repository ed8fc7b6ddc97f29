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
#include "shared/own.h"

enum upstream_responses {
	RESPONSES_UNKNOWN,	/* not asked, or it says nothing of the path */
	RESPONSES_WORK,
	RESPONSES_REFUSED,	/* 401, 402, 403: it can bench an account */
	RESPONSES_ABSENT,	/* there is no such path */
	RESPONSES__MAX
};

/* The URL beside a chat URL.  The caller frees it. */
char *upstream_responses_url(const char *chat_url) GIVES_MEMORY;

/* Names SLOT_PROVIDER_KEY; costs a handful of tokens where it works. */
void upstream_ask_responses(struct request *request, const char *chat_url,
			    const char *model);

/*
 * The status to be kept of an answer: its own, but 404 for the page that
 * stands where no API is, and 0 for what says nothing of the path: no answer,
 * a success that is no response, a model that is not known there.
 */
int upstream_judge_responses(const struct answer *answer);

/* What a kept status means. */
enum upstream_responses upstream_responses_of_status(int64_t status);

#endif
