#include "fcgi/rollback_view.h"

#include <inttypes.h>
#include <string.h>

#define PARTS_SHOWN 200		/* of a preview */

/* ---- a preview ---- */

/* The hash of a part goes into that of the next: whatever differs, tells. */
static void seal_line(struct rollback_preview *preview,
		      const struct resource *row,
		      const struct rollback_decision *what)
{
	AUTO_FREE char *line = xasprintf("%s\n%s|%s|%s|%s|%s|%s",
		preview->token, row->resource_id,
		resource_state_name(row->state),
		row->host_resource_id ? row->host_resource_id : "",
		rollback_action_name(what->action),
		rollback_why_name(what->why),
		row->wanted_json && what->action != ROLLBACK_DELETE
			? row->wanted_json : "");

	seal_hash_text(line, strlen(line), preview->token);
}

static void write_why(struct jout *out, enum rollback_action action,
		      enum rollback_why why)
{
	jout_str(out, "action", rollback_action_name(action));
	jout_str(out, "why", rollback_why_name(why));
	jout_str(out, "why_zh", rollback_why_zh(why));
	jout_str(out, "why_en", rollback_why_en(why));
}

static int write_surplus(const struct request *req,
			 const struct rollback_scope *scope,
			 const struct resource *row, struct jout *out,
			 struct err *err)
{
	json_auto_t *names = NULL;

	if (rollback_scan_surplus(req->db, scope, row, &names, err))
		return -1;
	jout_json(out, "models", names);
	return 0;
}

static int write_part(const struct request *req,
		      const struct rollback_scope *scope,
		      const struct resource *row,
		      const struct rollback_decision *what, struct jout *out,
		      struct err *err)
{
	jout_object(out, NULL);
	jout_str(out, "kind", resource_type_name(row->type));
	jout_str(out, "resource_id", row->resource_id);
	jout_str(out, "host_resource_id", row->host_resource_id);
	jout_str(out, "mark", row->mark);
	write_why(out, what->action, what->why);
	if (what->why == ROLLBACK_SHARED_MODELS &&
	    write_surplus(req, scope, row, out, err))
		return -1;
	jout_object_end(out);
	return 0;
}

static void write_counts(struct jout *out,
			 const int64_t counts[ROLLBACK_ACTION__MAX])
{
	jout_object(out, "counts");
	for (int i = 0; i < ROLLBACK_ACTION__MAX; i++)
		jout_i64(out, rollback_action_name((enum rollback_action)i),
			 counts[i]);
	jout_object_end(out);
}

static int write_parts(const struct request *req,
		       const struct rollback_scope *scope, struct jout *out,
		       struct rollback_preview *preview, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(resource_done) struct resource row = { 0 };
	int64_t counts[ROLLBACK_ACTION__MAX] = { 0 };
	struct rollback_decision what;
	bool shared;
	int more;

	if (rollback_scan_resources(&rows, req->db, scope, err))
		return -1;
	jout_array(out, "parts");
	while ((more = rollback_scan_next(&rows, &row, &shared, err)) > 0) {
		if (rollback_scan_decide(req->db, scope, &row, shared, &what,
					 err))
			return -1;
		seal_line(preview, &row, &what);
		counts[what.action]++;
		if (preview->parts++ < PARTS_SHOWN &&
		    write_part(req, scope, &row, &what, out, err))
			return -1;
	}
	jout_array_end(out);
	write_counts(out, counts);
	return more;
}

static int write_preview(const struct request *req,
			 const struct rollback_scope *scope, struct jout *out,
			 struct rollback_preview *ret, struct err *err)
{
	jout_object(out, NULL);
	jout_bool(out, "applied", false);
	jout_str(out, "scope", rollback_scope_kind_name(scope->kind));
	jout_str(out, "scope_id", scope->id);
	jout_str(out, "pack_id", scope->pack_id);
	jout_str(out, "host_id", scope->host_id);
	jout_i64(out, "items", ret->items.all);
	jout_i64(out, "items_unfinished", ret->items.unfinished);
	jout_i64(out, "items_unrecorded", ret->items.unrecorded);
	jout_i64(out, "items_rolled_back", ret->items.rolled_back);
	jout_str(out, "running_rollback_id",
		 *ret->running ? ret->running : NULL);
	if (write_parts(req, scope, out, ret, err))
		return -1;
	jout_i64(out, "parts_total", ret->parts);
	jout_str(out, "plan", ret->token);
	jout_object_end(out);
	return 0;
}

int rollback_preview_make(const struct request *req,
			  const struct rollback_scope *scope,
			  struct jout *out, struct rollback_preview *ret,
			  struct err *err)
{
	CLEANUP(jout_done) struct jout aside = { .text.max = HTTP_REPLY_MAX };
	AUTO_FREE char *head = xasprintf("%s %s %s %s",
		rollback_scope_kind_name(scope->kind), scope->id,
		scope->host_id, scope->pack_id ? scope->pack_id : "");

	*ret = (struct rollback_preview){ 0 };
	seal_hash_text(head, strlen(head), ret->token);
	if (rollback_scan_items(req->db, scope, &ret->items, err) ||
	    rollbacks_running(req->db, scope->host_id, ret->running, err))
		return -1;
	return write_preview(req, scope, out ? out : &aside, ret, err);
}

/* ---- one that has begun ---- */

static void write_head(struct jout *out, const struct rollback *r)
{
	jout_str(out, "rollback_id", r->rollback_id);
	jout_str(out, "host_id", r->host_id);
	jout_str(out, "scope", rollback_scope_kind_name(r->scope));
	jout_str(out, "scope_id", r->scope_id);
	jout_str(out, "pack_id", r->pack_id);
	jout_str(out, "state", r->running ? "running" : "done");
	jout_str(out, "result",
		 r->running ? NULL : rollback_result_name(r->result));
	jout_str(out, "failure_class", r->failure_class);
	jout_str(out, "failure_detail", r->failure_detail);
	jout_i64(out, "items", r->items);
	jout_str(out, "requested_by", r->requested_by);
	jout_time(out, "created_at", r->created_at);
	jout_time(out, "finished_at", r->finished_at);
}

void rollback_brief_write(struct jout *out, const char *name,
			  const struct rollback *rollback)
{
	jout_object(out, name);
	write_head(out, rollback);
	jout_object_end(out);
}

static void write_done_part(struct jout *out, const struct rollback_part *part)
{
	jout_object(out, NULL);
	jout_i64(out, "seq", part->seq);
	jout_str(out, "kind", part->kind);
	jout_str(out, "resource_id", part->subject_id);
	jout_str(out, "host_resource_id", part->host_resource_id);
	jout_str(out, "mark", part->mark);
	write_why(out, part->action, part->why);
	jout_str(out, "state", rollback_part_state_name(part->state));
	jout_str(out, "failure_class", part->failure_class);
	jout_str(out, "failure_detail", part->failure_detail);
	jout_object_end(out);
}

/* One more than is shown tells whether there is another. */
static int write_done_parts(const struct request *req, struct jout *out,
			    const char *name, const char *rollback_id,
			    const struct rollback_view *view, int64_t *ret_next,
			    struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(rollback_part_done) struct rollback_part part = { 0 };
	int64_t n = 0;
	int more;

	*ret_next = 0;
	if (rollback_parts_list(&rows, req->db, rollback_id, view->state,
				view->after, view->limit + 1, err))
		return -1;
	jout_array(out, name);
	while ((more = rollback_parts_next(&rows, &part, err)) > 0 &&
	       n++ < view->limit) {
		write_done_part(out, &part);
		*ret_next = part.seq;
	}
	jout_array_end(out);
	if (more == 0)
		*ret_next = 0;
	return more < 0 ? -1 : 0;
}

static int write_done_counts(const struct request *req, struct jout *out,
			     const char *rollback_id, struct err *err)
{
	struct rollback_counts counts;

	if (rollback_parts_count(req->db, rollback_id, &counts, err))
		return -1;
	jout_object(out, "counts");
	jout_i64(out, "all", counts.all);
	jout_i64(out, "waiting", counts.waiting);
	jout_i64(out, "done", counts.done);
	jout_i64(out, "gone", counts.gone);
	jout_i64(out, "left", counts.left);
	jout_i64(out, "kept", counts.kept);
	jout_object_end(out);
	return 0;
}

int rollback_write(const struct request *req, struct jout *out,
		   const struct rollback *rollback,
		   const struct rollback_view *view, struct err *err)
{
	const struct rollback_view left = { "left", 0, PARTS_SHOWN };
	const char *id = rollback->rollback_id;
	int64_t next, ignored;

	jout_object(out, NULL);
	write_head(out, rollback);
	if (write_done_counts(req, out, id, err) ||
	    write_done_parts(req, out, "remains", id, &left, &ignored, err) ||
	    write_done_parts(req, out, "parts", id, view, &next, err))
		return -1;
	if (next)
		jout_i64(out, "next_after", next);
	else
		jout_null(out, "next_after");
	jout_object_end(out);
	return 0;
}

int rollback_write_newest(const struct request *req, struct jout *out,
			  const char *name, const char *scope_id,
			  struct err *err)
{
	CLEANUP(rollback_done) struct rollback rollback = { 0 };

	if (rollbacks_newest(req->db, scope_id, &rollback, err))
		return -1;
	if (rollback.rollback_id)
		rollback_brief_write(out, name, &rollback);
	else
		jout_null(out, name);
	return 0;
}
