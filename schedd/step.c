#include "schedd/step.h"

#include <string.h>

#include "shared/table.h"

static const char *const kind_names[] = {
	[VERDICT_GO_ON]	 = "passed",
	[VERDICT_GO_TO]	 = "turned",
	[VERDICT_POLL]	 = "waiting",
	[VERDICT_RETRY]	 = "retry",
	[VERDICT_TAKE]	 = "claimed",
	[VERDICT_DONE]	 = "done",
	[VERDICT_FAILED] = "failed",
};
TABLE_ENUM_DEFINE(verdict_kind, kind_names, VERDICT_KIND__MAX);

const struct flow *const flows[] = {
	&flow_host_probe, &flow_compliance, &flow_import, &flow_check,
	&flow_profile, &flow_change, &flow_foreign, &flow_reconcile,
	&flow_rollback, &flow_forget, NULL
};

const struct flow *flow_find(const char *name)
{
	for (size_t i = 0; flows[i]; i++)
		if (strcmp(flows[i]->name, name) == 0)
			return flows[i];
	return NULL;
}

const struct step *flow_step(const struct flow *flow, const char *name)
{
	for (size_t i = 0; i < flow->nsteps; i++)
		if (strcmp(flow->steps[i].name, name) == 0)
			return &flow->steps[i];
	return NULL;
}

bool flow_is_undo(const struct flow *flow, const struct step *step)
{
	return flow->undo && step >= flow_step(flow, flow->undo);
}
