/*
 * api_root: under which URL a provider's paths stand.
 *
 * "https://host/v1" says it; "https://host" does not: most serve under /v1,
 * some at the top.  A version anywhere in the path is never given another; a
 * "/v1" at the end may be there by habit only.
 */
#ifndef SHARED_API_ROOT_H
#define SHARED_API_ROOT_H

#include <stdbool.h>

#include "shared/failure.h"
#include "shared/own.h"

/*
 * The n-th candidate for a normalised base URL, NULL after the last; there
 * are one or two.  The caller frees it.
 */
char *api_root(const char *base_url, size_t n);

/* Should the next candidate be tried after this class? */
bool api_root_tries_next(enum failure failure);

#endif
