/*
 * What CRM wrote of a resource last, field by field: shared/owned.h.
 *
 * A row that leaves our hands as `present` is as it was wanted: that is
 * written down with it, in the one place where rows are saved.  What a host
 * decides by itself (when a subscription ends), or somebody else did (what an
 * account was when we took it over), is noted by the step that sees it.
 */
#include "schedd/import_written.h"

#include <string.h>

#include "schedd/host/answer.h"

/* Fingerprints are hex; keys too short for one have their secret's id here. */
static const char *key_of(const struct resource *row)
{
	const char *print = row->type == RESOURCE_ACCOUNT && row->lookup
		? strrchr(row->lookup, '|') : NULL;

	if (!print || strlen(print + 1) != SEAL_FINGERPRINT_TEXT - 1)
		return NULL;
	return print + 1;
}

static json_t *load(const char *text)
{
	return text ? json_loads(text, 0, NULL) : NULL;
}

void owned_case_begin(struct owned_case *ret,
		      const struct host_features *features, const char *inst,
		      const struct resource *row)
{
	*ret = (struct owned_case){ .body = load(row->wanted_json) };
	ret->the = (struct host_owned_case){
		.features = features,
		.type = row->type,
		.wanted = ret->body,
		.key = key_of(row),
		.inst = inst,
		.off = row->off_by_us || row->paused_at != 0,
		.adopted = row->origin && strcmp(row->origin, "adopted") == 0,
	};
}

void owned_case_done(struct owned_case *the)
{
	json_decref(the->body);
	*the = (struct owned_case){ 0 };
}

bool owned_is_ours(const struct resource *row, const json_t *live)
{
	static const char *const marked[] = { "name", "notes", "description" };
	json_auto_t *written = load(row->written_json);
	const char *called = host_member_text(written, "name");
	const char *name = host_member_text(live, "name");

	for (size_t i = 0; i < COUNT(marked); i++) {
		const char *text = host_member_text(live, marked[i]);

		if (text && row->mark && strstr(text, row->mark))
			return true;
	}
	return !name || (called && strcmp(called, name) == 0);
}

static void keep(struct resource *row, json_t *take_written)
{
	free(row->written_json);
	row->written_json = json_dumps(take_written,
				       JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(take_written);
}

void import_wrote_all(struct import *im, enum import_resource which)
{
	struct resource *row = &im->resources[which];
	json_auto_t *before = load(row->written_json);
	json_auto_t *wanted = NULL;
	struct owned_case the;

	if (row->type == RESOURCE_USER_TOKEN || !row->wanted_json)
		return;
	owned_case_begin(&the, &im->features, im->inst, row);
	wanted = host_owned_wanted(&the.the);
	owned_case_done(&the);
	keep(row, owned_wrote(row->type, before, wanted));
}

void import_wrote(struct import *im, enum import_resource which,
		  const char *field, json_t *take_value)
{
	struct resource *row = &im->resources[which];
	json_t *written = load(row->written_json);

	if (!written)
		written = json_object();
	json_object_set_new(written, field, take_value);
	keep(row, written);
	im->changed[which] = true;
}

void import_wrote_over(struct import *im, enum import_resource which,
		       const json_t *live)
{
	struct resource *row = &im->resources[which];
	struct owned_case the;
	json_t *flat;

	owned_case_begin(&the, &im->features, im->inst, row);
	flat = host_owned_live(&the.the, live);
	owned_case_done(&the);
	json_object_del(flat, "key");
	json_object_del(flat, "service");
	keep(row, flat);
	im->changed[which] = true;
}
