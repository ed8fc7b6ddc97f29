#include "fcgi/reconcile_view.h"

#include "fcgi/view.h"

#define BATCH_SHOWN 20

static void write_counts(struct jout *out, const struct reconcile_counts *n)
{
	jout_object(out, "counts");
	jout_i64(out, "compared", n->compared);
	jout_i64(out, "missing", n->missing);
	jout_i64(out, "skipped", n->skipped);
	jout_i64(out, "found", n->found);
	jout_i64(out, "repaired", n->repaired);
	jout_i64(out, "accepted", n->accepted);
	jout_i64(out, "asked", n->asked);
	jout_i64(out, "failed", n->failed);
	jout_i64(out, "dropped", n->dropped);
	jout_object_end(out);
}

void reconcile_begin(struct jout *out, const char *name,
		     const struct reconcile_run *run)
{
	jout_object(out, name);
	jout_str(out, "reconcile_id", run->reconcile_id);
	jout_str(out, "host_id", run->host_id);
	jout_str(out, "scope", reconcile_scope_name(run->scope));
	jout_str(out, "batch_id", run->batch_id);
	jout_str(out, "provider_id", run->provider_id);
	jout_raw(out, "places", run->places);
	jout_str(out, "mode", run->repair ? "repair" : "look");
	jout_str(out, "state", run->done ? "done" : "running");
	jout_str(out, "result", run->done
		 ? reconcile_result_name(run->result) : NULL);
	write_counts(out, &run->counts);
	jout_raw(out, "unknown_parts", run->unknown_parts);
	jout_raw(out, "checks", run->checks);
	jout_str(out, "failure_class", run->failure_class);
	jout_str(out, "failure_detail", run->failure_detail);
	view_class(out, "failure_zh", "failure_en", run->failure_class);
	jout_str(out, "requested_by", run->requested_by);
	jout_time(out, "created_at", run->created_at);
	jout_time(out, "finished_at", run->finished_at);
}

void reconcile_write(struct jout *out, const char *name,
		     const struct reconcile_run *run)
{
	reconcile_begin(out, name, run);
	jout_object_end(out);
}

/* What an operator may decide, if it is left to him. */
static void write_decisions(struct jout *out, const struct finding *finding)
{
	static const enum owned_policy all[] = {
		OWNED_RESTORE, OWNED_ACCEPT,
	};
	bool open = finding->state != FINDING_REPAIRED &&
		    finding->state != FINDING_ACCEPTED;

	jout_array(out, "decisions");
	for (size_t i = 0; i < COUNT(all) && open; i++)
		if (finding_can(finding->type, finding->field, all[i]))
			jout_str(out, NULL, owned_policy_name(all[i]));
	jout_array_end(out);
}

void finding_write(struct jout *out, const char *name,
		   const struct finding *finding)
{
	const struct owned_field *field = owned_field(finding->type,
						      finding->field);

	jout_object(out, name);
	jout_i64(out, "seq", finding->seq);
	jout_str(out, "resource_id", finding->resource_id);
	jout_str(out, "resource_type", resource_type_name(finding->type));
	jout_str(out, "host_resource_id", finding->host_resource_id);
	jout_str(out, "field", finding->field);
	jout_str(out, "field_zh", field ? field->zh : NULL);
	jout_str(out, "field_en", field ? field->en : NULL);
	jout_str(out, "moved", owned_moved_name(finding->moved));
	jout_str(out, "action", owned_policy_name(finding->action));
	jout_str(out, "certainty", owned_certainty_name(finding->certainty));
	jout_raw(out, "wanted", finding->wanted);
	jout_raw(out, "written", finding->written);
	jout_raw(out, "live", finding->live);
	jout_str(out, "state", finding_state_name(finding->state));
	jout_str(out, "text", finding->text);
	write_decisions(out, finding);
	jout_str(out, "settled_by", finding->settled_by);
	jout_time(out, "at", finding->at);
	jout_object_end(out);
}

int reconcile_batch_write(const struct request *req, const char *run_id,
			  struct jout *out, struct err *err)
{
	const struct reconcile_filter filter = { .batch_id = run_id };
	CLEANUP(walk_done) struct walk walk = { 0 };
	CLEANUP(reconcile_run_done) struct reconcile_run run = { 0 };
	int64_t n = 0;
	int more;

	if (reconciles_list(&walk, req->db, &filter, err))
		return -1;
	jout_array(out, "reconcile_runs");
	while ((more = reconciles_list_next(&walk, &run, err)) > 0 &&
	       n++ < BATCH_SHOWN)
		reconcile_write(out, NULL, &run);
	jout_array_end(out);
	return more < 0 ? -1 : 0;
}
