/*
 * story_clean: what must be true of a simulated site when all that was
 * imported was taken back.
 */
#ifndef TESTS_SIM_STORY_CLEAN_H
#define TESTS_SIM_STORY_CLEAN_H

#include "tests/sim/story.h"

/*
 * Nothing that CRM made is there but what strangers made theirs or need, what
 * was lent is as it was, and CRM's records say so: no secret of it is left
 * that nothing rests on, and nothing is known that is not there.
 */
void story_check_clean(struct story *story);

#endif
