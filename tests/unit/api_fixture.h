/*
 * api_fixture: a worker on a fresh database, asked without sockets.
 *
 * For the tests of crm-fcgi.  ask() returns the status; what was answered is
 * in api.reply and, parsed, in api.json until the next ask().
 */
#ifndef TESTS_UNIT_API_FIXTURE_H
#define TESTS_UNIT_API_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <jansson.h>

#include "fcgi/dispatch.h"
#include "shared/tokens.h"
#include "tests/unit/schema.h"

#define NOW INT64_C(1800000000000)

#define READ_TOKEN "crm_test_read_token_0123456789"
#define OPERATE_TOKEN "crm_test_operate_token_0123456789"
#define ADMIN_TOKEN "crm_test_admin_token_0123456789"

struct api {
	char dir[32];
	char *path;
	struct db *db;
	struct settings settings;
	struct seal_private key;
	struct worker worker;
	struct wire wire;	/* what the next ask() sends; tests change it */
	struct reply reply;
	json_t *json;
};

static struct api api;

__attribute__((unused))
static void must(int rc, const struct err *err)
{
	if (rc)
		fail_msg("%s", err->msg);
}

static void add_token(const char *text, enum scope scope)
{
	char id[ID_MAX];
	struct err err;

	must(tokens_add(api.db, &(struct token_spec){ .text = text,
			.name = scope_name(scope), .scope = scope }, NOW,
			seal_random(), id, &err), &err);
}

__attribute__((unused))
static int setup(void **state)
{
	struct err err;

	(void)state;
	api = (struct api){ .dir = "/tmp/crm-test-XXXXXX" };
	if (!mkdtemp(api.dir))
		return -1;
	must(seal_start(&err), &err);
	seal_generate(&api.key);
	must(settings_read(&api.settings, NULL, &err), &err);
	free(api.settings.runtime_dir);
	api.settings.runtime_dir = xstrdup(api.dir);
	api.path = xasprintf("%s/crm.db", api.dir);
	must(schema_open(&api.db, api.path, NOW, &err), &err);
	add_token(READ_TOKEN, SCOPE_READ);
	add_token(OPERATE_TOKEN, SCOPE_OPERATE);
	add_token(ADMIN_TOKEN, SCOPE_ADMIN);
	api.worker = (struct worker){
		.db = api.db,
		.settings = &api.settings,
		.key = &api.key.pub,
	};
	return 0;
}

static void forget_reply(void)
{
	reply_done(&api.reply);
	json_decref(api.json);
	api.json = NULL;
	api.reply = (struct reply){ .out.text.max = HTTP_REPLY_MAX };
}

static void remove_file(const char *name)
{
	AUTO_FREE char *path = xasprintf("%s/%s", api.dir, name);

	unlink(path);
}

__attribute__((unused))
static int teardown(void **state)
{
	static const char *const files[] = {
		"crm.db", "crm.db-wal", "crm.db-shm", "wait-0.lock",
		"wait-1.lock", "wake.sock",
	};

	(void)state;
	forget_reply();
	api.reply.out.text.max = 0;
	db_close(&api.db);
	settings_done(&api.settings);
	free(api.path);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		remove_file(files[i]);
	return rmdir(api.dir);
}

/*
 * Send api.wire with this method, target (path and query) and body; whatever
 * is not set in it is what a well-behaved administrator sends.
 */
__attribute__((unused))
static int ask(const char *method, const char *target, const char *body)
{
	AUTO_FREE char *path = xstrdup(target);
	char *query = strchr(path, '?');
	struct wire wire = api.wire;

	if (query)
		*query++ = '\0';
	wire.method = method;
	wire.path = path;
	wire.query = query;
	wire.body = body;
	wire.body_len = body ? strlen(body) : 0;
	wire.now = wire.now ? wire.now : NOW;
	if (!wire.authorization)
		wire.authorization = "Bearer " ADMIN_TOKEN;
	if (!wire.content_type)
		wire.content_type = "application/json";
	if (!wire.prefer)
		wire.prefer = "respond-async";
	forget_reply();
	dispatch(&api.worker, &wire, &api.reply);
	api.json = json_loads(buf_str(&api.reply.out.text), 0, NULL);
	api.wire = (struct wire){ 0 };
	return api.reply.status;
}

/* A member of the last answer, by path: "items.0.item_id". */
__attribute__((unused))
static const json_t *member(const char *path)
{
	AUTO_FREE char *text = xstrdup(path);
	const json_t *at = api.json;
	char *rest = text, *name;

	while (at && (name = strsep(&rest, ".")) != NULL)
		at = json_is_array(at)
			? json_array_get(at, strtoul(name, NULL, 10))
			: json_object_get(at, name);
	return at;
}

__attribute__((unused))
static const char *text_of(const char *path)
{
	const char *text = json_string_value(member(path));

	return text ? text : "(none)";
}

__attribute__((unused))
static int64_t number_of(const char *path)
{
	const json_t *at = member(path);

	return json_is_integer(at) ? json_integer_value(at) : -1;
}

/* Run SQL that yields one number. */
__attribute__((unused))
static int64_t count(const char *sql)
{
	/* Prepared by address: each text needs a query that stays. */
	struct db_query *query = xcalloc(1, sizeof(*query));
	struct db *db = NULL;
	struct err err;
	int64_t n = -1;

	*query = (struct db_query){ "test.count", sql };
	must(db_open(&db, api.path, DB_EXISTING, &err), &err);
	must(db_number(db, query, DB_NO_ARGS, &n, &err), &err);
	db_close(&db);
	free(query);
	return n;
}

__attribute__((unused))
static void sql(const char *text)
{
	struct err err;

	must(db_script(api.db, text, &err), &err);
}

#define HOST_JSON "{\"base_url\":\"https://host.example/\"," \
	"\"auth_type\":\"api_key\",\"auth_token\":\"admin-0123456789\"}"

/* Add a host and return its id, which the caller frees. */
__attribute__((unused))
static char *add_host(void)
{
	assert_int_equal(ask("POST", "/api/hosts", HOST_JSON), 202);
	return xstrdup(text_of("host_id"));
}

/* Post a run of these items and return the status. */
__attribute__((unused))
static int post_run(const char *host_id, const char *items)
{
	AUTO_FREE char *body = xasprintf("{\"host_id\":\"%s\",\"items\":%s}",
					 host_id, items);

	return ask("POST", "/api/batch-import/runs", body);
}

#endif
