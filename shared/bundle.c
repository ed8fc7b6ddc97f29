#include "shared/bundle.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include <archive.h>
#include <archive_entry.h>

#define ROOM 64		/* files, the first time */
#define SMALL (64 << 10)	/* an archive whose ratio does not matter */

static void archive_reader_done(struct archive **archive)
{
	archive_read_free(*archive);
}

static void archive_writer_done(struct archive **archive)
{
	archive_write_free(*archive);
}

static void entry_done(struct archive_entry **entry)
{
	archive_entry_free(*entry);
}

void bundle_done(struct bundle *bundle)
{
	for (size_t i = 0; i < bundle->count; i++) {
		free(bundle->files[i].path);
		free(bundle->files[i].bytes);
	}
	free(bundle->files);
	*bundle = (struct bundle){ 0 };
}

static bool is_plain(char c)
{
	return isalnum((unsigned char)c) || c == '.' || c == '_' || c == '-';
}

/* What is wrong with the part of a path before the next '/'; NULL: nothing. */
static const char *part_is_wrong(const char *part, size_t len)
{
	if (len == 0)
		return "has an empty part";
	if (part[0] == '.')
		return "has a part that begins with a dot";
	for (size_t i = 0; i < len; i++)
		if (!is_plain(part[i]))
			return "has a character that is none of A-Z, a-z, "
			       "0-9, '.', '_' and '-'";
	return NULL;
}

static const char *path_is_wrong(const char *path)
{
	const char *why = NULL;

	if (*path == '/')
		return "is absolute";
	if (strchr(path, '\\'))
		return "has a backslash";
	if (strlen(path) > BUNDLE_PATH_MAX)
		return "is too long";
	for (const char *at = path; !why; at++) {
		size_t len = strcspn(at, "/");

		if (len == 2 && at[0] == '.' && at[1] == '.')
			return "leads out of the pack by '..'";
		why = part_is_wrong(at, len);
		at += len;
		if (*at == '\0')
			break;
	}
	return why;
}

int bundle_check_path(const char *path, struct err *err)
{
	const char *why = path_is_wrong(path);

	if (!why)
		return 0;
	return err_set(err, ERR_INVALID, "the path '%.*s' %s",
		       BUNDLE_PATH_MAX, path, why);
}

/* May one more file of this length come? */
static int check_room(const struct bundle *bundle, const char *path,
		      size_t len, struct err *err)
{
	if (bundle->count >= BUNDLE_FILES_MAX)
		return err_set(err, ERR_INVALID, "there are more than %d files",
			       BUNDLE_FILES_MAX);
	if (len > BUNDLE_FILE_MAX)
		return err_set(err, ERR_INVALID, "%s: is larger than %zu "
			       "bytes", path, BUNDLE_FILE_MAX);
	if (bundle->total + len > BUNDLE_TOTAL_MAX)
		return err_set(err, ERR_INVALID, "%s: with it the files are "
			       "larger than %zu bytes together", path,
			       BUNDLE_TOTAL_MAX);
	return 0;
}

/* Take the bytes over. */
static void append(struct bundle *bundle, const char *path, char *bytes,
		   size_t len)
{
	size_t n = bundle->count;

	if (n == 0 || (n >= ROOM && (n & (n - 1)) == 0))
		bundle->files = xrealloc(bundle->files, (n ? 2 * n : ROOM) *
					 sizeof(*bundle->files));
	bundle->files[bundle->count++] = (struct bundle_file){
		.path = xstrdup(path), .bytes = bytes, .len = len,
	};
	bundle->total += len;
}

int bundle_add(struct bundle *bundle, const char *path, const char *bytes,
	       size_t len, struct err *err)
{
	char *copy;

	if (bundle_check_path(path, err) ||
	    check_room(bundle, path, len, err))
		return -1;
	copy = xcalloc(1, len + 1);
	if (len > 0)
		memcpy(copy, bytes, len);
	append(bundle, path, copy, len);
	return 0;
}

static int by_path(const void *a, const void *b)
{
	const struct bundle_file *left = a, *right = b;

	return strcmp(left->path, right->path);
}

int bundle_sort(struct bundle *bundle, struct err *err)
{
	if (bundle->count == 0)
		return 0;
	qsort(bundle->files, bundle->count, sizeof(*bundle->files), by_path);
	for (size_t i = 1; i < bundle->count; i++)
		if (by_path(&bundle->files[i - 1], &bundle->files[i]) == 0)
			return err_set(err, ERR_INVALID, "%s: is there twice",
				       bundle->files[i].path);
	return 0;
}

struct bundle_file *bundle_find(const struct bundle *bundle, const char *path)
{
	const struct bundle_file wanted = { .path = (char *)(uintptr_t)path };

	if (bundle->count == 0)
		return NULL;
	return bsearch(&wanted, bundle->files, bundle->count,
		       sizeof(*bundle->files), by_path);
}

/* Writing. */

static la_ssize_t take_bytes(struct archive *archive, void *to,
			     const void *bytes, size_t len)
{
	struct buf *out = to;

	(void)archive;
	buf_add(out, bytes, len);
	return out->failed ? ARCHIVE_FATAL : (la_ssize_t)len;
}

static int not_written(struct archive *archive, struct err *err)
{
	const char *why = archive_error_string(archive);

	return err_set(err, ERR_INVALID, "the bundle cannot be written: %s",
		       why ? why : "it is too large");
}

/* No time, name or number of whoever writes it goes in. */
static int write_file(struct archive *archive, const struct bundle_file *file,
		      struct err *err)
{
	CLEANUP(entry_done) struct archive_entry *entry = archive_entry_new();

	archive_entry_set_pathname(entry, file->path);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0644);
	archive_entry_set_size(entry, (la_int64_t)file->len);
	archive_entry_set_mtime(entry, 0, 0);
	if (archive_write_header(archive, entry) != ARCHIVE_OK ||
	    archive_write_data(archive, file->bytes, file->len) !=
	    (la_ssize_t)file->len)
		return not_written(archive, err);
	return 0;
}

int bundle_write(const struct bundle *bundle, struct buf *ret,
		 struct err *err)
{
	CLEANUP(archive_writer_done) struct archive *archive =
		archive_write_new();

	if (archive_write_set_format_ustar(archive) != ARCHIVE_OK ||
	    archive_write_add_filter_gzip(archive) != ARCHIVE_OK ||
	    archive_write_set_filter_option(archive, "gzip", "timestamp",
					    NULL) != ARCHIVE_OK ||
	    archive_write_set_filter_option(archive, "gzip",
					    "compression-level", "9") !=
	    ARCHIVE_OK ||
	    archive_write_set_bytes_in_last_block(archive, 1) != ARCHIVE_OK ||
	    archive_write_open(archive, ret, NULL, take_bytes, NULL) !=
	    ARCHIVE_OK)
		return not_written(archive, err);
	for (size_t i = 0; i < bundle->count; i++)
		if (write_file(archive, &bundle->files[i], err))
			return -1;
	if (archive_write_close(archive) != ARCHIVE_OK || ret->failed)
		return not_written(archive, err);
	return 0;
}

/* Reading. */

static int broken(struct archive *archive, struct err *err)
{
	const char *why = archive_error_string(archive);

	return err_set(err, ERR_INVALID, "the bundle is broken: %.200s",
		       why ? why : "it ends early");
}

/* What an entry is that is no file; NULL if it is one. */
static const char *odd_kind(struct archive_entry *entry)
{
	if (archive_entry_hardlink(entry))
		return "a link";
	if (archive_entry_sparse_count(entry) > 0)
		return "a file with holes";
	switch (archive_entry_filetype(entry)) {
	case AE_IFREG:
		return NULL;
	case AE_IFLNK:
		return "a link";
	case AE_IFDIR:
		return "a folder";
	default:
		return "a device";
	}
}

static int read_bytes(struct archive *archive, char *to, size_t len,
		      const char *path, struct err *err)
{
	size_t have = 0;

	while (have < len) {
		la_ssize_t n = archive_read_data(archive, to + have,
						 len - have);

		if (n < 0)
			return broken(archive, err);
		if (n == 0)
			return err_set(err, ERR_INVALID, "%s: ends early",
				       path);
		have += (size_t)n;
	}
	return 0;
}

static int check_entry(struct archive_entry *entry, const char *path,
		       struct err *err)
{
	const char *kind = odd_kind(entry);

	if (!path)
		return err_set(err, ERR_INVALID,
			       "a file has a name that cannot be read");
	if (kind)
		return err_set(err, ERR_INVALID, "%.*s: is %s; a bundle holds "
			       "files alone", BUNDLE_PATH_MAX, path, kind);
	if (bundle_check_path(path, err))
		return -1;
	return 0;
}

static int read_entry(struct archive *archive, struct archive_entry *entry,
		      struct bundle *bundle, struct err *err)
{
	la_int64_t size = archive_entry_size(entry);
	AUTO_FREE char *bytes = NULL;
	const char *path = archive_entry_pathname(entry);

	if (check_entry(entry, path, err))
		return -1;
	if (size < 0)
		return err_set(err, ERR_INVALID, "%s: has no size", path);
	if (check_room(bundle, path, (size_t)size, err))
		return -1;
	bytes = xcalloc(1, (size_t)size + 1);
	if (read_bytes(archive, bytes, (size_t)size, path, err))
		return -1;
	append(bundle, path, TAKE(bytes), (size_t)size);
	return 0;
}

/* Ten kilobytes that become ten megabytes were made to harm. */
static int check_ratio(const struct bundle *bundle, size_t len,
		       struct err *err)
{
	if (bundle->total > SMALL && bundle->total / BUNDLE_RATIO_MAX > len)
		return err_set(err, ERR_INVALID, "the bundle grows to more "
			       "than %d times its size", BUNDLE_RATIO_MAX);
	return 0;
}

/* One layer of gzip, and tar in it: libarchive would open 25 of them. */
static int open_archive(struct archive *archive, const void *data, size_t len,
			struct err *err)
{
	if (archive_read_support_filter_gzip(archive) != ARCHIVE_OK ||
	    archive_read_support_format_tar(archive) != ARCHIVE_OK)
		return err_set(err, ERR_INTERNAL, "libarchive knows no tar.gz");
	if (archive_read_open_memory(archive, data, len) != ARCHIVE_OK)
		return broken(archive, err);
	if (archive_filter_count(archive) != 2 ||
	    archive_filter_code(archive, 0) != ARCHIVE_FILTER_GZIP)
		return err_set(err, ERR_INVALID, "the bundle is no tar.gz");
	return 0;
}

static int read_all(struct archive *archive, size_t len,
		    struct bundle *bundle, struct err *err)
{
	struct archive_entry *entry;
	int rc;

	while ((rc = archive_read_next_header(archive, &entry)) ==
	       ARCHIVE_OK)
		if (read_entry(archive, entry, bundle, err) ||
		    check_ratio(bundle, len, err))
			return -1;
	if (rc != ARCHIVE_EOF)
		return broken(archive, err);
	if (bundle->count == 0)
		return err_set(err, ERR_INVALID, "the bundle is empty");
	return bundle_sort(bundle, err);
}

static bool is_gzip(const void *data, size_t len)
{
	static const unsigned char magic[] = { 0x1f, 0x8b };

	return len > sizeof(magic) && memcmp(data, magic, sizeof(magic)) == 0;
}

/* Names in an archive may hold anything; sentences go to terminals. */
static void make_visible(char *text)
{
	for (; *text; text++)
		if (iscntrl((unsigned char)*text))
			*text = '?';
}

int bundle_read(const void *data, size_t len, struct bundle *ret,
		struct err *err)
{
	CLEANUP(archive_reader_done) struct archive *archive =
		archive_read_new();

	*ret = (struct bundle){ 0 };
	if (len == 0)
		return err_set(err, ERR_INVALID, "the bundle is empty");
	if (!is_gzip(data, len))
		return err_set(err, ERR_INVALID, "the bundle is no tar.gz");
	if (open_archive(archive, data, len, err) ||
	    read_all(archive, len, ret, err)) {
		bundle_done(ret);
		make_visible(err->msg);
		return -1;
	}
	return 0;
}
