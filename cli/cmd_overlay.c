/*
 * cmd_overlay: patches of a pack for the source of a host.
 *
 * The source is only read.  What is made is a copy, made whole or not at all,
 * with a record of what was done to it.
 */
#include <dirent.h>
#include <string.h>

#include "cli/command.h"
#include "cli/manifest_file.h"
#include "cli/overlay_patch.h"
#include "cli/overlay_tree.h"
#include "cli/text_file.h"
#include "cli/words.h"
#include "shared/clock.h"
#include "shared/overlay.h"
#include "shared/semver.h"

static const struct column list_columns[] = {
	{ "OVERLAY", "overlay" },   { "HOST VERSION", "host_version" },
	{ "PROVIDERS", "providers" }, { "PATCHES", "patches" },
	{ "DESCRIPTION", "description" },
};

static const struct column file_columns[] = {
	{ "PATH", "path" }, { "BEFORE", "before" }, { "AFTER", "after" },
};
static const struct column patch_columns[] = {
	{ "NAME", "name" }, { "SHA-256", "sha256" },
};
static const struct print_part parts[] = {
	{ "patches", patch_columns, COUNT(patch_columns) },
	{ "files", file_columns, COUNT(file_columns) },
	{ 0 }
};

static void dir_done(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static void set_text(json_t *object, const char *name, const char *text)
{
	json_object_set_new(object, name, text && *text ? json_string(text)
							: json_null());
}

/* DIR/overlays/NAME/overlay.json, checked. */
static int read_overlay(const char *dir, const char *name,
			json_t **ret_document, struct overlay *ret,
			struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/overlays/%s/overlay.json", dir,
					 name);
	AUTO_FREE char *text = NULL;
	json_auto_t *document = NULL;
	struct jdec_problems problems = { 0 };

	if (manifest_document(path, &text, &document, err))
		return -1;
	if (!overlay_read(document, ret, &problems))
		return manifest_refuse(path, text, &problems, err);
	if (strcmp(ret->overlay, name) != 0)
		return err_set(err, ERR_INVALID, "%s: overlay is %s, and not "
			       "as its folder is named", path, ret->overlay);
	*ret_document = TAKE(document);
	return 0;
}

/* ---- list ---- */

/* The members of a folder, by name; none if it is not there. */
static json_t *names_in(const char *dir, const char *below)
{
	AUTO_FREE char *path = xasprintf("%s/%s", dir, below);
	CLEANUP(dir_done) DIR *folder = opendir(path);
	json_t *names = json_object();
	const struct dirent *entry;

	while (folder && (entry = readdir(folder)))
		if (*entry->d_name != '.')
			json_object_set_new(names, entry->d_name,
					    json_true());
	return names;
}

static bool is_last(const json_t *list, const char *text)
{
	const char *last = json_string_value(json_array_get(list,
						json_array_size(list) - 1));

	return last && strcmp(last, text) == 0;
}

static void note_users(json_t *users, const struct manifest_provider *p)
{
	const json_t *entry;
	size_t i;

	json_array_foreach(p->host_overlays, i, entry) {
		const char *name = json_string_value(
			json_object_get(entry, "overlay"));
		json_t *list = json_object_get(users, name);

		if (!list) {
			list = json_array();
			json_object_set_new(users, name, list);
		}
		if (!is_last(list, p->provider_id))
			json_array_append_new(list,
					      json_string(p->provider_id));
	}
}

/* {overlay: [provider_id]} */
static int find_users(const char *dir, json_t *users, struct err *err)
{
	json_auto_t *names = names_in(dir, "providers");
	const char *name;
	json_t *value;

	json_object_foreach(names, name, value) {
		struct manifest_provider provider;
		json_auto_t *document = NULL;
		AUTO_FREE char *id = xstrndup(name, strcspn(name, "."));

		if (manifest_file_read(dir, id, &document, &provider, err))
			return -1;
		note_users(users, &provider);
	}
	return 0;
}

static json_t *line_of(const struct overlay *overlay, json_t *users)
{
	json_t *line = json_object();
	json_t *list = json_object_get(users, overlay->overlay);

	set_text(line, "overlay", overlay->overlay);
	set_text(line, "host_version", overlay->host_version);
	json_object_set_new(line, "providers", list ? json_incref(list)
						    : json_array());
	json_object_set(line, "patches", overlay->patches);
	json_object_set(line, "description_zh",
			json_object_get(overlay->description, "zh"));
	json_object_set(line, "description_en",
			json_object_get(overlay->description, "en"));
	return line;
}

static int add_overlays(const char *dir, json_t *users, json_t *list,
			struct err *err)
{
	json_auto_t *names = names_in(dir, "overlays");
	const char *name;
	json_t *value;

	json_object_foreach(names, name, value) {
		struct overlay overlay;
		json_auto_t *document = NULL;

		if (read_overlay(dir, name, &document, &overlay, err))
			return -1;
		json_array_append_new(list, line_of(&overlay, users));
	}
	return 0;
}

int cmd_overlay_list(struct call *call, struct err *err)
{
	const char *dir = manifest_dir(&call->args);
	json_auto_t *users = json_object();
	json_auto_t *list = json_array();
	json_auto_t *whole = NULL;
	json_auto_t *view = NULL;
	const char *language;

	if (words_language(&call->args, &language, err) ||
	    manifest_pack_exists(dir, err) ||
	    find_users(dir, users, err) ||
	    add_overlays(dir, users, list, err))
		return -1;
	if (call->form != PRINT_TABLE)
		return print_list(call->form, NULL, 0, list, err);
	whole = json_pack("{s:O}", "overlays", list);
	view = words_view(whole, language);
	return print_list(call->form, list_columns, COUNT(list_columns),
			  json_object_get(view, "overlays"), err);
}

/* ---- apply ---- */

/* Release with work_done(). */
struct work {
	const struct call *call;
	const char *dir;
	json_t *manifest, *document;	/* owned */
	struct manifest_provider provider;
	struct overlay_advice advice;
	struct overlay overlay;
	struct overlay_tree tree;
	json_t *texts;			/* {name: text} of the patches; owned */
	json_t *before;			/* {path: hash or ""}; owned */
	char *tool;
};

static void work_done(struct work *work)
{
	json_decref(work->manifest);
	json_decref(work->document);
	json_decref(work->texts);
	json_decref(work->before);
	overlay_tree_done(&work->tree);
	free(work->tool);
}

static int choose_overlay(struct work *work, struct err *err)
{
	const struct args *args = &work->call->args;
	const char *version = args_get(args, OPT_HOST_VERSION);
	const char *provider = args_get(args, OPT_PROVIDER_ID);

	if (!semver_is_valid(version))
		return args_refuse(err, "--host-version must be a version, as"
				   " 0.1.129");
	if (manifest_file_read(work->dir, provider, &work->manifest,
			       &work->provider, err))
		return -1;
	overlay_needed(&work->provider, version,
		       overlay_repairs_of(version), &work->advice);
	if (!work->advice.overlay)
		return err_set(err, ERR_NOT_FOUND, "%s has no overlay for a "
			       "host of %s: it works without one", provider,
			       version);
	if (read_overlay(work->dir, work->advice.overlay, &work->document,
			 &work->overlay, err))
		return -1;
	if (semver_compare(work->overlay.host_version, version) != 0)
		return err_set(err, ERR_INVALID, "overlay %s is for %s",
			       work->overlay.overlay,
			       work->overlay.host_version);
	return 0;
}

static int read_patch(struct work *work, const char *name, json_t *paths,
		      struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/overlays/%s/%s", work->dir,
					 work->overlay.overlay, name);
	CLEANUP(buf_done) struct buf text = { .max = OVERLAY_PATCH_MAX };
	json_t *kept;

	if (text_file_bytes(path, "the patch", &text, err))
		return -1;
	if (overlay_patch_paths(buf_str(&text), paths, err))
		return err_wrap(err, "%s", name);
	kept = json_stringn(buf_str(&text), text.len);
	if (!kept || strlen(buf_str(&text)) != text.len) {
		json_decref(kept);
		return err_set(err, ERR_INVALID, "%s is no UTF-8 text", name);
	}
	json_object_set_new(work->texts, name, kept);
	return 0;
}

/* All of them, before anything is made; `before` gets their paths. */
static int read_patches(struct work *work, struct err *err)
{
	const json_t *name;
	size_t i;

	work->texts = json_object();
	work->before = json_object();
	json_array_foreach(work->overlay.patches, i, name)
		if (read_patch(work, json_string_value(name), work->before,
			       err))
			return -1;
	return 0;
}

static int hash_before(struct work *work, struct err *err)
{
	const char *path;
	json_t *value;
	char hash[SEAL_HASH_TEXT];

	json_object_foreach(work->overlay.base_files, path, value) {
		if (overlay_tree_hash(&work->tree, path, hash, err))
			return -1;
		if (strcmp(hash, json_string_value(value)) != 0)
			return err_set(err, ERR_CONFLICT, "%s is not as the "
				       "overlay's base has it: is the source "
				       "that of %s?", path,
				       work->overlay.host_version);
	}
	json_object_foreach(work->before, path, value) {
		if (overlay_tree_hash(&work->tree, path, hash, err))
			return -1;
		json_object_set_new(work->before, path, json_string(hash));
	}
	return 0;
}

static int apply_patches(struct work *work, struct err *err)
{
	const json_t *name;
	size_t i;

	json_array_foreach(work->overlay.patches, i, name) {
		const char *text = json_string_value(json_object_get(
			work->texts, json_string_value(name)));

		if (overlay_patch_apply(work->tree.path,
					json_string_value(name), text, err))
			return -1;
	}
	return 0;
}

static json_t *patches_record(const struct work *work)
{
	json_t *list = json_array();
	const json_t *name;
	size_t i;

	json_array_foreach(work->overlay.patches, i, name) {
		const json_t *text = json_object_get(work->texts,
						     json_string_value(name));
		json_t *line = json_object();
		char hash[SEAL_HASH_TEXT];

		seal_sha256(json_string_value(text), json_string_length(text),
			    hash);
		json_object_set_new(line, "name", json_string(
			json_string_value(name)));
		set_text(line, "sha256", hash);
		json_array_append_new(list, line);
	}
	return list;
}

static int files_record(const struct work *work, json_t *list,
			struct err *err)
{
	const char *path;
	json_t *value;

	json_object_foreach(work->before, path, value) {
		json_t *line;
		char hash[SEAL_HASH_TEXT];

		if (overlay_tree_hash(&work->tree, path, hash, err))
			return -1;
		line = json_object();
		set_text(line, "path", path);
		set_text(line, "before", json_string_value(value));
		set_text(line, "after", hash);
		json_array_append_new(list, line);
	}
	return 0;
}

static json_t *record_of(const struct work *work, int64_t at)
{
	const struct args *args = &work->call->args;
	json_t *record = json_object();
	char moment[CLOCK_TEXT_MAX];

	set_text(record, "applied_at", clock_format(at, moment));
	set_text(record, "pack", work->dir);
	set_text(record, "provider_id", work->provider.provider_id);
	set_text(record, "overlay", work->overlay.overlay);
	set_text(record, "host_version", work->overlay.host_version);
	set_text(record, "base_commit", work->overlay.base_commit);
	set_text(record, "source", args_get(args, OPT_SOURCE));
	set_text(record, "output", args_get(args, OPT_TREE));
	json_object_set_new(record, "needed",
			    json_boolean(work->advice.needed));
	set_text(record, "evidence_zh", work->advice.evidence_zh);
	set_text(record, "evidence_en", work->advice.evidence_en);
	set_text(record, "tool", work->tool);
	set_text(record, "crmctl", CRM_VERSION);
	json_object_set_new(record, "patches", patches_record(work));
	return record;
}

static int write_record(const struct work *work, json_t *record,
			struct err *err)
{
	AUTO_FREE char *text = json_dumps(record, JSON_INDENT(2));
	AUTO_FREE char *line = xasprintf("%s\n", text ? text : "");

	if (overlay_tree_write(&work->tree, OVERLAY_RECORD, line, err))
		return err->kind == ERR_CONFLICT
		       ? err_wrap(err, "the source is not stock") : -1;
	return 0;
}

static int do_work(struct work *work, json_t **ret_record, struct err *err)
{
	const struct args *args = &work->call->args;
	json_auto_t *record = NULL;
	json_t *files = json_array();

	if (choose_overlay(work, err) || read_patches(work, err) ||
	    overlay_patch_tool(&work->tool, err) ||
	    overlay_tree_copy(&work->tree, args_get(args, OPT_SOURCE),
			      args_get(args, OPT_TREE), err) ||
	    hash_before(work, err) || apply_patches(work, err) ||
	    files_record(work, files, err)) {
		json_decref(files);
		return -1;
	}
	record = record_of(work, clock_wall_ms());
	json_object_set_new(record, "files", files);
	if (write_record(work, record, err) ||
	    overlay_tree_keep(&work->tree, err))
		return -1;
	*ret_record = TAKE(record);
	return 0;
}

int cmd_overlay_apply(struct call *call, struct err *err)
{
	CLEANUP(work_done) struct work work = {
		.call = call, .dir = manifest_dir(&call->args),
	};
	json_auto_t *record = NULL;

	if (do_work(&work, &record, err))
		return -1;
	return print_object(call->form, record, parts, err);
}
