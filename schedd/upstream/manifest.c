#include "schedd/upstream/manifest.h"

#include <string.h>

#include "shared/table.h"

static bool may_send(const json_t *manifest, const char *name)
{
	static const char *const ours[] = {
		"Authorization", "x-api-key", "Host", "Accept",
		"Content-Type", "Content-Length",
	};

	for (size_t i = 0; i < COUNT(ours); i++)
		if (strcasecmp(name, ours[i]) == 0)
			return false;
	return strcasecmp(name, "User-Agent") != 0 ||
	       !json_is_true(json_object_get(manifest,
					     "requires_allowlisted_client"));
}

void upstream_add_headers(struct request *request, const json_t *manifest)
{
	json_t *headers = json_object_get(manifest, "required_headers");
	const char *name;
	json_t *value;

	json_object_foreach(headers, name, value)
		if (may_send(manifest, name) &&
		    request->nheaders < REQUEST_HEADERS_MAX)
			request_header(request, name, json_string_value(value),
				       SLOT_NONE);
}

bool upstream_shuns_responses(const json_t *manifest)
{
	return json_is_true(json_object_get(manifest,
			"force_disable_openai_responses_api"));
}
