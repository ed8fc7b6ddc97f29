#include <string.h>

#include "shared/own.h"
#include "shared/table.h"
#include "tests/model/host_accounts.h"
#include "tests/model/host_sched.h"

static const char *const updatable[] = {
	"name", "proxy_id", "concurrency", "priority", "rate_multiplier",
	"load_factor", "status", "schedulable", "group_ids", "credentials",
	"extra",
};

static const char *const modes[] = {
	"auto", "force_responses", "force_chat_completions",
};

/* How many members of the body say something new. */
static size_t updates_in(const struct host_call *call)
{
	size_t count = 0;

	for (size_t i = 0; i < COUNT(updatable); i++)
		count += body_has(call, updatable[i]);
	return count;
}

static bool mode_is_good(struct host_call *call)
{
	const json_t *mode = json_object_get(
		json_object_get(call->body, "extra"),
		"openai_responses_mode");
	int found;

	if (!host_has(call->model, HOST_CHECKS_MODE) || !mode ||
	    json_is_null(mode) ||
	    table_find(modes, COUNT(modes), json_string_value(mode), &found))
		return true;
	reply_refuse(call, 400, "openai_responses_mode must be auto, "
		     "force_responses, force_chat_completions, or null",
		     "OPENAI_RESPONSES_MODE_INVALID");
	return false;
}

/* A new object: what was there, with what is sent on top of it. */
static void merge(json_t **slot, const json_t *sent)
{
	json_t *after;
	const char *name;
	json_t *value;

	if (!json_is_object(sent))
		return;
	after = json_copy(*slot);
	json_object_foreach((json_t *)(uintptr_t)sent, name, value)
		json_object_set_new(after, name, json_deep_copy(value));
	host_json_set(slot, after);
}

static void update_one(struct host_call *call, struct host_account *account)
{
	const char *status = body_text(call, "status");
	struct host_ids before = { 0 };

	body_set(call, "name", &account->name);
	account->concurrency = body_int(call, "concurrency",
					account->concurrency);
	account->proxy_id = body_int(call, "proxy_id", account->proxy_id);
	account->now.priority = body_int(call, "priority",
					 account->now.priority);
	account->rate_multiplier = body_number(call, "rate_multiplier",
					       account->rate_multiplier);
	/* Here 0 does not clear it. */
	if (body_int(call, "load_factor", 0) > 0)
		account->load_factor = body_int(call, "load_factor", 0);
	account->now.schedulable = body_bool(call, "schedulable",
					     account->now.schedulable);
	if (status)
		account_set_status(account, status);
	merge(&account->now.credentials,
	      json_object_get(call->body, "credentials"));
	merge(&account->now.extra, json_object_get(call->body, "extra"));
	if (body_has(call, "group_ids")) {
		host_ids_copy(&before, &account->groups);
		host_ids_read(&account->groups,
			      json_object_get(call->body, "group_ids"));
		account->bound_at = call->model->now;
	}
	/* Bindings are rows of their own. */
	if (updates_in(call) > body_has(call, "group_ids"))
		account->updated_at = call->model->now;
	host_changed_surely(call->model, account, &before);
	host_ids_done(&before);
}

/* Accounts that a filter names, as an array of ids. */
static json_t *filtered(const struct host_call *call)
{
	const json_t *filters = json_object_get(call->body, "filters");
	const char *platform = json_string_value(
		json_object_get(filters, "platform"));
	const char *search = json_string_value(
		json_object_get(filters, "search"));
	json_t *ids = json_array();

	for (size_t i = 0; i < call->model->accounts.count; i++) {
		const struct host_account *account =
			call->model->accounts.rows[i];

		if (!account ||
		    (platform && strcmp(platform, account->platform) != 0) ||
		    (search && !text_contains(account->name, search)))
			continue;
		json_array_append_new(ids, json_integer(account->id));
	}
	return ids;
}

struct outcome {
	json_t *good;
	json_t *bad;
	json_t *results;
};

/* An unknown id is a success, unless its binding fails. */
static void update_id(struct host_call *call, json_t *id,
		      struct outcome *outcome)
{
	struct host_account *account = host_account_find(
		call->model, json_integer_value(id));
	bool fails = !account && body_has(call, "group_ids");
	json_t *result = json_object();

	if (account)
		update_one(call, account);
	json_array_append(fails ? outcome->bad : outcome->good, id);
	json_object_set(result, "account_id", id);
	json_object_set_new(result, "success", json_boolean(!fails));
	if (fails)
		json_object_set_new(result, "error",
				    json_string("internal error"));
	json_array_append_new(outcome->results, result);
}

static void update_all(struct host_call *call, const json_t *ids)
{
	struct outcome outcome = { json_array(), json_array(), json_array() };
	json_t *data = json_object();
	size_t i;
	json_t *id;

	json_array_foreach(ids, i, id)
		update_id(call, id, &outcome);
	json_object_set_new(data, "success", json_integer(
		(json_int_t)json_array_size(outcome.good)));
	json_object_set_new(data, "failed", json_integer(
		(json_int_t)json_array_size(outcome.bad)));
	json_object_set_new(data, "success_ids", outcome.good);
	json_object_set_new(data, "failed_ids", outcome.bad);
	json_object_set_new(data, "results", outcome.results);
	reply_data(call, data);
}

void host_account_bulk(struct host_call *call)
{
	json_t *ids = json_object_get(call->body, "account_ids");
	json_auto_t *found = NULL;

	if (json_array_size(ids) == 0 && !body_has(call, "filters")) {
		reply_refuse(call, 400, "account_ids or filters is required",
			     NULL);
		return;
	}
	if (updates_in(call) == 0) {
		reply_refuse(call, 400, "No updates provided", NULL);
		return;
	}
	if (body_number(call, "rate_multiplier", 1) < 0) {
		reply_refuse(call, 400, "rate_multiplier must be >= 0", NULL);
		return;
	}
	if (!mode_is_good(call) || !body_groups_exist(call))
		return;
	if (!host_proxy_exists(call->model, body_int(call, "proxy_id", 0))) {
		reply_internal(call);
		return;
	}
	found = json_array_size(ids) ? json_incref(ids) : filtered(call);
	update_all(call, found);
}
