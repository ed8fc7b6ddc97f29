/*
 * cmd_pack_verify: does a provider behave as its manifest says?
 *
 * Asked directly from this machine, with the operator's key, which goes
 * nowhere but into a header: what a provider echoes of it is overwritten
 * before anybody reads the answer.
 */
#include <string.h>

#include "cli/command.h"
#include "cli/exchange.h"
#include "cli/exits.h"
#include "cli/manifest_file.h"
#include "cli/secret.h"
#include "shared/address.h"
#include "shared/api_root.h"
#include "shared/clock.h"
#include "shared/conformance.h"
#include "shared/endpoint.h"
#include "shared/seal.h"

#define QUESTION_MAX ((size_t)8 << 10)
#define WRONG_LEN 40
#define NONCE_LEN 12

static const struct column check_columns[] = {
	{ "EXPECTATION", "expectation" }, { "EXPECTED", "expected" },
	{ "STATUS", "status" },		  { "SEEN", "seen" },
	{ "VERDICT", "verdict" },	  { "MS", "ms" },
};

static const struct print_part parts[] = {
	{ "checks", check_columns, COUNT(check_columns) },
	{ 0 }
};

/* Release with verify_done(). */
struct verify {
	json_t *document;		/* owned; the provider borrows of it */
	struct manifest_provider provider;
	char *base_url;
	const char *model;		/* of the manifest or the options */
	char *key, *wrong_key;
	const char *ca_file;
	bool private_ok;
};

static void verify_done(struct verify *verify)
{
	json_decref(verify->document);
	free(verify->base_url);
	own_wipe(&verify->key);
	own_wipe(&verify->wrong_key);
}

static const char *first_text(const json_t *list, const char *member)
{
	const json_t *first = json_array_get(list, 0);

	return json_string_value(member ? json_object_get(first, member)
					: first);
}

static int choose_model(struct verify *verify, const struct args *args,
			struct err *err)
{
	const struct manifest_provider *p = &verify->provider;
	size_t at = 0;

	verify->model = args_each(args, OPT_MODEL, &at);
	if (verify->model && args_each(args, OPT_MODEL, &at))
		return args_refuse(err, "one model is asked for: say --model "
				   "once");
	if (!verify->model)
		verify->model = p->smoke_test_model;
	if (!verify->model)
		verify->model = first_text(p->smoke_test_fallback, NULL);
	if (!verify->model)
		verify->model = first_text(p->models, "id");
	if (!verify->model)
		return args_refuse(err, "the manifest of %s names no model: "
				   "say --model", p->provider_id);
	return 0;
}

/* A private address is asked where somebody says that it is meant. */
static int refuse_base_url(const char *base_url, const struct err *why,
			   struct err *err)
{
	bool meant = base_url &&
		     address_allowed(address_kind_of_url(base_url), true);

	err_set(err, ERR_INVALID, "base_url: %.150s%s", why->msg, meant
		? "; if that is meant, say --allow-private" : "");
	return err_code(err, EXITS_CODE_USAGE);
}

static int choose_base_url(struct verify *verify, const struct args *args,
			   struct err *err)
{
	const char *url = args_get(args, OPT_BASE_URL);
	struct err why;

	if (!url)
		url = verify->provider.base_url;
	if (!url)
		return args_refuse(err, "the manifest of %s has no base_url: "
				   "say --base-url",
				   verify->provider.provider_id);
	if (endpoint_normalise(url, &verify->base_url, &why))
		return refuse_base_url(NULL, &why, err);
	if (address_check_url(verify->base_url, verify->private_ok, &why))
		return refuse_base_url(verify->base_url, &why, err);
	return 0;
}

/* It begins as the provider's own keys do, and nobody was ever given it. */
static char *make_wrong_key(const struct manifest_provider *provider)
{
	const char *prefix = first_text(provider->key_prefixes, NULL);
	char text[WRONG_LEN + 1];

	seal_random_text(text, WRONG_LEN);
	text[WRONG_LEN] = '\0';
	return xasprintf("%s%s", prefix ? prefix : "sk-", text);
}

static int read_call(struct verify *verify, const struct call *call,
		     struct err *err)
{
	const struct args *args = &call->args;

	verify->private_ok = args_has(args, OPT_PRIVATE);
	verify->ca_file = args_get(args, OPT_PEER_CA_FILE);
	if (manifest_file_read(manifest_dir(args), args->words[0],
			       &verify->document, &verify->provider, err) ||
	    choose_model(verify, args, err) ||
	    choose_base_url(verify, args, err) ||
	    secret_read(args_get(args, OPT_KEY_FILE), "the key",
			&verify->key, err))
		return -1;
	if (json_object_size(verify->provider.conformance) == 0)
		return err_set(err, ERR_INVALID, "the manifest of %s expects "
			       "nothing: it has no conformance",
			       verify->provider.provider_id);
	verify->wrong_key = make_wrong_key(&verify->provider);
	return 0;
}

/* Whatever else redacting finds: the key itself is in no answer. */
static void hide(struct buf *body, const char *key)
{
	size_t len = strlen(key);
	char *at = body->text;

	while (at && (at = memmem(at, body->len - (size_t)(at - body->text),
				  key, len))) {
		memset(at, '*', len);
		at += len;
	}
}

static const char *path_of(const struct conform_question *question)
{
	if (question->list)
		return "models";
	return question->try == TRY_RESPONSES ? "responses"
					      : "chat/completions";
}

static const char *accept_of(const struct conform_question *question)
{
	return !question->list && question->try == TRY_STREAM
	       ? "text/event-stream" : "application/json";
}

static int ask(const struct verify *verify,
	       const struct conform_question *question,
	       struct exchange_answer *ret, struct err *err)
{
	AUTO_FREE char *root = api_root(verify->base_url, question->root);
	AUTO_FREE char *url = xasprintf("%s/%s", root, path_of(question));
	CLEANUP(jout_done) struct jout body = { .text.max = QUESTION_MAX };
	char nonce[NONCE_LEN + 1] = { 0 };

	seal_random_text(nonce, NONCE_LEN);
	if (!question->list)
		try_write(&body, question->try, verify->model, nonce,
			  question->generous);
	return exchange_make(&(struct exchange_ask){
		.url = url,
		.key = question->wrong_key ? verify->wrong_key : verify->key,
		.headers = verify->provider.required_headers,
		.accept = accept_of(question),
		.body = question->list ? NULL : &body,
		.ca_file = verify->ca_file,
		.private_ok = verify->private_ok }, ret, err);
}

static int ask_one(const struct verify *verify, struct conformance *c,
		   const struct conform_question *question, struct err *err)
{
	CLEANUP(exchange_answer_done) struct exchange_answer answer = { 0 };
	json_auto_t *json = NULL;

	if (ask(verify, question, &answer, err))
		return -1;
	hide(&answer.body, verify->key);
	hide(&answer.body, verify->wrong_key);
	json = json_loadb(buf_str(&answer.body), answer.body.len,
			  JSON_DECODE_ANY, NULL);
	conformance_take(c, question, &(struct verdict_answer){
		.peer = VERDICT_PROVIDER, .delivery = answer.delivery,
		.status = answer.status, .content_type = answer.content_type,
		.body = buf_str(&answer.body), .body_len = answer.body.len,
		.json = json, .retry_after_ms = answer.retry_after_ms,
	}, answer.ms);
	return 0;
}

static void set_text(json_t *object, const char *name, const char *text)
{
	json_object_set_new(object, name, json_string(text));
}

static json_t *report(const struct verify *verify,
		      const struct conformance *c, const char *dir,
		      int64_t at, enum conform_verdict *ret_worst)
{
	json_t *object = json_object();
	json_t *checks = conformance_rows(c, ret_worst);
	char moment[CLOCK_TEXT_MAX];

	set_text(object, "provider_id", verify->provider.provider_id);
	set_text(object, "pack", dir);
	set_text(object, "base_url", verify->base_url);
	set_text(object, "model", verify->model);
	set_text(object, "verified_at", clock_format(at, moment));
	set_text(object, "crmctl", CRM_VERSION);
	json_object_set_new(object, "requests", json_integer(c->requests));
	set_text(object, "verdict", conform_verdict_name(*ret_worst));
	json_object_set_new(object, "checks", checks);
	return object;
}

/* What could not be found out, the first of it. */
static const json_t *first_unknown(const json_t *checks)
{
	const char *word = conform_verdict_name(CONFORM_UNKNOWN);
	size_t i;
	const json_t *check;

	json_array_foreach(checks, i, check)
		if (strcmp(json_string_value(json_object_get(check,
				"verdict")), word) == 0)
			return check;
	return NULL;
}

static int finish(const struct verify *verify, const json_t *checks,
		  enum conform_verdict worst, struct err *err)
{
	const json_t *check = first_unknown(checks);
	const char *id = verify->provider.provider_id;

	if (worst == CONFORM_OK)
		return 0;
	if (worst == CONFORM_DIFFERS || !check)
		err_set(err, ERR_UPSTREAM, "%s differs from its manifest", id);
	else
		err_set(err, ERR_UPSTREAM, "not everything could be found out "
			"about %s; %s: %.120s", id,
			json_string_value(json_object_get(check,
							  "expectation")),
			json_string_value(json_object_get(check, "seen")));
	return err_code(err, EXITS_CODE_FAILED);
}

int cmd_pack_verify(struct call *call, struct err *err)
{
	CLEANUP(verify_done) struct verify verify = { 0 };
	CLEANUP(conformance_done) struct conformance c = { 0 };
	struct conform_question question;
	enum conform_verdict worst;
	int64_t at = clock_wall_ms();
	json_auto_t *object = NULL;

	if (read_call(&verify, call, err))
		return -1;
	conformance_init(&c, verify.provider.conformance, verify.base_url);
	while (conformance_next(&c, &question))
		if (ask_one(&verify, &c, &question, err))
			return -1;
	object = report(&verify, &c, manifest_dir(&call->args), at, &worst);
	if (print_object(call->form, object, parts, err))
		return -1;
	return finish(&verify, json_object_get(object, "checks"), worst, err);
}
