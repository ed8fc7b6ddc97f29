/*
 * probe: what CRM wants to know of a host before it works on it.
 *
 * Four short reads; each judge adds to what was seen.  The result is written
 * as the capability snapshot, from which host_features_read() reads back what
 * later requests depend on.
 */
#ifndef SCHEDD_HOST_PROBE_H
#define SCHEDD_HOST_PROBE_H

#include "schedd/host/answer.h"
#include "schedd/host/features.h"
#include "schedd/host/peer.h"

/* Start zeroed. */
struct host_seen {
	struct host_features features;
	bool settings_read;
	bool backend_mode;	/* ordinary users cannot log in */
	bool captcha;		/* nor can machines */
	bool totp;
	bool registration;
	bool admin_ok;		/* our token may administrate */
	bool compliance_required;
	bool compliance_known;
	bool simple_suspected;	/* groups as simple mode seeds them */
	char run_mode[16];	/* "standard", "simple"; "" unknown */
	int64_t groups;
	int64_t accounts;
};

/* Anybody may ask.  FAILURE_HOST_UNSUPPORTED if this is no sub2api host. */
void host_ask_settings(struct request *request, const struct host_peer *peer);
enum failure host_judge_settings(const struct answer *answer,
				 struct host_seen *seen);

/* Our token, the compliance gate, and the traces of simple mode. */
void host_ask_probe_groups(struct request *request,
			   const struct host_peer *peer);
enum failure host_judge_probe_groups(const struct answer *answer,
				     struct host_seen *seen);

/* One account, if there is any, shows more than the version says. */
void host_ask_probe_accounts(struct request *request,
			     const struct host_peer *peer);
enum failure host_judge_probe_accounts(const struct answer *answer,
				       struct host_seen *seen);

/* Only with a bearer token: an admin API key is nobody here. */
void host_ask_me(struct request *request, const struct host_peer *peer);
enum failure host_judge_me(const struct answer *answer,
			   struct host_seen *seen);

/* The memo of a probe that is under way, and back. */
void host_seen_write(struct jout *out, const char *name,
		     const struct host_seen *seen);
void host_seen_read(const json_t *object, struct host_seen *ret);

/* The capability snapshot. */
void host_capabilities_write(struct jout *out, const struct host_seen *seen);

/* Why an operation ("import_subscription") cannot work; NULL if it can. */
const char *host_why_not(const struct host_seen *seen, const char *operation);

#endif
