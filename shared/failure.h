/*
 * failure: the classes of what goes wrong out there, in one table.
 *
 * A class is what code branches on: does waiting help, whose fault is it, and
 * the sentence for people, in Chinese and English.
 */
#ifndef SHARED_FAILURE_H
#define SHARED_FAILURE_H

#include <stdbool.h>

#include "shared/table.h"

enum failure {
	FAILURE_NONE,
	/* the way to a peer */
	FAILURE_DNS,
	FAILURE_REFUSED,
	FAILURE_TLS,
	FAILURE_TIMEOUT,	/* no connection, or no answer in time */
	FAILURE_RESET,		/* the connection died before the answer */
	FAILURE_DEAD_END,	/* it accepts connections and says nothing */
	FAILURE_TOO_LARGE,	/* the answer does not end */
	FAILURE_NOT_JSON,	/* HTML, or bytes that mean nothing */
	FAILURE_REDIRECTED,
	/* what a provider says: the classes of its errors */
	FAILURE_KEY_INVALID,
	FAILURE_QUOTA_EXHAUSTED,
	FAILURE_RATE_LIMITED,
	FAILURE_OVERLOADED,
	FAILURE_REGION_FORBIDDEN,
	FAILURE_CLIENT_NOT_ALLOWED,
	FAILURE_PLAN_ENDPOINT_MISMATCH,
	FAILURE_ENTITLEMENT,
	FAILURE_MODEL_NOT_FOUND,
	FAILURE_MODEL_AMBIGUOUS, /* the name that was asked for could be several */
	FAILURE_ENDPOINT_UNSUPPORTED,
	FAILURE_CONTENT_BLOCKED,
	FAILURE_BAD_REQUEST,
	FAILURE_FORBIDDEN,	/* 403 that says no more */
	FAILURE_INSPECT_BODY,	/* 200 that is no completion */
	FAILURE_EMPTY_COMPLETION, /* cut by length before it said anything */
	FAILURE_TRANSIENT,
	/* what a host says */
	FAILURE_HOST_AUTH,	/* our token is not accepted */
	FAILURE_COMPLIANCE_REQUIRED,
	FAILURE_HOST_UNSUPPORTED, /* not a sub2api host, or an unknown one */
	FAILURE_HOST_REFUSED,	/* it refused something that should work */
	FAILURE_HOST_UNRECOGNISED, /* it shows nothing of what we made there */
	FAILURE_BACKEND_MODE,	/* users cannot log in */
	FAILURE_LOGIN_BLOCKED,	/* captcha or second factor */
	FAILURE_WARMING_UP,	/* 503 of a fresh account */
	FAILURE_NO_ACCOUNT,	/* 503 that does not go away */
	FAILURE_UPSTREAM_AUTH,	/* 502: the provider refused the account's key */
	FAILURE_UPSTREAM_FORBIDDEN,
	FAILURE_UPSTREAM_FAILED,
	FAILURE_RESPONSES_FORCED, /* chat is sent to /responses */
	FAILURE_MODEL_NOT_LISTED,
	FAILURE_KEY_REFUSED,	/* the gateway does not take the user's key */
	FAILURE_GONE,		/* somebody removed what we made */
	FAILURE_NOT_AS_WRITTEN,	/* read back, it differs */
	/* what a host says of the user's key and what stands behind it */
	FAILURE_CONCURRENCY_LIMITED, /* 429 of the gateway itself */
	FAILURE_BALANCE_EXHAUSTED, /* the user's, on the host */
	FAILURE_SUBSCRIPTION_MISSING,
	FAILURE_KEY_UNBOUND,	/* the key has no group */
	FAILURE_GROUP_UNUSABLE,	/* deleted, or off */
	FAILURE_GROUP_NOT_ALLOWED,
	FAILURE_GROUP_EMPTY,	/* no account is in it */
	FAILURE_CHANNEL_RESTRICTS, /* a channel over the group hides models */
	FAILURE_ERROR_CODES_HIDE, /* custom_error_codes: nothing is passed on */
	FAILURE_SURFACE_REFUSED, /* the group does not serve this API */
	/* what became of an account or a key on the host */
	FAILURE_ACCOUNT_OFF,	/* somebody switched it off on the host */
	FAILURE_ACCOUNT_PAUSED,	/* an operator, through CRM */
	FAILURE_ACCOUNT_ERROR,	/* the host gave it the status "error" */
	FAILURE_ACCOUNT_BENCHED,
	FAILURE_KEY_REPLACED,	/* somebody put another key */
	FAILURE_UPSTREAM_KEY_QUOTA_ISSUE,
	FAILURE_HOST_COMPATIBILITY_GAP,
	/* a key that somebody gave us to prove with */
	FAILURE_ADOPT_REFUSED,	/* the account that somebody named */
	FAILURE_ACCOUNT_PROXY_UNKNOWN,
	FAILURE_PROBE_KEY_UNKNOWN,
	FAILURE_PROBE_KEY_BOUND_ELSEWHERE,
	/* the way out, and what we conclude from many answers */
	FAILURE_ADDRESS_FORBIDDEN, /* resolved, and in a forbidden range */
	FAILURE_PROXY_FAILED,
	FAILURE_HOST_SUSPECT,	/* all on this host fails at once */
	FAILURE_PROVIDER_SUSPECT,
	FAILURE_PROOF_EXPIRED,
	/* ours */
	FAILURE_CANCELLED,
	FAILURE_INTERNAL,
	FAILURE__MAX
};

TABLE_ENUM_DECLARE(failure);

/* Whose turn it is. */
enum blame { BLAME_NOBODY, BLAME_PROVIDER, BLAME_HOST, BLAME_NETWORK,
	     BLAME_OPERATOR, BLAME_US };

struct failure_facts {
	const char *name;
	bool passes;		/* waiting can help */
	enum blame blame;
	const char *zh;
	const char *en;
};

const struct failure_facts *failure_facts(enum failure failure);

#endif
