/*
 * Taking over somebody's account, because the item names it.
 *
 * What it was is written down before anything of it is changed.  It is then
 * marked as ours, told what an account of ours is told, and bound to our
 * group beside its own: from there on it is proven like one that we made.
 * Should that fail, it is put back as it was; it is never deleted by us.
 */
#include "schedd/host/account_view.h"
#include "schedd/host/base_url.h"
#include "schedd/host/mark.h"
#include "schedd/import_steps.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define NOTES_MAX 4000
#define PRIOR_MAX 60000		/* bytes of what it was */

bool import_adopts(const struct import *im)
{
	const struct resource *row = &im->resources[IMPORT_ACCOUNT];

	if (!import_holds(im, IMPORT_ACCOUNT) ||
	    (row->host_resource_id && !row->prior_json))
		return false;
	return import_reuse_none(im)->next == REUSE_ADOPT;
}

static int64_t named(const struct import *im)
{
	return strtoll(im->item.adopt_account_id, NULL, 10);
}

/* Nothing was changed: neither was the row ever the account's. */
static struct verdict refuse(struct import *im, const char *why)
{
	AUTO_FREE char *words = xasprintf("account %s is not adopted: %s",
					  im->item.adopt_account_id, why);

	import_gone(im, IMPORT_ACCOUNT);
	own_set(&im->item.failure_detail, NULL);
	import_blame(im, words);
	item_warn(&im->item, "adopt_refused", words);
	return failed(FAILURE_ADOPT_REFUSED);
}

static bool text_is(const json_t *live, const char *name, const char *want)
{
	const char *text = host_member_text(live, name);

	return text && strcmp(text, want) == 0;
}

static bool has_base_url(const struct import *im, const char *base_url)
{
	AUTO_FREE char *url = base_url
		? host_chat_url_from(&im->features, base_url) : NULL;

	return url && strcmp(url, im->item.chat_url) == 0;
}

/* NULL: it may be taken over. */
static const char *why_not(struct import *im,
			   const struct host_account *it)
{
	const char *print = im->item.api_key_fingerprint;

	if (!text_is(it->live, "platform", "openai"))
		return "its platform is not openai";
	if (!text_is(it->live, "type", "apikey"))
		return "it is not of the type apikey";
	if (!has_base_url(im, it->base_url))
		return "it has another base URL than the item";
	if (it->mark && !im->item.adopt_force)
		return "it carries a mark of this CRM; say adopt_force to take"
		       " it if no record of it is left";
	if (!im->item.adopt_force && host_mark_is_any(it->name))
		return "it carries the mark of another CRM; say adopt_force"
		       " to take it all the same";
	if (it->key && print && strcmp(it->key, print) != 0)
		return "it has another key than the item";
	if (!import_keep_groups(im, it->live))
		return "it is in too many groups";
	return NULL;
}

/* What a failure puts back; no member holds a secret. */
static char *describe(const json_t *live)
{
	const json_t *credentials = json_object_get(live, "credentials");
	static const char *const members[] = {
		"name", "notes", "status", "schedulable", "extra", "proxy_id",
		"expires_at",
	};
	static const char *const inner[] = {
		"model_mapping", "pool_mode", "custom_error_codes_enabled",
		"custom_error_codes",
	};
	json_t *prior = json_object();
	char *text;

	for (size_t i = 0; i < COUNT(members); i++)
		json_object_set(prior, members[i],
				json_object_get(live, members[i]));
	for (size_t i = 0; i < COUNT(inner); i++)
		json_object_set(prior, inner[i],
				json_object_get(credentials, inner[i]));
	json_object_set_new(prior, "group_ids", host_account_groups(live));
	text = json_dumps(prior, JSON_COMPACT);
	json_decref(prior);
	return text;
}

/* Without a mark of ours from before: it gets a new one. */
static char *own_name(const struct host_account *it)
{
	size_t len = it->mark ? (size_t)(it->mark - it->name)
			      : strlen(it->name);

	while (len > 0 && it->name[len - 1] == ' ')
		len--;
	return xstrndup(it->name, len);
}

/* Its own body, with what ours would have. */
static void want_it(struct import *im, const struct host_account *it)
{
	struct resource *row = &im->resources[IMPORT_ACCOUNT];
	json_t *wanted = json_loads(row->wanted_json, 0, NULL);
	json_t *credentials = json_object_get(wanted, "credentials");
	AUTO_FREE char *own = own_name(it);
	AUTO_FREE char *name = host_mark_name(own, row->mark);

	json_object_set_new(wanted, "name", json_string(name));
	json_object_set_new(credentials, "base_url",
			    json_string(it->base_url));
	json_object_set_new(wanted, "concurrency",
			    json_integer(it->concurrency));
	json_object_set_new(wanted, "priority", json_integer(it->priority));
	free(row->wanted_json);
	row->wanted_json = json_dumps(wanted, JSON_COMPACT);
	json_decref(wanted);
	import_widen(im, it->live);
}

static struct verdict take_over(struct import *im,
				const struct host_account *it)
{
	struct resource *row = &im->resources[IMPORT_ACCOUNT];
	struct item *item = &im->item;
	char *prior = describe(it->live);

	if (strlen(prior) > PRIOR_MAX) {
		free(prior);
		return refuse(im, "too much would have to be remembered of"
			      " it");
	}
	import_keep_id(im, IMPORT_ACCOUNT, item->adopt_account_id);
	own_set(&row->origin, "adopted");
	free(row->prior_json);
	row->prior_json = prior;
	want_it(im, it);
	item->match = reuse_decide(import_reuse_facts(im, it->live) &
		(REUSE(OURS) | REUSE(OFF) | REUSE(EXPIRED) | REUSE(ERROR) |
		 REUSE(BENCHED) | REUSE(LIMITED)))->match;
	item->resolution = RESOLUTION_REUSED;
	item->provision_reused = true;
	own_set(&item->reused_from_account_id, item->adopt_account_id);
	if (!it->key)
		item_warn(item, "adopted_key_unknown", "the host does not show"
			  " keys: that it is this one cannot be compared");
	im->memo.adopting = im->memo.adopted = true;
	return go_on();
}

bool ask_adopt(const void *subject, struct request *request)
{
	const struct import *im = subject;

	host_ask_account(request, &im->peer, named(im));
	return true;
}

struct verdict got_adopt(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	enum failure why = host_judge(answer);
	struct host_account it;
	const char *no;

	import_saw(im, answer);
	if (why == FAILURE_GONE || host_reason_is(answer, "ACCOUNT_NOT_FOUND"))
		return refuse(im, "the host has no such account");
	if (why != FAILURE_NONE)
		return import_host_failed(im, answer, why);
	host_features_seen_account(&im->features, host_data(answer));
	/* Begun before: what it was is known, and it is changed by now. */
	if (im->resources[IMPORT_ACCOUNT].prior_json) {
		im->memo.adopting = im->memo.adopted = true;
		return go_on();
	}
	it = host_account_read(host_data(answer), im->inst, im->now);
	no = why_not(im, &it);
	return no ? refuse(im, no) : take_over(im, &it);
}

/* Another item's task may have been quicker: then it is not in our row. */
struct verdict got_adopt_taken(void *subject, const struct answer *answer)
{
	struct import *im = subject;

	(void)answer;
	if (im->resources[IMPORT_ACCOUNT].host_resource_id)
		return go_on();
	im->memo.adopting = im->memo.adopted = false;
	return refuse(im, "another key has it");
}

/* The marks by which it is ours: in the name, which is searched, and notes. */
bool ask_adopt_mark(const void *subject, struct request *request)
{
	const struct import *im = subject;
	const struct resource *row = &im->resources[IMPORT_ACCOUNT];
	json_auto_t *wanted = json_loads(row->wanted_json, 0, NULL);
	json_auto_t *prior = json_loads(row->prior_json, 0, NULL);
	const char *notes = host_member_text(prior, "notes");
	AUTO_FREE char *both = notes && *notes
		? xasprintf("%.*s\n%s", NOTES_MAX, notes, row->mark)
		: xstrdup(row->mark);
	const struct host_account_put put = {
		.name = host_member_text(wanted, "name"),
		.notes = both,
		.never_expires = host_account_expired(prior, im->now),
	};

	host_ask_account_put(request, &im->peer,
			     import_id(im, IMPORT_ACCOUNT), &put);
	return true;
}

struct verdict got_adopt_mark(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	enum failure why = host_judge(answer);

	import_saw(im, answer);
	if (why != FAILURE_NONE)
		return import_host_failed(im, answer, why);
	return go_to("provision.proof_group");
}

void import_ask_taken_over(const struct import *im, struct request *request)
{
	const struct resource *row = &im->resources[IMPORT_ACCOUNT];
	json_auto_t *wanted = json_loads(row->wanted_json, 0, NULL);
	const bool on = true;
	const int64_t proxy = import_proxy(im);
	json_auto_t *ids = import_new_groups(im,
			import_id(im, import_stage_group(im)), 0);
	const struct host_account_patch patch = {
		.relay = true,
		.group_ids = ids,
		.models = json_object_get(json_object_get(wanted,
				"credentials"), "model_mapping"),
		.pool_mode = import_wants_pool_mode(im),
		.status = "active",
		.schedulable = &on,
		.proxy_id = proxy ? &proxy : NULL,
	};

	host_ask_account_patch(request, &im->peer,
			       import_id(im, IMPORT_ACCOUNT), &patch);
}

/* ---- and back ---- */

static bool is_to_restore(const struct import *im)
{
	return im->memo.adopting && import_holds(im, IMPORT_ACCOUNT) &&
	       im->resources[IMPORT_ACCOUNT].prior_json;
}

bool ask_restore_read(const void *subject, struct request *request)
{
	const struct import *im = subject;

	if (!is_to_restore(im))
		return false;
	host_ask_account(request, &im->peer, import_id(im, IMPORT_ACCOUNT));
	return true;
}

struct verdict got_restore_read(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	enum failure why;

	if (!answer)
		return go_to("undo.find_proof");
	why = host_judge(answer);
	import_saw(im, answer);
	if (why == FAILURE_GONE) {
		import_gone(im, IMPORT_ACCOUNT);
		return go_to("undo.find_proof");
	}
	if (why != FAILURE_NONE)
		return import_leave(im, import_host_failed(im, answer, why));
	if (!import_keep_groups(im, host_data(answer)))
		item_warn(&im->item, "left_on_host", "the account is in too "
			  "many groups: it stays in all of them");
	return go_on();
}

/* Out of our groups that it was not in; others may have moved it. */
static json_t *groups_without_ours(const struct import *im,
				   const json_t *prior)
{
	static const enum import_resource ours[] = {
		IMPORT_GROUP, IMPORT_PROOF_GROUP, IMPORT_PARKING,
	};
	json_auto_t *all = import_new_groups(im, 0, 0);
	json_t *kept = json_array();
	size_t i;
	json_t *id;

	json_array_foreach(all, i, id) {
		const int64_t group = json_integer_value(id);
		bool is_ours = false;

		for (size_t j = 0; j < COUNT(ours); j++)
			is_ours |= group == import_id(im, ours[j]);
		if (!is_ours || host_account_in_group(prior, group))
			json_array_append(kept, id);
	}
	return kept;
}

bool ask_restore(const void *subject, struct request *request)
{
	const struct import *im = subject;
	const char *text = im->resources[IMPORT_ACCOUNT].prior_json;
	json_auto_t *prior = json_loads(text ? text : "{}", 0, NULL);
	json_auto_t *nothing = json_object();
	const json_t *mapping = json_object_get(prior, "model_mapping");
	const char *status = host_member_text(prior, "status");
	const bool on = json_is_true(json_object_get(prior, "schedulable"));
	const int64_t proxy = host_member_i64(prior, "proxy_id");
	json_auto_t *ids = groups_without_ours(im, prior);
	const struct host_account_patch patch = {
		.name = host_member_text(prior, "name"),
		.group_ids = im->memo.many_groups ? NULL : ids,
		.models = json_is_object(mapping) ? mapping : nothing,
		.no_pool_mode = import_wants_pool_mode(im) &&
			!json_is_true(json_object_get(prior, "pool_mode")),
		.hide_errors = json_is_true(json_object_get(prior,
				"custom_error_codes_enabled")),
		.status = status,
		.schedulable = &on,
		.proxy_id = import_proxy(im) ? &proxy : NULL,
	};

	if (!is_to_restore(im))
		return false;
	host_ask_account_patch(request, &im->peer,
			       import_id(im, IMPORT_ACCOUNT), &patch);
	return true;
}

struct verdict got_restore(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	enum failure why;

	if (!answer)
		return go_to("undo.find_proof");
	why = host_judge_account_patch(answer, import_id(im, IMPORT_ACCOUNT));
	import_saw(im, answer);
	if (why != FAILURE_NONE)
		return import_leave(im, import_host_failed(im, answer, why));
	return go_on();
}

/* A patch only adds to `extra`; a PUT puts back exactly what it was. */
bool ask_restore_rest(const void *subject, struct request *request)
{
	const struct import *im = subject;
	const char *text = im->resources[IMPORT_ACCOUNT].prior_json;
	json_auto_t *prior = json_loads(text ? text : "{}", 0, NULL);
	json_auto_t *nothing = json_object();
	const json_t *extra = json_object_get(prior, "extra");
	const char *notes = host_member_text(prior, "notes");
	const struct host_account_put put = {
		.notes = notes ? notes : "",
		.extra = json_is_object(extra) ? extra : nothing,
	};

	if (!is_to_restore(im))
		return false;
	host_ask_account_put(request, &im->peer,
			     import_id(im, IMPORT_ACCOUNT), &put);
	return true;
}

struct verdict got_restore_rest(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	enum failure why;

	if (!answer)
		return go_on();
	why = host_judge(answer);
	import_saw(im, answer);
	if (why != FAILURE_NONE && why != FAILURE_GONE)
		return import_leave(im, import_host_failed(im, answer, why));
	import_gone(im, IMPORT_ACCOUNT);
	import_note(im, "restored", NULL);
	return go_on();
}
