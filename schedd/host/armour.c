#include "schedd/host/armour.h"

#include "shared/table.h"

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
