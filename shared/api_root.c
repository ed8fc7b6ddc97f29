#include "shared/api_root.h"

#include <string.h>

/* Is the segment at `s`, up to '/' or the end, "v1", "v3", "v1beta" ...? */
static bool is_version(const char *s)
{
	return s[0] == 'v' && s[1] >= '0' && s[1] <= '9';
}

static const char *path_of(const char *url)
{
	const char *host = strstr(url, "://");
	const char *path = strchr(host ? host + 3 : url, '/');

	return path ? path : "";
}

static bool has_version(const char *path)
{
	for (; *path; path++)
		if (*path == '/' && is_version(path + 1))
			return true;
	return false;
}

static bool ends_in_version(const char *path)
{
	const char *last = strrchr(path, '/');

	return last && is_version(last + 1);
}

/* Many add "/v1" to any URL: how long it is without; 0 if it has none. */
static size_t without_habit(const char *base_url)
{
	size_t len = strlen(base_url);

	return len > 3 && strcmp(base_url + len - 3, "/v1") == 0 ? len - 3 : 0;
}

char *api_root(const char *base_url, size_t n)
{
	const char *path = path_of(base_url);
	bool as_it_is_first = has_version(path);

	if (n > 1)
		return NULL;
	if (as_it_is_first == (n == 0))
		return xstrdup(base_url);
	if (n == 1 && without_habit(base_url))
		return xstrndup(base_url, without_habit(base_url));
	if (n == 1 && ends_in_version(path))
		return NULL;
	return xasprintf("%s/v1", base_url);
}

bool api_root_tries_next(enum failure failure)
{
	/* A wrong path answers 404, 405, or the page of a console. */
	return failure == FAILURE_ENDPOINT_UNSUPPORTED ||
	       failure == FAILURE_INSPECT_BODY ||
	       failure == FAILURE_NOT_JSON ||
	       failure == FAILURE_REDIRECTED;
}
