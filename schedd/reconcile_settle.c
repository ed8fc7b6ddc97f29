/* What the steps of a repair leave in the database. */
#include <string.h>

#include "schedd/audit_event.h"
#include "schedd/reconcile.h"
#include "shared/owned_key.h"

#define TEXT_DAMPED "it was repaired several times lately and undone each " \
		    "time: find out who changes it"
#define TEXT_NOT_OURS "it is no longer ours to work on"
#define TEXT_LET_GO "the group is not ours any more"

/* Others may have it again; nothing is under repair. */
static int let_go(const struct store *store, struct reconcile *rc,
		  int64_t now, struct err *err)
{
	bool held = rc->held;

	rc->memo.resource_id[0] = '\0';
	rc->memo.fields = 0;
	rc->memo.failure = 0;
	rc->held = false;
	if (!held)
		return 0;
	if (rc->row.state == RESOURCE_MAKING)
		rc->row.state = RESOURCE_PRESENT;
	return resources_save(store->db, &rc->row, rc->task_id, now, err);
}

/* What is bound to a group that is lost waits for it, or is let go with it. */
static int settle_lost(const struct store *store, const struct reconcile *rc,
		       const struct finding *row, struct err *err)
{
	AUTO_FREE char *waits = reconcile_waits(rc);

	return findings_settle(store->db, row, waits ? FINDING_ASKED
						     : FINDING_ACCEPTED,
			       waits ? waits : TEXT_LET_GO, err);
}

static bool is_of_lost(const struct reconcile *rc, const struct finding *row)
{
	return rc->nlost && reconcile_binds(row->field);
}

/* Nothing is done about any. */
static int ask_all(const struct store *store, const struct reconcile *rc,
		   struct err *err)
{
	for (size_t i = 0; i < rc->nrows; i++)
		if (is_of_lost(rc, &rc->rows[i])
		    ? settle_lost(store, rc, &rc->rows[i], err)
		    : findings_settle(store->db, &rc->rows[i], FINDING_ASKED,
				      NULL, err))
			return -1;
	return 0;
}

static int settle_all(const struct store *store, const struct reconcile *rc,
		      enum finding_state state, const char *text,
		      struct err *err)
{
	for (size_t i = 0; i < rc->nrows; i++)
		if (findings_settle(store->db, &rc->rows[i], state, text, err))
			return -1;
	return 0;
}

static int give_up(const struct store *store, struct reconcile *rc,
		   int64_t now, struct err *err)
{
	const char *why = rc->memo.failure
		? failure_name((enum failure)rc->memo.failure)
		: TEXT_NOT_OURS;

	if (settle_all(store, rc, FINDING_FAILED, why, err))
		return -1;
	return let_go(store, rc, now, err);
}

static void set_text(char **slot, json_t *value)
{
	free(*slot);
	*slot = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS);
}

/* ---- theirs counts ---- */

/* A member of the frozen body that somebody's decision changes. */
static void set_wanted(struct resource *row, const char *object,
		       const char *member, const json_t *value)
{
	json_auto_t *body = json_loads(row->wanted_json ? row->wanted_json
						       : "{}", 0, NULL);
	json_t *in = object ? json_object_get(body, object) : body;

	if (json_is_null(value))
		json_object_del(in, member);
	else
		json_object_set_new(in, member, json_deep_copy(value));
	set_text(&row->wanted_json, body);
}

/* What waited for the decision about a group goes on. */
static int let_row_go(const struct store *store, struct reconcile *rc,
		      struct err *err)
{
	AUTO_FREE char *text = reconcile_waits_text(rc->row.host_resource_id);

	rc->row.state = RESOURCE_GONE;
	return rc->row.type != RESOURCE_GROUP ? 0
		: findings_reopen(store->db, rc->run.reconcile_id, text, err);
}

static int accept(const struct store *store, struct reconcile *rc,
		  const struct reconcile_seen *seen,
		  const struct owned_finding *it, int64_t now,
		  struct err *err)
{
	const char *field = it->field->name;
	/* Another field of it may have been accepted just before. */
	json_t *written = rc->row.written_json
		? json_loads(rc->row.written_json, 0, NULL) : NULL;

	if (strcmp(field, OWNED_EXISTS) == 0) {
		json_decref(written);
		return let_row_go(store, rc, err);
	}
	if (strcmp(field, "base_url") == 0)
		set_wanted(&rc->row, "credentials", field, it->live);
	else if (strcmp(field, "proxy_id") == 0)
		set_wanted(&rc->row, NULL, field, it->live);
	owned_accept(&written, seen->wanted, it);
	set_text(&rc->row.written_json, written);
	json_decref(written);
	if (strcmp(field, "service") == 0 && rc->row.type == RESOURCE_ACCOUNT)
		return resources_pause(store->db, rc->row.resource_id, now,
				       now, err);
	return 0;
}

/* ---- before it is written ---- */

static const struct owned_finding *seen_field(const struct reconcile_seen *seen,
					      const char *field)
{
	for (size_t i = 0; i < seen->count; i++)
		if (strcmp(seen->findings[i].field->name, field) == 0)
			return &seen->findings[i];
	return NULL;
}

/* What becomes of a finding now; what is restored stays until that is done. */
static int settle_one(const struct store *store, struct reconcile *rc,
		      const struct reconcile_seen *seen,
		      const struct finding *row, int64_t now,
		      struct err *err)
{
	const struct owned_finding *it = seen_field(seen, row->field);
	enum owned_policy action = it ? reconcile_action(rc, it) : OWNED_ASK;

	if (!it && is_of_lost(rc, row))
		return settle_lost(store, rc, row, err);
	if (!it)
		return findings_settle(store->db, row, FINDING_REPAIRED,
				       "it was as wanted again", err);
	if (action == OWNED_ACCEPT)
		return accept(store, rc, seen, it, now, err) ? -1
			: findings_settle(store->db, row, FINDING_ACCEPTED,
					  NULL, err);
	if (action == OWNED_ASK)
		return findings_settle(store->db, row, FINDING_ASKED, NULL,
				       err);
	if (!reconcile_may_mend(rc))
		return findings_settle(store->db, row, FINDING_FAILED,
				       TEXT_DAMPED, err);
	return 0;
}

/* The look that the repair goes by, as the watch keeps them. */
static int keep_live(const struct store *store, struct reconcile *rc,
		     const json_t *live, int64_t now, struct err *err)
{
	json_t *seen = json_loads(rc->row.live_json ? rc->row.live_json
						    : "{}", 0, NULL);

	if (live)
		json_object_set_new(seen, "live", json_deep_copy(live));
	else
		json_object_del(seen, "live");
	if (!live && reconcile_restores(rc, "key")) {
		json_object_del(seen, OWNED_KEY_REFUSED);
		json_object_del(seen, OWNED_KEY_EXPORTED);
	}
	set_text(&rc->row.live_json, seen);
	json_decref(seen);
	return resources_watched(store->db, &rc->row, now, err);
}

static int keep_read(const struct store *store, struct reconcile *rc,
		     int64_t now, struct err *err)
{
	struct reconcile_seen seen;
	int status = 0;

	reconcile_see(rc, &rc->row, rc->live, &seen);
	for (size_t i = 0; i < rc->nrows && status == 0; i++)
		status = settle_one(store, rc, &seen, &rc->rows[i], now, err);
	reconcile_seen_done(&seen);
	if (status)
		return -1;
	if (!rc->memo.fields)
		return let_go(store, rc, now, err);
	if (keep_live(store, rc, rc->live, now, err))
		return -1;
	/* What was accepted of it is not to be lost with a crash. */
	return resources_save(store->db, &rc->row, rc->task_id, now, err);
}

/* ---- after it was written ---- */

/* The first repair of an account in this run counts. */
static void count(struct reconcile *rc)
{
	bool recent = rc->row.mended_at != 0 && rc->now - rc->row.mended_at <
		rc->settings->watch_repairs_hours * INT64_C(3600000);

	rc->row.mends = recent ? rc->row.mends + 1 : 1;
	rc->row.mended_at = rc->now;
}

/*
 * To replace a key, or to switch, is always somebody's decision: owned.h.  Of
 * groups of which one is lost not all was written that is wanted.
 */
static bool is_kept(const struct reconcile *rc, const char *field)
{
	return strcmp(field, "key") != 0 && strcmp(field, "service") != 0 &&
	       !(rc->nlost && reconcile_binds(field));
}

static int tell_restored(const struct store *store,
			 const struct reconcile *rc,
			 const struct finding *row, struct err *err)
{
	const char *by = rc->run.requested_by;
	CLEANUP(jout_done) struct jout out = { .text.max = 16 << 10 };

	jout_object(&out, NULL);
	jout_object(&out, "before");
	jout_raw(&out, row->field, row->live);
	jout_object_end(&out);
	jout_object(&out, "after");
	jout_raw(&out, row->field, row->wanted);
	jout_object_end(&out);
	jout_object_end(&out);
	return audit_event(store, &(struct audit_deed){
		.requester = by && strcmp(by, RECONCILE_BY_WATCH) != 0
			? by : NULL,
		.host_id = rc->run.host_id,
		.object = resource_type_name(row->type),
		.object_id = row->host_resource_id,
		.kind = "restored",
		.step = "reconcile",
		.detail = buf_str(&out.text),
	}, rc->now, err);
}

static int settle_restored(const struct store *store, struct reconcile *rc,
			   json_t *written, const json_t *wanted,
			   struct err *err)
{
	for (size_t i = 0; i < rc->nrows; i++) {
		const char *field = rc->rows[i].field;

		if (!reconcile_restores(rc, field))
			continue;
		if (is_kept(rc, field))
			json_object_set_new(written, field, json_deep_copy(
				json_object_get(wanted, field)));
		if (findings_settle(store->db, &rc->rows[i], FINDING_REPAIRED,
				    NULL, err) ||
		    tell_restored(store, rc, &rc->rows[i], err))
			return -1;
	}
	return 0;
}

static int keep_confirm(const struct store *store, struct reconcile *rc,
			int64_t now, struct err *err)
{
	struct reconcile_seen seen;
	json_t *written;
	int status;

	reconcile_see(rc, &rc->row, rc->live, &seen);
	written = json_deep_copy(seen.written ? seen.written : seen.wanted);
	if (!seen.written && rc->nlost) {
		json_object_del(written, "group_ids");
		json_object_del(written, "group_id");
	}
	status = settle_restored(store, rc, written, seen.wanted, err);
	set_text(&rc->row.written_json, written);
	json_decref(written);
	count(rc);
	if (status == 0)
		status = keep_live(store, rc, NULL, now, err);
	if (status == 0)
		status = resources_saw(store->db, rc->row.resource_id,
				       seen.version, now, err);
	reconcile_seen_done(&seen);
	return status ? -1 : let_go(store, rc, now, err);
}

int reconcile_keep_repair(const struct store *store, struct reconcile *rc,
			  int64_t now, struct err *err)
{
	if (rc->gives_up)
		return give_up(store, rc, now, err);
	if (rc->asks)
		return ask_all(store, rc, err);
	if (rc->reads)
		return keep_read(store, rc, now, err);
	return rc->confirms ? keep_confirm(store, rc, now, err) : 0;
}
