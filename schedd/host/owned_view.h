/*
 * owned_view: a resource as the host shows it, and as it was asked for, as
 * the flat object of shared/owned.h.
 */
#ifndef SCHEDD_HOST_OWNED_VIEW_H
#define SCHEDD_HOST_OWNED_VIEW_H

#include "schedd/host/features.h"
#include "shared/owned.h"

/* What a resource is held against.  Members are borrowed. */
struct host_owned_case {
	const struct host_features *features;
	enum resource_type type;
	const json_t *wanted;	/* the frozen body: wanted_json */
	const char *key;	/* fingerprint of the key we gave it; or NULL */
	const char *inst;
	bool off;	/* we, or an operator through us, took it out */
	bool adopted;	/* made by somebody else: what we did not write of it
			 * is not known */
};

/*
 * The fields that we own of what a host's admin API shows, of a list or of a
 * single view.  A field that this version does not show (keys, from 0.1.127
 * on) is left out, and so are the models, groups and settings of an account
 * that others gave it besides ours.  For json_decref().
 */
json_t *host_owned_live(const struct host_owned_case *the,
			const json_t *live);

/*
 * The same of what was asked for, with what a host makes of a body that does
 * not say: rate multiplier 1, no limits.
 */
json_t *host_owned_wanted(const struct host_owned_case *the);

#endif
