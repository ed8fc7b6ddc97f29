/*
 * host_feature: which version of a host does what.
 *
 * The model asks for a feature, never for a version.
 */
#ifndef TESTS_MODEL_HOST_FEATURE_H
#define TESTS_MODEL_HOST_FEATURE_H

#include "tests/model/host_model.h"

enum host_feature {
	HOST_REDACTS_CREDENTIALS,	/* and shows credentials_status */
	HOST_KEEPS_SECRETS_ON_PUT,
	HOST_CHANGES_ROLES,		/* of users, by PUT */
	HOST_HAS_RESPONSES_MODE,	/* extra.openai_responses_mode counts */
	HOST_JOINS_VERSIONED_URLS,	/* .../v4 + /chat/completions */
	HOST_FALLS_BACK_ON_404,		/* to chat, while the flag is unset */
	HOST_HAS_SYNC_UPSTREAM,
	HOST_CHECKS_GROUP_OF_KEY,	/* GROUP_DELETED, GROUP_DISABLED */
	HOST_LISTS_MODELS_BY_PLATFORM,
	HOST_BRIDGES_RESPONSES,		/* /v1/responses over upstream chat */
	HOST_BRIDGES_MESSAGES,		/* /v1/messages over upstream chat */
	HOST_OPENS_BLOCKS_WHOLE,	/* of /v1/messages streams */
	HOST_ROUTES_EXACT_NAMES,	/* and sends them upstream, too */
	HOST_COMPACTS_ITSELF,		/* nothing but /responses/compact */
	HOST_SHOWS_DAILY_USAGE,
	HOST_HAS_COMPLIANCE_GATE,
	HOST_PROBES_WITH_TOOL,		/* and reads the answer */
	HOST_LOSES_NO_EVENTS,
	HOST_COPY_FOLLOWS,		/* most writes refresh the copy */
	HOST_ERROR_UNSCHEDULES,		/* schedulable=false beside error */
	HOST_BLOCKS_IN_MEMORY,
	HOST_COOLS_AFTER_5XX,
	HOST_NAMES_UNKNOWN_MODEL,	/* 404 model_not_found, not 503 */
	HOST_LIMITS_MISSING_MODEL,	/* upstream 404 of one model */
	HOST_FAILS_OVER_TRANSPORT,	/* and benches for what is durable */
	HOST_SPARES_HTML_403,
	HOST_COPIES_RETRY_AFTER,
	HOST_FAILS_OVER_405_413,
	HOST_CHECKS_STREAM_TYPE,
	HOST_TESTS_CHAT,
	HOST_CHECKS_MODE,		/* of bulk-update */
	HOST_ADDS_LONG_CONTEXT_FLAG,
	HOST_LIMITS_PANEL,
	HOST_LIMITS_BAD_KEYS,
	HOST_CHECKS_EXCLUSIVE_OF_KEY,	/* GROUP_NOT_ALLOWED at the gateway */
	HOST_DELETES_KEYS_OF_USER,
	HOST_RENEWS_EXPIRED,		/* assign on an expired subscription */
	HOST_LISTS_REVOKED,
	HOST_JOINS_VERSIONED_MODELS,	/* the same for the list of models */
	HOST_JOINS_BEFORE_QUERY,	/* base_url with a query */
	HOST_CONVERTS_PLAINLY,		/* converted answers are proper JSON */
	HOST_SAYS_RETRY_AFTER_LOGIN,
	HOST_SHOWS_QUOTA_DIMENSION,
	HOST_HAS_CN_PLATFORMS,
	HOST_HIDES_FOREIGN_KEYS,
	HOST_HAS_STEP_UP,
	HOST_COUNTS_TOKENS,
	HOST_SHOWS_WINDOW,		/* of a subscription, in /v1/usage */
	HOST_LOGS_NO_RETRIES,		/* nor bodies, in the log of errors */
	HOST_LOGS_KEY_NAMES,
	HOST_OVERRIDES_HEADERS,		/* of accounts, above the client's */
	HOST_FEATURE__MAX
};

bool host_version_has(enum host_version version, enum host_feature feature);

#endif
