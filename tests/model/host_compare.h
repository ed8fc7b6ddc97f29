/*
 * host_compare: whether an answer has the form of a recorded one.
 *
 * The same status, headers that matter, members and JSON types; the same
 * values where they are constants of the host.
 */
#ifndef TESTS_MODEL_HOST_COMPARE_H
#define TESTS_MODEL_HOST_COMPARE_H

#include <jansson.h>

#include "shared/buf.h"
#include "tests/model/model.h"

/* Add a line to `out` for each difference. */
void host_compare(const json_t *recorded, const struct model_answer *answer,
		  struct buf *out);

#endif
