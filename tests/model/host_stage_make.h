/*
 * host_stage_make: groups and accounts for a stage, by name.
 */
#ifndef TESTS_MODEL_HOST_STAGE_MAKE_H
#define TESTS_MODEL_HOST_STAGE_MAKE_H

#include "tests/model/host_stage.h"

/* Ask as the admin.  False unless the answer is 200. */
bool host_stage_admin(struct host_stage *stage, const char *method,
		      const char *path, const char *body);

/* bulk-update of the stage's account; `update` is the inside of an object. */
bool host_stage_bulk(struct host_stage *stage, const char *update);

bool host_stage_make_group(struct host_stage *stage, const char *platform,
			   bool exclusive, const char *type);

/*
 * An account of a kind of the table in the .c file; `groups` are ids with
 * commas between.  A name that starts with "relay-" gets notes.
 */
bool host_stage_make_account(struct host_stage *stage, const char *name,
			     const char *kind_name, const char *groups);

#endif
