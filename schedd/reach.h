/*
 * reach: the way of a wire as curl takes it, and what curl says when it does
 * not get there.
 *
 * Every address is judged when curl is about to connect to it, so that what a
 * name resolved to counts, however often it changes; and once more before a
 * request leaves, as connections are shared.
 */
#ifndef SCHEDD_REACH_H
#define SCHEDD_REACH_H

#include "schedd/exchange.h"
#include "schedd/wire.h"
#include "shared/address.h"
#include "shared/err.h"
#include "shared/settings.h"

#define REACH_ERROR_MAX 256	/* CURL_ERROR_SIZE */

/* What was seen on the way.  To be kept where it is while curl is at work. */
struct reach {
	const struct wire *wire;
	const char *proxy;	/* URL; "": none */
	bool private_ok;	/* of what is connected to, be it the proxy */
	int allowed;		/* addresses */
	int refused;
	enum address_kind kind;	/* of the one refused last */
	char address[ADDRESS_HOST_MAX];
	char error[REACH_ERROR_MAX];	/* curl's words */
};

/*
 * `roots` are certificates that a private CA of a way does not replace, as
 * PEM, or NULL: those of exchange.ca_file.  The caller frees *ret.
 */
int reach_roots(const struct settings *settings, char **ret, struct err *err)
	MUST_CHECK;

/*
 * Set what belongs to the way in the CURL `easy`.  False if the URL itself
 * names what may not be asked: then nothing must be sent.  `wire` and
 * `settings` are borrowed for as long as `ret` is in use.
 */
bool reach_start(struct reach *ret, void *easy, const struct wire *wire,
		 const struct settings *settings, const char *roots)
	MUST_CHECK;

/* What the CURLcode `code` means. */
enum transport reach_end(const struct reach *reach, void *easy, int code);

/* A few words on why no answer came; NULL if there are none. */
char *reach_note(const struct reach *reach, void *easy, int code,
		 enum transport transport);

#endif
