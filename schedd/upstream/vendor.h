/*
 * vendor: whose endpoint a base URL is, by the name of its host.
 */
#ifndef SCHEDD_UPSTREAM_VENDOR_H
#define SCHEDD_UPSTREAM_VENDOR_H

#include <stdbool.h>

/*
 * Is the host of a normalised base URL called `name`, or does its name end
 * with it after a dot?
 */
bool upstream_is_at(const char *base_url, const char *name);

/* The path of a URL: "/v1", or "".  Borrowed from `url`. */
const char *upstream_path_of(const char *url);

#endif
