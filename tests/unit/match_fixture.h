/*
 * match_fixture: a worker, and a pack whose providers share a base URL.
 */
#ifndef TESTS_UNIT_MATCH_FIXTURE_H
#define TESTS_UNIT_MATCH_FIXTURE_H

#include "tests/unit/api_fixture.h"

#include "shared/packs.h"
#include "tests/unit/pack_fixture.h"

#define URL "https://api.sample.example/v1"
#define PAYG_KEY "sk-api-0123456789abcdef"
#define PLAN_KEY "sk-cp-0123456789abcdefgh"
#define ODD_KEY "zz-0123456789abcdefghijk"
#define RUNS "/api/batch-import/runs"

static void provider(struct bundle *files, const char *id, const char *plan,
		     const char *url, const char *more)
{
	AUTO_FREE char *path = xasprintf("providers/%s.json", id);
	AUTO_FREE char *text = xasprintf(
		"{\"provider_id\":\"%s\",\"vendor\":\"sample\",\"kind\":"
		"\"first_party\",\"plan\":\"%s\",\"region\":\"cn\","
		"\"status\":\"current\",\"display_name\":{\"zh\":\"样例\","
		"\"en\":\"Sample\"},\"base_url\":\"%s\",\"families\":"
		"{\"chat\":\"yes\",\"responses\":\"no\",\"messages\":\"no\","
		"\"models\":\"yes\"},\"models\":[]%s}", id, plan, url, more);

	pack_file(files, path, text);
}

/* Two plans on one URL, told apart by their keys, and one that is alone. */
static void install(void)
{
	CLEANUP(bundle_done) struct bundle files = { 0 };
	CLEANUP(pack_done) struct pack pack = { 0 };
	const struct packs_spec spec = {
		.files = &files, .pack = &pack, .bundle_sha256 = "0",
		.installed_by = "tok_1", .choice = PACKS_ACTIVATE,
	};
	struct db_tx tx = { 0 };
	struct err err;
	bool is_new;

	pack_json_file(&files, "one", "1.0.0");
	provider(&files, "payg", "payg", URL, ",\"key_prefixes\":[\"sk-api-\"]");
	provider(&files, "tokens", "token_plan (M Plan)", URL,
		 ",\"key_prefixes\":[\"sk-cp-\"]");
	provider(&files, "alone", "coding_plan", "https://alone.example/v1",
		 "");
	assert_int_equal(bundle_sort(&files, &err), 0);
	pack_seal(&files, &pack);
	must(db_tx_begin(&tx, api.db, &err), &err);
	must(packs_install(api.db, &spec, NOW, &is_new, &err), &err);
	must(db_tx_commit(&tx, &err), &err);
}

#endif
