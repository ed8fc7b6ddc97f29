/*
 * An adopted account is given back: what CRM changed of it is as it was, what
 * people changed since is theirs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "schedd/rollback.h"
#include "shared/table.h"

#define MARK "crm-abc123-mark1111"

static struct settings settings = { .attempts_max = 3 };

/* The host shows the account with these members. */
static struct rollback_work *work_of(const char *wanted, const char *prior)
{
	struct rollback_work *w = xcalloc(1, sizeof(*w));

	w->settings = &settings;
	w->task_id = "tsk_1";
	snprintf(w->inst, sizeof(w->inst), "abc123");
	w->peer = (struct host_peer){ .base_url = "https://host.example",
				      .auth = HOST_AUTH_API_KEY,
				      .inst = w->inst };
	w->part.kind = xstrdup("account");
	w->part.subject_id = xstrdup("res_1");
	w->part.action = ROLLBACK_RELEASE;
	w->row.resource_id = xstrdup("res_1");
	w->row.type = RESOURCE_ACCOUNT;
	w->row.lookup = xstrdup("p-1|subscription|a");
	w->row.mark = xstrdup(MARK);
	w->row.state = RESOURCE_MAKING;
	w->row.made_by = xstrdup("tsk_1");
	w->row.host_resource_id = xstrdup("12");
	w->row.wanted_json = xstrdup(wanted);
	w->row.prior_json = xstrdup(prior);
	return w;
}

/* What is written then. */
static json_t *released(struct rollback_work *w, const char *members)
{
	struct answer answer = { .status = 200, .retry_after_ms = -1 };
	CLEANUP(request_done) struct request request = { 0 };
	json_t *body;

	answer.content_type = xstrdup("application/json");
	answer.body = xasprintf("{\"code\":0,\"data\":{\"id\":12,\"name\":"
				"\"p " MARK "\",%s}}", members);
	answer.body_len = strlen(answer.body);
	answer_parse(&answer);
	assert_int_equal(got_rb_account_read(w, &answer).kind, VERDICT_GO_TO);
	answer_done(&answer);
	assert_true(ask_rb_account_release(w, &request));
	body = json_loads(buf_str(&request.body.text), 0, NULL);
	assert_non_null(body);
	return body;
}

static json_t *released_mapping(const char *wanted, const char *live)
{
	AUTO_FREE char *body = xasprintf("{\"credentials\":{\"model_mapping\":"
					 "%s}}", wanted);
	AUTO_FREE char *members = xasprintf("\"credentials\":"
		"{\"model_mapping\":%s}", live);
	struct rollback_work *w = work_of(body, "{\"model_mapping\":"
		"{\"a\":\"a\",\"b\":\"b\"}}");
	json_auto_t *written = released(w, members);
	void *subject = w;

	rollback_free(&subject);
	return json_incref(json_object_get(json_object_get(written,
				"credentials"), "model_mapping"));
}

/* What a change of models took out, or led elsewhere, was there before. */
static void names_that_a_change_took_are_put_back(void **state)
{
	static const struct {
		const char *wanted, *live, *want;
	} rows[] = {
		{ "{\"c\":\"c\"}", "{\"c\":\"c\"}",
		  "{\"a\":\"a\",\"b\":\"b\"}" },
		{ "{\"a\":\"x\",\"b\":\"b\"}", "{\"a\":\"x\",\"b\":\"b\"}",
		  "{\"a\":\"a\",\"b\":\"b\"}" },
		/* People led one elsewhere, and took the other out. */
		{ "{\"a\":\"x\",\"b\":\"b\"}", "{\"a\":\"y\"}",
		  "{\"a\":\"y\"}" },
		/* They have put in by themselves what we took. */
		{ "{\"b\":\"b\"}", "{\"a\":\"y\",\"b\":\"b\"}",
		  "{\"a\":\"y\",\"b\":\"b\"}" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		json_auto_t *is = released_mapping(rows[i].wanted,
						   rows[i].live);
		json_auto_t *want = json_loads(rows[i].want, 0, NULL);

		if (!json_equal(is, want))
			fail_msg("%s, live %s: not %s", rows[i].wanted,
				 rows[i].live, rows[i].want);
	}
}

static const char *released_switch(int64_t paused_at, bool off_by_us,
				   bool live, bool prior)
{
	struct rollback_work *w = work_of("{}", prior
		? "{\"schedulable\":true}" : "{\"schedulable\":false}");
	json_auto_t *written = NULL;
	const json_t *said;
	void *subject = w;

	w->row.paused_at = paused_at;
	w->row.off_by_us = off_by_us;
	written = released(w, live ? "\"schedulable\":true"
				   : "\"schedulable\":false");
	rollback_free(&subject);
	said = json_object_get(written, "schedulable");
	return !said ? "nothing" : json_is_true(said) ? "on" : "off";
}

/* Through CRM, by an operator or by itself; what people did is theirs. */
static void what_was_taken_out_of_service_is_back_in(void **state)
{
	(void)state;
	assert_string_equal(released_switch(7, false, false, true), "on");
	assert_string_equal(released_switch(0, true, false, true), "on");
	assert_string_equal(released_switch(0, false, false, true), "nothing");
	assert_string_equal(released_switch(7, false, true, true), "nothing");
	assert_string_equal(released_switch(7, false, false, false),
			    "nothing");
	assert_string_equal(released_switch(0, false, true, false), "off");
}

static int64_t released_proxy(bool unproxied, const char *wanted,
			      const char *live)
{
	struct rollback_work *w = work_of(wanted, "{\"proxy_id\":3}");
	json_auto_t *written = NULL;
	const json_t *said;
	void *subject = w;

	w->unproxied = unproxied;
	written = released(w, live);
	rollback_free(&subject);
	said = json_object_get(written, "proxy_id");
	return said ? json_integer_value(said) : -1;
}

static void it_goes_by_its_own_proxy_again(void **state)
{
	(void)state;
	assert_int_equal(released_proxy(false, "{\"proxy_id\":5}",
					"\"proxy_id\":5"), 3);
	assert_int_equal(released_proxy(true, "{}", "\"proxy_id\":null"), 3);
	/* People gave it another, or took ours away. */
	assert_int_equal(released_proxy(false, "{\"proxy_id\":5}",
					"\"proxy_id\":6"), -1);
	assert_int_equal(released_proxy(true, "{}", "\"proxy_id\":6"), -1);
	assert_int_equal(released_proxy(false, "{}", "\"proxy_id\":null"),
			 -1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_that_a_change_took_are_put_back),
		cmocka_unit_test(it_goes_by_its_own_proxy_again),
		cmocka_unit_test(what_was_taken_out_of_service_is_back_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
