/*
 * host_models: what a user's key may read: GET /v1/models, which is made from
 * mappings and kept a while, and GET /v1/usage.
 */
#ifndef TESTS_MODEL_HOST_MODELS_H
#define TESTS_MODEL_HOST_MODELS_H

#include "tests/model/host_call.h"

void host_models_list(struct host_call *call);
void host_usage_show(struct host_call *call);

#endif
