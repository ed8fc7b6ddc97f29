#include "cli/manifest_file.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/text_file.h"
#include "shared/json_place.h"

#define DOCUMENT_MAX ((size_t)1 << 20)
#define NAMED_MAX 8	/* providers that are named where one is not there */

/* Where they are installed, and where they are in the source's folder. */
static const char *const dirs[] = {
	"/usr/share/crm/packs/openai-cn-pack",
	"packs/openai-cn-pack",
};

const char *manifest_dir(const struct args *args)
{
	const char *dir = args_get(args, OPT_PACK_DIR);

	if (dir)
		return dir;
	return access(dirs[0], R_OK) == 0 ? dirs[0] : dirs[1];
}

static int check_folder(const char *dir, struct err *err)
{
	struct stat st;

	if (stat(dir, &st))
		return err_set(err, ERR_NOT_FOUND, "'%s': %s; say --pack DIR, "
			       "a pack's folder", dir, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return args_refuse(err, "--pack takes a pack's folder, and "
				   "'%s' is a file", dir);
	return 0;
}

int manifest_pack_exists(const char *dir, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/pack.json", dir);

	if (check_folder(dir, err))
		return -1;
	if (access(path, R_OK) == 0)
		return 0;
	return err_set(err, ERR_NOT_FOUND, "'%s' is no pack's folder: there is"
		       " no pack.json", dir);
}

static bool is_id(const char *text)
{
	size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return len > 0 && len <= MANIFEST_PROVIDER_ID_MAX && !text[len];
}

static int is_manifest(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return dot && dot > entry->d_name && strcmp(dot, ".json") == 0;
}

static void entries_done(struct dirent **list, int count)
{
	for (int i = 0; i < count; i++)
		free(list[i]);
	free(list);
}

/* The few that are there by name, else how to see them. */
static int refuse_provider(const char *dir, const char *provider_id,
			   struct err *err)
{
	AUTO_FREE char *folder = xasprintf("%s/providers", dir);
	CLEANUP(buf_done) struct buf names = { .max = DOCUMENT_MAX };
	struct dirent **list = NULL;
	int count = scandir(folder, &list, is_manifest, alphasort);

	for (int i = 0; i < count && count <= NAMED_MAX; i++)
		buf_addf(&names, "%s%.*s", i > 0 ? ", " : "",
			 (int)(strlen(list[i]->d_name) - strlen(".json")),
			 list[i]->d_name);
	entries_done(list, count);
	if (count > NAMED_MAX)
		return err_set(err, ERR_NOT_FOUND, "no provider of the pack is"
			       " '%s'; it has %d: ls %s", provider_id, count,
			       folder);
	return err_set(err, ERR_NOT_FOUND, "no provider of the pack in '%s' is"
		       " '%s'; there is %s", dir, provider_id,
		       names.len > 0 ? buf_str(&names) : "none");
}

int manifest_document(const char *path, char **ret_text, json_t **ret,
		      struct err *err)
{
	CLEANUP(buf_done) struct buf text = { .max = DOCUMENT_MAX };
	json_error_t at;

	if (access(path, F_OK) && errno == ENOENT)
		return err_set(err, ERR_NOT_FOUND, "there is no '%s'", path);
	if (text_file_bytes(path, "the document", &text, err))
		return -1;
	*ret = json_loadb(buf_str(&text), text.len, JSON_REJECT_DUPLICATES,
			  &at);
	if (!*ret)
		return err_set(err, ERR_INVALID, "%s:%d: %s%s", path,
			       at.line, at.text, json_place_hint(at.text));
	*ret_text = buf_take(&text);
	return 0;
}

int manifest_refuse(const char *path, const char *text,
		    const struct jdec_problems *problems, struct err *err)
{
	const struct jdec_problem *first = &problems->list[0];

	return err_set(err, ERR_INVALID, "%s:%d: %s %s%s", path,
		       json_place_line(text, first->field), first->field,
		       first->why, problems->count > 1
		       ? "; there is more: crmctl pack lint" : "");
}

int manifest_file_read(const char *dir, const char *provider_id,
		       json_t **ret_document, struct manifest_provider *ret,
		       struct err *err)
{
	AUTO_FREE char *path = NULL;
	AUTO_FREE char *text = NULL;
	json_auto_t *document = NULL;
	struct jdec_problems problems = { 0 };

	if (!is_id(provider_id))
		return err_set(err, ERR_INVALID, "'%s' is no provider_id: of "
			       "a-z, 0-9 and '-'", provider_id);
	if (check_folder(dir, err))
		return -1;
	path = xasprintf("%s/providers/%s.json", dir, provider_id);
	if (access(path, F_OK) && errno == ENOENT)
		return refuse_provider(dir, provider_id, err);
	if (manifest_document(path, &text, &document, err))
		return -1;
	if (!manifest_provider_read(document, ret, &problems))
		return manifest_refuse(path, text, &problems, err);
	if (strcmp(ret->provider_id, provider_id) != 0)
		return err_set(err, ERR_INVALID, "%s: provider_id is %s, and "
			       "not as the file is named", path,
			       ret->provider_id);
	*ret_document = TAKE(document);
	return 0;
}
