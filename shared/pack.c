#include "shared/pack.h"

#include <string.h>

#include "shared/json_place.h"
#include "shared/overlay.h"
#include "shared/pack_models.h"
#include "shared/table.h"

#define HASH_LINE (BUNDLE_PATH_MAX + SEAL_HASH_TEXT + 2)
#define HASHES_MAX ((BUNDLE_FILES_MAX + 1) * HASH_LINE)

static void provider_done(struct pack_provider *p)
{
	free(p->provider_id);
	free(p->vendor);
	free(p->plan);
	free(p->region);
	free(p->status);
	free(p->name_zh);
	free(p->name_en);
	free(p->base_url);
	free(p->smoke_test_model);
}

void pack_done(struct pack *pack)
{
	for (size_t i = 0; i < pack->count; i++)
		provider_done(&pack->providers[i]);
	free(pack->providers);
	json_decref(pack->document);
	*pack = (struct pack){ 0 };
}

/* What stands in a pack, and where. */

static bool starts(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static bool ends(const char *text, const char *with)
{
	size_t n = strlen(text), m = strlen(with);

	return n > m && strcmp(text + n - m, with) == 0;
}

static bool is_provider(const char *path)
{
	return starts(path, PACK_PROVIDERS) && ends(path, ".json") &&
	       !strchr(path + strlen(PACK_PROVIDERS), '/');
}

static bool is_overlay(const char *path)
{
	const char *name = path + strlen(PACK_OVERLAYS);

	return starts(path, PACK_OVERLAYS) && strchr(name, '/');
}

bool pack_takes(const char *path)
{
	const char *slash = strchr(path, '/');

	if (is_provider(path) || is_overlay(path))
		return true;
	if (starts(path, PACK_PROVIDERS) || starts(path, PACK_OVERLAYS))
		return false;
	if (ends(path, ".tsv"))
		return !slash || !strchr(slash + 1, '/');
	return strcmp(path, PACK_FILE) == 0 ||
	       strcmp(path, "README.md") == 0 || strcmp(path, "LICENSE") == 0;
}

/* Documents. */

/* A document under the eyes of the checks. */
struct reading {
	const struct bundle_file *file;
	struct pack_problems *problems;
};

#define WRONG(r, member, ...) \
	pack_problem((r)->problems, (r)->file->path, \
		     json_place_line((r)->file->bytes, member), member, \
		     __VA_ARGS__)

static json_t *parse(const struct reading *r)
{
	json_error_t at;
	json_t *document = json_loadb(r->file->bytes, r->file->len,
				      JSON_REJECT_DUPLICATES, &at);

	if (!document)
		pack_problem(r->problems, r->file->path,
			     at.line > 0 ? at.line : 1, "",
			     "is no JSON, column %d: %s%s", at.column, at.text,
			     json_place_hint(at.text));
	return document;
}

static void add_problems(const struct reading *r,
			 const struct jdec_problems *found)
{
	for (size_t i = 0; i < found->count && i < JDEC_PROBLEMS_MAX; i++)
		WRONG(r, found->list[i].field, "%s", found->list[i].why);
	if (found->count > JDEC_PROBLEMS_MAX)
		r->problems->count += found->count - JDEC_PROBLEMS_MAX;
}

static char *copy_of(const json_t *object, const char *member)
{
	return xstrdup_null(json_string_value(json_object_get(object,
							      member)));
}

static void keep_endpoint(struct pack_provider *to, const char *base_url)
{
	struct err ignored;

	if (!base_url ||
	    endpoint_normalise(base_url, &to->base_url, &ignored))
		return;
	endpoint_key(to->base_url, to->endpoint_key);
}

static void keep(struct pack *pack, const struct bundle_file *file,
		 const struct manifest_provider *from)
{
	struct pack_provider *to = &pack->providers[pack->count++];

	*to = (struct pack_provider){
		.file = file,
		.provider_id = xstrdup(from->provider_id),
		.vendor = xstrdup(from->vendor),
		.plan = xstrdup(from->plan),
		.region = xstrdup(from->region),
		.status = xstrdup(from->status),
		.name_zh = copy_of(from->display_name, "zh"),
		.name_en = copy_of(from->display_name, "en"),
		.smoke_test_model = xstrdup_null(from->smoke_test_model),
		.models = json_array_size(from->models),
	};
	keep_endpoint(to, from->base_url);
}

/* The file is named after its provider, so that no two have one id. */
static void check_name(const struct reading *r, const struct bundle *files,
		       const char *provider_id)
{
	AUTO_FREE char *wanted = xasprintf(PACK_PROVIDERS "%s.json",
					   provider_id);

	if (strcmp(wanted, r->file->path) == 0)
		return;
	if (bundle_find(files, wanted))
		WRONG(r, "provider_id", "is '%s', which is that of %s, too",
		      provider_id, wanted);
	else
		WRONG(r, "provider_id", "is '%s', so that the file must be "
		      "named %s", provider_id, wanted);
}

/* `names` has for each alias "canonical\tfile" of who had it first. */
static void check_alias(const struct reading *r, json_t *names,
			const char *alias, const char *canonical,
			const char *path)
{
	const char *had = json_string_value(json_object_get(names, alias));
	AUTO_FREE char *own = NULL;
	size_t len;

	if (!had) {
		own = xasprintf("%s\t%s", canonical, r->file->path);
		json_object_set_new_nocheck(names, alias, json_string(own));
		return;
	}
	len = strcspn(had, "\t");
	if (strlen(canonical) == len && strncmp(had, canonical, len) == 0)
		return;
	if (strcmp(had + len + 1, r->file->path) == 0)
		return;		/* told of this document by itself */
	WRONG(r, path, "is '%.60s', which %s makes an alias of %.*s", alias,
	      had + len + 1, (int)(len < 60 ? len : 60), had);
}

static void check_aliases(const struct reading *r, json_t *names,
			  const json_t *models)
{
	size_t i, k;
	const json_t *model, *alias;

	json_array_foreach(models, i, model) {
		const char *canonical = json_string_value(
			json_object_get(model, "canonical"));

		json_array_foreach(json_object_get(model, "aliases"), k,
				   alias) {
			char path[64];

			snprintf(path, sizeof(path), "models[%zu].aliases[%zu]",
				 i, k);
			check_alias(r, names, json_string_value(alias),
				    canonical, path);
		}
	}
}

static void check_overlays(const struct reading *r,
			   const struct bundle *files, const json_t *overlays)
{
	size_t i;
	const json_t *overlay;

	json_array_foreach(overlays, i, overlay) {
		const char *name = json_string_value(
			json_object_get(overlay, "overlay"));
		AUTO_FREE char *file = xasprintf(PACK_OVERLAYS
						 "%s/overlay.json", name);
		char path[64];

		snprintf(path, sizeof(path), "host_overlays[%zu].overlay", i);
		if (!bundle_find(files, file))
			WRONG(r, path, "is '%s', but there is no %s", name,
			      file);
	}
}

static void read_provider(const struct bundle *files,
			  const struct bundle_file *file, json_t *names,
			  struct pack *pack, struct pack_problems *problems)
{
	const struct reading r = { file, problems };
	struct jdec_problems found;
	struct manifest_provider provider;
	json_auto_t *document = parse(&r);

	if (!document)
		return;
	found.count = 0;
	if (!manifest_provider_read(document, &provider, &found)) {
		add_problems(&r, &found);
		if (provider.provider_id)
			check_name(&r, files, provider.provider_id);
		return;
	}
	pack_models_check(&provider, &found);
	add_problems(&r, &found);
	check_name(&r, files, provider.provider_id);
	check_aliases(&r, names, provider.models);
	check_overlays(&r, files, provider.host_overlays);
	keep(pack, file, &provider);
}

/* The whole. */

/* The line of pack.json that speaks of a file. */
static int line_of_name(const struct bundle_file *file, const char *path)
{
	AUTO_FREE char *quoted = xasprintf("\"%s\"", path);
	const char *from = strstr(file->bytes, "\"checksums\"");
	const char *at = from ? strstr(from, quoted) : NULL;
	int line = 1;

	for (const char *c = file->bytes; at && c < at; c++)
		line += *c == '\n';
	return at ? line : json_place_line(file->bytes, "checksums");
}

#define CHECKSUM_WRONG(r, name, ...) \
	pack_problem((r)->problems, (r)->file->path, \
		     line_of_name((r)->file, name), "checksums", __VA_ARGS__)

/* Each name in the list is a file that is there. */
static void check_listed(const struct reading *r, const struct bundle *files,
			 json_t *checksums)
{
	const char *name;
	json_t *value;

	json_object_foreach(checksums, name, value) {
		if (strcmp(name, PACK_FILE) == 0)
			CHECKSUM_WRONG(r, name, "cannot name %s itself", name);
		else if (!bundle_find(files, name))
			CHECKSUM_WRONG(r, name, "name %.*s, which is not "
				       "there", BUNDLE_PATH_MAX, name);
	}
}

static void check_sum(const struct reading *r, const char *path,
		      const char *sum, const json_t *checksums)
{
	const char *said = json_string_value(json_object_get(checksums,
							     path));

	if (!said)
		CHECKSUM_WRONG(r, path, "do not name %s", path);
	else if (strcmp(said, sum) != 0)
		CHECKSUM_WRONG(r, path, "say another SHA-256 of %s than it "
			       "has", path);
}

/* A hash that is the same for a folder and for the bundle made of it. */
static void hash_document(const json_t *document, char ret[SEAL_HASH_TEXT])
{
	json_auto_t *rest = json_copy((json_t *)(uintptr_t)document);
	AUTO_FREE char *text = NULL;

	json_object_del(rest, "checksums");
	text = json_dumps(rest, JSON_COMPACT | JSON_SORT_KEYS);
	seal_sha256(text ? text : "", text ? strlen(text) : 0, ret);
}

/* Hash every file once, for its checksum and for the whole. */
static void check_sums(const struct reading *r, const struct bundle *files,
		       bool whole, struct pack *pack)
{
	struct buf all = { .max = HASHES_MAX };
	json_t *checksums = pack->manifest.checksums;
	char sum[SEAL_HASH_TEXT];

	if (whole && !checksums)
		WRONG(r, "checksums", "is missing; a bundle has them: make it "
		      "by crmctl pack build");
	check_listed(r, files, checksums);
	for (size_t i = 0; i < files->count; i++) {
		const struct bundle_file *file = &files->files[i];

		if (file == r->file) {
			hash_document(pack->document, sum);
		} else {
			seal_sha256(file->bytes, file->len, sum);
			if (checksums)
				check_sum(r, file->path, sum, checksums);
		}
		buf_addf(&all, "%s %s\n", sum, file->path);
	}
	seal_sha256(buf_str(&all), all.len, pack->sha256);
	buf_done(&all);
}

static void read_document(const struct bundle *files, bool whole,
			  struct pack *pack, struct pack_problems *problems)
{
	const struct reading r = { bundle_find(files, PACK_FILE), problems };
	struct jdec_problems found;

	if (!r.file) {
		pack_problem(problems, PACK_FILE, 0, "", "is missing");
		return;
	}
	pack->document = parse(&r);
	if (!pack->document)
		return;
	found.count = 0;
	if (!manifest_pack_read(pack->document, &pack->manifest, &found))
		add_problems(&r, &found);
	else
		check_sums(&r, files, whole, pack);
}

/* Its form, its name, and that its patches are there. */
static void read_overlay(const struct reading *r, const struct bundle *files)
{
	const char *name = r->file->path + strlen(PACK_OVERLAYS);
	int len = (int)strcspn(name, "/");
	json_auto_t *document = parse(r);
	struct jdec_problems found = { 0 };
	struct overlay overlay;
	const json_t *patch;
	size_t i;

	if (!document || !overlay_read(document, &overlay, &found)) {
		add_problems(r, &found);
		return;
	}
	if (strlen(overlay.overlay) != (size_t)len ||
	    strncmp(overlay.overlay, name, (size_t)len) != 0)
		WRONG(r, "overlay", "is '%s', but the folder is '%.*s'",
		      overlay.overlay, len, name);
	json_array_foreach(overlay.patches, i, patch) {
		AUTO_FREE char *path = xasprintf(PACK_OVERLAYS "%.*s/%s", len,
			name, json_string_value(patch));

		if (!bundle_find(files, path))
			WRONG(r, "patches", "name %s, which is not there",
			      path);
	}
}

static void check_file(const struct bundle *files,
		       const struct bundle_file *file,
		       struct pack_problems *problems)
{
	const struct reading r = { file, problems };

	if (!pack_takes(file->path))
		pack_problem(problems, file->path, 0, "",
			     "is no file of a pack");
	else if (starts(file->path, PACK_OVERLAYS) &&
		 ends(file->path, ".json"))
		read_overlay(&r, files);
}

static int by_id(const void *a, const void *b)
{
	const struct pack_provider *left = a, *right = b;

	return strcmp(left->provider_id, right->provider_id);
}

static void read_providers(const struct bundle *files, struct pack *pack,
			   struct pack_problems *problems)
{
	json_auto_t *names = json_object();
	size_t n = 0;

	for (size_t i = 0; i < files->count; i++)
		n += is_provider(files->files[i].path);
	if (n == 0 || n > PACK_PROVIDERS_MAX) {
		pack_problem(problems, "providers", 0, "", "must have 1 to %d "
			     "files", PACK_PROVIDERS_MAX);
		return;
	}
	pack->providers = xcalloc(n, sizeof(*pack->providers));
	for (size_t i = 0; i < files->count; i++)
		if (is_provider(files->files[i].path))
			read_provider(files, &files->files[i], names, pack,
				      problems);
	qsort(pack->providers, pack->count, sizeof(*pack->providers), by_id);
}

bool pack_read(const struct bundle *files, bool whole, struct pack *ret,
	       struct pack_problems *problems)
{
	size_t before = problems->count;

	*ret = (struct pack){ 0 };
	for (size_t i = 0; i < files->count; i++)
		check_file(files, &files->files[i], problems);
	read_document(files, whole, ret, problems);
	read_providers(files, ret, problems);
	return problems->count == before;
}

void pack_add_checksums(struct bundle *files, const struct pack *pack)
{
	struct bundle_file *own = bundle_find(files, PACK_FILE);
	json_auto_t *document = json_copy(pack->document);
	json_t *checksums = json_object();
	char *text;

	for (size_t i = 0; i < files->count; i++) {
		const struct bundle_file *file = &files->files[i];
		char sum[SEAL_HASH_TEXT];

		if (file == own)
			continue;
		seal_sha256(file->bytes, file->len, sum);
		json_object_set_new(checksums, file->path, json_string(sum));
	}
	json_object_set_new(document, "checksums", checksums);
	text = json_dumps(document, JSON_INDENT(1));
	if (!text)
		return;
	files->total += strlen(text) - own->len;
	free(own->bytes);
	own->bytes = text;
	own->len = strlen(text);
}
