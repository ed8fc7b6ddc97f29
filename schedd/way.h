/*
 * way: how a request gets to its peer: through which proxy, trusting which
 * certificates, and to which addresses it may lead.
 */
#ifndef SCHEDD_WAY_H
#define SCHEDD_WAY_H

#include <stdbool.h>

#include "schedd/exchange.h"
#include "shared/settings.h"

/* All borrowed. */
struct way {
	const char *proxy;	/* URL; "": none; NULL: that of the settings */
	/*
	 * A secret that holds the URL of a proxy with its credentials, or
	 * NULL; goes before `proxy`.
	 */
	const char *proxy_secret_id;
	const char *ca_pem;	/* trusted beside the system's, or NULL */
	bool private_ok;	/* loopback and private addresses are meant */
};

/* What holds unless a flow says otherwise: the settings, by kind of peer. */
void way_start(struct way *ret, enum peer peer,
	       const struct settings *settings);

/* The setting that allows private addresses to peers of this kind. */
const char *way_private_setting(enum peer peer);

#endif
