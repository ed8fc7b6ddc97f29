/*
 * What is bound to a group that somebody deleted, or whose id another has by
 * now.  That group is a finding of its own, and until somebody has decided
 * about it the binding waits; once the row of the group is closed, nothing is
 * wanted of it any more.
 */
#include <inttypes.h>
#include <string.h>

#include "schedd/reconcile.h"
#include "shared/table.h"

static int add_lost(const struct store *store, struct reconcile *rc,
		    int64_t id, bool repairs, struct err *err)
{
	CLEANUP(resource_done) struct resource group = { 0 };
	AUTO_FREE char *text = xasprintf("%" PRId64, id);
	bool asked = false;

	if (rc->nlost == COUNT(rc->lost))
		return 0;
	if (resources_of_host_id(store->db, rc->run.host_id, RESOURCE_GROUP,
				 text, &group, err)) {
		if (err->kind != ERR_NOT_FOUND)
			return -1;
		rc->lost[rc->nlost++].id = id;
		return 0;
	}
	if (repairs && findings_asks_if_gone(store->db, rc->run.reconcile_id,
					     group.resource_id, &asked, err))
		return -1;
	if (asked) {
		rc->lost[rc->nlost].id = id;
		rc->lost[rc->nlost++].waits = true;
	}
	return 0;
}

int reconcile_load_lost(const struct store *store, struct reconcile *rc,
			bool repairs, struct err *err)
{
	json_auto_t *body = json_loads(rc->row.wanted_json
				       ? rc->row.wanted_json : "{}", 0, NULL);
	const json_t *one = json_object_get(body, "group_id");
	const json_t *id;
	size_t i;

	if (rc->row.type == RESOURCE_USER_KEY && json_is_integer(one))
		return add_lost(store, rc, json_integer_value(one), repairs,
				err);
	if (rc->row.type != RESOURCE_ACCOUNT &&
	    rc->row.type != RESOURCE_CHANNEL)
		return 0;
	json_array_foreach(json_object_get(body, "group_ids"), i, id)
		if (add_lost(store, rc, json_integer_value(id), repairs, err))
			return -1;
	return 0;
}

static bool is_lost(const struct reconcile *rc, const json_t *id)
{
	for (size_t i = 0; i < rc->nlost; i++)
		if (rc->lost[i].id == json_integer_value(id))
			return true;
	return false;
}

void reconcile_leave_out_lost(const struct reconcile *rc, json_t *wanted)
{
	json_t *ids = json_object_get(wanted, "group_ids");

	for (size_t i = json_array_size(ids); rc->nlost && i-- > 0;)
		if (is_lost(rc, json_array_get(ids, i)))
			json_array_remove(ids, i);
	if (rc->nlost && is_lost(rc, json_object_get(wanted, "group_id")))
		json_object_del(wanted, "group_id");
}

bool reconcile_binds(const char *field)
{
	return strcmp(field, "group_ids") == 0 ||
	       strcmp(field, "group_id") == 0;
}

char *reconcile_waits_text(const char *group_id)
{
	return xasprintf("group %s is no longer on the host, or another's by "
			 "now: that is to be decided first", group_id);
}

char *reconcile_waits(const struct reconcile *rc)
{
	for (size_t i = 0; i < rc->nlost; i++) {
		AUTO_FREE char *id = rc->lost[i].waits
			? xasprintf("%" PRId64, rc->lost[i].id) : NULL;

		if (id)
			return reconcile_waits_text(id);
	}
	return NULL;
}
