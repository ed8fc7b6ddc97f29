/*
 * A proof failed: look at each hop before anything is called broken.
 *
 * The accounts of the group in one listing, the provider directly with the
 * key of the account that should have answered, and what the host's own log
 * says of our request: three calls, of which the last is made only where it
 * can tell something.  What they show is put together by diagnose.h; what can
 * be mended is, by import_mend.c, and the proof is tried again.
 *
 * A check looks at the accounts before it proves, too: an account may be out
 * of order while others answer for it.
 */
#include "schedd/completion.h"
#include "schedd/diagnose.h"
#include "schedd/host/account_test.h"
#include "schedd/host/channel.h"
#include "schedd/host/gateway.h"
#include "schedd/host/mend.h"
#include "schedd/host/upstream_log.h"
#include "schedd/import_mend.h"
#include "schedd/import_steps.h"
#include "schedd/redact.h"
#include "schedd/upstream/chat.h"
#include "schedd/upstream/manifest.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LOG_DELAY_MS	1200	/* until a host's log has the row */
#define MENDS_MAX	12	/* calls that mend, in one run of a flow */

static void note_evidence(struct evidence *to, const struct answer *answer,
			  enum failure why, const char *words, int64_t now)
{
	AUTO_FREE char *shown = redact_text(words ? words : "",
					    EVIDENCE_TEXT_MAX - 1);

	to->at = now;
	to->status = answer ? answer->status : 0;
	to->class = why;
	snprintf(to->text, sizeof(to->text), "%s", shown);
}

/* How a host is known to be out of reach: nothing else can be asked then. */
static bool is_out_of_reach(const struct import *im, enum failure why,
			    const struct answer *answer)
{
	/* It listed its models a moment ago: who hangs may be the provider. */
	bool hangs = im->memo.models_listed &&
		(answer->transport == TRANSPORT_SILENT ||
		 answer->transport == TRANSPORT_RESET);

	return (answer->status == 0 && !hangs) || why == FAILURE_HOST_AUTH;
}

static void suspect_ours(struct import *im);

#define SETTLE_MS 3000	/* after a change of ours, on a busy host */
#define LATER_MS 700

/* What fails so soon after a repair may still be about what was before it. */
static bool is_too_early(const struct import *im, enum failure why)
{
	int64_t age = im->now - im->memo.changed_at;

	return im->memo.changed_at && age >= 0 && age < SETTLE_MS &&
	       !import_is_of_the_key(why);
}

static struct verdict prove_later(struct import *im)
{
	struct verdict next = import_prove_again(im);

	if (next.delay_ms < LATER_MS)
		next.delay_ms = LATER_MS;
	im->memo.nonce[0] = '\0';
	im->memo.gateway_failure = FAILURE_NONE;
	return next;
}

struct verdict import_diagnose(struct import *im, const struct answer *answer,
			       enum failure why)
{
	AUTO_FREE char *words = host_gateway_detail(answer);

	if (is_too_early(im, why))
		return prove_later(im);
	note_evidence(&im->diagnosis.gateway, answer, why, words, im->now);
	im->memo.diagnosed = (int)why;
	im->diagnosis.at = im->now;
	im->memo.gateway_failure = FAILURE_NONE;
	im->memo.looked_at[0] = '\0';
	if (is_out_of_reach(im, why, answer))
		return go_to("diagnose.end");
	if (im->memo.suspect == 0)
		suspect_ours(im);
	return go_to("diagnose.direct");
}

bool ask_diagnose_accounts(const void *subject, struct request *request)
{
	const struct import *im = subject;

	host_ask_group_accounts(request, &im->peer,
				import_id(im, import_stage_group(im)), 1);
	return true;
}

/* Let the steps that follow be about this account. */
static void suspect(struct import *im, const struct resource *account)
{
	int64_t id = strtoll(account->host_resource_id, NULL, 10);
	bool known = import_direct_works(im) &&
		     strcmp(im->diagnosis.account_id,
			    account->host_resource_id) == 0;

	if (im->memo.suspect != id) {
		im->memo.suspect = id;
		im->memo.done = im->memo.mend = 0;
		im->memo.reread = false;
		if (!known)
			im->diagnosis.provider = (struct evidence){ 0 };
	}
	snprintf(im->diagnosis.account_id, sizeof(im->diagnosis.account_id),
		 "%s", account->host_resource_id);
}

static void suspect_ours(struct import *im)
{
	if (im->resources[IMPORT_ACCOUNT].host_resource_id)
		suspect(im, &im->resources[IMPORT_ACCOUNT]);
}

/* The provider decides what can be mended, not what a person wants. */
static bool wants_direct(const struct import *im,
			 const struct host_mend_plan *plan)
{
	return plan->ours && im->item.chat_url &&
	       im->item.resolved_smoke_model;
}

/* What the list shows of it: enough, or has it to be looked at by itself? */
static struct verdict looked(struct import *im, const struct resource *account,
			     const json_t *live,
			     const struct host_mend_plan *plan)
{
	bool ours = im->suspect.host_resource_id &&
		    strcmp(im->suspect.host_resource_id,
			   account->host_resource_id) == 0;
	bool direct = wants_direct(im, plan);

	if (!ours) {	/* its row and key are read before the next step */
		suspect(im, account);
		return go_to(direct ? "diagnose.direct" : "diagnose.accounts");
	}
	if (direct && im->diagnosis.provider.at == 0)
		return go_to("diagnose.direct");
	if (!live)
		return go_to("mend.read");
	import_plan(im, live);
	return go_to("diagnose.end");
}

struct verdict got_diagnose_accounts(void *subject,
				     const struct answer *answer)
{
	struct import *im = subject;
	struct host_page page = { 0 };
	enum failure why = host_judge_page(answer, &page);
	const struct resource *worst;
	struct host_mend_plan plan = { 0 };

	import_saw(im, answer);
	if (why != FAILURE_NONE && !im->memo.diagnosed)
		return import_host_failed(im, answer, why);
	/* A list that is cut off says nothing of what is not in it. */
	worst = why == FAILURE_NONE && host_page_is_last(&page)
		? import_worst(im, page.items, &plan) : NULL;
	if (worst)
		return looked(im, worst, import_listed(page.items,
						worst->host_resource_id),
			      &plan);
	im->memo.all_seen = why == FAILURE_NONE && host_page_is_last(&page) &&
			    import_can_look(im);
	if (!im->memo.diagnosed)
		return import_prove_again(im);
	im->diagnosis.account = (struct evidence){ .at = im->now };
	return go_to("diagnose.end");
}

/*
 * It answered us before, and what fails now is what waiting cures: asked once
 * more it would say no more, and who counts our questions counts this one.
 */
static bool direct_is_known(const struct import *im)
{
	return import_direct_works(im) && im->memo.diagnosed &&
	       failure_facts((enum failure)im->memo.diagnosed)->passes;
}

bool ask_diagnose_direct(const void *subject, struct request *request)
{
	const struct import *im = subject;

	if (direct_is_known(im) || !im->item.chat_url ||
	    !im->item.resolved_smoke_model)
		return false;
	upstream_ask_chat(request, im->item.chat_url,
			  im->item.resolved_smoke_model, im->memo.nonce,
			  im->memo.bare);
	upstream_add_headers(request, im->manifest);
	import_background(im, request);
	return true;
}

/* The host's log knows more than the status that was passed on. */
static bool log_tells_more(const struct import *im)
{
	return im->memo.diagnosed && im->diagnosis.gateway.status >= 500 &&
	       im->diagnosis.gateway.status != 503 &&
	       im->diagnosis.provider.class == FAILURE_NONE;
}

struct verdict got_diagnose_direct(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	CLEANUP(completion_done) struct completion completion = { 0 };
	AUTO_FREE char *words = NULL;
	struct verdict next = go_to("diagnose.log");
	enum failure why;

	if (answer) {
		why = upstream_judge_chat(answer, &completion);
		import_saw(im, answer);
		if (import_asks_bare(im, answer, why))
			return poll_after(0, FAILURE_NONE);
		if (why != FAILURE_NONE)
			words = upstream_detail(answer);
		note_evidence(&im->diagnosis.provider, answer, why, words,
			      im->now);
	}
	if (im->diagnosis.provider.at == 0 || !log_tells_more(im))
		return go_to("diagnose.accounts");
	next.delay_ms = im->diagnosis.gateway.at + LOG_DELAY_MS - im->now;
	if (next.delay_ms < 0)
		next.delay_ms = 0;
	return next;
}

bool ask_diagnose_log(const void *subject, struct request *request)
{
	const struct import *im = subject;
	AUTO_FREE char *id = import_request_id(im);

	host_ask_upstream_errors(request, &im->peer, id);
	return true;
}

struct verdict got_diagnose_log(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	AUTO_FREE char *id = import_request_id(im);
	CLEANUP(host_upstream_error_done) struct host_upstream_error seen = {
		0
	};
	enum failure why = host_judge_upstream_errors(answer, id, 0, &seen);
	struct evidence *to = &im->diagnosis.upstream;

	import_saw(im, answer);
	/* A host that keeps no such log is no worse for it. */
	if (why == FAILURE_NONE && seen.id != 0) {
		note_evidence(to, answer, seen.class, seen.words, im->now);
		to->status = seen.status;
	}
	return go_to("diagnose.accounts");
}

/* 503 with an account that is fine: is a channel in the way? */
bool ask_diagnose_channels(const void *subject, struct request *request)
{
	const struct import *im = subject;

	host_ask_channels(request, &im->peer, im->memo.page + 1);
	return true;
}

struct verdict got_diagnose_channels(void *subject,
				     const struct answer *answer)
{
	struct import *im = subject;
	struct host_restriction seen = { 0 };
	bool last = true;
	enum failure why = host_judge_channels(answer,
				import_id(im, import_stage_group(im)), &seen,
				&last);

	import_saw(im, answer);
	if (why == FAILURE_NONE && seen.id == 0 && !last) {
		im->memo.page++;
		return poll_after(0, FAILURE_NONE);
	}
	im->memo.page = 0;
	if (why == FAILURE_NONE && seen.id != 0) {
		im->memo.restricted = true;
		own_set(&im->item.failure_detail, NULL);
		import_blame(im, seen.name);
	}
	return go_to("diagnose.end");
}

/*
 * The host's own test of the account.  It says something of chats only where
 * it goes by them; a 403, or a 404 without a word, is no more than advice.
 */
bool ask_diagnose_test(const void *subject, struct request *request)
{
	const struct import *im = subject;

	host_ask_account_test(request, &im->peer, im->memo.suspect,
			      im->item.resolved_smoke_model);
	return true;
}

struct verdict got_diagnose_test(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	CLEANUP(host_account_test_done) struct host_account_test test = { 0 };
	struct evidence *to = &im->diagnosis.upstream;

	import_saw(im, answer);
	if (host_judge_account_test(answer, true, &test) != FAILURE_NONE ||
	    !test.means)
		return go_to("diagnose.end");
	im->item.probe_advisory = test.advisory;
	im->item.validation = test.ok ? VALIDATION_PASSED :
		test.advisory ? VALIDATION_WARNING : VALIDATION_FAILED;
	im->item_changed = true;
	if (test.ok || test.advisory)
		return go_to("diagnose.end");
	note_evidence(to, answer, test.class, test.words, im->now);
	to->status = test.status;
	return go_to("diagnose.end");
}

/* Every hop looks well but the last: let the host ask the provider itself. */
static bool test_may_tell(const struct import *im)
{
	const struct diagnosis *d = &im->diagnosis;

	return !im->memo.tested && im->memo.diagnosed &&
	       im->features.test_by_chat && im->memo.suspect != 0 &&
	       d->upstream.at == 0 && d->gateway.status != 503 &&
	       d->account.at != 0 && d->account.class == FAILURE_NONE &&
	       d->provider.at != 0 && d->provider.class == FAILURE_NONE &&
	       im->memo.diagnosed != FAILURE_BALANCE_EXHAUSTED &&
	       im->memo.diagnosed != FAILURE_CONCURRENCY_LIMITED &&
	       !import_is_of_the_key((enum failure)im->memo.diagnosed);
}

/* What is known when the account's part was read. */
static struct symptoms symptoms_of(const struct import *im)
{
	const struct diagnosis *d = &im->diagnosis;

	return (struct symptoms){
		.gateway = (enum failure)im->memo.diagnosed,
		.gateway_status = d->gateway.status,
		.provider_asked = d->provider.at != 0,
		.provider = d->provider.class,
		.account = d->account.class,
		.account_ours = im->memo.ours,
		.upstream_status = d->upstream.status,
		.restricted = im->memo.restricted,
		.may_mend = import_may_mend(im),
	};
}

/* Is it worth a look at the channels before anything is concluded? */
static bool may_be_restricted(const struct import *im)
{
	return !im->memo.channels_seen && im->diagnosis.gateway.status == 503 &&
	       (im->diagnosis.account.class == FAILURE_NONE ||
		im->memo.stale) &&
	       im->diagnosis.provider.class == FAILURE_NONE;
}

/*
 * One account is out of order and not ours to mend, but others may answer:
 * keep it as a finding and go on to the proof.
 */
static struct verdict keep_finding(struct import *im)
{
	size_t len;

	im->memo.finding = (int)im->diagnosis.class;
	snprintf(im->memo.finding_id, sizeof(im->memo.finding_id), "%s",
		 im->diagnosis.account_id);
	len = strlen(im->memo.found);
	snprintf(im->memo.found + len, sizeof(im->memo.found) - len,
		 ",%s:%d,", im->diagnosis.account_id,
		 (int)im->diagnosis.class);
	import_looked_at(im);
	return go_to("diagnose.accounts");
}

/*
 * Begin what was planned, or look first at what is to be planned upon; and at
 * the group, before anything is bound to it.
 */
static struct verdict mend(const struct import *im)
{
	bool binds = im->memo.mend & 1u << HOST_REPAIR_GROUPS;
	struct verdict next = go_to(!im->memo.mend ? "mend.read"
		: binds && !im->memo.group_seen ? "mend.group" : "mend.act");

	if (im->memo.mend)
		next.delay_ms = im->memo.mend_first;
	return next;
}

/* There is a plan, or it was not read by itself yet. */
static bool can_mend(const struct import *im)
{
	return im->memo.mends < MENDS_MAX &&
	       (im->memo.mend || !im->memo.reread);
}

struct verdict got_diagnose_end(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	struct symptoms symptoms = symptoms_of(im);
	struct diagnosis *d = &im->diagnosis;
	struct cause cause;

	(void)answer;
	if (may_be_restricted(im)) {
		im->memo.channels_seen = true;
		return go_to("diagnose.channels");
	}
	if (test_may_tell(im)) {
		im->memo.tested = true;
		return go_to("diagnose.test");
	}
	/* Nothing fails, but it lacks its armour. */
	if (d->account.class == FAILURE_NONE && im->memo.mend &&
	    !im->memo.diagnosed && symptoms.may_mend && can_mend(im))
		return mend(im);
	cause = diagnose(&symptoms);
	d->hop = cause.hop;
	d->class = cause.class;
	d->next = cause.next;
	d->at = im->now;
	if (cause.next == NEXT_REPAIR && can_mend(im))
		return mend(im);
	if (!im->memo.diagnosed)
		return keep_finding(im);
	if (cause.next == NEXT_REPAIR)
		d->next = failure_facts(cause.class)->passes ? NEXT_RETRY :
			  im->memo.mends ? NEXT_GAVE_UP : NEXT_OPERATOR;
	return failed(cause.class);
}
