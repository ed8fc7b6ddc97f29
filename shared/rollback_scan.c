#include "shared/rollback_scan.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* Whatever leads, every query has the four of SCOPE(). */
#define SCOPE_TEXT "($1 IS NULL OR $2 IS NULL OR $3 IS NULL OR $4 IS NULL" \
	" OR $1 <> '')"

#define IN_SCOPE \
	"(CASE $1 WHEN 'marked' THEN i.rollback_id = $2" \
	"  WHEN 'run' THEN i.run_id = $2 WHEN 'item' THEN i.item_id = $2" \
	"  WHEN 'account' THEN EXISTS (SELECT 1 FROM resource_uses a" \
	"   WHERE a.resource_id = $2 AND a.item_id = i.item_id)" \
	"  WHEN 'pack' THEN q.host_id = $3 AND q.pack_id = $4" \
	"   AND q.pack_provider_id = $2" \
	"  ELSE q.host_id = $3 AND i.provider_id = $2 END)"

/* Does this item rest on what it used?  */
#define RESTS \
	"(i.rollback_id IS NULL AND (i.finished_at IS NULL" \
	" OR i.confirmation_status = 'confirmed'))"

#define SHARED(resource) \
	"EXISTS (SELECT 1 FROM resource_uses o" \
	" JOIN import_run_items i ON i.item_id = o.item_id" \
	" JOIN import_runs q ON q.run_id = i.run_id" \
	" WHERE o.resource_id = " resource " AND " RESTS \
	" AND NOT coalesce(" IN_SCOPE ", 0))"

#define FROM_ITEMS_OF_RUNS \
	" FROM import_run_items i JOIN import_runs q ON q.run_id = i.run_id"

/* The leading conditions: one query each, so that an index serves it. */
enum lead { LEAD_MARKED, LEAD_RUN, LEAD_ITEM, LEAD_ACCOUNT, LEAD_PACK,
	    LEAD_ENDPOINT, LEAD__MAX };

#define OF_MARKED FROM_ITEMS_OF_RUNS " WHERE i.rollback_id = $2"
#define OF_RUN FROM_ITEMS_OF_RUNS " WHERE i.run_id = $2"
#define OF_ITEM FROM_ITEMS_OF_RUNS " WHERE i.item_id = $2"
#define OF_ACCOUNT \
	" FROM resource_uses l CROSS JOIN import_run_items i" \
	" ON i.item_id = l.item_id WHERE l.resource_id = $2"
#define OF_PACK \
	" FROM import_runs q CROSS JOIN import_run_items i" \
	" ON i.run_id = q.run_id WHERE q.pack_provider_id = $2" \
	" AND q.pack_id = $4 AND q.host_id = $3"
#define OF_ENDPOINT \
	FROM_ITEMS_OF_RUNS " WHERE i.provider_id = $2 AND q.host_id = $3"

static const char *const lead_names[] = {
	[LEAD_MARKED]	= "marked",
	[LEAD_RUN]	= "run",
	[LEAD_ITEM]	= "item",
	[LEAD_ACCOUNT]	= "account",
	[LEAD_PACK]	= "pack",
	[LEAD_ENDPOINT]	= "endpoint",
};
_Static_assert(COUNT(lead_names) == LEAD__MAX, "name every lead");

static enum lead lead_of(const struct rollback_scope *scope)
{
	static const enum lead leads[] = {
		[ROLLBACK_RUN]		= LEAD_RUN,
		[ROLLBACK_ITEM]		= LEAD_ITEM,
		[ROLLBACK_PROVIDER]	= LEAD_ENDPOINT,
		[ROLLBACK_ACCOUNT]	= LEAD_ACCOUNT,
	};

	if (scope->marked)
		return LEAD_MARKED;
	return scope->kind == ROLLBACK_PROVIDER && scope->pack_id
		? LEAD_PACK : leads[scope->kind];
}

#define SCOPE(scope) \
	DB_TEXT(lead_names[lead_of(scope)]), DB_TEXT((scope)->id), \
	DB_TEXT((scope)->host_id), DB_TEXT((scope)->pack_id)

/* ---- items ---- */

#define ITEMS(name, of) { name, \
	"SELECT count(*), coalesce(sum(i.finished_at IS NULL), 0)," \
	" coalesce(sum(i.rolled_back_at IS NOT NULL), 0)," \
	" coalesce(sum(i.rollback_id IS NULL" \
	"  AND i.confirmation_status = 'confirmed' AND NOT EXISTS (" \
	"   SELECT 1 FROM resource_uses u WHERE u.item_id = i.item_id)), 0)," \
	" min(CASE WHEN i.finished_at IS NULL THEN i.run_id END)" \
	of " AND " SCOPE_TEXT }

static const struct db_query q_items_marked =
	ITEMS("rollback_scan.items_marked", OF_MARKED);
static const struct db_query q_items_run =
	ITEMS("rollback_scan.items_run", OF_RUN);
static const struct db_query q_items_item =
	ITEMS("rollback_scan.items_item", OF_ITEM);
static const struct db_query q_items_account =
	ITEMS("rollback_scan.items_account", OF_ACCOUNT);
static const struct db_query q_items_pack =
	ITEMS("rollback_scan.items_pack", OF_PACK);
static const struct db_query q_items_endpoint =
	ITEMS("rollback_scan.items_endpoint", OF_ENDPOINT);

static const struct db_query *const items[] = {
	[LEAD_MARKED]	= &q_items_marked,
	[LEAD_RUN]	= &q_items_run,
	[LEAD_ITEM]	= &q_items_item,
	[LEAD_ACCOUNT]	= &q_items_account,
	[LEAD_PACK]	= &q_items_pack,
	[LEAD_ENDPOINT]	= &q_items_endpoint,
};

int rollback_scan_items(struct db *db, const struct rollback_scope *scope,
			struct rollback_items *ret, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };

	*ret = (struct rollback_items){ 0 };
	if (db_query(&rows, db, items[lead_of(scope)], DB_ARGS(SCOPE(scope)),
		     err) || db_next(&rows, err) < 0)
		return -1;
	ret->all = db_i64(&rows, 0);
	ret->unfinished = db_i64(&rows, 1);
	ret->rolled_back = db_i64(&rows, 2);
	ret->unrecorded = db_i64(&rows, 3);
	snprintf(ret->running, ID_MAX, "%s", db_must(&rows, 4));
	return 0;
}

/* ---- resources ---- */

/* The list is searched in its order, so theirs is one that stays. */
#define RESOURCES(name, of) RESOURCES_BUT(name, of, "")
#define RESOURCES_BUT(name, of, but) { name, \
	"SELECT r.resource_id, r.resource_type, r.lookup, r.mark, r.state," \
	" r.host_resource_id, r.origin, r.prior_json, r.wanted_json, " \
	SHARED("r.resource_id") \
	" FROM managed_resources r WHERE r.resource_id IN (" \
	"  SELECT u.resource_id FROM (SELECT i.item_id" of ") AS mine" \
	"  CROSS JOIN resource_uses u ON u.item_id = mine.item_id)" \
	" AND r.state <> 'gone' AND " SCOPE_TEXT but }

static const struct db_query q_resources_marked =
	RESOURCES("rollback_scan.resources_marked", OF_MARKED);
static const struct db_query q_resources_run =
	RESOURCES("rollback_scan.resources_run", OF_RUN);
static const struct db_query q_resources_item =
	RESOURCES("rollback_scan.resources_item", OF_ITEM);
static const struct db_query q_resources_account =
	RESOURCES("rollback_scan.resources_account", OF_ACCOUNT);
static const struct db_query q_resources_pack =
	RESOURCES("rollback_scan.resources_pack", OF_PACK);
static const struct db_query q_resources_endpoint =
	RESOURCES("rollback_scan.resources_endpoint", OF_ENDPOINT);

static const struct db_query *const resources[] = {
	[LEAD_MARKED]	= &q_resources_marked,
	[LEAD_RUN]	= &q_resources_run,
	[LEAD_ITEM]	= &q_resources_item,
	[LEAD_ACCOUNT]	= &q_resources_account,
	[LEAD_PACK]	= &q_resources_pack,
	[LEAD_ENDPOINT]	= &q_resources_endpoint,
};

int rollback_scan_resources(struct db_rows *rows, struct db *db,
			    const struct rollback_scope *scope,
			    struct err *err)
{
	return db_query(rows, db, resources[lead_of(scope)],
			DB_ARGS(SCOPE(scope)), err);
}

#define BATCH \
	" FROM import_run_items i WHERE i.rollback_id = $2" \
	" AND i.item_id > $5 AND i.item_id <= $6"
static const struct db_query q_ids = { "rollback_scan.ids",
	"SELECT item_id FROM import_run_items WHERE rollback_id = $1"
	" AND item_id > $2 ORDER BY item_id LIMIT $3" };
static const struct db_query q_batch = RESOURCES_BUT("rollback_scan.batch",
	BATCH, " AND NOT EXISTS (SELECT 1 FROM rollback_parts p"
	"  WHERE p.rollback_id = $2 AND p.subject_id = r.resource_id)");

static int batch_end(struct db *db, const char *id, const char *after,
		     int64_t limit, char ret_last[ID_MAX], struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };

	int more;

	*ret_last = '\0';
	if (db_query(&rows, db, &q_ids, DB_ARGS(DB_TEXT(id), DB_TEXT(after),
		     DB_I64(limit)), err))
		return -1;
	while ((more = db_next(&rows, err)) > 0)
		snprintf(ret_last, ID_MAX, "%s", db_must(&rows, 0));
	return more;
}

int rollback_scan_batch(struct db_rows *rows, struct db *db,
			const struct rollback_scope *scope, const char *after,
			int64_t limit, char ret_last[ID_MAX], struct err *err)
{
	assert(scope->marked);
	if (batch_end(db, scope->id, after, limit, ret_last, err))
		return -1;
	return db_query(rows, db, &q_batch, DB_ARGS(SCOPE(scope),
			DB_TEXT(after), DB_TEXT(ret_last)), err);
}

int rollback_scan_next(struct db_rows *rows, struct resource *row,
		       bool *ret_shared, struct err *err)
{
	int more = db_next(rows, err);

	if (more <= 0)
		return more;
	resource_done(row);
	if (!resource_type_parse(db_text(rows, 1), &row->type) ||
	    !resource_state_parse(db_text(rows, 4), &row->state))
		return err_set(err, ERR_INTERNAL, "resource %s: unknown type "
			       "or state", db_must(rows, 0));
	row->resource_id = db_strdup(rows, 0);
	row->lookup = db_strdup(rows, 2);
	row->mark = db_strdup(rows, 3);
	row->host_resource_id = db_strdup(rows, 5);
	row->origin = db_strdup(rows, 6);
	row->prior_json = db_strdup(rows, 7);
	row->wanted_json = db_strdup(rows, 8);
	*ret_shared = db_i64(rows, 9) != 0;
	return 1;
}

static const struct db_query q_shared = { "rollback_scan.shared",
	"SELECT " SHARED("$5") };

int rollback_scan_shared(struct db *db, const struct rollback_scope *scope,
			 const char *resource_id, bool *ret, struct err *err)
{
	int64_t shared;

	if (db_number(db, &q_shared, DB_ARGS(SCOPE(scope),
		      DB_TEXT(resource_id)), &shared, err))
		return -1;
	*ret = shared != 0;
	return 0;
}

/* ---- models ---- */

static const struct db_query q_models = { "rollback_scan.models",
	"SELECT i.models, i.model_aliases, coalesce(" IN_SCOPE ", 0)"
	" FROM resource_uses o"
	" JOIN import_run_items i ON i.item_id = o.item_id"
	" JOIN import_runs q ON q.run_id = i.run_id"
	" WHERE o.resource_id = $5 AND i.models IS NOT NULL"
	" AND (coalesce(" IN_SCOPE ", 0) OR " RESTS ")" };

/* The mapping that an import of these models and aliases wants. */
static void add_names(json_t *names, const char *models, const char *aliases)
{
	json_auto_t *list = models ? json_loads(models, 0, NULL) : NULL;
	json_auto_t *more = aliases ? json_loads(aliases, 0, NULL) : NULL;
	const json_t *name;
	size_t i;

	json_array_foreach(list, i, name)
		if (json_is_string(name))
			json_object_set_new(names, json_string_value(name),
					    json_true());
	json_object_update_missing(names, more);
}

static const json_t *mapping_of(const json_t *body)
{
	const json_t *credentials = json_object_get(body, "credentials");

	return json_object_get(credentials ? credentials : body,
			       "model_mapping");
}

int rollback_scan_surplus(struct db *db, const struct rollback_scope *scope,
			  const struct resource *row, json_t **ret,
			  struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	json_auto_t *mine = json_object();
	json_auto_t *others = json_object();
	json_auto_t *wanted = json_loads(row->wanted_json ? row->wanted_json
							  : "{}", 0, NULL);
	json_auto_t *prior = json_loads(row->prior_json ? row->prior_json
							: "{}", 0, NULL);
	int more;

	if (db_query(&rows, db, &q_models, DB_ARGS(SCOPE(scope),
		     DB_TEXT(row->resource_id)), err))
		return -1;
	while ((more = db_next(&rows, err)) > 0)
		add_names(db_i64(&rows, 2) ? mine : others, db_text(&rows, 0),
			  db_text(&rows, 1));
	if (more < 0)
		return -1;
	*ret = rollback_surplus(mapping_of(wanted), mine, others,
				mapping_of(prior));
	return 0;
}

int rollback_scan_decide(struct db *db, const struct rollback_scope *scope,
			 const struct resource *row, bool shared,
			 struct rollback_decision *ret, struct err *err)
{
	json_auto_t *names = NULL;
	struct rollback_facts facts;

	if (shared && row->type == RESOURCE_ACCOUNT &&
	    rollback_scan_surplus(db, scope, row, &names, err))
		return -1;
	facts = rollback_facts_of(row, shared, json_array_size(names) > 0);
	*ret = rollback_decide(&facts);
	return 0;
}

/* ---- marking ---- */

#define MARK(name, of) { name, \
	"UPDATE import_run_items SET rollback_id = $5 WHERE item_id IN" \
	" (SELECT i.item_id" of " AND i.finished_at IS NOT NULL" \
	"  AND i.rollback_id IS NOT $5 AND " SCOPE_TEXT " LIMIT $6)" }

static const struct db_query q_mark_run = MARK("rollback_scan.mark_run",
					       OF_RUN);
static const struct db_query q_mark_item = MARK("rollback_scan.mark_item",
						OF_ITEM);
static const struct db_query q_mark_account =
	MARK("rollback_scan.mark_account", OF_ACCOUNT);
static const struct db_query q_mark_pack = MARK("rollback_scan.mark_pack",
						OF_PACK);
static const struct db_query q_mark_endpoint =
	MARK("rollback_scan.mark_endpoint", OF_ENDPOINT);

static const struct db_query *const marks[LEAD__MAX] = {
	[LEAD_RUN]	= &q_mark_run,
	[LEAD_ITEM]	= &q_mark_item,
	[LEAD_ACCOUNT]	= &q_mark_account,
	[LEAD_PACK]	= &q_mark_pack,
	[LEAD_ENDPOINT]	= &q_mark_endpoint,
};

int rollback_scan_mark(struct db *db, const struct rollback_scope *scope,
		       const char *id, int64_t limit, int64_t *ret_marked,
		       struct err *err)
{
	const struct db_query *query = marks[lead_of(scope)];

	assert(db_in_tx(db) && query);
	if (db_run(db, query, DB_ARGS(SCOPE(scope), DB_TEXT(id),
		   DB_I64(limit)), err))
		return -1;
	*ret_marked = db_changes(db);
	return 0;
}

const struct db_query *const rollback_scan_queries[] = {
	&q_items_marked, &q_items_run, &q_items_item, &q_items_account,
	&q_items_pack, &q_items_endpoint, &q_resources_marked,
	&q_resources_run, &q_resources_item, &q_resources_account,
	&q_resources_pack, &q_resources_endpoint, &q_ids, &q_batch, &q_shared, &q_models,
	&q_mark_run, &q_mark_item, &q_mark_account, &q_mark_pack,
	&q_mark_endpoint, NULL
};
