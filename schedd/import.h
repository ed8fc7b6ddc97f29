/*
 * import: what the steps of an import see and change.
 *
 * The subject of flow_import: an item with its run and host, the resources
 * that it rests on, and the few facts that one step leaves for the next.
 * Read afresh before every step; what a step changes is written together
 * with its verdict.
 */
#ifndef SCHEDD_IMPORT_H
#define SCHEDD_IMPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "schedd/host/features.h"
#include "schedd/host/peer.h"
#include "schedd/step.h"
#include "shared/accesses.h"
#include "shared/changes.h"
#include "shared/checks.h"
#include "shared/diagnosis.h"
#include "shared/endpoints.h"
#include "shared/events.h"
#include "shared/foreign.h"
#include "shared/hosts.h"
#include "shared/items.h"
#include "shared/proofs.h"
#include "shared/provider_plan.h"
#include "shared/resources.h"
#include "shared/runs.h"

/*
 * The resources of an import, in the order in which they are taken: a task
 * that holds one waits only for later ones, so tasks never wait in a circle.
 */
enum import_resource {
	IMPORT_GROUP,		/* of the endpoint: live traffic */
	IMPORT_CHANNEL,		/* over it: prices; settled as soon as it is made */
	IMPORT_PARKING,		/* group where accounts wait on 0.1.126 */
	IMPORT_ACCOUNT,
	IMPORT_NEW_KEY,		/* place of its next key: nothing is made there */
	IMPORT_PROOF_GROUP,	/* where a later account is proven alone */
	IMPORT_CLONE,		/* of the account, for what could harm it */
	IMPORT_PROOF_USER,
	IMPORT_PROOF_TOKEN,
	IMPORT_PROOF_KEY,	/* one of a few that proofs take turns with */
	IMPORT_USER,		/* of the selector */
	IMPORT_TOKEN,		/* that user's JWT */
	IMPORT_SUBSCRIPTION,	/* of that user to the group */
	IMPORT_KEY,		/* that user's API key for the group */
	IMPORT_RESOURCE__MAX
};

#define IMPORT_EVENTS_MAX 4

/* What one step leaves for the next: the task's memo. */
struct import_memo {
	int64_t selector;	/* which of the run's users is next */
	int64_t chat_form;	/* which form of the chat URL is tried */
	int64_t chat_model;	/* which of the models is tried */
	int chat_tries;		/* models that the direct probe tried before */
	bool bare;		/* chats say nothing but model and message */
	int64_t page;		/* of a listing */
	int form_failure;	/* what the first form of a URL said: list, chat */
	int gateway_failure;	/* what was wrong before the last 503 */
	int64_t polls;		/* of the present step, so far */
	int64_t doubts;		/* creates whose end we did not see */
	int64_t bound_at;	/* when account or mapping last changed */
	int64_t models_status;	/* of the proof's first half */
	bool models_listed;
	bool live;		/* the group had a proven account before us */
	bool widening;		/* hold the account although it is there */
	bool widened;		/* its mapping was: that is tried once */
	bool adopted;		/* the account was found, in whatever group */
	bool reviving;		/* hold it until it is proven */
	bool was_inactive;	/* before that: what a failure puts back */
	bool was_unschedulable;
	int64_t revivals;	/* decisions that led to work on it */
	int64_t calls;		/* made for that */
	int64_t retire;		/* account that was let go of, on the host */
	char retire_row[ID_MAX];	/* its row, which was closed */
	bool retired;		/* it left our group */
	bool adopting;		/* somebody's account is taken over */
	char groups[600];	/* that it was in as read last: "7,12" */
	bool many_groups;	/* they do not fit: none may be written */
	int64_t moves;		/* how often that list was written */
	bool looked;		/* for others' accounts, or another does */
	int64_t look_seen;	/* accounts of the pages so far */
	int64_t look_total;
	int64_t looks;		/* begun, as the list moved */
	bool proving;		/* user, token and key are those of the proof */
	bool proven;		/* the account answered in its proof group */
	bool created_account;	/* by this task: it may be taken back */
	bool created_group;
	bool group_seen;	/* on the host, and it is ours */
	bool created_channel;
	bool repricing;		/* hold the channel although it is there */
	bool repriced;		/* it was written: that is tried once */
	int64_t base;		/* which base URL of the manifest is asked */
	bool created_key;
	bool renewed_key;	/* key and subscription were drawn anew */
	bool renewed_user;
	bool new_password;	/* it was given ours once more */
	bool topped_up;		/* the managed user was to get money once more */
	int64_t top_up;		/* how much; 0: the budget is used up */
	bool purse_low;		/* before it was empty: a check saw it */

	/* A given key: whose it is, and where it was bound before. */
	int64_t candidate;	/* which of the users found is looked at */
	int64_t owner;		/* the user's id */
	int64_t owner_key;	/* the key's id */
	int64_t owner_group;	/* where it was bound; 0: nowhere */
	bool here;		/* it is in our group as it is */
	bool may;		/* its owner had the right to our group */
	bool rebound;		/* we moved it: to be moved back by undo */
	bool key_found;		/* on the pages of keys so far */
	int64_t key_group;	/* and where it is bound */
	bool group_used;	/* by another key of its owner */
	bool nowhere;		/* there is no group to move it back to */
	bool revokes;		/* its owner is to lose the right to ours */
	bool assigned;		/* its owner was subscribed by this task */
	bool keep_key;		/* of a managed user: bind it, draw no other */

	/* What goes wrong is diagnosed, and mended, before it is final. */
	int diagnosed;		/* enum failure that led to it; 0: not yet */
	int64_t suspect;	/* account that is looked at, on the host */
	int64_t mends;		/* calls that mend, in this run of the flow */
	int64_t mend;		/* bits of enum host_repair: what is next */
	int64_t mend_delay;	/* after it, until the next look */
	int64_t mend_first;	/* before it */
	int64_t done;		/* bits of what was done to the suspect */
	int64_t rounds;		/* proofs that ended in repairs */
	int64_t counted;	/* the account whose repair was counted */
	int64_t changed_at;	/* of the account's state, by us */
	bool ours;		/* what is wrong with it is ours to mend */
	bool reread;		/* it was read by itself, to plan upon */
	bool stale;		/* it looks well: nothing but a nudge is left */
	bool restricted;	/* by a channel */
	bool channels_seen;
	bool tested;		/* by the host itself */
	int finding;		/* what is wrong, while others may answer */
	char finding_id[24];	/* with which account */
	char found[280];	/* all such, and their classes: ",12:4,,13:7," */
	bool all_seen;		/* the list, and what was wrong in it */
	char looked_at[160];	/* accounts dealt with: ",12,13," */
	char proof_id[ID_MAX];	/* the last one made */
	int64_t surface;	/* enum host_surface that is tried next */
	bool dispatch;		/* the group serves /v1/messages */
	char tried[480];	/* what the surfaces showed: check_surfaces.c */
	int private_state;	/* enum check_private, of what could harm */
	int private_failure;	/* enum failure that ended it */

	int64_t names_tried;	/* of those that prove a change */
	bool ill;		/* the account is to be recovered first */

	/* Another key for an account: change_rotate.c. */
	bool late;		/* the old one is revoked: hurry */
	bool indirect;		/* the provider did not let us prove it */
	bool switching;		/* the account may have the new key */
	bool relight;		/* the old key's end switched it off */

	char nonce[16];		/* of the proof's message */
	int failure;		/* enum failure, while undoing */
	int failed_stage;	/* enum item_stage, where that began */
	int failed_status;	/* of the answer that began it; 0: none */
};

struct import {
	int64_t now;
	int64_t attempt;
	int64_t step_since;
	uint64_t random;
	const struct settings *settings;	/* borrowed */
	const char *task_id;			/* borrowed */
	int stage;		/* enum item_stage, of the present step */
	char inst[ID_SHORT_MAX];
	struct item item;
	struct run run;
	struct host host;
	struct endpoint_row endpoint;	/* its way out and limits */
	struct access access;		/* of a check; else zeroed */
	struct check check;		/* of a check; else zeroed */
	bool checking;			/* flow_check, not flow_import */
	struct change change;		/* of flow_change; else zeroed */
	bool changing;			/* flow_change */
	bool paused;	/* of a check: all its accounts are, by operators */
	bool simple;			/* groups do not part accounts */
	bool has_alias;			/* simple, and the account has its own name */
	struct diagnosis diagnosis;
	struct resource suspect;	/* row of memo.suspect; or zeroed */
	char *suspect_secret_id;	/* its provider key; NULL: the item's */
	struct resource *accounts;	/* ours, in the group */
	size_t naccounts;
	bool owns_accounts;
	struct resource watched;	/* to be written: the watch's columns */
	struct balance balance;		/* of a check: what was told last */
	bool balance_is_new;
	bool wants_top_up;		/* see import_top_up.c */
	enum { TOP_UP_OPEN, TOP_UP_DONE, TOP_UP_FAILED } top_up_ended;
	bool purse_seen;		/* what our user has left */
	bool purse_is_low;
	double purse;
	bool item_changed;		/* by a check */
	bool moves_key;		/* a given key, by the next step */
	bool key_stays;		/* another item rests on it where it is */
	bool subscription_stays;	/* the same of what its owner got */
	bool right_ends;	/* with the move: see shared/moved_keys.h */
	json_t *rights;		/* of its owner that others of ours need */
	char *kept_rights;	/* that it has then, to be written: JSON */
	bool keeps_rights;	/* they are news, or they are written */
	bool moved_back;	/* the given key was */
	char *run_mode;			/* learnt in this step; or NULL */
	bool new_session;		/* of the host's administrator */
	struct host_features features;
	char key_fingerprint[SEAL_FINGERPRINT_TEXT];	/* of the user's key */
	char given_selector[SEAL_FINGERPRINT_TEXT + 8];	/* key:<fingerprint> */
	struct host_peer peer;		/* borrows from `host` and `inst` */
	json_t *selectors;		/* array */
	json_t *requested;		/* array */
	json_t *models;			/* array, or NULL */
	json_t *manifest;	/* of an import by provider; or NULL */
	struct provider_plan plan;	/* what it makes of this host */
	struct resource resources[IMPORT_RESOURCE__MAX];
	bool changed[IMPORT_RESOURCE__MAX];
	bool resumed;		/* the account serves again: nobody pauses it */
	struct foreign foreign;	/* others' accounts of this endpoint */
	bool foreign_claim;	/* we look for them */
	bool foreign_changed;	/* what we saw is to be written */
	char key_lookup[SEAL_FINGERPRINT_TEXT + 8];	/* of short keys */
	struct import_memo memo;

	/* What the present step adds; see import_note() and import_prove(). */
	struct event events[IMPORT_EVENTS_MAX];
	size_t nevents;
	struct proof proof;		/* proof.model NULL: none */
	int64_t http_status;		/* of the step's exchange, for its event */
	int64_t latency_ms;
};

/* The selector that is worked on: "alice". */
const char *import_selector(const struct import *im);

/* The run is proven with a key of somebody real; not while proving alone. */
bool import_is_given(const struct import *im);

/* What access_spec and proofs call the key that is called with. */
const char *import_key_source(const struct import *im);

/* The address of the managed user of that selector, or of the proof user. */
char *import_email(const struct import *im);

/* Whose turn it is: the proof's, or that of the run's user. */
enum import_resource import_user(const struct import *im);
enum import_resource import_token(const struct import *im);
enum import_resource import_key(const struct import *im);

/* The group in which the account is to be called: its proof group, or live. */
enum import_resource import_stage_group(const struct import *im);

/* Add an event of this step.  `detail` is JSON, or NULL; it is copied. */
void import_note(struct import *im, const char *kind, const char *detail);

/* Note a repair of what a user needs: "key", "rebind" ... */
void import_heal(struct import *im, const char *repair);

/* The host has it: note the id, and that we settled it. */
void import_settle(struct import *im, enum import_resource which,
		   const char *origin, const char *host_id);

/*
 * Keep an id that the host gave, while we go on making the thing: should we
 * die, the next one finds it.
 */
void import_keep_id(struct import *im, enum import_resource which,
		    const char *host_id);

/* It was held to be changed: others may have it again. */
void import_give_back(struct import *im, enum import_resource which);

/* It is no longer on the host: the row is closed, the next take makes anew. */
void import_gone(struct import *im, enum import_resource which);

/*
 * Before going back to what comes before `from`: another task that makes that
 * may wait for `from` or what comes after, and be waited for in turn.
 */
void import_let_go(struct import *im, enum import_resource from);

/* Is it this task that makes it? */
bool import_holds(const struct import *im, enum import_resource which);

/* The numeric id that the host gave, 0 if there is none yet. */
int64_t import_id(const struct import *im, enum import_resource which);

/* The row's columns of the watch are to be written with this step. */
void import_watch(struct import *im, const struct resource *account);

/* Does a managed user of ours pay for this access? */
bool import_has_purse(const struct import *im);

/* He is to get money, once: go to "access.top_up".  False: he cannot. */
bool import_want_top_up(struct import *im) MUST_CHECK;

/* Ledger and notices of what the step did about money. */
int import_save_top_up(const struct store *store, struct import *im,
		       struct err *err) MUST_CHECK;

/* Write down an answer's status and latency for the event of this step. */
void import_saw(struct import *im, const struct answer *answer);

/* Why it failed, in the peer's own words, redacted; keeps the first. */
void import_blame(struct import *im, const char *words);

/* How an item's resource is called in managed_resources. */
void import_want(const void *subject, int which, struct resource_want *ret);

/* Does this account have to withstand what odd requests make of it? */
bool import_wants_pool_mode(const struct import *im);

/*
 * The subject as far as the task says, and the rest from the rows of
 * `item_id`; *ret is for import_free().
 */
struct import *import_begin(const struct store *store,
			    const struct task *task, int64_t now);
int import_fill(const struct store *store, const char *item_id,
		struct import *take_im, void **ret, struct err *err)
	MUST_CHECK;
/* Where a given key was before it was moved, as records say. */
int import_load_move(const struct store *store, struct import *im,
		     struct err *err) MUST_CHECK;
/* That a given key is moved, or was moved back: import_moves.c. */
int import_save_move(const struct store *store, const struct import *im,
		     int64_t now, struct err *err) MUST_CHECK;
int import_save_resources(const struct store *store, struct import *im,
			  int64_t now, struct err *err) MUST_CHECK;
int import_clear_suspicion(const struct store *store, const struct import *im,
			   int64_t now, struct err *err) MUST_CHECK;
/* What the pack says of the item's provider, and what that makes here. */
int import_load_manifest(const struct store *store, struct import *im,
			 struct err *err) MUST_CHECK;
int import_load_lookup(const struct store *store, struct import *im,
		       struct err *err) MUST_CHECK;
/* It failed: an account whose place another was to take is ours as before. */
int import_keep_retired(const struct store *store, struct import *im,
			int64_t now, struct err *err) MUST_CHECK;
/* Before what a failed import gave somebody real is taken back. */
int import_load_shared(const struct store *store, struct import *im,
		       struct err *err) MUST_CHECK;
int import_keep_one_owner(const struct store *store, struct import *im,
			  int64_t now, struct err *err) MUST_CHECK;
int import_save_foreign(const struct store *store, const struct import *im,
			int64_t now, struct err *err) MUST_CHECK;
int import_show_foreign(const struct store *store, struct import *im,
			struct err *err) MUST_CHECK;
/* The proof that the step made, if it did, and whose it is. */
int import_save_proof(const struct store *store, struct import *im,
		      int64_t now, struct err *err) MUST_CHECK;
int import_save_events(const struct store *store, struct import *im,
		       const struct step *step, int64_t now, struct err *err)
	MUST_CHECK;
int import_save_host(const struct store *store, struct import *im,
		     int64_t now, struct err *err) MUST_CHECK;

/* load, save, end and so on of the flow: import_store.c. */
const char *import_secret_id(const void *subject, enum slot slot);
void import_captured(void *subject, enum slot slot,
		     const struct secret_face *face);
/* The item ended: what that means for the canary of its run. */
int import_heed_canary(const struct store *store, const struct import *im,
		       int64_t now, struct err *err) MUST_CHECK;
void import_pauses(const void *subject, struct pauses *ret);
void import_limits(const void *subject, const struct request *request,
		   struct limit_names *ret);
void import_way(const void *subject, const struct request *request,
		struct way *ret);
const char *import_detour(const void *subject, const struct request *request);
bool import_refused(void *subject, enum slot slot);
void import_fail(void *subject, enum failure why);

int import_load(const struct store *store, const struct task *task,
		int64_t now, void **ret, struct err *err) MUST_CHECK;
int import_save(const struct store *store, const struct task *task,
		void *subject, const struct step *step,
		const struct verdict *verdict, int64_t now, struct err *err)
	MUST_CHECK;
int import_end(const struct store *store, const struct task *task,
	       void *subject, const struct verdict *verdict, int64_t now,
	       struct err *err) MUST_CHECK;
int import_took(const struct store *store, void *subject, int which,
		struct resource *take_row, int64_t now, struct err *err)
	MUST_CHECK;
void import_free(void **subject);

char *import_memo_write(const void *subject);
void import_memo_read(struct import *im, const char *text);

#endif
