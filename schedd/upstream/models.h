/*
 * models: what a provider lists.
 *
 * A list is no proof of a key, and its absence no fault: some providers have
 * none, some answer to any key (FAILURE_ENDPOINT_UNSUPPORTED is then the
 * class, and the models must be named by somebody).
 */
#ifndef SCHEDD_UPSTREAM_MODELS_H
#define SCHEDD_UPSTREAM_MODELS_H

#include <jansson.h>

#include "schedd/exchange.h"
#include "shared/failure.h"

/* Of what is listed, so many are mapped when nobody asked for some. */
#define UPSTREAM_CHAT_MODELS_MAX 200

/* The n-th candidate for the URL of the list, NULL after the last. */
char *upstream_models_url(const char *base_url, size_t n);

/* Names SLOT_PROVIDER_KEY. */
void upstream_ask_models(struct request *request, const char *url);

/* As models_answer_read(). */
enum failure upstream_judge_models(const struct answer *answer,
				   json_t **ret_models);

/* By its name: no embedding, image, audio, video, rerank, moderation. */
bool upstream_is_chat_model(const char *name);

/* Those that can chat, at most UPSTREAM_CHAT_MODELS_MAX. */
json_t *upstream_chat_models(const json_t *models);

#endif
