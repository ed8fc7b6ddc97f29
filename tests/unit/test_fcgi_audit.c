/* What requests leave in the audit log, and how it is read. */
#include "tests/unit/api_fixture.h"

#include <ctype.h>

#include "fcgi/refusals.h"
#include "fcgi/trail.h"
#include "shared/table.h"

/* Names that rows of the log have for ever. */
static const struct {
	const char *method, *path, *action;
} names[] = {
	{ "POST", "/api/hosts", "host.create" },
	{ "PATCH", "/api/hosts/{host_id}", "host.update" },
	{ "DELETE", "/api/hosts/{host_id}", "host.delete" },
	{ "POST", "/api/hosts/{host_id}/probe", "host.probe" },
	{ "POST", "/api/hosts/{host_id}/pause", "host.pause" },
	{ "POST", "/api/hosts/{host_id}/resume", "host.resume" },
	{ "POST", "/api/hosts/{host_id}/accept-compliance",
	  "host.accept-compliance" },
	{ "POST", "/api/batch-import/runs", "run.create" },
	{ "POST", "/api/batch-import/runs/{run_id}/cancel", "run.cancel" },
	{ "POST", "/api/batch-import/runs/{run_id}/resume", "run.resume" },
	{ "POST", "/api/batch-import/runs/{run_id}/retry", "run.retry" },
	{ "POST", "/api/batch-import/runs/{run_id}/items/{item_id}/retry",
	  "item.retry" },
	{ "POST", "/api/batch-import/runs/{run_id}/items/{item_id}/profile",
	  "item.profile" },
	{ "PATCH", "/api/batch-import/runs/{run_id}/items/{item_id}",
	  "item.update" },
	{ "POST", "/api/batch-import/runs/{run_id}/items/{item_id}/models",
	  "item.models" },
	{ "POST", "/api/batch-import/runs/{run_id}/items/{item_id}/proxy",
	  "item.proxy" },
	{ "POST", "/api/batch-import/runs/{run_id}/items/{item_id}/pause",
	  "item.pause" },
	{ "POST", "/api/batch-import/runs/{run_id}/items/{item_id}/resume",
	  "item.resume" },
	{ "POST", "/api/access-checks", "access-check.create" },
	{ "PUT", "/api/endpoints/{endpoint_key}", "endpoint.update" },
	{ "POST", "/api/endpoints/{endpoint_key}/pause", "endpoint.pause" },
	{ "POST", "/api/endpoints/{endpoint_key}/resume",
	  "endpoint.resume" },
	{ "POST", "/api/packs/install", "pack.install" },
	{ "POST", "/api/packs/{pack_id}/activate", "pack.activate" },
	{ "POST", "/api/packs/{pack_id}/rollback", "pack.rollback" },
	{ "DELETE", "/api/packs/{pack_id}/versions/{version}",
	  "pack.remove" },
	{ "POST", "/api/providers/{provider_id}/import", "provider.import" },
};

/* Each route that changes something has a name, and no two have the same. */
static void every_change_has_a_name_of_its_own(void **state)
{
	char seen[256][AUDIT_ACTION_MAX];
	size_t n = 0;

	(void)state;
	for (size_t t = 0; route_tables[t]; t++)
		for (const struct route *r = route_tables[t]; r->path; r++) {
			char action[AUDIT_ACTION_MAX];
			const char *point;

			if (r->method == HTTP_GET)
				continue;
			trail_action(r, action);
			point = strchr(action, '.');
			if (!point || !isalpha((unsigned char)action[0]) ||
			    !isalpha((unsigned char)point[1]) ||
			    strspn(action, "abcdefghijklmnopqrstuvwxyz.-") !=
			    strlen(action))
				fail_msg("%s: %s", r->path, action);
			for (size_t i = 0; i < n; i++)
				if (strcmp(seen[i], action) == 0)
					fail_msg("%s: %s again", r->path,
						 action);
			assert_true(n < COUNT(seen));
			memcpy(seen[n++], action, sizeof(action));
		}
}

static void names_stay_what_they_are(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		const struct route *found = NULL;
		char action[AUDIT_ACTION_MAX];

		for (size_t t = 0; route_tables[t]; t++)
			for (const struct route *r = route_tables[t]; r->path;
			     r++)
				if (strcmp(r->path, names[i].path) == 0 &&
				    strcmp(http_method_name(r->method),
					   names[i].method) == 0)
					found = r;
		if (!found)
			fail_msg("no %s %s", names[i].method, names[i].path);
		trail_action(found, action);
		assert_string_equal(action, names[i].action);
	}
}

/* The newest row, in api.json. */
static void newest(void)
{
	api.wire.request_id = NULL;
	assert_int_equal(ask("GET", "/api/audit?limit=1", NULL), 200);
}

static int64_t rows(void)
{
	return count("SELECT count(*) FROM audit_log");
}

static void a_change_says_who_what_and_how_it_was(void **state)
{
	AUTO_FREE char *host_id = add_host();
	AUTO_FREE char *path = xasprintf("/api/hosts/%s", host_id);

	(void)state;
	newest();
	assert_string_equal(text_of("rows.0.action"), "host.create");
	assert_string_equal(text_of("rows.0.object"), "host");
	assert_string_equal(text_of("rows.0.object_id"), host_id);
	assert_string_equal(text_of("rows.0.host_id"), host_id);
	assert_string_equal(text_of("rows.0.result"), "202");
	assert_true(json_is_null(member("rows.0.before")));
	assert_string_equal(text_of("rows.0.after.base_url"),
			    "https://host.example");

	api.wire.request_id = "req-of-a-test-1";
	assert_int_equal(ask("PATCH", path, "{\"name\":\"Tokyo\"}"), 202);
	newest();
	assert_string_equal(text_of("rows.0.action"), "host.update");
	assert_string_equal(text_of("rows.0.actor"), "token");
	assert_string_equal(text_of("rows.0.token_name"), "admin");
	assert_string_equal(text_of("rows.0.what.fields.0"), "name");
	assert_string_equal(text_of("rows.0.request_id"), "req-of-a-test-1");
	assert_string_equal(text_of("rows.0.before.name"), "host.example");
	assert_string_equal(text_of("rows.0.after.name"), "Tokyo");
	/* What did not change is not repeated. */
	assert_null(member("rows.0.after.base_url"));

	assert_int_equal(ask("DELETE", path, NULL), 204);
	newest();
	assert_string_equal(text_of("rows.0.action"), "host.delete");
	assert_string_equal(text_of("rows.0.before.name"), "Tokyo");
	assert_true(json_is_null(member("rows.0.after")));
	assert_int_equal(rows(), 3);
}

static void what_changes_nothing_leaves_no_row(void **state)
{
	AUTO_FREE char *host_id = add_host();
	AUTO_FREE char *path = xasprintf("/api/hosts/%s", host_id);
	int64_t before = rows();

	(void)state;
	assert_int_equal(ask("GET", path, NULL), 200);
	assert_int_equal(ask("PATCH", path, "{\"nonsense\":1}"), 422);
	assert_int_equal(ask("DELETE", "/api/hosts/hst_none", NULL), 404);
	assert_int_equal(ask("POST", "/api/model-names/resolve",
			     "{\"names\":[\"deepseek-chat\"]}"), 200);
	assert_int_equal(rows(), before);
}

static void a_replay_is_told_once(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		api.wire.idempotency_key = "once";
		assert_int_equal(ask("POST", "/api/hosts", HOST_JSON), 202);
	}
	assert_int_equal(rows(), 1);
}

static void no_row_shows_what_was_secret(void **state)
{
	AUTO_FREE char *host_id = add_host();

	(void)state;
	assert_int_equal(post_run(host_id, "[{\"base_url\":"
		"\"https://p.example/v1\",\"api_key\":"
		"\"sk-secret0123456789abcdef\"}]"), 202);
	assert_int_equal(count("SELECT count(*) FROM audit_log WHERE"
		" coalesce(what, '') || coalesce(before, '') ||"
		" coalesce(after, '') LIKE '%0123456789%'"), 0);
	newest();
	assert_string_equal(text_of("rows.0.action"), "run.create");
	assert_string_equal(text_of("rows.0.object"), "run");
	assert_string_equal(text_of("rows.0.host_id"), host_id);
}

static void names_of_tokens_are_for_administrators(void **state)
{
	AUTO_FREE char *host_id = add_host();

	(void)state;
	(void)host_id;
	api.wire.authorization = "Bearer " READ_TOKEN;
	assert_int_equal(ask("GET", "/api/audit", NULL), 200);
	assert_non_null(member("rows.0.token_id"));
	assert_null(member("rows.0.token_name"));
	newest();
	assert_string_equal(text_of("rows.0.token_name"), "admin");
}

static void the_list_has_filters_and_pages(void **state)
{
	AUTO_FREE char *host_id = add_host();
	AUTO_FREE char *pause = xasprintf("/api/hosts/%s/pause", host_id);
	AUTO_FREE char *resume = xasprintf("/api/hosts/%s/resume", host_id);
	AUTO_FREE char *next = NULL;
	int64_t seen = 0;

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(ask("POST", pause, NULL), 200);
		assert_int_equal(ask("POST", resume, NULL), 200);
	}
	assert_int_equal(ask("GET", "/api/audit?action=host.pause", NULL),
			 200);
	assert_int_equal(json_array_size(member("rows")), 3);
	assert_non_null(member("rows.0.after"));
	assert_int_equal(ask("GET", "/api/audit?action=hos", NULL), 200);
	assert_int_equal(json_array_size(member("rows")), 0);
	assert_int_equal(ask("GET", "/api/audit?actor=somebody", NULL), 400);
	assert_int_equal(ask("GET", "/api/audit?since=yesterday", NULL), 400);
	next = xstrdup("/api/audit?limit=2");
	while (next) {
		assert_int_equal(ask("GET", next, NULL), 200);
		seen += (int64_t)json_array_size(member("rows"));
		free(TAKE(next));
		if (!json_is_null(member("next_cursor")))
			next = xasprintf("/api/audit?limit=2&cursor=%s",
					 text_of("next_cursor"));
	}
	assert_int_equal(seen, 7);
	assert_int_equal(ask("GET", "/api/audit/rows/1", NULL), 200);
	assert_string_equal(text_of("action"), "host.create");
	assert_int_equal(ask("GET", "/api/audit/rows/99", NULL), 404);
}

static void the_chain_is_verified_in_pages_and_against_a_head(void **state)
{
	AUTO_FREE char *host_id = add_host();
	AUTO_FREE char *pause = xasprintf("/api/hosts/%s/pause", host_id);
	AUTO_FREE char *resume = xasprintf("/api/hosts/%s/resume", host_id);
	AUTO_FREE char *head = NULL;
	AUTO_FREE char *target = NULL;
	AUTO_FREE char *expect = NULL;

	(void)state;
	assert_int_equal(ask("POST", pause, NULL), 200);
	assert_int_equal(ask("POST", resume, NULL), 200);
	assert_int_equal(ask("GET", "/api/audit/verify?limit=2", NULL), 200);
	assert_true(json_is_true(member("ok")));
	assert_int_equal(number_of("checked"), 2);
	head = xstrdup(text_of("head"));
	target = xasprintf("/api/audit/verify?after=%s", text_of("next"));
	assert_int_equal(ask("GET", target, NULL), 200);
	assert_int_equal(number_of("checked"), 1);
	assert_true(json_is_null(member("next")));
	expect = xasprintf("/api/audit/verify?expect=%s", head);
	assert_int_equal(ask("GET", expect, NULL), 200);
	assert_true(json_is_true(member("ok")));
	sql("DROP TRIGGER audit_log_is_not_shortened;"
	    "DELETE FROM audit_log WHERE seq = 3");
	assert_int_equal(ask("GET", "/api/audit/verify", NULL), 200);
	assert_true(json_is_true(member("ok")));
	assert_int_equal(ask("GET", expect, NULL), 200);
	assert_true(json_is_false(member("ok")));
	assert_string_equal(text_of("problem"), "missing");
	assert_int_equal(number_of("seq"), 3);
	assert_int_equal(ask("GET", "/api/audit/verify?after=1", NULL), 400);
}

/* Many refusals are few rows and few writes. */
static void refusals_are_counted(void **state)
{
	struct refusals refusals = { 0 };

	(void)state;
	api.worker.refusals = &refusals;
	for (int i = 0; i < 500; i++) {
		api.wire.authorization = "Bearer nobody";
		assert_int_equal(ask("POST", "/api/hosts", HOST_JSON), 401);
		api.wire.authorization = "Bearer " READ_TOKEN;
		assert_int_equal(ask("POST", "/api/hosts", HOST_JSON), 403);
	}
	/* Reading is not changing. */
	api.wire.authorization = "Bearer nobody";
	assert_int_equal(ask("GET", "/api/hosts", NULL), 401);
	assert_int_equal(rows(), 0);
	assert_int_equal(count("SELECT sum(count) FROM audit_refused"), 1);
	api.wire.now = NOW + 1000;
	assert_int_equal(ask("GET", "/api/audit/refused", NULL), 200);
	assert_int_equal(json_array_size(member("rows")), 2);
	assert_int_equal(number_of("rows.0.count"), 500);
	assert_int_equal(number_of("rows.1.count"), 500);
	assert_int_equal(number_of("rows.0.status") +
			 number_of("rows.1.status"), 401 + 403);
	assert_string_equal(text_of("rows.0.action"), "host.create");
	api.worker.refusals = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		TEST(every_change_has_a_name_of_its_own),
		TEST(names_stay_what_they_are),
		TEST(a_change_says_who_what_and_how_it_was),
		TEST(what_changes_nothing_leaves_no_row),
		TEST(a_replay_is_told_once),
		TEST(no_row_shows_what_was_secret),
		TEST(names_of_tokens_are_for_administrators),
		TEST(the_list_has_filters_and_pages),
		TEST(the_chain_is_verified_in_pages_and_against_a_head),
		TEST(refusals_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
