/*
 * profiling: which keys are asked what they can do, and when.
 *
 * The end of an import takes over what is known of its key, or wishes to know;
 * wishes are begun a few at a time, and none while other tasks wait for a
 * worker: imports go first.
 */
#ifndef SCHEDD_PROFILING_H
#define SCHEDD_PROFILING_H

#include "schedd/import.h"

/* Inside the transaction that ends an import well. */
int profiling_after_import(const struct store *store,
			   const struct import *im, int64_t now,
			   struct err *err) MUST_CHECK;

/* Begin what room there is for. */
int profiling_turn(const struct store *store, int64_t now, struct err *err)
	MUST_CHECK;

#endif
