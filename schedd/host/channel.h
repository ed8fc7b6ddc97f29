/*
 * channel: prices and filters that are laid over groups: our own, and those
 * of an operator.
 *
 * One that restricts models answers 503 for every model that it has no price
 * for, although account and group look well: ask for it before an account is
 * blamed.  A group has at most one.  Prices are USD per token, kept with 12
 * decimals (contract.md 7.2, observed.md 18).
 */
#ifndef SCHEDD_HOST_CHANNEL_H
#define SCHEDD_HOST_CHANNEL_H

#include "schedd/host/answer.h"
#include "schedd/host/mark.h"
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

/* What a channel of ours should be.  Members are borrowed. */
struct host_channel_wish {
	const char *readable;	/* first part of the name */
	const char *mark;
	int64_t group_id;
	const json_t *model_pricing;	/* of provider_plan.h */
	bool restrict_models;
};

/* The body of create and change, to be frozen as wanted_json. */
void host_channel_wanted(struct jout *out,
			 const struct host_channel_wish *wish);

/* By its mark, page by page from 1; read with host_judge_found(). */
void host_ask_channel_find(struct request *request,
			   const struct host_peer *peer, const char *mark,
			   int64_t page);

/* By its id; FAILURE_GONE if it is not there. */
void host_ask_channel(struct request *request, const struct host_peer *peer,
		      int64_t id);

/* Read with host_judge_created(). */
void host_ask_channel_create(struct request *request,
			     const struct host_peer *peer,
			     const char *wanted_json);

/* What is not sent stays.  Read with host_judge(). */
void host_ask_channel_put(struct request *request,
			  const struct host_peer *peer, int64_t id,
			  const char *wanted_json);

/* Read with host_judge_delete(). */
void host_ask_channel_delete(struct request *request,
			     const struct host_peer *peer, int64_t id);

/* Somebody's channel has this group already. */
bool host_channel_is_barred(const struct answer *answer);

/*
 * Does a channel read back not have the group, the prices and the filter that
 * were asked for?  Its name and what else it says are nobody's harm.
 */
bool host_channel_differs(const json_t *wanted, const json_t *live);

#endif
