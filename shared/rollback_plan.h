/*
 * rollback_plan: what becomes of a thing that is rolled back, and why.
 *
 * Only what CRM is recorded to have made is deleted, and only when no import
 * outside the scope rests on it.  Pure: who tells beforehand and who does it
 * decide by the same table.
 */
#ifndef SHARED_ROLLBACK_PLAN_H
#define SHARED_ROLLBACK_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "shared/resources.h"
#include "shared/table.h"

enum rollback_scope_kind {
	ROLLBACK_RUN,
	ROLLBACK_ITEM,
	ROLLBACK_PROVIDER,	/* on one host */
	ROLLBACK_ACCOUNT,	/* an adopted one is given back */
	ROLLBACK_SCOPE_KIND__MAX
};

enum rollback_action {
	ROLLBACK_DELETE,
	ROLLBACK_RESTORE,	/* what we changed of it is taken back */
	ROLLBACK_RELEASE,	/* an adopted account is what it was */
	ROLLBACK_KEEP,
	ROLLBACK_ACTION__MAX
};

enum rollback_why {
	ROLLBACK_MADE_BY_US,
	ROLLBACK_SHARED,	/* others rest on it */
	ROLLBACK_SHARED_MODELS,	/* as well, but not on all its models */
	ROLLBACK_ADOPTED,
	ROLLBACK_REUSED,	/* it was there before, and stays */
	ROLLBACK_NO_PRIOR,	/* nobody wrote down what it was */
	ROLLBACK_EXTENDED,	/* it was there before, and lasts longer now */
	ROLLBACK_MOVED,		/* somebody's key is bound to our group */
	ROLLBACK_NOBODY_IN,	/* an access that nobody is left to have */
	ROLLBACK_WHY__MAX
};

enum rollback_part_state {
	ROLLBACK_WAITING,
	ROLLBACK_PART_DONE,
	ROLLBACK_LEFT,		/* it stays, though it should not */
	ROLLBACK_GONE,		/* somebody was quicker */
	ROLLBACK_PART_STATE__MAX
};

enum rollback_result {
	ROLLBACK_CLEAN,
	ROLLBACK_REMAINS,	/* some parts are left */
	ROLLBACK_FAILED,	/* it broke off */
	ROLLBACK_RESULT__MAX
};

TABLE_ENUM_DECLARE(rollback_scope_kind);
TABLE_ENUM_DECLARE(rollback_action);
TABLE_ENUM_DECLARE(rollback_why);
TABLE_ENUM_DECLARE(rollback_part_state);
TABLE_ENUM_DECLARE(rollback_result);

/* In words; literals. */
const char *rollback_why_zh(enum rollback_why why);
const char *rollback_why_en(enum rollback_why why);

/* What is known of a resource. */
struct rollback_facts {
	bool adopted;		/* by origin */
	bool reused;
	bool has_prior;		/* what it was is written down */
	bool shared;		/* an import outside the scope rests on it */
	bool surplus;		/* it maps models that only the scope wanted */
};

struct rollback_decision {
	enum rollback_action action;
	enum rollback_why why;
};

struct rollback_decision rollback_decide(const struct rollback_facts *facts);

struct rollback_facts rollback_facts_of(const struct resource *row,
					bool shared, bool surplus);

/* The kinds of parts that are no resources. */
#define ROLLBACK_KIND_ACCESS "access"
#define ROLLBACK_KIND_KEY "moved_key"

/*
 * The place of a kind in the order of parts: keys and who has them go before
 * what they lead to.
 */
int64_t rollback_rank(const char *kind);

/*
 * The names of a mapping that are taken out of it again: those of `scope`
 * that neither `others` nor `prior` has and that `wanted` does map.  All are
 * objects whose members are names; NULL is an empty one.  A new array.
 */
json_t *rollback_surplus(const json_t *wanted, const json_t *scope,
			 const json_t *others, const json_t *prior);

#endif
