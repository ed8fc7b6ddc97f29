/*
 * asking: what the flow that asks for a key's capabilities sees and changes.
 *
 * One request for each thing, in the order of upstream/try.h: as much as is
 * wanted, as the day's budget allows, and until the provider says that it is
 * enough.  Nothing is repeated but what was cut short by thinking, once.
 */
#ifndef SCHEDD_ASKING_H
#define SCHEDD_ASKING_H

#include "schedd/step.h"
#include "schedd/upstream/try.h"
#include "shared/endpoints.h"
#include "shared/items.h"
#include "shared/profiles.h"

/* What one step leaves for the next: the task's memo. */
struct asking_memo {
	int64_t model;		/* which of the item's models */
	int64_t tried;		/* bits of enum try, for it */
	int64_t form;		/* which candidate for /messages */
	bool generous;		/* the last one was cut: once more, with more */
};

struct asking {
	int64_t now;
	uint64_t random;
	const struct settings *settings;	/* borrowed */
	struct profile_row row;
	struct item item;
	struct endpoint_row endpoint;
	json_t *models;		/* array, the smoke model first */
	json_t *manifest;	/* of an import by provider; or NULL */
	struct profile draft;
	struct asking_memo memo;
};

void asking_free(struct asking **asking);

/* Read all rows are read: what is known before anything is asked. */
void asking_prepare(struct asking *asking);

/* The only step. */
bool ask_capability(const void *subject, struct request *request);
struct verdict got_capability(void *subject, const struct answer *answer);

#endif
