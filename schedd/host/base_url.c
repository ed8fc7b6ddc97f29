#include "schedd/host/base_url.h"

#include <string.h>

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
