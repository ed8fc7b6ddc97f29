/*
 * import_steps: the request and answer functions of flow_import, by stage.
 *
 * import_probe.c asks the provider itself; import_models.c chooses models;
 * import_manifest.c knows what the pack says of the provider;
 * import_provision.c makes group and account; import_channel.c lays prices
 * over the group; import_confirm.c reads the
 * account back; import_widen.c adds models to an account that is there;
 * import_reuse.c decides about one that is there, import_adopt.c takes over
 * one of somebody's, import_foreign.c looks for such, import_groups.c changes
 * the groups of one; import_prove.c proves a later account alone;
 * import_access.c makes the user, its subscription and its key;
 * import_validate.c proves; import_undo.c takes back what was begun.
 */
#ifndef SCHEDD_IMPORT_STEPS_H
#define SCHEDD_IMPORT_STEPS_H

#include "schedd/host/account.h"
#include "schedd/host/group.h"
#include "schedd/host/user.h"
#include "schedd/import.h"
#include "schedd/reuse.h"

/* Rows of both: who is to use it, what it needs, and its key. */
#define IMPORT_ACCESS_STEPS \
	{ "access.user",               STAGE_PROVISION, NULL,                got_want_user }, \
	{ "access.find_user",          STAGE_PROVISION, ask_find_user,       got_find_user }, \
	{ "access.create_user",        STAGE_PROVISION, ask_create_user,     got_create_user }, \
	{ "access.login",              STAGE_PROVISION, NULL,                got_want_token }, \
	{ "access.ask_token",          STAGE_PROVISION, ask_token,           got_token, \
	  { "/data/access_token", SLOT_USER_TOKEN } }, \
	{ "access.subscription", STAGE_PROVISION, NULL, got_want_subscribed }, \
	{ "access.subscribed",         STAGE_PROVISION, ask_subscribed,      got_subscribed }, \
	{ "access.assign",             STAGE_PROVISION, ask_assign,          got_assign }, \
	{ "access.key",                STAGE_PROVISION, NULL,                got_want_key }, \
	{ "access.create_key",         STAGE_PROVISION, ask_create_key,      got_create_key }, \
	{ "access.find_key",           STAGE_PROVISION, ask_find_key,        got_find_key }, \
	{ "access.bind",               STAGE_PROVISION, ask_bind_key,        got_bind_key }, \
	{ "access.whoami",             STAGE_PROVISION, ask_whoami,          got_whoami }, \
	{ "access.owner",              STAGE_PROVISION, ask_owner,           got_owner }, \
	{ "access.owner_keys",         STAGE_PROVISION, ask_owner_keys,      got_owner_keys, \
	  .fingerprints = true }, \
	{ "access.top_up",             STAGE_PROVISION, ask_top_up,          got_top_up }, \
	{ "access.check_user",         STAGE_PROVISION, ask_user_still,      got_user_still }, \
	{ "access.set_password",       STAGE_PROVISION, ask_set_password,    got_set_password }, \
	{ "access.key_look",           STAGE_PROVISION, ask_key_look,        got_key_look, \
	  .fingerprints = true }

/* Rows of both: a proof failed. */
#define IMPORT_DIAGNOSIS_STEPS \
	{ "diagnose.accounts",         STAGE_VALIDATE,  ask_diagnose_accounts, \
	  got_diagnose_accounts, .fingerprints = true }, \
	{ "diagnose.direct", STAGE_VALIDATE, ask_diagnose_direct, got_diagnose_direct }, \
	{ "diagnose.log",              STAGE_VALIDATE,  ask_diagnose_log,    got_diagnose_log }, \
	{ "diagnose.channels", STAGE_VALIDATE, ask_diagnose_channels, got_diagnose_channels }, \
	{ "diagnose.test",             STAGE_VALIDATE,  ask_diagnose_test,   got_diagnose_test }, \
	{ "diagnose.end",              STAGE_VALIDATE,  NULL,                got_diagnose_end }, \
	{ "mend.read",                 STAGE_VALIDATE,  ask_mend_read,       got_mend_read, \
	  .fingerprints = true }, \
	{ "mend.act",                  STAGE_VALIDATE,  ask_mend_act,        got_mend_act, \
	  .fingerprints = true }, \
	{ "mend.group",                STAGE_VALIDATE,  ask_mend_group,      got_mend_group }

#define ASKS(name) \
	bool ask_##name(const void *subject, struct request *request)
#define GETS(name) \
	struct verdict got_##name(void *subject, const struct answer *answer)

ASKS(upstream_models);	GETS(upstream_models);
ASKS(upstream_chat);	GETS(upstream_chat);
ASKS(upstream_responses); GETS(upstream_responses);

ASKS(admin_login);	GETS(admin_login);

GETS(want_group);
ASKS(known_group);	GETS(known_group);
ASKS(find_group);	GETS(find_group);
ASKS(create_group);	GETS(create_group);
GETS(want_channel);
ASKS(find_channel);	GETS(find_channel);
ASKS(create_channel);	GETS(create_channel);
ASKS(write_channel);	GETS(write_channel);
ASKS(read_channel);	GETS(read_channel);
GETS(channel_there);
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

GETS(claim_look);
ASKS(look);		GETS(look);

ASKS(adopt);		GETS(adopt);
GETS(adopt_taken);
ASKS(adopt_mark);	GETS(adopt_mark);

GETS(hold);
GETS(reuse_read);
ASKS(reuse_act);	GETS(reuse_act);
ASKS(retire_read);	GETS(retire_read);
ASKS(retire);		GETS(retire);

ASKS(account_proxy);	GETS(account_proxy);

GETS(want_widening);
GETS(widening);
ASKS(widen);		GETS(widen);

GETS(want_user);
ASKS(find_user);	GETS(find_user);
ASKS(create_user);	GETS(create_user);
GETS(want_token);
ASKS(token);		GETS(token);
ASKS(user_still);	GETS(user_still);
ASKS(set_password);	GETS(set_password);
ASKS(key_look);		GETS(key_look);
GETS(want_subscribed);
ASKS(subscribed);	GETS(subscribed);
ASKS(assign);		GETS(assign);
GETS(want_key);
ASKS(find_key);		GETS(find_key);
ASKS(create_key);	GETS(create_key);

ASKS(owner);		GETS(owner);
ASKS(owner_keys);	GETS(owner_keys);
ASKS(bind_key);		GETS(bind_key);
ASKS(top_up);		GETS(top_up);
ASKS(whoami);		GETS(whoami);

GETS(begin_proof);
ASKS(proof_assign);	GETS(proof_assign);
GETS(want_proof_key);
ASKS(rebind);		GETS(rebind);
ASKS(groups);		GETS(groups);
ASKS(move);		GETS(move);
GETS(moved);
ASKS(drop_proof);	GETS(drop_proof);

ASKS(gateway_models);	GETS(gateway_models);
ASKS(gateway_chat);	GETS(gateway_chat);

ASKS(diagnose_accounts); GETS(diagnose_accounts);
ASKS(diagnose_direct);	GETS(diagnose_direct);
ASKS(diagnose_log);	GETS(diagnose_log);
ASKS(diagnose_channels); GETS(diagnose_channels);
ASKS(diagnose_test);	GETS(diagnose_test);
GETS(diagnose_end);
ASKS(mend_read);	GETS(mend_read);
ASKS(mend_act);		GETS(mend_act);
ASKS(mend_group);	GETS(mend_group);

ASKS(undo_bound);	GETS(undo_bound);
ASKS(undo_rebind);	GETS(undo_rebind);
ASKS(undo_subscription); GETS(undo_subscription);
ASKS(undo_user); GETS(undo_user);
ASKS(undo_right); GETS(undo_right);
ASKS(undo_key);		GETS(undo_key);
ASKS(lost_account);	GETS(lost_account);
ASKS(undo_account);	GETS(undo_account);
ASKS(retired_now);	GETS(retired_now);
ASKS(undo_retired);	GETS(undo_retired);
ASKS(undo_switch);	GETS(undo_switch);
ASKS(restore_read);	GETS(restore_read);
ASKS(restore);		GETS(restore);
ASKS(restore_rest);	GETS(restore_rest);
ASKS(lost_proof);	GETS(lost_proof);
ASKS(undo_proof);	GETS(undo_proof);
ASKS(lost_channel);	GETS(lost_channel);
ASKS(undo_look_channel); GETS(undo_look_channel);
ASKS(undo_channel);	GETS(undo_channel);
ASKS(lost_group);	GETS(lost_group);
ASKS(undo_members);	GETS(undo_members);
ASKS(undo_group_keys);	GETS(undo_group_keys);
ASKS(undo_group_subs);	GETS(undo_group_subs);
ASKS(undo_group);	GETS(undo_group);
GETS(undone);

/*
 * Decide which models will be mapped: import_models.c.  `listed` is NULL if
 * nobody says.  The item's models are empty if there is none, or if each name
 * could be several.
 */
void import_choose_models(struct import *im, const json_t *listed);

/* May the direct probe end it on its own (decision D15)? */
bool import_probe_ends(const struct import *im, enum failure why);

/* Tokens that a chat through the gateway may cost; or COMPLETION_BARE. */
int64_t import_budget(const struct import *im);

/* Write down what was asked, through which key, and what came back. */
struct completion;
void import_write_proof(struct import *im, const struct answer *answer,
			const struct completion *completion,
			enum failure why);

/*
 * Was a parameter refused?  Then chats are asked with none from here on, and
 * this one once more.
 */
bool import_asks_bare(struct import *im, const struct answer *answer,
		      enum failure why);

/*
 * What the manifest says; all of it nothing, NULL or false, if there is none.
 * import_manifest_models() are those that may be mapped unasked, the smoke
 * models first, of those in `listed` (NULL: there is no list); NULL if there
 * is none.  import_manifest_model() is what a name means.
 */
void import_say_plan(struct import *im);
json_t *import_manifest_models(const struct import *im, const json_t *listed)
	MUST_CHECK;
json_t *import_manifest_aliases(const struct import *im,
				const json_t *models) MUST_CHECK;
const json_t *import_manifest_model(const struct import *im,
				    const char *name, const json_t *listed);
void import_template_account(const struct import *im,
			     struct host_account_wish *wish);
void import_template_group(const struct import *im,
			   struct host_group_wish *wish);

/* The base URL that is asked: the item's, or another of the manifest's. */
char *import_base_url(const struct import *im) GIVES_MEMORY;

/* Ask the next one from now on; false if there is none. */
bool import_next_base(struct import *im);

/*
 * What the provider says to /responses, as far as accounts are armoured
 * against it: what it was seen to, or a refusal where the manifest wants that
 * path never to be taken.
 */
int import_responses_status(const struct import *im);

/* The step behind the group; the body of its channel, as wanted now. */
const char *import_after_group(const struct import *im);
char *import_channel_wanted(const struct import *im) GIVES_MEMORY;

/*
 * Names to wire ids, as the account is to map them: each id to itself, and
 * the aliases of the item.  The caller releases it.
 */
json_t *import_mapping(const struct import *im);

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

/* The model that a proof asks for. */
const char *import_asked_model(const struct import *im);

/* Under this the host keeps what the provider said to the proof's chat. */
char *import_request_id(const struct import *im) GIVES_MEMORY;

/* How often a step may fail in passing; a check leaves it to the next one. */
int64_t import_attempts(const struct import *im);

/* Is it about the user's key, its owner or its group, not the account? */
bool import_is_of_the_key(enum failure why);

/* A completion that the watch asks for counts against the day's budget. */
void import_background(const struct import *im, struct request *request);

/* How long a proof holds. */
int64_t import_proof_life_ms(const struct settings *settings);

/*
 * The proof failed for good: look at each hop, mend what can be mended and
 * prove again; or end with what was found.
 */
struct verdict import_diagnose(struct import *im, const struct answer *answer,
			       enum failure why);

/*
 * Taking back failed so: again if that can help, but one thing that stays
 * must not keep the others from going.
 */
struct verdict import_leave(struct import *im, struct verdict v);
struct verdict import_leave_to(struct import *im, struct verdict v,
			       const char *step);

/* Whom the subscription is for. */
int64_t import_subscriber(const struct import *im);

/* A key that was there already is bound to the group now. */
void import_bound_key(struct import *im);

/*
 * The create of an account, ours or its copy, born in one group.  False if
 * its frozen body cannot be read.
 */
bool import_ask_account(const struct import *im, enum import_resource which,
			enum import_resource group, struct request *request);

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

/*
 * The account of the key is there already, and looks so: go on if it is well,
 * else to where it is held, widened, revived or made anew.
 */
struct verdict import_reuse(struct import *im, const json_t *live);

/* What reuse.h says where the key has no account of ours. */
const struct reuse_rule *import_reuse_none(const struct import *im);

/* What is known of it, as bits of reuse.h; `live` NULL: the host lost it. */
unsigned import_reuse_facts(const struct import *im, const json_t *live);

/* The proxy that the item wants for its account; 0: it does not say. */
int64_t import_proxy(const struct import *im);

/* Does this item's task take over the account that the item names? */
bool import_adopts(const struct import *im);

/* Make it one of ours, in one call: bound to our group beside its own. */
void import_ask_taken_over(const struct import *im, struct request *request);

/* Is it time to look for accounts of others, and nobody does? */
bool import_wants_look(const struct import *im);

/*
 * The groups of an account as they were read just now; false if they are too
 * many to write.
 */
bool import_keep_groups(struct import *im, const json_t *live);

/* Those, with one more and without another (0: none): an array of ids. */
json_t *import_new_groups(const struct import *im, int64_t add, int64_t drop)
	MUST_CHECK;
void import_ask_groups(const struct import *im, struct request *request,
		       int64_t account, int64_t add, int64_t drop);
bool import_groups_hold(const struct import *im, const json_t *live,
			int64_t add, int64_t drop);

/* Read and write them again, from `step` on, but not for ever. */
struct verdict import_regroup(struct import *im, const char *step);

/*
 * The frozen body of the account, with all that the live one maps and all
 * that this item wants besides.
 */
void import_widen(struct import *im, const json_t *live);

/* Does the live account not map some of the models that are wanted? */
bool import_lacks_models(const struct import *im, const json_t *live);

#endif
