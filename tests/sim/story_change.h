/*
 * story_change: operators of a simulated site change accounts that are there:
 * other models, another key, another proxy, out of service and back.
 */
#ifndef TESTS_SIM_STORY_CHANGE_H
#define TESTS_SIM_STORY_CHANGE_H

#include "tests/sim/story.h"

/* One change of the account of an item, by the seed. */
void story_change(struct story *story);

#endif
