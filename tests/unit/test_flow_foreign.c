/*
 * flow_foreign: a look at all accounts of a host, page by page; what is kept
 * of them, and what becomes of the look when the host has no good answer.
 */
#include "tests/unit/engine_fixture.h"

#include "schedd/host/account_view.h"
#include "shared/foreign_found.h"
#include "shared/installation.h"

#define LIST "/api/v1/admin/accounts?platform=openai&type=apikey&page="
#define LOGIN "/api/v1/auth/login"
#define TURNS_MAX 30
#define FIRST_ID 10

#define REASON(status, reason) \
	"{\"code\":" #status ",\"reason\":\"" reason "\"," \
	"\"message\":\"no\"}"
#define PAGE_OF(items, total) "{\"code\":0,\"message\":\"success\"," \
	"\"data\":{\"items\":[" items "],\"total\":" #total ",\"page\":1," \
	"\"pages\":1,\"page_size\":200}}"
#define ACCOUNT(id, name, url, more) "{\"id\":" #id ",\"name\":\"" name \
	"\",\"status\":\"active\",\"credentials\":{\"base_url\":\"" url \
	"\"" more "},\"group_ids\":[3,4]}"
#define THEIRS ACCOUNT(11, "theirs", "https://their.example/v1", \
	",\"model_mapping\":{\"m-1\":\"m-1\"}")
#define ONE PAGE_OF(THEIRS, 1)
/* It says that there are more than it shows. */
#define CUT PAGE_OF(THEIRS, 3)
#define HTML "<html>hello</html>"
#define SESSION "{\"code\":0,\"data\":{\"access_token\":\"jwt-1\"," \
	"\"expires_in\":3600,\"user\":{\"id\":1,\"role\":\"admin\"}}}"

struct line {
	int status;		/* 0: lost, `how` */
	const char *body;
	const char *type;	/* NULL: JSON */
	int64_t later_ms;	/* 0: it does not say when */
	enum transport how;
};

/* What the host says, call by call; the last is said again and again. */
struct scene {
	const char *name;
	struct line says[4];
	const char *look;	/* its state and class at the end */
	size_t calls;
};

static const struct db_query q_state = { "test.foreign_state",
	"SELECT state || ' ' || coalesce(failure_class, '-')"
	" FROM foreign_looks WHERE host_id = $1" };
static const struct db_query q_kept = { "test.foreign_kept",
	"SELECT coalesce(group_concat(account_id || ' ' || kind || ' '"
	" || name || ' ' || coalesce(endpoint_key, '-') || ' ' || models"
	" || ' ' || group_ids, '; '), '') FROM (SELECT * FROM foreign_found"
	" WHERE host_id = $1 ORDER BY account_id)" };

static const char *look(struct script *script)
{
	return fixture_value(script->db, &q_state, script->host_id);
}

static const char *kept(struct script *script)
{
	return fixture_value(script->db, &q_kept, script->host_id);
}

static void begin(struct script *script)
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	struct err err;

	OK(db_tx_begin(&tx, script->db, &err));
	OK(foreign_look_begin(script->db, script->host_id, script->now,
			      ++script->random, &err));
	OK(db_tx_commit(&tx, &err));
	tick(script, 0);
}

static bool asks(struct script *script, const char *path)
{
	return script->nsent == 1 &&
	       strstr(script->sent[0].wire->url, path) != NULL;
}

static void say(struct script *script, const struct line *line)
{
	if (line->status == 0)
		lose(script, line->how);
	else
		reply_as(script, line->status, line->type ? line->type
			 : "application/json", line->later_ms
			 ? line->later_ms : -1, line->body);
	tick(script, 1);
}

static void play(const struct scene *scene)
{
	SCRIPT script = script_new(":memory:");
	size_t turn = 0;

	begin(script);
	for (int i = 0; i < TURNS_MAX && script->nsent > 0; i++) {
		const struct line *line = &scene->says[turn];
		int64_t at = script->now;

		say(script, line);
		tick_until_sent(script, 600000);
		if (script->nsent > 0 && script->now - at < line->later_ms)
			fail_msg("%s: not even waited", scene->name);
		if (turn + 1 < COUNT(scene->says) &&
		    (line[1].status || line[1].how))
			turn++;
	}
	if (strcmp(look(script), scene->look) != 0)
		fail_msg("%s: '%s', not '%s'", scene->name, look(script),
			 scene->look);
	if (script->sent_in_all != scene->calls)
		fail_msg("%s: %zu calls", scene->name, script->sent_in_all);
	assert_string_equal(kept(script), scene->look[0] == 'd'
		? "11 foreign theirs their-example-61ebc00c [\"m-1\"] [3,4]"
		: "");
}

/* As often as the settings say: attempts_max. */
#define ALL 6

static const struct scene scenes[] = {
	{ "well", { { 200, ONE } }, "done -", 1 },
	{ "no token", { { 401, REASON(401, "UNAUTHORIZED") } },
	  "failed host_auth", 1 },
	{ "no right", { { 403, REASON(403, "FORBIDDEN") } },
	  "failed host_auth", 1 },
	{ "a person must agree first",
	  { { 423, REASON(423, "ADMIN_COMPLIANCE_ACK_REQUIRED") } },
	  "failed compliance_required", 1 },
	{ "no such path", { { 404, HTML, "text/html" } },
	  "failed host_unsupported", 1 },
	{ "too often", { { 429, REASON(429, "RATE_LIMITED"), NULL, 7000 },
			 { 200, ONE } }, "done -", 2 },
	{ "too often, for ever",
	  { { 429, REASON(429, "RATE_LIMITED"), NULL, 7000 } },
	  "failed rate_limited", ALL },
	{ "a restart", { { 503, "bad gateway", "text/plain", 3000 },
			 { 200, ONE } }, "done -", 2 },
	{ "a stumble", { { 500, REASON(500, "INTERNAL") }, { 200, ONE } },
	  "done -", 2 },
	{ "nothing but stumbles", { { 500, REASON(500, "INTERNAL") } },
	  "failed host_refused", ALL },
	{ "a page where a list belongs", { { 200, HTML, "text/html" },
					   { 200, ONE } }, "done -", 2 },
	{ "pages for ever", { { 200, HTML, "text/html" } },
	  "failed host_unsupported", ALL },
	{ "an object where a list belongs",
	  { { 200, "{\"code\":0,\"data\":{\"items\":{}}}" } },
	  "failed host_unsupported", ALL },
	{ "half an answer", { { 200, "{\"code\":0,\"da" }, { 200, ONE } },
	  "done -", 2 },
	{ "no answer", { { .how = TRANSPORT_SILENT }, { 200, ONE } },
	  "done -", 2 },
	{ "no way, for ever", { { .how = TRANSPORT_TIMEOUT } },
	  "failed timeout", ALL },
	{ "a bad certificate", { { .how = TRANSPORT_TLS } }, "failed tls",
	  1 },
	{ "a list that is cut once", { { 200, CUT }, { 200, ONE } },
	  "done -", 2 },
	{ "a list that is cut", { { 200, CUT } }, "failed not_as_written", 2 },
};

static void every_answer_leads_somewhere(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(scenes); i++)
		play(&scenes[i]);
}

/* ---- what is kept ---- */

/* A record of an account; `mark` may have a %s for the installation. */
static void has_row(struct script *script, const char *id, const char *mark,
		    const char *state, const char *host_resource_id)
{
	char inst[ID_SHORT_MAX];
	AUTO_FREE char *row = NULL, *ours = NULL;
	struct err err;

	OK(installation_get(script->db, inst, &err));
	ours = strstr(mark, "%s") ? xasprintf("crm-%s%s", inst,
					      strrchr(mark, '-'))
				  : xstrdup(mark);
	row = xasprintf("INSERT INTO managed_resources (resource_id, host_id,"
		" resource_type, lookup, mark, state, host_resource_id,"
		" created_at, updated_at) VALUES ('%s', '%s', 'account',"
		" '%s', '%s', '%s', %s, 1, 1)", id, script->host_id, id, ours,
		state, host_resource_id);
	fixture_sql(script->db, row);
}

static void only_what_looks_like_an_import_of_others_is_kept(void **state)
{
	SCRIPT script = script_new(":memory:");
	char inst[ID_SHORT_MAX];
	AUTO_FREE char *page = NULL;
	struct err err;

	(void)state;
	OK(installation_get(script->db, inst, &err));
	has_row(script, "res_1", "m", "present", "'12'");
	has_row(script, "res_2", "crm-%s-abc12345", "wanted", "NULL");
	page = xasprintf(PAGE_OF(
		THEIRS ","
		ACCOUNT(12, "ours, renamed", "https://a.example", "") ","
		ACCOUNT(13, "p crm-%s-abc12345", "https://b.example", "") ","
		ACCOUNT(14, "p crm-zzzzzz-abc12345", "https://c.example", "") ","
		ACCOUNT(15, "openai's own", "https://api.openai.com/v1", "") ","
		ACCOUNT(16, "no base url", "", "") ","
		ACCOUNT(17, "no url", "nonsense", ""), 7), inst);
	begin(script);
	reply(script, 200, page);
	tick(script, 1);
	assert_string_equal(look(script), "done -");
	assert_string_equal(kept(script),
		"11 foreign theirs their-example-61ebc00c [\"m-1\"] [3,4]; "
		"14 another_crm p crm-zzzzzz-abc12345 c-example-796530dc []"
		" [3,4]; 17 foreign no url - [] [3,4]");
}

/* From before the backup that this database is of; or the host's. */
static void ours_without_a_record_are_told_apart(void **state)
{
	SCRIPT script = script_new(":memory:");
	char inst[ID_SHORT_MAX];
	AUTO_FREE char *page = NULL, *want = NULL;
	struct err err;

	(void)state;
	OK(installation_get(script->db, inst, &err));
	has_row(script, "res_1", "crm-%s-abc12345", "gone", "'13'");
	has_row(script, "res_2", "crm-%s-known123", "present", "'15'");
	page = xasprintf(PAGE_OF(
		ACCOUNT(13, "p crm-%s-abc12345", "https://b.example", "") ","
		ACCOUNT(14, "p crm-%s-zzz12345", "https://b.example", "") ","
		ACCOUNT(15, "p crm-%s-known123", "https://b.example", ""),
		3), inst, inst, inst);
	begin(script);
	reply(script, 200, page);
	tick(script, 1);
	want = xasprintf("13 unrecorded p crm-%s-abc12345 b-example-244751f1 []"
		" [3,4]; 14 unrecorded p crm-%s-zzz12345 b-example-244751f1 []"
		" [3,4]", inst, inst);
	assert_string_equal(kept(script), want);
}

static const struct db_query q_print = { "test.foreign_print",
	"SELECT length(key_fingerprint) FROM foreign_found"
	" WHERE host_id = $1" };

/* 0.1.126 shows keys in clear. */
static void keys_are_kept_as_fingerprints(void **state)
{
	SCRIPT script = script_new(":memory:");
	AUTO_FREE char *length = xasprintf("%d", SEAL_FINGERPRINT_TEXT - 1);

	(void)state;
	begin(script);
	reply(script, 200, PAGE_OF(ACCOUNT(11, "theirs",
		"https://their.example/v1",
		",\"api_key\":\"sk-theirs-0123456789abcdef\""), 1));
	tick(script, 1);
	assert_string_equal(look(script), "done -");
	assert_string_equal(fixture_value(script->db, &q_print,
					  script->host_id), length);
}

/* ---- page by page ---- */

static void say_page(struct script *script, int64_t page, int64_t n)
{
	json_auto_t *items = json_array();
	json_auto_t *all = NULL;
	AUTO_FREE char *text = NULL;

	for (int64_t i = 0; i < n; i++)
		json_array_append_new(items, json_pack("{sI ss ss s{ss}}",
			"id", (json_int_t)(FIRST_ID + i +
				(page - 1) * HOST_LIST_PAGE),
			"name", "theirs", "status", "active", "credentials",
			"base_url", "https://their.example/v1"));
	all = json_pack("{si s{sO sI sI sI si}}", "code", 0, "data",
			"items", items, "total", (json_int_t)HOST_LIST_PAGE + 1,
			"page", (json_int_t)page, "pages", (json_int_t)2,
			"page_size", HOST_LIST_PAGE);
	text = json_dumps(all, 0);
	reply(script, 200, text);
	tick(script, 1);
}

static const struct db_query q_count = { "test.foreign_count",
	"SELECT count(*) FROM foreign_found WHERE host_id = $1" };

static void a_look_goes_on_where_it_was(void **state)
{
	SCRIPT script = script_new(":memory:");
	struct err err;

	(void)state;
	begin(script);
	assert_true(asks(script, LIST "1&"));
	say_page(script, 1, HOST_LIST_PAGE);
	assert_true(asks(script, LIST "2&"));
	/* What was seen is kept with the page, and the place with the task. */
	script_restart(script);
	OK(engine_take_over(script->engine, script->now, &err));
	tick(script, 1);
	assert_true(asks(script, LIST "2&"));
	say_page(script, 2, 1);
	assert_string_equal(look(script), "done -");
	assert_string_equal(fixture_value(script->db, &q_count,
					  script->host_id), "201");
}

/* A page that is short, and others behind it: nothing of it is believed. */
static void a_short_page_is_no_end(void **state)
{
	SCRIPT script = script_new(":memory:");

	(void)state;
	begin(script);
	say_page(script, 1, 5);
	assert_true(asks(script, LIST "1&"));
	say_page(script, 1, HOST_LIST_PAGE);
	say_page(script, 2, 2);
	assert_string_equal(look(script), "failed not_as_written");
}

/* ---- a host that is known by a password ---- */

static const struct scene logins[] = {
	{ "well", { { 200, SESSION }, { 200, ONE } }, "done -", 2 },
	{ "wrong", { { 401, REASON(401, "INVALID_CREDENTIALS") } },
	  "failed host_auth", 1 },
	{ "no address", { { 400, REASON(400, "INVALID_EMAIL") } },
	  "failed host_auth", 1 },
	{ "no administrator", { { 200, "{\"code\":0,\"data\":{"
	  "\"access_token\":\"jwt-1\",\"user\":{\"role\":\"user\"}}}" } },
	  "failed host_auth", 1 },
	{ "a second factor", { { 200,
	  "{\"code\":0,\"data\":{\"requires_2fa\":true}}" } },
	  "failed login_blocked", 1 },
	{ "no such path", { { 404, HTML, "text/html" } },
	  "failed host_unsupported", 1 },
	{ "too often", { { 429, REASON(429, "RATE_LIMITED"), NULL, 9000 },
			 { 200, SESSION }, { 200, ONE } }, "done -", 3 },
	{ "no way, for ever", { { .how = TRANSPORT_REFUSED } },
	  "failed refused", ALL },
	{ "a session that somebody ended", { { 200, SESSION },
	  { 401, REASON(401, "TOKEN_REVOKED") }, { 200, SESSION },
	  { 200, ONE } }, "done -", 4 },
	{ "a session that is never good", { { 200, SESSION },
	  { 401, REASON(401, "TOKEN_REVOKED") }, { 200, SESSION },
	  { 401, REASON(401, "TOKEN_REVOKED") } }, "failed host_auth", 4 },
};

static void by_password(const struct scene *scene)
{
	SCRIPT script = script_by_password();
	size_t turn;

	begin(script);
	for (turn = 0; turn < TURNS_MAX && script->nsent > 0; turn++) {
		size_t last = COUNT(scene->says) - 1;
		const struct line *line = &scene->says[turn < last ? turn
							: last];

		while (!line->status && !line->how)
			line--;
		assert_true(asks(script, line->body &&
				 strcmp(line->body, ONE) == 0 ? LIST "1&"
				 : turn == 0 ? LOGIN : "/api/v1/"));
		say(script, line);
		tick_until_sent(script, 600000);
	}
	if (strcmp(look(script), scene->look) != 0)
		fail_msg("%s: '%s', not '%s'", scene->name, look(script),
			 scene->look);
	if (script->sent_in_all != scene->calls)
		fail_msg("%s: %zu calls", scene->name, script->sent_in_all);
}

static void a_login_comes_first(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(logins); i++)
		by_password(&logins[i]);
}

static void a_session_that_lasts_is_used_again(void **state)
{
	SCRIPT script = script_by_password();
	const struct line session = { 200, SESSION }, one = { 200, ONE };

	(void)state;
	begin(script);
	assert_true(asks(script, LOGIN));
	say(script, &session);
	say(script, &one);
	begin(script);
	assert_true(asks(script, LIST "1&"));
	say(script, &one);
	assert_int_equal(script->sent_in_all, 3);
}

/* ---- a host that is to be left alone ---- */

static void a_paused_host_is_not_looked_at(void **state)
{
	SCRIPT script = script_new(":memory:");

	(void)state;
	fixture_sql(script->db, "UPDATE hosts SET paused_at = 1");
	begin(script);
	tick(script, 1000);
	assert_int_equal(script->nsent, 0);
	assert_string_equal(look(script), "running -");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_answer_leads_somewhere),
		cmocka_unit_test(
			only_what_looks_like_an_import_of_others_is_kept),
		cmocka_unit_test(ours_without_a_record_are_told_apart),
		cmocka_unit_test(keys_are_kept_as_fingerprints),
		cmocka_unit_test(a_look_goes_on_where_it_was),
		cmocka_unit_test(a_short_page_is_no_end),
		cmocka_unit_test(a_login_comes_first),
		cmocka_unit_test(a_session_that_lasts_is_used_again),
		cmocka_unit_test(a_paused_host_is_not_looked_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
