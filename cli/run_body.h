/*
 * run_body: what `run create` sends, from its options and a file.
 */
#ifndef CLI_RUN_BODY_H
#define CLI_RUN_BODY_H

#include <jansson.h>

#include "cli/args.h"
#include "cli/run_rows.h"
#include "shared/err.h"
#include "shared/jout.h"

#define RUN_BODY_MAX RUN_ROWS_MAX

/*
 * What options say of the run as a whole, but for its host: members of an
 * object that is open.
 */
int run_body_terms(struct jout *body, const struct args *args,
		   struct err *err) MUST_CHECK;

/*
 * Either one provider by --base-url, --key-file and --model, or --file: an
 * array of items, an object as the API takes it, or lines.  Other options stand
 * above what the file says.  *ret holds keys: release it with run_body_done().
 */
int run_body_write(struct jout *ret, const struct args *args, struct err *err)
	MUST_CHECK;

void run_body_done(struct jout *body);

#endif
