/*
 * story_rollback: operators of a simulated site take back what was imported.
 */
#ifndef TESTS_SIM_STORY_ROLLBACK_H
#define TESTS_SIM_STORY_ROLLBACK_H

#include "tests/sim/story.h"

/* A run, an item, a provider or an adopted account, by the seed. */
void story_rollback(struct story *story);

/* Every run there is, until nothing is left to do. */
void story_rollback_all(struct story *story);

#endif
