/*
 * export: the keys of accounts, from hosts that do not list them.
 *
 * A host's export shows keys in clear.  It is asked for only where the
 * operator said so (reconcile.export_keys), by steps that say `fingerprints`:
 * the engine makes fingerprints of the keys, and wipes the answer, before
 * anybody sees it.
 */
#ifndef SCHEDD_HOST_EXPORT_H
#define SCHEDD_HOST_EXPORT_H

#include "schedd/host/answer.h"
#include "schedd/host/peer.h"

#define HOST_EXPORT_MAX 50	/* accounts of one call */

void host_ask_export(struct request *request, const struct host_peer *peer,
		     const int64_t *ids, size_t count);

/*
 * *ret_accounts is borrowed from the answer.  FAILURE_HOST_REFUSED of a host
 * that exports only to people with a second factor.
 */
enum failure host_judge_export(const struct answer *answer,
			       const json_t **ret_accounts);

/*
 * The fingerprint of the account that carries this mark in its name or notes:
 * an export has no ids.  NULL: it is not there, or twice, or too short to have
 * a fingerprint.
 */
const char *host_exported_key(const json_t *accounts, const char *mark);

#endif
