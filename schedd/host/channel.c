#include "schedd/host/channel.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "shared/table.h"

/* Half of the last decimal that a host keeps of a price. */
#define PRICE_STEP 0.5e-12

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

void host_channel_wanted(struct jout *out,
			 const struct host_channel_wish *wish)
{
	AUTO_FREE char *name = host_mark_name(wish->readable, wish->mark);

	jout_object(out, NULL);
	jout_str(out, "name", name);
	jout_array(out, "group_ids");
	jout_i64(out, NULL, wish->group_id);
	jout_array_end(out);
	jout_json(out, "model_pricing", wish->model_pricing);
	jout_bool(out, "restrict_models", wish->restrict_models);
	jout_object_end(out);
}

void host_ask_channel_find(struct request *request,
			   const struct host_peer *peer, const char *mark,
			   int64_t page)
{
	AUTO_FREE char *escaped = request_escape(mark);

	host_start(request, peer, METHOD_GET, HOST_ROLE_ADMIN,
		   "/api/v1/admin/channels?search=%s&page=%" PRId64
		   "&page_size=100", escaped, page);
}

void host_ask_channel(struct request *request, const struct host_peer *peer,
		      int64_t id)
{
	host_start(request, peer, METHOD_GET, HOST_ROLE_ADMIN,
		   "/api/v1/admin/channels/%" PRId64, id);
}

void host_ask_channel_create(struct request *request,
			     const struct host_peer *peer,
			     const char *wanted_json)
{
	host_start(request, peer, METHOD_POST, HOST_ROLE_ADMIN,
		   "/api/v1/admin/channels");
	host_body_raw(request, wanted_json);
}

void host_ask_channel_put(struct request *request,
			  const struct host_peer *peer, int64_t id,
			  const char *wanted_json)
{
	host_start(request, peer, METHOD_PUT, HOST_ROLE_ADMIN,
		   "/api/v1/admin/channels/%" PRId64, id);
	host_body_raw(request, wanted_json);
}

void host_ask_channel_delete(struct request *request,
			     const struct host_peer *peer, int64_t id)
{
	host_start(request, peer, METHOD_DELETE, HOST_ROLE_ADMIN,
		   "/api/v1/admin/channels/%" PRId64, id);
}

bool host_channel_is_barred(const struct answer *answer)
{
	return answer->status == 409 &&
	       host_reason_is(answer, "GROUP_ALREADY_IN_CHANNEL");
}

/* A price that is not asked for is null there. */
static bool price_differs(const json_t *wanted, const json_t *live,
			  const char *member)
{
	const json_t *a = json_object_get(wanted, member);
	const json_t *b = json_object_get(live, member);

	if (!json_is_number(a) || !json_is_number(b))
		return json_is_number(a) != json_is_number(b);
	return fabs(json_number_value(a) - json_number_value(b)) > PRICE_STEP;
}

static bool entry_differs(const json_t *wanted, const json_t *live)
{
	static const char *const prices[] = {
		"input_price", "output_price", "cache_read_price",
		"cache_write_price",
	};
	static const char *const others[] = {
		"platform", "models", "billing_mode",
	};

	for (size_t i = 0; i < COUNT(others); i++)
		if (!json_equal(json_object_get(wanted, others[i]),
				json_object_get(live, others[i])))
			return true;
	for (size_t i = 0; i < COUNT(prices); i++)
		if (price_differs(wanted, live, prices[i]))
			return true;
	return false;
}

/* A host may show them in another order than they were sent in. */
static bool has_entry(const json_t *live, const json_t *wanted)
{
	size_t i;
	const json_t *entry;

	json_array_foreach(live, i, entry)
		if (!entry_differs(wanted, entry))
			return true;
	return false;
}

bool host_channel_differs(const json_t *wanted, const json_t *live)
{
	const json_t *prices = json_object_get(wanted, "model_pricing");
	const json_t *shown = json_object_get(live, "model_pricing");
	const json_t *groups = json_object_get(wanted, "group_ids");
	size_t i;
	const json_t *entry;

	if (json_array_size(prices) != json_array_size(shown) ||
	    !is_over(live, json_integer_value(json_array_get(groups, 0))) ||
	    json_is_true(json_object_get(wanted, "restrict_models")) !=
	    json_is_true(json_object_get(live, "restrict_models")))
		return true;
	json_array_foreach(prices, i, entry)
		if (!has_entry(shown, entry))
			return true;
	return false;
}
