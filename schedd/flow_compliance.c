/*
 * flow_compliance: an operator accepts a host's compliance statement.
 *
 * CRM never does so by itself: the phrase is what somebody typed, and stands
 * in the task's memo.  Afterwards the host is probed, which tells whether the
 * gate is open.
 */
#include <string.h>

#include "schedd/audit_event.h"
#include "schedd/host/compliance.h"
#include "schedd/host/user.h"
#include "schedd/step.h"
#include "schedd/way.h"
#include "shared/hosts.h"
#include "shared/installation.h"
#include "shared/table.h"

#define MEMO_TEXT_MAX 2048

struct acceptance {
	struct host host;
	struct host_peer peer;
	char inst[ID_SHORT_MAX];
	char *phrase;
	char *detail;
	bool new_session;
	int64_t now;
};

static struct verdict judged(struct acceptance *a,
			     const struct answer *answer, enum failure why)
{
	if (why == FAILURE_NONE)
		return go_on();
	if (failure_facts(why)->passes)
		return retry(why, host_retry_after_ms(answer));
	free(a->detail);
	a->detail = host_detail(answer);
	return failed(why);
}

static bool ask_accept(const void *subject, struct request *request)
{
	const struct acceptance *a = subject;

	host_ask_compliance_accept(request, &a->peer, a->phrase);
	return true;
}

static struct verdict got_accept(void *subject, const struct answer *answer)
{
	struct acceptance *a = subject;
	enum failure why = host_judge_compliance_accept(answer);

	return why == FAILURE_NONE ? done() : judged(a, answer, why);
}

static bool ask_login(const void *subject, struct request *request)
{
	const struct acceptance *a = subject;

	host_ask_admin_login(request, &a->peer);
	return true;
}

static struct verdict got_login(void *subject, const struct answer *answer)
{
	struct acceptance *a = subject;
	struct host_login login = { 0 };
	enum failure why = host_judge_admin_login(answer, &login);

	if (why == FAILURE_NONE)
		a->host.session_expires_at = host_login_ends(&login, a->now);
	return judged(a, answer, why);
}

static const struct step steps[] = {
	{ "compliance.accept", 0, ask_accept, got_accept },
	{ "host.login",        0, ask_login,  got_login,
	  { HOST_LOGIN_TOKEN, SLOT_HOST_SESSION } },
};

static void acceptance_free(void **subject)
{
	struct acceptance *a = *subject;

	if (!a)
		return;
	host_done(&a->host);
	free(a->phrase);
	free(a->detail);
	free(a);
	*subject = NULL;
}

static char *phrase_of(const char *memo)
{
	json_auto_t *object = json_loads(memo, 0, NULL);
	const char *phrase = json_string_value(json_object_get(object,
							       "phrase"));

	return xstrdup(phrase ? phrase : "");
}

static int acceptance_load(const struct store *store, const struct task *task,
			   int64_t now, void **ret, struct err *err)
{
	struct acceptance *a = xcalloc(1, sizeof(*a));
	void *subject = a;

	a->now = now;
	a->phrase = phrase_of(task->memo);
	if (hosts_get(store->db, task->subject_id, &a->host, err) ||
	    installation_get(store->db, a->inst, err)) {
		acceptance_free(&subject);
		return -1;
	}
	a->peer = (struct host_peer){
		.base_url = a->host.base_url,
		.auth = a->host.auth_type,
		.admin_email = a->host.admin_email,
		.inst = a->inst,
	};
	*ret = subject;
	return 0;
}

static int acceptance_save(const struct store *store, const struct task *task,
			   void *subject, const struct step *step,
			   const struct verdict *verdict, int64_t now,
			   struct err *err)
{
	struct acceptance *a = subject;

	(void)task;
	(void)step;
	(void)verdict;
	if (!a->new_session)
		return 0;
	return hosts_session(store->db, a->host.host_id,
			     a->host.session_secret_id,
			     a->host.session_expires_at, now, err);
}

/* The probe tells what became of it; a refusal is told here. */
static int acceptance_end(const struct store *store, const struct task *task,
			  void *subject, const struct verdict *verdict,
			  int64_t now, struct err *err)
{
	struct acceptance *a = subject;
	const struct host_finding refusal = {
		.state = a->host.state,
		.reason = failure_name(verdict->failure),
		.reason_detail = a->detail,
	};
	const struct task_spec probe = {
		.flow = "host_probe",
		.subject_id = a->host.host_id,
		.host_id = a->host.host_id,
		.step = "probe.public",
		.not_before = now,
	};
	const struct audit_deed deed = {
		.host_id = a->host.host_id,
		.object = "host",
		.object_id = a->host.host_id,
		.kind = "compliance-accepted",
	};
	char task_id[ID_MAX];

	(void)task;
	if (verdict->kind == VERDICT_FAILED)
		return hosts_found(store->db, a->host.host_id, &refusal, now,
				   err);
	if (audit_event(store, &deed, now, err))
		return -1;
	return tasks_add(store->db, &probe, now,
			 store->random(store->random_arg), task_id, err);
}

static void acceptance_fail(void *subject, enum failure why)
{
	(void)subject;
	(void)why;
}

static const char *acceptance_secret_id(const void *subject, enum slot slot)
{
	const struct acceptance *a = subject;

	if (slot == SLOT_HOST_TOKEN)
		return a->host.auth_secret_id;
	return slot == SLOT_HOST_SESSION ? a->host.session_secret_id : NULL;
}

static void acceptance_captured(void *subject, enum slot slot,
				const struct secret_face *face)
{
	struct acceptance *a = subject;

	(void)slot;
	own_set(&a->host.session_secret_id, face->secret_id);
	a->new_session = true;
}

static const char *acceptance_detour(const void *subject,
				     const struct request *request)
{
	const struct acceptance *a = subject;

	(void)request;
	if (a->peer.auth != HOST_AUTH_PASSWORD ||
	    (a->host.session_secret_id &&
	     a->host.session_expires_at > a->now))
		return NULL;
	return "host.login";
}

static bool acceptance_refused(void *subject, enum slot slot)
{
	struct acceptance *a = subject;

	if (slot != SLOT_HOST_SESSION)
		return false;
	a->host.session_expires_at = 0;
	a->new_session = true;
	return true;
}

static void acceptance_limits(const void *subject,
			      const struct request *request,
			      struct limit_names *ret)
{
	const struct acceptance *a = subject;

	(void)request;
	ret->host = a->host.host_id;
}

static void acceptance_pauses(const void *subject, struct pauses *ret)
{
	const struct acceptance *a = subject;

	if (a->host.paused_at)
		ret->host = a->host.host_id;
}

static void acceptance_way(const void *subject, const struct request *request,
			   struct way *ret)
{
	const struct acceptance *a = subject;

	(void)request;
	ret->proxy_secret_id = a->host.proxy_secret_id;
	ret->ca_pem = a->host.ca_pem;
}

/* The phrase has to outlast a repeat. */
static char *acceptance_memo(const void *subject)
{
	const struct acceptance *a = subject;
	struct jout out = { .text.max = MEMO_TEXT_MAX };

	jout_object(&out, NULL);
	jout_str(&out, "phrase", a->phrase);
	jout_object_end(&out);
	return buf_take(&out.text);
}

const struct flow flow_compliance = {
	.name = "host_compliance",
	.steps = steps,
	.nsteps = COUNT(steps),
	.load = acceptance_load,
	.save = acceptance_save,
	.end = acceptance_end,
	.free = acceptance_free,
	.fail = acceptance_fail,
	.secret_id = acceptance_secret_id,
	.captured = acceptance_captured,
	.limits = acceptance_limits,
	.pauses = acceptance_pauses,
	.way = acceptance_way,
	.detour = acceptance_detour,
	.refused = acceptance_refused,
	.memo = acceptance_memo,
};
