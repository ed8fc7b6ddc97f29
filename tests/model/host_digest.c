#include "tests/model/host_digest.h"

#include <stdlib.h>
#include <string.h>

#include "shared/table.h"
#include "tests/model/host_store.h"

static const char *const lists[HOST_KIND__MAX] = {
	[HOST_KIND_GROUP]	 = "groups",
	[HOST_KIND_ACCOUNT]	 = "accounts",
	[HOST_KIND_USER]	 = "users",
	[HOST_KIND_KEY]		 = "keys",
	[HOST_KIND_SUBSCRIPTION] = "subscriptions",
	[HOST_KIND_CHANNEL]	 = "channels",
};

const char *host_kind_list(enum host_kind kind)
{
	return lists[kind];
}

/* Where the rows go. */
struct sink {
	struct host_digest *list;
	size_t max, count;
};


/* ---- numbers of values ---- */

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * 0xbf58476d1ce4e5b9ull;
	return hash ^ (hash >> 29);
}

static uint64_t mix_bytes(uint64_t hash, const void *data, size_t len)
{
	const unsigned char *at = data;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ at[i]) * 0x100000001b3ull;
	return mix(hash, len);
}

/* None is the same as an empty one: "" clears notes. */
static uint64_t mix_text(uint64_t hash, const char *text)
{
	return mix_bytes(hash, text ? text : "", text ? strlen(text) : 0);
}

static uint64_t mix_real(uint64_t hash, double real)
{
	return mix_bytes(hash, &real, sizeof(real));
}

/* A set: the order does not count. */
static uint64_t mix_ids(uint64_t hash, const struct host_ids *ids)
{
	uint64_t sum = ids->count;

	for (size_t i = 0; i < ids->count; i++)
		sum += mix(0x5eed, (uint64_t)ids->list[i]);
	return mix(hash, sum);
}

/*
 * Members that the host itself writes, into an account by its probe and when
 * a model is refused, into a channel with each change; and pool mode that is
 * off, which no call takes away again once it was on.
 */
static bool counts(const char *name, const json_t *value)
{
	static const char *const others[] = {
		"openai_responses_supported", "created_at", "updated_at",
		"id", "pool_mode_retry_count",
		"model_rate_limits",
	};

	for (size_t i = 0; i < COUNT(others); i++)
		if (strcmp(name, others[i]) == 0)
			return false;
	return strcmp(name, "pool_mode") != 0 || json_is_true(value);
}

static uint64_t json_hash(const json_t *json);

static uint64_t object_hash(const json_t *json)
{
	uint64_t sum = 17;
	const char *name;
	json_t *value;
	void *object = json_incref((json_t *)(uintptr_t)json);

	json_object_foreach((json_t *)object, name, value)
		if (counts(name, value))
			sum += mix(mix_text(7, name), json_hash(value));
	json_decref(object);
	return sum;
}

static uint64_t array_hash(const json_t *json)
{
	uint64_t hash = 11;

	for (size_t i = 0; i < json_array_size(json); i++)
		hash = mix(hash, json_hash(json_array_get(json, i)));
	return hash;
}

static uint64_t json_hash(const json_t *json)
{
	if (!json)
		return 3;
	switch (json_typeof(json)) {
	case JSON_OBJECT:
		return object_hash(json);
	case JSON_ARRAY:
		return array_hash(json);
	case JSON_STRING:
		return mix_text(5, json_string_value(json));
	case JSON_INTEGER:
	case JSON_REAL:
		return mix_real(6, json_number_value(json));
	default:
		return (uint64_t)json_typeof(json) + 20;
	}
}

/* ---- rows ---- */

/* "... crm-abc123-12345678": what tells it from all others. */
static uint64_t mark_of(const char *name)
{
	static const char sign[] = "crm-";
	const char *mark = name ? strstr(name, sign) : NULL;

	return mark ? mix_bytes(1, mark, strspn(mark,
		"abcdefghijklmnopqrstuvwxyz0123456789-")) : 0;
}

static void put(struct sink *sink, enum host_kind kind, int64_t id,
		uint64_t hash, const char *name)
{
	if (sink->count < sink->max)
		sink->list[sink->count] = (struct host_digest){
			.kind = kind, .id = id, .hash = hash,
			.mark = mark_of(name) };
	sink->count++;
}

static uint64_t group_hash(const struct host_group *group)
{
	uint64_t hash = mix_text(1, group->name);

	hash = mix_text(hash, group->description);
	hash = mix_text(hash, group->platform);
	hash = mix_text(hash, group->status);
	hash = mix_text(hash, group->subscription_type);
	hash = mix_real(hash, group->rate_multiplier);
	hash = mix(hash, group->is_exclusive);
	hash = mix(hash, (uint64_t)group->sort_order);
	return mix(hash, json_hash(group->settings));
}

/* The state "error" is the host's own finding, as are all its pauses. */
static uint64_t account_hash(const struct host_account *account)
{
	const struct host_serving *now = &account->now;
	uint64_t hash = mix_text(1, account->name);

	hash = mix_text(hash, account->notes);
	hash = mix_text(hash, account->platform);
	hash = mix_text(hash, account->type);
	hash = mix(hash, (uint64_t)account->concurrency);
	hash = mix(hash, (uint64_t)account->proxy_id);
	hash = mix_real(hash, account->rate_multiplier);
	hash = mix(hash, (uint64_t)account->load_factor);
	hash = mix(hash, now->is_active || now->is_error);
	hash = mix(hash, now->schedulable);
	hash = mix(hash, (uint64_t)now->expires_at);
	hash = mix(hash, (uint64_t)now->priority);
	hash = mix(hash, json_hash(now->credentials));
	hash = mix(hash, json_hash(now->extra));
	return mix_ids(hash, &account->groups);
}

static uint64_t user_hash(const struct host_user *user)
{
	uint64_t hash = mix_text(1, user->email);

	hash = mix_text(hash, user->password);
	hash = mix_text(hash, user->username);
	hash = mix_text(hash, user->notes);
	hash = mix_text(hash, user->role);
	hash = mix_text(hash, user->status);
	hash = mix(hash, (uint64_t)user->concurrency);
	hash = mix(hash, (uint64_t)user->rpm_limit);
	return mix_ids(hash, &user->allowed);
}

static uint64_t key_hash(const struct host_key *key)
{
	uint64_t hash = mix_text(1, key->key);

	hash = mix_text(hash, key->name);
	hash = mix_text(hash, key->status);
	hash = mix(hash, (uint64_t)key->user_id);
	hash = mix(hash, (uint64_t)key->group_id);
	hash = mix(hash, json_hash(key->ip_whitelist));
	hash = mix(hash, json_hash(key->ip_blacklist));
	hash = mix_real(hash, key->quota);
	return mix(hash, (uint64_t)key->expires_at);
}

static uint64_t subscription_hash(const struct host_subscription *row)
{
	uint64_t hash = mix_text(1, row->notes);

	hash = mix(hash, (uint64_t)row->user_id);
	hash = mix(hash, (uint64_t)row->group_id);
	return mix(hash, (uint64_t)row->expires_at);
}

/* ---- tables ---- */

#define ROWS(sink_, rows_, kind_, type_, is_there_, hash_, name_) \
	for (size_t i = 0; i < (rows_)->count; i++) { \
		const struct type_ *row = (rows_)->rows[i]; \
		if (row && (is_there_)) \
			put(sink_, kind_, row->id, hash_(row), name_); \
	}

static void put_channels(struct sink *sink, const struct host_model *model)
{
	const char *id;
	json_t *channel;

	json_object_foreach(model->channels, id, channel)
		put(sink, HOST_KIND_CHANNEL, strtoll(id, NULL, 10),
		    json_hash(channel), json_string_value(
			json_object_get(channel, "name")));
}

size_t host_model_digest(const struct host_model *model,
			 struct host_digest *ret, size_t max)
{
	struct sink sink = { .list = ret, .max = max };

	ROWS(&sink, &model->groups, HOST_KIND_GROUP, host_group, true,
	     group_hash, row->name)
	ROWS(&sink, &model->accounts, HOST_KIND_ACCOUNT, host_account, true,
	     account_hash, row->name)
	ROWS(&sink, &model->users, HOST_KIND_USER, host_user, !row->deleted,
	     user_hash, NULL)
	ROWS(&sink, &model->keys, HOST_KIND_KEY, host_key, !row->orphaned,
	     key_hash, row->name)
	ROWS(&sink, &model->subscriptions, HOST_KIND_SUBSCRIPTION,
	     host_subscription, !row->revoked, subscription_hash, NULL)
	put_channels(&sink, model);
	return sink.count;
}
