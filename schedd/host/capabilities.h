/*
 * capabilities: what was seen of a host, told to people and scripts.
 *
 * The snapshot says of each capability whether it is there, how we know, and
 * what it blocks; host_features_read() reads back what later requests depend
 * on.
 */
#ifndef SCHEDD_HOST_CAPABILITIES_H
#define SCHEDD_HOST_CAPABILITIES_H

#include "schedd/host/probe.h"

/* The capability snapshot. */
void host_capabilities_write(struct jout *out, const struct host_seen *seen);

/* Why an operation ("import_subscription") cannot work; NULL if it can. */
const char *host_why_not(const struct host_seen *seen, const char *operation);

#endif
