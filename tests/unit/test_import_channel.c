/*
 * The channel of an import by provider: what each step makes of a host's
 * answers, and that nobody else's is touched.
 */
#include "schedd/host/channel.h"
#include "tests/unit/import_fixture.h"

#define NEW "0.1.179"

#define FOUND(name, id) \
	SAYS(200, ENVELOPE("{\"items\":[{\"id\":9,\"name\":\"other\"}," \
	     "{\"id\":" #id ",\"name\":\"x " name "\"}],\"total\":2," \
	     "\"page\":1,\"page_size\":100,\"pages\":1}"))
#define NOTHING_FOUND \
	SAYS(200, ENVELOPE("{\"items\":[],\"total\":0,\"page\":1," \
	     "\"page_size\":100,\"pages\":0}"))
#define MADE(id) SAYS(200, ENVELOPE("{\"id\":" #id ",\"name\":\"x\"}"))
#define CHANNEL(groups, restricts, platform, input) \
	SAYS(200, ENVELOPE("{\"id\":5,\"name\":\"x\",\"group_ids\":[" groups \
	     "],\"restrict_models\":" restricts ",\"model_pricing\":[{" \
	     "\"id\":1,\"platform\":\"" platform "\",\"models\":[\"m-1\"]," \
	     "\"billing_mode\":\"token\",\"input_price\":" input \
	     ",\"output_price\":0.0000025,\"cache_read_price\":null}]}"))
#define AS_WRITTEN CHANNEL("3,7", "false", "openai", "1.5e-06")

static void priced(struct import *im)
{
	im->item.pack_provider_id = xstrdup("p-one");
	im->manifest = json_pack("{s[{ss ss ss ss ss}]}", "pricing",
		"model", "m-1", "currency", "USD", "unit",
		"per_million_tokens", "input", "1.5", "output", "2.5");
	provider_plan_make(&im->plan, im->manifest, im->item.endpoint_key,
			   NEW, "");
	has(im, IMPORT_GROUP, RESOURCE_MAKING, "7");
}

static void making(struct import *im)
{
	priced(im);
	has(im, IMPORT_CHANNEL, RESOURCE_MAKING, NULL);
	im->resources[IMPORT_CHANNEL].wanted_json = import_channel_wanted(im);
}

static void made_one(struct import *im)
{
	making(im);
	own_set(&im->resources[IMPORT_CHANNEL].host_resource_id, "5");
	im->memo.created_channel = true;
}

static void changing(struct import *im)
{
	made_one(im);
	im->memo.created_channel = false;
	im->memo.repricing = true;
	own_set(&im->resources[IMPORT_CHANNEL].wanted_json, "{}");
}

static void written(struct import *im)
{
	im->memo.repriced = true;
}

static void a_plain_import_makes_none(void **state)
{
	IMPORT im = import_on(NEW);

	(void)state;
	assert_string_equal(import_after_group(im), "provision.parking");
	priced(im);
	assert_string_equal(import_after_group(im), "provision.channel");
}

static void it_is_taken_behind_the_group(void **state)
{
	IMPORT im = import_on(NEW);
	struct verdict v;

	(void)state;
	priced(im);
	v = got_want_channel(im, NULL);
	assert_int_equal(v.kind, VERDICT_TAKE);
	assert_int_equal(v.resource, IMPORT_CHANNEL);
	assert_string_equal(v.step, "provision.channel_there");
	assert_false(im->memo.repricing);
	assert_false(im->memo.live);
}

/* There, and as the manifest wants it: nothing is asked. */
static void one_that_is_there_is_used(void **state)
{
	IMPORT im = import_on(NEW);

	(void)state;
	priced(im);
	has(im, IMPORT_GROUP, RESOURCE_PRESENT, "7");
	has(im, IMPORT_CHANNEL, RESOURCE_PRESENT, "5");
	im->resources[IMPORT_CHANNEL].wanted_json = import_channel_wanted(im);
	got_want_channel(im, NULL);
	assert_true(im->memo.live);
	assert_false(im->memo.repricing);
	check_unasked("there", got_channel_there, im,
		      (struct verdict)TO("provision.parking"));
	assert_string_equal(im->item.channel_id, "5");
}

static void other_prices_are_written_by_one_who_holds_it(void **state)
{
	IMPORT im = import_on(NEW);
	struct resource_want want = { 0 };

	(void)state;
	priced(im);
	has(im, IMPORT_CHANNEL, RESOURCE_PRESENT, "5");
	own_set(&im->resources[IMPORT_CHANNEL].wanted_json, "{}");
	got_want_channel(im, NULL);
	assert_true(im->memo.repricing);
	import_want(im, IMPORT_CHANNEL, &want);
	assert_true(want.hold);
	check_asks(ask_find_channel, im, "");
	check_unasked("held", got_find_channel, im,
		      (struct verdict)TO("provision.write_channel"));
	check_asks(ask_write_channel, im, "PUT " ADMIN "/channels/5");
}

static void channel_is_7(const struct import *im)
{
	assert_string_equal(im->resources[IMPORT_CHANNEL].host_resource_id,
			    "7");
	assert_true(im->memo.created_channel);
}

static void a_lost_create_is_found_by_its_mark(void **state)
{
	static const struct step_case cases[] = {
		{ "ours", NULL, FOUND("crm-abc123-channel1", 7),
		  TO("provision.read_channel"), channel_is_7 },
		{ "another's", NULL, FOUND("crm-abc123-channel2", 7), ON,
		  NULL },
		{ "nothing", NULL, NOTHING_FOUND, ON, NULL },
	};
	IMPORT im = import_on(NEW);

	(void)state;
	walk(got_find_channel, NEW, making, cases, COUNT(cases));
	making(im);
	check_asks(ask_find_channel, im, "GET " ADMIN "/channels?search="
		   "crm-abc123-channel1&page=1&page_size=100");
}

static void it_went_without(const struct import *im)
{
	const struct resource *row = &im->resources[IMPORT_CHANNEL];

	assert_int_equal(row->state, RESOURCE_WANTED);
	assert_true(im->changed[IMPORT_CHANNEL]);
	assert_null(im->item.channel_id);
	assert_null(im->item.failure_detail);
	assert_non_null(strstr(im->item.warnings, "channel_"));
}

static void it_exists(const struct import *im)
{
	it_went_without(im);
	assert_non_null(strstr(im->item.warnings, "channel_exists"));
}

static void no_host_that_refuses_it_ends_an_import(void **state)
{
	static const struct step_case cases[] = {
		{ "made", NULL, MADE(7), TO("provision.read_channel"),
		  channel_is_7 },
		{ "the group has one", NULL,
		  SAYS(409, REASON(409, "GROUP_ALREADY_IN_CHANNEL")),
		  TO("provision.parking"), it_exists },
		{ "our own name", NULL, SAYS(409, REASON(409,
		  "CHANNEL_EXISTS")),
		  LOOK("provision.find_channel", FAILURE_HOST_REFUSED), NULL },
		{ "not like that", NULL,
		  SAYS(400, REASON(400, "MODEL_PATTERN_CONFLICT")),
		  TO("provision.parking"), it_went_without },
		{ "no such path", NULL, SAYS_PAGE(404),
		  TO("provision.parking"), it_went_without },
		{ "no right", NULL, SAYS(403, REASON(403, "FORBIDDEN")),
		  FAIL(FAILURE_HOST_AUTH), NULL },
		{ "a reset", NULL, LOST(TRANSPORT_RESET),
		  LOOK("provision.find_channel", FAILURE_RESET), NULL },
		{ "too often", NULL,
		  SAYS_LATER(429, 7000, REASON(429, "RATE_LIMITED")),
		  AGAIN(FAILURE_RATE_LIMITED, 7000), NULL },
	};

	(void)state;
	walk(got_create_channel, NEW, making, cases, COUNT(cases));
}

static void it_is_settled(const struct import *im)
{
	assert_int_equal(im->resources[IMPORT_CHANNEL].state,
			 RESOURCE_PRESENT);
	assert_string_equal(im->item.channel_id, "5");
}

static void it_is_warned(const struct import *im)
{
	it_is_settled(im);
	assert_non_null(strstr(im->item.warnings, "channel_not_as_written"));
}

static void it_is_gone(const struct import *im)
{
	assert_int_equal(im->resources[IMPORT_CHANNEL].state, RESOURCE_GONE);
}

static void it_is_read_back(void **state)
{
	static const struct step_case cases[] = {
		{ "as written", NULL, AS_WRITTEN, TO("provision.parking"),
		  it_is_settled },
		{ "not over our group", NULL,
		  CHANNEL("3", "false", "openai", "1.5e-06"),
		  TO("provision.write_channel"), NULL },
		{ "a filter", NULL,
		  CHANNEL("7", "true", "openai", "1.5e-06"),
		  TO("provision.write_channel"), NULL },
		{ "another platform", NULL,
		  CHANNEL("7", "false", "anthropic", "1.5e-06"),
		  TO("provision.write_channel"), NULL },
		{ "another price", NULL,
		  CHANNEL("7", "false", "openai", "1.6e-06"),
		  TO("provision.write_channel"), NULL },
		{ "still another price", written,
		  CHANNEL("7", "false", "openai", "1.6e-06"),
		  TO("provision.parking"), it_is_warned },
		{ "deleted by somebody", NULL,
		  SAYS(404, REASON(404, "CHANNEL_NOT_FOUND")),
		  LOOK("provision.channel", FAILURE_GONE), it_is_gone },
	};

	(void)state;
	walk(got_read_channel, NEW, made_one, cases, COUNT(cases));
}

static void it_was_repriced(const struct import *im)
{
	it_is_settled(im);
	assert_string_equal(noted(im), "channel_repriced");
	assert_non_null(strstr(im->resources[IMPORT_CHANNEL].wanted_json,
			       "m-1"));
}

static void the_row_says_what_was_written(void **state)
{
	static const struct step_case reads[] = {
		{ "as written", written, AS_WRITTEN, TO("provision.parking"),
		  it_was_repriced },
	};
	static const struct step_case writes[] = {
		{ "written", NULL, MADE(5), ON, NULL },
		{ "deleted by somebody", NULL,
		  SAYS(404, REASON(404, "CHANNEL_NOT_FOUND")),
		  LOOK("provision.channel", FAILURE_GONE), it_is_gone },
	};

	(void)state;
	walk(got_read_channel, NEW, changing, reads, COUNT(reads));
	walk(got_write_channel, NEW, changing, writes, COUNT(writes));
}

static void what_was_made_for_a_group_goes_with_it(void **state)
{
	IMPORT im = import_on(NEW);
	const struct said said = SAYS(200, ENVELOPE("{}"));
	CLEANUP(answer_done) struct answer answer = answer_made(&said);

	(void)state;
	made_one(im);
	im->resources[IMPORT_CHANNEL].state = RESOURCE_PRESENT;
	own_set(&im->item.channel_id, "5");
	check_asks(ask_undo_channel, im, "DELETE " ADMIN "/channels/5");
	check_verdict("deleted", got_undo_channel(im, &answer),
		      (struct verdict)ON);
	it_is_gone(im);
	assert_null(im->item.channel_id);
}

static void what_others_use_stays(void **state)
{
	IMPORT im = import_on(NEW);

	(void)state;
	made_one(im);
	im->resources[IMPORT_CHANNEL].state = RESOURCE_PRESENT;
	im->memo.live = true;
	check_asks(ask_undo_channel, im, "");
	im->memo.live = false;
	im->memo.created_channel = false;	/* it was there before */
	check_asks(ask_undo_channel, im, "");
}

static void no_channel_gone(const struct import *im)
{
	assert_int_not_equal(im->resources[IMPORT_CHANNEL].state,
			     RESOURCE_GONE);
}

/* Their prices would go with it. */
static void a_channel_with_groups_of_others_stays(void **state)
{
#define OVER(ids) SAYS(200, ENVELOPE("{\"id\":5,\"group_ids\":[" ids "]}"))
	static const struct step_case looks[] = {
		{ "ours alone", NULL, OVER("7"), ON, no_channel_gone },
		{ "over none", NULL, OVER(""), ON, no_channel_gone },
		{ "theirs too", NULL, OVER("7,8"), TO("undo.find_group"),
		  no_channel_gone },
		{ "gone", NULL, SAYS(404, REASON(404, "CHANNEL_NOT_FOUND")),
		  ON, no_channel_gone },
		{ "no token", NULL, SAYS(401, REASON(401, "UNAUTHORIZED")),
		  TO("undo.find_group"), no_channel_gone },
	};
	IMPORT im = import_on(NEW);

	(void)state;
	made_one(im);
	check_asks(ask_undo_look_channel, im, "GET " ADMIN "/channels/5");
	im->memo.created_channel = false;
	check_asks(ask_undo_look_channel, im, "");
	walk(got_undo_look_channel, NEW, made_one, looks, COUNT(looks));
}

static void a_create_that_was_cut_short_is_looked_for(void **state)
{
	IMPORT im = import_on(NEW);

	(void)state;
	making(im);
	im->memo.live = true;
	check_asks(ask_lost_channel, im, "GET " ADMIN "/channels?search="
		   "crm-abc123-channel1&page=1&page_size=100");
	own_set(&im->resources[IMPORT_CHANNEL].host_resource_id, "5");
	check_asks(ask_lost_channel, im, "");
}

/* As real hosts were asked, and as they showed what they had made. */
static void a_body_is_what_hosts_took(void **state)
{
	IMPORT im = import_on(NEW);
	AUTO_FREE char *body = NULL;
	json_auto_t *got = NULL, *must = NULL;

	(void)state;
	making(im);
	body = import_channel_wanted(im);
	got = json_loads(body, 0, NULL);
	must = json_loads("{\"name\":\"p-one crm-abc123-channel1\","
		"\"group_ids\":[7],\"model_pricing\":[{\"platform\":\"openai\""
		",\"models\":[\"m-1\"],\"billing_mode\":\"token\","
		"\"input_price\":1.5e-6,\"output_price\":2.5e-6}],"
		"\"restrict_models\":false}", 0, NULL);
	assert_true(json_equal(got, must));
	for (size_t v = 0; v < COUNT(versions); v++) {
		CLEANUP(answer_done) struct answer answer = recorded(
			versions[v], "123-channel-create-priced");
		const json_t *live = answer_at(&answer, "/data");
		json_auto_t *wanted = json_pack("{sO s[{ss s[s] ss sf sf}]}",
			"group_ids", json_object_get(live, "group_ids"),
			"model_pricing", "platform", "openai", "models",
			"mock-a", "billing_mode", "token", "input_price",
			1e-6, "output_price", 2e-6);

		assert_false(host_channel_differs(wanted, live));
		json_object_set_new(wanted, "restrict_models", json_true());
		assert_true(host_channel_differs(wanted, live));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plain_import_makes_none),
		cmocka_unit_test(it_is_taken_behind_the_group),
		cmocka_unit_test(one_that_is_there_is_used),
		cmocka_unit_test(other_prices_are_written_by_one_who_holds_it),
		cmocka_unit_test(a_lost_create_is_found_by_its_mark),
		cmocka_unit_test(no_host_that_refuses_it_ends_an_import),
		cmocka_unit_test(it_is_read_back),
		cmocka_unit_test(the_row_says_what_was_written),
		cmocka_unit_test(what_was_made_for_a_group_goes_with_it),
		cmocka_unit_test(what_others_use_stays),
		cmocka_unit_test(a_channel_with_groups_of_others_stays),
		cmocka_unit_test(a_create_that_was_cut_short_is_looked_for),
		cmocka_unit_test(a_body_is_what_hosts_took),
	};

	return cmocka_run_group_tests(tests, read_settings, drop_settings);
}
