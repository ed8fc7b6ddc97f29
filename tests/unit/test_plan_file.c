/* Plans in files: where their secrets are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/api.h"
#include "cli/command.h"
#include "cli/plan_file.h"
#include "cli/run_body.h"
#include "shared/table.h"

static char *file_with(const char *text)
{
	char *path = xstrdup("/tmp/test_plan_file.XXXXXX");
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (long)strlen(text));
	close(fd);
	return path;
}

static json_t *plan_with(const char *from)
{
	AUTO_FREE char *text = xasprintf("{\"plan_id\":\"pln_1\",\"request\":"
		"{\"body\":{\"keys\":[{\"api_key\":{\"fingerprint\":\"f\","
		"\"from\":%s}},{\"fingerprint\":\"g\",\"from\":{\"env\":"
		"\"PLAN_KEY\"}}]}}}", from);

	return json_loads(text, 0, NULL);
}

static void secrets_come_from_where_the_plan_says(void **state)
{
	AUTO_FREE char *path = file_with("secret-one\n");
	AUTO_FREE char *from = xasprintf("{\"file\":\"%s\"}", path);
	json_auto_t *plan = plan_with(from);
	CLEANUP(plan_secrets_wipe) json_t *secrets = NULL;
	struct err err;

	(void)state;
	setenv("PLAN_KEY", "secret-two", 1);
	assert_int_equal(plan_file_secrets(plan, &secrets, &err), 0);
	assert_string_equal(api_text(secrets, "/keys/0/api_key"),
			    "secret-one");
	assert_string_equal(api_text(secrets, "/keys/1"), "secret-two");
	unlink(path);
}

static void a_secret_that_is_nowhere_is_told(void **state)
{
	json_auto_t *plan = plan_with("null");
	json_auto_t *other = plan_with("{\"env\":\"PLAN_NOT_SET\"}");
	json_t *secrets = NULL;
	struct err err;

	(void)state;
	assert_int_equal(plan_file_secrets(plan, &secrets, &err), -1);
	assert_non_null(strstr(err.msg, "/keys/0/api_key"));
	assert_int_equal(plan_file_secrets(other, &secrets, &err), -1);
	assert_non_null(strstr(err.msg, "PLAN_NOT_SET"));
	assert_null(secrets);
}

static void options_say_where_keys_are(void **state)
{
	AUTO_FREE char *path = file_with("x");
	const char *argv[] = { "--key-file", path, "--probe-key-file", path,
			       NULL };
	const char *standard[] = { "--key-file", "-", NULL };
	const struct command *command = command_find("plan", "import");
	CLEANUP(args_done) struct args args = { 0 }, other = { 0 };
	json_auto_t *from = NULL;
	struct err err;
	size_t at = 0;

	(void)state;
	assert_int_equal(args_read(&args, argv, &at, command->needs |
				   command->takes, false, &err), 0);
	assert_int_equal(plan_file_from(&args, &from, &err), 0);
	assert_string_equal(api_text(json_object_get(from,
		"/keys/0/api_key"), "file"), path);
	assert_string_equal(api_text(json_object_get(from,
		"/probe_api_key"), "file"), path);
	at = 0;
	assert_int_equal(args_read(&other, standard, &at, command->needs |
				   command->takes, false, &err), 0);
	json_decref(from);
	from = NULL;
	assert_int_equal(plan_file_from(&other, &from, &err), -1);
	unlink(path);
}

static const char rows[] = "[{\"base_url\":\"u\",\"api_key\":\"one\"},"
	"{\"api_key\":\"two\"}]";
static const char whole[] = "{\"host_id\":\"h\",\"probe_api_key\":\"mine\","
	"\"items\":[{\"api_key\":\"one\"},{\"api_key\":\"two\"}]}";

/* What `from` names of a file of keys, fetched again. */
static json_t *fetched(const json_t *from)
{
	json_auto_t *plan = json_pack("{s:{s:{s:[{s:{s:s, s:O}},"
		" {s:{s:s, s:O}}], s:{s:s, s:O}}}}", "request", "body",
		"items",
		"api_key", "fingerprint", "f", "from",
		json_object_get(from, "/items/0/api_key"),
		"api_key", "fingerprint", "g", "from",
		json_object_get(from, "/items/1/api_key"),
		"probe_api_key", "fingerprint", "h", "from",
		json_object_get(from, "/probe_api_key"));
	json_t *secrets = NULL;
	struct err err;

	assert_non_null(plan);
	assert_int_equal(plan_file_secrets(plan, &secrets, &err), 0);
	return secrets;
}

static void read_options(struct args *args, const char *const *argv)
{
	const struct command *command = command_find("plan", "run");
	struct err err;
	size_t at = 0;

	assert_int_equal(args_read(args, argv, &at, command->needs |
				   command->takes, false, &err), 0);
}

static json_t *run_from(const char *file, const char *key)
{
	const char *argv[] = { "--file", file, "--probe-key-file", key, NULL };
	CLEANUP(args_done) struct args args = { 0 };
	json_t *from = NULL;
	struct err err;

	if (!key)
		argv[2] = NULL;
	read_options(&args, argv);
	assert_int_equal(plan_file_run_from(&args, &from, &err), 0);
	return from;
}

static void keys_of_a_file_are_found_by_pointers(void **state)
{
	AUTO_FREE char *list = file_with(rows);
	AUTO_FREE char *object = file_with(whole);
	AUTO_FREE char *key = file_with("yours");
	json_auto_t *by_list = run_from(list, key);
	json_auto_t *by_object = run_from(object, NULL);
	json_auto_t *above = run_from(object, key);
	CLEANUP(plan_secrets_wipe) json_t *one = fetched(by_list);
	CLEANUP(plan_secrets_wipe) json_t *other = fetched(by_object);
	CLEANUP(plan_secrets_wipe) json_t *third = fetched(above);

	(void)state;
	assert_string_equal(api_text(json_object_get(by_list,
		"/items/1/api_key"), "pointer"), "/1/api_key");
	assert_string_equal(api_text(one, "/items/0/api_key"), "one");
	assert_string_equal(api_text(one, "/items/1/api_key"), "two");
	assert_string_equal(api_text(one, "/probe_api_key"), "yours");
	assert_string_equal(api_text(other, "/items/1/api_key"), "two");
	assert_string_equal(api_text(other, "/probe_api_key"), "mine");
	/* An option stands above the file. */
	assert_string_equal(api_text(third, "/probe_api_key"), "yours");
	unlink(list);
	unlink(object);
	unlink(key);
}

/* What a plan of lines asks for, and where it says that keys are. */
static json_t *lines_from(const char *file, const char *form, char **ret_body)
{
	AUTO_FREE char *key = file_with("yours");
	const char *argv[] = { "--host", "h", "--file", file, "--form", form,
			       "--probe-key-file", key, NULL };
	CLEANUP(run_body_done) struct jout body = { .text.max = 4096 };
	CLEANUP(args_done) struct args args = { 0 };
	json_t *from = NULL;
	struct err err;

	read_options(&args, argv);
	assert_int_equal(plan_file_run_from(&args, &from, &err), 0);
	assert_int_equal(run_body_write(&body, &args, &err), 0);
	*ret_body = xstrdup(buf_str(&body.text));
	json_object_set_new(json_object_get(from, "/probe_api_key"), "file",
			    json_string(file));
	unlink(key);
	return from;
}

/* As Excel saves it: GBK, with a blank line, which is no row. */
static const char sheet[] = "\xbd\xd3\xbf\xda\xb5\xd8\xd6\xb7,"
	"\xc3\xdc\xd4\xbf,\xb1\xea\xc7\xa9\r\n"
	"u,one,\xbc\xd7\r\n,,\r\nv,two,\r\n";

static void keys_of_lines_are_found_by_their_rows(void **state)
{
	static const struct {
		const char *form, *text, *items;
	} files[] = {
		{ "csv", sheet, "\"items\":[{\"base_url\":\"u\",\"api_key\":"
		  "\"one\",\"label\":\"甲\"},{\"base_url\":\"v\",\"api_key\":"
		  "\"two\"}]" },
		{ "jsonl", "{\"api_key\":\"one\"}\n\n{\"api_key\":\"two\"}",
		  "\"items\":[{\"api_key\":\"one\"},{\"api_key\":\"two\"}]" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(files); i++) {
		AUTO_FREE char *path = file_with(files[i].text);
		AUTO_FREE char *body = NULL;
		json_auto_t *from = lines_from(path, files[i].form, &body);
		const json_t *two = json_object_get(from, "/items/1/api_key");
		CLEANUP(plan_secrets_wipe) json_t *keys = NULL;

		assert_non_null(strstr(body, files[i].items));
		assert_string_equal(api_text(two, "pointer"), "/1/api_key");
		assert_string_equal(api_text(two, "form"), files[i].form);
		keys = fetched(from);
		assert_string_equal(api_text(keys, "/items/0/api_key"), "one");
		assert_string_equal(api_text(keys, "/items/1/api_key"), "two");
		unlink(path);
	}
}

static void lines_that_are_no_rows_make_no_plan(void **state)
{
	static const struct {
		const char *form, *text;
	} files[] = {
		{ "csv", "url,key,colour\nu,one,red\n" },
		{ "csv", "url,key\nu,one,red\nv,two\n" },
		{ "csv", "url,key\n" },
		{ "csv", "PK\x03\x04" },
		{ "jsonl", "{\"api_key\":\"one\"}\n{\n" },
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(files); i++) {
		AUTO_FREE char *path = file_with(files[i].text);
		const char *argv[] = { "--file", path, "--form", files[i].form,
				       NULL };
		CLEANUP(args_done) struct args args = { 0 };
		json_t *from = NULL;

		read_options(&args, argv);
		assert_int_equal(plan_file_run_from(&args, &from, &err), -1);
		assert_int_equal(err.kind, ERR_INVALID);
		assert_non_null(strstr(err.msg, path));
		assert_null(strstr(err.msg, "the body"));
		unlink(path);
	}
}

static void a_plan_is_written_to_a_new_file_and_read_again(void **state)
{
	AUTO_FREE char *path = file_with("{\"a\":1}");
	json_auto_t *plan = plan_with("null");
	json_auto_t *again = NULL;
	struct err err;

	(void)state;
	assert_int_equal(plan_file_read(path, &again, &err), -1);
	assert_int_equal(plan_file_write(path, plan, &err), -1);
	unlink(path);
	assert_int_equal(plan_file_write(path, plan, &err), 0);
	assert_int_equal(plan_file_read(path, &again, &err), 0);
	assert_true(json_equal(plan, again));
	unlink(path);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(secrets_come_from_where_the_plan_says),
		cmocka_unit_test(a_secret_that_is_nowhere_is_told),
		cmocka_unit_test(options_say_where_keys_are),
		cmocka_unit_test(keys_of_a_file_are_found_by_pointers),
		cmocka_unit_test(keys_of_lines_are_found_by_their_rows),
		cmocka_unit_test(lines_that_are_no_rows_make_no_plan),
		cmocka_unit_test(
			a_plan_is_written_to_a_new_file_and_read_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
