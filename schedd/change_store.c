/* How a change is read before a step, written after it, and ended. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "schedd/audit_event.h"
#include "schedd/change.h"
#include "schedd/import_written.h"
#include "shared/account_use.h"
#include "shared/mapping.h"

const json_t *change_wanted(const struct import *im, const char *name,
			    json_t **ret_wanted)
{
	*ret_wanted = json_loads(im->change.wanted ? im->change.wanted : "{}",
				 0, NULL);
	return json_object_get(*ret_wanted, name);
}

/* It is proven name by name, each as if it were the model of all proofs. */
static void choose_name(struct import *im)
{
	json_auto_t *wanted = NULL;
	const json_t *names = change_wanted(im, "tries", &wanted);
	const char *name = json_string_value(json_array_get(names,
					(size_t)im->memo.names_tried));

	if (name)
		own_set(&im->item.resolved_smoke_model, name);
	/* In simple mode the mark leads to the first of them alone. */
	if (im->memo.names_tried > 0)
		im->has_alias = false;
}

/* An import's failure is no matter of ours. */
static void forget_failure(struct import *im)
{
	own_set(&im->item.failure_detail, im->change.failure_detail);
	own_set(&im->item.failure_class, NULL);
	im->item.account_id = im->item.account_id
		? im->item.account_id
		: xstrdup_null(im->resources[IMPORT_ACCOUNT].host_resource_id);
	/* What answers alone is the copy. */
	if (im->memo.proving && im->resources[IMPORT_CLONE].host_resource_id)
		own_set(&im->item.account_id,
			im->resources[IMPORT_CLONE].host_resource_id);
}

int change_load(const struct store *store, const struct task *task,
		int64_t now, void **ret, struct err *err)
{
	struct import *im = import_begin(store, task, now);
	AUTO_FREE char *item_id = NULL;
	void *subject = im;

	im->changing = true;
	if (changes_get(store->db, task->subject_id, &im->change, err)) {
		import_free(&subject);
		return -1;
	}
	item_id = xstrdup(im->change.item_id);
	if (import_fill(store, item_id, im, &subject, err))
		return -1;
	/* The account meant, by whichever key the import found it. */
	if (resources_get(store->db, im->change.resource_id,
			  &im->resources[IMPORT_ACCOUNT], err)) {
		import_free(&subject);
		return -1;
	}
	choose_name(im);
	forget_failure(im);
	*ret = subject;
	return 0;
}

void change_want(const void *subject, int which, struct resource_want *ret)
{
	const struct import *im = subject;

	import_want(subject, which, ret);
	if (which != IMPORT_ACCOUNT)
		return;
	ret->hold = true;
	snprintf(ret->lookup, sizeof(ret->lookup), "%s",
		 im->resources[IMPORT_ACCOUNT].lookup);
}

/* Is it news that an operator took it out, or let it back? */
static int save_pause(const struct store *store, const struct import *im,
		      const struct step *step, int64_t now, struct err *err)
{
	if (strcmp(step->name, "change.written") != 0)
		return 0;
	return resources_pause(store->db, im->change.resource_id,
			       im->resources[IMPORT_ACCOUNT].paused_at, now,
			       err);
}

int change_save(const struct store *store, const struct task *task,
		void *subject, const struct step *step,
		const struct verdict *verdict, int64_t now, struct err *err)
{
	struct import *im = subject;

	(void)task;
	own_set(&im->change.failure_detail, im->item.failure_detail);
	if (import_save_resources(store, im, now, err) ||
	    import_save_host(store, im, now, err) ||
	    import_save_events(store, im, step, now, err) ||
	    import_save_proof(store, im, now, err) ||
	    save_pause(store, im, step, now, err) ||
	    changes_note(store->db, &im->change, err) ||
	    change_save_key(store, im, step, now, err))
		return -1;
	if (verdict->kind == VERDICT_POLL)
		im->memo.polls++;
	else
		im->memo.polls = 0;
	return 0;
}

static struct account_place place_of(const struct import *im)
{
	return (struct account_place){
		.host_id = im->host.host_id,
		.endpoint_key = im->item.endpoint_key,
		.plan = im->item.plan,
		.mode = im->run.access_mode,
	};
}

/* What the account is to be from now on: mends and imports go by it. */
static char *new_wanted(const struct import *im, const json_t *wanted)
{
	const char *text = im->resources[IMPORT_ACCOUNT].wanted_json;
	json_auto_t *body = json_loads(text ? text : "{}", 0, NULL);
	json_t *credentials = json_object_get(body, "credentials");

	if (im->change.kind == CHANGE_MODELS)
		json_object_set_new(credentials, "model_mapping",
			mapping_apply(json_object_get(credentials,
						      "model_mapping"),
				      json_object_get(wanted, "set"),
				      json_object_get(wanted, "drop")));
	else if (json_integer_value(json_object_get(wanted, "proxy_id")))
		json_object_set(body, "proxy_id",
				json_object_get(wanted, "proxy_id"));
	else
		json_object_del(body, "proxy_id");
	return json_dumps(body, JSON_COMPACT);
}

static int keep_models(const struct store *store, const struct import *im,
		       const json_t *wanted, int64_t now, struct err *err)
{
	AUTO_FREE char *models = json_dumps(json_object_get(wanted, "models"),
					    JSON_COMPACT);
	AUTO_FREE char *aliases = json_dumps(json_object_get(wanted,
						"aliases"), JSON_COMPACT);
	json_auto_t *known = model_families(json_object_get(wanted, "models"));
	AUTO_FREE char *families = json_dumps(known, JSON_COMPACT);
	const struct account_models set = {
		.models = models,
		.aliases = aliases,
		.families = families,
		.smoke = json_string_value(json_object_get(wanted, "smoke")),
		.dropped = json_object_get(wanted, "drop"),
	};

	return account_use_set_models(store->db, im->change.resource_id, &set,
				      now, err);
}

static int keep_proxy(const struct store *store, const struct import *im,
		      const json_t *wanted, int64_t now, struct err *err)
{
	int64_t id = json_integer_value(json_object_get(wanted, "proxy_id"));
	AUTO_FREE char *text = id ? xasprintf("%" PRId64, id) : NULL;

	return account_use_set_proxy(store->db, im->change.resource_id, text,
				     now, err);
}

/* The account is as it was wanted: so is all that rests on it. */
static int keep(const struct store *store, struct import *im, int64_t now,
		struct err *err)
{
	json_auto_t *wanted = json_loads(im->change.wanted, 0, NULL);
	char *text;

	if (im->change.kind != CHANGE_MODELS && im->change.kind != CHANGE_PROXY)
		return 0;
	text = new_wanted(im, wanted);
	free(im->resources[IMPORT_ACCOUNT].wanted_json);
	im->resources[IMPORT_ACCOUNT].wanted_json = text;
	return im->change.kind == CHANGE_MODELS
		? keep_models(store, im, wanted, now, err)
		: keep_proxy(store, im, wanted, now, err);
}

/* Let the others have it; that the change failed is no failure of its own. */
static int let_go(const struct store *store, struct import *im, int64_t now,
		  struct err *err)
{
	struct resource *r = &im->resources[IMPORT_ACCOUNT];

	if (!import_holds(im, IMPORT_ACCOUNT))
		return 0;
	r->state = RESOURCE_PRESENT;
	if (im->change.state == CHANGE_DONE)
		import_wrote_all(im, IMPORT_ACCOUNT);
	return resources_save(store->db, r, im->task_id, now, err);
}

static int note_event(const struct store *store, const struct import *im,
		      int64_t now, struct err *err)
{
	CLEANUP(jout_done) struct jout out = { .text.max = 1024 };
	CLEANUP(event_done) struct event event = { .at = now };

	jout_object(&out, NULL);
	jout_str(&out, "change_id", im->change.change_id);
	jout_str(&out, "change", change_kind_name(im->change.kind));
	jout_object_end(&out);
	event.step = xstrdup("change.proven");
	event.kind = xstrdup(im->change.state == CHANGE_DONE
			     ? "changed" : "not_changed");
	event.class = xstrdup_null(im->change.failure_class);
	event.detail = buf_take(&out.text);
	if (events_add(store->db, im->item.item_id, &event, err))
		return -1;
	return import_audit(store, im, &event, now, err);
}

/* Who was not checked while it was paused is due; and who may have lost. */
int change_plan_checks(const struct store *store, const struct import *im,
		       int64_t now, struct err *err)
{
	const struct account_place place = place_of(im);

	if (store->settings->watch_every_s == 0 ||
	    im->resources[IMPORT_ACCOUNT].paused_at)
		return 0;
	return account_use_check(store->db, &place, now, now, err);
}

/* Whoever rolled the item back meanwhile left us the keys to end with. */
static int purge(const struct store *store, const struct import *im,
		 int64_t now, struct err *err)
{
	if (im->run.given_key_secret_id &&
	    secrets_purge(store->db, im->run.given_key_secret_id, now, err))
		return -1;
	return secrets_purge(store->db, im->item.api_key_secret_id, now, err);
}

int change_end(const struct store *store, const struct task *task,
	       void *subject, const struct verdict *verdict, int64_t now,
	       struct err *err)
{
	struct import *im = subject;
	bool failed = verdict->kind == VERDICT_FAILED;

	(void)task;
	im->change.state = failed ? CHANGE_FAILED : CHANGE_DONE;
	own_set(&im->change.failure_detail, NULL);
	if (failed) {
		enum failure why = im->memo.failure
			? (enum failure)im->memo.failure : verdict->failure;

		own_set(&im->change.failure_class, failure_name(why));
		own_set(&im->change.failure_detail, im->item.failure_detail);
	}
	if ((!failed && keep(store, im, now, err)) ||
	    let_go(store, im, now, err) ||
	    change_plan_checks(store, im, now, err) ||
	    note_event(store, im, now, err))
		return -1;
	if (changes_finish(store->db, &im->change, now, err) ||
	    purge(store, im, now, err))
		return -1;
	return change_end_key(store, im, now, err);
}
