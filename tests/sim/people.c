#include "tests/sim/people.h"

#include <inttypes.h>

#include "shared/table.h"

/* Members of a bulk-update; NULL: nothing.  "delete" is said by itself. */
static const char *const acts[] = {
	NULL,
	NULL,
	"delete",
	"\"schedulable\":false",
	"\"status\":\"inactive\"",
	"\"status\":\"error\",\"schedulable\":false",
	"\"group_ids\":[]",
	"\"credentials\":{\"model_mapping\":{\"theirs\":\"mock-b\"}}",
	"\"credentials\":{\"custom_error_codes_enabled\":true,"
	"\"custom_error_codes\":[599]}",
	"\"schedulable\":false,\"group_ids\":[],"
	"\"credentials\":{\"model_mapping\":{\"theirs\":\"mock-b\"}}",
	/* From here on it answers, and badly, in the place of others. */
	"\"extra\":{\"openai_responses_mode\":\"auto\","
	"\"openai_responses_supported\":true}",
	"\"credentials\":{\"base_url\":\"http://elsewhere.test/v1\"}",
};

#define BAD_ANSWERS 2	/* the last ones */

static void meddle_with(struct site *site, int64_t id, bool alone)
{
	size_t count = COUNT(acts) - (alone ? 0 : BAD_ANSWERS);
	const char *act = acts[net_random(&site->net) % count];
	AUTO_FREE char *target = NULL, *body = NULL;

	if (!act)
		return;
	if (strcmp(act, "delete") == 0) {
		target = xasprintf("/api/v1/admin/accounts/%" PRId64, id);
		net_somebody(&site->net, "DELETE", target, SITE_ADMIN_KEY,
			     "");
		return;
	}
	body = xasprintf("{\"account_ids\":[%" PRId64 "],%s}", id, act);
	net_somebody(&site->net, "POST", "/api/v1/admin/accounts/bulk-update",
		     SITE_ADMIN_KEY, body);
}

void people_meddle(struct site *site)
{
	json_auto_t *state = host_model_state(site->net.host);
	const json_t *accounts = json_object_get(state, "accounts");
	const json_t *account;
	size_t i;

	json_array_foreach(accounts, i, account)
		meddle_with(site, json_integer_value(
			json_object_get(account, "id")),
			json_array_size(accounts) == 1);
}
