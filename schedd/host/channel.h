/*
 * channel: prices and filters that an operator lays over groups.
 *
 * One that restricts models answers 503 for every model that it has no price
 * for, although account and group look well: ask for it before an account is
 * blamed.
 */
#ifndef SCHEDD_HOST_CHANNEL_H
#define SCHEDD_HOST_CHANNEL_H

#include "schedd/host/answer.h"
#include "schedd/host/peer.h"

/* Page by page from 1. */
void host_ask_channels(struct request *request, const struct host_peer *peer,
		       int64_t page);

/* Plain data; id 0: no channel hides models of the group. */
struct host_restriction {
	int64_t id;
	char name[101];
};

/* An active channel over `group_id` that lets only priced models by. */
enum failure host_judge_channels(const struct answer *answer,
				 int64_t group_id,
				 struct host_restriction *ret,
				 bool *ret_last);

#endif
