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

/*
 * The member by which an export says that it showed another key: what it
 * showed, and beside which of ours.  It counts no more once ours is another.
 */
#define OWNED_KEY_EXPORTED "key_exported"

/*
 * What an export showed of an account, as `seen`, which is its live_json, is
 * to say it; true if that changes `seen`.  Both are fingerprints.
 */
bool owned_key_saw_export(json_t *seen, const char *ours, const char *live);

/* What is known besides what was compared. */
struct owned_key_signs {
	bool refused;	/* ours is taken there, the account's is not */
	const json_t *exported;	/* OWNED_KEY_EXPORTED of live_json; or NULL */
};

/*
 * Adds what is to be said of the key to the `count` findings of an account,
 * unless the comparison said it; how many there are then.  They borrow from
 * `signs`.
 */
size_t owned_key_judge(const struct owned_three *the,
		       const struct owned_key_signs *signs,
		       struct owned_finding *findings, size_t count);

#endif
