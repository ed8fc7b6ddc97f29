/*
 * host_probe: the host's own test whether an upstream has /responses, and
 * where the endpoints of an upstream are.
 */
#ifndef TESTS_MODEL_HOST_PROBE_H
#define TESTS_MODEL_HOST_PROBE_H

#include "tests/model/host_store.h"

enum host_endpoint {
	HOST_CHAT,
	HOST_RESPONSES,
	HOST_MODELS,
	HOST_COMPACT,
	HOST_INPUT_TOKENS,
	HOST_EMBEDDINGS,
};

/*
 * The URL of an endpoint by the base_url among the credentials.  NULL if it
 * is not one that the host accepts.
 */
char *host_endpoint_url(const struct host_model *model,
			const json_t *credentials,
			enum host_endpoint endpoint);

/*
 * A POST with this JSON body (taken) and the account's key, or, without a
 * body, a GET.  False if the account has no key or no usable URL.
 */
bool host_endpoint_request(const struct host_model *model,
			   const json_t *credentials,
			   enum host_endpoint endpoint, json_t *body,
			   struct model_request *ret);

/* kimi, zhipu, deepseek: chat by construction, and never probed. */
bool host_platform_is_chat(const char *platform);

/* Probe the account at `at`, if it is one that is probed. */
void host_probe_start(struct host_model *model, int64_t at,
		      const struct host_account *account);

/* Write down what a probe found. */
void host_probe_apply(struct host_model *model, int64_t account_id,
		      bool supported);

#endif
