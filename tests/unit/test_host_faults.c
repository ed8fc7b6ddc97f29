/*
 * What a modelled host does while things go wrong between it and a client:
 * keys of clients that died, lists that change between their pages.
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
#include "tests/model/faults.h"
#include "tests/model/host_stage_use.h"

#define ACCOUNTS "/api/v1/admin/accounts"

static const char account_body[] =
	"{\"name\":\"abandoned\",\"platform\":\"openai\",\"type\":"
	"\"apikey\",\"credentials\":{}}";

/* POST the account under a key; the client lives on unless `mark` is set. */
static void create(struct host_stage *stage, const char *mark,
		   struct model_answer *ret)
{
	const struct host_ask ask = {
		.method = "POST", .path = ACCOUNTS,
		.token = stage->admin_token, .body = account_body,
		.headers = { "Idempotency-Key", "the-key",
			     mark ? FAULT_HEADER_ABANDONED : NULL, mark },
	};

	host_stage_send(stage, &ask, ret);
}

static int create_again(struct host_stage *stage, const char *reason)
{
	struct model_answer answer = { 0 };
	int status;

	create(stage, NULL, &answer);
	status = answer.status;
	if (reason) {
		const char *after = model_answer_header(&answer,
							"Retry-After");

		assert_non_null(after);
		assert_in_range(strtol(after, NULL, 10), 1, 29);
		assert_non_null(strstr(answer.body, reason));
	}
	model_answer_done(&answer);
	return status;
}

static int64_t accounts_named(struct host_stage *stage)
{
	json_auto_t *answer = host_stage_ask(stage, "GET",
		ACCOUNTS "?search=abandoned", stage->admin_token, NULL);

	return json_integer_value(json_object_get(
		json_object_get(answer, "data"), "total"));
}

static void a_client_that_died_leaves_its_key_locked(void **state)
{
	static const struct {
		const char *mark;
		int64_t made;
	} rows[] = { { "made", 1 }, { "unmade", 0 } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct host_stage *stage = stage_of(HOST_0_1_129, "");
		struct model_answer lost = { 0 };

		create(stage, rows[i].mark, &lost);
		model_answer_done(&lost);
		assert_int_equal(accounts_named(stage), rows[i].made);
		assert_int_equal(create_again(stage,
					      "IDEMPOTENCY_IN_PROGRESS"), 409);
		host_driver_wait(stage->driver, 30 * 1000 - 100);
		assert_int_equal(create_again(stage,
					      "IDEMPOTENCY_IN_PROGRESS"), 409);
		host_driver_wait(stage->driver, 1500);
		/* The lock is gone, and with it all that protected. */
		assert_int_equal(create_again(stage, NULL), 200);
		assert_int_equal(accounts_named(stage), rows[i].made + 1);
		stage_finish(stage);
	}
}

/* As a simulator finds out when it is about to send the answer. */
static void an_answer_that_nobody_read_leaves_its_key_locked(void **state)
{
	struct host_stage *stage = stage_of(HOST_0_1_129, "");
	struct model_request request = {
		.method = xstrdup("POST"), .target = xstrdup(ACCOUNTS),
		.body = xstrdup(account_body),
	};
	struct model_answer answer = { 0 };

	(void)state;
	create(stage, NULL, &answer);
	assert_int_equal(answer.status, 200);
	model_answer_done(&answer);
	model_request_add_header(&request, "Idempotency-Key", "the-key");
	host_model_abandon(host_driver_model(stage->driver),
			   host_driver_now(stage->driver), &request);
	model_request_done(&request);
	assert_int_equal(create_again(stage, "IDEMPOTENCY_IN_PROGRESS"), 409);
	host_driver_wait(stage->driver, 31 * 1000);
	assert_int_equal(create_again(stage, NULL), 200);
	assert_int_equal(accounts_named(stage), 2);
	stage_finish(stage);
}

static void another_key_is_not_held_up(void **state)
{
	struct host_stage *stage = stage_of(HOST_0_1_129, "");
	struct model_answer lost = { 0 };
	int status;

	(void)state;
	create(stage, "unmade", &lost);
	model_answer_done(&lost);
	json_decref(host_stage_ask_status(stage, "POST", ACCOUNTS,
					  stage->admin_token, account_body,
					  &status));
	assert_int_equal(status, 200);
	stage_finish(stage);
}

/* The ids of a page of two accounts, read with this shift. */
static void read_page(struct host_stage *stage, int page, const char *shift,
		      int64_t ret[2])
{
	AUTO_FREE char *path = xasprintf(ACCOUNTS "?page=%d&page_size=2"
					 "&sort_by=id", page);
	const struct host_ask ask = {
		.method = "GET", .path = path, .token = stage->admin_token,
		.headers = { shift ? FAULT_HEADER_SHIFT : NULL, shift },
	};
	struct model_answer answer = { 0 };
	json_auto_t *body = NULL;
	const json_t *items;

	host_stage_send(stage, &ask, &answer);
	body = json_loads(answer.body, 0, NULL);
	items = json_object_get(json_object_get(body, "data"), "items");
	for (size_t i = 0; i < 2; i++)
		ret[i] = json_integer_value(json_object_get(
			json_array_get(items, i), "id"));
	model_answer_done(&answer);
}

static void a_list_can_change_between_its_pages(void **state)
{
	struct host_stage *stage = stage_of(HOST_0_1_129,
					    "group owned=plain");
	int64_t first[2], next[2], shifted[2];

	(void)state;
	read_page(stage, 1, "-1", first);
	read_page(stage, 2, NULL, next);
	/* Something came before: the last of the first page is seen twice. */
	read_page(stage, 2, "-1", shifted);
	assert_int_equal(shifted[0], first[1]);
	assert_int_equal(shifted[1], next[0]);
	/* Something went: one is never seen. */
	read_page(stage, 2, "1", shifted);
	assert_int_equal(shifted[0], next[1]);
	stage_finish(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_client_that_died_leaves_its_key_locked),
		cmocka_unit_test(
			an_answer_that_nobody_read_leaves_its_key_locked),
		cmocka_unit_test(another_key_is_not_held_up),
		cmocka_unit_test(a_list_can_change_between_its_pages),
	};

	return cmocka_run_group_tests_name("host faults", tests, NULL, NULL);
}
