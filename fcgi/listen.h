/*
 * listen: where a worker's listening socket comes from.
 *
 * systemd passes one socket to all workers of a pool, so that it outlives each
 * of them; spawners of FastCGI programs pass it as standard input.
 */
#ifndef FCGI_LISTEN_H
#define FCGI_LISTEN_H

#include "shared/err.h"

/*
 * What was passed (LISTEN_FDS, else fd 0), else a new socket at `path` (NULL:
 * none).  *ret_fd does not block.
 */
int listen_get(const char *path, int *ret_fd, struct err *err) MUST_CHECK;

/* A new socket at `path`, mode 0660, in place of one that is there. */
int listen_open(const char *path, int *ret_fd, struct err *err) MUST_CHECK;

#endif
