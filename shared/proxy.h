/*
 * proxy: the URL of a proxy: checked, and shown without its credentials.
 *
 * "scheme://[user[:password]@]host:port", with http, https, socks5 (the
 * name of the peer is looked up here) or socks5h (the proxy looks it up).
 * Pure.
 */
#ifndef SHARED_PROXY_H
#define SHARED_PROXY_H

#include <stdbool.h>

#include "shared/err.h"

#define PROXY_URL_MAX 512

/*
 * ERR_INVALID, in words that follow the name of a field and never repeat the
 * URL, if it is no such URL or leads to where no proxy may be.  *ret_shown is
 * the URL without credentials, for free(); *ret_secret whether it had any.
 */
int proxy_check(const char *url, char **ret_shown, bool *ret_secret,
		struct err *err) MUST_CHECK;

#endif
