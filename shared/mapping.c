#include "shared/mapping.h"

#include <string.h>

const char *const mapping_mode_names[] = {
	[MAPPING_ADD]		= "add",
	[MAPPING_REPLACE]	= "replace",
	[MAPPING_REMOVE]	= "remove",
	[MAPPING_MODE__MAX]	= NULL,
};
_Static_assert(COUNT(mapping_mode_names) == MAPPING_MODE__MAX + 1,
	       "name every mode");

const char *mapping_mode_name(enum mapping_mode value)
{
	return mapping_mode_names[value];
}

bool mapping_mode_parse(const char *name, enum mapping_mode *ret)
{
	int found;

	if (!table_find(mapping_mode_names, MAPPING_MODE__MAX, name, &found))
		return false;
	*ret = (enum mapping_mode)found;
	return true;
}

static bool has_name(const json_t *array, const char *name)
{
	size_t i;
	const json_t *value;

	json_array_foreach(array, i, value)
		if (json_is_string(value) &&
		    strcmp(json_string_value(value), name) == 0)
			return true;
	return false;
}

static void add_name(json_t *array, const char *name)
{
	if (!has_name(array, name))
		json_array_append_new(array, json_string(name));
}

static void remove_name(json_t *array, const char *name)
{
	for (size_t i = json_array_size(array); i-- > 0; )
		if (strcmp(json_string_value(json_array_get(array, i)),
			   name) == 0)
			json_array_remove(array, i);
}

static void warn(struct mapping_plan *plan, const char *code,
		 const char *name)
{
	json_array_append_new(plan->warnings, json_pack("{s:s, s:s}", "code",
			      code, "detail", name));
}

/* ---- the names of a wish ---- */

static void note(struct mapping_plan *plan, const char *input,
		 const struct mapping_name *resolved)
{
	json_t *said = json_pack("{s:s, s:s, s:s?}", "input", input,
		"state", model_state_name(resolved->state),
		"model", resolved->model);

	json_array_append_new(plan->resolution, said);
}

/* A pattern would let anything through, and is no name of a model. */
static bool is_good_name(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > MAPPING_NAME_MAX || strchr(name, '*'))
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)name[i] < 0x20)
			return false;
	return true;
}

static void check_name(const char *field, const char *name,
		       struct jdec_problems *problems)
{
	if (!is_good_name(name))
		jdec_problem(problems, "", field, "holds a name that is empty,"
			     " too long or a pattern");
}

static void check_names(const struct mapping_wish *wish,
			struct jdec_problems *problems)
{
	json_t *aliases = (json_t *)(uintptr_t)wish->aliases;
	const char *alias;
	json_t *to;
	size_t i;
	const json_t *name;

	if (json_array_size(wish->models) == 0 &&
	    json_object_size(wish->aliases) == 0)
		jdec_problem(problems, "", "models", "is missing, and so is "
			     "aliases: nothing is asked for");
	json_array_foreach(wish->models, i, name)
		check_name("models", json_string_value(name), problems);
	json_object_foreach(aliases, alias, to) {
		check_name("aliases", alias, problems);
		if (json_is_string(to))
			check_name("aliases", json_string_value(to), problems);
		else
			jdec_problem(problems, "", "aliases", "must lead from "
				     "names to names");
	}
}

/* ---- what is ours afterwards ---- */

static void start(const struct mapping_wish *wish,
		  const struct mapping_ground *ground,
		  struct mapping_plan *plan)
{
	bool anew = wish->mode == MAPPING_REPLACE;

	*plan = (struct mapping_plan){
		.models = anew || !ground->models
			? json_array() : json_deep_copy(ground->models),
		.aliases = anew || !ground->aliases
			? json_object() : json_deep_copy(ground->aliases),
		.set = json_object(),
		.drop = json_array(),
		.tries = json_array(),
		.added = json_array(),
		.removed = json_array(),
		.changed = json_array(),
		.unchanged = json_array(),
		.resolution = json_array(),
		.warnings = json_array(),
	};
}

/* What was not typed as the provider spells it goes on being understood. */
static void add_spellings(struct mapping_plan *plan, const char *typed,
			  const struct mapping_name *resolved)
{
	const char *const others[] = { typed, resolved->canonical };

	for (size_t i = 0; i < COUNT(others); i++)
		if (others[i] && strcmp(others[i], resolved->model) != 0)
			json_object_set_new(plan->aliases, others[i],
					    json_string(resolved->model));
}

static void add_model(const struct mapping_ground *ground,
		      struct mapping_plan *plan, const char *name,
		      struct jdec_problems *problems)
{
	struct mapping_name resolved;

	mapping_names_resolve(plan->names, ground->aliases, name, &resolved);
	note(plan, name, &resolved);
	if (!resolved.model) {
		jdec_problem(problems, "", "models", "may mean several: %.60s",
			     name);
		return;
	}
	if (resolved.state == MODEL_RETIRED)
		warn(plan, "model_retired", name);
	else if (!mapping_names_has(plan->names,
							 resolved.model))
		warn(plan, "model_unlisted", resolved.model);
	add_name(plan->models, resolved.model);
	if (resolved.state == MODEL_CORRECTED)
		add_spellings(plan, name, &resolved);
}

static void add_models(const struct mapping_wish *wish,
		       const struct mapping_ground *ground,
		       struct mapping_plan *plan,
		       struct jdec_problems *problems)
{
	size_t i;
	const json_t *value;

	json_array_foreach(wish->models, i, value)
		add_model(ground, plan, json_string_value(value), problems);
}

/* As it was written among the models, or as the provider has it. */
static const char *target_of(const struct mapping_ground *ground,
			     struct mapping_plan *plan, const char *name,
			     struct mapping_name *resolved)
{
	if (has_name(plan->models, name)) {
		*resolved = (struct mapping_name){ .state = MODEL_RESOLVED,
					       .model = name };
		return name;
	}
	mapping_names_resolve(plan->names, ground->aliases, name, resolved);
	return resolved->model;
}

static void add_aliases(const struct mapping_wish *wish,
			const struct mapping_ground *ground,
			struct mapping_plan *plan,
			struct jdec_problems *problems)
{
	const char *alias;
	json_t *to;

	json_object_foreach((json_t *)(uintptr_t)wish->aliases, alias, to) {
		struct mapping_name resolved;
		const char *model = target_of(ground, plan,
					      json_string_value(to),
					      &resolved);

		note(plan, json_string_value(to), &resolved);
		if (!model || !has_name(plan->models, model))
			jdec_problem(problems, "", "aliases", "leads to a "
				     "model that the account would not have: "
				     "%.60s", json_string_value(to));
		else
			json_object_set_new(plan->aliases, alias,
					    json_string(model));
	}
}

/* A name is that of a model or of an alias, and not of both. */
static void check_double(const struct mapping_plan *plan,
			 struct jdec_problems *problems)
{
	const char *alias;
	json_t *to;

	json_object_foreach(plan->aliases, alias, to)
		if (has_name(plan->models, alias))
			jdec_problem(problems, "", "aliases", "names a model:"
				     " %.60s", alias);
}

static bool is_ours(const struct mapping_ground *ground, const char *name)
{
	return has_name(ground->models, name) ||
	       json_object_get(ground->aliases, name);
}

/* The name itself, model or alias; else the model that it means. */
static void remove_one(const struct mapping_ground *ground,
		       struct mapping_plan *plan, const char *name)
{
	struct mapping_name resolved = { .state = MODEL_RESOLVED, .model = name };

	if (!is_ours(ground, name))
		mapping_names_known(plan->names, name, &resolved);
	note(plan, name, &resolved);
	if (!resolved.model || !is_ours(ground, resolved.model)) {
		warn(plan, "not_ours", name);
		return;
	}
	remove_name(plan->models, resolved.model);
	json_object_del(plan->aliases, resolved.model);
}

/* Whoever asked for the alias would be sent to a model that went. */
static void drop_orphans(struct mapping_plan *plan)
{
	const char *alias;
	json_t *to;
	void *next;

	json_object_foreach_safe(plan->aliases, next, alias, to)
		if (!has_name(plan->models, json_string_value(to))) {
			warn(plan, "alias_went_too", alias);
			json_object_del(plan->aliases, alias);
		}
}

static void remove_names(const struct mapping_wish *wish,
			 const struct mapping_ground *ground,
			 struct mapping_plan *plan)
{
	size_t i;
	const json_t *name;
	const char *alias;
	json_t *to;

	json_array_foreach(wish->models, i, name)
		remove_one(ground, plan, json_string_value(name));
	json_object_foreach((json_t *)(uintptr_t)wish->aliases, alias, to)
		remove_one(ground, plan, alias);
	drop_orphans(plan);
}

static void check_size(const struct mapping_plan *plan,
		       struct jdec_problems *problems)
{
	if (json_array_size(plan->models) == 0)
		jdec_problem(problems, "", "models", "would all be gone: an "
			     "account without models answers to any name");
	if (json_array_size(plan->models) > MAPPING_NAMES_MAX ||
	    json_object_size(plan->aliases) > MAPPING_NAMES_MAX)
		jdec_problem(problems, "", "models", "would be too many: %d "
			     "models and as many aliases at most",
			     MAPPING_NAMES_MAX);
}

/* ---- what that means for the account ---- */

static void choose_smoke(const struct mapping_ground *ground,
			 struct mapping_plan *plan)
{
	if (ground->smoke && has_name(plan->models, ground->smoke)) {
		plan->smoke = ground->smoke;
		return;
	}
	plan->smoke = json_string_value(json_array_get(plan->models, 0));
	warn(plan, "smoke_model_changed", plan->smoke);
}

/* Names that were ours and are not any more. */
static void drop_name(struct mapping_plan *plan, const char *name)
{
	if (!json_object_get(plan->set, name))
		add_name(plan->drop, name);
}

static void write_entries(const struct mapping_ground *ground,
			  struct mapping_plan *plan)
{
	const char *alias;
	json_t *to;
	size_t i;
	const json_t *name;

	json_array_foreach(plan->models, i, name)
		json_object_set_new(plan->set, json_string_value(name),
				    json_copy((json_t *)(uintptr_t)name));
	json_object_update(plan->set, plan->aliases);
	if (ground->mark && json_object_get(ground->mapping, ground->mark))
		json_object_set_new(plan->set, ground->mark,
				    json_string(plan->smoke));
	json_array_foreach(ground->models, i, name)
		drop_name(plan, json_string_value(name));
	json_object_foreach((json_t *)(uintptr_t)ground->aliases, alias, to)
		drop_name(plan, alias);
}

static void compare(const struct mapping_ground *ground,
		    struct mapping_plan *plan)
{
	const char *name;
	json_t *to;

	plan->after = mapping_apply(ground->mapping, plan->set, plan->drop);
	json_object_foreach(plan->after, name, to) {
		const json_t *was = json_object_get(ground->mapping, name);

		json_array_append_new(!was ? plan->added :
				      json_equal(was, to) ? plan->unchanged
							  : plan->changed,
				      json_string(name));
	}
	json_object_foreach((json_t *)(uintptr_t)ground->mapping, name, to)
		if (!json_object_get(plan->after, name))
			json_array_append_new(plan->removed,
					      json_string(name));
	if (json_array_size(plan->added) + json_array_size(plan->removed) +
	    json_array_size(plan->changed) == 0)
		warn(plan, "nothing_changes", "");
}

/* The model of all proofs first, then what is new: aliases lead somewhere. */
static void choose_tries(const struct mapping_ground *ground,
			 struct mapping_plan *plan)
{
	const json_t *const news[] = { plan->added, plan->changed };
	size_t i;
	const json_t *name;

	add_name(plan->tries, plan->smoke);
	for (size_t k = 0; k < COUNT(news); k++)
		json_array_foreach(news[k], i, name)
			if (json_array_size(plan->tries) < MAPPING_TRIES_MAX &&
			    (!ground->mark || strcmp(ground->mark,
					json_string_value(name)) != 0))
				add_name(plan->tries,
					 json_string_value(name));
}

bool mapping_plan(const struct mapping_wish *wish,
		  const struct mapping_ground *ground,
		  struct mapping_plan *ret, struct jdec_problems *problems)
{
	struct mapping_plan plan = { 0 };
	size_t before = problems->count;

	*ret = plan;
	check_names(wish, problems);
	if (problems->count > before)
		return false;
	start(wish, ground, &plan);
	plan.names = mapping_names_new(ground->base_url, ground->models,
				       ground->listed);
	if (wish->mode == MAPPING_REMOVE) {
		remove_names(wish, ground, &plan);
	} else {
		add_models(wish, ground, &plan, problems);
		add_aliases(wish, ground, &plan, problems);
	}
	check_double(&plan, problems);
	check_size(&plan, problems);
	if (problems->count > before) {
		mapping_plan_done(&plan);
		return false;
	}
	choose_smoke(ground, &plan);
	write_entries(ground, &plan);
	compare(ground, &plan);
	choose_tries(ground, &plan);
	*ret = plan;
	return true;
}

void mapping_plan_done(struct mapping_plan *plan)
{
	mapping_names_free(&plan->names);
	json_decref(plan->models);
	json_decref(plan->aliases);
	json_decref(plan->set);
	json_decref(plan->drop);
	json_decref(plan->tries);
	json_decref(plan->after);
	json_decref(plan->added);
	json_decref(plan->removed);
	json_decref(plan->changed);
	json_decref(plan->unchanged);
	json_decref(plan->resolution);
	json_decref(plan->warnings);
	*plan = (struct mapping_plan){ 0 };
}

/* ---- on a mapping, whatever it has become ---- */

json_t *mapping_apply(const json_t *mapping, const json_t *set,
		      const json_t *drop)
{
	json_t *after = json_is_object(mapping) ? json_deep_copy(mapping)
						: json_object();
	size_t i;
	const json_t *name;

	json_array_foreach(drop, i, name)
		json_object_del(after, json_string_value(name));
	json_object_update(after, (json_t *)(uintptr_t)set);
	return after;
}

static void restore(const json_t *before, const char *name, json_t *set,
		    json_t *drop)
{
	json_t *was = json_object_get(before, name);

	if (was)
		json_object_set(set, name, was);
	else
		add_name(drop, name);
}

void mapping_inverse(const json_t *before, const json_t *set,
		     const json_t *drop, json_t **ret_set, json_t **ret_drop)
{
	json_t *back = json_object(), *away = json_array();
	const char *member;
	json_t *to;
	size_t i;
	const json_t *name;

	json_object_foreach((json_t *)(uintptr_t)set, member, to)
		restore(before, member, back, away);
	json_array_foreach(drop, i, name)
		if (json_object_get(before, json_string_value(name)))
			restore(before, json_string_value(name), back, away);
	*ret_set = back;
	*ret_drop = away;
}
