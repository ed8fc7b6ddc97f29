#include "schedd/host/owned_view.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schedd/host/account_view.h"
#include "shared/clock.h"

/* What is looked at, and for whom. */
struct view {
	const struct host_owned_case *the;
	const json_t *it;
	struct host_account account;	/* of an account */
};

/* A value of ours, or NULL: not known, or none of our business here. */
typedef json_t *(*reader)(const struct view *v, const char *member);

static const json_t *credential(const json_t *account, const char *name)
{
	return json_object_get(json_object_get(account, "credentials"), name);
}

static json_t *as_it_is(const struct view *v, const char *member)
{
	return json_incref(json_object_get(v->it, member));
}

/* Hosts show what is empty as null, or not. */
static json_t *text(const struct view *v, const char *member)
{
	const json_t *value = json_object_get(v->it, member);

	return json_is_null(value) ? json_string("")
				   : as_it_is(v, member);
}

/* 1 and 1.0 are no difference. */
static json_t *amount(const struct view *v, const char *member)
{
	const json_t *value = json_object_get(v->it, member);

	return json_is_number(value) ? json_real(json_number_value(value))
				     : as_it_is(v, member);
}

/* Null and 0 are the same to a host. */
static json_t *limit(const struct view *v, const char *member)
{
	const json_t *value = json_object_get(v->it, member);

	if (json_is_number(value) && json_number_value(value) == 0)
		return json_null();
	return amount(v, member);
}

/* Left out while there is none. */
static json_t *optional(const struct view *v, const char *member)
{
	json_t *value = as_it_is(v, member);

	return value ? value : json_null();
}

/* To the second: answers differ in what they show below it. */
static json_t *moment(const struct view *v, const char *member)
{
	const json_t *value = json_object_get(v->it, member);
	char shown[CLOCK_TEXT_MAX];
	int64_t at;

	if (!json_is_string(value) ||
	    !clock_parse(json_string_value(value), &at))
		return as_it_is(v, member);
	return json_string(clock_format(at / 1000 * 1000, shown));
}

static json_t *on_or_off(bool off)
{
	return json_string(off ? "off" : "on");
}

/* What time or use ends is no one's decision. */
static json_t *service(const struct view *v, const char *member)
{
	static const char *const offs[] = {
		"inactive", "disabled", "suspended", "revoked",
	};
	const char *status = json_string_value(json_object_get(v->it,
							       "status"));
	bool off = false;

	(void)member;
	if (!status)
		return NULL;
	for (size_t i = 0; i < COUNT(offs); i++)
		off |= strcmp(status, offs[i]) == 0;
	return on_or_off(off);
}

static json_t *dispatch(const struct view *v, const char *member)
{
	(void)member;
	return as_it_is(v, "allow_messages_dispatch");
}

/* ---- accounts ---- */

static json_t *base_url(const struct view *v, const char *member)
{
	(void)member;
	return v->account.base_url ? json_string(v->account.base_url) : NULL;
}

/* A host that shows keys shows them in clear: the engine made this of it. */
static json_t *key(const struct view *v, const char *member)
{
	(void)member;
	return v->account.key && v->the->key ? json_string(v->account.key)
					     : NULL;
}

/*
 * The host itself takes an account out by an error, and newer ones leave it
 * so when somebody ends the error: that is nobody's decision.
 */
static json_t *account_service(const struct view *v, const char *member)
{
	const struct host_account *a = &v->account;
	const char *words = json_string_value(json_object_get(v->it,
							"error_message"));
	bool by_host = strcmp(a->status, "error") == 0 ||
		       (v->the->features->errors_unschedule && words &&
			*words);

	(void)member;
	if (strcmp(a->status, "inactive") == 0)
		return on_or_off(true);
	return on_or_off(!a->schedulable && !by_host);
}

/* While a proxy is down, newer hosts use another and note whose place it has. */
static json_t *proxy(const struct view *v, const char *member)
{
	static const char *const origin = "proxy_fallback_origin_id";

	if (!json_object_get(v->the->wanted, member))
		return NULL;
	return as_it_is(v, json_is_integer(json_object_get(v->it, origin))
			? origin : member);
}

/* What the host does counts, not by which of two members. */
static json_t *relay(const struct view *v, const char *member)
{
	(void)member;
	return json_string(host_account_converts(v->the->features, v->it)
			   ? "responses" : "raw");
}

static json_t *responses_mode(const struct view *v, const char *member)
{
	(void)member;
	return v->account.mode ? json_string(v->account.mode) : json_null();
}

static json_t *error_codes(const struct view *v, const char *member)
{
	(void)member;
	return json_boolean(v->account.hides_errors);
}

/* Ours only where it was wanted. */
static json_t *pool_mode(const struct view *v, const char *member)
{
	if (!json_is_true(credential(v->the->wanted, member)))
		return NULL;
	return json_boolean(v->account.pool_mode &&
			    v->account.pool_retries == 0);
}

static bool has_id(const json_t *array, int64_t id)
{
	size_t i;
	const json_t *one;

	json_array_foreach(array, i, one)
		if (json_integer_value(one) == id)
			return true;
	return false;
}

/* Of these, those that we want; all, if nobody knows what we want. */
static json_t *our_ids(const struct view *v, const char *member,
		       const json_t *ids)
{
	const json_t *ours = json_object_get(v->the->wanted, member);
	json_t *list = json_array();
	size_t i;
	const json_t *one;

	json_array_foreach(ids, i, one) {
		const int64_t id = json_integer_value(one);

		if (!ours || has_id(ours, id))
			json_array_append_new(list, json_integer(id));
	}
	return list;
}

static json_t *account_groups(const struct view *v, const char *member)
{
	json_auto_t *ids = host_account_groups(v->it);

	return our_ids(v, member, ids);
}

static json_t *mapping(const struct view *v, const char *member)
{
	const json_t *ours = credential(v->the->wanted, member);
	json_t *all = json_object_get(json_object_get(v->it, "credentials"),
				      member);
	json_t *list = json_object();
	const char *name;
	json_t *wire;

	json_object_foreach(all, name, wire)
		if (!ours || json_object_get(ours, name))
			json_object_set(list, name, wire);
	return list;
}

/* ---- channels ---- */

static json_t *channel_groups(const struct view *v, const char *member)
{
	const json_t *groups = json_object_get(v->it, member);

	return json_is_array(groups) ? our_ids(v, member, groups) : NULL;
}

/* As text, with the decimals that a host keeps: two doubles would differ. */
static json_t *price(const json_t *value)
{
	char shown[64];
	size_t len;

	if (!json_is_number(value))
		return NULL;
	snprintf(shown, sizeof(shown), "%.12f", json_number_value(value));
	len = strlen(shown);
	while (len > 0 && shown[len - 1] == '0')
		shown[--len] = '\0';
	if (len > 0 && shown[len - 1] == '.')
		shown[--len] = '\0';
	return json_string(shown);
}

static json_t *price_entry(const json_t *entry)
{
	static const char *const prices[] = {
		"input_price", "output_price", "cache_read_price",
		"cache_write_price",
	};
	static const char *const others[] = {
		"platform", "models", "billing_mode",
	};
	json_t *ret = json_object();

	for (size_t i = 0; i < COUNT(others); i++)
		if (json_object_get(entry, others[i]))
			json_object_set(ret, others[i],
					json_object_get(entry, others[i]));
	for (size_t i = 0; i < COUNT(prices); i++) {
		json_t *value = price(json_object_get(entry, prices[i]));

		if (value)
			json_object_set_new(ret, prices[i], value);
	}
	return ret;
}

static int by_text(const void *one, const void *other)
{
	return strcmp(*(char *const *)one, *(char *const *)other);
}

/* A host shows them in an order of its own. */
static json_t *prices(const struct view *v, const char *member)
{
	const json_t *entries = json_object_get(v->it, member);
	size_t count = json_array_size(entries);
	char **texts = xcalloc(count + 1, sizeof(*texts));
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++) {
		json_auto_t *one = price_entry(json_array_get(entries, i));

		texts[i] = json_dumps(one, JSON_COMPACT | JSON_SORT_KEYS);
	}
	qsort(texts, count, sizeof(*texts), by_text);
	for (size_t i = 0; i < count; i++) {
		json_array_append_new(list, json_loads(texts[i], 0, NULL));
		free(texts[i]);
	}
	free(texts);
	return list;
}

/* How each row of owned_fields[] but "exists" is read. */
static const struct {
	enum resource_type type;
	const char *name;
	reader read;
} readers[] = {
	{ RESOURCE_GROUP,	"platform",		as_it_is },
	{ RESOURCE_GROUP,	"subscription_type",	as_it_is },
	{ RESOURCE_GROUP,	"is_exclusive",		as_it_is },
	{ RESOURCE_GROUP,	"service",		service },
	{ RESOURCE_GROUP,	"name",			text },
	{ RESOURCE_GROUP,	"description",		text },
	{ RESOURCE_GROUP,	"rate_multiplier",	amount },
	{ RESOURCE_GROUP,	"daily_limit_usd",	limit },
	{ RESOURCE_GROUP,	"weekly_limit_usd",	limit },
	{ RESOURCE_GROUP,	"monthly_limit_usd",	limit },
	{ RESOURCE_GROUP,	"rpm_limit",		as_it_is },
	{ RESOURCE_GROUP,	"messages_dispatch",	dispatch },
	{ RESOURCE_ACCOUNT,	"platform",		as_it_is },
	{ RESOURCE_ACCOUNT,	"type",			as_it_is },
	{ RESOURCE_ACCOUNT,	"base_url",		base_url },
	{ RESOURCE_ACCOUNT,	"key",			key },
	{ RESOURCE_ACCOUNT,	"service",		account_service },
	{ RESOURCE_ACCOUNT,	"proxy_id",		proxy },
	{ RESOURCE_ACCOUNT,	"relay",		relay },
	{ RESOURCE_ACCOUNT,	"responses_mode",	responses_mode },
	{ RESOURCE_ACCOUNT,	"error_codes",		error_codes },
	{ RESOURCE_ACCOUNT,	"pool_mode",		pool_mode },
	{ RESOURCE_ACCOUNT,	"group_ids",		account_groups },
	{ RESOURCE_ACCOUNT,	"model_mapping",	mapping },
	{ RESOURCE_ACCOUNT,	"name",			text },
	{ RESOURCE_ACCOUNT,	"notes",		text },
	{ RESOURCE_ACCOUNT,	"priority",		as_it_is },
	{ RESOURCE_ACCOUNT,	"concurrency",		as_it_is },
	{ RESOURCE_ACCOUNT,	"load_factor",		optional },
	{ RESOURCE_ACCOUNT,	"rate_multiplier",	amount },
	{ RESOURCE_ACCOUNT,	"expires_at",		as_it_is },
	{ RESOURCE_USER,	"email",		as_it_is },
	{ RESOURCE_USER,	"role",			as_it_is },
	{ RESOURCE_USER,	"service",		service },
	{ RESOURCE_USER,	"notes",		text },
	{ RESOURCE_USER,	"concurrency",		as_it_is },
	{ RESOURCE_USER,	"rpm_limit",		as_it_is },
	{ RESOURCE_SUBSCRIPTION, "service",		service },
	{ RESOURCE_SUBSCRIPTION, "expires_at",		moment },
	{ RESOURCE_SUBSCRIPTION, "notes",		text },
	{ RESOURCE_USER_KEY,	"group_id",		as_it_is },
	{ RESOURCE_USER_KEY,	"service",		service },
	{ RESOURCE_USER_KEY,	"name",			text },
	{ RESOURCE_USER_KEY,	"quota",		amount },
	{ RESOURCE_USER_KEY,	"expires_at",		moment },
	{ RESOURCE_USER_KEY,	"rate_limit_5h",	amount },
	{ RESOURCE_USER_KEY,	"rate_limit_1d",	amount },
	{ RESOURCE_USER_KEY,	"rate_limit_7d",	amount },
	{ RESOURCE_CHANNEL,	"service",		service },
	{ RESOURCE_CHANNEL,	"model_pricing",	prices },
	{ RESOURCE_CHANNEL,	"restrict_models",	as_it_is },
	{ RESOURCE_CHANNEL,	"group_ids",		channel_groups },
	{ RESOURCE_CHANNEL,	"name",			text },
	{ RESOURCE_CHANNEL,	"description",		text },
};

static json_t *flatten(const struct host_owned_case *the, const json_t *it)
{
	struct view v = { .the = the, .it = it };
	json_t *flat = json_object();

	if (the->type == RESOURCE_ACCOUNT)
		v.account = host_account_read(it, the->inst ? the->inst : "",
					      0);
	for (size_t i = 0; i < COUNT(readers); i++) {
		json_t *value;

		if (readers[i].type != the->type)
			continue;
		value = readers[i].read(&v, readers[i].name);
		if (value)
			json_object_set_new(flat, readers[i].name, value);
	}
	return flat;
}

json_t *host_owned_live(const struct host_owned_case *the,
			const json_t *live)
{
	return flatten(the, live);
}

/*
 * What a host makes of a create that says no more than we do, as JSON, by
 * type; asked of 0.1.126, 0.1.129 and 0.1.179.
 */
static const char *const made[RESOURCE_TYPE__MAX] = {
	[RESOURCE_GROUP] =
	"{\"status\":\"active\",\"daily_limit_usd\":null,"
	"\"weekly_limit_usd\":null,\"monthly_limit_usd\":null,"
	"\"rpm_limit\":0,\"allow_messages_dispatch\":false,"
	"\"description\":\"\"}",
	[RESOURCE_ACCOUNT] =
	"{\"status\":\"active\",\"schedulable\":true,\"rate_multiplier\":1,"
	"\"load_factor\":null,\"expires_at\":null}",
	[RESOURCE_USER] =
	"{\"status\":\"active\",\"role\":\"user\",\"concurrency\":0,"
	"\"rpm_limit\":0}",
	[RESOURCE_SUBSCRIPTION] = "{\"status\":\"active\"}",
	[RESOURCE_USER_KEY] =
	"{\"status\":\"active\",\"quota\":0,\"expires_at\":null,"
	"\"rate_limit_5h\":0,\"rate_limit_1d\":0,\"rate_limit_7d\":0}",
	[RESOURCE_CHANNEL] = "{\"status\":\"active\",\"description\":\"\"}",
};

/* Jansson copies only what it may change. */
static json_t *unfrozen(const json_t *object)
{
	return (json_t *)(uintptr_t)object;
}

/* In a copy of `inner`, which is the wanted body's too. */
static void set_in(json_t *object, const char *inner, const char *name,
		   json_t *take_value)
{
	const json_t *was = json_object_get(object, inner);
	json_t *it = json_is_object(was) ? json_copy(unfrozen(was))
					 : json_object();

	json_object_set_new(it, name, take_value);
	json_object_set_new(object, inner, it);
}

/* As it would be shown, were it exactly as asked for. */
static void pose_account(const struct host_owned_case *the, json_t *it)
{
	const char *mode = json_string_value(json_object_get(
		json_object_get(it, "extra"), "openai_responses_mode"));

	if (the->key)
		set_in(it, "credentials", "api_key", json_string(the->key));
	if (mode && strcmp(mode, "force_chat_completions") == 0)
		set_in(it, "extra", "openai_responses_supported",
		       json_false());
	if (the->off)
		json_object_set_new(it, "schedulable", json_false());
}

/* What its maker chose of somebody else's is not to be guessed. */
static void forget_makers(const struct host_owned_case *the, json_t *flat)
{
	static const char *const theirs[] = {
		"notes", "load_factor", "rate_multiplier", "expires_at",
	};
	const char *relay = json_string_value(json_object_get(flat, "relay"));

	if (relay && strcmp(relay, "raw") != 0)	/* no mode was asked for */
		json_object_del(flat, "relay");
	for (size_t i = 0; the->adopted && i < COUNT(theirs); i++)
		json_object_del(flat, theirs[i]);
}

json_t *host_owned_wanted(const struct host_owned_case *the)
{
	json_auto_t *it = made[the->type]
		? json_loads(made[the->type], 0, NULL) : json_object();
	json_t *flat;

	/* An account of which nothing was asked is none of ours. */
	if (the->type == RESOURCE_ACCOUNT && !the->wanted)
		return json_object();
	json_object_update(it, unfrozen(the->wanted));
	if (the->type == RESOURCE_ACCOUNT)
		pose_account(the, it);
	flat = flatten(the, it);
	forget_makers(the, flat);
	return flat;
}
