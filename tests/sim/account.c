#include "tests/sim/account.h"

#include <stdio.h>
#include <stdlib.h>

const json_t *account_of(struct site *site, const char *account_id,
			 json_t **ret_state)
{
	size_t i;
	const json_t *account;

	*ret_state = host_model_state(site->net.host);
	json_array_foreach(json_object_get(*ret_state, "accounts"), i, account)
		if (json_integer_value(json_object_get(account, "id")) ==
		    strtoll(account_id, NULL, 10))
			return account;
	return NULL;
}

json_t *account_mapping(struct site *site, const char *account_id)
{
	json_auto_t *state = NULL;
	const json_t *account = account_of(site, account_id, &state);

	return json_incref(json_object_get(json_object_get(account,
				"credentials"), "model_mapping"));
}

void account_key(struct site *site, const char *account_id,
		 char ret[ACCOUNT_KEY_MAX])
{
	json_auto_t *state = NULL;
	const json_t *account = account_of(site, account_id, &state);
	const char *key = json_string_value(json_object_get(
		json_object_get(account, "credentials"), "api_key"));

	snprintf(ret, ACCOUNT_KEY_MAX, "%s", key ? key : "");
}
