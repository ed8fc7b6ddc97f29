/* api_profile: ask a key of an item what it can do. */
#include <string.h>

#include "fcgi/api.h"
#include "fcgi/problem.h"
#include "shared/items.h"
#include "shared/jdec.h"
#include "shared/pauses.h"
#include "shared/profiles.h"
#include "shared/runs.h"

/* What may be asked for: the names of enum profile_level from BASIC on. */
static const char *const levels[] = { "basic", "full", NULL };

struct profile_body {
	int level;		/* index into `levels` */
};

static const struct jdec_field profile_fields[] = {
	JDEC_NAME(struct profile_body, level, false, levels),
};

static int find_row(const struct request *req, const struct item *item,
		    struct profile_row *ret, struct err *err)
{
	return profiles_find(req->db, item->endpoint_key,
			     item->api_key_fingerprint
				? item->api_key_fingerprint
				: item->api_key_secret_id, ret, err);
}

static int show_profile(const struct request *req, const char *item_id,
			struct reply *reply, struct err *err)
{
	CLEANUP(item_done) struct item item = { 0 };
	CLEANUP(profile_row_done) struct profile_row row = { 0 };
	struct jout *out = &reply->out;

	if (items_get(req->db, req->ids[0], item_id, &item, err) ||
	    find_row(req, &item, &row, err))
		return -1;
	jout_object(out, NULL);
	jout_str(out, "item_id", item.item_id);
	jout_str(out, "run_id", item.run_id);
	jout_str(out, "provider_id", item.provider_id);
	jout_str(out, "state", row.wanted == PROFILE_OFF ? "done" : "running");
	jout_raw(out, "capability_profile", item.capability_profile);
	jout_object_end(out);
	return 0;
}

static int want(const struct request *req, const struct item *item,
		enum profile_level level, struct err *err)
{
	CLEANUP(run_done) struct run run = { 0 };
	char profile_id[ID_MAX];

	if (runs_get(req->db, item->run_id, &run, err))
		return -1;
	const struct profile_wish wish = {
		.endpoint_key = item->endpoint_key,
		.key_name = item->api_key_fingerprint
			? item->api_key_fingerprint : item->api_key_secret_id,
		.item_id = item->item_id,
		.host_id = run.host_id,
		.level = level,
	};

	if (profiles_want(req->db, &wish, req->now, seal_random(), profile_id,
			  err))
		return -1;
	return profiles_start(req->db, profile_id, req->now, seal_random(),
			      err);
}

static int profile_post(const struct request *req, struct reply *reply,
			struct err *err)
{
	CLEANUP(item_done) struct item item = { 0 };
	AUTO_FREE char *folder = xasprintf("/api/batch-import/runs/%s/items/",
					   req->ids[0]);
	struct profile_body body = { .level = PROFILE_FULL - 1 };
	struct jdec_problems problems = { 0 };

	if (req->body && !jdec(req->body, "", profile_fields,
			       COUNT(profile_fields), &body, &problems))
		return problem_refuse(reply, &problems);
	if (request_begin(req, err) ||
	    items_get(req->db, req->ids[0], req->ids[1], &item, err))
		return -1;
	if (item.stage != STAGE_DONE) {
		err_set(err, ERR_CONFLICT, "item %s is being imported; its key "
			"can be asked when that has ended", item.item_id);
		return err_code(err, "item_running");
	}
	if (pauses_refuse(req->db, NULL, item.endpoint_key, err) ||
	    want(req, &item, (enum profile_level)(body.level + 1), err))
		return -1;
	reply_locate(reply, 202, folder, item.item_id);
	return show_profile(req, item.item_id, reply, err);
}

static int profile_is_over(const struct request *req, const char *item_id,
			   bool *ret, struct err *err)
{
	CLEANUP(item_done) struct item item = { 0 };
	CLEANUP(profile_row_done) struct profile_row row = { 0 };

	if (items_get(req->db, req->ids[0], item_id, &item, err) ||
	    find_row(req, &item, &row, err))
		return -1;
	*ret = row.wanted == PROFILE_OFF;
	return 0;
}

static int show_learnt(const struct request *req, const char *item_id,
		       struct reply *reply, struct err *err)
{
	reply->status = 200;
	return show_profile(req, item_id, reply, err);
}

static const struct waiting asked = { profile_is_over, show_learnt, 0 };

const struct route api_profile_routes[] = {
	{ HTTP_POST, "/api/batch-import/runs/{run_id}/items/{item_id}/profile",
	  SCOPE_OPERATE, .handle = profile_post, .body = BODY_OPTIONAL,
	  .waiting = &asked },
	{ 0 }
};
