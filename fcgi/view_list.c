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

void item_brief_write(struct jout *out, const char *name,
		      const struct item_brief *item)
{
	jout_object(out, name);
	jout_str(out, "item_id", item->item_id);
	jout_str(out, "run_id", item->run_id);
	jout_i64(out, "seq", item->seq);
	jout_str(out, "provider_id", item->provider_id);
	jout_str(out, "base_url", item->base_url);
	jout_str(out, "label", item->label);
	jout_str(out, "api_key_last4", item->api_key_last4);
	jout_str(out, "current_stage", item->stage);
	jout_str(out, "confirmation_status", item->confirmation);
	jout_str(out, "access_status", item->access);
	jout_str(out, "account_resolution", item->resolution);
	jout_time(out, "paused_at", item->paused_at);
	jout_str(out, "resolved_smoke_model", item->resolved_smoke_model);
	jout_str(out, "failure_class", item->failure_class);
	view_class(out, "failure_zh", "failure_en", item->failure_class);
	jout_raw(out, "warnings", item->warnings);
	jout_time(out, "updated_at", item->updated_at);
	jout_time(out, "finished_at", item->finished_at);
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
