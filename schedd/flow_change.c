/*
 * flow_change: other models or aliases of an account, another proxy, another
 * key, out of service and back, as a table.
 *
 * The account's row is held from the first step to the last, so that no import
 * and no other change works on it meanwhile.  It is read before it is written,
 * written by one call, and read again; then what is new is proven through the
 * user's own key.  Models or a proxy that are not proven are taken back.
 * Another key is proven before it is written, too: see change_rotate.c.
 */
#include "schedd/change.h"
#include "schedd/check.h"
#include "schedd/host/user.h"
#include "shared/table.h"

static const struct step steps[] = {
	{ CHANGE_FIRST_STEP,           STAGE_DONE,      NULL,                got_change_begin },
	{ "change.proxy",              STAGE_DONE,      ask_change_proxy,    got_change_proxy },
	{ "change.read",               STAGE_DONE,      ask_change_read,     got_change_read,
	  .fingerprints = true },
	{ "change.write",              STAGE_DONE,      ask_change_write,    got_change_write },
	{ "change.confirm",            STAGE_DONE,      ask_change_confirm,  got_change_confirm,
	  .fingerprints = true },
	{ "change.recover",            STAGE_DONE,      ask_change_recover,  got_change_recover },
	{ "change.written",            STAGE_DONE,      NULL,                got_change_written },

	/* the proof, once for each name that is to be tried */
	{ "change.models",             STAGE_DONE,      ask_gateway_models,  got_gateway_models },
	{ "change.chat",               STAGE_DONE,      ask_gateway_chat,    got_gateway_chat },
	{ "host.login",                STAGE_DONE,      ask_admin_login,     got_admin_login,
	  { HOST_LOGIN_TOKEN, SLOT_HOST_SESSION } },
	{ "change.proven",             STAGE_DONE,      NULL,                got_change_proven },

	/* reached by name only: another key, at the provider itself */
	{ "rotate.place",              STAGE_DONE,      NULL,                got_rotate_place },
	{ "rotate.taken",              STAGE_DONE,      NULL,                got_rotate_taken },
	{ "rotate.list",               STAGE_DONE,      ask_rotate_list,     got_rotate_list },
	{ "rotate.chat",               STAGE_DONE,      ask_rotate_chat,     got_rotate_chat },
	{ "rotate.alone",              STAGE_DONE,      NULL,                got_rotate_alone },

	/* and through the host, by a copy of the account */
	{ "private.begin",             STAGE_DONE,      NULL,                got_rotate_private },
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
	IMPORT_ACCESS_STEPS,
	{ "prove.assign",              STAGE_DONE,      ask_proof_assign,    got_proof_assign },
	{ "prove.key",                 STAGE_DONE,      NULL,                got_want_proof_key },
	{ "prove.rebind",              STAGE_DONE,      ask_rebind,          got_rebind },
	{ "prove.models",              STAGE_DONE,      ask_gateway_models,  got_gateway_models },
	{ "prove.chat",                STAGE_DONE,      ask_gateway_chat,    got_gateway_chat },
	{ "prove.groups",              STAGE_DONE,      NULL,                got_rotate_proven },
	{ "private.lost_clone",        STAGE_DONE,      ask_lost_clone,      got_lost_clone },
	{ "private.drop_clone",        STAGE_DONE,      ask_drop_clone,      got_drop_clone },
	{ "private.lost_group",        STAGE_DONE,      ask_lost_private,    got_lost_private },
	{ "private.drop_group",        STAGE_DONE,      ask_drop_private,    got_drop_private },

	/* then on the account, by the steps of every change */
	{ "rotate.ready",              STAGE_DONE,      NULL,                got_rotate_ready },
	{ "rotate.light",              STAGE_DONE,      ask_rotate_light,    got_rotate_light },
	{ "rotate.look",               STAGE_DONE,      ask_rotate_look,     got_rotate_look,
	  .fingerprints = true },
	{ "rotate.settle",             STAGE_DONE,      NULL,                got_rotate_settle },
	{ "rotate.over",               STAGE_DONE,      NULL,                got_rotate_over },

	/* reached by name only: as it was before */
	{ "undo.find_clone",           STAGE_DONE,      ask_lost_clone,      got_lost_clone },
	{ "undo.clone",                STAGE_DONE,      ask_drop_clone,      got_drop_clone },
	{ "undo.find_proof",           STAGE_DONE,      ask_lost_private,    got_lost_private },
	{ "undo.proof_group",          STAGE_DONE,      ask_drop_private,    got_drop_private },
	{ "undo.read",                 STAGE_DONE,      ask_undo_read,       got_undo_read,
	  .fingerprints = true },
	{ "undo.write",                STAGE_DONE,      ask_undo_write,      got_undo_write },
	{ "undo.confirm",              STAGE_DONE,      ask_undo_confirm,    got_undo_confirm,
	  .fingerprints = true },
	{ "undo.recover",              STAGE_DONE,      ask_undo_recover,    got_undo_recover },
	{ "undo.again",                STAGE_DONE,      ask_rotate_again,    got_rotate_again },
	{ "undo.end",                  STAGE_DONE,      NULL,                got_change_undone },
};

const struct flow flow_change = {
	.name = CHANGE_FLOW,
	.steps = steps,
	.nsteps = COUNT(steps),
	.undo = "undo.find_clone",
	.load = change_load,
	.save = change_save,
	.end = change_end,
	.free = import_free,
	.fail = import_fail,
	.want = change_want,
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
