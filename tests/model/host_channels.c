#include <inttypes.h>
#include <string.h>

#include "shared/own.h"
#include "shared/table.h"
#include "tests/model/host_routes.h"

static const struct host_rule create_rules[] = {
	{ "name", "Name", RULE_REQUIRED, NULL },
};

static const struct host_rule update_rules[] = {
	{ "status", "Status", RULE_ONEOF, "active disabled" },
};

struct member {
	const char *name;
	const char *text;		/* the default, as JSON */
	enum host_version since;
};

static const struct member members[] = {
	{ "description", "\"\"", 0 },
	{ "billing_model_source", "\"channel_mapped\"", 0 },
	{ "restrict_models", "false", 0 },
	{ "features", "\"\"", 0 },
	{ "features_config", "{}", 0 },
	{ "group_ids", "[]", 0 },
	{ "model_mapping", "{}", 0 },
	{ "apply_pricing_to_account_stats", "false", 0 },
	{ "account_stats_pricing_rules", "[]", 0 },
};

static const struct member pricing_members[] = {
	{ "platform", "\"anthropic\"", 0 },
	{ "models", "[]", 0 },
	{ "billing_mode", "\"token\"", 0 },
	{ "input_price", "null", 0 },
	{ "output_price", "null", 0 },
	{ "cache_write_price", "null", 0 },
	{ "cache_read_price", "null", 0 },
	{ "fast_multiplier", "null", HOST_0_1_179 },
	{ "flex_multiplier", "null", HOST_0_1_179 },
	{ "image_input_price", "null", HOST_0_1_179 },
	{ "image_output_price", "null", 0 },
	{ "per_request_price", "null", 0 },
	{ "intervals", "[]", 0 },
	{ "time_pricing", "null", HOST_0_1_179 },
};

/* What is sent of the members, and the default of the rest. */
static void fill(const struct host_model *model, json_t *view,
		 const json_t *sent, const struct member *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		json_t *value = json_object_get(sent, rows[i].name);

		if (model->options.version < rows[i].since)
			continue;
		json_object_set_new(view, rows[i].name,
			value && !json_is_null(value) ?
			json_deep_copy(value) :
			json_loads(rows[i].text, JSON_DECODE_ANY, NULL));
	}
}

static json_t *pricing_of(struct host_call *call)
{
	json_t *all = json_array();
	size_t i;
	json_t *sent;

	json_array_foreach(json_object_get(call->body, "model_pricing"), i,
			   sent) {
		json_t *view = json_pack("{sI}", "id", (json_int_t)
					 ++call->model->next_pricing);

		fill(call->model, view, sent, pricing_members,
		     COUNT(pricing_members));
		json_array_append_new(all, view);
	}
	return all;
}

static bool shares_group(const json_t *one, const json_t *two)
{
	struct host_ids groups = { 0 };
	bool shares = false;
	size_t i;
	json_t *id;

	host_ids_read(&groups, json_object_get(one, "group_ids"));
	json_array_foreach(json_object_get(two, "group_ids"), i, id)
		shares |= host_ids_has(&groups, json_integer_value(id));
	host_ids_done(&groups);
	return shares;
}

/* A group has one channel; `except` is the one that is being written. */
static bool groups_are_free(struct host_call *call, const json_t *except)
{
	const char *key;
	json_t *other;

	json_object_foreach(call->model->channels, key, other) {
		if (other != except && shares_group(other, call->body)) {
			reply_refuse(call, 409,
				     "group already belongs to a channel",
				     "GROUP_ALREADY_IN_CHANNEL");
			return false;
		}
	}
	return true;
}

/* Names are unique, and compared before anything else is. */
static bool name_is_free(struct host_call *call, const json_t *except)
{
	const char *name = body_text(call, "name");
	const char *key;
	json_t *other;

	json_object_foreach(call->model->channels, key, other) {
		const char *taken = json_string_value(
			json_object_get(other, "name"));

		if (other != except && name && taken &&
		    strcmp(name, taken) == 0) {
			reply_refuse(call, 409, "channel name already exists",
				     "CHANNEL_EXISTS");
			return false;
		}
	}
	return true;
}

static void create(struct host_call *call)
{
	struct host_model *model = call->model;
	int64_t id = model->next_channel + 1;
	char key[24];
	json_t *view;

	if (!name_is_free(call, NULL) || !groups_are_free(call, NULL))
		return;
	model->next_channel = id;
	view = json_pack("{sI ss ss ss ss}", "id", (json_int_t)id, "name",
			 body_text(call, "name"), "status", "active",
			 "created_at", "2026-01-01T00:00:00Z",
			 "updated_at", "2026-01-01T00:00:00Z");
	fill(model, view, call->body, members, COUNT(members));
	json_object_set_new(view, "model_pricing", pricing_of(call));
	snprintf(key, sizeof(key), "%" PRId64, id);
	json_object_set_new(model->channels, key, view);
	reply_data(call, json_incref(view));
}

/* NULL: 404 is answered. */
static json_t *channel_or_404(struct host_call *call)
{
	char key[24];
	json_t *view;

	snprintf(key, sizeof(key), "%" PRId64, call->id);
	view = json_object_get(call->model->channels, key);
	if (!view)
		reply_refuse(call, 404, "channel not found",
			     "CHANNEL_NOT_FOUND");
	return view;
}

static void show(struct host_call *call)
{
	json_t *view = channel_or_404(call);

	if (view)
		reply_data(call, json_incref(view));
}

static void take_member(const struct host_call *call, json_t *view,
			const char *name)
{
	json_t *sent = json_object_get(call->body, name);

	if (sent && !json_is_null(sent))
		json_object_set(view, name, sent);
}

/* What is not sent stays. */
static void update(struct host_call *call)
{
	json_t *view = channel_or_404(call);

	if (!view || !name_is_free(call, view) ||
	    !groups_are_free(call, view))
		return;
	take_member(call, view, "name");
	take_member(call, view, "status");
	for (size_t i = 0; i < COUNT(members); i++)
		take_member(call, view, members[i].name);
	if (body_has(call, "model_pricing"))
		json_object_set_new(view, "model_pricing", pricing_of(call));
	reply_data(call, json_incref(view));
}

/* A name may end in a star. */
static bool covers(const char *name, const char *model_name)
{
	size_t len = name ? strlen(name) : 0;

	if (len && name[len - 1] == '*')
		return strncmp(name, model_name, len - 1) == 0;
	return name && strcmp(name, model_name) == 0;
}

static bool is_active(const json_t *channel)
{
	const char *status = json_string_value(json_object_get(channel,
							       "status"));

	return !status || strcmp(status, "active") == 0;
}

static bool is_priced(const json_t *channel, const char *model_name)
{
	size_t i, k;
	json_t *pricing, *name;

	json_array_foreach(json_object_get(channel, "model_pricing"), i,
			   pricing) {
		const char *platform = json_string_value(
			json_object_get(pricing, "platform"));

		if (!platform || strcmp(platform, "openai") != 0)
			continue;
		json_array_foreach(json_object_get(pricing, "models"), k,
				   name) {
			if (covers(json_string_value(name), model_name))
				return true;
		}
	}
	return false;
}

bool host_channel_refuses(const struct host_model *model, int64_t group_id,
			  const char *model_name)
{
	const char *key;
	json_t *channel;

	json_object_foreach(model->channels, key, channel) {
		struct host_ids groups = { 0 };
		bool ours;

		host_ids_read(&groups, json_object_get(channel, "group_ids"));
		ours = host_ids_has(&groups, group_id);
		host_ids_done(&groups);
		if (ours && is_active(channel) && json_is_true(json_object_get(channel,
							 "restrict_models")))
			return !is_priced(channel, model_name);
	}
	return false;
}

static void delete(struct host_call *call)
{
	char key[24];

	snprintf(key, sizeof(key), "%" PRId64, call->id);
	if (json_object_del(call->model->channels, key)) {
		reply_refuse(call, 404, "channel not found",
			     "CHANNEL_NOT_FOUND");
		return;
	}
	reply_message(call, "Channel deleted successfully");
}

/* Name or description, in any case. */
static bool is_searched(const struct host_call *call, const json_t *view)
{
	const char *name = json_string_value(json_object_get(view, "name"));
	const char *words = json_string_value(json_object_get(view,
							"description"));
	char value[128];

	return !query_get(call, "search", value, sizeof(value)) ||
	       (name && strcasestr(name, value)) ||
	       (words && strcasestr(words, value));
}

static void list(struct host_call *call)
{
	json_t *items = json_array();
	const char *key;
	json_t *view;

	json_object_foreach(call->model->channels, key, view)
		if (is_searched(call, view))
			json_array_append(items, view);
	reply_page(call, items);
}

/* The host's own table of prices knows none of our models. */
static void show_pricing(struct host_call *call)
{
	reply_data(call, json_pack("{sb}", "found", 0));
}

const struct host_route host_channel_routes[] = {
	{ .method = "GET", .pattern = "/api/v1/admin/channels/model-pricing",
	  .handle = show_pricing, .access = HOST_ADMIN },
	{ .method = "GET", .pattern = "/api/v1/admin/channels/{id}",
	  .handle = show, .access = HOST_ADMIN, .noun = "channel" },
	{ .method = "GET", .pattern = "/api/v1/admin/channels",
	  .handle = list, .access = HOST_ADMIN },
	{ .method = "POST", .pattern = "/api/v1/admin/channels",
	  .handle = create, .access = HOST_ADMIN,
	  .request = "createChannelRequest", .rules = create_rules,
	  .nrules = COUNT(create_rules) },
	{ .method = "PUT", .pattern = "/api/v1/admin/channels/{id}",
	  .handle = update, .access = HOST_ADMIN, .noun = "channel",
	  .request = "updateChannelRequest", .rules = update_rules,
	  .nrules = COUNT(update_rules) },
	{ .method = "DELETE", .pattern = "/api/v1/admin/channels/{id}",
	  .handle = delete, .access = HOST_ADMIN, .noun = "channel" },
	{ .method = NULL },
};
