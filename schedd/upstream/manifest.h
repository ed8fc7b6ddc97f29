/*
 * manifest: what a pack's manifest says of how a provider is to be asked.
 * NULL is one that says nothing.
 */
#ifndef SCHEDD_UPSTREAM_MANIFEST_H
#define SCHEDD_UPSTREAM_MANIFEST_H

#include <stdbool.h>

#include "schedd/exchange.h"

/*
 * The headers that it requires, behind those that the request has.  None that
 * holds a key, and no User-Agent where only certain clients are let by: CRM
 * does not pretend to be one.
 */
void upstream_add_headers(struct request *request, const json_t *manifest);

/* /responses is never to be taken, though the provider may have it. */
bool upstream_shuns_responses(const json_t *manifest);

#endif
