#include "schedd/host/export.h"
#include "tests/unit/recorded.h"

#include <string.h>

#define PRINT "00112233445566778899aabbccddeeff"
#define OTHER "ffeeddccbbaa99887766554433221100"
#define MARK "crm-ab12cd-qwertyui"
#define ACCOUNT(name, notes, key) "{\"name\":\"" name "\",\"notes\":\"" notes \
	"\",\"credentials\":{\"api_key\":\"" key "\"}}"
#define EXPORT(accounts) "{\"code\":0,\"data\":{\"exported_at\":" \
	"\"2026-11-28T19:05:13Z\",\"proxies\":[],\"accounts\":[" accounts "]}}"

static const struct {
	const char *says;
	const char *body;
	const char *want;
} exports[] = {
	{ "by name", EXPORT(ACCOUNT("a " MARK, "", PRINT)), PRINT },
	{ "among others", EXPORT(ACCOUNT("a crm-ab12cd-zzzzzzzz", "", OTHER)
	  "," ACCOUNT("a " MARK, "", PRINT)), PRINT },
	{ "renamed", EXPORT(ACCOUNT("theirs", "x\\n" MARK, PRINT)), PRINT },
	{ "not there", EXPORT(ACCOUNT("theirs", "", PRINT)), NULL },
	{ "copied", EXPORT(ACCOUNT("a " MARK, "", PRINT) ","
	  ACCOUNT("a " MARK, "", OTHER)), NULL },
	{ "too short to be known", EXPORT(ACCOUNT("a " MARK, "", "***")),
	  NULL },
	{ "in clear", EXPORT(ACCOUNT("a " MARK, "", "sk-in-clear-so-long")),
	  NULL },
	{ "empty", EXPORT(""), NULL },
};

static void a_key_is_found_by_the_mark_of_its_account(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(exports); i++) {
		CLEANUP(answer_done) struct answer answer = made(200, NULL,
			exports[i].body);
		const json_t *accounts = NULL;
		const char *key;

		assert_int_equal(host_judge_export(&answer, &accounts),
				 FAILURE_NONE);
		key = host_exported_key(accounts, MARK);
		if (exports[i].want ? !key || strcmp(key, exports[i].want) != 0
				    : key != NULL)
			fail_msg("%s", exports[i].says);
	}
}

static void a_host_that_gives_none_is_no_proof_of_anything(void **state)
{
	CLEANUP(answer_done) struct answer refused = made(403, NULL,
		"{\"code\":\"STEP_UP_ADMIN_API_KEY_FORBIDDEN\"}");
	CLEANUP(answer_done) struct answer down = made(503, NULL,
		"{\"code\":\"STEP_UP_UNAVAILABLE\"}");
	CLEANUP(answer_done) struct answer odd = made(200, NULL,
		"{\"code\":0,\"data\":{}}");
	const json_t *accounts = NULL;

	(void)state;
	assert_int_equal(host_judge_export(&refused, &accounts),
			 FAILURE_HOST_REFUSED);
	assert_int_equal(host_judge_export(&down, &accounts),
			 FAILURE_HOST_REFUSED);
	assert_int_equal(host_judge_export(&odd, &accounts),
			 FAILURE_HOST_UNSUPPORTED);
	assert_null(accounts);
}

static void accounts_are_asked_for_by_their_ids(void **state)
{
	const struct host_peer peer = {
		.base_url = "https://host.example", .auth = HOST_AUTH_API_KEY,
		.inst = "ab12cd",
	};
	int64_t ids[HOST_EXPORT_MAX];
	CLEANUP(request_done) struct request request = { 0 };
	CLEANUP(request_done) struct request most = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(ids); i++)
		ids[i] = INT64_MAX;
	ids[0] = 7;
	ids[1] = 12;
	host_ask_export(&request, &peer, ids, 2);
	assert_string_equal(request.url, "https://host.example/api/v1/admin/"
			    "accounts/data?ids=7,12&include_proxies=false");
	host_ask_export(&most, &peer, ids, COUNT(ids));
	assert_non_null(strstr(most.url, "807&include_proxies=false"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_is_found_by_the_mark_of_its_account),
		cmocka_unit_test(
			a_host_that_gives_none_is_no_proof_of_anything),
		cmocka_unit_test(accounts_are_asked_for_by_their_ids),
	};

	return cmocka_run_group_tests_name("host_export", tests, NULL, NULL);
}
