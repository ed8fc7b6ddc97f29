/*
 * plan_look: a look at the host, so that a plan rests on how it is and not on
 * how it was seen last: a reconcile that changes nothing.
 *
 * All fail with the code plan_needs_look unless it is one of this host, of all
 * that the plan is about, of a moment ago, and with a certain result.
 */
#ifndef FCGI_PLAN_LOOK_H
#define FCGI_PLAN_LOOK_H

#include "fcgi/plan_kind.h"

#define PLAN_LOOK_MS 120000	/* older than this is not a moment ago */

/* Is it good enough?  To be asked before anything else. */
int plan_look_check(const struct request *req, const char *look,
		    const struct plan_call *call, const json_t *body,
		    struct err *err) MUST_CHECK;

/* Put what it found of what the plan rests on into ground["drift"]. */
int plan_look_drift(const struct request *req, const char *look,
		    json_t *ground, struct err *err) MUST_CHECK;

/* What it found, as the preview of a repair; *ret is the caller's. */
int plan_look_preview(const struct request *req, const char *look,
		      json_t **ret, struct err *err) MUST_CHECK;

#endif
