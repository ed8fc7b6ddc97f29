/*
 * base_url: the base URL from which a host makes exactly one chat URL.
 */
#ifndef SCHEDD_HOST_BASE_URL_H
#define SCHEDD_HOST_BASE_URL_H

#include "schedd/host/features.h"

/*
 * A host appends "/v1/chat/completions", or less where the base ends in a
 * version that it knows; 0.1.126 knows only "/v1".  A base that is the whole
 * chat URL is taken as it is by all of them.  The caller frees the result.
 */
char *host_base_url_for(const struct host_features *features,
			const char *chat_url) GIVES_MEMORY;

/*
 * The other way round: the chat URL that a host makes of an account's base
 * URL, with scheme and host in lower case.  The caller frees the result.
 */
char *host_chat_url_from(const struct host_features *features,
			 const char *base_url) GIVES_MEMORY;

#endif
