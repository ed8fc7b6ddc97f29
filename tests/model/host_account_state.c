#include <string.h>

#include "shared/own.h"
#include "shared/table.h"
#include "tests/model/host_accounts.h"
#include "tests/model/host_routes.h"
#include "tests/model/host_sched.h"
#include "tests/model/host_view.h"

static void clear_model_limits(struct host_account *account)
{
	json_t *extra;

	if (!json_object_get(account->now.extra, "model_rate_limits"))
		return;
	extra = json_copy(account->now.extra);
	json_object_del(extra, "model_rate_limits");
	host_json_set(&account->now.extra, extra);
}

static void clear_bench(struct host_account *account)
{
	account->now.temp_until = 0;
	own_set(&account->temp_reason, NULL);
	clear_model_limits(account);
	account->blocked_until = 0;
}

static void clear_limits(struct host_account *account)
{
	account->now.limited_until = 0;
	account->now.overload_until = 0;
	clear_bench(account);
}

static void clear_error(struct host_account *account)
{
	account_set_status(account, "active");
	own_set(&account->error_message, NULL);
}

static void was_written(struct host_model *model,
			struct host_account *account,
			enum host_copying copying)
{
	account->updated_at = model->now;
	host_changed_account(model, account, copying);
}

void account_recover(struct host_model *model, struct host_account *account)
{
	if (account->now.is_error)
		clear_error(account);
	clear_limits(account);
	account->forbidden = 0;
	was_written(model, account, HOST_COPY_BUT_TEMP);
}

static void recover(struct host_call *call)
{
	struct host_account *account = account_or_404(call);

	if (!account)
		return;
	account_recover(call->model, account);
	reply_account(call, account);
}

/* The count of 403 answers goes on after this one. */
static void clear_error_of(struct host_call *call)
{
	struct host_account *account = account_or_404(call);

	if (!account)
		return;
	clear_error(account);
	clear_limits(account);
	was_written(call->model, account, HOST_COPY_BUT_TEMP);
	reply_account(call, account);
}

static void clear_rate_limit(struct host_call *call)
{
	struct host_account *account = account_or_404(call);

	if (!account)
		return;
	clear_limits(account);
	account->forbidden = 0;
	was_written(call->model, account, HOST_COPY_BUT_TEMP);
	reply_account(call, account);
}

static void clear_temp(struct host_call *call)
{
	struct host_account *account = host_account_find(call->model,
							 call->id);

	if (account) {
		clear_bench(account);
		was_written(call->model, account,
			    host_has(call->model, HOST_COPY_FOLLOWS) ?
			    HOST_COPY_NOW : HOST_COPY_LATER);
	}
	reply_message(call, "Temp unschedulable cleared successfully");
}

static void show_temp(struct host_call *call)
{
	const struct host_account *account = account_or_404(call);
	int64_t until;

	if (!account)
		return;
	until = account->now.temp_until;
	if (until <= call->model->now) {
		reply_data(call, json_pack("{sb}", "active", 0));
		return;
	}
	reply_data(call, json_pack("{sb s{sI sI si ss si ss}}", "active", 1,
		"state", "until_unix", (json_int_t)(until / 1000),
		"triggered_at_unix",
		(json_int_t)(account->forbidden_since / 1000),
		"status_code", 403, "matched_keyword", "", "rule_index", -1,
		"error_message",
		account->temp_reason ? account->temp_reason : ""));
}

static void set_schedulable(struct host_call *call)
{
	struct host_account *account = account_or_404(call);
	bool schedulable = body_bool(call, "schedulable", false);

	if (!account)
		return;
	account->now.schedulable = schedulable;
	was_written(call->model, account,
		    schedulable ? HOST_COPY_LATER : HOST_COPY_NOW);
	reply_account(call, account);
}

static void clear_errors(struct host_call *call)
{
	int64_t done = 0, total = 0;
	size_t i;
	json_t *id;

	json_array_foreach(json_object_get(call->body, "account_ids"), i,
			   id) {
		struct host_account *account = host_account_find(
			call->model, json_integer_value(id));

		total++;
		if (!account)
			continue;
		clear_error(account);
		clear_limits(account);
		was_written(call->model, account, HOST_COPY_BUT_TEMP);
		done++;
	}
	reply_data(call, json_pack("{sI sI sI s[]}", "total",
				   (json_int_t)total, "success",
				   (json_int_t)done, "failed",
				   (json_int_t)(total - done), "errors"));
}

static void list_models(struct host_call *call)
{
	const struct host_account *account = host_account_find(call->model,
							       call->id);
	json_t *models = json_array();
	const char *name;
	json_t *value;

	if (!account) {
		json_decref(models);
		reply_refuse(call, 404, "Account not found", NULL);
		return;
	}
	json_object_foreach(json_object_get(account->now.credentials,
					    "model_mapping"), name, value)
		json_array_append_new(models, json_pack(
			"{ss ss si ss ss ss}", "id", name, "object", "model",
			"created", 0, "owned_by", "", "type", "model",
			"display_name", name));
	reply_data(call, models);
}

#define ONE(method_, suffix_, handle_) \
	.method = (method_), .pattern = "/api/v1/admin/accounts" suffix_, \
	.handle = (handle_), .access = HOST_ADMIN
#define OF(method_, suffix_, handle_) \
	ONE(method_, "/{id}" suffix_, handle_), .noun = "account"

const struct host_route host_account_state_routes[] = {
	{ ONE("GET", "", host_account_list) },
	{ ONE("POST", "/bulk-update", host_account_bulk),
	  .request = "BulkUpdateAccountsRequest" },
	{ ONE("POST", "/batch-clear-error", clear_errors) },
	{ OF("POST", "/recover-state", recover) },
	{ OF("POST", "/clear-error", clear_error_of) },
	{ OF("POST", "/clear-rate-limit", clear_rate_limit) },
	{ OF("DELETE", "/temp-unschedulable", clear_temp) },
	{ OF("GET", "/temp-unschedulable", show_temp) },
	{ OF("POST", "/schedulable", set_schedulable) },
	{ OF("GET", "/models", list_models) },
	{ OF("POST", "/test", host_account_test) },
	{ OF("POST", "/models/sync-upstream", host_account_sync),
	  .since = HOST_0_1_129 },
	{ .method = NULL },
};
