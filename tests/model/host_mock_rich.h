/*
 * host_mock_rich: the richer upstream of later recordings, which knows tools,
 * the whole of /responses, and embeddings.
 */
#ifndef TESTS_MODEL_HOST_MOCK_RICH_H
#define TESTS_MODEL_HOST_MOCK_RICH_H

#include "tests/model/model.h"

/* What it says on chat, or on /responses, to this call. */
void host_mock_rich_chat(const struct model_request *call,
			 struct model_answer *ret);
void host_mock_rich_responses(const struct model_request *call,
			      struct model_answer *ret);
void host_mock_rich_embeddings(struct model_answer *ret);

#endif
