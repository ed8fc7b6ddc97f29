#include "tests/model/host_store.h"

#include <ctype.h>
#include <string.h>

#include "shared/own.h"

/* splitmix64: the next number of the seed. */
uint64_t host_random(struct host_model *model)
{
	uint64_t mixed;

	model->random += 0x9e3779b97f4a7c15u;
	mixed = model->random;
	mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
	mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
	return mixed ^ (mixed >> 31);
}

char *host_random_hex(struct host_model *model, const char *prefix,
		      size_t digits)
{
	size_t len = strlen(prefix);
	char *text = xcalloc(len + digits + 1, 1);

	snprintf(text, len + 1, "%s", prefix);
	for (size_t i = 0; i < digits; i++)
		text[len + i] = "0123456789abcdef"[host_random(model) >> 60];
	return text;
}

static void *row_find(const struct host_rows *rows, int64_t id)
{
	if (id < 1 || (uint64_t)id > rows->count)
		return NULL;
	return rows->rows[id - 1];
}

static int64_t row_add(struct host_rows *rows, void *row)
{
	/* Doubling at powers of two keeps adding cheap. */
	if ((rows->count & (rows->count - 1)) == 0)
		rows->rows = xrealloc(rows->rows, 2 * (rows->count + 1) *
						  sizeof(rows->rows[0]));
	rows->rows[rows->count++] = row;
	return (int64_t)rows->count;
}

struct host_group *host_group_find(const struct host_model *model, int64_t id)
{
	return row_find(&model->groups, id);
}

struct host_account *host_account_find(const struct host_model *model,
				       int64_t id)
{
	return row_find(&model->accounts, id);
}

struct host_user *host_user_row(const struct host_model *model, int64_t id)
{
	return row_find(&model->users, id);
}

struct host_user *host_user_find(const struct host_model *model, int64_t id)
{
	struct host_user *user = row_find(&model->users, id);

	return user && !user->deleted ? user : NULL;
}

struct host_key *host_key_find(const struct host_model *model, int64_t id)
{
	return row_find(&model->keys, id);
}

struct host_subscription *
host_subscription_find(const struct host_model *model, int64_t id)
{
	return row_find(&model->subscriptions, id);
}

int64_t host_index_get(const json_t *index, const char *text)
{
	return json_integer_value(json_object_get(index, text));
}

static char *lower_case(const char *text)
{
	char *lower = xstrdup(text);

	for (char *at = lower; *at; at++)
		*at = (char)tolower((unsigned char)*at);
	return lower;
}

int64_t host_email_get(const struct host_model *model, const char *email)
{
	AUTO_FREE char *lower = lower_case(email);

	return host_index_get(model->user_emails, lower);
}

static void index_set(json_t *index, const char *text, int64_t id)
{
	json_object_set_new_nocheck(index, text, json_integer(id));
}

struct host_group *host_group_add(struct host_model *model, const char *name)
{
	struct host_group *group = xcalloc(1, sizeof(*group));

	group->id = row_add(&model->groups, group);
	group->name = xstrdup(name);
	group->created_at = group->updated_at = model->now;
	index_set(model->group_names, name, group->id);
	return group;
}

struct host_account *host_account_add(struct host_model *model)
{
	struct host_account *account = xcalloc(1, sizeof(*account));

	account->id = row_add(&model->accounts, account);
	account->created_at = account->updated_at = model->now;
	return account;
}

struct host_user *host_user_add(struct host_model *model, const char *email)
{
	struct host_user *user = xcalloc(1, sizeof(*user));

	user->id = row_add(&model->users, user);
	user->created_at = user->updated_at = model->now;
	host_user_readdress(model, user, email);
	return user;
}

struct host_key *host_key_add(struct host_model *model, const char *text)
{
	struct host_key *key = xcalloc(1, sizeof(*key));

	key->id = row_add(&model->keys, key);
	key->key = xstrdup(text);
	key->created_at = key->updated_at = model->now;
	index_set(model->key_texts, text, key->id);
	return key;
}

struct host_subscription *host_subscription_add(struct host_model *model)
{
	struct host_subscription *subscription = xcalloc(1,
							 sizeof(*subscription));

	subscription->id = row_add(&model->subscriptions, subscription);
	subscription->created_at = subscription->updated_at = model->now;
	return subscription;
}

void host_group_rename(struct host_model *model, struct host_group *group,
		       const char *name)
{
	json_object_del(model->group_names, group->name);
	own_set(&group->name, name);
	index_set(model->group_names, name, group->id);
}

void host_user_readdress(struct host_model *model, struct host_user *user,
			 const char *email)
{
	AUTO_FREE char *lower = lower_case(email);

	if (user->email) {
		AUTO_FREE char *old = lower_case(user->email);

		json_object_del(model->user_emails, old);
	}
	own_set(&user->email, email);
	index_set(model->user_emails, lower, user->id);
}

struct host_subscription *host_subscription_of(const struct host_model *model,
					       int64_t user_id,
					       int64_t group_id)
{
	for (size_t i = 0; i < model->subscriptions.count; i++) {
		struct host_subscription *row = model->subscriptions.rows[i];

		if (row && !row->revoked && row->user_id == user_id &&
		    row->group_id == group_id)
			return row;
	}
	return NULL;
}

bool host_subscription_is_active(const struct host_model *model,
				 int64_t user_id, int64_t group_id)
{
	const struct host_subscription *row =
		host_subscription_of(model, user_id, group_id);

	return row && row->expires_at > model->now;
}

void host_json_set(json_t **slot, json_t *value)
{
	json_decref(*slot);
	*slot = value;
}

void host_serving_copy(struct host_serving *to,
		       const struct host_serving *from)
{
	json_t *credentials = json_incref(from->credentials);
	json_t *extra = json_incref(from->extra);

	host_serving_done(to);
	*to = *from;
	to->credentials = credentials;
	to->extra = extra;
}

void host_serving_done(struct host_serving *serving)
{
	json_decref(serving->credentials);
	json_decref(serving->extra);
	*serving = (struct host_serving){ 0 };
}
