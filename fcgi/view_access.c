/* view_access: accesses, what happened to them, and checks. */
#include "fcgi/view.h"

#include "shared/failure.h"

static void access_proven(struct jout *out, const struct access *access)
{
	jout_str(out, "key_source", access->key_source);
	jout_str(out, "key_fingerprint", access->key_fingerprint);
	jout_str(out, "last_proof_id", access->last_proof_id);
	jout_time(out, "proven_at", access->proven_at);
	jout_time(out, "proof_expires_at", access->proof_expires_at);
	jout_time(out, "checked_at", access->checked_at);
	jout_time(out, "next_check_at", access->next_check_at);
}

static void access_failed(struct jout *out, const struct access *access,
			  int64_t now)
{
	jout_str(out, "failure_class", access->failure_class);
	view_class(out, "failure_zh", "failure_en", access->failure_class);
	jout_i64(out, "failures", access->failures);
	jout_time(out, "first_failure_at", access->first_failure_at);
	view_diagnosis(out, access->diagnosis, now);
}

void access_write_begin(struct jout *out, const char *name,
			const struct access *access,
			const struct access_view *view)
{
	jout_object(out, name);
	jout_str(out, "access_id", access->access_id);
	jout_str(out, "host_id", access->host_id);
	jout_str(out, "provider_id", access->endpoint_key);
	jout_str(out, "endpoint_key", access->endpoint_key);
	jout_str(out, "plan", access->plan);
	jout_str(out, "access_mode", access_mode_name(access->mode));
	jout_str(out, "selector", access->selector);
	jout_str(out, "item_id", access->item_id);
	jout_str(out, "status", access_status_name(access->status));
	jout_str(out, "access_status",
		 access_word(access, view->other_active));
	jout_bool(out, "stale", access_is_stale(access, view->now));
	jout_time(out, "status_since", access->status_since);
	access_failed(out, access, view->now);
	jout_raw(out, "surfaces", access->surfaces);
	jout_time(out, "surfaces_at", access->surfaces_at);
	access_proven(out, access);
	jout_time(out, "created_at", access->created_at);
	jout_time(out, "updated_at", access->updated_at);
}

void access_write_end(struct jout *out)
{
	jout_object_end(out);
}

void access_event_write(struct jout *out, const char *name,
			const struct access_event *event)
{
	jout_object(out, name);
	jout_i64(out, "seq", event->seq);
	jout_time(out, "at", event->at);
	jout_str(out, "kind", event->kind);
	jout_str(out, "class", event->class);
	view_class(out, "class_zh", "class_en", event->class);
	jout_raw(out, "detail", event->detail);
	jout_object_end(out);
}

void check_write_begin(struct jout *out, const char *name,
		       const struct check *check, int64_t now)
{
	jout_object(out, name);
	jout_str(out, "check_id", check->check_id);
	jout_str(out, "access_id", check->access_id);
	jout_str(out, "requested_by", check->requested_by);
	jout_bool(out, "surfaces", check->surfaces);
	jout_str(out, "state", check->done ? "done" : "running");
	jout_str(out, "result", check->result);
	jout_str(out, "failure_class", check->failure_class);
	view_class(out, "cause_zh", "cause_en", check->failure_class);
	view_diagnosis(out, check->diagnosis, now);
	jout_str(out, "proof_id", check->proof_id);
	jout_i64(out, "repaired", check->repaired);
	jout_time(out, "created_at", check->created_at);
	jout_time(out, "finished_at", check->finished_at);
}

void check_write_end(struct jout *out)
{
	jout_object_end(out);
}
