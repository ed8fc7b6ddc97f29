/*
 * explain_cases: situations that an operator is told about, each built in a
 * database of its own.
 */
#ifndef TESTS_UNIT_EXPLAIN_CASES_H
#define TESTS_UNIT_EXPLAIN_CASES_H

#include "tests/unit/fixture.h"

#include "shared/accesses.h"
#include "shared/diagnosis.h"
#include "shared/endpoints.h"
#include "shared/explain.h"
#include "shared/hosts.h"
#include "shared/notices.h"
#include "shared/table.h"

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

struct explain_case {
	const char *name;	/* of the golden files */
	int (*explain)(struct db *db, const char *id, const char *lang,
		       int64_t now, struct explanation *ret, struct err *err);
	const char *id;
	void (*build)(struct db *db);
};

/*
 * Host hst_1 "shanghai", the item itm_1 of run_1 with account 41 on it, and
 * its access acc_1, active since yesterday and proven two hours ago.
 */
static inline struct db *case_db(void)
{
	struct db *db = fixture_hosts();

	fixture_sql(db,
		"UPDATE hosts SET name = 'shanghai',"
		" base_url = 'https://gw.example', version = '0.1.179',"
		" run_mode = 'standard', probed_at = 1789999400000"
		" WHERE host_id = 'hst_1';"
		"INSERT INTO secrets (secret_id, kind, sealed,"
		" fingerprint, last4, created_at) VALUES"
		" ('sec_key', 'api_key', x'00', 'f00d', 'WXYZ', 1);"
		"INSERT INTO import_runs (run_id, host_id, origin,"
		" access_mode, subscription_users, subscription_days, state,"
		" items_total, created_by, created_at, updated_at) VALUES"
		" ('run_1', 'hst_1', 'batch_import', 'subscription', '[]', 30,"
		"  'completed', 1, 'tok_1', 1789900000000, 1789900000000);"
		"INSERT INTO import_run_items (item_id, run_id, seq,"
		" provider_id, endpoint_key, base_url, api_key_secret_id,"
		" requested_models, current_stage, confirmation_status,"
		" access_status, resolved_smoke_model, account_id,"
		" created_at, updated_at, finished_at) VALUES"
		" ('itm_1', 'run_1', 1, 'api-moonshot-cn-5f3a9c01',"
		"  'api-moonshot-cn-5f3a9c01', 'https://api.moonshot.cn/v1',"
		"  'sec_key', '[\"kimi-k2.6\"]', 'done', 'confirmed',"
		"  'active', 'kimi-k2.6', '41', 1789900000000, 1789900004000,"
		"  1789900004000);"
		"INSERT INTO accesses (access_id, host_id, endpoint_key,"
		" access_mode, selector, item_id, key_source, key_fingerprint,"
		" status, status_since, last_proof_id, proven_at, checked_at,"
		" next_check_at, created_at, updated_at) VALUES ('acc_1',"
		" 'hst_1', 'api-moonshot-cn-5f3a9c01', 'subscription',"
		" 'alice', 'itm_1', 'managed_subscription', 'fp', 'active',"
		" 1789900004000, 'prf_1', 1789992800000, 1789992800000,"
		" 1790014400000, 1789900004000, 1789992800000);"
		"INSERT INTO proofs (proof_id, item_id, access_id, host_id,"
		" kind, ok, model, models_status, models_listed,"
		" completion_ok, completion_status, latency_ms, key_source,"
		" request_json, answer_json, at, expires_at) VALUES ('prf_1',"
		" 'itm_1', 'acc_1', 'hst_1', 'access', 1, 'kimi-k2.6', 200, 1,"
		" 1, 200, 812, 'managed_subscription', '{}', '{}',"
		" 1789992800000, 1790079200000);");
	return db;
}

/* What a check makes of the access. */
struct case_trouble {
	enum access_status status;
	enum failure class;
	int64_t failures;
	int64_t since;
	int64_t next_check_at;
	struct diagnosis diagnosis;
};

static inline void case_trouble(struct db *db, const struct case_trouble *t)
{
	CLEANUP(access_done) struct access access = { 0 };
	struct diagnosis diagnosis = t->diagnosis;
	struct err err;

	diagnosis.class = t->class;
	if (diagnosis.at == 0)
		diagnosis.at = NOW - MINUTE;
	if (*diagnosis.account_id == '\0')
		snprintf(diagnosis.account_id, sizeof(diagnosis.account_id),
			 "41");
	OK(accesses_get(db, "acc_1", &access, &err));
	access.status = t->status;
	access.failures = t->failures;
	access.first_failure_at = t->since;
	access.checked_at = NOW - MINUTE;
	access.next_check_at = t->next_check_at;
	own_set(&access.failure_class, t->class == FAILURE_NONE ||
		t->status == ACCESS_ACTIVE ? NULL : failure_name(t->class));
	free(access.diagnosis);
	access.diagnosis = diagnosis_text(&diagnosis);
	OK(accesses_save(db, &access, t->since, &err));
}

static inline void case_event(struct db *db, int64_t at, const char *kind,
			      const char *class, const char *detail)
{
	const struct access_event event = {
		.at = at,
		.kind = (char *)(uintptr_t)kind,
		.class = (char *)(uintptr_t)class,
		.detail = (char *)(uintptr_t)detail,
	};
	struct err err;

	OK(access_events_add(db, "acc_1", &event, &err));
}

#define RAW_CHAT \
	"{\"account_id\":\"41\",\"repairs\":[{\"name\":\"raw_chat\"," \
	"\"before\":\"mode unset, supported true\",\"after\":" \
	"\"mode force_chat_completions, supported false\"}," \
	"{\"name\":\"nudge\",\"before\":\"old\",\"after\":\"read again\"}]}"

#define FINE { .at = NOW - MINUTE, .status = 200 }

static inline void build_active(struct db *db)
{
	(void)db;
}

static inline void build_importing(struct db *db)
{
	fixture_sql(db,
		"DELETE FROM proofs; DELETE FROM accesses;"
		"UPDATE import_run_items SET current_stage = 'probe',"
		" confirmation_status = 'pending', access_status = 'unknown',"
		" finished_at = NULL, created_at = 1789999900000;"
		"INSERT INTO tasks (task_id, flow, subject_id, run_id,"
		" host_id, step, step_since, attempt, state, not_before,"
		" last_class, created_at, updated_at) VALUES ('tsk_1',"
		" 'import', 'itm_1', 'run_1', 'hst_1', 'probe.chat', 1, 3,"
		" 'due', 1790000180000, 'overloaded', 1, 1)");
}

static inline void build_key_invalid(struct db *db)
{
	fixture_sql(db,
		"DELETE FROM proofs; DELETE FROM accesses;"
		"UPDATE import_run_items SET confirmation_status = 'failed',"
		" access_status = 'broken', finished_at = 1789999990000,"
		" failure_class = 'key_invalid',"
		" failure_detail = 'Invalid Authentication', account_id = NULL;"
		"INSERT INTO import_run_item_events VALUES ('itm_1', 1, 1,"
		" 'probe.models', 'failed', 'key_invalid', NULL)");
}

static inline void build_balance_exhausted(struct db *db)
{
	case_trouble(db, &(struct case_trouble){
		.status = ACCESS_BROKEN, .class = FAILURE_QUOTA_EXHAUSTED,
		.failures = 3, .since = NOW - 40 * MINUTE,
		.next_check_at = NOW + 30 * MINUTE,
		.diagnosis = {
			.hop = HOP_PROVIDER, .next = NEXT_OPERATOR,
			.provider = { NOW - MINUTE, 402,
				FAILURE_QUOTA_EXHAUSTED,
				"Insufficient Balance" },
			.account = { NOW - MINUTE, 0, FAILURE_NONE, "" },
			.gateway = { NOW - MINUTE, 502,
				FAILURE_UPSTREAM_FAILED,
				"Upstream request failed" },
			.upstream = { NOW - MINUTE, 402, FAILURE_NONE,
				"Insufficient Balance" } } });
	case_event(db, NOW - 40 * MINUTE, "degraded", "quota_exhausted",
		   NULL);
	case_event(db, NOW - 10 * MINUTE, "broken", "quota_exhausted", NULL);
}

static inline void build_repaired(struct db *db)
{
	case_event(db, NOW - 2 * HOUR - 5 * SECOND, "degraded",
		   "responses_forced", NULL);
	case_event(db, NOW - 2 * HOUR - 3 * SECOND, "repaired", NULL,
		   RAW_CHAT);
	case_event(db, NOW - 2 * HOUR, "recovered", NULL, NULL);
}

static inline void build_account_off(struct db *db)
{
	case_trouble(db, &(struct case_trouble){
		.status = ACCESS_BROKEN, .class = FAILURE_ACCOUNT_OFF,
		.failures = 3, .since = NOW - 45 * MINUTE,
		.next_check_at = NOW + 30 * MINUTE,
		.diagnosis = {
			.hop = HOP_ACCOUNT, .next = NEXT_OPERATOR,
			.provider = FINE,
			.account = { NOW - MINUTE, 0, FAILURE_ACCOUNT_OFF,
				"" },
			.gateway = { NOW - MINUTE, 503, FAILURE_NO_ACCOUNT,
				"Service temporarily unavailable" } } });
}

static inline void build_key_replaced(struct db *db)
{
	case_trouble(db, &(struct case_trouble){
		.status = ACCESS_BROKEN, .class = FAILURE_KEY_REPLACED,
		.failures = 3, .since = NOW - 3 * HOUR,
		.next_check_at = NOW + HOUR,
		.diagnosis = {
			.hop = HOP_ACCOUNT, .next = NEXT_OPERATOR,
			.provider = FINE,
			.account = { NOW - MINUTE, 0, FAILURE_KEY_REPLACED,
				"" },
			.gateway = { NOW - MINUTE, 502, FAILURE_UPSTREAM_AUTH,
				"Upstream authentication failed" },
			.upstream = { NOW - MINUTE, 401, FAILURE_NONE,
				"Invalid Authentication" } } });
}

static inline void build_group_emptied(struct db *db)
{
	case_trouble(db, &(struct case_trouble){
		.status = ACCESS_DEGRADED, .class = FAILURE_GROUP_EMPTY,
		.failures = 1, .since = NOW - MINUTE,
		.next_check_at = NOW + 2 * MINUTE,
		.diagnosis = {
			.hop = HOP_ACCOUNT, .next = NEXT_REPAIR,
			.provider = FINE,
			.account = { NOW - MINUTE, 0, FAILURE_GROUP_EMPTY,
				"" },
			.gateway = { NOW - MINUTE, 503, FAILURE_NO_ACCOUNT,
				"Service temporarily unavailable" } } });
	case_event(db, NOW - MINUTE, "degraded", "group_empty", NULL);
}

static inline void build_compliance(struct db *db)
{
	fixture_sql(db, "UPDATE hosts SET state = 'compliance_required',"
		    " reason = 'compliance_required', reason_detail ="
		    " 'ADMIN_COMPLIANCE_ACK_REQUIRED'"
		    " WHERE host_id = 'hst_1'");
}

static inline void build_host_unreachable(struct db *db)
{
	struct err err;

	case_trouble(db, &(struct case_trouble){
		.status = ACCESS_ACTIVE, .class = FAILURE_REFUSED,
		.failures = 1, .since = NOW - MINUTE,
		.next_check_at = NOW + 3 * MINUTE,
		.diagnosis = {
			.hop = HOP_HOST, .next = NEXT_RETRY,
			.gateway = { NOW - MINUTE, 0, FAILURE_REFUSED,
				"" } } });
	fixture_sql(db, "UPDATE accesses SET failure_class = 'refused',"
		    " status_since = 1789900004000");
	OK(hosts_suspect(db, "hst_1", "refused", NOW - 6 * MINUTE, &err));
}

static inline void build_gave_up(struct db *db)
{
	case_trouble(db, &(struct case_trouble){
		.status = ACCESS_BROKEN, .class = FAILURE_RESPONSES_FORCED,
		.failures = 4, .since = NOW - 30 * MINUTE,
		.diagnosis = {
			.hop = HOP_ACCOUNT, .next = NEXT_GAVE_UP,
			.provider = FINE,
			.account = { NOW - MINUTE, 0, FAILURE_RESPONSES_FORCED,
				"" },
			.gateway = { NOW - MINUTE, 502,
				FAILURE_RESPONSES_FORCED,
				"Upstream request failed" },
			.upstream = { NOW - MINUTE, 404, FAILURE_NONE,
				"404 page not found" } } });
	for (int i = 3; i > 0; i--)
		case_event(db, NOW - i * 2 * HOUR, "repaired", NULL, RAW_CHAT);
	case_event(db, NOW - MINUTE, "gave_up", "responses_forced", NULL);
}

static inline void build_first_failure(struct db *db)
{
	case_trouble(db, &(struct case_trouble){
		.status = ACCESS_DEGRADED, .class = FAILURE_TIMEOUT,
		.failures = 1, .since = NOW - MINUTE,
		.next_check_at = NOW + 3 * MINUTE,
		.diagnosis = {
			.hop = HOP_GATEWAY, .next = NEXT_RETRY,
			.provider = FINE,
			.account = { NOW - MINUTE, 0, FAILURE_NONE, "" },
			.gateway = { NOW - MINUTE, 0, FAILURE_TIMEOUT,
				"" } } });
	fixture_sql(db, "UPDATE proofs SET at = 1789913600000,"
		    " expires_at = 1789999999000");
}

static inline void build_bound_elsewhere(struct db *db)
{
	fixture_sql(db,
		"DELETE FROM proofs; DELETE FROM accesses;"
		"UPDATE import_run_items SET access_status = 'broken',"
		" finished_at = 1789999990000,"
		" failure_class = 'probe_key_bound_elsewhere',"
		" failure_detail = 'group 12 \"vip\"';"
		"INSERT INTO import_run_item_events VALUES ('itm_1', 1, 1,"
		" 'given.key', 'failed', 'probe_key_bound_elsewhere', NULL)");
}

static inline void build_rate_limited(struct db *db)
{
	case_trouble(db, &(struct case_trouble){
		.status = ACCESS_DEGRADED, .class = FAILURE_RATE_LIMITED,
		.failures = 2, .since = NOW - 4 * MINUTE,
		.next_check_at = NOW + 45 * SECOND,
		.diagnosis = {
			.hop = HOP_PROVIDER, .next = NEXT_RETRY,
			.provider = { NOW - MINUTE, 429, FAILURE_RATE_LIMITED,
				"max RPM: 3, please try again after 20"
				" seconds" },
			.account = { NOW - MINUTE, 0, FAILURE_NONE, "" },
			.gateway = { NOW - MINUTE, 429, FAILURE_RATE_LIMITED,
				"Upstream rate limit exceeded" } } });
}

static inline void build_simple_mode(struct db *db)
{
	fixture_sql(db, "UPDATE hosts SET run_mode = 'simple'"
		    " WHERE host_id = 'hst_1';"
		    "UPDATE proofs SET model = 'crm-a1b2c3-0042wxyz'");
}

static inline void build_balance_low(struct db *db)
{
	const struct balance balance = {
		.endpoint_key = (char *)(uintptr_t)"api-moonshot-cn-5f3a9c01",
		.key_fingerprint = (char *)(uintptr_t)"f00d",
		.amount = (char *)(uintptr_t)"1.20",
		.currency = (char *)(uintptr_t)"CNY", .low = true,
	};
	struct err err;

	OK(balances_put(db, &balance, NOW - HOUR, &err));
}

/* Another account of the group answers, and so the access is well. */
static inline void build_carried(struct db *db)
{
	case_trouble(db, &(struct case_trouble){
		.status = ACCESS_ACTIVE, .class = FAILURE_ACCOUNT_OFF,
		.since = NOW - 5 * MINUTE, .next_check_at = NOW + 4 * HOUR,
		.diagnosis = {
			.hop = HOP_ACCOUNT, .next = NEXT_OPERATOR,
			.account = { NOW - MINUTE, 0, FAILURE_ACCOUNT_OFF,
				"" } } });
	fixture_sql(db, "UPDATE import_run_items SET access_status ="
		    " 'degraded', failure_class = 'account_off',"
		    " updated_at = 1789999940000");
}

static inline void build_stale(struct db *db)
{
	fixture_sql(db, "UPDATE proofs SET at = 1789906400000,"
		    " expires_at = 1789992800000;"
		    "UPDATE accesses SET next_check_at = 1789999990000");
}

static inline void build_new_version(struct db *db)
{
	struct err err;

	OK(notices_raise(db, &(struct notice_spec){
			 .kind = NOTICE_HOST_VERSION, .subject = "hst_1",
			 .host_id = "hst_1", .detail =
			 "{\"from\":\"0.1.129\",\"to\":\"0.1.179\"}" },
			 NOW - HOUR, 1, &err));
}

static const struct explain_case explain_cases[] = {
	{ "01-active", explain_access, "acc_1", build_active },
	{ "02-importing", explain_item, "itm_1", build_importing },
	{ "03-key-invalid", explain_item, "itm_1", build_key_invalid },
	{ "04-balance-exhausted", explain_access, "acc_1",
	  build_balance_exhausted },
	{ "05-repaired", explain_access, "acc_1", build_repaired },
	{ "06-account-off", explain_item, "itm_1", build_account_off },
	{ "07-key-replaced", explain_access, "acc_1", build_key_replaced },
	{ "08-group-emptied", explain_access, "acc_1", build_group_emptied },
	{ "09-compliance", explain_host, "hst_1", build_compliance },
	{ "10-host-unreachable", explain_item, "itm_1",
	  build_host_unreachable },
	{ "11-gave-up", explain_access, "acc_1", build_gave_up },
	{ "12-first-failure", explain_access, "acc_1", build_first_failure },
	{ "13-key-bound-elsewhere", explain_item, "itm_1",
	  build_bound_elsewhere },
	{ "14-rate-limited", explain_access, "acc_1", build_rate_limited },
	{ "15-simple-mode", explain_access, "acc_1", build_simple_mode },
	{ "16-balance-low", explain_item, "itm_1", build_balance_low },
	{ "17-others-answer", explain_item, "itm_1", build_carried },
	{ "18-stale", explain_access, "acc_1", build_stale },
	{ "19-host-suspect", explain_host, "hst_1", build_host_unreachable },
	{ "20-host-ready", explain_host, "hst_1", build_new_version },
	{ 0 }
};

#endif
