/* cmd_profile: what an item's key can do, asked now. */
#include <string.h>

#include "cli/api.h"
#include "shared/table.h"

#define PROFILE_WAIT_S 60
#define BODY_MAX 256

static const struct column path_columns[] = {
	{ "PATH", "path" },	{ "WORKS", "state" },	{ "LEARNT", "learnt" },
	{ "STATUS", "status" },	{ "AT", "at" },		{ "WORDS", "words" },
};

static const struct column skill_columns[] = {
	{ "MODEL", "model" },	{ "CAN", "skill" },	{ "STATE", "state" },
	{ "LEARNT", "learnt" },	{ "STATUS", "status" },
	{ "AT", "at" },		{ "WORDS", "words" },
};

static const struct print_part profile_parts[] = {
	{ "transport", path_columns, COUNT(path_columns) },
	{ "models", skill_columns, COUNT(skill_columns) },
	{ 0 }
};

/* The members of `object` that are objects, as rows under `name`. */
static void add_rows(json_t *rows, json_t *object, const char *name,
		     const json_t *model)
{
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value) {
		json_t *row;

		if (!json_is_object(value))
			continue;
		row = json_copy(value);
		json_object_set_new(row, name, json_string(key));
		if (model)
			json_object_set(row, "model", (json_t *)(uintptr_t)
					model);
		json_array_append_new(rows, row);
	}
}

/* For people: how it went, and a line for each thing. */
static json_t *view_of(json_t *reply)
{
	json_t *profile = json_object_get(reply, "capability_profile");
	json_t *view = json_copy(reply);
	json_t *paths = json_array(), *skills = json_array();
	json_t *model;
	size_t i;

	json_object_del(view, "capability_profile");
	if (json_is_object(profile))
		json_object_update(view, profile);
	add_rows(paths, json_object_get(profile, "transport"), "path", NULL);
	json_array_foreach(json_object_get(profile, "models"), i, model)
		add_rows(skills, model, "skill",
			 json_object_get(model, "model"));
	json_object_set_new(view, "transport", paths);
	json_object_set_new(view, "models", skills);
	return view;
}

int cmd_item_profile(struct call *call, struct err *err)
{
	CLEANUP(jout_done) struct jout body = { .text.max = BODY_MAX };
	const char *item_id = call->args.words[1];
	AUTO_FREE char *items = NULL;
	AUTO_FREE char *path = NULL;
	json_auto_t *view = NULL;

	jout_object(&body, NULL);
	jout_object_end(&body);
	if (api_path(&items, API_RUNS, call->args.words[0], "/items", err) ||
	    api_path(&path, items, item_id, "/profile", err) ||
	    api_post(call, path, &body, PROFILE_WAIT_S, err))
		return -1;
	if (call->form == PRINT_TABLE)
		view = view_of(call->reply.body);
	if (print_object(call->form, view ? view : call->reply.body,
			 view ? profile_parts : NULL, err))
		return -1;
	if (strcmp(api_text(call->reply.body, "state"), "running") == 0)
		return err_set(err, ERR_BUSY, "the key of item %s is still "
			       "being asked; see crmctl item show", item_id);
	return 0;
}
