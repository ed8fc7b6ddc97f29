#include "tests/sim/story_change.h"

#include <stdio.h>
#include <string.h>

#include "shared/items.h"
#include "shared/resources.h"
#include "shared/table.h"
#include "tests/sim/change.h"
#include "tests/sim/check.h"
#include "tests/sim/strangers.h"

static const struct change_wish wishes[] = {
	{ "a model more", CHANGE_MODELS, MAPPING_ADD, "[\"mock-b\"]", "{}",
	  true, NULL },
	{ "an alias more", CHANGE_MODELS, MAPPING_ADD, "[]",
	  "{\"latest\":\"mock-a\"}", true, NULL },
	{ "other models", CHANGE_MODELS, MAPPING_REPLACE, "[\"mock-b\"]",
	  "{\"newest\":\"mock-b\"}", true, NULL },
	{ "no such model", CHANGE_MODELS, MAPPING_ADD, "[\"mock-none\"]",
	  "{}", false, NULL },
	{ "a proxy", CHANGE_PROXY, MAPPING_ADD, NULL, NULL, true,
	  STRANGERS_PROXY },
	{ "no proxy", CHANGE_PROXY, MAPPING_ADD, NULL, NULL, true, "null" },
	{ "a pause", CHANGE_PAUSE, MAPPING_ADD, NULL, NULL, true, NULL },
	{ "another key", CHANGE_ROTATE_KEY, MAPPING_ADD, "good-", NULL, true,
	  NULL },
	{ "another key", CHANGE_ROTATE_KEY, MAPPING_ADD, "good-", NULL, true,
	  NULL },
	{ "a known key", CHANGE_ROTATE_KEY, MAPPING_ADD, NULL, NULL, true,
	  NULL },
	{ "a bad key", CHANGE_ROTATE_KEY, MAPPING_ADD, "wrong-", NULL, false,
	  NULL },
};

/* Whom it is about. */
struct target {
	struct item item;
	struct resource account;
};

static void target_done(struct target *target)
{
	item_done(&target->item);
	resource_done(&target->account);
}

#define OF_ITEMS \
	" FROM import_run_items WHERE current_stage = 'done'" \
	" AND rollback_id IS NULL" \
	" AND models IS NOT NULL AND account_id IN (SELECT host_resource_id" \
	"  FROM managed_resources WHERE resource_type = 'account'" \
	"  AND state <> 'gone')"

static const struct db_query q_items = { "story.changeable",
	"SELECT count(*)" OF_ITEMS };
static const struct db_query q_nth = { "story.changeable_nth",
	"SELECT item_id" OF_ITEMS " ORDER BY item_id LIMIT 1 OFFSET $1" };

static int nth(struct story *story, char ret[ID_MAX], struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int64_t count, at;

	*ret = '\0';
	if (db_number(story->site.db, &q_items, DB_NO_ARGS, &count, err))
		return -1;
	if (count == 0)
		return 0;
	at = (int64_t)story_dice(story, (size_t)count);
	if (db_query(&rows, story->site.db, &q_nth, DB_ARGS(DB_I64(at)),
		     err) || db_next(&rows, err) < 0)
		return -1;
	snprintf(ret, ID_MAX, "%s", db_must(&rows, 0));
	return 0;
}

/* As the API does: 0 and no account if there is nothing to change. */
static int choose(struct story *story, struct target *ret, struct err *err)
{
	struct site *site = &story->site;
	char item_id[ID_MAX], running[ID_MAX];

	if (nth(story, item_id, err))
		return -1;
	if (!*item_id)
		return 0;
	if (items_get(site->db, NULL, item_id, &ret->item, err))
		return -1;
	if (resources_of_host_id(site->db, site->host_id, RESOURCE_ACCOUNT,
				 ret->item.account_id, &ret->account, err))
		return err->kind == ERR_NOT_FOUND ? 0 : -1;
	if (changes_running(site->db, ret->account.resource_id, running, err))
		return -1;
	if (*running)
		resource_done(&ret->account);
	return 0;
}

/* Does no other account of the group have this key? */
static bool is_free(struct story *story, const struct resource *account,
		    const char *key)
{
	CLEANUP(resource_done) struct resource other = { 0 };
	struct site *site = &story->site;
	const char *last = strrchr(account->lookup, '|');
	char print[SEAL_FINGERPRINT_TEXT];
	AUTO_FREE char *lookup = NULL;
	struct err err;

	seal_fingerprint(&site->key.pub, key, print);
	lookup = xasprintf("%.*s|%s", last ? (int)(last - account->lookup) : 0,
			   account->lookup, print);
	if (resources_find(site->db, site->host_id, RESOURCE_ACCOUNT, lookup,
			   &other, &err) == 0)
		return !other.host_resource_id;
	if (err.kind != ERR_NOT_FOUND)
		site_fault(site, "is_free: %s", err.msg);
	return true;
}

/* One that was brought before, perhaps to be had by two accounts. */
static bool known_key(struct story *story, const struct resource *account,
		      struct rotation *rotation)
{
	const char *key;

	if (story->nkeys == 0)
		return false;
	key = story->keys[story_dice(story, story->nkeys)].key;
	snprintf(rotation->new_key, sizeof(rotation->new_key), "%s", key);
	return is_free(story, account, key);
}

/* It may be imported later. */
static void remember_key(struct story *story, const struct target *target,
			 const struct rotation *rotation)
{
	struct story_key key = { 0 };

	if (story->nkeys == STORY_KEYS_MAX ||
	    sscanf(target->item.base_url, "http://p%zu.test/v1",
		   &key.provider) != 1)
		return;
	snprintf(key.key, sizeof(key.key), "%s", rotation->new_key);
	story->keys[story->nkeys++] = key;
}

static void note_rotation(struct story *story, const struct change_deed *deed)
{
	struct story_rotation *it = &story->rotations[story->nrotations];

	if (story->nrotations == STORY_ROTATIONS_MAX)
		return;
	story->nrotations++;
	it->account = strtoll(deed->account_id, NULL, 10);
	snprintf(it->old_key, sizeof(it->old_key), "%s",
		 deed->rotation.old_key);
	snprintf(it->new_key, sizeof(it->new_key), "%s",
		 deed->rotation.new_key);
}

/* Who is paused is resumed as often as not. */
static const struct change_wish *choose_wish(struct story *story,
					     const struct target *target)
{
	static const struct change_wish resume = {
		"a resume", CHANGE_RESUME, MAPPING_ADD, NULL, NULL, true, NULL
	};

	if (target->account.paused_at && story_dice(story, 2))
		return &resume;
	return &wishes[story_dice(story, COUNT(wishes))];
}

static void ask(struct story *story, const struct target *target)
{
	const struct change_wish *wish = choose_wish(story, target);
	CLEANUP(change_deed_done) struct change_deed deed = { .wish = wish };

	if (wish->kind == CHANGE_ROTATE_KEY && !wish->models &&
	    !known_key(story, &target->account, &deed.rotation))
		return;
	change_ask(&story->site, &deed, target->item.item_id);
	if (!deed.wish || story->site.fault)
		return;
	story_say(story, "account %s is to have %s %s", deed.account_id,
		  wish->name, deed.rotation.new_key);
	if (wish->kind != CHANGE_ROTATE_KEY)
		return;
	remember_key(story, target, &deed.rotation);
	note_rotation(story, &deed);
}

void story_change(struct story *story)
{
	CLEANUP(target_done) struct target target = { 0 };
	struct err err = { 0 };

	if (choose(story, &target, &err))
		site_fault(&story->site, "change: %s", err.msg);
	else if (target.account.resource_id)
		ask(story, &target);
}
