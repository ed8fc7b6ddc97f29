/*
 * check: what must be true when a simulated run is over.
 */
#ifndef TESTS_SIM_CHECK_H
#define TESTS_SIM_CHECK_H

#include "tests/sim/site.h"

/* Note the first thing that is wrong. */
void site_fault(struct site *site, const char *fmt, ...) PRINTF_LIKE(2, 3);

/*
 * Every item ended as its key says; the host holds exactly what that needs,
 * once each, and nothing else; no row is half made; counts and events agree.
 */
void site_check(struct site *site, const struct site_plan *plan);

#endif
