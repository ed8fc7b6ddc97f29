/*
 * chat: one completion, asked of a provider directly.
 */
#ifndef SCHEDD_UPSTREAM_CHAT_H
#define SCHEDD_UPSTREAM_CHAT_H

#include "schedd/completion.h"
#include "schedd/upstream/classify.h"
#include "shared/api_root.h"

/* The n-th candidate for the chat URL, NULL after the last. */
char *upstream_chat_url(const char *base_url, size_t n);

/* Names SLOT_PROVIDER_KEY; `bare` as COMPLETION_BARE. */
void upstream_ask_chat(struct request *request, const char *chat_url,
		       const char *model, const char *nonce, bool bare);

/*
 * FAILURE_NONE if it says something.  FAILURE_INSPECT_BODY is a success that
 * is no completion and names no known error.
 */
enum failure upstream_judge_chat(const struct answer *answer,
				 struct completion *ret);

#endif
