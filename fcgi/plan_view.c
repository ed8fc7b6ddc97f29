#include "fcgi/plan_view.h"

#include <string.h>

#include "fcgi/plan_host.h"
#include "fcgi/provider_notes.h"

struct secret_face plan_face(const struct request *req, const char *api_key)
{
	struct secret_face face = { 0 };

	/* One that is too short has none. */
	if (!api_key || !secrets_face_of(req->worker->key, api_key, &face))
		return (struct secret_face){ 0 };
	return face;
}

struct secret_face plan_face_given(const struct request *req,
				   const struct run_terms *terms)
{
	return plan_face(req, terms->given == GIVEN_KEY_PROBE
			 ? terms->probe_api_key : terms->access_api_key);
}

/* The plan and the facts that it is made of. */
struct showing {
	const struct request *req;
	const struct provider_request *request;
	struct plan_host at;
	struct secret_face *faces;	/* of the rows */
	struct plan_row *rows;
	char (*plans)[LOOKUP_PLAN_MAX];	/* of the rows */
	struct import_plan plan;
	struct provider_plan provider;	/* what the manifest makes here */
};

static void showing_done(struct showing *showing)
{
	plan_host_done(&showing->at);
	free(showing->faces);
	free(showing->rows);
	free(showing->plans);
	import_plan_done(&showing->plan);
	provider_plan_done(&showing->provider);
}

/* The same key stays where it is: see pack_match.h. */
static int read_places(struct showing *showing, struct err *err)
{
	const struct provider_request *request = showing->request;
	const struct import_rows *rows = &request->run.rows;
	json_auto_t *places = NULL;

	if (pack_places_read(showing->req->db, showing->at.host.host_id,
			     &places, err))
		return -1;
	showing->plans = xcalloc(rows->count, sizeof(*showing->plans));
	for (size_t i = 0; i < rows->count; i++) {
		const struct pack_place account = {
			.host_id = showing->at.host.host_id,
			.endpoint_key = rows->rows[i].endpoint->key,
			.mode = (enum access_mode)request->run.terms.access_mode,
			.print = showing->faces[i].fingerprint,
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

		showing->faces[i] = plan_face(showing->req,
					      rows->keys.texts[row->key]);
		showing->rows[i] = (struct plan_row){
			.seq = (int64_t)row->seq,
			.endpoint_key = row->endpoint->key,
			.print = showing->faces[i].fingerprint,
			.adopts = *row->adopt_account_id,
			.proxy = row->account_proxy,
			.models = row->models,
			.provider = &showing->provider,
		};
	}
}

static int make_plan(struct showing *showing, struct err *err)
{
	const struct new_run *run = &showing->request->run;
	const struct run_terms *terms = &run->terms;
	const struct secret_face given = plan_face_given(showing->req, terms);
	const struct plan_spec spec = {
		.host_id = showing->at.host.host_id,
		.mode = (enum access_mode)terms->access_mode,
		.given = terms->given,
		.given_print = given.fingerprint,
		.selectors = terms->subscription_users,
		.parks = plan_host_parks(&showing->at),
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
	jout_str(out, "resource_id", entry->resource_id);
	jout_str(out, "mark", entry->mark);
	jout_str(out, "host_resource_id", entry->host_resource_id);
	jout_object_end(out);
}

void plan_counts_write(struct jout *out, const struct import_plan *plan)
{
	jout_object(out, "counts");
	for (int i = 0; i < PLAN_ACTION__MAX; i++)
		jout_i64(out, plan_action_name((enum plan_action)i),
			 (int64_t)plan->counts[i]);
	jout_object_end(out);
}

static void write_resources(struct jout *out, const struct import_plan *plan)
{
	jout_array(out, "resources");
	for (size_t i = 0; i < plan->count; i++)
		plan_entry_write(out, &plan->entries[i]);
	jout_array_end(out);
	plan_counts_write(out, plan);
}

void plan_item_begin(struct jout *out, const struct import_row *row,
		     const struct secret_face *face, const char *plan)
{
	jout_object(out, NULL);
	jout_i64(out, "seq", (int64_t)row->seq);
	jout_str(out, "base_url", row->endpoint->url);
	jout_str(out, "plan", plan);
	jout_str(out, "label", row->label ? row->label : "");
	jout_str(out, "api_key_fingerprint", *face->fingerprint
		 ? face->fingerprint : NULL);
	jout_str(out, "api_key_last4", *face->last4 ? face->last4 : NULL);
	jout_json(out, "requested_models", row->models);
}

static void write_items(struct jout *out, const struct showing *showing,
			const struct key_hints *hints)
{
	const struct import_rows *rows = &showing->request->run.rows;

	jout_array(out, "items");
	for (size_t i = 0; i < rows->count; i++) {
		const struct import_row *row = &rows->rows[i];
		AUTO_FREE char *hint = key_hint(hints,
						rows->keys.texts[row->key]);
		AUTO_FREE char *warnings = import_row_warnings(row, hint);

		plan_item_begin(out, row, &showing->faces[i],
				showing->plans[i]);
		jout_raw(out, "warnings", warnings);
		jout_object_end(out);
	}
	jout_array_end(out);
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
	plan_host_limits_write(out, &showing->at);
	plan_host_overlay_write(out, &showing->at, &request->manifest);
	provider_warnings_write(out, &request->manifest, &pack,
				&showing->at.host, &showing->provider);
	return 0;
}

int plan_write(const struct request *req, struct jout *out,
	       const struct provider_request *request, const char *host_id,
	       struct err *err)
{
	CLEANUP(showing_done) struct showing showing = {
		.req = req, .request = request,
	};

	if (plan_host_read(req->db, host_id, &showing.at, err))
		return -1;
	provider_plan_make(&showing.provider, request->document,
			   request->run.rows.rows[0].endpoint->key,
			   showing.at.host.version,
			   req->worker->settings->usd_rate_cny);
	read_rows(&showing);
	if (read_places(&showing, err) || make_plan(&showing, err))
		return -1;
	jout_object(out, NULL);
	jout_str(out, "host_id", host_id);
	plan_host_write(out, &showing.at, (enum access_mode)
			request->run.terms.access_mode);
	write_resources(out, &showing.plan);
	if (write_rest(out, &showing, err))
		return -1;
	jout_object_end(out);
	return 0;
}
