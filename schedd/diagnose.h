/*
 * diagnose: from what each hop showed to the hop that failed, and why.
 *
 * Pure, by a table of rules in order: the first that holds names the cause.
 * What the account shows has been judged before, by schedd/host/mend.h.
 */
#ifndef SCHEDD_DIAGNOSE_H
#define SCHEDD_DIAGNOSE_H

#include "shared/diagnosis.h"

/* All that was seen. */
struct symptoms {
	enum failure gateway;		/* what the user's key got */
	int gateway_status;
	bool provider_asked;
	enum failure provider;		/* the provider, asked directly */
	enum failure account;		/* its first symptom; NONE: it is fine */
	bool account_ours;		/* that symptom is ours to mend */
	int upstream_status;		/* in the host's log; 0: not found */
	bool restricted;		/* a channel lets only priced models by */
	bool may_mend;			/* nobody undid it too often */
};

struct cause {
	enum hop hop;
	enum failure class;
	enum next_action next;
};

struct cause diagnose(const struct symptoms *symptoms);

#endif
