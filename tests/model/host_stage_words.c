#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "shared/own.h"
#include "shared/table.h"
#include "tests/model/host_stage_make.h"
#include "tests/model/host_store.h"

#define ADMIN "/api/v1/admin"

/* What stands behind the "=" of a word, "" if there is none. */
typedef bool word_fn(struct host_stage *stage, const char *value);

static bool word_group(struct host_stage *stage, const char *value)
{
	(void)value;
	return host_stage_make_group(stage, "openai", false, "standard");
}

static bool word_exclusive(struct host_stage *stage, const char *value)
{
	(void)value;
	return host_stage_make_group(stage, "openai", true, "standard");
}

static bool word_subscription_group(struct host_stage *stage,
				    const char *value)
{
	(void)value;
	return host_stage_make_group(stage, "openai", false, "subscription");
}

static bool word_anthropic_group(struct host_stage *stage, const char *value)
{
	(void)value;
	return host_stage_make_group(stage, "anthropic", false, "standard");
}

static bool word_platform(struct host_stage *stage, const char *value)
{
	return host_stage_make_group(stage, value, false, "standard");
}

static bool word_account(struct host_stage *stage, const char *value)
{
	AUTO_FREE char *group = xasprintf("%" PRId64,
					  host_stage_group(stage));

	return host_stage_make_account(stage, "account", value, group);
}

static bool word_loose(struct host_stage *stage, const char *value)
{
	return host_stage_make_account(stage, "loose", value, "");
}

static bool word_owned(struct host_stage *stage, const char *value)
{
	AUTO_FREE char *group = xasprintf("%" PRId64,
					  host_stage_group(stage));
	int64_t first = 0;

	for (int i = 0; i < 5; i++) {
		AUTO_FREE char *name = xasprintf("relay-own7f3a-%d", i);

		if (!host_stage_make_account(stage, name, value, group))
			return false;
		first = first ? first : stage->account_id;
	}
	stage->account_id = first;
	return true;
}

static bool word_user(struct host_stage *stage, const char *value)
{
	AUTO_FREE char *body = xasprintf(
		"{\"email\":\"someone@example.test\",\"password\":"
		"\"user-password\",\"balance\":%s}", *value ? value : "100");

	return host_stage_admin(stage, "POST", ADMIN "/users", body);
}

static bool word_login(struct host_stage *stage, const char *value)
{
	AUTO_FREE char *body = xasprintf(
		"{\"email\":\"%s\",\"password\":\"user-password\"}",
		stage->user_email);
	json_t *answer = host_stage_ask(stage, "POST", "/api/v1/auth/login",
					NULL, body);
	const char *token = json_string_value(json_object_get(
		json_object_get(answer, "data"), "access_token"));
	bool came = token != NULL;

	(void)value;
	if (came)
		own_set(&stage->user_token, token);
	json_decref(answer);
	return came;
}

/* "key=none" is one without a group. */
static bool word_key(struct host_stage *stage, const char *value)
{
	AUTO_FREE char *group = xasprintf(",\"group_id\":%" PRId64,
					  host_stage_group(stage));
	AUTO_FREE char *body = xasprintf("{\"name\":\"k\"%s}",
		strcmp(value, "none") == 0 ? "" : group);
	int status;
	json_t *answer = host_stage_ask_status(stage, "POST", "/api/v1/keys",
					       stage->user_token, body,
					       &status);

	json_decref(answer);
	return status == 200;
}

static bool word_allow(struct host_stage *stage, const char *value)
{
	AUTO_FREE char *path = xasprintf(ADMIN "/users/%" PRId64,
					 stage->user_id);
	AUTO_FREE char *body = xasprintf("{\"allowed_groups\":[%" PRId64 "]}",
					 host_stage_group(stage));

	(void)value;
	return host_stage_admin(stage, "PUT", path, body);
}

static bool word_assign(struct host_stage *stage, const char *value)
{
	AUTO_FREE char *body = xasprintf(
		"{\"user_id\":%" PRId64 ",\"group_id\":%" PRId64 ","
		"\"validity_days\":%s,\"notes\":\"n\"}", stage->user_id,
		host_stage_group(stage), *value ? value : "30");

	return host_stage_admin(stage, "POST",
				ADMIN "/subscriptions/assign", body);
}

/* As the redeem code did that ended the recorded one early. */
static bool word_expire(struct host_stage *stage, const char *value)
{
	struct host_subscription *row = host_subscription_find(
		host_driver_model(stage->driver), stage->subscription_id);

	(void)value;
	if (row)
		row->expires_at = host_driver_now(stage->driver);
	return row != NULL;
}

static bool word_wait(struct host_stage *stage, const char *value)
{
	host_driver_wait(stage->driver, strtoll(value, NULL, 10));
	return true;
}

static bool chat(struct host_stage *stage, bool stream)
{
	AUTO_FREE char *body = xasprintf(
		"{\"model\":\"mock-a\",\"messages\":[{\"role\":\"user\","
		"\"content\":\"at %" PRId64 "\"}],\"stream\":%s}",
		host_driver_now(stage->driver), stream ? "true" : "false");

	json_decref(host_stage_ask(stage, "POST", "/v1/chat/completions",
				   stage->key, body));
	return true;
}

static bool word_chat(struct host_stage *stage, const char *value)
{
	(void)value;
	return chat(stage, false);
}

/* One whose X-Request-ID is known. */
static bool word_chat_as(struct host_stage *stage, const char *value)
{
	struct model_answer answer = { 0 };
	const struct host_ask ask = {
		.method = "POST", .path = "/v1/chat/completions",
		.token = stage->key, .body = "{\"model\":\"mock-a\","
		"\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],"
		"\"stream\":false}",
		.headers = { "X-Request-ID", value },
	};

	host_stage_send(stage, &ask, &answer);
	model_answer_done(&answer);
	return true;
}

static bool word_stream(struct host_stage *stage, const char *value)
{
	(void)value;
	return chat(stage, true);
}

static bool word_models(struct host_stage *stage, const char *value)
{
	(void)value;
	json_decref(host_stage_ask(stage, "GET", "/v1/models", stage->key,
				   NULL));
	return true;
}

static bool word_up(struct host_stage *stage, const char *value)
{
	snprintf(stage->mock.chat, sizeof(stage->mock.chat), "%s", value);
	return true;
}

static bool word_responses(struct host_stage *stage, const char *value)
{
	snprintf(stage->mock.responses, sizeof(stage->mock.responses), "%s",
		 value);
	return true;
}

static bool play_file(struct host_stage *stage, const char *file)
{
	json_auto_t *recorded = host_stage_load(stage->folder, file);
	struct model_answer answer = { 0 };

	host_stage_play(stage, recorded, &answer);
	model_answer_done(&answer);
	return true;
}

static bool word_play(struct host_stage *stage, const char *value)
{
	return play_file(stage, value);
}

static bool word_again(struct host_stage *stage, const char *value)
{
	(void)value;
	return play_file(stage, stage->file);
}

/* The same request, not waited for. */
static bool word_meanwhile(struct host_stage *stage, const char *value)
{
	json_auto_t *recorded = host_stage_load(stage->folder, stage->file);

	(void)value;
	host_stage_start(stage, recorded);
	return true;
}

static bool word_admin_key(struct host_stage *stage, const char *value)
{
	(void)value;
	return host_stage_admin(stage, "POST",
			 ADMIN "/settings/admin-api-key/regenerate", NULL);
}

static bool word_unbind(struct host_stage *stage, const char *value)
{
	(void)value;
	return host_stage_bulk(stage, "\"group_ids\":[]");
}

static bool word_mode(struct host_stage *stage, const char *value)
{
	(void)value;
	return host_stage_bulk(stage, "\"extra\":{\"openai_responses_mode\":"
		    "\"force_chat_completions\"}");
}

/* Let /v1/messages through; every family goes to the stage's model. */
static bool word_dispatch(struct host_stage *stage, const char *value)
{
	AUTO_FREE char *path = xasprintf(ADMIN "/groups/%" PRId64,
					 host_stage_group(stage));

	(void)value;
	return host_stage_admin(stage, "PUT", path,
		"{\"allow_messages_dispatch\":true,"
		"\"messages_dispatch_model_config\":{"
		"\"opus_mapped_model\":\"mock-a\","
		"\"sonnet_mapped_model\":\"mock-a\","
		"\"haiku_mapped_model\":\"mock-a\","
		"\"exact_model_mappings\":{\"claude-x-1\":\"mock-a\"}}}");
}

static bool word_deactivate(struct host_stage *stage, const char *value)
{
	AUTO_FREE char *path = xasprintf(ADMIN "/groups/%" PRId64,
					 host_stage_group(stage));

	(void)value;
	return host_stage_admin(stage, "PUT", path,
				"{\"status\":\"inactive\"}");
}

static bool word_drop_key(struct host_stage *stage, const char *value)
{
	AUTO_FREE char *path = xasprintf("/api/v1/keys/%" PRId64,
					 stage->key_id);

	(void)value;
	json_decref(host_stage_ask(stage, "DELETE", path, stage->user_token,
				   NULL));
	return true;
}

static bool word_drop_user(struct host_stage *stage, const char *value)
{
	AUTO_FREE char *path = xasprintf(ADMIN "/users/%" PRId64,
					 stage->user_id);

	(void)value;
	return host_stage_admin(stage, "DELETE", path, NULL);
}

static void repeat(struct host_stage *stage, const char *value,
		   const char *path, const char *token, const char *body)
{
	for (int64_t i = strtoll(value, NULL, 10); i > 0; i--)
		json_decref(host_stage_ask(stage, body ? "POST" : "GET",
					   path, token, body));
}

static bool word_logins(struct host_stage *stage, const char *value)
{
	repeat(stage, value, "/api/v1/auth/login", NULL, "{}");
	return true;
}

static bool word_lists(struct host_stage *stage, const char *value)
{
	repeat(stage, value, "/api/v1/keys", stage->user_token, NULL);
	return true;
}

static bool word_bad_keys(struct host_stage *stage, const char *value)
{
	repeat(stage, value, "/v1/models", "not-a-key", NULL);
	return true;
}

static bool word_as(struct host_stage *stage, const char *value)
{
	static const char *const names[] = {
		[HOST_SENDER_BY_PATH] = "path", [HOST_SENDER_ADMIN] = "admin",
		[HOST_SENDER_USER] = "user", [HOST_SENDER_KEY] = "key",
		[HOST_SENDER_BAD] = "bad",
	};
	int found;

	if (!table_find(names, COUNT(names), value, &found))
		return false;
	stage->sender = (enum host_sender)found;
	return true;
}

static bool word_short_password(struct host_stage *stage, const char *value)
{
	(void)value;
	stage->short_password = true;
	return true;
}

static bool word_bad_refresh(struct host_stage *stage, const char *value)
{
	(void)value;
	stage->bad_refresh = true;
	return true;
}

/* An option of the host: done before the first word. */
static bool word_option(struct host_stage *stage, const char *value)
{
	(void)stage;
	(void)value;
	return true;
}

struct word {
	const char *name;
	word_fn *act;
};

static const struct word words[] = {
	{ "gated", word_option },
	{ "limits", word_option },
	{ "simple", word_option },
	{ "seed", word_option },
	{ "group", word_group },
	{ "exclusive", word_exclusive },
	{ "subscription-group", word_subscription_group },
	{ "anthropic-group", word_anthropic_group },
	{ "platform", word_platform },
	{ "account", word_account },
	{ "loose", word_loose },
	{ "owned", word_owned },
	{ "user", word_user },
	{ "login", word_login },
	{ "key", word_key },
	{ "allow", word_allow },
	{ "assign", word_assign },
	{ "expire", word_expire },
	{ "wait", word_wait },
	{ "chat", word_chat },
	{ "chat-as", word_chat_as },
	{ "stream", word_stream },
	{ "models", word_models },
	{ "up", word_up },
	{ "responses", word_responses },
	{ "play", word_play },
	{ "again", word_again },
	{ "meanwhile", word_meanwhile },
	{ "admin-key", word_admin_key },
	{ "unbind", word_unbind },
	{ "mode", word_mode },
	{ "deactivate", word_deactivate },
	{ "dispatch", word_dispatch },
	{ "drop-key", word_drop_key },
	{ "drop-user", word_drop_user },
	{ "logins", word_logins },
	{ "lists", word_lists },
	{ "bad-keys", word_bad_keys },
	{ "as", word_as },
	{ "short-password", word_short_password },
	{ "bad-refresh", word_bad_refresh },
};

static const char *act(struct host_stage *stage, const char *word, size_t len)
{
	size_t name_len = strcspn(word, "= ");
	AUTO_FREE char *value = name_len < len ?
		xstrndup(word + name_len + 1, len - name_len - 1) :
		xstrdup("");

	for (size_t i = 0; i < COUNT(words); i++) {
		if (strlen(words[i].name) == name_len &&
		    strncmp(words[i].name, word, name_len) == 0)
			return words[i].act(stage, value) ? NULL
							  : words[i].name;
	}
	return word;
}

const char *host_stage_set(struct host_stage *stage, const char *line)
{
	while (*line) {
		size_t len = strcspn(line, " ");
		const char *failed = len ? act(stage, line, len) : NULL;

		if (failed)
			return failed;
		line += len;
		line += *line == ' ';
	}
	return NULL;
}
