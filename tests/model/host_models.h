/*
 * host_models: GET /v1/models, which is made from mappings and kept a while.
 */
#ifndef TESTS_MODEL_HOST_MODELS_H
#define TESTS_MODEL_HOST_MODELS_H

#include "tests/model/host_call.h"

void host_models_list(struct host_call *call);

#endif
