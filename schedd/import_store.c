/* How an import is read before a step, and written after it. */
#include "schedd/import.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "schedd/audit_event.h"
#include "schedd/change.h"
#include "schedd/import_steps.h"
#include "schedd/import_written.h"
#include "schedd/known_hosts.h"
#include "schedd/profiling.h"
#include "schedd/watch.h"
#include "shared/accesses.h"
#include "shared/installation.h"
#include "shared/notices.h"
#include "shared/secrets.h"

#define HOUR_MS 3600000

static int load_resources(const struct store *store, struct import *im,
			  struct err *err)
{
	for (int i = 0; i < IMPORT_RESOURCE__MAX; i++) {
		struct resource_want want = { 0 };

		if ((i == IMPORT_CHANNEL && !im->plan.channel) ||
		    (i == IMPORT_NEW_KEY && !im->change.new_secret_id))
			continue;
		import_want(im, i, &want);
		if (resources_find(store->db, im->host.host_id, want.type,
				   want.lookup, &im->resources[i], err) &&
		    err->kind != ERR_NOT_FOUND)
			return -1;
	}
	im->resources[IMPORT_PROOF_KEY].exclusive = true;
	return 0;
}

static int load_fingerprint(const struct store *store, struct import *im,
			    struct err *err)
{
	const char *secret_id = import_secret_id(im, SLOT_USER_KEY);
	struct secret_face face;

	if (!secret_id)
		return 0;
	if (secrets_face(store->db, secret_id, &face, err))
		return -1;
	snprintf(im->key_fingerprint, sizeof(im->key_fingerprint), "%s",
		 face.fingerprint);
	return 0;
}

/* A check is about one of the run's users. */
static void choose_selector(struct import *im)
{
	const json_t *name;
	size_t i;

	json_array_foreach(im->selectors, i, name)
		if (im->checking && strcmp(json_string_value(name),
					   im->access.selector) == 0)
			im->memo.selector = (int64_t)i;
}

static void understand(const struct store *store, struct import *im)
{
	snprintf(im->given_selector, sizeof(im->given_selector), "key:%s",
		 im->run.given_key_fingerprint ? im->run.given_key_fingerprint
					       : "");
	im->simple = im->host.run_mode &&
		     strcmp(im->host.run_mode, "simple") == 0;
	diagnosis_parse(im->checking ? im->check.diagnosis
				     : im->item.diagnosis, &im->diagnosis);
	im->selectors = json_loads(im->run.subscription_users, 0, NULL);
	choose_selector(im);
	im->requested = json_loads(im->item.requested_models, 0, NULL);
	im->models = im->item.models ? json_loads(im->item.models, 0, NULL)
				     : NULL;
	im->features = host_features_of(im->host.version);
	if (im->host.capabilities)
		im->features = known_hosts_features(store->known,
						    im->host.capabilities);
	im->peer = (struct host_peer){
		.base_url = im->host.base_url,
		.auth = im->host.auth_type,
		.admin_email = im->host.admin_email,
		.inst = im->inst,
	};
}

/* The account that is looked at may be another item's than ours. */
static int load_suspect(const struct store *store, struct import *im,
			struct err *err)
{
	AUTO_FREE char *id = xasprintf("%" PRId64, im->memo.suspect);

	if (im->memo.suspect == 0)
		return 0;
	if (resources_of_host_id(store->db, im->host.host_id,
				 RESOURCE_ACCOUNT, id, &im->suspect, err))
		return err->kind == ERR_NOT_FOUND ? 0 : -1;
	return items_key_of_resource(store->db, im->suspect.resource_id,
				     &im->suspect_secret_id, err);
}

/* Was it asked to map its own mark, as simple mode needs it? */
static bool maps_alias(const struct resource *account)
{
	json_auto_t *wanted = json_loads(account->wanted_json ?
					 account->wanted_json : "{}", 0, NULL);
	const json_t *mapping = json_object_get(json_object_get(wanted,
				"credentials"), "model_mapping");

	return account->mark && json_object_get(mapping, account->mark);
}

static int load_all(const struct store *store, const char *item_id,
		    struct import *im, struct err *err)
{
	if (items_get(store->db, NULL, item_id, &im->item, err) ||
	    runs_get(store->db, im->item.run_id, &im->run, err) ||
	    hosts_get(store->db, im->run.host_id, &im->host, err) ||
	    endpoints_get(store->db, im->item.endpoint_key, &im->endpoint,
			  err) ||
	    installation_get(store->db, im->inst, err) ||
	    change_load_key(store, im, err))
		return -1;
	understand(store, im);
	if (import_load_manifest(store, im, err) ||
	    import_load_lookup(store, im, err) ||
	    foreign_get(store->db, im->host.host_id, im->item.endpoint_key,
			&im->foreign, err))
		return -1;
	if (load_resources(store, im, err) ||
	    load_fingerprint(store, im, err) ||
	    import_load_shared(store, im, err) ||
	    import_load_move(store, im, err))
		return -1;
	im->has_alias = im->simple &&
			maps_alias(&im->resources[IMPORT_ACCOUNT]);
	if (!im->checking) {	/* an import knows of its own account alone */
		im->accounts = &im->resources[IMPORT_ACCOUNT];
		im->naccounts = 1;
	}
	return load_suspect(store, im, err);
}

struct import *import_begin(const struct store *store,
			    const struct task *task, int64_t now)
{
	const struct step *step = flow_step(&flow_import, task->step);
	struct import *im = xcalloc(1, sizeof(*im));

	im->stage = step ? step->stage : STAGE_DONE;
	im->now = now;
	im->attempt = task->attempt;
	im->step_since = task->step_since;
	im->random = store->random(store->random_arg);
	im->settings = store->settings;
	im->task_id = task->task_id;
	import_memo_read(im, task->memo);
	return im;
}

int import_fill(const struct store *store, const char *item_id,
		struct import *take_im, void **ret, struct err *err)
{
	void *subject = take_im;

	if (load_all(store, item_id, take_im, err)) {
		import_free(&subject);
		return -1;
	}
	*ret = subject;
	return 0;
}

int import_load(const struct store *store, const struct task *task,
		int64_t now, void **ret, struct err *err)
{
	return import_fill(store, task->subject_id,
			   import_begin(store, task, now), ret, err);
}

void import_free(void **subject)
{
	struct import *im = *subject;

	if (!im)
		return;
	for (int i = 0; i < IMPORT_RESOURCE__MAX; i++)
		resource_done(&im->resources[i]);
	for (size_t i = 0; i < im->nevents; i++)
		event_done(&im->events[i]);
	proof_done(&im->proof);
	endpoint_row_done(&im->endpoint);
	access_done(&im->access);
	check_done(&im->check);
	change_done(&im->change);
	resource_done(&im->suspect);
	resource_done(&im->watched);
	foreign_done(&im->foreign);
	balance_done(&im->balance);
	for (size_t i = 0; i < im->naccounts && im->owns_accounts; i++)
		resource_done(&im->accounts[i]);
	if (im->owns_accounts)
		free(im->accounts);
	free(im->suspect_secret_id);
	free(im->run_mode);
	json_decref(im->selectors);
	json_decref(im->requested);
	json_decref(im->models);
	json_decref(im->rights);
	free(im->kept_rights);
	json_decref(im->manifest);
	provider_plan_done(&im->plan);
	item_done(&im->item);
	run_done(&im->run);
	host_done(&im->host);
	free(im);
	*subject = NULL;
}

int import_save_resources(const struct store *store, struct import *im,
			  int64_t now, struct err *err)
{
	if (import_keep_one_owner(store, im, now, err) ||
	    import_save_move(store, im, now, err))
		return -1;
	for (int i = 0; i < IMPORT_RESOURCE__MAX; i++) {
		if (!im->changed[i])
			continue;
		if (im->resources[i].state == RESOURCE_PRESENT)
			import_wrote_all(im, (enum import_resource)i);
		if (resources_save(store->db, &im->resources[i], im->task_id,
				   now, err))
			return -1;
	}
	if (im->watched.resource_id &&
	    resources_watched(store->db, &im->watched, now, err))
		return -1;
	if (!im->resumed)
		return 0;
	return resources_resumed(store->db,
				 im->resources[IMPORT_ACCOUNT].resource_id,
				 now, err);
}

/* Nothing is suspect where somebody gets an answer. */
int import_clear_suspicion(const struct store *store, const struct import *im,
			   int64_t now, struct err *err)
{
	if (im->host.suspect_class &&
	    (hosts_suspect(store->db, im->host.host_id, NULL, now, err) ||
	     notices_end(store->db, NOTICE_HOST_SUSPECT, im->host.host_id, now,
			 err)))
		return -1;
	if (im->endpoint.suspect_class &&
	    (endpoints_suspect(store->db, im->item.endpoint_key, NULL, now,
			       err) ||
	     notices_end(store->db, NOTICE_PROVIDER_SUSPECT,
			 im->item.endpoint_key, now, err)))
		return -1;
	return 0;
}

int64_t import_proof_life_ms(const struct settings *settings)
{
	return settings->proof_hours * HOUR_MS;
}

/* Who proved it: the access row of this endpoint, mode and selector. */
int import_save_proof(const struct store *store, struct import *im,
		      int64_t now, struct err *err)
{
	struct proof *proof = &im->proof;
	const struct access_spec spec = {
		.host_id = im->host.host_id,
		.endpoint_key = im->item.endpoint_key,
		.plan = im->item.plan,
		.mode = im->run.access_mode,
		.selector = import_selector(im),
		.item_id = im->item.item_id,
		.key_source = proof->key_source,
		.key_fingerprint = proof->key_fingerprint,
		.key_resource_id = import_is_given(im) ? NULL
			: im->resources[IMPORT_KEY].resource_id,
	};
	char access_id[ID_MAX], proof_id[ID_MAX];

	if (!proof->model)
		return 0;
	proof->at = now;
	proof->expires_at = now + import_proof_life_ms(store->settings);
	if (proof->kind == PROOF_ACCOUNT)
		return proofs_add(store->db, proof,
				  store->random(store->random_arg), proof_id,
				  err);
	if (accesses_ensure(store->db, &spec, now,
			    store->random(store->random_arg), access_id, err))
		return -1;
	own_set(&proof->access_id, access_id);
	if (proofs_add(store->db, proof, store->random(store->random_arg),
		       proof_id, err))
		return -1;
	if (!proof->ok)		/* one failure breaks no access (D27) */
		return 0;
	if (import_clear_suspicion(store, im, now, err))
		return -1;
	return accesses_proven(store->db, access_id, proof_id,
			       watch_next(store->settings, now,
					  store->random(store->random_arg)),
			       now, err);
}

/* The event that every step leaves: how it went, in numbers. */
static int save_step_event(const struct store *store, struct import *im,
			   const struct step *step,
			   const struct verdict *verdict, int64_t now,
			   struct err *err)
{
	CLEANUP(jout_done) struct jout out = { .text.max = 1024 };
	struct event event = { .at = now };

	if (verdict->kind == VERDICT_POLL && im->memo.polls++ > 0)
		return 0;	/* waiting on is not news */
	jout_object(&out, NULL);
	if (im->http_status) {
		jout_i64(&out, "status", im->http_status);
		jout_i64(&out, "latency_ms", im->latency_ms);
	}
	if (im->attempt)
		jout_i64(&out, "attempt", im->attempt);
	if (verdict->delay_ms)
		jout_i64(&out, "delay_ms", verdict->delay_ms);
	jout_object_end(&out);
	event.step = xstrdup(step->name);
	event.kind = xstrdup(verdict_kind_name(verdict->kind));
	event.class = verdict->failure
		? xstrdup(failure_name(verdict->failure)) : NULL;
	event.detail = buf_take(&out.text);
	if (events_add(store->db, im->item.item_id, &event, err)) {
		event_done(&event);
		return -1;
	}
	event_done(&event);
	return 0;
}

/* What a step learnt of the host as a whole. */
int import_save_host(const struct store *store, struct import *im,
		     int64_t now, struct err *err)
{
	if (im->new_session &&
	    hosts_session(store->db, im->host.host_id,
			  im->host.session_secret_id,
			  im->host.session_expires_at, now, err))
		return -1;
	if (!im->run_mode)
		return 0;
	return hosts_run_mode(store->db, im->host.host_id, im->run_mode, now,
			      err);
}

int import_save_events(const struct store *store, struct import *im,
		       const struct step *step, int64_t now, struct err *err)
{
	for (size_t i = 0; i < im->nevents; i++) {
		im->events[i].at = now;
		own_set(&im->events[i].step, step->name);
		if (events_add(store->db, im->item.item_id, &im->events[i],
			       err) ||
		    import_audit(store, im, &im->events[i], now, err))
			return -1;
	}
	return 0;
}

static void note_retry(struct import *im, const struct verdict *verdict,
		       int64_t now)
{
	struct item *item = &im->item;

	item->next_retry_at = verdict->delay_ms ? now + verdict->delay_ms : 0;
	if (verdict->kind != VERDICT_RETRY)
		return;
	item->retry_count = im->attempt + 1;
	item->last_retry_at = now;
}

/* Kept with the item from the first hop on that was looked at. */
static void keep_diagnosis(struct import *im)
{
	if (im->diagnosis.at == 0)
		return;
	free(im->item.diagnosis);
	im->item.diagnosis = diagnosis_text(&im->diagnosis);
}

int import_save(const struct store *store, const struct task *task,
		void *subject, const struct step *step,
		const struct verdict *verdict, int64_t now, struct err *err)
{
	struct import *im = subject;

	(void)task;
	im->item.stage = (enum item_stage)step->stage;
	note_retry(im, verdict, now);
	keep_diagnosis(im);
	if (import_save_resources(store, im, now, err) ||
	    import_save_foreign(store, im, now, err) ||
	    import_save_host(store, im, now, err) ||
	    save_step_event(store, im, step, verdict, now, err) ||
	    import_save_events(store, im, step, now, err) ||
	    import_save_proof(store, im, now, err) ||
	    import_save_top_up(store, im, err) ||
	    items_save(store->db, &im->item, now, err))
		return -1;
	if (verdict->kind != VERDICT_POLL)
		im->memo.polls = 0;
	return 0;
}

/*
 * It failed before there was a proof to look into: the stage tells the hop,
 * and what was said last is the evidence.
 */
static void conclude(struct import *im, enum failure why, int64_t now)
{
	struct diagnosis *d = &im->diagnosis;
	/* What a model does not say, no host can have taken away. */
	bool speechless = why == FAILURE_EMPTY_COMPLETION;
	struct evidence *at = im->memo.failed_stage == STAGE_PROBE
		? &d->provider : speechless ? &d->gateway : &d->account;

	if (d->class == why || why == FAILURE_CANCELLED)
		return;
	*d = (struct diagnosis){ .class = why, .at = now };
	d->hop = im->memo.failed_stage == STAGE_PROBE || speechless
		? HOP_PROVIDER :
		 import_is_of_the_key(why) ? HOP_KEY : HOP_HOST;
	d->next = NEXT_OPERATOR;
	at->at = now;
	at->class = why;
	at->status = im->memo.failed_status;
	snprintf(at->text, sizeof(at->text), "%s",
		 im->item.failure_detail ? im->item.failure_detail : "");
}

int import_end(const struct store *store, const struct task *task,
	       void *subject, const struct verdict *verdict, int64_t now,
	       struct err *err)
{
	struct import *im = subject;
	struct item *item = &im->item;
	bool failed = verdict->kind == VERDICT_FAILED;
	enum failure why = im->memo.failure ? (enum failure)im->memo.failure
					    : verdict->failure;
	struct run_settled settled = {
		.active = !failed,
		.cancelled = why == FAILURE_CANCELLED,
	};

	(void)task;
	if (import_show_foreign(store, im, err) ||
	    (failed && import_keep_retired(store, im, now, err)))
		return -1;
	if (failed && why != verdict->failure)
		item_warn(item, "left_on_host", "not all that was made could "
			  "be taken back; see the events");
	settled.warned = strcmp(item->warnings, "[]") != 0;
	settled.broken = failed && !settled.cancelled;
	item->stage = STAGE_DONE;
	item->access = failed ? ACCESS_BROKEN : ACCESS_ACTIVE;
	item->confirmation = failed ? CONFIRMATION_FAILED
				    : CONFIRMATION_CONFIRMED;
	item->cancelled = settled.cancelled;
	item->next_retry_at = 0;
	item->finished_at = now;
	if (failed) {
		own_set(&item->failure_class, failure_name(why));
		if (im->memo.failed_stage == STAGE_VALIDATE)
			item->validation = VALIDATION_FAILED;
		conclude(im, why, now);
		keep_diagnosis(im);
	}
	if (items_save(store->db, item, now, err) ||
	    (!failed && profiling_after_import(store, im, now, err)) ||
	    runs_settle_item(store->db, item->run_id, &settled, now, err))
		return -1;
	return import_heed_canary(store, im, now, err);
}
