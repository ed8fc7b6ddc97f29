#include <string.h>

#include "tests/model/provider_call.h"

bool provider_is(const struct provider_call *call, enum provider_twist twist)
{
	return (call->model->personality->twists & (unsigned int)twist) != 0;
}

void provider_answer_json(struct provider_call *call, int status,
			  const json_t *body)
{
	AUTO_FREE char *text = json_dumps(body, JSON_COMPACT);

	model_answer_set(call->answer, status, "application/json", text);
}

void provider_answer_error(struct provider_call *call, int status,
			   const char *message, const char *code)
{
	json_auto_t *body = json_pack("{s:{s:s, s:s, s:s?}}", "error",
				      "message", message, "type",
				      "invalid_request_error", "code", code);

	provider_answer_json(call, status, body);
}

static json_t *model_object(const struct provider_call *call, const char *id)
{
	return json_pack("{s:s, s:s, s:I, s:s}", "id", id, "object", "model",
			 "created", (json_int_t)(call->now / 1000),
			 "owned_by", "mock");
}

void provider_list_models(struct provider_call *call)
{
	json_t *data = json_array();
	json_auto_t *body = json_pack("{s:s, s:o}", "object", "list",
				      "data", data);
	struct provider_model *model = call->model;
	const char *last = provider_last_model(model);
	json_t *known;
	size_t i;

	if (model->unlist_after && last &&
	    model->lists >= (uint64_t)model->unlist_after)
		json_object_set_new(model->unlisted, last, json_true());
	model->lists++;
	json_array_foreach(model->models, i, known) {
		const char *name = json_string_value(known);

		if (!json_object_get(model->unlisted, name))
			json_array_append_new(data, model_object(call, name));
	}
	provider_answer_json(call, 200, body);
}

void provider_refuse_model(struct provider_call *call, const char *name)
{
	AUTO_FREE char *message = xasprintf(
		"The model `%s` does not exist or you do not have access to "
		"it.", name);

	/*
	 * On /responses it is a bad request: a host that probes with a model
	 * of its own must not read 404 as "no such path".
	 */
	provider_answer_error(call, call->path == PROVIDER_RESPONSES ||
		     provider_is(call, TWIST_MODEL_400) ? 400 : 404, message,
		     "model_not_found");
}

void provider_show_model(struct provider_call *call)
{
	size_t len = strcspn(call->model_id, "?#");
	AUTO_FREE char *id = provider_plain(call->model_id, len);
	json_auto_t *body = NULL;

	if (!provider_has_model(call->model, id)) {
		provider_refuse_model(call, id);
		return;
	}
	body = model_object(call, id);
	provider_answer_json(call, 200, body);
}

/* Other vendors' balances are nowhere. */
void provider_tell_balance(struct provider_call *call, enum provider_key class)
{
	const struct provider_model *model = call->model;
	enum provider_vendor vendor;
	json_auto_t *body = NULL;

	if (!model->has_balance ||
	    !provider_path_vendor(call->request->target, &vendor) ||
	    vendor != model->vendor) {
		provider_answer_error(call, 404, "Not Found", "not_found");
		return;
	}
	body = provider_balance_body(vendor, class == PROVIDER_KEY_QUOTA ?
				     0 : model->amount, model->expires_at,
				     call->now);
	provider_answer_json(call, 200, body);
}
