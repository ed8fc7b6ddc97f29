/*
 * subscription: what lets a user into a group of subscription type.
 *
 * Read first: what is there is extended, what is not is assigned.  Once
 * extended, a subscription no longer equals its own assignment (409).
 */
#ifndef SCHEDD_HOST_SUBSCRIPTION_H
#define SCHEDD_HOST_SUBSCRIPTION_H

#include "schedd/host/answer.h"
#include "schedd/host/peer.h"

struct host_subscription_seen {
	int64_t id;		/* 0: there is none */
	int64_t group_id;
	int64_t starts_at;
	int64_t expires_at;	/* 0: not said */
	bool active;		/* it says so; its end may be past */
	const char *notes;	/* borrowed from the answer; or NULL */
};

/* Who assigns something through CRM says so in its notes. */
bool host_subscription_is_ours(const struct host_subscription_seen *seen,
			       const struct host_peer *peer);

void host_ask_subscriptions(struct request *request,
			    const struct host_peer *peer, int64_t user_id);

/* Those to a group. */
void host_ask_group_subscriptions(struct request *request,
				  const struct host_peer *peer,
				  int64_t group_id, int64_t page);

/* Does one of them serve somebody, and was not assigned by this CRM? */
bool host_group_subscription_is_theirs(const json_t *object,
				       const struct host_peer *peer);

/* The user's subscription to `group_id`, one that serves before others. */
enum failure host_judge_subscriptions(const struct answer *answer,
				      int64_t group_id,
				      struct host_subscription_seen *ret);

/* What is asked for; the notes are always those of this CRM. */
struct host_subscription_wish {
	int64_t user_id;
	int64_t group_id;
	int64_t days;
};

/* The body of the assignment, for wanted_json. */
void host_subscription_wanted(struct jout *out, const struct host_peer *peer,
			      const struct host_subscription_wish *wish);

void host_ask_subscription_assign(struct request *request,
				  const struct host_peer *peer,
				  const char *wanted_json);

/* Its mark and generation keep a repeat from extending twice. */
void host_ask_subscription_extend(struct request *request,
				  const struct host_peer *peer, int64_t id,
				  int64_t days, const char *mark,
				  int64_t generation);

/* Of assign and extend. */
enum failure host_judge_subscription(const struct answer *answer,
				     struct host_subscription_seen *ret);

/* One is there, on other terms: read again, and extend. */
bool host_subscription_conflicts(const struct answer *answer);

/* By its id; FAILURE_GONE if it is not there. */
void host_ask_subscription(struct request *request,
			   const struct host_peer *peer, int64_t id);

/* Read with host_judge_delete(). */
void host_ask_subscription_revoke(struct request *request,
				  const struct host_peer *peer, int64_t id);

#endif
