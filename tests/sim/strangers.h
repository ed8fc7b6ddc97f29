/*
 * strangers: people who share the host with CRM.
 *
 * They have groups, accounts, users, keys and channels of their own, some that
 * look like ours or carry our names, and they lay hands on what is ours.
 */
#ifndef TESTS_SIM_STRANGERS_H
#define TESTS_SIM_STRANGERS_H

#include "tests/sim/site.h"

#define STRANGERS_KEY_MAX 64

/* The user whose key operators may give to CRM for a proof. */
#define STRANGERS_EMAIL "alice@example.com"

/* What they put into accounts of ours. */
#define STRANGERS_PROVIDER_KEY "good-somebody-0000000001"

/* The id of a proxy that is there from the beginning. */
#define STRANGERS_PROXY "1"

/* They settle on the host, before CRM makes anything there. */
void strangers_begin(struct site *site);

/*
 * One of them does one thing, by the seed.  *ret_text says what, for the
 * trail; for the caller to free.
 */
void strangers_act(struct site *site, char **ret_text);

/* The same, to nothing but what is their own. */
void strangers_act_at_home(struct site *site, char **ret_text);

/* One that exists, by the seed; 0: there is none. */
int64_t strangers_pick(struct site *site, enum host_kind kind,
		       enum ledger_maker maker);

/* What an administrator sees of a row; for json_decref().  NULL: none. */
json_t *strangers_row(struct site *site, enum host_kind kind, int64_t id);

/* A key of Alice's, for a proof. */
struct strangers_key {
	char text[STRANGERS_KEY_MAX];
	int64_t id, user_id;
	bool bound;		/* to a group that exists */
};

/* `loose`: the one that was bound to none at first.  False: it is gone. */
bool strangers_key(struct site *site, bool loose, struct strangers_key *ret);

#endif
