/*
 * bundle: the files of a pack as one tar.gz, and as a set in memory.
 *
 * The only file behind it is the only one that knows libarchive.  Written, the
 * same files are the same bytes: sorted, without owner, time or mode of their
 * own.  Read, nothing is trusted: paths are plain and relative, files are
 * files, and each ceiling below ends the reading before it is passed, so that
 * what claims to be ten gigabytes costs a few kilobytes.
 *
 * Errors are ERR_INVALID with a sentence that names the file.
 */
#ifndef SHARED_BUNDLE_H
#define SHARED_BUNDLE_H

#include <stddef.h>

#include "shared/buf.h"
#include "shared/err.h"

#define BUNDLE_PATH_MAX 160
#define BUNDLE_FILES_MAX 3000
#define BUNDLE_FILE_MAX ((size_t)1 << 20)	/* bytes of one file */
#define BUNDLE_TOTAL_MAX ((size_t)24 << 20)	/* of all together */
#define BUNDLE_RATIO_MAX 200	/* times the bytes of the archive, in all */

struct bundle_file {
	char *path;		/* "providers/deepseek.json" */
	char *bytes;		/* ends in NUL, behind `len` */
	size_t len;
};

/* Zeroed is empty; release with bundle_done(). */
struct bundle {
	struct bundle_file *files;
	size_t count;
	size_t total;		/* bytes of all files */
};

void bundle_done(struct bundle *bundle);

/* Is it relative and plain: no "..", no odd characters, not too long? */
int bundle_check_path(const char *path, struct err *err) MUST_CHECK;

/* A copy of the file; the set may be unsorted until bundle_sort(). */
int bundle_add(struct bundle *bundle, const char *path, const char *bytes,
	       size_t len, struct err *err) MUST_CHECK;

/* In the order of their paths; ERR_INVALID if two have one path. */
int bundle_sort(struct bundle *bundle, struct err *err) MUST_CHECK;

/* NULL if there is none.  The set is sorted. */
struct bundle_file *bundle_find(const struct bundle *bundle,
				const char *path);

/* Add the archive of a sorted set to *ret, which has its own ceiling. */
int bundle_write(const struct bundle *bundle, struct buf *ret,
		 struct err *err) MUST_CHECK;

/* *ret is sorted, and empty after a failure. */
int bundle_read(const void *data, size_t len, struct bundle *ret,
		struct err *err) MUST_CHECK;

#endif
