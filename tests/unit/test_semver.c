/* Versions: which are ones, and in what order. */
#include "tests/unit/fixture.h"

#include <regex.h>

#include "shared/semver.h"
#include "shared/table.h"

static const char *const bad[] = {
	"", "1", "1.2", "1.2.3.4", "01.2.3", "1.2.03", "v1.2.3", "1.2.3-",
	"1.2.3+", "1.2.3-a..b", "1.2.3-.a", "1.2.3-a.", "1.2.x", " 1.2.3",
	"1.2.3 ", "-1.2.3", "1234567890.0.0",
};

/* In their order. */
static const char *const good[] = {
	"0.0.0", "0.0.1", "0.1.126", "0.1.129", "0.2.0", "1.0.0-alpha",
	"1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2",
	"1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1", "2.0.0-1",
	"2.0.0-a", "2.0.0", "10.0.0",
};

static void what_is_no_version_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		if (semver_is_valid(bad[i]))
			fail_msg("%s", bad[i]);
}

static void versions_are_ordered(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		assert_true(semver_is_valid(good[i]));
		for (size_t k = 0; k < COUNT(good); k++) {
			int order = semver_compare(good[i], good[k]);

			if ((order > 0) - (order < 0) != (i > k) - (i < k))
				fail_msg("%s and %s", good[i], good[k]);
		}
	}
	assert_int_equal(semver_compare("1.0.0+a", "1.0.0+b"), 0);
	assert_int_equal(semver_compare("1.0.0-a+x", "1.0.0-a"), 0);
}

static void the_pattern_says_nearly_the_same(void **state)
{
	regex_t re;

	(void)state;
	assert_int_equal(regcomp(&re, SEMVER_PATTERN,
				 REG_EXTENDED | REG_NOSUB), 0);
	for (size_t i = 0; i < COUNT(good); i++)
		assert_int_equal(regexec(&re, good[i], 0, NULL, 0), 0);
	for (size_t i = 0; i < 10; i++)
		if (!strchr(bad[i], '-'))
			assert_int_not_equal(regexec(&re, bad[i], 0, NULL, 0),
					     0);
	regfree(&re);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_version_is_told),
		cmocka_unit_test(versions_are_ordered),
		cmocka_unit_test(the_pattern_says_nearly_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
