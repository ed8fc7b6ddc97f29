#include "schedd/wire.h"

#include <string.h>

#define SCRUB_MIN 6	/* shorter ones would hit ordinary words */

static const char *const method_names[METHOD__MAX] = {
	[METHOD_GET]	= "GET",
	[METHOD_POST]	= "POST",
	[METHOD_PUT]	= "PUT",
	[METHOD_DELETE]	= "DELETE",
};

unsigned wire_slots(const struct request *request)
{
	unsigned slots = 1u << request->url_tail_slot;

	for (size_t i = 0; i < request->nheaders; i++)
		slots |= 1u << request->headers[i].slot;
	for (size_t i = 0; i < request->nholes; i++)
		slots |= 1u << request->holes[i].slot;
	return slots & ~(1u << SLOT_NONE);
}

void wire_secrets_wipe(struct wire_secrets *secrets)
{
	for (size_t i = 0; i < SLOT__MAX; i++)
		own_wipe(&secrets->text[i]);
}

static bool has_all(const struct request *request,
		    const struct wire_secrets *secrets)
{
	unsigned slots = wire_slots(request);

	for (unsigned i = 0; i < SLOT__MAX; i++)
		if (slots & 1u << i && !secrets->text[i])
			return false;
	return true;
}

static void add_header(struct wire *wire, char *header)
{
	wire->headers[wire->nheaders++] = header;
}

static char *fill_url(const struct request *request,
		      const struct wire_secrets *secrets)
{
	const char *tail = secrets->text[request->url_tail_slot];
	AUTO_WIPE char *escaped = NULL;
	size_t len;

	if (request->url_tail_slot == SLOT_NONE)
		return xstrdup(request->url);
	len = strlen(tail);
	if (len > request->url_tail_len)
		tail += len - request->url_tail_len;
	escaped = request_escape(tail);
	return xasprintf("%s%s", request->url, escaped);
}

/* Put the secrets into their places, as JSON strings. */
static void fill_body(struct wire *wire, const struct request *request,
		      const struct wire_secrets *secrets)
{
	const struct buf *from = &request->body.text;
	struct buf to = { .max = REQUEST_BODY_MAX };
	size_t at = 0;

	if (from->len == 0)
		return;
	for (size_t i = 0; i < request->nholes; i++) {
		const char *secret = secrets->text[request->holes[i].slot];

		buf_add(&to, from->text + at, request->holes[i].offset - at);
		jout_quoted(&to, secret, strlen(secret));
		at = request->holes[i].offset;
	}
	buf_add(&to, from->text + at, from->len - at);
	wire->body_len = to.len;
	wire->body = buf_take(&to);
	add_header(wire, xstrdup("Content-Type: application/json"));
}

/* gcc's analyzer does not follow what is kept in the array of a struct. */
#pragma GCC diagnostic push
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif
static void keep_secrets(struct wire *wire, unsigned slots,
			 const struct wire_secrets *secrets)
{
	wire->secrets = xcalloc(1, sizeof(*wire->secrets));
	for (unsigned i = 0; i < SLOT__MAX; i++)
		if (slots & 1u << i)
			wire->secrets->text[i] = xstrdup(secrets->text[i]);
}

/* "user:password" as it stands in a URL; NULL if nothing does. */
static char *credentials_of(const char *url)
{
	const char *from = strstr(url, "://"), *at;

	from = from ? from + 3 : url;
	at = strrchr(from, '@');
	return at ? xstrndup(from, (size_t)(at - from)) : NULL;
}

void wire_go_by(struct wire *wire, const struct way *way, enum peer peer,
		const char *proxy)
{
	wire->proxy = xstrdup_null(proxy ? proxy : way->proxy);
	wire->ca_pem = xstrdup_null(way->ca_pem);
	wire->private_ok = way->private_ok;
	wire->private_setting = way_private_setting(peer);
	/* A peer may show what a proxy passed on to it. */
	if (proxy)
		wire->secrets->text[SLOT_PROXY] = credentials_of(proxy);
}
#pragma GCC diagnostic pop

struct wire *wire_make(const struct request *request,
		       const struct wire_secrets *secrets)
{
	struct wire *wire;

	if (!has_all(request, secrets) || request->body.text.failed)
		return NULL;
	wire = xcalloc(1, sizeof(*wire));
	wire->method = method_names[request->method];
	wire->url = fill_url(request, secrets);
	wire->bulky = request->bulky;
	for (size_t i = 0; i < request->nheaders; i++) {
		const struct request_header *h = &request->headers[i];
		const char *secret = secrets->text[h->slot];

		add_header(wire, xasprintf("%s: %s%s", h->name, h->value,
					   h->slot && secret ? secret : ""));
	}
	fill_body(wire, request, secrets);
	keep_secrets(wire, wire_slots(request), secrets);
	return wire;
}

void wire_scrub(const struct wire *wire, char *body, size_t len)
{
	for (size_t i = 0; i < SLOT__MAX; i++) {
		const char *secret = wire->secrets->text[i];
		size_t secret_len = secret ? strlen(secret) : 0;
		char *at = body, *end = body + len;

		if (secret_len < SCRUB_MIN)
			continue;
		while ((at = memmem(at, (size_t)(end - at), secret,
				    secret_len))) {
			memset(at, '*', secret_len);
			at += secret_len;
		}
	}
}

void wire_free(struct wire **wirep)
{
	struct wire *wire = *wirep;

	if (!wire)
		return;
	for (size_t i = 0; i < wire->nheaders; i++)
		own_wipe(&wire->headers[i]);
	if (wire->body)
		explicit_bzero(wire->body, wire->body_len);
	if (wire->secrets)
		wire_secrets_wipe(wire->secrets);
	free(wire->secrets);
	free(wire->body);
	own_wipe(&wire->url);
	own_wipe(&wire->proxy);
	free(wire->ca_pem);
	free(wire);
	*wirep = NULL;
}
