/*
 * import_steps: the request and answer functions of flow_import, by stage.
 *
 * import_probe.c asks the provider itself; import_provision.c makes group and
 * account; import_confirm.c reads the account back; import_widen.c adds models
 * to an account that is there; import_prove.c proves a later account alone;
 * import_access.c makes the user, its subscription and its key;
 * import_validate.c proves; import_undo.c takes back what was begun.
 */
#ifndef SCHEDD_IMPORT_STEPS_H
#define SCHEDD_IMPORT_STEPS_H

#include "schedd/import.h"

#define ASKS(name) \
	bool ask_##name(const void *subject, struct request *request)
#define GETS(name) \
	struct verdict got_##name(void *subject, const struct answer *answer)

ASKS(upstream_models);	GETS(upstream_models);
ASKS(upstream_chat);	GETS(upstream_chat);

GETS(want_group);
ASKS(find_group);	GETS(find_group);
ASKS(create_group);	GETS(create_group);
GETS(want_parking);
ASKS(find_parking);	GETS(find_parking);
ASKS(create_parking);	GETS(create_parking);
GETS(want_account);
ASKS(find_account);	GETS(find_account);
GETS(want_proof_group);
ASKS(find_proof);	GETS(find_proof);
ASKS(create_proof);	GETS(create_proof);
ASKS(group_still);	GETS(group_still);
ASKS(create_account);	GETS(create_account);
ASKS(flag);		GETS(flag);
ASKS(bind);		GETS(bind);
ASKS(account);		GETS(account);

GETS(want_widening);
GETS(widening);
ASKS(widen);		GETS(widen);

GETS(want_user);
ASKS(find_user);	GETS(find_user);
ASKS(create_user);	GETS(create_user);
GETS(want_token);
ASKS(token);		GETS(token);
ASKS(user_still);	GETS(user_still);
GETS(want_subscribed);
ASKS(subscribed);	GETS(subscribed);
ASKS(assign);		GETS(assign);
GETS(want_key);
ASKS(find_key);		GETS(find_key);
ASKS(create_key);	GETS(create_key);

GETS(begin_proof);
ASKS(proof_assign);	GETS(proof_assign);
GETS(want_proof_key);
ASKS(rebind);		GETS(rebind);
ASKS(move);		GETS(move);
GETS(moved);
ASKS(drop_proof);	GETS(drop_proof);

ASKS(gateway_models);	GETS(gateway_models);
ASKS(gateway_chat);	GETS(gateway_chat);

ASKS(undo_key);		GETS(undo_key);
ASKS(lost_account);	GETS(lost_account);
ASKS(undo_account);	GETS(undo_account);
ASKS(lost_proof);	GETS(lost_proof);
ASKS(undo_proof);	GETS(undo_proof);
ASKS(lost_group);	GETS(lost_group);
ASKS(undo_group);	GETS(undo_group);
GETS(undone);

/*
 * What to do about a failure of an exchange with the host that every step
 * treats alike: again later if that can help, else the flow fails.
 */
struct verdict import_host_failed(struct import *im,
				  const struct answer *answer,
				  enum failure why);

/* The same with the peer's own words. */
struct verdict import_again(struct import *im, const struct answer *answer,
			    enum failure why, const char *words);

/*
 * A create whose end is not known: look for its mark again, at `look`, before
 * anything else is made.
 */
struct verdict import_doubt(struct import *im, const char *look,
			    enum failure why);

/*
 * The host says that an earlier request of the same key is under way.  If we
 * died in the middle of it, a host says so for half a minute, although the
 * thing is there or never will be: look for it.
 */
bool import_is_unfinished(const struct answer *answer);

/* A create was answered: keep the id and go on, look again, or fail. */
struct verdict import_made(struct import *im, enum import_resource which,
			   const struct answer *answer, const char *look);

/* Does this host need the account to wait where nobody reaches it? */
bool import_needs_parking(const struct import *im);

/* Does the account read back do what was asked for, where it should? */
struct verdict import_compare(struct import *im, const struct answer *answer);

/*
 * A listing was answered: adopt what carries our mark and go to `if_found`;
 * else the next page, or go on.
 */
struct verdict import_found(struct import *im, enum import_resource which,
			    const struct answer *answer,
			    const char *if_found);

/* Does the live account not map some of the models that are wanted? */
bool import_lacks_models(const struct import *im, const json_t *live);

#endif
