/*
 * change_body: what changes of an account send, from their options.
 *
 * `plan` NULL: a preview; else what is to be applied, and rests on that.
 */
#ifndef CLI_CHANGE_BODY_H
#define CLI_CHANGE_BODY_H

#include "cli/args.h"
#include "shared/jout.h"

int change_models_body(struct jout *body, const struct args *args,
		       const char *plan, struct err *err) MUST_CHECK;
int change_proxy_body(struct jout *body, const struct args *args,
		      const char *plan, struct err *err) MUST_CHECK;

#endif
