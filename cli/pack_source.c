#include "cli/pack_source.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/args.h"
#include "cli/text_file.h"

#define DEPTH_MAX 8

void pack_source_done(struct pack_source *source)
{
	pack_done(&source->pack);
	bundle_done(&source->files);
	buf_done(&source->bytes);
}

/* A folder on the way down, and what its files are called in the pack. */
struct folder {
	const char *path;
	const char *inside;	/* "" or "providers/" */
	int depth;
	struct bundle *files;
};

static void dir_done(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static int read_folder(const struct folder *folder, struct err *err);

static int add_file(const struct folder *folder, const char *path,
		    const char *inside, struct err *err)
{
	CLEANUP(buf_done) struct buf bytes = { .max = BUNDLE_FILE_MAX + 1 };

	if (text_file_bytes(path, "the file", &bytes, err))
		return -1;
	return bundle_add(folder->files, inside, buf_str(&bytes), bytes.len,
			  err);
}

static int add_entry(const struct folder *folder, const char *name,
		     struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/%s", folder->path, name);
	AUTO_FREE char *inside = xasprintf("%s%s", folder->inside, name);
	AUTO_FREE char *below = xasprintf("%s/", inside);
	const struct folder next = { path, below, folder->depth + 1,
				     folder->files };
	struct stat st;

	if (lstat(path, &st))
		return args_refuse(err, "'%s': %s", path, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return read_folder(&next, err);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_INVALID, "%s: is %s; a pack holds "
			       "files alone", inside,
			       S_ISLNK(st.st_mode) ? "a link" : "a device");
	return add_file(folder, path, inside, err);
}

static int read_folder(const struct folder *folder, struct err *err)
{
	CLEANUP(dir_done) DIR *dir = opendir(folder->path);
	const struct dirent *entry;

	if (!dir)
		return args_refuse(err, "'%s': %s", folder->path,
				   strerror(errno));
	if (folder->depth > DEPTH_MAX)
		return err_set(err, ERR_INVALID, "%s: lies too deep",
			       folder->inside);
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.' &&
		    add_entry(folder, entry->d_name, err))
			return -1;
	return 0;
}

/* Whoever named one file of a folder hears what is wanted. */
static int refuse_bundle(const struct buf *bytes, struct err *err)
{
	if (bytes->len > 0 && strncmp(buf_str(bytes), "\x1f\x8b", 2) != 0)
		return err_set(err, ERR_INVALID, "the bundle is no tar.gz; a "
			       "pack is its folder, or a bundle that crmctl "
			       "pack build made of it");
	return -1;
}

static int read_bundle(struct pack_source *source, const char *path,
		       struct err *err)
{
	AUTO_FREE char *beside = xasprintf("%s.sig", path);
	AUTO_FREE char *signature = NULL;

	source->is_bundle = true;
	if (text_file_bytes(path, "the bundle", &source->bytes, err))
		return -1;
	if (access(beside, F_OK) == 0) {
		/* A line, so that the end of one stands behind it. */
		if (text_file_read(beside, "the signature",
				   SEAL_SIGNATURE_TEXT + 1, &signature, err))
			return -1;
		snprintf(source->signature, sizeof(source->signature), "%s",
			 signature);
	}
	if (bundle_read(buf_str(&source->bytes), source->bytes.len,
			&source->files, err))
		return refuse_bundle(&source->bytes, err);
	return 0;
}

static int tell(const struct pack_problems *problems, const char *path,
		struct err *err)
{
	size_t kept = problems->count < PACK_PROBLEMS_MAX
		? problems->count : PACK_PROBLEMS_MAX;

	for (size_t i = 0; i < kept; i++) {
		AUTO_FREE char *line = pack_sentence(&problems->list[i]);

		fprintf(stderr, "%s\n", line);
	}
	return err_set(err, ERR_INVALID, "%s: %zu problem%s", path,
		       problems->count, problems->count == 1 ? "" : "s");
}

int pack_source_read(struct pack_source *ret, const char *path,
		     struct err *err)
{
	const struct folder top = { path, "", 0, &ret->files };
	struct pack_problems problems;
	struct stat st;

	*ret = (struct pack_source){ .bytes.max = PACK_SOURCE_MAX };
	problems.count = 0;
	if (seal_start(err))
		return -1;
	if (stat(path, &st))
		return args_refuse(err, "'%s': %s", path, strerror(errno));
	if (S_ISDIR(st.st_mode) ? read_folder(&top, err) ||
	    bundle_sort(&ret->files, err) : read_bundle(ret, path, err))
		return -1;
	if (!pack_read(&ret->files, ret->is_bundle, &ret->pack, &problems))
		return tell(&problems, path, err);
	return 0;
}

int pack_source_bundle(struct pack_source *source, const char *key_path,
		       struct err *err)
{
	if (!source->is_bundle) {
		pack_add_checksums(&source->files, &source->pack);
		if (bundle_write(&source->files, &source->bytes, err))
			return -1;
	}
	if (key_path && seal_sign(key_path, source->bytes.text,
				  source->bytes.len, source->signature, err))
		return -1;
	return 0;
}
