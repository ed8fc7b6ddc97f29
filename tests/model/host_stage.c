#include "tests/model/host_stage.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "shared/own.h"

#define START_AT 1795390000000LL

int64_t host_stage_group(const struct host_stage *stage)
{
	return stage->ngroups ? stage->groups[stage->ngroups - 1] : 1;
}

json_t *host_stage_load(const char *folder, const char *file)
{
	AUTO_FREE char *path = xasprintf("%s/%s", folder, file);
	json_error_t error;
	json_t *recorded = json_load_file(path, 0, &error);

	if (!recorded) {
		fprintf(stderr, "%s: %s\n", path, error.text);
		abort();
	}
	return recorded;
}

struct host_stage *host_stage_new(enum host_version version,
				  const char *folder, const char *words)
{
	struct host_options options = host_options_default(version);
	struct host_stage *stage = xcalloc(1, sizeof(*stage));
	json_t *answer;

	options.compliance_accepted = strstr(words, "gated") == NULL;
	options.rate_limits = strstr(words, "limits") != NULL;
	options.simple_mode = strstr(words, "simple") != NULL;
	if (strstr(words, "seed="))
		options.seed = strtoull(strstr(words, "seed=") + 5, NULL, 10);
	stage->version = version;
	stage->folder = folder;
	host_mock_set(&stage->mock, "ok", "ok");
	stage->driver = host_driver_new(&options, START_AT, host_mock_answer,
					&stage->mock);
	stage->user_email = xstrdup("user@example.test");
	stage->user_password = xstrdup("user-password");
	stage->custom_key = xstrdup("custom-key-of-the-recorded-user");
	answer = host_stage_ask(stage, "POST", "/api/v1/auth/login", NULL,
				"{\"email\":\"admin@example.test\","
				"\"password\":\"admin-password\"}");
	stage->admin_token = xstrdup(json_string_value(json_object_get(
		json_object_get(answer, "data"), "access_token")));
	stage->refresh_token = xstrdup(json_string_value(json_object_get(
		json_object_get(answer, "data"), "refresh_token")));
	json_decref(answer);
	return stage;
}

void host_stage_free(struct host_stage **slot)
{
	struct host_stage *stage = TAKE(*slot);

	if (!stage)
		return;
	host_driver_free(&stage->driver);
	free(stage->admin_token);
	free(stage->admin_key);
	free(stage->user_token);
	free(stage->refresh_token);
	free(stage->user_email);
	free(stage->user_password);
	free(stage->key);
	free(stage->custom_key);
	free(stage);
}

static void add_bearer(struct model_request *request, const char *token)
{
	AUTO_FREE char *bearer = xasprintf("Bearer %s", token);

	model_request_add_header(request, "Authorization", bearer);
}

static struct model_request request_for(const struct host_ask *ask)
{
	struct model_request request = {
		.method = xstrdup(ask->method), .target = xstrdup(ask->path),
		.body = xstrdup(ask->body ? ask->body : ""),
	};

	request.body_len = strlen(request.body);
	if (ask->token)
		add_bearer(&request, ask->token);
	for (size_t i = 0; ask->headers[i]; i += 2)
		model_request_add_header(&request, ask->headers[i],
					 ask->headers[i + 1]);
	return request;
}

void host_stage_send(struct host_stage *stage, const struct host_ask *ask,
		     struct model_answer *ret)
{
	struct model_request request = request_for(ask);

	host_driver_send(stage->driver, &request, ret);
	model_request_done(&request);
}

json_t *host_stage_ask_status(struct host_stage *stage, const char *method,
			      const char *path, const char *token,
			      const char *body, int *ret_status)
{
	const struct host_ask ask = {
		.method = method, .path = path, .token = token, .body = body,
	};
	struct model_answer answer = { 0 };
	json_t *json;

	host_stage_send(stage, &ask, &answer);
	json = json_loads(answer.body, 0, NULL);
	if (answer.status / 100 == 2)
		host_stage_note(stage, method, path, json);
	if (ret_status)
		*ret_status = answer.status;
	model_answer_done(&answer);
	return json;
}

json_t *host_stage_ask(struct host_stage *stage, const char *method,
		       const char *path, const char *token, const char *body)
{
	return host_stage_ask_status(stage, method, path, token, body, NULL);
}

static void note_id(int64_t *slot, const json_t *data)
{
	int64_t id = json_integer_value(json_object_get(data, "id"));

	if (id)
		*slot = id;
}

static void note_text(char **slot, const json_t *data, const char *name)
{
	const char *text = json_string_value(json_object_get(data, name));

	if (text)
		own_set(slot, text);
}

static void note_group(struct host_stage *stage, const json_t *data)
{
	int64_t id = 0;

	note_id(&id, data);
	if (id && stage->ngroups < 4)
		stage->groups[stage->ngroups++] = id;
}

void host_stage_note(struct host_stage *stage, const char *method,
		     const char *path, const json_t *answer)
{
	const json_t *data = json_object_get(answer, "data");

	if (strcmp(method, "POST") != 0)
		return;
	if (strcmp(path, "/api/v1/admin/groups") == 0) {
		note_group(stage, data);
	} else if (strcmp(path, "/api/v1/admin/accounts") == 0) {
		note_id(&stage->account_id, data);
	} else if (strcmp(path, "/api/v1/admin/users") == 0) {
		note_id(&stage->user_id, data);
		note_text(&stage->user_email, data, "email");
	} else if (strcmp(path, "/api/v1/keys") == 0) {
		note_id(&stage->key_id, data);
		note_text(&stage->key, data, "key");
	} else if (strcmp(path, "/api/v1/admin/subscriptions/assign") == 0) {
		note_id(&stage->subscription_id, data);
	} else if (strcmp(path, "/api/v1/admin/channels") == 0) {
		note_id(&stage->channel_id, data);
	} else if (strstr(path, "admin-api-key/regenerate")) {
		note_text(&stage->admin_key, data, "key");
	}
}
