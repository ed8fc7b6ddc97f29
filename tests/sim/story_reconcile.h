/*
 * story_reconcile: operators of a simulated site have it reconciled.
 */
#ifndef TESTS_SIM_STORY_RECONCILE_H
#define TESTS_SIM_STORY_RECONCILE_H

#include "tests/sim/story.h"

/* A look or a repair, of the host or of a run, by the seed. */
void story_reconcile(struct story *story);

/*
 * Two repairs of the host, one after the other: the second finds nothing that
 * the first did not leave to be decided.
 */
void story_reconcile_twice(struct story *story);

#endif
