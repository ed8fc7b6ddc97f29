/*
 * rollback: what the steps of a rollback see and change.
 *
 * The subject is the rollback with the part that is next, the resource of that
 * part, and who owns it.  The row of a part is held from before the first look
 * at the thing until it is settled, so that no import takes it meanwhile: one
 * that comes waits, and makes it anew.
 *
 * Before anything is deleted it is read: it has to carry our mark, or be what
 * we asked for in all that tells one thing from another.  An id alone proves
 * nothing, as hosts are restored from backups.
 */
#ifndef SCHEDD_ROLLBACK_H
#define SCHEDD_ROLLBACK_H

#include "schedd/host/account_view.h"
#include "schedd/host/answer.h"
#include "schedd/host/peer.h"
#include "schedd/step.h"
#include "shared/moved_keys.h"
#include "shared/rollback_ends.h"
#include "shared/rollback_scan.h"
#include "shared/rollbacks.h"

/* Why a part is left, beside classes of failures. */
#define ROLLBACK_NOT_OURS "not_ours_any_more"
#define ROLLBACK_IN_USE "in_use_by_others"

/* What a TAKE is about. */
enum rollback_resource { ROLLBACK_PART, ROLLBACK_TOKEN };

/* What one step leaves for the next: the task's memo. */
struct rollback_memo {
	bool marked;		/* the items are its own */
	bool planned;		/* so are the parts */
	bool ended;		/* the access, or all items */
	bool kept;		/* the access is somebody else's by now */
	char after[ID_MAX];	/* items whose parts are written */
	bool force;		/* what the host does not show is gone */
	int64_t sights;		/* places where one of ours was looked for */
	int64_t unseen;		/* of those: it is not there */
	int64_t seq;		/* of the part: none waits before it */
	int64_t items;
	int64_t key;		/* the id of a key that was found */
	int64_t key_group;	/* and where it is bound */
	bool group_used;	/* another key of its owner is bound to ours */
	int64_t page;		/* of a list, from 0 */
	int64_t logins;
	int64_t misses;		/* the row could not be held */
	int64_t looks;		/* once more, as the last one was long ago */
	int64_t failure;	/* enum failure that ended it */
	char detail[320];	/* of that */
	bool nowhere;		/* the group that a key came from is gone */
	bool moved;		/* the key went back */
	bool revokes;		/* and a right that came with it ends */
};

struct rollback_work {
	int64_t now;
	int64_t attempt;
	int64_t step_since;
	const struct settings *settings;	/* borrowed */
	const char *task_id;			/* borrowed */
	char inst[ID_SHORT_MAX];
	struct host host;
	struct host_features features;
	struct host_peer peer;			/* borrows from the two */
	struct rollback rollback;
	struct rollback_part part;		/* kind NULL: none is left */
	bool part_changed;
	struct resource row;			/* of the part; or zeroed */
	bool row_changed;
	struct resource owner;	/* the user of a key, the group of a channel */
	struct resource token;			/* that user's login */
	bool token_changed;
	struct moved_key move;
	struct move_end way_back;		/* of its key */
	json_t *rights;		/* of its owner that others of ours need */
	char fingerprint[SEAL_FINGERPRINT_TEXT];	/* of our key */
	json_t *surplus;	/* names that an account maps no more */
	json_t *ours;		/* of the account's groups: we made them */
	bool unproxied;		/* a change took the account's proxy away */
	bool new_session;	/* of the host's administrator */
	struct rollback_memo memo;
};

/* The numeric id that the host gave, 0 if there is none. */
int64_t rollback_id_of(const struct resource *row);

/* Does our task hold the row of the part? */
bool rollback_holds(const struct rollback_work *w);

/* A row of the audit log for the part, if it is settled. */
int rollback_audit(const struct store *store, const struct rollback_work *w,
		   int64_t now, struct err *err) MUST_CHECK;

/* The part is settled: on to the next. */
struct verdict rollback_settle(struct rollback_work *w,
			       enum rollback_part_state state,
			       const char *class, const char *detail);
/* The same; and the thing is not there any more. */
struct verdict rollback_gone(struct rollback_work *w,
			     enum rollback_part_state state);
struct verdict rollback_left(struct rollback_work *w, const char *class,
			     const char *detail);

/*
 * It did not work.  Again, if that can help; what the host does not let us do
 * is left, and the rest goes on; a host that cannot be asked ends all.
 */
struct verdict rollback_trouble(struct rollback_work *w,
				const struct answer *answer,
				enum failure why);

/* The same of what is asked for no part: it is tried again, or ends all. */
struct verdict rollback_host_trouble(struct rollback_work *w,
				     const struct answer *answer,
				     enum failure why);

/* Of the host as a whole: nothing else will work either. */
bool rollback_is_of_the_host(const struct answer *answer, enum failure why);

/*
 * Is what was read too old by now to act on it?  After a crash, a refusal
 * or a wait for our turn it is read again from `step` on, but not for ever.
 */
bool rollback_looked_long_ago(const struct rollback_work *w);
struct verdict rollback_look_again(struct rollback_work *w, const char *step);

/* How a delete of the part's thing ended. */
struct verdict rollback_deleted(struct rollback_work *w,
				const struct answer *answer);

/* Does the text carry the part's mark? */
bool rollback_has_mark(const struct rollback_work *w, const json_t *live,
		       const char *member);

/* Is there another page?  Then it is the next. */
bool rollback_turn_page(struct rollback_work *w, const struct host_page *page);

/*
 * On, unless something in a list `stands`, on whatever page: then the part is
 * left, with these words.
 */
struct verdict rollback_unless(struct rollback_work *w,
			       const struct answer *answer,
			       bool (*stands)(const struct rollback_work *w,
					      const json_t *it),
			       const char *words);
bool rollback_key_is_theirs(const struct rollback_work *w, const json_t *key);

/* Somebody renamed it, and a reconcile took the new name down. */
bool rollback_is_as_accepted(const struct rollback_work *w,
			     const json_t *live);

/* Is what the host shows at the row's id what the row is about? */
bool rollback_is_our_group(const struct rollback_work *w, const json_t *live);
bool rollback_is_our_account(const struct rollback_work *w,
			     const json_t *live);
bool rollback_is_our_user(const struct rollback_work *w, const json_t *live);
bool rollback_is_our_channel(const struct rollback_work *w,
			     const json_t *live);

/* Whose key or login it is, by what the key is called.  For free(). */
char *rollback_owner_lookup(const char *lookup);
/* The items that are its own. */
struct rollback_scope rollback_marked(const struct rollback_work *w);

/* What of ours is looked for on the host next: the row; or none. */
int rollback_load_sight(const struct store *store, struct rollback_work *w,
			struct err *err) MUST_CHECK;

/* rollback_load.c, rollback_store.c */
int rollback_load(const struct store *store, const struct task *task,
		  int64_t now, void **ret, struct err *err) MUST_CHECK;
int rollback_save(const struct store *store, const struct task *task,
		  void *subject, const struct step *step,
		  const struct verdict *verdict, int64_t now, struct err *err)
	MUST_CHECK;
int rollback_end(const struct store *store, const struct task *task,
		 void *subject, const struct verdict *verdict, int64_t now,
		 struct err *err) MUST_CHECK;
int rollback_took(const struct store *store, void *subject, int which,
		  struct resource *take_row, int64_t now, struct err *err)
	MUST_CHECK;
void rollback_free(void **subject);
void rollback_want(const void *subject, int which, struct resource_want *ret);
char *rollback_memo_write(const void *subject);
void rollback_memo_read(struct rollback_work *w, const char *text);

#define ROLLBACK_ASKS(name) \
	bool ask_rb_##name(const void *subject, struct request *request)
#define ROLLBACK_GETS(name) \
	struct verdict got_rb_##name(void *subject, \
				     const struct answer *answer)

ROLLBACK_ASKS(begin);		ROLLBACK_GETS(begin);
ROLLBACK_GETS(mark);
ROLLBACK_GETS(plan);
ROLLBACK_ASKS(sight);		ROLLBACK_GETS(sight);
ROLLBACK_GETS(next);
ROLLBACK_GETS(taken);
ROLLBACK_ASKS(find);		ROLLBACK_GETS(find);
ROLLBACK_GETS(access);
ROLLBACK_GETS(items);
ROLLBACK_GETS(end);
ROLLBACK_GETS(broken);

ROLLBACK_ASKS(move_look);	ROLLBACK_GETS(move_look);
ROLLBACK_ASKS(move_back);	ROLLBACK_GETS(move_back);
ROLLBACK_ASKS(move_user);	ROLLBACK_GETS(move_user);
ROLLBACK_ASKS(move_right);	ROLLBACK_GETS(move_right);
ROLLBACK_ASKS(user_read);	ROLLBACK_GETS(user_read);
ROLLBACK_ASKS(user_keys);	ROLLBACK_GETS(user_keys);
ROLLBACK_ASKS(user_delete);	ROLLBACK_GETS(user_delete);
ROLLBACK_ASKS(key_look);	ROLLBACK_GETS(key_look);
ROLLBACK_GETS(key_token);
ROLLBACK_ASKS(key_login);	ROLLBACK_GETS(key_login);
ROLLBACK_ASKS(key_delete);	ROLLBACK_GETS(key_delete);
ROLLBACK_ASKS(key_owner);	ROLLBACK_GETS(key_owner);
ROLLBACK_ASKS(sub_look);	ROLLBACK_GETS(sub_look);
ROLLBACK_ASKS(sub_revoke);	ROLLBACK_GETS(sub_revoke);
ROLLBACK_ASKS(sub_shorten);	ROLLBACK_GETS(sub_shorten);

ROLLBACK_ASKS(channel_read);	ROLLBACK_GETS(channel_read);
ROLLBACK_ASKS(channel_delete);	ROLLBACK_GETS(channel_delete);
ROLLBACK_ASKS(account_read);	ROLLBACK_GETS(account_read);
ROLLBACK_ASKS(account_delete);	ROLLBACK_GETS(account_delete);
ROLLBACK_ASKS(account_narrow);	ROLLBACK_GETS(account_narrow);
ROLLBACK_ASKS(account_release);	ROLLBACK_GETS(account_release);
ROLLBACK_ASKS(account_rest);	ROLLBACK_GETS(account_rest);
ROLLBACK_ASKS(group_read);	ROLLBACK_GETS(group_read);
ROLLBACK_ASKS(group_accounts);	ROLLBACK_GETS(group_accounts);
ROLLBACK_ASKS(group_keys);	ROLLBACK_GETS(group_keys);
ROLLBACK_ASKS(group_subs);	ROLLBACK_GETS(group_subs);
ROLLBACK_ASKS(group_delete);	ROLLBACK_GETS(group_delete);

#endif
