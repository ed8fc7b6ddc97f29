/* Packs over the API: installed, listed, activated, gone back, removed. */
#include "tests/unit/api_fixture.h"

#include "shared/table.h"
#include "tests/unit/pack_fixture.h"

#define INSTALL "/api/packs/install"

/* ask() sends text; a bundle has NULs. */
static int install_bytes(const char *target, const struct buf *bytes)
{
	AUTO_FREE char *path = xstrdup(target);
	char *query = strchr(path, '?');
	struct wire wire = api.wire;

	if (query)
		*query++ = '\0';
	wire.method = "POST";
	wire.path = path;
	wire.query = query;
	wire.body = bytes->text;
	wire.body_len = bytes->len;
	wire.now = NOW;
	if (!wire.authorization)
		wire.authorization = "Bearer " ADMIN_TOKEN;
	if (!wire.content_type)
		wire.content_type = "application/gzip";
	forget_reply();
	dispatch(&api.worker, &wire, &api.reply);
	api.json = json_loads(buf_str(&api.reply.out.text), 0, NULL);
	api.wire = (struct wire){ 0 };
	return api.reply.status;
}

static int install(const char *target, const char *pack_id,
		   const char *version, int count, const char *more)
{
	CLEANUP(buf_done) struct buf bytes = pack_bytes(pack_id, version,
							count, more);

	return install_bytes(target, &bytes);
}

static void a_bundle_is_installed_and_counts(void **state)
{
	(void)state;
	assert_int_equal(install(INSTALL, "one", "1.0.0", 3, ""), 201);
	assert_string_equal(text_of("version"), "1.0.0");
	assert_true(json_is_true(member("active")));
	assert_true(json_is_null(member("signed_by")));
	assert_string_equal(api.reply.location, "/api/packs/one");
	assert_int_equal(ask("GET", "/api/packs", NULL), 200);
	assert_string_equal(text_of("packs.0.pack_id"), "one");
	assert_int_equal(number_of("packs.0.providers"), 3);
	assert_int_equal(ask("GET", "/api/packs/one", NULL), 200);
	assert_string_equal(text_of("version"), "1.0.0");
	assert_int_equal(json_array_size(member("versions")), 1);
	assert_int_equal(ask("GET", "/api/packs/two", NULL), 404);
}

static void the_same_version_changes_nothing_and_another_content_is_refused(
	void **state)
{
	(void)state;
	assert_int_equal(install(INSTALL, "one", "1.0.0", 3, ""), 201);
	assert_int_equal(install(INSTALL, "one", "1.0.0", 3, ""), 200);
	assert_int_equal(count("SELECT count(*) FROM pack_providers"), 3);
	assert_int_equal(install(INSTALL, "one", "1.0.0", 4, ""), 409);
	assert_string_equal(text_of("code"), "pack_version_exists");
	assert_int_equal(count("SELECT count(*) FROM pack_providers"), 3);
}

static void versions_stand_side_by_side_and_one_counts(void **state)
{
	(void)state;
	assert_int_equal(install(INSTALL, "one", "1.0.0", 3, ""), 201);
	assert_int_equal(install(INSTALL, "one", "1.1.0", 5, ""), 201);
	assert_int_equal(ask("GET", "/api/providers", NULL), 200);
	assert_int_equal(json_array_size(member("providers")), 5);
	assert_string_equal(text_of("providers.0.pack_version"), "1.1.0");
	assert_int_equal(ask("POST", "/api/packs/one/rollback", NULL), 200);
	assert_string_equal(text_of("version"), "1.0.0");
	assert_int_equal(ask("GET", "/api/providers", NULL), 200);
	assert_int_equal(json_array_size(member("providers")), 3);
	assert_int_equal(ask("POST", "/api/packs/one/activate",
			     "{\"version\":\"1.1.0\"}"), 200);
	assert_string_equal(text_of("version"), "1.1.0");
	assert_int_equal(count("SELECT count(*) FROM pack_providers"
			       " WHERE active"), 5);
	assert_int_equal(ask("POST", "/api/packs/one/activate",
			     "{\"version\":\"9.0.0\"}"), 404);
}

static void which_version_counts_can_be_said(void **state)
{
	(void)state;
	assert_int_equal(install(INSTALL, "one", "2.0.0", 1, ""), 201);
	assert_int_equal(install(INSTALL, "one", "1.0.0", 1, ""), 201);
	assert_true(json_is_false(member("active")));
	assert_int_equal(install(INSTALL "?activate=true", "one", "1.1.0", 1,
				 ""), 201);
	assert_true(json_is_true(member("active")));
	assert_int_equal(install(INSTALL "?activate=false", "one", "3.0.0", 1,
				 ""), 201);
	assert_true(json_is_false(member("active")));
	assert_int_equal(install(INSTALL "?activate=maybe", "one", "4.0.0", 1,
				 ""), 400);
}

static void nothing_to_go_back_to_is_told(void **state)
{
	(void)state;
	assert_int_equal(install(INSTALL, "one", "1.0.0", 1, ""), 201);
	assert_int_equal(ask("POST", "/api/packs/one/rollback", NULL), 409);
	assert_string_equal(text_of("code"), "no_previous_version");
	assert_int_equal(ask("POST", "/api/packs/two/rollback", NULL), 404);
}

static void only_what_nothing_uses_is_removed(void **state)
{
	(void)state;
	assert_int_equal(install(INSTALL, "one", "1.0.0", 1, ""), 201);
	assert_int_equal(install(INSTALL, "one", "1.1.0+b.2", 1, ""), 201);
	assert_int_equal(ask("DELETE", "/api/packs/one/versions/1.1.0+b.2",
			     NULL), 409);
	assert_string_equal(text_of("code"), "pack_in_use");
	sql("INSERT INTO secrets (secret_id, kind, sealed,"
		" fingerprint, last4, created_at) VALUES ('sec_1', 'host_token', x'00', NULL,"
	    " NULL, 1);"
	    "INSERT INTO hosts (host_id, name, base_url, auth_type,"
	    " auth_secret_id, state, created_at, updated_at) VALUES ('hst_1',"
	    " 'one', 'http://one', 'api_key', 'sec_1', 'ready', 1, 1);"
	    "INSERT INTO import_runs (run_id, host_id, origin, pack_id,"
	    " pack_version, access_mode, subscription_users,"
	    " subscription_days, state, items_total, created_by, created_at,"
	    " updated_at) VALUES ('run_1', 'hst_1', 'provider_import', 'one',"
	    " '1.0.0', 'subscription', '[]', 30, 'running', 0, 't', 1, 1);");
	assert_int_equal(ask("DELETE", "/api/packs/one/versions/1.0.0", NULL),
			 409);
	sql("DELETE FROM import_runs");
	assert_int_equal(ask("DELETE", "/api/packs/one/versions/1.0.0", NULL),
			 204);
	assert_int_equal(count("SELECT count(*) FROM pack_manifests"), 1);
	assert_int_equal(ask("DELETE", "/api/packs/one/versions/1.0.0", NULL),
			 404);
	assert_int_equal(ask("POST", "/api/packs/one/rollback", NULL), 409);
}

static void a_version_is_shown_with_its_manifests(void **state)
{
	(void)state;
	assert_int_equal(install(INSTALL, "one", "1.0.0", 2, ""), 201);
	assert_int_equal(ask("GET", "/api/packs/one/versions/1.0.0", NULL),
			 200);
	assert_string_equal(text_of("document.pack_id"), "one");
	assert_string_equal(text_of("manifests.1.provider_id"), "p001");
}

static void providers_are_filtered_and_paged(void **state)
{
	static const struct {
		const char *query;
		size_t count;
	} cases[] = {
		{ "", 14 }, { "pack_id=one", 10 }, { "vendor=odd", 7 },
		{ "vendor=odd&pack_id=two", 2 }, { "plan=payg", 14 },
		{ "plan=x", 0 }, { "region=cn&vendor=even", 7 },
		{ "status=current", 14 }, { "q=p00", 14 }, { "q=P003", 2 },
		{ "q=name%20of%20p001", 2 },
		{ "q=%E4%BE%9B%E5%BA%94%E5%95%86%20p009", 1 },
		{ "q=p%25", 0 }, { "pack_id=three", 0 },
	};

	(void)state;
	assert_int_equal(install(INSTALL, "one", "1.0.0", 10, ""), 201);
	assert_int_equal(install(INSTALL, "two", "1.0.0", 4, ""), 201);
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO_FREE char *target = xasprintf("/api/providers?%s",
						   cases[i].query);

		assert_int_equal(ask("GET", target, NULL), 200);
		if (json_array_size(member("providers")) != cases[i].count)
			fail_msg("%s gives %zu", cases[i].query,
				 json_array_size(member("providers")));
	}
}

/* Every page but the last has its size, and each provider comes once. */
static void pages_have_every_provider_once(void **state)
{
	AUTO_FREE char *cursor = xstrdup("");
	int n = 0, pages = 0;

	(void)state;
	assert_int_equal(install(INSTALL, "one", "1.0.0", 10, ""), 201);
	assert_int_equal(install(INSTALL, "two", "1.0.0", 4, ""), 201);
	while (cursor) {
		AUTO_FREE char *target = xasprintf(
			"/api/providers?limit=3&cursor=%s", cursor);

		assert_int_equal(ask("GET", target, NULL), 200);
		n += (int)json_array_size(member("providers"));
		pages++;
		own_set(&cursor, json_string_value(member("next_cursor")));
	}
	assert_int_equal(n, 14);
	assert_int_equal(pages, 5);
	assert_int_equal(ask("GET", "/api/providers?cursor=x", NULL), 400);
}

static void a_provider_of_two_packs_needs_the_pack(void **state)
{
	(void)state;
	assert_int_equal(install(INSTALL, "one", "1.0.0", 2, ""), 201);
	assert_int_equal(ask("GET", "/api/providers/p000", NULL), 200);
	assert_string_equal(text_of("pack_id"), "one");
	assert_string_equal(text_of("manifest.vendor"), "even");
	assert_int_equal(install(INSTALL, "two", "1.0.0", 1, ""), 201);
	assert_int_equal(ask("GET", "/api/providers/p000", NULL), 400);
	assert_string_equal(text_of("code"), "pack_id_required");
	assert_string_equal(text_of("error"), "provider exists in multiple "
			    "packs; pack_id is required");
	assert_int_equal(ask("GET", "/api/providers/p000?pack_id=two", NULL),
			 200);
	assert_string_equal(text_of("pack_id"), "two");
	assert_int_equal(ask("GET", "/api/providers/p000?pack_id=x", NULL),
			 404);
	assert_int_equal(ask("GET", "/api/providers/nobody", NULL), 404);
}

static void what_is_wrong_in_a_bundle_is_told_with_its_place(void **state)
{
	CLEANUP(bundle_done) struct bundle files =
		pack_files("one", "1.0.0", 2, "");
	CLEANUP(buf_done) struct buf bytes = { .max = BUNDLE_BYTES };
	struct err err;

	(void)state;
	assert_int_equal(bundle_write(&files, &bytes, &err), 0);
	assert_int_equal(install_bytes(INSTALL, &bytes), 422);
	assert_string_equal(text_of("code"), "invalid_pack");
	assert_string_equal(text_of("problems.0.file"), "pack.json");
	assert_int_equal(number_of("problems.0.line"), 1);
	assert_string_equal(text_of("problems.0.field"), "checksums");
	bytes.len /= 2;
	assert_int_equal(install_bytes(INSTALL, &bytes), 422);
	assert_string_equal(text_of("code"), "invalid_bundle");
	assert_int_equal(count("SELECT count(*) FROM packs"), 0);
}

static void other_bodies_and_scopes_are_refused(void **state)
{
	CLEANUP(buf_done) struct buf bytes = pack_bytes("one", "1.0.0", 1,
							"");

	(void)state;
	assert_int_equal(ask("POST", INSTALL, "{}"), 415);
	api.wire.content_type = "application/gzip";
	assert_int_equal(ask("POST", "/api/batch-import/runs", "x"), 415);
	api.wire.authorization = "Bearer " OPERATE_TOKEN;
	assert_int_equal(install_bytes(INSTALL, &bytes), 403);
	api.wire.content_type = "application/octet-stream";
	assert_int_equal(install_bytes(INSTALL, &bytes), 201);
}

/* A pair of keys in the folder of the test. */
static void make_signer(char key[SEAL_SIGNER_TEXT])
{
	struct err err;

	must(seal_signer_make(api.dir, key, &err), &err);
}

static void a_signature_is_checked_and_can_be_demanded(void **state)
{
	CLEANUP(buf_done) struct buf bytes = pack_bytes("one", "1.0.0", 1,
							"");
	AUTO_FREE char *path = xasprintf("%s/pack-sign.key", api.dir);
	char key[SEAL_SIGNER_TEXT], signature[SEAL_SIGNATURE_TEXT];
	struct err err;

	(void)state;
	make_signer(key);
	must(seal_sign(path, bytes.text, bytes.len, signature, &err), &err);
	free(api.settings.trusted_keys);
	api.settings.trusted_keys = xasprintf("%064d, %s", 0, key);
	api.settings.require_signature = true;
	assert_int_equal(install_bytes(INSTALL, &bytes), 422);
	assert_string_equal(text_of("code"), "pack_signature_required");
	api.wire.pack_signature = "AAAA";
	assert_int_equal(install_bytes(INSTALL, &bytes), 422);
	assert_string_equal(text_of("code"), "pack_signature_invalid");
	bytes.text[bytes.len - 1] ^= 1;
	api.wire.pack_signature = signature;
	assert_int_equal(install_bytes(INSTALL, &bytes), 422);
	assert_string_equal(text_of("code"), "pack_signature_invalid");
	bytes.text[bytes.len - 1] ^= 1;
	api.wire.pack_signature = signature;
	assert_int_equal(install_bytes(INSTALL, &bytes), 201);
	assert_string_equal(text_of("signed_by"), key);
	remove_file("pack-sign.key");
	remove_file("pack-sign.pub");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_bundle_is_installed_and_counts),
		TEST(the_same_version_changes_nothing_and_another_content_is_refused),
		TEST(versions_stand_side_by_side_and_one_counts),
		TEST(which_version_counts_can_be_said),
		TEST(nothing_to_go_back_to_is_told),
		TEST(only_what_nothing_uses_is_removed),
		TEST(a_version_is_shown_with_its_manifests),
		TEST(providers_are_filtered_and_paged),
		TEST(pages_have_every_provider_once),
		TEST(a_provider_of_two_packs_needs_the_pack),
		TEST(what_is_wrong_in_a_bundle_is_told_with_its_place),
		TEST(other_bodies_and_scopes_are_refused),
		TEST(a_signature_is_checked_and_can_be_demanded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
