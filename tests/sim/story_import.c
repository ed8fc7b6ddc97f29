#include "tests/sim/story_import.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "shared/endpoint.h"
#include "shared/items.h"
#include "shared/runs.h"
#include "shared/secrets.h"
#include "shared/table.h"
#include "shared/tasks.h"
#include "tests/sim/check.h"
#include "tests/sim/strangers.h"

#define ITEMS_MAX 3

#define MUST(story, call, err) \
	do { \
		if (call) { \
			site_fault(&(story)->site, "%s: %s", #call, \
				   (err)->msg); \
			return; \
		} \
	} while (0)

static const char *const users[] = {
	"[\"default\"]", "[\"default\"]", "[\"default\",\"second\"]",
};

static const char *const models[] = {
	"[]", "[]", "[\"mock-a\"]", "[\"mock-b\"]",
};

/* What is brought: borrowed, or NULL. */
struct brought {
	struct story_key key;
	const char *models;
	char adopt[24];		/* "": nobody's account */
};

/* ---- which key ---- */

static void new_key(struct story *story, struct story_key *ret)
{
	static const char *const prefixes[] = {
		"good", "good", "good", "wrong", "quota",
	};

	ret->provider = story_dice(story, story->plan.nproviders);
	snprintf(ret->key, sizeof(ret->key), "%s-%016" PRIx64,
		 prefixes[story_dice(story, COUNT(prefixes))],
		 net_random(&story->site.net));
	if (story->nkeys < STORY_KEYS_MAX)
		story->keys[story->nkeys++] = *ret;
}

static const json_t *by_id(const json_t *list, int64_t id)
{
	const json_t *row;
	size_t i;

	json_array_foreach(list, i, row)
		if (json_integer_value(json_object_get(row, "id")) == id)
			return row;
	return NULL;
}

/* An account of theirs is to be taken over, with the key that it has. */
static bool adopt(struct story *story, struct brought *ret)
{
	json_auto_t *state = host_model_state(story->site.net.host);
	int64_t id = strangers_pick(&story->site, HOST_KIND_ACCOUNT,
				    LEDGER_THEIRS);
	const json_t *account = by_id(json_object_get(state, "accounts"), id);
	const json_t *credentials = json_object_get(account, "credentials");
	const char *url = json_string_value(
		json_object_get(credentials, "base_url"));
	const char *key = json_string_value(
		json_object_get(credentials, "api_key"));

	if (!url || !key ||
	    sscanf(url, "http://p%zu.test/v1", &ret->key.provider) != 1)
		return false;
	snprintf(ret->key.key, sizeof(ret->key.key), "%s", key);
	snprintf(ret->adopt, sizeof(ret->adopt), "%" PRId64, id);
	story_lend(story, HOST_KIND_ACCOUNT, id);
	return true;
}

static void bring(struct story *story, struct brought *ret)
{
	*ret = (struct brought){
		.models = models[story_dice(story, COUNT(models))] };
	if (story_dice(story, 5) == 0 && adopt(story, ret))
		story_say(story, "  account %s of theirs with %s",
			  ret->adopt, ret->key.key);
	else if (story->nkeys && story_dice(story, 3) == 0)
		ret->key = story->keys[story_dice(story, story->nkeys)];
	else
		new_key(story, &ret->key);
	story_say(story, "  key %s of p%zu", ret->key.key,
		  ret->key.provider);
}

/* ---- the run ---- */

static void add_item(struct story *story, const struct run_spec *run,
		     const char *run_id, int64_t seq,
		     const struct brought *it)
{
	struct site *site = &story->site;
	struct secret_face face;
	char url[64], key[ENDPOINT_KEY_MAX], task_id[ID_MAX],
	     item_id[ID_MAX];
	struct item_spec spec = { .run_id = run_id, .seq = seq,
		.base_url = url, .endpoint_key = key,
		.requested_models = it->models, .warnings = "[]",
		.pack_provider_id = run->pack_provider_id,
		.adopt_account_id = *it->adopt ? it->adopt : NULL };
	struct task_spec task = { .flow = "import", .step = "probe.models",
		.subject_id = item_id, .run_id = run_id,
		.host_id = site->host_id, .not_before = site->net.now };
	struct err err;

	net_provider_url(url, sizeof(url), it->key.provider);
	endpoint_key(url, key);
	MUST(story, secrets_add(site->db, &site->key.pub, SECRET_API_KEY,
				it->key.key, site->net.now,
				net_random(&site->net), &face, &err), &err);
	spec.api_key_secret_id = face.secret_id;
	MUST(story, items_add(site->db, &spec, site->net.now,
			      net_random(&site->net), item_id, &err), &err);
	MUST(story, tasks_add(site->db, &task, site->net.now,
			      net_random(&site->net), task_id, &err), &err);
}

/* Alice's key is given: one that is bound is moved only if that is said. */
static void give_key(struct story *story, struct run_spec *spec,
		     struct secret_face *face)
{
	struct site *site = &story->site;
	bool loose = story_dice(story, 2);
	struct strangers_key key;
	struct err err;

	if (!strangers_key(site, loose, &key))
		return;
	spec->rebind = story_dice(story, 4);
	if (!key.bound || spec->rebind) {
		story_lend(story, HOST_KIND_KEY, key.id);
		story_lend(story, HOST_KIND_USER, key.user_id);
	}
	MUST(story, secrets_add(site->db, &site->key.pub, SECRET_API_KEY,
				key.text, site->net.now,
				net_random(&site->net), face, &err), &err);
	spec->given_key = story_dice(story, 2) ? GIVEN_KEY_PROBE
					       : GIVEN_KEY_ACCESS;
	spec->given_key_secret_id = face->secret_id;
	story_say(story, "  proven with Alice's %s key%s", loose ? "loose"
		  : "bound", spec->rebind ? ", rebind" : "");
}

static const struct db_query q_of_pack = { "story.of_pack",
	"UPDATE import_runs SET origin = 'provider_import',"
	" pack_id = 'sim-pack', pack_version = '1.0.0' WHERE run_id = $1" };

static void add_run(struct story *story, struct run_spec *spec,
		    const struct brought *items)
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	struct site *site = &story->site;
	char *run_id = story->runs[story->nruns];
	const char *of_pack = spec->pack_provider_id;
	struct err err;

	MUST(story, db_tx_begin(&tx, site->db, &err), &err);
	MUST(story, runs_add(site->db, spec, site->net.now,
			     net_random(&site->net), run_id, &err), &err);
	if (of_pack)
		MUST(story, db_run(site->db, &q_of_pack,
				   DB_ARGS(DB_TEXT(run_id)), &err), &err);
	for (int64_t i = 0; i < spec->items_total && !site->fault; i++)
		add_item(story, spec, run_id, i + 1, &items[i]);
	MUST(story, db_tx_commit(&tx, &err), &err);
	story->nruns++;
}

void story_import(struct story *story)
{
	struct brought items[ITEMS_MAX];
	struct secret_face face;
	struct run_spec spec = {
		.host_id = story->site.host_id,
		.access_mode = story_dice(story, 3) ? ACCESS_SUBSCRIPTION
						    : ACCESS_SELF_SERVICE,
		.subscription_users = users[story_dice(story, COUNT(users))],
		.subscription_days = 30,
		.items_total = 1 + (int64_t)story_dice(story, ITEMS_MAX),
		.pack_provider_id = story_dice(story, 4) ? NULL
							 : "sim-provider",
		.created_by = "tok_sim",
	};

	if (story->nruns == STORY_RUNS_MAX)
		return;
	story_say(story, "run %zu: %" PRId64 " keys, %s, %s%s", story->nruns,
		  spec.items_total, access_mode_name(spec.access_mode),
		  spec.subscription_users,
		  spec.pack_provider_id ? ", by provider" : "");
	if (story_dice(story, spec.items_total == 1 ? 2 : 3) == 0)
		give_key(story, &spec, &face);
	for (int64_t i = 0; i < spec.items_total; i++)
		bring(story, &items[i]);
	if (!story->site.fault)
		add_run(story, &spec, items);
}
