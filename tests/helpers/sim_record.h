/*
 * sim_record: what a simulator was asked, for tests and for a log.
 *
 * The last SIM_RECORD_MAX requests are kept.  Neither the record nor the log
 * holds a key or a body: hashes stand for them, so that tests can tell which
 * key was used and whether two bodies were equal.
 */
#ifndef TESTS_HELPERS_SIM_RECORD_H
#define TESTS_HELPERS_SIM_RECORD_H

#include <jansson.h>

#include "shared/err.h"
#include "tests/model/model.h"

#define SIM_RECORD_MAX 10000

struct sim_record;

/* `log` is the path of a file that is appended to; NULL: no log. */
int sim_record_new(const char *log, struct sim_record **ret, struct err *err)
	MUST_CHECK;
void sim_record_free(struct sim_record **record);

/* A request came.  Returns its number; they count from 1. */
uint64_t sim_record_begin(struct sim_record *record,
			  const struct model_request *request);

/* It ended, `ms` later; NULL: the client left before the answer. */
void sim_record_end(struct sim_record *record, uint64_t number,
		    const struct model_answer *answer, int64_t ms);

/* The kept requests with a number above `after`, oldest first. */
json_t *sim_record_after(const struct sim_record *record, uint64_t after);

uint64_t sim_record_count(const struct sim_record *record);

/* Hand what was logged to the system. */
void sim_record_flush(struct sim_record *record);

#endif
