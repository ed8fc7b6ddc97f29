/*
 * route: what can be asked, and what must hold before a handler is called.
 *
 * A row states its preconditions and dispatch.c meets them, so that handlers
 * begin with clean input.  Tables are at the end of each api_*.c.
 */
#ifndef FCGI_ROUTE_H
#define FCGI_ROUTE_H

#include "fcgi/http.h"

enum body_rule {
	BODY_IGNORED,
	BODY_OPTIONAL,		/* none, or one */
	BODY_REQUIRED,
};

/*
 * For an answer that comes later: 202 now, or wait for it.  So is a 200 that
 * says of itself that it is early.
 */
struct waiting {
	/* Has what was begun ended?  `subject` is the id in Location. */
	int (*is_over)(const struct request *req, const char *subject,
		       bool *ret, struct err *err);
	/* Answer as if it had never taken time. */
	int (*show)(const struct request *req, const char *subject,
		    struct reply *reply, struct err *err);
	int64_t default_s;	/* unless Prefer says otherwise */
	int64_t gather_ms;	/* wait on so long for what else comes */
};

/*
 * One for each endpoint.  `handle` fills `reply` in or fails; what it writes
 * it writes behind request_begin().
 */
struct route {
	enum http_method method;
	const char *path;		/* NULL ends a table */
	enum scope needs;
	int (*handle)(const struct request *req, struct reply *reply,
		      struct err *err);
	enum body_rule body;
	bool takes_query;
	bool takes_bundle;		/* a pack as tar.gz, and no JSON */
	bool takes_files;		/* CSV and JSON lines beside JSON */
	const struct waiting *waiting;	/* NULL: it never takes time */
	const char *action;	/* in the audit log; NULL: see trail_action() */
};

/* All tables, NULL at the end. */
extern const struct route *const route_tables[];

/*
 * Find the row for a request and the ids in its path.  ERR_NOT_FOUND if no
 * row has this path; code method_not_allowed, and the ones that are in
 * `allow`, if none of those that do has this method.
 */
int route_find(const char *method, const char *path,
	       char ids[HTTP_IDS_MAX][HTTP_ID_TEXT], char allow[32],
	       const struct route **ret, struct err *err) MUST_CHECK;

#endif
