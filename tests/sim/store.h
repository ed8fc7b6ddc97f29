/*
 * store: the state database of a simulated site.
 */
#ifndef TESTS_SIM_STORE_H
#define TESTS_SIM_STORE_H

#include "shared/db.h"

/* One with the schema and nothing else, in memory. */
int store_open(struct db **ret, struct err *err) MUST_CHECK;

#endif
