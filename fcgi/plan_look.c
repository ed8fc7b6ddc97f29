#include "fcgi/plan_look.h"

#include <string.h>

#include "fcgi/plan_ground.h"
#include "shared/findings.h"
#include "shared/reconciles.h"

static int refuse(struct err *err, const char *why)
{
	err_set(err, ERR_CONFLICT, "%s: let CRM look at the host first, by "
		"POST /api/reconcile, and name that as look", why);
	return err_code(err, "plan_needs_look");
}

static bool covers(const struct reconcile_run *run,
		   const struct plan_call *call, const json_t *body)
{
	const char *batch = json_string_value(json_object_get(body,
							      "batch_id"));

	if (run->scope == RECONCILE_HOST)
		return true;
	if (run->scope != RECONCILE_RUN)
		return false;
	if (!batch && (strstr(call->route->path, "{run_id}") ||
		       strstr(call->route->path, "{batch_id}")))
		batch = call->ids[0];
	return batch && strcmp(batch, run->batch_id) == 0;
}

int plan_look_check(const struct request *req, const char *look,
		    const struct plan_call *call, const json_t *body,
		    struct err *err)
{
	CLEANUP(reconcile_run_done) struct reconcile_run run = { 0 };
	AUTO_FREE char *host_id = NULL;

	if (plan_ground_host(req, call, body, &host_id, err))
		return -1;
	if (!look)
		return refuse(err, "a plan needs a look");
	if (reconciles_get(req->db, look, &run, err))
		return err->kind == ERR_NOT_FOUND
			? refuse(err, "there is no such look") : -1;
	if (!run.done)
		return refuse(err, "the look has not ended");
	if (run.repair || strcmp(run.host_id, host_id) != 0 ||
	    !covers(&run, call, body))
		return refuse(err, "that was a look at something else");
	if (run.finished_at + PLAN_LOOK_MS < req->now)
		return refuse(err, "the look was too long ago");
	if (run.result == RECONCILE_UNKNOWN || run.result == RECONCILE_FAILED)
		return refuse(err, "the host could not be read reliably");
	return 0;
}

/* JSON of a column; absent and null are the same to who reads a plan. */
static json_t *value_of(const char *text)
{
	json_t *value = text ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;

	return value ? value : json_null();
}

static bool rests_on(const json_t *ground, const char *resource_id)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(ground, "rests_on"), i, one)
		if (strcmp(json_string_value(json_object_get(one,
				"resource_id")), resource_id) == 0)
			return true;
	return false;
}

int plan_look_drift(const struct request *req, const char *look,
		    json_t *ground, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(finding_done) struct finding finding = { 0 };
	json_t *drift = json_object_get(ground, "drift");
	int more;

	if (findings_list(&rows, req->db, look, 0, FINDINGS_MAX, err))
		return -1;
	while ((more = findings_next(&rows, &finding, err)) > 0)
		if (rests_on(ground, finding.resource_id))
			json_array_append_new(drift, json_pack(
				"{s:s, s:s, s:o}", "resource_id",
				finding.resource_id, "field", finding.field,
				"live", value_of(finding.live)));
	return more;
}

static json_t *finding_view(const struct finding *finding)
{
	const struct owned_field *field = owned_field(finding->type,
						      finding->field);

	return json_pack("{s:s, s:s, s:s, s:s, s:s?, s:s?, s:s, s:s, s:s,"
		" s:o, s:o, s:o}",
		"resource_id", finding->resource_id,
		"resource_type", resource_type_name(finding->type),
		"host_resource_id", finding->host_resource_id,
		"field", finding->field,
		"field_zh", field ? field->zh : NULL,
		"field_en", field ? field->en : NULL,
		"moved", owned_moved_name(finding->moved),
		"action", owned_policy_name(finding->action),
		"certainty", owned_certainty_name(finding->certainty),
		"wanted", value_of(finding->wanted),
		"written", value_of(finding->written),
		"live", value_of(finding->live));
}

int plan_look_preview(const struct request *req, const char *look,
		      json_t **ret, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(finding_done) struct finding finding = { 0 };
	json_auto_t *list = json_array();
	int more;

	if (findings_list(&rows, req->db, look, 0, FINDINGS_MAX, err))
		return -1;
	while ((more = findings_next(&rows, &finding, err)) > 0)
		json_array_append_new(list, finding_view(&finding));
	if (more < 0)
		return -1;
	*ret = json_pack("{s:O}", "findings", list);
	return 0;
}
