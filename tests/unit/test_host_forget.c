/*
 * A host is forgotten: nothing of it stays in any table, its secrets included,
 * and nothing of another host goes with it.
 */
#include <inttypes.h>
#include <stdio.h>

#include "shared/host_forget.h"
#include "tests/unit/fixture.h"

/* As much as each table takes; @ is the number of the host. */
static const char rows[] =
	"PRAGMA ignore_check_constraints = 1;"
	"INSERT INTO secrets (secret_id, kind, sealed, created_at) VALUES"
	" ('auth_@', 'k', x'00', 1), ('item_@', 'k', x'00', 1),"
	" ('given_@', 'k', x'00', 1), ('made_@', 'k', x'00', 1),"
	" ('new_@', 'k', x'00', 1), ('old_@', 'k', x'00', 1);"
	"INSERT INTO hosts (host_id, name, base_url, auth_type,"
	" auth_secret_id, state, created_at, updated_at) VALUES ('hst_@',"
	" 'n@', 'http://@', 'api_key', 'auth_@', 'ready', 1, 1);"
	"INSERT INTO host_snapshots VALUES ('hst_@', 1, '0.1.179', '{}');"
	"INSERT INTO import_runs (run_id, host_id, origin, access_mode,"
	" subscription_users, subscription_days, given_key_source,"
	" given_key_secret_id, state, items_total, created_by, created_at,"
	" updated_at) VALUES ('run_@', 'hst_@', 'api', 'subscription', '[]',"
	" 30, 'caller', 'given_@', 'done', 1, 'tok_1', 1, 1);"
	"INSERT INTO import_run_items (item_id, run_id, seq, provider_id,"
	" endpoint_key, base_url, api_key_secret_id, requested_models,"
	" current_stage, confirmation_status, access_status, created_at,"
	" updated_at) VALUES ('itm_@', 'run_@', 1, 'p', 'p-1', 'http://p',"
	" 'item_@', '[]', 'done', 'confirmed', 'active', 1, 1);"
	"INSERT INTO import_run_item_events (item_id, seq, at, step, kind)"
	" VALUES ('itm_@', 1, 1, 's', 'k');"
	"INSERT INTO managed_resources (resource_id, host_id, resource_type,"
	" lookup, mark, state, secret_id, created_at, updated_at) VALUES"
	" ('res_@', 'hst_@', 'account', 'l@', 'm@', 'present', 'made_@', 1,"
	" 1);"
	"INSERT INTO resource_uses VALUES ('res_@', 'itm_@', 1);"
	"INSERT INTO accesses (access_id, host_id, endpoint_key, access_mode,"
	" selector, item_id, key_resource_id, status, status_since,"
	" created_at, updated_at) VALUES ('acc_@', 'hst_@', 'p-1',"
	" 'subscription', 'a', 'itm_@', 'res_@', 'active', 1, 1, 1);"
	"INSERT INTO access_checks (check_id, access_id, requested_by,"
	" surfaces, state, created_at) VALUES ('chk_@', 'acc_@', 'tok_1',"
	" 1, 'running', 1);"
	"INSERT INTO access_events (access_id, seq, at, kind) VALUES"
	" ('acc_@', 1, 1, 'k');"
	"INSERT INTO proofs (proof_id, item_id, access_id, host_id, kind, ok,"
	" model, models_listed, completion_ok, key_source, request_json,"
	" answer_json, at, expires_at) VALUES ('prf_@', 'itm_@', 'acc_@',"
	" 'hst_@', 'access', 1, 'm', 1, 1, 'k', '{}', '{}', 1, 2);"
	"INSERT INTO moved_keys (move_id, host_id, item_id, user_id, key_id,"
	" from_group, to_group, moved_at) VALUES ('mov_@', 'hst_@', 'itm_@',"
	" 1, 2, 3, 4, 1);"
	"INSERT INTO account_changes (change_id, item_id, resource_id,"
	" host_id, kind, wanted, state, requested_by, created_at,"
	" new_secret_id, old_secret_id) VALUES ('chg_@', 'itm_@', 'res_@',"
	" 'hst_@', 'key', '{}', 'running', 'tok_1', 1, 'new_@', 'old_@');"
	"INSERT INTO top_ups (top_up_id, host_id, resource_id, selector,"
	" task_id, amount, state, at) VALUES ('top_@', 'hst_@', 'res_@', 'a',"
	" 'tsk_@', 1, 'done', 1);"
	"INSERT INTO rollbacks (rollback_id, host_id, scope, scope_id, state,"
	" requested_by, created_at) VALUES ('rbk_@', 'hst_@', 'run', 'run_@',"
	" 'running', 'tok_1', 1);"
	"INSERT INTO rollback_parts (rollback_id, seq, kind, subject_id,"
	" action, why, state) VALUES ('rbk_@', 1, 'account', 'res_@',"
	" 'delete', 'made_by_us', 'waiting');"
	"INSERT INTO reconcile_runs (reconcile_id, host_id, scope, mode, state,"
	" requested_by, created_at) VALUES ('rec_@', 'hst_@', 'host', 'look',"
	" 'running', 'tok_1', 1);"
	"INSERT INTO reconcile_findings (reconcile_id, seq, resource_id,"
	" resource_type, host_resource_id, field, moved, action, certainty,"
	" state, at) VALUES ('rec_@', 1, 'res_@', 'account', '9', 'name',"
	" 'them', 'ask', 'certain', 'found', 1);"
	"INSERT INTO reconcile_suspects VALUES ('rec_@', 'res_@', 'account');"
	"INSERT INTO foreign_found (host_id, account_id, kind, name, status,"
	" base_url, models, group_ids, first_seen_at, seen_at) VALUES"
	" ('hst_@', 9, 'k', 'n', 's', 'u', '[]', '[]', 1, 1);"
	"INSERT INTO foreign_looks (host_id, state, began_at) VALUES"
	" ('hst_@', 'running', 1);"
	"INSERT INTO foreign_accounts (host_id, endpoint_key, seen) VALUES"
	" ('hst_@', 'p-1', 1);"
	"INSERT INTO notices (notice_id, kind, subject, host_id, detail, at)"
	" VALUES ('ntc_@', 'k', 's@', 'hst_@', 'd', 1);"
	"INSERT INTO capability_profiles (profile_id, endpoint_key, key_name,"
	" item_id, host_id, created_at, updated_at) VALUES ('cap_@', 'p-1',"
	" 'k@', 'itm_@', 'hst_@', 1, 1);"
	"INSERT INTO tasks (task_id, flow, subject_id, run_id, host_id, step,"
	" step_since, state, not_before, created_at, updated_at) VALUES"
	" ('tsk_@', 'import', 'itm_@', 'run_@', 'hst_@', 's', 1, 'due', 1, 1,"
	"  1),"
	" ('tsk_chk_@', 'check', 'chk_@', NULL, 'hst_@', 's', 1, 'due', 1, 1,"
	"  1),"
	" ('tsk_chg_@', 'change', 'chg_@', NULL, 'hst_@', 's', 1, 'due', 1, 1,"
	"  1),"
	" ('tsk_cap_@', 'profile', 'cap_@', NULL, 'hst_@', 's', 1, 'due', 1, 1,"
	"  1),"
	" ('tsk_rbk_@', 'rollback', 'rbk_@', NULL, 'hst_@', 's', 1, 'due', 1,"
	"  1, 1),"
	" ('tsk_hst_@', 'host_probe', 'hst_@', NULL, 'hst_@', 's', 1, 'due', 1,"
	"  1, 1);"
	"PRAGMA ignore_check_constraints = 0;";

static void add_host(struct db *db, char number)
{
	AUTO_FREE char *sql = xstrdup(rows);

	for (char *at = sql; *at; at++)
		if (*at == '@')
			*at = number;
	fixture_sql(db, sql);
}

/* ---- what is in the tables ---- */

/* Columns by which a row says whose it is. */
#define OWNERS "'host_id', 'run_id', 'item_id', 'access_id', 'resource_id'," \
	" 'rollback_id', 'reconcile_id', 'secret_id', 'subject_id'"

static const struct db_query q_columns = { "test.forget_columns",
	"SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name)"
	" c WHERE m.type = 'table' AND c.name IN (" OWNERS ")"
	/* What is counted at zero, and what is never forgotten. */
	" AND m.name NOT IN ('run_counts', 'item_counts', 'audit_log')" };

struct column {
	char table[64], name[64];
};

static size_t columns(struct db *db, struct column ret[64])
{
	CLEANUP(db_rows_done) struct db_rows found = { 0 };
	size_t n = 0;
	struct err err;

	OK(db_query(&found, db, &q_columns, DB_NO_ARGS, &err));
	while (db_next(&found, &err) > 0) {
		assert_true(n < 64);
		snprintf(ret[n].table, 64, "%s", db_must(&found, 0));
		snprintf(ret[n++].name, 64, "%s", db_must(&found, 1));
	}
	assert_true(n > 20);
	return n;
}

static int64_t rows_of(struct db *db, const struct column *c, char number)
{
	static char texts[128][160];
	static struct db_query queries[128];
	static size_t n;
	size_t i = 0;
	int64_t count;
	struct err err;

	/* A query is prepared by its address: each text has one that stays. */
	AUTO_FREE char *sql = xasprintf("SELECT count(*) FROM %s WHERE %s LIKE"
					" '%%\\_%c' ESCAPE '\\'", c->table,
					c->name, number);
	while (i < n && strcmp(texts[i], sql) != 0)
		i++;
	if (i == n) {
		assert_true(n < 128);
		snprintf(texts[n], sizeof(texts[n]), "%s", sql);
		queries[n++] = (struct db_query){ "test.forget_rows",
						  texts[i] };
	}
	OK(db_number(db, &queries[i], DB_NO_ARGS, &count, &err));
	return count;
}

static void forget(struct db *db, const char *host_id)
{
	bool more = true;
	struct err err;

	for (int i = 0; more; i++) {
		CLEANUP(db_tx_done) struct db_tx tx = { 0 };

		assert_true(i < 200);
		OK(db_tx_begin(&tx, db, &err));
		OK(host_forget_some(db, host_id, 1, &more, &err));
		OK(db_tx_commit(&tx, &err));
	}
}

static void nothing_of_it_stays_and_nothing_else_goes(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_db();
	struct column all[64];
	int64_t before[64];
	size_t n = columns(db, all);

	(void)state;
	add_host(db, '1');
	add_host(db, '2');
	for (size_t i = 0; i < n; i++)
		before[i] = rows_of(db, &all[i], '2');
	forget(db, "hst_1");
	for (size_t i = 0; i < n; i++) {
		if (rows_of(db, &all[i], '1') != 0)
			fail_msg("%s.%s stays", all[i].table, all[i].name);
		if (rows_of(db, &all[i], '2') != before[i])
			fail_msg("%s.%s of another host went", all[i].table,
				 all[i].name);
	}
}

/* A table that is new gets its row above, or is not looked at by this. */
static void every_table_of_hosts_is_tried(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_db();
	struct column all[64];
	size_t n = columns(db, all);

	(void)state;
	add_host(db, '1');
	for (size_t i = 0; i < n; i++)
		if (strcmp(all[i].name, "host_id") == 0 &&
		    rows_of(db, &all[i], '1') == 0)
			fail_msg("%s has no row here", all[i].table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_of_it_stays_and_nothing_else_goes),
		cmocka_unit_test(every_table_of_hosts_is_tried),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
