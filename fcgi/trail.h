/*
 * trail: what the audit log says of a request that changes something.
 *
 * The dispatcher keeps one for every request whose method is not GET and
 * writes it in the request's own transaction; what wrote nothing, a preview or
 * a replay, leaves none.  No handler has to know: the action's name is that of
 * its route, the object is the last id in the path or what Location names, and
 * before and after are the views that GET gives of that object, as far as they
 * differ.  A handler that knows better says so by the functions below.
 */
#ifndef FCGI_TRAIL_H
#define FCGI_TRAIL_H

#include "fcgi/route.h"
#include "shared/audit.h"

#define TRAIL_ID_TEXT (2 * HTTP_ID_TEXT)

/* Starts from what is borrowed: route, wire and body. */
struct trail {
	const struct route *route;
	const struct wire *wire;
	json_t *body;		/* or NULL */
	char object[HTTP_ID_TEXT];
	char object_id[TRAIL_ID_TEXT];
	char host_id[HTTP_ID_TEXT];
	char *view_path;	/* where GET shows the object, or NULL */
	const struct route *view;
	char *seen;		/* that view, before the handler wrote */
	char *before, *after;	/* what of it changed */
};

void trail_done(struct trail *trail);

/* "host.pause": the row's own, or made of method and path. */
void trail_action(const struct route *route, char ret[AUDIT_ACTION_MAX]);

/* Begin: fill in what the path says, and give it to the request. */
void trail_start(struct trail *trail, struct request *req);

/* For request_begin() alone: see how the object is before it changes. */
void trail_look(const struct request *req);

/* Add the row.  At the end of the transaction. */
int trail_write(const struct request *req, const struct reply *reply,
		struct err *err) MUST_CHECK;

#endif
