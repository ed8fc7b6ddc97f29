#include <ctype.h>
#include <string.h>

#include "shared/own.h"
#include "shared/table.h"
#include "tests/model/host_routes.h"

static bool is_filled(const json_t *value)
{
	if (json_is_string(value))
		return *json_string_value(value) != '\0';
	return value && !json_is_null(value);
}

static bool is_label(const char *text, size_t len)
{
	if (len == 0 || text[0] == '-' || text[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)text[i]) && text[i] != '-')
			return false;
	}
	return true;
}

/* A name with a dot, and not a bare number at the end, as an address has. */
static bool is_domain(const char *text)
{
	size_t labels = 0;
	const char *last = text;

	for (;;) {
		size_t len = strcspn(text, ".");

		if (!is_label(text, len))
			return false;
		labels++;
		last = text;
		if (!text[len])
			break;
		text += len + 1;
	}
	return labels > 1 && !isdigit((unsigned char)*last);
}

static bool is_email(const char *text)
{
	const char *at = strrchr(text, '@');

	if (!at || at == text || text[0] == '.' || at[-1] == '.' ||
	    strpbrk(text, " \t\n") || strstr(text, ".."))
		return false;
	return memchr(text, '@', (size_t)(at - text)) == NULL &&
	       is_domain(at + 1);
}

static bool is_one_of(const char *text, const char *names)
{
	size_t len = strlen(text);

	while (*names) {
		size_t one = strcspn(names, " ");

		if (one == len && strncmp(names, text, len) == 0)
			return true;
		names += one;
		names += *names == ' ';
	}
	return false;
}

/* The tag that the value fails, or NULL. */
static const char *failed_tag(const struct host_rule *rule,
			      const json_t *value)
{
	const char *text = json_string_value(value);

	switch (rule->kind) {
	case RULE_REQUIRED:
		return is_filled(value) ? NULL : "required";
	case RULE_EMAIL:
		return !text || is_email(text) ? NULL : "email";
	case RULE_MIN:
		return !text || strlen(text) >=
				(size_t)strtol(rule->text, NULL, 10)
			       ? NULL : "min";
	case RULE_ONEOF:
		return !text || !*text || is_one_of(text, rule->text)
			       ? NULL : "oneof";
	}
	return NULL;
}

static bool refuse_tag(struct host_call *call, const struct host_rule *rule,
		       const char *tag)
{
	AUTO_FREE char *text = xasprintf(
		"Invalid request: Key: '%s.%s' Error:Field validation for "
		"'%s' failed on the '%s' tag", call->route->request,
		rule->shown, rule->shown, tag);

	reply_refuse(call, 400, text, NULL);
	return false;
}

struct typed_field {
	const char *name;
	bool (*matches)(const json_t *value);
	const char *shown;
};

static bool is_text(const json_t *value)
{
	return json_is_string(value);
}

static bool is_integer(const json_t *value)
{
	return json_is_integer(value);
}

static bool is_number(const json_t *value)
{
	return json_is_number(value);
}

static bool is_flag(const json_t *value)
{
	return json_is_boolean(value);
}

static bool is_object(const json_t *value)
{
	return json_is_object(value);
}

static bool is_ids(const json_t *value)
{
	size_t i;
	json_t *id;

	if (!json_is_array(value))
		return false;
	json_array_foreach(value, i, id) {
		if (!json_is_integer(id))
			return false;
	}
	return true;
}

/* A name has the same type in every form that has it. */
static const struct typed_field typed_fields[] = {
	{ "name", is_text, "string" },
	{ "description", is_text, "string" },
	{ "platform", is_text, "string" },
	{ "type", is_text, "string" },
	{ "status", is_text, "string" },
	{ "subscription_type", is_text, "string" },
	{ "email", is_text, "string" },
	{ "password", is_text, "string" },
	{ "username", is_text, "string" },
	{ "notes", is_text, "string" },
	{ "operation", is_text, "string" },
	{ "custom_key", is_text, "string" },
	{ "group_id", is_integer, "int64" },
	{ "user_id", is_integer, "int64" },
	{ "concurrency", is_integer, "int" },
	{ "priority", is_integer, "int" },
	{ "rpm_limit", is_integer, "int" },
	{ "days", is_integer, "int" },
	{ "validity_days", is_integer, "int" },
	{ "expires_in_days", is_integer, "int" },
	{ "rate_multiplier", is_number, "float64" },
	{ "balance", is_number, "float64" },
	{ "quota", is_number, "float64" },
	{ "is_exclusive", is_flag, "bool" },
	{ "schedulable", is_flag, "bool" },
	{ "credentials", is_object, "map[string]interface {}" },
	{ "extra", is_object, "map[string]interface {}" },
	{ "group_ids", is_ids, "[]int64" },
	{ "account_ids", is_ids, "[]int64" },
	{ "allowed_groups", is_ids, "[]int64" },
};

static bool types_hold(struct host_call *call)
{
	for (size_t i = 0; i < COUNT(typed_fields); i++) {
		const struct typed_field *field = &typed_fields[i];
		const json_t *value = json_object_get(call->body,
						      field->name);
		AUTO_FREE char *text = NULL;

		if (!value || json_is_null(value) || field->matches(value))
			continue;
		text = xasprintf("Invalid request: json: cannot unmarshal "
				 "into Go struct field %s.%s of type %s",
				 call->route->request, field->name,
				 field->shown);
		reply_refuse(call, 400, text, NULL);
		return false;
	}
	return true;
}

bool host_rules_hold(struct host_call *call)
{
	const struct host_route *route = call->route;

	if (!route->request)
		return true;
	if (!json_is_object(call->body)) {
		reply_refuse(call, 400, call->request->body_len ?
			     "Invalid request: invalid character" :
			     "Invalid request: EOF", NULL);
		return false;
	}
	if (!types_hold(call))
		return false;
	for (size_t i = 0; i < route->nrules; i++) {
		const struct host_rule *rule = &route->rules[i];
		const char *tag = failed_tag(rule, json_object_get(
			call->body, rule->name));

		if (tag)
			return refuse_tag(call, rule, tag);
	}
	return true;
}
