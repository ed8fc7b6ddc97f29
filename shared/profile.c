#include "shared/profile.h"

#include <stdio.h>
#include <string.h>

#include "shared/clock.h"
#include "shared/jout.h"
#include "shared/redact.h"

#define VERSION 1

static const char *const level_names[] = {
	[PROFILE_OFF]	= "off",
	[PROFILE_BASIC]	= "basic",
	[PROFILE_FULL]	= "full",
};
TABLE_ENUM_DEFINE(profile_level, level_names, PROFILE_LEVEL__MAX);

static const char *const capable_names[] = {
	[CAPABLE_UNKNOWN] = "unknown",
	[CAPABLE_YES]	  = "yes",
	[CAPABLE_NO]	  = "no",
};
TABLE_ENUM_DEFINE(capable, capable_names, CAPABLE__MAX);

static const char *const learnt_names[] = {
	[LEARNT_NOT]	      = "not_tried",
	[LEARNT_PROBED]	      = "probed",
	[LEARNT_DIFFERENTIAL] = "differential",
	[LEARNT_PACK]	      = "pack",
};
TABLE_ENUM_DEFINE(learnt, learnt_names, LEARNT__MAX);

static const char *const path_names[] = {
	[PATH_CHAT]	 = "chat_completions",
	[PATH_RESPONSES] = "responses",
	[PATH_MESSAGES]	 = "messages",
};
TABLE_ENUM_DEFINE(profile_path, path_names, PROFILE_PATH__MAX);

static const char *const skill_names[] = {
	[SKILL_CHAT]	  = "chat",
	[SKILL_STREAM]	  = "stream",
	[SKILL_TOOLS]	  = "tools",
	[SKILL_JSON_MODE] = "json_mode",
	[SKILL_REASONING] = "reasoning",
};
TABLE_ENUM_DEFINE(skill, skill_names, SKILL__MAX);

static const char *const quirk_names[] = {
	[QUIRK_NO_DONE]	    = "stream_without_done",
	[QUIRK_STREAM_TYPE] = "stream_of_another_type",
	[QUIRK_THINK_TAGS]  = "think_in_content",
	[QUIRK_THINKS_LONG] = "thinks_long",
	[QUIRK_LIST_ABSENT] = "models_list_absent",
	[QUIRK_LIST_PUBLIC] = "models_list_public",
};
TABLE_ENUM_DEFINE(quirk, quirk_names, QUIRK__MAX);

bool profile_is_complete(const struct profile *profile)
{
	return profile->at != 0 && profile->stopped == FAILURE_NONE &&
	       !profile->over_budget;
}

bool profile_is_served(const struct profile *profile)
{
	for (size_t i = 0; i < PROFILE_PATH__MAX; i++)
		if (profile->paths[i].is == CAPABLE_YES)
			return true;
	return false;
}

void profile_settle(struct profile *profile)
{
	bool served = profile_is_served(profile);

	for (size_t i = 0; i < PROFILE_PATH__MAX; i++) {
		struct capability *path = &profile->paths[i];

		if (path->is != CAPABLE_UNKNOWN ||
		    path->learnt != LEARNT_DIFFERENTIAL)
			continue;
		if (served)
			path->is = CAPABLE_NO;
		else
			path->learnt = LEARNT_PROBED;
	}
}

static void take_over(struct capability *here,
		      const struct capability *older)
{
	if (here->is == CAPABLE_UNKNOWN && older->is != CAPABLE_UNKNOWN)
		*here = *older;
}

static const struct profile_model *model_of(const struct profile *profile,
					    const char *name)
{
	for (size_t i = 0; i < profile->nmodels; i++)
		if (strcmp(profile->models[i].model, name) == 0)
			return &profile->models[i];
	return NULL;
}

/* Models that were not asked this time stay as they were, if there is room. */
static void keep_models(struct profile *profile, const struct profile *older)
{
	for (size_t i = 0; i < older->nmodels; i++)
		if (profile->nmodels < PROFILE_MODELS_MAX &&
		    !model_of(profile, older->models[i].model))
			profile->models[profile->nmodels++] =
				older->models[i];
}

void profile_merge(struct profile *profile, const struct profile *older)
{
	for (size_t i = 0; i < PROFILE_PATH__MAX; i++) {
		bool known = profile->paths[i].is != CAPABLE_UNKNOWN;

		take_over(&profile->paths[i], &older->paths[i]);
		if (!known && profile->paths[i].is != CAPABLE_UNKNOWN)
			memcpy(profile->urls[i], older->urls[i],
			       sizeof(profile->urls[i]));
	}
	for (size_t i = 0; i < profile->nmodels; i++) {
		struct profile_model *model = &profile->models[i];
		const struct profile_model *was = model_of(older,
							   model->model);

		for (size_t j = 0; was && j < SKILL__MAX; j++)
			take_over(&model->skills[j], &was->skills[j]);
	}
	keep_models(profile, older);
	profile->quirks |= older->quirks;
}

/* ---- as text ---- */

static void write_capability(struct jout *out, const char *name,
			     const struct capability *c, const char *url,
			     bool words)
{
	jout_object(out, name);
	jout_str(out, "state", capable_name(c->is));
	jout_str(out, "learnt", learnt_name(c->learnt));
	if (c->status)
		jout_i64(out, "status", c->status);
	else
		jout_null(out, "status");
	jout_str(out, "class", c->class ? failure_name(c->class) : NULL);
	jout_str(out, "words", words && *c->words ? c->words : NULL);
	jout_time(out, "at", c->at);
	if (url)
		jout_str(out, "url", *url ? url : NULL);
	jout_object_end(out);
}

static void write_model(struct jout *out, const struct profile_model *model,
			bool words)
{
	jout_object(out, NULL);
	jout_str(out, "model", model->model);
	for (size_t i = 0; i < SKILL__MAX; i++)
		write_capability(out, skill_names[i], &model->skills[i], NULL,
				 words);
	jout_object_end(out);
}

static void write_how(struct jout *out, const struct profile *profile)
{
	jout_i64(out, "version", VERSION);
	jout_str(out, "level", profile_level_name(profile->level));
	jout_time(out, "at", profile->at);
	jout_bool(out, "complete", profile_is_complete(profile));
	jout_str(out, "stopped_by", profile->over_budget ? "budget" :
		 profile->stopped ? failure_name(profile->stopped) : NULL);
	jout_i64(out, "probes", profile->probes);
	jout_i64(out, "tokens", profile->tokens);
}

static void write_all(struct jout *out, const struct profile *profile,
		      bool words)
{
	jout_object(out, NULL);
	write_how(out, profile);
	jout_object(out, "transport");
	for (size_t i = 0; i < PROFILE_PATH__MAX; i++)
		write_capability(out, path_names[i], &profile->paths[i],
				 profile->urls[i], words);
	jout_object_end(out);
	jout_array(out, "models");
	for (size_t i = 0; i < profile->nmodels; i++)
		write_model(out, &profile->models[i], words);
	jout_array_end(out);
	jout_array(out, "quirks");
	for (unsigned int i = 0; i < QUIRK__MAX; i++)
		if (profile->quirks & 1u << i)
			jout_str(out, NULL, quirk_names[i]);
	jout_array_end(out);
	jout_object_end(out);
}

char *profile_text(const struct profile *profile)
{
	struct jout out = { .text.max = PROFILE_TEXT_MAX };

	write_all(&out, profile, true);
	if (out.text.failed) {	/* then without what people say */
		jout_done(&out);
		out = (struct jout){ .text.max = PROFILE_TEXT_MAX };
		write_all(&out, profile, false);
	}
	return buf_take(&out.text);
}

static const char *text_at(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

static int64_t time_at(const json_t *object, const char *name)
{
	int64_t at;

	return clock_parse(text_at(object, name), &at) ? at : 0;
}

/* Cut between characters. */
static void copy(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%.*s", (int)redact_cut(from, size - 1), from);
}

static void read_capability(const json_t *object, struct capability *ret)
{
	struct capability c = {
		.status = (int)json_integer_value(json_object_get(object,
								  "status")),
		.at = time_at(object, "at"),
	};

	if (!capable_parse(text_at(object, "state"), &c.is))
		c.is = CAPABLE_UNKNOWN;
	if (!learnt_parse(text_at(object, "learnt"), &c.learnt))
		c.learnt = LEARNT_NOT;
	if (!failure_parse(text_at(object, "class"), &c.class))
		c.class = FAILURE_NONE;
	copy(c.words, sizeof(c.words), text_at(object, "words"));
	*ret = c;
}

static void read_models(const json_t *list, struct profile *ret)
{
	size_t i;
	const json_t *object;

	json_array_foreach(list, i, object) {
		struct profile_model *model = &ret->models[i];

		if (i == PROFILE_MODELS_MAX)
			break;
		copy(model->model, sizeof(model->model),
		     text_at(object, "model"));
		for (size_t j = 0; j < SKILL__MAX; j++)
			read_capability(json_object_get(object,
							skill_names[j]),
					&model->skills[j]);
		ret->nmodels = i + 1;
	}
}

static void read_quirks(const json_t *list, struct profile *ret)
{
	size_t i;
	const json_t *name;
	enum quirk quirk;

	json_array_foreach(list, i, name)
		if (json_is_string(name) &&
		    quirk_parse(json_string_value(name), &quirk))
			ret->quirks |= 1u << quirk;
}

void profile_parse(const char *text, struct profile *ret)
{
	json_auto_t *json = text ? json_loads(text, 0, NULL) : NULL;
	const json_t *paths = json_object_get(json, "transport");
	const char *stopped = text_at(json, "stopped_by");

	*ret = (struct profile){ .at = time_at(json, "at") };
	if (!profile_level_parse(text_at(json, "level"), &ret->level))
		ret->level = PROFILE_OFF;
	ret->over_budget = strcmp(stopped, "budget") == 0;
	if (ret->over_budget || !failure_parse(stopped, &ret->stopped))
		ret->stopped = FAILURE_NONE;
	ret->probes = json_integer_value(json_object_get(json, "probes"));
	ret->tokens = json_integer_value(json_object_get(json, "tokens"));
	for (size_t i = 0; i < PROFILE_PATH__MAX; i++) {
		const json_t *path = json_object_get(paths, path_names[i]);

		read_capability(path, &ret->paths[i]);
		copy(ret->urls[i], sizeof(ret->urls[i]),
		     text_at(path, "url"));
	}
	read_models(json_object_get(json, "models"), ret);
	read_quirks(json_object_get(json, "quirks"), ret);
}
