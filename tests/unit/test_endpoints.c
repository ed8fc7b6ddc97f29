#include "tests/unit/fixture.h"

#include "shared/endpoints.h"

static const struct db_query q_secrets = { "test.secrets",
	"SELECT coalesce(group_concat(secret_id, ' '), '') FROM"
	" (SELECT secret_id FROM secrets WHERE secret_id <> $1"
	"  ORDER BY secret_id)" };

static int put(struct db *db, const struct endpoint_row *row, int64_t now,
	       struct err *err)
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };

	if (db_tx_begin(&tx, db, err) || endpoints_put(db, row, now, err))
		return -1;
	return db_tx_commit(&tx, err);
}

static void nothing_is_said_of_most_endpoints(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_db();
	CLEANUP(endpoint_row_done) struct endpoint_row row = { 0 };
	struct err err;

	(void)state;
	OK(endpoints_get(db, "e", &row, &err));
	assert_string_equal(row.endpoint_key, "e");
	assert_null(row.proxy);
	assert_int_equal(row.concurrency, 0);
	assert_int_equal(row.created_at, 0);
}

static void what_is_said_is_kept_and_old_secrets_go(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_hosts();
	CLEANUP(endpoint_row_done) struct endpoint_row row = { 0 };
	struct endpoint_row spec = {
		.endpoint_key = (char *)(uintptr_t)"e",
		.proxy_secret_id = (char *)(uintptr_t)"sec_p",
		.proxy = (char *)(uintptr_t)"http://proxy:1",
		.ca_pem = (char *)(uintptr_t)"PEM",
		.concurrency = 2, .requests_per_minute = 30,
	};
	struct err err;

	(void)state;
	fixture_sql(db, "INSERT INTO secrets (secret_id, kind,"
		    " sealed, fingerprint, last4, created_at)"
		    " SELECT column1, 'password',"
		    " x'00', NULL, NULL, 1"
		    " FROM (VALUES ('sec_p'), ('sec_q'))");
	OK(put(db, &spec, NOW, &err));
	OK(endpoints_get(db, "e", &row, &err));
	assert_string_equal(row.proxy_secret_id, "sec_p");
	assert_string_equal(row.proxy, "http://proxy:1");
	assert_string_equal(row.ca_pem, "PEM");
	assert_int_equal(row.concurrency, 2);
	assert_int_equal(row.requests_per_minute, 30);
	assert_int_equal(row.created_at, NOW);
	spec.requests_per_minute = 31;
	OK(put(db, &spec, NOW + 1, &err));
	assert_string_equal(fixture_value(db, &q_secrets, ""),
			    "sec_1 sec_p sec_q");
	spec.proxy_secret_id = (char *)(uintptr_t)"sec_q";
	OK(put(db, &spec, NOW + 2, &err));
	assert_string_equal(fixture_value(db, &q_secrets, ""),
			    "sec_1 sec_q");
	/* Without a row of its own the table is as it was before. */
	OK(put(db, &(struct endpoint_row){ .endpoint_key = spec.endpoint_key },
	       NOW + 3, &err));
	assert_string_equal(fixture_value(db, &q_secrets, ""), "sec_1");
	OK(endpoints_get(db, "e", &row, &err));
	assert_null(row.proxy);
	assert_int_equal(row.requests_per_minute, 0);
	assert_int_equal(row.created_at, NOW);
	assert_int_equal(row.updated_at, NOW + 3);
}

static void a_suspicion_keeps_its_beginning(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_db();
	CLEANUP(endpoint_row_done) struct endpoint_row row = { 0 };
	struct err err;

	(void)state;
	OK(endpoints_suspect(db, "e", NULL, NOW, &err));
	OK(endpoints_suspect(db, "e", "timeout", NOW, &err));
	OK(endpoints_suspect(db, "e", "overloaded", NOW + 1, &err));
	OK(endpoints_get(db, "e", &row, &err));
	assert_string_equal(row.suspect_class, "overloaded");
	assert_int_equal(row.suspect_since, NOW);
	OK(endpoints_suspect(db, "e", NULL, NOW + 2, &err));
	OK(endpoints_get(db, "e", &row, &err));
	assert_null(row.suspect_class);
	assert_int_equal(row.suspect_since, 0);
	OK(endpoints_suspect(db, "e", "timeout", NOW + 3, &err));
	OK(endpoints_get(db, "e", &row, &err));
	assert_int_equal(row.suspect_since, NOW + 3);
}

static void a_balance_is_as_it_was_said(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_db();
	CLEANUP(balance_done) struct balance balance = { 0 };
	struct err err;

	(void)state;
	OK(balances_get(db, "e", "fp", &balance, &err));
	assert_string_equal(balance.endpoint_key, "e");
	assert_string_equal(balance.key_fingerprint, "fp");
	assert_int_equal(balance.checked_at, 0);
	own_set(&balance.amount, "0012.50");
	own_set(&balance.currency, "CNY");
	balance.low = true;
	balance.checked_at = NOW;
	OK(balances_put(db, &balance, NOW + 1, &err));
	balance_done(&balance);
	OK(balances_get(db, "e", "fp", &balance, &err));
	assert_string_equal(balance.amount, "0012.50");
	assert_string_equal(balance.currency, "CNY");
	assert_true(balance.low);
	assert_int_equal(balance.expires_at, 0);
	assert_int_equal(balance.checked_at, NOW + 1);
	own_set(&balance.amount, NULL);
	balance.expires_at = NOW + 5;
	balance.low = false;
	OK(balances_put(db, &balance, NOW + 2, &err));
	OK(balances_get(db, "e", "fp", &balance, &err));
	assert_null(balance.amount);
	assert_false(balance.low);
	assert_int_equal(balance.expires_at, NOW + 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_said_of_most_endpoints),
		cmocka_unit_test(what_is_said_is_kept_and_old_secrets_go),
		cmocka_unit_test(a_suspicion_keeps_its_beginning),
		cmocka_unit_test(a_balance_is_as_it_was_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
