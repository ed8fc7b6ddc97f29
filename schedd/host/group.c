#include "schedd/host/group.h"

#include <inttypes.h>
#include <stdlib.h>

#include "shared/table.h"

/* The names of all that can differ. */
#define NAMES_MAX 200

/* Without it a host answers 500. */
static void write_multiplier(struct jout *out, const char *amount)
{
	json_auto_t *value = json_real(amount ? strtod(amount, NULL) : 1);

	if (amount)
		jout_json(out, "rate_multiplier", value);
	else
		jout_i64(out, "rate_multiplier", 1);
}

void host_group_wanted(struct jout *out, const struct host_group_wish *wish)
{
	AUTO_FREE char *name = host_mark_name(wish->readable, wish->mark);
	AUTO_FREE char *description = wish->description
		? xasprintf("%s %s", wish->description, wish->mark)
		: xstrdup(wish->mark);

	jout_object(out, NULL);
	jout_str(out, "name", name);
	jout_str(out, "description", description);
	/* Without it a host makes a group that never sees our accounts. */
	jout_str(out, "platform", "openai");
	write_multiplier(out, wish->rate_multiplier);
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

void host_ask_groups(struct request *request, const struct host_peer *peer,
		     int64_t page)
{
	host_start(request, peer, METHOD_GET, HOST_ROLE_ADMIN,
		   "/api/v1/admin/groups?page=%" PRId64 "&page_size=%d"
		   "&sort_by=id&sort_order=asc", page, HOST_GROUPS_PAGE);
	request->bulky = true;
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

void host_ask_group_keys(struct request *request,
			 const struct host_peer *peer, int64_t id,
			 int64_t page)
{
	host_start(request, peer, METHOD_GET, HOST_ROLE_ADMIN,
		   "/api/v1/admin/groups/%" PRId64 "/api-keys?page=%" PRId64
		   "&page_size=1000", id, page);
}

bool host_group_dispatches(const json_t *live)
{
	return json_is_true(json_object_get(live, "allow_messages_dispatch"));
}

/* Null must be left out: a host makes a limit of zero of it. */
static void repeat_limits(struct jout *out, const json_t *live)
{
	static const char *const limits[] = {
		"daily_limit_usd", "weekly_limit_usd", "monthly_limit_usd",
	};

	for (size_t i = 0; i < COUNT(limits); i++) {
		const json_t *limit = json_object_get(live, limits[i]);

		if (json_is_number(limit))
			jout_json(out, limits[i], limit);
	}
}

void host_ask_group_dispatch(struct request *request,
			     const struct host_peer *peer, const json_t *live,
			     const char *model)
{
	/* By family: versions before 0.1.179 send exact names unmapped. */
	static const char *const families[] = {
		"opus_mapped_model", "sonnet_mapped_model",
		"haiku_mapped_model",
	};

	host_start(request, peer, METHOD_PUT, HOST_ROLE_ADMIN,
		   "/api/v1/admin/groups/%" PRId64, host_object_id(live));
	host_body(request);
	jout_bool(&request->body, "allow_messages_dispatch", model);
	if (model) {
		jout_object(&request->body, "messages_dispatch_model_config");
		for (size_t i = 0; i < COUNT(families); i++)
			jout_str(&request->body, families[i], model);
		jout_object_end(&request->body);
	}
	repeat_limits(&request->body, live);
	host_body_end(request);
}

void host_ask_group_put(struct request *request, const struct host_peer *peer,
			const json_t *live, const struct host_group_put *put)
{
	host_start(request, peer, METHOD_PUT, HOST_ROLE_ADMIN,
		   "/api/v1/admin/groups/%" PRId64, host_object_id(live));
	host_body(request);
	if (put->in_service)
		jout_str(&request->body, "status", "active");
	if (put->is_exclusive)
		jout_bool(&request->body, "is_exclusive", *put->is_exclusive);
	repeat_limits(&request->body, live);
	host_body_end(request);
}

enum failure host_judge_group_dispatch(const struct answer *answer, bool on)
{
	enum failure why = host_judge(answer);

	if (why != FAILURE_NONE)
		return why;
	return host_group_dispatches(host_data(answer)) == on
		? FAILURE_NONE : FAILURE_NOT_AS_WRITTEN;
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
