/*
 * private_world: a simulated host with one proven account, whose surfaces are
 * tried; and what people notice of that account meanwhile.
 */
#ifndef TESTS_UNIT_PRIVATE_WORLD_H
#define TESTS_UNIT_PRIVATE_WORLD_H

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

#endif
