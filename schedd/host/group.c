#include "schedd/host/group.h"

#include <inttypes.h>

#include "shared/table.h"

/* The names of all that can differ. */
#define NAMES_MAX 200

void host_group_wanted(struct jout *out, const struct host_group_wish *wish)
{
	AUTO_FREE char *name = host_mark_name(wish->readable, wish->mark);

	jout_object(out, NULL);
	jout_str(out, "name", name);
	jout_str(out, "description", wish->mark);
	/* Without it a host makes a group that never sees our accounts. */
	jout_str(out, "platform", "openai");
	/* Without it a host answers 500. */
	jout_i64(out, "rate_multiplier", 1);
	jout_str(out, "subscription_type",
		 wish->subscription ? "subscription" : "standard");
	jout_bool(out, "is_exclusive", !wish->subscription);
	jout_object_end(out);
}

void host_ask_group_find(struct request *request,
			 const struct host_peer *peer, const char *mark)
{
	AUTO_FREE char *escaped = request_escape(mark);

	host_start(request, peer, METHOD_GET, HOST_ROLE_ADMIN,
		   "/api/v1/admin/groups?search=%s&page=1&page_size=100",
		   escaped);
}

void host_ask_group(struct request *request, const struct host_peer *peer,
		    int64_t id)
{
	host_start(request, peer, METHOD_GET, HOST_ROLE_ADMIN,
		   "/api/v1/admin/groups/%" PRId64, id);
}

void host_ask_group_create(struct request *request,
			   const struct host_peer *peer,
			   const char *wanted_json)
{
	host_start(request, peer, METHOD_POST, HOST_ROLE_ADMIN,
		   "/api/v1/admin/groups");
	host_body_raw(request, wanted_json);
}

void host_ask_group_delete(struct request *request,
			   const struct host_peer *peer, int64_t id)
{
	host_start(request, peer, METHOD_DELETE, HOST_ROLE_ADMIN,
		   "/api/v1/admin/groups/%" PRId64, id);
}

bool host_group_differs(const json_t *wanted, const json_t *live,
			char *why, size_t size)
{
	static const char *const members[] = {
		"platform", "subscription_type", "is_exclusive",
	};
	struct buf names = { .max = NAMES_MAX };
	bool differs;
	const char *status = host_member_text(live, "status");

	for (size_t i = 0; i < COUNT(members); i++) {
		const json_t *value = json_object_get(wanted, members[i]);

		if (value && !json_equal(value, json_object_get(live,
								members[i])))
			buf_addf(&names, "%s%s", names.len ? ", " : "",
				 members[i]);
	}
	if (!status || strcmp(status, "active") != 0)
		buf_addf(&names, "%sstatus", names.len ? ", " : "");
	differs = names.len > 0;
	snprintf(why, size, "%s", buf_str(&names));
	buf_done(&names);
	return differs;
}
