#include "cli/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/clock.h"
#include "shared/diagnosis.h"
#include "shared/own.h"
#include "shared/table.h"

static const char *const languages[] = { "zh", "en" };

static const char *terminal_language(void)
{
	static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };

	for (size_t i = 0; i < COUNT(names); i++) {
		const char *value = getenv(names[i]);

		if (value && *value)
			return strncmp(value, "zh", 2) == 0 ? "zh" : "en";
	}
	return "en";
}

int words_language(const struct args *args, const char **ret,
		   struct err *err)
{
	const char *given = args_get(args, OPT_LANG);
	int i;

	*ret = terminal_language();
	if (!given)
		return 0;
	if (!table_find(languages, COUNT(languages), given, &i))
		return args_refuse(err, "--lang must be zh or en");
	*ret = languages[i];
	return 0;
}

void words_preview_only(const struct args *args)
{
	const char *language;
	struct err err;

	if (words_language(args, &language, &err))
		return;
	fputs(strcmp(language, "zh") == 0
	      ? "什么都没有改动；加 --apply 执行。\n"
	      : "Nothing was changed; --apply does it.\n", stderr);
}

const char *words_of(const json_t *object, const char *name,
		     const char *language)
{
	AUTO_FREE char *member = xasprintf("%s_%s", name, language);
	const char *text = json_string_value(json_object_get(object, member));

	return text ? text : "";
}

/* Length of `name` without "_zh" or "_en"; 0 if it has neither ending. */
static size_t stem_length(const char *name)
{
	size_t len = strlen(name);

	if (len > 3 && (strcmp(name + len - 3, "_zh") == 0 ||
			strcmp(name + len - 3, "_en") == 0))
		return len - 3;
	return 0;
}

static json_t *view_of(json_t *value, const char *language)
{
	json_t *list;
	json_t *element;
	size_t i;

	if (!json_is_array(value))
		return json_incref(value);
	list = json_array();
	json_array_foreach(value, i, element) {
		json_array_append_new(list, json_is_object(element)
				      ? words_view(element, language)
				      : json_incref(element));
	}
	return list;
}

json_t *words_view(json_t *object, const char *language)
{
	json_t *view = json_object();
	const char *name;
	json_t *value;

	json_object_foreach(object, name, value) {
		size_t len = stem_length(name);
		AUTO_FREE char *stem = xstrndup(name, len ? len
							  : strlen(name));

		/* What is said for programs keeps its name. */
		if (len && json_object_get(object, stem))
			continue;
		if (!len || strcmp(name + len + 1, language) == 0)
			json_object_set_new(view, stem,
					    view_of(value, language));
	}
	return view;
}

void words_badges(json_t *list, const char *member, enum badge_kind kind,
		  const char *language)
{
	json_t *object;
	size_t i;

	json_array_foreach(list, i, object) {
		const char *state = json_string_value(
			json_object_get(object, member));

		if (state)
			json_object_set_new(object, member, json_string(
				badge_label(kind, state, language)));
	}
}

static void add_hop(json_t *hops, const char *name,
		    const struct evidence *evidence)
{
	if (!evidence->at)
		return;
	json_array_append_new(hops, json_pack("{s:s, s:i, s:s, s:s?}",
		"hop", name, "status", evidence->status,
		"class", evidence->class == FAILURE_NONE
			 ? "ok" : failure_name(evidence->class),
		"text", *evidence->text ? evidence->text : NULL));
}

void words_show_diagnosis(json_t *view, const json_t *object,
			  const char *language)
{
	const json_t *member = json_object_get(object, "diagnosis");
	const char *said = words_of(object, "diagnosis", language);
	json_auto_t *hops = json_array();
	AUTO_FREE char *computed = NULL;
	struct diagnosis diagnosis;

	if (!json_is_object(member))
		return;
	diagnosis_read(member, &diagnosis);
	add_hop(hops, "provider", &diagnosis.provider);
	add_hop(hops, "account", &diagnosis.account);
	add_hop(hops, "gateway", &diagnosis.gateway);
	add_hop(hops, "upstream", &diagnosis.upstream);
	computed = diagnosis_sentence(&diagnosis, language, clock_wall_ms());
	json_object_set_new(view, "diagnosis",
			    json_string(*said ? said : computed));
	if (json_array_size(hops) > 0)
		json_object_set(view, "hops", hops);
}
