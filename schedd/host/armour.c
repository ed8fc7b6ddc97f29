#include "schedd/host/armour.h"

#include "shared/table.h"

#define BIT(armour) (1u << (armour))

/* A host takes an account out for these, if only for seconds (429). */
bool host_armour_benches(int status)
{
	static const int set[] = { 401, 402, 403, 429, 529 };

	for (size_t i = 0; i < COUNT(set); i++)
		if (set[i] == status)
			return true;
	return false;
}

/* Requests that still go where the provider refuses them. */
static bool has_trigger(const struct host_features *features, bool dispatch)
{
	if (!features->responses_by_chat)
		return true;
	return dispatch &&
	       (!features->messages_by_chat || features->count_tokens);
}

bool host_armour_wants_pool(const struct host_features *features,
			    int responses_status, bool dispatch)
{
	return host_armour_benches(responses_status) && has_trigger(features, dispatch);
}

bool host_armour_lets_dispatch(const struct host_features *features,
			       int responses_status, bool pool_mode)
{
	if (!host_armour_benches(responses_status))
		return true;
	return features->messages_by_chat &&
	       (!features->count_tokens || pool_mode);
}

static const char *const names[] = {
	[HOST_ARMOUR_RAW_CHAT] = "raw_chat",
	[HOST_ARMOUR_POOL] = "pool_mode",
	[HOST_ARMOUR_ERRORS_SHOWN] = "errors_shown",
	[HOST_ARMOUR_CONCURRENCY] = "concurrency",
};
_Static_assert(COUNT(names) == HOST_ARMOUR__MAX, "name every piece");

const char *host_armour_name(enum host_armour armour)
{
	return names[armour];
}

unsigned host_account_lacks_armour(const struct host_account *account,
				   const struct host_features *features,
				   const struct host_account_wish *wish)
{
	unsigned lacks = 0;

	if (host_account_converts(features, account->live))
		lacks |= BIT(HOST_ARMOUR_RAW_CHAT);
	if (wish->pool_mode &&
	    (!account->pool_mode || account->pool_retries != 0))
		lacks |= BIT(HOST_ARMOUR_POOL);
	if (account->hides_errors)
		lacks |= BIT(HOST_ARMOUR_ERRORS_SHOWN);
	/* Anything between none and the provider's own makes needless 429s. */
	if (account->concurrency != wish->concurrency)
		lacks |= BIT(HOST_ARMOUR_CONCURRENCY);
	return lacks;
}
