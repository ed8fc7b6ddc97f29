#include "schedd/upstream/vendor.h"

#include <string.h>

static const char *host_of(const char *url)
{
	const char *host = strstr(url, "://");

	return host ? host + 3 : url;
}

bool upstream_is_at(const char *base_url, const char *name)
{
	const char *host = host_of(base_url);
	size_t len = strcspn(host, ":/"), tail = strlen(name);

	if (len < tail || strncmp(host + len - tail, name, tail) != 0)
		return false;
	return len == tail || host[len - tail - 1] == '.';
}

const char *upstream_path_of(const char *url)
{
	const char *host = host_of(url);

	return host + strcspn(host, "/");
}
