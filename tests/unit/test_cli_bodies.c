/* crmctl: what it sends of hosts, and the words it shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/command.h"
#include "cli/host_body.h"
#include "cli/run_body.h"
#include "cli/run_file.h"
#include "cli/text_file.h"
#include "cli/words.h"
#include "shared/table.h"

/* A file with this text; unlink() and free() it. */
static char *file_with(const char *text)
{
	char *path = xstrdup("/tmp/test_cli_bodies.XXXXXX");
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (long)strlen(text));
	close(fd);
	return path;
}

static void read_line(struct args *args, const char *const *argv,
		      const char *noun, const char *verb)
{
	const struct command *command = command_find(noun, verb);
	struct err err;
	size_t at = 0;

	assert_non_null(command);
	assert_int_equal(args_read(args, argv, &at,
				   command->needs | command->takes, false,
				   &err), 0);
}

static void host_is(const char *const *argv, const char *verb,
		    const char *wanted)
{
	CLEANUP(host_body_done) struct jout body = {
		.text.max = HOST_BODY_MAX
	};
	CLEANUP(args_done) struct args args = { 0 };
	struct err err;

	read_line(&args, argv, "host", verb);
	if (wanted) {
		assert_int_equal(host_body_write(&body, &args, &err), 0);
		assert_string_equal(buf_str(&body.text), wanted);
	} else {
		assert_int_equal(host_body_write(&body, &args, &err), -1);
	}
}

static void hosts_are_added_with_all_that_was_given(void **state)
{
	AUTO_FREE char *password = file_with("a pass word \n");
	AUTO_FREE char *proxy = file_with("socks5://u:p@10.0.0.1:1080\n");
	AUTO_FREE char *pem = file_with("-----BEGIN X-----\nAA\n"
					"-----END X-----\n\n");
	const char *const argv[] = {
		"--base-url", "http://h", "--auth-type", "password",
		"--admin-email", "a@b", "--token-file", password,
		"--proxy-file", proxy, "--ca-file", pem, NULL
	};

	(void)state;
	host_is(argv, "add", "{\"base_url\":\"http://h\","
		"\"auth_type\":\"password\",\"admin_email\":\"a@b\","
		"\"auth_token\":\"a pass word\","
		"\"proxy\":\"socks5://u:p@10.0.0.1:1080\","
		"\"ca_pem\":\"-----BEGIN X-----\\nAA\\n-----END X-----\\n\"}");
	unlink(password);
	unlink(proxy);
	unlink(pem);
}

static void what_is_taken_away_is_null(void **state)
{
	static const char *const away[] = { "--no-proxy", "--no-ca", NULL };
	static const char *const both[] = { "--no-proxy", "--proxy-file",
					    "/dev/null", NULL };
	static const char *const missing[] = { "--token-file",
					       "/nonexistent/file", NULL };

	(void)state;
	host_is(away, "set", "{\"proxy\":null,\"ca_pem\":null}");
	host_is(both, "set", NULL);
	host_is(missing, "set", NULL);
}

static void limits_of_an_endpoint_have_a_range(void **state)
{
	static const struct {
		const char *argv[6];
		const char *wanted;
	} cases[] = {
		{ { "--concurrency", "3", "--requests-per-minute", "0" },
		  "{\"concurrency\":3,\"requests_per_minute\":null}" },
		{ { "--concurrency", "-1" }, NULL },
		{ { "--requests-per-minute", "many" }, NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(host_body_done) struct jout body = {
			.text.max = HOST_BODY_MAX
		};
		CLEANUP(args_done) struct args args = { 0 };
		struct err err;

		read_line(&args, cases[i].argv, "endpoint", "set");
		assert_int_equal(host_body_write(&body, &args, &err),
				 cases[i].wanted ? 0 : -1);
		if (cases[i].wanted)
			assert_string_equal(buf_str(&body.text),
					    cases[i].wanted);
	}
}

static void a_run_may_bring_the_key_of_a_user(void **state)
{
	CLEANUP(run_body_done) struct jout body = { .text.max = 4096 };
	CLEANUP(args_done) struct args args = { 0 };
	AUTO_FREE char *items = file_with("{\"access_mode\":\"subscription\","
					  "\"rebind\":false,\"items\":[]}");
	AUTO_FREE char *key = file_with("sk-user\n");
	const char *const argv[] = {
		"-f", items, "--access-mode", "self_service",
		"--probe-key-file", key, "--rebind", NULL
	};
	struct err err;

	(void)state;
	read_line(&args, argv, "run", "create");
	assert_int_equal(run_body_write(&body, &args, &err), 0);
	assert_string_equal(buf_str(&body.text), "{\"items\":[],"
		"\"access_mode\":\"self_service\",\"rebind\":true,"
		"\"probe_api_key\":\"sk-user\"}");
	unlink(items);
	unlink(key);
}

/* What `run create` makes of this line; NULL: it is refused. */
static void type_is(const char *const *argv, const char *wanted, bool refused)
{
	CLEANUP(args_done) struct args args = { 0 };
	const char *form = "untouched", *type;
	struct err err;

	read_line(&args, argv, "run", "create");
	assert_int_equal(run_rows_form(&args, &form, &err), refused ? -1 : 0);
	type = run_rows_type(refused ? NULL : form);
	if (!wanted)
		assert_null(type);
	else
		assert_string_equal(type, wanted);
}

static void a_file_tells_its_form_by_its_name_or_an_option(void **state)
{
	static const char *const csv[] = { "-f", "a.b/k.CSV", NULL };
	static const char *const lines[] = { "-f", "k.jsonl", NULL };
	static const char *const json[] = { "-f", "k.json", NULL };
	static const char *const none[] = { "-f", "-", NULL };
	static const char *const said[] = { "-f", "-", "--form", "csv", NULL };
	static const char *const other[] = { "-f", "k.csv", "--form", "json",
					     NULL };
	static const char *const wrong[] = { "-f", "k", "--form", "xls",
					     NULL };
	static const char *const alone[] = { "--form", "csv", NULL };

	(void)state;
	type_is(csv, "text/csv", false);
	type_is(lines, "application/x-ndjson", false);
	type_is(json, NULL, false);
	type_is(none, NULL, false);
	type_is(said, "text/csv", false);
	type_is(other, NULL, false);
	type_is(wrong, NULL, true);
	type_is(alone, NULL, true);
}

static void a_file_of_rows_is_sent_as_it_is(void **state)
{
	CLEANUP(api_filters_done) struct api_filters query = { 0 };
	CLEANUP(run_body_done) struct jout body = { 0 };
	CLEANUP(args_done) struct args args = { 0 };
	AUTO_FREE char *rows = file_with("url,key\r\na,b\n\n");
	const char *const argv[] = {
		"-f", rows, "--host", "h", "--user", "a", "--user", "b",
		"--days", "3", "--strict", "--canary", "2", "--stop-after",
		"1", NULL
	};
	struct err err;

	(void)state;
	read_line(&args, argv, "run", "create");
	assert_int_equal(run_file_read(&args, &body, &query, &err), 0);
	assert_string_equal(buf_str(&body.text), "url,key\r\na,b\n\n");
	assert_string_equal(query.list[0], "host_id=h");
	assert_string_equal(query.list[1], "subscription_users=a,b");
	assert_string_equal(query.list[2], "strict=true");
	assert_string_equal(query.list[3], "subscription_days=3");
	assert_string_equal(query.list[4], "canary_items=2");
	assert_string_equal(query.list[5], "canary_stop_after=1");
	assert_null(query.list[6]);
	unlink(rows);
}

static void what_a_file_of_rows_cannot_say_is_refused(void **state)
{
	static const char *const bad[][6] = {
		{ "-f", "k.csv", NULL },
		{ "-f", "k.csv", "--host", "h", NULL },	/* no such file */
		{ "-f", "/dev/null", "--host=h", "--label=x", NULL },
		{ "-f", "/dev/null", "--host=h", "--canary=0", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		CLEANUP(api_filters_done) struct api_filters query = { 0 };
		CLEANUP(run_body_done) struct jout body = { 0 };
		CLEANUP(args_done) struct args args = { 0 };
		struct err err;

		read_line(&args, bad[i], "run", "create");
		assert_int_equal(run_file_read(&args, &body, &query, &err),
				 -1);
	}
}

/* The rows are read here then, and nothing of them goes into a URL. */
static void a_file_of_rows_may_come_with_the_key_of_a_user(void **state)
{
	CLEANUP(run_body_done) struct jout body = { .text.max = 4096 };
	CLEANUP(args_done) struct args args = { 0 };
	AUTO_FREE char *rows = file_with("url,key\r\nu,one\r\n");
	AUTO_FREE char *key = file_with("sk-user\n");
	const char *const argv[] = {
		"-f", rows, "--form", "csv", "--host", "h",
		"--probe-key-file", key, NULL
	};
	struct err err;

	(void)state;
	read_line(&args, argv, "run", "create");
	assert_int_equal(run_body_write(&body, &args, &err), 0);
	assert_string_equal(buf_str(&body.text), "{\"items\":[{\"base_url\":"
		"\"u\",\"api_key\":\"one\"}],\"host_id\":\"h\","
		"\"probe_api_key\":\"sk-user\"}");
	unlink(rows);
	unlink(key);
}

static void one_key_may_have_a_label_and_a_run_a_canary(void **state)
{
	CLEANUP(run_body_done) struct jout body = {
		.text.max = RUN_BODY_MAX
	};
	CLEANUP(args_done) struct args args = { 0 };
	AUTO_FREE char *key = file_with("sk-user\n");
	const char *const argv[] = {
		"--host", "h", "--base-url", "u", "--key-file", key,
		"--label", "甲", "--note", "n", "--strict", "--canary", "1",
		NULL
	};
	struct err err;

	(void)state;
	read_line(&args, argv, "run", "create");
	assert_int_equal(run_body_write(&body, &args, &err), 0);
	assert_string_equal(buf_str(&body.text), "{\"items\":[{\"base_url\":"
		"\"u\",\"api_key\":\"sk-user\",\"label\":\"甲\","
		"\"note\":\"n\"}],\"host_id\":\"h\",\"strict\":true,"
		"\"canary\":{\"items\":1}}");
	unlink(key);
}

static void a_template_has_the_columns_that_are_known(void **state)
{
	(void)state;
	assert_non_null(strstr(run_file_template("zh"), "接口地址,密钥"));
	assert_memory_equal(run_file_template("en"), "base_url,api_key", 16);
}

static void text_files_have_one_text(void **state)
{
	AUTO_FREE char *two = file_with(" a\n b \r\n\n");
	AUTO_FREE char *empty = file_with(" \n");
	AUTO_FREE char *text = NULL;
	struct err err;

	(void)state;
	assert_int_equal(text_file_read(two, "x", 100, &text, &err), 0);
	assert_string_equal(text, " a\n b");
	own_set(&text, NULL);
	assert_int_equal(text_file_read(two, "x", 3, &text, &err), -1);
	assert_int_equal(text_file_read(empty, "x", 100, &text, &err), -1);
	assert_null(text);
	unlink(two);
	unlink(empty);
}

static void language_is(const char *all, const char *lang,
			const char *const *argv, const char *wanted)
{
	CLEANUP(args_done) struct args args = { 0 };
	const char *language;
	struct err err;

	setenv("LC_ALL", all, 1);
	setenv("LC_MESSAGES", "", 1);
	setenv("LANG", lang, 1);
	read_line(&args, argv, "explain", NULL);
	if (wanted) {
		assert_int_equal(words_language(&args, &language, &err), 0);
		assert_string_equal(language, wanted);
	} else {
		assert_int_equal(words_language(&args, &language, &err), -1);
	}
}

static void the_language_is_the_terminals_unless_given(void **state)
{
	static const char *const none[] = { NULL };
	static const char *const zh[] = { "--lang", "zh", NULL };
	static const char *const fr[] = { "--lang", "fr", NULL };

	(void)state;
	language_is("", "zh_CN.UTF-8", none, "zh");
	language_is("en_US.UTF-8", "zh_CN.UTF-8", none, "en");
	language_is("", "C", none, "en");
	language_is("", "", none, "en");
	language_is("", "C", zh, "zh");
	language_is("", "C", fr, NULL);
}

static void a_view_speaks_one_language(void **state)
{
	json_auto_t *object = json_pack(
		"{s:s, s:s, s:i, s:[{s:s, s:s}, i], s:s}",
		"why_zh", "因为", "why_en", "because", "n", 1,
		"list", "text_zh", "一", "text_en", "one", 2, "_zh", "x");
	json_auto_t *zh = words_view(object, "zh");
	json_auto_t *en = words_view(object, "en");
	json_auto_t *wanted = json_pack(
		"{s:s, s:i, s:[{s:s}, i], s:s}", "why", "because", "n", 1,
		"list", "text", "one", 2, "_zh", "x");

	(void)state;
	assert_true(json_equal(en, wanted));
	assert_string_equal(json_string_value(json_object_get(zh, "why")),
			    "因为");
	assert_string_equal(words_of(object, "why", "zh"), "因为");
	assert_string_equal(words_of(object, "what", "zh"), "");
}

static void a_diagnosis_is_shown_in_words(void **state)
{
	json_auto_t *object = json_loads(
		"{\"diagnosis_en\":\"It was the provider.\","
		"\"diagnosis\":{\"hop\":\"provider\","
		"\"class\":\"key_invalid\","
		"\"at\":\"2026-11-23T08:15:00.000Z\",\"evidence\":{"
		"\"provider\":{\"at\":\"2026-11-23T08:15:00.000Z\","
		"\"status\":401,\"class\":\"key_invalid\",\"text\":\"no\"},"
		"\"gateway\":{\"at\":\"2026-11-23T08:15:00.000Z\","
		"\"status\":200,\"class\":\"none\",\"text\":\"\"}}}}", 0,
		NULL);
	json_auto_t *en = words_view(object, "en");
	json_auto_t *zh = words_view(object, "zh");
	const json_t *hops;

	(void)state;
	words_show_diagnosis(en, object, "en");
	assert_string_equal(json_string_value(json_object_get(en,
		"diagnosis")), "It was the provider.");
	/* What the API does not say is made from the parts. */
	words_show_diagnosis(zh, object, "zh");
	assert_true(json_string_length(json_object_get(zh,
						       "diagnosis")) > 10);
	hops = json_object_get(en, "hops");
	assert_int_equal(json_array_size(hops), 2);
	assert_string_equal(json_string_value(json_object_get(
		json_array_get(hops, 0), "class")), "key_invalid");
	assert_string_equal(json_string_value(json_object_get(
		json_array_get(hops, 1), "class")), "ok");
}

static void without_a_diagnosis_nothing_is_shown(void **state)
{
	json_auto_t *view = json_loads("{\"diagnosis\":null}", 0, NULL);

	(void)state;
	words_show_diagnosis(view, view, "zh");
	assert_true(json_is_null(json_object_get(view, "diagnosis")));
	assert_null(json_object_get(view, "hops"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_are_added_with_all_that_was_given),
		cmocka_unit_test(what_is_taken_away_is_null),
		cmocka_unit_test(limits_of_an_endpoint_have_a_range),
		cmocka_unit_test(a_run_may_bring_the_key_of_a_user),
		cmocka_unit_test(a_file_tells_its_form_by_its_name_or_an_option),
		cmocka_unit_test(a_file_of_rows_is_sent_as_it_is),
		cmocka_unit_test(what_a_file_of_rows_cannot_say_is_refused),
		cmocka_unit_test(
			a_file_of_rows_may_come_with_the_key_of_a_user),
		cmocka_unit_test(one_key_may_have_a_label_and_a_run_a_canary),
		cmocka_unit_test(a_template_has_the_columns_that_are_known),
		cmocka_unit_test(text_files_have_one_text),
		cmocka_unit_test(the_language_is_the_terminals_unless_given),
		cmocka_unit_test(a_view_speaks_one_language),
		cmocka_unit_test(a_diagnosis_is_shown_in_words),
		cmocka_unit_test(without_a_diagnosis_nothing_is_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
