#include "fcgi/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define FIRST_PASSED 3	/* by systemd's protocol */
#define BACKLOG 1024	/* nginx answers 502 at once when it is full */

static bool env_is_number(const char *name, long wanted)
{
	const char *text = getenv(name);
	char *end;

	return text && *text && strtol(text, &end, 10) == wanted &&
	       *end == '\0';
}

static bool is_listening(int fd)
{
	socklen_t size = sizeof(int);
	int yes = 0;

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &yes, &size) == 0 &&
	       yes;
}

/* Only the user and group of the services may connect. */
static int bind_and_listen(int fd, const struct sockaddr_un *address)
{
	mode_t mask = umask(0117);
	int rc = bind(fd, (const struct sockaddr *)address, sizeof(*address));

	umask(mask);
	return rc ? rc : listen(fd, BACKLOG);
}

int listen_open(const char *path, int *ret_fd, struct err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t len = strlen(path);
	int fd;

	/* The original took a network address here. */
	if (!strchr(path, '/') || len >= sizeof(address.sun_path))
		return err_set(err, ERR_INVALID, "'%s' is no path of a socket: "
			       "it must have a '/' and at most %zu bytes", path,
			       sizeof(address.sun_path) - 1);
	memcpy(address.sun_path, path, len);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	unlink(path);
	if (fd < 0 || bind_and_listen(fd, &address)) {
		err_set(err, ERR_INTERNAL, "socket '%s': %s", path,
			strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	*ret_fd = fd;
	return 0;
}

int listen_get(const char *path, int *ret_fd, struct err *err)
{
	int fd = -1;

	if (env_is_number("LISTEN_PID", getpid()) &&
	    env_is_number("LISTEN_FDS", 1))
		fd = FIRST_PASSED;
	else if (is_listening(STDIN_FILENO))
		fd = STDIN_FILENO;
	else if (!path)
		return err_set(err, ERR_INVALID, "no socket: start it by its "
			       "socket unit, or give --listen PATH");
	else if (listen_open(path, &fd, err))
		return -1;
	/* Many workers wait on it: whoever comes second must not block. */
	if (!is_listening(fd) || fcntl(fd, F_SETFL, O_NONBLOCK))
		return err_set(err, ERR_INTERNAL, "the socket that was passed "
			       "cannot be used");
	*ret_fd = fd;
	return 0;
}
