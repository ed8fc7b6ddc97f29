/* How a rollback is written after a step, and ended. */
#include <stdio.h>
#include <string.h>

#include "schedd/rollback.h"

#define MARK_BATCH 200	/* items in one transaction */
#define PLAN_BATCH 50

/* ---- rows that are held ---- */

void rollback_want(const void *subject, int which, struct resource_want *ret)
{
	const struct rollback_work *w = subject;
	AUTO_FREE char *lookup = which == ROLLBACK_TOKEN
		? rollback_owner_lookup(w->row.lookup) : xstrdup(w->row.lookup);

	ret->type = which == ROLLBACK_TOKEN ? RESOURCE_USER_TOKEN
					    : w->row.type;
	ret->hold = which == ROLLBACK_PART;
	snprintf(ret->lookup, sizeof(ret->lookup), "%s", lookup);
}

/* An import may have come to rest on it since the plan was made. */
static int decide_again(const struct store *store, struct rollback_work *w,
			struct err *err)
{
	const struct rollback_scope scope = rollback_marked(w);
	struct rollback_decision decision;
	bool shared;

	if (rollback_scan_shared(store->db, &scope, w->row.resource_id,
				 &shared, err) ||
	    rollback_scan_decide(store->db, &scope, &w->row, shared,
				 &decision, err))
		return -1;
	w->part.action = decision.action;
	w->part.why = decision.why;
	own_set(&w->part.host_resource_id, w->row.host_resource_id);
	w->part_changed = true;
	return 0;
}

int rollback_took(const struct store *store, void *subject, int which,
		  struct resource *take_row, int64_t now, struct err *err)
{
	struct rollback_work *w = subject;
	struct resource *row = which == ROLLBACK_TOKEN ? &w->token : &w->row;

	(void)now;
	resource_done(row);
	*row = *take_row;
	*take_row = (struct resource){ 0 };
	if (which == ROLLBACK_TOKEN)
		return 0;
	if (strcmp(row->resource_id, w->part.subject_id) == 0)
		return decide_again(store, w, err);
	/* Somebody found it gone, and this is another, made for us. */
	if (!row->host_resource_id)
		row->state = RESOURCE_GONE;
	else
		row->state = RESOURCE_PRESENT;
	w->row_changed = w->part_changed = true;
	w->part.state = ROLLBACK_GONE;
	return 0;
}

/* ---- writing ---- */

static int mark_items(const struct store *store, struct rollback_work *w,
		      int64_t now, struct err *err)
{
	const struct rollback *r = &w->rollback;
	const struct rollback_scope scope = {
		.kind = r->scope, .id = r->scope_id, .host_id = r->host_id,
		.pack_id = r->pack_id,
	};
	int64_t count;

	if (rollback_scan_mark(store->db, &scope, r->rollback_id, MARK_BATCH,
			       &count, err))
		return -1;
	w->memo.items += count;
	w->memo.marked = count < MARK_BATCH;
	if (!w->memo.marked)
		return 0;
	if (rollbacks_items(store->db, r->rollback_id, w->memo.items, err))
		return -1;
	/* What nobody may try to make for a while can be taken all the same. */
	return resources_forgive(store->db, r->host_id, now, err);
}

static int add_part(const struct store *store, struct rollback_work *w,
		    const struct resource *row, bool shared, struct err *err)
{
	const struct rollback_scope scope = rollback_marked(w);
	AUTO_FREE char *kind = xstrdup(resource_type_name(row->type));
	struct rollback_decision decision;

	if (rollback_scan_decide(store->db, &scope, row, shared, &decision,
				 err))
		return -1;
	return rollback_parts_add(store->db, w->rollback.rollback_id,
		&(struct rollback_part){
			.kind = kind,
			.subject_id = row->resource_id,
			.mark = row->mark,
			.host_resource_id = row->host_resource_id,
			.action = decision.action,
			.why = decision.why,
			.state = decision.action == ROLLBACK_KEEP
				? ROLLBACK_PART_DONE : ROLLBACK_WAITING,
		}, err);
}

/* An account may have been adopted without any import. */
static int add_account(const struct store *store, struct rollback_work *w,
		       struct err *err)
{
	CLEANUP(resource_done) struct resource row = { 0 };
	const struct rollback_scope scope = rollback_marked(w);
	bool shared;

	if (w->rollback.scope != ROLLBACK_ACCOUNT)
		return 0;
	if (resources_get(store->db, w->rollback.scope_id, &row, err) ||
	    rollback_scan_shared(store->db, &scope, row.resource_id, &shared,
				 err))
		return -1;
	return row.state == RESOURCE_GONE ? 0
		: add_part(store, w, &row, shared, err);
}

static int plan_items(const struct store *store, struct rollback_work *w,
		      struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(resource_done) struct resource row = { 0 };
	const struct rollback_scope scope = rollback_marked(w);
	const char *id = w->rollback.rollback_id;
	char last[ID_MAX];
	bool shared;
	int more;

	if (rollback_scan_batch(&rows, store->db, &scope, w->memo.after,
				PLAN_BATCH, last, err))
		return -1;
	while ((more = rollback_scan_next(&rows, &row, &shared, err)) > 0)
		if (add_part(store, w, &row, shared, err))
			return -1;
	if (more < 0 ||
	    rollback_add_accesses(store->db, id, w->memo.after, last, err) ||
	    rollback_add_moves(store->db, id, w->memo.after, last, err))
		return -1;
	w->memo.planned = *last == '\0';
	memcpy(w->memo.after, last, sizeof(last));
	return w->memo.planned ? add_account(store, w, err) : 0;
}

static int end_access(const struct store *store, struct rollback_work *w,
		      int64_t now, struct err *err)
{
	return rollback_end_access(store->db, w->part.subject_id, now,
				   &w->memo.kept, &w->memo.ended, err);
}

static int end_items(const struct store *store, struct rollback_work *w,
		     int64_t now, struct err *err)
{
	bool more;

	if (rollback_end_items(store->db, w->rollback.rollback_id, MARK_BATCH,
			       now, &more, err))
		return -1;
	w->memo.ended = !more;
	return 0;
}

/* Steps that ask nothing say by POLL that a batch is to be written. */
static int save_batch(const struct store *store, struct rollback_work *w,
		      const char *step, int64_t now, struct err *err)
{
	if (strcmp(step, "rollback.mark") == 0)
		return mark_items(store, w, now, err);
	if (strcmp(step, "rollback.plan") == 0)
		return plan_items(store, w, err);
	if (strcmp(step, "access.end") == 0)
		return end_access(store, w, now, err);
	return strcmp(step, "rollback.items") == 0
		? end_items(store, w, now, err) : 0;
}

static int save_row(const struct store *store, struct rollback_work *w,
		    int64_t now, struct err *err)
{
	if (w->token_changed &&
	    resources_save(store->db, &w->token, w->task_id, now, err))
		return -1;
	return w->row_changed ? resources_save(store->db, &w->row, w->task_id,
					       now, err) : 0;
}

static int save_part(const struct store *store, struct rollback_work *w,
		     int64_t now, struct err *err)
{
	if (!w->part_changed)
		return 0;
	if (rollback_parts_save(store->db, w->rollback.rollback_id, &w->part,
				err) ||
	    rollback_audit(store, w, now, err))
		return -1;
	if (!*w->move.move_id || w->part.state == ROLLBACK_WAITING ||
	    w->part.state == ROLLBACK_LEFT)
		return 0;
	return moved_keys_end(store->db, &w->move, now, err);
}

int rollback_save(const struct store *store, const struct task *task,
		  void *subject, const struct step *step,
		  const struct verdict *verdict, int64_t now, struct err *err)
{
	struct rollback_work *w = subject;

	(void)task;
	if (w->new_session &&
	    hosts_session(store->db, w->host.host_id,
			  w->host.session_secret_id,
			  w->host.session_expires_at, now, err))
		return -1;
	if (save_row(store, w, now, err) || save_part(store, w, now, err))
		return -1;
	return verdict->kind == VERDICT_POLL
		? save_batch(store, w, step->name, now, err) : 0;
}

int rollback_end(const struct store *store, const struct task *task,
		 void *subject, const struct verdict *verdict, int64_t now,
		 struct err *err)
{
	struct rollback_work *w = subject;
	struct rollback *r = &w->rollback;
	bool broke_off = verdict->kind == VERDICT_FAILED;
	struct rollback_counts counts;

	(void)task;
	if (broke_off) {
		own_set(&r->failure_class, failure_name(verdict->failure));
		own_set(&r->failure_detail,
			*w->memo.detail ? w->memo.detail : NULL);
		if (rollback_parts_leave(store->db, r->rollback_id,
					 r->failure_class, err) ||
		    rollback_unmark_items(store->db, r->rollback_id, err))
			return -1;
	}
	if (rollback_parts_count(store->db, r->rollback_id, &counts, err))
		return -1;
	r->result = broke_off ? ROLLBACK_FAILED :
		    counts.left > 0 ? ROLLBACK_REMAINS : ROLLBACK_CLEAN;
	return rollbacks_finish(store->db, r, now, err);
}
