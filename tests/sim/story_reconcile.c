#include "tests/sim/story_reconcile.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "shared/findings.h"
#include "shared/reconciles.h"
#include "shared/runs.h"
#include "shared/table.h"
#include "tests/sim/check.h"

/* As the API adds one; *ret_id is "" if one runs already. */
static void begin(struct story *story, const struct reconcile_spec *spec,
		  char ret_id[ID_MAX])
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	struct site *site = &story->site;
	struct err err;

	ret_id[0] = '\0';
	if (db_tx_begin(&tx, site->db, &err)) {
		site_fault(site, "reconcile: %s", err.msg);
		return;
	}
	if (reconciles_add(site->db, spec, site->net.now,
			   net_random(&site->net), ret_id, &err)) {
		if (err.kind != ERR_CONFLICT)
			site_fault(site, "reconcile: %s", err.msg);
		ret_id[0] = '\0';
		return;
	}
	if (db_tx_commit(&tx, &err))
		site_fault(site, "reconcile: %s", err.msg);
	story_say(story, "%s of %s", spec->repair ? "repair" : "look",
		  spec->scope == RECONCILE_HOST ? "the host" : spec->batch_id);
}

/* It may have gone with a database. */
static bool is_known(struct story *story, const char *run_id)
{
	CLEANUP(run_done) struct run run = { 0 };
	struct err err;

	return runs_get(story->site.db, run_id, &run, &err) == 0;
}

void story_reconcile(struct story *story)
{
	struct reconcile_spec spec = { .host_id = story->site.host_id,
				       .requested_by = "tok_sim" };
	char id[ID_MAX];

	spec.repair = story_dice(story, 2);
	if (story->nruns && story_dice(story, 3) == 0) {
		spec.scope = RECONCILE_RUN;
		spec.batch_id = story->runs[story_dice(story, story->nruns)];
	}
	if (spec.batch_id && !is_known(story, spec.batch_id))
		return;
	begin(story, &spec, id);
}

static void show(struct story *story, const char *id)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(finding_done) struct finding it = { 0 };
	struct err err;

	if (findings_list(&rows, story->site.db, id, 0, 100, &err)) {
		site_fault(&story->site, "findings: %s", err.msg);
		return;
	}
	while (findings_next(&rows, &it, &err) == 1)
		story_say(story, "  %s %s %s: %s by %s, %s (%.60s, %.60s)",
			  resource_type_name(it.type), it.host_resource_id
			  ? it.host_resource_id : "-", it.field,
			  owned_policy_name(it.action),
			  owned_moved_name(it.moved),
			  finding_state_name(it.state),
			  it.wanted ? it.wanted : "-",
			  it.live ? it.live : "-");
}

/* What came of it; false: nothing can be said of it. */
static bool ended(struct story *story, const char *id,
		  struct reconcile_counts *ret)
{
	CLEANUP(reconcile_run_done) struct reconcile_run run = { 0 };
	struct err err;

	if (reconciles_get(story->site.db, id, &run, &err)) {
		site_fault(&story->site, "reconcile: %s", err.msg);
		return false;
	}
	story_say(story, "  it is %s", reconcile_result_name(run.result));
	*ret = run.counts;
	if (strcmp(run.unknown_parts, "[]") != 0)
		return false;
	return run.result != RECONCILE_UNKNOWN &&
	       run.result != RECONCILE_FAILED;
}

void story_reconcile_twice(struct story *story)
{
	const struct reconcile_spec spec = {
		.host_id = story->site.host_id, .repair = true,
		.requested_by = "tok_sim" };
	struct reconcile_counts first, second;
	char one[ID_MAX] = "", two[ID_MAX] = "";

	faults_clear(story->site.net.faults);
	begin(story, &spec, one);
	story_rest(story);
	/* What others worked on was not looked at. */
	if (story->site.fault || !*one || !ended(story, one, &first) ||
	    first.skipped)
		return;
	show(story, one);
	begin(story, &spec, two);
	story_rest(story);
	if (story->site.fault || !*two || !ended(story, two, &second))
		return;
	show(story, two);
	if (second.repaired || second.accepted || second.found ||
	    second.failed > first.failed || second.asked > first.asked)
		site_fault(&story->site, "a second repair found what the"
			   " first did not settle");
}
