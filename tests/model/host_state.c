#include <string.h>

#include "tests/model/host_model.h"
#include "tests/model/host_store.h"
#include "tests/model/host_view.h"

static json_t *account_state(const struct host_model *model,
			     const struct host_account *account)
{
	json_t *view = view_account(model, account);

	/* In clear, and always there. */
	json_object_set(view, "credentials", account->now.credentials);
	json_object_set(view, "extra", account->now.extra);
	json_object_set_new(view, "group_ids",
			    host_ids_json(&account->groups));
	return view;
}

static json_t *all_groups(const struct host_model *model)
{
	json_t *list = json_array();

	for (size_t i = 0; i < model->groups.count; i++) {
		if (model->groups.rows[i])
			json_array_append_new(list, view_group(
				model, model->groups.rows[i]));
	}
	return list;
}

static json_t *all_accounts(const struct host_model *model)
{
	json_t *list = json_array();

	for (size_t i = 0; i < model->accounts.count; i++) {
		if (model->accounts.rows[i])
			json_array_append_new(list, account_state(
				model, model->accounts.rows[i]));
	}
	return list;
}

static json_t *all_users(const struct host_model *model)
{
	json_t *list = json_array();

	for (size_t i = 0; i < model->users.count; i++) {
		const struct host_user *user = model->users.rows[i];

		if (user && !user->deleted)
			json_array_append_new(list, view_user_for_admin(
				model, user));
	}
	return list;
}

static json_t *all_keys(const struct host_model *model)
{
	json_t *list = json_array();

	for (size_t i = 0; i < model->keys.count; i++) {
		const struct host_key *key = model->keys.rows[i];

		if (key && !key->orphaned)
			json_array_append_new(list, view_key(model, key));
	}
	return list;
}

static json_t *all_subscriptions(const struct host_model *model)
{
	json_t *list = json_array();

	for (size_t i = 0; i < model->subscriptions.count; i++) {
		const struct host_subscription *row =
			model->subscriptions.rows[i];

		if (row && !row->revoked)
			json_array_append_new(list, view_subscription(model,
								      row));
	}
	return list;
}

static json_t *all_channels(const struct host_model *model)
{
	json_t *list = json_array();
	const char *key;
	json_t *channel;

	json_object_foreach(model->channels, key, channel)
		json_array_append_new(list, json_deep_copy(channel));
	return list;
}

json_t *host_model_state(const struct host_model *model)
{
	return json_pack("{so so so so so so}", "groups", all_groups(model),
			 "accounts", all_accounts(model),
			 "users", all_users(model), "keys", all_keys(model),
			 "subscriptions", all_subscriptions(model),
			 "channels", all_channels(model));
}

static const char *account_fault(const struct host_model *model,
				 const struct host_account *account,
				 size_t i)
{
	if (account->id != (int64_t)i + 1)
		return "an account is not where its id says";
	if (!account->now.credentials || !account->now.extra)
		return "an account has no credentials or extra";
	if (account->now.is_active && account->now.is_error)
		return "an account is active and in error";
	for (size_t g = 0; g < account->groups.count; g++) {
		if (!host_group_find(model, account->groups.list[g]))
			return "an account is bound to a deleted group";
	}
	return NULL;
}

static const char *key_fault(const struct host_model *model,
			     const struct host_key *key)
{
	const struct host_user *user = host_user_row(model, key->user_id);

	if (host_index_get(model->key_texts, key->key) != key->id)
		return "a key is not found by its text";
	if (!user)
		return "a key has no user";
	return user->deleted == key->orphaned ?
		NULL : "a key outlived its user";
}

const char *host_model_fault(const struct host_model *model)
{
	const char *fault = NULL;

	for (size_t i = 0; i < model->accounts.count && !fault; i++) {
		if (model->accounts.rows[i])
			fault = account_fault(model,
					      model->accounts.rows[i], i);
	}
	for (size_t i = 0; i < model->keys.count && !fault; i++) {
		if (model->keys.rows[i])
			fault = key_fault(model, model->keys.rows[i]);
	}
	for (size_t i = 0; i < model->groups.count && !fault; i++) {
		const struct host_group *group = model->groups.rows[i];

		if (group && host_index_get(model->group_names,
					    group->name) != group->id)
			fault = "a group is not found by its name";
	}
	return fault;
}
