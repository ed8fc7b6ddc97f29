/*
 * rotation: another key for an account in a simulated world: asked for as the
 * API does, and what must be true when it has ended.
 */
#ifndef TESTS_SIM_ROTATION_H
#define TESTS_SIM_ROTATION_H

#include "tests/sim/account.h"

struct rotation {
	char old_key[ACCOUNT_KEY_MAX];	/* on the host, before */
	char new_key[ACCOUNT_KEY_MAX];
	char new_print[SEAL_FINGERPRINT_TEXT];
	char new_secret[ID_MAX];
};

/*
 * Draw a key that begins so, unless there is one, and seal it; gives what is
 * wanted.
 */
char *rotation_plan(struct site *site, const char *prefix,
		    const char *old_print, struct rotation *ret) GIVES_MEMORY;

/* One key or the other, on the host and in every row alike. */
void rotation_check(struct site *site, const struct rotation *rotation,
		    const char *resource_id, const char *live_key, bool done);

/* Nothing that was made for the proof is left. */
void rotation_check_copies(struct site *site);

#endif
