/* How a reconcile is read before a step, and the memo between steps. */
#include <stdio.h>
#include <string.h>

#include "schedd/known_hosts.h"
#include "schedd/reconcile.h"
#include "shared/installation.h"
#include "shared/items.h"
#include "shared/lookup.h"
#include "shared/runs.h"

#define FEW 200		/* are read one by one, where not all are meant */
#define WALK_ROWS_MAX 500	/* looked at for one that is of the scope */

/* ---- the memo ---- */

enum memo_type { MEMO_I64, MEMO_BOOL, MEMO_INT, MEMO_TEXT };

static const struct {
	const char *name;
	enum memo_type type;
	size_t offset;
	size_t size;
} fields[] = {
#define FIELD(type, m) { #m, type, offsetof(struct reconcile_memo, m), \
	sizeof(((struct reconcile_memo *)0)->m) }
	FIELD(MEMO_I64,	 list.page),
	FIELD(MEMO_I64,	 list.last_id),
	FIELD(MEMO_I64,	 list.seen),
	FIELD(MEMO_I64,	 list.total),
	FIELD(MEMO_I64,	 list.looks),
	FIELD(MEMO_I64,	 smaller),
	FIELD(MEMO_I64,	 lists),
	FIELD(MEMO_I64,	 unknown),
	FIELD(MEMO_I64,	 walk_type),
	FIELD(MEMO_I64,	 keys_id),
	FIELD(MEMO_BOOL, keys_hidden),
	FIELD(MEMO_I64,	 walk_id),
	FIELD(MEMO_I64,	 list_compared),
	FIELD(MEMO_I64,	 list_skipped),
	FIELD(MEMO_I64,	 compared),
	FIELD(MEMO_I64,	 missing),
	FIELD(MEMO_I64,	 skipped),
	FIELD(MEMO_I64,	 dropped),
	FIELD(MEMO_BOOL, decided),
	FIELD(MEMO_BOOL, begun),
	FIELD(MEMO_TEXT, resource_id),
	FIELD(MEMO_I64,	 fields),
	FIELD(MEMO_INT,	 failure),
	FIELD(MEMO_TEXT, detail),
#undef FIELD
};

char *reconcile_memo_write(const void *subject)
{
	const struct reconcile *rc = subject;
	struct jout out = { .text.max = TASK_MEMO_MAX };

	jout_object(&out, NULL);
	for (size_t i = 0; i < COUNT(fields); i++) {
		const char *at = (const char *)&rc->memo + fields[i].offset;
		const char *name = fields[i].name;

		if (fields[i].type == MEMO_I64 && *(const int64_t *)at)
			jout_i64(&out, name, *(const int64_t *)at);
		else if (fields[i].type == MEMO_INT && *(const int *)at)
			jout_i64(&out, name, *(const int *)at);
		else if (fields[i].type == MEMO_BOOL && *(const bool *)at)
			jout_bool(&out, name, true);
		else if (fields[i].type == MEMO_TEXT && *at != '\0')
			jout_str(&out, name, at);
	}
	jout_object_end(&out);
	return buf_take(&out.text);
}

static void memo_read(struct reconcile_memo *memo, const char *text)
{
	json_auto_t *object = json_loads(text, 0, NULL);

	for (size_t i = 0; i < COUNT(fields); i++) {
		const json_t *value = json_object_get(object, fields[i].name);
		char *at = (char *)memo + fields[i].offset;

		if (!value)
			continue;
		if (fields[i].type == MEMO_I64)
			*(int64_t *)at = json_integer_value(value);
		else if (fields[i].type == MEMO_INT)
			*(int *)at = (int)json_integer_value(value);
		else if (fields[i].type == MEMO_BOOL)
			*(bool *)at = json_is_true(value);
		else
			snprintf(at, fields[i].size, "%s",
				 json_string_value(value));
	}
}

/* ---- the scope ---- */

static bool begins_with(const char *lookup, const char *place)
{
	size_t len = strlen(place);

	return strncmp(lookup, place, len) == 0 && lookup[len] == '|';
}

static bool is_of_provider(const struct reconcile *rc, const char *lookup)
{
	const json_t *place;
	size_t i;

	json_array_foreach(rc->places, i, place)
		if (begins_with(lookup, json_string_value(place)))
			return true;
	return false;
}

int reconcile_in_scope(const struct store *store, const struct reconcile *rc,
		       const struct resource *row, bool *ret, struct err *err)
{
	*ret = true;
	if (rc->run.scope == RECONCILE_RUN)
		return resource_walk_of_run(store->db, row->resource_id,
					    rc->run.batch_id, ret, err);
	if (rc->run.scope == RECONCILE_PROVIDER)
		*ret = is_of_provider(rc, row->lookup);
	return 0;
}

/* ---- which row is read next ---- */

/* The next row of the scope behind the last one that was read; or none. */
static int walk(const struct store *store, struct reconcile *rc,
		struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(resource_done) struct resource row = { 0 };
	int64_t looked = 0;
	bool in_scope = false;
	int more = 0;

	if (resource_walk(&rows, store->db, rc->run.host_id,
			  (enum resource_type)rc->memo.walk_type,
			  rc->memo.walk_id, INT64_MAX, err))
		return -1;
	while (!in_scope && looked++ < WALK_ROWS_MAX &&
	       (more = resources_next(&rows, &row, err)) > 0) {
		rc->memo.walk_id = strtoll(row.host_resource_id, NULL, 10);
		if (reconcile_in_scope(store, rc, &row, &in_scope, err))
			return -1;
	}
	if (more < 0)
		return -1;
	rc->walks_on = more > 0 && !in_scope;
	if (in_scope) {
		rc->row = row;
		row = (struct resource){ 0 };
	}
	return 0;
}

static bool is_walked(const struct reconcile *rc)
{
	int64_t type = rc->memo.walk_type;

	return type != RESOURCE_USER_TOKEN &&
	       !(rc->memo.lists & INT64_C(1) << type);
}

/* What lists made doubtful comes first. */
static int next_row(const struct store *store, struct reconcile *rc,
		    struct err *err)
{
	char resource_id[ID_MAX];

	if (suspects_first(store->db, rc->run.reconcile_id, resource_id, err))
		return -1;
	if (*resource_id)
		return resources_get(store->db, resource_id, &rc->row, err);
	while (rc->memo.walk_type < RESOURCE_TYPE__MAX &&
	       !rc->row.resource_id && !rc->walks_on) {
		if (is_walked(rc) && walk(store, rc, err))
			return -1;
		if (rc->row.resource_id || rc->walks_on)
			break;
		rc->memo.walk_type++;
		rc->memo.walk_id = 0;
	}
	return 0;
}

/* The one under repair, or the first that is left to be repaired. */
static int next_repair(const struct store *store, struct reconcile *rc,
		       struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	char id[ID_MAX];
	int more;

	snprintf(id, sizeof(id), "%s", rc->memo.resource_id);
	if (!*id && findings_first_open(store->db, rc->run.reconcile_id, id,
					err))
		return -1;
	if (!*id)
		return 0;
	if (resources_get(store->db, id, &rc->row, err) ||
	    findings_of_resource(&rows, store->db, rc->run.reconcile_id, id,
				 err))
		return -1;
	rc->rows = xcalloc(OWNED_FINDINGS_MAX, sizeof(*rc->rows));
	while (rc->nrows < OWNED_FINDINGS_MAX &&
	       (more = findings_next(&rows, &rc->rows[rc->nrows], err)) != 0) {
		if (more < 0)
			return -1;
		if (rc->rows[rc->nrows].state == FINDING_FOUND)
			rc->nrows++;
		else
			finding_done(&rc->rows[rc->nrows]);
	}
	rc->held = rc->row.state == RESOURCE_MAKING && rc->row.made_by &&
		   strcmp(rc->row.made_by, rc->task_id) == 0;
	return 0;
}

/* "sub|alice" of "deepseek|subscription|alice"; a proof's keys have one user. */
static char *user_of_key(const char *lookup)
{
	const char *selector = strrchr(lookup, '|');
	const char *mode = strchr(lookup, '|');
	bool self;

	if (!selector || strncmp(lookup, LOOKUP_PROOF "|",
				 strlen(LOOKUP_PROOF "|")) == 0)
		return xstrdup(LOOKUP_PROOF);
	self = strncmp(mode + 1, "self_service|", 13) == 0;
	return lookup_user(self ? ACCESS_SELF_SERVICE : ACCESS_SUBSCRIPTION,
			   selector + 1);
}

static int find_owner(const struct store *store, struct reconcile *rc,
		      struct err *err)
{
	CLEANUP(resource_done) struct resource user = { 0 };
	AUTO_FREE char *lookup = user_of_key(rc->row.lookup);

	if (resources_find(store->db, rc->run.host_id, RESOURCE_USER, lookup,
			   &user, err))
		return err->kind == ERR_NOT_FOUND ? 0 : -1;
	rc->owner = user.host_resource_id
		? strtoll(user.host_resource_id, NULL, 10) : 0;
	return 0;
}

/* Those that the page which is asked for can speak of first. */
static int load_ids(const struct store *store, struct reconcile *rc,
		    enum resource_type type, struct err *err)
{
	return resource_walk_ids(store->db, rc->run.host_id, type,
				 rc->memo.list.last_id, rc->ids,
				 RECONCILE_IDS, &rc->nids, err);
}

static int load_row(const struct store *store, struct reconcile *rc,
		    const char *step, struct err *err)
{
	bool repairs = strncmp(step, "repair.", 7) == 0;

	if (strcmp(step, "reconcile.groups") == 0)
		return load_ids(store, rc, RESOURCE_GROUP, err);
	if (strcmp(step, "reconcile.accounts") == 0)
		return load_ids(store, rc, RESOURCE_ACCOUNT, err);
	if (strcmp(step, "reconcile.keys") == 0)
		return reconcile_load_keys(store, rc, err);
	if (!repairs && strcmp(step, "reconcile.one") != 0)
		return 0;
	if (repairs ? next_repair(store, rc, err) : next_row(store, rc, err))
		return -1;
	if (!rc->row.resource_id)
		return 0;
	if (reconcile_load_lost(store, rc, repairs, err))
		return -1;
	if (rc->row.type == RESOURCE_USER_KEY)
		return find_owner(store, rc, err);
	if (repairs && rc->row.type == RESOURCE_ACCOUNT)
		return items_key_of_resource(store->db, rc->row.resource_id,
					     &rc->secret_id, err);
	return 0;
}

/* ---- all of it ---- */

void reconcile_free(void **subject)
{
	struct reconcile *rc = *subject;

	if (!rc)
		return;
	for (size_t i = 0; i < rc->nrows; i++)
		finding_done(&rc->rows[i]);
	free(rc->rows);
	reconcile_run_done(&rc->run);
	host_done(&rc->host);
	resource_done(&rc->row);
	json_decref(rc->places);
	free(rc->secret_id);
	free(rc->detail);
	free(rc);
	*subject = NULL;
}

static void understand(const struct store *store, struct reconcile *rc)
{
	rc->features = host_features_of(rc->host.version);
	if (rc->host.capabilities)
		rc->features = known_hosts_features(store->known,
						    rc->host.capabilities);
	rc->places = json_loads(rc->run.places, 0, NULL);
	rc->peer = (struct host_peer){
		.base_url = rc->host.base_url,
		.auth = rc->host.auth_type,
		.admin_email = rc->host.admin_email,
		.inst = rc->inst,
	};
}

static int count_at(const struct store *store, const struct reconcile *rc,
		    enum resource_type type, const char *place, int64_t *ret,
		    struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(resource_done) struct resource row = { 0 };
	AUTO_FREE char *prefix = xasprintf("%s|", place);
	int more;

	if (resources_with_prefix(&rows, store->db, rc->run.host_id, type,
				  prefix, FEW + 1, err))
		return -1;
	while ((more = resources_next(&rows, &row, err)) > 0)
		++*ret;
	return more;
}

/* How many of a type there are in the scope, or at most. */
static int count_scope(const struct store *store, const struct reconcile *rc,
		       enum resource_type type, int64_t *ret, struct err *err)
{
	CLEANUP(run_done) struct run run = { 0 };
	const json_t *place;
	size_t i;

	*ret = 0;
	if (rc->run.scope == RECONCILE_RUN) {
		if (runs_get(store->db, rc->run.batch_id, &run, err))
			return -1;
		*ret = run.counts.total;
		return 0;
	}
	if (rc->run.scope == RECONCILE_HOST)
		return resource_walk_count(store->db, rc->run.host_id, type,
					   ret, err);
	json_array_foreach(rc->places, i, place)
		if (count_at(store, rc, type, json_string_value(place), ret,
			     err))
			return -1;
	return 0;
}

/*
 * A whole host is read by lists.  Of a run or a provider there are few: what
 * is theirs is read one by one, unless it is as much as a page.
 */
static int choose_lists(const struct store *store, struct reconcile *rc,
			struct err *err)
{
	static const enum resource_type types[] = {
		RESOURCE_GROUP, RESOURCE_ACCOUNT,
	};
	int64_t few = rc->run.scope == RECONCILE_HOST ? 0 : FEW;

	for (size_t i = 0; i < COUNT(types); i++) {
		int64_t count;

		if (count_scope(store, rc, types[i], &count, err))
			return -1;
		if (count > few)
			rc->memo.lists |= INT64_C(1) << types[i];
	}
	return 0;
}

static int fill(const struct store *store, const struct task *task,
		struct reconcile *rc, struct err *err)
{
	if (reconciles_get(store->db, task->subject_id, &rc->run, err) ||
	    hosts_get(store->db, rc->run.host_id, &rc->host, err) ||
	    installation_get(store->db, rc->inst, err))
		return -1;
	understand(store, rc);
	if (strcmp(task->step, RECONCILE_FIRST_STEP) == 0 &&
	    choose_lists(store, rc, err))
		return -1;
	return load_row(store, rc, task->step, err);
}

int reconcile_load(const struct store *store, const struct task *task,
		   int64_t now, void **ret, struct err *err)
{
	struct reconcile *rc = xcalloc(1, sizeof(*rc));
	void *subject = rc;

	rc->now = now;
	rc->attempt = task->attempt;
	rc->task_id = task->task_id;
	rc->settings = store->settings;
	memo_read(&rc->memo, task->memo);
	/* What was said of an attempt is of no use but to the end. */
	if (strcmp(task->step, "undo.end") != 0)
		rc->memo.detail[0] = '\0';
	if (fill(store, task, rc, err)) {
		reconcile_free(&subject);
		return -1;
	}
	/* The task of a decision begins behind all that is looked at. */
	rc->memo.decided = rc->memo.decided || (!rc->memo.begun &&
		strcmp(task->step, RECONCILE_DECIDED_STEP) == 0);
	rc->memo.begun = true;
	*ret = rc;
	return 0;
}
