/*
 * model_say: what is said of a resolved name: candidates, notes, JSON.
 *
 * All that is not needed to resolve a name, and costs more: it is made only
 * for those that are shown.
 */
#ifndef SHARED_MODEL_SAY_H
#define SHARED_MODEL_SAY_H

#include "shared/model_names.h"

/* What could be asked for instead, the nearest first. */
struct model_candidates {
	size_t count;
	const char *ids[MODEL_CANDIDATES_MAX];	/* borrowed, or of `text` */
	char text[MODEL_CANDIDATES_MAX][MODEL_WIRE_MAX];
};

/*
 * Ids of the list, or without one those of known models.  Of a name that was
 * resolved it is its own id, where a list or an endpoint says so.
 */
void model_candidates(const struct model_names *names, const char *asked,
		      size_t len, const struct model_result *result,
		      struct model_candidates *ret);

/*
 * {"input","state","canonical","family","wire","candidates",
 * "note_zh","note_en"}; notes are null where there is nothing to say.
 */
void model_result_write(struct jout *out, const char *name,
			const struct model_names *names, const char *asked,
			size_t len, const struct model_result *result);

#endif
