#include "fcgi/route.h"

#include <stdio.h>
#include <string.h>

#include "fcgi/api.h"
#include "shared/semver.h"

const struct route *const route_tables[] = {
	api_hosts_routes,
	api_runs_routes,
	api_run_life_routes,
	api_items_routes,
	api_profile_routes,
	api_item_list_routes,
	api_events_routes,
	api_badges_routes,
	api_changes_routes,
	api_rollbacks_routes,
	api_accounts_routes,
	api_foreign_routes,
	api_accesses_routes,
	api_checks_routes,
	api_endpoints_routes,
	api_pause_routes,
	api_explain_routes,
	api_model_names_routes,
	api_notices_routes,
	api_packs_routes,
	api_providers_routes, api_provider_import_routes,
	api_provider_views_routes, api_import_batches_routes,
	api_audit_routes,
	api_plans_routes,
	api_site_routes,
	api_reconcile_routes,
	api_health_routes,
	NULL
};

/*
 * Take an id, which reaches to the next '/' or the end.  The key of an
 * endpoint may be longer than ids of ours.
 */
static bool take_id(const char *name, const char **path,
		    char ret[HTTP_ID_TEXT])
{
	static const char long_one[] = "{endpoint_key}";
	static const char version[] = "{version}";
	size_t len = strcspn(*path, "/");

	if (len >= HTTP_ID_TEXT)
		return false;
	memcpy(ret, *path, len);
	ret[len] = '\0';
	*path += len;
	if (strncmp(name, long_one, sizeof(long_one) - 1) == 0)
		return http_is_key(ret);
	if (strncmp(name, version, sizeof(version) - 1) == 0)
		return semver_is_valid(ret);
	return http_is_id(ret);
}

static bool path_matches(const char *pattern, const char *path,
			 char ids[HTTP_IDS_MAX][HTTP_ID_TEXT])
{
	size_t n = 0;

	while (*pattern != '\0') {
		if (*pattern == '{') {
			if (n >= HTTP_IDS_MAX ||
			    !take_id(pattern, &path, ids[n++]))
				return false;
			pattern = strchr(pattern, '}') + 1;
		} else if (*pattern++ != *path++) {
			return false;
		}
	}
	return *path == '\0';
}

/* HEAD is GET: the server in front leaves the body out. */
static bool method_matches(const struct route *route, const char *method)
{
	if (route->method == HTTP_GET && strcmp(method, "HEAD") == 0)
		return true;
	return strcmp(http_method_name(route->method), method) == 0;
}

static void add_allowed(char allow[32], enum http_method method)
{
	size_t len = strlen(allow);

	snprintf(allow + len, 32 - len, "%s%s%s", len ? ", " : "",
		 http_method_name(method),
		 method == HTTP_GET ? ", HEAD" : "");
}

int route_find(const char *method, const char *path,
	       char ids[HTTP_IDS_MAX][HTTP_ID_TEXT], char allow[32],
	       const struct route **ret, struct err *err)
{
	allow[0] = '\0';
	for (size_t t = 0; route_tables[t]; t++) {
		const struct route *r = route_tables[t];

		for (; r->path; r++) {
			if (!path_matches(r->path, path, ids))
				continue;
			if (method_matches(r, method)) {
				*ret = r;
				return 0;
			}
			add_allowed(allow, r->method);
		}
	}
	if (allow[0] == '\0')
		return err_set(err, ERR_NOT_FOUND, "no such endpoint");
	err_set(err, ERR_INVALID, "this endpoint takes %s only", allow);
	return err_code(err, "method_not_allowed");
}
