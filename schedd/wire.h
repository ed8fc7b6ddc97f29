/*
 * wire: a request with its secrets in, as it leaves.
 *
 * The only form in which a plaintext secret exists in schedd, and for no
 * longer than the exchange lasts: wire_free() wipes all of it.
 */
#ifndef SCHEDD_WIRE_H
#define SCHEDD_WIRE_H

#include <stdint.h>

#include "schedd/exchange.h"
#include "schedd/way.h"

/* The plaintexts by slot; what is NULL is not to be had. */
struct wire_secrets {
	char *text[SLOT__MAX];
};

struct wire {
	const char *method;	/* a literal */
	char *url;
	char *headers[REQUEST_HEADERS_MAX + 2];	/* "Name: value" */
	size_t nheaders;
	char *body;		/* NULL: none */
	size_t body_len;
	int64_t timeout_ms;
	int64_t answer_max;
	bool bulky;		/* see struct request */
	struct wire_secrets *secrets;	/* that went into it */
	char *proxy;		/* URL; "": none; NULL: that of the settings */
	char *ca_pem;		/* trusted beside the system's; NULL: none */
	bool private_ok;	/* loopback and private addresses are meant */
	const char *private_setting;	/* a literal: what would allow them */
};

/* The slots that a request names, as bits. */
unsigned wire_slots(const struct request *request);

void wire_secrets_wipe(struct wire_secrets *secrets);

/* NULL if the request names a secret that is not to be had. */
struct wire *wire_make(const struct request *request,
		       const struct wire_secrets *secrets);
void wire_free(struct wire **wire);

/*
 * Let it go by `way`; `proxy` is the plaintext of way->proxy_secret_id, or
 * NULL where there is none.
 */
void wire_go_by(struct wire *wire, const struct way *way, enum peer peer,
		const char *proxy);

/*
 * Overwrite every secret of the wire that stands in an answer: some peers
 * echo the key that they refuse, and some show what they were given.
 */
void wire_scrub(const struct wire *wire, char *body, size_t len);

#endif
