/*
 * pack_diff: what changed from one version of a pack to another.  Pure.
 */
#ifndef CLI_PACK_DIFF_H
#define CLI_PACK_DIFF_H

#include <stdbool.h>

#include <jansson.h>

/*
 * A new array of {provider_id, what, member, before, after}: `what` is added,
 * removed or changed; of a change `member` is the member of the manifest, or
 * "models[ID]" and, in a model, "models[ID].status".  Both are arrays of
 * manifests.
 */
json_t *pack_diff(const json_t *before, const json_t *after);

#endif
