#include "tests/unit/api_fixture.h"

#include <ctype.h>

#include "fcgi/route.h"
#include "shared/table.h"

#define ROUTES_MAX 200
#define OPENAPI "docs/openapi.yaml"

struct endpoint {
	char method[8];
	char path[128];
};

/* Every row of every table, in their order. */
static size_t all_routes(const struct route *ret[ROUTES_MAX])
{
	size_t n = 0;

	for (size_t t = 0; route_tables[t]; t++)
		for (const struct route *r = route_tables[t]; r->path; r++) {
			assert_true(n < ROUTES_MAX);
			ret[n++] = r;
		}
	return n;
}

static bool is_literal(char c)
{
	return islower((unsigned char)c) || isdigit((unsigned char)c) ||
	       c == '-' || c == '_' || c == '.' || c == '/';
}

static void patterns_are_well_formed(void **state)
{
	const struct route *routes[ROUTES_MAX];
	size_t n = all_routes(routes);

	(void)state;
	assert_true(n > 0);
	for (size_t i = 0; i < n; i++) {
		const char *p = routes[i]->path;
		size_t ids = 0;

		assert_int_equal(*p, '/');
		for (; *p != '\0'; p++) {
			assert_false(p[0] == '/' && (p[1] == '/' || !p[1]));
			if (*p != '{') {
				assert_true(is_literal(*p));
				continue;
			}
			assert_int_equal(p[-1], '/');
			p = strchr(p, '}');
			assert_non_null(p);
			assert_true(p[1] == '\0' || p[1] == '/');
			ids++;
		}
		assert_true(ids <= HTTP_IDS_MAX);
	}
}

/* The pattern with the same id in all places: a path that it matches. */
static void example_of(const char *pattern, char ret[128])
{
	size_t len = 0;

	for (; *pattern != '\0'; pattern++) {
		if (*pattern != '{') {
			ret[len++] = *pattern;
			continue;
		}
		if (strncmp(pattern, "{version}", 9) == 0)
			len += (size_t)snprintf(ret + len, 128 - len,
						"1.2.3-rc.1+b");
		else
			len += (size_t)snprintf(ret + len, 128 - len,
						"an_Id-%zu", len);
		pattern = strchr(pattern, '}');
	}
	ret[len] = '\0';
}

static void each_route_finds_itself_and_no_other(void **state)
{
	const struct route *routes[ROUTES_MAX];
	size_t n = all_routes(routes);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		char ids[HTTP_IDS_MAX][HTTP_ID_TEXT];
		char allow[32], path[128];
		const struct route *found = NULL;
		struct err err;

		example_of(routes[i]->path, path);
		must(route_find(http_method_name(routes[i]->method), path, ids,
				allow, &found, &err), &err);
		assert_ptr_equal(found, routes[i]);
	}
}

/* A question that is too long for a URL changes nothing. */
static bool only_tells(const struct route *r)
{
	return strcmp(r->path, "/api/model-names/resolve") == 0 ||
	       strcmp(r->path, "/api/providers/{provider_id}/preview") == 0 ||
	       strcmp(r->path, "/api/batch-import/runs/preview") == 0;
}

static void rows_state_sane_preconditions(void **state)
{
	const struct route *routes[ROUTES_MAX];
	size_t n = all_routes(routes);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		const struct route *r = routes[i];
		bool posts = r->method == HTTP_POST ||
			     r->method == HTTP_PUT || r->method == HTTP_PATCH;

		assert_non_null(r->handle);
		/* A POST without a token would have no one to remember for. */
		assert_true(!posts || r->needs != SCOPE_NONE);
		assert_int_equal(posts, r->body != BODY_IGNORED);
		assert_true(r->method == HTTP_GET || r->needs > SCOPE_READ ||
			    only_tells(r));
		assert_true(r->method == HTTP_GET ||
			    r->method == HTTP_POST ||
			    r->method == HTTP_DELETE || !r->takes_query);
		assert_true(!(r->takes_files || r->takes_bundle) ||
			    r->body == BODY_REQUIRED);
		/* A GET shows again what it shows. */
		assert_true(posts || r->method == HTTP_GET || !r->waiting);
		if (strncmp(r->path, "/api/", 5) == 0)
			assert_true(r->needs != SCOPE_NONE);
	}
}

/* The paths and methods of the description: lines indented by 2 and 4. */
static size_t described(struct endpoint ret[ROUTES_MAX])
{
	FILE *file = fopen(OPENAPI, "re");
	char line[512], path[128] = "";
	bool inside = false;
	size_t n = 0;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\r\n")] = '\0';
		if (line[0] != ' ' && line[0] != '\0')
			inside = strcmp(line, "paths:") == 0;
		if (!inside)
			continue;
		if (strncmp(line, "  /", 3) == 0)
			snprintf(path, sizeof(path), "%.*s",
				 (int)strcspn(line + 2, ":"), line + 2);
		if (strncmp(line, "    ", 4) != 0 || line[4] == ' ' ||
		    strncmp(line + 4, "parameters", 10) == 0)
			continue;
		assert_true(n < ROUTES_MAX);
		snprintf(ret[n].method, sizeof(ret[n].method), "%.*s",
			 (int)strcspn(line + 4, ":"), line + 4);
		for (char *c = ret[n].method; *c; c++)
			*c = (char)toupper((unsigned char)*c);
		snprintf(ret[n].path, sizeof(ret[n].path), "%s", path);
		n++;
	}
	fclose(file);
	return n;
}

static void the_description_has_exactly_our_routes(void **state)
{
	const struct route *routes[ROUTES_MAX];
	struct endpoint endpoints[ROUTES_MAX];
	size_t n = all_routes(routes), m = described(endpoints);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		const char *method = http_method_name(routes[i]->method);
		bool found = false;

		for (size_t k = 0; k < m; k++)
			found |= strcmp(endpoints[k].path, routes[i]->path) == 0
				&& strcmp(endpoints[k].method, method) == 0;
		if (!found)
			fail_msg("%s %s is not in " OPENAPI, method,
				 routes[i]->path);
	}
	assert_int_equal(n, m);
}

static const char too_long[] =
	"/api/hosts/0123456789012345678901234567890123456789"
	"0123456789012345678901234";

static void unknown_paths_are_not_found(void **state)
{
	static const char *const bad[] = {
		"", "/", "/api", "/api/hosts/", "/api/hosts//probe",
		"/api/hosts/a/b", "/api/hosts/a.b", "/api/hosts/%41",
		"/api/hosts/a/probe/", "/API/hosts", "/api/hostsx",
		too_long,
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		char ids[HTTP_IDS_MAX][HTTP_ID_TEXT];
		const struct route *found = NULL;
		char allow[32];
		struct err err;

		assert_int_equal(route_find("GET", bad[i], ids, allow, &found,
					    &err), -1);
		assert_int_equal(err.kind, ERR_NOT_FOUND);
	}
}

static void another_method_is_told_which_there_are(void **state)
{
	char ids[HTTP_IDS_MAX][HTTP_ID_TEXT];
	const struct route *found = NULL;
	char allow[32];
	struct err err;

	(void)state;
	assert_int_equal(route_find("PUT", "/api/hosts/h1", ids, allow,
				    &found, &err), -1);
	assert_string_equal(err.code, "method_not_allowed");
	assert_string_equal(allow, "GET, HEAD, PATCH, DELETE");
	assert_int_equal(route_find("", "/api/hosts", ids, allow, &found,
				    &err), -1);
	assert_string_equal(allow, "POST, GET, HEAD");
	must(route_find("HEAD", "/api/hosts", ids, allow, &found, &err), &err);
	assert_int_equal(found->method, HTTP_GET);
}

static const char long_key[] =
	"/api/endpoints/a-very-long-name-of-a-host-0123456789-0123456789-"
	"0123456789-0123456789-example-com-8080-1a2b3c4d";

static void ids_of_a_path_are_given(void **state)
{
	char ids[HTTP_IDS_MAX][HTTP_ID_TEXT];
	const struct route *found = NULL;
	char allow[32];
	struct err err;

	(void)state;
	must(route_find("GET", "/api/batch-import/runs/run_1/items/itm_2",
			ids, allow, &found, &err), &err);
	assert_string_equal(ids[0], "run_1");
	assert_string_equal(ids[1], "itm_2");
	/* Keys of endpoints are longer than ids of ours may be. */
	must(route_find("PUT", long_key, ids, allow, &found, &err), &err);
	assert_string_equal(ids[0], strrchr(long_key, '/') + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_are_well_formed),
		cmocka_unit_test(each_route_finds_itself_and_no_other),
		cmocka_unit_test(rows_state_sane_preconditions),
		cmocka_unit_test(the_description_has_exactly_our_routes),
		cmocka_unit_test(unknown_paths_are_not_found),
		cmocka_unit_test(another_method_is_told_which_there_are),
		cmocka_unit_test(ids_of_a_path_are_given),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
