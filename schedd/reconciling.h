/*
 * reconciling: hosts are reconciled in the background, one after the other.
 */
#ifndef SCHEDD_RECONCILING_H
#define SCHEDD_RECONCILING_H

#include "schedd/step.h"

/* Begin what is due, and plan what was never planned. */
int reconciling_turn(const struct store *store, int64_t now, struct err *err)
	MUST_CHECK;

#endif
