/*
 * access_fixture: accesses with events and proofs, for the tests of the API.
 *
 * On host hst_a: acc_1 (default) and acc_2 (team) of endpoint one-1, acc_3 of
 * two-2; on hst_b: acc_4 of one-1 in the other mode.
 */
#ifndef TESTS_UNIT_ACCESS_FIXTURE_H
#define TESTS_UNIT_ACCESS_FIXTURE_H

#include "tests/unit/api_fixture.h"

#define DIAGNOSIS \
	"{\"hop\":\"gateway\",\"class\":\"responses_forced\",\"coarse\":" \
	"\"host_compatibility_gap\",\"cause_zh\":\"z\",\"cause_en\":\"e\"," \
	"\"at\":\"2027-01-15T08:00:00.000Z\",\"evidence\":{\"provider\":" \
	"{\"at\":\"2027-01-15T08:00:00.000Z\",\"status\":200,\"class\":" \
	"\"none\",\"text\":\"\"},\"account\":null,\"gateway\":{\"at\":" \
	"\"2027-01-15T08:00:00.000Z\",\"status\":502,\"class\":" \
	"\"responses_forced\",\"text\":\"upstream_error\"},\"upstream\":" \
	"null},\"account_id\":\"7\",\"repair\":\"raw_chat\",\"next\":" \
	"{\"action\":\"repair\",\"at\":null}}"

static const char access_rows[] =
	"INSERT INTO secrets (secret_id, kind, sealed,"
		" fingerprint, last4, created_at) VALUES"
	" ('sec_1', 'host_token', x'00', NULL, NULL, 1);"
	"INSERT INTO hosts (host_id, name, base_url, auth_type,"
	" auth_secret_id, state, created_at, updated_at) VALUES"
	" ('hst_a', 'a', 'http://a', 'api_key', 'sec_1', 'ready', 1, 1),"
	" ('hst_b', 'b', 'http://b', 'api_key', 'sec_1', 'ready', 1, 1);"
	"INSERT INTO import_runs (run_id, host_id, origin, access_mode,"
	" subscription_users, subscription_days, state, items_total,"
	" created_by, created_at, updated_at) VALUES"
	" ('run_1', 'hst_a', 'batch_import', 'subscription', '[\"default\"]',"
	"  30, 'completed', 1, 'tok_1', 1, 1);"
	"INSERT INTO import_run_items (item_id, run_id, seq, provider_id,"
	" base_url, endpoint_key, api_key_secret_id, requested_models,"
	" current_stage, confirmation_status, access_status,"
	" matched_account_state, created_at, updated_at) VALUES"
	" ('itm_1', 'run_1', 1, 'one-1', 'http://one', 'one-1', 'sec_1',"
	"  '[]', 'done', 'confirmed', 'active', 'none', 1, 1);"
	"INSERT INTO accesses (access_id, host_id, endpoint_key, access_mode,"
	" selector, item_id, key_source, key_fingerprint, status,"
	" status_since, failure_class, failures, first_failure_at, diagnosis,"
	" surfaces, last_proof_id, proven_at, created_at, updated_at) VALUES"
	" ('acc_1', 'hst_a', 'one-1', 'subscription', 'default', 'itm_1',"
	"  'managed_subscription', 'fp', 'active', 5, NULL, 0, NULL, NULL,"
	"  '{\"chat\":\"works\"}', 'prf_1', 5, 1, 1),"
	" ('acc_2', 'hst_a', 'one-1', 'subscription', 'team', 'itm_1',"
	"  'managed_subscription', 'fp', 'degraded', 6, 'responses_forced', 1,"
	"  6, '" DIAGNOSIS "', NULL, NULL, NULL, 1, 1),"
	" ('acc_3', 'hst_a', 'two-2', 'subscription', 'default', NULL, NULL,"
	"  NULL, 'broken', 7, 'key_invalid', 3, 7, NULL, NULL, NULL, NULL, 1,"
	"  1),"
	" ('acc_4', 'hst_b', 'one-1', 'self_service', 'default', NULL, NULL,"
	"  NULL, 'unknown', 8, NULL, 0, NULL, NULL, NULL, NULL, NULL, 1, 1);"
	"INSERT INTO proofs (proof_id, item_id, access_id, check_id, host_id,"
	" kind, surface, ok, model, models_listed, completion_ok, key_source,"
	" key_fingerprint, requested_key, request_json, answer_json,"
	" failure_class, at, expires_at) VALUES"
	" ('prf_1', 'itm_1', 'acc_1', NULL, 'hst_a', 'access', NULL, 1, 'm',"
	"  1, 1, 'managed_subscription', 'fp', NULL, '{}', '{}', NULL, 5, 9),"
	" ('prf_2', 'itm_1', 'acc_1', 'chk_0', 'hst_a', 'surface', 'stream',"
	"  0, 'm', 1, 0, 'probe_api_key', 'fp-2', 'fp-1', '{}', '{}',"
	"  'timeout', 6, 9);"
	"INSERT INTO access_events (access_id, seq, at, kind, class, detail)"
	" VALUES ('acc_1', 1, 5, 'degraded', 'timeout', NULL),"
	" ('acc_1', 2, 6, 'repaired', NULL, '{\"repair\":\"raw_chat\"}'),"
	" ('acc_1', 3, 7, 'recovered', NULL, NULL);";

static int setup_accesses(void **state)
{
	if (setup(state))
		return -1;
	sql(access_rows);
	return 0;
}

#endif
