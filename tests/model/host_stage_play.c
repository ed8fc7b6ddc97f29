#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "shared/buf.h"
#include "shared/own.h"
#include "shared/table.h"
#include "tests/model/host_stage.h"

#define TARGET_MAX 4096

/* Ids that the recorded host did not have either. */
#define UNKNOWN_FROM 900000

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

static int64_t own_id(const struct host_stage *stage, const char *noun)
{
	if (strcmp(noun, "accounts") == 0)
		return stage->account_id;
	if (strcmp(noun, "groups") == 0 || strcmp(noun, "group_id") == 0)
		return host_stage_group(stage);
	if (strcmp(noun, "users") == 0 || strcmp(noun, "user_id") == 0)
		return stage->user_id;
	if (strcmp(noun, "keys") == 0 || strcmp(noun, "api-keys") == 0)
		return stage->key_id;
	if (strcmp(noun, "subscriptions") == 0)
		return stage->subscription_id;
	if (strcmp(noun, "upstream-errors") == 0)
		return 1;
	return strcmp(noun, "channels") == 0 ? stage->channel_id : 0;
}

/* 1 is the first user or group of any host, and stays. */
static int64_t translate(const struct host_stage *stage, const char *noun,
			 int64_t id)
{
	int64_t own = own_id(stage, noun);

	if (id >= UNKNOWN_FROM || id <= 0 || !own ||
	    (id == 1 && (noun[0] == 'u' || noun[0] == 'g')))
		return id;
	return own;
}

/* Replace the number that follows a noun, in the path and the query. */
static char *own_target(const struct host_stage *stage, const char *target)
{
	CLEANUP(buf_done) struct buf out = { .max = TARGET_MAX };
	char noun[64] = "";

	while (*target) {
		size_t len = strcspn(target, "/?=&");
		AUTO_FREE char *part = xstrndup(target, len);

		if (len && isdigit((unsigned char)part[0]) &&
		    strspn(part, "0123456789") == len)
			buf_addf(&out, "%" PRId64, translate(
				stage, noun, strtoll(part, NULL, 10)));
		else
			buf_adds(&out, part);
		if (len)
			snprintf(noun, sizeof(noun), "%s", part);
		target += len;
		if (*target)
			buf_add(&out, target++, 1);
	}
	return buf_take(&out);
}

static const char *own_password(const struct host_stage *stage,
				const json_t *body)
{
	if (stage->short_password)
		return "short";
	if (strcmp(stage->file, "80-login-wrong-password.json") == 0)
		return "not-the-password";
	return strcmp(text_of(body, "email"), "admin@example.test") == 0 ?
		"admin-password" : stage->user_password;
}

static void set_text(json_t *body, const char *name, const char *text)
{
	if (json_object_get(body, name))
		json_object_set_new(body, name, json_string(text));
}

static void own_number(const struct host_stage *stage, json_t *body,
		       const char *name)
{
	json_t *value = json_object_get(body, name);

	if (json_is_integer(value))
		json_object_set_new(body, name, json_integer(translate(
			stage, name, json_integer_value(value))));
}

static void own_numbers(const struct host_stage *stage, json_t *body,
			const char *name, const char *noun)
{
	json_t *list = json_object_get(body, name);
	bool several = json_array_size(list) > 1 &&
		       strcmp(noun, "groups") == 0;

	for (size_t i = 0; i < json_array_size(list); i++) {
		int64_t id = json_integer_value(json_array_get(list, i));

		json_array_set_new(list, i, json_integer(
			several && i < stage->ngroups ? stage->groups[i] :
			translate(stage, noun, id)));
	}
}

static void own_body(const struct host_stage *stage, const char *path,
		     json_t *body)
{
	json_t *credentials = json_object_get(body, "credentials");

	/* Whoever logs in is a user of this stage. */
	if (strstr(path, "/auth/login") &&
	    strcmp(text_of(body, "email"), "admin@example.test") != 0 &&
	    strchr(text_of(body, "email"), '@'))
		set_text(body, "email", stage->user_email);
	set_text(body, "password", own_password(stage, body));
	set_text(body, "refresh_token", stage->bad_refresh ?
		 "rt_unknown" : stage->refresh_token);
	set_text(body, "custom_key", stage->custom_key);
	set_text(credentials, "api_key", "upstream-key");
	own_number(stage, body, "group_id");
	own_number(stage, body, "user_id");
	own_numbers(stage, body, "group_ids", "groups");
	own_numbers(stage, body, "allowed_groups", "groups");
	own_numbers(stage, body, "account_ids", "accounts");
}

static char *body_text_of(const struct host_stage *stage,
			  const json_t *request)
{
	const json_t *body = json_object_get(request, "body");
	json_auto_t *own = NULL;

	if (json_is_string(body))
		return xstrdup(json_string_value(body));
	if (!body || json_is_null(body))
		return xstrdup("");
	own = json_deep_copy(body);
	own_body(stage, text_of(request, "path"), own);
	return json_dumps(own, JSON_COMPACT);
}

static enum host_sender sender_of(const struct host_stage *stage,
				  const char *path)
{
	if (stage->sender != HOST_SENDER_BY_PATH)
		return stage->sender;
	if (strncmp(path, "/v1", 3) == 0)
		return HOST_SENDER_KEY;
	if (strncmp(path, "/api/v1/admin", 13) == 0 ||
	    strcmp(path, "/api/v1/auth/me") == 0)
		return HOST_SENDER_ADMIN;
	return HOST_SENDER_USER;
}

static const char *own_secret(const struct host_stage *stage,
			      enum host_sender sender)
{
	const char *secret = "unknown.unknown.unknown";

	if (sender == HOST_SENDER_ADMIN)
		secret = stage->admin_token;
	else if (sender == HOST_SENDER_USER && stage->user_token)
		secret = stage->user_token;
	else if (sender == HOST_SENDER_KEY && stage->key)
		secret = stage->key;
	return secret;
}

static void add_header(const struct host_stage *stage,
		       struct model_request *request, const char *name,
		       const char *value)
{
	enum host_sender sender = sender_of(stage, request->target);
	AUTO_FREE char *bearer = NULL;

	if (strcmp(name, "Authorization") == 0) {
		bearer = xasprintf("Bearer %s", own_secret(stage, sender));
		value = bearer;
	} else if (strcmp(name, "x-api-key") == 0) {
		if (sender == HOST_SENDER_KEY)
			value = own_secret(stage, sender);
		else
			value = stage->admin_key && sender != HOST_SENDER_BAD ?
				stage->admin_key : "admin-wrong";
	}
	model_request_add_header(request, name, value);
}

static struct model_request request_of(const struct host_stage *stage,
				       const json_t *recorded)
{
	const json_t *from = json_object_get(recorded, "request");
	struct model_request request = {
		.method = xstrdup(text_of(from, "method")),
		.target = own_target(stage, text_of(from, "path")),
		.body = body_text_of(stage, from),
	};
	const char *name;
	json_t *value;

	request.body_len = strlen(request.body);
	json_object_foreach(json_object_get(from, "headers"), name, value)
		add_header(stage, &request, name, json_string_value(value));
	/* Some recordings left the credentials out that were sent. */
	if (stage->sender != HOST_SENDER_BY_PATH &&
	    !model_request_header(&request, "Authorization"))
		add_header(stage, &request, "Authorization", "");
	return request;
}

uint64_t host_stage_start(struct host_stage *stage, const json_t *recorded)
{
	struct model_request request = request_of(stage, recorded);
	uint64_t ticket = host_driver_start(stage->driver, &request);

	model_request_done(&request);
	return ticket;
}

void host_stage_play(struct host_stage *stage, const json_t *recorded,
		     struct model_answer *ret)
{
	struct model_request request = request_of(stage, recorded);
	json_t *answer;

	host_driver_send(stage->driver, &request, ret);
	answer = json_loads(ret->body, 0, NULL);
	if (ret->status / 100 == 2)
		host_stage_note(stage, request.method, request.target,
				answer);
	json_decref(answer);
	model_request_done(&request);
}
