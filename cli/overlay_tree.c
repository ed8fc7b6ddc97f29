#include "cli/overlay_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shared/overlay.h"

#define FILE_MAX ((size_t)64 << 20)	/* of one that is hashed */
#define PART (256 << 10)
#define LINK_MAX 4096

static void fd_done(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static void dir_done(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static int refuse(struct err *err, const char *path, const char *why)
{
	return err_set(err, ERR_INVALID, "'%s' %s", path, why);
}

static int failed(struct err *err, const char *path)
{
	return err_set(err, ERR_UPSTREAM, "'%s': %s", path, strerror(errno));
}

/* A folder below `at`, opened without following a link; -1. */
static DIR *open_dir(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
			O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir && fd >= 0)
		close(fd);
	return dir;
}

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* ---- taking back ---- */

static void remove_below(int at, const char *name)
{
	CLEANUP(dir_done) DIR *dir = open_dir(at, name);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		if (is_dots(entry->d_name))
			continue;
		if (unlinkat(dirfd(dir), entry->d_name, 0) != 0)
			remove_below(dirfd(dir), entry->d_name);
	}
	unlinkat(at, name, AT_REMOVEDIR);
}

void overlay_tree_done(struct overlay_tree *tree)
{
	if (tree->path) {
		close(tree->fd);
		remove_below(AT_FDCWD, tree->path);
	}
	free(tree->path);
	free(tree->place);
	*tree = (struct overlay_tree){ 0 };
}

/* ---- copying ---- */

/* What is being copied: two folders, and the path that both have. */
struct copy {
	struct overlay_tree *tree;
	int from, to;
	const char *path;	/* "" on top */
	int depth;
};

static char *path_of(const struct copy *copy, const char *name)
{
	return xasprintf("%s%s%s", copy->path, *copy->path ? "/" : "", name);
}

/*
 * Where a link in a folder `depth` below the top leads: up first, never above
 * the top, and then down.  Up after down could be up from where another link
 * leads.
 */
static bool stays_inside(const char *target, int depth)
{
	bool down = false;

	if (*target == '/' || *target == '\0')
		return false;
	while (*target) {
		size_t len = strcspn(target, "/");

		if (len == 2 && strncmp(target, "..", 2) == 0) {
			if (down || depth-- == 0)
				return false;
		} else if (len > 0 && !(len == 1 && *target == '.')) {
			down = true;
		}
		target += len + (target[len] == '/');
	}
	return true;
}

static int copy_link(const struct copy *copy, const char *name,
		     struct err *err)
{
	AUTO_FREE char *path = path_of(copy, name);
	char target[LINK_MAX + 1];
	ssize_t len = readlinkat(copy->from, name, target, LINK_MAX);

	if (len < 0)
		return failed(err, path);
	target[len] = '\0';
	if (!stays_inside(target, copy->depth))
		return refuse(err, path, "is a link that leaves the tree");
	if (symlinkat(target, copy->to, name) != 0)
		return failed(err, path);
	return 0;
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno != EINTR)
			return -1;
		data += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static int pour(int from, int to, int64_t *bytes)
{
	AUTO_FREE char *part = xcalloc(1, PART);
	ssize_t n;

	while ((n = read(from, part, PART)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || write_all(to, part, (size_t)n) != 0)
			return -1;
		*bytes += n;
		if (*bytes > TREE_BYTES_MAX) {
			errno = EFBIG;
			return -1;
		}
	}
	return 0;
}

static int copy_file(const struct copy *copy, const char *name,
		     struct err *err)
{
	AUTO_FREE char *path = path_of(copy, name);
	CLEANUP(fd_done) int from = openat(copy->from, name, O_RDONLY |
				O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	CLEANUP(fd_done) int to = -1;
	struct stat is;

	if (from < 0 || fstat(from, &is) != 0)
		return failed(err, path);
	if (!S_ISREG(is.st_mode))
		return refuse(err, path, "is no plain file");
	to = openat(copy->to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW |
		    O_CLOEXEC, (is.st_mode & 0777) | 0600);
	if (to < 0 || pour(from, to, &copy->tree->bytes) != 0)
		return failed(err, path);
	return 0;
}

static int copy_below(const struct copy *copy, DIR *dir, struct err *err);

static int copy_folder(const struct copy *copy, const char *name,
		       struct err *err)
{
	AUTO_FREE char *path = path_of(copy, name);
	CLEANUP(dir_done) DIR *from = open_dir(copy->from, name);
	CLEANUP(fd_done) int to = -1;

	if (!from)
		return failed(err, path);
	if (copy->depth == TREE_DEPTH_MAX)
		return refuse(err, path, "is too deep");
	if (mkdirat(copy->to, name, 0755) != 0)
		return failed(err, path);
	to = openat(copy->to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
		    O_CLOEXEC);
	if (to < 0)
		return failed(err, path);
	return copy_below(&(struct copy){ copy->tree, dirfd(from), to, path,
					  copy->depth + 1 }, from, err);
}

static int copy_entry(const struct copy *copy, const char *name,
		      struct err *err)
{
	AUTO_FREE char *path = path_of(copy, name);
	struct stat is;

	if (++copy->tree->entries > TREE_ENTRIES_MAX)
		return err_set(err, ERR_INVALID, "the source has more than %d "
			       "files", TREE_ENTRIES_MAX);
	if (fstatat(copy->from, name, &is, AT_SYMLINK_NOFOLLOW) != 0)
		return failed(err, path);
	if (S_ISDIR(is.st_mode))
		return copy_folder(copy, name, err);
	if (S_ISLNK(is.st_mode))
		return copy_link(copy, name, err);
	if (S_ISREG(is.st_mode))
		return copy_file(copy, name, err);
	return refuse(err, path, "is a pipe, a device or a socket");
}

static int copy_below(const struct copy *copy, DIR *dir, struct err *err)
{
	const struct dirent *entry;

	while ((entry = readdir(dir))) {
		if (is_dots(entry->d_name) ||
		    strcmp(entry->d_name, ".git") == 0)
			continue;
		if (copy_entry(copy, entry->d_name, err))
			return -1;
	}
	return 0;
}

/* A copy inside of what is copied would never end. */
static int check_places(const char *source, const char *place,
			struct err *err)
{
	AUTO_FREE char *parent = xstrdup(place);
	char *slash = strrchr(parent, '/');
	AUTO_FREE char *from = realpath(source, NULL);
	AUTO_FREE char *to = NULL;
	struct stat is;
	size_t len;

	if (!from)
		return failed(err, source);
	if (lstat(place, &is) == 0)
		return err_set(err, ERR_CONFLICT, "'%s' is there already",
			       place);
	if (slash)
		slash[slash == parent] = '\0';
	to = realpath(slash ? parent : ".", NULL);
	if (!to)
		return failed(err, slash ? parent : ".");
	len = strlen(from);
	if (strncmp(to, from, len) == 0 && (to[len] == '/' || !to[len]))
		return refuse(err, place, "would be inside of the source");
	return 0;
}

static char *without_slash(const char *path)
{
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		len--;
	return xstrndup(path, len);
}

int overlay_tree_copy(struct overlay_tree *ret, const char *source,
		      const char *place, struct err *err)
{
	CLEANUP(dir_done) DIR *from = NULL;
	AUTO_FREE char *at = without_slash(place);
	AUTO_FREE char *path = xasprintf("%s.crm-XXXXXX", at);

	if (check_places(source, at, err))
		return -1;
	from = open_dir(AT_FDCWD, source);
	if (!from)
		return failed(err, source);
	if (!mkdtemp(path))
		return failed(err, at);
	ret->fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (ret->fd < 0) {
		rmdir(path);
		return failed(err, path);
	}
	ret->path = TAKE(path);
	ret->place = TAKE(at);
	return copy_below(&(struct copy){ ret, dirfd(from), ret->fd, "", 0 },
			  from, err);
}

int overlay_tree_keep(struct overlay_tree *tree, struct err *err)
{
	if (fchmod(tree->fd, 0755) != 0)
		return failed(err, tree->path);
	if (renameat2(AT_FDCWD, tree->path, AT_FDCWD, tree->place,
		      RENAME_NOREPLACE) != 0)
		return errno == EEXIST
		       ? err_set(err, ERR_CONFLICT, "'%s' is there already",
				 tree->place)
		       : failed(err, tree->place);
	close(tree->fd);
	free(TAKE(tree->path));
	return 0;
}

/* ---- its files ---- */

/* Without a link anywhere on the way, and never above the top. */
static int open_inside(const struct overlay_tree *tree, const char *path)
{
	struct open_how how = {
		.flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};

	return (int)syscall(SYS_openat2, tree->fd, path, &how, sizeof(how));
}

int overlay_tree_hash(const struct overlay_tree *tree, const char *path,
		      char ret[SEAL_HASH_TEXT], struct err *err)
{
	CLEANUP(fd_done) int fd = open_inside(tree, path);
	AUTO_FREE char *data = NULL;
	size_t len = 0;
	struct stat is;
	ssize_t n;

	*ret = '\0';
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (fd < 0 && errno == ELOOP)
		return refuse(err, path, "is a link, or behind one");
	if (fd < 0 || fstat(fd, &is) != 0)
		return failed(err, path);
	if (!S_ISREG(is.st_mode) || (uint64_t)is.st_size > FILE_MAX)
		return refuse(err, path, "is no plain file, or too large");
	data = xcalloc(1, (size_t)is.st_size + 1);
	while ((n = read(fd, data + len, (size_t)is.st_size - len)) > 0)
		len += (size_t)n;
	if (n < 0)
		return failed(err, path);
	seal_sha256(data, len, ret);
	return 0;
}

int overlay_tree_write(const struct overlay_tree *tree, const char *name,
		       const char *text, struct err *err)
{
	CLEANUP(fd_done) int fd = openat(tree->fd, name, O_WRONLY | O_CREAT |
				O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);

	if (fd < 0 && errno == EEXIST)
		return err_set(err, ERR_CONFLICT, "'%s' is there already",
			       name);
	if (fd < 0 || write_all(fd, text, strlen(text)) != 0)
		return failed(err, name);
	return 0;
}
