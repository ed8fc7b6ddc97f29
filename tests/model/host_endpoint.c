#include <ctype.h>
#include <string.h>

#include "shared/own.h"
#include "tests/model/host_probe.h"

#define BASE_DEFAULT "https://api.openai.com"

static const char *const paths[] = {
	[HOST_CHAT] = "/v1/chat/completions",
	[HOST_RESPONSES] = "/v1/responses",
	[HOST_MODELS] = "/v1/models",
	[HOST_COMPACT] = "/v1/responses/compact",
	[HOST_INPUT_TOKENS] = "/v1/responses/input_tokens",
	[HOST_EMBEDDINGS] = "/v1/embeddings",
};

static bool ends_in(const char *text, size_t len, const char *end)
{
	size_t end_len = strlen(end);

	return len >= end_len &&
	       strncmp(text + len - end_len, end, end_len) == 0;
}

/* "v4", "v1.5", "v1beta": what later versions take for a version. */
static bool is_version(const char *segment, size_t len)
{
	static const char *const suffixes[] = { "alpha", "beta", "preview" };
	size_t i = 1;

	if (len < 2 || segment[0] != 'v' || !isdigit((unsigned char)segment[1]))
		return false;
	while (i < len && (isdigit((unsigned char)segment[i]) ||
			   segment[i] == '.'))
		i++;
	if (i == len)
		return true;
	for (size_t s = 0; s < sizeof(suffixes) / sizeof(suffixes[0]); s++) {
		if (len - i >= strlen(suffixes[s]) &&
		    strncmp(segment + i, suffixes[s], strlen(suffixes[s])) == 0)
			return true;
	}
	return false;
}

static bool ends_in_version(const struct host_model *model, const char *base,
			    size_t len, enum host_endpoint endpoint)
{
	size_t start = len;

	while (start && base[start - 1] != '/')
		start--;
	/* The model list learned other versions later than the rest. */
	if (!host_has(model, endpoint == HOST_MODELS ?
			     HOST_JOINS_VERSIONED_MODELS :
			     HOST_JOINS_VERSIONED_URLS))
		return len - start == 2 && strncmp(base + start, "v1", 2) == 0;
	return is_version(base + start, len - start);
}

static const char *base_of(const json_t *credentials)
{
	const char *base = json_string_value(json_object_get(credentials,
							     "base_url"));

	return base && *base ? base : BASE_DEFAULT;
}

/* The query stays behind the path only since the URL is really parsed. */
static size_t path_len(const struct host_model *model, const char *base)
{
	size_t len = strlen(base);

	if (host_has(model, HOST_JOINS_BEFORE_QUERY))
		len = strcspn(base, "?#");
	while (len && base[len - 1] == '/')
		len--;
	return len;
}

char *host_endpoint_url(const struct host_model *model,
			const json_t *credentials,
			enum host_endpoint endpoint)
{
	const char *base = base_of(credentials);
	const char *path = paths[endpoint], *short_path = path + 3;
	size_t len = path_len(model, base);
	const char *rest = strchr(base, '?');

	if (strncmp(base, "http://", 7) != 0 &&
	    strncmp(base, "https://", 8) != 0)
		return NULL;
	if (!rest || !host_has(model, HOST_JOINS_BEFORE_QUERY))
		rest = "";
	if (ends_in(base, len, path) ||
	    (endpoint != HOST_MODELS && ends_in(base, len, short_path)))
		path = "";
	else if (ends_in_version(model, base, len, endpoint))
		path = short_path;
	return xasprintf("%.*s%s%s", (int)len, base, path, rest);
}

/* The account's own; what authenticates is not for them to say. */
static void add_overrides(const struct host_model *model,
			  const json_t *credentials,
			  struct model_request *request)
{
	json_t *headers = json_object_get(credentials, "header_overrides");
	const char *name;
	json_t *value;

	if (!host_has(model, HOST_OVERRIDES_HEADERS) ||
	    !json_is_true(json_object_get(credentials,
					  "header_override_enabled")))
		return;
	json_object_foreach(headers, name, value)
		if (json_string_length(value) > 0 &&
		    !model_request_header(request, name))
			model_request_add_header(request, name,
						 json_string_value(value));
}

bool host_endpoint_request(const struct host_model *model,
			   const json_t *credentials,
			   enum host_endpoint endpoint, json_t *body,
			   struct model_request *ret)
{
	json_auto_t *owned = body;
	const char *key = json_string_value(json_object_get(credentials,
							    "api_key"));
	AUTO_FREE char *url = host_endpoint_url(model, credentials, endpoint);
	AUTO_FREE char *bearer = NULL;

	if (!key || !*key || !url)
		return false;
	bearer = xasprintf("Bearer %s", key);
	*ret = (struct model_request){
		.method = xstrdup(body ? "POST" : "GET"),
		.target = TAKE(url),
		.body = owned ? json_dumps(owned, JSON_COMPACT) : xstrdup(""),
	};
	ret->body_len = strlen(ret->body);
	model_request_add_header(ret, "Authorization", bearer);
	if (body)
		model_request_add_header(ret, "Content-Type",
					 "application/json");
	add_overrides(model, credentials, ret);
	return true;
}
