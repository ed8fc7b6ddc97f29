#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "schedd/host/user.h"
#include "schedd/step.h"
#include "shared/changes.h"
#include "shared/checks.h"
#include "shared/host_forget.h"
#include "shared/items.h"
#include "shared/profiles.h"
#include "shared/reconciles.h"
#include "shared/rollbacks.h"
#include "tests/unit/flow_source.h"

#define STEPS_MAX 128

static struct source source;

/* Where a step can lead to. */
struct edges {
	bool named[STEPS_MAX];
	bool goes_on;
};

struct graph {
	const struct flow *flow;
	struct edges from[STEPS_MAX];
};

static struct graph graphs[10];
static size_t ngraphs;

/* ---- from the text of a table to the functions of its steps ---- */

/* The word that begins at `at`, as far as a name goes. */
static void word_at(const char *at, char ret[WORD_MAX])
{
	size_t len = strspn(at, "abcdefghijklmnopqrstuvwxyz_0123456789"
				"ABCDEFGHIJKLMNOPQRSTUVWXYZ");

	assert_true(len < WORD_MAX);
	memcpy(ret, at, len);
	ret[len] = '\0';
}

/* A row that many flows have stands between two of theirs, as a macro. */
static const struct {
	const struct flow *flow;
	const char *file;
} tables[] = {
	{ &flow_host_probe, "schedd/flow_probe.c" },
	{ &flow_compliance, "schedd/flow_compliance.c" },
	{ &flow_import, "schedd/flow_import.c" },
	{ &flow_check, "schedd/flow_check.c" },
	{ &flow_change, "schedd/flow_change.c" },
	{ &flow_foreign, "schedd/flow_foreign.c" },
	{ &flow_import, "schedd/import_steps.h" },
	{ &flow_check, "schedd/import_steps.h" },
	{ &flow_change, "schedd/import_steps.h" },
	{ &flow_profile, "schedd/flow_profile.c" },
	{ &flow_reconcile, "schedd/flow_reconcile.c" },
	{ &flow_rollback, "schedd/flow_rollback.c" },
	{ &flow_forget, "schedd/flow_forget.c" },
};

/* The answer function of a step: the fourth column of its row. */
static bool column_of(const char *file, const char *name,
		      char ret[WORD_MAX])
{
	AUTO_FREE char *text = source_text(file);
	AUTO_FREE char *row = strcmp(name, CHECK_FIRST_STEP) == 0
		? xstrdup("{ CHECK_FIRST_STEP,")
		: strcmp(name, PROFILE_FIRST_STEP) == 0
		? xstrdup("{ PROFILE_FIRST_STEP,")
		: strcmp(name, CHANGE_FIRST_STEP) == 0
		? xstrdup("{ CHANGE_FIRST_STEP,")
		: strcmp(name, RECONCILE_FIRST_STEP) == 0
		? xstrdup("{ RECONCILE_FIRST_STEP,")
		: strcmp(name, FORGET_FIRST_STEP) == 0
		? xstrdup("{ FORGET_FIRST_STEP,")
		: strcmp(name, ROLLBACK_FIRST_STEP) == 0
		? xstrdup("{ ROLLBACK_FIRST_STEP,")
		: xasprintf("{ \"%s\",", name);
	const char *at = strstr(text, row);

	for (int comma = 0; at && comma < 3; comma++)
		at = strchr(at, ',') + 1;
	if (at)
		word_at(at + strspn(at, " \t\\\n"), ret);
	return at != NULL;
}

static struct function *answer_of(const struct flow *flow, const char *name)
{
	char function[WORD_MAX];

	for (size_t i = 0; i < COUNT(tables); i++)
		if (tables[i].flow == flow &&
		    column_of(tables[i].file, name, function))
			return source_find(&source, tables[i].file, function);
	return NULL;
}

static void add_edges(const struct function *f, void *arg)
{
	struct graph *graph = ((void **)arg)[0];
	struct edges *edges = ((void **)arg)[1];

	edges->goes_on = edges->goes_on || f->goes_on;
	for (size_t i = 0; i < f->nsteps; i++) {
		const struct step *to = flow_step(graph->flow, f->steps[i]);

		if (to)
			edges->named[to - graph->flow->steps] = true;
	}
}

static int read_sources(void **state)
{
	(void)state;
	source_read(&source, "schedd/flow_*.c");
	source_read(&source, "schedd/import*.c");
	source_read(&source, "schedd/check.c");
	source_read(&source, "schedd/check_*.c");
	source_read(&source, "schedd/asking.c");
	source_read(&source, "schedd/change_*.c");
	source_read(&source, "schedd/reconcile_*.c");
	source_read(&source, "schedd/rollback_*.c");
	for (ngraphs = 0; flows[ngraphs]; ngraphs++) {
		struct graph *graph = &graphs[ngraphs];

		graph->flow = flows[ngraphs];
		for (size_t i = 0; i < graph->flow->nsteps; i++) {
			void *args[] = { graph, &graph->from[i] };

			source_forget_walk(&source);
			source_walk(&source,
				    answer_of(graph->flow,
					      graph->flow->steps[i].name),
				    add_edges, args);
		}
	}
	return 0;
}

/* ---- the tables themselves ---- */

static void every_step_is_whole(void **state)
{
	(void)state;
	for (size_t k = 0; k < ngraphs; k++) {
		const struct flow *flow = flows[k];

		assert_in_range(flow->nsteps, 1, STEPS_MAX);
		for (size_t i = 0; i < flow->nsteps; i++) {
			const struct step *step = &flow->steps[i];

			assert_true(is_step_name(step->name,
						 strlen(step->name)));
			assert_non_null(step->answer);
			/* An item that is checked is done, and stays so. */
			assert_in_range(step->stage, 0,
					flow == &flow_check ||
					flow == &flow_change
					? STAGE_DONE : STAGE_DONE - 1);
			/* The reader found its function. */
			if (!answer_of(flow, step->name))
				fail_msg("%s", step->name);
		}
	}
}

static void names_of_steps_are_unique(void **state)
{
	(void)state;
	for (size_t k = 0; k < ngraphs; k++)
		for (size_t i = 0; i < flows[k]->nsteps; i++)
			assert_ptr_equal(flow_step(flows[k],
						   flows[k]->steps[i].name),
					 &flows[k]->steps[i]);
}

static void flows_are_found_by_their_names(void **state)
{
	(void)state;
	for (size_t k = 0; k < ngraphs; k++)
		assert_ptr_equal(flow_find(flows[k]->name), flows[k]);
	assert_null(flow_find("nobody"));
	assert_null(flow_step(flows[0], "nobody"));
}

/* What a flow needs of its functions, by what its steps do. */
static void every_flow_is_whole(void **state)
{
	(void)state;
	for (size_t k = 0; k < ngraphs; k++) {
		const struct flow *flow = flows[k];

		assert_non_null(flow->load);
		assert_non_null(flow->save);
		assert_non_null(flow->end);
		assert_non_null(flow->free);
		assert_non_null(flow->secret_id);
		assert_non_null(flow->limits);
		assert_non_null(flow->memo);
		assert_true(!flow->undo || flow->fail);
		assert_int_equal(flow->want != NULL, flow->took != NULL);
		/* Who may be refused a resource has somewhere to go. */
		assert_true(!flow->want || flow->undo);
		assert_true(!flow->refused || flow->detour);
		assert_int_equal(flow->detour != NULL,
				 flow_step(flow, "host.login") != NULL);
		for (size_t i = 0; i < flow->nsteps; i++)
			assert_true(!flow->steps[i].capture.pointer ||
				    flow->captured);
	}
}

static void captures_point_into_answers(void **state)
{
	size_t captures = 0;

	(void)state;
	for (size_t k = 0; k < ngraphs; k++)
		for (size_t i = 0; i < flows[k]->nsteps; i++) {
			const struct step *step = &flows[k]->steps[i];
			const char *p = step->capture.pointer;

			if (!p)
				continue;
			captures++;
			assert_non_null(step->request);
			assert_in_range(step->capture.slot, SLOT_NONE + 1,
					SLOT__MAX - 1);
			/* Plain members only: no escapes, no empty names. */
			assert_int_equal(*p, '/');
			assert_null(strpbrk(p, "~0123456789"));
			assert_null(strstr(p, "//"));
			assert_int_not_equal(p[strlen(p) - 1], '/');
			assert_string_equal(p, HOST_LOGIN_TOKEN);
			assert_true(step->capture.slot == SLOT_USER_TOKEN ||
				    step->capture.slot == SLOT_HOST_SESSION);
		}
	/* The administrator of each flow but two, the users of four. */
	assert_int_equal(captures, ngraphs - 2 + 4);
}

/* ---- where they lead to ---- */

/* Literals of the form of a step's name are nothing else. */
static void every_step_that_is_named_exists(void **state)
{
	size_t named = 0;

	(void)state;
	for (size_t i = 0; i < source.nfunctions; i++)
		for (size_t j = 0; j < source.functions[i].nsteps; j++) {
			const char *name = source.functions[i].steps[j];
			bool found = false;

			for (size_t k = 0; k < ngraphs; k++)
				found = found || flow_step(flows[k], name);
			if (!found)
				fail_msg("%s: %s() names %s",
					 source.functions[i].file,
					 source.functions[i].name, name);
			named++;
		}
	assert_true(named > 30);
}

/* Run before others, by flow->detour; then the one that was due begins. */
static bool is_detour(const struct flow *flow, size_t at)
{
	return strcmp(flow->steps[at].name, "host.login") == 0;
}

static void reach(const struct graph *graph, size_t at, bool *reached)
{
	if (reached[at])
		return;
	reached[at] = true;
	for (size_t i = 0; i < graph->flow->nsteps; i++)
		if (graph->from[at].named[i] ||
		    (graph->from[at].goes_on && i == at + 1 &&
		     !is_detour(graph->flow, at)))
			reach(graph, i, reached);
}

static void every_step_is_reachable(void **state)
{
	(void)state;
	for (size_t k = 0; k < ngraphs; k++) {
		const struct flow *flow = flows[k];
		bool reached[STEPS_MAX] = { false };

		reach(&graphs[k], 0, reached);
		if (flow->undo)
			reach(&graphs[k], (size_t)(flow_step(flow, flow->undo)
						   - flow->steps), reached);
		for (size_t i = 0; i < flow->nsteps; i++)
			if (!reached[i] && !is_detour(flow, i))
				fail_msg("%s: nothing leads to %s",
					 flow->name, flow->steps[i].name);
	}
}

/* There is nothing behind it; that of a probe is tried by its own test. */
static void the_last_step_never_goes_on(void **state)
{
	(void)state;
	for (size_t k = 0; k < ngraphs; k++)
		if (flows[k] != &flow_host_probe &&
		    !is_detour(flows[k], flows[k]->nsteps - 1))
			assert_false(graphs[k].from[flows[k]->nsteps -
						    1].goes_on);
}

static void undo_steps_stand_last(void **state)
{
	(void)state;
	for (size_t k = 0; k < ngraphs; k++)
		for (size_t i = 0; i < flows[k]->nsteps; i++) {
			const struct step *step = &flows[k]->steps[i];

			assert_int_equal(flow_is_undo(flows[k], step),
				strncmp(step->name, "undo.", 5) == 0);
		}
	assert_non_null(flow_step(&flow_import, flow_import.undo));
}

/* Else a failure while undoing would undo again, or never end. */
static void undo_is_neither_left_nor_entered_by_name(void **state)
{
	(void)state;
	for (size_t k = 0; k < ngraphs; k++) {
		const struct flow *flow = flows[k];

		for (size_t i = 0; i < flow->nsteps; i++)
			for (size_t j = 0; j < flow->nsteps; j++) {
				bool from = flow_is_undo(flow,
							 &flow->steps[i]);
				bool to = flow_is_undo(flow, &flow->steps[j]);

				if (graphs[k].from[i].named[j] && from != to)
					fail_msg("%s leads to %s",
						 flow->steps[i].name,
						 flow->steps[j].name);
			}
	}
}

/* ...nor by going on from the last step before it. */
static void undo_is_not_fallen_into(void **state)
{
	(void)state;
	for (size_t k = 0; k < ngraphs; k++) {
		const struct flow *flow = flows[k];
		const struct step *undo = flow->undo
			? flow_step(flow, flow->undo) : NULL;

		if (undo)
			assert_false(graphs[k].from[undo - flow->steps -
						    1].goes_on);
	}
}

/* ---- who begins them ---- */

/* Copy the literal behind `member` in `text`; NULL if there is none. */
static const char *literal_of(const char *text, const char *member,
			      char ret[WORD_MAX])
{
	const char *at = strstr(text, member);
	size_t len;

	if (!at)
		return NULL;
	at += strlen(member);
	len = strcspn(at, "\"");
	assert_true(len < WORD_MAX);
	memcpy(ret, at, len);
	ret[len] = '\0';
	return at;
}

/* Which flows the files of a pattern begin, each at its first step. */
static void look_for_beginnings(const char *pattern, bool *begun)
{
	glob_t found;

	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		AUTO_FREE char *text = source_text(found.gl_pathv[i]);
		const char *at = text;
		char name[WORD_MAX], step[WORD_MAX];

		while ((at = literal_of(at, ".flow = \"", name))) {
			const struct flow *flow = flow_find(name);

			assert_non_null(flow);
			assert_non_null(literal_of(at, ".step = \"", step));
			assert_ptr_equal(flow_step(flow, step), flow->steps);
			for (size_t k = 0; k < ngraphs; k++)
				begun[k] = begun[k] || flows[k] == flow;
		}
	}
	globfree(&found);
}

static void what_is_begun_exists(void **state)
{
	bool by_api[COUNT(graphs)] = { false };

	(void)state;
	look_for_beginnings("fcgi/*.c", by_api);
	look_for_beginnings("schedd/*.c", by_api);
	for (size_t k = 0; k < ngraphs; k++)
		assert_int_equal(by_api[k], flows[k] != &flow_check &&
				 flows[k] != &flow_import &&
				 flows[k] != &flow_profile &&
				 flows[k] != &flow_change &&
				 flows[k] != &flow_foreign &&
				 flows[k] != &flow_reconcile &&
				 flows[k] != &flow_rollback &&
				 flows[k] != &flow_forget);
	/* An item's is named in one place: shared/items.h. */
	assert_ptr_equal(flow_find(IMPORT_FLOW), &flow_import);
	assert_ptr_equal(flow_step(&flow_import, IMPORT_FIRST_STEP),
			 flow_import.steps);
	/* Begun with their rows: shared/checks.c, profiles.c, changes.c. */
	assert_ptr_equal(flow_find(PROFILE_FLOW), &flow_profile);
	assert_ptr_equal(flow_step(&flow_profile, PROFILE_FIRST_STEP),
			 flow_profile.steps);
	assert_ptr_equal(flow_find(RECONCILE_FLOW), &flow_reconcile);
	assert_ptr_equal(flow_step(&flow_reconcile, RECONCILE_FIRST_STEP),
			 flow_reconcile.steps);
	assert_non_null(flow_step(&flow_reconcile, RECONCILE_DECIDED_STEP));
	assert_ptr_equal(flow_find(CHANGE_FLOW), &flow_change);
	assert_ptr_equal(flow_step(&flow_change, CHANGE_FIRST_STEP),
			 flow_change.steps);
	assert_ptr_equal(flow_find(FORGET_FLOW), &flow_forget);
	assert_ptr_equal(flow_step(&flow_forget, FORGET_FIRST_STEP),
			 flow_forget.steps);
	assert_ptr_equal(flow_find(ROLLBACK_FLOW), &flow_rollback);
	assert_ptr_equal(flow_step(&flow_rollback, ROLLBACK_FIRST_STEP),
			 flow_rollback.steps);
	assert_ptr_equal(flow_find(CHECK_FLOW), &flow_check);
	assert_ptr_equal(flow_step(&flow_check, CHECK_FIRST_STEP),
			 flow_check.steps);
}

static void verdicts_have_names_of_their_own(void **state)
{
	(void)state;
	for (int i = 0; i < VERDICT_KIND__MAX; i++) {
		enum verdict_kind back;

		assert_true(verdict_kind_parse(verdict_kind_name(
				(enum verdict_kind)i), &back));
		assert_int_equal(back, i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_step_is_whole),
		cmocka_unit_test(names_of_steps_are_unique),
		cmocka_unit_test(flows_are_found_by_their_names),
		cmocka_unit_test(every_flow_is_whole),
		cmocka_unit_test(captures_point_into_answers),
		cmocka_unit_test(every_step_that_is_named_exists),
		cmocka_unit_test(every_step_is_reachable),
		cmocka_unit_test(the_last_step_never_goes_on),
		cmocka_unit_test(undo_steps_stand_last),
		cmocka_unit_test(undo_is_neither_left_nor_entered_by_name),
		cmocka_unit_test(undo_is_not_fallen_into),
		cmocka_unit_test(what_is_begun_exists),
		cmocka_unit_test(verdicts_have_names_of_their_own),
	};

	return cmocka_run_group_tests(tests, read_sources, NULL);
}
