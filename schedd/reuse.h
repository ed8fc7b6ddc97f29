/*
 * reuse: what an import does about an account that may be there already.
 *
 * Pure: from facts to one row of a table.  What is known of the account of
 * (endpoint, key, access mode, host) is put into bits; the first row whose
 * bits are all set says how the item is resolved, how the account stood, and
 * what comes next.  import_reuse.c finds the facts and does what is said.
 *
 * Importing a key is a person's wish that it serve.  So what people switched
 * off is switched on again, and said so; what they mapped besides stays; and
 * an account whose key somebody replaced is theirs now: it is let go of.
 */
#ifndef SCHEDD_REUSE_H
#define SCHEDD_REUSE_H

#include "shared/items.h"

enum reuse_fact {
	REUSE_OURS,		/* our row has the id of an account */
	REUSE_LOST,		/* which the host has not */
	REUSE_OTHER_KIND,	/* another platform or type by now */
	REUSE_OTHER_KEY,	/* the host shows that it has another key */
	REUSE_PAUSED,		/* taken out by CRM: an operator, a quorum */
	REUSE_EXPIRED,		/* its time on the host is over */
	REUSE_OFF,		/* inactive or not schedulable, by somebody */
	REUSE_UNGROUPED,	/* not in the live group, or that is gone */
	REUSE_ERROR,		/* the host took it out for an error */
	REUSE_OTHER_BASE,	/* another base URL */
	REUSE_BENCHED,		/* out for a while */
	REUSE_LIMITED,		/* out for seconds, by a 429 */
	REUSE_DRIFTED,		/* something that we own is not as written */
	REUSE_LACKS_MODELS,
	REUSE_RETARGETED,	/* a name leads to another model */
	REUSE_WANTS_ADOPTION,	/* the item names somebody's account */
	REUSE_FOREIGN,		/* others have accounts of this base URL */
	REUSE_FACT__MAX
};

#define REUSE(fact) (1u << REUSE_##fact)

enum reuse_next {
	REUSE_MAKE,		/* a new account */
	REUSE_REPLACE,		/* let go of ours and make a new one */
	REUSE_ADOPT,		/* take over the one that is named */
	REUSE_PROVE,		/* it is well: straight to the proof */
	REUSE_WIDEN,		/* add models, then the proof */
	REUSE_REVIVE,		/* all that it needs, then the proof */
	REUSE_NEXT__MAX
};

struct reuse_rule {
	const char *name;
	unsigned facts;		/* all of them: this row */
	enum account_match match;
	enum account_resolution resolution;
	enum reuse_next next;
	const char *event;	/* that the item gets; NULL: of its making */
	const char *warning;	/* or NULL */
};

/* Never NULL: the last row asks nothing. */
const struct reuse_rule *reuse_decide(unsigned facts);

/* All rows, for whoever walks them. */
const struct reuse_rule *reuse_rules(size_t *ret_count);

const char *reuse_fact_name(enum reuse_fact fact);

#endif
