#include "cli/site_shape.h"

#include <string.h>

#include "shared/endpoint.h"
#include "shared/runs.h"
#include "shared/table.h"

#define HOSTS_MAX 1000
#define PROVIDERS_MAX 2000
#define KEYS_MAX 10000
#define MODELS_MAX 200
#define USERS_MAX 16
#define DAYS_MAX 36500
#define CONCURRENCY_MAX 1000
#define RATE_MAX 1000000
#define PROXY_MAX INT64_C(1000000000000)
#define TEXT_MAX 4000
#define PEM_MAX (64 << 10)
#define ID_TEXT_MAX 160

const struct yaml_member site_members[] = {
	{ "version",		 YAML_NUMBER },
	{ "subscription_days",	 YAML_NUMBER },
	{ "concurrency",	 YAML_NUMBER },
	{ "requests_per_minute", YAML_NUMBER },
	{ "account_proxy",	 YAML_NUMBER },
	{ "paused",		 YAML_FLAG },
	{ "rebind",		 YAML_FLAG },
	{ "accept_plan_terms",	 YAML_FLAG },
	{ 0 }
};

#define SHAPE(table) { table, COUNT(table) }
#define STR(name, must, lo, hi) \
	{ name, JDEC_STRING, must, JDEC_NOWHERE, lo, hi }
#define NUM(name, must, lo, hi) \
	{ name, JDEC_INT, must, JDEC_NOWHERE, lo, hi }
#define FLAG(name) { name, JDEC_BOOL, false, JDEC_NOWHERE, 0, 1 }
#define STRS(name, lo, hi) \
	{ name, JDEC_STRINGS, false, JDEC_NOWHERE, lo, hi }
#define SECRET(name, must) \
	{ name, JDEC_OBJECT, must, JDEC_NOWHERE, 0, 0, NULL, &reference }
#define OBJECTS(name, must, lo, hi, what) \
	{ name, JDEC_OBJECTS, must, JDEC_NOWHERE, lo, hi, NULL, what }

static const struct jdec_field reference_fields[] = {
	STR("env", false, 1, 200), STR("file", false, 1, TEXT_MAX),
	STR("fingerprint", false, 1, 64), STR("stored", false, 1, 64),
	STR("url", false, 1, ENDPOINT_URL_MAX),
};
static const struct jdec_shape reference = SHAPE(reference_fields);

static const struct jdec_field key_fields[] = {
	SECRET("key", true), STR("label", false, 0, TEXT_MAX),
	STR("note", false, 0, TEXT_MAX), STRS("models", 0, MODELS_MAX),
	{ "aliases", JDEC_MAP, false, JDEC_NOWHERE, 0, MODELS_MAX },
	NUM("account_proxy", false, 0, PROXY_MAX), FLAG("paused"),
};
static const struct jdec_shape key = SHAPE(key_fields);

static const struct jdec_field provider_fields[] = {
	STR("provider_id", false, 1, ID_TEXT_MAX),
	STR("pack_id", false, 1, ID_TEXT_MAX),
	STR("base_url", false, 1, ENDPOINT_URL_MAX),
	{ "access_mode", JDEC_ENUM, false, JDEC_NOWHERE, 0, 0,
	  access_mode_names },
	STRS("subscription_users", 1, USERS_MAX),
	NUM("subscription_days", false, 1, DAYS_MAX),
	SECRET("probe_key", false), SECRET("access_key", false),
	FLAG("rebind"), FLAG("accept_plan_terms"),
	STRS("models", 0, MODELS_MAX),
	OBJECTS("keys", true, 1, KEYS_MAX, &key),
};
static const struct jdec_shape provider = SHAPE(provider_fields);

static const char *const auth_types[] = {
	"api_key", "bearer", "password", NULL,
};

static const struct jdec_field host_fields[] = {
	STR("name", false, 1, 100), STR("base_url", true, 1, ENDPOINT_URL_MAX),
	STR("public_base_url", false, 1, ENDPOINT_URL_MAX),
	{ "auth_type", JDEC_ENUM, true, JDEC_NOWHERE, 0, 0, auth_types },
	STR("admin_email", false, 3, 254), SECRET("auth", true),
	SECRET("proxy", false), STR("ca_pem", false, 1, PEM_MAX),
	STR("ca_file", false, 1, TEXT_MAX), FLAG("paused"),
	OBJECTS("providers", false, 0, PROVIDERS_MAX, &provider),
};
static const struct jdec_shape host = SHAPE(host_fields);

static const struct jdec_field endpoint_fields[] = {
	STR("endpoint_key", false, 1, ID_TEXT_MAX),
	STR("base_url", false, 1, ENDPOINT_URL_MAX),
	SECRET("proxy", false), STR("ca_pem", false, 1, PEM_MAX),
	STR("ca_file", false, 1, TEXT_MAX),
	NUM("concurrency", false, 1, CONCURRENCY_MAX),
	NUM("requests_per_minute", false, 1, RATE_MAX), FLAG("paused"),
};
static const struct jdec_shape endpoint = SHAPE(endpoint_fields);

static const struct jdec_field root_fields[] = {
	NUM("version", true, 1, 1),
	OBJECTS("hosts", false, 0, HOSTS_MAX, &host),
	OBJECTS("endpoints", false, 0, KEYS_MAX, &endpoint),
};
static const struct jdec_shape root_shape = SHAPE(root_fields);

/* ---- what no table says ---- */

struct checking {
	struct jdec_problems *problems;
	json_t *seen;		/* what may be there once only */
};

static const char *text(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static bool has(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	return value && !json_is_null(value);
}

/* `what` was there before: `first`, by its path, tells where. */
static void check_once(struct checking *the, const char *prefix,
		       const char *field, const char *what)
{
	const char *first = text(the->seen, what);
	AUTO_FREE char *path = xasprintf("%s%s", prefix, field);

	if (first)
		jdec_problem(the->problems, prefix, field,
			     "says the same as %.90s", first);
	else
		json_object_set_new(the->seen, what, json_string(path));
}

/* Exactly one way, of those that make sense there. */
static void check_reference(struct checking *the, const char *prefix,
			    const char *field, const json_t *of)
{
	bool is_proxy = strcmp(field, "proxy") == 0;
	size_t n = json_object_size(of);

	if (!json_is_object(of))
		return;
	if (n != 1)
		jdec_problem(the->problems, prefix, field, "must have one of "
			     "env, file, %sstored",
			     is_proxy ? "url, " : "fingerprint, ");
	else if (is_proxy ? has(of, "fingerprint") : has(of, "url"))
		jdec_problem(the->problems, prefix, field, "cannot be said "
			     "by %s", is_proxy ? "fingerprint" : "url");
	else if (text(of, "url") && strchr(text(of, "url"), '@'))
		jdec_problem(the->problems, prefix, field, "has credentials: "
			     "name it by env or file");
}

static bool check_url(struct checking *the, const char *prefix,
		      const char *url, char **ret)
{
	struct err err;

	if (!url || endpoint_normalise(url, ret, &err) == 0)
		return url != NULL;
	jdec_problem(the->problems, prefix, "base_url", "%.120s", err.msg);
	return false;
}

static char *compact(const json_t *value)
{
	return json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS);
}

static void check_key(struct checking *the, const char *prefix,
		      const char *entry, const json_t *of)
{
	AUTO_FREE char *reference_text = compact(json_object_get(of, "key"));
	AUTO_FREE char *what = xasprintf("key|%s|%s", entry, reference_text);

	check_reference(the, prefix, "key", json_object_get(of, "key"));
	check_once(the, prefix, "key", what);
}

static void check_given_keys(struct checking *the, const char *prefix,
			     const json_t *of)
{
	const char *mode = text(of, "access_mode");
	bool self = mode && strcmp(mode, "self_service") == 0;
	bool probe = has(of, "probe_key"), access = has(of, "access_key");

	check_reference(the, prefix, "probe_key",
			json_object_get(of, "probe_key"));
	check_reference(the, prefix, "access_key",
			json_object_get(of, "access_key"));
	if (probe && access)
		jdec_problem(the->problems, prefix, "access_key",
			     "does not go with probe_key");
	if (probe && !self)
		jdec_problem(the->problems, prefix, "probe_key", "goes with "
			     "access_mode self_service only");
	if (has(of, "subscription_users") && (self || access))
		jdec_problem(the->problems, prefix, "subscription_users",
			     "goes with access_mode subscription only, and "
			     "not with access_key");
}

static void check_provider(struct checking *the, const char *prefix,
			   const char *at_host, const json_t *of)
{
	const char *id = text(of, "provider_id"), *pack = text(of, "pack_id");
	const char *mode = text(of, "access_mode");
	AUTO_FREE char *url = NULL;
	AUTO_FREE char *entry = NULL;
	const json_t *one;
	size_t i;

	if (!id && !text(of, "base_url"))
		jdec_problem(the->problems, prefix, "provider_id",
			     "is missing, and so is base_url");
	if (pack && !id)
		jdec_problem(the->problems, prefix, "pack_id",
			     "goes with provider_id only");
	check_url(the, prefix, text(of, "base_url"), &url);
	entry = xasprintf("provider|%s|%s|%s|%s", at_host, id ? id : "",
			  url ? url : "", mode ? mode : "subscription");
	check_once(the, prefix, id ? "provider_id" : "base_url", entry);
	check_given_keys(the, prefix, of);
	json_array_foreach(json_object_get(of, "keys"), i, one) {
		AUTO_FREE char *place = xasprintf("%skeys[%zu].", prefix, i);

		check_key(the, place, entry, one);
	}
}

static void check_ca(struct checking *the, const char *prefix,
		     const json_t *of)
{
	if (has(of, "ca_pem") && has(of, "ca_file"))
		jdec_problem(the->problems, prefix, "ca_file",
			     "does not go with ca_pem");
}

static void check_host(struct checking *the, const char *prefix,
		       const json_t *of)
{
	const char *auth = text(of, "auth_type");
	bool password = auth && strcmp(auth, "password") == 0;
	AUTO_FREE char *url = NULL;
	AUTO_FREE char *what = NULL;
	const json_t *one;
	size_t i;

	check_url(the, prefix, text(of, "base_url"), &url);
	what = xasprintf("host|%s", url ? url : prefix);
	check_once(the, prefix, "base_url", what);
	if (password != has(of, "admin_email"))
		jdec_problem(the->problems, prefix, "admin_email", "goes with "
			     "auth_type password, and with no other");
	check_reference(the, prefix, "auth", json_object_get(of, "auth"));
	check_reference(the, prefix, "proxy", json_object_get(of, "proxy"));
	check_ca(the, prefix, of);
	json_array_foreach(json_object_get(of, "providers"), i, one) {
		AUTO_FREE char *place = xasprintf("%sproviders[%zu].", prefix,
						  i);

		check_provider(the, place, what, one);
	}
}

static void check_endpoint(struct checking *the, const char *prefix,
			   const json_t *of)
{
	const char *name = text(of, "endpoint_key");
	AUTO_FREE char *url = NULL;
	AUTO_FREE char *what = NULL;
	char made[ENDPOINT_KEY_MAX];

	if (!name == !text(of, "base_url"))
		jdec_problem(the->problems, prefix, "endpoint_key",
			     "or base_url must be there, and one only");
	if (check_url(the, prefix, text(of, "base_url"), &url))
		endpoint_key(url, made);
	what = xasprintf("endpoint|%s", url ? made : name ? name : prefix);
	check_once(the, prefix, name ? "endpoint_key" : "base_url", what);
	check_reference(the, prefix, "proxy", json_object_get(of, "proxy"));
	check_ca(the, prefix, of);
}

void site_shape_check(const json_t *root, struct jdec_problems *problems)
{
	json_auto_t *seen = json_object();
	struct checking the = { problems, seen };
	const json_t *one;
	size_t i;

	if (!jdec_check(root, "", &root_shape, problems) &&
	    !json_is_object(root))
		return;
	json_array_foreach(json_object_get(root, "hosts"), i, one) {
		AUTO_FREE char *prefix = xasprintf("hosts[%zu].", i);

		if (json_is_object(one))
			check_host(&the, prefix, one);
	}
	json_array_foreach(json_object_get(root, "endpoints"), i, one) {
		AUTO_FREE char *prefix = xasprintf("endpoints[%zu].", i);

		if (json_is_object(one))
			check_endpoint(&the, prefix, one);
	}
}
