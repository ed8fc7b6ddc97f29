/*
 * api_run_post: a batch of URLs and keys becomes a run with its items, or is
 * told beforehand.
 */
#include "fcgi/api.h"
#include "fcgi/new_run.h"
#include "fcgi/run_form.h"
#include "fcgi/run_preview.h"
#include "fcgi/view.h"

#define FOLDER "/api/batch-import/runs/"

static int read_run(const struct request *req, struct run_form *form,
		    struct new_run *run, struct jdec_problems *problems,
		    struct jdec_problems *of_rows, struct err *err)
{
	struct new_run_spec spec = { .list = "items" };

	if (run_form_read(req, form, problems, err))
		return -1;
	spec.body = form->body;
	spec.lines = form->file.lines;
	/* Of a file that cannot be read nobody needs to hear it has no rows. */
	spec.unreadable = problems->count > 0;
	return new_run_read(req, &spec, run, problems, of_rows, err);
}

static void write_charset(struct reply *reply, const struct run_form *form)
{
	jout_str(&reply->out, "read_as", form->file.items
		 ? charset_name(form->charset) : NULL);
}

/* The run, and beside it what was found out about its file. */
static void write_answer(struct reply *reply, const struct run_form *form,
			 const struct run *run)
{
	run_begin(&reply->out, NULL, run);
	write_charset(reply, form);
	jout_object_end(&reply->out);
}

int api_run_post(const struct request *req, struct reply *reply,
		 struct err *err)
{
	CLEANUP(run_form_done) struct run_form form = { 0 };
	CLEANUP(new_run_done) struct new_run new_run = { 0 };
	CLEANUP(run_done) struct run run = { 0 };
	struct jdec_problems problems = { 0 }, of_rows = { 0 };
	char run_id[ID_MAX];

	if (read_run(req, &form, &new_run, &problems, &of_rows, err))
		return -1;
	if (new_run_is_sunk(&new_run, &problems))
		return new_run_refuse(reply, &new_run, &problems, &of_rows);
	new_run_seal(req, &new_run);
	if (request_begin(req, err) || new_run_store(req, &new_run, err) ||
	    new_run_add(req, &new_run, new_run.terms.host_id, NULL, run_id,
			err) ||
	    runs_get(req->db, run_id, &run, err))
		return -1;
	reply_locate(reply, 202, FOLDER, run_id);
	write_answer(reply, &form, &run);
	return 0;
}

int api_run_preview(const struct request *req, struct reply *reply,
		    struct err *err)
{
	CLEANUP(run_form_done) struct run_form form = { 0 };
	CLEANUP(new_run_done) struct new_run new_run = { 0 };
	struct jdec_problems problems = { 0 }, of_rows = { 0 };

	if (read_run(req, &form, &new_run, &problems, &of_rows, err))
		return -1;
	if (new_run_is_sunk(&new_run, &problems))
		return new_run_refuse(reply, &new_run, &problems, &of_rows);
	reply->status = 200;
	jout_object(&reply->out, NULL);
	if (run_preview_write(req, &reply->out, &new_run, err))
		return -1;
	write_charset(reply, &form);
	jout_object_end(&reply->out);
	return 0;
}
