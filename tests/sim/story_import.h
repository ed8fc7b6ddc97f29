/*
 * story_import: operators of a simulated site bring keys, in every way.
 */
#ifndef TESTS_SIM_STORY_IMPORT_H
#define TESTS_SIM_STORY_IMPORT_H

#include "tests/sim/story.h"

/* A run of up to three keys: new ones, old ones, somebody's account. */
void story_import(struct story *story);

#endif
