/*
 * owned: the fields of a resource on a host that are ours, a row each.
 *
 * A resource is held as one flat JSON object of these fields, three times:
 * as it is wanted, as CRM wrote it last, and as it is live.  Comparing the
 * three tells who moved a field, and the row what may be done about it.
 * Nothing but these fields is ever compared, and no value is a secret: a key
 * stands as its fingerprint.
 *
 * A member that is missing is not known, or not ours for this resource: it is
 * not compared.  `null` is a value: the host has none.
 *
 * Pure.  How a host's JSON becomes such an object is schedd/host/owned_view.h.
 */
#ifndef SHARED_OWNED_H
#define SHARED_OWNED_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "shared/resources.h"
#include "shared/table.h"

/* What CRM does about a field that somebody else moved. */
enum owned_policy {
	OWNED_RESTORE,		/* write ours again */
	OWNED_ACCEPT,		/* theirs is the one that counts from now on */
	OWNED_ASK,		/* leave it, and ask an operator */
	OWNED_POLICY__MAX
};

/* Who moved it since CRM wrote it last. */
enum owned_moved {
	OWNED_NOBODY,
	OWNED_THEM,		/* live is not what we wrote */
	OWNED_US,		/* what we want is not what we wrote */
	OWNED_BOTH,
	OWNED_MOVED__MAX
};

/* How sure it is that a field is not as we wrote it. */
enum owned_certainty {
	OWNED_CERTAIN,		/* the host shows both */
	OWNED_LIKELY,		/* hidden, but it behaves so */
	OWNED_UNKNOWN,		/* hidden, and nothing tells */
	OWNED_CERTAINTY__MAX
};

/* How two values are compared. */
enum owned_kind {
	OWNED_VALUE,		/* equal, or both absent */
	OWNED_SUPERSET,		/* an array that holds at least ours */
	OWNED_KEYS,		/* an object that has at least our keys, equal */
	OWNED_KIND__MAX
};

TABLE_ENUM_DECLARE(owned_policy);
TABLE_ENUM_DECLARE(owned_moved);
TABLE_ENUM_DECLARE(owned_certainty);

struct owned_field {
	enum resource_type type;
	const char *name;	/* its member in the flat object */
	enum owned_kind kind;
	enum owned_policy policy;
	const char *zh, *en;	/* what it is called */
};

/* The pseudo field of all that can be deleted: `live` is NULL. */
#define OWNED_EXISTS "exists"

/* The rows of a type, in the order in which findings are told. */
extern const struct owned_field owned_fields[];
extern const size_t owned_fields_count;
const struct owned_field *owned_field(enum resource_type type,
				      const char *name);

/*
 * One field that is not as it should be.  Values are borrowed from the
 * objects compared; NULL: not known.  Where we alone moved it the action is
 * to write ours, whatever the row says: nobody else was at it.
 */
struct owned_finding {
	const struct owned_field *field;
	enum owned_moved moved;
	enum owned_policy action;
	enum owned_certainty certainty;
	const json_t *wanted, *written, *live;
};

#define OWNED_FINDINGS_MAX 24

/* The three, borrowed; `written` NULL: what is wanted was written. */
struct owned_three {
	enum resource_type type;
	const json_t *wanted;
	const json_t *written;
	const json_t *live;	/* NULL: it is no longer on the host */
};

/*
 * How many; *ret holds OWNED_FINDINGS_MAX.  Live as wanted is no finding,
 * whoever made it so.  Of a field that is accepted, what was written last
 * counts as wanted: accepting it is owned_accept().  A key and a switch are
 * always held against what is wanted: to change them is somebody's decision.
 */
size_t owned_compare(const struct owned_three *the,
		     struct owned_finding *ret);

/*
 * What `finding` shows is as if we had written it, from now on.  *written may
 * be NULL: then it begins as `wanted`.
 */
void owned_accept(json_t **written, const json_t *wanted,
		  const struct owned_finding *finding);

/*
 * What is written by now, when all that was wanted (flat) has been: but where
 * theirs counts, what was known of it before stays.  Neither a key nor who is
 * in service is kept: to replace or switch it is always somebody's decision.
 */
json_t *owned_wrote(enum resource_type type, const json_t *before,
		    const json_t *wanted);

/* What the members of `now`, just written, make of what was written before. */
json_t *owned_overlay(const json_t *written, const json_t *now);

/* Hex text of a hash over the fields of a flat object, with its NUL. */
#define OWNED_VERSION_TEXT 33

/*
 * The version of a resource, whatever the order of its members.  NULL object:
 * that of one that is gone.  Keys are left out: hosts show them at times only.
 */
void owned_version(enum resource_type type, const json_t *flat,
		   char ret[OWNED_VERSION_TEXT]);

#endif
