/* A resource as it is wanted, as it was written, and as it is. */
#include <string.h>

#include "schedd/import_written.h"
#include "schedd/reconcile.h"
#include "shared/owned_key.h"

static json_t *load(const char *text)
{
	return text ? json_loads(text, 0, NULL) : NULL;
}

void reconcile_see(const struct reconcile *rc, const struct resource *row,
		   const json_t *live, struct reconcile_seen *ret)
{
	json_t *looks = load(row->live_json);
	const struct owned_key_signs signs = {
		.refused = owned_key_refused(looks),
		.exported = rc->settings->reconcile_export_keys
			? json_object_get(looks, OWNED_KEY_EXPORTED) : NULL,
	};
	struct owned_case the;

	owned_case_begin(&the, &rc->features, rc->inst, row);
	*ret = (struct reconcile_seen){
		.wanted = host_owned_wanted(&the.the),
		.written = load(row->written_json),
		.live = live ? host_owned_live(&the.the, live) : NULL,
		.looks = looks,
	};
	owned_case_done(&the);
	reconcile_leave_out_lost(rc, ret->wanted);
	const struct owned_three three = {
		.type = row->type,
		.wanted = ret->wanted,
		.written = ret->written,
		.live = ret->live,
	};

	ret->count = owned_compare(&three, ret->findings);
	ret->count = owned_key_judge(&three, &signs, ret->findings,
				     ret->count);
	owned_version(row->type, ret->live, ret->version);
}

void reconcile_seen_done(struct reconcile_seen *seen)
{
	json_decref(seen->wanted);
	json_decref(seen->written);
	json_decref(seen->live);
	json_decref(seen->looks);
	*seen = (struct reconcile_seen){ 0 };
}

/* As JSON; what is too long to be kept says how long it is. */
static char *value_text(const json_t *value)
{
	char *text;
	size_t len;

	if (!value)
		return NULL;
	text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS |
			  JSON_ENCODE_ANY);
	len = strlen(text);
	if (len <= FINDING_VALUE_MAX)
		return text;
	free(text);
	return xasprintf("{\"truncated\":true,\"bytes\":%zu}", len);
}

void reconcile_finding(const struct reconcile *rc, const struct resource *row,
		       const struct owned_finding *it, struct finding *ret)
{
	*ret = (struct finding){
		.reconcile_id = xstrdup(rc->run.reconcile_id),
		.resource_id = xstrdup(row->resource_id),
		.type = row->type,
		.host_resource_id = xstrdup(row->host_resource_id),
		.field = xstrdup(it->field->name),
		.moved = it->moved,
		.action = it->action,
		.certainty = it->certainty,
		.wanted = value_text(it->wanted),
		.written = value_text(it->written),
		.live = value_text(it->live),
		.state = FINDING_FOUND,
	};
}
