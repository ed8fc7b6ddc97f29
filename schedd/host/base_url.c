#include "schedd/host/base_url.h"

#include <ctype.h>
#include <string.h>

#include "shared/table.h"

#define CHAT "/chat/completions"

static bool has_suffix(const char *text, size_t len, const char *suffix)
{
	size_t n = strlen(suffix);

	return len >= n && memcmp(text + len - n, suffix, n) == 0;
}

/* "v3", "v4": the plain ones of what newer hosts take for a version. */
static bool ends_in_version(const char *url, size_t len)
{
	size_t digits = 0;

	while (digits < len && url[len - digits - 1] >= '0' &&
	       url[len - digits - 1] <= '9')
		digits++;
	return digits > 0 && has_suffix(url, len - digits, "/v");
}

char *host_base_url_for(const struct host_features *features,
			const char *chat_url)
{
	size_t len = strlen(chat_url);

	if (!has_suffix(chat_url, len, CHAT))
		return xstrdup(chat_url);
	len -= strlen(CHAT);
	if (has_suffix(chat_url, len, "/v1") ||
	    (features->version_segments && ends_in_version(chat_url, len)))
		return xstrndup(chat_url, len);
	return xstrdup(chat_url);
}

/* All that newer hosts take for a version: "v1.5", "v1beta", too. */
static bool is_version(const char *segment)
{
	static const char *const suffixes[] = { "alpha", "beta", "preview" };
	const char *at = segment + 1 + strspn(segment + 1, "0123456789");

	if (segment[0] != 'v' || at == segment + 1)
		return false;
	if (*at == '.')
		at += 1 + strspn(at + 1, "0123456789");
	for (size_t i = 0; i < COUNT(suffixes); i++)
		if (strncmp(at, suffixes[i], strlen(suffixes[i])) == 0)
			return true;
	return *at == '\0';
}

/* Scheme and host do not care for case; what follows them does. */
static void lower_origin(char *url)
{
	char *host = strstr(url, "://");
	char *end = host ? strchr(host + 3, '/') : NULL;

	for (char *p = url; *p && p != end; p++)
		*p = (char)tolower((unsigned char)*p);
}

char *host_chat_url_from(const struct host_features *features,
			 const char *base_url)
{
	size_t len = strlen(base_url);
	AUTO_FREE char *base = NULL;
	const char *last;
	char *url;
	bool versioned;

	while (len > 0 && base_url[len - 1] == '/')
		len--;
	base = xstrndup(base_url, len);
	last = strrchr(base, '/');
	versioned = last && (strcmp(last, "/v1") == 0 ||
			     (features->version_segments &&
			      is_version(last + 1)));
	if (has_suffix(base, len, CHAT))
		url = xstrdup(base);
	else
		url = xasprintf("%s%s" CHAT, base, versioned ? "" : "/v1");
	lower_origin(url);
	return url;
}
