/*
 * flow_probe: what a host is and what will work on it.  Only GETs.
 *
 * The result is written as a whole at the end: a host that does not answer is
 * `unreachable` with the reason, one that answers is told apart.
 */
#include "schedd/host/probe.h"

#include <string.h>

#include "schedd/step.h"
#include "shared/hosts.h"
#include "shared/installation.h"
#include "shared/table.h"

#define CAPABILITIES_MAX (64 << 10)
#define ATTEMPTS 2	/* an operator waits for this: do not insist */

struct host_probe {
	struct host host;
	struct host_peer peer;
	char inst[ID_SHORT_MAX];
	struct host_seen seen;
	int64_t attempt;
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

/* An admin API key is nobody on this route. */
static bool ask_me(const void *subject, struct request *request)
{
	const struct host_probe *probe = subject;

	if (probe->host.auth_type != HOST_AUTH_BEARER)
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
	{ "probe.public",   0, ask_settings, got_settings, { 0 } },
	{ "probe.groups",   0, ask_groups,   got_groups,   { 0 } },
	{ "probe.accounts", 0, ask_accounts, got_accounts, { 0 } },
	{ "probe.me",	    0, ask_me,	     got_me,	   { 0 } },
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

	(void)now;
	probe->attempt = task->attempt;
	host_seen_read(json_object_get(memo, "seen"), &probe->seen);
	if (hosts_get(store->db, task->subject_id, &probe->host, err) ||
	    installation_get(store->db, probe->inst, err)) {
		probe_free(&subject);
		return -1;
	}
	probe->peer = (struct host_peer){
		.base_url = probe->host.base_url,
		.auth = probe->host.auth_type,
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
	(void)store;
	(void)task;
	(void)subject;
	(void)step;
	(void)verdict;
	(void)now;
	(void)err;
	return 0;	/* what was seen is in the memo until the end */
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
	};

	if (verdict->failure != FAILURE_NONE)
		finding.reason = failure_name(verdict->failure);
	if (probe->seen.settings_read) {
		host_capabilities_write(&out, &probe->seen);
		finding.capabilities = buf_str(&out.text);
	}
	return hosts_found(store->db, task->subject_id, &finding, now, err);
}

static char *probe_memo(const void *subject)
{
	const struct host_probe *probe = subject;
	struct jout out = { .text.max = TASK_MEMO_MAX };

	jout_object(&out, NULL);
	host_seen_write(&out, "seen", &probe->seen);
	jout_object_end(&out);
	return buf_take(&out.text);
}

static const char *probe_secret(const void *subject, enum slot slot)
{
	const struct host_probe *probe = subject;

	return slot == SLOT_HOST_TOKEN ? probe->host.auth_secret_id : NULL;
}

static void probe_limits(const void *subject, const struct request *request,
			 struct limit_names *ret)
{
	const struct host_probe *probe = subject;

	(void)request;
	ret->host = probe->host.host_id;
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
	.limits = probe_limits,
	.memo = probe_memo,
};
