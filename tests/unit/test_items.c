#include "tests/unit/fixture.h"

#include <jansson.h>

#include "shared/accesses.h"
#include "shared/events.h"
#include "shared/items.h"
#include "shared/proofs.h"
#include "shared/secrets.h"
#include "shared/table.h"

static const struct db_query q_access = { "test.access",
	"SELECT status || ' ' || coalesce(key_fingerprint, '-') || ' '"
	" || coalesce(last_proof_id, '-') || ' '"
	" || coalesce(proven_at - 1790000000000, '-') || ' '"
	" || (updated_at - 1790000000000)"
	" FROM accesses WHERE access_id = $1" };
static const struct db_query q_row = { "test.item",
	"SELECT coalesce(account_resolution, '-') || ' '"
	" || coalesce(next_retry_at, '-') || ' ' || updated_at"
	" FROM import_run_items WHERE item_id = $1" };

/* Two hosts, a run of them, and a provider key. */
static struct db *world(char ret_secret[ID_MAX])
{
	struct db *db = fixture_hosts();
	struct secret_face face;
	struct seal_private key;
	struct err err;

	fixture_sql(db,
		"INSERT INTO import_runs (run_id, host_id, origin,"
		" access_mode, subscription_users, subscription_days, state,"
		" items_total, created_by, created_at, updated_at) VALUES"
		" ('run_1', 'hst_1', 'batch_import', 'subscription', '[]', 30,"
		"  'running', 2, 'tok_1', 1, 1);");
	seal_generate(&key);
	OK(secrets_add(db, &key.pub, SECRET_API_KEY,
		       "sk-0123456789abcdefghijWXYZ", NOW, 1, &face, &err));
	memcpy(ret_secret, face.secret_id, ID_MAX);
	return db;
}

static void add(struct db *db, const char *secret_id, int64_t seq,
		char ret_id[ID_MAX])
{
	struct err err;

	OK(items_add(db, &(struct item_spec){ .run_id = "run_1", .seq = seq,
		     .base_url = "https://a.example/v1",
		     .endpoint_key = "a-example-01234567",
		     .api_key_secret_id = secret_id,
		     .requested_models = "[\"m\"]", .warnings = "[]" },
		     NOW, (uint64_t)seq, ret_id, &err));
}

static void a_new_item_waits_for_its_probe(void **state)
{
	char secret_id[ID_MAX], id[ID_MAX];
	CLEANUP(db_close) struct db *db = world(secret_id);
	CLEANUP(item_done) struct item item = { 0 };
	struct err err;

	(void)state;
	add(db, secret_id, 7, id);
	OK(items_get(db, "run_1", id, &item, &err));
	assert_string_equal(item.item_id, id);
	assert_int_equal(item.seq, 7);
	assert_string_equal(item.provider_id, "a-example-01234567");
	assert_string_equal(item.endpoint_key, "a-example-01234567");
	assert_string_equal(item.base_url, "https://a.example/v1");
	assert_string_equal(item.api_key_secret_id, secret_id);
	assert_string_equal(item.api_key_last4, "WXYZ");
	assert_int_equal(strlen(item.api_key_fingerprint), 32);
	assert_string_equal(item.requested_models, "[\"m\"]");
	assert_int_equal(item.stage, STAGE_PROBE);
	assert_int_equal(item.confirmation, CONFIRMATION_PENDING);
	assert_int_equal(item.access, ACCESS_UNKNOWN);
	assert_int_equal(item.match, MATCH_NONE);
	assert_int_equal(item.resolution, RESOLUTION_NONE);
	assert_string_equal(item.warnings, "[]");
	assert_null(item.models);
	assert_int_equal(item.created_at, NOW);
	OK(items_get(db, NULL, id, &item, &err));
	REFUSED(items_get(db, "run_2", id, &item, &err), ERR_NOT_FOUND);
	REFUSED(items_get(db, NULL, "itm_none", &item, &err), ERR_NOT_FOUND);
}

/* Every owned text that a flow may change, one after the other. */
static char **texts_of(struct item *item, size_t i)
{
	char **const texts[] = {
		&item->canonical_model_families, &item->recommended_models,
		&item->models, &item->resolved_smoke_model, &item->chat_url,
		&item->reused_from_provider_id, &item->reused_from_account_id,
		&item->channel_id, &item->group_id, &item->account_id,
		&item->failure_class, &item->failure_detail, &item->warnings,
		&item->diagnosis,
	};

	return i < COUNT(texts) ? texts[i] : NULL;
}

static void what_a_flow_changes_is_saved_and_read_back(void **state)
{
	char secret_id[ID_MAX], id[ID_MAX], text[8];
	CLEANUP(db_close) struct db *db = world(secret_id);
	CLEANUP(item_done) struct item item = { 0 };
	CLEANUP(item_done) struct item back = { 0 };
	struct err err;

	(void)state;
	add(db, secret_id, 1, id);
	OK(items_get(db, NULL, id, &item, &err));
	for (size_t i = 0; texts_of(&item, i); i++) {
		snprintf(text, sizeof(text), "t%zu", i);
		own_set(texts_of(&item, i), text);
	}
	item.stage = STAGE_VALIDATE;
	item.confirmation = CONFIRMATION_CONFIRMED;
	item.access = ACCESS_DEGRADED;
	item.match = MATCH_DEPRECATED;
	item.resolution = RESOLUTION_REPLACED;
	item.validation = VALIDATION_WARNING;
	item.probe_advisory = true;
	item.responses_status = 404;
	item.provision_reused = item.cancelled = true;
	item.retry_count = 2;
	item.last_retry_at = 3;
	item.next_retry_at = 4;
	item.finished_at = 5;
	OK(items_save(db, &item, NOW + 6, &err));
	OK(items_get(db, NULL, id, &back, &err));
	for (size_t i = 0; texts_of(&item, i); i++)
		assert_string_equal(*texts_of(&back, i), *texts_of(&item, i));
	assert_int_equal(back.stage, STAGE_VALIDATE);
	assert_int_equal(back.confirmation, CONFIRMATION_CONFIRMED);
	assert_int_equal(back.access, ACCESS_DEGRADED);
	assert_int_equal(back.match, MATCH_DEPRECATED);
	assert_int_equal(back.resolution, RESOLUTION_REPLACED);
	assert_int_equal(back.validation, VALIDATION_WARNING);
	assert_true(back.probe_advisory);
	assert_int_equal(back.responses_status, 404);
	assert_true(back.provision_reused && back.cancelled);
	assert_int_equal(back.retry_count, 2);
	assert_int_equal(back.last_retry_at, 3);
	assert_int_equal(back.next_retry_at, 4);
	assert_int_equal(back.finished_at, 5);
	assert_int_equal(back.created_at, NOW);
	assert_int_equal(back.updated_at, NOW + 6);
}

static void nothing_is_stored_as_null(void **state)
{
	char secret_id[ID_MAX], id[ID_MAX];
	CLEANUP(db_close) struct db *db = world(secret_id);
	CLEANUP(item_done) struct item item = { 0 };
	struct err err;

	(void)state;
	add(db, secret_id, 1, id);
	OK(items_get(db, NULL, id, &item, &err));
	OK(items_save(db, &item, 8, &err));
	assert_string_equal(fixture_value(db, &q_row, id), "- - 8");
	own_set(&item.item_id, "itm_none");
	REFUSED(items_save(db, &item, 8, &err), ERR_NOT_FOUND);
}

static void a_warning_is_noted_once_for_each_code(void **state)
{
	CLEANUP(item_done) struct item item = { 0 };

	(void)state;
	item_warn(&item, "one", "first");
	item_warn(&item, "two", "bad \xff byte");
	item_warn(&item, "one", "again");
	assert_string_equal(item.warnings,
		"[{\"code\":\"one\",\"detail\":\"first\"},"
		"{\"code\":\"two\",\"detail\":\"\"}]");
	own_set(&item.warnings, "[{\"code\":3},null]");
	item_warn(&item, "one", "x");
	assert_non_null(strstr(item.warnings, "\"one\""));
	own_set(&item.warnings, "no json");
	item_warn(&item, "one", "x");
	assert_string_equal(item.warnings,
			    "[{\"code\":\"one\",\"detail\":\"x\"}]");
}

static int64_t count_events(struct db *db, const char *item_id, int64_t after,
			    struct event *last)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	struct err err;
	int64_t n = 0;
	int more;

	OK(events_list(&rows, db, item_id, after, 1000, &err));
	while ((more = events_next(&rows, last, &err)) > 0)
		n++;
	assert_int_equal(more, 0);
	return n;
}

static void events_are_numbered_up_to_a_ceiling(void **state)
{
	const struct event event = {
		.at = NOW,
		.step = (char *)(uintptr_t)"probe.chat",
		.kind = (char *)(uintptr_t)"retry",
		.class = (char *)(uintptr_t)"dns",
		.detail = (char *)(uintptr_t)"{\"n\":1}",
	};
	char secret_id[ID_MAX], id[ID_MAX], other[ID_MAX];
	CLEANUP(db_close) struct db *db = world(secret_id);
	CLEANUP(event_done) struct event last = { 0 };
	struct err err;

	(void)state;
	add(db, secret_id, 1, id);
	add(db, secret_id, 2, other);
	OK(events_add(db, other, &(struct event){ .at = NOW,
		      .step = event.step, .kind = event.kind }, &err));
	for (int i = 0; i < EVENTS_MAX + 3; i++)
		OK(events_add(db, id, &event, &err));
	assert_int_equal(count_events(db, other, 0, &last), 1);
	assert_int_equal(last.seq, 1);
	assert_null(last.class);
	assert_null(last.detail);
	assert_int_equal(count_events(db, id, 0, &last), EVENTS_MAX);
	assert_int_equal(last.seq, EVENTS_MAX);
	assert_int_equal(last.at, NOW);
	assert_string_equal(last.step, event.step);
	assert_string_equal(last.kind, event.kind);
	assert_string_equal(last.class, event.class);
	assert_string_equal(last.detail, event.detail);
	assert_int_equal(count_events(db, id, EVENTS_MAX - 2, &last), 2);
}

/* A proof of which every member has a value of its own. */
static struct proof evidence(const char *item_id, const char *access_id)
{
	struct proof proof = {
		.kind = PROOF_ACCESS, .ok = true, .models_status = 200,
		.models_listed = true, .completion_ok = true,
		.completion_status = 201, .latency_ms = 12,
		.first_token_ms = 3, .at = NOW, .expires_at = NOW + 9,
	};

	proof.item_id = xstrdup(item_id);
	proof.access_id = xstrdup_null(access_id);
	proof.host_id = xstrdup("hst_1");
	proof.group_id = xstrdup("7");
	proof.account_id = xstrdup("8");
	proof.model = xstrdup("m");
	proof.completion_type = xstrdup("application/json");
	proof.completion_preview = xstrdup("hello");
	proof.key_source = xstrdup("managed_subscription");
	proof.key_fingerprint = xstrdup("fp");
	proof.request_json = xstrdup("{\"q\":1}");
	proof.answer_json = xstrdup("{\"a\":1}");
	proof.failure_class = xstrdup("dns");
	proof.check_id = xstrdup("chk_1");
	proof.requested_key = xstrdup("asked");
	return proof;
}

static void a_proof_is_read_back_as_it_was_written(void **state)
{
	char secret_id[ID_MAX], item_id[ID_MAX], id[ID_MAX];
	CLEANUP(db_close) struct db *db = world(secret_id);
	CLEANUP(proof_done) struct proof proof = { 0 };
	CLEANUP(proof_done) struct proof back = { 0 };
	struct err err;

	(void)state;
	add(db, secret_id, 1, item_id);
	proof = evidence(item_id, NULL);
	OK(proofs_add(db, &proof, 1, id, &err));
	OK(proofs_get(db, id, &back, &err));
	assert_string_equal(back.proof_id, id);
	assert_string_equal(back.item_id, item_id);
	assert_null(back.access_id);
	assert_string_equal(back.host_id, "hst_1");
	assert_int_equal(back.kind, PROOF_ACCESS);
	assert_true(back.ok && back.models_listed && back.completion_ok);
	assert_string_equal(back.group_id, "7");
	assert_string_equal(back.account_id, "8");
	assert_string_equal(back.model, "m");
	assert_int_equal(back.models_status, 200);
	assert_int_equal(back.completion_status, 201);
	assert_string_equal(back.completion_type, "application/json");
	assert_string_equal(back.completion_preview, "hello");
	assert_int_equal(back.latency_ms, 12);
	assert_int_equal(back.first_token_ms, 3);
	assert_string_equal(back.key_source, "managed_subscription");
	assert_string_equal(back.key_fingerprint, "fp");
	assert_string_equal(back.request_json, "{\"q\":1}");
	assert_string_equal(back.answer_json, "{\"a\":1}");
	assert_string_equal(back.failure_class, "dns");
	assert_int_equal(back.at, NOW);
	assert_int_equal(back.expires_at, NOW + 9);
	assert_string_equal(back.check_id, "chk_1");
	assert_string_equal(back.requested_key, "asked");
	assert_null(back.surface);
	REFUSED(proofs_get(db, "prf_none", &back, &err), ERR_NOT_FOUND);
	/* One way of calling, and no other, is a surface. */
	proof.kind = PROOF_SURFACE;
	REFUSED(proofs_add(db, &proof, 2, id, &err), ERR_CONFLICT);
	own_set(&proof.surface, "messages");
	OK(proofs_add(db, &proof, 3, id, &err));
	OK(proofs_get(db, id, &back, &err));
	assert_int_equal(back.kind, PROOF_SURFACE);
	assert_string_equal(back.surface, "messages");
}

static void proofs_are_listed_newest_first(void **state)
{
	char secret_id[ID_MAX], item_id[ID_MAX], old[ID_MAX], new[ID_MAX];
	CLEANUP(db_close) struct db *db = world(secret_id);
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(proof_done) struct proof proof = { 0 };
	struct err err;

	(void)state;
	add(db, secret_id, 1, item_id);
	proof = evidence(item_id, NULL);
	OK(proofs_add(db, &proof, 1, old, &err));
	proof.at = NOW + 1;
	OK(proofs_add(db, &proof, 2, new, &err));
	OK(proofs_list(&rows, db, item_id, 9, &err));
	assert_int_equal(proofs_next(&rows, &proof, &err), 1);
	assert_string_equal(proof.proof_id, new);
	assert_int_equal(proofs_next(&rows, &proof, &err), 1);
	assert_string_equal(proof.proof_id, old);
	assert_int_equal(proofs_next(&rows, &proof, &err), 0);
}

static void an_access_is_one_row_that_proofs_date(void **state)
{
	struct access_spec spec = { .host_id = "hst_1", .endpoint_key = "e",
				    .selector = "alice",
				    .key_fingerprint = "fp" };
	char secret_id[ID_MAX], id[ID_MAX], again[ID_MAX];
	CLEANUP(db_close) struct db *db = world(secret_id);
	struct err err;

	(void)state;
	OK(accesses_ensure(db, &spec, NOW, 1, id, &err));
	assert_string_equal(fixture_value(db, &q_access, id),
			    "unknown fp - - 0");
	spec.key_fingerprint = NULL;
	OK(accesses_ensure(db, &spec, NOW + 1, 2, again, &err));
	assert_string_equal(again, id);
	assert_string_equal(fixture_value(db, &q_access, id),
			    "unknown fp - - 1");
	spec.key_fingerprint = "new";
	OK(accesses_ensure(db, &spec, NOW + 2, 3, again, &err));
	OK(accesses_proven(db, id, "prf_1", 0, NOW + 3, &err));
	assert_string_equal(fixture_value(db, &q_access, id),
			    "active new prf_1 3 3");
	spec.selector = "bob";
	OK(accesses_ensure(db, &spec, NOW, 4, again, &err));
	assert_string_not_equal(again, id);
	REFUSED(accesses_proven(db, "acc_none", "prf_1", 0, NOW, &err),
		ERR_NOT_FOUND);
	spec.key_resource_id = "res_none";
	REFUSED(accesses_ensure(db, &spec, NOW, 5, again, &err),
		ERR_CONFLICT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_item_waits_for_its_probe),
		cmocka_unit_test(what_a_flow_changes_is_saved_and_read_back),
		cmocka_unit_test(nothing_is_stored_as_null),
		cmocka_unit_test(a_warning_is_noted_once_for_each_code),
		cmocka_unit_test(events_are_numbered_up_to_a_ceiling),
		cmocka_unit_test(a_proof_is_read_back_as_it_was_written),
		cmocka_unit_test(proofs_are_listed_newest_first),
		cmocka_unit_test(an_access_is_one_row_that_proofs_date),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
