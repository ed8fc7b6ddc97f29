#include "shared/items.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "shared/item_row.h"
#include "shared/lookup.h"

static const char *const stage_names[] = {
	[STAGE_PROBE]		= "probe",
	[STAGE_PROVISION]	= "provision",
	[STAGE_CONFIRM]		= "confirm",
	[STAGE_VALIDATE]	= "validate",
	[STAGE_DONE]		= "done",
};
TABLE_ENUM_DEFINE(item_stage, stage_names, ITEM_STAGE__MAX);

static const char *const confirmation_names[] = {
	[CONFIRMATION_PENDING]		= "pending",
	[CONFIRMATION_CONFIRMING]	= "confirming",
	[CONFIRMATION_CONFIRMED]	= "confirmed",
	[CONFIRMATION_FAILED]		= "failed",
};
TABLE_ENUM_DEFINE(confirmation, confirmation_names, CONFIRMATION__MAX);

static const char *const access_names[] = {
	[ACCESS_UNKNOWN]	= "unknown",
	[ACCESS_ACTIVE]		= "active",
	[ACCESS_DEGRADED]	= "degraded",
	[ACCESS_BROKEN]		= "broken",
};
TABLE_ENUM_DEFINE(access_status, access_names, ACCESS_STATUS__MAX);

static const char *const match_names[] = {
	[MATCH_NONE]		= "none",
	[MATCH_ACTIVE]		= "active",
	[MATCH_DISABLED]	= "disabled",
	[MATCH_DEPRECATED]	= "deprecated",
	[MATCH_BROKEN]		= "broken",
};
TABLE_ENUM_DEFINE(account_match, match_names, ACCOUNT_MATCH__MAX);

static const char *const resolution_names[] = {
	[RESOLUTION_NONE]		= "none",
	[RESOLUTION_CREATED]		= "created",
	[RESOLUTION_REUSED]		= "reused",
	[RESOLUTION_REACTIVATED]	= "reactivated",
	[RESOLUTION_REPLACED]		= "replaced",
};
TABLE_ENUM_DEFINE(account_resolution, resolution_names,
		  ACCOUNT_RESOLUTION__MAX);

static const char *const validation_names[] = {
	[VALIDATION_UNKNOWN]	= "unknown",
	[VALIDATION_PASSED]	= "passed",
	[VALIDATION_WARNING]	= "warning",
	[VALIDATION_FAILED]	= "failed",
};
TABLE_ENUM_DEFINE(validation_status, validation_names,
		  VALIDATION_STATUS__MAX);

static int item_read_states(const struct db_rows *rows, struct item *item,
			    struct err *err)
{
	item->resolution = RESOLUTION_NONE;
	if (!item_stage_parse(db_text(rows, 10), &item->stage) ||
	    !confirmation_parse(db_text(rows, 11), &item->confirmation) ||
	    !access_status_parse(db_text(rows, 12), &item->access) ||
	    !account_match_parse(db_text(rows, 13), &item->match) ||
	    !validation_status_parse(db_text(rows, 37), &item->validation) ||
	    (db_text(rows, 14) &&
	     !account_resolution_parse(db_text(rows, 14), &item->resolution)))
		return err_set(err, ERR_INTERNAL, "item %s: unknown state",
			       db_must(rows, 0));
	return 0;
}

static void item_read_findings(const struct db_rows *rows, struct item *item)
{
	item->canonical_model_families = db_strdup(rows, 20);
	item->recommended_models = db_strdup(rows, 21);
	item->models = db_strdup(rows, 22);
	item->resolved_smoke_model = db_strdup(rows, 23);
	item->chat_url = db_strdup(rows, 24);
	item->reused_from_provider_id = db_strdup(rows, 25);
	item->reused_from_account_id = db_strdup(rows, 26);
	item->channel_id = db_strdup(rows, 27);
	item->group_id = db_strdup(rows, 28);
	item->account_id = db_strdup(rows, 29);
	item->failure_class = db_strdup(rows, 30);
	item->failure_detail = db_strdup(rows, 31);
	item->warnings = db_strdup(rows, 32);
	item->diagnosis = db_strdup(rows, 36);
	item->probe_advisory = db_i64(rows, 38) != 0;
	item->responses_status = db_i64(rows, 39);
}

/* What people said of it, and what became of the names they typed. */
static void item_read_wishes(const struct db_rows *rows, struct item *item)
{
	item->label = db_strdup(rows, 40);
	item->note = db_strdup(rows, 41);
	item->line = db_i64(rows, 42);
	item->account_proxy = db_strdup(rows, 43);
	item->adopt_account_id = db_strdup(rows, 44);
	item->generation = db_i64(rows, 45);
	item->model_aliases = db_strdup(rows, 46);
	item->model_resolution = db_strdup(rows, 47);
	item->capability_profile = db_strdup(rows, 48);
	item->foreign_accounts = db_strdup(rows, 49);
	item->held_for = db_strdup(rows, 50);
	item->paused_at = db_i64(rows, 51);
	item->pack_provider_id = db_strdup(rows, 52);
	item->plan = db_strdup(rows, 53);
	item->pack_id = db_strdup(rows, 54);
	item->pack_version = db_strdup(rows, 55);
	item->rollback_id = db_strdup(rows, 56);
	item->rolled_back_at = db_i64(rows, 57);
	item->adopt_force = db_i64(rows, 58) != 0;
}

int item_read(const struct db_rows *rows, struct item *ret, struct err *err)
{
	struct item item = { 0 };

	if (item_read_states(rows, &item, err))
		return -1;
	item.item_id = db_strdup(rows, 0);
	item.run_id = db_strdup(rows, 1);
	item.seq = db_i64(rows, 2);
	item.provider_id = db_strdup(rows, 3);
	item.endpoint_key = db_strdup(rows, 4);
	item.base_url = db_strdup(rows, 5);
	item.api_key_secret_id = db_strdup(rows, 6);
	item.api_key_fingerprint = db_strdup(rows, 7);
	item.api_key_last4 = db_strdup(rows, 8);
	item.requested_models = db_strdup(rows, 9);
	item.provision_reused = db_i64(rows, 15) != 0;
	item.cancelled = db_i64(rows, 16) != 0;
	item.retry_count = db_i64(rows, 17);
	item.last_retry_at = db_i64(rows, 18);
	item.next_retry_at = db_i64(rows, 19);
	item_read_findings(rows, &item);
	item_read_wishes(rows, &item);
	item.created_at = db_i64(rows, 33);
	item.updated_at = db_i64(rows, 34);
	item.finished_at = db_i64(rows, 35);
	item_done(ret);
	*ret = item;
	return 0;
}

void item_done(struct item *item)
{
	free(item->item_id);
	free(item->run_id);
	free(item->provider_id);
	free(item->endpoint_key);
	free(item->base_url);
	free(item->api_key_secret_id);
	free(item->api_key_fingerprint);
	free(item->api_key_last4);
	free(item->requested_models);
	free(item->label);
	free(item->note);
	free(item->account_proxy);
	free(item->adopt_account_id);
	free(item->model_aliases);
	free(item->model_resolution);
	free(item->capability_profile);
	free(item->foreign_accounts);
	free(item->pack_provider_id);
	free(item->plan);
	free(item->pack_id);
	free(item->pack_version);
	free(item->rollback_id);
	free(item->held_for);
	free(item->canonical_model_families);
	free(item->recommended_models);
	free(item->models);
	free(item->resolved_smoke_model);
	free(item->chat_url);
	free(item->reused_from_provider_id);
	free(item->reused_from_account_id);
	free(item->channel_id);
	free(item->group_id);
	free(item->account_id);
	free(item->failure_class);
	free(item->failure_detail);
	free(item->diagnosis);
	free(item->warnings);
	*item = (struct item){ 0 };
}

static const struct db_query q_add = { "items.add",
	"INSERT INTO import_run_items (item_id, run_id, seq, provider_id,"
	" endpoint_key, base_url, api_key_secret_id, requested_models,"
	" current_stage, confirmation_status, access_status, warnings,"
	" created_at, updated_at, label, note, line, account_proxy,"
	" adopt_account_id, pack_provider_id, plan, pack_id, pack_version,"
	" adopt_force)"
	" VALUES ($1, $2, $3, $4, $4, $5, $6, $7, 'probe', 'pending',"
	" 'unknown', $8, $9, $9, $10, $11, $12, $13, $14, $15, $16,"
	" $17, $18, $19)" };

int items_add(struct db *db, const struct item_spec *spec, int64_t now,
	      uint64_t random, char ret_id[ID_MAX], struct err *err)
{
	char id[ID_MAX];

	id_make(id, "itm", now, random);
	if (db_run(db, &q_add, DB_ARGS(DB_TEXT(id), DB_TEXT(spec->run_id),
		   DB_I64(spec->seq), DB_TEXT(spec->endpoint_key),
		   DB_TEXT(spec->base_url), DB_TEXT(spec->api_key_secret_id),
		   DB_TEXT(spec->requested_models), DB_TEXT(spec->warnings),
		   DB_I64(now), DB_TEXT(spec->label ? spec->label : ""),
		   DB_TEXT(spec->note ? spec->note : ""),
		   DB_TIME(spec->line), DB_TEXT(spec->account_proxy),
		   DB_TEXT(spec->adopt_account_id),
		   DB_TEXT(spec->pack_provider_id),
		   DB_TEXT(spec->plan ? spec->plan : ""),
		   DB_TEXT(spec->pack_id), DB_TEXT(spec->pack_version),
		   DB_I64(spec->adopt_force)), err))
		return err_wrap(err, "add item %" PRId64, spec->seq);
	memcpy(ret_id, id, ID_MAX);
	return 0;
}

static const struct db_query q_plan = { "items.plan_of_run",
	"SELECT plan FROM import_run_items WHERE run_id = $1"
	" ORDER BY seq LIMIT 1" };

int items_plan_of_run(struct db *db, const char *run_id, char *ret,
		      struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	if (db_query(&rows, db, &q_plan, DB_ARGS(DB_TEXT(run_id)), err))
		return -1;
	more = db_next(&rows, err);
	snprintf(ret, LOOKUP_PLAN_MAX, "%s", more > 0 ? db_must(&rows, 0)
						      : "");
	return more < 0 ? -1 : 0;
}

static const struct db_query q_get = { "items.get",
	"SELECT " ITEM_COLUMNS FROM_ITEMS
	" WHERE i.item_id = $1 AND ($2 IS NULL OR i.run_id = $2)" };

int items_get(struct db *db, const char *run_id, const char *item_id,
	      struct item *ret, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	if (db_query(&rows, db, &q_get, DB_ARGS(DB_TEXT(item_id),
		     DB_TEXT(run_id)), err))
		return -1;
	more = db_next(&rows, err);
	if (more == 0)
		return err_set(err, ERR_NOT_FOUND, "no item %s%s%s", item_id,
			       run_id ? " in run " : "",
			       run_id ? run_id : "");
	return more < 0 ? -1 : item_read(&rows, ret, err);
}

static const struct db_query q_save = { "items.save",
	"UPDATE import_run_items SET matched_account_state = $2,"
	" account_resolution = $3, provision_reused = $4, cancelled = $5,"
	" retry_count = $6, last_retry_at = $7, next_retry_at = $8,"
	" canonical_model_families = $9, recommended_models = $10,"
	" models = $11, resolved_smoke_model = $12, chat_url = $13,"
	" reused_from_provider_id = $14, reused_from_account_id = $15,"
	" channel_id = $16, group_id = $17, account_id = $18,"
	" failure_detail = $19, finished_at = $20, updated_at = $21,"
	" diagnosis = $22, validation_status = $23, probe_advisory = $24,"
	" responses_status = $25, model_aliases = $26,"
	" model_resolution = $27, foreign_accounts = $28"
	" WHERE item_id = $1" };

/*
 * What lists are led by.  SQLite writes every index of a column that is SET,
 * the same value too, so these are set only when one of them changed.
 */
static const struct db_query q_save_listed = { "items.save_listed",
	"UPDATE import_run_items SET current_stage = $2,"
	" confirmation_status = $3, access_status = $4, failure_class = $5,"
	" warnings = $6"
	" WHERE item_id = $1 AND (current_stage <> $2"
	" OR confirmation_status <> $3 OR access_status <> $4"
	" OR failure_class IS NOT $5 OR warnings <> $6)" };

static int save_listed(struct db *db, const struct item *item, struct err *err)
{
	return db_run(db, &q_save_listed, DB_ARGS(DB_TEXT(item->item_id),
		      DB_TEXT(item_stage_name(item->stage)),
		      DB_TEXT(confirmation_name(item->confirmation)),
		      DB_TEXT(access_status_name(item->access)),
		      DB_TEXT(item->failure_class),
		      DB_TEXT(item->warnings)), err);
}

static const char *resolution_of(const struct item *item)
{
	return item->resolution == RESOLUTION_NONE
		? NULL : account_resolution_name(item->resolution);
}

int items_save(struct db *db, const struct item *item, int64_t now,
	       struct err *err)
{
	if (db_run(db, &q_save, DB_ARGS(DB_TEXT(item->item_id),
		   DB_TEXT(account_match_name(item->match)),
		   DB_TEXT(resolution_of(item)),
		   DB_I64(item->provision_reused), DB_I64(item->cancelled),
		   DB_I64(item->retry_count), DB_TIME(item->last_retry_at),
		   DB_TIME(item->next_retry_at),
		   DB_TEXT(item->canonical_model_families),
		   DB_TEXT(item->recommended_models), DB_TEXT(item->models),
		   DB_TEXT(item->resolved_smoke_model),
		   DB_TEXT(item->chat_url),
		   DB_TEXT(item->reused_from_provider_id),
		   DB_TEXT(item->reused_from_account_id),
		   DB_TEXT(item->channel_id), DB_TEXT(item->group_id),
		   DB_TEXT(item->account_id), DB_TEXT(item->failure_detail),
		   DB_TIME(item->finished_at), DB_I64(now),
		   DB_TEXT(item->diagnosis),
		   DB_TEXT(validation_status_name(item->validation)),
		   DB_I64(item->probe_advisory),
		   DB_TIME(item->responses_status),
		   DB_TEXT(item->model_aliases),
		   DB_TEXT(item->model_resolution),
		   DB_TEXT(item->foreign_accounts)), err))
		return err_wrap(err, "save item %s", item->item_id);
	if (db_changes(db) == 0)
		return err_set(err, ERR_NOT_FOUND, "no item %s",
			       item->item_id);
	if (save_listed(db, item, err))
		return err_wrap(err, "save item %s", item->item_id);
	return 0;
}

static const struct db_query q_profile = { "items.profile",
	"UPDATE import_run_items SET capability_profile = $2"
	" WHERE item_id = $1" };

int items_profile(struct db *db, const char *item_id, const char *profile,
		  struct err *err)
{
	return db_run(db, &q_profile, DB_ARGS(DB_TEXT(item_id),
		      DB_TEXT(profile)), err);
}

static const struct db_query q_say = { "items.say",
	"UPDATE import_run_items SET label = coalesce($2, label),"
	" note = coalesce($3, note), updated_at = $4 WHERE item_id = $1" };

int items_say(struct db *db, const char *item_id, const char *label,
	      const char *note, int64_t now, struct err *err)
{
	return db_run(db, &q_say, DB_ARGS(DB_TEXT(item_id), DB_TEXT(label),
		      DB_TEXT(note), DB_I64(now)), err);
}

/*
 * What never had a good proof is not made active by an account that is well
 * again, and what its import has not ended is the import's.
 */
static const struct db_query q_access_of_resource = {
	"items.access_of_resource",
	"UPDATE import_run_items SET access_status = $2, failure_class = $3,"
	" failure_detail = CASE WHEN failure_class IS $3 THEN failure_detail"
	"  END,"
	" diagnosis = CASE WHEN $3 IS NULL THEN NULL ELSE diagnosis END,"
	" updated_at = $4"
	" WHERE item_id IN (SELECT item_id FROM resource_uses"
	"  WHERE resource_id = $1)"
	" AND current_stage = 'done' AND cancelled = 0"
	" AND (access_status <> $2 OR failure_class IS NOT $3)"
	" AND EXISTS (SELECT 1 FROM proofs p"
	"  WHERE p.item_id = import_run_items.item_id"
	"  AND p.kind = 'access' AND p.ok = 1)" };

int items_access_of_resource(struct db *db, const char *resource_id,
			     enum access_status status, const char *class,
			     int64_t now, struct err *err)
{
	return db_run(db, &q_access_of_resource, DB_ARGS(DB_TEXT(resource_id),
		      DB_TEXT(access_status_name(status)), DB_TEXT(class),
		      DB_I64(now)), err);
}

static const struct db_query q_key_of_resource = { "items.key_of_resource",
	"SELECT i.api_key_secret_id FROM resource_uses u"
	" JOIN import_run_items i ON i.item_id = u.item_id"
	" WHERE u.resource_id = $1 AND i.rolled_back_at IS NULL"
	" ORDER BY u.item_id DESC LIMIT 1" };

int items_key_of_resource(struct db *db, const char *resource_id,
			  char **ret_secret_id, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	if (db_query(&rows, db, &q_key_of_resource,
		     DB_ARGS(DB_TEXT(resource_id)), err))
		return -1;
	more = db_next(&rows, err);
	if (more < 0)
		return -1;
	*ret_secret_id = more ? db_strdup(&rows, 0) : NULL;
	return 0;
}

static bool has_warning(const json_t *warnings, const char *code)
{
	const json_t *warning;
	size_t i;

	json_array_foreach(warnings, i, warning) {
		const json_t *of = json_object_get(warning, "code");

		if (json_is_string(of) &&
		    strcmp(json_string_value(of), code) == 0)
			return true;
	}
	return false;
}

int item_refuse_rolled_back(const struct item *item, struct err *err)
{
	if (item->rolled_back_at) {
		err_set(err, ERR_CONFLICT, "item %s was rolled back, and its "
			"key forgotten: bring the key in a new run",
			item->item_id);
		return err_code(err, "item_rolled_back");
	}
	if (!item->rollback_id)
		return 0;
	err_set(err, ERR_CONFLICT, "item %s is being rolled back by %s",
		item->item_id, item->rollback_id);
	return err_code(err, "rollback_in_progress");
}

void item_warn(struct item *item, const char *code, const char *detail)
{
	json_auto_t *warnings = item->warnings
		? json_loads(item->warnings, 0, NULL) : NULL;
	json_t *warning = json_pack("{s:s}", "code", code);
	/* A detail may repeat what a peer sent, which need not be UTF-8. */
	json_t *words = json_string(detail);
	char *text;

	if (!json_is_array(warnings)) {
		json_decref(warnings);
		warnings = json_array();
	}
	json_object_set_new(warning, "detail", words ? words : json_string(""));
	if (has_warning(warnings, code))
		json_decref(warning);
	else
		json_array_append_new(warnings, warning);
	text = json_dumps(warnings, JSON_COMPACT);
	own_set(&item->warnings, text);
	free(text);
}

const struct db_query *const items_queries[] = {
	&q_add, &q_plan, &q_get, &q_save, &q_save_listed, &q_profile, &q_say,
	&q_access_of_resource, &q_key_of_resource, NULL
};
