/*
 * owned: the fields of a resource on a host that are ours, a row each.
 *
 * A resource is held as one flat JSON object of these fields, three times:
 * as it is wanted, as CRM wrote it last, and as it is live.  Comparing the
 * three tells who moved a field, and the row what may be done about it
 * (decision D25).  Nothing but these fields is ever compared, and no value is
 * a secret: a key stands as its fingerprint.
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

/* How two values are compared. */
enum owned_kind {
	OWNED_VALUE,		/* equal, or both absent */
	OWNED_SUPERSET,		/* an array that holds at least ours */
	OWNED_KEYS,		/* an object that has at least our keys, equal */
	OWNED_KIND__MAX
};

TABLE_ENUM_DECLARE(owned_policy);
TABLE_ENUM_DECLARE(owned_moved);

struct owned_field {
	enum resource_type type;
	const char *name;	/* its member in the flat object */
	enum owned_kind kind;
	enum owned_policy policy;
	const char *zh, *en;	/* what it is called */
};

/* The rows of a type, in the order in which findings are told. */
extern const struct owned_field owned_fields[];
extern const size_t owned_fields_count;
const struct owned_field *owned_field(enum resource_type type,
				      const char *name);

/*
 * One field that is not as it should be.  Values are borrowed from the
 * objects compared; NULL: absent, which is not the same as unknown.
 */
struct owned_finding {
	const struct owned_field *field;
	enum owned_moved moved;
	enum owned_policy action;
	const json_t *wanted, *written, *live;
};

#define OWNED_FINDINGS_MAX 24

/* The three, borrowed; `written` NULL: what is wanted was written. */
struct owned_three {
	enum resource_type type;
	const json_t *wanted;
	const json_t *written;
	const json_t *live;	/* has no member for what the host hides */
};

/* How many; *ret holds OWNED_FINDINGS_MAX. */
size_t owned_compare(const struct owned_three *the,
		     struct owned_finding *ret);

/* Hex text of a hash over the fields of a flat object, with its NUL. */
#define OWNED_VERSION_TEXT 33

/* D24: the version of a resource.  NULL object: that of one that is gone. */
void owned_version(enum resource_type type, const json_t *flat,
		   char ret[OWNED_VERSION_TEXT]);

#endif
