#include "fcgi/plan_view.h"

#include <string.h>

#include "fcgi/provider_notes.h"
#include "shared/overlay.h"

#define FINGERPRINT_MIN 20	/* as secrets.c has it */

/* What of a key may be shown. */
struct face {
	char print[SEAL_FINGERPRINT_TEXT];
	char last4[5];
};

static struct face face_of(const struct request *req, const char *key)
{
	struct face face = { "", "" };

	if (key && strlen(key) >= FINGERPRINT_MIN) {
		seal_fingerprint(req->worker->key, key, face.print);
		seal_last4(key, face.last4);
	}
	return face;
}

/* The plan and the facts that it is made of. */
struct showing {
	const struct request *req;
	const struct provider_request *request;
	struct host host;
	json_t *seen;			/* capabilities; or NULL */
	struct face *faces;		/* of the rows */
	struct plan_row *rows;
	char (*plans)[LOOKUP_PLAN_MAX];	/* of the rows */
	struct import_plan plan;
	struct provider_plan provider;	/* what the manifest makes here */
};

static void showing_done(struct showing *showing)
{
	host_done(&showing->host);
	json_decref(showing->seen);
	free(showing->faces);
	free(showing->rows);
	free(showing->plans);
	import_plan_done(&showing->plan);
	provider_plan_done(&showing->provider);
}

/* Unknown hosts are treated as the oldest that there is. */
static bool parks(const struct showing *showing)
{
	return !json_is_true(json_object_get(json_object_get(
		showing->seen, "features"), "responses_mode"));
}

/* The same key stays where it is: see pack_match.h. */
static int read_places(struct showing *showing, struct err *err)
{
	const struct provider_request *request = showing->request;
	const struct import_rows *rows = &request->run.rows;
	json_auto_t *places = NULL;

	if (pack_places_read(showing->req->db, showing->host.host_id, &places,
			     err))
		return -1;
	showing->plans = xcalloc(rows->count, sizeof(*showing->plans));
	for (size_t i = 0; i < rows->count; i++) {
		const struct pack_place account = {
			.host_id = showing->host.host_id,
			.endpoint_key = rows->rows[i].endpoint->key,
			.mode = (enum access_mode)request->run.terms.access_mode,
			.print = showing->faces[i].print,
			.plan = request->plan,
		};

		if (pack_place_find(showing->req->db, &account, places,
				    showing->plans[i], err))
			return -1;
		showing->rows[i].plan = showing->plans[i];
	}
	return 0;
}

static void read_rows(struct showing *showing)
{
	const struct import_rows *rows = &showing->request->run.rows;

	showing->faces = xcalloc(rows->count, sizeof(*showing->faces));
	showing->rows = xcalloc(rows->count, sizeof(*showing->rows));
	for (size_t i = 0; i < rows->count; i++) {
		const struct import_row *row = &rows->rows[i];

		showing->faces[i] = face_of(showing->req,
					    rows->keys.texts[row->key]);
		showing->rows[i] = (struct plan_row){
			.seq = (int64_t)row->seq,
			.print = showing->faces[i].print,
			.adopts = *row->adopt_account_id,
			.models = row->models,
		};
	}
}

static int make_plan(struct showing *showing, struct err *err)
{
	const struct new_run *run = &showing->request->run;
	const struct run_terms *terms = &run->terms;
	const struct face given = face_of(showing->req,
		terms->given == GIVEN_KEY_PROBE ? terms->probe_api_key
						: terms->access_api_key);
	const struct plan_spec spec = {
		.host_id = showing->host.host_id,
		.endpoint_key = run->rows.rows[0].endpoint->key,
		.mode = (enum access_mode)terms->access_mode,
		.given = terms->given,
		.given_print = given.print,
		.selectors = terms->subscription_users,
		.provider = &showing->provider,
		.parks = parks(showing),
		.rows = showing->rows,
		.nrows = run->rows.count,
		.host_concurrency =
			showing->req->worker->settings->host_concurrency,
		.now = showing->req->now,
	};

	return import_plan_make(showing->req->db, &spec, &showing->plan, err);
}

void plan_entry_write(struct jout *out, const struct plan_entry *entry)
{
	jout_object(out, NULL);
	jout_str(out, "resource_type", resource_type_name(entry->type));
	jout_str(out, "action", plan_action_name(entry->action));
	jout_str(out, "purpose", entry->purpose);
	jout_str(out, "why", entry->why);
	jout_str(out, "lookup", entry->lookup);
	if (entry->seq)
		jout_i64(out, "item_seq", entry->seq);
	else
		jout_null(out, "item_seq");
	jout_str(out, "mark", entry->mark);
	jout_str(out, "host_resource_id", entry->host_resource_id);
	jout_object_end(out);
}

static void write_resources(struct jout *out, const struct import_plan *plan)
{
	jout_array(out, "resources");
	for (size_t i = 0; i < plan->count; i++)
		plan_entry_write(out, &plan->entries[i]);
	jout_array_end(out);
	jout_object(out, "counts");
	for (int i = 0; i < PLAN_ACTION__MAX; i++)
		jout_i64(out, plan_action_name((enum plan_action)i),
			 (int64_t)plan->counts[i]);
	jout_object_end(out);
}

static void write_items(struct jout *out, const struct showing *showing,
			const struct key_hints *hints)
{
	const struct import_rows *rows = &showing->request->run.rows;

	jout_array(out, "items");
	for (size_t i = 0; i < rows->count; i++) {
		const struct import_row *row = &rows->rows[i];
		const struct face *face = &showing->faces[i];
		AUTO_FREE char *hint = key_hint(hints,
						rows->keys.texts[row->key]);
		AUTO_FREE char *warnings = import_row_warnings(row, hint);

		jout_object(out, NULL);
		jout_i64(out, "seq", (int64_t)row->seq);
		jout_str(out, "base_url", row->endpoint->url);
		jout_str(out, "plan", showing->plans[i]);
		jout_str(out, "label", row->label ? row->label : "");
		jout_str(out, "api_key_fingerprint", *face->print
			 ? face->print : NULL);
		jout_str(out, "api_key_last4", *face->last4
			 ? face->last4 : NULL);
		jout_json(out, "requested_models", row->models);
		jout_raw(out, "warnings", warnings);
		jout_object_end(out);
	}
	jout_array_end(out);
}

/* What this host cannot do, in its own words of the last probe. */
static void write_limits(struct jout *out, const struct showing *showing)
{
	const json_t *one;
	size_t i;

	jout_array(out, "host_limits");
	json_array_foreach(json_object_get(showing->seen, "evidence"), i,
			   one) {
		if (!json_is_false(json_object_get(one, "value")) ||
		    json_array_size(json_object_get(one, "blocks")) == 0)
			continue;
		jout_object(out, NULL);
		jout_json(out, "name", json_object_get(one, "name"));
		jout_json(out, "blocks", json_object_get(one, "blocks"));
		jout_json(out, "detail", json_object_get(one, "sentence_en"));
		jout_json(out, "detail_zh", json_object_get(one,
							    "sentence_zh"));
		jout_object_end(out);
	}
	jout_array_end(out);
}

/* null unless nothing that can be done from outside would do. */
static void write_overlay(struct jout *out, const struct showing *showing)
{
	const char *version = showing->host.version;
	unsigned int repairs = overlay_repairs_of(version);
	struct overlay_advice advice = { 0 };

	if (!parks(showing))	/* what was seen goes above the version */
		repairs |= 1u << REPAIR_FORCE_CHAT;
	if (!overlay_needed(&showing->request->manifest, version, repairs,
			    &advice)) {
		jout_null(out, "overlay");
		return;
	}
	jout_object(out, "overlay");
	jout_str(out, "overlay", advice.overlay);
	jout_str(out, "evidence_zh", advice.evidence_zh);
	jout_str(out, "evidence_en", advice.evidence_en);
	jout_object_end(out);
}

/* Can this host be imported to in this way? */
static void write_operation(struct jout *out, const struct showing *showing)
{
	int mode = showing->request->run.terms.access_mode;
	AUTO_FREE char *name = xasprintf("import_%s",
		access_mode_name((enum access_mode)mode));
	const json_t *operation = json_object_get(json_object_get(
		showing->seen, "operations"), name);
	const json_t *works = json_object_get(operation, "works");

	jout_object(out, "host");
	jout_str(out, "host_id", showing->host.host_id);
	jout_str(out, "state", host_state_name(showing->host.state));
	jout_str(out, "version", showing->host.version);
	jout_time(out, "probed_at", showing->host.probed_at);
	if (works)
		jout_bool(out, "works", json_is_true(works));
	else
		jout_null(out, "works");
	jout_str(out, "why_not", json_string_value(
		json_object_get(operation, "why_not")));
	jout_str(out, "why_not_zh", json_string_value(
		json_object_get(operation, "why_not_zh")));
	jout_object_end(out);
}

static int write_rest(struct jout *out, const struct showing *showing,
		      struct err *err)
{
	const struct provider_request *request = showing->request;
	const struct packs_provider *provider = &request->provider;
	CLEANUP(packs_row_done) struct packs_row pack = { 0 };
	CLEANUP(key_hints_done) struct key_hints hints = { 0 };

	if (packs_get(showing->req->db, provider->pack_id, provider->version,
		      &pack, err) ||
	    key_hints_read(showing->req->db, provider->pack_id,
			   &request->manifest, &hints, err))
		return -1;
	write_items(out, showing, &hints);
	write_limits(out, showing);
	write_overlay(out, showing);
	provider_warnings_write(out, &request->manifest, &pack,
				&showing->host, &showing->provider);
	return 0;
}

int plan_write(const struct request *req, struct jout *out,
	       const struct provider_request *request, const char *host_id,
	       struct err *err)
{
	CLEANUP(showing_done) struct showing showing = {
		.req = req, .request = request,
	};

	if (hosts_get(req->db, host_id, &showing.host, err))
		return -1;
	if (showing.host.capabilities)
		showing.seen = json_loads(showing.host.capabilities, 0, NULL);
	provider_plan_make(&showing.provider, request->document,
			   request->run.rows.rows[0].endpoint->key,
			   showing.host.version,
			   req->worker->settings->usd_rate_cny);
	read_rows(&showing);
	if (read_places(&showing, err) || make_plan(&showing, err))
		return -1;
	jout_object(out, NULL);
	jout_str(out, "host_id", host_id);
	write_operation(out, &showing);
	write_resources(out, &showing.plan);
	if (write_rest(out, &showing, err))
		return -1;
	jout_object_end(out);
	return 0;
}
