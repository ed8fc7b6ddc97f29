/*
 * key: API keys of managed users.
 *
 * Only a user can make and remove keys of its own, by its login; an
 * administrator can move them between groups.
 */
#ifndef SCHEDD_HOST_KEY_H
#define SCHEDD_HOST_KEY_H

#include "schedd/host/answer.h"
#include "schedd/host/peer.h"

struct host_key_making {
	const char *mark;	/* becomes the name */
	int64_t group_id;	/* 0: bound to none */
	int64_t generation;
};

/* What it is in the end, wherever it is born: frozen in its row. */
void host_key_wanted(struct jout *out, const char *mark, int64_t group_id);

/* Our own key, not one of the host's making: names SLOT_USER_KEY. */
void host_ask_key_create(struct request *request,
			 const struct host_peer *peer,
			 const struct host_key_making *making);

/*
 * A key that exists already is made: *ret_id is then 0, to be looked up by
 * host_ask_key_find(), and a call has to prove it.
 */
enum failure host_judge_key_create(const struct answer *answer,
				   int64_t *ret_id);

/* The user's own keys of this name. */
void host_ask_key_find(struct request *request, const struct host_peer *peer,
		       const char *mark);

struct host_key_found {
	int64_t id;		/* 0: there is none */
	int64_t group_id;	/* 0: bound to none */
	bool active;
};

enum failure host_judge_key_find(const struct answer *answer,
				 const char *mark,
				 struct host_key_found *ret);

/* Read with host_judge_delete(). */
void host_ask_key_delete(struct request *request,
			 const struct host_peer *peer, int64_t id);

/* By the administrator; works from the next call of the key on. */
void host_ask_key_bind(struct request *request, const struct host_peer *peer,
		       int64_t id, int64_t group_id);
enum failure host_judge_key_bind(const struct answer *answer,
				 int64_t group_id);

#endif
