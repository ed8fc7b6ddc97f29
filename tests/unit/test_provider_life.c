/*
 * What happens to a modelled provider while it is used: keys are revoked,
 * models go, money runs out; and its surfaces beside chat.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <jansson.h>

#include "shared/table.h"
#include "tests/model/provider_model.h"

#define NOW 1770000000000
#define CHAT "/v1/chat/completions"
#define ASK(model) "{\"model\":\"" model "\",\"max_tokens\":64,\"messages\":" \
	"[{\"role\":\"user\",\"content\":\"ping ab12cd34\"}]"

struct talk {
	struct provider_model *model;
	struct model_answer answer;
	json_t *body;
};

static void talk_done(struct talk *talk)
{
	provider_model_free(&talk->model);
	model_answer_done(&talk->answer);
	json_decref(talk->body);
}

static struct talk talk_to(const struct provider_options *options)
{
	struct talk talk = { .model = provider_model_new(options) };

	assert_non_null(talk.model);
	return talk;
}

static int say(struct talk *talk, const char *key, const char *method,
	       const char *target, const char *body)
{
	CLEANUP(model_request_done) struct model_request request = {
		.method = xstrdup(method), .target = xstrdup(target),
		.body = xstrdup(body), .body_len = strlen(body),
	};
	AUTO_FREE char *bearer = xasprintf("Bearer %s", key);

	model_request_add_header(&request, "Authorization", bearer);
	model_answer_done(&talk->answer);
	json_decref(talk->body);
	provider_model_request(talk->model, NOW, &request, &talk->answer);
	talk->body = json_loadb(talk->answer.body, talk->answer.body_len, 0,
				NULL);
	return talk->answer.status;
}

static int chat(struct talk *talk, const char *key, const char *body)
{
	return say(talk, key, "POST", CHAT, body);
}

static const char *control(struct talk *talk, const char *text)
{
	json_auto_t *body = json_loads(text, 0, NULL);

	assert_non_null(body);
	return provider_model_control(talk->model, NOW, body);
}

static size_t models_listed(struct talk *talk)
{
	assert_int_equal(say(talk, "good-1", "GET", "/v1/models", ""), 200);
	return json_array_size(json_object_get(talk->body, "data"));
}

static void a_key_can_be_revoked_and_restored(void **state)
{
	CLEANUP(talk_done) struct talk talk =
		talk_to(&(struct provider_options){ .seed = 1 });

	(void)state;
	assert_int_equal(chat(&talk, "good-1", ASK("mock-a") "}"), 200);
	assert_null(control(&talk,
			    "{\"do\":\"revoke-key\",\"key\":\"good-1\"}"));
	assert_int_equal(chat(&talk, "good-1", ASK("mock-a") "}"), 401);
	assert_int_equal(chat(&talk, "good-2", ASK("mock-a") "}"), 200);
	assert_null(control(&talk,
			    "{\"do\":\"restore-key\",\"key\":\"good-1\"}"));
	assert_int_equal(chat(&talk, "good-1", ASK("mock-a") "}"), 200);
	assert_non_null(control(&talk, "{\"do\":\"revoke-key\"}"));
	assert_non_null(control(&talk, "{\"do\":\"sing\"}"));
}

static void keys_can_have_a_short_life(void **state)
{
	CLEANUP(talk_done) struct talk talk =
		talk_to(&(struct provider_options){ .revoke_after = 2 });

	(void)state;
	assert_int_equal(chat(&talk, "good-1", ASK("mock-a") "}"), 200);
	assert_int_equal(chat(&talk, "good-1", ASK("mock-a") "}"), 200);
	assert_int_equal(chat(&talk, "good-1", ASK("mock-a") "}"), 401);
	assert_int_equal(say(&talk, "good-1", "GET", "/v1/models", ""), 401);
}

static void a_model_can_go_from_the_list_or_altogether(void **state)
{
	CLEANUP(talk_done) struct talk talk =
		talk_to(&(struct provider_options){ .models = "a,b,c" });

	(void)state;
	assert_int_equal(models_listed(&talk), 3);
	assert_null(control(&talk,
			    "{\"do\":\"unlist-model\",\"model\":\"a\"}"));
	assert_int_equal(models_listed(&talk), 2);
	assert_int_equal(chat(&talk, "good-1", ASK("a") "}"), 200);
	assert_null(control(&talk,
			    "{\"do\":\"retire-model\",\"model\":\"b\"}"));
	assert_int_equal(models_listed(&talk), 1);
	assert_int_equal(chat(&talk, "good-1", ASK("b") "}"), 404);
	assert_non_null(strstr(talk.answer.body, "model_not_found"));
	assert_null(control(&talk, "{\"do\":\"retire-model\",\"model\":\"c\","
			    "\"listed\":true}"));
	assert_int_equal(models_listed(&talk), 1);
	assert_int_equal(chat(&talk, "good-1", ASK("c") "}"), 404);
	assert_null(control(&talk,
			    "{\"do\":\"add-model\",\"model\":\"b\"}"));
	assert_int_equal(chat(&talk, "good-1", ASK("b") "}"), 200);
	assert_int_equal(models_listed(&talk), 2);
}

static void some_grow_old_by_themselves(void **state)
{
	CLEANUP(talk_done) struct talk revoking = talk_to(
		&(struct provider_options){ .personality = "revoking" });
	CLEANUP(talk_done) struct talk retiring = talk_to(
		&(struct provider_options){ .personality = "retiring" });
	CLEANUP(talk_done) struct talk unlisting = talk_to(
		&(struct provider_options){ .personality = "unlisting" });

	(void)state;
	for (int i = 0; i < 20; i++) {
		assert_int_equal(chat(&revoking, "good-1",
				      ASK("mock-a") "}"), 200);
		assert_int_equal(chat(&retiring, "good-1",
				      ASK("mock-b") "}"), 200);
	}
	assert_int_equal(chat(&revoking, "good-1", ASK("mock-a") "}"), 401);
	assert_int_equal(chat(&retiring, "good-1", ASK("mock-b") "}"), 404);
	assert_int_equal(chat(&retiring, "good-1", ASK("mock-a") "}"), 200);
	assert_int_equal(models_listed(&unlisting), 2);
	assert_int_equal(models_listed(&unlisting), 1);
}

struct balance {
	const char *vendor;
	const char *target;
	const char *path;		/* to what is left */
	bool as_text;
};

static const struct balance balances[] = {
	{ "deepseek", "/user/balance", "balance_infos.0.total_balance",
	  true },
	{ "moonshot", "/v1/users/me/balance", "data.available_balance",
	  false },
	{ "siliconflow", "/v1/user/info", "data.totalBalance", true },
	{ "openrouter", "/api/v1/key", "data.limit_remaining", false },
	{ "minimax", "/v1/token_plan/remains",
	  "model_remains.0.current_interval_remaining_percent", false },
	{ "stepfun", "/v1/accounts", "balance", false },
};

static const json_t *find(const json_t *from, const char *path)
{
	while (*path && from) {
		size_t len = strcspn(path, ".");
		AUTO_FREE char *name = xstrndup(path, len);

		from = json_is_array(from) ?
			json_array_get(from, (size_t)(path[0] - '0')) :
			json_object_get(from, name);
		path += len + (path[len] == '.');
	}
	return from;
}

static double left(const struct talk *talk, const struct balance *balance)
{
	const json_t *value = find(talk->body, balance->path);

	assert_non_null(value);
	assert_int_equal(json_is_string(value), balance->as_text);
	return json_is_string(value) ?
		strtod(json_string_value(value), NULL) :
		json_number_value(value);
}

static void each_vendor_tells_its_balance_in_its_form(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(balances); i++) {
		const struct balance *row = &balances[i];
		CLEANUP(talk_done) struct talk talk = talk_to(
			&(struct provider_options){ .vendor = row->vendor,
						    .amount = 7.5 });

		assert_int_equal(say(&talk, "good-1", "GET", row->target, ""),
				 200);
		assert_true(left(&talk, row) == 7.5);
		assert_int_equal(say(&talk, "quota-1", "GET", row->target,
				     ""), 200);
		assert_true(left(&talk, row) == 0);
		assert_int_equal(say(&talk, "bad", "GET", row->target, ""),
				 401);
		assert_null(control(&talk, "{\"do\":\"balance\",\"amount\":"
				    "0.25}"));
		say(&talk, "good-1", "GET", row->target, "");
		assert_true(left(&talk, row) == 0.25);
	}
}

static void a_balance_is_found_at_its_own_vendor_alone(void **state)
{
	CLEANUP(talk_done) struct talk none =
		talk_to(&(struct provider_options){ .seed = 1 });
	CLEANUP(talk_done) struct talk other =
		talk_to(&(struct provider_options){ .vendor = "stepfun" });

	(void)state;
	for (size_t i = 0; i < COUNT(balances) - 1; i++) {
		assert_int_equal(say(&none, "good-1", "GET",
				     balances[i].target, ""), 404);
		assert_int_equal(say(&other, "good-1", "GET",
				     balances[i].target, ""), 404);
	}
	assert_null(provider_model_new(&(struct provider_options){
		.vendor = "a bank" }));
}

static void plans_say_when_they_end(void **state)
{
	CLEANUP(talk_done) struct talk router =
		talk_to(&(struct provider_options){ .vendor = "openrouter" });
	CLEANUP(talk_done) struct talk plan =
		talk_to(&(struct provider_options){ .vendor = "minimax" });

	(void)state;
	assert_int_equal(say(&router, "good-1", "GET", "/api/v1/key", ""),
			 200);
	assert_true(json_is_null(find(router.body, "data.expires_at")));
	assert_null(control(&router, "{\"do\":\"balance\","
			    "\"expires_in_s\":3600}"));
	assert_int_equal(say(&router, "good-1", "GET", "/api/v1/key", ""),
			 200);
	assert_true(json_is_string(find(router.body, "data.expires_at")));
	assert_null(control(&plan, "{\"do\":\"balance\","
			    "\"expires_in_s\":3600}"));
	assert_int_equal(say(&plan, "good-1", "GET",
			     "/v1/token_plan/remains", ""), 200);
	assert_true(json_integer_value(find(plan.body,
		"model_remains.0.weekly_end_time")) == NOW + 3600 * 1000);
}

struct surface {
	const char *personality;
	int chat, responses, compact, tokens, embeddings, messages, count;
};

static const struct surface surfaces[] = {
	{ "chat-only-403", 200, 403, 403, 403, 200, 404, 404 },
	{ "chat-alone-403", 200, 403, 403, 403, 403, 403, 403 },
	{ "chat-alone-404", 200, 404, 404, 404, 404, 404, 404 },
	{ "dual", 200, 200, 404, 404, 200, 404, 404 },
	{ "with-messages", 200, 403, 403, 403, 200, 200, 200 },
	{ "messages-only", 404, 404, 404, 404, 404, 200, 200 },
	{ "all-surfaces", 200, 200, 200, 200, 200, 200, 200 },
};

static void expect(struct talk *talk, const char *target, int status)
{
	int got = say(talk, "good-1", "POST", target,
		      ASK("mock-a") ",\"input\":\"hi\"}");

	if (got != status)
		fail_msg("%s: %d, not %d", target, got, status);
}

static void personalities_differ_in_their_surfaces(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(surfaces); i++) {
		const struct surface *row = &surfaces[i];
		CLEANUP(talk_done) struct talk talk = talk_to(
			&(struct provider_options){
				.personality = row->personality });

		expect(&talk, CHAT, row->chat);
		expect(&talk, "/v1/responses", row->responses);
		expect(&talk, "/v1/responses/compact", row->compact);
		expect(&talk, "/v1/responses/input_tokens", row->tokens);
		expect(&talk, "/v1/embeddings", row->embeddings);
		expect(&talk, "/v1/messages", row->messages);
		expect(&talk, "/v1/messages/count_tokens", row->count);
	}
}

static void messages_answer_whole_streamed_and_with_tools(void **state)
{
	CLEANUP(talk_done) struct talk talk = talk_to(
		&(struct provider_options){ .personality = "with-messages" });

	(void)state;
	assert_int_equal(say(&talk, "good-1", "POST", "/v1/messages",
			     ASK("mock-a") "}"), 200);
	assert_string_equal(json_string_value(find(talk.body,
		"content.0.text")), "pong ab12cd34");
	assert_string_equal(json_string_value(find(talk.body, "stop_reason")),
			    "end_turn");
	assert_int_equal(say(&talk, "good-1", "POST", "/v1/messages",
			     ASK("mock-a") ",\"tools\":[{\"name\":\"f\","
			     "\"input_schema\":{\"properties\":{\"city\":"
			     "{\"type\":\"string\"}}}}]}"), 200);
	assert_string_equal(json_string_value(find(talk.body,
		"content.0.input.city")), "Paris");
	assert_int_equal(say(&talk, "good-1", "POST", "/v1/messages",
			     ASK("mock-a") ",\"stream\":true}"), 200);
	assert_non_null(strstr(talk.answer.body, "event: message_stop"));
	assert_non_null(strstr(talk.answer.body, "pong ab12cd34"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_can_be_revoked_and_restored),
		cmocka_unit_test(keys_can_have_a_short_life),
		cmocka_unit_test(a_model_can_go_from_the_list_or_altogether),
		cmocka_unit_test(some_grow_old_by_themselves),
		cmocka_unit_test(each_vendor_tells_its_balance_in_its_form),
		cmocka_unit_test(a_balance_is_found_at_its_own_vendor_alone),
		cmocka_unit_test(plans_say_when_they_end),
		cmocka_unit_test(personalities_differ_in_their_surfaces),
		cmocka_unit_test(
			messages_answer_whole_streamed_and_with_tools),
	};

	return cmocka_run_group_tests_name("provider life", tests, NULL,
					   NULL);
}
