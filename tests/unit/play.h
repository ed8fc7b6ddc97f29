/*
 * play: a flow's steps one after the other, in memory, against a list of what
 * is asked and what is said.
 *
 * Does what the engine and the rows do between two steps: time passes, events
 * and the watch's columns are kept, the account that is looked at is found.
 */
#ifndef TESTS_UNIT_PLAY_H
#define TESTS_UNIT_PLAY_H

#include "tests/unit/import_fixture.h"

#define STEPS_MAX 80
#define TRAIL_MAX 2000

struct exchange {
	/* "GET /api/v1/admin/...", a beginning; "*GET ..." any number */
	const char *asks;
	struct said said;
};

/* How it went. */
struct play {
	struct verdict end;	/* DONE, FAILED, or at a step of no table */
	const char *step;	/* where */
	char path[TRAIL_MAX];	/* "validate.chat diagnose.direct ..." */
	char events[TRAIL_MAX];	/* "repaired {...}; ..." */
	int64_t waited_ms;
	size_t asked;
	size_t at;		/* in the list */
	char asks[STEPS_MAX][200];	/* each in full, with its body behind */
	struct proof proof;	/* the last one; released by play_done() */
};

MAYBE_UNUSED static void play_done(struct play *play)
{
	proof_done(&play->proof);
}

#define PLAY CLEANUP(play_done) struct play

static void add_words(char *to, size_t size, const char *one, const char *two)
{
	size_t len = strlen(to);

	snprintf(to + len, size - len, "%s%s%s%s", len ? " " : "", one,
		 two ? " " : "", two ? two : "");
}

/* Resources that nobody has made yet are made by us. */
static const char *play_take(struct import *im, const struct verdict *v,
			     const struct step *step)
{
	struct resource *r = &im->resources[v->resource];

	if (r->state == RESOURCE_PRESENT && r->resource_id)
		return v->step;
	own_set(&r->resource_id, "res_new");
	own_set(&r->host_resource_id, NULL);
	own_set(&r->made_by, im->task_id);
	if (!r->wanted_json)
		r->wanted_json = xstrdup("{}");
	r->state = RESOURCE_MAKING;
	return step[1].name;
}

/* The row of the account that is looked at, as load_suspect() finds it. */
static void play_suspect(struct import *im)
{
	AUTO_FREE char *id = xasprintf("%lld", (long long)im->memo.suspect);

	resource_done(&im->suspect);
	for (size_t i = 0; i < im->naccounts; i++) {
		const struct resource *r = &im->accounts[i];

		if (!im->memo.suspect || !r->host_resource_id ||
		    strcmp(r->host_resource_id, id) != 0)
			continue;
		im->suspect = (struct resource){
			.resource_id = xstrdup(r->resource_id),
			.lookup = xstrdup_null(r->lookup),
			.host_resource_id = xstrdup(r->host_resource_id),
			.wanted_json = xstrdup_null(r->wanted_json),
			.live_json = xstrdup_null(r->live_json),
			.off_by_us = r->off_by_us,
			.mends = r->mends,
			.mended_at = r->mended_at,
			.state = r->state,
		};
	}
}

/* What save and the next load do with what the step left. */
static void play_save(struct import *im, struct play *play)
{
	for (size_t i = 0; i < im->nevents; i++) {
		add_words(play->events, TRAIL_MAX, im->events[i].kind,
			  im->events[i].detail);
		event_done(&im->events[i]);
	}
	im->nevents = 0;
	for (size_t i = 0; i < im->naccounts && im->watched.resource_id; i++) {
		struct resource *r = &im->accounts[i];

		if (strcmp(r->resource_id, im->watched.resource_id) != 0)
			continue;
		r->off_by_us = im->watched.off_by_us;
		r->mends = im->watched.mends;
		r->mended_at = im->watched.mended_at;
		own_set(&r->live_json, im->watched.live_json);
	}
	resource_done(&im->watched);
	if (im->proof.model) {
		proof_done(&play->proof);
		play->proof = im->proof;
		im->proof = (struct proof){ 0 };
	}
	memset(im->changed, 0, sizeof(im->changed));
}

static bool play_asks(const struct import *im, const struct step *step,
		      struct play *play)
{
	static const char *const methods[] = { "GET", "POST", "PUT",
					       "DELETE" };
	CLEANUP(request_done) struct request request = { 0 };
	const char *url;

	if (!step->request || !step->request(im, &request))
		return false;
	assert_true(play->asked < STEPS_MAX);
	url = strstr(request.url, "://");
	snprintf(play->asks[play->asked], sizeof(play->asks[0]), "%s %s%s%s",
		 methods[request.method],
		 request.peer == PEER_HOST ? strchr(url + 3, '/') : url + 3,
		 request.body.text.len ? " " : "",
		 request.body.text.len ? buf_str(&request.body.text) : "");
	return true;
}

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* What is said to what was asked last. */
static const struct exchange *play_next(struct play *play,
					const struct exchange *list, size_t n)
{
	const char *is = play->asks[play->asked++];

	if (play->at > 0 && list[play->at - 1].asks[0] == '*' &&
	    begins(is, list[play->at - 1].asks + 1))
		return &list[play->at - 1];
	if (play->at >= n)
		fail_msg("%s asks more: %s", play->path, is);
	if (!begins(is, list[play->at].asks + (list[play->at].asks[0] == '*')))
		fail_msg("%s asks %s, not %s", play->path, is,
			 list[play->at].asks);
	return &list[play->at++];
}

/* One step; the next one's name, or NULL at the end. */
static const char *play_step(struct import *im, const struct flow *flow,
			     const struct step *step, struct play *play,
			     const struct exchange *list, size_t n)
{
	CLEANUP(answer_done) struct answer answer = { 0 };
	bool asks = play_asks(im, step, play);
	struct verdict *v = &play->end;
	const char *next = step->name;

	add_words(play->path, TRAIL_MAX, step->name, NULL);
	if (asks) {
		const struct exchange *x = play_next(play, list, n);

		answer = answer_made(&x->said);
	}
	*v = step->answer(im, asks ? &answer : NULL);
	if (v->kind == VERDICT_GO_ON)
		next = step[1].name;
	else if (v->kind == VERDICT_GO_TO)
		next = v->step;
	else if (v->kind == VERDICT_TAKE)
		next = play_take(im, v, step);
	else if (v->kind == VERDICT_DONE || v->kind == VERDICT_FAILED)
		next = NULL;
	else if (v->kind == VERDICT_RETRY && ++im->attempt >= ATTEMPTS)
		next = NULL;
	if (next != step->name) {
		im->attempt = 0;
		im->memo.polls = 0;
	} else if (v->kind == VERDICT_POLL) {
		im->memo.polls++;
	}
	(void)flow;
	return next;
}

/* From this step to the end of the flow; all of the list is to be asked. */
MAYBE_UNUSED static struct play play_flow(struct import *im,
					  const struct flow *flow,
					  const char *step,
					  const struct exchange *list,
					  size_t n)
{
	struct play play = { .step = step };
	const size_t all = im->naccounts;

	for (int i = 0; play.step; i++) {
		const struct step *s = flow_step(flow, play.step);
		const char *next;

		if (i >= STEPS_MAX)
			fail_msg("it does not end: %s", play.path);
		if (!s)
			fail_msg("%s: no step %s", play.path, play.step);
		play_suspect(im);
		/* A check reads the rows of all accounts where they count. */
		im->naccounts = im->checking &&
			strcmp(s->name, "diagnose.accounts") != 0 ? 0 : all;
		next = play_step(im, flow, s, &play, list, n);
		im->naccounts = all;
		play_save(im, &play);
		if (next && strcmp(next, s->name) != 0)
			im->step_since = im->now;
		im->now += play.end.delay_ms > 0 ? play.end.delay_ms : 0;
		play.waited_ms += play.end.delay_ms > 0 ? play.end.delay_ms
							: 0;
		play.step = next;
	}
	if (play.at != n)
		fail_msg("%s: asked %zu of %zu", play.path, play.at, n);
	return play;
}

/* ---- an access that was proven, and its accounts ---- */

#define MODE "\"openai_responses_mode\":\"force_chat_completions\""
#define MAPPING "\"model_mapping\":{\"m-1\":\"m-1\",\"m-2\":\"m-2\"}"
#define FULL_WANTED "{\"platform\":\"openai\",\"type\":\"apikey\"," \
	"\"credentials\":{\"base_url\":\"https://p.example/v1\"," MAPPING \
	"},\"extra\":{" MODE "},\"group_ids\":[7]}"

/* An account as the host shows it; of members named twice the last counts. */
#define SHOWN(id, more) "{\"id\":" #id ",\"name\":" \
	"\"p crm-abc123-account" #id "\",\"platform\":\"openai\"," \
	"\"type\":\"apikey\",\"status\":\"active\",\"schedulable\":true," \
	"\"priority\":50,\"credentials\":{\"base_url\":" \
	"\"https://p.example/v1\"," MAPPING "},\"extra\":{" MODE "}," \
	"\"group_ids\":[7]" more "}"
#define OFF ",\"schedulable\":false"
#define CONVERTS ",\"extra\":{}"
#define PAGE(list) ENVELOPE("{\"items\":[" list "],\"total\":1,\"page\":1," \
	"\"page_size\":1000,\"pages\":1}")
#define CUT_PAGE(list) ENVELOPE("{\"items\":[" list "],\"total\":2000," \
	"\"page\":1,\"page_size\":1000,\"pages\":2}")

#define LIST_ACCOUNTS "GET /api/v1/admin/accounts?"
#define DIRECTLY "POST p.example/v1/chat/completions"
#define MODELS "GET /v1/models"
#define CHAT "POST /v1/chat/completions"
#define LOG "GET /api/v1/admin/ops/upstream-errors?"

#define LISTED SAYS(200, "{\"data\":[{\"id\":\"m-1\"},{\"id\":\"m-2\"}]}")
#define WORD SAYS(200, "{\"model\":\"m-1\",\"choices\":[{\"message\":" \
	"{\"content\":\"Hello\"},\"finish_reason\":\"stop\"}]}")
#define GATEWAY(status, type, message) SAYS(status, \
	"{\"error\":{\"type\":\"" type "\",\"message\":\"" message "\"}}")
#define NOBODY GATEWAY(503, "api_error", "no available account")

/* A check of an access whose group holds these accounts. */
MAYBE_UNUSED static struct import *check_on(const char *version,
					    const char *by,
					    struct resource accounts[],
					    size_t n)
{
	struct import *im = import_on(version);

	im->checking = true;
	im->step_since = NOW;
	im->check.check_id = xstrdup("chk_1");
	im->check.requested_by = xstrdup(by);
	im->access.access_id = xstrdup("acc_1");
	im->access.selector = xstrdup("alice");
	im->item.group_id = xstrdup("7");
	im->item.account_id = xstrdup("5");
	own_set(&im->host.run_mode, "standard");
	has(im, IMPORT_GROUP, RESOURCE_PRESENT, "7");
	has(im, IMPORT_ACCOUNT, RESOURCE_PRESENT, "5");
	has(im, IMPORT_USER, RESOURCE_PRESENT, "4");
	has(im, IMPORT_TOKEN, RESOURCE_PRESENT, NULL);
	has(im, IMPORT_SUBSCRIPTION, RESOURCE_PRESENT, "6");
	has(im, IMPORT_KEY, RESOURCE_PRESENT, "2");
	own_set(&im->resources[IMPORT_TOKEN].secret_id, "sec_token");
	own_set(&im->resources[IMPORT_KEY].secret_id, "sec_key");
	own_set(&im->resources[IMPORT_ACCOUNT].wanted_json, FULL_WANTED);
	im->accounts = accounts;
	im->naccounts = n;
	snprintf(im->memo.nonce, sizeof(im->memo.nonce), "nonce12345");
	return im;
}

/* One of ours, with this id on the host. */
MAYBE_UNUSED static struct resource account_row(int id)
{
	return (struct resource){
		.resource_id = xasprintf("res_%d", id),
		.lookup = xasprintf("p-example-1|subscription|fp%d", id),
		.host_resource_id = xasprintf("%d", id),
		.wanted_json = xstrdup(FULL_WANTED),
		.state = RESOURCE_PRESENT,
	};
}

struct account_rows {
	struct resource list[40];
	size_t n;
};

MAYBE_UNUSED static struct account_rows account_rows(const int ids[],
						     size_t n)
{
	struct account_rows rows = { .n = n };

	for (size_t i = 0; i < n; i++)
		rows.list[i] = account_row(ids[i]);
	return rows;
}

MAYBE_UNUSED static void account_rows_done(struct account_rows *rows)
{
	for (size_t i = 0; i < rows->n; i++)
		resource_done(&rows->list[i]);
}

#define ROWS CLEANUP(account_rows_done) struct account_rows

/* What it was concluded to be. */
#define CONCLUDED(im, at_hop, why, then) \
	do { \
		assert_string_equal(hop_name((im)->diagnosis.hop), \
				    hop_name(at_hop)); \
		assert_string_equal(failure_name((im)->diagnosis.class), \
				    failure_name(why)); \
		assert_string_equal(next_action_name((im)->diagnosis.next), \
				    next_action_name(then)); \
	} while (0)

#endif
