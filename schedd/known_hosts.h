/*
 * known_hosts: what the snapshots of hosts say, understood once.
 *
 * Every step of every item reads its host with the snapshot of its last probe,
 * a few kilobytes of JSON that hardly ever change.  The same text has the same
 * features, so a text that was read is kept together with them; there is
 * nothing to be made invalid.  A few hosts are kept, the oldest goes first.
 */
#ifndef SCHEDD_KNOWN_HOSTS_H
#define SCHEDD_KNOWN_HOSTS_H

#include "schedd/host/features.h"

struct known_hosts;

struct known_hosts *known_hosts_new(void);
void known_hosts_free(struct known_hosts **known);

/* The features in this snapshot; `known` may be NULL. */
struct host_features known_hosts_features(struct known_hosts *known,
					  const char *capabilities);

#endif
