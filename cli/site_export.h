/*
 * site_export: site.yaml of the site as it is.  Pure.
 *
 * Secrets are those that CRM has: {fingerprint: ...}, or {stored: ...} where
 * none may be shown.  The order does not depend on when things were made.
 */
#ifndef CLI_SITE_EXPORT_H
#define CLI_SITE_EXPORT_H

#include <jansson.h>

#include "shared/buf.h"

/* `live` as site_live_get() has it. */
void site_export(struct buf *out, const json_t *live);

#endif
