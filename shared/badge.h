/*
 * badge: what states are called for people, and in which tone.
 *
 * One table, for the API, crmctl, reports and pages.  Pure.  A test compares
 * it with the names that the database knows.
 */
#ifndef SHARED_BADGE_H
#define SHARED_BADGE_H

#include <stddef.h>

#include "shared/table.h"

/* What a state is a state of: the member of the API that it stands in. */
enum badge_kind {
	BADGE_RUN,
	BADGE_CANARY,
	BADGE_STAGE,
	BADGE_CONFIRMATION,
	BADGE_ACCESS,
	BADGE_MATCH,
	BADGE_RESOLUTION,
	BADGE_VALIDATION,
	BADGE_HOST,
	BADGE_MODE,
	BADGE_RECONCILE,
	BADGE_FINDING,
	BADGE_KIND__MAX
};

enum badge_tone {
	TONE_NEUTRAL,
	TONE_INFO,
	TONE_GOOD,
	TONE_WARNING,
	TONE_BAD,
	BADGE_TONE__MAX
};

TABLE_ENUM_DECLARE(badge_kind);
TABLE_ENUM_DECLARE(badge_tone);

struct badge {
	enum badge_kind kind;
	const char *state;
	const char *zh, *en;
	enum badge_tone tone;
};

/* All of them, those of a kind together; *ret_count is how many. */
const struct badge *badge_all(size_t *ret_count);

/* NULL if there is no such state, or `state` is NULL. */
const struct badge *badge_find(enum badge_kind kind, const char *state);

/* The label in "zh" or "en"; the state itself if it has none, "" of NULL. */
const char *badge_label(enum badge_kind kind, const char *state,
			const char *lang);

#endif
