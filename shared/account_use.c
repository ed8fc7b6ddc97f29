#include "shared/account_use.h"

#include <stdio.h>
#include <string.h>

#include "shared/lookup.h"
#include "shared/secrets.h"

/* Imports on one account that are read: the newest know its models best. */
#define READ_MAX 500

#define ON_ACCOUNT \
	" WHERE item_id IN (SELECT item_id FROM resource_uses" \
	"  WHERE resource_id = $1) AND current_stage = 'done'" \
	" AND rolled_back_at IS NULL"

static const struct db_query q_ours = { "account_use.ours",
	"SELECT i.models, i.model_aliases FROM resource_uses u"
	" JOIN import_run_items i ON i.item_id = u.item_id"
	" WHERE u.resource_id = $1 AND i.models IS NOT NULL"
	" AND i.rolled_back_at IS NULL"
	" ORDER BY u.item_id DESC LIMIT $2" };

/* Names without a place in the mapping are not ours: they never got there. */
static void collect(const char *models, const char *aliases,
		    const json_t *mapping, json_t *ret_models,
		    json_t *ret_aliases)
{
	json_auto_t *names = models ? json_loads(models, 0, NULL) : NULL;
	json_auto_t *leads = aliases ? json_loads(aliases, 0, NULL) : NULL;
	size_t i;
	json_t *name;
	const char *alias;

	json_array_foreach(names, i, name)
		if (json_is_string(name) && json_object_get(mapping,
					json_string_value(name)))
			json_object_set(ret_models, json_string_value(name),
					name);
	json_object_foreach(leads, alias, name) {
		json_t *to = json_object_get(mapping, alias);

		if (to)
			json_object_set(ret_aliases, alias, to);
	}
}

int account_use_ours(struct db *db, const char *resource_id,
		     const json_t *mapping, json_t **ret_models,
		     json_t **ret_aliases, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	json_auto_t *models = json_object(), *aliases = json_object();
	const char *name;
	json_t *value;
	int more;

	if (db_query(&rows, db, &q_ours, DB_ARGS(DB_TEXT(resource_id),
		     DB_I64(READ_MAX)), err))
		return -1;
	while ((more = db_next(&rows, err)) > 0)
		collect(db_text(&rows, 0), db_text(&rows, 1), mapping, models,
			aliases);
	if (more < 0)
		return -1;
	*ret_models = json_array();
	json_object_foreach(models, name, value) {
		json_object_del(aliases, name);
		json_array_append(*ret_models, value);
	}
	*ret_aliases = json_incref(aliases);
	return 0;
}

void account_user_done(struct account_user *user)
{
	free(user->item_id);
	free(user->run_id);
	free(user->label);
	*user = (struct account_user){ 0 };
}

static const struct db_query q_items = { "account_use.items",
	"SELECT i.item_id, i.run_id, i.label FROM resource_uses u"
	" JOIN import_run_items i ON i.item_id = u.item_id"
	" WHERE u.resource_id = $1 AND u.item_id <> $2"
	" ORDER BY u.item_id DESC LIMIT $3" };

int account_use_items(struct db_rows *rows, struct db *db,
		      const char *resource_id, const char *item_id,
		      int64_t limit, struct err *err)
{
	return db_query(rows, db, &q_items, DB_ARGS(DB_TEXT(resource_id),
			DB_TEXT(item_id), DB_I64(limit)), err);
}

int account_use_items_next(struct db_rows *rows, struct account_user *user,
			   struct err *err)
{
	int more = db_next(rows, err);

	if (more <= 0)
		return more;
	account_user_done(user);
	*user = (struct account_user){
		.item_id = db_strdup(rows, 0),
		.run_id = db_strdup(rows, 1),
		.label = db_strdup(rows, 2),
	};
	return 1;
}

static const char *plan_of(const struct account_place *place)
{
	return place->plan ? place->plan : "";
}

static const struct db_query q_accesses = { "account_use.accesses",
	"SELECT count(*) FROM accesses WHERE host_id = $1"
	" AND endpoint_key = $2 AND access_mode = $3 AND plan = $4" };

int account_use_accesses(struct db *db, const struct account_place *place,
			 int64_t *ret_count, struct err *err)
{
	return db_number(db, &q_accesses, DB_ARGS(DB_TEXT(place->host_id),
			 DB_TEXT(place->endpoint_key),
			 DB_TEXT(access_mode_name(place->mode)),
			 DB_TEXT(plan_of(place))), ret_count, err);
}

/* The last character there is stands behind every continuation. */
static const struct db_query q_paused = { "account_use.paused",
	"SELECT coalesce(min(paused_at IS NOT NULL), 0)"
	" FROM managed_resources WHERE host_id = $1"
	" AND resource_type = 'account' AND lookup >= $2"
	" AND lookup < $2 || char(1114111) AND state <> 'gone'"
	" AND host_resource_id IS NOT NULL" };

int account_use_paused(struct db *db, const struct account_place *place,
		       bool *ret, struct err *err)
{
	AUTO_FREE char *at = lookup_place(place->endpoint_key, place->plan);
	AUTO_FREE char *prefix = xasprintf("%s|%s|", at,
		access_mode_name(place->mode));
	int64_t all;

	if (db_number(db, &q_paused, DB_ARGS(DB_TEXT(place->host_id),
		      DB_TEXT(prefix)), &all, err))
		return -1;
	*ret = all != 0;
	return 0;
}

/* What is checked right now is planned by its end. */
static const struct db_query q_check = { "account_use.check",
	"UPDATE accesses SET next_check_at = $4, updated_at = $5"
	" WHERE host_id = $1 AND endpoint_key = $2 AND access_mode = $3"
	" AND plan = $6 AND item_id IS NOT NULL"
	" AND (next_check_at IS NULL OR next_check_at > $4)"
	" AND NOT EXISTS (SELECT 1 FROM access_checks c WHERE c.access_id ="
	"  accesses.access_id AND c.state = 'running')" };

int account_use_check(struct db *db, const struct account_place *place,
		      int64_t at, int64_t now, struct err *err)
{
	return db_run(db, &q_check, DB_ARGS(DB_TEXT(place->host_id),
		      DB_TEXT(place->endpoint_key),
		      DB_TEXT(access_mode_name(place->mode)), DB_I64(at),
		      DB_I64(now), DB_TEXT(plan_of(place))), err);
}

static const struct db_query q_set_models = { "account_use.set_models",
	"UPDATE import_run_items SET models = $2, model_aliases = $3,"
	" canonical_model_families = $5, updated_at = $4" ON_ACCOUNT " AND models IS NOT NULL" };
static const struct db_query q_set_smoke = { "account_use.set_smoke",
	"UPDATE import_run_items SET resolved_smoke_model = $3,"
	" updated_at = $4" ON_ACCOUNT " AND resolved_smoke_model = $2" };

int account_use_set_models(struct db *db, const char *resource_id,
			   const struct account_models *set, int64_t now,
			   struct err *err)
{
	size_t i;
	const json_t *name;

	if (db_run(db, &q_set_models, DB_ARGS(DB_TEXT(resource_id),
		   DB_TEXT(set->models), DB_TEXT(set->aliases), DB_I64(now),
		   DB_TEXT(set->families)), err))
		return -1;
	json_array_foreach(set->dropped, i, name)
		if (db_run(db, &q_set_smoke, DB_ARGS(DB_TEXT(resource_id),
			   DB_TEXT(json_string_value(name)),
			   DB_TEXT(set->smoke), DB_I64(now)), err))
			return -1;
	return 0;
}

static const struct db_query q_set_proxy = { "account_use.set_proxy",
	"UPDATE import_run_items SET account_proxy = $2, updated_at = $3"
	ON_ACCOUNT };

int account_use_set_proxy(struct db *db, const char *resource_id,
			  const char *proxy, int64_t now, struct err *err)
{
	return db_run(db, &q_set_proxy, DB_ARGS(DB_TEXT(resource_id),
		      DB_TEXT(proxy), DB_I64(now)), err);
}

#define HAS_KEY \
	" AND (SELECT s.fingerprint FROM secrets s WHERE s.secret_id =" \
	"  import_run_items.api_key_secret_id) IS $2"

static const struct db_query q_old_keys = { "account_use.old_keys",
	"SELECT api_key_secret_id FROM import_run_items"
	" WHERE item_id IN (SELECT item_id FROM resource_uses"
	"  WHERE resource_id = $1)" HAS_KEY };
static const struct db_query q_set_key = { "account_use.set_key",
	"UPDATE import_run_items SET api_key_secret_id = $3, updated_at = $4"
	" WHERE item_id IN (SELECT item_id FROM resource_uses"
	"  WHERE resource_id = $1)" HAS_KEY };

static int old_keys(struct db *db, const char *resource_id,
		    const struct account_keys *keys, json_t *ret,
		    struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	if (db_query(&rows, db, &q_old_keys, DB_ARGS(DB_TEXT(resource_id),
		     DB_TEXT(keys->old_fingerprint)), err))
		return -1;
	while ((more = db_next(&rows, err)) > 0)
		json_array_append_new(ret, json_string(db_must(&rows, 0)));
	return more;
}

static const struct db_query q_relookup = { "account_use.relookup",
	"UPDATE managed_resources SET lookup = $2, updated_at = $3"
	" WHERE resource_id = $1" };

int account_use_set_key(struct db *db, const char *resource_id,
			const struct account_keys *keys, int64_t now,
			struct err *err)
{
	json_auto_t *old = json_array();
	size_t i;
	const json_t *id;

	if (old_keys(db, resource_id, keys, old, err) ||
	    db_run(db, &q_relookup, DB_ARGS(DB_TEXT(resource_id),
		   DB_TEXT(keys->new_lookup), DB_I64(now)), err) ||
	    db_run(db, &q_set_key, DB_ARGS(DB_TEXT(resource_id),
		   DB_TEXT(keys->old_fingerprint),
		   DB_TEXT(keys->new_secret_id), DB_I64(now)), err))
		return -1;
	json_array_foreach(old, i, id)
		if (strcmp(json_string_value(id), keys->old_secret_id) != 0 &&
		    secrets_forget(db, json_string_value(id), err))
			return -1;
	return 0;
}

static const struct db_query q_newest = { "account_use.newest",
	"SELECT run_id, item_id FROM import_run_items WHERE item_id ="
	" (SELECT max(u.item_id) FROM resource_uses u"
	"  CROSS JOIN import_run_items i ON i.item_id = u.item_id"
	"  WHERE u.resource_id = $1 AND i.current_stage = 'done'"
	"  AND i.models IS NOT NULL AND i.rollback_id IS NULL)" };

int account_use_newest(struct db *db, const char *resource_id,
		       char ret_run_id[ID_MAX], char ret_item_id[ID_MAX],
		       struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	if (db_query(&rows, db, &q_newest, DB_ARGS(DB_TEXT(resource_id)),
		     err))
		return -1;
	more = db_next(&rows, err);
	if (more == 0)
		return err_set(err, ERR_NOT_FOUND, "no import rests on "
			       "account %s", resource_id);
	if (more < 0)
		return -1;
	snprintf(ret_run_id, ID_MAX, "%s", db_must(&rows, 0));
	snprintf(ret_item_id, ID_MAX, "%s", db_must(&rows, 1));
	return 0;
}

const struct db_query *const account_use_queries[] = {
	&q_ours, &q_items, &q_accesses, &q_paused, &q_check, &q_set_models,
	&q_set_smoke, &q_set_proxy, &q_old_keys, &q_relookup,
	&q_set_key, &q_newest, NULL
};
