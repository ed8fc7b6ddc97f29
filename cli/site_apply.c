#include "cli/site_apply.h"

#include <stdio.h>
#include <string.h>

#include "cli/api.h"
#include "shared/seal.h"
#include "shared/table.h"

#define BODY_MAX ((size_t)64 << 20)
#define WAIT_S 25
#define TRIES_MAX 100		/* imports of one key that all failed */
#define KEY_TEXT 48

void site_apply_done(struct site_apply *apply)
{
	json_decref(apply->hosts);
	json_decref(apply->runs);
	apply->hosts = apply->runs = NULL;
}

static void body_wipe(struct jout *body)
{
	buf_wipe(&body->text);
}

/* ---- what is sent ---- */

/* What "$host" means for an action; NULL: the host could not be added. */
static const char *host_of(const struct site_apply *apply,
			   const json_t *action)
{
	const char *url = api_text(action, "host");

	return *url ? json_string_value(json_object_get(apply->hosts, url))
		    : "";
}

static void write_value(const struct site_apply *apply, struct jout *out,
			const char *name, const json_t *value,
			const char *host_id)
{
	const json_t *n = json_object_get(value, "$secret");
	const char *member;
	json_t *one;
	size_t i;

	if (n) {
		jout_str(out, name,
			 apply->file->secrets[json_integer_value(n)]);
	} else if (json_is_object(value)) {
		jout_object(out, name);
		json_object_foreach((json_t *)(uintptr_t)value, member, one)
			write_value(apply, out, member, one, host_id);
		jout_object_end(out);
	} else if (json_is_array(value)) {
		jout_array(out, name);
		json_array_foreach(value, i, one)
			write_value(apply, out, NULL, one, host_id);
		jout_array_end(out);
	} else if (json_is_string(value) &&
		   strcmp(json_string_value(value), "$host") == 0) {
		jout_str(out, name, host_id);
	} else {
		jout_json(out, name, value);
	}
}

static char *url_of(const json_t *action, const char *host_id)
{
	const char *url = api_text(action, "url");
	const char *at = strstr(url, "$host");

	return at ? xasprintf("%.*s%s%s", (int)(at - url), url, host_id,
			      at + strlen("$host"))
		  : xstrdup(url);
}

/* The same request of the same site is the same request. */
static void request_key(const json_t *action, const char *url,
			const struct jout *body, const char *salt,
			char ret[KEY_TEXT])
{
	AUTO_FREE char *ground = json_dumps(json_object_get(action, "ground"),
		JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
	AUTO_WIPE char *text = xasprintf("%s\n%s\n%s\n%s\n%s",
		api_text(action, "method"), url, buf_str(&body->text),
		ground ? ground : "", salt);
	char hash[SEAL_HASH_TEXT];

	seal_hash_text(text, strlen(text), hash);
	snprintf(ret, KEY_TEXT, "site-%.40s", hash);
}

struct sending {
	const char *url;
	const struct jout *body;	/* or NULL */
	int64_t wait_s;
};

static int send_once(struct site_apply *apply, const json_t *action,
		     const struct sending *sending, const char *salt,
		     struct err *err)
{
	static const struct jout nothing = { 0 };
	char key[KEY_TEXT];
	const struct api_call call = {
		.method = api_text(action, "method"),
		.path = sending->url,
		.body = sending->body,
		.wait_s = sending->wait_s,
		.idempotency_key = key,
	};

	request_key(action, sending->url, sending->body ? sending->body
		    : &nothing, salt, key);
	return client_call(apply->call->client, &call, &apply->call->reply,
			   err);
}

/*
 * An answer of before is one to an import that ended without the key, or to a
 * change that somebody took back: else there would be nothing to do.  The next
 * one is told from it by what it made.
 */
static int send_anew(struct site_apply *apply, const json_t *action,
		     const struct sending *sending, struct err *err)
{
	AUTO_FREE char *salt = xstrdup("");

	for (int i = 0; i < TRIES_MAX; i++) {
		const json_t *answer;
		AUTO_FREE char *seen = NULL;

		if (send_once(apply, action, sending, salt, err))
			return -1;
		answer = apply->call->reply.body;
		if (!apply->call->reply.replayed)
			return 0;
		seen = json_dumps(answer, JSON_COMPACT | JSON_SORT_KEYS);
		own_set(&salt, seen);
	}
	return err_set(err, ERR_CONFLICT, "this was tried too often today");
}

/* ---- one action ---- */

static bool is_kind(const json_t *action, enum site_action kind)
{
	return strcmp(api_text(action, "action"), site_words[kind].name) == 0;
}

/* An import goes on while others begin; what asks a host is waited for. */
static int64_t wait_of(const json_t *action)
{
	static const enum site_action asking[] = {
		SITE_HOST_ADD, SITE_HOST_SET, SITE_KEY_RESUME,
		SITE_KEY_MODELS, SITE_KEY_PROXY, SITE_KEY_PAUSE,
		SITE_KEY_REMOVE,
	};

	for (size_t i = 0; i < COUNT(asking); i++)
		if (is_kind(action, asking[i]))
			return WAIT_S;
	return 0;
}

static void note_import(struct site_apply *apply, const json_t *reply)
{
	json_t *id = json_object_get(reply, "run_id");

	if (!id)
		id = json_object_get(reply, "batch_id");
	if (id)
		json_array_append(apply->runs, id);
}

/* A key stays while something else rests on its account; that is told. */
static int judge_removal(const json_t *reply, struct err *err)
{
	const char *result = api_text(reply, "result");

	if (strcmp(api_text(reply, "state"), "running") == 0)
		return err_set(err, ERR_BUSY, "it has not ended yet");
	if (strcmp(result, "failed") != 0)
		return 0;
	return err_set(err, ERR_UPSTREAM, "rollback %s failed: %s",
		       api_text(reply, "rollback_id"),
		       api_text(reply, "failure_class"));
}

/* 2xx is not all that can be asked for. */
static int judge(struct site_apply *apply, const json_t *action,
		 struct err *err)
{
	const json_t *reply = apply->call->reply.body;
	const char *state = api_text(reply, "state");
	const char *why = api_text(reply, "failure_en");

	if (is_kind(action, SITE_IMPORT)) {
		note_import(apply, reply);
		return 0;
	}
	if (is_kind(action, SITE_HOST_ADD))
		json_object_set(apply->hosts, api_text(action, "host"),
				json_object_get(reply, "host_id"));
	if (is_kind(action, SITE_HOST_ADD) || is_kind(action, SITE_HOST_SET))
		return strcmp(state, "ready") == 0 ? 0 :
		       err_set(err, ERR_UPSTREAM, "the host is %s: %s", state,
			       api_text(reply, "sentence_en"));
	if (is_kind(action, SITE_KEY_REMOVE))
		return judge_removal(reply, err);
	if (json_object_get(reply, "change_id") &&
	    strcmp(state, "failed") == 0)
		return err_set(err, ERR_UPSTREAM, "%s", *why ? why
			       : api_text(reply, "failure_class"));
	return 0;
}

static int act(struct site_apply *apply, const json_t *action,
	       const char *host_id, struct err *err)
{
	CLEANUP(body_wipe) struct jout body = { .text.max = BODY_MAX };
	const json_t *content = json_object_get(action, "body");
	AUTO_FREE char *url = url_of(action, host_id);
	const struct sending sending = {
		url, content ? &body : NULL, wait_of(action),
	};

	if (content)
		write_value(apply, &body, NULL, content, host_id);
	if (send_anew(apply, action, &sending, err))
		return -1;
	return judge(apply, action, err);
}

/* What the API has to say of fields stands behind the sentence. */
static char *reason(const struct site_apply *apply, const struct err *err)
{
	CLEANUP(buf_done) struct buf text = { .max = 4096 };
	const json_t *one;
	size_t i;

	buf_adds(&text, err->msg);
	json_array_foreach(json_object_get(apply->call->reply.body,
					   "problems"), i, one)
		buf_addf(&text, "; %s: %s", api_text(one, "field"),
			 api_text(one, "why"));
	return buf_take(&text);
}

static void tell(const struct site_apply *apply, const json_t *action)
{
	CLEANUP(buf_done) struct buf line = { .max = 8192 };
	const char *result = api_text(action, "result");

	if (apply->quiet)
		return;
	for (int i = 0; i < SITE_ACTION__MAX; i++)
		if (is_kind(action, (enum site_action)i))
			buf_addf(&line, "%s %s: ", site_words[i].sign,
				 strcmp(apply->language, "zh") == 0
				 ? site_words[i].zh : site_words[i].en);
	columns_text(&line, api_text(action, "what"));
	buf_addf(&line, ": %s", result);
	if (*api_text(action, "why")) {
		buf_adds(&line, ": ");
		columns_text(&line, api_text(action, "why"));
	}
	fprintf(stderr, "%s\n", buf_str(&line));
}

static bool is_hopeless(const struct err *err)
{
	return err->kind == ERR_DENIED ||
	       (err->kind == ERR_UPSTREAM &&
		strncmp(err->msg, "the API", 7) == 0);
}

static int act_and_note(struct site_apply *apply, json_t *action,
			struct err *err)
{
	const char *host_id = host_of(apply, action);
	const char *result = "done";
	AUTO_FREE char *why = NULL;
	int rc = 0;

	if (is_kind(action, SITE_HOST_ADD))
		host_id = "";
	if (!host_id) {
		result = "skipped";
		why = xstrdup("the host could not be added");
	} else if (act(apply, action, host_id, err)) {
		result = "failed";
		why = reason(apply, err);
		rc = is_hopeless(err) ? -1 : 0;
	}
	apply->failed += why != NULL;
	apply->done += why == NULL;
	json_object_set_new(action, "result", json_string(result));
	if (why)
		json_object_set_new(action, "why", json_string(why));
	tell(apply, action);
	return rc;
}

int site_apply(struct site_apply *apply, json_t *actions, struct err *err)
{
	json_t *action;
	size_t i;

	if (!apply->hosts)
		apply->hosts = json_object();
	if (!apply->runs)
		apply->runs = json_array();
	json_array_foreach(actions, i, action)
		if (site_action_is_work(api_text(action, "action")) &&
		    act_and_note(apply, action, err))
			return -1;
	return 0;
}
