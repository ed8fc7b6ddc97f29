#include "tests/unit/fixture.h"

#include "shared/idempotency.h"
#include "shared/tokens.h"

static const struct db_query q_hash = { "test.hash",
	"SELECT hash FROM tokens WHERE token_id = $1" };
static const struct db_query q_keys = { "test.keys",
	"SELECT count(*) FROM idempotency_keys WHERE token_id = $1" };

static void add(struct db *db, const char *text, enum scope scope,
		int64_t expires_at, char ret_id[ID_MAX])
{
	static uint64_t random;
	struct err err;

	OK(tokens_add(db, &(struct token_spec){ text, "test", scope,
		      expires_at }, NOW, ++random, ret_id, &err));
}

static void drawn_tokens_are_long_and_differ(void **state)
{
	AUTO_WIPE char *one = NULL;
	AUTO_WIPE char *two = NULL;
	struct err err;

	(void)state;
	OK(seal_start(&err));
	token_draw(&one);
	token_draw(&two);
	assert_memory_equal(one, "crm_", 4);
	assert_int_equal(strlen(one), 47);
	assert_int_equal(strspn(one, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				"abcdefghijklmnopqrstuvwxyz0123456789-_"),
			 47);
	assert_string_not_equal(one, two);
}

static void a_token_is_known_by_its_text_and_stored_as_a_hash(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_db();
	CLEANUP(token_done) struct token token = { 0 };
	char id[ID_MAX];
	struct err err;

	(void)state;
	add(db, "crm_0123456789abcdef", SCOPE_OPERATE, 0, id);
	OK(tokens_check(db, "crm_0123456789abcdef", NOW, &token, &err));
	assert_string_equal(token.token_id, id);
	assert_string_equal(token.name, "test");
	assert_int_equal(token.scope, SCOPE_OPERATE);
	assert_int_equal(token.created_at, NOW);
	assert_int_equal(token.expires_at, 0);
	assert_int_equal(strlen(fixture_value(db, &q_hash, id)), 64);
	REFUSED(tokens_check(db, "crm_0123456789abcdeg", NOW, &token, &err),
		ERR_DENIED);
	REFUSED(tokens_check(db, "", NOW, &token, &err), ERR_DENIED);
}

static void short_and_double_tokens_are_refused(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_db();
	char id[ID_MAX];
	const struct token_spec brief = { "123456789012345", "x", SCOPE_READ,
					  0 };
	const struct token_spec again = { "1234567890123456", "x",
					  SCOPE_ADMIN, 0 };
	struct err err;

	(void)state;

	REFUSED(tokens_add(db, &brief, NOW, 1, id, &err), ERR_INVALID);
	add(db, "1234567890123456", SCOPE_READ, 0, id);
	REFUSED(tokens_add(db, &again, NOW, 2, id, &err), ERR_CONFLICT);
	assert_null(strstr(err.msg, "123456"));
}

static void expired_and_revoked_tokens_are_denied(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_db();
	CLEANUP(token_done) struct token token = { 0 };
	char id[ID_MAX];
	struct err err;

	(void)state;
	add(db, "crm_expires_soon_1", SCOPE_READ, NOW + 10, id);
	OK(tokens_check(db, "crm_expires_soon_1", NOW + 9, &token, &err));
	REFUSED(tokens_check(db, "crm_expires_soon_1", NOW + 10, &token,
			     &err), ERR_DENIED);
	add(db, "crm_is_revoked_01", SCOPE_READ, 0, id);
	OK(tokens_revoke(db, id, NOW + 1, &err));
	OK(tokens_revoke(db, id, NOW + 2, &err));
	REFUSED(tokens_check(db, "crm_is_revoked_01", NOW, &token, &err),
		ERR_DENIED);
	REFUSED(tokens_revoke(db, "tok_none", NOW, &err), ERR_NOT_FOUND);
}

static void tokens_are_listed_by_id(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_db();
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(token_done) struct token token = { 0 };
	char a[ID_MAX], b[ID_MAX];
	struct err err;

	(void)state;
	add(db, "crm_0123456789abcdef", SCOPE_READ, 0, a);
	add(db, "crm_0123456789abcdeg", SCOPE_ADMIN, NOW + 5, b);
	OK(tokens_revoke(db, b, NOW + 2, &err));
	OK(tokens_list(&rows, db, a, 10, &err));
	assert_int_equal(tokens_next(&rows, &token, &err), 1);
	assert_string_equal(token.token_id, b);
	assert_int_equal(token.scope, SCOPE_ADMIN);
	assert_int_equal(token.expires_at, NOW + 5);
	assert_int_equal(token.revoked_at, NOW + 2);
	assert_int_equal(tokens_next(&rows, &token, &err), 0);
}

static const struct idempotency created = {
	.status = 202,
	.location = (char *)(uintptr_t)"/runs/run_1",
	.body = (char *)(uintptr_t)"{\"run_id\":\"run_1\"}",
};

static void a_key_gives_the_answer_that_it_gave_before(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_db();
	CLEANUP(idempotency_done) struct idempotency seen = { 0 };
	struct err err;

	(void)state;
	REFUSED(idempotency_find(db, "tok_1", "k", "hash", NOW, &seen, &err),
		ERR_NOT_FOUND);
	OK(idempotency_store(db, "tok_1", "k", "hash", &created, NOW,
			     NOW + 10, &err));
	OK(idempotency_find(db, "tok_1", "k", "hash", NOW + 9, &seen, &err));
	assert_int_equal(seen.status, 202);
	assert_string_equal(seen.location, created.location);
	assert_string_equal(seen.body, created.body);
	REFUSED(idempotency_find(db, "tok_2", "k", "hash", NOW, &seen, &err),
		ERR_NOT_FOUND);
	REFUSED(idempotency_find(db, "tok_1", "k", "other", NOW, &seen, &err),
		ERR_CONFLICT);
	assert_string_equal(err.code, "idempotency_key_reused");
}

static void a_key_is_stored_once_until_it_expires(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_db();
	CLEANUP(idempotency_done) struct idempotency seen = { 0 };
	struct idempotency other = created;
	struct err err;

	(void)state;
	other.location = NULL;
	OK(idempotency_store(db, "tok_1", "k", "hash", &created, NOW,
			     NOW + 10, &err));
	REFUSED(idempotency_store(db, "tok_1", "k", "hash", &other, NOW + 9,
				  NOW + 19, &err), ERR_BUSY);
	REFUSED(idempotency_find(db, "tok_1", "k", "new", NOW + 10, &seen,
				 &err), ERR_NOT_FOUND);
	OK(idempotency_store(db, "tok_1", "k", "new", &other, NOW + 10,
			     NOW + 20, &err));
	OK(idempotency_find(db, "tok_1", "k", "new", NOW + 11, &seen, &err));
	assert_null(seen.location);
}

static void expired_keys_are_forgotten_a_few_at_a_time(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_db();
	struct err err;

	(void)state;
	for (int i = 0; i < 60; i++) {
		char key[16];

		snprintf(key, sizeof(key), "k%d", i);
		OK(idempotency_store(db, "tok_1", key, "h", &created, NOW,
				     NOW + i, &err));
	}
	OK(idempotency_expire(db, NOW + 58, &err));
	assert_string_equal(fixture_value(db, &q_keys, "tok_1"), "10");
	OK(idempotency_expire(db, NOW + 58, &err));
	assert_string_equal(fixture_value(db, &q_keys, "tok_1"), "1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(drawn_tokens_are_long_and_differ),
		cmocka_unit_test(
			a_token_is_known_by_its_text_and_stored_as_a_hash),
		cmocka_unit_test(short_and_double_tokens_are_refused),
		cmocka_unit_test(expired_and_revoked_tokens_are_denied),
		cmocka_unit_test(tokens_are_listed_by_id),
		cmocka_unit_test(a_key_gives_the_answer_that_it_gave_before),
		cmocka_unit_test(a_key_is_stored_once_until_it_expires),
		cmocka_unit_test(expired_keys_are_forgotten_a_few_at_a_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
