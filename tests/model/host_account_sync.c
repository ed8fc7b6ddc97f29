#include <string.h>

#include "shared/own.h"
#include "tests/model/host_accounts.h"
#include "tests/model/host_probe.h"
#include "tests/model/host_queue.h"

#define SYNC_TIMEOUT_MS 30000

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The list of ids, sorted, each once; NULL if there is none. */
static json_t *ids_of(const json_t *body)
{
	const json_t *list = json_is_array(body) ? body :
		json_object_get(body, json_object_get(body, "data") ?
				"data" : "models");
	const char **names = xcalloc(json_array_size(list) + 1,
				     sizeof(names[0]));
	size_t count = 0, i;
	json_t *ids = json_array(), *item;

	json_array_foreach(list, i, item) {
		const char *id = json_string_value(json_object_get(item,
								   "id"));

		if (!id)
			id = json_string_value(json_object_get(item, "name"));
		if (id && *id)
			names[count++] = id;
	}
	qsort(names, count, sizeof(names[0]), by_text);
	for (i = 0; i < count; i++) {
		if (i == 0 || strcmp(names[i], names[i - 1]) != 0)
			json_array_append_new(ids, json_string(names[i]));
	}
	free(names);
	return ids;
}

static void finish(struct host_model *model, uint64_t ticket, int status,
		   json_t *body)
{
	AUTO_FREE char *text = json_dumps(body, JSON_COMPACT);
	struct model_answer own = { 0 };

	json_decref(body);
	model_answer_set(&own, status, "application/json; charset=utf-8",
			 text);
	host_answer(model, model->now + model->options.call_ms, ticket, &own);
}

static void finish_bad(struct host_model *model, uint64_t ticket,
		       const char *message)
{
	finish(model, ticket, 502, json_pack("{si ss}", "code", 502,
					     "message", message));
}

static void sync_done(struct host_model *model,
		      struct host_upstream *upstream,
		      const struct model_answer *answer)
{
	json_auto_t *body = NULL;
	AUTO_FREE char *text = NULL;
	json_t *ids;

	if (answer->end != MODEL_END_COMPLETE) {
		finish_bad(model, upstream->ticket,
			   "Failed to request upstream model list");
		return;
	}
	if (answer->status / 100 != 2) {
		text = xasprintf("Upstream model list request failed with "
				 "HTTP %d", answer->status);
		finish_bad(model, upstream->ticket, text);
		return;
	}
	body = json_loads(answer->body, 0, NULL);
	ids = ids_of(body);
	if (json_array_size(ids)) {
		finish(model, upstream->ticket, 200, json_pack(
			"{si ss s{so}}", "code", 0, "message", "success",
			"data", "models", ids));
		return;
	}
	json_decref(ids);
	finish_bad(model, upstream->ticket, body ?
		   "Upstream returned no supported models" :
		   "Upstream model list was not valid JSON");
}

void host_account_sync(struct host_call *call)
{
	struct host_model *model = call->model;
	const struct host_account *account = host_account_find(model,
							       call->id);
	struct host_upstream upstream = {
		.done = sync_done, .ticket = call->ticket,
		.timeout_ms = SYNC_TIMEOUT_MS,
	};
	struct model_request request;

	if (!account) {
		reply_refuse(call, 404, "Account not found", NULL);
		return;
	}
	if (!host_endpoint_request(model, account->now.credentials,
				   HOST_MODELS, NULL, &request)) {
		reply_refuse(call, 400, "Account is not configured", NULL);
		return;
	}
	upstream.account_id = account->id;
	call->waits = true;
	host_upstream_start(model, model->now, &upstream, &request);
}
