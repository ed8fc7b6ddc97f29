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
#include "schedd/host/user.h"
#include "schedd/import_steps.h"
#include "shared/table.h"

static const struct step steps[] = {
	/* the provider itself */
	{ "probe.models",              STAGE_PROBE,     ask_upstream_models, got_upstream_models },
	{ "probe.chat",                STAGE_PROBE,     ask_upstream_chat,   got_upstream_chat },
	{ "probe.responses", STAGE_PROBE, ask_upstream_responses, got_upstream_responses },

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
	{ "provision.check_proxy",     STAGE_PROVISION, ask_account_proxy,   got_account_proxy },
	{ "provision.create_account",  STAGE_PROVISION, ask_create_account,  got_create_account },
	{ "confirm.flag",              STAGE_CONFIRM,   ask_flag,            got_flag },
	{ "confirm.bind",              STAGE_CONFIRM,   ask_bind,            got_bind },
	{ "confirm.account",           STAGE_CONFIRM,   ask_account,         got_account,
	  .fingerprints = true },
	{ "prove.begin",               STAGE_CONFIRM,   NULL,                got_begin_proof },

	/* who is to use it; once for each of the run's users */
	IMPORT_ACCESS_STEPS,

	/* the proof */
	{ "validate.models",           STAGE_VALIDATE,  ask_gateway_models,  got_gateway_models },
	{ "validate.chat",             STAGE_VALIDATE,  ask_gateway_chat,    got_gateway_chat },

	/* before any call of an administrator that is known by a password */
	{ "host.login",                STAGE_PROVISION, ask_admin_login,     got_admin_login,
	  { HOST_LOGIN_TOKEN, SLOT_HOST_SESSION } },

	/* reached by name only: the group was there before us */
	{ "provision.known_group",     STAGE_PROVISION, ask_known_group,     got_known_group },

	/* reached by name only: a manifest has prices, so the group a channel */
	{ "provision.channel",         STAGE_PROVISION, NULL,                got_want_channel },
	{ "provision.find_channel",    STAGE_PROVISION, ask_find_channel,    got_find_channel },
	{ "provision.create_channel",  STAGE_PROVISION, ask_create_channel,  got_create_channel },
	{ "provision.write_channel",   STAGE_PROVISION, ask_write_channel,   got_write_channel },
	{ "provision.read_channel",    STAGE_PROVISION, ask_read_channel,    got_read_channel },
	{ "provision.channel_there",   STAGE_PROVISION, NULL,                got_channel_there },

	/* reached by name only: who else has accounts of this base URL? */
	{ "foreign.claim",             STAGE_PROVISION, NULL,                got_claim_look },
	{ "foreign.list",              STAGE_PROVISION, ask_look,            got_look,
	  .fingerprints = true },

	/* reached by name only: the item names an account to be taken over */
	{ "adopt.read",                STAGE_PROVISION, ask_adopt,           got_adopt,
	  .fingerprints = true },
	{ "adopt.taken",               STAGE_PROVISION, NULL,                got_adopt_taken },
	{ "adopt.mark",                STAGE_PROVISION, ask_adopt_mark,      got_adopt_mark },

	/* reached by name only: the account is there, and needs something */
	{ "reuse.hold",                STAGE_CONFIRM,   NULL,                got_hold },
	{ "reuse.read",                STAGE_CONFIRM,   ask_account,         got_reuse_read,
	  .fingerprints = true },
	{ "reuse.act",                 STAGE_CONFIRM,   ask_reuse_act,       got_reuse_act,
	  .fingerprints = true },

	/* reached by name only: the one that ours took the place of */
	{ "retire.read",               STAGE_CONFIRM,   ask_retire_read,     got_retire_read },
	{ "retire.move",               STAGE_CONFIRM,   ask_retire,          got_retire },

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
	{ "prove.groups",              STAGE_CONFIRM,   ask_groups,          got_groups },
	{ "prove.move",                STAGE_CONFIRM,   ask_move,            got_move },
	{ "prove.moved",               STAGE_CONFIRM,   ask_account,         got_moved },
	{ "prove.drop_group",          STAGE_CONFIRM,   ask_drop_proof,      got_drop_proof },

	IMPORT_DIAGNOSIS_STEPS,

	/* reached by name only: take back what was begun; last to first */
	{ "undo.rebind",               STAGE_PROVISION, ask_undo_bound,      got_undo_bound,
	  .fingerprints = true },
	{ "undo.subscription", STAGE_PROVISION, ask_undo_subscription, got_undo_subscription },
	{ "undo.key",                  STAGE_PROVISION, ask_undo_key,        got_undo_key },
	{ "undo.find_account",         STAGE_PROVISION, ask_lost_account,    got_lost_account },
	{ "undo.account",              STAGE_PROVISION, ask_undo_account,    got_undo_account },
	{ "undo.retired",              STAGE_PROVISION, ask_retired_now,     got_retired_now },
	{ "undo.regroup",              STAGE_PROVISION, ask_undo_retired,    got_undo_retired },
	{ "undo.switch",               STAGE_PROVISION, ask_undo_switch,     got_undo_switch },
	{ "undo.adopted",              STAGE_PROVISION, ask_restore_read,    got_restore_read },
	{ "undo.restore",              STAGE_PROVISION, ask_restore,         got_restore },
	{ "undo.restore_rest",         STAGE_PROVISION, ask_restore_rest,    got_restore_rest },
	{ "undo.find_proof",           STAGE_PROVISION, ask_lost_proof,      got_lost_proof },
	{ "undo.proof_group",          STAGE_PROVISION, ask_undo_proof,      got_undo_proof },
	{ "undo.find_channel",         STAGE_PROVISION, ask_lost_channel,    got_lost_channel },
	{ "undo.look_channel", STAGE_PROVISION, ask_undo_look_channel, got_undo_look_channel },
	{ "undo.channel",              STAGE_PROVISION, ask_undo_channel,    got_undo_channel },
	{ "undo.find_group",           STAGE_PROVISION, ask_lost_group,      got_lost_group },
	{ "undo.members",              STAGE_PROVISION, ask_undo_members,    got_undo_members },
	{ "undo.group_keys",           STAGE_PROVISION, ask_undo_group_keys, got_undo_group_keys },
	{ "undo.group_subscriptions",  STAGE_PROVISION, ask_undo_group_subs, got_undo_group_subs },
	{ "undo.group",                STAGE_PROVISION, ask_undo_group,      got_undo_group },
	{ "undo.user",                 STAGE_PROVISION, ask_undo_user,       got_undo_user },
	{ "undo.right",                STAGE_PROVISION, ask_undo_right,      got_undo_right },
	{ "undo.end",                  STAGE_PROVISION, NULL,                got_undone },

	/* reached by name only: a given key is still where we moved it */
	{ "undo.move_back",            STAGE_PROVISION, ask_undo_rebind,     got_undo_rebind },
};

const struct flow flow_import = {
	.name = "import",
	.steps = steps,
	.nsteps = COUNT(steps),
	.undo = "undo.rebind",
	.load = import_load,
	.save = import_save,
	.end = import_end,
	.free = import_free,
	.fail = import_fail,
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
