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

/*
 * After that: nothing that CRM made is there but what strangers made theirs
 * or need, and what was lent is as it was.
 */
void story_check_clean(struct story *story);

#endif
