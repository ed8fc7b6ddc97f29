/*
 * host_mock: the upstream that stood behind the recorded hosts.
 *
 * It answers chat and /responses each as it is told, by a name of its table:
 * "ok", a status, or a way to fail.  With "rich" on chat it is the upstream of
 * host_mock_rich.h, on both.
 */
#ifndef TESTS_MODEL_HOST_MOCK_H
#define TESTS_MODEL_HOST_MOCK_H

#include "tests/model/model.h"

struct host_mock {
	char chat[32];
	char responses[32];
	int64_t chat_ms;		/* how long an answer takes */
	int64_t responses_ms;
	int64_t chat_calls;
	int64_t responses_calls;
	int64_t embeddings_calls;
	int64_t probes;			/* among the calls of /responses */
	char last_target[256];
};

void host_mock_set(struct host_mock *mock, const char *chat,
		   const char *responses);

/* A host_upstream_fn; the context is a struct host_mock. */
void host_mock_answer(void *context, const struct model_request *call,
		      struct model_answer *ret);

#endif
