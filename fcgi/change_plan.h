/*
 * change_plan: what a change of an account would come to, from what is stored.
 *
 * No exchange: the host is looked at when the change is made.  A plan has a
 * token that stands for all it rests on, so that whoever looked at a preview
 * can ask for exactly that.
 */
#ifndef FCGI_CHANGE_PLAN_H
#define FCGI_CHANGE_PLAN_H

#include "fcgi/http.h"
#include "fcgi/route.h"
#include "shared/changes.h"
#include "shared/items.h"
#include "shared/mapping.h"
#include "shared/resources.h"
#include "shared/runs.h"
#include "shared/seal.h"
#include "shared/secrets.h"

/* The import that is asked about, and its account.  change_target_done(). */
struct change_target {
	struct item item;
	struct run run;
	struct resource account;
	char running[ID_MAX];	/* a change of it; "" if none runs */
};

/*
 * ERR_CONFLICT: item_running, or item_has_no_account.  Reads what is stored
 * now: inside the transaction that goes by it.
 */
int change_target_get(const struct request *req, struct change_target *ret,
		      struct err *err) MUST_CHECK;
/* The same for an account, by the newest import on it. */
int change_target_of(const struct request *req, const char *resource_id,
		     struct change_target *ret, struct err *err) MUST_CHECK;
void change_target_done(struct change_target *target);

/* What is wanted, as the change keeps it.  Release with change_plan_done(). */
struct change_plan {
	enum change_kind kind;
	char *wanted;			/* JSON object */
	struct mapping_plan models;	/* of CHANGE_MODELS */
	int64_t proxy_id;		/* of CHANGE_PROXY; 0: none */
	struct secret_sealed key;	/* of CHANGE_ROTATE_KEY */
	int64_t overlap_s;
	bool old_key_revoked;
	char token[SEAL_HASH_TEXT];
};

/* False: `problems` says what of the wish cannot be. */
int change_plan_models(const struct request *req,
		       const struct change_target *target,
		       const struct mapping_wish *wish,
		       struct change_plan *ret, struct jdec_problems *problems,
		       struct err *err) MUST_CHECK;
void change_plan_proxy(const struct change_target *target, int64_t proxy_id,
		       struct change_plan *ret);
void change_plan_switch(const struct change_target *target,
			enum change_kind kind, struct change_plan *ret);


/*
 * Another key: `plan` has it sealed, with overlap_s and old_key_revoked.
 * ERR_CONFLICT: same_key, or key_in_use.
 */
int change_plan_key(const struct request *req,
		    const struct change_target *target,
		    struct change_plan *plan, struct err *err) MUST_CHECK;
void change_plan_done(struct change_plan *plan);

/*
 * Begin the change that a plan is for, and answer 202 with it.  What it rests
 * on is what `token` speaks of; NULL: whatever it is.
 */
int change_begin(const struct request *req,
		 const struct change_target *target,
		 const struct change_plan *plan, const char *token,
		 struct reply *reply, struct err *err) MUST_CHECK;
extern const struct waiting change_waiting;

/* Before, after, what differs, and who else rests on the account. */
int change_plan_write(const struct request *req,
		      const struct change_target *target,
		      const struct change_plan *plan, struct jout *out,
		      struct err *err) MUST_CHECK;

#endif
