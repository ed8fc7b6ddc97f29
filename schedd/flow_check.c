/*
 * flow_check: prove an access again, find out what is wrong if that fails,
 * and put right what is ours to put right.
 *
 * The subject is the import that proved the access last, so the steps are the
 * import's own: the accounts of the group are looked at, the user's key gets
 * the list of models and a completion, what the user has lost is got anew.
 * Nothing is made for the live group; what could do harm there is tried on a
 * copy of the account, which goes again: see check_private.c.
 */
#include "schedd/check.h"
#include "schedd/host/user.h"
#include "schedd/import_steps.h"
#include "shared/checks.h"
#include "shared/table.h"

static bool ends_soon(const struct import *im)
{
	const struct resource *r = &im->resources[IMPORT_SUBSCRIPTION];

	return im->run.access_mode == ACCESS_SUBSCRIPTION &&
	       !import_is_given(im) && r->state == RESOURCE_PRESENT &&
	       r->expires_at != 0 && r->expires_at <= im->now;
}

/* There is no key to prove it with: its row was closed. */
static bool lacks_key(const struct import *im)
{
	return !import_is_given(im) &&
	       !im->resources[IMPORT_KEY].resource_id;
}

static struct verdict got_check_begin(void *subject,
				      const struct answer *answer)
{
	struct import *im = subject;

	(void)answer;
	im->diagnosis = (struct diagnosis){ 0 };
	if (im->paused)
		return failed(FAILURE_ACCOUNT_PAUSED);
	if (!im->item.group_id || im->resources[IMPORT_GROUP].state !=
	    RESOURCE_PRESENT)
		return failed(FAILURE_GONE);
	/* It was lost, and could not be got anew when it was: once more. */
	if (lacks_key(im))
		return go_to("access.user");
	/* It ends before long: extend it before it is proven. */
	if (ends_soon(im))
		return go_to("access.subscription");
	return go_on();
}

static struct verdict got_check_proven(void *subject,
				       const struct answer *answer)
{
	(void)subject;
	(void)answer;
	return go_to("check.balance");
}

static const struct step steps[] = {
	{ CHECK_FIRST_STEP,            STAGE_DONE,      NULL,                got_check_begin },
	IMPORT_DIAGNOSIS_STEPS,

	/* the proof */
	{ "validate.models",           STAGE_VALIDATE,  ask_gateway_models,  got_gateway_models },
	{ "validate.chat",             STAGE_VALIDATE,  ask_gateway_chat,    got_gateway_chat },
	{ "check.proven",              STAGE_DONE,      NULL,                got_check_proven },
	{ "check.balance",             STAGE_DONE,      ask_check_balance,   got_check_balance },
	{ "check.money",               STAGE_DONE,      ask_check_money,     got_check_money },
	{ "surface.responses", STAGE_DONE, ask_surface_responses, got_surface_responses },
	{ "surface.group",             STAGE_DONE,      ask_surface_group,   got_surface_group },
	{ "surface.try",               STAGE_DONE,      ask_surface_try,     got_surface_try },
	{ "surface.end",               STAGE_DONE,      NULL,                got_surface_end },

	/* what the user has lost is got anew */
	IMPORT_ACCESS_STEPS,

	{ "host.login",                STAGE_PROVISION, ask_admin_login,     got_admin_login,
	  { HOST_LOGIN_TOKEN, SLOT_HOST_SESSION } },

	/* reached by name only: what could do harm is tried alone */
	{ "private.begin",             STAGE_DONE,      NULL,                got_private_begin },
	{ "private.old_group",         STAGE_DONE,      ask_old_group,       got_old_group },
	{ "private.drop_old_group", STAGE_DONE, ask_drop_old_group, got_drop_old_group },
	{ "private.find_group",        STAGE_DONE,      ask_private_find,    got_private_find },
	{ "private.create_group",      STAGE_DONE,      ask_private_group,   got_private_group },
	{ "private.dispatch", STAGE_DONE, ask_private_dispatch, got_private_dispatch },
	{ "private.clone",             STAGE_DONE,      NULL,                got_want_clone },
	{ "private.old_clone",         STAGE_DONE,      ask_old_clone,       got_old_clone },
	{ "private.drop_old_clone", STAGE_DONE, ask_drop_old_clone, got_drop_old_clone },
	{ "private.find_clone",        STAGE_DONE,      ask_find_clone,      got_find_clone },
	{ "private.check_group",       STAGE_DONE,      ask_private_still,   got_private_still },
	{ "private.create_clone",      STAGE_DONE,      ask_create_clone,    got_create_clone },
	{ "private.flag",              STAGE_DONE,      ask_clone_flag,      got_clone_flag },
	{ "private.bind",              STAGE_DONE,      ask_clone_bind,      got_clone_bind },
	{ "private.read",              STAGE_DONE,      ask_clone_read,      got_clone_read },
	{ "private.user",              STAGE_DONE,      NULL,                got_private_user },
	{ "prove.assign",              STAGE_DONE,      ask_proof_assign,    got_proof_assign },
	{ "prove.key",                 STAGE_DONE,      NULL,                got_want_proof_key },
	{ "prove.rebind",              STAGE_DONE,      ask_rebind,          got_rebind },
	{ "private.whoami",            STAGE_DONE,      ask_private_whoami,  got_private_whoami },
	{ "private.warm",              STAGE_DONE,      ask_private_warm,    got_private_warm },
	{ "private.try",               STAGE_DONE,      ask_private_try,     got_private_try },
	{ "private.look",              STAGE_DONE,      ask_private_look,    got_private_look },
	{ "private.recover",           STAGE_DONE,      ask_clone_recover,   got_clone_recover },
	{ "private.switch_on",         STAGE_DONE,      ask_clone_switch,    got_clone_switch },
	{ "private.lost_clone",        STAGE_DONE,      ask_lost_clone,      got_lost_clone },
	{ "private.drop_clone",        STAGE_DONE,      ask_drop_clone,      got_drop_clone },
	{ "private.lost_group",        STAGE_DONE,      ask_lost_private,    got_lost_private },
	{ "private.drop_group",        STAGE_DONE,      ask_drop_private,    got_drop_private },
	{ "private.end",               STAGE_DONE,      NULL,                got_private_end },

	/* reached by name only: a failure; nothing is asked if nothing is there */
	{ "undo.find_clone",           STAGE_DONE,      ask_lost_clone,      got_lost_clone },
	{ "undo.clone",                STAGE_DONE,      ask_drop_clone,      got_drop_clone },
	{ "undo.find_proof",           STAGE_DONE,      ask_lost_private,    got_lost_private },
	{ "undo.proof_group",          STAGE_DONE,      ask_drop_private,    got_drop_private },
	{ "undo.end",                  STAGE_DONE,      NULL,                got_check_undone },
};

const struct flow flow_check = {
	.name = CHECK_FLOW,
	.steps = steps,
	.nsteps = COUNT(steps),
	.undo = "undo.find_clone",
	.load = check_load,
	.save = check_save,
	.end = check_end,
	.free = import_free,
	.fail = check_fail,
	.want = import_want,
	.took = import_took,
	.secret_id = import_secret_id,
	.captured = import_captured,
	.limits = import_limits,
	.pauses = import_pauses,
	.way = import_way,
	.detour = import_detour,
	.refused = import_refused,
	.memo = import_memo_write,
};
