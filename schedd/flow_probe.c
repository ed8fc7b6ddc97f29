/*
 * flow_probe: what a host is and what will work on it.  Nothing is changed
 * there; with a password, a login comes first where the last one has ended.
 *
 * The result is written as a whole at the end: a host that does not answer is
 * `unreachable` with the reason, one that answers is told apart.
 */
#include "schedd/host/capabilities.h"

#include <string.h>

#include "schedd/host/user.h"
#include "schedd/step.h"
#include "shared/hosts.h"
#include "shared/installation.h"
#include "shared/notices.h"
#include "shared/table.h"

#define CAPABILITIES_MAX (64 << 10)
#define ATTEMPTS 2	/* an operator waits for this: do not insist */

struct host_probe {
	struct host host;
	struct host_peer peer;
	char inst[ID_SHORT_MAX];
	struct host_seen seen;
	int64_t attempt;
	int64_t now;
	bool forgotten;		/* the host does not know our session */
	bool logged_in;		/* in this probe: once is enough */
	bool new_session;	/* to be written down with this step */
	char *detail;
};

/* A peer that does not answer is asked once more, then believed. */
static struct verdict judged(struct host_probe *probe,
			     const struct answer *answer, enum failure why)
{
	if (why == FAILURE_NONE)
		return go_on();
	if (failure_facts(why)->passes && probe->attempt + 1 < ATTEMPTS)
		return retry(why, host_retry_after_ms(answer));
	if (why == FAILURE_HOST_AUTH && !probe->logged_in &&
	    probe->host.auth_type == HOST_AUTH_PASSWORD) {
		probe->forgotten = true;
		return go_to("probe.login");
	}
	probe->detail = host_detail(answer);
	return failed(why);
}

static bool ask_settings(const void *subject, struct request *request)
{
	const struct host_probe *probe = subject;

	host_ask_settings(request, &probe->peer);
	return true;
}

static struct verdict got_settings(void *subject, const struct answer *answer)
{
	struct host_probe *probe = subject;

	return judged(probe, answer,
		      host_judge_settings(answer, &probe->seen));
}

static bool ask_login(const void *subject, struct request *request)
{
	const struct host_probe *probe = subject;

	if (probe->host.auth_type != HOST_AUTH_PASSWORD)
		return false;
	if (!probe->forgotten && probe->host.session_secret_id &&
	    probe->host.session_expires_at > probe->now)
		return false;
	host_ask_admin_login(request, &probe->peer);
	return true;
}

static struct verdict got_login(void *subject, const struct answer *answer)
{
	struct host_probe *probe = subject;
	struct host_login login = { 0 };
	enum failure why;

	if (!answer)
		return go_on();
	why = host_judge_admin_login(answer, &login);
	probe->logged_in = true;
	probe->forgotten = probe->forgotten && why != FAILURE_NONE;
	probe->host.session_expires_at = host_login_ends(&login, probe->now);
	return judged(probe, answer, why);
}

static struct verdict got_compliance(void *subject,
				     const struct answer *answer)
{
	struct host_probe *probe = subject;

	return judged(probe, answer,
		      host_judge_probe_compliance(answer, &probe->seen));
}

static bool ask_compliance(const void *subject, struct request *request)
{
	const struct host_probe *probe = subject;

	host_ask_compliance(request, &probe->peer);
	return true;
}

static bool ask_groups(const void *subject, struct request *request)
{
	const struct host_probe *probe = subject;

	host_ask_probe_groups(request, &probe->peer);
	return true;
}

static struct verdict got_groups(void *subject, const struct answer *answer)
{
	struct host_probe *probe = subject;

	return judged(probe, answer,
		      host_judge_probe_groups(answer, &probe->seen));
}

static bool ask_accounts(const void *subject, struct request *request)
{
	const struct host_probe *probe = subject;

	host_ask_probe_accounts(request, &probe->peer);
	return true;
}

static struct verdict got_accounts(void *subject, const struct answer *answer)
{
	struct host_probe *probe = subject;

	return judged(probe, answer,
		      host_judge_probe_accounts(answer, &probe->seen));
}

static bool ask_sync(const void *subject, struct request *request)
{
	const struct host_probe *probe = subject;

	if (host_features_settled(&probe->seen.features,
				  HOST_SIGN_SYNC_ROUTE))
		return false;
	host_ask_probe_sync(request, &probe->peer);
	return true;
}

static struct verdict got_sync(void *subject, const struct answer *answer)
{
	struct host_probe *probe = subject;

	if (!answer)
		return go_on();
	return judged(probe, answer,
		      host_judge_probe_sync(answer, &probe->seen));
}

/* An admin API key is nobody on this route. */
static bool ask_me(const void *subject, struct request *request)
{
	const struct host_probe *probe = subject;

	if (probe->host.auth_type == HOST_AUTH_API_KEY)
		return false;
	host_ask_me(request, &probe->peer);
	return true;
}

static struct verdict got_me(void *subject, const struct answer *answer)
{
	struct host_probe *probe = subject;
	struct verdict v;

	if (!answer)
		return done();
	v = judged(probe, answer, host_judge_me(answer, &probe->seen));
	return v.kind == VERDICT_GO_ON ? done() : v;
}

static const struct step steps[] = {
	{ "probe.public",     0, ask_settings,	 got_settings,	 { 0 } },
	{ "probe.login",      0, ask_login,	 got_login,
	  { HOST_LOGIN_TOKEN, SLOT_HOST_SESSION } },
	{ "probe.compliance", 0, ask_compliance, got_compliance, { 0 } },
	{ "probe.groups",     0, ask_groups,	 got_groups,	 { 0 } },
	{ "probe.accounts",   0, ask_accounts,	 got_accounts,	 { 0 } },
	{ "probe.sync",	      0, ask_sync,	 got_sync,	 { 0 } },
	{ "probe.me",	      0, ask_me,	 got_me,	 { 0 } },
};

static void probe_free(void **subject)
{
	struct host_probe *probe = *subject;

	if (!probe)
		return;
	host_done(&probe->host);
	free(probe->detail);
	free(probe);
	*subject = NULL;
}

static int probe_load(const struct store *store, const struct task *task,
		      int64_t now, void **ret, struct err *err)
{
	struct host_probe *probe = xcalloc(1, sizeof(*probe));
	json_auto_t *memo = json_loads(task->memo, 0, NULL);
	void *subject = probe;

	probe->now = now;
	probe->attempt = task->attempt;
	probe->forgotten = json_is_true(json_object_get(memo, "forgotten"));
	probe->logged_in = json_is_true(json_object_get(memo, "logged_in"));
	host_seen_read(json_object_get(memo, "seen"), &probe->seen);
	if (hosts_get(store->db, task->subject_id, &probe->host, err) ||
	    installation_get(store->db, probe->inst, err)) {
		probe_free(&subject);
		return -1;
	}
	probe->peer = (struct host_peer){
		.base_url = probe->host.base_url,
		.auth = probe->host.auth_type,
		.admin_email = probe->host.admin_email,
		.inst = probe->inst,
	};
	*ret = probe;
	return 0;
}

static int probe_save(const struct store *store, const struct task *task,
		      void *subject, const struct step *step,
		      const struct verdict *verdict, int64_t now,
		      struct err *err)
{
	const struct host_probe *probe = subject;

	(void)task;
	(void)step;
	(void)verdict;
	/* What was seen is in the memo until the end. */
	if (!probe->new_session)
		return 0;
	return hosts_session(store->db, probe->host.host_id,
			     probe->host.session_secret_id,
			     probe->host.session_expires_at, now, err);
}

/*
 * What a probe says of the host as a whole.  Whatever is no answer at all is
 * a matter of the way there; what answers, but not as a host does, is none.
 */
static const struct {
	enum failure why;
	enum host_state state;
} states[] = {
	{ FAILURE_NONE,			HOST_READY },
	{ FAILURE_HOST_AUTH,		HOST_UNAUTHORIZED },
	{ FAILURE_LOGIN_BLOCKED,	HOST_UNAUTHORIZED },
	{ FAILURE_COMPLIANCE_REQUIRED,	HOST_COMPLIANCE_REQUIRED },
	{ FAILURE_HOST_UNSUPPORTED,	HOST_UNSUPPORTED },
	{ FAILURE_NOT_JSON,		HOST_UNSUPPORTED },
	{ FAILURE_REDIRECTED,		HOST_UNSUPPORTED },
	{ FAILURE_TOO_LARGE,		HOST_UNSUPPORTED },
	{ FAILURE_GONE,			HOST_UNSUPPORTED },
	{ FAILURE_HOST_REFUSED,		HOST_UNSUPPORTED },
};

static enum host_state state_of(enum failure why)
{
	for (size_t i = 0; i < COUNT(states); i++)
		if (states[i].why == why)
			return states[i].state;
	return HOST_UNREACHABLE;
}

/* Another version than before is news until the next probe sees it again. */
static int tell_version(const struct store *store,
			const struct host_probe *probe, const char *version,
			int64_t now, struct err *err)
{
	CLEANUP(jout_done) struct jout out = { .text.max = 512 };
	const char *host_id = probe->host.host_id, *from = probe->host.version;

	if (!version || !from)
		return 0;
	if (strcmp(from, version) == 0)
		return notices_end(store->db, NOTICE_HOST_VERSION, host_id,
				   now, err);
	jout_object(&out, NULL);
	jout_str(&out, "from", from);
	jout_str(&out, "to", version);
	jout_object_end(&out);
	const struct notice_spec spec = {
		.kind = NOTICE_HOST_VERSION,
		.subject = host_id,
		.host_id = host_id,
		.detail = buf_str(&out.text),
	};
	return notices_raise(store->db, &spec, now,
			     store->random(store->random_arg), err);
}

static int probe_end(const struct store *store, const struct task *task,
		     void *subject, const struct verdict *verdict,
		     int64_t now, struct err *err)
{
	struct host_probe *probe = subject;
	CLEANUP(jout_done) struct jout out = { .text.max = CAPABILITIES_MAX };
	const char *version = probe->seen.features.version;
	struct host_finding finding = {
		.state = state_of(verdict->failure),
		.reason_detail = probe->detail,
		.version = *version ? version : NULL,
		.run_mode = *probe->seen.run_mode ? probe->seen.run_mode
						  : NULL,
	};

	if (verdict->failure != FAILURE_NONE)
		finding.reason = failure_name(verdict->failure);
	if (probe->seen.settings_read) {
		host_capabilities_write(&out, &probe->seen);
		finding.capabilities = buf_str(&out.text);
	}
	if (tell_version(store, probe, finding.version, now, err))
		return -1;
	return hosts_found(store->db, task->subject_id, &finding, now, err);
}

static char *probe_memo(const void *subject)
{
	const struct host_probe *probe = subject;
	struct jout out = { .text.max = TASK_MEMO_MAX };

	jout_object(&out, NULL);
	jout_bool(&out, "forgotten", probe->forgotten);
	jout_bool(&out, "logged_in", probe->logged_in);
	host_seen_write(&out, "seen", &probe->seen);
	jout_object_end(&out);
	return buf_take(&out.text);
}

static const char *probe_secret(const void *subject, enum slot slot)
{
	const struct host_probe *probe = subject;

	if (slot == SLOT_HOST_SESSION)
		return probe->host.session_secret_id;
	return slot == SLOT_HOST_TOKEN ? probe->host.auth_secret_id : NULL;
}

static void probe_captured(void *subject, enum slot slot,
			   const struct secret_face *face)
{
	struct host_probe *probe = subject;

	(void)slot;
	own_set(&probe->host.session_secret_id, face->secret_id);
	probe->new_session = true;
}

static void probe_limits(const void *subject, const struct request *request,
			 struct limit_names *ret)
{
	const struct host_probe *probe = subject;

	(void)request;
	ret->host = probe->host.host_id;
}

static void probe_pauses(const void *subject, struct pauses *ret)
{
	const struct host_probe *probe = subject;

	if (probe->host.paused_at)
		ret->host = probe->host.host_id;
}

static void probe_way(const void *subject, const struct request *request,
		      struct way *ret)
{
	const struct host_probe *probe = subject;

	(void)request;
	ret->proxy_secret_id = probe->host.proxy_secret_id;
	ret->ca_pem = probe->host.ca_pem;
}

const struct flow flow_host_probe = {
	.name = "host_probe",
	.steps = steps,
	.nsteps = COUNT(steps),
	.load = probe_load,
	.save = probe_save,
	.end = probe_end,
	.free = probe_free,
	.secret_id = probe_secret,
	.captured = probe_captured,
	.limits = probe_limits,
	.pauses = probe_pauses,
	.way = probe_way,
	.memo = probe_memo,
};
