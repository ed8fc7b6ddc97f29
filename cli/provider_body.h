/*
 * provider_body: what an import by provider sends, from its options.
 */
#ifndef CLI_PROVIDER_BODY_H
#define CLI_PROVIDER_BODY_H

#include "cli/args.h"
#include "shared/jout.h"

/* *body holds keys: release it with run_body_done(). */
int provider_body_write(struct jout *body, const struct args *args,
			struct err *err) MUST_CHECK;

#endif
