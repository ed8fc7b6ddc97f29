/*
 * How a check ends: what one failure, some of a kind, and everything at once
 * make of an access, of its host and of its provider.
 */
#include "tests/unit/check_fixture.h"

#include "shared/profile.h"

#define P "p-test-1"

/* ---- one access ---- */

static void a_good_proof_keeps_it_active(void **state)
{
	SCRIPT script = script_new(":memory:");
	struct place place = place_on(script, script->host_id, P);
	ACCESS access = { 0 };
	char check_id[ID_MAX];

	(void)state;
	script->now += HOUR;
	check_ends(script, &place, &good, check_id);
	ACCESS_IS(script, &place, "active - 0");
	CHECK_IS(script, check_id, "done active - 0");
	TRAIL_IS(script, &place, "");
	access = access_of(script, &place);
	assert_int_equal(access.proven_at, script->now);
	assert_int_equal(access.checked_at, script->now);
	assert_int_equal(access.proof_expires_at, script->now + DAY);
	assert_int_equal(access.status_since, NOW);
	assert_null(access.diagnosis);
	assert_in_range(access.next_check_at - script->now, HOUR * 9 / 10,
			HOUR * 11 / 10);
}

static void the_first_failure_makes_it_degraded(void **state)
{
	SCRIPT script = script_new(":memory:");
	struct place place = place_on(script, script->host_id, P);
	const struct outcome limited = at_gateway(FAILURE_RATE_LIMITED);
	struct diagnosis d;
	ACCESS access = { 0 };
	char check_id[ID_MAX];

	(void)state;
	script->now += HOUR;
	check_ends(script, &place, &limited, check_id);
	ACCESS_IS(script, &place, "degraded rate_limited 1");
	CHECK_IS(script, check_id, "done degraded rate_limited 0");
	TRAIL_IS(script, &place, "degraded:rate_limited");
	access = access_of(script, &place);
	assert_int_equal(access.first_failure_at, script->now);
	assert_int_equal(access.status_since, script->now);
	/* The last good proof stays what it rests on. */
	assert_int_equal(access.proven_at, NOW);
	assert_int_equal(access.proof_expires_at, NOW + DAY);
	assert_in_range(access.next_check_at - script->now, MINUTE * 9 / 10,
			MINUTE * 11 / 10);
	diagnosis_parse(access.diagnosis, &d);
	assert_int_equal(d.hop, HOP_GATEWAY);
	assert_int_equal(d.class, FAILURE_RATE_LIMITED);
	assert_int_equal(d.next_at, access.next_check_at);
	/* One failure says nothing of the account's items. */
	ITEM_IS(script, &place, "active -");
}

static void a_quorum_of_one_class_makes_it_broken(void **state)
{
	SCRIPT script = script_new(":memory:");
	struct place place = place_on(script, script->host_id, P);
	const struct outcome refused = at(HOP_ACCOUNT, FAILURE_ACCOUNT_OFF);
	char check_id[ID_MAX];

	(void)state;
	for (int64_t i = 1; i < script->settings.watch_quorum; i++) {
		check_ends(script, &place, &refused, check_id);
		script->now += MINUTE;
		CHECK_IS(script, check_id, "done degraded account_off 0");
	}
	check_ends(script, &place, &refused, check_id);
	ACCESS_IS(script, &place, "broken account_off 3");
	CHECK_IS(script, check_id, "done broken account_off 0");
	ITEM_IS(script, &place, "broken account_off");
	/* That it stays so is no news. */
	script->now += MINUTE;
	check_ends(script, &place, &refused, check_id);
	ACCESS_IS(script, &place, "broken account_off 4");
	TRAIL_IS(script, &place, "degraded:account_off broken:account_off");
}

static void another_class_begins_to_count_anew(void **state)
{
	SCRIPT script = script_new(":memory:");
	struct place place = place_on(script, script->host_id, P);

	(void)state;
	ends(script, &place, at(HOP_ACCOUNT, FAILURE_ACCOUNT_ERROR));
	script->now += MINUTE;
	ends(script, &place, at(HOP_ACCOUNT, FAILURE_ACCOUNT_ERROR));
	ACCESS_IS(script, &place, "degraded account_error 2");
	script->now += MINUTE;
	ends(script, &place, at(HOP_KEY, FAILURE_KEY_REFUSED));
	ACCESS_IS(script, &place, "degraded key_refused 1");
	script->now += MINUTE;
	ends(script, &place, at(HOP_KEY, FAILURE_KEY_REFUSED));
	ACCESS_IS(script, &place, "degraded key_refused 2");
	TRAIL_IS(script, &place, "degraded:account_error");
}

static void failures_out_of_the_window_do_not_count(void **state)
{
	SCRIPT script = script_new(":memory:");
	struct place place = place_on(script, script->host_id, P);
	int64_t window = script->settings.watch_window_min * MINUTE;

	(void)state;
	ends(script, &place, at(HOP_ACCOUNT, FAILURE_ACCOUNT_ERROR));
	script->now += window;
	ends(script, &place, at(HOP_ACCOUNT, FAILURE_ACCOUNT_ERROR));
	ACCESS_IS(script, &place, "degraded account_error 2");
	script->now += MINUTE;
	ends(script, &place, at(HOP_ACCOUNT, FAILURE_ACCOUNT_ERROR));
	ACCESS_IS(script, &place, "degraded account_error 1");
}

/* Who asks ten times in a minute has still seen one failure. */
static void failures_in_quick_succession_are_one(void **state)
{
	SCRIPT script = script_new(":memory:");
	struct place place = place_on(script, script->host_id, P);

	(void)state;
	for (int i = 0; i < 10; i++) {
		ends(script, &place, at(HOP_ACCOUNT, FAILURE_ACCOUNT_OFF));
		script->now += 1000;
	}
	ACCESS_IS(script, &place, "degraded account_off 1");
	/* Another class is another failure. */
	ends(script, &place, at(HOP_ACCOUNT, FAILURE_ACCOUNT_ERROR));
	ACCESS_IS(script, &place, "degraded account_error 1");
}

static void what_is_broken_stays_so_until_it_is_proven(void **state)
{
	SCRIPT script = script_new(":memory:");
	struct place place = place_on(script, script->host_id, P);

	(void)state;
	for (int i = 0; i < 3; i++) {
		ends(script, &place, at(HOP_ACCOUNT, FAILURE_ACCOUNT_OFF));
		script->now += MINUTE;
	}
	ends(script, &place, at(HOP_KEY, FAILURE_KEY_REFUSED));
	ACCESS_IS(script, &place, "broken key_refused 1");
	script->now += MINUTE;
	ends(script, &place, good);
	ACCESS_IS(script, &place, "active - 0");
	ITEM_IS(script, &place, "active -");
	TRAIL_IS(script, &place, "degraded:account_off broken:account_off"
		 " recovered:-");
	/* ...and a failure after that is the first one. */
	ends(script, &place, at(HOP_ACCOUNT, FAILURE_ACCOUNT_OFF));
	ACCESS_IS(script, &place, "degraded account_off 1");
}

/* It ended before it looked at any hop. */
static void a_check_that_concluded_nothing_says_what_it_can(void **state)
{
	static const struct {
		enum failure why;
		enum hop hop;
	} cases[] = {
		{ FAILURE_HOST_AUTH, HOP_HOST },
		{ FAILURE_TRANSIENT, HOP_HOST },
		{ FAILURE_REFUSED, HOP_HOST },
		{ FAILURE_KEY_REFUSED, HOP_KEY },
		{ FAILURE_GONE, HOP_ACCOUNT },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		SCRIPT script = script_new(":memory:");
		struct place place = place_on(script, script->host_id, P);
		ACCESS access = { 0 };
		struct diagnosis d;

		ends(script, &place, (struct outcome){ .why = cases[i].why });
		access = access_of(script, &place);
		diagnosis_parse(access.diagnosis, &d);
		assert_int_equal(d.hop, cases[i].hop);
		assert_int_equal(d.class, cases[i].why);
		assert_int_equal(d.at, script->now);
		assert_int_equal(d.next_at, access.next_check_at);
	}
}

static void an_access_that_was_never_proven_is_not_checked(void **state)
{
	SCRIPT script = script_new(":memory:");
	struct place place = place_on(script, script->host_id, P);
	const struct store store = store_of(script);
	CLEANUP(task_done) struct task task = { 0 };
	char check_id[ID_MAX];
	void *subject = NULL;
	struct err err;

	(void)state;
	check_begun(script, &place, NULL, check_id);
	fixture_sql(script->db, "UPDATE accesses SET item_id = NULL");
	task = check_task(script, &place, check_id, CHECK_FIRST_STEP);
	assert_int_equal(check_load(&store, &task, script->now, &subject,
				    &err), -1);
	assert_non_null(strstr(err.msg, place.access_id));
	assert_null(subject);
}

/* ---- what CRM gives up ---- */

static void giving_up_is_said_once(void **state)
{
	SCRIPT script = script_new(":memory:");
	struct place place = place_on(script, script->host_id, P);
	const struct outcome gave_up = { .why = FAILURE_RESPONSES_FORCED,
		.hop = HOP_ACCOUNT, .next = NEXT_GAVE_UP };
	struct diagnosis d;
	ACCESS access = { 0 };

	(void)state;
	for (int i = 0; i < 3; i++) {
		script->now += MINUTE;
		ends(script, &place, gave_up);
	}
	TRAIL_IS(script, &place, "degraded:responses_forced"
		 " gave_up:responses_forced broken:responses_forced");
	assert_non_null(strstr(fixture_value(script->db, &q_notices,
			notice_kind_name(NOTICE_GAVE_UP)), place.access_id));
	access = access_of(script, &place);
	diagnosis_parse(access.diagnosis, &d);
	assert_int_equal(d.next, NEXT_GAVE_UP);
	/* CRM looks again, but nobody should wait for what it mends. */
	assert_int_equal(d.next_at, 0);
	assert_true(access.next_check_at > script->now);
	ends(script, &place, good);
	NOTICES_ARE(script, NOTICE_GAVE_UP, "");
}

/* ---- an account out of order while others answer ---- */

/* Another account of the same group, that an item of its own rests on. */
static void a_finding_degrades_the_items_of_its_account(void **state)
{
	SCRIPT script = script_new(":memory:");
	struct place place = place_on(script, script->host_id, P);
	struct place other = place_on(script, script->host_id, P);
	const struct outcome found = { .hop = HOP_ACCOUNT,
		.finding = FAILURE_ACCOUNT_OFF, .next = NEXT_OPERATOR,
		.finding_id = other.account_id };
	struct diagnosis d;
	ACCESS access = { 0 };

	(void)state;
	ends(script, &place, found);
	ACCESS_IS(script, &place, "active - 0");
	ITEM_IS(script, &place, "active -");
	ITEM_IS(script, &other, "degraded account_off");
	access = access_of(script, &place);
	diagnosis_parse(access.diagnosis, &d);
	assert_int_equal(d.class, FAILURE_ACCOUNT_OFF);
	/* A list that is cut off does not tell what became of it. */
	ends(script, &place, (struct outcome){ .unseen = true });
	ITEM_IS(script, &other, "degraded account_off");
	ITEM_IS(script, &place, "active -");
	/* When nothing is found any more, it is well. */
	ends(script, &place, good);
	ITEM_IS(script, &place, "active -");
	ITEM_IS(script, &other, "active -");
}

/* The proof was answered by another account than the one it is wrong with. */
static void a_finding_of_another_account_does_not_hide_that_ours_is_well(
	void **state)
{
	SCRIPT script = script_new(":memory:");
	struct place place = place_on(script, script->host_id, P);
	struct place other = place_on(script, script->host_id, P);
	const struct outcome found = { .hop = HOP_ACCOUNT,
		.finding = FAILURE_ACCOUNT_OFF, .next = NEXT_OPERATOR,
		.finding_id = other.account_id };

	(void)state;
	for (int i = 0; i < 3; i++) {
		script->now += MINUTE;
		ends(script, &place, at(HOP_ACCOUNT, FAILURE_ACCOUNT_ERROR));
	}
	ITEM_IS(script, &place, "broken account_error");
	ends(script, &place, found);
	ITEM_IS(script, &place, "active -");
	ITEM_IS(script, &other, "degraded account_off");
}

static void a_finding_of_nobody_is_nobodys(void **state)
{
	SCRIPT script = script_new(":memory:");
	struct place place = place_on(script, script->host_id, P);

	(void)state;
	ends(script, &place, (struct outcome){ .hop = HOP_ACCOUNT,
		.finding = FAILURE_ACCOUNT_OFF, .finding_id = "99" });
	ACCESS_IS(script, &place, "active - 0");
	ITEM_IS(script, &place, "active -");
}

/* An import that failed is not healed by a proof of another key's account. */
static void what_an_import_did_not_prove_stays_as_it_ended(void **state)
{
	SCRIPT script = script_new(":memory:");
	struct place place = place_on(script, script->host_id, P);

	(void)state;
	fixture_sql(script->db, "DELETE FROM proofs;"
		    "UPDATE import_run_items SET access_status = 'broken'");
	script->now += HOUR;
	fixture_sql(script->db, "UPDATE import_run_items SET"
		    " current_stage = 'probe'");
	ends(script, &place, good);
	ITEM_IS(script, &place, "broken -");
}

/* ---- between the steps ---- */

static void what_a_step_mends_is_in_the_trail_and_counted(void **state)
{
	SCRIPT script = script_new(":memory:");
	struct place place = place_on(script, script->host_id, P);
	const struct store store = store_of(script);
	const struct verdict verdict = go_on();
	CLEANUP(task_done) struct task task = { 0 };
	struct import *im;
	void *subject = NULL;
	char check_id[ID_MAX];
	struct err err;

	(void)state;
	check_begun(script, &place, NULL, check_id);
	task = check_task(script, &place, check_id, "access.create_key");
	OK(check_load(&store, &task, script->now, &subject, &err));
	im = subject;
	assert_true(im->checking);
	assert_string_equal(im->item.item_id, place.item_id);
	import_heal(im, "key");
	import_note(im, "reused", NULL);
	im->diagnosis = (struct diagnosis){ .hop = HOP_KEY, .at = NOW,
		.class = FAILURE_KEY_REFUSED };
	OK(check_save(&store, &task, im, &flow_check.steps[0], &verdict,
		      script->now, &err));
	CHECK_IS(script, check_id, "running - - 1");
	TRAIL_IS(script, &place, "repaired:- reused:-");
	import_free(&subject);
	/* The next step goes on from there. */
	OK(check_load(&store, &task, script->now, &subject, &err));
	im = subject;
	assert_int_equal(im->check.repaired, 1);
	assert_int_equal(im->diagnosis.class, FAILURE_KEY_REFUSED);
	import_free(&subject);
}

/* What was learnt of /responses beside the imports is not asked again. */
static void a_fresh_profile_answers_for_responses(void **state)
{
	static const struct {
		enum capable is;
		int status;
		int64_t age;
		int64_t kept;	/* 0: the provider is asked */
	} cases[] = {
		{ CAPABLE_NO, 403, MINUTE, 403 },
		{ CAPABLE_YES, 200, MINUTE, 200 },
		{ CAPABLE_NO, 400, MINUTE, 0 },
		{ CAPABLE_UNKNOWN, 403, MINUTE, 0 },
		{ CAPABLE_NO, 403, 25 * HOUR, 0 },
		{ CAPABLE_NO, 403, -MINUTE, 0 },
	};
	struct settings settings = { .capability_hours = 24 };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(request_done) struct request request = { 0 };
		struct profile profile = { .at = NOW };
		struct import im = { .settings = &settings, .now = NOW };

		profile.paths[PATH_RESPONSES] = (struct capability){
			.is = cases[i].is, .status = cases[i].status,
			.learnt = LEARNT_PROBED, .at = NOW - cases[i].age };
		im.item.capability_profile = profile_text(&profile);
		im.item.chat_url = xstrdup("http://p/v1/chat/completions");
		im.item.resolved_smoke_model = xstrdup("m-1");
		assert_int_equal(ask_surface_responses(&im, &request),
				 cases[i].kept == 0);
		if (cases[i].kept)
			got_surface_responses(&im, NULL);
		assert_int_equal(im.item.responses_status, cases[i].kept);
		assert_int_equal(im.item_changed, cases[i].kept != 0);
		item_done(&im.item);
	}
}

/* ---- out of service, as an operator wants it ---- */

static void a_pause_counts_no_failure(void **state)
{
	SCRIPT script = script_new(":memory:");
	struct place place = place_on(script, script->host_id, P);
	char check_id[ID_MAX];

	(void)state;
	fixture_sql(script->db, "UPDATE managed_resources SET paused_at = 5"
		    " WHERE resource_type = 'account'");
	for (int i = 0; i < 5; i++) {
		const struct outcome off = at(HOP_ACCOUNT,
					      FAILURE_ACCOUNT_OFF);

		check_ends(script, &place, &off, check_id);
		script->now += MINUTE;
		CHECK_IS(script, check_id, "done unknown account_paused 0");
	}
	ACCESS_IS(script, &place, "active - 0");
	ITEM_IS(script, &place, "active -");
	TRAIL_IS(script, &place, "");
	/* Nothing is planned until it is resumed. */
	ACCESS access = access_of(script, &place);
	assert_int_equal(access.next_check_at, 0);
}

static void a_pause_ends_a_check_at_once(void **state)
{
	SCRIPT script = script_new(":memory:");
	struct place place = place_on(script, script->host_id, P);
	const struct store store = store_of(script);
	CLEANUP(task_done) struct task task = { 0 };
	const struct step *first = &flow_check.steps[0];
	char check_id[ID_MAX];
	struct verdict v;
	void *subject = NULL;
	struct err err;

	(void)state;
	check_begun(script, &place, NULL, check_id);
	task = check_task(script, &place, check_id, CHECK_FIRST_STEP);
	fixture_sql(script->db, "UPDATE managed_resources SET paused_at = 5"
		    " WHERE resource_type = 'account'");
	OK(check_load(&store, &task, script->now, &subject, &err));
	v = first->answer(subject, NULL);
	import_free(&subject);
	assert_int_equal(v.kind, VERDICT_FAILED);
	assert_int_equal(v.failure, FAILURE_ACCOUNT_PAUSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_proof_keeps_it_active),
		cmocka_unit_test(the_first_failure_makes_it_degraded),
		cmocka_unit_test(a_quorum_of_one_class_makes_it_broken),
		cmocka_unit_test(another_class_begins_to_count_anew),
		cmocka_unit_test(failures_out_of_the_window_do_not_count),
		cmocka_unit_test(failures_in_quick_succession_are_one),
		cmocka_unit_test(what_is_broken_stays_so_until_it_is_proven),
		cmocka_unit_test(
			a_check_that_concluded_nothing_says_what_it_can),
		cmocka_unit_test(
			an_access_that_was_never_proven_is_not_checked),
		cmocka_unit_test(giving_up_is_said_once),
		cmocka_unit_test(a_finding_degrades_the_items_of_its_account),
		cmocka_unit_test(
	a_finding_of_another_account_does_not_hide_that_ours_is_well),
		cmocka_unit_test(a_finding_of_nobody_is_nobodys),
		cmocka_unit_test(
			what_an_import_did_not_prove_stays_as_it_ended),
		cmocka_unit_test(a_fresh_profile_answers_for_responses),
		cmocka_unit_test(
			what_a_step_mends_is_in_the_trail_and_counted),
		cmocka_unit_test(a_pause_counts_no_failure),
		cmocka_unit_test(a_pause_ends_a_check_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
