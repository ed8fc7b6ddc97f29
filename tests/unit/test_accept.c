/* What a client would rather have, and what a certificate is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "fcgi/accept.h"
#include "fcgi/pem.h"
#include "shared/own.h"
#include "shared/table.h"
#include "tests/unit/certificate.h"

static void chinese_comes_first_unless_english_is_wanted_more(void **state)
{
	static const struct {
		const char *header;
		const char *lang;
	} cases[] = {
		{ NULL, "zh" }, { "", "zh" }, { "*", "zh" },
		{ "de-DE,de;q=0.9", "zh" }, { "en", "en" },
		{ "en-GB", "en" }, { "EN-us,en;q=0.9,zh;q=0.8", "en" },
		{ "zh-CN,zh;q=0.9,en;q=0.8", "zh" }, { "en, zh", "en" },
		{ "zh, en", "zh" }, { "en;q=0.1, zh;q=0.05", "en" },
		{ "en;q=0", "zh" }, { "*;q=0.5, en", "en" },
		{ "en;q=0.5, *", "zh" }, { "zh;q=0, en;q=0.001", "en" },
		{ "english", "zh" }, { "fr, *;q=0.1", "zh" },
		{ "en ; q=0.3 , zh ; q=0.2", "en" }, { ",,;,", "zh" },
		{ "zh;q=0.9;x=1,en;x=1;q=1", "en" }, { "en;q=", "en" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (strcmp(accept_lang(cases[i].header), cases[i].lang) != 0)
			fail_msg("\"%s\" is not %s", cases[i].header,
				 cases[i].lang);
}

static void text_is_for_those_who_ask_for_it(void **state)
{
	static const struct {
		const char *header;
		bool plain;
	} cases[] = {
		{ NULL, false }, { "*/*", false }, { "text/plain", true },
		{ "application/json", false }, { "text/*", true },
		{ "text/html,application/xhtml+xml,*/*;q=0.8", false },
		{ "application/json, text/plain, */*", false },
		{ "text/plain, application/json", true },
		{ "text/plain;q=0.5, application/json;q=0.4", true },
		{ "text/plain;q=0.1, */*", false },
		{ "application/*;q=0.2, text/plain;q=0.3", true },
		{ "image/png", false }, { "TEXT/PLAIN; charset=utf-8", true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (accept_is_plain(cases[i].header) != cases[i].plain)
			fail_msg("\"%s\" went wrong", cases[i].header);
}

static void certificates_are_taken(void **state)
{
	static const char *const good[] = {
		CERTIFICATE, CERTIFICATE CERTIFICATE,
		"An authority\nof ours:\n" CERTIFICATE "\n\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		assert_null(pem_why_not(good[i]));
}

/* Every way of cutting one short is one that is not whole. */
static void cut_certificates_are_refused(void **state)
{
	size_t len = strlen(CERTIFICATE);

	(void)state;
	for (size_t n = 0; n < len - 1; n++) {
		AUTO_FREE char *cut = xstrndup(CERTIFICATE, n);

		if (!pem_why_not(cut))
			fail_msg("%zu of %zu bytes were taken", n, len);
	}
}

static void other_texts_are_no_certificates(void **state)
{
	static const char *const bad[] = {
		"", "hello", "-----BEGIN CERTIFICATE-----",
		"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
		"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
		"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----",
		CERTIFICATE "-----BEGIN CERTIFICATE-----\n",
		"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
		CERTIFICATE "-----BEGIN PRIVATE KEY-----\nAAAA\n"
			"-----END PRIVATE KEY-----\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_non_null(pem_why_not(bad[i]));
	assert_non_null(strstr(pem_why_not(bad[COUNT(bad) - 1]),
			       "private key"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			chinese_comes_first_unless_english_is_wanted_more),
		cmocka_unit_test(text_is_for_those_who_ask_for_it),
		cmocka_unit_test(certificates_are_taken),
		cmocka_unit_test(cut_certificates_are_refused),
		cmocka_unit_test(other_texts_are_no_certificates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
