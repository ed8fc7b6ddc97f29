/*
 * probe: what CRM wants to know of a host before it works on it.
 *
 * A few short calls that change nothing; each judge adds to what was seen.
 * capabilities.h makes the snapshot of it.
 */
#ifndef SCHEDD_HOST_PROBE_H
#define SCHEDD_HOST_PROBE_H

#include "schedd/host/answer.h"
#include "schedd/host/compliance.h"
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
	struct host_compliance compliance;
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

/*
 * Is there a compliance gate?  A host without one is before 0.1.136.  Ask
 * with host_ask_compliance().
 */
enum failure host_judge_probe_compliance(const struct answer *answer,
					 struct host_seen *seen);

/*
 * Where no account tells whether the host is before 0.1.127, a route does.
 * Nothing but a failure that passes stops a probe here.
 */
void host_ask_probe_sync(struct request *request,
			 const struct host_peer *peer);
enum failure host_judge_probe_sync(const struct answer *answer,
				   struct host_seen *seen);

/* Only with a JWT: an admin API key is nobody here. */
void host_ask_me(struct request *request, const struct host_peer *peer);
enum failure host_judge_me(const struct answer *answer,
			   struct host_seen *seen);

/* The memo of a probe that is under way, and back. */
void host_seen_write(struct jout *out, const char *name,
		     const struct host_seen *seen);
void host_seen_read(const json_t *object, struct host_seen *ret);

#endif
