/* What happens to a provider while it is used, by what tests ask for. */
#include <string.h>

#include "tests/model/provider_model.h"
#include "tests/model/provider_state.h"

bool provider_has_model(const struct provider_model *model, const char *name)
{
	json_t *known;
	size_t i;

	if (json_object_get(model->retired, name))
		return false;
	json_array_foreach(model->models, i, known) {
		if (strcmp(json_string_value(known), name) == 0)
			return true;
	}
	return model->any_model;
}

const char *provider_last_model(const struct provider_model *model)
{
	size_t count = json_array_size(model->models);

	return count ? json_string_value(json_array_get(model->models,
							count - 1)) : NULL;
}

void provider_retire(struct provider_model *model, const char *name,
		     bool stays_listed)
{
	json_object_set_new(model->retired, name, json_true());
	if (!stays_listed)
		json_object_set_new(model->unlisted, name, json_true());
}

struct wish {
	struct provider_model *model;
	int64_t now;
	const json_t *body;
	const char *name;	/* the key or model that it is about */
};

static const char *revoke_key(const struct wish *wish)
{
	json_object_set_new(wish->model->revoked, wish->name, json_true());
	return NULL;
}

static const char *restore_key(const struct wish *wish)
{
	json_object_del(wish->model->revoked, wish->name);
	return NULL;
}

static const char *retire_model(const struct wish *wish)
{
	provider_retire(wish->model, wish->name, json_is_true(
		json_object_get(wish->body, "listed")));
	return NULL;
}

static const char *unlist_model(const struct wish *wish)
{
	json_object_set_new(wish->model->unlisted, wish->name, json_true());
	return NULL;
}

static const char *add_model(const struct wish *wish)
{
	json_object_del(wish->model->retired, wish->name);
	json_object_del(wish->model->unlisted, wish->name);
	if (!provider_has_model(wish->model, wish->name) ||
	    wish->model->any_model)
		json_array_append_new(wish->model->models,
				      json_string(wish->name));
	return NULL;
}

static const char *set_balance(const struct wish *wish)
{
	const json_t *amount = json_object_get(wish->body, "amount");
	const json_t *left = json_object_get(wish->body, "expires_in_s");

	if (json_is_number(amount))
		wish->model->amount = json_number_value(amount);
	if (json_is_number(left))
		wish->model->expires_at = wish->now +
			(int64_t)(json_number_value(left) * 1000);
	return NULL;
}

static const struct {
	const char *name;
	const char *about;	/* the member that must be there, or NULL */
	const char *(*act)(const struct wish *wish);
} acts[] = {
	{ "revoke-key",	  "key",   revoke_key },
	{ "restore-key",  "key",   restore_key },
	{ "retire-model", "model", retire_model },
	{ "unlist-model", "model", unlist_model },
	{ "add-model",	  "model", add_model },
	{ "balance",	  NULL,	   set_balance },
};

const char *provider_model_control(struct provider_model *model, int64_t now,
				   const json_t *body)
{
	const char *name = json_string_value(json_object_get(body, "do"));
	struct wish wish = { .model = model, .now = now, .body = body };

	for (size_t i = 0; name && i < COUNT(acts); i++) {
		if (strcmp(acts[i].name, name) != 0)
			continue;
		wish.name = !acts[i].about ? "" : json_string_value(
			json_object_get(body, acts[i].about));
		return wish.name ? acts[i].act(&wish) :
				   "what it is about is missing";
	}
	return "no such act";
}
