#include "schedd/host/channel.h"

#include <inttypes.h>
#include <stdio.h>

void host_ask_channels(struct request *request, const struct host_peer *peer,
		       int64_t page)
{
	host_start(request, peer, METHOD_GET, HOST_ROLE_ADMIN,
		   "/api/v1/admin/channels?page=%" PRId64 "&page_size=100",
		   page);
}

static bool is_over(const json_t *channel, int64_t group_id)
{
	size_t i;
	const json_t *id;

	json_array_foreach(json_object_get(channel, "group_ids"), i, id)
		if (json_integer_value(id) == group_id)
			return true;
	return false;
}

/* A channel that is off does nothing. */
static bool restricts(const json_t *channel)
{
	const char *status = host_member_text(channel, "status");

	return json_is_true(json_object_get(channel, "restrict_models")) &&
	       (!status || strcmp(status, "active") == 0);
}

enum failure host_judge_channels(const struct answer *answer,
				 int64_t group_id,
				 struct host_restriction *ret,
				 bool *ret_last)
{
	struct host_page page;
	enum failure why = host_judge_page(answer, &page);
	size_t i;
	const json_t *channel;

	if (why != FAILURE_NONE)
		return why;
	*ret = (struct host_restriction){ 0 };
	*ret_last = host_page_is_last(&page);
	json_array_foreach(page.items, i, channel) {
		const char *name = host_member_text(channel, "name");

		if (!restricts(channel) || !is_over(channel, group_id))
			continue;
		ret->id = host_object_id(channel);
		snprintf(ret->name, sizeof(ret->name), "%s", name ? name : "");
	}
	return FAILURE_NONE;
}
