/*
 * owned_key: is the key of an account still the one that CRM gave it?
 *
 * No key is ever kept or compared, only fingerprints; and most hosts show not
 * even that.  What the host shows is certain.  Where it hides keys, a key that
 * is refused at the very address where ours is taken is likely another one;
 * and where somebody moved the base URL, nothing tells whether the key went
 * with it.
 *
 * Pure.
 */
#ifndef SHARED_OWNED_KEY_H
#define SHARED_OWNED_KEY_H

#include "shared/owned.h"

/* The member of a row's live_json by which a check says that it is refused. */
#define OWNED_KEY_REFUSED "key_refused"
bool owned_key_refused(const json_t *seen);

/* What is known besides what was compared. */
struct owned_key_signs {
	bool refused;	/* ours is taken there, the account's is not */
};

/*
 * Adds what is to be said of the key to the `count` findings of an account,
 * unless the comparison said it; how many there are then.
 */
size_t owned_key_judge(const struct owned_three *the,
		       const struct owned_key_signs *signs,
		       struct owned_finding *findings, size_t count);

#endif
