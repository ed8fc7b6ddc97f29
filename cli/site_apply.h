/*
 * site_apply: do what site_diff() found.
 *
 * What fails keeps nothing else from being done, but for what needs a host
 * that could not be added.  Every request has an Idempotency-Key made of its
 * content and of what it rests on, so that doing it again after a crash does
 * nothing twice.
 */
#ifndef CLI_SITE_APPLY_H
#define CLI_SITE_APPLY_H

#include "cli/command.h"
#include "cli/site_diff.h"

struct site_apply {
	struct call *call;
	const struct site_file *file;
	const char *language;
	json_t *hosts;		/* URL -> id of those that were added */
	json_t *runs;		/* array of ids: imports that began */
	size_t done, failed;
	bool quiet;		/* the result is printed as JSON */
};

/* Zeroed but for the first three at first; release what it gathered. */
void site_apply_done(struct site_apply *apply);

/*
 * Each action gets a member "result": done, failed, skipped; and "why".
 * Fails only if the API cannot be spoken to at all.
 */
int site_apply(struct site_apply *apply, json_t *actions, struct err *err)
	MUST_CHECK;

#endif
