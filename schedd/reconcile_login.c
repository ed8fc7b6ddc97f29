/* The administrator's session, where a host is known by a password. */
#include "schedd/host/user.h"
#include "schedd/reconcile.h"

bool ask_reconcile_login(const void *subject, struct request *request)
{
	const struct reconcile *rc = subject;

	host_ask_admin_login(request, &rc->peer);
	return true;
}

struct verdict got_reconcile_login(void *subject, const struct answer *answer)
{
	struct reconcile *rc = subject;
	struct host_login login = { 0 };
	enum failure why = host_judge_admin_login(answer, &login);

	if (why != FAILURE_NONE)
		return reconcile_failed(rc, answer, why);
	rc->host.session_expires_at = host_login_ends(&login, rc->now);
	return go_on();
}

const char *reconcile_detour(const void *subject,
			     const struct request *request)
{
	const struct reconcile *rc = subject;

	if (!request_has_slot(request, SLOT_HOST_SESSION))
		return NULL;
	if (rc->host.session_secret_id &&
	    rc->host.session_expires_at > rc->now)
		return NULL;
	return "host.login";
}

bool reconcile_refused(void *subject, enum slot slot)
{
	struct reconcile *rc = subject;

	if (slot != SLOT_HOST_SESSION || !rc->host.session_secret_id)
		return false;
	rc->host.session_expires_at = 0;
	rc->new_session = true;
	return true;
}

void reconcile_captured(void *subject, enum slot slot,
			const struct secret_face *face)
{
	struct reconcile *rc = subject;

	if (slot != SLOT_HOST_SESSION)
		return;
	own_set(&rc->host.session_secret_id, face->secret_id);
	rc->new_session = true;
}
