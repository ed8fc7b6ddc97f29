#include "tests/unit/fixture.h"

#include "shared/accesses.h"
#include "shared/account_list.h"
#include "shared/account_use.h"
#include "shared/audit.h"
#include "shared/buf.h"
#include "shared/canary.h"
#include "shared/changes.h"
#include "shared/checks.h"
#include "shared/endpoints.h"
#include "shared/events.h"
#include "shared/explain.h"
#include "shared/findings.h"
#include "shared/foreign.h"
#include "shared/foreign_found.h"
#include "shared/host_forget.h"
#include "shared/hosts.h"
#include "shared/idempotency.h"
#include "shared/installation.h"
#include "shared/item_list.h"
#include "shared/notices.h"
#include "shared/pack_match.h"
#include "shared/pack_providers.h"
#include "shared/packs.h"
#include "shared/pauses.h"
#include "shared/plans.h"
#include "shared/profiles.h"
#include "shared/proofs.h"
#include "shared/provider_uses.h"
#include "shared/reconciles.h"
#include "shared/resource_reopen.h"
#include "shared/resource_walk.h"
#include "shared/resources.h"
#include "shared/run_events.h"
#include "shared/run_list.h"
#include "shared/retry.h"
#include "shared/moved_keys.h"
#include "shared/rollback_ends.h"
#include "shared/rollback_scan.h"
#include "shared/rollbacks.h"
#include "shared/runs.h"
#include "shared/secrets.h"
#include "shared/site.h"
#include "shared/table.h"
#include "shared/tasks.h"
#include "shared/tokens.h"
#include "shared/top_ups.h"
#include "shared/waves.h"

/* Every list of queries there is. */
static const struct db_query *const *const lists[] = {
	accesses_queries, account_list_queries, account_use_queries,
	audit_list_queries,
	audit_queries, audit_verify_queries, canary_queries, changes_queries,
	checks_queries, endpoints_queries, events_queries,
	explain_evidence_queries, explain_host_queries, explain_matter_queries,
	findings_queries, foreign_found_queries, foreign_queries,
	host_forget_queries, hosts_queries, idempotency_queries,
	installation_queries, item_list_queries, items_queries,
	migrate_queries, notices_queries, pack_match_queries,
	pack_providers_queries, packs_queries, pauses_queries, plans_queries,
	profiles_queries, proofs_queries, provider_uses_queries,
	reconciles_queries, resource_reopen_queries, resource_walk_queries,
	resources_queries, retry_queries, moved_keys_queries,
	rollback_ends_queries, rollback_scan_queries, rollbacks_queries,
	run_events_queries, run_list_queries, runs_queries,
	secrets_queries, site_queries, tasks_queries, tokens_queries,
	top_ups_queries, waves_queries,
};

/* What does not grow may be read from end to end. */
static const char *const small[] = {
	"installation", "schema_migrations", "audit_chain", "sqlite_master",
	"run_counts",	/* a row for each host, mode and state */
	"page",		/* the rows of one page, see walk.h */
	"matching",	/* the endpoints of a search, which are counted */
};

/* Plans that read something from end to end, and why they may. */
static const struct {
	const char *query;
	const char *plan;
	const char *reason;
} allowed[] = {
	{ "tasks.next_due", "SCAN tasks USING INDEX tasks_due",
	 "the index is in the order asked for, and one row is read" },
	{ "pack_match.any",
	 "SCAN pack_active USING COVERING INDEX sqlite_autoindex_pack_active_1",
	 "a row for each pack, of which one is read" },
	{ "tasks.take_over", "SCAN tasks USING INDEX tasks_leased",
	 "the index holds what is leased, and all of it is meant" },
	{ "resources.wake_forgotten",
	 "SCAN tasks USING INDEX tasks_parked",
	 "the index holds what is parked, grouped as asked" },
	{ "events.add", "SCAN following",
	 "the subquery has one row" },
	{ "site.opens", "USE TEMP B-TREE FOR ORDER BY",
	 "a page of each of four stages is sorted" },
	{ "migrate.broken",
	 "SCAN pragma_foreign_key_check VIRTUAL TABLE INDEX 0:",
	 "a migration is made once, and every reference is meant" },
	{ "accesses.tally_host", "SCAN sample",
	 "the subquery has the rows of the sample" },
	{ "accesses.tally_endpoint", "SCAN sample",
	 "the subquery has the rows of the sample" },
	{ "rollbacks.part_leave",
	 "SEARCH rollback_parts USING PRIMARY KEY (rollback_id=?)",
	 "all of it is meant, once" },
	{ "rollbacks.part_count",
	 "SEARCH rollback_parts USING PRIMARY KEY (rollback_id=?)",
	 "it is for whoever looks at a rollback, and for its end" },
	{ "canary.tally", "SCAN first",
	 "the subquery has the first few items of a run" },
	{ "canary.tally", "USE TEMP B-TREE FOR GROUP BY",
	 "the subquery has the first few items of a run" },
};

static bool is_small(const char *table, size_t len)
{
	for (size_t i = 0; i < COUNT(small); i++)
		if (strlen(small[i]) == len &&
		    strncmp(small[i], table, len) == 0)
			return true;
	return false;
}

static bool is_allowed(const char *query, const char *line, size_t len,
		       bool met[])
{
	for (size_t i = 0; i < COUNT(allowed); i++) {
		if (strcmp(allowed[i].query, query) == 0 &&
		    strlen(allowed[i].plan) == len &&
		    strncmp(allowed[i].plan, line, len) == 0) {
			met[i] = true;
			return true;
		}
	}
	return false;
}

/*
 * Of a column that has few values, or of all parts of a rollback: that reads
 * a good part of the table, unless it goes on where a page ended.
 */
static bool reads_a_kind(const char *line, size_t len)
{
	static const char *const kinds[] = {
		"(resource_type=?)", "(current_stage=?)", "(access_status=?)",
		"(confirmation_status=?)",
		"rollback_parts USING PRIMARY KEY (rollback_id=?)",
	};

	for (size_t i = 0; i < COUNT(kinds); i++)
		if (memmem(line, len, kinds[i], strlen(kinds[i])))
			return true;
	return false;
}

/* Is this line of a plan one that gets slower as a table grows? */
static bool is_slow(const char *line, size_t len)
{
	static const char scan[] = "SCAN ";

	if (reads_a_kind(line, len) ||
	    memmem(line, len, "TEMP B-TREE", 11) ||
	   memmem(line, len, "AUTOMATIC", 9))
		return true;
	return strncmp(line, scan, 5) == 0 &&
	      strncmp(line, "SCAN CONSTANT ROW", 17) != 0 &&
	      !is_small(line + 5, strcspn(line + 5, " \n"));
}

static void read_plan(const struct db_query *query, const char *plan,
		      bool met[])
{
	for (const char *line = plan; *line; line += strcspn(line, "\n") + 1) {
		size_t len = strcspn(line, "\n");

		if (is_slow(line, len) &&
		    !is_allowed(query->name, line, len, met))
			fail_msg("%s: %.*s\n%s", query->name, (int)len, line,
				 query->sql);
	}
}

static void no_query_reads_what_grows_from_end_to_end(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_db();
	bool met[COUNT(allowed)] = { false };

	(void)state;
	for (size_t i = 0; i < COUNT(lists); i++) {
		for (const struct db_query *const *q = lists[i]; *q; q++) {
			AUTO_FREE char *plan = NULL;
			struct err err;

			if (db_explain(db, *q, &plan, &err))
				fail_msg("%s: %s", (*q)->name, err.msg);
			read_plan(*q, plan, met);
		}
	}
	for (size_t i = 0; i < COUNT(met); i++)
		if (!met[i])
			fail_msg("not needed any more: %s, %s",
				 allowed[i].query, allowed[i].plan);
}

static void every_query_has_a_name_of_its_own(void **state)
{
	const char *names[800];
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(lists); i++) {
		for (const struct db_query *const *q = lists[i]; *q; q++) {
			assert_non_null(strchr((*q)->name, '.'));
			for (size_t j = 0; j < n; j++)
				assert_string_not_equal(names[j], (*q)->name);
			assert_true(n < COUNT(names));
			names[n++] = (*q)->name;
		}
	}
}

static const char *name_of_scope(int i)
{
	return scope_name((enum scope)i);
}

static const char *name_of_host_auth(int i)
{
	return host_auth_name((enum host_auth)i);
}

static const char *name_of_host_state(int i)
{
	return host_state_name((enum host_state)i);
}

static const char *name_of_run_state(int i)
{
	return run_state_name((enum run_state)i);
}

static const char *name_of_canary(int i)
{
	return canary_state_name((enum canary_state)i);
}

static const char *name_of_hold(int i)
{
	return hold_name((enum hold)i);
}

static const char *name_of_mode(int i)
{
	return access_mode_name((enum access_mode)i);
}

static const char *name_of_given_key(int i)
{
	return given_key_name((enum given_key)i);
}

static const char *name_of_validation(int i)
{
	return validation_status_name((enum validation_status)i);
}

static const char *name_of_stage(int i)
{
	return item_stage_name((enum item_stage)i);
}

static const char *name_of_confirmation(int i)
{
	return confirmation_name((enum confirmation)i);
}

static const char *name_of_access(int i)
{
	return access_status_name((enum access_status)i);
}

static const char *name_of_match(int i)
{
	return account_match_name((enum account_match)i);
}

static const char *name_of_resolution(int i)
{
	return account_resolution_name((enum account_resolution)i);
}

static const char *name_of_type(int i)
{
	return resource_type_name((enum resource_type)i);
}

static const char *name_of_resource_state(int i)
{
	return resource_state_name((enum resource_state)i);
}

static const char *name_of_proof_kind(int i)
{
	return proof_kind_name((enum proof_kind)i);
}

/* The columns that hold the names of an enum, from value `first` on. */
static const struct {
	const char *table;
	const char *column;
	const char *(*name)(int);
	int first;
	int max;
} columns[] = {
	{ "tokens", "scope", name_of_scope, SCOPE_READ, SCOPE__MAX },
	{ "hosts", "auth_type", name_of_host_auth, 0, HOST_AUTH__MAX },
	{ "hosts", "state", name_of_host_state, 0, HOST_STATE__MAX },
	{ "import_runs", "access_mode", name_of_mode, 0, ACCESS_MODE__MAX },
	{ "import_runs", "given_key_source", name_of_given_key,
	 GIVEN_KEY_PROBE, GIVEN_KEY__MAX },
	{ "import_runs", "state", name_of_run_state, 0, RUN_STATE__MAX },
	{ "import_runs", "canary_state", name_of_canary, 0,
	 CANARY_STATE__MAX },
	{ "tasks", "held_for", name_of_hold, HOLD_CANARY, HOLD__MAX },
	{ "import_run_items", "current_stage", name_of_stage, 0,
	 ITEM_STAGE__MAX },
	{ "import_run_items", "confirmation_status", name_of_confirmation, 0,
	 CONFIRMATION__MAX },
	{ "import_run_items", "access_status", name_of_access, 0,
	 ACCESS_STATUS__MAX },
	{ "import_run_items", "matched_account_state", name_of_match, 0,
	 ACCOUNT_MATCH__MAX },
	{ "import_run_items", "validation_status", name_of_validation, 0,
	 VALIDATION_STATUS__MAX },
	{ "import_run_items", "account_resolution", name_of_resolution,
	 RESOLUTION_CREATED, ACCOUNT_RESOLUTION__MAX },
	{ "managed_resources", "resource_type", name_of_type, 0,
	 RESOURCE_TYPE__MAX },
	{ "managed_resources", "state", name_of_resource_state, 0,
	 RESOURCE_STATE__MAX },
	{ "accesses", "access_mode", name_of_mode, 0, ACCESS_MODE__MAX },
	{ "accesses", "status", name_of_access, 0, ACCESS_STATUS__MAX },
	{ "access_checks", "result", name_of_access, 0, ACCESS_STATUS__MAX },
	{ "proofs", "kind", name_of_proof_kind, 0, PROOF_KIND__MAX },
};

static const struct db_query q_table = { "test.table",
	"SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = $1" };

/* "'a','b'" of "CHECK (column IN ('a', 'b'))"; for free(). */
static char *check_list(struct db *db, const char *table, const char *column)
{
	AUTO_FREE char *check = xasprintf("(%s IN", column);
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	struct buf list = { .max = 1000 };
	const char *at;
	struct err err;

	OK(db_query(&rows, db, &q_table, DB_ARGS(DB_TEXT(table)), &err));
	assert_int_equal(db_next(&rows, &err), 1);
	at = strstr(db_must(&rows, 0), check);
	if (!at)
		fail_msg("%s.%s has no CHECK", table, column);
	at = strchr(at + strlen(check), '(') + 1;
	for (; *at && *at != ')'; at++)
		if (!strchr(" \n\t", *at))
			buf_add(&list, at, 1);
	return buf_take(&list);
}

static void the_schema_knows_the_names_of_every_enum(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_db();

	(void)state;
	for (size_t i = 0; i < COUNT(columns); i++) {
		CLEANUP(buf_done) struct buf want = { .max = 1000 };
		AUTO_FREE char *list = check_list(db, columns[i].table,
						  columns[i].column);

		for (int v = columns[i].first; v < columns[i].max; v++)
			buf_addf(&want, "%s'%s'",
				 v > columns[i].first ? "," : "",
				 columns[i].name(v));
		if (strcmp(list, buf_str(&want)) != 0)
			fail_msg("%s.%s: %s in the schema, %s in C",
				 columns[i].table, columns[i].column, list,
				 buf_str(&want));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_query_reads_what_grows_from_end_to_end),
		cmocka_unit_test(every_query_has_a_name_of_its_own),
		cmocka_unit_test(the_schema_knows_the_names_of_every_enum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
