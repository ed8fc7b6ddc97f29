#include "cli/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cli/args.h"
#include "shared/seal.h"

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

/* Cut `text` after its last visible character; false if it is no one line. */
static bool trim(char *text, size_t len)
{
	while (len > 0 && strchr(" \t\r\n", text[len - 1]))
		len--;
	text[len] = '\0';
	return len > 0 && len == strlen(text) && !strpbrk(text, " \t\r\n");
}

int secret_read(const char *path, const char *what, char **ret,
		struct err *err)
{
	AUTO_WIPE char *text = xcalloc(1, SEAL_SECRET_MAX + 2);
	bool standard = strcmp(path, "-") == 0;
	int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len;
	int errnum;

	if (fd < 0)
		return args_refuse(err, "%s in '%s': %s", what, path,
				   strerror(errno));
	len = read_all(fd, text, SEAL_SECRET_MAX + 1);
	errnum = errno;
	if (!standard)
		close(fd);
	if (len < 0)
		return args_refuse(err, "%s in '%s': %s", what, path,
				   strerror(errnum));
	if (len > SEAL_SECRET_MAX)
		return args_refuse(err, "%s in '%s' is too long", what, path);
	if (!trim(text, (size_t)len))
		return args_refuse(err, "%s in '%s' must be one line of text "
				   "without blanks", what, path);
	*ret = TAKE(text);
	return 0;
}
