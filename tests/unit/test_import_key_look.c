/*
 * A key of a managed user that the gateway refuses: what people were given is
 * never replaced while the host still has it.
 */
#include "tests/unit/import_fixture.h"

#define NEW "0.1.179"
#define KEYS(list) SAYS(200, ENVELOPE("{\"items\":[" list "],\"total\":1," \
	"\"page\":1,\"page_size\":100,\"pages\":1}"))
#define PRINT "0123456789abcdef0123456789abcdef"
#define OWNED(print, group, status) "{\"id\":2,\"key\":\"" print "\"," \
	"\"group_id\":" #group ",\"status\":\"" status "\"}"

static void importing_again(struct import *im)
{
	has(im, IMPORT_GROUP, RESOURCE_PRESENT, "7");
	has(im, IMPORT_USER, RESOURCE_PRESENT, "4");
	has(im, IMPORT_SUBSCRIPTION, RESOURCE_PRESENT, "6");
	has(im, IMPORT_KEY, RESOURCE_PRESENT, "2");
	snprintf(im->key_fingerprint, sizeof(im->key_fingerprint), PRINT);
}

static void checking_it(struct import *im)
{
	importing_again(im);
	im->checking = true;
}

static void key_is_gone(const struct import *im)
{
	assert_int_equal(im->resources[IMPORT_KEY].state, RESOURCE_GONE);
}

static void key_stays(const struct import *im)
{
	assert_int_equal(im->resources[IMPORT_KEY].state, RESOURCE_PRESENT);
	assert_false(im->memo.keep_key);
}

static void key_is_to_be_bound(const struct import *im)
{
	assert_int_equal(im->resources[IMPORT_KEY].state, RESOURCE_PRESENT);
	assert_true(im->memo.keep_key);
	assert_int_equal(im->resources[IMPORT_SUBSCRIPTION].state,
			 RESOURCE_GONE);
}

static void a_refused_key_is_drawn_anew_only_if_it_is_gone(void **state)
{
	static const struct step_case always[] = {
		{ "gone", NULL, KEYS(OWNED("other", 7, "active")),
		  TO("access.subscription"), key_is_gone },
		{ "gone with its user", NULL, SAYS(404, REASON(404,
							"USER_NOT_FOUND")),
		  TO("access.subscription"), key_is_gone },
		{ "switched off", NULL, KEYS(OWNED(PRINT, 7, "disabled")),
		  TO("validate.models"), key_stays },
		{ "its user or group is off", NULL,
		  KEYS(OWNED(PRINT, 7, "active")),
		  TO("validate.models"), key_stays },
		{ "bound to nothing", NULL, KEYS(OWNED(PRINT, 0, "active")),
		  TO("access.subscription"), key_is_to_be_bound },
	};
	static const struct step_case checked[] = {
		{ "moved by somebody", NULL, KEYS(OWNED(PRINT, 8, "active")),
		  TO("validate.models"), key_stays },
	};
	static const struct step_case imported[] = {
		{ "moved by somebody", NULL, KEYS(OWNED(PRINT, 8, "active")),
		  TO("access.subscription"), key_is_to_be_bound },
	};
	IMPORT im = import_on(NEW);

	(void)state;
	walk(got_key_look, NEW, checking_it, always, COUNT(always));
	walk(got_key_look, NEW, importing_again, always, COUNT(always));
	walk(got_key_look, NEW, checking_it, checked, COUNT(checked));
	walk(got_key_look, NEW, importing_again, imported, COUNT(imported));
	importing_again(im);
	check_asks(ask_key_look, im, "GET " ADMIN
		   "/users/4/api-keys?page=1&page_size=1000");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_refused_key_is_drawn_anew_only_if_it_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
