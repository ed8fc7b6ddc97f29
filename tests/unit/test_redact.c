#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "schedd/redact.h"
#include "shared/table.h"

static void keys_are_masked_and_words_are_not(void **state)
{
	static const struct {
		const char *from, *to;
	} cases[] = {
		{ "key sk-abc123def456 is wrong",
		  "key " REDACT_MASK " is wrong" },
		{ "sk-ab****************cd!", REDACT_MASK "!" },
		{ "Authorization: Bearer abcdefgh",
		  "Authorization: Bearer " REDACT_MASK },
		{ "x-api-key: admin-0123456789abcdef",
		  "x-api-key: " REDACT_MASK },
		{ "eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyIjoxfQ.c2lnbmF0dXJl",
		  REDACT_MASK },
		{ "api_key=\"abc123\"", "api_key=\"" REDACT_MASK "\"" },
		{ "token: hunter2", "token: " REDACT_MASK },
		{ "0123456789abcdef0123456789abcdef.Q1w2E3r4T5y6U7i8",
		  REDACT_MASK },
		{ "0c1a2b3c-0000-4000-8000-1234567890ab", REDACT_MASK },
		{ "(AKIA0123456789ABCDEFGH)", "(" REDACT_MASK ")" },
		{ "Model doubao-seed-1-6-flash-250828 not found.",
		  "Model doubao-seed-1-6-flash-250828 not found." },
		{ "coding_plan_api_key_not_allowed",
		  "coding_plan_api_key_not_allowed" },
		{ "InvalidEndpointOrModel.ModelIDAccessDisabled",
		  "InvalidEndpointOrModel.ModelIDAccessDisabled" },
		{ "https://api.example.com/v1/chat/completions",
		  "https://api.example.com/v1/chat/completions" },
		{ "Key: 'LoginRequest.Email' Error:Field",
		  "Key: 'LoginRequest.Email' Error:Field" },
		{ "invalid access token or token expired",
		  "invalid access token or token expired" },
		{ "a\n\n b\tc\x01", "a b c " },
		{ "\xff余额不足", "?余额不足" },
		{ "", "" },
		{ NULL, "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO_FREE char *text = redact_text(cases[i].from, 300);

		assert_string_equal(text, cases[i].to);
	}
}

static void texts_are_cut_after_they_are_masked(void **state)
{
	AUTO_FREE char *cut = redact_text("ab sk-0123456789abcdef", 7);
	AUTO_FREE char *whole = redact_text("中中中", 8);

	(void)state;
	assert_string_equal(cut, "ab [red");
	assert_string_equal(whole, "中中");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_masked_and_words_are_not),
		cmocka_unit_test(texts_are_cut_after_they_are_masked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
