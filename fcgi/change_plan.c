#include "fcgi/change_plan.h"

#include <inttypes.h>
#include <string.h>

#include "fcgi/view.h"
#include "shared/account_use.h"

#define OTHERS_SHOWN 20

/* ---- whom it is about ---- */

static int refuse(struct err *err, const char *code, const char *why,
		  const struct item *item)
{
	err_set(err, ERR_CONFLICT, "item %s %s", item->item_id, why);
	return err_code(err, code);
}

static int find_account(const struct request *req,
			struct change_target *target, struct err *err)
{
	const struct item *item = &target->item;

	if (item_refuse_rolled_back(item, err))
		return -1;
	if (item->stage != STAGE_DONE)
		return refuse(err, "item_running", "is still being imported",
			      item);
	if (!item->account_id || !item->models)
		return refuse(err, "item_has_no_account",
			      "has no account on the host", item);
	if (resources_of_host_id(req->db, target->run.host_id,
				 RESOURCE_ACCOUNT, item->account_id,
				 &target->account, err))
		return err->kind != ERR_NOT_FOUND ? -1 :
		       refuse(err, "item_has_no_account",
			      "has no account on the host any more", item);
	return changes_running(req->db, target->account.resource_id,
			       target->running, err);
}

int change_target_get(const struct request *req, struct change_target *ret,
		      struct err *err)
{
	if (items_get(req->db, req->ids[0], req->ids[1], &ret->item, err) ||
	    runs_get(req->db, req->ids[0], &ret->run, err))
		return -1;
	return find_account(req, ret, err);
}

static int not_in_use(struct err *err, const char *resource_id)
{
	err_set(err, ERR_CONFLICT, "account %s is not on the host, or no "
		"import rests on it", resource_id);
	return err_code(err, "account_not_in_use");
}

int change_target_of(const struct request *req, const char *resource_id,
		     struct change_target *ret, struct err *err)
{
	char run_id[ID_MAX], item_id[ID_MAX];

	if (resources_get(req->db, resource_id, &ret->account, err))
		return -1;
	if (ret->account.type != RESOURCE_ACCOUNT)
		return err_set(err, ERR_NOT_FOUND, "no account %s",
			       resource_id);
	if (ret->account.state == RESOURCE_GONE ||
	    !ret->account.host_resource_id)
		return not_in_use(err, resource_id);
	if (account_use_newest(req->db, resource_id, run_id, item_id, err))
		return err->kind == ERR_NOT_FOUND
			? not_in_use(err, resource_id) : -1;
	if (items_get(req->db, run_id, item_id, &ret->item, err) ||
	    runs_get(req->db, run_id, &ret->run, err))
		return -1;
	return changes_running(req->db, resource_id, ret->running, err);
}

void change_target_done(struct change_target *target)
{
	item_done(&target->item);
	run_done(&target->run);
	resource_done(&target->account);
}

/* ---- what it would come to ---- */

/* All that the plan rests on, and what it wants: whatever differs, tells. */
static void seal_plan(const struct change_target *target, const char *ground,
		      struct change_plan *plan)
{
	const struct resource *r = &target->account;
	AUTO_FREE char *text = xasprintf("%s\n%s\n%s\n%s\n%s\n%" PRId64 "\n%s",
		change_kind_name(plan->kind), plan->wanted, r->resource_id,
		r->wanted_json ? r->wanted_json : "", ground, r->paused_at,
		target->item.account_proxy ? target->item.account_proxy : "");

	seal_hash_text(text, strlen(text), plan->token);
}

static char *models_wanted(const struct mapping_plan *models)
{
	struct jout out = { .text.max = HTTP_REPLY_MAX };

	jout_object(&out, NULL);
	jout_json(&out, "models", models->models);
	jout_json(&out, "aliases", models->aliases);
	jout_str(&out, "smoke", models->smoke);
	jout_json(&out, "set", models->set);
	jout_json(&out, "drop", models->drop);
	jout_json(&out, "tries", models->tries);
	jout_object_end(&out);
	return buf_take(&out.text);
}

int change_plan_models(const struct request *req,
		       const struct change_target *target,
		       const struct mapping_wish *wish,
		       struct change_plan *ret, struct jdec_problems *problems,
		       struct err *err)
{
	const struct resource *r = &target->account;
	const struct item *item = &target->item;
	json_auto_t *body = json_loads(r->wanted_json ? r->wanted_json : "{}",
				       0, NULL);
	const json_t *mapping = json_object_get(json_object_get(body,
				"credentials"), "model_mapping");
	json_auto_t *models = NULL, *aliases = NULL;
	json_auto_t *listed = item->recommended_models
		? json_loads(item->recommended_models, 0, NULL) : NULL;
	struct mapping_ground ground = {
		.mapping = mapping, .listed = listed,
		.smoke = item->resolved_smoke_model, .mark = r->mark,
		.base_url = item->base_url,
	};

	if (account_use_ours(req->db, r->resource_id, mapping, &models,
			     &aliases, err))
		return -1;
	ground.models = models;
	ground.aliases = aliases;
	ret->kind = CHANGE_MODELS;
	if (mapping_plan(wish, &ground, &ret->models, problems)) {
		ret->wanted = models_wanted(&ret->models);
		seal_plan(target, item->resolved_smoke_model, ret);
	}
	return 0;
}

void change_plan_proxy(const struct change_target *target, int64_t proxy_id,
		       struct change_plan *ret)
{
	ret->kind = CHANGE_PROXY;
	ret->proxy_id = proxy_id;
	ret->wanted = proxy_id
		? xasprintf("{\"proxy_id\":%" PRId64 ",\"tries\":[]}", proxy_id)
		: xstrdup("{\"proxy_id\":null,\"tries\":[]}");
	seal_plan(target, "", ret);
}

void change_plan_switch(const struct change_target *target,
			enum change_kind kind, struct change_plan *ret)
{
	ret->kind = kind;
	ret->wanted = xasprintf("{\"schedulable\":%s,\"tries\":[]}",
				kind == CHANGE_RESUME ? "true" : "false");
	seal_plan(target, "", ret);
}

/* Which keys: what may be shown of them. */
static void write_key(struct jout *out, const char *name,
		      const char *fingerprint, const char *last4)
{
	jout_object(out, name);
	jout_str(out, "fingerprint", fingerprint);
	jout_str(out, "last4", last4);
	jout_object_end(out);
}

static char *key_wanted(const struct change_target *target,
			const struct change_plan *plan)
{
	struct jout out = { .text.max = 1024 };

	jout_object(&out, NULL);
	write_key(&out, "new_key", plan->key.face.fingerprint,
		  plan->key.face.last4);
	write_key(&out, "old_key", target->item.api_key_fingerprint,
		  target->item.api_key_last4);
	jout_i64(&out, "overlap_s", plan->overlap_s);
	jout_bool(&out, "old_key_revoked", plan->old_key_revoked);
	jout_array(&out, "tries");
	jout_array_end(&out);
	jout_object_end(&out);
	return buf_take(&out.text);
}

/* Two accounts of a group with one key would be one of them too many. */
static int is_free(const struct request *req,
		   const struct change_target *target, const char *print,
		   struct err *err)
{
	CLEANUP(resource_done) struct resource other = { 0 };
	const char *mine = target->account.lookup;
	const char *key = strrchr(mine, '|');
	AUTO_FREE char *lookup = xasprintf("%.*s|%s", key ? (int)(key - mine)
							  : 0, mine, print);

	if (resources_find(req->db, target->run.host_id, RESOURCE_ACCOUNT,
			   lookup, &other, err))
		return err->kind == ERR_NOT_FOUND ? 0 : -1;
	if (!other.host_resource_id)
		return 0;
	err_set(err, ERR_CONFLICT, "account %s (%s) has this key already",
		other.resource_id, other.host_resource_id);
	return err_code(err, "key_in_use");
}

int change_plan_key(const struct request *req,
		    const struct change_target *target,
		    struct change_plan *plan, struct err *err)
{
	const char *old = target->item.api_key_fingerprint;
	const char *print = plan->key.face.fingerprint;

	if (old && strcmp(old, print) == 0) {
		err_set(err, ERR_CONFLICT, "the account has this key already");
		return err_code(err, "same_key");
	}
	if (is_free(req, target, print, err))
		return -1;
	plan->kind = CHANGE_ROTATE_KEY;
	plan->wanted = key_wanted(target, plan);
	seal_plan(target, old ? old : "", plan);
	return 0;
}

void change_plan_done(struct change_plan *plan)
{
	secret_sealed_done(&plan->key);
	mapping_plan_done(&plan->models);
	free(plan->wanted);
	*plan = (struct change_plan){ 0 };
}

/* ---- how it is shown ---- */

static void write_models(const struct change_target *target,
			 const struct mapping_plan *models, struct jout *out)
{
	json_auto_t *body = json_loads(target->account.wanted_json ?
				       target->account.wanted_json : "{}", 0,
				       NULL);

	jout_json(out, "before", json_object_get(json_object_get(body,
		  "credentials"), "model_mapping"));
	jout_json(out, "after", models->after);
	jout_json(out, "added", models->added);
	jout_json(out, "removed", models->removed);
	jout_json(out, "changed", models->changed);
	jout_json(out, "unchanged", models->unchanged);
	jout_json(out, "models", models->models);
	jout_json(out, "model_aliases", models->aliases);
	jout_str(out, "smoke_model_before",
		 target->item.resolved_smoke_model);
	jout_str(out, "smoke_model", models->smoke);
	jout_json(out, "proven_by", models->tries);
	jout_json(out, "resolution", models->resolution);
}

static void write_proxy(const struct change_target *target, int64_t proxy_id,
			struct jout *out)
{
	AUTO_FREE char *id = proxy_id ? xasprintf("%" PRId64, proxy_id) : NULL;

	jout_str(out, "before", target->item.account_proxy);
	jout_str(out, "after", id);
}

static void write_keys(const struct change_target *target,
		       const struct change_plan *plan, struct jout *out)
{
	write_key(out, "before", target->item.api_key_fingerprint,
		  target->item.api_key_last4);
	write_key(out, "after", plan->key.face.fingerprint,
		  plan->key.face.last4);
	jout_i64(out, "overlap_s", plan->overlap_s);
	jout_bool(out, "old_key_revoked", plan->old_key_revoked);
}

static void write_warnings(const struct change_target *target,
			   const struct change_plan *plan, struct jout *out)
{
	size_t i;
	const json_t *warning;

	jout_array(out, "warnings");
	json_array_foreach(plan->models.warnings, i, warning)
		jout_json(out, NULL, warning);
	if (target->account.paused_at) {
		jout_object(out, NULL);
		jout_str(out, "code", "not_proven_while_paused");
		jout_str(out, "detail", "the account is paused: what is "
			 "changed is proven when it is resumed");
		jout_object_end(out);
	}
	jout_array_end(out);
}

static int write_others(const struct request *req,
			const struct change_target *target, struct jout *out,
			struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(account_user_done) struct account_user user = { 0 };
	const char *item_id = target->item.item_id;
	int more;

	if (account_use_items(&rows, req->db, target->account.resource_id,
			      item_id, OTHERS_SHOWN, err))
		return -1;
	jout_array(out, "some_items");
	while ((more = account_use_items_next(&rows, &user, err)) > 0) {
		jout_object(out, NULL);
		jout_str(out, "run_id", user.run_id);
		jout_str(out, "item_id", user.item_id);
		jout_str(out, "label", user.label);
		jout_object_end(out);
	}
	jout_array_end(out);
	return more;
}

static int write_use(const struct request *req,
		     const struct change_target *target, struct jout *out,
		     struct err *err)
{
	const struct account_place place = {
		.host_id = target->run.host_id,
		.endpoint_key = target->item.endpoint_key,
		.plan = target->item.plan,
		.mode = target->run.access_mode,
	};
	int64_t items, accesses;

	if (resources_users(req->db, target->account.resource_id,
			    target->item.item_id, &items, err) ||
	    account_use_accesses(req->db, &place, &accesses, err))
		return -1;
	jout_object(out, "others");
	jout_i64(out, "items", items);
	jout_i64(out, "accesses", accesses);
	if (write_others(req, target, out, err))
		return -1;
	jout_object_end(out);
	return 0;
}

int change_plan_write(const struct request *req,
		      const struct change_target *target,
		      const struct change_plan *plan, struct jout *out,
		      struct err *err)
{
	jout_object(out, NULL);
	jout_str(out, "kind", change_kind_name(plan->kind));
	jout_bool(out, "applied", false);
	jout_str(out, "plan", plan->token);
	jout_str(out, "item_id", target->item.item_id);
	jout_str(out, "account_id", target->item.account_id);
	jout_time(out, "paused_at", target->account.paused_at);
	jout_str(out, "running_change_id",
		 *target->running ? target->running : NULL);
	if (plan->kind == CHANGE_MODELS)
		write_models(target, &plan->models, out);
	else if (plan->kind == CHANGE_ROTATE_KEY)
		write_keys(target, plan, out);
	else
		write_proxy(target, plan->proxy_id, out);
	write_warnings(target, plan, out);
	if (write_use(req, target, out, err))
		return -1;
	jout_object_end(out);
	return 0;
}
