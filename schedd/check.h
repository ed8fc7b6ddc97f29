/*
 * check: how a check is read before a step, written after it, and ended.
 *
 * The end decides what the access is called (decision D27): one failure makes
 * it degraded, a quorum of one class in a window broken; and when everything
 * on a host or of a provider fails at once, that is suspect and the single
 * access keeps its state.
 */
#ifndef SCHEDD_CHECK_H
#define SCHEDD_CHECK_H

#include "schedd/host/surface_try.h"
#include "schedd/import.h"

int check_load(const struct store *store, const struct task *task,
	       int64_t now, void **ret, struct err *err) MUST_CHECK;
int check_save(const struct store *store, const struct task *task,
	       void *subject, const struct step *step,
	       const struct verdict *verdict, int64_t now, struct err *err)
	MUST_CHECK;
int check_end(const struct store *store, const struct task *task,
	      void *subject, const struct verdict *verdict, int64_t now,
	      struct err *err) MUST_CHECK;

/* The rows of our accounts in the group: only where they are looked at. */
int check_load_accounts(const struct store *store, struct import *im,
			struct err *err) MUST_CHECK;

/* Are all accounts that it rests on out of service, as operators want it? */
int check_paused(const struct store *store, const struct import *im,
		 bool *ret, struct err *err) MUST_CHECK;

/* check_surfaces.c: the ways of calling, on request. */
bool ask_surface_responses(const void *subject, struct request *request);
struct verdict got_surface_responses(void *subject,
				     const struct answer *answer);
bool ask_surface_group(const void *subject, struct request *request);
struct verdict got_surface_group(void *subject, const struct answer *answer);
bool ask_surface_try(const void *subject, struct request *request);
struct verdict got_surface_try(void *subject, const struct answer *answer);
struct verdict got_surface_end(void *subject, const struct answer *answer);

struct host_surface_case check_surface_case(const struct import *im);

/* Add the proof of one that was tried, and note what it showed. */
void check_note_surface(struct import *im, enum host_surface surface,
			const struct answer *answer,
			const struct host_tried *tried);

/* The one noted last took the account out: that is what it showed. */
void check_note_benched(struct import *im, int surface);

/* check_private.c: those that could do harm, where nobody else is. */
enum check_private {
	CHECK_PRIVATE_NONE,	/* nothing to try, or not yet */
	CHECK_PRIVATE_BEGUN,
	CHECK_PRIVATE_DONE,
	CHECK_PRIVATE_FAILED,
	CHECK_PRIVATE_NOT_HERE,
};

/* Its verdict is not to be relied on: nobody saw what it did. */
bool check_is_unseen(const struct import *im, int surface);
void check_write_private(const struct import *im, struct jout *out);
void check_fail(void *subject, enum failure why);

/* Their steps; check_clone.c: making group and copy, taking both away. */
#define CHECK_ASKS(name) \
	bool ask_##name(const void *subject, struct request *request)
#define CHECK_GETS(name) \
	struct verdict got_##name(void *subject, const struct answer *answer)

CHECK_GETS(private_begin);
CHECK_ASKS(old_group);		CHECK_GETS(old_group);
CHECK_ASKS(drop_old_group);	CHECK_GETS(drop_old_group);
CHECK_ASKS(private_find);	CHECK_GETS(private_find);
CHECK_ASKS(private_group);	CHECK_GETS(private_group);
CHECK_ASKS(private_dispatch);	CHECK_GETS(private_dispatch);
CHECK_GETS(want_clone);
CHECK_ASKS(old_clone);		CHECK_GETS(old_clone);
CHECK_ASKS(drop_old_clone);	CHECK_GETS(drop_old_clone);
CHECK_ASKS(find_clone);		CHECK_GETS(find_clone);
CHECK_ASKS(private_still);	CHECK_GETS(private_still);
CHECK_ASKS(create_clone);	CHECK_GETS(create_clone);
CHECK_ASKS(clone_flag);		CHECK_GETS(clone_flag);
CHECK_ASKS(clone_bind);		CHECK_GETS(clone_bind);
CHECK_ASKS(clone_read);		CHECK_GETS(clone_read);
CHECK_GETS(private_user);
CHECK_ASKS(private_whoami);	CHECK_GETS(private_whoami);
CHECK_ASKS(private_warm);	CHECK_GETS(private_warm);
CHECK_ASKS(private_try);	CHECK_GETS(private_try);
CHECK_ASKS(private_look);	CHECK_GETS(private_look);
CHECK_ASKS(clone_recover);	CHECK_GETS(clone_recover);
CHECK_ASKS(clone_switch);	CHECK_GETS(clone_switch);
CHECK_ASKS(lost_clone);		CHECK_GETS(lost_clone);
CHECK_ASKS(drop_clone);		CHECK_GETS(drop_clone);
CHECK_ASKS(lost_private);	CHECK_GETS(lost_private);
CHECK_ASKS(drop_private);	CHECK_GETS(drop_private);
CHECK_GETS(private_end);
CHECK_GETS(check_undone);

/* check_news.c: the last step, and what it writes down at the end. */
bool ask_check_balance(const void *subject, struct request *request);
struct verdict got_check_balance(void *subject, const struct answer *answer);
bool ask_check_money(const void *subject, struct request *request);
struct verdict got_check_money(void *subject, const struct answer *answer);
int check_save_money(const struct store *store, const struct import *im,
		     struct err *err) MUST_CHECK;
int check_tell_news(const struct store *store, struct import *im,
		    struct err *err) MUST_CHECK;

#endif
