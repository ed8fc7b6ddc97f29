/*
 * owned_reads: which members of a host's objects owned_view looks at, so that
 * no more of a long list needs to be parsed.
 */
#ifndef SCHEDD_HOST_OWNED_READS_H
#define SCHEDD_HOST_OWNED_READS_H

#include "schedd/slices.h"

extern const struct slices_member host_group_reads[];
extern const struct slices_member host_account_reads[];

#endif
