/*
 * flow_change: other models or aliases of an account, another proxy, out of
 * service and back, as a table.
 *
 * The account's row is held from the first step to the last, so that no import
 * and no other change works on it meanwhile.  It is read before it is written,
 * written by one call, and read again; then what is new is proven through the
 * user's own key.  Models or a proxy that are not proven are taken back.
 */
#include "schedd/change.h"
#include "schedd/host/user.h"
#include "shared/table.h"

static const struct step steps[] = {
	{ CHANGE_FIRST_STEP,           STAGE_DONE,      NULL,                got_change_begin },
	{ "change.proxy",              STAGE_DONE,      ask_change_proxy,    got_change_proxy },
	{ "change.read",               STAGE_DONE,      ask_change_read,     got_change_read },
	{ "change.write",              STAGE_DONE,      ask_change_write,    got_change_write },
	{ "change.confirm",            STAGE_DONE,      ask_change_confirm,  got_change_confirm },
	{ "change.recover",            STAGE_DONE,      ask_change_recover,  got_change_recover },
	{ "change.written",            STAGE_DONE,      NULL,                got_change_written },

	/* the proof, once for each name that is to be tried */
	{ "change.models",             STAGE_DONE,      ask_gateway_models,  got_gateway_models },
	{ "change.chat",               STAGE_DONE,      ask_gateway_chat,    got_gateway_chat },
	{ "host.login",                STAGE_DONE,      ask_admin_login,     got_admin_login,
	  { HOST_LOGIN_TOKEN, SLOT_HOST_SESSION } },
	{ "change.proven",             STAGE_DONE,      NULL,                got_change_proven },

	/* reached by name only: as it was before */
	{ "undo.read",                 STAGE_DONE,      ask_undo_read,       got_undo_read },
	{ "undo.write",                STAGE_DONE,      ask_undo_write,      got_undo_write },
	{ "undo.confirm",              STAGE_DONE,      ask_undo_confirm,    got_undo_confirm },
	{ "undo.recover",              STAGE_DONE,      ask_undo_recover,    got_undo_recover },
	{ "undo.end",                  STAGE_DONE,      NULL,                got_change_undone },
};

const struct flow flow_change = {
	.name = CHANGE_FLOW,
	.steps = steps,
	.nsteps = COUNT(steps),
	.undo = "undo.read",
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
