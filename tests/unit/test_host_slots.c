/*
 * How many requests a modelled host lets through at once, by user and by
 * account, and how long the others wait.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <string.h>

#include "shared/own.h"
#include "shared/table.h"
#include "tests/model/host_stage_use.h"

#define ADMIN "/api/v1/admin"
#define MANY 26

/* Requests that were sent at one moment, and what came of them. */
struct crowd {
	uint64_t tickets[MANY];
	int status[MANY];
	char *bodies[MANY];
	int64_t took[MANY];
	size_t count;
};

static void crowd_done(struct crowd *crowd)
{
	for (size_t i = 0; i < crowd->count; i++)
		free(crowd->bodies[i]);
}

static uint64_t send(struct host_stage *stage, size_t i, bool stream)
{
	AUTO_FREE char *bearer = xasprintf("Bearer %s", stage->key);
	struct model_request request = {
		.method = xstrdup("POST"),
		.target = xstrdup("/v1/chat/completions"),
		.body = xasprintf("{\"model\":\"mock-a\",\"messages\":[{"
			"\"role\":\"user\",\"content\":\"number %zu\"}],"
			"\"stream\":%s}", i, stream ? "true" : "false"),
	};
	uint64_t ticket;

	request.body_len = strlen(request.body);
	model_request_add_header(&request, "Authorization", bearer);
	ticket = host_driver_start(stage->driver, &request);
	model_request_done(&request);
	return ticket;
}

static struct crowd crowd_of(struct host_stage *stage, size_t count,
			     bool stream)
{
	struct crowd crowd = { .count = count };
	int64_t began = host_driver_now(stage->driver);

	for (size_t i = 0; i < count; i++)
		crowd.tickets[i] = send(stage, i, stream);
	for (size_t i = 0; i < count; i++) {
		struct model_answer answer = { 0 };

		assert_true(host_driver_await(stage->driver,
					      crowd.tickets[i], &answer));
		crowd.status[i] = answer.status;
		crowd.bodies[i] = xstrdup(answer.body);
		crowd.took[i] = host_driver_now(stage->driver) - began;
		model_answer_done(&answer);
	}
	return crowd;
}

static size_t with_status(const struct crowd *crowd, int status)
{
	size_t count = 0;

	for (size_t i = 0; i < crowd->count; i++)
		count += crowd->status[i] == status;
	return count;
}

static void limit_user(struct host_stage *stage, int concurrency)
{
	AUTO_FREE char *path = xasprintf(ADMIN "/users/%" PRId64,
					 stage->user_id);
	AUTO_FREE char *body = xasprintf("{\"concurrency\":%d}", concurrency);

	assert_true(host_stage_admin(stage, "PUT", path, body));
}

static void limit_account(struct host_stage *stage, int concurrency)
{
	AUTO_FREE char *update = xasprintf("\"concurrency\":%d", concurrency);

	assert_true(host_stage_bulk(stage, update));
	host_driver_wait(stage->driver, 1100);
}

static struct host_stage *stage_with(int64_t chat_ms)
{
	struct host_stage *stage = stage_of(HOST_0_1_129,
		"group user login key account=forced wait=2000");

	stage->mock.chat_ms = chat_ms;
	return stage;
}

static void without_a_limit_all_go_at_once(void **state)
{
	struct host_stage *stage = stage_with(1000);
	CLEANUP(crowd_done) struct crowd crowd = crowd_of(stage, 12, false);

	(void)state;
	assert_int_equal(with_status(&crowd, 200), 12);
	assert_in_range(crowd.took[11], 1000, 1100);
	stage_finish(stage);
}

static void behind_a_limit_of_one_they_go_in_turns(void **state)
{
	(void)state;
	for (int by_user = 0; by_user < 2; by_user++) {
		struct host_stage *stage = stage_with(1000);
		CLEANUP(crowd_done) struct crowd crowd = { .count = 0 };

		if (by_user)
			limit_user(stage, 1);
		else
			limit_account(stage, 1);
		crowd = crowd_of(stage, 4, false);
		assert_int_equal(with_status(&crowd, 200), 4);
		/* 4.5 to 6 s were seen; polling loses some time. */
		assert_in_range(crowd.took[3], 3900, 8000);
		stage_finish(stage);
	}
}

static void who_waits_too_long_is_refused(void **state)
{
	static const char *const whose[] = { "account", "user" };

	(void)state;
	for (int by_user = 0; by_user < 2; by_user++) {
		struct host_stage *stage = stage_with(45000);
		AUTO_FREE char *text = xasprintf("Concurrency limit exceeded "
			"for %s, please retry later", whose[by_user]);
		CLEANUP(crowd_done) struct crowd crowd = { .count = 0 };

		if (by_user)
			limit_user(stage, 1);
		else
			limit_account(stage, 1);
		crowd = crowd_of(stage, 2, false);
		assert_int_equal(crowd.status[0], 200);
		assert_int_equal(crowd.status[1], 429);
		assert_non_null(strstr(crowd.bodies[1], text));
		stage_finish(stage);
	}
}

static void a_waiting_stream_ends_in_an_event(void **state)
{
	struct host_stage *stage = stage_with(45000);
	CLEANUP(crowd_done) struct crowd crowd = { .count = 0 };

	(void)state;
	limit_account(stage, 1);
	crowd = crowd_of(stage, 2, true);
	assert_int_equal(crowd.status[1], 200);
	assert_non_null(strstr(crowd.bodies[1], "event: error\ndata: "));
	assert_non_null(strstr(crowd.bodies[1], "Concurrency limit exceeded"));
	stage_finish(stage);
}

static void the_queue_of_a_user_has_an_end(void **state)
{
	struct host_stage *stage = stage_with(100);
	CLEANUP(crowd_done) struct crowd crowd = { .count = 0 };

	(void)state;
	limit_user(stage, 1);
	crowd = crowd_of(stage, 26, false);
	assert_int_equal(with_status(&crowd, 429), 5);
	for (size_t i = 0; i < 21; i++)
		assert_int_equal(crowd.status[i], 200);
	assert_non_null(strstr(crowd.bodies[25], "Too many pending requests"));
	stage_finish(stage);
}

static void a_full_account_leaves_the_rest_to_another(void **state)
{
	struct host_stage *stage = stage_with(1000);
	CLEANUP(crowd_done) struct crowd crowd = { .count = 0 };

	(void)state;
	limit_account(stage, 1);
	assert_true(host_stage_bulk(stage, "\"priority\":1"));
	stage_set(stage, "account=forced wait=2000");
	crowd = crowd_of(stage, 6, false);
	assert_int_equal(with_status(&crowd, 200), 6);
	assert_in_range(crowd.took[5], 1000, 1200);
	stage_finish(stage);
}

static void places_are_given_back_whatever_happens(void **state)
{
	static const char *const ups[] = { "ok", "403", "500", "reset" };

	(void)state;
	for (size_t i = 0; i < COUNT(ups); i++) {
		struct host_stage *stage = stage_with(0);
		json_auto_t *account = NULL;

		limit_user(stage, 1);
		limit_account(stage, 1);
		stage_set(stage, "up=ok chat");
		snprintf(stage->mock.chat, sizeof(stage->mock.chat), "%s",
			 ups[i]);
		stage_chat(stage);
		account = stage_account(stage);
		assert_int_equal(json_integer_value(json_object_get(
			account, "current_concurrency")), 0);
		stage_set(stage, "up=ok");
		stage_act(stage, "recover-state", NULL);
		stage_warm_up(stage, 2000, 503);
		stage_finish(stage);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_limit_all_go_at_once),
		cmocka_unit_test(behind_a_limit_of_one_they_go_in_turns),
		cmocka_unit_test(who_waits_too_long_is_refused),
		cmocka_unit_test(a_waiting_stream_ends_in_an_event),
		cmocka_unit_test(the_queue_of_a_user_has_an_end),
		cmocka_unit_test(a_full_account_leaves_the_rest_to_another),
		cmocka_unit_test(places_are_given_back_whatever_happens),
	};

	return cmocka_run_group_tests_name("host slots", tests, NULL, NULL);
}
