/*
 * owner: whose a key is, and the balance of our own users.
 *
 * A host searches users by any part of their keys: the last characters are
 * enough, and all of it need not be named.  What is found is compared by
 * fingerprint: the steps that read these answers say `fingerprints`, and the
 * engine puts fingerprints where keys stood in clear.
 */
#ifndef SCHEDD_HOST_OWNER_H
#define SCHEDD_HOST_OWNER_H

#include "schedd/host/answer.h"
#include "schedd/host/peer.h"

/* How much of the end of SLOT_GIVEN_KEY is searched for. */
#define HOST_KEY_TAIL 12

void host_ask_user_by_key(struct request *request,
			  const struct host_peer *peer);

/*
 * *ret_id is the candidate of this number, 0 if there are no more; and may it
 * use the group already?
 */
enum failure host_judge_user_by_key(const struct answer *answer,
				    size_t candidate, int64_t group_id,
				    int64_t *ret_id, bool *ret_may);

/* The first page of them, or any. */
void host_ask_user_keys(struct request *request, const struct host_peer *peer,
			int64_t user_id);
void host_ask_user_keys_page(struct request *request,
			     const struct host_peer *peer, int64_t user_id,
			     int64_t page);

/* Plain data; id 0: the user has no such key. */
struct host_owned_key {
	int64_t id;
	int64_t group_id;	/* 0: bound to none */
	char group_name[101];
	char status[24];	/* "active" ... */
};

enum failure host_judge_user_keys(const struct answer *answer,
				  const char *fingerprint,
				  struct host_owned_key *ret);

/* So many pages of a user's keys are read; what is behind them is not seen. */
#define HOST_KEY_PAGES_MAX 20

/* Is there another page, and is it to be read? */
bool host_more_user_keys(const struct answer *answer);

/*
 * Where a key of a user is bound, and whether another of the same user is
 * bound to a group: what the pages show that were read so far.
 */
struct host_key_look {
	int64_t key_id, group_id;	/* that are asked about */
	bool found;			/* the key is there */
	int64_t bound_to;		/* and where; 0: to none */
	bool used;			/* the group is, by another */
};

void host_look_at_user_keys(const struct answer *answer,
			    struct host_key_look *look);

/*
 * Fill the balance of a managed user up to `amount`.  Its mark keeps a repeat
 * from being another call; "set" is the same however often.
 */
void host_ask_user_balance(struct request *request,
			   const struct host_peer *peer, int64_t id,
			   int64_t amount, const char *mark);

#endif
