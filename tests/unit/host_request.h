/*
 * host_request: what requests to a host look like, for tests that say it.
 */
#ifndef TESTS_UNIT_HOST_REQUEST_H
#define TESTS_UNIT_HOST_REQUEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "schedd/host/peer.h"
#include "shared/table.h"

/* Not every test needs all of them. */
#ifndef MAYBE_UNUSED
#define MAYBE_UNUSED __attribute__((unused))
#endif

#define MARK "crm-ab12cd-qwertyui"

MAYBE_UNUSED static const struct host_peer by_key = {
	.base_url = "https://host.example/sub",
	.auth = HOST_AUTH_API_KEY,
	.inst = "ab12cd",
};
MAYBE_UNUSED static const struct host_peer by_token = {
	.base_url = "https://host.example/sub",
	.auth = HOST_AUTH_BEARER,
	.inst = "ab12cd",
};
MAYBE_UNUSED static const struct host_peer by_password = {
	.base_url = "https://host.example/sub",
	.auth = HOST_AUTH_PASSWORD,
	.admin_email = "root@host.example",
	.inst = "ab12cd",
};

/* ---- what a request looks like ---- */

static const struct request_header *header(const struct request *request,
					   const char *name)
{
	for (size_t i = 0; i < request->nheaders; i++)
		if (strcmp(request->headers[i].name, name) == 0)
			return &request->headers[i];
	return NULL;
}

static const char *const slot_names[] = {
	[SLOT_NONE] = "none",
	[SLOT_HOST_TOKEN] = "host_token",
	[SLOT_PROVIDER_KEY] = "provider_key",
	[SLOT_USER_PASSWORD] = "user_password",
	[SLOT_USER_TOKEN] = "user_token",
	[SLOT_USER_KEY] = "user_key",
	[SLOT_HOST_SESSION] = "host_session",
	[SLOT_GIVEN_KEY] = "given_key",
	[SLOT_PROXY] = "proxy",
};
_Static_assert(COUNT(slot_names) == SLOT__MAX, "name every slot");

/* The body with the names of the slots in its holes. */
static char *body_of(const struct request *request)
{
	struct buf out = { .max = REQUEST_BODY_MAX };
	const char *body = buf_str(&request->body.text);
	size_t from = 0;

	for (size_t i = 0; i < request->nholes; i++) {
		size_t at = request->holes[i].offset;

		buf_add(&out, body + from, at - from);
		buf_addf(&out, "\"<%s>\"", slot_names[request->holes[i].slot]);
		from = at;
	}
	buf_adds(&out, body + from);
	return buf_take(&out);
}

/* Who asks, by the header that says so. */
static const char *credentials_of(const struct request *request)
{
	const struct request_header *bearer = header(request,
						     "Authorization");
	const struct request_header *key = header(request, "x-api-key");

	assert_false(bearer && key);
	if (bearer)
		assert_string_equal(bearer->value, "Bearer ");
	if (key)
		assert_string_equal(key->value, "");
	return bearer ? slot_names[bearer->slot]
		      : key ? slot_names[key->slot] : "nobody";
}

struct shape {
	enum method method;
	const char *path;
	const char *who;
	const char *body;	/* "" for none */
};

/* What the host counts: logins, and all that users ask the panel. */
static enum budget budget_of(const struct shape *wanted)
{
	if (strcmp(wanted->path, "/api/v1/auth/login") == 0)
		return BUDGET_LOGIN;
	return strcmp(wanted->who, "user_token") == 0 ? BUDGET_USER_CALL
						      : BUDGET_NONE;
}

MAYBE_UNUSED static void check(const struct request *request,
			       const struct shape *wanted)
{
	AUTO_FREE char *url = xasprintf("https://host.example/sub%s",
					wanted->path);
	AUTO_FREE char *body = body_of(request);
	const struct request_header *accept = header(request, "Accept");

	assert_int_equal(request->method, wanted->method);
	assert_string_equal(request->url, url);
	assert_string_equal(credentials_of(request), wanted->who);
	assert_string_equal(body, wanted->body);
	assert_int_equal(request->budget, budget_of(wanted));
	assert_int_equal(request->peer, PEER_HOST);
	assert_string_equal(accept->value, "application/json");
	if (*body) {
		json_auto_t *json = json_loads(body, 0, NULL);

		assert_non_null(json);
	}
}

#define CHECK(request, ...) check(request, &(struct shape){ __VA_ARGS__ })

MAYBE_UNUSED static void check_idempotency(const struct request *request,
			      const char *wanted)
{
	const struct request_header *key = header(request,
						  "Idempotency-Key");

	assert_non_null(key);
	assert_string_equal(key->value, wanted);
	assert_true(strlen(key->value) <= 128);
}

MAYBE_UNUSED static char *text_of(struct jout *out)
{
	assert_false(out->text.failed);
	out->comma = false;
	return buf_take(&out->text);
}

#endif
