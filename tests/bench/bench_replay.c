/*
 * bench_replay: says again, one after another and on kept connections, what
 * bench_tap wrote down.  What an import of CRM is compared with.
 *
 *	bench_replay HOST PROVIDER RECORD...
 *
 * HOST and PROVIDER are URLs without a path.  Ids and keys that the host
 * answers now take the place of those that it answered then, in all that
 * follows.  Prints for each record the microseconds from its first request to
 * its last answer.  An answer with another status than then is an error.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <curl/curl.h>
#include <jansson.h>

#include "shared/buf.h"
#include "shared/clock.h"
#include "shared/err.h"
#include "shared/table.h"

#define REPLY_MAX (32 << 20)
#define STEPS_MAX 200

/* The collections of a host whose ids stand in later requests. */
static const struct {
	const char *segment;	/* of a path; an id may follow it */
	const char *one;	/* members of a body that hold ids of it */
	const char *many;
} kinds[] = {
	{ "groups",	   "group_id",	      "group_ids" },
	{ "accounts",	   "account_id",      "account_ids" },
	{ "users",	   "user_id",	      "user_ids" },
	{ "subscriptions", "subscription_id", "subscription_ids" },
	{ "keys",	   "key_id",	      "key_ids" },
};

/* Members of an answer's data that later requests carry as a header. */
static const char *const secrets[] = { "access_token", "key" };

struct swap {
	int kind;		/* -1: of text */
	char *was, *is;
};

struct replay {
	CURL *host, *provider;
	const char *host_url, *provider_url;
	struct swap swaps[STEPS_MAX];
	size_t nswaps;
};

struct step {
	json_t *line;		/* as it was written down */
	json_t *body;		/* parsed; NULL if it was empty or no JSON */
	json_t *reply;
};

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

static void learn(struct replay *r, int kind, const char *was,
		  const char *is)
{
	if (r->nswaps == STEPS_MAX || strcmp(was, is) == 0)
		return;
	r->swaps[r->nswaps++] = (struct swap){ kind, xstrdup(was),
					       xstrdup(is) };
}

/* The newest counts. */
static const char *swapped(const struct replay *r, int kind, const char *was)
{
	for (size_t i = r->nswaps; i-- > 0;)
		if (r->swaps[i].kind == kind &&
		    strcmp(r->swaps[i].was, was) == 0)
			return r->swaps[i].is;
	return was;
}

static int kind_of_segment(const char *text, size_t len)
{
	for (size_t i = 0; i < COUNT(kinds); i++)
		if (strlen(kinds[i].segment) == len &&
		    strncmp(kinds[i].segment, text, len) == 0)
			return (int)i;
	return -1;
}

/* The target with today's ids; *ret_kind is the last collection in it. */
static char *target_now(const struct replay *r, const char *target,
			int *ret_kind)
{
	struct buf out = { .max = 16 << 10 };
	int kind = -1;

	*ret_kind = -1;
	while (*target == '/') {
		size_t len = strcspn(target + 1, "/?");
		AUTO_FREE char *segment = xstrndup(target + 1, len);

		buf_addf(&out, "/%s", kind >= 0
			 ? swapped(r, kind, segment) : segment);
		kind = kind_of_segment(segment, len);
		if (kind >= 0)
			*ret_kind = kind;
		target += 1 + len;
	}
	buf_adds(&out, target);
	return buf_take(&out);
}

static json_t *id_now(const struct replay *r, int kind, const json_t *id)
{
	char was[24];

	if (!json_is_integer(id))
		return json_deep_copy(id);
	snprintf(was, sizeof(was), "%" JSON_INTEGER_FORMAT,
		 json_integer_value(id));
	return json_integer(strtoll(swapped(r, kind, was), NULL, 10));
}

static json_t *ids_now(const struct replay *r, int kind, const json_t *ids)
{
	json_t *now = json_array();
	const json_t *id;
	size_t i;

	json_array_foreach(ids, i, id)
		json_array_append_new(now, id_now(r, kind, id));
	return now;
}

/* The body with today's ids, for free(); NULL if it had none. */
static char *body_now(const struct replay *r, const struct step *step)
{
	const json_t *value;

	if (!json_is_object(step->body))
		return xstrdup(text_of(step->line, "body"));
	for (size_t i = 0; i < COUNT(kinds); i++) {
		value = json_object_get(step->body, kinds[i].one);
		if (value)
			json_object_set_new(step->body, kinds[i].one,
					    id_now(r, (int)i, value));
		value = json_object_get(step->body, kinds[i].many);
		if (value)
			json_object_set_new(step->body, kinds[i].many,
					    ids_now(r, (int)i, value));
	}
	return json_dumps(step->body, JSON_COMPACT);
}

/* A header whose last word is a token that is another one today. */
static char *header_now(const struct replay *r, const char *header)
{
	const char *last = strrchr(header, ' ');
	const char *now = last ? swapped(r, -1, last + 1) : NULL;

	if (!last || now == last + 1)
		return xstrdup(header);
	return xasprintf("%.*s%s", (int)(last + 1 - header), header, now);
}

static struct curl_slist *headers_now(const struct replay *r,
				      const json_t *headers)
{
	struct curl_slist *list = curl_slist_append(NULL, "Expect:");
	const json_t *header;
	size_t i;

	json_array_foreach(headers, i, header) {
		AUTO_FREE char *now = header_now(r,
						 json_string_value(header));

		list = curl_slist_append(list, now);
	}
	return list;
}

/* What was created now has another id than then. */
static void compare(struct replay *r, const struct step *step, int kind,
		    const char *reply)
{
	json_auto_t *is = json_loads(reply, 0, NULL);
	const json_t *then = json_object_get(step->reply, "data");
	const json_t *now = json_object_get(is, "data");
	json_int_t was_id = json_integer_value(json_object_get(then, "id"));
	json_int_t is_id = json_integer_value(json_object_get(now, "id"));
	char was_text[24], is_text[24];

	for (size_t i = 0; i < COUNT(secrets); i++)
		learn(r, -1, text_of(then, secrets[i]),
		      text_of(now, secrets[i]));
	if (kind < 0 || was_id == 0 || is_id == 0)
		return;
	snprintf(was_text, sizeof(was_text), "%" JSON_INTEGER_FORMAT, was_id);
	snprintf(is_text, sizeof(is_text), "%" JSON_INTEGER_FORMAT, is_id);
	learn(r, kind, was_text, is_text);
}

static size_t on_body(char *data, size_t one, size_t len, void *arg)
{
	struct buf *reply = arg;

	(void)one;
	buf_add(reply, data, len);
	return reply->failed ? 0 : len;
}

static int ask(CURL *easy, const char *url, const char *method,
	       const char *body, struct curl_slist *headers, struct buf *reply)
{
	long status = 0;

	curl_easy_reset(easy);
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, reply);
	if (strcmp(method, "GET") != 0) {
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
		curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
	}
	if (curl_easy_perform(easy) != CURLE_OK)
		return 0;
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	return (int)status;
}

static int play_step(struct replay *r, struct step *step, struct err *err)
{
	CLEANUP(buf_wipe) struct buf reply = { .max = REPLY_MAX };
	bool provider = strcmp(text_of(step->line, "peer"), "provider") == 0;
	const char *method = text_of(step->line, "method");
	const json_t *then = json_object_get(step->line, "status");
	int kind, status;
	AUTO_FREE char *target = target_now(r, text_of(step->line, "target"),
					    &kind);
	AUTO_FREE char *body = body_now(r, step);
	AUTO_FREE char *url = xasprintf("%s%s", provider ? r->provider_url
					: r->host_url, target);
	struct curl_slist *headers = headers_now(r,
				json_object_get(step->line, "headers"));

	status = ask(provider ? r->provider : r->host, url, method, body,
		     headers, &reply);
	curl_slist_free_all(headers);
	if (status != json_integer_value(then))
		return err_set(err, ERR_UPSTREAM, "%s %s: %d now, %d then: "
			       "%.120s", method, target, status,
			       (int)json_integer_value(then),
			       buf_str(&reply));
	if (!provider)
		compare(r, step, strcmp(method, "POST") == 0 ? kind : -1,
			buf_str(&reply));
	return 0;
}

static size_t read_steps(const char *path, struct step *ret)
{
	FILE *file = fopen(path, "re");
	size_t n = 0;
	json_t *line;

	while (file && n < STEPS_MAX &&
	       (line = json_loadf(file, JSON_DISABLE_EOF_CHECK, NULL))) {
		ret[n++] = (struct step){
			.line = line,
			.body = json_loads(text_of(line, "body"), 0, NULL),
			.reply = json_loads(text_of(line, "reply"), 0, NULL),
		};
	}
	if (file)
		fclose(file);
	return n;
}

static int play(struct replay *r, const char *path, struct err *err)
{
	static struct step steps[STEPS_MAX];
	size_t n = read_steps(path, steps);
	int64_t began = clock_mono_us();
	int rc = n ? 0 : err_set(err, ERR_INVALID, "%s has no exchange",
				 path);

	for (size_t i = 0; i < n && rc == 0; i++)
		rc = play_step(r, &steps[i], err);
	if (rc == 0)
		printf("%" PRId64 "\n", clock_mono_us() - began);
	for (size_t i = 0; i < n; i++) {
		json_decref(steps[i].line);
		json_decref(steps[i].body);
		json_decref(steps[i].reply);
	}
	return rc;
}

int main(int argc, char *argv[])
{
	static struct replay r;
	struct err err;
	int rc = 0;

	if (argc < 4) {
		fputs("usage: bench_replay HOST PROVIDER RECORD...\n",
		      stderr);
		return 2;
	}
	curl_global_init(CURL_GLOBAL_ALL);
	r = (struct replay){ .host = curl_easy_init(),
			     .provider = curl_easy_init(),
			     .host_url = argv[1], .provider_url = argv[2] };
	for (int i = 3; i < argc && rc == 0; i++)
		rc = play(&r, argv[i], &err);
	if (rc)
		fprintf(stderr, "bench_replay: %s\n", err.msg);
	for (size_t i = 0; i < r.nswaps; i++) {
		own_wipe(&r.swaps[i].was);
		own_wipe(&r.swaps[i].is);
	}
	curl_easy_cleanup(r.host);
	curl_easy_cleanup(r.provider);
	return rc ? 1 : 0;
}
