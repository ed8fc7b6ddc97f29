#include "schedd/diagnose.h"

static bool is(enum failure why, const enum failure *set, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (set[i] == why)
			return true;
	return false;
}

/* The way to the host, or its door. */
static bool host_fails(const struct symptoms *s)
{
	static const enum failure set[] = {
		FAILURE_DNS, FAILURE_REFUSED, FAILURE_TLS, FAILURE_TIMEOUT,
		FAILURE_RESET, FAILURE_DEAD_END, FAILURE_HOST_AUTH,
		FAILURE_COMPLIANCE_REQUIRED, FAILURE_HOST_UNSUPPORTED,
		FAILURE_BACKEND_MODE, FAILURE_LOGIN_BLOCKED,
		FAILURE_PROXY_FAILED, FAILURE_ADDRESS_FORBIDDEN,
	};

	return is(s->gateway, set, COUNT(set));
}

/* The host waits for a provider that lets us wait, too. */
static bool both_wait(const struct symptoms *s)
{
	static const enum failure set[] = {
		FAILURE_TIMEOUT, FAILURE_RESET, FAILURE_DEAD_END,
	};

	return is(s->gateway, set, COUNT(set)) && s->provider_asked &&
	       is(s->provider, set, COUNT(set));
}

/* The key, its owner or its group. */
static bool key_fails(const struct symptoms *s)
{
	static const enum failure set[] = {
		FAILURE_KEY_REFUSED, FAILURE_KEY_UNBOUND,
		FAILURE_SUBSCRIPTION_MISSING, FAILURE_BALANCE_EXHAUSTED,
		FAILURE_GROUP_UNUSABLE, FAILURE_GROUP_NOT_ALLOWED,
		FAILURE_CONCURRENCY_LIMITED,
	};

	return is(s->gateway, set, COUNT(set));
}

static bool a_person_changed_it(const struct symptoms *s)
{
	return s->account != FAILURE_NONE && !s->account_ours;
}

/* The provider itself says so, to us, too; a wall between us says nothing. */
static bool provider_refuses(const struct symptoms *s)
{
	static const enum failure only_our_way[] = {
		FAILURE_NONE, FAILURE_DNS, FAILURE_REFUSED, FAILURE_TLS,
		FAILURE_TIMEOUT, FAILURE_RESET, FAILURE_DEAD_END,
		FAILURE_PROXY_FAILED, FAILURE_ADDRESS_FORBIDDEN,
		FAILURE_REGION_FORBIDDEN, FAILURE_FORBIDDEN,
		FAILURE_EMPTY_COMPLETION,
	};

	return s->provider_asked &&
	       !is(s->provider, only_our_way, COUNT(only_our_way));
}

static bool account_can_be_mended(const struct symptoms *s)
{
	return s->account != FAILURE_NONE && s->account_ours;
}

/* A wall before us, and the host did not get through either. */
static bool both_are_shut_out(const struct symptoms *s)
{
	return s->provider_asked && s->provider != FAILURE_NONE &&
	       s->provider != FAILURE_EMPTY_COMPLETION;
}

/*
 * The provider takes our key and refuses that of the host's account, which
 * relays chat as it is: they are not the same key.
 */
static bool key_differs(const struct symptoms *s)
{
	return s->provider_asked && s->provider == FAILURE_NONE &&
	       (s->gateway == FAILURE_UPSTREAM_AUTH ||
		s->upstream_status == 401);
}

static bool hides(const struct symptoms *s)
{
	return s->gateway == FAILURE_ERROR_CODES_HIDE;
}

static bool is_restricted(const struct symptoms *s)
{
	return s->restricted;
}

/* From where the host is, it is refused; from here it is not. */
static bool only_the_host_is_refused(const struct symptoms *s)
{
	return s->provider_asked && s->provider == FAILURE_NONE &&
	       (s->gateway == FAILURE_UPSTREAM_FORBIDDEN ||
		s->upstream_status == 403);
}

static bool passes(const struct symptoms *s)
{
	return failure_facts(s->gateway)->passes;
}

/* Whose class the conclusion has. */
enum whose { GATEWAYS, PROVIDERS, ACCOUNTS, OWN };

static const struct rule {
	bool (*holds)(const struct symptoms *s);
	enum hop hop;
	enum whose whose;
	enum failure own;
	enum next_action next;	/* REPAIR becomes GAVE_UP where we may not */
} rules[] = {
	{ both_wait,		 HOP_PROVIDER, PROVIDERS, 0, NEXT_RETRY },
	{ host_fails,		 HOP_HOST,     GATEWAYS,  0, NEXT_RETRY },
	{ key_fails,		 HOP_KEY,      GATEWAYS,  0, NEXT_OPERATOR },
	{ a_person_changed_it,	 HOP_ACCOUNT,  ACCOUNTS,  0, NEXT_OPERATOR },
	{ provider_refuses,	 HOP_PROVIDER, PROVIDERS, 0, NEXT_OPERATOR },
	{ is_restricted,	 HOP_GATEWAY,  OWN, FAILURE_CHANNEL_RESTRICTS, NEXT_OPERATOR },
	{ account_can_be_mended, HOP_ACCOUNT,  ACCOUNTS,  0, NEXT_REPAIR },
	{ key_differs,		 HOP_ACCOUNT,  OWN, FAILURE_KEY_REPLACED, NEXT_OPERATOR },
	{ hides,		 HOP_ACCOUNT,  GATEWAYS,  0, NEXT_REPAIR },
	{ both_are_shut_out,	 HOP_PROVIDER, PROVIDERS, 0, NEXT_RETRY },
	{ only_the_host_is_refused, HOP_PROVIDER, GATEWAYS, 0, NEXT_OPERATOR },
	{ passes,		 HOP_GATEWAY,  GATEWAYS,  0, NEXT_RETRY },
	{ NULL,			 HOP_GATEWAY,  GATEWAYS,  0, NEXT_OPERATOR },
};

static enum failure class_of(const struct rule *rule,
			     const struct symptoms *s)
{
	switch (rule->whose) {
	case GATEWAYS:
		return s->gateway;
	case PROVIDERS:
		return s->provider;
	case ACCOUNTS:
		return s->account;
	case OWN:
		break;
	}
	return rule->own;
}

/* What waiting cures needs nobody. */
static enum next_action next_of(const struct rule *rule, enum failure class,
				const struct symptoms *s)
{
	/* What ends by itself nobody undid. */
	if (rule->next == NEXT_REPAIR && !s->may_mend)
		return failure_facts(class)->passes ? NEXT_RETRY
						    : NEXT_GAVE_UP;
	if (rule->next == NEXT_OPERATOR && failure_facts(class)->passes)
		return NEXT_RETRY;
	return rule->next;
}

struct cause diagnose(const struct symptoms *s)
{
	const struct rule *rule = rules;
	struct cause cause;

	while (rule->holds && !rule->holds(s))
		rule++;
	cause.hop = rule->hop;
	cause.class = class_of(rule, s);
	cause.next = next_of(rule, cause.class, s);
	return cause;
}
