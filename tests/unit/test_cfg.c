#include "tests/unit/fixture.h"

#include <ctype.h>

#include "shared/cfg.h"
#include "shared/settings.h"
#include "shared/table.h"
#include "tests/unit/scratch.h"

#define EXAMPLE "conf/crm.conf.example"

struct things {
	char *name;
	int64_t size;
	bool loud;
	int64_t depth;
};

static const struct cfg_field fields[] = {
	{ "name", CFG_TYPE_STRING, offsetof(struct things, name), "none",
	  0, 0, 0, "TEST_CFG_NAME", "What it is called" },
	{ "size", CFG_TYPE_INT, offsetof(struct things, size), NULL,
	  5, 1, INT64_C(99999999999), "TEST_CFG_SIZE", "How large it is" },
	{ "in.loud", CFG_TYPE_BOOL, offsetof(struct things, loud), NULL,
	  1, 0, 1, NULL, "Whether one hears it" },
	{ "in.depth", CFG_TYPE_INT, offsetof(struct things, depth), NULL,
	  -2, -5, 5, NULL, "How deep it lies" },
};

static void things_done(struct things *things)
{
	cfg_done(fields, COUNT(fields), things);
}

static int read_text(const char *text, struct things *things, struct err *err)
{
	SCRATCH dir = scratch_new();
	AUTO_FREE char *path = xasprintf("%s/test.conf", dir);

	scratch_write(path, text, 0600);
	return cfg_read(fields, COUNT(fields), path, things, err);
}

static void defaults_hold_without_a_file(void **state)
{
	CLEANUP(things_done) struct things things = { 0 };
	struct err err;

	(void)state;
	OK(cfg_read(fields, COUNT(fields), NULL, &things, &err));
	assert_string_equal(things.name, "none");
	assert_int_equal(things.size, 5);
	assert_true(things.loud);
	assert_int_equal(things.depth, -2);
}

static void a_file_overrides_and_the_environment_both(void **state)
{
	static const char text[] = "name = \"模\"; size = 12345678901L;\n"
		"in = { loud = false; depth = -5; };\n";
	CLEANUP(things_done) struct things things = { 0 };
	struct err err;

	(void)state;
	OK(read_text(text, &things, &err));
	assert_string_equal(things.name, "模");
	assert_int_equal(things.size, INT64_C(12345678901));
	assert_false(things.loud);
	assert_int_equal(things.depth, -5);
	setenv("TEST_CFG_NAME", "env", 1);
	setenv("TEST_CFG_SIZE", "7", 1);
	OK(read_text(text, &things, &err));
	assert_string_equal(things.name, "env");
	assert_int_equal(things.size, 7);
	setenv("TEST_CFG_SIZE", "", 1);
	OK(read_text(text, &things, &err));
	assert_int_equal(things.size, INT64_C(12345678901));
	unsetenv("TEST_CFG_NAME");
	unsetenv("TEST_CFG_SIZE");
}

static void mistakes_are_named_with_file_and_line(void **state)
{
	static const struct {
		const char *text;
		const char *why;
	} cases[] = {
		{ "size = ;", "line 1" },
		{ "size = 1; size = 2;", "line 1" },
		{ "# one\nsize = 0;", "test.conf:2: size must be 1 to" },
		{ "size = \"1\";", "size must be a whole number" },
		{ "size = 1.5;", "size must be a whole number" },
		{ "name = 1;", "name must be a string in quotes" },
		{ "in = { loud = 1; };", "in.loud must be true or false" },
		{ "in = { depth = 6; };", "in.depth must be -5 to 5" },
		{ "sise = 1;", "setting sise is not known" },
		{ "loud = true;", "setting loud is not known" },
		{ "in = 1;", "setting in is not known" },
		{ "in = { deep = { x = 1; }; };",
		  "setting in.deep is not known" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(things_done) struct things things = { 0 };
		struct err err = { 0 };

		if (read_text(cases[i].text, &things, &err) == 0)
			fail_msg("taken: %s", cases[i].text);
		assert_int_equal(err.kind, ERR_INVALID);
		if (!strstr(err.msg, cases[i].why))
			fail_msg("%s: %s", cases[i].text, err.msg);
	}
}

static void a_wrong_environment_and_a_missing_file_are_refused(void **state)
{
	CLEANUP(things_done) struct things things = { 0 };
	struct err err;

	(void)state;
	setenv("TEST_CFG_SIZE", "12x", 1);
	REFUSED(cfg_read(fields, COUNT(fields), NULL, &things, &err),
		ERR_INVALID);
	assert_non_null(strstr(err.msg, "TEST_CFG_SIZE"));
	setenv("TEST_CFG_SIZE", "999999999999999999999", 1);
	REFUSED(cfg_read(fields, COUNT(fields), NULL, &things, &err),
		ERR_INVALID);
	unsetenv("TEST_CFG_SIZE");
	REFUSED(cfg_read(fields, COUNT(fields), "/nowhere/x.conf", &things,
			 &err), ERR_INVALID);
	assert_non_null(strstr(err.msg, "/nowhere/x.conf"));
	assert_non_null(strstr(err.msg, "No such file"));
}

static void what_is_printed_reads_back_the_same(void **state)
{
	CLEANUP(things_done) struct things things = { 0 };
	CLEANUP(things_done) struct things back = { 0 };
	CLEANUP(buf_done) struct buf text = { .max = 4000 };
	struct err err;

	(void)state;
	OK(cfg_read(fields, COUNT(fields), NULL, &things, &err));
	own_set(&things.name, "a 模 b");
	things.size = INT64_C(5000000000);
	things.loud = false;
	cfg_print(fields, COUNT(fields), &things, &text);
	assert_false(text.failed);
	OK(read_text(buf_str(&text), &back, &err));
	assert_string_equal(back.name, things.name);
	assert_int_equal(back.size, things.size);
	assert_false(back.loud);
	assert_int_equal(back.depth, -2);
}

static void settings_have_sound_defaults(void **state)
{
	CLEANUP(settings_done) struct settings settings = { 0 };
	struct err err;

	(void)state;
	OK(settings_read(&settings, NULL, &err));
	assert_string_equal(settings.database, "/var/lib/crm/crm.db");
	assert_string_equal(settings.probe_from, "auto");
	assert_int_equal(settings.items_max, 10000);
	assert_int_equal(settings.body_max, 4 << 20);
	assert_true(settings.logins_per_minute < 20);
	assert_true(settings.user_calls_per_minute < 240);
	assert_true(settings.exchange_timeout_ms < settings.lease_ms);
	assert_true(settings.chat_timeout_ms < settings.lease_ms);
}

static void the_place_of_probing_is_one_of_three(void **state)
{
	CLEANUP(settings_done) struct settings settings = { 0 };
	SCRATCH dir = scratch_new();
	AUTO_FREE char *path = xasprintf("%s/crm.conf", dir);
	struct err err;

	(void)state;
	scratch_write(path, "engine = { probe_from = \"crm\"; };", 0600);
	OK(settings_read(&settings, path, &err));
	assert_string_equal(settings.probe_from, "crm");
	scratch_write(path, "engine = { probe_from = \"moon\"; };", 0600);
	REFUSED(settings_read(&settings, path, &err), ERR_INVALID);
}

static void a_rate_is_a_number_or_is_not_said(void **state)
{
	CLEANUP(settings_done) struct settings settings = { 0 };
	SCRATCH dir = scratch_new();
	AUTO_FREE char *path = xasprintf("%s/crm.conf", dir);
	struct err err;

	(void)state;
	scratch_write(path, "packs = { usd_rate_cny = \"7.12\"; };", 0600);
	OK(settings_read(&settings, path, &err));
	assert_string_equal(settings.usd_rate_cny, "7.12");
	scratch_write(path, "packs = { usd_rate_cny = \"7,12\"; };", 0600);
	REFUSED(settings_read(&settings, path, &err), ERR_INVALID);
	scratch_write(path, "packs = { usd_rate_cny = \"0\"; };", 0600);
	REFUSED(settings_read(&settings, path, &err), ERR_INVALID);
}

static void the_database_of_the_original_is_taken_from_its_variable(
	void **state)
{
	CLEANUP(settings_done) struct settings settings = { 0 };
	struct err err;

	(void)state;
	setenv("SUB2API_CRM_SQLITE_DSN", "file:/x/y.db?_busy_timeout=9", 1);
	OK(settings_read(&settings, NULL, &err));
	assert_string_equal(settings.database, "file:/x/y.db?_busy_timeout=9");
	unsetenv("SUB2API_CRM_SQLITE_DSN");
}

static void the_file_is_the_option_or_the_variable(void **state)
{
	(void)state;
	unsetenv("CRM_CONF");
	assert_string_equal(settings_file("/a"), "/a");
	setenv("CRM_CONF", "/b", 1);
	assert_string_equal(settings_file("/a"), "/a");
	assert_string_equal(settings_file(NULL), "/b");
	unsetenv("CRM_CONF");
}

/* The text without comments and white space, but for what is in quotes. */
static char *essence(const char *text)
{
	struct buf out = { .max = 100000 };
	bool quoted = false;

	for (const char *p = text; *p; p++) {
		if (*p == '"')
			quoted = !quoted;
		if (!quoted && *p == '#')
			p += strcspn(p, "\n") - 1;
		else if (quoted || !isspace((unsigned char)*p))
			buf_add(&out, p, 1);
	}
	return buf_take(&out);
}

static void the_example_names_every_setting_with_its_default(void **state)
{
	CLEANUP(settings_done) struct settings defaults = { 0 };
	CLEANUP(settings_done) struct settings example = { 0 };
	CLEANUP(buf_done) struct buf printed = { .max = 100000 };
	CLEANUP(buf_done) struct buf file = { .max = 100000 };
	AUTO_FREE char *want = NULL;
	AUTO_FREE char *got = NULL;
	FILE *in = fopen(EXAMPLE, "re");
	struct err err;
	char line[400];

	(void)state;
	assert_non_null(in);
	while (fgets(line, sizeof(line), in))
		buf_adds(&file, line);
	fclose(in);
	OK(settings_read(&example, EXAMPLE, &err));
	OK(settings_read(&defaults, NULL, &err));
	settings_print(&defaults, &printed);
	want = essence(buf_str(&printed));
	got = essence(buf_str(&file));
	assert_string_equal(got, want);
}

/* What the shell of the developer says must not matter. */
static int forget_environment(void **state)
{
	(void)state;
	unsetenv("SUB2API_CRM_SQLITE_DSN");
	unsetenv("CRM_RUNTIME_DIR");
	unsetenv("CRM_PRIVATE_HOSTS");
	unsetenv("CRM_PRIVATE_PROVIDERS");
	unsetenv("CRM_SEAL_PRIVATE");
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_hold_without_a_file),
		cmocka_unit_test(a_file_overrides_and_the_environment_both),
		cmocka_unit_test(mistakes_are_named_with_file_and_line),
		cmocka_unit_test(
			a_wrong_environment_and_a_missing_file_are_refused),
		cmocka_unit_test(what_is_printed_reads_back_the_same),
		cmocka_unit_test(settings_have_sound_defaults),
		cmocka_unit_test(the_place_of_probing_is_one_of_three),
		cmocka_unit_test(
			the_database_of_the_original_is_taken_from_its_variable),
		cmocka_unit_test(a_rate_is_a_number_or_is_not_said),
		cmocka_unit_test(the_file_is_the_option_or_the_variable),
		cmocka_unit_test(
			the_example_names_every_setting_with_its_default),
	};

	return cmocka_run_group_tests(tests, forget_environment, NULL);
}
