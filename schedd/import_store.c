/* How an import is read before a step, and written after it. */
#include "schedd/import.h"

#include <stdio.h>
#include <string.h>

#include "schedd/host/account.h"
#include "schedd/host/base_url.h"
#include "schedd/host/group.h"
#include "schedd/host/subscription.h"
#include "schedd/host/user.h"
#include "shared/accesses.h"
#include "shared/installation.h"
#include "shared/secrets.h"

#define PASSWORD_CHARS 32
#define KEY_PREFIX "sk-relay-"
#define KEY_CHARS 40
#define HOUR_MS 3600000

static int load_resources(const struct store *store, struct import *im,
			  struct err *err)
{
	for (int i = 0; i < IMPORT_RESOURCE__MAX; i++) {
		struct resource_want want = { 0 };

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
	const char *secret_id = im->resources[import_key(im)].secret_id;
	struct secret_face face;

	if (!secret_id)
		return 0;
	if (secrets_face(store->db, secret_id, &face, err))
		return -1;
	snprintf(im->key_fingerprint, sizeof(im->key_fingerprint), "%s",
		 face.fingerprint);
	return 0;
}

static void understand(struct import *im)
{
	im->selectors = json_loads(im->run.subscription_users, 0, NULL);
	im->requested = json_loads(im->item.requested_models, 0, NULL);
	im->models = im->item.models ? json_loads(im->item.models, 0, NULL)
				     : NULL;
	im->features = host_features_of(im->host.version);
	if (im->host.capabilities) {
		json_auto_t *seen = json_loads(im->host.capabilities, 0, NULL);

		im->features = host_features_read(seen);
	}
	im->peer = (struct host_peer){
		.base_url = im->host.base_url,
		.auth = im->host.auth_type,
		.inst = im->inst,
	};
}

int import_load(const struct store *store, const struct task *task,
		int64_t now, void **ret, struct err *err)
{
	struct import *im = xcalloc(1, sizeof(*im));
	void *subject = im;

	im->now = now;
	im->attempt = task->attempt;
	im->step_since = task->step_since;
	im->random = store->random(store->random_arg);
	im->settings = store->settings;
	im->task_id = task->task_id;
	import_memo_read(im, task->memo);
	if (items_get(store->db, NULL, task->subject_id, &im->item, err) ||
	    runs_get(store->db, im->item.run_id, &im->run, err) ||
	    hosts_get(store->db, im->run.host_id, &im->host, err) ||
	    installation_get(store->db, im->inst, err)) {
		import_free(&subject);
		return -1;
	}
	understand(im);
	if (load_resources(store, im, err) ||
	    load_fingerprint(store, im, err)) {
		import_free(&subject);
		return -1;
	}
	*ret = im;
	return 0;
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
	json_decref(im->selectors);
	json_decref(im->requested);
	json_decref(im->models);
	item_done(&im->item);
	run_done(&im->run);
	host_done(&im->host);
	free(im);
	*subject = NULL;
}

/* Draw the secret that a resource of ours is made with, and seal it. */
static int mint(const struct store *store, struct resource *row, int which,
		int64_t now, struct err *err)
{
	struct secret_face face;
	AUTO_WIPE char *text = NULL;
	char random[KEY_CHARS + 1];
	bool key = which == IMPORT_KEY || which == IMPORT_PROOF_KEY;
	bool user = which == IMPORT_USER || which == IMPORT_PROOF_USER;

	if (row->secret_id || (!user && !key))
		return 0;
	seal_random_text(random, key ? KEY_CHARS : PASSWORD_CHARS);
	text = xasprintf("%s%s", key ? KEY_PREFIX : "", random);
	explicit_bzero(random, sizeof(random));
	if (secrets_add(store->db, &store->key->pub,
			key ? SECRET_API_KEY : SECRET_PASSWORD, text, now,
			store->random(store->random_arg), &face, err))
		return -1;
	own_set(&row->secret_id, face.secret_id);
	return 0;
}

static void want_account(const struct import *im, struct jout *out)
{
	AUTO_FREE char *base = host_base_url_for(&im->features,
						 im->item.chat_url);
	const int64_t group = import_id(im, IMPORT_GROUP);
	const struct host_account_wish wish = {
		.provider_id = im->item.provider_id,
		.mark = im->resources[IMPORT_ACCOUNT].mark,
		.base_url = base,
		.models = im->models,
		.group_ids = &group,
		.ngroups = 1,
	};

	host_account_wanted(out, &wish);
}

static void want_group(const struct import *im, int which, struct jout *out)
{
	const struct host_group_wish wish = {
		.readable = which == IMPORT_PARKING ? "CRM parking" :
			    which == IMPORT_PROOF_GROUP ? "CRM proof"
							: im->item.endpoint_key,
		.mark = im->resources[which].mark,
		.subscription = true,
	};

	host_group_wanted(out, &wish);
}

static void want_subscription(const struct import *im, struct jout *out)
{
	const struct host_subscription_wish wish = {
		.user_id = import_id(im, IMPORT_USER),
		.group_id = import_id(im, IMPORT_GROUP),
		.days = im->run.subscription_days,
	};

	host_subscription_wanted(out, &im->peer, &wish);
}

/* The body of the create that makes this resource; NULL: nothing to freeze. */
static char *wanted_of(const struct import *im, int which)
{
	struct jout out = { .text.max = REQUEST_BODY_MAX };
	AUTO_FREE char *email = import_email(im);

	if (which == IMPORT_GROUP || which == IMPORT_PARKING ||
	    which == IMPORT_PROOF_GROUP)
		want_group(im, which, &out);
	else if (which == IMPORT_ACCOUNT)
		want_account(im, &out);
	else if (which == IMPORT_USER || which == IMPORT_PROOF_USER)
		host_user_wanted(&out, email, im->resources[which].mark);
	else if (which == IMPORT_SUBSCRIPTION)
		want_subscription(im, &out);
	else
		return NULL;
	return buf_take(&out.text);
}

/*
 * Freeze what will be asked of the host.  When an earlier maker asked for
 * something else and gave up, ours is another generation: the host would
 * answer its old request to the same key.
 */
static void freeze(struct import *im, int which)
{
	struct resource *row = &im->resources[which];
	char *wanted = wanted_of(im, which);

	if (row->wanted_json && wanted && strcmp(row->wanted_json, wanted) != 0)
		row->generation++;
	free(row->wanted_json);
	row->wanted_json = wanted;
}

int import_took(const struct store *store, void *subject, int which,
		struct resource *take_row, int64_t now, struct err *err)
{
	struct import *im = subject;
	struct resource *row = &im->resources[which];

	resource_done(row);
	*row = *take_row;
	*take_row = (struct resource){ 0 };
	if (row->state == RESOURCE_MAKING) {
		if (mint(store, row, which, now, err))
			return -1;
		if (!row->host_resource_id)
			freeze(im, which);
		im->changed[which] = true;
	}
	return resources_use(store->db, row->resource_id, im->item.item_id,
			     now, err);
}

static int save_resources(const struct store *store, struct import *im,
			  int64_t now, struct err *err)
{
	for (int i = 0; i < IMPORT_RESOURCE__MAX; i++)
		if (im->changed[i] &&
		    resources_save(store->db, &im->resources[i], im->task_id,
				   now, err))
			return -1;
	return 0;
}

/* Who proved it: the access row of this endpoint, mode and selector. */
static int save_proof(const struct store *store, struct import *im,
		      int64_t now, struct err *err)
{
	struct proof *proof = &im->proof;
	const struct access_spec spec = {
		.host_id = im->host.host_id,
		.endpoint_key = im->item.endpoint_key,
		.mode = im->run.access_mode,
		.selector = import_selector(im),
		.key_fingerprint = proof->key_fingerprint,
		.key_resource_id = im->resources[IMPORT_KEY].resource_id,
	};
	char access_id[ID_MAX], proof_id[ID_MAX];

	if (!proof->model)
		return 0;
	proof->at = now;
	proof->expires_at = now + store->settings->proof_hours * HOUR_MS;
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
	return accesses_proven(store->db, access_id, ACCESS_ACTIVE, proof_id,
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

static int save_events(const struct store *store, struct import *im,
		       const struct step *step, int64_t now, struct err *err)
{
	for (size_t i = 0; i < im->nevents; i++) {
		im->events[i].at = now;
		own_set(&im->events[i].step, step->name);
		if (events_add(store->db, im->item.item_id, &im->events[i],
			       err))
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

int import_save(const struct store *store, const struct task *task,
		void *subject, const struct step *step,
		const struct verdict *verdict, int64_t now, struct err *err)
{
	struct import *im = subject;

	(void)task;
	im->item.stage = (enum item_stage)step->stage;
	note_retry(im, verdict, now);
	if (save_resources(store, im, now, err) ||
	    save_step_event(store, im, step, verdict, now, err) ||
	    save_events(store, im, step, now, err) ||
	    save_proof(store, im, now, err) ||
	    items_save(store->db, &im->item, now, err))
		return -1;
	if (verdict->kind != VERDICT_POLL)
		im->memo.polls = 0;
	return 0;
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
	if (failed)
		own_set(&item->failure_class, failure_name(why));
	if (items_save(store->db, item, now, err))
		return -1;
	return runs_settle_item(store->db, item->run_id, &settled, now, err);
}
