/*
 * What could harm an account is tried on a copy of it, alone: whole imports
 * and checks against the host's model, on each version, with a death after
 * each commit, and with a host that does not do what is asked.
 */
#include "tests/unit/private_world.h"

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
