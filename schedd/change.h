/*
 * change: how a change of an account is read before a step, written after it,
 * and ended; and its steps.
 *
 * The subject is the import by which the change was asked for, with the row
 * of the account held.  `before` and `after` of the change hold members of the
 * account as the host shows them: "model_mapping", "proxy_id", "schedulable".
 * `after` has those that are written, and no other: what we do not own stays
 * as it is.
 */
#ifndef SCHEDD_CHANGE_H
#define SCHEDD_CHANGE_H

#include "schedd/import_steps.h"

int change_load(const struct store *store, const struct task *task,
		int64_t now, void **ret, struct err *err) MUST_CHECK;
int change_save(const struct store *store, const struct task *task,
		void *subject, const struct step *step,
		const struct verdict *verdict, int64_t now, struct err *err)
	MUST_CHECK;
int change_end(const struct store *store, const struct task *task,
	       void *subject, const struct verdict *verdict, int64_t now,
	       struct err *err) MUST_CHECK;
void change_want(const void *subject, int which, struct resource_want *ret);

/* A member of what was asked for; borrowed from *ret_wanted, to be released. */
const json_t *change_wanted(const struct import *im, const char *name,
			    json_t **ret_wanted);

#define CHANGE_ASKS(name) \
	bool ask_##name(const void *subject, struct request *request)
#define CHANGE_GETS(name) \
	struct verdict got_##name(void *subject, const struct answer *answer)

/* change_state.c; the caller releases what they give. */
json_t *change_as_it_is(const struct import *im, const json_t *live)
	MUST_CHECK;
json_t *change_as_wanted(const struct import *im, const json_t *live)
	MUST_CHECK;
/* Upon what is there by now: others may have been at it since. */
json_t *change_as_before(const struct import *im, const json_t *live)
	MUST_CHECK;
bool change_is_so(const struct import *im, const json_t *live,
		  const json_t *state);
/* Into `before` or `after` of the change. */
void change_keep(char **slot, json_t *take_state);

/* Benched or in error, as it was read: a proof would tell of that. */
void change_look(struct import *im, const json_t *live);

/* The account as it is now; keys are fingerprints where they are shown. */
bool change_ask_account(const void *subject, struct request *request);

/* With the new key, or its former one while it is taken back; no other. */
int change_load_key(const struct store *store, struct import *im,
		    struct err *err) MUST_CHECK;

/* Who rests on the account is due: it is as it was wanted. */
int change_plan_checks(const struct store *store, const struct import *im,
		       int64_t now, struct err *err) MUST_CHECK;

/* What is stored by a rotation with one of its steps, and by its end. */
int change_save_key(const struct store *store, struct import *im,
		    const struct step *step, int64_t now, struct err *err)
	MUST_CHECK;
int change_end_key(const struct store *store, struct import *im, int64_t now,
		   struct err *err) MUST_CHECK;

/* After the look at the account: another key is proven before it is set. */
void change_plan_rotation(struct import *im, const json_t *live);

CHANGE_GETS(rotate_place);
CHANGE_GETS(rotate_taken);
CHANGE_ASKS(rotate_list);	CHANGE_GETS(rotate_list);
CHANGE_ASKS(rotate_chat);	CHANGE_GETS(rotate_chat);
CHANGE_GETS(rotate_alone);
CHANGE_GETS(rotate_private);
CHANGE_GETS(rotate_proven);
CHANGE_GETS(rotate_ready);
CHANGE_ASKS(rotate_light);	CHANGE_GETS(rotate_light);
CHANGE_ASKS(rotate_look);	CHANGE_GETS(rotate_look);
CHANGE_GETS(rotate_settle);
CHANGE_GETS(rotate_over);
CHANGE_ASKS(rotate_again);	CHANGE_GETS(rotate_again);

CHANGE_GETS(change_begin);
CHANGE_ASKS(change_proxy);	CHANGE_GETS(change_proxy);
CHANGE_ASKS(change_read);	CHANGE_GETS(change_read);
CHANGE_ASKS(change_write);	CHANGE_GETS(change_write);
CHANGE_ASKS(change_confirm);	CHANGE_GETS(change_confirm);
CHANGE_ASKS(change_recover);	CHANGE_GETS(change_recover);
CHANGE_GETS(change_written);
CHANGE_GETS(change_proven);
CHANGE_ASKS(undo_read);		CHANGE_GETS(undo_read);
CHANGE_ASKS(undo_write);	CHANGE_GETS(undo_write);
CHANGE_ASKS(undo_confirm);	CHANGE_GETS(undo_confirm);
CHANGE_ASKS(undo_recover);	CHANGE_GETS(undo_recover);
CHANGE_GETS(change_undone);

#endif
