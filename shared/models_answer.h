/*
 * models_answer: what a provider's answer about its models means.  Pure.
 *
 * A list is no proof of a key, and its absence no fault: some providers have
 * none, some answer to any key (FAILURE_ENDPOINT_UNSUPPORTED is then the
 * class, and the models must be named by somebody).
 */
#ifndef SHARED_MODELS_ANSWER_H
#define SHARED_MODELS_ANSWER_H

#include <jansson.h>

#include "shared/verdict.h"

/*
 * FAILURE_NONE: *ret_models is what model_listing() gives; the caller
 * releases it.
 */
enum failure models_answer_read(const struct verdict_answer *answer,
				json_t **ret_models);

#endif
