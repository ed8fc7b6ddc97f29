/*
 * pack: what is documented of endpoints that asking does not tell: where
 * there is no list of models, where a list proves nothing, where Anthropic's
 * protocol is spoken.
 *
 * Data: packs/openai-cn-pack/endpoints.tsv, made part of the program.  It
 * proves nothing; it says what to ask, and what to take where nobody can be
 * asked.
 */
#ifndef SCHEDD_UPSTREAM_PACK_H
#define SCHEDD_UPSTREAM_PACK_H

#include <stdbool.h>

#include <jansson.h>

#include "shared/own.h"

#define UPSTREAM_MESSAGES_TRIES 2

/*
 * Chat models of an endpoint that is documented to have no list, an array for
 * the caller to release; NULL where nothing of the kind is known.
 */
json_t *upstream_static_models(const char *base_url);

/* Is it documented that there is no list, or that anybody gets it? */
bool upstream_list_is_absent(const char *base_url);
bool upstream_list_is_public(const char *base_url);

/*
 * The n-th candidate for the URL of Anthropic's /messages, NULL after the
 * last; at most UPSTREAM_MESSAGES_TRIES.  Where it is documented that is the
 * only one, else it stands beside chat, or under /anthropic beside the version.
 * The caller frees it.
 */
char *upstream_messages_url(const char *base_url, const char *chat_url,
			    size_t n);
bool upstream_messages_documented(const char *base_url);

#endif
