#include "fcgi/adopt_preview.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fcgi/plan_host.h"
#include "fcgi/plan_view.h"
#include "shared/installation.h"
#include "shared/packs.h"

#define MODELS_SHOWN 20	/* of an account of others, as looks keep them */

/* All that the words are made of. */
struct showing {
	const struct foreign_found *row;
	struct plan_host at;
	char inst[ID_SHORT_MAX];
	char place[LOOKUP_PLAN_MAX];	/* the plan of it */
	const struct pack_candidate *match;	/* or NULL */
	struct provider_plan provider;
	struct import_plan plan;
};

static void showing_done(struct showing *showing)
{
	plan_host_done(&showing->at);
	provider_plan_done(&showing->provider);
	import_plan_done(&showing->plan);
}

static json_t *parsed(const char *text, const char *otherwise)
{
	return json_loads(text ? text : otherwise, 0, NULL);
}

/* ---- what the import would do ---- */

/* Where its account would go, and what the pack says of that. */
static int find_place(const struct request *req, const struct new_run *run,
		      const char *print, struct showing *ret, struct err *err)
{
	const struct import_row *row = &run->rows.rows[0];
	json_auto_t *places = NULL;
	char plan[LOOKUP_PLAN_MAX];
	const struct pack_place account = {
		.host_id = ret->at.host.host_id,
		.endpoint_key = row->endpoint->key,
		.mode = (enum access_mode)run->terms.access_mode,
		.print = print,
		.plan = plan,
	};

	ret->match = new_run_match(run, row, plan);
	if (pack_places_read(req->db, ret->at.host.host_id, &places, err))
		return -1;
	return pack_place_find(req->db, &account, places, ret->place, err);
}

static int read_manifest(const struct request *req, const char *endpoint_key,
			 struct showing *ret, struct err *err)
{
	AUTO_FREE char *text = NULL;
	json_auto_t *manifest = NULL;

	if (!ret->match)
		return 0;
	if (packs_manifest(req->db, ret->match->pack_id, ret->match->version,
			   ret->match->provider_id, &text, err))
		return err->kind == ERR_NOT_FOUND ? 0 : -1;
	manifest = json_loads(text, 0, NULL);
	provider_plan_make(&ret->provider, manifest, endpoint_key,
			   ret->at.host.version,
			   req->worker->settings->usd_rate_cny);
	return 0;
}

static int make_plan(const struct request *req, const struct new_run *run,
		     const char *print, struct showing *ret, struct err *err)
{
	const struct import_row *row = &run->rows.rows[0];
	const struct plan_row planned = {
		.seq = (int64_t)row->seq,
		.endpoint_key = row->endpoint->key,
		.plan = ret->place, .print = print,
		.adopts = true, .models = row->models,
		.provider = &ret->provider,
	};
	const struct plan_spec spec = {
		.host_id = ret->at.host.host_id,
		.mode = (enum access_mode)run->terms.access_mode,
		.given_print = "",
		.selectors = run->terms.subscription_users,
		.parks = plan_host_parks(&ret->at),
		.rows = &planned, .nrows = 1,
		.host_concurrency = req->worker->settings->host_concurrency,
		.now = req->now,
	};

	return import_plan_make(req->db, &spec, &ret->plan, err);
}

static int look(const struct request *req, const struct new_run *run,
		struct showing *ret, struct err *err)
{
	const struct import_row *row = &run->rows.rows[0];
	struct secret_face face;

	if (!secrets_face_of(req->worker->key, run->rows.keys.texts[row->key],
			     &face))
		face.fingerprint[0] = '\0';
	if (plan_host_read(req->db, ret->row->host_id, &ret->at, err) ||
	    installation_get(req->db, ret->inst, err) ||
	    find_place(req, run, face.fingerprint, ret, err) ||
	    read_manifest(req, row->endpoint->key, ret, err))
		return -1;
	return make_plan(req, run, face.fingerprint, ret, err);
}

/* ---- and its words ---- */

/* The group that it joins is what an import plans first. */
static const struct plan_entry *group_of(const struct showing *showing)
{
	return &showing->plan.entries[0];
}

/* What the group that is there was called when it was made. */
static char *name_there(const struct request *req,
			const struct showing *showing)
{
	CLEANUP(resource_done) struct resource row = { 0 };
	json_auto_t *wanted = NULL;
	const char *name;
	struct err err;

	if (resources_find(req->db, showing->at.host.host_id, RESOURCE_GROUP,
			   group_of(showing)->lookup, &row, &err))
		return xstrdup("ours");
	wanted = parsed(row.wanted_json, "{}");
	name = json_string_value(json_object_get(wanted, "name"));
	return xstrdup(name ? name : row.mark);
}

static char *groups_after(const struct request *req,
			  const struct showing *showing,
			  const char *endpoint_key)
{
	const struct plan_entry *ours = group_of(showing);
	json_auto_t *ids = parsed(showing->row->group_ids, "[]");
	json_auto_t *id = json_integer(ours->host_resource_id
		? strtoll(ours->host_resource_id, NULL, 10) : 0);
	AUTO_FREE char *place = lookup_place(endpoint_key, showing->place);
	AUTO_FREE char *name = NULL;
	AUTO_FREE char *list = NULL;
	size_t i = 0;

	if (!ours->host_resource_id)
		return xasprintf("%s and a new group, %s crm-%s-...",
				 showing->row->group_ids, place,
				 showing->inst);
	while (i < json_array_size(ids) &&
	       !json_equal(json_array_get(ids, i), id))
		i++;
	if (i == json_array_size(ids))
		json_array_append(ids, id);
	list = json_dumps(ids, JSON_COMPACT);
	name = name_there(req, showing);
	return xasprintf("%s, where %s is %s", list, ours->host_resource_id,
			 name);
}

static bool has(const json_t *names, const char *name)
{
	size_t i;
	const json_t *one;

	json_array_foreach(names, i, one)
		if (strcmp(json_string_value(one), name) == 0)
			return true;
	return false;
}

/* Names as they are asked for: what the provider lists decides of them. */
static char *models_after(const struct showing *showing, const json_t *asked)
{
	json_auto_t *names = parsed(showing->row->models, "[]");
	bool cut = json_array_size(names) >= MODELS_SHOWN;
	AUTO_FREE char *list = NULL;
	size_t i;
	const json_t *name;

	json_array_foreach(asked, i, name)
		if (!has(names, json_string_value(name)))
			json_array_append(names, (json_t *)(uintptr_t)name);
	list = json_dumps(names, JSON_COMPACT);
	return xasprintf("%s%s%s", list, cut ? " and others that it maps" : "",
			 json_array_size(asked) ? ""
			 : " and all that the provider lists");
}

static void write_change(struct jout *out, const char *field,
			 const char *before, const char *after)
{
	jout_object(out, NULL);
	jout_str(out, "field", field);
	jout_str(out, "before", before);
	jout_str(out, "after", after);
	jout_object_end(out);
}

/* Length of a name without the mark of ours that ends it. */
static int readable(const struct foreign_found *row)
{
	const char *mark = strrchr(row->name, ' ');

	if (strcmp(row->kind, FOREIGN_KIND_UNRECORDED) != 0)
		return (int)strlen(row->name);
	return mark ? (int)(mark - row->name) : 0;
}

static void write_changes(const struct request *req, struct jout *out,
			  const struct showing *showing,
			  const struct new_run *run)
{
	const struct foreign_found *row = showing->row;
	const struct import_row *item = &run->rows.rows[0];
	AUTO_FREE char *mark = xasprintf("crm-%s-...", showing->inst);
	AUTO_FREE char *name = xasprintf("%.*s %s", readable(row), row->name,
					 mark);
	AUTO_FREE char *groups = groups_after(req, showing,
					      item->endpoint->key);
	AUTO_FREE char *models = models_after(showing, item->models);

	jout_array(out, "changes");
	write_change(out, "name", row->name, name);
	write_change(out, "notes", NULL, mark);
	write_change(out, "mode", NULL, "force_chat_completions");
	write_change(out, "groups", row->group_ids, groups);
	write_change(out, "models", row->models, models);
	if (strcmp(row->status, "active") != 0)
		write_change(out, "status", row->status, "active");
	jout_array_end(out);
}

/* Each type once. */
static void write_made(struct jout *out, const struct import_plan *plan)
{
	bool said[RESOURCE_TYPE__MAX] = { false };

	jout_array(out, "made_beside");
	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_entry *entry = &plan->entries[i];

		if (entry->action != PLAN_CREATE || said[entry->type])
			continue;
		said[entry->type] = true;
		jout_str(out, NULL, resource_type_name(entry->type));
	}
	jout_array_end(out);
}

int adopt_preview_write(const struct request *req, struct jout *out,
			const struct adopt_preview *preview, struct err *err)
{
	CLEANUP(showing_done) struct showing showing = { .row = preview->row };

	if (look(req, preview->run, &showing, err))
		return -1;
	write_changes(req, out, &showing, preview->run);
	jout_array(out, "resources");
	for (size_t i = 0; i < showing.plan.count; i++)
		plan_entry_write(out, &showing.plan.entries[i]);
	jout_array_end(out);
	write_made(out, &showing.plan);
	return 0;
}
