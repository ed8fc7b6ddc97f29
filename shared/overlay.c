#include "shared/overlay.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "shared/semver.h"
#include "shared/table.h"

/* ---- overlay.json ---- */

#define SHAPE(fields) { fields, COUNT(fields) }
#define AT(T, m) offsetof(struct T, m)

static bool is_name(const char *text)
{
	size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return len > 0 && text[0] != '-' && text[len] == '\0';
}

static bool is_patch_name(const char *text)
{
	size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

	return text[len] == '\0' && len > 6 && isalnum((unsigned char)*text) &&
	       strcmp(text + len - 6, ".patch") == 0;
}

static bool is_commit(const char *text)
{
	size_t len = strspn(text, "0123456789abcdef");

	return text[len] == '\0' && len >= 7 && len <= 64;
}

static bool is_sha256(const char *text)
{
	return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

static const struct jdec_form form_name = { is_name, "^[a-z0-9][a-z0-9-]*$",
	"of a-z, 0-9 and '-', and begin with none" };
static const struct jdec_form form_version = { semver_is_valid,
	SEMVER_PATTERN, "a version as semver.org has them: 1.2.3" };
static const struct jdec_form form_patch = { is_patch_name,
	"^[A-Za-z0-9][A-Za-z0-9._-]*\\.patch$",
	"a file beside overlay.json: 0001-name.patch" };
static const struct jdec_form form_commit = { is_commit,
	"^[0-9a-f]{7,64}$", "a commit in hexadecimal digits" };
static const struct jdec_form form_sha256 = { is_sha256, "^[0-9a-f]{64}$",
	"a SHA-256 in hexadecimal digits" };

static const struct jdec_field both_fields[] = {
	{ "zh", JDEC_STRING, true, JDEC_NOWHERE, 1, 2000 },
	{ "en", JDEC_STRING, true, JDEC_NOWHERE, 1, 2000 },
};
static const struct jdec_shape both = SHAPE(both_fields);

/* What the source must be.  Files are looked at; a commit is for people. */
struct base {
	const char *commit;
	json_t *files;
};

static const struct jdec_field base_fields[] = {
	{ "commit", JDEC_STRING, false, JDEC_NOWHERE, 7, 64,
	  .form = &form_commit },
	{ "files", JDEC_MAP, true, JDEC_NOWHERE, 1, 500,
	  .form = &form_sha256 },
};
static const struct jdec_shape base_shape = SHAPE(base_fields);

struct document {
	struct overlay overlay;
	json_t *base;
};

static const struct jdec_field document_fields[] = {
	{ "overlay", JDEC_STRING, true, AT(document, overlay.overlay), 1, 64,
	  .form = &form_name },
	{ "host_version", JDEC_STRING, true,
	  AT(document, overlay.host_version), 5, SEMVER_MAX,
	  .form = &form_version },
	{ "description", JDEC_OBJECT, true,
	  AT(document, overlay.description), 0, 0, .shape = &both },
	{ "patches", JDEC_STRINGS, true, AT(document, overlay.patches), 1,
	  OVERLAY_PATCHES_MAX, .form = &form_patch },
	{ "base", JDEC_OBJECT, true, AT(document, base), 0, 0,
	  .shape = &base_shape },
	{ "license", JDEC_STRING, false, JDEC_NOWHERE, 1, 200 },
	{ "source", JDEC_STRING, false, JDEC_NOWHERE, 1, 500 },
};
const struct jdec_shape overlay_document_shape = SHAPE(document_fields);

static void check_patches(const json_t *patches,
			  struct jdec_problems *problems)
{
	json_auto_t *seen = json_object();
	const json_t *patch;
	size_t i;

	json_array_foreach(patches, i, patch) {
		const char *name = json_string_value(patch);
		char field[32];

		snprintf(field, sizeof(field), "patches[%zu]", i);
		if (json_object_get(seen, name))
			jdec_problem(problems, "", field,
				     "stands there twice");
		json_object_set_new(seen, name, json_true());
	}
}

static void check_files(json_t *files, struct jdec_problems *problems)
{
	const char *path;
	json_t *hash;

	json_object_foreach(files, path, hash)
		if (!overlay_path_is_safe(path))
			jdec_problem(problems, "", "base.files",
				     "names a path that leaves the tree: "
				     "%.60s", path);
}

bool overlay_read(const json_t *document, struct overlay *ret,
		  struct jdec_problems *problems)
{
	struct document read = { 0 };
	size_t before = problems->count;

	if (!jdec(document, "", document_fields, COUNT(document_fields),
		  &read, problems))
		return false;
	*ret = read.overlay;
	ret->base_commit = json_string_value(json_object_get(read.base,
							     "commit"));
	ret->base_files = json_object_get(read.base, "files");
	check_patches(ret->patches, problems);
	check_files(ret->base_files, problems);
	return problems->count == before;
}

static bool part_is(const char *part, size_t len, const char *text)
{
	return strlen(text) == len && strncasecmp(part, text, len) == 0;
}

bool overlay_path_is_safe(const char *path)
{
	if (*path == '/' || *path == '\0' || strchr(path, '\\'))
		return false;
	for (;;) {
		size_t len = strcspn(path, "/");

		if (len == 0 || part_is(path, len, ".") ||
		    part_is(path, len, "..") || part_is(path, len, ".git"))
			return false;
		if (path[len] == '\0')
			return true;
		path += len + 1;
	}
}

/* ---- patches ---- */

/* Reads a patch line by line; knows what is inside a hunk. */
struct reader {
	const char *next;
	const char *line;	/* the present one, `len` bytes */
	size_t len;
	int number;
	long old_left, new_left;	/* lines of the hunk to come */
	bool in_hunk;		/* the present line is part of one */
	bool in_head;		/* behind "diff --git", before "+++" */
};

static bool begins(const struct reader *reader, const char *prefix)
{
	size_t len = strlen(prefix);

	return reader->len >= len && strncmp(reader->line, prefix, len) == 0;
}

/* "@@ -3,7 +3,8 @@": a count that is left out is 1. */
static bool read_hunk(const struct reader *reader, long *start, long *old,
		      long *new)
{
	AUTO_FREE char *line = xstrndup(reader->line, reader->len);
	char *at = line + 4;

	if (!begins(reader, "@@ -"))
		return false;
	*start = strtol(at, &at, 10);
	*old = *at == ',' ? strtol(at + 1, &at, 10) : 1;
	if (strncmp(at, " +", 2) != 0)
		return false;
	strtol(at + 2, &at, 10);
	*new = *at == ',' ? strtol(at + 1, &at, 10) : 1;
	return strncmp(at, " @@", 3) == 0 && *start >= 0 && *old >= 0 &&
	       *new >= 0;
}

static bool next_line(struct reader *reader)
{
	char first;

	if (*reader->next == '\0')
		return false;
	reader->line = reader->next;
	reader->len = strcspn(reader->next, "\n");
	reader->next += reader->len + (reader->next[reader->len] == '\n');
	reader->number++;
	reader->in_hunk = reader->old_left > 0 || reader->new_left > 0;
	first = reader->len ? *reader->line : ' ';
	if (reader->in_hunk && first != '\\') {
		reader->old_left -= first != '+';
		reader->new_left -= first != '-';
	}
	return true;
}

/* Lines of the head of a file that do what no hunk shows. */
static const char *const hidden[] = {
	"rename ", "copy ", "old mode ", "new mode ", "GIT binary patch",
	"Binary files ", "similarity index ", "Subproject commit ",
};

static bool is_hidden(const struct reader *reader)
{
	for (size_t i = 0; i < COUNT(hidden); i++)
		if (begins(reader, hidden[i]))
			return true;
	return false;
}

/* Only plain files are made and removed: no links, no submodules. */
static bool is_odd_mode(const struct reader *reader)
{
	const char *said = begins(reader, "new file mode ")
			   ? reader->line + strlen("new file mode ")
			   : begins(reader, "deleted file mode ")
			   ? reader->line + strlen("deleted file mode ")
			   : NULL;

	return said && strncmp(said, "100644", 6) != 0 &&
	       strncmp(said, "100755", 6) != 0;
}

/*
 * The path of "--- a/x" or "+++ b/x" without its first part; NULL for
 * /dev/null, "" for what is none.  For free().
 */
static char *read_path(const struct reader *reader)
{
	const char *at = reader->line + 4;
	size_t len = strcspn(at, "\t\n");
	size_t side = len > 2 && (at[0] == 'a' || at[0] == 'b') &&
		      at[1] == '/' ? 2 : 0;

	if (len == strlen("/dev/null") && strncmp(at, "/dev/null", len) == 0)
		return NULL;
	return xstrndup(at + side, side ? len - side : 0);
}

static int take_path(const struct reader *reader, json_t *paths,
		     size_t *count, struct err *err)
{
	AUTO_FREE char *path = read_path(reader);

	if (!path)
		return 0;
	if (!overlay_path_is_safe(path))
		return err_set(err, ERR_INVALID, "line %d: a path that leaves"
			       " the tree: %.*s", reader->number,
			       reader->len > 200 ? 200 : (int)reader->len,
			       reader->line);
	(*count)++;
	json_object_set_new(paths, path, json_true());
	return 0;
}

static int refuse_line(const struct reader *reader, const char *why,
		       struct err *err)
{
	return err_set(err, ERR_INVALID, "line %d: %s", reader->number, why);
}

/*
 * The paths of "diff --git a/x b/x" are those of "---" and "+++", which must
 * follow it: without them it makes or removes an empty file.
 */
static int check_head(struct reader *reader, json_t *paths, size_t *count,
		      struct err *err)
{
	bool git = begins(reader, "diff --git "), was = reader->in_head;
	long start;

	if (git && was)
		return refuse_line(reader, "the file before it has no hunks",
				   err);
	reader->in_head = (was || git) && !begins(reader, "+++ ");
	if (begins(reader, "--- ") || begins(reader, "+++ "))
		return take_path(reader, paths, count, err);
	if (was && is_hidden(reader))
		return refuse_line(reader, "renames, modes and binary parts "
				   "are not taken", err);
	if (was && is_odd_mode(reader))
		return refuse_line(reader, "only plain files are taken, no "
				   "links", err);
	if (begins(reader, "@@ ") &&
	    !read_hunk(reader, &start, &reader->old_left, &reader->new_left))
		return refuse_line(reader, "the head of a hunk that cannot be"
				   " read", err);
	return 0;
}

int overlay_patch_paths(const char *text, json_t *paths, struct err *err)
{
	struct reader reader = { .next = text };
	size_t count = 0;

	while (next_line(&reader))
		if (!reader.in_hunk &&
		    check_head(&reader, paths, &count, err))
			return -1;
	if (reader.old_left > 0 || reader.new_left > 0 || reader.in_head)
		return err_set(err, ERR_INVALID, "it ends in the middle");
	if (count == 0)
		return err_set(err, ERR_INVALID, "there is no patch in it");
	return 0;
}

int overlay_patch_hunk(const char *text, const char *path, long line,
		       char ret[80])
{
	struct reader reader = { .next = text };
	AUTO_FREE char *of = NULL;
	long start;
	int hunk = 0;

	while (next_line(&reader)) {
		if (reader.in_hunk)
			continue;
		if (begins(&reader, "--- ") || begins(&reader, "+++ ")) {
			char *named = read_path(&reader);

			if (named) {	/* of two the one that is there */
				free(of);
				of = named;
			}
			hunk = 0;
		}
		if (!read_hunk(&reader, &start, &reader.old_left,
			       &reader.new_left))
			continue;
		hunk++;
		if (of && strcmp(of, path) == 0 && start == line) {
			snprintf(ret, 80, "%.*s", reader.len > 79 ? 79
				 : (int)reader.len, reader.line);
			return hunk;
		}
	}
	return 0;
}

/* ---- when one is needed ---- */

/* Seen on running hosts, each of which was probed with a chat-only provider. */
static const struct {
	const char *since;
	const char *zh, *en;
} repairs_known[] = {
	[REPAIR_FORCE_CHAT] = { "0.1.127",
		"创建账号时设置 openai_responses_mode=force_chat_completions "
		"即可（0.1.129、0.1.179 实测），不需要补丁",
		"openai_responses_mode=force_chat_completions at create makes "
		"it work (seen on 0.1.129 and 0.1.179): no overlay is needed" },
	[REPAIR_FLAG_AFTER_PROBE] = { "0.1.126",
		"主机探测结束后再把 openai_responses_supported 设为 false "
		"即可（0.1.126 实测 24 次均成功），不需要补丁",
		"openai_responses_supported=false, set after the host's probe,"
		" makes it work (24 of 24 on 0.1.126): no overlay is needed" },
};
_Static_assert(COUNT(repairs_known) == REPAIR__MAX, "the evidence of each");

unsigned int overlay_repairs_of(const char *host_version)
{
	unsigned int bits = 0;

	if (!host_version || !semver_is_valid(host_version))
		return 0;
	for (size_t i = 0; i < REPAIR__MAX; i++)
		if (semver_compare(host_version,
				   repairs_known[i].since) >= 0)
			bits |= 1u << i;
	return bits;
}

static const json_t *overlay_for(const struct manifest_provider *provider,
				 const char *host_version)
{
	const json_t *entry;
	size_t i;

	if (!host_version || !semver_is_valid(host_version))
		return NULL;
	json_array_foreach(provider->host_overlays, i, entry)
		if (semver_compare(host_version, json_string_value(
			json_object_get(entry, "host_version"))) == 0)
			return entry;
	return NULL;
}

/* It has chat and nothing else: what the repairs are for. */
static bool is_chat_only(const struct manifest_provider *provider)
{
	const char *responses = json_string_value(
		json_object_get(provider->families, "responses"));

	return provider->force_disable_openai_responses_api ||
	       (responses && strcmp(responses, "no") == 0);
}

static const char *why_in(const json_t *entry, const char *language)
{
	return json_string_value(json_object_get(
		json_object_get(entry, "needed_when"), language));
}

bool overlay_needed(const struct manifest_provider *provider,
		    const char *host_version, unsigned int repairs,
		    struct overlay_advice *ret)
{
	const json_t *entry = overlay_for(provider, host_version);

	*ret = (struct overlay_advice){ 0 };
	if (!entry)
		return false;
	ret->overlay = json_string_value(json_object_get(entry, "overlay"));
	for (size_t i = 0; i < REPAIR__MAX; i++)
		if (is_chat_only(provider) && (repairs & (1u << i))) {
			ret->evidence_zh = repairs_known[i].zh;
			ret->evidence_en = repairs_known[i].en;
			return false;
		}
	ret->needed = true;
	ret->evidence_zh = why_in(entry, "zh");
	ret->evidence_en = why_in(entry, "en");
	return true;
}
