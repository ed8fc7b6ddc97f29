/*
 * host_sched: the scheduler's copy of the accounts, which lags behind the
 * database, and the choice of an account.
 *
 * Every write announces itself with one of the three host_changed functions.
 * A poller takes the changes over once a second; before 0.1.137 some are
 * lost on the way.
 */
#ifndef TESTS_MODEL_HOST_SCHED_H
#define TESTS_MODEL_HOST_SCHED_H

#include "tests/model/host_store.h"

/* What of the copy a write refreshes itself. */
enum host_copying {
	HOST_COPY_LATER,	/* nothing: the poller does */
	HOST_COPY_BUT_TEMP,	/* before 0.1.137 all but the 403 bench */
	HOST_COPY_NOW,
};

/*
 * The account was written by one of the calls whose change is lost when it
 * comes within a second of the one before.
 */
void host_changed_account(struct host_model *model,
			  struct host_account *account,
			  enum host_copying copying);

/* Created, bound elsewhere or changed in bulk: never lost. */
void host_changed_surely(struct host_model *model,
			 struct host_account *account,
			 const struct host_ids *groups_before);

/* Deleted: the lists of its groups are made again. */
void host_changed_groups(struct host_model *model,
			 const struct host_ids *groups);

/* Do what the host did by itself until `now`. */
void host_advance(struct host_model *model, int64_t now);

/* The scheduler's list of the group's accounts.  Borrowed. */
const struct host_ids *host_bucket(struct host_model *model,
				   struct host_group *group);

/* Whether the account could serve at this moment, and for this model. */
bool host_serving_is_usable(const struct host_serving *serving, int64_t now);
bool host_serving_has_model(const struct host_serving *serving,
			    const char *model_name);

/* The upstream's name of a model: its mapping, or the name itself. */
const char *host_serving_model(const struct host_serving *serving,
			       const char *model_name);

/* What the gateway looks for. */
struct host_wanted {
	struct host_group *group;
	const char *model_name;
	uint64_t session;		/* 0: none */
	const struct host_ids *tried;	/* not these again */
	bool needs_responses;		/* chat alone will not do */
};

/* The account to send this to, or NULL. */
struct host_account *host_choose(struct host_model *model,
				 const struct host_wanted *wanted);

/*
 * Whether accounts of the group could serve, but none has that model: then
 * later versions say so.
 */
bool host_lacks_model(const struct host_model *model,
		      const struct host_wanted *wanted);

/* The account answered well. */
void host_account_used(struct host_model *model,
		       struct host_account *account, uint64_t session);

void host_sched_init(struct host_model *model);

#endif
