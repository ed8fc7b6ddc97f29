/*
 * plan_ground: what a plan rests on, and what of it moved since.
 *
 * {host: {host_id, base_url, version, capabilities}, rests_on: [{resource_id,
 * resource_type, lookup, host_resource_id, state, version}], drift:
 * [{resource_id, field, live}]}.  A version is that of the fields that we own
 * (decision D24); drift is what a look at the host found then.
 */
#ifndef FCGI_PLAN_GROUND_H
#define FCGI_PLAN_GROUND_H

#include "fcgi/plan_kind.h"

/*
 * *ret is the caller's to release.  ERR_LIMIT, code plan_too_large, if it
 * rests on more than a plan can hold.
 */
int plan_ground(const struct request *req, const struct plan_call *call,
		const json_t *body, const json_t *preview, json_t **ret,
		struct err *err) MUST_CHECK;

/* The host of a request; *ret is for free(). */
int plan_ground_host(const struct request *req, const struct plan_call *call,
		     const json_t *body, char **ret, struct err *err)
	MUST_CHECK;

/*
 * An array of {resource_id, resource_type, lookup, host_resource_id, fields},
 * one for each resource that is not as it was; the host itself has the type
 * "host".  The caller releases it.
 */
json_t *plan_ground_moved(const json_t *then, const json_t *now);

#endif
