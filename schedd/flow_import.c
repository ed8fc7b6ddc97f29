/*
 * flow_import: from a base URL and a key to a proof, as a table.
 *
 * The first account of a group is proven through the live group itself, while
 * its task holds the group's row.  A later one is made in a proof group of its
 * own, proven there, where no other can answer for it, and then moved into the
 * live group by one call: see import_prove.c.  On a host that ignores the
 * responses mode (0.1.126) an account is made in a parking group, of which
 * nobody has a key, and moved when the host's own probe has ended: see
 * import_provision.c.
 */
#include "schedd/import_steps.h"
#include "shared/table.h"

static const struct step steps[] = {
	/* the provider itself */
	{ "probe.models",              STAGE_PROBE,     ask_upstream_models, got_upstream_models },
	{ "probe.chat",                STAGE_PROBE,     ask_upstream_chat,   got_upstream_chat },

	/* group and account */
	{ "provision.group",           STAGE_PROVISION, NULL,                got_want_group },
	{ "provision.find_group",      STAGE_PROVISION, ask_find_group,      got_find_group },
	{ "provision.create_group",    STAGE_PROVISION, ask_create_group,    got_create_group },
	{ "provision.parking",         STAGE_PROVISION, NULL,                got_want_parking },
	{ "provision.find_parking",    STAGE_PROVISION, ask_find_parking,    got_find_parking },
	{ "provision.create_parking",  STAGE_PROVISION, ask_create_parking,  got_create_parking },
	{ "provision.account",         STAGE_PROVISION, NULL,                got_want_account },
	{ "provision.find_account",    STAGE_PROVISION, ask_find_account,    got_find_account },
	{ "provision.proof_group",     STAGE_PROVISION, NULL,                got_want_proof_group },
	{ "provision.find_proof",      STAGE_PROVISION, ask_find_proof,      got_find_proof },
	{ "provision.create_proof",    STAGE_PROVISION, ask_create_proof,    got_create_proof },
	{ "provision.check_group",     STAGE_PROVISION, ask_group_still,     got_group_still },
	{ "provision.create_account",  STAGE_PROVISION, ask_create_account,  got_create_account },
	{ "confirm.flag",              STAGE_CONFIRM,   ask_flag,            got_flag },
	{ "confirm.bind",              STAGE_CONFIRM,   ask_bind,            got_bind },
	{ "confirm.account",           STAGE_CONFIRM,   ask_account,         got_account },
	{ "prove.begin",               STAGE_CONFIRM,   NULL,                got_begin_proof },

	/* who is to use it; once for each of the run's users */
	{ "access.user",               STAGE_PROVISION, NULL,                got_want_user },
	{ "access.find_user",          STAGE_PROVISION, ask_find_user,       got_find_user },
	{ "access.create_user",        STAGE_PROVISION, ask_create_user,     got_create_user },
	{ "access.login",              STAGE_PROVISION, NULL,                got_want_token },
	{ "access.ask_token",          STAGE_PROVISION, ask_token,           got_token,
	  { "/data/access_token", SLOT_USER_TOKEN } },
	{ "access.subscription",       STAGE_PROVISION, NULL,                got_want_subscribed },
	{ "access.subscribed",         STAGE_PROVISION, ask_subscribed,      got_subscribed },
	{ "access.assign",             STAGE_PROVISION, ask_assign,          got_assign },
	{ "access.key",                STAGE_PROVISION, NULL,                got_want_key },
	{ "access.create_key",         STAGE_PROVISION, ask_create_key,      got_create_key },
	{ "access.find_key",           STAGE_PROVISION, ask_find_key,        got_find_key },

	/* the proof */
	{ "validate.models",           STAGE_VALIDATE,  ask_gateway_models,  got_gateway_models },
	{ "validate.chat",             STAGE_VALIDATE,  ask_gateway_chat,    got_gateway_chat },

	/* reached by name only: the account is there, but not all its models */
	{ "widen.account",             STAGE_CONFIRM,   NULL,                got_want_widening },
	{ "widen.read",                STAGE_CONFIRM,   ask_account,         got_widening },
	{ "widen.patch",               STAGE_CONFIRM,   ask_widen,           got_widen },

	/* reached by name only: a later account is proven alone, then moved */
	{ "prove.assign",              STAGE_CONFIRM,   ask_proof_assign,    got_proof_assign },
	{ "prove.key",                 STAGE_CONFIRM,   NULL,                got_want_proof_key },
	{ "prove.rebind",              STAGE_CONFIRM,   ask_rebind,          got_rebind },
	{ "prove.models",              STAGE_CONFIRM,   ask_gateway_models,  got_gateway_models },
	{ "prove.chat",                STAGE_CONFIRM,   ask_gateway_chat,    got_gateway_chat },
	{ "prove.move",                STAGE_CONFIRM,   ask_move,            got_move },
	{ "prove.moved",               STAGE_CONFIRM,   ask_account,         got_moved },
	{ "prove.drop_group",          STAGE_CONFIRM,   ask_drop_proof,      got_drop_proof },

	/* reached by name only: what to do about a user that is lost */
	{ "access.check_user",         STAGE_PROVISION, ask_user_still,      got_user_still },

	/* reached by name only: take back what was begun; last to first */
	{ "undo.key",                  STAGE_PROVISION, ask_undo_key,        got_undo_key },
	{ "undo.find_account",         STAGE_PROVISION, ask_lost_account,    got_lost_account },
	{ "undo.account",              STAGE_PROVISION, ask_undo_account,    got_undo_account },
	{ "undo.find_proof",           STAGE_PROVISION, ask_lost_proof,      got_lost_proof },
	{ "undo.proof_group",          STAGE_PROVISION, ask_undo_proof,      got_undo_proof },
	{ "undo.find_group",           STAGE_PROVISION, ask_lost_group,      got_lost_group },
	{ "undo.group",                STAGE_PROVISION, ask_undo_group,      got_undo_group },
	{ "undo.end",                  STAGE_PROVISION, NULL,                got_undone },
};

static void fail(void *subject, enum failure why)
{
	struct import *im = subject;

	im->memo.failure = (int)why;
	im->memo.proving = false;	/* what is undone is the user's own */
	own_set(&im->item.failure_class, failure_name(why));
}

static const char *secret_id(const void *subject, enum slot slot)
{
	const struct import *im = subject;

	switch (slot) {
	case SLOT_HOST_TOKEN:
		return im->host.auth_secret_id;
	case SLOT_PROVIDER_KEY:
		return im->item.api_key_secret_id;
	case SLOT_USER_PASSWORD:
		return im->resources[import_user(im)].secret_id;
	case SLOT_USER_TOKEN:
		return im->resources[import_token(im)].secret_id;
	case SLOT_USER_KEY:
		return im->resources[import_key(im)].secret_id;
	case SLOT_NONE:
	case SLOT__MAX:
		break;
	}
	return NULL;
}

static void captured(void *subject, enum slot slot,
		     const struct secret_face *face)
{
	struct import *im = subject;

	if (slot == SLOT_USER_TOKEN)
		own_set(&im->resources[import_token(im)].secret_id,
			face->secret_id);
}

static void limits(const void *subject, const struct request *request,
		   struct limit_names *ret)
{
	const struct import *im = subject;

	if (request->peer == PEER_HOST) {
		ret->host = im->host.host_id;
		return;
	}
	ret->provider = im->item.endpoint_key;
	ret->key = im->item.api_key_secret_id;
}

const struct flow flow_import = {
	.name = "import",
	.steps = steps,
	.nsteps = COUNT(steps),
	.undo = "undo.key",
	.load = import_load,
	.save = import_save,
	.end = import_end,
	.free = import_free,
	.fail = fail,
	.want = import_want,
	.took = import_took,
	.secret_id = secret_id,
	.captured = captured,
	.limits = limits,
	.memo = import_memo_write,
};
