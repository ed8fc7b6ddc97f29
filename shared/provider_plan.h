/*
 * provider_plan: what an import will make of a provider's manifest on a host
 * of a version, and what it will leave out and say so.
 *
 * One place for both that need to know: a preview before anything is asked,
 * and the import itself.  Pure.
 *
 * A channel is made where the manifest has prices or asks for one.  Hosts
 * count in USD per token, with 12 decimals (observed.md, 18); an amount in
 * another currency needs a rate that somebody set, none is guessed.
 */
#ifndef SHARED_PROVIDER_PLAN_H
#define SHARED_PROVIDER_PLAN_H

#include <stdbool.h>

#include <jansson.h>

#include "shared/own.h"

/* How many names a host lets one price have. */
#define PROVIDER_PLAN_NAMES_MAX 100

/* What is left out, or should be known; each at most once. */
enum provider_note {
	NOTE_CHANNEL_UNSUPPORTED,	/* this version has none that we know */
	NOTE_CHANNEL_NO_RATE,		/* prices of another currency */
	NOTE_HEADERS_NOT_SENT,		/* a host does not send them */
	NOTE_CLIENT_ALLOWLISTED,	/* only some clients are let by */
	NOTE_MIRROR,			/* keys go to an address that is not the vendor's */
	PROVIDER_NOTE__MAX
};

/* The warning's code and its words, in English and Chinese. */
const char *provider_note_code(enum provider_note note);
const char *provider_note_zh(enum provider_note note);

/* Release with provider_plan_done(). */
struct provider_plan {
	bool channel;		/* one is made for the group */
	json_t *model_pricing;	/* of it, as hosts take it; else NULL */
	bool restrict_models;	/* models without a price are refused */
	json_t *headers;	/* that accounts send, name: value; or NULL */
	char *notes[PROVIDER_NOTE__MAX];	/* words; NULL: nothing */
};

/*
 * `manifest` is one that was checked.  `endpoint_key` is that of the address
 * that keys go to.  `host_version` NULL: not known, then hosts can do what
 * those that we know can.  `usd_rate_cny` is how many CNY one USD is, as the
 * setting has it ("": not set).
 */
void provider_plan_make(struct provider_plan *ret, const json_t *manifest,
			const char *endpoint_key, const char *host_version,
			const char *usd_rate_cny);
void provider_plan_done(struct provider_plan *plan);

/*
 * Is this endpoint one of the manifest's own, and no mirror?  Any is of a
 * manifest that knows no address.
 */
bool provider_plan_knows(const json_t *manifest, const char *endpoint_key);

/* A rate as the setting has it; 0: none, or none that can be. */
double provider_plan_rate(const char *text);

#endif
