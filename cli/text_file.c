#include "cli/text_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cli/args.h"

#define PART (64 << 10)

static ssize_t read_all(int fd, char *text, size_t size)
{
	size_t len = 0;

	while (len < size) {
		ssize_t n = read(fd, text + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

/* As read_all(), by name.  errno says why it could not be done. */
static ssize_t read_named(const char *path, char *text, size_t size)
{
	bool standard = strcmp(path, "-") == 0;
	int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len;
	int errnum;

	if (fd < 0)
		return -1;
	len = read_all(fd, text, size);
	errnum = errno;
	if (!standard)
		close(fd);
	errno = errnum;
	return len;
}

int text_file_read(const char *path, const char *what, size_t max, char **ret,
		   struct err *err)
{
	AUTO_WIPE char *text = xcalloc(1, max + 2);
	ssize_t read = read_named(path, text, max + 1);
	size_t len = read < 0 ? 0 : (size_t)read;

	if (read < 0)
		return args_refuse(err, "%s in '%s': %s", what, path,
				   strerror(errno));
	if (len > max)
		return args_refuse(err, "%s in '%s' is too long", what, path);
	while (len > 0 && strchr(" \t\r\n", text[len - 1]))
		len--;
	text[len] = '\0';
	if (len == 0 || strlen(text) != len)
		return args_refuse(err, "%s in '%s': there is no text", what,
				   path);
	*ret = TAKE(text);
	return 0;
}

static int add_all(int fd, struct buf *to)
{
	static char part[PART];
	ssize_t n;

	while ((n = read_all(fd, part, sizeof(part))) > 0)
		buf_add(to, part, (size_t)n);
	explicit_bzero(part, sizeof(part));
	return n < 0 ? -1 : 0;
}

int text_file_bytes(const char *path, const char *what, struct buf *ret,
		    struct err *err)
{
	bool standard = strcmp(path, "-") == 0;
	int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	int rc = fd < 0 ? -1 : add_all(fd, ret);
	int errnum = errno;

	if (fd >= 0 && !standard)
		close(fd);
	if (rc)
		return args_refuse(err, "%s in '%s': %s", what, path,
				   strerror(errnum));
	if (ret->failed)
		return args_refuse(err, "%s in '%s' are too long", what, path);
	return 0;
}
