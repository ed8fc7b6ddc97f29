/*
 * serve: the loop of one worker process, which answers one request at a time.
 *
 * The listening socket does not block, and the signals that end us are let in
 * only while the loop waits: none can fall between a test and a wait.  libfcgi
 * waits for ever for a peer that sends half a request; a timer ends the
 * process then (status SERVE_STUCK), and its supervisor starts another.
 */
#ifndef FCGI_SERVE_H
#define FCGI_SERVE_H

#include "fcgi/http.h"

#define SERVE_STUCK 75

/*
 * Answer requests on `listen_fd` until SIGTERM or SIGINT: then 0.  Fills in
 * what of `worker` belongs to the loop.
 */
int serve(struct worker *worker, int listen_fd, struct err *err) MUST_CHECK;

#endif
