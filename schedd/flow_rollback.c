/*
 * flow_rollback: what imports made on a host is taken back, as a table.
 *
 * The host is asked something harmless first: one that cannot be reached
 * changes nothing.  Then the items are marked and the parts written, in
 * batches; the host has to show one thing of ours; then one part is settled
 * after the other, in the order of rollback_rank(); a part that has to stay
 * does not keep the others.
 */
#include "schedd/host/user.h"
#include "schedd/rollback.h"
#include "shared/table.h"

static bool ask_rb_login(const void *subject, struct request *request)
{
	const struct rollback_work *w = subject;

	host_ask_admin_login(request, &w->peer);
	return true;
}

static struct verdict got_rb_login(void *subject, const struct answer *answer)
{
	struct rollback_work *w = subject;
	struct host_login login = { 0 };
	enum failure why = host_judge_admin_login(answer, &login);

	/* Whatever part it is for: without a session none is taken back. */
	if (why != FAILURE_NONE)
		return rollback_host_trouble(w, answer, why);
	w->host.session_expires_at = host_login_ends(&login, w->now);
	return go_on();
}

static const struct step steps[] = {
	{ ROLLBACK_FIRST_STEP,  0, ask_rb_begin,           got_rb_begin },
	{ "rollback.mark",      0, NULL,                   got_rb_mark },
	{ "rollback.plan",      0, NULL,                   got_rb_plan },
	{ "rollback.sight",     0, ask_rb_sight,           got_rb_sight },
	{ "rollback.next",      0, NULL,                   got_rb_next },
	{ "part.taken",         0, NULL,                   got_rb_taken },

	/* reached by name only, as what follows: one part */
	{ "part.find",          0, ask_rb_find,            got_rb_find },
	{ "access.end",         0, NULL,                   got_rb_access },
	{ "move.look",          0, ask_rb_move_look,       got_rb_move_look },
	{ "move.back",          0, ask_rb_move_back,       got_rb_move_back },
	{ "move.user",          0, ask_rb_move_user,       got_rb_move_user },
	{ "move.right",         0, ask_rb_move_right,      got_rb_move_right },
	{ "user.read",          0, ask_rb_user_read,       got_rb_user_read },
	{ "user.keys",          0, ask_rb_user_keys,       got_rb_user_keys },
	{ "user.delete",        0, ask_rb_user_delete,     got_rb_user_delete },
	{ "key.look",           0, ask_rb_key_look,        got_rb_key_look,
	  .fingerprints = true },
	{ "key.token",          0, NULL,                   got_rb_key_token },
	{ "key.login",          0, ask_rb_key_login,       got_rb_key_login,
	  { HOST_LOGIN_TOKEN, SLOT_USER_TOKEN } },
	{ "key.delete",         0, ask_rb_key_delete,      got_rb_key_delete },
	{ "key.owner",          0, ask_rb_key_owner,       got_rb_key_owner },
	{ "subscription.look",  0, ask_rb_sub_look,        got_rb_sub_look },
	{ "subscription.revoke", 0, ask_rb_sub_revoke,     got_rb_sub_revoke },
	{ "subscription.shorten", 0, ask_rb_sub_shorten,   got_rb_sub_shorten },
	{ "channel.read",       0, ask_rb_channel_read,    got_rb_channel_read },
	{ "channel.delete",     0, ask_rb_channel_delete,  got_rb_channel_delete },
	{ "account.read",       0, ask_rb_account_read,    got_rb_account_read },
	{ "account.delete",     0, ask_rb_account_delete,  got_rb_account_delete },
	{ "account.narrow",     0, ask_rb_account_narrow,  got_rb_account_narrow },
	{ "account.release",    0, ask_rb_account_release, got_rb_account_release },
	{ "account.rest",       0, ask_rb_account_rest,    got_rb_account_rest },
	{ "group.read",         0, ask_rb_group_read,      got_rb_group_read },
	{ "group.accounts",     0, ask_rb_group_accounts,  got_rb_group_accounts },
	{ "group.keys",         0, ask_rb_group_keys,      got_rb_group_keys },
	{ "group.subscriptions", 0, ask_rb_group_subs,     got_rb_group_subs },
	{ "group.delete",       0, ask_rb_group_delete,    got_rb_group_delete },

	{ "host.login",         0, ask_rb_login,           got_rb_login,
	  { HOST_LOGIN_TOKEN, SLOT_HOST_SESSION } },

	{ "rollback.items",     0, NULL,                   got_rb_items },
	{ "rollback.end",       0, NULL,                   got_rb_end },

	/* reached by name only: it broke off; nothing is put back */
	{ "undo.end",           0, NULL,                   got_rb_broken },
};

static void work_fail(void *subject, enum failure why)
{
	struct rollback_work *w = subject;

	w->memo.failure = (int64_t)why;
}

static const char *work_secret_id(const void *subject, enum slot slot)
{
	const struct rollback_work *w = subject;

	switch (slot) {
	case SLOT_HOST_TOKEN:
		return w->host.auth_secret_id;
	case SLOT_HOST_SESSION:
		return w->host.session_secret_id;
	case SLOT_USER_PASSWORD:
		return w->owner.secret_id;
	case SLOT_USER_TOKEN:
		return w->token.secret_id;
	default:
		return NULL;
	}
}

static void work_captured(void *subject, enum slot slot,
			  const struct secret_face *face)
{
	struct rollback_work *w = subject;

	if (slot == SLOT_USER_TOKEN) {
		own_set(&w->token.secret_id, face->secret_id);
		w->token_changed = true;
		return;
	}
	own_set(&w->host.session_secret_id, face->secret_id);
	w->new_session = true;
}

static const char *work_detour(const void *subject,
			       const struct request *request)
{
	const struct rollback_work *w = subject;

	if (!request_has_slot(request, SLOT_HOST_SESSION) ||
	    (w->host.session_secret_id &&
	     w->host.session_expires_at > w->now))
		return NULL;
	return "host.login";
}

static bool work_refused(void *subject, enum slot slot)
{
	struct rollback_work *w = subject;

	if (slot != SLOT_HOST_SESSION || !w->host.session_secret_id)
		return false;
	w->host.session_expires_at = 0;
	w->new_session = true;
	return true;
}

static void work_limits(const void *subject, const struct request *request,
			struct limit_names *ret)
{
	const struct rollback_work *w = subject;

	(void)request;
	ret->host = w->host.host_id;
}

static void work_pauses(const void *subject, struct pauses *ret)
{
	const struct rollback_work *w = subject;

	if (w->host.paused_at)
		ret->host = w->host.host_id;
}

static void work_way(const void *subject, const struct request *request,
		     struct way *ret)
{
	const struct rollback_work *w = subject;

	(void)request;
	ret->proxy_secret_id = w->host.proxy_secret_id;
	ret->ca_pem = w->host.ca_pem;
}

const struct flow flow_rollback = {
	.name = ROLLBACK_FLOW,
	.steps = steps,
	.nsteps = COUNT(steps),
	.undo = "undo.end",
	.load = rollback_load,
	.save = rollback_save,
	.end = rollback_end,
	.free = rollback_free,
	.fail = work_fail,
	.want = rollback_want,
	.took = rollback_took,
	.secret_id = work_secret_id,
	.captured = work_captured,
	.limits = work_limits,
	.pauses = work_pauses,
	.way = work_way,
	.detour = work_detour,
	.refused = work_refused,
	.memo = rollback_memo_write,
};
