/*
 * cfg: decode a libconfig file into a struct, by table.
 *
 * A row is a setting: its path in the file ("limits.body_max"), its type, its
 * default, its range, the environment variable that overrides it, and the
 * sentence that explains it.  Settings that no row names are errors.
 */
#ifndef SHARED_CFG_H
#define SHARED_CFG_H

#include <stddef.h>
#include <stdint.h>

#include "shared/buf.h"
#include "shared/err.h"

enum cfg_type { CFG_TYPE_STRING, CFG_TYPE_INT, CFG_TYPE_BOOL };

struct cfg_field {
	const char *path;
	enum cfg_type type;
	size_t offset;		/* of a char *, int64_t or bool */
	const char *text;	/* default of a string; NULL: not set */
	int64_t number;		/* default of the others */
	int64_t min, max;	/* of a number */
	const char *env;	/* NULL: none */
	const char *help;
};

/*
 * Fill `out`: defaults, then the file (NULL: none), then the environment.
 * Strings in `out` are owned and replaced.  ERR_INVALID names file, line and
 * setting.
 */
int cfg_read(const struct cfg_field *fields, size_t nfields, const char *file,
	     void *out, struct err *err) MUST_CHECK;

/* Free the strings in `out`. */
void cfg_done(const struct cfg_field *fields, size_t nfields, void *out);

/* Write what is in force as a settings file: `--check` prints it. */
void cfg_print(const struct cfg_field *fields, size_t nfields, const void *in,
	       struct buf *out);

#endif
