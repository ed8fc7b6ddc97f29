/* Runs out of files: CSV and JSON lines, and what is said around a key. */
#include "tests/unit/api_fixture.h"

#include "shared/table.h"

#define RUNS "/api/batch-import/runs"
#define HEADER "接口地址,密钥,模型,标签,备注,代理\n"
#define KEY1 "sk-one-0123456789abcdef"
#define KEY2 "sk-two-0123456789abcdef"

/* The one host, which the first call adds. */
static char *the_host(void)
{
	assert_int_equal(ask("GET", "/api/hosts", NULL), 200);
	return json_array_size(member("hosts")) > 0
		? xstrdup(text_of("hosts.0.host_id")) : add_host();
}

/* Post `text` with these parameters behind "host_id=ID&". */
static int post_file(const char *type, const char *text, const char *query)
{
	AUTO_FREE char *host = the_host();
	AUTO_FREE char *target = xasprintf(RUNS "?host_id=%s&%s", host, query);

	api.wire.content_type = type;
	return ask("POST", target, text);
}

static int post_csv(const char *text)
{
	return post_file("text/csv", text, "");
}

/* The items of the run that was answered last; it stays in api.json. */
static void show_items(void)
{
	AUTO_FREE char *target = xasprintf(RUNS "/%s/items",
					   text_of("run_id"));

	assert_int_equal(ask("GET", target, NULL), 200);
}

static void text_is(const char *path, const char *wanted)
{
	if (strcmp(text_of(path), wanted) != 0)
		fail_msg("%s is '%s', not '%s'", path, text_of(path), wanted);
}

static void a_chinese_file_becomes_a_run(void **state)
{
	(void)state;
	assert_int_equal(post_csv("\xef\xbb\xbf" HEADER
		"https://one.example/v1," KEY1 ",kimi-k2;kimi 2.6、glm,"
		"团队甲,\"第一行\n\"\"二\"\"\",12\r\n"
		"\r\n"
		"https://two.example/v1 , " KEY2 ",,,,\r\n"), 202);
	assert_int_equal(number_of("items_total"), 2);
	assert_int_equal(number_of("items_rejected"), 0);
	text_is("read_as", "utf-8");
	show_items();
	text_is("items.0.base_url", "https://one.example/v1");
	text_is("items.0.label", "团队甲");
	text_is("items.0.note", "第一行 \"二\"");
	text_is("items.0.account_proxy", "12");
	text_is("items.0.requested_models.0", "kimi-k2");
	text_is("items.0.requested_models.1", "kimi 2.6");
	text_is("items.0.requested_models.2", "glm");
	assert_int_equal(number_of("items.0.line"), 2);
	assert_int_equal(number_of("items.1.line"), 5);
	assert_int_equal(number_of("items.1.seq"), 2);
	text_is("items.1.label", "");
	assert_true(json_is_null(member("items.1.account_proxy")));
	assert_null(strstr(api.reply.out.text.text, "sk-one"));
}

static void the_files_of_a_chinese_excel_just_work(void **state)
{
	(void)state;
	/* 地址,密钥,备注 in GBK; the note says 测试. */
	assert_int_equal(post_csv("\xb5\xd8\xd6\xb7,\xc3\xdc\xd4\xbf,"
		"\xb1\xb8\xd7\xa2\r\nhttps://one.example," KEY1
		",\xb2\xe2\xca\xd4\r\n"), 202);
	text_is("read_as", "gb18030");
	show_items();
	text_is("items.0.note", "测试");
}

static void columns_come_in_any_order_and_spelling(void **state)
{
	static const char *const headers[] = {
		"api_key,url", "KEY,Base URL", "密钥,地址", "Ｋｅｙ,ＵＲＬ",
		" 密钥* , 接口地址 ", "\"token\",\"网址\"", "api-key,base-url",
		"令牌;接口", "密钥\t地址", "密钥，地址", "key|url",
		"sep=,\nkey,url",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(headers); i++) {
		const char *sign = strstr(headers[i], "，") ? "，" :
			strchr(headers[i], ';') ? ";" :
			strchr(headers[i], '\t') ? "\t" :
			strchr(headers[i], '|') ? "|" : ",";
		AUTO_FREE char *text = xasprintf("%s\n" KEY1 "%shttp://a.b",
						 headers[i], sign);

		if (post_csv(text) != 202)
			fail_msg("'%s': %s", headers[i],
				 api.reply.out.text.text);
	}
}

static void a_header_must_be_right(void **state)
{
	static const struct {
		const char *header, *why;
	} cases[] = {
		{ "url,key,colour", "not known: 'colour'" },
		{ "url,key,api_key", "two columns for api_key" },
		{ "url,label", "no column api_key" },
		{ "label,key", "no column base_url" },
		{ "url,\"key", "never closed" },
		{ "", "is missing" },
		{ "\n\n", "is missing" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO_FREE char *text = xasprintf("%s\n", cases[i].header);

		if (post_csv(text) != 422 ||
		    !strstr(api.reply.out.text.text, cases[i].why))
			fail_msg("'%s': %s", cases[i].header,
				 api.reply.out.text.text);
	}
	assert_int_equal(post_csv("https://a.example," KEY1 "\n"), 422);
	assert_null(strstr(api.reply.out.text.text, "0123456789abcdef"));
}

static const char mixed[] = "url,key,note,\n"
	"http://a.example," KEY1 ",,\n"
	"nonsense," KEY1 ",,\n"
	"http://a.example,short,,\n"
	"http://a.example," KEY2 ",\"never closed,\n"
	"http://b.example," KEY2 ",,\n"
	",,,\n"
	"http://a.example," KEY2 ",,extra\n"
	"http://a.example," KEY2 ",,,extra\n"
	"http://a.example,,a bell: \a,\n";

static void wrong_rows_are_told_with_their_line(void **state)
{
	static const struct {
		int row, line;
		const char *field;
	} wanted[] = {
		{ 2, 3, "base_url" }, { 3, 4, "api_key" }, { 4, 5, "" },
		{ 6, 8, "" }, { 7, 9, "" }, { 8, 10, "api_key" },
		{ 8, 10, "note" },
	};

	(void)state;
	assert_int_equal(post_csv(mixed), 202);
	assert_int_equal(number_of("items_total"), 2);
	assert_int_equal(number_of("items_rejected"), 6);
	assert_int_equal(json_array_size(member("rejected")), COUNT(wanted));
	for (size_t i = 0; i < COUNT(wanted); i++) {
		const json_t *one = json_array_get(member("rejected"), i);

		assert_int_equal(json_integer_value(json_object_get(one,
			"row")), wanted[i].row);
		assert_int_equal(json_integer_value(json_object_get(one,
			"line")), wanted[i].line);
		assert_string_equal(json_string_value(json_object_get(one,
			"field")), wanted[i].field);
	}
	assert_int_equal(count("SELECT sum(line) FROM import_run_items"),
			 2 + 6);
}

static void a_strict_file_is_all_or_nothing(void **state)
{
	(void)state;
	assert_int_equal(post_file("text/csv", mixed, "strict=true"), 422);
	text_is("problems.0.field", "line 3: base_url");
	text_is("problems.2.field", "line 5");
	assert_int_equal(number_of("items_rejected"), 6);
	assert_int_equal(count("SELECT count(*) FROM import_runs"), 0);
}

static void findings_have_a_ceiling(void **state)
{
	CLEANUP(buf_done) struct buf text = { .max = 1 << 20 };

	(void)state;
	buf_adds(&text, "url,key\nhttp://a.example," KEY1 "\n");
	for (int i = 0; i < 500; i++)
		buf_adds(&text, "x\n");
	assert_int_equal(post_csv(buf_str(&text)), 202);
	assert_int_equal(number_of("items_rejected"), 500);
	assert_int_equal(json_array_size(member("rejected")), 100);
}

static void a_file_has_no_more_rows_than_a_run_may(void **state)
{
	(void)state;
	api.settings.items_max = 2;
	assert_int_equal(post_csv("url,key\nhttp://a.example,11111111\n"
		"http://a.example,22222222\nhttp://a.example,33333333\n"),
		422);
	text_is("problems.0.field", "items");
	assert_int_equal(post_csv("url,key\n"), 422);
	text_is("problems.0.field", "items");
}

static void json_lines_are_an_object_each(void **state)
{
	static const char lines[] = "\n"
		"{\"base_url\":\"http://a.example\",\"api_key\":\"" KEY1 "\","
		"\"label\":\"甲\",\"adopt_account_id\":7}\r\n"
		"\n"
		"{\"base_url\":\"http://a.example\",\"api_key\":\"" KEY2 "\n"
		"\"text\"\n"
		"{\"base_url\":\"http://b.example\",\"api_key\":\"" KEY2 "\"}";

	(void)state;
	assert_int_equal(post_file("application/x-ndjson", lines, ""), 202);
	assert_int_equal(number_of("items_total"), 2);
	assert_int_equal(number_of("rejected.0.line"), 4);
	assert_int_equal(number_of("rejected.1.line"), 5);
	assert_null(strstr(api.reply.out.text.text, "0123456789"));
	show_items();
	assert_int_equal(number_of("items.0.line"), 2);
	text_is("items.0.label", "甲");
	text_is("items.0.adopt_account_id", "7");
	assert_int_equal(number_of("items.1.line"), 6);
}

static void the_run_is_described_by_parameters(void **state)
{
	static const char rows[] = "url,key\nhttp://a.example," KEY1 "\n";

	(void)state;
	assert_int_equal(post_file("text/csv", rows,
		"subscription_users=default,team-a&subscription_days=90"
		"&canary_items=2"), 202);
	text_is("subscription_users.1", "team-a");
	assert_int_equal(number_of("subscription_days"), 90);
	assert_int_equal(number_of("canary_items"), 2);
	assert_int_equal(number_of("canary_stop_after"), 2);
	text_is("canary_state", "proving");
	assert_int_equal(post_file("text/csv", rows, "access_mode=no"), 422);
	assert_int_equal(post_file("text/csv", rows, "rebind=true"), 422);
	assert_int_equal(post_file("text/csv", rows, "canary_stop_after=2"),
			 422);
	text_is("problems.0.field", "canary.items");
	assert_int_equal(post_file("text/csv", rows, "strict=yes"), 400);
	assert_int_equal(post_file("text/csv", rows, "colour=red"), 400);
}

static void secrets_do_not_stand_in_urls(void **state)
{
	static const char rows[] = "url,key\nhttp://a.example," KEY1 "\n";

	(void)state;
	assert_int_equal(post_file("text/csv", rows, "probe_api_key=" KEY2),
			 400);
	assert_non_null(strstr(text_of("detail"), "is a secret"));
	assert_null(strstr(api.reply.out.text.text, "sk-two"));
	assert_int_equal(post_file("text/csv", rows, "access_api_key=x"), 400);
}

static void json_says_all_of_it_in_its_body(void **state)
{
	AUTO_FREE char *host = add_host();
	AUTO_FREE char *body = xasprintf("{\"host_id\":\"%s\",\"canary\":"
		"{\"items\":5,\"stop_after\":4},\"items\":[{\"base_url\":"
		"\"http://a.example\",\"api_key\":\"" KEY1 "\"}]}", host);
	AUTO_FREE char *marked = xasprintf("\xef\xbb\xbf%s", body);

	(void)state;
	assert_int_equal(ask("POST", RUNS "?strict=true", body), 400);
	assert_int_equal(ask("POST", RUNS, marked), 202);
	assert_int_equal(number_of("canary_items"), 5);
	assert_int_equal(number_of("canary_stop_after"), 4);
	assert_true(json_is_null(member("read_as")));
}

static void only_batches_come_as_files(void **state)
{
	(void)state;
	api.wire.content_type = "text/csv";
	assert_int_equal(ask("POST", "/api/hosts", "a,b\n"), 415);
	api.wire.content_type = "text/plain";
	assert_int_equal(ask("POST", RUNS, "a,b\n"), 415);
	assert_non_null(strstr(text_of("detail"), "text/csv"));
}

#define SAID(members) \
	"[{\"base_url\":\"http://a.example\",\"api_key\":\"" KEY1 "\"," \
	members "}]"

static void what_is_said_around_a_key_is_checked(void **state)
{
	static const char *const bad[] = {
		SAID("\"label\":\"a\\u001bb\""),
		SAID("\"label\":\"a\\u202eb\""), SAID("\"note\":\"a\\u0085b\""),
		SAID("\"label\":7"), SAID("\"account_proxy\":0"),
		SAID("\"account_proxy\":\"a\""), SAID("\"account_proxy\":-1"),
		SAID("\"account_proxy\":1.5"),
		SAID("\"account_proxy\":\"007\""),
		SAID("\"adopt_account_id\":\"1234567890123456789\""),
		SAID("\"note\":\"it is " KEY1 "\""),
	};
	AUTO_FREE char *host = add_host();

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		if (post_run(host, bad[i]) != 422)
			fail_msg("%s was taken", bad[i]);
	assert_int_equal(post_run(host, SAID("\"label\":\" a\\nb \",\"note\":"
		"null,\"account_proxy\":\"3\"")), 202);
	show_items();
	text_is("items.0.label", "a b");
	text_is("items.0.note", "");
}

static void a_label_counts_in_characters(void **state)
{
	CLEANUP(buf_done) struct buf text = { .max = 4096 };
	AUTO_FREE char *host = add_host();

	(void)state;
	buf_adds(&text, "[{\"base_url\":\"http://a.example\",\"api_key\":\""
		 KEY1 "\",\"label\":\"");
	for (int i = 0; i < 120; i++)
		buf_adds(&text, "字");
	buf_adds(&text, "\"}]");
	assert_int_equal(post_run(host, buf_str(&text)), 202);
	text.len -= 3;
	buf_adds(&text, "字\"}]");
	assert_int_equal(post_run(host, buf_str(&text)), 422);
}

static void what_looks_like_a_key_is_not_stored(void **state)
{
	AUTO_FREE char *host = add_host();

	(void)state;
	assert_int_equal(post_run(host, SAID("\"label\":\"" KEY2 "\"")), 202);
	show_items();
	text_is("items.0.label", "[redacted]");
	text_is("items.0.warnings.0.code", "remark_masked");
}

static void a_row_that_comes_again_adds_what_the_first_left_out(void **state)
{
	(void)state;
	assert_int_equal(post_csv("url,key,label,note,proxy\n"
		"http://a.example," KEY1 ",甲,,\n"
		"http://a.example," KEY1 ",乙,备注,4\n"
		"http://a.example," KEY1 ",,,5\n"), 202);
	assert_int_equal(number_of("items_total"), 1);
	assert_int_equal(number_of("rejected.0.line"), 4);
	text_is("rejected.0.field", "account_proxy");
	show_items();
	text_is("items.0.label", "甲");
	text_is("items.0.note", "备注");
	text_is("items.0.account_proxy", "4");
	text_is("items.0.warnings.0.detail", "line 3 is line 2 again");
}

static void a_key_of_idempotency_sees_parameters_and_form(void **state)
{
	static const char rows[] = "url,key\nhttp://a.example," KEY1 "\n";
	AUTO_FREE char *host = add_host();
	AUTO_FREE char *one = xasprintf(RUNS "?host_id=%s", host);
	AUTO_FREE char *other = xasprintf("%s&subscription_days=3", one);

	(void)state;
	for (int i = 0; i < 2; i++) {
		api.wire.idempotency_key = "k";
		api.wire.content_type = "text/csv";
		assert_int_equal(ask("POST", one, rows), 202);
	}
	assert_true(api.reply.replayed);
	api.wire.idempotency_key = "k";
	api.wire.content_type = "text/csv";
	assert_int_equal(ask("POST", other, rows), 409);
	api.wire.idempotency_key = "k";
	api.wire.content_type = "application/jsonl";
	assert_int_equal(ask("POST", one, rows), 409);
}

/* A file with a column of this name beside those that are needed. */
static void name_is_taken(const char *member, const char *name)
{
	bool url = strcmp(member, "base_url") == 0;
	bool key = strcmp(member, "api_key") == 0;
	AUTO_FREE char *text = xasprintf("%s,%s%s%s\nhttp://a.example," KEY1
		"%s\n", url ? name : "url", key ? name : "key",
		url || key ? "" : ",", url || key ? "" : name,
		url || key ? "" : ",7");

	if (post_csv(text) != 202)
		fail_msg("%s: '%s': %s", member, name,
			 api.reply.out.text.text);
}

/* The names in the second cell of a row: "`url`, 地址、网址". */
static size_t names_are_taken(const char *member, char *cell)
{
	size_t n = 0;

	for (char *c = cell; *c != '\0'; c++) {
		if (strncmp(c, "、", 3) == 0)
			memcpy(c, ",  ", 3);
		if (*c == '`')
			*c = ' ';
	}
	while (cell) {
		char *name = strsep(&cell, ",");

		name += strspn(name, " ");
		name_is_taken(member, name);
		n++;
	}
	return n;
}

/* docs/batch.md says how columns may be called, once in each language. */
static void the_names_in_the_guide_are_taken(void **state)
{
	static const char *const members[] = {
		"base_url", "api_key", "requested_models", "label", "note",
		"account_proxy", "adopt_account_id",
	};
	FILE *file = fopen("docs/batch.md", "re");
	size_t rows = 0, n = 0;
	char line[1024];

	(void)state;
	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		for (size_t i = 0; i < COUNT(members); i++) {
			AUTO_FREE char *start = xasprintf("| `%s` | `",
							  members[i]);
			size_t len = strlen(start) - 1;

			if (strncmp(line, start, len + 1) != 0)
				continue;
			line[len + strcspn(line + len, "|")] = '\0';
			n += names_are_taken(members[i], line + len);
			rows++;
		}
	}
	fclose(file);
	assert_int_equal(rows, 2 * COUNT(members));
	assert_true(n > 2 * 35);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_chinese_file_becomes_a_run),
		T(the_files_of_a_chinese_excel_just_work),
		T(columns_come_in_any_order_and_spelling),
		T(a_header_must_be_right),
		T(wrong_rows_are_told_with_their_line),
		T(a_strict_file_is_all_or_nothing),
		T(findings_have_a_ceiling),
		T(a_file_has_no_more_rows_than_a_run_may),
		T(json_lines_are_an_object_each),
		T(the_run_is_described_by_parameters),
		T(secrets_do_not_stand_in_urls),
		T(json_says_all_of_it_in_its_body),
		T(only_batches_come_as_files),
		T(what_is_said_around_a_key_is_checked),
		T(a_label_counts_in_characters),
		T(what_looks_like_a_key_is_not_stored),
		T(a_row_that_comes_again_adds_what_the_first_left_out),
		T(a_key_of_idempotency_sees_parameters_and_form),
		T(the_names_in_the_guide_are_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
