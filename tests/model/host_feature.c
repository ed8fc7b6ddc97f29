#include "tests/model/host_feature.h"

#include <assert.h>

#include "shared/table.h"

static const char *const version_names[] = {
	[HOST_0_1_126] = "0.1.126",
	[HOST_0_1_129] = "0.1.129",
	[HOST_0_1_179] = "0.1.179",
};

_Static_assert(COUNT(version_names) == HOST_VERSION__MAX, "name them all");

/* The first of our versions that has it; a feature is never lost again. */
static const enum host_version first_with[] = {
	[HOST_REDACTS_CREDENTIALS]      = HOST_0_1_129,
	[HOST_KEEPS_SECRETS_ON_PUT]     = HOST_0_1_129,
	[HOST_CHANGES_ROLES]            = HOST_0_1_179,
	[HOST_HAS_RESPONSES_MODE]       = HOST_0_1_129,
	[HOST_JOINS_VERSIONED_URLS]     = HOST_0_1_129,
	[HOST_FALLS_BACK_ON_404]        = HOST_0_1_129,
	[HOST_HAS_SYNC_UPSTREAM]        = HOST_0_1_129,
	[HOST_CHECKS_GROUP_OF_KEY]      = HOST_0_1_129,
	[HOST_LISTS_MODELS_BY_PLATFORM] = HOST_0_1_129,
	[HOST_BRIDGES_RESPONSES]        = HOST_0_1_129,
	[HOST_BRIDGES_MESSAGES]         = HOST_0_1_179,
	[HOST_OPENS_BLOCKS_WHOLE]       = HOST_0_1_129,
	[HOST_ROUTES_EXACT_NAMES]       = HOST_0_1_179,
	[HOST_COMPACTS_ITSELF]          = HOST_0_1_179,
	[HOST_SHOWS_DAILY_USAGE]        = HOST_0_1_129,
	[HOST_HAS_COMPLIANCE_GATE]      = HOST_0_1_179,
	[HOST_PROBES_WITH_TOOL]         = HOST_0_1_179,
	[HOST_LOSES_NO_EVENTS]          = HOST_0_1_179,
	[HOST_COPY_FOLLOWS]             = HOST_0_1_179,
	[HOST_ERROR_UNSCHEDULES]        = HOST_0_1_179,
	[HOST_BLOCKS_IN_MEMORY]         = HOST_0_1_179,
	[HOST_COOLS_AFTER_5XX]          = HOST_0_1_179,
	[HOST_NAMES_UNKNOWN_MODEL]      = HOST_0_1_179,
	[HOST_LIMITS_MISSING_MODEL]     = HOST_0_1_179,
	[HOST_FAILS_OVER_TRANSPORT]     = HOST_0_1_179,
	[HOST_SPARES_HTML_403]          = HOST_0_1_179,
	[HOST_COPIES_RETRY_AFTER]       = HOST_0_1_179,
	[HOST_FAILS_OVER_405_413]       = HOST_0_1_179,
	[HOST_CHECKS_STREAM_TYPE]       = HOST_0_1_179,
	[HOST_TESTS_CHAT]               = HOST_0_1_179,
	[HOST_CHECKS_MODE]              = HOST_0_1_179,
	[HOST_ADDS_LONG_CONTEXT_FLAG]   = HOST_0_1_179,
	[HOST_LIMITS_PANEL]             = HOST_0_1_179,
	[HOST_LIMITS_BAD_KEYS]          = HOST_0_1_179,
	[HOST_CHECKS_EXCLUSIVE_OF_KEY]  = HOST_0_1_179,
	[HOST_DELETES_KEYS_OF_USER]     = HOST_0_1_179,
	[HOST_RENEWS_EXPIRED]           = HOST_0_1_179,
	[HOST_LISTS_REVOKED]            = HOST_0_1_179,
	[HOST_JOINS_VERSIONED_MODELS]   = HOST_0_1_179,
	[HOST_JOINS_BEFORE_QUERY]       = HOST_0_1_179,
	[HOST_CONVERTS_PLAINLY]         = HOST_0_1_179,
	[HOST_SAYS_RETRY_AFTER_LOGIN]   = HOST_0_1_179,
	[HOST_COUNTS_TOKENS]            = HOST_0_1_179,
	[HOST_SHOWS_WINDOW]             = HOST_0_1_179,
	[HOST_LOGS_NO_RETRIES]          = HOST_0_1_129,
	[HOST_LOGS_KEY_NAMES]           = HOST_0_1_179,
	[HOST_HIDES_FOREIGN_KEYS]       = HOST_0_1_179,
	[HOST_HAS_STEP_UP]              = HOST_0_1_179,
	[HOST_HAS_CN_PLATFORMS]         = HOST_0_1_179,
	[HOST_SHOWS_QUOTA_DIMENSION]    = HOST_0_1_179,
	[HOST_OVERRIDES_HEADERS]        = HOST_0_1_179,
};

_Static_assert(COUNT(first_with) == HOST_FEATURE__MAX, "a row per feature");

const char *host_version_name(enum host_version version)
{
	return version_names[version];
}

bool host_version_parse(const char *name, enum host_version *ret)
{
	int found;

	if (!table_find(version_names, COUNT(version_names), name, &found))
		return false;
	*ret = (enum host_version)found;
	return true;
}

bool host_version_has(enum host_version version, enum host_feature feature)
{
	assert(feature < HOST_FEATURE__MAX);
	return version >= first_with[feature];
}
