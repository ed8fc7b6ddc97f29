/* job: what is left of an answer that shows keys in clear. */
#include "tests/unit/recorded.h"

#include <string.h>

#include "schedd/host/answer.h"
#include "schedd/job.h"

#define KEY "good-0123456789abcdef-0123"

static const struct {
	const char *says;
	int status;
	const char *body;
	const char *detail;	/* NULL: it is JSON */
} answers[] = {
	{ "an account", 200, "{\"code\":0,\"data\":{\"credentials\":"
	  "{\"api_key\":\"" KEY "\"}}}", NULL },
	{ "half of one", 200, "{\"code\":0,\"data\":{\"credentials\":"
	  "{\"api_key\":\"" KEY "\"}", "HTTP 200: " },
	{ "half of a list", 200, " \n[{\"api_key\":\"" KEY "\"},",
	  "HTTP 200: " },
	{ "words of a proxy", 502, "no upstream", "HTTP 502: no upstream" },
};

static void no_key_is_left_in_clear(void **state)
{
	const struct step step = { .name = "s", .fingerprints = true };
	struct seal_private key;
	const struct store store = { .key = &key };
	char print[SEAL_FINGERPRINT_TEXT];

	(void)state;
	seal_generate(&key);
	seal_fingerprint(&key.pub, KEY, print);
	for (size_t i = 0; i < COUNT(answers); i++) {
		struct job job = { .step = &step };
		struct answer answer = {
			.status = answers[i].status, .retry_after_ms = -1,
			.body = xstrdup(answers[i].body),
			.body_len = strlen(answers[i].body),
		};
		AUTO_FREE char *detail = NULL;
		const char *shown;

		job_answered(&job, &store, &answer);
		shown = answer_text(&job.answer, "/data/credentials/api_key");
		if (memmem(job.answer.body, job.answer.body_len, KEY,
			   strlen(KEY)))
			fail_msg("%s", answers[i].says);
		assert_int_equal(!shown, answers[i].detail != NULL);
		if (shown)
			assert_string_equal(shown, print);
		detail = host_detail(&job.answer);
		if (answers[i].detail)
			assert_string_equal(detail, answers[i].detail);
		answer_done(&job.answer);
	}
	seal_private_done(&key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_key_is_left_in_clear),
	};
	struct err err;

	if (seal_start(&err))
		return 1;
	return cmocka_run_group_tests_name("job", tests, NULL, NULL);
}
