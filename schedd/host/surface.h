/*
 * surface: the ways in which clients call a host, and what becomes of them.
 *
 * By a table: what works, what comes damaged, what is refused, and what is
 * unsafe, because one such call can take the account out for everybody.  By
 * trying: surface_try.h.  From that follows which clients can be used.
 */
#ifndef SCHEDD_HOST_SURFACE_H
#define SCHEDD_HOST_SURFACE_H

#include "schedd/host/features.h"

enum host_surface {
	HOST_SURFACE_CHAT,
	HOST_SURFACE_STREAM,
	HOST_SURFACE_TOOLS,
	HOST_SURFACE_RESPONSES,
	HOST_SURFACE_RESPONSES_STREAM,
	HOST_SURFACE_MESSAGES,
	HOST_SURFACE_COUNT_TOKENS,
	HOST_SURFACE_EMBEDDINGS,
	HOST_SURFACE__MAX
};

const char *host_surface_name(enum host_surface surface);

enum host_outcome {
	HOST_OUTCOME_WORKS,
	HOST_OUTCOME_DAMAGED,
	HOST_OUTCOME_REFUSED,
	HOST_OUTCOME_UNSAFE,
	HOST_OUTCOME_UNKNOWN,	/* tried, and no wiser */
	HOST_OUTCOME__MAX
};

const char *host_outcome_name(enum host_outcome outcome);

/* What the provider can do beside chat. */
enum host_provider { HOST_PROVIDER_UNKNOWN, HOST_PROVIDER_CHAT_ONLY,
		     HOST_PROVIDER_DUAL };

/* What decides, besides the surface. */
struct host_surface_case {
	const struct host_features *features;
	enum host_provider provider;
	/* What it answers on /responses; 0: nobody asked, so the worst. */
	int responses_status;
	bool converts;		/* the account is not forced to chat */
	bool dispatch;		/* the group serves /v1/messages */
	bool pool_mode;		/* no answer benches the account */
};

/* Texts are literals. */
struct host_expectation {
	enum host_outcome outcome;
	const char *zh, *en;
};

struct host_expectation
host_surface_expect(enum host_surface surface,
		    const struct host_surface_case *the);

/*
 * May it be tried on an account that others use?  Else only in a private
 * group, with an account of its own.
 */
bool host_surface_is_safe(enum host_surface surface,
			  const struct host_surface_case *the);

/* ---- what follows for clients ---- */

enum host_usability { HOST_USABLE, HOST_PARTLY_USABLE, HOST_NOT_USABLE,
		      HOST_USABILITY__MAX };

const char *host_usability_name(enum host_usability usability);

size_t host_clients_count(void);

struct host_client {
	const char *name;	/* "OpenAI SDK (node)" ... */
	enum host_usability usability;
	enum host_surface first_lacking;	/* unless it is usable */
};

/* The client number `i`, by what is known of each surface. */
struct host_client host_client_at(size_t i,
		const enum host_outcome outcomes[HOST_SURFACE__MAX]);

/*
 * {"surface","verdict","evidence","why_zh","why_en"} without its braces, so
 * that the caller can add what proves it; `tried` NULL: by the table.
 */
void host_surface_write(struct jout *out, enum host_surface surface,
			const struct host_expectation *expected,
			const enum host_outcome *tried);

/* "clients":[{"client","works","why_zh","why_en"}]. */
void host_clients_write(struct jout *out,
			const enum host_outcome outcomes[HOST_SURFACE__MAX]);

#endif
