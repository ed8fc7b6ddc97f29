#include "tests/unit/api_fixture.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "fcgi/cursor.h"
#include "fcgi/listen.h"
#include "fcgi/problem.h"
#include "fcgi/query.h"
#include "fcgi/strset.h"
#include "fcgi/wait.h"
#include "shared/table.h"

static void paths_are_decoded_once_and_strictly(void **state)
{
	static const struct {
		const char *text, *wanted;
	} cases[] = {
		{ "/api/hosts", "/api/hosts" },
		{ "/api/%68osts/a%2Fb", "/api/hosts/a/b" },
		{ "%2541", "%41" },
		{ "a+b", "a+b" },
		{ "%", NULL }, { "%4", NULL }, { "%zz", NULL },
		{ "a%00b", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO_FREE char *text = xstrdup(cases[i].text);

		assert_int_equal(http_unescape(text, false),
				 cases[i].wanted != NULL);
		if (cases[i].wanted)
			assert_string_equal(text, cases[i].wanted);
	}
}

static void ids_are_short_words(void **state)
{
	char longest[70];

	(void)state;
	memset(longest, 'a', sizeof(longest));
	longest[64] = '\0';
	assert_true(http_is_id("run_0-Z"));
	assert_true(http_is_id(longest));
	longest[64] = 'a';
	longest[65] = '\0';
	assert_false(http_is_id(longest));
	assert_false(http_is_id(""));
	assert_false(http_is_id("a.b"));
	assert_false(http_is_id("a b"));
	assert_false(http_is_id("\xe4\xb8\xad"));
}

static void a_sane_request_id_is_kept_and_others_replaced(void **state)
{
	char id[HTTP_REQUEST_ID_TEXT];

	(void)state;
	http_request_id("abc.DEF_1-2", NOW, id);
	assert_string_equal(id, "abc.DEF_1-2");
	http_request_id("short", NOW, id);
	assert_memory_equal(id, "req_", 4);
	http_request_id("with blank in it", NOW, id);
	assert_memory_equal(id, "req_", 4);
	http_request_id("line\r\nSet-Cookie: x", NOW, id);
	assert_memory_equal(id, "req_", 4);
	http_request_id(NULL, NOW, id);
	assert_memory_equal(id, "req_", 4);
}

static void media_types_have_a_form(void **state)
{
	static const struct {
		const char *type;
		int form;	/* HTTP_FORM__MAX: none */
	} cases[] = {
		{ "application/json", HTTP_FORM_JSON },
		{ "Application/JSON; charset=utf-8", HTTP_FORM_JSON },
		{ "application/json ;charset=utf-8", HTTP_FORM_JSON },
		{ "application/x-ndjson", HTTP_FORM_LINES },
		{ "application/jsonl", HTTP_FORM_LINES },
		{ "application/json-lines", HTTP_FORM_LINES },
		{ "text/csv; header=present", HTTP_FORM_CSV },
		{ "application/jsonp", HTTP_FORM__MAX },
		{ "text/json", HTTP_FORM__MAX },
		{ "text/csvx", HTTP_FORM__MAX },
		{ "", HTTP_FORM__MAX },
		{ NULL, HTTP_FORM__MAX },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		enum http_form form = HTTP_FORM__MAX;
		bool known = http_form_of(cases[i].type, &form);

		if ((int)form != cases[i].form ||
		    known != (form != HTTP_FORM__MAX))
			fail_msg("%s", cases[i].type);
	}
}

static void a_preference_to_wait_is_understood(void **state)
{
	static const struct {
		const char *prefer;
		int64_t otherwise, wanted;
		bool asked;
	} cases[] = {
		{ NULL, 0, 0, false },
		{ NULL, 25, 25, false },
		{ "wait=5", 0, 5, true },
		{ "Wait = \"7\"", 0, 7, true },
		{ "wait=500", 0, 25, true },
		{ "wait=99999999999999999999", 0, 25, true },
		{ "wait=0", 25, 0, true },
		{ "wait=-1", 25, 25, false },
		{ "wait=soon", 25, 25, false },
		{ "wait", 25, 25, false },
		{ "waiter=5", 25, 25, false },
		{ "respond-async", 25, 0, false },
		{ "respond-async, wait=3", 25, 3, true },
		{ "wait=3, respond-async", 25, 3, true },
		{ "return=minimal; foo=\"bar\", wait=4;x=y", 0, 4, true },
		{ ",, ,", 25, 25, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		bool asked;

		assert_int_equal(wait_seconds(cases[i].prefer,
					      cases[i].otherwise, 25, &asked),
				 cases[i].wanted);
		assert_int_equal(asked, cases[i].asked);
	}
}

static void a_cursor_comes_back_as_it_went(void **state)
{
	static const char *const ids[] = {
		"a", "ab", "abc", "abcd", "run_01jdcq4v9x0123456789",
	};
	char cursor[CURSOR_MAX], id[CURSOR_ID_MAX];
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(ids); i++) {
		cursor_make("runs", ids[i], cursor);
		assert_null(strstr(cursor, ids[i]));
		must(cursor_read("runs", cursor, id, &err), &err);
		assert_string_equal(id, ids[i]);
	}
	must(cursor_read("runs", NULL, id, &err), &err);
	assert_string_equal(id, "");
}

static void a_cursor_that_we_did_not_make_is_refused(void **state)
{
	char cursor[CURSOR_MAX], id[CURSOR_ID_MAX];
	char *longest = xcalloc(300, 1);
	struct err err;
	const char *bad[] = {
		"?", "AAAA", "cnVucw", "cnVucy4", cursor, longest, "cnVuc", "=",
	};

	(void)state;
	memset(longest, 'c', 299);
	cursor_make("items", "itm_1", cursor);
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(cursor_read("runs", bad[i], id, &err), -1);
		assert_string_equal(err.code, "invalid_cursor");
		assert_int_equal(problem_status(&err), 400);
	}
	free(longest);
}

struct sample {
	const char *name;
	int64_t limit;
	bool flag;
};

static bool is_not_x(const char *text)
{
	return strcmp(text, "x") != 0;
}

static const struct query_field sample_fields[] = {
	{ "name", QUERY_TEXT, offsetof(struct sample, name), 0, 5, is_not_x },
	{ "limit", QUERY_INT, offsetof(struct sample, limit), 1, 9, NULL },
	{ "flag", QUERY_FLAG, offsetof(struct sample, flag), 0, 0, NULL },
};

static int read_sample(const char *query, struct sample *ret, char **storage,
		       struct err *err)
{
	*ret = (struct sample){ .limit = 3 };
	return query_read(query, sample_fields, COUNT(sample_fields), ret,
			  storage, err);
}

static void parameters_are_decoded_by_table(void **state)
{
	AUTO_FREE char *storage = NULL;
	struct sample sample;
	struct err err;

	(void)state;
	must(read_sample("name=a%2Bb+c&limit=7&flag=true", &sample, &storage,
			 &err), &err);
	assert_string_equal(sample.name, "a+b c");
	assert_int_equal(sample.limit, 7);
	assert_true(sample.flag);
	must(read_sample("&name=&", &sample, &storage, &err), &err);
	assert_null(sample.name);
	assert_int_equal(sample.limit, 3);
}

static void wrong_parameters_are_refused_by_name(void **state)
{
	static const char *const bad[] = {
		"limit=0", "limit=10", "limit=", "limit", "limit=1x",
		"limit=99999999999999999999", "flag=1", "flag", "name=x",
		"name=toolong", "name=a&name=b", "Name=a", "name=%zz",
		"name=%00", "other=1",
	};
	AUTO_FREE char *storage = NULL;
	struct sample sample;
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		AUTO_FREE char *name = xstrndup(bad[i], strcspn(bad[i], "="));

		assert_int_equal(read_sample(bad[i], &sample, &storage, &err),
				 -1);
		assert_string_equal(err.code, "invalid_parameter");
		assert_non_null(strstr(err.msg, name));
		assert_int_equal(problem_status(&err), 400);
	}
}

static void strings_are_numbered_as_they_come(void **state)
{
	struct strset set;
	char texts[500][8];

	(void)state;
	strset_init(&set, 500);
	for (size_t i = 0; i < 500; i++) {
		snprintf(texts[i], sizeof(texts[i]), "k%zu", i);
		assert_int_equal(strset_add(&set, texts[i]), i);
	}
	for (size_t i = 0; i < 500; i++)
		assert_int_equal(strset_add(&set, texts[i]), i);
	assert_int_equal(set.count, 500);
	strset_done(&set);
	strset_init(&set, 0);
	strset_done(&set);
}

static void a_socket_is_for_user_and_group_and_does_not_block(void **state)
{
	char dir[] = "/tmp/crm-test-XXXXXX";
	AUTO_FREE char *path = NULL;
	struct stat st;
	struct err err;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	path = xasprintf("%s/s", dir);
	for (int again = 0; again < 2; again++) {
		must(listen_get(path, &fd, &err), &err);
		assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 0777, 0660);
		close(fd);
	}
	unlink(path);
	rmdir(dir);
}

static void a_socket_needs_a_path(void **state)
{
	AUTO_FREE char *longest = xcalloc(1, 200);
	struct err err;
	int fd;

	(void)state;
	memset(longest, '/', 199);
	assert_int_equal(listen_get(NULL, &fd, &err), -1);
	assert_int_equal(err.kind, ERR_INVALID);
	assert_int_equal(listen_get("127.0.0.1:8080", &fd, &err), -1);
	assert_int_equal(err.kind, ERR_INVALID);
	assert_int_equal(listen_get(longest, &fd, &err), -1);
	assert_int_equal(err.kind, ERR_INVALID);
	assert_int_equal(listen_get("/nonexistent/s", &fd, &err), -1);
	assert_int_equal(err.kind, ERR_INTERNAL);
}

static void every_kind_of_error_has_a_status(void **state)
{
	(void)state;
	for (int kind = ERR_INVALID; kind < ERR_KIND__MAX; kind++) {
		struct err err;

		err_set(&err, (enum err_kind)kind, "x");
		assert_in_range(problem_status(&err), 400, 599);
		assert_string_not_equal(http_reason(problem_status(&err)),
					"Unknown");
	}
}

static void an_internal_error_keeps_its_sentence(void **state)
{
	struct reply reply = {
		.out.text.max = 4096, .request_id = "req_12345",
	};
	struct err err;

	(void)state;
	err_set(&err, ERR_INTERNAL, "the secret path /var/lib");
	problem_reply(&reply, &err);
	assert_int_equal(reply.status, 500);
	assert_null(strstr(reply.out.text.text, "secret"));
	assert_non_null(strstr(reply.out.text.text, "req_12345"));
	reply_done(&reply);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_are_decoded_once_and_strictly),
		cmocka_unit_test(ids_are_short_words),
		cmocka_unit_test(a_sane_request_id_is_kept_and_others_replaced),
		cmocka_unit_test(media_types_have_a_form),
		cmocka_unit_test(a_preference_to_wait_is_understood),
		cmocka_unit_test(a_cursor_comes_back_as_it_went),
		cmocka_unit_test(a_cursor_that_we_did_not_make_is_refused),
		cmocka_unit_test(parameters_are_decoded_by_table),
		cmocka_unit_test(wrong_parameters_are_refused_by_name),
		cmocka_unit_test(strings_are_numbered_as_they_come),
		cmocka_unit_test(
			a_socket_is_for_user_and_group_and_does_not_block),
		cmocka_unit_test(a_socket_needs_a_path),
		cmocka_unit_test(every_kind_of_error_has_a_status),
		cmocka_unit_test(an_internal_error_keeps_its_sentence),
	};
	struct err err;

	if (seal_start(&err))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
