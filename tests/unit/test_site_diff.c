/* What would make the site what the file says; and the file of a site. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "cli/api.h"
#include "cli/site_diff.h"
#include "cli/site_export.h"
#include "shared/endpoint.h"

/* One host with two keys of one endpoint, and what is said of an endpoint. */
static const char site[] =
	"{'importing': [{'host_id': 'hst_1', 'endpoint_key': 'E',"
	"  'access_mode': 'subscription', 'key_fingerprint': 'f3'}],"
	" 'endpoints': [{'endpoint_key': 'E', 'proxy': null,"
	"  'proxy_secret_id': null, 'ca_pem': null, 'concurrency': 3,"
	"  'requests_per_minute': null, 'paused': false}],"
	" 'hosts': [{'host_id': 'hst_1', 'name': 'one', 'base_url':"
	"  'http://a', 'public_base_url': null, 'auth_type': 'api_key',"
	"  'admin_email': null, 'auth_secret_id': 'sec_a', 'proxy': null,"
	"  'proxy_secret_id': null, 'ca_pem': null, 'paused': false,"
	"  'state': 'ready', 'keys': ["
	"  {'item_id': 'itm_1', 'run_id': 'run_1', 'endpoint_key': 'E',"
	"   'base_url': 'http://p/v1', 'access_mode': 'subscription',"
	"   'subscription_users': ['default'], 'users_with_access': ['team'],"
	"   'subscription_days': 30, 'given_key_source': null, 'rebind': false,"
	"   'pack_id': null, 'provider_id': null, 'label': 'first',"
	"   'note': '', 'key_fingerprint': 'f1', 'key_secret_id': 'sec_1',"
	"   'requested_models': ['M 1'], 'models': ['m-1'],"
	"   'model_aliases': {'M 1': 'm-1'}, 'models_changed': false,"
	"   'account_proxy': null, 'paused': false},"
	"  {'item_id': 'itm_2', 'run_id': 'run_1', 'endpoint_key': 'E',"
	"   'base_url': 'http://p/v1', 'access_mode': 'subscription',"
	"   'subscription_users': ['default'], 'users_with_access': [],"
	"   'subscription_days': 30, 'given_key_source': null, 'rebind': false,"
	"   'pack_id': null, 'provider_id': null, 'label': '', 'note': '',"
	"   'key_last4': 'wxyz', 'key_fingerprint': null, 'key_secret_id':"
	"   'sec_2', 'requested_models': [], 'models': ['m-1', 'm-2'],"
	"   'model_aliases': null, 'models_changed': false,"
	"   'account_proxy': '7', 'paused': true}]}]}";

/* JSON is written with other quotes here, for the sake of the reader. */
static json_t *live_site(void)
{
	char *text = xstrdup(site);
	json_t *value;

	for (char *at = text; *at; at++)
		if (*at == '\'')
			*at = '"';
	value = json_loads(text, 0, NULL);
	free(text);
	assert_non_null(value);
	return value;
}

struct world {
	struct site_file file;
	json_t *live;
	struct site_diff diff;
	struct err err;
	int rc;
	bool empty;	/* the host has no keys */
};

static void world_done(struct world *world)
{
	json_decref(world->diff.actions);
	json_decref(world->live);
	site_file_done(&world->file);
}

/* What only the API tells: here "fN" is the fingerprint of "key-fN". */
static void resolve_reference(void *arg, const char *path, json_t *reference)
{
	const struct site_file *file = arg;
	const json_t *n = json_object_get(reference, "secret");
	const json_t *print = json_object_get(reference, "fingerprint");

	(void)path;
	if (n && strncmp(file->secrets[json_integer_value(n)], "key-", 4) == 0)
		json_object_set_new(reference, "fp", json_string(
			file->secrets[json_integer_value(n)] + 4));
	else if (print)
		json_object_set(reference, "fp", (json_t *)(uintptr_t)print);
}

static void resolve_endpoints(json_t *root)
{
	json_t *host, *provider;
	size_t i, k;

	json_array_foreach(json_object_get(root, "hosts"), i, host)
		json_array_foreach(json_object_get(host, "providers"), k,
				   provider)
			json_object_set_new(provider, "endpoint_key",
					    json_string("E"));
}

static void look(struct world *world, const char *text)
{
	world->file.name = "f";
	setenv("K1", "key-f1", 1);
	setenv("K3", "key-f3", 1);
	setenv("K9", "key-f9", 1);
	setenv("HOST", "admin-token", 1);
	site_file_check(&world->file, text, strlen(text));
	assert_int_equal(json_array_size(world->file.doc.problems), 0);
	assert_int_equal(site_file_secrets(&world->file, &world->err), 0);
	site_file_references(&world->file, resolve_reference, &world->file);
	resolve_endpoints(world->file.doc.root);
	world->live = live_site();
	if (world->empty)
		json_array_clear(json_object_get(json_array_get(
			json_object_get(world->live, "hosts"), 0), "keys"));
	world->diff = (struct site_diff){ .file = &world->file,
					  .live = world->live,
					  .prune = world->diff.prune };
	world->rc = site_diff(&world->diff, &world->err);
}

/* "action what" of each, in order. */
static void does(const char *text, const char *const *wanted)
{
	CLEANUP(world_done) struct world world = { 0 };
	size_t n = 0;

	look(&world, text);
	if (world.rc) {
		AUTO_FREE char *why = json_dumps(world.file.doc.problems, 0);

		fail_msg("%s", why);
	}
	for (; wanted[n]; n++) {
		const json_t *action = json_array_get(world.diff.actions, n);
		AUTO_FREE char *got = xasprintf("%s %s",
			api_text(action, "action"), api_text(action, "what"));

		assert_string_equal(got, wanted[n]);
	}
	assert_int_equal(json_array_size(world.diff.actions), n);
}

#define DOES(text, ...) \
	does(text, (const char *const[]){ __VA_ARGS__, NULL })
#define DOES_NOTHING(text) does(text, (const char *const[]){ NULL })

#define TOP "version: 1\nhosts:\n- base_url: http://A/\n" \
	"  auth_type: api_key\n"
#define AUTH "  auth: {stored: sec_a}\n"
#define ENTRY "  providers:\n  - base_url: http://p/v1\n" \
	"    subscription_users: [default, team]\n    keys:\n"
#define BOTH "    - key: {fingerprint: f1}\n    - key: {stored: sec_2}\n"
#define WHAT "one / http://p/v1 (subscription)"

static void what_is_exported_is_nothing_to_do(void **state)
{
	CLEANUP(buf_done) struct buf text = { .max = 1 << 20 };
	json_auto_t *live = live_site();

	(void)state;
	site_export(&text, live);
	DOES_NOTHING(buf_str(&text));
}

static void what_is_not_said_is_left_alone(void **state)
{
	(void)state;
	DOES_NOTHING(TOP AUTH ENTRY BOTH);
	DOES("version: 1\n", "extra http://a");
	DOES(TOP AUTH, "extra " WHAT);
	DOES(TOP AUTH ENTRY "    - key: {fingerprint: f1}\n",
	     "extra " WHAT " / wxyz");
}

static void a_host_changes_member_by_member(void **state)
{
	(void)state;
	DOES(TOP AUTH "  name: other\n  paused: true\n" ENTRY BOTH,
	     "host_set other", "host_pause other");
	DOES(TOP AUTH "  public_base_url: http://pub/\n" ENTRY BOTH,
	     "host_set one");
	DOES_NOTHING(TOP AUTH "  public_base_url: null\n  proxy: null\n"
		     ENTRY BOTH);
	/* Nobody can compare a token; the host takes the one that CRM has. */
	DOES_NOTHING(TOP "  auth: {env: HOST}\n" ENTRY BOTH);
}

static void a_new_host_comes_before_its_keys(void **state)
{
	(void)state;
	DOES("version: 1\nhosts:\n- base_url: http://b\n"
	     "  auth_type: api_key\n  auth: {env: HOST}\n" ENTRY
	     "    - key: {env: K9}\n",
	     "host_add http://b",
	     "import http://b / http://p/v1 (subscription)",
	     "extra http://a");
}

static void keys_are_known_again(void **state)
{
	(void)state;
	DOES_NOTHING(TOP AUTH ENTRY BOTH);
	DOES(TOP AUTH ENTRY BOTH "    - key: {env: K9}\n", "import " WHAT);
	DOES(TOP AUTH ENTRY BOTH "    - key: {env: K3}\n      label: third\n",
	     "importing " WHAT " / third");
}

static void an_account_changes_without_an_import(void **state)
{
	(void)state;
	DOES(TOP AUTH ENTRY "    - key: {fingerprint: f1}\n      label: x\n"
	     "      paused: true\n      account_proxy: 3\n"
	     "      models: [m-1, m-2]\n"
	     "    - key: {stored: sec_2}\n      paused: false\n"
	     "      account_proxy: 7\n      aliases: {a: m-1}\n",
	     "key_label " WHAT " / x", "key_resume " WHAT " / wxyz",
	     "key_models " WHAT " / x", "key_models " WHAT " / wxyz",
	     "key_proxy " WHAT " / x", "key_pause " WHAT " / x");
	/* As it was asked for, or as it was understood. */
	DOES_NOTHING(TOP AUTH ENTRY "    - key: {fingerprint: f1}\n"
		     "      models: [M 1]\n    - key: {stored: sec_2}\n");
}

static void another_user_needs_a_key(void **state)
{
	static const char more[] = TOP AUTH "  providers:\n"
		"  - base_url: http://p/v1\n    subscription_users: [default,"
		" team, new]\n    keys:\n";
	AUTO_FREE char *with = xasprintf("%s    - key: {env: K1}\n"
		"    - key: {stored: sec_2}\n", more);
	AUTO_FREE char *without = xasprintf("%s%s", more, BOTH);
	CLEANUP(world_done) struct world world = { 0 };

	(void)state;
	DOES(with, "import " WHAT);
	look(&world, without);
	assert_int_equal(world.rc, -1);
	DOES(TOP AUTH "  providers:\n  - base_url: http://p/v1\n"
	     "    subscription_users: [team]\n    keys:\n" BOTH,
	     "extra " WHAT " / default");
}

static void secrets_that_are_not_known_are_told_with_their_line(void **state)
{
	CLEANUP(world_done) struct world world = { 0 };
	static const int lines[] = { 5, 12 };

	(void)state;
	look(&world, TOP "  auth: {stored: sec_x}\n" ENTRY
	     "    - key: {fingerprint: f1}\n"
	     "    - key:\n        fingerprint: f8\n");
	assert_int_equal(world.rc, -1);
	assert_int_equal(json_array_size(world.file.doc.problems), 2);
	for (size_t i = 0; i < 2; i++) {
		const json_t *problem = json_array_get(
			world.file.doc.problems, i);

		assert_int_equal(api_number(problem, "line"), lines[i]);
	}
}

/* By the name in the pack, where a base URL has more than one. */
static void two_plans_on_one_base_url_are_two_entries(void **state)
{
	(void)state;
	DOES(TOP AUTH "  providers:\n  - provider_id: a\n    keys:\n"
	     "    - key: {env: K9}\n  - base_url: http://p/v1\n    keys:\n"
	     BOTH, "import one / a (subscription)");
}

static void pruning_takes_imports_back(void **state)
{
	CLEANUP(world_done) struct world world = { .diff.prune = true };
	const json_t *action;

	(void)state;
	look(&world, TOP AUTH ENTRY "    - key: {fingerprint: f1}\n");
	assert_int_equal(world.rc, 0);
	assert_int_equal(json_array_size(world.diff.actions), 1);
	action = json_array_get(world.diff.actions, 0);
	assert_string_equal(api_text(action, "action"), "key_remove");
	assert_string_equal(api_text(action, "url"),
			    API_RUNS "/run_1/items/itm_2/rollback");
	assert_true(json_is_true(json_object_get(json_object_get(action,
						"body"), "apply")));
}

/* The only host of the site is not in the file: the action that it gets. */
static void a_lacking_host(bool prune, bool empty, const char *wanted,
			   const char *method)
{
	CLEANUP(world_done) struct world world = {
		.diff.prune = prune, .empty = empty,
	};
	const json_t *action;

	look(&world, "version: 1\n");
	assert_int_equal(world.rc, 0);
	assert_int_equal(json_array_size(world.diff.actions), 1);
	action = json_array_get(world.diff.actions, 0);
	assert_string_equal(api_text(action, "action"), wanted);
	assert_string_equal(api_text(action, "method"), method);
	if (*method)
		assert_string_equal(api_text(action, "url"),
				    API_HOSTS "/hst_1");
}

static void pruning_forgets_hosts_without_keys(void **state)
{
	(void)state;
	a_lacking_host(true, true, "host_remove", "DELETE");
	a_lacking_host(true, false, "extra", "");
	a_lacking_host(false, true, "extra", "");
}

static void endpoints_keep_what_is_not_said(void **state)
{
	CLEANUP(world_done) struct world world = { 0 };
	const json_t *body;

	(void)state;
	look(&world, TOP AUTH ENTRY BOTH "endpoints:\n- endpoint_key: E\n"
	     "  requests_per_minute: 60\n  paused: true\n");
	assert_int_equal(world.rc, 0);
	assert_int_equal(json_array_size(world.diff.actions), 2);
	body = json_object_get(json_array_get(world.diff.actions, 0), "body");
	assert_int_equal(api_number(body, "concurrency"), 3);
	assert_int_equal(api_number(body, "requests_per_minute"), 60);
	assert_string_equal(api_text(json_array_get(world.diff.actions, 1),
				     "action"), "endpoint_pause");
}

static void an_export_shows_no_secret_and_is_stable(void **state)
{
	CLEANUP(buf_done) struct buf text = { .max = 1 << 20 };
	json_auto_t *live = live_site();

	(void)state;
	site_export(&text, live);
	assert_non_null(strstr(buf_str(&text), "fingerprint: f1"));
	assert_non_null(strstr(buf_str(&text), "stored: sec_2"));
	assert_non_null(strstr(buf_str(&text), "- default"));
	assert_non_null(strstr(buf_str(&text), "- team"));
	/* All that the provider lists was taken: no models are named. */
	assert_null(strstr(buf_str(&text), "m-2"));
}

/* The first key of the site so many times, each with its own fingerprint. */
static json_t *site_of(size_t keys)
{
	json_t *live = live_site();
	json_t *host = json_array_get(json_object_get(live, "hosts"), 0);
	json_t *first = json_array_get(json_object_get(host, "keys"), 0);
	json_t *rows = json_array();

	for (size_t i = 0; i < keys; i++) {
		AUTO_FREE char *print = xasprintf("print-%zu", i);
		json_t *row = json_copy(first);

		json_object_set_new(row, "key_fingerprint",
				    json_string(print));
		json_array_append_new(rows, row);
	}
	json_object_set_new(host, "keys", rows);
	return live;
}

/* Processor time to find that so many keys are as the file says. */
static double time_of(size_t keys)
{
	CLEANUP(buf_done) struct buf text = { .max = 16 << 20 };
	CLEANUP(world_done) struct world w = { .live = site_of(keys) };
	clock_t began;

	site_export(&text, w.live);
	w.file.name = "f";
	site_file_check(&w.file, buf_str(&text), text.len);
	assert_int_equal(site_file_secrets(&w.file, &w.err), 0);
	site_file_references(&w.file, resolve_reference, &w.file);
	resolve_endpoints(w.file.doc.root);
	w.diff = (struct site_diff){ .file = &w.file, .live = w.live };
	began = clock();
	assert_int_equal(site_diff(&w.diff, &w.err), 0);
	assert_int_equal(json_array_size(w.diff.actions), 0);
	return (double)(clock() - began);
}

/* If each were held against each, eight times as many would take 64 times. */
static void many_keys_take_no_more_each(void **state)
{
	double few, many;

	(void)state;
	time_of(10);
	few = time_of(1000);
	many = time_of(8000);
	if (many > 24 * few)
		fail_msg("1000 keys: %.0f, 8000 keys: %.0f", few, many);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_exported_is_nothing_to_do),
		cmocka_unit_test(what_is_not_said_is_left_alone),
		cmocka_unit_test(a_host_changes_member_by_member),
		cmocka_unit_test(a_new_host_comes_before_its_keys),
		cmocka_unit_test(keys_are_known_again),
		cmocka_unit_test(an_account_changes_without_an_import),
		cmocka_unit_test(another_user_needs_a_key),
		cmocka_unit_test(
			secrets_that_are_not_known_are_told_with_their_line),
		cmocka_unit_test(two_plans_on_one_base_url_are_two_entries),
		cmocka_unit_test(pruning_takes_imports_back),
		cmocka_unit_test(pruning_forgets_hosts_without_keys),
		cmocka_unit_test(endpoints_keep_what_is_not_said),
		cmocka_unit_test(an_export_shows_no_secret_and_is_stable),
		cmocka_unit_test(many_keys_take_no_more_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
