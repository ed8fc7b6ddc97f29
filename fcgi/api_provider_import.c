/* api_provider_import: the keys of a provider of a pack, planned or imported. */
#include "fcgi/api.h"
#include "fcgi/batch_view.h"
#include "fcgi/plan_view.h"
#include "fcgi/problem.h"
#include "fcgi/provider_notes.h"
#include "fcgi/provider_request.h"
#include "shared/tasks.h"

#define FOLDER "/api/import-batches/"
#define WAIT_S 25

static void write_terms(struct jout *out, const json_t *terms)
{
	jout_object(out, "plan_terms");
	jout_json(out, "shared_use", json_object_get(terms, "shared_use"));
	jout_json(out, "text", json_object_get(terms, "text"));
	jout_json(out, "source", json_object_get(terms, "source"));
	jout_json(out, "date", json_object_get(terms, "date"));
	jout_object_end(out);
}

/* 409 with the terms, which somebody has to read first. */
static int refuse_terms(struct reply *reply,
			const struct provider_request *request)
{
	struct err err;

	err_set(&err, ERR_CONFLICT, "the terms of this plan forbid that "
		"several people use one key; say accept_plan_terms to import "
		"it all the same");
	err_code(&err, "plan_terms_not_accepted");
	problem_begin(reply, &err);
	jout_str(&reply->out, "provider_id", request->manifest.provider_id);
	write_terms(&reply->out, request->manifest.plan_terms);
	problem_end(reply);
	return 0;
}

static bool is_barred(const struct provider_request *request)
{
	return manifest_forbids_sharing(&request->manifest) &&
	       !request->accept_plan_terms;
}

static const char *host_at(const struct provider_request *request, size_t i)
{
	return json_string_value(json_array_get(request->hosts, i));
}

static void write_provider(struct jout *out,
			   const struct provider_request *request)
{
	const struct packs_provider *provider = &request->provider;
	const struct run_terms *terms = &request->run.terms;

	jout_str(out, "provider_id", provider->provider_id);
	jout_str(out, "pack_id", provider->pack_id);
	jout_str(out, "pack_version", provider->version);
	jout_json(out, "display_name", request->manifest.display_name);
	jout_str(out, "base_url", request->run.rows.rows[0].endpoint->url);
	jout_str(out, "endpoint_key",
		 request->run.rows.rows[0].endpoint->key);
	jout_str(out, "plan", request->plan);
	jout_str(out, "access_mode",
		 access_mode_name((enum access_mode)terms->access_mode));
	jout_bool(out, "needs_accept_plan_terms", is_barred(request));
	if (request->manifest.plan_terms)
		write_terms(out, request->manifest.plan_terms);
	else
		jout_null(out, "plan_terms");
	jout_i64(out, "items_rejected",
		 (int64_t)request->run.rows.rejects.rows);
	jout_raw(out, "rejected", request->run.rejected);
}

static int preview_post(const struct request *req, struct reply *reply,
			struct err *err)
{
	CLEANUP(provider_request_done) struct provider_request request = { 0 };
	struct jdec_problems problems = { 0 }, of_rows = { 0 };
	struct jout *out = &reply->out;

	if (provider_request_read(req, req->ids[0], &request, &problems,
				  &of_rows, err))
		return -1;
	if (new_run_is_sunk(&request.run, &problems))
		return new_run_refuse(reply, &request.run, &problems,
				      &of_rows);
	reply->status = 200;
	jout_object(out, NULL);
	write_provider(out, &request);
	jout_array(out, "plans");
	for (size_t i = 0; i < json_array_size(request.hosts); i++)
		if (plan_write(req, out, &request, host_at(&request, i), err))
			return -1;
	jout_array_end(out);
	jout_object_end(out);
	return 0;
}

/* A run for each host; *ret_id is that of the first. */
static int add_runs(const struct request *req,
		    const struct provider_request *request,
		    const struct key_hints *hints, char ret_id[ID_MAX],
		    struct err *err)
{
	size_t n = json_array_size(request->hosts);
	char wave[ID_MAX], run_id[ID_MAX];
	struct new_run_pack pack = {
		.pack_id = request->provider.pack_id,
		.version = request->provider.version,
		.provider_id = request->provider.provider_id,
		.plan = request->plan,
		.wave_id = n > 1 ? wave : NULL,
		.hint = key_hint,
		.arg = hints,
	};

	id_make(wave, "wav", req->now, seal_random());
	if (new_run_store(req, &request->run, err))
		return -1;
	for (size_t i = 0; i < n; i++) {
		pack.wave_place = (int64_t)i;
		if (new_run_add(req, &request->run, host_at(request, i), &pack,
				i ? run_id : ret_id, err))
			return -1;
	}
	return 0;
}

static int show_batch(const struct request *req, const char *run_id,
		      struct reply *reply, struct err *err)
{
	CLEANUP(run_done) struct run run = { 0 };

	if (runs_get(req->db, run_id, &run, err))
		return -1;
	return batch_write(req, &reply->out, &run, err);
}

static int import_post(const struct request *req, struct reply *reply,
		       struct err *err)
{
	CLEANUP(provider_request_done) struct provider_request request = { 0 };
	CLEANUP(key_hints_done) struct key_hints hints = { 0 };
	struct jdec_problems problems = { 0 }, of_rows = { 0 };
	char run_id[ID_MAX];

	if (provider_request_read(req, req->ids[0], &request, &problems,
				  &of_rows, err))
		return -1;
	if (new_run_is_sunk(&request.run, &problems))
		return new_run_refuse(reply, &request.run, &problems,
				      &of_rows);
	if (is_barred(&request))
		return refuse_terms(reply, &request);
	if (key_hints_read(req->db, request.provider.pack_id,
			   &request.manifest, &hints, err))
		return -1;
	new_run_seal(req, &request.run);
	if (request_begin(req, err) ||
	    add_runs(req, &request, &hints, run_id, err))
		return -1;
	reply_locate(reply, 202, FOLDER, run_id);
	return show_batch(req, run_id, reply, err);
}

static int show_finished(const struct request *req, const char *run_id,
			 struct reply *reply, struct err *err)
{
	reply->status = 201;
	return show_batch(req, run_id, reply, err);
}

static const struct waiting added = { api_run_is_over, show_finished, WAIT_S, 0 };

const struct route api_provider_import_routes[] = {
	{ HTTP_POST, "/api/providers/{provider_id}/preview", SCOPE_READ,
	  .handle = preview_post, .body = BODY_REQUIRED },
	{ HTTP_POST, "/api/providers/{provider_id}/import", SCOPE_OPERATE,
	  .handle = import_post, .body = BODY_REQUIRED, .waiting = &added },
	{ 0 }
};
