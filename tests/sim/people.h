/*
 * people: what they did to our accounts between two imports of their keys.
 */
#ifndef TESTS_SIM_PEOPLE_H
#define TESTS_SIM_PEOPLE_H

#include "tests/sim/site.h"

/* Something, or nothing, to each account on the host, by the seed. */
void people_meddle(struct site *site);

#endif
