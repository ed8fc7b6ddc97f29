/* view_list: what lists say beside their rows, and the events of a run. */
#include "fcgi/view.h"

void run_event_write(struct jout *out, const char *name,
		     const struct run_event *event)
{
	jout_object(out, name);
	jout_i64(out, "seq", event->seq);
	jout_time(out, "at", event->event.at);
	jout_str(out, "item_id", event->item_id);
	jout_i64(out, "item_seq", event->event.seq);
	jout_i64(out, "row", event->row);
	jout_str(out, "label", event->label);
	jout_str(out, "provider_id", event->provider_id);
	jout_str(out, "step", event->event.step);
	jout_str(out, "kind", event->event.kind);
	jout_str(out, "class", event->event.class);
	jout_raw(out, "detail", event->event.detail);
	jout_str(out, "current_stage", item_stage_name(event->stage));
	jout_str(out, "access_status", access_status_name(event->access));
	jout_str(out, "resolved_smoke_model", event->model);
	jout_str(out, "failure_class", event->failure_class);
	view_class(out, "failure_zh", "failure_en", event->failure_class);
	jout_object_end(out);
}

void view_item_counts(struct jout *out, const char *name,
		      const struct item_counts *counts)
{
	jout_object(out, name);
	jout_object(out, "current_stage");
	for (int i = 0; i < ITEM_STAGE__MAX; i++)
		jout_i64(out, item_stage_name((enum item_stage)i),
			 counts->by_stage[i]);
	jout_object_end(out);
	jout_object(out, "access_status");
	for (int i = 0; i < ACCESS_STATUS__MAX; i++)
		jout_i64(out, access_status_name((enum access_status)i),
			 counts->by_access[i]);
	jout_object_end(out);
	jout_object_end(out);
}

void view_run_counts(struct jout *out, const char *name,
		     const int64_t counts[RUN_STATE__MAX])
{
	jout_object(out, name);
	for (int i = 0; i < RUN_STATE__MAX; i++)
		jout_i64(out, run_state_name((enum run_state)i), counts[i]);
	jout_object_end(out);
}
