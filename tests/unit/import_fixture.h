/*
 * import_fixture: an import as a step sees it, made up in memory, and tables
 * of what a peer may say and what the step must make of it.
 */
#ifndef TESTS_UNIT_IMPORT_FIXTURE_H
#define TESTS_UNIT_IMPORT_FIXTURE_H

#include <stdio.h>
#include <string.h>

#include "schedd/import_steps.h"
#include "tests/unit/recorded.h"

#define NOW INT64_C(1790000000000)
#define FIRST_MS 500		/* settings.retry_first_ms */
#define ATTEMPTS 6		/* settings.attempts_max */

static struct settings settings;

MAYBE_UNUSED static int read_settings(void **state)
{
	struct err err;

	(void)state;
	return settings_read(&settings, NULL, &err);
}

MAYBE_UNUSED static int drop_settings(void **state)
{
	(void)state;
	settings_done(&settings);
	return 0;
}

/* ---- the import ---- */

/* The answers of real hosts speak of this account, group and user. */
static const char *const marks[IMPORT_RESOURCE__MAX] = {
	[IMPORT_GROUP]		= "crm-abc123-group111",
	[IMPORT_CHANNEL]	= "crm-abc123-channel1",
	[IMPORT_PARKING]	= "crm-abc123-parking1",
	[IMPORT_ACCOUNT]	= "crm-abc123-account1",
	[IMPORT_NEW_KEY]	= "crm-abc123-newkey11",
	[IMPORT_CLONE]		= "crm-abc123-clone111",
	[IMPORT_PROOF_GROUP]	= "crm-abc123-proofgrp",
	[IMPORT_PROOF_USER]	= "crm-abc123-proofusr",
	[IMPORT_PROOF_TOKEN]	= "crm-abc123-prooftok",
	[IMPORT_PROOF_KEY]	= "crm-abc123-proofkey",
	[IMPORT_USER]		= "crm-abc123-user1111",
	[IMPORT_TOKEN]		= "crm-abc123-token111",
	[IMPORT_SUBSCRIPTION]	= "crm-abc123-subscr11",
	[IMPORT_KEY]		= "crm-abc123-key11111",
};

static void make_up_item(struct item *item)
{
	item->item_id = xstrdup("itm_1");
	item->run_id = xstrdup("run_1");
	item->seq = 1;
	item->provider_id = xstrdup("p-example-1");
	item->endpoint_key = xstrdup("p-example-1");
	item->base_url = xstrdup("https://p.example");
	item->api_key_secret_id = xstrdup("sec_1");
	item->api_key_fingerprint = xstrdup("0123abcd");
	item->requested_models = xstrdup("[]");
	item->models = xstrdup("[\"m-1\",\"m-2\"]");
	item->resolved_smoke_model = xstrdup("m-1");
	item->chat_url = xstrdup("https://p.example/v1/chat/completions");
	item->warnings = xstrdup("[]");
}

/* An import of one user on a host of this version; nothing is made yet. */
static struct import *import_on(const char *version)
{
	struct import *im = xcalloc(1, sizeof(*im));

	im->now = im->step_since = NOW;
	im->random = 42;
	im->settings = &settings;
	im->task_id = "tsk_1";
	snprintf(im->inst, sizeof(im->inst), "abc123");
	make_up_item(&im->item);
	im->run.subscription_days = 30;
	im->host.host_id = xstrdup("hst_1");
	im->features = host_features_of(version);
	im->peer = (struct host_peer){ .base_url = "https://host.example",
				       .auth = HOST_AUTH_API_KEY,
				       .inst = im->inst };
	im->selectors = json_pack("[s]", "alice");
	im->requested = json_array();
	im->models = json_pack("[s,s]", "m-1", "m-2");
	for (size_t i = 0; i < IMPORT_RESOURCE__MAX; i++)
		im->resources[i].mark = xstrdup(marks[i]);
	im->resources[IMPORT_KEY].secret_id = xstrdup("sec_key");
	im->resources[IMPORT_PROOF_KEY].secret_id = xstrdup("sec_key");
	return im;
}

MAYBE_UNUSED static void import_drop(struct import **im)
{
	void *subject = *im;

	import_free(&subject);
	*im = NULL;
}

#define IMPORT CLEANUP(import_drop) struct import *

/* The row is there, in this state; `id` is the host's, or NULL. */
MAYBE_UNUSED static void has(struct import *im, enum import_resource which,
			     enum resource_state state, const char *id)
{
	struct resource *r = &im->resources[which];

	own_set(&r->resource_id, "res_1");
	own_set(&r->lookup, "p-example-1|subscription|0123abcd");
	own_set(&r->host_resource_id, id);
	own_set(&r->made_by, state == RESOURCE_MAKING ? "tsk_1" : NULL);
	r->state = state;
}

/* What the present step noted, by kind; "" if nothing. */
MAYBE_UNUSED static const char *noted(const struct import *im)
{
	return im->nevents ? im->events[im->nevents - 1].kind : "";
}

/* ---- what peers say ---- */

struct said {
	enum transport transport;
	int status;
	int64_t retry_after_ms;
	const char *type;
	const char *body;
};

#define SAYS(status, body) \
	{ TRANSPORT_OK, status, -1, "application/json", body }
#define SAYS_LATER(status, ms, body) \
	{ TRANSPORT_OK, status, ms, "application/json", body }
#define SAYS_PAGE(status) \
	{ TRANSPORT_OK, status, -1, "text/html", "<html>hello</html>" }
#define SAYS_TEXT(status, body) \
	{ TRANSPORT_OK, status, -1, "text/plain", body }
#define LOST(how) { how, 0, -1, NULL, NULL }

#define ENVELOPE(data) \
	"{\"code\":0,\"message\":\"success\",\"data\":" data "}"
#define REASON(status, reason) \
	"{\"code\":" #status ",\"reason\":\"" reason "\"," \
	"\"message\":\"no\"}"

MAYBE_UNUSED static struct answer answer_made(const struct said *said)
{
	struct answer answer = made(said->status, said->type, said->body);

	answer.transport = said->transport;
	answer.retry_after_ms = said->retry_after_ms;
	answer.latency_ms = 12;
	return answer;
}

/* ---- what must come of it ---- */

#define TO(name) { .kind = VERDICT_GO_TO, .step = name }
#define ON { .kind = VERDICT_GO_ON }
#define END { .kind = VERDICT_DONE }
#define FAIL(why) { .kind = VERDICT_FAILED, .failure = why }
#define AGAIN(why, ms) \
	{ .kind = VERDICT_RETRY, .failure = why, .delay_ms = ms }
#define WAIT(ms, why) \
	{ .kind = VERDICT_POLL, .failure = why, .delay_ms = ms }
/* The end of a create is not known: look, after a moment. */
#define LOOK(name, why) \
	{ .kind = VERDICT_GO_TO, .step = name, .failure = why, \
	  .delay_ms = FIRST_MS }

typedef struct verdict got_step(void *subject, const struct answer *answer);

struct step_case {
	const char *name;
	void (*prepare)(struct import *im);	/* or NULL */
	struct said said;
	struct verdict want;
	void (*after)(const struct import *im);	/* or NULL */
};

static const char *text_or(const char *text, const char *otherwise)
{
	return text ? text : otherwise;
}

MAYBE_UNUSED static void check_verdict(const char *name, struct verdict got,
				       struct verdict want)
{
	AUTO_FREE char *is = xasprintf("%s: %s %s after %d: %s", name,
		verdict_kind_name(got.kind), text_or(got.step, "-"),
		(int)got.delay_ms, failure_name(got.failure));
	AUTO_FREE char *must = xasprintf("%s: %s %s after %d: %s", name,
		verdict_kind_name(want.kind), text_or(want.step, "-"),
		(int)want.delay_ms, failure_name(want.failure));

	assert_string_equal(is, must);
	assert_int_equal(got.resource, want.resource);
}

/* Each case on an import of its own, prepared by `prepare` first. */
MAYBE_UNUSED static void walk(got_step *got, const char *version,
			      void (*prepare)(struct import *im),
			      const struct step_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		IMPORT im = import_on(version);
		CLEANUP(answer_done) struct answer answer =
			answer_made(&cases[i].said);

		if (prepare)
			prepare(im);
		if (cases[i].prepare)
			cases[i].prepare(im);
		check_verdict(cases[i].name, got(im, &answer), cases[i].want);
		assert_int_equal(im->http_status, answer.status);
		assert_int_equal(im->latency_ms, answer.latency_ms);
		if (cases[i].after)
			cases[i].after(im);
	}
}

/* A step that has nothing to ask, or did not have to. */
MAYBE_UNUSED static void check_unasked(const char *name, got_step *got,
				       struct import *im,
				       struct verdict want)
{
	check_verdict(name, got(im, NULL), want);
	assert_int_equal(im->http_status, 0);
}

/* ---- what any host may say to anything ---- */

MAYBE_UNUSED static void tried_often(struct import *im)
{
	im->attempt = 5;
}

MAYBE_UNUSED static const struct step_case refusals[] = {
	{ "no token", NULL, SAYS(401, REASON(401, "UNAUTHORIZED")),
	  FAIL(FAILURE_HOST_AUTH), NULL },
	{ "no right", NULL, SAYS(403, REASON(403, "FORBIDDEN")),
	  FAIL(FAILURE_HOST_AUTH), NULL },
};

MAYBE_UNUSED static const struct step_case troubles[] = {
	{ "a person must agree", NULL,
	  SAYS(423, REASON(423, "ADMIN_COMPLIANCE_ACK_REQUIRED")),
	  FAIL(FAILURE_COMPLIANCE_REQUIRED), NULL },
	{ "a bad request", NULL, SAYS(400, REASON(400, "BAD")),
	  FAIL(FAILURE_HOST_REFUSED), NULL },
	{ "too often", NULL,
	  SAYS_LATER(429, 7000, REASON(429, "RATE_LIMITED")),
	  AGAIN(FAILURE_RATE_LIMITED, 7000), NULL },
	{ "nobody knows the path", NULL, SAYS_PAGE(404),
	  FAIL(FAILURE_HOST_UNSUPPORTED), NULL },
	{ "a redirect", NULL, { TRANSPORT_OK, 302, -1, NULL, NULL },
	  FAIL(FAILURE_REDIRECTED), NULL },
	{ "no name", NULL, LOST(TRANSPORT_DNS), AGAIN(FAILURE_DNS, -1),
	  NULL },
	{ "no port", NULL, LOST(TRANSPORT_REFUSED),
	  AGAIN(FAILURE_REFUSED, -1), NULL },
	{ "a bad certificate", NULL, LOST(TRANSPORT_TLS), FAIL(FAILURE_TLS),
	  NULL },
	{ "no way", NULL, LOST(TRANSPORT_TIMEOUT), AGAIN(FAILURE_TIMEOUT, -1),
	  NULL },
};

/* Of these nobody knows whether the request was obeyed. */
MAYBE_UNUSED static const struct step_case doubts[] = {
	{ "a proxy without a host", NULL, SAYS_TEXT(502, "bad gateway"),
	  AGAIN(FAILURE_TRANSIENT, -1), NULL },
	{ "a restart", NULL, SAYS_LATER(503, 3000, REASON(503, "STARTING")),
	  AGAIN(FAILURE_TRANSIENT, 3000), NULL },
	{ "a stumble", NULL, SAYS(500, REASON(500, "INTERNAL")),
	  AGAIN(FAILURE_HOST_REFUSED, -1), NULL },
	{ "one stumble too many", tried_often,
	  SAYS(500, REASON(500, "INTERNAL")), FAIL(FAILURE_HOST_REFUSED),
	  NULL },
	{ "a page", NULL, SAYS_PAGE(200), AGAIN(FAILURE_HOST_UNSUPPORTED, -1),
	  NULL },
	{ "pages all the time", tried_often, SAYS_PAGE(200),
	  FAIL(FAILURE_HOST_UNSUPPORTED), NULL },
	{ "half an answer", NULL, SAYS(200, "{\"code\":0,\"da"),
	  AGAIN(FAILURE_NOT_JSON, -1), NULL },
	{ "a request timeout", NULL, SAYS(408, REASON(408, "SLOW")),
	  AGAIN(FAILURE_TRANSIENT, -1), NULL },
	{ "a reset", NULL, LOST(TRANSPORT_RESET), AGAIN(FAILURE_RESET, -1),
	  NULL },
	{ "silence", NULL, LOST(TRANSPORT_SILENT),
	  AGAIN(FAILURE_DEAD_END, -1), NULL },
	{ "no end", NULL, LOST(TRANSPORT_TOO_LARGE), FAIL(FAILURE_TOO_LARGE),
	  NULL },
};

/* A step that only reads, or may be repeated: it is asked again. */
MAYBE_UNUSED static void walk_reader(got_step *got, const char *version,
				     void (*prepare)(struct import *im))
{
	walk(got, version, prepare, refusals, COUNT(refusals));
	walk(got, version, prepare, troubles, COUNT(troubles));
	walk(got, version, prepare, doubts, COUNT(doubts));
}

/* A step that makes something: after a doubt it looks at `look` first. */
MAYBE_UNUSED static void walk_maker(got_step *got, const char *version,
				    void (*prepare)(struct import *im),
				    const char *look)
{
	walk(got, version, prepare, troubles, COUNT(troubles));
	for (size_t i = 0; i < COUNT(doubts); i++) {
		struct step_case again = doubts[i];

		again.want.kind = VERDICT_GO_TO;
		again.want.step = look;
		again.want.delay_ms = FIRST_MS;
		walk(got, version, prepare, &again, 1);
	}
}

/* ---- what is asked ---- */

/* "GET /path" of what the step asks; "" if it asks nothing. */
typedef bool ask_step(const void *subject, struct request *request);

MAYBE_UNUSED static void check_asks(ask_step *ask, const struct import *im,
				    const char *want)
{
	static const char *const methods[] = { "GET", "POST", "PUT",
					       "DELETE" };
	CLEANUP(request_done) struct request request = { 0 };
	AUTO_FREE char *is = NULL;

	if (!ask(im, &request)) {
		assert_string_equal(want, "");
		return;
	}
	is = xasprintf("%s %s", methods[request.method], request.url);
	assert_string_equal(is, want);
}

#define ADMIN "https://host.example/api/v1/admin"

MAYBE_UNUSED static void check_settled(const struct import *im,
				       enum import_resource which,
				       const char *id)
{
	const struct resource *r = &im->resources[which];

	assert_int_equal(r->state, RESOURCE_PRESENT);
	assert_string_equal(text_or(r->host_resource_id, "-"), id);
	assert_true(im->changed[which]);
	assert_string_equal(noted(im), "created");
}

#endif
