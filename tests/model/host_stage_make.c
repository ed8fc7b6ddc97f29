#include "tests/model/host_stage_make.h"

#include <inttypes.h>
#include <string.h>

#include "shared/own.h"
#include "shared/table.h"

#define ADMIN "/api/v1/admin"

bool host_stage_admin(struct host_stage *stage, const char *method,
		      const char *path, const char *body)
{
	int status;
	json_t *answer = host_stage_ask_status(stage, method, path,
					       stage->admin_token, body,
					       &status);

	json_decref(answer);
	return status == 200;
}

bool host_stage_make_group(struct host_stage *stage, const char *platform,
			   bool exclusive, const char *type)
{
	AUTO_FREE char *body = xasprintf(
		"{\"name\":\"group-%zu\",\"platform\":\"%s\","
		"\"rate_multiplier\":1,\"is_exclusive\":%s,"
		"\"subscription_type\":\"%s\"}", stage->ngroups, platform,
		exclusive ? "true" : "false", type);

	return host_stage_admin(stage, "POST", ADMIN "/groups", body);
}

static const char forced_extra[] =
	"{\"openai_responses_mode\":\"force_chat_completions\","
	"\"openai_responses_supported\":false}";

#define BASE "\"base_url\":\"http://upstream.example/v1\""
#define KEY "\"api_key\":\"upstream-key\""
#define MAPPING "\"model_mapping\":{\"mock-a\":\"mock-a\"}"

struct kind {
	const char *name;
	const char *credentials;
	const char *extra;
	bool forced;			/* whatever the version */
};

static const struct kind kinds[] = {
	{ "plain", BASE "," KEY "," MAPPING, "{}", false },
	{ "mode", BASE "," KEY "," MAPPING, forced_extra, false },
	{ "forced", BASE "," KEY "," MAPPING, forced_extra, true },
	{ "mapped", BASE "," KEY ",\"model_mapping\":{\"pub-a\":\"mock-a\","
	  "\"pub-b\":\"mock-b\",\"wild-*\":\"mock-a\"}", forced_extra, true },
	{ "unmapped", BASE "," KEY, forced_extra, true },
	{ "keyless", BASE "," MAPPING, "{}", false },
	{ "badurl", "\"base_url\":\"ftp://upstream.example/v1\"," KEY ","
	  MAPPING, forced_extra, true },
	{ "codes", BASE "," KEY "," MAPPING
	  ",\"custom_error_codes_enabled\":true,"
	  "\"custom_error_codes\":[401,402,429]", forced_extra, true },
	{ "pool", BASE "," KEY "," MAPPING ",\"pool_mode\":true,"
	  "\"pool_mode_retry_count\":0", forced_extra, true },
};

bool host_stage_bulk(struct host_stage *stage, const char *update)
{
	AUTO_FREE char *body = xasprintf(
		"{\"account_ids\":[%" PRId64 "],%s}", stage->account_id,
		update);

	return host_stage_admin(stage, "POST",
				ADMIN "/accounts/bulk-update", body);
}

/* Old versions need the flag written again behind the probe. */
static bool force(struct host_stage *stage)
{
	AUTO_FREE char *update = xasprintf("\"extra\":%s", forced_extra);

	host_driver_wait(stage->driver, 2000);
	if (!host_stage_bulk(stage, update))
		return false;
	host_driver_wait(stage->driver, 1500);
	return true;
}

bool host_stage_make_account(struct host_stage *stage, const char *name,
			     const char *kind_name, const char *groups)
{
	const struct kind *kind = NULL;
	AUTO_FREE char *body = NULL;

	for (size_t i = 0; i < COUNT(kinds); i++) {
		if (strcmp(kinds[i].name, kind_name) == 0)
			kind = &kinds[i];
	}
	if (!kind)
		return false;
	body = xasprintf("{\"name\":\"%s\",%s\"platform\":\"openai\","
			 "\"type\":\"apikey\",\"credentials\":{%s},"
			 "\"concurrency\":0,\"priority\":50,\"extra\":%s,"
			 "\"group_ids\":[%s]}", name,
			 strncmp(name, "relay-", 6) == 0 ?
			 "\"notes\":\"managed-by=own7f3a\"," : "",
			 kind->credentials, kind->extra, groups);
	if (!host_stage_admin(stage, "POST", ADMIN "/accounts", body))
		return false;
	return !kind->forced || force(stage);
}
