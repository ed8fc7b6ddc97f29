/*
 * import_plan: what an import will do on a host, told beforehand.
 *
 * Resource by resource, from what is stored and nothing else: nobody is
 * asked.  It is what happens if all goes well; what a host says to it only an
 * import finds out.  A test compares it with what imports do.
 *
 * Rows go by places: an endpoint and a plan.  What places share, as users and
 * what proofs need, stands with the first that needs it.
 */
#ifndef SHARED_IMPORT_PLAN_H
#define SHARED_IMPORT_PLAN_H

#include <jansson.h>

#include "shared/provider_plan.h"
#include "shared/resources.h"
#include "shared/runs.h"

enum plan_action {
	PLAN_CREATE,
	PLAN_CHANGE,		/* it is ours; something is added or mended */
	PLAN_REUSE,
	PLAN_ADOPT,		/* somebody's, which is named */
	PLAN_PASS,		/* made for a proof, removed after it */
	PLAN_ACTION__MAX
};

TABLE_ENUM_DECLARE(plan_action);

/* A resource.  Texts are owned but for literals. */
struct plan_entry {
	enum plan_action action;
	enum resource_type type;
	const char *purpose;	/* literal: what it is for */
	const char *why;	/* literal, or NULL: what is changed */
	char *lookup;
	size_t place;		/* the row that named its place first */
	int64_t seq;		/* of the row it is for; 0: of the whole run */
	char *resource_id;	/* of what is there; or NULL, as are the next */
	char *mark;
	char *host_resource_id;
};

struct import_plan {
	struct plan_entry *entries;
	size_t count;
	size_t counts[PLAN_ACTION__MAX];
	size_t *places;		/* of each row, the row that named it first */
};

/* An account that is wanted.  Members are borrowed. */
struct plan_row {
	int64_t seq;
	const char *endpoint_key;
	const char *plan;	/* where it goes: see lookup_place() */
	const char *print;	/* fingerprint; "": it cannot be known again */
	bool adopts;		/* it names an account of somebody's */
	const char *proxy;	/* number on the host; NULL, "": as it is */
	const json_t *models;	/* asked for by name, or an empty array */
	const struct provider_plan *provider;	/* what the manifest makes; or NULL */
};

struct plan_spec {
	const char *host_id;
	enum access_mode mode;
	enum given_key given;
	const json_t *selectors;	/* array of texts; NULL: "default" */
	const char *given_print;	/* fingerprint of the given key; "" */
	bool parks;		/* the host needs a parking group (0.1.126) */
	const struct plan_row *rows;	/* of the whole run, of any endpoints */
	size_t nrows;
	int64_t host_concurrency;	/* as the settings have it */
	int64_t now;
};

void import_plan_done(struct import_plan *plan);

/* Release with import_plan_done(). */
int import_plan_make(struct db *db, const struct plan_spec *spec,
		     struct import_plan *ret, struct err *err) MUST_CHECK;

#endif
