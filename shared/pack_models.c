#include "shared/pack_models.h"

#include <stdio.h>
#include <string.h>

static const char *text_of(const json_t *object, const char *member)
{
	return json_string_value(json_object_get(object, member));
}

/* Names are compared as an import compares them. */
static bool is_named(const json_t *model, const char *name)
{
	return strcasecmp(text_of(model, "id"), name) == 0 ||
	       strcasecmp(text_of(model, "canonical"), name) == 0;
}

static bool has_alias(const json_t *model, const char *name)
{
	size_t i;
	const json_t *alias;

	json_array_foreach(json_object_get(model, "aliases"), i, alias)
		if (strcasecmp(json_string_value(alias), name) == 0)
			return true;
	return false;
}

static bool leads_to_one(const json_t *models, const char *name)
{
	size_t i;
	const json_t *model;

	json_array_foreach(models, i, model)
		if (is_named(model, name) || has_alias(model, name))
			return true;
	return false;
}

static void check_smoke(const struct manifest_provider *p,
			struct jdec_problems *problems)
{
	size_t i;
	const json_t *name;

	if (p->smoke_test_model &&
	    json_array_size(p->smoke_test_fallback) == 0 &&
	    !leads_to_one(p->models, p->smoke_test_model))
		jdec_problem(problems, "", "smoke_test_model", "is '%.60s', "
			     "which is none of the models, and there is no "
			     "smoke_test_fallback", p->smoke_test_model);
	json_array_foreach(p->smoke_test_fallback, i, name) {
		char field[48];

		snprintf(field, sizeof(field), "smoke_test_fallback[%zu]", i);
		if (!leads_to_one(p->models, json_string_value(name)))
			jdec_problem(problems, "", field, "is '%.60s', which "
				     "is none of the models",
				     json_string_value(name));
	}
}

static bool is_id(const json_t *models, const char *name)
{
	size_t i;
	const json_t *model;

	json_array_foreach(models, i, model)
		if (strcmp(text_of(model, "id"), name) == 0)
			return true;
	return false;
}

/* A provider lists ids, and no other names. */
static void check_must_list(const struct manifest_provider *p,
			    struct jdec_problems *problems)
{
	size_t i;
	const json_t *name;

	json_array_foreach(json_object_get(p->conformance, "must_list"), i,
			   name) {
		char field[48];

		snprintf(field, sizeof(field), "conformance.must_list[%zu]",
			 i);
		if (!is_id(p->models, json_string_value(name)))
			jdec_problem(problems, "", field, "is '%.60s', which "
				     "is the id of none of the models",
				     json_string_value(name));
	}
}

/* Another model that is current and has the name for its own; or NULL. */
static const json_t *owner_of(const json_t *models, const json_t *model,
			      const char *name)
{
	const char *canonical = text_of(model, "canonical");
	size_t i;
	const json_t *other;

	json_array_foreach(models, i, other)
		if (strcmp(text_of(other, "status"), "current") == 0 &&
		    strcmp(text_of(other, "canonical"), canonical) != 0 &&
		    is_named(other, name))
			return other;
	return NULL;
}

static void check_aliases(const json_t *models, size_t at,
			  struct jdec_problems *problems)
{
	const json_t *model = json_array_get(models, at);
	const json_t *alias, *owner;
	size_t i;

	json_array_foreach(json_object_get(model, "aliases"), i, alias) {
		char field[64];

		snprintf(field, sizeof(field), "models[%zu].aliases[%zu]", at,
			 i);
		owner = owner_of(models, model, json_string_value(alias));
		if (owner)
			jdec_problem(problems, "", field, "is '%.60s', which "
				     "is what the model %.60s is called",
				     json_string_value(alias),
				     text_of(owner, "id"));
	}
}

void pack_models_check(const struct manifest_provider *provider,
		       struct jdec_problems *problems)
{
	size_t count = json_array_size(provider->models);

	if (count == 0)
		return;
	check_smoke(provider, problems);
	check_must_list(provider, problems);
	for (size_t i = 0; i < count; i++)
		check_aliases(provider->models, i, problems);
}
