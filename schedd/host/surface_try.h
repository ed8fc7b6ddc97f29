/*
 * surface_try: one small call on each surface, and what its answer shows.
 *
 * Made with the user's key, as a client would.  host_surface_is_safe() says
 * where it may be made.
 */
#ifndef SCHEDD_HOST_SURFACE_TRY_H
#define SCHEDD_HOST_SURFACE_TRY_H

#include "schedd/host/gateway.h"
#include "schedd/host/surface.h"

/* Names SLOT_USER_KEY. */
void host_ask_surface(struct request *request, const struct host_peer *peer,
		      enum host_surface surface, const struct host_chat *chat);

/* Release with host_tried_done(). */
struct host_tried {
	enum host_outcome outcome;	/* never UNSAFE */
	enum failure class;	/* of a refusal, or of why nobody knows */
	int status;		/* 0: no answer */
	char *words;		/* what is damaged, or the refusal; or NULL */
};

void host_tried_done(struct host_tried *tried);

/*
 * Outcome and class: a surface that works has FAILURE_NONE; what may pass (a
 * limit, an account that is out, a lost connection) is UNKNOWN.
 */
void host_judge_surface(const struct answer *answer,
			enum host_surface surface, struct host_tried *ret);

#endif
