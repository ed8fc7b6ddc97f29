/*
 * world: rows that tests of what comes after an import start from: the hosts
 * of the fixture, a provider's key sec_key, a run run_1 of it on hst_1 with
 * the ended items itm_1 and itm_2, and an account res_1 that both rest on.
 */
#ifndef TESTS_UNIT_WORLD_H
#define TESTS_UNIT_WORLD_H

#include "tests/unit/fixture.h"

#include "shared/accesses.h"
#include "shared/proofs.h"

#define WORLD_ENDPOINT "kimi-example-01234567"

static inline struct db *world_db(void)
{
	struct db *db = fixture_hosts();

	fixture_sql(db,
		"INSERT INTO secrets (secret_id, kind, sealed,"
		" fingerprint, last4, created_at) VALUES"
		" ('sec_key', 'api_key', x'00', 'f00d', 'WXYZ', 1);"
		"INSERT INTO import_runs (run_id, host_id, origin,"
		" access_mode, subscription_users, subscription_days, state,"
		" items_total, created_by, created_at, updated_at) VALUES"
		" ('run_1', 'hst_1', 'batch_import', 'subscription', '[]', 30,"
		"  'running', 2, 'tok_1', 1, 1);"
		"INSERT INTO import_run_items (item_id, run_id, seq,"
		" provider_id, endpoint_key, base_url, api_key_secret_id,"
		" requested_models, current_stage, confirmation_status,"
		" access_status, created_at, updated_at)"
		" SELECT 'itm_' || column1, 'run_1', column1,"
		" 'kimi-example-01234567', 'kimi-example-01234567',"
		" 'https://kimi.example/v1', 'sec_key', '[\"kimi-k2.6\"]',"
		" 'done', 'confirmed', 'active', 1, 1"
		" FROM (VALUES (1), (2));"
		"INSERT INTO managed_resources (resource_id, host_id,"
		" resource_type, lookup, mark, state, host_resource_id,"
		" created_at, updated_at) VALUES ('res_1', 'hst_1', 'account',"
		" 'k', 'crm-abcdef-00000001', 'present', '41', 1, 1);"
		"INSERT INTO resource_uses VALUES ('res_1', 'itm_1', 1),"
		" ('res_1', 'itm_2', 1);");
	return db;
}

/* A proof of an item by a managed key; members are literals. */
static inline void world_prove(struct db *db, const char *item_id,
			       const char *access_id, bool ok, int64_t at,
			       char ret_id[ID_MAX])
{
	static uint64_t random;
	const struct proof proof = {
		.item_id = (char *)(uintptr_t)item_id,
		.access_id = (char *)(uintptr_t)access_id,
		.host_id = (char *)(uintptr_t)"hst_1",
		.kind = PROOF_ACCESS, .ok = ok,
		.model = (char *)(uintptr_t)"kimi-k2.6",
		.models_status = 200, .models_listed = true,
		.completion_ok = ok, .completion_status = ok ? 200 : 502,
		.latency_ms = 812,
		.key_source = (char *)(uintptr_t)"managed_subscription",
		.request_json = (char *)(uintptr_t)"{}",
		.answer_json = (char *)(uintptr_t)"{}",
		.at = at, .expires_at = at + INT64_C(86400000),
	};
	struct err err;

	OK(proofs_add(db, &proof, ++random, ret_id, &err));
}

/* The access of a selector; every one has an id of its own. */
static inline void world_access(struct db *db, const char *host_id,
				const char *selector, int64_t now,
				char ret_id[ID_MAX])
{
	static uint64_t random;
	struct err err;

	OK(accesses_ensure(db, &(struct access_spec){ .host_id = host_id,
			   .endpoint_key = WORLD_ENDPOINT,
			   .mode = ACCESS_SUBSCRIPTION, .selector = selector,
			   .item_id = "itm_1",
			   .key_source = "managed_subscription",
			   .key_fingerprint = "fp" }, now, ++random, ret_id,
			   &err));
}

#endif
