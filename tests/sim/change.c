#include "tests/sim/change.h"

#include <stdio.h>
#include <string.h>

#include "shared/account_use.h"
#include "shared/items.h"
#include "shared/resources.h"
#include "tests/sim/account.h"
#include "tests/sim/check.h"

#define MUST(site, call, err) \
	do { \
		if (call) { \
			site_fault(site, "%s: %s", #call, (err)->msg); \
			return; \
		} \
	} while (0)

void change_deed_done(struct change_deed *deed)
{
	mapping_plan_done(&deed->plan);
	json_decref(deed->before);
	*deed = (struct change_deed){ 0 };
}

static char *wanted_text(const struct mapping_plan *plan)
{
	json_auto_t *wanted = json_pack("{s:O, s:O, s:s, s:O, s:O, s:O}",
		"models", plan->models, "aliases", plan->aliases,
		"smoke", plan->smoke, "set", plan->set, "drop", plan->drop,
		"tries", plan->tries);

	return json_dumps(wanted, JSON_COMPACT);
}

/* As the API plans it. */
static void plan_models(struct site *site, struct change_deed *deed,
			const struct item *item,
			const struct resource *account)
{
	json_auto_t *models = json_loads(deed->wish->models, 0, NULL);
	json_auto_t *aliases = json_loads(deed->wish->aliases, 0, NULL);
	json_auto_t *body = json_loads(account->wanted_json
				       ? account->wanted_json : "{}", 0, NULL);
	json_auto_t *our_models = NULL, *our_aliases = NULL;
	const struct mapping_wish wish = {
		.mode = deed->wish->mode, .models = models,
		.aliases = aliases,
	};
	struct mapping_ground ground = {
		.mapping = json_object_get(json_object_get(body,
				"credentials"), "model_mapping"),
		.smoke = item->resolved_smoke_model,
		.mark = account->mark,
	};
	struct jdec_problems problems = { 0 };
	struct err err;

	MUST(site, account_use_ours(site->db, account->resource_id,
				    ground.mapping, &our_models, &our_aliases,
				    &err), &err);
	ground.models = our_models;
	ground.aliases = our_aliases;
	if (!mapping_plan(&wish, &ground, &deed->plan, &problems))
		deed->wish = NULL;	/* an alias of a model that went */
}

static char *wanted_of(struct site *site, struct change_deed *deed,
		       const struct item *item)
{
	if (deed->wish->kind == CHANGE_MODELS)
		return wanted_text(&deed->plan);
	if (deed->wish->kind == CHANGE_PROXY)
		return xasprintf("{\"proxy_id\":%s,\"tries\":[]}",
				 deed->wish->proxy);
	if (deed->wish->kind != CHANGE_ROTATE_KEY)
		return xstrdup("{}");
	account_key(site, deed->account_id, deed->rotation.old_key);
	return rotation_plan(site, deed->wish->models,
			     item->api_key_fingerprint, &deed->rotation);
}

void change_ask(struct site *site, struct change_deed *deed,
		const char *item_id)
{
	CLEANUP(item_done) struct item item = { 0 };
	CLEANUP(resource_done) struct resource account = { 0 };
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	AUTO_FREE char *wanted = NULL;
	struct change_spec spec = { .item_id = item_id,
				    .host_id = site->host_id,
				    .requested_by = "tok_sim",
				    .kind = deed->wish->kind };
	struct err err;

	MUST(site, items_get(site->db, NULL, spec.item_id, &item, &err), &err);
	MUST(site, resources_of_host_id(site->db, site->host_id,
					RESOURCE_ACCOUNT, item.account_id,
					&account, &err), &err);
	snprintf(deed->resource_id, ID_MAX, "%s", account.resource_id);
	snprintf(deed->account_id, sizeof(deed->account_id), "%s",
		 item.account_id);
	deed->paused = account.paused_at != 0;
	deed->doubtful = strstr(item.models, "mock-none") != NULL;
	deed->before = account_mapping(site, deed->account_id);
	if (spec.kind == CHANGE_MODELS)
		plan_models(site, deed, &item, &account);
	if (site->fault || !deed->wish)
		return;
	wanted = wanted_of(site, deed, &item);
	spec.wanted = wanted;
	spec.new_secret_id = *deed->rotation.new_secret
		? deed->rotation.new_secret : NULL;
	spec.resource_id = deed->resource_id;
	MUST(site, db_tx_begin(&tx, site->db, &err), &err);
	MUST(site, changes_add(site->db, &spec, site->net.now,
			       net_random(&site->net), deed->change_id, &err),
	     &err);
	MUST(site, db_tx_commit(&tx, &err), &err);
}
