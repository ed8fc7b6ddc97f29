#include "tests/model/host_view.h"

#include <string.h>

#include "shared/clock.h"
#include "shared/table.h"

json_t *view_time(int64_t at)
{
	char text[CLOCK_TEXT_MAX];

	return json_string(clock_format(at, text));
}

/* Of an id, a count or a time; NULL: the field is left out. */
static json_t *integer_value(enum view_kind kind, int64_t number)
{
	if (kind == VIEW_INT)
		return json_integer(number);
	if (kind == VIEW_TIME)
		return view_time(number);
	if (!number)
		return kind == VIEW_TIME_LATER ? NULL : json_null();
	return kind == VIEW_ID_NULL ? json_integer(number)
				    : view_time(number);
}

/* The host writes 1, not 1.0. */
static json_t *real_value(double real)
{
	return real == (double)(int64_t)real ? json_integer((json_int_t)real)
					     : json_real(real);
}

static json_t *text_value(enum view_kind kind, const char *text)
{
	if (!text && kind == VIEW_TEXT_NULL)
		return json_null();
	return json_string(text ? text : "");
}

/* Most constants are null; the parser is not worth it. */
static json_t *constant_value(const char *text)
{
	return strcmp(text, "null") == 0 ? json_null() :
		json_loads(text, JSON_DECODE_ANY, NULL);
}

static json_t *ids_value(const struct host_ids *ids)
{
	return ids->count ? host_ids_json(ids) : json_null();
}

/* NULL: the field is left out. */
static json_t *view_field_value(const struct view_field *field,
				const void *row)
{
	const void *at = (const char *)row + field->offset;

	switch (field->kind) {
	case VIEW_INT:
	case VIEW_ID_NULL:
	case VIEW_TIME:
	case VIEW_TIME_NULL:
	case VIEW_TIME_LATER:
		return integer_value(field->kind, *(const int64_t *)at);
	case VIEW_BOOL:
		return json_boolean(*(const bool *)at);
	case VIEW_NUMBER:
		return real_value(*(const double *)at);
	case VIEW_TEXT:
	case VIEW_TEXT_NULL:
		return text_value(field->kind, *(char *const *)at);
	case VIEW_IDS_NULL:
		return ids_value(at);
	case VIEW_JSON:
		return *(json_t *const *)at ? json_incref(*(json_t *const *)at)
					    : json_null();
	case VIEW_CONST:
		return constant_value(field->text);
	}
	return NULL;
}

json_t *view_row(const struct host_model *model,
		 const struct view_field *fields, size_t count,
		 const void *row)
{
	json_t *object = json_object();
	enum host_version version = model->options.version;

	for (size_t i = 0; i < count; i++) {
		json_t *value;

		if (version < fields[i].since ||
		    (fields[i].until && version > fields[i].until))
			continue;
		value = view_field_value(&fields[i], row);
		if (value)
			json_object_set_new_nocheck(object, fields[i].name,
						    value);
	}
	return object;
}

#define USER(kind_, name_) \
	{ .name = #name_, .kind = (kind_), \
	  .offset = offsetof(struct host_user, name_) }

static const struct view_field user_fields[] = {
	USER(VIEW_INT, id),
	USER(VIEW_TEXT, email),
	USER(VIEW_TEXT, username),
	USER(VIEW_TEXT, role),
	USER(VIEW_NUMBER, balance),
	{ .name = "frozen_balance", .kind = VIEW_CONST, .text = "0",
	  .since = HOST_0_1_179 },
	USER(VIEW_INT, concurrency),
	USER(VIEW_TEXT, status),
	{ .name = "allowed_groups", .kind = VIEW_IDS_NULL,
	  .offset = offsetof(struct host_user, allowed) },
	USER(VIEW_TIME_LATER, last_active_at),
	USER(VIEW_TIME, created_at),
	USER(VIEW_TIME, updated_at),
	{ .name = "balance_notify_threshold", .kind = VIEW_CONST,
	  .text = "null" },
	{ .name = "balance_notify_extra_emails", .kind = VIEW_CONST,
	  .text = "null" },
	{ .name = "total_recharged", .kind = VIEW_CONST, .text = "0" },
	USER(VIEW_INT, rpm_limit),
};

json_t *view_user(const struct host_model *model,
		  const struct host_user *user)
{
	json_t *view = view_row(model, user_fields, COUNT(user_fields), user);

	/* The answer that makes a user does not read the defaults back. */
	json_object_set_new(view, "balance_notify_enabled",
			    json_boolean(!user->fresh));
	json_object_set_new(view, "balance_notify_threshold_type",
			    json_string(user->fresh ? "" : "fixed"));
	return view;
}

json_t *view_user_for_admin(const struct host_model *model,
			    const struct host_user *user)
{
	json_t *view = view_user(model, user);

	json_object_set_new(view, "notes",
			    json_string(user->notes ? user->notes : ""));
	json_object_set_new(view, "last_used_at", user->last_used_at ?
			    view_time(user->last_used_at) : json_null());
	return view;
}

#define KEY(kind_, name_) \
	{ .name = #name_, .kind = (kind_), \
	  .offset = offsetof(struct host_key, name_) }
#define KEY_CONST(name_, text_) \
	{ .name = (name_), .kind = VIEW_CONST, .text = (text_) }

static const struct view_field key_fields[] = {
	KEY(VIEW_INT, id),
	KEY(VIEW_INT, user_id),
	KEY(VIEW_TEXT, key),
	KEY(VIEW_TEXT, name),
	KEY(VIEW_ID_NULL, group_id),
	KEY(VIEW_TEXT, status),
	KEY(VIEW_JSON, ip_whitelist),
	KEY(VIEW_JSON, ip_blacklist),
	KEY(VIEW_TIME_NULL, last_used_at),
	{ .name = "last_used_ip", .kind = VIEW_CONST, .text = "null",
	  .since = HOST_0_1_179 },
	KEY(VIEW_NUMBER, quota),
	KEY_CONST("quota_used", "0"),
	KEY(VIEW_TIME_NULL, expires_at),
	KEY(VIEW_TIME, created_at),
	KEY(VIEW_TIME, updated_at),
	{ .name = "current_concurrency", .kind = VIEW_CONST, .text = "0",
	  .since = HOST_0_1_179 },
	KEY_CONST("rate_limit_5h", "0"),
	KEY_CONST("rate_limit_1d", "0"),
	KEY_CONST("rate_limit_7d", "0"),
	KEY_CONST("usage_5h", "0"),
	KEY_CONST("usage_1d", "0"),
	KEY_CONST("usage_7d", "0"),
	KEY_CONST("window_5h_start", "null"),
	KEY_CONST("window_1d_start", "null"),
	KEY_CONST("window_7d_start", "null"),
};

json_t *view_key(const struct host_model *model, const struct host_key *key)
{
	return view_row(model, key_fields, COUNT(key_fields), key);
}

json_t *view_key_in_list(const struct host_model *model,
			 const struct host_key *key)
{
	const struct host_group *group = host_group_find(model, key->group_id);
	json_t *view = view_key(model, key);

	if (group)
		json_object_set_new(view, "group",
				    view_group_short(model, group));
	return view;
}

json_t *view_key_whole(const struct host_model *model,
		       const struct host_key *key)
{
	const struct host_user *user = host_user_row(model, key->user_id);
	json_t *view = view_key_in_list(model, key);

	if (user)
		json_object_set_new(view, "user", view_user(model, user));
	return view;
}
