#include "shared/owned.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/buf.h"
#include "shared/own.h"
#include "shared/seal.h"

static const char *const policy_names[] = {
	[OWNED_RESTORE]	= "restore",
	[OWNED_ACCEPT]	= "accept",
	[OWNED_ASK]	= "ask",
};

TABLE_ENUM_DEFINE(owned_policy, policy_names, OWNED_POLICY__MAX);

static const char *const moved_names[] = {
	[OWNED_NOBODY]	= "nobody",
	[OWNED_THEM]	= "them",
	[OWNED_US]	= "us",
	[OWNED_BOTH]	= "both",
};

TABLE_ENUM_DEFINE(owned_moved, moved_names, OWNED_MOVED__MAX);

static const char *const certainty_names[] = {
	[OWNED_CERTAIN]	= "certain",
	[OWNED_LIKELY]	= "likely",
	[OWNED_UNKNOWN]	= "unknown",
};

TABLE_ENUM_DEFINE(owned_certainty, certainty_names, OWNED_CERTAINTY__MAX);

#define ROW(type, name, kind, policy, zh, en) \
	{ RESOURCE_##type, name, OWNED_##kind, OWNED_##policy, zh, en }
#define EXISTS(type) \
	ROW(type, OWNED_EXISTS, VALUE, ASK, "是否存在", "on the host")

/*
 * What a host writes by itself is not here: the capability flag beside a mode
 * that is obeyed, benches, errors, times, counts, and the balance of a user,
 * which every call moves.
 */
const struct owned_field owned_fields[] = {
	EXISTS(GROUP),
	ROW(GROUP, "platform", VALUE, ASK, "平台", "platform"),
	ROW(GROUP, "subscription_type", VALUE, ASK, "计费类型", "standard or subscription"),
	ROW(GROUP, "is_exclusive", VALUE, ASK, "专属", "exclusive"),
	ROW(GROUP, "service", VALUE, ASK, "启用", "in service"),
	ROW(GROUP, "name", VALUE, ACCEPT, "名称", "name"),
	ROW(GROUP, "description", VALUE, ACCEPT, "说明", "description"),
	ROW(GROUP, "rate_multiplier", VALUE, ACCEPT, "费率倍数", "rate multiplier"),
	ROW(GROUP, "daily_limit_usd", VALUE, ACCEPT, "每日限额", "daily limit"),
	ROW(GROUP, "weekly_limit_usd", VALUE, ACCEPT, "每周限额", "weekly limit"),
	ROW(GROUP, "monthly_limit_usd", VALUE, ACCEPT, "每月限额", "monthly limit"),
	ROW(GROUP, "rpm_limit", VALUE, ACCEPT, "每分钟请求上限", "requests a minute"),
	ROW(GROUP, "messages_dispatch", VALUE, ACCEPT, "Messages 转发", "serves /v1/messages"),

	EXISTS(ACCOUNT),
	ROW(ACCOUNT, "platform", VALUE, ASK, "平台", "platform"),
	ROW(ACCOUNT, "type", VALUE, ASK, "账号类型", "type"),
	ROW(ACCOUNT, "base_url", VALUE, ASK, "上游地址", "base URL"),
	ROW(ACCOUNT, "key", VALUE, ASK, "密钥", "key"),
	ROW(ACCOUNT, "service", VALUE, ASK, "启用", "in service"),
	ROW(ACCOUNT, "proxy_id", VALUE, ASK, "代理", "proxy"),
	ROW(ACCOUNT, "relay", VALUE, RESTORE, "对话转发方式", "how chat is relayed"),
	ROW(ACCOUNT, "responses_mode", VALUE, RESTORE, "Responses 模式", "responses mode"),
	ROW(ACCOUNT, "error_codes", VALUE, RESTORE, "自定义错误码", "custom error codes"),
	ROW(ACCOUNT, "pool_mode", VALUE, RESTORE, "池模式", "pool mode"),
	ROW(ACCOUNT, "group_ids", SUPERSET, RESTORE, "所在分组", "bound to our groups"),
	ROW(ACCOUNT, "model_mapping", KEYS, RESTORE, "模型映射", "our names for models"),
	ROW(ACCOUNT, "name", VALUE, ACCEPT, "名称", "name"),
	ROW(ACCOUNT, "notes", VALUE, ACCEPT, "备注", "notes"),
	ROW(ACCOUNT, "priority", VALUE, ACCEPT, "优先级", "priority"),
	ROW(ACCOUNT, "concurrency", VALUE, ACCEPT, "并发数", "concurrency"),
	ROW(ACCOUNT, "load_factor", VALUE, ACCEPT, "负载系数", "load factor"),
	ROW(ACCOUNT, "rate_multiplier", VALUE, ACCEPT, "费率倍数", "rate multiplier"),
	ROW(ACCOUNT, "expires_at", VALUE, ACCEPT, "到期时间", "expiry"),

	EXISTS(USER),
	ROW(USER, "email", VALUE, ASK, "登录邮箱", "e-mail that logs in"),
	ROW(USER, "role", VALUE, ASK, "角色", "role"),
	ROW(USER, "service", VALUE, ASK, "启用", "in service"),
	ROW(USER, "notes", VALUE, ACCEPT, "备注", "notes"),
	ROW(USER, "concurrency", VALUE, ACCEPT, "并发数", "concurrency"),
	ROW(USER, "rpm_limit", VALUE, ACCEPT, "每分钟请求上限", "requests a minute"),

	EXISTS(SUBSCRIPTION),
	ROW(SUBSCRIPTION, "service", VALUE, ASK, "启用", "in service"),
	ROW(SUBSCRIPTION, "expires_at", VALUE, ACCEPT, "到期时间", "expiry"),
	ROW(SUBSCRIPTION, "notes", VALUE, ACCEPT, "备注", "notes"),

	EXISTS(USER_KEY),
	ROW(USER_KEY, "group_id", VALUE, ASK, "所属分组", "the group it is for"),
	ROW(USER_KEY, "service", VALUE, ASK, "启用", "in service"),
	ROW(USER_KEY, "name", VALUE, ACCEPT, "名称", "name"),
	ROW(USER_KEY, "quota", VALUE, ACCEPT, "额度", "quota"),
	ROW(USER_KEY, "expires_at", VALUE, ACCEPT, "到期时间", "expiry"),
	ROW(USER_KEY, "rate_limit_5h", VALUE, ACCEPT, "5 小时限额", "limit of five hours"),
	ROW(USER_KEY, "rate_limit_1d", VALUE, ACCEPT, "每日限额", "daily limit"),
	ROW(USER_KEY, "rate_limit_7d", VALUE, ACCEPT, "每周限额", "weekly limit"),

	EXISTS(CHANNEL),
	ROW(CHANNEL, "service", VALUE, ASK, "启用", "in service"),
	ROW(CHANNEL, "model_pricing", VALUE, RESTORE, "模型价格", "prices"),
	ROW(CHANNEL, "restrict_models", VALUE, RESTORE, "限制模型", "restricted to priced models"),
	ROW(CHANNEL, "group_ids", SUPERSET, RESTORE, "覆盖分组", "over our group"),
	ROW(CHANNEL, "name", VALUE, ACCEPT, "名称", "name"),
	ROW(CHANNEL, "description", VALUE, ACCEPT, "说明", "description"),
};

const size_t owned_fields_count = COUNT(owned_fields);

const struct owned_field *owned_field(enum resource_type type,
				      const char *name)
{
	for (size_t i = 0; i < COUNT(owned_fields); i++)
		if (owned_fields[i].type == type &&
		    strcmp(owned_fields[i].name, name) == 0)
			return &owned_fields[i];
	return NULL;
}

static bool has_item(const json_t *array, const json_t *item)
{
	size_t i;
	const json_t *one;

	json_array_foreach(array, i, one)
		if (json_equal(one, item))
			return true;
	return false;
}

static bool has_items(const json_t *array, const json_t *items)
{
	size_t i;
	const json_t *one;

	json_array_foreach(items, i, one)
		if (!has_item(array, one))
			return false;
	return true;
}

static bool has_keys(const json_t *object, const json_t *ours)
{
	/* Jansson walks only what it may change. */
	json_t *keys = (json_t *)(uintptr_t)ours;
	const char *name;
	json_t *value;

	json_object_foreach(keys, name, value)
		if (!json_equal(json_object_get(object, name), value))
			return false;
	return true;
}

/* Is in `there` all that `ours` says? */
static bool holds(enum owned_kind kind, const json_t *there,
		  const json_t *ours)
{
	switch (kind) {
	case OWNED_SUPERSET:
		return has_items(there, ours);
	case OWNED_KEYS:
		return has_keys(there, ours);
	case OWNED_VALUE:
	case OWNED_KIND__MAX:
		break;
	}
	return json_equal(there, ours);
}

/* Who switches or replaces it decides something, and is not us unseen. */
static bool is_decided(const struct owned_field *row)
{
	return strcmp(row->name, "key") == 0 ||
	       strcmp(row->name, "service") == 0;
}

static const json_t *written_of(const struct owned_three *the,
				const struct owned_field *row)
{
	const json_t *value = is_decided(row) ? NULL
		: json_object_get(the->written, row->name);

	return value ? value : json_object_get(the->wanted, row->name);
}

static struct owned_finding finding_of(const struct owned_three *the,
				       const struct owned_field *field)
{
	return (struct owned_finding){
		.field = field,
		.certainty = OWNED_CERTAIN,
		.wanted = json_object_get(the->wanted, field->name),
		.written = written_of(the, field),
		.live = json_object_get(the->live, field->name),
	};
}

/* Theirs counts as soon as it was accepted, whatever was wanted at first. */
static bool judge_accepted(struct owned_finding *it)
{
	if (!it->written || holds(it->field->kind, it->live, it->written))
		return false;
	it->moved = OWNED_THEM;
	it->action = OWNED_ACCEPT;
	return true;
}

/* Is it a finding, and whose doing? */
static bool judge(struct owned_finding *it)
{
	enum owned_kind kind = it->field->kind;
	bool them, us;

	if (!it->live)
		return false;
	if (it->field->policy == OWNED_ACCEPT)
		return judge_accepted(it);
	if (!it->wanted || holds(kind, it->live, it->wanted))
		return false;
	them = !holds(kind, it->live, it->written);
	us = !holds(kind, it->written, it->wanted);
	it->moved = them && us ? OWNED_BOTH : us ? OWNED_US : OWNED_THEM;
	it->action = it->moved == OWNED_US ? OWNED_RESTORE
					   : it->field->policy;
	return true;
}

static size_t compare_gone(const struct owned_three *the,
			   struct owned_finding *ret)
{
	*ret = (struct owned_finding){
		.field = owned_field(the->type, OWNED_EXISTS),
		.moved = OWNED_THEM,
		.action = OWNED_ASK,
		.certainty = OWNED_CERTAIN,
		.wanted = json_true(),
		.written = json_true(),
		.live = json_false(),
	};
	return ret->field ? 1 : 0;
}

static bool names_it(const struct owned_field *field)
{
	static const char *const names[] = {
		"name", "notes", "description", "email",
	};

	for (size_t i = 0; i < COUNT(names); i++)
		if (strcmp(field->name, names[i]) == 0)
			return true;
	return false;
}

/*
 * A host whose database began anew gives its ids once more.  What is called
 * otherwise in all that we called it may be another thing: nothing is done to
 * it, or taken from it, unasked.
 */
static bool may_be_another(const struct owned_three *the,
			   const struct owned_finding *found, size_t count)
{
	size_t ours = 0, moved = 0;

	for (size_t i = 0; i < COUNT(owned_fields); i++) {
		const struct owned_field *field = &owned_fields[i];
		const struct owned_finding it = finding_of(the, field);

		if (field->type == the->type && names_it(field) &&
		    it.written && it.live)
			ours++;
	}
	for (size_t i = 0; i < count; i++)
		if (names_it(found[i].field) && found[i].moved != OWNED_US)
			moved++;
	return ours > 1 && moved == ours;
}

size_t owned_compare(const struct owned_three *the, struct owned_finding *ret)
{
	size_t count = 0;

	if (!the->live)
		return compare_gone(the, ret);
	for (size_t i = 0; i < COUNT(owned_fields); i++) {
		struct owned_finding it;

		if (owned_fields[i].type != the->type)
			continue;
		it = finding_of(the, &owned_fields[i]);
		if (judge(&it) && count < OWNED_FINDINGS_MAX)
			ret[count++] = it;
	}
	if (may_be_another(the, ret, count))
		for (size_t i = 0; i < count; i++)
			ret[i].action = OWNED_ASK;
	return count;
}

void owned_accept(json_t **written, const json_t *wanted,
		  const struct owned_finding *finding)
{
	if (!*written)
		*written = wanted ? json_deep_copy(wanted) : json_object();
	json_object_set_new(*written, finding->field->name,
			    json_deep_copy(finding->live));
}

json_t *owned_overlay(const json_t *written, const json_t *now)
{
	json_t *both = written ? json_deep_copy(written) : json_object();
	json_auto_t *copy = json_deep_copy(now);

	json_object_update(both, copy);
	return both;
}

static bool is_kept(const struct owned_field *row, const json_t *before)
{
	if (is_decided(row))
		return false;
	return row->policy != OWNED_ACCEPT ||
	       !json_object_get(before, row->name);
}

json_t *owned_wrote(enum resource_type type, const json_t *before,
		    const json_t *wanted)
{
	json_t *both = before ? json_deep_copy(before) : json_object();

	for (size_t i = 0; i < COUNT(owned_fields); i++) {
		const struct owned_field *row = &owned_fields[i];
		json_t *value = json_object_get(wanted, row->name);

		if (row->type == type && value && is_kept(row, before))
			json_object_set_new(both, row->name,
					    json_deep_copy(value));
	}
	return both;
}

static int by_text(const void *one, const void *other)
{
	return strcmp(*(char *const *)one, *(char *const *)other);
}

/* As text, the order of its items left out of account. */
static json_t *sorted(const json_t *array)
{
	size_t count = json_array_size(array);
	char **texts = xcalloc(count + 1, sizeof(*texts));
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		texts[i] = json_dumps(json_array_get(array, i),
				      JSON_COMPACT | JSON_SORT_KEYS |
				      JSON_ENCODE_ANY);
	qsort(texts, count, sizeof(*texts), by_text);
	for (size_t i = 0; i < count; i++) {
		json_array_append_new(list, json_string(texts[i]));
		free(texts[i]);
	}
	free(texts);
	return list;
}

static int add_text(const char *text, size_t len, void *arg)
{
	buf_add(arg, text, len);
	return 0;
}

/* Is it written as it is? */
static bool is_plain(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == '"' ||
		    text[i] == '\\')
			return false;
	return true;
}

/* As jansson writes it, which takes a while to begin. */
static void add_value(struct buf *text, const json_t *value)
{
	const char *string = json_string_value(value);
	size_t len = json_string_length(value);

	if (string && is_plain(string, len)) {
		buf_add(text, "\"", 1);
		buf_add(text, string, len);
		buf_add(text, "\"", 1);
	} else if (json_is_null(value)) {
		buf_adds(text, "null");
	} else if (json_is_boolean(value)) {
		buf_adds(text, json_is_true(value) ? "true" : "false");
	} else {
		json_dump_callback(value, add_text, text, JSON_COMPACT |
				   JSON_SORT_KEYS | JSON_ENCODE_ANY);
	}
}

static void add_member(struct buf *text, const char *name,
		       const json_t *value)
{
	buf_adds(text, text->len ? ",\"" : "{\"");
	buf_adds(text, name);
	buf_adds(text, "\":");
	add_value(text, value);
}

static void add_field(struct buf *text, const struct owned_field *field,
		      const json_t *value)
{
	json_auto_t *canonical = NULL;

	if (!value || strcmp(field->name, "key") == 0)
		return;
	if (field->kind == OWNED_SUPERSET && json_is_array(value))
		canonical = sorted(value);
	add_member(text, field->name, canonical ? canonical : value);
}

/* The first `count`, which are sorted by name, with one more. */
static void sort_in(const struct owned_field *sorted_fields[], size_t count,
		    const struct owned_field *field)
{
	while (count > 0 &&
	       strcmp(sorted_fields[count - 1]->name, field->name) > 0) {
		sorted_fields[count] = sorted_fields[count - 1];
		count--;
	}
	sorted_fields[count] = field;
}

/*
 * Versions are kept, so that this text is never to change: one object, its
 * members by name.
 */
void owned_version(enum resource_type type, const json_t *flat,
		   char ret[OWNED_VERSION_TEXT])
{
	static const struct owned_field resource = { .name = "resource" };
	const struct owned_field *fields[COUNT(owned_fields) + 1] = {
		&resource };
	CLEANUP(buf_done) struct buf text = { .max = SIZE_MAX / 4 };
	json_auto_t *name = json_string(flat ? resource_type_name(type)
					     : "gone");
	char hash[SEAL_HASH_TEXT];
	size_t count = 1;

	for (size_t i = 0; flat && i < COUNT(owned_fields); i++)
		if (owned_fields[i].type == type)
			sort_in(fields, count++, &owned_fields[i]);
	for (size_t i = 0; i < count; i++)
		add_field(&text, fields[i], fields[i] == &resource ? name
			  : json_object_get(flat, fields[i]->name));
	buf_add(&text, "}", 1);
	seal_hash_text(text.text, text.len, hash);
	snprintf(ret, OWNED_VERSION_TEXT, "%.*s", OWNED_VERSION_TEXT - 1,
		 hash);
}
