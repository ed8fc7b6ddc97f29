/*
 * audit_event: what crm-schedd does on a host, told to the audit log.
 *
 * Flows note what they do as events; those that tell of a change go from there
 * into the log as well, in the same transaction: import_audit() does it for
 * all that go through import_save_events() or a check.  A flow that keeps no
 * such events calls audit_event() itself.
 */
#ifndef SCHEDD_AUDIT_EVENT_H
#define SCHEDD_AUDIT_EVENT_H

#include "schedd/import.h"
#include "schedd/step.h"
#include "shared/events.h"

/* What was done, for whom.  Borrowed. */
struct audit_deed {
	const char *requester;	/* token_id; NULL: schedd of its own accord */
	const char *host_id;
	const char *object;	/* unless the detail names one itself */
	const char *object_id;
	const char *kind;	/* "created": the second part of the action */
	const char *step;	/* or NULL */
	const char *class;	/* of a failure; NULL: it went well */
	const char *detail;	/* JSON object, or NULL; see below */
};

/*
 * A row for it.  Of the detail, "resource" and "id", or "account_id", name the
 * object; "before" or "was", and "after", become those cells; without them all
 * of it is what is there after.
 */
int audit_event(const struct store *store, const struct audit_deed *deed,
		int64_t now, struct err *err) MUST_CHECK;

/* The same for an event of an import, check or change, if it is a change. */
int import_audit(const struct store *store, const struct import *im,
		 const struct event *event, int64_t now, struct err *err)
	MUST_CHECK;

#endif
