/*
 * endpoint: base URLs of providers and hosts: checked, normalised, named.
 *
 * Pure.  Normalised: lower-case scheme and host, no default port, no '/' at
 * the end, no "/chat/completions"; "/v1" is kept.
 */
#ifndef SHARED_ENDPOINT_H
#define SHARED_ENDPOINT_H

#include <stdbool.h>

#include "shared/err.h"

#define ENDPOINT_URL_MAX 512
#define ENDPOINT_KEY_MAX 160

/*
 * ERR_INVALID, with what is wrong, for anything but an http or https URL with
 * a host and without credentials, query or fragment.  *ret is for free().
 */
int endpoint_normalise(const char *url, char **ret, struct err *err)
	MUST_CHECK;

/*
 * The re-use key of a normalised URL: its host, port and all, with '-' for
 * what is no letter or digit, '-', and the last eight hex digits of the
 * SHA-256 of the URL.
 */
void endpoint_key(const char *normalised, char ret[ENDPOINT_KEY_MAX]);

/* Could `text` be such a key? */
bool endpoint_is_key(const char *text);

#endif
