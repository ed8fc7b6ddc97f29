/*
 * When everything on a host, or of a provider, fails at once: that is suspect,
 * and no single access is called broken for it.
 */
#include "tests/unit/check_fixture.h"

#define P "p-test-1"
#define Q "q-test-2"
#define R "r-test-3"

static const struct db_query q_suspect_host = { "test.suspect_host",
	"SELECT suspect_class FROM hosts WHERE host_id = $1" };
static const struct db_query q_suspect_endpoint = { "test.suspect_endpoint",
	"SELECT suspect_class FROM endpoints WHERE endpoint_key = $1" };

static void a_host_that_does_not_answer_is_suspect(void **state)
{
	SCRIPT script = script_new(":memory:");
	struct place place = place_on(script, script->host_id, P);
	const struct outcome down = at(HOP_HOST, FAILURE_REFUSED);
	AUTO_FREE char *notice = xasprintf("host_suspect %s "
		"{\"checked\":1,\"failed\":1}", script->host_id);
	char check_id[ID_MAX];

	(void)state;
	for (int i = 0; i < 5; i++) {
		check_ends(script, &place, &down, check_id);
		script->now += MINUTE;
	}
	/* It is not called any worse, but it is asked again sooner. */
	ACCESS_IS(script, &place, "active refused 5");
	CHECK_IS(script, check_id, "done unknown refused 0");
	ITEM_IS(script, &place, "active -");
	TRAIL_IS(script, &place, "");
	assert_string_equal(fixture_value(script->db, &q_suspect_host,
					  script->host_id), "refused");
	NOTICES_ARE(script, NOTICE_HOST_SUSPECT, notice);
	ends(script, &place, good);
	assert_string_equal(fixture_value(script->db, &q_suspect_host,
					  script->host_id), "-");
	NOTICES_ARE(script, NOTICE_HOST_SUSPECT, "");
	ACCESS_IS(script, &place, "active - 0");
	TRAIL_IS(script, &place, "");
}

/* All that rests on it fails, in turns, as the watch would ask. */
static void fail_in_turns(struct script *script, const struct place *places,
			  size_t n, struct outcome outcome)
{
	for (int turn = 0; turn < 5; turn++)
		for (size_t i = 0; i < n; i++) {
			ends(script, &places[i], outcome);
			script->now += MINUTE / 4;
		}
}

static void nothing_is_broken_where_a_whole_host_fails(void **state)
{
	SCRIPT script = script_new(":memory:");
	const struct place places[] = {
		place_on(script, script->host_id, P),
		place_on(script, script->host_id, Q),
		place_on(script, script->host_id, R),
	};

	(void)state;
	fail_in_turns(script, places, COUNT(places),
		      at_gateway(FAILURE_TRANSIENT));
	for (size_t i = 0; i < COUNT(places); i++)
		ACCESS_IS(script, &places[i], "degraded transient 5");
	assert_string_equal(fixture_value(script->db, &q_suspect_host,
					  script->host_id), "transient");
	/* Each endpoint has but one: it does not tell. */
	assert_string_equal(fixture_value(script->db, &q_suspect_endpoint, P),
			    "");
	ends(script, &places[0], good);
	assert_string_equal(fixture_value(script->db, &q_suspect_host,
					  script->host_id), "-");
	NOTICES_ARE(script, NOTICE_HOST_SUSPECT, "");
}

static void nothing_is_broken_where_a_provider_fails(void **state)
{
	SCRIPT script = script_new(":memory:");
	char other[ID_MAX];
	struct place places[4];

	(void)state;
	script_host(script, "http://other.test", HOST_AUTH_API_KEY, other);
	places[0] = place_on(script, script->host_id, P);
	places[1] = place_on(script, other, P);
	places[2] = place_on(script, other, P);
	places[3] = place_on(script, other, Q);
	fail_in_turns(script, places, 3,
		      at(HOP_PROVIDER, FAILURE_QUOTA_EXHAUSTED));
	for (size_t i = 0; i < 3; i++)
		ACCESS_IS(script, &places[i], "degraded quota_exhausted 5");
	assert_string_equal(fixture_value(script->db, &q_suspect_endpoint, P),
			    "quota_exhausted");
	NOTICES_ARE(script, NOTICE_PROVIDER_SUSPECT, "provider_suspect " P
		    " {\"checked\":3,\"failed\":3}");
	/* It is not the hosts' fault. */
	NOTICES_ARE(script, NOTICE_HOST_SUSPECT, "");
	/* Another provider's success says nothing of this one. */
	ends(script, &places[3], good);
	assert_string_equal(fixture_value(script->db, &q_suspect_endpoint, P),
			    "quota_exhausted");
	ends(script, &places[1], good);
	assert_string_equal(fixture_value(script->db, &q_suspect_endpoint, P),
			    "-");
	NOTICES_ARE(script, NOTICE_PROVIDER_SUSPECT, "");
}

/* One that works is enough: then it is the access. */
static void one_that_works_clears_the_others(void **state)
{
	SCRIPT script = script_new(":memory:");
	const struct place places[] = {
		place_on(script, script->host_id, P),
		place_on(script, script->host_id, P),
		place_on(script, script->host_id, P),
	};

	(void)state;
	for (int turn = 0; turn < 4; turn++) {
		ends(script, &places[0], at_gateway(FAILURE_TRANSIENT));
		ends(script, &places[1], at_gateway(FAILURE_TRANSIENT));
		ends(script, &places[2], good);
		script->now += MINUTE;
	}
	ACCESS_IS(script, &places[0], "broken transient 4");
	NOTICES_ARE(script, NOTICE_HOST_SUSPECT, "");
	NOTICES_ARE(script, NOTICE_PROVIDER_SUSPECT, "");
}

/* What is wrong with one key or one account speaks of nobody else. */
static void failures_of_their_own_are_no_outage(void **state)
{
	static const enum hop hops[] = { HOP_KEY, HOP_ACCOUNT };

	(void)state;
	for (size_t i = 0; i < COUNT(hops); i++) {
		SCRIPT script = script_new(":memory:");
		const struct place places[] = {
			place_on(script, script->host_id, P),
			place_on(script, script->host_id, P),
			place_on(script, script->host_id, P),
		};

		fail_in_turns(script, places, COUNT(places),
			      at(hops[i], FAILURE_KEY_REFUSED));
		for (size_t k = 0; k < COUNT(places); k++)
			ACCESS_IS(script, &places[k], "broken key_refused 5");
		NOTICES_ARE(script, NOTICE_HOST_SUSPECT, "");
		NOTICES_ARE(script, NOTICE_PROVIDER_SUSPECT, "");
	}
}

/* Whether it is one or all, its siblings tell: they are asked at once. */
static void siblings_are_asked_after_a_first_failure(void **state)
{
	static const struct {
		enum hop hop;
		size_t hastened, of_endpoint;
	} cases[] = {
		{ HOP_PROVIDER, 2, 2 },
		/* Two of the endpoint, and two of the host. */
		{ HOP_GATEWAY, 4, 2 },
		{ HOP_ACCOUNT, 0, 0 },
		{ HOP_KEY, 0, 0 },
	};

	(void)state;
	for (size_t k = 0; k < COUNT(cases); k++) {
		SCRIPT script = script_new(":memory:");
		struct place places[7];
		size_t of_endpoint = 0, hastened = 0;

		places[0] = place_on(script, script->host_id, P);
		for (size_t i = 1; i < COUNT(places); i++)
			places[i] = place_on(script, script->host_id,
					     i < 4 ? P : Q);
		script->now += MINUTE;
		ends(script, &places[0],
		     at(cases[k].hop, FAILURE_TRANSIENT));
		for (size_t i = 1; i < COUNT(places); i++) {
			ACCESS access = access_of(script, &places[i]);

			if (access.next_check_at > script->now)
				continue;
			of_endpoint += i < 4;
			hastened++;
		}
		assert_int_equal(hastened, cases[k].hastened);
		assert_in_range(of_endpoint, cases[k].of_endpoint, hastened);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_host_that_does_not_answer_is_suspect),
		cmocka_unit_test(nothing_is_broken_where_a_whole_host_fails),
		cmocka_unit_test(nothing_is_broken_where_a_provider_fails),
		cmocka_unit_test(one_that_works_clears_the_others),
		cmocka_unit_test(failures_of_their_own_are_no_outage),
		cmocka_unit_test(siblings_are_asked_after_a_first_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
