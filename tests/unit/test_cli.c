/* crmctl: its tables, its command line, and how it prints. */
#include <glob.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/columns.h"
#include "cli/command.h"
#include "cli/exits.h"
#include "cli/host_name.h"
#include "cli/run_body.h"
#include "cli/usage.h"
#include "cli/yaml.h"
#include "shared/table.h"

static void every_command_is_whole_and_stands_once(void **state)
{
	(void)state;
	for (const struct command *c = commands; c->noun; c++) {
		assert_non_null(c->run);
		assert_true(*c->help);
		assert_ptr_equal(command_find(c->noun, c->verb), c);
		assert_true((c->needs & c->takes) == 0);
		assert_true(((c->needs | c->takes) & OPT_GLOBAL_BITS) == 0);
	}
}

static void commands_of_a_noun_stand_together(void **state)
{
	(void)state;
	for (const struct command *c = commands; c->noun; c++) {
		for (const struct command *d = c + 1; d->noun; d++)
			if (strcmp(c->noun, d->noun) == 0)
				assert_string_equal(d[-1].noun, d->noun);
	}
}

static bool same_name(enum opt a, enum opt b)
{
	return strcmp(opt_spec(a)->name, opt_spec(b)->name) == 0;
}

static void no_command_has_two_options_of_one_name(void **state)
{
	(void)state;
	for (const struct command *c = commands; c->noun; c++) {
		opt_bits bits = c->needs | c->takes;

		for (int i = 0; i < OPT__MAX; i++)
			for (int k = 0; k < i; k++)
				if ((bits & OPT_BIT(i)) && (bits & OPT_BIT(k)))
					assert_false(same_name((enum opt)i,
							       (enum opt)k));
	}
}

static void no_secret_can_be_an_option(void **state)
{
	(void)state;
	for (int i = 0; i < OPT__MAX; i++) {
		const char *name = opt_spec((enum opt)i)->name;

		if (!opt_spec((enum opt)i)->value)
			continue;
		assert_false(strstr(name, "password"));
		if (strstr(name, "token") || strstr(name, "key"))
			assert_non_null(strstr(name, "-file"));
	}
}

static int read_words(struct args *args, const char *const *argv, opt_bits own)
{
	struct err err;
	size_t at = 0;

	if (args_read(args, argv, &at, own, false, &err) == 0)
		return 0;
	assert_int_equal(exits_of(&err, false), EXITS_USAGE);
	return -1;
}

static void options_come_in_every_form(void **state)
{
	static const char *const argv[] = { "a", "--model", "x", "--model=y", "-o",
				"json", "-", NULL };
	CLEANUP(args_done) struct args args = { 0 };
	size_t at = 0;

	(void)state;
	assert_int_equal(read_words(&args, argv, OPT_BIT(OPT_MODEL)), 0);
	assert_string_equal(args_each(&args, OPT_MODEL, &at), "x");
	assert_string_equal(args_each(&args, OPT_MODEL, &at), "y");
	assert_null(args_each(&args, OPT_MODEL, &at));
	assert_string_equal(args_get(&args, OPT_OUTPUT), "json");
	assert_int_equal(args.nwords, 2);
	assert_string_equal(args.words[1], "-");
}

static void a_token_file_is_the_commands_own_first(void **state)
{
	static const char *const argv[] = { "--token-file", "f", NULL };
	CLEANUP(args_done) struct args own = { 0 };
	CLEANUP(args_done) struct args ours = { 0 };

	(void)state;
	assert_int_equal(read_words(&own, argv,
				    OPT_BIT(OPT_HOST_TOKEN_FILE)), 0);
	assert_string_equal(args_get(&own, OPT_HOST_TOKEN_FILE), "f");
	assert_int_equal(read_words(&ours, argv, 0), 0);
	assert_string_equal(args_get(&ours, OPT_TOKEN_FILE), "f");
}

static void wrong_command_lines_are_refused(void **state)
{
	static const char *const lines[][6] = {
		{ "--nonsense" },
		{ "--days" },
		{ "--days", "1", "--days", "2" },
		{ "--wait=yes" },
		{ "a", "b", "c", "d", "e" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		CLEANUP(args_done) struct args args = { 0 };

		assert_int_equal(read_words(&args, lines[i],
			OPT_BIT(OPT_DAYS) | OPT_BIT(OPT_WAIT)), -1);
	}
}

static void numbers_have_a_range(void **state)
{
	static const char *const lines[][3] = { { "--days", "0" }, { "--days", "9" },
				    { "--days", "x" }, { "--days", "" } };
	struct err err;
	int64_t days = 7;

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		CLEANUP(args_done) struct args args = { 0 };

		assert_int_equal(read_words(&args, lines[i],
					    OPT_BIT(OPT_DAYS)), 0);
		assert_int_equal(args_number(&args, OPT_DAYS, 1, 8, &days,
					     &err), -1);
		assert_int_equal(days, 7);
	}
}

static void wide_characters_take_two_columns(void **state)
{
	(void)state;
	assert_int_equal(columns_width("abc"), 3);
	assert_int_equal(columns_width("运维"), 4);
	assert_int_equal(columns_width("é"), 1);
	assert_int_equal(columns_width("\xff\xfe"), 2);
}

static void tables_are_aligned(void **state)
{
	static const struct column columns[] = { { "NAME", "n" },
						 { "X", "x" } };
	json_auto_t *list = json_pack("[{s:s, s:i}, {s:s, s:n}]", "n", "运维",
				      "x", 1, "n", "a", "x");
	CLEANUP(buf_done) struct buf out = { .max = 1024 };

	(void)state;
	columns_list(&out, columns, COUNT(columns), list);
	assert_string_equal(buf_str(&out), "NAME  X\n"
			    "运维  1\n" "a     -\n");
}

static void control_characters_cannot_play_with_the_terminal(void **state)
{
	CLEANUP(buf_done) struct buf out = { .max = 1024 };

	(void)state;
	columns_text(&out, "a\x1b[31m\nb\xff");
	assert_string_equal(buf_str(&out), "a\\u001b[31m\\nb?");
}

static void yaml_is(const char *json, const char *wanted)
{
	CLEANUP(buf_done) struct buf out = { .max = 1024 };
	json_auto_t *value = json_loads(json, JSON_DECODE_ANY, NULL);

	assert_non_null(value);
	yaml_write(&out, value);
	assert_string_equal(buf_str(&out), wanted);
}

static void yaml_quotes_what_would_read_back_differently(void **state)
{
	(void)state;
	yaml_is("{\"a\":\"yes\",\"b\":\"1\",\"c\":\"x: y\",\"d\":\"\"}",
		"a: \"yes\"\nb: \"1\"\nc: \"x: y\"\nd: \"\"\n");
	yaml_is("{\"u\":\"https://x/v1\",\"t\":\"2026-11-23T08:15:00Z\"}",
		"u: https://x/v1\nt: \"2026-11-23T08:15:00Z\"\n");
	yaml_is("[null,true,1.5,\"No\",\"a #b\"]",
		"- null\n- true\n- 1.5\n- \"No\"\n- \"a #b\"\n");
}

static void yaml_nests(void **state)
{
	(void)state;
	yaml_is("[{\"a\":1,\"b\":[\"x\",{\"c\":{}}]},[1,[2]]]",
		"- a: 1\n  b:\n    - x\n    - c: {}\n- - 1\n  - - 2\n");
	yaml_is("[]", "[]\n");
}

static void every_failure_has_its_status(void **state)
{
	struct err err;

	(void)state;
	err_set(&err, ERR_NOT_FOUND, "x");
	assert_int_equal(exits_of(&err, false), EXITS_NOT_FOUND);
	err_set(&err, ERR_BUSY, "x");
	assert_int_equal(exits_of(&err, false), EXITS_TIMEOUT);
	assert_int_equal(exits_of(&err, true), EXITS_DATABASE);
	err_code(&err, EXITS_CODE_KEYS);
	assert_int_equal(exits_of(&err, true), EXITS_KEYS);
}

/* Scripts rely on the page; it is read from the top of the tree. */
static void the_page_of_exit_codes_says_the_same(void **state)
{
	FILE *page = fopen("docs/exit-codes.md", "re");
	AUTO_FREE char *text = xcalloc(1, 64 << 10);

	(void)state;
	assert_non_null(page);
	assert_true(fread(text, 1, (64 << 10) - 1, page) > 0);
	fclose(page);
	for (int i = 0; i < EXITS__MAX; i++) {
		AUTO_FREE char *row = xasprintf("| %d | %s |", i,
						exits_meaning((enum exits)i));

		assert_non_null(strstr(text, row));
	}
}

static void body_is(const char *const *argv, const char *wanted)
{
	CLEANUP(run_body_done) struct jout body = { .text.max = 4096 };
	CLEANUP(args_done) struct args args = { 0 };
	struct err err;

	assert_int_equal(read_words(&args, argv,
		command_find("run", "create")->takes), 0);
	if (wanted) {
		assert_int_equal(run_body_write(&body, &args, &err), 0);
		assert_string_equal(buf_str(&body.text), wanted);
	} else {
		assert_int_equal(run_body_write(&body, &args, &err), -1);
	}
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void run_bodies_come_from_options_and_files(void **state)
{
	char path[] = "/tmp/test_cli.XXXXXX";
	int fd = mkstemp(path);
	const char *const options[] = { "--host", "h", "--base-url", "u", "--key-file",
			    path, "--model", "m", "--user", "a", NULL };
	const char *const file[] = { "-f", path, "--host", "h2", NULL };
	const char *const both[] = { "-f", path, "--model", "m", NULL };

	(void)state;
	assert_true(fd >= 0);
	write_file(path, "k\n");
	body_is(options, "{\"items\":[{\"base_url\":\"u\",\"api_key\":\"k\","
		"\"requested_models\":[\"m\"]}],\"host_id\":\"h\","
		"\"subscription_users\":[\"a\"]}");
	write_file(path, "[{\"base_url\":\"u\"}]");
	body_is(file, "{\"items\":[{\"base_url\":\"u\"}],\"host_id\":\"h2\"}");
	write_file(path, "{\"host_id\":\"h1\",\"items\":[]}");
	body_is(file, "{\"items\":[],\"host_id\":\"h2\"}");
	body_is(both, NULL);
	write_file(path, "two words");
	body_is(options, NULL);
	write_file(path, "{");
	body_is(file, NULL);
	unlink(path);
	close(fd);
}

/* ---- what pages say of commands ---- */

static bool option_is_known(const struct command *command, const char *word)
{
	const char *argv[] = { word, "value", NULL };
	CLEANUP(args_done) struct args args = { 0 };
	struct err err;
	size_t at = 0;

	return args_read(&args, argv, &at, command->needs | command->takes,
			 false, &err) == 0 ||
	       strstr(err.msg, "unknown option") == NULL;
}

static const struct command *named(const char *noun, char *verb)
{
	const struct command *command = NULL;
	char *one;

	if (!verb)
		return command_find(noun, NULL);
	/* "pause|resume": each of them. */
	while ((one = strsep(&verb, "|")) != NULL) {
		command = command_find(noun, one);
		if (!command)
			return NULL;
	}
	return command;
}

/* "  crmctl run rollback RUN_ID [--apply --wait]   # only look". */
static void check_command(const char *page, const char *line)
{
	AUTO_FREE char *storage = xstrdup(line);
	char *rest = storage, *words[64], *word;
	const struct command *command;
	size_t n = 0;

	storage[strcspn(storage, "#><;")] = '\0';
	while (n < COUNT(words) && (word = strsep(&rest, " []")))
		if (*word)
			words[n++] = word;
	/* Options of crmctl itself are told elsewhere. */
	if (n < 2 || *words[1] == '-')
		return;
	command = named(words[1], n > 2 ? words[2] : NULL);
	if (!command)
		fail_msg("%s: no such command: %s", page, line);
	for (size_t i = 2; i < n; i++)
		if (strncmp(words[i], "--", 2) == 0 &&
		    !option_is_known(command, words[i]))
			fail_msg("%s: no option %s: %s", page, words[i], line);
}

static void check_page(const char *page)
{
	FILE *file = fopen(page, "re");
	char *line = NULL;
	size_t room = 0;
	bool code = false;

	assert_non_null(file);
	while (getline(&line, &room, file) > 0) {
		const char *at = line + strspn(line, " ");

		line[strcspn(line, "\n")] = '\0';
		if (strncmp(at, "```", 3) == 0)
			code = !code;
		else if (code && strncmp(at, "crmctl ", 7) == 0 &&
			 at[7] != ' ')	/* a row of a table */
			check_command(page, at);
		else if (code && strncmp(at, "sudo crmctl ", 12) == 0)
			check_command(page, at + 5);
	}
	free(line);
	fclose(file);
}

static void pages_name_commands_and_options_that_are_there(void **state)
{
	glob_t pages = { 0 };

	(void)state;
	assert_int_equal(glob("docs/*.md", 0, NULL, &pages), 0);
	for (size_t i = 0; i < pages.gl_pathc; i++)
		check_page(pages.gl_pathv[i]);
	globfree(&pages);
	check_page("README.md");
}

/* Which host `name` is among three; NULL and a part of the reason: none. */
static void host_is(const char *name, const char *wanted, const char *why)
{
	json_auto_t *hosts = json_pack("[{s:s,s:s,s:s},{s:s,s:s,s:s},"
		"{s:s,s:n,s:s}]",
		"host_id", "hst_1", "name", "一号", "base_url", "https://a.cn",
		"host_id", "hst_2", "name", "二号", "base_url", "https://b.cn",
		"host_id", "hst_3", "name", "base_url", "https://a.cn");
	const char *found = NULL;
	struct err err;

	assert_non_null(hosts);
	if (wanted) {
		assert_int_equal(host_name_find(hosts, name, &found, &err), 0);
		assert_string_equal(found, wanted);
	} else {
		assert_int_equal(host_name_find(hosts, name, &found, &err),
				 -1);
		assert_non_null(strstr(err.msg, why));
	}
}

static void a_host_may_be_called_by_its_name_or_url(void **state)
{
	(void)state;
	host_is("一号", "hst_1", NULL);
	host_is("二号", "hst_2", NULL);
	host_is("https://b.cn/", "hst_2", NULL);
	host_is("https://a.cn", NULL, "hst_1, hst_3");
	host_is("三号", NULL, "no host is called '三号'");
	host_is("", NULL, "no host");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_command_is_whole_and_stands_once),
		cmocka_unit_test(commands_of_a_noun_stand_together),
		cmocka_unit_test(no_command_has_two_options_of_one_name),
		cmocka_unit_test(no_secret_can_be_an_option),
		cmocka_unit_test(options_come_in_every_form),
		cmocka_unit_test(a_token_file_is_the_commands_own_first),
		cmocka_unit_test(wrong_command_lines_are_refused),
		cmocka_unit_test(numbers_have_a_range),
		cmocka_unit_test(wide_characters_take_two_columns),
		cmocka_unit_test(tables_are_aligned),
		cmocka_unit_test(
			control_characters_cannot_play_with_the_terminal),
		cmocka_unit_test(yaml_quotes_what_would_read_back_differently),
		cmocka_unit_test(yaml_nests),
		cmocka_unit_test(every_failure_has_its_status),
		cmocka_unit_test(the_page_of_exit_codes_says_the_same),
		cmocka_unit_test(run_bodies_come_from_options_and_files),
		cmocka_unit_test(pages_name_commands_and_options_that_are_there),
		cmocka_unit_test(a_host_may_be_called_by_its_name_or_url),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
