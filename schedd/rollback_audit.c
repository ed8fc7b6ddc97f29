/* What a rollback did on a host, told to the audit log. */
#include "schedd/audit_event.h"
#include "schedd/rollback.h"

static const char *const deeds[] = {
	[ROLLBACK_DELETE]  = "deleted",
	[ROLLBACK_RESTORE] = "restored",
	[ROLLBACK_RELEASE] = "released",
	[ROLLBACK_KEEP]	   = "kept",
};
_Static_assert(COUNT(deeds) == ROLLBACK_ACTION__MAX, "name each");

int rollback_audit(const struct store *store, const struct rollback_work *w,
		   int64_t now, struct err *err)
{
	const struct rollback_part *part = &w->part;
	AUTO_FREE char *detail = NULL;

	if (part->state == ROLLBACK_WAITING || part->state == ROLLBACK_GONE ||
	    part->action == ROLLBACK_KEEP)
		return 0;
	detail = xasprintf("{\"rollback_id\":\"%s\"}",
			   w->rollback.rollback_id);
	return audit_event(store, &(struct audit_deed){
		.requester = w->rollback.requested_by,
		.host_id = w->rollback.host_id,
		.object = part->kind,
		.object_id = part->host_resource_id ? part->host_resource_id
						    : part->subject_id,
		.kind = deeds[part->action],
		.step = "rollback",
		.class = part->state == ROLLBACK_LEFT
			? part->failure_class ? part->failure_class : "left"
			: NULL,
		.detail = detail,
	}, now, err);
}
