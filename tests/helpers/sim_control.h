/*
 * sim_control: what tests ask a simulator itself, under /__sim/.
 */
#ifndef TESTS_HELPERS_SIM_CONTROL_H
#define TESTS_HELPERS_SIM_CONTROL_H

#include "tests/helpers/sim_record.h"
#include "tests/helpers/sim_server.h"
#include "tests/model/faults.h"

/* What it looks at and changes.  All borrowed. */
struct sim_control {
	const char *name;
	const struct sim_ops *ops;
	struct faults *faults;
	const struct sim_record *record;
	int64_t *clock;		/* milliseconds that are added to the time */
};

/* False, and no answer, if the request is for the model. */
bool sim_control_answer(const struct sim_control *control,
			const struct model_request *request,
			struct model_answer *ret) MUST_CHECK;

#endif
