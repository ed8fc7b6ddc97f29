#include "shared/lookup.h"

#include <inttypes.h>

#define PROOF_KEYS_MIN 4	/* of a host: as many proofs may run at once */
#define ITEMS_FOR_A_KEY 16	/* a key of its own costs the host two calls */

char *lookup_place(const char *endpoint_key, const char *plan)
{
	if (!plan || *plan == '\0')
		return xstrdup(endpoint_key);
	return xasprintf("%s~%s", endpoint_key, plan);
}

char *lookup_group(const char *place, enum access_mode mode)
{
	return xasprintf("%s|%s", place, access_mode_name(mode));
}

char *lookup_account(const char *place, enum access_mode mode,
		     const char *print)
{
	return xasprintf("%s|%s|%s", place, access_mode_name(mode),
			 print);
}

char *lookup_proof_group(const char *place, enum access_mode mode,
			 const char *print)
{
	return xasprintf(LOOKUP_PROOF "|%s|%s|%s", place,
			 access_mode_name(mode), print);
}

int64_t lookup_proof_keys(int64_t items, int64_t host_concurrency)
{
	int64_t keys = items / ITEMS_FOR_A_KEY;

	if (keys > host_concurrency)
		keys = host_concurrency;
	return keys > PROOF_KEYS_MIN ? keys : PROOF_KEYS_MIN;
}

char *lookup_proof_key(int64_t seq, int64_t keys)
{
	return xasprintf(LOOKUP_PROOF "|%" PRId64, seq % keys);
}

char *lookup_user(enum access_mode mode, const char *selector)
{
	return xasprintf("%s|%s", mode == ACCESS_SELF_SERVICE ? "self" : "sub",
			 selector);
}

char *lookup_access(const char *place, enum access_mode mode,
		    const char *selector)
{
	return xasprintf("%s|%s|%s", place, access_mode_name(mode),
			 selector);
}
