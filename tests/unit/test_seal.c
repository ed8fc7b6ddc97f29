#include "tests/unit/fixture.h"

#include "shared/seal.h"
#include "shared/secrets.h"
#include "shared/table.h"
#include "tests/unit/scratch.h"

#define KEY "sk-0123456789abcdefghijWXYZ"

static const struct db_query q_secret = { "test.secret",
	"SELECT coalesce(fingerprint, '-') || ' ' || coalesce(last4, '-')"
	" FROM secrets WHERE secret_id = $1" };

static int start(void **state)
{
	(void)state;
	return seal_start(&(struct err){ 0 });
}

static void what_was_sealed_opens_with_key_and_label(void **state)
{
	AUTO_FREE unsigned char *sealed = NULL;
	AUTO_WIPE char *opened = NULL;
	struct seal_private key;
	struct err err;
	size_t len;

	(void)state;
	seal_generate(&key);
	seal_close(&key.pub, "api_key:1", KEY, &sealed, &len);
	assert_null(memmem(sealed, len, "sk-0123", 7));
	OK(seal_open(&key, "api_key:1", sealed, len, &opened, &err));
	assert_string_equal(opened, KEY);
}

static void an_empty_and_a_long_secret_can_be_sealed(void **state)
{
	AUTO_FREE char *longest = xcalloc(1, SEAL_SECRET_MAX + 1);
	const char *const texts[] = { "", longest };
	struct seal_private key;
	struct err err;

	(void)state;
	memset(longest, 'x', SEAL_SECRET_MAX);
	seal_generate(&key);
	for (size_t i = 0; i < COUNT(texts); i++) {
		AUTO_FREE unsigned char *sealed = NULL;
		AUTO_WIPE char *opened = NULL;
		size_t len;

		seal_close(&key.pub, "l", texts[i], &sealed, &len);
		OK(seal_open(&key, "l", sealed, len, &opened, &err));
		assert_string_equal(opened, texts[i]);
	}
}

static void another_key_or_label_or_text_does_not_open(void **state)
{
	AUTO_FREE unsigned char *sealed = NULL;
	AUTO_WIPE char *opened = NULL;
	struct seal_private key, other;
	struct err err;
	size_t len;

	(void)state;
	seal_generate(&key);
	seal_generate(&other);
	seal_close(&key.pub, "a", KEY, &sealed, &len);
	REFUSED(seal_open(&other, "a", sealed, len, &opened, &err),
		ERR_INVALID);
	REFUSED(seal_open(&key, "b", sealed, len, &opened, &err), ERR_INVALID);
	REFUSED(seal_open(&key, "", sealed, len, &opened, &err), ERR_INVALID);
	REFUSED(seal_open(&key, "ask", sealed, len, &opened, &err),
		ERR_INVALID);
	for (size_t cut = 0; cut < len; cut++)
		REFUSED(seal_open(&key, "a", sealed, cut, &opened, &err),
			ERR_INVALID);
	for (size_t i = 0; i < len; i++) {
		sealed[i] ^= 1;
		REFUSED(seal_open(&key, "a", sealed, len, &opened, &err),
			ERR_INVALID);
		sealed[i] ^= 1;
	}
	assert_null(opened);
	assert_null(strstr(err.msg, "sk-"));
}

/* A folder with fresh key files; `name` is one of them. */
static char *file_in(const char *dir, const char *name)
{
	return xasprintf("%s/%s", dir, name);
}

static void key_files_are_written_and_read_back(void **state)
{
	SCRATCH dir = scratch_new();
	AUTO_FREE char *public = file_in(dir, "seal.pub");
	AUTO_FREE char *private = file_in(dir, "seal.key");
	AUTO_FREE char *prints = file_in(dir, "fingerprint.key");
	struct seal_private key, back;
	struct seal_public pub;
	struct stat st;
	struct err err;

	(void)state;
	seal_generate(&key);
	OK(seal_write_files(&key, dir, &err));
	OK(seal_read_public(&pub, public, prints, &err));
	assert_memory_equal(&pub, &key.pub, sizeof(pub));
	OK(seal_read_private(&back, private, prints, &err));
	assert_memory_equal(&back, &key, sizeof(back));
	assert_int_equal(stat(private, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	REFUSED(seal_write_files(&key, dir, &err), ERR_CONFLICT);
	seal_private_done(&back);
	for (size_t i = 0; i < sizeof(back); i++)
		assert_int_equal(((unsigned char *)&back)[i], 0);
}

static void wrong_key_files_are_refused(void **state)
{
	SCRATCH dir = scratch_new();
	AUTO_FREE char *public = file_in(dir, "seal.pub");
	AUTO_FREE char *private = file_in(dir, "seal.key");
	AUTO_FREE char *prints = file_in(dir, "fingerprint.key");
	AUTO_FREE char *missing = file_in(dir, "missing");
	struct seal_private key;
	struct seal_public pub;
	struct err err;

	(void)state;
	seal_generate(&key);
	OK(seal_write_files(&key, dir, &err));
	REFUSED(seal_read_public(&pub, missing, prints, &err), ERR_NOT_FOUND);
	/* One kind of file is never taken for another. */
	REFUSED(seal_read_public(&pub, private, prints, &err), ERR_INVALID);
	REFUSED(seal_read_private(&key, public, prints, &err), ERR_INVALID);
	chmod(public, 0644);
	REFUSED(seal_read_public(&pub, public, prints, &err), ERR_INVALID);
	assert_non_null(strstr(err.msg, "chmod"));
	scratch_write(public, "", 0600);
	REFUSED(seal_read_public(&pub, public, prints, &err), ERR_INVALID);
	scratch_write(public, "crm-seal-public-1 00ff\n", 0600);
	REFUSED(seal_read_public(&pub, public, prints, &err), ERR_INVALID);
	scratch_write(public, "crm-seal-public-1 0123456789abcdef0123456789abcd"
		      "ef0123456789abcdef0123456789abcdef0\n", 0600);
	REFUSED(seal_read_public(&pub, public, prints, &err), ERR_INVALID);
}

static void fingerprints_are_keyed_and_hashes_are_not(void **state)
{
	char one[SEAL_FINGERPRINT_TEXT], two[SEAL_FINGERPRINT_TEXT];
	char hash[SEAL_HASH_TEXT], again[SEAL_HASH_TEXT];
	struct seal_private key, other;

	(void)state;
	seal_generate(&key);
	seal_generate(&other);
	seal_fingerprint(&key.pub, KEY, one);
	seal_fingerprint(&key.pub, KEY, two);
	assert_string_equal(one, two);
	assert_int_equal(strlen(one), SEAL_FINGERPRINT_TEXT - 1);
	seal_fingerprint(&other.pub, KEY, two);
	assert_string_not_equal(one, two);
	seal_fingerprint(&key.pub, KEY "x", two);
	assert_string_not_equal(one, two);
	seal_hash_text("a", 1, hash);
	seal_hash_text("a", 1, again);
	assert_string_equal(hash, again);
	assert_int_equal(strlen(hash), SEAL_HASH_TEXT - 1);
	seal_hash_text("a\0", 2, again);
	assert_string_not_equal(hash, again);
}

static void short_secrets_show_nothing(void **state)
{
	char last4[5];

	(void)state;
	seal_last4("0123456789ab", last4);
	assert_string_equal(last4, "89ab");
	seal_last4("0123456789a", last4);
	assert_string_equal(last4, "");
	seal_last4("", last4);
	assert_string_equal(last4, "");
}

static void the_tail_of_sha256_is_the_well_known_one(void **state)
{
	char tail[9];

	(void)state;
	/* SHA-256 of "abc" ends so in FIPS 180-4. */
	seal_sha256_tail8("abc", tail);
	assert_string_equal(tail, "f20015ad");
}

static void random_text_has_its_alphabet_and_uses_all_of_it(void **state)
{
	char text[4097], id[ID_SHORT_MAX];

	(void)state;
	seal_random_text(text, 4096);
	assert_int_equal(strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijkl"
				"mnopqrstuvwxyz0123456789"), 4096);
	for (char c = '0'; c <= '9'; c++)
		assert_non_null(strchr(text, c));
	assert_null(strpbrk(text, "-_"));
	seal_random_url_text(text, 4096);
	assert_non_null(strchr(text, '-'));
	assert_non_null(strchr(text, '_'));
	seal_random_text(text, 0);
	assert_string_equal(text, "");
	assert_int_equal(strlen(seal_random_id(id, 6)), 6);
	assert_int_not_equal(seal_random(), seal_random());
}

static void a_stored_secret_opens_and_shows_its_face(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_db();
	AUTO_WIPE char *opened = NULL;
	struct secret_face face, again;
	struct seal_private key;
	struct err err;

	(void)state;
	seal_generate(&key);
	OK(secrets_add(db, &key.pub, SECRET_API_KEY, KEY, NOW, 1, &face,
		       &err));
	assert_memory_equal(face.secret_id, "sec_", 4);
	assert_string_equal(face.last4, "WXYZ");
	OK(secrets_face(db, face.secret_id, &again, &err));
	assert_memory_equal(&face, &again, sizeof(face));
	OK(secrets_open(db, &key, face.secret_id, &opened, &err));
	assert_string_equal(opened, KEY);
	OK(secrets_delete(db, face.secret_id, &err));
	REFUSED(secrets_open(db, &key, face.secret_id, &opened, &err),
		ERR_NOT_FOUND);
	REFUSED(secrets_face(db, face.secret_id, &again, &err),
		ERR_NOT_FOUND);
}

static void only_long_api_keys_have_a_face(void **state)
{
	static const struct {
		enum secret_kind kind;
		const char *secret;
		bool shown;
	} cases[] = {
		{ SECRET_API_KEY, "01234567890123456789", true },
		{ SECRET_API_KEY, "0123456789012345678", false },
		{ SECRET_HOST_TOKEN, KEY, false },
		{ SECRET_PASSWORD, KEY, false },
		{ SECRET_JWT, KEY, false },
	};
	CLEANUP(db_close) struct db *db = fixture_db();
	struct seal_private key;
	struct err err;

	(void)state;
	seal_generate(&key);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct secret_face face;
		const char *row;

		OK(secrets_add(db, &key.pub, cases[i].kind, cases[i].secret,
			       NOW, i, &face, &err));
		row = fixture_value(db, &q_secret, face.secret_id);
		assert_int_equal(strcmp(row, "- -") != 0, cases[i].shown);
		assert_int_equal(face.last4[0] != '\0', cases[i].shown);
	}
}

static void a_secret_moved_to_another_row_does_not_open(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_db();
	AUTO_WIPE char *opened = NULL;
	struct secret_face one, two;
	struct seal_private key;
	struct err err;

	(void)state;
	seal_generate(&key);
	OK(secrets_add(db, &key.pub, SECRET_API_KEY, KEY, NOW, 1, &one, &err));
	OK(secrets_add(db, &key.pub, SECRET_API_KEY, "other", NOW, 2, &two,
		       &err));
	fixture_sql(db, "UPDATE secrets SET sealed ="
		    " (SELECT sealed FROM secrets ORDER BY secret_id LIMIT 1)");
	OK(secrets_open(db, &key, one.secret_id, &opened, &err));
	REFUSED(secrets_open(db, &key, two.secret_id, &opened, &err),
		ERR_INVALID);
	fixture_sql(db, "UPDATE secrets SET kind = 'password'");
	REFUSED(secrets_open(db, &key, one.secret_id, &opened, &err),
		ERR_INVALID);
}

static void a_secret_in_use_is_not_forgotten(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_hosts();
	struct err err;

	(void)state;
	REFUSED(secrets_delete(db, "sec_1", &err), ERR_CONFLICT);
}

static void a_mac_is_of_one_domain_and_one_installation(void **state)
{
	struct seal_private one, other;
	char a[SEAL_HASH_TEXT], b[SEAL_HASH_TEXT];
	char print[SEAL_FINGERPRINT_TEXT];

	(void)state;
	seal_generate(&one);
	seal_generate(&other);
	seal_mac(&one.pub, "crm plan v1", "text", 4, a);
	seal_mac(&one.pub, "crm plan v1", "text", 4, b);
	assert_true(seal_mac_is(a, b));
	seal_mac(&one.pub, "crm plan v2", "text", 4, b);
	assert_false(seal_mac_is(a, b));
	seal_mac(&other.pub, "crm plan v1", "text", 4, b);
	assert_false(seal_mac_is(a, b));
	seal_mac(&one.pub, "crm plan v1", "texT", 4, b);
	assert_false(seal_mac_is(a, b));
	seal_fingerprint(&one.pub, "text", print);
	assert_int_not_equal(strncmp(a, print, strlen(print)), 0);
	assert_false(seal_mac_is(a, ""));
	assert_false(seal_mac_is(a, print));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mac_is_of_one_domain_and_one_installation),
		cmocka_unit_test(what_was_sealed_opens_with_key_and_label),
		cmocka_unit_test(an_empty_and_a_long_secret_can_be_sealed),
		cmocka_unit_test(another_key_or_label_or_text_does_not_open),
		cmocka_unit_test(key_files_are_written_and_read_back),
		cmocka_unit_test(wrong_key_files_are_refused),
		cmocka_unit_test(fingerprints_are_keyed_and_hashes_are_not),
		cmocka_unit_test(short_secrets_show_nothing),
		cmocka_unit_test(the_tail_of_sha256_is_the_well_known_one),
		cmocka_unit_test(
			random_text_has_its_alphabet_and_uses_all_of_it),
		cmocka_unit_test(a_stored_secret_opens_and_shows_its_face),
		cmocka_unit_test(only_long_api_keys_have_a_face),
		cmocka_unit_test(a_secret_moved_to_another_row_does_not_open),
		cmocka_unit_test(a_secret_in_use_is_not_forgotten),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
