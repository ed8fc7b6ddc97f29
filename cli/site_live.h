/*
 * site_live: the site as CRM has it, by its API.
 *
 * {hosts: [{..., keys: [...]}], endpoints: [...], importing: [...]}, each as
 * GET /api/site/... shows it, in an order that does not depend on when things
 * were made.
 */
#ifndef CLI_SITE_LIVE_H
#define CLI_SITE_LIVE_H

#include "cli/command.h"
#include "cli/site_file.h"

/* *ret is the caller's to release. */
int site_live_get(struct call *call, json_t **ret, struct err *err) MUST_CHECK;

/*
 * What only the API can tell of the file: by what keys are known, each
 * reference to one gets a member "fp", and where the providers of packs are,
 * each provider an "endpoint_key".  Problems are in the file; ERR_INVALID
 * then.
 */
int site_live_resolve(struct call *call, struct site_file *file,
		      struct err *err) MUST_CHECK;

#endif
