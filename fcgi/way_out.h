/*
 * way_out: the proxy and the certificates that a host or a provider is
 * reached by, as a client gives them: checked, and ready to be stored.
 *
 * The credentials of a proxy are a secret: its whole URL is sealed, and what
 * may be shown of it goes without them.  Pure but for the sealing.
 */
#ifndef FCGI_WAY_OUT_H
#define FCGI_WAY_OUT_H

#include "fcgi/http.h"
#include "shared/jdec.h"
#include "shared/secrets.h"

#define WAY_OUT_CA_MAX (64 << 10)

/* Zeroed: nothing was given.  Release with way_out_done(). */
struct way_out {
	const char *url;	/* of the proxy, whole; NULL: none */
	char *proxy;		/* the same without credentials */
	const char *ca_pem;	/* NULL: none */
	struct secret_sealed sealed;	/* of url, after way_out_seal() */
};

void way_out_done(struct way_out *way);

/*
 * Look at the members "proxy" and "ca_pem" of a body, NULL or "" for what was
 * not given; adds what is wrong to `problems`.  Both are borrowed.
 */
void way_out_check(struct way_out *way, const char *proxy, const char *ca_pem,
		   struct jdec_problems *problems);

/* Before the transaction; way_out_store() inside. */
void way_out_seal(struct way_out *way, const struct request *req);
int way_out_store(const struct way_out *way, const struct request *req,
		  struct err *err) MUST_CHECK;

/* The id of the secret, or NULL. */
const char *way_out_secret(const struct way_out *way);

#endif
