#include "schedd/reuse.h"

#include "shared/table.h"

#define OURS REUSE(OURS)

/* The first row whose facts are all there; the order is the decision. */
static const struct reuse_rule rules[] = {
	/* name, facts */
	/* how it stood, resolution, what comes next, event, warning */
	{ "lost", OURS | REUSE(LOST),
	  MATCH_BROKEN, RESOLUTION_REPLACED, REUSE_MAKE, "replaced", NULL },
	{ "other_kind", OURS | REUSE(OTHER_KIND),
	  MATCH_BROKEN, RESOLUTION_REPLACED, REUSE_REPLACE, "replaced",
	  "account_let_go" },
	{ "other_key", OURS | REUSE(OTHER_KEY),
	  MATCH_BROKEN, RESOLUTION_REPLACED, REUSE_REPLACE, "replaced",
	  "account_let_go" },
	{ "paused", OURS | REUSE(PAUSED),
	  MATCH_DISABLED, RESOLUTION_REACTIVATED, REUSE_REVIVE, "reactivated",
	  NULL },
	/* The host switches off what has expired: that says more than "off". */
	{ "expired", OURS | REUSE(EXPIRED),
	  MATCH_DEPRECATED, RESOLUTION_REACTIVATED, REUSE_REVIVE,
	  "reactivated", NULL },
	{ "off", OURS | REUSE(OFF),
	  MATCH_DISABLED, RESOLUTION_REACTIVATED, REUSE_REVIVE, "reactivated",
	  NULL },
	{ "ungrouped", OURS | REUSE(UNGROUPED),
	  MATCH_DEPRECATED, RESOLUTION_REACTIVATED, REUSE_REVIVE,
	  "reactivated", NULL },
	{ "error", OURS | REUSE(ERROR),
	  MATCH_BROKEN, RESOLUTION_REACTIVATED, REUSE_REVIVE, "reactivated",
	  NULL },
	{ "other_base", OURS | REUSE(OTHER_BASE),
	  MATCH_BROKEN, RESOLUTION_REACTIVATED, REUSE_REVIVE, "reactivated",
	  NULL },
	{ "benched", OURS | REUSE(BENCHED),
	  MATCH_BROKEN, RESOLUTION_REACTIVATED, REUSE_REVIVE, "reactivated",
	  NULL },
	{ "limited", OURS | REUSE(LIMITED),
	  MATCH_ACTIVE, RESOLUTION_REUSED, REUSE_REVIVE, "reused", NULL },
	{ "drifted", OURS | REUSE(DRIFTED),
	  MATCH_ACTIVE, RESOLUTION_REUSED, REUSE_REVIVE, "patch_only", NULL },
	{ "lacks_models", OURS | REUSE(LACKS_MODELS),
	  MATCH_ACTIVE, RESOLUTION_REUSED, REUSE_WIDEN, "patch_only", NULL },
	{ "retargeted", OURS | REUSE(RETARGETED),
	  MATCH_ACTIVE, RESOLUTION_REUSED, REUSE_PROVE, "reused",
	  "mapping_changed" },
	{ "well", OURS,
	  MATCH_ACTIVE, RESOLUTION_REUSED, REUSE_PROVE, "reused", NULL },

	{ "adopt", REUSE(WANTS_ADOPTION),
	  MATCH_ACTIVE, RESOLUTION_REUSED, REUSE_ADOPT, NULL, NULL },
	{ "foreign", REUSE(FOREIGN),
	  MATCH_NONE, RESOLUTION_CREATED, REUSE_MAKE, NULL,
	  "foreign_account" },
	{ "none", 0,
	  MATCH_NONE, RESOLUTION_CREATED, REUSE_MAKE, NULL, NULL },
};

static const char *const fact_names[] = {
	[REUSE_OURS]		= "ours",
	[REUSE_LOST]		= "lost",
	[REUSE_OTHER_KIND]	= "other_kind",
	[REUSE_OTHER_KEY]	= "other_key",
	[REUSE_PAUSED]		= "paused",
	[REUSE_EXPIRED]		= "expired",
	[REUSE_OFF]		= "off",
	[REUSE_UNGROUPED]	= "ungrouped",
	[REUSE_ERROR]		= "error",
	[REUSE_OTHER_BASE]	= "other_base",
	[REUSE_BENCHED]		= "benched",
	[REUSE_LIMITED]		= "limited",
	[REUSE_DRIFTED]		= "drifted",
	[REUSE_LACKS_MODELS]	= "lacks_models",
	[REUSE_RETARGETED]	= "retargeted",
	[REUSE_WANTS_ADOPTION]	= "wants_adoption",
	[REUSE_FOREIGN]		= "foreign",
};
_Static_assert(COUNT(fact_names) == REUSE_FACT__MAX, "a name for each");

const struct reuse_rule *reuse_decide(unsigned facts)
{
	size_t i = 0;

	while ((facts & rules[i].facts) != rules[i].facts)
		i++;
	return &rules[i];
}

const struct reuse_rule *reuse_rules(size_t *ret_count)
{
	*ret_count = COUNT(rules);
	return rules;
}

const char *reuse_fact_name(enum reuse_fact fact)
{
	return fact_names[fact];
}
