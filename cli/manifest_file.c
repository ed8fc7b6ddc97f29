#include "cli/manifest_file.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli/text_file.h"
#include "shared/json_place.h"

#define DOCUMENT_MAX ((size_t)1 << 20)

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

int manifest_pack_exists(const char *dir, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/pack.json", dir);

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
		return err_set(err, ERR_INVALID, "%s:%d: %s", path, at.line,
			       at.text);
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
	path = xasprintf("%s/providers/%s.json", dir, provider_id);
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
