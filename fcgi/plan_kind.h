/*
 * plan_kind: what a plan can be of: a row for each, by the very routes that
 * preview it and do it.
 */
#ifndef FCGI_PLAN_KIND_H
#define FCGI_PLAN_KIND_H

#include "fcgi/route.h"

struct plan_kind {
	const char *name;
	const char *path;	/* pattern of the route that does it */
	/* Ends the path that previews it, instead of that of `path`; NULL: the
	 * same path without `apply`, which answers with a token of its plan. */
	const char *preview;
	bool looks;		/* its preview is what a look found */
};

/* A request of a kind.  The body is borrowed, the paths are ours. */
struct plan_call {
	const struct plan_kind *kind;
	const struct route *route;
	char ids[HTTP_IDS_MAX][HTTP_ID_TEXT];
	char *path;
};

void plan_call_done(struct plan_call *call);

/*
 * The route of `path` and its kind, which must be called `kind`.  Code
 * plan_kind_unknown if there is none such.
 */
int plan_call_find(const char *kind, const char *path, struct plan_call *ret,
		   struct err *err) MUST_CHECK;

/*
 * Ask for the preview of `body`, in a reply of its own.  *ret is what it says,
 * for the caller to release; NULL if it was refused: *reply is the refusal
 * then.
 */
int plan_call_preview(const struct request *req, const struct plan_call *call,
		      const json_t *body, struct reply *reply, json_t **ret,
		      struct err *err) MUST_CHECK;

/* Do it.  Begins the transaction. */
int plan_call_do(const struct request *req, const struct plan_call *call,
		 const json_t *body, const json_t *preview,
		 struct reply *reply, struct err *err) MUST_CHECK;

#endif
