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
