/*
 * The provider itself: what the two steps make of its answers.
 */
#include "tests/unit/import_fixture.h"

#define LIST "{\"data\":[{\"id\":\"m-1\"},{\"id\":\"text-embed\"}," \
	"{\"id\":\"m-2\"}]}"
#define SAID_SOMETHING "{\"model\":\"m-1\",\"choices\":[{\"message\":" \
	"{\"content\":\"Hi\"},\"finish_reason\":\"stop\"}]}"
#define SAID_NOTHING "{\"choices\":[{\"message\":{\"content\":\"\"}," \
	"\"finish_reason\":\"length\"}]}"
#define ERROR(code, message) \
	"{\"error\":{\"code\":\"" code "\",\"message\":\"" message "\"}}"
#define KEY "sk-0123456789abcdef0123"

static void names_models(struct import *im)
{
	json_decref(im->requested);
	im->requested = json_pack("[s,s]", "m-2", "other-9");
}

/* "m-2" alone could be any maker's. */
static void names_others(struct import *im)
{
	json_decref(im->requested);
	im->requested = json_pack("[s,s]", "mock-2", "other-9");
}

static void last_form(struct import *im)
{
	im->memo.page = im->memo.chat_form = 1;
}

static void tried_twice(struct import *im)
{
	im->attempt = 2;
}

static void models_are(const struct import *im, const char *json)
{
	assert_string_equal(text_or(im->item.models, "-"), json);
	assert_int_equal(im->memo.page, 0);
}

static void chat_models_are_listed(const struct import *im)
{
	models_are(im, "[\"m-1\",\"m-2\"]");
	assert_string_equal(im->item.warnings, "[]");
	assert_non_null(im->item.canonical_model_families);
}

static void requested_models_stay(const struct import *im)
{
	models_are(im, "[\"m-2\",\"other-9\"]");
	assert_non_null(strstr(im->item.warnings, "model_not_listed"));
	assert_non_null(strstr(im->item.warnings, "other-9"));
	assert_null(strstr(im->item.warnings, "m-2"));
}

static void requested_models_without_a_list(const struct import *im)
{
	models_are(im, "[\"mock-2\",\"other-9\"]");
	assert_non_null(strstr(im->item.warnings, "models_not_listed"));
}

static void next_page(const struct import *im)
{
	assert_int_equal(im->memo.page, 1);
}

static void names_what_is_missing(const struct import *im)
{
	assert_non_null(strstr(im->item.failure_detail, "requested_models"));
}

static void the_key_is_masked(const struct import *im)
{
	assert_non_null(strstr(im->item.failure_detail, "401"));
	assert_non_null(strstr(im->item.failure_detail, "[redacted]"));
	assert_null(strstr(im->item.failure_detail, KEY));
}

static void models_of_a_provider(void **state)
{
	static const struct step_case cases[] = {
		{ "a list", NULL, SAYS(200, LIST), ON,
		  chat_models_are_listed },
		{ "a list of other models", names_models, SAYS(200, LIST), ON,
		  requested_models_stay },
		{ "a list of nothing that chats", NULL,
		  SAYS(200, "{\"data\":[{\"id\":\"tts-1\"}]}"),
		  FAIL(FAILURE_MODEL_NOT_FOUND), names_what_is_missing },
		{ "a wrong key that it echoes", NULL,
		  SAYS(401, ERROR("", "Incorrect API key: " KEY)),
		  FAIL(FAILURE_KEY_INVALID), the_key_is_masked },
		{ "no money", NULL, SAYS(402, ERROR("", "pay")),
		  FAIL(FAILURE_QUOTA_EXHAUSTED), NULL },
		{ "another path", NULL, SAYS(404, "{}"),
		  WAIT(0, FAILURE_NONE), next_page },
		{ "a page", NULL, SAYS_PAGE(200), WAIT(0, FAILURE_NONE),
		  next_page },
		{ "a redirect", NULL, { TRANSPORT_OK, 301, -1, NULL, NULL },
		  WAIT(0, FAILURE_NONE), next_page },
		{ "too often", NULL, SAYS_LATER(429, 9000, "{}"),
		  AGAIN(FAILURE_RATE_LIMITED, 9000), NULL },
		{ "trouble", NULL, SAYS(502, "{}"),
		  AGAIN(FAILURE_TRANSIENT, -1), NULL },
		{ "no way to it", NULL, LOST(TRANSPORT_TIMEOUT),
		  AGAIN(FAILURE_TIMEOUT, -1), NULL },
		{ "never a way to it", tried_twice, LOST(TRANSPORT_TIMEOUT),
		  FAIL(FAILURE_TIMEOUT), NULL },
		{ "a bad certificate", NULL, LOST(TRANSPORT_TLS),
		  FAIL(FAILURE_TLS), NULL },
		{ "a bar", NULL, SAYS(403, "{}"), FAIL(FAILURE_FORBIDDEN),
		  NULL },
	};
	/* Who named models does not need the list. */
	static const struct step_case named[] = {
		{ "a list that is not for this key", names_others,
		  SAYS(401, ERROR("", "no management key")), ON,
		  requested_models_without_a_list },
		{ "a list without money", names_others, SAYS(402, "{}"), ON,
		  requested_models_without_a_list },
		{ "too often, not for long", names_others,
		  SAYS_LATER(429, 2000, "{}"),
		  AGAIN(FAILURE_RATE_LIMITED, 2000), NULL },
		{ "too often for a minute", names_others,
		  SAYS_LATER(429, 60000, "{}"), ON,
		  requested_models_without_a_list },
		{ "a list that takes for ever", names_others,
		  LOST(TRANSPORT_SILENT), ON,
		  requested_models_without_a_list },
		{ "a bar", names_others, SAYS(403, "{}"), ON,
		  requested_models_without_a_list },
		{ "a bad certificate", names_others, LOST(TRANSPORT_TLS), ON,
		  requested_models_without_a_list },
	};

	(void)state;
	walk(got_upstream_models, "0.1.179", NULL, cases, COUNT(cases));
	walk(got_upstream_models, "0.1.179", NULL, named, COUNT(named));
}

static void each_form_of_the_url_is_asked_for_a_list(void **state)
{
	IMPORT im = import_on("0.1.179");
	IMPORT other = import_on("0.1.179");

	(void)state;
	check_asks(ask_upstream_models, im,
		   "GET https://p.example/v1/models");
	im->memo.page = 1;
	check_asks(ask_upstream_models, im, "GET https://p.example/models");
	im->memo.page = 2;
	check_asks(ask_upstream_models, im, "");
	names_others(other);
	check_unasked("named", got_upstream_models, other,
		      (struct verdict)ON);
	models_are(other, "[\"mock-2\",\"other-9\"]");
}

/* When no form has one, the first real reason is what is wrong. */
static void no_list_at_all(void **state)
{
	static const struct {
		struct said first, second;
		enum failure why;
	} cases[] = {
		{ SAYS(404, "{}"), SAYS(404, "{}"),
		  FAILURE_MODEL_NOT_FOUND },
		{ SAYS(404, "{}"), SAYS_PAGE(200), FAILURE_INSPECT_BODY },
		{ SAYS_PAGE(200), SAYS(404, "{}"), FAILURE_INSPECT_BODY },
		{ { TRANSPORT_OK, 302, -1, NULL, NULL }, SAYS(404, "{}"),
		  FAILURE_REDIRECTED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		IMPORT im = import_on("0.1.179");
		CLEANUP(answer_done) struct answer first =
			answer_made(&cases[i].first);
		CLEANUP(answer_done) struct answer second =
			answer_made(&cases[i].second);

		got_upstream_models(im, &first);
		got_upstream_models(im, &second);
		assert_int_equal(im->memo.page, 2);
		check_verdict("none", got_upstream_models(im, NULL),
			      (struct verdict)FAIL(cases[i].why));
	}
}

/* ---- the chat ---- */

static void chat_is_found(const struct import *im)
{
	assert_string_equal(im->item.chat_url,
			    "https://p.example/v1/chat/completions");
	assert_string_equal(im->item.resolved_smoke_model, "m-1");
	assert_string_equal(im->item.warnings, "[]");
	assert_null(im->item.failure_detail);
	assert_int_equal(im->memo.doubts, 0);
}

static void the_host_decides(const struct import *im)
{
	assert_string_equal(im->item.chat_url,
			    "https://p.example/v1/chat/completions");
	assert_string_equal(im->item.resolved_smoke_model, "m-1");
	assert_string_not_equal(im->item.warnings, "[]");
}

static void next_form(const struct import *im)
{
	assert_int_equal(im->memo.chat_form, 1);
	assert_int_equal(im->memo.chat_model, 0);
}

static void next_model(const struct import *im)
{
	assert_int_equal(im->memo.chat_form, 0);
	assert_int_equal(im->memo.chat_model, 1);
}

static void on_last_model(struct import *im)
{
	last_form(im);
	im->memo.chat_model = im->memo.chat_tries = 1;
}

static void tried_all(struct import *im)
{
	im->attempt = 3;
	im->memo.chat_model = im->memo.chat_tries = 1;
}

/* The first form as it was given, the second without its "/v1". */
static void first_form_was_unknown(struct import *im)
{
	static const struct said said = SAYS(404, "{\"message\":\"the first\"}");
	CLEANUP(answer_done) struct answer answer = answer_made(&said);

	own_set(&im->item.base_url, "https://p.example/v1");
	check_verdict("first", got_upstream_chat(im, &answer),
		      (struct verdict)WAIT(0, FAILURE_NONE));
}

static void the_first_form_is_blamed(const struct import *im)
{
	assert_int_equal(im->memo.chat_form, 1);
	assert_non_null(strstr(im->item.failure_detail, "the first"));
}

static void the_last_form_is_blamed(const struct import *im)
{
	assert_null(strstr(im->item.failure_detail, "the first"));
}

static void says_why(const struct import *im)
{
	assert_non_null(im->item.failure_detail);
}

static void chat_of_a_provider(void **state)
{
	static const struct step_case cases[] = {
		{ "a word", NULL, SAYS(200, SAID_SOMETHING), ON,
		  chat_is_found },
		{ "no word in so few tokens", NULL, SAYS(200, SAID_NOTHING),
		  ON, chat_is_found },
		{ "a wrong key that it echoes", NULL,
		  SAYS(401, ERROR("invalid_api_key", "wrong: " KEY)),
		  FAIL(FAILURE_KEY_INVALID), the_key_is_masked },
		{ "no money", NULL,
		  SAYS(429, ERROR("insufficient_balance", "pay")),
		  FAIL(FAILURE_QUOTA_EXHAUSTED), says_why },
		{ "another path", NULL, SAYS(404, "{}"),
		  WAIT(0, FAILURE_NONE), next_form },
		{ "a page", NULL, SAYS_PAGE(200), WAIT(0, FAILURE_NONE),
		  next_form },
		{ "a page everywhere", last_form, SAYS_PAGE(200),
		  FAIL(FAILURE_INSPECT_BODY), says_why },
		{ "the page of a console behind it", first_form_was_unknown,
		  SAYS_PAGE(200), FAIL(FAILURE_ENDPOINT_UNSUPPORTED),
		  the_first_form_is_blamed },
		{ "a wrong key behind it", first_form_was_unknown,
		  SAYS(401, "{}"), FAIL(FAILURE_KEY_INVALID),
		  the_last_form_is_blamed },
		{ "no path at all", last_form, SAYS(404, "{}"),
		  FAIL(FAILURE_ENDPOINT_UNSUPPORTED), says_why },
		{ "another model", last_form,
		  SAYS(404, ERROR("model_not_found", "no")),
		  WAIT(0, FAILURE_NONE), next_model },
		{ "no model at all", on_last_model,
		  SAYS(404, ERROR("model_not_found", "no")),
		  FAIL(FAILURE_MODEL_NOT_FOUND), says_why },
		{ "no right to any model", on_last_model,
		  SAYS(403, ERROR("permission_denied_error", "no")),
		  FAIL(FAILURE_ENTITLEMENT), says_why },
		{ "not for the likes of us", NULL,
		  SAYS(403, ERROR("", "only available for coding agents")),
		  FAIL(FAILURE_CLIENT_NOT_ALLOWED), says_why },
		{ "no end", NULL, LOST(TRANSPORT_TOO_LARGE),
		  FAIL(FAILURE_TOO_LARGE), NULL },
	};

	(void)state;
	walk(got_upstream_chat, "0.1.179", NULL, cases, COUNT(cases));
}

/* What passes is waited for; what bars only us is the host's to decide. */
static void what_may_pass_ends_nothing(void **state)
{
	static const struct step_case cases[] = {
		{ "too often", NULL, SAYS_LATER(429, 30000, "{}"),
		  AGAIN(FAILURE_RATE_LIMITED, 30000), says_why },
		{ "too often again", tried_often, SAYS(429, "{}"),
		  AGAIN(FAILURE_RATE_LIMITED, -1), says_why },
		{ "overload, at first", NULL, SAYS(503, "{}"),
		  AGAIN(FAILURE_OVERLOADED, -1), says_why },
		{ "overload", tried_twice, SAYS(503, "{}"),
		  WAIT(0, FAILURE_NONE), next_model },
		{ "overload of all", tried_all, SAYS(503, "{}"),
		  AGAIN(FAILURE_OVERLOADED, -1), says_why },
		{ "trouble of one model", tried_twice, SAYS(500, "{}"),
		  WAIT(0, FAILURE_NONE), next_model },
		{ "trouble of all", tried_all, SAYS(500, "{}"), ON,
		  the_host_decides },
		{ "trouble", NULL, SAYS(500, "{}"),
		  AGAIN(FAILURE_TRANSIENT, -1), says_why },
		{ "no way to it", NULL, LOST(TRANSPORT_REFUSED),
		  AGAIN(FAILURE_REFUSED, -1), NULL },
		{ "never a way to it", tried_twice, LOST(TRANSPORT_REFUSED),
		  ON, the_host_decides },
		{ "a bad certificate", NULL, LOST(TRANSPORT_TLS), ON,
		  the_host_decides },
		{ "not from here", NULL,
		  SAYS(403, ERROR("", "your country is not supported")), ON,
		  the_host_decides },
		{ "a bar without a word", NULL, SAYS(403, "{}"), ON,
		  the_host_decides },
	};

	(void)state;
	walk(got_upstream_chat, "0.1.179", NULL, cases, COUNT(cases));
}

static struct verdict chat_as_asked_from(const char *from,
					 const struct said *said)
{
	IMPORT im = import_on("0.1.179");
	CLEANUP(answer_done) struct answer answer = answer_made(said);
	struct settings other = settings;
	char place[8];

	snprintf(place, sizeof(place), "%s", from);
	other.probe_from = place;
	im->settings = &other;
	return got_upstream_chat(im, &answer);
}

static void whose_view_gates_can_be_set(void **state)
{
	static const struct said wrong = SAYS(401, "{}");
	static const struct said barred = SAYS(403, "{}");

	(void)state;
	check_verdict("auto", chat_as_asked_from("auto", &wrong),
		      (struct verdict)FAIL(FAILURE_KEY_INVALID));
	check_verdict("auto", chat_as_asked_from("auto", &barred),
		      (struct verdict)ON);
	check_verdict("host", chat_as_asked_from("host", &wrong),
		      (struct verdict)ON);
	check_verdict("crm", chat_as_asked_from("crm", &barred),
		      (struct verdict)FAIL(FAILURE_FORBIDDEN));
}

static void a_chat_is_asked_at_each_form_of_the_url(void **state)
{
	IMPORT im = import_on("0.1.179");

	(void)state;
	check_asks(ask_upstream_chat, im,
		   "POST https://p.example/v1/chat/completions");
	im->memo.chat_form = 1;
	check_asks(ask_upstream_chat, im,
		   "POST https://p.example/chat/completions");
	im->memo.chat_form = 2;
	check_asks(ask_upstream_chat, im, "");
	check_unasked("no form", got_upstream_chat, im,
		      (struct verdict)FAIL(FAILURE_INTERNAL));
	im->memo.chat_form = 0;
	im->memo.chat_model = 2;
	check_asks(ask_upstream_chat, im, "");
}

/* Where there is none, and none can be had, what is documented is taken. */
static void without_a_list_the_documented_models_are_taken(void **state)
{
	IMPORT im = import_on("0.1.179");
	IMPORT named = import_on("0.1.179");
	static const struct said nothing = SAYS(404, "{}");
	CLEANUP(answer_done) struct answer answer = answer_made(&nothing);

	(void)state;
	own_set(&im->item.base_url, "https://spark-api-open.xf-yun.com/v1");
	check_verdict("asked", got_upstream_models(im, &answer),
		      (struct verdict)WAIT(0, FAILURE_NONE));
	check_verdict("documented", got_upstream_models(im, NULL),
		      (struct verdict)ON);
	assert_non_null(strstr(im->item.models, "\"lite\""));
	assert_string_equal(im->item.warnings, "[]");
	assert_int_equal(im->nevents, 1);
	assert_string_equal(im->events[0].kind, "models_from_pack");
	/* Who named models knows better. */
	own_set(&named->item.base_url, "https://spark-api-open.xf-yun.com/v1");
	names_others(named);
	check_unasked("named", got_upstream_models, named,
		      (struct verdict)ON);
	models_are(named, "[\"mock-2\",\"other-9\"]");
	assert_int_equal(named->nevents, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(models_of_a_provider),
		cmocka_unit_test(each_form_of_the_url_is_asked_for_a_list),
		cmocka_unit_test(no_list_at_all),
		cmocka_unit_test(
			without_a_list_the_documented_models_are_taken),
		cmocka_unit_test(chat_of_a_provider),
		cmocka_unit_test(what_may_pass_ends_nothing),
		cmocka_unit_test(whose_view_gates_can_be_set),
		cmocka_unit_test(a_chat_is_asked_at_each_form_of_the_url),
	};

	return cmocka_run_group_tests(tests, read_settings, drop_settings);
}
