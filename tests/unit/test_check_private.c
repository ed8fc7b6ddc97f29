/*
 * What could harm an account is tried on a copy of it, alone: whole imports
 * and checks against the host's model, on each version, with a death after
 * each commit, and with a host that does not do what is asked.
 */
#include <inttypes.h>
#include <stdio.h>

#include "shared/accesses.h"
#include "shared/checks.h"
#include "shared/table.h"
#include "tests/sim/check.h"
#include "tests/sim/site.h"
#include "tests/unit/fixture.h"

#define MINUTE INT64_C(60000)
#define TURNS_MAX 200000

static const struct db_query q_access = { "test.private_access",
	"SELECT access_id FROM accesses WHERE $1 <> ''" };
static const struct db_query q_open = { "test.private_open",
	"SELECT count(*) FROM access_checks WHERE state = 'running'" };
static const struct db_query q_result = { "test.private_result",
	"SELECT result || ' ' || coalesce(failure_class, '-')"
	" FROM access_checks WHERE access_id = $1"
	" ORDER BY check_id DESC LIMIT 1" };
static const struct db_query q_proof = { "test.private_proof",
	"SELECT p.key_source || ' ' || (p.group_id <> i.group_id) || ' '"
	" || (p.account_id <> i.account_id) || ' ' || p.ok || ' '"
	" || (p.access_id IS NOT NULL AND p.check_id IS NOT NULL)"
	" FROM proofs p JOIN import_run_items i USING (item_id)"
	" WHERE p.surface = $1" };
static const struct db_query q_making = { "test.private_making",
	"SELECT count(*) FROM managed_resources WHERE state = 'making'" };
static const struct db_query q_clones = { "test.private_clones",
	"SELECT count(*) FROM managed_resources WHERE state IN ('present',"
	" 'leaving') AND (lookup LIKE 'clone|%' OR lookup LIKE 'proof|p0%')" };

struct world_of {
	struct site *site;
	struct site_plan plan;
	char access_id[ID_MAX];
	int64_t account, group;		/* the live ones */
	char *before;			/* the live account, as it was */
};

/* ---- looking ---- */

static const json_t *with_id(const json_t *state, const char *list, int64_t id)
{
	size_t i;
	const json_t *row;

	json_array_foreach(json_object_get(state, list), i, row)
		if (json_integer_value(json_object_get(row, "id")) == id)
			return row;
	return NULL;
}

/* What people notice of an account, as text. */
static char *looks(const struct world_of *w)
{
	static const char *const members[] = {
		"status", "schedulable", "credentials", "extra", "group_ids",
		"temp_unschedulable_until", "rate_limit_reset_at",
		"overload_until", "error_message", "name", "notes",
	};
	json_auto_t *state = host_model_state(w->site->net.host);
	const json_t *live = with_id(state, "accounts", w->account);
	json_auto_t *seen = json_object();

	for (size_t i = 0; i < COUNT(members); i++) {
		json_t *value = json_object_get(live, members[i]);

		if (value)
			json_object_set(seen, members[i], value);
	}
	return json_dumps(seen, JSON_SORT_KEYS | JSON_COMPACT);
}

/* Our accounts, our groups without the parking one. */
static void count_ours(const struct world_of *w, size_t *accounts,
		       size_t *groups)
{
	json_auto_t *state = host_model_state(w->site->net.host);
	size_t i;
	const json_t *row;

	*accounts = json_array_size(json_object_get(state, "accounts"));
	*groups = 0;
	json_array_foreach(json_object_get(state, "groups"), i, row) {
		const char *name = json_string_value(
			json_object_get(row, "name"));

		*groups += strstr(name, "crm-") && !strstr(name, "parking");
	}
}

static const char *value(const struct world_of *w,
			 const struct db_query *query, const char *arg)
{
	return fixture_value(w->site->db, query, arg);
}

static int64_t number(const struct world_of *w, const struct db_query *query)
{
	int64_t n = -1;
	struct err err;

	OK(db_number(w->site->db, query, DB_NO_ARGS, &n, &err));
	return n;
}

static json_t *surfaces(const struct world_of *w)
{
	CLEANUP(access_done) struct access access = { 0 };
	json_t *json;
	struct err err;

	OK(accesses_get(w->site->db, w->access_id, &access, &err));
	assert_non_null(access.surfaces);
	json = json_loads(access.surfaces, 0, NULL);
	assert_non_null(json);
	return json;
}

static const json_t *surface(const json_t *all, const char *name)
{
	size_t i;
	const json_t *row;

	json_array_foreach(json_object_get(all, "surfaces"), i, row)
		if (strcmp(json_string_value(json_object_get(row, "surface")),
			   name) == 0)
			return row;
	fail_msg("no surface %s", name);
	return NULL;
}

static const char *text(const json_t *object, const char *member)
{
	const char *it = json_string_value(json_object_get(object, member));

	return it ? it : "";
}

/* ---- doing ---- */

static void find_live(struct world_of *w)
{
	json_auto_t *state = host_model_state(w->site->net.host);
	const json_t *account = json_array_get(
		json_object_get(state, "accounts"), 0);

	assert_int_equal(json_array_size(json_object_get(state, "accounts")),
			 1);
	w->account = json_integer_value(json_object_get(account, "id"));
	w->group = json_integer_value(json_array_get(
		json_object_get(account, "group_ids"), 0));
}

/* A host with one proven account; its operator may let it serve messages. */
static void begin(struct world_of *w, enum host_version version,
		  const char *personality, bool dispatch)
{
	*w = (struct world_of){ .site = xcalloc(1, sizeof(*w->site)) };
	w->plan = (struct site_plan){
		.seed = 11, .version = version, .personality = personality,
		.nproviders = 1, .nitems = 1,
	};
	site_import(w->site, &w->plan);
	/* This world lets an exchange take its time, and nobody ends it. */
	w->site->settings.lease_ms = 60 * MINUTE;
	if (w->site->fault)
		fail_msg("%s", w->site->fault);
	snprintf(w->access_id, ID_MAX, "%s", value(w, &q_access, "x"));
	find_live(w);
	if (dispatch) {
		AUTO_FREE char *path = xasprintf("/api/v1/admin/groups/%" PRId64,
						 w->group);

		net_somebody(&w->site->net, "PUT", path, SITE_ADMIN_KEY,
			     "{\"allow_messages_dispatch\":true}");
		net_deliver(&w->site->net);
	}
	w->before = looks(w);
}

static void done(struct world_of *w)
{
	free(w->before);
	site_done(w->site);
	free(w->site);
}

static void ask_check(struct world_of *w)
{
	const struct check_spec spec = {
		.access_id = w->access_id, .host_id = w->site->host_id,
		.requested_by = "tok_1", .surfaces = true,
		.not_before = w->site->net.now,
	};
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	char id[ID_MAX];
	struct err err;

	OK(db_tx_begin(&tx, w->site->db, &err));
	OK(checks_add(w->site->db, &spec, w->site->net.now,
		      net_random(&w->site->net), id, &err));
	OK(db_tx_commit(&tx, &err));
}

static void live_one_is_as_it_was(const struct world_of *w)
{
	AUTO_FREE char *now = looks(w);

	assert_string_equal(now, w->before);
}

/* Until it is over; the live account is as it was all the while. */
static void run_check(struct world_of *w)
{
	int64_t until = w->site->net.now + 300 * MINUTE, commits = 0;

	ask_check(w);
	for (int i = 0; i < TURNS_MAX; i++) {
		site_turn(w->site, &w->plan, until);
		if (w->site->net.commits == commits)
			continue;
		commits = w->site->net.commits;
		live_one_is_as_it_was(w);
		if (number(w, &q_open) == 0)
			return;
		assert_true(w->site->net.now < until);
	}
	fail_msg("the check does not end");
}

static void nothing_is_left(const struct world_of *w)
{
	size_t accounts, groups;

	count_ours(w, &accounts, &groups);
	assert_int_equal(accounts, 1);
	assert_int_equal(groups, 1);
	assert_int_equal(number(w, &q_making), 0);
	assert_int_equal(number(w, &q_clones), 0);
	assert_null(host_model_fault(w->site->net.host));
}

/* ---- on each version ---- */

static const struct {
	enum host_version version;
	const char *personality;
	bool dispatch;
	/* What only a copy can tell, and what it tells. */
	const char *surface, *verdict;
} cases[] = {
	{ HOST_0_1_179, "chat-only-403", false, "embeddings", "works" },
	{ HOST_0_1_179, "chat-alone-403", false, "embeddings", "unsafe" },
	{ HOST_0_1_179, "chat-alone-403", true, "count_tokens", "unsafe" },
	{ HOST_0_1_179, "chat-alone-403", true, "embeddings", "unsafe" },
	{ HOST_0_1_129, "chat-alone-403", true, "messages", "unsafe" },
	{ HOST_0_1_126, "chat-only-hang", false, "responses", "refused" },
};

static void begin_case(struct world_of *w, size_t i)
{
	begin(w, cases[i].version, cases[i].personality, cases[i].dispatch);
}

static void the_copy_tells_what_the_live_one_may_not(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct world_of w;
		json_auto_t *all = NULL;
		const json_t *it;

		begin_case(&w, i);
		run_check(&w);
		assert_string_equal(value(&w, &q_result, w.access_id),
				    "active -");
		all = surfaces(&w);
		assert_string_equal(text(all, "private"), "done");
		it = surface(all, cases[i].surface);
		assert_string_equal(text(it, "verdict"), cases[i].verdict);
		assert_string_equal(text(it, "expected"), "unsafe");
		assert_string_equal(text(it, "evidence"), "tried");
		assert_true(json_is_true(json_object_get(it, "private")));
		assert_true(*text(it, "proof_id"));
		assert_string_equal(text(surface(all, "chat"), "verdict"),
				    "works");
		assert_true(json_is_false(json_object_get(
			surface(all, "chat"), "private")));
		nothing_is_left(&w);
		done(&w);
	}
}

static void each_try_has_its_proof(void **state)
{
	struct world_of w;

	(void)state;
	begin(&w, HOST_0_1_179, "chat-only-403", false);
	run_check(&w);
	assert_string_equal(value(&w, &q_proof, "embeddings"),
			    "managed_proof 1 1 1 1");
	done(&w);
}

static void who_is_safe_everywhere_needs_no_copy(void **state)
{
	(void)state;
	for (int v = 0; v < HOST_VERSION__MAX; v++) {
		struct world_of w;
		json_auto_t *all = NULL;

		begin(&w, (enum host_version)v, "dual", false);
		run_check(&w);
		all = surfaces(&w);
		assert_string_equal(text(all, "private"), "");
		nothing_is_left(&w);
		done(&w);
	}
}

static void in_simple_mode_nothing_is_private(void **state)
{
	json_auto_t *simple = json_pack("{ss}", "do", "simple-mode");
	struct world_of w;
	json_auto_t *all = NULL;
	struct err err;

	(void)state;
	begin(&w, HOST_0_1_179, "chat-alone-403", false);
	assert_null(host_model_control(w.site->net.host, w.site->net.now,
				       simple));
	OK(db_script(w.site->db, "UPDATE hosts SET run_mode = NULL", &err));
	run_check(&w);
	all = surfaces(&w);
	assert_string_equal(text(all, "private"), "failed");
	assert_string_equal(text(surface(all, "embeddings"), "evidence"),
			    "version");
	nothing_is_left(&w);
	done(&w);
}

static void without_a_place_to_wait_nothing_is_made(void **state)
{
	struct world_of w;
	json_auto_t *all = NULL;
	struct err err;

	(void)state;
	begin(&w, HOST_0_1_126, "chat-only-hang", false);
	OK(db_script(w.site->db, "UPDATE managed_resources SET state = 'gone'"
		     " WHERE lookup = 'parking'", &err));
	run_check(&w);
	all = surfaces(&w);
	assert_string_equal(text(all, "private"), "not_here");
	assert_string_equal(text(surface(all, "responses"), "verdict"),
			    "unsafe");
	assert_string_equal(text(surface(all, "responses"), "evidence"),
			    "version");
	nothing_is_left(&w);
	done(&w);
}

/* ---- when things go wrong ---- */

/* A death after each commit of the check in turn. */
static void no_death_leaves_anything_behind(void **state)
{
	/* Of the one that waits for long, not every commit. */
	static const struct {
		size_t which;
		int64_t stride;
	} tried[] = { { 2, 1 }, { 4, 1 }, { 5, 9 } };

	(void)state;
	for (size_t i = 0; i < COUNT(tried); i++) {
		int64_t commits = 1;

		for (int64_t at = 0; at <= commits;
		     at += tried[i].stride) {
			struct world_of w;
			json_auto_t *all = NULL;

			begin_case(&w, tried[i].which);
			w.site->net.commits = 0;
			w.site->net.crash_at = at;
			run_check(&w);
			if (at == 0)
				commits = w.site->net.commits;
			assert_string_equal(value(&w, &q_result, w.access_id),
					    "active -");
			all = surfaces(&w);
			assert_string_equal(text(all, "private"), "done");
			nothing_is_left(&w);
			done(&w);
		}
		assert_in_range(commits, 20, 300);
	}
}

static const struct {
	const char *method, *path;
	enum fault_kind kind;
	int status;
	int64_t count;
	const char *private;
} hurdles[] = {
	/* It refuses for good. */
	{ "POST", "/api/v1/admin/groups", FAULT_STATUS, 403, 0, "failed" },
	{ "POST", "/api/v1/admin/accounts", FAULT_STATUS, 403, 0, "failed" },
	{ "POST", "/api/v1/admin/subscriptions/assign", FAULT_STATUS, 404, 0,
	  "failed" },
	{ "POST", "/api/v1/auth/login", FAULT_STATUS, 403, 0, "failed" },
	{ "POST", "/api/v1/keys", FAULT_STATUS, 403, 0, "failed" },
	/* The answer to what it made is lost: it is found again. */
	{ "POST", "/api/v1/admin/groups", FAULT_LOST, 0, 1, "done" },
	{ "POST", "/api/v1/admin/accounts", FAULT_LOST, 0, 1, "done" },
	{ "POST", "/api/v1/keys", FAULT_LOST, 0, 1, "done" },
	{ "DELETE", NULL, FAULT_LOST, 0, 2, "done" },
	/* It makes things and never says so: they go all the same. */
	{ "POST", "/api/v1/admin/accounts", FAULT_GARBAGE, 0, 0, NULL },
};

static void add_hurdle(struct world_of *w, size_t i)
{
	AUTO_FREE char *method = xstrdup(hurdles[i].method);
	AUTO_FREE char *path = xstrdup_null(hurdles[i].path);
	AUTO_FREE char *body = xstrdup("{\"code\":403,\"message\":\"no\"}");
	const struct fault_rule rule = {
		.kind = hurdles[i].kind, .method = method, .path = path,
		.status = hurdles[i].status, .count = hurdles[i].count,
		.body = body,
	};

	faults_add(w->site->net.faults, &rule);
}

static void meet(struct world_of *w, size_t i)
{
	json_auto_t *all = NULL;

	w->site->settings.attempts_max = 4;
	add_hurdle(w, i);
	run_check(w);
	assert_string_equal(value(w, &q_result, w->access_id), "active -");
	all = surfaces(w);
	if (hurdles[i].private)
		assert_string_equal(text(all, "private"), hurdles[i].private);
	assert_string_equal(text(surface(all, "chat"), "verdict"), "works");
	nothing_is_left(w);
}

static void a_host_that_refuses_harms_no_verdict(void **state)
{
	(void)state;
	for (int v = 0; v < HOST_VERSION__MAX; v++)
		for (size_t i = 0; i < COUNT(hurdles); i++) {
			struct world_of w;

			begin(&w, (enum host_version)v,
			      v == HOST_0_1_126 ? "chat-only-hang"
						: "chat-alone-403", true);
			meet(&w, i);
			done(&w);
		}
}

static void what_could_not_be_removed_goes_next_time(void **state)
{
	static char method[] = "DELETE", body[] = "{\"code\":500}";
	const struct fault_rule rule = { .kind = FAULT_STATUS,
		.method = method, .status = 500, .body = body };
	struct world_of w;
	size_t accounts, groups;

	(void)state;
	begin(&w, HOST_0_1_179, "chat-alone-403", false);
	w.site->settings.attempts_max = 3;
	faults_add(w.site->net.faults, &rule);
	run_check(&w);
	assert_string_equal(value(&w, &q_result, w.access_id), "active -");
	count_ours(&w, &accounts, &groups);
	assert_int_equal(accounts, 2);
	assert_int_equal(groups, 2);
	faults_clear(w.site->net.faults);
	run_check(&w);
	nothing_is_left(&w);
	done(&w);
}

/* It must neither take longer nor ask for more than before. */
static void a_failing_check_takes_nothing_back(void **state)
{
	static char method[] = "POST", path[] = "/v1/chat/completions";
	static char body[] = "{\"error\":{\"message\":\"no\"}}";
	const struct fault_rule rule = { .kind = FAULT_STATUS,
		.method = method, .path = path, .status = 502, .body = body };
	struct world_of w;

	(void)state;
	begin(&w, HOST_0_1_179, "chat-alone-403", false);
	faults_add(w.site->net.faults, &rule);
	run_check(&w);
	assert_int_equal(strncmp(value(&w, &q_result, w.access_id),
				 "degraded ", 9), 0);
	assert_null(strstr(value(&w, &q_result, w.access_id), " -"));
	nothing_is_left(&w);
	done(&w);
}

/* ---- the switch for messages ---- */

static const struct {
	enum host_version version;
	const char *personality;
	bool offered;
} offers[] = {
	{ HOST_0_1_126, "dual", true },
	{ HOST_0_1_126, "chat-only-403", false },
	{ HOST_0_1_129, "chat-only-403", false },
	{ HOST_0_1_129, "chat-only-404", false },
	{ HOST_0_1_179, "chat-only-404", true },
	{ HOST_0_1_179, "chat-only-403", false },
};

static void the_switch_is_offered_where_it_is_safe(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(offers); i++) {
		struct world_of w;
		json_auto_t *all = NULL;
		const json_t *it;

		begin(&w, offers[i].version, offers[i].personality, false);
		run_check(&w);
		all = surfaces(&w);
		it = surface(all, "messages");
		assert_string_equal(text(it, "offer"),
				    offers[i].offered ? "dispatch" : "");
		assert_true(strlen(text(it, "offer_zh")) > 20);
		assert_true(strlen(text(it, "offer_en")) > 20);
		done(&w);
	}
}

static void what_is_on_is_not_offered(void **state)
{
	struct world_of w;
	json_auto_t *all = NULL;

	(void)state;
	begin(&w, HOST_0_1_179, "dual", true);
	run_check(&w);
	all = surfaces(&w);
	assert_null(json_object_get(surface(all, "messages"), "offer_en"));
	done(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_copy_tells_what_the_live_one_may_not),
		cmocka_unit_test(each_try_has_its_proof),
		cmocka_unit_test(who_is_safe_everywhere_needs_no_copy),
		cmocka_unit_test(in_simple_mode_nothing_is_private),
		cmocka_unit_test(without_a_place_to_wait_nothing_is_made),
		cmocka_unit_test(no_death_leaves_anything_behind),
		cmocka_unit_test(a_host_that_refuses_harms_no_verdict),
		cmocka_unit_test(what_could_not_be_removed_goes_next_time),
		cmocka_unit_test(a_failing_check_takes_nothing_back),
		cmocka_unit_test(the_switch_is_offered_where_it_is_safe),
		cmocka_unit_test(what_is_on_is_not_offered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
