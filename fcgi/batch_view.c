#include "fcgi/batch_view.h"

#include <string.h>

#include "fcgi/provider_notes.h"
#include "fcgi/reconcile_view.h"
#include "fcgi/view.h"
#include "shared/item_list.h"
#include "shared/lookup.h"
#include "shared/proofs.h"
#include "shared/provider_status.h"

#define ITEMS_SHOWN 200		/* the rest: the items of the run */
#define ACCESSES_SHOWN 200

static void batch_begin(struct jout *out, const char *name,
			const struct run *run)
{
	jout_object(out, name);
	jout_str(out, "batch_id", run->run_id);
	jout_str(out, "run_id", run->run_id);
	jout_str(out, "host_id", run->host_id);
	jout_str(out, "provider_id", run->pack_provider_id);
	jout_str(out, "pack_id", run->pack_id);
	jout_str(out, "pack_version", run->pack_version);
	jout_str(out, "endpoint_key", run->endpoint_key);
	jout_str(out, "origin", run->origin);
	jout_str(out, "access_mode", access_mode_name(run->access_mode));
	jout_str(out, "batch_status", batch_status_name(
		batch_status_of(run->state, &run->counts)));
	jout_str(out, "state", run_state_name(run->state));
	jout_str(out, "wave_id", run->wave_id);
	if (run->wave_id)
		jout_i64(out, "wave_place", run->wave_place);
	else
		jout_null(out, "wave_place");
	jout_str(out, "canary_state", canary_state_name(run->canary));
}

static void batch_counts(struct jout *out, const struct run *run)
{
	jout_i64(out, "items_total", run->counts.total);
	jout_i64(out, "items_done", run->counts.done);
	jout_i64(out, "items_active", run->counts.active);
	jout_i64(out, "items_broken", run->counts.broken);
	jout_i64(out, "items_cancelled", run->counts.cancelled);
	jout_i64(out, "items_warned", run->counts.warned);
	jout_i64(out, "items_rejected", run->counts.rejected);
	jout_raw(out, "rejected", run->rejected);
	jout_str(out, "created_by", run->created_by);
	jout_time(out, "created_at", run->created_at);
	jout_time(out, "updated_at", run->updated_at);
	jout_time(out, "finished_at", run->finished_at);
}

void batch_brief_write(struct jout *out, const char *name,
		       const struct run *run)
{
	batch_begin(out, name, run);
	batch_counts(out, run);
	jout_object_end(out);
}

static int write_statuses(const struct request *req, struct jout *out,
			  const struct run *run, struct err *err)
{
	enum access_mode other = run->access_mode == ACCESS_SUBSCRIPTION
		? ACCESS_SELF_SERVICE : ACCESS_SUBSCRIPTION;
	struct item_counts counts = { 0 };
	struct status_tally tally = { 0 };
	char plan[LOOKUP_PLAN_MAX];
	bool other_active = false;

	if (item_list_counts(req->db, run->run_id, &counts, err) ||
	    items_plan_of_run(req->db, run->run_id, plan, err) ||
	    (run->endpoint_key &&
	     accesses_active(req->db, run->host_id, run->endpoint_key, plan,
			     other, &other_active, err)))
		return -1;
	for (int i = 0; i < ACCESS_STATUS__MAX; i++)
		tally.of[i] = counts.by_access[i];
	jout_str(out, "provider_status",
		 access_status_name(provider_status_of(&tally)));
	jout_str(out, "access_status", provider_access_name(
		provider_access_in(run->access_mode, &tally, other_active)));
	return 0;
}

/* Of what the run was made with; a batch by URL and key has none. */
static int write_warnings(const struct request *req, struct jout *out,
			  const struct run *run, struct err *err)
{
	CLEANUP(packs_row_done) struct packs_row pack = { 0 };
	CLEANUP(host_done) struct host host = { 0 };
	CLEANUP(provider_plan_done) struct provider_plan plan = { 0 };
	struct jdec_problems problems = { 0 };
	struct manifest_provider m = { 0 };
	json_auto_t *document = NULL;
	AUTO_FREE char *text = NULL;

	if (!run->pack_provider_id) {
		jout_raw(out, "warnings", "[]");
		return 0;
	}
	if (packs_manifest(req->db, run->pack_id, run->pack_version,
			   run->pack_provider_id, &text, err) ||
	    packs_get(req->db, run->pack_id, run->pack_version, &pack, err) ||
	    hosts_get(req->db, run->host_id, &host, err))
		return -1;
	document = json_loads(text, 0, NULL);
	if (!manifest_provider_read(document, &m, &problems))
		return err_set(err, ERR_INTERNAL, "the stored manifest of %s "
			       "is no longer one", run->pack_provider_id);
	provider_plan_make(&plan, document, run->endpoint_key, host.version,
			   req->worker->settings->usd_rate_cny);
	provider_warnings_write(out, &m, &pack, &host, &plan);
	return 0;
}

static int write_items(const struct request *req, struct jout *out,
		       const struct run *run, struct err *err)
{
	const struct item_filter filter = { .run_id = run->run_id };
	CLEANUP(walk_done) struct walk walk = { 0 };
	CLEANUP(item_row_done) struct item_row row = { 0 };
	int64_t n = 0;
	int more;

	if (item_list(&walk, req->db, &filter, err))
		return -1;
	jout_array(out, "items");
	while ((more = item_list_next(&walk, &row, err)) > 0 &&
	       n++ < ITEMS_SHOWN) {
		const struct proof proof = {
			.key_source = row.key_source,
			.key_fingerprint = row.key_fingerprint,
		};

		item_begin(out, NULL, &row.item, &(struct item_view){
			   .run = run, .proof = &proof, .now = req->now });
		item_end(out);
	}
	jout_array_end(out);
	jout_bool(out, "items_truncated", more > 0);
	return more < 0 ? -1 : 0;
}

static void write_proof(struct jout *out, const struct access *access,
			const struct proof *proof, int64_t now)
{
	bool known = proof->proof_id;

	jout_str(out, "latest_access_status",
		 access_status_name(access->status));
	jout_bool(out, "stale", access_is_stale(access, now));
	jout_str(out, "requested_probe_api_key", proof->requested_key);
	jout_str(out, "effective_probe_key_source", known ? proof->key_source
							  : access->key_source);
	jout_str(out, "effective_probe_key_fingerprint", known
		 ? proof->key_fingerprint : access->key_fingerprint);
	if (known)
		jout_bool(out, "completion_ok", proof->completion_ok);
	else
		jout_null(out, "completion_ok");
	view_known(out, "completion_status", proof->completion_status);
	jout_str(out, "completion_type", proof->completion_type);
	jout_str(out, "completion_preview", proof->completion_preview);
	jout_str(out, "model", proof->model);
	jout_str(out, "proof_id", proof->proof_id);
	jout_time(out, "proven_at", access->proven_at);
	jout_time(out, "proof_expires_at", access->proof_expires_at);
}

int batch_access_write(const struct request *req, struct jout *out,
		       const struct access *access, struct err *err)
{
	CLEANUP(proof_done) struct proof proof = { 0 };

	if (access->last_proof_id &&
	    proofs_get(req->db, access->last_proof_id, &proof, err))
		return -1;
	jout_object(out, NULL);
	jout_str(out, "access_id", access->access_id);
	jout_str(out, "host_id", access->host_id);
	jout_str(out, "endpoint_key", access->endpoint_key);
	jout_str(out, "plan", access->plan);
	jout_str(out, "access_mode", access_mode_name(access->mode));
	jout_str(out, "selector", access->selector);
	jout_str(out, "item_id", access->item_id);
	write_proof(out, access, &proof, req->now);
	jout_str(out, "failure_class", access->failure_class);
	view_class(out, "failure_zh", "failure_en", access->failure_class);
	jout_time(out, "checked_at", access->checked_at);
	jout_object_end(out);
	return 0;
}

/* Of the run's own way of access: users, not keys, so they are few. */
static int write_accesses(const struct request *req, struct jout *out,
			  const struct run *run, struct err *err)
{
	const struct access_filter filter = {
		.host_id = run->host_id,
		.endpoint_key = run->endpoint_key,
		.access_mode = access_mode_name(run->access_mode),
	};
	char plan[LOOKUP_PLAN_MAX];
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(access_done) struct access access = { 0 };
	int more = 0;

	jout_array(out, "access");
	if (run->endpoint_key) {
		if (items_plan_of_run(req->db, run->run_id, plan, err) ||
		    accesses_list(&rows, req->db, &filter, "", ACCESSES_SHOWN,
				  err))
			return -1;
		while ((more = accesses_next(&rows, &access, err)) > 0)
			if (strcmp(access.plan, plan) == 0 &&
			    batch_access_write(req, out, &access, err))
				return -1;
	}
	jout_array_end(out);
	return more;
}

int batch_write(const struct request *req, struct jout *out,
		const struct run *run, struct err *err)
{
	batch_begin(out, NULL, run);
	if (write_statuses(req, out, run, err))
		return -1;
	batch_counts(out, run);
	if (write_warnings(req, out, run, err) ||
	    write_items(req, out, run, err) ||
	    write_accesses(req, out, run, err) ||
	    reconcile_batch_write(req, run->run_id, out, err))
		return -1;
	jout_object_end(out);
	return 0;
}
