#include <stdlib.h>
#include <string.h>

#include "shared/own.h"
#include "tests/model/host_accounts.h"
#include "tests/model/host_feature.h"
#include "tests/model/host_view.h"

#define QUERY_MAX 4096

/* Nobody here has a second factor. */
static bool passes_step_up(struct host_call *call)
{
	const char *key = model_request_header(call->request, "x-api-key");

	if (!host_has(call->model, HOST_HAS_STEP_UP) ||
	    !call->model->options.step_up)
		return true;
	if (key && *key)
		reply_flat(call, 403, "STEP_UP_ADMIN_API_KEY_FORBIDDEN",
			   "Admin API key cannot access this endpoint; a "
			   "two-factor verified admin session is required");
	else
		reply_flat(call, 403, "STEP_UP_TOTP_NOT_ENABLED",
			   "This operation requires two-factor "
			   "authentication; please enable TOTP first");
	return false;
}

/* Keys in clear whatever the version, and no id. */
static json_t *view_exported(const struct host_account *account)
{
	const struct host_serving *now = &account->now;
	json_t *view = json_pack("{ss ss ss sO sI sI sf sb}",
		"name", account->name, "platform", account->platform,
		"type", account->type, "credentials", now->credentials,
		"concurrency", (json_int_t)account->concurrency,
		"priority", (json_int_t)now->priority,
		"rate_multiplier", account->rate_multiplier,
		"auto_pause_on_expired", 1);

	if (account->notes)
		json_object_set_new(view, "notes",
				    json_string(account->notes));
	if (json_object_size(now->extra))
		json_object_set(view, "extra", now->extra);
	if (now->expires_at)
		json_object_set_new(view, "expires_at",
				    json_integer(now->expires_at));
	return view;
}

/* False: 400 is answered. */
static bool read_ids(struct host_call *call, char *text, struct host_ids *ids)
{
	char *rest = NULL;

	for (char *part = strtok_r(text, ", ", &rest); part;
	     part = strtok_r(NULL, ", ", &rest)) {
		char *end;
		int64_t id = strtoll(part, &end, 10);

		if (*end || id <= 0) {
			AUTO_FREE char *why = xasprintf(
				"invalid account id: %s", part);

			reply_refuse(call, 400, why, NULL);
			return false;
		}
		host_ids_add(ids, id);
	}
	return true;
}

/* Each once; what is not there is left out, and no ids are all. */
static void reply_export(struct host_call *call, const struct host_ids *ids)
{
	const struct host_rows *rows = &call->model->accounts;
	json_t *accounts = json_array();

	for (size_t i = 0; i < rows->count; i++) {
		const struct host_account *account = rows->rows[i];

		if (account && (!ids->count ||
				host_ids_has(ids, account->id)))
			json_array_append_new(accounts,
					      view_exported(account));
	}
	reply_data(call, json_pack("{so s[] so}", "exported_at",
				   view_time(call->model->now), "proxies",
				   "accounts", accounts));
}

void host_account_export(struct host_call *call)
{
	CLEANUP(host_ids_done) struct host_ids ids = { 0 };
	char text[QUERY_MAX] = "";

	if (!passes_step_up(call))
		return;
	query_get(call, "ids", text, sizeof(text));
	if (read_ids(call, text, &ids))
		reply_export(call, &ids);
}
