/*
 * context: which API crmctl speaks to, and as whom.
 *
 * An option stands above the environment, the environment above the file
 * ~/.config/crm/config (or below $XDG_CONFIG_HOME).
 */
#ifndef CLI_CONTEXT_H
#define CLI_CONTEXT_H

#include "cli/args.h"
#include "shared/err.h"

struct context {
	char *url;		/* never empty */
	char *token;		/* plaintext; NULL: none */
	char *ca_file;		/* "": the system's */
};

/* Release with context_done(), also after a failure. */
int context_read(struct context *ret, const struct args *args,
		 struct err *err) MUST_CHECK;

void context_done(struct context *context);

#endif
