/*
 * The proof: what is made of the gateway's list and of its completion.
 */
#include "tests/unit/import_fixture.h"

#define NEW "0.1.179"
#define LISTS(name) SAYS(200, "{\"data\":[{\"id\":\"m-2\"},{\"id\":\"" \
	name "\"}]}")
#define WORD "{\"model\":\"m-1x\",\"choices\":[{\"message\":{\"content\":" \
	"\"Hello\"},\"finish_reason\":\"stop\"}]}"
#define THOUGHT "{\"choices\":[{\"message\":{\"content\":\"\"," \
	"\"reasoning_content\":\"Hm.\"},\"finish_reason\":\"stop\"}]}"
#define NO_WORD "{\"choices\":[{\"message\":{\"content\":\"\"}," \
	"\"finish_reason\":\"length\"}]}"
#define ROUTED(type, message) \
	"{\"error\":{\"type\":\"" type "\",\"message\":\"" message "\"}}"
#define REFUSED "{\"code\":\"INVALID_API_KEY\",\"message\":\"Invalid\"}"
/* What would end it is looked into first, hop by hop. */
#define LOOKS TO("diagnose.direct")
#define SECRET "sk-relay-0123456789abcdef"

static void made_by_us(struct import *im)
{
	has(im, IMPORT_GROUP, RESOURCE_MAKING, "7");
	has(im, IMPORT_ACCOUNT, RESOURCE_MAKING, "5");
	has(im, IMPORT_SUBSCRIPTION, RESOURCE_PRESENT, "6");
	has(im, IMPORT_KEY, RESOURCE_PRESENT, "2");
	own_set(&im->item.account_id, "5");
	snprintf(im->key_fingerprint, sizeof(im->key_fingerprint), "f00d");
	snprintf(im->memo.nonce, sizeof(im->memo.nonce), "nonce12345");
	im->memo.models_listed = true;
	im->memo.models_status = 200;
}

/* ---- the list ---- */

static void bound_lately(struct import *im)
{
	im->step_since = NOW - 60000;
	im->memo.bound_at = NOW - 15999;
}

static void bound_long_ago(struct import *im)
{
	im->step_since = im->memo.bound_at = NOW - 16000;
}

static void renewed(struct import *im)
{
	im->memo.renewed_key = true;
}

static void proving(struct import *im)
{
	im->memo.proving = im->memo.live = true;
	has(im, IMPORT_PROOF_GROUP, RESOURCE_MAKING, "9");
}

static void is_listed(const struct import *im)
{
	assert_true(im->memo.models_listed);
	assert_int_equal(im->memo.models_status, 200);
	assert_int_equal(strlen(im->memo.nonce), 10);
}

static void is_not_listed(const struct import *im)
{
	assert_false(im->memo.models_listed);
}

static void says_what_is_missing(const struct import *im)
{
	assert_non_null(strstr(im->item.failure_detail, "list"));
	assert_int_equal(im->memo.diagnosed, FAILURE_MODEL_NOT_LISTED);
}

/* The host says first whether it still has the key. */
static void nothing_is_let_go(const struct import *im)
{
	assert_int_equal(im->resources[IMPORT_KEY].state, RESOURCE_PRESENT);
	assert_true(im->memo.renewed_key);
}

/* People were given the key. */
static void the_key_is_kept(const struct import *im)
{
	assert_int_equal(im->resources[IMPORT_KEY].state, RESOURCE_PRESENT);
	assert_int_equal(im->resources[IMPORT_SUBSCRIPTION].state,
			 RESOURCE_GONE);
	assert_true(im->memo.renewed_key);
}

static void refusal_is_evidence(const struct import *im)
{
	assert_int_equal(im->memo.diagnosed, FAILURE_KEY_REFUSED);
	assert_int_equal(im->diagnosis.at, NOW);
	assert_int_equal(im->diagnosis.gateway.status, 401);
	assert_int_equal(im->diagnosis.gateway.class, FAILURE_KEY_REFUSED);
}

/* Nobody else can be asked, but what was seen is kept. */
static void silence_is_evidence(const struct import *im)
{
	assert_int_equal(im->memo.diagnosed, FAILURE_TLS);
	assert_int_equal(im->diagnosis.gateway.status, 0);
	assert_int_equal(im->diagnosis.gateway.at, NOW);
}

static void no_proof(const struct import *im)
{
	assert_null(im->proof.model);
}

/* What the gateway says of a key, of itself, of the way to it. */
static const struct step_case gateway[] = {
	{ "key refused", NULL, SAYS(401, REFUSED), TO("access.key_look"),
	  nothing_is_let_go },
	{ "no right", NULL, SAYS(403, ROUTED("permission_error", "no")),
	  TO("access.key_look"), nothing_is_let_go },
	{ "no subscription", NULL, SAYS(403, "{\"code\":"
	  "\"SUBSCRIPTION_NOT_FOUND\",\"message\":\"none\"}"),
	  TO("access.subscription"), the_key_is_kept },
	{ "key refused again", renewed, SAYS(401, REFUSED),
	  LOOKS, refusal_is_evidence },
	{ "proof key refused", proving, SAYS(401, REFUSED),
	  LOOKS, NULL },
	{ "too often", NULL,
	  SAYS_LATER(429, 8000, ROUTED("rate_limit_error", "slow")),
	  AGAIN(FAILURE_RATE_LIMITED, 8000), NULL },
	{ "no way", NULL, LOST(TRANSPORT_REFUSED), AGAIN(FAILURE_REFUSED, -1),
	  NULL },
	{ "a bad certificate", NULL, LOST(TRANSPORT_TLS), TO("diagnose.end"),
	  silence_is_evidence },
	{ "no such path", NULL, SAYS_PAGE(404), LOOKS,
	  NULL },
};

static void the_model_must_be_listed(void **state)
{
	static const struct step_case cases[] = {
		{ "listed", NULL, LISTS("m-1"), ON, is_listed },
		{ "not yet", bound_lately, LISTS("m-10"),
		  WAIT(1000, FAILURE_WARMING_UP), is_not_listed },
		{ "not at all", bound_long_ago, LISTS("m-10"),
		  LOOKS, says_what_is_missing },
		{ "a page", NULL, SAYS_PAGE(200),
		  AGAIN(FAILURE_HOST_UNSUPPORTED, -1), NULL },
		{ "no list", NULL, SAYS(200, "{}"),
		  AGAIN(FAILURE_NOT_JSON, -1), NULL },
	};
	IMPORT im = import_on(NEW);

	(void)state;
	walk(got_gateway_models, NEW, made_by_us, cases, COUNT(cases));
	walk(got_gateway_models, NEW, made_by_us, gateway, COUNT(gateway));
	check_asks(ask_gateway_models, im,
		   "GET https://host.example/v1/models");
}

/*
 * Whoever else rolled back, or gave up, may have deleted it meanwhile; its
 * secret is not there either, and nothing can be asked with it.
 */
static void a_key_that_is_not_there_is_had_anew_once(void **state)
{
	static ask_step *const asks[] = { ask_gateway_models,
					  ask_gateway_chat };
	static got_step *const gots[] = { got_gateway_models,
					  got_gateway_chat };

	(void)state;
	for (size_t i = 0; i < COUNT(asks); i++) {
		IMPORT im = import_on(NEW);
		IMPORT change = import_on(NEW);

		made_by_us(im);
		own_set(&im->resources[IMPORT_KEY].secret_id, NULL);
		check_asks(asks[i], im, "");
		check_unasked("lost", gots[i], im,
			      (struct verdict)TO("access.user"));
		check_unasked("lost again", gots[i], im,
			      (struct verdict)FAIL(FAILURE_KEY_REFUSED));
		change->changing = true;
		own_set(&change->resources[IMPORT_KEY].secret_id, NULL);
		check_asks(asks[i], change, "");
		check_unasked("of a change", gots[i], change,
			      (struct verdict)FAIL(FAILURE_KEY_REFUSED));
		assert_non_null(change->item.failure_detail);
	}
}

/* A message of its own keeps a gateway from going where it went before. */
static void a_nonce_is_drawn_once(void **state)
{
	static const struct said said = LISTS("m-1");
	CLEANUP(answer_done) struct answer answer = answer_made(&said);
	IMPORT im = import_on(NEW);
	char first[16];

	(void)state;
	got_gateway_models(im, &answer);
	assert_int_equal(strlen(im->memo.nonce), 10);
	memcpy(first, im->memo.nonce, sizeof(first));
	im->random = 43;
	got_gateway_models(im, &answer);
	assert_string_equal(im->memo.nonce, first);
}

/* ---- the completion ---- */

static void proven(const struct import *im)
{
	const struct proof *proof = &im->proof;

	assert_true(proof->ok);
	assert_true(proof->completion_ok);
	assert_int_equal(proof->kind, PROOF_ACCESS);
	assert_string_equal(proof->group_id, "7");
	assert_string_equal(proof->account_id, "5");
	assert_string_equal(proof->model, "m-1");
	assert_string_equal(proof->completion_preview, "Hello");
	assert_string_equal(proof->key_source, "managed_subscription");
	assert_string_equal(proof->key_fingerprint, "f00d");
	assert_null(proof->failure_class);
	assert_int_equal(proof->models_status, 200);
	assert_int_equal(proof->completion_status, 200);
	assert_non_null(strstr(proof->request_json, "itm_1-nonce12345"));
	assert_non_null(strstr(proof->answer_json, "\"model\":\"m-1x\""));
}

/* With its proof the account, and so its group, is for others. */
static void all_is_settled(const struct import *im)
{
	proven(im);
	assert_int_equal(im->resources[IMPORT_ACCOUNT].state,
			 RESOURCE_PRESENT);
	assert_int_equal(im->resources[IMPORT_GROUP].state, RESOURCE_PRESENT);
	assert_null(im->item.failure_detail);
	assert_string_equal(im->memo.nonce, "");
}

static void made_by_others(struct import *im)
{
	has(im, IMPORT_GROUP, RESOURCE_PRESENT, "7");
	has(im, IMPORT_ACCOUNT, RESOURCE_PRESENT, "5");
}

static void nothing_is_settled(const struct import *im)
{
	proven(im);
	assert_false(im->changed[IMPORT_GROUP]);
	assert_false(im->changed[IMPORT_ACCOUNT]);
	assert_int_equal(im->nevents, 0);
}

static void has_two_users(struct import *im)
{
	json_array_append_new(im->selectors, json_string("bob"));
	im->memo.created_key = im->memo.renewed_key = true;
}

static void next_user(const struct import *im)
{
	AUTO_FREE char *email = import_email(im);

	all_is_settled(im);
	assert_string_equal(email, "relay-sub-bob.abc123@crm.invalid");
	assert_false(im->memo.created_key);
	assert_false(im->memo.renewed_key);
}

static void proven_alone(const struct import *im)
{
	const struct proof *proof = &im->proof;

	assert_true(proof->ok);
	assert_int_equal(proof->kind, PROOF_ACCOUNT);
	assert_string_equal(proof->group_id, "9");
	assert_string_equal(proof->key_source, "managed_proof");
	/* Not before it was moved. */
	assert_int_equal(im->resources[IMPORT_ACCOUNT].state,
			 RESOURCE_MAKING);
	assert_string_equal(im->memo.nonce, "");
}

static void disproved(const struct import *im)
{
	assert_false(im->proof.ok);
	assert_false(im->proof.completion_ok);
	assert_non_null(im->proof.failure_class);
	if (im->memo.diagnosed)
		assert_string_equal(failure_name((enum failure)
						 im->memo.diagnosed),
				    im->proof.failure_class);
	assert_int_equal(im->resources[IMPORT_ACCOUNT].state,
			 RESOURCE_MAKING);
}

static void the_key_is_masked(const struct import *im)
{
	disproved(im);
	assert_non_null(strstr(im->item.failure_detail, "[redacted]"));
	assert_null(strstr(im->item.failure_detail, SECRET));
	assert_null(strstr(im->proof.answer_json, SECRET));
}

static void says_how_it_ended(const struct import *im)
{
	assert_string_equal(im->item.failure_detail,
			    "no content in the answer, finish_reason stop");
}

static void a_chat_proves_or_disproves(void **state)
{
	static const struct step_case cases[] = {
		{ "a word", NULL, SAYS(200, WORD), END, all_is_settled },
		{ "a word of what others made", made_by_others,
		  SAYS(200, WORD), END, nothing_is_settled },
		{ "a word, and another user", has_two_users, SAYS(200, WORD),
		  TO("access.user"), next_user },
		{ "a word of an account alone", proving, SAYS(200, WORD),
		  TO("prove.groups"), proven_alone },
		{ "no word in so few tokens", NULL, SAYS(200, NO_WORD),
		  AGAIN(FAILURE_EMPTY_COMPLETION, -1), disproved },
		{ "no word, again and again", tried_often, SAYS(200, NO_WORD),
		  AGAIN(FAILURE_EMPTY_COMPLETION, -1), disproved },
		{ "a thought", NULL, SAYS(200, THOUGHT),
		  AGAIN(FAILURE_EMPTY_COMPLETION, -1), disproved },
		{ "a thought, again", tried_often, SAYS(200, THOUGHT),
		  FAIL(FAILURE_EMPTY_COMPLETION), says_how_it_ended },
		{ "no completion", NULL, SAYS(200, "{}"),
		  AGAIN(FAILURE_INSPECT_BODY, -1), disproved },
		{ "never a completion", tried_often, SAYS(200, "{}"),
		  LOOKS, disproved },
		{ "the provider refuses the key, which the host shows", NULL,
		  SAYS(502, ROUTED("upstream_error", "Upstream authentication"
			" failed, key " SECRET)),
		  LOOKS, the_key_is_masked },
		{ "it refuses it always", tried_often,
		  SAYS(502, ROUTED("upstream_error", "Upstream authentication"
			" failed, key " SECRET)),
		  LOOKS, the_key_is_masked },
		{ "the provider has no money", NULL,
		  SAYS(402, ROUTED("insufficient_balance", "pay")),
		  LOOKS, disproved },
		{ "chat goes to /responses", tried_often,
		  SAYS(502, ROUTED("api_error",
				   "Upstream stream ended without a word")),
		  LOOKS, disproved },
	};

	(void)state;
	walk(got_gateway_chat, NEW, made_by_us, cases, COUNT(cases));
	walk(got_gateway_chat, NEW, made_by_us, gateway, COUNT(gateway));
}

/* ---- a fresh account, or none ---- */

static void asked_before(struct import *im)
{
	im->memo.polls = 1;
}

static void almost_too_late(struct import *im)
{
	im->memo.polls = 1;
	im->step_since = NOW - settings.warm_up_ms + 1;
}

static void too_late(struct import *im)
{
	im->step_since = NOW - settings.warm_up_ms;
}

/* It reached the provider, so it is not warming up. */
static void said_before(struct import *im)
{
	static const struct said said =
		SAYS(502, ROUTED("upstream_error", "Upstream service "
				 "temporarily unavailable"));
	CLEANUP(answer_done) struct answer answer = answer_made(&said);

	got_gateway_chat(im, &answer);
	proof_done(&im->proof);
}

static void model_is_unknown(const struct import *im)
{
	no_proof(im);
	assert_int_equal(im->memo.diagnosed, FAILURE_MODEL_NOT_FOUND);
}

static void a_fresh_account_has_a_while(void **state)
{
#define NOBODY SAYS(503, ROUTED("api_error", "no available account"))
#define UNKNOWN SAYS(404, ROUTED("model_not_found", "no model"))
	static const struct step_case cases[] = {
		{ "at once", NULL, NOBODY, WAIT(60, FAILURE_WARMING_UP),
		  no_proof },
		{ "soon", asked_before, NOBODY, WAIT(250, FAILURE_WARMING_UP),
		  no_proof },
		{ "at last", almost_too_late, NOBODY,
		  WAIT(250, FAILURE_WARMING_UP), no_proof },
		{ "too late", too_late, NOBODY, AGAIN(FAILURE_NO_ACCOUNT, -1),
		  no_proof },
		{ "its model too", NULL, UNKNOWN,
		  WAIT(60, FAILURE_WARMING_UP), no_proof },
		{ "no model at all", too_late, UNKNOWN, LOOKS,
		  model_is_unknown },
		{ "benched after what it said before", said_before, NOBODY,
		  AGAIN(FAILURE_UPSTREAM_FAILED, -1), no_proof },
	};

	(void)state;
	walk(got_gateway_chat, NEW, made_by_us, cases, COUNT(cases));
}

static void the_chat_says_under_which_id_it_is_kept(void **state)
{
	IMPORT im = import_on(NEW);
	CLEANUP(request_done) struct request request = { 0 };
	json_auto_t *body = NULL;

	(void)state;
	made_by_us(im);
	check_asks(ask_gateway_chat, im,
		   "POST https://host.example/v1/chat/completions");
	assert_true(ask_gateway_chat(im, &request));
	assert_true(request.chat);
	body = json_loads(buf_str(&request.body.text), 0, NULL);
	assert_string_equal(json_string_value(json_object_get(body,
							      "model")),
			    "m-1");
	assert_non_null(strstr(buf_str(&request.body.text), "nonce12345"));
	for (size_t i = 0; i < request.nheaders; i++)
		if (strcmp(request.headers[i].name, "X-Request-ID") == 0)
			assert_string_equal(request.headers[i].value,
					    "itm_1-nonce12345");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_model_must_be_listed),
		cmocka_unit_test(a_key_that_is_not_there_is_had_anew_once),
		cmocka_unit_test(a_nonce_is_drawn_once),
		cmocka_unit_test(a_chat_proves_or_disproves),
		cmocka_unit_test(a_fresh_account_has_a_while),
		cmocka_unit_test(the_chat_says_under_which_id_it_is_kept),
	};

	return cmocka_run_group_tests(tests, read_settings, drop_settings);
}
