#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "schedd/wire.h"
#include "shared/table.h"

#define URL "https://host.example/api/v1/keys"

/* What secrets can be made of, at the worst. */
#define ODD "a\"b\\c\n\t\x01/\xe4\xb8\xad"
#define ODD_AS_JSON "\"a\\\"b\\\\c\\n\\u0009\\u0001/\xe4\xb8\xad\""

#define TOKEN "token-0123456789"

static char odd[] = ODD;
static char token[] = TOKEN;
static char unused[] = "unused-secret";

static const struct wire_secrets secrets = { .text = {
	[SLOT_PROVIDER_KEY] = odd,
	[SLOT_HOST_TOKEN] = token,
	[SLOT_USER_KEY] = unused,
} };

/* A POST with a header and two members that are secret. */
static void ask(struct request *request)
{
	request_start(request, METHOD_POST, PEER_HOST, URL, "?page=%d", 1);
	request_header(request, "x-api-key", "", SLOT_HOST_TOKEN);
	request_header(request, "Accept", "application/json", SLOT_NONE);
	jout_object(&request->body, NULL);
	jout_str(&request->body, "name", "n");
	request_secret(request, "api_key", SLOT_PROVIDER_KEY);
	jout_i64(&request->body, "group", 3);
	request_secret(request, "again", SLOT_HOST_TOKEN);
	jout_object_end(&request->body);
}

static void secrets_stand_in_headers_and_body(void **state)
{
	CLEANUP(request_done) struct request request = { 0 };
	CLEANUP(wire_free) struct wire *wire = NULL;
	static const char body[] = "{\"name\":\"n\",\"api_key\":" ODD_AS_JSON
		",\"group\":3,\"again\":\"" TOKEN "\"}";

	(void)state;
	ask(&request);
	wire = wire_make(&request, &secrets);
	assert_non_null(wire);
	assert_string_equal(wire->method, "POST");
	assert_string_equal(wire->url, URL "?page=1");
	assert_string_equal(wire->body, body);
	assert_int_equal(wire->body_len, strlen(body));
	assert_int_equal(wire->nheaders, 3);
	assert_string_equal(wire->headers[0], "x-api-key: " TOKEN);
	assert_string_equal(wire->headers[1], "Accept: application/json");
	assert_string_equal(wire->headers[2],
			    "Content-Type: application/json");
}

static void the_body_is_json_that_says_the_secret(void **state)
{
	CLEANUP(request_done) struct request request = { 0 };
	CLEANUP(wire_free) struct wire *wire = NULL;
	json_auto_t *json = NULL;

	(void)state;
	ask(&request);
	wire = wire_make(&request, &secrets);
	json = json_loads(wire->body, 0, NULL);
	assert_string_equal(json_string_value(json_object_get(json,
							      "api_key")),
			    ODD);
}

static void what_stands_before_a_secret_stays(void **state)
{
	CLEANUP(request_done) struct request request = { 0 };
	CLEANUP(wire_free) struct wire *wire = NULL;

	(void)state;
	request_start(&request, METHOD_GET, PEER_HOST, URL, "%s", "");
	request_header(&request, "Authorization", "Bearer ", SLOT_HOST_TOKEN);
	wire = wire_make(&request, &secrets);
	assert_string_equal(wire->headers[0], "Authorization: Bearer " TOKEN);
	assert_int_equal(wire->nheaders, 1);
	assert_string_equal(wire->method, "GET");
	/* No body, so no type of one. */
	assert_null(wire->body);
	assert_int_equal(wire->body_len, 0);
}

static void every_method_has_its_name(void **state)
{
	static const char *const names[METHOD__MAX] = {
		[METHOD_GET] = "GET", [METHOD_POST] = "POST",
		[METHOD_PUT] = "PUT", [METHOD_DELETE] = "DELETE",
	};

	(void)state;
	for (int i = 0; i < METHOD__MAX; i++) {
		CLEANUP(request_done) struct request request = { 0 };
		CLEANUP(wire_free) struct wire *wire = NULL;

		request_start(&request, (enum method)i, PEER_HOST, URL, "%s",
			      "");
		wire = wire_make(&request, &secrets);
		assert_string_equal(wire->method, names[i]);
	}
}

static void a_request_tells_its_slots(void **state)
{
	CLEANUP(request_done) struct request request = { 0 };
	const struct request none = { 0 };

	(void)state;
	assert_int_equal(wire_slots(&none), 0);
	ask(&request);
	assert_int_equal(wire_slots(&request), 1u << SLOT_HOST_TOKEN |
			 1u << SLOT_PROVIDER_KEY);
}

static void a_secret_that_is_not_to_be_had_makes_no_wire(void **state)
{
	static const enum slot named[] = { SLOT_HOST_TOKEN,
					   SLOT_PROVIDER_KEY };

	(void)state;
	for (size_t i = 0; i < COUNT(named); i++) {
		CLEANUP(request_done) struct request request = { 0 };
		struct wire_secrets fewer = secrets;

		ask(&request);
		fewer.text[named[i]] = NULL;
		assert_null(wire_make(&request, &fewer));
	}
}

static void a_body_that_became_too_long_makes_no_wire(void **state)
{
	CLEANUP(request_done) struct request request = { 0 };
	AUTO_FREE char *much = xcalloc(1, REQUEST_BODY_MAX + 1);

	(void)state;
	memset(much, 'x', REQUEST_BODY_MAX);
	ask(&request);
	jout_str(&request.body, NULL, much);
	assert_null(wire_make(&request, &secrets));
}

static void only_the_secrets_that_are_named_go_along(void **state)
{
	CLEANUP(request_done) struct request request = { 0 };
	CLEANUP(wire_free) struct wire *wire = NULL;

	(void)state;
	ask(&request);
	wire = wire_make(&request, &secrets);
	for (int i = 0; i < SLOT__MAX; i++) {
		bool named = wire_slots(&request) & 1u << i;

		assert_int_equal(wire->secrets->text[i] != NULL, named);
	}
}

static void echoes_of_secrets_are_overwritten(void **state)
{
	CLEANUP(request_done) struct request request = { 0 };
	CLEANUP(wire_free) struct wire *wire = NULL;
	char body[] = "you sent " TOKEN ", I said " TOKEN TOKEN "!";
	char part[] = "token-012345678";
	char other[] = "unused-secret";

	(void)state;
	ask(&request);
	wire = wire_make(&request, &secrets);
	wire_scrub(wire, body, strlen(body));
	assert_string_equal(body, "you sent ****************, I said "
			    "********************************!");
	wire_scrub(wire, part, strlen(part));
	assert_string_equal(part, "token-012345678");
	/* It was not in this request, so it is not known. */
	wire_scrub(wire, other, strlen(other));
	assert_string_equal(other, "unused-secret");
}

static void an_answer_may_hold_any_bytes(void **state)
{
	CLEANUP(request_done) struct request request = { 0 };
	CLEANUP(wire_free) struct wire *wire = NULL;
	char body[] = "\0" TOKEN "\0" TOKEN;

	(void)state;
	ask(&request);
	wire = wire_make(&request, &secrets);
	wire_scrub(wire, body, sizeof(body) - 1);
	assert_memory_equal(body, "\0****************\0****************",
			    sizeof(body));
	/* Nothing is read past the length. */
	wire_scrub(wire, token, 0);
	wire_scrub(wire, token, strlen(token) - 1);
	assert_string_equal(token, TOKEN);
}

static void words_as_short_as_this_are_left_alone(void **state)
{
	CLEANUP(request_done) struct request request = { 0 };
	CLEANUP(wire_free) struct wire *wire = NULL;
	static char brief[] = "model", longer[] = "models";
	const struct wire_secrets two = { .text = {
		[SLOT_HOST_TOKEN] = brief, [SLOT_PROVIDER_KEY] = longer,
	} };
	char body[] = "a model of models";

	(void)state;
	ask(&request);
	wire = wire_make(&request, &two);
	wire_scrub(wire, body, strlen(body));
	assert_string_equal(body, "a model of ******");
}

/* A search for a key names no more of it than its end. */
static void a_url_may_end_in_the_end_of_a_secret(void **state)
{
	CLEANUP(request_done) struct request request = { 0 };
	CLEANUP(wire_free) struct wire *wire = NULL, *all = NULL;
	static const struct wire_secrets none = { 0 };

	(void)state;
	request_start(&request, METHOD_GET, PEER_HOST, URL, "?search=");
	request_url_tail(&request, SLOT_HOST_TOKEN, 4);
	assert_int_equal(wire_slots(&request), 1u << SLOT_HOST_TOKEN);
	wire = wire_make(&request, &secrets);
	assert_string_equal(wire->url, URL "?search=6789");
	assert_null(wire->body);
	request_url_tail(&request, SLOT_PROVIDER_KEY, 100);
	all = wire_make(&request, &secrets);
	assert_string_equal(all->url, URL "?search=a%22b%5Cc%0A%09%01%2F"
			    "%E4%B8%AD");
	assert_null(wire_make(&request, &none));
}

static void wiping_leaves_nothing(void **state)
{
	struct wire_secrets some = { .text = {
		[SLOT_USER_KEY] = xstrdup("one"),
		[SLOT_USER_TOKEN] = xstrdup("two"),
	} };
	struct wire *none = NULL;

	(void)state;
	wire_secrets_wipe(&some);
	for (int i = 0; i < SLOT__MAX; i++)
		assert_null(some.text[i]);
	wire_secrets_wipe(&some);
	wire_free(&none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(secrets_stand_in_headers_and_body),
		cmocka_unit_test(the_body_is_json_that_says_the_secret),
		cmocka_unit_test(what_stands_before_a_secret_stays),
		cmocka_unit_test(every_method_has_its_name),
		cmocka_unit_test(a_request_tells_its_slots),
		cmocka_unit_test(a_secret_that_is_not_to_be_had_makes_no_wire),
		cmocka_unit_test(a_body_that_became_too_long_makes_no_wire),
		cmocka_unit_test(only_the_secrets_that_are_named_go_along),
		cmocka_unit_test(echoes_of_secrets_are_overwritten),
		cmocka_unit_test(an_answer_may_hold_any_bytes),
		cmocka_unit_test(words_as_short_as_this_are_left_alone),
		cmocka_unit_test(a_url_may_end_in_the_end_of_a_secret),
		cmocka_unit_test(wiping_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
