/*
 * armour: what keeps one user's odd request from taking an account out for
 * everybody (decision D13b).
 *
 * A host benches an account whose provider answers 401, 402 or 403, also when
 * a user asked for a path that the provider does not have.  Which requests go
 * to such a path depends on the version; raw chat closes most of them, and
 * pool mode the rest, where something remains.
 */
#ifndef SCHEDD_HOST_ARMOUR_H
#define SCHEDD_HOST_ARMOUR_H

#include "schedd/host/features.h"

/* Does an answer of this status take an account out for everybody? */
bool host_armour_benches(int status);

/*
 * `responses_status` is what the provider answered on /responses, 0 if nobody
 * asked; `dispatch`: the group serves /v1/messages.
 */
bool host_armour_wants_pool(const struct host_features *features,
			    int responses_status, bool dispatch);

/* May /v1/messages be switched on for such a provider? */
bool host_armour_lets_dispatch(const struct host_features *features,
			       int responses_status, bool pool_mode);

#endif
