/*
 * host_body: what `host add`, `host set` and `endpoint set` send.
 */
#ifndef CLI_HOST_BODY_H
#define CLI_HOST_BODY_H

#include "cli/args.h"
#include "shared/err.h"
#include "shared/jout.h"

#define HOST_BODY_MAX (512 << 10)

/*
 * The members that were given; what --no-proxy and --no-ca take away is
 * null.  *ret holds secrets: release it with host_body_done().
 */
int host_body_write(struct jout *ret, const struct args *args,
		    struct err *err) MUST_CHECK;

/* The same, into an object that has been begun. */
int host_body_members(struct jout *body, const struct args *args,
		      struct err *err) MUST_CHECK;

void host_body_done(struct jout *body);

#endif
