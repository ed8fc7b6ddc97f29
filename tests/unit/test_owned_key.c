#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "shared/own.h"
#include "shared/owned_key.h"

#define OURS "00112233445566778899aabbccddeeff"
#define OTHER "ffeeddccbbaa99887766554433221100"

struct look {
	const char *says;
	const char *live;	/* NULL: the account is gone */
	bool refused;
	bool found;
	enum owned_certainty certainty;
	const char *exported;
};

#define HERE "\"base_url\":\"https://a.example/v1\""
#define ELSEWHERE "\"base_url\":\"https://b.example/v1\""
#define NOT false, OWNED_CERTAIN
#define SHOWN(ours, live) "{\"ours\":\"" ours "\",\"live\":\"" live "\"}"

static const struct look looks[] = {
	{ "shown, and ours", "{" HERE ",\"key\":\"" OURS "\"}", false, NOT },
	{ "shown, and ours, though it is refused",
	  "{" HERE ",\"key\":\"" OURS "\"}", true, NOT },
	{ "shown, and another", "{" HERE ",\"key\":\"" OTHER "\"}", false,
	  true, OWNED_CERTAIN },
	{ "shown, another, elsewhere", "{" ELSEWHERE ",\"key\":\"" OTHER "\"}",
	  true, true, OWNED_CERTAIN },
	{ "hidden, and at peace", "{" HERE "}", false, NOT },
	{ "hidden, and refused where ours is taken", "{" HERE "}", true, true,
	  OWNED_LIKELY },
	{ "hidden, and sent elsewhere", "{" ELSEWHERE "}", false, true,
	  OWNED_UNKNOWN },
	{ "hidden, refused, sent elsewhere", "{" ELSEWHERE "}", true, true,
	  OWNED_UNKNOWN },
	{ "gone", NULL, true, NOT },
	{ "hidden, and exported", "{" HERE "}", false, true, OWNED_CERTAIN,
	  SHOWN(OURS, OTHER) },
	{ "hidden, exported, refused", "{" HERE "}", true, true,
	  OWNED_CERTAIN, SHOWN(OURS, OTHER) },
	{ "hidden, exported, sent elsewhere", "{" ELSEWHERE "}", false, true,
	  OWNED_CERTAIN, SHOWN(OURS, OTHER) },
	{ "exported beside an earlier one of ours", "{" HERE "}", false, NOT,
	  SHOWN(OTHER, "aa") },
	{ "exported, gone", NULL, false, NOT, SHOWN(OURS, OTHER) },
};

static const struct owned_finding *key_among(const struct owned_finding *list,
					     size_t count)
{
	const struct owned_finding *key = NULL;

	for (size_t i = 0; i < count; i++) {
		if (strcmp(list[i].field->name, "key") != 0)
			continue;
		assert_null(key);	/* once is enough */
		key = &list[i];
	}
	return key;
}

static void it_is_said_how_sure_it_is(void **state)
{
	json_auto_t *wanted = json_loads("{" HERE ",\"key\":\"" OURS "\"}", 0,
					 NULL);
	struct owned_finding found[OWNED_FINDINGS_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(looks); i++) {
		json_auto_t *live = looks[i].live
			? json_loads(looks[i].live, 0, NULL) : NULL;
		const struct owned_three the = {
			.type = RESOURCE_ACCOUNT, .wanted = wanted,
			.live = live,
		};
		json_auto_t *shown = looks[i].exported
			? json_loads(looks[i].exported, 0, NULL) : NULL;
		const struct owned_key_signs signs = {
			.refused = looks[i].refused,
			.exported = shown,
		};
		size_t count = owned_key_judge(&the, &signs, found,
					       owned_compare(&the, found));
		const struct owned_finding *key = key_among(found, count);

		if ((key != NULL) != looks[i].found)
			fail_msg("%s: %s", looks[i].says, key ? "found" : "not");
		if (!key)
			continue;
		if (key->certainty != looks[i].certainty)
			fail_msg("%s: %s", looks[i].says,
				 owned_certainty_name(key->certainty));
		assert_int_equal(key->moved, OWNED_THEM);
		assert_int_equal(key->action, OWNED_ASK);
		assert_string_equal(json_string_value(key->wanted), OURS);
		if (looks[i].exported)
			assert_string_equal(json_string_value(key->live),
					    OTHER);
	}
}

static void other_things_have_no_such_key(void **state)
{
	json_auto_t *live = json_object();
	const struct owned_three the = {
		.type = RESOURCE_GROUP, .live = live,
	};
	const struct owned_key_signs signs = { .refused = true };
	struct owned_finding found[OWNED_FINDINGS_MAX];

	(void)state;
	assert_int_equal(owned_key_judge(&the, &signs, found, 0), 0);
}

static void what_checks_left_is_read(void **state)
{
	json_auto_t *yes = json_loads("{\"" OWNED_KEY_REFUSED "\":true}", 0,
				      NULL);
	json_auto_t *no = json_loads("{\"before\":{}}", 0, NULL);

	(void)state;
	assert_true(owned_key_refused(yes));
	assert_false(owned_key_refused(no));
	assert_false(owned_key_refused(NULL));
}

static void what_an_export_showed_is_noted_once(void **state)
{
	json_auto_t *seen = json_pack("{sb}", "other", 1);
	const json_t *note;

	(void)state;
	assert_false(owned_key_saw_export(seen, OURS, OURS));
	assert_true(owned_key_saw_export(seen, OURS, OTHER));
	assert_false(owned_key_saw_export(seen, OURS, OTHER));
	note = json_object_get(seen, OWNED_KEY_EXPORTED);
	assert_string_equal(json_string_value(json_object_get(note, "live")),
			    OTHER);
	assert_true(owned_key_saw_export(seen, OTHER, "aa"));
	assert_true(owned_key_saw_export(seen, OTHER, OTHER));
	assert_null(json_object_get(seen, OWNED_KEY_EXPORTED));
	assert_int_equal(json_object_size(seen), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_said_how_sure_it_is),
		cmocka_unit_test(other_things_have_no_such_key),
		cmocka_unit_test(what_checks_left_is_read),
		cmocka_unit_test(what_an_export_showed_is_noted_once),
	};

	return cmocka_run_group_tests_name("owned_key", tests, NULL, NULL);
}
