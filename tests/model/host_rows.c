#include "tests/model/host_store.h"

#include <ctype.h>
#include <string.h>

#include "shared/own.h"

static void group_free(struct host_group *group)
{
	free(group->name);
	free(group->description);
	free(group->platform);
	free(group->status);
	free(group->subscription_type);
	json_decref(group->settings);
	json_decref(group->models);
	host_ids_done(&group->bucket);
	free(group);
}

static void account_free(struct host_account *account)
{
	free(account->name);
	free(account->notes);
	free(account->platform);
	free(account->type);
	free(account->error_message);
	free(account->temp_reason);
	host_serving_done(&account->now);
	host_serving_done(&account->copy);
	host_ids_done(&account->groups);
	for (size_t i = 0; i < HOST_STREAKS_MAX; i++)
		free(account->streaks[i].model);
	free(account);
}

static void user_free(struct host_user *user)
{
	free(user->email);
	free(user->password);
	free(user->username);
	free(user->notes);
	free(user->role);
	free(user->status);
	host_ids_done(&user->allowed);
	free(user);
}

static void key_free(struct host_key *key)
{
	free(key->key);
	free(key->name);
	free(key->status);
	json_decref(key->ip_whitelist);
	json_decref(key->ip_blacklist);
	free(key);
}

static void subscription_free(struct host_subscription *subscription)
{
	free(subscription->notes);
	free(subscription);
}

void host_group_remove(struct host_model *model, struct host_group *group)
{
	json_object_del(model->group_names, group->name);
	model->groups.rows[group->id - 1] = NULL;
	group_free(group);
}

void host_account_remove(struct host_model *model,
			 struct host_account *account)
{
	host_ids_drop(&model->used, account->id);
	model->accounts.rows[account->id - 1] = NULL;
	account_free(account);
}

/* The row stays: keys of a deleted user still lead to it. */
void host_user_remove(struct host_model *model, struct host_user *user)
{
	AUTO_FREE char *lower = xstrdup(user->email);

	for (char *at = lower; *at; at++)
		*at = (char)tolower((unsigned char)*at);
	json_object_del(model->user_emails, lower);
	user->deleted = true;
}

void host_key_remove(struct host_model *model, struct host_key *key)
{
	json_object_del(model->key_texts, key->key);
	model->keys.rows[key->id - 1] = NULL;
	key_free(key);
}

#define ROWS_DONE(rows_, free_) \
	do { \
		for (size_t i_ = 0; i_ < (rows_)->count; i_++) { \
			if ((rows_)->rows[i_]) \
				free_((rows_)->rows[i_]); \
		} \
		free((rows_)->rows); \
		*(rows_) = (struct host_rows){ 0 }; \
	} while (0)

void host_store_init(struct host_model *model)
{
	model->group_names = json_object();
	model->user_emails = json_object();
	model->key_texts = json_object();
	model->channels = json_object();
	model->proxies = json_object();
	model->refresh_tokens = json_object();
	model->idempotency = json_object();
	model->ops = json_array();
}

void host_store_done(struct host_model *model)
{
	ROWS_DONE(&model->groups, group_free);
	ROWS_DONE(&model->accounts, account_free);
	ROWS_DONE(&model->users, user_free);
	ROWS_DONE(&model->keys, key_free);
	ROWS_DONE(&model->subscriptions, subscription_free);
	json_decref(model->group_names);
	json_decref(model->user_emails);
	json_decref(model->key_texts);
	json_decref(model->channels);
	json_decref(model->proxies);
	json_decref(model->refresh_tokens);
	json_decref(model->idempotency);
	json_decref(model->ops);
	for (size_t i = 0; i < model->nchanges; i++) {
		host_ids_done(&model->changes[i].groups);
		host_serving_done(&model->changes[i].serving);
	}
	free(model->changes);
	host_ids_done(&model->used);
	host_ids_done(&model->simple_bucket);
	free(model->admin_email);
	free(model->admin_password);
	free(model->admin_key);
	free(model->reported_version);
}
