#include "schedd/audit_event.h"

#include <stdio.h>
#include <string.h>

#include "shared/audit.h"

/* Events that tell what was seen and not what was done. */
static const char *const only_seen[] = {
	"reused", "models_from_pack", "none",
};

static bool is_deed(const char *kind)
{
	for (size_t i = 0; i < COUNT(only_seen); i++)
		if (strcmp(only_seen[i], kind) == 0)
			return false;
	return true;
}

/* "user key" is user-key. */
static void set_object(char ret[AUDIT_ACTION_MAX / 2], const char *name)
{
	snprintf(ret, AUDIT_ACTION_MAX / 2, "%s", name);
	for (char *c = ret; *c; c++)
		if (*c == ' ' || *c == '_')
			*c = '-';
}

struct named {
	char object[AUDIT_ACTION_MAX / 2];
	const char *id;
};

static void name_object(const struct audit_deed *deed, const json_t *detail,
			struct named *ret)
{
	const char *resource =
		json_string_value(json_object_get(detail, "resource"));
	const char *account =
		json_string_value(json_object_get(detail, "account_id"));

	set_object(ret->object, resource ? resource :
		   account ? "account" : deed->object);
	ret->id = resource ? json_string_value(json_object_get(detail, "id"))
			   : account ? account : deed->object_id;
}

static char *text_of(const json_t *value)
{
	return value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY)
		     : NULL;
}

/* Before and after, if the detail tells them apart. */
static void split(const char *text, json_t *detail, char **before,
		  char **after)
{
	const json_t *was = json_object_get(detail, "before");
	const json_t *is = json_object_get(detail, "after");

	if (!was)
		was = json_object_get(detail, "was");
	*before = text_of(was);
	*after = is ? text_of(is) : xstrdup_null(text);
}

int audit_event(const struct store *store, const struct audit_deed *deed,
		int64_t now, struct err *err)
{
	json_auto_t *detail = deed->detail ? json_loads(deed->detail, 0, NULL)
					   : NULL;
	AUTO_FREE char *before = NULL;
	AUTO_FREE char *after = NULL;
	AUTO_FREE char *what = deed->step
		? xasprintf("{\"step\":\"%s\"}", deed->step) : NULL;
	char action[AUDIT_ACTION_MAX];
	struct named named;

	name_object(deed, detail, &named);
	snprintf(action, sizeof(action), "%s.%.30s", named.object,
		 deed->kind);
	split(deed->detail, detail, &before, &after);
	return audit_add(store->db, &store->key->pub, &(struct audit_entry){
		.at = now,
		.cell = {
			[AUDIT_ACTOR] = AUDIT_BY_SCHEDD,
			[AUDIT_TOKEN_ID] = deed->requester,
			[AUDIT_ACTION] = action,
			[AUDIT_OBJECT] = named.object,
			[AUDIT_OBJECT_ID] = named.id,
			[AUDIT_HOST_ID] = deed->host_id,
			[AUDIT_WHAT] = what,
			[AUDIT_BEFORE] = before,
			[AUDIT_AFTER] = after,
			[AUDIT_RESULT] = deed->class ? deed->class : "ok",
		},
	}, err);
}

/* Whose wish the task is; NULL: nobody's. */
static const char *requester_of(const struct import *im)
{
	if (im->change.change_id)
		return im->change.requested_by;
	if (!im->checking)
		return im->run.created_by;
	return im->check.requested_by &&
	       strcmp(im->check.requested_by, CHECK_BY_WATCH) != 0
		? im->check.requested_by : NULL;
}

int import_audit(const struct store *store, const struct import *im,
		 const struct event *event, int64_t now, struct err *err)
{
	if (!is_deed(event->kind))
		return 0;
	return audit_event(store, &(struct audit_deed){
		.requester = requester_of(im),
		.host_id = im->host.host_id,
		.object = im->checking ? "access" : "item",
		.object_id = im->checking ? im->access.access_id
					  : im->item.item_id,
		.kind = event->kind,
		.step = event->step,
		.class = event->class,
		.detail = event->detail,
	}, now, err);
}
