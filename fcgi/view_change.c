/* How a change of an account looks. */
#include "fcgi/view.h"

void change_write(struct jout *out, const char *name,
		  const struct change *change)
{
	jout_object(out, name);
	jout_str(out, "change_id", change->change_id);
	jout_str(out, "item_id", change->item_id);
	jout_str(out, "host_id", change->host_id);
	jout_str(out, "kind", change_kind_name(change->kind));
	jout_str(out, "state", change_state_name(change->state));
	jout_raw(out, "wanted", change->wanted);
	jout_raw(out, "before", change->before);
	jout_raw(out, "after", change->after);
	jout_str(out, "failure_class", change->failure_class);
	jout_str(out, "failure_detail", change->failure_detail);
	view_class(out, "failure_zh", "failure_en", change->failure_class);
	jout_time(out, "old_key_free_to_revoke_at", change->old_key_free_at);
	jout_str(out, "requested_by", change->requested_by);
	jout_time(out, "created_at", change->created_at);
	jout_time(out, "finished_at", change->finished_at);
	jout_object_end(out);
}
