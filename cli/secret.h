/*
 * secret: a secret comes from a file or from standard input, never from the
 * command line, where every process of the machine could read it.
 */
#ifndef CLI_SECRET_H
#define CLI_SECRET_H

#include "shared/err.h"

/*
 * Read the one line of `path` ("-": standard input) without its end.  *ret is
 * plaintext: AUTO_WIPE it.  `what` names it in errors, which are those of a
 * wrong command line.
 */
int secret_read(const char *path, const char *what, char **ret,
		struct err *err) MUST_CHECK;

#endif
