/*
 * host_stage_use: what tests do with a stage again and again.
 *
 * Each ends the program where the model does not do its part.
 */
#ifndef TESTS_MODEL_HOST_STAGE_USE_H
#define TESTS_MODEL_HOST_STAGE_USE_H

#include "tests/model/host_stage_make.h"

/* An update that sends chat to chat. */
#define STAGE_CHAT_ONLY "\"extra\":{\"openai_responses_supported\":false}"

/* A stage in the state that the words make; end it with stage_finish(). */
struct host_stage *stage_of(enum host_version version, const char *words);
void stage_set(struct host_stage *stage, const char *words);

/* Whatever happened, the books must be in order. */
void stage_finish(struct host_stage *stage);

/* The status of a chat, with the model that most accounts of stages map. */
int stage_chat(struct host_stage *stage);
int stage_chat_with(struct host_stage *stage, const char *model_name);

/* The stage's account as it is shown, a new reference. */
json_t *stage_account(struct host_stage *stage);
bool stage_account_is(struct host_stage *stage, const char *name,
		      const char *text);

/* POST /accounts/:id/verb. */
void stage_act(struct host_stage *stage, const char *verb, const char *body);

/* Wait until the probe has written its flag. */
void stage_await_flag(struct host_stage *stage);

/*
 * How long until the first 200.  `most` bounds it, and `between` is the only
 * other status that may come.
 */
int64_t stage_warm_up(struct host_stage *stage, int64_t most, int between);

#endif
