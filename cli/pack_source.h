/*
 * pack_source: a pack as a folder or as a bundle, for commands on it.
 *
 * Names that begin with a dot are not looked at.  What is wrong is written to
 * standard error, a sentence a line.
 */
#ifndef CLI_PACK_SOURCE_H
#define CLI_PACK_SOURCE_H

#include <stdbool.h>

#include "shared/buf.h"
#include "shared/err.h"
#include "shared/pack.h"

#define PACK_SOURCE_MAX ((size_t)64 << 20)	/* bytes of a bundle */

struct pack_source {
	bool is_bundle;
	struct buf bytes;	/* of the bundle, once there is one */
	struct bundle files;
	struct pack pack;
	char signature[SEAL_SIGNATURE_TEXT];	/* "" if there is none */
};

void pack_source_done(struct pack_source *source);

/*
 * Read PATH; ERR_INVALID, code invalid, if it is no good pack.  Beside a
 * bundle its signature is looked for, in PATH.sig.
 */
int pack_source_read(struct pack_source *ret, const char *path,
		     struct err *err) MUST_CHECK;

/*
 * The bundle of it is then in `bytes`, and with a `key_path` its signature.
 * Nothing happens to what is a bundle already, unless it is to be signed.
 */
int pack_source_bundle(struct pack_source *source, const char *key_path,
		       struct err *err) MUST_CHECK;

#endif
