#include "tests/sim/story_clean.h"

#include <inttypes.h>
#include <string.h>

#include "shared/resources.h"
#include "shared/table.h"
#include "tests/sim/account.h"
#include "tests/sim/check.h"
#include "tests/sim/strangers.h"

/* ---- on the host ---- */

/* Theirs is in it, and would change with it. */
static bool is_shared_group(struct story *story, enum host_kind kind,
			    int64_t id)
{
	json_auto_t *state = NULL;
	const json_t *row;
	size_t i;

	if (kind != HOST_KIND_GROUP)
		return false;
	state = host_model_state(story->site.net.host);
	json_array_foreach(json_object_get(state, "accounts"), i, row) {
		const json_t *groups = json_object_get(row, "group_ids");

		for (size_t k = 0; k < json_array_size(groups); k++)
			if (json_integer_value(json_array_get(groups, k)) ==
			    id)
				return true;
	}
	json_array_foreach(json_object_get(state, "keys"), i, row)
		if (json_integer_value(json_object_get(row, "group_id")) ==
		    id && story->ledger.rows[HOST_KIND_KEY][json_integer_value(
			json_object_get(row, "id"))].maker != LEDGER_OURS)
			return true;
	return false;
}

/*
 * An account of theirs keeps the key that it was given for another: the old
 * one may be dead, and CRM does not have it any more.  To see whether all else
 * is as it was, somebody gives it the old one again.
 */
static void put_keys_back(struct story *story)
{
	for (size_t i = story->nrotations; i-- > 0; ) {
		const struct story_rotation *it = &story->rotations[i];
		const struct ledger_row *row =
			&story->ledger.rows[HOST_KIND_ACCOUNT][it->account];
		AUTO_FREE char *id = xasprintf("%" PRId64, it->account);
		AUTO_FREE char *body = NULL;
		char key[ACCOUNT_KEY_MAX];

		account_key(&story->site, id, key);
		if (!row->lent || strcmp(key, it->new_key) != 0)
			continue;
		body = xasprintf("{\"account_ids\":[%s],\"credentials\":"
				 "{\"api_key\":\"%s\"}}", id, it->old_key);
		net_somebody(&story->site.net, "POST",
			     "/api/v1/admin/accounts/bulk-update",
			     SITE_ADMIN_KEY, body);
	}
}

/* ---- in the records ---- */

static const struct db_query q_remains = { "story.remains",
	"SELECT count(*) FROM managed_resources WHERE state = 'present' AND"
	" host_resource_id IS NOT NULL AND resource_type <> 'user_token'" };
static const struct db_query q_left = { "story.left",
	"SELECT kind || ' ' || coalesce(host_resource_id, '-') || ' ' || why"
	" || ': ' || coalesce(failure_class, '-') || ' ' ||"
	" coalesce(failure_detail, '-') FROM rollback_parts WHERE state ="
	" 'left'" };

/* What rollbacks say that they left goes into the trail. */
static void show_left(struct story *story)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	struct err err;

	if (db_query(&rows, story->site.db, &q_left, DB_NO_ARGS, &err))
		site_fault(&story->site, "%s: %s", q_left.name, err.msg);
	while (rows.stmt && db_next(&rows, &err) == 1)
		story_say(story, "  left: %s", db_must(&rows, 0));
}

/* CRM still has what strangers keep there, and nothing else. */
static void check_records(struct story *story, int64_t kept)
{
	int64_t n = 0;
	struct err err;

	if (db_number(story->site.db, &q_remains, DB_NO_ARGS, &n, &err))
		site_fault(&story->site, "%s: %s", q_remains.name, err.msg);
	else if (n > kept)
		site_fault(&story->site, "after all rollbacks CRM still has %"
			   PRId64 " things that are not there", n - kept);
}

/* What is said to be there is there, whatever was forgotten. */
static const struct db_query q_rows = { "story.rows",
	"SELECT resource_type, CAST(host_resource_id AS INTEGER)"
	" FROM managed_resources WHERE state = 'present' AND"
	" host_resource_id IS NOT NULL AND resource_type <> 'user_token'" };

static void check_row_is_there(struct story *story, const char *type,
			       int64_t id)
{
	enum resource_type of;
	enum host_kind kind;

	if (!resource_type_parse(type, &of) ||
	    !story_kind_of(of, &kind) || id <= 0 || id >= LEDGER_IDS_MAX ||
	    !story->ledger.rows[kind][id].exists)
		site_fault(&story->site, "after all rollbacks CRM has %s %"
			   PRId64 ", which is not there", type, id);
}

static void check_rows_are_there(struct story *story)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	struct err err;

	if (db_query(&rows, story->site.db, &q_rows, DB_NO_ARGS, &err))
		site_fault(&story->site, "%s: %s", q_rows.name, err.msg);
	while (rows.stmt && db_next(&rows, &err) == 1)
		check_row_is_there(story, db_must(&rows, 0),
				   db_i64(&rows, 1));
}

/* Each of these must be zero when all was rolled back. */
static const struct db_query zeros[] = {
	{ "imports that nobody took back",
	  "SELECT count(*) FROM import_run_items WHERE rolled_back_at IS"
	  " NULL" },
	{ "accesses that nobody has",
	  "SELECT count(*) FROM accesses a WHERE NOT EXISTS (SELECT 1 FROM"
	  " import_run_items i WHERE i.item_id = a.item_id AND"
	  " i.rolled_back_at IS NULL)" },
};

/* Sealed still, and of nothing that is there. */
static const struct db_query q_secrets = { "story.secrets",
	"SELECT s.kind || ' ' || s.secret_id FROM secrets s"
	" WHERE length(s.sealed) > 0"
	" AND NOT EXISTS (SELECT 1 FROM hosts h WHERE s.secret_id IN"
	"  (h.auth_secret_id, h.session_secret_id))"
	" AND NOT EXISTS (SELECT 1 FROM import_run_items i"
	"  JOIN import_runs q ON q.run_id = i.run_id"
	"  WHERE s.secret_id IN (i.api_key_secret_id, q.given_key_secret_id)"
	"  AND i.rolled_back_at IS NULL)"
	" AND NOT EXISTS (SELECT 1 FROM managed_resources r"
	"  WHERE r.secret_id = s.secret_id AND r.state <> 'gone')" };

static void check_secrets(struct story *story)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	struct err err;

	if (db_query(&rows, story->site.db, &q_secrets, DB_NO_ARGS, &err))
		site_fault(&story->site, "%s: %s", q_secrets.name, err.msg);
	while (rows.stmt && db_next(&rows, &err) == 1)
		site_fault(&story->site, "after all rollbacks there is a"
			   " secret that nothing rests on: %s",
			   db_must(&rows, 0));
}

static void check_zeros(struct story *story)
{
	int64_t n;
	struct err err;

	for (size_t i = 0; i < COUNT(zeros); i++) {
		if (db_number(story->site.db, &zeros[i], DB_NO_ARGS, &n, &err))
			site_fault(&story->site, "%s: %s", zeros[i].name,
				   err.msg);
		else if (n != 0)
			site_fault(&story->site, "after all rollbacks there"
				   " are %" PRId64 " %s", n, zeros[i].name);
	}
}

/* ---- somebody real whose key was given ---- */

static bool has_id(const json_t *list, int64_t id)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (json_integer_value(json_array_get(list, i)) == id)
			return true;
	return false;
}

/* May she use what she could before, and nothing else but what stays? */
static void check_rights(struct story *story, const json_t *before,
			 const json_t *now)
{
	const struct ledger_row *groups =
		story->ledger.rows[HOST_KIND_GROUP];

	for (int64_t id = 1; id < LEDGER_IDS_MAX; id++) {
		bool had = has_id(before, id), has = has_id(now, id);

		if (had == has || !groups[id].exists)
			continue;
		if (has && groups[id].maker == LEDGER_OURS)
			continue;
		site_fault(&story->site, "after all rollbacks Alice %s use"
			   " group %" PRId64, has ? "may" : "may not", id);
	}
}

static void check_user(struct story *story, int64_t id)
{
	static const char *const same[] = {
		"email", "username", "notes", "role", "status",
		"concurrency", "rpm_limit",
	};
	const struct ledger_row *row =
		&story->ledger.rows[HOST_KIND_USER][id];
	json_auto_t *now = strangers_row(&story->site, HOST_KIND_USER, id);

	if (!row->exists || story_is_lost(story, row->lent_at) ||
	    row->forgotten)
		return;
	for (size_t i = 0; i < COUNT(same); i++)
		if (!json_equal(json_object_get(now, same[i]),
				json_object_get(story->user, same[i])))
			site_fault(&story->site, "after all rollbacks Alice"
				   " has another %s", same[i]);
	check_rights(story, json_object_get(story->user, "allowed_groups"),
		     json_object_get(now, "allowed_groups"));
}

static const struct db_query q_disowned = { "story.disowned",
	"SELECT count(*) FROM rollback_parts WHERE kind = 'group' AND"
	" host_resource_id = $1 AND state = 'left' AND"
	" failure_class = 'not_ours_any_more'" };

static bool lacks_mark(const json_t *row, const char *member)
{
	const char *text = json_string_value(json_object_get(row, member));

	return !text || !strstr(text, "crm-");
}

/*
 * Strangers took our mark out of name and description, and nobody decided
 * about that: nothing proves that it is ours.  It stays, and is told.
 */
static bool is_disowned(struct story *story, enum host_kind kind, int64_t id)
{
	json_auto_t *row = strangers_row(&story->site, kind, id);
	AUTO_FREE char *text = xasprintf("%" PRId64, id);
	int64_t told = 0;
	struct err err;

	if (kind != HOST_KIND_GROUP || !lacks_mark(row, "name") ||
	    !lacks_mark(row, "description"))
		return false;
	if (db_number(story->site.db, &q_disowned, DB_ARGS(DB_TEXT(text)),
		      &told, &err))
		site_fault(&story->site, "%s: %s", q_disowned.name, err.msg);
	return told > 0;
}

/* ---- all of it ---- */

/*
 * 1 if it is there, and may be.  A user whose key was in a group of ours keeps
 * the right to that group as long as it exists.
 */
static int64_t check_row(struct story *story, enum host_kind kind, int64_t id,
			 const struct ledger_row *row)
{
	if (row->maker == LEDGER_OURS) {
		if (!story_is_lost(story, row->made_at) &&
		    !story_is_excused(story, kind, id) &&
		    !is_shared_group(story, kind, id) &&
		    !is_disowned(story, kind, id))
			site_fault(&story->site, "after all rollbacks %s %"
				   PRId64 " of ours is there%s",
				   host_kind_list(kind), id, row->touched
				   ? ", and others touched it" : "");
	} else if (row->lent && row->hash != row->prior &&
		   kind != HOST_KIND_USER &&
		   !story_is_lost(story, row->lent_at) &&
		   !row->forgotten) {
		site_fault(&story->site, "after all rollbacks %s %" PRId64
			   " of others is not what it was",
			   host_kind_list(kind), id);
		story_show(story, kind, id);
	}
	return row->maker == LEDGER_OURS;
}

void story_check_clean(struct story *story)
{
	enum host_kind kind = 0;
	int64_t id = 0;
	int64_t kept = 0;
	const struct ledger_row *row;

	put_keys_back(story);
	while ((row = ledger_next(&story->ledger, &kind, &id)))
		kept += check_row(story, kind, id, row);
	if (story->nlost == 0)
		check_records(story, kept);
	check_rows_are_there(story);
	check_zeros(story);
	check_secrets(story);
	if (story->user)
		check_user(story, json_integer_value(json_object_get(
			story->user, "id")));
	if (story->site.fault)
		show_left(story);
}
