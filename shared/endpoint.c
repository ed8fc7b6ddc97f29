#include "shared/endpoint.h"

#include <arpa/inet.h>
#include <assert.h>
#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "shared/buf.h"
#include "shared/seal.h"
#include "shared/table.h"

#define HOST_MAX	253
#define LABEL_MAX	63
#define TAIL_LEN	8	/* of the hash, in an endpoint key */

/* What is pasted along with a base URL, as documentation shows it. */
static const char *const pasted[] = { "/chat/completions", "/models" };

static const struct scheme {
	const char *name;
	size_t len;
	long port;		/* the default, which is left out */
} schemes[] = {
	{ "http://", 7, 80 },
	{ "https://", 8, 443 },
};

/* A URL in parts.  They are borrowed from the text that was split. */
struct parts {
	const struct scheme *scheme;
	const char *host;
	size_t host_len;
	const char *port;	/* what follows the ':'; NULL if there is none */
	size_t port_len;
	const char *path;
};

static int refuse(struct err *err, const char *why)
{
	return err_set(err, ERR_INVALID, "%s", why);
}

/* What no part of a URL may contain; the sentences never repeat the URL. */
static int check_characters(const char *url, struct err *err)
{
	if (strlen(url) > ENDPOINT_URL_MAX)
		return err_set(err, ERR_INVALID, "must be at most %d "
			       "characters long", ENDPOINT_URL_MAX);
	for (const char *p = url; *p; p++) {
		unsigned char c = (unsigned char)*p;

		if (c <= ' ' || c == 0x7f || c == '\\')
			return refuse(err, "must not contain spaces, control "
				      "characters or backslashes");
		if (c > 0x7f)
			return refuse(err, "must be ASCII: write the host as "
				      "xn--..., escape the path by %XX");
	}
	if (strpbrk(url, "?#"))
		return refuse(err, "must not have a query or fragment "
			      "(? or #)");
	return 0;
}

static const struct scheme *scheme_of(const char *url)
{
	for (size_t i = 0; i < COUNT(schemes); i++)
		if (strncasecmp(url, schemes[i].name, schemes[i].len) == 0)
			return &schemes[i];
	return NULL;
}

static int split(const char *url, struct parts *ret, struct err *err)
{
	struct parts parts = { .scheme = scheme_of(url) };
	const char *end, *colon;

	if (!parts.scheme)
		return refuse(err, "must begin with http:// or https://");
	parts.host = url + parts.scheme->len;
	end = parts.host + strcspn(parts.host, "/");
	parts.path = end;
	if (memchr(parts.host, '@', (size_t)(end - parts.host)))
		return refuse(err, "must not contain credentials: they do not "
			      "belong into a URL");
	colon = parts.host;
	if (*colon == '[')
		colon += strcspn(colon, "]/");
	colon = memchr(colon, ':', (size_t)(end - colon));
	parts.host_len = (size_t)((colon ? colon : end) - parts.host);
	if (colon) {
		parts.port = colon + 1;
		parts.port_len = (size_t)(end - parts.port);
	}
	*ret = parts;
	return 0;
}

static bool is_label(const char *label, size_t len)
{
	if (len == 0 || len > LABEL_MAX || label[0] == '-' ||
	    label[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)label[i]) && label[i] != '-' &&
		    label[i] != '_')
			return false;
	return true;
}

/*
 * What resolvers would read as a number: then all of it must be a dotted
 * IPv4 address.  "127.1" and "0x7f.1" are ways around address checks.
 */
static bool looks_numeric(const char *label, size_t len)
{
	return strspn(label, "0123456789") == len ||
	       strncmp(label, "0x", 2) == 0;
}

static int check_name(const char *host, struct err *err)
{
	struct in_addr ignored;
	const char *label = host;
	size_t len;

	if (*host == '\0')
		return refuse(err, "must name a host");
	if (strlen(host) > HOST_MAX)
		return refuse(err, "has a host name of more than 253 "
			      "characters");
	for (;;) {
		len = strcspn(label, ".");
		if (!is_label(label, len))
			return refuse(err, "has a host name that is not valid");
		if (label[len] == '\0')
			break;
		label += len + 1;
	}
	if (looks_numeric(label, len) && inet_pton(AF_INET, host, &ignored) != 1)
		return refuse(err, "has a host that is not an IPv4 address of "
			      "four numbers");
	return 0;
}

/* Add "[address]" in the one form that inet_ntop() gives it. */
static int add_ipv6(struct buf *out, const char *host, struct err *err)
{
	char text[INET6_ADDRSTRLEN];
	size_t len = strlen(host);
	struct in6_addr address;
	AUTO_FREE char *inner = NULL;

	if (host[len - 1] != ']')
		return refuse(err, "has a host that is not an IPv6 address in "
			      "[ ]");
	inner = xstrndup(host + 1, len - 2);
	if (inet_pton(AF_INET6, inner, &address) != 1)
		return refuse(err, "has a host that is not an IPv6 address in "
			      "[ ]");
	inet_ntop(AF_INET6, &address, text, sizeof(text));
	buf_addf(out, "[%s]", text);
	return 0;
}

static int add_host(struct buf *out, const struct parts *parts,
		    struct err *err)
{
	AUTO_FREE char *host = xstrndup(parts->host, parts->host_len);

	for (char *p = host; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	if (*host == '[')
		return add_ipv6(out, host, err);
	if (check_name(host, err))
		return -1;
	buf_adds(out, host);
	return 0;
}

static int add_port(struct buf *out, const struct parts *parts,
		    struct err *err)
{
	long port = 0;

	if (!parts->port)
		return 0;
	for (size_t i = 0; i < parts->port_len && port <= 65535; i++) {
		if (!isdigit((unsigned char)parts->port[i]))
			return refuse(err, "has a port that is not a number");
		port = port * 10 + parts->port[i] - '0';
	}
	if (port < 1 || port > 65535)
		return refuse(err, "has a port that is not 1 to 65535");
	if (port != parts->scheme->port)
		buf_addf(out, ":%ld", port);
	return 0;
}

/* "." and ".." would be resolved by some clients and sent by others. */
static bool has_dots(const char *path)
{
	for (const char *p = path; *p; p += strcspn(p, "/")) {
		size_t len;

		p++;
		len = strcspn(p, "/");
		if (len > 0 && len <= 2 && strspn(p, ".") >= len)
			return true;
	}
	return false;
}

static size_t without_slashes(const char *path, size_t len)
{
	while (len > 0 && path[len - 1] == '/')
		len--;
	return len;
}

static bool ends_in(const char *path, size_t len, const char *tail)
{
	size_t n = strlen(tail);

	return len >= n && strncmp(path + len - n, tail, n) == 0;
}

/* How much of the path is kept. */
static size_t path_len(const char *path)
{
	size_t len = without_slashes(path, strlen(path));

	for (size_t i = 0; i < COUNT(pasted);) {
		if (ends_in(path, len, pasted[i])) {
			len = without_slashes(path, len - strlen(pasted[i]));
			i = 0;
		} else {
			i++;
		}
	}
	return len;
}

int endpoint_normalise(const char *url, char **ret, struct err *err)
{
	/* The usual form of an IPv6 address may be longer than another. */
	CLEANUP(buf_done) struct buf out = { .max = ENDPOINT_URL_MAX };
	struct parts parts = { 0 };

	if (check_characters(url, err) || split(url, &parts, err))
		return -1;
	assert(parts.scheme);	/* split() found it among those we take */
	buf_adds(&out, parts.scheme->name);
	if (add_host(&out, &parts, err) || add_port(&out, &parts, err))
		return -1;
	if (has_dots(parts.path))
		return refuse(err, "must not have . or .. in its path");
	buf_add(&out, parts.path, path_len(parts.path));
	if (out.failed)
		return refuse(err, "is too long");
	*ret = buf_take(&out);
	return 0;
}

void endpoint_key(const char *normalised, char ret[ENDPOINT_KEY_MAX])
{
	const size_t room = ENDPOINT_KEY_MAX - 1 - 1 - TAIL_LEN;
	const char *host = strstr(normalised, "://");
	size_t len;

	host = host ? host + 3 : normalised;
	len = strcspn(host, "/");
	if (len > room)
		len = room;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)host[i];

		ret[i] = (char)(isalnum(c) ? tolower(c) : '-');
	}
	ret[len] = '-';
	seal_sha256_tail8(normalised, ret + len + 1);
}

bool endpoint_is_key(const char *text)
{
	static const char end[] = "-00000000";
	size_t len = strlen(text), tail = sizeof(end) - 1;

	return len > tail && len < ENDPOINT_KEY_MAX &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == len &&
	       text[len - tail] == '-' &&
	       strspn(text + len - tail + 1, "0123456789abcdef") == tail - 1;
}
