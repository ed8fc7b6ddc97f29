/*
 * pack_models: do the names of models in a manifest lead where they should?
 *
 * Only for packs as their authors write them: what is installed already is
 * read without it.  Where a manifest lists no models nothing is wrong.  Pure.
 *
 * The model of the proof may be none of them (a router such as "auto") where
 * smoke_test_fallback says what stands in for it.  An alias may be what
 * another model is called that is current no more: it leads to what came
 * after.
 */
#ifndef SHARED_PACK_MODELS_H
#define SHARED_PACK_MODELS_H

#include "shared/manifest.h"

/* All that is wrong is added to `problems`, with its path. */
void pack_models_check(const struct manifest_provider *provider,
		       struct jdec_problems *problems);

#endif
