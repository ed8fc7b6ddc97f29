#include "schedd/check.h"

#include <stdio.h>
#include <string.h>

#include "schedd/audit_event.h"
#include "schedd/import_steps.h"
#include "schedd/watch.h"
#include "shared/notices.h"
#include "shared/pauses.h"

/* What was healed or noticed goes to the access's own trail. */
static int save_events(const struct store *store, struct import *im,
		       int64_t now, struct err *err)
{
	for (size_t i = 0; i < im->nevents; i++) {
		const struct access_event event = {
			.at = now,
			.kind = im->events[i].kind,
			.detail = im->events[i].detail,
		};

		if (access_events_add(store->db, im->access.access_id, &event,
				      err) ||
		    import_audit(store, im, &im->events[i], now, err))
			return -1;
		im->check.repaired +=
			strcmp(im->events[i].kind, "repaired") == 0;
	}
	return 0;
}

/* Behind what the step noted of the surface, once. */
static void note_surface_proof(struct import *im, const char *proof_id)
{
	char *end = strrchr(im->memo.tried, ':');

	if (!end)
		return;
	snprintf(end + 1, sizeof(im->memo.tried) -
		 (size_t)(end + 1 - im->memo.tried), "%s", proof_id);
}

static int save_proof(const struct store *store, struct import *im,
		      int64_t now, struct err *err)
{
	char proof_id[ID_MAX];

	if (!im->proof.model)
		return 0;
	im->proof.at = now;
	im->proof.expires_at = now + import_proof_life_ms(store->settings);
	own_set(&im->proof.access_id, im->access.access_id);
	if (proofs_add(store->db, &im->proof,
		       store->random(store->random_arg), proof_id, err))
		return -1;
	if (im->proof.kind != PROOF_SURFACE)
		memcpy(im->memo.proof_id, proof_id, ID_MAX);
	else
		note_surface_proof(im, proof_id);
	return 0;
}

int check_save(const struct store *store, const struct task *task,
	       void *subject, const struct step *step,
	       const struct verdict *verdict, int64_t now, struct err *err)
{
	struct import *im = subject;
	AUTO_FREE char *diagnosis = diagnosis_text(&im->diagnosis);

	(void)task;
	(void)step;
	if (import_save_resources(store, im, now, err) ||
	    import_save_host(store, im, now, err) ||
	    save_events(store, im, now, err) ||
	    save_proof(store, im, now, err) ||
	    import_save_top_up(store, im, err) ||
	    check_save_money(store, im, err) ||
	    checks_note(store->db, im->check.check_id, diagnosis,
			im->check.repaired, err))
		return -1;
	if (im->item_changed && items_save(store->db, &im->item, now, err))
		return -1;
	if (verdict->kind == VERDICT_POLL)
		im->memo.polls++;
	else
		im->memo.polls = 0;
	return 0;
}

static int note_event(const struct store *store, const struct import *im,
		      const char *kind, int64_t now, struct err *err)
{
	AUTO_FREE char *detail = im->diagnosis.at
		? diagnosis_text(&im->diagnosis) : NULL;
	AUTO_FREE char *own_kind = xstrdup(kind);
	AUTO_FREE char *class = xstrdup_null(im->access.failure_class);
	const struct access_event event = {
		.at = now, .kind = own_kind, .class = class,
		.detail = detail,
	};

	return access_events_add(store->db, im->access.access_id, &event, err);
}

/* What this check found to be wrong with an account; FAILURE_NONE: nothing. */
static enum failure found_with(const struct import *im,
			       const struct resource *account)
{
	AUTO_FREE char *entry = xasprintf(",%s:", account->host_resource_id);
	const char *at = strstr(im->memo.found, entry);

	return at ? (enum failure)strtol(at + strlen(entry), NULL, 10)
		  : FAILURE_NONE;
}

/* Accounts out of order while others answer, and those that are well. */
static int note_accounts(const struct store *store, struct import *im,
			 int64_t now, struct err *err)
{
	const struct resource *ours = &im->resources[IMPORT_ACCOUNT];

	if (!im->accounts && check_load_accounts(store, im, err))
		return -1;
	for (size_t i = 0; i < im->naccounts; i++) {
		const struct resource *r = &im->accounts[i];
		enum failure why = r->host_resource_id ? found_with(im, r)
						       : FAILURE_NONE;

		/* The one that was proven last answers, as far as we know. */
		if (!why && !im->memo.all_seen && (!ours->resource_id ||
		    strcmp(r->resource_id, ours->resource_id) != 0))
			continue;
		if (items_access_of_resource(store->db, r->resource_id,
				why ? ACCESS_DEGRADED : ACCESS_ACTIVE,
				why ? failure_name(why) : NULL, now, err))
			return -1;
	}
	return 0;
}

/* Whatever somebody undid is not undone any more. */
static int clear_suspicion(const struct store *store, const struct import *im,
			   int64_t now, struct err *err)
{
	if (import_clear_suspicion(store, im, now, err))
		return -1;
	return notices_end(store->db, NOTICE_GAVE_UP, im->access.access_id,
			   now, err);
}

static int succeed(const struct store *store, struct import *im, int64_t now,
		   struct err *err)
{
	struct access *access = &im->access;
	bool recovered = access->status != ACCESS_ACTIVE;

	access->status = ACCESS_ACTIVE;
	own_set(&access->failure_class, NULL);
	access->failures = 0;
	access->first_failure_at = 0;
	own_set(&access->last_proof_id, im->memo.proof_id);
	access->checked_at = access->proven_at = now;
	access->next_check_at = watch_next(store->settings, now,
					   store->random(store->random_arg));
	own_set(&access->diagnosis, NULL);
	if (im->memo.finding)
		access->diagnosis = diagnosis_text(&im->diagnosis);
	own_set(&im->check.result, "active");
	if (recovered && note_event(store, im, "recovered", now, err))
		return -1;
	if (note_accounts(store, im, now, err) ||
	    check_tell_news(store, im, err))
		return -1;
	return clear_suspicion(store, im, now, err);
}

/* Failures of one class in a row, within the window. */
static void count_failure(const struct store *store, struct access *access,
			  const char *class, int64_t now)
{
	int64_t window = store->settings->watch_window_min * 60000;
	int64_t spacing = store->settings->watch_recheck_s * 1000 / 2;
	bool same = access->failure_class &&
		    strcmp(access->failure_class, class) == 0;

	/* Who asks ten times in a minute has still seen one failure. */
	if (same && access->failures > 0 &&
	    now - access->checked_at < spacing)
		return;
	if (!same || now - access->first_failure_at > window) {
		access->failures = 0;
		access->first_failure_at = now;
	}
	access->failures++;
	own_set(&access->failure_class, class);
}

static int raise(const struct store *store, const struct import *im,
		 enum notice_kind kind, const struct access_tally *tally,
		 int64_t now, struct err *err)
{
	CLEANUP(jout_done) struct jout out = { .text.max = 512 };
	bool of_host = kind == NOTICE_HOST_SUSPECT;
	const struct notice_spec spec = {
		.kind = kind,
		.subject = of_host ? im->host.host_id : im->item.endpoint_key,
		.host_id = of_host ? im->host.host_id : NULL,
		.endpoint_key = of_host ? NULL : im->item.endpoint_key,
		.class = im->access.failure_class,
		.detail = buf_str(&out.text),
	};
	struct notice_spec full = spec;

	jout_object(&out, NULL);
	jout_i64(&out, "checked", tally->checked);
	jout_i64(&out, "failed", tally->failed);
	jout_object_end(&out);
	full.detail = buf_str(&out.text);
	return notices_raise(store->db, &full, now,
			     store->random(store->random_arg), err);
}

#define SAMPLE		20	/* the accesses checked last */
#define SAMPLE_MIN	3	/* fewer tell nothing */
#define SIBLINGS	2	/* that are asked, to have as many */

static bool all_fail(const struct access_tally *tally)
{
	return tally->checked >= SAMPLE_MIN && tally->failed >= tally->checked;
}

/* What is wrong with one account or one key speaks of nobody else. */
static bool may_be_the_host(const struct diagnosis *d)
{
	return d->hop == HOP_GATEWAY || d->hop == HOP_NONE;
}

static bool may_be_the_provider(const struct diagnosis *d)
{
	return d->hop == HOP_GATEWAY || d->hop == HOP_PROVIDER;
}

static int suspect_host(const struct store *store, const struct import *im,
			const struct access_tally *tally, int64_t now,
			struct err *err)
{
	if (hosts_suspect(store->db, im->host.host_id,
			  im->access.failure_class, now, err))
		return -1;
	return raise(store, im, NOTICE_HOST_SUSPECT, tally, now, err);
}

static int suspect_provider(const struct store *store,
			    const struct import *im,
			    const struct access_tally *tally, int64_t now,
			    struct err *err)
{
	if (endpoints_suspect(store->db, im->item.endpoint_key,
			      im->access.failure_class, now, err))
		return -1;
	return raise(store, im, NOTICE_PROVIDER_SUSPECT, tally, now, err);
}

/*
 * Whether it is this access or everything there, others tell: let two of them
 * be proven before the quorum is full.
 */
static int ask_siblings(const struct store *store, const struct import *im,
			int64_t now, struct err *err)
{
	const struct diagnosis *d = &im->diagnosis;

	/* Once for each time that it begins to fail, or they would take turns. */
	if (im->access.first_failure_at != now ||
	    store->settings->watch_every_s == 0)
		return 0;
	if (may_be_the_provider(d) &&
	    accesses_hasten_endpoint(store->db, im->item.endpoint_key,
				     im->access.access_id, now, SIBLINGS, err))
		return -1;
	if (!may_be_the_host(d))
		return 0;
	return accesses_hasten_host(store->db, im->host.host_id,
				    im->access.access_id, now, SIBLINGS, err);
}

/*
 * Has everything that was asked of this host, or of this provider, failed
 * since this access began to fail?  Then it is not the access's fault.
 */
static int suspect(const struct store *store, const struct import *im,
		   int64_t now, bool *ret, struct err *err)
{
	const struct diagnosis *d = &im->diagnosis;
	int64_t since = im->access.first_failure_at;
	struct access_tally host, endpoint;

	*ret = true;
	if (accesses_save(store->db, &im->access, now, err) ||
	    accesses_tally_host(store->db, im->host.host_id, since, SAMPLE,
				&host, err) ||
	    accesses_tally_endpoint(store->db, im->item.endpoint_key, since,
				    SAMPLE, &endpoint, err))
		return -1;
	if (d->hop == HOP_HOST || (may_be_the_host(d) && all_fail(&host)))
		return suspect_host(store, im, &host, now, err);
	if (may_be_the_provider(d) && all_fail(&endpoint))
		return suspect_provider(store, im, &endpoint, now, err);
	*ret = false;
	return ask_siblings(store, im, now, err);
}

/* What one failure more makes of it; true: that is news. */
static bool worsen(const struct store *store, struct access *access)
{
	enum access_status before = access->status;

	if (access->failures >= store->settings->watch_quorum)
		access->status = ACCESS_BROKEN;
	else if (access->status != ACCESS_BROKEN)
		access->status = ACCESS_DEGRADED;
	return access->status != before;
}

static int give_up(const struct store *store, const struct import *im,
		   enum next_action before, int64_t now, struct err *err)
{
	CLEANUP(jout_done) struct jout out = { .text.max = 512 };

	if (im->diagnosis.next != NEXT_GAVE_UP)
		return 0;
	/* Said once; the notice stands until an access is fine again. */
	if (before == NEXT_GAVE_UP)
		return 0;
	jout_object(&out, NULL);
	jout_i64(&out, "times", im->suspect.mends);
	jout_object_end(&out);
	const struct notice_spec spec = {
		.kind = NOTICE_GAVE_UP,
		.subject = im->access.access_id,
		.host_id = im->host.host_id,
		.endpoint_key = im->item.endpoint_key,
		.class = im->access.failure_class,
		.detail = buf_str(&out.text),
	};
	if (note_event(store, im, "gave_up", now, err))
		return -1;
	return notices_raise(store->db, &spec, now,
			     store->random(store->random_arg), err);
}

static int lose(const struct store *store, struct import *im, enum failure why,
		int64_t now, struct err *err)
{
	struct access *access = &im->access;
	struct diagnosis before;
	bool suspicious, news;

	diagnosis_parse(access->diagnosis, &before);
	count_failure(store, access, failure_name(why), now);
	access->checked_at = now;
	if (suspect(store, im, now, &suspicious, err))
		return -1;
	news = !suspicious && worsen(store, access);
	access->next_check_at = watch_recheck(store->settings,
			access->failures, now,
			store->random(store->random_arg));
	im->diagnosis.next_at = im->diagnosis.next == NEXT_GAVE_UP
		? 0 : access->next_check_at;
	free(access->diagnosis);
	access->diagnosis = diagnosis_text(&im->diagnosis);
	own_set(&im->check.result, suspicious ? "unknown"
		: access_status_name(access->status));
	if (news && note_event(store, im, access_status_name(access->status),
			       now, err))
		return -1;
	if (access->status == ACCESS_BROKEN &&
	    im->resources[IMPORT_ACCOUNT].resource_id &&
	    items_access_of_resource(store->db,
			im->resources[IMPORT_ACCOUNT].resource_id,
			ACCESS_BROKEN, access->failure_class, now, err))
		return -1;
	return give_up(store, im, before.next, now, err);
}

/*
 * It failed, and by now somebody wants host or endpoint to be left alone: that
 * is no failure of theirs.  It is looked at again when they are resumed.
 */
static int sit_out(struct import *im)
{
	im->access.next_check_at = 0;
	own_set(&im->check.result, "unknown");
	return 0;
}

/* A check that ended before it concluded anything: say what is known. */
static void conclude(struct import *im, enum failure why, int64_t now)
{
	struct diagnosis *d = &im->diagnosis;

	if (d->at != 0 && d->class == why)
		return;
	/* All steps but the provider's own, which never ends a check, ask it. */
	d->hop = import_is_of_the_key(why) ? HOP_KEY :
		 why == FAILURE_GONE ? HOP_ACCOUNT : HOP_HOST;
	d->class = why;
	d->next = NEXT_RETRY;
	d->at = now;
}

/* Neither good nor bad: it rests until it is resumed. */
static void rest(struct import *im)
{
	im->access.next_check_at = 0;
	im->diagnosis = (struct diagnosis){ 0 };
	own_set(&im->check.result, "unknown");
	own_set(&im->check.failure_class,
		failure_name(FAILURE_ACCOUNT_PAUSED));
	own_set(&im->check.diagnosis, NULL);
}

static int conclude_check(const struct store *store, struct import *im,
			  const struct verdict *verdict, int64_t now,
			  struct err *err)
{
	bool failed = verdict->kind == VERDICT_FAILED, paused = false;
	enum hold held;

	if (failed && check_paused(store, im, &paused, err))
		return -1;
	if (paused) {
		rest(im);
		return 0;
	}
	if (pauses_find(store->db, im->host.host_id, im->item.endpoint_key,
			&held, err))
		return -1;
	if (failed)
		conclude(im, verdict->failure, now);
	if (!failed ? succeed(store, im, now, err)
	    : held ? sit_out(im)
	    : lose(store, im, verdict->failure, now, err))
		return -1;
	own_set(&im->check.failure_class, im->access.failure_class);
	own_set(&im->check.diagnosis, im->access.diagnosis);
	return 0;
}

/*
 * On some versions a host switches off what is in error, on others only people
 * do: it may have been upgraded since we asked.
 */
static int doubt_version(const struct store *store, const struct import *im,
			 int64_t now, struct err *err)
{
	const char *class = im->access.failure_class;

	if (!class || strcmp(class, failure_name(FAILURE_ACCOUNT_OFF)) != 0)
		return 0;
	return watch_probe(store, im->host.host_id, im->host.probed_at, now,
			   err);
}

int check_end(const struct store *store, const struct task *task,
	      void *subject, const struct verdict *verdict, int64_t now,
	      struct err *err)
{
	struct import *im = subject;

	(void)task;
	if (conclude_check(store, im, verdict, now, err))
		return -1;
	if (*im->memo.proof_id)
		own_set(&im->check.proof_id, im->memo.proof_id);
	if (accesses_save(store->db, &im->access, now, err) ||
	    doubt_version(store, im, now, err))
		return -1;
	return checks_finish(store->db, &im->check, now, err);
}
